package webm_test

import (
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/webm"
)

// TestShown reads cropping and how bright pictures are.
func TestShown(t *testing.T) {
	const cropBottom, cropRight, maxCLL, maxFALL, mastering, most, least = 0x54aa, 0x54dd, 0x55bc, 0x55bd, 0x55d0, 0x55d9, 0x55da
	r, err := parse(webm.Options{}, cat(head(track(1, 1, "V_VP9", picture(320, 240, el(idCropTop, 60), el(cropBottom, 20), el(cropRight, 8),
		el(idColour, el(idPrim, 9), el(maxCLL, 800), el(maxFALL, 150), el(mastering, el(most, 600.0), el(least, 0.005)))))),
		clu(0, sb(1, 0, key, "\x80pic"))))
	if err != nil {
		t.Fatal(err)
	}
	c := r.Inits[0].Tracks[0].Config
	if want := (media.Clean{Right: 8, Top: 60, Bottom: 20}); c.Clean != want {
		t.Errorf("cropping %+v, want %+v", c.Clean, want)
	}
	if want := (media.ColorInfo{Primaries: 9, Known: true, Light: media.Light{Peak: 600, Black: 0.005, MaxCLL: 800, MaxFALL: 150}}); c.Color != want {
		t.Errorf("colour %+v, want %+v", c.Color, want)
	}
}
