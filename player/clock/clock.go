// Package clock says what media time it is. A [Reading] maps wall time to media time; a [Source] hands out the
// current one. [Timeline] models the sound device, [Wall] counts on Go's monotonic clock, and [Media] is the one
// clock of a playback, which follows whichever of the two leads.
//
// Everything here is a calculation: no function reads the time of day, the caller passes it. Times that are
// compared must come from the same process, so that Go's monotonic reading is used.
//
// # Ownership
//
// Readings are values. A Timeline belongs to the callback that records into it; a Media belongs to the media
// element that steers it.
//
// # Concurrency
//
// No goroutines. Read of every Source may be called from any goroutine, takes no lock and allocates nothing. The
// other methods say who may call them.
//
// # Errors
//
// None. A source that has nothing to say yet answers ok = false.
package clock

import (
	"time"

	"mseplayer/mse/media"
)

// Source is something that knows the media time.
type Source interface {
	// Read returns the current map from wall to media time. ok is false as long as there is no time to tell. It
	// never blocks; any goroutine may call it.
	Read() (r Reading, ok bool)
}

// Reading is a map from wall time to media time that holds until its source hands out another one: media time
// rests at Media until Wall, then runs at Rate media seconds per second, and rests again from Until on. A
// reading speaks about the present and the near future; before Wall it only knows the resting point.
type Reading struct {
	Wall  time.Time
	Media media.Time
	// Rate is never negative; 0 means that media time rests at Media.
	Rate float64
	Gen  media.Gen
	// Until is where the motion ends; the zero time means that no end is known.
	Until time.Time
}

// At returns the media time at a wall time. It never decreases as now grows.
func (r Reading) At(now time.Time) media.Time {
	if !r.Until.IsZero() && now.After(r.Until) {
		now = r.Until
	}
	d := now.Sub(r.Wall)
	if d <= 0 || r.Rate == 0 {
		return r.Media
	}
	return r.Media.Add(media.Span(d.Seconds() * r.Rate))
}

// WallOf returns when the media time is or was t. Times before Media are extrapolated backwards, as if the motion
// had been going on. It reports false when the rate is 0 or when the motion ends before t.
func (r Reading) WallOf(t media.Time) (time.Time, bool) {
	if r.Rate == 0 {
		return time.Time{}, false
	}
	w := r.Wall.Add(media.Span(float64(t.Sub(r.Media)) / r.Rate).Duration())
	if !r.Until.IsZero() && w.After(r.Until) {
		return time.Time{}, false
	}
	return w, true
}

// Moving reports whether media time advances at now.
func (r Reading) Moving(now time.Time) bool {
	return r.Rate > 0 && !now.Before(r.Wall) && (r.Until.IsZero() || now.Before(r.Until))
}

// NotBefore returns a reading that rests at t until r reaches t and then is r.
func (r Reading) NotBefore(t media.Time) Reading {
	if r.Media >= t {
		return r
	}
	if w, ok := r.WallOf(t); ok {
		r.Wall, r.Media = w, t
		return r
	}
	return Reading{Wall: r.Wall, Media: t, Gen: r.Gen}
}
