package bytestreamtest

import (
	"errors"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// ErrHandler is what a [Failing] handler returns.
var ErrHandler = errors.New("handler")

// Failing is a handler whose call number At, from 0, fails.
type Failing struct{ At, calls int }

func (f *Failing) call() error {
	f.calls++
	if f.calls-1 == f.At {
		return ErrHandler
	}
	return nil
}

// InitSegment implements bytestream.Handler.
func (f *Failing) InitSegment(*media.InitSegment) error { return f.call() }

// MediaSegmentStart implements bytestream.Handler.
func (f *Failing) MediaSegmentStart() error { return f.call() }

// Fragment implements bytestream.Handler.
func (f *Failing) Fragment([]bytestream.TrackFrames) error { return f.call() }

// MediaSegmentEnd implements bytestream.Handler.
func (f *Failing) MediaSegmentEnd() error { return f.call() }
