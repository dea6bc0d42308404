package mse_test

import (
	"mseplayer/mse"
)

// wptLists is about sourceBuffers, activeSourceBuffers and the track lists.
var wptLists = wptArea{"lists", []wptRow{
	{"mediasource-sourcebufferlist/01", func(p *page) { p.adds(videoType, audioType) }, nil},
	{"mediasource-sourcebufferlist/02", func(p *page) {
		a := p.add(videoType)
		p.want("buffers", "addsourcebuffer")
		b := p.add(audioType)
		p.want("buffers", "addsourcebuffer")
		p.members(a, b)
		p.ok(p.ms.RemoveSourceBuffer(a))
		p.want("buffers", "removesourcebuffer")
		p.members(b)
		c := p.add(videoType)
		p.want("buffers", "addsourcebuffer")
		p.members(b, c)
	}, nil},
	{"mediasource-sourcebufferlist/03", func(p *page) {
		p.add(videoType)
		p.add(audioType)
		p.want("buffers", "addsourcebuffer", "addsourcebuffer")
		p.att.Detach()
		p.want("buffers", "removesourcebuffer")
		p.want("ms", "sourceclose")
		p.members()
	}, nil},
	{"part of mediasource-activesourcebuffers/01", func(p *page) { p.becomesActive(fileA) }, nil},
	{"part of mediasource-activesourcebuffers/02", func(p *page) { p.becomesActive(fileV) }, nil},
	{"part of mediasource-activesourcebuffers/03", func(p *page) { p.bothActive(fileA, fileV, false) }, nil},
	{"part of mediasource-activesourcebuffers/04", func(p *page) { p.bothActive(fileA, fileV, true) }, nil},
	{"part of mediasource-activesourcebuffers/05", func(p *page) { p.bothActive(fileV, fileA, true) }, nil},
	{"part of mediasource-activesourcebuffers/06", func(p *page) { p.bothActive(fileV, fileA, false) }, nil},
	{"part of mediasource-activesourcebuffers/07", func(p *page) {
		a, v := p.bothActive(fileA, fileV, false)
		p.want("active", "addsourcebuffer", "addsourcebuffer")
		p.is("tracks", []int{a.AudioTracks().Len(), v.VideoTracks().Len()}, []int{1, 1})
		a.AudioTracks().At(0).SetEnabled(false)
		p.want("active", "removesourcebuffer")
		p.actives(v)
		a.AudioTracks().At(0).SetEnabled(true)
		v.VideoTracks().At(0).SetSelected(false)
		p.want("active", "addsourcebuffer", "removesourcebuffer")
		p.actives(a)
	}, nil},
	{"part of mediasource-activesourcebuffers/08", func(p *page) {
		m := file(p.T, fileAV)
		sb := p.add(m.typ)
		p.append(sb, m.all())
		p.want("active", "addsourcebuffer")
		p.listen("audio", sb.AudioTracks())
		p.listen("video", sb.VideoTracks())
		sb.AudioTracks().At(0).SetEnabled(false)
		p.want("audio", "change")
		sb.AudioTracks().At(0).SetEnabled(true)
		sb.VideoTracks().At(0).SetSelected(false)
		p.want("audio", "change")
		p.want("video", "change")
		p.want("active")
		p.actives(sb)
	}, nil},
	{"part of mediasource-avtracks/01", func(p *page) {
		sb := p.loaded()
		p.listen("audio", sb.AudioTracks())
		p.listen("video", sb.VideoTracks())
		p.append(sb, p.main.init)
		for _, name := range []string{"audio", "video", "player.audio", "player.video"} {
			p.want(name, "addtrack")
		}
		p.want("player", "durationchange", "loadedmetadata")
		p.is("tracks", []int{sb.AudioTracks().Len(), sb.VideoTracks().Len()}, []int{1, 1})
		a, v := sb.AudioTracks().At(0), sb.VideoTracks().At(0)
		p.is("video", []any{v.Role(), v.Language(), v.SourceBuffer() == sb, v.Selected()}, []any{"main", "", true, true})
		p.is("audio", []any{a.Role(), a.Language(), a.SourceBuffer() == sb, a.Enabled()}, []any{"main", "", true, true})
		p.is("same objects", []bool{p.lists.Audio.At(0) == a, p.lists.Video.At(0) == v, a.ID() != v.ID()}, []bool{true, true, true})
	}, nil},
	{"part of mediasource-avtracks/02", func(p *page) {
		p.loseTracks(func(sb *mse.SourceBuffer) { p.ok(p.ms.RemoveSourceBuffer(sb)) })
	}, nil},
	{"part of mediasource-avtracks/03", func(p *page) { p.loseTracks(func(*mse.SourceBuffer) { p.att.Detach() }) }, nil},
}}

func (p *page) members(want ...*mse.SourceBuffer) {
	p.Helper()
	p.is("sourceBuffers", p.ms.SourceBuffers().All(), want)
}

func (p *page) actives(want ...*mse.SourceBuffer) {
	p.Helper()
	p.is("activeSourceBuffers", p.ms.ActiveSourceBuffers().All(), want)
}

func (p *page) becomesActive(name string) {
	p.Helper()
	m := file(p.T, name)
	sb := p.add(m.typ)
	p.actives()
	p.append(sb, m.all())
	p.want("active", "addsourcebuffer")
	p.actives(sb)
}

// bothActive appends to two SourceBuffers; activeSourceBuffers keeps the order of sourceBuffers.
func (p *page) bothActive(first, second string, reverse bool) (a, b *mse.SourceBuffer) {
	p.Helper()
	ma, mb := file(p.T, first), file(p.T, second)
	a, b = p.add(ma.typ), p.add(mb.typ)
	p.actives()
	if reverse {
		p.start(b, mb.all())
		p.start(a, ma.all())
	} else {
		p.start(a, ma.all())
		p.start(b, mb.all())
	}
	p.pump()
	p.actives(a, b)
	p.members(a, b)
	return a, b
}

// loseTracks appends an initialization segment and looks at what is left of the tracks afterwards.
func (p *page) loseTracks(do func(*mse.SourceBuffer)) {
	p.Helper()
	sb := p.loaded()
	p.listen("audio", sb.AudioTracks())
	p.listen("video", sb.VideoTracks())
	p.append(sb, p.main.init)
	a, v := sb.AudioTracks().At(0), sb.VideoTracks().At(0)
	do(sb)
	for _, name := range []string{"audio", "video", "player.audio", "player.video"} {
		p.want(name, "addtrack", "removetrack", "change")
	}
	p.is("lists", []int{p.ms.SourceBuffers().Len(), sb.AudioTracks().Len(), sb.VideoTracks().Len(), p.lists.Audio.Len(), p.lists.Video.Len()}, []int{0, 0, 0, 0, 0})
	p.is("owners", []bool{a.SourceBuffer() == nil, v.SourceBuffer() == nil}, []bool{true, true})
}
