package hls

import (
	"slices"
	"sort"
	"sync"
)

// timeline puts the playlists of one presentation on a common time line. A complete playlist begins at 0. Of those
// that grow, the first one that is loaded begins at 0, and all others are placed by what they have in common with those
// that were placed before.
type timeline struct {
	independent bool // immutable: the multivariant playlist says so of all segments

	mu sync.Mutex
	// guarded by mu
	wall    int64       // wall time of time 0, 0 when not known
	refs    []reference // of every playlist that has been placed since one was that grows, the latest first
	reports map[string]report
}

// reference is a playlist as it was placed last.
type reference struct {
	of       *playlist
	segments []entry
	end      int64
}

// wallOf returns the wall time of where entries would begin, from the first that has a date.
func wallOf(entries []entry) (wall int64, ok bool) {
	for i := range entries {
		if entries[i].wall != 0 {
			return entries[i].wall - entries[i].start, true
		}
	}
	return 0, false
}

// numbered returns the first entry of a media sequence number, nil if there is none.
func numbered(entries []entry, msn int64) *entry {
	i := sort.Search(len(entries), func(i int) bool { return entries[i].msn >= msn })
	if i < len(entries) && entries[i].msn == msn {
		return &entries[i]
	}
	return nil
}

// common returns the first entries of the same number in both.
func common(a, b []entry) (x, y *entry) {
	if len(a) == 0 || len(b) == 0 {
		return nil, nil
	}
	msn := max(a[0].msn, b[0].msn)
	return numbered(a, msn), numbered(b, msn)
}

// evidence is what the place of a playlist was found by.
type evidence uint8

const (
	nothing  evidence = iota // there is nothing to go by: the presentation begins here
	guessed                  // its end is that of another one
	byDate                   // dates
	byNumber                 // media sequence numbers
)

// place says where a playlist begins that has nothing in common with what p was before, and what is to be added to its
// numbers of discontinuities. numbers says that its media sequence numbers are those of the other playlists.
func (t *timeline) place(p *playlist, m *mediaPlaylist, numbers bool) (start, disc int64, by evidence) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.refs) == 0 {
		return 0, 0, nothing
	}
	if wall, ok := wallOf(m.segments); ok {
		if start, ok = t.at(wall); ok {
			return start, 0, byDate
		}
	}
	for _, r := range t.refs {
		if !numbers || r.of == p {
			continue
		}
		if a, b := common(r.segments, m.segments); a != nil && b != nil {
			if !m.hasDiscNumber {
				disc = a.disc - b.disc
			}
			return a.start - b.start, disc, byNumber
		}
	}
	if m.complete() {
		return 0, 0, nothing
	}
	return t.refs[0].end - m.total, 0, guessed
}

// at returns the time of a wall time: by the segment of another playlist that it falls into, else by the latest one
// that has a date, so that a clock that drifts against the lengths of segments does not matter.
func (t *timeline) at(wall int64) (int64, bool) {
	var near *entry
	for _, r := range t.refs {
		for i := len(r.segments) - 1; i >= 0; i-- {
			e := &r.segments[i]
			if e.wall == 0 {
				continue
			}
			if wall >= e.wall && wall < e.wall+e.length {
				return e.start + wall - e.wall, true
			}
			if near == nil {
				near = e
			}
		}
	}
	if near == nil {
		return 0, false
	}
	return near.start + wall - near.wall, true
}

// placed remembers a playlist that has its place.
func (t *timeline) placed(p *playlist, segments []entry, end int64, growing bool, reports []report) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if growing || len(t.refs) > 0 {
		t.refs = slices.DeleteFunc(t.refs, func(r reference) bool { return r.of == p })
		t.refs = slices.Insert(t.refs, 0, reference{p, segments, end})
		if wall, ok := wallOf(segments); ok && t.wall == 0 {
			t.wall = wall
		}
	}
	for _, r := range reports {
		if t.reports == nil {
			t.reports = map[string]report{}
		}
		if _, known := t.reports[r.url]; known || len(t.reports) < maxReports {
			t.reports[r.url] = r
		}
	}
}

// zero returns the wall time of time 0, 0 when not known.
func (t *timeline) zero() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.wall
}

// reported returns what other playlists said of the one at url.
func (t *timeline) reported(url string) (report, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, ok := t.reports[url]
	return r, ok
}
