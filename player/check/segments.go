package check

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/fetch"
	"mseplayer/player/file"
	"mseplayer/player/manifest"
	"mseplayer/player/stream/plan"
)

// maxHeadBytes bounds what is read of a resource before the first picture that a playlist for fast winding lists.
const maxHeadBytes = 64 << 10

// segmentTask checks one representation of one period, segment by segment.
type segmentTask struct {
	// immutable
	*run
	choice plan.Choice
	rep    *manifest.Representation
	// unsupported is why the player does not play it, "" when it does.
	unsupported string

	// owned by the feed until it has ended
	listed   []manifest.Finding // about the list of segments
	pictures bool               // each segment is for one picture
	// independent is set when the playlist says that each segment can be decoded by itself.
	independent bool

	// tap is given the frames, order names the segments instead of walk, and look makes what looks at the content;
	// nil for nothing. They are set before work.
	tap   func(s *stream, f *media.CodedFrame, own media.Time)
	order func() func(manifest.Getter) (plan.Item, error)
	look  func(*lane) *inspector

	segmentWork // owned by work
}

// segmentWork is what work finds.
type segmentWork struct {
	reach
	threads int
	opened  bool // prepare has been called
	format  mime.Container
	found   findings
	meter   *meter // nil when the segments are only counted
	pipe    *pipe
	words   words // of subtitles
	in      *input
	cur     current
	open    *where // a byte range that ended inside of something, which the next one may go on with
	skipped error  // why nothing is appended any more
	started time.Time
	took    time.Duration
	gaveUp  bool // a segment was lost before anything was measured
	stretch int64
	gaps    []media.Range // that the playlist announces
	keyless []string      // URLs of keys that could not be had; there are as many findings at most

	causes  []cause
	spoiled map[int]bool // by index: segments that are not whole
	indexes segmentIndexes
	initSum uint32 // of the first initialization segment, which came from initURL
	initURL string
	edits   []edits            // of the initialization segments
	beyond  int                // how many segments there are behind the end that the manifest declares
	head    *manifest.Resource // of the first media segment
	loads   []load             // of the media segments of a playlist

	frames          frameList
	ids             map[*stream]string // of the tracks, once there are results
	segments, bytes int64
	fed             int64 // bytes that were appended since the parser began anew
}

// where is the place of a finding in a representation.
type where struct {
	item plan.Item
	init bool
}

// current is the segment that is being appended.
type current struct {
	where
	bytes int64
	from  int64 // where it begins in what the parser gets
	sum   uint32
	skip  bool // something is wrong with it; the rest is not appended
	boxes boxScan
}

func (t *segmentTask) video() bool { return t.rep.Kind == manifest.Video && t.unsupported == "" }

// cost is the work of decoding, roughly: pixels, or bits where the size is not told.
func (t *segmentTask) cost() float64 {
	length := float64(1)
	if d := float64(t.choice.Period.Window().Len()); d > 0 && t.choice.Period.End.Set {
		length = d
	}
	if t.rep.Kind != manifest.Video {
		return length
	}
	return length * max(float64(t.rep.Width*t.rep.Height), float64(t.rep.Bandwidth)/10, 1e4)
}

// part is how much of the representation lies before a time, 0 when its length is not known.
func (t *segmentTask) part(at media.Time) float64 {
	w := t.choice.Period.Window()
	if d := t.source.Presentation.Duration; d.Set {
		w.End = min(w.End, d.T)
	}
	if t.opt.MaxDuration > 0 {
		w.End = min(w.End, w.Start.Add(t.opt.MaxDuration))
	}
	if !w.End.IsFinite() || w.Len() <= 0 {
		return 0
	}
	return float64(at.Sub(w.Start)) / float64(w.Len())
}

// work implements task. Decoders with several threads do not flag the same pictures each time when something is damaged: one
// thread may look at a picture that another one has not finished. What is damaged is therefore decoded again with one, so
// that every run gives the same report.
func (t *segmentTask) work(threads int) {
	t.decode(threads)
	if threads == 1 || t.broadcast != nil || t.ctx.Err() != nil || !t.pipe.damaged() {
		return
	}
	t.segmentWork = segmentWork{reach: t.reach} // nothing else: other tasks read the rest meanwhile
	t.decode(1)
}

// decode does the work once.
func (t *segmentTask) decode(threads int) {
	t.started = time.Now()
	defer func() { t.took = time.Since(t.started) }()
	if t.rep.Unusable != "" || t.rep.Segments == nil && t.rep.Lazy == nil {
		return
	}
	t.threads = threads
	defer func() {
		if t.pipe != nil {
			t.pipe.close()
		}
	}()
	ctx, stop := context.WithCancel(t.ctx)
	f := &feed{get: t.opt.Source.Fetch, origin: t.source.Presentation.URL, kind: fetch.Segment, next: t.walk(), ring: t.ring, keys: t.keys,
		limit: t.opt.MaxDuration, out: make(chan piece, maxAhead)}
	if _, media := mime.ContainerOf(t.rep.MIMEType); !media && t.rep.Kind == manifest.Text {
		f.kind = fetch.Text
	}
	if t.broadcast != nil {
		f.next = t.follow(ctx)
	}
	if t.order != nil {
		f.next = t.order()
	}
	t.group.run(func() { f.run(ctx) })
	for p := range f.out {
		if err := t.take(p); err != nil {
			if t.ctx.Err() == nil {
				t.group.cancel(err)
			}
			break
		}
	}
	stop()
	for range f.out { // until the feed has noticed
	}
	if t.ctx.Err() != nil || t.pipe == nil {
		return
	}
	if err := t.finish(); err != nil && t.ctx.Err() == nil {
		t.group.cancel(err)
	}
}

// walk returns what names the segments one after the other: all that are listed, also those that playback would leave out
// because they lie outside of the period.
func (t *segmentTask) walk() func(manifest.Getter) (plan.Item, error) {
	var list *manifest.List
	var inited *manifest.Resource // what was given last
	next := 0
	return func(get manifest.Getter) (plan.Item, error) {
		it := plan.Item{Period: t.choice.Period, Set: t.choice.Set, Representation: t.rep, Window: t.choice.Period.Window(), MIMEType: t.rep.MIMEType}
		if list == nil {
			list = &manifest.List{Init: t.rep.Init, Index: t.rep.Segments}
			if t.rep.Segments == nil {
				l, err := t.rep.Lazy.Load(t.indexed(get))
				if err != nil {
					return it, err
				}
				list, t.pictures, t.independent = l, l.Pictures, l.Independent
				t.learn(l.Findings)
			}
		}
		if list.MIMEType != "" {
			it.MIMEType = list.MIMEType
		}
		if next >= list.Index.Len() {
			if inited == nil && list.Init != nil { // there are no segments
				inited = list.Init
				it.Init, it.Resource = true, *inited
				return it, nil
			}
			if t.rep.Segments != nil {
				t.probe(get)
			}
			return it, io.EOF
		}
		s := list.Index.At(next)
		it.Index, it.Number, it.Start, it.Duration = next, s.Number, s.Start, s.Duration
		it.Discontinuity, it.Key, it.IV, it.InitKey, it.Gap = s.Discontinuity, s.Key, s.IV, s.InitKey, s.Gap
		init := s.Init
		if init == nil {
			init = list.Init
		}
		if init == nil && list.Pictures && s.Range.Start > 0 { // RFC 8216 §4.3.3.6: the resource begins with what initializes it
			init = &manifest.Resource{URL: s.URL, Alternatives: s.Alternatives, Range: manifest.Range{End: min(s.Range.Start, maxHeadBytes)}}
			if inited != nil && inited.URL == init.URL {
				init = inited
			}
		}
		if init != nil && !s.Gap && (inited == nil || inited.URL != init.URL || inited.Range != init.Range) {
			inited = init
			it.Init, it.Resource = true, *init
			return it, nil
		}
		it.Resource = s.Resource
		next++
		return it, nil
	}
}

// maxBeyond is how many segments are asked for behind the end that the manifest declares: one may be a last bit of sound.
// probeBytes is how much of each.
const (
	maxBeyond  = 2
	probeBytes = 1 << 10
)

// probe looks whether the media goes on where the manifest says that the presentation ends. Periods may well be parts of
// something longer.
func (t *segmentTask) probe(get manifest.Getter) {
	p := t.source.Presentation
	x, ok := t.rep.Segments.(interface {
		Beyond(n int) (manifest.SegmentRef, bool)
	})
	if !ok || p.Live != nil || len(p.Periods) > 1 || !p.DeclaredDuration.Set || t.choice.Period.End != p.DeclaredDuration || t.opt.MaxDuration > 0 {
		return
	}
	for t.beyond < maxBeyond {
		s, ok := x.Beyond(t.beyond)
		if !ok {
			return
		}
		s.Range = manifest.Range{End: probeBytes}
		s.From = nil
		if b, err := get(s.Resource); err != nil || sniffContainer(b) == "" {
			return
		}
		t.beyond++
	}
}

// learn takes over what was found while a list of segments was read.
func (t *segmentTask) learn(found []manifest.Finding) {
	for _, f := range found {
		if len(t.listed) < maxLater && !slices.Contains(t.listed, f) {
			t.listed = append(t.listed, f)
		}
	}
}

// prepare makes the pipe for segments of a type, unless the format has no parser.
func (t *segmentTask) prepare(mimeType string) error {
	t.opened = true
	c, ok := mime.ContainerOf(mimeType)
	if !ok || t.rep.Kind == manifest.Image || t.opt.Formats[c] == nil {
		return nil
	}
	t.format = c
	decodes := t.decodes()
	if t.rep.Kind == manifest.Text || t.unsupported != "" {
		decodes = nil
	}
	at := frameOf{window: t.choice.Period.Window(), floating: t.rep.Floating, lags: !t.framed()}
	if !at.floating {
		at.offset = t.rep.TimestampOffset(t.choice.Period)
	}
	t.meter = newMeter(t.opt.Formats[c](), at, decodes)
	t.meter.framed = t.framed()
	var err error
	if t.pipe, err = newPipe(t.ctx, t.group, t.opt.Decoders, t.keys, t.threads, quotaBytes, t.opt.Log); err != nil {
		return err
	}
	t.pipe.look, t.meter.tap = t.inspect(), t.tap
	if t.look != nil {
		t.pipe.look = t.look
	}
	if t.opt.Frames && t.tap == nil {
		t.meter.tap = func(s *stream, f *media.CodedFrame, own media.Time) { t.frames.note(s, f, own, t.meter.segment) }
	}
	t.in, err = t.pipe.add(t.meter)
	return err
}

// framed reports whether the format has segments of its own. In others only what follows ends the last frame.
func (t *segmentTask) framed() bool { return t.format == mime.ISOBMFF || t.format == mime.WebM }

// take handles one piece. An error ends the check.
func (t *segmentTask) take(p piece) error {
	switch p.stage {
	case stageBegin:
		return t.begin(p)
	case stageData:
		return t.data(p.data)
	case stageEnd:
		return t.end(p.err)
	default: // stageStop
		return t.stop(p)
	}
}

func (t *segmentTask) begin(p piece) error {
	it := p.item
	if t.head == nil && !it.Init {
		t.head = &it.Resource
	}
	if it.Gap {
		t.gap(it)
		return nil
	}
	if !t.opened {
		if err := t.prepare(it.MIMEType); err != nil {
			return err
		}
	}
	if was := t.open; was != nil && (it.URL != was.item.URL || it.Range.Start != was.item.Range.End) {
		if err := t.truncated(*was, inRange, nil); err != nil {
			return err
		}
	}
	t.open = nil
	t.cur = current{where: where{item: it, init: it.Init}, from: t.fed}
	if p.keyErr != nil {
		t.noKey(p.keyErr)
	}
	switch {
	case t.meter == nil:
		return nil
	case it.Init:
		if errors.Is(t.skipped, errNoInit) {
			t.skipped = nil
		}
		return nil
	}
	if t.meter.at.floating && t.stretch != it.Discontinuity && t.in.incomplete() {
		if err := t.pipe.giveUp(t.in); err != nil { // no frame goes on behind a discontinuity
			return err
		}
	}
	if t.order != nil && !t.framed() && t.in.incomplete() {
		if err := t.pipe.giveUp(t.in); err != nil { // what comes next is of another representation
			return err
		}
	}
	t.stretch = it.Discontinuity
	t.meter.enter(&it)
	return t.pipe.setKey(t.in, p.sample)
}

// gap notes a segment that the playlist says to be missing.
func (t *segmentTask) gap(it plan.Item) {
	t.reportAs(manifest.SeverityInfo, where{item: it}, codeMissing, "the playlist says that it does not exist, so it was not asked for", "", nil)
	if len(t.gaps) < maxTraced {
		t.gaps = append(t.gaps, media.Range{Start: it.Start, End: it.Start.Add(it.Duration)})
	}
}

// noKey reports a key of the playlist that cannot be had, once.
func (t *segmentTask) noKey(err error) {
	var ke *keyError
	if errors.As(err, &ke) {
		if slices.Contains(t.keyless, ke.key.URL) {
			return
		}
		t.keyless = append(t.keyless, ke.key.URL)
	}
	var sev manifest.Severity
	if ke != nil && ke.key.Method.WholeResource() {
		sev = manifest.SeverityError // there is no structure to check
	}
	t.reportAs(sev, t.cur.where, codeKeyMissing, reason(err), "see whether the key is where the playlist says", nil)
}

// inRange says what is wrong with a byte range that the next one does not go on with.
const inRange = "its byte range ends inside a box or before its last sample"

func (t *segmentTask) data(b []byte) error {
	t.cur.bytes += int64(len(b))
	if t.rep.Kind == manifest.Text {
		t.collect(b)
	}
	t.cur.sum = crc32.Update(t.cur.sum, castagnoli, b)
	if t.in == nil || t.cur.skip || t.skipped != nil {
		return nil
	}
	if t.cur.bytes == int64(len(b)) {
		if k := file.Sniff(b); k == file.HTML || k == file.HLS || k == file.DASH {
			t.fault(codeNotMedia, fmt.Sprintf("this is no media but an %s", k), "see what the server sends for this address", nil)
			return nil
		}
	}
	if t.cur.bytes == int64(len(b)) && t.fed == 0 {
		if is := otherContainerThan(t.format, b); is != "" {
			t.fault(codeType, fmt.Sprintf("the manifest says %s, this is %s", t.cur.item.MIMEType, is), "correct mimeType, or publish the media in that format", map[string]any{"declared": t.cur.item.MIMEType, "media": is})
			return nil
		}
	}
	if !t.cur.init && t.format == mime.ISOBMFF {
		t.cur.boxes.push(b)
	}
	if t.cur.init && len(t.edits) < maxEdits {
		t.edits = append(t.edits, readEdits(b)...)
	}
	t.fed += int64(len(b))
	t.meter.had = t.meter.had || !t.cur.init
	err := t.pipe.append(t.in, b)
	if t.ctx.Err() != nil {
		return err
	}
	if err != nil {
		t.refused(err)
		t.fed = 0
	}
	return t.pipe.settle(t.in)
}

// refused reports what the parser or the buffer has against the current segment.
func (t *segmentTask) refused(err error) {
	var fe *bytestream.FormatError
	switch {
	case errors.Is(err, mse.ErrQuotaExceeded):
		t.fault(manifest.CodeLimits, noRAPWithin, "put random access points closer together", nil)
		t.skipped = err
	case errors.As(err, &fe):
		at := max(0, fe.Offset-t.cur.from)
		code, hint := codeMalformed, "make the segment again"
		if at == 0 && fe.Path == "stream" {
			code, hint = codeNotMedia, "see what the server sends for this address"
		}
		message := fmt.Sprintf("%s at byte %d: %s", fe.Path, at, fe.Msg)
		if fe.Err != nil {
			message += ": " + fe.Err.Error()
		}
		t.fault(code, message, hint, map[string]any{"offset": at, "box": fe.Path})
	default:
		t.fault(codeMalformed, strings.TrimPrefix(err.Error(), "mse: append to "+privateType+": "), "", nil)
	}
}

// fault reports what is wrong with the current segment, and gives the rest of it up.
func (t *segmentTask) fault(code, message, hint string, evidence map[string]any) {
	t.report(t.cur.where, code, message, hint, evidence)
	t.cur.skip = true
	if t.meter != nil {
		t.meter.lost = true
		t.gaveUp = t.gaveUp || len(t.meter.streams) == 0 || t.meter.segments == 0
	}
	if t.cur.init && t.skipped == nil && (t.meter == nil || t.meter.inits == 0) {
		t.skipped = errNoInit
	}
}

// errNoInit is why media segments are counted but not looked into.
var errNoInit = errors.New("there is no initialization segment")

// report adds a finding about a segment, with the usual severity.
func (t *segmentTask) report(at where, code, message, hint string, evidence map[string]any) {
	t.reportAs("", at, code, message, hint, evidence)
}

// reportAs is report with another severity.
func (t *segmentTask) reportAs(sev manifest.Severity, at where, code, message, hint string, evidence map[string]any) {
	f := t.finding(code, message)
	f.Severity = sev
	f.Hint, f.Evidence = Text(hint), evidence
	f.Segment = &Segment{Index: at.item.Index, URL: fetch.Redact(at.item.URL)}
	if at.init {
		f.Segment.Index = -1
	}
	f.Time = Seconds(at.item.Start)
	if t.source.Presentation.Format == manifest.File {
		f.Evidence = merge(f.Evidence, "range", at.item.Range.String())
	}
	f.Message = at.name() + ": " + f.Message
	if !at.init && code != codeNoRAP {
		t.blame(f.Segment, media.Range{Start: at.item.Start, End: at.item.Start.Add(at.item.Duration)}, code, f.Message)
	}
	t.found.add(f)
}

func (p where) name() string {
	if p.init {
		return "the initialization segment"
	}
	return fmt.Sprintf("segment %d", p.item.Number)
}

func merge(m map[string]any, key string, v any) map[string]any {
	if m == nil {
		m = map[string]any{}
	}
	m[key] = v
	return m
}

// finding makes a finding about the representation.
func (t *segmentTask) finding(code, message string) Finding {
	return Finding{Code: code, Message: message, Track: Text(t.rep.TrackID), Period: Text(t.choice.Period.ID), Representation: Text(t.rep.ID), Time: Unknown}
}

// end handles the end of a segment, with the reason when it came early.
func (t *segmentTask) end(err error) error {
	c := &t.cur
	var fatal error
	if c.bytes > 0 && c.init && t.initURL == "" {
		t.initSum, t.initURL = c.sum, fetch.Redact(c.item.URL)
	}
	if c.bytes > 0 && !c.init {
		t.segments++
		t.bytes += c.bytes
		if t.source.Presentation.Format == manifest.HLS && len(t.loads) < maxTraced {
			t.loads = append(t.loads, load{c.bytes, float64(c.item.Duration)})
		}
	}
	part := t.reached(t.part(c.item.Start.Add(c.item.Duration)))
	t.advance(func(p *Progress) { p.Segments++; p.Bytes += c.bytes; p.Share = min(1, p.Share+t.share(t, part)) })
	var ke *keyError
	switch {
	case c.skip:
	case errors.As(err, &ke):
		t.noKey(err)
		c.skip = true
	case err != nil && c.bytes == 0:
		t.absent(err)
	case err != nil:
		fatal = t.cut(", " + reason(err))
	case c.bytes == 0:
		t.fault(codeEmpty, "it has no bytes", "", nil)
	case t.in == nil || t.skipped != nil:
	case t.pictures && t.framed() && t.in.incomplete():
		fatal = t.pipe.giveUp(t.in) // the rest of a fragment is not for fast winding
	case !t.framed():
	case t.in.incomplete() && !c.item.Range.IsWhole():
		p := c.where
		t.open = &p // a byte range may end inside a box
	case t.in.incomplete():
		fatal = t.cut("")
	}
	if t.rep.Kind == manifest.Text {
		t.readWords()
	}
	switch {
	case fatal != nil || t.meter == nil:
	case !c.init:
		t.close()
	case t.skipped == nil && !c.skip && t.meter.inits == 0 && t.framed():
		t.fault(codeMalformed, "it says nothing about any track", "", nil)
	}
	return fatal
}

// cut handles that the current segment is over too early.
func (t *segmentTask) cut(why string) error {
	t.cur.skip = true
	message, e := fmt.Sprintf("it ends too early, after %d bytes%s", t.cur.bytes, why), map[string]any{"bytes": t.cur.bytes}
	if t.in == nil || t.skipped != nil {
		t.report(t.cur.where, codeTruncated, message, "", e)
		return nil
	}
	if t.cur.init && t.meter.inits == 0 {
		t.skipped = errNoInit
	}
	return t.truncated(t.cur.where, message, e)
}

// truncated reports a segment that ends too early and drops what is incomplete.
func (t *segmentTask) truncated(at where, message string, evidence map[string]any) error {
	t.report(at, codeTruncated, message, "make it again, or see whether the upload was complete", evidence)
	t.fed = 0
	return t.pipe.giveUp(t.in)
}

// close ends the measuring of a media segment.
func (t *segmentTask) close() {
	c := &t.cur
	frames := 0
	for _, s := range t.meter.streams {
		frames += s.seg.frames
		if s.info.Kind == media.Video && s.seg.frames > 0 {
			t.access(s)
		}
	}
	if frames == 0 && !c.skip && (t.framed() || !t.in.incomplete()) && c.bytes > 0 && t.skipped == nil && t.open == nil && len(t.meter.streams) > 0 && t.rep.Kind != manifest.Text {
		t.report(c.where, codeEmpty, "it holds no frames", "", nil)
	}
	t.compareIndex()
	d := c.described()
	if len(t.meter.streams) > 1 {
		d.bytes = 0
	}
	for _, s := range t.meter.streams {
		s.closeSegment(d)
	}
}

// access reports a segment that decoding cannot begin with.
func (t *segmentTask) access(s *stream) {
	e := map[string]any{"frames": s.seg.frames, "keyFrames": s.seg.keys}
	hint := "begin each segment with a random access point"
	first := s.coded == int64(s.seg.frames)
	switch {
	case first && !s.seg.key:
		t.reportAs(manifest.SeverityError, t.cur.where, codeNoRAP, "the stream does not begin with a random access point; players drop what precedes the first one", hint, e)
	case s.seg.keys == 0 && t.rep.Addressing != manifest.Single && t.source.Presentation.Format != manifest.File:
		t.report(t.cur.where, codeNoRAP, "it has no random access point, so nobody can switch to or seek into it", hint, e)
	}
}

// absent reports a segment of which nothing came.
func (t *segmentTask) absent(err error) {
	var fe *fetch.Error
	errors.As(err, &fe)
	code, hint := codeNetworkFailed, "try again; see whether the server is well"
	switch {
	case fetch.BehindEnd(err):
		code, hint = codeMissing, "compare the byte ranges of the manifest with the file"
		err = errors.New("its byte range lies behind the end of the file")
	case errors.Is(err, fetch.ErrTooLarge):
		code, hint = manifest.CodeLimits, ""
	case fe != nil && fe.Missing():
		code, hint = codeMissing, "publish the segment, or take it out of the manifest"
	}
	if code == codeMissing && t.cur.init {
		code = codeInitMissing
	}
	e := map[string]any{}
	if fe != nil && fe.Status > 0 {
		e["status"] = fe.Status
	}
	t.fault(code, reason(err), hint, e)
}

// reason is an error's text without the URL, which the finding has already.
func reason(err error) string {
	var fe *fetch.Error
	if errors.As(err, &fe) {
		return strings.TrimPrefix(fe.Error(), "GET "+fe.URL+": ")
	}
	return err.Error()
}

// stop handles that the feed has given up.
func (t *segmentTask) stop(p piece) error {
	switch {
	case p.err != nil:
		code := codeMalformed
		var fe *fetch.Error
		if errors.As(p.err, &fe) {
			if code = codeNetworkFailed; fe.Missing() {
				code = codeMissing
			}
		}
		f := t.finding(code, "the list of segments cannot be read: "+reason(p.err))
		t.found.add(f)
		t.gaveUp = true
	case p.item.Representation != nil:
		f := t.finding(codeMissing, fmt.Sprintf("%d segments in a row could not be had; the rest of the list was not asked for", maxInRow))
		f.Time = Seconds(p.item.Start)
		t.found.add(f)
	}
	return nil
}

// finish ends decoding.
func (t *segmentTask) finish() error {
	if !t.framed() && t.skipped == nil && t.in.incomplete() {
		if err := t.pipe.giveUp(t.in); err != nil {
			return err
		}
	}
	if t.open != nil {
		if err := t.truncated(*t.open, inRange, nil); err != nil {
			return err
		}
	}
	return t.pipe.finish()
}
