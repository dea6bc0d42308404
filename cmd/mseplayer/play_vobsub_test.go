package main

import (
	"encoding/binary"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// vobPicture is a picture of DVD subtitles: w × h white pixels at x, y of a screen of 720 × 480, shown for some seconds.
func vobPicture(x, y, w, h int, seconds float64) []byte {
	line := []byte{0x00, 0x01} // colour 1 to the end of the line
	var even, odd []byte
	for i := range h {
		if i%2 == 0 {
			even = append(even, line...)
		} else {
			odd = append(odd, line...)
		}
	}
	fields := append(even, odd...)
	commands := 4 + len(fields)
	b := binary.BigEndian.AppendUint16(nil, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(commands))
	b = append(b, fields...)
	x2, y2 := x+w-1, y+h-1
	stop := commands + 4 + 1 + 3 + 3 + 7 + 5 + 1
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(stop))
	b = append(b, 0x01, 0x03, 0x00, 0x10, 0x04, 0xff, 0xf0, // show; colours; how opaque: all but the first
		0x05, byte(x>>4), byte(x<<4)|byte(x2>>8), byte(x2), byte(y>>4), byte(y<<4)|byte(y2>>8), byte(y2), 0x06)
	b = binary.BigEndian.AppendUint16(b, 4)
	b = binary.BigEndian.AppendUint16(b, uint16(4+len(even)))
	b = append(b, 0xff)
	b = binary.BigEndian.AppendUint16(b, uint16(seconds*90000/1024))
	b = binary.BigEndian.AppendUint16(b, uint16(stop))
	b = append(b, 0x02, 0xff)
	binary.BigEndian.PutUint16(b, uint16(len(b)))
	return b
}

// writeVobSub makes a pair of VobSub files of two languages: from second 1 to 2 a box, in English below, in Swedish above.
func writeVobSub(t *testing.T, stem string) {
	t.Helper()
	idx := "# VobSub index file, v7 (do not modify this line!)\nsize: 720x480\npalette: 000000, ffffff" + strings.Repeat(", 808080", 14) + "\n"
	var sub []byte
	for i, y := range []int{400, 40} {
		idx += fmt.Sprintf("id: %s, index: %d\ntimestamp: 00:00:01:000, filepos: %09x\n", []string{"en", "sv"}[i], i, len(sub))
		sub = append(sub, 0, 0, 1, 0xba, 0x44, 0, 4, 0, 4, 1, 1, 0x89, 0xc3, 0xf8)
		data := append([]byte{0x81, 0x80, 5, 0x21, 0, 1, 0, 1, 0x20 + byte(i)}, vobPicture(180, y, 360, 40, 1)...)
		sub = append(binary.BigEndian.AppendUint16(append(sub, 0, 0, 1, 0xbd), uint16(len(data))), data...)
	}
	write(t, stem+".idx", idx)
	write(t, stem+".sub", string(sub))
}

// TestPlay_VobSub shows VobSub files beside a film, which are found or named by either of their two names.
func TestPlay_VobSub(t *testing.T) {
	dir := t.TempDir()
	film, other := filepath.Join(dir, "film.mp4"), filepath.Join(dir, "other.mp4")
	ffmpegProgram(t, "-f", "lavfi", "-i", "color=c=blue:s=720x480:r=25:d=3", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", film)
	if err := os.Link(film, other); err != nil {
		t.Fatal(err)
	}
	writeVobSub(t, filepath.Join(dir, "film"))
	below, above := image.Rect(180, 400, 540, 440), image.Rect(180, 40, 540, 80)
	cases := []struct {
		file, track, at string
		flags           []string
		want            image.Rectangle
	}{
		{film, "", "1.5", nil, below}, // found
		{film, "sv", "1.5", nil, above},
		{film, "film.idx (2)", "1.5", nil, above},
		{film, "en", "0.5", nil, image.Rectangle{}},
		{film, "en", "2.5", nil, image.Rectangle{}},
		{other, "", "1.5", []string{"--sub-file", filepath.Join(dir, "film.idx")}, below},
		{other, "sv", "1.5", []string{"--sub-file", filepath.Join(dir, "film.sub")}, above},
	}
	together(len(cases), 2, func(i int) {
		c := cases[i]
		folder := t.TempDir()
		with, without := pictured(t, folder, c.file, c.track, c.at, c.flags...)
		if got := changed(t, with, without); got != c.want {
			t.Errorf("%s %q at %s: subtitles at %v, want %v", filepath.Base(c.file), c.track, c.at, got, c.want)
		}
	})
	// Half of the pair is missing: the film plays, and one line tells what it takes.
	if err := os.Remove(filepath.Join(dir, "film.sub")); err != nil {
		t.Fatal(err)
	}
	r, ok := launch(t, patienceOf(20), nil, "play", "--headless", "--audio-out", "null", "--duration", "1", film)
	if !ok || r.code != 0 || strings.Count(r.err, "VobSub is two files, .idx and .sub") != 1 {
		t.Errorf("exit code %d\n%s", r.code, r.err)
	}
}
