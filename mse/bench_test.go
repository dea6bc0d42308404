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
// measured.
type slabParser struct {
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
			Config: p.config, Data: slabData}
	}
	return true, h.Fragment([]bytestream.TrackFrames{{Track: 1, Frames: frames}})
}

func (p *slabParser) State() bytestream.State { return bytestream.WaitingForSegment }
func (p *slabParser) Reset()                  { p.todo = nil }
func (p *slabParser) Buffered() int           { return 0 }

const slabFrames = 50

var slabData = make([]byte, 16)

// BenchmarkBuffered appends the last GOP of what is buffered and GOPs at random places, seeks to random places and reads
// the first frame, with a thousand frames buffered, which the processor's cache holds, and with as many as it does not hold.
// Budget: an append of a million at most twice as slow; a seek 2 µs, Next 200 ns.
func BenchmarkBuffered(b *testing.B) {
	for _, n := range []uint32{1000, 100_000, 1_000_000} {
		gops := n / slabFrames
		ms := mse.New(mse.Options{VideoQuota: 1 << 40, Private: map[string]func() bytestream.Parser{slabType: func() bytestream.Parser { return &slabParser{} }}})
		a, err := ms.Attach(nil)
		if err != nil {
			b.Fatal(err)
		}
		sb, err := ms.AddSourceBuffer(slabType)
		if err != nil {
			b.Fatal(err)
		}
		ctx := context.Background()
		var all []byte
		for g := range gops {
			all = binary.BigEndian.AppendUint32(all, g)
		}
		if err := sb.Append(ctx, all); err != nil {
			b.Fatal(err)
		}
		if got := sb.Stats().Frames; got != int64(n) {
			b.Fatalf("%d frames", got)
		}
		r := rand.New(rand.NewPCG(1, 1))
		for _, bb := range []struct {
			name  string
			place func() uint32
		}{
			{"append", func() uint32 { return gops - 1 }},
			{"replace", func() uint32 { return uint32(r.IntN(int(gops))) }},
		} {
			b.Run(fmt.Sprintf("%s/%d", bb.name, n), func(b *testing.B) {
				b.ReportAllocs()
				for range b.N {
					if err := sb.Append(ctx, binary.BigEndian.AppendUint32(nil, bb.place())); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		reader, err := a.Reader(sb.Tracks()[0])
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("seek/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				reader.Seek(media.FromTicks(int64(r.IntN(int(n))), 25), media.Gen(i))
				if _, err := reader.Next(ctx); !errors.Is(err, mse.ErrSeeked) {
					b.Fatal(err)
				}
				if _, err := reader.Next(ctx); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("next/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			left := 0
			for i := range b.N {
				if left == 0 {
					reader.Seek(0, media.Gen(i))
					_, _ = reader.Next(ctx)
					left = int(n)
				}
				left--
				if _, err := reader.Next(ctx); err != nil {
					b.Fatal(err)
				}
			}
		})
		a.Detach()
	}
}
