package raster_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"mseplayer/player/text/cue"
	"mseplayer/player/text/raster"
)

// bars draws a text in a font of its own letters at 100 pixels, in one line from the left.
func bars(t *testing.T, text string, more []rune, direction cue.Direction) (line raster.Line, heights []int, order func(string) []uint32) {
	t.Helper()
	var letters []rune
	for _, r := range text {
		if r != ' ' {
			letters = append(letters, r)
		}
	}
	letters = append(letters, more...)
	r := raster.New(raster.Config{})
	if !r.AddFont(testFont(append(letters, ' '))) {
		t.Fatal("the font cannot be read")
	}
	sorted := append(letters, ' ')
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	c := &cue.Cue{Start: 0, End: 1, Blocks: []cue.Block{{Align: cue.Left, MultiRow: cue.Justify, Direction: direction, NoWrap: true,
		Spans: []cue.Span{{Text: text, Style: cue.Style{Families: []string{"Bars"}, Size: 0.5}}}}}}
	o := raster.Options{Width: 2000, Height: 200}
	boxes, err := r.Layout([]*cue.Cue{c}, o)
	if err != nil {
		t.Fatal(err)
	}
	bitmaps, err := r.Draw([]*cue.Cue{c}, o)
	if err != nil || len(bitmaps) != 1 {
		t.Fatalf("%d bitmaps, %v", len(bitmaps), err)
	}
	b := bitmaps[0]
	// The bars from left to right: their heights in the picture.
	last := 0
	for x := range b.W {
		n := 0
		for y := range b.H {
			if b.Pix[4*(y*b.W+x)+3] > 127 {
				n++
			}
		}
		if n > 0 && last == 0 {
			heights = append(heights, 0)
		}
		if n > 0 {
			heights[len(heights)-1] = max(heights[len(heights)-1], n)
		}
		last = n
	}
	order = func(want string) []uint32 {
		var gids []uint32
		for _, r := range want {
			gids = append(gids, uint32(slices.Index(sorted, r)+1))
		}
		return gids
	}
	return boxes[0].Lines[0], heights, order
}

// TestOrder compares the glyphs on the screen, from left to right, with those that the reader of a script sees: the
// numbers of the glyphs of each run, and the bars in the picture.
func TestOrder(t *testing.T) {
	for _, c := range []struct {
		name, text string
		more       string // letters that shaping puts in
		direction  cue.Direction
		want       string // on the screen
	}{
		{"latin", "abc", "", cue.Auto, "abc"},
		{"hebrew", "אבגד", "", cue.Auto, "דגבא"},
		{"hebrew with latin and digits", "אב cd 12 גד", "", cue.Auto, "דג cd 12 בא"},
		{"latin with hebrew", "ab אבג cd", "", cue.Auto, "ab גבא cd"},
		{"latin with hebrew, forced to the right", "ab אבג cd", "", cue.RTL, "cd גבא ab"},
		{"brackets are mirrored", "א(ב", ")", cue.Auto, "ב)א"},
		{"arabic letters join", "ببب", "\ufe91\ufe92\ufe90", cue.Auto, "\ufe90\ufe92\ufe91"},
		{"lam and alef are one", "لا", "\ufedf\ufe8e\ufefb", cue.Auto, "\ufefb"},
		{"arabic digits run to the right", "ب ١٢٣", "", cue.Auto, "١٢٣ ب"},
		{"a devanagari vowel stands before its consonant", "कि", "", cue.Auto, "िक"},
		{"and behind a dead consonant", "स्ति", "", cue.Auto, "स्ित"},
		{"only in its syllable", "नकि", "", cue.Auto, "निक"},
	} {
		t.Run(c.name, func(t *testing.T) {
			line, heights, order := bars(t, c.text, []rune(c.more), c.direction)
			want := order(c.want)
			var got []uint32
			at := math.Inf(-1)
			for _, run := range line.Runs {
				got = append(got, run.Glyphs...)
				for _, x := range run.Xs {
					if x < at {
						t.Errorf("a glyph at %.1f after one at %.1f", x, at)
					}
					at = x
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("glyphs %v, want %v", got, want)
			}
			var bars []int
			space := order(" ")[0]
			for _, g := range want {
				if g != space {
					bars = append(bars, int(math.Round(float64(barHeight(int(g)-1))/10)))
				}
			}
			if len(heights) != len(bars) {
				t.Fatalf("heights of the bars %v, want %v", heights, bars)
			}
			for i := range bars {
				if d := heights[i] - bars[i]; d < -1 || d > 1 {
					t.Errorf("heights of the bars %v, want %v", heights, bars)
					break
				}
			}
		})
	}
}

// lines returns the lines of a text in a box of n letters of 20 pixels each.
func lines(t *testing.T, text string, n int, change func(*cue.Block)) []string {
	t.Helper()
	r := raster.New(raster.Config{Fonts: [][]byte{testFont([]rune(text + " -"))}})
	c := &cue.Cue{End: 1, Rect: cue.Rect{W: (float64(n)*20 + 1) / 1000, H: 1}, Blocks: []cue.Block{{MultiRow: cue.Justify,
		Spans: []cue.Span{{Text: text, Style: cue.Style{Families: []string{"Bars"}, Size: 0.04}}}}}}
	if change != nil {
		change(&c.Blocks[0])
	}
	boxes, err := r.Layout([]*cue.Cue{c}, raster.Options{Width: 1000, Height: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, l := range boxes[0].Lines {
		list = append(list, l.Text)
	}
	return list
}

func TestLineBreaks(t *testing.T) {
	for _, c := range []struct {
		name, text string
		width      int
		change     func(*cue.Block)
		want       string
	}{
		{"at spaces", "one two three", 8, nil, "one two|three"},
		{"white space at an end takes no room", "one two    three", 7, nil, "one two|three"},
		{"forced", "one\ntwo", 20, nil, "one|two"},
		{"forced, empty line between", "one\n\ntwo", 20, nil, "one||two"},
		{"a word that is too long", "abcdefghij kl", 4, nil, "abcd|efgh|ij|kl"},
		{"behind a hyphen", "well-known", 6, nil, "well-|known"},
		{"not at a no-break space", "a b\u00a0c", 3, nil, "a|b\u00a0c"},
		{"between ideographs", "日本語文章", 3, nil, "日本語|文章"},
		{"no comma begins a line", "日本語、文章", 3, nil, "日本|語、文|章"},
		{"no bracket ends a line", "日本「文章」", 3, nil, "日本|「文|章」"},
		{"no small kana begins a line", "東京シャツ", 3, nil, "東京|シャツ"},
		{"balanced", "aaa bbb ccc ddd", 12, func(b *cue.Block) { b.Balance = true }, "aaa bbb|ccc ddd"},
		{"not balanced", "aaa bbb ccc ddd", 12, nil, "aaa bbb ccc|ddd"},
		{"balancing cuts no word", "abcdefgh i", 8, func(b *cue.Block) { b.Balance = true }, "abcdefgh|i"},
		{"not at all", "aaa bbb ccc ddd", 4, func(b *cue.Block) { b.NoWrap = true }, "aaa bbb ccc ddd"},
		{"white space kept", "a   b", 20, func(b *cue.Block) { b.Preserve = true }, "a   b"},
		{"white space not kept", "  a \t b \n c ", 20, nil, "a b|c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(lines(t, c.text, c.width, c.change), "|"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestForcedBreaks counts lines.
func TestForcedBreaks(t *testing.T) {
	embed := cue.Style{Embed: true, Direction: cue.RTL}
	for _, c := range []struct {
		name  string
		spans []cue.Span
		want  []string
	}{
		{"none", []cue.Span{{Text: "a"}}, []string{"a"}},
		{"one between", []cue.Span{{Text: "a\nb"}}, []string{"a", "b"}},
		{"an empty line between", []cue.Span{{Text: "a\n\nb"}}, []string{"a", "", "b"}},
		{"at the beginning", []cue.Span{{Text: "\na"}}, []string{"", "a"}},
		{"at the end", []cue.Span{{Text: "a\n"}}, []string{"a"}},
		{"two at the end", []cue.Span{{Text: "a\n\n"}}, []string{"a", ""}},
		{"in a span of its own at the end", []cue.Span{{Text: "a"}, {Text: "\n"}}, []string{"a"}},
		{"at the end of an embedding", []cue.Span{{Text: "a\n", Style: embed}}, []string{"a"}},
		{"alone", []cue.Span{{Text: "\n"}}, []string{""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := &cue.Cue{End: 1, Blocks: []cue.Block{{MultiRow: cue.Justify, Spans: c.spans}}}
			boxes, err := raster.New(raster.Config{}).Layout([]*cue.Cue{x}, raster.Options{Width: 640, Height: 360})
			if err != nil || len(boxes) != 1 {
				t.Fatalf("%d boxes, %v", len(boxes), err)
			}
			var got []string
			for _, l := range boxes[0].Lines {
				got = append(got, l.Text)
				if l.H <= 0 {
					t.Errorf("a line %q without height", l.Text)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
