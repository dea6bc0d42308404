package mse

import "mseplayer/mse/media"

// endOfStream runs the end of stream algorithm. cause is what an error event should carry.
// MSE: end-of-stream-algorithm.
func (ms *MediaSource) endOfStream(tx *Tx, reason EndReason, cause error) {
	// 1. and 2.
	ms.readyState = Ended
	tx.Queue(&ms.EventTarget, EventSourceEnded)
	ms.log.Debug("stream ended", "reason", reason.String(), "err", cause)
	// 3.
	if reason == EndNormal {
		var end media.Time
		for _, sb := range ms.sourceBuffers.items {
			end = max(end, sb.highestEnd())
		}
		// Never below a buffered frame, so this cannot fail.
		_ = ms.changeDuration(tx, end)
	}
	ms.announce(tx)
	if ms.att != nil {
		ms.att.host.StreamEnded(tx, reason, cause)
	}
	ms.bufferedChanged(tx)
}
