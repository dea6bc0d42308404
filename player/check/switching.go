package check

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"mseplayer/mse/media"
	"mseplayer/player/fetch"
	"mseplayer/player/frame"
	"mseplayer/player/manifest"
	"mseplayer/player/stream/plan"
)

const (
	// maxSwitched bounds the pictures of one forced run that are followed up.
	maxSwitched = 1 << 21
	// joinPart is how much of a segment the next one of another representation may overlap with.
	joinPart = 0.25
)

// switchTask decodes the segments of two representations by turns, through one SourceBuffer: at each border of segments it
// goes from one to the other.
type switchTask struct {
	*segmentTask
	base [2]*segmentTask // the check of each by itself

	// owned by work
	lists   [2]*manifest.List
	fed     []switched
	decoded []*switchedPictures
}

// switched is a coded frame that was appended: when it is in the buffer, and where it came from.
type switched struct {
	at      media.Time
	own     media.Time // in the container
	stretch int64
	of      int // 0 or 1
	segment int
	url     string
	first   bool // the run began with this segment
}

// switchedPictures are the pictures that came out of one lane.
type switchedPictures struct {
	at      []media.Time
	corrupt []media.Time
	shots   shots // of those that are damaged
}

// switches makes the forced runs of a presentation: for each pair of neighbours in bandwidth one from either.
func (r *run) switches(p *manifest.Presentation, tasks []task) []task {
	if !r.opt.Deep || r.opt.Decoders == nil || p.Format == manifest.File || p.Live != nil {
		return nil
	}
	var out []task
	for _, pair := range ladder(p, tasks) {
		for turn := range 2 {
			a, b := pair[turn], pair[1-turn]
			t := &switchTask{base: [2]*segmentTask{a, b}}
			t.segmentTask = &segmentTask{run: a.run, choice: a.choice, rep: a.rep, order: t.walk, tap: t.note, look: t.watch}
			out = append(out, t)
		}
	}
	return out
}

// ladder returns the pairs of representations of pictures in a set that are neighbours in bandwidth.
func ladder(p *manifest.Presentation, tasks []task) [][2]*segmentTask {
	var out [][2]*segmentTask
	for _, per := range p.Periods {
		for _, set := range per.Sets {
			var rungs []*segmentTask
			for _, t := range tasks {
				s, ok := t.(*segmentTask)
				if ok && s.choice.Set == set && set.Normal() && s.rep.Kind == manifest.Video && s.unsupported == "" && s.rep.Unusable == "" && (s.rep.Segments != nil || s.rep.Lazy != nil) {
					rungs = append(rungs, s)
				}
			}
			slices.SortStableFunc(rungs, func(a, b *segmentTask) int { return cmp.Compare(a.rep.Bandwidth, b.rep.Bandwidth) })
			for i := 1; i < len(rungs); i++ {
				out = append(out, [2]*segmentTask{rungs[i-1], rungs[i]})
			}
		}
	}
	return out
}

// cost implements task: half of each.
func (t *switchTask) cost() float64 { return (t.base[0].cost() + t.base[1].cost()) / 2 }

// work implements task, like that of a representation by itself.
func (t *switchTask) work(threads int) {
	t.decode(threads)
	if threads == 1 || t.ctx.Err() != nil || !t.pipe.damaged() {
		return
	}
	t.lists, t.fed, t.decoded = [2]*manifest.List{}, nil, nil
	t.segmentWork = segmentWork{reach: t.reach}
	t.decode(1)
}

// walk returns what names the segments: of one representation and the other by turns, with an initialization segment before
// each.
func (t *switchTask) walk() func(manifest.Getter) (plan.Item, error) {
	var at, end media.Time
	of, next := 0, 0
	began, inited, done := false, false, false
	return func(get manifest.Getter) (plan.Item, error) {
		for i, b := range t.base {
			if t.lists[i] != nil {
				continue
			}
			t.lists[i] = &manifest.List{Init: b.rep.Init, Index: b.rep.Segments}
			if b.rep.Segments == nil {
				l, err := b.rep.Lazy.Load(get)
				if err != nil {
					return plan.Item{}, io.EOF // the check of the representation by itself says so
				}
				t.lists[i] = l
			}
		}
		if n := t.lists[of].Index.Len(); done || next >= n {
			return plan.Item{}, io.EOF
		}
		l, b := t.lists[of], t.base[of]
		s := l.Index.At(next)
		it := plan.Item{Period: b.choice.Period, Set: b.choice.Set, Representation: b.rep, Window: b.choice.Period.Window(), MIMEType: b.rep.MIMEType, Index: next,
			Number: s.Number, Start: s.Start, Duration: s.Duration, Discontinuity: s.Discontinuity, Key: s.Key, IV: s.IV, InitKey: s.InitKey, Gap: s.Gap}
		if l.MIMEType != "" {
			it.MIMEType = l.MIMEType
		}
		init := s.Init
		if init == nil {
			init = l.Init
		}
		if init != nil && !inited && !s.Gap {
			inited = true
			it.Init, it.Resource = true, *init
			return it, nil
		}
		it.Resource = s.Resource
		if !began {
			began, at = true, s.Start
		}
		end = s.Start.Add(s.Duration)
		// The other one goes on where this one ends.
		of, inited = 1-of, false
		o := t.lists[of].Index
		from := end.Add(-s.Duration * joinPart)
		next = max(0, o.Find(from))
		for next < o.Len() && o.At(next).Start < from {
			next++
		}
		if limit := t.opt.MaxDuration; limit > 0 && end.Sub(at) >= limit {
			done = true
		}
		return it, nil
	}
}

// note implements the tap: it remembers what was appended.
func (t *switchTask) note(s *stream, f *media.CodedFrame, own media.Time) {
	if s.info.Kind != media.Video || f.DecodeOnly || len(t.fed) == maxSwitched {
		return
	}
	it := &t.cur.item
	of := 0
	if it.Representation == t.base[1].rep {
		of = 1
	}
	t.fed = append(t.fed, switched{f.PTS, own, it.Discontinuity, of, it.Index, it.URL, len(t.fed) == 0 || t.fed[len(t.fed)-1].first && t.fed[len(t.fed)-1].segment == it.Index && t.fed[len(t.fed)-1].of == of})
}

// watch makes what remembers the pictures of a lane.
func (t *switchTask) watch(*lane) *inspector {
	x := &switchedPictures{shots: shots{draw: t.opt.Pictures}}
	t.decoded = append(t.decoded, x)
	return &inspector{planar: t.opt.Pictures != nil, only: func(v *frame.Video) {
		defer v.Release()
		if len(x.at) == 2*maxSwitched {
			return
		}
		x.at = append(x.at, v.PTS)
		if v.Corrupt {
			x.corrupt = append(x.corrupt, v.PTS)
			if x.shots.draw != nil {
				x.shots.take(codeAfterSwitch, v.PTS, v)
			}
		}
	}}
}

// result implements task: what has not come out of the decoder as it does without switches.
func (t *switchTask) result() ([]Track, []Finding) {
	if t.ctx.Err() != nil || len(t.fed) == 0 || !t.base[0].sound() || !t.base[1].sound() {
		return nil, nil // what is wrong without switches has been said
	}
	out, damaged := map[media.Time]bool{}, map[media.Time]bool{}
	for _, d := range t.decoded {
		for _, at := range d.at {
			out[at] = true
		}
		for _, at := range d.corrupt {
			damaged[at] = true
		}
	}
	var first *switched
	missing, corrupt := 0, 0
	for i := range t.fed {
		x := &t.fed[i]
		switch {
		case x.first || out[x.at] && !damaged[x.at]:
			continue
		case damaged[x.at]:
			corrupt++
		default:
			missing++
		}
		if first == nil {
			first = x
		}
	}
	if first == nil {
		return nil, nil
	}
	from, to := t.base[1-first.of], t.base[first.of]
	shown := to.presented(first)
	what := "damaged"
	if !damaged[first.at] {
		what = "missing"
	}
	f := to.finding(codeAfterSwitch, fmt.Sprintf("after switching from %s to it at segment %d, the picture at %s is %s", from.rep.TrackID, first.segment, shown.Clock(), what))
	f.Severity, f.Hint = ruleOf(codeAfterSwitch).Severity, "begin each segment with a closed group of pictures, and end it at the same time in all representations"
	f.Segment, f.Time = &Segment{Index: first.segment, URL: fetch.Redact(first.url)}, Seconds(shown)
	for _, d := range t.decoded {
		for _, s := range d.shots.list {
			if s.at == first.at {
				f.Picture = s.image
			}
		}
	}
	f.Evidence = map[string]any{"from": from.rep.TrackID, "missing": missing, "corrupt": corrupt}
	return nil, []Finding{f}
}

// presented is when a picture of the representation is presented.
func (t *segmentTask) presented(x *switched) media.Time {
	for _, s := range t.meter.streams {
		if s.info.Kind != media.Video {
			continue
		}
		p := s.parts[0]
		if i := slices.IndexFunc(s.parts, func(p *part) bool { return p.stretch == x.stretch }); i >= 0 {
			p = s.parts[i]
		}
		return x.own.Add(p.shift)
	}
	return x.own
}

// sound reports whether the check of a representation by itself found each of its pictures.
func (t *segmentTask) sound() bool {
	if t.pipe == nil || t.gaveUp || slices.ContainsFunc(t.found.list, func(f Finding) bool { return f.Severity == manifest.SeverityError }) {
		return false
	}
	for _, s := range t.meter.streams {
		if l := t.pipe.lane(s); l != nil && s.info.Kind == media.Video && (l.out.keyless > 0 || l.out.rejected > 0 || l.out.corrupt > 0 || l.out.pictures != s.frames) {
			return false
		}
	}
	return true
}
