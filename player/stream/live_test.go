package stream_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
	"mseplayer/player/stream"
)

// broadcast is a live presentation of which 60 s have gone by, and 30 s of it are kept.
type broadcast struct {
	epoch time.Time
	files fstest.MapFS
	live  *manifest.Live
}

func newBroadcast() *broadcast {
	b := &broadcast{epoch: time.Now().Add(-60 * time.Second), files: fstest.MapFS{}}
	movie(b.files, "", length, 0, 100_000)
	b.live = &manifest.Live{Start: b.epoch, Depth: 30}
	return b
}

// numbers describes it by numbers without end.
func (b *broadcast) numbers() *manifest.Presentation {
	return &manifest.Presentation{Format: manifest.DASH, URL: "org:///m", Live: b.live, Periods: []*manifest.Period{period("0", 0, 0,
		rep(manifest.Video, "v", "0", "v-init", index{"v-", 0, 1 << 20, b.epoch, nil}),
		rep(manifest.Audio, "a", "0", "a-init", index{"a-", 0, 1 << 20, b.epoch, nil}))}}
}

// timeline describes it by what is there now, in periods that begin at the given numbers of segments.
func (b *broadcast) timeline(starts ...int) *manifest.Presentation {
	last := int(time.Since(b.epoch).Seconds() / float64(segment))
	p := &manifest.Presentation{Format: manifest.DASH, URL: "org:///m", Live: b.live}
	for i, from := range starts {
		if from >= last {
			break
		}
		to, end := last, 0.0
		if i+1 < len(starts) && starts[i+1] < last {
			to, end = starts[i+1], float64(starts[i+1])*float64(segment)
		}
		id := fmt.Sprint("p", i)
		from0 := max(from, last-15)
		if from0 >= to {
			continue
		}
		p.Periods = append(p.Periods, period(id, float64(from)*float64(segment), end,
			rep(manifest.Video, "v", id, "v-init", index{"v-", from0, to, time.Time{}, nil}),
			rep(manifest.Audio, "a", id, "a-init", index{"a-", from0, to, time.Time{}, nil})))
		for _, set := range p.Periods[len(p.Periods)-1].Sets {
			set.Representations[0].OffsetTicks = int64(media.Span(from) * segment)
		}
	}
	return p
}

func near(a, b, tolerance media.Span) bool { return (a - b).Abs() <= tolerance }

func TestLive(t *testing.T) {
	for _, tt := range []struct {
		name  string
		delay media.Span
		want  media.Span
		live  func(*manifest.Live)
	}{
		{"three segments", 0, 6, func(*manifest.Live) {}},
		{"what the manifest suggests", 0, 9, func(l *manifest.Live) { l.Delay = 9 }},
		{"what the service asks for", 0, 4, func(l *manifest.Live) { l.Delay, l.Latency = 9, &manifest.Latency{Target: 4} }},
		{"what the user asks for", 12, 12, func(l *manifest.Live) { l.Delay = 9 }},
		{"more than what is kept", 300, 28, func(*manifest.Live) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := newBroadcast()
				tt.live(b.live)
				o := &origin{files: b.files, pace: func(string) time.Duration { return time.Millisecond }}
				r := start(t, o, b.numbers(), stream.ProgramOptions{Delay: tt.delay}, nil)
				defer r.stop()
				r.el.Play()
				time.Sleep(30300 * time.Millisecond) // not when a segment appears
				o.mu.Lock()
				asked := slices.Sorted(slices.Values(o.asked))
				o.mu.Unlock()
				if once := slices.Compact(slices.Clone(asked)); len(once) != len(asked) {
					t.Errorf("going to where playback begins made something be asked for twice: %q", asked)
				}
				l := r.prog.Latency()
				at, _ := r.el.Playhead()
				if real := media.Span(time.Since(b.epoch).Seconds()) - media.Span(at); !near(real, tt.want, 0.5) || !near(l.Is, real, 0.3) || l.Target != tt.want {
					t.Errorf("%v behind the edge, said to be %+v, want %v", real, l, tt.want)
				}
				if r.stalls() != 0 || len(r.engine.Gaps()) != 0 || len(r.prog.Lost()) != 0 {
					t.Errorf("stalls %v, gaps %v, lost %v", r.el.Report().Stalls, r.engine.Gaps(), r.prog.Lost())
				}
				if s := r.el.Seekable(); len(s) != 1 || !near(media.Span(s[0].End), 90, 2.5) {
					t.Errorf("seekable %v", s)
				}
				if strings.Contains(r.pictures(), " ") {
					t.Errorf("shown %s", r.pictures())
				}
			})
		})
	}
}

// TestLive_LowLatency has segments that are sent while they are produced.
func TestLive_LowLatency(t *testing.T) {
	for _, tt := range []struct {
		name    string
		ahead   time.Duration // how long before its end a segment can be asked for
		service *manifest.Latency
		delay   media.Span
		want    media.Span
	}{
		{"nobody asks for anything", 1500 * time.Millisecond, nil, 0, 2.75},
		{"only complete segments", 0, nil, 0, 2.75},
		{"a service that asks for more than is good", 1500 * time.Millisecond, &manifest.Latency{Target: 3.5, Min: 2.6, Max: 7}, 0, 2.75},
		{"a service that forbids less", 1500 * time.Millisecond, &manifest.Latency{Target: 3.5, Min: 3.2}, 0, 3.2},
		{"a service that asks for less", 1500 * time.Millisecond, &manifest.Latency{Target: 1.5}, 0, 1.5},
		{"the user", 1500 * time.Millisecond, &manifest.Latency{Target: 3.5}, 5, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := newBroadcast()
				b.live.Latency = tt.service
				pres := b.numbers()
				for _, set := range pres.Periods[0].Sets {
					r := set.Representations[0]
					x := r.Segments.(index)
					x.edit = func(s *manifest.SegmentRef) { s.Available = s.Available.Add(-tt.ahead) }
					r.Segments, r.Chunked, r.Addressing = x, true, manifest.Nominal
				}
				r := start(t, &origin{files: b.files}, pres, stream.ProgramOptions{Delay: tt.delay}, nil)
				defer r.stop()
				r.el.Play()
				for range 60 {
					time.Sleep(time.Second)
					at, _ := r.el.Playhead()
					if real := media.Span(time.Since(b.epoch).Seconds()) - media.Span(at); !near(real, tt.want, 0.25) {
						t.Fatalf("%v behind the edge, want %v\n%s", real, tt.want, r.log.String())
					}
				}
				if r.stalls() != 0 || len(r.engine.Gaps()) != 0 || len(r.prog.Lost()) != 0 {
					t.Errorf("stalls %v, gaps %v, lost %v", r.el.Report().Stalls, r.engine.Gaps(), r.prog.Lost())
				}
			})
		})
	}
}

func TestLive_Losses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		gate   func(name string, now float64) error // now by the broadcast's clock
		lost   int
		stalls int
	}{
		{"a server that is away for 3 s", func(_ string, now float64) error {
			if now >= 70 && now < 73 {
				return errDown
			}
			return nil
		}, 0, 0},
		{"a segment that never comes", func(name string, _ float64) error {
			if name == "v-36" {
				return fs.ErrNotExist
			}
			return nil
		}, 1, 0},
		{"a segment that comes late", func(name string, now float64) error {
			if name == "v-36" && now < 75.5 {
				return fs.ErrNotExist
			}
			return nil
		}, 0, 0},
		{"both kinds lack a segment", func(name string, _ float64) error {
			if name == "v-36" || name == "a-36" {
				return fs.ErrNotExist
			}
			return nil
		}, 2, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := newBroadcast()
				org := &origin{files: b.files, gate: func(name string) error { return tt.gate(name, time.Since(b.epoch).Seconds()) }}
				r := start(t, org, b.numbers(), stream.ProgramOptions{}, nil)
				defer r.stop()
				r.el.Play()
				time.Sleep(40 * time.Second)
				lost := r.prog.Lost()
				if len(lost) != tt.lost || r.stalls() != tt.stalls {
					t.Errorf("lost %v, stalls %v\n%s", lost, r.el.Report().Stalls, r.log.String())
				}
				for _, l := range lost {
					if l.From != 72 || l.To != 74 || l.URL == "" || l.Reason == "" {
						t.Errorf("lost %+v", l)
					}
				}
				at, _ := r.el.Playhead()
				if behind := time.Since(b.epoch).Seconds() - float64(at); behind > 8 || r.el.Error() != nil {
					t.Errorf("%v behind the edge, error %v\n%s", behind, r.el.Error(), r.log.String())
				}
			})
		})
	}
}

// TestLive_Updates follows a manifest that lists what there is, through a change of period, failures, and to its end.
func TestLive_Updates(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBroadcast()
		u := &updater{}
		u.make = func() (*manifest.Presentation, error) {
			switch now := time.Since(b.epoch).Seconds(); {
			case now >= 68 && now < 70.5:
				return nil, errDown
			case now >= 90:
				p := b.timeline(0, 36)
				p.Live, p.Duration = nil, media.Some(90)
				last := p.Periods[len(p.Periods)-1]
				last.End = media.Some(90)
				return p, nil
			}
			return b.timeline(0, 36), nil
		}
		b.live.Updater, b.live.Refresh = u, 2*time.Second
		r := start(t, &origin{files: b.files}, b.timeline(0, 36), stream.ProgramOptions{}, nil)
		defer r.stop()
		r.el.Play()
		r.ended(50 * time.Second)
		if r.stalls() != 0 || len(r.engine.Gaps()) != 0 || len(r.prog.Lost()) != 0 {
			t.Errorf("stalls %v, gaps %v, lost %v\n%s", r.el.Report().Stalls, r.engine.Gaps(), r.prog.Lost(), r.log.String())
		}
		if got := r.pictures(); strings.Contains(got, " ") || !strings.HasSuffix(got, "-89.96") {
			t.Errorf("shown %s", got)
		}
		if d, known := r.el.Duration(); !known || d != 90 {
			t.Errorf("duration %v %v", d, known)
		}
		var kinds []string
		for _, use := range r.feeds[0].Uses() {
			kinds = append(kinds, use.Rep.TrackID)
		}
		if fmt.Sprint(kinds) != "[pp0/video/v pp1/video/v]" {
			t.Errorf("used %v", kinds)
		}
		if u.calls > 30 {
			t.Errorf("asked %d times", u.calls)
		}
	})
}

// TestLive_FallsOut pauses for longer than what is kept.
func TestLive_FallsOut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBroadcast()
		r := start(t, &origin{files: b.files}, b.numbers(), stream.ProgramOptions{}, nil)
		defer r.stop()
		r.el.Play()
		time.Sleep(4 * time.Second)
		r.el.Pause()
		time.Sleep(60 * time.Second)
		r.el.Play()
		time.Sleep(36 * time.Second)
		at, _ := r.el.Playhead()
		if x := r.el.Seekable(); len(x) != 1 || at < x[0].Start-2 || at > x[0].End || r.el.Error() != nil || r.el.State().Stalled {
			t.Errorf("at %v of %v, error %v\n%s", at, x, r.el.Error(), r.log.String())
		}
		if len(r.engine.Gaps()) == 0 {
			t.Error("no jump is listed")
		}
	})
}

// TestLive_Clock has a server whose clock is 20 s ahead.
func TestLive_Clock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBroadcast()
		b.epoch = b.epoch.Add(20 * time.Second)
		b.live.Start = b.epoch
		b.live.Clocks = []manifest.Descriptor{{Scheme: "urn:mpeg:dash:utc:ntp:2014", Value: "ntp.example"},
			{Scheme: "urn:mpeg:dash:utc:http-iso:2014", Value: "org:///time"}}
		b.files["time"] = &fstest.MapFile{Data: []byte(time.Now().Add(20*time.Second).Format(time.RFC3339Nano) + "\n")}
		r := start(t, &origin{files: b.files}, b.numbers(), stream.ProgramOptions{}, nil)
		defer r.stop()
		r.el.Play()
		time.Sleep(10 * time.Second)
		if s := r.prog.Skew(); s.Offset != 20*time.Second || !strings.Contains(s.Scheme, "http-iso") {
			t.Errorf("skew %+v", s)
		}
		at, _ := r.el.Playhead()
		if behind := time.Since(b.epoch).Seconds() + 20 - float64(at); behind < 5 || behind > 7 {
			t.Errorf("%v behind\n%s", behind, r.log.String())
		}
		if !strings.Contains(r.log.String(), "this scheme is not handled") {
			t.Errorf("nothing is said about ntp:\n%s", r.log.String())
		}
	})
}

// TestLive_Stored plays a live presentation that somebody has stored: from its beginning to its end, without waiting there
// for more unless it may still be being written.
func TestLive_Stored(t *testing.T) {
	for _, tt := range []struct {
		name   string
		begun  int           // the first segment that there is, of 30
		age    time.Duration // of the file
		shown  string
		stalls int
		atMost time.Duration
	}{
		{"not known when it was written", 15, -1, "30.00-59.96", 0, 31 * time.Second},
		{"short, written long ago", 28, time.Hour, "56.00-59.96", 0, 5 * time.Second},
		{"short, written just now", 28, 0, "56.00-59.96", 1, 12 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := newBroadcast()
				pres := b.timeline(0, 28)
				pres.URL = "file:///gone/recorded.mpd"
				if tt.begun == 28 {
					pres.Periods = pres.Periods[1:]
				}
				if tt.age >= 0 {
					name := filepath.Join(t.TempDir(), "m.mpd")
					written := time.Now().Add(-tt.age)
					if err := errors.Join(os.WriteFile(name, []byte("<MPD/>"), 0o600), os.Chtimes(name, written, written)); err != nil {
						t.Fatal(err)
					}
					pres.URL = "file://" + name
				}
				b.live.Updater, b.live.Refresh = &updater{make: func() (*manifest.Presentation, error) { return nil, nil }}, 2*time.Second
				r := start(t, &origin{files: b.files}, pres, stream.ProgramOptions{}, nil)
				defer r.stop()
				begun := time.Now()
				r.el.Play()
				r.ended(40 * time.Second)
				if got := r.pictures(); got != tt.shown || r.stalls() != tt.stalls || time.Since(begun) > tt.atMost {
					t.Errorf("shown %s in %v with the stalls %v\n%s", got, time.Since(begun), r.el.Report().Stalls, r.log.String())
				}
			})
		})
	}
}
