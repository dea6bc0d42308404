package dash

import (
	"math"
	"sort"

	"github.com/Eyevinn/dash-mpd/mpd"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// maxSegments bounds the segments of one representation. They are computed, not stored, but a consumer may walk
// over them. Nobody can walk over a live presentation that began decades ago: maxLiveSegments is for those.
const (
	maxSegments     = 1 << 24
	maxLiveSegments = 1 << 48
)

// sliver is the length below which a remainder at a period's end is rounding and no segment, in seconds.
const sliver = 1e-3

// run is a row of segments of equal duration, or of durations that repeat a pattern.
type run struct {
	// first is the index of the first segment; n counts whole segments, each in k parts.
	first, n, k int
	// t is the start of the first segment on the media timeline, d the length of each, in ticks.
	t, d int64
	// pattern, when there is one, gives the lengths; phase is the place in it of the first segment.
	pattern *pattern
	phase   int64
	// number is the first segment's number.
	number int64
}

// len is how many entries of the index the run holds.
func (r run) len() int { return r.n * r.k }

// place returns start and length of a whole segment.
func (r run) place(seg int64) (t, d int64) {
	if r.pattern == nil {
		return r.t + seg*r.d, r.d
	}
	base, _ := r.pattern.at(r.phase)
	t, d = r.pattern.at(r.phase + seg)
	return r.t + t - base, d
}

// end is the media time after the last segment.
func (r run) end() int64 {
	t, d := r.place(int64(r.n) - 1)
	return t + d
}

// pattern is a cycle of segment durations.
// ISO/IEC 23009-1 §5.3.9.6.
type pattern struct {
	parts         []patternPart
	count, length int64 // segments and ticks of one cycle
}

// patternPart is n segments of d ticks, which come after first segments and t ticks of the cycle.
type patternPart struct{ first, t, n, d int64 }

// maxPatternLength bounds a cycle, in ticks and in segments.
const maxPatternLength = 1 << 40

// at returns where the segment of that number begins, counted from the beginning of the first cycle, and its length.
func (p *pattern) at(seg int64) (t, d int64) {
	cycle, rest := seg/p.count, seg%p.count
	part := p.parts[sort.Search(len(p.parts), func(i int) bool { return p.parts[i].first > rest })-1]
	return cycle*p.length + part.t + (rest-part.first)*part.d, part.d
}

// find returns the segment that contains x, which must not be negative.
func (p *pattern) find(x float64) int64 {
	cycle := math.Floor(x / float64(p.length))
	rest := min(max(0, x-cycle*float64(p.length)), float64(p.length-1))
	part := p.parts[sort.Search(len(p.parts), func(i int) bool { return float64(p.parts[i].t) > rest })-1]
	return int64(cycle)*p.count + part.first + min(int64((rest-float64(part.t))/float64(part.d)), part.n-1)
}

// timeline is when segments are and which numbers they have. It is immutable and may be shared between
// representations.
type timeline struct {
	runs []run
	// sorted is false when a segment begins before its predecessor, which makes searching slow.
	sorted bool
}

func (tl *timeline) len() int {
	if len(tl.runs) == 0 {
		return 0
	}
	last := tl.runs[len(tl.runs)-1]
	return last.first + last.len()
}

// span is the place of one entry.
type span struct {
	t, d   int64 // start and length in ticks of the media timeline
	number int64
	sub    int // 1 to k in a segment sequence, else 0
}

// at returns entry i.
func (tl *timeline) at(i int) span {
	r := tl.runs[sort.Search(len(tl.runs), func(j int) bool { return tl.runs[j].first > i })-1]
	i -= r.first
	seg, part, k := int64(i/r.k), int64(i%r.k), int64(r.k)
	t, d := r.place(seg)
	if r.k == 1 {
		return span{t: t, d: d, number: r.number + seg}
	}
	from, to := part*(d/k)+part*(d%k)/k, (part+1)*(d/k)+(part+1)*(d%k)/k
	return span{t: t + from, d: to - from, number: r.number + seg, sub: int(part) + 1}
}

// find returns the last entry that starts at or before x (in ticks, not rounded), -1 if all start later. The
// timeline must be sorted.
func (tl *timeline) find(x float64) int {
	j := sort.Search(len(tl.runs), func(j int) bool { return float64(tl.runs[j].t) > x }) - 1
	if j < 0 {
		return -1
	}
	return tl.runs[j].find(x)
}

// find returns the entry of the run that contains x, or its last one; x must not be before the run.
func (r run) find(x float64) int {
	if r.pattern != nil {
		base, _ := r.pattern.at(r.phase)
		seg := min(max(0, r.pattern.find(min(x-float64(r.t)+float64(base), maxTicks))-r.phase), int64(r.n)-1)
		t, d := r.place(seg)
		part := min(max(0, math.Floor((x-float64(t))/float64(d)*float64(r.k))), float64(r.k-1))
		return r.first + int(seg)*r.k + int(part)
	}
	if r.d == 0 {
		return r.first + r.len() - 1
	}
	n := math.Floor((x - float64(r.t)) / float64(r.d) * float64(r.k))
	return r.first + int(min(n, float64(r.len()-1)))
}

// findUnsorted returns an entry that contains x, else the one that starts next after x, else the number of
// entries.
func (tl *timeline) findUnsorted(x float64) int {
	next, at := tl.len(), math.Inf(1)
	for _, r := range tl.runs {
		if float64(r.t) <= x && x < float64(r.end()) {
			return r.find(x)
		}
		if t := float64(r.t); t > x && t < at {
			next, at = r.first, t
		}
	}
	return next
}

// index implements manifest.Index for templates and lists.
type index struct {
	*timeline
	names names
	bases *origins

	timescale uint32
	offset    int64 // media time at the period's start
	start     media.Time
	// end cuts the last segment, which a constant duration makes too long; unset where times are explicit.
	end media.Opt
	// available is when segments appear, nil for media that is all there.
	available *availability
	// open is set when nothing but the end of the period ends the row of segments.
	open bool
}

// names gives the reference of an entry.
type names interface {
	name(i int, s span) (ref string, r manifest.Range)
}

func (x *index) Len() int { return x.timeline.len() }

func (x *index) At(i int) manifest.SegmentRef {
	if i < 0 || i >= x.Len() {
		panic("dash: segment index out of range")
	}
	s := x.timeline.at(i)
	ref, r := x.names.name(i, s)
	start, d := x.times(i, s)
	return manifest.SegmentRef{Resource: x.bases.resource(ref, r), Number: s.number, Sub: s.sub, Start: start, Duration: d,
		Available: x.available.at(start.Add(d))}
}

// Beyond returns segment n, from 0, of those that would follow if the period did not end; ok is false where nothing can.
func (x *index) Beyond(n int) (s manifest.SegmentRef, ok bool) {
	if !x.open || len(x.runs) == 0 || n < 0 {
		return s, false
	}
	last := x.runs[len(x.runs)-1]
	seg := int64(last.n) + int64(n)
	if last.k != 1 || last.d <= 0 || last.t > maxTicks-(seg+1)*last.d {
		return s, false
	}
	t, d := last.place(seg)
	at := span{t: t, d: d, number: last.number + seg}
	ref, r := x.names.name(x.Len()+n, at)
	return manifest.SegmentRef{Resource: x.bases.resource(ref, r), Number: at.number, Start: x.start.Add(media.SpanFromTicks(t-x.offset, x.timescale)),
		Duration: media.SpanFromTicks(d, x.timescale)}, true
}

// times puts an entry on the presentation timeline.
func (x *index) times(i int, s span) (media.Time, media.Span) {
	start := x.start.Add(media.SpanFromTicks(s.t-x.offset, x.timescale))
	d := media.SpanFromTicks(s.d, x.timescale)
	if x.end.Set && i == x.Len()-1 && start.Add(d) > x.end.T && start < x.end.T {
		d = x.end.T.Sub(start)
	}
	return start, d
}

func (x *index) Find(t media.Time) int {
	n := x.Len()
	if n == 0 || math.IsNaN(float64(t)) {
		return n
	}
	ticks := float64(t-x.start)*float64(x.timescale) + float64(x.offset)
	if !x.sorted {
		return x.findUnsorted(ticks)
	}
	start := func(i int) media.Time { s, _ := x.times(i, x.timeline.at(i)); return s }
	i := x.timeline.find(ticks)
	// The way into ticks rounds; the way back is the one that At takes, so it decides.
	for i >= 0 && start(i) > t {
		i--
	}
	for i+1 < n && start(i+1) <= t {
		i++
	}
	if i < 0 {
		return 0
	}
	if s, d := x.times(i, x.timeline.at(i)); s.Add(d) <= t {
		i++ // a gap, or the end
	}
	return i
}

// templated names segments by a template.
type templated struct{ template }

func (t templated) name(_ int, s span) (string, manifest.Range) {
	return t.expand(s.number, s.t, s.sub), manifest.Range{}
}

// listed names segments by a list.
type listed []*mpd.SegmentURLType

func (l listed) name(i int, _ span) (string, manifest.Range) {
	r, _ := parseRange(string(l[i].MediaRange))
	return string(l[i].Media), r
}
