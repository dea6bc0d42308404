package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"mseplayer/player/playertest/xvfb"
)

// TestPlay_Window opens a real window at three times of the demo and reads the number of the frame from the screen: what
// is seen is the frame that contains the time, from the first picture on, and it stays. SIGINT closes the window.
func TestPlay_Window(t *testing.T) {
	const width, height = 640, 360
	server, err := xvfb.Start(width, height)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for _, at := range []float64{0, 3.21, 15.99} {
		c := exec.Command(os.Args[0], "play", "--paused", "--start", fmt.Sprint(at), "--geometry", fmt.Sprintf("%dx%d+0+0", width, height), "--audio-out", "null")
		c.Env = append(server.Env(), programVariable+"=1")
		var stderr bytes.Buffer
		c.Stderr = &stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(2*patience, func() { _ = c.Process.Kill() })
		got, err := -1, error(nil)
		for start := time.Now(); got < 0 && time.Since(start) < patience; time.Sleep(20 * time.Millisecond) {
			if got, err = screenNumber(server); err != nil {
				got = -1
			}
		}
		if want := demoFrame(at); got != want {
			t.Errorf("at %g s frame %d is seen, want %d: %v", at, got, want, err)
		}
		for range 10 {
			time.Sleep(20 * time.Millisecond)
			if again, err := screenNumber(server); again != got || err != nil {
				t.Errorf("at %g s frame %d is seen, then %d: %v", at, got, again, err)
				break
			}
		}
		if err := c.Process.Signal(syscall.SIGINT); err != nil {
			t.Error(err)
		}
		_ = c.Wait() // the exit code tells
		kill.Stop()
		if code := c.ProcessState.ExitCode(); code != exitInterrupted || stderr.Len() != 0 {
			t.Errorf("at %g s: exit %d, stderr %q", at, code, stderr.String())
		}
	}
}

// screenNumber reads the frame number from a picture that fills the screen.
func screenNumber(s *xvfb.Server) (int, error) {
	img, err := s.Screenshot()
	if err != nil {
		return 0, err
	}
	return imageNumber(img, img.Bounds())
}

// TestPlay_Screenshot writes pictures of times that playback does not come to, in each size of the demo: each is the
// frame that contains the time, at the size of the video, and what cannot be had is an error that says why.
func TestPlay_Screenshot(t *testing.T) {
	sizes := []struct {
		id            string
		width, height int
	}{{"180p", 320, 180}, {"360p", 640, 360}, {"720p", 1280, 720}}
	times := []string{"0", "7.0166", "4.1", "15.99", "1.999"}
	together(len(sizes), 2, func(i int) {
		s := sizes[i]
		folder := t.TempDir()
		args := []string{"play", "--headless", "--audio-out", "null", "--end", "0.1", "--abr", s.id}
		for _, at := range times {
			args = append(args, "--screenshot", at+":"+filepath.Join(folder, at+".png"))
		}
		if r, ok := launch(t, patience, nil, args...); !ok || r.code != exitOK || r.err != "" {
			t.Errorf("%s: exit %d %s", s.id, r.code, r.err)
			return
		}
		for _, at := range times {
			img, err := readPNG(filepath.Join(folder, at+".png"))
			if err != nil {
				t.Error(err)
				continue
			}
			var seconds float64
			if _, err := fmt.Sscan(at, &seconds); err != nil {
				t.Error(err)
			}
			got, err := imageNumber(img, img.Bounds())
			if size := img.Bounds().Size(); err != nil || got != demoFrame(seconds) || size.X != s.width || size.Y != s.height {
				t.Errorf("%s at %s: frame %d of %v, want %d: %v", s.id, at, got, size, demoFrame(seconds), err)
			}
		}
	})
	r := expect(t, exitFailed, "", "lies behind the end", "play", "--headless", "--audio-out", "null", "--frames", "1", "--screenshot", "16.5:"+filepath.Join(t.TempDir(), "x.png"))
	oneClearLine(t, r)
	r = expect(t, exitFailed, "", "/does/not/exist/x.png", "play", "--headless", "--audio-out", "null", "--frames", "1", "--screenshot", "1:/does/not/exist/x.png")
	oneClearLine(t, r)
}

func readPNG(name string) (image.Image, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return png.Decode(bytes.NewReader(b))
}
