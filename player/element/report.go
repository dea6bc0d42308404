package element

import (
	"slices"
	"time"

	"mseplayer/mse/media"
)

// maxReported bounds each list of a Report; the oldest entries go first.
const maxReported = 4096

// Report is what happened during playback, for the playback report.
type Report struct {
	Seeks  []SeekReport
	Stalls []StallReport
	Events []EventReport
	// FirstFrame and FirstSound are when the first picture and the first sound of playback were ready.
	FirstFrame, FirstSound time.Time
}

// SeekReport is one completed seek.
type SeekReport struct {
	// Target is where it should go, Landed the presentation time of the picture shown there (the target itself
	// without video).
	Target, Landed media.Time
	Latency        time.Duration
}

// StallReport is one interruption of playback for want of data.
type StallReport struct {
	At       media.Time
	Duration time.Duration
	since    time.Time // of one that has not ended
}

// EventReport is one event and the playback position it was fired at.
type EventReport struct {
	At   media.Time
	Type string
}

func (r *Report) clone() Report {
	c := *r
	c.Seeks, c.Stalls, c.Events = slices.Clone(r.Seeks), slices.Clone(r.Stalls), slices.Clone(r.Events)
	return c
}

// resume ends the interruption that has not ended, if there is one.
func (r *Report) resume(now time.Time) {
	n := len(r.Stalls)
	if n == 0 || r.Stalls[n-1].since.IsZero() {
		return
	}
	last := &r.Stalls[n-1]
	last.Duration, last.since = now.Sub(last.since), time.Time{}
}

// keep appends x to a bounded list.
func keep[T any](list []T, x T) []T {
	if len(list) >= maxReported {
		list = append(list[:0], list[1:]...)
	}
	return append(list, x)
}
