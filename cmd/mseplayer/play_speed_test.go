package main

import (
	"fmt"
	"math"
	"testing"

	"mseplayer/player"
	"mseplayer/player/ffmpeg"
	"mseplayer/render"
)

// TestPlay_Speed plays the demo at other speeds than 1. By the recording the beeps come as much sooner as it is faster,
// by recording and dump each comes with its picture, and by the report nothing is lost.
func TestPlay_Speed(t *testing.T) {
	const (
		frame = 1.0 / 60
		spare = 0.02 // of the pictures may be lost to a busy machine without a refresh being missed
	)
	cases := []struct {
		speed float64
		flags []string
		beeps int
	}{
		{2, nil, 16},
		{0.5, []string{"--end", "4.5"}, 5},
		{1.02, []string{"--end", "6.5"}, 7},
	}
	folder := t.TempDir()
	together(len(cases), len(cases), func(i int) {
		c := cases[i]
		name := fmt.Sprintf("x%g", c.speed)
		seconds := 16.0
		if c.flags != nil {
			seconds = float64(c.beeps) - 0.5
		}
		p := playAt(t, folder, name, c.speed, seconds, append([]string{"--abr", "180p"}, c.flags...))
		if p == nil {
			return
		}
		reach := 0.020/c.speed + 0.005 // how far sound may be from where it belongs, see audio/stretch
		lost := 0
		for _, l := range p.dump.dropped {
			if l.why != "flushed" && !p.dump.excused(p.wall(l.pts)) {
				t.Logf("%s: the picture of %f was dropped: %s", name, l.pts, l.why)
				lost++
			}
		}
		if float64(lost) > spare*seconds*demoRate {
			t.Errorf("%s: %d pictures dropped", name, lost)
		}
		q, f := p.report.VideoPlaybackQuality, p.report.Frames
		if q.DroppedVideoFrames != f.Late || f.DecodeErrors+q.CorruptedVideoFrames != 0 || f.SkippedToKeyframe != 0 && len(p.dump.stalls()) == 0 {
			t.Errorf("%s: %+v %+v", name, q, f)
		}
		if s := p.report.Sync; s.AVOffsetMeanMs == nil || math.Abs(*s.AVOffsetMeanMs) > 10 || len(p.dump.stalls()) == 0 && *s.AVOffsetMaxMs > 40 {
			t.Errorf("%s: the report says %+v", name, s)
		}
		if got, want := float64(p.report.Audio.SamplesPlayed)/wavRate, seconds/c.speed; math.Abs(got-want) > 0.15 && len(p.dump.silent) == 0 {
			t.Errorf("%s: sound of %.3f s, want %.3f", name, got, want)
		}
		onsets := beeps(p.samples, c.speed)
		if len(onsets) != c.beeps {
			t.Errorf("%s: %d beeps, want %d", name, len(onsets), c.beeps)
			return
		}
		seen := map[int]float64{}
		for _, l := range p.dump.shown {
			seen[int(math.Round(l.pts*demoRate))] = l.at
		}
		for k, n := range onsets {
			if k > 0 && len(p.dump.silent) == 0 {
				if d := float64(n-onsets[k-1]) / wavRate; math.Abs(d-1/c.speed) > 2*reach {
					t.Errorf("%s: beep %d is %.4f s after the one before, want %.4f", name, k, d, 1/c.speed)
				}
			}
			heard := p.dump.wav0 + float64(n)/wavRate
			at, shown := seen[k*demoRate]
			if d := at - heard; !p.dump.excused(heard) && (!shown || math.Abs(d) > reach+frame) {
				t.Errorf("%s: the picture of second %d is seen (%v) %+.4f s after its beep", name, k, shown, d)
			}
		}
		if d := float64(onsets[len(onsets)-1]-onsets[0]) / wavRate; len(p.dump.silent) == 0 && math.Abs(d-float64(c.beeps-1)/c.speed) > 2*reach {
			t.Errorf("%s: the last beep is %.4f s after the first, want %.4f", name, d, float64(c.beeps-1)/c.speed)
		}
	})
}

// TestPlay_AudioDelay: by recording and dump, each beep comes as much later or earlier than its picture as was asked for, and
// the pictures' times do not change.
func TestPlay_AudioDelay(t *testing.T) {
	const frame = 1.0 / 60
	folder := t.TempDir()
	delays := []float64{0.25, -0.25}
	together(len(delays), 2, func(i int) {
		delay := delays[i]
		name := fmt.Sprintf("delay%g", delay)
		p := record(t, folder, name, 4, "--abr", "180p", "--end", "3.6", "--audio-delay", fmt.Sprint(delay))
		if p == nil {
			return
		}
		seen := map[int]float64{}
		for _, l := range p.dump.shown {
			seen[int(math.Round(l.pts*demoRate))] = l.at
		}
		first := 0 // the second of the first beep that is heard
		if delay < 0 {
			first = 1
		}
		onsets := beeps(p.samples, 1)
		if want := 4 - first; len(onsets) != want {
			t.Errorf("%s: %d beeps, want %d", name, len(onsets), want)
			return
		}
		for k, n := range onsets {
			heard := p.dump.wav0 + float64(n)/wavRate
			at, shown := seen[(first+k)*demoRate]
			if d := heard - at - delay; !p.dump.excused(heard) && (!shown || math.Abs(d) > frame+0.005) {
				t.Errorf("%s: the beep of second %d is heard %.4f s after its picture (%v)", name, first+k, heard-at, shown)
			}
		}
	})
}

// playAt plays some seconds of the demo at a speed.
func playAt(t *testing.T, folder, name string, speed, seconds float64, flags []string) *played {
	p := record(t, folder, name, seconds/speed, append([]string{"--speed", fmt.Sprint(speed)}, flags...)...)
	if p == nil {
		return nil
	}
	if w := p.report.WallTime; w < seconds/speed-0.1 || w > seconds/speed+2 {
		t.Errorf("%s: %v s took %v", name, seconds, w)
	}
	if p.report.PlaybackRate != speed {
		t.Errorf("%s: the report says %v", name, p.report.PlaybackRate)
	}
	return p
}

// TestControls_Speed presses the keys of the window: steps lead back to normal speed exactly, the range is kept, and each
// change is told.
func TestControls_Speed(t *testing.T) {
	s := &session{}
	p := player.New(player.Config{}, player.Deps{Decoders: ffmpeg.Factory{}})
	defer p.Close()
	c := &controls{s: s}
	c.SpeedBy(2) // nothing plays yet
	s.current.Store(p)
	for i, x := range []struct {
		press  func()
		want   float64
		notice string
	}{
		{func() { c.SpeedBy(1.1) }, 1.1, "Speed 1.10×"},
		{func() { c.SpeedBy(1.1) }, 1.21, "Speed 1.21×"},
		{func() { c.SpeedBy(1 / 1.1) }, 1.1, "Speed 1.10×"},
		{func() { c.SpeedBy(1 / 1.1) }, 1, "Speed 1.00×"},
		{func() { c.SpeedBy(2) }, 2, "Speed 2.00×"},
		{func() { c.SpeedBy(2) }, 4, "Speed 4.00×"},
		{func() { c.SpeedBy(1.1) }, 4, "Speed 4.00×"},
		{func() { c.SpeedBy(0.01) }, 0.25, "Speed 0.25×"},
		{c.NormalSpeed, 1, "Speed 1.00×"},
	} {
		x.press()
		var r render.State
		c.State(&r)
		got := p.State().PlaybackRate
		if math.Abs(got-x.want) > 1e-9 || x.want == 1 && got != 1 || r.Notice != x.notice || r.NoticeSeq != uint64(i+1) {
			t.Errorf("press %d: speed %v, notice %d %q; want %v, %d %q", i, got, r.NoticeSeq, r.Notice, x.want, i+1, x.notice)
		}
	}
}
