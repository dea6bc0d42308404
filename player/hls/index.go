package hls

import (
	"sort"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// index is a manifest.Index over the entries of a playlist, in order of time.
type index struct {
	entries []entry
	// number is what is added to media sequence numbers to get the numbers of segments.
	number    int64
	locations []string
}

// nano converts nanoseconds with one division.
func nano(ns int64) media.Time { return media.FromTicks(ns, uint32(second)) }

// Len implements manifest.Index.
func (x *index) Len() int { return len(x.entries) }

// At implements manifest.Index.
func (x *index) At(i int) manifest.SegmentRef {
	e := &x.entries[i]
	s := manifest.SegmentRef{
		Resource: manifest.Resource{Locations: x.locations, Range: e.rng},
		Number:   e.msn + x.number, Sub: int(e.sub), Start: nano(e.start), Duration: media.Span(nano(e.length)),
		Discontinuity: e.disc, Key: e.key,
		Gap: e.flags&isGap != 0, Dependent: e.flags&isDependent != 0, Hint: e.flags&isHint != 0,
	}
	s.URL, _ = e.base.ResolveURL(e.ref) // what does not resolve is a gap
	if e.init != nil {
		s.Init, s.InitKey = &e.init.Resource, e.init.key
	}
	if e.key != nil {
		if e.key.IV != nil {
			s.IV = *e.key.IV
		} else {
			s.IV = numberIV(e.msn)
		}
	}
	if e.wall != 0 {
		s.Time = time.Unix(0, e.wall).UTC()
	}
	return s
}

// Find implements manifest.Index.
func (x *index) Find(t media.Time) int {
	return sort.Search(len(x.entries), func(i int) bool { return nano(x.entries[i].end()) > t })
}
