package check

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
)

const (
	// eventTolerance is how long before the segment that announces it an event may be over, in seconds.
	eventTolerance media.Span = 0.1
	// maxEventIDs bounds the events that are told apart, maxEdits the edits of a track that are looked at.
	maxEventIDs = 1 << 12
	maxEdits    = 1 << 10
)

// eventID names an event: messages may be repeated.
type eventID struct {
	scheme, value string
	id            uint32
}

// events looks at the times of the event messages in the media.
type events struct {
	known       map[eventID]bool
	late, after oddity
	of          eventID // the first that is odd
}

// Inband implements bytestream.InbandHandler.
func (m *meter) Inband(e media.InbandEvent) {
	if e.Kind != media.EventMessage || len(m.streams) == 0 {
		return
	}
	id := eventID{e.Scheme, e.Value, e.ID}
	if m.events.known[id] || len(m.events.known) == maxEventIDs {
		return
	}
	if m.events.known == nil {
		m.events.known = map[eventID]bool{}
	}
	m.events.known[id] = true
	s := m.streams[0]
	p := s.part()
	odd := false
	if over := e.Time.Add(e.Duration); e.Duration.Abs() < media.Span(math.Inf(1)) && s.seg.frames > 0 && over < s.seg.first.Add(-eventTolerance) {
		m.events.late.note(e.Time, p, s.seg.first.Sub(over))
		odd = true
	}
	if end := m.at.window.End; !m.at.floating && end.IsFinite() && e.Time.Add(m.at.offset) > end.Add(eventTolerance) {
		m.events.after.note(e.Time, p, e.Time.Add(m.at.offset).Sub(end))
		odd = true
	}
	if odd && m.events.late.n+m.events.after.n == 1 {
		m.events.of = id
	}
}

// judgeEvents reports events that nobody can act on in time.
func (t *segmentTask) judgeEvents() {
	m := t.meter
	say := func(o *oddity, message, hint string) {
		if o.n == 0 {
			return
		}
		f := t.finding(codeEvent, message)
		f.Time, f.Hint = Seconds(o.at.Add(o.part.shift)), Text(hint)
		f.Evidence = map[string]any{"count": o.n, "byMs": millis(float64(o.value)), "scheme": m.events.of.scheme, "id": m.events.of.id}
		t.found.add(f)
	}
	say(&m.events.late, fmt.Sprintf("%s over before the segment that carries it begins, the first by %.3f s", plural(m.events.late.n, "event is"), float64(m.events.late.value)),
		"put the emsg into a segment that begins before the event")
	say(&m.events.after, fmt.Sprintf("%s behind the end of the period, the first by %.3f s", plural(m.events.after.n, "event is"), float64(m.events.after.value)),
		"put the event into the period that it belongs to")
}

// edits describes what an edit list says beyond one offset: how many edits show media, and whether one changes the speed.
type edits struct {
	track       int // from 0
	shown       int
	other, cuts bool
}

// readEdits reads the edit lists of an initialization segment that begins with b. What is not whole is passed over.
// ISO/IEC 14496-12 §8.6.6.
func readEdits(b []byte) []edits {
	var out []edits
	track := 0
	eachBox(b, func(name string, moov []byte) {
		if name != "moov" {
			return
		}
		eachBox(moov, func(name string, trak []byte) {
			if name != "trak" {
				return
			}
			eachBox(trak, func(name string, edts []byte) {
				if name != "edts" {
					return
				}
				eachBox(edts, func(name string, elst []byte) {
					if name == "elst" {
						out = append(out, readEdit(elst, track))
					}
				})
			})
			track++
		})
	})
	return out
}

// readEdit reads the body of an elst.
func readEdit(b []byte, track int) edits {
	const head = 8
	e := edits{track: track}
	if len(b) < head {
		return e
	}
	version, n := b[0], int(min(maxEdits, binary.BigEndian.Uint32(b[4:])))
	size, at := 12, 4
	if version == 1 {
		size, at = 20, 8
	}
	for b = b[head:]; n > 0 && len(b) >= size; n, b = n-1, b[size:] {
		start := int64(int32(binary.BigEndian.Uint32(b[at:])))
		if version == 1 {
			start = int64(binary.BigEndian.Uint64(b[at:]))
		}
		if start < 0 {
			e.cuts = e.cuts || e.shown > 0
			continue
		}
		e.shown++
		if rate := binary.BigEndian.Uint32(b[size-4:]); rate != 1<<16 {
			e.other = true
		}
	}
	return e
}

// eachBox calls fn for each whole box in b with its type and body.
func eachBox(b []byte, fn func(name string, body []byte)) {
	const head = 8
	for len(b) >= head {
		size := int(binary.BigEndian.Uint32(b))
		if size < head || size > len(b) {
			return
		}
		fn(string(b[4:head]), b[head:size])
		b = b[size:]
	}
}

// judgeEdits reports edit lists that players do not carry out in fragmented media.
func (t *segmentTask) judgeEdits() {
	if t.format != mime.ISOBMFF {
		return
	}
	i := slices.IndexFunc(t.edits, func(e edits) bool { return e.shown > 1 || e.other || e.cuts })
	if i < 0 {
		return
	}
	e := t.edits[i]
	message := fmt.Sprintf("the edit list of track %d shows %s of the media; players take the first one as an offset and pass over the rest", e.track+1, plural(int64(e.shown), "part"))
	if e.other {
		message = fmt.Sprintf("the edit list of track %d changes the speed, which players pass over", e.track+1)
	}
	f := t.finding(codeEditList, message)
	f.Hint = "write the media as it is to be presented, with one edit for priming or reordering"
	f.Segment, f.Time = &Segment{Index: -1, URL: t.initURL}, Seconds(t.choice.Period.Start)
	f.Evidence = map[string]any{"edits": e.shown, "speed": e.other, "pauses": e.cuts}
	t.found.add(f)
}
