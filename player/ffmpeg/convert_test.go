package ffmpeg_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/frame"
)

// firstPicture decodes the first picture of a file and hands it to fn before it is released.
func firstPicture(t testing.TB, path string, o decode.Options, fn func(*frame.Video)) {
	t.Helper()
	n := 0
	d := &trackDecoder{options: o, onVideo: func(v *frame.Video) {
		if n++; n == 1 {
			fn(v)
		}
	}}
	for _, f := range codedFrames(t, path, media.Video) {
		if err := d.add(&f); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.finish(); err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		t.Fatal("no picture")
	}
}

// only420 accepts nothing but what it says.
func only420(p frame.PixelFormat) bool { return p == frame.I420 }

// mean is the average sample of a plane inside the crop, as if it had 8 bits.
func mean(v *frame.Video, plane int) float64 {
	w, h := v.Format.PlaneSize(plane, v.Crop.W, v.Crop.H)
	sum := 0.0
	for y := range h {
		row := v.Plane[plane].Data[y*v.Plane[plane].Stride:]
		for x := range w {
			if v.Format.BytesPerSample() == 2 {
				sum += float64(binary.LittleEndian.Uint16(row[2*x:])) / float64(int(1)<<(v.Format.Depth-8))
			} else {
				sum += float64(row[x])
			}
		}
	}
	return sum / float64(w*h)
}

// TestConvert gives what the consumer accepts, with matrix and range kept.
func TestConvert(t *testing.T) {
	const flat = "-f lavfi -i color=c=0x2060c0:size=64x48:rate=25:duration=0.2 "
	// The same colour in BT.601, limited range.
	rgb := [3]float64{91.4, 179.7, 93.0}
	for _, c := range []struct {
		name, args string
		want       media.ColorInfo
		known      bool // the samples are those of rgb; otherwise they are the unconverted picture's
	}{
		{"709-444.mkv", "-vf scale=out_color_matrix=bt709:out_range=tv,format=yuv444p,setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv -colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv -c:v ffv1",
			media.ColorInfo{Primaries: 1, Transfer: 1, Matrix: 1, Known: true}, false},
		{"601-422.mkv", "-vf scale=out_color_matrix=bt601:out_range=tv,format=yuv422p -colorspace smpte170m -color_range tv -c:v ffv1",
			media.ColorInfo{Matrix: 6, Known: true}, false},
		{"full-444.mkv", "-vf scale=out_color_matrix=bt601:out_range=pc,format=yuvj444p -colorspace smpte170m -color_range pc -c:v ffv1",
			media.ColorInfo{Matrix: 6, FullRange: true, Known: true}, false},
		{"10bit.mkv", "-vf scale=out_color_matrix=bt709:out_range=tv,format=yuv420p10le,setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv -colorspace bt2020nc -color_primaries bt2020 -color_trc smpte2084 -color_range tv -c:v ffv1",
			media.ColorInfo{Primaries: 9, Transfer: 16, Matrix: 9, Known: true}, false},
		{"rgb.mkv", "-vf format=gbrp -c:v ffv1", media.ColorInfo{Matrix: 6, Known: true}, true},
		{"packed.avi", "-vf scale=out_color_matrix=bt601:out_range=tv,format=yuyv422 -c:v rawvideo", media.ColorInfo{}, true},
		{"bgr.avi", "-vf format=bgr24 -c:v rawvideo", media.ColorInfo{Matrix: 6, Known: true}, true}, // bottom row first
	} {
		t.Run(c.name, func(t *testing.T) {
			path := vector(t, c.name, flat+c.args)
			want := rgb
			if !c.known {
				firstPicture(t, path, decode.Options{}, func(v *frame.Video) {
					for i := range want {
						want[i] = mean(v, i)
					}
				})
			}
			firstPicture(t, path, decode.Options{Formats: only420}, func(v *frame.Video) {
				if v.Format != frame.I420 || v.Width != 64 || v.Height != 48 || v.Crop != (frame.Rect{W: 64, H: 48}) {
					t.Fatalf("picture %+v, %dx%d, %v", v.Format, v.Width, v.Height, v.Crop)
				}
				if v.Color.Matrix != c.want.Matrix || v.Color.FullRange != c.want.FullRange ||
					c.want.Primaries != 0 && (v.Color.Primaries != c.want.Primaries || v.Color.Transfer != c.want.Transfer) {
					t.Errorf("colour %+v, want %+v", v.Color, c.want)
				}
				for i, want := range want {
					if got := mean(v, i); math.Abs(got-want) > 1.6 {
						t.Errorf("plane %d is %.1f, want %.1f", i, got, want)
					}
					if len(v.Plane[i].Data) < v.Plane[i].Stride*(48>>min(i, 1)) {
						t.Errorf("plane %d has %d bytes of stride %d", i, len(v.Plane[i].Data), v.Plane[i].Stride)
					}
				}
			})
		})
	}
}

// TestUnconverted gives formats as they are: those that can be described with planes, others without.
func TestUnconverted(t *testing.T) {
	const flat = "-f lavfi -i testsrc2=size=63x47:rate=25:duration=0.2 "
	for name, c := range map[string]struct {
		args string
		want frame.PixelFormat
	}{
		"p420.mkv":   {"-c:v ffv1 -pix_fmt yuv420p", frame.I420},
		"p411.mkv":   {"-c:v ffv1 -pix_fmt yuv411p", frame.PixelFormat{Layout: frame.YUV, Depth: 8, ChromaShiftX: 2, Name: "yuv411p"}},
		"p440.mkv":   {"-c:v ffv1 -pix_fmt yuv440p", frame.PixelFormat{Layout: frame.YUV, Depth: 8, ChromaShiftY: 1, Name: "yuv440p"}},
		"p16.mkv":    {"-c:v ffv1 -pix_fmt yuv444p16le", frame.PixelFormat{Layout: frame.YUV, Depth: 16, Name: "yuv444p16le"}},
		"gray10.mkv": {"-c:v ffv1 -pix_fmt gray10le", frame.PixelFormat{Layout: frame.Gray, Depth: 10, Name: "gray10le"}},
		"gbr10.mkv":  {"-c:v ffv1 -pix_fmt gbrp10le", frame.PixelFormat{Layout: frame.GBR, Depth: 10, Name: "gbrp10le"}},
		"alpha.mkv":  {"-c:v ffv1 -pix_fmt yuva444p", frame.PixelFormat{Layout: frame.YUV, Depth: 8, Name: "yuv444p"}},
		"raw411.avi": {"-c:v rawvideo -pix_fmt yuv411p", frame.PixelFormat{Layout: frame.YUV, Depth: 8, ChromaShiftX: 2, Name: "yuv411p"}},
		"bgra.mkv":   {"-c:v ffv1 -pix_fmt bgra", frame.PixelFormat{Layout: frame.Other, Depth: 8, Name: "bgra"}},
		"jpeg.mkv":   {"-c:v mjpeg -q:v 2", frame.I420},
		"nv12.avi":   {"-c:v rawvideo -pix_fmt nv12", frame.PixelFormat{Layout: frame.Other, Depth: 8, Name: "nv12"}},
	} {
		t.Run(name, func(t *testing.T) {
			firstPicture(t, vector(t, name, flat+c.args), decode.Options{}, func(v *frame.Video) {
				if v.Format != c.want {
					t.Fatalf("format %+v, want %+v", v.Format, c.want)
				}
				for i := range v.Format.PlaneCount() {
					_, h := v.Format.PlaneSize(i, v.Width, v.Height)
					if p := v.Plane[i]; p.Stride <= 0 || len(p.Data) < p.Stride*h {
						t.Errorf("plane %d: %d bytes of stride %d, %d rows", i, len(p.Data), p.Stride, h)
					}
				}
				if v.Format.Layout == frame.Other && v.SizeBytes() != 0 {
					t.Error("planes of a format that cannot be described")
				}
			})
		})
	}
}

// TestFacts_Picture takes aspect, rotation, crop and colour from container and bitstream.
// turned copies an MP4 file with a matrix in its track header that turns the picture by 90 degrees clockwise. Versions of
// ffmpeg disagree on how to ask for that.
func turned(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte("tkhd"))
	if at < 0 || b[at+4] != 0 {
		t.Fatal("no version 0 track header")
	}
	// ISO/IEC 14496-12 §8.3.2: after version and flags, times, track ID, duration and the rest come nine numbers.
	matrix := b[at+4+40:]
	for i, x := range []uint32{0, 0x10000, 0, 0xffff0000, 0, 0, 0, 0, 0x40000000} {
		binary.BigEndian.PutUint32(matrix[4*i:], x)
	}
	out := filepath.Join(t.TempDir(), "turned.mp4")
	if err := os.WriteFile(out, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFacts_Picture(t *testing.T) {
	base := picture + " -frames:v 10 -c:v libx264 -preset fast -pix_fmt yuv420p "
	firstPicture(t, vector(t, "plain.mp4", base), decode.Options{}, func(v *frame.Video) {
		if v.Rotation != 0 || v.Crop != (frame.Rect{W: 322, H: 182}) || v.Width%16 != 0 || v.Height%16 != 0 || !v.Key {
			t.Errorf("rotation %d, %v of %dx%d, key %v", v.Rotation, v.Crop, v.Width, v.Height, v.Key)
		}
	})
	firstPicture(t, turned(t, vector(t, "plain.mp4", base)), decode.Options{}, func(v *frame.Video) {
		if v.Rotation != 90 {
			t.Errorf("rotation %d", v.Rotation)
		}
	})
	firstPicture(t, vector(t, "aspect.mp4", picture+" -frames:v 10 -vf setsar=4/3 -c:v libx264 -preset fast -pix_fmt yuv420p"), decode.Options{}, func(v *frame.Video) {
		if v.SARNum*3 != v.SARDen*4 {
			t.Errorf("aspect %d:%d", v.SARNum, v.SARDen)
		}
	})
	// The container's colour fills what the bitstream leaves open, and the bitstream's wins.
	frames := codedFrames(t, vector(t, "plain.mp4", base), media.Video)
	marked := codedFrames(t, vector(t, "marked.mp4", base+" -bsf:v h264_metadata=colour_primaries=1:transfer_characteristics=1:matrix_coefficients=1:video_full_range_flag=1"), media.Video)
	for _, c := range []struct {
		name   string
		frames []media.CodedFrame
		color  media.ColorInfo
		want   media.ColorInfo
	}{
		{"neither", frames, media.ColorInfo{}, media.ColorInfo{}},
		{"container", frames, media.ColorInfo{Primaries: 9, Transfer: 18, Matrix: 9, FullRange: true, Known: true}, media.ColorInfo{Primaries: 9, Transfer: 18, Matrix: 9, FullRange: true, Known: true}},
		{"bitstream", marked, media.ColorInfo{}, media.ColorInfo{Primaries: 1, Transfer: 1, Matrix: 1, FullRange: true, Known: true}},
		{"both", marked, media.ColorInfo{Primaries: 9, Transfer: 18, Matrix: 9, Known: true}, media.ColorInfo{Primaries: 1, Transfer: 1, Matrix: 1, FullRange: true, Known: true}},
		{"wrong identity matrix", frames, media.ColorInfo{Matrix: media.MatrixGBR, Known: true}, media.ColorInfo{Known: true}},
	} {
		cfg := *c.frames[0].Config
		cfg.Color, cfg.Rotation, cfg.SARNum, cfg.SARDen = c.color, 270, 10, 11
		v, err := ffmpeg.Factory{}.NewVideo(&cfg, decode.Options{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		emit := func(p *frame.Video) error {
			n++
			if p.Color.Siting != 1 { // what H.264 means that does not say it
				t.Errorf("%s: chroma siting %d", c.name, p.Color.Siting)
			}
			p.Color.Siting = 0
			if c.want == (media.ColorInfo{}) {
				p.Color.Known = false // newer versions of ffmpeg write the range even when it is the usual one
			}
			if p.Color != c.want {
				t.Errorf("%s: colour %+v, want %+v", c.name, p.Color, c.want)
			}
			if p.Rotation != 270 || p.SARNum != 10 || p.SARDen != 11 {
				t.Errorf("%s: rotation %d, aspect %d:%d", c.name, p.Rotation, p.SARNum, p.SARDen)
			}
			p.Release()
			return nil
		}
		for i := range c.frames {
			if err := v.Decode(&c.frames[i], emit); err != nil {
				t.Fatal(err)
			}
		}
		if err := v.Drain(emit); err != nil || n != 10 {
			t.Errorf("%s: %v, %d pictures", c.name, err, n)
		}
		v.Close()
	}
}
