package text_test

import (
	"math"
	"testing"

	"mseplayer/player/text"
	"mseplayer/player/text/cue"
	"mseplayer/player/text/raster"
)

// seeds are files of each format.
var seeds = []string{
	"WEBVTT\n\nSTYLE\n::cue(b:not(.x) > i, [lang|=en]) { color: #f008; font: bold 6vh/1.2 serif; text-shadow: 1px 1px red }\n\n" +
		"REGION\nid:r width:40% lines:2 regionanchor:0%,100% viewportanchor:5%,95% scroll:up\n\n" +
		"1\n00:00.000 --> 00:10.000 line:-2 position:10%,line-left size:40% align:start\n<v Bob>a <b.x>b</b> <ruby>c<rt>d</rt></ruby> <00:05.000>&amp;\n\n" +
		"00:01.000 --> 00:02.000 region:r\nשלום x\n\n00:01.000 --> 00:02.000 vertical:rl line:3%\n日本語 abc\n",
	"1\n00:00:01,000 --> 00:00:02,500 X1:1\n<font color=\"red\">a</font> {\\an8}<i>b\n\n2\n00:03 --> 00:04\nc\n",
	"[Script Info]\nPlayResX: 640\nPlayResY: 480\n[V4+ Styles]\nFormat: Name, Fontsize, Alignment, MarginV\nStyle: S,30,8,5\n" +
		"[Events]\nFormat: Layer, Start, End, Style, Text\nDialogue: 1,0:00:00.00,0:00:09.00,S,{\\pos(1,2)\\t(0,1,\\fs9)\\c&HFF&\\bord3\\p1}m 0{\\p0}x\\Ny\n",
	"<tt xmlns=\"http://www.w3.org/ns/ttml\"><body><div><p begin=\"1s\" end=\"2s\">x<br/>y</p></div></body></tt>",
}

// FuzzParse reads anything as each format, keeps it and draws it.
func FuzzParse(f *testing.F) {
	for i, s := range seeds {
		f.Add(uint8(i), []byte(s))
	}
	r := raster.New(raster.Config{})
	f.Fuzz(func(t *testing.T, format uint8, data []byte) {
		cues, warnings, err := text.Parse(text.Format(format%4)+text.WebVTT, data, text.Options{})
		if err != nil && len(cues) > 0 {
			t.Fatal("cues and an error")
		}
		for _, w := range warnings {
			if w.Text == "" {
				t.Fatal("a warning without words")
			}
		}
		var l text.List
		l.Add(cues...)
		if len(cues) == 0 {
			return
		}
		for _, c := range cues {
			if !(c.Start < c.End) {
				t.Fatalf("cue of [%v, %v)", c.Start, c.End)
			}
		}
		var active []*cue.Cue
		now := cues[0].Start
		for range 3 {
			active = l.Active(active[:0], now)
			if len(active) > 50 {
				active = active[:50]
			}
			bitmaps, err := r.Draw(active, raster.Options{Width: 160, Height: 90})
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range bitmaps {
				if b.X < 0 || b.Y < 0 || b.X+b.W > 160 || b.Y+b.H > 90 || len(b.Pix) != 4*b.W*b.H {
					t.Fatalf("bitmap %d,%d %d×%d of %d bytes", b.X, b.Y, b.W, b.H, len(b.Pix))
				}
			}
			next, ok := l.Next(now)
			if !ok {
				break
			}
			if !(next > now) || math.IsNaN(float64(next)) {
				t.Fatalf("next of %v is %v", now, next)
			}
			now = next
		}
	})
}

// FuzzSample reads anything as a sample of each coding, with any configuration.
func FuzzSample(f *testing.F) {
	f.Add(uint8(0), []byte("WEBVTT\n\nSTYLE\n::cue { color: red }\n"), []byte("\x00\x00\x00\x11vttc\x00\x00\x00\x09paylx"))
	f.Add(uint8(2), make([]byte, 30), []byte("\x00\x03abc\x00\x00\x00\x16styl\x00\x01\x00\x00\x00\x01\x00\x01\x01\x12\xff\x00\x00\xff"))
	f.Add(uint8(3), []byte(seeds[2]), []byte("0,0,S,,0,0,0,,text {\\b1}bold"))
	f.Add(uint8(5), []byte(seeds[0]), []byte("<b>x</b>"))
	f.Fuzz(func(t *testing.T, coding uint8, config, data []byte) {
		d, _, err := text.NewDecoder(text.Coding(coding%6)+text.CodingWVTT, config, text.Options{Offset: 10})
		if err != nil {
			t.Fatal(err)
		}
		cues, _, _ := d.Sample(text.Sample{Data: data, Start: 5, End: 7, Settings: "line:0"})
		for _, c := range cues {
			if !(c.Start < c.End) || c.Start < 15 || c.End > 17 {
				t.Fatalf("cue of [%v, %v) out of a sample of [15, 17)", c.Start, c.End)
			}
		}
	})
}
