package check

import (
	"slices"

	"mseplayer/mse/media"
)

const (
	// minTolerance is the smallest hole between frames that counts as a gap when no frame has a duration.
	minTolerance media.Span = 0.001
	// rounding is what arithmetic with times may be off by.
	rounding media.Span = 1e-6
	// maxRanges bounds the stretches of one track that are told apart.
	maxRanges = 4096
)

// stretch is a range of presentation time without a gap. segment is the one that brought its first frame.
type stretch struct {
	media.Range
	segment int
}

// coverage is the union of the intervals of a track's frames, which come roughly in order. Holes of up to twice the
// longest frame are no gaps, as in a buffer.
// MSE: track-buffer-ranges.
type coverage struct {
	list    []stretch // sorted by start, apart by more than the tolerance when they were added
	longest media.Span
}

func (c *coverage) tolerance() media.Span { return max(2*c.longest, minTolerance) + rounding }

// add puts in the frame [start, end) of a segment.
func (c *coverage) add(start, end media.Time, segment int) {
	if !(start < end) {
		return
	}
	c.longest = max(c.longest, end.Sub(start))
	tol := c.tolerance()
	i := len(c.list)
	for i > 0 && c.list[i-1].Start > start {
		i--
	}
	if i > 0 && start.Sub(c.list[i-1].End) <= tol {
		i--
		c.list[i].End = max(c.list[i].End, end)
	} else {
		if len(c.list) == maxRanges {
			return // what is known already is bad enough
		}
		c.list = slices.Insert(c.list, i, stretch{media.Range{Start: start, End: end}, segment})
	}
	c.close(i, tol)
}

// merge puts in what o holds, moved by shift.
func (c *coverage) merge(o *coverage, shift media.Span) {
	c.longest = max(c.longest, o.longest)
	for _, r := range o.list {
		if len(c.list) == maxRanges {
			break
		}
		r.Start, r.End = r.Start.Add(shift), r.End.Add(shift)
		i := len(c.list)
		for i > 0 && c.list[i-1].Start > r.Start {
			i--
		}
		c.list = slices.Insert(c.list, i, r)
	}
}

// close joins stretch i with those behind it that it has come to touch.
func (c *coverage) close(i int, tol media.Span) {
	for i+1 < len(c.list) && c.list[i+1].Start.Sub(c.list[i].End) <= tol {
		c.list[i].End = max(c.list[i].End, c.list[i+1].End)
		c.list = slices.Delete(c.list, i+1, i+2)
	}
}

// stretches returns the whole, closed with the tolerance of the longest frame of all.
func (c *coverage) stretches() []stretch {
	tol := c.tolerance()
	for i := 0; i < len(c.list); i++ {
		c.close(i, tol)
	}
	return c.list
}
