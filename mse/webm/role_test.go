package webm_test

import (
	"strings"
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

// TestParser_Role: pictures and sound that the author marks are the main ones; for others the order decides, which is the
// buffer's affair.
func TestParser_Role(t *testing.T) {
	const idFlagDefault = 0x88
	p, r := webm.New(webm.Options{}), &bytestreamtest.Recorder{}
	init := head(track(1, 1, "V_VP8", picture(64, 48)), track(2, 2, "A_OPUS", el(idFlagDefault, 0)), track(3, 2, "A_OPUS", el(idFlagDefault, 1)), track(4, 0x11, "D_WEBVTT/CAPTIONS", el(idFlagDefault, 1)))
	if err := bytestreamtest.Feed(p, r, cat(init, clu(0, sb(1, 0, key, "x")))); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range r.Inits[0].Tracks {
		got = append(got, x.Role)
	}
	if s := strings.Join(got, ","); s != ",,main,captions" {
		t.Errorf("roles %q", s)
	}
}
