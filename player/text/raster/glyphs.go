package raster

import (
	"image"
	"image/draw"
	"math"

	"github.com/go-text/typesetting/font"
	ot "github.com/go-text/typesetting/font/opentype"
	"golang.org/x/image/vector"
)

const (
	// subpixels is how finely the places of glyphs along the line are told apart.
	subpixels = 4
	// maxGlyphBytes bounds the cache of glyphs.
	maxGlyphBytes = 16 << 20
	// maxGlyphSide bounds one glyph, in pixels: a broken font may ask for anything.
	maxGlyphSide = 4096
	// maxSpread bounds the thickness of an outline, in pixels.
	maxSpread = 64
	// maxShear bounds how far letters lean.
	maxShear = 5
	// slant is that of letters whose font has no italics.
	slant = 0.2
)

// mask is the coverage of a glyph: w × h bytes whose first pixel lies at x, y from the glyph's origin.
type mask struct {
	x, y, w, h int
	pix        []byte
}

// glyphKey is what a mask depends on.
type glyphKey struct {
	face     *font.Face
	gid      font.GID
	size     float32
	stretch  float32
	spread   float32 // of the outline around the glyph
	sub      uint8   // 0 to subpixels-1, along the line
	sideways bool
	slant    float32 // how far the top is moved along the line, relative to the height
	standing bool    // in vertical text
}

// glyphs makes masks and keeps them.
type glyphs struct {
	masks map[glyphKey]*mask
	bytes int
	ras   vector.Rasterizer
}

func (g *glyphs) get(k glyphKey) *mask {
	if m, ok := g.masks[k]; ok {
		return m
	}
	var m *mask
	if k.spread > 0 {
		plain := k
		plain.spread = 0
		m = spread(g.get(plain), float64(k.spread))
	} else {
		m = g.draw(k)
	}
	if g.masks == nil || g.bytes > maxGlyphBytes {
		g.masks, g.bytes = map[glyphKey]*mask{}, 0
	}
	g.masks[k] = m
	g.bytes += len(m.pix) + 128
	return m
}

// draw rasterises an outline.
func (g *glyphs) draw(k glyphKey) *mask {
	segments := outline(k.face, k.gid)
	if len(segments) == 0 {
		return &mask{}
	}
	scale := k.size / float32(k.face.Upem())
	shift := float32(k.sub) / subpixels
	middle := k.face.HorizontalAdvance(k.gid) / 2
	to := func(p ot.SegmentPoint) (x, y float32) {
		px, py := p.X, p.Y
		if k.standing {
			py -= k.slant * (px - middle)
		} else {
			px += k.slant * py
		}
		px, py = px*scale*k.stretch, py*scale
		if k.sideways {
			// Turned to the right: up becomes right, and right becomes down.
			return py, px + shift
		}
		return px + shift, -py
	}
	minX, minY := float32(math.Inf(1)), float32(math.Inf(1))
	maxX, maxY := float32(math.Inf(-1)), float32(math.Inf(-1))
	for i := range segments {
		for _, p := range segments[i].ArgsSlice() {
			x, y := to(p)
			minX, minY, maxX, maxY = min(minX, x), min(minY, y), max(maxX, x), max(maxY, y)
		}
	}
	if !(maxX-minX < maxGlyphSide && maxY-minY < maxGlyphSide) || minX < -maxGlyphSide || minY < -maxGlyphSide {
		return &mask{}
	}
	x0, y0 := int(math.Floor(float64(minX))), int(math.Floor(float64(minY)))
	w, h := int(math.Ceil(float64(maxX)))-x0, int(math.Ceil(float64(maxY)))-y0
	if w <= 0 || h <= 0 {
		return &mask{}
	}
	g.ras.Reset(w, h)
	at := func(p ot.SegmentPoint) (float32, float32) {
		x, y := to(p)
		return x - float32(x0), y - float32(y0)
	}
	open := false
	for i := range segments {
		s := &segments[i]
		x, y := at(s.Args[0])
		switch s.Op {
		case ot.SegmentOpMoveTo:
			if open {
				g.ras.ClosePath()
			}
			g.ras.MoveTo(x, y)
			open = true
		case ot.SegmentOpLineTo:
			g.ras.LineTo(x, y)
		case ot.SegmentOpQuadTo:
			x2, y2 := at(s.Args[1])
			g.ras.QuadTo(x, y, x2, y2)
		case ot.SegmentOpCubeTo:
			x2, y2 := at(s.Args[1])
			x3, y3 := at(s.Args[2])
			g.ras.CubeTo(x, y, x2, y2, x3, y3)
		}
	}
	if open {
		g.ras.ClosePath()
	}
	img := image.NewAlpha(image.Rect(0, 0, w, h))
	g.ras.DrawOp = draw.Src
	g.ras.Draw(img, img.Bounds(), image.Opaque, image.Point{})
	return &mask{x0, y0, w, h, img.Pix}
}

// spread is m made thicker by radius pixels all around: each pixel of the result is the strongest of those of m within
// the radius, which fades out over the last pixel.
func spread(m *mask, radius float64) *mask {
	radius = min(radius, maxSpread)
	n := int(math.Ceil(radius))
	if len(m.pix) == 0 || n == 0 {
		return m
	}
	out := &mask{x: m.x - n, y: m.y - n, w: m.w + 2*n, h: m.h + 2*n}
	out.pix = make([]byte, out.w*out.h)
	type dot struct {
		dx, dy int
		weight uint16
	}
	var disc []dot
	for dy := -n; dy <= n; dy++ {
		for dx := -n; dx <= n; dx++ {
			d := radius + 0.5 - math.Hypot(float64(dx), float64(dy))
			if d <= 0 {
				continue
			}
			disc = append(disc, dot{dx, dy, uint16(min(d, 1) * 256)})
		}
	}
	for y := range m.h {
		row := m.pix[y*m.w : (y+1)*m.w]
		for x, v := range row {
			if v == 0 {
				continue
			}
			// Inside of a shape there is nothing that its edge does not reach.
			if v == 255 && x > 0 && x < m.w-1 && y > 0 && y < m.h-1 && row[x-1] == 255 && row[x+1] == 255 &&
				m.pix[(y-1)*m.w+x] == 255 && m.pix[(y+1)*m.w+x] == 255 {
				out.pix[(y+n)*out.w+x+n] = 255
				continue
			}
			for _, d := range disc {
				at := (y+n+d.dy)*out.w + x + n + d.dx
				if c := byte(uint16(v) * d.weight >> 8); out.pix[at] < c {
					out.pix[at] = c
				}
			}
		}
	}
	return out
}
