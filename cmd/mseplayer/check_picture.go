package main

import (
	"bytes"
	"image"
	"image/jpeg"

	"mseplayer/player/frame"
	"mseplayer/render/yuv"
)

const (
	// thumbnailWidth and thumbnailHeight bound the pictures in reports, thumbnailQuality is what they are encoded with.
	thumbnailWidth, thumbnailHeight = 320, 320
	thumbnailQuality                = 80
	// maxAveraged is how many pixels in a row become one of them: what is larger is scaled down to as many first.
	maxAveraged = 4
)

// thumbnail draws a picture as it is shown, small, as JPEG; nil when it cannot be shown.
func thumbnail(v *frame.Video) []byte {
	if yuv.Check(v) != nil {
		return nil
	}
	w, h := v.DisplaySize()
	fit := yuv.Fit(thumbnailWidth, thumbnailHeight, w, h)
	if fit.Empty() {
		return nil
	}
	small := image.Rect(0, 0, min(fit.Dx(), max(1, w)), min(fit.Dy(), max(1, h)))
	times := min(maxAveraged, (w+small.Dx()-1)/small.Dx())
	large := image.NewRGBA(image.Rect(0, 0, times*small.Dx(), times*small.Dy()))
	yuv.Scale(large, v)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, averaged(large, times), &jpeg.Options{Quality: thumbnailQuality}); err != nil {
		return nil
	}
	return b.Bytes()
}

// averaged makes one pixel of each square of n by n.
func averaged(src *image.RGBA, n int) *image.RGBA {
	if n <= 1 {
		return src
	}
	dst := image.NewRGBA(image.Rect(0, 0, src.Rect.Dx()/n, src.Rect.Dy()/n))
	for y := range dst.Rect.Dy() {
		for x := range dst.Rect.Dx() {
			var sum [4]int
			for j := range n {
				row := src.Pix[src.PixOffset(n*x, n*y+j):]
				for i := range 4 * n {
					sum[i&3] += int(row[i])
				}
			}
			p := dst.Pix[dst.PixOffset(x, y):]
			for i := range sum {
				p[i] = byte((sum[i] + n*n/2) / (n * n))
			}
		}
	}
	return dst
}
