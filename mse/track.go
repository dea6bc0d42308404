package mse

import (
	"slices"
	"strconv"

	"mseplayer/mse/media"
	"mseplayer/mse/track"
)

// TextMode is how a text track is used.
// HTML: texttrackmode.
type TextMode uint8

// The modes.
const (
	Disabled TextMode = iota // not used
	Hidden                   // kept up to date, not shown
	Showing                  // shown
)

// String gives the specification's spelling.
func (m TextMode) String() string {
	switch m {
	case Disabled:
		return "disabled"
	case Hidden:
		return "hidden"
	case Showing:
		return "showing"
	default:
		return "impossible text track mode"
	}
}

// Track is an audio, video or text track: one that a SourceBuffer created from its first initialization segment, or a
// text track that a media element made.
// HTML: AudioTrack, VideoTrack, TextTrack.
type Track struct {
	// immutable
	loop *EventLoop
	id   string
	kind media.Kind
	role string
	info media.TrackInfo
	sb   *SourceBuffer // nil for a media element's own

	// guarded by loop
	mode  TextMode // audio and video: Showing when enabled or selected
	lists []*TrackList
	cues  []*Cue // text; in the order of time, never changed in place
	gone  bool   // no longer belongs to a SourceBuffer in sourceBuffers
}

// NewTextTrack returns a text track that no SourceBuffer created, for a media element's addTextTrack. It is disabled and
// in no list.
func NewTextTrack(l *EventLoop, role, label, language string) *Track {
	return &Track{loop: l, kind: media.Text, role: role, info: media.TrackInfo{Kind: media.Text, Label: label, Language: language}}
}

// ID is unique among the tracks of one MediaSource, and empty for a media element's own.
func (t *Track) ID() string { return t.id }

// Kind says what the track carries.
func (t *Track) Kind() media.Kind { return t.kind }

// Role is the attribute that HTML calls kind: "main", "translation", "subtitles", "metadata" and so on.
// HTML: dom-audiotrack-kind.
func (t *Track) Role() string { return t.role }

// Label is the track's name, "" when it has none.
func (t *Track) Label() string { return t.info.Label }

// Language is a BCP 47 tag, "" when unknown.
func (t *Track) Language() string { return t.info.Language }

// Info is what the initialization segment said about the track.
func (t *Track) Info() media.TrackInfo { return t.info }

// SourceBuffer returns the SourceBuffer that created the track, nil once it has been removed.
// MSE: dom-audiotrack-sourcebuffer.
func (t *Track) SourceBuffer() *SourceBuffer {
	t.loop.mu.Lock()
	defer t.loop.mu.Unlock()
	if t.gone {
		return nil
	}
	return t.sb
}

// Enabled reports whether an audio track is heard. For the other kinds it is what Selected says, or that the mode is not
// Disabled.
// HTML: dom-audiotrack-enabled.
func (t *Track) Enabled() bool {
	t.loop.mu.Lock()
	defer t.loop.mu.Unlock()
	return t.on()
}

// EnabledTx is Enabled under the lock.
func (t *Track) EnabledTx(*Tx) bool { return t.on() }

// SetEnabled turns a track on or off. A text track is then showing.
// HTML: dom-audiotrack-enabled.
func (t *Track) SetEnabled(on bool) {
	m := Disabled
	if on {
		m = Showing
	}
	t.SetMode(m)
}

// Selected reports whether a video track is the one that is shown.
// HTML: dom-videotrack-selected.
func (t *Track) Selected() bool { return t.Enabled() }

// SetSelected selects a video track and unselects the others of its lists, or unselects it.
// HTML: dom-videotrack-selected.
func (t *Track) SetSelected(on bool) { t.SetEnabled(on) }

// Mode returns a text track's mode.
// HTML: dom-texttrack-mode.
func (t *Track) Mode() TextMode {
	t.loop.mu.Lock()
	defer t.loop.mu.Unlock()
	return t.mode
}

// SetMode sets a text track's mode.
// HTML: dom-texttrack-mode.
func (t *Track) SetMode(m TextMode) {
	t.loop.mu.Lock()
	defer t.loop.mu.Unlock()
	t.SetModeTx(&Tx{t.loop}, m)
}

// SetModeTx is SetMode under the lock; Showing stands for enabled and selected too.
func (t *Track) SetModeTx(tx *Tx, m TextMode) {
	if t.mode == m {
		return
	}
	t.mode = m
	off, lists := t.unselectOthers()
	queueChange(tx, t.kind, append(lists, t.lists...))
	updateActiveOf(tx, append(off, t))
	if t.sb == nil || t.gone {
		return
	}
	if att := t.sb.ms.att; att != nil {
		att.host.TracksChanged(tx)
	}
	t.sb.ms.bufferedChanged(tx)
}

// unselectOthers turns off the other video tracks of the lists of a selected one. It returns them and all lists that
// they are in.
func (t *Track) unselectOthers() (off []*Track, lists []*TrackList) {
	if t.kind != media.Video || !t.on() {
		return nil, nil
	}
	for _, l := range t.lists {
		for _, x := range l.items {
			if x != t && x.on() {
				x.mode = Disabled
				off, lists = append(off, x), append(lists, x.lists...)
			}
		}
	}
	return off, lists
}

// updateActiveOf brings activeSourceBuffers up to date after a change of tracks.
// MSE: active-source-buffer-changes.
func updateActiveOf(tx *Tx, tracks []*Track) {
	for _, t := range tracks {
		if t.sb != nil && !t.gone {
			t.sb.ms.updateActive(tx, t.sb)
		}
	}
}

// on reports whether the track is enabled, selected, hidden or showing. The lock must be held.
func (t *Track) on() bool { return t.mode != Disabled }

// trackBuffer is the specification's track buffer: the stored frames and the variables of the coded frame
// processing algorithm.
// MSE: track-buffers.
type trackBuffer struct {
	track *Track
	buf   *track.Buffer

	// Of the latest initialization segment: the container's track ID, and what a decoder needs to see before a target.
	id      uint32
	preroll media.Span

	lastDTS      media.Opt // last decode timestamp
	lastDuration media.Span
	highestEnd   media.Opt // highest end timestamp
	needRAP      bool      // need random access point flag
	late         bool      // frames of the coded frame group have been dropped

	// lead are decode-only frames of the current group that wait for the first presented frame after them.
	lead []*media.CodedFrame
}

// resetGroup unsets the variables that belong to one coded frame group.
func (tb *trackBuffer) resetGroup() {
	tb.lastDTS, tb.lastDuration, tb.highestEnd, tb.late = media.Opt{}, 0, media.Opt{}, false
	tb.wantRAP()
}

// resetGroups begins a new coded frame group on all tracks.
func (sb *SourceBuffer) resetGroups() {
	for _, tb := range sb.tracks {
		tb.resetGroup()
	}
	sb.groupBegin = media.Opt{}
}

// wantRAP sets the need random access point flag.
func (tb *trackBuffer) wantRAP() {
	tb.needRAP, tb.lead = true, nil
	tb.buf.EndGroup()
}

// addTrack creates the Track and track buffer for one description and puts the track into the lists. The first audio and
// the first video track of a SourceBuffer are on.
// MSE: sourcebuffer-init-segment-received steps 5.2 to 5.4.
func (sb *SourceBuffer) addTrack(tx *Tx, info media.TrackInfo) *Track {
	ms, list := sb.ms, sb.lists.Of(info.Kind)
	ms.nextTrack++
	t := &Track{loop: ms.loop, id: strconv.Itoa(ms.nextTrack), kind: info.Kind, role: roleOf(info, len(list.items) == 0), info: info, sb: sb}
	if len(list.items) == 0 && info.Kind != media.Text {
		t.mode = Showing
	}
	sb.tracks = append(sb.tracks, &trackBuffer{id: info.ID, preroll: info.Config.Preroll, track: t, buf: track.New(), needRAP: true})
	list.AddTx(tx, t)
	if ms.att != nil && ms.att.lists != nil {
		ms.att.lists.Of(info.Kind).AddTx(tx, t)
	}
	return t
}

// roleOf is the kind attribute of a track for which the container names none.
// HTML: "Sourcing In-band Media Resource Tracks from Media Containers into HTML".
func roleOf(info media.TrackInfo, first bool) string {
	switch {
	case info.Role != "":
		return info.Role
	case info.Kind != media.Text && first:
		return "main"
	case info.Kind != media.Text:
		return "translation"
	}
	switch info.Config.Codec {
	case media.WebVTT, media.TTML, "mov_text":
		return "subtitles"
	case "eia_608":
		return "captions"
	}
	return "metadata"
}

// hasEnabledTrack reports whether any of the SourceBuffer's tracks is on.
func (sb *SourceBuffer) hasEnabledTrack() bool {
	return slices.ContainsFunc(sb.tracks, func(tb *trackBuffer) bool { return tb.track.on() })
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

// dropTracks detaches the tracks from the SourceBuffer and takes them out of all lists. When the element forgets its
// source, text tracks leave its list without an event; for audio and video the specifications leave it open, and the
// public tests want events.
// MSE: dom-mediasource-removesourcebuffer steps 3 to 9. HTML: forget-the-media-element's-media-resource-specific-tracks.
func (sb *SourceBuffer) dropTracks(tx *Tx, forget bool) {
	for _, k := range []media.Kind{media.Audio, media.Video, media.Text} {
		for _, t := range sb.lists.Of(k).items {
			t.gone = true
			for _, l := range t.lists {
				if forget && k == media.Text && l != sb.lists.Text {
					l.take(t)
					continue
				}
				l.RemoveTx(tx, t)
			}
		}
	}
	if len(sb.tracks) > 0 && sb.ms.att != nil {
		sb.ms.att.host.TracksChanged(tx)
	}
}
