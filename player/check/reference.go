package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"mseplayer/mse/media"
	"mseplayer/player/crypt"
	"mseplayer/player/fetch"
	"mseplayer/player/file"
	"mseplayer/player/frame"
	"mseplayer/player/likeness"
	"mseplayer/player/manifest"
	"mseplayer/player/source"
	"mseplayer/player/stream/plan"
)

// Reference is what pictures are compared with.
type Reference struct {
	Source    string  `json:"source"`
	Width     *int64  `json:"width"`
	Height    *int64  `json:"height"`
	BitDepth  *int64  `json:"bitDepth"`
	FrameRate Seconds `json:"frameRate"`
	// Duration is from the first picture to the end of the last one, Pictures how many there are; of what was looked at.
	Duration Seconds `json:"duration"`
	Pictures int64   `json:"pictures"`
}

// reference is the source that others are compared with. Its tasks are done before it is compared with anything.
type reference struct {
	// immutable
	*run
	name  string
	tasks []task

	// once its tasks are done
	prints     []likeness.Print
	look       prints // of the first of its tracks
	pictures   int64
	first, end media.Time
}

// prints remembers what the pictures of a lane look like. It belongs to the lane's goroutine until that has ended.
type prints struct {
	limit int
	list  []likeness.Print // on the buffer's timeline
	// Of the first picture.
	seen           bool
	format         frame.PixelFormat
	width, height  int // as they are shown
	turn           int
	mirror         bool
	color          media.ColorInfo
	codedW, codedH int
}

func (p *prints) add(v *frame.Video) {
	if !p.seen {
		p.seen, p.format, p.turn, p.mirror, p.color = true, v.Format, v.Rotation, v.Mirror, v.Color
		p.width, p.height = v.DisplaySize()
		p.codedW, p.codedH = v.Crop.W, v.Crop.H
	}
	if len(p.list) == p.limit {
		return
	}
	if x, ok := likeness.PrintOf(v, v.PTS); ok {
		p.list = append(p.list, x)
	}
}

// placed returns the prints of a lane on the presentation timeline, in order. Its stream is settled.
func (l *lane) placed() []likeness.Print {
	list := slices.Clone(l.out.look.alike.list)
	for i := range list {
		list[i].At, _ = l.at(list[i].At)
	}
	slices.SortStableFunc(list, func(a, b likeness.Print) int { return cmp.Compare(a.At, b.At) })
	return list
}

// compared reports whether pictures are compared with a reference.
func (r *run) compared() bool { return r.opt.Reference != "" && r.opt.Decoders != nil }

// maxReferencePrints bounds the prints of one track of the reference, of which any part may be compared with; of other tracks
// some suffice.
const maxReferencePrints = 1 << 19

// referenceMargin is how much more of the reference is looked at where only the beginning of the media is checked.
const referenceMargin media.Span = 20

// openReference opens what the source is compared with and makes the tasks that look at it. close it.
func (r *run) openReference() (*reference, error) {
	refuse := func(err error) error { return fmt.Errorf("check: %w: %w", ErrReference, err) }
	switch p := r.source.Presentation; {
	case r.opt.Decoders == nil:
		return nil, refuse(errors.New("nothing is decoded that could be compared"))
	case p != nil && p.Live != nil && !stored(p):
		return nil, refuse(errors.New("a live presentation is gone when it could be compared; record it first"))
	}
	src, err := source.Open(r.ctx, r.opt.Reference, r.opt.Source)
	if err != nil {
		return nil, refuse(err)
	}
	o := r.opt
	o.Progress, o.Deep, o.Frames, o.Trace, o.Pictures = nil, false, false, nil, nil
	if o.MaxDuration > 0 {
		o.MaxDuration += referenceMargin
		if p := r.source.Presentation; p != nil && len(p.Periods) > 0 { // the last one begins that much later
			o.MaxDuration += max(0, p.Periods[len(p.Periods)-1].Start.Sub(p.Periods[0].Start))
		}
	}
	x := &run{opt: o, group: r.group, source: src, prints: maxReferencePrints, keys: crypt.New(o.Keys, o.Source.Fetch), ctx: r.ctx}
	x.ring = crypt.NewKeyring(x.fetch)
	ref := &reference{run: x, name: fetch.Redact(r.opt.Reference)}
	if p := src.Presentation; p != nil {
		x.keys.Learn(p)
		ref.choose(p)
		if p.Live != nil && !stored(p) {
			src.Close()
			return nil, refuse(fmt.Errorf("%s: a live presentation cannot be read several times; record it first", ref.name))
		}
	} else if i := slices.IndexFunc(src.File.Tracks(), func(t file.Track) bool { return t.Kind == media.Video }); i >= 0 {
		ref.tasks = []task{&fileTask{run: x, rows: map[int]string{i: manifest.TrackID("0", fmt.Sprint(i), "0")}}}
	}
	if len(ref.tasks) == 0 {
		src.Close()
		return nil, refuse(fmt.Errorf("%s: there are no pictures in it", ref.name))
	}
	return ref, nil
}

// choose takes the best representation of the first ordinary pictures of each period.
func (ref *reference) choose(p *manifest.Presentation) {
	for _, per := range p.Periods {
		var best *segmentTask
		for _, set := range per.Sets {
			for _, rep := range set.Representations {
				if !set.Normal() || rep.Kind != manifest.Video || rep.Unusable != "" || rep.Segments == nil && rep.Lazy == nil ||
					best != nil && (best.choice.Set != set || best.rep.Bandwidth >= rep.Bandwidth) {
					continue
				}
				best = &segmentTask{run: ref.run, choice: plan.Choice{Period: per, Set: set, Representations: []*manifest.Representation{rep}}, rep: rep}
			}
		}
		if best != nil {
			ref.tasks = append(ref.tasks, best)
		}
	}
}

// learn takes what the tasks have seen. It fails when they have seen nothing.
func (ref *reference) learn() error {
	align(ref.tasks)
	ref.first, ref.end = media.Forever, -media.Forever
	var cause error
	for _, t := range ref.tasks {
		_, found := t.result()
		s, l, _ := picturesOf(t)
		if l == nil || l.out.look == nil || !l.out.look.alike.seen {
			if len(found) > 0 && cause == nil {
				cause = errors.New(found[0].Message)
			}
			continue
		}
		if ref.pictures == 0 {
			ref.look = *l.out.look.alike
		}
		ref.prints = append(ref.prints, l.placed()...)
		ref.pictures += l.out.pictures
		ref.first, ref.end = min(ref.first, s.first), max(ref.end, s.end)
	}
	if ref.pictures == 0 {
		if cause == nil {
			cause = errors.New("no picture of it can be decoded")
		}
		return fmt.Errorf("check: %w: %s: %w", ErrReference, ref.name, cause)
	}
	slices.SortStableFunc(ref.prints, func(a, b likeness.Print) int { return cmp.Compare(a.At, b.At) })
	return nil
}

// facts are what the report says about the reference.
func (ref *reference) facts() *Reference {
	out := &Reference{Source: ref.name, Width: positive(ref.look.codedW), Height: positive(ref.look.codedH), BitDepth: positive(int(ref.look.format.Depth)),
		FrameRate: Unknown, Duration: Seconds(ref.end.Sub(ref.first)), Pictures: ref.pictures}
	if d := float64(ref.end.Sub(ref.first)); d > 0 && len(ref.tasks) == 1 {
		out.FrameRate = Seconds(math.Round(float64(ref.pictures)/d*1e6) / 1e6)
	}
	return out
}

// picturesOf returns the stream of pictures of a task that is done, with its lane and the id of its track; nil when it has
// none or they were not decoded.
func picturesOf(t task) (*stream, *lane, string) {
	var p *pipe
	var streams []*stream
	id := func(*stream) string { return "" }
	switch t := t.(type) {
	case *segmentTask:
		if t.meter == nil || t.pictures {
			return nil, nil, ""
		}
		p, streams, id = t.pipe, t.meter.streams, func(s *stream) string { return t.ids[s] }
	case *fileTask:
		names := map[*stream]string{}
		for i, in := range t.inputs {
			if in != nil && len(in.streams) > 0 {
				streams = append(streams, in.streams[0])
				names[in.streams[0]] = t.rows[i]
			}
		}
		p, id = t.pipe, func(s *stream) string { return names[s] }
	}
	if p == nil {
		return nil, nil, ""
	}
	for _, s := range streams {
		if l := p.lane(s); s.info.Kind == media.Video && l != nil && l.out.pictures > 0 && l.out.keyless == 0 {
			return s, l, id(s)
		}
	}
	return nil, nil, ""
}

// again returns a run that decodes the source of r once more until ctx ends, silently, with its pictures for look. close it.
func (r *run) again(ctx context.Context, look func(*lane) *inspector) (x *run, close func(), err error) {
	o := r.opt
	o.Progress, o.Deep, o.Frames, o.Reference, o.Trace, o.Pictures = nil, false, false, "", nil, nil
	x = &run{opt: o, group: r.group, source: r.source, keys: r.keys, ring: r.ring, ctx: ctx, look: look}
	if r.source.File == nil {
		return x, func() {}, nil
	}
	src, err := source.Open(ctx, r.source.Name, o.Source)
	if err != nil {
		return nil, nil, err
	}
	x.source = src
	return x, src.Close, nil
}

// over returns a task that does the work of t once more in run x; nil for a kind that cannot.
func (x *run) over(t task) task {
	switch t := t.(type) {
	case *segmentTask:
		return &segmentTask{run: x, choice: t.choice, rep: t.rep, unsupported: t.unsupported}
	case *fileTask:
		rows := map[int]string{}
		for i, in := range t.inputs {
			if s, _, _ := picturesOf(t); in != nil && len(in.streams) > 0 && in.streams[0] == s {
				rows[i] = t.rows[i]
			}
		}
		return &fileTask{run: x, rows: rows}
	}
	return nil
}
