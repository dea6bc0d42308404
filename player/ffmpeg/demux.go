package ffmpeg

/*
#include <stdlib.h>
#include "demux.h"
*/
import "C"

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"runtime/cgo"
	"slices"
	"strings"
	"unsafe"

	"github.com/asticode/go-astiav"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/file"
)

// Limits of what a container may declare.
const (
	maxStreams     = 256
	maxChapters    = 4096
	maxMetadata    = 256
	maxTextBytes   = 1 << 12
	maxSideItems   = 16
	maxSideBytes   = 1 << 20
	maxHintLetters = 8
)

// OpenDemuxer implements file.Opener. FFmpeg opens nothing by itself: it reads in.R, and files that name other
// files are refused those.
func (Factory) OpenDemuxer(ctx context.Context, in file.Input) (file.Demuxer, error) {
	quiet()
	if in.R == nil {
		return nil, errors.New("ffmpeg: no input")
	}
	d := &demuxer{in: in, ctx: ctx}
	d.seek, _ = in.R.(io.Seeker)
	d.handle = cgo.NewHandle(d)
	seekable := C.int(0)
	if d.seek != nil {
		seekable = 1
	}
	name := C.CString(hint(in.Name))
	defer C.free(unsafe.Pointer(name))
	var step C.int
	if r := C.door_open(&d.c, C.uintptr_t(d.handle), seekable, name, &step); r < 0 {
		err := d.failed([]string{"avformat_open_input", "avformat_find_stream_info"}[step], r)
		d.Close()
		return nil, err
	}
	d.describe()
	d.ctx = nil
	return d, nil
}

// hint reduces a name to what probing may look at, its extension.
func hint(name string) string {
	name, _, _ = strings.Cut(name, "?")
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	plain := func(r rune) bool { return r < 'a' && (r < '0' || r > '9') || r > 'z' }
	if ext == "" || len(ext) > maxHintLetters || strings.ContainsFunc(ext, plain) {
		return ""
	}
	return "input." + ext
}

// demuxer implements file.Demuxer.
type demuxer struct {
	c         C.door_demuxer
	coded     C.door_coded
	container file.Container
	in        file.Input
	seek      io.Seeker
	handle    cgo.Handle

	// ctx is that of the method that is running, err the failure of a read or seek in it.
	ctx context.Context
	err error
	end bool // the input has ended
}

//export doorRead
func doorRead(handle C.uintptr_t, buf *C.uint8_t, n C.int) C.int {
	return C.int(cgo.Handle(handle).Value().(*demuxer).read(unsafe.Slice((*byte)(unsafe.Pointer(buf)), int(n))))
}

//export doorSeek
func doorSeek(handle C.uintptr_t, offset C.int64_t, whence C.int) C.int64_t {
	return C.int64_t(cgo.Handle(handle).Value().(*demuxer).seekTo(int64(offset), int(whence)))
}

//export doorInterrupted
func doorInterrupted(handle C.uintptr_t) C.int {
	d := cgo.Handle(handle).Value().(*demuxer)
	if d.ctx != nil && d.ctx.Err() != nil {
		return 1
	}
	return 0
}

// maxEmptyReads bounds the reads in a row that give neither bytes nor an error.
const maxEmptyReads = 100

// read fills buf with at least one byte and returns how many, or a negative code. The memory is FFmpeg's.
func (d *demuxer) read(buf []byte) int {
	if d.ctx != nil && d.ctx.Err() != nil {
		d.err = context.Cause(d.ctx)
		return int(astiav.ErrExit)
	}
	for range maxEmptyReads {
		n, err := d.in.R.Read(buf)
		if n > 0 {
			return n
		}
		switch {
		case errors.Is(err, io.EOF):
			d.end = true
			return int(astiav.ErrEof)
		case err != nil:
			d.err = err
			return int(astiav.ErrEio)
		}
	}
	d.err = io.ErrNoProgress
	return int(astiav.ErrEio)
}

// seekTo is the seek callback; FFmpeg asks for the size through it too.
func (d *demuxer) seekTo(offset int64, whence int) int64 {
	if whence&C.AVSEEK_SIZE != 0 {
		if d.in.Size < 0 {
			return int64(C.AVERROR_UNKNOWN)
		}
		return d.in.Size
	}
	n, err := d.seek.Seek(offset, whence&^C.AVSEEK_FORCE)
	if err != nil {
		d.err = err
		return int64(astiav.ErrEio)
	}
	return n
}

// begin prepares for a call that may read. FFmpeg remembers a failed read and would not try again.
func (d *demuxer) begin(ctx context.Context) {
	d.ctx = ctx
	if d.err != nil || d.end {
		d.err, d.end = nil, false
		C.door_retry(&d.c)
	}
}

// failed makes the error of a call, with the input's own error or that of the context as the cause if there is one.
func (d *demuxer) failed(call string, r C.int) error {
	cause := d.err
	if d.ctx != nil && d.ctx.Err() != nil {
		cause = context.Cause(d.ctx)
		d.err = cause
	}
	if cause != nil {
		return fmt.Errorf("ffmpeg: %s: %w", call, cause)
	}
	return failed(call, r)
}

// Container implements file.Demuxer.
func (d *demuxer) Container() *file.Container { return &d.container }

// Select implements file.Demuxer.
func (d *demuxer) Select(stream int, on bool) {
	if stream < 0 || stream >= int(d.c.streams) {
		return
	}
	st := unsafe.Slice(d.c.s.streams, int(d.c.streams))[stream]
	st.discard = C.AVDISCARD_DEFAULT
	if !on {
		st.discard = C.AVDISCARD_ALL
	}
}

// ReadPacket implements file.Demuxer.
func (d *demuxer) ReadPacket(ctx context.Context, p *file.Packet) error {
	d.begin(ctx)
	defer func() { d.ctx = nil }()
	r := C.door_read(&d.c, &d.coded)
	switch {
	case r >= 0:
	case d.err == nil && ctx.Err() == nil && (r == errEOF || d.end): // a format may call a truncated end an error
		return io.EOF
	default:
		return d.failed("av_read_frame", r)
	}
	c := &d.coded
	*p = file.Packet{
		Stream: int(c.stream), PTS: int64(c.pts), DTS: int64(c.dts), Duration: max(0, int64(c.duration)), Pos: int64(c.pos),
		Key: c.key != 0, Discard: c.discard != 0,
		Skip: c.skip != 0, SkipFront: int(c.skip_front), SkipBack: int(c.skip_back), Samples: int(c.samples),
		Order: int64(c.order), Ordered: c.ordered != 0,
		Data: unsafe.Slice((*byte)(unsafe.Pointer(c.data)), int(c.size)),
	}
	if c.extradata != nil && c.extradata_size <= maxExtradataBytes {
		p.NewExtradata = C.GoBytes(unsafe.Pointer(c.extradata), c.extradata_size)
	}
	for i, total := C.int(0), 0; i < c.side && len(p.Side) < maxSideItems; i++ {
		var kind, size C.int
		var data *C.uint8_t
		if C.door_side(&d.c, i, &kind, &data, &size) == 0 {
			continue
		}
		if total += int(size) + 8; total > maxSideBytes {
			break
		}
		b := C.GoBytes(unsafe.Pointer(data), size)
		if kind == C.AV_PKT_DATA_ENCRYPTION_INFO {
			p.Crypt = cryptOf(b)
			continue
		}
		p.Side = append(p.Side, media.SideData{Type: int(kind), Data: b})
	}
	return nil
}

// Seek implements file.Demuxer.
func (d *demuxer) Seek(ctx context.Context, stream int, ticks int64) error {
	d.begin(ctx)
	defer func() { d.ctx = nil }()
	if d.seek == nil {
		return errors.New("ffmpeg: input is not seekable")
	}
	if r := C.door_seek(&d.c, C.int(stream), C.int64_t(ticks)); r < 0 {
		return d.failed("avformat_seek_file", r)
	}
	return nil
}

// SeekByte implements file.Demuxer.
func (d *demuxer) SeekByte(ctx context.Context, pos int64) error {
	d.begin(ctx)
	defer func() { d.ctx = nil }()
	if d.seek == nil {
		return errors.New("ffmpeg: input is not seekable")
	}
	if r := C.door_seek_byte(&d.c, C.int64_t(pos)); r < 0 {
		return d.failed("av_seek_frame", r)
	}
	return nil
}

// Close implements file.Demuxer. A second call does nothing.
func (d *demuxer) Close() {
	if d.handle == 0 {
		return
	}
	C.door_close(&d.c)
	d.handle.Delete()
	d.handle = 0
}

// describe fills container.
func (d *demuxer) describe() {
	s := d.c.s
	c := &d.container
	c.Format = C.GoString(s.iformat.name)
	for _, f := range [...]string{"mov", "matroska"} {
		c.KeepsOrigin = c.KeepsOrigin || strings.HasPrefix(c.Format, f)
	}
	c.Discontinuous = s.iformat.flags&C.AVFMT_TS_DISCONT != 0
	if s.duration > 0 {
		c.Duration = media.Span(float64(s.duration) / C.AV_TIME_BASE)
	}
	c.BitRate = max(0, int64(s.bit_rate))
	c.Metadata = d.metadata(-1)
	for i := C.int(0); i < maxChapters; i++ {
		var start, end C.double
		var title *C.char
		if C.door_chapter(&d.c, i, &start, &end, &title) == 0 {
			break
		}
		c.Chapters = append(c.Chapters, file.Chapter{Start: media.Time(start), End: media.Time(end), Title: clip(C.GoString(title))})
	}
	seen := map[uint32]bool{}
	for i := range min(int(d.c.streams), maxStreams) {
		st := d.stream(i)
		if st.ID == 0 || seen[st.ID] {
			for st.ID = uint32(i + 1); seen[st.ID]; st.ID++ {
			}
		}
		seen[st.ID] = true
		c.Streams = append(c.Streams, st)
	}
	// A single picture next to a video decorates it: the still form of an animated image, a poster.
	moving := slices.ContainsFunc(c.Streams, func(st file.Stream) bool { return st.Kind == media.Video && !st.Picture && st.Frames > 1 })
	for i := range c.Streams {
		st := &c.Streams[i]
		st.Picture = st.Picture || moving && st.Kind == media.Video && st.Frames == 1
	}
}

// metadata copies the tags of the file (-1) or a stream, keys in lower case.
func (d *demuxer) metadata(stream C.int) map[string]string {
	var m map[string]string
	for i := C.int(0); i < maxMetadata; i++ {
		var key, value *C.char
		if C.door_meta(&d.c, stream, i, &key, &value) == 0 {
			break
		}
		if m == nil {
			m = map[string]string{}
		}
		m[strings.ToLower(clip(C.GoString(key)))] = clip(C.GoString(value))
	}
	return m
}

// clip makes text from a file safe to show.
func clip(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxTextBytes)], "\uFFFD")
}

// stream describes one elementary stream.
func (d *demuxer) stream(i int) file.Stream {
	var c C.door_stream
	C.door_stream_info(&d.c, C.int(i), &c)
	meta := d.metadata(C.int(i))
	st := file.Stream{
		ID: uint32(max(0, c.id)), Base: file.TimeBase{Num: int(c.base_num), Den: int(c.base_den)},
		First: int64(c.start), Length: max(0, int64(c.duration)), Frames: max(0, int64(c.frames)), BitRate: max(0, int64(c.bit_rate)),
		Default: c.is_default != 0, Forced: c.forced != 0, Picture: c.attached_picture != 0,
		Language: language(meta["language"]), Title: meta["title"], Metadata: meta,
		Reorder: min(max(0, int(c.reorder)), maxReorder),
	}
	switch c._type {
	case C.AVMEDIA_TYPE_VIDEO:
		st.Kind = media.Video
		if c.rate_num > 0 && c.rate_den > 0 {
			st.FrameDuration = media.Span(float64(c.rate_den) / float64(c.rate_num))
		}
	case C.AVMEDIA_TYPE_AUDIO:
		st.Kind = media.Audio
		if c.frame_size > 0 && c.sample_rate > 0 {
			st.FrameDuration = media.Span(float64(c.frame_size) / float64(c.sample_rate))
		}
	case C.AVMEDIA_TYPE_SUBTITLE:
		st.Kind = media.Text
	default:
		return st
	}
	cfg := &media.DecoderConfig{
		Kind: st.Kind, Timescale: timescale(c.base_num, c.base_den), Encrypted: meta["enc_key_id"] != "",
		Width: int(c.width), Height: int(c.height), Rotation: quarterTurns(int(c.rotation)), Mirror: c.mirror != 0,
		Clean:      media.Clean{Left: int(c.left), Right: int(c.right), Top: int(c.top), Bottom: int(c.bottom)},
		SampleRate: max(0, int(c.sample_rate)), Channels: max(0, int(c.channels)),
		InitialPadding: max(0, int(c.initial_padding)), Preroll: preroll(&c),
		CodecTag: uint32(c.codec_tag), BitsPerSample: max(0, int(c.bits)), BlockAlign: max(0, int(c.block_align)), BitRate: st.BitRate,
		Format: int(c.format) + 1, Profile: max(0, int(c.profile)), ChannelMask: uint64(c.mask),
	}
	if c.codec_id != C.AV_CODEC_ID_NONE {
		cfg.Codec = media.CodecID(C.GoString(C.avcodec_get_name(uint32(c.codec_id))))
	}
	if c.sar_num > 0 && c.sar_den > 0 {
		cfg.SARNum, cfg.SARDen = int(c.sar_num), int(c.sar_den)
	}
	if c.extradata_size > 0 && c.extradata_size <= maxExtradataBytes {
		cfg.Extradata = C.GoBytes(unsafe.Pointer(c.extradata), c.extradata_size)
	}
	if st.Kind == media.Video {
		cfg.Color = containerColor(&c)
	}
	if fourcc := fourcc(cfg.CodecTag); fourcc != "" {
		cfg.CodecString = mime.CodecString(cfg.Codec, fourcc, cfg.Extradata)
	}
	st.Config = cfg
	return st
}

func timescale(num, den C.int) uint32 {
	if num != 1 || den <= 0 {
		return 0
	}
	return uint32(den)
}

// fourcc spells a codec tag of four printable letters, "" for any other.
func fourcc(tag uint32) string {
	b := []byte{byte(tag), byte(tag >> 8), byte(tag >> 16), byte(tag >> 24)}
	if bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return string(b)
}

// language turns a container's tag into ours: none when it says nothing.
func language(tag string) string {
	if tag == "und" || tag == "unk" {
		return ""
	}
	return tag
}

// containerColor is the colour that the container declares, or the first pictures where it does not.
func containerColor(c *C.door_stream) media.ColorInfo {
	point := func(v C.int) uint8 {
		if v <= 0 || v == unspecified || v > 254 {
			return 0
		}
		return uint8(v)
	}
	i := media.ColorInfo{Primaries: point(c.primaries), Transfer: point(c.transfer), Matrix: point(c.matrix), FullRange: c._range == rangeFull}
	if c.matrix == matrixRGB {
		i.Matrix = media.MatrixGBR
	}
	i.Siting = siting(c.siting)
	i.Light = media.Light{Peak: float32(c.peak), Black: float32(c.black), MaxCLL: float32(c.max_cll), MaxFALL: float32(c.max_fall)}
	i.Known = i.Primaries != 0 || i.Transfer != 0 || i.Matrix != 0 || c._range != rangeUnknown
	return i
}

// preroll is how much sound a decoder must see before what it puts out is right: what the container says, or what
// the coding format needs because each frame overlaps the one before or borrows its bits.
func preroll(c *C.door_stream) media.Span {
	if c.sample_rate <= 0 {
		return 0
	}
	samples := int(c.seek_preroll)
	switch c.codec_id {
	case C.AV_CODEC_ID_OPUS:
		samples = max(samples, 3840)
	case C.AV_CODEC_ID_AAC, C.AV_CODEC_ID_AAC_LATM:
		samples = max(samples, max(1024, int(c.frame_size)))
	case C.AV_CODEC_ID_MP3:
		samples = max(samples, 9*1152)
	case C.AV_CODEC_ID_AC3, C.AV_CODEC_ID_EAC3:
		samples = max(samples, 1536)
	case C.AV_CODEC_ID_VORBIS:
		samples = max(samples, 8192)
	}
	if samples <= 0 {
		return 0
	}
	return media.Span(float64(samples) / float64(c.sample_rate))
}
