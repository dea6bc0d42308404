package mpegaudio

import (
	"bytes"
	"fmt"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
)

const (
	// maxGarbageBytes bounds what is passed over between two frames. Damage and unknown tags are smaller; other
	// formats are not.
	maxGarbageBytes = 256 << 10
	// maxHeaderBytes is the longest header of a frame, or the part of a tag that tells its size.
	maxHeaderBytes = 32
	// maxSubstreams bounds the frames of E-AC-3 that make one coded frame.
	maxSubstreams = 16
	// maxConfigs bounds the decoder configurations that are remembered to be recognized again.
	maxConfigs = 16
	// stepFrames bounds the frames of one Step.
	stepFrames = 64
	// slabFrames is how many frames are allocated together at most, firstSlab how many at first.
	slabFrames = 64
	firstSlab  = 4
	// trackID of the one track.
	trackID = 1
)

// Format says which frames a stream consists of.
type Format uint8

// The formats. AC3 is AC-3 and E-AC-3.
const (
	MPEG Format = iota
	ADTS
	AC3
)

// String names the format for messages.
func (f Format) String() string {
	switch f {
	case MPEG:
		return "MPEG audio"
	case ADTS:
		return "ADTS"
	case AC3:
		return "AC-3"
	default:
		return "impossible format"
	}
}

// head reads the frame header at the start of b.
func (f Format) head(b []byte) (header, verdict) {
	if len(b) == 0 {
		return header{}, needMore
	}
	switch f {
	case ADTS:
		return adtsHeader(b)
	case AC3:
		return ac3Header(b)
	default:
		return mpegHeader(b)
	}
}

// sync is the first byte of each frame.
func (f Format) sync() byte {
	if f == AC3 {
		return ac3Sync >> 8
	}
	return 0xff
}

// Parser is a bytestream.Parser for one of the formats. The zero value is ready and reads MPEG audio.
type Parser struct {
	format Format // immutable

	in    bytestream.Chunks
	state bytestream.State
	err   error // what the last Step returned; sticks until Reset

	mode    mode
	skipTo  int64   // end of the tag that is being passed over
	garbage int64   // offset of the first byte that no frame and no tag claimed, while searching
	free    bool    // free format was met while searching
	cur     header  // of the last frame
	subs    int     // frames that make one coded frame, 0 while unknown
	layout  []byte  // AudioSpecificConfig of ADTS frames that do not tell their channels in the header
	config  *config // of the last initialization segment
	configs []*config

	clock   clock
	gapless gapless
	inband  bytestream.Inband // tags that wait for a frame
	crypt   *media.Crypt      // of the frames, nil when they are clear

	frames []media.CodedFrame
	tracks []bytestream.TrackFrames
}

// mode is how much the parser believes a header at the front of the input.
type mode uint8

const (
	fresh  mode = iota // start of the stream or behind a tag: any header
	synced             // behind a frame: a header of the same configuration
	search             // elsewhere: a header that a second one follows
)

// verdict is what the front of the input is.
type verdict uint8

const (
	notFrame   verdict = iota
	isFrame            // a header of a frame
	needMore           // not enough bytes to tell
	freeFormat         // a header that does not tell the size of its frame
)

// header is what the parsers of headers return.
type header struct {
	key key
	// size is the whole frame in bytes, strip its header that is not part of the coded frame.
	size, strip int
	// samples per channel.
	samples int
	// dependent frames belong to the one before.
	dependent bool
	// blocks is the number of raw data blocks in an ADTS frame; crc is set if it has a checksum.
	blocks int
	crc    bool
}

// key is what decoders must know. Two frames of a stream need the same decoder state exactly when their keys and
// layouts are the same.
type key struct {
	codec    media.CodecID
	profile  uint8 // MPEG-4 audio object type
	rate     int
	channels int // 0: the layout tells
}

type config struct {
	key    key
	layout []byte
	c      *media.DecoderConfig
}

// is reports whether a configuration is that of frames with a key and a layout.
func (c *config) is(k key, layout []byte, encrypted bool) bool {
	return c.key == k && c.c.Encrypted == encrypted && bytes.Equal(c.layout, layout)
}

var (
	_ bytestream.Parser  = (*Parser)(nil)
	_ bytestream.Flusher = (*Parser)(nil)
)

// New returns a parser that waits for the first byte of a stream.
func New(f Format) *Parser { return &Parser{format: f} }

// Push implements bytestream.Parser.
func (p *Parser) Push(b []byte) { p.in.Push(b) }

// State implements bytestream.Parser. It is ParsingMediaSegment inside a frame.
func (p *Parser) State() bytestream.State { return p.state }

// Buffered implements bytestream.Parser.
func (p *Parser) Buffered() int { return p.in.Len() }

// Reset implements bytestream.Parser. Offsets in later errors count from here, and so do the times of frames.
// MSE: sourcebuffer-reset-parser-state steps 4 and 5.
func (p *Parser) Reset() {
	p.in.Reset()
	p.state, p.err = bytestream.WaitingForSegment, nil
	p.mode, p.skipTo, p.garbage, p.free, p.subs = fresh, 0, 0, false, 0
	p.clock, p.gapless = clock{}, gapless{}
	p.inband.Reset()
}

// Step implements bytestream.Parser. One call handles up to stepFrames frames.
// MSE: sourcebuffer-segment-parser-loop.
func (p *Parser) Step(h bytestream.Handler) (more bool, err error) {
	if p.err != nil {
		return false, p.err
	}
	more = true
	for n := 0; n < stepFrames && more && err == nil; n++ {
		more, err = p.unit(h, false)
	}
	p.err = err
	return more && err == nil, err
}

// Flush implements bytestream.Flusher: an AC-3 or E-AC-3 frame that is complete may wait for dependent ones, and a frame
// behind garbage for the header that confirms it.
// MSE: sourcebuffer-reset-parser-state step 1.
func (p *Parser) Flush(h bytestream.Handler) error {
	if p.err == nil {
		_, p.err = p.unit(h, true)
	}
	return p.err
}

// SetKey implements bytestream.Keyed: with a key, every frame is protected.
// "MPEG-2 Stream Encryption Format for HTTP Live Streaming".
func (p *Parser) SetKey(k *media.SampleKey, h bytestream.Handler) error {
	if err := p.Flush(h); err != nil {
		return err
	}
	p.crypt = nil
	if k != nil {
		p.crypt = &media.Crypt{Scheme: media.SchemeSampleAES, KID: k.KID}
		if !k.NoIV {
			p.crypt.IV = bytes.Clone(k.IV[:])
		}
	}
	return nil
}

// unit works on what is at the front of the input: a tag, a frame or garbage. more is false when it waits for
// bytes. final says that none will come.
func (p *Parser) unit(h bytestream.Handler, final bool) (more bool, err error) {
	if p.in.Start() < p.skipTo {
		p.in.Discard(p.skipTo)
		return p.in.Start() == p.skipTo, nil
	}
	p.state = bytestream.WaitingForSegment
	var buf [maxHeaderBytes]byte
	b := p.in.Peek(buf[:], p.in.Start())
	if len(b) == 0 {
		return false, nil
	}
	if t, size := tagAt(b); t != tagNone {
		return p.tag(t, size)
	}
	hd, v := p.format.head(b)
	switch {
	case v == needMore:
		return false, nil
	case v == freeFormat && p.mode == fresh:
		return false, p.fault(p.in.Start(), "the frame is in free format, which does not tell its size; it is not supported")
	case v == freeFormat:
		p.free = true
	case v == isFrame && !hd.dependent:
		at := p.in.Start()
		believed := p.mode == fresh || p.mode == synced && hd.key == p.cur.key
		if !believed {
			if p.mode != search {
				p.mode, p.garbage = search, at
			}
			switch p.confirm(at, hd, final) {
			case isFrame:
			case needMore:
				return false, nil
			default:
				return p.miss()
			}
		}
		return p.frame(h, hd, final)
	}
	return p.miss()
}

// confirm looks for a header of the same configuration, or a tag, behind the frame at offset at. final says that nothing
// follows the input, which may be behind it, too.
func (p *Parser) confirm(at int64, hd header, final bool) verdict {
	at += int64(hd.size)
	if final && at == p.in.End() {
		return isFrame
	}
	if at >= p.in.End() {
		return needMore
	}
	var buf [maxHeaderBytes]byte
	b := p.in.Peek(buf[:], at)
	switch t, _ := tagAt(b); t {
	case tagNone:
	case tagIncomplete:
		return needMore
	default:
		return isFrame
	}
	next, v := p.format.head(b)
	if v == isFrame && next.key != hd.key && !next.dependent {
		return notFrame
	}
	return v
}

// miss passes over the byte at the front of the input, and those behind it that begin neither a frame nor a tag.
func (p *Parser) miss() (more bool, err error) {
	at := p.in.Start()
	if p.mode != search {
		p.mode, p.garbage, p.gapless = search, at, gapless{}
	}
	var buf [512]byte
	b := p.in.Peek(buf[:], at)
	n := 1
	for n < len(b) && b[n] != p.format.sync() && bytes.IndexByte(tagStarts, b[n]) < 0 {
		n++
	}
	if passed := at + int64(n) - p.garbage; passed > maxGarbageBytes {
		if p.free {
			return false, p.fault(p.garbage, "no frame that tells its size in %d bytes; free format is not supported", maxGarbageBytes)
		}
		return false, p.fault(p.garbage, "no frame in %d bytes; is this %s?", maxGarbageBytes, p.format)
	}
	p.in.Discard(at + int64(n))
	return true, nil
}

// tag passes over the tag at the front of the input, whose size is known unless it is an Icecast header.
func (p *Parser) tag(t tag, size int64) (more bool, err error) {
	at := p.in.Start()
	switch t {
	case tagIncomplete:
		return false, nil
	case tagIcecast:
		end := min(p.in.End(), at+maxIcecastBytes)
		n := bytes.Index(p.in.Bytes(at, end), icecastEnd)
		switch {
		case n >= 0:
			size = int64(n + len(icecastEnd))
		case end == at+maxIcecastBytes:
			return false, p.fault(at, "the Icecast header does not end within %d bytes", maxIcecastBytes)
		default:
			return false, nil
		}
	case tagID3:
		head := min(size, maxID3Bytes)
		if p.in.End() < at+head {
			return false, nil
		}
		b := p.in.Bytes(at, at+head)
		ticks, stamped, more := readID3(b)
		if stamped {
			p.clock.moveTo(ticks)
		}
		if more && size <= bytestream.MaxEventBytes {
			p.inband.Add(media.InbandEvent{Scheme: media.SchemeID3, Data: bytes.Clone(b)}, true)
		}
	}
	p.skipTo, p.mode, p.free, p.gapless = at+size, fresh, false, gapless{}
	p.in.Discard(p.skipTo)
	return p.in.Start() == p.skipTo, nil
}

// frame hands out the coded frame whose believed header is at the front of the input.
func (p *Parser) frame(h bytestream.Handler, hd header, final bool) (more bool, err error) {
	at := p.in.Start()
	p.state = bytestream.ParsingMediaSegment
	end, ok := p.end(at, hd, final)
	if !ok {
		return false, nil
	}
	data := p.in.Bytes(at, end)
	if err := p.configure(h, hd, data); err != nil {
		return false, err
	}
	if hd.key != p.cur.key {
		p.gapless = gapless{}
	}
	p.cur, p.mode, p.free, p.state = hd, synced, false, bytestream.WaitingForSegment
	p.in.Discard(end)
	if g, ok := hd.directory(data); ok {
		p.gapless = g
		return true, nil
	}
	return true, p.emit(h, data[hd.strip:])
}

// end is where the coded frame at offset at ends: behind its frame, and those of E-AC-3 that depend on it. How
// many these are is learned from the first one, so that each later one is complete with its last byte.
func (p *Parser) end(at int64, hd header, final bool) (end int64, ok bool) {
	end = at + int64(hd.size)
	if p.format != AC3 {
		return end, end <= p.in.End()
	}
	if p.mode != synced {
		p.subs = 0
	}
	n := 1
	for ; end <= p.in.End() && n != p.subs && n < maxSubstreams; n++ {
		var buf [maxHeaderBytes]byte
		next, v := p.format.head(p.in.Peek(buf[:], end))
		if v == needMore && !final {
			return 0, false
		}
		if v != isFrame || !next.dependent || final && end+int64(next.size) > p.in.End() {
			break
		}
		end += int64(next.size)
	}
	if end > p.in.End() {
		return 0, false
	}
	if p.subs == 0 && !final {
		p.subs = n
	}
	return end, true
}

// configure reports an initialization segment if the frame's configuration is not that of the last one. The
// frames keep their DecoderConfig as long as nothing changes.
// MSE: MPEG audio byte stream format, initialization segments.
func (p *Parser) configure(h bytestream.Handler, hd header, frame []byte) error {
	if hd.crc && hd.blocks > 1 {
		return p.fault(p.in.Start(), "the frame has %d raw data blocks with checksums between them, which is not supported", hd.blocks)
	}
	if hd.key.codec == media.AAC && hd.key.channels == 0 {
		if layout, ok := channelLayout(hd.key, frame[hd.strip:]); ok {
			p.layout = layout
		}
		if p.layout == nil {
			return p.fault(p.in.Start(), "the frame tells its channels neither in the header nor in a program config element")
		}
	} else {
		p.layout = nil
	}
	if c := p.config; c != nil && c.is(hd.key, p.layout, p.crypt != nil) {
		return nil
	}
	p.config = p.lookUp(hd)
	return h.InitSegment(&media.InitSegment{
		Duration: media.Forever,
		Tracks:   []media.TrackInfo{{ID: trackID, Kind: media.Audio, Config: p.config.c, FrameDuration: media.SpanFromTicks(int64(hd.samples), uint32(hd.key.rate))}},
	})
}

// lookUp returns the configuration of a frame, the same one each time.
func (p *Parser) lookUp(hd header) *config {
	for _, c := range p.configs {
		if c.is(hd.key, p.layout, p.crypt != nil) {
			return c
		}
	}
	k := hd.key
	d := &media.DecoderConfig{
		Kind: media.Audio, Codec: k.codec, SampleRate: k.rate, Channels: k.channels, Encrypted: p.crypt != nil, Timescale: uint32(k.rate),
		Preroll: media.SpanFromTicks(int64(hd.samples), uint32(k.rate)),
	}
	switch k.codec {
	case media.MP3:
		d.Preroll *= mp3Reservoir
	case media.AAC:
		d.Extradata = p.layout
		if p.layout == nil {
			d.Extradata = audioSpecificConfig(k)
		} else {
			d.Channels = layoutChannels(p.layout)
		}
	}
	d.CodecString = mime.CodecString(k.codec, "", d.Extradata)
	c := &config{key: k, layout: p.layout, c: d}
	if len(p.configs) == maxConfigs {
		p.configs = append(p.configs[:0], p.configs[1:]...)
	}
	p.configs = append(p.configs, c)
	return c
}

// emit hands out one coded frame.
func (p *Parser) emit(h bytestream.Handler, data []byte) error {
	rate := p.cur.key.rate
	front, back := p.gapless.cut(p.cur.samples)
	kept := p.cur.samples - front - back
	f := media.CodedFrame{
		PTS:       p.clock.now(rate),
		Duration:  media.SpanFromTicks(int64(kept), uint32(rate)),
		Config:    p.config.c,
		Data:      data,
		TrimFront: media.SpanFromTicks(int64(front), uint32(rate)),
		TrimBack:  media.SpanFromTicks(int64(back), uint32(rate)),
		RAP:       true,
		Crypt:     p.crypt,
		// What is kept of a frame of which nothing is kept is its effect on the frames behind.
		DecodeOnly: kept == 0,
	}
	f.DTS = f.PTS
	p.clock.samples += int64(kept)
	if len(p.frames) == cap(p.frames) {
		size := min(max(2*cap(p.frames), firstSlab), slabFrames)
		p.frames = make([]media.CodedFrame, 0, size)
		p.tracks = make([]bytestream.TrackFrames, 0, size)
	}
	n := len(p.frames)
	p.frames = append(p.frames, f)
	p.tracks = append(p.tracks, bytestream.TrackFrames{Track: trackID, Frames: p.frames[n : n+1 : n+1]})
	if err := h.MediaSegmentStart(); err != nil {
		return err
	}
	p.inband.Place(p.tracks[n : n+1])
	if err := h.Fragment(p.tracks[n : n+1 : n+1]); err != nil {
		return err
	}
	p.inband.Tell(h)
	return h.MediaSegmentEnd()
}

// fault makes the error for bytes that violate the format.
func (p *Parser) fault(off int64, format string, args ...any) *bytestream.FormatError {
	return &bytestream.FormatError{Offset: off, Path: p.format.String(), Msg: fmt.Sprintf(format, args...)}
}

// clock counts the time of frames: samples at the current rate since a base.
type clock struct {
	base    media.Time
	rate    int
	samples int64
	stamped bool
	ticks   int64 // the last transport stream time stamp, continued beyond its 33 bits
}

// now is the time of the next sample, which has that rate.
func (c *clock) now(rate int) media.Time {
	if c.rate != rate {
		if c.rate > 0 {
			c.base = c.base.Add(media.SpanFromTicks(c.samples, uint32(c.rate)))
		}
		c.rate, c.samples = rate, 0
	}
	t := media.FromTicks(c.samples, uint32(rate))
	if c.base != 0 {
		t += c.base
	}
	return t
}

// moveTo sets the time of the next sample to a transport stream time stamp, which wraps to 0 behind 33 bits.
func (c *clock) moveTo(ticks int64) {
	const half = 1 << 32
	if c.stamped {
		for ticks < c.ticks-half {
			ticks += 2 * half
		}
	}
	*c = clock{base: media.FromTicks(ticks, transportRate), stamped: true, ticks: ticks}
}
