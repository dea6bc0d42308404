package yuv_test

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
	"mseplayer/render/yuv"
)

// picture makes a w × h picture whose sample (x, y) of plane i is fill(i, x, y); rows are padded by pad bytes of
// garbage.
func picture(f frame.PixelFormat, w, h, pad int, fill func(i, x, y int) uint8) *frame.Video {
	v := &frame.Video{Format: f, Width: w, Height: h, Crop: frame.Rect{W: w, H: h}}
	for i := range f.PlaneCount() {
		pw, ph := f.PlaneSize(i, w, h)
		p := frame.Plane{Stride: pw + pad, Data: make([]byte, (pw+pad)*ph)}
		for y := range ph {
			for x := range p.Stride {
				if p.Data[y*p.Stride+x] = 0xa5; x < pw {
					p.Data[y*p.Stride+x] = fill(i, x, y)
				}
			}
		}
		v.Plane[i] = p
	}
	return v
}

func noise(seed uint64) func(i, x, y int) uint8 {
	rnd := rand.New(rand.NewPCG(seed, 9))
	return func(int, int, int) uint8 { return uint8(rnd.IntN(256)) }
}

// slow computes one pixel at the picture's own size from the definition, in double precision: luma as it is, chroma
// as a weighted sum over every chroma sample inside the crop with tent weights.
func slow(v *frame.Video, x, y int) color.RGBA {
	kr, kb := 0.2126, 0.0722
	at := func(p frame.Plane, x, y int) float64 { return float64(p.Data[y*p.Stride+x]) }
	s := [3]float64{at(v.Plane[0], x, y), 128, 128}
	x0, y0, x1, y1 := yuv.ChromaCrop(v)
	if v.Format.Layout == frame.YUV {
		fx, fy := float64(int(1)<<v.Format.ChromaShiftX), float64(int(1)<<v.Format.ChromaShiftY)
		// Left-sited: chroma sample k lies on luma sample k·fx. Centred: it lies in the middle of fy luma rows.
		px := math.Min(math.Max(float64(x)/fx, float64(x0)), float64(x1))
		py := math.Min(math.Max((float64(y)+0.5)/fy-0.5, float64(y0)), float64(y1))
		for i := 1; i < 3; i++ {
			s[i] = 0
			for cy := y0; cy <= y1; cy++ {
				for cx := x0; cx <= x1; cx++ {
					w := math.Max(0, 1-math.Abs(px-float64(cx))) * math.Max(0, 1-math.Abs(py-float64(cy)))
					s[i] += w * at(v.Plane[i], cx, cy)
				}
			}
		}
	}
	ey, pb, pr := (s[0]-16)/219, (s[1]-128)/224, (s[2]-128)/224
	r, b := ey+2*(1-kr)*pr, ey+2*(1-kb)*pb
	g := (ey - kr*r - kb*b) / (1 - kr - kb)
	q := func(f float64) uint8 { return uint8(math.Floor(math.Min(math.Max(f, 0), 1)*255 + 0.5)) }
	return color.RGBA{q(r), q(g), q(b), 255}
}

func diff(a, b color.RGBA) int {
	d := 0
	for _, p := range [][2]uint8{{a.R, b.R}, {a.G, b.G}, {a.B, b.B}, {a.A, b.A}} {
		d = max(d, int(p[0])-int(p[1]), int(p[1])-int(p[0]))
	}
	return d
}

func TestRGBA_MatchesTheDefinition(t *testing.T) {
	for _, f := range []frame.PixelFormat{frame.I420, i422, i444, i440, i410, gray} {
		for _, size := range [][2]int{{16, 16}, {17, 13}, {1, 1}, {2, 3}, {5, 1}, {23, 9}} {
			for _, crop := range []int{0, 1, 2, 3} {
				w, h := size[0], size[1]
				v := picture(f, w, h, crop*5, noise(uint64(w*h+crop)))
				v.Color.Matrix = 1
				if crop > 0 && w > 2*crop && h > 2*crop {
					v.Crop = frame.Rect{X: crop, Y: crop - 1, W: w - 2*crop, H: h - crop}
				}
				img, err := yuv.RGBA(v, true)
				if err != nil {
					t.Fatalf("%s %dx%d: %v", f.Name, w, h, err)
				}
				if img.Bounds() != image.Rect(0, 0, v.Crop.W, v.Crop.H) {
					t.Fatalf("%s: got bounds %v, want crop %v", f.Name, img.Bounds(), v.Crop)
				}
				for y := range v.Crop.H {
					for x := range v.Crop.W {
						got, want := img.RGBAAt(x, y), slow(v, v.Crop.X+x, v.Crop.Y+y)
						if diff(got, want) > 1 { // single against double precision at a rounding boundary
							t.Fatalf("%s %dx%d crop %+v: pixel %d,%d is %v, want %v", f.Name, w, h, v.Crop, x, y, got, want)
						}
					}
				}
			}
		}
	}
}

func TestRGBA_Rotation(t *testing.T) {
	v := picture(frame.I420, 14, 10, 2, noise(5))
	v.Crop = frame.Rect{X: 2, Y: 2, W: 11, H: 7}
	upright, err := yuv.RGBA(v, false)
	if err != nil {
		t.Fatal(err)
	}
	w, h := v.Crop.W, v.Crop.H
	for _, tc := range []struct {
		rotation int
		from     func(x, y int) (int, int) // where a pixel of the turned image comes from
	}{
		{90, func(x, y int) (int, int) { return y, h - 1 - x }},
		{180, func(x, y int) (int, int) { return w - 1 - x, h - 1 - y }},
		{270, func(x, y int) (int, int) { return w - 1 - y, x }},
	} {
		v.Rotation = tc.rotation
		img, err := yuv.RGBA(v, false)
		if err != nil {
			t.Fatal(err)
		}
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				fx, fy := tc.from(x, y)
				if got, want := img.RGBAAt(x, y), upright.RGBAAt(fx, fy); got != want {
					t.Fatalf("rotation %d: pixel %d,%d is %v, want %v", tc.rotation, x, y, got, want)
				}
			}
		}
	}
}

// TestScale_Ramp scales a horizontal ramp: linear interpolation reproduces it at every size, up to the half sample
// at either end where the first and last sample go on.
func TestScale_Ramp(t *testing.T) {
	const w, h = 64, 8
	v := picture(gray, w, h, 0, func(_, x, _ int) uint8 { return uint8(2*x + 20) })
	v.Color.FullRange = true
	for _, n := range []int{32, 47, 64, 97, 128, 640} {
		img := image.NewRGBA(image.Rect(0, 0, n, 5))
		yuv.Scale(img, v)
		for x := range n {
			at := (float64(x)+0.5)*w/float64(n) - 0.5
			want := 2*math.Min(math.Max(at, 0), w-1) + 20
			if got := float64(img.RGBAAt(x, 2).R); math.Abs(got-want) > 0.51 {
				t.Fatalf("width %d: pixel %d is %v, want %.2f", n, x, got, want)
			}
		}
	}
}

func TestRGBA_Square(t *testing.T) {
	v := picture(frame.I420, 72, 58, 0, func(i, x, y int) uint8 { return 128 })
	v.SARNum, v.SARDen = 16, 11
	img, err := yuv.RGBA(v, true)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := img.Bounds().Size(), image.Pt(105, 58); got != want {
		t.Errorf("got size %v, want %v", got, want)
	}
	if img, err = yuv.RGBA(v, false); err != nil || img.Bounds().Size() != image.Pt(72, 58) {
		t.Errorf("unscaled: got size %v, error %v", img.Bounds().Size(), err)
	}
	v.Rotation = 90
	if img, err = yuv.RGBA(v, true); err != nil || img.Bounds().Size() != image.Pt(58, 105) {
		t.Errorf("turned: got size %v, error %v", img.Bounds().Size(), err)
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(v *frame.Video)
		want  string // part of the error, "" for none
	}{
		{"good", func(*frame.Video) {}, ""},
		{"last row without padding", func(v *frame.Video) { v.Plane[0].Data = v.Plane[0].Data[:40*47+32] }, ""},
		{"10-bit", func(v *frame.Video) { v.Format = i010 }, "plane 0 has rows of 40 bytes for 32 samples"},
		{"17-bit", func(v *frame.Video) { v.Format.Depth = 17 }, "yuv420p"},
		{"packed", func(v *frame.Video) { v.Format = frame.PixelFormat{Layout: frame.Other, Depth: 8, Name: "nv12"} }, "nv12"},
		{"no size", func(v *frame.Video) { v.Width = 0 }, "0×48"},
		{"absurd size", func(v *frame.Video) { v.Height = 1 << 30 }, "1073741824"},
		{"crop beyond the right side", func(v *frame.Video) { v.Crop.X = 1 }, "crop 32×48+1+0"},
		{"crop that overflows", func(v *frame.Video) { v.Crop = frame.Rect{X: 1, W: math.MaxInt, H: 1} }, "crop"},
		{"empty crop", func(v *frame.Video) { v.Crop = frame.Rect{} }, "crop"},
		{"slanted", func(v *frame.Video) { v.Rotation = 45 }, "45"},
		{"narrow rows", func(v *frame.Video) { v.Plane[1].Stride = 15 }, "plane 1"},
		{"negative stride", func(v *frame.Video) { v.Plane[0].Stride = -40 }, "plane 0"},
		{"released", func(v *frame.Video) { v.Plane = [3]frame.Plane{} }, "plane 0"},
		{"short plane", func(v *frame.Video) { v.Plane[2].Data = v.Plane[2].Data[:100] }, "plane 2 has 100 bytes"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			v := picture(frame.I420, 32, 48, 8, noise(1))
			tc.spoil(v)
			err := yuv.Check(v)
			if tc.want == "" {
				if err != nil {
					t.Fatalf("got %v, want none", err)
				}
				if _, err := yuv.RGBA(v, true); err != nil {
					t.Fatalf("RGBA: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("got %v, want one line with %q", err, tc.want)
			}
			if _, err2 := yuv.RGBA(v, true); err2 == nil || err2.Error() != err.Error() {
				t.Errorf("RGBA: got %v, want %v", err2, err)
			}
		})
	}
}

func TestPackingOf(t *testing.T) {
	tests := []struct {
		name               string
		w, h, stride, size int
		want               yuv.Packing
	}{
		{"whole rows", 640, 360, 640, 640 * 360, yuv.Packing{Width: 160, Rows: 360, Whole: 360}},
		{"padded rows", 638, 4, 704, 704 * 4, yuv.Packing{Width: 176, Rows: 4, Whole: 4}},
		{"more memory than rows", 64, 4, 64, 64 * 9, yuv.Packing{Width: 16, Rows: 4, Whole: 4}},
		{"ends within the last row", 62, 4, 64, 64*3 + 62, yuv.Packing{Width: 16, Rows: 4, Whole: 3}},
		{"rows off texel boundaries", 13, 4, 13, 13 * 4, yuv.Packing{Width: 4, Rows: 4}},
		{"single odd sample", 1, 1, 1, 1, yuv.Packing{Width: 1, Rows: 1}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			v := &frame.Video{Format: gray, Width: tc.w, Height: tc.h}
			v.Plane[0] = frame.Plane{Stride: tc.stride, Data: make([]byte, tc.size)}
			if got := yuv.PackingOf(v, 0); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func BenchmarkRGBA(b *testing.B) {
	v := picture(frame.I420, 1920, 1080, 64, noise(3))
	v.Color = media.ColorInfo{Matrix: 1}
	dst := image.NewRGBA(image.Rect(0, 0, 1920, 1080))
	b.SetBytes(int64(len(dst.Pix)))
	for b.Loop() {
		yuv.Scale(dst, v)
	}
}

func ExampleRGBA() {
	v := picture(frame.I420, 2, 2, 0, func(i, _, _ int) uint8 { return [3]uint8{81, 90, 240}[i] })
	v.Color.Matrix = 6
	img, err := yuv.RGBA(v, true)
	fmt.Println(img.RGBAAt(0, 0), err)
	// Output: {254 0 0 255} <nil>
}
