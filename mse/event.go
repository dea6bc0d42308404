package mse

import (
	"slices"

	"mseplayer/mse/media"
)

// The event types of this package, spelled as in the specification.
const (
	EventSourceOpen         = "sourceopen"
	EventSourceEnded        = "sourceended"
	EventSourceClose        = "sourceclose"
	EventAddSourceBuffer    = "addsourcebuffer"
	EventRemoveSourceBuffer = "removesourcebuffer"
	EventUpdateStart        = "updatestart"
	EventUpdate             = "update"
	EventUpdateEnd          = "updateend"
	EventError              = "error"
	EventAbort              = "abort"
	EventAddTrack           = "addtrack"
	EventRemoveTrack        = "removetrack"
	EventChange             = "change"
	EventStartStreaming     = "startstreaming"
	EventEndStreaming       = "endstreaming"
	EventBufferedChange     = "bufferedchange"
)

// Event is what a listener gets.
type Event struct {
	Type   string
	Target *EventTarget
	// Err is the cause of an error event.
	Err error
	// Track is what addtrack and removetrack are about.
	Track *Track
	// Added and Removed are how bufferedchange changed SourceBuffer.Buffered.
	Added, Removed media.Ranges
}

// EventTarget delivers events to listeners. It is embedded in every object that fires events, the media element
// included.
type EventTarget struct {
	loop *EventLoop // immutable

	listeners []*listener // guarded by loop
}

type listener struct{ fn func(Event) }

// NewEventTarget returns a target whose events go through the loop.
func NewEventTarget(l *EventLoop) EventTarget { return EventTarget{loop: l} }

// Listen calls fn for every event that is fired from now on, until stop is called. fn runs on the event loop's
// executor, one event at a time, with no lock held; it may call any method.
func (t *EventTarget) Listen(fn func(Event)) (stop func()) {
	l := &listener{fn: fn}
	t.loop.mu.Lock()
	defer t.loop.mu.Unlock()
	t.listeners = append(slices.Clip(t.listeners), l)
	return func() {
		t.loop.mu.Lock()
		defer t.loop.mu.Unlock()
		t.listeners = slices.DeleteFunc(slices.Clone(t.listeners), func(x *listener) bool { return x == l })
	}
}

// dispatch calls the listeners that are registered now. It is called without the lock.
func (t *EventTarget) dispatch(e Event) {
	t.loop.mu.Lock()
	ls := t.listeners // never changed in place
	t.loop.mu.Unlock()
	for _, l := range ls {
		l.fn(e)
	}
}
