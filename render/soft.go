package render

import (
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
	opt     ebiten.DrawImageOptions
}

func newSoft() *soft {
	s := &soft{quick: yuv.NewQuick()}
	s.opt.Blend = ebiten.BlendCopy
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
func (s *soft) draw(dst ebiten.FinalScreen, w, h int) {
	if s.img == nil || s.at.Empty() {
		return
	}
	s.opt.GeoM.Reset()
	s.opt.GeoM.Translate(float64(s.at.Min.X), float64(s.at.Min.Y))
	if s.size != image.Pt(w, h) {
		s.opt.GeoM.Scale(float64(w)/float64(s.size.X), float64(h)/float64(s.size.Y))
	}
	dst.DrawImage(s.img, &s.opt)
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
