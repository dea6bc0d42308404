package mse_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
)

// BenchmarkAppend appends a stream of two hours: 1080p25 of 8 Mbit/s in segments of 4 s, from 128 MiB of segments, which
// no cache holds, into a SourceBuffer of the default size, with the playback position behind by a minute. One operation
// is one segment. append/copy tells how long that takes against copying the segment's bytes once. Budget: 1 GB/s.
func BenchmarkAppend(b *testing.B) {
	const length, segment, pool = 2 * 3600, 4, 32
	movie := msetest.Movie(msetest.MovieSpec{Length: segment * pool, FrameRateNum: 25, FrameRateDen: 1, GOP: 50})
	init, segs := movie.Init(), movie.Segments(segment, 1)
	var size int64
	for _, s := range segs {
		size += int64(len(s))
	}
	var queue []func()
	loop := mse.NewEventLoop(func(run func()) { queue = append(queue, run) })
	pump := func() {
		for len(queue) > 0 {
			run := queue[0]
			queue = queue[1:]
			run()
		}
	}
	var a *mse.Attachment
	var sb *mse.SourceBuffer
	open := func() {
		if a != nil {
			a.Detach()
			pump()
		}
		ms := mse.New(mse.Options{Loop: loop})
		var err error
		if a, err = ms.Attach(nil); err != nil {
			b.Fatal(err)
		}
		if sb, err = ms.AddSourceBuffer(`video/mp4; codecs="avc1.640028"`); err != nil {
			b.Fatal(err)
		}
		if err = sb.AppendBuffer(init); err != nil {
			b.Fatal(err)
		}
		pump()
	}
	to := make([]byte, size/pool*2)
	var copying, appending time.Duration
	b.SetBytes(size / int64(len(segs)))
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		n := i % (length / segment)
		if n == 0 {
			open()
		}
		s := segs[n%len(segs)]
		start := time.Now()
		copy(to, s)
		copied := time.Now()
		a.SetPlayhead(media.Time(n*segment - 60))
		if err := sb.SetTimestampOffset(media.Span(n / len(segs) * len(segs) * segment)); err != nil {
			b.Fatal(err)
		}
		if err := sb.AppendBuffer(s); err != nil {
			b.Fatal(err)
		}
		pump()
		copying += copied.Sub(start)
		appending += time.Since(copied)
	}
	if r, _ := sb.Buffered(); len(r) != 1 {
		b.Errorf("buffered %s", r)
	}
	b.ReportMetric(float64(appending)/float64(copying), "append/copy")
	b.ReportMetric(float64(size)/float64(len(segs))/1e9/(float64(appending)/float64(b.N)/1e9), "GB/s")
}

// slabType is the type of slabParser's byte stream.
const slabType = "application/x-slabs"

// slabParser makes the frames of a GOP for each number that is pushed: parsing costs nothing, so that storage is what is
// measured. Their payload is a part of data, a cache line for each frame.
type slabParser struct {
	data   []byte
	todo   []uint32
	config *media.DecoderConfig
}

func (p *slabParser) Push(b []byte) {
	for ; len(b) >= 4; b = b[4:] {
		p.todo = append(p.todo, binary.BigEndian.Uint32(b))
	}
}

func (p *slabParser) Step(h bytestream.Handler) (bool, error) {
	if p.config == nil {
		p.config = msetest.H264Config(1920, 1080)
		return true, h.InitSegment(&media.InitSegment{Duration: media.Forever, Tracks: []media.TrackInfo{{ID: 1, Kind: media.Video, Config: p.config}}})
	}
	if len(p.todo) == 0 {
		return false, nil
	}
	n := int64(p.todo[0])
	p.todo = p.todo[1:]
	frames := make([]media.CodedFrame, slabFrames)
	for i := range frames {
		at := n*slabFrames + int64(i)
		frames[i] = media.CodedFrame{PTS: media.FromTicks(at, 25), DTS: media.FromTicks(at, 25), Duration: media.SpanFromTicks(1, 25), RAP: i == 0,
			Config: p.config, Data: p.data[at*slabPayload%int64(len(p.data)):][:slabPayload:slabPayload]}
	}
	return true, h.Fragment([]bytestream.TrackFrames{{Track: 1, Frames: frames}})
}

func (p *slabParser) State() bytestream.State { return bytestream.WaitingForSegment }
func (p *slabParser) Reset()                  { p.todo = nil }
func (p *slabParser) Buffered() int           { return 0 }

// slabFrames is how many frames a GOP of slabParser has, slabPayload the size of each in bytes.
const slabFrames, slabPayload = 50, 64

// stored is a SourceBuffer of one track with GOPs of slabParser in it.
type stored struct {
	a    *mse.Attachment
	sb   *mse.SourceBuffer
	gops int
	r    *rand.Rand
}

// store opens a MediaSource that holds n frames; with islands there is a GOP missing after each GOP.
func store(b testing.TB, n int, opt mse.Options, islands bool) *stored {
	data := make([]byte, n*slabPayload)
	for i := range data {
		data[i] = byte(i) // memory that has not been written to is all the same page
	}
	opt.Private = map[string]func() bytestream.Parser{slabType: func() bytestream.Parser { return &slabParser{data: data} }}
	ms := mse.New(opt)
	s := &stored{gops: n / slabFrames, r: rand.New(rand.NewPCG(1, 1))}
	var err error
	if s.a, err = ms.Attach(nil); err != nil {
		b.Fatal(err)
	}
	if s.sb, err = ms.AddSourceBuffer(slabType); err != nil {
		b.Fatal(err)
	}
	var all []byte
	for g := range s.gops {
		if islands {
			g *= 2
		}
		all = binary.BigEndian.AppendUint32(all, uint32(g))
	}
	if err := s.sb.Append(context.Background(), all); err != nil {
		b.Fatal(err)
	}
	if got := s.sb.Stats().Frames; got != int64(n) {
		b.Fatalf("%d frames", got)
	}
	return s
}

// append appends GOP g, remove takes it out.
func (s *stored) append(b testing.TB, g int) {
	if err := s.sb.Append(context.Background(), binary.BigEndian.AppendUint32(nil, uint32(g))); err != nil {
		b.Fatal(err)
	}
}

func (s *stored) remove(b testing.TB, g int) {
	at := int64(g * slabFrames)
	if err := s.sb.RemoveWait(context.Background(), media.FromTicks(at, 25), media.FromTicks(at+slabFrames, 25)); err != nil {
		b.Fatal(err)
	}
}

// buffered asks for the buffered attribute and reports an error unless it has the given number of ranges.
func (s *stored) buffered(b testing.TB, ranges int) {
	b.Helper()
	if r, err := s.sb.Buffered(); err != nil || len(r) != ranges {
		b.Fatalf("%d ranges, want %d, error %v", len(r), ranges, err)
	}
}

// seek moves a reader to frame i and reads the first coded frame, without looking at it.
func (s *stored) seek(b testing.TB, r *mse.Reader, i int) *media.CodedFrame {
	ctx := context.Background()
	r.Seek(media.FromTicks(int64(i), 25), 0)
	if _, err := r.Next(ctx); !errors.Is(err, mse.ErrSeeked) {
		b.Fatal(err)
	}
	it, err := r.Next(ctx)
	if err != nil {
		b.Fatal(err)
	}
	return it.Frame
}

// touch looks at a coded frame and its payload, as a decoder does that is given it.
func touch(f *media.CodedFrame) int {
	if f.DecodeOnly || f.PTS < 0 {
		return 0
	}
	return int(f.Data[0])
}

// BenchmarkBuffered compares a thousand coded frames buffered, which the processor's cache holds, with as many as it does
// not hold; a GOP has 50 and is 2 s long. Appends, removals and evictions are of one GOP through the event loop, with all
// their events. Where ranges says so, the GOPs do not adjoin, and there are half as many seconds of gaps.
//
//   - append: the last GOP, again; replace: a GOP at random, again; remove: takes a GOP at random out and appends it again
//   - evict: a GOP at the end, beyond the quota, so that one at the front goes
//   - buffered, ranges/buffered: the attribute, while nothing changes
//   - ranges/replace: a GOP at random, again; ranges/remove: takes one out and appends it again; /buffered asks for the
//     attribute after each step, whose cost is that of a copy of the list
//   - seek, near: the first coded frame after a seek to a random place, or to one at most 30 s away from the last, not
//     looked at; read: the same at random, and its fields and the first cache line of its payload are looked at
//   - memory: only the last of that, for coded frames at random from a list of all random access points, one after the
//     other: what read cannot be spared, because that memory is not in the cache
//   - next: coded frames in order, not looked at
//
// Budget: with a million at most twice the time, where that is not the time of the memory; a seek 2 µs, Next 200 ns.
func BenchmarkBuffered(b *testing.B) {
	for _, n := range []int{1000, 100_000, 1_000_000} {
		for _, kind := range []string{"", "ranges/"} {
			opt := mse.Options{VideoQuota: 1 << 40}
			s := store(b, n, opt, kind != "")
			benchmark := func(name string, op func(b *testing.B)) {
				b.Run(fmt.Sprintf("%s%s/%d", kind, name, n), func(b *testing.B) {
					b.ReportAllocs()
					for range b.N {
						op(b)
					}
				})
			}
			step, ranges := 1, 1
			if kind != "" {
				step, ranges = 2, s.gops
			}
			random := func() int { return step * s.r.IntN(s.gops) }
			benchmark("replace", func(b *testing.B) { s.append(b, random()) })
			benchmark("remove", func(b *testing.B) {
				g := random()
				s.remove(b, g)
				s.append(b, g)
			})
			benchmark("buffered", func(b *testing.B) { s.buffered(b, ranges) })
			if kind != "" {
				benchmark("remove/buffered", func(b *testing.B) {
					g := random()
					s.remove(b, g)
					s.buffered(b, ranges-1)
					s.append(b, g)
					s.buffered(b, ranges)
				})
			}
			benchmark("append", func(b *testing.B) { s.append(b, step*(s.gops-1)) })

			r, err := s.a.Reader(s.sb.Tracks()[0])
			if err != nil {
				b.Fatal(err)
			}
			inside := func() int { return random()*slabFrames + s.r.IntN(slabFrames) }
			benchmark("seek", func(b *testing.B) { s.seek(b, r, inside()) })
			if kind != "" {
				s.a.Detach()
				continue
			}
			at := 0
			benchmark("near", func(b *testing.B) {
				at = min(max(at+s.r.IntN(2*750)-750, 0), n-1)
				s.seek(b, r, at)
			})
			sum := 0
			benchmark("read", func(b *testing.B) { sum += touch(s.seek(b, r, inside())) })
			raps := make([]*media.CodedFrame, s.gops)
			for g := range raps {
				raps[g] = s.seek(b, r, g*slabFrames)
			}
			benchmark("memory", func(b *testing.B) { sum += touch(raps[(s.r.IntN(len(raps))+sum)%len(raps)]) })
			left := 0
			benchmark("next", func(b *testing.B) {
				if left == 0 {
					s.seek(b, r, 0)
					left = n - 1
				}
				left--
				if _, err := r.Next(context.Background()); err != nil {
					b.Fatal(err)
				}
			})
			if sum == 0 {
				b.Error("nothing was looked at")
			}
			s.a.Detach()
		}
		s := store(b, n, mse.Options{VideoQuota: int64(n * slabPayload)}, false)
		b.Run(fmt.Sprintf("evict/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				g := s.gops + i
				s.a.SetPlayhead(media.FromTicks(int64(g*slabFrames), 25))
				s.append(b, g)
			}
		})
		if got := s.sb.Stats().Frames; got > int64(n+2*slabFrames) {
			b.Errorf("%d frames stored", got)
		}
		s.a.Detach()
	}
}
