package mse

import (
	"slices"

	"mseplayer/mse/media"
)

// Host is the media element's part of the algorithms. Its methods run with the event loop's lock held: they change
// the element's state and queue events through tx, and must neither block nor call methods that lock.
type Host interface {
	// HasError reports whether the element's error attribute is set.
	HasError() bool
	// DurationChanged runs "update the media duration".
	DurationChanged(tx *Tx, d media.Time)
	// TrackLists returns the element's own lists, to and from which the tracks of SourceBuffers are added and removed;
	// nil for an element that keeps none. It is asked once, when the element attaches.
	TrackLists() *TrackLists
	// TracksChanged says that tracks were added, removed, enabled or disabled, selected or not, after the lists and
	// their events.
	TracksChanged(tx *Tx)
	// NewTracksActive says that an initialization segment made a SourceBuffer active: a readyState above
	// HAVE_METADATA falls back to it until there is data.
	NewTracksActive(tx *Tx)
	// MetadataComplete says that every SourceBuffer has had its first initialization segment.
	MetadataComplete(tx *Tx)
	// BufferedChanged runs the SourceBuffer monitoring algorithm.
	BufferedChanged(tx *Tx)
	// PlayheadRemoved says that data at the current position is gone.
	PlayheadRemoved(tx *Tx)
	// StreamEnded says that the stream ended, why, and what caused an error.
	StreamEnded(tx *Tx, reason EndReason, cause error)
}

// Attachment is what a media element gets by attaching to a MediaSource.
type Attachment struct {
	ms    *MediaSource // immutable
	host  Host         // immutable
	lists *TrackLists  // immutable: the element's, may be nil

	gone     bool  // guarded by loop: detached
	buffered joint // guarded by loop: of the active SourceBuffers
}

// Attach makes ms the source of an element: it opens, and sourceopen is queued. h may be nil for a program that reads
// coded frames itself.
// Errors: InvalidStateError (not closed).
// MSE: mediasource-attach.
func (ms *MediaSource) Attach(h Host) (*Attachment, error) {
	ms.loop.mu.Lock()
	defer ms.loop.mu.Unlock()
	return ms.AttachTx(&Tx{ms.loop}, h)
}

// AttachTx is Attach under the lock.
func (ms *MediaSource) AttachTx(tx *Tx, h Host) (*Attachment, error) {
	if ms.readyState != Closed {
		return nil, fail(InvalidStateError, "attach", "the media source is %s", ms.readyState)
	}
	if h == nil {
		h = noElement{}
	}
	ms.att = &Attachment{ms: ms, host: h, lists: h.TrackLists()}
	ms.playhead = 0
	ms.readyState = Open
	tx.Queue(&ms.EventTarget, EventSourceOpen)
	ms.manage(tx)
	return ms.att, nil
}

// Detach closes the MediaSource and drops all data. Readers fail from now on. A second call does nothing.
// MSE: mediasource-detach.
func (a *Attachment) Detach() {
	a.ms.loop.mu.Lock()
	defer a.ms.loop.mu.Unlock()
	a.DetachTx(&Tx{a.ms.loop})
}

// DetachTx is Detach under the lock.
func (a *Attachment) DetachTx(tx *Tx) {
	ms := a.ms
	if a.gone {
		return
	}
	// 1. to 3.
	ms.readyState = Closed
	ms.managed = managed{}
	ms.duration = nan
	// 4. and 5.
	ms.active.items = nil
	tx.Queue(&ms.active.EventTarget, EventRemoveSourceBuffer)
	// 6. and 7.
	for _, sb := range ms.sourceBuffers.items {
		sb.cancel()
		sb.dropTracks(tx, true)
		sb.release()
	}
	ms.sourceBuffers.items = nil
	tx.Queue(&ms.sourceBuffers.EventTarget, EventRemoveSourceBuffer)
	// 8.
	tx.Queue(&ms.EventTarget, EventSourceClose)
	a.gone = true
	ms.att = nil
	ms.liveSeekable = nil
	tx.Changed()
}

// Do runs fn under the event loop's lock.
func (a *Attachment) Do(fn func(*Tx)) { a.ms.loop.Do(fn) }

// SetPlayhead tells the current position. Eviction and removal need it.
func (a *Attachment) SetPlayhead(t media.Time) {
	a.ms.loop.mu.Lock()
	defer a.ms.loop.mu.Unlock()
	a.SetPlayheadTx(&Tx{a.ms.loop}, t)
}

// SetPlayheadTx is SetPlayhead under the lock.
func (a *Attachment) SetPlayheadTx(tx *Tx, t media.Time) {
	a.ms.playhead = t
	a.ms.manage(tx)
}

// Buffered returns the element's buffered attribute: what every active SourceBuffer has, with the last range of
// each stretched to the longest once the stream has ended.
// MSE: htmlmediaelement-extensions-buffered.
func (a *Attachment) Buffered() media.Ranges {
	a.ms.loop.mu.Lock()
	defer a.ms.loop.mu.Unlock()
	return a.BufferedTx(nil)
}

// BufferedTx is Buffered under the lock.
func (a *Attachment) BufferedTx(*Tx) media.Ranges {
	ms := a.ms
	// 1.
	if len(ms.active.items) == 0 || a.gone {
		a.buffered = joint{}
		return nil
	}
	// 2. and 3.
	var h media.Time
	for _, sb := range ms.active.items {
		h = max(h, sb.ranges().End())
	}
	a.buffered.begin(h, ms.readyState == Ended)
	for _, sb := range ms.active.items {
		a.buffered.add(sb.ranges())
	}
	// 4. to 7.
	return a.buffered.ranges()
}

// Seekable returns the element's seekable attribute.
// MSE: htmlmediaelement-extensions-seekable.
func (a *Attachment) Seekable() media.Ranges {
	a.ms.loop.mu.Lock()
	defer a.ms.loop.mu.Unlock()
	return a.SeekableTx(nil)
}

// SeekableTx is Seekable under the lock.
func (a *Attachment) SeekableTx(tx *Tx) media.Ranges {
	ms := a.ms
	switch {
	case a.gone || isNaN(ms.duration):
		return nil
	case ms.duration != media.Forever:
		return media.NewRanges(media.Range{Start: 0, End: ms.duration})
	}
	b := a.BufferedTx(tx)
	if len(ms.liveSeekable) > 0 {
		r := ms.liveSeekable[0]
		if len(b) > 0 {
			r = media.Range{Start: min(r.Start, b[0].Start), End: max(r.End, b.End())}
		}
		return media.NewRanges(r)
	}
	if len(b) == 0 {
		return nil
	}
	return media.NewRanges(media.Range{Start: 0, End: b.End()})
}

// EndedTx reports, under the lock, whether the MediaSource is ended.
func (a *Attachment) EndedTx(*Tx) bool { return a.ms.readyState == Ended }

// DurationTx returns the duration under the lock; known is false for NaN.
func (a *Attachment) DurationTx(*Tx) (d media.Time, known bool) {
	return a.ms.duration, !isNaN(a.ms.duration) && !a.gone
}

// bufferedChanged lets the element look at the new state and wakes readers. The lock must be held.
func (ms *MediaSource) bufferedChanged(tx *Tx) {
	if ms.att != nil {
		ms.att.host.BufferedChanged(tx)
	}
	ms.manage(tx)
	tx.Changed()
}

// trackBufferOf finds the storage of a track, nil once it is gone. The lock must be held.
func (t *Track) trackBufferOf() *trackBuffer {
	if t.gone || t.sb == nil {
		return nil
	}
	i := slices.IndexFunc(t.sb.tracks, func(tb *trackBuffer) bool { return tb.track == t })
	if i < 0 {
		return nil
	}
	return t.sb.tracks[i]
}

// noElement is the Host of a program without a media element.
type noElement struct{}

func (noElement) HasError() bool                    { return false }
func (noElement) TrackLists() *TrackLists           { return nil }
func (noElement) DurationChanged(*Tx, media.Time)   {}
func (noElement) TracksChanged(*Tx)                 {}
func (noElement) NewTracksActive(*Tx)               {}
func (noElement) MetadataComplete(*Tx)              {}
func (noElement) BufferedChanged(*Tx)               {}
func (noElement) PlayheadRemoved(*Tx)               {}
func (noElement) StreamEnded(*Tx, EndReason, error) {}
