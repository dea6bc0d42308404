// Package frame holds what decoders put out: decoded pictures and blocks of decoded sound, each with exactly
// one owner.
//
// # Ownership
//
// A [Video] or [Audio] moves: a function whose comment says "takes ownership" must see to it that Release is
// called once. There are no reference counts. [Live] counts what has not been released, so tests can assert that
// nothing leaks.
//
// # Concurrency
//
// A frame is used by its owner only; handing it over through a channel or a lock publishes it. Live may be read
// from anywhere.
//
// # Errors
//
// None. A second Release is a broken invariant and panics.
package frame

import (
	"hash/adler32"
	"math"
	"sync/atomic"

	"mseplayer/mse/media"
)

// Layout says what the planes of a picture mean.
type Layout uint8

// The plane layouts.
const (
	// YUV: plane 0 luma, plane 1 Cb, plane 2 Cr.
	YUV Layout = iota + 1
	// Gray: plane 0 luma.
	Gray
	// GBR: plane 0 green, plane 1 blue, plane 2 red, no subsampling.
	GBR
	// Other: a format whose planes cannot be described here (packed, palette, hardware); Name tells which.
	Other
)

// PixelFormat describes how samples lie in the planes. It is comparable; equal values mean equal memory layout.
type PixelFormat struct {
	Layout Layout
	// Depth is the bits per sample. Up to 8: one byte a sample. Above: two bytes, little-endian, in the low bits.
	Depth uint8
	// ChromaShiftX and ChromaShiftY are log2 of the chroma subsampling: 1, 1 is 4:2:0; 1, 0 is 4:2:2; 0, 0 is 4:4:4.
	ChromaShiftX, ChromaShiftY uint8
	// Name is FFmpeg's name of the format ("yuv420p").
	Name string
}

// I420 is 8-bit planar 4:2:0.
var I420 = PixelFormat{Layout: YUV, Depth: 8, ChromaShiftX: 1, ChromaShiftY: 1, Name: "yuv420p"}

// PlaneCount returns how many of a picture's planes hold data.
func (p PixelFormat) PlaneCount() int {
	switch p.Layout {
	case YUV, GBR:
		return 3
	case Gray:
		return 1
	default:
		return 0
	}
}

// PlaneSize returns the samples per row and the rows of plane i in a width × height picture.
func (p PixelFormat) PlaneSize(i, width, height int) (w, h int) {
	if i == 0 || p.Layout != YUV {
		return width, height
	}
	return (width + 1<<p.ChromaShiftX - 1) >> p.ChromaShiftX, (height + 1<<p.ChromaShiftY - 1) >> p.ChromaShiftY
}

// BytesPerSample is 1 for up to 8 bits, otherwise 2.
func (p PixelFormat) BytesPerSample() int {
	if p.Depth > 8 {
		return 2
	}
	return 1
}

// Plane is one component of a picture: rows of Stride bytes. Data is a view of memory that belongs to the
// decoder; it is valid until the picture is released and must not be written.
type Plane struct {
	Data   []byte
	Stride int
}

// Rect is a part of a picture in luma samples.
type Rect struct{ X, Y, W, H int }

// Video owns one decoded picture.
type Video struct {
	Gen      media.Gen
	PTS      media.Time
	Duration media.Span
	Format   PixelFormat
	// Width and Height are the size of the planes in luma samples; Crop is the part that is to be shown.
	Width, Height int
	Crop          Rect
	// SARNum:SARDen is the sample aspect ratio, 0:0 meaning square. Rotation is clockwise degrees: 0, 90, 180, 270; with
	// Mirror the picture is mirrored left to right before it is rotated.
	SARNum, SARDen int
	Rotation       int
	Mirror         bool
	Color          media.ColorInfo
	Plane          [3]Plane
	// Corrupt is set when the decoder flagged the picture as damaged.
	Corrupt bool
	// Key is set for a picture that was decoded from a random access point.
	Key bool
	// Interlaced is set when the bitstream says that the picture consists of two fields, TopFirst when the upper one of
	// them is the earlier one.
	Interlaced, TopFirst bool
	// Type is the letter of the coding type of the picture ('I', 'P', 'B'), 0 when it is not known.
	Type byte
	// Quantizer is the mean over the picture on the scale of its coding format, where Quantized is set.
	Quantizer float32
	Quantized bool

	release func(*Video) // nil once released
}

// End returns the presentation end time.
func (v *Video) End() media.Time { return v.PTS.Add(v.Duration) }

// DisplaySize returns the size of the picture as it is meant to be seen, in square pixels: cropped, with its sample
// aspect ratio applied to the side that grows by it, and turned upright. Both are at least 1.
func (v *Video) DisplaySize() (w, h int) {
	return DisplaySize(v.Crop.W, v.Crop.H, v.SARNum, v.SARDen, v.Rotation)
}

// maxSampleAspect bounds how far samples may be from square, either way. A ratio beyond is a damaged header and is
// ignored.
const maxSampleAspect = 32

// DisplaySize is Video.DisplaySize for a picture of w × h samples with that sample aspect ratio and rotation.
func DisplaySize(w, h, sarNum, sarDen, rotation int) (int, int) {
	fw, fh := float64(w), float64(h)
	if sarNum > 0 && sarDen > 0 {
		switch a := float64(sarNum) / float64(sarDen); {
		case a > maxSampleAspect || a < 1.0/maxSampleAspect:
		case a > 1:
			fw *= a
		default:
			fh /= a
		}
	}
	w, h = max(1, int(math.Round(fw))), max(1, int(math.Round(fh)))
	if rotation == 90 || rotation == 270 {
		w, h = h, w
	}
	return w, h
}

// SizeBytes is the memory that the planes occupy.
func (v *Video) SizeBytes() int64 {
	var n int64
	for i := range v.Plane {
		n += int64(len(v.Plane[i].Data))
	}
	return n
}

// Arm makes v live: release will be called once, by Release, with the planes already taken away, because from
// that call on the struct belongs to its producer again. A producer that reuses the struct arms it again for each
// picture; release should be a func value made once so that arming allocates nothing.
func (v *Video) Arm(release func(*Video)) {
	if v.release != nil {
		panic("frame: picture armed while it is live")
	}
	if release == nil {
		release = func(*Video) {}
	}
	v.release = release
	live.Add(1)
}

// Release gives the picture back to its producer. The planes become nil. A second call panics.
func (v *Video) Release() {
	r := v.release
	if r == nil {
		panic("frame: picture released twice")
	}
	v.release = nil
	v.Plane = [3]Plane{}
	live.Add(-1)
	r(v)
}

// Checksum is the Adler-32 sum (initial value 0, as FFmpeg's framecrc muxer computes it) of the visible samples
// of all planes, rows packed without padding. The picture must be cropped by nothing or by whole chroma samples.
func (v *Video) Checksum() uint32 {
	var s adler
	bps := v.Format.BytesPerSample()
	for i := range v.Format.PlaneCount() {
		x, y := v.Crop.X, v.Crop.Y
		if i > 0 && v.Format.Layout == YUV {
			x, y = x>>v.Format.ChromaShiftX, y>>v.Format.ChromaShiftY
		}
		w, h := v.Format.PlaneSize(i, v.Crop.W, v.Crop.H)
		for row := y; row < y+h; row++ {
			o := row*v.Plane[i].Stride + x*bps
			s.add(v.Plane[i].Data[o : o+w*bps])
		}
	}
	return s.sum()
}

// adler is Adler-32 that starts from 0 instead of 1. The standard library's sum of the same bytes differs from it
// by 1 in the low half and by the number of bytes in the high half, both modulo 65521.
type adler struct {
	h interface {
		Write([]byte) (int, error)
		Sum32() uint32
	}
	n uint64
}

func (a *adler) add(p []byte) {
	if a.h == nil {
		a.h = adler32.New()
	}
	_, _ = a.h.Write(p) // a hash never fails
	a.n += uint64(len(p))
}

func (a *adler) sum() uint32 {
	const mod = 65521
	if a.h == nil {
		return 0
	}
	s := a.h.Sum32()
	lo := (s&0xffff + mod - 1) % mod
	hi := (s>>16 + mod - uint32(a.n%mod)) % mod
	return hi<<16 | lo
}

// AudioFormat is the shape of decoded sound: samples per second and interleaved channels. Mask is FFmpeg's
// native channel mask, 0 when the order is the default one of the channel count.
type AudioFormat struct {
	Rate, Channels int
	Mask           uint64
}

// Audio owns one block of decoded sound: interleaved float32, len(Samples) = Frames() × Format.Channels.
type Audio struct {
	Gen     media.Gen
	PTS     media.Time
	Format  AudioFormat
	Samples []float32
	// TrimFront and TrimBack are how many samples (per channel) at either end the coded frame of this block
	// declares to be no part of the presentation; they are still in Samples. All of a decode-only frame counts
	// as TrimFront. Trim(TrimFront, TrimBack) takes them away.
	TrimFront, TrimBack int
	Corrupt             bool

	release func(*Audio) // nil once released
}

// Frames is the number of samples per channel.
func (a *Audio) Frames() int {
	if a.Format.Channels == 0 {
		return 0
	}
	return len(a.Samples) / a.Format.Channels
}

// Duration is the length of the block at its own rate.
func (a *Audio) Duration() media.Span {
	if a.Format.Rate == 0 {
		return 0
	}
	return media.Span(float64(a.Frames()) / float64(a.Format.Rate))
}

// End returns the time of the sample after the last one.
func (a *Audio) End() media.Time { return a.PTS.Add(a.Duration()) }

// Trim discards front and back samples (per channel) and moves PTS accordingly. Trimming all of them leaves an
// empty block, which the owner still has to release.
func (a *Audio) Trim(front, back int) {
	n := a.Frames()
	front = min(max(front, 0), n)
	back = min(max(back, 0), n-front)
	a.Samples = a.Samples[front*a.Format.Channels : (n-back)*a.Format.Channels]
	if a.Format.Rate > 0 {
		a.PTS = a.PTS.Add(media.Span(float64(front) / float64(a.Format.Rate)))
	}
}

// Arm makes a live, as for Video: release is called with Samples already nil, so a producer that pools its memory
// remembers it by itself. A nil release leaves the samples to the garbage collector.
func (a *Audio) Arm(release func(*Audio)) {
	if a.release != nil {
		panic("frame: sound block armed while it is live")
	}
	if release == nil {
		release = func(*Audio) {}
	}
	a.release = release
	live.Add(1)
}

// Release gives the block back to its producer. Samples becomes nil afterwards. A second call panics.
func (a *Audio) Release() {
	r := a.release
	if r == nil {
		panic("frame: sound block released twice")
	}
	a.release = nil
	a.Samples = nil
	live.Add(-1)
	r(a)
}

// live counts the frames of this process that are armed and not released.
var live atomic.Int64

// Live returns how many pictures and sound blocks have an owner at the moment.
func Live() int64 { return live.Load() }
