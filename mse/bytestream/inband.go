package bytestream

import "mseplayer/mse/media"

// InbandHandler is a Handler that wants to know what the stream says beside its frames, too. Parsers ask for it with a
// type assertion.
type InbandHandler interface {
	Handler
	// Inband reports an event, behind a Fragment call whose frames are near it, so that the handler knows what their times
	// have become. The event's time is on the same timeline as those of the frames.
	Inband(media.InbandEvent)
}

// Bounds of what a parser keeps of events that wait for a Fragment: how many, and their bytes.
const (
	maxWaiting      = 64
	maxWaitingBytes = 256 << 10
)

// MaxEventBytes bounds one event in the stream. Parsers pass over larger ones.
const MaxEventBytes = 64 << 10

// Inband keeps events until the next Fragment. When there are too many, the oldest go. The zero value is empty.
type Inband struct {
	list []waiting
	size int
}

// waiting is an event whose time may be relative to the first frame that follows.
type waiting struct {
	media.InbandEvent
	relative bool
}

// Add keeps an event. The time of a relative one counts from the earliest frame of the next Fragment.
func (b *Inband) Add(e media.InbandEvent, relative bool) {
	b.list, b.size = append(b.list, waiting{e, relative}), b.size+e.Size()
	for len(b.list) > maxWaiting || b.size > maxWaitingBytes {
		b.size -= b.list[0].Size()
		b.list = append(b.list[:0], b.list[1:]...)
	}
}

// Reset drops what waits.
func (b *Inband) Reset() { b.list, b.size = nil, 0 }

// Place settles the times of relative events by the frames that are about to be handed out.
func (b *Inband) Place(tracks []TrackFrames) {
	if len(b.list) == 0 {
		return
	}
	start := media.Forever
	for _, t := range tracks {
		for i := range t.Frames {
			start = min(start, t.Frames[i].PTS)
		}
	}
	for i := range b.list {
		if e := &b.list[i]; e.relative {
			e.Time, e.relative = start.Add(media.Span(e.Time)), false
		}
	}
}

// Tell reports what waits to h, if it wants that, now that it has taken the frames. A relative event that no frames have
// placed is lost.
func (b *Inband) Tell(h Handler) {
	if len(b.list) == 0 {
		return
	}
	list := b.list
	b.Reset()
	to, ok := h.(InbandHandler)
	if !ok {
		return
	}
	for i := range list {
		if !list[i].relative {
			to.Inband(list[i].InbandEvent)
		}
	}
}
