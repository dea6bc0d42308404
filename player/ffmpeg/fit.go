package ffmpeg

/*
#include <stdlib.h>
#include "door.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

// Fitter brings pictures to the size and form of others, so that they can be compared. The zero value is ready; Close frees
// what it holds. Pictures that it gave may be released later. It belongs to one goroutine.
type Fitter struct {
	pool   pictures
	scaler C.door_fitter
	info   C.door_picture
}

// Fit returns the visible part of v as a picture of w × h samples of a planar format, scaled by a bicubic filter, in the
// range and, where one side is RGB, the matrix of color. v stays the caller's; the result is to be released.
func (x *Fitter) Fit(v *frame.Video, w, h int, f frame.PixelFormat, color media.ColorInfo) (*frame.Video, error) {
	from, to := formatNamed(v.Format), formatNamed(f)
	if from < 0 || to < 0 {
		return nil, fmt.Errorf("ffmpeg: pictures of format %s cannot become %s", v.Format.Name, f.Name)
	}
	if w <= 0 || h <= 0 || w > maxDimension || h > maxDimension || v.Crop.W <= 0 || v.Crop.H <= 0 {
		return nil, fmt.Errorf("ffmpeg: a picture of %dx%d cannot become one of %dx%d", v.Crop.W, v.Crop.H, w, h)
	}
	var data [3]*C.uint8_t
	var stride [3]C.int
	for i := range v.Format.PlaneCount() {
		b, ok := visible(v, i)
		if !ok {
			return nil, fmt.Errorf("ffmpeg: plane %d of a picture of %dx%d has %d bytes", i, v.Width, v.Height, len(v.Plane[i].Data))
		}
		data[i], stride[i] = bytesPointer(b), C.int(v.Plane[i].Stride)
	}
	s := x.pool.get(true)
	if s == nil {
		return nil, failed("av_frame_alloc", C.int(-C.ENOMEM))
	}
	matrix := C.int(unspecified)
	if color.Matrix != 0 && color.Matrix != media.MatrixGBR {
		matrix = C.int(color.Matrix)
	} else if h >= hdMinimumHeight {
		matrix = C.AVCOL_SPC_BT709
	}
	r := C.door_fit(&x.scaler, s.p, C.int(w), C.int(h), to, rangeOf(f, color), data[0], data[1], data[2], &stride[0], C.int(v.Crop.W), C.int(v.Crop.H), from,
		rangeOf(v.Format, v.Color), matrix)
	if r < 0 {
		x.pool.put(s)
		return nil, failed("sws_scale", r)
	}
	C.door_describe_picture(s.p, &x.info)
	s.Video = frame.Video{PTS: v.PTS, Duration: v.Duration, Format: f, Width: w, Height: h, Crop: frame.Rect{W: w, H: h}, Color: color, Corrupt: v.Corrupt}
	for i := range f.PlaneCount() {
		s.Plane[i] = frame.Plane{Data: unsafe.Slice((*byte)(unsafe.Pointer(x.info.data[i])), int(x.info.len[i])), Stride: int(x.info.stride[i])}
	}
	s.Arm(s.release)
	return &s.Video, nil
}

// Close frees what the fitter holds. A second call does nothing.
func (x *Fitter) Close() {
	C.door_fitter_free(&x.scaler)
	x.pool.close()
}

// formatNamed is FFmpeg's number of a planar format, -1 for all else.
func formatNamed(f frame.PixelFormat) C.int {
	if f.PlaneCount() == 0 {
		return -1
	}
	name := C.CString(f.Name)
	defer C.free(unsafe.Pointer(name))
	return C.int(C.av_get_pix_fmt(name))
}

// rangeOf is 1 for samples of the full range.
func rangeOf(f frame.PixelFormat, c media.ColorInfo) C.int {
	if c.FullRange || f.Layout == frame.GBR {
		return 1
	}
	return 0
}

// visible is plane i of a picture from the first sample that is to be seen; ok is false when it is too short.
func visible(v *frame.Video, i int) (b []byte, ok bool) {
	bytes, x, y := v.Format.BytesPerSample(), v.Crop.X, v.Crop.Y
	if i > 0 && v.Format.Layout == frame.YUV {
		x, y = x>>v.Format.ChromaShiftX, y>>v.Format.ChromaShiftY
	}
	w, h := v.Format.PlaneSize(i, v.Crop.W, v.Crop.H)
	at := y*v.Plane[i].Stride + x*bytes
	if x < 0 || y < 0 || v.Plane[i].Stride < w*bytes || at+(h-1)*v.Plane[i].Stride+w*bytes > len(v.Plane[i].Data) {
		return nil, false
	}
	return v.Plane[i].Data[at:], true
}
