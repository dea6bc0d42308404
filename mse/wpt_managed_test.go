package mse_test

import (
	"slices"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
)

// wptManaged is about ManagedMediaSource.
var wptManaged = wptArea{"managed", []wptRow{
	{"webkit-managedmse/01", func(p *page) {
		p = p.managed(0)
		ma, mv := file(p.T, fileA), file(p.T, fileV)
		a, v := p.add(ma.typ), p.add(mv.typ)
		p.append(a, ma.init)
		p.append(v, mv.init)
		p.is("tracks", []int{a.AudioTracks().Len(), v.VideoTracks().Len(), p.lists.Audio.Len(), p.lists.Video.Len()}, []int{1, 1, 1, 1})
		p.is("lists", []int{p.ms.SourceBuffers().Len(), p.ms.ActiveSourceBuffers().Len()}, []int{2, 2})
		p.is("owners", []bool{a.AudioTracks().At(0).SourceBuffer() == a, v.VideoTracks().At(0).SourceBuffer() == v}, []bool{true, true})
	}, nil},
	{"webkit-managedmse/02", func(p *page) {
		p = p.managed(0)
		m := file(p.T, fileA)
		sb := p.add(m.typ)
		p.change(sb, append(m.init, m.seg[0]...), "{ [0.000, ")
		p.ok(sb.Remove(0, inf))
		p.want("sb", append(slices.Clone(appended), "bufferedchange")...)
		p.buffered(sb, "{ }")
	}, nil},
	{"webkit-managedmse/03", func(p *page) {
		p = p.managed(0)
		m := file(p.T, fileA)
		sb := p.add(m.typ)
		p.start(sb, m.all())
		p.want("sb", "updatestart", "update", "updateend", "bufferedchange")
		b, _ := sb.Buffered()
		p.ok(sb.Remove(0, b.End()))
		p.want("sb", "updatestart", "update", "updateend", "bufferedchange")
	}, nil},
	{"webkit-managedmse/04", func(p *page) {
		p = p.managed(0)
		m := file(p.T, fileAV)
		sb := p.add(m.typ)
		var changes []mse.Event
		sb.Listen(func(e mse.Event) {
			if e.Type == mse.EventBufferedChange {
				changes = append(changes, e)
			}
		})
		p.start(sb, m.all())
		p.pump()
		p.ok(p.ms.EndOfStream(mse.EndNormal))
		delete(p.events, "all")
		p.pump()
		all := slices.DeleteFunc(p.events["all"], func(s string) bool { return s != "ms.sourceended" && s != "sb.bufferedchange" })
		p.is("order", all, []string{"ms.sourceended", "sb.bufferedchange"})
		if len(changes) != 2 {
			p.Fatalf("%d changes", len(changes))
		}
		p.ranges("added", changes[0].Added, "{ [0.067, 2.043) }")
		p.ranges("removed", changes[0].Removed, "{ }")
		p.ranges("added", changes[1].Added, "{ [2.043, 2.067) }")
		p.ranges("removed", changes[1].Removed, "{ }")
	}, nil},
	{"webkit-managedmse/05", func(p *page) {
		p, sb := p.synthetic(0)
		p.change(sb, frames(0, 10), "{ [0.000, 10.000) }")
		p.change(sb, frames(10, 15), "{ [10.000, 15.000) }")
		p.change(sb, frames(15, 20), "{ [15.000, 20.000) }")
		p.change(sb, frames(22, 30), "{ [22.000, 30.000) }")
	}, nil},
	{"webkit-managedmse/06", func(p *page) {
		p, sb := p.synthetic(0)
		p.append2(sb, frames(0, 20))
		p.append2(sb, frames(22, 30))
		p.ok(sb.Abort()) // what is being appended to stays
		p.att.SetPlayhead(9)
		var e mse.Event
		sb.Listen(func(x mse.Event) { e = x })
		p.att.CleanUp()
		p.want("sb", "bufferedchange")
		p.ranges("added", e.Added, "{ }")
		p.ranges("removed", e.Removed, "{ [0.000, 9.000) [22.000, 30.000) }")
		p.buffered(sb, "{ [9.000, 20.000) }")
	}, nil},
	{"webkit-managedmse/07", func(p *page) {
		var queue []func()
		loop := mse.NewEventLoop(func(run func()) { queue = append(queue, run) })
		ms := mse.New(mse.Options{Loop: loop, Managed: true})
		var got []string
		ms.Listen(func(e mse.Event) {
			if e.Type == mse.EventSourceOpen {
				p.is("streaming", ms.Streaming(), true)
			}
			got = append(got, e.Type)
		})
		p.is("streaming", ms.Streaming(), false)
		h := &player{EventTarget: mse.NewEventTarget(loop)}
		a, err := ms.Attach(h)
		p.ok(err)
		for len(queue) > 0 {
			queue[0]()
			queue = queue[1:]
		}
		p.is("events", got, []string{"sourceopen", "startstreaming"})
		a.Detach()
		p.is("streaming", ms.Streaming(), false)
	}, nil},
	{"webkit-managedmse/08", func(p *page) {
		p, sb := p.synthetic(0)
		p.append2(sb, frames(0, 29))
		p.is("streaming", p.ms.Streaming(), true)
		p.append2(sb, frames(29, 40))
		p.want("ms", "startstreaming", "endstreaming")
		p.is("streaming", p.ms.Streaming(), false)
		p.ok(sb.Remove(0, 5))
		p.want("ms", "startstreaming")
		p.is("streaming", p.ms.Streaming(), true)
	}, nil},
	{"webkit-managedmse/09", func(p *page) {
		p = p.managed(0)
		m := file(p.T, fileA)
		sb := p.add(m.typ)
		p.append2(sb, m.init)
		p.ok(p.ms.SetDuration(0.1))
		for _, s := range m.seg {
			p.append2(sb, s)
		}
		p.never("ms", "endstreaming")
		p.ok(p.ms.EndOfStream(mse.EndNormal))
		p.want("ms", "startstreaming", "sourceended", "endstreaming")
	}, nil},
	{"webkit-managedmse/10", func(p *page) {
		p, sb := p.synthetic(0)
		p.append2(sb, frames(0, 5))
		p.ok(p.ms.EndOfStream(mse.EndNormal))
		p.want("ms", "startstreaming", "sourceended", "endstreaming")
		for range 10 {
			p.att.SetPlayhead(p.duration())
			p.want("ms")
			p.is("streaming", p.ms.Streaming(), false)
		}
	}, nil},
	{"webkit-managedmse/11", func(p *page) {
		p, sb := p.synthetic(0)
		p.append2(sb, frames(0, 40))
		p.is("streaming", p.ms.Streaming(), false)
		p.att.SetPlayhead(70)
		p.want("ms", "startstreaming", "endstreaming", "startstreaming")
		p.is("streaming", p.ms.Streaming(), true)
		p.append2(sb, frames(70, 110))
		p.want("ms", "endstreaming")
	}, nil},
	{"webkit-managedmse/12", func(p *page) {
		p, sb := p.synthetic(0)
		for i := range 9 {
			p.append2(sb, frames(10*i, 10*i+10))
		}
		p.ok(p.ms.EndOfStream(mse.EndNormal))
		p.att.SetPlayhead(45)
		p.pump()
		delete(p.events, "sb")
		p.att.CleanUp()
		p.want("sb", "bufferedchange")
		p.buffered(sb, "{ [45.000, 90.000) }")
	}, nil},
	{"webkit-managedmse/13", func(p *page) {
		p, sb := p.synthetic(0)
		p.append2(sb, frames(0, 20))
		sb.VideoTracks().At(0).SetSelected(false)
		p.att.CleanUp()
		p.want("sb", "bufferedchange")
		p.buffered(sb, "{ }")
	}, nil},
	{"webkit-managedmse/14", func(p *page) {
		p, sb := p.synthetic(10_000)
		i := 0
		for ; i < 200; i++ {
			if err := sb.AppendBuffer(frames(i, i+1)); err != nil {
				p.fails(err, mse.QuotaExceededError)
				break
			}
			p.pump()
		}
		p.is("full", i > 10 && i < 200, true)
		b, _ := sb.Buffered()
		p.is("buffered", b, media.Ranges{{Start: 0, End: media.Time(i)}})
		p.fails(sb.AppendBuffer(frames(i, i+1)), mse.QuotaExceededError)
		p.att.SetPlayhead(media.Time(i - 1))
		p.ok(sb.AppendBuffer(frames(i, i+1)))
		p.pump()
		b, _ = sb.Buffered()
		p.is("room was made before the playback position", b[0].Start > 0 && b[0].Start <= media.Time(i-1) && b.End() == media.Time(i+1), true)
	}, nil},
	{"webkit-managedmse/15", func(p *page) {
		p = p.managed(0)
		m := file(p.T, fileAV)
		sb := p.add(m.typ)
		p.append2(sb, append(m.init, m.seg[0]...))
		before, _ := sb.Buffered()
		p.append2(sb, append(m.init, m.seg[0]...))
		after, _ := sb.Buffered()
		p.is("buffered", after, before)
	}, nil},
}}

// managed is a page with a ManagedMediaSource.
func (p *page) managed(quota int64) *page {
	p.Helper()
	m := newClosedPage(p.T, p.main, mse.Options{Managed: true, VideoQuota: quota,
		Private: map[string]func() bytestream.Parser{msetest.TextType: msetest.NewTextParser}})
	a, err := m.ms.Attach(&m.player)
	m.ok(err)
	m.att = a
	m.pump()
	m.is("events", m.events["ms"], []string{"sourceopen", "startstreaming"})
	m.events["ms"] = []string{"startstreaming"}
	return m
}

// synthetic is a managed page with a SourceBuffer that takes two frames a second.
func (p *page) synthetic(quota int64) (*page, *mse.SourceBuffer) {
	p.Helper()
	m := p.managed(quota)
	sb := m.add(msetest.TextType)
	m.append2(sb, []byte("init video h264 dur=300\n"))
	return m, sb
}

// frames is a segment of the seconds [from, to).
func frames(from, to int) []byte {
	var b []byte
	for i := from; i < to; i++ {
		for _, t := range []int{i * 1000, i*1000 + 500} {
			b = append(b, media.Time(t).String()+"D500#50K "...)
		}
	}
	return append(b, '\n')
}

// append2 appends and forgets the events of the SourceBuffer.
func (p *page) append2(sb *mse.SourceBuffer, b []byte) {
	p.Helper()
	p.start(sb, b)
	p.pump()
	delete(p.events, "sb")
}

// change appends and checks what bufferedchange says was added.
func (p *page) change(sb *mse.SourceBuffer, b []byte, want string) {
	p.Helper()
	var got []mse.Event
	stop := sb.Listen(func(e mse.Event) {
		if e.Type == mse.EventBufferedChange {
			got = append(got, e)
		}
	})
	defer stop()
	p.append2(sb, b)
	if len(got) != 1 || len(got[0].Removed) != 0 {
		p.Errorf("changes %v", got)
		return
	}
	if want[len(want)-1] == '}' {
		p.ranges("added", got[0].Added, want)
	} else {
		now, _ := sb.Buffered()
		p.is("added", got[0].Added, now)
	}
}
