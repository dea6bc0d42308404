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
	{"part of URL-createObjectURL/01", func(p *page) {
		url, err := mse.CreateObjectURL(p.ms)
		p.ok(err)
		if !strings.HasPrefix(url, "blob:") || len(url) == len("blob:") {
			p.Errorf("URL %q", url)
		}
		mse.RevokeObjectURL(url)
		if _, ok := mse.ResolveObjectURL(url); ok {
			p.Error("a revoked URL still stands for the source")
		}
	}, nil},
	{"part of URL-createObjectURL-null/01", func(p *page) {
		_, err := mse.CreateObjectURL(nil)
		p.fails(err, mse.TypeError)
	}, nil},
	{"mediasource-closed/01", func(p *page) {
		ms := p.closed()
		_, known := ms.Duration()
		p.is("fresh", []any{ms.SourceBuffers().Len(), ms.ActiveSourceBuffers().Len(), ms.ReadyState(), known}, []any{0, 0, mse.Closed, false})
	}, nil},
	{"mediasource-closed/02", func(p *page) {
		_, err := p.closed().AddSourceBuffer(videoType)
		p.fails(err, mse.InvalidStateError)
	}, nil},
	{"mediasource-closed/03", func(p *page) {
		sb := p.afterDetach()
		p.is("lists", []int{p.ms.SourceBuffers().Len(), p.ms.ActiveSourceBuffers().Len()}, []int{0, 0})
		p.fails(p.ms.RemoveSourceBuffer(sb), mse.NotFoundError)
	}, nil},
	{"mediasource-closed/04", func(p *page) { p.fails(p.closed().EndOfStream(mse.EndNormal), mse.InvalidStateError) }, nil},
	{"mediasource-closed/05", func(p *page) { p.fails(p.closed().EndOfStream(mse.EndDecode), mse.InvalidStateError) }, nil},
	{"mediasource-closed/06", func(p *page) { p.fails(p.closed().EndOfStream(mse.EndNetwork), mse.InvalidStateError) }, nil},
	{"mediasource-closed/07", func(p *page) { p.fails(p.closed().SetDuration(10), mse.InvalidStateError) }, nil},
	{"mediasource-closed/08", func(p *page) {
		p.afterDetach()
		p.fails(p.ms.SetDuration(10), mse.InvalidStateError)
	}, nil},
	{"mediasource-closed/09", func(p *page) {
		p.afterDetach()
		p.is("duration", p.duration(), nan)
	}, nil},
	{"mediasource-closed/10", func(p *page) { p.fails(p.afterDetach().Abort(), mse.InvalidStateError) }, nil},
	{"part of mediasource-detach/01", func(p *page) {
		p.loaded()
		p.att.Detach()
		p.want("ms", "sourceclose")
		p.is("closed", []any{p.ms.SourceBuffers().Len(), p.ms.ActiveSourceBuffers().Len(), p.ms.ReadyState(), p.duration()}, []any{0, 0, mse.Closed, nan})
	}, nil},
	{"part of mediasource-detach/02", func(p *page) {
		p.append(p.loaded(), p.main.all())
		p.att.Detach()
		p.want("ms", "sourceclose")
		p.is("closed", []any{p.ms.SourceBuffers().Len(), p.ms.ActiveSourceBuffers().Len(), p.ms.ReadyState(), p.duration()}, []any{0, 0, mse.Closed, nan})
	}, nil},
	{"part of mediasource-multiple-attach/01", func(p *page) {
		_, err := p.ms.Attach(&player{EventTarget: mse.NewEventTarget(p.loop)})
		p.fails(err, mse.InvalidStateError)
		p.is("state", p.ms.ReadyState(), mse.Open)
		p.want("ms")
	}, nil},
	{"part of mediasource-multiple-attach/02", func(p *page) {
		p.att.Detach()
		p.is("state", p.ms.ReadyState(), mse.Closed)
		p.want("ms", "sourceclose")
		p.attach()
		p.is("state", p.ms.ReadyState(), mse.Open)
	}, nil},
	{"mediasource-addsourcebuffer/01", func(p *page) {
		p.ok(p.ms.EndOfStream(mse.EndNormal))
		_, err := p.ms.AddSourceBuffer(bothType)
		p.fails(err, mse.InvalidStateError)
	}, nil},
	{"mediasource-addsourcebuffer/02", func(p *page) {
		_, err := p.ms.AddSourceBuffer("")
		p.fails(err, mse.TypeError)
	}, nil},
	{"mediasource-addsourcebuffer/03", func(p *page) {
		_, err := p.ms.AddSourceBuffer("null")
		p.fails(err, mse.NotSupportedError)
	}, nil},
	{"mediasource-addsourcebuffer/04", func(p *page) {
		_, err := p.ms.AddSourceBuffer("invalidType")
		p.fails(err, mse.NotSupportedError)
	}, nil},
	{"mediasource-addsourcebuffer/05", func(p *page) { p.adds(`video/webm;codecs="vp8,vorbis"`) }, nil},
	{"mediasource-addsourcebuffer/06", func(p *page) { p.adds(`video/webm;codecs="vp8"`, `audio/webm;codecs="vorbis"`) }, nil},
	{"mediasource-addsourcebuffer/07", func(p *page) { p.adds(videoType) }, nil},
	{"mediasource-addsourcebuffer/08", func(p *page) { p.adds(audioType) }, nil},
	{"mediasource-addsourcebuffer/09", func(p *page) { p.adds(bothType) }, nil},
	{"mediasource-addsourcebuffer/10", func(p *page) { p.adds(videoType, audioType) }, nil},
	{"mediasource-addsourcebuffer-mode/01", func(p *page) { p.is("mode", p.add(videoType).Mode(), mse.Segments) }, nil},
	{"mediasource-addsourcebuffer-mode/02", func(p *page) { p.is("mode", p.add("audio/aac").Mode(), mse.Sequence) }, nil},
	{"part of mediasource-invalid-codec/01", func(p *page) {
		b, _ := wptFile(p.T, "mp4/invalid-codec.mp4")
		p.start(p.add(videoType), b)
		p.want("sb", "updatestart", "error", "updateend")
	}, []codec{suite}},
	{"part of mediasource-invalid-codec/02", func(p *page) {
		b, _ := wptFile(p.T, "webm/invalid-codec.webm")
		p.start(p.add(`video/webm; codecs="vp8"`), b)
		p.want("sb", "updatestart", "error", "updateend")
	}, []codec{vp8}},
	{"part of invalid-third-block/01", func(p *page) {
		b := p.whole(vorbis)[:0x12BD]
		b[0x1016] = 0x80
		p.start(p.add(vorbis.typ(false)), b)
		p.want("sb", "updatestart", "error", "updateend")
		p.is("failed", p.code != 0, true)
	}, []codec{vorbis}},
	{"mediasource-removesourcebuffer/01", func(p *page) {
		a := p.add(bothType)
		p.ok(p.ms.RemoveSourceBuffer(a))
		b := p.add(bothType)
		p.is("another object", a != b, true)
		p.is("length", p.ms.SourceBuffers().Len(), 1)
	}, nil},
	{"mediasource-removesourcebuffer/02", func(p *page) { p.fails(p.ms.RemoveSourceBuffer(nil), mse.TypeError) }, nil},
	{"mediasource-removesourcebuffer/03", func(p *page) {
		sb := p.add(bothType)
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.fails(p.ms.RemoveSourceBuffer(sb), mse.NotFoundError)
	}, nil},
	{"mediasource-removesourcebuffer/04", func(p *page) {
		q := newPage(p.T, p.main)
		a, b := p.add(audioType), q.add(videoType)
		p.fails(p.ms.RemoveSourceBuffer(b), mse.NotFoundError)
		p.fails(q.ms.RemoveSourceBuffer(a), mse.NotFoundError)
		p.ok(p.ms.RemoveSourceBuffer(a))
		p.ok(q.ms.RemoveSourceBuffer(b))
	}, nil},
	{"mediasource-removesourcebuffer/05", func(p *page) {
		sb := p.add(bothType)
		p.eos()
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.is("lists", []int{p.ms.SourceBuffers().Len(), p.ms.ActiveSourceBuffers().Len()}, []int{0, 0})
	}, nil},
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
	}, nil},
	{"mediasource-removesourcebuffer/07", func(p *page) {
		sb := p.add(bothType)
		p.start(sb, []byte{})
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.is("updating", sb.Updating(), false)
		p.want("sb", "updatestart", "abort", "updateend")
	}, nil},
	{"mediasource-endofstream/01", func(p *page) {
		p.ok(p.ms.SetDuration(2))
		p.eos()
		p.is("duration", p.duration(), media.Time(0))
	}, nil},
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
	}, nil},
	{"mediasource-endofstream-invaliderror/01", func(p *page) {
		p.fails(p.ms.EndOfStream(mse.EndDecode+1), mse.TypeError)
		p.is("state", p.ms.ReadyState(), mse.Open)
		p.is("error", p.code, 0)
	}, nil},
	{"part of mediasource-errors/01", func(p *page) {
		p.start(p.loaded(), p.main.seg[0])
		p.want("sb", "updatestart", "error", "updateend")
		p.is("error", p.code, 4)
		p.want("ms", "sourceended", "sourceclose")
		p.is("buffers", p.ms.SourceBuffers().Len(), 0)
		p.is("state", p.ms.ReadyState(), mse.Closed)
	}, nil},
	{"part of mediasource-errors/02", func(p *page) { p.endsEarly(mse.EndDecode) }, nil},
	{"part of mediasource-errors/03", func(p *page) { p.endsEarly(mse.EndNetwork) }, nil},
	{"part of mediasource-errors/04", func(p *page) { p.endsWithMetadata(mse.EndDecode, 3) }, nil},
	{"part of mediasource-errors/05", func(p *page) { p.endsWithMetadata(mse.EndNetwork, 2) }, nil},
	{"part of mediasource-errors/06", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.init)
		p.corrupted(sb)
	}, nil},
	{"part of mediasource-errors/07", func(p *page) { p.corrupted(p.loaded()) }, nil},
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
