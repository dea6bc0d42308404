package source

import (
	"bytes"
	"strings"
	"testing"
)

// TestOpenWebM_Broken refuses what is cut off or no WebM.
func TestOpenWebM_Broken(t *testing.T) {
	head := "\x1a\x45\xdf\xa3\x87\x42\x82\x84webm"
	for _, c := range []struct{ name, content, want string }{
		{"empty", "", "no initialization segment"},
		{"text", "this is text, which is no element", "text"},
		{"only a header", head, "no initialization segment"},
		{"no tracks", head + "\x18\x53\x80\x67\x88\x15\x49\xa9\x66\x83\xec\x81\x00", "no initialization segment"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &Source{Name: "film.webm", URL: "file:///film.webm"}
			err := s.openWebM(t.Context(), bytes.NewReader([]byte(c.content)), int64(len(c.content)))
			if err == nil || !strings.Contains(err.Error(), "film.webm: ") || s.Presentation != nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v", err)
			}
		})
	}
}
