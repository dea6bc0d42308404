package render

import (
	"testing"
	"time"
)

// TestBeat_Pictures draws, without graphics hardware, pictures of a steady rate with frames that begin late now and then, and
// counts how many have been picked: all of them at the rates of films and cameras, about one for each of sixty refreshes at
// higher ones.
func TestBeat_Pictures(t *testing.T) {
	const seconds = 20
	for _, c := range []struct {
		rate        float64
		least, most int // frames in that time
	}{
		{24, 24 * seconds, 24*seconds + 1},
		{25, 25 * seconds, 25*seconds + 1},
		{50, 50 * seconds, 50*seconds + 1},
		{59.94, 1198, 1200},
		{60, 60 * seconds, 60*seconds + 1},
		{60.006, 60 * seconds, 60*seconds + 1}, // by a sound card that runs fast
		{120, 55 * seconds, 60*seconds + 1},
	} {
		period := time.Duration(float64(time.Second) / c.rate)
		b := beat{stirred: t0.Add(-time.Hour), onDemand: true, cost: 3 * time.Millisecond}
		shown, frames, skipped := -1, 0, 0
		for now := t0; now.Before(t0.Add(seconds * time.Second)); frames++ {
			visible := now.Add(b.latency())
			if n := int(visible.Add(time.Microsecond).Sub(t0) / period); n > shown {
				skipped += n - shown - 1
				shown = n
			}
			wait, demand := b.next(moment{now: now, soft: true, due: func() (time.Time, time.Duration, bool) {
				return t0.Add(time.Duration(shown+1) * period), period, true
			}})
			if !demand {
				t.Fatalf("at %g a second a window without graphics hardware is drawn with the refreshes", c.rate)
			}
			late := 500 * time.Microsecond
			if frames%50 == 0 {
				late = 5 * time.Millisecond
			}
			now = now.Add(wait + late)
		}
		if frames < c.least || frames > c.most {
			t.Errorf("at %g a second %d frames in %d s, want %d to %d", c.rate, frames, seconds, c.least, c.most)
		}
		if c.rate < 61 && skipped > 0 {
			t.Errorf("at %g a second %d pictures are passed over", c.rate, skipped)
		}
	}
}

// TestBeat_Rests counts the frames of a paused window: those of the refreshes for a second, a few looks while controls go, then
// one a second. Anything that stirs it brings the refreshes back at once, and while playback goes on it does not sleep.
func TestBeat_Rests(t *testing.T) {
	never := func() (at time.Time, length time.Duration, ok bool) { return }
	for _, c := range []struct {
		name         string
		paused, soft bool
		away         bool
		least, most  int // frames in the second minute
	}{
		{"paused", true, false, false, 59, 61},
		{"paused, without graphics hardware", true, true, false, 59, 61},
		{"not on the screen", false, true, true, 59, 61},
		{"stalled, or sound alone", false, true, false, 299, 301},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := beat{}
			first, second, last := 0, 0, time.Duration(0)
			for at := time.Duration(0); at < 2*time.Minute; {
				m := moment{now: t0.Add(at), paused: c.paused, calm: c.paused && c.soft, away: c.away, soft: c.soft, due: never}
				wait, demand := b.next(m)
				b.onDemand = demand
				if !demand {
					last, wait = at, time.Second/60
				}
				if at < time.Minute {
					first++
				} else {
					second++
				}
				at += wait
			}
			if last > restAfter || second < c.least || second > c.most {
				t.Errorf("drawn with the refreshes for %v, %d frames in the first minute and %d in the second, want %d to %d", last, first, second, c.least, c.most)
			}
			if c.paused && first > 60+61+int(sleepAfter/lookEvery) {
				t.Errorf("%d frames in the first minute", first)
			}
			if wait, demand := b.next(moment{now: t0.Add(2 * time.Minute), stirring: true, paused: c.paused, soft: c.soft, due: never}); demand {
				t.Errorf("stirred, it waits for %v", wait)
			}
		})
	}
}
