package likeness

import (
	"math"
	"slices"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

const (
	// side is how many fields a print has in either direction.
	side   = 8
	fields = side * side
	// everyRow is which part of the rows a print looks at.
	everyRow = 2
	// maxSamples bounds the pictures of a track that are compared for each offset.
	maxSamples = 192
	// maxOffset is how far offsets are looked for around those that are likely.
	maxOffset media.Span = 10
	// anchors is how many of them tell which offsets come into question; times of those may be rounded to within jitter.
	anchors            = 4
	jitter  media.Span = 0.002
	// leastPart is which part of the samples must have a picture at their time for an offset to count.
	leastPart = 0.5
	// mostPart is which part of the pairs that any offset gives another one must give.
	mostPart = 0.8
	// clearly is by what factor, and slightly by how much of the levels of 8 bits, another offset must fit better than one
	// that is likely.
	clearly, slightly = 0.97, 0.01
	// MaxPrints is how many pictures of a track it is worth to keep prints of.
	MaxPrints = 1 << 14
)

// Print is what a picture looks like from afar: the mean luma of 8 × 8 fields in 256ths of a level of 8 bits, and when it is
// shown for how long.
type Print struct {
	At     media.Time
	Length media.Span
	fields [fields]uint16
}

// PrintOf returns the print of a picture at a time; ok is false where there is no luma to look at.
func PrintOf(v *frame.Video, at media.Time) (p Print, ok bool) {
	luma, ok := viewOfLuma(v)
	if !ok {
		return p, false
	}
	deep := v.Format.BytesPerSample() == 2
	black, span := 16.0, 219.0
	if v.Color.FullRange || v.Format.Layout == frame.GBR {
		black, span = 0, 255
	}
	unit := math.Pow(2, float64(v.Format.Depth)-8)
	p.At, p.Length = at, v.Duration
	for j := range side {
		top, bottom := j*luma.h/side, (j+1)*luma.h/side
		for i := range side {
			left, right := i*luma.w/side, (i+1)*luma.w/side
			sum, n := 0, 0
			for y := top; y < bottom; y += everyRow {
				row := luma.data[y*luma.stride:]
				if deep {
					for x := left; x < right; x++ {
						sum += int(row[2*x]) | int(row[2*x+1])<<8
					}
				} else {
					for _, s := range row[left:right] {
						sum += int(s)
					}
				}
				n += right - left
			}
			mean := (float64(sum)/float64(max(n, 1))/unit - black) / span * 255
			p.fields[j*side+i] = uint16(min(max(mean, 0), 255) * 256)
		}
	}
	return p, true
}

// viewOfLuma returns the first plane of v where it is large enough for fields.
func viewOfLuma(v *frame.Video) (view, bool) {
	if v.Format.PlaneCount() == 0 || v.Crop.W < side || v.Crop.H < side {
		return view{}, false
	}
	return viewOf(v, 0)
}

// Alignment is how the times of two tracks go together.
type Alignment struct {
	// Offset is how much later the first track shows what the second one shows.
	Offset media.Span
	// Difference is the mean difference of prints at that offset in levels of 8 bits, and Alike how well they go together,
	// 1 for the same up to brightness and contrast, around 0 for something else; not a number where nothing is to be seen.
	Difference, Alike float64

	pairs int // that it is taken from
}

// Align finds by how much the times of a differ from those of b, both in the order of their times. Offset 0, and that by which
// they begin together, are taken unless another one fits clearly better. ok is false when hardly any picture has one at its time.
func Align(a, b []Print) (best Alignment, ok bool) {
	if len(a) == 0 || len(b) == 0 {
		return best, false
	}
	step := (len(a) + maxSamples - 1) / maxSamples
	var sample []Print
	for i := 0; i < len(a); i += step {
		sample = append(sample, a[i])
	}
	start := a[0].At.Sub(b[0].At)
	var likely []Alignment
	for _, offset := range []media.Span{0, start} {
		if x, fits := fit(sample, b, offset); fits {
			likely = append(likely, x)
		}
	}
	var all []Alignment
	most := 0
	for _, offset := range offsets(sample, b, start) {
		if x, fits := fit(sample, b, offset); fits {
			all = append(all, x)
			most = max(most, x.pairs)
		}
	}
	for _, x := range all {
		if float64(x.pairs) >= mostPart*float64(most) && (!ok || x.Difference < best.Difference) {
			best, ok = x, true
		}
	}
	for _, x := range likely {
		if !ok || float64(x.pairs) >= mostPart*float64(most) && !(best.Difference < x.Difference*clearly-slightly) {
			best, ok = x, true
			break
		}
	}
	if ok {
		best.Offset = refine(sample, b, best.Offset)
	}
	return best, ok
}

// offsets are those at which some of the samples, spread over the track, are at the time of a picture of b, near 0 and near start.
func offsets(sample, b []Print, start media.Span) []media.Span {
	var all []media.Span
	for k := range anchors {
		anchor := sample[k*len(sample)/anchors].At
		for i := range b {
			offset := anchor.Sub(b[i].At)
			if offset.Abs() <= maxOffset || (offset-start).Abs() <= maxOffset {
				all = append(all, offset)
			}
		}
	}
	slices.Sort(all)
	out := all[:0]
	for _, x := range all {
		if n := len(out); n == 0 || x-out[n-1] > jitter {
			out = append(out, x)
		}
	}
	return out
}

// tolerance is how far apart the times of two pictures may be that are the same: half of the shorter one.
func tolerance(a, b media.Span) media.Span {
	switch {
	case a <= 0:
		return b / 2
	case b <= 0:
		return a / 2
	}
	return min(a, b) / 2
}

// Same reports whether two pictures, shown at times that far apart for these lengths, are the same one.
func Same(apart, a, b media.Span) bool { return apart.Abs() <= tolerance(a, b)+rounding }

// rounding is what arithmetic with times may be off by.
const rounding media.Span = 1e-6

// nearest returns the print of b that is nearest to a time, nil when none is near enough.
func nearest(b []Print, at media.Time, length media.Span) *Print {
	i, _ := slices.BinarySearchFunc(b, at, func(p Print, t media.Time) int {
		switch {
		case p.At < t:
			return -1
		case p.At > t:
			return 1
		}
		return 0
	})
	if i == len(b) || i > 0 && at.Sub(b[i-1].At) < b[i].At.Sub(at) {
		i--
	}
	if !Same(at.Sub(b[i].At), length, b[i].Length) {
		return nil
	}
	return &b[i]
}

// fit compares samples with b at an offset.
func fit(sample, b []Print, offset media.Span) (Alignment, bool) {
	n, sum := 0, 0
	var sa, sb, saa, sbb, sab float64
	for i := range sample {
		p := &sample[i]
		q := nearest(b, p.At.Add(-offset), p.Length)
		if q == nil {
			continue
		}
		n++
		for k := range p.fields {
			x, y := int(p.fields[k]), int(q.fields[k])
			sum += max(x-y, y-x)
			fx, fy := float64(x), float64(y)
			sa, sb, saa, sbb, sab = sa+fx, sb+fy, saa+fx*fx, sbb+fy*fy, sab+fx*fy
		}
	}
	if n == 0 || float64(n) < leastPart*float64(min(len(sample), len(b))) {
		return Alignment{}, false
	}
	m := float64(n * fields)
	x := Alignment{Offset: offset, Difference: float64(sum) / m / 256, Alike: math.NaN(), pairs: n}
	if va, vb := saa-sa*sa/m, sbb-sb*sb/m; va > m*flat && vb > m*flat {
		x.Alike = (sab - sa*sb/m) / math.Sqrt(va*vb)
	}
	return x, true
}

// flat is the variance of prints, in their own units, below which there is nothing to be seen: that of two levels.
const flat = 512 * 512

// refine is the median of the differences of the times of pictures that go together.
func refine(sample, b []Print, offset media.Span) media.Span {
	var all []media.Span
	for i := range sample {
		if q := nearest(b, sample[i].At.Add(-offset), sample[i].Length); q != nil {
			all = append(all, sample[i].At.Sub(q.At))
		}
	}
	if len(all) == 0 {
		return offset
	}
	slices.Sort(all)
	return all[len(all)/2]
}
