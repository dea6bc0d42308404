package wav

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mseplayer/audio/null"
)

// TestRecord_TooSlow lets more pile up than is kept for a disk that takes nothing.
func TestRecord_TooSlow(t *testing.T) {
	s := &Sink{Sink: null.New(null.Options{}), name: "out.wav", full: make(chan []float32, maxChunks), free: make(chan []float32, maxChunks)}
	s.format = s.Sink.Format()
	buf := make([]float32, 2*480)
	for range 990 {
		s.record(buf, time.Time{})
	}
	if got := s.Stats().Device; got != "null" {
		t.Errorf("device %q after 9.9 seconds, want it to wait on", got)
	}
	for range 1000 {
		s.record(buf, time.Time{})
	}
	if got := s.Stats().Device; !strings.Contains(got, "out.wav: more than 10s behind") {
		t.Errorf("device %q, want it to say why the recording ended", got)
	}
}

// TestHeader_Huge asks for the header of more than a header can tell.
func TestHeader_Huge(t *testing.T) {
	s, err := Create(filepath.Join(t.TempDir(), "out.wav"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	small := s.header(true)
	for bytes, want := range map[int64]string{
		1 << 20:     "\x24\x00\x10\x00 \x00\x00\x10\x00",
		1<<32 - 40:  "\xfc\xff\xff\xff \xd8\xff\xff\xff",
		1<<32 - 37:  "\xff\xff\xff\xff \xff\xff\xff\xff",
		1<<40 + 123: "\xff\xff\xff\xff \xff\xff\xff\xff",
	} {
		s.bytes = bytes
		h := s.header(true)
		if got := string(h[4:8]) + " " + string(h[40:44]); len(h) != len(small) || got != want {
			t.Errorf("%d bytes: sizes %q, want %q", bytes, got, want)
		}
	}
	s.bytes = 0
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
