// Package media is the vocabulary that every other package speaks: points in media time, lengths of media
// time, sets of ranges, coded frames and the configuration a decoder needs for them.
//
// # Ownership
//
// Everything here is a plain value or is immutable once published. A [CodedFrame] and its [DecoderConfig] may
// be shared between goroutines freely; their bytes are garbage collected Go memory.
//
// # Concurrency
//
// No goroutines and no locks. Values may be read concurrently; nobody writes after publishing.
//
// # Errors
//
// None of the functions fail.
package media

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Time is a point on a presentation timeline, in seconds from its start, with exactly the arithmetic of the
// double that the specification uses. Nothing on the way from container ticks to a window test may round to
// milli-, micro- or nanoseconds, because a value such as 10/24 + 1/24 is compared without tolerance.
type Time float64

// Span is a length of media time in seconds. It is a type of its own so that a point and a length cannot be
// mixed up: Time - Time = Span, Time + Span = Time.
type Span float64

// Gen is a generation number. It increases with every seek and flush; an item that carries an older one is
// stale and is released by whoever meets it.
type Gen uint64

// Forever is the specification's positive Infinity: an unbounded duration or append window end.
var Forever = Time(math.Inf(1))

// FromTicks converts an absolute tick count of a timescale (ticks per second) into a Time with one division.
// Convert each frame from its absolute tick, never by adding durations up. A timescale of 0 counts as 1.
func FromTicks(ticks int64, timescale uint32) Time {
	if timescale == 0 {
		timescale = 1
	}
	return Time(float64(ticks) / float64(timescale))
}

// SpanFromTicks is FromTicks for a length.
func SpanFromTicks(ticks int64, timescale uint32) Span {
	return Span(FromTicks(ticks, timescale))
}

// Add returns t moved later by d.
func (t Time) Add(d Span) Time { return t + Time(d) }

// Sub returns the length from u to t.
func (t Time) Sub(u Time) Span { return Span(t - u) }

// IsFinite reports whether t is neither infinite nor NaN.
func (t Time) IsFinite() bool { return !math.IsInf(float64(t), 0) && !math.IsNaN(float64(t)) }

// Abs returns the length without its sign.
func (d Span) Abs() Span { return Span(math.Abs(float64(d))) }

// Duration converts a length into wall-clock units, rounding to the nearest nanosecond. It is for timers and
// clocks only, never for window tests. Lengths beyond what time.Duration holds are clamped.
func (d Span) Duration() time.Duration {
	ns := math.Round(float64(d) * 1e9)
	switch {
	case math.IsNaN(ns):
		return 0
	case ns >= math.MaxInt64:
		return math.MaxInt64
	case ns <= math.MinInt64:
		return math.MinInt64
	}
	return time.Duration(ns)
}

// SpanOf converts a wall-clock length into media units at rate 1.
func SpanOf(d time.Duration) Span { return Span(d.Seconds()) }

// String gives the shortest decimal that reads back as the same value.
func (t Time) String() string { return strconv.FormatFloat(float64(t), 'f', -1, 64) }

// String gives the shortest decimal that reads back as the same value.
func (d Span) String() string { return strconv.FormatFloat(float64(d), 'f', -1, 64) }

// Opt is a Time that may be unset, as some of the specification's variables may be. The zero value is unset.
type Opt struct {
	T   Time
	Set bool
}

// Some returns an Opt that holds t.
func Some(t Time) Opt { return Opt{T: t, Set: true} }

// String gives the time, or "unset".
func (o Opt) String() string {
	if !o.Set {
		return "unset"
	}
	return o.T.String()
}

// Clock formats t as a person reads it, h:mm:ss.mmm with hours only where needed. It is for messages and
// controls; use String where the value must survive.
func (t Time) Clock() string {
	if !t.IsFinite() {
		return t.String()
	}
	sign := ""
	ms := int64(math.Round(float64(t) * 1000))
	if ms < 0 {
		sign, ms = "-", -ms
	}
	h, m, s := ms/3600000, ms/60000%60, ms/1000%60
	if h > 0 {
		return fmt.Sprintf("%s%d:%02d:%02d.%03d", sign, h, m, s, ms%1000)
	}
	return fmt.Sprintf("%s%d:%02d.%03d", sign, m, s, ms%1000)
}
