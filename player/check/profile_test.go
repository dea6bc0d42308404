package check_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"mseplayer/player/check"
)

// decodeTime is where the decode time of the first fragment of a segment stands, and its size in bytes.
func decodeTime(b []byte) (at, size int) {
	i := bytes.Index(b, []byte("tfdt"))
	if size = 4; b[i+4] == 1 {
		size = 8
	}
	return i + 8, size
}

func ticksAt(b []byte, at, size int) uint64 {
	if size == 4 {
		return uint64(binary.BigEndian.Uint32(b[at:]))
	}
	return binary.BigEndian.Uint64(b[at:])
}

// retime moves the media of segments NAMEfrom to NAMEto by seconds.
func retime(t testing.TB, files fstest.MapFS, name string, from, to int, by float64) {
	t.Helper()
	at, size := decodeTime(good()[name+"3"].Data)
	ticksPerSecond := math.Round(float64(ticksAt(good()[name+"3"].Data, at, size)) / 4)
	if name == "a" {
		ticksPerSecond = 48000
	}
	for i := from; i <= to; i++ {
		f := files[fmt.Sprintf("%s%d", name, i)]
		b := bytes.Clone(f.Data)
		at, size := decodeTime(b)
		ticks := int64(ticksAt(b, at, size)) + int64(math.Round(by*ticksPerSecond))
		if ticks < 0 {
			t.Fatalf("%s%d cannot be moved by %v s", name, i, by)
		}
		if size == 4 {
			binary.BigEndian.PutUint32(b[at:], uint32(ticks))
		} else {
			binary.BigEndian.PutUint64(b[at:], uint64(ticks))
		}
		f.Data = b
	}
}

// TestProfiles: what one family stops at, another one plays over.
func TestProfiles(t *testing.T) {
	late := func(by float64) func(fstest.MapFS) {
		return func(f fstest.MapFS) { retime(t, f, "v", 1, 5, by) }
	}
	hole := func(by float64) func(fstest.MapFS) {
		return func(f fstest.MapFS) { retime(t, f, "v", 3, 5, by) }
	}
	for _, c := range []struct {
		name                            string
		spoil                           func(fstest.MapFS)
		strict, chrome, firefox, safari string // codes
	}{
		{"good", func(fstest.MapFS) {}, "", "", "", ""},
		{"50 ms late", late(0.05), "", "", "", ""},
		{"300 ms late", late(0.3), "start-gap", "", "", "start-gap"},
		{"1.5 s late", late(1.5), "start-gap", "start-gap", "start-gap", "start-gap"},
		{"a gap of two frames", hole(0.08), "", "", "", ""},
		{"a gap of 100 ms", hole(0.1), "gap-tolerance", "gap-tolerance", "", "gap-tolerance"},
		{"a gap of 200 ms", hole(0.2), "gap-tolerance", "gap-tolerance", "gap-tolerance", "gap-tolerance"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, want := range map[string]string{"strict": c.strict, "chrome": c.chrome, "firefox": c.firefox, "safari": c.safari} {
				files := tenSeconds()
				c.spoil(files)
				r := run(t, files, func(o *check.Options) { o.Profile, o.Decoders = name, nil })
				got := ""
				for _, f := range r.Findings {
					if code, ok := strings.CutPrefix(f.Code, "player."); ok {
						got += code
						if !strings.HasPrefix(string(f.Hint), "source: ") || f.Evidence["profile"] != name || f.Track != "p0/v/180p" || f.Severity != "error" {
							t.Errorf("%+v", f)
						}
					}
				}
				if got != want {
					t.Errorf("%s: got %q, want %q\n%s", name, got, want, found(r))
				}
			}
		})
	}
	if _, err := check.Run(t.Context(), "mem:///m.mpd", check.Options{Profile: "netscape"}); !errors.Is(err, check.ErrProfile) || !strings.Contains(err.Error(), "strict, chrome, firefox, safari") {
		t.Errorf("%v", err)
	}
}
