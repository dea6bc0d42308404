package wpt

import (
	"slices"

	"github.com/dop251/goja"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

// cueList is behind the lists of all, or of the active, cues of a track.
type cueList struct {
	track  *mse.Track
	active bool
}

// all returns the cues at this moment.
func (l *cueList) all(p *page) []*mse.Cue {
	if !l.active {
		cues, _ := l.track.Cues()
		return cues
	}
	for _, m := range p.players {
		if slices.Contains(m.el.TextTracks().All(), l.track) {
			return l.track.ActiveCues(m.el.CurrentTime())
		}
	}
	return nil
}

func (p *page) cue(c *mse.Cue) *object { return p.wrap("VTTCue", c) }

// cueMembers are the members of TextTrack that are about cues.
func (p *page) cueMembers() []member {
	list := func(name string, active bool) member {
		return ro(p, name, func(t *mse.Track) any {
			if _, ok := t.Cues(); !ok {
				return nil
			}
			key := cueList{t, active}
			if p.cueLists[key] == nil {
				p.cueLists[key] = p.fresh("TextTrackCueList", &key)
			}
			return p.cueLists[key]
		})
	}
	given := func(args []goja.Value) *mse.Cue {
		c, ok := given[*mse.Cue](p, args, 0)
		if !ok {
			p.typeError("the argument is not a TextTrackCue")
		}
		return c
	}
	return []member{
		list("cues", false), list("activeCues", true),
		op(p, "addCue", 1, func(t *mse.Track, args []goja.Value) any {
			c := given(args)
			if old := p.cueTracks[c]; old != nil && old != t {
				p.check(old.RemoveCue(c))
				delete(p.cueTracks, c)
			}
			p.check(t.AddCue(c))
			p.cueTracks[c] = t
			return goja.Undefined()
		}),
		op(p, "removeCue", 1, func(t *mse.Track, args []goja.Value) any {
			c := given(args)
			p.check(t.RemoveCue(c))
			delete(p.cueTracks, c)
			return goja.Undefined()
		}),
	}
}

func (p *page) defineCues() {
	// A cue must not change while a track has it.
	change := func(c *mse.Cue, set func()) {
		t := p.cueTracks[c]
		if t != nil {
			p.check(t.RemoveCue(c))
		}
		set()
		if t != nil {
			p.check(t.AddCue(c))
		}
	}
	end := func(v goja.Value) media.Time {
		t := media.Time(v.ToFloat())
		if t != media.Forever {
			p.double(v)
		}
		return t
	}
	p.define(iface{name: "TextTrackCue", parent: "EventTarget", members: append([]member{
		rw(p, "id", func(c *mse.Cue) any { return c.ID }, func(c *mse.Cue, v goja.Value) { change(c, func() { c.ID = text(v) }) }),
		rw(p, "startTime", func(c *mse.Cue) any { return c.Start }, func(c *mse.Cue, v goja.Value) {
			t := media.Time(p.double(v))
			change(c, func() { c.Start = t })
		}),
		rw(p, "endTime", func(c *mse.Cue) any { return c.End }, func(c *mse.Cue, v goja.Value) {
			t := end(v)
			change(c, func() { c.End = t })
		}),
		ro(p, "track", func(c *mse.Cue) any {
			if t := p.cueTracks[c]; t != nil {
				return p.track(t)
			}
			return nil
		}),
	}, absent(p, "TextTrackCue", "pauseOnExit", "onenter", "onexit")...)})
	p.define(iface{name: "VTTCue", parent: "TextTrackCue", required: 3,
		construct: func(args []goja.Value) any {
			return &mse.Cue{Start: media.Time(p.double(args[0])), End: end(args[1]), Text: text(args[2])}
		},
		members: []member{
			rw(p, "text", func(c *mse.Cue) any { return c.Text }, func(c *mse.Cue, v goja.Value) { change(c, func() { c.Text = text(v) }) }),
		}})
	p.define(iface{name: "TextTrackCueList", members: []member{
		ro(p, "length", func(l *cueList) any { return len(l.all(p)) }),
		op(p, "getCueById", 1, func(l *cueList, args []goja.Value) any {
			id := text(args[0])
			for _, c := range l.all(p) {
				if id != "" && c.ID == id {
					return p.cue(c)
				}
			}
			return nil
		}),
	}, at: func(o *object, i int) any {
		if cues := o.impl.(*cueList).all(p); i < len(cues) {
			return p.cue(cues[i])
		}
		return nil
	}})
}
