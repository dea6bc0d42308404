package stream

import (
	"testing"
	"time"

	"mseplayer/mse/media"
)

func TestParseClock(t *testing.T) {
	want := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, s := range []string{"2030-01-02T03:04:05Z", "2030-01-02T03:04:05", "2030-01-02T05:04:05+02:00", "2030-01-02T03:04:05.000Z", "20300102T030405Z", "2030-01-02T05:04:05+0200"} {
		if got, err := parseClock(s); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "now", "<html>", "1893553445"} {
		if _, err := parseClock(s); err == nil {
			t.Errorf("%q is taken for a time", s)
		}
	}
}

func TestUnwrapped(t *testing.T) {
	for _, tt := range []struct {
		name                 string
		offset               media.Span
		first, start, placed media.Time
	}{
		{"in the same turn", -10, 30, 20, 20},
		{"the time stamps have rolled over since", -10, 5, rolloverTime(-5), rolloverTime(-5)},
		{"a seek back over the roll-over", -10, rolloverTime(1), -9, -9},
	} {
		if got := tt.first.Add(unwrapped(tt.offset, tt.first, tt.start)); got.Sub(tt.placed).Abs() > 1e-6 {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.placed)
		}
	}
}

func rolloverTime(d media.Span) media.Time { return media.Time(rollover + d) }

func TestOtherFormat(t *testing.T) {
	for _, tt := range []struct {
		from, to string
		want     bool
	}{
		{`video/mp4;codecs="avc1.64001f"`, `video/mp4;codecs="avc1.640028"`, false},
		{`video/mp4;codecs="avc1.64001f"`, `video/mp4;codecs="hvc1.1.6.L93.90"`, true},
		{`video/mp4;codecs="avc1.64001f"`, `video/webm;codecs="vp9"`, true},
		{`video/mp4`, `video/mp4;codecs="avc1.640028"`, false},
		{`video/mp4;codecs="nonsense"`, `video/mp4;codecs="avc1.640028"`, false},
		{`video/mp2t;codecs="mp4a.40.2,avc1.4d401e"`, `video/mp2t;codecs="avc1.64001f,mp4a.40.2"`, false},
	} {
		if got := otherFormat(tt.from, tt.to); got != tt.want {
			t.Errorf("%s, then %s: %v", tt.from, tt.to, got)
		}
	}
}
