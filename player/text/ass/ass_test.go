package ass_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/text/ass"
	"mseplayer/player/text/cue"
)

// head is a script of 1000 × 1000, so that lengths are easy to read.
const head = `[Script Info]
; a comment
PlayResX: 1000
PlayResY: 1000
WrapStyle: 0

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,50,&H00FFFFFF,&H0000FFFF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,2,0,2,10,20,30,1
Style: Sign,Georgia,100,&H000000FF,&H0000FFFF,&H0000FF00,&H40FF0000,-1,-1,-1,-1,50,100,0,0,1,4,8,7,100,200,300,1
Style: Boxed,Arial,50,&H00FFFFFF,&H0000FFFF,&H80FF0000,&H80000000,0,0,0,0,100,100,4,0,3,2,2,5,10,20,30,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
`

var (
	red, white = cue.Color{R: 255, A: 255}, cue.Color{R: 255, G: 255, B: 255, A: 255}
)

// one is the cue of an event.
func one(t *testing.T, style, text string) cue.Cue {
	t.Helper()
	cues, warnings, err := ass.Parse([]byte(head+"Dialogue: 3,0:00:01.50,0:01:02.00,"+style+",Bob,0,0,0,,"+text+"\n"), cue.Options{})
	if err != nil || len(warnings) > 0 || len(cues) != 1 {
		t.Fatalf("%d cues, %v, %v", len(cues), warnings, err)
	}
	return cues[0]
}

func plain(c *cue.Cue) string {
	var b strings.Builder
	for _, s := range c.Blocks[0].Spans {
		b.WriteString(s.Text)
	}
	return b.String()
}

func TestText(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"commas", "a, b, c", "a, b, c"},
		{"breaks", `a\Nb\nc\hd`, "a\nb c\u00a0d"},
		{"breaks without wrapping", `{\q2}a\nb`, "a\nb"},
		{"overrides", `{\b1}a{comment}{\k20}b{\t(0,100,\fs(9)\c&H00&)}c{\}d`, "abcd"},
		{"drawing", `{\p1}m 0 0 l 1 1{\p0}a`, "a"},
		{"braces that stay open", "a {b", "a {b"},
		{"backslashes", `a\b\\c`, `a\b\\c`},
	} {
		x := one(t, "Default", c.text)
		if got := plain(&x); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestStyle(t *testing.T) {
	c := one(t, "Default", "x")
	if c.Start != 1.5 || c.End != 62 || c.Layer != 3 {
		t.Errorf("[%v, %v) in layer %d", c.Start, c.End, c.Layer)
	}
	s := c.Blocks[0].Spans[0].Style
	if s.Color != white || s.Outline != 0.002 || s.OutlineColor != (cue.Color{A: 255}) || s.Bold || math.Abs(s.Size-0.043) > 1e-9 || s.Families[0] != "Arial" {
		t.Errorf("%+v", s)
	}
	c = one(t, "Sign", "x")
	s = c.Blocks[0].Spans[0].Style
	if s.Color != red || !s.Bold || !s.Italic || !s.Underline || !s.Strike || s.Stretch != 0.5 || s.OutlineColor != (cue.Color{G: 255, A: 255}) ||
		len(s.Shadows) != 1 || s.Shadows[0] != (cue.Shadow{X: 0.008, Y: 0.008, Color: cue.Color{B: 255, A: 191}}) {
		t.Errorf("%+v", s)
	}
	c = one(t, "Boxed", "x")
	s = c.Blocks[0].Spans[0].Style
	if s.Background != (cue.Color{B: 255, A: 127}) || s.Outline != 0 || s.Margin != 0.002 || s.Spacing != 0.004 {
		t.Errorf("%+v", s)
	}
	if c = one(t, "Nobody", "x"); c.Blocks[0].Spans[0].Style.Families[0] != "Arial" {
		t.Error("an unknown style is not the default one")
	}
}

// TestOverrides looks at the style of the letter x.
func TestOverrides(t *testing.T) {
	for _, c := range []struct {
		text string
		ok   func(cue.Style) bool
	}{
		{`{\b1\i1\u1\s1}x`, func(s cue.Style) bool { return s.Bold && s.Italic && s.Underline && s.Strike }},
		{`{\b700}x`, func(s cue.Style) bool { return s.Bold }},
		{`{\b1}a{\b0}x`, func(s cue.Style) bool { return !s.Bold }},
		{`{\c&H0000FF&}x`, func(s cue.Style) bool { return s.Color == red }},
		{`{\1c&HFF&}x`, func(s cue.Style) bool { return s.Color == red }},
		{`{\3c&HFF&\bord10}x`, func(s cue.Style) bool { return s.OutlineColor == red && s.Outline == 0.01 }},
		{`{\4c&HFF&\4a&H00&\shad5}x`, func(s cue.Style) bool { return s.Shadows[0] == cue.Shadow{X: 0.005, Y: 0.005, Color: red} }},
		{`{\alpha&H80&}x`, func(s cue.Style) bool { return s.Color.A == 127 && s.OutlineColor.A == 127 }},
		{`{\1a&HFF&}x`, func(s cue.Style) bool { return s.Color.A == 0 && s.OutlineColor.A == 255 }},
		{`{\fs100}x`, func(s cue.Style) bool { return math.Abs(s.Size-0.086) < 1e-9 }},
		{`{\fs+2}x`, func(s cue.Style) bool { return math.Abs(s.Size-0.0516) < 1e-9 }},
		{`{\fs100}a{\fs}x`, func(s cue.Style) bool { return math.Abs(s.Size-0.043) < 1e-9 }},
		{`{\fscx200\fscy50}x`, func(s cue.Style) bool { return s.Stretch == 4 && math.Abs(s.Size-0.0215) < 1e-9 }},
		{`{\fsp10}x`, func(s cue.Style) bool { return s.Spacing == 0.01 }},
		{`{\fsp-10\fscx200}x`, func(s cue.Style) bool { return s.Spacing == -0.02 }},
		{`{\fsp10}a{\fsp}x`, func(s cue.Style) bool { return s.Spacing == 0 }},
		{`{\fnCourier New}x`, func(s cue.Style) bool { return s.Families[0] == "Courier New" }},
		{`{\b1\c&HFF&}a{\r}x`, func(s cue.Style) bool { return !s.Bold && s.Color == white }},
		{`{\rSign}x`, func(s cue.Style) bool { return s.Bold && s.Color == red }},
		{`{\b1\blur5\be1\frz30\fad(1,2)\clip(0,0,1,1)}x`, func(s cue.Style) bool { return s.Bold }},
	} {
		x := one(t, "Default", c.text)
		for _, s := range x.Blocks[0].Spans {
			if s.Text == "x" && !c.ok(s.Style) {
				t.Errorf("%s: %+v", c.text, s.Style)
			}
		}
	}
}

func TestPlace(t *testing.T) {
	near := func(a, b cue.Rect) bool {
		const e = 1e-9
		return math.Abs(a.X-b.X) < e && math.Abs(a.Y-b.Y) < e && math.Abs(a.W-b.W) < e && math.Abs(a.H-b.H) < e
	}
	for _, c := range []struct {
		style, text string
		rect        cue.Rect
		line        float64 // NaN: at a fixed place
		align       cue.Align
		display     cue.Align
	}{
		{"Default", "x", cue.Rect{X: 0.01, W: 0.97, H: 0.97}, -1, cue.Center, cue.Start},
		{"Sign", "x", cue.Rect{X: 0.1, Y: 0.3, W: 0.7, H: 0.7}, 0, cue.Left, cue.Start},
		{"Boxed", "x", cue.Rect{X: 0.01, W: 0.97, H: 1}, math.NaN(), cue.Center, cue.Center},
		{"Default", `{\an9}x`, cue.Rect{X: 0.01, Y: 0.03, W: 0.97, H: 0.97}, 0, cue.Right, cue.Start},
		{"Default", `{\a6}x`, cue.Rect{X: 0.01, Y: 0.03, W: 0.97, H: 0.97}, 0, cue.Center, cue.Start},
		{"Default", `{\pos(500,250)}x`, cue.Rect{X: 0.015, Y: 0.25, W: 0.97}, math.NaN(), cue.Center, cue.End},
		{"Default", `{\an7\pos(500,250)}x`, cue.Rect{X: 0.5, Y: 0.25, W: 0.97}, math.NaN(), cue.Left, cue.Start},
		{"Default", `{\an6\move(500,250,600,700,0,100)}x`, cue.Rect{X: -0.47, Y: 0.25, W: 0.97}, math.NaN(), cue.Right, cue.Center},
	} {
		x := one(t, c.style, c.text)
		line := math.NaN()
		if x.Flow != nil {
			line = x.Flow.Line
		}
		if !near(x.Rect, c.rect) || fmt.Sprint(line) != fmt.Sprint(c.line) || x.Blocks[0].Align != c.align || x.Area.Display != c.display {
			t.Errorf("%s %s: %+v, line %v, %v, %v; want %+v, %v, %v, %v", c.style, c.text, x.Rect, line, x.Blocks[0].Align, x.Area.Display, c.rect, c.line, c.align, c.display)
		}
	}
}

func TestSSA(t *testing.T) {
	cues, _, err := ass.Parse([]byte(`[Script Info]
PlayResY: 600

[V4 Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, TertiaryColour, BackColour, Bold, Italic, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, AlphaLevel, Encoding
Style: *Default,Arial,60,255,65535,65280,0,-1,0,1,6,0,6,80,80,60,0,0

[Events]
Format: Marked, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: Marked=0,0:00:00.00,0:00:01.00,*Default,,0000,0000,0000,,top
Comment: Marked=0,0:00:00.00,0:00:01.00,*Default,,0000,0000,0000,,nothing
`), cue.Options{})
	if err != nil || len(cues) != 1 {
		t.Fatalf("%d cues, %v", len(cues), err)
	}
	c := cues[0]
	s := c.Blocks[0].Spans[0].Style
	if s.Color != red || !s.Bold || s.Outline != 0.01 || s.OutlineColor != (cue.Color{A: 255}) || c.Flow == nil || c.Flow.Line != 0 || c.Rect.Y != 0.1 || c.Rect.X != 0.1 {
		t.Errorf("%+v %+v", c, s)
	}
}

func TestPacket(t *testing.T) {
	s := ass.NewScript([]byte(head))
	c, ok := s.Packet([]byte(`7,2,Sign,,0,0,0,,a, {\b0}b`+"\r\n"), 5, 9, cue.Options{Offset: 1, Window: media.Range{Start: 7, End: 20}})
	if !ok || c.Start != 7 || c.End != 10 || c.Layer != 2 || plain(&c) != "a, b" || c.Blocks[0].Spans[0].Style.Color != red {
		t.Errorf("%v %+v", ok, c)
	}
	for _, data := range []string{"", "x", "0,0,Default,,0,0,0,,", `0,0,Default,,0,0,0,,{\p1}m 0 0`} {
		if c, ok := s.Packet([]byte(data), 0, 1, cue.Options{}); ok {
			t.Errorf("%q: %+v", data, c)
		}
	}
	if c, ok := ass.NewScript(nil).Packet([]byte("0,0,Default,,0,0,0,,x"), 0, 1, cue.Options{}); !ok || plain(&c) != "x" {
		t.Error("a packet without a header is not read")
	}
}

func TestBad(t *testing.T) {
	if _, _, err := ass.Parse([]byte("[Script Info]\n"), cue.Options{}); !errors.Is(err, ass.ErrNoEvents) {
		t.Errorf("%v", err)
	}
	cues, warnings, err := ass.Parse([]byte("[Events]\nDialogue: x\nDialogue: 0,0:00:09.00,0:00:01.00,,,,,,,y\nDialogue: 0,0:00:00.00,0:00:01.00,,,,,,,z\n"+
		strings.Repeat("Dialogue: 0,never,0:00:01.00,,,,,,,y\n", 100)), cue.Options{})
	if err != nil || len(cues) != 1 || len(warnings) == 0 || len(warnings) > 20 {
		t.Errorf("%d cues, %d warnings, %v", len(cues), len(warnings), err)
	}
}
