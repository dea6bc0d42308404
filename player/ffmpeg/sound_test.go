package ffmpeg_test

import (
	"encoding/binary"
	"math"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/frame"
)

// noise is sound that uses the whole scale, different in each channel.
const noise = `-f lavfi -i aevalsrc=0.9*sin(440*2*PI*t)|0.8*sin(1000*2*PI*t*t):s=44100:d=1.5`

// floats decodes the first sound stream with the ffmpeg program.
func floats(t testing.TB, path string) []float32 {
	t.Helper()
	b := program(t, "-i "+path+" -map 0:a:0 -f f32le -")
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

// sound decodes the first sound track, trimmed, and checks that its blocks follow each other.
func sound(t testing.TB, path string) (samples []float32, first media.Time, d *trackDecoder) {
	t.Helper()
	d = &trackDecoder{}
	next := media.Time(math.NaN())
	d.onAudio = func(a *frame.Audio) {
		if a.Frames() == 0 {
			return
		}
		if math.IsNaN(float64(next)) {
			first, next = a.PTS, a.PTS
		}
		if gap := math.Abs(float64(a.PTS.Sub(next))); gap > 0.0011 {
			t.Fatalf("block at %v, the one before ends at %v", a.PTS, next)
		}
		next = a.End()
		samples = append(samples, a.Samples...)
	}
	for _, f := range codedFrames(t, path, media.Audio) {
		if err := d.add(&f); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.finish(); err != nil || d.errors != 0 {
		t.Fatalf("%v, %d rejected", err, d.errors)
	}
	return samples, first, d
}

// TestSound_Exact compares every sample of the lossless formats, whatever layout they decode to.
func TestSound_Exact(t *testing.T) {
	for name, codec := range map[string]string{"u8.wav": "pcm_u8", "s16.wav": "pcm_s16le", "s24.wav": "pcm_s24le", "s32.wav": "pcm_s32le", "f32.wav": "pcm_f32le",
		"f64.mkv": "pcm_f64le", "16.flac": "flac", "24.flac": "flac -sample_fmt s32", "alac.m4a": "alac", "alaw.wav": "pcm_alaw", "be.mov": "pcm_s16be"} {
		t.Run(name, func(t *testing.T) {
			path := vector(t, name, noise+" -c:a "+codec)
			want := floats(t, path)
			got, _, d := sound(t, path)
			if len(got) != len(want) || d.samples != d.presented {
				t.Fatalf("%d samples, want %d", len(got), len(want))
			}
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("sample %d is %v, want %v", i, got[i], want[i])
				}
			}
		})
	}
}

// TestSound_Trims compares how much remains after trimming, and that it is the right part: the tone starts and ends
// where the program's does.
func TestSound_Trims(t *testing.T) {
	for _, c := range []struct {
		name, args string
		priming    int // samples per channel in front
		first      media.Time
	}{
		{"aac.mp4", "-c:a aac -ar 48000", 1024, 0},
		{"aac.ts", "-c:a aac -ar 48000", 0, 0},
		{"aac.aac", "-c:a aac -ar 48000", 0, 0},
		{"mp3.mp3", "-c:a libmp3lame -ar 48000", 1105, 0},
		{"opus.ogg", "-c:a libopus -ar 48000", 312, 0},
		{"opus.mkv", "-c:a libopus -ar 48000", 312, 0},
		{"opus.mp4", "-c:a libopus -ar 48000", 312, 0},
		{"opus-60.ogg", "-c:a libopus -frame_duration 60 -ar 48000", 312, 0},
		{"vorbis.ogg", "-c:a libvorbis -ar 48000", -1, 0},
		{"flac.mkv", "-c:a flac -ar 48000", 0, 0},
		{"mp2.mpg", "-c:a mp2 -ar 48000", 0, 0},
		{"ac3.mp4", "-c:a ac3 -ar 48000", -1, 0},
		{"wma.asf", "-c:a wmav2 -ar 48000", 4096, 0.0853},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := vector(t, c.name, noise+" "+c.args)
			want := floats(t, path)
			got, first, d := sound(t, path)
			if len(got) != len(want) {
				t.Fatalf("%d samples, want %d", len(got)/2, len(want)/2)
			}
			if c.priming >= 0 && d.samples-d.presented < c.priming {
				t.Errorf("%d samples trimmed, want at least %d", d.samples-d.presented, c.priming)
			}
			if math.Abs(float64(first-c.first)) > 0.0011 {
				t.Errorf("first sample at %v", first)
			}
			var diff, power float64
			for i := range got {
				diff += float64(got[i]-want[i]) * float64(got[i]-want[i])
				power += float64(want[i]) * float64(want[i])
			}
			if diff > 1e-6*power {
				t.Errorf("differs from the program's by %.1f dB", 10*math.Log10(diff/power))
			}
		})
	}
}

// TestSound_Layouts keeps channels and their mask.
func TestSound_Layouts(t *testing.T) {
	for layout, want := range map[string]frame.AudioFormat{
		"mono":       {Rate: 48000, Channels: 1},
		"stereo":     {Rate: 48000, Channels: 2},
		"2.1":        {Rate: 48000, Channels: 3, Mask: 0},
		"5.1":        {Rate: 48000, Channels: 6},
		"5.1(side)":  {Rate: 48000, Channels: 6, Mask: 0x60f},
		"7.1":        {Rate: 48000, Channels: 8},
		"quad(side)": {Rate: 48000, Channels: 4, Mask: 0x603},
	} {
		t.Run(layout, func(t *testing.T) {
			path := vector(t, "layout-"+layout+".flac", "-f lavfi -i anullsrc=cl="+layout+":r=48000:d=0.2 -c:a flac")
			_, _, d := func() ([]float32, media.Time, *trackDecoder) {
				var got frame.AudioFormat
				d := &trackDecoder{onAudio: func(a *frame.Audio) { got = a.Format }}
				for _, f := range codedFrames(t, path, media.Audio) {
					if err := d.add(&f); err != nil {
						t.Fatal(err)
					}
				}
				if err := d.finish(); err != nil {
					t.Fatal(err)
				}
				if got != want {
					t.Errorf("format %+v, want %+v", got, want)
				}
				return nil, 0, d
			}()
			if d.samples != 9600 {
				t.Errorf("%d samples", d.samples)
			}
		})
	}
}

// run sends blocks of n samples through a resampler and returns what comes out and where it starts.
func run(t *testing.T, from, to frame.AudioFormat, in []float32, n int, at media.Time) (out []float32, first media.Time) {
	t.Helper()
	r, err := ffmpeg.Factory{}.NewResampler(from, to)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	next := media.Time(math.NaN())
	emit := func(a *frame.Audio) error {
		if math.IsNaN(float64(next)) {
			first, next = a.PTS, a.PTS
		}
		if math.Abs(float64(a.PTS.Sub(next))) > 1e-5 || a.Gen != 7 || a.Format != to {
			t.Fatalf("block at %v of generation %d, want %v", a.PTS, a.Gen, next)
		}
		next = a.End()
		out = append(out, a.Samples...)
		a.Release()
		return nil
	}
	for i := 0; i < len(in); i += n * from.Channels {
		part := in[i:min(i+n*from.Channels, len(in))]
		a := &frame.Audio{Gen: 7, PTS: at.Add(media.Span(float64(i/from.Channels) / float64(from.Rate))), Format: from, Samples: part}
		a.Arm(nil)
		if err := r.Convert(a, emit); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Drain(emit); err != nil {
		t.Fatal(err)
	}
	return out, first
}

// TestResampler_Time leaves a click where it was, and everything as long as it was.
func TestResampler_Time(t *testing.T) {
	for _, c := range []struct{ from, to int }{{44100, 48000}, {48000, 44100}, {8000, 48000}, {96000, 48000}, {22050, 44100}} {
		in := make([]float32, c.from) // one second
		click := c.from / 3
		in[click] = 1
		for _, n := range []int{1024, 100, 7} {
			from, to := frame.AudioFormat{Rate: c.from, Channels: 1}, frame.AudioFormat{Rate: c.to, Channels: 1}
			out, first := run(t, from, to, in, n, 10)
			if d := len(out) - c.to; d < -2 || d > 2 {
				t.Errorf("%d to %d Hz: %d samples", c.from, c.to, len(out))
			}
			loudest := 0
			for i, v := range out {
				if v > out[loudest] {
					loudest = i
				}
			}
			got := float64(first) + float64(loudest)/float64(c.to)
			want := 10 + float64(click)/float64(c.from)
			if math.Abs(got-want) > 1/float64(min(c.from, c.to)) {
				t.Errorf("%d to %d Hz in blocks of %d: click at %v, want %v", c.from, c.to, n, got, want)
			}
		}
	}
}

// TestResampler_Tone keeps pitch and level.
func TestResampler_Tone(t *testing.T) {
	in := make([]float32, 44100)
	for i := range in {
		in[i] = float32(0.5 * math.Sin(2*math.Pi*440*float64(i)/44100))
	}
	out, first := run(t, frame.AudioFormat{Rate: 44100, Channels: 1}, frame.AudioFormat{Rate: 48000, Channels: 1}, in, 1024, 0)
	worst := 0.0
	for i := 1000; i < len(out)-1000; i++ {
		want := 0.5 * math.Sin(2*math.Pi*440*(float64(i)/48000+float64(first)))
		worst = max(worst, math.Abs(float64(out[i])-want))
	}
	if worst > 0.002 {
		t.Errorf("off by %v", worst)
	}
}

// TestResampler_Downmix sends one channel after the other through.
func TestResampler_Downmix(t *testing.T) {
	const half = math.Sqrt2 / 2
	stereo := frame.AudioFormat{Rate: 48000, Channels: 2}
	for _, c := range []struct {
		name string
		mask uint64
		want [][2]float64
	}{
		{"mono", 0x4, [][2]float64{{1, 1}}},
		{"3.0", 0x7, [][2]float64{{1, 0}, {0, 1}, {half, half}}},
		{"quad", 0x33, [][2]float64{{1, 0}, {0, 1}, {half, 0}, {0, half}}},
		{"5.1", 0x3f, [][2]float64{{1, 0}, {0, 1}, {half, half}, {0, 0}, {half, 0}, {0, half}}},
		{"5.1 (side)", 0x60f, [][2]float64{{1, 0}, {0, 1}, {half, half}, {0, 0}, {half, 0}, {0, half}}},
		{"7.1", 0x63f, [][2]float64{{1, 0}, {0, 1}, {half, half}, {0, 0}, {half, 0}, {0, half}, {half, 0}, {0, half}}},
	} {
		n := len(c.want)
		for i, want := range c.want {
			in := make([]float32, n*4800)
			for k := i; k < len(in); k += n {
				in[k] = 0.5
			}
			out, _ := run(t, frame.AudioFormat{Rate: 48000, Channels: n, Mask: c.mask}, stereo, in, 512, 0)
			if len(out) != 2*4800 {
				t.Fatalf("%s: %d samples", c.name, len(out))
			}
			if l, r := float64(out[2000])*2, float64(out[2001])*2; math.Abs(l-want[0]) > 1e-6 || math.Abs(r-want[1]) > 1e-6 {
				t.Errorf("%s: channel %d comes out as %v, %v, want %v", c.name, i, l, r, want)
			}
		}
	}
	many := frame.AudioFormat{Rate: 48000, Channels: 11}
	out, _ := run(t, many, stereo, make([]float32, 11*480), 100, 0)
	if len(out) != 2*480 {
		t.Errorf("%d samples of 11 channels", len(out))
	}
}

// TestResampler_Same hands blocks through untouched.
func TestResampler_Same(t *testing.T) {
	f := frame.AudioFormat{Rate: 48000, Channels: 2}
	r, err := ffmpeg.Factory{}.NewResampler(frame.AudioFormat{Rate: 48000, Channels: 2, Mask: 3}, f) // the mask of stereo
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	in := &frame.Audio{PTS: 5, Format: f, Samples: []float32{1, 2, 3, 4}}
	in.Arm(nil)
	var got *frame.Audio
	if err := r.Convert(in, func(a *frame.Audio) error { got = a; return nil }); err != nil || got != in {
		t.Errorf("%v, another block: %v", err, got != in)
	}
	in.Release()
	if err := r.Drain(func(*frame.Audio) error { t.Error("a block out of nothing"); return nil }); err != nil {
		t.Error(err)
	}
}

func TestResampler_Refuses(t *testing.T) {
	good := frame.AudioFormat{Rate: 48000, Channels: 2}
	for _, bad := range []frame.AudioFormat{{}, {Rate: 48000}, {Channels: 2}, {Rate: -1, Channels: 2}, {Rate: 48000, Channels: 65}, {Rate: 1 << 30, Channels: 2}} {
		if _, err := (ffmpeg.Factory{}).NewResampler(bad, good); err == nil {
			t.Errorf("no error for %+v", bad)
		}
		if _, err := (ffmpeg.Factory{}).NewResampler(good, bad); err == nil {
			t.Errorf("no error for %+v", bad)
		}
	}
	r, err := ffmpeg.Factory{}.NewResampler(frame.AudioFormat{Rate: 44100, Channels: 2}, good)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	in := &frame.Audio{Format: good, Samples: make([]float32, 20)}
	in.Arm(nil)
	if err := r.Convert(in, nil); err == nil {
		t.Error("a block of another format was taken")
	}
}
