package check

import (
	"fmt"
	"math"
	"slices"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/manifest"
)

const (
	// exactTolerance is how far a segment may be from where a manifest says whose times are exact, in seconds; more where
	// frames are longer.
	exactTolerance media.Span = 0.1
	// indexTolerance is the same for a segment index, some of which do not count pictures that precede a key frame.
	indexTolerance media.Span = 0.2
	// scaleTolerance is by which part the times of a manifest may be out of proportion before another timescale is meant.
	scaleTolerance = 0.1
	// playlistTolerance is how much longer or shorter than a playlist says a segment may be, in seconds: whole seconds are
	// allowed, and the end of a transport stream's last frame is a guess.
	playlistTolerance media.Span = 0.75
	// maxLooked bounds how many segments all others are compared with.
	maxLooked = 1000
	// maxDrift is by how much sound may be later or earlier than its frames say, in seconds, before it is noticed.
	maxDrift media.Span = 0.05
)

// timing compares the segments of one stream with the manifest.
type timing struct {
	t      *segmentTask
	s      *stream
	make   func(code, message string) Finding
	list   []placed
	frame  media.Span // what counts as one after the other
	exact  bool
	skewed bool // the whole list is out of proportion
	looked int  // how often all segments were looked at for the sake of one
}

// judgeTimeline compares where the segments of a stream are with where the manifest says, and with each other.
func (t *segmentTask) judgeTimeline(s *stream, make func(code, message string) Finding) {
	if s.info.Kind == media.Text || t.pictures || t.source.Presentation.Format == manifest.File {
		return
	}
	j := timing{t: t, s: s, make: make, frame: s.cover.tolerance()}
	a := t.rep.Addressing
	j.exact = !t.rep.Floating && (a == manifest.Explicit || a == manifest.Indexed)
	for _, p := range s.placed() {
		if !t.spoiled[p.index] && p.declared.Start.IsFinite() {
			j.list = append(j.list, p)
		}
	}
	if len(j.list) == 0 || a == manifest.Single {
		return
	}
	if a == manifest.Indexed {
		j.index()
		return
	}
	if j.proportion(); j.skewed {
		return
	}
	j.places()
	j.lengths()
}

// tolerance is how far a segment may be from its place.
func (j *timing) tolerance(p *placed) media.Span {
	switch d := p.declared.Len(); {
	case j.exact:
		return max(exactTolerance, j.frame)
	case j.t.rep.Floating:
		return max(playlistTolerance, d/2) + j.frame
	default: // ISO/IEC 23009-1 §7.2.1: half of the duration
		return d/2 + j.frame
	}
}

// at makes a finding about a segment.
func (j *timing) at(code string, p *placed, message string) Finding {
	f := j.make(code, fmt.Sprintf("segment %d: %s", p.number, message))
	f.Segment, f.Time, f.Evidence = p.place(), Seconds(p.declared.Start), p.evidence()
	return f
}

// say adds a finding about a segment; other findings about the same time are its consequence.
func (j *timing) say(f Finding, p *placed) {
	j.t.blame(p.place(), p.declared, f.Code, f.Message)
	j.t.found.add(f)
}

// proportion finds that all segments are longer or shorter than the manifest says by the same factor.
func (j *timing) proportion() {
	n := len(j.list)
	if n < 3 || j.t.rep.Floating {
		return
	}
	first, last := &j.list[0], &j.list[n-1]
	said, is := float64(last.declared.Start.Sub(first.declared.Start)), float64(last.at.Start.Sub(first.at.Start))
	if said <= 0 || is <= 0 {
		return
	}
	slope := is / said
	for i := range j.list {
		p := &j.list[i]
		at := float64(first.at.Start) + slope*float64(p.declared.Start.Sub(first.declared.Start))
		if math.Abs(float64(p.at.Start)-at) > float64(j.frame)+max(float64(exactTolerance), slope*float64(p.declared.Len())/4) {
			return
		}
	}
	length := 0.0 // by which segments are longer than the manifest says
	for i := range j.list {
		length += float64(j.list[i].at.Len() / max(j.list[i].declared.Len(), rounding))
	}
	length /= float64(n)
	off := math.Abs(slope-1) * said
	if math.Abs(slope-1) >= scaleTolerance && math.Abs(length-slope) > math.Abs(slope-1)/2 {
		return
	}
	if off <= 2*float64(j.tolerance(first)) && (math.Abs(slope-1) < scaleTolerance || off <= float64(j.tolerance(first))) {
		return
	}
	j.skewed = true
	f := j.at(codeDrift, last, fmt.Sprintf("the media drifts away from the manifest, here by %+.3f s", is-said))
	f.Hint = "write the true duration of the segments, or list them in a SegmentTimeline"
	if math.Abs(slope-1) >= scaleTolerance {
		f = j.at(codeTimescale, first, fmt.Sprintf("the segments are %.3g times as long as the manifest says: %.3f s instead of %.3f s", slope, float64(first.at.Len()), float64(first.declared.Len())))
		f.Hint = "compare @timescale with @duration or with the times of the SegmentTimeline"
		f.Evidence["manifestTimescale"] = j.t.rep.Timescale
		if c := j.s.info.Config; c != nil && c.Timescale > 0 {
			f.Evidence["mediaTimescale"] = c.Timescale
		}
	}
	f.Evidence["factor"] = math.Round(slope*1e6) / 1e6
	j.t.found.add(f)
	// What the manifest lists behind the end of the media is not missing but never was.
	end := float64(last.at.End)
	for i := range j.t.found.list {
		x := &j.t.found.list[i]
		if x.Code == codeMissing && x.Time.Known() && x.Severity != manifest.SeverityInfo && float64(first.at.Start)+slope*float64(media.Time(x.Time).Sub(first.declared.Start)) >= end-float64(j.frame)-float64(exactTolerance) {
			x.Severity = manifest.SeverityInfo
			x.Message += ", because the media ends here: the times of the manifest are out of proportion"
			x.Evidence["cause"] = f.Code
		}
	}
}

// base is by how much the whole track is away from the manifest: as much as the first segment if another one agrees, else
// as much as most of them, and the least where that leaves a choice.
func (j *timing) base() media.Span {
	devs := make([]media.Span, len(j.list))
	tol, like := j.tolerance(&j.list[0]), 0
	for i := range j.list {
		if devs[i] = j.list[i].dev(); (devs[i] - devs[0]).Abs() <= tol {
			like++
		}
	}
	if like > 1 || len(devs) == 1 {
		return devs[0]
	}
	slices.Sort(devs)
	best, most, to := devs[0], 0, 0
	for from := range devs {
		for to < len(devs) && devs[to]-devs[from] <= tol {
			to++
		}
		if n, mid := to-from, devs[(from+to-1)/2]; n > most || n == most && mid.Abs() < best.Abs() {
			best, most = mid, n
		}
	}
	return best
}

// places looks for segments that are not where they belong.
func (j *timing) places() {
	base := j.base()
	if first := &j.list[0]; base.Abs() > j.tolerance(first) && !j.t.rep.Floating && j.t.source.Presentation.Live == nil {
		j.shifted(first, base)
	}
	type key struct {
		sum   uint32
		bytes int64
		part  *part
	}
	had := map[key]*placed{}
	var prev *placed // the last one that is in order
	for i := range j.list {
		p := &j.list[i]
		if prev != nil && j.t.rep.Floating {
			if base = prev.dev(); p.part != prev.part {
				base = p.dev()
			}
		}
		x, tol := p.dev()-base, j.tolerance(p)
		k := key{p.sum, p.bytes, p.part}
		var other *placed
		if x.Abs() > tol {
			other = j.belongs(p, base)
		}
		switch twin := had[k]; {
		case twin != nil && p.bytes > 0 && p.first.Sub(twin.first).Abs() <= maxQuiet:
			f := j.at(codeDuplicate, p, fmt.Sprintf("it has the same %d bytes as segment %d, and so the same times", p.bytes, twin.number))
			f.Hint = "publish the media that belongs here"
			f.Evidence["other"] = twin.evidence()
			j.say(f, p)
			continue
		case x.Abs() <= tol:
		case j.t.rep.Floating && prev != nil && p.index == prev.index+1 && (x-(prev.at.Len()-prev.declared.Len())).Abs() <= j.frame:
			// The one before has another length than the playlist says, which is compared by itself.
		case j.reset(i, prev, base):
			f := j.at(codeReset, p, fmt.Sprintf("the times of the media jump back from %s to %s, and stay behind", prev.at.End.Clock(), p.at.Start.Clock()))
			f.Hint = "let decode times rise over the whole period, or begin a new period"
			f.Evidence["jumpMs"] = millis(float64(p.at.Start.Sub(prev.at.End)))
			for k := i + 1; k < len(j.list) && j.list[k].part == p.part; k++ {
				j.t.blame(j.list[k].place(), j.list[k].declared, codeReset, f.Message)
			}
			j.say(f, p)
			return
		case other != nil:
			f := j.at(codeOutOfOrder, p, fmt.Sprintf("it holds the media of %s, where segment %d belongs", p.at.Start.Clock(), other.number))
			f.Hint = "exchange the segments"
			j.say(f, p)
			continue
		default:
			if j.t.rep.Floating && prev != nil && p.index != prev.index+1 {
				break // a playlist only says how long the segments before are
			}
			stays := i+1 == len(j.list) || (j.list[i+1].dev()-p.dev()).Abs() <= tol
			switch lapped := prev != nil && j.common(prev, p) > j.frame; {
			case lapped && x < 0:
				j.overlap(prev, p, base)
			case prev == nil || p.at.Start.Sub(prev.at.End) <= j.frame || !stays: // else the gap says so
				f := j.at(codeTimeline, p, fmt.Sprintf("it begins at %s, the manifest says %s", p.at.Start.Clock(), p.declared.Start.Add(base).Clock()))
				f.Hint = "make the decode times those of the manifest"
				f.Evidence["offsetMs"] = millis(float64(x))
				if x.Abs() < p.declared.Len()/2 || j.t.rep.Floating {
					f.Severity = manifest.SeverityWarning
				}
				if stays {
					j.t.found.add(f)
				} else {
					j.say(f, p)
				}
			}
			if !stays {
				continue
			}
			base = p.dev()
			had[k], prev = p, p
			continue
		}
		had[k] = p
		j.overlap(prev, p, base)
		prev = p
	}
}

// shifted reports a track that is away from the manifest as a whole, unless it begins late: that is a start offset.
func (j *timing) shifted(first *placed, base media.Span) {
	start := j.t.choice.Period.Start
	if first.at.Start.Sub(start) > startTolerance && first.declared.Start.Sub(start) <= exactTolerance {
		return
	}
	f := j.at(codeTimeline, first, fmt.Sprintf("the whole track is %+.3f s away from where the manifest says", float64(base)))
	f.Hint = "check presentationTimeOffset"
	if d := first.declared.Len(); d > 0 && j.t.rep.Addressing == manifest.Nominal {
		if k := math.Round(float64(base / d)); k != 0 && math.Abs(float64(base/d)-k) < 0.1 {
			f.Hint = Text(fmt.Sprintf("check startNumber, which seems to be %+d off, or presentationTimeOffset", int(k)))
		}
	}
	f.Evidence["offsetMs"] = millis(float64(base))
	j.t.found.add(f)
}

// reset reports whether the times go back at segment i by more than a segment and stay behind: for good, or for some.
func (j *timing) reset(i int, prev *placed, base media.Span) bool {
	const some = 3
	p := &j.list[i]
	if prev == nil || p.part != prev.part || p.at.Start > prev.at.Start.Add(rounding) {
		return false
	}
	if j.looked++; j.looked > maxLooked {
		return false
	}
	n := 0
	for k := i; k < len(j.list) && j.list[k].part == p.part; k++ {
		if q := &j.list[k]; q.dev()-base >= -j.tolerance(q) {
			return n >= some
		}
		n++
	}
	return n > 1 || p.at.Start <= j.list[0].at.Start.Add(j.frame)
}

// belongs returns the segment in whose place p is by its times, which is not there itself.
func (j *timing) belongs(p *placed, base media.Span) *placed {
	if j.looked++; j.looked > maxLooked {
		return nil
	}
	for i := range j.list {
		q := &j.list[i]
		tol := min(j.tolerance(q), max(exactTolerance, j.frame, q.declared.Len()/4))
		if q.index != p.index && q.part == p.part && p.at.Start.Sub(q.declared.Start.Add(base)).Abs() <= tol && (q.dev()-base).Abs() > tol {
			return q
		}
	}
	return nil
}

// common is how long two segments are presented at the same time. The pictures at a cut between two random access points
// are out of order: those of both segments take turns, and what they last together shows how many are presented twice.
func (j *timing) common(a, b *placed) media.Span {
	common := min(a.at.End, b.at.End).Sub(max(a.at.Start, b.at.Start))
	if b.key && b.leading == 0 || common <= 0 {
		return common
	}
	return min(common, a.length+b.length-max(a.at.End, b.at.End).Sub(min(a.at.Start, b.at.Start)))
}

// overlap reports that a segment is presented in part at the same time as the one before.
func (j *timing) overlap(prev, p *placed, base media.Span) {
	if prev == nil || p.part != prev.part {
		return
	}
	common := j.common(prev, p)
	if common <= j.frame {
		return
	}
	moved := p // which of them is not where it belongs
	if (prev.dev() - base).Abs() > (p.dev() - base).Abs() {
		moved = prev
	}
	f := j.at(codeOverlap, p, fmt.Sprintf("its first %.3f s are presented at the same time as the end of segment %d", float64(common), prev.number))
	f.Time = Seconds(max(prev.at.Start, p.at.Start))
	f.Hint = "make each segment begin where the one before ends"
	f.Evidence["overlapMs"], f.Evidence["before"] = millis(float64(common)), prev.evidence()
	j.t.found.add(f)
	j.t.blame(moved.place(), moved.declared, codeOverlap, f.Message)
}

// lengths compares how long segments are with what the manifest says, in one finding for the track.
func (j *timing) lengths() {
	var all []float64
	var odd strays
	for i := range j.list {
		p := &j.list[i]
		d := p.declared.Len()
		if d <= 0 || j.t.spoiled[p.index] {
			continue
		}
		all = append(all, float64(p.at.Len()))
		last := i == len(j.list)-1
		off := p.at.Len() - d
		var tol media.Span
		switch {
		case j.t.rep.Floating:
			tol = max(playlistTolerance, d/2)
		case j.exact:
			tol = max(exactTolerance, d/20)
		default:
			tol = d / 2
		}
		if last && !j.exact && off < 0 { // the last one may be shorter
			continue
		}
		if off.Abs() > tol+j.frame {
			odd.add(p, off)
		}
	}
	first := odd.first
	if first == nil {
		return
	}
	f := j.at(codeDeviates, first, fmt.Sprintf("it lasts %.3f s, the manifest says %.3f s", float64(first.at.Len()), float64(first.declared.Len())))
	if odd.count > 1 {
		f.Message += fmt.Sprintf("; %d of %d segments deviate too much", odd.count, len(all))
	}
	f.Hint = "write the true durations, or let segments begin where the manifest says"
	for k, v := range histogram(all) {
		f.Evidence[k] = v
	}
	odd.describe(&f)
	j.t.found.add(f)
}

// strays are the segments of a track that are not where or as long as they should be.
type strays struct {
	first *placed
	count int
	worst float64 // in seconds
}

func (s *strays) add(p *placed, off media.Span) {
	if s.count++; s.first == nil {
		s.first = p
	}
	s.worst = max(s.worst, math.Abs(float64(off)))
}

// describe adds to the evidence of a finding how many there are, and how far the worst one is off.
func (s *strays) describe(f *Finding) {
	f.Evidence["count"], f.Evidence["worstMs"] = s.count, millis(s.worst)
}

// histogram describes lengths in seconds: how many there are, their extremes and mean, and how they are distributed.
func histogram(all []float64) map[string]any {
	const bars = 10
	low, high, sum := math.Inf(1), math.Inf(-1), 0.0
	for _, d := range all {
		low, high, sum = min(low, d), max(high, d), sum+d
	}
	counts := make([]int, bars)
	for _, d := range all {
		i := 0
		if high > low {
			i = min(bars-1, int((d-low)/(high-low)*bars))
		}
		counts[i]++
	}
	sec := func(x float64) float64 { return math.Round(x*1e6) / 1e6 }
	return map[string]any{"segments": len(all), "shortest": sec(low), "longest": sec(high), "mean": sec(sum / float64(len(all))), "histogram": counts}
}

// index compares the segment index of a file with the media.
func (j *timing) index() {
	var odd strays
	tol := max(indexTolerance, j.frame)
	base := j.base() // an edit list may move everything
	for i := range j.list {
		p := &j.list[i]
		off := p.dev() - base
		if i == 0 && off < 0 && j.s.info.Kind == media.Audio {
			off = 0 // priming
		}
		if length := p.at.Len() - p.declared.Len(); length.Abs() > off.Abs() && i > 0 && i < len(j.list)-1 {
			off = length
		}
		if off.Abs() > tol {
			odd.add(p, off)
		}
	}
	first := odd.first
	if first == nil {
		return
	}
	f := j.at(codeSidx, first, fmt.Sprintf("the segment index says %s to %s, the media is %s to %s", first.declared.Start.Clock(), first.declared.End.Clock(), first.at.Start.Clock(), first.at.End.Clock()))
	if odd.count > 1 {
		f.Message += fmt.Sprintf("; %d of %d segments deviate", odd.count, len(j.list))
	}
	f.Hint = "make the index again after the media"
	if odd.worst < float64(first.declared.Len())/2 {
		f.Severity = manifest.SeverityWarning
	}
	odd.describe(&f)
	j.t.found.add(f)
}

// judgeOrder reports what is odd about the time stamps of the frames of a stream in themselves. container is what they
// come from.
func (s *stream) judgeOrder(found *findings, make func(code, message string) Finding, container mime.Container) {
	o := &s.order
	at := func(code string, x *oddity, message, hint string) {
		f := make(code, message)
		t := x.at
		if x.part != nil {
			t = t.Add(x.part.shift)
		}
		f.Time, f.Hint, f.Evidence = Seconds(t), Text(hint), map[string]any{"count": x.n}
		if x.part != nil && len(x.part.segments) > 0 {
			if i := x.part.segmentAt(x.at); i >= 0 {
				for k := range x.part.segments {
					if g := &x.part.segments[k]; g.index == i {
						f.Segment = g.place()
					}
				}
			}
		}
		if x.value != 0 {
			f.Evidence["stepMs"] = millis(float64(x.value))
		}
		found.add(f)
	}
	if o.back.n > 0 {
		at(codeDTS, &o.back, fmt.Sprintf("decode times go back %s within a segment, first by %.3f s", times(o.back.n), -float64(o.back.value)), "write frames in the order of decoding")
	}
	if o.before.n > 0 && container == mime.MP2T {
		at(codePTS, &o.before, fmt.Sprintf("%s to be presented before it is decoded, the first by %.3f s", plural(o.before.n, "frame is"), -float64(o.before.value)), "delay presentation by the reordering of the encoder")
	}
	if o.same.n > 0 {
		at(codeSamePTS, &o.same, fmt.Sprintf("two pictures are to be presented at the same time, %s", times(o.same.n)), "give each picture a time of its own")
	}
	o.sparser(s.part())
	if o.sparse > maxKeyDistance {
		x := oddity{n: 1, at: o.sparseAt, part: o.sparsePart}
		at(codeSparse, &x, fmt.Sprintf("%.3f s of pictures follow without a random access point", float64(o.sparse)), "put key frames closer together: seeking and switching wait for the next one")
	}
	if n, first := s.open(); n > 0 {
		f := make(codeOpenGOP, fmt.Sprintf("%s with pictures that need the segment before", plural(n, "segment begins")))
		f.Hint = "close the groups of pictures at segments, where switching is to be seamless"
		f.Segment, f.Time, f.Evidence = first.place(), Seconds(first.at.Start), map[string]any{"count": n, "leadingPictures": first.leading}
		found.add(f)
	}
	if container == mime.ISOBMFF && o.slip.Abs() > maxDrift {
		late := "later"
		if o.slip < 0 {
			late = "earlier"
		}
		at(codeDrift, &o.slipped, fmt.Sprintf("the times of the sound are %.3f s %s at the end than its frames have lasted", math.Abs(float64(o.slip)), late), "derive the time of each segment from the number of samples before it")
	}
}

// open counts the segments that begin with an open group of pictures, and returns the first of them.
func (s *stream) open() (n int64, first *placed) {
	list := s.placed()
	for i := range list {
		if p := &list[i]; p.leading > 0 && i > 0 {
			if n++; first == nil {
				first = p
			}
		}
	}
	return n, first
}

// maxKeyDistance is how far random access points may be from each other, in seconds.
const maxKeyDistance media.Span = 10

// times is a count in words.
func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
