package track

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"mseplayer/mse/media"
)

// gopFrames is how many frames a GOP of the benchmarks has, gopTicks how long it is in milliseconds.
const (
	gopFrames = 50
	gopTicks  = 2000
)

// filled returns a buffer with n frames in GOPs, as they are after appending; the slabs hold a segment of two GOPs
// each.
func filled(n int) *Buffer {
	b := New()
	for i := 0; i < n; i += gopFrames {
		addGOP(b, slab(i/gopFrames*gopTicks))
	}
	b.Ranges()
	return b
}

var payload = make([]byte, 1)

// slab makes the frames of one GOP as a parser does, in decode order with B frames.
func slab(start int) []media.CodedFrame {
	out := make([]media.CodedFrame, gopFrames)
	step := gopTicks / gopFrames
	for i := range out {
		k := i
		if i > 0 && i < gopFrames-1 {
			k = i + []int{1, -1}[(i-1)%2]
		}
		out[i] = media.CodedFrame{PTS: media.FromTicks(int64(start+k*step), 1000), DTS: media.FromTicks(int64(start+i*step), 1000),
			Duration: media.SpanFromTicks(int64(step), 1000), RAP: i == 0, Data: payload}
	}
	return out
}

// addGOP stores frames as the coded frame processing algorithm does at the beginning of a coded frame group.
func addGOP(b *Buffer, frames []media.CodedFrame) {
	b.EndGroup()
	highest := media.Opt{}
	for i := range frames {
		f := &frames[i]
		switch {
		case !highest.Set:
			b.RemoveOverlapped(f.PTS, f.End())
		case highest.T <= f.PTS.Add(Slack(f.PTS)):
			b.RemoveOverlapped(highest.T, f.End())
		}
		b.Add(f, nil)
		if !highest.Set || f.End() > highest.T {
			highest = media.Some(f.End())
		}
	}
}

// BenchmarkBuffer replaces, seeks to, reads and removes GOPs at random places, with a thousand and with a million
// frames stored. One operation is one frame, or one seek. Budget: Next 200 ns.
func BenchmarkBuffer(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		buf := filled(n)
		gops := n / gopFrames
		r := rand.New(rand.NewPCG(1, 2))
		place := func() int { return r.IntN(gops) * gopTicks }
		name := func(op string) string { return fmt.Sprintf("%s/%d", op, n) }
		b.Run(name("append"), func(b *testing.B) {
			frames := make([][]media.CodedFrame, 512) // made beforehand: parsing is not measured
			b.ReportAllocs()
			for i := 0; i < b.N; i += gopFrames {
				if k := i / gopFrames % len(frames); k == 0 {
					b.StopTimer()
					for j := range frames {
						frames[j] = slab(place())
					}
					b.StartTimer()
				}
				addGOP(buf, frames[i/gopFrames%len(frames)])
				buf.Ranges()
			}
		})
		b.Run(name("seek"), func(b *testing.B) {
			c := buf.Cursor()
			defer c.Close()
			b.ReportAllocs()
			for range b.N {
				c.Seek(media.FromTicks(int64(place()+gopTicks/2), 1000), 0)
				if !c.Relocate(0, false) {
					b.Fatal("not found")
				}
			}
		})
		b.Run(name("next"), func(b *testing.B) {
			c := buf.Cursor()
			defer c.Close()
			c.Seek(0, 0)
			c.Relocate(0, false)
			b.ReportAllocs()
			for range b.N {
				if _, s := c.Next(); s != Ready {
					c.Seek(0, 0)
					c.Relocate(0, false)
				}
			}
		})
		b.Run(name("remove"), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; i < b.N; i += gopFrames {
				at := media.FromTicks(int64(place()), 1000)
				buf.Remove(at, at.Add(gopTicks/1000))
				buf.Ranges()
				b.StopTimer()
				addGOP(buf, slab(int(at*1000)))
				buf.Ranges()
				b.StartTimer()
			}
		})
	}
}

// TestBuffer_Memory measures what a stored frame costs beyond its payload. The budget is 128 bytes.
func TestBuffer_Memory(t *testing.T) {
	const n = 100_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b := filled(n)
	runtime.GC()
	runtime.ReadMemStats(&after)
	per := float64(after.HeapAlloc-before.HeapAlloc) / n
	t.Logf("%.1f bytes for each frame", per)
	if per > 128 {
		t.Errorf("a stored frame costs %.1f bytes beyond its payload, want at most 128", per)
	}
	if b.Len() != n {
		t.Errorf("%d frames stored, want %d", b.Len(), n)
	}
}

// TestCursor_Allocations: reading allocates nothing.
func TestCursor_Allocations(t *testing.T) {
	c := filled(10_000).Cursor()
	c.Seek(0, 0)
	c.Relocate(0, false)
	if got := testing.AllocsPerRun(9000, func() {
		if _, s := c.Next(); s != Ready {
			t.Fatalf("status %d", s)
		}
	}); got != 0 {
		t.Errorf("Next allocates %v times", got)
	}
}
