package check

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"mseplayer/mse/media"
	"mseplayer/player/detect"
	"mseplayer/player/frame"
	"mseplayer/player/likeness"
	"mseplayer/player/loudness"
	"mseplayer/player/manifest"
	"mseplayer/player/stream/plan"
)

const (
	// quietest and loudest are integrated loudness in LUFS that nobody aims at, and highestPeak what EBU R 128 allows, in dBTP.
	quietest, loudest = -36.0, -9.0
	highestPeak       = -1.0
	// loudnessTolerance is how far renditions and periods may be apart, in LU.
	loudnessTolerance = 3.0
	// barPart is the part of the height or width from which on bars count, leftPart the least part of a picture between bars:
	// that of an upright one in a wide one. What shows less is a title on black.
	barPart, leftPart = 0.02, 0.3
	// edgeTolerance is how far from the edge of a track black and silence count as its beginning or its end.
	edgeTolerance media.Span = 0.1
	// sureFields is how many pictures it takes, and surePart which part of those that tell, to say how lines are woven.
	sureFields, surePart = 10, 0.8
)

// Content is what there is to see and to hear in a track. What was not looked for is nil.
type Content struct {
	// Black, Freeze and Silence are stretches of two seconds and more.
	Black   [][2]Seconds `json:"black"`
	Freeze  [][2]Seconds `json:"freeze"`
	Silence [][2]Seconds `json:"silence"`
	// Bars are the rows and columns that stay black in all pictures.
	Bars *Bars `json:"bars"`
	// Fields counts pictures by what their lines look like and by what the bitstream says.
	Fields *Fields `json:"fields"`
	// Quantizer is on the scale of the coding format, of the decoders that tell it.
	Quantizer *Spread   `json:"quantizer"`
	Loudness  *Loudness `json:"loudness"`
	// Clipped is how often sound stays at full scale.
	Clipped *int64 `json:"clipped"`
}

// Bars are rows and columns in samples.
type Bars struct {
	Top    int `json:"top"`
	Bottom int `json:"bottom"`
	Left   int `json:"left"`
	Right  int `json:"right"`
}

// Fields counts pictures. Where nothing moves, their lines tell nothing.
type Fields struct {
	TopFirst           int64 `json:"topFirst"`
	BottomFirst        int64 `json:"bottomFirst"`
	Progressive        int64 `json:"progressive"`
	Unknown            int64 `json:"unknown"`
	FlaggedTopFirst    int64 `json:"flaggedTopFirst"`
	FlaggedBottomFirst int64 `json:"flaggedBottomFirst"`
	FlaggedProgressive int64 `json:"flaggedProgressive"`
}

// Spread is a value over all pictures.
type Spread struct {
	Mean Seconds `json:"mean"`
	Min  Seconds `json:"min"`
	Max  Seconds `json:"max"`
}

// Loudness is by EBU R 128: LUFS, LU, dBTP and dBFS; null where there is nothing to be heard.
type Loudness struct {
	Integrated   Seconds `json:"integrated"`
	Range        Seconds `json:"range"`
	MaxMomentary Seconds `json:"maxMomentary"`
	MaxShortTerm Seconds `json:"maxShortTerm"`
	TruePeak     Seconds `json:"truePeak"`
	SamplePeak   Seconds `json:"samplePeak"`
	// ShortTerm is the short-term loudness second by second: value i is of the three seconds that end 3 + i seconds after the
	// first sound.
	ShortTerm []Seconds `json:"shortTerm"`
}

// inspector looks at what one lane decodes. It belongs to the lane's goroutine until that has ended; times are on the
// buffer's timeline.
type inspector struct {
	// deep looks at the content, list remembers what the list of frames says of pictures.
	deep, list bool
	told       []toldPicture
	// only replaces everything else and takes the pictures over; nil for nothing.
	only func(*frame.Video)
	// planar asks for pictures of which the planes are known.
	planar   bool
	alike    *prints // of what is compared with a reference; nil for nothing
	shots    shots
	out      *decoded // of the lane
	pictures detect.Pictures
	sound    detect.Sound

	quantized            int64
	sum, lowest, highest float64

	meter  *loudness.Meter
	format frame.AudioFormat
	// mixed is set when the sound changed its format, so that it has no loudness as a whole.
	mixed bool
}

// inspect returns what makes inspectors, nil when nobody asked for any.
func (r *run) inspect() func(*lane) *inspector {
	if r.look != nil || !r.opt.Deep && !r.opt.Frames && !r.compared() && r.opt.Pictures == nil {
		return r.look
	}
	return func(l *lane) *inspector {
		x := &inspector{deep: r.opt.Deep, list: r.opt.Frames, planar: r.opt.Pictures != nil, out: &l.out}
		x.shots.draw = r.opt.Pictures
		if r.compared() && l.stream.info.Kind == media.Video {
			x.alike, x.planar = &prints{limit: cmp.Or(r.prints, likeness.MaxPrints)}, true
		}
		return x
	}
}

// picture looks at the next picture.
func (l *inspector) picture(v *frame.Video) {
	if l.list {
		l.tell(v)
	}
	if l.alike != nil {
		l.alike.add(v)
	}
	if l.deep {
		l.measure(v)
	}
	l.shoot(v)
}

// measure looks at the content of a picture.
func (l *inspector) measure(v *frame.Video) {
	l.pictures.Add(v)
	if v.Quantized {
		q := float64(v.Quantizer)
		if l.quantized == 0 {
			l.lowest, l.highest = q, q
		}
		l.quantized++
		l.sum, l.lowest, l.highest = l.sum+q, min(l.lowest, q), max(l.highest, q)
	}
}

// block listens to the next block of sound.
func (l *inspector) block(a *frame.Audio) {
	if !l.deep {
		return
	}
	l.sound.Add(a)
	switch {
	case l.meter == nil:
		l.format, l.meter = a.Format, loudness.New(a.Format.Rate, a.Format.Channels, a.Format.Mask)
	case l.format != a.Format:
		l.mixed = true
	}
	if !l.mixed {
		l.meter.Add(a.Samples)
	}
}

// decibels is a level in a report: two decimals, unknown for none.
func decibels(x float64) Seconds {
	if math.IsInf(x, 0) {
		return Unknown
	}
	return Seconds(math.Round(x*100)/100 + 0)
}

// loudness is what was measured, nil when nothing was or it is of several kinds.
func (l *inspector) loudness() *Loudness {
	if l.meter == nil || l.mixed {
		return nil
	}
	r := l.meter.Result()
	return &Loudness{decibels(r.Integrated), decibels(r.Range), decibels(r.MaxMomentary), decibels(r.MaxShort), decibels(r.TruePeak), decibels(r.SamplePeak), l.shortTerm()}
}

// shortTerm is the short-term loudness second by second.
func (l *inspector) shortTerm() []Seconds {
	out := []Seconds{}
	for _, v := range l.meter.ShortTerm() {
		out = append(out, decibels(v))
	}
	return out
}

// content is what was seen and heard, nil when nobody looked.
func (l *lane) content() *Content {
	look := l.out.look
	if look == nil || !look.deep {
		return nil
	}
	if l.stream.info.Kind == media.Audio {
		clipped, _ := look.sound.Clipped()
		return &Content{Silence: l.presented(look.sound.Silence()), Loudness: look.loudness(), Clipped: count(clipped)}
	}
	c := &Content{Black: l.presented(look.pictures.Black()), Freeze: l.presented(look.pictures.Still())}
	if n, _ := look.pictures.Seen(); n > 0 {
		b, _, _ := look.pictures.Bars()
		c.Bars = &Bars{b.Top, b.Bottom, b.Left, b.Right}
		f := look.pictures.Fields()
		c.Fields = &Fields{f.TopFirst, f.BottomFirst, f.Progressive, f.Unknown, f.FlaggedTop, f.FlaggedBottom, f.FlaggedProgressive}
	}
	if n := look.quantized; n > 0 {
		c.Quantizer = &Spread{decibels(look.sum / float64(n)), decibels(look.lowest), decibels(look.highest)}
	}
	return c
}

// presented puts stretches of the buffer's timeline onto the presentation's.
func (l *lane) presented(list []media.Range) [][2]Seconds {
	out := [][2]Seconds{}
	for _, r := range list {
		at, _ := l.at(r.Start)
		out = append(out, [2]Seconds{Seconds(at), Seconds(at.Add(r.Len()))})
	}
	return out
}

// at puts a time of the buffer's timeline onto the presentation's. segment is -1 when it is not known.
func (l *lane) at(t media.Time) (at media.Time, segment int) {
	src, in := l.stream.place.source(t)
	return src.Add(in.shift), in.segmentAt(src)
}

// judgeContent reports what is odd about what was seen and heard. make makes a finding about the stream. A nil lane has
// decoded nothing.
func (l *lane) judgeContent(found *findings, make func(code, message string) Finding) {
	if l == nil || l.out.look == nil || !l.out.look.deep || l.out.keyless > 0 {
		return
	}
	if 2*(l.out.corrupt+l.out.rejected) >= l.stream.frames {
		return // what there is to see or to hear is not what was meant
	}
	if l.stream.info.Kind == media.Audio {
		l.judgeSound(found, make)
		return
	}
	look := &l.out.look.pictures
	black := look.Black()
	l.judgeSpans(found, make, codeBlack, "the picture is black", black)
	still := slices.DeleteFunc(slices.Clone(look.Still()), func(r media.Range) bool {
		return slices.ContainsFunc(black, func(b media.Range) bool { return b.Start <= r.Start.Add(rounding) && r.End <= b.End.Add(rounding) })
	})
	l.judgeSpans(found, make, codeFreeze, "the picture stands still", still)
	b, w, h := look.Bars()
	high, wide := h-b.Top-b.Bottom, w-b.Left-b.Right
	barred := float64(h-high) >= barPart*float64(h) && h > 0 || float64(w-wide) >= barPart*float64(w) && w > 0
	if barred && float64(high)*float64(wide) >= leftPart*float64(h)*float64(w) {
		f := make(codeLetterbox, fmt.Sprintf("of the %dx%d pictures, only %dx%d ever show anything", w, h, wide, high))
		f.Hint = "cut the bars off before encoding; players put their own where they need them"
		f.Evidence = map[string]any{"top": b.Top, "bottom": b.Bottom, "left": b.Left, "right": b.Right}
		found.add(f)
	}
	l.judgeFields(found, make, look.Fields())
}

// judgeSpans reports stretches of the buffer's timeline. Those at the very beginning and end of a track are usual.
func (l *lane) judgeSpans(found *findings, make func(code, message string) Finding, code, what string, list []media.Range) {
	s := l.stream
	for _, r := range list {
		at, segment := l.at(r.Start)
		end := at.Add(r.Len())
		f := make(code, fmt.Sprintf("%s from %s to %s", what, at.Clock(), end.Clock()))
		atStart, atEnd := at.Sub(s.first) <= edgeTolerance, s.end.Sub(end) <= edgeTolerance
		switch {
		case atStart && atEnd:
			f.Message = fmt.Sprintf("%s all the time", what)
		case code != codeFreeze && (atStart || atEnd):
			f.Severity = manifest.SeverityInfo
		}
		f.Time, f.Picture = Seconds(at), l.shot(code, r.Start)
		f.Evidence = map[string]any{"start": round(at), "end": round(end), "durationMs": millis(float64(r.Len()))}
		if segment >= 0 {
			f.Evidence["segment"] = segment
		}
		found.add(f)
	}
}

// judgeFields compares how lines are woven with what the bitstream says.
func (l *lane) judgeFields(found *findings, make func(code, message string) Finding, x detect.Fields) {
	told := x.TopFirst + x.BottomFirst + x.Progressive
	// Fields come in one order throughout; a pattern that fools the comparison of lines has both.
	woven := max(x.TopFirst, x.BottomFirst)
	flagged := x.FlaggedTop + x.FlaggedBottom
	evidence := map[string]any{"topFirst": x.TopFirst, "bottomFirst": x.BottomFirst, "progressive": x.Progressive, "flaggedInterlaced": flagged, "flaggedProgressive": x.FlaggedProgressive}
	sure := told >= sureFields
	interlaced := sure && float64(woven) >= surePart*float64(told)
	add := func(code string, sev manifest.Severity, message, hint string) {
		f := make(code, message)
		f.Severity, f.Hint, f.Evidence = sev, Text(hint), evidence
		found.add(f)
	}
	switch {
	case interlaced && flagged < x.FlaggedProgressive:
		add(codeInterlaced, manifest.SeverityWarning, "the pictures consist of two fields, but the bitstream calls them progressive", "deinterlace before encoding, or encode as interlaced")
	case interlaced:
		add(codeInterlaced, manifest.SeverityWarning, "the pictures consist of two fields, as the bitstream says; players on computers show both at once", "deinterlace before encoding")
	case flagged > x.FlaggedProgressive && sure && float64(x.Progressive) >= surePart*float64(told):
		add(codeInterlaced, manifest.SeverityInfo, "the bitstream calls the pictures interlaced, but they are whole", "encode as progressive")
	}
	if !interlaced || flagged <= x.FlaggedProgressive {
		return
	}
	top, bottom := woven == x.TopFirst, woven != x.TopFirst
	if top && x.FlaggedBottom > x.FlaggedTop || bottom && x.FlaggedTop > x.FlaggedBottom {
		first, said := "upper", "lower"
		if bottom {
			first, said = said, first
		}
		add(codeFieldOrder, manifest.SeverityWarning, fmt.Sprintf("the %s field comes first, but the bitstream says the %s one", first, said), "set the field order of the source right before encoding")
	}
}

// judgeSound reports what is odd about what was heard.
func (l *lane) judgeSound(found *findings, make func(code, message string) Finding) {
	look := l.out.look
	l.judgeSpans(found, make, codeSilence, "there is nothing to be heard", look.sound.Silence())
	if n, first := look.sound.Clipped(); n > 0 {
		at, segment := l.at(first.T)
		f := make(codeClipping, fmt.Sprintf("sound is cut off at full scale, %s", times(n)))
		f.Hint, f.Time = "lower the level before encoding, so that the true peak stays below -1 dBTP", Seconds(at)
		f.Evidence = map[string]any{"count": n, "start": round(at)}
		if segment >= 0 {
			f.Evidence["segment"] = segment
		}
		found.add(f)
	}
	m := look.loudness()
	if m == nil {
		return
	}
	evidence := map[string]any{"integratedLUFS": m.Integrated, "rangeLU": m.Range, "truePeakDBTP": m.TruePeak}
	if i := float64(m.Integrated); m.Integrated.Known() && (i < quietest || i > loudest) {
		f := make(codeLoudness, fmt.Sprintf("the integrated loudness is %.1f LUFS; programmes are between %.0f and %.0f", i, quietest, loudest))
		f.Severity, f.Hint, f.Evidence = manifest.SeverityWarning, "EBU R 128 asks for -23 LUFS, streaming services for -14 to -18", evidence
		found.add(f)
	}
	if p := float64(m.TruePeak); m.TruePeak.Known() && p > highestPeak {
		f := make(codeLoudness, fmt.Sprintf("the true peak is %.1f dBTP; EBU R 128 allows %.0f", p, highestPeak))
		f.Hint, f.Evidence = "lower the level, or limit the peaks", evidence
		found.add(f)
	}
}

// judgeTracks compares the sound of a presentation: renditions of one set, and periods that follow each other. Languages
// are compared with what the media says.
func judgeTracks(p *manifest.Presentation, tasks []task) []Finding {
	var out []Finding
	type heard struct {
		*segmentTask
		loudness float64
	}
	var before []heard
	for _, per := range p.Periods {
		var here []heard
		for _, t := range segmentTasks(tasks, per) {
			out = append(out, t.judgeLanguage(p)...)
			if m, ok := t.integrated(); ok {
				here = append(here, heard{t, m})
			}
		}
		compared := map[*manifest.AdaptationSet]bool{}
		for i, h := range here {
			set := h.choice.Set
			if compared[set] {
				continue
			}
			compared[set] = true
			loud, low := h, h
			for _, o := range here[i+1:] {
				if o.choice.Set == set && o.loudness > loud.loudness {
					loud = o
				} else if o.choice.Set == set && o.loudness < low.loudness {
					low = o
				}
			}
			if d := loud.loudness - low.loudness; d > loudnessTolerance {
				out = append(out, louder(loud.segmentTask, fmt.Sprintf("%s is %.1f LU louder than %s of the same set", loud.rep.TrackID, d, low.rep.TrackID), loud.loudness, low.loudness))
			}
			for _, o := range before {
				if o.choice.Set.ID != set.ID || o.choice.Set.Lang != set.Lang {
					continue
				}
				if d := h.loudness - o.loudness; math.Abs(d) > loudnessTolerance {
					f := louder(h.segmentTask, fmt.Sprintf("the loudness goes from %.1f to %.1f LUFS at the beginning of the period", o.loudness, h.loudness), h.loudness, o.loudness)
					f.Time = Seconds(per.Start)
					out = append(out, f)
				}
				break
			}
		}
		before = here
	}
	return out
}

// louder makes a finding about a difference in loudness.
func louder(t *segmentTask, message string, here, there float64) Finding {
	f := t.finding(codeLoudnessJump, message)
	f.Severity, f.Hint = ruleOf(codeLoudnessJump).Severity, "bring all to the same loudness"
	f.Evidence = map[string]any{"integratedLUFS": decibels(here), "otherLUFS": decibels(there)}
	return f
}

// segmentTasks are the tasks of a period that are no pictures for fast winding.
func segmentTasks(tasks []task, per *manifest.Period) []*segmentTask {
	var out []*segmentTask
	for _, t := range tasks {
		if s, ok := t.(*segmentTask); ok && s.choice.Period == per && s.meter != nil && !s.pictures && s.choice.Set.Normal() {
			out = append(out, s)
		}
	}
	return out
}

// integrated is the loudness of the sound of a task.
func (t *segmentTask) integrated() (float64, bool) {
	if t.pipe == nil {
		return 0, false
	}
	for _, s := range t.meter.streams {
		if l := t.pipe.lane(s); l != nil && s.info.Kind == media.Audio && l.out.look != nil && l.out.keyless == 0 {
			if m := l.out.look.loudness(); m != nil && m.Integrated.Known() {
				return float64(m.Integrated), true
			}
		}
	}
	return 0, false
}

// judgeLanguage compares the language in the manifest with that in the media, and with whether others have one.
func (t *segmentTask) judgeLanguage(p *manifest.Presentation) []Finding {
	set := t.choice.Set
	if p.Format == manifest.File || t.rep.Kind != manifest.Audio && t.rep.Kind != manifest.Text || len(t.meter.streams) != 1 {
		return nil
	}
	said := t.meter.streams[0].info.Language
	switch {
	case set.Lang != "" && said != "" && said != "und" && !plan.SameLanguage(set.Lang, said, false):
		f := t.finding(codeLanguage, fmt.Sprintf("the manifest says the language is %s, the media says %s", set.Lang, said))
		f.Severity, f.Evidence = ruleOf(codeLanguage).Severity, map[string]any{"declared": set.Lang, "media": said}
		return []Finding{f}
	case set.Lang == "" && t.rep == set.Representations[0]:
		for _, o := range t.choice.Period.Sets {
			if o != set && o.Kind == set.Kind && o.Lang != "" {
				f := t.finding(codeLanguage, fmt.Sprintf("the set has no language, though another one of the same kind is said to be %s", o.Lang))
				f.Severity, f.Hint, f.Evidence = ruleOf(codeLanguage).Severity, "say which language it is, or zxx for none", map[string]any{"other": o.Lang}
				return []Finding{f}
			}
		}
	}
	return nil
}
