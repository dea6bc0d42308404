package webvtt_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/text/cue"
	"mseplayer/player/text/webvtt"
)

func parse(t *testing.T, file string, o cue.Options) ([]cue.Cue, []cue.Warning) {
	t.Helper()
	cues, warnings, err := webvtt.Parse([]byte(file), o)
	if err != nil {
		t.Fatal(err)
	}
	return cues, warnings
}

// plain is the text of a cue, with ruby in brackets.
func plain(c *cue.Cue) string {
	var b strings.Builder
	for _, block := range c.Blocks {
		for _, s := range block.Spans {
			b.WriteString(s.Text)
			if s.Ruby != nil {
				b.WriteString("[" + s.Ruby.Text + "]")
			}
		}
	}
	return b.String()
}

func TestFile(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       string // times, id and text of each cue
		warnings   int
	}{
		{"header alone", "WEBVTT", "", 0},
		{"header with words", "WEBVTT - a film\n\n00:00.000 --> 00:01.000\na", "0-1 a", 0},
		{"byte order mark", "\ufeffWEBVTT\n\n00:00.000 --> 00:01.000\na", "0-1 a", 0},
		{"carriage returns", "WEBVTT\r\r00:00.000 --> 00:01.000\ra\r\rb\r00:02.000 --> 00:03.000\rc", "0-1 a|2-3 b: c", 0},
		{"no empty line after the header", "WEBVTT\n00:00.000 --> 00:01.000\na\n\n00:01.000 --> 00:02.000\nb", "0-1 a|1-2 b", 0},
		{"hours", "WEBVTT\n\n01:00:00.500 --> 100:00:00.000\na", "3600.5-360000 a", 0},
		{"notes and ids", "WEBVTT\n\nNOTE nothing\n\nNOTE\nfrom --to\n\nid 1\n00:00.000 --> 00:01.000\na\nb", "0-1 id 1: a\nb", 0},
		{"arrow without spaces", "WEBVTT\n\n00:00.000-->00:01.000\na", "0-1 a", 0},
		{"bad times", "WEBVTT\n\n00:00,000 --> 00:01.000\na\n\n00:60.000 --> 00:61.000\nb\n\n00:02.000 --> 00:03.000\nc", "2-3 c", 2},
		{"two cues without an empty line", "WEBVTT\n\n00:00.000 --> 00:01.000\na\n00:02.000 --> 00:03.000\nb", "0-1 a|2-3 b", 0},
		{"no length", "WEBVTT\n\n00:01.000 --> 00:01.000\na\n\n00:02.000 --> 00:01.000\nb", "", 0},
		{"no text", "WEBVTT\n\n00:00.000 --> 00:01.000\n<b></b>\n\n", "", 0},
		{"null", "WEBVTT\n\n00:00.000 --> 00:01.000\na\x00b", "0-1 a\ufffdb", 0},
		{"not utf-8", "WEBVTT\n\n00:00.000 --> 00:01.000\na\xffb", "0-1 a\ufffdb", 0},
		{"entities", "WEBVTT\n\n00:00.000 --> 00:01.000\n&lt;b&gt; &amp;amp; &#65; &x;", "0-1 <b> &amp; A &x;", 0},
		{"tags", "WEBVTT\n\n00:00.000 --> 00:01.000\n<b>a</b> <v.loud Bob>b <nope>c</nope> <i>d", "0-1 a b c d", 0},
		{"ruby", "WEBVTT\n\n00:00.000 --> 00:01.000\n<ruby>a<rt>b</rt>c<rt>d</rt></ruby>e", "0-1 a[b]c[d]e", 0},
		{"a tag that is not closed", "WEBVTT\n\n00:00.000 --> 00:01.000\na <b", "0-1 a ", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			cues, warnings := parse(t, c.file, cue.Options{})
			var got []string
			for i := range cues {
				id := ""
				if cues[i].ID != "" {
					id = cues[i].ID + ": "
				}
				got = append(got, fmt.Sprintf("%v-%v %s%s", float64(cues[i].Start), float64(cues[i].End), id, plain(&cues[i])))
			}
			if g := strings.Join(got, "|"); g != c.want {
				t.Errorf("got %q, want %q", g, c.want)
			}
			if len(warnings) != c.warnings {
				t.Errorf("warnings %v, want %d", warnings, c.warnings)
			}
		})
	}
	for _, file := range []string{"", "WEBVT", "WEBVTTX", "webvtt\n", " WEBVTT\n", "1\n00:00:00,000 --> 00:00:01,000\na"} {
		if _, _, err := webvtt.Parse([]byte(file), cue.Options{}); !errors.Is(err, webvtt.ErrSignature) {
			t.Errorf("%q: %v", file, err)
		}
	}
}

func TestSettings(t *testing.T) {
	nan := math.NaN()
	standard := cue.Flow{Line: nan, Snap: true, Position: nan, PositionAlign: cue.Justify, Size: 1}
	with := func(f func(*cue.Flow)) cue.Flow {
		c := standard
		f(&c)
		return c
	}
	for _, c := range []struct {
		settings string
		want     cue.Flow
		writing  cue.Writing
		align    cue.Align
	}{
		{"", standard, cue.Horizontal, cue.Center},
		{"line:3", with(func(f *cue.Flow) { f.Line = 3 }), cue.Horizontal, cue.Center},
		{"line:-1.5,end", with(func(f *cue.Flow) { f.Line, f.LineAlign = -1.5, cue.End }), cue.Horizontal, cue.Center},
		{"line:25%,center", with(func(f *cue.Flow) { f.Line, f.Snap, f.LineAlign = 0.25, false, cue.Center }), cue.Horizontal, cue.Center},
		{"line:101% line:x line:5- line:1.%", standard, cue.Horizontal, cue.Center},
		{"line:5,nowhere", standard, cue.Horizontal, cue.Center},
		{"position:10%,line-right size:40% align:end", with(func(f *cue.Flow) { f.Position, f.PositionAlign, f.Size = 0.1, cue.Right, 0.4 }), cue.Horizontal, cue.End},
		{"position:10 size:-1% align:top", standard, cue.Horizontal, cue.Center},
		{"vertical:rl", standard, cue.VerticalRL, cue.Center},
		{"vertical:lr align:left", standard, cue.VerticalLR, cue.Left},
		{"\tline:1\talign:right ", with(func(f *cue.Flow) { f.Line = 1 }), cue.Horizontal, cue.Right},
		{":5 line: =5", standard, cue.Horizontal, cue.Center},
	} {
		cues, _ := parse(t, "WEBVTT\n\n00:00.000 --> 00:01.000 "+c.settings+"\na\n", cue.Options{})
		got := cues[0]
		// A NaN prints like a NaN, and equals none.
		if fmt.Sprint(*got.Flow) != fmt.Sprint(c.want) || got.Area.Writing != c.writing || got.Blocks[0].Align != c.align {
			t.Errorf("%q: %+v %v %v, want %+v %v %v", c.settings, *got.Flow, got.Area.Writing, got.Blocks[0].Align, c.want, c.writing, c.align)
		}
	}
}

func TestRegions(t *testing.T) {
	const head = "WEBVTT\n\nREGION\nid:r width:40%\nlines:2 regionanchor:50%,100% viewportanchor:50%,90%\n\n00:00.000 --> 00:01.000 "
	for _, c := range []struct {
		settings string
		inside   bool
	}{{"region:r", true}, {"region:x", false}, {"region:r line:3", false}, {"region:r size:50%", false}, {"region:r vertical:rl", false}, {"region:r align:left position:10%", true}} {
		cues, _ := parse(t, head+c.settings+"\na\n", cue.Options{})
		r := cues[0].Rect
		if cues[0].Flow.Scroll != c.inside {
			t.Errorf("%q: %+v", c.settings, cues[0].Flow)
		}
		want := cue.Rect{X: 0.3, Y: 0.78, W: 0.4, H: 0.12}
		if c.inside && (math.Abs(r.X-want.X) > 1e-9 || math.Abs(r.Y-want.Y) > 1e-9 || math.Abs(r.W-want.W) > 1e-9 || math.Abs(r.H-want.H) > 1e-9) {
			t.Errorf("%q: %+v, want %+v", c.settings, r, want)
		}
	}
	cues, _ := parse(t, strings.Replace(head, "WEBVTT\n\n", "WEBVTT\n\nSTYLE\n::cue-region { color: red; background: none }\n::cue-region(#r) { font-size: 10vh }\n\n", 1)+"region:r\na\n", cue.Options{})
	if s := cues[0].Blocks[0].Spans[0].Style; s.Size != 0.1 || s.Color != (cue.Color{R: 255, A: 255}) || cues[0].Area.Background.A != 0 {
		t.Errorf("style of the region: %+v, %+v", s, cues[0].Area)
	}
}

var (
	red, lime, blue = cue.Color{R: 255, A: 255}, cue.Color{G: 255, A: 255}, cue.Color{B: 255, A: 255}
	white           = cue.Color{R: 255, G: 255, B: 255, A: 255}
	box             = cue.Color{A: 204}
)

// TestStyle looks at the style of the letter x.
func TestStyle(t *testing.T) {
	plainStyle := cue.Style{Size: 0.05, Color: white, Background: box}
	with := func(f func(*cue.Style)) cue.Style {
		s := plainStyle
		f(&s)
		return s
	}
	colored := func(c cue.Color) cue.Style { return with(func(s *cue.Style) { s.Color = c }) }
	for _, c := range []struct {
		name, sheet, text string
		want              cue.Style
	}{
		{"no style", "", "x", plainStyle},
		{"bold", "", "<b>x</b>", with(func(s *cue.Style) { s.Bold = true })},
		{"italic and underlined", "", "<i>a<u>x</u></i>", with(func(s *cue.Style) { s.Italic, s.Underline = true, true })},
		{"default classes", "", "<c.lime.bg_blue>x</c>", with(func(s *cue.Style) { s.Color, s.Background = lime, blue })},
		{"a sheet beats default classes", "::cue(.lime) { color: red }", "<c.lime>x</c>", colored(red)},
		{"root", "::cue { color: red }", "x", colored(red)},
		{"root in other words", "::cue(:root) { color: red }", "x", colored(red)},
		{"inherited", "::cue { color: red }", "<b.a><i>x</i></b>", with(func(s *cue.Style) { s.Color, s.Bold, s.Italic = red, true, true })},
		{"type", "::cue(b) { color: red } ::cue(i) { color: lime }", "<b>x</b>", with(func(s *cue.Style) { s.Color, s.Bold = red, true })},
		{"class", "::cue(.a.b) { color: red } ::cue(.c) { color: lime }", "<c.b.a>x</c>", colored(red)},
		{"id", "::cue(#i) { color: red }", "x", colored(red)},
		{"voice", `::cue(v[voice="Bob B"]) { color: red }`, "<v.loud Bob  B>x</v>", colored(red)},
		{"language", ":: cue(x) {} ::cue(:lang(en)) { color: red }", "<lang en-GB>x</lang>", with(func(s *cue.Style) { s.Color, s.Language = red, "en-GB" })},
		{"language attribute", `::cue(lang[lang|=en]) { color: red }`, "<lang en-GB>x</lang>", with(func(s *cue.Style) { s.Color, s.Language = red, "en-GB" })},
		{"descendant", "::cue(b i) { color: red }", "<b><c><i>x</i></c></b>", with(func(s *cue.Style) { s.Color, s.Bold, s.Italic = red, true, true })},
		{"child", "::cue(b > i) { color: red }", "<b><c><i>x</i></c></b>", with(func(s *cue.Style) { s.Bold, s.Italic = true, true })},
		{"neighbour", "::cue(b + c) { color: red }", "<b>y</b> <c>x</c>", colored(red)},
		{"not", "::cue(c:not(.a)) { color: red }", "<c.a>y</c><c>x</c>", colored(red)},
		{"universal", "::cue(*) { color: red }", "x", colored(red)},
		{"specificity", "::cue(.a) { color: red } ::cue(c) { color: lime }", "<c.a>x</c>", colored(red)},
		{"order", "::cue(.a) { color: red } ::cue(.b) { color: lime }", "<c.a.b>x</c>", colored(lime)},
		{"important", "::cue(.a) { color: red !important } ::cue(.b) { color: lime }", "<c.a.b>x</c>", colored(red)},
		{"list", "::cue(b), ::cue(.a, .b) { color: red }", "<c.b>x</c>", colored(red)},
		{"a bad selector spoils its rule", "::cue(c), ::cue(%) { color: red } ::cue(c) { background-color: blue }", "<c>x</c>", with(func(s *cue.Style) { s.Background = blue })},
		{"not of other elements", "video::cue, b { color: red }", "x", plainStyle},
		{"comments", "/* a */ ::cue /* b */ { color: /* c */ red; /* color: lime */ }", "x", colored(red)},
		{"at-rules", "@import 'x'; @media all { ::cue { color: lime } } ::cue { color: red }", "x", colored(red)},
		{"escapes", `::cue(.\31 a) { color: red }`, "<c.1a>x</c>", colored(red)},
		{"unknown properties", "::cue { display: none; position: fixed; color: red; }", "x", colored(red)},
		{"opacity", "::cue(b) { opacity: 0.5 }", "<b>x</b>", with(func(s *cue.Style) { s.Bold, s.Transparency = true, 0.5 })},
		{"visibility", "::cue(c) { visibility: hidden }", "<c>x</c>", with(func(s *cue.Style) { s.Hidden = true })},
		{"no background", "::cue { background: transparent }", "x", with(func(s *cue.Style) { s.Background = cue.Color{} })},
		{"background over background", "::cue(c) { background: rgba(255, 0, 0, 0.5) }", "<c>x</c>", with(func(s *cue.Style) { s.Background = cue.Color{R: 142, A: 230} })},
		{"text without a colour", "::cue { color: transparent }", "x", colored(cue.Color{B: 1})},
		{"decoration", "::cue { text-decoration: line-through overline }", "x", with(func(s *cue.Style) { s.Strike, s.Overline = true, true })},
		{"shadow", "::cue { font-size: 10vh; text-shadow: 0.5em 0.25em red, 0 0 0.5em }", "x", with(func(s *cue.Style) {
			s.Size = 0.1
			s.Shadows = []cue.Shadow{{X: 0.05, Y: 0.025, Color: red}, {Blur: 0.05, Color: white}}
		})},
		{"font", "::cue { font: italic bold 8vh/1.5 'My Font', serif }", "x", with(func(s *cue.Style) {
			s.Size, s.Italic, s.Bold, s.Families = 0.08, true, true, []string{"My Font", "serif"}
		})},
		{"size", "::cue { font-size: 200% } ::cue(c) { font-size: 0.5em }", "a<c>x</c>", plainStyle},
		{"weight", "::cue(b) { font-weight: 400 }", "<b>x</b>", plainStyle},
		{"combined", "::cue(c) { text-combine-upright: all }", "<c>x</c>", with(func(s *cue.Style) { s.Combine = true })},
	} {
		t.Run(c.name, func(t *testing.T) {
			cues, _ := parse(t, "WEBVTT\n\nSTYLE\n"+c.sheet+"\n\ni\n00:00.000 --> 00:01.000\n"+c.text+"\n", cue.Options{})
			found := false
			for _, s := range cues[0].Blocks[0].Spans {
				if s.Text == "x" {
					found = true
					if got := fmt.Sprintf("%+v", s.Style); got != fmt.Sprintf("%+v", c.want) {
						t.Errorf("got  %s\nwant %+v", got, c.want)
					}
				}
			}
			if !found {
				t.Errorf("no x in %+v", cues[0].Blocks[0])
			}
		})
	}
}

func TestColor(t *testing.T) {
	for _, c := range []struct {
		text string
		want cue.Color
		ok   bool
	}{
		{"red", red, true}, {"ReD", red, true}, {"rebeccapurple", cue.Color{R: 0x66, G: 0x33, B: 0x99, A: 255}, true},
		{"#f00", red, true}, {"#ff000080", cue.Color{R: 255, A: 128}, true}, {"#0f08", cue.Color{G: 255, A: 136}, true},
		{"rgb(255, 0, 0)", red, true}, {"rgb(100% 0% 0% / 50%)", cue.Color{R: 255, A: 128}, true}, {"rgba(0,0,300,1)", blue, true},
		{"hsl(120, 100%, 50%)", lime, true}, {"hsla(-240deg 100% 50% / 1)", lime, true}, {"transparent", cue.Color{}, true},
		{"#ff", cue.Color{}, false}, {"reddish", cue.Color{}, false}, {"rgb(1,2)", cue.Color{}, false}, {"rgb(a,b,c)", cue.Color{}, false}, {"", cue.Color{}, false},
	} {
		if got, ok := webvtt.Color(c.text); got != c.want || ok != c.ok {
			t.Errorf("%q: %v %v, want %v %v", c.text, got, ok, c.want, c.ok)
		}
	}
}

// TestKaraoke cuts a cue at its time stamps only if a sheet makes a difference between before and after.
func TestKaraoke(t *testing.T) {
	const body = "00:00.000 --> 00:10.000\n<c>a</c><00:02.000><c>b</c><00:05.000><c>c</c>\n"
	cues, _ := parse(t, "WEBVTT\n\n"+body, cue.Options{})
	if len(cues) != 1 || plain(&cues[0]) != "abc" {
		t.Fatalf("%d cues without a sheet", len(cues))
	}
	cues, _ = parse(t, "WEBVTT\n\nSTYLE\n::cue(:past) { color: red; font-size: 9vh }\n::cue(:future) { color: blue }\n\n"+body, cue.Options{})
	want := []struct {
		start, end media.Time
		colors     [3]cue.Color
	}{{0, 2, [3]cue.Color{white, blue, blue}}, {2, 5, [3]cue.Color{red, white, blue}}, {5, 10, [3]cue.Color{red, red, white}}}
	if len(cues) != len(want) {
		t.Fatalf("%d cues, want %d", len(cues), len(want))
	}
	for i, w := range want {
		c := cues[i]
		if c.Start != w.start || c.End != w.end {
			t.Errorf("cue %d: [%v, %v), want [%v, %v)", i, c.Start, c.End, w.start, w.end)
		}
		for j, s := range c.Blocks[0].Spans {
			if s.Style.Color != w.colors[j] || s.Style.Size != 0.05 {
				t.Errorf("cue %d, text %d: %v of %v, want %v", i, j, s.Style.Color, s.Style.Size, w.colors[j])
			}
		}
	}
}

func TestPlace(t *testing.T) {
	cues, _ := parse(t, "WEBVTT\n\n00:00.000 --> 00:02.000\na\n\n00:03.000 --> 00:09.000\nb\n\n00:09.000 --> 00:10.000\nc\n",
		cue.Options{Offset: 100, Window: media.Range{Start: 101, End: 105}, Language: "de"})
	if len(cues) != 2 || cues[0].Start != 101 || cues[0].End != 102 || cues[1].Start != 103 || cues[1].End != 105 {
		t.Errorf("%+v", cues)
	}
	if l := cues[0].Blocks[0].Spans[0].Style.Language; l != "de" {
		t.Errorf("language %q", l)
	}
}

// TestBounds reads what is made to take forever.
func TestBounds(t *testing.T) {
	deep := strings.Repeat("<b>", 100_000) + "x"
	cues, _ := parse(t, "WEBVTT\n\n00:00.000 --> 00:01.000\n"+deep+"\n", cue.Options{})
	if len(cues) != 1 || plain(&cues[0]) != "x" {
		t.Errorf("%d cues", len(cues))
	}
	selector := "::cue(" + strings.Repeat("* ", 60) + "z)"
	parse(t, "WEBVTT\n\nSTYLE\n"+strings.Repeat(selector+"{color:red}\n", 500)+"\n00:00.000 --> 00:01.000\n"+deep+"\n", cue.Options{})
	_, warnings := parse(t, "WEBVTT\n\nSTYLE\n"+strings.Repeat("::cue{color:red}\n", 2000)+"\n"+strings.Repeat("bad --> times\n\n", 1000), cue.Options{})
	if len(warnings) == 0 || len(warnings) > 20 {
		t.Errorf("%d warnings", len(warnings))
	}
}
