//go:build long

package main

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"mseplayer/player/playertest/soundcard"
)

// TestPlayLong_Load plays clips in a window of 960×540 without graphics hardware, in turn with mpv where that is installed,
// and counts the different pictures that come onto the screen in a second, by their numbers, and the processor time that
// each takes. MSEPLAYER_LOAD_SECONDS says how long each turn takes, MSEPLAYER_LOAD_TURNS how many there are.
func TestPlayLong_Load(t *testing.T) {
	const width, height = 960, 540
	seconds := secondsOf(t, "MSEPLAYER_LOAD_SECONDS", 5)
	turns := secondsOf(t, "MSEPLAYER_LOAD_TURNS", 1)
	mpv, err := exec.LookPath("mpv")
	if err != nil {
		t.Log("mpv is not installed: nothing to compare with")
	}
	for _, c := range []struct{ width, height, rate int }{{1280, 720, 25}, {1920, 1080, 30}, {1920, 1080, 60}} {
		clip := markedClip(t, c.width, c.height, c.rate, seconds+8)
		var shown, cost [2][]float64 // a second; ms each
		for range turns {
			for who, run := range [2]func() *windowed{
				func() *windowed {
					return openWindow(t, width, height, nil, os.Args[0], "play", "--audio-out", "null", "--loop", "--geometry", fmt.Sprintf("%dx%d+0+0", width, height), clip)
				},
				func() *windowed {
					if mpv == "" {
						return nil
					}
					return openWindow(t, width, height, nil, mpv, "--no-config", "--really-quiet", "--vo=gpu", "--gpu-sw=yes", "--ao=null", "--loop-file=inf", "--osc=no",
						fmt.Sprintf("--geometry=%dx%d+0+0", width, height), clip)
				},
			} {
				w := run()
				if w == nil {
					continue
				}
				n, took := countPictures(t, w, time.Duration(seconds)*time.Second)
				w.close()
				shown[who] = append(shown[who], float64(n)/float64(seconds))
				cost[who] = append(cost[who], float64(took.Microseconds())/1000/float64(max(n, 1)))
			}
		}
		name := fmt.Sprintf("%dp%d", c.height, c.rate)
		t.Logf("%s: pictures a second %.1f, mpv %.1f; processor time of each, in ms, %.1f, mpv %.1f", name, shown[0], shown[1], cost[0], cost[1])
		if best := spreadOf(shown[0]).max; best < float64(c.rate)/4 {
			t.Errorf("%s: %.1f pictures a second", name, best)
		}
	}
}

// countPictures counts the different pictures on the screen for some time, and the program's processor time.
func countPictures(t *testing.T, w *windowed, d time.Duration) (n int, took time.Duration) {
	t.Helper()
	look := w.numbers()
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if _, err := look(); err == nil {
			break
		}
		if time.Since(start) > 2*patience {
			t.Fatalf("%s shows nothing: %s", w.cmd.Path, w.stderr)
		}
	}
	time.Sleep(2 * time.Second)
	before, last := w.processor(), -1
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(3 * time.Millisecond) {
		if k, err := look(); err == nil && k != last {
			n, last = n+1, k
		}
	}
	return n, w.processor() - before
}

// TestPlayLong_Idle: a window in which nothing happens costs next to nothing, with a sound device and without, and one that is
// not on the screen, where sound goes on, is not drawn; what it shows when it is back is what is due. MSEPLAYER_IDLE_SECONDS
// says how long each is watched.
func TestPlayLong_Idle(t *testing.T) {
	const width, height = 960, 540
	// mostPaused is what pausing may cost in percent of a processor.
	const mostPaused = 1
	seconds := secondsOf(t, "MSEPLAYER_IDLE_SECONDS", 10)
	clip := markedClip(t, 640, 360, 25, 60)
	card, err := soundcard.New(t.TempDir(), soundcard.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer card.Close()
	for _, sink := range []struct{ name, flag string }{{"a device", "auto"}, {"no device", "null"}} {
		w := openWindow(t, width, height, card.Env(), os.Args[0], "play", "--audio-out", sink.flag, "--loop", "--geometry", fmt.Sprintf("%dx%d+0+0", width, height), clip)
		look := w.numbers()
		for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
			if n, err := look(); err == nil && n > 25 {
				break
			}
			if time.Since(start) > 2*patience {
				t.Fatalf("nothing is seen: %s", w.stderr)
			}
		}
		share := func(what string) (percent float64) {
			t.Helper()
			before := w.processor()
			time.Sleep(time.Duration(seconds) * time.Second)
			percent = 100 * (w.processor() - before).Seconds() / float64(seconds)
			t.Logf("%s, %s: %.2f %% of a processor", sink.name, what, percent)
			return percent
		}
		w.xdotool("key", "space")
		time.Sleep(9 * time.Second) // the device is suspended after five, the window sleeps after six
		if percent := share("paused"); percent > mostPaused {
			t.Errorf("%s: pausing takes %.2f %% of a processor, more than %d", sink.name, percent, mostPaused)
		}
		still, err := look()
		if err != nil {
			t.Errorf("%s: paused, no number is seen: %v", sink.name, err)
		}
		w.xdotool("key", "space")
		time.Sleep(2 * time.Second)
		if n, err := look(); err != nil || n == still {
			t.Errorf("%s: two seconds after the end of the pause picture %d is seen, as before: %v", sink.name, n, err)
		}
		playing := share("playing")
		before, err := look()
		if err != nil {
			t.Errorf("%s: playing, no number is seen: %v", sink.name, err)
		}
		left := time.Now()
		w.xdotool("windowunmap", w.xdotool("search", "--class", "mseplayer"))
		time.Sleep(time.Second)
		if away := share("playing, not on the screen"); away > playing {
			t.Errorf("%s: off the screen it takes %.2f %% of a processor, on it %.2f", sink.name, away, playing)
		}
		w.xdotool("windowmap", w.xdotool("search", "--class", "mseplayer"))
		back := time.Now()
		for {
			n, err := look()
			if now := time.Now(); err == nil && n != before {
				want := (before + int(25*now.Sub(left).Seconds())) % (60 * 25)
				t.Logf("%s: back on the screen, picture %d is seen after %v, %d are due", sink.name, n, now.Sub(back), want)
				if d := (n - want + 60*25) % (60 * 25); d > 25 && d < 59*25 {
					t.Errorf("%s: picture %d is seen when %d is due", sink.name, n, want)
				}
				break
			}
			if time.Since(back) > 2*patience {
				t.Fatalf("%s: back on the screen, nothing moves: %v", sink.name, err)
			}
			time.Sleep(5 * time.Millisecond)
		}
		w.close()
	}
}
