package main

import (
	"strings"
	"testing"
	"time"

	"mseplayer/player/check"
)

func TestProgressText(t *testing.T) {
	for _, c := range []struct {
		name    string
		at      check.Progress
		elapsed time.Duration
		want    string
	}{
		{"x.mpd", check.Progress{Tracks: 1, Total: 3, Segments: 7, Bytes: 2_500_000}, time.Minute, "x.mpd: 1 of 3 tracks, 7 segments, 2.5 MB"},
		{"x.mpd", check.Progress{Total: 3, Segments: 1, Share: 0.5}, 500 * time.Millisecond, "x.mpd ████████████░░░░░░░░░░░░  50 %, 0 of 3 tracks, 1 segments, 0.0 MB"},
		{"x.mpd", check.Progress{Total: 3, Segments: 1, Share: 0.25}, 30 * time.Second, "x.mpd ██████░░░░░░░░░░░░░░░░░░  25 %, 1:30 left, 0 of 3 tracks, 1 segments, 0.0 MB"},
		{"x.mpd", check.Progress{Tracks: 3, Total: 3, Segments: 9, Share: 1}, 30 * time.Second, "x.mpd ████████████████████████ 100 %, 0:00 left, 3 of 3 tracks, 9 segments, 0.0 MB"},
	} {
		if got := progressText(c.name, c.at, c.elapsed, false); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	long := progressText(strings.Repeat("folder/", 20)+"x.mpd", check.Progress{Share: 0.5}, 0, false)
	if !strings.HasPrefix(long, "…") || !strings.Contains(long, "x.mpd ") {
		t.Errorf("%s", long)
	}
	if !strings.Contains(progressText("x", check.Progress{Share: 0.5}, 0, true), "\033[36m") {
		t.Error("no colour")
	}
}

// TestProgressLine draws no more often than ten times a second, and takes away what it has drawn.
func TestProgressLine(t *testing.T) {
	var out strings.Builder
	now := time.Unix(1000, 0)
	p := &progressLine{name: "x", out: &out, now: func() time.Time { return now }}
	for i := range 100 {
		p.show(check.Progress{Total: 1, Segments: int64(i), Share: float64(i) / 100})
		now = now.Add(10 * time.Millisecond)
	}
	p.clear()
	if n := strings.Count(out.String(), "\r\033[K"); n != 11 || !strings.HasSuffix(out.String(), "\r\033[K") {
		t.Errorf("drawn %d times: %q", n, out.String())
	}
	var none *progressLine
	none.clear()
}
