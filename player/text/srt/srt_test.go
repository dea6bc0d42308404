package srt_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/text/cue"
	"mseplayer/player/text/srt"
)

// tagged is the text of a cue, with what its style adds in brackets.
func tagged(c *cue.Cue) string {
	var b strings.Builder
	for _, s := range c.Blocks[0].Spans {
		var marks string
		for _, m := range []struct {
			on   bool
			name string
		}{{s.Style.Bold, "b"}, {s.Style.Italic, "i"}, {s.Style.Underline, "u"}, {s.Style.Strike, "s"}} {
			if m.on {
				marks += m.name
			}
		}
		if k := s.Style.Color; k != (cue.Color{R: 255, G: 255, B: 255, A: 255}) {
			marks += fmt.Sprintf("%02x%02x%02x", k.R, k.G, k.B)
		}
		if len(s.Style.Families) > 0 {
			marks += s.Style.Families[0]
		}
		if marks != "" {
			marks = "[" + marks + "]"
		}
		b.WriteString(marks + s.Text)
	}
	return b.String()
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, file, want string
		warnings         int
	}{
		{"usual", "1\n00:00:01,000 --> 00:00:02,500\na\nb\n\n2\n00:01:00,000 --> 01:00:00,000\nc\n", "1-2.5 a\nb|60-3600 c", 0},
		{"carriage returns and a mark", "\ufeff1\r\n00:00:01,000 --> 00:00:02,500\r\na\r\n", "1-2.5 a", 0},
		{"dots, no hours, no numbers", "00:01.5 --> 00:02\na\n\n00:03,000-->00:04,25\nb", "1.5-2 a|3-4.25 b", 0},
		{"colon before the milliseconds", "00:00:01:500 --> 00:00:02:000\na", "1.5-2 a", 0},
		{"coordinates", "1\n00:00:01,000 --> 00:00:02,000 X1:10 X2:20 Y1:1 Y2:2\na", "1-2 a", 0},
		{"empty line inside", "1\n00:00:01,000 --> 00:00:02,000\na\n\nb\n\n2\n00:00:03,000 --> 00:00:04,000\nc", "1-2 a\n\nb|3-4 c", 0},
		{"a number is a text", "1\n00:00:01,000 --> 00:00:02,000\n42\n\n2\n00:00:03,000 --> 00:00:04,000\n43", "1-2 42|3-4 43", 0},
		{"no text", "1\n00:00:01,000 --> 00:00:02,000\n\n2\n00:00:03,000 --> 00:00:04,000\nb", "3-4 b", 0},
		{"backwards", "1\n00:00:02,000 --> 00:00:01,000\na\n\n2\n00:00:03,000 --> 00:00:04,000\nb", "3-4 b", 1},
		{"bold and italic", "00:01 --> 00:02\n<b>a<i>b</i></b>c", "1-2 [b]a[bi]bc", 0},
		{"upper case, crossed", "00:01 --> 00:02\n<B>a<I>b</B>c</I>d", "1-2 [b]a[bi]bcd", 0},
		{"font", "00:01 --> 00:02\n<font color=\"#ff0000\" size=5 face='My Font'>a</font>b <font color=lime>c</font><font color=00ffff>d", "1-2 [ff0000My Font]ab [00ff00]c[00ffff]d", 0},
		{"unknown tags are text", "00:01 --> 00:02\na < b > c <3 <x>", "1-2 a < b > c <3 <x>", 0},
		{"entities", "00:01 --> 00:02\na &amp; &lt;b&gt;", "1-2 a & <b>", 0},
		{"overrides", "00:01 --> 00:02\n{\\i1}a{\\i0}{\\c&H0000ff&}b{not a tag}", "1-2 [i]a[ff0000]b[ff0000]{[ff0000]not a tag}", 0},
		{"of another format", "00:01 --> 00:02\n{y:i}a", "1-2 [i]a", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			cues, warnings, err := srt.Parse([]byte(c.file), cue.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i := range cues {
				got = append(got, fmt.Sprintf("%v-%v %s", float64(cues[i].Start), float64(cues[i].End), tagged(&cues[i])))
			}
			if g := strings.Join(got, "|"); g != c.want {
				t.Errorf("got %q, want %q", g, c.want)
			}
			if len(warnings) != c.warnings {
				t.Errorf("warnings %v, want %d", warnings, c.warnings)
			}
		})
	}
	if _, _, err := srt.Parse([]byte("no times\n\nat all"), cue.Options{}); !errors.Is(err, srt.ErrNoTimes) {
		t.Errorf("error %v", err)
	}
}

func TestLookAndPlace(t *testing.T) {
	c, ok := srt.Cue("a", 1, 2, cue.Options{Offset: 10, Window: media.Range{Start: 11.5, End: 20}, Language: "de"})
	if !ok || c.Start != 11.5 || c.End != 12 {
		t.Fatalf("%v [%v, %v)", ok, c.Start, c.End)
	}
	s := c.Blocks[0].Spans[0].Style
	if s.Outline <= 0 || s.OutlineColor != (cue.Color{A: 255}) || s.Background.A != 0 || len(s.Shadows) > 0 || s.Language != "de" {
		t.Errorf("style %+v", s)
	}
	if c.Flow == nil || c.Flow.Line != -1 || c.Blocks[0].Align != cue.Center {
		t.Errorf("place %+v", c)
	}
	for text, want := range map[string]struct {
		line  float64
		align cue.Align
	}{`{\an7}a`: {0, cue.Left}, `{\an9}a`: {0, cue.Right}, `{\an1}a`: {-1, cue.Left}, `{\a6}a`: {0, cue.Center}} {
		c, _ := srt.Cue(text, 0, 1, cue.Options{})
		if c.Flow == nil || c.Flow.Line != want.line || c.Blocks[0].Align != want.align {
			t.Errorf("%s: %+v %v", text, c.Flow, c.Blocks[0].Align)
		}
	}
	c, _ = srt.Cue(`{\an5\pos(192,144)}a`, 0, 1, cue.Options{})
	if c.Flow != nil || c.Rect.X+c.Rect.W/2 != 0.5 || c.Rect.Y != 0.5 || c.Area.Display != cue.Center {
		t.Errorf("in the middle: %+v", c)
	}
}
