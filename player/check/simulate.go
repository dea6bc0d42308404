package check

import (
	"cmp"
	"fmt"
	"slices"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
	"mseplayer/player/session"
)

// Session is how a set of representations would play over a simulated network.
type Session struct {
	Period        string `json:"period"`
	AdaptationSet string `json:"adaptationSet"`
	session.Result
}

// efficiency is how many times fewer bits a coding format needs than H.264, roughly.
var efficiency = map[media.CodecID]float64{media.HEVC: 1.5, media.VP9: 1.4, media.AV1: 1.9}

// simulate plays the first ordinary set of pictures of each period over the trace, with the sound that comes first.
func (r *run) simulate(p *manifest.Presentation, tasks []task) []Session {
	var out []Session
	for _, per := range p.Periods {
		var rungs []*segmentTask
		var set *manifest.AdaptationSet
		sound := 0.0
		for _, t := range segmentTasks(tasks, per) {
			switch {
			case t.rep.Kind == manifest.Video && (set == nil || set == t.choice.Set):
				set = t.choice.Set
				rungs = append(rungs, t)
			case t.rep.Kind == manifest.Audio && sound == 0 && len(t.meter.streams) == 1 && t.meter.streams[0].length > 0:
				sound = float64(t.bytes) * 8 / float64(t.meter.streams[0].length)
			}
		}
		if l, ok := ladderOf(rungs); ok {
			l.Other = sound
			out = append(out, Session{per.ID, set.ID, session.Play(l, r.opt.Trace)})
		}
	}
	return out
}

// ladderOf puts representations together as far as all of them have segments.
func ladderOf(tasks []*segmentTask) (session.Ladder, bool) {
	var l session.Ladder
	for _, t := range tasks {
		i := slices.IndexFunc(t.meter.streams, func(s *stream) bool { return s.info.Kind == media.Video })
		if i < 0 || t.bytes == 0 {
			continue
		}
		s := t.meter.streams[i]
		if s.frames == 0 || s.length == 0 {
			continue
		}
		g := session.Rung{ID: t.rep.ID, Bandwidth: t.rep.Bandwidth, Width: t.rep.Width, Height: t.rep.Height, FrameRate: float64(s.frames) / float64(s.length)}
		if c := s.info.Config; c != nil {
			g.Efficiency = efficiency[c.Codec]
			if c.Width > 0 {
				g.Width, g.Height = c.Width, c.Height
			}
		}
		var lengths []media.Span
		sum := int64(0)
		for _, p := range s.parts {
			for _, m := range p.segments {
				if m.length <= 0 {
					continue // nobody would see it
				}
				g.Bytes = append(g.Bytes, m.bytes)
				lengths = append(lengths, m.length)
				sum += m.bytes
			}
		}
		if g.Bandwidth == 0 {
			g.Bandwidth = average(sum, float64(s.length))
		}
		if len(l.Rungs) == 0 || len(lengths) < len(l.Lengths) {
			l.Lengths = lengths
		}
		l.Rungs = append(l.Rungs, g)
	}
	slices.SortStableFunc(l.Rungs, func(a, b session.Rung) int { return cmp.Compare(a.Bandwidth, b.Bandwidth) })
	for _, g := range l.Rungs {
		if len(g.Bytes) < len(l.Lengths) {
			l.Lengths = l.Lengths[:len(g.Bytes)]
		}
	}
	return l, len(l.Rungs) > 0 && len(l.Lengths) > 0
}

// switchesOf is a number of switches in words.
func switchesOf(n int) string {
	if n == 1 {
		return "1 switch"
	}
	return fmt.Sprintf("%d switches", n)
}
