package ffmpeg_test

import (
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/frame"
)

// release is an emit function that does nothing but give back.
func release(v *frame.Video) error { v.Release(); return nil }

// TestDecode_Allocations: nothing is allocated in Go for a picture, as it is or converted, once the pools are full.
// What FFmpeg allocates in C (the packet's copy, its own frame bookkeeping) is not counted here.
func TestDecode_Allocations(t *testing.T) {
	for _, name := range []string{"h264.mp4", "hevc-10.mp4", "vp9.webm", "mpeg4.mp4"} {
		frames := codedFrames(t, vector(t, name, args(t, name)), media.Video)
		for _, convert := range []bool{false, true} {
			o := decode.Options{Threads: 2}
			if convert {
				o.Formats = func(frame.PixelFormat) bool { return false }
			}
			v, err := ffmpeg.Factory{}.NewVideo(frames[0].Config, o)
			if err != nil {
				t.Fatal(err)
			}
			i := 0
			next := func() {
				if err := v.Decode(&frames[i%len(frames)], release); err != nil {
					t.Fatal(err)
				}
				i++
			}
			for range 2 * len(frames) {
				next()
			}
			if n := testing.AllocsPerRun(len(frames), next); n != 0 {
				t.Errorf("%s, converted %v: %v allocations a frame", name, convert, n)
			}
			v.Close()
		}
	}
}

// TestSound_Allocations is the same for sound and the resampler.
func TestSound_Allocations(t *testing.T) {
	frames := codedFrames(t, vector(t, "aac-long.mp4", tone+" -c:a aac -ar 44100"), media.Audio)
	a, err := ffmpeg.Factory{}.NewAudio(frames[0].Config, decode.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	r, err := ffmpeg.Factory{}.NewResampler(frame.AudioFormat{Rate: 44100, Channels: 2}, frame.AudioFormat{Rate: 48000, Channels: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out := func(b *frame.Audio) error { b.Release(); return nil }
	emit := func(b *frame.Audio) error { return r.Convert(b, out) }
	i := 0
	next := func() {
		if err := a.Decode(&frames[i%len(frames)], emit); err != nil {
			t.Fatal(err)
		}
		i++
	}
	for range len(frames) {
		next()
	}
	if n := testing.AllocsPerRun(200, next); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// benchmarked are the vectors of the decoding benchmarks.
var benchmarked = []struct{ name, args string }{
	{"720p-h264.mp4", "-f lavfi -i testsrc2=size=1280x720:rate=30:duration=4,noise=alls=12:allf=t -c:v libx264 -preset veryfast -bf 2 -b:v 4M -pix_fmt yuv420p"},
	{"1080p-h264.mp4", "-f lavfi -i testsrc2=size=1920x1080:rate=30:duration=4,noise=alls=12:allf=t -c:v libx264 -preset veryfast -bf 2 -b:v 8M -pix_fmt yuv420p"},
	{"1080p-vp9.webm", "-f lavfi -i testsrc2=size=1920x1080:rate=30:duration=1,noise=alls=12:allf=t -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 5M -row-mt 1"},
}

// BenchmarkDecode decodes whole files, and reports the pictures per second beside those that the ffmpeg program
// decodes of the same file right before with as many threads. Budget: not less than 0.9 of the program's.
func BenchmarkDecode(b *testing.B) {
	for _, c := range benchmarked {
		b.Run(c.name, func(b *testing.B) {
			path := vector(b, c.name, c.args)
			frames := codedFrames(b, path, media.Video)
			program := programSpeed(b, path, len(frames))
			b.ReportAllocs()
			pictures := 0
			emit := func(v *frame.Video) error { pictures++; v.Release(); return nil }
			start := time.Now()
			for b.Loop() {
				v, err := ffmpeg.Factory{}.NewVideo(frames[0].Config, decode.Options{Threads: 2})
				if err != nil {
					b.Fatal(err)
				}
				decodeAll(b, v, frames, true, emit)
				v.Close()
			}
			fps := float64(pictures) / time.Since(start).Seconds()
			b.ReportMetric(fps, "pictures/s")
			b.ReportMetric(program, "ffmpeg-pictures/s")
			b.ReportMetric(fps/program, "ratio")
		})
	}
}

var rtime = regexp.MustCompile(`rtime=([0-9.]+)s`)

// programSpeed is how many pictures a second the ffmpeg program decodes, the best of three runs.
func programSpeed(b *testing.B, path string, pictures int) float64 {
	best := 0.0
	for range 3 {
		out, err := exec.Command("ffmpeg", strings.Fields("-hide_banner -nostdin -benchmark -threads 2 -i "+path+" -map 0:v:0 -f null -")...).CombinedOutput()
		m := rtime.FindSubmatch(out)
		if err != nil || m == nil {
			b.Fatalf("ffmpeg: %v\n%s", err, out)
		}
		s, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			b.Fatal(err)
		}
		best = max(best, float64(pictures)/s)
	}
	return best
}

// BenchmarkDecode_Frame is the cost of one small picture: what the door itself adds.
func BenchmarkDecode_Frame(b *testing.B) {
	frames := codedFrames(b, vector(b, "tiny.mp4", "-f lavfi -i color=size=16x16:rate=25:duration=4 -c:v mpeg4 -g 1"), media.Video)
	v, err := ffmpeg.Factory{}.NewVideo(frames[0].Config, decode.Options{Threads: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := v.Decode(&frames[i%len(frames)], release); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkDemux reads a file through a Source.
func BenchmarkDemux(b *testing.B) {
	path := vector(b, "av.mkv", picture+" "+tone+" -c:v libx264 -preset fast -bf 2 -c:a aac")
	b.ReportAllocs()
	for b.Loop() {
		s, err := openFile(path)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		if err := s.frames(func(uint32, *media.CodedFrame) error { n++; return nil }); err != nil || n < 100 {
			b.Fatal(fmt.Errorf("%d frames: %w", n, err))
		}
		s.Close()
	}
}
