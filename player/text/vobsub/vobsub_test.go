package vobsub_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mseplayer/player/text/vobsub"
)

const index = "\ufeff# VobSub index file, v7 (do not modify this line!)\r\n#\r\nsize: 720x480\r\norg: 0, 0\r\npalette: 000000, ffffff, 828282, 000000\r\nlangidx: 0\r\n" +
	"id: en, index: 0\r\n# alt: English\r\nalt: English\r\ntimestamp: 00:00:01:101, filepos: 000000000\r\ntimestamp: 01:02:03:004, filepos: 000000800\r\n" +
	"id: --, index: 3\r\ndelay: 00:00:02:000\r\ntimestamp: 00:00:01:000, filepos: 000000400\r\ndelay: -00:00:01:500\r\ntimestamp: 00:00:01:000, filepos: 000001000\r\n" +
	"id: fr, index: 5\r\n" + "id: sv, index: 6\r\ntimestamp: nonsense, filepos: 0\r\ntimestamp: 00:00:01:000\r\n"

// spu is a picture's data of a size, n its content.
func spu(size int, n byte) []byte {
	b := bytes.Repeat([]byte{n}, size)
	binary.BigEndian.PutUint16(b, uint16(size))
	binary.BigEndian.PutUint16(b[2:], uint16(size-2))
	return b
}

// packet is a PES packet of private stream 1, of MPEG-2 or MPEG-1.
func packet(stream byte, data []byte, old, timed bool) []byte {
	head := []byte{0x80, 0, 0}
	if timed {
		head = []byte{0x81, 0x80, 5, 0x21, 0, 1, 0, 1}
	}
	if old {
		head = []byte{0xff, 0xff, 0x0f}
		if timed {
			head = []byte{0x40, 0x20, 0x21, 0, 1, 0, 1}
		}
	}
	body := append(append(head, stream), data...)
	return append(binary.BigEndian.AppendUint16([]byte{0, 0, 1, 0xbd}, uint16(len(body))), body...)
}

func pack(old bool) []byte {
	if old {
		return []byte{0, 0, 1, 0xba, 0x21, 0, 1, 0, 1, 0x80, 0, 1}
	}
	return []byte{0, 0, 1, 0xba, 0x44, 0, 4, 0, 4, 1, 1, 0x89, 0xc3, 0xfa, 0xff, 0xff}
}

// stream is a .sub file for index: blocks of 1024 bytes, filled up with padding.
func stream(old bool) (sub []byte) {
	block := func(parts ...[]byte) {
		b := append(pack(old), bytes.Join(parts, nil)...)
		rest := 1024 - len(b)
		b = append(b, 0, 0, 1, 0xbe, byte((rest-6)>>8), byte(rest-6))
		sub = append(sub, append(b, bytes.Repeat([]byte{0xff}, rest-6)...)...)
	}
	block(packet(0x20, spu(100, 1), old, true))
	long := spu(1500, 2)
	block(packet(0x23, long[:900], old, true)) // 0x400
	block(packet(0x20, spu(60, 3), old, true)) // 0x800: another language between the parts
	block(packet(0x23, long[900:], old, false))
	block(packet(0x23, spu(90, 4), old, true)) // 0x1000
	return sub
}

func TestPictures(t *testing.T) {
	for _, old := range []bool{false, true} {
		x, err := vobsub.ParseIndex([]byte(index))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(x.Config), "size: 720x480\npalette: 000000, ffffff, 828282, 000000\n"; got != want {
			t.Errorf("config %q, want %q", got, want)
		}
		var got []string
		for _, tr := range x.Tracks {
			got = append(got, tr.Language+"/"+tr.Label)
			for _, p := range tr.Pictures(stream(old)) {
				got = append(got, fmt.Sprintf("%.3f:%d:%d", float64(p.At), len(p.Data), p.Data[10]))
			}
		}
		want := []string{"en/English", "1.101:100:1", "3723.004:60:3", "/", "3.000:1500:2", "1.500:90:4"}
		if !slices.Equal(got, want) {
			t.Errorf("old %v: %v, want %v", old, got, want)
		}
		// What is cut off is left out.
		whole := stream(old)
		for n := range whole {
			for _, tr := range x.Tracks {
				for _, p := range tr.Pictures(whole[:n]) {
					if size := int(binary.BigEndian.Uint16(p.Data)); size != len(p.Data) {
						t.Fatalf("cut at %d: a picture of %d bytes has %d", n, size, len(p.Data))
					}
				}
			}
		}
	}
}

func TestParseIndex_Bad(t *testing.T) {
	for _, s := range []string{"", "1\n00:00:01,000 --> 00:00:02,000\nx\n", "\x00\x00\x01\xba"} {
		if x, err := vobsub.ParseIndex([]byte(s)); err == nil || x != nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, %v", s, x, err)
		}
	}
	b := []byte("# VobSub index file, v7\n")
	for i := range 100 {
		b = fmt.Appendf(b, "id: en, index: %d\ntimestamp: 00:00:01:000, filepos: 0\n", i)
	}
	if x, err := vobsub.ParseIndex(b); err != nil || len(x.Tracks) != 32 {
		t.Errorf("a hundred languages: %v, %v", x, err)
	}
}

// TestPictures_Overlap: an index that names the same place again and again is not followed for ever.
func TestPictures_Overlap(t *testing.T) {
	idx := []byte("# VobSub index file, v7\nid: en, index: 0\n" + strings.Repeat("timestamp: 00:00:01:000, filepos: 0\n", 100_000))
	x, err := vobsub.ParseIndex(idx)
	if err != nil {
		t.Fatal(err)
	}
	small := bytes.Repeat([]byte{0, 0, 1, 0xbe, 0, 0}, 100_000)
	if got := x.Tracks[0].Pictures(small); len(got) != 0 {
		t.Errorf("%d pictures in padding", len(got))
	}
	if n := len(x.Tracks[0].Pictures(append(pack(false), packet(0x20, spu(100, 1), false, true)...))); n == 0 || n > 10_000 {
		t.Errorf("%d pictures", n)
	}
}

// FuzzVobSub reads anything as an index and a stream.
func FuzzVobSub(f *testing.F) {
	f.Add([]byte(index), stream(false))
	f.Add([]byte(index), stream(true))
	f.Fuzz(func(t *testing.T, idx, sub []byte) {
		x, err := vobsub.ParseIndex(idx)
		if err != nil {
			return
		}
		for _, tr := range x.Tracks {
			for _, p := range tr.Pictures(sub) {
				if len(p.Data) < 4 || len(p.Data) > 0xffff {
					t.Fatalf("a picture of %d bytes", len(p.Data))
				}
			}
		}
	})
}
