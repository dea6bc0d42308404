package yuv_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
	"mseplayer/render/yuv"
)

var (
	i422 = frame.PixelFormat{Layout: frame.YUV, Depth: 8, ChromaShiftX: 1, Name: "yuv422p"}
	i444 = frame.PixelFormat{Layout: frame.YUV, Depth: 8, Name: "yuv444p"}
	i410 = frame.PixelFormat{Layout: frame.YUV, Depth: 8, ChromaShiftX: 2, ChromaShiftY: 2, Name: "yuv410p"}
	i440 = frame.PixelFormat{Layout: frame.YUV, Depth: 8, ChromaShiftY: 1, Name: "yuv440p"}
	gray = frame.PixelFormat{Layout: frame.Gray, Depth: 8, Name: "gray"}
	gbr  = frame.PixelFormat{Layout: frame.GBR, Depth: 8, Name: "gbrp"}
	i010 = frame.PixelFormat{Layout: frame.YUV, Depth: 10, ChromaShiftX: 1, ChromaShiftY: 1, Name: "yuv420p10le"}
)

// encode is the forward direction as H.273 writes it (equations 20 to 45): RGB to analogue YCbCr to codes, without
// rounding. kr and kb are those of its table 4.
func encode(rgb [3]float64, kr, kb float64, depth int, full bool) [3]float64 {
	y := kr*rgb[0] + (1-kr-kb)*rgb[1] + kb*rgb[2]
	return codes([3]float64{y, 0.5 * (rgb[2] - y) / (1 - kb), 0.5 * (rgb[0] - y) / (1 - kr)}, depth, full)
}

// codes quantizes E'Y, E'PB and E'PR as H.273 equations 20 to 25 do, without rounding.
func codes(e [3]float64, depth int, full bool) [3]float64 {
	if full {
		peak, half := math.Pow(2, float64(depth))-1, math.Pow(2, float64(depth-1))
		return [3]float64{peak * e[0], peak*e[1] + half, peak*e[2] + half}
	}
	u := math.Pow(2, float64(depth-8))
	return [3]float64{u * (219*e[0] + 16), u * (224*e[1] + 128), u * (224*e[2] + 128)}
}

func apply(m yuv.Matrix, s [3]float64) [3]float64 {
	var out [3]float64
	for i, r := range m {
		out[i] = float64(r[0])*s[0] + float64(r[1])*s[1] + float64(r[2])*s[2] + float64(r[3])
	}
	return out
}

func TestMatrix_InvertsTheStandardsEquations(t *testing.T) {
	codes := []struct {
		name            string
		code, primaries uint8
		kr, kb          float64
	}{
		{"BT.709", 1, 0, 0.2126, 0.0722},
		{"FCC", 4, 0, 0.30, 0.11},
		{"BT.470BG", 5, 0, 0.299, 0.114},
		{"SMPTE 170M", 6, 0, 0.299, 0.114},
		{"SMPTE 240M", 7, 0, 0.212, 0.087},
		{"BT.2020 NCL", 9, 0, 0.2627, 0.0593},
		{"of BT.709's primaries", 12, 1, 0.212639, 0.072192},
		{"of SMPTE 170M's primaries", 12, 6, 0.212376, 0.086564},
		{"of P3's primaries", 12, 12, 0.228975, 0.079287},
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, c := range codes {
		for _, f := range []frame.PixelFormat{frame.I420, i010} {
			for _, full := range []bool{false, true} {
				name := fmt.Sprintf("%s/%s/full=%t", c.name, f.Name, full)
				m := yuv.NewMatrix(f, media.ColorInfo{Matrix: c.code, Primaries: c.primaries, FullRange: full}, 1920, 1080)
				for range 200 {
					want := [3]float64{rnd.Float64(), rnd.Float64(), rnd.Float64()}
					got := apply(m, encode(want, c.kr, c.kb, int(f.Depth), full))
					for i := range want {
						if math.Abs(got[i]-want[i]) > 1e-5 {
							t.Fatalf("%s: RGB %v came back as %v", name, want, got)
						}
					}
				}
			}
		}
	}
}

// TestMatrix_Codes pins codes whose colour is public knowledge.
func TestMatrix_Codes(t *testing.T) {
	tests := []struct {
		name    string
		format  frame.PixelFormat
		color   media.ColorInfo
		codes   [3]float64
		r, g, b float64
	}{
		{"black, limited", frame.I420, media.ColorInfo{Matrix: 1}, [3]float64{16, 128, 128}, 0, 0, 0},
		{"white, limited", frame.I420, media.ColorInfo{Matrix: 1}, [3]float64{235, 128, 128}, 1, 1, 1},
		{"black, full", frame.I420, media.ColorInfo{Matrix: 6, FullRange: true}, [3]float64{0, 128, 128}, 0, 0, 0},
		{"white, full", frame.I420, media.ColorInfo{Matrix: 6, FullRange: true}, [3]float64{255, 128, 128}, 1, 1, 1},
		{"75 % yellow bar, BT.709", frame.I420, media.ColorInfo{Matrix: 1}, [3]float64{168, 44, 136}, .75, .75, 0},
		{"75 % red bar, BT.709", frame.I420, media.ColorInfo{Matrix: 1}, [3]float64{51, 109, 212}, .75, 0, 0},
		{"75 % yellow bar, BT.601", frame.I420, media.ColorInfo{Matrix: 6}, [3]float64{162, 44, 142}, .75, .75, 0},
		{"75 % blue bar, BT.601", frame.I420, media.ColorInfo{Matrix: 5}, [3]float64{35, 212, 114}, 0, 0, .75},
		{"gray plane ignores the matrix", gray, media.ColorInfo{Matrix: 9}, [3]float64{235, 7, 9}, 1, 1, 1},
		{"planes G, B, R", gbr, media.ColorInfo{Matrix: media.MatrixGBR, FullRange: true}, [3]float64{0, 255, 51}, .2, 0, 1},
		{"planes G, B, R, limited", gbr, media.ColorInfo{}, [3]float64{16, 235, 16}, 0, 0, 1},
		{"identity in a YUV layout", i444, media.ColorInfo{Matrix: media.MatrixGBR, FullRange: true}, [3]float64{255, 0, 0}, 0, 1, 0},
		// YCgCo of red: Y 1/4, Cg -1/4, Co 1/2.
		{"YCgCo red", i444, media.ColorInfo{Matrix: 8, FullRange: true}, [3]float64{63.75, 128 - 63.75, 128 + 127.5}, 1, 0, 0},
		{"10-bit white, limited", i010, media.ColorInfo{Matrix: 9}, [3]float64{940, 512, 512}, 1, 1, 1},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := apply(yuv.NewMatrix(tc.format, tc.color, 1920, 1080), tc.codes)
			// Half a code step of chroma is worth at most 0.0047 in blue.
			for i, want := range []float64{tc.r, tc.g, tc.b} {
				if math.Abs(got[i]-want) > 0.005 {
					t.Fatalf("got %.4f, want %.4f %.4f %.4f", got, tc.r, tc.g, tc.b)
				}
			}
		})
	}
}

func TestResolveMatrix(t *testing.T) {
	tests := []struct {
		name  string
		color media.ColorInfo
		w, h  int
		want  uint8
	}{
		{"described wins over size", media.ColorInfo{Matrix: 5}, 1920, 1080, 5},
		{"undescribed, 640x360", media.ColorInfo{}, 640, 360, 6},
		{"undescribed, PAL", media.ColorInfo{}, 720, 576, 6},
		{"undescribed, wide PAL", media.ColorInfo{}, 1024, 576, 6},
		{"undescribed, 1279x576", media.ColorInfo{}, 1279, 576, 6},
		{"undescribed, 720 rows", media.ColorInfo{}, 960, 720, 1},
		{"undescribed, scope 720p", media.ColorInfo{}, 1280, 544, 1},
		{"undescribed, 577 rows", media.ColorInfo{}, 720, 577, 1},
		{"code 2, unspecified", media.ColorInfo{Matrix: 2}, 320, 180, 6},
		{"code 2 with wide gamut", media.ColorInfo{Matrix: 2, Primaries: 9}, 3840, 2160, 9},
		{"reserved code 3", media.ColorInfo{Matrix: 3}, 1920, 1080, 1},
		{"unknown code 200", media.ColorInfo{Matrix: 200}, 1920, 1080, 1},
		{"constant luminance", media.ColorInfo{Matrix: 10}, 3840, 2160, 10},
		{"constant luminance, PQ", media.ColorInfo{Matrix: 10, Transfer: 16}, 3840, 2160, 9},
		{"derived from BT.709 primaries", media.ColorInfo{Matrix: 12, Primaries: 1}, 640, 360, 12},
		{"derived from BT.2020 primaries", media.ColorInfo{Matrix: 12, Primaries: 9}, 640, 360, 12},
		{"derived from unknown primaries", media.ColorInfo{Matrix: 12}, 640, 360, 6},
		{"constant luminance derived from BT.709 primaries", media.ColorInfo{Matrix: 13, Primaries: 1}, 640, 360, 13},
		{"constant luminance derived from BT.2020 primaries, HLG", media.ColorInfo{Matrix: 13, Primaries: 9, Transfer: 18}, 640, 360, 12},
		{"constant luminance derived from unknown primaries", media.ColorInfo{Matrix: 13}, 1920, 1080, 1},
		{"ICtCp", media.ColorInfo{Matrix: 14}, 640, 360, 14},
		{"GBR", media.ColorInfo{Matrix: media.MatrixGBR}, 640, 360, media.MatrixGBR},
		{"YCgCo", media.ColorInfo{Matrix: 8}, 640, 360, 8},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := yuv.ResolveMatrix(tc.color, tc.w, tc.h); got != tc.want {
				t.Errorf("got matrix %d, want %d", got, tc.want)
			}
		})
	}
}
