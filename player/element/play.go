package element

import (
	"slices"
	"time"

	"mseplayer/mse"
)

// maxPromises bounds how many callers of PlayThen may wait; the one that has waited longest gives way.
const maxPromises = 1024

// settlement is a queued task that settles promises of PlayThen.
type settlement struct {
	promises []func(error)
	err      error
}

// run tells those that wait. It is called without the lock.
func (s *settlement) run() {
	for _, fn := range s.promises {
		fn(s.err)
	}
}

// Play starts or resumes playback; from the beginning when it had ended.
// HTML: dom-media-play.
func (e *Element) Play() { e.PlayThen(nil) }

// PlayThen is Play that has settled called once, on the event loop, in order with the events: with nil when playback
// begins, else with why it does not. A nil settled is allowed.
// Errors: AbortError (paused, loaded or stopped meanwhile), NotSupportedError (the source cannot be used), as *mse.Error.
// HTML: dom-media-play.
func (e *Element) PlayThen(settled func(error)) {
	now := time.Now()
	e.loop.Do(func(tx *mse.Tx) { e.play(tx, settled, now) })
	e.look()
}

// play is HTML's internal play steps behind those of the method.
func (e *Element) play(tx *mse.Tx, settled func(error), now time.Time) {
	var refusal error
	switch {
	case e.closed:
		refusal = exception(AbortError, "play", "%v", errStopped)
	case e.err != nil && e.err.Code == SrcNotSupported:
		refusal = exception(mse.NotSupportedError, "play", "%v", e.err)
	}
	if refusal != nil {
		if settled != nil {
			tx.QueueCall(func() { settled(refusal) })
		}
		return
	}
	if settled != nil {
		if len(e.promises) == maxPromises {
			oldest := e.promises[0]
			e.promises = slices.Delete(e.promises, 0, 1)
			tx.QueueCall(func() { oldest(exception(AbortError, "play", "%d calls wait", maxPromises)) })
		}
		e.promises = append(e.promises, settled)
	}
	// 1.
	if e.network == Empty {
		e.startSelection(tx)
	}
	// 2.
	if e.ended {
		e.seek(tx, 0)
		e.seekedAt = now
	}
	switch {
	case e.paused: // 3.
		e.paused = false
		tx.Queue(&e.EventTarget, EventPlay)
		if e.ready <= HaveCurrentData {
			tx.Queue(&e.EventTarget, EventWaiting)
		} else {
			e.notifyPlaying(tx)
		}
	case e.ready >= HaveFutureData: // 4.
		e.settle(tx, nil)
	}
	// 5.
	e.autoplaying = false
	tx.Changed()
}

// notifyPlaying fires playing and fulfils the promises.
// HTML: notify-about-playing.
func (e *Element) notifyPlaying(tx *mse.Tx) {
	tx.Queue(&e.EventTarget, EventPlaying)
	e.settle(tx, nil)
}

// Pause stops playback. DEVIATION: currentTime may still move by what has been handed to the sound device, so that
// resuming needs no correction.
// HTML: dom-media-pause.
func (e *Element) Pause() {
	e.loop.Do(func(tx *mse.Tx) {
		if e.network == Empty {
			e.startSelection(tx)
		}
		e.autoplaying = false
		e.pause(tx)
	})
	e.look()
}

// pause runs the internal pause steps.
// HTML: internal-pause-steps.
func (e *Element) pause(tx *mse.Tx) {
	if e.paused {
		return
	}
	e.paused = true
	tx.Queue(&e.EventTarget, EventTimeUpdate)
	tx.Queue(&e.EventTarget, EventPause)
	e.settle(tx, exception(AbortError, "play", "interrupted by pause"))
}

// settle queues a task that settles all promises.
func (e *Element) settle(tx *mse.Tx, err error) {
	if len(e.promises) == 0 {
		return
	}
	s := &settlement{e.promises, err}
	e.promises = nil
	e.settlements = append(e.settlements, s)
	tx.QueueCallOf(&e.EventTarget, func() {
		e.loop.Do(func(*mse.Tx) {
			e.settlements = slices.DeleteFunc(e.settlements, func(x *settlement) bool { return x == s })
		})
		s.run()
	})
}
