package yuv

import (
	"encoding/binary"
	"image"

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

// Scale is ScaleBy with linear interpolation.
func Scale(dst *image.RGBA, v *frame.Video) { ScaleBy(dst, v, Bilinear) }

// ScaleBy fills dst with the picture, cropped, turned upright and stretched to dst's size: for each pixel centre luma is
// interpolated by the filter and chroma linearly, and then converted; see [ConversionOf]. At the picture's own size
// every pixel takes exactly its luma sample. This is the definition that the shaders follow. The picture must have
// passed Check.
func ScaleBy(dst *image.RGBA, v *frame.Video, f Filter) {
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
	if v.Mirror {
		backX = !backX
	}

	s := SitingOf(v.Format, v.Color.Siting)
	cx0, cy0, cx1, cy1 := ChromaCrop(v)
	lx := taps(f, cols, v.Crop.X, v.Crop.W, backX, 1, 0, v.Crop.X, v.Crop.X+v.Crop.W-1)
	ly := taps(f, rows, v.Crop.Y, v.Crop.H, backY, 1, 0, v.Crop.Y, v.Crop.Y+v.Crop.H-1)
	cx := taps(Bilinear, cols, v.Crop.X, v.Crop.W, backX, s.Scale[0], s.Bias[0], cx0, cx1)
	cy := taps(Bilinear, rows, v.Crop.Y, v.Crop.H, backY, s.Scale[1], s.Bias[1], cy0, cy1)

	m := ConversionOf(v)
	plain := m.Light == Direct && !m.Constant
	gather := gather8
	if v.Format.BytesPerSample() > 1 {
		gather = gather16
	}
	y, u, w := v.Plane[0], v.Plane[1], v.Plane[2]
	gray := v.Format.PlaneCount() == 1
	for j := range rows {
		for i := range cols {
			f := [3]float32{gather(y, &lx[i], &ly[j])}
			if !gray {
				f[1], f[2] = gather(u, &cx[i], &cy[j]), gather(w, &cx[i], &cy[j])
			}
			if plain {
				r := &m.Matrix
				f = [3]float32{r[0][0]*f[0] + r[0][1]*f[1] + r[0][2]*f[2] + r[0][3],
					r[1][0]*f[0] + r[1][1]*f[1] + r[1][2]*f[2] + r[1][3], r[2][0]*f[0] + r[2][1]*f[1] + r[2][2]*f[2] + r[2][3]}
			} else {
				f = m.Apply(f)
			}
			x, y := b.Min.X+i, b.Min.Y+j
			if turned {
				x, y = b.Min.X+j, b.Min.Y+i
			}
			level := float32(0.5)
			if m.Dither {
				level = threshold(x, y)
			}
			p := dst.Pix[dst.PixOffset(x, y):]
			p[0], p[1], p[2], p[3] = quantize(f[0], level), quantize(f[1], level), quantize(f[2], level), 255
		}
	}
}

// gather8 and gather16 interpolate samples of one byte and of two.
func gather8(p frame.Plane, x, y *tap) float32 {
	if x.n == 2 {
		ra, rb := p.Data[y.at[0]*p.Stride:], p.Data[y.at[1]*p.Stride:]
		top := float32(ra[x.at[0]])*x.w[0] + float32(ra[x.at[1]])*x.w[1]
		bottom := float32(rb[x.at[0]])*x.w[0] + float32(rb[x.at[1]])*x.w[1]
		return top*y.w[0] + bottom*y.w[1]
	}
	var sum float32
	for j := range y.n {
		row := p.Data[y.at[j]*p.Stride:]
		var line float32
		for i := range x.n {
			line += float32(row[x.at[i]]) * x.w[i]
		}
		sum += line * y.w[j]
	}
	return sum
}

func gather16(p frame.Plane, x, y *tap) float32 {
	var sum float32
	for j := range y.n {
		row := p.Data[y.at[j]*p.Stride:]
		var line float32
		for i := range x.n {
			line += float32(binary.LittleEndian.Uint16(row[2*x.at[i]:])) * x.w[i]
		}
		sum += line * y.w[j]
	}
	return sum
}

// quantize gives the level of 255 for f: the one below where the rest is less than 1 - threshold.
func quantize(f, threshold float32) uint8 {
	return uint8(min(max(f*255+threshold, 0), 255))
}
