package stream

import (
	"math"
	"slices"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
)

const (
	// rollover is after how long the time stamps of transport streams, and of packed audio, begin anew.
	rollover media.Span = (1 << 33) / 90000.0
	// maxProbeBytes is how much of a segment is looked through for its first time stamps.
	maxProbeBytes = 8 << 20
	// enoughProbed is how many frames of each track are looked at: pictures come out of order.
	enoughProbed = 4
)

// prober finds out when the frames of a segment begin, by the segment's own time stamps, with a parser of its own.
type prober struct {
	bytestream.Discard
	container mime.Container
	parser    bytestream.Parser
	tracks    int
	frames    map[uint32]int
	first     media.Time
	bytes     int
}

// newProber returns a prober for media of a type, after its initialization segment, which may be nil. It returns nil for
// a type without a parser.
func newProber(mimeType string, init []byte) *prober {
	c, ok := mime.ContainerOf(mimeType)
	formats := mse.Formats()
	if !ok || formats[c] == nil {
		return nil
	}
	p := &prober{container: c, parser: formats[c](), frames: map[uint32]int{}, first: media.Forever}
	if init != nil {
		p.push(slices.Clone(init))
		p.bytes = 0
	}
	return p
}

// push looks at the next bytes of the segment and reports whether enough has been seen. It keeps no slice of p.
func (p *prober) push(b []byte) (enough bool) {
	p.bytes += len(b)
	p.parser.Push(slices.Clone(b))
	for more := true; more && !p.seen(); {
		var err error
		if more, err = p.parser.Step(p); err != nil {
			return true // the buffer will say what is wrong
		}
	}
	return p.seen() || p.bytes >= maxProbeBytes
}

// flush looks at what the parser still holds at the end of the segment.
func (p *prober) flush() {
	if f, ok := p.parser.(bytestream.Flusher); ok {
		_ = f.Flush(p) // as above
	}
}

// seen reports whether every track has shown enough frames.
func (p *prober) seen() bool {
	if p.tracks == 0 || len(p.frames) < p.tracks {
		return false
	}
	for _, n := range p.frames {
		if n < enoughProbed {
			return false
		}
	}
	return true
}

// start returns the earliest time; ok is false when the segment has none. Packed audio without a tag that tells the time
// has none.
func (p *prober) start() (t media.Time, ok bool) {
	if p == nil || !p.first.IsFinite() || p.container.GenerateTimestamps() && p.first == 0 {
		return 0, false
	}
	return p.first, true
}

// wraps reports whether times begin anew after a rollover.
func (p *prober) wraps() bool { return p.container != mime.ISOBMFF && p.container != mime.WebM }

// InitSegment implements bytestream.Handler.
func (p *prober) InitSegment(s *media.InitSegment) error {
	p.tracks = 0
	for _, t := range s.Tracks {
		if t.Config != nil && t.Config.Codec != "" && (t.Kind == media.Video || t.Kind == media.Audio) {
			p.tracks++
		}
	}
	return nil
}

// Fragment implements bytestream.Handler.
func (p *prober) Fragment(tracks []bytestream.TrackFrames) error {
	for _, t := range tracks {
		for i := range t.Frames {
			if f := &t.Frames[i]; !f.DecodeOnly {
				p.first = min(p.first, f.PTS)
			}
			p.frames[t.Track]++
		}
	}
	return nil
}

// unwrapped is the offset that puts a segment whose own times begin at first next to start, given the offset of its
// stretch: the time stamps of a parser that begins anew may have rolled over since that was found.
func unwrapped(offset media.Span, first, start media.Time) media.Span {
	turns := math.Round(float64(start.Sub(first.Add(offset)) / rollover))
	return offset + media.Span(turns)*rollover
}
