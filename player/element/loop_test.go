package element_test

import (
	"math"
	"testing"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/element"
)

// TestSection repeats a part: the points in either order, the second one before, at and after the end, playback that begins
// behind it, and none of it once a point is unset.
func TestSection(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b media.Time
	}{
		{"in the middle", 1, 1.5},
		{"the other way round", 1.5, 1},
		{"to the end", 3.5, 4},
		{"beyond the end", 3.5, 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, func(t *testing.T) {
				r := newRig(t, "va")
				defer r.stop()
				r.fill()
				lo, hi := min(c.a, c.b), min(max(c.a, c.b), 4)
				r.e.SetSection(media.Some(c.a), media.Some(c.b))
				if a, b := r.e.Section(); a.T != min(c.a, c.b) || b.T != max(c.a, c.b) {
					t.Errorf("section %v to %v", a, b)
				}
				r.e.Seek(lo)
				r.e.Play()
				time.Sleep(500 * time.Millisecond)
				jumps := 0
				last := lo
				for range 250 {
					time.Sleep(20 * time.Millisecond)
					at := r.e.CurrentTime()
					if at < lo || at > hi.Add(0.021) {
						t.Fatalf("at %s, outside [%s, %s]", at, lo, hi)
					}
					if at < last {
						jumps++
					}
					last = at
				}
				if jumps < 6 || jumps > 11 {
					t.Errorf("%d repetitions in 5 s", jumps)
				}
				for _, p := range r.surface.Pictures() {
					if p.Gen > 2 && (p.PTS < lo.Add(-0.04) || p.PTS >= hi) {
						t.Errorf("the picture of %s is shown", p.PTS)
					}
				}
				r.e.SetSection(media.Opt{}, media.Opt{})
				time.Sleep(5 * time.Second)
				if s := r.e.State(); !s.Ended {
					t.Errorf("without points, playback is at %s", s.CurrentTime)
				}
			})
		})
	}
	t.Run("behind", func(t *testing.T) {
		within(t, func(t *testing.T) {
			r := newRig(t, "v")
			defer r.stop()
			r.fill()
			r.e.SetSection(media.Some(1), media.Some(2))
			r.e.Seek(2.5)
			r.e.Play()
			time.Sleep(3 * time.Second)
			if !r.e.State().Ended {
				t.Errorf("playback that began behind the section is at %s", r.e.CurrentTime())
			}
		})
	})
}

// TestAudioDelay moves the sound: the clock and the pictures stay, the sound that is read comes from elsewhere, and playback
// ends as without.
func TestAudioDelay(t *testing.T) {
	for _, d := range []media.Span{0, 0.2, -0.2, 100, -100} {
		within(t, func(t *testing.T) {
			r := newRig(t, "va")
			defer r.stop()
			r.fill()
			r.e.SetAudioDelay(media.Span(math.NaN()))
			r.e.SetAudioDelay(d)
			if got, want := r.e.AudioDelay(), min(max(d, -element.MaxAudioDelay), element.MaxAudioDelay); got != want {
				t.Errorf("delay %v, want %v", got, want)
			}
			r.e.Play()
			time.Sleep(1500 * time.Millisecond)
			if at := r.e.CurrentTime(); at < 1.3 || at > 1.51 {
				t.Errorf("delay %v: at %s after 1.5 s", d, at)
			}
			if p := r.last().PTS; p < r.e.CurrentTime().Add(-0.1) || p > r.e.CurrentTime().Add(0.05) {
				t.Errorf("delay %v: picture %s at %s", d, p, r.e.CurrentTime())
			}
			r.e.SetAudioDelay(d + 0.1)
			time.Sleep(4 * time.Second)
			if !r.e.State().Ended {
				t.Errorf("delay %v: playback is at %s", d, r.e.CurrentTime())
			}
		})
	}
}

// TestFastSeek lands on random access points where media is there, and on the target where it is not yet.
func TestFastSeek(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, "va")
		defer r.stop()
		r.fill() // random access points at whole seconds
		time.Sleep(100 * time.Millisecond)
		for _, c := range []struct{ to, want media.Time }{{2.7, 2}, {3, 3}, {0.5, 0}, {3.999, 3}, {9, 3.96}} {
			r.e.FastSeek(c.to)
			time.Sleep(100 * time.Millisecond)
			if got := r.last().PTS; got != c.want {
				t.Errorf("a fast seek to %s shows %s, want %s", c.to, got, c.want)
			}
		}
	})
}
