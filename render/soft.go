package render

import (
	"fmt"
	"image"

	"github.com/hajimehoshi/ebiten/v2"

	"mseplayer/player/frame"
	"mseplayer/render/yuv"
)

const (
	// probeSide is the side of the square that is drawn to find out who draws, in pixels; probes is how often.
	probeSide, probes = 512, 3
	// softNanos is the processor time, in ns a pixel, from which on drawing counts as done by the processor. Software takes
	// ten or more, and hardware next to none.
	softNanos = 4
	// copySource is the shader that brings the picture to the screen. It does without what DrawImage has done for each pixel.
	copySource = `//kage:unit pixels

package main

func Fragment(dstPos vec4, srcPos vec2, color vec4) vec4 {
	return imageSrc0UnsafeAt(srcPos)
}
`
)

// soft shows pictures on displays without graphics hardware: it converts and scales them with less work than the graphics
// library's imitation of such hardware, to exactly the pixels that are seen. The zero value is not usable; see newSoft.
type soft struct {
	quick *yuv.Quick
	img   *ebiten.Image // as large as the picture on the screen; nil before the first one
	pix   []byte
	size  image.Point // of the view that img was made for
	at    image.Rectangle
	// display is the picture's own size.
	display image.Point

	copy     *ebiten.Shader
	vertices [4]ebiten.Vertex
	options  ebiten.DrawTrianglesShaderOptions
}

func newSoft() *soft {
	s := &soft{quick: yuv.NewQuick()}
	var err error
	if s.copy, err = ebiten.NewShader([]byte(copySource)); err != nil {
		panic(fmt.Sprintf("render: shader of copies: %v", err)) // it is a constant, and tested
	}
	s.options.Blend = ebiten.BlendCopy
	return s
}

// takes reports whether upload can do a picture that passed yuv.Check.
func (s *soft) takes(v *frame.Video) bool { return s != nil && s.quick.Takes(v) }

// upload makes v the picture that draw shows in a view of w × h pixels. It copies what it needs.
func (s *soft) upload(v *frame.Video, w, h int) {
	s.size = image.Pt(w, h)
	dw, dh := v.DisplaySize()
	s.display, s.at = image.Pt(dw, dh), yuv.Fit(w, h, dw, dh)
	if s.at.Empty() {
		return
	}
	if s.img == nil || s.img.Bounds().Size() != s.at.Size() {
		s.free()
		s.img = ebiten.NewImageWithOptions(image.Rectangle{Max: s.at.Size()}, &ebiten.NewImageOptions{Unmanaged: true})
		s.pix = make([]byte, 4*s.at.Dx()*s.at.Dy())
	}
	s.quick.Scale(s.pix, s.at.Dx(), s.at.Dy(), v)
	s.img.WritePixels(s.pix)
}

// draw shows the picture. In a view of another size, until the next upload, it is stretched.
func (s *soft) draw(dst shaderTarget, w, h int) {
	if s.img == nil || s.at.Empty() {
		return
	}
	kx, ky := float32(w)/float32(s.size.X), float32(h)/float32(s.size.Y)
	x0, y0, x1, y1 := kx*float32(s.at.Min.X), ky*float32(s.at.Min.Y), kx*float32(s.at.Max.X), ky*float32(s.at.Max.Y)
	sw, sh := float32(s.at.Dx()), float32(s.at.Dy())
	s.vertices = [4]ebiten.Vertex{{DstX: x0, DstY: y0}, {DstX: x1, DstY: y0, SrcX: sw}, {DstX: x0, DstY: y1, SrcY: sh}, {DstX: x1, DstY: y1, SrcX: sw, SrcY: sh}}
	s.options.Images[0] = s.img
	dst.DrawTrianglesShader(s.vertices[:], quadIndices, s.copy, &s.options)
}

func (s *soft) free() {
	if s.img != nil {
		s.img.Deallocate()
	}
	s.img = nil
}

// softly finds out whether the graphics library's work is done by the processor: by the processor time that the drawing of
// a square takes. It must be called while a frame is drawn.
func softly() bool {
	dst := ebiten.NewImageWithOptions(image.Rect(0, 0, probeSide, probeSide), &ebiten.NewImageOptions{Unmanaged: true})
	defer dst.Deallocate()
	src := ebiten.NewImageWithOptions(image.Rect(0, 0, 2, 2), &ebiten.NewImageOptions{Unmanaged: true})
	defer src.Deallocate()
	src.WritePixels(make([]byte, 16))
	o := &ebiten.DrawImageOptions{Filter: ebiten.FilterLinear}
	o.GeoM.Scale(probeSide/2, probeSide/2)
	pix := make([]byte, 4*probeSide*probeSide)
	for range probes {
		before, ok := processorTime()
		if !ok {
			return false
		}
		dst.DrawImage(src, o)
		dst.ReadPixels(pix)
		if after, _ := processorTime(); (after - before).Nanoseconds() < softNanos*probeSide*probeSide {
			return false
		}
	}
	return true
}
