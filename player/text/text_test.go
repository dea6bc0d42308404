package text_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"mseplayer/mse/media"
	"mseplayer/player/text"
	"mseplayer/player/text/cue"
)

func TestSniff(t *testing.T) {
	for _, c := range []struct {
		name, head string
		want       text.Format
		ok         bool
	}{
		{"", "WEBVTT\n", text.WebVTT, true},
		{"", "\ufeffWEBVTT - x\n", text.WebVTT, true},
		{"film.srt", "WEBVTT\n", text.WebVTT, true},
		{"", "1\n00:00:01,000 --> 00:00:02,000\na", text.SubRip, true},
		{"", "\xff\xfe1\x00\n\x000\x000\x00:\x000\x000\x00:\x000\x001\x00,\x000\x00 \x00-\x00-\x00>\x00 \x000\x000\x00:\x00", text.SubRip, true},
		{"", "[Script Info]\n", text.ASS, true},
		{"", "\n; x\n[V4+ Styles]\n", text.ASS, true},
		{"", "<?xml version=\"1.0\"?>\n<!-- x --><tt xml:lang=\"en\">", text.TTML, true},
		{"", "<tt:tt xmlns:tt=\"x\">", text.TTML, true},
		{"film.en.VTT", "", text.WebVTT, true},
		{"http://host/a/film.ttml?x=1.srt#y", "", text.TTML, true},
		{`C:\film.ass`, "", text.ASS, true},
		{"film.mp4", "\x00\x00\x00\x18ftyp", 0, false},
		{"", "", 0, false},
		{"index.html", "<html><title>", 0, false},
	} {
		if got, ok := text.Sniff(c.name, []byte(c.head)); got != c.want || ok != c.ok {
			t.Errorf("%q, %.20q: %v %v, want %v %v", c.name, c.head, got, ok, c.want, c.ok)
		}
	}
}

// plain is the text of cues.
func plain(cues []cue.Cue) string {
	var b strings.Builder
	for i := range cues {
		for _, block := range cues[i].Blocks {
			for _, s := range block.Spans {
				b.WriteString(s.Text)
			}
		}
		b.WriteString("|")
	}
	return b.String()
}

// TestEncodings reads the same text in different ones.
func TestEncodings(t *testing.T) {
	const file = "1\n00:00:01,000 --> 00:00:02,000\nÄé€ “x”\n"
	var le, be []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + file)) {
		le, be = binary.LittleEndian.AppendUint16(le, u), binary.BigEndian.AppendUint16(be, u)
	}
	for name, data := range map[string][]byte{
		"utf-8": []byte(file), "utf-8 with a mark": []byte("\ufeff" + file), "utf-16, little end first": le, "utf-16, big end first": be,
		"windows-1252": []byte("1\n00:00:01,000 --> 00:00:02,000\n\xc4\xe9\x80 \x93x\x94\n"),
	} {
		f, ok := text.Sniff("", data)
		if !ok {
			t.Errorf("%s: no format", name)
			continue
		}
		cues, _, err := text.Parse(f, data, text.Options{})
		if err != nil || plain(cues) != "Äé€ “x”|" {
			t.Errorf("%s: %q, %v", name, plain(cues), err)
		}
	}
}

func TestParse(t *testing.T) {
	for f, file := range map[text.Format]string{text.WebVTT: seeds[0], text.SubRip: seeds[1], text.ASS: seeds[2], text.TTML: seeds[3]} {
		cues, warnings, err := text.Parse(f, []byte(file), text.Options{})
		if err != nil || len(cues) == 0 || len(warnings) > 0 {
			t.Errorf("%v: %d cues, %v, %v", f, len(cues), warnings, err)
		}
		if _, _, err := text.Parse(f, []byte("nothing of the kind"), text.Options{}); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: error %v", f, err)
		}
	}
	if _, _, err := text.Parse(0, nil, text.Options{}); err == nil {
		t.Error("no format is read")
	}
}

// named is a cue of a text.
func named(start, end media.Time, name string) cue.Cue {
	return cue.Cue{Start: start, End: end, Blocks: []cue.Block{{Spans: []cue.Span{{Text: name}}}}}
}

// dump is the list as text: what is active, from change to change.
func dump(l *text.List) string {
	var b strings.Builder
	now := media.Time(-1)
	var active []*cue.Cue
	for {
		active = l.Active(active[:0], now)
		var names []string
		for _, c := range active {
			names = append(names, c.Blocks[0].Spans[0].Text)
		}
		fmt.Fprintf(&b, "%v:%s ", float64(now), strings.Join(names, ","))
		next, ok := l.Next(now)
		if !ok {
			return strings.TrimSpace(b.String())
		}
		now = next
	}
}

func TestList(t *testing.T) {
	layered := named(0, 9, "low")
	layered.Layer = -1
	for _, c := range []struct {
		name   string
		cues   []cue.Cue
		remove media.Range
		want   string
		len    int
	}{
		{"empty", nil, media.Range{}, "-1:", 0},
		{"one after the other", []cue.Cue{named(1, 2, "a"), named(2, 3, "b"), named(5, 6, "c")}, media.Range{}, "-1: 1:a 2:b 3: 5:c 6:", 3},
		{"over each other", []cue.Cue{named(1, 5, "a"), named(2, 3, "b")}, media.Range{}, "-1: 1:a 2:a,b 3:a 5:", 2},
		{"a long one first", []cue.Cue{named(0, 100, "long"), named(50, 51, "a"), named(60, 61, "b")}, media.Range{}, "-1: 0:long 50:long,a 51:long 60:long,b 61:long 100:", 3},
		{"out of order", []cue.Cue{named(5, 6, "c"), named(1, 2, "a"), named(3, 4, "b")}, media.Range{}, "-1: 1:a 2: 3:b 4: 5:c 6:", 3},
		{"those that stay longer come first", []cue.Cue{named(1, 2, "a"), named(1, 3, "b")}, media.Range{}, "-1: 1:b,a 2:b 3:", 2},
		{"in the order of arrival", []cue.Cue{named(1, 2, "b"), named(1, 2, "a")}, media.Range{}, "-1: 1:b,a 2:", 2},
		{"layers", []cue.Cue{named(0, 5, "high"), layered}, media.Range{}, "-1: 0:low,high 5:low 9:", 2},
		{"without length", []cue.Cue{named(2, 2, "a"), named(3, 1, "b")}, media.Range{}, "-1:", 0},
		{"twice the same", []cue.Cue{named(1, 2, "a"), named(1, 2, "a")}, media.Range{}, "-1: 1:a 2:", 1},
		{"pieces", []cue.Cue{named(1, 4, "a"), named(4, 6, "a"), named(6.001, 8, "a")}, media.Range{}, "-1: 1:a 8:", 1},
		{"pieces in any order", []cue.Cue{named(6, 8, "a"), named(1, 4, "a"), named(4, 6, "a")}, media.Range{}, "-1: 1:a 8:", 1},
		{"pieces that overlap", []cue.Cue{named(1, 5, "a"), named(4, 8, "a")}, media.Range{}, "-1: 1:a 8:", 1},
		{"the same again later", []cue.Cue{named(1, 2, "a"), named(3, 4, "a")}, media.Range{}, "-1: 1:a 2: 3:a 4:", 2},
		{"removed", []cue.Cue{named(1, 2, "a"), named(3, 4, "b"), named(5, 6, "c")}, media.Range{Start: 2, End: 5}, "-1: 1:a 2: 5:c 6:", 2},
		{"removed whole", []cue.Cue{named(1, 9, "a"), named(3, 4, "b")}, media.Range{Start: 3.5, End: 3.6}, "-1:", 0},
		{"without an end", []cue.Cue{named(1, media.Forever, "a"), named(2, 3, "b")}, media.Range{}, "-1: 1:a 2:a,b 3:a", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l text.List
			if n := l.Add(c.cues...); n != 0 {
				t.Errorf("%d cues found no room", n)
			}
			if c.remove != (media.Range{}) {
				l.RemoveRange(c.remove.Start, c.remove.End)
			}
			if got := dump(&l); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if l.Len() != c.len {
				t.Errorf("%d cues, want %d", l.Len(), c.len)
			}
		})
	}
}

// TestListKeeps sees to it that asking again gives the same pointers, which is what the drawing's cache goes by.
func TestListKeeps(t *testing.T) {
	var l text.List
	l.Add(named(1, 5, "a"), named(2, 4, "b"))
	first := l.Active(nil, 3)
	l.Add(named(7, 8, "c"), named(1, 5, "a"))
	if second := l.Active(nil, 3.5); !slices.Equal(first, second) {
		t.Error("the cues have moved")
	}
	var buf [8]*cue.Cue
	if n := testing.AllocsPerRun(100, func() { l.Active(buf[:0], 3) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestListOfMany adds as many cues as a list takes, all of them under one that never ends.
func TestListOfMany(t *testing.T) {
	var l text.List
	l.Add(named(0, media.Forever, "film"))
	const n = 200_000
	dropped := 0
	for i := range n {
		dropped += l.Add(named(media.Time(i)+1, media.Time(i)+1.5, "♪"))
	}
	if l.Len() != n || dropped != 1 {
		t.Errorf("%d cues, %d dropped", l.Len(), dropped)
	}
	if a := l.Active(nil, 150_000.25); len(a) != 2 {
		t.Errorf("%d active", len(a))
	}
}

func box(kind, body string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))) + kind + body
}

// tx3gConfig is a sample description: centered at the bottom, white on nothing, of size 18.
func tx3gConfig() []byte {
	b := append(make([]byte, 4), 1, 0xff, 0, 0, 0, 0)
	b = append(b, make([]byte, 8)...)
	return append(b, 0, 0, 0, 0, 0, 1, 0, 18, 255, 255, 255, 255)
}

func TestSamples(t *testing.T) {
	for _, c := range []struct {
		name, codec    string
		config         string
		data           string
		settings, want string
		bad            bool
		check          func(cue.Cue) bool
	}{
		{name: "wvtt", codec: "wvtt", config: "WEBVTT\n\nSTYLE\n::cue(b) { color: red }\n",
			data: box("vttc", box("iden", "1")+box("sttg", "line:0")+box("payl", "<b>a</b>")) + box("vttc", box("payl", "b")), want: "a|b|",
			check: func(c cue.Cue) bool {
				return c.ID == "1" && c.Flow.Line == 0 && c.Blocks[0].Spans[0].Style.Color == cue.Color{R: 255, A: 255}
			}},
		{name: "wvtt, empty", codec: "wvtt", data: box("vtte", "")},
		{name: "wvtt, cut off", codec: "wvtt", data: box("vttc", box("payl", "a"))[:10], bad: true},
		{name: "wvtt, box too small", codec: "wvtt", data: "\x00\x00\x00\x04vttc", bad: true},
		{name: "stpp", codec: "stpp.ttml.im1t", data: `<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="2s" end="100s">a</p></div></body></tt>`, want: "a|"},
		{name: "tx3g", codec: "tx3g", config: string(tx3gConfig()), data: "\x00\x03abc" + box("styl", "\x00\x01\x00\x01\x00\x02\x00\x01\x01\x24\xff\x00\x00\xff"), want: "abc|",
			check: func(c cue.Cue) bool {
				s := c.Blocks[0].Spans
				return len(s) == 3 && s[1].Text == "b" && s[1].Style.Bold && s[1].Style.Size == 0.1 && s[1].Style.Color == cue.Color{R: 255, A: 255} && s[2].Style.Size == 0 && !s[2].Style.Bold
			}},
		{name: "tx3g of 16 bits", codec: "mov_text", data: "\x00\x04\xfe\xff\x04\x16", want: "Ж|"},
		{name: "tx3g, empty", codec: "tx3g", data: "\x00\x00"},
		{name: "tx3g, cut off", codec: "tx3g", data: "\x00\x09abc", bad: true},
		{name: "ass", codec: "S_TEXT/ASS", config: seeds[2], data: `0,0,S,,0,0,0,,a, {\b1}b`, want: "a, b|",
			check: func(c cue.Cue) bool { return c.Flow.Line == 0 && c.Blocks[0].Spans[1].Style.Bold }},
		{name: "subrip", codec: "subrip", data: "<i>a</i>", want: "a|", check: func(c cue.Cue) bool { return c.Blocks[0].Spans[0].Style.Italic }},
		{name: "webvtt", codec: "webvtt", data: "<i>a</i>", settings: "align:left", want: "a|", check: func(c cue.Cue) bool { return c.Blocks[0].Align == cue.Left }},
	} {
		t.Run(c.name, func(t *testing.T) {
			coding, ok := text.CodingOf(c.codec)
			if !ok {
				t.Fatalf("codec %q is unknown", c.codec)
			}
			d, _, err := text.NewDecoder(coding, []byte(c.config), text.Options{Offset: 100})
			if err != nil {
				t.Fatal(err)
			}
			cues, _, err := d.Sample(text.Sample{Data: []byte(c.data), Start: 2, End: 5, Settings: c.settings})
			if (err != nil) != c.bad {
				t.Fatalf("error %v", err)
			}
			if c.bad {
				return
			}
			if got := plain(cues); got != c.want {
				t.Fatalf("%q, want %q", got, c.want)
			}
			for _, x := range cues {
				if x.Start != 102 || x.End != 105 {
					t.Errorf("[%v, %v), want [102, 105)", x.Start, x.End)
				}
			}
			if c.check != nil && !c.check(cues[0]) {
				t.Errorf("%+v %+v", cues[0], cues[0].Flow)
			}
		})
	}
	if _, ok := text.CodingOf("avc1.640028"); ok {
		t.Error("video is text")
	}
	if _, _, err := text.NewDecoder(0, nil, text.Options{}); err == nil {
		t.Error("no coding is read")
	}
}

// TestAspect reads a document that keeps its shape, for pictures of several shapes.
func TestAspect(t *testing.T) {
	doc := []byte(`<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:displayAspectRatio="4 3" xml:lang="en">` +
		`<body><div><p begin="0s" end="9s">a</p></div></body></tt>`)
	for _, c := range []struct {
		name   string
		aspect float64
		want   cue.Rect
	}{
		{"16:9 is the default", 0, cue.Rect{X: 0.125, W: 0.75, H: 1}},
		{"as the document", 4.0 / 3, cue.Rect{W: 1, H: 1}},
		{"square", 1, cue.Rect{Y: 0.125, W: 1, H: 0.75}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := text.Options{Aspect: c.aspect}
			whole, _, err := text.Parse(text.TTML, doc, o)
			if err != nil {
				t.Fatal(err)
			}
			d, _, err := text.NewDecoder(text.CodingSTPP, nil, o)
			if err != nil {
				t.Fatal(err)
			}
			sample, _, err := d.Sample(text.Sample{Data: doc, Start: 0, End: 9})
			if err != nil {
				t.Fatal(err)
			}
			for _, cues := range [][]cue.Cue{whole, sample} {
				if len(cues) != 1 || cues[0].Rect != c.want {
					t.Errorf("got %+v, want one at %v", cues, c.want)
				}
			}
		})
	}
}

// TestMedia reads other people's files of each format: what its name or its head says it is, it is.
func TestMedia(t *testing.T) {
	root := os.Getenv("MSEPLAYER_MEDIA")
	if root == "" {
		return // the tables have the same on texts of their own
	}
	count := map[text.Format]int{}
	err := filepath.WalkDir(filepath.Join(root, "content"), func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if _, ok := text.Sniff(name, nil); !ok {
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		f, _ := text.Sniff(name, data)
		cues, _, err := text.Parse(f, data, text.Options{})
		broken := strings.Contains(name, "signature-") || strings.HasSuffix(name, "support__empty.vtt") || strings.Contains(name, "broken")
		if err != nil && !broken {
			t.Errorf("%s: %v", name, err)
		}
		var l text.List
		if l.Add(cues...) != 0 {
			t.Errorf("%s: no room", name)
		}
		count[f]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(count)
	if count[text.WebVTT] == 0 || count[text.SubRip] == 0 || count[text.TTML] == 0 {
		t.Errorf("files of each format: %v", count)
	}
}
