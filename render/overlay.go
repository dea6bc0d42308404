package render

import (
	"image"

	"github.com/hajimehoshi/ebiten/v2"

	"mseplayer/player/text/raster"
)

// maxOverlayBitmaps bounds the bitmaps of an overlay that are shown.
const maxOverlayBitmaps = 256

// Overlay is what lies over the picture: bitmaps made for a picture of Width × Height pixels. It is never changed.
type Overlay struct {
	Width, Height int
	Bitmaps       []raster.Bitmap
}

// overlay is the GPU's copy of the Overlay that is shown.
type overlay struct {
	of     *Overlay
	images []*ebiten.Image
	option ebiten.DrawImageOptions
}

// take makes o what draw shows, nil for nothing, and reports whether that is a change. It must be called while a frame is
// drawn, before anything is drawn in it.
func (v *overlay) take(o *Overlay) bool {
	if o == v.of {
		return false
	}
	empty := len(v.images) == 0
	for _, i := range v.images {
		i.Deallocate()
	}
	v.of, v.images = o, v.images[:0]
	if o == nil {
		return !empty
	}
	for _, b := range o.Bitmaps[:min(len(o.Bitmaps), maxOverlayBitmaps)] {
		if m := ebiten.MaxImageSize(); b.W <= 0 || b.H <= 0 || b.W > m || b.H > m || len(b.Pix) < 4*b.W*b.H {
			v.images = append(v.images, nil)
			continue
		}
		i := ebiten.NewImageWithOptions(image.Rect(0, 0, b.W, b.H), &ebiten.NewImageOptions{Unmanaged: true})
		i.WritePixels(b.Pix[:4*b.W*b.H])
		v.images = append(v.images, i)
	}
	return !empty || len(v.images) > 0
}

// imageTarget is what an overlay is drawn on: an image or the final screen.
type imageTarget interface {
	DrawImage(img *ebiten.Image, options *ebiten.DrawImageOptions)
}

// draw shows the overlay over the picture at r. What was made for another size is stretched until there is another.
func (v *overlay) draw(dst imageTarget, r image.Rectangle) {
	if v.of == nil || r.Empty() || v.of.Width <= 0 || v.of.Height <= 0 {
		return
	}
	sx, sy := float64(r.Dx())/float64(v.of.Width), float64(r.Dy())/float64(v.of.Height)
	v.option.Filter = ebiten.FilterNearest
	if sx != 1 || sy != 1 {
		v.option.Filter = ebiten.FilterLinear
	}
	for i, img := range v.images {
		if img == nil {
			continue
		}
		b := &v.of.Bitmaps[i]
		v.option.GeoM.Reset()
		v.option.GeoM.Translate(float64(b.X), float64(b.Y))
		v.option.GeoM.Scale(sx, sy)
		v.option.GeoM.Translate(float64(r.Min.X), float64(r.Min.Y))
		dst.DrawImage(img, &v.option)
	}
}
