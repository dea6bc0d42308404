package likeness_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
	"mseplayer/player/likeness"
)

// picture makes a picture with a border that is not to be seen, of which sample gives the samples of each plane.
func picture(w, h int, f frame.PixelFormat, sample func(plane, x, y int) int) *frame.Video {
	const border = 8
	v := &frame.Video{Format: f, Width: w + 2*border, Height: h + 2*border, Crop: frame.Rect{X: border, Y: border, W: w, H: h}, Duration: 0.04}
	for i := range f.PlaneCount() {
		pw, ph := f.PlaneSize(i, v.Width, v.Height)
		cx, cy := border, border
		if i > 0 && f.Layout == frame.YUV {
			cx, cy = border>>f.ChromaShiftX, border>>f.ChromaShiftY
		}
		n := f.BytesPerSample()
		v.Plane[i] = frame.Plane{Data: make([]byte, pw*ph*n), Stride: pw * n}
		for y := range ph {
			for x := range pw {
				s := sample(i, x-cx, y-cy)
				if n == 1 {
					v.Plane[i].Data[y*pw+x] = byte(s)
				} else {
					binary.LittleEndian.PutUint16(v.Plane[i].Data[2*(y*pw+x):], uint16(s))
				}
			}
		}
	}
	return v
}

// noise is the same for the same seed.
func noise(seed uint64, depth int) func(plane, x, y int) int {
	return func(plane, x, y int) int {
		r := rand.New(rand.NewPCG(seed, uint64(plane)<<40|uint64(x+100)<<20|uint64(y+100)))
		return (x*3+y*5+plane*40+r.IntN(60))<<(depth-8)&(1<<depth-1) | r.IntN(1<<(depth-8))
	}
}

// slow is structural similarity as it is defined: of each window of 8 × 8 samples, four samples apart, by the moments of
// its samples.
func slow(w, h, depth int, a, b func(x, y int) int) (squares, similar float64) {
	full := float64(int(1)<<depth - 1)
	c1, c2 := math.Pow(0.01*full, 2), math.Pow(0.03*full, 2)
	for y := range h {
		for x := range w {
			squares += math.Pow(float64(a(x, y)-b(x, y)), 2)
		}
	}
	windows := 0.0
	for y := 0; y+8 <= h/4*4; y += 4 {
		for x := 0; x+8 <= w/4*4; x += 4 {
			var ma, mb, va, vb, ab float64
			for j := range 8 {
				for i := range 8 {
					ma += float64(a(x+i, y+j)) / 64
					mb += float64(b(x+i, y+j)) / 64
				}
			}
			for j := range 8 {
				for i := range 8 {
					da, db := float64(a(x+i, y+j))-ma, float64(b(x+i, y+j))-mb
					va, vb, ab = va+da*da/63, vb+db*db/63, ab+da*db/63
				}
			}
			similar += (2*ma*mb + c1) * (2*ab + c2) / ((ma*ma + mb*mb + c1) * (va + vb + c2))
			windows++
		}
	}
	return squares / float64(w*h) / full / full, similar / windows
}

// TestMeter_Definition compares what is measured with a plain calculation, for sizes that are no multiple of anything.
func TestMeter_Definition(t *testing.T) {
	for _, c := range []struct {
		name   string
		w, h   int
		format frame.PixelFormat
	}{
		{"8 bits", 64, 48, frame.I420},
		{"odd size", 61, 47, frame.I420},
		{"10 bits", 61, 47, frame.PixelFormat{Layout: frame.YUV, Depth: 10, ChromaShiftX: 1, ChromaShiftY: 0}},
		{"16 bits", 32, 32, frame.PixelFormat{Layout: frame.YUV, Depth: 16}},
		{"gray", 24, 9, frame.PixelFormat{Layout: frame.Gray, Depth: 8}},
	} {
		t.Run(c.name, func(t *testing.T) {
			depth := int(c.format.Depth)
			first, second := noise(1, depth), noise(2, depth)
			var m likeness.Meter
			s, err := m.Compare(picture(c.w, c.h, c.format, first), picture(c.w, c.h, c.format, second))
			if err != nil {
				t.Fatal(err)
			}
			psnr, ssim := s.PSNR(), s.SSIM()
			var squares, similar, total float64
			for i := range c.format.PlaneCount() {
				w, h := c.format.PlaneSize(i, c.w, c.h)
				q, x := slow(w, h, depth, func(x, y int) int { return first(i, x, y) }, func(x, y int) int { return second(i, x, y) })
				got, have := []float64{psnr.Y, psnr.U, psnr.V}[i], []float64{ssim.Y, ssim.U, ssim.V}[i]
				if want := -10 * math.Log10(q); math.Abs(got-want) > 1e-6 || math.Abs(have-x) > 1e-6 {
					t.Errorf("plane %d: %.6f dB, %.6f, want %.6f dB, %.6f", i, got, have, want, x)
				}
				n := float64(w * h)
				squares, similar, total = squares+q*n, similar+x*n, total+n
			}
			if want := -10 * math.Log10(squares/total); math.Abs(psnr.Average-want) > 1e-6 || math.Abs(ssim.All-similar/total) > 1e-6 {
				t.Errorf("all: %.6f dB, %.6f, want %.6f dB, %.6f", psnr.Average, ssim.All, want, similar/total)
			}
			if c.format.Layout == frame.Gray && !math.IsNaN(psnr.U) {
				t.Errorf("chroma of gray: %v", psnr.U)
			}
		})
	}
}

// TestScore adds up: the ratio is of the mean difference, the similarity the mean.
func TestScore(t *testing.T) {
	flat := func(y int) *frame.Video {
		return picture(16, 16, frame.I420, func(plane, _, _ int) int {
			if plane == 0 {
				return y
			}
			return 128
		})
	}
	var m likeness.Meter
	var sum likeness.Score
	for _, y := range []int{100, 104, 100, 102} {
		s, err := m.Compare(flat(y), flat(100))
		if err != nil {
			t.Fatal(err)
		}
		sum.Add(s)
	}
	psnr := sum.PSNR()
	if want := 10 * math.Log10(255*255/5.0); math.Abs(psnr.Y-want) > 1e-9 || !math.IsInf(psnr.U, 1) || math.Abs(psnr.Average-want-10*math.Log10(1.5)) > 1e-9 {
		t.Errorf("%+v, want %.4f dB in luma", psnr, want)
	}
	if x := sum.SSIM(); sum.Pictures != 4 || sum.Identical != 2 || x.U != 1 || !(x.Y < 1 && x.Y > 0.99) {
		t.Errorf("%d pictures, %d identical, %+v", sum.Pictures, sum.Identical, x)
	}
	var none likeness.Score
	if !math.IsNaN(none.PSNR().Average) || !math.IsNaN(none.SSIM().All) {
		t.Errorf("nothing compared: %+v %+v", none.PSNR(), none.SSIM())
	}
}

// TestMeter_Refused gives pictures that do not go together, or that are broken.
func TestMeter_Refused(t *testing.T) {
	good := picture(16, 16, frame.I420, noise(1, 8))
	short := picture(16, 16, frame.I420, noise(1, 8))
	short.Plane[2].Data = short.Plane[2].Data[:20]
	packed := picture(16, 16, frame.I420, noise(1, 8))
	packed.Format = frame.PixelFormat{Layout: frame.Other, Name: "uyvy422"}
	for _, c := range []struct {
		name string
		a, b *frame.Video
		want string
	}{
		{"size", good, picture(16, 18, frame.I420, noise(1, 8)), "likeness: pictures of 16x16 yuv420p and 16x18 yuv420p"},
		{"depth", good, picture(16, 16, frame.PixelFormat{Layout: frame.YUV, Depth: 10, ChromaShiftX: 1, ChromaShiftY: 1, Name: "yuv420p10le"}, noise(1, 10)), "likeness: pictures of 16x16 yuv420p and 16x16 yuv420p10le"},
		{"short", good, short, "likeness: the picture has no planes that can be compared"},
		{"packed", packed, packed, "likeness: the picture has no planes that can be compared"},
	} {
		var m likeness.Meter
		if _, err := m.Compare(c.a, c.b); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, ok := likeness.PrintOf(short, 0); !ok {
		t.Error("no print of whole luma")
	}
	if _, ok := likeness.PrintOf(packed, 0); ok {
		t.Error("a print of a packed picture")
	}
}

// scene is a picture of soft slopes at a time, coded coarsely when it is to be.
func scene(at float64, f frame.PixelFormat, coarse bool) *frame.Video {
	return picture(64, 48, f, func(_, x, y int) int {
		s := 128 + 60*math.Sin(float64(x)/9+3*at) + 40*math.Sin(float64(y)/7-at*at)
		if coarse {
			s = math.Round(s/8) * 8
		}
		return int(s) << (f.Depth - 8)
	})
}

// prints are those of a track from one time of the scene to another, shown later by a shift.
func prints(from, to, rate, shift float64, f frame.PixelFormat, coarse bool) []likeness.Print {
	var out []likeness.Print
	for i := 0; ; i++ {
		at := from + float64(i)/rate
		if at >= to-1e-9 {
			return out
		}
		v := scene(at, f, coarse)
		v.Duration = media.Span(1 / rate)
		if p, ok := likeness.PrintOf(v, media.Time(at+shift)); ok {
			out = append(out, p)
		}
	}
}

func TestAlign(t *testing.T) {
	deep := frame.PixelFormat{Layout: frame.YUV, Depth: 10, ChromaShiftX: 1, ChromaShiftY: 1}
	ref := prints(0, 12, 25, 0, frame.I420, false)
	early := prints(0, 12, 25, 0.023, frame.I420, true)
	early[0].At = 0 // as some writers have it
	for _, c := range []struct {
		name string
		a    []likeness.Print
		want float64
	}{
		{"first picture too early", early, 0.023},
		{"together", prints(0, 12, 25, 0, frame.I420, true), 0},
		{"one picture late", prints(0, 12, 25, 0.04, frame.I420, true), 0.04},
		{"one picture early", prints(0, 12, 25, -0.04, frame.I420, true), -0.04},
		{"rounded times", prints(0, 12, 25, 0.0004, frame.I420, true), 0.0004},
		{"begins later", prints(3, 12, 25, -3, frame.I420, true), -3},
		{"far away", prints(0, 12, 25, 3600, frame.I420, true), 3600},
		{"far away, begins later", prints(2, 12, 25, 3600, frame.I420, true), 3600},
		{"ten bits", prints(1, 9, 25, 1, deep, false), 1},
		{"half the rate", prints(0, 12, 12.5, 0.08, frame.I420, true), 0.08},
		{"double the rate", prints(0, 12, 50, 0, frame.I420, true), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			x, ok := likeness.Align(c.a, ref)
			if !ok || math.Abs(float64(x.Offset)-c.want) > 0.0011 || !(x.Alike > 0.95) {
				t.Errorf("got %+v %v, want offset %g", x, ok, c.want)
			}
		})
	}
	t.Run("nothing moves", func(t *testing.T) {
		still := func(shift float64) []likeness.Print {
			out := prints(0, 4, 25, shift, frame.I420, false)
			one := out[0]
			for i := range out {
				at := out[i].At
				out[i] = one
				out[i].At = at
			}
			return out
		}
		if x, ok := likeness.Align(still(0), still(0)); !ok || x.Offset != 0 {
			t.Errorf("%+v %v", x, ok)
		}
	})
	t.Run("something else", func(t *testing.T) {
		var other []likeness.Print
		for i := range 100 {
			v := picture(64, 48, frame.I420, func(_, x, y int) int { return (x*x/7 + i*31 + y*y*5) & 0xff })
			p, _ := likeness.PrintOf(v, media.Time(float64(i)*0.04))
			other = append(other, p)
		}
		if x, ok := likeness.Align(other, ref); ok && x.Alike > 0.5 {
			t.Errorf("%+v", x)
		}
	})
	t.Run("another rate, at no time together", func(t *testing.T) {
		if x, ok := likeness.Align(prints(0, 4, 25, 0, frame.I420, false), nil); ok {
			t.Errorf("%+v", x)
		}
	})
}

func TestSame(t *testing.T) {
	var got []string
	for _, c := range [][3]media.Span{{0, 0.04, 0.04}, {0.02, 0.04, 0.04}, {0.021, 0.04, 0.04}, {-0.019, 0.04, 0.04}, {0.015, 0.04, 0.02}, {0.01, 0.04, 0}, {0.03, 0, 0.04}, {0, 0, 0}} {
		got = append(got, fmt.Sprint(likeness.Same(c[0], c[1], c[2])))
	}
	if s := strings.Join(got, " "); s != "true true false true false true false true" {
		t.Error(s)
	}
}

// BenchmarkMeter measures full HD; its budget is 25 pictures a second with 10 bits.
func BenchmarkMeter(b *testing.B) {
	for _, depth := range []int{8, 10} {
		b.Run(fmt.Sprint(depth), func(b *testing.B) {
			f := frame.I420
			f.Depth = uint8(depth)
			plain := func(n int) func(plane, x, y int) int { return func(_, x, y int) int { return (x*n + y) & 0xff } }
			x, y := picture(1920, 1080, f, plain(1)), picture(1920, 1080, f, plain(2))
			var m likeness.Meter
			b.SetBytes(int64(1920*1080*3/2) * int64(f.BytesPerSample()))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Compare(x, y); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
