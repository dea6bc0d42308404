package render

import (
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hajimehoshi/ebiten/v2"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
	"mseplayer/render/yuv"
)

var (
	i422 = frame.PixelFormat{Layout: frame.YUV, Depth: 8, ChromaShiftX: 1, Name: "yuv422p"}
	i444 = frame.PixelFormat{Layout: frame.YUV, Depth: 8, Name: "yuv444p"}
	i440 = frame.PixelFormat{Layout: frame.YUV, Depth: 8, ChromaShiftY: 1, Name: "yuv440p"}
	i411 = frame.PixelFormat{Layout: frame.YUV, Depth: 8, ChromaShiftX: 2, Name: "yuv411p"}
	gray = frame.PixelFormat{Layout: frame.Gray, Depth: 8, Name: "gray"}
	gbr  = frame.PixelFormat{Layout: frame.GBR, Depth: 8, Name: "gbrp"}
)

// picture makes a picture of the given plane size whose rows have pad bytes of garbage behind them.
func picture(f frame.PixelFormat, w, h, pad int, sample func(plane, x, y int) uint8) *frame.Video {
	v := &frame.Video{Format: f, Width: w, Height: h, Crop: frame.Rect{W: w, H: h}}
	for i := range f.PlaneCount() {
		pw, ph := f.PlaneSize(i, w, h)
		p := frame.Plane{Stride: pw + pad, Data: make([]byte, (pw+pad)*ph)}
		for n := range p.Data {
			p.Data[n] = uint8(n * 151)
		}
		for y := range ph {
			for x := range pw {
				p.Data[y*p.Stride+x] = sample(i, x, y)
			}
		}
		v.Plane[i] = p
	}
	return v
}

// bars are eight vertical colour bars over the width, a luma ramp in the lower third and noise at the bottom, coded
// as c says. The colours are reached by inverting the standard's equations independently of what is tested.
func bars(f frame.PixelFormat, w, h, pad int, c media.ColorInfo) *frame.Video {
	kr, kb := 0.299, 0.114
	if c.Matrix == 1 {
		kr, kb = 0.2126, 0.0722
	}
	code := func(plane int, r, g, b float64) uint8 {
		y := kr*r + (1-kr-kb)*g + kb*b
		pb, pr := (b-y)/(2*(1-kb)), (r-y)/(2*(1-kr))
		e := [3]float64{y, pb, pr}[plane]
		switch {
		case plane == 0 && c.FullRange:
			return uint8(255*e + 0.5)
		case plane == 0:
			return uint8(219*e + 16.5)
		case c.FullRange:
			return uint8(min(255*e+128.5, 255))
		default:
			return uint8(224*e + 128.5)
		}
	}
	rnd := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	v := picture(f, w, h, pad, func(plane, x, y int) uint8 {
		pw, ph := f.PlaneSize(plane, w, h)
		n := 7 - x*8/pw // white, yellow, cyan, green, magenta, red, blue, black
		switch part := y * 6 / ph; {
		case part < 3:
			level := 0.75 + 0.25*float64(part%2)
			return code(plane, level*float64(n>>1&1), level*float64(n>>2&1), level*float64(n&1))
		case part < 4:
			grey := float64(x) / float64(pw)
			return code(plane, grey, grey, grey)
		default:
			return uint8(rnd.IntN(256)) // codes outside the nominal range among it
		}
	})
	v.Color = c
	return v
}

func testSurface(t testing.TB) *surface {
	t.Helper()
	s, err := newSurface()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shoot uploads v, draws it into a view of w × h over magenta and reads it back.
func shoot(t testing.TB, s *surface, v *frame.Video, w, h int) *image.RGBA {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	inFrame(func(*ebiten.Image) {
		dst := ebiten.NewImageWithOptions(img.Rect, &ebiten.NewImageOptions{Unmanaged: true})
		defer dst.Deallocate()
		if err := s.upload(v); err != nil {
			t.Error(err)
			return
		}
		dst.Fill(color.RGBA{255, 0, 255, 255})
		s.draw(dst, w, h)
		s.draw(dst, w, h) // drawing again must change nothing
		dst.ReadPixels(img.Pix)
	})
	return img
}

// reference is what shoot should give with linear interpolation.
func reference(v *frame.Video, w, h int) *image.RGBA { return referenceBy(v, w, h, yuv.Bilinear) }

func referenceBy(v *frame.Video, w, h int, f yuv.Filter) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := 0; i < len(img.Pix); i += 4 {
		img.Pix[i], img.Pix[i+2], img.Pix[i+3] = 255, 255, 255
	}
	dw, dh := v.DisplaySize()
	yuv.ScaleBy(img.SubImage(yuv.Fit(w, h, dw, dh)).(*image.RGBA), v, f)
	return img
}

// difference returns the largest difference of any component, how many components differ at all, and where the
// largest one is.
func difference(a, b *image.RGBA) (worst, count int, at image.Point) {
	for i := range a.Pix {
		d := int(a.Pix[i]) - int(b.Pix[i])
		if d < 0 {
			d = -d
		}
		if d > 0 {
			count++
		}
		if d > worst {
			worst, at = d, image.Pt(i/4%a.Rect.Dx(), i/4/a.Rect.Dx())
		}
	}
	return worst, count, at
}

// compare fails when drawing v into a view of w × h differs from the reference by more than limit.
func compare(t *testing.T, s *surface, v *frame.Video, w, h, limit int) {
	t.Helper()
	got, want := shoot(t, s, v, w, h), referenceBy(v, w, h, s.filter)
	worst, count, at := difference(got, want)
	t.Logf("worst difference %d, %d of %d components differ", worst, count, len(got.Pix)/4*3)
	if worst > limit {
		t.Errorf("at %v: got %v, want %v, differing by %d, more than %d", at, got.RGBAAt(at.X, at.Y), want.RGBAAt(at.X, at.Y), worst, limit)
	}
}

// TestSurface_Colours reads colour bars back at their own size. One code is what rounding single precision may cost.
func TestSurface_Colours(t *testing.T) {
	s := testSurface(t)
	for _, matrix := range []uint8{1, 6} {
		for _, full := range []bool{false, true} {
			for _, f := range []frame.PixelFormat{frame.I420, i422, i444, i440, i411, gray} {
				t.Run(fmt.Sprintf("matrix=%d/full=%t/%s", matrix, full, f.Name), func(t *testing.T) {
					compare(t, s, bars(f, 256, 144, 0, media.ColorInfo{Matrix: matrix, FullRange: full}), 256, 144, 1)
				})
			}
		}
	}
	t.Run(gbr.Name, func(t *testing.T) {
		v := bars(gbr, 256, 144, 0, media.ColorInfo{})
		v.Color = media.ColorInfo{Matrix: media.MatrixGBR, FullRange: true}
		compare(t, s, v, 256, 144, 1)
	})
}

func TestSurface_Shapes(t *testing.T) {
	tests := []struct {
		name      string
		f         frame.PixelFormat
		w, h, pad int
		crop      frame.Rect // the zero value: everything
		num, den  int
		rotation  int
		mirror    bool
		vw, vh    int // 0: the picture's own display size
	}{
		{name: "odd size", f: frame.I420, w: 427, h: 241},
		{name: "odd size, padded by one", f: frame.I420, w: 427, h: 241, pad: 1},
		{name: "odd size, padded by 37", f: i422, w: 129, h: 65, pad: 37},
		{name: "padded to 64", f: frame.I420, w: 320, h: 180, pad: 64},
		{name: "narrow", f: frame.I420, w: 3, h: 200},
		{name: "flat", f: frame.I420, w: 200, h: 1},
		{name: "one sample", f: frame.I420, w: 1, h: 1, vw: 32, vh: 32},
		{name: "cropped below", f: frame.I420, w: 192, h: 112, crop: frame.Rect{W: 192, H: 108}},
		{name: "cropped all around", f: frame.I420, w: 192, h: 112, pad: 3, crop: frame.Rect{X: 6, Y: 4, W: 180, H: 100}},
		{name: "cropped by odd numbers", f: frame.I420, w: 192, h: 112, crop: frame.Rect{X: 5, Y: 3, W: 181, H: 101}},
		{name: "cropped, scaled", f: frame.I420, w: 192, h: 112, crop: frame.Rect{X: 5, Y: 3, W: 181, H: 101}, vw: 500, vh: 300},
		{name: "enlarged", f: frame.I420, w: 160, h: 90, vw: 640, vh: 360},
		{name: "enlarged a little", f: frame.I420, w: 160, h: 90, vw: 173, vh: 97},
		{name: "reduced", f: frame.I420, w: 640, h: 360, vw: 371, vh: 209},
		{name: "halved", f: frame.I420, w: 640, h: 360, vw: 320, vh: 180},
		{name: "enlarged 4:4:4", f: i444, w: 101, h: 57, vw: 333, vh: 188},
		{name: "enlarged 4:2:2", f: i422, w: 101, h: 57, vw: 333, vh: 188},
		{name: "enlarged gray", f: gray, w: 101, h: 57, vw: 333, vh: 188},
		{name: "letterboxed", f: frame.I420, w: 160, h: 90, vw: 400, vh: 400},
		{name: "pillarboxed", f: frame.I420, w: 160, h: 120, vw: 640, vh: 360},
		{name: "wide samples", f: frame.I420, w: 180, h: 144, num: 16, den: 11},
		{name: "narrow samples", f: frame.I420, w: 180, h: 120, num: 10, den: 11, vw: 300, vh: 300},
		{name: "turned by 90", f: frame.I420, w: 160, h: 90, rotation: 90},
		{name: "turned by 180", f: frame.I420, w: 160, h: 90, rotation: 180},
		{name: "turned by 270", f: frame.I420, w: 160, h: 90, rotation: 270},
		{name: "mirrored", f: frame.I420, w: 161, h: 90, mirror: true},
		{name: "mirrored, turned by 90", f: frame.I420, w: 160, h: 91, mirror: true, rotation: 90},
		{name: "mirrored, turned by 180", f: frame.I420, w: 160, h: 90, mirror: true, rotation: 180, vw: 333, vh: 200},
		{name: "mirrored, turned by 270", f: frame.I420, w: 160, h: 90, mirror: true, rotation: 270},
		{name: "turned, cropped, wide, enlarged", f: frame.I420, w: 167, h: 93, pad: 5, crop: frame.Rect{X: 3, Y: 5, W: 151, H: 77}, num: 4, den: 3, rotation: 270, vw: 333, vh: 555},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			v := bars(tc.f, tc.w, tc.h, tc.pad, media.ColorInfo{Matrix: 1})
			if tc.crop != (frame.Rect{}) {
				v.Crop = tc.crop
			}
			v.SARNum, v.SARDen, v.Rotation, v.Mirror = tc.num, tc.den, tc.rotation, tc.mirror
			vw, vh := tc.vw, tc.vh
			if vw == 0 {
				vw, vh = v.DisplaySize()
			}
			compare(t, testSurface(t), v, vw, vh, 2)
		})
	}
}

// TestSurface_LastRow draws planes whose memory ends with the last sample, and planes that go on behind.
func TestSurface_LastRow(t *testing.T) {
	for _, cut := range []bool{true, false} {
		v := bars(frame.I420, 190, 110, 2, media.ColorInfo{Matrix: 6})
		for i := range v.Plane {
			w, _ := frame.I420.PlaneSize(i, 190, 110)
			p := &v.Plane[i]
			p.Data = p.Data[: len(p.Data)-p.Stride+w : len(p.Data)-p.Stride+w]
			if !cut {
				p.Data = append(p.Data, make([]byte, 999)...)
			}
		}
		compare(t, testSurface(t), v, 190, 110, 1)
	}
}

// TestSurface_EveryCode shows each code of every plane once, at the picture's own size.
func TestSurface_EveryCode(t *testing.T) {
	s := testSurface(t)
	for _, full := range []bool{false, true} {
		for other := 0; other < 256; other += 51 {
			v := picture(i444, 256, 48, 0, func(plane, x, y int) uint8 {
				if plane == y/16 {
					return uint8(x)
				}
				return uint8(other)
			})
			v.Color = media.ColorInfo{Matrix: 1, FullRange: full}
			compare(t, s, v, 256, 48, 1)
		}
	}
}

func TestSurface_Textures(t *testing.T) {
	s := testSurface(t)
	show := func(w, h, pad int) {
		t.Helper()
		v := bars(frame.I420, w, h, pad, media.ColorInfo{Matrix: 1})
		inFrame(func(*ebiten.Image) {
			if err := s.upload(v); err != nil {
				t.Error(err)
			}
		})
	}
	want := func(step string, made int) {
		t.Helper()
		if s.made != made {
			t.Fatalf("%s: %d textures made, want %d", step, s.made, made)
		}
	}
	show(64, 36, 0)
	want("first picture", 4)
	for range 50 {
		show(64, 36, 0)
	}
	want("more of the same", 4)
	show(128, 72, 0)
	want("another size", 8)
	for range 10 {
		show(64, 36, 0)
		show(128, 72, 0)
	}
	want("back and forth", 8)
	show(64, 36, 64)
	want("another stride, in place of the oldest", 12)
	show(128, 72, 0)
	want("the younger of the two is still there", 12)
	show(64, 36, 0)
	want("the oldest is not", 16)
	n := 0
	for _, set := range s.sets {
		if set != nil {
			n++
		}
	}
	if n > maxTextureSets {
		t.Errorf("%d sets are kept", n)
	}
	compare(t, s, bars(frame.I420, 128, 72, 0, media.ColorInfo{Matrix: 6}), 128, 72, 1)
}

// TestSurface_BadPicture keeps what was shown when a picture cannot be.
func TestSurface_BadPicture(t *testing.T) {
	s := testSurface(t)
	good := bars(frame.I420, 64, 36, 0, media.ColorInfo{Matrix: 1})
	compare(t, s, good, 64, 36, 1)
	for want, spoil := range map[string]func(v *frame.Video){
		"nv12":     func(v *frame.Video) { v.Format = frame.PixelFormat{Layout: frame.Other, Name: "nv12"} },
		"crop":     func(v *frame.Video) { v.Crop.W = 99 },
		"plane 1":  func(v *frame.Video) { v.Plane[1].Data = nil },
		"hardware": func(v *frame.Video) { v.Plane[0] = frame.Plane{Data: make([]byte, 65532*36), Stride: 65532} },
	} {
		v := bars(frame.I420, 64, 36, 0, media.ColorInfo{Matrix: 1})
		spoil(v)
		inFrame(func(*ebiten.Image) {
			if want == "hardware" && ebiten.MaxImageSize() >= 65532/4 {
				v.Plane[0].Stride = 1 // this hardware has no smaller limit than Check
				want = "plane 0"
			}
			if err := s.upload(v); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %q", err, want)
			}
		})
	}
	img := image.NewRGBA(image.Rect(0, 0, 64, 36))
	inFrame(func(*ebiten.Image) {
		dst := ebiten.NewImage(64, 36)
		s.draw(dst, 64, 36)
		dst.ReadPixels(img.Pix)
	})
	if worst, _, at := difference(img, reference(good, 64, 36)); worst > 1 {
		t.Errorf("the good picture is gone at %v", at)
	}
}

func TestSurface_NothingYet(t *testing.T) {
	s := testSurface(t)
	inFrame(func(screen *ebiten.Image) { s.draw(screen, 100, 100) }) // must not panic
}

// TestSurface_Allocations: a frame allocates what the graphics library does for the same calls, and drawing again
// nothing at all.
func TestSurface_Allocations(t *testing.T) {
	s := testSurface(t)
	v := bars(frame.I420, 640, 360, 0, media.ColorInfo{Matrix: 1})
	var upload, draw, bare float64
	inFrame(func(*ebiten.Image) {
		dst := ebiten.NewImageWithOptions(image.Rect(0, 0, 640, 360), &ebiten.NewImageOptions{Unmanaged: true})
		defer dst.Deallocate()
		if err := s.upload(v); err != nil {
			t.Error(err)
			return
		}
		bare = testing.AllocsPerRun(100, func() {
			for i, p := range s.shown.plane {
				p.WritePixels(v.Plane[i].Data)
			}
			s.spreadChroma(s.shown)
		})
		upload = testing.AllocsPerRun(100, func() {
			if err := s.upload(v); err != nil {
				t.Error(err)
			}
		})
		draw = testing.AllocsPerRun(100, func() { s.draw(dst, 640, 360) })
	})
	t.Logf("allocations: upload %v, its calls of the graphics library alone %v; draw %v", upload, bare, draw)
	// One more is allowed because the library's pools lose members under the race detector.
	if upload > bare+1 || draw > 1 {
		t.Errorf("upload allocates %v times where %v is the least, draw %v times", upload, bare, draw)
	}
}
