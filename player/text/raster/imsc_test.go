package raster_test

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest/collection"
	"mseplayer/player/text"
	"mseplayer/player/text/cue"
	"mseplayer/player/text/raster"
)

// sides says where the lines of c have to be for their sizes, in pixels of a root container of w × h, by the words of
// TTML2 §10.2.15 (tts:displayAlign) and §10.2.38 (tts:textAlign) and of EBU Tech 3380 (ebutts:multiRowAlign). It is
// written for the test and knows nothing of the layout under test.
//
// Cues of more than one paragraph, whose lines do not tell to which they belong, have no answer.
func sides(c *cue.Cue, lines []raster.Line, w, h float64) []rect {
	if len(c.Blocks) != 1 {
		return nil
	}
	r, pad := c.Rect, c.Area.Padding
	if r == (cue.Rect{}) {
		r = cue.Rect{W: 1, H: 1}
	}
	// An axis goes along the lines, the other one across them; both as [beginning, end).
	along, across := [2]float64{r.X * w, (r.X + r.W) * w}, [2]float64{r.Y * h, (r.Y + r.H) * h}
	alongUnit, acrossUnit := w, h
	vertical := c.Area.Writing != cue.Horizontal
	if vertical {
		along, across, alongUnit, acrossUnit = across, along, h, w
	}
	along[0] += pad[3] * alongUnit
	along[1] -= pad[1] * alongUnit
	first, last := pad[0], pad[2]
	if c.Area.Writing == cue.VerticalRL {
		first, last = last, first
	}
	across[0] += first * acrossUnit
	across[1] -= last * acrossUnit
	length := func(l raster.Line) (along, across float64) {
		if vertical {
			return l.H, l.W
		}
		return l.W, l.H
	}
	total := 0.0
	for _, l := range lines {
		_, a := length(l)
		total += a
	}
	room := across[1] - across[0] - total
	at := across[0]
	switch c.Area.Display {
	case cue.Center, cue.Justify:
		at += room / 2
	case cue.End:
		at += room
	}
	if c.Area.Writing == cue.VerticalRL {
		at = across[0] + across[1] - at // the first line is at the right
	}
	put := func(a cue.Align, rtl bool, from, to, size float64) float64 {
		if a == cue.Justify {
			a = cue.Start
		}
		switch {
		case a == cue.Center:
			return (from + to - size) / 2
		case a == cue.Start && rtl, a == cue.End && !rtl, a == cue.Right:
			return to - size
		}
		return from
	}
	b := &c.Blocks[0]
	padding := b.LinePadding * h
	widest := 0.0
	for _, l := range lines {
		a, _ := length(l)
		widest = max(widest, a+2*padding)
	}
	var out []rect
	for _, l := range lines {
		a, x := length(l)
		from, to, align := along[0], along[1], b.Align
		if b.MultiRow != cue.Justify && b.MultiRow != align {
			from = put(b.Align, l.RightToLeft, from, to, widest)
			to, align = from+widest, b.MultiRow
		}
		begin := put(align, l.RightToLeft, from, to, a+2*padding) + padding
		if c.Area.Writing == cue.VerticalRL {
			at -= x
		}
		if vertical {
			out = append(out, rect{at, begin, x, a})
		} else {
			out = append(out, rect{begin, at, a, x})
		}
		if c.Area.Writing != cue.VerticalRL {
			at += x
		}
	}
	return out
}

// words is the text of a block as lines, where nothing breaks them but what the document says.
func words(b *cue.Block) []string {
	var all strings.Builder
	for _, s := range b.Spans {
		all.WriteString(s.Text)
	}
	lines := strings.Split(strings.TrimSuffix(all.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	return lines
}

// imsc lays a document out at each of its moments, holds the lines against what the document asks for, and describes
// them. It counts the lines whose place was compared.
func imsc(t *testing.T, r *raster.Renderer, name string, cues []cue.Cue) (described string, compared int) {
	t.Helper()
	const w, h = 640, 360
	o := raster.Options{Width: w, Height: h}
	moments := map[media.Time]bool{}
	for _, c := range cues {
		moments[c.Start] = true
	}
	var out strings.Builder
	for _, now := range slices.Sorted(maps.Keys(moments)) {
		var on []*cue.Cue
		for i := range cues {
			if cues[i].Start <= now && now < cues[i].End {
				on = append(on, &cues[i])
			}
		}
		boxes, err := r.Layout(on, o)
		if err != nil || len(boxes) != len(on) {
			t.Fatalf("%s at %v: %d boxes of %d cues, %v", name, now, len(boxes), len(on), err)
		}
		fmt.Fprintf(&out, "%v", now)
		for _, b := range boxes {
			c := on[b.Cue]
			want := c.Rect
			if want == (cue.Rect{}) {
				want = cue.Rect{W: 1, H: 1}
			}
			got, asked := rect{b.X, b.Y, b.W, b.H}, rect{want.X * w, want.Y * h, want.W * w, want.H * h}
			if asked.w > 0 && asked.h > 0 && iou(got, asked) < 0.9 {
				t.Errorf("%s at %v: box %.1f, want %.1f", name, now, got, asked)
			}
			fmt.Fprintf(&out, " [%.0f,%.0f %.0fx%.0f]", b.X, b.Y, b.W, b.H)
			var asIs, gotWords []string
			for i := range c.Blocks {
				asIs = append(asIs, words(&c.Blocks[i])...)
			}
			for _, l := range b.Lines {
				gotWords = append(gotWords, strings.Join(strings.Fields(l.Text), " "))
				fmt.Fprintf(&out, " %.0f,%.0f,%.0f,%.0f", l.X, l.Y, l.W, l.H)
			}
			// All words in order, in the lines of the document where none is too long.
			if g, w := strings.Join(strings.Fields(strings.Join(gotWords, " ")), ""), strings.Join(strings.Fields(strings.Join(asIs, " ")), ""); g != w {
				t.Errorf("%s at %v: words %q, want %q", name, now, g, w)
			}
			if len(b.Lines) == len(asIs) && !slices.Equal(gotWords, asIs) {
				t.Errorf("%s at %v: lines %q, want %q", name, now, gotWords, asIs)
			}
			if len(b.Lines) < len(asIs) {
				t.Errorf("%s at %v: %d lines, want %d or more", name, now, len(b.Lines), len(asIs))
			}
			for i, where := range sides(c, b.Lines, w, h) {
				l := b.Lines[i]
				compared++
				if l.W <= 0 || l.H <= 0 {
					continue // an empty line
				}
				if v := iou(rect{l.X, l.Y, l.W, l.H}, where); v < 0.9 {
					t.Errorf("%s at %v: line %d at %.1f,%.1f %.1f×%.1f, want %.1f (IoU %.2f)", name, now, i, l.X, l.Y, l.W, l.H, where, v)
				}
			}
		}
		out.WriteByte('\n')
	}
	return out.String(), compared
}

// TestIMSC lays other people's documents out and compares them with what they ask for, and with how they lay when somebody
// looked at them. UPDATE=1 writes the latter anew.
func TestIMSC(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestIMSCOwn has the same on documents of its own")
		return
	}
	files, err := filepath.Glob(filepath.Join(dir, "content", "text", "imsc", "*.ttml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	r := raster.New(raster.Config{})
	places := map[string]string{}
	lines := 0
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".ttml")
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		cues, _, err := text.Parse(text.TTML, data, text.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, n := imsc(t, r, name, cues)
		lines += n
		places[name] = got
	}
	collection.Golden(t, filepath.Join("testdata", "imsc.golden"), places)
	t.Logf("%d lines of %d documents", lines, len(files))
	if lines < 2*len(files) {
		t.Errorf("only %d lines", lines)
	}
}

// TestIMSCOwn lays documents of all directions and alignments out.
func TestIMSCOwn(t *testing.T) {
	r := raster.New(raster.Config{Fonts: [][]byte{testFont([]rune("אבגדה שלוםابتثجحخدسلام漢字仮名"))}})
	lines := 0
	for _, mode := range []string{"lrtb", "rltb", "tbrl", "tblr"} {
		for _, display := range []string{"before", "center", "after"} {
			for _, align := range []string{"start", "center", "end", "left", "right"} {
				for _, rows := range []string{"auto", "start", "center", "end"} {
					for _, content := range []string{"one line", "two<br/>lines of it", "שלום<br/>א", "سلام ab<br/>ت"} {
						name := strings.Join([]string{mode, display, align, rows, content}, " ")
						doc := `<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" xmlns:ebutts="urn:ebu:tt:style" xml:lang="en"><head><layout>` +
							`<region xml:id="r" tts:origin="10% 20%" tts:extent="60% 70%" tts:padding="5% 10% 2% 4%" tts:displayAlign="` + display + `" tts:writingMode="` + mode + `"/>` +
							`</layout></head><body><div><p region="r" begin="0s" end="1s" tts:fontSize="6%" tts:textAlign="` + align + `" ebutts:multiRowAlign="` + rows +
							`" ebutts:linePadding="0.5c">` + content + `</p></div></body></tt>`
						cues, warnings, err := text.Parse(text.TTML, []byte(doc), text.Options{})
						if err != nil || len(warnings) > 0 || len(cues) == 0 {
							t.Fatalf("%s: %d cues, %v, %v", name, len(cues), warnings, err)
						}
						_, n := imsc(t, r, name, cues)
						lines += n
						if want := 1 + strings.Count(content, "<br/>"); n != want {
							t.Errorf("%s: %d lines, want %d", name, n, want)
						}
						if got := cues[0].Rect; math.Abs(got.X-0.1)+math.Abs(got.Y-0.2)+math.Abs(got.W-0.6)+math.Abs(got.H-0.7) > 1e-9 {
							t.Errorf("%s: region %v", name, got)
						}
					}
				}
			}
		}
	}
	if lines < 1000 {
		t.Errorf("only %d lines", lines)
	}
}
