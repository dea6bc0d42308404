//go:build long

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// livesim builds and starts the live source simulator, and returns its address.
func livesim(t *testing.T) string {
	t.Helper()
	const dir = "../../player/playertest/livesim"
	binary := filepath.Join(t.TempDir(), "livesim")
	run := func(args ...string) string {
		c := exec.Command("go", args...)
		c.Dir = dir
		// The module of the simulator needs no C, and none of the flags of the player's.
		c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
		out, err := c.Output()
		if err != nil {
			text := ""
			if exit, ok := err.(*exec.ExitError); ok {
				text = string(exit.Stderr)
			}
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, text)
		}
		return strings.TrimSpace(string(out))
	}
	run("build", "-o", binary, ".")
	module := run("list", "-m", "-f", "{{.Dir}}", "github.com/Dash-Industry-Forum/livesim2")
	c := exec.Command(binary, module)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the simulator said nothing: %v", err)
	}
	return strings.TrimSpace(line)
}

// TestPlayLong_Live plays live presentations of a server on this machine for a while: addressed in every way, in several
// periods, at low latency, protected, patched, with subtitles, with outages, and one that ends.
func TestPlayLong_Live(t *testing.T) {
	const seconds = 15
	server := livesim(t)
	for _, x := range []struct {
		name, path string
		// latency is the most that it may be behind the live edge, 0 for what the presentation asks for, and 1 s.
		latency float64
		// outages are part of it: media may be lost, and playback may wait for it.
		outages bool
		ends    bool
		// text is the subtitles that are shown and change.
		text string
	}{
		{name: "number", path: "testpic_2s/Manifest.mpd"},
		{name: "timeline", path: "segtimeline_1/testpic_2s/Manifest.mpd"},
		{name: "periods", path: "segtimeline_1/periods_60/continuous_1/testpic_2s/Manifest.mpd"},
		{name: "low latency", path: "chunkdur_0.25/ltgt_2500/testpic_2s_low_delay/Manifest.mpd", latency: 3.5},
		{name: "patch", path: "patch_60/segtimeline_1/testpic_2s/Manifest.mpd"},
		{name: "events", path: "scte35_2/testpic_2s/Manifest.mpd"},
		{name: "protected", path: "eccp_cbcs/testpic_2s/Manifest.mpd"},
		{name: "stpp", path: "timesubsstpp_en,sv/testpic_2s/Manifest.mpd", text: "en"},
		{name: "wvtt", path: "timesubswvtt_en,sv/testpic_2s/Manifest.mpd", text: "sv"},
		{name: "pictures as subtitles", path: "testpic_2s/Manifest_imsc1.mpd", text: "en"},
		{name: "no such segments", path: "statuscode_[{cycle:30,rsq:0,code:404}]/testpic_2s/Manifest.mpd", outages: true},
		{name: "outages", path: "traffic_u10d5,d10u5/testpic_2s/Manifest.mpd", outages: true},
		{name: "end", path: "startrel_-20/stoprel_8/testpic_2s/Manifest.mpd", ends: true},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			report := filepath.Join(t.TempDir(), "report.json")
			args := []string{"play", "--headless", "--audio-out", "null", "--stats-json", report, "--duration", "15"}
			// The cues of all of them cover the odd seconds, and tell the time.
			first, dir := time.Now().Unix()|1, t.TempDir()
			shots := []string{filepath.Join(dir, "1.png"), filepath.Join(dir, "2.png")}
			if x.text != "" {
				args = append(args, "--sub-track", x.text, "--screenshot", fmt.Sprintf("%d.3:%s", first+2, shots[0]), "--screenshot", fmt.Sprintf("%d.3:%s", first+6, shots[1]))
			}
			r, ok := launch(t, patienceOf(3*seconds), nil, append(args, server+"/livesim2/"+x.path)...)
			if !ok || r.code != exitOK {
				t.Fatalf("exit %d\n%s", r.code, r.err)
			}
			p, err := readPlayback(report)
			if err != nil {
				t.Fatal(err)
			}
			live := liveOf(t, report)
			if x.text != "" {
				// Below the middle nothing but subtitles changes.
				if below := changed(t, shots[0], shots[1]).Intersect(image.Rect(0, 270, 640, 360)); below.Dx() < 5 || below.Dy() < 5 {
					t.Errorf("the subtitles do not change")
				}
			}
			t.Logf("%.1f s, %d pictures, %d dropped, latency %.2f of %.2f s, %d stalls, %d lost", p.WallTime, p.Frames.Presented, p.VideoPlaybackQuality.DroppedVideoFrames,
				live.Live.Latency, live.Live.Target, len(p.Stalls), len(live.Lost))
			switch {
			case x.ends:
				if !p.Ended || len(p.Stalls) > 0 {
					t.Errorf("ended %v, %d stalls", p.Ended, len(p.Stalls))
				}
				return
			case x.outages:
				if p.Frames.Presented < seconds*30/2 {
					t.Errorf("%d pictures", p.Frames.Presented)
				}
				return
			}
			if len(p.Stalls) > 0 || len(live.Lost) > 0 || len(p.GapsJumped) > 0 {
				t.Errorf("stalls %v, lost %v, gaps %v", p.Stalls, live.Lost, p.GapsJumped)
			}
			if n := p.Frames.Presented + p.VideoPlaybackQuality.DroppedVideoFrames; n < seconds*30-30 {
				t.Errorf("%d pictures", n)
			}
			if x.latency > 0 && live.Live.Latency > x.latency || math.Abs(live.Live.Latency-live.Live.Target) > 1 {
				t.Errorf("latency %.2f s, target %.2f", live.Live.Latency, live.Live.Target)
			}
		})
	}
}

// livePlayback is what a report says about live playback.
type livePlayback struct {
	Live struct{ Latency, Target float64 }
	Lost []struct{ From, To float64 }
}

func liveOf(t *testing.T, name string) (l livePlayback) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(b, &l)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}
