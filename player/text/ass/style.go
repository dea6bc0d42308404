package ass

import (
	"strconv"
	"strings"

	"mseplayer/player/text/cue"
)

// em is the size of type relative to the height of its lines, which is what scripts tell.
const em = 0.86

// The formats of styles whose section does not tell one.
var (
	stylesV4Plus = format{"name", "fontname", "fontsize", "primarycolour", "secondarycolour", "outlinecolour", "backcolour",
		"bold", "italic", "underline", "strikeout", "scalex", "scaley", "spacing", "angle", "borderstyle", "outline", "shadow",
		"alignment", "marginl", "marginr", "marginv", "encoding"}
	stylesV4 = format{"name", "fontname", "fontsize", "primarycolour", "secondarycolour", "tertiarycolour", "backcolour",
		"bold", "italic", "borderstyle", "outline", "shadow", "alignment", "marginl", "marginr", "marginv", "alphalevel", "encoding"}
)

// style is a style of a script, in units of its screen.
type style struct {
	name, font                      string
	size                            float64
	fill, border, back              cue.Color
	bold, italic, underline, strike bool
	scaleX, scaleY                  float64
	spacing                         float64
	boxed                           bool
	outline, shadow                 float64
	align                           int // as on a numeric keypad
	margins                         [3]float64
}

// defaultStyle is that of an event whose style is unknown.
var defaultStyle = style{
	name: "default", size: 18, fill: cue.Color{R: 255, G: 255, B: 255, A: 255}, border: cue.Color{A: 255}, back: cue.Color{A: 128},
	scaleX: 1, scaleY: 1, outline: 1, align: 2, margins: [3]float64{10, 10, 10},
}

func parseStyle(fields map[string]string, v4 bool) style {
	st := defaultStyle
	st.name = strings.TrimLeft(fields["name"], "*")
	st.font = strings.TrimPrefix(fields["fontname"], "@")
	if v := number(fields["fontsize"], 0, 10_000); v > 0 {
		st.size = v
	}
	get := func(key string, to *cue.Color) {
		if c, ok := color(fields[key]); ok {
			*to = c
		}
	}
	get("primarycolour", &st.fill)
	get("outlinecolour", &st.border)
	get("backcolour", &st.back)
	if v4 {
		st.border = st.back
	}
	st.bold = flag(fields["bold"])
	st.italic = flag(fields["italic"])
	st.underline = flag(fields["underline"])
	st.strike = flag(fields["strikeout"])
	if v := number(fields["scalex"], 0, 10_000); v > 0 {
		st.scaleX = v / 100
	}
	if v := number(fields["scaley"], 0, 10_000); v > 0 {
		st.scaleY = v / 100
	}
	st.spacing = number(fields["spacing"], -1000, 1000)
	b := number(fields["borderstyle"], 0, 10)
	st.boxed = b == 3 || b == 4
	if b == 4 {
		st.border = st.back
	}
	st.outline = number(fields["outline"], 0, 1000)
	st.shadow = number(fields["shadow"], 0, 1000)
	if a := int(number(fields["alignment"], 0, 100)); a > 0 {
		if v4 {
			a = legacyAlign(a)
		}
		if a >= 1 && a <= 9 {
			st.align = a
		}
	}
	for i, key := range []string{"marginl", "marginr", "marginv"} {
		st.margins[i] = number(fields[key], 0, 1e5)
	}
	return st
}

// flag reads a field of -1 or 0, or a weight.
func flag(s string) bool {
	v := number(s, -1, 10_000)
	return v == -1 || v == 1 || v >= 600
}

// legacyAlign turns an alignment of SSA into one of ASS: 1 to 3 at the bottom, plus 4 at the top, plus 8 in the middle.
func legacyAlign(a int) int {
	column := a & 3
	if column == 0 {
		return 2
	}
	switch {
	case a&4 != 0:
		return column + 6
	case a&8 != 0:
		return column + 3
	}
	return column
}

// color reads &HAABBGGRR&, or the same as a decimal number. The alpha of scripts is a transparency.
func color(s string) (cue.Color, bool) {
	v, ok := hex(s)
	return cue.Color{R: uint8(v), G: uint8(v >> 8), B: uint8(v >> 16), A: 255 - uint8(v>>24)}, ok
}

// hex reads the number of a colour.
func hex(s string) (uint32, bool) {
	s = strings.Trim(strings.TrimSpace(s), "&")
	if h, ok := cutPrefixFold(s, "h"); ok {
		h = strings.TrimLeft(h, "Hh0")
		if h == "" {
			return 0, true
		}
		if len(h) > 8 {
			h = h[len(h)-8:]
		}
		v, err := strconv.ParseUint(h, 16, 32)
		return uint32(v), err == nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	return uint32(v), err == nil
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// look is st in the vocabulary of cues, on a screen of the given height.
func (st *style) look(height float64, language string) cue.Style {
	s := cue.Style{
		Size: st.size * st.scaleY * em / height, Color: st.fill.Explicit(), Bold: st.bold, Italic: st.italic,
		Underline: st.underline, Strike: st.strike, Language: language,
	}
	s.Spacing = st.spacing * st.scaleX / height
	if st.font != "" {
		s.Families = []string{st.font}
	}
	if st.scaleX != st.scaleY {
		s.Stretch = st.scaleX / st.scaleY
	}
	if st.boxed {
		s.Background, s.Margin = st.border, st.outline/height
		return s
	}
	if st.outline > 0 {
		s.Outline, s.OutlineColor = st.outline/height, st.border.Explicit()
	}
	if st.shadow > 0 && st.back.A > 0 {
		s.Shadows = []cue.Shadow{{X: st.shadow / height, Y: st.shadow / height, Color: st.back}}
	}
	return s
}
