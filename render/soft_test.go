package render

import (
	"image"
	"testing"

	"github.com/hajimehoshi/ebiten/v2"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
	"mseplayer/render/yuv"
)

// TestSoft_Draw: what the processor has converted comes to the screen byte for byte, with what lies around it left alone, and
// in a view of another size it is stretched until the next upload.
func TestSoft_Draw(t *testing.T) {
	v := bars(frame.I420, 320, 180, 0, media.ColorInfo{Matrix: 1})
	for _, view := range []image.Point{{320, 180}, {480, 270}, {401, 300}, {300, 401}, {97, 61}} {
		at := yuv.Fit(view.X, view.Y, 320, 180)
		want := make([]byte, 4*at.Dx()*at.Dy())
		yuv.NewQuick().Scale(want, at.Dx(), at.Dy(), v)
		got, twice := image.NewRGBA(image.Rectangle{Max: view}), image.NewRGBA(image.Rectangle{Max: view.Mul(2)})
		inFrame(func(*ebiten.Image) {
			s := newSoft()
			if !s.takes(v) {
				t.Error("it does not take the usual picture")
				return
			}
			s.upload(v, view.X, view.Y)
			for _, img := range []*image.RGBA{got, twice} {
				dst := ebiten.NewImage(img.Rect.Dx(), img.Rect.Dy())
				s.draw(dst, img.Rect.Dx(), img.Rect.Dy())
				dst.ReadPixels(img.Pix)
				dst.Deallocate()
			}
			s.free()
		})
		for y := range view.Y {
			for x := range view.X {
				var c [4]byte
				if p := image.Pt(x, y); p.In(at) {
					copy(c[:], want[4*((y-at.Min.Y)*at.Dx()+x-at.Min.X):])
				}
				if o := got.PixOffset(x, y); [4]byte(got.Pix[o:o+4]) != c {
					t.Fatalf("view %v: %d,%d is %v, want %v", view, x, y, got.Pix[o:o+4], c)
				}
				for d := range 4 {
					if o := twice.PixOffset(2*x+d%2, 2*y+d/2); [4]byte(twice.Pix[o:o+4]) != c {
						t.Fatalf("view %v in one twice as large: %d,%d is %v, want %v", view, 2*x+d%2, 2*y+d/2, twice.Pix[o:o+4], c)
					}
				}
			}
		}
	}
}
