package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player"
	"mseplayer/render"
)

// pitches are the tones of the languages in TestPlay_Tracks, in Hz.
var pitches = map[string]float64{"en": 440, "fr": 1000, "de": 1700}

// loudest names the language whose tone is the strongest in a tenth of a second, "" for silence.
func loudest(samples []int16) string {
	best, power := "", 1e6
	for lang, hz := range pitches {
		var re, im float64
		for i := 0; i+1 < len(samples); i += 2 {
			a := 2 * math.Pi * hz * float64(i/2) / wavRate
			re, im = re+float64(samples[i])*math.Cos(a), im+float64(samples[i])*math.Sin(a)
		}
		if p := math.Hypot(re, im); p > power {
			best, power = lang, p
		}
	}
	return best
}

// heardLanguages lists the languages of a recording in order, with the tenth of a second at which each begins.
func heardLanguages(samples []int16) (langs []string, at []int) {
	const step = wavRate / 10 * 2
	for i := 0; i+step <= len(samples); i += step {
		if l := loudest(samples[i : i+step]); l != "" && (len(langs) == 0 || langs[len(langs)-1] != l) {
			langs, at = append(langs, l), append(at, i/step)
		}
	}
	return langs, at
}

// TestPlay_Tracks goes through the sounds of a source with the key for it, in each way in which several can come: they are heard
// in order, each change is told and listed, and the pictures go on.
func TestPlay_Tracks(t *testing.T) {
	const seconds = 14
	folder := t.TempDir()
	in := []string{"-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=320x180:rate=25:duration=%d", seconds)}
	for _, l := range []string{"en", "fr"} {
		rate := map[string]int{"en": 48000, "fr": 44100}[l]
		in = append(in, "-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=%g:sample_rate=%d:duration=%d,volume=4", pitches[l], rate, seconds))
	}
	in = append(in, "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-pix_fmt", "yuv420p")
	all := append(slices.Clone(in), "-map", "0:v", "-map", "1:a", "-map", "2:a", "-metadata:s:a:0", "language=en", "-metadata:s:a:1", "language=fr")
	file := func(name string) string {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(folder, name)
	}
	encode := func(args []string, more ...string) {
		t.Helper()
		ffmpegProgram(t, append(slices.Clone(args), more...)...)
	}
	encode(all, "-c:a:0", "aac", "-c:a:1", "aac", "-ac:a:1", "1", "-f", "dash", "-seg_duration", "2", "-adaptation_sets", "id=0,streams=v id=1,streams=1 id=2,streams=2", file("dash/manifest.mpd"))
	encode(all, "-c:a:0", "aac", "-c:a:1", "libopus", "-f", "matroska", file("two.mkv"))
	encode(all, "-c:a", "aac", file("two.mp4"))
	encode(all, "-c:a", "aac", "-f", "mpegts", file("two.ts"))
	encode(all, "-c:a", "aac", "-f", "hls", "-hls_time", "2", "-hls_list_size", "0", file("inside/list.m3u8"))
	hls := func(name string, args ...string) {
		encode(in, append(args, "-c:a", "aac", "-f", "hls", "-hls_time", "2", "-hls_list_size", "0", file(name))...)
	}
	hls("muxed/main.m3u8", "-map", "0:v", "-map", "1:a")
	hls("muxed/fr.m3u8", "-map", "2:a")
	master := "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES\n" +
		"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"French\",LANGUAGE=\"fr\",URI=\"fr.m3u8\"\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=400000,CODECS=\"avc1.42c00d,mp4a.40.2\",AUDIO=\"a\",RESOLUTION=320x180\nmain.m3u8\n"
	if err := os.WriteFile(file("muxed/master.m3u8"), []byte(master), 0o644); err != nil {
		t.Fatal(err)
	}
	cases := []string{"dash/manifest.mpd", "two.mkv", "two.mp4", "two.ts", "inside/list.m3u8", "muxed/master.m3u8"}
	together(len(cases), len(cases), func(i int) {
		c := cases[i]
		name := strings.ReplaceAll(c, "/", "-")
		wav, stats := filepath.Join(folder, name+".wav"), filepath.Join(folder, name+".json")
		var o playOptions
		playFlags(&o) // the defaults
		o.headless, o.audioOut, o.stats, o.quiet = true, "wav:"+wav, stats, true
		s, err := newSession(o)
		if err != nil {
			t.Error(err)
			return
		}
		keys := &controls{s: s}
		var notices []string
		done := background(func() {
			for _, at := range []media.Time{3, 6.5, 10} {
				for p := s.current.Load(); p == nil || !over(p, at); p = s.current.Load() {
					time.Sleep(10 * time.Millisecond)
				}
				keys.NextTrack(media.Audio)
				var r render.State
				keys.State(&r)
				notices = append(notices, r.Notice)
			}
		})
		code := s.run([]string{filepath.Join(folder, c)})
		<-done
		report, err := readPlayback(stats)
		if code != 0 || err != nil || !report.Ended || report.Error != nil || len(report.GapsJumped) != 0 {
			t.Errorf("%s: exit %d, %v, report %+v", c, code, err, report)
			return
		}
		if report.Frames.Decoded+report.Frames.Flushed < 25*seconds {
			t.Errorf("%s: frames %+v", c, report.Frames)
		}
		for k, n := range notices {
			if want := fmt.Sprintf("Audio %d/2: ", 2-k%2); !strings.HasPrefix(n, want) {
				t.Errorf("%s: change %d was told as %q", c, k, n)
			}
		}
		samples, err := readWAV(wav)
		if err != nil {
			t.Errorf("%s: %v", c, err)
			return
		}
		langs, at := heardLanguages(samples)
		t.Logf("%s: heard %v at %v tenths of a second; %v", c, langs, at, report.Switches)
		if !slices.Equal(langs, []string{"en", "fr", "en", "fr"}) {
			t.Errorf("%s: heard %v at %v tenths of a second", c, langs, at)
			return
		}
		chosen := 0
		for _, x := range report.Switches {
			if x.Kind == "audio" && x.Reason == "chosen" {
				chosen++
			}
		}
		if chosen != 3 {
			t.Errorf("%s: switches %+v", c, report.Switches)
		}
	})
}

// over reports whether playback has come to at, or is over.
func over(p *player.Player, at media.Time) bool {
	select {
	case <-p.Ended():
		return true
	default:
	}
	now, _ := p.Playhead()
	return now >= at
}

// background runs f and returns a channel that is closed when it has ended.
func background(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	return done
}
