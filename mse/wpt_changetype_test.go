package mse_test

import (
	"mseplayer/mse"
	"mseplayer/mse/media"
)

// wptChangeType is about changeType, and about another codec without it. The offsets are the suite's.
var wptChangeType = wptArea{"changetype", []wptRow{
	{"mediasource-changetype/01", func(p *page) { p.fails(p.add(bothType).ChangeType(""), mse.TypeError) }},
	{"mediasource-changetype/02", func(p *page) {
		sb := p.add(bothType)
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.fails(sb.ChangeType(bothType), mse.InvalidStateError)
	}},
	{"mediasource-changetype/03", func(p *page) {
		sb := p.add(bothType)
		p.start(sb, []byte{})
		p.fails(sb.ChangeType(bothType), mse.InvalidStateError)
	}},
	{"mediasource-changetype/04", func(p *page) { p.fails(p.add(bothType).ChangeType("null"), mse.NotSupportedError) }},
	{"mediasource-changetype/05", func(p *page) { p.fails(p.add(bothType).ChangeType("invalidType"), mse.NotSupportedError) }},
	{"mediasource-changetype/06", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.all())
		p.eos()
		p.ok(sb.ChangeType(bothType))
		p.is("state", p.ms.ReadyState(), mse.Open)
		p.want("ms", "sourceopen")
	}},
	{"mediasource-changetype/08", func(p *page) {
		sb := p.add(audioType)
		p.ok(sb.ChangeType(audioType))
		p.is("mode", sb.Mode(), mse.Segments)
		p.ok(sb.SetMode(mse.Sequence))
		p.ok(sb.ChangeType(audioType))
		p.is("mode", sb.Mode(), mse.Sequence)
	}},
	{"mediasource-changetype-play/06", func(p *page) { p.switches(aac, audioType, audioType) }},
	{"mediasource-changetype-play/19", func(p *page) { p.switches(avc, videoType, videoType) }},
	{"mediasource-changetype-play-without-codecs-parameter/06", func(p *page) { p.switches(aac, "audio/mp4", "audio/mp4") }},
	{"mediasource-changetype-play-without-codecs-parameter/19", func(p *page) { p.switches(avc, "video/mp4", "video/mp4") }},
	{"mediasource-changetype-play-implicit/04", func(p *page) { p.switches(aac, audioType, "") }},
	{"mediasource-changetype-play-implicit/05", func(p *page) { p.switches(aac, "audio/mp4", "") }},
	{"mediasource-changetype-play-implicit/15", func(p *page) { p.switches(avc, videoType, "") }},
	{"mediasource-changetype-play-implicit/16", func(p *page) { p.switches(avc, "video/mp4", "") }},
	{"mediasource-changetype-play-negative/30", func(p *page) { p.refusesSwitch(fileA, audioType, fileV24, videoType) }},
	{"mediasource-changetype-play-negative/31", func(p *page) { p.refusesSwitch(fileV24, videoType, fileA, audioType) }},
	{"mediasource-changetype-play-negative/32", func(p *page) { p.refusesSwitch(fileA, audioType, fileV24, "") }},
	{"mediasource-changetype-play-negative/33", func(p *page) { p.refusesSwitch(fileV24, videoType, fileA, "") }},
	{"mediasource-changetype-play-negative/34", func(p *page) { p.refusesSwitch(fileA, "audio/mp4", fileV24, "video/mp4") }},
	{"mediasource-changetype-play-negative/35", func(p *page) { p.refusesSwitch(fileV24, "video/mp4", fileA, "audio/mp4") }},
	{"mediasource-changetype-play-negative/36", func(p *page) { p.refusesSwitch(fileA, "audio/mp4", fileV24, "") }},
	{"mediasource-changetype-play-negative/37", func(p *page) { p.refusesSwitch(fileV24, "video/mp4", fileA, "") }},
}}

// sequel is what the suite appends: a file at 0 and at four more offsets.
type sequel struct {
	file    string
	offsets []media.Span
}

var (
	aac = sequel{fileA, []media.Span{0, 0.5, 1, 1.5, 1.3}}
	avc = sequel{fileV24, []media.Span{0, 0.666666, 0.999999, 1.666665, 1.333332}}
)

// switches appends the file five times, with changeType in between unless to is empty.
func (p *page) switches(s sequel, typ, to string) {
	p.Helper()
	m := file(p.T, s.file)
	sb := p.add(typ)
	for i, offset := range s.offsets {
		if i > 0 && to != "" {
			p.ok(sb.ChangeType(to))
		}
		p.ok(sb.SetTimestampOffset(offset))
		p.append(sb, m.all())
	}
	p.is("longer than 2.1 s", p.duration() > 2.1, true)
	p.trim(sb)
	p.readsThrough()
}

// refusesSwitch appends pictures to sound or the other way round: an error event follows.
func (p *page) refusesSwitch(first, typ, second, to string) {
	p.Helper()
	a, b := file(p.T, first), file(p.T, second)
	sb := p.add(typ)
	p.append(sb, a.all())
	if to != "" {
		if err := sb.ChangeType(to); err != nil {
			p.fails(err, mse.NotSupportedError)
			return
		}
	}
	p.start(sb, b.all())
	p.want("sb", "updatestart", "error", "updateend")
	p.is("error", p.code, 3)
}
