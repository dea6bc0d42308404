package raster_test

import (
	"testing"

	"mseplayer/player/text/cue"
	"mseplayer/player/text/raster"
)

// Budget: 3 ms for a screen never seen, with letters seen before; nothing at all for the same screen.
func BenchmarkDraw(b *testing.B) {
	o := raster.Options{Width: 1920, Height: 1080}
	cues := func() []*cue.Cue {
		return parse(b, "WEBVTT\n\n00:00.000 --> 00:10.000\n"+
			"The quick brown fox jumps over the lazy dog, <i>and then</i>\nit goes home to <b>sleep</b> until the next day.\n")
	}
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		c := cues()
		for b.Loop() {
			if _, err := raster.New(raster.Config{}).Draw(c, o); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, c := range []struct {
		name   string
		change func(*cue.Style)
	}{
		{"new", func(*cue.Style) {}},
		{"outlined", func(s *cue.Style) { s.Background, s.Outline = cue.Color{}, 0.003 }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			r := raster.New(raster.Config{})
			var screens [64][]*cue.Cue
			for i := range screens {
				screens[i] = cues()
				for j := range screens[i][0].Blocks[0].Spans {
					c.change(&screens[i][0].Blocks[0].Spans[j].Style)
				}
			}
			for i := 0; b.Loop(); i++ {
				if _, err := r.Draw(screens[i%len(screens)], o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("unchanged", func(b *testing.B) {
		b.ReportAllocs()
		r := raster.New(raster.Config{})
		c := cues()
		for b.Loop() {
			if _, err := r.Draw(c, o); err != nil {
				b.Fatal(err)
			}
		}
	})
}
