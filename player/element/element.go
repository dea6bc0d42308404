package element

import (
	"context"
	"fmt"
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
	EventDurationChange = "durationchange"
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
	EventError          = "error"
	EventResize         = "resize"
	EventVolumeChange   = "volumechange"
)

// MaxVolume is the largest accepted volume: 30 % more than full.
const MaxVolume = 1.3

// ErrorCode says what kind of failure ended playback.
// HTML: mediaerror.
type ErrorCode uint8

// The codes, with HTML's numbers.
const (
	Aborted ErrorCode = iota + 1
	Network
	Decode
	SrcNotSupported
)

// String names the code in words.
func (c ErrorCode) String() string {
	switch c {
	case Aborted:
		return "aborted"
	case Network:
		return "network error"
	case Decode:
		return "decoding error"
	case SrcNotSupported:
		return "source not supported"
	default:
		return "impossible error code"
	}
}

// MediaError is the failure that ended playback.
type MediaError struct {
	Code ErrorCode
	Err  error
}

// Error gives the code in words and the cause.
func (e *MediaError) Error() string {
	if e.Err == nil {
		return e.Code.String()
	}
	return fmt.Sprintf("%s: %v", e.Code, e.Err)
}

// Unwrap returns the cause.
func (e *MediaError) Unwrap() error { return e.Err }

// AudioSink is a sound device as the element drives it. *audio.Device, *null.Sink and *wav.Sink implement it.
type AudioSink interface {
	decode.AudioSink
	clock.Source
	// Flush begins a generation at a media time: what is queued of older ones is dropped.
	Flush(g media.Gen, at media.Time)
	// SetRunning lets sound out, or fades it away and lets media time rest.
	SetRunning(bool)
	// SetGain sets the amplification, 1 being none.
	SetGain(float64)
	// Queued is how much sound waits to be heard.
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
	// Audio is the sound device; nil plays without sound. NoVideo plays without pictures.
	Audio   AudioSink
	NoVideo bool
	// Queue are the options of the picture queue; its clock is set by the element.
	Queue present.Options
	// Start is the initial playback position.
	Start media.Time
	// Generation is what generations count from. Elements that use the same sound device one after the other need
	// numbers that do not overlap.
	Generation media.Gen
	// Log gets state changes at Debug. Nil is silent.
	Log *slog.Logger
}

// Element plays a MediaSource.
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

	// guarded by loop
	att        *mse.Attachment
	ready      ReadyState
	metadata   bool
	seenData   bool // loadeddata has been fired
	paused     bool
	seeking    bool
	stalled    bool
	ended      bool
	rolling    bool // the clock runs, as far as the control goroutine has told
	err        *MediaError
	duration   media.Time
	at         media.Time // official playback position
	gen        media.Gen  // of the latest seek
	target     media.Time // of the latest seek
	seekedAt   time.Time  // when it was asked for
	volume     float64
	muted      bool
	videoTrack *mse.Track
	audioTrack *mse.Track
	width      int
	height     int
	lastUpdate time.Time // of the latest timeupdate
	report     Report

	// owned by the control goroutine
	ctl control

	stop context.CancelFunc // set by Start
	done chan struct{}      // closed when the control goroutine and the workers have ended
}

// New returns an element whose state is guarded by loop. Start makes it live.
func New(loop *mse.EventLoop, o Options) *Element {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
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
		duration:    media.Time(math.NaN()),
		at:          o.Start,
		target:      o.Start,
		gen:         o.Generation + 1,
		volume:      1,
		done:        make(chan struct{}),
	}
	e.Listen(e.note)
	o.Queue.Clock = e.clock
	e.queue = present.NewQueue(o.Queue)
	return e
}

// Frames is what a surface draws from.
func (e *Element) Frames() *present.Queue { return e.queue }

// Clock is the element's media clock.
func (e *Element) Clock() clock.Source { return e.clock }

// Start attaches the MediaSource and begins to work. It may be called once.
// Errors: InvalidStateError when ms is not closed.
func (e *Element) Start(ctx context.Context, ms *mse.MediaSource) error {
	att, err := ms.Attach(e)
	if err != nil {
		return err
	}
	ctx, e.stop = context.WithCancel(ctx)
	e.loop.Do(func(*mse.Tx) { e.att = att })
	go func() {
		defer close(e.done)
		e.run(ctx)
	}()
	return nil
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

// Play starts or resumes playback; from the beginning when it had ended.
// HTML: dom-media-play.
func (e *Element) Play() {
	e.loop.Do(func(tx *mse.Tx) {
		if e.err != nil {
			return
		}
		if e.ended {
			e.seek(tx, 0)
			e.seekedAt = time.Now()
		}
		if !e.paused {
			return
		}
		e.paused = false
		tx.Queue(&e.EventTarget, EventPlay)
		if e.ready <= HaveCurrentData {
			tx.Queue(&e.EventTarget, EventWaiting)
		} else {
			tx.Queue(&e.EventTarget, EventPlaying)
		}
	})
	e.look()
}

// Pause stops playback. DEVIATION: currentTime may still move by what has been handed to the sound device, so that
// resuming needs no correction.
// HTML: dom-media-pause.
func (e *Element) Pause() {
	e.loop.Do(func(tx *mse.Tx) { e.pause(tx) })
	e.look()
}

func (e *Element) pause(tx *mse.Tx) {
	if e.paused {
		return
	}
	e.paused = true
	tx.Queue(&e.EventTarget, EventTimeUpdate)
	tx.Queue(&e.EventTarget, EventPause)
}

// Seek moves the playback position to t, exactly: the picture that contains t is the first one shown. Before the
// metadata is known it sets the initial position.
// HTML: dom-media-seek.
func (e *Element) Seek(t media.Time) {
	e.loop.Do(func(tx *mse.Tx) {
		e.seek(tx, t)
		e.seekedAt = time.Now()
	})
	e.look()
}

// Jump is Seek on the application's own account: it is not reported as a seek.
func (e *Element) Jump(t media.Time) {
	e.loop.Do(func(tx *mse.Tx) { e.seek(tx, t) })
	e.look()
}

// Playhead returns the playback position and a number that grows with every seek.
func (e *Element) Playhead() (at media.Time, seeks media.Gen) {
	now := time.Now()
	e.loop.Do(func(*mse.Tx) { at, seeks = e.position(now), e.gen })
	return at, seeks
}

// Starving reports whether playback, or a seek, waits for data at the playback position.
func (e *Element) Starving() (yes bool) {
	e.loop.Do(func(*mse.Tx) {
		yes = e.metadata && e.err == nil && !e.ended && (e.ready == HaveMetadata || e.ready == HaveCurrentData && (e.stalled || e.seeking))
	})
	return yes
}

// Buffered returns what can be played.
// HTML: dom-media-buffered.
func (e *Element) Buffered() (r media.Ranges) {
	e.loop.Do(func(tx *mse.Tx) {
		if e.att != nil {
			r = e.att.BufferedTx(tx)
		}
	})
	return r
}

func (e *Element) seek(tx *mse.Tx, t media.Time) {
	if t != t || e.err != nil {
		return
	}
	t = max(t, 0)
	if !e.metadata {
		e.gen++
		e.at, e.target = t, t
		return
	}
	if e.duration == e.duration {
		t = min(t, e.duration)
	}
	s := e.att.SeekableTx(tx)
	if len(s) == 0 {
		return
	}
	if _, ok := s.Find(t); !ok && t != s.End() {
		t = nearest(s, t)
	}
	if !e.seeking {
		tx.Queue(&e.EventTarget, EventSeeking)
	}
	e.report.resume(time.Now())
	e.seeking, e.ended, e.stalled, e.rolling = true, false, false, false
	e.gen++
	e.at, e.target, e.seekedAt = t, t, time.Time{}
	e.att.SetPlayheadTx(tx, t)
	e.monitor(tx)
	tx.Changed()
}

// nearest returns the point of s that is closest to t.
func nearest(s media.Ranges, t media.Time) media.Time {
	best := s[0].Start
	for _, r := range s {
		for _, p := range []media.Time{r.Start, r.End} {
			if math.Abs(float64(p-t)) < math.Abs(float64(best-t)) {
				best = p
			}
		}
	}
	return best
}

// Step shows the next picture, or with -1 the one before, while playback is paused.
func (e *Element) Step(n int) {
	e.loop.Do(func(*mse.Tx) {
		if e.paused && e.metadata && e.err == nil && !e.seeking {
			e.ctl.steps.Add(int32(n))
		}
	})
	e.look()
}

// SetVolume sets the volume, 0 to MaxVolume; 1 is full.
// HTML: dom-media-volume.
func (e *Element) SetVolume(v float64) {
	e.loop.Do(func(tx *mse.Tx) {
		v = min(max(v, 0), MaxVolume)
		if v == v && v != e.volume {
			e.volume = v
			tx.Queue(&e.EventTarget, EventVolumeChange)
		}
		e.applyVolume()
	})
}

// SetMuted turns sound off and on.
// HTML: dom-media-muted.
func (e *Element) SetMuted(m bool) {
	e.loop.Do(func(tx *mse.Tx) {
		if m != e.muted {
			e.muted = m
			tx.Queue(&e.EventTarget, EventVolumeChange)
		}
		e.applyVolume()
	})
}

// applyVolume hands the gain to the device. Loudness is felt roughly as the cube root of amplitude.
func (e *Element) applyVolume() {
	if e.opt.Audio == nil {
		return
	}
	gain := e.volume * e.volume * e.volume
	if e.muted {
		gain = 0
	}
	e.opt.Audio.SetGain(gain)
}

// State is a snapshot of the element's attributes.
type State struct {
	ReadyState    ReadyState
	Paused        bool
	Seeking       bool
	Stalled       bool
	Ended         bool
	Error         *MediaError
	CurrentTime   media.Time
	Duration      media.Time
	DurationKnown bool
	Volume        float64
	Muted         bool
	Buffered      media.Ranges
	Seekable      media.Ranges
	// Width and Height are of the picture as the container declares it, 0 without video.
	Width, Height      int
	HasVideo, HasAudio bool
	VideoTrack         *mse.Track
	AudioTrack         *mse.Track
	Video, Audio       decode.Status
}

// State returns the attributes at this moment.
func (e *Element) State() State {
	var s State
	now := time.Now()
	e.loop.Do(func(tx *mse.Tx) {
		s = State{ReadyState: e.ready, Paused: e.paused, Seeking: e.seeking, Stalled: e.stalled, Ended: e.ended, Error: e.err,
			CurrentTime: e.position(now), Duration: e.duration, DurationKnown: e.duration == e.duration, Volume: e.volume, Muted: e.muted,
			Width: e.width, Height: e.height, HasVideo: e.videoTrack != nil, HasAudio: e.audioTrack != nil,
			VideoTrack: e.videoTrack, AudioTrack: e.audioTrack}
		if e.att != nil {
			s.Buffered, s.Seekable = e.att.BufferedTx(tx), e.att.SeekableTx(tx)
		}
	})
	s.Video, s.Audio = e.ctl.statuses()
	return s
}

// CurrentTime returns the playback position.
// HTML: dom-media-currenttime.
func (e *Element) CurrentTime() (t media.Time) {
	now := time.Now()
	e.loop.Do(func(*mse.Tx) { t = e.position(now) })
	return t
}

// position is the official playback position; while the clock runs it is the clock's. The lock must be held.
func (e *Element) position(now time.Time) media.Time {
	if e.rolling {
		t := max(e.clock.Now(now), e.at)
		// The clock is stopped at the end of what is buffered, but not to the nanosecond.
		if until, ok := bufferedUntil(e.att.BufferedTx(nil), e.at); ok {
			t = min(t, until)
		}
		if e.duration == e.duration {
			t = min(t, e.duration)
		}
		e.at = t
	}
	return e.at
}

// Quality returns the counts of pictures.
// MPQ: getVideoPlaybackQuality.
func (e *Element) Quality() present.Quality { return e.queue.Quality() }

// Report returns what has happened so far. An interruption that has not ended lasts until now.
func (e *Element) Report() (r Report) {
	e.loop.Do(func(*mse.Tx) { r = e.report.clone() })
	r.resume(time.Now())
	return r
}

// fail sets the error attribute. The lock must be held.
func (e *Element) fail(tx *mse.Tx, code ErrorCode, cause error) {
	if e.err != nil {
		return
	}
	e.err = &MediaError{Code: code, Err: cause}
	e.report.resume(time.Now())
	tx.QueueError(&e.EventTarget, EventError, e.err)
	tx.Changed()
	e.look()
}

var _ mse.Host = (*Element)(nil)
