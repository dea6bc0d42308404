package element

import "mseplayer/mse/media"

// ReadyState says how much of the media is at hand.
// HTML: dom-media-readystate.
type ReadyState uint8

// The ready states.
const (
	HaveNothing ReadyState = iota
	HaveMetadata
	HaveCurrentData
	HaveFutureData
	HaveEnoughData
)

// String gives HTML's spelling.
func (s ReadyState) String() string {
	switch s {
	case HaveNothing:
		return "HAVE_NOTHING"
	case HaveMetadata:
		return "HAVE_METADATA"
	case HaveCurrentData:
		return "HAVE_CURRENT_DATA"
	case HaveFutureData:
		return "HAVE_FUTURE_DATA"
	case HaveEnoughData:
		return "HAVE_ENOUGH_DATA"
	default:
		return "impossible ready state"
	}
}

const (
	// startAllowance is how long after 0 the media may begin and still be played from 0.
	startAllowance media.Span = 1
	// lowWater is how little may be buffered after the position before playback stalls. Everything that is there is
	// played: the control goroutine looks in time.
	lowWater media.Span = 0.004
	// resumeAhead is how much must be buffered before a stalled playback goes on.
	resumeAhead media.Span = 0.5
	// slack is how far before a range a position may lie and still be in it: applications round times to microseconds.
	slack media.Span = 1e-6
	// enoughAhead is how much counts as enough to play through. enoughSoon is that of a stream without end, of which there
	// is never much, and of playback that is to begin by itself, where nobody else decides when.
	enoughAhead media.Span = 10
	enoughSoon  media.Span = 2
)

// facts are what readyState depends on.
type facts struct {
	metadata bool
	at       media.Time
	buffered media.Ranges
	ended    bool // the MediaSource is ended
	stalled  bool // playback waits for data
	live     bool // the duration is infinite
	autoplay bool // playback begins, or has begun, by itself
}

// computeReady derives the ready state.
// MSE: buffer-monitoring.
func computeReady(f facts) ReadyState {
	if !f.metadata {
		return HaveNothing
	}
	end, ok := bufferedUntil(f.buffered, f.at)
	ahead := end.Sub(f.at)
	switch {
	case !ok:
		return HaveMetadata
	case end == f.at:
		return HaveCurrentData
	case f.ended && end == f.buffered.End(), ahead >= enoughAhead, (f.live || f.autoplay) && ahead >= enoughSoon:
		return HaveEnoughData
	case ahead > lowWater && !f.stalled, ahead >= resumeAhead:
		return HaveFutureData
	default:
		return HaveCurrentData
	}
}

// bufferedUntil returns the end of what is buffered from t on without a gap, which is t itself at the end of a range. A
// beginning that lies a little after t counts.
func bufferedUntil(b media.Ranges, t media.Time) (media.Time, bool) {
	for _, r := range b {
		if r.Start <= t.Add(slack) && t <= r.End {
			return r.End, true
		}
	}
	if len(b) > 0 && t < b[0].Start && b[0].Start.Sub(t) <= startAllowance {
		return b[0].End, true
	}
	return t, false
}

// change is a change of readyState and what its events depend on.
type change struct {
	from, to ReadyState
	seen     bool // loadeddata was fired before
	paused   bool
	playing  bool // potentially playing
	autoplay bool // playback is to start by itself once there is enough data
}

// events lists the events of the change, in order; play stands for unpausing, too.
// HTML: ready-states.
func (c change) events() (events []string) {
	if c.from == HaveNothing && c.to >= HaveMetadata {
		events = append(events, EventLoadedMetadata)
	}
	if c.from <= HaveMetadata && c.to >= HaveCurrentData && !c.seen {
		events = append(events, EventLoadedData)
	}
	if c.from >= HaveFutureData && c.to <= HaveCurrentData && c.playing {
		events = append(events, EventTimeUpdate, EventWaiting)
	}
	if c.from <= HaveCurrentData && c.to >= HaveFutureData {
		events = append(events, EventCanPlay)
		if !c.paused {
			events = append(events, EventPlaying)
		}
	}
	if c.to == HaveEnoughData {
		if c.paused && c.autoplay {
			events = append(events, EventPlay, EventPlaying)
		}
		events = append(events, EventCanPlayThrough)
	}
	return events
}
