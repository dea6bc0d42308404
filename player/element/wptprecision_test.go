package element_test

import (
	"encoding/binary"
	"math"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/element"
)

// minute is a video file whose frames last 512 ticks of a very fine timescale: the real file with its timescale patched,
// or one like it.
func minute(p *page, name string, width, height int, scale uint32, frames int) []byte {
	if data, ok := wptFile(p.t, name); ok {
		for _, at := range []int{0x182, 0x353} {
			binary.BigEndian.PutUint32(data[at:], scale)
		}
		if frames == 8 {
			data = data[:0x1b1a] // the first segment
		}
		return data
	}
	t := msetest.BuilderTrack{ID: 1, Timescale: scale, Entries: []msetest.BuilderEntry{{DecoderConfig: msetest.H264Config(width, height)}}}
	for i := range int64(frames) {
		t.Samples = append(t.Samples, msetest.BuilderSample{PTS: 512 * (i + 2), DTS: 512 * i, Dur: 512, Key: i == 0, Data: []byte("x")})
	}
	b := &msetest.Builder{Tracks: []msetest.BuilderTrack{t}}
	return append(b.Init(), b.Segment(1, -1, 100, 1)...)
}

// near checks a time to a microsecond.
func (p *page) near(what string, got, want media.Time) {
	p.t.Helper()
	if math.Abs(float64(got-want)) > 1e-6 {
		p.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// prepares is the row that a file of such frames can be made, and is one.
func prepares(id string, scale uint32, frames int, names ...string) wptRow {
	return wptRow{id: id, run: func(p *page) {
		for _, name := range names {
			p.attach()
			p.sb = p.add(videoType, "sb.")
			p.append(minute(p, name, 320, 240, scale, frames))
			b, err := p.sb.Buffered()
			p.must(err)
			if want := media.Time(512*frames) / media.Time(scale); len(b) == 0 || math.Abs(float64(b[0].Len())/float64(want)-1) > 1e-6 {
				p.t.Errorf("%s: buffered %s, want %v", name, b, want)
			}
		}
	}}
}

var wptPrecision = wptArea{name: "precision", rows: []wptRow{
	prepares("SourceBuffer-short-frame-endOfStream/01", 512*8e6, 8, "mp4/test-v-128k-320x240-24fps-8kfr.mp4"),
	prepares("last-frame-dimensions/01", 512*0.5e6, 60, "mp4/test-v-128k-320x240-30fps-10kfr.mp4", "mp4/test-v-128k-640x480-30fps-10kfr.mp4"),
	{id: "SourceBuffer-short-frame-endOfStream/02", run: func(p *page) {
		p.attach()
		p.sb = p.add(videoType, "sb.")
		p.append(minute(p, "mp4/test-v-128k-320x240-24fps-8kfr.mp4", 320, 240, 512*8e6, 8))
		is(p, "mode", p.sb.Mode(), mse.Segments)
		b, err := p.sb.Buffered()
		p.must(err)
		if len(b) != 1 {
			p.t.Fatalf("buffered %s", b)
		}
		p.near("start", b[0].Start, 2/8e6)
		p.near("end", b[0].End, 10/8e6)
		p.do(func() {
			p.end(mse.EndNormal)
			d, _ := p.ms.Duration()
			is(p, "duration", d, b[0].End)
			is(p, "player's duration", duration(p.e), d)
			p.e.Play()
		})
		p.wait("ended")
		d, _ := p.ms.Duration()
		is(p, "position", p.e.CurrentTime(), d)
		p.never("error")
	}},
	{id: "last-frame-dimensions/02", run: func(p *page) {
		const frame = 1 / 0.5e6
		small := minute(p, "mp4/test-v-128k-320x240-30fps-10kfr.mp4", 320, 240, 512*0.5e6, 10)
		large := minute(p, "mp4/test-v-128k-640x480-30fps-10kfr.mp4", 640, 480, 512*0.5e6, 10)
		p.attach()
		p.sb = p.add(videoType, "sb.")
		p.must(p.sb.SetAppendWindowEnd(3 * frame))
		p.append(small)
		p.must(p.sb.SetTimestampOffset(frame))
		p.must(p.sb.SetAppendWindowEnd(4 * frame))
		p.append(large)
		width := func() int { w, _ := p.e.VideoSize(); return w }
		p.on("canplaythrough", func() {
			is(p, "width", width(), 320)
			p.near("duration", duration(p.e), 4*frame)
		})
		p.do(func() { p.end(mse.EndNormal) })
		p.wait("canplaythrough")
		p.on("ended", func() {
			is(p, "width at the end", width(), 640)
			is(p, "position", p.e.CurrentTime(), duration(p.e))
		})
		p.do(func() { p.e.Play() })
		p.wait("ended")
		p.never("error")
	}},
	{id: "mediasource-remove-preserves-currentTime/01", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.append(m.all())
		p.do(func() { p.e.Play() })
		p.wait("playing")
		last := media.Time(0)
		rises := func() {
			p.t.Helper()
			if t := p.e.CurrentTime(); t < last {
				p.t.Errorf("position %s after %s", t, last)
			} else {
				last = t
			}
		}
		for last < 0.1 {
			p.wait("timeupdate")
			rises()
		}
		p.must(p.sb.RemoveWait(p.ctx, 0, 10))
		for range 10 {
			rises()
			p.idle(50 * time.Millisecond)
		}
		p.ok("readyState", p.e.ReadyState() <= element.HaveCurrentData)
	}},
	{id: "pr7929-open-gop/02", run: func(p *page) {
		// A segment that begins in the middle of a group of pictures, and the next one.
		b := &msetest.Builder{}
		v := msetest.BuilderTrack{ID: 1, Timescale: 1000, Entries: []msetest.BuilderEntry{{DecoderConfig: msetest.H264Config(400, 300)}}}
		for i := range int64(50) {
			v.Samples = append(v.Samples, msetest.BuilderSample{PTS: 40 * i, DTS: 40 * i, Dur: 40, Key: i == 10 || i == 35, Data: []byte("x")})
		}
		b.Tracks = append(b.Tracks, v)
		p.attach()
		p.sb = p.add(videoType, "sb.")
		p.append(b.Init())
		p.append(b.Segment(1, 0, 100, 1))
		is(p, "buffered", ranges(p.e.Buffered()), "{[0.400,2.000)}")
		p.do(func() { p.e.Play() })
		p.wait("playing")
		p.never("error")
	}},
}}
