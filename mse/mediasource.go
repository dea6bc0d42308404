package mse

import (
	"log/slog"
	"maps"
	"math"
	"slices"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/mse/mp2t"
	"mseplayer/mse/mpegaudio"
	"mseplayer/mse/webm"
)

// The default limits of what one SourceBuffer stores, in bytes of payload.
const (
	defaultVideoQuota = 150 << 20
	defaultAudioQuota = 12 << 20
	// maxSourceBuffers bounds the SourceBuffers of one MediaSource.
	maxSourceBuffers = 64
)

// ReadyState is the state of a MediaSource.
// MSE: dom-readystate.
type ReadyState uint8

// The states.
const (
	Closed ReadyState = iota
	Open
	Ended
)

// String gives the specification's spelling.
func (s ReadyState) String() string {
	switch s {
	case Closed:
		return "closed"
	case Open:
		return "open"
	case Ended:
		return "ended"
	default:
		return "impossible ready state"
	}
}

// Options configure a MediaSource. The zero value is usable.
type Options struct {
	// Loop is the event loop shared with the media element; nil makes a new one.
	Loop *EventLoop
	// Formats are the byte stream formats that can be appended, each with the maker of its parser; nil takes those of
	// this module.
	Formats map[mime.Container]func() bytestream.Parser
	// Private are parsers of types that isTypeSupported does not advertise, by MIME type.
	Private map[string]func() bytestream.Parser
	// Decodes reports whether a coding format can be decoded; nil means every one can.
	Decodes func(media.CodecID) bool
	// Managed makes a ManagedMediaSource: see MediaSource.Streaming and EventBufferedChange.
	Managed bool
	// SkipUnsupportedTracks ignores tracks of an initialization segment that cannot be decoded, as long as one can.
	// DEVIATION when set: the specification makes any such track an append error.
	SkipUnsupportedTracks bool
	// DecodeOutsideWindow keeps pictures outside of the append window for decoding those inside, so that a period that
	// begins in the middle of a group of pictures shows all of its pictures.
	// DEVIATION when set: the specification drops everything up to the next random access point.
	DecodeOutsideWindow bool
	// KeepOpen leaves it to the application what an append error means, which the append reports as always: it goes on behind
	// what cannot be parsed, or ends the stream with EndOfStreamError.
	// DEVIATION when set: the specification's append error algorithm ends the stream.
	KeepOpen bool
	// InbandEvents keeps what media segments say beside their frames for SourceBuffer.TakeInbandEvents.
	InbandEvents bool
	// TextFrames keeps what is appended to text tracks for SourceBuffer.TakeTextFrames.
	TextFrames bool
	// VideoQuota and AudioQuota limit the payload bytes of one SourceBuffer that holds video, or only audio or
	// text. 0 takes the default, 150 MiB and 12 MiB.
	VideoQuota, AudioQuota int64
	// Log gets one line per segment and state change at Debug. Nil is silent.
	Log *slog.Logger
}

// formats are the byte stream formats of this module.
var formats = map[mime.Container]func() bytestream.Parser{
	mime.ISOBMFF:   func() bytestream.Parser { return isobmff.New(isobmff.Options{}) },
	mime.WebM:      func() bytestream.Parser { return webm.New(webm.Options{}) },
	mime.MP2T:      func() bytestream.Parser { return mp2t.New() },
	mime.MPEGAudio: func() bytestream.Parser { return mpegaudio.New(mpegaudio.MPEG) },
	mime.ADTS:      func() bytestream.Parser { return mpegaudio.New(mpegaudio.ADTS) },
	mime.AC3:       func() bytestream.Parser { return mpegaudio.New(mpegaudio.AC3) },
}

// Formats returns the byte stream formats of this module, each with the maker of its parser. The caller owns the map.
func Formats() map[mime.Container]func() bytestream.Parser { return maps.Clone(formats) }

func (o *Options) formats() map[mime.Container]func() bytestream.Parser {
	if o.Formats == nil {
		return formats
	}
	return o.Formats
}

// support is the table that decides about types.
func (o *Options) support() mime.Support {
	s := mime.Support{Decodes: o.Decodes}
	for c := range o.formats() {
		s.Containers = append(s.Containers, c)
	}
	return s
}

// IsTypeSupported reports whether media of a MIME type can be appended and decoded, and if not, why.
// MSE: dom-mediasource-istypesupported.
func (o *Options) IsTypeSupported(mimeType string) (ok bool, reason string) {
	if mimeType == "" {
		return false, "empty type"
	}
	s := o.support()
	return s.IsTypeSupported(mimeType)
}

// parserFor decides whether a SourceBuffer of that type can be made, and makes its parser.
func (o *Options) parserFor(mimeType string) (p bytestream.Parser, generate bool, reason string) {
	if mk, ok := o.Private[mimeType]; ok {
		return mk(), false, ""
	}
	s := o.support()
	if ok, reason := s.CanAdd(mimeType); !ok {
		return nil, false, reason
	}
	t, err := mime.ParseType(mimeType)
	if err != nil {
		return nil, false, err.Error()
	}
	c, _ := mime.ContainerOf(t.Essence())
	return o.formats()[c](), c.GenerateTimestamps(), ""
}

// MediaSource is a source of media data for a media element.
// MSE: mediasource.
type MediaSource struct {
	EventTarget

	opt Options      // immutable
	log *slog.Logger // immutable

	// guarded by loop
	readyState    ReadyState
	duration      media.Time // NaN while unknown
	sourceBuffers *SourceBufferList
	active        *SourceBufferList
	liveSeekable  media.Ranges
	att           *Attachment
	playhead      media.Time
	nextTrack     int
	managed       managed
}

// New returns a closed MediaSource. It starts nothing.
func New(o Options) *MediaSource {
	if o.Loop == nil {
		o.Loop = NewEventLoop(nil)
	}
	if o.VideoQuota == 0 {
		o.VideoQuota = defaultVideoQuota
	}
	if o.AudioQuota == 0 {
		o.AudioQuota = defaultAudioQuota
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &MediaSource{
		EventTarget:   NewEventTarget(o.Loop),
		opt:           o,
		log:           log.With("c", "mse"),
		duration:      nan,
		sourceBuffers: newSourceBufferList(o.Loop),
		active:        newSourceBufferList(o.Loop),
	}
}

var nan = media.Time(math.NaN())

func isNaN(t media.Time) bool { return t != t }

// EventLoop returns the loop that guards ms.
func (ms *MediaSource) EventLoop() *EventLoop { return ms.loop }

// ReadyState returns the state.
// MSE: dom-mediasource-readystate.
func (ms *MediaSource) ReadyState() ReadyState {
	ms.loop.mu.Lock()
	defer ms.loop.mu.Unlock()
	return ms.readyState
}

// SourceBuffers returns the live list of all SourceBuffers, always the same object.
// MSE: dom-mediasource-sourcebuffers.
func (ms *MediaSource) SourceBuffers() *SourceBufferList { return ms.sourceBuffers }

// ActiveSourceBuffers returns the live list of those that provide a selected or enabled track, in the order of
// SourceBuffers.
// MSE: dom-mediasource-activesourcebuffers.
func (ms *MediaSource) ActiveSourceBuffers() *SourceBufferList { return ms.active }

// AddSourceBuffer creates a SourceBuffer for a MIME type.
// Errors: TypeError (empty type), NotSupportedError, QuotaExceededError (too many), InvalidStateError (not open).
// MSE: dom-mediasource-addsourcebuffer.
func (ms *MediaSource) AddSourceBuffer(mimeType string) (*SourceBuffer, error) {
	const op = "MediaSource.addSourceBuffer"
	ms.loop.mu.Lock()
	defer ms.loop.mu.Unlock()
	// 1.
	if mimeType == "" {
		return nil, fail(TypeError, op, "empty type")
	}
	// 2.
	parser, generate, reason := ms.opt.parserFor(mimeType)
	if reason != "" {
		return nil, fail(NotSupportedError, op, "%s: %s", mimeType, reason)
	}
	// 3.
	if len(ms.sourceBuffers.items) >= maxSourceBuffers {
		return nil, fail(QuotaExceededError, op, "%d source buffers exist", maxSourceBuffers)
	}
	// 4.
	if ms.readyState != Open {
		return nil, fail(InvalidStateError, op, "the media source is %s", ms.readyState)
	}
	// 5. to 8.
	sb := newSourceBuffer(ms, mimeType, parser, generate)
	ms.sourceBuffers.items = append(slices.Clip(ms.sourceBuffers.items), sb)
	// 9.
	tx := &Tx{ms.loop}
	tx.Queue(&ms.sourceBuffers.EventTarget, EventAddSourceBuffer)
	return sb, nil
}

// RemoveSourceBuffer takes a SourceBuffer out and drops its data. A pending operation is aborted.
// Errors: NotFoundError.
// MSE: dom-mediasource-removesourcebuffer.
func (ms *MediaSource) RemoveSourceBuffer(sb *SourceBuffer) error {
	const op = "MediaSource.removeSourceBuffer"
	ms.loop.mu.Lock()
	defer ms.loop.mu.Unlock()
	tx := &Tx{ms.loop}
	if sb == nil {
		return fail(TypeError, op, "no SourceBuffer")
	}
	// 1.
	if !ms.sourceBuffers.contains(sb) {
		return fail(NotFoundError, op, "not in sourceBuffers")
	}
	// 2.
	if sb.updating {
		sb.cancel()
		tx.Queue(&sb.EventTarget, EventAbort)
		tx.Queue(&sb.EventTarget, EventUpdateEnd)
	}
	// 3. to 9.
	sb.dropTracks(tx, false)
	// 10.
	if ms.active.contains(sb) {
		ms.active.remove(sb)
		tx.Queue(&ms.active.EventTarget, EventRemoveSourceBuffer)
	}
	// 11.
	ms.sourceBuffers.remove(sb)
	tx.Queue(&ms.sourceBuffers.EventTarget, EventRemoveSourceBuffer)
	// 12.
	sb.release()
	ms.bufferedChanged(tx)
	return nil
}

// EndReason says why a stream ends.
// MSE: dom-endofstreamerror.
type EndReason uint8

// The reasons.
const (
	EndNormal  EndReason = iota // all data has been appended
	EndNetwork                  // a network error
	EndDecode                   // a decoding error
)

// String gives the specification's spelling, "" for the normal end.
func (r EndReason) String() string {
	switch r {
	case EndNormal:
		return ""
	case EndNetwork:
		return "network"
	case EndDecode:
		return "decode"
	default:
		return "impossible end reason"
	}
}

// EndOfStream says that no more data will be appended, because all has been or because of an error.
// Errors: TypeError (not a reason), InvalidStateError (not open, or a SourceBuffer is updating).
// MSE: dom-mediasource-endofstream.
func (ms *MediaSource) EndOfStream(reason EndReason) error { return ms.EndOfStreamError(reason, nil) }

// EndOfStreamError is EndOfStream that tells the element what went wrong.
func (ms *MediaSource) EndOfStreamError(reason EndReason, cause error) error {
	const op = "MediaSource.endOfStream"
	if reason > EndDecode {
		return fail(TypeError, op, "%s", reason)
	}
	ms.loop.mu.Lock()
	defer ms.loop.mu.Unlock()
	// 1.
	if ms.readyState != Open {
		return fail(InvalidStateError, op, "the media source is %s", ms.readyState)
	}
	// 2.
	if ms.updating() {
		return fail(InvalidStateError, op, "a SourceBuffer is updating")
	}
	// 3.
	tx := &Tx{ms.loop}
	if reason == EndNormal {
		if err := ms.flush(tx); err != nil {
			reason, cause = EndDecode, err
		}
	}
	ms.endOfStream(tx, reason, cause)
	return nil
}

// SetLiveSeekableRange sets the range that is seekable in a stream without end.
// Errors: TypeError (not finite, negative or reversed), InvalidStateError (not open).
// MSE: dom-mediasource-setliveseekablerange.
func (ms *MediaSource) SetLiveSeekableRange(start, end media.Time) error {
	const op = "MediaSource.setLiveSeekableRange"
	if !start.IsFinite() || !end.IsFinite() {
		return fail(TypeError, op, "not finite")
	}
	ms.loop.mu.Lock()
	defer ms.loop.mu.Unlock()
	// 1.
	if ms.readyState != Open {
		return fail(InvalidStateError, op, "the media source is %s", ms.readyState)
	}
	// 2.
	if start < 0 || start > end {
		return fail(TypeError, op, "[%s, %s) is no range", start, end)
	}
	// 3.
	ms.liveSeekable = media.Ranges{{Start: start, End: end}} // may be empty: then it is a point
	(&Tx{ms.loop}).Changed()
	return nil
}

// ClearLiveSeekableRange forgets that range.
// Errors: InvalidStateError (not open).
// MSE: dom-mediasource-clearliveseekablerange.
func (ms *MediaSource) ClearLiveSeekableRange() error {
	ms.loop.mu.Lock()
	defer ms.loop.mu.Unlock()
	// 1.
	if ms.readyState != Open {
		return fail(InvalidStateError, "MediaSource.clearLiveSeekableRange", "the media source is %s", ms.readyState)
	}
	// 2.
	ms.liveSeekable = nil
	(&Tx{ms.loop}).Changed()
	return nil
}

// updating reports whether any SourceBuffer is. The lock must be held.
func (ms *MediaSource) updating() bool {
	return slices.ContainsFunc(ms.sourceBuffers.items, func(sb *SourceBuffer) bool { return sb.updating })
}

// reopen is the step "if readyState is ended, set it to open and queue sourceopen". The lock must be held.
func (ms *MediaSource) reopen(tx *Tx) {
	if ms.readyState != Ended {
		return
	}
	ms.readyState = Open
	tx.Queue(&ms.EventTarget, EventSourceOpen)
	ms.announce(tx) // nothing is stretched to the end any more
	ms.bufferedChanged(tx)
}
