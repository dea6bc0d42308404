package detect_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/detect"
	"mseplayer/player/frame"
)

const (
	width, height = 64, 48
	rate          = 25
)

// paint returns luma with 8 bits at (x, y) of picture number n.
type paint func(n, x, y int) byte

func black(_, _, _ int) byte { return 16 }

// noise is the same for the same n.
func noise(n, x, y int) byte {
	return byte(40 + rand.New(rand.NewPCG(uint64(n), uint64(y*width+x))).IntN(180))
}

// moving is a pattern of soft slopes that goes 3 samples to the right from one picture to the next, 1.5 from field to field.
func moving(n, x, _ int) byte { return slope(float64(x) - 3*float64(n)) }

func slope(x float64) byte { return byte(128 + 90*math.Sin(x/4)) }

// woven shows in the lines of one parity what is half a picture later.
func woven(late int) paint {
	return func(n, x, y int) byte {
		t := float64(n)
		if y&1 == late {
			t += 0.5
		}
		return slope(float64(x) - 3*t)
	}
}

// boxed has bars of black around what it shows.
func boxed(p paint, top, left int) paint {
	return func(n, x, y int) byte {
		if y < top || y >= height-top || x < left || x >= width-left {
			return 16
		}
		return p(n, x, y)
	}
}

// picture makes picture number n with a border that is not to be seen, full of white.
func picture(n int, deep bool, p paint) *frame.Video {
	const border = 4
	v := &frame.Video{PTS: media.Time(float64(n) / rate), Duration: 1.0 / rate, Format: frame.I420, Width: width + 2*border, Height: height + 2*border,
		Crop: frame.Rect{X: border, Y: border, W: width, H: height}}
	bytes := 1
	if deep {
		v.Format.Depth, bytes = 10, 2
	}
	stride := v.Width * bytes
	b := make([]byte, stride*v.Height)
	for y := range v.Height {
		for x := range v.Width {
			s := byte(235)
			if x >= border && y >= border && x < border+width && y < border+height {
				s = p(n, x-border, y-border)
			}
			if deep {
				b[y*stride+2*x], b[y*stride+2*x+1] = s<<2, s>>6
			} else {
				b[y*stride+x] = s
			}
		}
	}
	v.Plane[0] = frame.Plane{Data: b, Stride: stride}
	return v
}

func ranges(list []media.Range) string {
	var out []string
	for _, r := range list {
		out = append(out, fmt.Sprintf("%.2f-%.2f", float64(r.Start), float64(r.End)))
	}
	return strings.Join(out, " ")
}

// TestPictures_Spans shows one thing after another and looks when it was black and when nothing moved.
func TestPictures_Spans(t *testing.T) {
	type scene struct {
		frames int
		paint  paint
	}
	still := func(_, x, y int) byte { return noise(7, x, y) }
	for _, c := range []struct {
		name         string
		scenes       []scene
		black, still string
	}{
		{"nothing odd", []scene{{100, noise}}, "", ""},
		{"black in between", []scene{{50, noise}, {75, black}, {50, noise}}, "2.00-5.00", "2.00-5.00"},
		{"too short", []scene{{50, noise}, {49, black}, {50, noise}}, "", ""},
		{"just long enough", []scene{{50, noise}, {50, black}, {50, noise}}, "2.00-4.00", "2.00-4.00"},
		{"at both ends", []scene{{60, black}, {25, noise}, {60, black}}, "0.00-2.40 3.40-5.80", "0.00-2.40 3.40-5.80"},
		{"still", []scene{{25, noise}, {75, still}, {25, noise}}, "", "1.00-4.00"},
		{"still twice", []scene{{75, still}, {1, noise}, {75, still}}, "", "0.00-3.00 3.04-6.04"},
		{"dim but not black", []scene{{75, func(_, _, _ int) byte { return 40 }}}, "", "0.00-3.00"},
		{"darkest grey that counts", []scene{{75, func(_, _, _ int) byte { return 37 }}}, "0.00-3.00", "0.00-3.00"},
		{"a logo on black", []scene{{75, func(_, x, y int) byte {
			if x < 10 && y < 10 {
				return 200
			}
			return 16
		}}}, "", "0.00-3.00"},
		{"slow movement", []scene{{100, func(n, x, y int) byte { return byte(30 + n + x) }}}, "", ""},
	} {
		for _, deep := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/deep=%v", c.name, deep), func(t *testing.T) {
				var d detect.Pictures
				n := 0
				for _, s := range c.scenes {
					for range s.frames {
						d.Add(picture(n, deep, s.paint))
						n++
					}
				}
				if got := ranges(d.Black()); got != c.black {
					t.Errorf("black %q, want %q", got, c.black)
				}
				if got := ranges(d.Still()); got != c.still {
					t.Errorf("still %q, want %q", got, c.still)
				}
				if seen, end := d.Seen(); seen != int64(n) || math.Abs(float64(end)-float64(n)/rate) > 1e-9 {
					t.Errorf("%d pictures to %v", seen, end)
				}
			})
		}
	}
}

// TestPictures_Now tells while it lasts that it is black, or that nothing moves.
func TestPictures_Now(t *testing.T) {
	var d detect.Pictures
	var got []string
	for n := range 200 {
		p := paint(noise)
		switch {
		case n >= 25 && n < 100:
			p = black
		case n >= 120:
			p = func(_, x, y int) byte { return noise(7, x, y) }
		}
		d.Add(picture(n, false, p))
		b, s := d.Now()
		if x := fmt.Sprintf("%v %.2f, %v %.2f", b.Set, float64(b.T), s.Set, float64(s.T)); len(got) == 0 || !strings.HasSuffix(got[len(got)-1], x) {
			got = append(got, fmt.Sprintf("%d: %s", n, x))
		}
	}
	want := "0: false 0.00, false 0.00; 74: true 1.00, true 1.00; 100: false 0.00, false 0.00; 169: false 0.00, true 4.80"
	if s := strings.Join(got, "; "); s != want {
		t.Errorf(" got %s\nwant %s", s, want)
	}
}

// TestPictures_Bars finds what stays black around all pictures.
func TestPictures_Bars(t *testing.T) {
	for _, c := range []struct {
		name  string
		paint func(n int) paint
		want  detect.Bars
	}{
		{"none", func(int) paint { return noise }, detect.Bars{}},
		{"letterbox", func(int) paint { return boxed(noise, 6, 0) }, detect.Bars{Top: 6, Bottom: 6}},
		{"pillarbox", func(int) paint { return boxed(noise, 0, 8) }, detect.Bars{Left: 8, Right: 8}},
		{"both", func(int) paint { return boxed(noise, 6, 8) }, detect.Bars{Top: 6, Bottom: 6, Left: 8, Right: 8}},
		{"the least counts", func(n int) paint { return boxed(noise, 4+n%5, 0) }, detect.Bars{Top: 4, Bottom: 4}},
		{"black pictures say nothing", func(n int) paint {
			if n%3 == 0 {
				return black
			}
			return boxed(noise, 6, 0)
		}, detect.Bars{Top: 6, Bottom: 6}},
		{"all black", func(int) paint { return black }, detect.Bars{}},
		{"too dim to stand out", func(int) paint {
			return func(_, x, y int) byte {
				if (x+y)%20 == 0 {
					return 40
				}
				return 16
			}
		}, detect.Bars{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d detect.Pictures
			for n := range 30 {
				d.Add(picture(n, n%2 == 0, c.paint(n)))
			}
			if got, w, h := d.Bars(); got != c.want || w != width || h != height {
				t.Errorf("%+v of %dx%d, want %+v", got, w, h, c.want)
			}
		})
	}
}

// TestPictures_Fields tells pictures of two fields from whole ones, and which field comes first.
func TestPictures_Fields(t *testing.T) {
	for _, c := range []struct {
		name          string
		paint         paint
		top, bottom   int64
		whole, flagOf int64
	}{
		{"whole", moving, 0, 0, 18, 0},
		{"top first", woven(1), 18, 0, 0, 0},
		{"bottom first", woven(0), 0, 18, 0, 1},
		{"nothing moves", func(_, x, y int) byte { return noise(1, x, y) }, 0, 0, 0, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d detect.Pictures
			for n := range 20 {
				v := picture(n, false, c.paint)
				v.Interlaced, v.TopFirst = c.flagOf > 0, c.flagOf == 2
				d.Add(v)
			}
			f := d.Fields()
			want := detect.Fields{TopFirst: c.top, BottomFirst: c.bottom, Progressive: c.whole, Unknown: 20 - c.top - c.bottom - c.whole}
			*[]*int64{&want.FlaggedProgressive, &want.FlaggedBottom, &want.FlaggedTop}[c.flagOf] = 20
			if f != want {
				t.Errorf("got %+v\nwant %+v", f, want)
			}
		})
	}
}

// TestPictures_Odd gives pictures that cannot be looked at, and changes of the size.
func TestPictures_Odd(t *testing.T) {
	var d detect.Pictures
	v := picture(0, false, noise)
	v.Format.Layout = frame.Other
	d.Add(v)
	v = picture(0, false, noise)
	v.Plane[0].Data = v.Plane[0].Data[:100]
	d.Add(v)
	d.Add(&frame.Video{})
	if n, _ := d.Seen(); n != 0 || d.Black() != nil {
		t.Errorf("%d pictures seen", n)
	}
	for n := range 60 {
		v := picture(n, false, noise)
		if n%2 == 1 {
			v.Crop.H, v.Crop.W = 2, 3
		}
		d.Add(v)
	}
	if n, _ := d.Seen(); n != 60 || len(d.Still()) != 0 {
		t.Errorf("%d pictures, still %s", n, ranges(d.Still()))
	}
}

// block is sound of one second in two channels.
func block(second int, sample func(i int) float32) *frame.Audio {
	const hz = 8000
	a := &frame.Audio{PTS: media.Time(second), Format: frame.AudioFormat{Rate: hz, Channels: 2}, Samples: make([]float32, 2*hz)}
	for i := range hz {
		a.Samples[2*i] = sample(second*hz + i)
	}
	return a
}

func TestSound(t *testing.T) {
	sine := func(amp float64) func(int) float32 {
		return func(i int) float32 { return float32(amp * math.Sin(float64(i)/5)) }
	}
	cut := func(i int) float32 { return min(1, max(-1, sine(1.5)(i))) }
	hiss := func(i int) float32 { return float32(i%3-1) * 0.0009 }
	for _, c := range []struct {
		name    string
		seconds []func(int) float32
		silence string
		clipped bool
		heard   bool
	}{
		{"loud", []func(int) float32{sine(0.9), sine(0.9), sine(0.9)}, "", false, true},
		{"full scale is not cut off", []func(int) float32{sine(1)}, "", false, true},
		{"cut off", []func(int) float32{sine(0.5), cut}, "", true, true},
		{"over full scale", []func(int) float32{sine(1.2)}, "", true, true},
		{"silence", []func(int) float32{hiss, hiss, hiss}, "0.00-3.00", false, false},
		{"a pause", []func(int) float32{sine(0.5), hiss, hiss, sine(0.5)}, "1.00-3.00", false, true},
		{"a short pause", []func(int) float32{sine(0.5), hiss, sine(0.5)}, "", false, true},
		{"silence at the end", []func(int) float32{sine(0.5), hiss, hiss, hiss}, "1.00-4.00", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d detect.Sound
			d.Add(&frame.Audio{})
			for i, s := range c.seconds {
				d.Add(block(i, s))
			}
			if got := ranges(d.Silence()); got != c.silence {
				t.Errorf("silence %q, want %q", got, c.silence)
			}
			n, first := d.Clipped()
			heard, end := d.Heard()
			if n > 0 != c.clipped || first.Set != c.clipped || heard != c.heard || end != media.Time(len(c.seconds)) {
				t.Errorf("cut off %d times from %v, heard %v to %v", n, first, heard, end)
			}
			if c.name == "cut off" && (first.T < 1 || first.T > 1.01) {
				t.Errorf("first cut off at %v", first.T)
			}
		})
	}
}

// BenchmarkPictures measures full HD; its budget is 25 pictures a second.
func BenchmarkPictures(b *testing.B) {
	v := &frame.Video{Format: frame.I420, Crop: frame.Rect{W: 1920, H: 1080}, Width: 1920, Height: 1080, Plane: [3]frame.Plane{{Data: make([]byte, 1920*1080), Stride: 1920}}}
	for i := range v.Plane[0].Data {
		v.Plane[0].Data[i] = byte(i * 7)
	}
	var d detect.Pictures
	b.SetBytes(1920 * 1080)
	b.ReportAllocs()
	for b.Loop() {
		d.Add(v)
	}
}
