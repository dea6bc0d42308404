package mse

import (
	"slices"

	"mseplayer/mse/media"
)

// TrackList is a live list of the tracks of one kind: those that a SourceBuffer created, or all that a media element
// has. The Track objects are the same in both. It fires addtrack and removetrack with the track in the event, and
// change when a track is enabled, selected or shown, or no longer is.
// HTML: AudioTrackList, VideoTrackList, TextTrackList.
type TrackList struct {
	EventTarget

	items   []*Track // guarded by loop; never changed in place
	pending bool     // guarded by loop: change is queued and has not been fired (text tracks)
}

// TrackLists are the three lists of one owner.
type TrackLists struct{ Audio, Video, Text *TrackList }

// NewTrackLists returns empty lists whose events go through the loop. A media element makes them once and gives them to
// every MediaSource that it attaches to, see Host.
func NewTrackLists(l *EventLoop) *TrackLists {
	list := func() *TrackList { return &TrackList{EventTarget: NewEventTarget(l)} }
	return &TrackLists{list(), list(), list()}
}

// Of returns the list of a kind.
func (ls *TrackLists) Of(k media.Kind) *TrackList {
	switch k {
	case media.Audio:
		return ls.Audio
	case media.Video:
		return ls.Video
	case media.Text:
		return ls.Text
	default:
		panic("mse: impossible kind of track")
	}
}

// Len returns the number of tracks.
// HTML: dom-audiotracklist-length.
func (l *TrackList) Len() int { return len(l.All()) }

// At returns track i, nil beyond the end.
func (l *TrackList) At(i int) *Track {
	items := l.All()
	if i < 0 || i >= len(items) {
		return nil
	}
	return items[i]
}

// All returns the tracks at this moment. The slice must not be changed.
func (l *TrackList) All() []*Track {
	l.loop.mu.Lock()
	defer l.loop.mu.Unlock()
	return l.items
}

// AllTx is All under the lock.
func (l *TrackList) AllTx(*Tx) []*Track { return l.items }

// ByID returns the track with that ID, nil when there is none.
// HTML: dom-audiotracklist-gettrackbyid.
func (l *TrackList) ByID(id string) *Track {
	for _, t := range l.All() {
		if t.id == id {
			return t
		}
	}
	return nil
}

// SelectedIndex returns the index of the first track that is enabled, selected or not disabled, -1 when none is.
// HTML: dom-videotracklist-selectedindex.
func (l *TrackList) SelectedIndex() int {
	l.loop.mu.Lock()
	defer l.loop.mu.Unlock()
	return slices.IndexFunc(l.items, (*Track).on)
}

// AddTx appends a track and queues addtrack; a media element's own tracks come before those of SourceBuffers. A selected
// video track unselects the others.
func (l *TrackList) AddTx(tx *Tx, t *Track) {
	i := len(l.items)
	if k := slices.IndexFunc(l.items, func(x *Track) bool { return x.sb != nil }); k >= 0 && t.sb == nil {
		i = k
	}
	l.items = slices.Insert(slices.Clone(l.items), i, t)
	t.lists = append(slices.Clip(t.lists), l)
	tx.queueTrack(l, EventAddTrack, t)
	off, lists := t.unselectOthers()
	queueChange(tx, t.kind, lists)
	updateActiveOf(tx, off)
}

// RemoveTx takes a track out and queues removetrack, and change if it was on.
func (l *TrackList) RemoveTx(tx *Tx, t *Track) {
	if !l.take(t) {
		return
	}
	tx.queueTrack(l, EventRemoveTrack, t)
	if t.on() {
		l.changed(tx, t.kind)
	}
}

// take takes a track out without an event. It reports whether the track was there.
func (l *TrackList) take(t *Track) bool {
	i := slices.Index(l.items, t)
	if i < 0 {
		return false
	}
	l.items = slices.Delete(slices.Clone(l.items), i, i+1)
	t.lists = slices.DeleteFunc(slices.Clone(t.lists), func(x *TrackList) bool { return x == l })
	return true
}

// changed queues change. Several changes of text tracks make one event.
func (l *TrackList) changed(tx *Tx, kind media.Kind) {
	if kind != media.Text {
		tx.Queue(&l.EventTarget, EventChange)
		return
	}
	if l.pending {
		return
	}
	l.pending = true
	tx.QueueStep(func(tx *Tx) {
		l.pending = false
		tx.Queue(&l.EventTarget, EventChange)
	})
}

// queueChange queues one change event at each list.
func queueChange(tx *Tx, kind media.Kind, lists []*TrackList) {
	for i, l := range lists {
		if !slices.Contains(lists[:i], l) {
			l.changed(tx, kind)
		}
	}
}

// queueTrack queues a TrackEvent.
func (tx *Tx) queueTrack(l *TrackList, typ string, t *Track) {
	tx.l.add(task{target: &l.EventTarget, event: Event{Type: typ, Target: &l.EventTarget, Track: t}})
}
