package render

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

var t0 = time.Unix(1_700_000_000, 0)

func TestPacer_FirstFrame(t *testing.T) {
	var p pacer
	from, to := p.next(t0, false)
	if from != t0.Add(defaultVsync) || to != from.Add(defaultVsync) {
		t.Errorf("got [%v, %v) after now, want one default interval that starts after another", from.Sub(t0), to.Sub(t0))
	}
	p = pacer{latency: 40 * time.Millisecond}
	if from, _ = p.next(t0, false); from != t0.Add(40*time.Millisecond) {
		t.Errorf("got a latency of %v, want the configured 40 ms", from.Sub(t0))
	}
}

// TestPacer_Rates draws at the rates of real displays, waking up to 2 ms late: the interval must be found, and one must
// follow the other but for that jitter.
func TestPacer_Rates(t *testing.T) {
	for _, hz := range []float64{23.976, 24, 50, 59.94, 60, 75, 120, 144, 240} {
		vsync := time.Duration(float64(time.Second) / hz)
		rnd := rand.New(rand.NewPCG(uint64(hz*1000), 1))
		var p pacer
		var last time.Time
		for i := range 600 {
			jitter := time.Duration(rnd.Int64N(int64(min(2*time.Millisecond, vsync/4))))
			now := t0.Add(time.Duration(i)*vsync + jitter)
			from, to := p.next(now, i > 0)
			if i > 100 {
				if d := (to.Sub(from) - vsync).Abs(); d > vsync/10 {
					t.Fatalf("%v Hz, frame %d: interval of %v, want %v", hz, i, to.Sub(from), vsync)
				}
				if hole := from.Sub(last).Abs(); hole > min(2*time.Millisecond, vsync/4)+vsync/10 {
					t.Fatalf("%v Hz, frame %d: %v between two intervals", hz, i, hole)
				}
				if lead := from.Sub(now); lead != p.vsync {
					t.Fatalf("%v Hz, frame %d: visible %v after now, want %v", hz, i, lead, p.vsync)
				}
			}
			last = to
		}
	}
}

// TestPacer_Irregular: gaps, idling, clock steps and bursts never give an interval that runs backwards or has an
// absurd length.
func TestPacer_Irregular(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	var p pacer
	now := t0
	var last time.Time
	for i := range 20000 {
		switch rnd.IntN(10) {
		case 0:
			now = now.Add(time.Duration(rnd.Int64N(int64(3 * time.Second))))
		case 1:
			// a second frame at once
		case 2:
			now = now.Add(time.Duration(rnd.Int64N(int64(time.Millisecond))))
		default:
			now = now.Add(time.Second / 60)
		}
		from, to := p.next(now, rnd.IntN(4) > 0)
		if d := to.Sub(from); d < minVsync || d > maxVsync {
			t.Fatalf("frame %d: interval of %v", i, d)
		}
		if from.Before(last) {
			t.Fatalf("frame %d: begins %v before the one before it did", i, last.Sub(from))
		}
		if lead := from.Sub(now); lead < -maxVsync || lead > 3*maxVsync {
			t.Fatalf("frame %d: visible %v after now", i, lead)
		}
		last = from
	}
}

// TestPacer_Outliers: a quarter of the frames taking twice as long does not change the estimate.
func TestPacer_Outliers(t *testing.T) {
	var p pacer
	now := t0
	for i := range 200 {
		d := 20 * time.Millisecond
		if i%4 == 0 {
			d *= 2
		}
		now = now.Add(d)
		p.next(now, true)
	}
	if p.vsync != 20*time.Millisecond {
		t.Errorf("estimate is %v, want 20 ms", p.vsync)
	}
	// Idling does not either.
	for range 100 {
		now = now.Add(time.Second / 60)
		p.next(now, false)
	}
	if p.vsync != 20*time.Millisecond {
		t.Errorf("after idling the estimate is %v, want 20 ms", p.vsync)
	}
	if n := testing.AllocsPerRun(100, func() { now = now.Add(16 * time.Millisecond); p.next(now, true) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// TestPacer_Demanded: what is drawn for a picture covers its time, what is drawn before it ends where it begins, and what is
// drawn late covers the rest.
func TestPacer_Demanded(t *testing.T) {
	start := time.Unix(1000, 0)
	ms := func(n float64) time.Duration { return time.Duration(n * 1e6) }
	for _, c := range []struct {
		name             string
		now, due, length float64 // ms; due NaN: unknown
		from, to         float64
	}{
		{"in time", 90, 100, 40, 100, 140},
		{"a little early", 89.5, 100, 40, 99.5, 140},
		{"another reason", 50, 100, 40, 60, 100},
		{"late", 115, 100, 40, 125, 140},
		{"too late", 150, 100, 40, 160, 200},
		{"slow pictures", 90, 100, 1000, 100, 200},
		{"fast pictures", 90, 100, 8, 100, 100 + 1000.0/60},
		{"unknown", 90, math.NaN(), 0, 100, 100 + 1000.0/60},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p pacer
			var due time.Time
			if c.due == c.due {
				due = start.Add(ms(c.due))
			}
			from, to := p.demanded(start.Add(ms(c.now)), 10*time.Millisecond, due, ms(c.length))
			if d := from.Sub(start) - ms(c.from); d.Abs() > time.Microsecond {
				t.Errorf("from %v, want %v ms", from.Sub(start), c.from)
			}
			if d := to.Sub(start) - ms(c.to); d.Abs() > time.Microsecond {
				t.Errorf("to %v, want %v ms", to.Sub(start), c.to)
			}
			if f, _ := p.demanded(start, 0, due, 0); f.Before(from) {
				t.Errorf("the next interval begins at %v, before the last one", f.Sub(start))
			}
		})
	}
}
