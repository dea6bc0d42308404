package loudness

import "math"

// biquad is a filter of second order in the transposed direct form II, of which the state is one per channel.
type biquad struct{ b0, b1, b2, a1, a2 float64 }

// memory is the state of one channel in a biquad.
type memory struct{ z1, z2 float64 }

func (f *biquad) step(m *memory, x float64) float64 {
	y := f.b0*x + m.z1
	m.z1 = f.b1*x - f.a1*y + m.z2
	m.z2 = f.b2*x - f.a2*y
	return y
}

// The analogue prototypes behind the coefficients that the recommendation gives for 48 kHz, so that every rate gets the same
// curve. ITU-R BS.1770-4 annex 1, tables 1 and 2.
const (
	shelfHz, shelfQ, shelfGain = 1681.974450955533, 0.7071752369554196, 3.999843853973347
	shelfBend                  = 0.4996667741545416
	lowHz, lowQ                = 38.13547087602444, 0.5003270373238773
)

// weighting returns the two stages of the K weighting for a rate: what the head does, and a high pass.
func weighting(rate int) (shelf, low biquad) {
	k := math.Tan(math.Pi * shelfHz / float64(rate))
	vh := math.Pow(10, shelfGain/20)
	vb := math.Pow(vh, shelfBend)
	a0 := 1 + k/shelfQ + k*k
	shelf = biquad{(vh + vb*k/shelfQ + k*k) / a0, 2 * (k*k - vh) / a0, (vh - vb*k/shelfQ + k*k) / a0, 2 * (k*k - 1) / a0, (1 - k/shelfQ + k*k) / a0}
	k = math.Tan(math.Pi * lowHz / float64(rate))
	a0 = 1 + k/lowQ + k*k
	low = biquad{1, -2, 1, 2 * (k*k - 1) / a0, (1 - k/lowQ + k*k) / a0}
	return shelf, low
}

const (
	// oversampledHz is the rate from which on the samples themselves are close enough to the peaks between them.
	// ITU-R BS.1770-4 annex 2.
	oversampledHz = 192000
	// taps is the length of the filter that finds a sample in between; it is even.
	taps = 24
)

// phases returns the interpolating filters for a rate: each gives the sample at another place between two.
func phases(rate int) [][taps]float64 {
	factor := 1
	for factor < 4 && rate*factor < oversampledHz {
		factor *= 2
	}
	out := make([][taps]float64, 0, factor-1)
	for p := 1; p < factor; p++ {
		var h [taps]float64
		sum, at := 0.0, float64(p)/float64(factor)
		for i := range h {
			x := float64(i-taps/2+1) - at
			h[i] = math.Sin(math.Pi*x) / (math.Pi * x) * math.Pow(math.Cos(math.Pi*x/(taps+1)), 2)
			sum += h[i]
		}
		for i := range h {
			h[i] /= sum
		}
		out = append(out, h)
	}
	return out
}
