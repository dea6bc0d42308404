package cea_test

import (
	"bytes"
	"fmt"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/text/cea"
)

func TestExtractTrack_Bounded(t *testing.T) {
	one := []byte{0, 0, 0, 10, 'c', 'd', 'a', 't', 0x94, 0x20}
	if got := len(cea.ExtractTrack(bytes.Repeat(one, 1000))); got < 200 || got > 300 {
		t.Errorf("got %d triplets, want about 248", got)
	}
}

func TestExtractTrack(t *testing.T) {
	for _, test := range []struct {
		name   string
		sample []byte
		want   string
	}{
		{"fields", []byte{0, 0, 0, 12, 'c', 'd', 'a', 't', 0x94, 0x20, 0x94, 0x20, 0, 0, 0, 10, 'c', 'd', 't', '2', 0x15, 0x2c}, "[{0 148 32} {0 148 32} {1 21 44}]"},
		{"packets", []byte{0, 0, 0, 20, 'c', 'c', 'd', 'p', 0x96, 0x69, 12, 0x5f, 0x43, 0, 1, 0x72, 0xe1, 0xff, 1, 2}, "[{3 1 2}]"},
		{"one that is not valid", []byte{0, 0, 0, 23, 'c', 'c', 'd', 'p', 0x96, 0x69, 15, 0x5f, 0x43, 0, 1, 0x72, 0xe2, 0xf8, 1, 2, 0xfe, 0, 0}, "[{2 0 0}]"},
		{"cut off", []byte{0, 0, 0, 12, 'c', 'd', 'a', 't', 0x94, 0x20}, "[]"},
		{"nothing", nil, "[]"},
	} {
		if got := fmt.Sprint(cea.ExtractTrack(test.sample)); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

func FuzzExtractTrack(f *testing.F) {
	f.Add([]byte{0, 0, 0, 12, 'c', 'd', 'a', 't', 0x94, 0x20, 0x94, 0x20, 0, 0, 0, 10, 'c', 'd', 't', '2', 0x15, 0x2c})
	f.Add([]byte{0, 0, 0, 20, 'c', 'c', 'd', 'p', 0x96, 0x69, 12, 0x5f, 0x43, 0, 1, 0x72, 0xe1, 0xff, 1, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		if list := cea.ExtractTrack(b); len(list) > 31*8 {
			t.Errorf("%d triplets", len(list))
		}
	})
}

// FuzzDecoder feeds triplets: four bytes are the time since the one before, the type and two bytes.
func FuzzDecoder(f *testing.F) {
	seed := func(list []cea.Triplet) {
		var b []byte
		for _, t := range list {
			b = append(b, 1, t.Type, t.B1, t.B2)
		}
		f.Add(b)
	}
	seed(line21(f, 1, "RCL RCL R15:8 'Hello' EOC EOC NUL EDM"))
	seed(line21(f, 3, "RU3 CR R15 'one' CR 'two' RU2 R3 BS DER TO3 XDS 'x' XDSend RDC 'y'"))
	seed(dtvcc(1, append(window(0, 2, 8, 4<<3), "many words\rmore"...)...))
	seed(dtvcc(9, append(window(3, 15, 42, 7), 0x90, 5, 0x9f, 0x91, 1, 2, 3, 0x97, 1, 2, 3, 4, 'a', 0x8d, 2, 'b', 0x10, 0x25)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		var d cea.Decoder
		now := media.Time(0)
		for ; len(b) >= 4; b = b[4:] {
			now += media.Time(int8(b[0])) / 30
			d.Add(now, []cea.Triplet{{Type: b[1] & 3, B1: b[2], B2: b[3]}})
		}
		d.Reset(now + 1)
		for _, name := range d.Channels() {
			for _, c := range d.Take(name) {
				if !(c.Start < c.End) || len(c.Blocks) != 1 || len(c.Blocks[0].Spans) == 0 {
					t.Fatalf("%s: %+v", name, c)
				}
				if r := c.Rect; r.X < -1e-9 || r.Y < -1e-9 || r.X+r.W > 1+1e-9 || r.Y+r.H > 1+1e-9 {
					t.Fatalf("%s: outside of the picture: %+v", name, r)
				}
			}
		}
	})
}
