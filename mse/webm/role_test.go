package webm_test

import (
	"testing"

	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/webm"
)

// TestParser_TextRole reads what a text track is for.
func TestParser_TextRole(t *testing.T) {
	for id, want := range map[string]string{"D_WEBVTT/SUBTITLES": "subtitles", "D_WEBVTT/CAPTIONS": "captions", "D_WEBVTT/DESCRIPTIONS": "descriptions",
		"D_WEBVTT/METADATA": "metadata", "S_TEXT/UTF8": "subtitles", "S_VOBSUB": "subtitles"} {
		p, r := webm.New(webm.Options{}), &bytestreamtest.Recorder{}
		if err := bytestreamtest.Feed(p, r, cat(head(track(3, 0x11, id)), clu(0, sb(3, 0, key, "x")))); err != nil {
			t.Fatal(err)
		}
		if got := r.Inits[0].Tracks[0].Role; got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}
