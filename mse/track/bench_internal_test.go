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

// filled returns a buffer with n frames, as they are after appending slabs: GOPs, or sound, in which every frame is a
// random access point.
func filled(n int, sound bool) *Buffer {
	b := New()
	for i := 0; i < n; i += gopFrames {
		addGOP(b, slab(i/gopFrames*gopTicks, sound))
	}
	b.Ranges()
	return b
}

var payload = make([]byte, 1)

// slab makes the frames of one GOP as a parser does, in decode order with B frames, or as many frames of sound.
func slab(start int, sound bool) []media.CodedFrame {
	out := make([]media.CodedFrame, gopFrames)
	step := gopTicks / gopFrames
	for i := range out {
		k := i
		if !sound && i > 0 && i < gopFrames-1 {
			k = i + []int{1, -1}[(i-1)%2]
		}
		out[i] = media.CodedFrame{PTS: media.FromTicks(int64(start+k*step), 1000), DTS: media.FromTicks(int64(start+i*step), 1000),
			Duration: media.SpanFromTicks(int64(step), 1000), RAP: i == 0 || sound, Data: payload}
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
// frames stored, and the same with sound. One operation is one frame, or one seek; what is found is not looked at, but of
// sound the frames around the place. Budget: Next 200 ns.
func BenchmarkBuffer(b *testing.B) {
	for _, sound := range []bool{false, true} {
		for _, n := range []int{1000, 1_000_000} {
			benchmarkBuffer(b, n, sound)
		}
	}
}

func benchmarkBuffer(b *testing.B, n int, sound bool) {
	buf := filled(n, sound)
	gops := n / gopFrames
	r := rand.New(rand.NewPCG(1, 2))
	place := func() int { return r.IntN(gops) * gopTicks }
	name := func(op string) string {
		if sound {
			op = "sound/" + op
		}
		return fmt.Sprintf("%s/%d", op, n)
	}
	b.Run(name("append"), func(b *testing.B) {
		frames := make([][]media.CodedFrame, 512) // made beforehand: parsing is not measured
		b.ReportAllocs()
		for i := 0; i < b.N; i += gopFrames {
			if k := i / gopFrames % len(frames); k == 0 {
				b.StopTimer()
				for j := range frames {
					frames[j] = slab(place(), sound)
				}
				b.StartTimer()
			}
			addGOP(buf, frames[i/gopFrames%len(frames)])
			buf.View()
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
			buf.View()
			b.StopTimer()
			addGOP(buf, slab(int(at*1000), sound))
			buf.View()
			b.StartTimer()
		}
	})
}

// TestBuffer_Memory measures what a stored frame costs beyond its payload. The budget is 128 bytes.
func TestBuffer_Memory(t *testing.T) {
	for _, sound := range []bool{false, true} {
		const n = 100_000
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		b := filled(n, sound)
		runtime.GC()
		runtime.ReadMemStats(&after)
		per := float64(after.HeapAlloc-before.HeapAlloc) / n
		t.Logf("%.1f bytes for each frame, sound %t", per, sound)
		if per > 128 {
			t.Errorf("a stored frame costs %.1f bytes beyond its payload, want at most 128, sound %t", per, sound)
		}
		if b.Len() != n {
			t.Errorf("%d frames stored, want %d", b.Len(), n)
		}
	}
}

// TestCursor_Allocations: reading and seeking allocate nothing.
func TestCursor_Allocations(t *testing.T) {
	for _, sound := range []bool{false, true} {
		c := filled(10_000, sound).Cursor()
		c.Seek(0, 0)
		c.Relocate(0, false)
		if got := testing.AllocsPerRun(9000, func() {
			if _, s := c.Next(); s != Ready {
				t.Fatalf("status %d", s)
			}
		}); got != 0 {
			t.Errorf("Next allocates %v times, sound %t", got, sound)
		}
		at := media.Time(0)
		if got := testing.AllocsPerRun(300, func() {
			at++
			c.Seek(at, 0.1)
			if _, s := c.Next(); c.Relocate(0, false) && s == Ready {
				t.Fatal("something to read before the place is known")
			}
			if _, s := c.Next(); s != Ready {
				t.Fatalf("status %d after a seek to %s", s, at)
			}
		}); got != 0 {
			t.Errorf("a seek allocates %v times, sound %t", got, sound)
		}
	}
}
