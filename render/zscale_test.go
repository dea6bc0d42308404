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

// converted has the ffmpeg program make planes of the picture and turn them back to RGB, in the format of that name. zscale is
// what the filter is told of the planes, "in" after each name meaning the way back.
func converted(t *testing.T, rgb []byte, zscale [][2]string, format, backFormat string) (planes, back []byte) {
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
	gray := ""
	if rest, ok := strings.CutPrefix(format, "gray"); ok { // which the filter takes for full range
		gray, format = format, "yuv444p"+rest
	}
	planes = run("-pix_fmt gbrp16le -i - -vf "+to+",format="+format, rgb)
	if gray != "" {
		chroma := planes[len(planes)/3:]
		neutral := []byte{128}
		var depth int
		if n, _ := fmt.Sscanf(gray, "gray%dle", &depth); n == 1 {
			neutral = []byte{0, 1 << (depth - 9)}
		}
		copy(chroma, bytes.Repeat(neutral, len(chroma)/len(neutral)))
	}
	return planes, run("-pix_fmt "+format+" -i - -vf "+from+",format="+backFormat, planes)
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
// the program goes on otherwise.
func against(got *image.RGBA, gbr []byte) (mean float64, worst int) {
	const border = 4
	sum, n := 0, 0
	for y := border; y < zscaleH-border; y++ {
		for x := border; x < zscaleW-border; x++ {
			c := got.RGBAAt(x, y)
			for i, s := range []uint8{c.G, c.B, c.R} {
				want := gbr[(i*zscaleH+y)*zscaleW+x]
				d := int(s) - int(want)
				d = max(d, -d)
				sum, n, worst = sum+d, n+1, max(worst, d)
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
// make limited RGB, and it makes ICtCp of hybrid log-gamma by a system gamma on L, M and S, where BT.2100 has it on R, G and B.
func zscaleRows(depths []uint8, subsamplings ...string) (rows []zscaleRow) {
	name := func(base string, depth uint8) string {
		if depth > 8 {
			base += fmt.Sprintf("%dle", depth)
		}
		return base
	}
	shifts := map[string][2]uint8{"420": {1, 1}, "422": {1, 0}, "444": {}, "440": {0, 1}, "411": {2, 0}, "410": {2, 2}}
	gray := frame.PixelFormat{Layout: frame.Gray, Name: "gray"}
	for _, m := range []struct {
		name  string
		color media.ColorInfo
		more  [][2]string // transfer and primaries, where they matter
	}{
		{"709", media.ColorInfo{Matrix: 1}, nil},
		{"fcc", media.ColorInfo{Matrix: 4}, nil},
		{"470bg", media.ColorInfo{Matrix: 5}, nil},
		{"170m", media.ColorInfo{Matrix: 6}, nil},
		{"7", media.ColorInfo{Matrix: 7}, nil},
		{"ycgco", media.ColorInfo{Matrix: 8}, nil},
		{"2020_ncl", media.ColorInfo{Matrix: 9}, nil},
		{"2020_cl", media.ColorInfo{Matrix: 10}, [][2]string{{"t", "2020_10"}, {"p", "2020"}}},
		{"chroma-derived-nc", media.ColorInfo{Matrix: 12, Primaries: 6}, [][2]string{{"p", "170m"}}},
		{"chroma-derived-c", media.ColorInfo{Matrix: 13, Primaries: 1}, [][2]string{{"t", "709"}, {"p", "709"}}},
		{"ictcp", media.ColorInfo{Matrix: 14, Transfer: 16, Primaries: 9}, [][2]string{{"t", "smpte2084"}, {"p", "2020"}}},
	} {
		for full, r := range []string{"limited", "full"} {
			m.color.FullRange = full == 1
			o := append([][2]string{{"m", m.name}, {"r", r}, {"c", "left"}}, m.more...)
			for _, depth := range depths {
				for _, sub := range subsamplings {
					f, base := deep(depth, shifts[sub][0], shifts[sub][1]), "yuv"+sub+"p"
					if sub == "400" {
						if m.name != "709" {
							continue // luma alone has no matrix
						}
						gray.Depth = depth
						f, base = gray, "gray"
					}
					if depth > 8 && (sub == "440" || sub == "411" || sub == "410") {
						continue // of which the filter makes none
					}
					rows = append(rows, zscaleRow{f, name(base, depth), m.color, o})
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
// average and 4 at worst. Of those with high dynamic range it makes RGB of the same transfer, which package yuv draws.
// Verbose, it prints a table.
func drawLikeZscale(t *testing.T, rows []zscaleRow) {
	t.Helper()
	const maxMean, maxWorst = 2, 4
	rgb := colourful()
	s := testSurface(t)
	for _, r := range rows {
		high := r.color.Transfer != 0
		back := "gbrp"
		if high {
			back = "gbrp16le"
		}
		planes, want := converted(t, rgb, r.zscale, r.format, back)
		v := planar(r.f, planes)
		v.Color = r.color
		if high {
			w := planar(frame.PixelFormat{Layout: frame.GBR, Depth: 16, Name: "gbrp16le"}, want)
			w.Color = media.ColorInfo{Matrix: media.MatrixGBR, Transfer: r.color.Transfer, Primaries: r.color.Primaries, FullRange: true}
			want = planesOf(reference(w, zscaleW, zscaleH))
		}
		mean, worst := against(shoot(t, s, v, zscaleW, zscaleH), want)
		cpuMean, cpuWorst := against(reference(v, zscaleW, zscaleH), want)
		t.Logf("%-12s %v: mean %.3f worst %d, by the processor %.3f %d", r.format, r.zscale, mean, worst, cpuMean, cpuWorst)
		if max(mean, cpuMean) > maxMean || max(worst, cpuWorst) > maxWorst {
			t.Errorf("%s %v: differs by %.3f on average and %d at worst, by the processor %.3f and %d", r.format, r.zscale, mean, worst, cpuMean, cpuWorst)
		}
	}
}

// planesOf gives a picture as planes G, B and R.
func planesOf(m *image.RGBA) (gbr []byte) {
	for _, c := range []int{1, 2, 0} {
		for i := c; i < len(m.Pix); i += 4 {
			gbr = append(gbr, m.Pix[i])
		}
	}
	return gbr
}

func TestSurface_Zscale(t *testing.T) { drawLikeZscale(t, zscaleRows([]uint8{10}, "420", "400")) }
