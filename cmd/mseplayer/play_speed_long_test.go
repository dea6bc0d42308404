//go:build long

package main

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"
)

// TestPlayLong_Speed plays a tone, and flashes with beeps, at several speeds. The tone keeps its pitch and has no gap, and
// nowhere does a sample differ from the one before by more than a tone of that pitch and strength does; pictures come with
// their sound as they do at normal speed. The figures are printed.
func TestPlayLong_Speed(t *testing.T) {
	const (
		pitch, maxOff = 440.0, 2.0 // Hz
		length        = 8.0        // s of media
		rounding      = 6          // of two samples to 16 bits, and before they were made four times as strong
		maxQuiet      = 5          // frames in a row that a tone spends near zero
		beats         = 8
		frame         = 1.0 / 60
	)
	folder := t.TempDir()
	tone := filepath.Join(folder, "tone.mkv")
	ffmpegProgram(t, "-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=%g:sample_rate=%d:duration=%g,volume=4", pitch, wavRate, length), "-ac", "2", "-c:a", "pcm_s16le", tone)
	var normal, middle float64 // at normal speed: when pictures are seen, and how long after its beginning the middle of a beep comes
	for i, speed := range []float64{1, 0.5, 1.5, 2} {
		p := playAt(t, folder, fmt.Sprintf("tone-%g", speed), speed, length, []string{tone})
		if p == nil {
			return
		}
		x := left(p.samples)
		from, to := 0, len(x)
		for from < to && math.Abs(x[from]) < 1000 {
			from++
		}
		for to > from && math.Abs(x[to-1]) < 1000 {
			to--
		}
		const fade = wavRate / 20 // sound begins and ends softly
		if len(p.dump.silent) == 0 && math.Abs(float64(to-from)/wavRate-length/speed) > 0.1 {
			t.Errorf("speed %g: sound of %.3f s, want %.3f", speed, float64(to-from)/wavRate, length/speed)
		}
		if to-from < 4*fade {
			t.Fatalf("speed %g: nothing is heard", speed)
		}
		x = x[from+fade : to-fade]
		strength, step, quiet, run := 0.0, 0.0, 0, 0
		for k, s := range x {
			strength = max(strength, math.Abs(s))
			if k > 0 {
				step = max(step, math.Abs(s-x[k-1]))
			}
			if run++; math.Abs(s) > 500 {
				run = 0
			}
			quiet = max(quiet, run)
		}
		bound := 2*strength*math.Sin(math.Pi*pitch/wavRate) + rounding
		hz := crossings(x)
		if len(p.dump.silent) == 0 && (math.Abs(hz-pitch) > maxOff || step > bound || quiet > maxQuiet) {
			t.Errorf("speed %g: %.3f Hz, steps up to %.0f of %.0f that the tone has, %d frames near zero", speed, hz, step, bound, quiet)
		}

		b := playAt(t, folder, fmt.Sprintf("beeps-%g", speed), speed, beats-0.5, []string{"--abr", "180p", "--end", fmt.Sprint(beats - 0.5)})
		if b == nil {
			return
		}
		seen := map[int]float64{}
		for _, l := range b.dump.shown {
			seen[int(math.Round(l.pts*demoRate))] = l.at
		}
		onsets := beeps(b.samples, speed)
		if len(onsets) != beats {
			t.Errorf("speed %g: %d beeps, want %d", speed, len(onsets), beats)
			continue
		}
		// By their middles: while sound is stretched, its pieces overlap, so that a beep begins before its time and ends
		// behind it.
		middles := make([]float64, len(onsets))
		for k, n := range onsets {
			middles[k] = centre(left(b.samples), n, speed) / wavRate
			if i == 0 {
				middle += (middles[k] - float64(n)/wavRate) / beats
			}
		}
		var off []float64 // ms
		for k, m := range middles {
			heard := b.dump.wav0 + m - middle/speed
			if at, shown := seen[k*demoRate]; shown && !b.dump.excused(heard) {
				off = append(off, 1000*(at-heard))
			}
		}
		t.Logf("speed %g: %.3f Hz; largest step %.0f, of the tone %.0f; at most %d frames near zero; a picture is seen, in ms, after its sound is heard: %s",
			speed, hz, step, bound, quiet, spreadOf(off))
		if len(off) < beats/2 {
			t.Logf("speed %g: the machine is too busy to judge", speed)
			continue
		}
		mean := spreadOf(off).mean
		if i == 0 {
			normal = mean
		}
		// Stretching takes pieces of sound from where they fit best, which is near where they belong; see audio/stretch.
		if math.Abs(mean-normal) > 1000*(frame+0.010/speed) {
			t.Errorf("speed %g: pictures are seen %.1f ms after their sound, at normal speed %.1f", speed, mean, normal)
		}
	}
}

// left is the left channel of a recording.
func left(samples []int16) []float64 {
	x := make([]float64, len(samples)/2)
	for i := range x {
		x[i] = float64(samples[2*i])
	}
	return x
}

// crossings is the pitch of a tone, by the times at which it rises through zero.
func crossings(x []float64) float64 {
	var first, last float64
	n := -1
	for i := 1; i < len(x); i++ {
		if x[i-1] < 0 && x[i] >= 0 {
			last = float64(i) - x[i]/(x[i]-x[i-1])
			if n++; n == 0 {
				first = last
			}
		}
	}
	return float64(n) / (last - first) * wavRate
}

// centre is where half of the energy of the beep that begins at about sample n lies before and half behind, played at a speed.
func centre(x []float64, n int, speed float64) float64 {
	reach := int(wavRate / (2 * speed))
	from, to := max(0, n-reach/4), min(len(x), n+reach)
	total, sum := 0.0, 0.0
	for _, s := range x[from:to] {
		total += s * s
	}
	for i, s := range x[from:to] {
		if sum += s * s; sum >= total/2 {
			return float64(from + i)
		}
	}
	return float64(n)
}
