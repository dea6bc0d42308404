package media

import "time"

// InbandKind says what an InbandEvent is.
type InbandKind uint8

// The kinds of events.
const (
	// EventMessage is a message to the application: emsg of ISO BMFF, ID3 and SCTE-35 of transport streams.
	EventMessage InbandKind = iota
	// ProducerTime says when, by the clock of the producer, a frame was captured or encoded: prft of ISO BMFF.
	ProducerTime
)

// Schemes of messages that have none in the stream itself.
const (
	SchemeID3    = "https://aomedia.org/emsg/ID3"
	SchemeSCTE35 = "urn:scte:scte35:2013:bin"
)

// InbandEvent is what a stream says beside its frames. It is immutable.
type InbandEvent struct {
	Kind InbandKind
	// Scheme and Value say what Data means, ID tells messages of the same scheme and value apart: one that comes again
	// has the same ID. They are empty for ProducerTime.
	Scheme, Value string
	ID            uint32
	// Time is where the event lies on the timeline of the frames, Duration how long it lasts, Forever where the stream does
	// not say.
	Time     Time
	Duration Span
	// Data is the message: that of the emsg, a whole ID3 tag, or a whole splice_info_section.
	Data []byte
	// Wall is the time of ProducerTime, Track the track that it is about.
	Wall  time.Time
	Track uint32
}

// Size is what the event takes, in bytes.
func (e *InbandEvent) Size() int { return len(e.Scheme) + len(e.Value) + len(e.Data) }
