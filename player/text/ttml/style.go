package ttml

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"mseplayer/player/text/cue"
)

// prop is a style property.
type prop uint8

// The properties that are not inherited, and, from firstInherited on, those that are.
const (
	pBackgroundColor prop = iota
	pBackgroundImage
	pDisplay
	pDisplayAlign
	pExtent
	pOpacity
	pOrigin
	pOverflow
	pPadding
	pPosition
	pRuby
	pShowBackground
	pUnicodeBidi
	pWritingMode
	pZIndex
	pColor
	pDirection
	pFillLineGap
	pFontFamily
	pFontSize
	pFontStyle
	pFontWeight
	pForcedDisplay
	pLineHeight
	pLinePadding
	pMultiRowAlign
	pRubyAlign
	pRubyPosition
	pRubyReserve
	pShear
	pTextAlign
	pTextCombine
	pTextDecoration
	pTextEmphasis
	pTextOutline
	pTextShadow
	pVisibility
	pWrapOption
	pCount
	firstInherited = pColor
)

// props are the attributes that are style properties. TTML2 §10.2, IMSC 1.1 §7, EBU Tech 3380.
var props = map[string]struct {
	prop  prop
	parse func(string) (any, bool)
}{
	"tts:backgroundColor":   {pBackgroundColor, parseColor},
	"smpte:backgroundImage": {pBackgroundImage, parseImage},
	"tts:display":           {pDisplay, keyword("auto", "none", "inlineBlock")},
	"tts:displayAlign":      {pDisplayAlign, keyword("before", "center", "after", "justify")},
	"tts:extent":            {pExtent, parseExtent},
	"tts:opacity":           {pOpacity, parseOpacity},
	"tts:origin":            {pOrigin, parseOrigin},
	"tts:overflow":          {pOverflow, keyword("visible", "hidden")},
	"tts:padding":           {pPadding, parsePadding},
	"tts:position":          {pPosition, parsePosition},
	"tts:ruby":              {pRuby, keyword("none", "container", "base", "baseContainer", "text", "textContainer", "delimiter")},
	"tts:showBackground":    {pShowBackground, keyword("always", "whenActive")},
	"tts:unicodeBidi":       {pUnicodeBidi, keyword("normal", "embed", "bidiOverride", "isolate")},
	"tts:writingMode":       {pWritingMode, keyword("lrtb", "rltb", "tbrl", "tblr", "lr", "rl", "tb")},
	"tts:zIndex":            {pZIndex, parseIndex},
	"tts:color":             {pColor, parseColor},
	"tts:direction":         {pDirection, keyword("ltr", "rtl")},
	"itts:fillLineGap":      {pFillLineGap, parseFlag},
	"tts:fontFamily":        {pFontFamily, parseFamilies},
	"tts:fontSize":          {pFontSize, parseSize},
	"tts:fontStyle":         {pFontStyle, keyword("normal", "italic", "oblique", "reverseOblique")},
	"tts:fontWeight":        {pFontWeight, keyword("normal", "bold")},
	"itts:forcedDisplay":    {pForcedDisplay, parseFlag},
	"tts:lineHeight":        {pLineHeight, parseLineHeight},
	"ebutts:linePadding":    {pLinePadding, parseLength},
	"ebutts:multiRowAlign":  {pMultiRowAlign, keyword("start", "center", "end", "auto")},
	"tts:rubyAlign":         {pRubyAlign, keyword("auto", "start", "center", "end", "spaceAround", "spaceBetween", "withBase")},
	"tts:rubyPosition":      {pRubyPosition, keyword("before", "after", "outside")},
	"tts:rubyReserve":       {pRubyReserve, parseReserve},
	"tts:shear":             {pShear, parseShear},
	"tts:textAlign":         {pTextAlign, keyword("left", "center", "right", "start", "end", "justify")},
	"tts:textCombine":       {pTextCombine, keyword("none", "all")},
	"tts:textDecoration":    {pTextDecoration, parseDecoration},
	"tts:textEmphasis":      {pTextEmphasis, parseEmphasis},
	"tts:textOutline":       {pTextOutline, parseOutline},
	"tts:textShadow":        {pTextShadow, parseShadow},
	"tts:visibility":        {pVisibility, keyword("visible", "hidden")},
	"tts:wrapOption":        {pWrapOption, keyword("wrap", "noWrap")},
}

// style is the computed style of an element. Lengths along the width of the root container are fractions of its width,
// those along its height of its height; sizes of type and what is measured in them, of its height.
type style struct {
	of [pCount]any // keywords, flags and such, as they were asked for; nil is the initial value

	font     float64 // the height of type
	stretch  float64 // its width, relative to its height
	line     float64 // the height of lines, 0 is normal
	thick    float64 // of the outline
	outline  cue.Color
	shadows  []cue.Shadow
	emphasis emphasis
	lines    lines
	color    cue.Color
	padding  float64 // of lines, as a fraction of the height
	reserve  float64 // the size of ruby that lines have room for
	lean     float64 // how far letters lean, relative to their height
	rect     cue.Rect
	room     [4]float64 // the padding of a region
}

// word is the value of a property that is a keyword, or the initial value.
func (s *style) word(p prop, initial string) string {
	if v, ok := s.of[p].(string); ok {
		return v
	}
	return initial
}

// flag is the value of a property that is true or false, false at first.
func (s *style) flag(p prop) bool {
	v, _ := s.of[p].(bool)
	return v
}

// background is the color behind an element alone.
func (s *style) background() cue.Color {
	c, _ := s.of[pBackgroundColor].(cue.Color)
	return c
}

// opacity is that of an element alone.
func (s *style) opacity() float64 {
	if v, ok := s.of[pOpacity].(float64); ok {
		return v
	}
	return 1
}

// resolve completes what was asked of all elements with what the styles they refer to ask. TTML2 §10.4.4.2.
func (d *document) resolve() error {
	done := map[*element]bool{}
	for _, id := range slices.Sorted(maps.Keys(d.styles)) {
		d.refer(d.styles[id], done, 0)
	}
	roots := slices.Clone(d.regions)
	if d.body != nil {
		roots = append(roots, d.body)
	}
	for _, r := range roots {
		r.walk(func(e *element) {
			if e.name != "style" && e.name != "set" {
				d.refer(e, done, 0)
			}
		})
	}
	if d.merged > maxMerged {
		return fmt.Errorf("ttml: the elements refer to more than %d properties of styles", maxMerged)
	}
	return nil
}

// refer completes e and the styles it refers to. A style that refers to itself is left out.
func (d *document) refer(e *element, done map[*element]bool, depth int) {
	if _, seen := done[e]; seen || d.merged > maxMerged {
		return
	}
	done[e] = false
	var of map[prop]any
	shared := true // of is the map of another element
	merge := func(from map[prop]any) {
		switch {
		case len(from) == 0:
			return
		case of == nil:
			of = from
			return
		case shared:
			of, shared = maps.Clone(of), false
			d.merged += len(of)
		}
		d.merged += len(from)
		maps.Copy(of, from)
	}
	for _, id := range e.styles {
		s := d.styles[id]
		switch {
		case s == nil:
			d.warn(e.line, "there is no style %q", id)
			continue
		case depth >= maxDepth:
			d.warn(e.line, "styles refer to styles more than %d times", maxDepth)
			continue
		}
		d.refer(s, done, depth+1)
		if !done[s] {
			d.warn(e.line, "the style %q refers to itself", id)
			continue
		}
		merge(s.spec)
	}
	if e.name == "region" {
		for _, s := range e.children {
			if s.name == "style" {
				d.refer(s, done, depth+1)
				merge(s.spec)
			}
		}
	}
	if len(of) > 0 {
		merge(e.spec)
		e.spec = of
	}
	done[e] = true
}

// compute returns the style of e inside of parent, with the animation that is active at t. The parent of a region is
// nil. The result is kept, and shared. TTML2 §10.4.4.3.
func (d *document) compute(e *element, parent *style, t float64) *style {
	spec := e.spec
	var active []byte
	d.visits += len(e.sets)
	for i, s := range e.sets {
		if !s.active(t) || len(s.spec) == 0 {
			continue
		}
		if active == nil {
			spec = maps.Clone(spec)
			if spec == nil {
				spec = map[prop]any{}
			}
		}
		active = binary.AppendUvarint(active, uint64(i))
		maps.Copy(spec, s.spec)
	}
	by := string(active)
	if e.computed != nil && e.computedOf == parent && e.computedBy == by {
		return e.computed
	}
	s := d.build(e, parent, spec)
	e.computed, e.computedOf, e.computedBy = s, parent, by
	return s
}

// build calculates a style from what was asked.
func (d *document) build(e *element, parent *style, spec map[prop]any) *style {
	s := &style{font: 1 / d.rows, stretch: 1, color: named["white"], emphasis: emphasis{none: true}}
	if parent != nil {
		*s = *parent
		clear(s.of[:firstInherited])
		s.rect, s.room = cue.Rect{}, [4]float64{}
	}
	asked := func(p prop) (any, bool) {
		v, ok := spec[p]
		if !ok && (parent == nil || p < firstInherited) {
			v, ok = d.initials[p]
		}
		return v, ok
	}
	for p := range pCount {
		if v, ok := asked(p); ok {
			s.of[p] = v
		}
	}
	d.buildText(e, s, parent, asked)
	if e.name == "region" {
		d.buildRegion(s, asked)
	}
	return s
}

// buildText calculates what text inherits.
func (d *document) buildText(e *element, s, parent *style, asked func(prop) (any, bool)) {
	if v, ok := asked(pFontSize); ok {
		z := v.(size)
		base := s.font
		s.font = d.vertical(z.h, base, base)
		s.stretch = 1
		if z.w.unit != "" && s.font > 0 {
			// The width of type is taken as a fraction of the height, too.
			wide := d.horizontal(z.w, base/d.aspect, base/d.aspect) * d.aspect
			if parent != nil && (z.w.unit == "%" || z.w.unit == "em") {
				wide *= parent.stretch
			}
			s.stretch = wide / s.font
		}
	} else if e.name == "span" && parent != nil {
		// Ruby is half as large as what it stands beside.
		switch r := s.word(pRuby, "none"); {
		case r == "textContainer", r == "text" && parent.word(pRuby, "none") != "textContainer":
			s.font /= 2
		}
	}
	if v, ok := asked(pColor); ok {
		s.color = v.(cue.Color)
	}
	if v, ok := asked(pLineHeight); ok {
		s.line = 0
		if l := v.(lineHeight); !l.normal {
			const least = 1e-6 // 0 is normal
			s.line = max(least, d.vertical(l.length, s.font, s.font))
		}
	}
	if v, ok := asked(pLinePadding); ok {
		s.padding = d.horizontal(v.(length), 1, s.font/d.aspect) * d.aspect
	}
	if v, ok := asked(pRubyReserve); ok {
		s.reserve = 0
		if r := v.(reserve); r.side != "none" {
			s.reserve = d.vertical(r.size, s.font, s.font)
		}
	}
	if v, ok := asked(pShear); ok {
		s.lean = v.(float64)
	}
	if v, ok := asked(pTextDecoration); ok {
		deco := v.(decoration)
		s.lines = s.lines&^deco.off | deco.on
	}
	if v, ok := asked(pTextOutline); ok {
		o := v.(outline)
		s.thick, s.outline = 0, s.color
		if !o.none {
			s.thick = d.vertical(o.thickness, s.font, s.font)
		}
		if o.color != nil {
			s.outline = *o.color
		}
	}
	if v, ok := asked(pTextShadow); ok {
		s.shadows = nil
		for _, sh := range v.([]shadow) {
			c := s.color
			if sh.color != nil {
				c = *sh.color
			}
			s.shadows = append(s.shadows, cue.Shadow{
				X:     d.horizontal(sh.x, s.font/d.aspect, s.font/d.aspect) * d.aspect * d.scale[1],
				Y:     d.vertical(sh.y, s.font, s.font) * d.scale[1],
				Blur:  d.vertical(sh.blur, s.font, s.font) * d.scale[1],
				Color: c,
			})
		}
	}
	if v, ok := asked(pTextEmphasis); ok {
		s.emphasis = v.(emphasis)
	}
}

// buildRegion calculates where a region lies.
func (d *document) buildRegion(s *style, asked func(prop) (any, bool)) {
	if _, ok := asked(pDirection); !ok {
		switch s.word(pWritingMode, "") {
		case "rltb", "rl":
			s.of[pDirection] = "rtl"
		case "lrtb", "lr":
			s.of[pDirection] = "ltr"
		}
	}
	r := cue.Rect{W: 1, H: 1}
	if x, ok := s.of[pExtent].(pair); ok && !x.auto {
		r.W, r.H = d.horizontal(x.w, 1, s.font/d.aspect), d.vertical(x.h, 1, s.font)
	}
	if o, ok := s.of[pOrigin].(pair); ok && !o.auto {
		r.X, r.Y = d.horizontal(o.w, 1, s.font/d.aspect), d.vertical(o.h, 1, s.font)
	}
	if p, ok := s.of[pPosition].(position); ok {
		r.X = d.horizontal(p.h.off, 1-r.W, s.font/d.aspect)
		if p.h.far {
			r.X = 1 - r.W - r.X
		}
		r.Y = d.vertical(p.v.off, 1-r.H, s.font)
		if p.v.far {
			r.Y = 1 - r.H - r.Y
		}
	}
	s.rect = r
	if l, ok := s.of[pPadding].([4]length); ok {
		upright := writing(s) == cue.Horizontal
		for i := range l {
			// Before and after are edges along the height, unless lines are vertical.
			if (i%2 == 0) == upright {
				s.room[i] = d.vertical(l[i], r.H, s.font)
			} else {
				s.room[i] = d.horizontal(l[i], r.W, s.font/d.aspect)
			}
		}
	}
}

// horizontal is a length along the width, as a fraction of it. whole is what % is of, em what em is of.
func (d *document) horizontal(l length, whole, em float64) float64 {
	switch l.unit {
	case "rw":
		return l.v / 100
	case "rh":
		return l.v / 100 / d.aspect
	}
	return l.along(d.px[0], d.cols, whole, em)
}

// vertical is a length along the height, as a fraction of it.
func (d *document) vertical(l length, whole, em float64) float64 {
	switch l.unit {
	case "rw":
		return l.v / 100 * d.aspect
	case "rh":
		return l.v / 100
	}
	return l.along(d.px[1], d.rows, whole, em)
}

// along is a length along an axis with so many pixels and cells, as a fraction of it.
func (l length) along(px, cells, whole, em float64) float64 {
	switch l.unit {
	case "px":
		return l.v / px
	case "em":
		return l.v * em
	case "c":
		return l.v / cells
	case "%":
		return l.v / 100 * whole
	}
	return 0
}

// writing is the direction of lines of a region.
func writing(s *style) cue.Writing {
	switch s.word(pWritingMode, "lrtb") {
	case "tbrl", "tb":
		return cue.VerticalRL
	case "tblr":
		return cue.VerticalLR
	}
	return cue.Horizontal
}
