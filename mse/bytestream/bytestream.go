// Package bytestream is the contract between appended bytes and coded frames: what every byte stream format
// parser offers the buffer, whatever the container.
//
// # Ownership
//
// A parser takes ownership of what is pushed and may keep slices of it alive inside the frames it emits. The
// handler owns the frame slabs it is given.
//
// # Concurrency
//
// A parser belongs to one SourceBuffer and is called under its lock. It never blocks and starts nothing.
//
// # Errors
//
// Step returns a *[FormatError] for bytes that violate the format, or whatever error the handler returned.
// After an error the parser must be Reset before it is used again.
package bytestream

import (
	"fmt"

	"mseplayer/mse/media"
)

// State is the append state of the segment parser loop.
// MSE: sourcebuffer-append-state.
type State uint8

// The append states, named as in the specification.
const (
	WaitingForSegment State = iota
	ParsingInitSegment
	ParsingMediaSegment
)

// String gives the specification's spelling.
func (s State) String() string {
	switch s {
	case WaitingForSegment:
		return "WAITING_FOR_SEGMENT"
	case ParsingInitSegment:
		return "PARSING_INIT_SEGMENT"
	case ParsingMediaSegment:
		return "PARSING_MEDIA_SEGMENT"
	default:
		return "impossible append state"
	}
}

// Parser turns one byte stream into initialization segments and coded frames. Any cut of the stream into pushes
// gives the same calls of the handler.
type Parser interface {
	// Push adds bytes to the input buffer and takes ownership of p.
	Push(p []byte)
	// Step does one bounded piece of work (an initialization segment, one movie fragment or cluster, or the
	// ignoring of one box or element) and calls h in stream order. more is false when the input buffer holds
	// nothing that can be worked on before the next Push. A handler's error is returned as it is.
	Step(h Handler) (more bool, err error)
	// State is the append state after the last Step.
	State() State
	// Reset drops partial input and returns to WaitingForSegment; the last initialization segment stays known.
	// MSE: sourcebuffer-reset-parser-state steps 4 and 5. Step 1 is the caller's: complete frames of an incomplete
	// media segment have been emitted by earlier Steps, or wait in a [Flusher].
	Reset()
	// Buffered is how many bytes of the stream the parser holds without having turned them into frames.
	Buffered() int
}

// Handler receives what a parser finds, in stream order.
type Handler interface {
	// InitSegment reports a complete initialization segment.
	InitSegment(*media.InitSegment) error
	// MediaSegmentStart reports that a media segment begins, before its first fragment.
	MediaSegmentStart() error
	// Fragment reports coded frames of one or several tracks that became complete together. The handler owns
	// the slabs. Track order is the container's.
	Fragment(tracks []TrackFrames) error
	// MediaSegmentEnd reports that all bytes of the media segment have been seen.
	MediaSegmentEnd() error
}

// TrackFrames are coded frames of one track in decode order, in one slab.
type TrackFrames struct {
	// Track is the track's ID in the last initialization segment.
	Track  uint32
	Frames []media.CodedFrame
	// Contiguous says that these frames follow the track's previous ones without loss, whatever their decode
	// times say. A byte stream that cannot lose data between segments (a demultiplexed file) sets it, so that an
	// irregular frame rate is not taken for a discontinuity.
	Contiguous bool
	// Rounded is what the times of the container may be off, because it stores them in ticks that lengths of frames are
	// no multiples of. Frames that overlap by less follow each other. 0 where times and lengths are exact.
	Rounded media.Span
}

// FormatError says where and why bytes violate the byte stream format.
type FormatError struct {
	// Offset is the absolute position in the stream since the last Reset, in bytes, of the faulty element.
	Offset int64
	// Path is where in the container's structure: "moof/traf[0]/trun".
	Path string
	// Msg is what is wrong, a lower-case phrase; Err is the cause, if any.
	Msg string
	Err error
}

// Error gives path, offset and message on one line.
func (e *FormatError) Error() string {
	s := fmt.Sprintf("%s at byte %d: %s", e.Path, e.Offset, e.Msg)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }
