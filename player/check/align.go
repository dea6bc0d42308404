package check

import (
	"math"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// rollover is after how long the time stamps of transport streams, and of packed audio, begin anew.
const rollover media.Span = (1 << 33) / 90000.0

// align puts floating media onto the presentation timeline: of each stretch of continuous times, the first segment that was
// had of the first track is presented when the playlist says so, and everything else of the stretch is moved by the
// same, so that it shows where tracks differ. Pictures come before sound, and what is for fast winding decides last.
// RFC 8216bis §6.2.4.
func align(tasks []task) {
	var floating []*segmentTask
	for rank := range 3 {
		for _, t := range tasks {
			if s, ok := t.(*segmentTask); ok && s.meter != nil && s.meter.at.floating && s.floatRank() == rank {
				floating = append(floating, s)
			}
		}
	}
	shifts := map[int64]media.Span{}
	for _, t := range floating {
		firsts := t.firsts()
		for _, s := range t.meter.streams {
			for _, p := range s.parts {
				first, ok := firsts[p.stretch]
				switch {
				case !ok:
					continue
				case t.format.GenerateTimestamps() && first == 0: // it has no times of its own
					p.shift = media.Span(p.start)
					continue
				}
				shift, ok := shifts[p.stretch]
				if !ok {
					shift = p.start.Sub(first)
					shifts[p.stretch] = shift
				}
				if !t.framed() {
					shift += media.Span(math.Round(float64(p.start.Sub(first.Add(shift))/rollover))) * rollover
				}
				p.shift = shift
			}
		}
	}
}

// floatRank says in which order the tracks of a presentation place what floats.
func (t *segmentTask) floatRank() int {
	switch {
	case t.choice.Set.Normal() && t.rep.Kind == manifest.Video:
		return 0
	case t.choice.Set.Normal() && t.rep.Kind == manifest.Audio:
		return 1
	}
	return 2
}

// firsts are the times of the container at which its stretches begin, whichever stream does.
func (t *segmentTask) firsts() map[int64]media.Time {
	out := map[int64]media.Time{}
	for _, s := range t.meter.streams {
		for _, p := range s.parts {
			if p.frames() == 0 {
				continue
			}
			if first, ok := out[p.stretch]; !ok || p.first < first {
				out[p.stretch] = p.first
			}
		}
	}
	return out
}
