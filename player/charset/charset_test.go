package charset_test

import (
	"encoding/binary"
	"testing"

	"mseplayer/player/charset"
)

func TestFromUTF16(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		order          binary.ByteOrder
	}{
		{"little", "a\x00\xe9\x00\xac\x20", "aé€", binary.LittleEndian},
		{"big", "\x00a\x00\xe9\x20\xac", "aé€", binary.BigEndian},
		{"a pair", "\x3d\xd8\x00\xde", "😀", binary.LittleEndian},
		{"half of a pair", "\x3d\xd8a\x00", "\ufffda", binary.LittleEndian},
		{"cut off", "\x00a\x00", "a", binary.BigEndian},
		{"nothing", "", "", binary.BigEndian},
	} {
		if got := string(charset.FromUTF16([]byte(c.in), c.order)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestFromWindows1252(t *testing.T) {
	if got, want := string(charset.FromWindows1252([]byte("a\x80\x93\x94\x9f\xa0\xe9\xff\x81"))), "a€“”Ÿ\u00a0éÿ\u0081"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
