//go:build long

package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mseplayer/player/playertest/netsim"
)

// TestPlayLong_Adapt plays a minute of three rungs over a network that falls from 8 to 0.6 Mbit/s and rises again. The
// second segment that is asked for after the fall is one of the lowest rung, the fourth after the rise is one of the
// highest; nothing stalls, and every picture comes out.
func TestPlayLong_Adapt(t *testing.T) {
	const length, rate = 60, 25
	folder := t.TempDir()
	ladder := []int{300, 700, 1800} // kbit/s
	args := []string{"-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=1280x720:rate=%d:duration=%d", rate, length),
		"-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=440:sample_rate=48000:duration=%d", length),
		"-map", "0:v", "-map", "0:v", "-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0",
		"-g", fmt.Sprint(2 * rate), "-keyint_min", fmt.Sprint(2 * rate), "-sc_threshold", "0", "-pix_fmt", "yuv420p", "-x264-params", "nal-hrd=cbr"}
	for i, size := range []string{"416x234", "640x360", "1280x720"} {
		k := fmt.Sprint(ladder[i], "k")
		args = append(args, fmt.Sprint("-s:v:", i), size, fmt.Sprint("-b:v:", i), k, fmt.Sprint("-minrate:v:", i), k, fmt.Sprint("-maxrate:v:", i), k, fmt.Sprint("-bufsize:v:", i), k)
	}
	ffmpegProgram(t, append(args, "-c:a", "aac", "-b:a", "32k", "-f", "dash", "-seg_duration", "2", "-use_template", "1", "-use_timeline", "0",
		"-init_seg_name", "init-$RepresentationID$.m4s", "-media_seg_name", "$RepresentationID$-$Number$.m4s",
		"-adaptation_sets", "id=0,streams=v id=1,streams=a", filepath.Join(folder, "manifest.mpd"))...)
	traces := []struct{ down, up time.Duration }{{10 * time.Second, 30 * time.Second}, {15500 * time.Millisecond, 36 * time.Second}}
	together(len(traces), len(traces), func(i int) {
		down, up := traces[i].down, traces[i].up
		line := &netsim.Line{Steps: []netsim.Step{{BitsPerSecond: 8e6}, {At: down, BitsPerSecond: 0.6e6}, {At: up, BitsPerSecond: 8e6}}}
		p := record(t, folder, fmt.Sprint(down), length, shapedOrigin(t, folder, line)+"/manifest.mpd", "--buffer", "12")
		if p == nil {
			return
		}
		levels := func(from, to time.Duration) (out []int) {
			for _, a := range line.Asked() {
				var level, number int
				if n, _ := fmt.Sscanf(a.URL, "/%d-%d.m4s", &level, &number); n == 2 && level < len(ladder) && a.At >= from && a.At < to {
					out = append(out, level)
				}
			}
			return out
		}
		slow, fast := levels(down, up), levels(up, time.Hour)
		t.Logf("%s: levels before %v, slow %v, fast %v; %d stalls of the machine", p.name, levels(0, down), slow, fast, len(p.dump.stalls()))
		if len(slow) < 5 || slow[1] != 0 || slices.Max(slow[1:]) == 2 {
			t.Errorf("%s: asked for the levels %v of the slow network", p.name, slow)
		}
		if len(fast) < 5 || slices.Min(fast[3:]) != 2 {
			t.Errorf("%s: asked for the levels %v of the fast network", p.name, fast)
		}
		if len(p.report.Stalls)+len(p.report.GapsJumped) != 0 || p.report.Error != nil || !p.report.Ended {
			t.Errorf("%s: stalls %v, gaps %v, error %v", p.name, p.report.Stalls, p.report.GapsJumped, p.report.Error)
		}
		got := p.pictureTimes()
		if len(got) != rate*length {
			t.Errorf("%s: %d pictures came out, want %d", p.name, len(got), rate*length)
		}
		for n, pts := range got {
			if want := float64(n) / rate; pts < want-0.001 || pts > want+0.001 {
				t.Errorf("%s: picture %d is that of %f, want %f", p.name, n, pts, want)
				return
			}
		}
	})
}

// pictureTimes lists when the pictures belong that were presented, or were too late for that, in order.
func (p *played) pictureTimes() (out []float64) {
	for _, l := range append(slices.Clone(p.dump.shown), p.dump.dropped...) {
		out = append(out, l.pts)
	}
	slices.Sort(out)
	return out
}
