package track

import (
	"slices"

	"mseplayer/mse/media"
)

// Ranges returns the union of the presented frames' intervals, of what is covered and of bridges, with gaps of up to
// Tolerance closed. The same slice is returned until something changes. Its cost grows with the number of ranges and
// with what has been added and removed since the last call, not with what is stored.
// MSE: track-buffer-ranges.
func (b *Buffer) Ranges() media.Ranges {
	tol := b.Tolerance()
	if tol == b.tol && len(b.added) == 0 && !(b.hole.Start < b.hole.End) && !b.stale {
		return b.whole
	}
	b.settle()
	b.whole, b.stale = b.ranges, false
	if len(b.covered) > 0 {
		b.whole = merge(b.whole, b.covered, tol)
	}
	if len(b.bridges) > 0 {
		b.whole = b.bridged(b.whole, tol)
	}
	return b.whole
}

// note says that a frame was added.
func (b *Buffer) note(r media.Range) {
	if !(r.Start < r.End) {
		return // it occupies nothing
	}
	if n := len(b.added); n > b.filled && b.added[n-1].Start <= r.Start && r.Start <= b.added[n-1].End {
		b.added[n-1].End = max(b.added[n-1].End, r.End)
		return
	}
	if len(b.added) == maxAdded {
		b.settle()
		b.stale = true
	}
	b.added = append(b.added, r)
}

// removed says that frames were removed whose intervals lie in r.
func (b *Buffer) removed(r media.Range) {
	if !(r.Start < r.End) {
		return
	}
	far := 4 * b.Tolerance()
	switch {
	case !(b.hole.Start < b.hole.End):
		b.hole = r
	case r.Start.Sub(b.hole.End) > far || b.hole.Start.Sub(r.End) > far:
		b.settle()
		b.stale = true
		b.hole = r
	default:
		b.hole = media.Range{Start: min(b.hole.Start, r.Start), End: max(b.hole.End, r.End)}
	}
	b.filled = len(b.added)
}

// settle brings ranges up to date.
func (b *Buffer) settle() {
	tol := b.Tolerance()
	hole := b.hole
	if hole.Start < hole.End {
		// What replaces a group of pictures fills the hole that it left.
		fill := b.added[b.filled:]
		slices.SortFunc(fill, byStart)
		for _, r := range merge(nil, fill, tol) {
			if r.Start <= hole.Start && hole.End <= r.End {
				hole = media.Range{}
			}
		}
	}
	if len(b.added) > 0 || tol != b.tol {
		slices.SortFunc(b.added, byStart)
		b.ranges = merge(b.ranges, b.added, tol)
		b.added, b.tol = b.added[:0], tol
	}
	if hole.Start < hole.End {
		b.ranges = b.dig(b.ranges, hole, tol)
	}
	b.hole, b.filled = media.Range{}, 0
}

// dig returns the ranges after frames have gone whose intervals made up hole. old are the ranges as if they were still
// there.
//
// A range that reaches out of the hole consists, outside of it, of frames that are all still there and adjoin one
// another: what begins before the hole was not removed, and neither was what ends after it. So only frames near the
// hole have to be looked at.
func (b *Buffer) dig(old media.Ranges, hole media.Range, tol media.Span) media.Ranges {
	var near []media.Range
	before, after := minusInf, media.Forever // the end of what begins before the hole, the start of what ends after it
	b.near = b.blocks.touching(b.near[:0], hole.Start.Add(-2*tol), hole.End.Add(2*tol))
	defer clear(b.near)
	for _, blk := range b.near {
		for _, f := range blk.frames {
			r := media.Range{Start: f.PTS, End: f.End()}
			if f.DecodeOnly || !(r.Start < r.End) {
				continue
			}
			if r.Start < hole.Start {
				before = max(before, r.End)
			}
			if r.End > hole.End {
				after = min(after, r.Start)
			}
			near = append(near, r)
		}
	}
	for _, r := range old {
		if r.End < hole.Start || r.Start > hole.End {
			near = append(near, r)
			continue
		}
		if r.Start < hole.Start && r.Start < before {
			near = append(near, media.Range{Start: r.Start, End: min(before, r.End)})
		}
		if r.End > hole.End && after < r.End {
			near = append(near, media.Range{Start: max(after, r.Start), End: r.End})
		}
	}
	slices.SortFunc(near, byStart)
	return merge(nil, near, tol)
}

// merge joins two lists that are sorted by start into a new one.
func merge(x, y []media.Range, tol media.Span) media.Ranges {
	out := make([]media.Range, 0, len(x)+1)
	for _, r := range y {
		for len(x) > 0 && x[0].Start <= r.Start {
			out, x = coalesce(out, x[0], tol), x[1:]
		}
		out = coalesce(out, r, tol)
	}
	for _, r := range x {
		out = coalesce(out, r, tol)
	}
	return out
}

func byStart(x, y media.Range) int {
	switch {
	case x.Start < y.Start:
		return -1
	case x.Start > y.Start:
		return 1
	default:
		return 0
	}
}

// coalesce adds r to a sorted list of ranges, closing gaps of up to tol. r may start before the end of the list.
func coalesce(out []media.Range, r media.Range, tol media.Span) []media.Range {
	for len(out) > 0 && r.Start.Sub(out[len(out)-1].End) <= tol {
		prev := out[len(out)-1]
		r = media.Range{Start: min(prev.Start, r.Start), End: max(prev.End, r.End)}
		out = out[:len(out)-1]
	}
	return append(out, r)
}

// Cover says that nothing is missing in r: where no frame is stored there is none. It counts as buffered until it
// is removed.
func (b *Buffer) Cover(r media.Range) {
	b.covered = b.covered.Union(media.NewRanges(r))
	b.stale = true
}

// Bridge says that the next frame to be added, which begins at r.End, follows whatever is stored up to r.Start or into
// r: there is no hole between them. It counts only as long as frames adjoin at both ends of r.
//
// The specification lets the ranges of all tracks begin where their coded frame group begins.
// MSE: track-buffer-ranges.
func (b *Buffer) Bridge(r media.Range) {
	if len(b.bridges) == maxBridges {
		b.bridges = slices.Delete(b.bridges, 0, 1)
	}
	b.bridges = append(b.bridges, r)
	b.stale = true
}

// bridged closes the gaps of rs that bridges span.
func (b *Buffer) bridged(rs media.Ranges, tol media.Span) media.Ranges {
	var out media.Ranges
	for _, r := range rs {
		if n := len(out); n > 0 && b.spans(out[n-1].End, r.Start, tol) {
			out[n-1].End = r.End
			continue
		}
		out = append(out, r)
	}
	return out
}

// spans reports whether a bridge leads from what ends at one time to what starts at another.
func (b *Buffer) spans(end, start media.Time, tol media.Span) bool {
	return slices.ContainsFunc(b.bridges, func(r media.Range) bool {
		return r.Start.Sub(end) <= tol && end < r.End && r.End.Sub(start) <= tol && start.Sub(r.End) <= tol
	})
}

// uncover forgets what Cover said about r.
func (b *Buffer) uncover(start, end media.Time) {
	if len(b.covered) > 0 {
		b.covered = b.covered.Subtract(media.NewRanges(media.Range{Start: start, End: end}))
		b.stale = true
	}
}
