package isobmff_test

import (
	"bytes"
	"runtime"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/mse/msetest/bytestreamtest"
)

// sink is a handler that lets everything go.
type sink struct {
	bytestream.Discard
	frames, portions int
}

func (s *sink) Fragment(tracks []bytestream.TrackFrames) error {
	s.portions++
	for _, t := range tracks {
		s.frames += len(t.Frames)
	}
	return nil
}

// BenchmarkFeed pushes 10 s of 1080p at 8 Mbit/s in 2 s segments. Budget: at least 1 GB/s, and allocations that
// depend on the number of portions, not of frames.
func BenchmarkFeed(b *testing.B) {
	movie := msetest.Movie(msetest.MovieSpec{Length: 10, Audio: true})
	videoOnly := msetest.Movie(msetest.MovieSpec{Length: 10})
	for _, bb := range []struct {
		name      string
		movie     *msetest.Builder
		fragments int // a segment
		piece     int // bytes a push
	}{
		{"video/segment", videoOnly, 1, 0},
		{"video/256KiB", videoOnly, 1, 256 << 10},
		{"video/64KiB", videoOnly, 1, 64 << 10},
		{"video/1400B", videoOnly, 1, 1400},
		{"video/chunked", videoOnly, 20, 0},
		{"muxed/segment", movie, 1, 0},
		{"muxed/256KiB", movie, 1, 256 << 10},
	} {
		b.Run(bb.name, func(b *testing.B) {
			init := bb.movie.Init()
			var pieces [][]byte
			size := 0
			for _, s := range bb.movie.Segments(2, bb.fragments) {
				size += len(s)
				pieces = append(pieces, bytestreamtest.CutUp(s, bb.piece)...)
			}
			p, h := isobmff.New(isobmff.Options{}), &sink{}
			if err := bytestreamtest.Feed(p, h, init); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, piece := range pieces {
					p.Push(piece)
					if err := bytestream.Drain(p, h); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(h.frames)/b.Elapsed().Seconds(), "frames/s")
			b.ReportMetric(float64(h.portions)/float64(b.N), "portions/op")
		})
	}
}

// TestAllocations proves that what a fragment costs does not depend on how many frames it has.
func TestAllocations(t *testing.T) {
	measure := func(frames int) float64 {
		b := &msetest.Builder{Tracks: []msetest.BuilderTrack{{
			ID: 1, Timescale: 1000, Entries: []msetest.BuilderEntry{{DecoderConfig: msetest.H264Config(64, 64)}}, Samples: samples(frames, 0, 10, 1000, 20),
		}}}
		p, h := isobmff.New(isobmff.Options{}), &sink{}
		if err := bytestreamtest.Feed(p, h, b.Init()); err != nil {
			t.Fatal(err)
		}
		segment := b.Segment(1, 0, media.Forever, 1)
		return testing.AllocsPerRun(50, func() {
			p.Push(segment)
			if err := bytestream.Drain(p, h); err != nil {
				t.Fatal(err)
			}
		})
	}
	few, many := measure(2), measure(400)
	if few != many {
		t.Errorf("%v allocations for a fragment of 2 frames, %v for one of 400", few, many)
	}
	if many > 20 {
		t.Errorf("%v allocations a fragment, want at most 20", many)
	}
	t.Logf("%v allocations a fragment", many)
}

// TestNothingIsSizedByHeaders feeds headers that promise gigabytes and counts the memory that they cost.
func TestNothingIsSizedByHeaders(t *testing.T) {
	promise := func(tfhdBox []byte, trunFlags, count uint32, fields ...any) []byte {
		b := moofMdat(0, func(d int32) [][]byte {
			return [][]byte{bx("traf", tfhdBox, tfdt(0), trun(0, trunOffset|trunFlags, count, append([]any{d + 8}, fields...)...))}
		})
		return cat(b[:len(b)-8], []byte("\x00\x00\x00\x01mdat\x00\x00\x01\x00\x00\x00\x00\x00"), make([]byte, 1000))
	}
	for _, tt := range []struct {
		name string
		b    []byte
	}{
		{"one huge sample", promise(tfhd(tfhdMoof, 1), trunSizes, 1, uint32(1<<31))},
		{"many small samples", promise(tfhd(tfhdMoof|tfhdSize, 1, uint32(1<<20)), 0, 1<<16)},
		{"moof", []byte("\x00\x30\x00\x00moof")},
		{"moov", []byte("\x00\xf0\x00\x00moov")},
		{"free", []byte("\x7f\xff\xff\xfffree")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, h := isobmff.New(isobmff.Options{}), &sink{}
			if err := bytestreamtest.Feed(p, h, head()); err != nil {
				t.Fatal(err)
			}
			b := bytes.Clone(tt.b)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			const runs = 10
			for range runs {
				p.Reset()
				if err := bytestreamtest.Feed(p, h, b); err != nil {
					t.Fatal(err)
				}
			}
			runtime.ReadMemStats(&after)
			if n := (after.TotalAlloc - before.TotalAlloc) / runs; n > 64<<10 {
				t.Errorf("%d bytes allocated for %d bytes of input", n, len(tt.b))
			}
		})
	}
}
