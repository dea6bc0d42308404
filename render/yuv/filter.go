package yuv

import (
	"fmt"
	"math"
)

// Filter is how luma is interpolated where a picture is not shown sample for pixel.
type Filter uint8

// The filters, from the cheapest to the sharpest.
const (
	Bilinear Filter = iota
	// Bicubic is the Catmull-Rom spline over 4 × 4 samples.
	Bicubic
	// Lanczos is the sinc function under its own first three lobes, over 6 × 6 samples.
	Lanczos
)

const (
	maxTaps      = 6
	lanczosLobes = 3
)

var filterNames = [...]string{"bilinear", "bicubic", "lanczos"}

// ParseFilter returns the filter of that name: bilinear, bicubic or lanczos.
func ParseFilter(name string) (Filter, error) {
	for i, n := range filterNames {
		if n == name {
			return Filter(i), nil
		}
	}
	return 0, fmt.Errorf("%s: takes bilinear, bicubic or lanczos", name)
}

// String gives the name that ParseFilter takes.
func (f Filter) String() string { return filterNames[f] }

// Taps is how many samples in a row the filter takes.
func (f Filter) Taps() int { return 2 * (int(f) + 1) }

// weight is the filter's kernel at a distance of d samples.
func (f Filter) weight(d float64) float64 {
	d = math.Abs(d)
	switch f {
	case Bicubic:
		switch {
		case d < 1:
			return (1.5*d-2.5)*d*d + 1
		case d < 2:
			return ((-0.5*d+2.5)*d-4)*d + 2
		}
		return 0
	case Lanczos:
		switch {
		case d == 0:
			return 1
		case d < lanczosLobes:
			x := math.Pi * d
			return lanczosLobes * math.Sin(x) * math.Sin(x/lanczosLobes) / (x * x)
		}
		return 0
	default:
		return max(0, 1-d)
	}
}

// tap is one interpolation along an axis: n samples with their weights, whose sum is 1.
type tap struct {
	n  int
	at [maxTaps]int
	w  [maxTaps]float32
}

// taps returns, for each of n pixels spread over the samples [first, first+size), the interpolation in a plane whose
// sample numbers are scale · luma sample number + bias and must stay within [lo, hi].
func taps(f Filter, n, first, size int, backwards bool, scale, bias float32, lo, hi int) []tap {
	out := make([]tap, n)
	step := float64(size) / float64(n)
	for i := range out {
		at := (float64(i) + 0.5) * step
		if backwards {
			at = float64(size) - at
		}
		// Luma is clamped first: a chroma position is that of a luma position inside the crop.
		at = min(max(float64(first)+at-0.5, float64(first)), float64(first+size-1))
		at = min(max(at*float64(scale)+float64(bias), float64(lo)), float64(hi))
		out[i] = f.tapAt(at, lo, hi)
	}
	return out
}

// tapAt is the interpolation at a position; samples outside [lo, hi] count as the outermost ones.
func (f Filter) tapAt(at float64, lo, hi int) tap {
	t := tap{n: f.Taps()}
	base := int(math.Floor(at)) - t.n/2 + 1
	var w [maxTaps]float64
	var sum float64
	for i := range t.n {
		t.at[i] = min(max(base+i, lo), hi)
		w[i] = f.weight(at - float64(base+i))
		sum += w[i]
	}
	for i := range t.n {
		t.w[i] = float32(w[i] / sum)
	}
	return t
}
