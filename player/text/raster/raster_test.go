package raster_test

import (
	"testing"

	"mseplayer/player/text"
	"mseplayer/player/text/cue"
)

// parse returns the cues of a file of any format.
func parse(t testing.TB, file string) []*cue.Cue {
	t.Helper()
	f, ok := text.Sniff("", []byte(file))
	if !ok {
		t.Fatalf("no format:\n%s", file)
	}
	cues, _, err := text.Parse(f, []byte(file), text.Options{})
	if err != nil {
		t.Fatal(err)
	}
	list := make([]*cue.Cue, len(cues))
	for i := range cues {
		list[i] = &cues[i]
	}
	return list
}
