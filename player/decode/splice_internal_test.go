package decode

import (
	"math"
	"slices"
	"testing"

	"mseplayer/player/frame"
)

const testRate = 48000

// tone is n frames of a sine in stereo, from frame first on.
func tone(first, n int, hz, amplitude float64) *frame.Audio {
	a := &frame.Audio{Format: frame.AudioFormat{Rate: testRate, Channels: 2}, Samples: make([]float32, 2*n)}
	for i := range n {
		v := float32(amplitude * math.Cos(2*math.Pi*hz*float64(first+i)/testRate))
		a.Samples[2*i], a.Samples[2*i+1] = v, -v
	}
	return a
}

// TestSplice joins two blocks at a joint, each cut so short that the decay takes several.
func TestSplice(t *testing.T) {
	slope := func(hz, amplitude float64) float64 { return 2 * math.Pi * hz / testRate * amplitude }
	for _, c := range []struct {
		name   string
		before *frame.Audio
		after  *frame.Audio
		most   float64 // step from a sample to the next; 0: nothing is to be changed
	}{
		{"the same sound goes on", tone(0, 960, 440, 0.5), tone(960, 960, 440, 0.5), 0},
		{"another pitch", tone(0, 960, 440, 0.5), tone(997, 960, 880, 0.5), slope(880, 0.5) + 1./240},
		{"sound to silence", tone(0, 963, 440, 0.5), tone(0, 960, 440, 0), slope(440, 0.5)},
		{"silence to sound", tone(0, 960, 440, 0), tone(0, 960, 440, 0.5), slope(440, 0.5) + 0.5/240*1.01},
		{"opposite phases", tone(0, 961, 1000, 0.9), tone(961+24, 960, 1000, 0.9), slope(1000, 0.9) + 1.8/240},
	} {
		var s splice
		untouched := slices.Clone(c.after.Samples)
		s.pass(c.before, false)
		for i := 0; i < len(c.after.Samples); i += 2 * 64 {
			part := *c.after
			part.Samples = c.after.Samples[i:min(i+2*64, len(c.after.Samples))]
			s.pass(&part, i == 0)
		}
		if c.most == 0 {
			if !slices.Equal(c.after.Samples, untouched) {
				t.Errorf("%s: it was changed", c.name)
			}
			continue
		}
		all := slices.Concat(c.before.Samples, c.after.Samples)
		for ch := range 2 {
			if got := float64(steepest(all, 2, ch, 0, len(all)/2)); got > c.most*1.001 {
				t.Errorf("%s: channel %d leaps by %v, its own slope and the decay allow %v", c.name, ch, got, c.most)
			}
		}
		if tail := 2 * 241; !slices.Equal(c.after.Samples[tail:], untouched[tail:]) {
			t.Errorf("%s: 5 ms later it is still changed", c.name)
		}
	}
	var s splice
	s.pass(tone(0, 100, 440, 0.5), false)
	s.reset()
	a := tone(0, 100, 440, 0.5)
	want := slices.Clone(a.Samples)
	if s.pass(a, true); !slices.Equal(a.Samples, want) {
		t.Error("what came before a seek changes what comes after it")
	}
	mono := &frame.Audio{Format: frame.AudioFormat{Rate: testRate, Channels: 1}, Samples: []float32{1, 1}}
	if s.pass(mono, true); mono.Samples[0] != 1 {
		t.Error("blocks of different channels were joined")
	}
	buf := tone(0, 960, 440, 0.5)
	if n := testing.AllocsPerRun(100, func() { s.pass(buf, true) }); n > 0.1 {
		t.Errorf("a block allocates %v times", n)
	}
}
