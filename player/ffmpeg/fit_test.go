package ffmpeg_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/frame"
)

// slopes is a picture of soft slopes in all planes, cropped by a border.
func slopes(w, h int, f frame.PixelFormat, full bool) *frame.Video {
	const border = 4
	v := &frame.Video{Format: f, Width: w + 2*border, Height: h + 2*border, Crop: frame.Rect{X: border, Y: border, W: w, H: h}, PTS: 3, Duration: 0.04, Color: media.ColorInfo{FullRange: full}}
	for i := range f.PlaneCount() {
		pw, ph := f.PlaneSize(i, v.Width, v.Height)
		cw, ch := f.PlaneSize(i, w, h)
		n := f.BytesPerSample()
		data := make([]byte, pw*ph*n)
		for y := range ph {
			for x := range pw {
				s := 255.0 // of the border, which is not to be seen
				if px, py := x-(pw-cw)/2, y-(ph-ch)/2; px >= 0 && py >= 0 && px < cw && py < ch {
					s = 60 + 100*(float64(px)+0.5)/float64(cw) + 40*(float64(py)+0.5)/float64(ch)
				}
				u := int(math.Round(s * math.Pow(2, float64(f.Depth)-8)))
				data[(y*pw+x)*n] = byte(u)
				if n == 2 {
					data[(y*pw+x)*n+1] = byte(u >> 8)
				}
			}
		}
		v.Plane[i] = frame.Plane{Data: data, Stride: pw * n}
	}
	return v
}

// sample is a sample of a plane on the scale of 8 bits.
func sample(v *frame.Video, i, x, y int) float64 {
	n := v.Format.BytesPerSample()
	at := y*v.Plane[i].Stride + x*n
	s := float64(v.Plane[i].Data[at])
	if n == 2 {
		s += 256 * float64(v.Plane[i].Data[at+1])
	}
	return s / math.Pow(2, float64(v.Format.Depth)-8)
}

// TestFitter brings slopes to other sizes and forms; they stay the same slopes.
func TestFitter(t *testing.T) {
	ten := frame.PixelFormat{Layout: frame.YUV, Depth: 10, ChromaShiftX: 1, ChromaShiftY: 1, Name: "yuv420p10le"}
	wide := frame.PixelFormat{Layout: frame.YUV, Depth: 8, ChromaShiftX: 1, Name: "yuv422p"}
	gray := frame.PixelFormat{Layout: frame.Gray, Depth: 8, Name: "gray"}
	for _, c := range []struct {
		name     string
		from, to frame.PixelFormat
		w, h     int
		full     [2]bool
	}{
		{"larger", frame.I420, frame.I420, 192, 96, [2]bool{}},
		{"smaller", frame.I420, frame.I420, 48, 40, [2]bool{}},
		{"deeper", frame.I420, ten, 96, 80, [2]bool{}},
		{"flatter and larger", ten, frame.I420, 190, 160, [2]bool{}},
		{"more chroma", frame.I420, wide, 96, 80, [2]bool{}},
		{"no chroma", ten, gray, 96, 80, [2]bool{}},
		{"full range", frame.I420, frame.I420, 96, 80, [2]bool{false, true}},
		{"limited range", frame.I420, frame.I420, 192, 80, [2]bool{true, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var f ffmpeg.Fitter
			defer f.Close()
			src := slopes(96, 80, c.from, c.full[0])
			v, err := f.Fit(src, c.w, c.h, c.to, media.ColorInfo{FullRange: c.full[1]})
			if err != nil {
				t.Fatal(err)
			}
			defer v.Release()
			if v.Format != c.to || v.Crop != (frame.Rect{W: c.w, H: c.h}) || v.PTS != 3 || v.Duration != 0.04 || v.Color.FullRange != c.full[1] {
				t.Errorf("%+v", v)
			}
			for i := range c.to.PlaneCount() {
				w, h := c.to.PlaneSize(i, c.w, c.h)
				for y := 3; y < h-3; y++ {
					for x := 3; x < w-3; x++ {
						want := 60 + 100*(float64(x)+0.5)/float64(w) + 40*(float64(y)+0.5)/float64(h)
						switch {
						case c.full[0] && !c.full[1] && i == 0:
							want = 16 + want*219/255
						case c.full[0] && !c.full[1]:
							want = 128 + (want-128)*224/255
						case !c.full[0] && c.full[1] && i == 0:
							want = (want - 16) * 255 / 219
						case !c.full[0] && c.full[1]:
							want = 128 + (want-128)*255/224
						}
						if got := sample(v, i, x, y); math.Abs(got-want) > 1.6 {
							t.Fatalf("plane %d at %d, %d: %.2f, want %.2f", i, x, y, got, want)
						}
					}
				}
			}
		})
	}
	if n := frame.Live(); n != 0 {
		t.Errorf("%d pictures leaked", n)
	}
}

// TestFitter_Deeper: more bits of the same samples are the same samples.
func TestFitter_Deeper(t *testing.T) {
	var f ffmpeg.Fitter
	defer f.Close()
	src := slopes(64, 32, frame.I420, false)
	v, err := f.Fit(src, 64, 32, frame.PixelFormat{Layout: frame.YUV, Depth: 12, ChromaShiftX: 1, ChromaShiftY: 1, Name: "yuv420p12le"}, media.ColorInfo{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Release()
	for y := range 32 {
		for x := range 64 {
			if got, want := sample(v, 0, x, y), float64(src.Plane[0].Data[(y+4)*src.Plane[0].Stride+x+4]); got != want {
				t.Fatalf("%d, %d: %g, want %g", x, y, got, want)
			}
		}
	}
}

// TestFitter_Refused: what cannot be scaled gives one line, and nothing leaks.
func TestFitter_Refused(t *testing.T) {
	good, short, packed := slopes(32, 32, frame.I420, false), slopes(32, 32, frame.I420, false), slopes(32, 32, frame.I420, false)
	short.Plane[1].Data = short.Plane[1].Data[:10]
	packed.Format = frame.PixelFormat{Layout: frame.Other, Name: "uyvy422"}
	for _, c := range []struct {
		name string
		v    *frame.Video
		w, h int
		f    frame.PixelFormat
		want string
	}{
		{"no size", good, 0, 10, frame.I420, "32x32 cannot become one of 0x10"},
		{"huge", good, 1 << 20, 10, frame.I420, "cannot become one of 1048576x10"},
		{"short plane", short, 10, 10, frame.I420, "plane 1 of a picture of 40x40 has 10 bytes"},
		{"packed", packed, 10, 10, frame.I420, "uyvy422 cannot become yuv420p"},
		{"unknown format", good, 10, 10, frame.PixelFormat{Layout: frame.YUV, Depth: 11, Name: "yuv420p11le"}, "yuv420p cannot become yuv420p11le"},
	} {
		var f ffmpeg.Fitter
		if _, err := f.Fit(c.v, c.w, c.h, c.f, media.ColorInfo{}); err == nil || !strings.Contains(err.Error(), c.want) || bytes.ContainsAny([]byte(err.Error()), "\n") {
			t.Errorf("%s: %v", c.name, err)
		}
		f.Close()
	}
	if n := frame.Live(); n != 0 {
		t.Errorf("%d pictures leaked", n)
	}
}
