package mse_test

import (
	"mseplayer/mse"
	"mseplayer/mse/media"
)

// wptAppend is about appendBuffer and sequence mode.
var wptAppend = wptArea{"append", []wptRow{
	{"mediasource-append-buffer/01", func(p *page) { p.append(p.loaded(), p.main.all()) }, nil},
	{"mediasource-append-buffer/02", func(p *page) {
		sb := p.loaded()
		p.start(sb, p.main.all())
		p.fails(sb.AppendBuffer(p.main.init), mse.InvalidStateError)
		p.is("updating", sb.Updating(), true)
		p.want("sb", appended...)
	}, nil},
	{"mediasource-append-buffer/03", func(p *page) {
		sb := p.loaded()
		p.start(sb, p.main.all())
		p.ok(sb.Abort())
		p.is("updating", sb.Updating(), false)
		p.want("sb", "updatestart", "abort", "updateend")
	}, nil},
	{"mediasource-append-buffer/04", func(p *page) { p.reopens(p.main.all()) }, nil},
	{"mediasource-append-buffer/05", func(p *page) { p.reopens([]byte{}) }, nil},
	{"mediasource-append-buffer/06", func(p *page) {
		sb := p.loaded()
		p.want("buffers", "addsourcebuffer")
		p.start(sb, p.main.all())
		p.is("active", p.ms.ActiveSourceBuffers().Len(), 0)
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.is("updating", sb.Updating(), false)
		p.want("sb", "updatestart", "abort", "updateend")
		p.want("buffers", "removesourcebuffer")
		p.fails(sb.AppendBuffer(p.main.init), mse.InvalidStateError)
	}, nil},
	{"mediasource-append-buffer/07", func(p *page) {
		p.start(p.loaded(), p.main.all())
		p.fails(p.ms.SetDuration(1), mse.InvalidStateError)
		p.want("sb", appended...)
	}, nil},
	{"mediasource-append-buffer/08", func(p *page) {
		p.start(p.loaded(), p.main.all())
		p.fails(p.ms.EndOfStream(mse.EndNormal), mse.InvalidStateError)
		p.is("state", p.ms.ReadyState(), mse.Open)
		p.want("sb", appended...)
		p.is("state", p.ms.ReadyState(), mse.Open)
		p.never("ms", "sourceended")
	}, nil},
	{"mediasource-append-buffer/09", func(p *page) {
		sb := p.loaded()
		p.start(sb, p.main.all())
		p.fails(sb.SetTimestampOffset(10), mse.InvalidStateError)
		p.want("sb", appended...)
	}, nil},
	{"mediasource-append-buffer/10", func(p *page) { p.append(p.add(videoType), []byte{}) }, nil},
	{"mediasource-append-buffer/14", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.init[:len(p.main.init)/2])
		p.is("ready", p.ready, 0)
		p.is("duration", p.duration(), nan)
		p.append(sb, p.main.init[len(p.main.init)/2:])
		p.is("ready", p.ready, 1)
		p.near("duration", p.duration(), p.main.duration, 0.001)
		p.append(sb, p.main.seg[0])
		p.is("ready", p.ready, 2)
		p.want("player", "durationchange", "loadedmetadata", "loadeddata")
		p.is("state", p.ms.ReadyState(), mse.Open)
	}, nil},
	{"mediasource-append-buffer/15", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.init)
		p.is("ready", p.ready, 1)
		half := len(p.main.seg[0]) / 2
		p.append(sb, p.main.seg[0][:half])
		p.append(sb, p.main.seg[0][half:])
		p.is("ready", p.ready, 2)
		p.is("state", p.ms.ReadyState(), mse.Open)
	}, nil},
	{"mediasource-append-buffer/16", func(p *page) {
		sb := p.loaded()
		p.pump()
		delete(p.events, "all")
		p.append(sb, p.main.init)
		p.append(sb, p.main.seg[0])
		p.want("all", "sb.updatestart", "player.durationchange", "player.video.addtrack", "player.audio.addtrack", "active.addsourcebuffer",
			"player.loadedmetadata", "sb.update", "sb.updateend", "sb.updatestart", "player.loadeddata", "sb.update", "sb.updateend")
	}, nil},
	{"mediasource-append-buffer/17", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.init[:len(p.main.init)/2])
		p.ok(sb.Abort())
		p.append(sb, p.main.init)
		p.append(sb, p.main.seg[0])
		p.is("ready", p.ready, 2)
	}, nil},
	{"mediasource-append-buffer/18", func(p *page) {
		sb := p.loaded()
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.pump()
		p.fails(sb.Abort(), mse.InvalidStateError)
	}, nil},
	{"mediasource-append-buffer/19", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.init)
		p.append(sb, p.main.seg[0])
		b, _ := sb.Buffered()
		p.is("ranges", len(b), 1)
		p.is("state", p.ms.ReadyState(), mse.Open)
		p.eos()
		p.fails(sb.Abort(), mse.InvalidStateError)
	}, nil},
	{"mediasource-append-buffer/20", func(p *page) {
		sb := p.loaded()
		p.ok(sb.SetAppendWindowStart(1))
		p.ok(sb.SetAppendWindowEnd(100))
		p.append(sb, p.main.all())
		p.ok(sb.Abort())
		p.is("window", []media.Time{sb.AppendWindowStart(), sb.AppendWindowEnd()}, []media.Time{0, inf})
	}, nil},
	{"mediasource-append-buffer/21", func(p *page) {
		sb := p.add(videoType)
		p.fails(sb.AppendBuffer(nil), mse.TypeError)
		p.want("sb")
	}, nil},
	{"mediasource-append-buffer/22", func(p *page) {
		sb := p.loaded()
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.fails(sb.AppendBuffer(p.main.init), mse.InvalidStateError)
	}, nil},
	{"mediasource-appendbuffer-quota-exceeded/01", func(p *page) {
		m := file(p.T, fileA)
		p = newPageWith(p.T, p.main, mse.Options{AudioQuota: 100 << 10})
		sb := p.add(m.typ)
		p.ok(sb.SetMode(mse.Sequence))
		full := false
		for range 1000 {
			p.pump()
			delete(p.events, "sb")
			before, _ := sb.Buffered()
			if err := sb.AppendBuffer(m.all()); err != nil {
				p.fails(err, mse.QuotaExceededError)
				p.is("updating", sb.Updating(), false)
				p.want("sb")
				after, _ := sb.Buffered()
				p.is("buffered", after, before)
				full = true
				break
			}
			p.want("sb", appended...)
			b, _ := sb.Buffered()
			p.is("ranges", len(b), 1)
		}
		p.is("full", full, true)
	}, nil},
	{"mediasource-sequencemode-append-buffer/01", func(p *page) {
		sb := p.sequence(p.main.seg[0])
		p.near("offset", media.Time(sb.TimestampOffset()), 0, 0.001)
		start, end, eos := media.Time(0.095), media.Time(0.882), "{ [0.095, 0.897) }"
		if p.main.webm() {
			start, end, eos = 0.112, 0.912, "{ [0.112, 0.913) }"
		}
		p.sequenced(sb, start, end, eos)
	}, nil},
	{"mediasource-sequencemode-append-buffer/02", func(p *page) {
		sb := p.sequence(p.main.seg[1])
		offset, start, end, eos := media.Time(-0.882358), media.Time(0.014), media.Time(0.789), "{ [0.014, 0.814) }"
		if p.main.webm() {
			offset, start, end, eos = -0.912, 0.001, 0.789, ""
		}
		p.near("offset", media.Time(sb.TimestampOffset()), offset, 0.001)
		p.sequenced(sb, start, end, eos)
	}, nil},
	{"mediasource-sequencemode-append-buffer/03", func(p *page) {
		sb := p.sequence(p.main.seg[1], p.main.seg[0])
		offset, start, end, eos := media.Time(0.814308), media.Time(0.014), media.Time(1.697), "{ [0.014, 1.711) }"
		if p.main.webm() {
			offset, start, end, eos = 0.802, 0.001, 1.714, ""
		}
		p.near("offset", media.Time(sb.TimestampOffset()), offset, 0.001)
		p.sequenced(sb, start, end, eos)
	}, nil},
	{"pr59019-h264-sei-recovery/01", func(p *page) {
		m := file(p.T, "generated/h264-sei-recovery-media.mp4")
		sb := p.add(m.typ)
		p.append(sb, m.init)
		p.append(sb, m.seg[len(m.seg)-1])
		p.buffered(sb, "{ [1.042, 2.083) }")
	}, nil},
	{"pr7929-open-gop/01", func(p *page) {
		b := p.whole(vp8)
		sb := p.add(vp8.typ(false))
		p.ok(sb.SetAppendWindowStart(0.01))
		p.append(sb, b)
		r, _ := sb.Buffered()
		p.is("begins with the second key frame", len(r) == 1 && r[0].Start > 0.3, true)
	}, []codec{vp8}},
	{"part of pr7929-open-gop/02", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.init)
		// The segment without its first, random access, picture: the sound in it is there, no picture is.
		p.ok(sb.SetAppendWindowStart(0.115))
		p.append(sb, p.main.seg[0])
		p.buffered(sb, "{ }")
		p.append(sb, p.main.seg[1])
		if b, _ := sb.Buffered(); len(b) != 1 {
			p.Errorf("%s: buffered %s", p.main.name, b)
		}
		p.is("error", p.code, 0)
	}, nil},
}}

// reopens appends the main file, ends the stream and appends b.
func (p *page) reopens(b []byte) {
	p.Helper()
	sb := p.loaded()
	p.append(sb, p.main.all())
	p.eos()
	delete(p.events, "sb")
	p.start(sb, b)
	p.is("state", p.ms.ReadyState(), mse.Open)
	p.want("ms", "sourceopen")
	p.want("sb", appended...)
	p.is("state", p.ms.ReadyState(), mse.Open)
}

// sequence appends segments in sequence mode.
func (p *page) sequence(segs ...[]byte) *mse.SourceBuffer {
	p.Helper()
	sb := p.loaded()
	p.ok(sb.SetMode(mse.Sequence))
	p.append(sb, p.main.init)
	p.is("offset", sb.TimestampOffset(), media.Span(0))
	for _, s := range segs {
		p.append(sb, s)
	}
	return sb
}

// sequenced checks what is buffered, before and after the end of the stream.
func (p *page) sequenced(sb *mse.SourceBuffer, start, end media.Time, eos string) {
	p.Helper()
	b, _ := sb.Buffered()
	if len(b) == 0 {
		p.Fatalf("%s: nothing is buffered", p.main.name)
	}
	p.near("start", b[0].Start, start, 0.001)
	p.is("end", b[0].End <= end+0.001, true)
	p.eos()
	b, _ = sb.Buffered()
	if eos != "" {
		p.ranges("after the end", b, eos)
	} else {
		p.is("one range", len(b), 1)
	}
}
