package clock_test

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/clock"
)

// sound is a source that a test sets by hand.
type sound struct {
	mu sync.Mutex
	r  clock.Reading
	ok bool
}

func (s *sound) Read() (clock.Reading, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.r, s.ok
}

func (s *sound) set(r clock.Reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.r, s.ok = r, true
}

func (s *sound) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ok = false
}

// plays sets the source to a motion that began at ms with media time t.
func (s *sound) plays(ms float64, t media.Time, g media.Gen) {
	s.set(clock.Reading{Wall: at(ms), Media: t, Rate: 1, Gen: g})
}

func wantTime(t *testing.T, m *clock.Media, ms float64, want media.Time) {
	t.Helper()
	if got := m.Now(at(ms)); !near(got, want, 1e-9) {
		t.Errorf("Now at %v ms = %v, want %v", ms, got, want)
	}
	r, ok := m.Read()
	if !ok {
		t.Errorf("no reading at %v ms", ms)
	}
	if got := r.At(at(ms)); !near(got, want, 1e-9) {
		t.Errorf("Read at %v ms tells %v, want %v", ms, got, want)
	}
}

func TestMedia_NoTimeYet(t *testing.T) {
	var m clock.Media
	if r, ok := m.Read(); ok {
		t.Errorf("a new clock tells %+v", r)
	}
}

func TestMedia_WallAlone(t *testing.T) {
	var m clock.Media
	m.Reset(at(0), 1, 30)
	wantTime(t, &m, 100, 30)
	m.Run(at(200))
	wantTime(t, &m, 700, 30.5)
	m.SetRate(at(700), 2)
	wantTime(t, &m, 1200, 31.5)
	m.Pause(at(1200))
	wantTime(t, &m, 5000, 31.5)
	m.Run(at(5000))
	wantTime(t, &m, 5500, 32.5)
	m.Reset(at(6000), 2, 3)
	wantTime(t, &m, 7000, 3)
	if r, _ := m.Read(); r.Gen != 2 {
		t.Errorf("reading of gen %d, want 2", r.Gen)
	}
}

func TestMedia_SoundLeads(t *testing.T) {
	var m clock.Media
	var s sound
	m.SetAudio(at(0), &s)
	s.plays(0, 500, 7) // what another playback left behind
	m.Reset(at(0), 8, 10)
	m.Run(at(100))
	wantTime(t, &m, 150, 10) // waits for the sound
	s.plays(160, 10, 8)
	if r, ok := m.Read(); !ok || !near(r.At(at(170)), 10.01, 1e-9) {
		t.Errorf("the source leads as soon as it speaks, got %+v %v", r, ok)
	}
	wantTime(t, &m, 660, 10.5)
	// the pause ends where the device's sound ends
	m.Pause(at(700))
	s.set(clock.Reading{Wall: at(660), Media: 10.5, Rate: 1, Gen: 8, Until: at(760)})
	wantTime(t, &m, 730, 10.57)
	wantTime(t, &m, 900, 10.6)
	m.Run(at(1000))
	wantTime(t, &m, 1000, 10.6)
	s.plays(1060, 10.6, 8)
	wantTime(t, &m, 1160, 10.7)
}

func TestMedia_SoundBeginsBeforeTheTarget(t *testing.T) {
	var m clock.Media
	var s sound
	m.SetAudio(at(0), &s)
	m.Reset(at(0), 1, 10)
	m.Run(at(0))
	s.plays(100, 9.9, 1)
	wantTime(t, &m, 150, 10)
	wantTime(t, &m, 200, 10)
	wantTime(t, &m, 300, 10.1)
}

func TestMedia_SoundIsTakenAway(t *testing.T) {
	var m clock.Media
	var s sound
	m.SetAudio(at(0), &s)
	m.Reset(at(0), 1, 0)
	m.Run(at(0))
	s.plays(0, 0, 1)
	wantTime(t, &m, 1000, 1)
	m.SetAudio(at(1500), nil)
	wantTime(t, &m, 2000, 2)
	m.Pause(at(2000))
	wantTime(t, &m, 3000, 2)
	// and back, ahead of the clock, while running
	m.Run(at(3000))
	s.plays(3000, 2, 0) // of an old generation
	m.SetAudio(at(3100), &s)
	wantTime(t, &m, 3200, 2.2)
	s.plays(3200, 2.3, 1)
	wantTime(t, &m, 3300, 2.4)
}

// TestMedia_TakeOverWaits attaches sound that is behind the running wall clock: time rests until it is there.
func TestMedia_TakeOverWaits(t *testing.T) {
	var m clock.Media
	var s sound
	m.Reset(at(0), 1, 0)
	m.Run(at(0))
	wantTime(t, &m, 1000, 1)
	m.SetAudio(at(1000), &s)
	s.plays(1000, 0.8, 1)
	wantTime(t, &m, 1100, 1.1) // elected now, 0.2 s behind
	wantTime(t, &m, 1200, 1.1)
	wantTime(t, &m, 1300, 1.1)
	wantTime(t, &m, 1400, 1.2)
}

func TestMedia_SoundIsLost(t *testing.T) {
	var m clock.Media
	var s sound
	m.SetAudio(at(0), &s)
	m.Reset(at(0), 1, 0)
	m.Run(at(0))
	s.plays(0, 0, 1)
	wantTime(t, &m, 1000, 1)
	s.lose()
	if r, ok := m.Read(); ok {
		t.Errorf("a clock that lost its source tells %+v before the election", r)
	}
	wantTime(t, &m, 1100, 1.1)
	wantTime(t, &m, 2000, 2)
	m.Pause(at(2000))
	wantTime(t, &m, 2500, 2)
	// the same while it rests
	m.Run(at(2500))
	s.set(clock.Reading{Wall: at(2500), Media: 2, Gen: 1})
	wantTime(t, &m, 2600, 2.1) // elected; the source is behind by that and rests
	wantTime(t, &m, 2700, 2.1)
	s.lose()
	wantTime(t, &m, 2800, 2.1)
	wantTime(t, &m, 2900, 2.2)
}

// TestMedia_Rate follows sound that takes up a new speed later than the wall clock, and loses it.
func TestMedia_Rate(t *testing.T) {
	for _, c := range []struct {
		name string
		lose func(m *clock.Media, src *sound)
	}{
		{"lost", func(_ *clock.Media, src *sound) { src.lose() }},
		{"taken away", func(m *clock.Media, _ *sound) { m.SetAudio(at(1100), nil) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m clock.Media
			src := &sound{}
			m.SetAudio(at(0), src)
			m.Reset(at(0), 1, 0)
			m.Run(at(0))
			src.plays(0, 0, 1)
			wantTime(t, &m, 1000, 1)
			m.SetRate(at(1000), 2)
			m.SetRate(at(1000), 0)
			m.SetRate(at(1000), math.NaN())
			wantTime(t, &m, 1100, 1.1) // what is in the device sounds as it was made
			c.lose(&m, src)
			wantTime(t, &m, 1100, 1.1)
			wantTime(t, &m, 1600, 2.1)
		})
	}
}

func TestMedia_SoundArrivesAfterSetAudioNil(t *testing.T) {
	var m clock.Media
	var s sound
	m.SetAudio(at(0), &s)
	m.Reset(at(0), 1, 5)
	m.Run(at(0))
	wantTime(t, &m, 1000, 5) // nothing comes
	m.SetAudio(at(1000), nil)
	wantTime(t, &m, 1500, 5.5)
}

// TestMedia_Properties drives random histories: Now never goes back within a generation, whoever leads.
func TestMedia_Properties(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 11))
		var m clock.Media
		var s sound
		now, gen, prev := 0.0, media.Gen(1), media.Time(0)
		m.Reset(at(now), gen, 0)
		for step := range 300 {
			now += r.Float64() * 60
			op := r.IntN(12)
			switch op {
			case 0:
				gen++
				prev = media.Time(r.Float64() * 100)
				m.Reset(at(now), gen, prev)
			case 1, 2:
				m.Run(at(now))
			case 3:
				m.Pause(at(now))
			case 4:
				m.SetAudio(at(now), nil)
			case 5:
				m.SetAudio(at(now), &s)
			case 6:
				s.lose()
			case 7:
				m.SetRate(at(now), 0.5+r.Float64())
			case 8:
				s.set(clock.Reading{Wall: at(now), Media: prev + media.Time(r.Float64()*2-1), Gen: gen, Rate: 1, Until: at(now + 100)})
			case 9, 10:
				s.plays(now, prev+media.Time(r.Float64()*2-1), gen-media.Gen(r.IntN(2)))
			}
			got := m.Now(at(now))
			if got < prev {
				t.Fatalf("seed %d step %d op %d: time went back from %v to %v", seed, step, op, prev, got)
			}
			prev = got
			rd, ok := m.Read()
			if !ok || rd.Gen != gen {
				t.Fatalf("seed %d step %d op %d: reading %+v %v after Now, want one of gen %d", seed, step, op, rd, ok, gen)
			}
		}
	}
}

func TestMedia_Allocs(t *testing.T) {
	var m clock.Media
	tl := clock.NewTimeline(rateHz)
	tl.Begin(at(0), 0)
	tl.Media(rateHz, 0, 1, 1)
	tl.End()
	m.SetAudio(at(0), tl)
	m.Reset(at(0), 1, 0)
	m.Run(at(0))
	m.Now(at(1))
	if n := testing.AllocsPerRun(100, func() { m.Read() }); n != 0 {
		t.Errorf("Read allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { m.Now(at(2)) }); n != 0 {
		t.Errorf("Now allocates %v times in steady state", n)
	}
}

func TestMedia_Concurrent(t *testing.T) {
	var m clock.Media
	var s sound
	s.plays(0, 0, 1)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for i := range 2000 {
				m.Now(at(float64(i)))
				m.Read()
			}
		})
	}
	for i := range 500 {
		m.Reset(at(float64(i)), media.Gen(i), 0)
		m.SetAudio(at(float64(i)), &s)
		m.Run(at(float64(i)))
		m.SetAudio(at(float64(i)), nil)
		m.Pause(at(float64(i)))
	}
	wg.Wait()
}

func BenchmarkMedia_Read(b *testing.B) {
	var m clock.Media
	tl := clock.NewTimeline(rateHz)
	tl.Begin(at(0), 0)
	tl.Media(rateHz, 0, 1, 1)
	tl.End()
	m.SetAudio(at(0), tl)
	m.Reset(at(0), 1, 0)
	m.Now(at(1))
	b.ReportAllocs()
	for b.Loop() {
		m.Read()
	}
}
