package main

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
)

// demoSegments is how many segments each representation of the demo has.
const demoSegments = 8

// TestPlay_Whole plays all of the demo in each of its three sizes, in real time, with the sound going into a file. It
// proves of the whole path, from the segment to what is picked for the display and what is heard:
//   - every picture is presented, once, in order, at its time, and is, byte for byte, the one that the ffmpeg program
//     decodes;
//   - the sound is, sample by sample, what the ffmpeg program decodes, but for the fade it begins with;
//   - the lamp of each second lights up when its note is heard, by what was written to the dump and the recording, not
//     by what the player says of itself; and what it says of itself agrees.
func TestPlay_Whole(t *testing.T) {
	folder, manifest := demoFiles(t)
	ids := []string{"180p", "360p", "720p"}
	var pictures [][]coded
	for _, id := range ids {
		pictures = append(pictures, ffmpegPictures(t, wholeTrack(t, folder, id, demoSegments)))
	}
	sound := ffmpegSound(t, wholeTrack(t, folder, "sound", demoSegments))
	out := t.TempDir()
	together(len(ids), len(ids), func(i int) {
		p := playWhole(t, out, ids[i], 16, manifest, "--abr", ids[i])
		if p == nil {
			return
		}
		if v := p.report.Video; v == nil || v.Representation == nil || *v.Representation != ids[i] {
			t.Errorf("%s: plays %+v", ids[i], v)
		}
		p.comparePictures(t, pictures[i])
		p.compareSound(t, sound)
		p.compareMarks(t, demoRate, 16)
	})
}

// played is what a run of the program left behind.
type played struct {
	name    string
	report  *playback
	dump    *dumped
	samples []int16
}

// playWhole plays a source of some seconds to its end. It gives nil and fails the test when that does not work.
func playWhole(t *testing.T, folder, name string, seconds float64, source string, flags ...string) *played {
	p := record(t, folder, name, seconds, append([]string{source}, flags...)...)
	if p == nil {
		return nil
	}
	if d := p.report.Duration; d == nil || math.Abs(*d-seconds) > 0.1 || !p.report.Ended {
		t.Errorf("%s: duration %v, ended %v", p.name, d, p.report.Ended)
	}
	if w := p.report.WallTime; w < seconds-0.1 || w > seconds+2 {
		t.Errorf("%s: %v s took %v", p.name, seconds, w)
	}
	return p
}

// record runs the program for some seconds. It gives nil and fails the test when that does not work.
func record(t *testing.T, folder, name string, seconds float64, flags ...string) *played {
	file := func(ext string) string { return filepath.Join(folder, name+ext) }
	args := append([]string{"play", "--headless", "--audio-out", "wav:" + file(".wav"), "--dump", file(".dump"), "--stats-json", file(".json")}, flags...)
	r, ok := launch(t, patienceOf(seconds), nil, args...)
	if !ok || r.code != exitOK || r.err != "" || r.out != "" {
		t.Errorf("%s: exit %d, stdout %q, stderr %q", name, r.code, r.out, r.err)
		return nil
	}
	p := &played{name: strings.TrimSpace(name + " " + strings.Join(flags, " "))}
	var err error
	if p.report, err = readPlayback(file(".json")); err != nil {
		t.Error(err)
		return nil
	}
	if p.dump, err = readDump(file(".dump")); err != nil {
		t.Error(err)
		return nil
	}
	if p.samples, err = readWAV(file(".wav")); err != nil {
		t.Error(err)
		return nil
	}
	return p
}

// comparePictures compares what was decoded, and presented, with what another decoder gives. Only what the machine kept
// the program from drawing may be missing on the display.
func (p *played) comparePictures(t *testing.T, want []coded) {
	got := slices.Clone(p.dump.shown)
	for _, l := range p.dump.dropped {
		if l.why == "cadence" || !p.dump.excused(p.wall(l.pts)) {
			t.Errorf("%s: the picture of %f was dropped: %s", p.name, l.pts, l.why)
		}
		got = append(got, l)
	}
	slices.SortFunc(got, func(a, b dumpLine) int { return cmp.Compare(a.pts, b.pts) })
	if stalls := p.dump.stalls(); len(stalls) > 0 {
		t.Logf("%s: the machine stalled %d times; dropped for it %d", p.name, len(stalls), len(p.dump.dropped))
	}
	if err := p.report.counted(len(want), len(p.dump.dropped)); err != nil {
		t.Errorf("%s: %v", p.name, err)
	}
	if len(got) != len(want) {
		t.Errorf("%s: the dump tells of %d pictures, want %d", p.name, len(got), len(want))
		return
	}
	wrong := 0
	for i, l := range got {
		if math.Abs(l.pts-want[i].pts) > 0.001 || l.crc != want[i].sum {
			if wrong++; wrong < 4 {
				t.Errorf("%s: picture %d has time %f and sum %08x, want time %f and sum %08x", p.name, i, l.pts, l.crc, want[i].pts, want[i].sum)
			}
		}
	}
	for i := 1; i < len(p.dump.shown); i++ {
		if a, b := p.dump.shown[i-1], p.dump.shown[i]; b.pts <= a.pts || b.n != a.n+1 {
			t.Errorf("%s: the picture of %f is shown after that of %f", p.name, b.pts, a.pts)
		}
	}
}

// wall is when a picture was due, by the one before it that was presented.
func (p *played) wall(pts float64) float64 {
	shown := p.dump.shown
	i := sort.Search(len(shown), func(i int) bool { return shown[i].pts > pts })
	if i == 0 {
		return 0
	}
	return shown[i-1].at + pts - shown[i-1].pts
}

// ffmpegSound decodes the sound of a file with the ffmpeg program: interleaved, from time zero.
func ffmpegSound(t *testing.T, name string) []int16 {
	t.Helper()
	raw := ffmpegProgram(t, "-copyts", "-i", name, "-map", "0:a:0", "-af", "atrim=start=0", "-ac", "2", "-ar", fmt.Sprint(wavRate), "-f", "s16le", "-")
	out := make([]int16, len(raw)/2)
	for i := range out {
		out[i] = int16(uint16(raw[2*i]) | uint16(raw[2*i+1])<<8)
	}
	return out
}

// compareSound compares what was heard with what another decoder gives.
func (p *played) compareSound(t *testing.T, want []int16) {
	const (
		near = 2             // of 32768: the decoders round differently
		fade = wavRate / 200 // playback begins with a fade of 5 ms
	)
	if len(p.dump.silent) != 0 && !slices.ContainsFunc(p.dump.silent, func(l dumpLine) bool { return !p.dump.excused(l.at) }) {
		t.Logf("%s: the machine stalled: silence %d times", p.name, len(p.dump.silent))
		return
	}
	if len(p.dump.silent) != 0 || len(p.dump.sound) == 0 {
		t.Errorf("%s: %d blocks of sound, silence %v", p.name, len(p.dump.sound), p.dump.silent)
		return
	}
	first := p.dump.sound[0]
	if math.Abs(first.pts) > 1e-6 {
		t.Errorf("%s: the first sound is that of %f", p.name, first.pts)
	}
	got := p.samples[2*first.n:]
	if len(got) < len(want) {
		t.Errorf("%s: %d samples, want %d", p.name, len(got)/2, len(want)/2)
		return
	}
	worst, at := 0, 0
	for i := 2 * fade; i < len(want); i++ {
		if d := int(got[i]) - int(want[i]); max(d, -d) > worst {
			worst, at = max(d, -d), i/2
		}
	}
	if worst > near {
		t.Errorf("%s: sample %d differs by %d of 32768", p.name, at, worst)
	}
	for i, s := range p.samples[:2*first.n] {
		if s != 0 {
			t.Errorf("%s: something is heard before the beginning: %d at %d", p.name, s, i/2)
			break
		}
	}
}

// compareMarks compares the time at which the picture of each whole second appeared with the time at which the beep of
// that second was heard. The picture appears with a refresh of the display, half a refresh off on average at worst.
func (p *played) compareMarks(t *testing.T, rate float64, seconds int) {
	const maxMean, maxEach = 0.010, 0.040
	onsets := beeps(p.samples, 1)
	if len(onsets) != seconds {
		t.Errorf("%s: %d beeps in %d seconds", p.name, len(onsets), seconds)
		return
	}
	at := map[int]float64{}
	for _, l := range p.dump.shown {
		at[int(math.Round(l.pts*rate))] = l.at
	}
	sum, low, high, pairs := 0.0, math.Inf(1), math.Inf(-1), 0
	for k, n := range onsets {
		again := p.dump.wav0 + float64(n)/wavRate
		if p.dump.excused(again) {
			continue
		}
		heard, pts, ok := p.dump.heard(n)
		seen, shown := at[int(math.Round(float64(k)*rate))]
		if !ok || !shown || math.Abs(pts-float64(k)) > 0.005 {
			t.Errorf("%s: the beep of second %d is heard at media time %f (%v), its picture seen: %v", p.name, k, pts, ok, shown)
			return
		}
		if math.Abs(again-heard) > 0.0005 {
			t.Errorf("%s: frame %d of the recording is heard at %f by its block, at %f by its place", p.name, n, heard, again)
		}
		d := seen - heard
		sum, low, high, pairs = sum+d, min(low, d), max(high, d), pairs+1
	}
	if pairs < seconds/2 {
		t.Errorf("%s: the machine stalled too often to tell: %d times", p.name, len(p.dump.stalls()))
		return
	}
	mean := sum / float64(pairs)
	t.Logf("%s: pictures after sound: mean %+.2f ms, %+.2f to %+.2f", p.name, mean*1000, low*1000, high*1000)
	if math.Abs(mean) > maxMean || low < -maxEach || high > maxEach {
		t.Errorf("%s: pictures are seen %+.2f ms after their sound on average, %+.2f to %+.2f", p.name, mean*1000, low*1000, high*1000)
	}
	all, n := 0.0, 0
	for _, l := range p.dump.shown {
		if heard, ok := p.dump.heardAt(l.pts); ok {
			all, n = all+l.at-heard, n+1
		}
	}
	if own := p.report.Sync.AVOffsetMeanMs; own == nil || n == 0 || math.Abs(*own-all/float64(n)*1000) > 2 {
		t.Errorf("%s: %+.2f ms on average over %d pictures; the report says %v", p.name, all/float64(n)*1000, n, own)
	}
}
