package dash

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/Eyevinn/dash-mpd/mpd"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/manifest"
)

// durationTolerance is how far two statements about the length of the presentation may differ without a finding,
// in seconds: authors round, and audio and video end some frames apart.
const durationTolerance = 0.1

// builder turns the library's tree into the model.
type builder struct {
	opts     Options
	doc      *document
	from     manifest.Base
	findings *manifest.Findings
	live     bool
	start    time.Time              // availabilityStartTime of a live presentation, zero when unknown
	prior    *manifest.Presentation // the version before, nil for none

	set  int                                   // adaptation sets met, over the whole document
	seen map[string]int                        // how often a track id was given out
	refs map[string]*mpd.ContentProtectionType // content protection descriptors by refId

	// What representations share is worked out once: a document of a few megabytes can have sixty thousand of them.
	timelines   map[timelineKey]compiled
	entries     int                               // S elements compiled
	lists       map[*mpd.SegmentURLType]*unusable // by the first entry
	codecs      map[string]error
	protections int  // descriptors converted
	combined    bool // that combinations of sets are passed over has been told
}

// place says where in the document something is.
type place struct {
	path, track, period string
}

func (b *builder) find(at place, code string, sev manifest.Severity, hint, format string, args ...any) {
	b.findings.Add(manifest.Finding{Code: code, Severity: sev, Message: fmt.Sprintf(format, args...), Hint: hint, Where: at.path, Track: at.track, Period: at.period})
}

func (b *builder) presentation() *manifest.Presentation {
	m, facts := &b.doc.tree, &b.doc.facts
	p := &manifest.Presentation{Format: manifest.DASH, URL: b.from.String(), MinBufferTime: facts.minBuffer.v, Profiles: string(m.Profiles)}
	if facts.duration.set {
		p.DeclaredDuration = media.Some(media.Time(facts.duration.v))
	}
	if len(m.ProgramInformation) > 0 {
		p.Title = strings.Join(strings.Fields(m.ProgramInformation[0].Title), " ")
	}
	dynamic := m.Type != nil && *m.Type == mpd.DYNAMIC_TYPE
	if m.Type != nil && !dynamic && *m.Type != mpd.STATIC_TYPE {
		b.find(place{path: "MPD"}, manifest.CodeInvalid, manifest.SeverityWarning, "", "type=%q is neither static nor dynamic; taken as static", clip(*m.Type))
	}
	b.essential(place{path: "MPD"}, m.EssentialProperties)
	b.collectProtection(m)
	p.Steering = b.steering(m)
	bounds := b.periodBounds(p.DeclaredDuration, dynamic)
	if n := len(bounds); n > 0 {
		p.Duration = bounds[n-1].end
	}
	b.start, _ = parseTime(string(m.AvailabilityStartTime))
	b.live = dynamic && !over(b.start, p.Duration, facts.minUpdate.set, b.opts.Now)
	if b.live {
		p.Live = b.describeLive(m)
	}

	top := &origins{list: b.resolveBases(place{path: "MPD"}, b.documentBases(m), m.BaseURL)}
	top.query = b.query(place{path: "MPD"}, params{}, forSegments, m.RequestParam, m.EssentialProperties, m.SupplementalProperties)
	ids := b.periodIDs(bounds)
	next := 0
	for i, per := range m.Periods {
		if next < len(bounds) && bounds[next].index == i {
			p.Periods = append(p.Periods, b.period(i, ids[next], per, bounds[next], top, m))
			next++
			continue
		}
		b.set += len(per.AdaptationSets)
	}
	return p
}

// bound is the place of one period on the presentation timeline.
type bound struct {
	index int
	start media.Time
	end   media.Opt
}

// periodBounds derives start and end of each period and leaves out those that last no time.
// ISO/IEC 23009-1 §5.3.2.1.
func (b *builder) periodBounds(total media.Opt, dynamic bool) []bound {
	facts := b.doc.facts.periods
	var out []bound
	prevEnd := media.Some(0)
	for i, f := range facts {
		at := place{path: fmt.Sprintf("Period[%d]", i), period: periodID(b.doc.tree.Periods[i], i)}
		start := prevEnd
		if f.start.set {
			start = media.Some(media.Time(f.start.v))
		}
		if !start.Set && dynamic {
			b.find(at, manifest.CodeInvalid, manifest.SeverityInfo, "", "the period has no start yet (early available); it is left out until it has one")
			continue
		}
		if !start.Set {
			b.find(at, manifest.CodeInvalid, manifest.SeverityError, "give the period a start, or its predecessor a duration",
				"where the period starts cannot be told; it is left out")
			continue
		}
		var end media.Opt
		if f.duration.set {
			end = media.Some(start.T.Add(f.duration.v))
		}
		last := i == len(facts)-1
		if next, ok := nextStart(facts[i+1:], start.T); ok {
			if end.Set && math.Abs(float64(next-end.T)) > durationTolerance {
				b.find(at, manifest.CodeDurationMismatch, manifest.SeverityWarning, "",
					"the period's duration ends it at %s s, the next period starts at %s s", end.T, next)
			}
			if !end.Set || next < end.T {
				end = media.Some(next)
			}
		}
		if last {
			end = b.lastEnd(at, end, total)
		}
		prevEnd = end
		if end.Set && end.T <= start.T {
			b.find(at, manifest.CodeZeroDuration, manifest.SeverityError, "remove the period or give it time",
				"the period lasts from %s s to %s s; it is left out", start.T, end.T)
			prevEnd = start
			continue
		}
		if !end.Set && !last && !dynamic {
			b.find(at, manifest.CodeInvalid, manifest.SeverityError, "give the period a duration", "where the period ends cannot be told")
		}
		if n := len(out); n > 0 && start.T < out[n-1].start {
			b.find(at, manifest.CodeInvalid, manifest.SeverityError, "", "the period starts at %s s, before its predecessor; it is left out", start.T)
			prevEnd = out[n-1].end
			continue
		}
		out = append(out, bound{i, start.T, end})
	}
	return out
}

// nextStart returns the start of the period that follows one starting at t. Periods that go back in time are
// passed over: they are the ones that are wrong.
func nextStart(following []periodFacts, t media.Time) (media.Time, bool) {
	for _, f := range following {
		if !f.start.set {
			return 0, false
		}
		if next := media.Time(f.start.v); next >= t {
			return next, true
		}
	}
	return 0, false
}

// lastEnd reconciles the last period's own end with the presentation's declared duration.
func (b *builder) lastEnd(at place, end, total media.Opt) media.Opt {
	switch {
	case !end.Set:
		return total
	case total.Set && math.Abs(float64(end.T-total.T)) > durationTolerance:
		b.find(at, manifest.CodeDurationMismatch, manifest.SeverityWarning, "make mediaPresentationDuration the end of the last period",
			"the periods end at %s s, mediaPresentationDuration says %s s", end.T, total.T)
	}
	return end
}

func periodID(p *mpd.Period, i int) string {
	if p.Id != "" {
		return p.Id
	}
	return strconv.Itoa(i)
}

// periodIDs names the periods. Those without an id of their own keep, from one version of a live presentation to the
// next, the name of the period that began at the same time.
func (b *builder) periodIDs(bounds []bound) []string {
	ids, taken := make([]string, len(bounds)), map[string]bool{}
	for n, bd := range bounds {
		if ids[n] = b.doc.tree.Periods[bd.index].Id; ids[n] != "" {
			taken[ids[n]] = true
		}
	}
	for n, bd := range bounds {
		if ids[n] == "" && b.prior != nil {
			for _, old := range b.prior.Periods {
				if !taken[old.ID] && math.Abs(float64(old.Start-bd.start)) < sliver {
					ids[n], taken[old.ID] = old.ID, true
					break
				}
			}
		}
	}
	if b.prior != nil { // no new period takes the name of one that is gone
		for _, old := range b.prior.Periods {
			taken[old.ID] = true
		}
	}
	for n, bd := range bounds {
		if ids[n] != "" {
			continue
		}
		ids[n] = strconv.Itoa(bd.index)
		for i := bd.index + 1; taken[ids[n]] && i <= bd.index+2*maxPeriods; i++ {
			ids[n] = strconv.Itoa(i)
		}
		taken[ids[n]] = true
	}
	return ids
}

func (b *builder) period(i int, id string, per *mpd.Period, bd bound, above *origins, m *mpd.MPD) *manifest.Period {
	p := &manifest.Period{ID: id, Index: i, Start: bd.start, End: bd.end, Preselections: preselections(per.Preselections)}
	at := place{path: fmt.Sprintf("Period[%s]", p.ID), period: p.ID}
	p.Events = b.doc.facts.periods[i].events(p.Start)
	bases := &origins{b.resolveBases(at, above.list, per.BaseURLs), b.query(at, above.query, forSegments, per.RequestParam, per.SupplementalProperties)}
	var protection []*mpd.ContentProtectionType
	for _, cp := range append(m.ContentProtection[:len(m.ContentProtection):len(m.ContentProtection)], per.ContentProtections...) {
		if cp.RefId == "" { // one with a refId is there to be referred to
			protection = append(protection, cp)
		}
	}
	for j, as := range per.AdaptationSets {
		facts := b.doc.facts.sets[b.set]
		b.set++
		if set := b.adaptationSet(at, p, j, per, as, facts, bases, protection); set != nil {
			p.Sets = append(p.Sets, set)
		}
	}
	b.combine(at, p)
	if len(p.Sets) == 0 {
		b.find(at, manifest.CodeInvalid, manifest.SeverityWarning, "", "the period has no adaptation set that can be used")
	}
	return p
}

func (b *builder) adaptationSet(at place, p *manifest.Period, j int, per *mpd.Period, as *mpd.AdaptationSetType, facts setFacts,
	above *origins, protection []*mpd.ContentProtectionType) *manifest.AdaptationSet {
	s := &manifest.AdaptationSet{ID: facts.id, Index: j, Lang: language(as.Lang), Group: -1, Priority: 1,
		Roles: descriptors(as.Roles), Accessibility: descriptors(as.Accessibilities), Viewpoints: descriptors(as.Viewpoints),
		Essential: descriptors(as.EssentialProperties), Extra: descriptors(as.SupplementalProperties)}
	if s.ID == "" {
		s.ID = strconv.Itoa(j)
	}
	at.path += fmt.Sprintf("/AdaptationSet[%s]", s.ID)
	if g, err := strconv.Atoi(facts.group); err == nil {
		s.Group = g
	}
	if as.SelectionPriority != nil {
		s.Priority = int(*as.SelectionPriority)
	}
	if len(as.Labels) > 0 {
		s.Label = strings.TrimSpace(as.Labels[0].Value)
	}
	s.Kind = b.setKind(as)
	for _, c := range as.ContentComponents {
		if s.Lang == "" {
			s.Lang = language(c.Lang)
		}
		s.Roles = append(s.Roles, descriptors(c.Roles)...)
		s.Accessibility = append(s.Accessibility, descriptors(c.Accessibilities)...)
	}
	if !b.essential(at, as.EssentialProperties) {
		return nil
	}
	applyProperties(s, s.Essential)
	applyProperties(s, s.Extra)
	s.Inband = inband(s.Inband, as.InbandEventStreams)
	s.Forced = s.HasRole("forced-subtitle") || s.HasRole("forced_subtitle")
	s.Default = s.HasRole("main")
	protection = append(protection[:len(protection):len(protection)], as.ContentProtections...)
	s.Protection = b.protection(protection)
	bases := &origins{b.resolveBases(at, above.list, as.BaseURLs), b.query(at, above.query, forSegments, as.RequestParam, as.EssentialProperties, as.SupplementalProperties)}
	for k, rep := range as.Representations {
		lv := levels{period: per, set: as, rep: rep}
		if r := b.representation(at, p, s, k, lv, bases, protection); r != nil {
			s.Representations = append(s.Representations, r)
		}
	}
	if len(s.Representations) == 0 {
		b.find(at, manifest.CodeInvalid, manifest.SeverityWarning, "", "the adaptation set has no representation that can be used")
		return nil
	}
	if s.Kind == 0 {
		s.Kind = s.Representations[0].Kind
	}
	return s
}

// setKind derives what a set carries from what it says itself; 0 when only its representations tell.
func (b *builder) setKind(as *mpd.AdaptationSetType) manifest.Kind {
	if k := kindOf(string(as.ContentType), as.MimeType, as.Codecs); k != 0 {
		return k
	}
	var kind manifest.Kind
	for _, c := range as.ContentComponents {
		// A set with several components is multiplexed: video decides.
		if k := kindOf(string(c.ContentType), "", ""); kind == 0 || k == manifest.Video {
			kind = k
		}
	}
	return kind
}

var kindNames = map[string]manifest.Kind{"video": manifest.Video, "audio": manifest.Audio, "text": manifest.Text, "image": manifest.Image}

// kindOf derives the kind of content from type attributes, the most telling first; 0 when they do not tell.
func kindOf(contentType, mimeType, codecs string) manifest.Kind {
	if k := kindNames[strings.ToLower(contentType)]; k != 0 {
		return k
	}
	mimeType = strings.ToLower(mimeType)
	top, _, _ := strings.Cut(mimeType, "/")
	if k := kindNames[top]; k != 0 {
		return k
	}
	if list, _ := mime.ParseCodecs(codecs); len(list) > 0 {
		for _, c := range list {
			if c.Kind == media.Video {
				return manifest.Video
			}
		}
		return manifest.Kind(list[0].Kind)
	}
	if mimeType == "application/ttml+xml" {
		return manifest.Text
	}
	return 0
}

// levels are the three elements that a representation inherits from.
type levels struct {
	period *mpd.Period
	set    *mpd.AdaptationSetType
	rep    *mpd.RepresentationType
}

func (b *builder) representation(at place, p *manifest.Period, s *manifest.AdaptationSet, k int, lv levels, above *origins,
	protection []*mpd.ContentProtectionType) *manifest.Representation {
	rep, as := lv.rep, lv.set
	r := &manifest.Representation{ID: rep.Id, Index: k, Bandwidth: int64(rep.Bandwidth), QualityRanking: -1, Priority: s.Priority, Timescale: 1,
		MIMEType: strings.ToLower(strings.TrimSpace(first(rep.MimeType, as.MimeType))), Codecs: first(rep.Codecs, as.Codecs),
		SupplementalCodecs: string(first(rep.SCTE214SupplementalCodecs, as.SCTE214SupplementalCodecs)),
		Width:              int(first(rep.Width, as.Width)), Height: int(first(rep.Height, as.Height)),
		FrameRate: frameRate(string(first(rep.FrameRate, as.FrameRate))), SAR: ratio(string(first(rep.Sar, as.Sar))),
		Essential: descriptors(rep.EssentialProperties), Extra: descriptors(rep.SupplementalProperties)}
	if r.ID == "" {
		r.ID = strconv.Itoa(k)
	}
	r.TrackID = manifest.TrackID(p.ID, s.ID, r.ID)
	at.path += fmt.Sprintf("/Representation[%s]", r.ID)
	if b.seen[r.TrackID]++; b.seen[r.TrackID] > 1 {
		b.find(at, manifest.CodeInvalid, manifest.SeverityWarning, "give each representation of a period its own id",
			"the name %s is taken by another representation", r.TrackID)
		r.TrackID = b.uniqueID(r.TrackID)
	}
	at.track = r.TrackID
	if rep.QualityRanking != nil {
		r.QualityRanking = int(*rep.QualityRanking)
	}
	if rep.SelectionPriority != nil {
		r.Priority = int(*rep.SelectionPriority)
	}
	if rate := first(rep.AudioSamplingRate, as.AudioSamplingRate); rate != nil {
		r.SampleRate = lastInt(string(*rate))
	}
	r.Channels = channels(rep.AudioChannelConfigurations)
	if r.Channels == 0 {
		r.Channels = channels(as.AudioChannelConfigurations)
	}
	r.Protection = s.Protection
	if len(rep.ContentProtections) > 0 {
		r.Protection = b.protection(append(protection[:len(protection):len(protection)], rep.ContentProtections...))
	}
	if !b.essential(at, rep.EssentialProperties) {
		return nil
	}
	applyProperties(s, r.Essential)
	b.types(at, s, r)
	s.Inband = inband(s.Inband, rep.InbandEventStreams)
	bases := &origins{b.resolveBases(at, above.list, rep.BaseURLs), b.query(at, above.query, forSegments, rep.RequestParam, rep.EssentialProperties, rep.SupplementalProperties)}
	bad := b.segments(at, p, r, lv, bases)
	r.Produced = append(producerTimes(as.ProducerReferenceTimes, p, r), producerTimes(rep.ProducerReferenceTimes, p, r)...)
	for _, list := range [][]*mpd.ResyncType{as.Resyncs, rep.Resyncs} {
		for _, sync := range list {
			if sync.DT != nil {
				r.ResyncEvery = media.SpanFromTicks(int64(*sync.DT), r.Timescale)
			}
		}
	}
	if rep.DependencyId != nil && strings.TrimSpace(string(*rep.DependencyId)) != "" {
		bad = &unusable{manifest.CodeInvalid, "it depends on other representations"}
	}
	if bad != nil {
		r.Segments, r.Lazy, r.Addressing, r.Unusable = nil, nil, 0, bad.why
		b.find(at, bad.code, manifest.SeverityError, "", "the representation cannot be used: %s", bad.why)
	}
	return r
}

// types settles kind, MIME type and codecs of a representation.
func (b *builder) types(at place, s *manifest.AdaptationSet, r *manifest.Representation) {
	r.Kind = s.Kind
	if r.Kind == 0 {
		r.Kind = kindOf("", r.MIMEType, r.Codecs)
	}
	if r.MIMEType == "" {
		b.find(at, manifest.CodeInvalid, manifest.SeverityWarning, "add a mimeType", "no mimeType; MP4 is assumed")
		r.MIMEType = "video/mp4"
		if r.Kind == manifest.Audio {
			r.MIMEType = "audio/mp4"
		}
		if r.Kind == manifest.Text {
			r.MIMEType = "application/mp4"
		}
	}
	if r.Kind == 0 {
		b.find(at, manifest.CodeInvalid, manifest.SeverityWarning, "add a contentType", "whether this is video, audio or text cannot be told")
	}
	list := r.Codecs
	if fields := strings.Fields(list); len(fields) > 1 && !strings.Contains(list, ",") {
		b.find(at, manifest.CodeInvalid, manifest.SeverityWarning, "separate codecs by commas", "codecs=%q is separated by spaces", clip(list))
		list = strings.Join(fields, ",")
	}
	r.Codecs = strings.TrimSpace(list)
	err, known := b.codecs[r.Codecs]
	if !known {
		_, err = mime.ParseCodecs(r.Codecs)
		b.codecs[r.Codecs] = err
	}
	if err != nil {
		code, sev := manifest.CodeInvalid, manifest.SeverityWarning
		if !isMalformed(err) {
			code, sev = manifest.CodeCodecUnsupported, manifest.SeverityError
		}
		b.find(at, code, sev, "", "codecs=%q: %v", clip(r.Codecs), err)
	}
}

// uniqueID appends a counter to a name that is taken.
func (b *builder) uniqueID(id string) string {
	for n := b.seen[id]; ; n++ {
		u := fmt.Sprintf("%s#%d", id, n)
		if b.seen[u] == 0 {
			b.seen[u], b.seen[id] = 1, n
			return u
		}
	}
}

// first returns a, or b when a is the zero value.
func first[T comparable](a, b T) T {
	var zero T
	if a != zero {
		return a
	}
	return b
}

// language drops the tags that say that the language is not known.
func language(tag string) string {
	tag = strings.TrimSpace(tag)
	if strings.EqualFold(tag, "und") {
		return ""
	}
	return tag
}

func descriptors(in []*mpd.DescriptorType) []manifest.Descriptor {
	var out []manifest.Descriptor
	for _, d := range in {
		out = append(out, manifest.Descriptor{Scheme: string(d.SchemeIdUri), Value: d.Value, ID: d.Id})
	}
	return out
}

// frameRate reads "25", "30000/1001" and the decimal "29.97" that some authors write.
func frameRate(s string) manifest.Rational {
	num, den, slash := strings.Cut(strings.TrimSpace(s), "/")
	d := int64(1)
	if slash {
		var err error
		if d, err = strconv.ParseInt(den, 10, 32); err != nil || d <= 0 {
			return manifest.Rational{}
		}
	}
	if whole, frac, dotted := strings.Cut(num, "."); dotted && len(frac) <= 6 {
		num = whole + frac
		for range frac {
			d *= 10
		}
	}
	n, err := strconv.ParseInt(num, 10, 48)
	if err != nil || n <= 0 {
		return manifest.Rational{}
	}
	return manifest.Rational{Num: n, Den: d}
}

// ratio reads "16:9".
func ratio(s string) manifest.Rational {
	num, den, ok := strings.Cut(strings.TrimSpace(s), ":")
	n, err1 := strconv.ParseInt(num, 10, 32)
	d, err2 := strconv.ParseInt(den, 10, 32)
	if !ok || err1 != nil || err2 != nil || n <= 0 || d <= 0 {
		return manifest.Rational{}
	}
	return manifest.Rational{Num: n, Den: d}
}

// lastInt reads the last number of a list: a range of sampling rates gives its upper end.
func lastInt(list string) int {
	f := strings.Fields(list)
	if len(f) == 0 {
		return 0
	}
	n, err := strconv.ParseUint(f[len(f)-1], 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}
