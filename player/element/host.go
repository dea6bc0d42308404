package element

import (
	"mseplayer/mse"
	"mseplayer/mse/media"
)

// The methods of this file are mse.Host: they run under the event loop's lock.

// HasError implements mse.Host.
func (e *Element) HasError() bool { return e.err != nil }

// DurationChanged implements mse.Host.
// HTML: durationchange.
func (e *Element) DurationChanged(tx *mse.Tx, d media.Time) {
	e.duration = d
	tx.Queue(&e.EventTarget, EventDurationChange)
	if e.metadata && e.at > d {
		e.seek(tx, d)
	}
}

// TrackLists implements mse.Host.
func (e *Element) TrackLists() *mse.TrackLists { return e.tracks }

// TracksChanged implements mse.Host: the first enabled track of a kind is the one that plays.
func (e *Element) TracksChanged(tx *mse.Tx) {
	e.videoTrack, e.audioTrack = firstEnabled(tx, e.tracks.Video), firstEnabled(tx, e.tracks.Audio)
	if e.videoTrack != nil {
		c := e.videoTrack.Info().Config
		e.width, e.height = c.Width, c.Height
	}
	e.look()
}

func firstEnabled(tx *mse.Tx, l *mse.TrackList) *mse.Track {
	for _, t := range l.AllTx(tx) {
		if t.EnabledTx(tx) {
			return t
		}
	}
	return nil
}

// NewTracksActive implements mse.Host.
// MSE: sourcebuffer-init-segment-received step 8.
func (e *Element) NewTracksActive(tx *mse.Tx) {
	if e.ready > HaveCurrentData {
		e.setReady(tx, HaveMetadata)
	}
}

// MetadataComplete implements mse.Host.
// MSE: sourcebuffer-init-segment-received step 9.
func (e *Element) MetadataComplete(tx *mse.Tx) {
	if e.metadata {
		return
	}
	e.metadata = true
	if e.videoTrack != nil {
		tx.Queue(&e.EventTarget, EventResize)
	}
	if e.duration == e.duration {
		e.at, e.target = min(e.at, e.duration), min(e.target, e.duration)
	}
	e.att.SetPlayheadTx(tx, e.at)
	e.setReady(tx, HaveMetadata)
	e.look()
}

// BufferedChanged implements mse.Host.
func (e *Element) BufferedChanged(tx *mse.Tx) {
	e.monitor(tx)
	e.look()
}

// PlayheadRemoved implements mse.Host.
func (e *Element) PlayheadRemoved(tx *mse.Tx) {
	if e.ready > HaveMetadata {
		e.setReady(tx, HaveMetadata)
	}
}

// StreamEnded implements mse.Host.
// MSE: end-of-stream-algorithm step 3.
func (e *Element) StreamEnded(tx *mse.Tx, reason mse.EndReason, cause error) {
	switch {
	case reason == mse.EndNormal:
	case e.ready == HaveNothing:
		e.fail(tx, SrcNotSupported, cause)
	case reason == mse.EndNetwork:
		e.fail(tx, Network, cause)
	case reason == mse.EndDecode:
		e.fail(tx, Decode, cause)
	}
	e.look()
}

// monitor runs the SourceBuffer monitoring algorithm.
// MSE: buffer-monitoring.
func (e *Element) monitor(tx *mse.Tx) {
	if e.att == nil || !e.metadata {
		return
	}
	e.setReady(tx, computeReady(facts{metadata: true, at: e.at, buffered: e.att.BufferedTx(tx), ended: e.att.EndedTx(tx), stalled: e.stalled}))
}

// setReady changes readyState and queues the events of the change.
func (e *Element) setReady(tx *mse.Tx, to ReadyState) {
	from := e.ready
	if from == to {
		return
	}
	e.ready = to
	e.log.Debug("readyState", "from", from.String(), "to", to.String(), "t", e.at)
	for _, typ := range transition(from, to, e.seenData, e.paused, !e.paused && !e.ended && e.err == nil) {
		if typ == EventLoadedData {
			e.seenData = true
		}
		tx.Queue(&e.EventTarget, typ)
	}
	tx.Changed()
	e.look()
}
