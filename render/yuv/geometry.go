package yuv

import (
	"image"

	"mseplayer/player/frame"
)

// Fit returns where in a view of viewW × viewH pixels a picture of w × h goes: as large as fits, in the middle, on
// whole pixels. A picture of exactly the view's size fills it. The result is empty only when a side of the view is
// smaller than 1.
func Fit(viewW, viewH, w, h int) image.Rectangle {
	if viewW < 1 || viewH < 1 || w < 1 || h < 1 {
		return image.Rectangle{}
	}
	dw, dh := viewW, viewH
	// Compare the aspects as products; 64 bits hold them without loss.
	if l, r := int64(viewW)*int64(h), int64(viewH)*int64(w); l > r {
		dw = max(1, int((r+int64(h)/2)/int64(h)))
	} else if l < r {
		dh = max(1, int((l+int64(w)/2)/int64(w)))
	}
	x, y := (viewW-dw)/2, (viewH-dh)/2
	return image.Rect(x, y, x+dw, y+dh)
}

// Corners returns the positions in the picture, in luma samples (sample i covers [i, i+1)), that are seen at the top
// left, top right, bottom left and bottom right of the place where it is shown: the corners of the crop, turned
// clockwise by the picture's rotation, after it has been mirrored where it is to be.
func Corners(v *frame.Video) [4][2]float32 {
	x0, y0 := float32(v.Crop.X), float32(v.Crop.Y)
	x1, y1 := x0+float32(v.Crop.W), y0+float32(v.Crop.H)
	if v.Mirror {
		x0, x1 = x1, x0
	}
	switch v.Rotation {
	case 90:
		return [4][2]float32{{x0, y1}, {x0, y0}, {x1, y1}, {x1, y0}}
	case 180:
		return [4][2]float32{{x1, y1}, {x0, y1}, {x1, y0}, {x0, y0}}
	case 270:
		return [4][2]float32{{x1, y0}, {x1, y1}, {x0, y0}, {x0, y1}}
	default:
		return [4][2]float32{{x0, y0}, {x1, y0}, {x0, y1}, {x1, y1}}
	}
}
