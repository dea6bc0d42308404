package raster_test

import (
	"os"
	"testing"

	"mseplayer/player/text/raster"
)

// TestSystemFonts sees to it that nobody looks for the fonts of the system before a letter needs them. The scan leaves an
// index in its folder.
func TestSystemFonts(t *testing.T) {
	dir := t.TempDir()
	r := raster.New(raster.Config{System: true, CacheDir: dir})
	o := raster.Options{Width: 640, Height: 360}
	const head = "WEBVTT\n\n00:00.000 --> 00:01.000\n"
	latin, err := r.Draw(parse(t, head+"Latin, Ελληνικά, Русский ♪\n"), o)
	if err != nil || len(latin) != 1 {
		t.Fatalf("%d bitmaps, %v", len(latin), err)
	}
	if files, _ := os.ReadDir(dir); len(files) > 0 || r.Pending() {
		t.Errorf("looked for fonts without a need: %v", files)
	}
	hebrew, err := r.Draw(parse(t, head+"שלום\n"), o)
	if err != nil || len(hebrew) != 1 {
		t.Fatalf("%d bitmaps, %v", len(hebrew), err)
	}
	// Without the fonts of the system there are boxes instead of letters, and the renderer says whether it gave up.
	none, err := raster.New(raster.Config{}).Draw(parse(t, head+"שלום\n"), o)
	if err != nil || len(none) != 1 {
		t.Fatalf("%d bitmaps, %v", len(none), err)
	}
	if files, _ := os.ReadDir(dir); len(files) == 0 && !r.Pending() && string(none[0].Pix) != string(hebrew[0].Pix) {
		t.Error("letters from nowhere")
	}
}

// TestAddFont sees to it that a font that comes late is used by screens drawn before.
func TestAddFont(t *testing.T) {
	r := raster.New(raster.Config{})
	cues := parse(t, "WEBVTT\n\n00:00.000 --> 00:01.000\nשלום\n")
	o := raster.Options{Width: 640, Height: 360}
	before, err := r.Layout(cues, o)
	if err != nil {
		t.Fatal(err)
	}
	if !r.AddFont(testFont([]rune("שלום"))) || r.AddFont([]byte("no font")) {
		t.Fatal("fonts are not told from other files")
	}
	after, err := r.Layout(cues, o)
	if err != nil {
		t.Fatal(err)
	}
	if b, a := before[0].Lines[0].Runs[0].Glyphs, after[0].Lines[0].Runs[0].Glyphs; b[0] != 0 || a[0] == 0 {
		t.Errorf("glyphs %v without the font and %v with it", b, a)
	}
}

// TestMissing: letters that are in no font are boxes of about their size, and it is told which was the first.
func TestMissing(t *testing.T) {
	r := raster.New(raster.Config{})
	o := raster.Options{Width: 640, Height: 360}
	ink := func(text string) (pixels, width int) {
		bitmaps, err := r.Draw(parse(t, "WEBVTT\n\n00:00.000 --> 00:01.000\n"+text+"\n"), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range bitmaps {
			width += b.W
			for i := 0; i < len(b.Pix); i += 4 {
				if b.Pix[i] > 128 { // white, not what is behind the text
					pixels++
				}
			}
		}
		return pixels, width
	}
	ink("plain words, ümläute, Ελληνικά")
	if letter, ok := r.Missing(); ok {
		t.Errorf("%q is missing", letter)
	}
	none, narrow := ink("a")
	two, wide := ink("漢字かな한국어")
	if two < 3*none || wide < 4*narrow {
		t.Errorf("seven letters that no font has are %d pixels in a width of %d, one of a font %d in %d", two, wide, none, narrow)
	}
	if letter, ok := r.Missing(); !ok || letter != '漢' {
		t.Errorf("missing: %q, %v", letter, ok)
	}
}
