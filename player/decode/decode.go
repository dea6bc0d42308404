package decode

import (
	"context"
	"errors"
	"fmt"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
	"mseplayer/player/text/cue"
)

// Options tune a decoder. The zero value works.
type Options struct {
	// Threads is how many threads one decoder may use, 0 for min(4, cores).
	Threads int
	// Decrypter takes the protection off coded frames; nil rejects those that have one. It serves one decoder at a time.
	Decrypter Decrypter
	// Quantizers asks for the quantizer of each picture, of decoders that can tell it. That may cost some of the threads.
	Quantizers bool
	// Formats tells which pixel formats the consumer of the pictures can show. A picture of another format is
	// converted to frame.I420. Nil accepts everything unconverted.
	Formats func(frame.PixelFormat) bool
	// Captions is told of each picture, in the order of presentation, the closed captions that come with it (cc_data of
	// ATSC A/53 or CTA-708, three bytes each), nil for none; also of pictures that are not to be shown. It must not block,
	// nor keep data. Nil is for nobody.
	Captions func(pts media.Time, data []byte)
}

// Decrypter takes the protection off the coded frames of one track. It belongs to one worker.
type Decrypter interface {
	// Ready gets the key that a frame needs, and may block as long as that takes. It fails when there is no such key, or
	// with the cause of the end of ctx.
	Ready(ctx context.Context, c *media.Crypt) error
	// Decrypt writes the clear form of f's payload to dst, which has room for as much as is protected, and returns its
	// length. Ready must have been called.
	Decrypt(dst []byte, f *media.CodedFrame) (int, error)
	// Decrypted is how many frames have been decrypted of which at least one byte was protected.
	Decrypted() int64
}

// VideoDecoder decodes the pictures of one configuration. It belongs to one worker; no method may be called
// concurrently with another.
type VideoDecoder interface {
	// Decode sends one coded frame and emits every picture that is ready. emit takes ownership of the picture
	// and may block; when emit fails, Decode stops and returns its error. A *PacketError means that the decoder
	// rejected the data but can go on. Pictures carry the PTS and Duration of their own coded frame exactly
	// (the same floating-point value), whatever the reordering. Gen is left for the worker to set.
	Decode(f *media.CodedFrame, emit func(*frame.Video) error) error
	// Drain emits what the decoder still holds. Afterwards only Flush or Close may be called, or Drain once more: a
	// *PacketError stands for one rejected frame, and the next call tells the next one.
	Drain(emit func(*frame.Video) error) error
	// Flush forgets all state but the configuration.
	Flush()
	// Close frees the decoder. Pictures that were emitted stay valid until they are released.
	Close()
}

// AudioDecoder decodes the sound of one configuration into blocks of the decoder's own rate and channels. The
// contract is VideoDecoder's. Nothing is trimmed: priming, padding and pre-skip samples come out like all
// others. The first sample of a coded frame comes out at its PTS - TrimFront. Each block says in TrimFront and
// TrimBack which of its samples are to be discarded: those that its coded frame says, all of a decode-only frame's,
// and those that the decoder itself declares void because it started without what comes before.
type AudioDecoder interface {
	Decode(f *media.CodedFrame, emit func(*frame.Audio) error) error
	Drain(emit func(*frame.Audio) error) error
	Flush()
	Close()
}

// Resampler converts a continuous run of sound blocks into one output format.
type Resampler interface {
	// Convert takes ownership of in and emits at most one block. The time stamps of the output account for the
	// resampler's delay, so sound stays where it was in media time.
	Convert(in *frame.Audio, emit func(*frame.Audio) error) error
	// Drain emits the tail that the filter still holds and makes ready for another run.
	Drain(emit func(*frame.Audio) error) error
	Close()
}

// Factory makes decoders. It is implemented by ffmpeg.Factory and by playertest.Factory; its methods may be
// called from any goroutine.
type Factory interface {
	// NewVideo and NewAudio open a decoder. The error names the codec when none is built in.
	NewVideo(*media.DecoderConfig, Options) (VideoDecoder, error)
	NewAudio(*media.DecoderConfig, Options) (AudioDecoder, error)
	// NewResampler converts from one format into another; the two may be equal.
	NewResampler(from, to frame.AudioFormat) (Resampler, error)
	// Supports reports whether a decoder for the coding format is built in.
	Supports(media.CodecID) bool
}

// SubtitleDecoder decodes subtitles that are pictures. It belongs to one goroutine.
type SubtitleDecoder interface {
	// Decode returns the cues of a coded frame. One whose end is media.Forever is shown until the next frame begins. A
	// frame without cues only ends what was shown.
	Decode(f *media.CodedFrame) ([]cue.Cue, error)
	// Flush forgets all state but the configuration.
	Flush()
	// Close frees the decoder.
	Close()
}

// ErrIncomplete says that a coded frame of subtitles is a part of a screen that more frames complete: nothing is to be
// shown or taken away yet.
var ErrIncomplete = errors.New("decode: the screen is not complete yet")

// SubtitleFactory makes decoders of subtitles that are pictures. It is implemented by ffmpeg.Factory.
type SubtitleFactory interface {
	NewSubtitle(*media.DecoderConfig) (SubtitleDecoder, error)
	SupportsSubtitle(media.CodecID) bool
}

// The kinds of side data that hold what belongs to a cue of WebVTT besides its text, as FFmpeg numbers them.
const (
	SideWebVTTID       = 16
	SideWebVTTSettings = 17
)

// PacketError says that the decoder rejected one coded frame and produced nothing for it.
type PacketError struct {
	PTS media.Time
	Err error
}

// Error names the time of the frame.
func (e *PacketError) Error() string { return fmt.Sprintf("decode: frame at %s s: %v", e.PTS, e.Err) }

// Unwrap returns the decoder's error.
func (e *PacketError) Unwrap() error { return e.Err }
