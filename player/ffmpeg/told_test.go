package ffmpeg_test

import (
	"math"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
)

// TestPictures_Told checks what pictures say about their coding: type, fields and quantizer.
func TestPictures_Told(t *testing.T) {
	constant := " -c:v libx264 -preset fast -bf 2 -g 25 -x264-params qp=30:ipratio=1:pbratio=1:aq-mode=0"
	for _, c := range []struct {
		name, args          string
		interlaced, top     bool
		types               string
		quantizer, variance float64 // 0: not told
	}{
		{"told-qp.mp4", picture + constant, false, false, "IBP", 30, 0.01},
		{"told-fields.mp4", interlaced + " -vf setfield=tff" + constant + ":tff=1", true, true, "IBP", 30, 0.01},
		{"told-bottom.mp4", interlaced + " -vf setfield=bff" + constant + ":bff=1", true, false, "IBP", 30, 0.01},
		{"told-hevc.mp4", picture + " -c:v libx265 -preset fast -x265-params log-level=none:bframes=2", false, false, "IBP", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := openFile(vector(t, c.name, c.args))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			n := 0
			d := &trackDecoder{options: decode.Options{Threads: 2, Quantizers: true}}
			d.onVideo = func(v *frame.Video) {
				n++
				if v.Interlaced != c.interlaced || v.Interlaced && v.TopFirst != c.top || !strings.ContainsRune(c.types, rune(v.Type)) {
					t.Fatalf("interlaced %v, top first %v, type %c", v.Interlaced, v.TopFirst, v.Type)
				}
				if v.Quantized != (c.quantizer > 0) || v.Quantized && math.Abs(float64(v.Quantizer)-c.quantizer) > c.variance {
					t.Fatalf("quantizer %v %v, want %v", v.Quantized, v.Quantizer, c.quantizer)
				}
			}
			if err := s.frames(func(_ uint32, f *media.CodedFrame) error { return d.add(f) }); err != nil {
				t.Fatal(err)
			}
			if err := d.finish(); err != nil || n == 0 || d.errors != 0 {
				t.Errorf("%v, %d pictures, %d errors", err, n, d.errors)
			}
		})
	}
}
