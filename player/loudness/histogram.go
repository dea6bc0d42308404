package loudness

import "math"

// bins is the size of a histogram, from the absolute gate to the ceiling.
const bins = (ceiling - floor) * binsPerUnit

// histogram holds blocks above the absolute gate by their loudness.
type histogram struct {
	count   []int64
	power   []float64 // the sum of the blocks of a bin
	highest float64
}

// total is a number of blocks and the sum of their powers.
type total struct {
	count int64
	power float64
}

func (t total) mean() float64 {
	if t.count == 0 {
		return 0
	}
	return t.power / float64(t.count)
}

func newHistogram() histogram {
	return histogram{count: make([]int64, bins), power: make([]float64, bins)}
}

// add puts in a block of a weighted mean square.
func (h *histogram) add(power float64) {
	h.highest = max(h.highest, power)
	l := level(power)
	if !(l > floor) {
		return
	}
	i := min(bins-1, int((l-floor)*binsPerUnit))
	h.count[i]++
	h.power[i] += power
}

// above sums up the blocks of at least a loudness.
func (h *histogram) above(loudness float64) total {
	var t total
	for i := h.bin(loudness); i < bins; i++ {
		t.count += h.count[i]
		t.power += h.power[i]
	}
	return t
}

// bin is the first one that lies above a loudness.
func (h *histogram) bin(loudness float64) int {
	return int(min(bins, max(0, math.Ceil((loudness-floor)*binsPerUnit))))
}

// gate is the loudness that a block must have to count: so far relative to the mean of all. It is infinite when there is no block.
func (h *histogram) gate(relative float64) float64 {
	all := h.above(floor)
	if all.count == 0 {
		return math.Inf(1)
	}
	return level(all.mean()) + relative
}

// percentile is the loudness below which a part of the blocks lie that have at least a loudness.
func (h *histogram) percentile(from, part float64) float64 {
	want := int64(math.Round(float64(h.above(from).count-1) * part))
	for i := h.bin(from); i < bins; i++ {
		if want -= h.count[i]; want < 0 {
			return floor + (float64(i)+0.5)/binsPerUnit
		}
	}
	return floor
}
