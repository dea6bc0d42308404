package ffmpeg

/*
#include "door.h"
*/
import "C"

import (
	"errors"
	"math"
	"unsafe"

	"github.com/asticode/go-astiav"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
)

// maxBlockSamples bounds one decoded block, all channels together.
const maxBlockSamples = 1 << 27

// NewAudio opens a sound decoder. Of the options only the number of threads counts, and sound is decoded with one
// thread unless they ask for more.
func (Factory) NewAudio(cfg *media.DecoderConfig, o decode.Options) (decode.AudioDecoder, error) {
	cc, err := openCodec(cfg, media.Audio, threadCount(max(1, o.Threads)), 0, false, false)
	if err != nil {
		return nil, err
	}
	a := &audio{codec: codec{opened: opening(cc), decrypter: o.Decrypter},
		frame: astiav.AllocFrame(), pool: &blocks{}}
	if a.pkt == nil || a.frame == nil {
		a.Close()
		return nil, errors.New("ffmpeg: av_packet_alloc: out of memory")
	}
	a.p = (*C.AVFrame)(a.frame.UnsafePointer())
	return a, nil
}

// audio decodes sound.
type audio struct {
	codec
	frame *astiav.Frame
	p     *C.AVFrame
	pool  *blocks
	info  C.door_sound

	// mask and format are the layout that format was normalised from.
	mask   uint64
	format frame.AudioFormat

	// current is the number of the coded frame that the last block came from, done how many of its samples are
	// out, and trim how many of them are still to be trimmed from the front.
	current    int64
	done, trim int
	// void is how many samples the decoder still wants thrown away, because it started without what comes before.
	void int
	// nextPTS is where sound goes whose coded frame is unknown.
	nextPTS media.Time
	// held is a block of a coded frame with a back trim, until it is known whether it is the last one of it;
	// heldIndex is that frame's number and heldTrim the trim in samples.
	held      *block
	heldIndex int64
	heldTrim  int
}

// Decode implements decode.AudioDecoder.
func (a *audio) Decode(f *media.CodedFrame, emit func(*frame.Audio) error) error {
	for again := a.send(f); again; again = a.resend() {
		n, err := a.receive(emit)
		if err != nil {
			C.av_packet_unref(a.pkt)
			return err
		}
		if n == 0 {
			C.av_packet_unref(a.pkt)
			a.reject(f.PTS, failed("avcodec_send_packet", errAgain))
			break
		}
	}
	if _, err := a.receive(emit); err != nil {
		return err
	}
	return a.rejected()
}

// Drain implements decode.AudioDecoder.
func (a *audio) Drain(emit func(*frame.Audio) error) error {
	C.avcodec_send_packet(a.ctx, nil) // fails only when draining already
	if _, err := a.receive(emit); err != nil {
		return err
	}
	return a.rejected()
}

// Flush implements decode.AudioDecoder.
func (a *audio) Flush() {
	a.flush()
	a.dropHeld()
	a.current, a.done, a.trim, a.void = 0, 0, 0, 0
}

// Close implements decode.AudioDecoder. A second call does nothing.
func (a *audio) Close() {
	a.close()
	a.dropHeld()
	if a.frame != nil {
		a.frame.Free()
		a.frame, a.p = nil, nil
	}
}

// receive emits what is ready and counts what came out of the decoder. Rejections are remembered.
func (a *audio) receive(emit func(*frame.Audio) error) (n int, err error) {
	for {
		r := C.door_receive_audio(a.ctx, a.p, &a.info)
		if r == errAgain || r == errEOF {
			return n, a.emitHeld(a.heldTrim, emit)
		}
		if n++; n > maxPacketErrors && r < 0 {
			return n, failed("avcodec_receive_frame", C.int(astiav.ErrBug))
		}
		if r < 0 {
			if r == C.int(-C.ENOMEM) {
				a.dropHeld()
				return n, failed("avcodec_receive_frame", r)
			}
			a.rejectLate("avcodec_receive_frame", r)
			continue
		}
		b := a.block()
		if b == nil {
			continue
		}
		trim := a.heldTrim
		if a.heldIndex == a.current {
			trim = 0 // b follows in the same coded frame
		}
		if err := a.emitHeld(trim, emit); err != nil {
			b.Release()
			return n, err
		}
		if b.TrimBack > 0 {
			a.held, a.heldIndex, a.heldTrim = b, a.current, b.TrimBack
			b.TrimBack = 0
			continue
		}
		if err := emit(&b.Audio); err != nil {
			return n, err
		}
	}
}

// emitHeld emits the held block, if there is one, with trim samples to be cut off its end.
func (a *audio) emitHeld(trim int, emit func(*frame.Audio) error) error {
	b := a.held
	if b == nil {
		return nil
	}
	a.held = nil
	b.TrimBack = min(trim, b.Frames()-b.TrimFront)
	return emit(&b.Audio)
}

func (a *audio) dropHeld() {
	if a.held != nil {
		a.held.Release()
		a.held = nil
	}
}

// block converts the received frame into a live block; nil when that is impossible, which counts as a rejection.
func (a *audio) block() *block {
	i := &a.info
	samples, channels := int(i.samples), int(i.channels)
	defer C.av_frame_unref(a.p)
	if samples <= 0 || channels <= 0 || channels > maxChannels || samples > maxBlockSamples/channels || i.rate <= 0 {
		a.rejectLate("avcodec_receive_frame", C.int(astiav.ErrInvaliddata))
		return nil
	}
	if int(i.rate) != a.format.Rate || channels != a.format.Channels || uint64(i.mask) != a.mask {
		a.mask = uint64(i.mask)
		a.format = audioFormat(int(i.rate), channels, a.mask)
	}
	b := a.pool.get(samples * channels)
	if r := C.door_interleave(a.p, (*C.float)(unsafe.Pointer(unsafe.SliceData(b.buf)))); r < 0 {
		a.pool.put(b)
		a.rejectLate("avcodec_receive_frame", r)
		return nil
	}
	b.Audio = frame.Audio{Format: a.format, Samples: b.buf, Corrupt: i.corrupt != 0}
	b.Arm(b.release)

	rate := float64(i.rate)
	t := a.timing(i.pts, i.opaque)
	switch {
	case t == nil:
		b.PTS = a.nextPTS
	case t.index != a.current:
		a.current, a.done = t.index, 0
		a.trim = int(math.Round(float64(t.trimFront) * rate))
		b.PTS = t.pts.Add(-t.trimFront)
	default: // one more block of the same coded frame
		b.PTS = t.pts.Add(-t.trimFront + media.Span(float64(a.done)/rate))
	}
	// Opus declares its pre-skip wherever it is opened; coded frames say it where it belongs.
	if i.skip > 0 && a.ctx.codec_id != C.AV_CODEC_ID_OPUS {
		a.void = int(i.skip)
	}
	if t != nil {
		a.trim = max(a.trim, a.void)
		a.void = max(0, a.void-samples)
		b.TrimFront = min(a.trim, samples)
		a.trim -= b.TrimFront
		b.TrimBack = int(math.Round(float64(t.trimBack) * rate))
		if t.decodeOnly {
			b.TrimFront, b.TrimBack = samples, 0
		}
	}
	a.done += samples
	a.nextPTS = b.PTS.Add(media.Span(float64(samples) / rate))
	return b
}
