package element

import (
	"errors"
	"fmt"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

// NetworkState says what the element does about its resource.
// HTML: dom-media-networkstate.
type NetworkState uint8

// The network states, with HTML's numbers. An element that plays a MediaSource stays Loading.
const (
	Empty    NetworkState = iota // there is no resource
	Idle                         // nothing more is fetched: the resource has failed
	Loading                      // the resource is being fetched
	NoSource                     // there is none that can be used, or it is not known yet
)

// String gives HTML's spelling.
func (s NetworkState) String() string {
	switch s {
	case Empty:
		return "NETWORK_EMPTY"
	case Idle:
		return "NETWORK_IDLE"
	case Loading:
		return "NETWORK_LOADING"
	case NoSource:
		return "NETWORK_NO_SOURCE"
	default:
		return "impossible network state"
	}
}

// progressEvery is how far apart progress events are at least.
const progressEvery = 350 * time.Millisecond

var (
	errNoMediaSource = errors.New("the address stands for no MediaSource")
	errEmptySrc      = errors.New("the src attribute is empty")
	errOtherLoop     = errors.New("the MediaSource belongs to another event loop")
	errStopped       = errors.New("the element has been stopped")
)

// SetSrc sets the src attribute to an object URL, and loads. What the URL stands for is looked up at once: revoking it
// later does not stop the load.
// HTML: dom-media-src.
func (e *Element) SetSrc(url string) {
	ms, _ := mse.ResolveObjectURL(url)
	e.loop.Do(func(tx *mse.Tx) {
		e.src, e.hasSrc, e.named = url, true, ms
		e.load(tx)
	})
	e.look()
}

// RemoveSrc removes the src attribute. What is loaded stays until the next load.
func (e *Element) RemoveSrc() {
	e.loop.Do(func(*mse.Tx) { e.src, e.hasSrc, e.named = "", false, nil })
}

// SetSrcObject makes ms what the element plays, whatever the src attribute says, and loads. Nil takes it away.
// HTML: dom-media-srcobject.
func (e *Element) SetSrcObject(ms *mse.MediaSource) {
	e.loop.Do(func(tx *mse.Tx) {
		e.object = ms
		e.load(tx)
	})
	e.look()
}

// Load gives up what is being played and begins anew with the resource that src or srcObject names: events of the
// element that have not been fired are dropped, the MediaSource is detached, and playback is paused at 0. What the src
// attribute stands for is looked up again.
// HTML: dom-media-load.
func (e *Element) Load() {
	url := e.Src()
	ms, _ := mse.ResolveObjectURL(url)
	e.loop.Do(func(tx *mse.Tx) {
		if e.src == url {
			e.named = ms
		}
		e.load(tx)
	})
	e.look()
}

// load runs the media element load algorithm.
// HTML: media-element-load-algorithm.
func (e *Element) load(tx *mse.Tx) {
	// 1. to 4.
	e.selecting, e.failing = false, false
	tx.Discard(&e.EventTarget)
	for _, s := range e.settlements {
		tx.Soon(s.run)
	}
	e.settlements = nil
	// 5.
	if e.network == Loading || e.network == Idle {
		tx.Queue(&e.EventTarget, EventAbort)
	}
	// 6.
	if e.network != Empty {
		tx.Queue(&e.EventTarget, EventEmptied)
		e.forget(tx)
		if !e.paused {
			e.paused = true
			e.settle(tx, exception(AbortError, "play", "interrupted by a new load"))
		}
		if e.at != 0 {
			e.at, e.target = 0, 0
			tx.Queue(&e.EventTarget, EventTimeUpdate)
		}
	}
	// 7.
	e.setRate(tx, e.defaultRate)
	// 8.
	e.err, e.broken, e.autoplaying = nil, false, true
	// 9.
	e.startSelection(tx)
	tx.Changed()
}

// forget detaches the MediaSource and makes everything unknown that came from it. The control goroutine ends what works
// on it.
func (e *Element) forget(tx *mse.Tx) {
	e.ready, e.metadata, e.seenData, e.duration = HaveNothing, false, false, nan
	e.report.resume(time.Now())
	e.seeking, e.announce, e.stalled, e.ended, e.rolling = false, false, false, false, false
	e.played, e.stretch, e.seekedAt = nil, media.Range{}, time.Time{}
	e.gen++
	e.loadGen, e.counting = e.gen, false
	if e.att != nil {
		e.att.DetachTx(tx)
		e.att = nil
	}
	e.videoTrack, e.audioTrack, e.unheard, e.width, e.height = nil, nil, nil, 0, 0
}

// startSelection is the part of the resource selection algorithm that comes before awaiting a stable state.
// HTML: concept-media-load-algorithm.
func (e *Element) startSelection(tx *mse.Tx) {
	e.network, e.selecting = NoSource, true
	e.soon(tx)
}

// selectResource is the rest of it.
func (e *Element) selectResource(tx *mse.Tx) {
	if e.object == nil && !e.hasSrc {
		e.network = Empty
		return
	}
	e.network, e.progressed = Loading, time.Time{}
	tx.Queue(&e.EventTarget, EventLoadStart)
	ms := e.object
	switch {
	case ms != nil:
		e.currentSrc = ""
	case e.src == "":
		e.sourceFailed(tx, errEmptySrc)
		return
	default:
		e.currentSrc, ms = e.src, e.named
	}
	if err := e.fetch(tx, ms); err != nil {
		e.sourceFailed(tx, err)
	}
	e.look()
}

// fetch runs the resource fetch algorithm.
// MSE: mediasource-attach.
func (e *Element) fetch(tx *mse.Tx, ms *mse.MediaSource) error {
	switch {
	case e.closed:
		return errStopped
	case ms == nil:
		return errNoMediaSource
	case ms.EventLoop() != e.loop:
		return errOtherLoop
	}
	att, err := ms.AttachTx(tx, e)
	if err != nil {
		return fmt.Errorf("the media source cannot be attached: %w", err)
	}
	e.att = att
	tx.Changed()
	return nil
}

// sourceFailed runs the dedicated media source failure steps for a resource that could not be selected: the attributes
// change at once, the event and the promises are queued.
// HTML: dedicated-media-source-failure-steps.
func (e *Element) sourceFailed(tx *mse.Tx, cause error) {
	err := &MediaError{Code: SrcNotSupported, Err: cause}
	e.giveUp(tx, err)
	tx.QueueError(&e.EventTarget, EventError, err)
	e.settle(tx, exception(mse.NotSupportedError, "play", "%v", err))
}

// failLater runs them for a resource that has turned out to be no good while it was being fetched: all of them are
// queued.
// HTML: dedicated-media-source-failure-steps.
func (e *Element) failLater(tx *mse.Tx, cause error) {
	err := &MediaError{Code: SrcNotSupported, Err: cause}
	e.failing = true
	tx.QueueCallOf(&e.EventTarget, func() {
		e.loop.Do(func(tx *mse.Tx) {
			e.giveUp(tx, err)
			e.settle(tx, exception(mse.NotSupportedError, "play", "%v", err)) // those that have come meanwhile
		})
	})
	tx.QueueError(&e.EventTarget, EventError, err)
	e.settle(tx, exception(mse.NotSupportedError, "play", "%v", err))
}

// giveUp makes the element one without a usable source.
func (e *Element) giveUp(tx *mse.Tx, err *MediaError) {
	e.failing = false
	e.err = err
	e.forget(tx)
	e.network = NoSource
	tx.Changed()
	e.look()
}

// fail sets the error attribute of an element that has metadata. Unless broken, what is buffered can still be played.
func (e *Element) fail(tx *mse.Tx, code ErrorCode, cause error, broken bool) {
	e.broken = e.broken || broken
	if e.err != nil {
		return
	}
	e.err, e.network = &MediaError{Code: code, Err: cause}, Idle
	e.report.resume(time.Now())
	tx.QueueError(&e.EventTarget, EventError, e.err)
	tx.Changed()
	e.look()
}
