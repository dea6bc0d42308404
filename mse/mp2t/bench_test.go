package mp2t_test

import (
	"runtime"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/mp2t"
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

// broadcast makes seconds of 1080p at a bit rate, with AAC of 128 kbit/s beside it if sound is set.
func broadcast(seconds, bitsPerSecond int, sound bool) []byte {
	var m muxer
	list := []stream{videoOnly}
	if sound {
		list = append(list, stream{0x0f, soundPID, nil})
	}
	sets := cat(avcSPS(1920, 1080, frameTicks, true), avcPPS(0))
	noise := make([]byte, bitsPerSecond/8)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x>>24) | 1 // no start codes
	}
	samples := int64(0)
	for i := range int64(seconds) * 25 {
		key, size := i%50 == 0, bitsPerSecond/8/25/2
		if key {
			m.tables(list...)
			size *= 26
		}
		size = min(size, len(noise))
		au := cat(avcAUD, avcSlice(1, 0, 0, 4), noise[:size])
		if key {
			au = cat(avcAUD, sets, avcSlice(5, 0, 0, 4), noise[:size])
		}
		m.video(i*frameTicks, untimed, au)
		for sound && samples*90000/48000 < (i+1)*frameTicks {
			pts := samples * 90000 / 48000
			var frames []byte
			for range 4 {
				frames = append(frames, adtsFrame(3, 2, int(samples), 334)...)
				samples += 1024
			}
			m.sound(pts, frames)
		}
	}
	return m.b
}

// BenchmarkFeed pushes 10 s of 1080p at 8 Mbit/s. Every byte of payload has to be copied at least once, since it lies
// in pieces of less than 188 bytes: BenchmarkCopy is the bound. Budget: a third of it.
func BenchmarkFeed(b *testing.B) {
	videoOnly, muxed := broadcast(10, 8_000_000, false), broadcast(10, 8_000_000, true)
	soundOnly := sounds()
	for _, bb := range []struct {
		name  string
		b     []byte
		piece int
	}{
		{"video/whole", videoOnly, len(videoOnly)},
		{"video/64KiB", videoOnly, 64 << 10},
		{"video/1316B", videoOnly, 1316},
		{"muxed/whole", muxed, len(muxed)},
		{"sounds/whole", soundOnly, len(soundOnly)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			pieces := bytestreamtest.CutUp(bb.b, bb.piece)
			h := &sink{}
			b.SetBytes(int64(len(bb.b)))
			b.ReportAllocs()
			for b.Loop() {
				p := mp2t.New()
				for _, piece := range pieces {
					p.Push(piece)
					if err := bytestream.Drain(p, h); err != nil {
						b.Fatal(err)
					}
				}
				if err := p.Flush(h); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(h.frames)/b.Elapsed().Seconds(), "frames/s")
			b.ReportMetric(float64(h.portions)/float64(b.N), "portions/op")
		})
	}
}

// BenchmarkCopy copies the payloads of the packets one behind the other into new blocks.
func BenchmarkCopy(b *testing.B) {
	in := broadcast(10, 8_000_000, false)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		var block []byte
		for rest := in; len(rest) > 0; rest = rest[packetSize:] {
			if len(block)+payloadMax > cap(block) {
				block = make([]byte, 0, 512<<10)
			}
			block = append(block, rest[4:packetSize]...)
		}
	}
}

// TestAllocations proves that what a stream costs does not depend on how many frames it is cut into.
func TestAllocations(t *testing.T) {
	build := func(rateIndex byte, frames int) []byte {
		var m muxer
		m.tables(stream{0x0f, soundPID, nil})
		for second := range int64(20) {
			var b []byte
			for i := range frames {
				b = append(b, adtsFrame(rateIndex, 2, i, 12000/frames-7)...)
			}
			for i := range 10 { // no PES packet holds whole frames only
				pts := int64(untimed)
				if i == 0 {
					pts = second * 90000
				}
				m.sound(pts, b[i*len(b)/10:(i+1)*len(b)/10])
			}
		}
		return m.b
	}
	measure := func(b []byte) (allocs float64, frames int) {
		p, h := mp2t.New(), &sink{}
		allocs = testing.AllocsPerRun(20, func() {
			h.frames = 0
			p.Push(b)
			if err := bytestream.Drain(p, h); err != nil {
				t.Fatal(err)
			}
			if err := p.Flush(h); err != nil {
				t.Fatal(err)
			}
			p.Reset()
		})
		return allocs, h.frames
	}
	few, fewFrames := measure(build(11, 8))   // 8 kHz, 7.8 frames a second
	many, manyFrames := measure(build(0, 94)) // 96 kHz, 93.75 frames a second
	t.Logf("%v allocations for %d frames, %v for %d", few, fewFrames, many, manyFrames)
	if manyFrames < 10*fewFrames {
		t.Fatalf("%d and %d frames", fewFrames, manyFrames)
	}
	const perSecond = 12 // two for each portion of a quarter of a second, and the blocks
	if many > 20*perSecond || many > few+20*2 {
		t.Errorf("%v allocations for %d frames, %v for %d, want at most %d", few, fewFrames, many, manyFrames, 20*perSecond)
	}
	video := broadcast(20, 2_000_000, false)
	if n, frames := measure(video); n > 20*(perSecond+3) { // and the repeated tables' worth of blocks
		t.Errorf("%v allocations for 20 s of video in %d frames", n, frames)
	}
}

// TestNothingIsSizedByHeaders feeds headers that promise much and counts the memory that they cost.
func TestNothingIsSizedByHeaders(t *testing.T) {
	var m muxer
	m.tables(stream{0x0f, soundPID, nil}, videoOnly)
	m.packets(soundPID, []byte{0, 0, 1, streamIDA, 0xff, 0xff, 0x80, 0, 0, 0xff, 0xf1, 0x4c, 0x83, 0xff, 0xff, 0xfc})
	m.packets(videoPID, []byte{0, 0, 1, streamIDV, 0xff, 0xff, 0x80, 0, 0xff})
	p, h := mp2t.New(), &sink{}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const runs = 10
	for range runs {
		p.Reset()
		if err := bytestreamtest.Feed(p, h, m.b); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) / runs; n > 64<<10 {
		t.Errorf("%d bytes allocated for %d bytes of input", n, len(m.b))
	}
}

// TestFramesKeepTheirBytes proves that frames stay what they were while the stream goes on.
func TestFramesKeepTheirBytes(t *testing.T) {
	b := broadcast(3, 4_000_000, true)
	whole, _, err := parse(b)
	if err != nil {
		t.Fatal(err)
	}
	p, r := mp2t.New(), &recorder{}
	for _, piece := range bytestreamtest.CutUp(b, 1000) {
		if err := bytestreamtest.Feed(p, r, piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(r); err != nil {
		t.Fatal(err)
	}
	if r.Log.String() != whole.Log.String() {
		t.Fatal("another log in pieces")
	}
	for id, frames := range r.Frames {
		for i := range frames {
			if got, want := string(frames[i].Data), string(whole.Frames[id][i].Data); got != want {
				t.Fatalf("PID %d frame %d has changed since it was handed out", id, i)
			}
			if cap(frames[i].Data) != len(frames[i].Data) {
				t.Fatalf("PID %d frame %d could be appended to", id, i)
			}
		}
	}
}
