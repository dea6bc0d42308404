package check

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

const (
	// avTolerance is how far apart sound and pictures may begin, in seconds, and avEndTolerance how far apart they may end.
	avTolerance    = 0.1
	avEndTolerance = 0.5
	// alignedWithin is how far apart the key frames of representations may be, in seconds.
	alignedWithin = 0.01
	// maxAligned bounds the segments of an adaptation set that are compared.
	maxAligned = 1 << 14
)

// Alignment says at which times the segments of the representations of an adaptation set begin with key frames.
type Alignment struct {
	Period          string           `json:"period"`
	AdaptationSet   string           `json:"adaptationSet"`
	Representations []string         `json:"representations"`
	Segments        []AlignedSegment `json:"segments"`
}

// AlignedSegment is one segment of all representations. KeyFrames has the time of the first key frame in each, null where
// there is none or the segment did not come.
type AlignedSegment struct {
	Index     int       `json:"index"`
	Number    int64     `json:"number"`
	KeyFrames []Seconds `json:"keyFrames"`
	Aligned   bool      `json:"aligned"`
}

// together compares the tracks of a presentation with each other. found is what is known already.
func (r *run) together(p *manifest.Presentation, tracks []Track, found []Finding) []Finding {
	var out []Finding
	for _, per := range p.Periods {
		out = append(out, together(per, tracks, found)...)
	}
	return append(out, r.goesOn(p)...)
}

// together compares when the sound and the pictures of a period begin and end.
func together(per *manifest.Period, tracks []Track, found []Finding) []Finding {
	first := func(kind string) *Track {
		for i := range tracks {
			t := &tracks[i]
			if t.Period == per.ID && t.Type == kind && t.FirstPTS.Known() && t.End.Known() && !disturbed(t.ID, found) {
				return t
			}
		}
		return nil
	}
	video := first(media.Video.String())
	var out []Finding
	if video == nil {
		return nil
	}
	end := func(t *Track) float64 {
		if per.End.Set {
			return min(float64(t.End), float64(per.End.T))
		}
		return float64(t.End)
	}
	for i := range tracks {
		t := &tracks[i]
		if t.Period != per.ID || t.Type != media.Audio.String() || !t.FirstPTS.Known() || !t.End.Known() || disturbed(t.ID, found) {
			continue
		}
		add := func(code, message, hint string, at Seconds, e map[string]any) {
			out = append(out, Finding{Code: code, Severity: ruleOf(code).Severity, Message: message, Hint: Text(hint), Track: Text(t.ID), Period: Text(per.ID),
				Representation: Text(t.Representation), Time: at, Evidence: e})
		}
		if d := float64(max(t.FirstPTS, Seconds(per.Start)) - max(video.FirstPTS, Seconds(per.Start))); math.Abs(d) > avTolerance {
			add(codeAVOffset, fmt.Sprintf("the sound begins %+.3f s from where the pictures do", d), "let tracks begin together, or shift one of them by presentationTimeOffset or an edit list", min(t.FirstPTS, video.FirstPTS),
				map[string]any{"offsetMs": millis(d), "video": video.ID})
		}
		if d := end(t) - end(video); math.Abs(d) > avEndTolerance {
			add(codeEnd, fmt.Sprintf("the sound ends %+.3f s from where the pictures do", d), "encode all tracks of a period to the same end", Seconds(min(end(t), end(video))),
				map[string]any{"offsetMs": millis(d), "video": video.ID})
		}
	}
	return out
}

// disturbed reports whether something is known to be wrong with the times of a track.
func disturbed(track string, found []Finding) bool {
	return slices.ContainsFunc(found, func(f Finding) bool {
		area, _, _ := strings.Cut(f.Code, ".")
		return string(f.Track) == track && (area == "segment" || area == "timing" || f.Code == codeTimescale) && f.Code != codeNoRAP && f.Code != codeSparse
	})
}

// goesOn reports media behind the end that the manifest declares.
func (r *run) goesOn(p *manifest.Presentation) []Finding {
	var names []string
	for _, t := range r.tasks {
		if s, ok := t.(*segmentTask); ok && s.beyond == maxBeyond {
			names = append(names, s.rep.TrackID)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []Finding{{Code: manifest.CodeDurationMismatch, Severity: ruleOf(manifest.CodeDurationMismatch).Severity, Period: Text(p.Periods[0].ID), Time: Seconds(p.DeclaredDuration.T),
		Message: fmt.Sprintf("the presentation is declared to end at %s, and there are further segments behind", p.DeclaredDuration.T.Clock()),
		Hint:    "declare the duration of the media", Evidence: map[string]any{"declared": round(p.DeclaredDuration.T), "tracks": names}}}
}

// alignments compares the key frames of the representations of each set.
func (r *run) alignments() ([]Alignment, []Finding) {
	out, found := []Alignment{}, []Finding(nil)
	p := r.source.Presentation
	if p == nil || p.Format == manifest.File {
		return out, nil
	}
	for _, per := range p.Periods {
		for _, set := range per.Sets {
			if !set.Normal() || set.Kind != manifest.Video {
				continue
			}
			var rows [][]placed
			var frame media.Span
			a := Alignment{Period: per.ID, AdaptationSet: set.ID}
			for _, t := range r.tasks {
				s, ok := t.(*segmentTask)
				if !ok || s.choice.Set != set || s.meter == nil || s.pictures {
					continue
				}
				for _, st := range s.meter.streams {
					if list := st.placed(); st.info.Kind == media.Video && len(list) > 0 {
						a.Representations = append(a.Representations, s.rep.ID)
						rows = append(rows, list)
						frame = max(frame, st.cover.longest)
						break
					}
				}
			}
			if len(rows) < 2 {
				continue
			}
			f := a.fill(rows, max(alignedWithin, float64(frame)/2))
			out = append(out, a)
			if f != nil {
				f.Period = Text(per.ID)
				found = append(found, *f)
			}
		}
	}
	return out, found
}

// fill compares the segments of the representations, and returns what is wrong with them, if anything is.
func (a *Alignment) fill(rows [][]placed, tolerance float64) *Finding {
	at := map[int]int{} // place of an index in Segments
	for k, list := range rows {
		for i := range list {
			p := &list[i]
			n, ok := at[p.index]
			if !ok {
				if len(a.Segments) == maxAligned {
					break
				}
				n = len(a.Segments)
				at[p.index] = n
				x := AlignedSegment{Index: p.index, Number: p.number, KeyFrames: make([]Seconds, len(rows)), Aligned: true}
				for j := range x.KeyFrames {
					x.KeyFrames[j] = Unknown
				}
				a.Segments = append(a.Segments, x)
			}
			if len(p.keyTimes) > 0 {
				a.Segments[n].KeyFrames[k] = Seconds(p.keyTimes[0].Add(p.part.shift))
			}
		}
	}
	slices.SortFunc(a.Segments, func(x, y AlignedSegment) int { return x.Index - y.Index })
	bad, first, worst := 0, -1, 0.0
	for i := range a.Segments {
		x := &a.Segments[i]
		low, high := math.Inf(1), math.Inf(-1)
		for _, s := range x.KeyFrames {
			if s.Known() {
				low, high = min(low, float64(s)), max(high, float64(s))
			}
		}
		if high-low <= tolerance || math.IsInf(low, 0) {
			continue
		}
		x.Aligned = false
		if bad++; first < 0 {
			first = i
		}
		worst = max(worst, high-low)
	}
	if bad == 0 {
		return nil
	}
	x := &a.Segments[first]
	var where []string
	for k, s := range x.KeyFrames {
		if s.Known() {
			where = append(where, fmt.Sprintf("%s %s", a.Representations[k], media.Time(s).Clock()))
		}
	}
	f := Finding{Code: codeMisaligned, Severity: ruleOf(codeMisaligned).Severity, Time: x.KeyFrames[0],
		Message:  fmt.Sprintf("%d of %d segments of the representations do not begin with key frames at the same times; segment %d: %s", bad, len(a.Segments), x.Number, strings.Join(where, ", ")),
		Hint:     "encode all representations with key frames at the same, fixed times: players switch at segments",
		Evidence: map[string]any{"adaptationSet": a.AdaptationSet, "segment": x.Index, "count": bad, "segments": len(a.Segments), "worstMs": millis(worst)}}
	return &f
}
