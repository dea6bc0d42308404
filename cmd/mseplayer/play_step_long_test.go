//go:build long

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

// TestPlayLong_Steps steps through sources of all kinds.
func TestPlayLong_Steps(t *testing.T) {
	names, sources, pictures := stepSources(t)
	stepThrough(t, names, sources, pictures)
}

// TestPlayLong_StepBack steps back through 1080p in a real window, picture by picture with the key, and once more forwards, and
// compares how long each step back takes, from the key to the picture on the screen, with mpv where that is installed: the two
// take turns.
func TestPlayLong_StepBack(t *testing.T) {
	const (
		width, height       = 960, 540
		begin, steps, extra = 200, 100, 20
		most                = 0.3 // of mpv's time; an idle machine shows a fifth or less
	)
	clip := markedClip(t, 1920, 1080, 25, 12)
	at := fmt.Sprint((begin + 0.5) / 25)
	ours := openStepper(t, openWindow(t, width, height, nil, os.Args[0], "play", "--paused", "--audio-out", "null", "--start", at,
		"--geometry", fmt.Sprintf("%dx%d+0+0", width, height), clip))
	if ours.last != begin {
		t.Fatalf("it begins with picture %d, want %d: %s", ours.last, begin, ours.w.stderr)
	}
	exactly := func(key string, by int) time.Duration {
		from := ours.last
		d := ours.press(key)
		if ours.last != from+by {
			t.Errorf("the key %s leads from picture %d to %d", key, from, ours.last)
		}
		return d
	}
	mpv, err := exec.LookPath("mpv")
	if err != nil {
		t.Log("mpv is not installed: nothing to compare with")
		for range steps {
			exactly("comma", -1)
		}
		return
	}
	theirs := openStepper(t, openWindow(t, width, height, nil, mpv, "--no-config", "--really-quiet", "--vo=gpu", "--gpu-sw=yes", "--ao=null", "--pause", "--hr-seek=yes",
		"--start="+at, "--osc=no", fmt.Sprintf("--geometry=%dx%d+0+0", width, height), clip))
	var took, other []time.Duration
	for range steps {
		took = append(took, exactly("comma", -1))
		other = append(other, theirs.press("comma"))
	}
	for range steps {
		exactly("period", 1)
	}
	ratio := median(took).Seconds() / median(other).Seconds()
	t.Logf("a step back takes %v (median of %d), at most %v; mpv takes %v, at most %v: ours is %.3f of that", median(took), steps, slices.Max(took), median(other), slices.Max(other), ratio)
	if ratio > most {
		t.Errorf("a step back takes %.2f of the time that it takes mpv", ratio)
	}
	// As fast as the display follows, with nothing in between.
	took = nil
	for range extra {
		took = append(took, exactly("comma", -1))
	}
	t.Logf("without mpv in between, %v, at most %v", median(took), slices.Max(took))
}

// windowStepper presses the keys for single pictures in a window.
type windowStepper struct {
	w    *windowed
	in   io.Writer // of an xdotool that runs
	look func() (int, error)
	last int // the picture that is seen
}

// openStepper waits until the program in a window shows a picture and has become quiet.
func openStepper(t *testing.T, w *windowed) *windowStepper {
	t.Helper()
	keys := exec.Command("xdotool", "-")
	keys.Env = w.server.Env()
	in, err := keys.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = keys.Wait() // it has nothing left to do
	})
	s := &windowStepper{w: w, in: in, look: w.numbers()}
	if !s.await(func(int) bool { return true }) {
		t.Fatalf("%s shows nothing: %s", w.cmd.Path, w.stderr)
	}
	time.Sleep(2 * time.Second)
	return s
}

// await waits for a picture, which is the last one then.
func (s *windowStepper) await(is func(int) bool) bool {
	for start := time.Now(); time.Since(start) < patience; time.Sleep(time.Millisecond / 2) {
		if k, err := s.look(); err == nil && is(k) {
			s.last = k
			return true
		}
	}
	return false
}

// press presses a key and tells how long it took until there was another picture.
func (s *windowStepper) press(key string) time.Duration {
	s.w.t.Helper()
	from, start := s.last, time.Now()
	if _, err := io.WriteString(s.in, "key --delay 0 "+key+"\n"); err != nil {
		s.w.t.Fatal(err)
	}
	if !s.await(func(k int) bool { return k != from }) {
		s.w.t.Fatalf("%s: the key %s at picture %d has no effect: %s", s.w.cmd.Path, key, from, s.w.stderr)
	}
	d := time.Since(start)
	time.Sleep(30 * time.Millisecond)
	return d
}

func median(v []time.Duration) time.Duration {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
