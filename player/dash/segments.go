package dash

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/Eyevinn/dash-mpd/mpd"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/manifest"
)

// timelineJitter is how far an S element may begin from the end of its predecessor without a finding, in seconds.
const timelineJitter = 0.02

// unusable says why a representation's segments cannot be named.
type unusable struct{ code, why string }

func invalid(format string, args ...any) *unusable {
	return &unusable{manifest.CodeInvalid, fmt.Sprintf(format, args...)}
}

// segments fills in how a representation is addressed.
// ISO/IEC 23009-1 §5.3.9.
func (b *builder) segments(at place, p *manifest.Period, r *manifest.Representation, lv levels, bases *origins) *unusable {
	for _, l := range []struct {
		base     *mpd.SegmentBaseType
		list     *mpd.SegmentListType
		template *mpd.SegmentTemplateType
	}{
		{lv.rep.SegmentBase, lv.rep.SegmentList, lv.rep.SegmentTemplate},
		{lv.set.SegmentBase, lv.set.SegmentList, lv.set.SegmentTemplate},
		{lv.period.SegmentBase, lv.period.SegmentList, lv.period.SegmentTemplate},
	} {
		switch {
		case l.template != nil:
			t := *l.template
			inheritTemplate(&t, lv)
			return b.template(at, p, r, &t, bases)
		case l.list != nil:
			t := *l.list
			inheritList(&t, lv)
			return b.list(at, p, r, &t, bases)
		case l.base != nil:
			t := *l.base
			for _, above := range []*mpd.SegmentBaseType{lv.set.SegmentBase, lv.period.SegmentBase} {
				if above != nil {
					inheritBase(&t, above)
				}
			}
			return b.base(at, p, r, &t, bases)
		}
	}
	b.single(p, r, bases, "")
	return nil
}

// inheritTemplate fills what t does not say from the same element of the levels above. Inheriting twice from the
// level t itself comes from changes nothing.
func inheritTemplate(t *mpd.SegmentTemplateType, lv levels) {
	for _, above := range []*mpd.SegmentTemplateType{lv.rep.SegmentTemplate, lv.set.SegmentTemplate, lv.period.SegmentTemplate} {
		if above == nil {
			continue
		}
		t.Media = first(t.Media, above.Media)
		t.Initialization = first(t.Initialization, above.Initialization)
		inheritMultiple(&t.MultipleSegmentBaseType, &above.MultipleSegmentBaseType)
	}
}

func inheritList(t *mpd.SegmentListType, lv levels) {
	for _, above := range []*mpd.SegmentListType{lv.rep.SegmentList, lv.set.SegmentList, lv.period.SegmentList} {
		if above == nil {
			continue
		}
		if t.SegmentURL == nil {
			t.SegmentURL = above.SegmentURL
		}
		inheritMultiple(&t.MultipleSegmentBaseType, &above.MultipleSegmentBaseType)
	}
}

func inheritMultiple(t, above *mpd.MultipleSegmentBaseType) {
	// Duration and timeline exclude each other: the nearest level decides which one it is.
	if t.Duration == nil && t.SegmentTimeline == nil {
		t.Duration, t.SegmentTimeline = above.Duration, above.SegmentTimeline
	}
	t.StartNumber = first(t.StartNumber, above.StartNumber)
	t.EndNumber = first(t.EndNumber, above.EndNumber)
	t.K = first(t.K, above.K)
	inheritBase(&t.SegmentBaseType, &above.SegmentBaseType)
}

func inheritBase(t, above *mpd.SegmentBaseType) {
	t.Timescale = first(t.Timescale, above.Timescale)
	t.PresentationTimeOffset = first(t.PresentationTimeOffset, above.PresentationTimeOffset)
	t.EptDelta = first(t.EptDelta, above.EptDelta)
	t.IndexRange = first(t.IndexRange, above.IndexRange)
	t.Initialization = first(t.Initialization, above.Initialization)
	t.RepresentationIndex = first(t.RepresentationIndex, above.RepresentationIndex)
	t.AvailabilityTimeOffset = first(t.AvailabilityTimeOffset, above.AvailabilityTimeOffset)
	t.AvailabilityTimeComplete = first(t.AvailabilityTimeComplete, above.AvailabilityTimeComplete)
}

// timing sets timescale and offset of r from merged segment information.
func (b *builder) timing(at place, r *manifest.Representation, t *mpd.SegmentBaseType) {
	if t.Timescale != nil {
		if r.Timescale = *t.Timescale; r.Timescale == 0 {
			b.find(at, manifest.CodeInvalid, manifest.SeverityError, "", "timescale=\"0\"; 1 is assumed")
			r.Timescale = 1
		}
	}
	if t.PresentationTimeOffset != nil {
		r.OffsetTicks = int64(*t.PresentationTimeOffset)
	}
}

// single makes the whole of one resource the only segment.
func (b *builder) single(p *manifest.Period, r *manifest.Representation, bases *origins, ref string) {
	r.Addressing = manifest.Single
	r.Segments = manifest.SingleIndex{Resource: bases.resource(ref, manifest.Range{}), Number: 1, Start: p.Start, Duration: periodSpan(p)}
}

// periodSpan is the length of a period, 0 when unknown.
func periodSpan(p *manifest.Period) media.Span {
	if !p.End.Set {
		return 0
	}
	return p.End.T.Sub(p.Start)
}

// template handles SegmentTemplate.
func (b *builder) template(at place, p *manifest.Period, r *manifest.Representation, t *mpd.SegmentTemplateType, bases *origins) *unusable {
	b.timing(at, r, &t.SegmentBaseType)
	bandwidth := r.Bandwidth
	if t.Initialization != "" {
		init, stray, err := parseTemplate(t.Initialization, r.ID, bandwidth)
		if err != nil {
			return invalid("initialization %v", err)
		}
		b.stray(at, "initialization", stray)
		if init.varies() {
			return invalid("the initialization template has an identifier of segments")
		}
		if bad := b.init(r, bases, init.expand(0, 0, 0), ""); bad != nil {
			return bad
		}
	} else if bad := b.initElement(r, t.Initialization, t.SegmentBaseType.Initialization, bases); bad != nil {
		return bad
	}
	if t.Media == "" {
		return invalid("its SegmentTemplate has no media")
	}
	names, stray, err := parseTemplate(t.Media, r.ID, bandwidth)
	if err != nil {
		return templateProblem(err)
	}
	b.stray(at, "media", stray)
	sample := names.expand(maxTicks, maxTicks, math.MaxInt32)
	if err := bases.check(sample); err != nil {
		return invalid("media: %v", err)
	}
	r.Chunked = chunked(bases, &t.SegmentBaseType)
	if !names.varies() {
		if t.SegmentTimeline != nil && len(t.SegmentTimeline.S) > 1 || t.Duration != nil && p.End.Set && *t.Duration > 0 &&
			float64(*t.Duration)/float64(r.Timescale) < float64(periodSpan(p))-sliver {
			b.find(at, manifest.CodeInvalid, manifest.SeverityWarning, "", "media=%q names the same resource for every segment; it is taken as one segment", clip(t.Media))
		}
		b.single(p, r, bases, names.expand(0, 0, 0))
		return nil
	}
	tl, addressing, bad := b.timeline(at, p, r, &t.MultipleSegmentBaseType, names.sub, math.MaxInt)
	if bad != nil {
		return bad
	}
	r.Addressing = addressing
	x := &index{timeline: tl, names: templated{names}, bases: bases, timescale: r.Timescale, offset: r.OffsetTicks, start: p.Start,
		available: b.available(bases, &t.SegmentBaseType)}
	if addressing == manifest.Nominal {
		x.end, x.open = p.End, t.Duration != nil && t.EndNumber == nil
	}
	r.Segments = x
	return nil
}

func templateProblem(err error) *unusable {
	if strings.Contains(err.Error(), "width above") {
		return &unusable{manifest.CodeLimits, "media: " + err.Error()}
	}
	return invalid("media: %v", err)
}

func (b *builder) stray(at place, attr string, stray bool) {
	if stray {
		b.find(at, manifest.CodeInvalid, manifest.SeverityWarning, "write $$ for a dollar sign", "a single $ in the template %s", attr)
	}
}

// init sets the initialization segment.
func (b *builder) init(r *manifest.Representation, bases *origins, ref, part string) *unusable {
	rg, ok := parseRange(part)
	if !ok {
		return invalid("the range %q of the initialization segment is no byte range", clip(part))
	}
	if ref != "" {
		if err := bases.check(ref); err != nil {
			return invalid("initialization segment: %v", err)
		}
	}
	res := bases.resource(ref, rg)
	r.Init = &res
	return nil
}

// initElement sets the initialization segment from an Initialization element, if there is one that says anything.
func (b *builder) initElement(r *manifest.Representation, attr string, u *mpd.URLType, bases *origins) *unusable {
	if attr != "" || u == nil || u.SourceURL == "" && u.Range == "" {
		return nil
	}
	return b.init(r, bases, string(u.SourceURL), u.Range)
}

// list handles SegmentList.
func (b *builder) list(at place, p *manifest.Period, r *manifest.Representation, t *mpd.SegmentListType, bases *origins) *unusable {
	b.timing(at, r, &t.SegmentBaseType)
	if bad := b.initElement(r, "", t.Initialization, bases); bad != nil {
		return bad
	}
	n := len(t.SegmentURL)
	if n == 0 {
		return invalid("its SegmentList has no SegmentURL")
	}
	bad, checked := b.lists[t.SegmentURL[0]]
	if !checked {
		bad = checkList(t.SegmentURL, bases)
		b.lists[t.SegmentURL[0]] = bad
	}
	if bad != nil {
		return bad
	}
	r.Chunked = chunked(bases, &t.SegmentBaseType)
	if t.Duration == nil && t.SegmentTimeline == nil && n > 1 {
		if apart, _, bad := b.apart(&t.SegmentBaseType, bases); apart != nil || bad != nil {
			number := int64(1)
			if t.StartNumber != nil {
				number = int64(*t.StartNumber)
			}
			r.Addressing = manifest.Indexed
			r.Lazy = &lazyList{r.Init, apart, t.SegmentURL, bases, number, p.Start, r.Offset()}
			return bad
		}
		return invalid("its SegmentList has several segments but no duration")
	}
	tl, addressing, bad := b.timeline(at, p, r, &t.MultipleSegmentBaseType, false, n)
	if bad != nil {
		return bad
	}
	if have := tl.len(); have < n && !b.live {
		b.find(at, manifest.CodeDurationMismatch, manifest.SeverityWarning, "", "%d segments are listed, there is time for %d", n, have)
	}
	if t.SegmentTimeline == nil && p.End.Set && !b.live {
		last := tl.runs[len(tl.runs)-1]
		if short := float64(periodSpan(p)) - float64(last.end()-r.OffsetTicks)/float64(r.Timescale); short > durationTolerance+float64(last.d)/float64(r.Timescale) {
			b.find(at, manifest.CodeDurationMismatch, manifest.SeverityWarning, "", "the listed segments end %s s before the period", media.Span(short))
		}
	}
	if addressing == manifest.Nominal {
		addressing = manifest.Listed
	}
	r.Addressing = addressing
	x := &index{timeline: tl, names: listed(t.SegmentURL), bases: bases, timescale: r.Timescale, offset: r.OffsetTicks, start: p.Start,
		available: b.available(bases, &t.SegmentBaseType)}
	if addressing == manifest.Listed {
		x.end = p.End
	}
	r.Segments = x
	return nil
}

// checkList tries all entries of a list, so that none fails later. Whether a reference can be resolved does not
// depend on the base.
func checkList(list []*mpd.SegmentURLType, bases *origins) *unusable {
	for i, u := range list {
		if _, ok := parseRange(string(u.MediaRange)); !ok {
			return invalid("SegmentURL %d: mediaRange %q is no byte range", i, clip(string(u.MediaRange)))
		}
		if u.Media == "" {
			continue
		}
		if err := bases.check(string(u.Media)); err != nil {
			return invalid("SegmentURL %d: %v", i, err)
		}
	}
	return nil
}

// timeline derives the times of segments from a SegmentTimeline, from a constant duration, or, when there is
// neither, from the period, which then is one segment. At most limit segments result; a constant duration without
// a known end of the period gives exactly that many.
func (b *builder) timeline(at place, p *manifest.Period, r *manifest.Representation, t *mpd.MultipleSegmentBaseType, sequences bool, limit int) (*timeline, manifest.Addressing, *unusable) {
	number := int64(1)
	if t.StartNumber != nil {
		number = int64(*t.StartNumber)
	}
	if t.EndNumber != nil {
		if int64(*t.EndNumber) < number {
			return nil, 0, invalid("endNumber %d is below startNumber %d", *t.EndNumber, number)
		}
		limit = min(limit, int(int64(*t.EndNumber)-number)+1)
	}
	if t.SegmentTimeline != nil {
		tl, bad := b.explicit(at, p, r, t, number, sequences, limit)
		return tl, manifest.Explicit, bad
	}
	most := int64(maxSegments)
	if b.live {
		most = maxLiveSegments
	}
	k := 1
	if sequences && t.K != nil {
		k = int(min(*t.K, maxSegments))
	}
	one := run{n: 1, k: max(k, 1), t: r.OffsetTicks, number: number}
	if t.EptDelta != nil {
		one.t += int64(*t.EptDelta)
	}
	if t.Duration == nil {
		one.d = int64(math.Round(float64(periodSpan(p)) * float64(r.Timescale)))
		one.k = max(1, int(min(int64(one.k), one.d)))
		return &timeline{runs: []run{one}, sorted: true}, manifest.Nominal, nil
	}
	one.d = int64(*t.Duration)
	if one.d == 0 {
		return nil, 0, &unusable{manifest.CodeZeroDuration, "its segments last no time (duration=\"0\")"}
	}
	one.k = int(min(int64(one.k), one.d))
	one.n = limit
	if t.EndNumber == nil {
		switch {
		case p.End.Set:
			length := float64(periodSpan(p)) - float64(one.t-r.OffsetTicks)/float64(r.Timescale)
			n := max(1, math.Ceil((length-sliver)*float64(r.Timescale)/float64(one.d)))
			one.n = int(min(n, float64(limit), maxLiveSegments))
		case limit == math.MaxInt && b.live:
			one.n = maxLiveSegments
		case limit == math.MaxInt:
			return nil, 0, invalid("its segments cannot be counted: neither the period's end nor endNumber is known")
		}
	}
	if one.n > int(most)/one.k {
		if !b.live {
			b.find(at, manifest.CodeLimits, manifest.SeverityError, "", "more than %d segments; the rest is left out", most)
		}
		one.n = int(most) / one.k
	}
	one.n = max(1, int(min(int64(one.n), (maxTicks-one.t)/one.d)))
	return &timeline{runs: []run{one}, sorted: true}, manifest.Nominal, nil
}

// timelineKey identifies a timeline that several representations inherit.
type timelineKey struct {
	entries   *mpd.SegmentTimelineType
	timescale uint32
	offset    int64
	number    int64
	limit     int
	parts     int64
	period    int
}

// compiled is a timeline, or why there is none.
type compiled struct {
	tl  *timeline
	bad *unusable
}

// maxCompiled bounds the S elements that are looked at: representations may share a timeline and yet each count it
// differently.
const maxCompiled = 4 * maxEntries

// explicit compiles a SegmentTimeline, once for all representations that share it.
// ISO/IEC 23009-1 §5.3.9.6.
func (b *builder) explicit(at place, p *manifest.Period, r *manifest.Representation, t *mpd.MultipleSegmentBaseType, number int64, sequences bool, limit int) (*timeline, *unusable) {
	key := timelineKey{t.SegmentTimeline, r.Timescale, r.OffsetTicks, number, limit, parts(t, sequences), p.Index}
	if c, ok := b.timelines[key]; ok {
		return c.tl, c.bad
	}
	tl, bad := b.compile(at, p, r, t, number, sequences, limit)
	b.timelines[key] = compiled{tl, bad}
	return tl, bad
}

// parts is in how many parts segments come unless their S element says otherwise.
func parts(t *mpd.MultipleSegmentBaseType, sequences bool) int64 {
	if !sequences {
		return 0
	}
	if t.K == nil {
		return 1
	}
	return int64(max(1, min(*t.K, maxSegments)))
}

// compile turns S elements into a timeline.
func (b *builder) compile(at place, p *manifest.Period, r *manifest.Representation, t *mpd.MultipleSegmentBaseType, number int64, sequences bool, limit int) (*timeline, *unusable) {
	entries := t.SegmentTimeline.S
	if b.entries += len(entries); b.entries > maxCompiled {
		return nil, &unusable{manifest.CodeLimits, fmt.Sprintf("the SegmentTimelines of the document have more than %d entries in all", maxCompiled)}
	}
	c := compiler{b: b, at: at, timescale: float64(r.Timescale), end: int64(math.MaxInt64), tl: &timeline{sorted: true}, limit: limit,
		k: parts(t, sequences), most: maxSegments, patterns: map[uint64]*pattern{}}
	if b.live {
		c.most = maxLiveSegments
	}
	for _, t := range t.SegmentTimeline.Pattern {
		if p, bad := newPattern(t); bad == nil {
			c.patterns[t.Id] = p
		} else {
			b.find(at, bad.code, manifest.SeverityError, "", "a pattern of the SegmentTimeline is left out: %s", bad.why)
		}
	}
	if p.End.Set {
		if x := math.Ceil((float64(periodSpan(p))-sliver)*c.timescale) + float64(r.OffsetTicks); x < maxTicks {
			c.end, c.ends = int64(x), periodSpan(p)+r.Offset()
		}
	}
	for i, s := range entries {
		at := c.next
		if s.T != nil {
			at = int64(*s.T)
		}
		if s.N != nil && *s.N < maxTicks {
			number = int64(*s.N)
		}
		until := c.end
		if i+1 < len(entries) && entries[i+1].T != nil {
			until = int64(*entries[i+1].T)
		}
		number += c.entry(at, s, until, number)
		if c.bad != nil {
			return nil, c.bad
		}
	}
	c.conclude()
	if c.tl.len() == 0 && !(b.live && len(entries) == 0) { // a live period begins without any
		return nil, invalid("its SegmentTimeline names no segment within the period")
	}
	return c.tl, nil
}

// compiler turns S elements into runs and notes what is odd about them.
type compiler struct {
	b         *builder
	at        place
	timescale float64
	end       int64      // no segment begins here or later: the period's end without a sliver
	ends      media.Span // the period's end on the media timeline
	limit     int
	k, most   int64 // parts of a segment, 0 when there are none; entries at most
	patterns  map[uint64]*pattern
	tl        *timeline
	bad       *unusable

	next, longest          int64
	count, beyond          int // whole segments kept, left out behind the period's end
	gaps, overlaps         int
	firstGap, firstOverlap int64
}

// entry adds one S element and returns how many numbers it takes up.
func (c *compiler) entry(at int64, s *mpd.S, until, number int64) int64 {
	if at > maxTicks || at < -maxTicks {
		c.bad = &unusable{manifest.CodeLimits, "its SegmentTimeline goes beyond the times that can be counted"}
		return 0
	}
	row := run{first: c.tl.len(), n: 1, k: 1, t: at, d: int64(s.D), number: number}
	if s.P != nil {
		if row.pattern = c.patterns[uint64(*s.P)]; row.pattern == nil {
			c.bad = invalid("its SegmentTimeline uses the pattern %d, which is not there", *s.P)
			return 0
		}
		if s.PE != nil {
			row.phase = int64(*s.PE) % row.pattern.count
		}
		row.d = row.pattern.longest()
	}
	if row.d <= 0 {
		c.bad = &unusable{manifest.CodeZeroDuration, "a segment of its SegmentTimeline lasts no time"}
		return 0
	}
	c.judge(at)
	if c.k > 0 {
		row.k = int(c.k)
		if s.K != nil {
			row.k = int(max(1, min(*s.K, maxSegments)))
		}
		row.k = int(min(int64(row.k), row.shortest()))
	}
	n := int64(s.R) + 1
	endless := s.R < 0 && until == math.MaxInt64
	if endless && !c.b.live {
		c.bad = invalid("its SegmentTimeline repeats without an end (r=\"%d\")", s.R)
		return 0
	}
	switch {
	case endless:
		n = c.most / int64(row.k)
	case s.R < 0:
		// The remainder of the last segment counts as one more, unless it is rounding.
		n = max(1, row.before(until-int64(sliver*c.timescale)))
	}
	asked := n
	all := min(n, row.before(maxTicks))
	n = all
	if c.end != math.MaxInt64 {
		if fit := row.before(c.end); n > fit {
			c.beyond += int(min(n-fit, math.MaxInt32))
			n = fit
		}
	}
	n = min(n, int64(c.limit-c.count))
	if room := (c.most - int64(c.tl.len())) / int64(row.k); n > room || asked > c.most {
		n = min(n, room)
		if !endless {
			c.limits()
		}
	}
	if row.n = int(n); n > 0 {
		last := len(c.tl.runs) - 1
		if last >= 0 {
			if t, _ := c.tl.runs[last].place(int64(c.tl.runs[last].n) - 1); at < t {
				c.tl.sorted = false
			}
		}
		if last >= 0 && c.joins(last, row) {
			c.tl.runs[last].n += row.n
		} else {
			c.tl.runs = append(c.tl.runs, row)
		}
		c.count += row.n
	}
	c.longest = max(c.longest, row.d)
	row.n = int(max(all, 1))
	c.next = row.end()
	return all
}

// shortest is the shortest duration of a segment, which cannot have more parts than ticks.
func (r run) shortest() int64 {
	if r.pattern == nil {
		return r.d
	}
	d := r.d
	for _, e := range r.pattern.parts {
		d = min(d, e.d)
	}
	return d
}

// before is how many segments of a row without an end begin before t.
func (r run) before(t int64) int64 {
	if t <= r.t {
		return 0
	}
	if r.pattern == nil {
		return ceilDiv(t-r.t, r.d)
	}
	base, _ := r.pattern.at(r.phase)
	return r.pattern.find(float64(t-r.t-1)+float64(base)) - r.phase + 1
}

// newPattern compiles a Pattern element.
func newPattern(t *mpd.PatternType) (*pattern, *unusable) {
	p := &pattern{}
	for _, e := range t.P {
		n, d := int64(e.R)+1, int64(e.D)
		if d <= 0 || n > maxPatternLength/d || p.length > maxPatternLength-n*d {
			return nil, invalid("its segments last no time, or too long")
		}
		p.parts = append(p.parts, patternPart{p.count, p.length, n, d})
		p.count, p.length = p.count+n, p.length+n*d
	}
	if p.count == 0 {
		return nil, invalid("it has no segment")
	}
	return p, nil
}

// longest is the longest duration of a pattern.
func (p *pattern) longest() int64 {
	var d int64
	for _, e := range p.parts {
		d = max(d, e.d)
	}
	return d
}

// joins reports whether a row continues the last run without a seam.
func (c *compiler) joins(last int, row run) bool {
	r := c.tl.runs[last]
	return r.pattern == nil && row.pattern == nil && r.d == row.d && r.k == row.k && r.end() == row.t && r.number+int64(r.n) == row.number
}

// judge compares the start of an entry with the end of the one before.
func (c *compiler) judge(at int64) {
	if c.tl.len() == 0 {
		return
	}
	switch diff := float64(at-c.next) / c.timescale; {
	case diff > timelineJitter:
		if c.gaps == 0 {
			c.firstGap = c.next
		}
		c.gaps++
	case diff < -timelineJitter:
		if c.overlaps == 0 {
			c.firstOverlap = at
		}
		c.overlaps++
	}
}

func (c *compiler) limits() {
	if c.at.track != "" {
		c.b.find(c.at, manifest.CodeLimits, manifest.SeverityError, "", "the SegmentTimeline names more than %d segments; what lies behind is left out", c.most)
		c.at.track = "" // once
	}
}

// conclude reports what the whole timeline showed.
func (c *compiler) conclude() {
	seconds := func(ticks int64) media.Time { return media.Time(float64(ticks) / c.timescale) }
	if c.gaps > 0 {
		c.b.find(c.at, codeTimelineGap, manifest.SeverityWarning, "", "the SegmentTimeline leaves %s, the first at media time %s s", counted(c.gaps, "gap"), seconds(c.firstGap))
	}
	if c.overlaps > 0 {
		c.b.find(c.at, codeTimelineOverlap, manifest.SeverityWarning, "", "in the SegmentTimeline %s, the first at media time %s s",
			counted(c.overlaps, "entry overlaps its predecessor", "entries overlap their predecessors"), seconds(c.firstOverlap))
	}
	if c.end == math.MaxInt64 || c.tl.len() == 0 {
		return
	}
	switch slack := c.longest + int64(durationTolerance*c.timescale); {
	case c.beyond > 0 && c.next-c.end > int64(durationTolerance*c.timescale):
		c.b.find(c.at, manifest.CodeDurationMismatch, manifest.SeverityWarning, "", "the SegmentTimeline goes on to media time %s s, the period ends at %s s; %s left out",
			seconds(c.next), c.ends, counted(c.beyond, "segment is", "segments are"))
	case c.end-c.next > slack && c.count < c.limit && !c.b.live:
		c.b.find(c.at, manifest.CodeDurationMismatch, manifest.SeverityWarning, "", "the SegmentTimeline ends at media time %s s, the period at %s s",
			seconds(c.next), c.ends)
	}
}

// The codes for declared gaps and overlaps; what the media really holds is for those who read it.
const (
	codeTimelineGap     = "manifest.timeline-gap"
	codeTimelineOverlap = "manifest.timeline-overlap"
)

// counted writes a number with the word for it: one, or several.
func counted(n int, one string, many ...string) string {
	if n == 1 {
		return "1 " + one
	}
	if len(many) > 0 {
		return strconv.Itoa(n) + " " + many[0]
	}
	return strconv.Itoa(n) + " " + one + "s"
}

// ceilDiv is a/b rounded up, for b > 0.
func ceilDiv(a, b int64) int64 {
	q := a / b
	if a%b > 0 {
		q++
	}
	return q
}

// base handles SegmentBase.
func (b *builder) base(at place, p *manifest.Period, r *manifest.Representation, t *mpd.SegmentBaseType, bases *origins) *unusable {
	b.timing(at, r, t)
	if bad := b.initElement(r, "", t.Initialization, bases); bad != nil {
		return bad
	}
	indexRange, ok := parseRange(t.IndexRange)
	if !ok {
		return invalid("indexRange %q is no byte range", clip(t.IndexRange))
	}
	apart, rg, bad := b.apart(t, bases)
	if bad != nil {
		return bad
	}
	if apart == nil && indexRange.IsWhole() {
		indexRange = rg
	}
	c, _ := mime.ContainerOf(r.MIMEType)
	if c != mime.ISOBMFF && c != mime.WebM {
		// Without a reader for its index the file is one segment.
		if r.Init != nil && r.Init.URL == bases.resource("", manifest.Range{}).URL {
			r.Init = nil // the one segment begins with it
		}
		b.single(p, r, bases, "")
		return nil
	}
	r.Addressing = manifest.Indexed
	file := indexedFile{bases: bases, init: r.Init, at: indexRange, apart: apart, start: p.Start, end: p.End, offset: r.Offset()}
	if r.Lazy = (&lazyIndex{file}); c == mime.WebM {
		r.Lazy = &lazyCues{file}
	}
	return nil
}

// apart finds the index of a whole representation: a resource of its own, or else a range of the media.
func (b *builder) apart(t *mpd.SegmentBaseType, bases *origins) (*manifest.Resource, manifest.Range, *unusable) {
	x := t.RepresentationIndex
	if x == nil {
		return nil, manifest.Range{}, nil
	}
	rg, ok := parseRange(x.Range)
	if !ok {
		return nil, rg, invalid("the range %q of the RepresentationIndex is no byte range", clip(x.Range))
	}
	if x.SourceURL == "" {
		return nil, rg, nil
	}
	if err := bases.check(string(x.SourceURL)); err != nil {
		return nil, rg, invalid("RepresentationIndex: %v", err)
	}
	res := bases.resource(string(x.SourceURL), rg)
	return &res, manifest.Range{}, nil
}

// parseRange reads "first-last" or "first-", both bytes included; "" is the whole resource.
func parseRange(s string) (manifest.Range, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return manifest.Range{}, true
	}
	from, to, ok := strings.Cut(s, "-")
	a, err := strconv.ParseUint(strings.TrimSpace(from), 10, 62)
	if !ok || err != nil {
		return manifest.Range{}, false
	}
	if to = strings.TrimSpace(to); to == "" {
		return manifest.Range{Start: int64(a)}, true
	}
	z, err := strconv.ParseUint(to, 10, 62)
	if err != nil || z < a {
		return manifest.Range{}, false
	}
	return manifest.Range{Start: int64(a), End: int64(z) + 1}, true
}
