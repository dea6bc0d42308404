package mse_test

import (
	"math"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

// wptDuration is about duration.
var wptDuration = wptArea{"duration", []wptRow{
	{"mediasource-duration-boundaryconditions/01", func(p *page) { p.takes(math.MaxInt32) }, nil},
	{"mediasource-duration-boundaryconditions/02", func(p *page) { p.takes(1) }, nil},
	{"mediasource-duration-boundaryconditions/03", func(p *page) { p.takes(math.MaxFloat64) }, nil},
	{"mediasource-duration-boundaryconditions/04", func(p *page) { p.takes(math.SmallestNonzeroFloat64) }, nil},
	{"mediasource-duration-boundaryconditions/05", func(p *page) { p.takes(media.Time(math.MaxFloat64) - 1) }, nil},
	{"mediasource-duration-boundaryconditions/06", func(p *page) { p.refuses(media.Time(math.SmallestNonzeroFloat64) - 1) }, nil},
	{"mediasource-duration-boundaryconditions/07", func(p *page) { p.takes(inf) }, nil},
	{"mediasource-duration-boundaryconditions/08", func(p *page) { p.refuses(-inf) }, nil},
	{"mediasource-duration-boundaryconditions/09", func(p *page) { p.refuses(-math.MaxFloat64) }, nil},
	{"mediasource-duration-boundaryconditions/10", func(p *page) { p.refuses(-101.9) }, nil},
	{"mediasource-duration-boundaryconditions/11", func(p *page) { p.takes(101.9) }, nil},
	{"mediasource-duration-boundaryconditions/12", func(p *page) { p.takes(0) }, nil},
	{"mediasource-duration-boundaryconditions/13", func(p *page) { p.refuses(nan) }, nil},
	{"mediasource-duration/01", func(p *page) { p.truncated() }, nil},
	{"mediasource-duration/02", func(p *page) {
		sb, d := p.truncated()
		p.ok(sb.SetTimestampOffset(media.Span(d)))
		p.append(sb, p.main.all())
		p.near("duration", p.duration(), d+p.main.duration, 0.05)
		p.is("element", p.player.duration, p.duration())
	}, nil},
	{"mediasource-duration/03", func(p *page) {
		sb, _ := p.truncated()
		p.eos()
		b, _ := sb.Buffered()
		p.is("durations", []media.Time{p.duration(), p.player.duration}, []media.Time{b.End(), b.End()})
	}, nil},
	{"mediasource-duration/04", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.all())
		p.remove(sb, 0.5, inf)
		delete(p.events, "player")
		p.ok(p.ms.SetDuration(0.5))
		d := p.duration()
		p.is("resulting", d >= 0.5, true)
		p.ok(p.ms.SetDuration(d))
		p.want("player", "durationchange")
		p.eos()
		p.is("element", p.player.duration, p.duration())
		if p.duration() == d {
			p.want("player")
		} else {
			p.want("player", "durationchange")
		}
		p.readsThrough()
	}, nil},
	{"mediasource-duration/05", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.all())
		p.fails(p.ms.SetDuration(p.main.duration/2), mse.InvalidStateError)
	}, nil},
	{"mediasource-duration/06", func(p *page) {
		ma, mv := file(p.T, fileA), file(p.T, fileV)
		a, v := p.add(ma.typ), p.add(mv.typ)
		for _, sb := range []*mse.SourceBuffer{a, v} {
			p.ok(sb.SetAppendWindowEnd(2))
		}
		p.ok(a.SetAppendWindowStart(0.6))
		p.ok(v.SetAppendWindowStart(1.56))
		p.append(a, ma.all())
		p.append(v, mv.all())
		ra, _ := a.Buffered()
		rv, _ := v.Buffered()
		p.is("ranges", []int{len(ra), len(rv)}, []int{1, 1})
		p.is("starts", []bool{ra[0].Start < 1.2, rv[0].Start > 1.2}, []bool{true, true})
		p.fails(p.ms.SetDuration(1.2), mse.InvalidStateError)
	}, nil},
	{"mediasource-duration/07", func(p *page) {
		ma, mv := file(p.T, fileA), file(p.T, fileV)
		a, v := p.add(ma.typ), p.add(mv.typ)
		p.ok(a.SetTimestampOffset(0.8))
		p.ok(a.SetAppendWindowEnd(1.8))
		p.ok(v.SetTimestampOffset(1.5))
		p.ok(v.SetAppendWindowEnd(3))
		p.append(a, ma.all())
		p.append(v, mv.all())
		ra, _ := a.Buffered()
		rv, _ := v.Buffered()
		p.is("ranges", []int{len(ra), len(rv)}, []int{1, 1})
		p.is("sound", ra.End() > 1.5 && ra.End() < 2, true)
		p.is("pictures", rv[0].Start < 2 && rv.End() > 2.5, true)
		p.fails(p.ms.SetDuration(2), mse.InvalidStateError)
	}, nil},
	{"mediasource-duration/08", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.all())
		p.ok(p.ms.SetDuration(60))
		p.is("updating", sb.Updating(), false)
	}, nil},
}}

// takes sets the duration after an initialization segment.
func (p *page) takes(d media.Time) {
	p.Helper()
	p.append(p.loaded(), p.main.init)
	delete(p.events, "player")
	p.ok(p.ms.SetDuration(d))
	p.is("durations", []media.Time{p.duration(), p.player.duration}, []media.Time{d, d})
	p.want("player", "durationchange")
	p.is("durations", []media.Time{p.duration(), p.player.duration}, []media.Time{d, d})
}

func (p *page) refuses(d media.Time) {
	p.Helper()
	p.append(p.loaded(), p.main.init)
	was := p.duration()
	p.fails(p.ms.SetDuration(d), mse.TypeError)
	p.is("duration", p.duration(), was)
}

// truncated appends the main file, removes three quarters of it and sets the duration to what is left. The element's part
// of the rows is a seek that the new duration causes.
func (p *page) truncated() (*mse.SourceBuffer, media.Time) {
	p.Helper()
	sb := p.loaded()
	p.append(sb, p.main.all())
	p.att.SetPlayhead(p.main.duration / 2)
	p.remove(sb, p.main.duration/4, inf)
	b, _ := sb.Buffered()
	p.is("end", b.End() < p.main.duration/2, true)
	p.ok(p.ms.SetDuration(b.End()))
	d := p.duration()
	p.is("new duration", d >= b.End() && d < b.End()+0.1, true)
	p.is("element", p.player.duration, d)
	return sb, d
}
