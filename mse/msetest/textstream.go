package msetest

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// TextType is the MIME type of the text byte stream, for mse.Options.Private.
const TextType = "application/x-frames"

// TextParser parses a byte stream that a person can write, one line a segment:
//
//	init video h264@hd audio aac dur=10    an initialization segment: kind and codec[@variant] of each track
//	0K 33 66 100K                          a media segment of the first track, in the language of Frames
//	2: 0K 21K 42K                          a media segment of the second track
//	~ 0K 400                               the same, marked contiguous
//	d 0K 33                                the same, decode-only
//
// Anything else is a format error. A variant makes another configuration of the same codec.
type TextParser struct {
	in      []byte
	off     int64
	configs []*media.DecoderConfig
	// interned keeps configurations of equal text identical.
	interned map[string]*media.DecoderConfig
}

// NewTextParser returns a parser, for mse.Options.Private.
func NewTextParser() bytestream.Parser {
	return &TextParser{interned: map[string]*media.DecoderConfig{}}
}

// Push implements bytestream.Parser.
func (p *TextParser) Push(b []byte) { p.in = append(p.in, b...) }

// Buffered implements bytestream.Parser.
func (p *TextParser) Buffered() int { return len(p.in) }

// Reset implements bytestream.Parser.
func (p *TextParser) Reset() { p.in, p.off = nil, 0 }

// State implements bytestream.Parser: a line that has begun is a media segment that has begun.
func (p *TextParser) State() bytestream.State {
	switch {
	case len(p.in) == 0:
		return bytestream.WaitingForSegment
	case bytes.HasPrefix(p.in, []byte("i")):
		return bytestream.ParsingInitSegment
	default:
		return bytestream.ParsingMediaSegment
	}
}

// Step implements bytestream.Parser.
func (p *TextParser) Step(h bytestream.Handler) (bool, error) {
	line, rest, ok := bytes.Cut(p.in, []byte("\n"))
	if !ok {
		return false, nil
	}
	p.in = rest
	var err error
	if words := strings.Fields(string(line)); len(words) > 0 && words[0] == "init" {
		err = p.init(words[1:], h)
	} else if len(words) > 0 {
		err = p.media(words, h)
	}
	p.off += int64(len(line)) + 1
	return true, err
}

func (p *TextParser) init(words []string, h bytestream.Handler) error {
	s := &media.InitSegment{Duration: media.Forever}
	p.configs = nil
	for i := 0; i < len(words); i++ {
		if d, ok := strings.CutPrefix(words[i], "dur="); ok {
			x, err := strconv.ParseFloat(d, 64)
			if err != nil {
				return p.fault("duration %q", d)
			}
			s.Duration = media.Time(x)
			continue
		}
		kind := map[string]media.Kind{"video": media.Video, "audio": media.Audio, "text": media.Text}[words[i]]
		if kind == 0 || i+1 == len(words) {
			return p.fault("init: %q", words[i])
		}
		name := words[i+1]
		i++
		cfg := p.interned[name]
		if cfg == nil {
			codec, _, _ := strings.Cut(name, "@")
			cfg = &media.DecoderConfig{Kind: kind, Codec: media.CodecID(codec), CodecString: name}
			if kind == media.Audio {
				cfg.SampleRate, cfg.Channels = 1000, 2
			}
			p.interned[name] = cfg
		}
		p.configs = append(p.configs, cfg)
		s.Tracks = append(s.Tracks, media.TrackInfo{ID: uint32(len(p.configs)), Kind: kind, Config: cfg})
	}
	return h.InitSegment(s)
}

func (p *TextParser) media(words []string, h bytestream.Handler) error {
	if err := h.MediaSegmentStart(); err != nil {
		return err
	}
	t := bytestream.TrackFrames{Track: 1}
	decodeOnly := false
	for len(words) > 0 {
		switch {
		case words[0] == "~":
			t.Contiguous = true
		case words[0] == "d":
			decodeOnly = true
		case strings.HasSuffix(words[0], ":"):
			n, err := strconv.ParseUint(strings.TrimSuffix(words[0], ":"), 10, 32)
			if err != nil {
				return p.fault("track %q", words[0])
			}
			t.Track = uint32(n)
		default:
			if t.Track == 0 || int(t.Track) > len(p.configs) {
				return p.fault("track %d is not in the initialization segment", t.Track)
			}
			var err error
			if t.Frames, err = Frames(p.configs[t.Track-1], strings.Join(words, " ")); err != nil {
				return p.fault("%v", err)
			}
			for i := range t.Frames {
				t.Frames[i].DecodeOnly = decodeOnly
			}
			if err := h.Fragment([]bytestream.TrackFrames{t}); err != nil {
				return err
			}
			return h.MediaSegmentEnd()
		}
		words = words[1:]
	}
	return h.MediaSegmentEnd()
}

func (p *TextParser) fault(format string, args ...any) error {
	return &bytestream.FormatError{Offset: p.off, Path: "line", Msg: fmt.Sprintf(format, args...)}
}
