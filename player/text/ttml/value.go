package ttml

import (
	"math"
	"strconv"
	"strings"

	"mseplayer/player/text/cue"
)

// length is a number with a unit: px, em, c, %, rw, rh.
type length struct {
	v    float64
	unit string
}

// pair is a value of tts:extent or tts:origin.
type pair struct {
	auto bool
	w, h length
}

// edge is a distance from the near or from the far edge.
type edge struct {
	far bool
	off length
}

// position is a value of tts:position.
type position struct{ h, v edge }

// size is a value of tts:fontSize; w is zero where the type is not stretched.
type size struct{ w, h length }

// lineHeight is a value of tts:lineHeight.
type lineHeight struct {
	normal bool
	length length
}

// decoration is a value of tts:textDecoration: what is switched on and off.
type decoration struct{ on, off lines }

// lines are the lines of a decoration.
type lines uint8

// The lines.
const (
	underline lines = 1 << iota
	lineThrough
	overline
)

// outline is a value of tts:textOutline. A nil color is that of the text.
type outline struct {
	none      bool
	color     *cue.Color
	thickness length
}

// shadow is one of the shadows of tts:textShadow.
type shadow struct {
	x, y, blur length
	color      *cue.Color
}

// emphasis is a value of tts:textEmphasis.
type emphasis struct {
	none  bool
	auto  bool
	mark  string
	color *cue.Color
	place string // before, after, outside
}

// defaultFamily is what the generic family "default" stands for.
const defaultFamily = "monospaceSerif"

// named are the colors with a name. TTML2 §10.3.6.
var named = map[string]cue.Color{
	"transparent": {}, "black": {A: 255}, "silver": {R: 0xc0, G: 0xc0, B: 0xc0, A: 255},
	"gray": {R: 0x80, G: 0x80, B: 0x80, A: 255}, "white": {R: 255, G: 255, B: 255, A: 255},
	"maroon": {R: 0x80, A: 255}, "red": {R: 255, A: 255}, "purple": {R: 0x80, B: 0x80, A: 255},
	"fuchsia": {R: 255, B: 255, A: 255}, "magenta": {R: 255, B: 255, A: 255}, "green": {G: 0x80, A: 255},
	"lime": {G: 255, A: 255}, "olive": {R: 0x80, G: 0x80, A: 255}, "yellow": {R: 255, G: 255, A: 255},
	"navy": {B: 0x80, A: 255}, "blue": {B: 255, A: 255}, "teal": {G: 0x80, B: 0x80, A: 255},
	"aqua": {G: 255, B: 255, A: 255}, "cyan": {G: 255, B: 255, A: 255},
}

// color reads a color: a name, #rrggbb, #rrggbbaa, rgb(r, g, b), rgba(r, g, b, a).
func color(s string) (cue.Color, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if c, ok := named[s]; ok {
		return c, true
	}
	if hex, ok := strings.CutPrefix(s, "#"); ok {
		if len(hex) == 6 {
			hex += "ff"
		}
		v, err := strconv.ParseUint(hex, 16, 32)
		return cue.Color{R: uint8(v >> 24), G: uint8(v >> 16), B: uint8(v >> 8), A: uint8(v)}, err == nil && len(hex) == 8
	}
	list, n := "", 0
	if rest, ok := strings.CutPrefix(s, "rgba("); ok {
		list, n = rest, 4
	} else if rest, ok := strings.CutPrefix(s, "rgb("); ok {
		list, n = rest, 3
	}
	list, closed := strings.CutSuffix(list, ")")
	f := strings.Split(list, ",")
	if !closed || len(f) != n {
		return cue.Color{}, false
	}
	v := [4]uint8{3: 255}
	for i := range f {
		x, err := strconv.ParseFloat(strings.TrimSpace(f[i]), 64)
		if i == 3 && strings.Contains(f[i], ".") {
			x = math.Round(x * 255) // as CSS writes it
		}
		if err != nil || !(x >= 0 && x <= 255) {
			return cue.Color{}, false
		}
		v[i] = uint8(x)
	}
	return cue.Color{R: v[0], G: v[1], B: v[2], A: v[3]}, true
}

func parseColor(s string) (any, bool) {
	c, ok := color(s)
	return c, ok
}

// measure reads a length.
func measure(s string) (length, bool) {
	n := strings.TrimRight(s, "pxemcrwh%")
	v, err := strconv.ParseFloat(n, 64)
	if err != nil || math.Abs(v) > maxLength || math.IsNaN(v) {
		return length{}, false
	}
	l := length{v, s[len(n):]}
	switch l.unit {
	case "px", "em", "c", "%", "rw", "rh":
		return l, true
	}
	return length{}, v == 0 && l.unit == ""
}

// measures reads from least to most lengths.
func measures(s string, least, most int) ([]length, bool) {
	f := strings.Fields(s)
	if len(f) < least || len(f) > most {
		return nil, false
	}
	list := make([]length, len(f))
	for i := range f {
		var ok bool
		if list[i], ok = measure(f[i]); !ok {
			return nil, false
		}
	}
	return list, true
}

func parsePair(s string, negative bool) (any, bool) {
	if s == "auto" {
		return pair{auto: true}, true
	}
	l, ok := measures(s, 2, 2)
	if !ok || !negative && (l[0].v < 0 || l[1].v < 0) {
		return nil, false
	}
	return pair{w: l[0], h: l[1]}, true
}

func parseExtent(s string) (any, bool) { return parsePair(strings.TrimSpace(s), false) }
func parseOrigin(s string) (any, bool) { return parsePair(s, true) }

// parsePosition reads one to four parts: keywords of edges, and distances from them. TTML2 §10.2.31.
func parsePosition(s string) (any, bool) {
	half := edge{off: length{50, "%"}}
	p := position{half, half}
	var hasH, hasV bool
	f := strings.Fields(s)
	if len(f) == 0 || len(f) > 4 {
		return nil, false
	}
	for i := 0; i < len(f); i++ {
		e := edge{off: length{0, "%"}}
		axis := "" // either
		switch f[i] {
		case "left":
			axis = "h"
		case "right":
			axis, e.far = "h", true
		case "top":
			axis = "v"
		case "bottom":
			axis, e.far = "v", true
		case "center":
			e = half
		default:
			l, ok := measure(f[i])
			if !ok || len(f) > 2 {
				return nil, false
			}
			e.off = l
			if axis = "h"; i == 1 {
				axis = "v"
			}
		}
		if len(f) > 2 && f[i] != "center" && i+1 < len(f) {
			if l, ok := measure(f[i+1]); ok {
				e.off = l
				i++
			}
		}
		if axis == "" {
			// "center" is along the axis that the others leave.
			axis = "h"
			if hasH || i+1 < len(f) && (f[i+1] == "left" || f[i+1] == "right") {
				axis = "v"
			}
		}
		if axis == "h" && f[i] != "left" && hasH && !hasV && len(f) == 2 {
			return nil, false
		}
		switch {
		case axis == "h" && !hasH:
			p.h, hasH = e, true
		case axis == "v" && !hasV:
			p.v, hasV = e, true
		default:
			return nil, false
		}
	}
	return p, true
}

func parsePadding(s string) (any, bool) {
	l, ok := measures(s, 1, 4)
	if !ok {
		return nil, false
	}
	for _, x := range l {
		if x.v < 0 {
			return nil, false
		}
	}
	switch len(l) {
	case 1:
		l = []length{l[0], l[0], l[0], l[0]}
	case 2:
		l = []length{l[0], l[1], l[0], l[1]}
	case 3:
		l = []length{l[0], l[1], l[2], l[1]}
	}
	return [4]length(l), true
}

func parseSize(s string) (any, bool) {
	l, ok := measures(s, 1, 2)
	if !ok || l[0].v < 0 || l[len(l)-1].v < 0 {
		return nil, false
	}
	if len(l) == 1 {
		return size{h: l[0]}, true
	}
	return size{w: l[0], h: l[1]}, true
}

func parseLineHeight(s string) (any, bool) {
	if s == "normal" {
		return lineHeight{normal: true}, true
	}
	l, ok := measure(s)
	return lineHeight{length: l}, ok && l.v >= 0
}

func parseLength(s string) (any, bool) {
	l, ok := measure(s)
	return l, ok && l.v >= 0
}

// parseFamilies reads names of fonts, in order of preference. The default is one that authors can count on the width of:
// IMSC 1.1 §8.4.
func parseFamilies(s string) (any, bool) {
	var list []string
	for _, f := range strings.Split(s, ",") {
		f = strings.TrimSpace(f)
		switch {
		case len(f) >= 2 && (f[0] == '"' || f[0] == '\'') && f[len(f)-1] == f[0]:
			f = f[1 : len(f)-1]
		case f == "default":
			f = defaultFamily
		}
		if f != "" && len(list) < maxFamilies {
			list = append(list, f)
		}
	}
	return list, len(list) > 0
}

func parseDecoration(s string) (any, bool) {
	var d decoration
	for _, f := range strings.Fields(s) {
		switch f {
		case "none":
			d.off = underline | lineThrough | overline
		case "underline":
			d.on |= underline
		case "noUnderline":
			d.off |= underline
		case "lineThrough":
			d.on |= lineThrough
		case "noLineThrough":
			d.off |= lineThrough
		case "overline":
			d.on |= overline
		case "noOverline":
			d.off |= overline
		default:
			return nil, false
		}
	}
	return d, true
}

// words splits at blanks that are not inside of parentheses or quotes.
func words(s string) []string {
	var list []string
	depth, start := 0, -1
	quote := rune(0)
	for i, r := range s {
		blank := false
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '(':
			depth++
		case r == ')':
			depth--
		default:
			blank = depth <= 0 && (r == ' ' || r == '\t' || r == '\n' || r == '\r')
		}
		switch {
		case blank && start >= 0:
			list, start = append(list, s[start:i]), -1
		case !blank && start < 0:
			start = i
		}
	}
	if start >= 0 {
		list = append(list, s[start:])
	}
	return list
}

// parseOutline reads a color, which may be absent, a thickness and a blur, which is not used.
func parseOutline(s string) (any, bool) {
	if s == "none" {
		return outline{none: true}, true
	}
	w := words(s)
	var o outline
	if len(w) > 1 {
		if c, ok := color(w[0]); ok {
			o.color, w = &c, w[1:]
		}
	}
	if len(w) == 0 || len(w) > 2 {
		return nil, false
	}
	l, ok := measure(w[0])
	o.thickness = l
	return o, ok && l.v >= 0
}

// parseShadow reads a list of shadows: two offsets, a blur and a color, of which the latter two may be absent.
func parseShadow(s string) (any, bool) {
	if s == "none" {
		return []shadow(nil), true
	}
	var list []shadow
	depth, start := 0, 0
	s += ","
	for i, r := range s {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		if r != ',' || depth > 0 {
			continue
		}
		w := words(s[start:i])
		start = i + 1
		if len(w) < 2 || len(w) > 4 || len(list) >= maxShadows {
			return nil, false
		}
		var sh shadow
		var ok bool
		if sh.x, ok = measure(w[0]); !ok {
			return nil, false
		}
		if sh.y, ok = measure(w[1]); !ok {
			return nil, false
		}
		for j, f := range w[2:] {
			if l, ok := measure(f); ok && j == 0 && l.v >= 0 {
				sh.blur = l
			} else if c, ok := color(f); ok && sh.color == nil {
				sh.color = &c
			} else {
				return nil, false
			}
		}
		list = append(list, sh)
	}
	return list, true
}

// parseEmphasis reads a mark, a color and a place in any order. TTML2 §10.2.39.
func parseEmphasis(s string) (any, bool) {
	e := emphasis{place: "outside"}
	fill, symbol := "", ""
	for _, w := range words(s) {
		switch w {
		case "none":
			e.none = true
		case "auto":
			e.auto = true
		case "filled", "open":
			fill = w
		case "circle", "dot", "sesame":
			symbol = w
		case "current":
		case "before", "after", "outside":
			e.place = w
		default:
			if len(w) > 2 && (w[0] == '"' || w[0] == '\'') && w[len(w)-1] == w[0] {
				e.mark = firstOf(w[1 : len(w)-1])
				continue
			}
			c, ok := color(w)
			if !ok {
				return nil, false
			}
			e.color = &c
		}
	}
	if fill == "" && symbol == "" {
		e.auto = !e.none && e.mark == ""
		return e, true
	}
	e.mark = marks[fill+" "+symbol]
	return e, true
}

// marks are the characters of emphasis.
var marks = map[string]string{
	"filled ": "●", " circle": "●", "filled circle": "●", "open ": "○", "open circle": "○",
	" dot": "•", "filled dot": "•", "open dot": "◦", " sesame": "﹅", "filled sesame": "﹅", "open sesame": "﹆",
}

// firstOf is the first character of s.
func firstOf(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

func parseOpacity(s string) (any, bool) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) {
		return nil, false
	}
	return min(1, max(0, v)), true
}

func parseIndex(s string) (any, bool) {
	if s == "auto" {
		return 0, true
	}
	v, err := strconv.ParseInt(s, 10, 32)
	return int(v), err == nil
}

func parseFlag(s string) (any, bool) { return s == "true", s == "true" || s == "false" }

func parseImage(s string) (any, bool) {
	if s == "none" {
		s = ""
	}
	return s, true
}

// keyword makes a parser of one of several words.
func keyword(list ...string) func(string) (any, bool) {
	return func(s string) (any, bool) {
		for _, k := range list {
			if s == k {
				return s, true
			}
		}
		return nil, false
	}
}

// reserve is the value of tts:rubyReserve.
type reserve struct {
	side string
	size length
}

// parseReserve reads a side and the size of ruby, which is half that of the text unless it is told.
func parseReserve(s string) (any, bool) {
	f := strings.Fields(s)
	if len(f) == 0 || len(f) > 2 {
		return nil, false
	}
	r := reserve{side: f[0], size: length{50, "%"}}
	if _, ok := keyword("none", "both", "before", "after", "outside")(r.side); !ok || r.side == "none" && len(f) > 1 {
		return nil, false
	}
	if len(f) == 2 {
		l, ok := measure(f[1])
		if !ok || l.v < 0 {
			return nil, false
		}
		r.size = l
	}
	return r, true
}

// parseShear reads a percentage of a right angle, and gives how far the top of a letter moves by its height.
func parseShear(s string) (any, bool) {
	l, ok := measure(s)
	if !ok || l.unit != "%" {
		return nil, false
	}
	const most = 87 // the tangent of 100 is infinite
	return math.Tan(min(max(l.v, -most), most) / 100 * math.Pi / 2), true
}
