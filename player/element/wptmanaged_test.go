package element_test

import (
	"math"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/element"
)

// openManaged is open with a ManagedMediaSource.
func (p *page) openManaged(m medium) {
	p.t.Helper()
	p.options.Managed = true
	p.open(m)
}

// reaches waits until playback has come to t.
func (p *page) reaches(t media.Time) {
	p.t.Helper()
	for p.e.CurrentTime() < t {
		p.wait("timeupdate")
	}
}

// end0 is the end of the first range.
func (p *page) end0() media.Time {
	p.t.Helper()
	b := p.e.Buffered()
	if len(b) == 0 {
		p.t.Fatalf("nothing is buffered; state %+v", p.e.State())
	}
	return b[0].End
}

// stopsAtEnd waits for waiting, and checks that playback has come exactly to the end of the first range.
func (p *page) stopsAtEnd() {
	p.t.Helper()
	p.wait("waiting")
	is(p, "position", p.e.CurrentTime(), p.end0())
	is(p, "readyState", p.e.ReadyState(), element.HaveCurrentData)
}

// endsAfterStall ends the stream while playback waits for data that one of the tracks does not have.
func (p *page) endsAfterStall() {
	p.t.Helper()
	was := p.end0()
	p.do(func() { p.end(mse.EndNormal) })
	p.wait("ms.sourceended", "ended")
	p.ok("buffered has grown", p.end0() > was)
	is(p, "end of what is buffered", p.end0(), duration(p.e))
	is(p, "position", p.e.CurrentTime(), duration(p.e))
	p.never("error")
}

// adts makes the blocks of an AAC file that is one of the suite's, 2.043 s of 44100 Hz, into an ADTS stream.
func adts() (stream []byte) {
	const payload, index, channels = 100, 4, 1
	for range 88 {
		n := payload + 7
		stream = append(stream, 0xff, 0xf1, 1<<6|index<<2, channels<<6|byte(n>>11), byte(n>>3), byte(n<<5)|0x1f, 0xfc)
		stream = append(stream, make([]byte, payload)...)
	}
	return stream
}

var wptManaged = wptArea{name: "managed", rows: []wptRow{
	{id: "webkit-managedmse/16", run: func(p *page) {
		m := bothMedium(p.t)
		p.openManaged(m)
		p.append(m.all())
		p.do(func() { p.e.Play() })
		p.reaches(0.5)
		p.must(p.sb.RemoveWait(p.ctx, 0, media.Forever))
		p.wait("waiting")
		p.append(m.all())
		p.wait("playing")
		p.stopsAtEnd()
		p.endsAfterStall()
	}},
	{id: "webkit-managedmse/17", run: func(p *page) {
		m := p.main()
		p.openManaged(m)
		p.e.SetAutoplay(true)
		p.append(m.init)
		for _, s := range m.seg[:4] {
			p.append(s)
		}
		p.wait("playing")
		p.stopsAtEnd()
		at := p.end0()
		p.append(m.seg[4])
		p.wait("playing")
		p.reaches(at + 0.1)
		p.never("error")
	}},
	{id: "webkit-managedmse/18", run: func(p *page) {
		m := bothMedium(p.t)
		p.openManaged(m)
		p.append(m.all())
		p.do(func() { p.e.Play() })
		p.stopsAtEnd()
		p.endsAfterStall()
	}},
	{id: "webkit-managedmse/19", run: func(p *page) {
		m := p.main()
		p.openManaged(m)
		p.append(m.init, m.seg[0], m.seg[1], m.seg[3])
		is(p, "ranges", len(p.e.Buffered()), 2)
		last := element.HaveNothing
		p.each("timeupdate", func() { last = p.e.ReadyState() })
		p.on("waiting", func() {
			is(p, "readyState at the last timeupdate", last, element.HaveCurrentData)
			is(p, "readyState", p.e.ReadyState(), element.HaveCurrentData)
			is(p, "position", p.e.CurrentTime(), p.end0())
		})
		p.do(func() { p.e.Play() })
		p.wait("playing", "waiting")
		p.settle()
	}},
	{id: "webkit-managedmse/20", run: func(p *page) {
		m := p.main()
		p.openManaged(m)
		p.append(m.all())
		p.do(func() { p.e.Play() })
		p.wait("playing")
		p.do(func() { p.e.Seek(1) })
		p.wait("seeked")
		p.reaches(1.5)
		p.must(p.sb.RemoveWait(p.ctx, 1, duration(p.e)))
		p.wait("waiting")
		is(p, "readyState", p.e.ReadyState(), element.HaveMetadata)
		at := p.e.CurrentTime()
		p.idle(500 * time.Millisecond)
		is(p, "position after 500 ms", p.e.CurrentTime(), at)
		p.append(m.all())
		p.reaches(2)
		p.ok("readyState", p.e.ReadyState() >= element.HaveCurrentData)
		p.never("error")
	}},
	{id: "webkit-managedmse/21", run: func(p *page) {
		m := p.main()
		p.openManaged(m)
		p.append(m.init, m.seg[0], m.seg[2])
		p.do(func() { p.e.Play() })
		p.wait("playing")
		p.stopsAtEnd()
		p.do(func() { p.e.Pause() })
		at := p.e.CurrentTime()
		p.append(m.seg[1])
		p.idle(time.Second)
		is(p, "position", p.e.CurrentTime(), at)
		is(p, "paused", p.e.Paused(), true)
	}},
	{id: "webkit-managedmse/23", run: func(p *page) {
		p.openManaged(medium{typ: "audio/aac"})
		p.append(adts())
		p.do(func() { p.end(mse.EndNormal) })
		p.wait("ms.sourceended")
		p.settle()
		is(p, "ranges", len(p.e.Buffered()), 1)
		is(p, "readyState", p.e.ReadyState(), element.HaveEnoughData)
		p.do(func() { p.e.Play() })
		p.wait("playing")
		p.moves()
		p.never("error")
	}},
	{id: "webkit-managedmse/24", run: func(p *page) {
		p.openManaged(medium{typ: "audio/aac"})
		p.append(adts())
		end := p.end0()
		p.must(p.sb.RemoveWait(p.ctx, 0, 1))
		p.settle()
		b := p.e.Buffered()
		p.ok("the beginning is gone", len(b) == 1 && b[0].Start >= 1 && b[0].Start < 1.1)
		p.ok("the end is where it was", math.Abs(float64(b.End()-end)) <= 0.05)
	}},
}}
