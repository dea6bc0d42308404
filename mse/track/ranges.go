package track

import (
	"slices"
	"sort"

	"mseplayer/mse/media"
)

// list is a normalized set of ranges that is changed in place, unless it has been lent.
type list struct {
	all  media.Ranges
	lent bool
}

// near returns which members lie within tol of r: those of [i, j).
func (l *list) near(r media.Range, tol media.Span) (i, j int) {
	i = sort.Search(len(l.all), func(k int) bool { return r.Start.Sub(l.all[k].End) <= tol })
	j = i + sort.Search(len(l.all)-i, func(k int) bool { return l.all[i+k].Start.Sub(r.End) > tol })
	return i, j
}

// put adds r, closing gaps of up to tol. Members that are farther apart from each other stay as they are.
func (l *list) put(r media.Range, tol media.Span) {
	i, j := l.near(r, tol)
	if i < j {
		r = media.Range{Start: min(r.Start, l.all[i].Start), End: max(r.End, l.all[j-1].End)}
	}
	l.replace(i, j, r)
}

// replace puts other members in the place of [i, j).
func (l *list) replace(i, j int, with ...media.Range) {
	switch {
	case slices.Equal(l.all[i:j], with):
	case l.lent:
		l.all, l.lent = slices.Concat(l.all[:i], with, l.all[j:]), false
	default:
		l.all = slices.Replace(l.all, i, j, with...)
	}
}

// Ranges returns the union of the presented frames' intervals, of what is covered and of bridges, with gaps of up to
// Tolerance closed. The same slice is returned until something changes. What is added or removed costs time as it grows
// with the logarithm of what is stored, but for the moving of a list when the number of ranges changes. The first change
// after Ranges costs a copy of the list; View avoids that.
// MSE: track-buffer-ranges.
func (b *Buffer) Ranges() media.Ranges {
	l := b.settled()
	l.lent = len(l.all) > 0
	return slices.Clip(l.all)
}

// View is Ranges for a look: the result is valid until the next change of the buffer.
func (b *Buffer) View() media.Ranges { return b.settled().all }

// settled returns the list that Ranges is about, up to date.
func (b *Buffer) settled() *list {
	b.settle()
	if b.mixed() {
		return &b.whole
	}
	return &b.ranges
}

// mixed reports whether there is something besides frames that makes ranges. Otherwise whole is not kept.
func (b *Buffer) mixed() bool { return len(b.covered.all)+len(b.bridges) > 0 }

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
		b.hole = r
	default:
		b.hole = media.Range{Start: min(b.hole.Start, r.Start), End: max(b.hole.End, r.End)}
	}
	b.filled = len(b.added)
}

// settle brings ranges and whole up to date.
func (b *Buffer) settle() {
	tol, hole := b.Tolerance(), b.hole
	dug := hole.Start < hole.End
	if tol == b.tol && len(b.added) == 0 && !dug {
		return
	}
	if dug {
		// What replaces a group of pictures fills the hole that it left.
		fill := united(b.added[b.filled:], tol)
		b.added = b.added[:b.filled+len(fill)]
		for _, r := range fill {
			dug = dug && !(r.Start <= hole.Start && hole.End <= r.End)
		}
	}
	if tol != b.tol {
		b.tol = tol
		b.ranges.replace(0, len(b.ranges.all), merge(b.ranges.all, nil, tol)...)
		b.derive(always)
	}
	for _, r := range united(b.added, tol) {
		b.ranges.put(r, tol)
		b.derive(r)
	}
	b.added = b.added[:0]
	if dug {
		b.dig(hole)
		b.derive(hole)
	}
	b.hole, b.filled = media.Range{}, 0
}

// always is all of time.
var always = media.Range{Start: minusInf, End: media.Forever}

// derive brings whole up to date after a change of ranges, covered or bridges inside w.
func (b *Buffer) derive(w media.Range) {
	if !b.mixed() {
		return
	}
	// Everything that may be connected with w, directly or by what lies between.
	for was := (media.Range{}); w != was; {
		was = w
		for _, l := range [...]*list{&b.ranges, &b.covered, &b.whole} {
			if i, j := l.near(w, b.tol); i < j {
				w = media.Range{Start: min(w.Start, l.all[i].Start), End: max(w.End, l.all[j-1].End)}
			}
		}
		for _, r := range b.bridges {
			if r.Start.Sub(w.End) <= b.tol && w.Start.Sub(r.End) <= b.tol {
				w = media.Range{Start: min(w.Start, r.Start), End: max(w.End, r.End)}
			}
		}
	}
	i, j := b.ranges.near(w, b.tol)
	k, l := b.covered.near(w, b.tol)
	with := b.bridged(merge(b.ranges.all[i:j], b.covered.all[k:l], b.tol), b.tol)
	i, j = b.whole.near(w, b.tol)
	b.whole.replace(i, j, with...)
}

// dig corrects ranges, which are as if nothing had been removed, after frames have gone whose intervals made up hole.
//
// A range that reaches out of the hole consists, outside of it, of frames that are all still there and adjoin one
// another: what begins before the hole was not removed, and neither was what ends after it. So only frames near the
// hole have to be looked at.
func (b *Buffer) dig(hole media.Range) {
	tol := b.tol
	near := b.intervals[:0]
	before, after := minusInf, media.Forever // the end of what begins before the hole, the start of what ends after it
	hull := hole
	b.near = b.blocks.touching(b.near[:0], hole.Start.Add(-2*tol), hole.End.Add(2*tol))
	defer clear(b.near)
	for _, blk := range b.near {
		hull = media.Range{Start: min(hull.Start, blk.minPTS), End: max(hull.End, blk.maxEnd)}
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
	i, j := b.ranges.near(hull, tol)
	for _, r := range b.ranges.all[i:j] {
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
	b.ranges.replace(i, j, united(near, tol)...)
	b.intervals = near
}

// united sorts and joins rs in place, closing gaps of up to tol.
func united(rs []media.Range, tol media.Span) []media.Range {
	slices.SortFunc(rs, byStart)
	out := rs[:0]
	for _, r := range rs {
		out = coalesce(out, r, tol)
	}
	return out
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
	w := b.window(r)
	b.covered.put(r, 0)
	b.derive(w)
}

// window is where whole has to be derived anew when r is about to be covered or bridged.
func (b *Buffer) window(r media.Range) media.Range {
	if b.mixed() {
		return r
	}
	b.whole = list{}
	return always
}

// Bridge says that the next frame to be added, which begins at r.End, follows whatever is stored up to r.Start or into
// r: there is no hole between them. It counts only as long as frames adjoin at both ends of r.
//
// The specification lets the ranges of all tracks begin where their coded frame group begins.
// MSE: track-buffer-ranges.
func (b *Buffer) Bridge(r media.Range) {
	if len(b.bridges) == maxBridges {
		old := b.bridges[0]
		b.bridges = slices.Delete(b.bridges, 0, 1)
		b.derive(old)
	}
	w := b.window(r)
	b.bridges = append(b.bridges, r)
	b.derive(w)
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
	r := media.Range{Start: start, End: end}
	if i, j := b.covered.near(r, 0); i < j {
		b.covered.replace(i, j, b.covered.all[i:j].Subtract(media.NewRanges(r))...)
		b.derive(r)
	}
}
