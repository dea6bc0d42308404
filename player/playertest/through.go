package playertest

import (
	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
)

// Through is a decoder whose pictures go through Show.
type Through struct {
	decode.VideoDecoder
	// Show gets each picture with its reference, changes it, and hands it to emit or releases it.
	Show func(v *frame.Video, emit func(*frame.Video) error) error
}

// Decode implements decode.VideoDecoder.
func (d Through) Decode(f *media.CodedFrame, emit func(*frame.Video) error) error {
	return d.VideoDecoder.Decode(f, func(v *frame.Video) error { return d.Show(v, emit) })
}

// Drain implements decode.VideoDecoder.
func (d Through) Drain(emit func(*frame.Video) error) error {
	return d.VideoDecoder.Drain(func(v *frame.Video) error { return d.Show(v, emit) })
}
