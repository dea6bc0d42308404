package present

import (
	"context"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

// refillShare is which part of the history, in bytes and in pictures, is to lie on either side of the picture that is seen
// while somebody steps: less than that before it or, where pictures have made room, after it, is too little.
const refillShare = 4

// Missing says which pictures the next steps need and neither history nor queue hold.
type Missing struct {
	// Before is set when they precede the history, which begins at At; otherwise they follow it, and it ends with the
	// picture of At.
	Before bool
	At     media.Time
	// Span is about how much is worth getting at once.
	Span media.Span
	// Barren is set when a Refill has been there and found nothing.
	Barren bool
}

// Refill adds pictures to one end of the history, so that steps find them there. It is the sink of a decode worker of its
// own, which decodes them again. The pictures that wait in the queue are not touched.
type Refill struct {
	// immutable
	q     *Queue
	back  bool
	until media.Time    // to where pictures before at reach
	room  chan struct{} // 1 slot: Put is to look again

	// guarded by q.mu
	at      media.Time // where the history begins or ends
	found   []entry    // before at, oldest first, until they are all there
	bytes   int64      // of found
	over    bool
	blocked bool // Put waits for room
}

// Missing tells what steps in the latest direction will need soon. It costs nothing worth mentioning.
func (q *Queue) Missing() (m Missing, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.cursor < 0 {
		return Missing{}, false
	}
	size := q.past[q.cursor].v.SizeBytes()
	if q.keep/3 < size { // three pictures are the least with which there is any progress
		return Missing{}, false
	}
	n := max(1, min(maxHistory, q.keep/size)/refillShare)
	m.Span = media.Span(q.pace.mean()) * media.Span(n)
	switch {
	case q.heading < 0 && q.low(q.past[:q.cursor]):
		m.Before, m.At, m.Barren = true, q.past[0].pts, q.bottom
		return m, true
	case q.heading > 0 && q.torn && q.low(q.past[q.cursor+1:]):
		m.At, m.Barren = q.past[len(q.past)-1].pts, q.lost
		return m, true
	}
	return Missing{}, false
}

// low reports whether one side of the history holds too little.
func (q *Queue) low(side []entry) bool {
	size := int64(0)
	for _, e := range side {
		size += e.v.SizeBytes()
	}
	return len(side) < maxHistory/refillShare && size < q.keep/refillShare
}

// Refill begins to add what is missing, instead of what was being added before. It needs the pictures in the order of time,
// from some point at or before m.At on if they follow it, and otherwise up to m.At; or up to until, where nothing is stored
// between there and m.At.
func (q *Queue) Refill(m Missing, until media.Time) *Refill {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.endRefill()
	r := &Refill{q: q, back: m.Before, until: until, at: m.At, room: make(chan struct{}, 1)}
	end := 0
	if !m.Before {
		end = len(q.past) - 1
	}
	if q.closed || q.cursor < 0 || q.past[end].pts != m.At { // it has moved on
		r.over = true
		return r
	}
	q.refill = r
	return r
}

// Over reports that nothing more is needed.
func (r *Refill) Over() bool {
	r.q.mu.Lock()
	defer r.q.mu.Unlock()
	return r.over
}

// Busy reports that pictures are wanted right now: neither is it over, nor does Put wait for steps to make room.
func (r *Refill) Busy() bool {
	r.q.mu.Lock()
	defer r.q.mu.Unlock()
	return !r.over && !r.blocked
}

// Finish says that no more pictures come. Those before the history that do not reach to it are given up: between them and it
// others may be missing.
func (r *Refill) Finish() {
	q := r.q
	q.mu.Lock()
	defer q.mu.Unlock()
	if n := len(r.found); n > 0 && q.ends(r.found[n-1]) < r.until.Add(-media.Span(q.pace.mean()/2)) {
		r.giveUp()
	}
	r.finish()
}

// Put adds a picture. It takes ownership. It blocks while those before it must be stepped over first, and for good once
// nothing more is needed, until ctx ends.
func (r *Refill) Put(ctx context.Context, v *frame.Video) error {
	r.q.DecodeOnly()
	for {
		r.q.mu.Lock()
		done, over := r.add(v), r.over
		r.blocked = !done
		r.q.mu.Unlock()
		if done && !over {
			return nil
		}
		if done {
			<-ctx.Done()
			return context.Cause(ctx)
		}
		select {
		case <-r.room:
		case <-ctx.Done():
			v.Release()
			return context.Cause(ctx)
		}
	}
}

// Keep adds a picture that precedes those that are put. It takes ownership. DecodeOnly has counted it.
func (r *Refill) Keep(v *frame.Video) {
	if !r.back {
		v.Release()
		return
	}
	r.q.mu.Lock()
	defer r.q.mu.Unlock()
	r.add(v)
}

// DecodeOnly counts a picture that nobody will see.
func (r *Refill) DecodeOnly() { r.q.DecodeOnly() }

// Undecodable does not count: it has been counted when that coded frame was decoded the first time.
func (r *Refill) Undecodable() {}

// SkippedToRAP is not called, for nothing is ever late.
func (r *Refill) SkippedToRAP(int) {}

// Lateness is none.
func (r *Refill) Lateness(media.Time) (late media.Span, speed float64) { return 0, 0 }

// EndOfStream is Finish.
func (r *Refill) EndOfStream(media.Gen) { r.Finish() }

// add takes a picture, or reports false when there is no room. The lock must be held.
func (r *Refill) add(v *frame.Video) bool {
	e := entry{v: v, pts: v.PTS, end: v.End(), counted: true}
	switch {
	case r.over:
		v.Release()
	case r.back && e.pts >= r.at:
		v.Release()
		r.finish()
	case r.back:
		r.precede(e)
	case e.pts <= r.at:
		v.Release()
	default:
		return r.follow(e)
	}
	return true
}

// precede takes one of the pictures before the history. The last ones that there is room for stay.
func (r *Refill) precede(e entry) {
	q := r.q
	if n := len(r.found); n > 0 && e.pts <= r.found[n-1].pts {
		e.v.Release()
		return
	}
	r.found = append(r.found, e)
	r.bytes += e.v.SizeBytes()
	for len(r.found) > 0 && q.over() {
		if !q.low(q.past[q.cursor+1:]) {
			q.tear()
			continue
		}
		first := r.found[0]
		copy(r.found, r.found[1:])
		r.found[len(r.found)-1] = entry{}
		r.found = r.found[:len(r.found)-1]
		r.bytes -= first.v.SizeBytes()
		first.v.Release()
	}
}

// follow takes one of the pictures after the history, if there is room or can be made. There is for one, always.
func (r *Refill) follow(e entry) bool {
	q := r.q
	if e.pts > q.tornTo {
		e.v.Release()
		r.mend()
		return true
	}
	for q.pastBytes+e.v.SizeBytes() > q.keep || len(q.past) >= maxHistory {
		if q.cursor > 0 && !q.low(q.past[:q.cursor]) {
			q.forget()
			continue
		}
		if q.cursor < len(q.past)-1 {
			return false
		}
		break
	}
	q.past = append(q.past, e)
	q.pastBytes += e.v.SizeBytes()
	r.at = e.pts
	q.notify()
	if e.pts == q.tornTo {
		r.mend()
	}
	return true
}

// mend ends a refill after which the history reaches to the pictures that wait.
func (r *Refill) mend() {
	r.q.torn = false
	r.finish()
}

// finish ends the refill; what it found becomes part of the history.
func (r *Refill) finish() {
	q := r.q
	if r.over {
		return
	}
	switch n := len(r.found); {
	case !r.back:
		q.lost = q.torn
	case n == 0:
		q.bottom = true
	default:
		q.past = append(q.past, r.found...)
		copy(q.past[n:], q.past)
		copy(q.past, r.found)
		q.pastBytes += r.bytes
		q.cursor += n
		r.found, r.bytes = nil, 0
	}
	q.endRefill()
	q.notify()
}

// endRefill ends what is being added to the history.
func (q *Queue) endRefill() {
	r := q.refill
	if r == nil {
		return
	}
	r.giveUp()
	r.over = true
	q.refill = nil
	r.wake()
}

// giveUp releases what was found.
func (r *Refill) giveUp() {
	for _, e := range r.found {
		e.v.Release()
	}
	r.found, r.bytes = nil, 0
}

// over reports that the history, with what is being added to it, is beyond its bounds.
func (q *Queue) over() bool {
	n, size := len(q.past), q.pastBytes
	if r := q.refill; r != nil {
		n, size = n+len(r.found), size+r.bytes
	}
	return n > maxHistory || size > q.keep
}

// wake lets Put look again.
func (r *Refill) wake() {
	select {
	case r.room <- struct{}{}:
	default:
	}
}

// tear releases the newest picture of the history, which the pictures that wait do not follow any more then.
func (q *Queue) tear() {
	n := len(q.past) - 1
	e := q.past[n]
	q.past[n] = entry{}
	q.past = q.past[:n]
	q.pastBytes -= e.v.SizeBytes()
	if !q.torn {
		q.torn, q.tornTo = true, e.pts
	}
	q.lost = false
	q.part(e)
}

// part releases a picture that has been counted, unless it is lent.
func (q *Queue) part(e entry) {
	if e.v == q.lent {
		q.orphan = true
		return
	}
	e.v.Release()
}
