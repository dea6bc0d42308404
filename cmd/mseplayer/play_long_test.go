//go:build long

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestPlayLong_Synthetic generates presentations of a minute, with a number in every picture, a flash and a beep each
// second, and plays them whole, in real time, at three sizes, addressed in every way there is, and in other codecs. What
// TestPlay_Whole proves for the demo holds for them: every picture is presented and is the one that the ffmpeg program
// decodes, the sound is the same, and flashes and beeps coincide. It needs MSEPLAYER_MEDIA.
func TestPlayLong_Synthetic(t *testing.T) {
	media := os.Getenv("MSEPLAYER_MEDIA")
	if media == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestPlay_Whole plays the demo")
		return
	}
	root := filepath.Join(t.TempDir(), "synthetic")
	c := exec.CommandContext(t.Context(), filepath.Join(media, "make_synthetic.sh"), root, "1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const rate = 25 // of that seed
	src := func(name string) string { return filepath.Join(root, "src", name) }
	codec := func(name string) string { return filepath.Join(root, "dash_codecs", name) }
	sound := ffmpegSound(t, src("en.m4a"))
	cases := []struct {
		name, source string
		flags        []string
		seconds      int
		pictures     string
		sound        []int16 // nil: not compared
	}{
		{"hevc", "dash_codecs/hevc.mpd", nil, 20, codec("hevc.mp4"), nil},
		{"hdr", "dash_codecs/hevc_hdr10.mpd", nil, 20, codec("hevc_hdr10.mp4"), nil},
		{"vp9", "dash_codecs/vp9.mpd", nil, 20, codec("vp9.mp4"), nil},
		{"av1 and opus", "dash_codecs/opus.mpd", nil, 20, codec("av1.mp4"), nil},
		{"240p", "dash_number", []string{"--max-height=240"}, 60, src("v240.mp4"), sound},
		{"360p", "dash_number", []string{"--max-height=360"}, 60, src("v360.mp4"), sound},
		{"720p", "dash_number", nil, 60, src("v720.mp4"), sound},
		{"timeline", "dash_timeline", []string{"--max-height=360"}, 60, src("v360.mp4"), sound},
		{"on demand", "dash_ondemand", []string{"--max-height=360"}, 60, src("v360.mp4"), sound},
		{"list", "dash_segmentlist", []string{"--max-height=360"}, 60, src("v360.mp4"), sound},
	}
	pictures := make([][]coded, len(cases))
	known := map[string][]coded{}
	for i, c := range cases {
		if known[c.pictures] == nil {
			known[c.pictures] = ffmpegPictures(t, c.pictures)
		}
		pictures[i] = known[c.pictures]
	}
	out := t.TempDir()
	together(len(cases), 6, func(i int) {
		c := cases[i]
		p := playWhole(t, out, c.name, float64(c.seconds), filepath.Join(root, c.source), c.flags...)
		if p == nil {
			return
		}
		p.comparePictures(t, pictures[i])
		if c.sound != nil {
			p.compareSound(t, c.sound)
		}
		p.compareMarks(t, rate, c.seconds)
	})
}
