package check

import (
	"fmt"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// judgeGaps reports gaps. announced are stretches that the manifest says to be missing, t, unless it is nil, what knows
// why something is missing. make makes a finding about the stream.
func (s *stream) judgeGaps(found *findings, make func(code, message string) Finding, announced []media.Range, t *segmentTask) {
	if s.info.Kind == media.Text {
		return
	}
	var segments []placed
	if t != nil {
		segments = s.placed()
	}
	list := s.cover.stretches()
	for i := 1; i < len(list); i++ {
		from, to := list[i-1].End, list[i].Start
		f := make(codeGap, fmt.Sprintf("there is no %s from %s to %s", s.info.Kind, from.Clock(), to.Clock()))
		f.Time, f.Segment = Seconds(from), nil
		f.Hint = "playback stops at a gap unless the player jumps over it; fill it"
		f.Evidence = map[string]any{"start": round(from), "gapMs": millis(float64(to.Sub(from))), "segment": list[i].segment}
		joint := to.Sub(from) <= gapTolerance && s.joint(to)
		if t != nil {
			t.explain(&f, segments, from, to, !joint && missing(announced, from, to) == 0)
		}
		switch length := missing(announced, from, to); {
		case length > 0 && to.Sub(from)-length <= gapTolerance:
			f.Severity = manifest.SeverityWarning
			f.Message += ", as the playlist says"
		case joint:
			f.Severity = manifest.SeverityWarning
			f.Message += ", at a discontinuity"
		}
		found.add(f)
	}
}

// explain adds to a gap what the manifest promises there, what the segments on both sides hold, and the most likely cause,
// unless that is known. A gap that another finding explains is no error of its own.
func (t *segmentTask) explain(f *Finding, segments []placed, from, to media.Time, guess bool) {
	before, after := neighbours(segments, from, to)
	if before != nil {
		f.Evidence["before"] = before.evidence()
	}
	if after != nil {
		f.Evidence["after"] = after.evidence()
		f.Segment = after.place()
	}
	if !guess {
		return
	}
	if c := t.why(from, to); c != nil {
		f.Severity = manifest.SeverityInfo
		f.Message += ", because of this: " + c.why
		f.Hint, f.Segment = "", c.place
		f.Evidence["cause"] = c.code
		return
	}
	if why := likely(before, after, from, to); why != "" {
		f.Message += ": " + why
		f.Evidence["likely"] = why
	}
}

// neighbours returns the segment that ends where a gap begins and the one that begins where it ends, nil if not known.
func neighbours(segments []placed, from, to media.Time) (before, after *placed) {
	for i := range segments {
		g := &segments[i]
		if g.at.Start < from && (before == nil || g.at.End.Sub(from).Abs() < before.at.End.Sub(from).Abs()) {
			before = g
		}
		if g.at.End > to && (after == nil || g.at.Start.Sub(to).Abs() < after.at.Start.Sub(to).Abs()) {
			after = g
		}
	}
	return before, after
}

// evidence is what the manifest promises of a segment, what its decode times begin with, and when its frames are presented.
func (p *placed) evidence() map[string]any {
	e := map[string]any{"index": p.index, "number": p.number, "url": p.url, "decodeTime": round(p.dts),
		"media": [2]float64{round(p.at.Start), round(p.at.End)}, "frames": p.frames}
	if p.declared.End > p.declared.Start && p.declared.End.IsFinite() {
		e["manifest"] = [2]float64{round(p.declared.Start), round(p.declared.End)}
	}
	return e
}

// likely is the most likely cause of a gap between two segments.
func likely(before, after *placed, from, to media.Time) string {
	if before == nil || after == nil {
		return ""
	}
	gap := float64(to.Sub(from))
	declared := before.declared.End.IsFinite() && before.declared.End > before.declared.Start && after.declared.End > after.declared.Start
	switch promised := float64(after.declared.Start.Sub(before.declared.End)); {
	case before.index == after.index:
		return fmt.Sprintf("frames are missing within segment %d, or their durations are too short", before.number)
	case !declared:
		return ""
	case promised >= gap/2:
		return fmt.Sprintf("the manifest leaves the same time out, between segments %d and %d: nothing was encoded for it, or an entry was forgotten", before.number, after.number)
	case float64(after.dev()-before.dev()) >= gap/2:
		return fmt.Sprintf("segment %d begins %.3f s later than the manifest says, while the one before it is where it should be", after.number, float64(after.dev()-before.dev()))
	case float64(before.declared.End.Sub(before.at.End)) >= gap/2:
		return fmt.Sprintf("segment %d ends %.3f s earlier than the manifest says: its last frames are missing", before.number, float64(before.declared.End.Sub(before.at.End)))
	}
	return fmt.Sprintf("the frames of segments %d and %d do not meet", before.number, after.number)
}
