// Package plan decides what to fetch and in which order: which representations of a presentation are played, and for
// each kind of track the row of initialization and media segments, period by period, with the times and offsets that
// appending them needs. Playback and the checker use the same plan, so what passes the one plays in the other.
//
// [Select] chooses; a [Track] walks. A Track asks for bytes only where the list of segments lies in the media file,
// through the manifest.Getter it is given; everything else is arithmetic.
//
// # Ownership
//
// Items point into the presentation, which is immutable. A Track owns its position and the lists it has loaded.
//
// # Concurrency
//
// Select is a pure function. A Track belongs to one goroutine; two tracks share nothing.
//
// # Errors
//
// Select fails when nothing can be played, with the reasons on one line, or when a track that was asked for does not
// exist. Track.Next returns the getter's error when a list could not be loaded, and may be called again.
package plan

import (
	"fmt"
	"io"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

const (
	// windowTolerance widens the append window at its start, in seconds: authors round the times of periods to
	// milliseconds, and a frame that begins a rounding error before its period would take its whole group with it.
	windowTolerance = 1e-3
	// windowOverrun widens the append window at its end: the last picture and the last sound of a period rarely end when
	// the period does, and what follows replaces what is too much.
	windowOverrun = 0.1
	// alignTolerance is how far segments of two representations may be out of line, in seconds: a switch goes on
	// with the segment that begins within it of the end of the last one.
	alignTolerance = 0.1
	// seekTolerance is what arithmetic with the times of segments may round, in seconds.
	seekTolerance = 1e-6
)

// Choice is what is played of one kind in one period.
type Choice struct {
	Period *manifest.Period
	Set    *manifest.AdaptationSet
	// Representations are those that can be played, at least one, in ascending order of bandwidth. Playback begins
	// with the first.
	Representations []*manifest.Representation
}

// Item is one segment to fetch and append.
type Item struct {
	// Init marks an initialization segment; the fields from Index to Duration are then those of the media segment
	// that follows.
	Init           bool
	Period         *manifest.Period
	Set            *manifest.AdaptationSet
	Representation *manifest.Representation
	// Index is the position in the representation's list, Number what the manifest counts.
	Index  int
	Number int64
	manifest.Resource
	// Start and Duration say when the segment is presented, as far as the manifest knows.
	Start    media.Time
	Duration media.Span
	// TimestampOffset puts the segment's own times on the presentation timeline.
	TimestampOffset media.Span
	// Window is the period; no frame outside it belongs to the presentation.
	Window media.Range
}

// End returns Start + Duration.
func (it Item) End() media.Time { return it.Start.Add(it.Duration) }

// AppendWindow returns the window to set on a source buffer: the period, a little wider.
func (it Item) AppendWindow() media.Range {
	return media.Range{Start: max(0, it.Window.Start-windowTolerance), End: it.Window.End + windowOverrun}
}

// Track walks over the segments of one kind of content.
type Track struct {
	choices []Choice
	loaded  map[*manifest.Representation]*loaded

	period int                      // index in choices; len(choices) at the end
	rep    *manifest.Representation // of the current period
	inited *manifest.Representation // whose initialization segment was given last
	at     media.Time               // where to go on, on the presentation timeline
	slack  media.Span               // a segment that ends no later than this after at is not worth fetching
	next   int                      // index of the next segment in rep, valid if placed
	placed bool
}

// loaded is a list of segments that is ready.
type loaded struct {
	init  *manifest.Resource
	index manifest.Index
}

// NewTrack makes a track of choices in the order of their periods. It begins at the beginning.
func NewTrack(choices ...Choice) *Track {
	t := &Track{choices: choices, loaded: map[*manifest.Representation]*loaded{}}
	t.enter(0)
	return t
}

// Choices returns what the track was made of.
func (t *Track) Choices() []Choice { return t.choices }

// Current returns the representation that the next segment will be of, nil at the end.
func (t *Track) Current() *manifest.Representation {
	if t.period >= len(t.choices) {
		return nil
	}
	return t.rep
}

// enter goes to the beginning of a period, staying with a representation of the same name where there is one.
func (t *Track) enter(period int) {
	t.period, t.placed = period, false
	if period >= len(t.choices) {
		return
	}
	c := t.choices[period]
	t.at, t.slack = c.Period.Start, windowTolerance
	last := t.rep
	t.rep = c.Representations[0]
	if last == nil {
		return
	}
	for _, r := range c.Representations {
		if r == last || r.ID == last.ID && r.Bandwidth == last.Bandwidth {
			t.rep = r
			return
		}
	}
}

// Seek moves to a point on the presentation timeline: Next gives the segment that contains at, or the first one after
// it, and before it the initialization segment unless that was the last one given.
func (t *Track) Seek(at media.Time) {
	period := 0
	for i, c := range t.choices {
		if c.Period.Start <= at {
			period = i
		}
	}
	if len(t.choices) > 0 && t.choices[period].Period.Window().End <= at && period+1 < len(t.choices) {
		period++ // a hole between two periods
	}
	if period != t.period || t.rep == nil {
		t.enter(period)
	}
	if period < len(t.choices) {
		t.at, t.slack = max(at, t.choices[period].Period.Start), seekTolerance
	}
	t.placed = false
}

// Use goes on with another representation of the current period; the next segment is the one that follows what was
// given last. It reports false, and changes nothing, when r is not among the period's choices.
func (t *Track) Use(r *manifest.Representation) bool {
	if t.period >= len(t.choices) {
		return false
	}
	for _, c := range t.choices[t.period].Representations {
		if c == r {
			if r != t.rep {
				t.rep, t.slack, t.placed = r, alignTolerance, false
			}
			return true
		}
	}
	return false
}

// Next returns the next segment to append. When a list of segments must be read from the media file, it asks get for
// it, which may block; when that fails, the error names the track and the next call tries again. It returns io.EOF at
// the end.
func (t *Track) Next(get manifest.Getter) (Item, error) {
	for t.period < len(t.choices) {
		c := t.choices[t.period]
		l, err := t.load(t.rep, get)
		if err != nil {
			return Item{}, err
		}
		if !t.placed {
			t.place(l.index)
		}
		if t.next >= l.index.Len() {
			t.enter(t.period + 1)
			continue
		}
		s := l.index.At(t.next)
		window := c.Period.Window()
		if s.Start >= window.End-windowTolerance {
			t.enter(t.period + 1)
			continue
		}
		it := Item{Period: c.Period, Set: c.Set, Representation: t.rep, Index: t.next, Number: s.Number, Resource: s.Resource,
			Start: s.Start, Duration: s.Duration, TimestampOffset: t.rep.TimestampOffset(c.Period), Window: window}
		if t.inited != t.rep {
			t.inited = t.rep
			if l.init != nil {
				it.Init, it.Resource = true, *l.init
				return it, nil
			}
		}
		t.next++
		t.at = s.End()
		return it, nil
	}
	return Item{}, io.EOF
}

// place finds the segment to go on with at t.at.
func (t *Track) place(x manifest.Index) {
	t.placed = true
	t.next = x.Find(t.at)
	if t.next == x.Len() {
		return
	}
	if s := x.At(t.next); s.Start < t.at && s.End().Sub(t.at) <= min(t.slack, s.Duration/2) {
		t.next++
	}
}

// load returns the list of segments of r.
func (t *Track) load(r *manifest.Representation, get manifest.Getter) (*loaded, error) {
	if l := t.loaded[r]; l != nil {
		return l, nil
	}
	l := &loaded{init: r.Init, index: r.Segments}
	switch {
	case r.Segments != nil:
	case r.Lazy == nil:
		return nil, fmt.Errorf("plan: %s: %s", r.TrackID, r.Unusable)
	default:
		list, err := r.Lazy.Load(get)
		if err != nil {
			return nil, fmt.Errorf("plan: %s: list of segments: %w", r.TrackID, err)
		}
		l.init, l.index = list.Init, list.Index
	}
	t.loaded[r] = l
	return l, nil
}

// End returns when the last segment of the track ends, which is the presentation's duration when the manifest does not
// tell it. It loads the last period's list if it must.
func (t *Track) End(get manifest.Getter) (media.Time, error) {
	if len(t.choices) == 0 {
		return 0, nil
	}
	c := t.choices[len(t.choices)-1]
	if c.Period.End.Set {
		return c.Period.End.T, nil
	}
	r := c.Representations[0]
	if t.period == len(t.choices)-1 {
		r = t.rep
	}
	l, err := t.load(r, get)
	if err != nil {
		return 0, err
	}
	if n := l.index.Len(); n > 0 {
		return l.index.At(n - 1).End(), nil
	}
	return c.Period.Start, nil
}
