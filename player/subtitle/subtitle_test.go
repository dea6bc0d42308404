package subtitle_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/bits"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/decode"
	"mseplayer/player/subtitle"
	"mseplayer/player/text/cue"
)

// said is a cue of plain text.
func said(start, end media.Time, text string) cue.Cue {
	return cue.Cue{Start: start, End: end, Blocks: []cue.Block{{Spans: []cue.Span{{Text: text}}}}}
}

// list spells cues: "1-2.5 text".
func list(cues []cue.Cue) string {
	var out []string
	for _, c := range cues {
		words := ""
		for _, b := range c.Blocks {
			for _, s := range b.Spans {
				words += s.Text
			}
		}
		out = append(out, fmt.Sprintf("%.4g-%.4g %s", float64(c.Start), float64(c.End), words))
	}
	return strings.Join(out, ", ")
}

func TestSegment_Times(t *testing.T) {
	const doc = "\n\n00:01.000 --> 00:02.000\none\n\n00:03.000 --> 00:04.000\ntwo\n"
	vtt := func(header string) []byte { return []byte("WEBVTT" + header + doc) }
	for _, c := range []struct {
		name string
		s    subtitle.Segment
		want string
	}{
		{"as they are", subtitle.Segment{Data: vtt("")}, "1-2 one, 3-4 two"},
		{"moved by the period", subtitle.Segment{Data: vtt(""), Offset: 10}, "11-12 one, 13-14 two"},
		{"cut to the period", subtitle.Segment{Data: vtt(""), Window: media.Range{Start: 1.5, End: 3.5}}, "1.5-2 one, 3-3.5 two"},
		{"by the clock of the pictures", subtitle.Segment{Data: vtt("\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000"), Clock: -10, Known: true, Duration: 6}, "1-2 one, 3-4 two"},
		{"in the other order", subtitle.Segment{Data: vtt("\nX-TIMESTAMP-MAP=LOCAL:00:00:01.000,MPEGTS:900000"), Clock: -5, Known: true, Duration: 6}, "5-6 one, 7-8 two"},
		{"after the clock began anew", subtitle.Segment{Data: vtt("\nX-TIMESTAMP-MAP=MPEGTS:90000,LOCAL:00:00:00.000"), Clock: -95440, Known: true, Start: 5, Duration: 6},
			fmt.Sprintf("%.4g-%.4g one, %.4g-%.4g two", clock(1), clock(2), clock(3), clock(4))},
		{"a map of something else", subtitle.Segment{Data: vtt("\nX-TIMESTAMP-MAP=MPEGTS:900000000,LOCAL:00:00:00.000"), Clock: -10, Known: true, Duration: 6}, "1-2 one, 3-4 two"},
		{"from the beginning of the segment", subtitle.Segment{Data: vtt(""), Start: 600, Duration: 6}, "601-602 one, 603-604 two"},
		{"exactly", subtitle.Segment{Data: vtt(""), Start: 600, Duration: 6, Exact: true}, "1-2 one, 3-4 two"},
		{"a broken map", subtitle.Segment{Data: vtt("\nX-TIMESTAMP-MAP=MPEGTS:x,LOCAL:y"), Clock: -10, Known: true, Duration: 6}, "1-2 one, 3-4 two"},
		{"another format by its content", subtitle.Segment{MIMEType: "text/vtt", Data: []byte("1\n00:00:01,000 --> 00:00:02,000\none\n")}, "1-2 one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cues, _, err := c.s.Read()
			if got := list(cues); err != nil || got != c.want {
				t.Errorf("got %q, error %v\nwant %q", got, err, c.want)
			}
		})
	}
	for _, data := range []string{"", "\x00\x01\x02", "<html>", "\x00\x00\x00\x08moof"} {
		if cues, _, err := (subtitle.Segment{Name: "x.bin", Data: []byte(data)}).Read(); err == nil {
			t.Errorf("%q gave %s and no error", data, list(cues))
		}
	}
}

// clock is where a time of the test about the clock that began anew lies.
func clock(t float64) float64 { return t + 1 - 95440 + float64(1<<33)/90000 }

func box(name string, body ...[]byte) []byte {
	n := 8
	for _, b := range body {
		n += len(b)
	}
	out := append(binary.BigEndian.AppendUint32(nil, uint32(n)), name...)
	for _, b := range body {
		out = append(out, b...)
	}
	return out
}

func TestSegment_MP4(t *testing.T) {
	build := func(codec media.CodecID, format string, samples ...[]byte) *msetest.Builder {
		b := &msetest.Builder{Tracks: []msetest.BuilderTrack{{ID: 1, Timescale: 1000,
			Entries: []msetest.BuilderEntry{{DecoderConfig: &media.DecoderConfig{Kind: media.Text, Codec: codec}, Format: format}}}}}
		for i, s := range samples {
			b.Tracks[0].Samples = append(b.Tracks[0].Samples, msetest.BuilderSample{PTS: int64(i) * 2000, DTS: int64(i) * 2000, Dur: 2000, Key: true, Data: s})
		}
		return b
	}
	wvtt := build(media.WebVTT, "wvtt", box("vttc", box("payl", []byte("one"))), box("vtte"), box("vttc", box("payl", []byte("two"))))
	segments := wvtt.Segments(10, 1)
	s := subtitle.Segment{MIMEType: "application/mp4", Init: wvtt.Init(), Data: segments[0], Offset: 100}
	cues, _, err := s.Read()
	if got, want := list(cues), "100-102 one, 104-106 two"; err != nil || got != want {
		t.Errorf("wvtt: got %q, error %v, want %q", got, err, want)
	}
	const tt = `<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling"><body><div><p begin="0.5s" end="1.5s">one</p></div></body></tt>`
	stpp := build(media.TTML, "stpp", []byte(tt))
	s = subtitle.Segment{MIMEType: "application/mp4", Init: stpp.Init(), Data: stpp.Segments(10, 1)[0], Offset: 100}
	cues, _, err = s.Read()
	if got, want := list(cues), "100.5-101.5 one"; err != nil || got != want {
		t.Errorf("stpp: got %q, error %v, want %q", got, err, want)
	}
	s.Init = nil
	if _, _, err := s.Read(); err == nil {
		t.Error("a segment without its initialization segment gave no error")
	}
}

func TestReadable(t *testing.T) {
	for typ, want := range map[string]bool{"text/vtt": true, "application/ttml+xml": true, `application/mp4; codecs="stpp.ttml.im1t"`: true, `application/mp4; codecs="wvtt"`: true,
		"application/mp4": true, `application/mp4; codecs="c608"`: false, "video/mp2t": false, "image/png": false, "nonsense": false} {
		if ok, why := subtitle.Readable(typ); ok != want || ok == (why != "") {
			t.Errorf("%s: %t, %q", typ, ok, why)
		}
	}
}

func TestBoard_Select(t *testing.T) {
	b := subtitle.New(subtitle.Options{})
	en, de := b.Add(subtitle.Track{ID: "en"}), b.Add(subtitle.Track{ID: "de"})
	en.Add(said(1, 2, "hello"))
	de.Add(said(1, 2, "hallo"))
	check := func(what string, at media.Time, want string) {
		t.Helper()
		if got := strings.Join(b.Text(at), "|"); got != want {
			t.Errorf("%s: at %s got %q, want %q", what, at, got, want)
		}
	}
	check("nothing is chosen", 1.5, "")
	if !b.Select("de") || b.Select("fr") {
		t.Error("what there is to choose from is wrong")
	}
	check("de", 1.5, "hallo")
	check("de", 2.5, "")
	b.SetDelay(1)
	check("later", 1.5, "")
	check("later", 2.5, "hallo")
	b.SetDelay(0)
	b.SetVisible(false)
	check("hidden", 1.5, "")
	b.SetVisible(true)
	b.Select("en")
	check("en", 1.5, "hello")
	en.Open(said(5, media.Forever, "still there"))
	check("open", 99, "still there")
	en.Open()
	check("closed", 99, "")
	b.Select("")
	check("none", 1.5, "")
}

// TestBoard_Run looks at what a surface gets, and when it changes.
func TestBoard_Run(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := subtitle.New(subtitle.Options{})
		l := b.Add(subtitle.Track{ID: "en"})
		l.Add(said(1, 2, "one"), said(2, 3, "two"))
		b.Select("en")
		ctx, cancel := context.WithCancel(t.Context())
		start := time.Now()
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.Run(ctx, func() (media.Time, float64) { return media.Time(time.Since(start).Seconds()), 1 })
		}()
		var changes []string
		var last *subtitle.Overlay
		for range 200 {
			time.Sleep(20 * time.Millisecond)
			synctest.Wait()
			if o := b.Overlay(640, 360); o != last {
				last = o
				changes = append(changes, fmt.Sprintf("%.1f:%d", time.Since(start).Seconds(), len(o.Bitmaps)))
			}
		}
		if got, want := strings.Join(changes, " "), "1.0:1 2.0:1 3.0:0"; got != want {
			t.Errorf("the overlay changes at %s, want %s", got, want)
		}
		start = time.Now().Add(-1500 * time.Millisecond)
		b.Look()
		synctest.Wait()
		small := b.Overlay(640, 360)
		if small == nil || small.Width != 640 || len(small.Bitmaps) == 0 {
			t.Fatalf("after a seek: %+v", small)
		}
		b.Overlay(1280, 720)
		synctest.Wait()
		if large := b.Overlay(1280, 720); large.Width != 1280 || large.Bitmaps[0].H <= small.Bitmaps[0].H {
			t.Errorf("in a larger window: %d wide", large.Width)
		}
		if n := testing.AllocsPerRun(100, func() { b.Overlay(1280, 720) }); n != 0 {
			t.Errorf("asking for what has not changed allocates %v times", n)
		}
		cancel()
		<-done
	})
}

// reel is a parser that hands out frames: each portion of bytes is the number of one.
type reel struct {
	frames []media.CodedFrame
	next   []byte
}

func (r *reel) Push(b []byte)           { r.next = append(r.next, b...) }
func (r *reel) State() bytestream.State { return bytestream.WaitingForSegment }
func (r *reel) Buffered() int           { return len(r.next) }
func (r *reel) Reset()                  { r.next = nil }
func (r *reel) Step(h bytestream.Handler) (bool, error) {
	if len(r.next) == 0 {
		return false, nil
	}
	f := r.frames[r.next[0]]
	r.next = r.next[1:]
	return true, h.Fragment([]bytestream.TrackFrames{{Track: 1, Frames: []media.CodedFrame{f}}})
}

// painter decodes frames of pictures: a frame with data is one.
type painter struct{ flushes int }

func (p *painter) SupportsSubtitle(id media.CodecID) bool                           { return id == "pictures" }
func (p *painter) NewSubtitle(*media.DecoderConfig) (decode.SubtitleDecoder, error) { return p, nil }
func (p *painter) Flush()                                                           { p.flushes++ }
func (p *painter) Close()                                                           {}
func (p *painter) Decode(f *media.CodedFrame) ([]cue.Cue, error) {
	switch string(f.Data) {
	case "clear":
		return nil, nil
	case "part":
		return nil, decode.ErrIncomplete
	}
	return []cue.Cue{said(f.PTS, media.Forever, string(f.Data))}, nil
}

// TestPackets_Pictures reads pictures, each of which the next frame takes away, in order and out of it.
func TestPackets_Pictures(t *testing.T) {
	cfg := &media.DecoderConfig{Kind: media.Text, Codec: "pictures"}
	r := &reel{}
	for i, s := range []string{"one", "clear", "two", "part", "three", "clear"} {
		r.frames = append(r.frames, media.CodedFrame{PTS: media.Time(10 * i), Duration: 0.04, Config: cfg, Data: []byte(s)})
	}
	for _, c := range []struct {
		name  string
		order string
		late  bool // the track is shown when everything has come
	}{{"in order", "012345", false}, {"shown later", "012345", true}, {"the end first", "452301", false}, {"twice", "0123012345", false}} {
		t.Run(c.name, func(t *testing.T) {
			b := subtitle.New(subtitle.Options{})
			l := b.Add(subtitle.Track{ID: "p"})
			b.Select("p")
			p := subtitle.NewPackets(l, media.TrackInfo{ID: 1, Config: cfg}, r, 0, &painter{}, func(err error) { t.Error(err) })
			if !c.late {
				p.Show(true)
			}
			for _, n := range []byte(c.order) {
				p.Append([]byte{n - '0'})
			}
			p.Show(true)
			for at, want := range map[media.Time]string{5: "one", 15: "", 25: "two", 35: "two", 45: "three", 55: ""} {
				if got := strings.Join(b.Text(at), "|"); got != want {
					t.Errorf("at %s: got %q, want %q", at, got, want)
				}
			}
			p.Close()
		})
	}
	failed := 0
	b := subtitle.New(subtitle.Options{})
	p := subtitle.NewPackets(b.Add(subtitle.Track{ID: "p"}), media.TrackInfo{ID: 1, Config: &media.DecoderConfig{Kind: media.Text, Codec: "mystery"}}, r, 0, nil, func(error) { failed++ })
	p.Show(true)
	p.Show(false)
	p.Show(true)
	if failed != 1 {
		t.Errorf("a track that nobody can read is told of %d times", failed)
	}
}

// caption spells words as triplets of a pop-on caption in CC1, two bytes a picture.
func caption(words string) (pairs [][]byte) {
	pair := func(a, b byte) {
		for _, p := range []*byte{&a, &b} {
			if bits.OnesCount8(*p)%2 == 0 {
				*p |= 0x80
			}
		}
		pairs = append(pairs, []byte{0xfc, a, b})
	}
	pair(0x14, 0x20) // resume caption loading
	pair(0x14, 0x2e) // erase what is not displayed
	pair(0x14, 0x70) // row 15
	for i := 0; i < len(words); i += 2 {
		b := byte(0)
		if i+1 < len(words) {
			b = words[i+1]
		}
		pair(words[i], b)
	}
	pair(0x14, 0x2f) // end of caption: show it
	return pairs
}

// TestCaptions reads the captions of pictures that come, come again after a seek, and go on.
func TestCaptions(t *testing.T) {
	at := map[int][]byte{}
	put := func(frame int, words string) {
		pairs := caption(words)
		for i, p := range pairs {
			at[frame-len(pairs)+1+i] = p
		}
	}
	put(25, "FIRST")
	put(75, "SECOND")
	put(125, "THIRD")
	b := subtitle.New(subtitle.Options{})
	c := subtitle.NewCaptions(b)
	play := func(from, to int) {
		for i := from; i < to; i++ {
			c.Add(media.Time(i)/25, at[i])
		}
	}
	if play(0, 10); len(b.Tracks()) != 0 {
		t.Errorf("tracks before anything was seen: %v", b.Tracks())
	}
	play(10, 100)
	if n := b.Tracks(); len(n) != 1 || n[0].ID != "CC1" || n[0].Kind != "captions" {
		t.Fatalf("tracks %+v", n)
	}
	b.Select("CC1")
	check := func(what string, want map[media.Time]string) {
		t.Helper()
		for at, w := range want {
			if got := strings.Join(b.Text(at), "|"); got != w {
				t.Errorf("%s: at %s got %q, want %q", what, at, got, w)
			}
		}
	}
	check("while they come", map[media.Time]string{0.5: "", 2: "FIRST", 3.5: "SECOND", 60: "SECOND"})
	play(40, 150) // a seek back, into the middle of the first
	check("again", map[media.Time]string{0.5: "", 1.2: "FIRST", 2: "FIRST", 3.5: "SECOND", 4.5: "SECOND", 5.5: "THIRD"})
	c.End()
	play(0, 150)
	check("from the beginning", map[media.Time]string{1.2: "FIRST", 2: "FIRST", 3.5: "SECOND", 5.5: "THIRD"})
	for id, want := range map[string]bool{"CC1": true, "CC4": true, "CC5": false, "CC": false, "SERVICE1": true, "SERVICE63": true, "SERVICE64": false, "SERVICE01": false, "en": false} {
		if subtitle.IsChannel(id) != want {
			t.Errorf("IsChannel(%q) is %t", id, !want)
		}
	}
}

// FuzzSegment reads anything as a segment, alone and behind an initialization segment.
func FuzzSegment(f *testing.F) {
	b := &msetest.Builder{Tracks: []msetest.BuilderTrack{{ID: 1, Timescale: 1000, Entries: []msetest.BuilderEntry{{DecoderConfig: &media.DecoderConfig{Kind: media.Text, Codec: media.TTML}, Format: "stpp"}},
		Samples: []msetest.BuilderSample{{Dur: 2000, Key: true, Data: []byte("<tt xmlns=\"http://www.w3.org/ns/ttml\"></tt>\x89PNG\r\n\x1a\n\x00\x00\x00\x00IEND....")}}}}}
	init := b.Init()
	f.Add(b.Segments(10, 1)[0])
	f.Add([]byte("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n00:01.000 --> 00:02.000\none\n"))
	f.Add([]byte("1\n00:00:01,000 --> 00:00:02,000\none\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, s := range []subtitle.Segment{{Data: data}, {Data: data, Init: init, MIMEType: "application/mp4", Offset: 5}, {Data: data, Clock: -10, Known: true, Start: 600, Duration: 6}} {
			cues, _, _ := s.Read()
			for _, c := range cues {
				if c.Start != c.Start || c.End != c.End {
					t.Fatalf("a cue at [%s, %s)", c.Start, c.End)
				}
			}
		}
	})
}

// TestBoard_Missing: letters that no font has are drawn as boxes, which is told once, with what helps.
func TestBoard_Missing(t *testing.T) {
	var log bytes.Buffer
	b := subtitle.New(subtitle.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	l := b.Add(subtitle.Track{ID: "a"})
	for i, words := range []string{"plain", "漢字", "かな"} {
		l.Add(said(media.Time(i), media.Time(i+1), words))
	}
	b.Select("a")
	for i, told := range []int{0, 1, 1} {
		o, err := b.Draw(media.Time(i)+0.5, 640, 360)
		if err != nil || len(o.Bitmaps) == 0 {
			t.Fatalf("cue %d: %v, %v", i, o, err)
		}
		if got := strings.Count(log.String(), "install a font"); got != told {
			t.Errorf("cue %d: told %d times, want %d: %s", i, got, told, log.String())
		}
	}
	if !strings.Contains(log.String(), "U+6F22") {
		t.Errorf("the letter is not told: %s", log.String())
	}
}
