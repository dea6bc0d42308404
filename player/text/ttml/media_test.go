package ttml_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
	"mseplayer/player/text/cue"
	"mseplayer/player/text/ttml"
)

// layout writes what a cue shows, without the words: when, where, how the area is painted and arranged, and of each
// block the alignment and, for each line, how many characters there are and which styles they have.
func layout(c cue.Cue) string {
	var b strings.Builder
	a := c.Area
	fmt.Fprintf(&b, "%s [%s]", when(c), box(c.Rect))
	rgba := func(c cue.Color) string { return fmt.Sprintf("%02x%02x%02x%02x", c.R, c.G, c.B, c.A) }
	if a.Background.A > 0 {
		fmt.Fprintf(&b, " on %s", rgba(a.Background))
	}
	if a.Padding != [4]float64{} {
		fmt.Fprintf(&b, " padding %.4g", a.Padding)
	}
	for _, f := range []struct {
		on   bool
		name string
	}{{a.Writing == cue.VerticalRL, "tbrl"}, {a.Writing == cue.VerticalLR, "tblr"}, {a.RightToLeft, "rtl"}, {a.Display == cue.Center, "middle"},
		{a.Display == cue.End, "after"}, {a.Overflow, "overflow"}, {c.Forced, "forced"}, {c.Layer != 0, fmt.Sprint("layer ", c.Layer)},
		{a.Transparency > 0, fmt.Sprintf("transparent %.3g", a.Transparency)}, {c.Image != nil, "picture"}} {
		if f.on {
			b.WriteString(" " + f.name)
		}
	}
	for _, bl := range c.Blocks {
		fmt.Fprintf(&b, " | %s", [...]string{"start", "center", "end", "left", "right", "justify"}[bl.Align])
		if bl.MultiRow != cue.Justify {
			fmt.Fprintf(&b, " rows %s", [...]string{"start", "center", "end"}[bl.MultiRow])
		}
		if bl.Direction == cue.RTL {
			b.WriteString(" rtl")
		}
		if bl.LineHeight > 0 {
			fmt.Fprintf(&b, " height %.4g", bl.LineHeight)
		}
		if bl.LinePadding > 0 {
			fmt.Fprintf(&b, " line padding %.4g", bl.LinePadding)
		}
		if bl.Background.A > 0 {
			fmt.Fprintf(&b, " on %s", rgba(bl.Background))
		}
		for _, f := range []struct {
			on   bool
			name string
		}{{bl.NoWrap, "nowrap"}, {bl.Preserve, "preserve"}, {bl.FillLineGap, "fill"}} {
			if f.on {
				b.WriteString(" " + f.name)
			}
		}
		before := ""
		for _, sp := range bl.Spans {
			s := sp.Style
			now := fmt.Sprintf(" <%.4g %s", s.Size, rgba(s.Color))
			if s.Background.A > 0 {
				now += " on " + rgba(s.Background)
			}
			for _, f := range []struct {
				on   bool
				name string
			}{{s.Bold, "bold"}, {s.Italic, "italic"}, {s.Underline, "under"}, {s.Strike, "through"}, {s.Overline, "over"}, {s.Hidden, "hidden"},
				{s.Override, "override"}, {s.Embed, "embed"}, {s.Combine, "combine"}, {s.Emphasis != "", "emphasis " + s.Emphasis},
				{s.Outline > 0, fmt.Sprintf("outline %.4g %s", s.Outline, rgba(s.OutlineColor))}, {len(s.Shadows) > 0, fmt.Sprint(len(s.Shadows), " shadows")},
				{s.Stretch > 0, fmt.Sprintf("stretch %.4g", s.Stretch)}, {sp.Ruby != nil, "ruby"}} {
				if f.on {
					now += " " + f.name
				}
			}
			if now += ">"; now != before {
				before = now
				b.WriteString(now)
			}
			for i, line := range strings.Split(sp.Text, "\n") {
				if i > 0 {
					b.WriteString("/")
				}
				fmt.Fprintf(&b, "%d ", len([]rune(line)))
			}
		}
	}
	return strings.TrimSpace(b.String())
}

// TestVectors compares the layouts of the W3C's test documents with those that were agreed with the reference
// implementation of IMSC, moment by moment. UPDATE=1 writes them anew.
func TestVectors(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestRegions, TestStyles, TestTiming and those beside them cover what these documents hold")
		return
	}
	files, err := filepath.Glob(filepath.Join(dir, "content", "text", "imsc", "*.ttml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	got := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		cues, warnings, err := ttml.Parse(b, ttml.Options{Image: func(src string) ([]byte, error) {
			if src == "" || strings.Contains(src, "..") {
				return nil, errors.New("no such file")
			}
			return picture(t, 160, 120), nil
		}})
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v, %v", f, err, warnings)
		}
		lines := ""
		for _, c := range cues {
			lines += layout(c) + "\n"
		}
		got[strings.TrimSuffix(filepath.Base(f), ".ttml")] = lines
	}
	collection.Golden(t, filepath.Join("testdata", "vectors.golden"), got)
}

// samples parses the samples of a track of TTML, each with its own window.
type samples struct {
	bytestream.Discard
	t     *testing.T
	lines []string
}

func (s *samples) Fragment(tracks []bytestream.TrackFrames) error {
	for _, tr := range tracks {
		for _, f := range tr.Frames {
			cues, warnings, err := ttml.Parse(f.Data, ttml.Options{Window: media.Range{Start: f.PTS, End: f.End()}})
			if err != nil || len(warnings) > 0 {
				return fmt.Errorf("%v %w", warnings, err)
			}
			for _, c := range cues {
				if c.Start < f.PTS || c.End > f.End() {
					s.t.Errorf("a cue of %v-%v in a sample of %v-%v", c.Start, c.End, f.PTS, f.End())
				}
				s.lines = append(s.lines, when(c)+" "+text(c))
			}
		}
	}
	return nil
}

func TestSamples(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestWindow covers samples")
		return
	}
	want := map[string][]string{}
	for i := range 4 {
		want["imsc1_txt_sv"] = append(want["imsc1_txt_sv"], fmt.Sprintf("%d-%d swe : 00:00:0%d.000", i, i+1, i))
	}
	want["imsc1_img_en"] = []string{"1-2 ", "1-2 (250×32)", "3-4 ", "3-4 (250×32)"} // the area of the region, and the picture in it
	for name, want := range want {
		p := isobmff.New(isobmff.Options{})
		s := &samples{t: t}
		for _, file := range []string{"init.mp4", "1.m4s", "2.m4s"} {
			b, err := os.ReadFile(filepath.Join(dir, "content", "presentations", "livesim2_testpic_2s", name, file))
			if err != nil {
				t.Fatal(err)
			}
			if err := bytestreamtest.Feed(p, s, b); err != nil {
				t.Fatalf("%s/%s: %v", name, file, err)
			}
		}
		if fmt.Sprintf("%q", s.lines) != fmt.Sprintf("%q", want) {
			t.Errorf("%s: got %q, want %q", name, s.lines, want)
		}
	}
}
