package raster_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mseplayer/player/text"
	"mseplayer/player/text/cue"
	"mseplayer/player/text/raster"
)

// rect is a rectangle in percent of the root container.
type rect struct{ x, y, w, h float64 }

// iou is the area that two rectangles share, relative to that which they cover.
func iou(a, b rect) float64 {
	w := min(a.x+a.w, b.x+b.w) - max(a.x, b.x)
	h := min(a.y+a.h, b.y+b.h) - max(a.y, b.y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / (a.w*a.h + b.w*b.h - w*h)
}

// asked is the box that the settings of a cue ask for, for a text whose lines take across percent of the axis across
// them, and the first one step percent. It is written after the words of WebVTT §3.1 and §7.2, in percent as those are, and knows
// nothing of the layout under test.
func asked(settings string, across, step float64, rtl bool) rect {
	value := map[string]string{}
	for _, f := range strings.Fields(settings) {
		k, v, _ := strings.Cut(f, ":")
		value[k] = v
	}
	percent := func(s string, standard float64) float64 {
		v, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
		if err != nil {
			return standard
		}
		return v
	}
	align := value["align"]
	if align == "" {
		align = "center"
	}
	if align == "start" || align == "end" {
		if (align == "start") != rtl {
			align = "line-left" // for the box
		} else {
			align = "line-right"
		}
	}
	position, anchor, _ := strings.Cut(value["position"], ",")
	at := 50.0
	switch align {
	case "left":
		at = 0
	case "right":
		at = 100
	}
	at = percent(position, at)
	if anchor == "" {
		anchor = map[string]string{"left": "line-left", "right": "line-right", "line-left": "line-left", "line-right": "line-right"}[align]
	}
	size := percent(value["size"], 100)
	var from, room float64
	switch anchor {
	case "line-left":
		room = 100 - at
	case "line-right":
		room = at
	default:
		room = 2 * min(at, 100-at)
	}
	size = min(size, room)
	switch anchor {
	case "line-left":
		from = at
	case "line-right":
		from = at - size
	default:
		from = at - size/2
	}
	place, lineAlign, _ := strings.Cut(value["line"], ",")
	var begin float64
	switch {
	case strings.HasSuffix(place, "%"):
		begin = percent(place, 0)
		switch lineAlign {
		case "center":
			begin -= across / 2
		case "end":
			begin -= across
		}
		begin = min(max(begin, 0), 100-across) // the closest place inside
	case across > 100:
		// It fits nowhere, and the specification leaves it out; the beginning of it is better than nothing.
	default:
		number := percent(place, -1)
		// Lines count from the first edge, or from the last one if they are negative; a box that would stick out is
		// moved by lines until it does not.
		if value["vertical"] == "rl" {
			// The first line is at the right, and the box grows to the left.
			right := 100 - number*step
			if number < 0 {
				right = -number * step
				for right-across < -1e-9 {
					right += step
				}
			}
			begin = right - across
		} else {
			begin = number * step
			if number < 0 {
				begin = 100 + number*step
				for begin+across > 100+1e-9 {
					begin -= step
				}
			} else {
				for begin+across > 100+1e-9 {
					begin -= step
				}
			}
		}
	}
	if value["vertical"] != "" {
		return rect{begin, from, across, size}
	}
	return rect{from, begin, size, across}
}

// TestBoxes lays cues out with all kinds of settings, and compares their boxes with what is asked.
func TestBoxes(t *testing.T) {
	r := raster.New(raster.Config{})
	o := raster.Options{Width: 1600, Height: 900}
	probe, err := r.Layout(parse(t, "WEBVTT\n\n00:00.000 --> 00:01.000\nx\n"), o)
	if err != nil {
		t.Fatal(err)
	}
	stepH := probe[0].Lines[0].H
	probe, err = r.Layout(parse(t, "WEBVTT\n\n00:00.000 --> 00:01.000 vertical:rl\nx\n"), o)
	if err != nil {
		t.Fatal(err)
	}
	stepV := probe[0].Lines[0].W
	if stepH < 0.05*900 || stepH > 0.07*900 || math.Abs(stepV-stepH) > 1 {
		t.Fatalf("lines of %.1f and %.1f pixels for type of 5 %% of 900", stepH, stepV)
	}
	words := map[string]struct {
		n   int
		rtl bool
	}{"x": {1, false}, "x\ny": {2, false}, "ש\nת": {2, true}}
	worst, count := 1.0, 0
	for _, vertical := range []string{"", " vertical:rl", " vertical:lr"} {
		for _, line := range []string{"", " line:0", " line:3", " line:-1", " line:-4", " line:0%", " line:30%", " line:50%,center", " line:80%,end", " line:100%", " line:100%,end"} {
			for _, position := range []string{"", " position:0%,line-left", " position:20%", " position:35%,line-left", " position:70%,line-right", " position:80%,center", " position:100%,line-right"} {
				for _, size := range []string{"", " size:30%", " size:75%"} {
					for _, align := range []string{"", " align:start", " align:end", " align:left", " align:right"} {
						for words, w := range words {
							settings := strings.TrimSpace(vertical + line + position + size + align)
							if vertical == " vertical:rl" && strings.Contains(line, "-") {
								// Which side negative lines of these count from is told by the algorithm alone.
								continue
							}
							step := stepH / 9
							if vertical != "" {
								step = stepV / 16
							}
							want := asked(settings, float64(w.n)*step, step, w.rtl)
							if want.w < 5 || want.h < 5 {
								continue // narrower than a letter, which would be cut
							}
							boxes, err := r.Layout(parse(t, fmt.Sprintf("WEBVTT\n\n00:00.000 --> 00:01.000 %s\n%s\n", settings, words)), o)
							if err != nil || len(boxes) != 1 {
								t.Fatalf("%s: %d boxes, %v", settings, len(boxes), err)
							}
							b := boxes[0]
							got := rect{b.X / 16, b.Y / 9, b.W / 16, b.H / 9}
							v := iou(got, want)
							worst = min(worst, v)
							count++
							if v < 0.9 {
								t.Errorf("%q, %q: box %.1f, want %.1f (IoU %.2f)", settings, words, got, want, v)
							}
							if len(b.Lines) != w.n {
								t.Errorf("%q, %q: %d lines, want %d", settings, words, len(b.Lines), w.n)
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%d boxes, the worst with an IoU of %.3f", count, worst)
	if count < 2000 {
		t.Errorf("only %d boxes", count)
	}
}

// TestText compares where the text lies inside of its box.
func TestText(t *testing.T) {
	r := raster.New(raster.Config{})
	o := raster.Options{Width: 1000, Height: 500}
	for _, c := range []struct {
		settings, text string
		want           float64 // 0: at the left of the box, 1: at the right
	}{
		{"align:left", "abc", 0}, {"align:right", "abc", 1}, {"align:center", "abc", 0.5},
		{"align:start", "abc", 0}, {"align:end", "abc", 1}, {"align:start", "אבג", 1}, {"align:end", "אבג", 0},
		{"align:left", "אבג", 0}, {"align:right", "אבג", 1},
	} {
		boxes, err := r.Layout(parse(t, "WEBVTT\n\n00:00.000 --> 00:01.000 "+c.settings+"\n"+c.text+"\n"), o)
		if err != nil {
			t.Fatal(err)
		}
		b, l := boxes[0], boxes[0].Lines[0]
		if want := b.X + (b.W-l.W)*c.want; math.Abs(l.X-want) > 1 {
			t.Errorf("%s %q: text at %.1f, want %.1f of a box from %.1f to %.1f", c.settings, c.text, l.X, want, b.X, b.X+b.W)
		}
	}
}

// TestNeighbours sees to it that cues keep out of each other's way.
func TestNeighbours(t *testing.T) {
	r := raster.New(raster.Config{})
	o := raster.Options{Width: 1000, Height: 500}
	const at = "00:00.000 --> 00:01.000 "
	for _, c := range []struct {
		name, file string
		order      []int // the cues from top to bottom
	}{
		{"upwards from the bottom", at + "\na\n\n" + at + "\nb\n\n" + at + "\nc\nd\n", []int{2, 1, 0}},
		{"downwards from the top", at + "line:0\na\n\n" + at + "line:0\nb\n", []int{0, 1}},
		{"around one that has its place", at + "line:-2\na\n\n" + at + "\nb\nc\n", []int{1, 0}},
		{"past the top, then down", at + "line:0\na\nb\nc\nd\n\n" + at + "line:1\ne\n", []int{0, 1}},
		{"a fraction next to a line", at + "line:0\na\n\n" + at + "line:0%\nb\n", []int{0, 1}},
		{"as many as fit", strings.Repeat(at+"\nx\n\n", 40), []int{16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			boxes, err := r.Layout(parse(t, "WEBVTT\n\n"+c.file), o)
			if err != nil {
				t.Fatal(err)
			}
			if len(boxes) != len(c.order) {
				t.Fatalf("%d boxes, want %d", len(boxes), len(c.order))
			}
			top := map[int]raster.Box{}
			for _, b := range boxes {
				top[b.Cue] = b
				if b.Y < -0.5 || b.Y+b.H > 500.5 {
					t.Errorf("cue %d sticks out: from %.1f to %.1f", b.Cue, b.Y, b.Y+b.H)
				}
			}
			for i := 1; i < len(c.order); i++ {
				a, b := top[c.order[i-1]], top[c.order[i]]
				if a.Y+a.H > b.Y+0.5 {
					t.Errorf("cue %d ends at %.1f, cue %d begins at %.1f", a.Cue, a.Y+a.H, b.Cue, b.Y)
				}
			}
		})
	}
}

// TestRegion stacks cues at the end of their region.
func TestRegion(t *testing.T) {
	r := raster.New(raster.Config{})
	o := raster.Options{Width: 1000, Height: 500}
	file := "WEBVTT\n\nREGION\nid:r\nwidth:40%\nlines:3\nregionanchor:0%,100%\nviewportanchor:50%,80%\nscroll:up\n\n"
	for range 4 {
		file += "00:00.000 --> 00:01.000 region:r align:left\nabc\n\n"
	}
	file += "00:00.000 --> 00:01.000 line:-4\nnormal\n"
	cues := parse(t, file)
	boxes, err := r.Layout(cues, o)
	if err != nil {
		t.Fatal(err)
	}
	// The region is 3 lines of 6 % high and ends at 80 %.
	if len(boxes) != 5 {
		t.Fatalf("%d boxes, want 5", len(boxes))
	}
	for i := range 4 {
		want := rect{500, 400 - float64(4-i)*30, 400, 30}
		b := boxes[i]
		if v := iou(rect{b.X, b.Y, b.W, b.H}, want); v < 0.9 {
			t.Errorf("cue %d at %.1f,%.1f %.1f×%.1f, want %v", i, b.X, b.Y, b.W, b.H, want)
		}
	}
	if b := boxes[4]; b.Y < 400-0.5 && b.Y+b.H > 310.5 {
		t.Errorf("the normal cue is at %.1f, inside of the region", b.Y)
	}
	// What has scrolled out is cut off.
	bitmaps, err := r.Draw(cues[:4], o)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bitmaps {
		if b.Y < 310 || b.Y+b.H > 400 || b.X < 500 || b.X+b.W > 900 {
			t.Errorf("a bitmap at %d,%d %d×%d outside of the region", b.X, b.Y, b.W, b.H)
		}
	}
}

// TestMediaBoxes lays out each cue of other people's files for itself, and compares its box with what its settings ask for.
func TestMediaBoxes(t *testing.T) {
	root := os.Getenv("MSEPLAYER_MEDIA")
	if root == "" {
		return // TestBoxes has the same on files of its own
	}
	var files []string
	err := filepath.WalkDir(filepath.Join(root, "content"), func(name string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(name, ".vtt") {
			files = append(files, name)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	r := raster.New(raster.Config{})
	o := raster.Options{Width: 1600, Height: 900}
	count := 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "region:") || strings.Contains(string(data), "STYLE") || strings.Contains(name, "parsing__") {
			continue // regions and sizes of type are tested for themselves
		}
		cues, _, err := text.Parse(text.WebVTT, data, text.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var settings []string
		for line := range strings.Lines(string(data)) {
			if _, after, ok := strings.Cut(line, "-->"); ok {
				_, s, _ := strings.Cut(strings.TrimSpace(after), " ")
				settings = append(settings, s)
			}
		}
		if len(settings) != len(cues) {
			continue // some of the cues show nothing
		}
		for i := range cues {
			boxes, err := r.Layout([]*cue.Cue{&cues[i]}, o)
			if err != nil {
				t.Fatal(err)
			}
			if len(boxes) != 1 {
				t.Errorf("%s: cue %d has %d boxes", name, i, len(boxes))
				continue
			}
			b := boxes[0]
			across, first := 0.0, 0.0
			for _, l := range b.Lines {
				high := l.H / 9
				if strings.Contains(settings[i], "vertical") {
					high = l.W / 16
				}
				if first == 0 {
					first = high
				}
				across += high
			}
			want := asked(settings[i], across, first, b.Lines[0].RightToLeft)
			got := rect{b.X / 16, b.Y / 9, b.W / 16, b.H / 9}
			count++
			if v := iou(got, want); v < 0.9 {
				t.Errorf("%s: %q: box %.1f, want %.1f (IoU %.2f)", filepath.Base(name), settings[i], got, want, v)
			}
		}
	}
	t.Logf("%d boxes of %d files", count, len(files))
	if count == 0 {
		t.Error("no boxes")
	}
}
