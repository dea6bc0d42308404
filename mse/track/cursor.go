package track

import (
	"slices"
	"sort"

	"mseplayer/mse/media"
)

// Item is one frame in reading order. DecodeOnly is set for a frame that the decoder needs but that must not be
// presented: the container says so, or what it shows has been replaced or handed out before. An Item without a
// Frame says that there is nothing to present during Silence, though nothing is missing.
type Item struct {
	Frame      *media.CodedFrame
	DecodeOnly bool
	Silence    media.Range
}

// maxSilence is the longest Silence of one Item.
const maxSilence media.Span = 0.5

// seekSlack is how far before a range the target of a seek may lie and still be in it: applications round times.
const seekSlack media.Span = 1e-6

// Status says why Next returned nothing.
type Status uint8

// The outcomes of Next.
const (
	Ready   Status = iota // an item was returned
	Waiting               // nothing contiguous is stored; there may be more beyond a gap
	AtEnd                 // nothing is stored after what was read
)

// Cursor reads a Buffer in decode order and survives every mutation of it.
//
// When an insert removes frames of the GOP that is being read, they become the cursor's tail and are still handed
// out, up to the first stored random access point that follows what was handed out: a switch of representation
// must not cut the decoder's reference chain, and playback must not run backwards. An application's Remove
// discards the tail, because it asked for that.
type Cursor struct {
	b *Buffer

	blk  *block // where the next frame is; nil when the place was lost or never found
	next int    // index in blk.frames, may be its length
	tail []*media.CodedFrame
	// tailFrom is where the tail began.
	tailFrom media.Time

	target  media.Time // of the last seek
	preroll media.Span // of the last seek
	sought  uint64     // the first coded frame group of which nothing was stored at the last seek
	pending bool       // the seek has not found its place yet
	started bool       // something has been handed out since the last seek
	end     media.Time // highest end of what was handed out for presentation
	high    media.Time // highest presentation time of that
	floor   media.Time // in the current GOP, what ends at or before floor has been handed out from other data
}

// maxTail bounds the frames of a tail.
const maxTail = 4096

// Cursor returns a new reader of the buffer. It must be closed.
func (b *Buffer) Cursor() *Cursor {
	c := &Cursor{b: b, end: minusInf, high: minusInf, floor: minusInf, pending: true}
	b.cursors = append(b.cursors, c)
	return c
}

// Close detaches the cursor from its buffer.
func (c *Cursor) Close() {
	c.b.cursors = slices.DeleteFunc(c.b.cursors, func(x *Cursor) bool { return x == c })
	c.blk, c.tail = nil, nil
}

// Seek makes the random access point at or before t the next frame. While t is not buffered, Next waits for it:
// see Relocate. Where every frame is a random access point, reading starts up to preroll earlier, as far as frames
// adjoin.
func (c *Cursor) Seek(t media.Time, preroll media.Span) {
	*c = Cursor{b: c.b, target: t, preroll: preroll, pending: true, end: minusInf, high: minusInf, floor: minusInf, sought: c.b.group}
	if c.b.count > 0 {
		c.sought++
	}
}

// Located reports whether the place of the last Seek has been found.
func (c *Cursor) Located() bool { return !c.pending }

// Relocate looks for the place of a pending seek. allowance lets a range that starts up to that much after the
// target serve it. With fresh only a range that begins with frames of a coded frame group begun after the Seek may do
// so: what was there before says nothing about what is still to come for the target. It reports whether the place is
// known.
func (c *Cursor) Relocate(allowance media.Span, fresh bool) bool {
	if !c.pending {
		return true
	}
	t := c.target
	r, ok := c.b.View().Find(t)
	if !ok {
		r, ok = c.b.View().Next(t)
		if !ok || r.Start.Sub(t) > allowance {
			return false
		}
		fresh = fresh && r.Start.Sub(t) > seekSlack
		t = r.Start
		if blk := c.b.blocks.floor(t); fresh && blk != nil && blk.group < c.sought {
			return false
		}
	}
	if c.b.blocks.first == nil { // there is nothing, and nothing is missing
		c.pending, c.started, c.end = false, true, t
		return true
	}
	c.place(t, r.Start)
	return !c.pending
}

// place moves to the last random access point at or before t that belongs to the range starting at start.
func (c *Cursor) place(t, start media.Time) {
	blk := c.b.blocks.floor(t)
	switch {
	case blk == nil:
		blk = c.b.blocks.first
	case blk.maxEnd <= start && blk.minPTS < start:
		blk = blk.next // the range begins with pictures that precede their random access point
	}
	if blk == nil {
		return
	}
	c.blk, c.next, c.pending = blk, 0, false
	if c.blk.run {
		k := c.blk.after(t)
		c.next = max(k-1, 0)
		c.stepBack(t.Add(-c.preroll))
	}
}

// stepBack moves the start of reading back to the frame that contains t, over runs of adjoining frames.
func (c *Cursor) stepBack(t media.Time) {
	for f := c.blk.frames[c.next]; f.PTS > t; {
		blk, k := c.blk, c.next-1
		if k < 0 {
			if blk = blk.prev; blk == nil || !blk.run {
				return
			}
			k = len(blk.frames) - 1
		}
		g := blk.frames[k]
		if f.PTS.Sub(g.End()) > c.b.Tolerance() {
			return
		}
		c.blk, c.next, f = blk, k, g
	}
}

// SkipGap lets the next frame follow a gap: reading goes on with whatever is stored next.
func (c *Cursor) SkipGap() {
	if c.blk == nil {
		from := c.end
		if c.pending {
			from = c.target
		}
		blk := c.b.blocks.after(from)
		if blk == nil {
			return
		}
		c.blk, c.next, c.pending = blk, 0, false
	}
	c.target, c.end, c.high, c.started = c.end, minusInf, minusInf, false
}

// Reprime makes reading go on as for a decoder that has lost its state: what follows is preceded by its random access
// point and everything it refers to, decode-only.
func (c *Cursor) Reprime() {
	if c.started {
		c.blk, c.next, c.tail = nil, 0, nil
	}
}

// SkipTo jumps forward to a random access point, to catch up with t: to the first one at or after t if there is one
// before limit, otherwise to the last one before t. It moves only forward and only within what adjoins, and returns
// how many presented frames it passed over.
func (c *Cursor) SkipTo(t, limit media.Time) (skipped int) {
	if c.pending || c.blk == nil {
		return 0
	}
	b := c.b
	to, ok := b.NextRAP(t)
	if !ok || to > limit {
		if to, ok = b.PrevRAP(t); !ok {
			return 0
		}
	}
	if r, ok := b.View().Find(to); !ok || c.started && r.Start > c.end.Add(b.Tolerance()) {
		return 0 // behind a gap
	}
	blk, k := b.blocks.floor(to), 0
	if blk.run {
		k = blk.from(to)
	}
	if blk == c.blk && k <= c.next || blk != c.blk && blk.key <= c.blk.key {
		return 0
	}
	count := func(frames []*media.CodedFrame) {
		for _, f := range frames {
			if !f.DecodeOnly {
				skipped++
			}
		}
	}
	if blk == c.blk {
		count(blk.frames[c.next:k])
	} else {
		count(c.blk.frames[c.next:])
		for x := c.blk.next; x != blk; x = x.next {
			count(x.frames)
		}
		count(blk.frames[:k])
	}
	c.blk, c.next, c.tail, c.floor = blk, k, nil, minusInf
	c.end, c.high = max(c.end, to), max(c.high, to)
	return skipped
}

// Next returns the next frame in decode order, or why there is none. It waits at a gap larger than the buffer's
// tolerance.
func (c *Cursor) Next() (Item, Status) {
	if c.pending {
		return Item{}, Waiting
	}
	for {
		if blk := c.blk; blk != nil && c.next < len(blk.frames) {
			it, pts, end := Item{Frame: blk.first}, blk.key, blk.firstEnd
			if c.next > 0 || blk.led {
				f := blk.frames[c.next]
				it, pts, end = Item{Frame: f, DecodeOnly: f.DecodeOnly}, f.PTS, f.End()
			}
			if blk.run && c.gap(pts) {
				return c.silence(pts, Waiting)
			}
			ok := pts < blk.until
			if !ok {
				it, ok = take(blk.frames[c.next:], c.nextKey())
			}
			if ok {
				c.next++
				return c.hand(it, pts, end), Ready
			}
			c.next = len(blk.frames) // what remains of the GOP has been replaced
		}
		if len(c.tail) > 0 {
			it, ok := take(c.tail, c.switchKey())
			if ok {
				c.tail = c.tail[1:]
				return c.hand(it, it.Frame.PTS, it.Frame.End()), Ready
			}
			c.tail = nil
		}
		if pts, s := c.enter(); s != Ready {
			return c.silence(pts, s)
		}
	}
}

// silence tells that there is nothing to present from what was handed out until a frame at pts, as far as that is
// known; otherwise it returns s.
func (c *Cursor) silence(pts media.Time, s Status) (Item, Status) {
	if !c.started {
		return Item{}, s
	}
	r, ok := c.b.covered.all.Find(c.end)
	if !ok {
		r, ok = c.b.covered.all.Next(c.end)
		ok = ok && r.Start.Sub(c.end) <= c.b.Tolerance()
	}
	if !ok && c.b.spans(c.end, pts, c.b.Tolerance()) {
		r, ok = media.Range{Start: c.end, End: pts}, true
	}
	if !ok {
		return Item{}, s
	}
	end := min(r.End, pts, c.end.Add(maxSilence))
	if end.Sub(c.end) <= 0 {
		return Item{}, s
	}
	it := Item{Silence: media.Range{Start: c.end, End: end}}
	c.end = end
	return it, Ready
}

// take returns the first of frames, which are what remains of one GOP in decode order, unless other data that
// starts at key replaces all of them. A replaced frame is still needed when an earlier one follows it.
func take(frames []*media.CodedFrame, key media.Time) (Item, bool) {
	f := frames[0]
	if f.PTS < key {
		return Item{Frame: f, DecodeOnly: f.DecodeOnly}, true
	}
	needed := slices.ContainsFunc(frames[1:], func(g *media.CodedFrame) bool { return g.PTS < key && !g.DecodeOnly })
	return Item{Frame: f, DecodeOnly: true}, needed
}

// gap reports whether a frame at pts does not adjoin what was handed out.
func (c *Cursor) gap(pts media.Time) bool { return c.started && pts.Sub(c.end) > c.b.Tolerance() }

// nextKey is the start of the data that follows the current GOP and did not come with it, Forever if none does:
// within one coded frame group nothing replaces anything, whatever the time stamps say.
func (c *Cursor) nextKey() media.Time {
	if c.blk.run {
		return media.Forever // frames of a run are in order and independent
	}
	if n := c.blk.next; n != nil && n.group != c.blk.group {
		return n.key
	}
	return media.Forever
}

// switchKey is where a tail ends: the first stored random access point that neither the tail's beginning nor what
// had been handed out then lies after.
func (c *Cursor) switchKey() media.Time {
	if k, ok := c.b.NextRAP(c.tailFrom.Add(-Slack(c.tailFrom))); ok {
		return k
	}
	return media.Forever
}

// enter moves to the GOP that follows what was handed out. If it cannot, it tells when that GOP starts.
func (c *Cursor) enter() (media.Time, Status) {
	b := c.b
	if c.blk != nil {
		next := c.blk.next
		if next == nil {
			return media.Forever, AtEnd
		}
		if pts := next.minPTS; c.gap(pts) {
			return pts, Waiting
		}
		floor := minusInf
		if next.group != c.blk.group && next.minPTS < c.end && c.started {
			floor = c.end.Add(Slack(c.end)) // it replaces what has been handed out already
		}
		c.blk, c.next, c.floor = next, 0, floor
		return 0, Ready
	}
	// The place was lost: find the GOP that presents what comes after end.
	t := c.end.Add(Slack(c.end))
	blk, k := b.blocks.floor(t), 0
	switch {
	case blk == nil:
		blk = b.blocks.first
	case blk.maxEnd <= t:
		blk = blk.next
	}
	if blk == nil {
		return media.Forever, AtEnd
	}
	first := blk.minPTS
	if blk.run {
		// The block ends after t, so there is such a frame.
		k = sort.Search(len(blk.frames)-1, func(i int) bool { return blk.frames[i].End() > t })
		first = blk.frames[k].PTS
	}
	if c.gap(first) {
		return first, Waiting
	}
	c.blk, c.next, c.floor = blk, k, minusInf
	if blk.key < c.end {
		c.floor = t
	}
	return 0, Ready
}

// hand notes what goes out: a frame that is presented from pts to end.
func (c *Cursor) hand(it Item, pts, end media.Time) Item {
	if f := it.Frame; end <= c.floor && (pts <= c.high || f.Config == nil || f.Config.Kind != media.Video) {
		it.DecodeOnly = true // but a picture that begins while the last one is shown takes its place on the screen
	}
	if it.DecodeOnly {
		return it
	}
	c.end, c.high = max(c.end, end), max(c.high, pts)
	c.started = true
	return it
}

// beforeCut is told that frames [a, z) of blk are about to go.
func (c *Cursor) beforeCut(blk *block, a, z int, keepTail bool) {
	if c.blk != blk {
		// The next GOPs of what is being read go the same way as its rest.
		if n := len(c.tail); n > 0 && keepTail && a == 0 && n+z <= maxTail && blk.minPTS >= c.tail[0].PTS {
			c.tail = append(c.tail, blk.frames[:z]...)
		}
		return
	}
	if z <= c.next {
		c.next -= z - a
		return
	}
	if keepTail && !blk.run && c.next > 0 {
		// A later cut of the same GOP takes frames that come before those taken already.
		c.tail = append(slices.Clone(blk.frames[max(a, c.next):z]), c.tail...)
		c.tailFrom = media.Forever
		for _, f := range c.tail {
			c.tailFrom = min(c.tailFrom, f.PTS)
		}
		c.tailFrom = max(c.tailFrom, c.high)
	}
	if a <= c.next {
		c.lose()
	}
}

// lose forgets the place but not how far reading came.
func (c *Cursor) lose() {
	c.blk, c.next = nil, 0
	if !c.started {
		c.pending = true
	}
}

// blockGone is told that blk is no longer stored.
func (c *Cursor) blockGone(blk *block) {
	if c.blk == blk {
		c.lose()
	}
}

// dropTail forgets the kept frames from start on.
func (c *Cursor) dropTail(start media.Time) {
	if i := slices.IndexFunc(c.tail, func(f *media.CodedFrame) bool { return f.PTS >= start }); i >= 0 {
		c.tail = c.tail[:i]
	}
}
