package ffmpeg_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/frame"
)

// whole sizes need no cropping, so that filters see what the ffmpeg program's see.
const weaved = "-f lavfi -i testsrc2=size=320x192:rate=50:duration=1,interlace "

// referTo notes time and checksum of each picture.
func referTo(list *[]reference) func(*frame.Video) error {
	return func(v *frame.Video) error {
		*list = append(*list, reference{float64(v.PTS), v.Checksum()})
		v.Release()
		return nil
	}
}

// pictures decodes frames with a factory and returns time and checksum of each picture.
func pictures(t testing.TB, fa ffmpeg.Factory, frames []media.CodedFrame, o decode.Options) []reference {
	t.Helper()
	d, err := fa.NewVideo(frames[0].Config, o)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var got []reference
	decodeAll(t, d, frames, true, referTo(&got))
	return got
}

// filtered is what the ffmpeg program makes of a file through a filter.
func filtered(t testing.TB, path, filter string) []uint32 {
	t.Helper()
	var sums []uint32
	for line := range strings.Lines(string(program(t, "-i "+path+" -vf "+filter+" -f framecrc -"))) {
		if v := strings.Split(strings.TrimSpace(line), ","); len(v) >= 6 {
			s, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(v[5]), "0x"), 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			sums = append(sums, uint32(s))
		}
	}
	return sums
}

// TestDeinterlace gives as many pictures as there are coded ones, at their own times, and those that the ffmpeg program
// makes with the same filter.
func TestDeinterlace(t *testing.T) {
	for _, c := range []struct {
		name, args string
		mode       ffmpeg.Deinterlace
		filter     string
	}{
		{"weaved.mp4", weaved + "-c:v libx264 -preset fast -flags +ildct+ilme -bf 2 -pix_fmt yuv420p", ffmpeg.DeinterlaceNo, "null"},
		{"weaved.mp4", weaved + "-c:v libx264 -preset fast -flags +ildct+ilme -bf 2 -pix_fmt yuv420p", ffmpeg.DeinterlaceAuto, "bwdif=mode=send_frame:deint=interlaced"},
		{"weaved.mpg", weaved + "-c:v mpeg2video -flags +ildct+ilme -bf 2 -q:v 3 -pix_fmt yuv420p", ffmpeg.DeinterlaceAuto, "bwdif=mode=send_frame:deint=interlaced"},
		{"weaved-422.mkv", weaved + "-c:v libx264 -preset fast -flags +ildct+ilme -pix_fmt yuv422p10le", ffmpeg.DeinterlaceAuto, "bwdif=mode=send_frame:deint=interlaced"},
		{"straight.mp4", picture + " -vf scale=320:192 -c:v libx264 -preset fast -bf 2 -pix_fmt yuv420p", ffmpeg.DeinterlaceAuto, "null"},
		{"straight.mp4", picture + " -vf scale=320:192 -c:v libx264 -preset fast -bf 2 -pix_fmt yuv420p", ffmpeg.DeinterlaceYes, "bwdif=mode=send_frame:deint=all"},
	} {
		t.Run(fmt.Sprintf("%s/%d", c.name, c.mode), func(t *testing.T) {
			path := vector(t, c.name, c.args)
			frames := codedFrames(t, path, media.Video)
			plain := pictures(t, ffmpeg.Factory{}, frames, decode.Options{})
			got := pictures(t, ffmpeg.Factory{Deinterlace: c.mode}, frames, decode.Options{})
			want := filtered(t, path, c.filter)
			if len(got) != len(plain) || len(got) != len(want) {
				t.Fatalf("%d pictures, %d without the filter, the program has %d", len(got), len(plain), len(want))
			}
			for i := range got {
				// Before the first picture is nothing, which versions of the filter take differently.
				if got[i].pts != plain[i].pts || i > 0 && got[i].sum != want[i] {
					t.Fatalf("picture %d at %v: %08x, want %v: %08x", i, got[i].pts, got[i].sum, plain[i].pts, want[i])
				}
			}
		})
	}
}

// TestDeinterlace_Flush forgets what it holds back, and begins anew behind it.
func TestDeinterlace_Flush(t *testing.T) {
	path := vector(t, "weaved.mp4", weaved+"-c:v libx264 -preset fast -flags +ildct+ilme -bf 2 -pix_fmt yuv420p")
	frames := codedFrames(t, path, media.Video)
	want := pictures(t, ffmpeg.Factory{Deinterlace: ffmpeg.DeinterlaceAuto}, frames, decode.Options{})
	d, err := ffmpeg.Factory{Deinterlace: ffmpeg.DeinterlaceAuto}.NewVideo(frames[0].Config, decode.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for round := range 3 {
		var got []reference
		if round == 0 {
			decodeAll(t, d, frames[:len(frames)/2], false, referTo(&got))
		} else {
			decodeAll(t, d, frames, true, referTo(&got))
			compare(t, got, want, 0)
		}
		d.Flush()
	}
}

// TestHardware decodes with the processor what was to be decoded by hardware, and says so once for each decoder. It
// passes with hardware, too, which must then give as many pictures at the same times.
func TestHardware(t *testing.T) {
	for _, c := range []struct{ name, args string }{
		{"h264.mp4", picture + " -c:v libx264 -preset fast -bf 3 -g 25 -pix_fmt yuv420p"},
		{"vp9.webm", picture + " -c:v libvpx-vp9 -deadline good -cpu-used 5 -auto-alt-ref 1 -lag-in-frames 16 -g 25"},
		{"av1.mp4", picture + " -c:v libaom-av1 -cpu-used 8 -lag-in-frames 16 -g 12 -frames:v 30"},
		{"mjpeg.mp4", picture + " -c:v mjpeg -q:v 3"}, // no hardware decoder is built in
	} {
		frames := codedFrames(t, vector(t, c.name, c.args), media.Video)
		want := pictures(t, ffmpeg.Factory{}, frames, decode.Options{})
		for _, h := range []ffmpeg.Hardware{ffmpeg.HardwareAuto, ffmpeg.HardwareVAAPI} {
			var text bytes.Buffer
			log := slog.New(slog.NewTextHandler(&text, nil)) // warnings, not what is said at Debug
			got := pictures(t, ffmpeg.Factory{Hardware: h, Log: log}, frames, decode.Options{})
			if len(got) != len(want) {
				t.Fatalf("%s: %d pictures, want %d", c.name, len(got), len(want))
			}
			for i := range got {
				if got[i].pts != want[i].pts {
					t.Fatalf("%s: picture %d at %v, want %v", c.name, i, got[i].pts, want[i].pts)
				}
			}
			if n := strings.Count(text.String(), "\n"); h == ffmpeg.HardwareAuto && n != 0 || n > 1 ||
				n == 1 && !strings.Contains(text.String(), "level=WARN") {
				t.Errorf("%s: said %q", c.name, text.String())
			}
		}
	}
}

// TestFacts_Shown asks for what bitstream and container say about how pictures are shown.
func TestFacts_Shown(t *testing.T) {
	const hdr = picture + " -frames:v 5 -pix_fmt yuv420p10le -c:v libx265 -x265-params "
	for _, c := range []struct {
		name, args string
		change     func(*media.DecoderConfig)
		want       func(v *frame.Video) error
	}{
		{"light.mp4", hdr + "log-level=none:hdr10=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(6000000,50):max-cll=800,150", nil,
			func(v *frame.Video) error {
				if v.Color.Light != (media.Light{Peak: 600, Black: 0.005, MaxCLL: 800, MaxFALL: 150}) {
					return fmt.Errorf("light %+v", v.Color.Light)
				}
				return nil
			}},
		{"dim.mp4", hdr + "log-level=none", func(c *media.DecoderConfig) { c.Color.Light = media.Light{Peak: 500} },
			func(v *frame.Video) error {
				if v.Color.Light != (media.Light{Peak: 500}) {
					return fmt.Errorf("light of the container %+v", v.Color.Light)
				}
				return nil
			}},
		{"siting.mp4", picture + " -frames:v 5 -pix_fmt yuv420p -c:v libx264 -x264-params chromaloc=2", nil,
			func(v *frame.Video) error {
				if v.Color.Siting != 3 {
					return fmt.Errorf("siting %d, want top left", v.Color.Siting)
				}
				return nil
			}},
		{"clean.mp4", picture + " -frames:v 5 -pix_fmt yuv420p -c:v libx264", func(c *media.DecoderConfig) { c.Clean = media.Clean{Left: 2, Right: 4, Top: 6, Bottom: 8} },
			func(v *frame.Video) error {
				if v.Crop != (frame.Rect{X: 2, Y: 6, W: 322 - 6, H: 182 - 14}) {
					return fmt.Errorf("crop %+v", v.Crop)
				}
				return nil
			}},
		{"clean.mp4", "", func(c *media.DecoderConfig) { c.Clean = media.Clean{Left: 200, Right: 200} },
			func(v *frame.Video) error {
				if v.Crop != (frame.Rect{W: 322, H: 182}) {
					return fmt.Errorf("a crop that leaves nothing gives %+v", v.Crop)
				}
				return nil
			}},
		{"mirror.h264", picture + " -frames:v 5 -pix_fmt yuv420p -c:v libx264 -bsf:v h264_metadata=display_orientation=insert:flip=horizontal", nil,
			func(v *frame.Video) error {
				if !v.Mirror || v.Rotation != 0 {
					return fmt.Errorf("rotation %d, mirror %v", v.Rotation, v.Mirror)
				}
				return nil
			}},
		{"flip.h264", picture + " -frames:v 5 -pix_fmt yuv420p -c:v libx264 -bsf:v h264_metadata=display_orientation=insert:flip=vertical", nil,
			func(v *frame.Video) error {
				if !v.Mirror || v.Rotation != 180 {
					return fmt.Errorf("rotation %d, mirror %v", v.Rotation, v.Mirror)
				}
				return nil
			}},
	} {
		frames := codedFrames(t, vector(t, c.name, c.args), media.Video)
		cfg := *frames[0].Config
		if c.change != nil {
			c.change(&cfg)
		}
		d, err := ffmpeg.Factory{}.NewVideo(&cfg, decode.Options{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		emit := func(v *frame.Video) error {
			if n++; n == 1 {
				if err := c.want(v); err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
			}
			v.Release()
			return nil
		}
		for i := range frames {
			if err := d.Decode(&frames[i], emit); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if err := d.Drain(emit); err != nil || n != len(frames) {
			t.Errorf("%s: %d pictures of %d, %v", c.name, n, len(frames), err)
		}
		d.Close()
	}
}

// TestConvert_Planar keeps what a format holds when the consumer takes planes of that depth and chroma.
func TestConvert_Planar(t *testing.T) {
	planar := func(p frame.PixelFormat) bool { return p.Layout != frame.Other }
	const flat = "-f lavfi -i color=c=0x2060c0:size=64x48:rate=25:duration=0.2 "
	for _, c := range []struct {
		name, args, want string
		means            []float64
	}{
		{"bgr.avi", flat + "-vf format=bgr24 -c:v rawvideo", "gbrp", []float64{0x60, 0xc0, 0x20}},
		{"uyvy.avi", flat + "-vf scale=out_color_matrix=bt601:out_range=tv,format=uyvy422 -c:v rawvideo", "yuv422p", []float64{91.4, 179.7, 93}},
		{"nv12.nut", flat + "-vf scale=out_color_matrix=bt601:out_range=tv,format=nv12 -c:v rawvideo", "yuv420p", []float64{91.4, 179.7, 93}},
		{"deep.mov", flat + "-vf format=rgb48be -c:v png", "gbrp16le", []float64{0x60, 0xc0, 0x20}},
	} {
		firstPicture(t, vector(t, c.name, c.args), decode.Options{Formats: planar}, func(v *frame.Video) {
			if v.Format.Name != c.want {
				t.Errorf("%s: %s, want %s", c.name, v.Format.Name, c.want)
				return
			}
			for i, want := range c.means {
				if got := mean(v, i); math.Abs(got-want) > 2.5 {
					t.Errorf("%s: plane %d is %.1f, want %.1f", c.name, i, got, want)
				}
			}
		})
	}
}

// TestDeinterlace_Change lets out what is held back before pictures of another size begin.
func TestDeinterlace_Change(t *testing.T) {
	var both []byte
	for _, size := range []string{"320x192", "256x128"} {
		b, err := os.ReadFile(vector(t, "weaved-"+size+".h264", strings.Replace(weaved, "320x192", size, 1)+"-c:v libx264 -preset fast -flags +ildct+ilme -bf 2 -pix_fmt yuv420p"))
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, b...)
	}
	path := filepath.Join(t.TempDir(), "both.h264")
	if err := os.WriteFile(path, both, 0o600); err != nil {
		t.Fatal(err)
	}
	frames := codedFrames(t, path, media.Video)
	want := pictures(t, ffmpeg.Factory{}, frames, decode.Options{})
	got := pictures(t, ffmpeg.Factory{Deinterlace: ffmpeg.DeinterlaceAuto}, frames, decode.Options{})
	if len(got) != len(want) || len(got) < 40 {
		t.Fatalf("%d pictures, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i].pts != want[i].pts {
			t.Errorf("picture %d at %v, want %v", i, got[i].pts, want[i].pts)
		}
	}
}
