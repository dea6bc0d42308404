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

// camera is the OETF of BT.2020 and H.273's transfer characteristics 14.
func camera(l float64) float64 {
	const alpha, beta = 1.099296826809442, 0.018053968510807
	if l < beta {
		return 4.5 * l
	}
	return alpha*math.Pow(l, 0.45) - (alpha - 1)
}

// single takes numbers down to single precision.
func single(s [3]float64) [3]float32 {
	return [3]float32{float32(s[0]), float32(s[1]), float32(s[2])}
}

// TestConversion_ConstantLuminance brings colours, as H.273 §8.3 writes them for matrices 10 and 13, back to what they were
// made from: linear light of a display with the exponent 2.4.
func TestConversion_ConstantLuminance(t *testing.T) {
	tests := []struct {
		name              string
		matrix, primaries uint8
		kr, kb            float64
	}{
		{"BT.2020", 10, 0, 0.2627, 0.0593},
		{"of BT.2020's primaries", 13, 9, 0.262700, 0.059302},
		{"of BT.709's primaries", 13, 1, 0.212639, 0.072192},
		{"of SMPTE 170M's primaries", 13, 6, 0.212376, 0.086564},
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, tc := range tests {
		for _, depth := range []int{8, 10, 12} {
			for _, full := range []bool{false, true} {
				v := &frame.Video{Format: i444, Crop: frame.Rect{W: 1920, H: 1080}, Color: media.ColorInfo{Matrix: tc.matrix, Primaries: tc.primaries, FullRange: full}}
				v.Format.Depth = uint8(depth)
				c := yuv.ConversionOf(v)
				c.Light = yuv.Direct // without the step to BT.709's primaries
				worst := 0.0
				for range 2000 {
					rgb := [3]float64{rnd.Float64(), rnd.Float64(), rnd.Float64()}
					var l [3]float64
					for i := range l {
						l[i] = math.Pow(rgb[i], 2.4)
					}
					y := camera(tc.kr*l[0] + (1-tc.kr-tc.kb)*l[1] + tc.kb*l[2])
					nb, pb := camera(1-tc.kb), 1-camera(tc.kb)
					nr, pr := camera(1-tc.kr), 1-camera(tc.kr)
					cb, cr := camera(l[2])-y, camera(l[0])-y
					if cb <= 0 {
						cb /= 2 * nb
					} else {
						cb /= 2 * pb
					}
					if cr <= 0 {
						cr /= 2 * nr
					} else {
						cr /= 2 * pr
					}
					got := c.Apply(single(codes([3]float64{y, cb, cr}, depth, full)))
					for i := range l {
						worst = math.Max(worst, math.Abs(math.Pow(math.Max(float64(got[i]), 0), 2.4)-l[i]))
					}
				}
				if worst > 1e-5 {
					t.Errorf("%s, %d bits, full %v: light differs by %g", tc.name, depth, full, worst)
				}
			}
		}
	}
}

// ictcp is BT.2100 table 7, from light of BT.2020's primaries: candela per square metre for PQ, scene light up to 1 for HLG.
func ictcp(l [3]float64, hlg bool) [3]float64 {
	code := st2084inverse
	if hlg {
		code = func(e float64) float64 {
			if e <= 1.0/12 {
				return math.Sqrt(3 * e)
			}
			return 0.17883277*math.Log(12*e-0.28466892) + 0.55991073
		}
	}
	lms := [3]float64{
		code((1688*l[0] + 2146*l[1] + 262*l[2]) / 4096),
		code((683*l[0] + 2951*l[1] + 462*l[2]) / 4096),
		code((99*l[0] + 309*l[1] + 3688*l[2]) / 4096),
	}
	if hlg {
		return [3]float64{0.5*lms[0] + 0.5*lms[1], (3625*lms[0] - 7465*lms[1] + 3840*lms[2]) / 4096, (9500*lms[0] - 9212*lms[1] - 288*lms[2]) / 4096}
	}
	return [3]float64{0.5*lms[0] + 0.5*lms[1], (6610*lms[0] - 13613*lms[1] + 7003*lms[2]) / 4096, (17933*lms[0] - 17390*lms[1] - 543*lms[2]) / 4096}
}

// TestConversion_ICtCp shows colours that come as ICtCp as the other implementation shows their light.
func TestConversion_ICtCp(t *testing.T) {
	const maxLevels = 1 // of 255; the constants of the other implementation are rounded
	for _, transfer := range []uint8{0, 2, 16, 18} {
		hlg := transfer == 18
		for _, depth := range []int{10, 12} {
			for _, full := range []bool{false, true} {
				name := fmt.Sprintf("transfer %d, %d bits, full %v", transfer, depth, full)
				v := &frame.Video{Format: i444, Crop: frame.Rect{W: 1920, H: 1080}, Color: media.ColorInfo{Matrix: 14, Transfer: transfer, FullRange: full}}
				v.Format.Depth = uint8(depth)
				c := yuv.ConversionOf(v)
				if want := map[bool]yuv.Light{false: yuv.PQ, true: yuv.HLG}[hlg]; c.Light != want || !c.Cones || !c.Dither {
					t.Fatalf("%s: light %d, cones %v, dither %v", name, c.Light, c.Cones, c.Dither)
				}
				worst, colours := 0.0, 0
				for _, tint := range [][3]float64{{1, 1, 1}, {1, 0.95, 0.9}, {0.9, 1, 0.95}, {0.92, 0.9, 1}, {0.97, 1, 1}, {0.8, 0.85, 0.8}} {
					for step := range 1000 {
						signal := [3]float64{float64(step) / 999 * tint[0], float64(step) / 999 * tint[1], float64(step) / 999 * tint[2]}
						scene := [3]float64{st2084(signal[0]), st2084(signal[1]), st2084(signal[2])}
						l := scene
						if hlg {
							l = hlgDisplay(signal)
							for i, e := range signal {
								scene[i] = e * e / 3
								if e > 0.5 {
									scene[i] = (math.Exp((e-0.55991073)/0.17883277) + 0.28466892) / 12
								}
							}
						}
						shown, inside := display(l, 0, 1000)
						if !inside && tint != [3]float64{1, 1, 1} {
							continue
						}
						colours++
						got := c.Apply(single(codes(ictcp(scene, hlg), depth, full)))
						for i, want := range shown {
							worst = math.Max(worst, 255*math.Abs(want-float64(got[i])))
						}
					}
				}
				t.Logf("%s: worst %.3f levels, %d colours", name, worst, colours)
				if worst > maxLevels || colours < 2000 {
					t.Errorf("%s: differs by %.2f levels, %d colours", name, worst, colours)
				}
			}
		}
	}
}
