package decode

import (
	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

const (
	// decay is for how long the step between two sounds is spread, as the splice of MSE does.
	decay media.Span = 0.005
	// slopeFrames is how many frames on either side of a joint tell how fast the sound moves by itself; a joint is left
	// alone unless its step is maxSlopes times that, and at least minStep.
	slopeFrames = 64
	maxSlopes   = 2
	minStep     = 1.0 / 1024
)

// splice takes the click out of the joints between sounds that do not belong together: what comes next begins where
// the one before it ended, and the difference decays. Sound that goes on as it should is not touched. The zero value is
// ready.
type splice struct {
	last   []float32 // the last frame, empty before the first
	slope  []float32 // how far the channels moved from one frame to the next before it, at most
	offset []float32 // what is being added
	left   int       // frames for which that goes on
	of     int       // and for how many it went on at the beginning
}

// reset forgets what came before.
func (s *splice) reset() { s.last, s.left = s.last[:0], 0 }

// pass notes a block and, with joint set, joins it to the one before it, in place.
func (s *splice) pass(a *frame.Audio, joint bool) {
	ch, n := a.Format.Channels, a.Frames()
	if n == 0 || ch == 0 {
		return
	}
	if len(s.last) != ch {
		s.reset()
		s.slope, s.offset = make([]float32, ch), make([]float32, ch)
	} else if joint {
		s.join(a, ch, n)
	}
	for i := 0; s.left > 0 && i < n; i++ {
		f := float32(s.left) / float32(s.of)
		for c := range ch {
			a.Samples[i*ch+c] += s.offset[c] * f
		}
		s.left--
	}
	for c := range ch {
		s.slope[c] = steepest(a.Samples, ch, c, max(0, n-slopeFrames), n)
	}
	s.last = append(s.last[:0], a.Samples[(n-1)*ch:]...)
}

// join begins to spread the step before a, if it is one.
func (s *splice) join(a *frame.Audio, ch, n int) {
	step := false
	for c := range ch {
		by := s.last[c] - a.Samples[c]
		step = step || abs(by) > max(minStep, maxSlopes*max(s.slope[c], steepest(a.Samples, ch, c, 0, min(n, slopeFrames))))
		s.offset[c] = by
	}
	if step {
		s.of = max(1, samples(decay, float64(a.Format.Rate)))
		s.left = s.of
	}
}

// steepest is how far channel c moves from one frame to the next in [from, to), at most.
func steepest(samples []float32, ch, c, from, to int) (most float32) {
	for i := from + 1; i < to; i++ {
		most = max(most, abs(samples[i*ch+c]-samples[(i-1)*ch+c]))
	}
	return most
}

func abs(v float32) float32 {
	if v < 0 {
		return -v
	}
	return v
}
