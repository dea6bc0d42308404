package wpt

import (
	"github.com/dop251/goja"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

// track returns the object that stands for a track.
func (p *page) track(t *mse.Track) any {
	if t == nil {
		return nil
	}
	switch t.Kind() {
	case media.Audio:
		return p.wrap("AudioTrack", t)
	case media.Video:
		return p.wrap("VideoTrack", t)
	case media.Text:
		return p.wrap("TextTrack", t)
	default:
		panic("wpt: impossible kind of track")
	}
}

func (p *page) trackList(kind media.Kind, l *mse.TrackList) *object {
	switch kind {
	case media.Audio:
		return p.wrap("AudioTrackList", l)
	case media.Video:
		return p.wrap("VideoTrackList", l)
	case media.Text:
		return p.wrap("TextTrackList", l)
	default:
		panic("wpt: impossible kind of track")
	}
}

func (p *page) defineTracks() {
	id := ro(p, "id", func(t *mse.Track) any { return t.ID() })
	kind := ro(p, "kind", func(t *mse.Track) any { return t.Role() })
	label := ro(p, "label", func(t *mse.Track) any { return t.Label() })
	language := ro(p, "language", func(t *mse.Track) any { return t.Language() })
	owner := ro(p, "sourceBuffer", func(t *mse.Track) any {
		if sb := t.SourceBuffer(); sb != nil {
			return p.sourceBuffer(sb)
		}
		return nil
	})
	p.define(iface{name: "AudioTrack", members: []member{id, kind, label, language,
		rw(p, "enabled", func(t *mse.Track) any { return t.Enabled() }, func(t *mse.Track, v goja.Value) { t.SetEnabled(v.ToBoolean()) }),
		owner}})
	p.define(iface{name: "VideoTrack", members: []member{id, kind, label, language,
		rw(p, "selected", func(t *mse.Track) any { return t.Selected() }, func(t *mse.Track, v goja.Value) { t.SetSelected(v.ToBoolean()) }),
		owner}})
	p.define(iface{name: "TextTrack", parent: "EventTarget", members: append([]member{kind, label, language, id,
		rw(p, "mode", func(t *mse.Track) any { return t.Mode().String() }, func(t *mse.Track, v goja.Value) {
			for _, m := range []mse.TextMode{mse.Disabled, mse.Hidden, mse.Showing} {
				if text(v) == m.String() {
					t.SetMode(m)
				}
			}
		}),
		owner,
	}, append(p.cueMembers(), absent(p, "TextTrack", "oncuechange")...)...)})
	list := func(name string, more ...member) {
		p.define(iface{name: name, parent: "EventTarget",
			members: append(append([]member{
				ro(p, "length", func(l *mse.TrackList) any { return l.Len() }),
				op(p, "getTrackById", 1, func(l *mse.TrackList, args []goja.Value) any { return p.track(l.ByID(text(args[0]))) }),
			}, more...), handlers(p, "change", "addtrack", "removetrack")...),
			at: func(o *object, i int) any { return p.track(o.impl.(*mse.TrackList).At(i)) },
		})
	}
	list("AudioTrackList")
	list("VideoTrackList", ro(p, "selectedIndex", func(l *mse.TrackList) any { return l.SelectedIndex() }))
	list("TextTrackList")
}
