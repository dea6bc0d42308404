package cea

import "mseplayer/player/text/cue"

// basic is a character of the basic set. CEA-608 table 50.
func basic(b byte) rune {
	switch b {
	case 0x27:
		return '’'
	case 0x2a:
		return 'á'
	case 0x5c:
		return 'é'
	case 0x5e:
		return 'í'
	case 0x5f:
		return 'ó'
	case 0x60:
		return 'ú'
	case 0x7b:
		return 'ç'
	case 0x7c:
		return '÷'
	case 0x7d:
		return 'Ñ'
	case 0x7e:
		return 'ñ'
	case 0x7f:
		return '█'
	}
	return rune(b)
}

// The special characters, from 0x30, of which 0 leaves its place empty; and the extended ones of Spanish and French and of Portuguese, German and Danish,
// from 0x20. CEA-608 tables 49 and 5 to 10.
var (
	special  = [16]rune{'®', '°', '½', '¿', '™', '¢', '£', '♪', 'à', 0, 'è', 'â', 'ê', 'î', 'ô', 'û'}
	extended = [2][32]rune{
		{'Á', 'É', 'Ó', 'Ú', 'Ü', 'ü', '‘', '¡', '*', '\'', '—', '©', '℠', '•', '“', '”',
			'À', 'Â', 'Ç', 'È', 'Ê', 'Ë', 'ë', 'Î', 'Ï', 'ï', 'Ô', 'Ù', 'ù', 'Û', '«', '»'},
		{'Ã', 'ã', 'Í', 'Ì', 'ì', 'Ò', 'ò', 'Õ', 'õ', '{', '}', '\\', '^', '_', '|', '~',
			'Ä', 'ä', 'Ö', 'ö', 'ß', '¥', '¤', '¦', 'Å', 'å', 'Ø', 'ø', '┌', '┐', '└', '┘'},
	}
)

// g2 is a character of the extended set of CEA-708, an underscore where there is none. CEA-708 table 13.
func g2(b byte) rune {
	if r, ok := g2Chars[b]; ok {
		return r
	}
	return '_'
}

var g2Chars = map[byte]rune{
	0x20: ' ', 0x21: '\u00a0', 0x25: '…', 0x2a: 'Š', 0x2c: 'Œ', 0x30: '█', 0x31: '‘', 0x32: '’', 0x33: '“', 0x34: '”',
	0x35: '•', 0x39: '™', 0x3a: 'š', 0x3c: 'œ', 0x3d: '℠', 0x3f: 'Ÿ', 0x76: '⅛', 0x77: '⅜', 0x78: '⅝', 0x79: '⅞',
	0x7a: '│', 0x7b: '┐', 0x7c: '└', 0x7d: '─', 0x7e: '┘', 0x7f: '┌',
}

// The colors of CEA-608, as foregrounds in the order of mid-row codes.
var (
	white       = cue.Color{R: 255, G: 255, B: 255, A: 255}
	black       = cue.Color{A: 255}
	foregrounds = [7]cue.Color{
		white, {G: 255, A: 255}, {B: 255, A: 255}, {G: 255, B: 255, A: 255}, {R: 255, A: 255}, {R: 255, G: 255, A: 255}, {R: 255, B: 255, A: 255},
	}
)

// edge is what surrounds characters. CEA-708 §8.5.8.
type edge uint8

// The edges, in the order of their codes.
const (
	edgeNone edge = iota
	edgeRaised
	edgeDepressed
	edgeUniform
	edgeLeftShadow
	edgeRightShadow
)

// pen is how characters look. It is comparable.
type pen struct {
	color, back       cue.Color
	italic, underline bool
	font              uint8 // of the list of CEA-708; 0 is the default
	size              uint8 // 0 is small, 1 standard, 2 large
	edge              edge
	edgeColor         cue.Color
}

// pen608 is the pen at the beginning of a row.
var pen608 = pen{color: white, back: black, size: 1}

// fonts are the families of CEA-708. CEA-708 §8.5.3.
var fonts = [8][]string{
	{"default", "monospaceSansSerif"}, {"monospaceSerif"}, {"proportionalSerif"}, {"monospaceSansSerif"}, {"proportionalSansSerif"},
	{"casual", "proportionalSansSerif"}, {"cursive", "proportionalSerif"}, {"smallCapitals", "proportionalSansSerif"},
}

// background sets the color behind characters by a code of CEA-608.
func (p *pen) background(b byte) {
	const translucent, half = 1, 128
	p.back = black
	if n := b >> 1 & 7; n < 7 {
		p.back = foregrounds[n]
	}
	if b&translucent != 0 {
		p.back.A = half
	}
}

// style translates a pen.
func (p pen) style() cue.Style {
	s := cue.Style{
		Families: fonts[p.font&7], Size: typeSize, Color: p.color, Background: p.back, Italic: p.italic, Underline: p.underline,
	}
	if p.font == 0 {
		s.Families = monospace
	}
	switch p.size {
	case 0:
		s.Size *= 0.75
	case 2:
		s.Size *= 1.25
	}
	const thick, off = typeSize / 16, typeSize / 12
	switch p.edge {
	case edgeUniform:
		s.Outline, s.OutlineColor = thick, p.edgeColor
	case edgeRaised, edgeRightShadow:
		s.Shadows = []cue.Shadow{{X: off, Y: off, Color: p.edgeColor}}
	case edgeDepressed:
		s.Shadows = []cue.Shadow{{X: -off, Y: -off, Color: p.edgeColor}}
	case edgeLeftShadow:
		s.Shadows = []cue.Shadow{{X: -off, Y: off, Color: p.edgeColor}}
	case edgeNone:
	}
	return s
}
