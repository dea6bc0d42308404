package yuv_test

import (
	"image"
	"math/rand/v2"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
	"mseplayer/render/yuv"
)

// TestQuick_MatchesScale compares the quick conversion with the defining one, for formats, matrices, ranges, crops, odd
// sizes and strides, enlarged and reduced, with one converter for all, so that nothing of the picture before is left; with the
// processor's vector instructions, where it has them, and without.
func TestQuick_MatchesScale(t *testing.T) {
	t.Run("vectors", func(t *testing.T) { matchScale(t, yuv.NewQuick()) })
	t.Run("plain", func(t *testing.T) { matchScale(t, yuv.NewPlainQuick()) })
}

func matchScale(t *testing.T, q *yuv.Quick) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	gray := frame.PixelFormat{Name: "gray", Layout: frame.Gray, Depth: 8}
	i422, i444 := frame.I420, frame.I420
	i422.ChromaShiftY, i444.ChromaShiftX, i444.ChromaShiftY = 0, 0, 0
	formats := []frame.PixelFormat{frame.I420, i422, i444, gray}
	for n := range 400 {
		f := formats[rnd.IntN(len(formats))]
		v := picture(f, 1+rnd.IntN(90), 1+rnd.IntN(60), rnd.IntN(12), noise(uint64(n)))
		if rnd.IntN(2) == 0 {
			v.Crop = frame.Rect{X: rnd.IntN(v.Width), Y: rnd.IntN(v.Height)}
			v.Crop.W, v.Crop.H = 1+rnd.IntN(v.Width-v.Crop.X), 1+rnd.IntN(v.Height-v.Crop.Y)
		}
		v.Color = media.ColorInfo{Matrix: []uint8{1, 5, 6, 9}[rnd.IntN(4)], FullRange: rnd.IntN(2) == 0}
		if err := yuv.Check(v); err != nil || !q.Takes(v) {
			t.Fatalf("%v, taken %v", err, q.Takes(v))
		}
		want := image.NewRGBA(image.Rect(0, 0, 1+rnd.IntN(120), 1+rnd.IntN(120)))
		if rnd.IntN(4) == 0 {
			want = image.NewRGBA(image.Rect(0, 0, v.Crop.W, v.Crop.H))
		}
		yuv.Scale(want, v)
		got := image.NewRGBA(want.Rect)
		q.Scale(got.Pix, want.Rect.Dx(), want.Rect.Dy(), v)
		for y := range want.Rect.Dy() {
			for x := range want.Rect.Dx() {
				if a, b := got.RGBAAt(x, y), want.RGBAAt(x, y); diff(a, b) > 2 {
					t.Fatalf("case %d, %s %d×%d crop %v on %v at %d,%d: %v, want %v", n, f.Name, v.Width, v.Height, v.Crop, want.Rect, x, y, a, b)
				}
			}
		}
	}
}

// TestQuick_Takes: what it cannot do it says.
func TestQuick_Takes(t *testing.T) {
	q := yuv.NewQuick()
	turned := picture(frame.I420, 8, 8, 0, noise(1))
	turned.Rotation = 90
	gbr := picture(frame.PixelFormat{Name: "gbrp", Layout: frame.GBR, Depth: 8}, 8, 8, 0, noise(1))
	deep := picture(frame.I420, 8, 8, 0, noise(1))
	deep.Format.Depth = 10
	mirrored, bright := picture(frame.I420, 8, 8, 0, noise(1)), picture(frame.I420, 8, 8, 0, noise(1))
	mirrored.Mirror = true
	bright.Color.Transfer = 16 // PQ
	for _, v := range []*frame.Video{turned, gbr, deep, mirrored, bright} {
		if q.Takes(v) {
			t.Errorf("takes %s turned by %d", v.Format.Name, v.Rotation)
		}
	}
}

func TestQuick_Allocs(t *testing.T) {
	v := picture(frame.I420, 64, 36, 0, noise(3))
	pix := make([]byte, 48*27*4)
	q := yuv.NewQuick()
	if n := testing.AllocsPerRun(10, func() { q.Scale(pix, 48, 27, v) }); n != 0 {
		t.Errorf("%v allocations a picture", n)
	}
}

// BenchmarkQuick is 720p on the window that the draw path is measured with. Budget: 1.5 ms with vector instructions, 5 ms
// without.
func BenchmarkQuick(b *testing.B) {
	b.Run("vectors", func(b *testing.B) { convertPictures(b, yuv.NewQuick()) })
	b.Run("plain", func(b *testing.B) { convertPictures(b, yuv.NewPlainQuick()) })
}

func convertPictures(b *testing.B, q *yuv.Quick) {
	b.Helper()
	v := picture(frame.I420, 1280, 720, 64, noise(3))
	v.Color = media.ColorInfo{Matrix: 1}
	pix := make([]byte, 960*540*4)
	b.SetBytes(int64(len(pix)))
	for b.Loop() {
		q.Scale(pix, 960, 540, v)
	}
}
