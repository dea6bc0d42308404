// Package plan decides what to fetch and in which order: which representations of a presentation are played, and for
// each kind of track the row of initialization and media segments, period by period, with the times and offsets that
// appending them needs. Playback and the checker use the same plan, so what passes the one plays in the other.
//
// [Select] chooses; a [Track] walks. A Track asks for bytes only where the list of segments is not in the manifest,
// through the manifest.Getter it is given; everything else is arithmetic. It has no clock: what the time is at the server
// is an argument, and where the next segment is not there yet the answer is a [*Wait].
//
// A presentation that grows is a row of presentations: select from each, and [Track.Update] the tracks that are walking.
// A list of segments that grows is loaded again when it is time for that.
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
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
	"time"

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
	// minReload is the least time between two loads of a list, so that a server that promises to answer when there is
	// something new, and does not keep it, is not asked without end.
	minReload = 50 * time.Millisecond
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
	// Discontinuity numbers the stretch of continuous times that the segment belongs to.
	Discontinuity int64
	// Key is set when the segment is encrypted under the playlist's rules, with IV as the vector.
	Key *manifest.Key
	IV  [16]byte
	// InitKey is set when the initialization segment is encrypted as a whole.
	InitKey *manifest.Key
	// MIMEType is what the segment is, without parameters.
	MIMEType string
	// Gap marks a segment that does not exist: it is not to be fetched, and nothing fills its time.
	Gap bool
	// Hint marks one that is announced: that it cannot be had is no fault.
	Hint bool
	// Picture marks one that is listed for its first picture, to be shown from Start to the end, and may end anywhere behind
	// it.
	Picture bool
}

// Wait is the error of Next while there is nothing to give yet.
type Wait struct {
	// Until is when to ask again, by the clock that Next was told the time of. The zero time says that only a later
	// version of the presentation can bring more.
	Until time.Time
}

// Error says what is waited for.
func (w *Wait) Error() string {
	if w.Until.IsZero() {
		return "plan: the next segment is not known yet"
	}
	return "plan: the next segment comes at " + w.Until.UTC().Format(time.RFC3339Nano)
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
	live    *manifest.Live // of the presentation
	ends    bool           // nothing comes behind the last period, even though the presentation is live
	lists   map[string]*list

	period int                      // index in choices; len(choices) at the end
	rep    *manifest.Representation // of the current period
	begun  string                   // the TrackID of whose segments were given last
	inited manifest.Resource        // the initialization segment that was given last, zero for none
	at     media.Time               // where to go on, on the presentation timeline
	slack  media.Span               // a segment that ends no later than this after at is not worth fetching
	next   int                      // index of the next segment in rep, valid if placed
	placed bool
	sought bool                // at was asked for, and no segment has been given since
	hint   manifest.SegmentRef // what was given last, if it was announced only
}

// list is a list of segments that is ready.
type list struct {
	*manifest.List
	of   *manifest.Representation // for one that is in the manifest
	lazy manifest.Lazy            // for one that had to be loaded
	due  time.Time                // when to load it again, if it grows
	// renew asks for it to be loaded again although it may not grow.
	renew bool
}

// NewTrack makes a track of choices in the order of their periods. It begins at the beginning.
func NewTrack(choices ...Choice) *Track {
	t := &Track{choices: choices, lists: map[string]*list{}}
	t.enter(0)
	return t
}

// Watch makes a track of one choice of a presentation that may still grow. Where only lists of segments grow, they say
// themselves when they end.
func Watch(p *manifest.Presentation, c Choice) *Track {
	t := NewTrack(c)
	if p.Format != manifest.HLS {
		t.live, t.ends = p.Live, p.Duration.Set
	}
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

// Rungs returns the representations of the current period that [Track.Use] takes, in ascending order of bandwidth, nil at
// the end.
func (t *Track) Rungs() []*manifest.Representation {
	if t.period >= len(t.choices) {
		return nil
	}
	return t.choices[t.period].Representations
}

// Live returns what the manifest, or the list of segments that was loaded last, says about time; nil when everything is
// there.
func (t *Track) Live() *manifest.Live {
	if t.live == nil && t.period < len(t.choices) {
		if l := t.lists[t.rep.TrackID]; l != nil && l.Growing {
			return l.Live
		}
	}
	return t.live
}

// enter goes to the beginning of a period, staying with a representation of the same name where there is one.
func (t *Track) enter(period int) {
	t.period, t.placed = period, false
	if period >= len(t.choices) {
		return
	}
	t.at, t.slack, t.hint = t.choices[period].Period.Start, windowTolerance, manifest.SegmentRef{}
	t.sought = false
	t.resume(false)
}

// resume finds the representation of the current period that continues the one before: one of the same name; with
// nearest the closest in bandwidth, otherwise the first one.
func (t *Track) resume(nearest bool) {
	reps, last := t.choices[t.period].Representations, t.rep
	t.rep = reps[0]
	if last == nil {
		return
	}
	if nearest {
		t.rep = closest(reps, last)
		return
	}
	if i := slices.IndexFunc(reps, func(r *manifest.Representation) bool {
		return r == last || r.ID == last.ID && r.Bandwidth == last.Bandwidth
	}); i >= 0 {
		t.rep = reps[i]
	}
}

// Update goes on with what next lists, the same track of a later version of the presentation. The position is kept by
// time, the representation by name.
func (t *Track) Update(next *Track) {
	over := t.period >= len(t.choices)
	id := ""
	if !over {
		id = t.choices[t.period].Period.ID
	}
	t.choices, t.live, t.ends = next.choices, next.live, next.ends
	maps.DeleteFunc(t.lists, func(id string, _ *list) bool {
		return !slices.ContainsFunc(t.choices, func(c Choice) bool {
			return slices.ContainsFunc(c.Representations, func(r *manifest.Representation) bool { return r.TrackID == id })
		})
	})
	if len(t.choices) == 0 {
		t.period = 0
		return
	}
	if i := slices.IndexFunc(t.choices, func(c Choice) bool { return c.Period.ID == id }); i >= 0 && !over {
		t.period = i
	} else {
		t.period = t.periodAt(t.at)
	}
	t.resume(true)
	t.realign()
}

// realign finds the place anew in segments that may be out of line with those before: there is no need for one of which a
// little is missing only, unless at is where playback is to begin.
func (t *Track) realign() {
	t.placed = false
	if !t.sought {
		t.slack = alignTolerance
	}
}

// periodAt returns the index of the period of a point in time, or of the first one after it.
func (t *Track) periodAt(at media.Time) int {
	period := 0
	for i, c := range t.choices {
		if c.Period.Start <= at {
			period = i
		}
	}
	if period+1 < len(t.choices) && t.choices[period].Period.Window().End <= at {
		period++ // a hole between two periods
	}
	return period
}

// Seek moves to a point on the presentation timeline: Next gives the segment that contains at, or the first one after
// it, and before it the initialization segment unless that was the last one given.
func (t *Track) Seek(at media.Time) {
	if len(t.choices) == 0 {
		return
	}
	if period := t.periodAt(at); period != t.period || t.rep == nil {
		t.enter(period)
	}
	t.at, t.slack = max(at, t.choices[t.period].Period.Start), seekTolerance
	t.placed, t.sought, t.hint = false, true, manifest.SegmentRef{}
}

// Continue goes on at a point in time up to which media has been had already: of a segment that ends a little later there is no need.
func (t *Track) Continue(at media.Time) {
	t.Seek(at.Add(windowTolerance))
	t.sought = false
}

// Begin returns where the list of segments that was loaded last asks playback to begin, nil for nowhere.
func (t *Track) Begin() *manifest.Begin {
	if t.period < len(t.choices) {
		if l := t.lists[t.rep.TrackID]; l != nil {
			return l.Begin
		}
	}
	return nil
}

// Events returns the timed events of the list of segments that was loaded last.
func (t *Track) Events() []manifest.Event {
	if t.period < len(t.choices) {
		if l := t.lists[t.rep.TrackID]; l != nil {
			return l.Events
		}
	}
	return nil
}

// Findings returns what was found while the list of segments that was loaded last was read.
func (t *Track) Findings() []manifest.Finding {
	if t.period < len(t.choices) {
		if l := t.lists[t.rep.TrackID]; l != nil {
			return l.Findings
		}
	}
	return nil
}

// Forget makes Next give the initialization segment again, for a source buffer that has lost it.
func (t *Track) Forget() { t.begun, t.inited = "", manifest.Resource{} }

// Use goes on with another representation of the current period; the next segment is the one that follows what was
// given last. It reports false, and changes nothing, when r is not among the period's choices.
func (t *Track) Use(r *manifest.Representation) bool {
	if !slices.Contains(t.Rungs(), r) {
		return false
	}
	if r != t.rep {
		t.rep = r
		t.realign()
	}
	return true
}

// Around goes on with another representation of the current period that has what gap, which Next has just given, lacks: the
// closest in bandwidth whose segment for that time is there. It reports false, and changes nothing, when none has it.
// Lists of segments that are not known are asked for; one that cannot be had does not count.
// RFC 8216bis §4.4.4.7.
func (t *Track) Around(gap Item, now time.Time, get manifest.Getter) bool {
	reps := slices.Clone(t.Rungs())
	distance := func(r *manifest.Representation) int64 {
		return max(r.Bandwidth-gap.Representation.Bandwidth, gap.Representation.Bandwidth-r.Bandwidth)
	}
	slices.SortStableFunc(reps, func(a, b *manifest.Representation) int { return cmp.Compare(distance(a), distance(b)) })
	for _, r := range reps {
		if r == t.rep {
			continue
		}
		l, err := t.load(r, now, get)
		if err != nil {
			continue
		}
		i := l.Index.Find(gap.Start.Add(min(alignTolerance, gap.Duration/2)))
		if i == l.Index.Len() {
			continue
		}
		if s := l.Index.At(i); !s.Gap && !s.Available.After(now) && s.Start.Sub(gap.Start).Abs() <= alignTolerance {
			t.rep, t.at, t.slack, t.placed, t.hint = r, gap.Start, alignTolerance, false, manifest.SegmentRef{}
			return true
		}
	}
	return false
}

// Next returns the next segment to append, now being the time at the server. When a list of segments must be loaded, it
// asks get for it, which may block; when that fails, the error names the track and the next call tries again. It returns
// a *Wait while the next segment is not there yet, and io.EOF at the end.
func (t *Track) Next(now time.Time, get manifest.Getter) (Item, error) {
	for t.period < len(t.choices) {
		c := t.choices[t.period]
		l, err := t.load(t.rep, now, get)
		if err != nil {
			return Item{}, err
		}
		if !t.placed {
			t.place(l.Index)
		}
		window := c.Period.Window()
		var s manifest.SegmentRef
		more := t.next < l.Index.Len()
		if more {
			s = l.Index.At(t.next)
		}
		switch {
		case !more && l.Growing:
			if l.due.After(now) {
				return Item{}, &Wait{l.due}
			}
			if err := t.reload(t.rep, l, now, get); err != nil {
				return Item{}, err
			}
			continue
		case !more && !c.Period.End.Set && t.period == len(t.choices)-1 && t.live != nil:
			return Item{}, &Wait{} // the period goes on
		case !more || s.Start >= window.End-windowTolerance:
			if t.period == len(t.choices)-1 && t.live != nil && !t.ends {
				return Item{}, &Wait{} // another period follows
			}
			t.enter(t.period + 1)
			continue
		case s.Available.After(now):
			return Item{}, &Wait{s.Available}
		}
		it := Item{Period: c.Period, Set: c.Set, Representation: t.rep, Index: t.next, Number: s.Number, Resource: s.Resource,
			Start: s.Start, Duration: s.Duration, TimestampOffset: t.rep.TimestampOffset(c.Period), Window: window,
			Discontinuity: s.Discontinuity, Key: s.Key, IV: s.IV, InitKey: s.InitKey, MIMEType: t.rep.MIMEType, Gap: s.Gap, Hint: s.Hint, Picture: l.Pictures}
		if l.MIMEType != "" {
			it.MIMEType = l.MIMEType
		}
		init := s.Init
		if init == nil {
			init = l.Init
		}
		if init == nil {
			init = &manifest.Resource{}
		}
		if !s.Gap && (t.begun != t.rep.TrackID || t.inited.URL != init.URL || t.inited.Range != init.Range) {
			t.begun, t.inited = t.rep.TrackID, *init
			if init.URL != "" {
				it.Init, it.Resource = true, *init
				return it, nil
			}
		}
		t.next++
		t.sought = false
		t.at, t.hint = s.End(), manifest.SegmentRef{}
		if s.Hint { // how long it is, and which part, is known when it is listed
			t.at, t.hint = s.Start, s
		}
		return it, nil
	}
	return Item{}, io.EOF
}

// Peek returns media segment i of the current list, counted as Item.Index, if the list that is known has it and it is there at
// now.
func (t *Track) Peek(now time.Time, i int) (manifest.Resource, bool) {
	if t.period >= len(t.choices) || !t.placed {
		return manifest.Resource{}, false
	}
	l := t.lists[t.rep.TrackID]
	if l == nil || i < 0 || i >= l.Index.Len() {
		return manifest.Resource{}, false
	}
	s := l.Index.At(i)
	if s.Gap || s.Available.After(now) || s.Start >= t.choices[t.period].Period.Window().End-windowTolerance {
		return manifest.Resource{}, false
	}
	return s.Resource, true
}

// place finds the segment to go on with at t.at.
func (t *Track) place(x manifest.Index) {
	t.placed = true
	if t.hint.Hint {
		t.next = x.Find(t.at.Add(seekTolerance))
		for t.next < x.Len() && t.took(x.At(t.next)) {
			t.next++
		}
		return
	}
	t.next = x.Find(t.at)
	if t.next == x.Len() {
		return
	}
	if s := x.At(t.next); s.Start < t.at && s.End().Sub(t.at) <= min(t.slack, s.Duration/2) {
		t.next++
	}
}

// took reports whether s, or the parts up to it, came as the part that was announced.
func (t *Track) took(s manifest.SegmentRef) bool {
	h := t.hint
	return s.URL == h.URL && s.Range.Start == h.Range.Start || s.Number == h.Number && s.Sub != 0 && s.Sub <= h.Sub
}

// load returns the list of segments of r. One that is in the manifest, or was loaded before, is at hand.
func (t *Track) load(r *manifest.Representation, now time.Time, get manifest.Getter) (*list, error) {
	l := t.lists[r.TrackID]
	switch {
	case r.Segments != nil:
		if l == nil || l.of != r {
			l = &list{List: &manifest.List{Init: r.Init, Index: r.Segments}, of: r}
			t.lists[r.TrackID] = l
		}
		return l, nil
	case r.Lazy == nil:
		return nil, fmt.Errorf("plan: %s: %s", r.TrackID, r.Unusable)
	}
	switch {
	case l == nil:
		l = &list{}
		if err := t.reload(r, l, now, get); err != nil {
			return nil, err
		}
		t.lists[r.TrackID] = l
	case l.renew:
		l.renew = false
		if t.reload(r, l, now, get) != nil && l.Growing {
			l.due = now.Add(max(l.Reload/2, minReload))
		}
	case l.Growing && (l.lazy != r.Lazy || l.Reload > 0 && !l.due.After(now)):
		if t.reload(r, l, now, get) != nil {
			// What is known is good for a while. At its end Next asks again, and tells what is wrong.
			l.due = now.Add(max(l.Reload/2, minReload))
		}
	}
	return l, nil
}

// reload gets the list of r as it is now. When that fails, the old one stays.
func (t *Track) reload(r *manifest.Representation, l *list, now time.Time, get manifest.Getter) error {
	next, err := r.Lazy.Load(get)
	if err != nil {
		return fmt.Errorf("plan: %s: list of segments: %w", r.TrackID, err)
	}
	l.List, l.lazy, l.due = next, r.Lazy, now.Add(max(next.Reload, minReload))
	if r == t.rep {
		t.realign()
	}
	return nil
}

// Places is how many places the document of the current list is to be had from, 1 when it has none of its own.
func (t *Track) Places() int {
	if t.period < len(t.choices) {
		if d, ok := t.rep.Lazy.(interface{ Places() int }); ok {
			return d.Places()
		}
	}
	return 1
}

// Renew makes the current list be loaded again before the next segment is given, if it comes from a document of its own
// that names places which may have become worse than others. When that fails, the list that is known stays.
func (t *Track) Renew() {
	if t.period >= len(t.choices) || t.rep.Lazy == nil {
		return
	}
	l := t.lists[t.rep.TrackID]
	lazy, can := t.rep.Lazy.(interface{ Again() })
	if l == nil || !can {
		return
	}
	lazy.Again()
	l.renew = true
}

// Refresh loads the current list again if it grows and it is time for that. Next does so by itself; Refresh is for
// when nothing is wanted of the list but what it says about time.
func (t *Track) Refresh(now time.Time, get manifest.Getter) error {
	if t.period >= len(t.choices) {
		return nil
	}
	_, err := t.load(t.rep, now, get)
	return err
}

// Extent is which part of a track can be asked for.
type Extent struct {
	media.Range
	// Segment is how long the last segment in it is, Lead how long after its beginning it can be asked for.
	Segment, Lead media.Span
}

// Extent returns what there is of the track at now, the time at the server: from the start of the first segment that
// is kept to the end of the last one that is there. It may have to load the lists of the first and of the last period.
func (t *Track) Extent(now time.Time, get manifest.Getter) (Extent, error) {
	var x Extent
	for i := len(t.choices) - 1; i >= 0; i-- {
		l, err := t.listOf(i, now, get)
		if err != nil {
			return x, err
		}
		n := t.available(t.choices[i].Representations[0], l.Index, now)
		if n == 0 {
			continue
		}
		last := l.Index.At(n - 1)
		x = Extent{Range: media.Range{Start: last.Start, End: min(last.End(), t.choices[i].Period.Window().End)}, Segment: last.Duration, Lead: last.Duration}
		if live := t.Live(); live != nil && !live.Start.IsZero() && !last.Available.IsZero() {
			x.Lead = max(0, media.Span(last.Available.Sub(live.Start).Seconds())-media.Span(last.Start))
		}
		break
	}
	if len(t.choices) == 0 {
		return x, nil
	}
	l, err := t.listOf(0, now, get)
	if err != nil {
		return x, err
	}
	first := x.Start
	if l.Index.Len() > 0 {
		first = min(first, max(l.Index.At(0).Start, t.choices[0].Period.Start))
	}
	if live := t.Live(); live != nil {
		first = max(first, min(x.Start, x.End.Add(-live.Depth)))
	}
	x.Start = first
	return x, nil
}

// listOf returns the list of a period: that of the current representation or the one that would be played there.
func (t *Track) listOf(period int, now time.Time, get manifest.Getter) (*list, error) {
	r := t.choices[period].Representations[0]
	if period == t.period {
		r = t.rep
	}
	return t.load(r, now, get)
}

// available counts the segments of an index of r that are there at now. Where they are numbered without end, those that
// are made ahead of their time do not count: nobody wants to begin there.
func (t *Track) available(r *manifest.Representation, x manifest.Index, now time.Time) int {
	edge := media.Forever
	if live := t.Live(); live != nil && !live.Start.IsZero() && r.Addressing == manifest.Nominal {
		edge = media.Time(now.Sub(live.Start).Seconds())
	}
	return sort.Search(x.Len(), func(i int) bool {
		s := x.At(i)
		return s.Available.After(now) || s.Start > edge
	})
}

// End returns when the last segment of the track ends, which is the presentation's duration when the manifest does not
// tell it. It loads the last period's list if it must. known is false while more is to come.
func (t *Track) End(now time.Time, get manifest.Getter) (end media.Time, known bool, err error) {
	if len(t.choices) == 0 {
		return 0, true, nil
	}
	c := t.choices[len(t.choices)-1]
	if c.Period.End.Set {
		return c.Period.End.T, t.live == nil || t.ends, nil
	}
	l, err := t.listOf(len(t.choices)-1, now, get)
	if err != nil {
		return 0, false, err
	}
	end = c.Period.Start
	if n := l.Index.Len(); n > 0 {
		end = l.Index.At(n - 1).End()
	}
	return end, t.live == nil && !l.Growing, nil
}

// closest finds the representation that continues another one: the same id, or else the nearest bandwidth.
func closest(reps []*manifest.Representation, last *manifest.Representation) *manifest.Representation {
	distance := func(r *manifest.Representation) int64 {
		if r.ID == last.ID {
			return -1
		}
		return max(r.Bandwidth-last.Bandwidth, last.Bandwidth-r.Bandwidth)
	}
	return slices.MinFunc(reps, func(a, b *manifest.Representation) int { return cmp.Compare(distance(a), distance(b)) })
}
