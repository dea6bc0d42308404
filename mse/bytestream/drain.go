package bytestream

import "mseplayer/mse/media"

// Drain steps until p wants more bytes or fails. It is for callers that need not stop in between.
func Drain(p Parser, h Handler) error {
	for {
		more, err := p.Step(h)
		if err != nil || !more {
			return err
		}
	}
}

// Discard is a Handler that lets everything go. A handler that wants a part of what a parser finds embeds it.
type Discard struct{}

// InitSegment implements Handler.
func (Discard) InitSegment(*media.InitSegment) error { return nil }

// MediaSegmentStart implements Handler.
func (Discard) MediaSegmentStart() error { return nil }

// Fragment implements Handler.
func (Discard) Fragment([]TrackFrames) error { return nil }

// MediaSegmentEnd implements Handler.
func (Discard) MediaSegmentEnd() error { return nil }
