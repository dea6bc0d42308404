package mse

import "mseplayer/mse/media"

// Duration returns the duration; known is false where the specification says NaN.
// MSE: dom-mediasource-duration.
func (ms *MediaSource) Duration() (d media.Time, known bool) {
	ms.loop.mu.Lock()
	defer ms.loop.mu.Unlock()
	if ms.readyState == Closed || isNaN(ms.duration) {
		return 0, false
	}
	return ms.duration, true
}

// SetDuration sets the duration; Forever is allowed. It never truncates: use Remove first.
// Errors: TypeError (negative or NaN), InvalidStateError (not open, updating, or below a buffered frame).
// MSE: dom-mediasource-duration.
func (ms *MediaSource) SetDuration(d media.Time) error {
	const op = "MediaSource.duration"
	ms.loop.mu.Lock()
	defer ms.loop.mu.Unlock()
	// 1.
	if isNaN(d) || d < 0 {
		return fail(TypeError, op, "%s is no duration", d)
	}
	// 2.
	if ms.readyState != Open {
		return fail(InvalidStateError, op, "the media source is %s", ms.readyState)
	}
	// 3.
	if ms.updating() {
		return fail(InvalidStateError, op, "a SourceBuffer is updating")
	}
	// 4.
	return ms.changeDuration(&Tx{ms.loop}, d)
}

// changeDuration runs the duration change algorithm.
// MSE: duration-change-algorithm.
func (ms *MediaSource) changeDuration(tx *Tx, d media.Time) error {
	// 1.
	if d == ms.duration {
		return nil
	}
	// 2.
	var end media.Time
	for _, sb := range ms.sourceBuffers.items {
		for _, tb := range sb.tracks {
			if pts, ok := tb.buf.HighestPTS(); ok && d < pts {
				return fail(InvalidStateError, "MediaSource.duration", "%s is before a frame buffered at %s; remove it first", d, pts)
			}
			end = max(end, tb.buf.View().End())
		}
	}
	// 3.
	d = max(d, end)
	// 4. and 5.
	ms.duration = d
	if ms.att != nil {
		ms.att.host.DurationChanged(tx, d)
	}
	tx.Changed()
	return nil
}
