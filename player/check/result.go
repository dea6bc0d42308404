package check

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/crypt"
	"mseplayer/player/manifest"
)

const (
	// startTolerance is how late a track may begin in its period, in seconds: more than the delay that reordered
	// pictures cost where nobody took it away.
	startTolerance = 0.2
	// endTolerance is how much may be missing at the end of a period, and durationTolerance how far the declared
	// duration may be from the measured one, in seconds.
	endTolerance = 0.1
	// gapTolerance is how much longer than announced a gap may be, in seconds.
	gapTolerance      = 0.2
	durationTolerance = 0.5
)

// containerNames are the names of byte stream formats in reports.
var containerNames = map[mime.Container]string{
	mime.ISOBMFF: "isobmff", mime.WebM: "webm", mime.MP2T: "mp2t", mime.MPEGAudio: "mpeg-audio", mime.ADTS: "mpeg-audio", mime.AC3: "mpeg-audio",
}

const otherContainer = "other"

// containerName is the name of the container of a MIME type.
func containerName(mimeType string) string {
	c, _ := mime.ContainerOf(mimeType)
	if n, ok := containerNames[c]; ok {
		return n
	}
	return otherContainer
}

// result implements task.
func (t *segmentTask) result() ([]Track, []Finding) {
	var tracks []Track
	if t.meter == nil || len(t.meter.streams) == 0 {
		tracks = []Track{t.row(t.rep.TrackID, t.rep.Kind.String(), otherContainer)}
	} else {
		for _, s := range t.meter.streams {
			s.settle()
		}
		ordered := slices.Clone(t.meter.streams)
		if t.source.Presentation.Format != manifest.File {
			// The stream that the adaptation set is about comes first and bears the plain name.
			slices.SortStableFunc(ordered, func(a, b *stream) int { return t.rank(a) - t.rank(b) })
		}
		for i, s := range ordered {
			tracks = append(tracks, t.track(s, i, ordered))
		}
	}
	if t.rep.Kind == manifest.Text && t.segments > 0 {
		t.words.fill(&tracks[0])
		t.words.failed = t.words.failed || t.gaveUp || t.opt.MaxDuration > 0 || t.source.Presentation.Live != nil
		t.words.judge(&t.found, t.finding)
	}
	for _, f := range t.listed {
		x := t.finding(f.Code, f.Message)
		x.Severity, x.Hint = f.Severity, Text(f.Hint)
		if f.Where != "" {
			x.Evidence = map[string]any{"where": f.Where}
		}
		t.found.add(x)
	}
	t.judge()
	return tracks, t.found.all()
}

// rank orders the streams of a representation: 0 for the kind of the adaptation set.
func (t *segmentTask) rank(s *stream) int {
	if manifest.Kind(s.info.Kind) == t.rep.Kind {
		return 0
	}
	return 1
}

// row is a track of which only the manifest is known.
func (t *segmentTask) row(id, kind, container string) Track {
	r := t.rep
	row := newTrack(id, kind)
	row.Period, row.AdaptationSet, row.Representation = t.choice.Period.ID, t.choice.Set.ID, r.ID
	if l := t.choice.Set.Lang; l != "" {
		row.Language = l
	}
	row.MIMEType, row.Codecs, row.Encrypted = Text(r.MIMEType), Text(r.Codecs), r.Encrypted()
	row.Container = containerName(r.MIMEType)
	if n, ok := containerNames[t.format]; ok {
		row.Container = n
	}
	row.Width, row.Height, row.SampleRate, row.Channels = positive(r.Width), positive(r.Height), positive(r.SampleRate), positive(r.Channels)
	if f := r.FrameRate.Float(); f > 0 {
		row.FrameRate = Seconds(f)
	}
	row.DeclaredBandwidth = positive(r.Bandwidth)
	if r.Unusable == "" && (r.Segments != nil || r.Lazy != nil) {
		row.Segments, row.Bytes = count(t.segments), t.bytes
	}
	if t.choice.Period.End.Set && t.bytes > 0 {
		if d := float64(t.choice.Period.Window().Len()); d > 0 {
			row.AverageBitrate = positive(average(t.bytes, d))
		}
	}
	return row
}

// newTrack returns a track about which nothing is known.
func newTrack(id, kind string) Track {
	return Track{ID: id, Type: kind, Language: "und", Container: otherContainer, FrameRate: Unknown, FirstPTS: Unknown, ContainerFirstPTS: Unknown, LastPTS: Unknown,
		End: Unknown, DecodeFPS: Unknown, Buffered: [][2]Seconds{}, SegmentList: []SegmentRow{}}
}

// track is the row of a stream, number i of all.
func (t *segmentTask) track(s *stream, i int, all []*stream) Track {
	id := t.rep.TrackID
	if t.source.Presentation.Format == manifest.File {
		id = manifest.TrackID(t.choice.Period.ID, fmt.Sprint(i), t.rep.ID)
	} else if i > 0 {
		id += "/" + s.info.Kind.String()
		n := 1
		for _, o := range all[:i] {
			if o.info.Kind == s.info.Kind {
				n++
			}
		}
		if n > 1 {
			id += fmt.Sprint(n)
		}
	}
	if t.ids == nil {
		t.ids = map[*stream]string{}
	}
	t.ids[s] = id
	row := t.row(id, s.info.Kind.String(), "")
	row.AverageBitrate = nil
	if t.source.Presentation.Format == manifest.File {
		row.AdaptationSet = fmt.Sprint(i)
		row.Segments = count(t.meter.segments)
	}
	if t.rank(s) != 0 || len(all) > 1 { // what the manifest says is about the whole
		row.Width, row.Height, row.SampleRate, row.Channels, row.FrameRate = nil, nil, nil, nil, Unknown
	}
	bytes := t.bytes
	if len(all) > 1 || t.source.Presentation.Format == manifest.File {
		bytes = s.payload
	}
	s.fill(&row, bytes)
	if t.pipe != nil {
		if l := t.pipe.lane(s); l != nil {
			l.fill(&row, t.took.Seconds())
		}
	}
	return row
}

// fill puts what was measured of a stream into its row. bytes is what its bit rate is taken from.
func (s *stream) fill(row *Track, bytes int64) {
	c := s.info.Config
	if s.info.Language != "" && row.Language == "und" {
		row.Language = s.info.Language
	}
	if c != nil && c.Codec != "" {
		row.Codecs = Text(mime.FromConfig(c))
	}
	if c != nil && s.info.Kind == media.Video && c.Width > 0 {
		row.Width, row.Height = positive(c.Width), positive(c.Height)
	}
	if c != nil && s.info.Kind == media.Audio && c.SampleRate > 0 {
		row.SampleRate, row.Channels = positive(c.SampleRate), positive(c.Channels)
	}
	row.Bytes = bytes
	row.CodedFrames, row.KeyFrames = count(s.coded), count(s.keys)
	row.Encrypted = s.encrypted > 0 || s.coded == 0 && (row.Encrypted || c != nil && c.Encrypted)
	if s.frames == 0 {
		return
	}
	if s.length > 0 {
		if s.info.Kind == media.Video {
			row.FrameRate = Seconds(float64(s.frames) / float64(s.length))
		}
		row.AverageBitrate = positive(average(bytes, float64(s.length)))
		row.PeakBitrate = positive(s.rates.highest())
	}
	row.ContainerFirstPTS, row.LastPTS, row.End = Seconds(s.containerFirst), Seconds(s.last), Seconds(s.end)
	row.FirstPTS = Seconds(min(s.first, s.end))
	row.SegmentList = s.segmentList()
	for _, r := range s.cover.stretches() {
		start := r.Start
		if s.info.Kind == media.Audio {
			start = max(start, s.at.window.Start)
		}
		if start < r.End {
			row.Buffered = append(row.Buffered, [2]Seconds{Seconds(start), Seconds(r.End)})
		}
	}
}

// fill puts what was decoded into the row of the lane's stream. Where a key was missing for any frame, decoding is not
// judged.
func (l *lane) fill(row *Track, took float64) {
	s, d := l.stream, &l.out
	if d.keyless > 0 {
		return
	}
	row.DecodeErrors, row.Content = count(d.rejected), l.content()
	if s.info.Kind == media.Video {
		row.FramesDecoded, row.FramesCorrupted = count(d.pictures), count(d.corrupt)
		if d.width > 0 {
			row.Width, row.Height = positive(d.width), positive(d.height)
		}
		if took > 0 {
			row.DecodeFPS = Seconds(float64(d.pictures) / took)
		}
		return
	}
	if d.rate > 0 {
		row.SampleRate, row.Channels = positive(d.rate), positive(d.channels)
	}
	samples := func(length media.Span) int64 { return int64(math.Round(float64(length) * float64(d.rate))) }
	row.AudioSamplesDecoded = count(max(0, d.samples-d.void-d.preSkip))
	row.AudioSamplesPresented = count(max(0, d.kept-max(samples(s.early)-d.void, d.left, 0)-samples(s.late)))
}

// judge adds the findings about the representation as a whole.
func (t *segmentTask) judge() {
	if t.unsupported != "" {
		t.judgeUnsupported()
	}
	if t.meter == nil {
		return
	}
	for _, s := range t.meter.streams {
		t.judgeStream(s)
	}
	if t.source.Presentation.Format == manifest.File || t.rep.Kind == manifest.Text {
		return
	}
	t.judgeKind()
	t.judgeEvents()
	t.judgeEdits()
	t.judgeIndexes()
	t.judgeCodecs()
	t.judgeIndependent()
	for _, s := range t.meter.streams {
		if t.rank(s) != 0 {
			continue
		}
		t.judgeDeclared(s)
		if t.pipe != nil {
			t.judgeInit(s, t.pipe.lane(s))
		}
	}
}

// judgeUnsupported reports a representation that the player does not play, unless the manifest's parser has.
func (t *segmentTask) judgeUnsupported() {
	_, err := mime.ParseCodecs(t.rep.Codecs)
	if t.rep.Unusable != "" || err != nil || t.rep.Kind == manifest.Text {
		return
	}
	t.found.add(t.finding(codeUnsupported, "this was not decoded: "+t.unsupported))
}

// judgeStream reports what is odd about one stream.
func (t *segmentTask) judgeStream(s *stream) {
	f := func(code, message string) Finding {
		f := t.finding(code, message)
		if len(t.meter.streams) > 1 {
			f.Message = s.info.Kind.String() + ": " + f.Message
		}
		return f
	}
	var l *lane
	if t.pipe != nil {
		l = t.pipe.lane(s)
	}
	if !t.pictures {
		if len(t.meter.streams) == 1 || t.rank(s) == 0 {
			t.judgeTimeline(s, f)
		}
		s.judgeGaps(&t.found, f, t.gaps, t)
		s.judgeOrder(&t.found, f, t.format)
	}
	if t.pictures && s.coded == 0 {
		return // sound that goes with the pictures elsewhere
	}
	s.judgeSignals(&t.found, f)
	s.judge(&t.found, f, l, t.opt.Decoders != nil && t.unsupported == "")
	if t.opt.Deep && !t.pictures {
		l.judgeContent(&t.found, f)
	}
	if s.info.Kind == media.Text || s.frames == 0 {
		return
	}
	start := t.choice.Period.Start
	if first := min(s.first, s.end); missing(t.gaps, start, first) > 0 {
		return
	}
	if late := float64(min(s.first, s.end).Sub(start)); late > startTolerance && !t.gaveUp && !t.pictures && t.source.Presentation.Live == nil && t.source.Presentation.Format != manifest.File {
		x := f(codeStartOffset, fmt.Sprintf("the %s begins %.3f s after its period", s.info.Kind, late))
		x.Hint, x.Time, x.Evidence = "check presentationTimeOffset against the time stamps of the media", Seconds(start), map[string]any{"offsetMs": millis(late)}
		t.found.add(x)
	}
}

// joint reports whether a stretch of continuous times other than the first one begins at t.
func (s *stream) joint(t media.Time) bool {
	return slices.ContainsFunc(s.parts[1:], func(p *part) bool { return p.first.Add(p.shift).Sub(t).Abs() <= rounding })
}

// missing is how much of a stretch of time is covered by others, which come in order.
func missing(list []media.Range, from, to media.Time) media.Span {
	var sum media.Span
	for _, r := range list {
		sum += max(0, min(r.End, to).Sub(max(r.Start, from)))
	}
	return sum
}

// judge reports what went wrong with decoding. make makes a finding about the stream; decoding is false when nobody
// wanted to decode.
func (s *stream) judge(found *findings, make func(code, message string) Finding, l *lane, decoding bool) {
	switch {
	case !decoding || s.info.Kind == media.Text:
	case s.refusal != "":
		found.add(make(codeUnsupported, "this was not decoded: "+s.refusal))
	case l != nil && l.out.keyless > 0:
		l.judgeKeys(found, make)
	case l != nil:
		l.judge(found, make)
	}
}

// judgeKeys reports the keys that are missing.
func (l *lane) judgeKeys(found *findings, make func(code, message string) Finding) {
	d := &l.out
	for _, m := range d.missing {
		message, kid := "the media is encrypted ("+m.Scheme+") and its key is not known", ""
		if m.KID != [crypt.KeyBytes]byte{} {
			kid = hex.EncodeToString(m.KID[:])
			message = fmt.Sprintf("the media is encrypted (%s) and the key %s is not known", m.Scheme, kid)
		}
		if m.Err != nil {
			message += ": " + m.Err.Error()
		}
		hint := "give the key with --key or --license"
		if m.NoVector {
			message, hint = m.Error(), "check a playlist that has the vector (EXT-X-KEY with IV)"
		}
		f := make(codeKeyMissing, message+"; only the structure was checked")
		f.Hint = Text(hint)
		f.Evidence = map[string]any{"encryptedFrames": l.stream.encrypted, "withoutKey": d.keyless, "scheme": m.Scheme, "kid": Text(kid)}
		found.add(f)
		if m.Unsupported() {
			names := strings.Join(m.Systems, ", ")
			f := make(codeUnsupportedSystem, "the key is given by "+names+" only, which the player does not do")
			f.Evidence = map[string]any{"systems": m.Systems, "kid": Text(kid)}
			found.add(f)
		}
	}
}

// judge reports what went wrong with decoding.
func (l *lane) judge(found *findings, make func(code, message string) Finding) {
	s, d := l.stream, &l.out
	at := func(f *Finding, t media.Opt) {
		if !t.Set {
			return
		}
		src, in := s.place.source(t.T)
		f.Time, f.Picture = Seconds(src.Add(in.shift)), l.shot(f.Code, t.T)
		if i := in.segmentAt(src); i >= 0 {
			f.Evidence["segment"] = i
		}
	}
	if n := l.keys.Decrypted(); n > 0 && 2*(d.rejected+d.corrupt) >= n {
		f := make(codeWrongKey, fmt.Sprintf("the decoder makes nothing of what the key decrypts: %d of %s rejected or damaged", d.rejected+d.corrupt, plural(n, "coded frame")))
		f.Hint = "see whether the key belongs to this content"
		f.Evidence = map[string]any{"decrypted": n, "rejected": d.rejected, "damaged": d.corrupt}
		at(&f, d.firstRejected)
		found.add(f)
		return
	}
	if d.rejected > 0 {
		f := make(codeDecodeError, fmt.Sprintf("the decoder rejected %s: %s", plural(d.rejected, "coded frame"), d.reason()))
		f.Evidence = map[string]any{"count": d.rejected}
		at(&f, d.firstRejected)
		found.add(f)
	}
	if d.err != nil {
		f := make(codeDecodeError, strings.TrimPrefix(d.err.Error(), "decode: "))
		f.Evidence = map[string]any{}
		found.add(f)
	}
	if d.corrupt > 0 {
		what := "picture"
		if s.info.Kind == media.Audio {
			what = "block of sound"
		}
		f := make(codeCorrupt, fmt.Sprintf("the decoder flagged %s as damaged", plural(d.corrupt, what)))
		f.Evidence = map[string]any{"count": d.corrupt}
		at(&f, d.firstCorrupt)
		found.add(f)
	}
}

func (d *decoded) reason() string {
	if d.firstError == nil {
		return "no reason given"
	}
	return d.firstError.Error()
}

// plural is a number with its noun.
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	first, rest, _ := strings.Cut(noun, " ")
	if rest != "" {
		rest = " " + rest
	}
	if first == "coded" {
		return fmt.Sprintf("%d %ss", n, noun)
	}
	return fmt.Sprintf("%d %ss%s", n, first, rest)
}

// average is bits per second of bytes over a length in seconds.
func average(bytes int64, seconds float64) int64 {
	return int64(math.Round(float64(bytes) * 8 / seconds))
}

func round(t media.Time) float64 { return math.Round(float64(t)*1e6) / 1e6 }

// judgeCodecs compares what the manifest says about the media with the media.
func (t *segmentTask) judgeCodecs() {
	declared, err := mime.ParseCodecs(t.rep.Codecs)
	for _, s := range t.meter.streams {
		c := s.info.Config
		if c == nil || c.Codec == "" || s.info.Kind == media.Text {
			continue
		}
		if len(declared) > 0 && (err == nil || len(declared) == len(t.meter.streams)) {
			if bad := codecsMismatch(declared, c, s.signals.first); bad != nil && !t.otherKind() {
				f := t.finding(manifest.CodeCodecsMismatch, bad.why)
				if f.Severity = bad.severity; err != nil { // the manifest's parser has said so
					f.Severity = manifest.SeverityInfo
				}
				f.Hint = Text(fmt.Sprintf("write codecs=%q", t.codecsOfMedia()))
				f.Evidence = map[string]any{"declared": t.rep.Codecs, "media": mime.FromConfig(c)}
				t.found.add(f)
			} else if d := t.decodedOf(s); bad == nil {
				t.judgeExtensions(declared, s, d)
			}
		}
		if s.info.Kind == media.Video {
			t.judgeSize(s)
		}
	}
}

// codecsOfMedia is the codecs string that the media deserves.
func (t *segmentTask) codecsOfMedia() string {
	var out []string
	for _, s := range t.meter.streams {
		if c := s.info.Config; c != nil && c.Codec != "" {
			out = append(out, mime.FromConfig(c))
		}
	}
	return strings.Join(out, ",")
}

func list(codecs []mime.Codec) string {
	var out []string
	for _, c := range codecs {
		out = append(out, c.String)
	}
	return strings.Join(out, ",")
}

// judgeSize compares the declared size of the pictures with theirs. Some authors declare the coded size, some the size
// for display.
func (t *segmentTask) judgeSize(s *stream) {
	c := s.info.Config
	sizes := [][2]int{{c.Width, c.Height}}
	if t.pipe != nil {
		if l := t.pipe.lane(s); l != nil && l.out.width > 0 {
			sizes = append(sizes, [2]int{l.out.width, l.out.height})
		}
	}
	if c.SARNum > 0 && c.SARDen > 0 && c.SARNum != c.SARDen {
		for _, z := range slices.Clone(sizes) {
			sizes = append(sizes, [2]int{z[0] * c.SARNum / c.SARDen, z[1]}, [2]int{z[0], z[1] * c.SARDen / c.SARNum})
		}
	}
	if c.Width == 0 || t.rep.Width == 0 || t.rep.Height == 0 {
		return
	}
	const rounding = 2
	near := func(a, b int) bool { return a-b <= rounding && b-a <= rounding }
	for _, z := range sizes {
		if near(z[0], t.rep.Width) && near(z[1], t.rep.Height) || near(z[0], t.rep.Height) && near(z[1], t.rep.Width) && c.Rotation%180 != 0 {
			return
		}
	}
	f := t.finding(codeResolution, fmt.Sprintf("the manifest says %dx%d, the pictures are %dx%d", t.rep.Width, t.rep.Height, sizes[len(sizes)-1][0], sizes[len(sizes)-1][1]))
	f.Evidence = map[string]any{"declaredWidth": t.rep.Width, "declaredHeight": t.rep.Height, "width": c.Width, "height": c.Height}
	t.found.add(f)
}

// manifestFindings are what the manifest's parser had to say.
func manifestFindings(p *manifest.Presentation) []Finding {
	reps := map[string]*manifest.Representation{}
	for _, per := range p.Periods {
		for _, set := range per.Sets {
			for _, r := range set.Representations {
				reps[r.TrackID] = r
			}
		}
	}
	var out []Finding
	for _, f := range p.Findings {
		x := Finding{Code: f.Code, Severity: f.Severity, Message: f.Message, Hint: Text(f.Hint), Track: Text(f.Track), Period: Text(f.Period),
			Time: Unknown, Evidence: map[string]any{}}
		if r := reps[f.Track]; r != nil {
			x.Representation = Text(r.ID)
		}
		if f.Where != "" {
			x.Evidence["where"] = f.Where
		}
		out = append(out, x)
	}
	return out
}

// overall compares the periods with each other and with the declared duration.
func overall(p *manifest.Presentation, tracks []Track) []Finding {
	var out []Finding
	for i, per := range p.Periods {
		last := i == len(p.Periods)-1
		for _, kind := range []string{media.Video.String(), media.Audio.String()} {
			end, ok := endOf(tracks, per.ID, kind)
			if !ok || last || !per.End.Set {
				continue
			}
			if next := p.Periods[i+1].Start; float64(next.Sub(end)) > endTolerance {
				out = append(out, Finding{Code: codePeriodGap, Severity: ruleOf(codePeriodGap).Severity, Period: Text(per.ID), Time: Seconds(end),
					Message:  fmt.Sprintf("the %s of the period ends %.3f s before the next period begins", kind, float64(next.Sub(end))),
					Evidence: map[string]any{"start": round(end), "gapMs": millis(float64(next.Sub(end)))}})
			}
		}
		if last {
			out = append(out, duration(p, per, tracks)...)
		}
	}
	return out
}

// endOf is the latest end of a period's tracks of a kind.
func endOf(tracks []Track, period, kind string) (media.Time, bool) {
	end := math.Inf(-1)
	for _, t := range tracks {
		if t.Period == period && t.Type == kind && t.End.Known() {
			end = max(end, float64(t.End))
		}
	}
	return media.Time(end), !math.IsInf(end, 0)
}

// duration compares the end of the last period's media with what was declared.
func duration(p *manifest.Presentation, per *manifest.Period, tracks []Track) []Finding {
	declared := p.Duration
	if !declared.Set {
		declared = p.DeclaredDuration
	}
	video, okV := endOf(tracks, per.ID, media.Video.String())
	sound, okA := endOf(tracks, per.ID, media.Audio.String())
	if !declared.Set || !okV && !okA {
		return nil
	}
	end := max(video, sound)
	short := float64(declared.T.Sub(end))
	if short <= durationTolerance {
		return nil
	}
	return []Finding{{Code: manifest.CodeDurationMismatch, Severity: ruleOf(manifest.CodeDurationMismatch).Severity, Period: Text(per.ID), Time: Seconds(end),
		Message: fmt.Sprintf("the presentation is declared to end at %s, its media ends at %s", declared.T.Clock(), end.Clock()),
		Hint:    "declare the duration of the media", Evidence: map[string]any{"declared": round(declared.T), "measured": round(end)}}}
}
