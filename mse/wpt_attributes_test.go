package mse_test

import (
	"math"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

// wptAttributes is about the attributes of SourceBuffer: append window, mode, timestampOffset.
var wptAttributes = wptArea{"attributes", []wptRow{
	{"mediasource-appendwindow/01", func(p *page) {
		sb := p.add(bothType)
		p.ok(sb.SetAppendWindowStart(100))
		p.ok(sb.SetAppendWindowEnd(500))
		p.is("window", []media.Time{sb.AppendWindowStart(), sb.AppendWindowEnd()}, []media.Time{100, 500})
		p.ok(sb.SetAppendWindowStart(200))
		p.ok(sb.SetAppendWindowEnd(400))
		p.is("window", []media.Time{sb.AppendWindowStart(), sb.AppendWindowEnd()}, []media.Time{200, 400})
	}, nil},
	{"mediasource-appendwindow/02", func(p *page) {
		sb := p.add(bothType)
		p.ok(sb.SetAppendWindowEnd(500))
		for _, x := range []media.Time{-inf, inf, nan, 600, 500, -100} {
			p.fails(sb.SetAppendWindowStart(x), mse.TypeError)
		}
		for _, x := range []media.Time{sb.AppendWindowStart(), sb.AppendWindowStart() - 1, -100, nan} {
			p.fails(sb.SetAppendWindowEnd(x), mse.TypeError)
		}
	}, nil},
	{"mediasource-appendwindow/04", func(p *page) {
		sb := p.loaded()
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.fails(sb.SetAppendWindowStart(100), mse.InvalidStateError)
		p.fails(sb.SetAppendWindowEnd(500), mse.InvalidStateError)
	}, nil},
	{"mediasource-appendwindow/05", func(p *page) {
		sb := p.loaded()
		p.start(sb, p.main.all())
		p.fails(sb.SetAppendWindowStart(100), mse.InvalidStateError)
		p.fails(sb.SetAppendWindowEnd(500), mse.InvalidStateError)
		p.want("sb", appended...)
	}, nil},
	{"mediasource-appendwindow/06", func(p *page) {
		sb := p.loaded()
		p.start(sb, p.main.all())
		p.ok(sb.Abort())
		p.is("window", []media.Time{sb.AppendWindowStart(), sb.AppendWindowEnd()}, []media.Time{0, inf})
		p.want("sb", "updatestart", "abort", "updateend")
		p.is("updating", sb.Updating(), false)
	}, nil},
	{"mediasource-appendwindow/07", func(p *page) {
		sb := p.loaded()
		p.is("window", []media.Time{sb.AppendWindowStart(), sb.AppendWindowEnd()}, []media.Time{0, inf})
	}, nil},
	{"mediasource-sourcebuffer-mode/01", func(p *page) { p.is("mode", p.loaded().Mode(), mse.Segments) }, nil},
	{"mediasource-sourcebuffer-mode/02", func(p *page) {
		sb := p.loaded()
		p.ok(sb.SetMode(mse.Sequence))
		p.ok(sb.SetMode(mse.Sequence + 1))
		p.is("mode", sb.Mode(), mse.Sequence)
		p.ok(sb.SetMode(mse.Segments))
		p.is("mode", sb.Mode(), mse.Segments)
	}, nil},
	{"mediasource-sourcebuffer-mode/03", func(p *page) {
		sb := p.loaded()
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.fails(sb.SetMode(mse.Segments), mse.InvalidStateError)
	}, nil},
	{"mediasource-sourcebuffer-mode/04", func(p *page) {
		sb := p.loaded()
		p.start(sb, p.main.all())
		p.fails(sb.SetMode(mse.Segments), mse.InvalidStateError)
	}, nil},
	{"mediasource-sourcebuffer-mode/05", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.all())
		p.eos()
		p.ok(sb.SetMode(mse.Segments))
		p.is("state", p.ms.ReadyState(), mse.Open)
		p.want("ms", "sourceopen")
		p.is("state", p.ms.ReadyState(), mse.Open)
	}, nil},
	{"mediasource-sourcebuffer-mode/06", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.init)
		p.ok(sb.SetMode(mse.Segments))
		p.ok(sb.SetTimestampOffset(10.123456789))
		p.is("offset", sb.TimestampOffset(), media.Span(10.123456789))
		half := len(p.main.seg[0]) / 2
		p.append(sb, p.main.seg[0][:half])
		p.fails(sb.SetMode(mse.Segments), mse.InvalidStateError)
		p.fails(sb.SetTimestampOffset(20), mse.InvalidStateError)
		p.is("offset", sb.TimestampOffset(), media.Span(10.123456789))
		p.append(sb, p.main.seg[0][half:])
		p.ok(sb.SetMode(mse.Segments))
		p.ok(sb.SetTimestampOffset(20))
	}, nil},
	{"mediasource-sourcebuffer-mode-timestamps/01", func(p *page) { p.fails(p.add("audio/aac").SetMode(mse.Segments), mse.TypeError) }, nil},
	{"mediasource-sourcebuffer-mode-timestamps/02", func(p *page) { p.fails(p.add("audio/mpeg").SetMode(mse.Segments), mse.TypeError) }, nil},
	{"mediasource-timestamp-offset/01", func(p *page) { p.offset(10.5) }, nil},
	{"mediasource-timestamp-offset/02", func(p *page) { p.offset(-10.4) }, nil},
	{"mediasource-timestamp-offset/03", func(p *page) { p.offset(0) }, nil},
	{"mediasource-timestamp-offset/04", func(p *page) { p.fails(p.loaded().SetTimestampOffset(media.Span(math.Inf(1))), mse.TypeError) }, nil},
	{"mediasource-timestamp-offset/05", func(p *page) { p.fails(p.loaded().SetTimestampOffset(media.Span(math.Inf(-1))), mse.TypeError) }, nil},
	{"mediasource-timestamp-offset/06", func(p *page) { p.fails(p.loaded().SetTimestampOffset(media.Span(math.NaN())), mse.TypeError) }, nil},
	{"mediasource-timestamp-offset/13", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.init)
		p.append(sb, p.main.seg[0])
		p.eos()
		p.ok(p.ms.SourceBuffers().At(0).SetTimestampOffset(2))
		p.is("state", p.ms.ReadyState(), mse.Open)
		p.want("ms", "sourceopen")
	}, nil},
	{"mediasource-timestamp-offset/14", func(p *page) {
		sb := p.loaded()
		p.is("offset", sb.TimestampOffset(), media.Span(0))
		p.append(sb, p.main.init)
		p.is("offset", sb.TimestampOffset(), media.Span(0))
		p.append(sb, p.main.seg[0])
		p.is("offset", sb.TimestampOffset(), media.Span(0))
	}, nil},
	{"mediasource-timestamp-offset/15", func(p *page) {
		sb := p.add(bothType)
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.is("lists", []int{p.ms.SourceBuffers().Len(), p.ms.ActiveSourceBuffers().Len()}, []int{0, 0})
		p.fails(sb.SetTimestampOffset(10), mse.InvalidStateError)
	}, nil},
}}

func (p *page) offset(d media.Span) {
	p.Helper()
	sb := p.loaded()
	p.is("offset", sb.TimestampOffset(), media.Span(0))
	p.ok(sb.SetTimestampOffset(d))
	p.is("offset", sb.TimestampOffset(), d)
}
