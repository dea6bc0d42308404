package session

import (
	"math"

	"mseplayer/mse/media"
)

const (
	// bitsMiddle is the logarithm to the base of 2 of the bits per sample at which coding reaches half of its quality, bitsSlope
	// how fast it grows there.
	bitsMiddle, bitsSlope = -5.0, 1.1
	// fullHeight is that of a picture that fills the screen, heightPower how much smaller ones lose, and fullRate and ratePower
	// the same for pictures a second.
	fullHeight, heightPower = 1080.0, 0.45
	fullRate, ratePower     = 24.0, 0.3
	// recency is the part of the weight that the first second of a session has, of that of the last one.
	recency = 0.6
	// stallEach and stallPart are how much each stall, and the part of the time that they take, diminish what is above the worst;
	// startupWeight is what a second before the start counts of one in a stall.
	stallEach, stallPart, startupWeight = 0.12, 4.0, 0.2
	// switchEach is what one switch a minute takes away, switchMost what all can.
	switchEach, switchMost = 0.02, 0.3
	// worst and best end the scale.
	worst, best = 1.0, 5.0
)

// quality collects what each segment looks like.
type quality struct {
	at, sum, weights []float64 // a segment's middle, its quality, its length
	time             media.Span
}

// look is how a rung looks at a bitrate.
func look(g Rung, bitrate float64) float64 {
	rate := g.FrameRate
	if rate <= 0 {
		rate = 25
	}
	if g.Width <= 0 || g.Height <= 0 || bitrate <= 0 {
		return worst
	}
	bitrate *= max(1, g.Efficiency)
	perSample := bitrate / (float64(g.Width) * float64(g.Height) * rate)
	coding := 1 / (1 + math.Exp(-bitsSlope*(math.Log2(perSample)-bitsMiddle)))
	size := math.Min(1, math.Pow(float64(min(g.Width, g.Height))/fullHeight, heightPower))
	motion := math.Min(1, math.Pow(rate/fullRate, ratePower))
	return worst + (best-worst)*coding*size*motion
}

func (q *quality) add(g Rung, length media.Span, bitrate float64) {
	q.at = append(q.at, float64(q.time+length/2))
	q.sum = append(q.sum, look(g, bitrate))
	q.weights = append(q.weights, float64(length))
	q.time += length
}

// score puts the segments together, later ones with more weight, and takes stalls and switches away.
func (q *quality) score(r *Result, length media.Span) (quality, score float64) {
	sum, weights := 0.0, 0.0
	for i := range q.sum {
		w := q.weights[i] * (recency + (1-recency)*q.at[i]/float64(q.time))
		sum += w * q.sum[i]
		weights += w
	}
	quality = sum / weights
	stalled := float64(r.Stalled+startupWeight*r.Startup) / float64(length)
	left := math.Exp(-stallEach*float64(r.StallCount)-stallPart*stalled) * (1 - math.Min(switchMost, switchEach*float64(r.SwitchCount)/math.Max(1, float64(length)/60)))
	round := func(x float64) float64 { return math.Round(x*100) / 100 }
	return round(quality), round(worst + (quality-worst)*left)
}
