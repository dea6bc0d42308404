package check

import (
	"hash/crc32"
	"slices"

	"mseplayer/mse/media"
	"mseplayer/player/fetch"
)

// maxSorted is how many times of frames are looked at together for two that are the same, maxSegmentKeys how many random
// access points of one segment are remembered.
const (
	maxSorted      = 1 << 12
	maxSegmentKeys = 1 << 10
)

// castagnoli is the polynomial of the checksums by which segments are recognized.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// segment is one media segment: what the manifest says of it, and what its frames say.
type segment struct {
	index    int
	number   int64
	url      string
	declared media.Range // on the presentation timeline; empty where the manifest tells no length
	bytes    int64
	sum      uint32
	measured
}

// measured is what the frames of one stream in a segment say, by the container's times.
type measured struct {
	frames, keys int
	key          bool // the first frame is a random access point
	leading      int  // pictures that are presented before the random access point that they follow at the start
	payload      int64
	length       media.Span
	// first is when the frames begin to be presented, end when they cease, dts when decoding them begins.
	first, end, dts media.Time
	keyTimes        []media.Time
}

// described is the current segment as the manifest describes it.
func (c *current) described() segment {
	it := &c.item
	return segment{index: it.Index, number: it.Number, url: fetch.Redact(it.URL), bytes: c.bytes, sum: c.sum,
		declared: media.Range{Start: it.Start, End: it.Start.Add(it.Duration)}}
}

// place is where a finding says that it is.
func (g *segment) place() *Segment { return &Segment{Index: g.index, URL: g.url} }

// placed is a segment on the presentation timeline.
type placed struct {
	*segment
	at   media.Range
	part *part
}

// dev is how much later the segment begins than the manifest says.
func (p *placed) dev() media.Span { return p.at.Start.Sub(p.declared.Start) }

// placed returns the segments that hold frames, in the order of the manifest. Times are final from settle on.
func (s *stream) placed() []placed {
	var out []placed
	for _, p := range s.parts {
		for i := range p.segments {
			g := &p.segments[i]
			out = append(out, placed{g, media.Range{Start: g.first.Add(p.shift), End: g.end.Add(p.shift)}, p})
		}
	}
	return out
}

// cause is why something may be missing on the timeline.
type cause struct {
	place *Segment
	at    media.Range
	code  string
	why   string
}

// blame notes that a finding about a segment explains what is missing at a time.
func (t *segmentTask) blame(place *Segment, at media.Range, code, why string) {
	if len(t.causes) == maxTraced {
		return
	}
	if t.spoiled == nil {
		t.spoiled = map[int]bool{}
	}
	t.spoiled[place.Index] = true
	t.causes = append(t.causes, cause{place, at, code, why})
}

// why returns what explains at least half of a stretch of time, nil if nothing does.
func (t *segmentTask) why(from, to media.Time) *cause {
	var sum media.Span
	var first *cause
	for i := range t.causes {
		c := &t.causes[i]
		common := min(c.at.End, to).Sub(max(c.at.Start, from))
		if common <= 0 {
			continue
		}
		if first == nil {
			first = c
		}
		sum += common
	}
	if 2*sum < to.Sub(from) {
		return nil
	}
	return first
}

// order looks at the time stamps of a stream, frame by frame.
type order struct {
	begun        bool
	dts          media.Time // of the last frame
	length       media.Span
	rap          media.Time // of the last random access point
	raps         int
	since        media.Span // how long the frames since then last
	sparse       media.Span // the longest distance between random access points
	sparseAt     media.Time
	sparsePart   *part
	leads        bool // the last random access point began its segment
	back, before oddity
	same         oddity
	slip         media.Span // by which sound is later than the frames before it have lasted
	slipped      oddity
	times        []media.Time
}

// oddity counts something, with the place of the first.
type oddity struct {
	n     int64
	at    media.Time
	part  *part
	value media.Span
}

func (o *oddity) note(t media.Time, p *part, value media.Span) {
	if o.n++; o.n == 1 {
		o.at, o.part, o.value = t, p, value
	}
}

// see looks at f, the next frame of s in decode order.
func (o *order) see(s *stream, f *media.CodedFrame) {
	p := s.part()
	if o.begun {
		step := f.DTS.Sub(o.dts) - o.length
		switch {
		case s.seg.frames > 0 && f.DTS.Sub(o.dts) < -rounding:
			o.back.note(f.PTS, p, f.DTS.Sub(o.dts))
		case s.info.Kind == media.Audio && o.length > 0 && step.Abs() <= 2*o.length && step.Abs() > rounding:
			o.slip += step
			o.slipped.note(f.PTS, p, step)
		}
	}
	o.begun, o.dts, o.length = true, f.DTS, f.Duration
	if f.PTS < f.DTS.Add(-rounding) {
		o.before.note(f.PTS, p, f.PTS.Sub(f.DTS))
	}
	if s.info.Kind != media.Video {
		return
	}
	switch {
	case f.RAP:
		o.sparser(p)
		o.rap, o.since, o.leads = f.PTS, 0, s.seg.frames == 0
		o.raps++
		if len(s.seg.keyTimes) < maxSegmentKeys {
			s.seg.keyTimes = append(s.seg.keyTimes, f.PTS)
		}
	case o.leads && f.PTS < o.rap.Add(-rounding):
		s.seg.leading++
	}
	o.since += f.Duration
	if f.DecodeOnly {
		return
	}
	if o.times = append(o.times, f.PTS); len(o.times) == maxSorted {
		o.compare(p)
	}
}

// sparser notes the distance from the last random access point to here.
func (o *order) sparser(p *part) {
	if o.raps > 0 && o.since > o.sparse {
		o.sparse, o.sparseAt, o.sparsePart = o.since, o.rap, p
	}
}

// compare looks for pictures that are presented at the same time.
func (o *order) compare(p *part) {
	slices.Sort(o.times)
	for i := 1; i < len(o.times); i++ {
		if o.times[i].Sub(o.times[i-1]) <= rounding {
			o.same.note(o.times[i], p, 0)
		}
	}
	o.times = o.times[:0]
}
