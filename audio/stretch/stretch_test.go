package stretch_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"mseplayer/audio/stretch"
)

const (
	rateHz = 48000
	hop    = rateHz / 100
	// reach is how far from its nominal position sound may be.
	reach = rateHz / 50
)

// rig feeds a Stretcher from an endless signal of one channel, negated in a second one, and keeps what comes out.
type rig struct {
	*stretch.Stretcher
	t      *testing.T
	signal func(i int) float64
	limit  int // frames of input there are; 0: no end
	passed int // frames of the signal before the Stretcher's input

	out []float32 // channel 0
	at  []float64 // nominal position of each frame in the signal
}

func newRig(t *testing.T, signal func(i int) float64) *rig {
	return &rig{Stretcher: stretch.New(rateHz, 2), t: t, signal: signal}
}

// sine is a tone.
func sine(hz float64) func(int) float64 {
	return func(i int) float64 { return 0.5 * math.Sin(2*math.Pi*hz*float64(i)/rateHz) }
}

// fill writes what is wanted.
func (r *rig) fill() {
	n := r.Want()
	from := r.passed + int(r.End())
	if r.limit > 0 {
		n = min(n, r.limit-from)
	}
	in := make([]float32, 0, 2*max(n, 0))
	for i := range n {
		v := float32(r.signal(from + i))
		in = append(in, v, -v)
	}
	if got := r.Write(in); got != max(n, 0) {
		r.t.Fatalf("%d frames of %d taken", got, n)
	}
}

// play makes at least so many frames and checks the account of each hop.
func (r *rig) play(frames int) {
	r.t.Helper()
	for end := len(r.out) + frames; len(r.out) < end; {
		if !r.once() {
			r.t.Fatalf("no sound after %d frames", len(r.out))
		}
	}
}

func (r *rig) once() bool {
	r.t.Helper()
	r.fill()
	expected := r.Position()
	if r.Idle() { // as one who leaves it out
		r.pass()
		return true
	}
	out, at, speed := r.Next()
	if d := at - expected; d < 0 || d >= 1 || d > 0 && speed != 1 {
		r.t.Fatalf("frame %d: stands for %v, expected %v", len(r.out), at, expected)
	}
	if end := at + float64(len(out)/2)*speed; math.Abs(r.Position()-end) > 1e-6 || end > float64(r.End())+1e-6 {
		r.t.Fatalf("frame %d: hop ends at %v, input at %d, position %v", len(r.out), end, r.End(), r.Position())
	}
	for i := 0; i < len(out); i += 2 {
		if out[i] != -out[i+1] {
			r.t.Fatalf("frame %d: channels %v and %v, want opposite ones", len(r.out), out[i], out[i+1])
		}
		r.out = append(r.out, out[i])
		r.at = append(r.at, float64(r.passed)+at+float64(i/2)*speed)
	}
	return len(out) > 0
}

// pass is what happens without the Stretcher: the input is the output. It begins anew behind.
func (r *rig) pass() {
	r.passed += int(r.Position())
	for range hop {
		r.out = append(r.out, float32(r.signal(r.passed)))
		r.at = append(r.at, float64(r.passed))
		r.passed++
	}
	r.Reset()
}

// pitch is the frequency of a tone by its rises through zero, interpolated.
func pitch(x []float32) float64 {
	first, last, n := -1.0, 0.0, 0
	for i := 1; i < len(x); i++ {
		if x[i-1] < 0 && x[i] >= 0 {
			last = float64(i) - float64(x[i])/float64(x[i]-x[i-1])
			if n++; first < 0 {
				first = last
			}
		}
	}
	return float64(n-1) * rateHz / (last - first)
}

// power is the part of x's energy that is at a frequency (Goertzel's sum), for a pure tone 1.
func power(x []float32, hz float64) float64 {
	var re, im, all float64
	for i, v := range x {
		w := 2 * math.Pi * hz * float64(i) / rateHz
		re += float64(v) * math.Cos(w)
		im += float64(v) * math.Sin(w)
		all += float64(v) * float64(v)
	}
	return 2 * (re*re + im*im) / float64(len(x)) / all
}

// steepest is the largest difference of two frames that follow one another.
func steepest(x []float32) float64 {
	d := 0.0
	for i := 1; i < len(x); i++ {
		d = max(d, math.Abs(float64(x[i]-x[i-1])))
	}
	return d
}

// rms is the loudness of each stretch of 20 ms.
func rms(x []float32) (r []float64) {
	for ; len(x) >= 2*hop; x = x[2*hop:] {
		sum := 0.0
		for _, v := range x[:2*hop] {
			sum += float64(v) * float64(v)
		}
		r = append(r, math.Sqrt(sum/(2*hop)))
	}
	return r
}

// speeds are those at which quality is measured.
var speeds = []float64{0.25, 0.5, 0.75, 0.97, 1.03, 1.25, 1.5, 2, 3, 4}

func TestStretcher_KeepsPitch(t *testing.T) {
	for _, hz := range []float64{50, 60, 97.3, 220, 440, 1000, 3333, 8000} {
		for _, speed := range speeds {
			t.Run(fmt.Sprintf("%gHz/x%g", hz, speed), func(t *testing.T) {
				r := newRig(t, sine(hz))
				r.Set(speed, true)
				r.play(3 * rateHz)
				if got := pitch(r.out); math.Abs(got-hz) > max(0.0005*hz, 0.2) {
					t.Errorf("pitch %.3f Hz, want %g", got, hz)
				}
				if got, bound := steepest(r.out), math.Pi*hz/rateHz; got > bound*1.003 {
					t.Errorf("steps of %v, the tone's own are at most %v", got, bound)
				}
				for i, v := range rms(r.out) { // 20 ms hold one period of 50 Hz and up to 5 % more or less of others
					if want := 0.5 / math.Sqrt2; math.Abs(v-want) > 0.08*want {
						t.Errorf("loudness %.3f at %d ms, want %.3f", v, 20*i, want)
						break
					}
				}
			})
		}
	}
}

func TestStretcher_KeepsTheToneWhole(t *testing.T) {
	for _, speed := range []float64{0.5, 1.5, 2} {
		r := newRig(t, sine(440))
		r.Set(speed, true)
		r.play(5 * rateHz)
		if got := power(r.out, 440); got < 0.99 {
			t.Errorf("x%g: %.4f of the energy is at 440 Hz", speed, got)
		}
	}
}

func TestStretcher_TurnsPitch(t *testing.T) {
	for _, speed := range speeds {
		r := newRig(t, sine(440))
		r.Set(speed, false)
		r.play(2 * rateHz)
		want := 440 * speed
		if got := pitch(r.out); math.Abs(got-want) > 0.001*want {
			t.Errorf("x%g: pitch %.3f Hz, want %g", speed, got, want)
		}
		if got, bound := steepest(r.out), math.Pi*want/rateHz; got > bound*1.003 {
			t.Errorf("x%g: steps of %v, the tone's own are at most %v", speed, got, bound)
		}
		for i, got := range r.out {
			// a straight line between two frames is off a sine by an eighth of the square of their distance
			if want := 0.5 * math.Sin(2*math.Pi*440*r.at[i]/rateHz); math.Abs(float64(got)-want) > 0.0003 {
				t.Errorf("x%g: frame %d is %v, the sound at %v is %v", speed, i, got, r.at[i], want)
				break
			}
		}
	}
}

// turn is a change of speed after so many frames of output.
type turn struct {
	after int
	speed float64
	keep  bool
}

// turns makes a random sequence of them.
func turns(rnd *rand.Rand, n int) (s []turn) {
	for range n {
		x := turn{1 + rnd.IntN(rateHz/3), math.Exp((rnd.Float64()*2 - 1) * math.Log(4)), rnd.IntN(3) > 0}
		switch rnd.IntN(4) {
		case 0:
			x.speed = 1
		case 1:
			x.speed = 0.97 + 0.06*rnd.Float64()
		}
		s = append(s, x)
	}
	return s
}

func (r *rig) perform(s []turn) {
	r.t.Helper()
	for _, x := range s {
		r.Set(x.speed, x.keep)
		r.play(x.after)
	}
}

func TestStretcher_AnySpeeds(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		s := turns(rnd, 12)
		constant := newRig(t, func(int) float64 { return 0.25 })
		constant.perform(s)
		for i, v := range constant.out {
			if v != 0.25 {
				t.Fatalf("seed %d: frame %d of a constant is %v; %v", seed, i, v, s)
			}
		}
		silence := newRig(t, func(int) float64 { return 0 })
		silence.perform(s)
		for i, v := range silence.out {
			if v != 0 {
				t.Fatalf("seed %d: frame %d of silence is %v; %v", seed, i, v, s)
			}
		}
		tone := newRig(t, sine(440))
		for i := range s { // with the pitch turned it may be as steep as the speed is high
			s[i].keep = true
		}
		tone.perform(s)
		if got, bound := steepest(tone.out), math.Pi*440/rateHz; got > bound*1.03 {
			t.Errorf("seed %d: steps of %v, the tone's own are at most %v; %v", seed, got, bound, s)
		}
		if got := pitch(tone.out); math.Abs(got-440) > 2 {
			t.Errorf("seed %d: pitch %.2f Hz; %v", seed, got, s)
		}
	}
}

// TestStretcher_Place plays a slope, of which each value tells where it was.
func TestStretcher_Place(t *testing.T) {
	const unit = 1.0 / (1 << 21)
	for seed := range uint64(20) {
		s := turns(rand.New(rand.NewPCG(seed, 2)), 8)
		r := newRig(t, func(i int) float64 { return float64(i) * unit })
		r.perform(s)
		for i, v := range r.out {
			if off := float64(v)/unit - r.at[i]; math.Abs(off) > reach+4*hop {
				t.Fatalf("seed %d: frame %d stands for %v and is %v off; %v", seed, i, r.at[i], off, s)
			}
		}
	}
}

// TestStretcher_OnsetsInTime: what begins after silence, or after faint noise, is heard when its place is reached, at every speed.
func TestStretcher_OnsetsInTime(t *testing.T) {
	const every, length = rateHz/2 + 77, rateHz / 10 // a beep
	for _, noise := range []float64{0, 0.002} {
		for _, speed := range []float64{0.5, 0.8, 1.25, 1.5, 2, 3} {
			r := newRig(t, func(i int) float64 {
				if i%every < every-length {
					return noise * (rand.New(rand.NewPCG(1, uint64(i))).Float64() - 0.5)
				}
				return sine(440)(i)
			})
			r.Set(speed, true)
			r.play(int(10 * every / speed))
			quiet, worst, n := 0, 0.0, 0
			for i, v := range r.out {
				if math.Abs(float64(v)) < 0.05 {
					quiet++
					continue
				}
				if begun := r.at[i]; quiet > rateHz/20 && begun > every {
					k := math.Round((begun + length) / every)
					worst, n = max(worst, math.Abs(begun-(k*every-length))/rateHz*1000), n+1
				}
				quiet = 0
			}
			// The hop in which it begins was chosen before.
			if limit := 10 * max(1, speed); n < 7 || worst > limit {
				t.Errorf("at %v, noise %v: %d beeps, at worst %.1f ms of the input off, want %.1f", speed, noise, n, worst, limit)
			}
		}
	}
}

func TestStretcher_Normal(t *testing.T) {
	noise := rand.New(rand.NewPCG(1, 2))
	table := make([]float64, 20*rateHz)
	for i := range table {
		table[i] = float64(noise.Float32() - 0.5)
	}
	t.Run("at once", func(t *testing.T) {
		s := stretch.New(rateHz, 2)
		if !s.Idle() || s.Want() != 0 {
			t.Errorf("idle %v, wants %d", s.Idle(), s.Want())
		}
	})
	for _, before := range []struct {
		speed float64
		keep  bool
	}{{0.25, true}, {0.98, true}, {1.02, true}, {2, true}, {4, true}, {0.3, false}, {2.7, false}} {
		t.Run(fmt.Sprintf("after x%g %v", before.speed, before.keep), func(t *testing.T) {
			r := newRig(t, func(i int) float64 { return table[i] })
			r.Set(before.speed, before.keep)
			r.play(2*rateHz + 333)
			r.Set(1, before.keep)
			from := len(r.out)
			r.play(rateHz + 30*hop)
			if !r.Idle() {
				t.Fatal("not idle after a second at normal speed")
			}
			exact := 0
			for i := from; i < len(r.out); i++ {
				if exact++; float64(r.out[i]) != table[int(r.at[i])] || r.at[i] != math.Trunc(r.at[i]) {
					exact = 0
				}
			}
			if exact < 25*hop {
				t.Errorf("only the last %d frames are those of the input", exact)
			}
			last := len(r.out) - 1
			if moved := r.at[last] - r.at[from]; moved < float64(last-from) || moved > float64(last-from)+1 {
				t.Errorf("%v frames of input in %d", moved, last-from)
			}
		})
	}
}

func TestStretcher_PlaysToTheEnd(t *testing.T) {
	for _, speed := range append(speeds, 1) {
		for _, keep := range []bool{true, false} {
			for _, frames := range []int{1, 7, hop, 5000, rateHz + 1} {
				r := newRig(t, sine(440))
				r.limit = frames
				r.Set(2, true) // makes something to hold back
				r.once()
				r.Set(speed, keep)
				for !r.Idle() && r.once() {
				}
				if left := float64(r.End()) - r.Position(); r.End() != int64(frames) || left >= max(speed, 2) {
					t.Errorf("x%g %v: %v of %d frames left, %d wanted", speed, keep, left, frames, r.Want())
				}
			}
		}
	}
}

func TestStretcher_SmallSpeedsAreExact(t *testing.T) {
	for _, speed := range []float64{0.97, 0.99, 1.001, 1.02, 1.03} {
		r := newRig(t, func(int) float64 { return 0 })
		r.Set(speed, true)
		r.play(60 * rateHz)
		if got, want := r.Position()/rateHz, speed*float64(len(r.out))/rateHz; math.Abs(got-want) > 1e-6 {
			t.Errorf("x%g: %.9f s, want %.9f", speed, got, want)
		}
	}
}

func TestStretcher_OutOfRange(t *testing.T) {
	for _, x := range []struct{ speed, want float64 }{{0, 0.25}, {-1, 0.25}, {9, 4}, {math.Inf(1), 4}, {math.NaN(), 2}} {
		r := newRig(t, sine(440))
		r.Set(2, true)
		r.Set(x.speed, true)
		r.fill()
		if _, _, got := r.Next(); got != x.want {
			t.Errorf("speed %v: %v, want %v", x.speed, got, x.want)
		}
	}
}

// TestStretcher_Rates plays a tone at the sample rates and numbers of channels that devices have.
func TestStretcher_Rates(t *testing.T) {
	for _, hz := range []int{8000, 11025, 22050, 44100, 96000, 192000} {
		for _, channels := range []int{1, 2, 8} {
			s := stretch.New(hz, channels)
			s.Set(1.5, true)
			var out []float32
			in := make([]float32, channels)
			for n := 0; len(out) < 2*hz; {
				for s.Want() > 0 {
					for c := range in {
						in[c] = float32(0.5 * math.Sin(2*math.Pi*440*float64(n)/float64(hz)))
					}
					n += s.Write(in)
				}
				hop, _, _ := s.Next()
				for i := 0; i < len(hop); i += channels {
					out = append(out, hop[i+channels-1])
				}
			}
			if got := pitch(out) * float64(hz) / rateHz; math.Abs(got-440) > 1 {
				t.Errorf("%d Hz, %d channels: pitch %.2f Hz", hz, channels, got)
			}
		}
	}
}

func TestStretcher_Allocs(t *testing.T) {
	s := stretch.New(rateHz, 2)
	in := make([]float32, 8*hop*2)
	i := 0
	if n := testing.AllocsPerRun(1000, func() {
		s.Set(speeds[i%len(speeds)], i%3 > 0)
		s.Write(in[:2*min(s.Want(), 8*hop)])
		s.Next()
		i++
	}); n != 0 {
		t.Errorf("%v allocations a hop", n)
	}
}

// FuzzStretch does what its input says, two bytes at a time: whatever it is, the output keeps to the bounds of the
// input and the account is right.
func FuzzStretch(f *testing.F) {
	f.Add([]byte{0, 200, 1, 255, 3, 4, 0, 64, 1, 100, 3, 9})
	f.Add([]byte{0, 255, 1, 255, 1, 255, 3, 1, 3, 1, 3, 1, 2, 3, 0, 0, 3, 60, 1, 255, 4, 0, 0, 17, 1, 40, 3, 3})
	f.Fuzz(func(t *testing.T, ops []byte) {
		const channels = 2
		s := stretch.New(4000, channels)
		noise := rand.New(rand.NewPCG(uint64(len(ops)), 3))
		for i := 0; i+1 < min(len(ops), 1000); i += 2 {
			arg := int(ops[i+1])
			switch ops[i] % 5 {
			case 0:
				s.Set(float64(arg)/60, ops[i] < 128)
			case 1:
				in := make([]float32, channels*arg)
				for j := range in {
					in[j] = noise.Float32()
				}
				if n, want := s.Want(), s.Write(in); want != min(n, arg) {
					t.Fatalf("wants %d, took %d of %d", n, want, arg)
				}
			case 2:
				before := s.End()
				if n := s.Silence(arg); n > arg || s.End() != before+int64(n) {
					t.Fatalf("%d of %d frames of silence, end %d after %d", n, arg, s.End(), before)
				}
			case 3:
				for range arg % 16 {
					before := s.Position()
					out, at, speed := s.Next()
					n := len(out) / channels
					if at < before || at >= before+1 || math.Abs(s.Position()-at-float64(n)*speed) > 1e-9 || s.Position() > float64(s.End())+1e-9 {
						t.Fatalf("%d frames from %v at speed %v, before %v, after %v, end %d", n, at, speed, before, s.Position(), s.End())
					}
					for _, v := range out {
						if !(v >= 0 && v <= 1.000001) {
							t.Fatalf("sample %v", v)
						}
					}
				}
			default:
				s.Reset()
				if s.End() != 0 || s.Position() != 0 {
					t.Fatalf("end %d, position %v after the reset", s.End(), s.Position())
				}
			}
		}
	})
}

// Budget: 5 % of a period, that is 500 µs a hop.
func BenchmarkStretcher_Next(b *testing.B) {
	noise := rand.New(rand.NewPCG(1, 2))
	in := make([]float32, 8*hop*2)
	for i := range in {
		in[i] = noise.Float32() - 0.5
	}
	for _, x := range []struct {
		name  string
		speed float64
		keep  bool
	}{{"x1.02", 1.02, true}, {"x2", 2, true}, {"x4", 4, true}, {"x2 turned", 2, false}} {
		b.Run(x.name, func(b *testing.B) {
			s := stretch.New(rateHz, 2)
			s.Set(x.speed, x.keep)
			b.SetBytes(hop * 2 * 4)
			b.ReportAllocs()
			for b.Loop() {
				s.Write(in[:2*min(s.Want(), 8*hop)])
				s.Next()
			}
		})
	}
}
