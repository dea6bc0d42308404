package mse

import (
	"fmt"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// maxStepBytes bounds how much input one task works on while it holds the lock.
const maxStepBytes = 128 << 10

// prepareAppend runs the prepare append algorithm for n more bytes. The lock must be held.
// MSE: sourcebuffer-prepare-append.
func (sb *SourceBuffer) prepareAppend(tx *Tx, n int64) error {
	const op = "SourceBuffer.appendBuffer"
	// 1. and 2.
	if err := sb.check(op); err != nil {
		return err
	}
	// 3. and 4.
	if sb.ms.att != nil && sb.ms.att.host.HasError() {
		return fail(InvalidStateError, op, "the media element has failed")
	}
	if sb.loop.full() {
		return fail(QuotaExceededError, op, "%d tasks wait: a listener does not return", maxTasks)
	}
	// 5.
	sb.ms.reopen(tx)
	// 6.
	sb.evict(tx, n)
	// 7.
	if sb.full {
		return fail(QuotaExceededError, op, "%d bytes are buffered, the limit is %d", sb.bytes(), sb.quota())
	}
	return nil
}

// appendStep does one bounded part of the buffer append algorithm and queues the next.
// MSE: sourcebuffer-buffer-append.
func (sb *SourceBuffer) appendStep(tx *Tx, op *operation) {
	h := &appendHandler{sb: sb, tx: tx}
	before := sb.parser.Buffered()
	for {
		more, err := sb.parser.Step(h)
		if err != nil {
			sb.appendError(tx, op, err)
			return
		}
		if !more {
			break
		}
		if h.fragments > 0 || before-sb.parser.Buffered() >= maxStepBytes {
			tx.QueueStep(func(tx *Tx) {
				if sb.op == op {
					sb.appendStep(tx, op)
				}
			})
			return
		}
	}
	// 3. to 5.
	sb.end(op, nil)
	tx.Queue(&sb.EventTarget, EventUpdate)
	tx.Queue(&sb.EventTarget, EventUpdateEnd)
	sb.announce(tx)
}

// appendError runs the append error algorithm.
// MSE: sourcebuffer-append-error.
func (sb *SourceBuffer) appendError(tx *Tx, op *operation, cause error) {
	err := fmt.Errorf("mse: append to %s: %w", sb.mime, cause)
	// 1.
	sb.resetParser(tx)
	// 2.
	sb.end(op, err)
	// 3. and 4.
	tx.QueueError(&sb.EventTarget, EventError, err)
	tx.Queue(&sb.EventTarget, EventUpdateEnd)
	sb.announce(tx)
	// 5.
	if !sb.ms.opt.KeepOpen {
		sb.ms.endOfStream(tx, EndDecode, err)
	}
}

// appendHandler receives what the parser finds during one step.
type appendHandler struct {
	sb        *SourceBuffer
	tx        *Tx
	fragments int
}

// InitSegment runs the initialization segment received algorithm.
func (h *appendHandler) InitSegment(s *media.InitSegment) error { return h.sb.initReceived(h.tx, s) }

// MediaSegmentStart refuses media without an initialization segment, and after changeType without a new one.
// MSE: sourcebuffer-segment-parser-loop, state PARSING_MEDIA_SEGMENT, step 1.
func (h *appendHandler) MediaSegmentStart() error {
	switch {
	case !h.sb.gotInit:
		return errNoInit
	case h.sb.wantInit:
		return errOldInit
	}
	return nil
}

// Fragment runs the coded frame processing algorithm.
func (h *appendHandler) Fragment(tracks []bytestream.TrackFrames) error {
	h.fragments++
	return h.sb.process(h.tx, tracks)
}

// MediaSegmentEnd does nothing: frames are processed as they become complete.
func (h *appendHandler) MediaSegmentEnd() error { return nil }
