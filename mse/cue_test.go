package mse_test

import (
	"errors"
	"math"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

func names(cues []*mse.Cue) (s string) {
	for _, c := range cues {
		s += c.ID
	}
	return s
}

func TestCues(t *testing.T) {
	track := mse.NewTextTrack(mse.NewEventLoop(nil), "subtitles", "", "en")
	a, b, c := &mse.Cue{ID: "a", Start: 1, End: 2}, &mse.Cue{ID: "b", Start: 0, End: media.Forever}, &mse.Cue{ID: "c", Start: 1, End: 3}
	for _, x := range []*mse.Cue{a, b, c, a} {
		if err := track.AddCue(x); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := track.Cues(); ok {
		t.Error("a disabled track shows its cues")
	}
	track.SetMode(mse.Hidden)
	if cues, ok := track.Cues(); !ok || names(cues) != "bca" {
		t.Errorf("cues %q %v, want bca: by the beginning, the longer one first", names(cues), ok)
	}
	for at, want := range map[media.Time]string{-1: "", 0: "b", 1: "bca", 1.999: "bca", 2: "bc", 3: "b", 1e9: "b"} {
		if got := names(track.ActiveCues(at)); got != want {
			t.Errorf("active at %s: %q, want %q", at, got, want)
		}
	}
	if err := track.RemoveCue(c); err != nil {
		t.Error(err)
	}
	if cues, _ := track.Cues(); names(cues) != "ba" {
		t.Errorf("cues after removal: %q", names(cues))
	}
	if err := track.RemoveCue(c); !errors.Is(err, mse.ErrNotFound) {
		t.Errorf("removing it again: %v", err)
	}
	for _, bad := range []*mse.Cue{nil, {Start: media.Time(math.NaN())}, {Start: 2, End: 1}, {Start: media.Forever, End: media.Forever}, {End: media.Time(math.NaN())}} {
		if err := track.AddCue(bad); !errors.Is(err, mse.ErrType) {
			t.Errorf("%+v: %v, want a TypeError", bad, err)
		}
	}
}
