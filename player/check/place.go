package check

import "mseplayer/mse/media"

const (
	// lead is where the first frame of a track goes: enough above 0 for pictures that precede it in presentation.
	lead media.Time = 16
	// maxQuiet is the longest hole that stays one in the buffer. A longer one is closed, so that nobody fills hours
	// with silence.
	maxQuiet media.Span = 1
	// maxJumps bounds the jumps of a timeline that can be traced back.
	maxJumps = 1024
)

// placer puts the frames of one track onto a timeline of the buffer's own, on which they follow one another whatever
// their time stamps say. Everything that was read is to be decoded and counted; in a buffer, frames before 0 and frames
// that go back in time would take the place of others.
type placer struct {
	placed bool
	shift  media.Span

	// On the source's timeline: of the last frame, of the last random access point, and the highest end.
	dts, rap, high media.Time
	length         media.Span // of the last frame
	raps           int
	// The same on the buffer's timeline, and the times of the last two random access points.
	outDTS, outHigh media.Time
	key, prevKey    media.Time

	jumps []jump
	part  *part // that the frames belong to
}

// jump says how much was added to the times from a point of the buffer's timeline on, and which part they are of.
type jump struct {
	from  media.Time
	shift media.Span
	part  *part
}

// enter says that the frames from now on belong to another part.
func (p *placer) enter(x *part) { p.part = x }

// place moves f, the next frame in decode order.
func (p *placer) place(f *media.CodedFrame) {
	switch {
	case !p.placed:
		p.placed = true
		p.move(lead.Sub(f.PTS), f)
	case p.jumps[len(p.jumps)-1].part != p.part, f.DTS < p.dts, f.RAP && p.raps > 0 && (f.PTS <= p.rap || f.PTS.Sub(p.high) > maxQuiet):
		p.move(max(p.outDTS.Add(p.length).Sub(f.DTS), p.outHigh.Sub(f.PTS)), f)
	}
	p.dts, p.length = f.DTS, f.Duration
	if f.RAP {
		p.rap = f.PTS
		p.raps++
	}
	if !f.DecodeOnly {
		p.high = max(p.high, f.End())
	}
	f.PTS, f.DTS = f.PTS.Add(p.shift), f.DTS.Add(p.shift)
	p.outDTS = f.DTS
	if !f.DecodeOnly {
		p.outHigh = max(p.outHigh, f.End())
	}
	if f.RAP {
		p.prevKey, p.key = p.key, f.PTS
	}
}

// move begins a new stretch with f.
func (p *placer) move(shift media.Span, f *media.CodedFrame) {
	p.shift, p.high = shift, f.PTS
	if len(p.jumps) == maxJumps {
		p.jumps = p.jumps[:maxJumps-1]
	}
	p.jumps = append(p.jumps, jump{f.PTS.Add(shift), shift, p.part})
}

// source puts a time of the buffer's timeline back onto that of the container, in the part that it is of.
func (p *placer) source(t media.Time) (media.Time, *part) {
	shift, of := p.shift, p.part
	for i := len(p.jumps) - 1; i >= 0; i-- {
		if shift, of = p.jumps[i].shift, p.jumps[i].part; p.jumps[i].from <= t {
			break
		}
	}
	return t.Add(-shift), of
}
