package ffmpeg

/*
#include "door.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
)

// NewResampler converts rate and channels. More channels than the target has are mixed down by the coefficients of
// ITU-R BS.775: center and surround with 0.707, the low-frequency channel left out. They are not scaled, so dialogue is
// as loud as it is in a stereo work, and what all channels add up to may exceed full scale; the sound device deals with
// that. Mono is as loud on every channel. With equal formats blocks pass through untouched.
func (Factory) NewResampler(from, to frame.AudioFormat) (decode.Resampler, error) {
	quiet()
	for _, f := range [2]frame.AudioFormat{from, to} {
		if f.Rate <= 0 || f.Rate > maxRateHz || f.Channels <= 0 || f.Channels > maxChannels {
			return nil, fmt.Errorf("ffmpeg: no sound format: %d channels at %d Hz", f.Channels, f.Rate)
		}
	}
	from = audioFormat(from.Rate, from.Channels, from.Mask)
	to = audioFormat(to.Rate, to.Channels, to.Mask)
	r := &resampler{from: from, to: to}
	if from == to {
		return r, nil
	}
	r.pool = &blocks{}
	return r, r.open()
}

// resampler converts a run of blocks.
type resampler struct {
	from, to frame.AudioFormat
	swr      *C.SwrContext // nil when nothing is to be converted
	pool     *blocks
	nextPTS  media.Time // end of what was emitted
	running  bool       // something was converted since the last drain
	gen      media.Gen  // of what was converted last
}

func (r *resampler) open() error {
	code := C.door_resampler_open(&r.swr, C.int(r.from.Rate), C.int(r.from.Channels), C.uint64_t(r.from.Mask),
		C.int(r.to.Rate), C.int(r.to.Channels), C.uint64_t(r.to.Mask))
	if code < 0 {
		return failed("swr_init", code)
	}
	return nil
}

// Convert implements decode.Resampler.
func (r *resampler) Convert(in *frame.Audio, emit func(*frame.Audio) error) error {
	if got := audioFormat(in.Format.Rate, in.Format.Channels, in.Format.Mask); got != r.from {
		in.Release()
		return fmt.Errorf("ffmpeg: resampler for %d channels at %d Hz was given %d at %d Hz",
			r.from.Channels, r.from.Rate, in.Format.Channels, in.Format.Rate)
	}
	if r.from == r.to {
		return emit(in)
	}
	n := in.Frames()
	if n == 0 {
		in.Release()
		return nil
	}
	// What the filter holds from before comes first: the output starts that much earlier than the input.
	pts := in.PTS.Add(-r.delay())
	b := r.pool.get(int(C.swr_get_out_samples(r.swr, C.int(n))) * r.to.Channels)
	got := C.door_resample(r.swr, (*C.float)(unsafe.Pointer(unsafe.SliceData(b.buf))), C.int(len(b.buf)/r.to.Channels),
		(*C.float)(unsafe.Pointer(unsafe.SliceData(in.Samples))), C.int(n))
	gen, corrupt := in.Gen, in.Corrupt
	r.gen = gen
	in.Release()
	r.running = true
	return r.emit(b, got, gen, pts, corrupt, emit)
}

// Drain implements decode.Resampler.
func (r *resampler) Drain(emit func(*frame.Audio) error) error {
	if r.swr == nil || !r.running {
		return nil
	}
	r.running = false
	pts := r.nextPTS
	b := r.pool.get(int(C.swr_get_out_samples(r.swr, 0)) * r.to.Channels)
	got := C.door_resample(r.swr, (*C.float)(unsafe.Pointer(unsafe.SliceData(b.buf))), C.int(len(b.buf)/r.to.Channels), nil, 0)
	err := r.emit(b, got, r.gen, pts, false, emit)
	C.swr_close(r.swr)
	if code := C.swr_init(r.swr); code < 0 && err == nil {
		err = failed("swr_init", code)
	}
	return err
}

// emit hands on got samples of b, or takes b back if there are none.
func (r *resampler) emit(b *block, got C.int, gen media.Gen, pts media.Time, corrupt bool, emit func(*frame.Audio) error) error {
	if got <= 0 {
		r.pool.put(b)
		if got < 0 {
			return failed("swr_convert", got)
		}
		return nil
	}
	b.Audio = frame.Audio{Gen: gen, PTS: pts, Format: r.to, Samples: b.buf[:int(got)*r.to.Channels], Corrupt: corrupt}
	b.Arm(b.release)
	r.nextPTS = b.End()
	return emit(&b.Audio)
}

// delay is the sound that the filter holds.
func (r *resampler) delay() media.Span {
	base := int64(r.from.Rate) * int64(r.to.Rate)
	return media.Span(float64(C.swr_get_delay(r.swr, C.int64_t(base))) / float64(base))
}

// Close implements decode.Resampler. A second call does nothing.
func (r *resampler) Close() { C.swr_free(&r.swr) }
