//go:build long

package main

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mseplayer/player/playertest/xvfb"
)

// markedClip makes a clip with the number of each picture in a strip along its bottom, a white square at the top left of the
// first picture of each second, and a beep of 40 ms at each second.
func markedClip(t *testing.T, width, height, rate, seconds int) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), fmt.Sprintf("%dp%d.mkv", height, rate))
	c := exec.CommandContext(t.Context(), "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-threads", "2",
		"-f", "rawvideo", "-pix_fmt", "gray", "-s", fmt.Sprintf("%dx%d", width, height), "-r", strconv.Itoa(rate), "-i", "pipe:3",
		"-f", "lavfi", "-i", fmt.Sprintf("aevalsrc='if(lt(mod(t,1),0.04),0.5*sin(2*PI*880*t),0)':s=48000:d=%d", seconds),
		"-c:v", "libx264", "-preset", "superfast", "-crf", "20", "-g", strconv.Itoa(2*rate), "-pix_fmt", "yuv420p", "-c:a", "flac", name)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.ExtraFiles = []*os.File{r}
	var out strings.Builder
	c.Stderr = &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	_ = r.Close() // ffmpeg has its own
	b := bufio.NewWriterSize(w, 1<<20)
	plane := make([]byte, width*height)
	for i := range width * height { // something to code and to scale
		plane[i] = byte(64 + (i%width*3/4+i/width*2)%128)
	}
	strip := height / 15
	for n := range rate * seconds {
		square := byte(0)
		if n%rate == 0 {
			square = 255
		}
		for y := range height / 4 {
			for x := range width / 6 {
				plane[y*width+x] = square
			}
		}
		for x := range width {
			level := byte(0)
			if stripBit(n, x*24/width) {
				level = 255
			}
			plane[(height-strip)*width+x] = level
		}
		for y := height - strip + 1; y < height; y++ {
			copy(plane[y*width:(y+1)*width], plane[(height-strip)*width:])
		}
		if _, err := b.Write(plane); err != nil {
			t.Fatalf("ffmpeg: %v: %s", err, out.String())
		}
		copy(plane[height/4*width:], plane[height/4*width+1:(height-strip)*width]) // it moves
	}
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close() // the end for ffmpeg, which tells about errors
	if err := c.Wait(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out.String())
	}
	return name
}

// stripBit is cell i of the strip for picture n; see number.
func stripBit(n, i int) bool {
	bits := 1<<23 | 1<<21 | n<<5&(0xffff<<5)
	ones := 0
	for b := bits; b != 0; b &= b - 1 {
		ones++
	}
	bits |= ones & 1
	return bits>>(23-i)&1 != 0
}

// windowed is a program that plays in a window of a display of its own.
type windowed struct {
	t       *testing.T
	server  *xvfb.Server
	cmd     *exec.Cmd
	stderr  *strings.Builder
	ended   chan struct{}
	closing sync.Once
}

// openWindow starts a program on a new display, with extra environment.
func openWindow(t *testing.T, width, height int, env []string, name string, args ...string) *windowed {
	t.Helper()
	server, err := xvfb.Start(width, height)
	if err != nil {
		t.Fatal(err)
	}
	w := &windowed{t: t, server: server, stderr: &strings.Builder{}, ended: make(chan struct{})}
	w.cmd = exec.Command(name, args...)
	w.cmd.Env = append(append(server.Env(), programVariable+"=1"), env...)
	w.cmd.Stderr = w.stderr
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(w.ended)
		_ = w.cmd.Wait() // how it ended is looked at
	}()
	t.Cleanup(w.close)
	return w
}

// close ends the program and its display.
func (w *windowed) close() {
	w.closing.Do(func() {
		_ = w.cmd.Process.Signal(os.Interrupt) // it may have ended
		select {
		case <-w.ended:
		case <-time.After(patience):
			_ = w.cmd.Process.Kill()
			<-w.ended
			w.t.Errorf("%s does not end: %s", w.cmd.Path, w.stderr)
		}
		_ = w.server.Close() // nothing depends on how
	})
}

// xdotool sends input.
func (w *windowed) xdotool(args ...string) string {
	w.t.Helper()
	out, err := w.server.Xdotool(args...)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// pixel watches one pixel of the screen.
func (w *windowed) pixel(x, y int) func() bool {
	w.t.Helper()
	look, done, err := w.server.Probe(x, y)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = done() })
	return func() bool {
		_, g, _, err := look()
		return err == nil && g > 127
	}
}

// numbers watches the strip along the bottom of a picture that fills the screen.
func (w *windowed) numbers() func() (int, error) {
	w.t.Helper()
	const cells = 24
	var bits [cells]func() bool
	for i := range bits {
		bits[i] = w.pixel((2*i+1)*w.server.Width/(2*cells), w.server.Height-1-w.server.Height/60)
	}
	return func() (int, error) {
		return number(cells, 60, func(x, y int) int {
			if bits[x]() {
				return 255
			}
			return 0
		})
	}
}

// processor is the processor time that the program has used.
func (w *windowed) processor() time.Duration {
	w.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", w.cmd.Process.Pid))
	if err != nil {
		w.t.Fatal(err)
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	user, err1 := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	if err1 != nil || err2 != nil {
		w.t.Fatal(string(b))
	}
	const perTick = 10 * time.Millisecond
	return time.Duration(user+system) * perTick
}

// spread is what a list of numbers looks like.
type spread struct{ mean, p2, p98, min, max float64 }

func spreadOf(v []float64) (s spread) {
	if len(v) == 0 {
		return s
	}
	v = slices.Sorted(slices.Values(v))
	for _, x := range v {
		s.mean += x / float64(len(v))
	}
	at := func(q float64) float64 { return v[int(math.Round(q*float64(len(v)-1)))] }
	s.p2, s.p98, s.min, s.max = at(0.025), at(0.975), v[0], v[len(v)-1]
	return s
}

func (s spread) String() string {
	return fmt.Sprintf("mean %+.1f, 95 %% within %+.1f and %+.1f, all within %+.1f and %+.1f", s.mean, s.p2, s.p98, s.min, s.max)
}

// secondsOf is how long a measurement takes: as many seconds as the environment variable says, else so many.
func secondsOf(t *testing.T, variable string, seconds int) int {
	t.Helper()
	if s := os.Getenv(variable); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 3600 {
			t.Fatalf("%s=%s: takes a number of seconds, 1 to 3600", variable, s)
		}
		return n
	}
	return seconds
}
