package media

import (
	"sort"
	"strings"
)

// Range is a half-open interval of media time: Start is in it, End is not. Start < End in every stored Range.
type Range struct{ Start, End Time }

// Len returns the length of r.
func (r Range) Len() Span { return r.End.Sub(r.Start) }

// Contains reports whether t lies in r.
func (r Range) Contains(t Time) bool { return r.Start <= t && t < r.End }

// Ranges is a normalized TimeRanges snapshot: sorted, disjoint, not touching, no empty member. The zero value
// is the empty set. Operations return new slices and never change their operands.
// HTML: TimeRanges.
type Ranges []Range

// NewRanges normalizes rs: it drops empty members, sorts and joins what overlaps or touches.
func NewRanges(rs ...Range) Ranges {
	out := make(Ranges, 0, len(rs))
	for _, r := range rs {
		if r.Start < r.End {
			out = append(out, r)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Start < out[j].Start })
	return out.join()
}

// join merges touching neighbours of a sorted slice in place.
func (r Ranges) join() Ranges {
	if len(r) == 0 {
		return nil
	}
	n := 0
	for _, x := range r[1:] {
		if x.Start <= r[n].End {
			r[n].End = max(r[n].End, x.End)
			continue
		}
		n++
		r[n] = x
	}
	return r[:n+1]
}

// Union returns the points that are in r or in s.
func (r Ranges) Union(s Ranges) Ranges {
	all := make([]Range, 0, len(r)+len(s))
	return NewRanges(append(append(all, r...), s...)...)
}

// Intersect returns the points that are in both r and s.
func (r Ranges) Intersect(s Ranges) Ranges {
	var out Ranges
	for i, j := 0, 0; i < len(r) && j < len(s); {
		lo, hi := max(r[i].Start, s[j].Start), min(r[i].End, s[j].End)
		if lo < hi {
			out = append(out, Range{lo, hi})
		}
		if r[i].End < s[j].End {
			i++
		} else {
			j++
		}
	}
	return out
}

// Subtract returns the points of r that are not in s.
func (r Ranges) Subtract(s Ranges) Ranges {
	var out Ranges
	j := 0
	for _, x := range r {
		at := x.Start
		for j < len(s) && s[j].End <= at {
			j++
		}
		for k := j; k < len(s) && s[k].Start < x.End; k++ {
			if at < s[k].Start {
				out = append(out, Range{at, s[k].Start})
			}
			at = max(at, s[k].End)
		}
		if at < x.End {
			out = append(out, Range{at, x.End})
		}
	}
	return out
}

// Find returns the range that contains t.
func (r Ranges) Find(t Time) (Range, bool) {
	i := sort.Search(len(r), func(i int) bool { return r[i].End > t })
	if i < len(r) && r[i].Start <= t {
		return r[i], true
	}
	return Range{}, false
}

// Next returns the first range that starts after t.
func (r Ranges) Next(t Time) (Range, bool) {
	i := sort.Search(len(r), func(i int) bool { return r[i].Start > t })
	if i < len(r) {
		return r[i], true
	}
	return Range{}, false
}

// End returns the end of the last range, or 0 for the empty set.
func (r Ranges) End() Time {
	if len(r) == 0 {
		return 0
	}
	return r[len(r)-1].End
}

// Equal reports whether r and s hold the same ranges.
func (r Ranges) Equal(s Ranges) bool {
	if len(r) != len(s) {
		return false
	}
	for i := range r {
		if r[i] != s[i] {
			return false
		}
	}
	return true
}

// String lists the ranges in seconds, "[0,4) [6,8)", with the shortest exact decimals; the empty set is "[]".
func (r Ranges) String() string {
	if len(r) == 0 {
		return "[]"
	}
	var b strings.Builder
	for i, x := range r {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("[" + x.Start.String() + "," + x.End.String() + ")")
	}
	return b.String()
}
