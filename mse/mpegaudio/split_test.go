package mpegaudio_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/mpegaudio"
	"mseplayer/mse/msetest/bytestreamtest"
)

// TestEverySplit cuts all the built streams everywhere: at one place, at two places, and between all bytes. The handler
// must hear the same.
func TestEverySplit(t *testing.T) {
	const allPairs, somePairs = 300, 800 // bytes of a stream that is cut at every two places, or at the second ones for some first
	for _, tt := range streams {
		s := tt.b
		if len(s) > 20_000 {
			continue // TestEveryPiece has it
		}
		t.Run(tt.name, func(t *testing.T) {
			want, err := digestOf(tt.format, bytes.Clone(s))
			if err != nil {
				t.Fatal(err)
			}
			check := func(cut []int, pieces ...[]byte) {
				if got, err := digestOf(tt.format, pieces...); got != want {
					t.Fatalf("cut at %v: another result than in one piece (error %v)", cut, err)
				}
			}
			for i := range s {
				check([]int{i}, bytes.Clone(s[:i]), bytes.Clone(s[i:]))
				if len(s) > somePairs || len(s) > allPairs && i%37 != 1 {
					continue
				}
				for j := i + 1; j < len(s); j++ {
					check([]int{i, j}, s[:i:i], s[i:j:j], s[j:])
				}
			}
			check(nil, bytestreamtest.CutUp(s, 1)...)
		})
	}
}

// TestEveryPiece cuts long streams into pieces of several sizes, with faults in some of them.
func TestEveryPiece(t *testing.T) {
	long := bytes.Repeat(cat(layer3(1), layer3(2), id3(4, 0, priv(1)), mono(3), mono(4)), 400)
	for _, tt := range []struct {
		name   string
		format mpegaudio.Format
		b      []byte
	}{
		{"frames and tags", mpegaudio.MPEG, long},
		{"large tag", mpegaudio.MPEG, cat(layer3(1), id3(4, 0, fill(200<<10, 1)), layer3(2))},
		{"garbage", mpegaudio.MPEG, cat(layer3(1), fill(200<<10, 1), layer3(2), layer3(3))},
		{"too much garbage", mpegaudio.MPEG, cat(layer3(1), fill(300<<10, 1), layer3(2), layer3(3))},
		{"AAC", mpegaudio.ADTS, bytes.Repeat(cat(adts(2, 400, 1), adts(2, 8184, 2)), 40)},
		{"free format", mpegaudio.MPEG, cat(long[:4000], id3(4, 0), []byte{0xff, 0xfb, 0, 0}, long)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want, _ := digestOf(tt.format, bytes.Clone(tt.b))
			for _, size := range []int{1, 999, 4096, 5000, 64 << 10} {
				if got, err := digestOf(tt.format, bytestreamtest.CutUp(bytes.Clone(tt.b), size)...); got != want {
					t.Errorf("pieces of %d bytes: another result than in one piece (error %v)", size, err)
				}
			}
		})
	}
}

// TestMediaPieces cuts the files of the collection into pieces.
func TestMediaPieces(t *testing.T) {
	dir := mediaDir(t)
	if dir == "" {
		return
	}
	n := 0
	walkMedia(t, dir, func(name string, f mpegaudio.Format, b []byte) {
		n++
		want, _ := digestOf(f, bytes.Clone(b))
		for _, size := range []int{1, 999, 64 << 10} {
			if got, err := digestOf(f, bytestreamtest.CutUp(bytes.Clone(b), size)...); got != want {
				t.Errorf("%s in pieces of %d bytes: another result than in one piece (error %v)", name, size, err)
			}
		}
	})
	t.Logf("%d files", n)
}

// TestAliasing proves that a frame that lies whole in a pushed slice is not copied, and that one that does not is
// complete.
func TestAliasing(t *testing.T) {
	stream := bytes.Repeat(adts(2, 193, 5), 100) // 200 bytes each
	a, b := bytes.Clone(stream[:10_100]), bytes.Clone(stream[10_100:])
	r := &recorder{Quiet: true}
	if err := bytestreamtest.Feed(mpegaudio.New(mpegaudio.ADTS), r, a, b); err != nil {
		t.Fatal(err)
	}
	if len(r.Frames[trackID]) != 100 {
		t.Fatalf("%d frames, want 100", len(r.Frames[trackID]))
	}
	for i := range r.Frames[trackID] {
		data := r.Frames[trackID][i].Data
		if !bytes.Equal(data, fill(193, 5)) || cap(data) != len(data) {
			t.Fatalf("frame %d: %d bytes with room for %d, or other ones than pushed", i, len(data), cap(data))
		}
		at := i*200 + 7
		switch {
		case i == 50:
		case i < 50 && &data[0] != &a[at], i > 50 && &data[0] != &b[at-len(a)]:
			t.Fatalf("frame %d was copied", i)
		}
	}
}

// TestFlush emits the E-AC-3 frame that waits for dependent ones, and nothing that is incomplete.
func TestFlush(t *testing.T) {
	one, dependent := eac3(0, 0, 3, 7, 200, 1), eac3(1, 0, 3, 7, 100, 1)
	for _, tt := range []struct {
		name        string
		b           []byte
		held, after int // frames before and after Flush
		bytes       int // in the last of them
	}{
		{"one frame", one, 0, 1, 200},
		{"part of the next header", cat(one, dependent[:3]), 0, 1, 200},
		{"part of a dependent frame", cat(one, dependent[:50]), 0, 1, 200},
		{"dependent frame", cat(one, dependent), 0, 1, 300},
		{"none is dependent", cat(one, one), 2, 2, 200},
		{"as many as before", cat(one, dependent, one, dependent), 2, 2, 300},
		{"fewer than before", cat(one, dependent, one), 1, 2, 200},
		{"part of a frame", one[:199], 0, 0, 0},
		{"part of a header", one[:4], 0, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, p := &recorder{Quiet: true}, mpegaudio.New(mpegaudio.AC3)
			if err := bytestreamtest.Feed(p, r, bytes.Clone(tt.b)); err != nil {
				t.Fatal(err)
			}
			held := len(r.Frames[trackID])
			if err := p.Flush(r); err != nil {
				t.Fatal(err)
			}
			last := 0
			if n := len(r.Frames[trackID]); n > 0 {
				last = len(r.Frames[trackID][n-1].Data)
			}
			if held != tt.held || len(r.Frames[trackID]) != tt.after || last != tt.bytes {
				t.Errorf("%d frames, %d after Flush, the last of %d bytes; want %d, %d, %d", held, len(r.Frames[trackID]), last, tt.held, tt.after, tt.bytes)
			}
		})
	}
}

// TestReset drops what is incomplete, keeps the configuration, and starts time and offsets anew.
func TestReset(t *testing.T) {
	r, p := &recorder{Quiet: true}, mpegaudio.New(mpegaudio.MPEG)
	if err := bytestreamtest.Feed(p, r, cat(info(layer3(0), 32, "Info", 9, "LAME", 576, 0), layer3(1), layer3(2)[:100])); err != nil {
		t.Fatal(err)
	}
	if p.State() != bytestream.ParsingMediaSegment || p.Buffered() != 100 {
		t.Errorf("inside a frame: %v, %d bytes held", p.State(), p.Buffered())
	}
	p.Reset()
	if p.State() != bytestream.WaitingForSegment || p.Buffered() != 0 {
		t.Errorf("after Reset: %v, %d bytes held", p.State(), p.Buffered())
	}
	if err := bytestreamtest.Feed(p, r, layer3(3)); err != nil {
		t.Fatal(err)
	}
	f := r.Frames[trackID][1:]
	if len(r.Inits) != 1 || len(f) != 1 || f[0].PTS != 0 || f[0].TrimFront != 0 || f[0].Config != r.Frames[trackID][0].Config {
		t.Errorf("after Reset: %d initialization segments, frames %v; want one frame of the same configuration at 0, not trimmed", len(r.Inits), f)
	}
}

// TestStates is the append state after each piece of a stream.
func TestStates(t *testing.T) {
	const waiting, parsing = bytestream.WaitingForSegment, bytestream.ParsingMediaSegment
	p, r := mpegaudio.New(mpegaudio.MPEG), &recorder{Quiet: true}
	tag, frame := id3(4, 0, fill(50, 1)), layer3(1)
	for i, step := range []struct {
		b      []byte
		want   bytestream.State
		frames int
	}{
		{tag[:5], waiting, 0},
		{tag[5:30], waiting, 0},
		{tag[30:], waiting, 0},
		{frame[:3], waiting, 0},
		{frame[3:4], parsing, 0},
		{frame[4:207], parsing, 0},
		{frame[207:], waiting, 1},
		{frame, waiting, 2},
		{fill(20, 1), waiting, 2},
		{frame, waiting, 2}, // a second header has to confirm it
		{frame[:4], parsing, 3},
	} {
		if err := bytestreamtest.Feed(p, r, bytes.Clone(step.b)); err != nil {
			t.Fatal(err)
		}
		if p.State() != step.want || len(r.Frames[trackID]) != step.frames {
			t.Errorf("piece %d: %v with %d frames, want %v with %d", i, p.State(), len(r.Frames[trackID]), step.want, step.frames)
		}
	}
}

// TestProgramConfig pins the configuration of channels that the header does not tell: the first is what FFmpeg makes of
// the same frame, without its comment.
func TestProgramConfig(t *testing.T) {
	encoded, err := hex.DecodeString("a0a10100040110800d4c61766335392e33372e313030de0200")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name     string
		payload  []byte
		want     string
		channels int
	}{
		{"hexagonal", encoded, "12000508080020088400", 6},
		{"with mixdown", programConfig(), "1200050805209e82110000", 6},
	} {
		r, err := parse(mpegaudio.ADTS, adtsFrame(1, 4, 0, 1, false, tt.payload))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		c := r.Inits[0].Tracks[0].Config
		if got := hex.EncodeToString(c.Extradata); got != tt.want || c.Channels != tt.channels {
			t.Errorf("%s: got %s with %d channels, want %s with %d", tt.name, got, c.Channels, tt.want, tt.channels)
		}
	}
}

// TestConfigsAreInterned changes between more configurations than are remembered.
func TestConfigsAreInterned(t *testing.T) {
	var stream []byte
	for rate := range 13 {
		for channels := 1; channels <= 3; channels++ {
			f := adtsFrame(1, rate, channels, 1, false, fill(9, rate))
			stream = cat(stream, id3(4, 0), f)
		}
	}
	r, p := &recorder{Quiet: true}, mpegaudio.New(mpegaudio.ADTS)
	if err := bytestreamtest.Feed(p, r, cat(stream, stream)); err != nil {
		t.Fatal(err)
	}
	if len(r.Inits) != 2*39 {
		t.Errorf("%d initialization segments, want one each frame", len(r.Inits))
	}
	back := cat(id3(4, 0), adtsFrame(1, 12, 3, 1, false, fill(9, 1)), id3(4, 0), adtsFrame(1, 12, 1, 1, false, fill(9, 1)))
	if err := bytestreamtest.Feed(p, r, back); err != nil {
		t.Fatal(err)
	}
	n := len(r.Frames[trackID])
	if r.Frames[trackID][n-1].Config != r.Frames[trackID][n-5].Config || r.Frames[trackID][n-2].Config != r.Frames[trackID][n-3].Config {
		t.Error("a configuration that was seen before is another one now")
	}
}

// TestHandlerErrors come back as they are, and stick until Reset.
func TestHandlerErrors(t *testing.T) {
	for at := range 5 {
		h := &bytestreamtest.Failing{At: at}
		p := mpegaudio.New(mpegaudio.MPEG)
		if err := bytestreamtest.Feed(p, h, cat(layer3(1), layer3(2))); err != bytestreamtest.ErrHandler {
			t.Fatalf("call %d: got %v, want the handler's error", at, err)
		}
		if _, err := p.Step(h); err != bytestreamtest.ErrHandler {
			t.Errorf("call %d: the next Step gives %v", at, err)
		}
		p.Reset()
		if more, err := p.Step(h); more || err != nil {
			t.Errorf("call %d: after Reset: %v, %v", at, more, err)
		}
	}
}
