package wpt

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/dop251/goja"

	"mseplayer/audio/null"
	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/element"
	"mseplayer/player/frame"
	"mseplayer/player/present"
)

// refresh is how often the surface that nobody sees is refreshed.
const refresh = time.Second / 60

// mediaElement is behind video and audio elements: the product's element with a sound device and a surface that nobody
// notices.
type mediaElement struct {
	*domNode
	p    *page
	el   *element.Element
	sink *null.Sink
	ear  ear
	done chan struct{} // closed when the surface has ended

	mu    sync.Mutex
	shown *frame.Video // guarded by mu: lent by the queue until the next pick
}

// newMedia makes the object of a media element; the attributes that it has take effect.
func (p *page) newMedia(name string, d *domNode) *object {
	m := &mediaElement{domNode: d, p: p, done: make(chan struct{})}
	m.sink = null.New(null.Options{Out: m.ear.hear})
	m.ear.format = m.sink.Format()
	p.must(m.sink.Start(p.ctx))
	m.el = element.New(p.media, element.Options{Decoders: p.opt.Decoders, Decoder: p.opt.Decoder, Audio: m.sink,
		Queue: present.Options{Created: p.began, History: -1}, Log: p.log})
	m.el.Start(p.ctx)
	p.players = append(p.players, m)
	go func() {
		defer close(m.done)
		m.draw()
	}()
	o := p.fresh(name, m)
	_, muted := attributeOf(d.n, "muted")
	m.el.SetMuted(muted)
	for _, a := range slices.Clone(d.n.Attr) {
		m.attributeChanged(a.Key, a.Val, true)
	}
	return o
}

// draw picks pictures as a display would show them until the page ends.
func (m *mediaElement) draw() {
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-m.p.ctx.Done():
			return
		case <-timer.C:
		}
		from := next
		next = next.Add(refresh)
		m.mu.Lock()
		m.shown, _ = m.el.Frames().Pick(from, next)
		m.mu.Unlock()
		timer.Reset(time.Until(next))
	}
}

// close ends playback. The page's context must have ended.
func (m *mediaElement) close() {
	<-m.done
	m.el.Close()
	if err := m.sink.Close(); err != nil {
		m.p.log.Error("sound", "err", err)
	}
}

// Listen passes on the element's events.
func (m *mediaElement) Listen(fn func(mse.Event)) func() { return m.el.Listen(fn) }

// attributeChanged implements reflecting.
func (m *mediaElement) attributeChanged(name, value string, present bool) {
	switch {
	case name == "src" && present:
		m.el.SetSrc(m.p.resolve(value))
	case name == "src":
		m.el.RemoveSrc()
	case name == "autoplay":
		m.el.SetAutoplay(present)
	case name == "loop":
		m.el.SetLoop(present)
	}
}

// mediaEvents are the types of event that media elements have handler attributes for.
var mediaEvents = []string{"abort", "canplay", "canplaythrough", "durationchange", "emptied", "ended", "error", "loadeddata", "loadedmetadata",
	"loadstart", "pause", "play", "playing", "progress", "ratechange", "resize", "seeked", "seeking", "stalled", "suspend", "timeupdate",
	"volumechange", "waiting"}

func (p *page) defineMedia() {
	p.define(iface{name: "MediaError", members: append([]member{
		ro(p, "code", func(e *element.MediaError) any { return int(e.Code) }),
		ro(p, "message", func(e *element.MediaError) any { return e.Error() }),
	}, constants(1, "MEDIA_ERR_ABORTED", "MEDIA_ERR_NETWORK", "MEDIA_ERR_DECODE", "MEDIA_ERR_SRC_NOT_SUPPORTED")...)})
	number := func(name string, get func(*element.Element) float64, set func(*element.Element, float64) error) member {
		return rw(p, name, func(m *mediaElement) any { return get(m.el) }, func(m *mediaElement, v goja.Value) { p.check(set(m.el, p.double(v))) })
	}
	flag := func(name string, get func(*element.Element) bool, set func(*element.Element, bool)) member {
		return rw(p, name, func(m *mediaElement) any { return get(m.el) }, func(m *mediaElement, v goja.Value) { set(m.el, v.ToBoolean()) })
	}
	members := []member{
		ro(p, "error", func(m *mediaElement) any {
			if e := m.el.Error(); e != nil {
				return p.wrap("MediaError", e)
			}
			return nil
		}),
		urlAttribute(p, "src"),
		ro(p, "currentSrc", func(m *mediaElement) any { return m.el.CurrentSrc() }),
		rw(p, "srcObject", func(m *mediaElement) any {
			if ms := m.el.SrcObject(); ms != nil {
				return p.mediaSource(ms)
			}
			return nil
		}, func(m *mediaElement, v goja.Value) {
			ms, ok := given[*mse.MediaSource](p, []goja.Value{v}, 0)
			if !ok && !goja.IsNull(v) && !goja.IsUndefined(v) {
				p.typeError("HTMLMediaElement.srcObject: not a MediaSource")
			}
			m.el.SetSrcObject(ms)
		}),
		stringAttribute(p, "preload"),
		boolAttribute(p, "controls", "controls"),
		boolAttribute(p, "defaultMuted", "muted"),
		ro(p, "networkState", func(m *mediaElement) any { return int(m.el.NetworkState()) }),
		ro(p, "readyState", func(m *mediaElement) any { return int(m.el.ReadyState()) }),
		ro(p, "buffered", func(m *mediaElement) any { return m.el.Buffered() }),
		ro(p, "seekable", func(m *mediaElement) any { return m.el.Seekable() }),
		ro(p, "played", func(m *mediaElement) any { return m.el.Played() }),
		ro(p, "seeking", func(m *mediaElement) any { return m.el.Seeking() }),
		ro(p, "paused", func(m *mediaElement) any { return m.el.Paused() }),
		ro(p, "ended", func(m *mediaElement) any { return m.el.Ended() }),
		ro(p, "duration", func(m *mediaElement) any {
			if d, ok := m.el.Duration(); ok {
				return d
			}
			return nan
		}),
		rw(p, "currentTime", func(m *mediaElement) any { return m.el.CurrentTime() },
			func(m *mediaElement, v goja.Value) { m.el.Seek(media.Time(p.double(v))) }),
		number("volume", (*element.Element).Volume, (*element.Element).SetVolume),
		number("playbackRate", (*element.Element).PlaybackRate, (*element.Element).SetPlaybackRate),
		number("defaultPlaybackRate", (*element.Element).DefaultPlaybackRate, (*element.Element).SetDefaultPlaybackRate),
		flag("muted", (*element.Element).Muted, (*element.Element).SetMuted),
		flag("preservesPitch", (*element.Element).PreservesPitch, (*element.Element).SetPreservesPitch),
		boolAttribute(p, "autoplay", "autoplay"),
		boolAttribute(p, "loop", "loop"),
		ro(p, "audioTracks", func(m *mediaElement) any { return p.trackList(media.Audio, m.el.AudioTracks()) }),
		ro(p, "videoTracks", func(m *mediaElement) any { return p.trackList(media.Video, m.el.VideoTracks()) }),
		ro(p, "textTracks", func(m *mediaElement) any { return p.trackList(media.Text, m.el.TextTracks()) }),
		op(p, "addTextTrack", 1, func(m *mediaElement, args []goja.Value) any {
			t, err := m.el.AddTextTrack(text(args[0]), optional(args, 1), optional(args, 2))
			p.check(err)
			return p.track(t)
		}),
		op(p, "load", 0, func(m *mediaElement, _ []goja.Value) any { m.el.Load(); return goja.Undefined() }),
		op(p, "pause", 0, func(m *mediaElement, _ []goja.Value) any { m.el.Pause(); return goja.Undefined() }),
		op(p, "play", 0, func(m *mediaElement, _ []goja.Value) any { return p.play(m) }),
		op(p, "canPlayType", 1, func(_ *mediaElement, args []goja.Value) any {
			o := p.mediaSourceOptions()
			return o.CanPlayType(text(args[0]))
		}),
	}
	members = append(members, handlers(p, mediaEvents...)...)
	members = append(members, constants(0, "NETWORK_EMPTY", "NETWORK_IDLE", "NETWORK_LOADING", "NETWORK_NO_SOURCE")...)
	members = append(members, constants(0, "HAVE_NOTHING", "HAVE_METADATA", "HAVE_CURRENT_DATA", "HAVE_FUTURE_DATA", "HAVE_ENOUGH_DATA")...)
	members = append(members, absent(p, "HTMLMediaElement", "mediaKeys", "setMediaKeys", "onencrypted", "onwaitingforkey")...)
	p.define(iface{name: "HTMLMediaElement", parent: "HTMLElement", members: members})
	size := func(name string, of func(w, h int) int) member {
		return ro(p, name, func(m *mediaElement) any { return of(m.el.VideoSize()) })
	}
	p.define(iface{name: "HTMLVideoElement", parent: "HTMLMediaElement", members: []member{
		size("videoWidth", func(w, _ int) int { return w }),
		size("videoHeight", func(_, h int) int { return h }),
		stringAttribute(p, "width"), stringAttribute(p, "height"), urlAttribute(p, "poster"),
		op(p, "getVideoPlaybackQuality", 0, func(m *mediaElement, _ []goja.Value) any {
			q := m.el.Quality()
			return p.fresh("VideoPlaybackQuality", &q)
		}),
	}})
	p.define(iface{name: "HTMLAudioElement", parent: "HTMLMediaElement"})
	audio := p.function("Audio", 0, func(_ goja.Value, args []goja.Value) any {
		o := p.nodeObject(newElement("audio"))
		if src := arg(args, 0); !goja.IsUndefined(src) {
			p.setAttribute(o.impl.(noder), "src", text(src))
		}
		return o
	})
	construct, err := p.makeConstructor(goja.Undefined(), p.vm.ToValue("Audio"), p.vm.ToValue(0),
		p.vm.ToValue(func(c goja.FunctionCall) goja.Value {
			call, _ := goja.AssertFunction(audio)
			v, err := call(goja.Undefined(), c.Arguments[1:]...)
			p.must(err)
			return v
		}))
	p.must(err)
	p.must(p.vm.Set("Audio", construct))
	p.define(iface{name: "VideoPlaybackQuality", members: []member{
		ro(p, "creationTime", func(q *present.Quality) any { return q.CreationTime }),
		ro(p, "totalVideoFrames", func(q *present.Quality) any { return q.Total }),
		ro(p, "droppedVideoFrames", func(q *present.Quality) any { return q.Dropped }),
		ro(p, "corruptedVideoFrames", func(q *present.Quality) any { return q.Corrupted }),
	}})
}

// play returns the promise of play().
func (p *page) play(m *mediaElement) goja.Value {
	promise, resolve, reject := p.vm.NewPromise()
	m.el.PlayThen(func(err error) {
		p.settle(func() {
			if err == nil {
				p.must(resolve(goja.Undefined()))
				return
			}
			name := "OperationError"
			var e *mse.Error
			if errors.As(err, &e) {
				name = string(e.Name)
			}
			p.must(reject(p.newException(name, err.Error()).js))
		})
	})
	return p.vm.ToValue(promise)
}
