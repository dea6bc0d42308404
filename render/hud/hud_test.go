package hud

import (
	"fmt"
	"image"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mseplayer/mse/media"
)

var t0 = time.Unix(1_000_000_000, 0)

// screen is a HUD with what it is shown, and the time.
type screen struct {
	t *testing.T
	h *HUD
	v View
	s State
}

func newScreen(t *testing.T, w, h int) *screen {
	t.Helper()
	hud, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return &screen{t: t, h: hud,
		v: View{Now: t0, Layout: NewLayout(w, h, 1), Picture: true},
		s: State{Title: "Title", Duration: 100, DurationKnown: true, Volume: 80},
	}
}

// after moves time and builds.
func (s *screen) after(d time.Duration) (changed bool) {
	s.v.Now = s.v.Now.Add(d)
	return s.h.Build(&s.v, &s.s)
}

// show builds until the controls are fully visible.
func (s *screen) show() {
	s.v.Controls = true
	s.after(0)
	s.after(fadeIn)
}

// render paints the display list over a green screen, by the arithmetic the GPU would use for axis-parallel quads.
func (s *screen) render() *image.RGBA {
	s.t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, int(s.v.Layout.W), int(s.v.Layout.H)))
	for i := 0; i < len(img.Pix); i += 4 {
		img.Pix[i+1], img.Pix[i+3] = 255, 255
	}
	vs, mask := s.h.canvas.vs, s.h.canvas.atlas.mask
	if len(vs)%4 != 0 {
		s.t.Fatalf("%d vertices are not quads", len(vs))
	}
	for ; len(vs) > 0; vs = vs[4:] {
		a, d := vs[0], vs[3]
		for y := int(max(0, a.DstY)); y < int(min(d.DstY, s.v.Layout.H)); y++ {
			ty := (float32(y) + 0.5 - a.DstY) / (d.DstY - a.DstY)
			for x := int(max(0, a.DstX)); x < int(min(d.DstX, s.v.Layout.W)); x++ {
				tx := (float32(x) + 0.5 - a.DstX) / (d.DstX - a.DstX)
				sx, sy := int(a.SrcX+tx*(d.SrcX-a.SrcX)), int(a.SrcY+ty*(d.SrcY-a.SrcY))
				cover := float32(mask.AlphaAt(sx, sy).A) / 255
				p := img.Pix[img.PixOffset(x, y):]
				alpha := (a.ColorA + ty*(d.ColorA-a.ColorA)) * cover
				for i, c := range []float32{a.ColorR + ty*(d.ColorR-a.ColorR), a.ColorG + ty*(d.ColorG-a.ColorG), a.ColorB + ty*(d.ColorB-a.ColorB)} {
					p[i] = uint8(math.Round(float64(c*cover*255 + float32(p[i])*(1-alpha))))
				}
			}
		}
	}
	if dir := os.Getenv("HUD_TEST_OUT"); dir != "" { // to look at
		f, err := os.Create(filepath.Join(dir, strings.ReplaceAll(s.t.Name(), "/", "_")+".png"))
		if err != nil {
			s.t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		if err := png.Encode(f, img); err != nil {
			s.t.Fatal(err)
		}
	}
	return img
}

// near reports whether the pixel at x, y has about the colour c.
func near(img *image.RGBA, x, y float32, c color) bool {
	p := img.RGBAAt(int(x), int(y))
	far := func(got uint8, want float32) bool { return math.Abs(float64(got)-255*float64(want)) > 12 }
	return !far(p.R, c.r) && !far(p.G, c.g) && !far(p.B, c.b)
}

func TestHUD_SeekBar(t *testing.T) {
	s := newScreen(t, 1000, 600)
	s.s.Position = 25
	s.s.Buffered = media.Ranges{{Start: 20, End: 50}, {Start: 70, End: 80}}
	s.show()
	img, l := s.render(), s.v.Layout
	at := func(m float64) float32 { return l.TrackX + l.TrackW*float32(m)/100 }
	if !near(img, at(10), l.TrackY, accent) {
		t.Errorf("played part is %v", img.RGBAAt(int(at(10)), int(l.TrackY)))
	}
	if !near(img, at(25), l.TrackY, white) {
		t.Errorf("knob is %v", img.RGBAAt(int(at(25)), int(l.TrackY)))
	}
	bright := func(m float64) uint8 { return img.RGBAAt(int(at(m)), int(l.TrackY)).R }
	for _, m := range []float64{40, 75} {
		for _, empty := range []float64{60, 90} {
			if bright(m) <= bright(empty) {
				t.Errorf("buffered %v s (%d) is not brighter than unbuffered %v s (%d)", m, bright(m), empty, bright(empty))
			}
		}
	}
	if p := img.RGBAAt(500, 100); p.G != 255 || p.R != 0 {
		t.Errorf("the middle of the picture is covered: %v", p)
	}
}

// TestHUD_Chapters: each chapter but the first begins at a cut in the track, what is repeated lies between two marks that are
// higher than the track, and the pointer is told the name of the chapter below it, cut off where there is no room.
func TestHUD_Chapters(t *testing.T) {
	s := newScreen(t, 1000, 600)
	s.show()
	plain := s.render()
	s.s.Chapters = []Chapter{{0, 30, "Opening"}, {30, 60, "The middle"}, {60, 60, "Ending"}, {math.MaxFloat32, 0, "behind the end"}}
	s.s.SectionStart, s.s.SectionEnd = media.Some(40), media.Some(45)
	if !s.after(time.Millisecond) {
		t.Error("chapters change nothing")
	}
	img, l := s.render(), s.v.Layout
	at := func(m float64) float32 { return l.TrackX + l.TrackW*float32(m)/100 }
	for _, m := range []float64{10, 30, 45, 50, 60, 80, 99.5} {
		cut := img.RGBAAt(int(at(m)), int(l.TrackY)).G < plain.RGBAAt(int(at(m)), int(l.TrackY)).G/2
		if want := m == 30 || m == 60; cut != want {
			t.Errorf("at %v s: cut %v, want %v: %v", m, cut, want, img.RGBAAt(int(at(m)), int(l.TrackY)))
		}
	}
	for _, m := range []float64{40, 42, 45} {
		if got, want := near(img, at(m), l.TrackY-4, loud), m != 42; got != want {
			t.Errorf("at %v s: mark of the section %v, want %v", m, got, want)
		}
	}
	for _, x := range []struct {
		at   float64
		want string
	}{{0, "Opening"}, {29.9, "Opening"}, {30, "The middle"}, {60, "Ending"}, {99, "Ending"}} {
		if c, ok := s.s.chapterAt(media.Time(x.at)); !ok || c.Title != x.want {
			t.Errorf("at %v s: %q, want %q", x.at, c.Title, x.want)
		}
	}
	width := func() float32 { // of the box over the track, by what is at the height of its upper edge
		img := s.render()
		n := 0
		for x := range img.Bounds().Dx() {
			if img.RGBAAt(x, int(l.TrackY-42)).G < 60 {
				n++
			}
		}
		return float32(n)
	}
	s.v.Over, s.v.X = OnSeek, at(50)
	s.after(time.Millisecond)
	named := width()
	s.s.Chapters[1].Title = ""
	s.after(time.Millisecond)
	if bare := width(); bare < 20 || named < bare+40 {
		t.Errorf("the box is %v wide with a name and %v without", named, bare)
	}
	s.s.Chapters[1].Title = strings.Repeat("a very long name ", 50)
	s.after(time.Millisecond)
	if w := width(); w < 0.9*l.TrackW || w > l.TrackW+1 {
		t.Errorf("the box of an endless name is %v wide, the track %v", w, l.TrackW)
	}
	for range 20000 {
		s.s.Chapters = append(s.s.Chapters, Chapter{Start: media.Time(len(s.s.Chapters)) / 300, Title: "x"})
	}
	s.after(time.Millisecond)
	if n := len(s.h.canvas.vs) / 4; n > maxMarks+400 {
		t.Errorf("%d quads for twenty thousand chapters", n)
	}
}

func TestHUD_Fade(t *testing.T) {
	s := newScreen(t, 800, 450)
	if s.after(0) || !s.h.Empty() {
		t.Fatal("something is drawn over an undisturbed picture")
	}
	s.v.Controls = true
	if s.after(fadeIn/2) != true || s.h.Empty() {
		t.Fatal("the controls do not begin to show")
	}
	half := s.h.canvas.vs[len(s.h.canvas.vs)-1].ColorA
	s.after(fadeIn / 2)
	full := s.h.canvas.vs[len(s.h.canvas.vs)-1].ColorA
	if ratio := half / full; math.Abs(float64(ratio)-0.5) > 0.01 {
		t.Errorf("half way in, the opacity is %.2f of the final one", ratio)
	}
	if s.after(time.Second) {
		t.Error("the list changes although nothing does")
	}
	s.v.Controls = false
	s.after(fadeOut / 2)
	if s.h.Empty() {
		t.Error("the controls vanish without fading")
	}
	s.after(fadeOut / 2)
	if !s.h.Empty() {
		t.Error("the controls stay")
	}
	if s.after(time.Hour) {
		t.Error("an empty list counts as changed")
	}
}

func TestHUD_Messages(t *testing.T) {
	tests := []struct {
		name string
		do   func(s *screen)
		stay time.Duration
	}{
		{"volume", func(s *screen) { s.h.ShowVolume(s.v.Now) }, volumeTime},
		{"muted", func(s *screen) { s.s.Muted = true; s.h.ShowVolume(s.v.Now) }, volumeTime},
		{"loud", func(s *screen) { s.s.Volume = 130; s.h.ShowVolume(s.v.Now) }, volumeTime},
		{"notice", func(s *screen) { s.s.Notice, s.s.NoticeSeq = "Switched to 720p", 1 }, noticeTime},
		{"endless notice", func(s *screen) { s.s.Notice, s.s.NoticeSeq = strings.Repeat("words and ", 99), 1 }, noticeTime},
		{"pause", func(s *screen) { s.h.Flash(s.v.Now, true) }, flashTime},
		{"resume", func(s *screen) { s.h.Flash(s.v.Now, false) }, flashTime},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := newScreen(t, 640, 360)
			s.after(0)
			tc.do(s)
			if !s.after(0) || s.h.Empty() {
				t.Fatal("nothing shows")
			}
			s.render()
			for _, v := range s.h.canvas.vs {
				if v.DstX < 0 || v.DstX > s.v.Layout.W || v.DstY < 0 || v.DstY > s.v.Layout.H {
					t.Fatalf("a corner lies outside the view: %v, %v", v.DstX, v.DstY)
				}
			}
			if s.after(tc.stay - time.Millisecond); s.h.Empty() {
				t.Error("gone too early")
			}
			if s.after(time.Millisecond); !s.h.Empty() {
				t.Error("still there")
			}
		})
	}
}

func TestHUD_Busy(t *testing.T) {
	for _, seeking := range []bool{true, false} {
		s := newScreen(t, 640, 360)
		s.s.Seeking, s.s.Buffering = seeking, !seeking
		s.after(0)
		if s.after(busyDelay - time.Millisecond); !s.h.Empty() {
			t.Error("a short wait is mentioned")
		}
		if s.after(time.Millisecond); s.h.Empty() {
			t.Error("a long wait is not mentioned")
		}
		if s.after(spinnerStep / 4) {
			t.Error("the spinner moves between its steps")
		}
		if !s.after(spinnerStep) {
			t.Error("the spinner stands still")
		}
		s.render()
		s.s.Seeking, s.s.Buffering = false, false
		if s.after(time.Millisecond); !s.h.Empty() {
			t.Error("the spinner stays")
		}
		s.s.Buffering = true
		if s.after(time.Millisecond); !s.h.Empty() {
			t.Error("the next wait does not begin anew")
		}
	}
}

func TestHUD_Blank(t *testing.T) {
	for name, tc := range map[string]func(s *screen){
		"waiting": func(s *screen) {},
		"sound":   func(s *screen) { s.s.NoVideo = true },
		"failed":  func(s *screen) { s.s.Error = "mse: no such thing" },
		"no name": func(s *screen) { s.s.Title = "" },
		"busy":    func(s *screen) { s.s.NoVideo, s.s.Buffering = true, true; s.after(0); s.after(time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScreen(t, 640, 360)
			s.v.Picture = false
			tc(s)
			s.after(time.Millisecond)
			img := s.render()
			for _, p := range [][2]int{{0, 0}, {639, 0}, {0, 359}, {639, 359}, {320, 20}} {
				if c := img.RGBAAt(p[0], p[1]); c.G > 60 {
					t.Fatalf("pixel %v is not covered: %v", p, c)
				}
			}
			bright := 0
			for i := 0; i < len(img.Pix); i += 4 {
				if img.Pix[i] > 160 {
					bright++
				}
			}
			if bright < 100 {
				t.Errorf("only %d bright pixels: nothing is written", bright)
			}
		})
	}
}

func TestHUD_Error(t *testing.T) {
	s := newScreen(t, 500, 300)
	s.s.Error = "one two three"
	s.after(0)
	short := len(s.h.canvas.vs)
	s.s.Error = strings.Repeat("a message that does not come to an end ", 40)
	s.after(0)
	s.render()
	if len(s.h.canvas.vs) <= short {
		t.Error("a long message does not take more space")
	}
	for _, v := range s.h.canvas.vs {
		if v.DstX < 0 || v.DstX > 500 || v.DstY < 0 || v.DstY > 300 {
			t.Fatalf("the card runs out of the view: %v, %v", v.DstX, v.DstY)
		}
	}
}

func TestHUD_Stats(t *testing.T) {
	s := newScreen(t, 640, 360)
	for i := range 60 {
		s.s.Stats = append(s.s.Stats, fmt.Sprintf("line %2d: %s", i, strings.Repeat("x", i*3)))
	}
	s.after(0)
	s.render()
	for _, v := range s.h.canvas.vs {
		if v.DstX < 0 || v.DstX > 640 || v.DstY < 0 || v.DstY > 360 {
			t.Fatalf("the panel runs out of the view: %v, %v", v.DstX, v.DstY)
		}
	}
	s.s.Stats = s.s.Stats[:0]
	if s.after(0); !s.h.Empty() {
		t.Error("the panel stays without lines")
	}
}

// TestHUD_Anything builds for random states and sizes: nothing may panic, run out of bounds or need more quads than
// there are indices for.
func TestHUD_Anything(t *testing.T) {
	const seed = 11
	rnd := rand.New(rand.NewPCG(seed, 0))
	text := func() string {
		b := make([]byte, rnd.IntN(80))
		for i := range b {
			b[i] = byte(rnd.IntN(256)) // invalid UTF-8 and control characters among it
		}
		return string(b) + "日本語 Ελληνικά кириллица\n"
	}
	num := func() float64 {
		return []float64{0, 1, -5, 30, 3600, 1e7, 1e300, math.Inf(1), math.Inf(-1), math.NaN()}[rnd.IntN(10)]
	}
	flag := func() bool { return rnd.IntN(2) == 0 }
	s := newScreen(t, 10, 10)
	for range 400 {
		s.v = View{Now: s.v.Now.Add(time.Duration(rnd.IntN(1000)) * time.Millisecond), Layout: NewLayout(1+rnd.IntN(2000), 1+rnd.IntN(1500), 0.5+3*rnd.Float64()),
			Controls: flag(), Fullscreen: flag(), Picture: flag(), X: float32(rnd.IntN(2000)), Y: float32(rnd.IntN(1500)), Over: Target(rnd.IntN(int(OnControls) + 1)),
			Dragging: flag(), DragTo: media.Time(num())}
		s.s = State{Title: text(), Position: media.Time(num()), Duration: media.Time(num()), DurationKnown: flag(), Live: flag(),
			Seekable: media.Range{Start: media.Time(num()), End: media.Time(num())}, Buffered: media.NewRanges(media.Range{Start: media.Time(num()), End: media.Time(num())}),
			Paused: flag(), Ended: flag(), Seeking: flag(), Buffering: flag(), NoVideo: flag(), Volume: num(), Muted: flag(), Notice: text(), NoticeSeq: uint64(rnd.IntN(3))}
		if flag() {
			s.s.Stats = []string{text(), text()}
		}
		for range rnd.IntN(4) {
			s.s.Chapters = append(s.s.Chapters, Chapter{media.Time(num()), media.Time(num()), text()})
		}
		if flag() {
			s.s.SectionStart, s.s.SectionEnd = media.Some(media.Time(num())), media.Some(media.Time(num()))
		}
		if rnd.IntN(8) == 0 {
			s.s.Error = text()
		}
		if flag() {
			s.h.ShowVolume(s.v.Now)
		}
		s.after(0)
		if n := len(s.h.canvas.vs); n%4 != 0 || n > 4*maxQuads {
			t.Fatalf("seed %d: %d vertices", seed, n)
		}
		for _, v := range s.h.canvas.vs {
			for _, f := range []float32{v.DstX, v.DstY, v.SrcX, v.SrcY, v.ColorA} {
				if f != f || math.Abs(float64(f)) > 1e5 {
					t.Fatalf("seed %d: vertex %+v for %+v", seed, v, s.s)
				}
			}
		}
	}
}

// TestHUD_AtlasOverflow fills the atlas with more glyphs than it holds; what is listed must still be what is drawn.
func TestHUD_AtlasOverflow(t *testing.T) {
	s := newScreen(t, 2000, 1200)
	s.after(0)
	start := s.h.canvas.atlas.generation
	for size := 40; s.h.canvas.atlas.generation == start && size < maxGlyphSize; size++ {
		for r := '!'; r < 'ÿ'; r++ {
			s.h.canvas.atlas.glyph(regular, size, r, 0)
		}
	}
	if s.h.canvas.atlas.generation == start {
		t.Fatal("the atlas does not overflow")
	}
	s.show()
	want := s.render()
	// Fill what is left, so that the next build overflows half way.
	for size := 20; s.h.canvas.atlas.y < atlasSide-60 && size < maxGlyphSize; size++ {
		for r := '!'; r < '~' && s.h.canvas.atlas.y < atlasSide-60; r++ {
			s.h.canvas.atlas.glyph(mono, size, r, 1)
		}
	}
	before := s.h.canvas.atlas.generation
	s.s.Title = "Sphinx of black quartz, judge my vow 0123456789 ÄÖÜ"
	for i := range 40 { // each at a size of its own
		s.s.Stats = append(s.s.Stats, fmt.Sprint("stats: ", i))
		s.v.Layout = NewLayout(2000, 1200+40*i, 1)
		s.after(0)
	}
	if s.h.canvas.atlas.generation == before {
		t.Fatal("the atlas does not overflow while building")
	}
	s.s.Title, s.s.Stats = "Title", nil
	s.v.Layout = NewLayout(2000, 1200, 1)
	s.after(0)
	got := s.render()
	for i := range want.Pix {
		if want.Pix[i] != got.Pix[i] {
			t.Fatalf("byte %d of the picture differs after the overflow", i)
		}
	}
}

func TestHUD_NoAllocations(t *testing.T) {
	s := newScreen(t, 1280, 720)
	s.after(0)
	if n := testing.AllocsPerRun(100, func() { s.after(time.Millisecond) }); n != 0 {
		t.Errorf("hidden: %v allocations a frame", n)
	}
	s.v.Over, s.v.X = OnSeek, 500
	s.s.Buffered = media.Ranges{{Start: 0, End: 40}}
	s.s.Chapters, s.s.SectionStart = []Chapter{{0, 50, "One"}, {50, 100, "Two"}}, media.Some(10)
	s.s.Stats = []string{"video: 1280x720", "audio: 48000 Hz"}
	for range 120 { // every digit has been drawn
		s.s.Position++
		s.v.X++
		s.show()
	}
	s.s.Position = 0
	if n := testing.AllocsPerRun(100, func() {
		s.s.Position += 0.1
		s.h.ShowVolume(s.v.Now)
		s.after(time.Millisecond)
	}); n != 0 {
		t.Errorf("shown: %v allocations a frame", n)
	}
}

func BenchmarkHUD_Build(b *testing.B) {
	h, err := New()
	if err != nil {
		b.Fatal(err)
	}
	for _, shown := range []bool{false, true} {
		b.Run(fmt.Sprintf("shown=%t", shown), func(b *testing.B) {
			v := View{Now: t0, Layout: NewLayout(1920, 1080, 1), Picture: true, Controls: shown, Over: OnSeek, X: 700}
			s := State{Title: "A title of ordinary length", Duration: 6000, DurationKnown: true, Volume: 80, Buffered: media.Ranges{{Start: 0, End: 600}}}
			if shown {
				for range 20 {
					s.Stats = append(s.Stats, "video:  h264 High 1280x720 yuv420p BT.709 limited 25 fps")
				}
			}
			h.Build(&v, &s)
			b.ReportAllocs()
			for b.Loop() {
				v.Now = v.Now.Add(16 * time.Millisecond)
				s.Position += 0.016
				h.Build(&v, &s)
			}
		})
	}
}
