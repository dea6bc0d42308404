package clock

import (
	"time"

	"mseplayer/mse/media"
)

// Wall is a clock that counts wall time from an anchor: media time = anchor + (now - anchor time) × rate. It
// leads when no sound does. The zero value rests at 0 with rate 1. It belongs to one goroutine.
type Wall struct {
	anchor  time.Time
	at      media.Time
	gen     media.Gen
	slow    float64 // 1 - rate, so that the zero value has rate 1
	running bool
}

// Set moves the clock to a media time in a generation. It keeps running or resting.
func (w *Wall) Set(now time.Time, at media.Time, gen media.Gen) {
	w.anchor, w.at, w.gen = now, at, gen
}

// Start lets the clock run from where it is.
func (w *Wall) Start(now time.Time) {
	w.at, w.anchor = w.At(now), now
	w.running = true
}

// Stop makes the clock rest where it is.
func (w *Wall) Stop(now time.Time) {
	w.at, w.anchor = w.At(now), now
	w.running = false
}

// SetRate changes the rate without a jump. A rate that is not above 0 is ignored: that is what Stop is for.
func (w *Wall) SetRate(now time.Time, rate float64) {
	if !(rate > 0) {
		return
	}
	w.at, w.anchor = w.At(now), now
	w.slow = 1 - rate
}

// Running reports whether the clock runs.
func (w *Wall) Running() bool { return w.running }

// At returns the media time at now.
func (w *Wall) At(now time.Time) media.Time { return w.Reading().At(now) }

// Reading returns the clock's map as of its last change.
func (w *Wall) Reading() Reading {
	r := Reading{Wall: w.anchor, Media: w.at, Gen: w.gen}
	if w.running {
		r.Rate = 1 - w.slow
	}
	return r
}
