package file

import (
	"bytes"
	"fmt"
	"math"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

const (
	// maxFramesStep and maxBytesStep bound the frames that one Step emits.
	maxFramesStep = 256
	maxBytesStep  = 128 << 10
	// maxConfigs bounds the configurations that a parser recognises when they come again.
	maxConfigs = 64
)

// Parser reads the private byte stream of one track. It implements bytestream.Parser.
type Parser struct {
	in    bytestream.Chunks
	state bytestream.State
	track uint32 // of the last init record, 0 before it
	// config is what the next frame needs; nil outside media segments.
	config *media.DecoderConfig
	// configs are the distinct configurations seen, so that an unchanged one keeps its pointer.
	configs []interned
	frames  int64 // frame records since the last Reset, for messages
}

// interned is a configuration and the bytes that it was read from.
type interned struct {
	raw    []byte
	config *media.DecoderConfig
}

// NewParser returns a parser for one SourceBuffer of type MIMEType.
func NewParser() bytestream.Parser { return &Parser{} }

// Push implements bytestream.Parser. Frames alias p.
func (p *Parser) Push(b []byte) { p.in.Push(b) }

// State implements bytestream.Parser.
func (p *Parser) State() bytestream.State { return p.state }

// Buffered implements bytestream.Parser.
func (p *Parser) Buffered() int { return p.in.Len() }

// Reset implements bytestream.Parser.
func (p *Parser) Reset() {
	p.in.Reset()
	p.state, p.config, p.frames = bytestream.WaitingForSegment, nil, 0
}

// Step implements bytestream.Parser. One step is one record, or up to maxFramesStep frame records in a row.
func (p *Parser) Step(h bytestream.Handler) (more bool, err error) {
	kind, size, ok, err := p.header(p.in.Start())
	if err != nil || !ok {
		return false, err
	}
	at := p.in.Start()
	body := at + recordHeader
	end := body + int64(size)
	if kind == kindInit && p.state == bytestream.WaitingForSegment {
		p.state = bytestream.ParsingInitSegment
	}
	if end > p.in.End() {
		return false, nil
	}
	switch kind {
	case kindFrame:
		n, complete := p.portion()
		if !complete {
			return false, nil
		}
		err = p.fragment(h, n)
		return err == nil, err
	case kindInit:
		r := reader{b: p.in.Bytes(body, end)}
		p.in.Discard(end)
		return true, p.init(h, &r, at)
	case kindStart:
		r := reader{b: p.in.Bytes(body, end)}
		p.in.Discard(end)
		if p.config, err = p.intern(&r); err != nil {
			return false, fault(at, "start", "bad configuration", err)
		}
		p.state = bytestream.ParsingMediaSegment
		return true, h.MediaSegmentStart()
	case kindConfig:
		r := reader{b: p.in.Bytes(body, end)}
		p.in.Discard(end)
		if p.config, err = p.intern(&r); err != nil {
			return false, fault(at, "config", "bad configuration", err)
		}
		return true, nil
	default: // kindEnd; header lets no other kind through
		p.in.Discard(end)
		p.state, p.config = bytestream.WaitingForSegment, nil
		return true, h.MediaSegmentEnd()
	}
}

// header reads the record header at an offset. ok is false when it is not all there. A header that cannot be
// right where it stands is an error.
func (p *Parser) header(at int64) (kind byte, size uint32, ok bool, err error) {
	if at >= p.in.End() {
		return 0, 0, false, nil
	}
	var buf [recordHeader]byte
	b := p.in.Peek(buf[:], at)
	kind = b[0]
	inSegment := p.state == bytestream.ParsingMediaSegment
	limit := uint32(maxConfigRecord)
	switch kind {
	case kindInit, kindStart:
		if inSegment {
			return 0, 0, false, fault(at, name(kind), "inside a media segment", nil)
		}
		if kind == kindStart && p.track == 0 {
			return 0, 0, false, fault(at, "start", "media segment before the initialization segment", nil)
		}
	case kindFrame, kindConfig, kindEnd:
		if !inSegment {
			return 0, 0, false, fault(at, name(kind), "outside of a media segment", nil)
		}
		switch kind {
		case kindFrame:
			limit = maxFrameRecord
		case kindEnd:
			limit = 0
		}
	default:
		return 0, 0, false, fault(at, "record", fmt.Sprintf("unknown kind 0x%02x", kind), nil)
	}
	if len(b) < recordHeader {
		return 0, 0, false, nil
	}
	if size = le.Uint32(b[1:]); size > limit {
		return 0, 0, false, fault(at, name(kind), fmt.Sprintf("%d bytes, more than %d", size, limit), nil)
	}
	return kind, size, true, nil
}

func (p *Parser) init(h bytestream.Handler, r *reader, at int64) error {
	duration := media.Time(r.float())
	t := media.TrackInfo{ID: r.uint32(), FrameDuration: media.Span(r.float()), Language: r.text(), Label: r.text()}
	config, err := p.intern(r)
	switch {
	case err != nil:
		return fault(at, "init", "bad initialization segment", err)
	case t.ID == 0:
		return fault(at, "init", "track number 0", nil)
	case !(duration >= 0):
		return fault(at, "init", fmt.Sprintf("duration %v", duration), nil)
	case !(t.FrameDuration >= 0) || !finite(float64(t.FrameDuration)):
		return fault(at, "init", fmt.Sprintf("frame duration %v", t.FrameDuration), nil)
	}
	t.Config, t.Kind = config, config.Kind
	p.track = t.ID
	p.state = bytestream.WaitingForSegment
	return h.InitSegment(&media.InitSegment{Duration: duration, Tracks: []media.TrackInfo{t}})
}

// intern reads a configuration and returns the pointer that it had before, if it did.
func (p *Parser) intern(r *reader) (*media.DecoderConfig, error) {
	raw := r.b
	for i := range p.configs {
		if bytes.Equal(p.configs[i].raw, raw) && r.err == nil {
			return p.configs[i].config, nil
		}
	}
	raw = bytes.Clone(raw) // it outlives the segment, which it must not pin
	own := reader{b: raw, err: r.err}
	c := own.config()
	if own.err != nil {
		return nil, own.err
	}
	if len(p.configs) == maxConfigs {
		p.configs = append(p.configs[:0], p.configs[1:]...)
	}
	p.configs = append(p.configs, interned{raw: raw, config: c})
	return c, nil
}

// portion finds the frame records that one step emits: those up to the next record of another kind, as many as fit
// the limits of a step. It is complete when no further input could change it, so that the calls of the handler do
// not depend on how the stream was cut. n counts frame records that are all there.
func (p *Parser) portion() (n int, complete bool) {
	for at := p.in.Start(); n < maxFramesStep && at-p.in.Start() < maxBytesStep; n++ {
		kind, size, ok, err := p.header(at)
		if err != nil || ok && kind != kindFrame {
			return n, true // an error is the next step's to report
		}
		at += recordHeader + int64(size)
		if !ok || at > p.in.End() {
			return n, false
		}
	}
	return n, true
}

// fragment emits the first n frame records.
func (p *Parser) fragment(h bytestream.Handler, n int) error {
	slab := make([]media.CodedFrame, n)
	for i := range slab {
		at := p.in.Start()
		_, size, _, _ := p.header(at)
		end := at + recordHeader + int64(size)
		if err := p.frame(&slab[i], p.in.Bytes(at+recordHeader, end)); err != nil {
			if i > 0 {
				slab = slab[:i] // the next step reports it
				break
			}
			return fault(at, fmt.Sprintf("frame[%d]", p.frames), "bad frame", err)
		}
		p.frames++
		p.in.Discard(end)
	}
	return h.Fragment([]bytestream.TrackFrames{{Track: p.track, Frames: slab, Contiguous: true}})
}

// Flush implements bytestream.Flusher.
func (p *Parser) Flush(h bytestream.Handler) error {
	if n, _ := p.portion(); n > 0 {
		return p.fragment(h, n)
	}
	return nil
}

// frame reads one frame record's body; the payload aliases it.
func (p *Parser) frame(f *media.CodedFrame, body []byte) error {
	r := reader{b: body}
	flags, sideBytes := r.uint32(), r.uint32()
	f.PTS, f.DTS = media.Time(r.float()), media.Time(r.float())
	f.Duration = media.Span(r.float())
	f.TrimFront, f.TrimBack = media.Span(r.float()), media.Span(r.float())
	if r.err == nil && sideBytes > maxSideBytes {
		return fmt.Errorf("%d bytes of side data, more than %d", sideBytes, maxSideBytes)
	}
	side := reader{b: r.take(int(sideBytes)), err: r.err}
	var items []media.SideData
	for side.err == nil && len(side.b) > 0 {
		if len(items) == maxSideItems {
			return fmt.Errorf("more than %d pieces of side data", maxSideItems)
		}
		kind := side.uint32()
		data := side.take(int(side.uint32()))
		if kind == cryptItem && side.err == nil {
			c := reader{b: data}
			f.Crypt = c.crypt()
			side.err = c.err
			continue
		}
		items = append(items, media.SideData{Type: int(kind), Data: data})
	}
	if side.err != nil {
		return side.err
	}
	if items != nil {
		f.Side = &items
	}
	f.Data, f.Config = r.b, p.config
	f.RAP, f.DecodeOnly = flags&flagRAP != 0, flags&flagDecodeOnly != 0
	if !f.PTS.IsFinite() || !f.DTS.IsFinite() {
		return fmt.Errorf("times %v and %v", f.PTS, f.DTS)
	}
	for _, d := range [...]media.Span{f.Duration, f.TrimFront, f.TrimBack} {
		if !(d >= 0) || !finite(float64(d)) {
			return fmt.Errorf("length %v", d)
		}
	}
	return nil
}

func finite(v float64) bool { return !math.IsInf(v, 0) && !math.IsNaN(v) }

// name spells a kind of record in messages.
func name(kind byte) string {
	switch kind {
	case kindInit:
		return "init"
	case kindStart:
		return "start"
	case kindConfig:
		return "config"
	case kindFrame:
		return "frame"
	default:
		return "end"
	}
}

func fault(at int64, path, msg string, err error) error {
	return &bytestream.FormatError{Offset: at, Path: path, Msg: msg, Err: err}
}

// The form of silence.
const (
	silenceHz       = 48000
	silenceChannels = 2
)

// Silence is the initialization segment of a track of sound without any: what is played while there is nothing to hear.
func Silence() []byte {
	return appendInit(nil, media.Forever, &media.TrackInfo{ID: 1, Kind: media.Audio, Config: &media.DecoderConfig{
		Kind: media.Audio, Codec: "pcm_s16le", SampleRate: silenceHz, Channels: silenceChannels, BlockAlign: 2 * silenceChannels, BitsPerSample: 16}})
}
