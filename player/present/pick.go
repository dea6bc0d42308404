package present

import (
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/clock"
	"mseplayer/player/frame"
)

// limitSlack is by how much times that mean the same place may differ: they come from sums in different timescales.
const limitSlack media.Span = 1e-6

// Pick returns the picture that is to be visible in [from, to), and whether it is another one than last time. The
// picture is lent until the next Pick and must not be released; nil means that there has never been one.
//
// The first picture of a generation is shown at once. While the clock is of another generation, or tells nothing, the
// picture stays. Nothing is allocated, unless there is a dump.
func (q *Queue) Pick(from, to time.Time) (v *frame.Video, fresh bool) {
	var out outbox
	q.mu.Lock()
	v, fresh = q.pick(from, to, &out)
	q.mu.Unlock()
	if q.dump != nil {
		q.emit(&out)
	}
	return v, fresh
}

// SetLimit says where playback will stop: a picture of t or later does not replace one that is shown, although surfaces
// ask for what they show ahead of time. Unset, there is no such place.
func (q *Queue) SetLimit(t media.Opt) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.limit = t
}

// beyond reports whether e is not to be shown any more.
func (q *Queue) beyond(e entry) bool { return q.limit.Set && e.pts >= q.limit.T.Add(-limitSlack) }

// Due tells when the first waiting picture is due and for how long it is to be visible: for surfaces that can draw when
// they like. ok is false when that is not known: no picture waits, or the clock rests.
func (q *Queue) Due() (at time.Time, length time.Duration, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r, ok := q.clock.Read()
	if !ok || r.Gen != q.gen || q.pinned || len(q.waiting) == 0 || r.Rate == 0 {
		return time.Time{}, 0, false
	}
	e := q.waiting[0]
	if q.beyond(e) {
		return time.Time{}, 0, false
	}
	if at, ok = r.WallOf(e.pts); !ok {
		return time.Time{}, 0, false
	}
	end := q.ends(e)
	if len(q.waiting) > 1 {
		end = q.waiting[1].pts
	}
	return at, media.Span(float64(end.Sub(e.pts)) / r.Rate).Duration(), true
}

func (q *Queue) pick(from, to time.Time, out *outbox) (*frame.Video, bool) {
	if !to.After(from) {
		to = from.Add(defaultVsync)
	}
	out.from, out.to = from, to
	q.vsyncs++
	r, timed := q.clock.Read()
	timed = timed && r.Gen == q.gen
	moving := false
	if !q.pinned && !q.closed {
		moving = q.choose(r, timed, from, to, out)
	}
	q.until = to
	if q.cursor < 0 || q.past[q.cursor].v == q.lent {
		return q.lent, false
	}
	q.lend(&q.past[q.cursor], r, moving, out)
	return q.lent, true
}

// choose moves the cursor to the picture for [from, to). It reports whether the clock moves, so that the picture has
// an ideal time.
func (q *Queue) choose(r clock.Reading, timed bool, from, to time.Time, out *outbox) bool {
	if !timed {
		q.phase.reset()
		if q.cursor < 0 && len(q.waiting) > 0 {
			q.show(0, WhyLate, out)
		}
		return false
	}
	hidden := q.hidden
	q.hidden = false
	middle, consecutive, moving := q.phase.advance(r, from, to)
	s := media.Time(middle)
	if moving {
		q.borders = q.borders[:0]
		if q.cursor >= 0 {
			q.borders = append(q.borders, q.past[q.cursor].pts)
		}
		for i := range q.waiting {
			q.borders = append(q.borders, q.waiting[i].pts)
		}
		s = q.phase.sample(middle, r.Rate, &q.pace, q.borders)
	}
	if q.cursor < 0 {
		// The first one that is not over; that of the moment at which the surface asked before, when time may have begun
		// to run right after that. A fast clock has passed several since, which nobody could have shown.
		s = min(s, r.At(from))
		if d := to.Sub(from); from.Sub(q.until) < d/2 {
			s = min(s, r.At(from.Add(-d)))
		}
	}
	last, had, rate := q.sampled, q.timed, max(r.Rate, q.rate, 1)
	q.sampled, q.timed, q.rate = s, true, r.Rate

	q.dropOlder(out)
	i := -1
	for i+1 < len(q.waiting) && q.waiting[i+1].pts <= s && !q.beyond(q.waiting[i+1]) {
		i++
	}
	if i < 0 && q.cursor < 0 && len(q.waiting) > 0 {
		i = 0
	}
	if i < 0 {
		return moving
	}
	// A picture that is passed over came too late if a point before this one lay in it or after it, or if a point
	// that would have hit it was left out because nobody asked or the clock leapt. Otherwise no point hits it: that is
	// the cadence.
	why, most := WhyLate, leap
	if q.cursor >= 0 && q.past[q.cursor].first {
		most++ // its point lay up to an interval early
	}
	switch {
	case hidden:
		why = WhyHidden
	case had && consecutive && float64(s.Sub(last)) < float64(most)*to.Sub(from).Seconds()*rate:
		for i > 0 && q.waiting[0].pts <= last {
			q.take(1, WhyLate, out)
			i--
		}
		why = WhyCadence
	}
	q.show(i, why, out)
	return moving
}

// dropOlder gives up what waits and is older than the picture that is seen: it came out of order.
func (q *Queue) dropOlder(out *outbox) {
	n := 0
	for q.cursor >= 0 && n < len(q.waiting) && q.waiting[n].pts < q.past[q.cursor].pts {
		q.drop(q.waiting[n], WhyLate, out)
		q.waitingBytes -= q.waiting[n].v.SizeBytes()
		n++
	}
	if n > 0 {
		k := copy(q.waiting, q.waiting[n:])
		clear(q.waiting[k:])
		q.waiting = q.waiting[:k]
		q.offer()
	}
}

// show makes the waiting picture i the one to be seen; the fate of those before it is why.
func (q *Queue) show(i int, why Why, out *outbox) {
	first := q.cursor < 0
	q.heading = 0
	q.take(i, why, out)
	q.waiting[0].first = first
	q.move()
	q.see(len(q.past)-1, WhyStepped, out)
	q.offer()
	q.ran()
}

// lend makes e what Pick returns.
func (q *Queue) lend(e *entry, r clock.Reading, moving bool, out *outbox) {
	if q.orphan {
		q.lent.Release()
		q.orphan = false
	}
	q.lent = e.v
	w, h := e.v.DisplaySize()
	if !q.isShown || q.shown.Gen != q.gen || q.shown.Width != w || q.shown.Height != h {
		q.notify()
	}
	q.shown, q.isShown = Picture{PTS: e.pts, Duration: q.ends(*e).Sub(e.pts), Gen: q.gen, Width: w, Height: h}, true
	if e.counted {
		return
	}
	e.counted = true
	q.count.Presented(e.v.Corrupt)
	event := Event{Kind: Presented, Vsync: q.vsyncs, PTS: e.pts, Gen: q.gen, From: out.from, To: out.to}
	if moving && !e.first && !q.pinned {
		if ideal, ok := r.WallOf(e.pts); ok {
			d := out.from.Sub(ideal)
			q.count.Offset(d)
			event.Offset, event.HasOffset = media.SpanOf(d), true
		}
	}
	if q.dump != nil {
		event.N, event.CRC = int64(q.count.presented), e.v.Checksum()
		out.add(event)
	}
}
