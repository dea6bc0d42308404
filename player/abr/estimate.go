package abr

import (
	"math"
	"time"
)

const (
	// fastHalfLife and slowHalfLife are after how many seconds of weight half of an average is forgotten.
	fastHalfLife, slowHalfLife = 2, 6
	// latencyHalfLife is the same for the time to the first byte, in samples.
	latencyHalfLife = 2
	// minSampleBytes is how much must have arrived before it says something about the network's speed; smaller bodies
	// are put together.
	minSampleBytes = 16 << 10
	// minWeight is the least weight of a sample, in seconds: a network that has become fast must not need as many samples
	// as it has become faster to be believed.
	minWeight = 1
	// maxWeight is the most, so that one body that took very long is forgotten, too.
	maxWeight = 8
	// maxRate bounds the speed that a sample can claim, in bits per second: bodies that were there already.
	maxRate = 10e9
)

// average is an exponentially weighted average without the bias of its beginning.
type average struct {
	halfLife, sum, weight float64
}

func (a *average) add(weight, value float64) {
	keep := math.Pow(0.5, weight/a.halfLife)
	a.sum = keep*a.sum + (1-keep)*value
	a.weight = keep*a.weight + 1 - keep
}

// value is the average, 0 without samples.
func (a *average) value() float64 {
	if a.weight == 0 {
		return 0
	}
	return a.sum / a.weight
}

// estimator knows the network's speed.
type estimator struct {
	fast, slow, latency average
	bytes               int64
	seconds             float64
}

func newEstimator() estimator {
	return estimator{fast: average{halfLife: fastHalfLife}, slow: average{halfLife: slowHalfLife}, latency: average{halfLife: latencyHalfLife}}
}

// add notes that a body of n bytes took d from its first byte, which took ttfb.
func (e *estimator) add(n int64, ttfb, d time.Duration) {
	if ttfb > 0 {
		e.latency.add(1, ttfb.Seconds())
	}
	if n <= 0 || d < 0 {
		return
	}
	e.bytes += n
	e.seconds += d.Seconds()
	if e.bytes < minSampleBytes {
		return
	}
	rate := maxRate
	if e.seconds > 0 {
		rate = min(maxRate, float64(e.bytes)*8/e.seconds)
	}
	weight := min(max(e.seconds, minWeight), maxWeight)
	e.fast.add(weight, rate)
	e.slow.add(weight, rate)
	e.bytes, e.seconds = 0, 0
}

// collapse starts anew with n bytes in d of a body that was given up: what the network was before says nothing any more.
func (e *estimator) collapse(n int64, d time.Duration) {
	latency := e.latency
	*e = newEstimator()
	e.latency = latency
	rate := min(maxRate, float64(max(1, n))*8/max(d.Seconds(), 1e-3))
	e.fast.add(minWeight, rate)
	e.slow.add(minWeight, rate)
}

// rate is what can be counted on in bits per second, 0 when nothing is known.
// What falls is believed sooner than what rises.
func (e *estimator) rate() float64 {
	fast, slow := e.fast.value(), e.slow.value()
	if fast > slow {
		return (fast + slow) / 2
	}
	return fast
}
