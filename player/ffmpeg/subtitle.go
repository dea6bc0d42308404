package ffmpeg

/*
#include "door.h"
*/
import "C"

import (
	"bytes"
	"errors"
	"math"
	"time"
	"unsafe"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/text/cue"
)

const (
	// maxSubtitleRects bounds the pictures of one screen, maxSubtitlePixels all of them together.
	maxSubtitleRects, maxSubtitlePixels = 64, 16 << 20
	// The canvas of subtitles that do not tell theirs.
	subtitleWidth, subtitleHeight = 720, 576
	// minSquareHeight is the least height of a canvas whose pixels are square; lower ones are those of television and are
	// stretched as their pictures are.
	minSquareHeight = 720
)

// bitmapSubtitles are the coding formats of subtitles that are pictures.
var bitmapSubtitles = map[media.CodecID]bool{"hdmv_pgs_subtitle": true, "dvd_subtitle": true, "dvb_subtitle": true, "xsub": true}

// SupportsSubtitle reports whether a decoder for subtitles that are pictures is built in.
func (Factory) SupportsSubtitle(id media.CodecID) bool {
	return bitmapSubtitles[id] && findDecoder(id) != nil
}

// NewSubtitle opens a decoder of subtitles that are pictures.
func (Factory) NewSubtitle(cfg *media.DecoderConfig) (decode.SubtitleDecoder, error) {
	cc, err := openCodec(cfg, media.Text, 1, 0, false, false)
	if err != nil {
		return nil, err
	}
	s := &subtitle{opened: opening(cc), width: cfg.Width, height: cfg.Height, dvb: cfg.Codec == "dvb_subtitle"}
	if s.pkt == nil {
		s.Close()
		return nil, errors.New("ffmpeg: av_packet_alloc: out of memory")
	}
	return s, nil
}

// dvbHead is what DVB subtitles begin with in a transport stream, which the decoder does not take.
// ETSI EN 300 743 §7.1.
var dvbHead = []byte{0x20, 0x00}

// subtitle implements decode.SubtitleDecoder.
type subtitle struct {
	opened
	width, height int // what the container says
	dvb           bool
}

// Decode implements decode.SubtitleDecoder.
func (s *subtitle) Decode(f *media.CodedFrame) ([]cue.Cue, error) {
	if len(f.Data) == 0 || len(f.Data) > maxCodedBytes {
		return nil, errors.New("ffmpeg: a subtitle of no size, or too large")
	}
	data := f.Data
	if s.dvb {
		data = bytes.TrimPrefix(data, dvbHead) // FFmpeg's parser leaves it on some
	}
	if len(data) == 0 {
		return nil, decode.ErrIncomplete
	}
	if r := C.door_packet(s.pkt, bytesPointer(data), C.int(len(data)), C.int64_t(0), 1); r < 0 {
		return nil, failed("av_new_packet", r)
	}
	defer C.av_packet_unref(s.pkt)
	var sub C.AVSubtitle
	var got C.int
	if r := C.avcodec_decode_subtitle2(s.ctx, &sub, &got, s.pkt); r < 0 {
		return nil, failed("avcodec_decode_subtitle2", r)
	}
	if got == 0 {
		return nil, decode.ErrIncomplete
	}
	defer C.avsubtitle_free(&sub)
	start := f.PTS.Add(millis(sub.start_display_time))
	end := media.Forever
	if ms := sub.end_display_time; ms != math.MaxUint32 && ms > sub.start_display_time {
		end = f.PTS.Add(millis(ms))
	}
	w, h := int(s.ctx.width), int(s.ctx.height)
	if w <= 0 || h <= 0 {
		w, h = s.width, s.height
	}
	if w <= 0 || h <= 0 {
		w, h = subtitleWidth, subtitleHeight
	}
	canvas := 0.0
	if h >= minSquareHeight {
		canvas = float64(w) / float64(h)
	}
	var cues []cue.Cue
	pixels := 0
	for _, r := range unsafe.Slice(sub.rects, min(int(sub.num_rects), maxSubtitleRects)) {
		if r._type != C.SUBTITLE_BITMAP || r.w <= 0 || r.h <= 0 || r.data[0] == nil || r.data[1] == nil || r.linesize[0] < r.w {
			continue
		}
		if pixels += int(r.w) * int(r.h); pixels > maxSubtitlePixels {
			break
		}
		cues = append(cues, cue.Cue{Start: start, End: end, Forced: r.flags&C.AV_SUBTITLE_FLAG_FORCED != 0, Image: indexed(r, canvas),
			Rect: cue.Rect{X: float64(r.x) / float64(w), Y: float64(r.y) / float64(h), W: float64(r.w) / float64(w), H: float64(r.h) / float64(h)}})
	}
	return cues, nil
}

func millis(n C.uint32_t) media.Span {
	return media.Span((time.Duration(n) * time.Millisecond).Seconds())
}

// indexed makes a picture of one with a palette.
func indexed(r *C.AVSubtitleRect, canvas float64) *cue.Image {
	w, h, stride := int(r.w), int(r.h), int(r.linesize[0])
	colors := (*[256]uint32)(unsafe.Pointer(r.data[1]))
	n := min(max(int(r.nb_colors), 0), len(colors))
	src := unsafe.Slice((*byte)(unsafe.Pointer(r.data[0])), stride*(h-1)+w)
	img := &cue.Image{Width: w, Height: h, Pixels: make([]byte, 4*w*h), Canvas: canvas}
	for y := range h {
		row := src[y*stride : y*stride+w]
		dst := img.Pixels[4*w*y:]
		for x, i := range row {
			if int(i) >= n {
				continue
			}
			c := colors[i]
			dst[4*x], dst[4*x+1], dst[4*x+2], dst[4*x+3] = byte(c>>16), byte(c>>8), byte(c), byte(c>>24)
		}
	}
	return img
}

// Flush implements decode.SubtitleDecoder.
func (s *subtitle) Flush() { C.avcodec_flush_buffers(s.ctx) }

// Close implements decode.SubtitleDecoder. A second call does nothing.
func (s *subtitle) Close() { s.close() }

// captions hands out the closed captions of a picture, nil where it has none.
func captions(f *C.AVFrame, pts media.Time, to func(media.Time, []byte)) {
	sd := C.av_frame_get_side_data(f, C.AV_FRAME_DATA_A53_CC)
	if sd == nil || sd.size == 0 || sd.size > maxSideBytes {
		to(pts, nil)
		return
	}
	to(pts, unsafe.Slice((*byte)(unsafe.Pointer(sd.data)), int(sd.size)))
}

var _ interface {
	decode.Factory
	decode.SubtitleFactory
} = Factory{}
