package raster_test

import (
	"testing"

	"mseplayer/player/text/cue"
	"mseplayer/player/text/raster"
)

// screen is what a renderer draws, over nothing.
type screen struct {
	w, h int
	pix  []byte
}

func draw(t *testing.T, r *raster.Renderer, cues []*cue.Cue, o raster.Options) screen {
	t.Helper()
	bitmaps, err := r.Draw(cues, o)
	if err != nil {
		t.Fatal(err)
	}
	s := screen{o.Width, o.Height, make([]byte, 4*o.Width*o.Height)}
	for _, b := range bitmaps {
		if b.X < 0 || b.Y < 0 || b.X+b.W > o.Width || b.Y+b.H > o.Height || len(b.Pix) != 4*b.W*b.H {
			t.Fatalf("bitmap at %d,%d %d×%d of %d bytes on %d×%d", b.X, b.Y, b.W, b.H, len(b.Pix), o.Width, o.Height)
		}
		for y := range b.H {
			for x := range b.W {
				src, dst := b.Pix[4*(y*b.W+x):], s.pix[4*((b.Y+y)*s.w+b.X+x):]
				if src[0] > src[3] || src[1] > src[3] || src[2] > src[3] {
					t.Fatalf("%v is not premultiplied", src[:4])
				}
				for i := range 4 {
					dst[i] = src[i] + byte(int(dst[i])*(255-int(src[3]))/255)
				}
			}
		}
	}
	return s
}

func (s screen) at(x, y int) cue.Color {
	p := s.pix[4*(y*s.w+x):]
	return cue.Color{R: p[0], G: p[1], B: p[2], A: p[3]}
}

// has counts the pixels of a colour.
func (s screen) has(c cue.Color) (n int) {
	for y := range s.h {
		for x := range s.w {
			if s.at(x, y) == c {
				n++
			}
		}
	}
	return n
}

// bar is a cue whose text is one bar of 40 × 50 pixels, whose lower left corner is at 100, 180 of a screen of 1000 × 1000.
func bar(style cue.Style) *cue.Cue {
	style.Families, style.Size = []string{"Bars"}, 0.1
	return &cue.Cue{End: 1, Rect: cue.Rect{X: 0.1, Y: 0.1, W: 0.5, H: 0.5},
		Blocks: []cue.Block{{Align: cue.Left, MultiRow: cue.Justify, Spans: []cue.Span{{Text: "g", Style: style}}}}}
}

func barRenderer() *raster.Renderer {
	return raster.New(raster.Config{Fonts: [][]byte{testFont([]rune("abcdefg"))}})
}

var (
	red   = cue.Color{R: 255, A: 255}
	green = cue.Color{G: 255, A: 255}
	blue  = cue.Color{B: 255, A: 255}
	none  = cue.Color{}
)

// TestLook looks at single pixels.
func TestLook(t *testing.T) {
	const height = 46 // of the letter g
	type pixel struct {
		x, y int
		want cue.Color
	}
	for _, c := range []struct {
		name   string
		cue    *cue.Cue
		change func(*cue.Cue)
		want   []pixel
	}{
		{"white without a colour", bar(cue.Style{}), nil, []pixel{{120, 170, cue.Color{R: 255, G: 255, B: 255, A: 255}}, {145, 170, none}, {120, 180 - height - 2, none}, {120, 181, none}}},
		{"colour", bar(cue.Style{Color: red}), nil, []pixel{{101, 179, red}, {139, 179, red}, {141, 179, none}}},
		{"background", bar(cue.Style{Color: red, Background: blue}), nil, []pixel{{120, 170, red}, {120, 101, blue}, {148, 150, blue}, {120, 199, blue}, {120, 201, none}, {151, 150, none}}},
		{"outline", bar(cue.Style{Color: red, Outline: 0.005, OutlineColor: green}), func(c *cue.Cue) { c.Area.Overflow = true }, []pixel{{120, 170, red}, {97, 170, green}, {143, 170, green}, {120, 183, green}, {120, 187, none}, {147, 170, none}}},
		{"outline without a colour is black", bar(cue.Style{Color: red, Outline: 0.005}), nil, []pixel{{143, 170, cue.Color{A: 255}}}},
		{"outline behind transparent letters", bar(cue.Style{Color: cue.Color{R: 255, A: 128}, Outline: 0.005, OutlineColor: green}), nil, []pixel{{120, 170, cue.Color{R: 128, A: 128}}, {143, 170, green}}},
		{"shadow", bar(cue.Style{Color: red, Shadows: []cue.Shadow{{X: 0.02, Y: 0.01, Color: green}}}), nil, []pixel{{120, 170, red}, {155, 185, green}, {145, 170, green}, {110, 185, none}}},
		{"shadow that is blurred", bar(cue.Style{Color: red, Shadows: []cue.Shadow{{X: 0.1, Blur: 0.01, Color: green}}}), nil, []pixel{{120, 170, red}, {220, 160, green}}},
		{"bold without a bold font", bar(cue.Style{Color: red, Bold: true}), func(c *cue.Cue) { c.Area.Overflow = true }, []pixel{{120, 170, red}, {140, 170, red}, {144, 170, none}}},
		{"slanted without such a font", bar(cue.Style{Color: red, Italic: true}), nil, []pixel{{103, 178, red}, {102, 137, none}, {144, 137, red}}},
		{"half transparent", bar(cue.Style{Color: red, Transparency: 0.5}), nil, []pixel{{120, 170, cue.Color{R: 128, A: 128}}}},
		{"hidden text keeps its background", bar(cue.Style{Color: red, Background: blue, Hidden: true}), nil, []pixel{{120, 170, blue}}},
		{"underline", bar(cue.Style{Color: red, Underline: true}), nil, []pixel{{148, 191, red}, {148, 170, none}}},
		{"line through", bar(cue.Style{Color: red, Strike: true}), nil, []pixel{{148, 152, red}}},
		{"area", bar(cue.Style{Color: red}), func(c *cue.Cue) { c.Area.Background = green }, []pixel{{120, 170, red}, {599, 599, green}, {600, 599, none}, {100, 100, green}}},
		{"area without text", bar(cue.Style{}), func(c *cue.Cue) { c.Area.Background, c.Blocks = green, nil }, []pixel{{300, 300, green}, {601, 300, none}}},
		{"block", bar(cue.Style{Color: red}), func(c *cue.Cue) { c.Blocks[0].Background = blue }, []pixel{{599, 150, blue}, {599, 201, none}}},
		{"in the middle", bar(cue.Style{Color: red}), func(c *cue.Cue) { c.Area.Display, c.Blocks[0].Align = cue.Center, cue.Center }, []pixel{{345, 370, red}, {320, 370, none}}},
		{"at the end", bar(cue.Style{Color: red}), func(c *cue.Cue) { c.Area.Display, c.Blocks[0].Align = cue.End, cue.Right }, []pixel{{570, 570, red}}},
		{"padding", bar(cue.Style{Color: red}), func(c *cue.Cue) { c.Area.Padding = [4]float64{0.05, 0, 0, 0.1} }, []pixel{{220, 220, red}, {120, 170, none}}},
		{"block inside of the padding", bar(cue.Style{Color: red}), func(c *cue.Cue) {
			c.Area.Padding, c.Area.Background, c.Blocks[0].Background = [4]float64{0.05, 0.2, 0, 0.1}, green, blue
		}, []pixel{{220, 220, red}, {199, 240, green}, {201, 240, blue}, {399, 200, blue}, {401, 200, green}, {300, 149, green}, {300, 251, green}}},
		{"block inside of the padding of vertical text", bar(cue.Style{Color: red}), func(c *cue.Cue) {
			c.Area.Writing = cue.VerticalLR
			c.Area.Padding, c.Area.Background, c.Blocks[0].Background = [4]float64{0.05, 0.2, 0, 0.1}, green, blue
		}, []pixel{{240, 199, green}, {240, 201, blue}, {200, 399, blue}, {200, 401, green}, {149, 300, green}}},
		{"line padding", bar(cue.Style{Color: red, Background: blue}), func(c *cue.Cue) { c.Blocks[0].LinePadding = 0.02 }, []pixel{{110, 170, blue}, {130, 170, red}, {185, 170, blue}, {191, 170, none}}},
		{"margin of a background", bar(cue.Style{Color: red, Background: blue, Margin: 0.02}), func(c *cue.Cue) { c.Area.Overflow = true },
			[]pixel{{120, 170, red}, {82, 150, blue}, {78, 150, none}, {168, 150, blue}, {172, 150, none}, {120, 82, blue}, {120, 78, none}, {120, 218, blue}, {120, 222, none}}},
		{"spaced letters", bar(cue.Style{Color: red, Background: blue, Spacing: 0.03}), func(c *cue.Cue) { c.Blocks[0].Spans[0].Text = "gg" },
			[]pixel{{120, 170, red}, {160, 170, blue}, {178, 170, blue}, {182, 170, red}, {218, 170, red}, {258, 170, blue}, {262, 170, none}}},
		{"letters closer to each other", bar(cue.Style{Color: red, Spacing: -0.02}), func(c *cue.Cue) { c.Blocks[0].Spans[0].Text = "gg" },
			[]pixel{{120, 170, red}, {132, 170, red}, {168, 170, red}, {172, 170, none}}},
		{"spaced letters of vertical text", bar(cue.Style{Color: red, Spacing: 0.03}), func(c *cue.Cue) { c.Area.Writing, c.Blocks[0].Spans[0].Text = cue.VerticalLR, "gg" },
			[]pixel{{125, 120, red}, {125, 160, none}, {125, 182, red}, {125, 218, red}}},
		{"leaning", bar(cue.Style{Color: red, Shear: 1}), nil, []pixel{{105, 178, red}, {101, 140, none}, {145, 160, red}, {138, 176, red}, {145, 178, none}}},
		{"leaning to the other side", bar(cue.Style{Color: red, Shear: -1}), func(c *cue.Cue) { c.Area.Overflow = true }, []pixel{{137, 178, red}, {85, 160, red}, {130, 160, none}}},
		{"leaning in vertical text", bar(cue.Style{Color: red, Shear: 1}), func(c *cue.Cue) { c.Area.Writing = cue.VerticalLR }, []pixel{{123, 105, red}, {160, 120, none}, {160, 150, red}}},
		{"room for ruby before", bar(cue.Style{Color: red}), func(c *cue.Cue) { c.Blocks[0].Reserve[0] = 0.05 }, []pixel{{120, 220, red}, {120, 170, none}}},
		{"room for ruby behind", bar(cue.Style{Color: red}), func(c *cue.Cue) {
			c.Blocks[0].Reserve[1], c.Blocks[0].Background = 0.05, blue
		}, []pixel{{120, 170, red}, {300, 249, blue}, {300, 251, none}}},
		{"room for ruby outside of two lines", bar(cue.Style{Color: red}), func(c *cue.Cue) {
			c.Blocks[0].Reserve, c.Blocks[0].ReserveOutside, c.Blocks[0].Background = [2]float64{0.05, 0.05}, true, blue
			c.Blocks[0].Spans[0].Text = "g\ng"
		}, []pixel{{120, 220, red}, {120, 320, red}, {300, 399, blue}, {300, 401, none}}},
		{"line height", bar(cue.Style{Color: red}), func(c *cue.Cue) { c.Blocks[0].LineHeight = 0.2 }, []pixel{{120, 220, red}, {120, 170, none}}},
		{"gap between lines", bar(cue.Style{Background: blue}), func(c *cue.Cue) { c.Blocks[0].LineHeight = 0.2 }, []pixel{{145, 120, none}, {145, 170, blue}}},
		{"gap between lines filled", bar(cue.Style{Background: blue}), func(c *cue.Cue) { c.Blocks[0].LineHeight, c.Blocks[0].FillLineGap = 0.2, true }, []pixel{{145, 120, blue}, {145, 290, blue}}},
		{"cut off", bar(cue.Style{Color: red}), func(c *cue.Cue) { c.Rect.W = 0.02 }, []pixel{{110, 170, red}, {130, 170, none}}},
		{"not cut off", bar(cue.Style{Color: red}), func(c *cue.Cue) { c.Rect.W, c.Area.Overflow = 0.02, true }, []pixel{{110, 170, red}, {130, 170, red}}},
		{"vertical", bar(cue.Style{Color: red}), func(c *cue.Cue) { c.Area.Writing = cue.VerticalLR }, []pixel{{125, 120, red}, {160, 120, red}, {170, 120, none}, {115, 120, none}, {125, 145, none}}},
		{"vertical from the right", bar(cue.Style{Color: red}), func(c *cue.Cue) { c.Area.Writing = cue.VerticalRL }, []pixel{{525, 120, red}, {525, 145, none}}},
		{"half of the area", bar(cue.Style{Color: red}), func(c *cue.Cue) { c.Area.Transparency, c.Area.Background = 0.5, green }, []pixel{{500, 500, cue.Color{G: 128, A: 128}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.change != nil {
				c.change(c.cue)
			}
			s := draw(t, barRenderer(), []*cue.Cue{c.cue}, raster.Options{Width: 1000, Height: 1000})
			for _, p := range c.want {
				if got := s.at(p.x, p.y); got != p.want {
					t.Errorf("%d, %d is %v, want %v", p.x, p.y, got, p.want)
				}
			}
		})
	}
}

func TestRuby(t *testing.T) {
	c := bar(cue.Style{Color: red})
	c.Blocks[0].Spans[0].Ruby = &cue.Ruby{Text: "aa", Style: cue.Style{Families: []string{"Bars"}, Color: green}, Align: cue.Center}
	s := draw(t, barRenderer(), []*cue.Cue{c}, raster.Options{Width: 1000, Height: 1000})
	// The annotation is half as large and has two letters, so it is as wide as its base; it stands above it.
	if got := s.at(120, 220); got != red {
		t.Errorf("base: %v", got)
	}
	if got := s.at(105, 138); got != green {
		t.Errorf("annotation: %v", got)
	}
	if got := s.at(130, 138); got != green {
		t.Errorf("second letter of the annotation: %v", got)
	}
	c.Blocks[0].Spans[0].Ruby.After = true
	s = draw(t, barRenderer(), []*cue.Cue{c}, raster.Options{Width: 1000, Height: 1000})
	if a, b := s.at(120, 170), s.at(105, 238); a != red || b != green {
		t.Errorf("below: base %v, annotation %v", a, b)
	}
}

func TestRubyOnBothSides(t *testing.T) {
	c := bar(cue.Style{Color: red})
	families := []string{"Bars"}
	c.Blocks[0].Spans[0].Ruby = &cue.Ruby{Text: "gg", Style: cue.Style{Families: families, Color: green}, Align: cue.Center,
		Other: &cue.Ruby{Text: "gggg", Style: cue.Style{Families: families, Color: blue}, After: true, Align: cue.Center}}
	s := draw(t, barRenderer(), []*cue.Cue{c}, raster.Options{Width: 1000, Height: 1000})
	// The lower annotation is twice as wide as the base and the upper one, which stand in its middle.
	for _, p := range []struct {
		name string
		x, y int
		want cue.Color
	}{{"base", 130, 220, red}, {"above", 130, 135, green}, {"below", 105, 285, blue}, {"below at its end", 190, 285, blue}, {"left of the base", 120, 220, none}} {
		if got := s.at(p.x, p.y); got != p.want {
			t.Errorf("%s: %v, want %v", p.name, got, p.want)
		}
	}
}

func TestImage(t *testing.T) {
	img := &cue.Image{Width: 2, Height: 2, Pixels: []byte{255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 0, 0, 0, 0}}
	c := &cue.Cue{End: 1, Rect: cue.Rect{X: 0.25, Y: 0.5, W: 0.5, H: 0.5}, Image: img}
	s := draw(t, raster.New(raster.Config{}), []*cue.Cue{c}, raster.Options{Width: 200, Height: 100})
	for _, p := range []struct {
		x, y int
		want cue.Color
	}{{52, 51, red}, {148, 51, green}, {52, 98, blue}, {148, 98, none}, {49, 60, none}, {60, 49, none}} {
		if got := s.at(p.x, p.y); got != p.want {
			t.Errorf("%d, %d is %v, want %v", p.x, p.y, got, p.want)
		}
	}
	// Made smaller, all pixels count.
	s = draw(t, raster.New(raster.Config{}), []*cue.Cue{c}, raster.Options{Width: 2, Height: 2})
	if got := s.has(none); got != 3 {
		t.Errorf("%d empty pixels, want 3", got)
	}
	if got, want := s.at(0, 1), (cue.Color{R: 64, G: 64, B: 64, A: 191}); got != want && s.at(1, 1) != want {
		t.Errorf("the mean of the pixels is %v or %v, want %v", got, s.at(1, 1), want)
	}
	img.Pixels = img.Pixels[:15]
	if n := draw(t, raster.New(raster.Config{}), []*cue.Cue{c}, raster.Options{Width: 200, Height: 100}).has(none); n != 200*100 {
		t.Error("a picture with too few pixels was drawn")
	}
}

// TestMany draws more cues than there may be pictures: together they are the same.
func TestMany(t *testing.T) {
	r := barRenderer()
	o := raster.Options{Width: 200, Height: 200}
	var cues []*cue.Cue
	for i := range 300 {
		c := bar(cue.Style{Color: red})
		c.Area.Background = cue.Color{G: byte(i), A: 255}
		c.Rect = cue.Rect{X: float64(i%10) / 10, Y: float64(i/10) / 30, W: 1, H: 1}
		cues = append(cues, c)
	}
	bitmaps, err := r.Draw(cues, o)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, b := range bitmaps {
		total += len(b.Pix)
	}
	if len(bitmaps) > 65 || total > 5*4*200*200 {
		t.Errorf("%d bitmaps of %d bytes", len(bitmaps), total)
	}
	s := draw(t, r, cues, o)
	if got, want := s.at(199, 199), (cue.Color{G: byte(299 % 256), A: 255}); got != want {
		t.Errorf("the last one is %v, want %v", got, want)
	}
	if got, want := s.at(5, 2), (cue.Color{G: 0, A: 255}); got != want {
		t.Errorf("the first one is %v, want %v", got, want)
	}
}

func TestCache(t *testing.T) {
	r := raster.New(raster.Config{})
	o := raster.Options{Width: 640, Height: 360}
	cues := parse(t, "WEBVTT\n\n00:00.000 --> 00:01.000\na\n\n00:00.000 --> 00:01.000\nb\n")
	first, err := r.Draw(cues, o)
	if err != nil || len(first) != 2 {
		t.Fatalf("%d bitmaps, %v", len(first), err)
	}
	second, _ := r.Draw(cues, o)
	if &first[0] != &second[0] {
		t.Error("the same screen was drawn again")
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = r.Draw(cues, o) }); n != 0 {
		t.Errorf("%v allocations for the same screen", n)
	}
	for i := range 100 {
		if _, err := r.Draw(cues, raster.Options{Width: 640 + i, Height: 360}); err != nil {
			t.Fatal(err)
		}
	}
	third, _ := r.Draw(cues, o)
	if &first[0] == &third[0] {
		t.Error("the cache keeps a hundred screens")
	}
	if nothing, err := r.Draw(nil, o); err != nil || len(nothing) != 0 {
		t.Errorf("%d bitmaps of no cues, %v", len(nothing), err)
	}
}

// TestScale sees to it that the user's scale moves the edges of the type and nothing else.
func TestScale(t *testing.T) {
	r := raster.New(raster.Config{})
	cues := parse(t, "WEBVTT\n\n00:00.000 --> 00:01.000\nabc\n")
	one, err := r.Layout(cues, raster.Options{Width: 1000, Height: 500})
	if err != nil {
		t.Fatal(err)
	}
	two, err := r.Layout(cues, raster.Options{Width: 1000, Height: 500, Scale: 2})
	if err != nil {
		t.Fatal(err)
	}
	a, b := one[0].Lines[0], two[0].Lines[0]
	if d := b.H - 2*a.H; d < -1 || d > 1 {
		t.Errorf("lines of %.1f and %.1f pixels", a.H, b.H)
	}
	if d := b.W - 2*a.W; d < -2 || d > 2 {
		t.Errorf("text of %.1f and %.1f pixels", a.W, b.W)
	}
	if d := (b.Y + b.H) - (a.Y + a.H); d < -1 || d > 1 {
		t.Errorf("the lower edges are at %.1f and %.1f", a.Y+a.H, b.Y+b.H)
	}
}

func TestBadOptions(t *testing.T) {
	r := raster.New(raster.Config{Fonts: [][]byte{nil, []byte("no font"), make([]byte, 1000)}})
	for _, o := range []raster.Options{{}, {Width: -1, Height: 100}, {Width: 100, Height: 1 << 20}, {Width: 100, Height: 100, Scale: -1}, {Width: 10, Height: 10, Scale: 1e9}} {
		if _, err := r.Draw(nil, o); err == nil {
			t.Errorf("%+v: no error", o)
		}
		if _, err := r.Layout(nil, o); err == nil {
			t.Errorf("%+v: no error of the layout", o)
		}
	}
}

// TestBrokenFonts cuts and spoils a font: nothing may come of it but missing letters.
func TestBrokenFonts(t *testing.T) {
	good := testFont([]rune("abcdefg"))
	o := raster.Options{Width: 300, Height: 100}
	for n := 0; n < len(good); n += 7 {
		for _, spoil := range []func([]byte) []byte{
			func(b []byte) []byte { return b[:n] },
			func(b []byte) []byte { b[n] ^= 0xff; return b },
		} {
			r := raster.New(raster.Config{Fonts: [][]byte{spoil(append([]byte(nil), good...))}})
			if _, err := r.Draw([]*cue.Cue{bar(cue.Style{})}, o); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestExtremes draws what a document may hold without sense.
func TestExtremes(t *testing.T) {
	r := barRenderer()
	huge := 1e300
	for _, c := range []func(*cue.Cue){
		func(c *cue.Cue) { c.Rect = cue.Rect{X: -huge, Y: huge, W: huge, H: huge} },
		func(c *cue.Cue) { c.Rect = cue.Rect{X: 0, Y: 0, W: -1, H: -1} },
		func(c *cue.Cue) { c.Area.Padding = [4]float64{huge, huge, huge, huge} },
		func(c *cue.Cue) { c.Blocks[0].LineHeight = huge },
		func(c *cue.Cue) { c.Blocks[0].LinePadding = huge },
		func(c *cue.Cue) { c.Blocks[0].Size = huge },
		func(c *cue.Cue) { c.Blocks[0].Spans[0].Style.Size = huge },
		func(c *cue.Cue) { c.Blocks[0].Spans[0].Style.Stretch = huge },
		func(c *cue.Cue) { c.Blocks[0].Spans[0].Style.Outline = huge },
		func(c *cue.Cue) {
			c.Blocks[0].Spans[0].Style.Shadows = make([]cue.Shadow, 1000)
			for i := range c.Blocks[0].Spans[0].Style.Shadows {
				c.Blocks[0].Spans[0].Style.Shadows[i] = cue.Shadow{X: huge, Y: -huge, Blur: huge, Color: red}
			}
		},
		func(c *cue.Cue) { c.Flow = &cue.Flow{Line: huge, Snap: true, Position: huge, Size: huge} },
		func(c *cue.Cue) { c.Flow = &cue.Flow{Line: -huge, Position: -huge, Size: -huge} },
		func(c *cue.Cue) { c.Flow = &cue.Flow{Scroll: true, Position: huge} },
		func(c *cue.Cue) { c.Blocks[0].Spans[0].Text = string(make([]byte, 100_000)) },
		func(c *cue.Cue) { c.Blocks[0].Spans[0].Text = "\u202e\u2066\u2067\u202c\u2069\u0301\ufe0f\U000e0100" },
		func(c *cue.Cue) { c.Image = &cue.Image{Width: 1 << 40, Height: 1 << 40} },
	} {
		x := bar(cue.Style{Color: red})
		c(x)
		draw(t, r, []*cue.Cue{x}, raster.Options{Width: 200, Height: 100})
	}
}
