package webm_test

import (
	"bytes"
	"runtime"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/webm"
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

// BenchmarkFeed pushes 10 s of 8 Mbit/s in 2 s Clusters. Budget: at least 1 GB/s, and allocations that depend on the
// number of portions, not of frames. The last line is what copying the same bytes once costs.
func BenchmarkFeed(b *testing.B) {
	video := movie{seconds: 10, gop: 60, bitsPerSecond: 8_000_000}
	muxed := video
	muxed.audio = true
	for _, bb := range []struct {
		name  string
		movie movie
		piece int // bytes a push
	}{
		{"video/cluster", video, 0},
		{"video/256KiB", video, 256 << 10},
		{"video/64KiB", video, 64 << 10},
		{"video/1400B", video, 1400},
		{"muxed/cluster", muxed, 0},
		{"muxed/256KiB", muxed, 256 << 10},
	} {
		b.Run(bb.name, func(b *testing.B) {
			var pieces [][]byte
			size := 0
			for _, s := range bb.movie.segments() {
				size += len(s)
				pieces = append(pieces, bytestreamtest.CutUp(s, bb.piece)...)
			}
			p, h := webm.New(webm.Options{}), &sink{}
			if err := bytestreamtest.Feed(p, h, bb.movie.init()); err != nil {
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
	b.Run("copy", func(b *testing.B) {
		from := bytes.Join(video.segments(), nil)
		to := make([]byte, len(from))
		b.SetBytes(int64(len(from)))
		for b.Loop() {
			copy(to, from)
		}
	})
}

// TestAllocations proves that what a Cluster costs does not depend on how many frames it has.
func TestAllocations(t *testing.T) {
	for _, tt := range []struct {
		name  string
		init  []byte
		frame func(i int) []byte
	}{
		{"pictures", head(vp8(1)), func(i int) []byte { return sb(1, i, 0, "data") }},
		{"reordered pictures", head(track(1, 1, "V_MPEG4/ISO/AVC", picture(64, 48))), func(i int) []byte { return sb(1, i^1, 0, "data") }},
		{"groups", head(vp8(1)), func(i int) []byte { return bg(blk(1, i, 0, "data"), el(idReference, 1)) }},
		{"laces", head(opus(1)), func(i int) []byte { return sb(1, i, fixed, "\x01", "\xf8\xf8") }},
		{"header stripping", head(vp8(1, stripped("xx"))), func(i int) []byte { return sb(1, i, 0, "data") }},
		{"encrypted", head(vp8(1, encoded(el(idEncType, 1), el(idEnc, el(idEncAlgo, 5))))), func(i int) []byte { return sb(1, i, 0, "\x0112345678data") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			measure := func(frames int) float64 {
				p, h := webm.New(webm.Options{}), &sink{}
				if err := bytestreamtest.Feed(p, h, tt.init); err != nil {
					t.Fatal(err)
				}
				var blocks [][]byte
				for i := range frames {
					blocks = append(blocks, tt.frame(i))
				}
				segment := clu(0, blocks...)
				return testing.AllocsPerRun(50, func() {
					p.Push(segment)
					if err := bytestream.Drain(p, h); err != nil {
						t.Fatal(err)
					}
				})
			}
			few, many := measure(2), measure(400)
			if few != many || many > 5 {
				t.Errorf("%v allocations for a Cluster of 2 blocks, %v for one of 400; want the same, at most 5", few, many)
			}
		})
	}
}

// TestNothingIsSizedByHeaders feeds headers that promise gigabytes and counts the memory that they cost.
func TestNothingIsSizedByHeaders(t *testing.T) {
	huge := []byte{0x08, 0x3f, 0xff, 0xff, 0xff} // 1 GiB
	for _, tt := range []struct {
		name string
		b    []byte
	}{
		{"block", endless(idCluster, el(idTime, 0), raw(idSimple), vint(60<<20, 0), "\x81\x00\x00\x80data")},
		{"Cluster", cat(raw(idCluster), huge, el(idTime, 0), raw(idVoid), vint(1<<29, 0))},
		{"Tags", cat(raw(idTags), huge)},
		{"Tracks", cat(header, endless(idSegment), el(idInfo), raw(idTracks), vint(15<<20, 0))},
		{"Void in a Cluster", endless(idCluster, raw(idVoid), huge)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, h := webm.New(webm.Options{}), &sink{}
			if err := bytestreamtest.Feed(p, h, head(vp8(1))); err != nil {
				t.Fatal(err)
			}
			b := cat(tt.b, make([]byte, 1000))
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
			if n := (after.TotalAlloc - before.TotalAlloc) / runs; n > 16<<10 {
				t.Errorf("%d bytes allocated for %d bytes of input", n, len(tt.b))
			}
		})
	}
}

// TestAliasing proves that frames hold the bytes that were pushed, and that only those that straddle are copied.
func TestAliasing(t *testing.T) {
	m := movie{seconds: 1, gop: 30, bitsPerSecond: 4_000_000}
	segment := m.segments()[0]
	p, r := webm.New(webm.Options{}), &recorder{Quiet: true}
	if err := bytestreamtest.Feed(p, r, m.init(), segment[:200_000:200_000], segment[200_000:]); err != nil {
		t.Fatal(err)
	}
	copied := 0
	for i := range r.Frames[1] {
		d := r.Frames[1][i].Data
		at := bytes.Index(segment, d[:16])
		if at < 0 {
			t.Fatalf("frame %d is not in the segment", i)
		}
		if &segment[at] != &d[0] {
			copied++
		}
		if cap(d) != len(d) {
			t.Errorf("frame %d could be appended to", i)
		}
	}
	if len(r.Frames[1]) != 30 || copied != 1 {
		t.Errorf("%d of %d frames were copied, want 1 of 30", copied, len(r.Frames[1]))
	}
}
