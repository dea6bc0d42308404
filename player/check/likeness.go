package check

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"mseplayer/mse/media"
	"mseplayer/player/fetch"
	"mseplayer/player/frame"
	"mseplayer/player/likeness"
	"mseplayer/player/manifest"
)

const (
	// shapeTolerance is by what part the shape of pictures may differ from that of the reference.
	shapeTolerance = 0.01
	// unmatchedPart is which part of the pictures may be without one in the reference.
	unmatchedPart = 0.01
	// leastAlike is how well prints of the same content go together.
	leastAlike = 0.7
	// inverted and invertedSimilar are how many dB, and by how much similarity, a representation must be worse than one with
	// fewer bits to be told; of a single segment, the other ones.
	inverted, invertedSimilar               = 0.1, 0.0005
	invertedSegment, invertedSegmentSimilar = 1.0, 0.002
	// topRatio stands for the same in comparisons, in dB.
	topRatio = 100.0
	// maxWaiting is how many decoded pictures of the reference wait to be compared.
	maxWaiting = 2
	// likenessCost is how much more work comparing is than checking.
	likenessCost = 2
)

// Likeness is how alike the pictures of a track and those of the reference are, by FFmpeg's definitions. It is measured at
// the reference's size and subsampling and the greater of the two depths.
type Likeness struct {
	// Pictures were compared, of which Identical do not differ at all; Unmatched have none in the reference at their time.
	Pictures  int64 `json:"pictures"`
	Identical int64 `json:"identical"`
	Unmatched int64 `json:"unmatched"`
	// Offset is how much later the track shows what the reference shows.
	Offset Seconds `json:"offset"`
	// BitDepth is that of the track, ComparedBitDepth that of the comparison.
	BitDepth         int64      `json:"bitDepth"`
	ComparedBitDepth int64      `json:"comparedBitDepth"`
	PSNR             Ratios     `json:"psnr"`
	SSIM             Similarity `json:"ssim"`
	// Segments are those of the track with pictures that were compared.
	Segments []LikenessRow `json:"segments"`
}

// Ratios are peak signal-to-noise ratios in dB, of the mean of all squared differences; null where nothing differs, and where
// there is no such plane. Min is the lowest average of one picture, at MinTime.
type Ratios struct {
	Y       Seconds `json:"y"`
	U       Seconds `json:"u"`
	V       Seconds `json:"v"`
	Average Seconds `json:"average"`
	Min     Seconds `json:"min"`
	MinTime Seconds `json:"minTime"`
}

// Similarity is structural similarity. Min is the lowest of all planes of one picture, at MinTime.
type Similarity struct {
	Y       Seconds `json:"y"`
	U       Seconds `json:"u"`
	V       Seconds `json:"v"`
	All     Seconds `json:"all"`
	Min     Seconds `json:"min"`
	MinTime Seconds `json:"minTime"`
}

// LikenessRow is the likeness of one segment: row Row of the list of segments, with its Index.
type LikenessRow struct {
	Row       int        `json:"row"`
	Index     int        `json:"index"`
	Start     Seconds    `json:"start"`
	Pictures  int64      `json:"pictures"`
	Identical int64      `json:"identical"`
	PSNR      Ratios     `json:"psnr"`
	SSIM      Similarity `json:"ssim"`
}

// Fitter brings pictures to the size and form of others. It belongs to one goroutine.
type Fitter interface {
	// Fit returns the visible part of v as w × h samples of a planar format, in the range and, where one side is RGB, the
	// matrix of color. v stays the caller's; the result is to be released.
	Fit(v *frame.Video, w, h int, f frame.PixelFormat, color media.ColorInfo) (*frame.Video, error)
	Close()
}

// comparison is all that is compared with a reference. Nil compares nothing.
type comparison struct {
	ref  *reference
	list []*likenessTask
}

// likenessTasks opens the reference, if there is to be one, and makes a task for each track of pictures. close it.
func (r *run) likenessTasks(tasks []task) (*comparison, error) {
	if r.opt.Reference == "" {
		return nil, nil
	}
	ref, err := r.openReference()
	if err != nil {
		return nil, err
	}
	c := &comparison{ref: ref}
	for _, t := range tasks {
		switch b := t.(type) {
		case *segmentTask:
			if b.choice.Set.Normal() && b.rep.Kind == manifest.Video && b.unsupported == "" {
				c.list = append(c.list, &likenessTask{run: r, base: b, compare: c})
			}
		case *fileTask:
			c.list = append(c.list, &likenessTask{run: r, base: b, compare: c})
		}
	}
	return c, nil
}

func (c *comparison) close() {
	if c != nil {
		c.ref.source.Close()
	}
}

// learning are the tasks that look at the reference.
func (c *comparison) learning() []task {
	if c == nil {
		return nil
	}
	return c.ref.tasks
}

// tasks are those that compare.
func (c *comparison) tasks() []task {
	if c == nil {
		return nil
	}
	var out []task
	for _, t := range c.list {
		out = append(out, t)
	}
	return out
}

// likenessTask compares the pictures of one track with the reference: it decodes both, side by side.
type likenessTask struct {
	// immutable
	*run
	base    task
	compare *comparison

	// owned by work
	reach
	id     string
	stream *stream // of base; nil when there is nothing to compare
	seen   *prints
	align  likeness.Alignment

	// owned by the lane of the track until work ends
	in       <-chan referencePicture
	cur      referencePicture // the last one that came; none without a picture
	ended    bool
	fitter   Fitter
	meter    likeness.Meter
	depth    int64
	pictures int64
	missed   int64
	total    tally
	rows     map[int]*tally
	failure  error
}

// referencePicture is a picture of the reference with its time on the reference's timeline.
type referencePicture struct {
	*frame.Video
	at media.Time
}

// tally is the likeness of some pictures.
type tally struct {
	likeness.Score
	ratio, similar     float64
	ratioAt, similarAt media.Time
	any                bool
}

func (a *tally) add(s likeness.Score, at media.Time) {
	ratio, similar := s.PSNR().Average, s.SSIM().All
	if !a.any || ratio < a.ratio {
		a.ratio, a.ratioAt = ratio, at
	}
	if !a.any || similar < a.similar {
		a.similar, a.similarAt = similar, at
	}
	a.any = true
	a.Add(s)
}

func (a *tally) psnr() Ratios {
	p := a.PSNR()
	return Ratios{Seconds(p.Y), Seconds(p.U), Seconds(p.V), Seconds(p.Average), Seconds(a.ratio), Seconds(a.ratioAt)}
}

func (a *tally) ssim() Similarity {
	p := a.SSIM()
	return Similarity{Seconds(p.Y), Seconds(p.U), Seconds(p.V), Seconds(p.All), Seconds(a.similar), Seconds(a.similarAt)}
}

func (t *likenessTask) video() bool                  { return true }
func (t *likenessTask) cost() float64                { return likenessCost * t.base.cost() }
func (t *likenessTask) result() ([]Track, []Finding) { return nil, nil }

// work implements task.
func (t *likenessTask) work(threads int) {
	s, l, id := picturesOf(t.base)
	if l == nil {
		return
	}
	t.stream, t.id, t.seen = s, id, l.out.look.alike
	var ok bool
	if t.align, ok = likeness.Align(l.placed(), t.compare.ref.prints); !ok {
		t.align = likeness.Alignment{Alike: math.NaN()} // by their times alone
	}
	if t.seen.turn != t.compare.ref.look.turn || t.seen.mirror != t.compare.ref.look.mirror {
		t.missed = l.out.pictures
		return
	}
	t.rows, t.fitter = map[int]*tally{}, t.opt.Fitter()
	defer t.fitter.Close()
	ctx, stop := context.WithCancel(t.ctx)
	out := make(chan referencePicture, maxWaiting)
	t.in = out
	t.group.run(func() { t.compare.ref.decode(ctx, out, threads) })
	x, end, err := t.again(t.ctx, t.watch)
	if err == nil {
		x.over(t.base).work(threads)
		end()
	}
	t.fail(err)
	stop()
	for v := range out { // until all of it has ended
		v.Release()
	}
	if t.cur.Video != nil {
		t.cur.Release()
		t.cur.Video = nil
	}
}

// decode decodes the reference into out, which it closes. What is in it belongs to who takes it.
func (ref *reference) decode(ctx context.Context, out chan<- referencePicture, threads int) {
	defer close(out)
	for _, base := range ref.tasks {
		s, _, _ := picturesOf(base)
		if s == nil {
			continue
		}
		x, end, err := ref.again(ctx, func(l *lane) *inspector {
			return &inspector{planar: true, only: func(v *frame.Video) {
				if l.stream.info.Kind != media.Video || l.stream.info.ID != s.info.ID {
					v.Release()
					return
				}
				at, _, _ := s.presented(l, v.PTS)
				select {
				case out <- referencePicture{v, at}:
				case <-ctx.Done():
					v.Release()
				}
			}}
		})
		if err != nil {
			return // what is left has no pictures to be compared with
		}
		x.over(base).work(threads)
		end()
	}
}

// presented is when a picture is shown that a lane gave which decodes s once more. p is the part of s that it is of.
func (s *stream) presented(l *lane, pts media.Time) (at, own media.Time, p *part) {
	own, in := l.stream.place.source(pts)
	p = s.parts[0]
	if i := slices.IndexFunc(s.parts, func(p *part) bool { return p.stretch == in.stretch }); i >= 0 {
		p = s.parts[i]
	}
	return own.Add(p.shift), own, p
}

// watch makes what compares the pictures of a lane.
func (t *likenessTask) watch(l *lane) *inspector {
	return &inspector{planar: true, only: func(v *frame.Video) {
		defer v.Release()
		if l.stream.info.Kind == media.Video && l.stream.info.ID == t.stream.info.ID {
			t.picture(l, v)
		}
	}}
}

// picture compares the next picture with that of the reference at its time.
func (t *likenessTask) picture(l *lane, v *frame.Video) {
	at, own, p := t.stream.presented(l, v.PTS)
	want := at.Add(-t.align.Offset)
	for !t.ended && (t.cur.Video == nil || t.cur.at < want && !likeness.Same(t.cur.at.Sub(want), t.cur.Duration, v.Duration)) {
		if t.cur.Video != nil {
			t.cur.Release()
			t.cur.Video = nil
		}
		select {
		case x, more := <-t.in:
			t.cur, t.ended = x, !more
		case <-t.ctx.Done():
			return
		}
	}
	if t.cur.Video == nil || !likeness.Same(t.cur.at.Sub(want), t.cur.Duration, v.Duration) {
		t.missed++
		return
	}
	score, err := t.score(v, t.cur.Video)
	if err != nil {
		t.missed++
		t.fail(err)
		return
	}
	t.pictures++
	t.total.add(score, at)
	if row := t.row(p, own); row >= 0 {
		if t.rows[row] == nil {
			t.rows[row] = &tally{}
		}
		t.rows[row].add(score, at)
	}
	if d := t.stream.end.Sub(t.stream.first); d > 0 {
		part := t.reached(float64(at.Sub(t.stream.first) / d))
		if part > 0 {
			t.advance(func(p *Progress) { p.Share = min(1, p.Share+t.share(t, part)) })
		}
	}
}

// fail notes the first error.
func (t *likenessTask) fail(err error) {
	if t.failure == nil {
		t.failure = err
	}
}

// row is the place in the list of segments of the one that a time of the container in a part is in, -1 for none.
func (t *likenessTask) row(in *part, own media.Time) int {
	before, found := 0, -1
	for _, p := range t.stream.parts {
		if p != in {
			before += len(p.segments)
			continue
		}
		for i := range p.segments {
			if p.segments[i].first <= own {
				found = before + i
			}
		}
	}
	return found
}

// score compares two pictures in the form of the reference, with the greater depth.
func (t *likenessTask) score(v, ref *frame.Video) (likeness.Score, error) {
	f := comparedFormat(v.Format, ref.Format)
	color := ref.Color
	if ref.Format.Layout == frame.GBR {
		color = v.Color
		color.FullRange = color.FullRange && v.Format.Layout != frame.GBR
	}
	t.depth = max(t.depth, int64(f.Depth))
	a, err := t.fit(v, ref.Crop, f, color)
	if err != nil {
		return likeness.Score{}, err
	}
	if a != v {
		defer a.Release()
	}
	b, err := t.fit(ref, ref.Crop, f, color)
	if err != nil {
		return likeness.Score{}, err
	}
	if b != ref {
		defer b.Release()
	}
	return t.meter.Compare(a, b)
}

// fit returns v itself where it has the form already.
func (t *likenessTask) fit(v *frame.Video, size frame.Rect, f frame.PixelFormat, color media.ColorInfo) (*frame.Video, error) {
	g := v.Format
	if g.Layout == f.Layout && g.Depth == f.Depth && g.ChromaShiftX == f.ChromaShiftX && g.ChromaShiftY == f.ChromaShiftY && v.Crop.W == size.W && v.Crop.H == size.H &&
		v.Color.FullRange == color.FullRange {
		return v, nil
	}
	return t.fitter.Fit(v, size.W, size.H, f, color)
}

// comparedFormat is the form in which pictures of two formats are compared: YUV with the subsampling of the second, or gray.
func comparedFormat(f, ref frame.PixelFormat) frame.PixelFormat {
	out := frame.PixelFormat{Layout: frame.YUV, Depth: max(8, f.Depth, ref.Depth), ChromaShiftX: ref.ChromaShiftX, ChromaShiftY: ref.ChromaShiftY}
	switch {
	case ref.Layout == frame.Gray:
		out.Layout, out.Name, out.ChromaShiftX, out.ChromaShiftY = frame.Gray, "gray", 0, 0
	case ref.ChromaShiftX == 1 && ref.ChromaShiftY == 1:
		out.Name = "yuv420p"
	case ref.ChromaShiftX == 1 && ref.ChromaShiftY == 0:
		out.Name = "yuv422p"
	case ref.ChromaShiftX == 0 && ref.ChromaShiftY == 1:
		out.Name = "yuv440p"
	case ref.ChromaShiftX == 2 && ref.ChromaShiftY == 0:
		out.Name = "yuv411p"
	case ref.ChromaShiftX == 2:
		out.Name = "yuv410p"
	default:
		out.Name = "yuv444p"
	}
	if out.Depth > 8 {
		out.Name += fmt.Sprintf("%dle", out.Depth)
	}
	return out
}

// likeness is what the report says of the track, nil when nothing was compared.
func (t *likenessTask) likeness() *Likeness {
	if t.pictures == 0 {
		return nil
	}
	out := &Likeness{Pictures: t.pictures, Identical: t.total.Identical, Unmatched: t.missed, Offset: Seconds(math.Round(float64(t.align.Offset)*1e6) / 1e6), BitDepth: int64(t.seen.format.Depth),
		ComparedBitDepth: t.depth, PSNR: t.total.psnr(), SSIM: t.total.ssim(), Segments: []LikenessRow{}}
	row := 0
	for _, p := range t.stream.parts {
		for i := range p.segments {
			if x := t.rows[row]; x != nil {
				out.Segments = append(out.Segments, LikenessRow{Row: row, Index: p.segments[i].index, Start: Seconds(p.segments[i].first.Add(p.shift)), Pictures: x.Pictures, Identical: x.Identical,
					PSNR: x.psnr(), SSIM: x.ssim()})
			}
			row++
		}
	}
	return out
}

// report puts what was found into the report.
func (c *comparison) report(rep *Report) {
	rep.Reference = c.ref.facts()
	first, end := media.Forever, -media.Forever
	for _, t := range c.list {
		if t.stream == nil {
			continue
		}
		first, end = min(first, t.stream.first), max(end, t.stream.end)
		if i := slices.IndexFunc(rep.Tracks, func(x Track) bool { return x.ID == t.id }); i >= 0 {
			rep.Tracks[i].Likeness = t.likeness()
		}
		rep.Findings = append(rep.Findings, t.misfits()...)
	}
	if d, want := float64(end.Sub(first)), float64(c.ref.end.Sub(c.ref.first)); end > first && math.Abs(d-want) > durationTolerance && c.ref.opt.MaxDuration == 0 {
		f := Finding{Code: codeMisfit, Severity: manifest.SeverityWarning, Message: fmt.Sprintf("the pictures last %.3f s, those of the reference %.3f s", d, want),
			Hint: "compare with what the pictures were made of, from its first picture to its last", Time: Unknown, Evidence: map[string]any{"durationMs": millis(d), "referenceMs": millis(want)}}
		rep.Findings = append(rep.Findings, f)
	}
	rep.Findings = append(rep.Findings, c.inversions()...)
}

// finding makes a warning about the track.
func (t *likenessTask) finding(code, message, hint string, evidence map[string]any) Finding {
	f := Finding{Code: code, Period: "0", Representation: "0", Time: Unknown}
	if b, ok := t.base.(*segmentTask); ok {
		f = b.finding(code, "")
	}
	f.Message, f.Hint, f.Track, f.Severity, f.Evidence = message, Text(hint), Text(t.id), ruleOf(code).Severity, evidence
	return f
}

// misfits says where the pictures of the track and the reference do not go together.
func (t *likenessTask) misfits() []Finding {
	var out []Finding
	add := func(message, hint string, evidence map[string]any) {
		out = append(out, t.finding(codeMisfit, message, hint, evidence))
	}
	a, b := t.seen, &t.compare.ref.look
	shape, want := float64(a.width)/float64(a.height), float64(b.width)/float64(b.height)
	switch {
	case a.turn != b.turn || a.mirror != b.mirror:
		add("the pictures are turned or mirrored otherwise than those of the reference, so they were not compared", "encode both the same way up", map[string]any{"rotation": a.turn, "referenceRotation": b.turn})
		return out
	case math.Abs(shape/want-1) > shapeTolerance:
		add(fmt.Sprintf("the pictures are shown with an aspect ratio of %.3f, those of the reference with %.3f", shape, want), "compare with what the pictures were made of, without bars or cut edges",
			map[string]any{"aspect": round(media.Time(shape)), "referenceAspect": round(media.Time(want))})
	}
	if x, y := lightOf(a.color), lightOf(b.color); x != y {
		add(fmt.Sprintf("the pictures are %s, those of the reference %s; samples of both do not mean the same", x, y), "compare pictures of the same transfer characteristics", map[string]any{"light": x, "referenceLight": y})
	}
	switch all := t.pictures + t.missed; {
	case t.failure != nil:
		add("the pictures cannot be compared with those of the reference: "+t.failure.Error(), "", nil)
	case t.align.Alike < leastAlike:
		add("the pictures do not show what the reference shows", "compare with what the pictures were made of", map[string]any{"correlation": math.Round(t.align.Alike*1e3) / 1e3})
	case t.pictures == 0 && all > 0:
		add("no picture is at the time of one of the reference", "compare with what the pictures were made of, at the same frame rate", map[string]any{"pictures": all})
	case float64(t.missed) > unmatchedPart*float64(all):
		add(fmt.Sprintf("%d of %d pictures have none in the reference at their time", t.missed, all), "compare with what the pictures were made of, at the same frame rate", map[string]any{"pictures": all, "unmatched": t.missed})
	}
	return out
}

// lightOf names what samples mean. ISO/IEC 23091-2 §8.2.
func lightOf(c media.ColorInfo) string {
	const pq, hlg = 16, 18
	switch c.Transfer {
	case pq:
		return "PQ"
	case hlg:
		return "HLG"
	}
	return "of standard dynamic range"
}

// inversions compares the representations of a set: with more bits, pictures should not be worse.
func (c *comparison) inversions() []Finding {
	sets := map[*manifest.AdaptationSet][]*likenessTask{}
	var order []*manifest.AdaptationSet
	for _, t := range c.list {
		b, ok := t.base.(*segmentTask)
		if !ok || t.pictures == 0 || b.rep.Bandwidth == 0 {
			continue
		}
		set := b.choice.Set
		if sets[set] == nil {
			order = append(order, set)
		}
		sets[set] = append(sets[set], t)
	}
	var out []Finding
	for _, set := range order {
		rungs := sets[set]
		slices.SortStableFunc(rungs, func(a, b *likenessTask) int { return cmp.Compare(a.bandwidth(), b.bandwidth()) })
		for i, high := range rungs {
			for k := i - 1; k >= 0; k-- {
				if f, ok := inversion(high, rungs[k]); ok {
					out = append(out, f)
					break
				}
			}
		}
	}
	return out
}

// bandwidth is what the manifest declares, of tracks that have a manifest.
func (t *likenessTask) bandwidth() int64 {
	if b, ok := t.base.(*segmentTask); ok {
		return b.rep.Bandwidth
	}
	return 0
}

// inversion reports that high, with more bits than low, is worse as a whole or in segments.
func inversion(high, low *likenessTask) (Finding, bool) {
	worse := func(a, b *tally, ratio, similar float64) bool {
		x, y := min(a.PSNR().Average, topRatio), min(b.PSNR().Average, topRatio)
		return x < y-ratio && a.SSIM().All < b.SSIM().All-similar
	}
	if high.bandwidth() <= low.bandwidth() {
		return Finding{}, false
	}
	segments, first := 0, -1
	rows := make([]int, 0, len(high.rows))
	for row := range high.rows {
		rows = append(rows, row)
	}
	slices.Sort(rows)
	for _, row := range rows {
		if o := low.rows[row]; o != nil && worse(high.rows[row], o, invertedSegment, invertedSegmentSimilar) {
			if segments++; first < 0 {
				first = row
			}
		}
	}
	whole := worse(&high.total, &low.total, inverted, invertedSimilar)
	if !whole && segments == 0 {
		return Finding{}, false
	}
	a, b := &high.total, &low.total
	where := ""
	if !whole {
		a, b = high.rows[first], low.rows[first]
		where = fmt.Sprintf(" in %s", plural(int64(segments), "segment"))
	}
	f := high.finding(codeInversion, "", "give the representation more bits, or correct its encoding", nil)
	f.Message = fmt.Sprintf("with %d kbit/s it is worse than %s with %d%s: PSNR %.2f against %.2f dB, SSIM %.4f against %.4f", high.bandwidth()/1000, low.id, low.bandwidth()/1000, where,
		min(a.PSNR().Average, topRatio), min(b.PSNR().Average, topRatio), a.SSIM().All, b.SSIM().All)
	f.Evidence = map[string]any{"other": low.id, "segments": segments, "psnr": decibels(min(a.PSNR().Average, topRatio)), "otherPsnr": decibels(min(b.PSNR().Average, topRatio))}
	if !whole {
		f.Time = Seconds(a.ratioAt)
		f.Segment = high.segment(first)
	}
	return f, true
}

// segment is the segment of a row, where the manifest has its address.
func (t *likenessTask) segment(row int) *Segment {
	b, ok := t.base.(*segmentTask)
	for _, p := range t.stream.parts {
		if row >= len(p.segments) {
			row -= len(p.segments)
			continue
		}
		index := p.segments[row].index
		if !ok || b.rep.Segments == nil || index < 0 || index >= b.rep.Segments.Len() {
			return nil
		}
		return &Segment{Index: index, URL: fetch.Redact(b.rep.Segments.At(index).URL)}
	}
	return nil
}
