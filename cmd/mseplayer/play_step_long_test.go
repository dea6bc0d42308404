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

// TestPlayLong_StepBack steps back through 1080p in a real window, picture by picture with the key, and once more forwards, and
// compares how long each step back takes, from the key to the picture on the screen, with mpv where that is installed.
func TestPlayLong_StepBack(t *testing.T) {
	const width, height, steps, begin = 960, 540, 60, 200
	clip := markedClip(t, 1920, 1080, 25, 12)
	at := fmt.Sprint((begin + 0.5) / 25)
	ours := stepThrough(t, openWindow(t, width, height, nil, os.Args[0], "play", "--paused", "--audio-out", "null", "--start", at,
		"--geometry", fmt.Sprintf("%dx%d+0+0", width, height), clip), begin, steps, true)
	t.Logf("a step back takes %v (median of %d), at most %v", median(ours), len(ours), slices.Max(ours))
	mpv, err := exec.LookPath("mpv")
	if err != nil {
		t.Log("mpv is not installed: nothing to compare with")
		return
	}
	theirs := stepThrough(t, openWindow(t, width, height, nil, mpv, "--no-config", "--really-quiet", "--vo=gpu", "--gpu-sw=yes", "--ao=null", "--pause", "--hr-seek=yes",
		"--start="+at, "--osc=no", fmt.Sprintf("--geometry=%dx%d+0+0", width, height), clip), begin, steps/3, false)
	ratio := median(ours).Seconds() / median(theirs).Seconds()
	t.Logf("mpv takes %v (median of %d): ours is %.2f of that", median(theirs), len(theirs), ratio)
	if ratio > 0.5 { // an idle machine shows a fifth or less
		t.Errorf("a step back takes %.2f of the time that it takes mpv", ratio)
	}
}

// stepThrough presses the key for the picture before n times, and tells how long each one took to be seen. exact says that
// every picture must be the right one, on the way back and on that forwards again.
func stepThrough(t *testing.T, w *windowed, begin, n int, exact bool) (took []time.Duration) {
	t.Helper()
	defer w.close()
	look := w.numbers()
	keys := exec.Command("xdotool", "-")
	keys.Env = w.server.Env()
	in, err := keys.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = in.Close()
		_ = keys.Wait() // it has nothing left to do
	}()
	await := func(is func(int) bool) (int, bool) {
		for start := time.Now(); time.Since(start) < patience; time.Sleep(time.Millisecond / 2) {
			if k, err := look(); err == nil && is(k) {
				return k, true
			}
		}
		return 0, false
	}
	last, ok := await(func(int) bool { return true })
	if !ok || exact && last != begin {
		t.Fatalf("%s begins with picture %d, want %d: %s", w.cmd.Path, last, begin, w.stderr)
	}
	time.Sleep(2 * time.Second)
	press := func(key string, by int) time.Duration {
		t.Helper()
		start := time.Now()
		if _, err := io.WriteString(in, "key --delay 0 "+key+"\n"); err != nil {
			t.Fatal(err)
		}
		k, ok := await(func(k int) bool { return k != last })
		if !ok {
			t.Fatalf("%s: the key %s at picture %d has no effect: %s", w.cmd.Path, key, last, w.stderr)
		}
		d := time.Since(start)
		if exact && k != last+by {
			t.Errorf("the key %s leads from picture %d to %d", key, last, k)
		}
		last = k
		time.Sleep(30 * time.Millisecond)
		return d
	}
	for range n {
		took = append(took, press("comma", -1))
	}
	if exact {
		for range n {
			press("period", 1)
		}
	}
	return took
}

func median(v []time.Duration) time.Duration {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
