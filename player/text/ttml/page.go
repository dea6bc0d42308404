package ttml

import (
	"strings"

	"mseplayer/player/text/cue"
)

// page is the content of a region at a moment.
type page struct {
	d      *document
	t      float64
	region *element

	blocks []cue.Block
	marked [][]bool // which spans of blocks are forced
	images []picture
	forced bool // something is forced
	free   bool // something is not
	spans  int
}

// picture is an image in a region.
type picture struct {
	image   *cue.Image
	size    [2]float64 // fractions of the root container; zero is all of the region
	opacity float64
	forced  bool
}

// run is a piece of a paragraph: text, or a line break.
type run struct {
	text     string
	lineEnd  bool
	preserve bool
	style    *style
	back     cue.Color // behind it, of all spans around it
	opacity  float64
	lang     string
	span     spanBidi
	ruby     []run
	place    string // of the ruby
	align    string
	other    *run // its ruby is one more, on the other side
	second   bool // it is on the second of two lines
}

// spanBidi is what the spans around a run ask of the order of characters.
type spanBidi struct {
	override, embed bool
	direction       string
}

// body adds what body, div and what is in them show. within is the region of what e is in, back the color behind it.
func (p *page) body(e *element, parent *style, within *element, back cue.Color, opacity float64) {
	if !e.active(p.t) {
		return
	}
	own, in := p.d.in(p.region, e, within)
	if in < 0 {
		return
	}
	s := p.d.compute(e, parent, p.t)
	if s.word(pDisplay, "auto") == "none" {
		return
	}
	opacity *= s.opacity()
	if s.word(pVisibility, "visible") == "visible" {
		back = over(fade(s.background(), opacity), back)
	}
	switch e.name {
	case "p":
		p.paragraph(e, s, own, back, opacity)
		return
	case "image":
		if in > 0 {
			p.picture(e, s, e.source(), opacity)
		}
		return
	}
	if src, _ := s.of[pBackgroundImage].(string); src != "" && in > 0 {
		p.picture(e, s, src, opacity)
	}
	for _, c := range e.candidates(p.t) {
		switch c.name {
		case "div", "p", "image":
			p.body(c, s, own, back, opacity)
		}
	}
}

// source is where the picture of an image element is.
func (e *element) source() string {
	if e.src != "" {
		return e.src
	}
	for _, c := range e.children {
		switch {
		case c.src != "":
			return c.src
		case c.name == "data" && c.id != "":
			return "#" + c.id
		case c.name == "source":
			if s := c.source(); s != "" {
				return s
			}
		}
	}
	return ""
}

// picture adds an image.
func (p *page) picture(e *element, s *style, src string, opacity float64) {
	if s.word(pVisibility, "visible") == "hidden" || src == "" {
		return
	}
	im, err := p.d.images.get(p.d, src)
	if err != nil {
		p.d.warn(e.line, "the picture %.40q is left out: %v", src, err)
		return
	}
	pic := picture{image: im, opacity: opacity, forced: s.flag(pForcedDisplay)}
	if x, ok := s.of[pExtent].(pair); ok && e.name == "image" && !x.auto {
		r := s.rect
		r.W, r.H = p.d.horizontal(x.w, 1, s.font/p.d.aspect), p.d.vertical(x.h, 1, s.font)
		pic.size = [2]float64{r.W, r.H}
	}
	p.images = append(p.images, pic)
}

// paragraph adds a block.
func (p *page) paragraph(e *element, s *style, within *element, back cue.Color, opacity float64) {
	var runs []run
	bidi := spanBidi{direction: s.word(pDirection, "ltr")}
	bidi.add(s)
	p.inline(e, s, within, cue.Color{}, opacity, bidi, &runs, 0)
	runs = collapse(runs)
	if len(runs) == 0 {
		return
	}
	secondOf(runs)
	b := cue.Block{
		Align:       aligns[s.word(pTextAlign, "start")],
		MultiRow:    multiRow[s.word(pMultiRowAlign, "auto")],
		Direction:   cue.LTR,
		LineHeight:  s.line * p.d.scale[1],
		Size:        s.font * p.d.scale[1],
		NoWrap:      true,
		Background:  back,
		LinePadding: s.padding * p.d.scale[1],
		FillLineGap: s.flag(pFillLineGap),
	}
	if s.word(pDirection, "ltr") == "rtl" {
		b.Direction = cue.RTL
	}
	if v, ok := s.of[pRubyReserve].(reserve); ok {
		if v.side != "after" {
			b.Reserve[0] = s.reserve * p.d.scale[1]
		}
		if v.side != "before" {
			b.Reserve[1] = s.reserve * p.d.scale[1]
		}
		b.ReserveOutside = v.side == "outside"
	}
	var marked []bool
	for _, r := range runs {
		b.Preserve = b.Preserve || r.preserve
		b.NoWrap = b.NoWrap && (r.lineEnd || r.style.word(pWrapOption, "wrap") == "noWrap")
		sp := p.span(r)
		forced := r.style.flag(pForcedDisplay)
		p.forced, p.free = p.forced || forced, p.free || !forced
		if r.lineEnd && len(b.Spans) > 0 && r.ruby == nil {
			// A line break takes the style of what is before it.
			const long = 4096 // for which adding to it costs too much
			if last := &b.Spans[len(b.Spans)-1]; last.Ruby == nil && !last.Style.Combine && len(last.Text) < long {
				last.Text += "\n"
				continue
			}
		}
		b.Spans = append(b.Spans, sp)
		marked = append(marked, forced)
	}
	p.spans += len(b.Spans)
	p.blocks = append(p.blocks, b)
	p.marked = append(p.marked, marked)
}

// aligns translates tts:textAlign; left and right are start and end, as XSL 1.1 §7.16.9 has it.
var aligns = map[string]cue.Align{
	"start": cue.Start, "left": cue.Start, "center": cue.Center, "end": cue.End, "right": cue.End, "justify": cue.Justify,
}

// multiRow translates ebutts:multiRowAlign.
var multiRow = map[string]cue.Align{"start": cue.Start, "center": cue.Center, "end": cue.End, "auto": cue.Justify}

// rubyAligns translates tts:rubyAlign.
var rubyAligns = map[string]cue.Align{
	"auto": cue.Center, "withBase": cue.Center, "center": cue.Center, "start": cue.Start, "end": cue.End,
	"spaceAround": cue.Justify, "spaceBetween": cue.Justify,
}

// add takes in what an element asks of the order of characters.
func (b *spanBidi) add(s *style) {
	switch s.word(pUnicodeBidi, "normal") {
	case "bidiOverride":
		b.override, b.embed = true, true
	case "embed", "isolate":
		b.override, b.embed = false, true
	default:
		return
	}
	b.direction = s.word(pDirection, "ltr")
}

// inline appends the runs of a p or span.
func (p *page) inline(e *element, s *style, within *element, back cue.Color, opacity float64, bidi spanBidi, to *[]run, depth int) {
	for _, c := range e.candidates(p.t) {
		if !c.active(p.t) {
			continue
		}
		own, in := p.d.in(p.region, c, within)
		if in < 0 {
			continue
		}
		switch c.name {
		case textName:
			if in > 0 {
				*to = append(*to, run{text: c.text, preserve: c.preserve, style: s, back: back, opacity: opacity, lang: c.lang, span: bidi})
				p.d.bytes += len(c.text)
			}
		case "br":
			if bs := p.d.compute(c, s, p.t); in > 0 && bs.word(pDisplay, "auto") != "none" {
				*to = append(*to, run{lineEnd: true, style: s, back: back, opacity: opacity, lang: c.lang, span: bidi})
			}
		case "span":
			cs := p.d.compute(c, s, p.t)
			if cs.word(pDisplay, "auto") == "none" {
				continue
			}
			o, b, cb := opacity*cs.opacity(), bidi, back
			if cs.word(pVisibility, "visible") == "visible" {
				cb = over(fade(cs.background(), cs.opacity()), back)
			}
			b.add(cs)
			switch cs.word(pRuby, "none") {
			case "container":
				p.ruby(c, cs, own, cb, o, b, to)
			case "delimiter": // for what cannot show ruby
			default:
				p.inline(c, cs, own, cb, o, b, to, depth+1)
			}
		}
	}
}

// ruby appends the bases of a ruby container with their annotations.
func (p *page) ruby(e *element, s *style, within *element, back cue.Color, opacity float64, bidi spanBidi, to *[]run) {
	var bases [][]run
	var texts [2][][]run // of the containers
	var notes [2][]*style
	collect := func(c *element, cs *style, list *[][]run) {
		var runs []run
		cb := cs.background()
		if cs.word(pRuby, "none") == "base" {
			cb = over(cb, back)
		}
		p.inline(c, cs, within, cb, opacity*cs.opacity(), bidi, &runs, 0)
		*list = append(*list, runs)
	}
	containers := 0
	var visit func(e *element, s *style)
	visit = func(e *element, s *style) {
		for _, c := range e.candidates(p.t) {
			if c.name != "span" || !c.active(p.t) {
				continue
			}
			if _, in := p.d.in(p.region, c, within); in < 0 {
				continue
			}
			cs := p.d.compute(c, s, p.t)
			if cs.word(pDisplay, "auto") == "none" {
				continue
			}
			switch cs.word(pRuby, "none") {
			case "base":
				collect(c, cs, &bases)
			case "text":
				at := min(max(containers-1, 0), 1)
				collect(c, cs, &texts[at])
				notes[at] = append(notes[at], cs)
			case "baseContainer":
				visit(c, cs)
			case "textContainer":
				if containers++; containers <= 2 {
					visit(c, cs)
				}
			}
		}
	}
	visit(e, s)
	for i, b := range bases {
		b = collapse(b)
		if len(b) == 0 {
			continue
		}
		r := b[0]
		r.text = joined(b)
		note := func(r *run, texts [][]run, notes []*style) {
			for j := i; j < len(texts) && (j == i || i == len(bases)-1); j++ {
				r.ruby = append(r.ruby, texts[j]...)
			}
			if r.ruby = collapse(r.ruby); i < len(notes) {
				r.place = notes[i].word(pRubyPosition, "outside")
			}
			r.align = s.word(pRubyAlign, "center")
		}
		note(&r, texts[0], notes[0])
		if i < len(texts[1]) && len(r.ruby) > 0 {
			r.other = &run{}
			note(r.other, texts[1], notes[1])
		}
		*to = append(*to, r)
	}
}

// collapse removes white space that is not to be kept: all but one of several, and that at both ends of a line.
// TTML2 §8.2.10 (xml:space), XSL 1.1 §7.17.3.
func collapse(runs []run) []run {
	const blank = " \t\r\n"
	out := runs[:0]
	after := true // at the start of a line, or behind white space
	for _, r := range runs {
		switch {
		case r.lineEnd:
			after = true
		case r.preserve:
			if r.text == "" {
				continue
			}
			after = strings.ContainsAny(r.text[len(r.text)-1:], blank)
		case len(r.ruby) > 0:
			after = false
		default:
			words := strings.FieldsFunc(r.text, func(c rune) bool { return strings.ContainsRune(blank, c) })
			text := strings.Join(words, " ")
			if !after && r.text != "" && strings.ContainsAny(r.text[:1], blank) {
				text = " " + text
			}
			if len(words) > 0 && strings.ContainsAny(r.text[len(r.text)-1:], blank) {
				text += " "
			}
			if text == "" {
				continue
			}
			r.text = text
			after = strings.HasSuffix(text, " ")
		}
		out = append(out, r)
	}
	// What is left at the end of lines, which may reach back over several runs.
	kept := out[:0]
	for _, r := range out {
		if r.lineEnd || r.preserve && strings.HasPrefix(r.text, "\n") {
			kept = trimEnd(kept)
		}
		kept = append(kept, r)
	}
	return trimEnd(kept)
}

// trimEnd removes a blank at the end of runs.
func trimEnd(runs []run) []run {
	for n := len(runs); n > 0; n = len(runs) {
		r := &runs[n-1]
		if r.lineEnd || r.preserve || r.ruby != nil || !strings.HasSuffix(r.text, " ") {
			break
		}
		if r.text = strings.TrimRight(r.text, " "); r.text != "" {
			break
		}
		runs = runs[:n-1]
	}
	return runs
}

// secondOf marks the runs of the second line, if there are two. Lines that are broken because they are too long are not
// known here.
func secondOf(runs []run) {
	at, n := 0, 0
	for i, r := range runs {
		if r.lineEnd {
			at, n = i, n+1
		}
	}
	for i := at; n == 1 && i < len(runs); i++ {
		runs[i].second = true
	}
}

// behind says whether what stands beside the run is behind the line, not before it. "outside" is away from the other one
// of two lines. TTML2 §10.2.34, §10.2.40.
func (r run) behind(place string) bool { return place == "after" || place == "outside" && r.second }

// joined is the text of runs.
func joined(runs []run) string {
	var b strings.Builder
	for _, r := range runs {
		b.WriteString(r.text)
	}
	return b.String()
}

// span translates a run.
func (p *page) span(r run) cue.Span {
	sp := cue.Span{Text: r.text, Style: p.look(r)}
	if r.lineEnd {
		sp.Text = "\n"
	}
	if len(r.ruby) > 0 {
		sp.Ruby = &cue.Ruby{Style: p.look(r.ruby[0]), After: r.behind(r.place), Align: rubyAligns[r.align]}
		sp.Ruby.Text = strings.ReplaceAll(joined(r.ruby), "\n", " ")
		if o := r.other; o != nil && len(o.ruby) > 0 {
			sp.Ruby.Other = &cue.Ruby{Style: p.look(o.ruby[0]), After: !sp.Ruby.After, Align: sp.Ruby.Align}
			sp.Ruby.Other.Text = strings.ReplaceAll(joined(o.ruby), "\n", " ")
			if o.place == "before" && r.place != "before" {
				sp.Ruby.After, sp.Ruby.Other.After = true, false
			}
		}
	}
	return sp
}

// look translates the style of a run.
func (p *page) look(r run) cue.Style {
	s, h := r.style, p.d.scale[1]
	l := cue.Style{
		Size:         s.font * h,
		Color:        s.color,
		Background:   r.back,
		Bold:         s.word(pFontWeight, "normal") == "bold",
		Italic:       s.word(pFontStyle, "normal") != "normal",
		Underline:    s.lines&underline != 0,
		Strike:       s.lines&lineThrough != 0,
		Overline:     s.lines&overline != 0,
		Outline:      s.thick * h,
		Shadows:      s.shadows,
		Transparency: 1 - r.opacity,
		Hidden:       s.word(pVisibility, "visible") == "hidden",
		Override:     r.span.override,
		Embed:        r.span.embed,
		Combine:      s.word(pTextCombine, "none") == "all",
		Language:     r.lang,
	}
	if l.Color == (cue.Color{}) {
		l.Color = cue.Color{R: 255, G: 255, B: 255} // none at all, which is not the same as the default
	}
	l.Shear = s.lean
	if s.stretch != 1 {
		l.Stretch = s.stretch
	}
	if s.thick > 0 {
		l.OutlineColor = s.outline
	}
	if l.Families, _ = s.of[pFontFamily].([]string); l.Families == nil {
		l.Families = defaultFamilies
	}
	if l.Embed {
		l.Direction = cue.LTR
		if r.span.direction == "rtl" {
			l.Direction = cue.RTL
		}
	}
	if e := s.emphasis; !e.none {
		l.Emphasis, l.EmphasisColor, l.EmphasisAfter = e.mark, s.color, r.behind(e.place)
		if e.auto {
			l.Emphasis = marks["filled circle"]
			if writing(p.d.compute(p.region, nil, p.t)) != cue.Horizontal {
				l.Emphasis = marks["filled sesame"]
			}
		}
		if e.color != nil {
			l.EmphasisColor = *e.color
		}
	}
	return l
}

// defaultFamilies is the initial value of tts:fontFamily.
var defaultFamilies = []string{defaultFamily}

// split returns the blocks with only what is forced to be seen, or only the rest.
func (p *page) split(forced bool) []cue.Block {
	list := make([]cue.Block, len(p.blocks))
	for i, b := range p.blocks {
		spans := make([]cue.Span, len(b.Spans))
		any := false
		for j, sp := range b.Spans {
			if p.marked[i][j] != forced {
				sp.Style.Hidden = true
			} else {
				any = true
			}
			spans[j] = sp
		}
		if !any {
			b.Background = cue.Color{}
		}
		b.Spans = spans
		list[i] = b
	}
	return list
}
