package text

import (
	"cmp"
	"hash/fnv"
	"io"
	"reflect"
	"slices"

	"mseplayer/mse/media"
	"mseplayer/player/text/cue"
)

// maxCues bounds a List. Two cues a second for a day are less.
const maxCues = 200_000

// joinGap is how far apart two equal cues may lie that are pieces of one: the grain of the times of WebVTT.
const joinGap = 0.0015

// joinReach is how many cues of the same words, before and after in time, are compared with a new one.
const joinReach = 8

// List holds cues by time. The zero value is empty.
type List struct {
	cues []*cue.Cue // by start, then in order of arrival
	// longest is no less than the length of the longest cue: none that starts earlier than that before t is active at t.
	longest media.Span
	// words has the same cues by what they say, each list by start.
	words map[uint64][]*cue.Cue
}

// Len is how many cues there are.
func (l *List) Len() int { return len(l.cues) }

// Add takes cues; those that have no length are left out. A cue that another one equals, or that goes on where an equal
// one ends, as cues do that reach into the next segment, is joined with it. It returns how many found no room.
func (l *List) Add(cues ...cue.Cue) (dropped int) {
	for i := range cues {
		c := &cues[i]
		if !(c.Start < c.End) {
			continue
		}
		if l.join(c) {
			continue
		}
		if len(l.cues) >= maxCues {
			dropped++
			continue
		}
		l.insert(c)
	}
	return dropped
}

func (l *List) insert(c *cue.Cue) {
	own := *c // not a part of the caller's slice, which would live as long as its longest-lived cue
	l.cues = slices.Insert(l.cues, after(l.cues, c.Start), &own)
	l.index(&own)
}

// index makes a cue known by its words and by its length.
func (l *List) index(c *cue.Cue) {
	if l.words == nil {
		l.words = map[uint64][]*cue.Cue{}
	}
	h := words(c)
	l.words[h] = slices.Insert(l.words[h], after(l.words[h], c.Start), c)
	l.longest = max(l.longest, c.End.Sub(c.Start))
}

// after is the index behind the cues that start at or before start.
func after(cues []*cue.Cue, start media.Time) int {
	at, _ := slices.BinarySearchFunc(cues, start, func(have *cue.Cue, start media.Time) int {
		if have.Start <= start {
			return -1
		}
		return 1
	})
	return at
}

// words is a hash of what a cue says.
func words(c *cue.Cue) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, c.ID)
	for i := range c.Blocks {
		for j := range c.Blocks[i].Spans {
			_, _ = io.WriteString(h, c.Blocks[i].Spans[j].Text)
		}
	}
	return h.Sum64()
}

// join looks for an equal cue that overlaps or touches c, and makes the two one.
func (l *List) join(c *cue.Cue) bool {
	h := words(c)
	like := l.words[h]
	at := after(like, c.Start)
	for i := max(0, at-joinReach); i < min(len(like), at+joinReach); i++ {
		have := like[i]
		if have.End < c.Start-joinGap || have.Start > c.End+joinGap || !same(have, c) {
			continue
		}
		if have.Start <= c.Start && have.End >= c.End {
			return true
		}
		// Two cues of a file that say the same one after the other look like pieces, and may as well be one.
		joined := *have
		joined.Start, joined.End = min(have.Start, c.Start), max(have.End, c.End)
		l.words[h] = slices.Delete(like, i, i+1)
		for j := after(l.cues, have.Start) - 1; j >= 0; j-- {
			if l.cues[j] == have {
				l.cues = slices.Delete(l.cues, j, j+1)
				break
			}
		}
		if !l.join(&joined) {
			l.insert(&joined)
		}
		return true
	}
	return false
}

// same tells whether two cues differ in nothing but their times.
func same(a, b *cue.Cue) bool {
	if a.ID != b.ID || a.Layer != b.Layer || a.Rect != b.Rect || len(a.Blocks) != len(b.Blocks) {
		return false
	}
	x, y := *a, *b
	x.Start, x.End, y.Start, y.End = 0, 0, 0, 0
	if x.Flow != nil && y.Flow != nil {
		if !sameFlow(*x.Flow, *y.Flow) {
			return false
		}
		x.Flow, y.Flow = nil, nil
	}
	return reflect.DeepEqual(&x, &y)
}

// sameFlow compares; a NaN equals a NaN.
func sameFlow(a, b cue.Flow) bool {
	eq := func(x, y float64) bool { return x == y || x != x && y != y }
	return eq(a.Line, b.Line) && eq(a.Position, b.Position) && a.Size == b.Size && a.Snap == b.Snap &&
		a.LineAlign == b.LineAlign && a.PositionAlign == b.PositionAlign && a.Scroll == b.Scroll
}

// first is the index of the first cue that may be active at t.
func (l *List) first(t media.Time) int {
	at, _ := slices.BinarySearchFunc(l.cues, t.Add(-l.longest), func(have *cue.Cue, from media.Time) int {
		return cmp.Compare(have.Start, from)
	})
	return at
}

// RemoveRange forgets the cues that overlap [start, end), whole.
func (l *List) RemoveRange(start, end media.Time) {
	l.cues = slices.DeleteFunc(l.cues, func(c *cue.Cue) bool { return c.Start < end && c.End > start })
	l.longest, l.words = 0, nil
	for _, c := range l.cues {
		l.index(c)
	}
}

// Active appends the cues that are on the screen at t to dst: by layer, then by start, then those that stay longer first,
// then in order of arrival.
//
// HTML §4.8.11.11.1, text track cue order.
func (l *List) Active(dst []*cue.Cue, t media.Time) []*cue.Cue {
	from := len(dst)
	for i := l.first(t); i < len(l.cues) && l.cues[i].Start <= t; i++ {
		if l.cues[i].End > t {
			dst = append(dst, l.cues[i])
		}
	}
	slices.SortStableFunc(dst[from:], func(a, b *cue.Cue) int {
		return cmp.Or(cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End))
	})
	return dst
}

// Next is the first time after t at which the answer of Active changes, and whether there is one.
func (l *List) Next(t media.Time) (media.Time, bool) {
	next := media.Forever
	for i := l.first(t); i < len(l.cues); i++ {
		c := l.cues[i]
		if c.Start > t {
			next = min(next, c.Start)
			break
		}
		if c.End > t {
			next = min(next, c.End)
		}
	}
	return next, next < media.Forever
}
