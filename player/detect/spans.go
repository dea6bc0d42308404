package detect

import "mseplayer/mse/media"

// maxSpans bounds the stretches of time that a detector tells apart.
const maxSpans = 4096

// spans collects stretches of time that last at least as long as they must.
type spans struct {
	list  []media.Range
	open  bool
	since media.Time
}

// from says that a stretch begins at t unless one has begun already.
func (s *spans) from(t media.Time) {
	if !s.open {
		s.open, s.since = true, t
	}
}

// until says that the stretch ends at t if one has begun. It counts when it lasts at least as long as shortest.
func (s *spans) until(t media.Time, shortest media.Span) {
	if s.open && t.Sub(s.since) >= shortest-rounding && len(s.list) < maxSpans {
		s.list = append(s.list, media.Range{Start: s.since, End: t})
	}
	s.open = false
}

// all returns the stretches, with the one that has not ended by end.
func (s *spans) all(end media.Time, shortest media.Span) []media.Range {
	c := spans{list: s.list[:len(s.list):len(s.list)], open: s.open, since: s.since}
	c.until(end, shortest)
	return c.list
}

// now returns the beginning of the stretch that has not ended by end, if it lasts long enough by then.
func (s *spans) now(end media.Time) media.Opt {
	if !s.open || end.Sub(s.since) < Shortest-rounding {
		return media.Opt{}
	}
	return media.Some(s.since)
}

// rounding is what arithmetic with times may be off by.
const rounding media.Span = 1e-6
