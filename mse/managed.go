package mse

import "mseplayer/mse/media"

const (
	// lowWater is how much must be buffered after the playback position, or a ManagedMediaSource wants data; highWater is
	// when it has enough.
	lowWater  media.Span = 10
	highWater media.Span = 30
)

// managed is what a ManagedMediaSource has beyond a MediaSource.
// MSE: managedmediasource.
type managed struct {
	want      bool // data is wanted; streaming follows, one task later
	streaming bool
}

// Streaming reports whether a managed MediaSource wants data: startstreaming and endstreaming tell of its changes. It is
// always false without Options.Managed.
// MSE: dom-managedmediasource-streaming.
func (ms *MediaSource) Streaming() bool {
	ms.loop.mu.Lock()
	defer ms.loop.mu.Unlock()
	return ms.managed.streaming
}

// manage decides whether data is wanted. The lock must be held.
//
// DEVIATION: the text sets streaming when the media can be played without interruption; the event table says the
// opposite, and so do we. It is set as soon as the source opens, so that it can be read in sourceopen.
// MSE: managedmediasource-monitoring.
func (ms *MediaSource) manage(tx *Tx) {
	m := &ms.managed
	if !ms.opt.Managed || ms.att == nil {
		return
	}
	want := ms.wantsData(tx)
	if want == m.want {
		return
	}
	m.want = want
	typ := EventEndStreaming
	if want {
		typ = EventStartStreaming
	}
	a := ms.att
	if b := a.BufferedTx(tx); want && len(b) == 0 && len(ms.sourceBuffers.items) == 0 {
		m.streaming = true
	}
	tx.QueueCall(func() {
		ms.loop.mu.Lock()
		gone := a.gone
		if !gone {
			m.streaming = want
		}
		ms.loop.mu.Unlock()
		if !gone {
			ms.dispatch(Event{Type: typ, Target: &ms.EventTarget})
		}
	})
}

// wantsData reports whether what is buffered cannot be played for long. The lock must be held.
func (ms *MediaSource) wantsData(tx *Tx) bool {
	b, at := ms.att.BufferedTx(tx), ms.playhead
	r, ok := b.Find(at)
	if !ok && len(b) > 0 && at < b[0].Start && b[0].Start.Sub(at) <= startAllowance {
		r, ok = b[0], true
	}
	switch {
	case ms.readyState == Ended && (at >= b.End() || ok && r.End == b.End()):
		return false
	case !ok:
		return true
	case ms.managed.want:
		return r.End.Sub(at) < highWater
	default:
		return r.End.Sub(at) < lowWater
	}
}

// announce queues bufferedchange at every SourceBuffer whose buffered attribute changed. The lock must be held.
func (ms *MediaSource) announce(tx *Tx) {
	for _, sb := range ms.sourceBuffers.items {
		sb.announce(tx)
	}
}

// announce queues bufferedchange if the buffered attribute has changed since the last time. The lock must be held.
// MSE: managedsourcebuffer-bufferedchange.
func (sb *SourceBuffer) announce(tx *Tx) {
	if !sb.ms.opt.Managed {
		return
	}
	was, is := sb.announced, sb.ranges()
	if is.Equal(was) {
		return
	}
	sb.announced = is
	tx.l.add(task{target: &sb.EventTarget, event: Event{Type: EventBufferedChange, Target: &sb.EventTarget,
		Added: is.Subtract(was), Removed: was.Subtract(is)}})
}

// CleanUp frees memory as a media element does when there is little of it: inactive SourceBuffers lose everything, the
// others what lies before the group of pictures at the playback position and what lies behind a gap after it.
// MSE: memory-cleanup.
func (a *Attachment) CleanUp() {
	ms := a.ms
	ms.loop.mu.Lock()
	defer ms.loop.mu.Unlock()
	if a.gone {
		return
	}
	tx := &Tx{ms.loop}
	for _, sb := range ms.sourceBuffers.items {
		if ms.active.contains(sb) {
			sb.free(tx, 1<<62)
		} else {
			sb.removeFrames(tx, 0, media.Forever)
		}
	}
	ms.announce(tx)
}
