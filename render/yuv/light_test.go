package yuv_test

import (
	"image"
	"math"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
	"mseplayer/render/yuv"
)

// The other implementation: ST 2084, BT.2100 and BT.2390 as they are printed, step by step.

func st2084(e float64) float64 {
	const m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
	p := math.Pow(e, 1/m2)
	return 10000 * math.Pow(math.Max(p-c1, 0)/(c2-c3*p), 1/m1)
}

func st2084inverse(l float64) float64 {
	const m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
	p := math.Pow(l/10000, m1)
	return math.Pow((c1+c2*p)/(1+c3*p), m2)
}

// eetf is BT.2390-11 §5.4.1.1, from light to light: LB and LW of the mastering display, a display of 0 to lmax.
func eetf(l, lb, lw, lmax float64) float64 {
	b, w := st2084inverse(lb), st2084inverse(lw)
	if lb == 0 {
		b = 0
	}
	e1 := math.Min(math.Max((st2084inverse(l)-b)/(w-b), 0), 1)
	minLum, maxLum := (0-b)/(w-b), (st2084inverse(lmax)-b)/(w-b)
	ks := 1.5*maxLum - 0.5
	e2 := e1
	if e1 >= ks && ks < 1 {
		t := (e1 - ks) / (1 - ks)
		e2 = (2*math.Pow(t, 3)-3*math.Pow(t, 2)+1)*ks + (math.Pow(t, 3)-2*math.Pow(t, 2)+t)*(1-ks) + (-2*math.Pow(t, 3)+3*math.Pow(t, 2))*maxLum
	}
	e3 := e2 + minLum*math.Pow(1-e2, 4)
	return st2084(math.Max(e3*(w-b)+b, 0))
}

// hlgDisplay is BT.2100 table 5 for a display of 1000 candela per square metre.
func hlgDisplay(s [3]float64) (l [3]float64) {
	const a, b, c = 0.17883277, 0.28466892, 0.55991073
	for i, e := range s {
		if e <= 0.5 {
			l[i] = e * e / 3
		} else {
			l[i] = (math.Exp((e-c)/a) + b) / 12
		}
	}
	gain := 1000 * math.Pow(0.2627*l[0]+0.6780*l[1]+0.0593*l[2], 0.2)
	for i := range l {
		l[i] *= gain
	}
	return l
}

// display codes light for the display: the largest component by the curve, BT.2087's matrix, BT.1886. inside tells whether
// the display has the colour.
func display(l [3]float64, lb, lw float64) (v [3]float64, inside bool) {
	m := math.Max(l[0], math.Max(l[1], l[2]))
	inside = true
	gain := 0.0
	if m > 0 {
		gain = eetf(m, lb, lw, 203) / m / 203
	}
	r, g, b := l[0]*gain, l[1]*gain, l[2]*gain
	for i, c := range [3]float64{1.6605*r - 0.5876*g - 0.0728*b, -0.1246*r + 1.1329*g - 0.0083*b, -0.0182*r - 0.1006*g + 1.1187*b} {
		if c < 0 || c > 1 {
			inside = false
		}
		v[i] = math.Pow(math.Min(math.Max(c, 0), 1), 1/2.4)
	}
	return v, inside
}

// TestConversion_HDR compares greys of every level and colours that the display has with the other implementation.
func TestConversion_HDR(t *testing.T) {
	const maxLevels = 1 // of 255; the constants of the other implementation are rounded
	tests := []struct {
		name     string
		transfer uint8
		light    media.Light
		lb, lw   float64
	}{
		{"PQ, undescribed", 16, media.Light{}, 0, 1000},
		{"PQ, 4000", 16, media.Light{Peak: 4000, Black: 0.005}, 0.005, 4000},
		{"PQ, MaxCLL before the display's peak", 16, media.Light{Peak: 4000, Black: 0.0001, MaxCLL: 600, MaxFALL: 100}, 0.0001, 600},
		{"PQ, 10000", 16, media.Light{Peak: 10000}, 0, 10000},
		{"PQ, no brighter than the display", 16, media.Light{MaxCLL: 150}, 0, 203},
		{"PQ, absurd", 16, media.Light{Peak: 99999, Black: -3}, 0, 10000},
		{"HLG", 18, media.Light{Peak: 4000}, 0, 1000},
	}
	f := frame.PixelFormat{Layout: frame.GBR, Depth: 12, Name: "gbrp12le"}
	for _, tc := range tests {
		v := &frame.Video{Format: f, Crop: frame.Rect{W: 1920, H: 1080}, Color: media.ColorInfo{Transfer: tc.transfer, Matrix: media.MatrixGBR, FullRange: true, Light: tc.light}}
		c := yuv.ConversionOf(v)
		if !c.Dither {
			t.Errorf("%s: no dither", tc.name)
		}
		worst, colours := 0.0, 0
		for _, tint := range [][3]float64{{1, 1, 1}, {1, 0.95, 0.9}, {0.9, 1, 0.95}, {0.92, 0.9, 1}, {0.97, 1, 1}} {
			for code := range 4096 {
				s := [3]float64{math.Round(float64(code) * tint[0]), math.Round(float64(code) * tint[1]), math.Round(float64(code) * tint[2])}
				got := c.Apply([3]float32{float32(s[1]), float32(s[2]), float32(s[0])})
				signal := [3]float64{s[0] / 4095, s[1] / 4095, s[2] / 4095}
				l := [3]float64{st2084(signal[0]), st2084(signal[1]), st2084(signal[2])}
				if tc.transfer == 18 {
					l = hlgDisplay(signal)
				}
				shown, inside := display(l, tc.lb, tc.lw)
				if !inside && tint != [3]float64{1, 1, 1} {
					continue
				}
				colours++
				for i, want := range shown {
					worst = math.Max(worst, 255*math.Abs(want-float64(got[i])))
				}
			}
		}
		t.Logf("%-40s worst %.3f levels, %d colours", tc.name, worst, colours)
		if worst > maxLevels || colours < 2*4096 {
			t.Errorf("%s: differs by %.2f levels, %d colours", tc.name, worst, colours)
		}
	}
}

// TestConversion_Gamut keeps what both gamuts have, and brings the rest inside at the same luminance.
func TestConversion_Gamut(t *testing.T) {
	f := frame.PixelFormat{Layout: frame.GBR, Depth: 16, Name: "gbrp16le"}
	for _, primaries := range []uint8{9, 11, 12} {
		c := yuv.ConversionOf(&frame.Video{Format: f, Crop: frame.Rect{W: 64, H: 64}, Color: media.ColorInfo{Primaries: primaries, Matrix: media.MatrixGBR, FullRange: true}})
		if c.Light != yuv.Wide {
			t.Fatalf("primaries %d are not wide", primaries)
		}
		for _, rgb := range [][3]float64{{0, 0, 0}, {0.5, 0.5, 0.5}, {1, 1, 1}, {0.6, 0.5, 0.4}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 1, 0}, {0.2, 1, 0.9}} {
			v := c.Apply([3]float32{float32(65535 * rgb[1]), float32(65535 * rgb[2]), float32(65535 * rgb[0])})
			var lin, out [3]float64
			inside := true
			for i := range lin {
				for j := range 3 {
					lin[i] += float64(c.Gamut[i][j]) * math.Pow(rgb[j], 2.4)
				}
				out[i] = math.Pow(math.Max(float64(v[i]), 0), 2.4)
				inside = inside && lin[i] >= 0 && lin[i] <= 1
				if v[i] < 0 || v[i] > 1 {
					t.Errorf("primaries %d, %v: %v is outside", primaries, rgb, v)
				}
			}
			y := func(l [3]float64) float64 { return 0.2126*l[0] + 0.7152*l[1] + 0.0722*l[2] }
			if math.Abs(y(lin)-y(out)) > 1e-4 && y(lin) <= 1 {
				t.Errorf("primaries %d, %v: luminance %.4f became %.4f", primaries, rgb, y(lin), y(out))
			}
			for i := range lin {
				if inside && math.Abs(lin[i]-out[i]) > 1e-4 {
					t.Errorf("primaries %d, %v: %v became %v", primaries, rgb, lin, out)
				}
			}
		}
	}
}

// TestScale_Dither: every level of 10 bits comes out right on average over the map, and no pixel is a level away.
func TestScale_Dither(t *testing.T) {
	f := frame.PixelFormat{Layout: frame.Gray, Depth: 10, Name: "gray10le"}
	const side = yuv.DitherSide
	for code := range 1024 {
		v := &frame.Video{Format: f, Width: side, Height: side, Crop: frame.Rect{W: side, H: side}, Color: media.ColorInfo{FullRange: true}}
		v.Plane[0] = frame.Plane{Stride: 2 * side, Data: make([]byte, 2*side*side)}
		for i := 0; i < len(v.Plane[0].Data); i += 2 {
			v.Plane[0].Data[i], v.Plane[0].Data[i+1] = uint8(code), uint8(code>>8)
		}
		img := image.NewRGBA(image.Rect(0, 0, side, side))
		yuv.Scale(img, v)
		want, sum := float64(code)*255/1023, 0.0
		for i := 0; i < len(img.Pix); i += 4 {
			if math.Abs(float64(img.Pix[i])-want) >= 1 {
				t.Fatalf("code %d: %d, want near %.3f", code, img.Pix[i], want)
			}
			sum += float64(img.Pix[i])
		}
		if mean := sum / (side * side); math.Abs(mean-want) > 1.0/(side*side) {
			t.Fatalf("code %d: %.3f on average, want %.3f", code, mean, want)
		}
	}
}

// TestSitingOf follows chroma sample 3 of 4:2:0 to the luma sample it lies on.
func TestSitingOf(t *testing.T) {
	for i, want := range [][2]float64{{6, 6.5}, {6, 6.5}, {6.5, 6.5}, {6, 6}, {6.5, 6}, {6, 7}, {6.5, 7}} {
		s := yuv.SitingOf(frame.I420, uint8(i))
		for axis := range want {
			if got := want[axis]*float64(s.Scale[axis]) + float64(s.Bias[axis]); got != 3 {
				t.Errorf("siting %d, axis %d: %v lies on chroma sample %v", i, axis, want[axis], got)
			}
		}
		if s := yuv.SitingOf(i444, uint8(i)); s.Bias != [2]float32{} {
			t.Errorf("siting %d moves 4:4:4 by %v", i, s.Bias)
		}
	}
}

// TestScaleBy_Filters: each filter keeps what is flat, gives samples where samples are, and the wider two keep a curve
// that linear interpolation cuts off.
func TestScaleBy_Filters(t *testing.T) {
	const w, n = 64, 256
	curve := func(x float64) float64 { return 120 + 100*math.Sin(x/1.6) }
	at := func(f yuv.Filter, v *frame.Video, n int) []float64 {
		img := image.NewRGBA(image.Rect(0, 0, n, 3))
		yuv.ScaleBy(img, v, f)
		out := make([]float64, n)
		for x := range out {
			out[x] = float64(img.RGBAAt(x, 1).R)
		}
		return out
	}
	wavy := picture(gray, w, 3, 0, func(_, x, _ int) uint8 { return uint8(math.Round(curve(float64(x)))) })
	flat := picture(gray, w, 3, 0, func(int, int, int) uint8 { return 77 })
	wavy.Color.FullRange, flat.Color.FullRange = true, true
	var errs [3]float64
	for i, f := range []yuv.Filter{yuv.Bilinear, yuv.Bicubic, yuv.Lanczos} {
		if got, err := yuv.ParseFilter(f.String()); err != nil || got != f {
			t.Errorf("%v reads back as %v, %v", f, got, err)
		}
		for x, got := range at(f, wavy, w) {
			if got != math.Round(curve(float64(x))) {
				t.Fatalf("%v: sample %d is %v", f, x, got)
			}
		}
		for x, got := range at(f, flat, n) {
			if got != 77 {
				t.Fatalf("%v: flat pixel %d is %v", f, x, got)
			}
		}
		got := at(f, wavy, n)
		for x := 16; x < n-16; x++ {
			errs[i] += math.Abs(got[x]-curve((float64(x)+0.5)*w/n-0.5)) / (n - 32)
		}
	}
	t.Logf("mean errors %.3f", errs)
	if errs[1] > errs[0]/2 || errs[2] > errs[0]/2 {
		t.Errorf("mean errors %.3f: the wider filters are no better", errs)
	}
	if _, err := yuv.ParseFilter("nearest"); err == nil {
		t.Error("nearest is accepted")
	}
}

// TestScale_Orientations draws all eight and compares them with what moving pixels gives.
func TestScale_Orientations(t *testing.T) {
	const w, h = 5, 3
	for _, mirror := range []bool{false, true} {
		for _, rotation := range []int{0, 90, 180, 270} {
			v := picture(gray, w, h, 0, func(_, x, y int) uint8 { return uint8(40*y + 10*x) })
			v.Color.FullRange, v.Mirror, v.Rotation = true, mirror, rotation
			img, err := yuv.RGBA(v, false)
			if err != nil {
				t.Fatal(err)
			}
			for y := range h {
				for x := range w {
					px, py, pw, ph := x, y, w, h
					if mirror {
						px = w - 1 - px
					}
					for range rotation / 90 { // clockwise
						px, py, pw, ph = ph-1-py, px, ph, pw
					}
					if img.Bounds() != image.Rect(0, 0, pw, ph) || img.RGBAAt(px, py).R != uint8(40*y+10*x) {
						t.Fatalf("mirror %v, rotation %d: sample %d,%d is not at %d,%d of %v", mirror, rotation, x, y, px, py, img.Bounds())
					}
				}
			}
			for i, at := range yuv.Corners(v) {
				// The corner of the shown picture is that of the sample that is seen there.
				x, y := i%2*(img.Bounds().Dx()-1), i/2*(img.Bounds().Dy()-1)
				sx, sy := min(int(at[0]), w-1), min(int(at[1]), h-1)
				if img.RGBAAt(x, y).R != uint8(40*sy+10*sx) {
					t.Errorf("mirror %v, rotation %d: corner %d is %v", mirror, rotation, i, at)
				}
			}
		}
	}
}
