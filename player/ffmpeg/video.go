package ffmpeg

/*
#include "door.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"math"
	"unsafe"

	"github.com/asticode/go-astiav"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
)

// Code points of FFmpeg and H.273 that need a decision.
const (
	matrixRGB       = C.AVCOL_SPC_RGB
	unspecified     = 2
	rangeFull       = C.AVCOL_RANGE_JPEG
	rangeUnknown    = C.AVCOL_RANGE_UNSPECIFIED
	hdMinimumHeight = 720 // from here on RGB is converted with the BT.709 matrix
)

// maxPacketErrors bounds the rejected coded frames that are remembered until a call can report them.
const maxPacketErrors = 64

var (
	errAgain = C.int(astiav.ErrEagain)
	errEOF   = C.int(astiav.ErrEof)
)

// NewVideo opens a video decoder.
func (fa Factory) NewVideo(cfg *media.DecoderConfig, o decode.Options) (decode.VideoDecoder, error) {
	threads := threadCount(o.Threads)
	trial := fa.hardware(cfg)
	if o.Quantizers {
		trial = nil // only software tells them
	}
	var cc *astiav.CodecContext
	var err error
	if trial != nil {
		if cc, err = openCodec(cfg, media.Video, threads, 0, true, false); err != nil {
			trial.refused(err)
			trial = nil
		}
	}
	if trial == nil {
		if cc, err = openCodec(cfg, media.Video, threads, 0, false, o.Quantizers); err != nil {
			return nil, err
		}
	}
	v := &video{codec: codec{opened: opening(cc), decrypter: o.Decrypter},
		cfg: cfg, accepts: o.Formats, captions: o.Captions, threads: threads, quantizers: o.Quantizers, pool: &pictures{}, format: -1, trial: trial}
	v.weaver.mode, v.weaver.threads = fa.Deinterlace.mode(), C.int(threads)
	if v.pkt == nil {
		v.Close()
		return nil, errors.New("ffmpeg: av_packet_alloc: out of memory")
	}
	return v, nil
}

// opened is a decoder of FFmpeg and the packet that is sent to it.
type opened struct {
	cc  *astiav.CodecContext
	ctx *C.AVCodecContext
	pkt *C.AVPacket
}

// opening takes ownership of a decoder. The packet is nil when there is no memory for it.
func opening(cc *astiav.CodecContext) opened {
	return opened{cc: cc, ctx: (*C.AVCodecContext)(cc.UnsafePointer()), pkt: C.av_packet_alloc()}
}

// close frees both. A second call does nothing.
func (o *opened) close() {
	if o.cc == nil {
		return
	}
	C.av_packet_free(&o.pkt)
	o.cc.Free()
	o.cc, o.ctx = nil, nil
}

// codec is what video and sound decoders share: sending numbered packets and collecting rejections.
type codec struct {
	opened
	ring ring
	errs []*decode.PacketError // rejections that no call has returned yet
	// decrypter is nil when protected frames are rejected.
	decrypter decode.Decrypter
}

// send hands f to the decoder. again means that it takes nothing before pictures are received; the packet is kept
// and resend tries once more.
func (c *codec) send(f *media.CodedFrame) (again bool) {
	if f.Crypt != nil && c.decrypter == nil {
		c.reject(f.PTS, errEncrypted)
		return false
	}
	if len(f.Data) == 0 {
		return false // nothing to decode; an empty packet would start draining
	}
	if len(f.Data) > maxCodedBytes {
		c.reject(f.PTS, fmt.Errorf("coded frame of %d bytes, more than %d", len(f.Data), maxCodedBytes))
		return false
	}
	index := c.ring.put(f)
	key := C.int(0)
	if f.RAP {
		key = 1
	}
	var r C.int
	if f.Crypt != nil {
		if err := c.decrypt(f, index, key); err != nil {
			c.reject(f.PTS, err)
			return false
		}
		r = c.sides(f, 0)
	} else if f.Side == nil {
		r = C.door_send_data(c.ctx, c.pkt, bytesPointer(f.Data), C.int(len(f.Data)), C.int64_t(index), key)
	} else {
		r = c.sides(f, C.door_packet(c.pkt, bytesPointer(f.Data), C.int(len(f.Data)), C.int64_t(index), key))
	}
	return c.sent(r)
}

// decrypt fills the packet with the clear form of a protected frame.
func (c *codec) decrypt(f *media.CodedFrame, index int64, key C.int) error {
	if r := C.door_packet(c.pkt, nil, C.int(len(f.Data)), C.int64_t(index), key); r < 0 {
		return failed("av_new_packet", r)
	}
	n, err := c.decrypter.Decrypt(unsafe.Slice((*byte)(c.pkt.data), len(f.Data)), f)
	if err != nil {
		C.av_packet_unref(c.pkt)
		return err
	}
	C.av_shrink_packet(c.pkt, C.int(n))
	return nil
}

// sides adds the side data of f to the packet, whose making had the result r, and sends it.
func (c *codec) sides(f *media.CodedFrame, r C.int) C.int {
	if f.Side != nil {
		for _, d := range *f.Side {
			if r >= 0 {
				r = C.door_packet_side(c.pkt, C.int(d.Type), bytesPointer(d.Data), C.int(len(d.Data)))
			}
		}
	}
	if r < 0 {
		C.av_packet_unref(c.pkt)
		return r
	}
	return C.door_send(c.ctx, c.pkt)
}

func (c *codec) resend() (again bool) { return c.sent(C.door_send(c.ctx, c.pkt)) }

func (c *codec) sent(r C.int) (again bool) {
	if r == errAgain {
		return true
	}
	if r < 0 {
		c.rejectLate("avcodec_send_packet", r)
	}
	return false
}

// reject remembers that the frame at pts was refused.
func (c *codec) reject(pts media.Time, err error) {
	if len(c.errs) < maxPacketErrors {
		c.errs = append(c.errs, &decode.PacketError{PTS: pts, Err: err})
	}
}

// rejectLate remembers a failure that FFmpeg reports without saying for which packet: with frame threads it is
// the one that was sent as many packets ago as there are other threads.
func (c *codec) rejectLate(call string, code C.int) {
	i := c.ring.last
	if c.ctx.active_thread_type&C.FF_THREAD_FRAME != 0 {
		i = max(1, i-int64(c.ctx.thread_count)+1)
	}
	var pts media.Time
	if t := c.ring.get(i); t != nil {
		pts = t.pts
	}
	c.reject(pts, failed(call, code))
}

// rejected takes the oldest rejection that was not reported; nil if there is none.
func (c *codec) rejected() error {
	if len(c.errs) == 0 {
		return nil
	}
	e := c.errs[0]
	n := copy(c.errs, c.errs[1:])
	c.errs[n] = nil
	c.errs = c.errs[:n]
	return e
}

// timing finds the timing of an item by the number that travelled as its time stamp. Where a decoder shows a
// picture that it decoded earlier (VP9's show_existing_frame) only that number is the showing packet's; opaque is
// the number of the packet that was decoded, which serves where no time stamp came out.
func (c *codec) timing(pts, opaque C.int64_t) *timing {
	if t := c.ring.get(int64(pts)); t != nil {
		return t
	}
	return c.ring.get(int64(opaque))
}

func (c *codec) flush() {
	C.avcodec_flush_buffers(c.ctx)
	C.av_packet_unref(c.pkt)
	c.errs = c.errs[:0]
}

// video decodes pictures.
type video struct {
	codec
	// immutable
	cfg     *media.DecoderConfig
	accepts func(frame.PixelFormat) bool
	// captions takes closed captions, nil for nobody.
	captions func(media.Time, []byte)
	threads  int
	pool     *pictures
	// quantizers is set when those of each picture are wanted.
	quantizers bool

	// owned by the caller's goroutine
	begun  bool
	trial  *trial // of hardware; nil when the processor decodes
	weaver C.door_deinterlacer
	info   C.door_picture
	planes C.door_picture // of a converted picture
	scaler C.door_scaler
	// format is FFmpeg's number of the last pixel format; the next ones describe it.
	format C.int
	pixel  frame.PixelFormat
	// target is what pictures of a format that is not accepted are converted to, targetPixel its description.
	target      C.int
	targetPixel frame.PixelFormat
	fullRange   bool
	rgb         bool
	accepted    bool
	// nextPTS is where a picture goes whose coded frame is unknown.
	nextPTS media.Time
	// entry is when the random access point is shown that decoding began with since opening or flushing; entered tells
	// that there is one.
	entry   media.Time
	entered bool
}

// maxReorder is the most pictures that H.264 holds back.
const maxReorder = 16

// begin prepares for the first frame. Many H.264 streams do not say how many pictures are held back for
// reordering; the decoder then learns it from the first B picture that comes too late, and loses that picture. How
// far showing lags behind decoding at the first key frame tells it in time.
func (v *video) begin(f *media.CodedFrame) error {
	v.begun = true
	if v.cfg.Codec != media.H264 || f.Duration <= 0 {
		return nil
	}
	lag := int(min(maxReorder, math.Round(float64(f.PTS.Sub(f.DTS)/f.Duration))))
	if lag <= 0 {
		return nil
	}
	cc, err := openCodec(v.cfg, media.Video, v.threads, lag, v.trial != nil, v.quantizers)
	if err != nil {
		return err
	}
	v.swap(cc)
	return nil
}

// Decode implements decode.VideoDecoder.
func (v *video) Decode(f *media.CodedFrame, emit func(*frame.Video) error) error {
	if v.trial != nil {
		return v.try(f, emit)
	}
	return v.decode(f, emit)
}

func (v *video) decode(f *media.CodedFrame, emit func(*frame.Video) error) error {
	if !v.begun {
		if err := v.begin(f); err != nil {
			return err
		}
	}
	if f.RAP && !v.entered {
		v.entry, v.entered = f.PTS, true
	}
	for again := v.send(f); again; again = v.resend() {
		taken := v.weaver.taken
		_, err := v.receive(emit)
		if err != nil {
			C.av_packet_unref(v.pkt)
			return err
		}
		if v.weaver.taken == taken { // the decoder neither takes nor gives
			C.av_packet_unref(v.pkt)
			v.reject(f.PTS, failed("avcodec_send_packet", errAgain))
			break
		}
	}
	if _, err := v.receive(emit); err != nil {
		return err
	}
	return v.rejected()
}

// Drain implements decode.VideoDecoder.
func (v *video) Drain(emit func(*frame.Video) error) error {
	if t := v.trial; t != nil && !t.proved && len(t.frames) > 0 {
		// Too little to have proved itself: what there is decodes for certain with the processor.
		if err := v.again(errors.New("the stream ended before the first picture"), emit); err != nil && !isRejection(err) {
			return err
		}
	}
	C.avcodec_send_packet(v.ctx, nil) // fails only when draining already
	if _, err := v.receive(emit); err != nil {
		return err
	}
	return v.rejected()
}

// Flush implements decode.VideoDecoder.
func (v *video) Flush() {
	v.flush()
	C.door_deinterlacer_reset(&v.weaver)
	if v.trial != nil {
		v.trial.frames = nil
	}
	v.entered = false
}

// Close implements decode.VideoDecoder. A second call does nothing.
func (v *video) Close() {
	v.close()
	C.door_scaler_free(&v.scaler)
	C.door_deinterlacer_reset(&v.weaver)
	v.pool.close()
}

// receive emits what is ready and counts what came out of the decoder. Rejections are remembered.
func (v *video) receive(emit func(*frame.Video) error) (n int, err error) {
	for range maxPacketErrors + ringSize {
		s := v.pool.get(false)
		if s == nil {
			return n, failed("av_frame_alloc", C.int(-C.ENOMEM))
		}
		r := C.door_receive_video(v.ctx, &v.weaver, s.p, &v.info)
		if r == errAgain || r == errEOF {
			v.pool.put(s)
			return n, nil
		}
		n++
		if r < 0 {
			v.pool.put(s)
			if r == C.int(-C.ENOMEM) {
				return n, failed("avcodec_receive_frame", r)
			}
			v.rejectLate("avcodec_receive_frame", r)
			continue
		}
		t := v.timing(v.info.pts, v.info.opaque)
		if v.captions != nil && t != nil {
			captions(s.p, t.pts, v.captions)
		}
		if t != nil && t.decodeOnly {
			v.pool.put(s)
			continue
		}
		if v.info.unrecovered != 0 && v.cfg.Codec == media.H264 {
			// FFmpeg trusts only IDR pictures and recovery points, of which some streams have none. What is shown after
			// the container's random access point is as good as that; what is shown before it refers to what is not there.
			if t == nil || !v.entered || t.pts < v.entry {
				v.pool.put(s)
				continue
			}
			v.info.corrupt = 0
		}
		if s, err = v.fill(s, t); err != nil { // not convertible
			pts := v.nextPTS
			if t != nil {
				pts = t.pts
			}
			v.reject(pts, err)
			continue
		}
		s.Arm(s.release)
		if err = emit(&s.Video); err != nil {
			return n, err
		}
	}
	return n, failed("avcodec_receive_frame", C.int(astiav.ErrBug)) // it would go on for ever
}

// fill describes the picture in shell s, converting it when the consumer asks for that, and returns the shell to
// emit. On an error s has gone back to the pool.
func (v *video) fill(s *picture, t *timing) (*picture, error) {
	if v.info.format != v.format {
		v.setFormat(v.info.format)
	}
	color := v.color()
	pixel := v.pixel
	whole := pixel.Layout != frame.Other
	for i := range pixel.PlaneCount() {
		whole = whole && v.info.len[i] > 0
	}
	var err error
	switch {
	case !v.accepted:
		pixel = v.targetPixel
		if s, err = v.convert(s, &color); err != nil {
			return nil, err
		}
	case !whole && pixel.Layout != frame.Other:
		if s, err = v.repack(s); err != nil {
			return nil, err
		}
	}
	i := &v.info
	s.Video = frame.Video{
		Format: pixel, Width: int(i.width), Height: int(i.height), Color: color,
		Crop: frame.Rect{X: int(i.crop_left), Y: int(i.crop_top),
			W: int(i.width - i.crop_left - i.crop_right), H: int(i.height - i.crop_top - i.crop_bottom)},
		SARNum: v.cfg.SARNum, SARDen: v.cfg.SARDen, Rotation: v.cfg.Rotation, Mirror: v.cfg.Mirror, Corrupt: i.corrupt != 0,
		Interlaced: i.interlaced != 0, TopFirst: i.top_first != 0, Type: byte(i._type), Quantizer: float32(i.quantizer), Quantized: i.quantizer >= 0,
	}
	if s.Crop.W == v.cfg.Width && s.Crop.H == v.cfg.Height { // else the cropping was meant for other pictures
		s.Crop = clean(s.Crop, v.cfg.Clean)
	}
	if s.SARNum <= 0 || s.SARDen <= 0 {
		s.SARNum, s.SARDen = int(i.sar_num), int(i.sar_den)
	}
	if s.SARNum <= 0 || s.SARDen <= 0 {
		s.SARNum, s.SARDen = 0, 0
	}
	if s.Rotation == 0 && !s.Mirror {
		s.Rotation, s.Mirror = quarterTurns(int(i.rotation)), i.mirror != 0
	}
	for p := range pixel.PlaneCount() {
		s.Plane[p] = frame.Plane{Data: unsafe.Slice((*byte)(unsafe.Pointer(i.data[p])), int(i.len[p])), Stride: int(i.stride[p])}
	}
	if t != nil {
		s.PTS, s.Duration, s.Key = t.pts, t.duration, t.key
	} else {
		s.PTS = v.nextPTS
	}
	v.nextPTS = s.PTS.Add(s.Duration)
	return s, nil
}

// convert makes a picture of the target format of s, which goes back to the pool, and describes it in info.
func (v *video) convert(s *picture, color *media.ColorInfo) (*picture, error) {
	d := v.pool.get(true)
	if d == nil {
		v.pool.put(s)
		return nil, failed("av_frame_alloc", C.int(-C.ENOMEM))
	}
	src := C.int(unspecified)
	switch color.Matrix {
	case 0:
	case media.MatrixGBR:
		src = matrixRGB
	default:
		src = C.int(color.Matrix)
	}
	dst, full := src, C.int(0)
	if color.FullRange {
		full = 1
	}
	switch {
	case v.rgb && v.targetPixel.Layout == frame.GBR:
		src, dst, full = matrixRGB, matrixRGB, 1
	case v.rgb:
		src, dst, full = matrixRGB, C.AVCOL_SPC_SMPTE170M, 1
		if v.info.height >= hdMinimumHeight {
			dst = C.AVCOL_SPC_BT709
		}
		color.Matrix, color.FullRange, color.Known = uint8(dst), false, true
	}
	r := C.door_scale(&v.scaler, d.p, v.target, s.p, full, src, dst, C.int(v.threads))
	return v.replaced(s, d, r, "sws_scale_frame")
}

// repack copies s into a shell of its own, for planes that are not laid out as rows of a positive stride.
func (v *video) repack(s *picture) (*picture, error) {
	d := v.pool.get(true)
	if d == nil {
		v.pool.put(s)
		return nil, failed("av_frame_alloc", C.int(-C.ENOMEM))
	}
	return v.replaced(s, d, C.door_repack(d.p, s.p), "av_frame_copy")
}

// replaced ends convert and repack: it gives s back and puts the planes of d into info.
func (v *video) replaced(s, d *picture, r C.int, call string) (*picture, error) {
	v.pool.put(s)
	if r < 0 {
		v.pool.put(d)
		return nil, failed(call, r)
	}
	C.door_describe_picture(d.p, &v.planes)
	v.info.data, v.info.stride, v.info.len = v.planes.data, v.planes.stride, v.planes.len
	return d, nil
}

// setFormat looks up what FFmpeg's pixel format means; it changes rarely.
func (v *video) setFormat(format C.int) {
	var d C.door_format
	C.door_pixel_format(format, &d)
	v.format = format
	v.pixel = pixelFormat(&d)
	v.fullRange, v.rgb = d.full_range != 0, d.rgb != 0
	v.accepted = v.accepts == nil || v.pixel.Layout != frame.Other && v.accepts(v.pixel)
	if v.accepted {
		return
	}
	v.target = C.door_planar(format)
	C.door_pixel_format(v.target, &d)
	if v.targetPixel = pixelFormat(&d); !v.accepts(v.targetPixel) {
		v.target, v.targetPixel = C.AV_PIX_FMT_YUV420P, frame.I420
	}
}

func pixelFormat(d *C.door_format) frame.PixelFormat {
	return frame.PixelFormat{Layout: frame.Layout(d.layout), Depth: uint8(d.depth),
		ChromaShiftX: uint8(d.shift_x), ChromaShiftY: uint8(d.shift_y), Name: C.GoString(&d.name[0])}
}

// clean is what remains of the visible part of a picture when the container's cropping is applied; cropping that leaves
// nothing is none.
func clean(r frame.Rect, c media.Clean) frame.Rect {
	if c.Left < 0 || c.Right < 0 || c.Top < 0 || c.Bottom < 0 || c.Left >= r.W-c.Right || c.Top >= r.H-c.Bottom {
		return r
	}
	return frame.Rect{X: r.X + c.Left, Y: r.Y + c.Top, W: r.W - c.Left - c.Right, H: r.H - c.Top - c.Bottom}
}

// color merges what the bitstream and the container say about the picture; see the package comment.
func (v *video) color() media.ColorInfo {
	c := v.cfg.Color
	fill := func(container *uint8, bitstream C.int) {
		if bitstream > 0 && bitstream != unspecified && bitstream < 255 {
			*container, c.Known = uint8(bitstream), true
		}
		if *container == unspecified {
			*container = 0
		}
	}
	fill(&c.Primaries, v.info.primaries)
	fill(&c.Transfer, v.info.transfer)
	fill(&c.Matrix, v.info.matrix)
	switch {
	case v.pixel.Layout == frame.GBR || v.rgb:
		c.Matrix = media.MatrixGBR
		c.FullRange = v.info.color_range != C.AVCOL_RANGE_MPEG
	case c.Matrix == media.MatrixGBR:
		c.Matrix = 0 // the planes are luma and chroma whatever was declared
	}
	if r := v.info.color_range; r != rangeUnknown {
		c.FullRange, c.Known = r == rangeFull, true
	}
	if v.fullRange {
		c.FullRange, c.Known = true, true
	}
	if s := siting(v.info.siting); s != 0 {
		c.Siting = s
	}
	if v.info.peak > 0 {
		c.Light.Peak, c.Light.Black = float32(v.info.peak), float32(v.info.black)
	}
	if v.info.max_cll > 0 {
		c.Light.MaxCLL, c.Light.MaxFALL = float32(v.info.max_cll), float32(v.info.max_fall)
	}
	return c
}

// siting is FFmpeg's chroma location as a colour description has it; the numbers are the same.
func siting(location C.int) uint8 {
	if location < 0 || location > C.AVCHROMA_LOC_BOTTOM {
		return 0
	}
	return uint8(location)
}

// quarterTurns snaps clockwise degrees to 0, 90, 180 or 270.
func quarterTurns(degrees int) int { return (degrees + 45) / 90 * 90 % 360 }
