package msetest_test

import (
	"bytes"
	"math"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
)

// collector gathers what a parser finds.
type collector struct {
	bytestream.Discard
	init     *media.InitSegment
	frames   map[uint32][]media.CodedFrame
	segments int
}

func (c *collector) InitSegment(s *media.InitSegment) error { c.init = s; return nil }
func (c *collector) MediaSegmentEnd() error                 { c.segments++; return nil }
func (c *collector) Fragment(tracks []bytestream.TrackFrames) error {
	for _, t := range tracks {
		c.frames[t.Track] = append(c.frames[t.Track], t.Frames...)
	}
	return nil
}

// parse reads built bytes strictly.
func parse(t *testing.T, pieces ...[]byte) *collector {
	t.Helper()
	c, p := &collector{frames: map[uint32][]media.CodedFrame{}}, isobmff.New(isobmff.Options{Strict: true})
	for _, b := range pieces {
		p.Push(b)
		if err := bytestream.Drain(p, c); err != nil {
			t.Fatal(err)
		}
	}
	if p.Buffered() != 0 || p.State() != bytestream.WaitingForSegment {
		t.Fatalf("%d bytes left over, %v", p.Buffered(), p.State())
	}
	return c
}

// TestBuilder reads back what tables say, through a parser that takes nothing but conforming bytes.
func TestBuilder(t *testing.T) {
	b := &msetest.Builder{
		Duration: 2,
		Tracks: []msetest.BuilderTrack{{
			ID: 3, Timescale: 600, Language: "fin", Label: "Kuva", Delay: 50, Skip: 60,
			Entries: []msetest.BuilderEntry{
				{DecoderConfig: msetest.H264Config(640, 360)},
				{DecoderConfig: msetest.H264Config(1280, 720), Scheme: "cenc", KID: [16]byte{7}, IVBytes: 8},
			},
			Samples: []msetest.BuilderSample{
				{PTS: 60, DTS: 0, Dur: 24, Key: true, Data: []byte("one")},
				{PTS: 36, DTS: 24, Dur: 24, Data: []byte("two")},
				{PTS: 84, DTS: 48, Dur: 12, Key: true, Entry: 1, Data: []byte("three"), IV: []byte("12345678"), Subsamples: []media.Subsample{{Clear: 1, Protected: 4}}},
			},
		}},
	}
	c := parse(t, b.Init(), b.Segment(1, -1, 1, 1))
	track := c.init.Tracks[0]
	if c.init.Duration != 2 || track.ID != 3 || track.Language != "fin" || track.Label != "Kuva" || track.Config.Width != 640 {
		t.Errorf("initialization segment: %+v of %+v", track, c.init)
	}
	frames := c.frames[3]
	if len(frames) != 3 || c.segments != 1 {
		t.Fatalf("%d frames in %d segments, want 3 in 1", len(frames), c.segments)
	}
	for i, want := range []struct {
		pts, dts media.Time
		d        media.Span
		key      bool
		width    int
		data     string
	}{
		{30. / 600, -30. / 600, 0.04, true, 640, "one"},
		{6. / 600, -6. / 600, 0.04, false, 640, "two"},
		{54. / 600, 18. / 600, 0.02, true, 1280, "three"},
	} {
		f := &frames[i]
		if f.PTS != want.pts || f.DTS != want.dts || f.Duration != want.d || f.RAP != want.key || f.Config.Width != want.width || string(f.Data) != want.data {
			t.Errorf("frame %d: %v %v %v %v %d %q, want %+v", i, f.PTS, f.DTS, f.Duration, f.RAP, f.Config.Width, f.Data, want)
		}
	}
	if c := frames[2].Crypt; c == nil || string(c.IV) != "12345678" || c.KID[0] != 7 || len(c.Subsamples) != 1 || c.Subsamples[0] != (media.Subsample{Clear: 1, Protected: 4}) {
		t.Errorf("frame 2: encryption %+v", frames[2].Crypt)
	}
	if b.Segment(1, 5, 6, 2) != nil {
		t.Error("a segment without samples has bytes")
	}
}

// TestBuilder_Cutting gives the same frames whole, in segments, in chunks and as a file.
func TestBuilder_Cutting(t *testing.T) {
	movie := msetest.Movie(msetest.MovieSpec{Width: 64, Height: 48, Length: 3, GOP: 15, BitsPerSecond: 50_000, Audio: true})
	whole := parse(t, movie.Init(), movie.Segment(1, -1, 4, 1))
	for name, c := range map[string]*collector{
		"segments": parse(t, append([][]byte{movie.Init()}, movie.Segments(1, 1)...)...),
		"chunks":   parse(t, append([][]byte{movie.Init()}, movie.Segments(0.7, 5)...)...),
		"file":     parse(t, movie.File(1.5)),
	} {
		for _, id := range []uint32{msetest.MovieVideo, msetest.MovieAudio} {
			got, want := c.frames[id], whole.frames[id]
			if len(got) != len(want) {
				t.Errorf("%s: track %d has %d frames, whole it has %d", name, id, len(got), len(want))
				continue
			}
			for i := range got {
				if got[i].PTS != want[i].PTS || got[i].RAP != want[i].RAP || !bytes.Equal(got[i].Data, want[i].Data) {
					t.Errorf("%s: track %d frame %d differs", name, id, i)
					break
				}
			}
		}
	}
	if !bytes.Equal(movie.File(1), movie.File(1)) {
		t.Error("two builds differ")
	}
}

// TestMovie checks the shape of the content: rate, groups, order, and payloads that tell their time.
func TestMovie(t *testing.T) {
	for _, tt := range []struct {
		name                string
		spec                msetest.MovieSpec
		frames, keys, audio int
	}{
		{"1080p, 10 s", msetest.MovieSpec{Length: 10, Audio: true}, 300, 5, 470},
		{"no reordering, 25 fps", msetest.MovieSpec{Length: 2, BFrames: -1, GOP: 25, FrameRateNum: 25, FrameRateDen: 1}, 50, 2, 0},
		{"an incomplete last group", msetest.MovieSpec{Length: 1, GOP: 20, BFrames: 3, Seed: 5}, 30, 2, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			movie := msetest.Movie(tt.spec)
			c := parse(t, append([][]byte{movie.Init()}, movie.Segments(2, 1)...)...)
			frames := c.frames[msetest.MovieVideo]
			keys, size := 0, 0
			seen := map[int]bool{}
			for i := range frames {
				f := &frames[i]
				if f.RAP {
					keys++
				}
				size += len(f.Data)
				if f.PTS < f.DTS || i > 0 && f.DTS <= frames[i-1].DTS {
					t.Fatalf("frame %d: decode time %v, presentation time %v, decode time before %v", i, f.DTS, f.PTS, frames[max(i-1, 0)].DTS)
				}
				if pts, err := msetest.PayloadPTS(f.Data); err != nil || math.Abs(float64(pts-f.PTS)) > 1e-6 {
					t.Fatalf("frame %d at %v says %v (%v)", i, f.PTS, pts, err)
				}
				seen[int(math.Round(float64(f.PTS)/float64(f.Duration)))] = true
			}
			if len(frames) != tt.frames || keys != tt.keys || len(seen) != tt.frames || !seen[0] {
				t.Errorf("%d frames at %d times, %d of them random access points; want %d from 0 on, %d", len(frames), len(seen), keys, tt.frames, tt.keys)
			}
			if want := 8e6 / 8 * float64(tt.spec.Length); math.Abs(float64(size)-want) > want/5 {
				t.Errorf("%d bytes, want about %.0f", size, want)
			}
			if n := len(c.frames[msetest.MovieAudio]); n != tt.audio {
				t.Errorf("%d audio frames, want %d", n, tt.audio)
			}
		})
	}
}
