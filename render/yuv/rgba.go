package yuv

import (
	"image"
	"math"

	"mseplayer/player/frame"
)

// RGBA converts a picture, cropped and turned upright, into an opaque image that is independent of it. With square
// the image has DisplaySize, scaled linearly along the side that the sample aspect ratio stretches; otherwise every
// sample becomes one pixel. The error is that of Check.
func RGBA(v *frame.Video, square bool) (*image.RGBA, error) {
	if err := Check(v); err != nil {
		return nil, err
	}
	w, h := v.Crop.W, v.Crop.H
	if v.Rotation == 90 || v.Rotation == 270 {
		w, h = h, w
	}
	if square {
		w, h = v.DisplaySize()
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	Scale(dst, v)
	return dst, nil
}

// Scale fills dst with the picture, cropped, turned upright and stretched to dst's size: for each pixel centre luma
// and chroma are interpolated linearly between the nearest samples, and then converted with the picture's matrix. At
// the picture's own size every pixel takes exactly its luma sample. This is the definition that the shaders follow.
// The picture must have passed Check.
func Scale(dst *image.RGBA, v *frame.Video) {
	b := dst.Bounds()
	if b.Empty() {
		return
	}
	turned := v.Rotation == 90 || v.Rotation == 270
	cols, rows := b.Dx(), b.Dy()
	if turned {
		cols, rows = rows, cols
	}
	// Along the source's axes the destination runs forwards or backwards.
	backX := v.Rotation == 180 || v.Rotation == 270
	backY := v.Rotation == 90 || v.Rotation == 180

	s := SitingOf(v.Format)
	cx0, cy0, cx1, cy1 := ChromaCrop(v)
	lx := taps(cols, v.Crop.X, v.Crop.W, backX, 1, 0, v.Crop.X, v.Crop.X+v.Crop.W-1)
	ly := taps(rows, v.Crop.Y, v.Crop.H, backY, 1, 0, v.Crop.Y, v.Crop.Y+v.Crop.H-1)
	cx := taps(cols, v.Crop.X, v.Crop.W, backX, s.Scale[0], s.Bias[0], cx0, cx1)
	cy := taps(rows, v.Crop.Y, v.Crop.H, backY, s.Scale[1], s.Bias[1], cy0, cy1)

	m := MatrixOf(v)
	y, u, w := v.Plane[0], v.Plane[1], v.Plane[2]
	gray := v.Format.PlaneCount() == 1
	for j := range rows {
		for i := range cols {
			f := [3]float32{lerp(y, lx[i], ly[j])}
			if !gray {
				f[1], f[2] = lerp(u, cx[i], cy[j]), lerp(w, cx[i], cy[j])
			}
			dx, dy := i, j
			if turned {
				dx, dy = j, i
			}
			p := dst.Pix[dst.PixOffset(b.Min.X+dx, b.Min.Y+dy):]
			for c := range m {
				p[c] = quantize(m[c][0]*f[0] + m[c][1]*f[1] + m[c][2]*f[2] + m[c][3])
			}
			p[3] = 255
		}
	}
}

// tap is one linear interpolation along an axis: sample a with weight 1-w and sample b with weight w.
type tap struct {
	a, b int
	w    float32
}

// taps returns, for each of n pixels spread over the samples [first, first+size), the interpolation in a plane whose
// sample numbers are scale · luma sample number + bias and must stay within [lo, hi].
func taps(n, first, size int, backwards bool, scale, bias float32, lo, hi int) []tap {
	out := make([]tap, n)
	step := float64(size) / float64(n)
	for i := range out {
		at := (float64(i) + 0.5) * step
		if backwards {
			at = float64(size) - at
		}
		// Luma is clamped first: a chroma position is that of a luma position inside the crop.
		at = min(max(float64(first)+at-0.5, float64(first)), float64(first+size-1))
		at = min(max(at*float64(scale)+float64(bias), float64(lo)), float64(hi))
		a := int(math.Floor(at))
		out[i] = tap{a: a, b: min(a+1, hi), w: float32(at - float64(a))}
	}
	return out
}

func lerp(p frame.Plane, x, y tap) float32 {
	ra, rb := p.Data[y.a*p.Stride:], p.Data[y.b*p.Stride:]
	top := float32(ra[x.a])*(1-x.w) + float32(ra[x.b])*x.w
	bottom := float32(rb[x.a])*(1-x.w) + float32(rb[x.b])*x.w
	return top*(1-y.w) + bottom*y.w
}

func quantize(f float32) uint8 {
	return uint8(min(max(f*255+0.5, 0), 255))
}
