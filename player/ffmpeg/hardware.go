package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/asticode/go-astiav"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
)

/*
#include "door.h"
*/
import "C"

const (
	// maxTrial is how many coded frames hardware may take before it must have put out a picture. They are kept until then,
	// to be decoded by the processor instead.
	maxTrial = 64
	// maxHardwareErrors is how many coded frames in a row hardware may reject before the processor takes over at the
	// next random access point.
	maxHardwareErrors = 3
)

// trial is what a decoder knows of the hardware that decodes for it.
type trial struct {
	// immutable
	level slog.Level // how loud a failure is
	log   *slog.Logger
	codec media.CodecID

	// owned by the decoder's goroutine
	proved bool // a picture came out
	frames []*media.CodedFrame
	errors int // rejected frames since the last picture
}

// hardware returns a new trial of hardware for a configuration, nil when the processor is to decode.
func (fa Factory) hardware(cfg *media.DecoderConfig) *trial {
	if fa.Hardware == HardwareNo || cfg == nil {
		return nil
	}
	t := &trial{level: slog.LevelDebug, log: fa.Log, codec: cfg.Codec}
	if fa.Hardware == HardwareVAAPI {
		t.level = slog.LevelWarn
	}
	return t
}

// refused says that the processor decodes after all.
func (t *trial) refused(cause error) {
	if t.log != nil {
		t.log.Log(context.Background(), t.level, "hardware does not decode this, the processor does", "codec", string(t.codec), "err", cause)
	}
}

// try decodes by hardware and falls back to the processor where that fails.
func (v *video) try(f *media.CodedFrame, emit func(*frame.Video) error) error {
	t := v.trial
	if t.proved && t.errors >= maxHardwareErrors && f.RAP {
		if err := v.fallBack(errors.New("it rejects too much")); err != nil {
			return err
		}
		return v.decode(f, emit)
	}
	if !t.proved {
		t.frames = append(t.frames, f)
	}
	var failure error // of emit, which is no failure of the hardware
	err := v.decode(f, func(p *frame.Video) error {
		t.proved, t.errors, t.frames = true, 0, nil
		failure = emit(p)
		return failure
	})
	if failure != nil {
		return failure
	}
	if t.proved {
		if err != nil {
			t.errors++
		}
		return err
	}
	if err == nil && len(t.frames) < maxTrial {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("no picture after %d coded frames", maxTrial)
	}
	return v.again(err, emit)
}

// again gives what hardware made nothing of to the processor.
func (v *video) again(cause error, emit func(*frame.Video) error) error {
	frames := v.trial.frames
	if err := v.fallBack(cause); err != nil {
		return err
	}
	var first error
	for _, f := range frames {
		if err := v.decode(f, emit); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// fallBack puts a decoder of the processor in the place of the hardware's.
func (v *video) fallBack(cause error) error {
	v.trial.refused(cause)
	v.trial = nil
	cc, err := openCodec(v.cfg, media.Video, v.threads, 0, false, v.quantizers)
	if err != nil {
		return err
	}
	v.flush()
	C.door_deinterlacer_reset(&v.weaver)
	v.swap(cc)
	v.begun, v.entered = false, false
	return nil
}

// swap puts another codec context in the place of the decoder's.
func (v *video) swap(cc *astiav.CodecContext) {
	v.cc.Free()
	v.cc, v.ctx = cc, (*C.AVCodecContext)(cc.UnsafePointer())
}

func isRejection(err error) bool {
	var rejected *decode.PacketError
	return errors.As(err, &rejected)
}
