package track

import (
	"math"
	"slices"
	"sort"

	"mseplayer/mse/media"
)

const (
	// maxRun is how many independent frames (audio, intra-only video) share a block.
	maxRun = 64
	// maxAdded is after how many added frames the ranges are derived anew instead of amended.
	maxAdded = 1024
	// minTolerance is the smallest gap that is bridged when no frame has a duration.
	minTolerance media.Span = 0.001
)

// Buffer stores the coded frames of one track. The zero value is not ready; use New.
// MSE: track-buffers.
type Buffer struct {
	blocks  []*block // by key, ascending
	cursors []*Cursor

	open *block            // the block whose last frame was added last, nil when the next frame must be a RAP
	last *media.CodedFrame // the frame that was added last, nil once it has been removed

	group        uint64 // number of the current coded frame group
	bytes, count int64
	longest      media.Span // longest frame duration seen so far
	// Bounds over all blocks that ever were: how far a block reaches before and after its key. They make a
	// binary search by key find every block that can intersect an interval.
	maxLead, maxReach media.Span

	// ranges is up to date but for the intervals in added, unless stale is set.
	ranges media.Ranges
	added  []media.Range
	stale  bool

	covered media.Ranges // known to miss nothing, whatever frames there are
	whole   media.Ranges // ranges and covered together
}

// block is either one GOP (run false) or a run of frames of which each is a random access point (run true).
type block struct {
	key    media.Time // PTS of the first presented frame in decode order
	frames []*media.CodedFrame
	bytes  int64
	run    bool
	group  uint64 // the coded frame group it was added in

	minPTS, maxEnd media.Time   // hull of the presented frames
	ranges         media.Ranges // of the presented frames, computed with tolerance tol; nil when stale
	tol            media.Span
}

// New returns an empty buffer.
func New() *Buffer { return &Buffer{} }

// Bytes is the payload size of all stored frames, Len their number.
func (b *Buffer) Bytes() int64 { return b.bytes }

// Len returns the number of stored frames.
func (b *Buffer) Len() int64 { return b.count }

// Last returns the frame that was added last if it is still stored.
func (b *Buffer) Last() *media.CodedFrame { return b.last }

// CanContinue reports whether a frame that is not a random access point may be added: its GOP is still whole.
func (b *Buffer) CanContinue() bool { return b.open != nil && b.last != nil }

// EndGroup makes the next added frame start a new GOP; it has to be a random access point.
// MSE: coded-frame-group.
func (b *Buffer) EndGroup() {
	b.open = nil
	b.group++
}

// Tolerance is the largest gap between frames that does not count as a gap: twice the longest frame duration
// seen so far.
// MSE: track-buffer-ranges.
func (b *Buffer) Tolerance() media.Span { return max(2*b.longest+Slack(0), minTolerance) }

// Add stores f as the next frame of the current coded frame group. A random access point starts a new GOP at its
// presentation time; any other frame continues the open GOP, and CanContinue must hold. lead holds the
// decode-only frames that precede f in decode order and are needed for it; it is used only with the first
// presented frame of a GOP. Frames that f overlaps must have been removed before.
// MSE: sourcebuffer-coded-frame-processing step 1.16 (add the coded frame).
func (b *Buffer) Add(f *media.CodedFrame, lead []*media.CodedFrame) {
	if f.Duration > b.longest {
		b.longest = f.Duration
		b.touch()
	}
	switch {
	case len(b.added) == maxAdded:
		b.touch()
	case !b.stale && !f.DecodeOnly && f.Duration > 0:
		b.added = append(b.added, media.Range{Start: f.PTS, End: f.End()})
	}
	switch {
	case len(lead) > 0:
		frames := make([]*media.CodedFrame, 0, len(lead)+1)
		b.insertBlock(&block{key: f.PTS, frames: append(append(frames, lead...), f)})
	case !f.RAP:
		b.continueGOP(f)
	default:
		b.startGOP(f)
	}
	b.last = f
}

// touch says that the ranges have to be derived anew.
func (b *Buffer) touch() { b.stale, b.added = true, b.added[:0] }

func (b *Buffer) continueGOP(f *media.CodedFrame) {
	if b.open == nil {
		panic("track: a frame without its random access point")
	}
	if b.open.run {
		// The random access point turned out to have dependants: it becomes a GOP of its own.
		if n := len(b.open.frames); n > 1 {
			b.open = b.split(b.open, n-1)
		}
		b.open.run = false
	}
	b.appendTo(b.open, f)
}

func (b *Buffer) startGOP(f *media.CodedFrame) {
	if o := b.open; o != nil && o.run && len(o.frames) < maxRun {
		i := b.indexOf(o)
		lastKey := o.frames[len(o.frames)-1].PTS
		if f.PTS > lastKey && (i+1 == len(b.blocks) || f.PTS < b.blocks[i+1].key) {
			b.appendTo(o, f)
			return
		}
	}
	b.insertBlock(&block{key: f.PTS, frames: []*media.CodedFrame{f}, run: true})
}

// appendTo adds f at the end of blk and keeps the sums.
func (b *Buffer) appendTo(blk *block, f *media.CodedFrame) {
	blk.frames = append(blk.frames, f)
	blk.bytes += int64(len(f.Data))
	b.bytes += int64(len(f.Data))
	b.count++
	if !f.DecodeOnly {
		blk.minPTS, blk.maxEnd = min(blk.minPTS, f.PTS), max(blk.maxEnd, f.End())
	}
	blk.ranges = nil
	b.noteHull(blk)
}

// insertBlock puts a new block at its place in the order and opens it.
func (b *Buffer) insertBlock(blk *block) {
	at := b.upper(blk.key)
	if at > 0 && b.blocks[at-1].run {
		// The key may lie inside a run: cut it.
		prev := b.blocks[at-1]
		k := sort.Search(len(prev.frames), func(i int) bool { return prev.frames[i].PTS > blk.key })
		if k < len(prev.frames) {
			b.split(prev, k)
			at = b.upper(blk.key)
		}
	}
	blk.group = b.group
	blk.recompute()
	b.blocks = slices.Insert(b.blocks, at, blk)
	b.bytes += blk.bytes
	b.count += int64(len(blk.frames))
	b.noteHull(blk)
	b.open = blk
}

// split cuts blk before frame k and returns the new second half. Cursors keep their place; one that stands
// exactly at the cut stays at the end of the first half, so that it sees what is inserted between the halves.
func (b *Buffer) split(blk *block, k int) *block {
	// Both halves must have their own backing array: the first may still be appended to.
	second := &block{key: blk.frames[k].PTS, frames: slices.Clone(blk.frames[k:]), run: blk.run, group: blk.group}
	clear(blk.frames[k:])
	blk.frames = blk.frames[:k]
	blk.recompute()
	second.recompute()
	b.blocks = slices.Insert(b.blocks, b.indexOf(blk)+1, second)
	b.noteHull(second)
	if b.open == blk {
		b.open = second
	}
	for _, c := range b.cursors {
		if c.blk == blk && c.next > k {
			c.blk, c.next = second, c.next-k
		}
	}
	return second
}

// recompute derives the sums and the hull from the frames.
func (blk *block) recompute() {
	blk.bytes, blk.ranges = 0, nil
	blk.minPTS, blk.maxEnd = media.Forever, -media.Forever
	for _, f := range blk.frames {
		blk.bytes += int64(len(f.Data))
		if !f.DecodeOnly {
			blk.minPTS, blk.maxEnd = min(blk.minPTS, f.PTS), max(blk.maxEnd, f.End())
		}
	}
}

// presents reports whether any frame of the block is presented.
func (blk *block) presents() bool { return blk.minPTS <= blk.maxEnd }

func (b *Buffer) noteHull(blk *block) {
	b.maxLead = max(b.maxLead, blk.key.Sub(blk.minPTS))
	b.maxReach = max(b.maxReach, blk.maxEnd.Sub(blk.key))
}

// upper returns the index of the first block whose key is greater than t.
func (b *Buffer) upper(t media.Time) int {
	return sort.Search(len(b.blocks), func(i int) bool { return b.blocks[i].key > t })
}

// indexOf returns the place of a stored block.
func (b *Buffer) indexOf(blk *block) int {
	for i := b.upper(blk.key) - 1; i >= 0; i-- {
		if b.blocks[i] == blk {
			return i
		}
	}
	panic("track: block is not stored")
}

// window returns the indexes [lo, hi) of the blocks that can hold a presented frame that intersects [from, to].
func (b *Buffer) window(from, to media.Time) (lo, hi int) {
	lo = sort.Search(len(b.blocks), func(i int) bool { return b.blocks[i].key.Add(b.maxReach) >= from })
	hi = sort.Search(len(b.blocks), func(i int) bool { return b.blocks[i].key.Add(-b.maxLead) > to })
	return lo, max(lo, hi)
}

// At returns the presented frame whose interval contains t, nil when there is none. When several do, it is the
// one that starts last.
func (b *Buffer) At(t media.Time) *media.CodedFrame {
	var found *media.CodedFrame
	lo, hi := b.window(t, t)
	for _, blk := range b.blocks[lo:hi] {
		for _, f := range blk.frames {
			if !f.DecodeOnly && f.PTS <= t && t < f.End() && (found == nil || f.PTS >= found.PTS) {
				found = f
			}
		}
	}
	return found
}

// Replace exchanges a stored frame for a copy that differs in duration and trims only.
func (b *Buffer) Replace(old, with *media.CodedFrame) {
	lo, hi := b.window(old.PTS, old.PTS)
	for _, blk := range b.blocks[lo:hi] {
		if i := slices.Index(blk.frames, old); i >= 0 {
			blk.frames[i] = with
			b.bytes -= blk.bytes
			blk.recompute()
			b.bytes += blk.bytes
			if b.last == old {
				b.last = with
			}
			b.touch()
			return
		}
	}
}

// NextRAP returns the presentation time of the first random access point at or after t.
func (b *Buffer) NextRAP(t media.Time) (media.Time, bool) {
	at := b.upper(t)
	if at > 0 {
		prev := b.blocks[at-1]
		if prev.key == t {
			return t, true
		}
		if prev.run {
			k := sort.Search(len(prev.frames), func(i int) bool { return prev.frames[i].PTS >= t })
			if k < len(prev.frames) {
				return prev.frames[k].PTS, true
			}
		}
	}
	if at < len(b.blocks) {
		return b.blocks[at].key, true
	}
	return 0, false
}

// prevRAP returns the presentation time of the last random access point at or before t.
func (b *Buffer) prevRAP(t media.Time) (media.Time, bool) {
	i := b.upper(t) - 1
	if i < 0 {
		return 0, false
	}
	blk := b.blocks[i]
	if !blk.run {
		return blk.key, true
	}
	k := sort.Search(len(blk.frames), func(i int) bool { return blk.frames[i].PTS > t })
	return blk.frames[k-1].PTS, true
}

// HighestPTS returns the largest presentation time of a stored frame.
func (b *Buffer) HighestPTS() (media.Time, bool) {
	best, ok := media.Time(0), false
	for i := len(b.blocks) - 1; i >= 0; i-- {
		blk := b.blocks[i]
		if ok && blk.key.Add(b.maxReach) <= best {
			break
		}
		for _, f := range blk.frames {
			if !f.DecodeOnly && (!ok || f.PTS > best) {
				best, ok = f.PTS, true
			}
		}
	}
	return best, ok
}

// Slack is what sums of times near t may be off by: float64 rounding makes 0.2 + 0.04 a little more than 0.24, and
// a frame that starts at 0.24 must not count as overlapped by one that ends there.
func Slack(t media.Time) media.Span { return 1e-6 + media.Span(math.Abs(float64(t)))*1e-15 }

// RemoveOverlapped makes room for a frame that covers [start, end): it removes the stored frames whose PTS lies
// in the interval, with their dependants, except those of the GOP that is being added to. A reader that is inside
// a removed GOP keeps its tail.
//
// DEVIATION: both ends count as earlier by Slack, see there.
// MSE: sourcebuffer-coded-frame-processing steps 1.14 and 1.15.
func (b *Buffer) RemoveOverlapped(start, end media.Time) {
	b.removePTS(start.Add(-Slack(start)), end.Add(-Slack(end)), b.open, true)
}

// Remove deletes the frames whose PTS lies in [start, end) and every frame that depends on them, up to the next
// random access point, and returns the payload bytes freed. Readers lose what they had not read yet.
// MSE: sourcebuffer-coded-frame-removal steps 3.3 and 3.4.
func (b *Buffer) Remove(start, end media.Time) (freed int64) {
	before := b.bytes
	b.removePTS(start, end, nil, false)
	b.uncover(start, end)
	for _, c := range b.cursors {
		c.dropTail(start)
	}
	return before - b.bytes
}

// removePTS removes by presentation time. keep is exempt unless it is a run, in which only its last frame is.
func (b *Buffer) removePTS(start, end media.Time, keep *block, keepTails bool) {
	if !(start < end) {
		return
	}
	in := func(f *media.CodedFrame) bool { return !f.DecodeOnly && f.PTS >= start && f.PTS < end }
	lo, hi := b.window(start, end)
	for i := lo; i < hi; {
		blk := b.blocks[i]
		if blk.minPTS >= end || blk.maxEnd < start || blk == keep && !blk.run {
			i++
			continue
		}
		if blk.run {
			a := sort.Search(len(blk.frames), func(i int) bool { return blk.frames[i].PTS >= start })
			z := sort.Search(len(blk.frames), func(i int) bool { return blk.frames[i].PTS >= end })
			if blk == keep && z == len(blk.frames) {
				z--
			}
			if a < z {
				b.cut(blk, a, z, keepTails)
			}
		} else if k := slices.IndexFunc(blk.frames, in); k >= 0 {
			b.cut(blk, k, len(blk.frames), keepTails)
		}
		if i < len(b.blocks) && b.blocks[i] == blk {
			i++
		} else {
			hi--
		}
	}
}

// cut removes frames [a, z) of blk, and the block itself when nothing presented remains.
func (b *Buffer) cut(blk *block, a, z int, keepTails bool) {
	b.touch()
	for _, c := range b.cursors {
		c.beforeCut(blk, a, z, keepTails)
	}
	if b.last != nil && slices.Contains(blk.frames[a:z], b.last) {
		b.last = nil
		if b.open == blk {
			b.open = nil
		}
	}
	b.bytes -= blk.bytes
	b.count -= int64(len(blk.frames))
	blk.frames = slices.Delete(blk.frames, a, z)
	blk.recompute()
	if !blk.presents() {
		i := b.indexOf(blk)
		b.blocks = slices.Delete(b.blocks, i, i+1)
		for _, c := range b.cursors {
			c.blockGone(blk)
		}
		if b.open == blk {
			b.open, b.last = nil, nil
		}
		return
	}
	if blk.run && a == 0 {
		blk.key = blk.frames[0].PTS
	}
	b.bytes += blk.bytes
	b.count += int64(len(blk.frames))
	b.noteHull(blk)
}

// Front is where the first GOP begins, Forever when nothing is stored.
func (b *Buffer) Front() media.Time {
	if len(b.blocks) == 0 {
		return media.Forever
	}
	return b.blocks[0].minPTS
}

// Back is where the last GOP begins, minus infinity when nothing is stored.
func (b *Buffer) Back() media.Time {
	if len(b.blocks) == 0 {
		return minusInf
	}
	return b.blocks[len(b.blocks)-1].minPTS
}

// EvictFront removes whole GOPs from the front, oldest first, until at least want bytes are freed. Only GOPs that
// end at or before limit go, never one that a reader is in, never the one being added to. It returns the bytes
// freed.
func (b *Buffer) EvictFront(want int64, limit media.Time) (freed int64) {
	for freed < want && len(b.blocks) > 0 {
		blk := b.blocks[0]
		if blk == b.open || b.beingRead(blk) {
			break
		}
		if blk.run && blk.maxEnd > limit {
			// Part of a run may go.
			k := sort.Search(len(blk.frames), func(i int) bool { return blk.frames[i].End() > limit })
			if k == 0 {
				break
			}
			b.uncover(minusInf, blk.frames[k].PTS)
			before := b.bytes
			b.cut(blk, 0, k, false)
			freed += before - b.bytes
			break
		}
		if blk.maxEnd > limit {
			break
		}
		freed += blk.bytes
		b.uncover(minusInf, blk.maxEnd)
		b.cut(blk, 0, len(blk.frames), false)
	}
	return freed
}

// EvictBack removes whole GOPs from the back, latest first, until at least want bytes are freed. Only GOPs that
// start at or after limit go, never one that a reader is in, never the one being added to. It returns the bytes freed.
func (b *Buffer) EvictBack(want int64, limit media.Time) (freed int64) {
	for i := len(b.blocks) - 1; i >= 0 && freed < want; i-- {
		blk := b.blocks[i]
		if blk.minPTS < limit {
			break
		}
		if blk != b.open && !b.beingRead(blk) {
			freed += blk.bytes
			b.uncover(blk.minPTS, media.Forever)
			b.cut(blk, 0, len(blk.frames), false)
		}
	}
	return freed
}

func (b *Buffer) beingRead(blk *block) bool {
	return slices.ContainsFunc(b.cursors, func(c *Cursor) bool { return c.blk == blk })
}

// GOPStart returns where decoding must begin to present t: the start of the last GOP at or before t.
func (b *Buffer) GOPStart(t media.Time) (media.Time, bool) {
	k, ok := b.prevRAP(t)
	if i := b.upper(t) - 1; ok && !b.blocks[i].run {
		k = b.blocks[i].minPTS
	}
	return k, ok
}

// Cover says that nothing is missing in r: where no frame is stored there is none. It counts as buffered until it
// is removed.
func (b *Buffer) Cover(r media.Range) {
	b.covered = b.covered.Union(media.NewRanges(r))
	b.touch()
}

// uncover forgets what Cover said about r.
func (b *Buffer) uncover(start, end media.Time) {
	if len(b.covered) > 0 {
		b.covered = b.covered.Subtract(media.NewRanges(media.Range{Start: start, End: end}))
		b.touch()
	}
}

// Ranges returns the union of the presented frames' intervals and of what is covered, with gaps of up to Tolerance
// closed.
// MSE: track-buffer-ranges.
func (b *Buffer) Ranges() media.Ranges {
	tol := b.Tolerance()
	var out []media.Range
	switch {
	case b.stale:
		for _, blk := range b.blocks {
			for _, r := range blk.presented(tol) {
				out = coalesce(out, r, tol)
			}
		}
	case len(b.added) > 0:
		slices.SortFunc(b.added, byStart)
		out = merge(b.ranges, b.added, tol)
	default:
		return b.whole
	}
	b.ranges, b.added, b.stale = out, b.added[:0], false
	b.whole = b.ranges
	if len(b.covered) > 0 {
		b.whole = merge(b.ranges, b.covered, tol)
	}
	return b.whole
}

// merge joins two lists that are sorted by start.
func merge(x, y []media.Range, tol media.Span) []media.Range {
	var out []media.Range
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

// presented returns the block's own ranges for a tolerance.
func (blk *block) presented(tol media.Span) media.Ranges {
	if blk.ranges != nil && blk.tol == tol {
		return blk.ranges
	}
	iv := make([]media.Range, 0, len(blk.frames))
	for _, f := range blk.frames {
		if !f.DecodeOnly {
			iv = append(iv, media.Range{Start: f.PTS, End: f.End()})
		}
	}
	slices.SortFunc(iv, byStart)
	var out []media.Range
	for _, r := range iv {
		out = coalesce(out, r, tol)
	}
	// A frame without duration occupies nothing, but must not make its block look empty.
	blk.ranges = slices.DeleteFunc(out, func(r media.Range) bool { return r.Start >= r.End })
	if blk.ranges == nil {
		blk.ranges = media.Ranges{}
	}
	blk.tol = tol
	return blk.ranges
}

// Each calls fn for every stored frame in decode order until fn returns false.
func (b *Buffer) Each(fn func(*media.CodedFrame) bool) {
	for _, blk := range b.blocks {
		for _, f := range blk.frames {
			if !fn(f) {
				return
			}
		}
	}
}

// minusInf is before every time.
var minusInf = media.Time(math.Inf(-1))
