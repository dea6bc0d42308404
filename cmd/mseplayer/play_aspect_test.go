package main

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlay_SubtitleAspect shows documents that say which shape they were made for over pictures of others: the background of
// a region that fills the document is where the largest rectangle of that shape is in the picture.
func TestPlay_SubtitleAspect(t *testing.T) {
	document := func(aspect string) string {
		return `<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ittp="http://www.w3.org/ns/ttml/profile/imsc1#parameter" xmlns:tts="http://www.w3.org/ns/ttml#styling" ` + aspect +
			` xml:lang="en"><head><layout><region xml:id="r" tts:origin="0% 0%" tts:extent="100% 100%" tts:backgroundColor="red" tts:showBackground="always"/></layout></head>` +
			`<body region="r"><div><p begin="0s" end="3s">x</p></div></body></tt>`
	}
	const narrow, wide = `ittp:aspectRatio="4 3"`, `ittp:aspectRatio="16 9"`
	cases := []struct {
		name, size, sar, document string
		want                      image.Rectangle
	}{
		{"4:3 over 16:9", "320x180", "1", document(narrow), image.Rect(40, 0, 280, 180)},
		{"4:3 over 4:3", "240x180", "1", document(narrow), image.Rect(0, 0, 240, 180)},
		{"16:9 over 4:3", "240x180", "1", document(wide), image.Rect(0, 22, 240, 158)},
		{"4:3 over 4:3 of narrow samples", "480x180", "1/2", document(narrow), image.Rect(0, 0, 480, 360)},
		{"of no shape over 4:3", "240x180", "1", document(""), image.Rect(0, 0, 240, 180)},
	}
	dir := t.TempDir()
	together(len(cases), 2, func(i int) {
		c := cases[i]
		stem := filepath.Join(dir, strings.NewReplacer(" ", "-", ":", "-").Replace(c.name))
		ffmpegProgram(t, "-f", "lavfi", "-i", "color=c=blue:s="+c.size+":r=25:d=2,setsar="+c.sar, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", stem+".mp4")
		if err := os.WriteFile(stem+".ttml", []byte(c.document), 0o644); err != nil {
			t.Error(err)
			return
		}
		with, without := pictured(t, t.TempDir(), stem+".mp4", "", "1")
		got := changed(t, with, without)
		if d := got.Min.Sub(c.want.Min); d.X*d.X+d.Y*d.Y > 2 || !near1(got.Dx(), c.want.Dx()) || !near1(got.Dy(), c.want.Dy()) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	})
}

func near1(a, b int) bool { return a-b <= 1 && b-a <= 1 }
