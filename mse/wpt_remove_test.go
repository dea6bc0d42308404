package mse_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

// through reads a track to its end.
func (p *page) through(t *mse.Track, fn func(mse.Item)) {
	p.Helper()
	r, err := p.att.Reader(t)
	p.ok(err)
	defer r.Close()
	r.Seek(0, 1)
	if _, err := r.Next(context.Background()); !errors.Is(err, mse.ErrSeeked) {
		p.Errorf("%s: first read: %v", p.main.name, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	end := media.Time(0)
	for {
		it, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			p.Errorf("%s: %s track %s cannot be read beyond %v: %v", p.main.name, t.Kind(), t.ID(), end, err)
			return
		}
		if it.Frame != nil {
			end = max(end, it.Frame.End())
		}
		fn(it)
	}
}

// wptRemove is about remove.
var wptRemove = wptArea{"remove", []wptRow{
	{"mediasource-remove/01", func(p *page) { p.fails(p.tenSeconds().Remove(-1, 2), mse.TypeError) }, nil},
	{"mediasource-remove/02", func(p *page) {
		sb := p.tenSeconds()
		for _, x := range []media.Time{nan, inf, -inf} {
			p.fails(sb.Remove(x, 2), mse.TypeError)
		}
	}, nil},
	{"mediasource-remove/03", func(p *page) { p.fails(p.tenSeconds().Remove(11, 12), mse.TypeError) }, nil},
	{"mediasource-remove/04", func(p *page) { p.fails(p.tenSeconds().Remove(2, 1), mse.TypeError) }, nil},
	{"mediasource-remove/05", func(p *page) { p.fails(p.tenSeconds().Remove(0, -inf), mse.TypeError) }, nil},
	{"mediasource-remove/06", func(p *page) { p.fails(p.tenSeconds().Remove(0, nan), mse.TypeError) }, nil},
	{"mediasource-remove/07", func(p *page) {
		sb := p.tenSeconds()
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.fails(sb.Remove(1, 2), mse.InvalidStateError)
	}, nil},
	{"mediasource-remove/08", func(p *page) {
		sb := p.add(bothType)
		p.is("duration", p.duration(), nan)
		p.is("updating", sb.Updating(), false)
		p.fails(sb.Remove(0, 0), mse.TypeError)
	}, nil},
	{"mediasource-remove/09", func(p *page) {
		sb := p.tenSeconds()
		p.ok(sb.Remove(1, 2))
		p.is("updating", sb.Updating(), true)
		p.fails(sb.Remove(3, 4), mse.InvalidStateError)
		p.want("sb", appended...)
	}, nil},
	{"mediasource-remove/10", func(p *page) {
		sb := p.tenSeconds()
		p.ok(sb.Remove(1, 2))
		p.fails(sb.Abort(), mse.InvalidStateError)
		p.is("updating", sb.Updating(), true)
		p.want("sb", appended...)
	}, nil},
	{"mediasource-remove/11", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.all())
		p.ok(p.ms.SetDuration(10))
		p.remove(sb, 10, 12)
	}, nil},
	{"mediasource-remove/12", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.all())
		p.ok(p.ms.SetDuration(10))
		p.remove(sb, 1, 1+0.9e-6)
	}, nil},
	{"mediasource-remove/13", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.all())
		p.eos()
		delete(p.events, "sb")
		p.ok(sb.Remove(1, 2))
		p.is("updating", sb.Updating(), true)
		p.is("state", p.ms.ReadyState(), mse.Open)
		p.want("ms", "sourceopen")
		p.want("sb", appended...)
		p.is("updating", sb.Updating(), false)
	}, nil},
	{"mediasource-remove/14", func(p *page) { p.removes(0, inf, "{ }", "{ }") }, nil},
	{"mediasource-remove/15", func(p *page) { p.removes(0, 3, "{ [3.298, %.3f) }", "{ [3.315, %.3f) }") }, nil},
	{"mediasource-remove/16", func(p *page) {
		p.removes(1, 3, "{ [0.095, 0.997) [3.298, %.3f) }", "{ [0.112, 1.005) [3.315, %.3f) }")
	}, nil},
	{"mediasource-remove/17", func(p *page) { p.removes(1, inf, "{ [0.095, 1.022) }", "{ [0.112, 1.013) }") }, nil},
}}

func (p *page) tenSeconds() *mse.SourceBuffer {
	p.Helper()
	sb := p.add(bothType)
	p.ok(p.ms.SetDuration(10))
	return sb
}

// removes appends the main file, ends the stream, removes and ends it again.
func (p *page) removes(from, to media.Time, mp4, webm string) {
	p.Helper()
	sb := p.loaded()
	p.append(sb, p.main.all())
	p.eos()
	end := p.player.duration
	first, want := 0.095, mp4
	if p.main.webm() {
		first, want = 0.112, webm
	}
	p.buffered(sb, fmt.Sprintf("{ [%.3f, %.3f) }", first, end))
	p.remove(sb, from, to)
	p.eos()
	if strings.Contains(want, "%") {
		want = fmt.Sprintf(want, end)
	}
	p.buffered(sb, want)
}
