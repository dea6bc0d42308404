package file

import (
	"sort"

	"mseplayer/mse/media"
)

const (
	// maxBack is how far decode times may run back before the time line is taken to have jumped, maxForward how
	// far ahead: a hole of less than that is a hole.
	maxBack    media.Span = 0.5
	maxForward media.Span = 60
	// maxParts bounds the jumps that are remembered.
	maxParts = 4096
)

// part is a stretch of a file in which the container's time line runs on without a jump.
type part struct {
	pos   int64      // position of its first packet
	start media.Time // when it starts on the presentation timeline
	// offset in ticks of base is added to the container's times.
	offset int64
	base   TimeBase
}

// parts makes one time line of a file whose own jumps. The list is in the order of the file and never empty.
type parts struct {
	list []part
	// now is the part that reading was last seen in, pos the last position known.
	now int
	pos int64
	// The furthest place that was ever read, for guessing where in the last part a time lies.
	farPos int64
	far    media.Time
}

// offset is part k's offset in the ticks of t.
func (ps *parts) offset(k int, t *track) int64 {
	p := &ps.list[k]
	if p.offset == 0 {
		return 0
	}
	return rescale(p.offset, p.base, t.base)
}

// place moves the packet's times onto the one time line. A track goes over to the next part where its times jump,
// and begins a new one when the jump was not seen before; the tracks cross it one after the other.
func (ps *parts) place(t *track, p *Packet) {
	if p.Pos >= 0 {
		ps.pos = p.Pos
	}
	at := p.DTS
	if at == NoTicks {
		at = p.PTS
	}
	if at = t.sane(at); at == NoTicks {
		return
	}
	switch {
	case t.next == NoTicks: // the first packet here
		if p.Pos >= 0 {
			ps.now = max(0, sort.Search(len(ps.list), func(i int) bool { return ps.list[i].pos > p.Pos })-1)
		}
		t.part = ps.now
	case t.config.Kind == media.Text:
		t.part = ps.now
	case !ps.fits(t.part, t, at):
		if t.part+1 < len(ps.list) && (ps.fits(t.part+1, t, at) || t.part+2 < len(ps.list)) {
			t.part++
		} else if len(ps.list) < maxParts {
			ps.list = append(ps.list, part{pos: ps.pos, start: t.time(t.next), offset: t.next - at, base: t.base})
			t.part = len(ps.list) - 1
		}
		ps.now = max(ps.now, t.part)
	}
	offset := ps.offset(t.part, t)
	if p.Pos > ps.farPos {
		ps.farPos, ps.far = p.Pos, t.time(at+offset)
	}
	if p.PTS != NoTicks {
		p.PTS += offset
	}
	if p.DTS != NoTicks {
		p.DTS += offset
	}
}

// fits tells whether a time continues the track as part k would place it.
func (ps *parts) fits(k int, t *track, at int64) bool {
	d := t.span(at + ps.offset(k, t) - t.next)
	return d >= -maxBack && d <= maxForward
}

// find returns the part that holds a presentation time.
func (ps *parts) find(at media.Time) int {
	return max(0, sort.Search(len(ps.list), func(i int) bool { return ps.list[i].start > at })-1)
}

// position guesses where in a file of size bytes a presentation time of part k lies.
func (ps *parts) position(k int, at media.Time, size int64) int64 {
	p := ps.list[k]
	start := max(p.start, 0)
	pos, end := ps.farPos, ps.far
	if k+1 < len(ps.list) {
		pos, end = ps.list[k+1].pos, ps.list[k+1].start
	}
	if end <= start || pos <= p.pos {
		return p.pos
	}
	share := max(0, float64(at.Sub(start))/float64(end.Sub(start)))
	return min(p.pos+int64(min(share, 1e6)*float64(pos-p.pos)), max(0, size-1))
}
