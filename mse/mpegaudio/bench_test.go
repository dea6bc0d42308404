package mpegaudio_test

import (
	"bytes"
	"runtime"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mpegaudio"
	"mseplayer/mse/msetest/bytestreamtest"
)

// sink is a handler that lets everything go.
type sink struct {
	bytestream.Discard
	frames, inits int
}

func (s *sink) InitSegment(*media.InitSegment) error { s.inits++; return nil }
func (s *sink) Fragment(tracks []bytestream.TrackFrames) error {
	for _, t := range tracks {
		s.frames += len(t.Frames)
	}
	return nil
}

// BenchmarkFeed pushes a minute of sound. Budget: at least 1 GB/s at 128 kbit/s, and allocations that depend on the number of slabs
// and pushes, not of frames.
func BenchmarkFeed(b *testing.B) {
	mp3 := bytes.Repeat(mpegFrame(0xfffb9000, 1), 60*44100/1152) // 128 kbit/s
	low := bytes.Repeat(layer3(1), 60*44100/1152)                // 64 kbit/s
	aac := bytes.Repeat(adts(2, 365, 1), 60*44100/1024)          // 128 kbit/s
	dolby := bytes.Repeat(eac3(0, 0, 3, 7, 1792, 1), 60*48000/1536)
	for _, bb := range []struct {
		name   string
		format mpegaudio.Format
		stream []byte
		piece  int // bytes a push, 0 for all
	}{
		{"mp3/whole", mpegaudio.MPEG, mp3, 0},
		{"mp3/64KiB", mpegaudio.MPEG, mp3, 64 << 10},
		{"mp3/1400B", mpegaudio.MPEG, mp3, 1400},
		{"mp3/64kbps/64KiB", mpegaudio.MPEG, low, 64 << 10},
		{"aac/64KiB", mpegaudio.ADTS, aac, 64 << 10},
		{"eac3/64KiB", mpegaudio.AC3, dolby, 64 << 10},
		{"garbage/64KiB", mpegaudio.MPEG, cat(fill(250<<10, 1), layer3(1), layer3(2)), 64 << 10},
	} {
		b.Run(bb.name, func(b *testing.B) {
			pieces := bytestreamtest.CutUp(bb.stream, bb.piece)
			p, h := mpegaudio.New(bb.format), &sink{}
			b.SetBytes(int64(len(bb.stream)))
			b.ReportAllocs()
			for b.Loop() {
				p.Reset()
				for _, piece := range pieces {
					p.Push(piece)
					if err := bytestream.Drain(p, h); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(h.frames)/b.Elapsed().Seconds(), "frames/s")
		})
	}
}

// TestAllocations proves that frames cost no allocation of their own, only two in 64 frames.
func TestAllocations(t *testing.T) {
	for _, tt := range []struct {
		name   string
		format mpegaudio.Format
		frame  []byte
	}{{"mp3", mpegaudio.MPEG, layer3(1)}, {"aac", mpegaudio.ADTS, adts(2, 300, 1)}, {"eac3", mpegaudio.AC3, eac3(0, 0, 3, 7, 900, 1)}} {
		const slabs = 10
		p, h := mpegaudio.New(tt.format), &sink{}
		stream := bytes.Repeat(tt.frame, 64*slabs)
		if err := bytestreamtest.Feed(p, h, stream); err != nil {
			t.Fatal(err)
		}
		if err := bytestreamtest.Feed(p, h, stream); err != nil { // slabs have their full size from here on
			t.Fatal(err)
		}
		allocs := testing.AllocsPerRun(20, func() {
			p.Push(stream)
			if err := bytestream.Drain(p, h); err != nil {
				t.Fatal(err)
			}
		})
		if h.frames < 23*64*slabs-2 {
			t.Errorf("%s: %d frames", tt.name, h.frames)
		}
		const perPush = 2
		if allocs > 2*slabs+perPush {
			t.Errorf("%s: %v allocations for %d frames, want at most %d", tt.name, allocs, 64*slabs, 2*slabs+perPush)
		}
		t.Logf("%s: %v allocations for %d frames", tt.name, allocs, 64*slabs)
	}
}

// TestMemoryIsBounded feeds what promises much or never becomes a frame and looks at what is held and allocated.
func TestMemoryIsBounded(t *testing.T) {
	for _, tt := range []struct {
		name   string
		format mpegaudio.Format
		b      []byte
		held   int
	}{
		{"a tag of 256 MiB", mpegaudio.MPEG, append([]byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f"), make([]byte, 1<<20)...), 0},
		{"the head of that tag", mpegaudio.MPEG, []byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f"), 10},
		{"an APE tag of 4 GiB", mpegaudio.MPEG, append([]byte("APETAGEX\xd0\x07\x00\x00\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\xa0"), make([]byte, 1<<20)...), 0},
		{"garbage", mpegaudio.ADTS, fill(255<<10, 1), 0},
		{"an Icecast header", mpegaudio.MPEG, append([]byte("ICY "), fill(4000, 1)...), 4004},
		{"many first E-AC-3 frames", mpegaudio.AC3, cat(eac3(0, 0, 3, 7, 200, 1), bytes.Repeat(eac3(1, 0, 3, 7, 4096, 1), 40)), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, h := mpegaudio.New(tt.format), &sink{}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if err := bytestreamtest.Feed(p, h, tt.b); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			if p.Buffered() != tt.held {
				t.Errorf("holds %d bytes, want %d", p.Buffered(), tt.held)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 128<<10 {
				t.Errorf("%d bytes allocated", n)
			}
		})
	}
}
