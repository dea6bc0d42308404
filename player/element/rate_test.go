package element_test

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/audio/stretch"
	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/element"
)

func TestRate_Range(t *testing.T) {
	if element.MinRate != stretch.MinSpeed || element.MaxRate != stretch.MaxSpeed {
		t.Errorf("speeds %v to %v, sound knows %v to %v", element.MinRate, element.MaxRate, stretch.MinSpeed, stretch.MaxSpeed)
	}
	onPage(t, func(p *page) {
		for _, c := range []struct {
			rate float64
			want mse.Name
		}{
			{0.25, ""}, {1.02, ""}, {4, ""}, {0, ""}, {math.Copysign(0, -1), ""},
			{0.24, mse.NotSupportedError}, {4.01, mse.NotSupportedError}, {-1, mse.NotSupportedError}, {-0.001, mse.NotSupportedError},
			{math.NaN(), mse.TypeError}, {math.Inf(1), mse.TypeError}, {math.Inf(-1), mse.TypeError},
		} {
			for _, set := range []struct {
				name string
				set  func(float64) error
				get  func() float64
			}{
				{"playbackRate", p.e.SetPlaybackRate, p.e.PlaybackRate},
				{"defaultPlaybackRate", p.e.SetDefaultPlaybackRate, p.e.DefaultPlaybackRate},
			} {
				before := set.get()
				err := set.set(c.rate)
				if c.want != "" {
					p.throws(set.name, err, c.want)
					is(p, set.name, set.get(), before)
					continue
				}
				p.must(err)
				is(p, set.name, set.get(), c.rate)
			}
		}
	})
}

// TestRate_Events fires ratechange for changes alone, and begins each load with the default.
func TestRate_Events(t *testing.T) {
	onPage(t, func(p *page) {
		p.do(func() {
			p.must(p.e.SetPlaybackRate(1))
			p.must(p.e.SetDefaultPlaybackRate(1))
			p.e.SetPreservesPitch(false)
		})
		p.settle()
		is(p, "ratechange", p.fired("ratechange"), 0)
		p.do(func() {
			p.must(p.e.SetPlaybackRate(2))
			p.must(p.e.SetPlaybackRate(2))
			p.must(p.e.SetDefaultPlaybackRate(1.5))
		})
		p.settle()
		is(p, "ratechange", p.fired("ratechange"), 2)
		p.do(func() { p.e.SetSrcObject(p.film("a.", true)) })
		p.wait("loadedmetadata")
		is(p, "speed after the load", p.e.PlaybackRate(), 1.5)
		is(p, "ratechange", p.fired("ratechange"), 3)
		is(p, "preservesPitch", p.e.PreservesPitch(), false)
	})
}

// TestRate_Playback plays 4 s of 25 pictures a second at speeds, on a surface of 50 Hz.
func TestRate_Playback(t *testing.T) {
	for _, kinds := range []string{"va", "v", "a"} {
		for _, c := range []struct {
			rate      float64
			presented uint64 // of 100
		}{{0.5, 100}, {1, 100}, {2, 100}, {4, 50}} {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, kinds)
				defer r.stop()
				if err := r.e.SetPlaybackRate(c.rate); err != nil {
					t.Fatal(err)
				}
				r.fill()
				r.e.Play()
				time.Sleep(time.Second)
				at := r.e.CurrentTime()
				if got, want := float64(at), c.rate; math.Abs(got-want) > 0.1*c.rate+0.01 && want < 4 {
					t.Errorf("%s x%g: at %v after a second", kinds, c.rate, at)
				}
				time.Sleep(time.Duration(4/c.rate*float64(time.Second)) - time.Second + 500*time.Millisecond)
				if !r.e.Ended() {
					t.Errorf("%s x%g: at %v and not ended", kinds, c.rate, r.e.CurrentTime())
				}
				q := r.e.Quality()
				if !strings.Contains(kinds, "v") {
					return
				}
				if q.Dropped != 0 || q.Total != 100 || q.Presented+3 < c.presented || q.Presented > c.presented+3 || q.CadenceSkipped != 100-q.Presented {
					t.Errorf("%s x%g: %+v; %s", kinds, c.rate, q, r.takeEvents())
				}
				if q.Offset.Max > 0.0201 || math.Abs(float64(q.Offset.Mean)) > 0.0101 {
					t.Errorf("%s x%g: offsets %+v", kinds, c.rate, q.Offset)
				}
			})
		}
	}
}

// TestRate_Changes changes the speed all the time: nothing is dropped, and time is the sum of it all.
func TestRate_Changes(t *testing.T) {
	for _, kinds := range []string{"va", "v"} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, kinds)
			defer r.stop()
			r.fill()
			r.e.Play()
			time.Sleep(500 * time.Millisecond)
			from, want, prev := r.e.CurrentTime(), 0.0, media.Time(0)
			for i, rate := range []float64{1.02, 0.98, 2, 0.5, 1.5, 1, 0.25, 4, 1} {
				if err := r.e.SetPlaybackRate(rate); err != nil {
					t.Fatal(err)
				}
				r.e.SetPreservesPitch(i%2 == 0)
				for range 20 {
					time.Sleep(10 * time.Millisecond)
					at := r.e.CurrentTime()
					if at < prev {
						t.Fatalf("%s: back from %v to %v", kinds, prev, at)
					}
					prev = at
				}
				want += 0.2 * rate
			}
			// what is in the device at a change sounds at the speed before, and both ends are at speed 1
			if got := float64(r.e.CurrentTime().Sub(from)); math.Abs(got-want) > 0.002 && kinds == "v" || math.Abs(got-want) > 0.15 {
				t.Errorf("%s: %.4f s of media, want %.4f", kinds, got, want)
			}
			if q := r.e.Quality(); q.Dropped != 0 {
				t.Errorf("%s: %+v", kinds, q)
			}
		})
	}
}
