package ttml_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"mseplayer/mse/media"
	"mseplayer/player/text/cue"
	"mseplayer/player/text/ttml"
)

// doc makes a document of attributes of tt, what is in head, and what is in body, whose own attributes come first when
// they are in brackets.
func doc(attrs, head, body string) string {
	own := ""
	if rest, ok := strings.CutPrefix(body, "["); ok {
		own, body, _ = strings.Cut(rest, "]")
	}
	return `<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xmlns:tts="http://www.w3.org/ns/ttml#styling"
 xmlns:itts="http://www.w3.org/ns/ttml/profile/imsc1#styling" xmlns:ittp="http://www.w3.org/ns/ttml/profile/imsc1#parameter"
 xmlns:ebutts="urn:ebu:tt:style" xmlns:smpte="http://www.smpte-ra.org/schemas/2052-1/2010/smpte-tt" xmlns:f="urn:foreign" xml:lang="en" ` +
		attrs + `><head>` + head + `</head><body ` + own + `>` + body + `</body></tt>`
}

// when writes the interval of a cue.
func when(c cue.Cue) string {
	end := "…"
	if !math.IsInf(float64(c.End), 1) {
		end = fmt.Sprintf("%.6g", float64(c.End))
	}
	return fmt.Sprintf("%.6g-%s", float64(c.Start), end)
}

// text writes the text of a cue, lines apart by slashes and blocks by bars.
func text(c cue.Cue) string {
	var blocks []string
	for _, b := range c.Blocks {
		s := ""
		for _, sp := range b.Spans {
			if sp.Style.Hidden {
				s += "~"
			}
			s += sp.Text
			if sp.Ruby != nil {
				s += "{" + sp.Ruby.Text + "}"
			}
		}
		blocks = append(blocks, strings.ReplaceAll(s, "\n", "/"))
	}
	if c.Image != nil {
		blocks = append(blocks, fmt.Sprintf("(%d×%d)", c.Image.Width, c.Image.Height))
	}
	return strings.Join(blocks, "|")
}

// parse reads a document that must give neither errors nor warnings.
func parse(t testing.TB, d string, o ttml.Options) []cue.Cue {
	t.Helper()
	cues, warnings, err := ttml.Parse([]byte(d), o)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("error %v, warnings %v\n%s", err, warnings, d)
	}
	return cues
}

func TestTiming(t *testing.T) {
	for _, test := range []struct {
		name, attrs, body string
		want              string
	}{
		{"no times", "", `<div><p>a</p></div>`, "0-…:a"},
		{"begin and end", "", `<div><p begin="1s" end="2s">a</p></div>`, "1-2:a"},
		{"duration", "", `<div><p begin="1s" dur="3s">a</p></div>`, "1-4:a"},
		{"the earlier of end and duration", "", `<div><p begin="1s" end="2s" dur="3s">a</p></div>`, "1-2:a"},
		{"counted from the container", "", `[begin="10s"]<div begin="5s"><p begin="1s" end="2s">a</p></div>`, "16-17:a"},
		{"cut by the container", "", `<div end="2s"><p begin="1s" end="5s">a</p></div>`, "1-2:a"},
		{"sequence", "", `<div timeContainer="seq"><p dur="1s">a</p><p dur="2s">b</p><p begin="1s" end="2s">c</p></div>`, "0-1:a 1-3:b 4-5:c"},
		{"parallel in sequence", "", `[timeContainer="seq"]<div><p begin="1s" end="3s">a</p><p end="2s">b</p></div><div dur="1s"><p>c</p></div>`,
			"0-1:b 1-2:a|b 2-3:a 3-4:c"},
		{"spans of a sequence", "", `<div><p timeContainer="seq"><span dur="1s">a</span><span dur="1s">b</span></p></div>`, "0-1:a 1-2:b"},
		{"words one by one", "", `<div><p>a<span begin="1s"> b</span><span begin="2s"> c</span></p></div>`, "0-1:a 1-2:a b 2-…:a b c"},
		{"clock times since 1970", "", `<div><p begin="498722:27:11.000" end="498722:27:12.000">a</p></div>`, "1.7954e+09-1.7954e+09:a"},
		{"clock times", "", `<div><p begin="01:02:03.5" end="100:00:00">a</p></div>`, "3723.5-360000:a"},
		{"frames", `ttp:frameRate="25"`, `<div><p begin="00:00:01:05" end="50f">a</p></div>`, "1.2-2:a"},
		{"a multiplier", `ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001"`, `<div><p begin="30f" end="00:00:02:00">a</p></div>`, "1.001-2:a"},
		{"an old multiplier", `ttp:frameRate="30" ttp:frameRateMultiplier="1000:1001"`, `<div><p begin="30f" end="2s">a</p></div>`, "1.001-2:a"},
		{"parts of frames", `ttp:frameRate="25" ttp:subFrameRate="2"`, `<div><p begin="00:00:01:05.1" end="2s">a</p></div>`, "1.22-2:a"},
		{"ticks", `ttp:tickRate="10000000"`, `<div><p begin="15000000t" end="20000000t">a</p></div>`, "1.5-2:a"},
		{"ticks of frames", `ttp:frameRate="25"`, `<div><p begin="25t" end="2s">a</p></div>`, "1-2:a"},
		{"units", "", `<div><p begin="1.5m" end="0.05h">a</p><p begin="200000ms" end="201s">b</p></div>`, "90-180:a 200-201:b"},
		{"time codes", `ttp:timeBase="smpte" ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001"`, `<div><p begin="00:01:00:00" end="00:02:00:00">a</p></div>`, "60.06-120.12:a"},
		{"dropped time codes", `ttp:timeBase="smpte" ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001" ttp:dropMode="dropNTSC"`,
			`<div><p begin="00:01:00:02" end="01:00:00:00">a</p></div>`, "60.06-3600:a"},
		{"times that differ by rounding", "", `<div><p begin="0.1s" end="0.3s">a</p></div><div begin="0.1s"><p begin="0.2s" end="1s">b</p></div>`, "0.1-0.3:a 0.3-1.1:b"},
		{"nothing changes", "", `<div><p begin="1s" end="5s">a</p></div><div><p begin="2s" end="3s"/></div>`, "1-2:a 2-3:a 3-5:a"},
		{"never", "", `<div><p begin="2s" end="1s">a</p><p begin="3s" dur="0s">b</p></div>`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, c := range parse(t, doc(test.attrs, "", test.body), ttml.Options{}) {
				got = append(got, when(c)+":"+text(c))
			}
			if g := strings.Join(got, " "); g != test.want {
				t.Errorf("got %q, want %q", g, test.want)
			}
		})
	}
}

func TestWindow(t *testing.T) {
	d := doc("", "", `<div><p begin="1s" end="5s">a</p><p begin="6s" end="8s">b</p><p begin="9s">c</p></div>`)
	for _, test := range []struct {
		name string
		o    ttml.Options
		want string
	}{
		{"everything", ttml.Options{}, "1-5:a 6-8:b 9-…:c"},
		{"a sample", ttml.Options{Window: media.Range{Start: 2, End: 7}}, "2-5:a 6-7:b"},
		{"an end that is none", ttml.Options{Window: media.Range{Start: 8, End: 12}}, "9-12:c"},
		{"between", ttml.Options{Window: media.Range{Start: 5, End: 6}}, ""},
		{"an offset", ttml.Options{Offset: 10}, "11-15:a 16-18:b 19-…:c"},
		{"an offset and a sample", ttml.Options{Offset: 10, Window: media.Range{Start: 12, End: 17}}, "12-15:a 16-17:b"},
		{"before all", ttml.Options{Window: media.Range{Start: -5, End: 0}}, ""},
	} {
		var got []string
		for _, c := range parse(t, d, test.o) {
			got = append(got, when(c)+":"+text(c))
		}
		if g := strings.Join(got, " "); g != test.want {
			t.Errorf("%s: got %q, want %q", test.name, g, test.want)
		}
	}
}

// box writes a rectangle in percent.
func box(r cue.Rect) string {
	return fmt.Sprintf("%.4g,%.4g %.4gx%.4g", r.X*100, r.Y*100, r.W*100, r.H*100)
}

func TestRegions(t *testing.T) {
	for _, test := range []struct {
		name, attrs, head, body string
		want                    string
	}{
		{"the default", "", "", `<div><p>a</p></div>`, "0,0 100x100 a"},
		{"percent", "", `<layout><region xml:id="r" tts:origin="10% 20%" tts:extent="30% 40%"/></layout>`, `<div><p region="r">a</p></div>`, "10,20 30x40 a"},
		{"pixels", `tts:extent="640px 480px"`, `<layout><region xml:id="r" tts:origin="64px 48px" tts:extent="320px 240px"/></layout>`, `<div><p region="r">a</p></div>`, "10,10 50x50 a"},
		{"cells", `ttp:cellResolution="40 20"`, `<layout><region xml:id="r" tts:origin="4c 2c" tts:extent="20c 10c"/></layout>`, `<div><p region="r">a</p></div>`, "10,10 50x50 a"},
		{"rw and rh", "", `<layout><region xml:id="r" tts:origin="10rh 9rw" tts:extent="20rw 40rh"/></layout>`, `<div><p region="r">a</p></div>`, "5.625,16 20x40 a"},
		{"position", "", `<layout><region xml:id="r" tts:position="center bottom 10%" tts:extent="50% 20%"/></layout>`, `<div><p region="r">a</p></div>`, "25,72 50x20 a"},
		{"position by one", "", `<layout><region xml:id="r" tts:position="right" tts:extent="50% 20%"/></layout>`, `<div><p region="r">a</p></div>`, "50,40 50x20 a"},
		{"position by one edge of the other axis", "", `<layout><region xml:id="r" tts:position="bottom" tts:extent="50% 20%"/></layout>`, `<div><p region="r">a</p></div>`, "25,80 50x20 a"},
		{"position by two", "", `<layout><region xml:id="r" tts:position="100% 0%" tts:extent="50% 20%"/></layout>`, `<div><p region="r">a</p></div>`, "50,0 50x20 a"},
		{"position by four", "", `<layout><region xml:id="r" tts:position="right 10rw bottom 20rh" tts:extent="50% 20%"/></layout>`, `<div><p region="r">a</p></div>`, "40,60 50x20 a"},
		{"not associated", "", `<layout><region xml:id="r"/></layout>`, `<div><p>a</p></div>`, ""},
		{"of a span", "", `<layout><region xml:id="r" tts:origin="10% 10%" tts:extent="50% 50%"/></layout>`, `<div><p>no<span region="r">yes</span></p></div>`, "10,10 50x50 yes"},
		{"of another region", "", `<layout><region xml:id="r"/><region xml:id="s"/></layout>`, `<div region="r"><p region="s">no</p><p>yes</p></div>`, "0,0 100x100 yes"},
		{"nested styles", "", `<layout><region xml:id="r"><style tts:origin="10% 20%"/><style tts:extent="30% 40%"/></region></layout>`, `<div><p region="r">a</p></div>`, "10,20 30x40 a"},
		{"inside of an element", "", `<layout><region xml:id="r"/></layout>`, `<div><region tts:origin="50% 0%" tts:extent="50% 10%"/><p>a</p></div>`, "50,0 50x10 a"},
		{"place of an element", "", `<layout><region xml:id="r" tts:extent="50% 10%"/></layout>`, `<div region="r"><p tts:origin="20% 30%">a</p></div>`, "20,30 50x10 a"},
		{"background always", "", `<layout><region xml:id="r" tts:backgroundColor="red" tts:extent="50% 10%"/></layout>`, `<div/>`, "0,0 50x10 "},
		{"background when active", "", `<layout><region xml:id="r" tts:backgroundColor="red" tts:showBackground="whenActive"/></layout>`, `<div/>`, ""},
		{"timed", "", `<layout><region xml:id="r" begin="5s"/></layout>`, `<div><p end="3s" region="r">a</p></div>`, ""},
		{"narrow in a wide picture", `ittp:aspectRatio="4 3"`, "", `<div><p>a</p></div>`, "12.5,0 75x100 a"},
		{"wide in a picture", `ttp:displayAspectRatio="32 9"`, "", `<div><p>a</p></div>`, "0,25 100x50 a"},
		{"not displayed", "", `<layout><region xml:id="r" tts:display="none"/></layout>`, `<div><p region="r">a</p></div>`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, c := range parse(t, doc(test.attrs, test.head, test.body), ttml.Options{}) {
				got = append(got, box(c.Rect)+" "+text(c))
			}
			if g := strings.Join(got, ", "); g != test.want {
				t.Errorf("got %q, want %q", g, test.want)
			}
		})
	}
}

// style1 is the style of the first span of a document that has one paragraph.
func style1(t *testing.T, attrs, head, body string) (cue.Cue, cue.Block, cue.Style) {
	t.Helper()
	cues := parse(t, doc(attrs, head, body), ttml.Options{})
	if len(cues) == 0 || len(cues[0].Blocks) == 0 || len(cues[0].Blocks[0].Spans) == 0 {
		t.Fatalf("no text in %+v", cues)
	}
	return cues[0], cues[0].Blocks[0], cues[0].Blocks[0].Spans[0].Style
}

func TestStyles(t *testing.T) {
	about := func(x, y float64) bool { return math.Abs(x-y) < 1e-9 }
	yellow := cue.Color{R: 255, G: 255, A: 255}
	for _, test := range []struct {
		name, attrs, head, body string
		ok                      func(c cue.Cue, b cue.Block, s cue.Style) bool
	}{
		{"initial values", "", "", `<div><p>a</p></div>`, func(c cue.Cue, b cue.Block, s cue.Style) bool {
			return s.Color == cue.Color{R: 255, G: 255, B: 255, A: 255} && about(s.Size, 1.0/15) && !s.Bold && !s.Italic && b.Align == cue.Start &&
				b.MultiRow == cue.Justify && b.Direction == cue.LTR && b.LineHeight == 0 && c.Area.Display == cue.Start && s.Families[0] == "monospaceSerif" && s.Language == "en"
		}},
		{"changed initial values", "", `<styling><initial tts:color="yellow" tts:fontSize="2c"/></styling>`, `<div><p>a</p></div>`,
			func(_ cue.Cue, _ cue.Block, s cue.Style) bool { return s.Color == yellow && about(s.Size, 2.0/15) }},
		{"by reference, chained", "", `<styling><style xml:id="a" tts:color="yellow" tts:fontStyle="italic"/><style xml:id="b" style="a" tts:fontStyle="normal"/></styling>`,
			`<div><p style="b">a</p></div>`, func(_ cue.Cue, _ cue.Block, s cue.Style) bool { return s.Color == yellow && !s.Italic }},
		{"later references win, own attributes over all", "", `<styling><style xml:id="a" tts:color="red" tts:fontWeight="bold"/><style xml:id="b" tts:color="blue" tts:fontStyle="italic"/></styling>`,
			`<div><p style="a b" tts:fontStyle="normal">a</p></div>`,
			func(_ cue.Cue, _ cue.Block, s cue.Style) bool {
				return s.Color == cue.Color{B: 255, A: 255} && s.Bold && !s.Italic
			}},
		{"of the region", "", `<layout><region xml:id="r" tts:color="yellow" tts:textAlign="center"/></layout>`, `<div><p region="r">a</p></div>`,
			func(_ cue.Cue, b cue.Block, s cue.Style) bool { return s.Color == yellow && b.Align == cue.Center }},
		{"sizes are of what they are in", "", "", `[tts:fontSize="200%"]<div tts:fontSize="50%"><p><span tts:fontSize="3em">a</span></p></div>`,
			func(_ cue.Cue, _ cue.Block, s cue.Style) bool { return about(s.Size, 3.0/15) }},
		{"stretched", "", "", `<div><p tts:fontSize="1c 2c">a</p></div>`,
			func(_ cue.Cue, _ cue.Block, s cue.Style) bool {
				return about(s.Size, 2.0/15) && about(s.Stretch, 16.0/9/32*15/2)
			}},
		{"stretched by percent", "", "", `<div><p tts:fontSize="200% 100%">a</p></div>`,
			func(_ cue.Cue, _ cue.Block, s cue.Style) bool { return about(s.Size, 1.0/15) && about(s.Stretch, 2) }},
		{"in pixels", `tts:extent="640px 480px"`, "", `<div><p tts:fontSize="48px">a</p></div>`, func(_ cue.Cue, _ cue.Block, s cue.Style) bool { return about(s.Size, 0.1) }},
		{"smaller in a low container", `ttp:displayAspectRatio="32 9"`, "", `<div><p tts:fontSize="10rh" tts:lineHeight="120%">a</p></div>`,
			func(_ cue.Cue, b cue.Block, s cue.Style) bool {
				return about(s.Size, 0.05) && about(b.LineHeight, 0.06)
			}},
		{"no line height", "", "", `<div><p tts:lineHeight="0px">a</p></div>`, func(_ cue.Cue, b cue.Block, _ cue.Style) bool { return b.LineHeight > 0 && b.LineHeight < 0.001 }},
		{"lines of small spans", "", "", `<div><p tts:fontSize="2c"><span tts:fontSize="50%">a</span></p></div>`,
			func(_ cue.Cue, b cue.Block, s cue.Style) bool { return about(b.Size, 2.0/15) && about(s.Size, 1.0/15) }},
		{"lines of a low container", `ttp:displayAspectRatio="32 9"`, "", `<div><p tts:fontSize="10rh">a</p></div>`,
			func(_ cue.Cue, b cue.Block, _ cue.Style) bool { return about(b.Size, 0.05) }},
		{"room for ruby", "", "", `<div tts:rubyReserve="before 75%"><p tts:fontSize="2c">a</p></div>`,
			func(_ cue.Cue, b cue.Block, _ cue.Style) bool {
				return about(b.Reserve[0], 0.05) && b.Reserve[1] == 0 && !b.ReserveOutside // the length is that of the div
			}},
		{"room for ruby of half the size", "", "", `<div><p tts:fontSize="2c" tts:rubyReserve="outside">a</p></div>`,
			func(_ cue.Cue, b cue.Block, _ cue.Style) bool {
				return about(b.Reserve[0], 1.0/15) && about(b.Reserve[1], 1.0/15) && b.ReserveOutside
			}},
		{"room for ruby behind lines", "", "", `<div><p tts:rubyReserve="after 5rh">a</p></div>`,
			func(_ cue.Cue, b cue.Block, _ cue.Style) bool { return b.Reserve == [2]float64{0, 0.05} }},
		{"no more room for ruby", "", "", `<div tts:rubyReserve="both"><p tts:rubyReserve="none">a</p></div>`,
			func(_ cue.Cue, b cue.Block, _ cue.Style) bool { return b.Reserve == [2]float64{} && !b.ReserveOutside }},
		{"shear", "", "", `<div tts:shear="50%"><p>a</p></div>`, func(_ cue.Cue, _ cue.Block, s cue.Style) bool { return about(s.Shear, 1) }},
		{"shear to the other side", "", "", `<div tts:shear="50%"><p tts:shear="-50%">a</p></div>`, func(_ cue.Cue, _ cue.Block, s cue.Style) bool { return about(s.Shear, -1) }},
		{"shear that is a line", "", "", `<div><p tts:shear="100%">a</p></div>`, func(_ cue.Cue, _ cue.Block, s cue.Style) bool { return s.Shear > 4 && s.Shear < 5 }},
		{"ruby on both sides", "", "", `<div><p><span tts:ruby="container"><span tts:ruby="baseContainer"><span tts:ruby="base">a</span></span>` +
			`<span tts:ruby="textContainer" tts:rubyPosition="before"><span tts:ruby="text">b</span></span>` +
			`<span tts:ruby="textContainer" tts:rubyPosition="after"><span tts:ruby="text">c</span></span></span></p></div>`,
			func(_ cue.Cue, b cue.Block, _ cue.Style) bool {
				r := b.Spans[0].Ruby
				return r.Text == "b" && !r.After && r.Other.Text == "c" && r.Other.After && r.Other.Other == nil && about(r.Other.Style.Size, 1.0/30)
			}},
		{"ruby on both sides, the lower one first", "", "", `<div><p><span tts:ruby="container"><span tts:ruby="baseContainer"><span tts:ruby="base">a</span></span>` +
			`<span tts:ruby="textContainer" tts:rubyPosition="after"><span tts:ruby="text">b</span></span>` +
			`<span tts:ruby="textContainer"><span tts:ruby="text">c</span></span></span></p></div>`,
			func(_ cue.Cue, b cue.Block, _ cue.Style) bool {
				r := b.Spans[0].Ruby
				return r.Text == "b" && r.After && r.Other.Text == "c" && !r.Other.After
			}},
		{"line height", "", "", `<div tts:lineHeight="150%"><p tts:fontSize="2c">a</p></div>`, func(_ cue.Cue, b cue.Block, _ cue.Style) bool { return about(b.LineHeight, 0.1) }},
		{"families", "", "", `<div><p tts:fontFamily="'Some Font', proportionalSansSerif, default, 'default'">a</p></div>`,
			func(_ cue.Cue, _ cue.Block, s cue.Style) bool {
				return fmt.Sprint(s.Families) == "[Some Font proportionalSansSerif monospaceSerif default]"
			}},
		{"decoration adds up", "", "", `<div><p tts:textDecoration="underline overline"><span tts:textDecoration="lineThrough noOverline">a</span></p></div>`,
			func(_ cue.Cue, _ cue.Block, s cue.Style) bool { return s.Underline && s.Strike && !s.Overline }},
		{"no decoration", "", "", `<div><p tts:textDecoration="underline"><span tts:textDecoration="none">a</span></p></div>`,
			func(_ cue.Cue, _ cue.Block, s cue.Style) bool { return !s.Underline }},
		{"outline", "", "", `<div><p tts:textOutline="yellow 10%">a</p></div>`,
			func(_ cue.Cue, _ cue.Block, s cue.Style) bool {
				return about(s.Outline, 0.1/15) && s.OutlineColor == yellow
			}},
		{"outline in the color of the text", "", "", `<div><p tts:color="yellow" tts:textOutline="0.1em">a</p></div>`,
			func(_ cue.Cue, _ cue.Block, s cue.Style) bool {
				return about(s.Outline, 0.1/15) && s.OutlineColor == yellow
			}},
		{"shadows", "", "", `<div><p tts:textShadow="10% 20% rgba(255,255,0,255), 1em 1em 50%">a</p></div>`, func(_ cue.Cue, _ cue.Block, s cue.Style) bool {
			return len(s.Shadows) == 2 && about(s.Shadows[0].X, 0.1/15) && about(s.Shadows[0].Y, 0.2/15) && s.Shadows[0].Color == yellow && about(s.Shadows[1].Blur, 0.5/15)
		}},
		{"emphasis", "", "", `<div><p tts:textEmphasis="open sesame yellow after">a</p></div>`,
			func(_ cue.Cue, _ cue.Block, s cue.Style) bool {
				return s.Emphasis == "﹆" && s.EmphasisColor == yellow && s.EmphasisAfter
			}},
		{"emphasis by itself", "", `<layout><region xml:id="r" tts:writingMode="tbrl"/></layout>`, `<div region="r"><p tts:textEmphasis="auto">a</p></div>`,
			func(c cue.Cue, _ cue.Block, s cue.Style) bool {
				return s.Emphasis == "﹅" && c.Area.Writing == cue.VerticalRL
			}},
		{"emphasis by a character", "", "", `<div><p tts:textEmphasis="'x'">a</p></div>`, func(_ cue.Cue, _ cue.Block, s cue.Style) bool { return s.Emphasis == "x" }},
		{"combined", "", "", `<div><p><span tts:textCombine="all">12</span></p></div>`, func(_ cue.Cue, _ cue.Block, s cue.Style) bool { return s.Combine }},
		{"hidden", "", "", `<div tts:visibility="hidden"><p>a</p></div>`, func(_ cue.Cue, _ cue.Block, s cue.Style) bool { return s.Hidden }},
		{"shown in what is hidden", "", "", `<div tts:visibility="hidden" tts:backgroundColor="red"><p><span tts:visibility="visible">a</span></p></div>`,
			func(_ cue.Cue, b cue.Block, s cue.Style) bool { return !s.Hidden && b.Background == cue.Color{} }},
		{"backgrounds", "", "", `[tts:backgroundColor="#ff0000"]<div><p tts:backgroundColor="#0000ff80"><span tts:backgroundColor="yellow"><span>a</span></span></p></div>`,
			func(_ cue.Cue, b cue.Block, s cue.Style) bool {
				return b.Background == cue.Color{R: 127, B: 128, A: 255} && s.Background == yellow
			}},
		{"opacity", "", `<layout><region xml:id="r" tts:opacity="0.5"/></layout>`, `<div region="r"><p tts:opacity="0.5"><span tts:opacity="0.5">a</span></p></div>`,
			func(c cue.Cue, _ cue.Block, s cue.Style) bool {
				return c.Area.Transparency == 0.5 && s.Transparency == 0.75
			}},
		{"color without opacity", "", "", `<div><p tts:color="transparent">a</p></div>`,
			func(_ cue.Cue, _ cue.Block, s cue.Style) bool { return s.Color.A == 0 && s.Color != cue.Color{} }},
		{"wrapping", "", "", `<div><p tts:wrapOption="noWrap">a</p></div>`, func(_ cue.Cue, b cue.Block, _ cue.Style) bool { return b.NoWrap }},
		{"wrapping in part", "", "", `<div><p tts:wrapOption="noWrap">a<span tts:wrapOption="wrap">b</span></p></div>`, func(_ cue.Cue, b cue.Block, _ cue.Style) bool { return !b.NoWrap }},
		{"padding of lines", "", "", `<div ebutts:linePadding="0.5c" ebutts:multiRowAlign="center" itts:fillLineGap="true"><p tts:textAlign="end">a</p></div>`,
			func(_ cue.Cue, b cue.Block, _ cue.Style) bool {
				return about(b.LinePadding, 0.5/32*16/9) && b.MultiRow == cue.Center && b.FillLineGap && b.Align == cue.End
			}},
		{"padding of regions", "", `<layout><region xml:id="r" tts:extent="50% 40%" tts:padding="10% 20% 5%"/></layout>`, `<div><p region="r">a</p></div>`,
			func(c cue.Cue, _ cue.Block, _ cue.Style) bool {
				p := c.Area.Padding
				return about(p[0], 0.04) && about(p[1], 0.1) && about(p[2], 0.02) && about(p[3], 0.1)
			}},
		{"padding of vertical regions", "", `<layout><region xml:id="r" tts:extent="50% 40%" tts:writingMode="tblr" tts:padding="10% 20%"/></layout>`, `<div><p region="r">a</p></div>`,
			func(c cue.Cue, _ cue.Block, _ cue.Style) bool {
				p := c.Area.Padding
				return about(p[0], 0.05) && about(p[1], 0.08) && c.Area.Writing == cue.VerticalLR
			}},
		{"from right to left", "", `<layout><region xml:id="r" tts:writingMode="rltb"/></layout>`, `<div><p region="r">a</p></div>`,
			func(c cue.Cue, b cue.Block, _ cue.Style) bool { return c.Area.RightToLeft && b.Direction == cue.RTL }},
		{"overridden", "", "", `<div><p><span tts:direction="rtl" tts:unicodeBidi="bidiOverride">a</span></p></div>`,
			func(_ cue.Cue, b cue.Block, s cue.Style) bool {
				return b.Direction == cue.LTR && s.Override && s.Direction == cue.RTL
			}},
		{"embedded", "", "", `<div><p tts:direction="rtl"><span tts:direction="ltr" tts:unicodeBidi="embed">a</span></p></div>`,
			func(_ cue.Cue, b cue.Block, s cue.Style) bool {
				return b.Direction == cue.RTL && s.Embed && !s.Override && s.Direction == cue.LTR
			}},
		{"area", "", `<layout><region xml:id="r" tts:displayAlign="after" tts:overflow="visible" tts:zIndex="3" tts:backgroundColor="rgba(0,0,0,127)"/></layout>`, `<div><p region="r">a</p></div>`,
			func(c cue.Cue, _ cue.Block, _ cue.Style) bool {
				return c.Area.Display == cue.End && c.Area.Overflow && c.Layer == 3 && c.Area.Background == cue.Color{A: 127} && c.ID == "r"
			}},
		{"language", "", "", `<div xml:lang="ja"><p>a</p></div>`, func(_ cue.Cue, _ cue.Block, s cue.Style) bool { return s.Language == "ja" }},
		{"forced", "", "", `<div itts:forcedDisplay="true"><p>a</p></div>`, func(c cue.Cue, _ cue.Block, _ cue.Style) bool { return c.Forced }},
	} {
		t.Run(test.name, func(t *testing.T) {
			if c, b, s := style1(t, test.attrs, test.head, test.body); !test.ok(c, b, s) {
				t.Errorf("got %+v", c)
			}
		})
	}
}

// TestLayers sees that regions lie over each other by their index, then in the order of the document.
func TestLayers(t *testing.T) {
	cues := parse(t, doc("", `<layout><region xml:id="a" tts:zIndex="1"/><region xml:id="b" tts:zIndex="-1"/><region xml:id="c"/><region xml:id="d"/></layout>`,
		`<div><p region="d">d</p><p region="c" begin="1s">c</p><p region="b" begin="2s">b</p><p region="a">a</p></div>`), ttml.Options{})
	slices.SortStableFunc(cues, func(x, y cue.Cue) int { return x.Layer - y.Layer })
	got := ""
	for _, c := range cues {
		got += text(c)
	}
	if got != "bcda" {
		t.Errorf("got %q, want bcda", got)
	}
}

func TestAnimation(t *testing.T) {
	cues := parse(t, doc("", "", `<div><p end="4s"><set begin="1s" end="2s" tts:color="red"/><set begin="3s" tts:visibility="hidden"/>a</p></div>`), ttml.Options{})
	var got []string
	for _, c := range cues {
		s := c.Blocks[0].Spans[0].Style
		got = append(got, fmt.Sprintf("%s %d %v", when(c), s.Color.G, s.Hidden))
	}
	if fmt.Sprint(got) != "[0-1 255 false 1-2 0 false 2-3 255 false 3-4 255 true]" {
		t.Errorf("got %v", got)
	}
	cues = parse(t, doc("", `<layout><region xml:id="r" tts:origin="0% 0%" tts:extent="50% 50%"><set begin="1s" tts:origin="50% 50%"/></region></layout>`,
		`<div><p end="4s" region="r">a</p></div>`), ttml.Options{})
	if len(cues) != 2 || cues[0].Rect.X != 0 || cues[1].Rect.X != 0.5 {
		t.Errorf("a region that moves: got %+v", cues)
	}
}

func TestSpace(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"collapsed", "<div><p>  a \n\t b  <span> c </span> d  </p></div>", "a b c d"},
		{"around breaks", "<div><p> a <br/> b <span> </span><br/></p></div>", "a/b/"},
		{"kept", `<div><p xml:space="preserve">  a  b </p></div>`, "  a  b "},
		{"line feeds kept", "<div><p xml:space=\"preserve\">a\nb</p></div>", "a/b"},
		{"kept in part", `<div><p> a <span xml:space="preserve">  b </span> c</p></div>`, "a   b c"},
		{"only blanks", "<div><p> \n <span> </span></p></div>", ""},
		{"a blank between spans", "<div><p><span>a</span> <span>b</span></p></div>", "a b"},
		{"foreign elements", "<div><p>a<f:x>no</f:x>b</p><f:y><p>no</p></f:y></div>", "ab"},
		{"metadata", `<div><metadata><p>no</p></metadata><p>a</p></div>`, "a"},
		{"comments and sections", "<div><p>a<!-- no --><![CDATA[<b>]]></p></div>", "a<b>"},
		{"ruby", `<div><p>x<span tts:ruby="container"><span tts:ruby="base">漢</span> <span tts:ruby="delimiter">(</span><span tts:ruby="text"> kan </span><span tts:ruby="delimiter">)</span></span>y</p></div>`, "x漢{kan}y"},
		{"ruby of several", `<div><p><span tts:ruby="container"><span tts:ruby="baseContainer"><span tts:ruby="base">漢</span><span tts:ruby="base">字</span></span>` +
			`<span tts:ruby="textContainer"><span tts:ruby="text">kan</span><span tts:ruby="text">ji</span></span></span></p></div>`, "漢{kan}字{ji}"},
	} {
		got := ""
		for _, c := range parse(t, doc("", "", test.body), ttml.Options{}) {
			got += text(c)
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestRuby(t *testing.T) {
	_, b, _ := style1(t, "", "", `<div><p tts:rubyAlign="spaceAround"><span tts:ruby="container"><span tts:ruby="base">漢</span><span tts:ruby="text" tts:rubyPosition="after">kan</span></span></p></div>`)
	r := b.Spans[0].Ruby
	_, two, _ := style1(t, "", "", `<div><p>`+strings.Repeat(`<span tts:ruby="container"><span tts:ruby="base">漢</span><span tts:ruby="text">kan</span></span><br/>`, 2)+`</p></div>`)
	if two.Spans[0].Ruby.After || two.Spans[0].Text != "漢" {
		t.Errorf("the first of two lines: got %+v", two.Spans)
	}
	_, two, _ = style1(t, "", "", `<div><p>a<br/><span tts:ruby="container"><span tts:ruby="base">漢</span><span tts:ruby="text">kan</span></span></p></div>`)
	if last := two.Spans[len(two.Spans)-1]; last.Ruby == nil || !last.Ruby.After {
		t.Errorf("the second of two lines: got %+v", two.Spans)
	}
	if r == nil || !r.After || r.Align != cue.Justify || math.Abs(r.Style.Size-0.5/15) > 1e-9 {
		t.Errorf("got %+v", r)
	}
}

// TestForced sees that what is to be shown always and what is not are cues of their own, at the same places.
func TestForced(t *testing.T) {
	cues := parse(t, doc("", "", `<div><p>a<span itts:forcedDisplay="true">b</span></p></div>`), ttml.Options{})
	if len(cues) != 2 || !cues[0].Forced || text(cues[0]) != "~ab" || cues[1].Forced || text(cues[1]) != "a~b" {
		t.Errorf("got %+v", cues)
	}
}

// picture is a PNG of one color.
func picture(t testing.TB, w, h int) []byte {
	t.Helper()
	im := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		im.Set(i%w, i/w, color.NRGBA{R: 200, G: 100, B: 50, A: 128})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestImages(t *testing.T) {
	b := picture(t, 4, 2)
	text64 := base64.StdEncoding.EncodeToString(b)
	broken := text64[:20] + "\n  " + text64[20:]
	region := `<layout><region xml:id="r" tts:origin="25% 25%" tts:extent="50% 50%"/></layout>`
	for _, test := range []struct{ name, head, body, want string }{
		{"another file", region, `<div begin="1s" end="2s" region="r" smpte:backgroundImage="a.png"/>`, "1-2 25,25 50x50 (4×2)"},
		{"SMPTE, part of the document", `<metadata><smpte:image xml:id="i" imageType="PNG" encoding="Base64">` + broken + `</smpte:image></metadata>` + region,
			`<div region="r" smpte:backgroundImage="#i"/>`, "0-… 25,25 50x50 (4×2)"},
		{"an image element", region, `<div region="r"><image src="a.png" type="image/png" tts:extent="25% 10%"/></div>`, "0-… 25,25 25x10 (4×2)"},
		{"a data URL", region, `<div region="r"><image src="data:image/png;base64,` + text64 + `"/></div>`, "0-… 25,25 50x50 (4×2)"},
		{"a resource", `<resources><data xml:id="d" type="image/png" encoding="base64"><chunk>` + text64[:40] + `</chunk><chunk>` + text64[40:] + `</chunk></data></resources>` + region,
			`<div region="r"><image src="#d"/></div>`, "0-… 25,25 50x50 (4×2)"},
		{"before a background", strings.Replace(region, `"r"`, `"r" tts:backgroundColor="white" tts:showBackground="whenActive"`, 1), `<div begin="1s" end="2s" region="r" smpte:backgroundImage="a.png"/>`, "1-2 25,25 50x50 , 1-2 25,25 50x50 (4×2)"},
		{"a source", region, `<div region="r"><image><source src="a.png"/></image></div>`, "0-… 25,25 50x50 (4×2)"},
	} {
		var got []string
		for _, c := range parse(t, doc("", test.head, test.body), ttml.Options{Image: func(src string) ([]byte, error) {
			if src != "a.png" {
				return nil, errors.New("no such file")
			}
			return b, nil
		}}) {
			got = append(got, when(c)+" "+box(c.Rect)+" "+text(c))
			if c.Image != nil && !bytes.Equal(c.Image.Pixels[:4], []byte{200, 100, 50, 128}) {
				t.Errorf("%s: got pixels %v", test.name, c.Image.Pixels[:4])
			}
		}
		if g := strings.Join(got, ", "); g != test.want {
			t.Errorf("%s: got %q, want %q", test.name, g, test.want)
		}
	}
}

// TestSample_Pictures sees that the pictures behind a document in a sample are found.
func TestSample_Pictures(t *testing.T) {
	d := doc("", `<layout><region xml:id="r"/></layout>`, `<div region="r" end="1s" smpte:backgroundImage="urn:mpeg:14496-30:subs:2"/><div region="r" begin="1s" end="2s" smpte:backgroundImage="urn:mpeg:14496-30:subs:3"/>`)
	b := append([]byte(d+"\n"), picture(t, 1, 1)...)
	b = append(b, picture(t, 3, 2)...)
	cues, warnings, err := ttml.Parse(append(b, picture(t, 9, 9)[:50]...), ttml.Options{})
	if err != nil || len(cues) != 1 || text(cues[0]) != "(3×2)" {
		t.Errorf("got %v, %v", cues, err)
	}
	if len(warnings) != 1 || !strings.HasSuffix(warnings[0].Text, "the sample has 2 pictures") {
		t.Errorf("got warnings %v", warnings)
	}
}

func TestEncodings(t *testing.T) {
	d := doc("", "", `<div><p>äあ</p></div>`)
	utf16le := []byte{0xff, 0xfe}
	utf16be := []byte{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(`<?xml version="1.0" encoding="UTF-16"?>` + d)) {
		utf16le = append(utf16le, byte(u), byte(u>>8))
		utf16be = append(utf16be, byte(u>>8), byte(u))
	}
	for name, b := range map[string]string{"mark": "\ufeff" + d, "declared": `<?xml version="1.0" encoding="utf-8"?>` + d, "UTF-16LE": string(utf16le), "UTF-16BE": string(utf16be)} {
		if got := text(parse(t, b, ttml.Options{})[0]); got != "äあ" {
			t.Errorf("%s: got %q", name, got)
		}
	}
	old := `<tt xmlns="http://www.w3.org/2006/10/ttaf1" xmlns:s="http://www.w3.org/2006/10/ttaf1#style"><body><div><p s:color="red">old</p></div></body></tt>`
	if c := parse(t, old, ttml.Options{}); text(c[0]) != "old" || c[0].Blocks[0].Spans[0].Style.Color.G != 0 {
		t.Errorf("a draft: got %+v", c)
	}
	prefixed := `<x:tt xmlns:x="http://www.w3.org/ns/ttml"><x:body><x:div><x:p>p</x:p></x:div></x:body></x:tt>`
	if c := parse(t, prefixed, ttml.Options{}); text(c[0]) != "p" {
		t.Errorf("a prefix: got %+v", c)
	}
}

func TestWarnings(t *testing.T) {
	loop := `<styling><style xml:id="a" style="b" tts:color="red"/><style xml:id="b" style="a"/></styling>`
	for _, test := range []struct{ name, doc, want string }{
		{"a time", doc("", "", `<div><p begin="soon">a</p></div>`), `3: begin="soon" is no time and left out`},
		{"an endless time", doc("", "", `<div><p end="99999999999h">a</p></div>`), `3: end="99999999999h" is no time and left out`},
		{"a style value", doc("", "", `<div><p tts:color="reddish">a</p></div>`), `3: tts:color="reddish" is not understood and left out`},
		{"a parameter", doc(`ttp:frameRate="-3"`, "", `<div><p>a</p></div>`), `3: ttp:frameRate="-3" is not understood and left out`},
		{"a missing style", doc("", "", `<div><p style="s">a</p></div>`), `3: there is no style "s"`},
		{"a missing region", doc("", "", `<div><p>a</p></div><div><p region="q">b</p></div>`), `3: there is no region "q"`},
		{"a circle", doc("", loop, `<div><p style="a">a</p></div>`), `3: the style "a" refers to itself`},
		{"a picture", doc("", "", `<div><p>a</p></div><div smpte:backgroundImage="x.png"/>`), `3: the picture "x.png" is left out: it is not part of the document, and nothing gets other files`},
		{"a damaged picture", doc("", "", `<div><p>a</p></div><div smpte:backgroundImage="data:image/png;base64,aGVsbG8sIHdvcmxk"/>`), `3: the picture "data:image/png;base64,aGVsbG8sIHdvcmxk" is left out: it is no PNG: png: invalid format: not a PNG file`},
	} {
		cues, warnings, err := ttml.Parse([]byte(test.doc), ttml.Options{})
		got := ""
		if len(warnings) > 0 {
			got = fmt.Sprintf("%d: %s", warnings[0].Line, warnings[0].Text)
		}
		if err != nil || got != test.want || len(warnings) != 1 || len(cues) == 0 || !strings.HasPrefix(text(cues[0]), "a") {
			t.Errorf("%s: got %v, %v, %d cues; want %q", test.name, warnings, err, len(cues), test.want)
		}
	}
	_, warnings, err := ttml.Parse([]byte(doc("", "", "<div>"+strings.Repeat(`<p begin="x"/>`, 1000)+"</div>")), ttml.Options{})
	if err != nil || len(warnings) != 101 || warnings[100].Text != "900 more" {
		t.Errorf("many: got %d, %v", len(warnings), err)
	}
}

// TestEncodings_Old reads what browsers take for Windows-1252.
func TestEncodings_Old(t *testing.T) {
	for _, name := range []string{"windows-1252", "ISO-8859-1"} {
		cues := parse(t, `<?xml version="1.0" encoding="`+name+`"?>`+doc("", "", "<div><p begin=\"0s\" end=\"1s\">caf\xe9 \x93a\x94</p></div>"), ttml.Options{})
		if len(cues) != 1 || text(cues[0]) != "café “a”" {
			t.Errorf("%s: %+v", name, cues)
		}
	}
}

func TestErrors(t *testing.T) {
	many := func(n int, f string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, f, i)
		}
		return b.String()
	}
	for _, test := range []struct{ name, doc, want string }{
		{"nothing", "", "ttml: no tt element: this is not a TTML document"},
		{"not XML", "1\n00:00:01,000 --> 00:00:02,000\nx", "ttml: no tt element: this is not a TTML document"},
		{"another language", "<html><body/></html>", `ttml: line 1: the document is a "html" of "", not a tt of "http://www.w3.org/ns/ttml"`},
		{"cut off", doc("", "", "")[:200], "ttml: line 2: XML syntax error on line 2: unexpected EOF"},
		{"entities", `<!DOCTYPE x [<!ENTITY a "aaaa">]>` + doc("", "", "<div><p>&a;&a;</p></div>"), "ttml: line 3: XML syntax error on line 3: invalid character entity &a;"},
		{"half of UTF-16", "\xff\xfea", "ttml: the document is UTF-16 but has an odd number of bytes: it is cut off"},
		{"another encoding", `<?xml version="1.0" encoding="ebcdic"?><tt/>`, "ttml: line 1: xml: opening charset \"ebcdic\": the encoding \"ebcdic\" is not known: use UTF-8"},
		{"depth", doc("", "", strings.Repeat("<div>", 200)), "ttml: line 3: elements are nested deeper than 100"},
		{"foreign depth", doc("", "", strings.Repeat("<f:x>", 200)), "ttml: line 3: elements are nested deeper than 100"},
		{"elements", doc("", "", "<div>"+strings.Repeat("<p/>", 200_001)+"</div>"), "ttml: line 3: more than 200000 elements"},
		{"moments", doc("", "", "<div>"+many(50_001, `<p begin="%ds"/>`)+"</div>"), "ttml: the document changes at 50001 moments, at most 50000 are shown: split it"},
		{"everything at all moments", doc("", "", `<div>`+strings.Repeat(`<p tts:display="none">x</p>`, 5000)+many(10000, `<p begin="%ds" dur="1s">y</p>`)+"</div>"),
			"ttml: the document has too many elements that are active at too many moments (more than 5000000 visits): split it"},
		{"text", doc("", "", `<div><p>`+strings.Repeat("x", 100_000)+many(200, `<span begin="%ds">y</span>`)+"</p></div>"),
			"ttml: the document makes more text than 500000 spans or 8388608 bytes: split it"},
		{"styles", doc("", `<styling><style xml:id="s" `+`tts:color="red" tts:opacity="1" tts:origin="auto" tts:extent="auto" tts:display="auto" tts:ruby="none" tts:direction="ltr" tts:fontSize="1c" tts:lineHeight="normal" tts:textAlign="end"`+`/></styling>`,
			"<div>"+strings.Repeat(`<p style="s" tts:visibility="hidden"/>`, 150_000)+"</div>"), "ttml: the elements refer to more than 1000000 properties of styles"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := ttml.Parse([]byte(test.doc), ttml.Options{})
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if _, _, err := ttml.Parse(make([]byte, 33<<20), ttml.Options{}); err == nil || !strings.Contains(err.Error(), "33554432") {
		t.Errorf("size: got %v", err)
	}
}

// TestLarge sees that much of one kind costs no more than its length.
func TestLarge(t *testing.T) {
	pic := base64.StdEncoding.EncodeToString(picture(t, 2, 2))
	for _, test := range []struct{ name, head, body, want string }{
		{"breaks", "", `<div><p>` + strings.Repeat("<br/>", 100_000) + `</p></div>`, strings.Repeat("/", 100_000)},
		{"ruby", "", `<div><p><span tts:ruby="container"><span tts:ruby="base">` + strings.Repeat("<span>x</span>", 20_000) + `</span><span tts:ruby="text">` +
			strings.Repeat("<span>y</span>", 20_000) + `</span></span></p></div>`, strings.Repeat("x", 20_000) + "{" + strings.Repeat("y", 20_000) + "}"},
		{"animations", "", `<div><p>` + strings.Repeat(`<set tts:color="red"/>`, 50_000) + `x</p></div>`, "x"},
		{"pieces", `<metadata><smpte:image xml:id="i">` + strings.Repeat(" <!-- -->", 100_000) + pic + `</smpte:image></metadata>`, `<div smpte:backgroundImage="#i"/>`, "(2×2)"},
		{"spans", "", `<div><p>` + strings.Repeat("<span>x</span>", 50_000) + `</p></div>`, strings.Repeat("x", 50_000)},
	} {
		if cues := parse(t, doc("", test.head, test.body), ttml.Options{}); len(cues) != 1 || text(cues[0]) != test.want {
			t.Errorf("%s: got %d cues", test.name, len(cues))
		}
	}
}

// TestProfiles reads whole documents as broadcasters make them.
func TestProfiles(t *testing.T) {
	ebu := `<?xml version="1.0" encoding="UTF-8"?><tt:tt xmlns:tt="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xmlns:tts="http://www.w3.org/ns/ttml#styling"
 xmlns:ebuttm="urn:ebu:tt:metadata" xmlns:ebutts="urn:ebu:tt:style" ttp:timeBase="media" xml:lang="de" ttp:cellResolution="50 30"><tt:head>
 <tt:metadata><ebuttm:documentMetadata><ebuttm:conformsToStandard>urn:ebu:tt:distribution:2014-01</ebuttm:conformsToStandard></ebuttm:documentMetadata></tt:metadata>
 <tt:styling><tt:style xml:id="d" tts:fontFamily="Verdana, Arial, sansSerif" tts:fontSize="160%" tts:lineHeight="125%" ebutts:linePadding="0.5c"/>
 <tt:style xml:id="c" tts:textAlign="center"/><tt:style xml:id="w" tts:color="#ffffffff" tts:backgroundColor="#000000c2"/></tt:styling>
 <tt:layout><tt:region xml:id="b" tts:origin="10% 10%" tts:extent="80% 80%" tts:displayAlign="after"/></tt:layout></tt:head>
 <tt:body><tt:div style="d"><tt:p xml:id="s1" region="b" style="c" begin="00:00:02.000" end="00:00:04.280"><tt:span style="w">Erste Zeile</tt:span><tt:br/><tt:span style="w">zweite</tt:span></tt:p></tt:div></tt:body></tt:tt>`
	cues := parse(t, ebu, ttml.Options{})
	if len(cues) != 1 || when(cues[0])+" "+text(cues[0])+" "+box(cues[0].Rect) != "2-4.28 Erste Zeile/zweite 10,10 80x80" {
		t.Fatalf("EBU-TT-D: got %+v", cues)
	}
	if b := cues[0].Blocks[0]; b.Align != cue.Center || math.Abs(b.Spans[0].Style.Size-1.6/30) > 1e-9 || math.Abs(b.LineHeight-2.0/30) > 1e-9 ||
		math.Abs(b.LinePadding-0.01*16/9) > 1e-9 || b.Spans[0].Style.Background.A != 0xc2 || b.Spans[0].Style.Language != "de" {
		t.Errorf("EBU-TT-D: got %+v", b)
	}
	sdp := `<tt xml:lang="en" xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" xmlns:ttm="http://www.w3.org/ns/ttml#metadata" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"
 ttp:profile="http://www.w3.org/ns/ttml/profile/sdp-us" ttp:frameRate="24" ttp:frameRateMultiplier="1000 1001"><head><layout>
 <region xml:id="p" tts:origin="20% 58%" tts:extent="65% 24%" tts:backgroundColor="transparent" tts:textAlign="center" tts:displayAlign="after" tts:zIndex="1"/></layout></head>
 <body tts:fontFamily="proportionalSansSerif" tts:color="white"><div><p region="p" begin="24f" end="00:00:02:12">Line<br/><span tts:fontStyle="italic">two</span></p></div></body></tt>`
	cues = parse(t, sdp, ttml.Options{})
	if len(cues) != 1 || when(cues[0])+" "+text(cues[0]) != "1.001-2.5005 Line/two" || cues[0].Layer != 1 || !cues[0].Blocks[0].Spans[1].Style.Italic {
		t.Errorf("SDP-US: got %+v", cues)
	}
}

// TestFilm sees that a document of the length of a film is read in one piece.
func TestFilm(t *testing.T) {
	var b strings.Builder
	const n = 3000
	for i := range n {
		fmt.Fprintf(&b, `<p begin="%ds" end="%d.5s" region="r" style="s">first line<br/><span tts:color="yellow">second %d</span></p>`, i*2, i*2+1, i)
	}
	cues := parse(t, doc("", `<styling><style xml:id="s" tts:textAlign="center"/></styling><layout><region xml:id="r" tts:displayAlign="after"/></layout>`, "<div>"+b.String()+"</div>"), ttml.Options{})
	if len(cues) != n || text(cues[n-1]) != fmt.Sprintf("first line/second %d", n-1) || when(cues[1]) != "2-3.5" {
		t.Errorf("got %d cues, the last %q", len(cues), text(cues[len(cues)-1]))
	}
}

func FuzzParse(f *testing.F) {
	pic := base64.StdEncoding.EncodeToString(picture(f, 2, 2))
	f.Add([]byte(doc(`ttp:frameRate="25" tts:extent="64px 48px"`, `<styling><initial tts:color="red"/><style xml:id="a" style="b"/><style xml:id="b" tts:fontSize="1c 2c"/></styling>`+
		`<layout><region xml:id="r" tts:position="right 1% bottom 2%" tts:extent="5rw 6rh" tts:padding="1px 2%"><set begin="1s" tts:opacity=".5"/></region></layout>`,
		`[timeContainer="seq"]<div style="a" region="r"><p begin="5f" dur="00:00:01:02">a<br/><span tts:textShadow="1px 1px red, 2em 2em">b</span></p></div>`)))
	f.Add([]byte(doc("", "", `<div><p tts:textEmphasis="'x' red"><span tts:ruby="container"><span tts:ruby="base">a</span><span tts:ruby="text">b</span></span></p></div>`)))
	f.Add([]byte(doc(`ttp:displayAspectRatio="4 3"`, "", `<div smpte:backgroundImage="data:image/png;base64,`+pic+`"/><div><image src="#q"/><p itts:forcedDisplay="true">a</p><p>b</p></div>`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		cues, _, err := ttml.Parse(b, ttml.Options{Window: media.Range{Start: 1, End: 50}})
		if err != nil {
			if !strings.HasPrefix(err.Error(), "ttml: ") || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error %q", err)
			}
			return
		}
		for _, c := range cues {
			if !(c.Start < c.End) || c.Start < 1 || c.End > 50 {
				t.Fatalf("a cue at %v-%v", c.Start, c.End)
			}
			for _, v := range []float64{c.Rect.X, c.Rect.Y, c.Rect.W, c.Rect.H} {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("a rectangle %+v", c.Rect)
				}
			}
		}
	})
}
