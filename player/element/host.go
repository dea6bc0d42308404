package element

import (
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

// The methods of this file are mse.Host: they run under the event loop's lock.

// HasError implements mse.Host.
func (e *Element) HasError() bool { return e.err != nil || e.failing }

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

// TracksChanged implements mse.Host: the first enabled track of a kind is the one that plays. When that is another one
// than before, playback begins anew where it is.
func (e *Element) TracksChanged(tx *mse.Tx) {
	v, a := firstEnabled(tx, e.tracks.Video), firstEnabled(tx, e.tracks.Audio)
	if a == e.unheard {
		a = nil
	}
	if v == e.videoTrack && a == e.audioTrack {
		return
	}
	e.videoTrack, e.audioTrack = v, a
	if v != nil && e.width == 0 {
		c := v.Info().Config
		e.width, e.height = frame.DisplaySize(c.Width-c.Clean.Left-c.Clean.Right, c.Height-c.Clean.Top-c.Clean.Bottom, c.SARNum, c.SARDen, c.Rotation)
	}
	if e.metadata && !e.closed {
		e.restart(tx, e.position(time.Now()))
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
// MSE: sourcebuffer-init-segment-received step 9. HTML: dom-media-have_metadata.
func (e *Element) MetadataComplete(tx *mse.Tx) {
	if e.metadata || e.failing {
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
	if t := e.startAt; t != 0 {
		if e.startAt = 0; t > 0 {
			e.seek(tx, t)
		}
	}
	e.look()
}

// BufferedChanged implements mse.Host.
func (e *Element) BufferedChanged(tx *mse.Tx) {
	if now := time.Now(); e.network == Loading && now.Sub(e.progressed) >= progressEvery {
		e.progressed = now
		tx.Queue(&e.EventTarget, EventProgress)
	}
	e.monitor(tx)
	e.look()
}

// PlayheadRemoved implements mse.Host.
func (e *Element) PlayheadRemoved(tx *mse.Tx) {
	if e.ready > HaveMetadata {
		e.setReady(tx, HaveMetadata)
	}
}

// StreamEnded implements mse.Host. An element that has metadata keeps its MediaSource after an error and can play what
// is there; for one that has none the resource cannot be used.
// MSE: end-of-stream-algorithm step 3.
func (e *Element) StreamEnded(tx *mse.Tx, reason mse.EndReason, cause error) {
	switch {
	case reason == mse.EndNormal:
	case !e.metadata:
		e.failLater(tx, cause)
	case reason == mse.EndNetwork:
		e.fail(tx, Network, cause, false)
	case reason == mse.EndDecode:
		e.fail(tx, Decode, cause, false)
	}
	e.look()
}

// monitor runs the SourceBuffer monitoring algorithm. While a seek waits for its data to be decoded readyState does not
// rise above HAVE_CURRENT_DATA, so that seeked comes before canplay and playing.
// MSE: buffer-monitoring.
func (e *Element) monitor(tx *mse.Tx) {
	if e.att == nil || !e.metadata {
		return
	}
	to := computeReady(facts{metadata: true, at: e.at, buffered: e.att.BufferedTx(tx), ended: e.att.EndedTx(tx), stalled: e.stalled,
		live: e.duration == media.Forever, autoplay: e.startsItself()})
	if e.seeking {
		to = min(to, max(e.ready, HaveCurrentData))
	}
	if to > HaveMetadata && !e.located(tx) {
		to = HaveMetadata
	}
	e.setReady(tx, to)
}

// located reports whether what there is for the position is really for it: it is buffered, or the presentation begins a
// little after 0, or the readers take the range that begins a little later.
func (e *Element) located(tx *mse.Tx) bool {
	b := e.att.BufferedTx(tx)
	if _, ok := b.Find(e.at.Add(slack)); ok || len(b) > 0 && e.at < b[0].Start && b[0].Start <= media.Time(startAllowance) {
		return true
	}
	if e.sought != e.gen {
		return false
	}
	for _, r := range e.readers {
		if !r.LocatedTx(tx) {
			return false
		}
	}
	return true
}

// startsItself reports whether playback begins, or has begun, as soon as there is enough.
func (e *Element) startsItself() bool { return e.autoplay && e.autoplaying }

// setReady changes readyState and queues the events of the change.
func (e *Element) setReady(tx *mse.Tx, to ReadyState) {
	from := e.ready
	if from == to {
		return
	}
	e.ready = to
	e.log.Debug("readyState", "from", from.String(), "to", to.String(), "t", e.at)
	c := change{from: from, to: to, seen: e.seenData, paused: e.paused, playing: !e.paused && !e.ended && !e.broken, autoplay: e.startsItself()}
	for _, typ := range c.events() {
		switch typ {
		case EventLoadedData:
			e.seenData = true
		case EventPlay:
			e.paused = false
		case EventPlaying:
			e.notifyPlaying(tx)
			continue
		}
		tx.Queue(&e.EventTarget, typ)
	}
	tx.Changed()
	e.look()
}
