package dash

import (
	"math"
	"sort"

	"github.com/Eyevinn/dash-mpd/mpd"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// maxSegments bounds the segments of one representation. They are computed, not stored, but a consumer may walk
// over them.
const maxSegments = 1 << 24

// sliver is the length below which a remainder at a period's end is rounding and no segment, in seconds.
const sliver = 1e-3

// run is a row of segments of equal duration.
type run struct {
	// first is the index of the first segment; n counts whole segments, each in k parts.
	first, n, k int
	// t is the start of the first segment on the media timeline, d the length of each, in ticks.
	t, d int64
	// number is the first segment's number.
	number int64
}

// len is how many entries of the index the run holds.
func (r run) len() int { return r.n * r.k }

// end is the media time after the last segment.
func (r run) end() int64 { return r.t + int64(r.n)*r.d }

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
	if r.k == 1 {
		return span{t: r.t + int64(i)*r.d, d: r.d, number: r.number + int64(i)}
	}
	seg, part, k := int64(i/r.k), int64(i%r.k), int64(r.k)
	from, to := r.d*part/k, r.d*(part+1)/k
	return span{t: r.t + seg*r.d + from, d: to - from, number: r.number + seg, sub: int(part) + 1}
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
	bases []manifest.Base

	timescale uint32
	offset    int64 // media time at the period's start
	start     media.Time
	// end cuts the last segment, which a constant duration makes too long; unset where times are explicit.
	end media.Opt
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
	return manifest.SegmentRef{Resource: resource(x.bases, ref, r), Number: s.number, Sub: s.sub, Start: start, Duration: d}
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

// resource resolves a reference against all bases. A reference that one base cannot take is left out; the builder
// has tried a sample, so the first base takes all.
func resource(bases []manifest.Base, ref string, r manifest.Range) manifest.Resource {
	res := manifest.Resource{Range: r}
	for i, b := range bases {
		u := b.String()
		if ref != "" {
			var err error
			if u, err = b.ResolveURL(ref); err != nil {
				u = ""
			}
		}
		switch {
		case i == 0:
			res.URL = u
		case u != "" && u != res.URL:
			res.Alternatives = append(res.Alternatives, u)
		}
	}
	return res
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
