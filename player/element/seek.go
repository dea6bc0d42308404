package element

import (
	"math"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

// Seek moves the playback position to t, exactly: the picture that contains t is the first one shown. Before the
// metadata is known t becomes the position to begin at. NaN is ignored.
// HTML: dom-media-currenttime, dom-media-seek.
func (e *Element) Seek(t media.Time) {
	now := time.Now()
	e.loop.Do(func(tx *mse.Tx) {
		e.ctl.steps.Store(0)
		e.seek(tx, t)
		e.seekedAt = now
	})
	e.look()
}

// Jump is Seek on the application's own account: it is not reported as a seek.
func (e *Element) Jump(t media.Time) {
	e.loop.Do(func(tx *mse.Tx) { e.seek(tx, t) })
	e.look()
}

// seek runs the seek algorithm up to where it waits for data; preroll completes it.
// HTML: dom-media-seek. MSE: mediasource-seeking.
func (e *Element) seek(tx *mse.Tx, t media.Time) {
	if t != t || e.broken {
		return
	}
	// 2. and 3. are below.
	if !e.metadata {
		e.startAt = t
		e.gen++
		tx.Changed() // whoever obtains media wants to know
		return
	}
	// 6. and 7.
	t = max(t, 0)
	if e.duration == e.duration {
		t = min(t, e.duration)
	}
	// 8.
	s := e.att.SeekableTx(tx)
	if len(s) == 0 {
		e.seeking, e.announce = false, false
		return
	}
	if _, ok := s.Find(t); !ok && t != s.End() {
		t = nearest(s, t)
	}
	// 4. and 10.
	e.seeking, e.announce = true, true
	e.soon(tx)
	// 11. and 12.
	e.ended, e.seekedAt = false, time.Time{}
	e.restart(tx, t)
}

// restart begins a new generation at t: readers, decoders and devices start anew there.
func (e *Element) restart(tx *mse.Tx, t media.Time) {
	e.report.resume(time.Now())
	e.stalled, e.rolling = false, false
	e.gen++
	e.at, e.target = t, t
	e.att.SetPlayheadTx(tx, t)
	e.monitor(tx)
	tx.Changed()
	e.look()
}

// announceSeek queues seeking for the latest seek. Seeks that a newer one has replaced within one task stay invisible.
func (e *Element) announceSeek(tx *mse.Tx) {
	if e.announce {
		e.announce = false
		tx.Queue(&e.EventTarget, EventSeeking)
	}
}

// nearest returns the point of s that is closest to t.
func nearest(s media.Ranges, t media.Time) media.Time {
	best := s[0].Start
	for _, r := range s {
		for _, p := range []media.Time{r.Start, r.End} {
			if math.Abs(float64(p-t)) < math.Abs(float64(best-t)) {
				best = p
			}
		}
	}
	return best
}

// Step shows the next picture, or with -1 the one before, while playback is paused. While somebody seeks it does nothing.
func (e *Element) Step(n int) {
	e.loop.Do(func(*mse.Tx) {
		if e.paused && e.metadata && !e.broken && (!e.seeking || e.ctl.rewound == e.gen) {
			e.ctl.steps.Add(int32(n))
		}
	})
	e.look()
}

// Playhead returns the position from which media is needed, and a number that grows with every seek.
func (e *Element) Playhead() (at media.Time, seeks media.Gen) {
	now := time.Now()
	e.loop.Do(func(*mse.Tx) {
		at, seeks = e.position(now), e.gen
		if !e.metadata && e.startAt > 0 {
			at = e.startAt
		}
	})
	return at, seeks
}

// Starving reports whether playback, or a seek, waits for data at the playback position.
func (e *Element) Starving() (yes bool) {
	e.loop.Do(func(tx *mse.Tx) {
		if !e.metadata || e.broken || e.ended {
			return
		}
		switch e.ready {
		case HaveMetadata:
			yes = true
		case HaveCurrentData:
			until, _ := bufferedUntil(e.att.BufferedTx(tx), e.at)
			yes = e.stalled || e.seeking && until.Sub(e.at) <= lowWater
		case HaveNothing, HaveFutureData, HaveEnoughData:
		}
	})
	return yes
}

// position is the official playback position; while the clock runs it is the clock's. The lock must be held.
func (e *Element) position(now time.Time) media.Time {
	if e.rolling {
		t := max(e.clock.Now(now), e.at)
		// The clock is stopped at the end of what is buffered, but not to the nanosecond.
		if until, ok := bufferedUntil(e.att.BufferedTx(nil), e.at); ok {
			t = min(t, until)
		}
		if e.duration == e.duration {
			t = min(t, e.duration)
		}
		e.at = t
		e.stretch.End = max(e.stretch.End, t)
	}
	return e.at
}
