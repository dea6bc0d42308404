package raster

import (
	"slices"
	"strings"

	"github.com/go-text/typesetting/bidi"
	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/segmenter"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"

	"mseplayer/player/text/cue"
)

const (
	// maxRunes and maxLines bound one block: what is longer fills no screen.
	maxRunes = 20_000
	maxLines = 500
	// minSize and maxSize bound type, in pixels.
	minSize = 2
	maxSize = 2000
	// object stands for an inline box, such as ruby, in the text around it.
	object = '\ufffc'
)

// mark is a glyph at its place: x along the line from the beginning of its run, y above the baseline, both in pixels.
type mark struct {
	face *font.Face
	gid  font.GID
	x, y float64
}

// posture is how the glyphs of a run stand.
type posture uint8

const (
	// level: along the line. In vertical text that is lying on the side.
	level posture = iota
	// upright: in vertical text, each one standing.
	upright
	// combined: in vertical text, several standing in one cell, beside each other.
	combined
)

// piece is a run of glyphs of one style and one direction, or an inline box.
type piece struct {
	style      *style
	text       string
	start, end int // runes of the paragraph
	level      bidi.Level
	posture    posture
	marks      []mark
	advances   []float64 // by rune, from start: all of a cluster is at its first
	width      float64
	// ascent and descent are those of the font; top and bottom take the height of lines into account.
	ascent, descent float64
	top, bottom     float64
	// base is the text of an inline box, shifted by baseX, and rubies what stands beside it.
	base   *line
	baseX  float64
	rubies []annotation
}

// annotation is a line of ruby at x from the beginning of its inline box, whose baseline is shift above that of the text.
type annotation struct {
	line
	x, shift float64
}

// line is one line of pieces in the order of the screen.
type line struct {
	pieces []piece
	xs     []float64 // where the pieces are
	width  float64
	// ascent and descent are the extent across the line, from the baseline (horizontal) or the central line (vertical).
	ascent, descent float64
	rtl             bool
	text            string
}

// style is the style of a span in pixels.
type style struct {
	*cue.Style
	size     float64
	face     *font.Face // the first choice
	language language.Language
}

// inline is the context of a paragraph.
type inline struct {
	r        *Renderer
	height   float64 // of the root container: what sizes are relative to
	scale    float64 // of the user
	vertical bool
	// flipped is set for vertical lines that go on to the right: what is above letters is then at the end of the line.
	flipped bool
	// lineHeight in pixels; 0 is normal.
	lineHeight float64
	// strut is the size of the paragraph's own type in pixels; 0 is that of the text.
	strut     float64
	width     float64
	noWrap    bool
	balance   bool
	direction cue.Direction
}

// paragraph is text with no forced breaks inside.
type paragraph struct {
	runes  []rune
	styles []*style // by rune
	spans  []*cue.Span
	pieces []piece
	breaks []bool // by rune: a line may end before it
	loose  []bool // by rune: a cluster of letters begins here
	rtl    bool
}

// resolve prepares the style of a span.
func (in *inline) resolve(s *cue.Style) *style {
	st := &style{Style: s, size: s.Size}
	if st.size <= 0 {
		st.size = defaultSize
	}
	st.size = min(max(st.size*in.height*in.scale, minSize), maxSize)
	st.face = in.r.fonts.first(s)
	st.language = language.NewLanguage(s.Language)
	return st
}

// lines breaks a block into lines.
func (in *inline) lines(spans []cue.Span, preserve bool) []line {
	var out []line
	for _, p := range in.paragraphs(spans, preserve) {
		out = append(out, in.breakLines(p)...)
		if len(out) >= maxLines {
			return out[:maxLines]
		}
	}
	return out
}

// reserve makes room for ruby. TTML2 §10.2.37 (tts:rubyReserve).
func (in *inline) reserve(lines []line, block *cue.Block) {
	if block.Reserve == [2]float64{} || len(block.Spans) == 0 {
		return
	}
	st := in.resolve(&block.Spans[0].Style)
	size := st.size
	if in.strut > 0 {
		size = in.strut
	}
	var base piece
	ascent, descent, _ := extents(st.face, size)
	in.frame(&base, ascent, descent, 0)
	for i := range lines {
		for side, ruby := range block.Reserve {
			if ruby <= 0 || block.ReserveOutside && (side == 0) != (i == 0) {
				continue
			}
			above, below, _ := extents(st.face, min(finite(ruby)*in.height*in.scale, maxSize))
			if (side == 0) != in.flipped {
				lines[i].ascent = max(lines[i].ascent, base.ascent+above+below)
			} else {
				lines[i].descent = max(lines[i].descent, base.descent+above+below)
			}
		}
	}
}

// paragraphs splits the spans at forced breaks and takes out white space that does not count.
func (in *inline) paragraphs(spans []cue.Span, preserve bool) []*paragraph {
	var (
		list []*paragraph
		p    = &paragraph{}
		last *style
	)
	flush := func() {
		if !preserve {
			for n := len(p.runes); n > 0 && p.runes[n-1] == ' '; n-- {
				p.runes, p.styles, p.spans = p.runes[:n-1], p.styles[:n-1], p.spans[:n-1]
			}
		}
		list = append(list, p)
		p = &paragraph{}
	}
	total := 0
	for i := range spans {
		s := &spans[i]
		st := in.resolve(&s.Style)
		last = st
		push := func(r rune) {
			p.runes, p.styles, p.spans = append(p.runes, r), append(p.styles, st), append(p.spans, s)
			total++
		}
		if s.Ruby != nil || s.Style.Combine && in.vertical && len(s.Text) > 0 {
			push(object)
			continue
		}
		opening, closing := controls(&s.Style)
		for _, r := range opening {
			push(r)
		}
		for _, r := range s.Text {
			if total >= maxRunes {
				break
			}
			switch {
			case r == '\n' || r == '\u2028' || r == '\u2029':
				for _, r := range closing {
					push(r)
				}
				flush()
				for _, r := range opening {
					push(r)
				}
				continue
			case r == '\r':
				continue
			case r == '\t':
				r = ' '
			case r == 0 || r >= 0x80 && r < 0xa0:
				r = '\ufffd'
			}
			if r == ' ' && !preserve {
				if n := len(p.runes); n == 0 || p.runes[n-1] == ' ' {
					continue
				}
			}
			push(r)
		}
		for _, r := range closing {
			push(r)
		}
	}
	flush()
	if last == nil {
		return nil
	}
	// A break at the end begins no line. CSS Text 3 §5.1.
	if n := len(list) - 1; n > 0 && !slices.ContainsFunc(list[n].runes, func(r rune) bool { return !invisible(r) }) {
		list = list[:n]
	}
	// An empty line is as high as its style, which is that of the text around it.
	for i, p := range list {
		if len(p.runes) == 0 {
			st := last
			if i > 0 && len(list[i-1].styles) > 0 {
				st = list[i-1].styles[len(list[i-1].styles)-1]
			}
			p.styles = []*style{st}
		}
	}
	return list
}

// controls are the characters that put the direction of a style into text.
//
// CSS Writing Modes 3 §2.4.2.
func controls(s *cue.Style) (opening, closing string) {
	switch {
	case s.Override && s.Direction == cue.RTL:
		return "\u202e", "\u202c"
	case s.Override && s.Direction == cue.LTR:
		return "\u202d", "\u202c"
	case s.Embed && s.Direction == cue.RTL:
		return "\u2067", "\u2069"
	case s.Embed && s.Direction == cue.LTR:
		return "\u2066", "\u2069"
	case s.Embed:
		return "\u2068", "\u2069"
	}
	return "", ""
}

// breakLines shapes a paragraph and fills lines with it.
func (in *inline) breakLines(p *paragraph) []line {
	if len(p.runes) == 0 {
		l := line{rtl: in.direction == cue.RTL}
		in.measure(&l, p.styles[0])
		return []line{l}
	}
	in.shape(p)
	width := in.width
	if in.noWrap {
		width = 1e9
	}
	ends := p.fill(width)
	if in.balance && len(ends) > 1 {
		lo, hi := width/float64(len(ends))/2, width
		for range 12 {
			mid := (lo + hi) / 2
			if narrow := p.fill(mid); len(narrow) <= len(ends) && !p.cutsWords(narrow) {
				hi = mid
			} else {
				lo = mid
			}
		}
		if narrow := p.fill(hi); len(narrow) == len(ends) && !p.cutsWords(narrow) {
			ends = narrow
		}
	}
	var lines []line
	start := 0
	for _, end := range ends {
		lines = append(lines, in.compose(p, start, end))
		start = end
	}
	return lines
}

// shape finds direction, fonts and glyphs.
func (in *inline) shape(p *paragraph) {
	p.rtl = baseIsRTL(p.runes, in.direction)
	base := bidi.LeftToRight
	if p.rtl {
		base = bidi.RightToLeft
	}
	var b bidi.Paragraph
	runs := b.Segment(p.runes, base)
	levels := make([]bidi.Level, len(p.runes))
	for i := range runs.NumRuns() {
		run := runs.Run(i)
		for j := run.Start; j < run.End; j++ {
			levels[j] = run.Level
		}
	}
	p.segment()
	scripts := scriptsOf(p.runes)
	faces := in.faces(p, scripts)
	for start := 0; start < len(p.runes); {
		if p.runes[start] == object && (p.spans[start].Ruby != nil || p.spans[start].Style.Combine) {
			p.pieces = append(p.pieces, in.box(p, start, levels[start]))
			start++
			continue
		}
		end := start + 1
		pos := in.posture(p.runes[start])
		for end < len(p.runes) && p.runes[end] != object && levels[end] == levels[start] && p.styles[end] == p.styles[start] &&
			scripts[end] == scripts[start] && faces[end] == faces[start] && (in.posture(p.runes[end]) == pos || invisible(p.runes[end])) {
			end++
		}
		p.pieces = append(p.pieces, in.run(p, start, end, levels[start], faces[start], scripts[start], pos))
		start = end
	}
}

// baseIsRTL is UAX 9 P2 and P3.
func baseIsRTL(text []rune, d cue.Direction) bool {
	switch d {
	case cue.LTR:
		return false
	case cue.RTL:
		return true
	case cue.Auto:
	}
	isolates := 0
	for _, r := range text {
		switch {
		case r == '\u2066' || r == '\u2067' || r == '\u2068':
			isolates++
		case r == '\u2069':
			isolates = max(0, isolates-1)
		case isolates > 0:
		case r == '\u202d' || r == '\u202e' || r == '\u202a' || r == '\u202b' || r == '\u202c':
		default:
			switch strong(r) {
			case 'L':
				return false
			case 'R':
				return true
			}
		}
	}
	return false
}

// segment finds where lines may end (UAX 14) and where letters begin (UAX 29).
func (p *paragraph) segment() {
	p.breaks, p.loose = make([]bool, len(p.runes)+1), make([]bool, len(p.runes)+1)
	text := p.runes
	if slices.Contains(text, object) {
		// Ruby breaks like the ideographs it mostly stands on.
		text = slices.Clone(text)
		for i, r := range text {
			if r == object {
				text[i] = '\u4e00'
			}
		}
	}
	var seg segmenter.Segmenter
	seg.Init(text)
	for it := seg.LineIterator(); it.Next(); {
		p.breaks[it.Line().Offset] = true
	}
	for it := seg.GraphemeIterator(); it.Next(); {
		p.loose[it.Grapheme().Offset] = true
	}
	p.breaks[len(p.runes)], p.loose[len(p.runes)] = true, true
}

// scriptsOf gives each letter a script: those that belong to none take that of their neighbours.
func scriptsOf(text []rune) []language.Script {
	out := make([]language.Script, len(text))
	last := language.Unknown
	for i, r := range text {
		s := language.LookupScript(r)
		if s == language.Common || s == language.Inherited || s == language.Unknown {
			s = last
		}
		out[i], last = s, s
	}
	for i := len(out) - 2; i >= 0; i-- {
		if out[i] == language.Unknown {
			out[i] = out[i+1]
		}
	}
	for i := range out {
		if out[i] == language.Unknown {
			out[i] = language.Latin
		}
	}
	return out
}

// faces chooses a face for each letter with its marks.
func (in *inline) faces(p *paragraph, scripts []language.Script) []*font.Face {
	out := make([]*font.Face, len(p.runes))
	for start := 0; start < len(p.runes); {
		end := start + 1
		for end < len(p.runes) && !p.loose[end] {
			end++
		}
		letter := p.runes[start:end]
		face := p.styles[start].face
		if !hasAll(face, letter) {
			for _, r := range letter {
				if has(face, r) {
					continue
				}
				if found := in.r.fonts.find(r, p.styles[start].Style, scripts[start]); found != nil {
					face = found
					break
				}
			}
		}
		for i := start; i < end; i++ {
			out[i] = face
		}
		start = end
	}
	// Spaces stay in the run before them, so that a sentence in another script is one run.
	for i := 1; i < len(out); i++ {
		if p.runes[i] == ' ' && p.styles[i] == p.styles[i-1] && has(out[i-1], ' ') && p.runes[i-1] != object {
			out[i] = out[i-1]
		}
	}
	return out
}

func hasAll(face *font.Face, letter []rune) bool {
	for _, r := range letter {
		if !has(face, r) {
			return false
		}
	}
	return true
}

// posture is how r stands in the line.
func (in *inline) posture(r rune) posture {
	if in.vertical && standsUpright(r) {
		return upright
	}
	return level
}

// run shapes p.runes[start:end].
func (in *inline) run(p *paragraph, start, end int, lv bidi.Level, face *font.Face, script language.Script, pos posture) piece {
	st := p.styles[start]
	pc := piece{
		style: st, start: start, end: end, level: lv, posture: pos, text: visible(p.runes[start:end]),
		advances: make([]float64, end-start),
	}
	input := shaping.Input{
		Text: p.runes, RunStart: start, RunEnd: end, Face: face, Size: fixed.Int26_6(st.size * 64), Script: script,
		Language: st.language, Direction: di.DirectionLTR,
	}
	switch {
	case pos == upright:
		input.Direction = di.DirectionTTB
	case lv%2 == 1:
		input.Direction = di.DirectionRTL
	}
	out := in.r.shaper.ShapeNoExtents(input)
	stretch := 1.0
	if st.Stretch > 0 && pos == level {
		stretch = st.Stretch
	}
	pen := 0.0
	spacing := finite(st.Spacing) * in.height * in.scale
	if script == language.Arabic || script == language.Syriac {
		spacing = 0 // letters join
	}
	pc.marks = make([]mark, 0, len(out.Glyphs))
	for i, g := range out.Glyphs {
		at := min(max(g.TextIndex()-start, 0), end-start-1)
		if pos == upright {
			// The pen goes down: advances and offsets are upwards.
			advance := max(0, -toFloat(g.Advance)+spacing)
			pc.marks = append(pc.marks, mark{out.Face, g.GlyphID, pen - toFloat(g.YOffset), toFloat(g.XOffset)})
			pen += advance
			pc.advances[at] += advance
			continue
		}
		advance := toFloat(g.Advance) * stretch
		if !invisible(p.runes[start+at]) || g.Advance != 0 {
			pc.marks = append(pc.marks, mark{out.Face, g.GlyphID, pen + toFloat(g.XOffset)*stretch, toFloat(g.YOffset)})
		}
		if letter := i+1 == len(out.Glyphs) || out.Glyphs[i+1].TextIndex() != g.TextIndex(); letter && g.Advance != 0 {
			advance = max(0, advance+spacing)
		}
		pen += advance
		pc.advances[at] += advance
	}
	pc.width = pen
	ascent, descent, gap := extents(face, st.size)
	in.frame(&pc, ascent, descent, gap)
	if st.Emphasis != "" {
		// The marks make room for themselves where the line has none.
		above, below, _ := extents(face, st.size/2)
		if st.EmphasisAfter != in.flipped {
			pc.bottom = max(pc.bottom, pc.descent+above+below)
		} else {
			pc.top = max(pc.top, pc.ascent+above+below)
		}
	}
	return pc
}

// frame sets the extents of a piece across the line.
func (in *inline) frame(pc *piece, ascent, descent, gap float64) {
	if in.vertical {
		// Lines of vertical text are centered.
		ascent, descent = (ascent+descent)/2, (ascent+descent)/2
	}
	pc.ascent, pc.descent = ascent, descent
	half := gap / 2
	if in.lineHeight > 0 {
		half = (in.lineHeight - ascent - descent) / 2
	}
	pc.top, pc.bottom = ascent+half, descent+half
}

func toFloat(v fixed.Int26_6) float64 { return float64(v) / 64 }

// visible is the text without the characters that only steer.
func visible(runes []rune) string {
	var b strings.Builder
	for _, r := range runes {
		if !invisible(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// box lays out what an object character stands for: a text and its ruby, or a combination in one cell.
func (in *inline) box(p *paragraph, at int, lv bidi.Level) piece {
	span, st := p.spans[at], p.styles[at]
	pc := piece{style: st, start: at, end: at + 1, level: lv, text: span.Text}
	inner := &inline{r: in.r, height: in.height, scale: in.scale, vertical: in.vertical, flipped: in.flipped, noWrap: true, width: 1e9}
	if span.Ruby == nil {
		inner.vertical = false
		l := inner.single(span.Text, st.Style)
		pc.base, pc.posture = &l, combined
		pc.width = st.size
		ascent, descent, gap := extents(st.face, st.size)
		in.frame(&pc, ascent, descent, gap)
		pc.advances = []float64{pc.width}
		return pc
	}
	base := inner.single(span.Text, st.Style)
	pc.base, pc.width = &base, base.width
	in.frame(&pc, base.ascent, base.descent, 0)
	for ruby := span.Ruby; ruby != nil && len(pc.rubies) < 2; ruby = ruby.Other {
		look := ruby.Style
		if look.Size == 0 {
			look.Size = span.Style.Size / 2
			if span.Style.Size == 0 {
				look.Size = defaultSize / 2
			}
		}
		over := annotation{line: inner.single(ruby.Text, &look)}
		// The annotation lies against the base, and makes room for itself where the line has none.
		if ruby.After != in.flipped {
			over.shift = -(base.descent + over.ascent)
			pc.bottom = max(pc.bottom, base.descent+over.ascent+over.descent)
		} else {
			over.shift = base.ascent + over.descent
			pc.top = max(pc.top, base.ascent+over.ascent+over.descent)
		}
		pc.width = max(pc.width, over.width)
		pc.rubies = append(pc.rubies, over)
	}
	pc.baseX = (pc.width - base.width) / 2
	ruby := span.Ruby
	for i := range pc.rubies {
		switch room := pc.width - pc.rubies[i].width; ruby.Align {
		case cue.Start, cue.Left:
		case cue.End, cue.Right:
			pc.rubies[i].x = room
		case cue.Center, cue.Justify:
			pc.rubies[i].x = room / 2
		}
		ruby = ruby.Other
	}
	pc.advances = []float64{pc.width}
	return pc
}

// single is text on one line.
func (in *inline) single(text string, s *cue.Style) line {
	plain := *s
	plain.Combine = false
	lines := in.lines([]cue.Span{{Text: strings.ReplaceAll(text, "\n", " "), Style: plain}}, false)
	if len(lines) == 0 {
		return line{}
	}
	return lines[0]
}

// advanceOf is the advance of each rune.
func (p *paragraph) advanceOf() []float64 {
	a := make([]float64, len(p.runes))
	for i := range p.pieces {
		copy(a[p.pieces[i].start:], p.pieces[i].advances)
	}
	return a
}

// fill breaks the paragraph into lines no wider than width and returns where they end. A word that is too long is cut.
//
// UAX 14; CSS Text 3 §5 (overflow-wrap: break-word).
func (p *paragraph) fill(width float64) []int {
	const slack = 0.01 // of rounding
	a := p.advanceOf()
	var ends []int
	start := 0
	for start < len(p.runes) && len(ends) < maxLines {
		var x, visibleX float64
		good, cut := -1, -1
		i := start
		for i < len(p.runes) {
			x += a[i]
			if p.runes[i] != ' ' {
				visibleX = x
			}
			if visibleX > width+slack && i > start {
				break
			}
			i++
			if p.breaks[i] {
				good = i
			}
			if p.loose[i] {
				cut = i
			}
		}
		switch {
		case i >= len(p.runes):
			ends = append(ends, len(p.runes))
			return ends
		case good > start:
			start = good
		case cut > start:
			start = cut
		default:
			start = i
		}
		ends = append(ends, start)
	}
	return ends
}

// cutsWords tells whether a line ends inside of a word.
func (p *paragraph) cutsWords(ends []int) bool {
	for _, e := range ends {
		if !p.breaks[e] {
			return true
		}
	}
	return false
}

// compose makes the line of p.runes[start:end].
func (in *inline) compose(p *paragraph, start, end int) line {
	l := line{rtl: p.rtl, text: strings.TrimRight(p.plain(start, end), " ")}
	trimmed := end
	for trimmed > start && p.runes[trimmed-1] == ' ' && end < len(p.runes) {
		trimmed--
	}
	for i := range p.pieces {
		pc := p.pieces[i]
		from, to := max(pc.start, start), min(pc.end, trimmed)
		if from >= to {
			continue
		}
		if from != pc.start || to != pc.end {
			var face *font.Face
			if len(pc.marks) > 0 {
				face = pc.marks[0].face
			} else {
				face = pc.style.face
			}
			// Shaped anew: letters may join differently at an end.
			pc = in.run(p, from, to, pc.level, face, language.LookupScript(firstLetter(p.runes[from:to])), pc.posture)
		}
		l.pieces = append(l.pieces, pc)
	}
	reorder(l.pieces)
	in.measure(&l, p.styles[start])
	return l
}

// firstLetter is the first rune that tells a script.
func firstLetter(runes []rune) rune {
	for _, r := range runes {
		switch language.LookupScript(r) {
		case language.Common, language.Inherited, language.Unknown:
		default:
			return r
		}
	}
	return 'a'
}

// plain is the text with the bases of ruby in it.
func (p *paragraph) plain(start, end int) string {
	var b strings.Builder
	for i := start; i < end; i++ {
		switch r := p.runes[i]; {
		case r == object && p.spans[i] != nil && (p.spans[i].Ruby != nil || p.spans[i].Style.Combine):
			b.WriteString(p.spans[i].Text)
		case !invisible(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// reorder puts pieces into the order of the screen.
//
// UAX 9 L2.
func reorder(pieces []piece) {
	var highest bidi.Level
	for i := range pieces {
		highest = max(highest, pieces[i].level)
	}
	for lv := highest; lv > 0; lv-- {
		for i := 0; i < len(pieces); {
			if pieces[i].level < lv {
				i++
				continue
			}
			j := i
			for j < len(pieces) && pieces[j].level >= lv {
				j++
			}
			slices.Reverse(pieces[i:j])
			i = j
		}
	}
}

// measure sets the extents of a line; strut is the style that an empty line has.
func (in *inline) measure(l *line, strut *style) {
	var pc piece
	face, size := strut.face, strut.size
	if in.strut > 0 {
		size = in.strut
	}
	ascent, descent, gap := extents(face, size)
	in.frame(&pc, ascent, descent, gap)
	l.ascent, l.descent = pc.top, pc.bottom
	for i := range l.pieces {
		l.xs = append(l.xs, l.width)
		l.width += l.pieces[i].width
		l.ascent, l.descent = max(l.ascent, l.pieces[i].top), max(l.descent, l.pieces[i].bottom)
	}
}
