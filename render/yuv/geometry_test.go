package yuv_test

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"mseplayer/player/frame"
	"mseplayer/render/yuv"
)

func TestFit(t *testing.T) {
	tests := []struct {
		name         string
		vw, vh, w, h int
		want         image.Rectangle
	}{
		{"exact", 1280, 720, 1280, 720, image.Rect(0, 0, 1280, 720)},
		{"same aspect, larger view", 1920, 1080, 1280, 720, image.Rect(0, 0, 1920, 1080)},
		{"letterbox", 800, 600, 1920, 1080, image.Rect(0, 75, 800, 525)},
		{"pillarbox", 1920, 1080, 640, 480, image.Rect(240, 0, 1680, 1080)},
		{"odd rest goes to the far side", 101, 50, 50, 50, image.Rect(25, 0, 75, 50)},
		{"thin picture keeps a pixel", 10, 10, 16384, 1, image.Rect(0, 4, 10, 5)},
		{"view of one pixel", 1, 1, 1920, 1080, image.Rect(0, 0, 1, 1)},
		{"no view", 0, 100, 10, 10, image.Rectangle{}},
		{"no picture", 100, 100, 0, 10, image.Rectangle{}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := yuv.Fit(tc.vw, tc.vh, tc.w, tc.h); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// TestFit_Properties: inside the view, touching two opposite sides, centred, and of the picture's aspect to half a pixel.
func TestFit_Properties(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		vw, vh := 1+rnd.IntN(5000), 1+rnd.IntN(3000)
		w, h := 1+rnd.IntN(8192), 1+rnd.IntN(8192)
		r := yuv.Fit(vw, vh, w, h)
		if r.Empty() || !r.In(image.Rect(0, 0, vw, vh)) {
			t.Fatalf("Fit(%d, %d, %d, %d) = %v: outside", vw, vh, w, h, r)
		}
		if r.Dx() != vw && r.Dy() != vh {
			t.Fatalf("Fit(%d, %d, %d, %d) = %v: could be larger", vw, vh, w, h, r)
		}
		if d := r.Min.X - (vw - r.Max.X); d < -1 || d > 0 {
			t.Fatalf("Fit(%d, %d, %d, %d) = %v: not centred", vw, vh, w, h, r)
		}
		ideal := math.Min(float64(vw)/float64(w), float64(vh)/float64(h))
		if math.Abs(float64(r.Dx())-max(1, ideal*float64(w))) > 0.51 || math.Abs(float64(r.Dy())-max(1, ideal*float64(h))) > 0.51 {
			t.Fatalf("Fit(%d, %d, %d, %d) = %v: wrong aspect", vw, vh, w, h, r)
		}
	}
}

// TestCorners follows one corner of the picture through the turns: clockwise means that what is at the top left moves
// to the top right first.
func TestCorners(t *testing.T) {
	tests := []struct {
		rotation int
		at       int // index in Corners where the picture's own top left is seen
	}{{0, 0}, {90, 1}, {180, 3}, {270, 2}}
	for _, tc := range tests {
		v := &frame.Video{Crop: frame.Rect{X: 3, Y: 5, W: 10, H: 20}, Rotation: tc.rotation}
		c := yuv.Corners(v)
		if c[tc.at] != [2]float32{3, 5} {
			t.Errorf("rotation %d: top left is not at corner %d of %v", tc.rotation, tc.at, c)
		}
		if opposite := c[3-tc.at]; opposite != [2]float32{13, 25} {
			t.Errorf("rotation %d: bottom right is not opposite: %v", tc.rotation, c)
		}
	}
}
