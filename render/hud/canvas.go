package hud

import (
	"math"
	"unicode/utf8"

	"github.com/hajimehoshi/ebiten/v2"
	"golang.org/x/image/math/fixed"
)

// maxQuads bounds the display list of one frame. It stays below what 16-bit indices address.
const maxQuads = 8192

// color is straight-alpha RGB with components from 0 to 1.
type color struct{ r, g, b, a float32 }

// alpha returns c with its opacity multiplied.
func (c color) alpha(a float32) color { c.a *= a; return c }

// canvas builds a list of quads. Coordinates are device pixels; shapes and glyphs are put on whole ones.
type canvas struct {
	atlas *atlas
	vs    []ebiten.Vertex
	// opacity multiplies everything that is added.
	opacity float32
}

func (c *canvas) begin() {
	c.vs, c.opacity = c.vs[:0], 1
}

// quad adds the sprite pixels [sx, sx+sw) × [sy, sy+sh) stretched over x, y, w, h, top and bottom edge coloured.
func (c *canvas) quad(x, y, w, h, sx, sy, sw, sh float32, top, bottom color) {
	if len(c.vs) >= 4*maxQuads || w <= 0 || h <= 0 {
		return
	}
	ta, ba := top.a*c.opacity, bottom.a*c.opacity
	if ta <= 0 && ba <= 0 {
		return
	}
	t := ebiten.Vertex{DstX: x, DstY: y, SrcX: sx, SrcY: sy, ColorR: top.r * ta, ColorG: top.g * ta, ColorB: top.b * ta, ColorA: ta}
	b := ebiten.Vertex{DstX: x, DstY: y + h, SrcX: sx, SrcY: sy + sh, ColorR: bottom.r * ba, ColorG: bottom.g * ba, ColorB: bottom.b * ba, ColorA: ba}
	t2, b2 := t, b
	t2.DstX, t2.SrcX = x+w, sx+sw
	b2.DstX, b2.SrcX = x+w, sx+sw
	c.vs = append(c.vs, t, t2, b, b2)
}

// rect fills a rectangle.
func (c *canvas) rect(x, y, w, h float32, col color) { c.gradient(x, y, w, h, col, col) }

// gradient fills a rectangle with a vertical ramp.
func (c *canvas) gradient(x, y, w, h float32, top, bottom color) {
	// A point inside the white block, so that the rounding of texture positions never meets a sprite.
	const mid = whiteSide / 2
	x1, y1 := round(x+w), round(y+h)
	x, y = round(x), round(y)
	c.quad(x, y, x1-x, y1-y, mid, mid, 0, 0, top, bottom)
}

// rounded fills a rectangle whose corners have radius r, at most half its shorter side.
func (c *canvas) rounded(x, y, w, h, r float32, col color) {
	x1, y1 := round(x+w), round(y+h)
	x, y = round(x), round(y)
	w, h = x1-x, y1-y
	r = float32(math.Floor(float64(min(r, w/2, h/2))))
	if r < 1 {
		c.rect(x, y, w, h, col)
		return
	}
	s := c.atlas.shape(discSprite, 0, int(2*r))
	sx, sy := float32(s.x), float32(s.y)
	c.quad(x, y, r, r, sx, sy, r, r, col, col)
	c.quad(x1-r, y, r, r, sx+r, sy, r, r, col, col)
	c.quad(x, y1-r, r, r, sx, sy+r, r, r, col, col)
	c.quad(x1-r, y1-r, r, r, sx+r, sy+r, r, r, col, col)
	c.rect(x+r, y, w-2*r, r, col)
	c.rect(x+r, y1-r, w-2*r, r, col)
	c.rect(x, y+r, w, h-2*r, col)
}

// disc fills a circle about cx, cy.
func (c *canvas) disc(cx, cy, r float32, col color) {
	c.shape(discSprite, 0, cx, cy, 2*r, col)
}

// icon draws a symbol centred on cx, cy in a square of the given side.
func (c *canvas) icon(i icon, cx, cy, side float32, col color) {
	c.shape(iconSprite, i, cx, cy, side, col)
}

func (c *canvas) shape(kind spriteKind, which icon, cx, cy, side float32, col color) {
	s := c.atlas.shape(kind, which, int(round(side)))
	w := float32(s.w)
	c.quad(round(cx-w/2), round(cy-w/2), w, w, float32(s.x), float32(s.y), w, w, col, col)
}

// style is how text looks.
type style struct {
	face typeface
	size int // pixels
	col  color
}

// text draws one line with its baseline at y, starting at x, and returns how wide it is.
func (c *canvas) text(st style, x, y float32, s string) float32 {
	pen := fixed.Int26_6(x * 64)
	start := pen
	base := round(y)
	for _, r := range s {
		pen += c.glyph(st, pen, base, r)
	}
	return float32(pen-start) / 64
}

// bytes is text for a slice that will be written again.
func (c *canvas) bytes(st style, x, y float32, s []byte) float32 {
	pen := fixed.Int26_6(x * 64)
	start := pen
	base := round(y)
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		s = s[n:]
		pen += c.glyph(st, pen, base, r)
	}
	return float32(pen-start) / 64
}

// glyph draws one rune and returns its advance.
func (c *canvas) glyph(st style, pen fixed.Int26_6, base float32, r rune) fixed.Int26_6 {
	r = printable(r)
	g := c.atlas.glyph(st.face, st.size, r, uint8(pen&63)/(64/phases))
	if g.w > 0 {
		w, h := float32(g.w), float32(g.h)
		c.quad(float32(pen>>6)+float32(g.dx), base+float32(g.dy), w, h, float32(g.x), float32(g.y), w, h, st.col, st.col)
	}
	return g.advance
}

// cell draws one rune with its pen position at x, for text in columns.
func (c *canvas) cell(st style, x, y float32, r rune) {
	c.glyph(st, fixed.Int26_6(x*64), round(y), r)
}

// printable replaces what must not move the pen or break lines.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}

// width returns how wide a line of text is.
func (c *canvas) width(st style, s string) float32 {
	var w fixed.Int26_6
	for _, r := range s {
		w += c.atlas.glyph(st.face, st.size, printable(r), 0).advance
	}
	return float32(w) / 64
}

// widthBytes is width for a slice that will be written again.
func (c *canvas) widthBytes(st style, s []byte) float32 {
	var w fixed.Int26_6
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		s = s[n:]
		w += c.atlas.glyph(st.face, st.size, printable(r), 0).advance
	}
	return float32(w) / 64
}

const ellipsis = "…"

// clipped draws at most limit pixels of a line, ending it with an ellipsis when something had to go, and returns
// the width drawn.
func (c *canvas) clipped(st style, x, y, limit float32, s string) float32 {
	cut, whole := c.fitting(st, s, limit)
	if whole {
		return c.text(st, x, y, s)
	}
	w := c.text(st, x, y, s[:cut])
	return w + c.text(st, x+w, y, ellipsis)
}

// fitting returns whether s fits into limit pixels, and if not how many of its bytes fit before an ellipsis.
func (c *canvas) fitting(st style, s string, limit float32) (cut int, whole bool) {
	room := limit - c.width(st, ellipsis)
	var w float32
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		w += float32(c.atlas.glyph(st.face, st.size, printable(r), 0).advance) / 64
		if w > limit {
			return cut, false
		}
		if w <= room {
			cut = i
		}
	}
	return len(s), true
}

// line splits off the first line of text that fits into limit pixels, breaking at a space where there is one. rest
// is empty after the last line.
func (c *canvas) line(st style, s string, limit float32) (line, rest string) {
	var w float32
	space := -1
	for i, r := range s {
		if r == '\n' {
			return s[:i], s[i+1:]
		}
		if r == ' ' {
			space = i
		}
		w += float32(c.atlas.glyph(st.face, st.size, printable(r), 0).advance) / 64
		if w > limit && i > 0 {
			if space > 0 {
				return s[:space], s[space+1:]
			}
			return s[:i], s[i:]
		}
	}
	return s, ""
}

func round(f float32) float32 { return float32(math.Floor(float64(f) + 0.5)) }
