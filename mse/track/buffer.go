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
	// maxProbes is how many frames of a run are looked at near the place where one is expected.
	maxProbes = 3
	// maxHint bounds the room that is made for the frames of a new block.
	maxHint = 512
	// maxAdded is how many added intervals are gathered before they are merged into the ranges.
	maxAdded = 1024
	// maxBridges bounds the remembered bridges; the oldest go first.
	maxBridges = 256
	// minTolerance is the smallest gap that is bridged when no frame has a duration.
	minTolerance media.Span = 0.001
)

// Buffer stores the coded frames of one track. The zero value is not ready; use New.
// MSE: track-buffers.
type Buffer struct {
	blocks  tree // by key
	cursors []*Cursor

	open *block            // the block whose last frame was added last, nil when the next frame must be a RAP
	last *media.CodedFrame // the frame that was added last, nil once it has been removed
	home *block            // the block whose last frame is last

	group        uint64 // number of the current coded frame group
	bytes, count int64
	longest      media.Span // longest frame duration seen so far
	hint         int        // frames of the block before the open one

	// ranges is up to date but for the intervals in added, and for what was removed inside hole.
	ranges list
	added  []media.Range
	hole   media.Range // empty when nothing was removed
	filled int         // the intervals of added from here on came after the last removal
	tol    media.Span  // the tolerance of ranges and whole

	covered list          // known to miss nothing, whatever frames there are
	bridges []media.Range // the same, as long as frames adjoin at both ends
	whole   list          // if there is any of them: ranges, covered and bridges together

	found, near []*block // scratch of At, removePTS and dig; nil beyond their use
	intervals   []media.Range
}

// block is either one GOP (run false) or a run of frames of which each is a random access point (run true). What a seek
// to a GOP needs lies in the first cache line, and it reads no frame.
type block struct {
	first    *media.CodedFrame // frames[0]
	key      media.Time        // PTS of the first presented frame in decode order
	firstEnd media.Time        // where first ends
	until    media.Time        // key of the next block, Forever when there is none
	maxEnd   media.Time        // of the presented frames
	run      bool
	led      bool // first is decode-only; otherwise key is its PTS
	frames   []*media.CodedFrame

	minPTS, maxPTS media.Time // of the presented frames
	bytes          int64
	group          uint64 // the coded frame group it was added in
	prev, next     *block
	leaf           *node // the node of the tree that it is in
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
	b.longest = max(b.longest, f.Duration)
	if !f.DecodeOnly {
		b.note(media.Range{Start: f.PTS, End: f.End()})
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
	b.last, b.home = f, b.open
}

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
		lastKey := o.frames[len(o.frames)-1].PTS
		if f.PTS > lastKey && (o.next == nil || f.PTS < o.next.key) {
			b.appendTo(o, f)
			return
		}
	}
	if o := b.open; o != nil {
		b.hint = min(len(o.frames), maxHint)
		if cap(o.frames) > len(o.frames)+len(o.frames)/8 {
			o.frames = append(make([]*media.CodedFrame, 0, len(o.frames)), o.frames...)
		}
	}
	frames := append(make([]*media.CodedFrame, 0, max(b.hint, 1)), f)
	b.insertBlock(&block{key: f.PTS, frames: frames, run: true})
}

// appendTo adds f at the end of blk and keeps the sums.
func (b *Buffer) appendTo(blk *block, f *media.CodedFrame) {
	blk.frames = append(blk.frames, f)
	blk.bytes += int64(len(f.Data))
	b.bytes += int64(len(f.Data))
	b.count++
	if !f.DecodeOnly {
		blk.minPTS, blk.maxPTS, blk.maxEnd = min(blk.minPTS, f.PTS), max(blk.maxPTS, f.PTS), max(blk.maxEnd, f.End())
		b.blocks.changed(blk)
	}
}

// insertBlock puts a new block at its place in the order and opens it.
func (b *Buffer) insertBlock(blk *block) {
	if prev := b.blocks.floor(blk.key); prev != nil && prev.run {
		// The key may lie inside a run: cut it.
		k := prev.after(blk.key)
		if k < len(prev.frames) {
			b.split(prev, k)
		}
	}
	blk.group = b.group
	blk.recompute()
	b.blocks.insert(blk)
	b.bytes += blk.bytes
	b.count += int64(len(blk.frames))
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
	b.blocks.changed(blk)
	second.recompute()
	b.blocks.insert(second)
	if b.open == blk {
		b.open = second
	}
	if b.home == blk {
		b.home = second
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
	blk.bytes = 0
	blk.minPTS, blk.maxPTS, blk.maxEnd = media.Forever, minusInf, minusInf
	blk.first, blk.firstEnd, blk.led = nil, 0, false
	if len(blk.frames) > 0 {
		blk.first = blk.frames[0]
		blk.firstEnd, blk.led = blk.first.End(), blk.first.DecodeOnly
	}
	for _, f := range blk.frames {
		blk.bytes += int64(len(f.Data))
		if !f.DecodeOnly {
			blk.minPTS, blk.maxPTS, blk.maxEnd = min(blk.minPTS, f.PTS), max(blk.maxPTS, f.PTS), max(blk.maxEnd, f.End())
		}
	}
}

// from returns the first frame of a run whose PTS is at least t, len(frames) when there is none.
func (blk *block) from(t media.Time) int {
	return blk.search(t, func(pts media.Time) bool { return pts >= t })
}

// after returns the first frame of a run whose PTS is greater than t, len(frames) when there is none.
func (blk *block) after(t media.Time) int {
	return blk.search(t, func(pts media.Time) bool { return pts > t })
}

// search returns the first frame of a run whose PTS is beyond, where PTS change from not beyond to beyond around t. It
// begins where t lies if all frames have one length, because every frame that it looks at may be far away in memory.
func (blk *block) search(t media.Time, beyond func(media.Time) bool) int {
	switch lo, hi := 0, len(blk.frames); {
	case beyond(blk.key):
		return 0
	case !beyond(blk.maxPTS):
		return hi
	default:
		m := int(float64(hi-1) * float64(t.Sub(blk.key)/blk.maxPTS.Sub(blk.key)))
		for probes := 1; lo < hi; probes++ {
			if m < lo || m >= hi || probes > maxProbes {
				m = (lo + hi) / 2
			}
			if beyond(blk.frames[m].PTS) {
				hi = m
				m--
			} else {
				m++
				lo = m
			}
		}
		return lo
	}
}

// presents reports whether any frame of the block is presented.
func (blk *block) presents() bool { return blk.minPTS <= blk.maxEnd }

// At returns the presented frame whose interval contains t, nil when there is none. When several do, it is one of
// those that start last.
func (b *Buffer) At(t media.Time) *media.CodedFrame {
	var found *media.CodedFrame
	b.found = b.blocks.touching(b.found[:0], t, t)
	defer clear(b.found)
	for _, blk := range b.found {
		if f := blk.at(t); f != nil && (found == nil || f.PTS >= found.PTS) {
			found = f
		}
	}
	return found
}

// at is At among the frames of one block.
func (blk *block) at(t media.Time) (found *media.CodedFrame) {
	switch {
	case t < blk.minPTS || t >= blk.maxEnd:
	case !blk.led && blk.key == t && t < blk.firstEnd:
		return blk.first // nothing starts later
	case blk.run:
		for k := blk.after(t) - 1; k >= 0; k-- {
			if f := blk.frames[k]; t < f.End() {
				return f
			}
		}
	default:
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
	for _, blk := range b.blocks.touching(nil, old.PTS, old.PTS) {
		if i := slices.Index(blk.frames, old); i >= 0 {
			blk.frames[i] = with
			blk.recompute()
			b.blocks.changed(blk)
			if b.last == old {
				b.last = with
			}
			b.removed(media.Range{Start: old.PTS, End: old.End()})
			return
		}
	}
}

// NextRAP returns the presentation time of the first random access point at or after t.
func (b *Buffer) NextRAP(t media.Time) (media.Time, bool) {
	prev := b.blocks.floor(t)
	if prev != nil {
		if prev.key == t {
			return t, true
		}
		if prev.run {
			k := prev.from(t)
			if k < len(prev.frames) {
				return prev.frames[k].PTS, true
			}
		}
	}
	if next := b.blocks.after(t); next != nil {
		return next.key, true
	}
	return 0, false
}

// PrevRAP returns the presentation time of the last random access point at or before t.
func (b *Buffer) PrevRAP(t media.Time) (media.Time, bool) {
	blk := b.blocks.floor(t)
	if blk == nil {
		return 0, false
	}
	if !blk.run {
		return blk.key, true
	}
	k := blk.after(t)
	return blk.frames[k-1].PTS, true
}

// HighestPTS returns the largest presentation time of a stored frame.
func (b *Buffer) HighestPTS() (media.Time, bool) {
	if b.blocks.root == nil {
		return 0, false
	}
	return b.blocks.highest(), true
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
	b.found = b.blocks.touching(b.found[:0], start, end)
	defer clear(b.found)
	for _, blk := range b.found {
		if blk.minPTS >= end || blk.maxPTS < start || blk == keep && !blk.run {
			continue
		}
		if !blk.run {
			if k := slices.IndexFunc(blk.frames, in); k >= 0 {
				b.cut(blk, k, len(blk.frames), keepTails)
			}
			continue
		}
		a := blk.from(start)
		z := blk.from(end)
		if blk == keep && z == len(blk.frames) {
			z--
		}
		if a < z {
			b.cut(blk, a, z, keepTails)
		}
	}
}

// cut removes frames [a, z) of blk, and the block itself when nothing presented remains.
func (b *Buffer) cut(blk *block, a, z int, keepTails bool) {
	for _, c := range b.cursors {
		c.beforeCut(blk, a, z, keepTails)
	}
	b.bytes -= blk.bytes
	b.count -= int64(len(blk.frames))
	if a == 0 && z == len(blk.frames) {
		// The whole block: its frames need not be looked at, which may be far away in memory.
		b.removed(media.Range{Start: blk.minPTS, End: blk.maxEnd})
		if blk == b.home {
			b.last, b.home = nil, nil
		}
		if blk == b.open {
			b.open = nil
		}
		blk.frames = nil
	} else {
		for _, f := range blk.frames[a:z] {
			if !f.DecodeOnly {
				b.removed(media.Range{Start: f.PTS, End: f.End()})
			}
			if f == b.last {
				b.last, b.home = nil, nil
				if b.open == blk {
					b.open = nil
				}
			}
		}
		blk.frames = slices.Delete(blk.frames, a, z)
	}
	blk.recompute()
	if !blk.presents() {
		b.blocks.remove(blk)
		for _, c := range b.cursors {
			c.blockGone(blk)
		}
		if b.open == blk {
			b.open, b.last, b.home = nil, nil, nil
		}
		return
	}
	if blk.run && a == 0 {
		blk.key = blk.frames[0].PTS
	}
	b.blocks.changed(blk)
	b.bytes += blk.bytes
	b.count += int64(len(blk.frames))
}

// Front is where the first GOP begins, Forever when nothing is stored.
func (b *Buffer) Front() media.Time {
	if b.blocks.first == nil {
		return media.Forever
	}
	return b.blocks.first.minPTS
}

// Back is where the last GOP begins, minus infinity when nothing is stored.
func (b *Buffer) Back() media.Time {
	if b.blocks.last == nil {
		return minusInf
	}
	return b.blocks.last.minPTS
}

// EvictFront removes whole GOPs from the front, oldest first, until at least want bytes are freed. Only GOPs that
// end at or before limit go, never one that a reader is in, never the one being added to. It returns the bytes
// freed.
func (b *Buffer) EvictFront(want int64, limit media.Time) (freed int64) {
	for freed < want && b.blocks.first != nil {
		blk := b.blocks.first
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
	for blk := b.blocks.last; blk != nil && freed < want; blk = blk.prev {
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
	k, ok := b.PrevRAP(t)
	if blk := b.blocks.floor(t); ok && !blk.run {
		k = blk.minPTS
	}
	return k, ok
}

// Each calls fn for every stored frame in decode order until fn returns false.
func (b *Buffer) Each(fn func(*media.CodedFrame) bool) {
	for blk := b.blocks.first; blk != nil; blk = blk.next {
		for _, f := range blk.frames {
			if !fn(f) {
				return
			}
		}
	}
}

// minusInf is before every time.
var minusInf = media.Time(math.Inf(-1))
