package isobmff_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mseplayer/mse/isobmff"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
)

// emsg0 and emsg1 make event messages with a timescale of 1000, prft a producer reference time.
func emsg0(scheme, value string, delta, dur, id uint32, data string) []byte {
	return bx("emsg", uint32(0), scheme+"\x00", value+"\x00", uint32(1000), delta, dur, id, data)
}

func emsg1(scheme, value string, at uint64, dur, id uint32, data string) []byte {
	return bx("emsg", uint32(1<<24), uint32(1000), at, dur, id, scheme+"\x00", value+"\x00", data)
}

// events lists the events of the log of a recorder.
func events(r *recorder) (out []string) {
	for line := range strings.Lines(r.Log.String()) {
		if strings.HasPrefix(line, "event") || strings.HasPrefix(line, "producer") {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out
}

// TestEvents reads event messages and producer reference times, and passes over what is none. They come behind the first
// frames of the fragment that they precede.
func TestEvents(t *testing.T) {
	const second = 1 << 32
	init := head() // a timescale of 1000
	ntp := uint64(2208988800+1700000000)*second + second/2
	for _, tt := range []struct {
		name   string
		boxes  []byte
		behind bool // of all fragments
		want   []string
	}{
		{"version 0 counts from the first frame", emsg0("urn:a", "1", 500, 2000, 7, "abc"), false, []string{`event "urn:a" "1" id=7 at=10.5 dur=2 data=3:352441c2`}},
		{"version 1 has a time of its own", emsg1("urn:a", "1", 90_250, 0, 7, ""), false, []string{`event "urn:a" "1" id=7 at=90.25 dur=0 data=0:00000000`}},
		{"unknown length", emsg1("urn:a", "", 1, 1<<32-1, 1, ""), false, []string{`event "urn:a" "" id=1 at=0.001 dur=+Inf data=0:00000000`}},
		{"several", cat(emsg0("b", "", 0, 0, 1, ""), emsg1("a", "", 0, 0, 2, "")), false, []string{`event "b" "" id=1 at=10 dur=0 data=0:00000000`, `event "a" "" id=2 at=0 dur=0 data=0:00000000`}},
		{"producer time", bx("prft", uint32(0), uint32(1), ntp, uint32(12_000)), false, []string{"producer time 2023-11-14T22:13:20.5Z of track 1 at=12"}},
		{"producer time, long", bx("prft", uint32(1<<24), uint32(1), ntp, uint64(12_000_000)), false, []string{"producer time 2023-11-14T22:13:20.5Z of track 1 at=12000"}},
		{"producer time of another track", bx("prft", uint32(0), uint32(9), ntp, uint32(12_000)), false, nil},
		{"other versions", bx("emsg", uint32(2<<24), make([]byte, 40)), false, nil},
		{"no timescale", bx("emsg", uint32(1<<24), make([]byte, 40)), false, nil},
		{"cut off", bx("emsg", uint32(0), "urn:a"), false, nil},
		{"cut off, version 1", bx("emsg", uint32(1<<24), uint32(1000), uint64(1), uint32(1), uint32(1), "urn"), false, nil},
		{"prft cut off", bx("prft", uint32(1<<24), uint32(1), ntp, uint32(0)), false, nil},
		{"beyond any timeline", emsg1("a", "", 1<<63, 0, 1, ""), false, nil},
		{"large", emsg1("a", "", 0, 0, 1, strings.Repeat("x", 64<<10)), false, nil},
		{"nearly as large", emsg1("a", "", 0, 0, 1, strings.Repeat("x", 60<<10)), false, []string{`event "a" "" id=1 at=0 dur=0 data=61440:f2d2376b`}},
		{"too many", bytes.Repeat(emsg1("a", "", 1000, 0, 1, ""), 70), false, repeated(64, `event "a" "" id=1 at=1 dur=0 data=0:00000000`)},
		{"no fragment follows", cat(emsg0("a", "", 0, 0, 1, ""), emsg1("b", "", 1000, 0, 2, "")), true, []string{`event "b" "" id=2 at=1 dur=0 data=0:00000000`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := cat(init, tt.boxes, simple(10_000))
			if tt.behind {
				b = cat(init, simple(10_000), tt.boxes)
			}
			r, err := parse(isobmff.Options{Strict: true}, bytes.Clone(b))
			if err != nil {
				t.Fatal(err)
			}
			if got := events(r); fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			want, _ := digestOf(isobmff.Options{}, bytes.Clone(b))
			for _, n := range []int{1, 3, 64 << 10} {
				if got, err := digestOf(isobmff.Options{}, bytestreamtest.CutUp(b, n)...); got != want {
					t.Errorf("in pieces of %d bytes: another result (%v)", n, err)
				}
			}
		})
	}
}

func repeated(n int, s string) (out []string) {
	for range n {
		out = append(out, s)
	}
	return out
}

// TestEvents_Files reads the events of other people's files.
func TestEvents_Files(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestEvents has built ones")
		return
	}
	for _, tt := range []struct {
		files []string
		want  []string
	}{
		{[]string{"presentations/androidx_dash_multi-segment-with-emsg0/segment_init.mp4", "presentations/androidx_dash_multi-segment-with-emsg0/segment_1.m4s",
			"presentations/androidx_dash_multi-segment-with-emsg0/segment_2.m4s"},
			[]string{`event "urn:example:event" "1" id=1 at=0 dur=0 data=16:9a1cc63f`, `event "urn:example:event" "1" id=1 at=0.5 dur=0 data=16:9a1cc63f`}},
		{[]string{"mp4struct/shaka/cea608-track-init.mp4", "mp4struct/shaka/cea608-track-segment.mp4"},
			[]string{`event "https://aomedia.org/emsg/ID3" "" id=4 at=20 dur=0.000011111 data=79:f764bce7`}},
	} {
		var b []byte
		for _, name := range tt.files {
			part, err := os.ReadFile(filepath.Join(dir, "content", name))
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, part...)
		}
		r, err := parse(isobmff.Options{}, b)
		if err != nil {
			t.Error(err)
		}
		if got := events(r); fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.files[1], strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}
