package render

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
	"mseplayer/render/yuv"
)

// deep is a format of that depth and chroma.
func deep(depth, sx, sy uint8) frame.PixelFormat {
	return frame.PixelFormat{Layout: frame.YUV, Depth: depth, ChromaShiftX: sx, ChromaShiftY: sy, Name: fmt.Sprintf("yuv%d%d-%d", sx, sy, depth)}
}

// smooth makes a picture of two ramps and some noise in the stored range of the format's depth.
func smooth(f frame.PixelFormat, w, h, pad int) *frame.Video {
	rnd := rand.New(rand.NewPCG(uint64(w), uint64(f.Depth)))
	v := &frame.Video{Format: f, Width: w, Height: h, Crop: frame.Rect{W: w, H: h}}
	bps := f.BytesPerSample()
	peak := 1<<f.Depth - 1
	for i := range f.PlaneCount() {
		pw, ph := f.PlaneSize(i, w, h)
		p := frame.Plane{Stride: pw*bps + pad, Data: make([]byte, (pw*bps+pad)*ph)}
		for n := range p.Data {
			p.Data[n] = uint8(n * 151)
		}
		for y := range ph {
			for x := range pw {
				var s int
				switch {
				case y*4/ph == 3:
					s = rnd.IntN(peak + 1)
				case i == 0:
					s = peak * x / pw
				case i == 1:
					s = peak * y * 4 / 3 / ph
				default:
					s = peak * (pw - x) / pw
				}
				p.Data[y*p.Stride+x*bps] = uint8(s)
				if bps > 1 {
					p.Data[y*p.Stride+x*bps+1] = uint8(s >> 8)
				}
			}
		}
		v.Plane[i] = p
	}
	return v
}

// TestSurface_EveryDrawing draws each kind of picture by each filter and at its own size as package yuv does it.
func TestSurface_EveryDrawing(t *testing.T) {
	hdr := media.Light{Peak: 1000, Black: 0.005}
	for _, f := range []frame.PixelFormat{deep(8, 1, 1), deep(10, 1, 1), deep(12, 1, 0), deep(10, 0, 0), deep(16, 0, 0),
		{Layout: frame.Gray, Depth: 10, Name: "gray10"}, {Layout: frame.GBR, Depth: 12, Name: "gbr12"}} {
		for _, c := range []struct {
			name  string
			color media.ColorInfo
		}{
			{"plain", media.ColorInfo{Matrix: 1}},
			{"full", media.ColorInfo{Matrix: 9, FullRange: true}},
			{"constant", media.ColorInfo{Matrix: 10}},
			{"wide", media.ColorInfo{Matrix: 9, Primaries: 9, Transfer: 14}},
			{"constant, wide", media.ColorInfo{Matrix: 10, Primaries: 9, Transfer: 14}},
			{"pq", media.ColorInfo{Matrix: 9, Primaries: 9, Transfer: 16}},
			{"pq, mastered", media.ColorInfo{Matrix: 9, Primaries: 9, Transfer: 16, Light: hdr, Siting: 3}},
			{"ictcp", media.ColorInfo{Matrix: 14, Primaries: 9, Transfer: 16}},
			{"ictcp, hlg", media.ColorInfo{Matrix: 14, Primaries: 9, Transfer: 18}},
			{"constant, of P3", media.ColorInfo{Matrix: 13, Primaries: 12, Transfer: 1}},
			{"hlg", media.ColorInfo{Matrix: 9, Primaries: 9, Transfer: 18}},
		} {
			for _, filter := range []yuv.Filter{yuv.Bilinear, yuv.Bicubic, yuv.Lanczos} {
				for _, size := range [][2]int{{96, 64}, {203, 131}} {
					if size[0] == 96 && filter != yuv.Bilinear {
						continue // the same at the picture's own size
					}
					t.Run(fmt.Sprintf("%s/%s/%v/%v", f.Name, c.name, filter, size), func(t *testing.T) {
						s := testSurface(t)
						s.filter = filter
						v := smooth(f, 96, 64, 6)
						v.Color = c.color
						got, want := shoot(t, s, v, size[0], size[1]), referenceBy(v, size[0], size[1], filter)
						worst := 0
						for i := range got.Pix {
							d := int(got.Pix[i]) - int(want.Pix[i])
							if d = max(d, -d); d > worst && !nextToNone(got.Pix[i], want.Pix[i]) {
								worst = d
							}
						}
						if worst > 2 {
							t.Errorf("differs by %d", worst)
						}
					})
				}
			}
		}
	}
}

// nextToNone reports whether both components stand for so little light, or for light that differs so little, that the
// error of the arithmetic of graphics hardware is of that size: saturated colours have such components, which are the
// differences of large ones.
func nextToNone(a, b uint8) bool {
	const least = 0.0005 // of the display's white
	light := func(c uint8) float64 { return math.Pow(float64(c)/255, 2.4) }
	return math.Abs(light(a)-light(b)) < least
}
