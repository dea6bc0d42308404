package hls_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/mse/msetest"
	"mseplayer/player/hls"
	"mseplayer/player/manifest"
)

// media writes a media playlist of segments of four seconds: words are URIs; "/" is a discontinuity, "@12:00:00" a date,
// "=2" the duration of the next segment, "$" the end, and what begins with # a line as it is, with spaces as _.
func media(sequence int, words string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:%d\n", sequence)
	length := "4"
	for _, w := range strings.Fields(words) {
		switch {
		case w == "/":
			b.WriteString("#EXT-X-DISCONTINUITY\n")
		case w == "$":
			b.WriteString("#EXT-X-ENDLIST\n")
		case w[0] == '@':
			b.WriteString("#EXT-X-PROGRAM-DATE-TIME:2020-01-01T" + w[1:] + "Z\n")
		case w[0] == '=':
			length = w[1:]
		case w[0] == '#':
			b.WriteString(strings.ReplaceAll(w, "_", " ") + "\n")
		default:
			b.WriteString("#EXTINF:" + length + ",\n" + w + "\n")
			length = "4"
		}
	}
	return b.String()
}

// row writes a list on one line: numbers, times, discontinuities and when to ask again.
func row(l *manifest.List) string {
	var out []string
	for i := range l.Index.Len() {
		s := l.Index.At(i)
		w := fmt.Sprint(s.Number)
		if s.Sub > 0 {
			w += fmt.Sprintf(".%d", s.Sub)
		}
		w += fmt.Sprintf("[%.4g,%.4g)%s", float64(s.Start), float64(s.End()), short(s.URL))
		if s.Discontinuity != 0 {
			w += fmt.Sprintf("/%d", s.Discontinuity)
		}
		if s.Hint {
			w += "?"
		}
		out = append(out, w)
	}
	end := "$"
	if l.Growing {
		end = "~" + l.Reload.String()
	}
	return strings.Join(append(out, end), " ")
}

// TestLoad_Sequences loads one playlist again and again.
func TestLoad_Sequences(t *testing.T) {
	type step struct{ doc, want, finding string }
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"a window that moves", []step{
			{media(10, "a b c"), "10[0,4)a 11[4,8)b 12[8,12)c ~4s", ""},
			{media(11, "b c d"), "11[4,8)b 12[8,12)c 13[12,16)d ~4s", ""},
			{media(11, "b c d"), "11[4,8)b 12[8,12)c 13[12,16)d ~2s", ""},
			{media(13, "d =2 e f"), "13[12,16)d 14[16,18)e 15[18,22)f ~4s", ""},
			{media(13, "d =2 e f $"), "13[12,16)d 14[16,18)e 15[18,22)f $", ""},
		}},
		{"an event that ends", []step{
			{media(0, "#EXT-X-PLAYLIST-TYPE:EVENT a"), "0[0,4)a ~4s", ""},
			{media(0, "#EXT-X-PLAYLIST-TYPE:EVENT a b"), "0[0,4)a 1[4,8)b ~4s", ""},
			{media(0, "#EXT-X-PLAYLIST-TYPE:EVENT a b c $"), "0[0,4)a 1[4,8)b 2[8,12)c $", ""},
		}},
		{"an event that loses its beginning", []step{
			{media(0, "#EXT-X-PLAYLIST-TYPE:EVENT a b"), "0[0,4)a 1[4,8)b ~4s", ""},
			{media(1, "#EXT-X-PLAYLIST-TYPE:EVENT b c"), "1[4,8)b 2[8,12)c ~4s", "has lost its first 1 segments"},
		}},
		{"discontinuities that leave without a number", []step{
			{media(0, "a / b c"), "0[0,4)a 1[4,8)b/1 2[8,12)c/1 ~4s", ""},
			{media(2, "c / d"), "2[8,12)c/1 3[12,16)d/2 ~4s", ""},
			{media(3, "d e"), "3[12,16)d/2 4[16,20)e/2 ~4s", ""},
		}},
		{"discontinuities with a number", []step{
			{media(0, "#EXT-X-DISCONTINUITY-SEQUENCE:5 a / b c"), "0[0,4)a/5 1[4,8)b/6 2[8,12)c/6 ~4s", ""},
			{media(5, "#EXT-X-DISCONTINUITY-SEQUENCE:9 f"), "5[20,24)f/9 ~4s", "2 segments have come and gone"},
		}},
		{"skipped ahead, dates tell", []step{
			{media(0, "@12:00:00 a b"), "0[0,4)a 1[4,8)b ~4s", ""},
			{media(10, "@12:00:41 x"), "10[41,45)x ~4s", "8 segments have come and gone"},
		}},
		{"just missed", []step{
			{media(0, "a b"), "0[0,4)a 1[4,8)b ~4s", ""},
			{media(2, "c d"), "2[8,12)c 3[12,16)d ~4s", ""},
		}},
		{"an old copy from a cache", []step{
			{media(4, "e f g"), "4[0,4)e 5[4,8)f 6[8,12)g ~4s", ""},
			{media(3, "d e f"), "4[0,4)e 5[4,8)f 6[8,12)g ~2s", "is older than the one before"},
			{media(5, "f g h"), "5[4,8)f 6[8,12)g 7[12,16)h ~4s", ""},
		}},
		{"the server begins anew", []step{
			{media(100, "a b"), "100[0,4)a 101[4,8)b ~4s", ""},
			{media(0, "x y"), "102[8,12)x/1 103[12,16)y/1 ~4s", "goes back from 102 to 0"},
			{media(1, "y z"), "103[12,16)y/1 104[16,20)z/1 ~4s", ""},
			{media(1, "y z / q $"), "103[12,16)y/1 104[16,20)z/1 105[20,24)q/2 $", ""},
		}},
		{"the server begins anew with numbers that overlap", []step{
			{media(0, "a b c d"), "0[0,4)a 1[4,8)b 2[8,12)c 3[12,16)d ~4s", ""},
			{media(0, "x y"), "4[16,20)x/1 5[20,24)y/1 ~4s", "goes back from 4 to 0"},
		}},
		{"segments that change", []step{
			{media(0, "a b"), "0[0,4)a 1[4,8)b ~4s", ""},
			{media(0, "a =3 b c"), "0[0,4)a 1[4,7)b 2[7,11)c ~4s", ""},
			{media(1, "=3 z c"), "1[4,7)z 2[7,11)c ~4s", "segment 1 is not what it was"},
		}},
		{"tokens that change", []step{
			{media(0, "a?t=1 b?t=1"), "0[0,4)a?t=1 1[4,8)b?t=1 ~4s", ""},
			{media(1, "b?t=2 c?t=2"), "1[4,8)b?t=2 2[8,12)c?t=2 ~4s", ""},
		}},
		{"it shrinks at its end", []step{
			{media(0, "a b c"), "0[0,4)a 1[4,8)b 2[8,12)c ~4s", ""},
			{media(0, "a b $"), "0[0,4)a 1[4,8)b $", "ends at segment 2, though segment 2 has been there"},
		}},
		{"empty in between", []step{
			{media(0, "a b"), "0[0,4)a 1[4,8)b ~4s", ""},
			{media(2, ""), "~4s", ""},
			{media(2, "c"), "2[8,12)c ~4s", ""},
		}},
		{"not a playlist any more", []step{
			{media(0, "a b"), "0[0,4)a 1[4,8)b ~4s", ""},
			{"<html>", "error: https://origin.example/dir/m.m3u8: this is no HLS playlist: it does not begin with #EXTM3U", ""},
			{media(1, "b c"), "1[4,8)b 2[8,12)c ~4s", ""},
		}},
		{"exact over a long time", []step{
			{media(0, strings.Repeat("=0.033366667 s ", 50000)+"$"), "", ""},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &site{files: map[string]string{"m.m3u8": tt.steps[0].doc}}
			p, err := s.parse("m.m3u8")
			if err != nil {
				t.Fatal(err)
			}
			lazy := p.Periods[0].Sets[0].Representations[0].Lazy
			for i, st := range tt.steps {
				s.files["m.m3u8"] = st.doc
				l, err := lazy.Load(s.get)
				if err != nil {
					if got := "error: " + err.Error(); got != st.want {
						t.Fatalf("step %d: got %s, want %s", i, got, st.want)
					}
					continue
				}
				walkList(t, tt.name, l)
				if st.want == "" {
					n := l.Index.Len()
					if end := l.Index.At(n - 1).End(); fmt.Sprintf("%.9f", float64(end)) != "1668.333350000" {
						t.Errorf("%d segments end at %.9f", n, float64(end))
					}
					continue
				}
				if got := row(l); got != st.want {
					t.Errorf("step %d:\ngot  %s\nwant %s", i, got, st.want)
				}
				found := fmt.Sprint(l.Findings)
				if st.finding == "" && len(l.Findings) > 0 || !strings.Contains(found, st.finding) {
					t.Errorf("step %d: findings %s, want %q", i, found, st.finding)
				}
			}
		})
	}
}

// TestLoad_KeepsPointers loads a list twice: segments that have the same initialization section and key share them, so
// that a consumer sees no change.
func TestLoad_KeepsPointers(t *testing.T) {
	head := `#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x01 #EXT-X-MAP:URI="i" `
	s := &site{files: map[string]string{"m.m3u8": media(0, head+"a b")}}
	p, err := s.parse("m.m3u8")
	if err != nil {
		t.Fatal(err)
	}
	lazy := p.Periods[0].Sets[0].Representations[0].Lazy
	first, err := lazy.Load(s.get)
	if err != nil {
		t.Fatal(err)
	}
	s.files["m.m3u8"] = media(1, head+`b #EXT-X-MAP:URI="j" c`)
	second, err := lazy.Load(s.get)
	if err != nil {
		t.Fatal(err)
	}
	a, b, c := first.Index.At(1), second.Index.At(0), second.Index.At(1)
	if a.Init != b.Init || a.InitKey != b.InitKey || a.Key != b.Key || b.Init == c.Init || second.Init != b.Init {
		t.Errorf("init %p %p %p, key %p %p", a.Init, b.Init, c.Init, a.Key, b.Key)
	}
}

// ll writes a low-latency playlist.
func ll(sequence int, words string) string {
	return media(sequence, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=24 #EXT-X-PART-INF:PART-TARGET=1 "+words)
}

// parts writes the parts from..to of a segment.
func parts(name string, from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintf(&b, "#EXT-X-PART:DURATION=1,URI=\"%s%d\" ", name, i)
	}
	return b.String()
}

func hint(name string) string { return `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="` + name + `" ` }

// TestLoad_LowLatency follows a low-latency playlist and looks at what is asked for.
func TestLoad_LowLatency(t *testing.T) {
	type step struct {
		doc            string // "" fails
		pause          time.Duration
		want, requests string
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"parts", []step{
			{ll(5, "a "+parts("b", 1, 4)+"b "+parts("c", 1, 2)+hint("c3")), 0,
				"5[0,4)a 6.1[4,5)b1 6.2[5,6)b2 6.3[6,7)b3 6.4[7,8)b4 7.1[8,9)c1 7.2[9,10)c2 7.3[10,11)c3? ~0s", ""},
			{ll(5, "a "+parts("b", 1, 4)+"b "+parts("c", 1, 3)+hint("c4")), time.Second,
				"5[0,4)a 6.1[4,5)b1 6.2[5,6)b2 6.3[6,7)b3 6.4[7,8)b4 7.1[8,9)c1 7.2[9,10)c2 7.3[10,11)c3 7.4[11,12)c4? ~0s",
				"m.m3u8?_HLS_msn=7&_HLS_part=2&_HLS_skip=YES"},
			{ll(6, parts("b", 1, 4)+"b "+parts("c", 1, 4)+"c "+hint("d1")), time.Second,
				"6.1[4,5)b1 6.2[5,6)b2 6.3[6,7)b3 6.4[7,8)b4 7.1[8,9)c1 7.2[9,10)c2 7.3[10,11)c3 7.4[11,12)c4 8.1[12,13)d1? ~0s",
				"m.m3u8?_HLS_msn=7&_HLS_part=3&_HLS_skip=YES"},
			{ll(6, "b "+parts("c", 1, 4)+"c "+parts("d", 1, 1)), 13 * time.Second,
				"6[4,8)b 7.1[8,9)c1 7.2[9,10)c2 7.3[10,11)c3 7.4[11,12)c4 8.1[12,13)d1 ~0s",
				"m.m3u8?_HLS_msn=8&_HLS_part=0"},
			{ll(6, "b "+parts("c", 1, 4)+"c "+parts("d", 1, 1)), 0,
				"6[4,8)b 7.1[8,9)c1 7.2[9,10)c2 7.3[10,11)c3 7.4[11,12)c4 8.1[12,13)d1 ~2s",
				"m.m3u8?_HLS_msn=8&_HLS_part=1&_HLS_skip=YES"},
		}},
		{"delta update", []step{
			{ll(5, `#EXT-X-DISCONTINUITY-SEQUENCE:2 @12:00:00 #EXT-X-KEY:METHOD=AES-128,URI="k" #EXT-X-MAP:URI="i",BYTERANGE="9@0" a / b c d e`), 0,
				"5[0,4)a/2 6[4,8)b/3 7[8,12)c/3 8[12,16)d/3 9[16,20)e/3 ~0s", ""},
			{ll(6, "#EXT-X-DISCONTINUITY-SEQUENCE:2 #EXT-X-SKIP:SKIPPED-SEGMENTS=3 e / f "+parts("g", 1, 1)), 0,
				"6[4,8)b/3 7[8,12)c/3 8[12,16)d/3 9[16,20)e/3 10[20,24)f/4 11.1[24,25)g1/4 ~0s", "m.m3u8?_HLS_msn=10&_HLS_part=0&_HLS_skip=YES"},
		}},
		{"delta update that skips nothing", []step{
			{ll(5, `#EXT-X-MAP:URI="i" a`), 0, "5[0,4)a ~0s", ""},
			{ll(5, "#EXT-X-SKIP:SKIPPED-SEGMENTS=0 a b"), 0, "5[0,4)a 6[4,8)b ~0s", "m.m3u8?_HLS_msn=6&_HLS_part=0&_HLS_skip=YES"},
		}},
		{"delta update of what is not known", []step{
			{ll(5, "a b"), 0, "5[0,4)a 6[4,8)b ~0s", ""},
			{ll(7, "#EXT-X-SKIP:SKIPPED-SEGMENTS=3 k"), 0, "10[20,24)k ~0s", "m.m3u8?_HLS_msn=7&_HLS_part=0&_HLS_skip=YES, m.m3u8"},
		}},
		{"directives that fail", []step{
			{ll(5, "a b"), 0, "5[0,4)a 6[4,8)b ~0s", ""},
			{"", 0, "error: GET m.m3u8: 404", "m.m3u8?_HLS_msn=7&_HLS_part=0&_HLS_skip=YES, m.m3u8"},
			{"", 0, "error: GET m.m3u8: 404", "m.m3u8?_HLS_msn=7&_HLS_part=0&_HLS_skip=YES, m.m3u8"},
			{"", 0, "error: GET m.m3u8: 404", "m.m3u8?_HLS_msn=7&_HLS_part=0&_HLS_skip=YES, m.m3u8"},
			{ll(6, "b c"), 0, "6[4,8)b 7[8,12)c ~0s", "m.m3u8"},
		}},
		{"no blocking reload", []step{
			{media(5, "#EXT-X-PART-INF:PART-TARGET=1 a "+parts("b", 1, 4)+"b "+parts("c", 1, 1)+hint("c2")), 0, "5[0,4)a 6[4,8)b ~4s", ""},
			{media(5, "#EXT-X-PART-INF:PART-TARGET=1 a b c"), 0, "5[0,4)a 6[4,8)b 7[8,12)c ~4s", "m.m3u8"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &site{files: map[string]string{"m.m3u8": tt.steps[0].doc}}
				p, err := s.parse("m.m3u8")
				if err != nil {
					t.Fatal(err)
				}
				lazy := p.Periods[0].Sets[0].Representations[0].Lazy
				for i, st := range tt.steps {
					time.Sleep(st.pause)
					s.requests = nil
					if s.files["m.m3u8"] = st.doc; st.doc == "" {
						delete(s.files, "m.m3u8")
					}
					l, err := lazy.Load(s.get)
					got := ""
					if err != nil {
						got = "error: " + strings.ReplaceAll(err.Error(), "\n", "; ")
					} else {
						walkList(t, tt.name, l)
						got = row(l)
					}
					if got != st.want {
						t.Errorf("step %d:\ngot  %s\nwant %s", i, got, st.want)
					}
					if got := strings.Join(s.requests, ", "); got != st.requests {
						t.Errorf("step %d: requests\ngot  %s\nwant %s", i, got, st.requests)
					}
				}
			})
		})
	}
}

// TestLoad_DeltaCarries looks at what segments behind a delta update have of those that it leaves out.
func TestLoad_DeltaCarries(t *testing.T) {
	head := `@12:00:00 #EXT-X-KEY:METHOD=AES-128,URI="k" #EXT-X-MAP:URI="i" #EXT-X-DATERANGE:ID="x",START-DATE="2020-01-01T12:00:02Z" #EXT-X-DATERANGE:ID="y",START-DATE="2020-01-01T12:00:03Z" `
	s := &site{files: map[string]string{"m.m3u8": ll(0, head+"#EXT-X-BYTERANGE:10@0 f #EXT-X-BYTERANGE:10 f #EXT-X-BYTERANGE:10 f")}}
	p, err := s.parse("m.m3u8")
	if err != nil {
		t.Fatal(err)
	}
	lazy := p.Periods[0].Sets[0].Representations[0].Lazy
	if _, err = lazy.Load(s.get); err != nil {
		t.Fatal(err)
	}
	s.files["m.m3u8"] = ll(0, "#EXT-X-SKIP:SKIPPED-SEGMENTS=2,RECENTLY-REMOVED-DATERANGES=\"x\" #EXT-X-BYTERANGE:10 f #EXT-X-BYTERANGE:10 f #EXT-X-KEY:METHOD=NONE g")
	l, err := lazy.Load(s.get)
	if err != nil {
		t.Fatal(err)
	}
	s.files["m.m3u8"] = ll(0, "#EXT-X-SKIP:SKIPPED-SEGMENTS=0 #EXT-X-BYTERANGE:10@0 f #EXT-X-BYTERANGE:10 f")
	if none, err := lazy.Load(s.get); err != nil || none.Index.At(1).Init != l.Index.At(1).Init || none.Index.At(1).Key != l.Index.At(1).Key {
		t.Errorf("a delta update that skips nothing loses what was in effect: %v", err)
	}
	b := &printer{}
	b.list(0, l)
	want := `5 segments growing, reload after 0s
init i
live start=2020-01-01T12:00:00.000Z depth=20 delay=12 part=3
event EXT-X-DATERANGE "y" at 3 for unset data="" START-DATE="2020-01-01T12:00:03Z"
  init i key AES-128 identity k iv=00000000000000000000000000000000
  key AES-128 identity k
  0 [0,4) f 0-9 12:00:00.000 iv=00000000000000000000000000000000
  1 [4,8) f 10-19 12:00:04.000 iv=00000000000000000000000000000001
  2 [8,12) f 20-29 12:00:08.000 iv=00000000000000000000000000000002
  3 [12,16) f 30-39 12:00:12.000 iv=00000000000000000000000000000003
  key none
  4 [16,20) g 12:00:16.000
`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b, want)
	}
}

// TestLoad_Report begins another rendition where a report says that it is.
func TestLoad_Report(t *testing.T) {
	s := &site{files: map[string]string{
		"master.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.64001f\"\na.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2,CODECS=\"avc1.64001f\"\nb.m3u8\n",
		"a.m3u8":      ll(5, `a.ts #EXT-X-RENDITION-REPORT:URI="b.m3u8",LAST-MSN=5,LAST-PART=2`),
		"b.m3u8":      ll(5, "b.ts"),
	}}
	p, err := s.parse("master.m3u8")
	if err != nil {
		t.Fatal(err)
	}
	reps := p.Periods[0].Sets[0].Representations
	for _, r := range reps {
		if _, err := r.Lazy.Load(s.get); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := strings.Join(s.requests, ", "), "a.m3u8, b.m3u8?_HLS_msn=5&_HLS_part=2"; got != want {
		t.Errorf("requests %s, want %s", got, want)
	}
}

// TestLoad_LeftAlone comes back to a playlist that nobody loaded for long: the other one, which was, says when it is.
func TestLoad_LeftAlone(t *testing.T) {
	for _, tt := range []struct{ name, a, b, a2, b2, want string }{
		{"numbers", "=2 a0 =2 a1", "=2 b0 =2 b1", "=2 a9 =2 a10", "=2 b9 =2 b10", "9[18,20)b9/1 10[20,22)b10/1 ~4s"},
		{"dates", "@12:00:00 =2 a0 =2 a1", "@12:00:00 =2 b0 =2 b1", "@12:00:19 =2 a9 =2 a10", "@12:00:21 =2 b9 =2 b10", "9[20,22)b9 10[22,24)b10 ~4s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &site{files: map[string]string{
					"master.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.64001f\"\na.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2,CODECS=\"hvc1.1.6.L93.B0\"\nb.m3u8\n",
					"a.m3u8":      media(0, tt.a), "b.m3u8": media(0, tt.b)}}
				p, err := s.parse("master.m3u8") // loads both
				if err != nil {
					t.Fatal(err)
				}
				a, b := p.Periods[0].Sets[0].Representations[0].Lazy, p.Periods[0].Sets[1].Representations[0].Lazy
				if l, err := a.Load(s.get); err != nil || strings.Join(s.requests, " ") != "a.m3u8 a0 0-32767 b.m3u8 b0 0-32767" {
					t.Fatalf("%v, %v, %v", l, err, s.requests)
				}
				for i := 1; i < 9; i++ {
					time.Sleep(2 * time.Second)
					words := fmt.Sprintf("=2 a%d =2 a%d", i, i+1)
					if i == 8 && tt.name == "numbers" {
						words = "=2 a8 / =2 a9"
					}
					if tt.name == "dates" {
						words = fmt.Sprintf("@12:00:%02d ", 2*i) + words
					}
					s.files["a.m3u8"] = media(i, words)
					if _, err := a.Load(s.get); err != nil {
						t.Fatal(err)
					}
				}
				s.files["b.m3u8"] = media(9, tt.b2)
				if tt.name == "dates" {
					s.files["a.m3u8"] = media(9, tt.a2)
					if _, err := a.Load(s.get); err != nil {
						t.Fatal(err)
					}
				}
				l, err := b.Load(s.get)
				if err != nil {
					t.Fatal(err)
				}
				if got := row(l); got != tt.want || len(l.Findings) > 0 {
					t.Errorf("got %s %v, want %s", got, l.Findings, tt.want)
				}
			})
		})
	}
}

// TestLoad_Together loads playlists of one presentation from several goroutines; all agree on the times.
func TestLoad_Together(t *testing.T) {
	s := &site{files: map[string]string{
		"master.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.64001f\"\na.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2,CODECS=\"avc1.64001f\"\nb.m3u8\n",
		"a.m3u8":      media(5, "a5 a6 a7"),
		"b.m3u8":      media(6, "b6 b7 b8"),
	}}
	p, err := s.parse("master.m3u8")
	if err != nil {
		t.Fatal(err)
	}
	get := func(r manifest.Resource) ([]byte, error) { return []byte(s.files[short(r.URL)]), nil }
	var wg sync.WaitGroup
	for i, want := range []string{"5[0,4)a5 6[4,8)a6 7[8,12)a7", "6[4,8)b6 7[8,12)b7 8[12,16)b8"} {
		for range 4 {
			wg.Go(func() {
				for range 20 {
					l, err := p.Periods[0].Sets[0].Representations[i].Lazy.Load(get)
					if err != nil {
						t.Error(err)
						return
					}
					if got := row(l); !strings.HasPrefix(got, want) {
						t.Errorf("got %s, want %s", got, want)
						return
					}
				}
			})
		}
	}
	wg.Wait()
}

// TestParse_Types opens playlists of segments whose names do not tell what they are.
func TestParse_Types(t *testing.T) {
	ts := strings.Repeat("\x47"+strings.Repeat("\xff", 187), 3)
	tag := "ID3\x04\x00\x00\x00\x00\x00\x05hello"
	for _, tt := range []struct{ name, bytes, kind, mime string }{
		{"transport stream", ts, "video", "video/mp2t"},
		{"fragmented MP4", "\x00\x00\x00\x10stypmsdh\x00\x00\x00\x00", "video", "video/mp4"},
		{"WebM", "\x1a\x45\xdf\xa3\x80", "video", "video/webm"},
		{"ADTS", "\xff\xf1\x50\x80", "audio", "audio/aac"},
		{"ADTS behind a tag", tag + "\xff\xf1\x50\x80", "audio", "audio/aac"},
		{"MP3", tag + tag + "\xff\xfb\x90\x44", "audio", "audio/mpeg"},
		{"AC-3", tag + "\x0b\x77\x00\x00\x14\x40", "audio", "audio/ac3"},
		{"E-AC-3", tag + "\x0b\x77\x00\x00\x14\x80", "audio", "audio/eac3"},
		{"WebVTT", "\xef\xbb\xbfWEBVTT\n", "text", "text/vtt"},
		{"TTML", "<?xml version=\"1.0\"?><tt/>", "text", "application/ttml+xml"},
		{"nothing known", "hello", "video", "video/mp4"},
		{"nothing", "", "video", "video/mp4"},
		{"a tag that is cut off", "ID3\x04\x00\x00\x7f\x7f\x7f\x7f", "video", "video/mp4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &site{files: map[string]string{"m.m3u8": media(0, "x $"), "x": tt.bytes}}
			p, err := s.parse("m.m3u8")
			if err != nil {
				t.Fatal(err)
			}
			r := p.Periods[0].Sets[0].Representations[0]
			if r.Kind.String() != tt.kind || r.MIMEType != tt.mime {
				t.Errorf("got %s %s, want %s %s", r.Kind, r.MIMEType, tt.kind, tt.mime)
			}
		})
	}
	for _, tt := range []struct{ words, kind, mime string }{
		{"x.ts $", "video", "video/mp2t"}, {"x.M4S?y=z.ts $", "video", "video/mp4"}, {"x.m4a $", "audio", "audio/mp4"}, {"x.cmft $", "text", "application/mp4"},
		{`#EXT-X-MAP:URI="pat.ts" x.ts $`, "video", "video/mp2t"}, {`#EXT-X-MAP:URI="i.webm" x $`, "video", "video/webm"}, {`#EXT-X-MAP:URI="i" x.bin $`, "video", "video/mp4"},
		{"data:text/vtt,WEBVTT $", "text", "text/vtt"},
		{`#EXT-X-KEY:METHOD=AES-128,URI="k" x $`, "video", "video/mp4"},
	} {
		s := &site{files: map[string]string{"m.m3u8": media(0, tt.words)}}
		p, err := s.parse("m.m3u8")
		if err != nil {
			t.Fatal(err)
		}
		r := p.Periods[0].Sets[0].Representations[0]
		if r.Kind.String() != tt.kind || r.MIMEType != tt.mime {
			t.Errorf("%s: got %s %s, want %s %s", tt.words, r.Kind, r.MIMEType, tt.kind, tt.mime)
		}
	}
}

// TestParse_Tracks lets the media tell what a playlist carries that nobody describes, opened directly and as a variant
// without attributes.
func TestParse_Tracks(t *testing.T) {
	for _, tt := range []struct {
		name     string
		from, to int // tracks
		want     string
	}{
		{"pictures and sound", 0, 2, "video video/mp4; codecs=\"avc1.640028,mp4a.40.2\""},
		{"pictures", 0, 1, "video video/mp4; codecs=\"avc1.640028\""},
		{"sound", 1, 2, "audio audio/mp4; codecs=\"mp4a.40.2\""},
	} {
		movie := msetest.Movie(msetest.MovieSpec{Length: 1, Audio: true})
		movie.Tracks = movie.Tracks[tt.from:tt.to]
		s := &site{files: map[string]string{
			"master.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nm.m3u8\n",
			"m.m3u8":      media(0, `#EXT-X-MAP:URI="i.mp4" x.m4s $`), "i.mp4": string(movie.Init()),
		}}
		for _, first := range []string{"m.m3u8", "master.m3u8"} {
			p, err := s.parse(first)
			if err != nil {
				t.Fatal(err)
			}
			r := p.Periods[0].Sets[0].Representations[0]
			if got := r.Kind.String() + " " + r.Type(); got != tt.want {
				t.Errorf("%s, %s: got %s, want %s", tt.name, first, got, tt.want)
			}
		}
	}
}

// TestParse_NoCodecs opens variants without CODECS: each is what its own media says, sound alone too, and what differs in
// its coding format is no choice of the same set.
func TestParse_NoCodecs(t *testing.T) {
	both := msetest.Movie(msetest.MovieSpec{Length: 1, Audio: true})
	pictures, sound := &msetest.Builder{Tracks: both.Tracks[:1]}, &msetest.Builder{Tracks: both.Tracks[1:]}
	other := &msetest.Builder{Tracks: slices.Clone(both.Tracks[:1])}
	entry := *both.Tracks[0].Entries[0].DecoderConfig
	entry.Codec, entry.CodecString, entry.Extradata = "vp9", "vp09.00.10.08", nil
	other.Tracks[0].Entries = []msetest.BuilderEntry{{DecoderConfig: &entry}}
	list := media(0, `#EXT-X-MAP:URI="%s" x.m4s $`)
	files := map[string]string{"master.m3u8": "#EXTM3U\n"}
	for i, b := range []*msetest.Builder{both, both, pictures, sound, other} {
		name := string(rune('a' + i))
		attributes := ""
		if i == 1 { // one that says more
			attributes = ",RESOLUTION=640x360"
		}
		files["master.m3u8"] += fmt.Sprintf("#EXT-X-STREAM-INF:BANDWIDTH=%d%s\n%s.m3u8\n", i+1, attributes, name)
		files[name+".m3u8"] = fmt.Sprintf(list, name+".mp4")
		files[name+".mp4"] = string(b.Init())
	}
	files["master.m3u8"] += "#EXT-X-STREAM-INF:BANDWIDTH=9\nmissing.m3u8\n"
	s := &site{files: files}
	p, err := s.parse("master.m3u8")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, set := range p.Periods[0].Sets {
		for _, r := range set.Representations {
			got = append(got, fmt.Sprintf("%s/%s %s %s %dx%d", set.ID, r.ID, r.Kind, r.Type(), r.Width, r.Height))
		}
	}
	const want = `0/a.m3u8 video video/mp4; codecs="avc1.640028,mp4a.40.2" 1920x1080
0/b.m3u8 video video/mp4; codecs="avc1.640028,mp4a.40.2" 640x360
1/c.m3u8 video video/mp4; codecs="avc1.640028" 1920x1080
2/e.m3u8 video video/mp4; codecs="vp9" 1920x1080
3/missing.m3u8 video video/mp4 0x0
4/d.m3u8 audio audio/mp4; codecs="mp4a.40.2" 0x0`
	if s := strings.Join(got, "\n"); s != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
}

// TestParse_Refused opens what is of no use.
func TestParse_Refused(t *testing.T) {
	many := func(n int, line string) string { return "#EXTM3U\n#EXT-X-TARGETDURATION:1\n" + strings.Repeat(line, n) }
	for _, tt := range []struct{ name, doc, code, msg string }{
		{"empty", "", manifest.CodeUnreadable, "does not begin with #EXTM3U"},
		{"HTML", "<html>", manifest.CodeUnreadable, "does not begin with #EXTM3U"},
		{"one line", "#EXTM3U\n", manifest.CodeInvalid, "neither segments nor other playlists"},
		{"no segments", "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-ENDLIST\n", manifest.CodeInvalid, "lists no segments"},
		{"no playlists", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n", manifest.CodeInvalid, "names no playlist that can be used"},
		{"no such variable", "#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b\"\n#EXTINF:1,\n{$c}\n", manifest.CodeInvalid, "m3u8:4: the variable \"c\" is not defined"},
		{"import into nothing", "#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"a\"\n#EXTINF:1,\nx\n", manifest.CodeInvalid, "m3u8:2: EXT-X-DEFINE imports"},
		{"no such parameter", "#EXTM3U\n#EXT-X-DEFINE:QUERYPARAM=\"a\"\n#EXTINF:1,\nx\n", manifest.CodeInvalid, "m3u8:2: EXT-X-DEFINE asks"},
		{"size", "#EXTM3U\n" + strings.Repeat("#", 16<<20), manifest.CodeLimits, "more than the 16777216 accepted"},
		{"line", "#EXTM3U\n#EXTINF:1,\n" + strings.Repeat("x", 64<<10+1), manifest.CodeLimits, "more than the 65536 accepted"},
		{"segments", many(1<<18+1, "#EXTINF:1\na\n"), manifest.CodeLimits, "more than 262144 segments"},
		{"attributes", many(1, "#EXT-X-MAP:"+manyAttributes(65)), manifest.CodeLimits, "more than 64 attributes"},
		{"junk attributes", many(1, "#EXT-X-MAP:"+strings.Repeat("A,", 65)), manifest.CodeLimits, "more than 64 attributes without a value"},
		{"parts", many(1<<14+1, "#EXT-X-PART:DURATION=1,URI=\"a\"\n"), manifest.CodeLimits, "more than 16384 parts"},
		{"date ranges", many(1<<12+1, "#EXT-X-DATERANGE:ID=\"a\"\n"), manifest.CodeLimits, "more than 4096 date ranges"},
		{"sections", many(1<<16+1, "#EXT-X-MAP:URI=\"a\"\n"), manifest.CodeLimits, "more than 65536 EXT-X-MAP"},
		{"key changes", many(1<<16+1, "#EXT-X-KEY:METHOD=NONE\n"), manifest.CodeLimits, "more than 65536 EXT-X-KEY"},
		{"variants", many(1<<10+1, "#EXT-X-STREAM-INF:BANDWIDTH=1\na\n"), manifest.CodeLimits, "more than 1024 variants"},
		{"renditions", many(1<<10+1, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"b\"\n"), manifest.CodeLimits, "more than 1024 renditions"},
		{"variables", manyDefines(1025), manifest.CodeLimits, "more than 1024 variables"},
		{"expansion", "#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"" + strings.Repeat("x", 60000) + "\"\n" + strings.Repeat("#EXTINF:1,\n{$a}\n", 300), manifest.CodeLimits, "too large once its variables are replaced"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := hls.Parse([]byte(tt.doc), hls.Options{BaseURL: origin + "m.m3u8"})
			var e *manifest.Error
			if p != nil || !errors.As(err, &e) {
				t.Fatalf("got %v, %v; want a manifest error", p, err)
			}
			if e.Code != tt.code || !strings.Contains(err.Error(), tt.msg) || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "https://origin.example/dir/m.m3u8") {
				t.Fatalf("got %s %q, want %s with %q and the URL in front", e.Code, err, tt.code, tt.msg)
			}
		})
	}
	if _, err := hls.Parse([]byte(media(0, "a")), hls.Options{BaseURL: "relative.m3u8"}); err == nil || !strings.Contains(err.Error(), "no scheme") {
		t.Errorf("a relative base URL: got %v", err)
	}
}

// TestParse_Bounded opens playlists in which everything refers to everything; what they take must not grow with the
// product.
func TestParse_Bounded(t *testing.T) {
	each := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	const most = 1 << 10
	for _, tt := range []struct{ name, doc string }{
		{"audio", each(most, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"%[1]d\",URI=\"a%[1]d.m3u8\"\n") +
			each(most, "#EXT-X-STREAM-INF:BANDWIDTH=%[1]d,CODECS=\"avc1.64001f,mp4a.40.2\",AUDIO=\"a\"\nv%[1]d.m3u8\n")},
		{"video", each(most, "#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"a\",NAME=\"%[1]d\",URI=\"a%[1]d.m3u8\"\n") +
			each(most, "#EXT-X-STREAM-INF:BANDWIDTH=%[1]d,CODECS=\"avc1.64001f,mp4a.40.2\",VIDEO=\"a\"\nv%[1]d.m3u8\n")},
		{"captions", each(most, "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"a\",NAME=\"%[1]d\",INSTREAM-ID=\"CC1\"\n") +
			each(most, "#EXT-X-STREAM-INF:BANDWIDTH=%[1]d,VIDEO-RANGE=X%[1]d,CODECS=\"avc1.64001f\",CLOSED-CAPTIONS=\"a\"\nv%[1]d.m3u8\n")},
		{"one name", each(most, "#EXT-X-STREAM-INF:BANDWIDTH=%[1]d,CODECS=\"avc1.64001f\"\nv.m3u8?%[1]d\n")},
		{"backups", each(most, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"%[1]d\",NAME=\"a\",URI=\"a%[1]d.m3u8\"\n") +
			each(most, "#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.64001f,mp4a.40.2\",AUDIO=\"%[1]d\",PATHWAY-ID=\"%[1]d\"\nv%[1]d.m3u8\n")},
		{"date ranges", "#EXT-X-PROGRAM-DATE-TIME:2020-01-01T00:00:00Z\n" + each(1<<14, "#EXTINF:1,\n%d\n") +
			each(1<<12, "#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2020-01-01T00:00:00Z\",X-A%[1]d=1,X-B%[1]d=1,X-C%[1]d=1\n")},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s := &site{files: map[string]string{"m.m3u8": "#EXTM3U\n" + tt.doc}}
		if _, err := s.parse("m.m3u8"); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > maxFuzzBytes {
			t.Errorf("%s: %d bytes of text took %d", tt.name, len(tt.doc), used)
		}
	}
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "A%d=1,", i)
	}
	return b.String()
}

func manyDefines(n int) string {
	b := &strings.Builder{}
	b.WriteString("#EXTM3U\n")
	for i := range n {
		fmt.Fprintf(b, "#EXT-X-DEFINE:NAME=\"v%d\",VALUE=\"x\"\n", i)
	}
	return b.String()
}
