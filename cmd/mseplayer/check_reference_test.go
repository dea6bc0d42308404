package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// likenessReport is what check --reference adds to a report.
type likenessReport struct {
	Complete  bool
	Reference struct {
		Width, Height, BitDepth, Pictures int
		FrameRate, Duration               float64
	}
	Tracks []struct {
		ID       string
		Likeness *struct {
			Pictures, Identical, Unmatched, BitDepth, ComparedBitDepth int
			Offset                                                     float64
			PSNR                                                       struct{ Y, U, V, Average, Min *float64 }
			SSIM                                                       struct{ Y, U, V, All, Min *float64 }
			Segments                                                   []struct{ Pictures int }
		}
	}
	Findings []finding
}

// original makes a film that is worth comparing, of pictures that all differ.
func original(t *testing.T, dir, format string) string {
	t.Helper()
	path := filepath.Join(dir, "original-"+format+".mkv")
	ffmpegProgram(t, "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=4", "-f", "lavfi", "-i", "sine=440:duration=4", "-vf", "noise=alls=6:allf=t,format="+format, "-c:v", "ffv1", "-c:a", "flac", path)
	return path
}

// compare checks a source against a reference.
func compare(t *testing.T, code int, reference, source string, flags ...string) (r likenessReport) {
	t.Helper()
	if err := json.Unmarshal([]byte(expect(t, code, "", "", append([]string{"check", "--json", "-", "--reference", reference, source}, flags...)...).out), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// programLikeness is what the ffmpeg program's filters psnr and ssim say of two files whose pictures filters have prepared.
func programLikeness(t *testing.T, a, b, prepareA, prepareB string) map[string]float64 {
	t.Helper()
	dir := t.TempDir()
	graph := fmt.Sprintf("[0:v]%s,settb=AVTB,setpts=PTS-STARTPTS,split[a][c];[1:v]%s,settb=AVTB,setpts=PTS-STARTPTS,split[b][d];[a][b]psnr=f=%s/psnr[x];[c][d]ssim=f=%s/ssim[y]", prepareA, prepareB, dir, dir)
	ffmpegProgram(t, "-i", a, "-i", b, "-filter_complex", graph, "-map", "[x]", "-f", "null", "-", "-map", "[y]", "-f", "null", "-")
	mean := map[string]float64{}
	n := 0.0
	for _, kind := range []string{"psnr", "ssim"} {
		text, err := os.ReadFile(filepath.Join(dir, kind))
		if err != nil {
			t.Fatal(err)
		}
		n = 0
		for line := range strings.Lines(string(text)) {
			n++
			// Of each picture psnr writes the mean squared differences, too, as mse_avg:X mse_y:X and so on.
			for _, field := range strings.Fields(line) {
				name, value, _ := strings.Cut(field, ":")
				x, err := strconv.ParseFloat(value, 64)
				if err == nil && (kind == "ssim" || strings.HasPrefix(name, "mse_")) {
					mean[name] += x
				}
			}
		}
		for name := range mean {
			if (kind == "ssim") != strings.HasPrefix(name, "mse_") {
				mean[name] /= n
			}
		}
	}
	mean["pictures"] = n
	return mean
}

// TestCheck_Reference compares with the ffmpeg program's filters, over sizes, depths, subsampling, containers and times.
func TestCheck_Reference(t *testing.T) {
	dir := t.TempDir()
	eight, ten := original(t, dir, "yuv420p"), original(t, dir, "yuv422p10le")
	const priming = 1024 / 44100.0 // by which sound begins before the pictures
	const scale = "scale=320:180:flags=bicubic+accurate_rnd,"
	for _, c := range []struct {
		name      string
		reference string
		args      string // of the program, which makes the file
		file      string
		a, b      string // filters that prepare both for the program
		depth     int    // of the comparison
		pictures  int
		unmatched int
		offset    float64
	}{
		{"same size", eight, "-an -c:v libx264 -preset veryfast -crf 30", "same.mp4", "null", "null", 8, 100, 0, 0},
		{"fragmented", eight, "-an -c:v libx264 -preset veryfast -crf 30 -bf 2 -movflags frag_keyframe+empty_moov+default_base_moof", "fragmented.mp4", "null", "null", 8, 100, 0, 0.08},
		{"smaller", eight, "-an -vf scale=214:120 -c:v libx264 -preset veryfast -crf 24", "small.mp4", scale + "null", "null", 8, 100, 0, 0},
		{"larger", eight, "-an -vf scale=480:270 -pix_fmt yuv420p -c:v libvpx -b:v 600k -deadline realtime -cpu-used 8", "large.webm", scale + "null", "null", 8, 100, 0, 0},
		{"more bits than the reference", eight, "-an -pix_fmt yuv420p10le -c:v libx264 -preset veryfast -crf 30", "deep.mp4", "null", "format=yuv420p10le", 10, 100, 0, 0},
		{"fewer bits than the reference", ten, "-an -pix_fmt yuv422p -c:v libx264 -preset veryfast -crf 30", "flat.mp4", "format=yuv422p10le", "null", 10, 100, 0, 0},
		{"other subsampling", ten, "-an -pix_fmt yuv422p10le -c:v libx264 -preset veryfast -crf 30", "wide.mkv", "null", "null", 10, 100, 0, 0},
		{"transport stream", eight, "-c:v libx264 -preset veryfast -crf 30 -c:a aac -muxdelay 0 -output_ts_offset 1000", "t.ts", "null", "null", 8, 100, 0, priming},
		{"begins later", eight, "-an -vf trim=start_frame=20,setpts=PTS-STARTPTS -c:v libx264 -preset veryfast -crf 30", "late.mp4", "null", "trim=start_frame=20", 8, 80, 0, -0.8},
		{"half the rate", eight, "-an -vf select='not(mod(n\\,2))' -r 12.5 -c:v libx264 -preset veryfast -crf 30", "half.mp4", "null", "select='not(mod(n\\,2))'", 8, 50, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, c.file)
			ffmpegProgram(t, append(append([]string{"-i", c.reference}, strings.Fields(c.args)...), path)...)
			r := compare(t, exitOK, c.reference, path)
			if x := r.Reference; x.Width != 320 || x.Height != 180 || x.Pictures != 100 || math.Abs(x.FrameRate-25) > 1e-6 || x.Duration != 4 {
				t.Errorf("reference %+v", x)
			}
			l := r.Tracks[0].Likeness
			if l == nil {
				t.Fatalf("nothing is compared: %+v", r.Findings)
			}
			if l.Pictures != c.pictures || l.Unmatched != c.unmatched || l.ComparedBitDepth != c.depth || len(l.Segments) == 0 {
				t.Errorf("%+v, want %d and %d pictures, %d bits", l, c.pictures, c.unmatched, c.depth)
			}
			if math.Abs(l.Offset-c.offset) > 0.0015 {
				t.Errorf("offset %v, want %v", l.Offset, c.offset)
			}
			want := programLikeness(t, path, c.reference, c.a, c.b)
			if int(want["pictures"]) != c.pictures {
				t.Fatalf("the program compares %v pictures", want["pictures"])
			}
			peak := math.Pow(float64(int(1)<<c.depth-1), 2)
			for name, got := range map[string]*float64{"mse_y": l.PSNR.Y, "mse_u": l.PSNR.U, "mse_v": l.PSNR.V, "mse_avg": l.PSNR.Average} {
				if ratio := 10 * math.Log10(peak/want[name]); got == nil || math.Abs(*got-ratio) > 0.01 {
					t.Errorf("%s: %v dB, the program has %.4f", name, value(got), ratio)
				}
			}
			for name, got := range map[string]*float64{"Y": l.SSIM.Y, "U": l.SSIM.U, "V": l.SSIM.V, "All": l.SSIM.All} {
				if got == nil || math.Abs(*got-want[name]) > 0.001 {
					t.Errorf("SSIM %s: %v, the program has %.6f", name, value(got), want[name])
				}
			}
		})
	}
}

func value(p *float64) any {
	if p == nil {
		return "null"
	}
	return *p
}

// TestCheck_ReferenceLadder checks a ladder whose best rung is not the best, against a reference of another shape and length,
// twice, and cut short.
func TestCheck_ReferenceLadder(t *testing.T) {
	dir := t.TempDir()
	path := original(t, dir, "yuv420p")
	mpd := filepath.Join(dir, "m.mpd")
	ffmpegProgram(t, "-i", path, "-map", "0:v", "-map", "0:v", "-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-keyint_min", "25", "-sc_threshold", "0",
		"-b:v:0", "900k", "-filter:v:0", "null", "-b:v:1", "900k", "-filter:v:1", "gblur=sigma=6", "-adaptation_sets", "id=0,streams=0,1", "-seg_duration", "1", "-f", "dash", mpd)
	text, err := os.ReadFile(mpd)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte(`bandwidth="900000"`), []byte(`bandwidth="700000"`), 1) // the second one has more
	if err := os.WriteFile(mpd, text, 0o600); err != nil {
		t.Fatal(err)
	}
	r := compare(t, exitOK, path, mpd)
	inverted := false
	for _, f := range r.Findings {
		inverted = inverted || f.Code == "reference.quality-inversion" && f.Track == "p0/0/1" && f.Severity == "warning"
		if f.Code == "reference.misfit" {
			t.Errorf("%+v", f)
		}
	}
	if !inverted {
		t.Errorf("not inverted: %+v", r.Findings)
	}
	for _, x := range r.Tracks {
		if len(x.Likeness.Segments) != 4 || x.Likeness.Segments[2].Pictures != 25 {
			t.Errorf("%s: %+v", x.ID, x.Likeness)
		}
	}
	again := compare(t, exitOK, path, mpd, "--jobs", "1")
	if a, b := fmt.Sprintf("%+v", jsonOf(t, r.Tracks)), fmt.Sprintf("%+v", jsonOf(t, again.Tracks)); a != b {
		t.Errorf("two runs differ:\n%s\n%s", a, b)
	}
	shape := filepath.Join(dir, "shape.mkv")
	ffmpegProgram(t, "-i", path, "-t", "3", "-vf", "crop=240:180", "-c:v", "ffv1", "-an", shape)
	misfits := 0
	for _, f := range compare(t, exitOK, shape, mpd).Findings {
		if f.Code == "reference.misfit" {
			misfits++
		}
	}
	if misfits < 3 { // the shape of both, and the length
		t.Errorf("%d misfits", misfits)
	}
	expect(t, exitUsage, "", "reference: ", "check", "--reference", filepath.Join(dir, "none.mp4"), mpd)
	expect(t, exitUsage, "", "--reference and --no-decode", "check", "--reference", path, "--no-decode", mpd)
	expect(t, exitUsage, "", "--reference: takes the name", "check", "--reference", "", mpd)
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestCheck_Thumbnails looks at the pictures of findings on a page: they show what is there, in the right colours.
func TestCheck_Thumbnails(t *testing.T) {
	dir := t.TempDir()
	path, page := filepath.Join(dir, "still.mp4"), filepath.Join(dir, "r.html")
	ffmpegProgram(t, "-f", "lavfi", "-i", "color=c=0xc04020:size=640x360:rate=25:duration=4", "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-color_range", "tv", "-colorspace", "bt709",
		"-c:v", "libx264", "-preset", "veryfast", path)
	expect(t, exitOK, "", "", "check", "--deep", "--html", page, path)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`src="data:image/jpeg;base64,([^"]+)"`).FindAllStringSubmatch(string(text), -1)
	if len(found) != 1 {
		t.Fatalf("%d pictures", len(found))
	}
	b, err := base64.StdEncoding.DecodeString(found[0][1])
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if s := img.Bounds().Size(); s.X != 320 || s.Y != 180 {
		t.Errorf("%v", s)
	}
	red, green, blue, _ := img.At(100, 100).RGBA()
	for i, c := range []struct{ got, want uint32 }{{red >> 8, 0xc0}, {green >> 8, 0x40}, {blue >> 8, 0x20}} {
		if math.Abs(float64(c.got)-float64(c.want)) > 4 {
			t.Errorf("colour %d: %#x, want %#x", i, c.got, c.want)
		}
	}
}
