package mse

import (
	"slices"
	"strconv"

	"mseplayer/mse/media"
	"mseplayer/mse/track"
)

// Track is an audio, video or text track that a SourceBuffer created from its first initialization segment.
// HTML: AudioTrack, VideoTrack, TextTrack.
type Track struct {
	// immutable
	id    string
	kind  media.Kind
	info  media.TrackInfo
	sb    *SourceBuffer
	first bool // the first of its kind in its SourceBuffer

	// guarded by loop
	enabled bool // audio: enabled; video: selected; text: showing or hidden
	gone    bool // no longer belongs to a SourceBuffer in sourceBuffers
}

// ID is unique among the tracks of one MediaSource.
func (t *Track) ID() string { return t.id }

// Kind says what the track carries.
func (t *Track) Kind() media.Kind { return t.kind }

// Info is what the initialization segment said about the track.
func (t *Track) Info() media.TrackInfo { return t.info }

// SourceBuffer returns the SourceBuffer that created the track, nil once it has been removed.
// MSE: dom-audiotrack-sourcebuffer.
func (t *Track) SourceBuffer() *SourceBuffer {
	t.sb.loop.mu.Lock()
	defer t.sb.loop.mu.Unlock()
	if t.gone {
		return nil
	}
	return t.sb
}

// Enabled reports whether the track is enabled, selected or showing.
func (t *Track) Enabled() bool {
	t.sb.loop.mu.Lock()
	defer t.sb.loop.mu.Unlock()
	return t.enabled
}

// trackBuffer is the specification's track buffer: the stored frames and the variables of the coded frame
// processing algorithm.
// MSE: track-buffers.
type trackBuffer struct {
	id    uint32 // the container's track ID in the latest initialization segment
	track *Track
	buf   *track.Buffer

	lastDTS      media.Opt // last decode timestamp
	lastDuration media.Span
	highestEnd   media.Opt // highest end timestamp
	needRAP      bool      // need random access point flag

	// lead are decode-only frames of the current group that wait for the first presented frame after them.
	lead []*media.CodedFrame
}

// resetGroup unsets the variables that belong to one coded frame group.
func (tb *trackBuffer) resetGroup() {
	tb.lastDTS, tb.lastDuration, tb.highestEnd = media.Opt{}, 0, media.Opt{}
	tb.wantRAP()
}

// wantRAP sets the need random access point flag.
func (tb *trackBuffer) wantRAP() {
	tb.needRAP, tb.lead = true, nil
	tb.buf.EndGroup()
}

// addTrack creates the Track and track buffer for one description.
func (sb *SourceBuffer) addTrack(info media.TrackInfo) *Track {
	ms := sb.ms
	ms.nextTrack++
	t := &Track{id: strconv.Itoa(ms.nextTrack), kind: info.Kind, info: info, sb: sb}
	t.first = !slices.ContainsFunc(sb.tracks, func(tb *trackBuffer) bool { return tb.track.kind == info.Kind })
	sb.tracks = append(sb.tracks, &trackBuffer{id: info.ID, track: t, buf: track.New(), needRAP: true})
	return t
}

// active reports whether any of the SourceBuffer's tracks is enabled.
func (sb *SourceBuffer) hasEnabledTrack() bool {
	return slices.ContainsFunc(sb.tracks, func(tb *trackBuffer) bool { return tb.track.enabled })
}

// setEnabled changes a track's selection and the membership of its SourceBuffer in activeSourceBuffers.
// MSE: active-source-buffer-changes.
func (ms *MediaSource) setEnabled(tx *Tx, t *Track, on bool) {
	if t.gone || t.enabled == on {
		return
	}
	t.enabled = on
	ms.updateActive(tx, t.sb)
	ms.bufferedChanged(tx)
}

// updateActive adds sb to or removes it from activeSourceBuffers.
func (ms *MediaSource) updateActive(tx *Tx, sb *SourceBuffer) {
	want, have := sb.hasEnabledTrack(), ms.active.contains(sb)
	switch {
	case want && !have:
		// The order is that of sourceBuffers.
		var items []*SourceBuffer
		for _, x := range ms.sourceBuffers.items {
			if x == sb || ms.active.contains(x) {
				items = append(items, x)
			}
		}
		ms.active.items = items
		tx.Queue(&ms.active.EventTarget, EventAddSourceBuffer)
	case !want && have:
		ms.active.remove(sb)
		tx.Queue(&ms.active.EventTarget, EventRemoveSourceBuffer)
	}
}

// dropTracks detaches the tracks from the SourceBuffer and tells the element.
func (sb *SourceBuffer) dropTracks(tx *Tx) {
	for _, tb := range sb.tracks {
		tb.track.gone = true
		if sb.ms.att != nil {
			sb.ms.att.host.TrackRemoved(tx, tb.track)
		}
	}
}
