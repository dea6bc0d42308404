package wpt

import (
	"image"
	"image/draw"
	"strconv"

	"github.com/dop251/goja"

	"mseplayer/render/yuv"
)

// maxCanvas bounds the sides of a canvas, in pixels.
const maxCanvas = 8192

// canvas is behind canvas elements. Video pictures can be drawn on it, and its pixels be read.
type canvas struct {
	*domNode
	pixels *image.RGBA // nil until it is drawn on, and after its size was set
}

// size is what the attributes say, or HTML's 300 × 150.
func (c *canvas) size() (w, h int) {
	side := func(name string, missing int) int {
		s, _ := attributeOf(c.n, name)
		if v, err := strconv.Atoi(s); err == nil && v >= 0 {
			return min(v, maxCanvas)
		}
		return missing
	}
	return side("width", 300), side("height", 150)
}

// attributeChanged implements reflecting.
func (c *canvas) attributeChanged(name, _ string, _ bool) {
	if name == "width" || name == "height" {
		c.pixels = nil
	}
}

// picture is the bitmap.
func (c *canvas) picture() *image.RGBA {
	if c.pixels == nil {
		w, h := c.size()
		c.pixels = image.NewRGBA(image.Rect(0, 0, w, h))
	}
	return c.pixels
}

// context2D is behind the objects that draw on a canvas.
type context2D struct{ c *canvas }

func (p *page) defineCanvas() {
	side := func(name string, of func(w, h int) int) member {
		return rw(p, name, func(c *canvas) any { return of(c.size()) }, func(c *canvas, v goja.Value) {
			p.setAttribute(c, name, strconv.FormatInt(max(v.ToInteger(), 0), 10))
		})
	}
	p.define(iface{name: "HTMLCanvasElement", parent: "HTMLElement", members: []member{
		side("width", func(w, _ int) int { return w }),
		side("height", func(_, h int) int { return h }),
		op(p, "getContext", 1, func(c *canvas, args []goja.Value) any {
			if text(args[0]) != "2d" {
				return nil
			}
			return p.wrap("CanvasRenderingContext2D", p.context(c))
		}),
	}})
	p.define(iface{name: "ImageData", members: []member{
		ro(p, "width", func(i *image.RGBA) any { return i.Rect.Dx() }),
		ro(p, "height", func(i *image.RGBA) any { return i.Rect.Dy() }),
	}})
	p.define(iface{name: "CanvasRenderingContext2D", members: []member{
		ro(p, "canvas", func(c *context2D) any { return p.nodeObject(c.c.n) }),
		op(p, "drawImage", 3, func(c *context2D, args []goja.Value) any {
			m, ok := given[*mediaElement](p, args, 0)
			if !ok {
				p.typeError("CanvasRenderingContext2D.drawImage: only video elements can be drawn")
			}
			p.drawVideo(c.c, m, args[1:])
			return goja.Undefined()
		}),
		op(p, "getImageData", 4, func(c *context2D, args []goja.Value) any {
			x, y, w, h := int(args[0].ToInteger()), int(args[1].ToInteger()), int(args[2].ToInteger()), int(args[3].ToInteger())
			if w <= 0 || h <= 0 || w > maxCanvas || h > maxCanvas {
				p.domException("IndexSizeError", "CanvasRenderingContext2D.getImageData: impossible size")
			}
			out := image.NewRGBA(image.Rect(0, 0, w, h))
			draw.Draw(out, out.Rect, c.c.picture(), image.Pt(x, y), draw.Src)
			o := p.fresh("ImageData", out)
			data, err := p.vm.New(p.vm.Get("Uint8ClampedArray"), p.vm.ToValue(p.vm.NewArrayBuffer(out.Pix)))
			p.must(err)
			p.must(o.js.DefineDataProperty("data", data, goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_TRUE))
			return o
		}),
	}})
}

// context returns the one drawing context of a canvas.
func (p *page) context(c *canvas) *context2D {
	if p.contexts[c] == nil {
		p.contexts[c] = &context2D{c}
	}
	return p.contexts[c]
}

// drawVideo draws the picture that is shown at the given position, scaled if a size is given. Without one, nothing is
// drawn.
func (p *page) drawVideo(c *canvas, m *mediaElement, at []goja.Value) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.shown == nil {
		return
	}
	img, err := yuv.RGBA(m.shown, true)
	if err != nil {
		p.domException("InvalidStateError", err.Error())
	}
	if len(at) >= 4 {
		img = image.NewRGBA(image.Rect(0, 0, int(min(at[2].ToInteger(), maxCanvas)), int(min(at[3].ToInteger(), maxCanvas))))
		yuv.Scale(img, m.shown)
	}
	pos := image.Pt(int(at[0].ToInteger()), int(at[1].ToInteger()))
	draw.Draw(c.picture(), img.Rect.Add(pos), img, image.Point{}, draw.Src)
}
