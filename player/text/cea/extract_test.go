package cea_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/text/cea"
)

// ga94 is a cc_data structure as the ATSC sends it, with three triplets of which the second is not valid.
var ga94 = []byte{'G', 'A', '9', '4', 3, 0x43, 0xff, 0xfc, 0x94, 0x20, 0xf8, 1, 2, 0xfe, 0, 0, 0xff}

// sei makes the messages of an SEI NAL unit: one of no interest, of more than 255 bytes, and the captions.
func sei(payload []byte) []byte {
	b := append([]byte{5, 0xff, 1}, bytes.Repeat([]byte{1}, 256)...)
	b = append(b, 4, byte(len(payload)))
	return append(append(b, payload...), 0x80)
}

// escape prevents start codes.
func escape(b []byte) (out []byte) {
	zeros := 0
	for _, c := range b {
		if zeros == 2 && c <= 3 {
			out, zeros = append(out, 3), 0
		}
		if out = append(out, c); c == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return out
}

// frame joins NAL units, with lengths of size bytes or, with 0, with start codes.
func frame(size int, units ...[]byte) (b []byte) {
	for _, u := range units {
		if size == 0 {
			b = append(b, 0, 0, 0, 1)
		} else {
			var n [4]byte
			binary.BigEndian.PutUint32(n[:], uint32(len(u)))
			b = append(b, n[4-size:]...)
		}
		b = append(b, u...)
	}
	return b
}

func TestExtract(t *testing.T) {
	const want = "[{0 148 32} {2 0 0}]"
	atsc := append([]byte{0xb5, 0, 0x31}, ga94...)
	directTV := append([]byte{0xb5, 0, 0x2f}, ga94[4:]...)
	for _, test := range []struct {
		name string
		got  []cea.Triplet
		want string
	}{
		{"H.264, start codes", cea.ExtractH264(frame(0, []byte{9, 0xf0}, escape(append([]byte{6}, sei(atsc)...)), []byte{0x65, 1, 2}), 0), want},
		{"H.264, lengths", cea.ExtractH264(frame(4, []byte{9, 0xf0}, escape(append([]byte{6}, sei(atsc)...)), []byte{0x65, 1, 2}), 4), want},
		{"H.264, short lengths", cea.ExtractH264(frame(2, escape(append([]byte{6}, sei(atsc)...))), 2), want},
		{"the other provider", cea.ExtractH264(frame(4, escape(append([]byte{6}, sei(directTV)...))), 4), want},
		{"HEVC, start codes", cea.ExtractHEVC(frame(0, escape(append([]byte{39 << 1, 1}, sei(atsc)...)), []byte{0x26, 1}), 0), want},
		{"HEVC, lengths, behind the slices", cea.ExtractHEVC(frame(4, []byte{0x26, 1}, escape(append([]byte{40 << 1, 1}, sei(atsc)...))), 4), want},
		{"MPEG-2", cea.ExtractMPEG2(frame(0, []byte{0, 1, 2}, append([]byte{0xb2}, ga94...), []byte{1, 2, 3})), want},
		{"MPEG-2, not behind a slice", cea.ExtractMPEG2(frame(0, []byte{0, 1, 2}, []byte{1, 2, 3}, append([]byte{0xb2}, ga94...))), "[]"},
		{"a track", cea.ExtractTrack([]byte{0, 0, 0, 12, 'c', 'd', 'a', 't', 0x94, 0x20, 0x94, 0x20, 0, 0, 0, 10, 'c', 'd', 't', '2', 0x15, 0x2c}), "[{0 148 32} {0 148 32} {1 21 44}]"},
		{"a track of packets", cea.ExtractTrack([]byte{0, 0, 0, 20, 'c', 'c', 'd', 'p', 0x96, 0x69, 12, 0x5f, 0x43, 0, 1, 0x72, 0xe1, 0xff, 1, 2}), "[{3 1 2}]"},
		{"another message", cea.ExtractH264(frame(4, escape(append([]byte{6}, sei([]byte("unregistered"))...))), 4), "[]"},
		{"cut off", cea.ExtractH264(frame(4, []byte{6, 4, 200, 0xb5, 0, 0x31, 'G', 'A'}), 4), "[]"},
		{"a length beyond the end", cea.ExtractH264([]byte{0, 0, 1, 0, 6, 4}, 4), "[]"},
		{"nothing", cea.ExtractHEVC(nil, 0), "[]"},
	} {
		if got := fmt.Sprint(test.got); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

func TestExtract_Bounded(t *testing.T) {
	one := escape(append([]byte{6}, sei(append([]byte{0xb5, 0, 0x31}, ga94...))...))
	var units [][]byte
	for range 1000 {
		units = append(units, one)
	}
	if got := len(cea.ExtractH264(frame(4, units...), 4)); got < 200 || got > 300 {
		t.Errorf("got %d triplets, want about 248", got)
	}
}

func FuzzExtract(f *testing.F) {
	f.Add(frame(0, escape(append([]byte{6}, sei(append([]byte{0xb5, 0, 0x31}, ga94...))...))), 0)
	f.Add(frame(4, append([]byte{39 << 1, 1}, sei(append([]byte{0xb5, 0, 0x2f}, ga94[4:]...))...)), 4)
	f.Add(frame(0, append([]byte{0xb2}, ga94...)), 0)
	f.Add([]byte{0, 0, 0, 20, 'c', 'c', 'd', 'p', 0x96, 0x69, 12, 0x5f, 0x43, 0, 1, 0x72, 0xe1, 0xff, 1, 2}, 1)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		if size < 0 || size > 4 {
			return
		}
		for _, list := range [][]cea.Triplet{cea.ExtractH264(b, size), cea.ExtractHEVC(b, size), cea.ExtractMPEG2(b), cea.ExtractTrack(b)} {
			if len(list) > 31*8 {
				t.Errorf("%d triplets", len(list))
			}
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
