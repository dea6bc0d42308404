package cue_test

import (
	"bytes"
	"reflect"
	"testing"

	"mseplayer/player/text/cue"
)

// TestImage_Pack: a packed picture has the same pixels, is small, and equals another one of the same pixels.
func TestImage_Pack(t *testing.T) {
	picture := func() *cue.Image {
		m := &cue.Image{Width: 600, Height: 80, Pixels: make([]byte, 4*600*80), Canvas: 1.5}
		for i := range m.Pixels {
			if i/40%7 == 0 {
				m.Pixels[i] = 255
			}
		}
		return m
	}
	want := picture()
	got, other := picture(), picture()
	got.Pack()
	got.Pack() // again: nothing
	other.Pack()
	if got.Pixels != nil || !bytes.Equal(got.Bitmap(), want.Pixels) || !bytes.Equal(want.Bitmap(), want.Pixels) {
		t.Error("other pixels")
	}
	if !reflect.DeepEqual(got, other) {
		t.Error("equal pictures differ once they are packed")
	}
	if (&cue.Image{}).Bitmap() != nil {
		t.Error("no pixels are some")
	}
}
