package hls

import (
	"slices"
	"sort"
	"sync"
)

// timeline puts the playlists of one presentation on a common time line. A complete playlist begins at 0. Of those
// that grow, the first one that is loaded begins at 0, and all others are placed by what they have in common with it.
type timeline struct {
	mu sync.Mutex
	// guarded by mu
	wall    int64       // wall time of time 0, 0 when not known
	refs    []reference // of every playlist that has been placed since one was that grows; the first is the anchor
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

// place says where a playlist begins that has not been loaded before; guessed is set when nothing but its end tells.
func (t *timeline) place(segments []entry, total int64, growing bool) (start int64, guessed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.refs) == 0 {
		return 0, false
	}
	if wall, ok := wallOf(segments); ok && t.wall != 0 {
		return wall - t.wall, false
	}
	for _, r := range t.refs {
		if a, b := common(r.segments, segments); a != nil && b != nil {
			return a.start - b.start, false
		}
	}
	if !growing {
		return 0, false
	}
	return t.refs[0].end - total, true
}

// placed remembers a playlist that has its place.
func (t *timeline) placed(p *playlist, segments []entry, end int64, growing bool, reports []report) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.refs, func(r reference) bool { return r.of == p })
	switch {
	case i >= 0:
		t.refs[i].segments, t.refs[i].end = segments, end
	case growing || len(t.refs) > 0:
		t.refs = append(t.refs, reference{p, segments, end})
	}
	if wall, ok := wallOf(segments); ok && t.wall == 0 && len(t.refs) > 0 {
		t.wall = wall
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
