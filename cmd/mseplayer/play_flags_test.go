package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// run is what a run with --headless left behind, as far as it was asked for.
type run struct {
	*playback
	dump   *dumped
	peak   int // of the recording
	frames []int
}

// between fails unless got lies in [low, high].
func between[T int | float64](what string, got, low, high T) error {
	if got < low || got > high {
		return fmt.Errorf("%s is %v, want %v to %v", what, got, low, high)
	}
	return nil
}

// TestPlay_Flags runs the flags that say what is played, of what and for how long, against the demo, and proves by the
// pictures and the sound that came out that they do what the help says.
func TestPlay_Flags(t *testing.T) {
	const small = "--abr=180p"
	// What is passed over between two looks of the program at where it is, on a busy machine.
	const late = 9
	shown := func(r run, first, last int) error {
		if len(r.frames) == 0 || r.frames[0] != first {
			return fmt.Errorf("shows %v, want %d first", r.frames, first)
		}
		return between("the last frame", r.frames[len(r.frames)-1], last-1, last+late)
	}
	// whole is for what ends at a position: not one picture of what lies behind.
	whole := func(r run, first, last int) error {
		if len(r.frames) == 0 || r.frames[0] != first {
			return fmt.Errorf("shows %v, want %d first", r.frames, first)
		}
		return between("the last frame", r.frames[len(r.frames)-1], last-late, last)
	}
	is := func(id string) func(r run) error {
		return func(r run) error {
			if r.Video == nil || r.Video.Representation == nil || *r.Video.Representation != id {
				return fmt.Errorf("plays %+v, want %s", r.Video, id)
			}
			return nil
		}
	}
	cases := []struct {
		flags string
		check func(r run) error
	}{
		{"--start 5.51 --duration 1 " + small, func(r run) error {
			if err := between("the position", r.Position, 6.5, 6.8); err != nil {
				return err
			}
			return shown(r, 165, demoFrame(6.51))
		}},
		{"--start 5.5 --end 6.25 " + small, func(r run) error {
			if err := between("the position", r.Position, 6.25, 6.55); err != nil {
				return err
			}
			return whole(r, 165, demoFrame(6.25))
		}},
		{"--end 0.5 --duration 5 --frames 200 " + small, func(r run) error { return whole(r, 0, demoFrame(0.5)-1) }},
		{"--start 3 --end 3.4 --loop --duration 1.4 " + small, func(r run) error {
			turns := 0
			for i, f := range r.frames {
				if f < 90 || f > 101 {
					return fmt.Errorf("shows %v", r.frames)
				}
				if i > 0 && f < r.frames[i-1] {
					turns++
				}
			}
			return between("the turns", turns, 2, 3)
		}},
		{"--start 2 --frames 10 " + small, func(r run) error { return between("presented", r.Frames.Presented, 10, 10+late) }},
		{"--start 15.2 --loop --duration 1.2 " + small, func(r run) error {
			i := 1 // where it begins anew
			for i < len(r.frames) && r.frames[i] > r.frames[i-1] {
				i++
			}
			if i == len(r.frames) || r.frames[0] != 456 || r.frames[i-1] < demoFrames-late || r.frames[i] < 456 || r.frames[i] > 456+late || !slices.IsSorted(r.frames[i:]) {
				return fmt.Errorf("shows %v", r.frames)
			}
			return between("the last frame", r.frames[len(r.frames)-1], demoFrame(15.6)-1, demoFrame(15.6)+late)
		}},
		{"--start 3.5 --ab-loop-a 4.5 --ab-loop-b 4 --duration 2.4 " + small, func(r run) error {
			turns := 0
			for i, f := range r.frames {
				if f < 105 || f >= demoFrame(4.5)+late {
					return fmt.Errorf("shows %v", r.frames)
				}
				if i > 0 && f < r.frames[i-1] {
					if turns++; f != 120 {
						return fmt.Errorf("goes on at %d, want 120: %v", f, r.frames)
					}
				}
			}
			return between("the turns", turns, 2, 3)
		}},
		{"--start 15.5 --end 99 " + small, func(r run) error {
			if !r.Ended || r.Position != *r.Duration {
				return fmt.Errorf("ended %v at %v", r.Ended, r.Position)
			}
			return shown(r, 465, demoFrames-1)
		}},
		{"--paused --start 3.21 --frames 1 " + small, func(r run) error {
			if r.Position != 3.21 || r.Audio.SamplesPlayed != 0 || !slices.Equal(r.frames, []int{96}) {
				return fmt.Errorf("at %v, %d samples, frames %v", r.Position, r.Audio.SamplesPlayed, r.frames)
			}
			return nil
		}},
		{"--video-track no --duration 0.5", func(r run) error {
			if r.Video != nil || r.Frames.Decoded != 0 {
				return fmt.Errorf("%+v %+v", r.Video, r.Frames)
			}
			return between("samples played", r.Audio.SamplesPlayed, wavRate*4/10, wavRate)
		}},
		{"--audio-track no --duration 0.5 " + small, func(r run) error {
			if r.AudioTrack != nil || r.Audio.SamplesPlayed != 0 || r.peak != 0 {
				return fmt.Errorf("%+v %+v, peak %d", r.AudioTrack, r.Audio, r.peak)
			}
			return shown(r, 0, demoFrame(0.5))
		}},
		{"--volume 50 --duration 0.3 " + small, func(r run) error { return between("the peak", r.peak, 1750, 2200) }}, // the volume is cubed, as people hear
		{"--mute --duration 0.3 " + small, func(r run) error { return between("the peak", r.peak, 0, 0) }},
		{"--duration 0.3 " + small, func(r run) error { return between("the peak", r.peak, 14000, 17400) }},
		{"--display-rate 10 --duration 1 " + small, func(r run) error {
			q, f := r.VideoPlaybackQuality, r.Frames
			// What is over before the first refresh, or while the machine is busy, is late; the rest is skipped on purpose.
			if q.DroppedVideoFrames != f.Late || q.TotalVideoFrames != f.Presented+f.CadenceSkipped+f.Late || f.CadenceSkipped < 12 {
				return fmt.Errorf("%+v %+v", q, f)
			}
			return between("presented", f.Presented, 9, 12)
		}},
		{"--abr min --frames 1", is("180p")},
		{"--abr max --frames 1", is("720p")},
		{"--max-height 400 --frames 1", is("360p")},
		{"--max-bitrate 150000 --frames 1", is("180p")},
	}
	together(len(cases), 4, func(i int) {
		c := cases[i]
		folder := t.TempDir()
		file := func(name string) string { return filepath.Join(folder, name) }
		args := append([]string{"play", "--headless", "--audio-out", "wav:" + file("wav"), "--dump", file("dump"), "--stats-json", file("json")}, strings.Fields(c.flags)...)
		res, ok := launch(t, patience, nil, args...)
		if !ok || res.code != exitOK || res.err != "" {
			t.Errorf("%s: exit %d, stderr %q", c.flags, res.code, res.err)
			return
		}
		var r run
		samples, err := readWAV(file("wav"))
		if err == nil {
			r.dump, err = readDump(file("dump"))
		}
		if err == nil {
			r.playback, err = readPlayback(file("json"))
		}
		if err != nil {
			t.Errorf("%s: %v", c.flags, err)
			return
		}
		for _, l := range r.dump.shown {
			r.frames = append(r.frames, demoFrame(l.pts+0.001))
		}
		for _, s := range samples {
			r.peak = max(r.peak, int(s), -int(s))
		}
		if err := c.check(r); err != nil {
			t.Errorf("%s: %v", c.flags, err)
		}
	})
}

// TestPlay_Playlist plays several sources. One that cannot be played does not keep the others from it, but the exit code
// tells; each source has its own report.
func TestPlay_Playlist(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "nothing.mpd")
	r := expect(t, exitUsage, "", "nothing.mpd", "play", "--headless", "--audio-out", "null", "--stats-json", "-", "--frames", "3", demoName, missing, demoName)
	oneClearLine(t, r)
	var got []string
	for d := json.NewDecoder(strings.NewReader(r.out)); d.More(); {
		var p playback
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%v %v", p.Error == nil, p.Frames.Presented >= 3))
	}
	if want := []string{"true true", "false false", "true true"}; !slices.Equal(got, want) {
		t.Errorf("played without error, with pictures: %v, want %v", got, want)
	}
}

// TestPlay_Interrupt ends playback by a signal, while it plays, while it is paused, while it waits for data and while it
// waits for a manifest: the exit code is 130, without a word, and report, dump and recording are complete.
func TestPlay_Interrupt(t *testing.T) {
	answer := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-answer }))
	defer silent.Close()
	defer close(answer)
	cases := []struct {
		name   string
		signal syscall.Signal
		args   []string
		low    float64 // of the position
		high   float64
	}{
		{"playing, SIGINT", syscall.SIGINT, []string{"--abr=180p"}, 0.3, 2},
		{"playing, SIGTERM", syscall.SIGTERM, []string{"--abr=180p"}, 0.3, 2},
		{"paused", syscall.SIGINT, []string{"--abr=180p", "--paused", "--start", "2.5"}, 2.5, 2.5},
		{"no data", syscall.SIGINT, []string{"--throttle", "10000"}, 0, 0},
		{"no manifest", syscall.SIGINT, []string{silent.URL + "/manifest.mpd"}, 0, 0},
	}
	together(len(cases), 3, func(i int) {
		c := cases[i]
		folder := t.TempDir()
		file := func(name string) string { return filepath.Join(folder, name) }
		cmd := exec.Command(os.Args[0], append([]string{"play", "--headless", "--audio-out", "wav:" + file("wav"), "--dump", file("dump"), "--stats-json", file("json")}, c.args...)...)
		cmd.Env = append(os.Environ(), programVariable+"=1")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Error(err)
			return
		}
		time.AfterFunc(time.Second, func() { _ = cmd.Process.Signal(c.signal) })
		kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait() // the exit code tells
		kill.Stop()
		if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || stderr.Len() != 0 {
			t.Errorf("%s: exit %d, stderr %q", c.name, code, stderr.String())
		}
		r, err := readPlayback(file("json"))
		if err != nil || r.Ended || r.Error != nil || r.Position < c.low || r.Position > c.high {
			t.Errorf("%s: report %+v, %v", c.name, r, err)
			return
		}
		d, err := readDump(file("dump"))
		if err != nil || math.IsNaN(d.wav0) || len(d.shown) < r.Frames.Presented {
			t.Errorf("%s: dump %+v, %v", c.name, d, err)
		}
		samples, err := readWAV(file("wav"))
		if err != nil || len(samples) < wavRate {
			t.Errorf("%s: %d samples, %v", c.name, len(samples)/2, err)
		}
	})
}

// TestReadme compares README.md with what the program says of itself: every flag that stands in what it says of usage is
// there, with the same values, and the table of a command's flags has them all.
func TestReadme(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]*pflag.FlagSet{}
	for _, c := range commands() {
		flags[c.name] = c.flags()
	}
	known := func(name string) bool {
		for _, f := range flags {
			if f.Lookup(name) != nil {
				return true
			}
		}
		return false
	}
	var (
		flag   = regexp.MustCompile("--([a-z][a-z-]*)")
		call   = regexp.MustCompile(`^    mseplayer ([a-z]+)`)
		cell   = regexp.MustCompile("`--([a-z-]+)( [^`]*)?`")
		title  = regexp.MustCompile(`^### Flags of ([a-z]+)`)
		listed = map[string]map[string]bool{}
		within bool   // what is said of usage
		table  string // the command whose flags are listed
	)
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "## "):
			within, table = line == "## Usage", ""
		case strings.HasPrefix(line, "### "):
			table = ""
			if m := title.FindStringSubmatch(line); m != nil {
				if table = m[1]; flags[table] == nil {
					t.Fatalf("%s: no such command", line)
				}
				listed[table] = map[string]bool{}
			}
		}
		if !within {
			continue
		}
		for _, m := range flag.FindAllStringSubmatch(line, -1) {
			if !known(m[1]) && m[1] != "help" {
				t.Errorf("%s: there is no --%s", line, m[1])
			}
		}
		if m := call.FindStringSubmatch(line); m != nil && flags[m[1]] != nil {
			for _, f := range flag.FindAllStringSubmatch(line, -1) {
				if flags[m[1]].Lookup(f[1]) == nil {
					t.Errorf("%s: %s has no --%s", line, m[1], f[1])
				}
			}
		}
		if table == "" || !strings.HasPrefix(line, "| `--") {
			continue
		}
		for _, m := range cell.FindAllStringSubmatch(strings.ReplaceAll(line, `\|`, "|"), -1) {
			f := flags[table].Lookup(m[1])
			if f == nil {
				continue // reported above
			}
			listed[table][f.Name] = true
			if f.Value.Type() == "bool" {
				continue
			}
			if values, _ := pflag.UnquoteUsage(f); strings.TrimSpace(m[2]) != values {
				t.Errorf("--%s takes %q in README.md, %q in the help of %s", f.Name, strings.TrimSpace(m[2]), values, table)
			}
		}
	}
	if listed["play"] == nil {
		t.Error("README.md has no table of the flags of play")
	}
	for command, names := range listed {
		flags[command].VisitAll(func(f *pflag.Flag) {
			if !names[f.Name] {
				t.Errorf("README.md lacks --%s of %s", f.Name, command)
			}
		})
	}
}
