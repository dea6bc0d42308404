package loudness_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"mseplayer/player/loudness"
)

// piece is a length of a sine at a level in dBFS.
type piece struct{ level, seconds float64 }

// tone makes interleaved sound of pieces, the same in every channel.
func tone(rate, channels int, hz float64, pieces ...piece) []float32 {
	var out []float32
	i := 0
	for _, p := range pieces {
		amp := math.Pow(10, p.level/20)
		for range int(p.seconds * float64(rate)) {
			x := float32(amp * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
			for range channels {
				out = append(out, x)
			}
			i++
		}
	}
	return out
}

// measure gives the sound in pieces of odd sizes.
func measure(rate, channels int, sound []float32) loudness.Result {
	m := loudness.New(rate, channels, 0)
	r := rand.New(rand.NewPCG(1, 1))
	for len(sound) > 0 {
		n := min(len(sound), channels*(1+r.IntN(5000)))
		m.Add(sound[:n])
		sound = sound[n:]
	}
	return m.Result()
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) && got != want {
		t.Errorf("%s: got %.3f, want %.3f ± %g", what, got, want, tolerance)
	}
}

// TestMeter_Integrated measures the reference signals of EBU Tech 3341 table 1 that are made of sines.
func TestMeter_Integrated(t *testing.T) {
	for _, c := range []struct {
		name   string
		pieces []piece
		want   float64
	}{
		{"1", []piece{{-23, 20}}, -23},
		{"2", []piece{{-33, 20}}, -33},
		{"3 relative gate", []piece{{-36, 10}, {-23, 60}, {-36, 10}}, -23},
		{"4 absolute gate", []piece{{-72, 10}, {-36, 10}, {-23, 60}, {-36, 10}, {-72, 10}}, -23},
		{"5 across the gate", []piece{{-26, 20}, {-20, 20.1}, {-26, 20}}, -23},
	} {
		t.Run(c.name, func(t *testing.T) {
			near(t, "integrated", measure(48000, 2, tone(48000, 2, 1000, c.pieces...)).Integrated, c.want, 0.1)
		})
	}
}

// TestMeter_Rates measures the same sine at other rates: the weighting is that of 48 kHz.
func TestMeter_Rates(t *testing.T) {
	for _, rate := range []int{8000, 22050, 44100, 96000} {
		near(t, "integrated", measure(rate, 2, tone(rate, 2, 1000, piece{-23, 5})).Integrated, -23, 0.1)
	}
}

// TestMeter_Range measures the reference signals of EBU Tech 3342 table 1 that are made of sines.
func TestMeter_Range(t *testing.T) {
	for _, c := range []struct {
		name   string
		pieces []piece
		want   float64
	}{
		{"1", []piece{{-20, 20}, {-30, 20}}, 10},
		{"2", []piece{{-20, 20}, {-15, 20}}, 5},
		{"3", []piece{{-40, 20}, {-20, 20}}, 20},
		{"4", []piece{{-50, 20}, {-35, 20}, {-20, 20}, {-35, 20}, {-50, 20}}, 15},
	} {
		t.Run(c.name, func(t *testing.T) {
			near(t, "range", measure(48000, 2, tone(48000, 2, 1000, c.pieces...)).Range, c.want, 1)
		})
	}
}

// TestMeter_Channels gives sound to one loudspeaker at a time: those behind count more, that for low frequencies nothing.
func TestMeter_Channels(t *testing.T) {
	for _, c := range []struct {
		name     string
		channels int
		mask     uint64
		speaker  int
		want     float64
	}{
		{"mono", 1, 0, 0, -23.01}, {"left", 2, 0, 0, -23.01}, {"centre", 6, 0, 2, -23.01}, {"low", 6, 0, 3, math.Inf(-1)},
		{"side", 6, 0, 4, -23.01 + 10*math.Log10(1.41)}, {"5.1 with back speakers", 6, 0x3f, 5, -23.01 + 10*math.Log10(1.41)},
		{"no low one", 5, 0x37, 3, -23.01 + 10*math.Log10(1.41)},
	} {
		t.Run(c.name, func(t *testing.T) {
			one := tone(48000, 1, 997, piece{-20, 5})
			all := make([]float32, len(one)*c.channels)
			for i, x := range one {
				all[i*c.channels+c.speaker] = x
			}
			m := loudness.New(48000, c.channels, c.mask)
			m.Add(all)
			near(t, "integrated", m.Result().Integrated, c.want, 0.05)
		})
	}
}

// TestMeter_TruePeak finds the peak of sines whose samples all lie beside it. EBU Tech 3341 table 1, cases 15 to 19.
func TestMeter_TruePeak(t *testing.T) {
	for _, rate := range []int{44100, 48000, 96000, 192000} {
		for _, c := range []struct{ part, phase, level float64 }{{4, 0, -6.02}, {4, 45, -6.02}, {6, 60, -6.02}, {8, 67.5, -6.02}, {4, 45, 3}} {
			sound := make([]float32, rate)
			for i := range sound {
				fade := min(1, float64(i)/1000, float64(len(sound)-i)/1000)
				sound[i] = float32(fade * math.Pow(10, c.level/20) * math.Sin(2*math.Pi*float64(i)/c.part+c.phase*math.Pi/180))
			}
			r := measure(rate, 1, sound)
			if rate == 192000 { // the samples are taken for close enough
				near(t, "peak of samples", r.TruePeak, r.SamplePeak, 0)
				continue
			}
			if got := r.TruePeak - c.level; !(got > -0.4 && got < 0.2) {
				t.Errorf("%d Hz, one period in %g samples from %g°: %.2f dBTP, want %.2f", rate, c.part, c.phase, r.TruePeak, c.level)
			}
		}
	}
}

// TestMeter_Nothing measures what is no sound.
func TestMeter_Nothing(t *testing.T) {
	none := math.Inf(-1)
	for _, c := range []struct {
		name  string
		m     *loudness.Meter
		sound []float32
	}{
		{"no samples", loudness.New(48000, 2, 0), nil},
		{"silence", loudness.New(48000, 2, 0), make([]float32, 96000)},
		{"no channels", loudness.New(48000, 0, 0), []float32{1, 1}},
		{"no rate", loudness.New(0, 2, 0), []float32{1, 1}},
		{"half a sample", loudness.New(48000, 2, 0), []float32{1}},
		{"not finite", loudness.New(48000, 1, 0), []float32{float32(math.NaN()), float32(math.Inf(1)), 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.m.Add(c.sound)
			if r := c.m.Result(); r != (loudness.Result{Integrated: none, MaxMomentary: none, MaxShort: none, TruePeak: none, SamplePeak: none}) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestMeter_Add allocates nothing, so that long programmes cost no memory.
func TestMeter_Add(t *testing.T) {
	m := loudness.New(48000, 2, 0)
	sound := tone(48000, 2, 1000, piece{-23, 4})
	m.Add(sound)
	if n := testing.AllocsPerRun(3, func() { m.Add(sound) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

// BenchmarkMeter measures stereo; its budget is 50 times real time: 20 MB/s.
func BenchmarkMeter(b *testing.B) {
	m := loudness.New(48000, 2, 0)
	sound := tone(48000, 2, 1000, piece{-23, 1})
	b.SetBytes(int64(4 * len(sound)))
	b.ReportAllocs()
	for b.Loop() {
		m.Add(sound)
	}
}

// TestMeter_ShortTerm: a value each second from the third on, of the three seconds before.
func TestMeter_ShortTerm(t *testing.T) {
	m := loudness.New(48000, 2, 0)
	m.Add(tone(48000, 2, 1000, piece{-23, 5}, piece{-33, 4}, piece{-200, 4.5}))
	got := m.ShortTerm()
	mixed := func(loud, low float64) float64 { // so many of the three seconds
		return 10 * math.Log10((loud*math.Pow(10, -2.3)+low*math.Pow(10, -3.3))/3)
	}
	want := []float64{-23, -23, -23, mixed(2, 1), mixed(1, 2), -33, -33, mixed(0, 2), mixed(0, 1)}
	if len(got) != 11 {
		t.Fatalf("%d values: %v", len(got), got)
	}
	for i, x := range want {
		near(t, "short term", got[i], x, 0.1)
	}
	if !(got[10] < -70) {
		t.Errorf("silence is %v", got[10])
	}
	if x := loudness.New(48000, 2, 0).ShortTerm(); len(x) != 0 {
		t.Errorf("%v of nothing", x)
	}
}
