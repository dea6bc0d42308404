package mse

import (
	"fmt"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// flush processes the frames that parsers hold because the next ones would tell that they are complete, or how long they
// are: that nothing follows tells as much. What is wrong with one is an append error.
// MSE: dom-mediasource-endofstream, "notify the media element that it now has all of the media data".
func (ms *MediaSource) flush(tx *Tx) error {
	for _, sb := range ms.sourceBuffers.items {
		f, ok := sb.parser.(bytestream.Flusher)
		if !ok {
			continue
		}
		if err := f.Flush(&appendHandler{sb: sb, tx: tx}); err != nil {
			err = fmt.Errorf("mse: append to %s: %w", sb.mime, err)
			sb.resetParser(tx)
			tx.QueueError(&sb.EventTarget, EventError, err)
			return err
		}
	}
	return nil
}

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
