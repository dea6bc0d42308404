package ffmpeg

/*
#cgo pkg-config: libavfilter libavformat libavcodec libswscale libswresample libavutil
#cgo LDFLAGS: -lm
#include <stdlib.h>
#include "door.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"unsafe"

	"github.com/asticode/go-astiav"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
)

// Limits of what is handed to FFmpeg.
const (
	// maxThreads bounds the threads of one decoder when the options do not say; more cost memory and delay.
	maxThreads = 4
	// maxOptionThreads bounds what the options may ask for.
	maxOptionThreads = 64
	// maxCodedBytes bounds one coded frame; an uncompressed 16-bit 4:4:4 picture of 8192 × 4320 fits.
	maxCodedBytes = 256 << 20
	// maxExtradataBytes bounds a decoder configuration.
	maxExtradataBytes = 16 << 20
	// maxDimension bounds width and height of a configuration.
	maxDimension = 1 << 15
	maxChannels  = 64
	maxRateHz    = 1 << 22
)

// Error is a failed FFmpeg call.
type Error struct {
	// Call is the FFmpeg function that failed.
	Call string
	// Code is the negative AVERROR.
	Code int
}

// Error gives the call and FFmpeg's description of the code.
func (e *Error) Error() string {
	return "ffmpeg: " + e.Call + ": " + astiav.Error(e.Code).Error()
}

// Is reports whether target is an *Error of the same code; the calls may differ.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// ErrInvalidData matches, through errors.Is, every error that says the media is damaged.
var ErrInvalidData error = &Error{Code: int(astiav.ErrInvaliddata)}

// errEncrypted is the cause when a protected frame arrives that nobody decrypted.
var errEncrypted = errors.New("frame is encrypted and was not decrypted")

func failed(call string, code C.int) error {
	return &Error{Call: call, Code: int(code)}
}

// Factory makes decoders, resamplers and demuxers. The zero value works: it decodes with the processor and leaves
// pictures as they are coded.
type Factory struct {
	// Deinterlace says which pictures are deinterlaced.
	Deinterlace Deinterlace
	// Hardware says what decodes pictures.
	Hardware Hardware
	// Log gets one line for each decoder that hardware was to be used for and is not. Nil is silent.
	Log *slog.Logger
}

// Deinterlace says which pictures are deinterlaced. Each coded picture gives one, at its own time, so that counts stay
// what they are.
type Deinterlace uint8

// The choices for Deinterlace: none, pictures that are flagged as interlaced, all.
const (
	DeinterlaceNo Deinterlace = iota
	DeinterlaceAuto
	DeinterlaceYes
)

// ParseDeinterlace returns the choice of that name: auto, yes or no.
func ParseDeinterlace(name string) (Deinterlace, error) {
	switch name {
	case "auto":
		return DeinterlaceAuto, nil
	case "yes":
		return DeinterlaceYes, nil
	case "no":
		return DeinterlaceNo, nil
	}
	return 0, fmt.Errorf("%s: takes auto, yes or no", name)
}

// mode is the choice as the door knows it.
func (d Deinterlace) mode() C.int {
	switch d {
	case DeinterlaceYes:
		return C.DOOR_ALL
	case DeinterlaceAuto:
		return C.DOOR_INTERLACED
	default:
		return C.DOOR_WEAVE
	}
}

// Hardware says what decodes pictures. Where hardware cannot, the processor does.
type Hardware uint8

// The choices for Hardware: the processor; hardware where there is some, said only in detailed logs; hardware by VA-API,
// with a warning where that fails.
const (
	HardwareNo Hardware = iota
	HardwareAuto
	HardwareVAAPI
)

// ParseHardware returns the choice of that name: no, auto or vaapi.
func ParseHardware(name string) (Hardware, error) {
	switch name {
	case "no":
		return HardwareNo, nil
	case "auto":
		return HardwareAuto, nil
	case "vaapi":
		return HardwareVAAPI, nil
	}
	return 0, fmt.Errorf("%s: takes auto, no or vaapi", name)
}

// quiet keeps FFmpeg from writing to stderr. The level is a process-wide number, so setting it again is harmless;
// a log callback through go-astiav would format each message in Go on FFmpeg's threads.
func quiet() { astiav.SetLogLevel(astiav.LogLevelQuiet) }

// Supports reports whether a decoder for the coding format is built in.
func (Factory) Supports(id media.CodecID) bool { return findDecoder(id) != nil }

// findDecoder returns the decoder for a coding format, or nil.
func findDecoder(id media.CodecID) *astiav.Codec {
	if id == media.AV1 {
		// FFmpeg's own AV1 decoder needs hardware.
		return astiav.FindDecoderByName("libdav1d")
	}
	name := C.CString(string(id))
	defer C.free(unsafe.Pointer(name))
	d := C.avcodec_descriptor_get_by_name(name)
	if d == nil {
		return nil
	}
	return astiav.FindDecoder(astiav.CodecID(d.id))
}

// findHardware returns the decoder for a coding format that can use hardware, or nil.
func findHardware(id media.CodecID) *astiav.Codec {
	if id == media.AV1 {
		return astiav.FindDecoderByName("av1")
	}
	return findDecoder(id)
}

// openCodec allocates, configures and opens a decoder context. reorder is how many pictures the decoder should hold
// back from the start, for bitstreams that do not say it. hardware asks for a decoder by hardware or an error.
func openCodec(cfg *media.DecoderConfig, kind media.Kind, threads, reorder int, hardware, quantizers bool) (*astiav.CodecContext, error) {
	quiet()
	if cfg == nil {
		return nil, errors.New("ffmpeg: no decoder configuration")
	}
	if cfg.Kind != kind {
		return nil, fmt.Errorf("ffmpeg: %s configuration given to a %s decoder", cfg.Kind, kind)
	}
	if err := checkConfig(cfg); err != nil {
		return nil, err
	}
	find := findDecoder
	if hardware {
		find = findHardware
	}
	codec := find(cfg.Codec)
	if codec == nil {
		name := string(cfg.Codec)
		if name == "" {
			name = "an unknown format"
		}
		if cfg.CodecString != "" {
			name += " (" + cfg.CodecString + ")"
		}
		return nil, fmt.Errorf("ffmpeg: no decoder for %s is built in", name)
	}
	cc := astiav.AllocCodecContext(codec)
	if cc == nil {
		return nil, errors.New("ffmpeg: avcodec_alloc_context3: out of memory")
	}
	ctx := (*C.AVCodecContext)(cc.UnsafePointer())
	c := C.door_config{
		width: C.int(cfg.Width), height: C.int(cfg.Height),
		sample_rate: C.int(cfg.SampleRate), channels: C.int(cfg.Channels), mask: C.uint64_t(cfg.ChannelMask),
		codec_tag: C.uint(cfg.CodecTag), bits: C.int(cfg.BitsPerSample), block_align: C.int(cfg.BlockAlign),
		format: C.int(cfg.Format), profile: C.int(cfg.Profile), threads: C.int(threads), reorder: C.int(reorder),
		bit_rate: C.int64_t(cfg.BitRate),
	}
	if quantizers {
		c.quantizers = 1
	}
	if r := C.door_configure(ctx, bytesPointer(cfg.Extradata), C.int(len(cfg.Extradata)), &c); r < 0 {
		cc.Free()
		return nil, failed("av_mallocz", r)
	}
	if hardware {
		if r := C.door_hardware(ctx); r < 0 {
			cc.Free()
			if r == C.int(-C.ENOSYS) {
				return nil, errors.New("ffmpeg: VA-API decoding of this format is not built in")
			}
			return nil, fmt.Errorf("no usable VA-API device (it takes /dev/dri/renderD*, libva and a driver): %w", failed("av_hwdevice_ctx_create", r))
		}
	}
	if err := cc.Open(codec, nil); err != nil {
		cc.Free()
		var code astiav.Error
		if errors.As(err, &code) {
			err = &Error{Call: "avcodec_open2(" + string(cfg.Codec) + ")", Code: int(code)}
		}
		return nil, err
	}
	return cc, nil
}

func checkConfig(cfg *media.DecoderConfig) error {
	switch {
	case len(cfg.Extradata) > maxExtradataBytes:
		return fmt.Errorf("ffmpeg: decoder configuration of %d bytes, more than %d", len(cfg.Extradata), maxExtradataBytes)
	case cfg.Width < 0 || cfg.Width > maxDimension || cfg.Height < 0 || cfg.Height > maxDimension:
		return fmt.Errorf("ffmpeg: picture size %dx%d beyond %d", cfg.Width, cfg.Height, maxDimension)
	case cfg.Channels < 0 || cfg.Channels > maxChannels:
		return fmt.Errorf("ffmpeg: %d channels, more than %d", cfg.Channels, maxChannels)
	case cfg.SampleRate < 0 || cfg.SampleRate > maxRateHz:
		return fmt.Errorf("ffmpeg: sample rate %d Hz beyond %d", cfg.SampleRate, maxRateHz)
	}
	return nil
}

// threadCount is the number of threads for one decoder.
func threadCount(want int) int {
	if want > 0 {
		return min(want, maxOptionThreads)
	}
	return min(maxThreads, runtime.NumCPU())
}

// bytesPointer returns the address of b's first byte for the duration of one cgo call, nil if b is empty.
func bytesPointer(b []byte) *C.uint8_t {
	return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(b)))
}

var _ decode.Factory = Factory{}

// Versions is what is linked into the program.
type Versions struct {
	// FFmpeg is av_version_info; License is avcodec_license; Configuration is how the libraries were configured.
	FFmpeg, License, Configuration string
	// Decoders and Demuxers are the names of what is compiled in, in FFmpeg's order. Codecs are the coding
	// formats of the decoders, without repetition.
	Decoders, Demuxers []string
	Codecs             []media.CodecID
}

// LinkedVersions asks the linked FFmpeg for its version, licence and contents.
func LinkedVersions() Versions {
	v := Versions{
		FFmpeg:        C.GoString(C.av_version_info()),
		License:       C.GoString(C.avcodec_license()),
		Configuration: C.GoString(C.avcodec_configuration()),
	}
	seen := map[C.enum_AVCodecID]bool{}
	var it unsafe.Pointer
	for c := C.av_codec_iterate(&it); c != nil; c = C.av_codec_iterate(&it) {
		if C.av_codec_is_decoder(c) == 0 {
			continue
		}
		v.Decoders = append(v.Decoders, C.GoString(c.name))
		if !seen[c.id] {
			seen[c.id] = true
			v.Codecs = append(v.Codecs, media.CodecID(C.GoString(C.avcodec_get_name(c.id))))
		}
	}
	it = nil
	for d := C.av_demuxer_iterate(&it); d != nil; d = C.av_demuxer_iterate(&it) {
		v.Demuxers = append(v.Demuxers, C.GoString(d.name))
	}
	return v
}

// audioFormat normalises a shape: the mask of the default layout is written as 0.
func audioFormat(rate, channels int, mask uint64) frame.AudioFormat {
	if mask != 0 && mask == uint64(C.door_default_mask(C.int(channels))) {
		mask = 0
	}
	return frame.AudioFormat{Rate: rate, Channels: channels, Mask: mask}
}
