package yuv

import (
	"fmt"

	"mseplayer/player/frame"
)

const (
	// maxDimension bounds width and height in luma samples; it is beyond every level of the video codecs.
	maxDimension = 16384
	// maxChromaShift is the strongest chroma subsampling that is drawn, a quarter.
	maxChromaShift = 2
	// maxDepth is the most bits of a sample that are shown as they are.
	maxDepth = 16
	// BytesPerTexel is what one RGBA texel carries: four samples of up to 8 bits or two of more.
	BytesPerTexel = 4
)

// Supports reports whether pictures of format f can be shown without conversion: planar with 8 to 16 bits, any of Y, Cb,
// Cr with chroma whole, halved or quartered; luma alone; or G, B, R.
func Supports(f frame.PixelFormat) bool {
	if f.Depth < 8 || f.Depth > maxDepth {
		return false
	}
	switch f.Layout {
	case frame.YUV:
		return f.ChromaShiftX <= maxChromaShift && f.ChromaShiftY <= maxChromaShift
	case frame.Gray, frame.GBR:
		return true
	default:
		return false
	}
}

// Check returns nil for a picture that every function of this package and the renderer can work on without reading
// outside its planes, otherwise an error that names the first thing wrong with it.
func Check(v *frame.Video) error {
	if !Supports(v.Format) {
		return fmt.Errorf("yuv: pixel format %s cannot be shown", v.Format.Name)
	}
	if v.Width < 1 || v.Height < 1 || v.Width > maxDimension || v.Height > maxDimension {
		return fmt.Errorf("yuv: picture of %d×%d samples: each side must be within 1 and %d", v.Width, v.Height, maxDimension)
	}
	c := v.Crop
	if c.X < 0 || c.Y < 0 || c.W < 1 || c.H < 1 || c.X > v.Width-c.W || c.Y > v.Height-c.H {
		return fmt.Errorf("yuv: crop %d×%d+%d+%d is not inside the picture of %d×%d", c.W, c.H, c.X, c.Y, v.Width, v.Height)
	}
	switch v.Rotation {
	case 0, 90, 180, 270:
	default:
		return fmt.Errorf("yuv: rotation by %d degrees: must be 0, 90, 180 or 270", v.Rotation)
	}
	for i := range v.Format.PlaneCount() {
		w, h := v.Format.PlaneSize(i, v.Width, v.Height)
		p := v.Plane[i]
		row := w * v.Format.BytesPerSample()
		if p.Stride < row || p.Stride > BytesPerTexel*maxDimension {
			return fmt.Errorf("yuv: plane %d has rows of %d bytes for %d samples", i, p.Stride, w)
		}
		if need := p.Stride*(h-1) + row; len(p.Data) < need {
			return fmt.Errorf("yuv: plane %d has %d bytes, %d rows of %d need %d", i, len(p.Data), h, p.Stride, need)
		}
	}
	return nil
}

// Packing says how a plane travels into an RGBA texture, BytesPerTexel of a row at a time.
type Packing struct {
	// Width and Rows are the size of the texture in texels.
	Width, Rows int
	// Whole is how many rows, from the top, can be taken straight from the plane's memory as Width texels each.
	// The rows below have to be copied, BytesPerTexel·Width bytes each, because the memory ends within the last
	// row, or because rows do not begin on texel boundaries (then Whole is 0).
	Whole int
}

// PackingOf gives the packing of plane i of a picture that passed Check.
func PackingOf(v *frame.Video, i int) Packing {
	w, h := v.Format.PlaneSize(i, v.Width, v.Height)
	p := v.Plane[i]
	if p.Stride%BytesPerTexel != 0 {
		return Packing{Width: (w*v.Format.BytesPerSample() + BytesPerTexel - 1) / BytesPerTexel, Rows: h}
	}
	return Packing{Width: p.Stride / BytesPerTexel, Rows: h, Whole: min(h, len(p.Data)/p.Stride)}
}

// Siting maps luma to chroma positions: sample number c = luma sample number · scale + bias on each axis, for the
// horizontal axis (index 0) and the vertical one. Sample numbers are those of the whole plane; whole numbers are
// sample centres.
type Siting struct{ Scale, Bias [2]float32 }

// The places of chroma samples that media.ColorInfo.Siting tells, other than 1, left, which is what is assumed.
const (
	sitedCentre     = 2
	sitedTopLeft    = 3
	sitedTop        = 4
	sitedBottomLeft = 5
	sitedBottom     = 6
)

// SitingOf gives the chroma positions of a format whose colour description has that Siting.
func SitingOf(f frame.PixelFormat, siting uint8) Siting {
	if f.Layout != frame.YUV {
		return Siting{Scale: [2]float32{1, 1}}
	}
	sx := 1 / float32(int(1)<<f.ChromaShiftX)
	sy := 1 / float32(int(1)<<f.ChromaShiftY)
	s := Siting{Scale: [2]float32{sx, sy}, Bias: [2]float32{0, (sy - 1) / 2}}
	switch siting {
	case sitedCentre, sitedTop, sitedBottom:
		s.Bias[0] = (sx - 1) / 2
	}
	switch siting {
	case sitedTopLeft, sitedTop:
		s.Bias[1] = 0
	case sitedBottomLeft, sitedBottom:
		s.Bias[1] = sy - 1
	}
	return s
}

// ChromaCrop gives the first and last chroma sample, on each axis, that belongs to the picture's crop. Interpolation
// must not reach beyond them, since what is cropped away need not look like picture.
func ChromaCrop(v *frame.Video) (x0, y0, x1, y1 int) {
	c := v.Crop
	var sx, sy uint8
	if v.Format.Layout == frame.YUV {
		sx, sy = v.Format.ChromaShiftX, v.Format.ChromaShiftY
	}
	return c.X >> sx, c.Y >> sy, (c.X + c.W - 1) >> sx, (c.Y + c.H - 1) >> sy
}
