package element_test

import (
	"fmt"
	"math"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/element"
)

// updating opens a MediaSource with a SourceBuffer that is updating.
func (p *page) updating(script func()) {
	p.attach()
	p.sb = p.add(bothType, "sb.")
	p.do(func() {
		p.must(p.sb.AppendBuffer([]byte{}))
		is(p, "updating", p.sb.Updating(), true)
		script()
	})
}

var wptSeekable = wptArea{name: "seekable", rows: []wptRow{
	{id: "mediasource-liveseekable/01", run: func(p *page) {
		p.throws("set", p.source("ms.").SetLiveSeekableRange(0, 1), mse.InvalidStateError)
	}},
	{id: "mediasource-liveseekable/02", run: func(p *page) {
		p.throws("clear", p.source("ms.").ClearLiveSeekableRange(), mse.InvalidStateError)
	}},
	{id: "mediasource-liveseekable/03", run: func(p *page) {
		p.updating(func() { p.must(p.ms.SetLiveSeekableRange(0, 1)) })
	}},
	{id: "mediasource-liveseekable/04", run: func(p *page) {
		p.updating(func() { p.must(p.ms.ClearLiveSeekableRange()) })
	}},
	{id: "mediasource-liveseekable/05", run: func(p *page) {
		p.attach()
		p.throws("negative", p.ms.SetLiveSeekableRange(-1, 1), mse.TypeError)
	}},
	{id: "mediasource-liveseekable/06", run: func(p *page) {
		p.attach()
		p.throws("reversed", p.ms.SetLiveSeekableRange(2, 1), mse.TypeError)
	}},
	{id: "mediasource-liveseekable/07", run: func(p *page) {
		p.attach()
		p.must(p.ms.SetLiveSeekableRange(0, 1))
	}},
	{id: "mediasource-liveseekable/08", run: func(p *page) {
		p.attach()
		p.must(p.ms.ClearLiveSeekableRange())
	}},
	{id: "mediasource-liveseekable/09", run: func(p *page) {
		p.attach()
		p.must(p.ms.SetDuration(media.Forever))
		p.must(p.ms.SetLiveSeekableRange(1, 2))
		is(p, "seekable", ranges(p.e.Seekable()), "{[1.000,2.000)}")
		p.must(p.ms.ClearLiveSeekableRange())
		is(p, "seekable after clear", ranges(p.e.Seekable()), "{}")
	}},
	{id: "mediasource-liveseekable/10", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.append(m.init)
		p.must(p.ms.SetDuration(media.Forever))
		p.must(p.ms.SetLiveSeekableRange(40, 42))
		p.append(m.seg[5])
		start, end := m.segment(5)
		p.nearly("buffered", p.e.Buffered(), start, end)
		p.nearly("seekable", p.e.Seekable(), start, 42)
		p.must(p.ms.ClearLiveSeekableRange())
		p.nearly("seekable after clear", p.e.Seekable(), 0, end)
	}},
	{id: "mediasource-seekable/01", run: func(p *page) {
		p.attach()
		p.add(audioType, "sb.")
		is(p, "seekable", ranges(p.e.Seekable()), "{}")
	}},
	{id: "mediasource-seekable/02", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.start(m.init)
		p.wait("durationchange")
		is(p, "duration", duration(p.e), m.duration)
		is(p, "seekable", ranges(p.e.Seekable()), fmt.Sprintf("{[0.000,%.3f)}", float64(m.duration)))
	}},
	{id: "mediasource-seekable/03", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.append(m.init)
		p.wait("durationchange")
		p.must(p.ms.SetDuration(media.Forever))
		p.wait("durationchange")
		is(p, "duration", duration(p.e), media.Forever)
		is(p, "seekable", ranges(p.e.Seekable()), "{}")
		p.append(m.seg[2])
		start, end := m.segment(2)
		p.nearly("buffered", p.e.Buffered(), start, end)
		p.nearly("seekable", p.e.Seekable(), 0, end)
	}},
}}

// plays opens the main medium, plays and appends all of it.
func (p *page) plays() medium {
	p.t.Helper()
	m := p.main()
	p.open(m)
	p.do(func() {
		p.e.Play()
		p.start(m.all())
	})
	p.wait("loadedmetadata", "playing")
	p.settle()
	is(p, "updateend", p.fired("sb.updateend"), 1)
	return m
}

// beyond seeks to t, which is beyond the end, and ends the stream meanwhile.
func (p *page) beyond(t media.Time) {
	p.t.Helper()
	p.clear()
	p.on("seeking", func() {
		p.end(mse.EndNormal)
		is(p, "seeking after the end of stream", p.e.Seeking(), true)
	})
	p.do(func() {
		p.ok("position before", p.e.CurrentTime() < duration(p.e))
		p.e.Seek(t)
		d, _ := p.ms.Duration()
		is(p, "position at once", p.e.CurrentTime(), d)
		is(p, "seeking", p.e.Seeking(), true)
	})
	p.wait("seeking", "timeupdate", "seeked", "ended")
	is(p, "sourceended", p.fired("ms.sourceended"), 1)
	d, _ := p.ms.Duration()
	is(p, "position", p.e.CurrentTime(), d)
	p.never("error")
}

// goesOn is how the pending-seek rows end.
func (p *page) goesOn() {
	p.t.Helper()
	p.do(func() { p.end(mse.EndNormal) })
	p.wait("ms.sourceended")
	p.settle()
	p.ok("plays or has ended", !p.e.Paused() && p.e.ReadyState() >= element.HaveCurrentData || p.e.Ended())
	p.never("error")
}

var wptSeek = wptArea{name: "seek", rows: []wptRow{
	{id: "mediasource-buffered-seek/01", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.do(func() {
			p.e.Play()
			p.start(m.init)
		})
		p.wait("loadedmetadata", "sb.updateend")
		is(p, "readyState", p.e.ReadyState(), element.HaveMetadata)
		is(p, "seeking", p.e.Seeking(), false)
		p.do(func() { p.start(m.seg[0]) })
		p.wait("playing")
		p.do(func() {
			p.ok("readyState", p.e.ReadyState() > element.HaveMetadata)
			p.e.Seek(max(m.times[0].video, m.times[0].audio) / 2)
			is(p, "seeking", p.e.Seeking(), true)
		})
		p.on("seeked", func() { is(p, "seeking in seeked", p.e.Seeking(), false) })
		p.wait("seeking", "seeked")
		p.ok("readyState", p.e.ReadyState() > element.HaveMetadata)
	}},
	{id: "mediasource-play-then-seek-back/01", run: func(p *page) {
		p.plays()
		p.moves()
		p.do(func() {
			p.ok("moved", p.e.CurrentTime() > 0)
			p.e.Seek(0)
			is(p, "seeking", p.e.Seeking(), true)
		})
		p.wait("seeking", "seeked")
		p.moves()
		p.ok("moves again", p.e.CurrentTime() > 0)
		p.never("error")
	}},
	{id: "mediasource-redundant-seek/01", run: func(p *page) {
		p.plays()
		p.ok("duration", duration(p.e) >= 4)
		b := p.e.Buffered()
		p.ok("buffered", len(b) == 1 && b[0].Start <= 1 && b[0].End >= 4)
		p.clear()
		p.do(func() {
			for _, t := range []media.Time{1, 3, 1} {
				p.e.Seek(t)
			}
			is(p, "seeking", p.e.Seeking(), true)
			is(p, "position", p.e.CurrentTime(), 1)
		})
		p.wait("seeking", "timeupdate", "seeked")
		is(p, "seeking afterwards", p.e.Seeking(), false)
		p.ok("position", p.e.CurrentTime() >= 1 && p.e.CurrentTime() < 3)
		p.moves()
		p.ok("position", p.e.CurrentTime() > 1 && p.e.CurrentTime() < 3)
		p.only("seeking seeked", "seeking", "seeked")
	}},
	{id: "mediasource-seek-beyond-duration/01", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.do(func() {
			p.e.Play()
			p.start(m.init)
		})
		p.wait("loadedmetadata")
		p.append(m.seg[0], m.seg[1], m.seg[2])
		p.wait("playing")
		is(p, "duration", duration(p.e), m.duration)
		p.must(p.sb.RemoveWait(p.ctx, 1.5, media.Forever))
		p.moves()
		p.must(p.ms.SetDuration(1.5))
		p.beyond(1.8)
	}},
	{id: "mediasource-seek-beyond-duration/02", run: func(p *page) {
		p.plays()
		p.moves()
		d, _ := p.ms.Duration()
		p.beyond(d)
	}},
	{id: "mediasource-seek-during-pending-seek/01", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.do(func() {
			p.e.Play()
			p.start(m.init)
		})
		p.wait("loadedmetadata", "sb.updateend")
		is(p, "seeking before", p.e.Seeking(), false)
		p.do(func() {
			p.e.Seek(max(m.times[2].video, m.times[2].audio))
			is(p, "seeking", p.e.Seeking(), true)
		})
		p.wait("seeking")
		p.append(m.seg[0])
		p.idle(time.Second)
		is(p, "still seeking", p.e.Seeking(), true)
		is(p, "readyState", p.e.ReadyState(), element.HaveMetadata)
		p.clear()
		p.append(m.seg[2])
		for i := 3; i < len(m.seg) && p.fired("playing") == 0; i++ {
			p.append(m.seg[i])
			p.idle(100 * time.Millisecond)
		}
		p.wait("seeked", "playing")
		p.goesOn()
	}},
	{id: "mediasource-seek-during-pending-seek/02", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.do(func() {
			p.e.Play()
			p.start(m.init)
		})
		p.wait("loadedmetadata", "sb.updateend")
		p.append(m.seg[0])
		p.wait("playing")
		p.ok("readyState", p.e.ReadyState() > element.HaveCurrentData)
		p.clear()
		p.on("seeking", func() {
			p.e.Seek(max(m.times[4].video, m.times[4].audio))
			is(p, "seeking", p.e.Seeking(), true)
		})
		p.do(func() {
			p.e.Seek(max(m.times[2].video, m.times[2].audio))
			is(p, "seeking", p.e.Seeking(), true)
		})
		p.wait("seeking", "seeking")
		p.append(m.seg[2])
		p.idle(100 * time.Millisecond)
		is(p, "still seeking", p.e.Seeking(), true)
		for i := 4; i < len(m.seg) && p.fired("seeked") == 0; i++ {
			p.append(m.seg[i])
			p.idle(100 * time.Millisecond)
		}
		p.wait("seeked")
		is(p, "seeking afterwards", p.e.Seeking(), false)
		is(p, "seeked", p.fired("seeked"), 1)
		p.goesOn()
	}},
}}

// starvation is 3 s of pictures in a movie that declares 10 s.
func starvation(p *page) (init, data []byte) {
	if init, ok := wptFile(p.t, "mp4/h264-starvation-init.mp4"); ok {
		data, _ = wptFile(p.t, "mp4/h264-starvation-media.mp4")
		return init, data
	}
	t := msetest.BuilderTrack{ID: 1, Timescale: 2400, Skip: 100, Entries: []msetest.BuilderEntry{{DecoderConfig: msetest.H264Config(320, 240)}}}
	for i := range int64(72) {
		t.Samples = append(t.Samples, msetest.BuilderSample{PTS: 100 * (i + 1), DTS: 100 * i, Dur: 100, Key: i%24 == 0, Data: msetest.Payload(media.FromTicks(100*i, 2400), 500)})
	}
	b := &msetest.Builder{Tracks: []msetest.BuilderTrack{t}, Duration: 10}
	return b.Init(), b.Segment(1, -1, 100, 3)
}

// tiny are the segments of the row about waiting for sound: a few frames of no length worth mentioning.
func tiny(p *page) (video, audio []byte) {
	const vscale, ascale = 5120000, 12800000
	v, ok := wptFile(p.t, "mp4/test-v-128k-320x240-24fps-8kfr.mp4")
	if ok {
		a, _ := wptFile(p.t, "mp4/test-a-128k-44100Hz-1ch.mp4")
		patch := func(b []byte, scale uint32, at ...int) {
			for _, i := range at {
				b[i], b[i+1], b[i+2], b[i+3] = byte(scale>>24), byte(scale>>16), byte(scale>>8), byte(scale)
			}
		}
		v, a = v[:0x1b1a], a[:0x0830]
		patch(v, vscale, 0x182, 0x353)
		patch(a, ascale, 0x17e, 0x30b)
		return v, a
	}
	vt := msetest.BuilderTrack{ID: 1, Timescale: vscale, Entries: []msetest.BuilderEntry{{DecoderConfig: msetest.H264Config(320, 240)}}}
	for i := range int64(8) {
		vt.Samples = append(vt.Samples, msetest.BuilderSample{PTS: 512*i + 1024, DTS: 512 * i, Dur: 512, Key: i == 0, Data: []byte("x")})
	}
	at := msetest.BuilderTrack{ID: 1, Timescale: ascale, Entries: []msetest.BuilderEntry{{DecoderConfig: aac(44100, 1)}}}
	for i := range int64(10) {
		at.Samples = append(at.Samples, msetest.BuilderSample{PTS: 1024 * i, DTS: 1024 * i, Dur: 1024, Key: true, Data: []byte("x")})
	}
	vb, ab := &msetest.Builder{Tracks: []msetest.BuilderTrack{vt}}, &msetest.Builder{Tracks: []msetest.BuilderTrack{at}}
	return append(vb.Init(), vb.Segment(1, -1, 100, 1)...), append(ab.Init(), ab.Segment(1, -1, 100, 1)...)
}

// feeder appends the same segment again and again, one behind the other.
type feeder struct {
	p     *page
	sb    *mse.SourceBuffer
	data  []byte
	first media.Span // time of the first frame
	next  media.Span
	n     int
}

func (f *feeder) append() {
	p := f.p
	p.must(f.sb.SetTimestampOffset(f.next - f.first))
	p.must(f.sb.Append(p.ctx, append([]byte(nil), f.data...)))
	b, err := f.sb.Buffered()
	p.must(err)
	if want := float64(f.next) + 0.0008; math.Abs(float64(b.End())-want) > 2e-6 {
		p.t.Errorf("append %d ends at %v, want %v", f.n, b.End(), want)
	}
	f.next = media.Span(b.End())
	f.n++
}

var wptPlayback = wptArea{name: "playback", rows: []wptRow{
	{id: "mediasource-h264-play-starved/01", run: func(p *page) {
		init, data := starvation(p)
		p.attach()
		p.sb = p.add(`video/mp4; codecs="avc1.4d001e"`, "sb.")
		p.append(init)
		p.append(data)
		p.do(func() { p.e.Play() })
		for p.e.CurrentTime() < 2 {
			p.wait("timeupdate")
		}
		p.never("error")
	}},
	{id: "mediasource-play/01", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.each("sb.updatestart", func() { is(p, "updating in updatestart", p.sb.Updating(), true) })
		p.each("sb.update", func() { is(p, "updating in update", p.sb.Updating(), false) })
		p.do(func() {
			p.start(m.all())
			is(p, "updating", p.sb.Updating(), true)
		})
		p.wait("sb.updatestart", "sb.update", "sb.updateend")
		d, _ := p.ms.Duration()
		p.ok("duration", d > 1)
		p.do(func() {
			p.must(p.sb.Remove(1, media.Forever))
			is(p, "updating", p.sb.Updating(), true)
		})
		p.wait("sb.updatestart", "sb.update", "sb.updateend")
		p.clear()
		p.do(func() { p.must(p.ms.SetDuration(1)) })
		p.wait("durationchange")
		want := media.Time(1.021678) // the last block of sound
		switch {
		case m.built:
			want = 1.03 // the last picture: there are no reordered ones that go with those that follow
		case m.webm:
			want = 1.013
		}
		p.nearly("seekable", p.e.Seekable(), 0, want)
		is(p, "duration", duration(p.e), p.e.Seekable().End())
		p.do(func() {
			p.end(mse.EndNormal)
			p.e.Play()
		})
		p.wait("ended")
		p.never("error")
	}},
	{id: "mediasource-duration/09", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.do(func() { p.e.Play() })
		p.append(m.all())
		p.wait("playing")
		p.do(func() {
			p.must(p.ms.SetDuration(60))
			is(p, "updating", p.sb.Updating(), false)
		})
		p.wait("durationchange")
		p.moves()
		p.never("error")
	}},
	{id: "mediasource-endofstream/02", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.append(m.all())
		p.never("canplaythrough")
		p.do(func() { p.end(mse.EndNormal) })
		p.wait("canplaythrough")
		is(p, "readyState", p.e.ReadyState(), element.HaveEnoughData)
	}},
	{id: "mediasource-replay/01", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.append(m.all())
		p.do(func() {
			p.end(mse.EndNormal)
			p.e.Seek(6.2)
			p.e.Play()
		})
		p.wait("ended")
		p.do(func() {
			p.e.Play()
			is(p, "position at once", p.e.CurrentTime(), 0)
		})
		p.moves()
		p.ok("plays again", p.e.CurrentTime() > 0 && p.e.CurrentTime() < 1)
		p.never("error")
	}},
	{id: "waiting-for-audio/01", run: func(p *page) {
		v, a := tiny(p)
		p.attach()
		video := &feeder{p: p, sb: p.add(videoType, "v."), data: v, first: 1024.0 / 5120000}
		audio := &feeder{p: p, sb: p.add(audioType, "a."), data: a}
		for range 3 {
			for p.e.ReadyState() < element.HaveFutureData || video.n < audio.n+2 {
				video.append()
				if p.e.ReadyState() < element.HaveFutureData || audio.n == 0 {
					audio.append()
				}
				if video.n > 4000 {
					p.t.Fatal("no end of appending")
				}
			}
			p.must(audio.sb.RemoveWait(p.ctx, 0, media.Forever))
			audio.next, audio.n = 0, 0
			p.on("waiting", func() { p.ok("readyState in waiting", p.e.ReadyState() < element.HaveFutureData) })
			p.clear()
			p.do(func() { p.e.Play() })
			p.wait("waiting")
			p.do(func() { p.e.Pause() })
		}
		p.never("error", "ended")
	}},
	{id: "mediasource-getvideoplaybackquality/01", run: func(p *page) {
		m := p.main()
		p.open(m)
		last := p.e.Quality()
		time.Sleep(time.Millisecond)
		updates := 0
		p.each("timeupdate", func() {
			updates++
			q := p.e.Quality()
			p.ok("creation time rises", q.CreationTime > last.CreationTime)
			p.ok("counts do not fall", q.Total >= last.Total && q.Dropped >= last.Dropped && q.Corrupted >= last.Corrupted)
			p.ok("counts are possible", q.Total < 300 && q.Dropped <= q.Total && q.Corrupted <= q.Total)
			last = q
			time.Sleep(time.Millisecond) // a handler takes time
		})
		p.append(m.all())
		p.do(func() {
			p.end(mse.EndNormal)
			p.ok("duration", duration(p.e) < 10)
			p.e.PlayThen(p.promise("play"))
		})
		p.wait("play:ok", "ended")
		p.settle()
		p.ok("timeupdate", updates > 2)
		p.ok("pictures", last.Total > 100)
		p.never("error")
	}},
}}
