package mse_test

import (
	"math"
	"strings"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

var (
	inf = media.Time(math.Inf(1))
	nan = media.Time(math.NaN())
)

// closed is a fresh MediaSource on the page's loop.
func (p *page) closed() *mse.MediaSource { return mse.New(mse.Options{Loop: p.loop}) }

// afterDetach detaches with one SourceBuffer and leaves the page in the handler of sourceclose.
func (p *page) afterDetach() *mse.SourceBuffer {
	p.Helper()
	sb := p.add(audioType)
	p.att.Detach()
	p.is("state", p.ms.ReadyState(), mse.Closed)
	p.want("ms", "sourceclose")
	return sb
}

// wptSource is about MediaSource: URLs, its states, addSourceBuffer, removeSourceBuffer, endOfStream.
var wptSource = wptArea{"source", []wptRow{
	{"URL-createObjectURL/01", func(p *page) {
		url, err := mse.CreateObjectURL(p.ms)
		p.ok(err)
		if !strings.HasPrefix(url, "blob:") || len(url) == len("blob:") {
			p.Errorf("URL %q", url)
		}
		mse.RevokeObjectURL(url)
		if _, ok := mse.ResolveObjectURL(url); ok {
			p.Error("a revoked URL still stands for the source")
		}
	}},
	{"URL-createObjectURL-null/01", func(p *page) {
		_, err := mse.CreateObjectURL(nil)
		p.fails(err, mse.TypeError)
	}},
	{"mediasource-closed/01", func(p *page) {
		ms := p.closed()
		_, known := ms.Duration()
		p.is("fresh", []any{ms.SourceBuffers().Len(), ms.ActiveSourceBuffers().Len(), ms.ReadyState(), known}, []any{0, 0, mse.Closed, false})
	}},
	{"mediasource-closed/02", func(p *page) {
		_, err := p.closed().AddSourceBuffer(videoType)
		p.fails(err, mse.InvalidStateError)
	}},
	{"mediasource-closed/03", func(p *page) {
		sb := p.afterDetach()
		p.is("lists", []int{p.ms.SourceBuffers().Len(), p.ms.ActiveSourceBuffers().Len()}, []int{0, 0})
		p.fails(p.ms.RemoveSourceBuffer(sb), mse.NotFoundError)
	}},
	{"mediasource-closed/04", func(p *page) { p.fails(p.closed().EndOfStream(mse.EndNormal), mse.InvalidStateError) }},
	{"mediasource-closed/05", func(p *page) { p.fails(p.closed().EndOfStream(mse.EndDecode), mse.InvalidStateError) }},
	{"mediasource-closed/06", func(p *page) { p.fails(p.closed().EndOfStream(mse.EndNetwork), mse.InvalidStateError) }},
	{"mediasource-closed/07", func(p *page) { p.fails(p.closed().SetDuration(10), mse.InvalidStateError) }},
	{"mediasource-closed/08", func(p *page) {
		p.afterDetach()
		p.fails(p.ms.SetDuration(10), mse.InvalidStateError)
	}},
	{"mediasource-closed/09", func(p *page) {
		p.afterDetach()
		p.is("duration", p.duration(), nan)
	}},
	{"mediasource-closed/10", func(p *page) { p.fails(p.afterDetach().Abort(), mse.InvalidStateError) }},
	{"mediasource-detach/01", func(p *page) {
		p.loaded()
		p.att.Detach()
		p.want("ms", "sourceclose")
		p.is("closed", []any{p.ms.SourceBuffers().Len(), p.ms.ActiveSourceBuffers().Len(), p.ms.ReadyState(), p.duration()}, []any{0, 0, mse.Closed, nan})
	}},
	{"mediasource-detach/02", func(p *page) {
		p.append(p.loaded(), p.main.all())
		p.att.Detach()
		p.want("ms", "sourceclose")
		p.is("closed", []any{p.ms.SourceBuffers().Len(), p.ms.ActiveSourceBuffers().Len(), p.ms.ReadyState(), p.duration()}, []any{0, 0, mse.Closed, nan})
	}},
	{"mediasource-multiple-attach/01", func(p *page) {
		_, err := p.ms.Attach(&player{EventTarget: mse.NewEventTarget(p.loop)})
		p.fails(err, mse.InvalidStateError)
		p.is("state", p.ms.ReadyState(), mse.Open)
		p.want("ms")
	}},
	{"mediasource-multiple-attach/02", func(p *page) {
		p.att.Detach()
		p.is("state", p.ms.ReadyState(), mse.Closed)
		p.want("ms", "sourceclose")
		p.attach()
		p.is("state", p.ms.ReadyState(), mse.Open)
	}},
	{"mediasource-addsourcebuffer/01", func(p *page) {
		p.ok(p.ms.EndOfStream(mse.EndNormal))
		_, err := p.ms.AddSourceBuffer(bothType)
		p.fails(err, mse.InvalidStateError)
	}},
	{"mediasource-addsourcebuffer/02", func(p *page) {
		_, err := p.ms.AddSourceBuffer("")
		p.fails(err, mse.TypeError)
	}},
	{"mediasource-addsourcebuffer/03", func(p *page) {
		_, err := p.ms.AddSourceBuffer("null")
		p.fails(err, mse.NotSupportedError)
	}},
	{"mediasource-addsourcebuffer/04", func(p *page) {
		_, err := p.ms.AddSourceBuffer("invalidType")
		p.fails(err, mse.NotSupportedError)
	}},
	{"mediasource-addsourcebuffer/07", func(p *page) { p.adds(videoType) }},
	{"mediasource-addsourcebuffer/08", func(p *page) { p.adds(audioType) }},
	{"mediasource-addsourcebuffer/09", func(p *page) { p.adds(bothType) }},
	{"mediasource-addsourcebuffer/10", func(p *page) { p.adds(videoType, audioType) }},
	{"mediasource-addsourcebuffer-mode/01", func(p *page) { p.is("mode", p.add(videoType).Mode(), mse.Segments) }},
	{"mediasource-removesourcebuffer/01", func(p *page) {
		a := p.add(bothType)
		p.ok(p.ms.RemoveSourceBuffer(a))
		b := p.add(bothType)
		p.is("another object", a != b, true)
		p.is("length", p.ms.SourceBuffers().Len(), 1)
	}},
	{"mediasource-removesourcebuffer/02", func(p *page) { p.fails(p.ms.RemoveSourceBuffer(nil), mse.TypeError) }},
	{"mediasource-removesourcebuffer/03", func(p *page) {
		sb := p.add(bothType)
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.fails(p.ms.RemoveSourceBuffer(sb), mse.NotFoundError)
	}},
	{"mediasource-removesourcebuffer/04", func(p *page) {
		q := newPage(p.T, p.main)
		a, b := p.add(audioType), q.add(videoType)
		p.fails(p.ms.RemoveSourceBuffer(b), mse.NotFoundError)
		p.fails(q.ms.RemoveSourceBuffer(a), mse.NotFoundError)
		p.ok(p.ms.RemoveSourceBuffer(a))
		p.ok(q.ms.RemoveSourceBuffer(b))
	}},
	{"mediasource-removesourcebuffer/05", func(p *page) {
		sb := p.add(bothType)
		p.eos()
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.is("lists", []int{p.ms.SourceBuffers().Len(), p.ms.ActiveSourceBuffers().Len()}, []int{0, 0})
	}},
	{"mediasource-removesourcebuffer/06", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.init)
		p.near("duration", p.duration(), p.main.duration, 0.001)
		p.want("active", "addsourcebuffer")
		p.want("buffers", "addsourcebuffer")
		p.want("player", "durationchange", "loadedmetadata")
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.want("active", "removesourcebuffer")
		p.want("buffers", "removesourcebuffer")
		p.is("lists", []int{p.ms.SourceBuffers().Len(), p.ms.ActiveSourceBuffers().Len()}, []int{0, 0})
	}},
	{"mediasource-removesourcebuffer/07", func(p *page) {
		sb := p.add(bothType)
		p.start(sb, []byte{})
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.is("updating", sb.Updating(), false)
		p.want("sb", "updatestart", "abort", "updateend")
	}},
	{"mediasource-endofstream/01", func(p *page) {
		p.ok(p.ms.SetDuration(2))
		p.eos()
		p.is("duration", p.duration(), media.Time(0))
	}},
	{"mediasource-endofstream/03", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.all())
		b, _ := sb.Buffered()
		p.is("ranges", len(b), 1)
		p.near("duration", p.duration(), p.main.duration, 0.001)
		p.is("end in duration", b.End() <= p.duration(), true)
		p.ok(p.ms.SetDuration(p.duration() + 10))
		p.eos()
		b, _ = sb.Buffered()
		p.is("ranges", len(b), 1)
		p.near("duration", p.duration(), p.main.duration, 0.001)
		p.is("end", b.End(), p.duration())
	}},
	{"mediasource-endofstream-invaliderror/01", func(p *page) {
		p.fails(p.ms.EndOfStream(mse.EndDecode+1), mse.TypeError)
		p.is("state", p.ms.ReadyState(), mse.Open)
		p.is("error", p.code, 0)
	}},
	{"mediasource-errors/01", func(p *page) {
		p.start(p.loaded(), p.main.seg[0])
		p.want("sb", "updatestart", "error", "updateend")
		p.is("error", p.code, 4)
		p.want("ms", "sourceended", "sourceclose")
		p.is("buffers", p.ms.SourceBuffers().Len(), 0)
		p.is("state", p.ms.ReadyState(), mse.Closed)
	}},
	{"mediasource-errors/02", func(p *page) { p.endsEarly(mse.EndDecode) }},
	{"mediasource-errors/03", func(p *page) { p.endsEarly(mse.EndNetwork) }},
	{"mediasource-errors/04", func(p *page) { p.endsWithMetadata(mse.EndDecode, 3) }},
	{"mediasource-errors/05", func(p *page) { p.endsWithMetadata(mse.EndNetwork, 2) }},
	{"mediasource-errors/06", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.init)
		p.corrupted(sb)
	}},
	{"mediasource-errors/07", func(p *page) { p.corrupted(p.loaded()) }},
}}

// adds adds SourceBuffers and looks at the lists.
func (p *page) adds(types ...string) {
	p.Helper()
	for i, typ := range types {
		ok, why := (&mse.Options{}).IsTypeSupported(typ)
		p.is(typ+why, ok, true)
		sb := p.add(typ)
		p.is("member", p.ms.SourceBuffers().At(i) == sb, true)
		p.is("active", p.ms.ActiveSourceBuffers().Len(), 0)
	}
	p.is("beyond the end", p.ms.SourceBuffers().At(len(types)) == nil, true)
}

// endsEarly ends the stream with an error before there is metadata.
func (p *page) endsEarly(reason mse.EndReason) {
	p.Helper()
	p.loaded()
	p.ok(p.ms.EndOfStream(reason))
	p.want("ms", "sourceended", "sourceclose")
	p.is("error", p.code, 4)
	p.is("buffers", p.ms.SourceBuffers().Len(), 0)
	p.is("state", p.ms.ReadyState(), mse.Closed)
	p.never("sb", "error")
}

// endsWithMetadata ends the stream with an error when there is metadata.
func (p *page) endsWithMetadata(reason mse.EndReason, code int) {
	p.Helper()
	p.append(p.loaded(), p.main.init)
	p.ok(p.ms.EndOfStream(reason))
	p.is("error", p.code, code)
	p.want("ms", "sourceended")
	p.is("state", p.ms.ReadyState(), mse.Ended)
	p.never("sb", "error")
}

// corrupted appends the main file with one segment written over its middle, with its initialization segment or without.
func (p *page) corrupted(sb *mse.SourceBuffer) {
	p.Helper()
	b := p.main.all()
	copy(b[len(p.main.init)+(len(p.main.seg[0])-1)/2:], p.main.seg[0])
	delete(p.events, "sb")
	p.start(sb, b)
	p.want("sb", "updatestart", "error", "updateend")
	p.is("error", p.code, 3)
	p.want("ms", "sourceended")
}
