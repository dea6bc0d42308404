package raster_test

import (
	"testing"

	"mseplayer/player/text/cue"
	"mseplayer/player/text/raster"
)

// FuzzFont draws with anything as a font.
func FuzzFont(f *testing.F) {
	f.Add(testFont([]rune("abcdefg")))
	f.Fuzz(func(t *testing.T, file []byte) {
		r := raster.New(raster.Config{})
		r.AddFont(file)
		c := bar(cue.Style{Outline: 0.01, Underline: true})
		c.Blocks[0].Spans[0].Text = "abc gfe \u05d0"
		if _, err := r.Draw([]*cue.Cue{c}, raster.Options{Width: 100, Height: 100}); err != nil {
			t.Fatal(err)
		}
	})
}
