package abr_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/abr"
)

// selector is a rule under test.
type selector interface {
	Sample(n int64, ttfb, d time.Duration, at time.Time)
	Choose(abr.State) (int, string)
	Abandon(abr.Progress) (int, string, bool)
}

// piece is a stretch of a trace with one throughput.
type piece struct{ seconds, mbps float64 }

// trace is a network: throughput over time, repeated, and a round trip.
type trace struct {
	name   string
	rtt    float64
	pieces []piece
}

// at returns the throughput in bits per second at t, and until when it lasts.
func (tr trace) at(t float64) (bps, until float64) {
	total := 0.0
	for _, p := range tr.pieces {
		total += p.seconds
	}
	base := math.Floor(t/total) * total
	for _, p := range tr.pieces {
		if base += p.seconds; t < base {
			return p.mbps * 1e6, base
		}
	}
	return tr.pieces[0].mbps * 1e6, base + tr.pieces[0].seconds
}

// session is what a player does with a rule.
type session struct {
	ladder  []abr.Rung
	segment float64
	goal    float64
	length  float64 // of the content
	seed    uint64  // varies the sizes of segments
	dropsAt int     // rungs from here on lose pictures; 0 for none
}

// outcome is what the viewer got.
type outcome struct {
	mean     float64 // Mbit/s of what was played
	stalled  float64 // seconds
	stalls   int
	switches int
	startup  float64
	qoe      float64 // by segment, after Yin et al., SIGCOMM 2015
	levels   []int
	at       []float64 // when each segment was asked for
}

// play runs a session in simulated time.
func play(tr trace, s session, rule selector) outcome {
	const poll = 0.1
	var o outcome
	epoch := time.Unix(1e9, 0)
	wall := func(t float64) time.Time { return epoch.Add(time.Duration(t * float64(time.Second))) }
	rng := rand.New(rand.NewPCG(s.seed, 1))
	now, buffer := 0.0, 0.0
	playing := false
	current := -1
	var total, dropped uint64
	pass := func(d float64) { // time goes by, and media is played
		now += d
		if !playing {
			return
		}
		played := min(buffer, d)
		if played < d-1e-9 {
			if buffer > 0 || d > 1e-9 {
				o.stalled += d - played
			}
			if buffer > 0 {
				o.stalls++
			}
		}
		if played > 0 {
			total += uint64(played * 25)
			if s.dropsAt > 0 && current >= s.dropsAt {
				dropped += uint64(played * 25 / 2)
			}
		}
		buffer -= played
	}
	for n := 0; float64(n)*s.segment < s.length; n++ {
		for buffer+s.segment > s.goal+1e-9 {
			pass(poll)
		}
		vary := 0.8 + 0.4*rng.Float64()
		state := func() abr.State {
			return abr.State{Now: wall(now), Buffer: media.Span(buffer), Goal: media.Span(s.goal), Segment: media.Span(s.segment), Rungs: s.ladder, Current: current,
				Speed: 1, Total: total, Dropped: dropped, Playing: playing}
		}
		level, _ := rule.Choose(state())
	fetch:
		o.at = append(o.at, now)
		size := float64(s.ladder[level].Bandwidth) * s.segment * vary
		current = level
		started := now
		for left := tr.rtt; left > 1e-9; {
			step := min(left, poll)
			pass(step)
			left -= step
		}
		began, got := now, 0.0
		for got < size-1e-6 {
			bps, until := tr.at(now)
			step := min(poll, max(until-now, 1e-6), (size-got)/bps)
			pass(step)
			got += bps * step
			if i, _, give := rule.Abandon(abr.Progress{State: state(), Elapsed: time.Duration((now - started) * float64(time.Second)), Got: int64(got / 8), Size: int64(size / 8)}); give && i < level {
				level = i
				goto fetch
			}
		}
		rule.Sample(int64(size/8), time.Duration(tr.rtt*float64(time.Second)), time.Duration((now-began)*float64(time.Second)), wall(now))
		buffer += s.segment
		if !playing && (buffer >= 2*s.segment || buffer >= 4) {
			playing, o.startup = true, now
		}
		o.levels = append(o.levels, level)
	}
	q := func(i int) float64 { return float64(s.ladder[i].Bandwidth) / 1e6 }
	penalty := q(len(s.ladder) - 1)
	for n, l := range o.levels {
		o.mean += q(l)
		o.qoe += q(l)
		if n > 0 && l != o.levels[n-1] {
			o.switches++
			o.qoe -= math.Abs(q(l) - q(o.levels[n-1]))
		}
	}
	o.qoe = (o.qoe - penalty*(o.stalled+o.startup)/s.segment*s.segment) / float64(len(o.levels))
	o.mean /= float64(len(o.levels))
	return o
}

// fixed is the plain throughput rule: the highest rung below nine tenths of the harmonic mean of the last five bodies.
type fixed struct{ rates []float64 }

func (f *fixed) Sample(n int64, _, d time.Duration, _ time.Time) {
	f.rates = append(f.rates, float64(n)*8/d.Seconds())
	if len(f.rates) > 5 {
		f.rates = f.rates[1:]
	}
}

func (f *fixed) Choose(s abr.State) (int, string) {
	rate := 1e6
	if len(f.rates) > 0 {
		sum := 0.0
		for _, r := range f.rates {
			sum += 1 / r
		}
		rate = float64(len(f.rates)) / sum
	}
	i := len(s.Rungs) - 1
	for i > 0 && float64(s.Rungs[i].Bandwidth) > 0.9*rate {
		i--
	}
	return i, ""
}

func (f *fixed) Abandon(abr.Progress) (int, string, bool) { return 0, "", false }

// buffered is BOLA-BASIC and nothing else.
type buffered struct{}

func (buffered) Sample(int64, time.Duration, time.Duration, time.Time) {}

func (buffered) Choose(s abr.State) (int, string) {
	u := func(i int) float64 { return math.Log(float64(s.Rungs[i].Bandwidth)/float64(s.Rungs[0].Bandwidth)) + 1 }
	const minimum = 10
	goal := max(float64(s.Goal), minimum+2*float64(len(s.Rungs)))
	gp := (u(len(s.Rungs)-1) - 1) / (goal/minimum - 1)
	vp := minimum / gp
	// The formula is made for a buffer that reaches its goal.
	level := float64(s.Buffer) * goal / float64(s.Goal)
	best, score := 0, math.Inf(-1)
	for i := range s.Rungs {
		if x := (vp*(u(i)-1+gp) - level) / float64(s.Rungs[i].Bandwidth); x > score {
			best, score = i, x
		}
	}
	return best, ""
}

func (buffered) Abandon(abr.Progress) (int, string, bool) { return 0, "", false }

// walk is a random trace: throughputs around the middle, from a process with a memory.
func walk(seed uint64, seconds, middle, spread, memory, least float64) []piece {
	rng := rand.New(rand.NewPCG(seed, 7))
	var out []piece
	x := 0.0
	for t := 0.0; t < 700; t += seconds {
		x = memory*x + math.Sqrt(1-memory*memory)*rng.NormFloat64()
		out = append(out, piece{seconds, max(least, middle*math.Exp(spread*x))})
	}
	return out
}

// traces are networks as public collections have them, generated.
func traces(seed uint64) []trace {
	var sawtooth, spiky, tunnel []piece
	for i := range 120 {
		sawtooth = append(sawtooth, piece{2, 0.5 + 0.25*float64(i%20)})
		spiky = append(spiky, piece{3, []float64{2, 2, 12, 2, 2, 0.8}[i%6]})
	}
	for range 6 {
		tunnel = append(tunnel, piece{70, 6}, piece{9, 0.15}, piece{30, 4}, piece{5, 0.1})
	}
	return []trace{
		{"3G commuter", 0.12, walk(seed+1, 1, 1.1, 0.7, 0.9, 0.05)},
		{"3G tram", 0.1, walk(seed+2, 1, 0.8, 0.5, 0.95, 0.05)},
		{"LTE drive", 0.05, walk(seed+3, 1, 8, 0.8, 0.9, 0.2)},
		{"LTE walk", 0.05, walk(seed+4, 1, 5, 0.4, 0.97, 0.3)},
		{"DSL", 0.03, walk(seed+5, 5, 4, 0.05, 0.9, 1)},
		{"broadband", 0.02, walk(seed+6, 5, 20, 0.2, 0.9, 5)},
		{"WiFi with fades", 0.02, walk(seed+7, 0.5, 6, 0.9, 0.8, 0.1)},
		{"congested evening", 0.06, walk(seed+8, 10, 2.2, 0.5, 0.8, 0.3)},
		{"steps", 0.03, []piece{{30, 5}, {30, 1}, {30, 3}, {30, 0.7}, {60, 8}}},
		{"sawtooth", 0.03, sawtooth},
		{"spikes", 0.03, spiky},
		{"train with tunnels", 0.08, tunnel},
		{"satellite", 0.6, walk(seed+9, 5, 5, 0.3, 0.9, 0.8)},
		{"train at speed", 0.07, walk(seed+10, 1, 2.5, 1.1, 0.85, 0.05)},
	}
}

var film = []abr.Rung{{ID: "240", Bandwidth: 3e5}, {ID: "360", Bandwidth: 75e4}, {ID: "480", Bandwidth: 12e5}, {ID: "720", Bandwidth: 285e4}, {ID: "1080", Bandwidth: 43e5}}

// TestQoE plays the same content over every network with three rules. Ours must be the best of them on average.
func TestQoE(t *testing.T) {
	const seeds = 4
	for _, goal := range []float64{12, 30} {
		var sum [3]float64
		more, n := 0, 0
		for seed := range uint64(seeds) {
			for _, tr := range traces(100 * seed) {
				var o [3]outcome
				for i, rule := range []selector{abr.New(abr.Config{}), &fixed{}, buffered{}} {
					o[i] = play(tr, session{ladder: film, segment: 4, goal: goal, length: 600, seed: seed}, rule)
					sum[i] += o[i].qoe
				}
				if n++; o[0].stalls > o[1].stalls {
					more++
				}
				if seed > 0 {
					continue
				}
				line := fmt.Sprintf("%-20s goal %2.0f", tr.name, goal)
				for i, name := range []string{"ours", "throughput", "bola"} {
					line += fmt.Sprintf(" | %s %5.2f (%4.2f Mbit/s, %4.1f s in %d stalls, %d switches)", name, o[i].qoe, o[i].mean, o[i].stalled, o[i].stalls, o[i].switches)
				}
				t.Log(line)
			}
		}
		x := 1 / float64(n)
		t.Logf("goal %.0f, %d sessions: mean quality of experience: ours %.3f, throughput %.3f, bola %.3f", goal, n, sum[0]*x, sum[1]*x, sum[2]*x)
		if sum[0] < sum[1] || sum[0] < sum[2] {
			t.Errorf("goal %.0f: ours is not the best", goal)
		}
		if more > n/5 {
			t.Errorf("goal %.0f: stalls more often than the throughput rule in %d of %d sessions", goal, more, n)
		}
	}
}

// TestSteady plays over steady networks between two rungs: playback must not swing between them, however fast the network
// is. What happens in the first half minute, while the network gets known and the buffer fills, does not count.
func TestSteady(t *testing.T) {
	const start, length, most = 30, 150, 3
	pair := []abr.Rung{{ID: "low", Bandwidth: 8e5}, {ID: "high", Bandwidth: 25e5}}
	for _, ladder := range [][]abr.Rung{pair, film} {
		for _, segment := range []float64{2, 6} {
			for _, goal := range []float64{12, 20, 30} {
				for _, noise := range []float64{0, 0.08} {
					sum, worst, n := 0, 0, 0
					for i := range len(ladder) - 1 {
						low, high := float64(ladder[i].Bandwidth)/1e6, float64(ladder[i+1].Bandwidth)/1e6
						for level := range 20 {
							rate := low + (high-low)*(float64(level)+0.5)/20
							tr := trace{"", 0.03, walk(uint64(level), 1, rate, noise, 0.5, rate/2)}
							o := play(tr, session{ladder: ladder, segment: segment, goal: goal, length: length, seed: uint64(level)}, abr.New(abr.Config{}))
							switches := 0
							for j := 1; j < len(o.levels); j++ {
								if o.levels[j] != o.levels[j-1] && o.at[j] >= start {
									switches++
								}
							}
							if switches > most {
								t.Errorf("%d rungs, segments of %.0f s, goal %.0f, noise %.2f, %.3f Mbit/s: %d switches: %v", len(ladder), segment, goal, noise, rate, switches, o.levels)
							}
							sum, worst, n = sum+switches, max(worst, switches), n+1
						}
					}
					t.Logf("%d rungs, segments of %.0f s, goal %.0f, noise %.2f: %.2f switches in 2 minutes on average, %d at most", len(ladder), segment, goal, noise, float64(sum)/float64(n), worst)
				}
			}
		}
	}
}

// TestStep follows a step down within two segments and one up within four, and does not stall.
func TestStep(t *testing.T) {
	ladder := []abr.Rung{{ID: "low", Bandwidth: 3e5}, {ID: "mid", Bandwidth: 7e5}, {ID: "high", Bandwidth: 18e5}}
	for down := 20.0; down < 26; down += 0.7 {
		tr := trace{"", 0.005, []piece{{down, 8}, {30, 0.6}, {1000, 8}}}
		o := play(tr, session{ladder: ladder, segment: 2, goal: 12, length: 120, seed: 3}, abr.New(abr.Config{}))
		if o.stalls > 0 {
			t.Errorf("down at %.1f: %d stalls, %.1f s", down, o.stalls, o.stalled)
		}
		// The levels of what was asked for from each step on.
		after := func(step float64) []int {
			i, _ := slices.BinarySearch(o.at, step)
			if i >= len(o.levels) {
				t.Fatalf("nothing was asked for after %.1f", step)
			}
			return o.levels[min(i, len(o.levels)-1):]
		}
		if l := after(down); l[0] != 0 && l[1] != 0 {
			t.Errorf("down at %.1f: levels %v, want 0 within two segments", down, l[:4])
		}
		if l := after(down + 30); !slices.Contains(l[:4], 2) {
			t.Errorf("up at %.1f: levels %v, want 2 within four segments", down+30, l[:6])
		}
		if t.Failed() {
			t.Logf("%v\n%v", o.levels, o.at)
			return
		}
	}
}
