package render

import (
	"bytes"
	"fmt"
	"image"
	"math"
	"os/exec"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

// The pictures that are compared with the ffmpeg program's conversion.
const zscaleW, zscaleH = 96, 64

// colourful is a picture without edges, as planes G, B and R of 16 bits.
func colourful() []byte {
	wave := func(x, y, fx, fy, phase float64) float64 {
		return 0.5 + 0.45*math.Sin(fx*x/zscaleW*math.Pi+fy*y/zscaleH*math.Pi+phase)
	}
	var b []byte
	for plane := range 3 {
		for y := range zscaleH {
			for x := range zscaleW {
				p := [3]float64{1.5, 0.4, 2.9}[plane]
				s := uint16(65535 * wave(float64(x), float64(y), 1.7-0.5*p, 0.6+0.4*p, p))
				b = append(b, uint8(s), uint8(s>>8))
			}
		}
	}
	return b
}

// converted has the ffmpeg program make planes of the picture and turn them back to RGB. zscale is what the filter is
// told of the planes, "in" after each name meaning the way back.
func converted(t *testing.T, rgb []byte, zscale [][2]string, format string) (planes, back []byte) {
	t.Helper()
	to, from := "zscale=min=gbr:rin=full:f=bilinear", "zscale=m=gbr:r=full:f=bilinear"
	for _, o := range zscale {
		to += ":" + o[0] + "=" + o[1]
		from += ":" + o[0] + "in=" + o[1]
		if o[0] == "t" || o[0] == "p" { // the same on both sides: only the coding changes
			to += ":" + o[0] + "in=" + o[1]
			from += ":" + o[0] + "=" + o[1]
		}
	}
	run := func(args string, in []byte) []byte {
		cmd := exec.Command("ffmpeg", strings.Fields("-hide_banner -loglevel error -f rawvideo -video_size "+fmt.Sprintf("%dx%d", zscaleW, zscaleH)+" "+args+" -f rawvideo -")...)
		var stderr bytes.Buffer
		cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &stderr
		out, err := cmd.Output()
		if err != nil || len(out) == 0 {
			t.Fatalf("ffmpeg %s: %v\n%s", args, err, stderr.Bytes())
		}
		return out
	}
	planes = run("-pix_fmt gbrp16le -i - -vf "+to+",format="+format, rgb)
	return planes, run("-pix_fmt "+format+" -i - -vf "+from+",format=gbrp", planes)
}

// planar makes a picture of packed planes.
func planar(f frame.PixelFormat, b []byte) *frame.Video {
	v := &frame.Video{Format: f, Width: zscaleW, Height: zscaleH, Crop: frame.Rect{W: zscaleW, H: zscaleH}}
	for i := range f.PlaneCount() {
		w, h := f.PlaneSize(i, zscaleW, zscaleH)
		v.Plane[i] = frame.Plane{Stride: w * f.BytesPerSample(), Data: b[:w*h*f.BytesPerSample()]}
		b = b[w*h*f.BytesPerSample():]
	}
	return v
}

// against measures how far a drawn picture is from planes G, B and R, the outermost columns and rows left aside, where
// the program goes on otherwise. With light the worst leaves aside what is next to none.
func against(got *image.RGBA, gbr []byte, light bool) (mean float64, worst int) {
	const border = 4
	sum, n := 0, 0
	for y := border; y < zscaleH-border; y++ {
		for x := border; x < zscaleW-border; x++ {
			c := got.RGBAAt(x, y)
			for i, s := range []uint8{c.G, c.B, c.R} {
				want := gbr[(i*zscaleH+y)*zscaleW+x]
				d := int(s) - int(want)
				d = max(d, -d)
				sum, n = sum+d, n+1
				if !light || !nextToNone(s, want) {
					worst = max(worst, d)
				}
			}
		}
	}
	return float64(sum) / float64(n), worst
}

// zscaleRow is one way a picture is coded.
type zscaleRow struct {
	f      frame.PixelFormat
	format string // the program's name
	color  media.ColorInfo
	zscale [][2]string
}

// zscaleRows are every matrix and range with these depths and subsamplings, every siting, and RGB. The program does not
// make limited RGB.
func zscaleRows(depths []uint8, subsamplings ...string) (rows []zscaleRow) {
	name := func(base string, depth uint8) string {
		if depth > 8 {
			base += fmt.Sprintf("%dle", depth)
		}
		return base
	}
	shifts := map[string][2]uint8{"420": {1, 1}, "422": {1, 0}, "444": {}}
	for _, m := range []struct {
		name string
		code uint8
	}{{"709", 1}, {"fcc", 4}, {"470bg", 5}, {"170m", 6}, {"7", 7}, {"ycgco", 8}, {"2020_ncl", 9}, {"2020_cl", 10}} {
		for full, r := range []string{"limited", "full"} {
			for _, depth := range depths {
				for _, sub := range subsamplings {
					o := [][2]string{{"m", m.name}, {"r", r}, {"c", "left"}}
					if m.name == "2020_cl" {
						o = append(o, [2]string{"t", "2020_10"}, [2]string{"p", "2020"})
					}
					rows = append(rows, zscaleRow{deep(depth, shifts[sub][0], shifts[sub][1]), name("yuv"+sub+"p", depth), media.ColorInfo{Matrix: m.code, FullRange: full == 1}, o})
				}
			}
		}
	}
	for _, depth := range depths {
		for i, siting := range []string{"left", "center", "topleft", "top", "bottomleft", "bottom"} {
			rows = append(rows, zscaleRow{deep(depth, 1, 1), name("yuv420p", depth), media.ColorInfo{Matrix: 1, Siting: uint8(i) + 1},
				[][2]string{{"m", "709"}, {"r", "limited"}, {"c", siting}}})
		}
		rows = append(rows, zscaleRow{frame.PixelFormat{Layout: frame.GBR, Depth: depth, Name: "gbr"}, name("gbrp", depth),
			media.ColorInfo{Matrix: media.MatrixGBR, FullRange: true}, [][2]string{{"m", "gbr"}, {"r", "full"}}})
	}
	return rows
}

// drawLikeZscale draws pictures as zscale, a converter of high quality, converts them, to within 2 of 255 levels on
// average and 4 at worst. Verbose, it prints a table.
func drawLikeZscale(t *testing.T, rows []zscaleRow) {
	t.Helper()
	const maxMean, maxWorst = 2, 4
	rgb := colourful()
	s := testSurface(t)
	for _, r := range rows {
		planes, want := converted(t, rgb, r.zscale, r.format)
		v := planar(r.f, planes)
		v.Color = r.color
		mean, worst := against(shoot(t, s, v, zscaleW, zscaleH), want, s.drawing.constant)
		t.Logf("%-12s %v: mean %.3f worst %d", r.format, r.zscale, mean, worst)
		if mean > maxMean || worst > maxWorst {
			t.Errorf("%s %v: differs by %.3f on average and %d at worst", r.format, r.zscale, mean, worst)
		}
	}
}

func TestSurface_Zscale(t *testing.T) { drawLikeZscale(t, zscaleRows([]uint8{10}, "420")) }
