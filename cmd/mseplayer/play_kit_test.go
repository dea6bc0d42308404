package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mseplayer/player/frame"
)

// What is known of the built-in demo; see its make-demo.sh.
const (
	demoRate   = 30
	demoFrames = 480
)

// demoFrame is the number of the demo's frame that contains t.
func demoFrame(t float64) int { return int(math.Floor(t*demoRate + 1e-6)) }

// patienceOf is how long a run of the program that plays for some seconds may take.
func patienceOf(seconds float64) time.Duration {
	return patience + time.Duration(seconds*float64(time.Second))
}

// launch runs the program in an environment, nil for that of the test. Unlike program it may be called from any goroutine:
// it fails the test but does not end it. ok is false when the program did not end in time.
func launch(t *testing.T, limit time.Duration, env []string, args ...string) (r result, ok bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0], args...)
	if env == nil {
		env = os.Environ()
	}
	c.Env = append(env, programVariable+"=1")
	var out, stderr bytes.Buffer
	c.Stdout, c.Stderr = &out, &stderr
	err := c.Run()
	r = result{out.String(), stderr.String(), c.ProcessState.ExitCode()}
	var exit *exec.ExitError
	if ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
		t.Errorf("mseplayer %s: %v after %v\n%s", strings.Join(args, " "), err, limit, r.err)
		return r, false
	}
	if strings.Contains(r.err, "goroutine ") || strings.Contains(r.err, "panic") {
		t.Errorf("mseplayer %s: a Go trace\n%s", strings.Join(args, " "), r.err)
	}
	return r, true
}

// together calls f for 0 to n-1 at the same time, at most limit of them, and waits.
func together(n, limit int, f func(i int)) {
	var g sync.WaitGroup
	places := make(chan struct{}, limit)
	for i := range n {
		g.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			f(i)
		})
	}
	g.Wait()
}

// playback is a playback report as a script reads it.
type playback struct {
	Schema, Source       string
	Ended                bool
	Error                *string
	Position             float64
	Duration             *float64
	WallTime             float64
	PlaybackRate         float64
	VideoPlaybackQuality struct {
		CreationTime                                               float64
		TotalVideoFrames, DroppedVideoFrames, CorruptedVideoFrames int
	}
	Frames struct {
		Decoded, Presented, CadenceSkipped, Late, SkippedToKeyframe, Hidden, DecodeErrors, Flushed int
	}
	Audio struct {
		SamplesPlayed, SilentFrames, Underruns int
		Device                                 *string
	}
	Sync struct {
		AVOffsetMeanMs, AVOffsetP95Ms, AVOffsetMaxMs *float64
	}
	Seeks      []struct{ Target, Landed, LatencyMs float64 }
	Stalls     []struct{ At, DurationMs float64 }
	GapsJumped []struct{ From, To float64 }
	Lost       []struct {
		From, To float64
		URL      *string
		Reason   string
	}
	Switches []struct {
		At                     float64
		Kind, From, To, Reason string
	}
	Events []struct {
		T    float64
		Type string
	}
	Requests struct{ Count, Bytes, Failed, Retried int }
	Memory   struct{ PeakRSSBytes int64 }
	Video    *struct {
		Representation *string
		Codec          string
		Width, Height  int
	}
	AudioTrack *struct{ Codec string }
}

// readPlayback reads the one report in a file.
func readPlayback(name string) (*playback, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := &playback{}
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if r.Schema != "mseplayer.playback/1" || d.More() {
		return nil, fmt.Errorf("%s: schema %q, more behind it: %v", name, r.Schema, d.More())
	}
	return r, nil
}

// counted tells which of the counts of a playback are wrong when all is well with its n pictures but that some of them
// were not presented because the machine stalled.
func (r *playback) counted(n, lost int) error {
	q, f := r.VideoPlaybackQuality, r.Frames
	if f.Presented != n-lost || f.Late+f.Hidden != lost || q.TotalVideoFrames != n-f.Hidden || q.DroppedVideoFrames != f.Late || q.CorruptedVideoFrames != 0 || f.CadenceSkipped+f.SkippedToKeyframe+f.DecodeErrors != 0 {
		return fmt.Errorf("presented %d of %d: %+v %+v", f.Presented, n, q, f)
	}
	if r.Error != nil || len(r.Stalls)+len(r.GapsJumped) != 0 || lost == 0 && r.Audio.Underruns != 0 {
		return fmt.Errorf("error %v, stalls %v, gaps %v, %+v", r.Error, r.Stalls, r.GapsJumped, r.Audio)
	}
	return nil
}

// dumped is a playback dump as a script reads it. Times are in seconds.
type dumped struct {
	shown   []dumpLine // v
	dropped []dumpLine // drop
	sound   []dumpLine // a
	silent  []dumpLine // silence
	wav0    float64
}

// dumpLine is one line. n counts pictures; for sound it is the frame of the recording.
type dumpLine struct {
	n       int
	pts, at float64
	vsync   int
	frames  int
	gen     int
	why     string
	crc     uint32
}

func readDump(name string) (*dumped, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d := &dumped{wav0: math.NaN()}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		words := strings.Fields(sc.Text())
		var l dumpLine
		for i, w := range words[1:] {
			key, value, named := strings.Cut(w, "=")
			var err error
			switch {
			case !named && i == 0:
				l.n, err = strconv.Atoi(w)
			case key == "pts":
				l.pts, err = strconv.ParseFloat(value, 64)
			case key == "at":
				l.at, err = strconv.ParseFloat(value, 64)
			case key == "vsync":
				l.vsync, err = strconv.Atoi(value)
			case key == "frames":
				l.frames, err = strconv.Atoi(value)
			case key == "gen":
				l.gen, err = strconv.Atoi(value)
			case key == "why":
				l.why = value
			case key == "crc":
				var crc uint64
				crc, err = strconv.ParseUint(value, 16, 32)
				l.crc = uint32(crc)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", name, sc.Text(), err)
			}
		}
		switch words[0] {
		case "v":
			d.shown = append(d.shown, l)
		case "drop":
			d.dropped = append(d.dropped, l)
		case "a":
			d.sound = append(d.sound, l)
		case "silence":
			d.silent = append(d.silent, l)
		case "wav0":
			d.wav0 = l.at
		default:
			return nil, fmt.Errorf("%s: what is %q", name, sc.Text())
		}
	}
	return d, nil
}

// heard finds when frame n of the recording was heard and which media time that was.
func (d *dumped) heard(n int) (at, pts float64, ok bool) {
	for _, l := range d.sound {
		if n >= l.n && n < l.n+l.frames {
			after := float64(n-l.n) / wavRate
			return l.at + after, l.pts + after, true
		}
	}
	return 0, 0, false
}

// stall is a time in which the machine did not let the program draw.
type stall struct{ from, to float64 }

// stalls finds where the display of 60 Hz was refreshed more often than the program was there to draw.
func (d *dumped) stalls() (out []stall) {
	const refresh = 1.0 / 60
	for i := 1; i < len(d.shown); i++ {
		a, b := d.shown[i-1], d.shown[i]
		if missed := (b.at-a.at)/refresh - float64(b.vsync-a.vsync); missed > 0.5 {
			out = append(out, stall{a.at, b.at})
		}
	}
	return out
}

// excused reports whether what went wrong at a wall time can be the doing of a stalled machine: a refresh was missed then
// or shortly before.
func (d *dumped) excused(at float64) bool {
	const after = 1
	for _, s := range d.stalls() {
		if at >= s.from-0.05 && at <= s.to+after {
			return true
		}
	}
	return false
}

// heardAt finds when the sound of a media time was heard.
func (d *dumped) heardAt(pts float64) (at float64, ok bool) {
	i := sort.Search(len(d.sound), func(i int) bool { return d.sound[i].pts > pts }) - 1
	if i < 0 || pts >= d.sound[i].pts+float64(d.sound[i].frames)/wavRate {
		return 0, false
	}
	return d.sound[i].at + pts - d.sound[i].pts, true
}

// wavRate is what the program records at.
const wavRate = 48000

// readWAV reads the samples of a recording, 16 bits and stereo, interleaved. The header must say as much as there is.
func readWAV(name string) ([]int16, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" || int(binary.LittleEndian.Uint32(b[4:])) != len(b)-8 {
		return nil, fmt.Errorf("%s: no complete WAV file", name)
	}
	for rest := b[12:]; len(rest) >= 8; {
		size := int(binary.LittleEndian.Uint32(rest[4:]))
		if size > len(rest)-8 {
			break
		}
		chunk := rest[8 : 8+size]
		switch string(rest[:4]) {
		case "fmt ":
			if ch, rate, bits := binary.LittleEndian.Uint16(chunk[2:]), binary.LittleEndian.Uint32(chunk[4:]), binary.LittleEndian.Uint16(chunk[14:]); ch != 2 || rate != wavRate || bits != 16 {
				return nil, fmt.Errorf("%s: %d channels of %d bits, %d Hz", name, ch, bits, rate)
			}
		case "data":
			samples := make([]int16, size/2)
			for i := range samples {
				samples[i] = int16(binary.LittleEndian.Uint16(chunk[2*i:]))
			}
			return samples, nil
		}
		rest = rest[8+size+size&1:]
	}
	return nil, fmt.Errorf("%s: no samples", name)
}

// beeps are the first loud frames of the beeps in a recording that was played at a speed.
func beeps(samples []int16, speed float64) (at []int) {
	const loud = 3277                   // a tenth of full scale
	apart := int(wavRate / (2 * speed)) // after half a second a beep has died away
	for i := 0; i+1 < len(samples); i += 2 {
		if s := int(samples[i]); s > loud || s < -loud {
			at = append(at, i/2)
			i += 2 * apart
		}
	}
	return at
}

// number reads the frame number from the strip along the bottom of a picture: 24 cells, 1 0 1, the number in 16 bits,
// four bits of whatever, and one that makes the ones even.
func number(width, height int, luma func(x, y int) int) (int, error) {
	const cells = 24
	n, ones := 0, 0
	var bits [cells]int
	for i := range bits {
		if luma((2*i+1)*width/(2*cells), height-1-height/60) > 127 {
			bits[i] = 1
		}
		ones += bits[i]
		if i >= 3 && i < 19 {
			n = n<<1 | bits[i]
		}
	}
	if bits[0] != 1 || bits[1] != 0 || bits[2] != 1 || ones%2 != 0 {
		return 0, fmt.Errorf("no number in %d×%d: %v", width, height, bits)
	}
	return n, nil
}

// pictureNumber reads it from a decoded picture.
func pictureNumber(v *frame.Video) (int, error) {
	p := v.Plane[0]
	return number(v.Crop.W, v.Crop.H, func(x, y int) int { return int(p.Data[(v.Crop.Y+y)*p.Stride+v.Crop.X+x]) })
}

// imageNumber reads it from a part of an image.
func imageNumber(img image.Image, r image.Rectangle) (int, error) {
	return number(r.Dx(), r.Dy(), func(x, y int) int {
		_, g, _, _ := img.At(r.Min.X+x, r.Min.Y+y).RGBA()
		return int(g >> 8)
	})
}

// coded is one picture as the ffmpeg program decodes it.
type coded struct {
	pts float64
	sum uint32
}

// ffmpegPictures decodes the video of a file with the ffmpeg program: the times and sums of its pictures.
func ffmpegPictures(t *testing.T, name string) (out []coded) {
	t.Helper()
	base := 0.0
	for line := range strings.Lines(string(ffmpegProgram(t, "-i", name, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framecrc", "-"))) {
		line = strings.TrimSpace(line)
		if s, ok := strings.CutPrefix(line, "#tb 0: "); ok {
			num, den, _ := strings.Cut(s, "/")
			n, err1 := strconv.ParseFloat(num, 64)
			d, err2 := strconv.ParseFloat(den, 64)
			if err1 != nil || err2 != nil {
				t.Fatal(line)
			}
			base = n / d
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		v := strings.Split(line, ",")
		if len(v) < 6 {
			t.Fatal(line)
		}
		pts, err1 := strconv.ParseFloat(strings.TrimSpace(v[2]), 64)
		sum, err2 := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(v[5]), "0x"), 16, 32)
		if err1 != nil || err2 != nil {
			t.Fatal(line)
		}
		out = append(out, coded{pts * base, uint32(sum)})
	}
	return out
}

// ffmpegProgram runs ffmpeg and returns what it prints.
func ffmpegProgram(t *testing.T, args ...string) []byte {
	t.Helper()
	c := exec.CommandContext(t.Context(), "ffmpeg", append(strings.Fields("-hide_banner -nostdin -loglevel error -threads 2"), args...)...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("ffmpeg %v: %v\n%s", args, err, stderr.Bytes())
	}
	return out
}

// wholeTrack puts a representation's initialization segment and its segments into one file.
func wholeTrack(t *testing.T, folder, id string, segments int) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), id+".mp4")
	out, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	parts := []string{id + "-init.mp4"}
	for i := range segments {
		parts = append(parts, fmt.Sprintf("%s-%d.m4s", id, i+1))
	}
	for _, p := range parts {
		in, err := os.Open(filepath.Join(folder, p))
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(out, in)
		in.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	return name
}
