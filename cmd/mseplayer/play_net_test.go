package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"mseplayer/player/playertest/netsim"
)

// shapedOrigin serves a folder over a line.
func shapedOrigin(t *testing.T, folder string, line *netsim.Line) (url string) {
	t.Helper()
	server := httptest.NewServer(line.Wrap(http.FileServer(http.Dir(folder))))
	t.Cleanup(server.Close)
	return server.URL
}

// TestPlay_Buffer fetches as far ahead as --buffer asks for and no farther.
func TestPlay_Buffer(t *testing.T) {
	folder, manifest := demoFiles(t)
	for _, tt := range []struct {
		flags []string
		last  int // the segment, of 2 s, that is asked for last
	}{
		{[]string{"--buffer", "4"}, 3},
		{[]string{"--buffer", "9"}, 5},
		{nil, demoSegments},
	} {
		line := &netsim.Line{Steps: []netsim.Step{{BitsPerSecond: 1e9}}}
		source := shapedOrigin(t, folder, line) + "/" + filepath.Base(manifest)
		args := append([]string{"play", "--headless", "--quiet", "--audio-out", "null", "--abr", "180p", "--duration", "0.5"}, tt.flags...)
		if r := program(t, nil, append(args, source)...); r.code != exitOK {
			t.Fatalf("%v: exit %d: %s", tt.flags, r.code, r.err)
		}
		last := 0
		for _, a := range line.Asked() {
			var n int
			if _, err := fmt.Sscanf(a.URL, "/180p-%d.m4s", &n); err == nil {
				last = max(last, n)
			}
		}
		if last != tt.last {
			t.Errorf("%v: asked for %d segments, want %d", tt.flags, last, tt.last)
		}
	}
}
