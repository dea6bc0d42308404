package mse

import (
	"context"
	"math"

	"mseplayer/mse/media"
)

// Remove starts to remove the frames of [start, end) and returns before it is done; updateend tells when it is.
// Errors: TypeError (range), InvalidStateError (removed, updating).
// MSE: dom-sourcebuffer-remove.
func (sb *SourceBuffer) Remove(start, end media.Time) error {
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	_, err := sb.startRemove(start, end)
	return err
}

// RemoveWait is Remove that waits for updateend, or for the end of ctx; the removal is then still carried out.
func (sb *SourceBuffer) RemoveWait(ctx context.Context, start, end media.Time) error {
	sb.loop.mu.Lock()
	op, err := sb.startRemove(start, end)
	sb.loop.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case <-op.done:
		return op.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (sb *SourceBuffer) startRemove(start, end media.Time) (*operation, error) {
	const op = "SourceBuffer.remove"
	if !start.IsFinite() {
		return nil, fail(TypeError, op, "the start is not finite")
	}
	// 1. and 2.
	if err := sb.check(op); err != nil {
		return nil, err
	}
	// 3.
	d := sb.ms.duration
	if isNaN(d) {
		return nil, fail(TypeError, op, "the duration is not known")
	}
	// 4.
	if start < 0 || start > d {
		return nil, fail(TypeError, op, "the start %s is not in [0, %s]", start, d)
	}
	// 5.
	if isNaN(end) || end <= start {
		return nil, fail(TypeError, op, "the end %s is not after the start %s", end, start)
	}
	if sb.loop.full() {
		return nil, fail(QuotaExceededError, op, "%d tasks wait: a listener does not return", maxTasks)
	}
	tx := &Tx{sb.loop}
	// 6.
	sb.ms.reopen(tx)
	// 7. MSE: sourcebuffer-range-removal.
	return sb.begin(tx, true, func(tx *Tx, pending *operation) {
		sb.removeFrames(tx, start, end)
		sb.end(pending, nil)
		tx.Queue(&sb.EventTarget, EventUpdate)
		tx.Queue(&sb.EventTarget, EventUpdateEnd)
		sb.announce(tx)
	}), nil
}

// removeFrames runs the coded frame removal algorithm.
// MSE: sourcebuffer-coded-frame-removal.
func (sb *SourceBuffer) removeFrames(tx *Tx, start, end media.Time) {
	ms := sb.ms
	// 3.
	for _, tb := range sb.tracks {
		// 3.1. and 3.2.
		removeEnd := ms.duration
		if t, ok := tb.buf.NextRAP(end); ok {
			removeEnd = t
		}
		if math.IsInf(float64(end), 1) {
			removeEnd = media.Forever
		}
		// 3.3. and 3.4.
		last := tb.buf.Last()
		tb.buf.Remove(start, removeEnd)
		if last != nil && tb.buf.Last() == nil && tb.lastDTS == media.Some(last.DTS) {
			switch sb.mode {
			case Segments:
				sb.groupEnd = last.PTS
			case Sequence:
				sb.groupStart = media.Some(sb.groupEnd)
			}
			sb.resetGroups()
		}
		// 3.5.
		if ms.att != nil && ms.active.contains(sb) && start <= ms.playhead && ms.playhead < removeEnd {
			ms.att.host.PlayheadRemoved(tx)
		}
	}
	// 4.
	if sb.full && sb.bytes() < sb.quota() {
		sb.full = false
	}
	ms.bufferedChanged(tx)
}
