package webvtt

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"mseplayer/mse/media"
	"mseplayer/player/text/cue"
)

// defaultBackground is that of the box behind the text.
//
// WebVTT §7.4.
var defaultBackground = cue.Color{A: 204}

// classColors are the colours of the default classes.
//
// WebVTT §5.
var classColors = map[string]cue.Color{
	"white": {R: 255, G: 255, B: 255, A: 255}, "lime": {G: 255, A: 255}, "cyan": {G: 255, B: 255, A: 255},
	"red": {R: 255, A: 255}, "yellow": {R: 255, G: 255, A: 255}, "magenta": {R: 255, B: 255, A: 255},
	"blue": {B: 255, A: 255}, "black": {A: 255},
}

// computed is the computed style of a node.
type computed struct {
	style cue.Style
	// background is the node's own, which is not inherited but lies over that of its parents.
	background cue.Color
	// lineHeight is a factor of the size, or a fraction of the root container if it is negative; 0 is normal.
	lineHeight float64
	nowrap     bool
	preserve   bool
	under      bool // ruby
	// opacity is the product of those of the ancestors.
	opacity float64
}

var white = cue.Color{R: 255, G: 255, B: 255, A: 255}

// flatten turns the tree into the spans of a block.
func (t *Track) flatten(root *node, id string, now media.Time, base computed, block *cue.Block) {
	m := &matcher{id: id, now: now, steps: maxSteps}
	root.collect(&m.marks)
	f := &flattener{track: t, matcher: m, block: block}
	c := f.compute(root, base)
	block.Size = c.style.Size
	block.NoWrap, block.Preserve = c.nowrap, c.preserve
	switch {
	case c.lineHeight > 0:
		block.LineHeight = c.lineHeight * c.style.Size
	case c.lineHeight < 0:
		block.LineHeight = -c.lineHeight
	}
	f.walk(root, c)
}

func (n *node) collect(marks *[]*node) {
	if n.tag == "@" {
		*marks = append(*marks, n)
	}
	for _, c := range n.childs {
		c.collect(marks)
	}
}

type flattener struct {
	track   *Track
	matcher *matcher
	block   *cue.Block
}

func (f *flattener) walk(n *node, c computed) {
	for _, child := range n.childs {
		switch child.tag {
		case "#":
			f.span(child.text, c)
		case "@":
		case "ruby":
			f.ruby(child, f.compute(child, c))
		default:
			f.walk(child, f.compute(child, c))
		}
	}
}

func (c *computed) final() cue.Style {
	s := c.style
	s.Background = c.background
	s.Transparency = 1 - c.opacity
	return s
}

func (f *flattener) span(text string, c computed) {
	if text != "" {
		f.block.Spans = append(f.block.Spans, cue.Span{Text: text, Style: c.final()})
	}
}

// ruby makes one span of each base and its annotation. Inside of a base only the look of its first text counts.
func (f *flattener) ruby(n *node, c computed) {
	var base []cue.Span
	for _, child := range n.childs {
		switch child.tag {
		case "rt":
			rt := f.compute(child, c)
			text := child.plain()
			if len(base) == 0 {
				base = []cue.Span{{Style: c.final()}}
			}
			s := base[0]
			for _, more := range base[1:] {
				s.Text += more.Text
			}
			style := rt.final()
			style.Size = rt.style.Size
			if rt.style.Size == c.style.Size {
				style.Size /= 2
			}
			s.Ruby = &cue.Ruby{Text: text, Style: style, After: c.under || rt.under, Align: cue.Center}
			f.block.Spans = append(f.block.Spans, s)
			base = nil
		case "#":
			if child.text != "" {
				base = append(base, cue.Span{Text: child.text, Style: c.final()})
			}
		case "@":
		default:
			sub := &flattener{track: f.track, matcher: f.matcher, block: &cue.Block{}}
			sub.walk(child, f.compute(child, c))
			base = append(base, sub.block.Spans...)
		}
	}
	f.block.Spans = append(f.block.Spans, base...)
}

// plain is the text inside n.
func (n *node) plain() string {
	if n.tag == "#" {
		return n.text
	}
	var b strings.Builder
	for _, c := range n.childs {
		b.WriteString(c.plain())
	}
	return b.String()
}

// compute is the style of n whose parent has the style c.
func (f *flattener) compute(n *node, c computed) computed {
	parentBackground := c.background
	if n.parent != nil {
		c.background = cue.Color{}
	}
	c.style.Language = n.lang
	switch n.tag {
	case "i":
		c.style.Italic = true
	case "b":
		c.style.Bold = true
	case "u":
		c.style.Underline = true
	case "rt":
		c.background = defaultBackground
	}
	if n.parent != nil {
		for _, class := range n.classes {
			if v, ok := classColors[class]; ok {
				c.style.Color = v
			}
			if v, ok := classColors[strings.TrimPrefix(class, "bg_")]; ok && strings.HasPrefix(class, "bg_") {
				c.background = v
			}
		}
	}
	c.apply(f.track.declarations(func(r *rule, s *selector) bool { return !r.region && f.matcher.matches(s, n) }))
	if n.parent != nil {
		if n.tag != "rt" {
			c.background = over(c.background, parentBackground)
		}
	}
	return c
}

// declarations are those of the rules that match, the strongest last. timed ones carry no properties of type.
func (t *Track) declarations(match func(*rule, *selector) bool) []declaration {
	type weighted struct {
		declaration
		specificity int
	}
	var all []weighted
	for i := range t.rules {
		r := &t.rules[i]
		best := -1
		for j := range r.selectors {
			if s := &r.selectors[j]; s.specificity > best && match(r, s) {
				best = s.specificity
			}
		}
		if best < 0 {
			continue
		}
		for _, d := range r.declarations {
			if r.timed && isMetric(d.name) {
				continue
			}
			w := weighted{d, best}
			if d.important {
				w.specificity += 1 << 40
			}
			all = append(all, w)
		}
	}
	slices.SortStableFunc(all, func(a, b weighted) int { return cmp.Compare(a.specificity, b.specificity) })
	ds := make([]declaration, len(all))
	for i, w := range all {
		ds[i] = w.declaration
	}
	return ds
}

// isMetric tells whether a property changes the layout, which :past and :future must not.
func isMetric(name string) bool {
	return strings.HasPrefix(name, "font") || name == "line-height" || name == "white-space" ||
		name == "text-combine-upright" || name == "ruby-position"
}

// apply sets the properties that WebVTT §8.2.1 allows.
func (c *computed) apply(ds []declaration) {
	parent := c.style.Size
	// Sizes come first: other lengths are relative to them.
	for _, d := range ds {
		switch d.name {
		case "font":
			c.font(d.value, parent)
		case "font-size":
			if v, ok := fontSize(d.value, parent); ok {
				c.style.Size = v
			}
		}
	}
	for _, d := range ds {
		value := strings.ToLower(d.value)
		switch d.name {
		case "color":
			if v, ok := color(value, c.style.Color); ok {
				c.style.Color = v.Explicit()
			}
		case "opacity":
			if v, ok := number(value); ok {
				c.opacity *= min(max(v, 0), 1)
			}
		case "visibility":
			c.style.Hidden = value == "hidden" || value == "collapse"
		case "text-decoration", "text-decoration-line":
			fields := strings.Fields(value)
			c.style.Underline = slices.Contains(fields, "underline")
			c.style.Overline = slices.Contains(fields, "overline")
			c.style.Strike = slices.Contains(fields, "line-through")
		case "text-shadow":
			if s, ok := shadows(value, c.style.Size, c.style.Color); ok {
				c.style.Shadows = s
			}
		case "background":
			c.background = cue.Color{}
			for i, part := range split(value, ' ') {
				if v, ok := color(part, c.style.Color); ok && i < 8 {
					c.background = v
				}
			}
		case "background-color":
			if v, ok := color(value, c.style.Color); ok {
				c.background = v
			}
		case "font-family":
			c.style.Families = families(d.value)
		case "font-style":
			switch {
			case value == "italic", strings.HasPrefix(value, "oblique"):
				c.style.Italic = true
			case value == "normal":
				c.style.Italic = false
			}
		case "font-weight":
			c.weight(value)
		case "line-height":
			c.setLineHeight(value)
		case "white-space":
			switch value {
			case "normal", "pre-line":
				c.nowrap, c.preserve = false, false
			case "nowrap":
				c.nowrap, c.preserve = true, false
			case "pre":
				c.nowrap, c.preserve = true, true
			case "pre-wrap", "break-spaces":
				c.nowrap, c.preserve = false, true
			}
		case "text-combine-upright":
			c.style.Combine = value != "none"
		case "ruby-position":
			c.under = strings.Contains(value, "under")
		}
	}
}

func (c *computed) weight(value string) bool {
	switch value {
	case "bold", "bolder":
		c.style.Bold = true
		return true
	case "normal", "lighter":
		c.style.Bold = false
		return true
	}
	v, err := strconv.Atoi(value)
	if err != nil || v < 1 || v > 1000 {
		return false
	}
	c.style.Bold = v >= 600
	return true
}

func (c *computed) setLineHeight(value string) bool {
	if value == "normal" {
		c.lineHeight = 0
		return true
	}
	if v, ok := number(value); ok && v >= 0 {
		c.lineHeight = min(v, 100)
		return true
	}
	if v, ok := length(value, c.style.Size); ok && v > 0 {
		c.lineHeight = -v
		return true
	}
	return false
}

// font reads the shorthand: style, weight and others in any order, the size, perhaps a line height, the families.
func (c *computed) font(value string, parent float64) {
	fields := strings.FieldsFunc(value, isSpace)
	next := *c
	next.style.Bold, next.style.Italic, next.lineHeight = false, false, 0
	for i, f := range fields {
		lower := strings.ToLower(f)
		size, height, hasHeight := strings.Cut(lower, "/")
		if v, ok := fontSize(size, parent); ok && !(strings.Trim(size, "0123456789") == "") {
			next.style.Size = v
			if hasHeight {
				next.setLineHeight(height)
			}
			if i+1 >= len(fields) {
				return // no family: invalid
			}
			next.style.Families = families(strings.Join(fields[i+1:], " "))
			*c = next
			return
		}
		switch {
		case lower == "italic" || lower == "oblique":
			next.style.Italic = true
		case next.weight(lower), lower == "small-caps":
		default:
			return
		}
	}
}

// fontSize reads a size; em is that of the parent.
func fontSize(value string, em float64) (float64, bool) {
	keywords := map[string]float64{
		"xx-small": 0.6, "x-small": 0.75, "small": 8. / 9, "medium": 1, "large": 1.2, "x-large": 1.5, "xx-large": 2, "xxx-large": 3,
	}
	value = strings.ToLower(value)
	if k, ok := keywords[value]; ok {
		return k * defaultSize, true
	}
	switch value {
	case "smaller":
		return em / 1.2, true
	case "larger":
		return em * 1.2, true
	}
	v, ok := length(value, em)
	return min(v, 2), ok && v > 0
}

func families(value string) []string {
	var list []string
	for _, f := range split(value, ',') {
		if f = strings.Trim(f, `"'`); f != "" {
			list = append(list, f)
		}
	}
	return list
}

func number(s string) (float64, bool) {
	percent := strings.HasSuffix(s, "%")
	v, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	if percent {
		return 0, false
	}
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// shadows reads text-shadow.
func shadows(value string, em float64, current cue.Color) ([]cue.Shadow, bool) {
	if value == "none" {
		return nil, true
	}
	const maxShadows = 8
	var list []cue.Shadow
	for _, s := range split(value, ',') {
		shadow := cue.Shadow{Color: current}
		var lengths []float64
		for _, f := range split(s, ' ') {
			if f == "" {
				continue
			}
			if v, ok := length(f, em); ok {
				lengths = append(lengths, v)
			} else if v, ok := color(f, current); ok {
				shadow.Color = v
			} else {
				return nil, false
			}
		}
		if len(lengths) < 2 || len(lengths) > 3 {
			return nil, false
		}
		shadow.X, shadow.Y = lengths[0], lengths[1]
		if len(lengths) == 3 {
			shadow.Blur = max(0, lengths[2])
		}
		if len(list) < maxShadows {
			list = append(list, shadow)
		}
	}
	return list, true
}

// initial is the style that the root of a cue begins with.
func initial() computed {
	c := computed{opacity: 1, background: defaultBackground}
	c.style.Size, c.style.Color = defaultSize, white
	return c
}

// styleRegion paints the area of a region, and returns what its cues inherit.
func (t *Track) styleRegion(r *region, a *cue.Area) computed {
	c := initial()
	c.lineHeight = -lineHeight
	c.apply(t.declarations(func(rule *rule, s *selector) bool {
		if !rule.region {
			return false
		}
		return len(s.parts) == 0 || len(s.parts) == 1 && len(s.parts[0].tests) == 1 && s.parts[0].tests[0].kind == '#' &&
			s.parts[0].tests[0].name == r.id
	}))
	a.Background, a.Transparency = c.background, 1-c.opacity
	c.background, c.opacity = defaultBackground, 1
	return c
}

// over is a above b.
func over(a, b cue.Color) cue.Color {
	if a.A == 255 || b.A == 0 {
		return a
	}
	if a.A == 0 {
		return b
	}
	fa, fb := float64(a.A)/255, float64(b.A)/255*(1-float64(a.A)/255)
	mix := func(x, y uint8) uint8 { return uint8(math.Round((float64(x)*fa + float64(y)*fb) / (fa + fb))) }
	return cue.Color{R: mix(a.R, b.R), G: mix(a.G, b.G), B: mix(a.B, b.B), A: uint8(math.Round((fa + fb) * 255))}
}
