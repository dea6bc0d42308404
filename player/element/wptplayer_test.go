package element_test

import (
	"fmt"
	"math"
	"strings"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/element"
)

// load sets src to the served main medium in one task with more.
func (p *page) load(more func()) {
	p.t.Helper()
	url := p.serve(p.main())
	p.do(func() {
		p.e.SetSrc(url)
		if more != nil {
			more()
		}
	})
}

// comes is the row that one event comes, with or without autoplay, and no error. See also during.
func comes(id, event string, autoplay, play bool) wptRow {
	return wptRow{id: "html/media-elements/" + id + "/01", run: func(p *page) {
		p.e.SetAutoplay(autoplay)
		p.load(func() {
			if play {
				p.e.Play()
			}
		})
		p.wait(event)
		p.never("error")
	}}
}

// during is the row that something holds in the handler of an event.
func during(id, event string, check func(p *page)) wptRow {
	return wptRow{id: "html/media-elements/" + id + "/01", run: func(p *page) {
		p.e.SetAutoplay(true)
		p.on(event, func() { check(p) })
		p.load(nil)
		p.wait(event)
	}}
}

// order is the row that one event comes before another.
func order(id, first, second string) wptRow {
	return wptRow{id: "html/media-elements/" + id + "/01", run: func(p *page) {
		p.e.SetAutoplay(true)
		p.load(nil)
		p.wait(first, second)
		p.ok(first+" comes first", strings.HasPrefix(p.events(first, second), first))
	}}
}

// autoplays is a row of ready-states/autoplay.
func autoplays(n int, want string, more func(p *page)) wptRow {
	return wptRow{id: fmt.Sprintf("html/media-elements/ready-states/autoplay/%02d", n), run: func(p *page) {
		p.load(func() {
			p.e.SetAutoplay(true)
			more(p)
		})
		p.wait("canplaythrough")
		p.idle(time.Second)
		p.only(want, "canplay", "canplaythrough", "pause", "play", "playing", "error")
	}}
}

var wptEvents = wptArea{name: "events", rows: []wptRow{
	{id: "mediasource-append-buffer/23", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.append(m.init)
		p.append(m.seg[0])
		p.idle(4 * time.Second)
		is(p, "ranges", len(p.e.Buffered()), 1)
		is(p, "state", p.ms.ReadyState(), mse.Open)
		p.never("stalled")
	}},
	comes("event_canplay", "canplay", true, false),
	comes("event_canplaythrough", "canplaythrough", true, false),
	comes("event_loadeddata", "loadeddata", true, false),
	comes("event_loadedmetadata", "loadedmetadata", true, false),
	comes("event_loadstart", "loadstart", true, false),
	comes("event_playing", "playing", true, false),
	comes("event_play", "play", true, false),
	comes("event_timeupdate", "timeupdate", true, false),
	comes("event_progress", "progress", true, false),
	comes("event_canplay_noautoplay", "canplay", false, false),
	comes("event_canplaythrough_noautoplay", "canplaythrough", false, false),
	comes("event_loadeddata_noautoplay", "loadeddata", false, false),
	comes("event_loadedmetadata_noautoplay", "loadedmetadata", false, false),
	comes("event_loadstart_noautoplay", "loadstart", false, false),
	comes("event_progress_noautoplay", "progress", false, false),
	comes("event_playing_noautoplay", "playing", false, true),
	comes("event_timeupdate_noautoplay", "timeupdate", false, true),
	{id: "html/media-elements/event_play_noautoplay/01", run: func(p *page) {
		p.on("play", func() { p.e.Pause() })
		p.load(func() { p.e.PlayThen(p.promise("promise")) })
		p.wait("play", "promise:AbortError")
	}},
	{id: "html/media-elements/event_pause/01", run: func(p *page) {
		p.e.SetAutoplay(true)
		p.on("play", func() { p.e.Pause() })
		p.load(nil)
		p.wait("pause")
	}},
	{id: "html/media-elements/event_pause_noautoplay/01", run: func(p *page) {
		p.load(func() {
			p.e.PlayThen(p.promise("promise"))
			p.e.Pause()
		})
		p.wait("pause", "promise:AbortError")
	}},
	order("event_order_canplay_canplaythrough", "canplay", "canplaythrough"),
	order("event_order_canplay_playing", "canplay", "playing"),
	order("event_order_loadedmetadata_loadeddata", "loadedmetadata", "loadeddata"),
	order("event_order_loadstart_progress", "loadstart", "progress"),
	autoplays(1, "canplay play playing canplaythrough", func(*page) {}),
	autoplays(2, "canplay play playing canplaythrough", func(p *page) {
		p.e.Pause()
		p.e.Load()
	}),
	autoplays(3, "play canplay playing canplaythrough", func(p *page) {
		p.e.Play()
		is(p, "paused", p.e.Paused(), false)
	}),
	autoplays(4, "canplay canplaythrough", func(p *page) { p.e.Pause() }),
	{id: "html/media-elements/playing-the-media-resource/loop-from-ended/01", run: func(p *page) {
		p.load(nil)
		p.wait("canplaythrough")
		p.do(func() {
			p.e.Seek(duration(p.e).Add(-0.5))
			p.e.Play()
		})
		p.wait("ended")
		is(p, "ended", p.e.Ended(), true)
		is(p, "paused", p.e.Paused(), true)
		is(p, "position", p.e.CurrentTime(), duration(p.e))
		p.do(func() {
			p.e.SetLoop(true)
			is(p, "ended with loop", p.e.Ended(), false)
			is(p, "paused with loop", p.e.Paused(), true)
		})
		p.do(func() { p.e.Play() })
		p.wait("seeked")
		p.ok("position", p.e.CurrentTime() < duration(p.e))
		is(p, "paused", p.e.Paused(), false)
		is(p, "ended", p.e.Ended(), false)
	}},
	{id: "html/media-elements/audio_loop_base/01", run: func(p *page) {
		m := audioMedium(p.t)
		p.open(m)
		p.append(m.all())
		p.must(p.sb.RemoveWait(p.ctx, 0.2, media.Forever))
		p.do(func() {
			p.end(mse.EndNormal)
			p.e.SetLoop(true)
			p.e.Play()
		})
		p.wait("seeking", "seeking", "seeking")
		p.never("ended", "error")
	}},
	{id: "html/media-elements/audio_loop_seek_to_eos/01", run: func(p *page) {
		m := audioMedium(p.t)
		p.open(m)
		p.append(m.all())
		p.do(func() {
			p.end(mse.EndNormal)
			p.e.SetLoop(true)
			p.e.Play()
		})
		p.wait("playing")
		p.do(func() { p.e.Seek(duration(p.e)) })
		p.wait("seeked", "timeupdate")
		is(p, "paused", p.e.Paused(), false)
		p.never("ended")
	}},
}}

// volumeTrick sets the volume behind an act, and again when volumechange comes, to see what comes in between.
func (p *page) volumeTrick(act func(), inFirst func()) {
	p.t.Helper()
	p.on("volumechange", func() {
		inFirst()
		p.must(p.e.SetVolume(1))
	})
	p.do(func() {
		act()
		p.must(p.e.SetVolume(0))
	})
	p.wait("volumechange", "volumechange")
	p.settle()
}

// emptySrc is one of the rows about an address that cannot be loaded.
func emptySrc(url string) func(p *page) {
	return func(p *page) {
		p.volumeTrick(func() {
			p.e.SetSrc(url)
			is(p, "error at once", p.e.Error(), nil)
		}, func() { is(p, "error", code(p.e), element.SrcNotSupported) })
		p.only("volumechange loadstart error volumechange")
	}
}

// opened attaches a MediaSource for sound, plays if asked for, and forgets the events.
func (p *page) opened(play func()) medium {
	p.t.Helper()
	m := audioMedium(p.t)
	p.open(m)
	if play != nil {
		p.do(play)
		p.settle()
		is(p, "waiting", p.fired("waiting"), 1)
		is(p, "paused", p.e.Paused(), false)
	}
	p.clear()
	return m
}

// endsBetween calls volume, EndOfStream, volume in one task.
func (p *page) endsBetween() {
	p.do(func() {
		p.must(p.e.SetVolume(0))
		p.end(mse.EndDecode)
		p.must(p.e.SetVolume(1))
	})
	p.settle()
}

var playerErrors = []wptRow{
	{id: "html/media-elements/error-sequence/01", run: emptySrc("")},
	{id: "html/media-elements/error-sequence/02", run: emptySrc("https://#fragment")},
	{id: "html/media-elements/error-sequence/04", run: func(p *page) {
		p.opened(nil)
		p.endsBetween()
		p.only("volumechange error volumechange", "volumechange", "error")
	}},
	{id: "html/media-elements/error-sequence/05", run: func(p *page) {
		p.opened(nil)
		p.on("volumechange", func() { is(p, "error in the first volumechange", p.e.Error(), nil) })
		p.on("error", func() { is(p, "error in error", code(p.e), element.SrcNotSupported) })
		p.endsBetween()
		is(p, "error events", p.fired("error"), 1)
	}},
	{id: "html/media-elements/error-sequence/06", run: func(p *page) {
		p.opened(func() { p.e.PlayThen(p.promise("play")) })
		p.endsBetween()
		p.only("volumechange play:NotSupportedError volumechange", "volumechange", "play:NotSupportedError")
	}},
	{id: "html/media-elements/error-sequence/07", run: func(p *page) {
		p.opened(func() { p.e.PlayThen(p.promise("play")) })
		p.do(func() { p.end(mse.EndDecode) })
		p.settle()
		p.only("error play:NotSupportedError", "error", "play:NotSupportedError")
		is(p, "error", code(p.e), element.SrcNotSupported)
	}},
	{id: "html/media-elements/error-sequence/08", run: func(p *page) {
		m := p.opened(nil)
		p.append(m.init)
		p.do(func() { p.e.PlayThen(p.promise("promise1")) })
		p.settle()
		is(p, "waiting", p.fired("waiting"), 1)
		p.do(func() { p.end(mse.EndDecode) })
		p.idle(time.Second)
		is(p, "error events", p.fired("error"), 1)
		is(p, "error", code(p.e), element.Decode)
		is(p, "duration", duration(p.e), m.duration)
		is(p, "paused", p.e.Paused(), false)
		p.clear()
		p.on("pause", func() {
			p.e.PlayThen(p.promise("promise2"))
			p.e.Pause()
		})
		p.do(func() { p.e.Pause() })
		p.settle()
		p.only("pause promise1:AbortError waiting pause promise2:AbortError", "pause", "waiting", "promise1:AbortError", "promise2:AbortError", "promise1:ok", "promise2:ok", "error")
	}},
	{id: "html/media-elements/error-sequence/09", run: func(p *page) {
		m := p.opened(nil)
		p.append(m.all())
		p.wait("canplay")
		p.ok("readyState", p.e.ReadyState() > element.HaveCurrentData)
		p.do(func() { p.end(mse.EndDecode) })
		p.idle(time.Second)
		is(p, "error events", p.fired("error"), 1)
		is(p, "error", code(p.e), element.Decode)
		p.clear()
		p.on("playing", func() { p.e.PlayThen(p.promise("promise2")) })
		p.do(func() { p.e.PlayThen(p.promise("promise1")) })
		p.wait("playing", "promise1:ok", "promise2:ok")
		is(p, "paused", p.e.Paused(), false)
		p.moves()
	}},
	{id: "html/media-elements/error-sequence/10", run: func(p *page) {
		m := p.opened(nil)
		p.append(m.all())
		p.do(func() {
			p.end(mse.EndDecode)
			is(p, "error at once", code(p.e), element.Decode)
		})
	}},
	{id: "html/media-elements/error-codes/error/01", run: func(p *page) { is(p, "error", p.e.Error(), nil) }},
	{id: "html/media-elements/error-codes/error/02", run: func(p *page) {
		p.load(nil)
		p.wait("loadeddata")
		is(p, "error", p.e.Error(), nil)
	}},
	{id: "html/media-elements/error-codes/error/03", run: func(p *page) {
		p.do(func() { p.e.SetSrc("") })
		p.wait("error")
		is(p, "error", code(p.e), element.SrcNotSupported)
		is(p, "code", element.SrcNotSupported, 4)
		p.ok("message", p.e.Error().Error() != "")
	}},
}

// noSource is a row about a player without src.
func noSource(id string, act func(p *page)) wptRow {
	return wptRow{id: "html/media-elements/loading-the-media-resource/" + id + "/01", run: func(p *page) {
		p.do(func() {
			act(p)
			is(p, "networkState at once", p.e.NetworkState(), element.NoSource)
		})
		p.do(func() { is(p, "networkState later", p.e.NetworkState(), element.Empty) })
	}}
}

// overrides are the rows of autoplay against preload, which has no attribute here.
func overrides(n int, before bool) wptRow {
	return wptRow{id: fmt.Sprintf("html/media-elements/loading-the-media-resource/autoplay-overrides-preload/%02d", n), run: func(p *page) {
		if before {
			p.e.SetAutoplay(true)
		}
		p.load(func() { p.e.SetAutoplay(true) })
		p.wait("playing")
		is(p, "readyState", p.e.ReadyState(), element.HaveEnoughData)
		is(p, "paused", p.e.Paused(), false)
	}}
}

var wptLoad = wptArea{name: "player-load", rows: []wptRow{
	{id: "html/media-elements/loading-the-media-resource/load-events-networkState/01", run: func(p *page) {
		// With a MediaSource only an error ends the loading.
		m := p.main()
		p.open(m)
		p.append(m.init, m.seg[0])
		p.do(func() { p.end(mse.EndNetwork) })
		p.wait("error")
		is(p, "networkState", p.e.NetworkState(), element.Idle)
		p.clear()
		p.do(func() {
			p.e.Load()
			p.only("")
		})
		p.wait("abort", "emptied", "loadstart")
	}},
	{id: "html/media-elements/loading-the-media-resource/load-events-networkState/02", run: func(p *page) {
		p.load(nil)
		p.wait("loadeddata")
		p.settle()
		p.do(func() { p.e.Seek(1) })
		p.wait("seeked")
		p.clear()
		p.do(func() {
			p.e.Load()
			p.only("")
		})
		p.wait("loadstart")
		p.only("abort emptied timeupdate loadstart", "abort", "emptied", "timeupdate", "loadstart", "error")
	}},
	{id: "html/media-elements/loading-the-media-resource/load-events-networkState/03", run: func(p *page) {
		p.on("loadstart", func() {
			is(p, "networkState", p.e.NetworkState(), element.Loading)
			p.clear()
			p.e.Load()
			p.only("")
		})
		p.load(nil)
		p.wait("abort", "emptied", "loadstart")
		p.only("abort emptied loadstart", "abort", "emptied", "timeupdate", "loadstart", "error")
	}},
	{id: "html/media-elements/loading-the-media-resource/load-events-networkState/04", run: func(p *page) {
		p.on("error", func() {
			is(p, "networkState", p.e.NetworkState(), element.NoSource)
			p.clear()
			p.e.Load()
			p.only("")
		})
		p.do(func() { p.e.SetSrc("") })
		p.wait("emptied", "loadstart")
		p.only("emptied loadstart", "abort", "emptied", "timeupdate", "loadstart")
	}},
	{id: "html/media-elements/loading-the-media-resource/load-removes-queued-error-event/01", run: func(p *page) {
		p.on("loadstart", func() { p.e.Load() })
		p.do(func() { p.e.SetSrc("") })
		p.wait("error")
		p.idle(time.Second)
		p.only("loadstart loadstart error", "loadstart", "error")
	}},
	{id: "html/media-elements/loading-the-media-resource/load-removes-queued-error-event/02", run: func(p *page) {
		url := p.serve(p.main())
		p.on("loadstart", func() { p.e.SetSrc(url) })
		p.do(func() { p.e.SetSrc("") })
		p.wait("canplaythrough")
		p.only("loadstart loadstart", "loadstart", "error", "suspend")
	}},
	overrides(1, true), overrides(2, false), overrides(3, true), overrides(4, false),
	noSource("resource-selection-invoke-load", func(p *page) { p.e.Load() }),
	noSource("resource-selection-invoke-play", func(p *page) { p.e.Play() }),
	noSource("resource-selection-invoke-pause", func(p *page) { p.e.Pause() }),
	{id: "html/media-elements/loading-the-media-resource/resource-selection-invoke-pause-networkState/01", run: func(p *page) {
		p.on("error", func() { p.e.Pause() })
		p.do(func() { p.e.SetSrc("") })
		p.wait("error")
		p.idle(time.Second)
		p.only("loadstart error", "loadstart", "error")
	}},
	{id: "html/media-elements/loading-the-media-resource/resource-selection-invoke-set-src-networkState/01", run: func(p *page) {
		p.do(func() {
			p.e.Play()
			is(p, "paused", p.e.Paused(), false)
			is(p, "networkState", p.e.NetworkState(), element.NoSource)
			p.e.SetSrc("")
			is(p, "networkState with src", p.e.NetworkState(), element.NoSource)
			is(p, "paused with src", p.e.Paused(), true)
		})
	}},
	{id: "html/media-elements/loading-the-media-resource/resource-selection-remove-src/01", run: func(p *page) {
		p.do(func() {
			p.e.SetSrc("")
			p.e.RemoveSrc()
			is(p, "networkState", p.e.NetworkState(), element.NoSource)
		})
		p.do(func() { is(p, "networkState later", p.e.NetworkState(), element.Empty) })
		p.idle(time.Second)
		p.never("loadstart")
	}},
	{id: "html/media-elements/loading-the-media-resource/resource-selection-currentSrc/01", run: func(p *page) {
		p.load(nil)
		p.wait("loadstart")
		p.ok("currentSrc", p.e.CurrentSrc() != "")
	}},
	{id: "html/media-elements/location-of-the-media-resource/currentSrc/01", run: func(p *page) {
		is(p, "currentSrc", p.e.CurrentSrc(), "")
	}},
	{id: "html/media-elements/location-of-the-media-resource/currentSrc/02", run: func(p *page) {
		for _, src := range []string{"", "data:,"} {
			e := p.player("other.", pageSetup{})
			p.do(func() {
				e.SetSrc(src)
				is(p, "currentSrc at once", e.CurrentSrc(), "")
			})
			p.wait("other.loadstart")
			is(p, "currentSrc", e.CurrentSrc(), src)
		}
	}},
}}

// refusesOrChanges is a row of playbackRate.
func refusesOrChanges(n int, rate float64) wptRow {
	supported := rate == 0 || rate >= element.MinRate && rate <= element.MaxRate
	return wptRow{id: fmt.Sprintf("html/media-elements/playing-the-media-resource/playbackRate/%02d", n), run: func(p *page) {
		p.do(func() {
			err := p.e.SetPlaybackRate(rate)
			if supported {
				p.must(err)
				is(p, "rate", p.e.PlaybackRate(), rate)
				return
			}
			p.throws("rate", err, mse.NotSupportedError)
			is(p, "rate", p.e.PlaybackRate(), 1)
		})
		p.settle()
		want := 0
		if supported {
			want = 1
		}
		is(p, "ratechange", p.fired("ratechange"), want)
	}}
}

// soundVolume is a row of what the volume attribute takes.
func soundVolume(file string, n int, v float64, want mse.Name) wptRow {
	return wptRow{id: fmt.Sprintf("html/media-elements/%s/%02d", file, n), run: func(p *page) {
		err := p.e.SetVolume(v)
		if want != "" {
			p.throws("volume", err, want)
			is(p, "volume", p.e.Volume(), 1)
			return
		}
		p.must(err)
		is(p, "volume", p.e.Volume(), v)
	}}
}

// atMetadata seeks as soon as the metadata is known.
func (p *page) atMetadata(t media.Time, check func()) {
	p.t.Helper()
	p.on("loadedmetadata", func() {
		is(p, "seeking before", p.e.Seeking(), false)
		p.e.Seek(t)
		is(p, "seeking", p.e.Seeking(), true)
		check()
	})
	p.on("seeked", func() { is(p, "seeking in seeked", p.e.Seeking(), false) })
	p.load(nil)
	p.wait("seeking", "seeked")
}

var wptAttributes = wptArea{name: "player", rows: append(playerErrors,
	wptRow{id: "html/media-elements/networkState_initial/01", run: func(p *page) { is(p, "networkState", p.e.NetworkState(), 0) }},
	wptRow{id: "html/media-elements/readyState_initial/01", run: func(p *page) { is(p, "readyState", p.e.ReadyState(), 0) }},
	during("networkState_during_loadstart", "loadstart", func(p *page) { is(p, "networkState", p.e.NetworkState(), 2) }),
	during("networkState_during_progress", "progress", func(p *page) { is(p, "networkState", p.e.NetworkState(), 2) }),
	during("readyState_during_loadedmetadata", "loadedmetadata", func(p *page) { p.ok("readyState", p.e.ReadyState() >= element.HaveMetadata) }),
	during("readyState_during_loadeddata", "loadeddata", func(p *page) { p.ok("readyState", p.e.ReadyState() >= element.HaveCurrentData) }),
	during("readyState_during_canplay", "canplay", func(p *page) { p.ok("readyState", p.e.ReadyState() >= element.HaveFutureData) }),
	during("readyState_during_playing", "playing", func(p *page) { p.ok("readyState", p.e.ReadyState() >= element.HaveFutureData) }),
	during("readyState_during_canplaythrough", "canplaythrough", func(p *page) { is(p, "readyState", p.e.ReadyState(), element.HaveEnoughData) }),
	during("paused_false_during_play", "play", func(p *page) { is(p, "paused", p.e.Paused(), false) }),
	wptRow{id: "html/media-elements/paused_true_during_pause/01", run: func(p *page) {
		p.on("pause", func() { is(p, "paused", p.e.Paused(), true) })
		p.load(func() {
			p.e.Play()
			p.e.Pause()
		})
		p.wait("pause")
	}},
	wptRow{id: "html/media-elements/offsets-into-the-media-resource/duration/01", run: func(p *page) {
		_, known := p.e.Duration()
		is(p, "duration is known", known, false)
		p.ok("duration is no number", math.IsNaN(float64(p.e.State().Duration)))
	}},

	wptRow{id: "html/media-elements/seeking/seek-to-currentTime/01", run: func(p *page) {
		p.on("timeupdate", func() { is(p, "seeking in timeupdate", p.e.Seeking(), false) })
		p.atMetadata(p.e.CurrentTime(), func() {})
		p.only("seeking timeupdate seeked", "seeking", "timeupdate", "seeked")
	}},
	wptRow{id: "html/media-elements/seeking/seek-to-max-value/01", run: func(p *page) {
		p.atMetadata(math.MaxFloat64, func() {
			s := p.e.Seekable()
			is(p, "ranges", len(s), 1)
			is(p, "position at once", p.e.CurrentTime(), s.End())
		})
		// The end of the stream has corrected the duration by less than a picture meanwhile.
		if d := p.e.Seekable().End().Sub(p.e.CurrentTime()); d < 0 || d > 0.001 {
			p.t.Errorf("position %s, seekable %s", p.e.CurrentTime(), p.e.Seekable())
		}
	}},
	wptRow{id: "html/media-elements/seeking/seek-to-negative-time/01", run: func(p *page) {
		p.atMetadata(-1, func() {
			is(p, "start", p.e.Seekable()[0].Start, 0)
			is(p, "position at once", p.e.CurrentTime(), 0)
		})
		is(p, "position", p.e.CurrentTime(), 0)
	}},
	wptRow{id: "html/media-elements/offsets-into-the-media-resource/currentTime/01", run: func(p *page) { is(p, "position", p.e.CurrentTime(), 0) }},
	wptRow{id: "html/media-elements/offsets-into-the-media-resource/currentTime/02", run: func(p *page) {
		p.do(func() {
			p.e.Seek(math.MaxFloat64)
			is(p, "position", p.e.CurrentTime(), math.MaxFloat64)
			is(p, "seeking", p.e.Seeking(), false)
		})
	}},
	wptRow{id: "html/media-elements/offsets-into-the-media-resource/currentTime/03", run: func(p *page) { p.atMetadata(1, func() {}) }},

	wptRow{id: "html/media-elements/playing-the-media-resource/playbackRate/01", run: func(p *page) { is(p, "rate", p.e.PlaybackRate(), 1) }},
	refusesOrChanges(2, 3), refusesOrChanges(3, 100), refusesOrChanges(4, -3), refusesOrChanges(5, -100), refusesOrChanges(6, 0), refusesOrChanges(7, -1),
	wptRow{id: "html/media-elements/preserves-pitch/01", run: func(p *page) {
		is(p, "default", p.e.PreservesPitch(), true)
		p.e.SetPreservesPitch(false)
		is(p, "set", p.e.PreservesPitch(), false)
	}},
	pitch(2, true, 1, toneHz), pitch(3, false, 1, toneHz), pitch(4, true, 2, toneHz), pitch(5, true, 0.5, toneHz),
	pitch(6, false, 2, 2*toneHz), pitch(7, false, 0.5, 0.5*toneHz),

	wptRow{id: "html/media-elements/event_volumechange/01", run: func(p *page) {
		p.on("volumechange", func() {
			p.must(p.e.SetVolume(1))
			is(p, "volume", p.e.Volume(), 1)
		})
		p.do(func() {
			p.must(p.e.SetVolume(0.5))
			is(p, "volume", p.e.Volume(), 0.5)
		})
		p.settle()
		is(p, "volumechange", p.fired("volumechange"), 2)
	}},
	wptRow{id: "html/media-elements/event_volumechange/02", run: func(p *page) {
		p.on("volumechange", func() {
			p.e.SetMuted(false)
			is(p, "muted", p.e.Muted(), false)
		})
		p.do(func() {
			p.e.SetMuted(true)
			is(p, "muted", p.e.Muted(), true)
		})
		p.settle()
		is(p, "volumechange", p.fired("volumechange"), 2)
	}},
	wptRow{id: "html/media-elements/event_volumechange/03", run: func(p *page) {
		p.do(func() {
			p.must(p.e.SetVolume(p.e.Volume()))
			p.e.SetMuted(p.e.Muted())
		})
		p.idle(time.Second)
		p.never("volumechange")
	}},
	wptRow{id: "html/media-elements/event_volumechange/04", run: func(p *page) {
		p.do(func() {
			p.e.SetMuted(!p.e.Muted())
			p.must(p.e.SetVolume(0))
			p.e.SetMuted(!p.e.Muted())
			p.must(p.e.SetVolume(1))
		})
		p.settle()
		is(p, "volumechange", p.fired("volumechange"), 4)
	}},
	soundVolume("volume_nonfinite", 1, math.NaN(), mse.TypeError),
	soundVolume("volume_nonfinite", 2, math.Inf(1), mse.TypeError),
	soundVolume("volume_nonfinite", 3, math.Inf(-1), mse.TypeError),
	wptRow{id: "html/media-elements/audio_volume_check/01", run: func(p *page) { p.ok("volume", p.e.Volume() >= 0 && p.e.Volume() <= 1) }},
	soundVolume("audio_volume_check", 2, 0.5, ""),
	soundVolume("audio_volume_check", 3, 0, ""),
	soundVolume("audio_volume_check", 4, 1, ""),
	soundVolume("audio_volume_check", 5, -1.1, element.IndexSizeError),
	soundVolume("audio_volume_check", 6, 1.1, element.IndexSizeError),
	wptRow{id: "html/media-elements/user-interface/muted/01", run: func(p *page) { is(p, "muted", p.e.Muted(), false) }},
	wptRow{id: "html/media-elements/user-interface/muted/02", run: func(p *page) {
		p.do(func() {
			p.e.SetMuted(true)
			p.e.SetSrc("data:,")
		})
		p.wait("error")
		is(p, "muted", p.e.Muted(), true)
	}},
)}
