package hud

import (
	"fmt"
	"image"
	"image/draw"

	"github.com/hajimehoshi/ebiten/v2"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

const (
	// atlasSide is the width and height of the atlas texture in pixels. It holds some 2,000 glyphs of body text.
	atlasSide = 1024
	// maxFaces bounds how many sizes of fonts are kept.
	maxFaces = 24
	// maxGlyphSize bounds the size of text in pixels.
	maxGlyphSize = 160
	// phases is how many horizontal positions within a pixel a glyph is rasterised at.
	phases = 4
	// whiteSide is the side of the opaque block at the atlas' origin that plain rectangles are cut from.
	whiteSide = 4
)

// typeface is one of the compiled-in fonts.
type typeface uint8

const (
	regular typeface = iota
	medium
	mono
	typefaces
)

// spriteKind says what a sprite shows; above glyphs, keys count sides in pixels.
type spriteKind uint8

const (
	glyphSprite spriteKind = iota
	discSprite
	iconSprite
)

// spriteKey names a sprite: for glyphs face, size, rune and phase; for discs the diameter as size; for icons the
// side as size and which one as r.
type spriteKey struct {
	kind  spriteKind
	face  typeface
	phase uint8
	size  uint16
	r     rune
}

// sprite is a place in the atlas. dx and dy lead from the pen position to its top left corner; advance is the glyph's
// width in 26.6 fixed point.
type sprite struct {
	x, y, w, h, dx, dy int16
	advance            fixed.Int26_6
}

type faceKey struct {
	face typeface
	size uint16
}

// atlas keeps coverage masks in one texture, in rows of the height of their first member.
type atlas struct {
	fonts   [typefaces]*opentype.Font
	faces   map[faceKey]font.Face
	sprites map[spriteKey]sprite

	mask       *image.Alpha
	x, y, row  int // where the next sprite goes, and the height of the current row
	generation int // increases whenever everything was thrown away
	dirty      image.Rectangle
	upload     []byte

	texture *ebiten.Image // created with the first upload
	raster  vector.Rasterizer
}

func newAtlas() (*atlas, error) {
	a := &atlas{faces: map[faceKey]font.Face{}, sprites: map[spriteKey]sprite{}, mask: image.NewAlpha(image.Rect(0, 0, atlasSide, atlasSide))}
	for i, ttf := range [typefaces][]byte{goregular.TTF, gomedium.TTF, gomono.TTF} {
		f, err := opentype.Parse(ttf)
		if err != nil {
			return nil, fmt.Errorf("hud: font: %w", err)
		}
		a.fonts[i] = f
	}
	a.reset()
	return a, nil
}

// reset empties the atlas. Sprites that were handed out before are invalid.
func (a *atlas) reset() {
	clear(a.sprites)
	clear(a.mask.Pix)
	for y := range whiteSide {
		for x := range whiteSide {
			a.mask.Pix[y*a.mask.Stride+x] = 255
		}
	}
	a.x, a.y, a.row = whiteSide+1, 0, whiteSide
	a.generation++
	a.dirty = a.mask.Rect
}

// place reserves w × h pixels, with a free column and row around, emptying the atlas when it is full.
func (a *atlas) place(w, h int) (image.Rectangle, bool) {
	if w+1 > atlasSide || h+1 > atlasSide {
		return image.Rectangle{}, false
	}
	for range 2 {
		if a.x+w+1 > atlasSide {
			a.x, a.y, a.row = 0, a.y+a.row+1, 0
		}
		if a.y+h+1 <= atlasSide {
			r := image.Rect(a.x, a.y, a.x+w, a.y+h)
			a.x, a.row = a.x+w+1, max(a.row, h)
			a.dirty = a.dirty.Union(r)
			return r, true
		}
		a.reset()
	}
	return image.Rectangle{}, false
}

// face returns a font at a size in pixels.
func (a *atlas) face(t typeface, size int) font.Face {
	k := faceKey{t, uint16(min(max(size, 1), maxGlyphSize))}
	if f, ok := a.faces[k]; ok {
		return f
	}
	if len(a.faces) >= maxFaces {
		clear(a.faces)
	}
	// The error is only for options that are not used here: a face of a parsed font is made in memory.
	f, err := opentype.NewFace(a.fonts[t], &opentype.FaceOptions{Size: float64(k.size), DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic("hud: " + err.Error())
	}
	a.faces[k] = f
	return f
}

// glyph returns the sprite of a rune. A rune that the font lacks gets the font's replacement.
func (a *atlas) glyph(t typeface, size int, r rune, phase uint8) sprite {
	k := spriteKey{kind: glyphSprite, face: t, size: uint16(min(max(size, 1), maxGlyphSize)), r: r, phase: phase}
	if s, ok := a.sprites[k]; ok {
		return s
	}
	f := a.face(t, size)
	dot := fixed.Point26_6{X: fixed.Int26_6(phase) * (64 / phases)}
	dr, mask, at, advance, ok := f.Glyph(dot, r)
	s := sprite{advance: advance}
	if ok && !dr.Empty() {
		if p, ok := a.place(dr.Dx(), dr.Dy()); ok {
			draw.Draw(a.mask, p, mask, at, draw.Src)
			s = sprite{int16(p.Min.X), int16(p.Min.Y), int16(p.Dx()), int16(p.Dy()), int16(dr.Min.X), int16(dr.Min.Y), advance}
		}
	}
	a.sprites[k] = s
	return s
}

// shape returns the sprite of a disc or an icon that fills a square of the given side in pixels.
func (a *atlas) shape(kind spriteKind, which icon, side int) sprite {
	side = min(max(side, 1), atlasSide/2)
	k := spriteKey{kind: kind, size: uint16(side), r: rune(which)}
	if s, ok := a.sprites[k]; ok {
		return s
	}
	var s sprite
	if p, ok := a.place(side, side); ok {
		a.raster.Reset(side, side)
		a.raster.DrawOp = draw.Src
		pen := pen{z: &a.raster, k: float32(side) / iconGrid}
		if kind == discSprite {
			pen.disc(iconGrid/2, iconGrid/2, iconGrid/2)
		} else {
			which.draw(pen)
		}
		a.raster.Draw(a.mask, p, image.Opaque, image.Point{})
		s = sprite{x: int16(p.Min.X), y: int16(p.Min.Y), w: int16(side), h: int16(side)}
	}
	a.sprites[k] = s
	return s
}

// image returns the texture with all sprites in it. It must be called while a frame is drawn.
func (a *atlas) image() *ebiten.Image {
	if a.texture == nil {
		a.texture = ebiten.NewImageWithOptions(a.mask.Rect, &ebiten.NewImageOptions{Unmanaged: true})
		a.dirty = a.mask.Rect
	}
	if a.dirty.Empty() {
		return a.texture
	}
	d := a.dirty
	if n := 4 * d.Dx() * d.Dy(); cap(a.upload) < n {
		a.upload = make([]byte, n)
	}
	b := a.upload[:4*d.Dx()*d.Dy()]
	for y := range d.Dy() {
		src := a.mask.Pix[a.mask.PixOffset(d.Min.X, d.Min.Y+y):][:d.Dx()]
		dst := b[4*y*d.Dx():]
		for x, c := range src {
			dst[4*x], dst[4*x+1], dst[4*x+2], dst[4*x+3] = c, c, c, c
		}
	}
	a.texture.SubImage(d).(*ebiten.Image).WritePixels(b)
	a.dirty = image.Rectangle{}
	return a.texture
}
