package player_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player"
	"mseplayer/player/playertest"
	"mseplayer/player/playertest/netsim"
)

// TestAdaptToSteps follows a network that becomes slow and fast again: the level is that of the slow network at the
// second segment that is asked for after it has become slow, and the highest at the fourth after it has become fast;
// nothing stalls, and each picture is shown once.
func TestAdaptToSteps(t *testing.T) {
	const length = 60
	for _, phase := range []time.Duration{0, 300, 700, 1100, 1500, 1900} {
		down, up := 15*time.Second+phase*time.Millisecond, 35*time.Second+phase*time.Millisecond
		t.Run(fmt.Sprint(down), func(t *testing.T) {
			within(t, func(t *testing.T) {
				line := &netsim.Line{Steps: []netsim.Step{{BitsPerSecond: 8e6}, {At: down, BitsPerSecond: 0.6e6}, {At: up, BitsPerSecond: 8e6}}}
				files := playertest.Package{Periods: []float64{length}, Ladder: []int{300_000, 700_000, 1_800_000}}.Files()
				r := newNetRig(t, files, line, player.Config{Quality: "auto", Ahead: 12})
				defer r.stop()
				r.open()
				r.p.Play()
				r.finish((length + 5) * time.Second)
				rep := r.report()
				if len(rep.Stalls)+len(rep.GapsJumped) != 0 || rep.Error != nil || rep.Quality.Dropped != 0 {
					t.Errorf("stalls %v, gaps %v, error %s, %d dropped", rep.Stalls, rep.GapsJumped, deref(rep.Error), rep.Quality.Dropped)
				}
				shownWhole(t, r.surface.Pictures(), length)
				slow, fast := levels(line, down, up), levels(line, up, time.Hour)
				if len(slow) < 5 || slow[1] != 1 || slices.Max(slow[1:]) == 3 {
					t.Errorf("asked for the levels %v of the slow network", slow)
				}
				if len(fast) < 5 || slices.Min(fast[3:]) != 3 {
					t.Errorf("asked for the levels %v of the fast network", fast)
				}
			})
		})
	}
}

// levels lists which representations the media segments of video were asked for between two times.
func levels(line *netsim.Line, from, to time.Duration) (out []int) {
	for _, a := range line.Asked() {
		var period, level, number int
		if n, _ := fmt.Sscanf(a.URL, "/p%d-v%d-%d.m4s", &period, &level, &number); n == 3 && a.At >= from && a.At < to {
			out = append(out, level)
		}
	}
	return out
}

// shownWhole fails unless each of 25 pictures a second was shown once, in order.
func shownWhole(t *testing.T, shown []playertest.Shown, length int) {
	t.Helper()
	if len(shown) != 25*length {
		t.Errorf("%d pictures were shown, want %d", len(shown), 25*length)
	}
	for i, s := range shown {
		if want := media.FromTicks(int64(i), 25); s.PTS.Sub(want).Abs() > 1e-6 {
			t.Errorf("picture %d is that of %s, want %s", i, s.PTS, want)
			return
		}
	}
}

// TestSeekBesideBuffered seeks to shortly before what is buffered, over a network that takes its time. The picture that
// is shown is that of the target, not the one that happens to be there; no matter whether everything behind it has been
// fetched.
func TestSeekBesideBuffered(t *testing.T) {
	for _, c := range []struct {
		start  media.Time
		paused bool
	}{{20, false}, {20, true}, {52, false}, {52, true}} {
		for _, before := range []media.Span{0.02, 0.3, 0.9, 1.5} {
			t.Run(fmt.Sprintf("%gs before %g, paused %v", before, c.start, c.paused), func(t *testing.T) {
				within(t, func(t *testing.T) {
					line := &netsim.Line{Steps: []netsim.Step{{BitsPerSecond: 1e6}}, Delay: 1500 * time.Millisecond}
					r := newNetRig(t, playertest.Package{Periods: []float64{60}}.Files(), line, player.Config{Start: c.start, Ahead: 8})
					defer r.stop()
					r.open()
					if !c.paused {
						r.p.Play()
					}
					time.Sleep(15 * time.Second)
					if shown := r.surface.Pictures(); len(shown) == 0 || shown[0].PTS != c.start {
						t.Fatalf("begins with %v", shown[:min(1, len(shown))])
					}
					r.seek(c.start.Add(-before))
					r.seek(40) // what is buffered has two parts then
					time.Sleep(10 * time.Second)
					r.seek(media.Time(40).Add(-before))
					if rep := r.report(); len(rep.GapsJumped) != 0 || rep.Error != nil {
						t.Errorf("gaps %v, error %s", rep.GapsJumped, deref(rep.Error))
					}
				})
			})
		}
	}
}

// seek seeks and fails unless the first picture after it is the one that contains the target.
func (r *rig) seek(target media.Time) {
	r.t.Helper()
	n := len(r.surface.Pictures())
	r.p.Seek(target)
	for start := time.Now(); r.p.State().Seeking || len(r.surface.Pictures()) == n; time.Sleep(20 * time.Millisecond) {
		if time.Since(start) > 20*time.Second {
			r.t.Fatalf("the seek to %s does not end: %+v", target, r.p.State())
		}
	}
	if got := r.surface.Pictures()[n].PTS; got > target+1e-6 || got <= target-0.04 {
		r.t.Errorf("the seek to %s shows %s first", target, got)
	}
}
