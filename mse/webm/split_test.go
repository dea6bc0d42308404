package webm_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/msetest"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/webm"
)

// TestEverySplit cuts small streams everywhere: at one place, at every two places where that does not take long, and
// between all bytes. The handler must hear the same.
func TestEverySplit(t *testing.T) {
	tiny := cat(head(vp8(1)), clu(0, sb(1, 0, key, "ab"), bg(blk(1, 40, 0, "cd"), el(idReference, 1))), endless(idCluster, el(idTime, 80), sb(1, 0, key, "e")), el(idCues))
	for _, tt := range []struct {
		name   string
		stream []byte
		err    bool
		pairs  int // distance of the first cuts of two, 0 for none
	}{
		{"two Clusters", tiny, false, 1},
		{"three tracks", small(), false, 29},
		{"wrapped frames", protected(), false, 29},
		{"live", live(), false, 0},
		{"every format", codecs(), false, 0},
		{"laces", cat(head(track(1, 2, "A_DTS", sound(48000, 2))), clu(0, sb(1, 0, xiph, "\x02\x04\x02", "abcdefgh"), sb(1, 30, ebml, "\x03\x84\xbd\xc1", "abcdefghijkl"), sb(1, 70, fixed, "\x01", "abcd"))), false, 5},
		{"an error behind good frames", cat(tiny, clu(120, sb(1, 0, 0, "a"), sb(9, 0, 0, "b"))), true, 5},
		{"garbage", cat(tiny, []byte("garbage that is no element")), true, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.stream
			want, err := digestOf(webm.Options{}, bytes.Clone(s))
			if (err != nil) != tt.err {
				t.Fatalf("whole: error %v", err)
			}
			check := func(cut []int, pieces ...[]byte) {
				t.Helper()
				if got, err := digestOf(webm.Options{}, pieces...); got != want {
					t.Fatalf("cut at %v: another result than in one piece (error %v)", cut, err)
				}
			}
			for i := 1; i < len(s); i++ {
				check([]int{i}, s[:i:i], s[i:])
			}
			for i := 1; i < len(s) && tt.pairs > 0; i += tt.pairs {
				for j := i + 1; j < len(s); j++ {
					check([]int{i, j}, s[:i:i], s[i:j:j], s[j:])
				}
			}
			var single [][]byte
			for i := range s {
				single = append(single, []byte{s[i]})
			}
			check(nil, single...)
		})
	}
}

// TestPortions proves that a long Cluster goes out before it is complete, in the same portions however it comes, and
// that one of several tracks goes out at once.
func TestPortions(t *testing.T) {
	long := movie{seconds: 2, gop: 60, bitsPerSecond: 8_000_000}
	stream := cat(long.init(), cat(long.segments()...))
	want, err := digestOf(webm.Options{}, bytes.Clone(stream))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1000, 5000, 65536, 100_000} {
		if got, err := digestOf(webm.Options{}, bytestreamtest.CutUp(bytes.Clone(stream), size)...); got != want {
			t.Errorf("pieces of %d bytes: another result than in one piece (error %v)", size, err)
		}
	}

	p, r := webm.New(webm.Options{}), &recorder{Quiet: true}
	if err := bytestreamtest.Feed(p, r, bytes.Clone(stream[:len(stream)/2])); err != nil {
		t.Fatal(err)
	}
	if half := len(r.Frames[1]); half < 10 || r.Ends != 0 || p.State() != bytestream.ParsingMediaSegment {
		t.Errorf("after half of a 2 s Cluster: %d frames, %d ends, %v; want the frames of the portions that are complete", half, r.Ends, p.State())
	}
	if held := p.Buffered(); held > 400<<10 {
		t.Errorf("holds %d bytes of input, want about a portion", held)
	}
	if err := bytestreamtest.Feed(p, r, bytes.Clone(stream[len(stream)/2:])); err != nil {
		t.Fatal(err)
	}
	if n := len(r.Frames[1]); n != 60 || r.Ends != 1 || p.State() != bytestream.WaitingForSegment || p.Buffered() != 0 {
		t.Errorf("at the end: %d frames, %d ends, %v, %d bytes held; want 60, 1, waiting, 0", n, r.Ends, p.State(), p.Buffered())
	}
	for i := range r.Frames[1] {
		f := &r.Frames[1][i]
		if pts, err := msetest.PayloadPTS(f.Data); err != nil || pts != f.PTS {
			t.Fatalf("frame %d at %v holds the payload of %v (%v)", i, f.PTS, pts, err)
		}
	}

	long.audio = true
	m, err := parse(webm.Options{}, cat(long.init(), cat(long.segments()...)))
	if err != nil || m.Portions != 1 || len(m.Frames) != 2 {
		t.Errorf("muxed: %d portions, %d tracks, error %v; want one call with both", m.Portions, len(m.Frames), err)
	}
}

// TestHeldBlock proves that a block without a length waits for its successor inside of a Cluster, one portion long.
func TestHeldBlock(t *testing.T) {
	big := make([]byte, 200<<10)
	r, err := parse(webm.Options{}, cat(head(vp8(1), track(2, 0x12, "B_VOBBTN")), clu(0,
		sb(1, 0, key, big), sb(1, 30, 0, big), // the first portion ends here, and the second block stays
		sb(1, 70, 0, big), sb(1, 100, 0, big))))
	if err != nil {
		t.Fatal(err)
	}
	var got []float64
	for i := range r.Frames[1] {
		got = append(got, ms(float64(r.Frames[1][i].Duration)))
	}
	if want := []float64{30, 40, 30, 40}; !slices.Equal(got, want) || r.Portions != 3 {
		t.Errorf("got lengths %v in %d portions, want %v in 3", got, r.Portions, want)
	}

	// Nothing comes on that track any more: the block goes out with the second portion, and nothing is held for it.
	p, r := webm.New(webm.Options{}), &recorder{Quiet: true}
	blocks := [][]byte{el(idTime, 0), sb(1, 0, key, "a")}
	for i := range 20 {
		blocks = append(blocks, sb(2, 20*i, key, "\xf8", make([]byte, 100<<10)))
	}
	if err := bytestreamtest.Feed(p, r, head(vp8(1), opus(2)), endless(idCluster, cat(blocks...))); err != nil {
		t.Fatal(err)
	}
	if len(r.Frames[1]) != 1 || len(r.Frames[2]) < 13 || p.Buffered() > 900<<10 {
		t.Errorf("%d pictures and %d packets of sound are out, %d bytes held", len(r.Frames[1]), len(r.Frames[2]), p.Buffered())
	}
}

// TestFlush is step 1 of the reset algorithm: frames that are complete come out, the others are lost, and the
// initialization segment stays known.
func TestFlush(t *testing.T) {
	m := movie{seconds: 1, gop: 30, bitsPerSecond: 1_000_000}
	segment := m.segments()[0]
	p, r := webm.New(webm.Options{}), &recorder{Quiet: true}
	if err := bytestreamtest.Feed(p, r, m.init(), bytes.Clone(segment[:len(segment)-1000])); err != nil {
		t.Fatal(err)
	}
	if len(r.Frames) != 0 {
		t.Fatalf("%d frames before the portion is complete", len(r.Frames[1]))
	}
	if err := p.Flush(r); err != nil {
		t.Fatal(err)
	}
	if n := len(r.Frames[1]); n != 29 {
		t.Errorf("flushed %d frames of 30, want those that are complete", n)
	}
	p.Reset()
	if p.Buffered() != 0 || p.State() != bytestream.WaitingForSegment {
		t.Errorf("after Reset: %d bytes, %v", p.Buffered(), p.State())
	}
	again := &recorder{Quiet: true}
	if err := bytestreamtest.Feed(p, again, bytes.Clone(segment)); err != nil {
		t.Fatalf("a segment after Reset: %v", err)
	}
	if n := len(again.Frames[1]); n != 30 || again.Frames[1][0].Config != r.Frames[1][0].Config {
		t.Errorf("after Reset: %d frames, same configuration %v; want 30, true", n, again.Frames[1][0].Config == r.Frames[1][0].Config)
	}
	if err := p.Flush(again); err != nil || len(again.Frames[1]) != 30 {
		t.Errorf("Flush with nothing pending: %d frames, error %v", len(again.Frames[1]), err)
	}
}

// TestResetForgets proves that after a Reset no length follows from what came before it.
func TestResetForgets(t *testing.T) {
	init := head(track(1, 2, "A_VORBIS", sound(44100, 1), el(idPrivate, vorbisPrivate())), track(2, 1, "V_MPEG4/ISO/AVC", picture(64, 48)))
	long := clu(5000, sb(1, 0, key, "\x06"), sb(2, 0, key, "I"), sb(2, 40, 0, "P"))
	short := clu(0, sb(1, 0, key, "\x00"), sb(2, 0, 0, "P"), sb(2, 40, 0, "P"))
	p, r := webm.New(webm.Options{}), &recorder{}
	if err := bytestreamtest.Feed(p, r, init, long); err != nil {
		t.Fatal(err)
	}
	p.Reset()
	r = &recorder{}
	if err := bytestreamtest.Feed(p, r, short); err != nil {
		t.Fatal(err)
	}
	if got, want := summary(r), "1:0+2.902494[\x00]K 2:0+40[P] 2:40+40[P]"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestConfigurations proves that the same initialization segment gives the same configurations again, also after
// another one.
func TestConfigurations(t *testing.T) {
	one, two := head(vp8(1)), head(track(1, 1, "V_VP8", picture(32, 24)))
	r, err := parse(webm.Options{}, cat(one, clu(0, sb(1, 0, key, "a")), two, clu(40, sb(1, 0, key, "b")), one, clu(80, sb(1, 0, key, "c"))))
	if err != nil || len(r.Frames[1]) != 3 {
		t.Fatalf("%d frames, error %v", len(r.Frames[1]), err)
	}
	if f := r.Frames[1]; f[0].Config != f[2].Config || f[0].Config == f[1].Config || f[1].Config.Width != 32 {
		t.Errorf("configurations %p, %p, %p", f[0].Config, f[1].Config, f[2].Config)
	}
}

// TestStates is the append state after each piece of a stream.
func TestStates(t *testing.T) {
	p, r := webm.New(webm.Options{}), &recorder{Quiet: true}
	init, seg := head(vp8(1)), clu(0, sb(1, 0, key, "abc"), sb(1, 40, 0, "def"))
	open := endless(idCluster, el(idTime, 80), sb(1, 0, key, "g"))
	for i, step := range []struct {
		b    []byte
		want bytestream.State
	}{
		{init[:4], bytestream.WaitingForSegment},
		{init[4:20], bytestream.ParsingInitSegment},
		{init[20 : len(init)-1], bytestream.ParsingInitSegment},
		{init[len(init)-1:], bytestream.WaitingForSegment},
		{el(idTags, "tags"), bytestream.WaitingForSegment},
		{seg[:4], bytestream.WaitingForSegment},
		{seg[4:20], bytestream.ParsingMediaSegment},
		{seg[20:], bytestream.WaitingForSegment},
		{open, bytestream.ParsingMediaSegment},
		{el(idCues, "cues"), bytestream.WaitingForSegment},
		{header, bytestream.ParsingInitSegment},
	} {
		if err := bytestreamtest.Feed(p, r, bytes.Clone(step.b)); err != nil {
			t.Fatal(err)
		}
		if p.State() != step.want {
			t.Errorf("piece %d: %v, want %v", i, p.State(), step.want)
		}
	}
	if r.Starts != 2 || r.Ends != 2 {
		t.Errorf("%d starts and %d ends of media segments, want 2 of each", r.Starts, r.Ends)
	}
}

// TestHandlerErrors come back as they are, and stick until Reset.
func TestHandlerErrors(t *testing.T) {
	for at := range 4 {
		h := &bytestreamtest.Failing{At: at}
		p := webm.New(webm.Options{})
		err := bytestreamtest.Feed(p, h, cat(head(vp8(1)), clu(0, sb(1, 0, key, "a"))))
		if !errors.Is(err, bytestreamtest.ErrHandler) {
			t.Fatalf("call %d: got %v, want the handler's error", at, err)
		}
		if _, err := p.Step(h); !errors.Is(err, bytestreamtest.ErrHandler) {
			t.Errorf("call %d: the next Step gives %v", at, err)
		}
		p.Reset()
		if more, err := p.Step(h); more || err != nil {
			t.Errorf("call %d: after Reset: %v, %v", at, more, err)
		}
	}
}
