package likeness

import "math"

// Score is how alike pairs of pictures are. The zero value is of none; scores add up.
type Score struct {
	// Pictures counts the pairs, Identical those without any difference.
	Pictures, Identical int64

	planes  int
	error   [maxPlanes]float64 // sum over the pairs of the mean squared difference, as a part of the square of full scale
	similar [maxPlanes]float64 // sum over the pairs of the structural similarity
	// What all planes together have of either, each weighted by its samples.
	errors, similars float64
}

// maxPlanes is luma and two of chroma.
const maxPlanes = 3

// Ratios are peak signal-to-noise ratios in dB: of each plane, and of all samples together. They are infinite where nothing
// differs, and not a number where there is no such plane.
type Ratios struct{ Y, U, V, Average float64 }

// Similarity is structural similarity, 1 for the same: of each plane, and of all, weighted by their samples. It is not a
// number where there is no such plane.
type Similarity struct{ Y, U, V, All float64 }

// Add puts the pairs of o to those of s.
func (s *Score) Add(o Score) {
	s.Pictures, s.Identical = s.Pictures+o.Pictures, s.Identical+o.Identical
	s.planes = max(s.planes, o.planes)
	s.errors, s.similars = s.errors+o.errors, s.similars+o.similars
	for i := range s.error {
		s.error[i], s.similar[i] = s.error[i]+o.error[i], s.similar[i]+o.similar[i]
	}
}

// PSNR returns the ratios of the mean of the squared differences over all pairs.
func (s *Score) PSNR() Ratios {
	of := func(i int) float64 {
		if i >= s.planes {
			return math.NaN()
		}
		return s.ratio(s.error[i])
	}
	return Ratios{of(0), of(1), of(2), s.ratio(s.errors)}
}

func (s *Score) ratio(sum float64) float64 {
	if s.Pictures == 0 {
		return math.NaN()
	}
	return -10 * math.Log10(sum/float64(s.Pictures))
}

// SSIM returns the mean over all pairs.
func (s *Score) SSIM() Similarity {
	n := float64(s.Pictures)
	of := func(i int) float64 {
		if i >= s.planes || n == 0 {
			return math.NaN()
		}
		return s.similar[i] / n
	}
	all := math.NaN()
	if n > 0 {
		all = s.similars / n
	}
	return Similarity{of(0), of(1), of(2), all}
}
