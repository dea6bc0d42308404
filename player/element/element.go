package element

import (
	"context"
	"log/slog"
	"math"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/clock"
	"mseplayer/player/decode"
	"mseplayer/player/present"
)

// The events of a media element, spelled as in HTML.
const (
	EventLoadStart      = "loadstart"
	EventProgress       = "progress"
	EventAbort          = "abort"
	EventEmptied        = "emptied"
	EventError          = "error"
	EventDurationChange = "durationchange"
	EventResize         = "resize"
	EventLoadedMetadata = "loadedmetadata"
	EventLoadedData     = "loadeddata"
	EventCanPlay        = "canplay"
	EventCanPlayThrough = "canplaythrough"
	EventPlay           = "play"
	EventPlaying        = "playing"
	EventPause          = "pause"
	EventWaiting        = "waiting"
	EventSeeking        = "seeking"
	EventSeeked         = "seeked"
	EventTimeUpdate     = "timeupdate"
	EventEnded          = "ended"
	EventRateChange     = "ratechange"
	EventVolumeChange   = "volumechange"
)

// AudioSink is a sound device as the element drives it. *audio.Device, *null.Sink and *wav.Sink implement it.
type AudioSink interface {
	decode.AudioSink
	clock.Source
	// Flush begins a generation at a media time: what is queued of older ones is dropped.
	Flush(g media.Gen, at media.Time)
	// SetRunning lets sound out, or fades it away and lets media time rest.
	SetRunning(bool)
	// SetRate sets how many seconds of media sound in a second, MinRate to MaxRate, and whether sound keeps its pitch.
	SetRate(speed float64, keepPitch bool)
	// SetGain sets the amplification, 1 being none.
	SetGain(float64)
	// Queued is how much sound waits to be heard, in media time.
	Queued() media.Span
	// Drained reports whether all sound of a generation that has ended has been heard.
	Drained(media.Gen) bool
}

// Options configure an Element.
type Options struct {
	// Decoders makes the decoders; required.
	Decoders decode.Factory
	// Decoder tunes them.
	Decoder decode.Options
	// Decrypters makes what takes the protection off the frames of a track; nil when protected media cannot be played.
	Decrypters func() decode.Decrypter
	// Audio is the sound device; nil plays without sound. NoVideo plays without pictures.
	Audio   AudioSink
	NoVideo bool
	// Queue are the options of the picture queue; its clock is set by the element.
	Queue present.Options
	// Start is the playback position at which the first load begins. It is no seek and fires no events.
	Start media.Time
	// MaxVolume is the largest volume that SetVolume takes; 0 means 1, as in HTML.
	MaxVolume float64
	// Generation is what generations count from. Elements that use the same sound device one after the other need
	// numbers that do not overlap.
	Generation media.Gen
	// Log gets state changes at Debug. Nil is silent.
	Log *slog.Logger
}

// Element plays MediaSources, one after the other.
// HTML: htmlmediaelement.
type Element struct {
	mse.EventTarget

	// immutable
	loop   *mse.EventLoop
	opt    Options
	log    *slog.Logger
	clock  *clock.Media
	queue  *present.Queue
	kick   chan struct{} // one slot: look again
	tracks *mse.TrackLists

	// guarded by loop: the resource
	src        string
	hasSrc     bool             // the src attribute is there
	named      *mse.MediaSource // what src stood for when it was set
	object     *mse.MediaSource // srcObject
	currentSrc string
	network    NetworkState
	selecting  bool // resource selection goes on when the running task has ended
	stable     bool // stableState has been asked for
	failing    bool // the steps for a source that cannot be used are queued
	closed     bool // Stop has been called
	att        *mse.Attachment
	err        *MediaError
	broken     bool // playback has stopped due to an error
	progressed time.Time

	// guarded by loop: what is known of it
	ready      ReadyState
	metadata   bool
	seenData   bool // loadeddata has been fired
	duration   media.Time
	videoTrack *mse.Track
	audioTrack *mse.Track
	unheard    *mse.Track // an audio track that cannot be decoded
	width      int
	height     int

	// guarded by loop: playback
	paused      bool
	autoplay    bool
	autoplaying bool // autoplay may still start playback
	repeat      bool // the loop attribute
	stalled     bool
	ended       bool
	rate        float64
	defaultRate float64
	keepPitch   bool
	volume      float64
	muted       bool
	loudness    float64 // factor besides the volume
	promises    []func(error)
	settlements []*settlement // queued
	rolling     bool          // the clock runs, as far as the control goroutine has told
	at          media.Time    // official playback position
	lastUpdate  time.Time     // of the latest timeupdate
	sectionA    media.Opt     // see SetSection
	sectionB    media.Opt
	audioDelay  media.Span // see SetAudioDelay
	played      media.Ranges
	stretch     media.Range // what has been played since the clock ran last

	// guarded by loop: seeking
	startAt  media.Time // default playback start position
	seeking  bool
	announce bool       // seeking has not been fired for the latest seek
	gen      media.Gen  // of the latest seek
	target   media.Time // of the latest seek
	seekedAt time.Time  // when it was asked for
	readers  []*mse.Reader
	sought   media.Gen // the generation that readers are at

	// guarded by loop: counts
	report   Report
	loadGen  media.Gen // the generation that the latest load began
	counting bool      // the queue counts pictures of the latest load

	// owned by the control goroutine
	ctl control

	stop context.CancelFunc // set by Start
	done chan struct{}      // closed when the control goroutine and the workers have ended
}

// New returns an element whose state is guarded by loop, and which can play the MediaSources of that loop. Start makes
// it live.
func New(loop *mse.EventLoop, o Options) *Element {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if o.MaxVolume == 0 {
		o.MaxVolume = 1
	}
	e := &Element{
		EventTarget: mse.NewEventTarget(loop),
		loop:        loop,
		opt:         o,
		log:         log.With("c", "element"),
		clock:       &clock.Media{},
		kick:        make(chan struct{}, 1),
		tracks:      mse.NewTrackLists(loop),
		paused:      true,
		autoplaying: true,
		duration:    nan,
		rate:        1,
		defaultRate: 1,
		keepPitch:   true,
		volume:      1,
		loudness:    1,
		at:          o.Start,
		target:      o.Start,
		gen:         o.Generation + 1,
		counting:    true,
		done:        make(chan struct{}),
	}
	e.Listen(e.note)
	o.Queue.Clock = e.clock
	e.queue = present.NewQueue(o.Queue)
	e.applyRate() // the device may have been another element's
	return e
}

var nan = media.Time(math.NaN())

// Frames is what a surface draws from.
func (e *Element) Frames() *present.Queue { return e.queue }

// Clock is the element's media clock.
func (e *Element) Clock() clock.Source { return e.clock }

// Start begins to work, until ctx ends or Stop is called. It may be called once.
func (e *Element) Start(ctx context.Context) {
	ctx, e.stop = context.WithCancel(ctx)
	go func() {
		defer close(e.done)
		e.run(ctx)
	}()
}

// Stop ends playback: workers end and the MediaSource is detached. It waits for the workers, never for a surface, whose
// lent picture stays valid. A second call does nothing.
func (e *Element) Stop() {
	if e.stop != nil {
		e.stop()
		<-e.done
	}
}

// Close is Stop that releases all pictures too: nobody may draw any more.
func (e *Element) Close() {
	e.Stop()
	e.queue.Close()
}

// look makes the control goroutine look at the state again.
func (e *Element) look() {
	select {
	case e.kick <- struct{}{}:
	default:
	}
}

// soon has stableState run when the task that runs now has ended.
func (e *Element) soon(tx *mse.Tx) {
	if e.stable {
		return
	}
	e.stable = true
	tx.Soon(func() { e.loop.Do(e.stableState) })
}

// stableState does what an algorithm does after awaiting a stable state.
func (e *Element) stableState(tx *mse.Tx) {
	e.stable = false
	if e.selecting {
		e.selecting = false
		e.selectResource(tx)
	}
	e.announceSeek(tx)
}

var _ mse.Host = (*Element)(nil)
