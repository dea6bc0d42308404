//go:build long

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestPlayLong_Periods plays the demo cut into periods. Every picture comes out, and the sound goes on to the sample.
func TestPlayLong_Periods(t *testing.T) {
	folder, manifest := demoFiles(t)
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(text), "<Period ")
	_, rest, _ = strings.Cut(rest, ">")
	body, tail, ok := strings.Cut(rest, "</Period>")
	if !ok {
		t.Fatal("the manifest of the demo is another one")
	}
	for _, start := range []int{0, 4, 10} { // seconds
		offset := strings.ReplaceAll(body, `startNumber="1"`, fmt.Sprintf(`startNumber="%d" presentationTimeOffset="%d"`, start/2+1, start*demoRate))
		head += `<Period id="p` + strconv.Itoa(start) + `" start="PT` + strconv.Itoa(start) + `S">` + offset + "</Period>\n"
	}
	p := playWhole(t, t.TempDir(), "periods", 16, write(t, filepath.Join(folder, "periods.mpd"), head+tail), "--abr", "360p")
	if p == nil {
		return
	}
	p.comparePictures(t, ffmpegPictures(t, wholeTrack(t, folder, "360p", demoSegments)))
	p.compareSound(t, ffmpegSound(t, wholeTrack(t, folder, "sound", demoSegments)))
	p.compareMarks(t, demoRate, 16)
	for i := 1; i < len(p.dump.sound); i++ {
		a, b := p.dump.sound[i-1], p.dump.sound[i]
		if off := (b.pts-a.pts)*wavRate - float64(a.frames); off > 0.5 || off < -0.5 {
			t.Errorf("%.1f samples are missing at %f", off, b.pts)
		}
	}
}
