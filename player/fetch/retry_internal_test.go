package fetch

import (
	"errors"
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	after := func(s string) error { return &statusError{code: 503, after: s} }
	for _, tt := range []struct {
		n      int
		jitter float64
		err    error
		want   time.Duration
	}{
		{1, 1, errors.New("x"), 500 * time.Millisecond},
		{2, 1, errors.New("x"), time.Second},
		{5, 1, errors.New("x"), 8 * time.Second},
		{1000, 1, errors.New("x"), 8 * time.Second},
		{1, 0.5, errors.New("x"), 250 * time.Millisecond},
		{1, 1.5, errors.New("x"), 750 * time.Millisecond},
		{1, 1, after(""), 500 * time.Millisecond},
		{1, 1, after("3"), 3 * time.Second},
		{1, 1, after("31"), 30 * time.Second},
		{1, 1, after("-3"), 500 * time.Millisecond},
		{1, 1, after("Sat, 01 Jan 2000 00:00:09 GMT"), 9 * time.Second},
		{1, 1, after("Sat, 01 Jan 2050 00:00:09 GMT"), 30 * time.Second},
		{1, 1, after("Fri, 31 Dec 1999 23:59:59 GMT"), 0},
	} {
		if got := backoff(defaultBackoff, tt.n, tt.jitter, tt.err, now); got != tt.want {
			t.Errorf("try %d, %v: got %v, want %v", tt.n, tt.err, got, tt.want)
		}
	}
}

func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-99/200", "bytes */200", "bytes 0-0/*", "", "bytes 5-2/9", "bytes 0-9223372036854775807/*", "Bytes  1-2/3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		from, to, total, ok := parseContentRange(s)
		if ok && (from < 0 || to <= from || total >= 0 && to > total) || !ok && (from != 0 || to != 0) || total < -1 {
			t.Fatalf("%q: %d-%d/%d %v", s, from, to, total, ok)
		}
	})
}
