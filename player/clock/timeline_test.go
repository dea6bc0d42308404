package clock_test

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/clock"
)

const rateHz = 48000

// device is a simulated sound card: a buffer of two periods in front of the speaker, filled by a thread that
// asks for a period, hands it over as soon as there is room, and asks again at once.
type device struct {
	tl     *clock.Timeline
	period int
	ppm    float64        // how much faster than nominal the card runs
	late   func() float64 // how many milliseconds after the card's interrupt the callback gets to run

	next  int       // number of the next frame asked for
	heard []segment // what was given, for the truth
}

type segment struct {
	from, to int
	media    media.Time
	moving   bool
	gen      media.Gen
}

// run asks for periods from the card's time 0 until ms; give says what a callback at that time puts in.
func (d *device) run(ms float64, give func(ms float64) (t media.Time, frames int, g media.Gen)) {
	for {
		// the three first periods are taken at once, the others when one has been played
		due := d.ms(max(0, d.next-2*d.period))
		if due >= ms {
			return
		}
		now := due + d.late()
		delay := time.Duration(2*d.period) * time.Second / rateHz
		if d.next == 3*d.period {
			d.tl.Resync() // the buffer is full now
		}
		d.tl.Begin(at(now), delay)
		t, n, g := give(now)
		if n > 0 {
			d.tl.Media(n, t, 1, g)
			d.heard = append(d.heard, segment{d.next, d.next + n, t, true, g})
		}
		if n < d.period {
			d.tl.Silence(d.period - n)
		}
		d.tl.End()
		d.next += d.period
	}
}

// ms is when a frame sounds.
func (d *device) ms(frame int) float64 { return float64(frame) / rateHz * 1000 / (1 + d.ppm*1e-6) }

// truth is the media time at the speaker.
func (d *device) truth(ms float64) (media.Time, media.Gen, bool) {
	pos := ms * rateHz / 1000 * (1 + d.ppm*1e-6)
	var t media.Time
	var g media.Gen
	ok := false
	for _, s := range d.heard {
		if float64(s.from) > pos {
			break
		}
		t, g, ok = s.media.Add(media.Span(min(pos-float64(s.from), float64(s.to-s.from))/rateHz)), s.gen, true
	}
	return t, g, ok
}

func steady() float64 { return 0 }

func jitter(seed uint64, ms float64) func() float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	return func() float64 { return r.Float64() * ms }
}

// play gives media from t on, without end.
func play(t media.Time, g media.Gen, period int) func(float64) (media.Time, int, media.Gen) {
	n := 0
	return func(float64) (media.Time, int, media.Gen) {
		n += period
		return t.Add(media.Span(float64(n-period) / rateHz)), period, g
	}
}

func TestTimeline_FollowsTheSpeaker(t *testing.T) {
	for _, c := range []struct {
		name     string
		period   int
		ppm      float64
		jitterMs float64
		minutes  float64
		within   media.Span
	}{
		{"ideal", 960, 0, 0, 1, 1e-6},
		{"callbacks up to 2 ms late", 960, 0, 2, 2, 0.0022},
		{"callbacks up to 10 ms late", 960, 0, 10, 2, 0.0105},
		{"card 200 ppm fast", 960, 200, 0, 10, 0.0001},
		{"card 200 ppm slow, late callbacks", 480, -200, 2, 10, 0.0022},
		{"odd period", 1024, 37, 1, 2, 0.0011},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &device{tl: clock.NewTimeline(rateHz), period: c.period, ppm: c.ppm, late: steady}
			if c.jitterMs > 0 {
				d.late = jitter(42, c.jitterMs)
			}
			give := play(7, 1, c.period)
			var prev media.Time
			var worst media.Span
			for ms := 5.0; ms < c.minutes*60000; ms += 5 {
				d.run(ms, give)
				r, ok := d.tl.Read()
				if !ok || r.Gen != 1 {
					t.Fatalf("no reading at %v ms", ms)
				}
				got := r.At(at(ms))
				if got < prev {
					t.Fatalf("at %v ms time went back from %v to %v", ms, prev, got)
				}
				prev = got
				truth := media.Time(7).Add(media.Span(ms / 1000 * (1 + c.ppm*1e-6)))
				if ms > 500 {
					worst = max(worst, got.Sub(truth), truth.Sub(got))
				}
			}
			if worst > c.within {
				t.Errorf("off by %.3f ms, want at most %.3f", worst*1000, c.within*1000)
			}
			t.Logf("worst error %.4f ms", worst*1000)
		})
	}
}

// TestTimeline_Pause feeds two seconds of media, then silence, then media again: the clock must stop when the
// last frame has sounded and go on when the next one does, without a jump.
func TestTimeline_Pause(t *testing.T) {
	d := &device{tl: clock.NewTimeline(rateHz), period: 960, late: steady}
	n := 0
	give := func(ms float64) (media.Time, int, media.Gen) {
		from := media.Time(n) / rateHz
		take := 960
		switch {
		case ms < 200 || ms > 3000 && ms < 4000:
			return 0, 0, 0
		case ms > 2990 && ms <= 3000:
			take = 240 // the fade
		}
		n += take
		return from, take, 1
	}
	var prev media.Time
	stopped, resumed := 0.0, 0.0
	for ms := 1.0; ms < 6000; ms++ {
		d.run(ms, give)
		r, ok := d.tl.Read()
		if !ok {
			if ms > 210 {
				t.Fatalf("no reading at %v ms", ms)
			}
			continue
		}
		got := r.At(at(ms))
		truth, _, heard := d.truth(ms)
		if heard && ms > 400 && !near(got, truth, 1e-5) {
			t.Fatalf("at %v ms the clock says %v, the speaker %v", ms, got, truth)
		}
		if ms > 1000 && got == prev && stopped == 0 {
			stopped = ms
		}
		if stopped > 0 && resumed == 0 && got > prev {
			resumed = ms
		}
		prev = got
	}
	if stopped < 3020 || stopped > 3050 {
		t.Errorf("stopped at %v ms, want within 50 ms of the pause", stopped)
	}
	if resumed < 4020 || resumed > 4100 {
		t.Errorf("moved again at %v ms, want when the resumed sound is heard", resumed)
	}
}

// TestTimeline_CallbacksStop lets the device die: the clock goes on for what is recorded and a little longer.
func TestTimeline_CallbacksStop(t *testing.T) {
	d := &device{tl: clock.NewTimeline(rateHz), period: 960, late: steady}
	d.run(1000, play(0, 1, 960))
	r, _ := d.tl.Read()
	end := r.At(at(60000))
	if end < 1.0 || end > 1.2 {
		t.Errorf("the clock of a dead device ran to %v, want between 1 and 1.2", end)
	}
}

// TestTimeline_Suspended lets the device sleep for five seconds: the clock takes the jump over at once.
func TestTimeline_Suspended(t *testing.T) {
	tl := clock.NewTimeline(rateHz)
	m, prev := media.Time(0), media.Time(0)
	for ms := 0.0; ms < 10000; ms += 20 {
		now := ms
		if ms >= 5000 {
			now += 5000
		}
		tl.Begin(at(now), 60*time.Millisecond)
		tl.Media(960, m, 1, 1)
		tl.End()
		r, _ := tl.Read()
		got := r.At(at(now))
		if got < prev {
			t.Fatalf("time went back from %v to %v", prev, got)
		}
		prev = got
		if want := max(0, m-0.06); ms > 5200 && !near(got, want, 1e-6) {
			t.Fatalf("at %v ms %v, want %v", now, got, want)
		}
		m += 0.02
	}
}

// TestTimeline_Generations switches to another generation inside the device's delay.
func TestTimeline_Generations(t *testing.T) {
	tl := clock.NewTimeline(rateHz)
	step := func(ms float64, m media.Time, g media.Gen) {
		tl.Begin(at(ms), 60*time.Millisecond)
		tl.Media(960, m, 1, g)
		tl.End()
	}
	for i := range 10 {
		step(float64(i)*20, media.Time(i)*0.02, 1)
	}
	for i := range 10 {
		step(float64(10+i)*20, 100+media.Time(i)*0.02, 2)
		r, _ := tl.Read()
		now := float64(10+i) * 20
		switch {
		case now < 260:
			if r.Gen != 1 || !near(r.At(at(now)), media.Time(now/1000-0.06), 1e-6) {
				t.Errorf("at %v ms: %v in gen %d, want the old generation until the new one is heard", now, r.At(at(now)), r.Gen)
			}
			if got := r.At(at(300)); !near(got, 0.2, 1e-6) {
				t.Errorf("at %v ms: the old generation runs to %v, want its end 0.2", now, got)
			}
		default:
			if r.Gen != 2 || !near(r.At(at(now)), media.Time(100+(now-260)/1000), 1e-6) {
				t.Errorf("at %v ms: %v in gen %d, want the new generation", now, r.At(at(now)), r.Gen)
			}
		}
	}
}

// TestTimeline_ManyRuns overflows the bounded list of runs; the clock stays sane.
func TestTimeline_ManyRuns(t *testing.T) {
	tl := clock.NewTimeline(rateHz)
	prev := media.Time(0)
	for i := range 1000 {
		tl.Begin(at(float64(i)), 500*time.Millisecond) // 500 runs in flight
		tl.Media(24, media.Time(i), 1, 1)
		tl.Silence(24)
		tl.End()
		r, ok := tl.Read()
		if !ok {
			t.Fatalf("no reading")
		}
		if got := r.At(at(float64(i))); got < prev || got > media.Time(i+1) {
			t.Fatalf("callback %d: %v after %v", i, got, prev)
		}
		prev = r.At(at(float64(i)))
	}
}

// TestTimeline_Properties drives random histories: time never goes back within a generation, never runs ahead of
// what was recorded by more than the coast, and rests when only silence was recorded.
// TestTimeline_Rate changes the speed in the midst of callbacks and looks at the clock every millisecond.
func TestTimeline_Rate(t *testing.T) {
	const period, delay = 480, 45
	for _, c := range []struct {
		name  string
		rates []float64 // a second each
		off   float64   // seconds that the clock may be off between a change and the next callback
	}{
		{"catching up", []float64{1, 1.02, 1, 0.98, 1}, 0.0003},
		{"fast and slow", []float64{1, 2, 4, 1, 0.25, 0.5, 1}, 0.0301},
		{"many", []float64{1, 1.5, 1.25, 1.1, 1.05, 1, 0.9, 0.8}, 0.0051},
	} {
		t.Run(c.name, func(t *testing.T) {
			tl := clock.NewTimeline(rateHz)
			truth := []float64{0} // media time of each frame
			record := func(frames int, rate float64) {
				m := truth[len(truth)-1]
				tl.Media(frames, media.Time(m), rate, 1)
				for i := range frames {
					truth = append(truth, m+float64(i+1)*rate/rateHz)
				}
			}
			prev := media.Time(0)
			far := 0
			for ms := 0; ms < 1000*len(c.rates); ms++ {
				if ms%10 == 0 {
					tl.Begin(at(float64(ms)), delay*time.Millisecond)
					before, after := c.rates[max(0, ms-1)/1000], c.rates[ms/1000]
					record(211, before) // a change comes within a callback
					record(period-211, after)
					tl.End()
				}
				r, ok := tl.Read()
				if !ok || ms < delay {
					continue
				}
				got, want := r.At(at(float64(ms))), truth[(ms-delay)*rateHz/1000]
				if got < prev {
					t.Fatalf("%d ms: back from %v to %v", ms, prev, got)
				}
				prev = got
				off := math.Abs(float64(got) - want)
				if off > c.off {
					t.Errorf("%d ms: %.6f, what is heard is of %.6f", ms, float64(got), want)
				}
				if off > 1e-6 {
					far++
				}
			}
			if far > 60*len(c.rates) {
				t.Errorf("off for %d ms", far)
			}
		})
	}
}

func TestTimeline_Properties(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		tl := clock.NewTimeline(rateHz)
		now, m, g, end := 0.0, media.Time(r.Float64()*100), media.Gen(1), media.Time(0)
		var prev media.Time
		prevGen := media.Gen(0)
		for step := range 400 {
			now += r.Float64() * 40
			if r.IntN(50) == 0 {
				now += r.Float64() * 1000
			}
			tl.Begin(at(now), time.Duration(r.IntN(100))*time.Millisecond)
			for range r.IntN(4) {
				n := r.IntN(1500)
				switch r.IntN(8) {
				case 0, 1:
					tl.Silence(n)
				case 2:
					m += media.Time(r.Float64()*0.04 - 0.02)
				case 3:
					if r.IntN(5) == 0 {
						g++
						m, end = media.Time(r.Float64()*100), 0
					}
				default:
					tl.Media(n, m, 1, g)
					m = m.Add(media.Span(float64(n) / rateHz))
					end = max(end, m)
				}
			}
			tl.End()
			for _, ahead := range []float64{0, 5, 20, 1000} {
				rd, ok := tl.Read()
				if !ok {
					continue
				}
				got := rd.At(at(now + ahead))
				if ahead == 0 {
					if rd.Gen < prevGen || rd.Gen == prevGen && got < prev {
						t.Fatalf("seed %d step %d: %v in gen %d after %v in gen %d", seed, step, got, rd.Gen, prev, prevGen)
					}
					prev, prevGen = got, rd.Gen
				}
				if rd.Gen == g && got > end.Add(0.1001) && got > prev {
					t.Fatalf("seed %d step %d: %v is ahead of everything recorded, %v", seed, step, got, end)
				}
			}
		}
	}
}

func TestTimeline_Allocs(t *testing.T) {
	tl := clock.NewTimeline(rateHz)
	ms, m := 0.0, media.Time(0)
	callback := func() {
		tl.Begin(at(ms), 60*time.Millisecond)
		tl.Media(900, m, 1, 1)
		tl.Silence(60)
		tl.End()
		ms, m = ms+20, m+900.0/rateHz
	}
	if n := testing.AllocsPerRun(1000, callback); n != 0 {
		t.Errorf("a callback allocates %v times", n)
	}
	if n := testing.AllocsPerRun(1000, func() { tl.Read() }); n != 0 {
		t.Errorf("Read allocates %v times", n)
	}
}

// TestTimeline_Concurrent reads from several goroutines while a callback records: no reading may be torn. Media
// time is made so that it tells the wall time.
func TestTimeline_Concurrent(t *testing.T) {
	tl := clock.NewTimeline(rateHz)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				r, ok := tl.Read()
				if !ok {
					continue
				}
				if want := media.Time(r.Wall.Sub(epoch).Seconds()); !near(r.Media, want, 1e-6) {
					t.Errorf("torn reading: media %v at wall %v", r.Media, want)
					return
				}
			}
		})
	}
	for i := range 20000 {
		tl.Begin(at(float64(i)*20), 0)
		tl.Media(960, media.Time(i)*0.02, 1, 1)
		tl.End()
	}
	close(stop)
	wg.Wait()
}

// The budget of both together is far below 1 % of a 10 ms period.
func BenchmarkTimeline_Callback(b *testing.B) {
	tl := clock.NewTimeline(rateHz)
	b.ReportAllocs()
	for i := range b.N {
		tl.Begin(at(float64(i)*10), 60*time.Millisecond)
		tl.Media(480, media.Time(i)*0.01, 1, 1)
		tl.End()
	}
}

func BenchmarkTimeline_Read(b *testing.B) {
	tl := clock.NewTimeline(rateHz)
	tl.Begin(at(0), 60*time.Millisecond)
	tl.Media(480, 0, 1, 1)
	tl.End()
	b.ReportAllocs()
	for b.Loop() {
		tl.Read()
	}
}

// TestMedia_Hours plays for four hours by cards that run 100 ppm fast and slow, with late callbacks: what the playback's clock
// tells stays with what the listener hears, never goes back, and does not move away from it as time goes by, although the
// card's time ends up 1.44 s from the wall's.
func TestMedia_Hours(t *testing.T) {
	for _, ppm := range []float64{100, -100} {
		d := &device{tl: clock.NewTimeline(rateHz), period: 960, ppm: ppm, late: jitter(7, 2)}
		var m clock.Media
		m.SetAudio(at(0), d.tl)
		m.Reset(at(0), 1, 7)
		m.Run(at(0))
		give := play(7, 1, d.period)
		const hours, step = 4, 20.0
		var worst, first, last media.Span // of all, and the means of the first and the last minute
		prev := media.Time(0)
		n := 0.0
		for ms := step; ms < hours*3600*1000; ms += step {
			d.run(ms, give)
			d.heard = d.heard[:0]
			got := m.Now(at(ms))
			if got < prev {
				t.Fatalf("%+v ppm: after %.1f s time went back from %v to %v", ppm, ms/1000, prev, got)
			}
			prev = got
			off := got.Sub(media.Time(7).Add(media.Span(ms / 1000 * (1 + ppm*1e-6))))
			switch {
			case ms <= 1000:
				continue // until the phase is found
			case ms <= 61000:
				first += off
				n++
			case ms > hours*3600*1000-60000:
				last += off
			}
			worst = max(worst, off, -off)
		}
		first, last = first/media.Span(n), last/media.Span(n)
		t.Logf("%+v ppm for four hours: off by %.2f ms at worst, by %+.3f ms on average in the first minute, by %+.3f ms in the last", ppm, worst*1000, first*1000, last*1000)
		if drift := last - first; worst > 0.003 || drift > 0.0002 || drift < -0.0002 {
			t.Errorf("%+v ppm: worst %.3f ms, drifts by %.3f ms", ppm, worst*1000, drift*1000)
		}
	}
}
