package mse_test

import (
	"encoding/binary"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

// wptBuffered is about buffered, seekable, the precision of times.
var wptBuffered = wptArea{"buffered", []wptRow{
	{"part of mediasource-buffered/01", func(p *page) {
		p.main = &medium{name: vp8.file} // compared with the tolerance of WebM
		a, v := p.add(vorbis.typ(false)), p.add(vp8.typ(false))
		p.append(a, p.whole(vorbis))
		p.append(v, file(p.T, "webm/test-v-128k-320x240-30fps-10kfr.webm").all())
		p.buffered(a, "{ [0.000, 2.023) }")
		p.buffered(v, "{ [0.000, 2.001) }")
		p.ranges("element", p.att.Buffered(), "{ [0.000, 2.001) }")
		p.eos()
		p.ranges("element", p.att.Buffered(), "{ [0.000, 2.023) }")
	}, []codec{vorbis, vp8}},
	{"part of mediasource-buffered/02", func(p *page) {
		p.main = &medium{name: vp8.file}
		sb := p.add(`video/webm; codecs="vp8,vorbis"`)
		p.append(sb, file(p.T, "webm/test-av-384k-44100Hz-1ch-320x240-30fps-10kfr.webm").all())
		p.buffered(sb, "{ [0.003, 2.004) }")
		p.eos()
		p.buffered(sb, "{ [0.003, 2.023) }")
	}, []codec{vp8}},
	{"mediasource-buffered/01", func(p *page) {
		ma, mv := file(p.T, fileA), file(p.T, fileV)
		a, v := p.add(ma.typ), p.add(mv.typ)
		p.append(a, ma.all())
		p.append(v, mv.all())
		p.buffered(a, "{ [0.000, 2.043) }")
		p.buffered(v, "{ [0.067, 2.067) }")
		p.ranges("element", p.att.Buffered(), "{ [0.067, 2.043) }")
		p.eos()
		p.buffered(a, "{ [0.000, 2.043) }")
		p.buffered(v, "{ [0.067, 2.067) }")
		p.ranges("element", p.att.Buffered(), "{ [0.067, 2.067) }")
	}, nil},
	{"mediasource-buffered/02", func(p *page) {
		m := file(p.T, fileAV)
		sb := p.add(m.typ)
		p.append(sb, m.all())
		p.buffered(sb, "{ [0.067, 2.043) }")
		p.ranges("element", p.att.Buffered(), "{ [0.067, 2.043) }")
		p.eos()
		p.buffered(sb, "{ [0.067, 2.067) }")
		p.ranges("element", p.att.Buffered(), "{ [0.067, 2.067) }")
	}, nil},
	{"mediasource-buffered/03", func(p *page) {
		ma, mv := file(p.T, fileA), file(p.T, fileV)
		a, v := p.add(ma.typ), p.add(mv.typ)
		p.append(a, ma.all())
		p.append(v, mv.init)
		for range 2 {
			p.buffered(a, "{ [0.000, 2.043) }")
			p.buffered(v, "{ }")
			p.ranges("element", p.att.Buffered(), "{ }")
			if p.ms.ReadyState() == mse.Open {
				p.eos()
			}
		}
	}, nil},
	{"mediasource-buffered/04", func(p *page) {
		m := file(p.T, fileAV)
		sb := p.add(m.typ)
		p.append(sb, m.all()[:len(m.init)+len(m.seg[0])/6]) // some pictures of the first segment, no sound
		for range 2 {
			p.buffered(sb, "{ }")
			p.ranges("element", p.att.Buffered(), "{ }")
			if p.ms.ReadyState() == mse.Open {
				p.eos()
			}
		}
	}, nil},
	{"mediasource-buffered/05", func(p *page) {
		p.buffered(p.add(audioType), "{ }")
		p.ranges("element", p.att.Buffered(), "{ }")
	}, nil},
	{"mediasource-buffered/06", func(p *page) {
		p.append(p.loaded(), p.main.init)
		p.buffered(p.ms.SourceBuffers().At(0), "{ }")
		p.buffered(p.ms.ActiveSourceBuffers().At(0), "{ }")
		p.ranges("element", p.att.Buffered(), "{ }")
	}, nil},
	{"mediasource-buffered/07", func(p *page) {
		sb := p.loaded()
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.want("buffers", "addsourcebuffer", "removesourcebuffer")
		_, err := sb.Buffered()
		p.fails(err, mse.InvalidStateError)
	}, nil},
	{"mediasource-buffered/08", func(p *page) {
		sb := p.loaded()
		a, _ := sb.Buffered()
		p.is("nothing", a == nil, true)
		p.append(sb, p.main.all())
		a, _ = sb.Buffered()
		b, _ := sb.Buffered()
		p.is("the same object", &a[0] == &b[0], true)
		kept := a.String()
		p.remove(sb, 1, 3)
		c, _ := sb.Buffered()
		p.is("another object", &a[0] == &c[0], false)
		p.is("a snapshot does not change", a, kept)
		d, e := p.att.Buffered(), p.att.Buffered()
		p.is("the same object", &d[0] == &e[0], true)
	}, nil},
	{"part of mediasource-seekable/01", func(p *page) {
		p.add(audioType)
		p.ranges("seekable", p.att.Seekable(), "{ }")
	}, nil},
	{"part of mediasource-seekable/02", func(p *page) {
		p.append(p.loaded(), p.main.init)
		p.is("seekable", p.att.Seekable(), media.Ranges{{Start: 0, End: p.duration()}})
		p.is("element", p.player.duration, p.duration())
	}, nil},
	{"part of mediasource-seekable/03", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.init)
		p.ok(p.ms.SetDuration(inf))
		p.ranges("seekable", p.att.Seekable(), "{ }")
		p.append(sb, p.main.seg[2])
		b, _ := sb.Buffered()
		p.is("seekable", p.att.Seekable(), media.Ranges{{Start: 0, End: b.End()}})
		p.is("start", b[0].Start > 0, true)
	}, nil},
	{"part of mediasource-liveseekable/01", func(p *page) { p.fails(p.closed().SetLiveSeekableRange(0, 1), mse.InvalidStateError) }, nil},
	{"part of mediasource-liveseekable/02", func(p *page) { p.fails(p.closed().ClearLiveSeekableRange(), mse.InvalidStateError) }, nil},
	{"part of mediasource-liveseekable/03", func(p *page) {
		p.start(p.add(bothType), []byte{})
		p.ok(p.ms.SetLiveSeekableRange(0, 1))
	}, nil},
	{"part of mediasource-liveseekable/04", func(p *page) {
		p.start(p.add(bothType), []byte{})
		p.ok(p.ms.ClearLiveSeekableRange())
	}, nil},
	{"part of mediasource-liveseekable/05", func(p *page) { p.fails(p.ms.SetLiveSeekableRange(-1, 1), mse.TypeError) }, nil},
	{"part of mediasource-liveseekable/06", func(p *page) { p.fails(p.ms.SetLiveSeekableRange(2, 1), mse.TypeError) }, nil},
	{"part of mediasource-liveseekable/07", func(p *page) { p.ok(p.ms.SetLiveSeekableRange(0, 1)) }, nil},
	{"part of mediasource-liveseekable/08", func(p *page) { p.ok(p.ms.ClearLiveSeekableRange()) }, nil},
	{"part of mediasource-liveseekable/09", func(p *page) {
		p.ok(p.ms.SetDuration(inf))
		p.ok(p.ms.SetLiveSeekableRange(1, 2))
		p.ranges("seekable", p.att.Seekable(), "{ [1.000, 2.000) }")
		p.ok(p.ms.ClearLiveSeekableRange())
		p.ranges("seekable", p.att.Seekable(), "{ }")
	}, nil},
	{"part of mediasource-liveseekable/10", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.init)
		p.ok(p.ms.SetDuration(inf))
		p.ok(p.ms.SetLiveSeekableRange(40, 42))
		p.append(sb, p.main.seg[5])
		b, _ := sb.Buffered()
		p.is("ranges", len(b), 1)
		p.is("start", b[0].Start > 0, true)
		p.is("seekable", p.att.Seekable(), media.Ranges{{Start: b[0].Start, End: 42}})
		p.ok(p.ms.ClearLiveSeekableRange())
		p.is("seekable", p.att.Seekable(), media.Ranges{{Start: 0, End: b.End()}})
	}, nil},
	{"SourceBuffer-appendWindowEnd-rounding/01", func(p *page) {
		m := file(p.T, fileV24)
		sb := p.add(m.typ)
		p.append(sb, m.all())
		p.buffered(sb, "{ [0.083, 2.083) }")
	}, nil},
	{"SourceBuffer-appendWindowEnd-rounding/02", func(p *page) { p.windowEnd(10) }, nil},
	{"SourceBuffer-appendWindowEnd-rounding/03", func(p *page) { p.windowEnd(22) }, nil},
	{"part of SourceBuffer-short-frame-endOfStream/02", func(p *page) {
		m := file(p.T, fileV24)
		sb := p.add(m.typ)
		p.append(sb, rescaled(append(m.init[:len(m.init):len(m.init)], m.seg[0]...), 8e6))
		b, _ := sb.Buffered()
		p.is("ranges", len(b), 1)
		p.near("start", b[0].Start, 2/8e6, 1e-9)
		p.near("end", b.End(), 10/8e6, 1e-9)
		p.eos()
		b, _ = sb.Buffered()
		p.is("duration", p.duration(), b.End())
		p.is("duration", p.player.duration, p.duration())
		p.readsThrough()
	}, nil},
	{"part of last-frame-dimensions/02", func(p *page) {
		small, large := file(p.T, fileV), file(p.T, "mp4/test-v-128k-640x480-30fps-10kfr.mp4")
		sb := p.add(small.typ)
		p.ok(sb.SetAppendWindowEnd(3 / 0.5e6))
		p.append(sb, rescaled(small.all(), 0.5e6))
		p.ok(sb.SetTimestampOffset(1 / 0.5e6))
		p.ok(sb.SetAppendWindowEnd(4 / 0.5e6))
		p.append(sb, rescaled(large.all(), 0.5e6))
		p.eos()
		p.near("duration", p.duration(), 8e-6, 1e-9)
		p.is("widths", p.widths(sb), []int{320, 640})
	}, nil},
}}

// windowEnd appends pictures at 24 a second up to the end of picture n, which float64 seconds tell exactly.
func (p *page) windowEnd(n float64) {
	p.Helper()
	rate, one := 24.0, 1.0
	end := media.Time(n/rate + one/rate)
	m := file(p.T, fileV24)
	sb := p.add(m.typ)
	p.ok(sb.SetAppendWindowEnd(end))
	p.append(sb, m.all())
	b, _ := sb.Buffered()
	p.near("start", b[0].Start, 2.0/24, 1e-6)
	p.near("end", b.End(), end, 1e-6)
	p.eos()
	b, _ = sb.Buffered()
	p.is("duration", p.duration(), b.End())
	p.is("duration", p.player.duration, p.duration())
}

// rescaled writes another timescale into a file of one track, so that what was one of its pictures lasts 1/rate.
func rescaled(b []byte, rate float64) []byte {
	b = append([]byte{}, b...)
	for i := 4; i+24 < len(b); i++ {
		switch string(b[i : i+4]) {
		case "mdhd":
			old := binary.BigEndian.Uint32(b[i+16:])
			ticks := uint32(512) // a picture in the real files
			if old < 1000 {
				ticks = 1
			}
			binary.BigEndian.PutUint32(b[i+16:], uint32(rate*float64(ticks)))
		case "sidx":
			binary.BigEndian.PutUint32(b[i+12:], uint32(rate*512))
		}
	}
	return b
}

// readsThrough reads every track from the position 0 to the end of the stream: there is nothing to wait for.
func (p *page) readsThrough() {
	p.Helper()
	for _, sb := range p.ms.SourceBuffers().All() {
		for _, t := range sb.Tracks() {
			p.through(t, func(mse.Item) {})
		}
	}
}

// widths are those of the pictures of a SourceBuffer, each once in a row.
func (p *page) widths(sb *mse.SourceBuffer) (out []int) {
	p.Helper()
	p.through(sb.VideoTracks().At(0), func(it mse.Item) {
		if it.Frame == nil || it.DecodeOnly {
			return
		}
		if w := it.Frame.Config.Width; len(out) == 0 || out[len(out)-1] != w {
			out = append(out, w)
		}
	})
	return out
}
