package cea_test

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/text/cea"
	"mseplayer/player/text/cue"
)

// codes are the control codes of channel 1 by the names of the standard.
var codes = map[string][2]byte{
	"RCL": {0x14, 0x20}, "BS": {0x14, 0x21}, "DER": {0x14, 0x24}, "RU2": {0x14, 0x25}, "RU3": {0x14, 0x26}, "RU4": {0x14, 0x27},
	"FON": {0x14, 0x28}, "RDC": {0x14, 0x29}, "TR": {0x14, 0x2a}, "RTD": {0x14, 0x2b}, "EDM": {0x14, 0x2c}, "CR": {0x14, 0x2d},
	"ENM": {0x14, 0x2e}, "EOC": {0x14, 0x2f}, "TO1": {0x17, 0x21}, "TO2": {0x17, 0x22}, "TO3": {0x17, 0x23},
	"green": {0x11, 0x22}, "italic": {0x11, 0x2e}, "underline": {0x11, 0x21}, "white": {0x11, 0x20}, "bgblue": {0x10, 0x24},
	"bgnone": {0x17, 0x2d}, "fgblack": {0x17, 0x2e}, "note": {0x11, 0x37}, "gap": {0x11, 0x39}, "Á": {0x12, 0x20}, "ß": {0x13, 0x34},
	"XDS": {0x01, 0x03}, "XDSend": {0x0f, 0x1d}, "NUL": {0, 0},
}

// pacs are the first byte of address codes by row, and what the second one begins with.
var pacs = [16][2]byte{{}, {0x11, 0x40}, {0x11, 0x60}, {0x12, 0x40}, {0x12, 0x60}, {0x15, 0x40}, {0x15, 0x60}, {0x16, 0x40}, {0x16, 0x60},
	{0x17, 0x40}, {0x17, 0x60}, {0x10, 0x40}, {0x13, 0x40}, {0x13, 0x60}, {0x14, 0x40}, {0x14, 0x60}}

// odd gives a byte odd parity.
func odd(b byte) byte {
	if b &= 0x7f; bits.OnesCount8(b)%2 == 0 {
		b |= 0x80
	}
	return b
}

// line21 makes triplets of words: names of codes, "R15" or "R15:8" for an address (row, indent), a text in quotes.
// "!" in front of a word damages the parity of its second byte, "?" that of its first.
func line21(t testing.TB, channel int, script string) []cea.Triplet {
	t.Helper()
	var list []cea.Triplet
	add := func(a, b byte, flip [2]byte) {
		if a >= 0x10 && a < 0x20 && channel%2 == 0 {
			a |= 8
		}
		list = append(list, cea.Triplet{Type: uint8(channel-1) / 2, B1: odd(a) ^ flip[0], B2: odd(b) ^ flip[1]})
	}
	for i, part := range strings.Split(script, "'") {
		if i%2 == 1 {
			b := append([]byte(part), 0)
			for j := 0; j < len(part); j += 2 {
				add(b[j], b[j+1], [2]byte{})
			}
			continue
		}
		for _, w := range strings.Fields(part) {
			var flip [2]byte
			switch w[0] {
			case '!':
				w, flip[1] = w[1:], 0x80
			case '?':
				w, flip[0] = w[1:], 0x80
			}
			if c, ok := codes[w]; ok {
				add(c[0], c[1], flip)
				continue
			}
			if len(w) == 2 && w[0] == '=' {
				add(w[1], 'x', flip)
				continue
			}
			row, indent, _ := strings.Cut(strings.TrimPrefix(w, "R"), ":")
			r, err := strconv.Atoi(row)
			if err != nil || r < 1 || r > 15 {
				t.Fatalf("no such code: %q", w)
			}
			n := 0
			if indent != "" {
				if n, err = strconv.Atoi(indent); err != nil {
					t.Fatal(err)
				}
				n = n/4<<1 | 0x10
			}
			add(pacs[r][0], pacs[r][1]|byte(n), flip)
		}
	}
	return list
}

// look writes a cue: when, the row and column of its corner, and its text, where styles that are not usual are in
// angle brackets and lines are apart by slashes.
func look(c cue.Cue) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%g-%g @%.0f,%.0f ", float64(c.Start), float64(c.End), (c.Rect.Y-0.1)/0.8*15+1, (c.Rect.X-0.1)/0.8*32)
	before := ""
	for _, bl := range c.Blocks {
		for _, s := range bl.Spans {
			var f []string
			st := s.Style
			if st.Italic {
				f = append(f, "i")
			}
			if st.Underline {
				f = append(f, "u")
			}
			if st.Color != (cue.Color{R: 255, G: 255, B: 255, A: 255}) {
				f = append(f, fmt.Sprintf("%02x%02x%02x", st.Color.R, st.Color.G, st.Color.B))
			}
			if st.Background != (cue.Color{A: 255}) && strings.Trim(s.Text, " \n") != "" {
				f = append(f, fmt.Sprintf("on %02x%02x%02x%02x", st.Background.R, st.Background.G, st.Background.B, st.Background.A))
			}
			if now := strings.Join(f, " "); now != before && s.Text != "\n" {
				before = now
				b.WriteString("<" + now + ">")
			}
			b.WriteString(strings.ReplaceAll(s.Text, "\n", "/"))
		}
	}
	return b.String()
}

func TestLine21(t *testing.T) {
	type at struct {
		t       float64
		channel int
		script  string
	}
	for _, test := range []struct {
		name    string
		in      []at
		channel string
		want    []string
	}{
		{"pop-on", []at{{1, 1, "RCL RCL ENM ENM R15:8 R15:8 'HELLO' EOC EOC"}, {3, 1, "EDM EDM"}}, "CC1", []string{"1-3 @15,8 HELLO"}},
		{"loaded ahead", []at{{0, 1, "RCL ENM R14 'A'"}, {1, 1, "R15 'B'"}, {2, 1, "EOC"}, {4, 1, "EOC"}}, "CC1", []string{"2-4 @14,0 A/B"}},
		{"rows apart are cues", []at{{1, 1, "RCL R1:4 'UP' R15:12 'DOWN' EOC"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @1,4 UP", "1-2 @15,12 DOWN"}},
		{"rows keep their columns", []at{{1, 1, "RCL R14:4 TO2 'AB' R15:4 'CDEF' EOC"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @14,4   AB/CDEF"}},
		{"roll-up", []at{{1, 1, "RU2 CR R15 'ONE'"}, {2, 1, "CR 'TWO'"}, {3, 1, "CR 'THREE'"}, {4, 1, "EDM"}}, "CC1",
			[]string{"1-2 @15,0 ONE", "2-3 @14,0 ONE/TWO", "3-4 @14,0 TWO/THREE"}},
		{"roll-up moves", []at{{1, 1, "RU3 CR R15 'ONE'"}, {2, 1, "R5 'TWO'"}, {3, 1, "EDM"}}, "CC1", []string{"1-2 @15,0 ONE", "2-3 @5,0 TWO"}},
		{"roll-up keeps below the top", []at{{1, 1, "RU4 R1 'ONE'"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @4,0 ONE"}},
		{"roll-up fewer rows", []at{{1, 1, "RU3 'A' CR 'B' CR 'C'"}, {2, 1, "RU2"}, {3, 1, "EDM"}}, "CC1", []string{"1-2 @13,0 A/B/C", "2-3 @14,0 B/C"}},
		{"roll-up after pop-on clears", []at{{1, 1, "RCL R1 'OLD' EOC"}, {2, 1, "RU2 'NEW'"}, {3, 1, "EDM"}}, "CC1", []string{"1-2 @1,0 OLD", "2-3 @15,0 NEW"}},
		{"paint-on", []at{{1, 1, "RDC R15 'AB'"}, {2, 1, "'CD'"}, {3, 1, "EDM"}}, "CC1", []string{"1-2 @15,0 AB", "2-3 @15,0 ABCD"}},
		{"characters are gathered", []at{{1, 1, "RDC R15 'AB'"}, {1.03125, 1, "'CD'"}, {1.0625, 1, "'EF'"}, {1.125, 1, "NUL"}, {3, 1, "EDM"}}, "CC1",
			[]string{"1-1.125 @15,0 AB", "1.125-3 @15,0 ABCDEF"}},
		{"styles", []at{{1, 1, "RCL R15 'a' green 'b' italic 'c' white 'd' EOC"}, {2, 1, "EDM"}}, "CC1",
			[]string{"1-2 @15,0 a <00ff00>b <i 00ff00>c <>d"}},
		{"underline", []at{{1, 1, "RCL R15 underline 'b' EOC"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @15,0  <u>b"}},
		{"backgrounds", []at{{1, 1, "RCL R15 'a ' bgblue 'b ' bgnone 'c' EOC"}, {2, 1, "EDM"}}, "CC1",
			[]string{"1-2 @15,0 a<on 0000ffff> b<on 00000000> c"}},
		{"black", []at{{1, 1, "RCL R15 'a ' fgblack 'b' EOC"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @15,0 a<000000> b"}},
		{"special and extended", []at{{1, 1, "RCL R15 note 'A' Á 'S' ß '*' EOC"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @15,0 ♪Áßá"}},
		{"basic set", []at{{1, 1, "RCL R15 '\\^_`{|}~' EOC"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @15,0 éíóúç÷Ññ"}},
		{"a gap", []at{{1, 1, "RCL R15 'a' gap gap NUL gap 'b' EOC"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @15,0 a  b"}},
		{"doubled codes count once", []at{{1, 1, "RCL R15 'abc' BS BS EOC EOC"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @15,0 ab"}},
		{"a third time counts", []at{{1, 1, "RCL R15 'abc' BS BS BS EOC EOC"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @15,0 a"}},
		{"doubled over nothing", []at{{1, 1, "RCL R15 'abc' BS NUL BS EOC"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @15,0 ab"}},
		{"delete to end", []at{{1, 1, "RCL R15 'abcdef' R15:4 DER EOC"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @15,0 abcd"}},
		{"full row", []at{{1, 1, "RCL R15 'abcdefghijklmnopqrstuvwxyz0123456789' EOC"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @15,0 abcdefghijklmnopqrstuvwxyz012349"}},
		{"text mode is not shown", []at{{1, 1, "RCL R15 'a' EOC"}, {1.5, 1, "TR 'text' RTD 'more'"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @15,0 a"}},
		{"second channel", []at{{1, 2, "RCL R15 'two' EOC"}, {1, 1, "RCL R15 'one' EOC"}, {2, 2, "EDM"}}, "CC2", []string{"1-2 @15,0 two"}},
		{"field two", []at{{1, 3, "RCL R15 'three' EOC"}, {2, 3, "EDM"}}, "CC3", []string{"1-2 @15,0 three"}},
		{"field two, second channel", []at{{1, 4, "RCL R15 'four' EOC"}, {2, 4, "EDM"}}, "CC4", []string{"1-2 @15,0 four"}},
		{"XDS in between", []at{{1, 3, "RCL R15 'ab' XDS 'junk' XDSend RCL 'cd' EOC"}, {2, 3, "EDM"}}, "CC3", []string{"1-2 @15,0 abcd"}},
		{"XDS that a caption interrupts", []at{{1, 3, "RCL R15 'ab' XDS 'junk' RCL 'cd' EOC"}, {2, 3, "EDM"}}, "CC3", []string{"1-2 @15,0 abcd"}},
		{"a damaged second byte", []at{{1, 1, "RCL R15 'ab' !=z 'cd' !EDM EOC"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @15,0 abcd"}},
		{"a damaged first byte", []at{{1, 1, "RCL R15 'ab' ?=z 'cd' ?EOC EOC"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @15,0 ab█xcd"}},
		{"nothing before a mode", []at{{1, 1, "'lost' R15 'lost'"}, {2, 1, "EDM"}}, "CC1", nil},
		{"the end ends", []at{{1, 1, "RCL R15 'a' EOC"}}, "CC1", []string{"1-9 @15,0 a"}},
		{"back in time begins anew", []at{{5, 1, "RCL R15 'a' EOC"}, {1, 1, "RCL R15 'b' EOC"}, {2, 1, "EDM"}}, "CC1", []string{"1-2 @15,0 b"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var d cea.Decoder
			for _, in := range test.in {
				d.Add(media.Time(in.t), line21(t, in.channel, in.script))
			}
			d.Reset(9)
			var got []string
			for _, c := range d.Take(test.channel) {
				got = append(got, look(c))
			}
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", test.want) {
				t.Errorf("\n got %q\nwant %q", got, test.want)
			}
			if more := d.Take(test.channel); len(more) > 0 {
				t.Errorf("taken twice: %d cues", len(more))
			}
		})
	}
}

// dtvcc makes triplets of a packet with one block of a service.
func dtvcc(number int, b ...byte) []cea.Triplet {
	var p []byte
	if number < 7 {
		p = append(p, 0, byte(number)<<5|byte(len(b)))
	} else {
		p = append(p, 0, 7<<5|byte(len(b)), byte(number))
	}
	p = append(p, b...)
	if len(p)%2 != 0 {
		p = append(p, 0)
	}
	p[0] = byte(len(p) / 2)
	list := make([]cea.Triplet, 0, len(p)/2)
	for i := 0; i < len(p); i += 2 {
		list = append(list, cea.Triplet{Type: 2, B1: p[i], B2: p[i+1]})
	}
	list[0].Type = 3
	return list
}

// window defines window n, visible, at the bottom in the middle, with so many rows and columns of text.
func window(n byte, rows, cols byte, styles byte) []byte {
	return []byte{0x98 + n, 0x20, 74, 105, 7<<4 | (rows - 1), cols - 1, styles}
}

func TestDTVCC(t *testing.T) {
	type at struct {
		t       float64
		service int
		bytes   []byte
	}
	join := func(parts ...any) (b []byte) {
		for _, p := range parts {
			switch p := p.(type) {
			case []byte:
				b = append(b, p...)
			case string:
				b = append(b, p...)
			case int:
				b = append(b, byte(p))
			}
		}
		return b
	}
	for _, test := range []struct {
		name    string
		in      []at
		channel string
		want    []string
	}{
		{"a window", []at{{1, 1, join(window(0, 1, 10, 0), "HELLO")}, {2, 1, []byte{0x8c, 1}}}, "SERVICE1", []string{"1-2 HELLO"}},
		{"hidden, then shown", []at{{1, 1, join(window(0, 1, 10, 0), 0x8a, 1, "HELLO")}, {2, 1, []byte{0x89, 1}}, {3, 1, []byte{0x8a, 1}}}, "SERVICE1", []string{"2-3 HELLO"}},
		{"toggled", []at{{1, 1, join(window(0, 1, 10, 0), "A", 0x8b, 1)}, {2, 1, []byte{0x8b, 1}}, {3, 1, []byte{0x8b, 1}}}, "SERVICE1", []string{"2-3 A"}},
		{"rolls up", []at{{1, 1, join(window(0, 2, 10, 0), "ONE\rTWO")}, {2, 1, join("\rTHREE")}, {3, 1, []byte{0x88, 1}}}, "SERVICE1", []string{"1-2 ONE/TWO", "2-3 TWO/THREE"}},
		{"pen location", []at{{1, 1, join(window(0, 3, 10, 0), 0x92, 2, 3, "X")}, {2, 1, []byte{0x8f}}}, "SERVICE1", []string{"1-2 //   X"}},
		{"wraps words", []at{{1, 1, join(window(0, 2, 8, 4<<3), "MANY WORDS")}, {2, 1, []byte{0x8f}}}, "SERVICE1", []string{"1-2 MANY /WORDS"}},
		{"cuts without wrap", []at{{1, 1, join(window(0, 2, 8, 1<<3), "MANY WORDS")}, {2, 1, []byte{0x8f}}}, "SERVICE1", []string{"1-2 MANY WOR"}},
		{"backspace, form feed, line start", []at{{1, 1, join(window(0, 1, 8, 0), "AB\x08C\x0cD\x0eE")}, {2, 1, []byte{0x8f}}}, "SERVICE1", []string{"1-2 E"}},
		{"other characters", []at{{1, 1, join(window(0, 1, 8, 0), 0xe9, 0x7f, 0x10, 0x39, 0x10, 0xa0, 0x18, 0x30, 0x42)}, {2, 1, []byte{0x8f}}}, "SERVICE1", []string{"1-2 é♪™㏄あ"}},
		{"skips what it does not know", []at{{1, 1, join(window(0, 1, 8, 0), "A", 0x10, 0x08, 1, 0x10, 0x10, 1, 2, 0x10, 0x18, 1, 2, 3, 0x10, 0x80, 1, 2, 3, 4, 0x10, 0x90, 2, 7, 7, "B")},
			{2, 1, []byte{0x8f}}}, "SERVICE1", []string{"1-2 AB"}},
		{"pen", []at{{1, 1, join(window(0, 1, 8, 0), 0x90, 0x05, 0x80, 0x91, 0x30, 0xc0, 0, "A")}, {2, 1, []byte{0x8f}}}, "SERVICE1", []string{"1-2 <i ff0000 on 00000000>A"}},
		{"service 6", []at{{1, 6, join(window(0, 1, 8, 0), "A")}, {2, 6, []byte{0x8f}}}, "SERVICE6", []string{"1-2 A"}},
		{"service 12", []at{{1, 12, join(window(0, 1, 8, 0), "A")}, {2, 12, []byte{0x8f}}}, "SERVICE12", []string{"1-2 A"}},
		{"a delay", []at{{1, 1, join(window(0, 1, 8, 0), "A", 0x8d, 10, "B")}, {1.5, 1, nil}, {2, 1, nil}, {3, 1, []byte{0x8f}}}, "SERVICE1", []string{"1-2 A", "2-3 AB"}},
		{"a delay that is cancelled", []at{{1, 1, join(window(0, 1, 8, 0), "A", 0x8d, 50, "B")}, {2, 1, []byte{0x8e}}, {3, 1, []byte{0x8f}}}, "SERVICE1", []string{"1-2 A", "2-3 AB"}},
		{"a command in two blocks", []at{{1, 1, window(0, 1, 8, 0)[:3]}, {1.5, 1, join(window(0, 1, 8, 0)[3:], "A")}, {3, 1, []byte{0x8f}}}, "SERVICE1", []string{"1.5-3 A"}},
		{"two windows", []at{{1, 1, join(window(0, 1, 8, 0), "A", window(1, 1, 8, 0), "B", 0x80, "C")}, {2, 1, []byte{0x8f}}}, "SERVICE1", []string{"1-2 AC", "1-2 B"}},
		{"no window", []at{{1, 1, join("A\r\x0c", 0x90, 0, 0, 0x92, 9, 9)}, {2, 1, []byte{0x8f}}}, "SERVICE1", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var d cea.Decoder
			for _, in := range test.in {
				var list []cea.Triplet
				for b := in.bytes; len(b) > 0; b = b[min(len(b), 31):] {
					list = append(list, dtvcc(in.service, b[:min(len(b), 31)]...)...)
				}
				d.Add(media.Time(in.t), list)
			}
			d.Reset(9)
			var got []string
			for _, c := range d.Take(test.channel) {
				l := look(c)
				when, rest, _ := strings.Cut(l, " @")
				_, text, _ := strings.Cut(rest, " ")
				got = append(got, when+" "+text)
			}
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", test.want) {
				t.Errorf("\n got %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestDTVCC_Place(t *testing.T) {
	for _, test := range []struct {
		name   string
		aspect float64
		define []byte
		want   cue.Rect
		align  cue.Align
	}{
		{"bottom middle", 0, []byte{0x98, 0x20, 75, 105, 7<<4 | 1, 20, 0}, cue.Rect{X: 0.3, Y: 0.9 - 1.6/15, W: 0.4, H: 1.6 / 15}, cue.Start},
		{"top left", 0, []byte{0x98, 0x20, 0, 0, 0, 41, 0}, cue.Rect{X: 0.1, Y: 0.1, W: 0.8, H: 0.8 / 15}, cue.Start},
		{"relative, bottom right", 0, []byte{0x98, 0x20, 0x80 | 100, 100, 8<<4 | 2, 20, 0}, cue.Rect{X: 0.5, Y: 0.74, W: 0.4, H: 0.16}, cue.Start},
		{"narrow", 4.0 / 3, []byte{0x98, 0x20, 75, 80, 7<<4 | 1, 15, 3 << 3}, cue.Rect{X: 0.3, Y: 0.9 - 1.6/15, W: 0.4, H: 1.6 / 15}, cue.Center},
		{"kept on the picture", 0, []byte{0x98, 0x20, 75, 209, 0, 41, 0}, cue.Rect{X: 0.2, Y: 0.9, W: 0.8, H: 0.8 / 15}, cue.Start},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := cea.Decoder{Aspect: test.aspect}
			d.Add(1, dtvcc(1, append(test.define, 'A')...))
			list := d.Open("SERVICE1")
			if len(list) != 1 {
				t.Fatalf("got %d cues, want 1", len(list))
			}
			r := list[0].Rect
			for _, v := range [][2]float64{{r.X, test.want.X}, {r.Y, test.want.Y}, {r.W, test.want.W}, {r.H, test.want.H}} {
				if d := v[0] - v[1]; d > 1e-9 || d < -1e-9 {
					t.Fatalf("got %+v, want %+v", r, test.want)
				}
			}
			if got := list[0].Blocks[0].Align; got != test.align {
				t.Errorf("align: got %d, want %d", got, test.align)
			}
		})
	}
}

func TestDecoder_Open(t *testing.T) {
	var d cea.Decoder
	d.Add(1, line21(t, 1, "RCL R15 'a' EOC"))
	if got := d.Open("CC1"); len(got) != 1 || got[0].Start != 1 || got[0].End.IsFinite() {
		t.Errorf("got %+v, want one cue from 1 without an end", got)
	}
	if got := fmt.Sprint(d.Channels()); got != "[CC1]" {
		t.Errorf("channels: got %s", got)
	}
	for _, name := range []string{"CC5", "CC", "SERVICE0", "SERVICE64", "SERVICE3", ""} {
		if got := d.Take(name); got != nil || d.Open(name) != nil {
			t.Errorf("%q: got %v", name, got)
		}
	}
}

// TestLine21_Align sees that what grows keeps its edge, and what is finished its middle.
func TestLine21_Align(t *testing.T) {
	for script, want := range map[string]cue.Align{"RCL R15:8 'a' EOC": cue.Center, "RU2 CR R15 'a'": cue.Start, "RDC R15 'a'": cue.Start} {
		var d cea.Decoder
		d.Add(1, line21(t, 1, script))
		if b := d.Open("CC1")[0].Blocks[0]; b.Align != want || b.MultiRow != cue.Start {
			t.Errorf("%s: got %d, rows %d; want %d", script, b.Align, b.MultiRow, want)
		}
	}
}

// TestDecoder_Bounds sees that hours of changes that nobody takes are not kept without end.
func TestDecoder_Bounds(t *testing.T) {
	var d cea.Decoder
	text := line21(t, 1, "RCL ENM R15 'a' EOC")
	other := line21(t, 1, "RCL ENM R15 'b' EOC")
	for i := range 20_000 {
		list := text
		if i%2 == 1 {
			list = other
		}
		d.Add(media.Time(i), list)
	}
	got := d.Take("CC1")
	if len(got) > 10_000 || len(got) < 8000 || got[len(got)-1].End != 19_999 {
		t.Errorf("got %d cues, the last of which ends at %v; want about the last 10000", len(got), got[len(got)-1].End)
	}
}
