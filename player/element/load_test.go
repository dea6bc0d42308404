package element_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/element"
	"mseplayer/player/playertest"
)

// onPage runs f on a page in virtual time and checks that nothing leaks.
func onPage(t *testing.T, f func(p *page)) {
	t.Helper()
	runRow(t, wptRow{run: f})
}

// film makes a MediaSource that holds 4 s of text frames: 100 pictures, and sound if asked for.
func (p *page) film(prefix string, sound bool) *mse.MediaSource {
	ms := p.source(prefix)
	p.each(prefix+"sourceopen", func() {
		if ms.SourceBuffers().Len() > 0 {
			return
		}
		kinds := []string{"init video h264 dur=4\n" + movie(0, 4000, 40, 25) + "\n"}
		if sound {
			kinds = append(kinds, "init audio aac dur=4\n"+movie(0, 4000, 20, 1)+"\n")
		}
		left := len(kinds)
		for _, data := range kinds {
			sb, err := ms.AddSourceBuffer(msetest.TextType)
			if ms.ReadyState() == mse.Closed {
				return // the element has let go of it meanwhile
			}
			p.must(err)
			sb.Listen(func(ev mse.Event) {
				if ev.Type != mse.EventUpdate {
					return
				}
				if left--; left == 0 && ms.ReadyState() == mse.Open {
					p.must(ms.EndOfStream(mse.EndNormal))
				}
			})
			if err := sb.AppendBuffer([]byte(data)); ms.ReadyState() != mse.Closed {
				p.must(err)
			}
		}
	})
	return ms
}

// TestLoad_OneAfterTheOther plays part of one source, then another one to its end, then the first one again.
func TestLoad_OneAfterTheOther(t *testing.T) {
	for _, sound := range []bool{true, false} {
		t.Run(fmt.Sprint("sound ", sound), func(t *testing.T) {
			onPage(t, func(p *page) {
				a, b := p.film("a.", sound), p.film("b.", !sound)
				p.do(func() {
					p.e.SetSrcObject(a)
					p.e.Play()
				})
				p.wait("playing")
				p.idle(time.Second)
				p.ok("plays", p.e.CurrentTime() > 0.9 && p.e.Quality().Presented > 20)
				for _, ms := range []*mse.MediaSource{b, a} {
					was := p.e.SrcObject()
					p.clear()
					p.do(func() {
						p.e.SetSrcObject(ms)
						is(p, "the one before", was.ReadyState(), mse.Closed)
						is(p, "paused", p.e.Paused(), true)
						is(p, "position", p.e.CurrentTime(), 0)
						is(p, "readyState", p.e.ReadyState(), element.HaveNothing)
						is(p, "counts", p.e.Quality().Total, 0)
						is(p, "played", len(p.e.Played()), 0)
						p.e.Play()
					})
					p.wait("abort", "emptied", "timeupdate", "play", "waiting", "loadstart", "durationchange", "loadedmetadata", "loadeddata", "canplay", "playing", "canplaythrough", "ended")
					q := p.e.Quality()
					if q.Total != 100 || q.Presented != 100 || q.Dropped != 0 {
						t.Errorf("quality %+v, want 100 presented", q)
					}
					is(p, "position", p.e.CurrentTime(), 4)
					is(p, "played", ranges(p.e.Played()), "{[0.000,4.000)}")
					p.never("error")
				}
			})
		})
	}
}

// TestLoad_Storm loads, seeks, plays and pauses at random.
func TestLoad_Storm(t *testing.T) {
	const seed = 7
	r := rand.New(rand.NewPCG(seed, seed))
	onPage(t, func(p *page) {
		films := []*mse.MediaSource{p.film("a.", true), p.film("b.", false), p.film("c.", true)}
		var ops []string
		for range 400 {
			op := r.IntN(7)
			ops = append(ops, fmt.Sprint(op))
			p.do(func() {
				switch op {
				case 0:
					p.e.SetSrcObject(films[r.IntN(len(films))])
				case 1:
					p.e.Load()
				case 2:
					p.e.Seek(media.Time(r.Float64() * 5))
				case 3:
					p.e.Pause()
				case 4:
					if t := p.e.AudioTracks().At(0); t != nil {
						t.SetEnabled(!t.Enabled())
					}
				default:
					p.e.Play()
				}
			})
			p.idle(time.Duration(r.IntN(200)) * time.Millisecond)
			if t.Failed() {
				t.Fatalf("seed %d, operations %s", seed, strings.Join(ops, " "))
			}
		}
		p.clear()
		p.do(func() {
			p.e.SetSrcObject(films[0])
			p.e.Play()
		})
		p.wait("loadstart", "playing", "ended")
		if q := p.e.Quality(); q.Total != 100 || q.Dropped != 0 {
			t.Errorf("after the storm: %+v", q)
		}
		p.never("error")
	})
}

func TestLoad_Failures(t *testing.T) {
	onPage(t, func(p *page) {
		other := mse.New(mse.Options{})
		p.do(func() { p.e.SetSrcObject(other) })
		p.wait("error")
		is(p, "code", code(p.e), element.SrcNotSupported)
		p.ok("says why", strings.Contains(p.e.Error().Error(), "event loop"))
		is(p, "its state", other.ReadyState(), mse.Closed)

		p.clear()
		p.do(func() { p.e.PlayThen(p.promise("play")) })
		p.wait("play:NotSupportedError")

		// A source that works clears the error.
		p.do(func() { p.e.SetSrcObject(p.film("a.", false)) })
		p.wait("canplaythrough")
		is(p, "error", p.e.Error(), nil)

		// After Stop nothing is attached any more.
		p.e.Stop()
		p.clear()
		ms := p.film("b.", false)
		p.do(func() { p.e.SetSrcObject(ms) })
		p.wait("error")
		is(p, "its state", ms.ReadyState(), mse.Closed)
	})
}

// TestPromises_LoadSettlesAtOnce loads while the task that fulfils a promise is queued.
func TestPromises_LoadSettlesAtOnce(t *testing.T) {
	onPage(t, func(p *page) {
		p.do(func() { p.e.SetSrcObject(p.film("a.", true)) })
		p.wait("canplaythrough")
		p.clear()
		p.do(func() {
			p.e.PlayThen(p.promise("first"))
			p.e.Load()
			p.e.PlayThen(p.promise("second"))
			p.e.SetSrcObject(nil)
			p.e.SetSrc("")
		})
		p.wait("error")
		p.only("first:ok second:AbortError", "first:ok", "first:AbortError", "second:ok", "second:AbortError", "playing")
	})
}

// TestPromises_Bounded keeps calling PlayThen on an element that has nothing to play.
func TestPromises_Bounded(t *testing.T) {
	onPage(t, func(p *page) {
		p.attach()
		settled := 0
		p.do(func() {
			for range 5000 {
				p.e.PlayThen(func(error) { settled++ })
			}
		})
		p.settle()
		is(p, "those that gave way", settled, 5000-1024)
		p.do(func() { p.e.Pause() })
		p.settle()
		is(p, "all", settled, 5000)
	})
}

func TestDefaultPlaybackStart(t *testing.T) {
	onPage(t, func(p *page) {
		p.do(func() {
			p.e.SetSrcObject(p.film("a.", true))
			p.e.Seek(2)
			is(p, "position", p.e.CurrentTime(), 2)
			is(p, "seeking", p.e.Seeking(), false)
			at, _ := p.e.Playhead()
			is(p, "playhead", at, 2)
		})
		p.wait("loadedmetadata", "seeking", "timeupdate", "seeked")
		is(p, "position", p.e.CurrentTime(), 2)
		p.do(func() { p.e.Play() })
		p.wait("ended")
		is(p, "played", ranges(p.e.Played()), "{[2.000,4.000)}")
	})
}

func TestPlayed(t *testing.T) {
	onPage(t, func(p *page) {
		p.do(func() {
			p.e.SetSrcObject(p.film("a.", false))
			p.e.Play()
		})
		p.wait("playing")
		p.idle(time.Second)
		p.do(func() { p.e.Pause() })
		p.idle(time.Second)
		at := p.e.CurrentTime()
		is(p, "one stretch", ranges(p.e.Played()), fmt.Sprintf("{[0.000,%.3f)}", float64(at)))
		p.do(func() { p.e.Seek(3) })
		p.wait("seeked")
		is(p, "after a seek", ranges(p.e.Played()), fmt.Sprintf("{[0.000,%.3f)}", float64(at)))
		p.do(func() { p.e.Play() })
		p.wait("ended")
		is(p, "two stretches", ranges(p.e.Played()), fmt.Sprintf("{[0.000,%.3f)[3.000,4.000)}", float64(at)))
	})
}

func TestRate_Zero(t *testing.T) {
	onPage(t, func(p *page) {
		p.do(func() {
			p.e.SetSrcObject(p.film("a.", true))
			p.e.Play()
		})
		p.wait("playing")
		p.idle(time.Second)
		p.must(p.e.SetPlaybackRate(0))
		p.wait("ratechange")
		p.idle(200 * time.Millisecond)
		at := p.e.CurrentTime()
		p.idle(5 * time.Second)
		is(p, "position at speed 0", p.e.CurrentTime(), at)
		is(p, "paused", p.e.Paused(), false)
		p.must(p.e.SetPlaybackRate(1))
		p.wait("ended")
		is(p, "pictures", p.e.Quality().Presented, 100)
		p.must(p.e.SetDefaultPlaybackRate(0))
		p.do(func() { p.e.Load() })
		is(p, "speed after a load", p.e.PlaybackRate(), 0)
		p.throws("default speed 5", p.e.SetDefaultPlaybackRate(5), mse.NotSupportedError)
	})
}

// TestTracks_SwitchWhilePlaying turns sound and picture off and on.
func TestTracks_SwitchWhilePlaying(t *testing.T) {
	onPage(t, func(p *page) {
		p.do(func() {
			p.e.SetSrcObject(p.film("a.", true))
			p.e.Play()
		})
		p.wait("playing")
		last := media.Time(0)
		step := func(what string, act func(), video, audio bool) {
			t.Helper()
			p.do(act)
			p.idle(300 * time.Millisecond)
			s := p.e.State()
			if s.CurrentTime < last+0.1 {
				t.Errorf("%s: at %s, before at %s", what, s.CurrentTime, last)
			}
			last = s.CurrentTime
			if s.HasVideo != video || s.HasAudio != audio || s.Seeking || s.Paused {
				t.Errorf("%s: %+v", what, s)
			}
		}
		a, v := p.e.AudioTracks().At(0), p.e.VideoTracks().At(0)
		step("playing", func() {}, true, true)
		step("no sound", func() { a.SetEnabled(false) }, true, false)
		step("sound again", func() { a.SetEnabled(true) }, true, true)
		step("no picture", func() { v.SetSelected(false) }, false, true)
		before := p.e.Quality().Presented
		step("picture again", func() { v.SetSelected(true) }, true, true)
		p.ok("pictures come again", p.e.Quality().Presented > before)
		p.wait("ended")
		is(p, "position", p.e.CurrentTime(), 4)
		p.never("error", "seeking", "seeked")
	})
}

// TestTextTracks_OfTheApplication stay over loads, and come before those of the media.
func TestTextTracks_OfTheApplication(t *testing.T) {
	onPage(t, func(p *page) {
		list := func() (s string) {
			for _, t := range p.e.TextTracks().All() {
				s += fmt.Sprintf("%s:%s ", t.Role(), t.Label())
			}
			return s
		}
		add := func(label string) *mse.Track {
			t, err := p.e.AddTextTrack("captions", label, "en")
			p.must(err)
			return t
		}
		first := add("first")
		p.attach()
		p.sb = p.add(msetest.TextType, "sb.")
		p.append([]byte("init video h264 text webvtt dur=4\n"))
		p.wait("loadedmetadata")
		is(p, "list", list(), "captions:first subtitles: ")
		add("second")
		is(p, "list", list(), "captions:first captions:second subtitles: ")
		p.must(first.AddCue(&mse.Cue{ID: "a", Start: 1, End: 2}))
		p.clear()
		p.do(func() { p.e.Load() })
		p.settle()
		is(p, "list after a load", list(), "captions:first captions:second ")
		p.never("textTracks.removetrack")
		is(p, "cues", len(first.ActiveCues(1)), 1)
	})
}

// TestDuration_GrowsAfterReadyState appends more than the initialization segment declares: readyState comes first.
func TestDuration_GrowsAfterReadyState(t *testing.T) {
	onPage(t, func(p *page) {
		p.attach()
		p.sb = p.add(msetest.TextType, "sb.")
		p.append([]byte("init video h264 dur=0.1\n"))
		p.clear()
		p.append([]byte("0K 40 80 120\n"))
		p.only("loadeddata canplay durationchange sb.update", "loadeddata", "canplay", "durationchange", "sb.update")
	})
}

// TestVideoSize_FollowsThePicture appends pictures of one size behind those of another.
func TestVideoSize_FollowsThePicture(t *testing.T) {
	onPage(t, func(p *page) {
		small, large := videoMedium(p.t), secondary(p.t, "mp4/test-v-128k-640x480-30fps-10kfr.mp4")
		p.open(small)
		size := func() string {
			w, h := p.e.VideoSize()
			return fmt.Sprintf("%dx%d", w, h)
		}
		is(p, "before", size(), "0x0")
		p.on("loadedmetadata", func() { is(p, "with the metadata", size(), "320x240") })
		p.append(small.all())
		p.must(p.sb.SetTimestampOffset(2))
		p.append(large.all())
		p.do(func() {
			p.end(mse.EndNormal)
			p.e.Play()
		})
		at := map[string]media.Time{}
		p.each("resize", func() { at[size()] = p.e.CurrentTime() })
		p.wait("ended")
		is(p, "resize", p.fired("resize"), 2)
		is(p, "order", strings.HasPrefix(p.events("resize", "loadedmetadata"), "resize loadedmetadata resize"), true)
		// The first large picture begins at 2 s + 2/30 s.
		if d := at["640x480"] - (2 + 2.0/30); d < -0.03 || d > 0.05 {
			t.Errorf("grows at %s", at["640x480"])
		}
		is(p, "at the end", size(), "640x480")
		p.do(func() { p.e.Load() })
		is(p, "after a load", size(), "0x0")
	})
}

// TestFailure_OfOneSourceBuffer lets one SourceBuffer fail before the metadata is known, while another one's append
// would complete it.
func TestFailure_OfOneSourceBuffer(t *testing.T) {
	onPage(t, func(p *page) {
		p.attach()
		p.sb = p.add(msetest.TextType, "sb.")
		b := p.add(msetest.TextType, "b.")
		p.do(func() {
			p.must(b.AppendBuffer([]byte("init video h264 dur=4\n")))
			p.start([]byte("nonsense\n"))
		})
		p.wait("sb.error")
		p.failed()
		p.never("loadedmetadata")
		is(p, "readyState", p.e.ReadyState(), element.HaveNothing)
	})
}

// TestError_UndecodableSound plays on without sound, also after tracks have been looked at again.
func TestError_UndecodableSound(t *testing.T) {
	runRow(t, wptRow{setup: pageSetup{decoders: &playertest.Factory{Depth: 1, Refuse: media.AAC}}, run: func(p *page) {
		p.do(func() {
			p.e.SetSrcObject(p.film("a.", true))
			p.e.Play()
		})
		p.wait("playing")
		p.idle(500 * time.Millisecond)
		is(p, "sound", p.e.State().HasAudio, false)
		p.do(func() { p.e.VideoTracks().At(0).SetSelected(false) })
		p.do(func() { p.e.VideoTracks().At(0).SetSelected(true) })
		p.wait("ended")
		p.never("error")
	}})
}

// TestStop_Anywhen stops an element at every moment of a load.
func TestStop_Anywhen(t *testing.T) {
	for ms := range 60 {
		onPage(t, func(p *page) {
			a, b := p.film("a.", true), p.film("b.", true)
			p.do(func() {
				p.e.SetSrcObject(a)
				p.e.Play()
			})
			p.idle(time.Duration(ms) * 2 * time.Millisecond)
			if ms%2 == 0 {
				p.e.SetSrcObject(b)
			}
			if ms%3 == 0 {
				synctest.Wait()
			}
			p.do(func() { p.e.PlayThen(p.promise("last")) })
			p.e.Stop()
			p.do(func() { p.e.PlayThen(p.promise("late")) })
			p.settle()
			is(p, "settled", p.fired("last:ok")+p.fired("last:AbortError"), 1)
			is(p, "settled late", p.fired("late:AbortError"), 1)
			is(p, "a", a.ReadyState(), mse.Closed)
			is(p, "b", b.ReadyState(), mse.Closed)
		})
	}
}
