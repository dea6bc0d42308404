package pcm

import "math"

// ramp moves a factor to its target in equal steps, one per frame, so that no change clicks.
type ramp struct {
	now, target, step float32
	left              int
}

// to starts a move that takes the given number of frames; 0 jumps.
func (r *ramp) to(target float32, frames int) {
	if r.target == target && (r.left > 0 || r.now == target) {
		return
	}
	r.target, r.left = target, frames
	if frames <= 0 {
		r.now, r.left = target, 0
		return
	}
	r.step = (target - r.now) / float32(frames)
}

// next returns the factor of one frame and moves on.
func (r *ramp) next() float32 {
	if r.left == 0 {
		return r.now
	}
	r.left--
	r.now += r.step
	if r.left == 0 {
		r.now = r.target
	}
	return r.now
}

// level reports that the factor stays at v.
func (r *ramp) level(v float32) bool { return r.left == 0 && r.now == v }

// limit clips a sample to full scale. What is not a number becomes silence.
func limit(v float32) float32 {
	switch {
	case v > 1:
		return 1
	case v >= -1:
		return v
	case v < -1:
		return -1
	}
	return 0
}

// minKnee is where bending begins at the latest.
const minKnee = 0.5

// soft bends a sample that was amplified by g into full scale: what lies below the knee is left alone, what lies above
// comes ever closer to full scale. The knee is at full scale for no amplification, so that the change is small where
// the amplification is.
func soft(v, g float32) float32 {
	if !(g > 1) {
		return limit(v)
	}
	knee := max(2-g, minKnee)
	room, sign := 1-knee, float32(1)
	if v < 0 {
		v, sign = -v, -1
	}
	switch over := v - knee; {
	case over <= 0:
		return sign * v
	case math.IsInf(float64(over), 0):
		return sign
	case over > 0:
		return sign * (knee + room*over/(room+over))
	}
	return 0 // not a number
}
