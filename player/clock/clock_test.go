package clock_test

import (
	"math"
	"testing"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/clock"
)

// epoch is the wall time that tests count from.
var epoch = time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)

// at is a wall time in milliseconds since the epoch.
func at(ms float64) time.Time { return epoch.Add(time.Duration(math.Round(ms * 1e6))) }

func near(a, b media.Time, tolerance media.Span) bool {
	d := a.Sub(b)
	return d <= tolerance && -d <= tolerance
}

func TestReading_At(t *testing.T) {
	run := clock.Reading{Wall: at(100), Media: 5, Rate: 2, Gen: 3}
	end := run
	end.Until = at(300)
	rest := clock.Reading{Wall: at(100), Media: 5}
	for _, c := range []struct {
		name string
		r    clock.Reading
		ms   float64
		want media.Time
	}{
		{"before the motion", run, 50, 5},
		{"at its start", run, 100, 5},
		{"in it", run, 600, 6},
		{"in it, with an end", end, 200, 5.2},
		{"at its end", end, 300, 5.4},
		{"after its end", end, 9000, 5.4},
		{"resting", rest, 9000, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.r.At(at(c.ms)); !near(got, c.want, 1e-9) {
				t.Errorf("At(%v ms) = %v, want %v", c.ms, got, c.want)
			}
		})
	}
}

func TestReading_WallOf(t *testing.T) {
	run := clock.Reading{Wall: at(100), Media: 5, Rate: 2}
	end := run
	end.Until = at(300)
	for _, c := range []struct {
		name string
		r    clock.Reading
		t    media.Time
		want float64 // ms; NaN: no such time
	}{
		{"in the motion", run, 6, 600},
		{"before it, extrapolated", run, 4.8, 0},
		{"at its end", end, 5.4, 300},
		{"after its end", end, 5.5, math.NaN()},
		{"resting", clock.Reading{Wall: at(100), Media: 5}, 5, math.NaN()},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, ok := c.r.WallOf(c.t)
			if ok == math.IsNaN(c.want) {
				t.Fatalf("WallOf(%v) = %v, %v; want %v", c.t, w, ok, c.want)
			}
			if ok && !w.Equal(at(c.want)) {
				t.Errorf("WallOf(%v) = %v, want %v ms", c.t, w.Sub(epoch), c.want)
			}
		})
	}
	if w, ok := run.WallOf(media.Forever); !ok || w.Before(at(1e12)) {
		t.Errorf("WallOf(Forever) = %v, %v; want a time centuries away", w, ok)
	}
}

func TestReading_MovingAndNotBefore(t *testing.T) {
	r := clock.Reading{Wall: at(100), Media: 5, Rate: 1, Gen: 7, Until: at(300)}
	for ms, want := range map[float64]bool{99: false, 100: true, 299: true, 300: false} {
		if got := r.Moving(at(ms)); got != want {
			t.Errorf("Moving at %v ms = %v, want %v", ms, got, want)
		}
	}
	if got := r.NotBefore(4); got != r {
		t.Errorf("NotBefore a time already passed changed the reading: %+v", got)
	}
	held := r.NotBefore(5.1)
	for ms, want := range map[float64]media.Time{0: 5.1, 150: 5.1, 200: 5.1, 250: 5.15, 400: 5.2} {
		if got := held.At(at(ms)); !near(got, want, 1e-9) {
			t.Errorf("held reading at %v ms = %v, want %v", ms, got, want)
		}
	}
	if got := r.NotBefore(9); got.Rate != 0 || got.At(at(250)) != 9 || got.Gen != 7 {
		t.Errorf("NotBefore a time that is never reached = %+v, want rest at 9 in gen 7", got)
	}
}

func TestWall(t *testing.T) {
	var w clock.Wall
	want := func(ms float64, m media.Time) {
		t.Helper()
		if got := w.At(at(ms)); !near(got, m, 1e-9) {
			t.Errorf("at %v ms: %v, want %v", ms, got, m)
		}
	}
	w.Set(at(0), 10, 1)
	want(500, 10)
	w.Start(at(1000))
	want(1500, 10.5)
	w.SetRate(at(2000), 2)
	want(2000, 11)
	want(3000, 13)
	w.SetRate(at(3000), 0)  // not a rate
	w.SetRate(at(3000), -1) // not a rate
	w.SetRate(at(3000), math.NaN())
	want(3500, 14)
	w.Stop(at(4000))
	want(9000, 15)
	w.Set(at(9000), 3, 2)
	want(9500, 3)
	w.Start(at(10000))
	want(10500, 4)
	w.Set(at(11000), 0, 3)
	want(11500, 1)
	if r := w.Reading(); r.Gen != 3 || r.Rate != 2 {
		t.Errorf("reading %+v, want gen 3 at rate 2", r)
	}
}
