package mp2t_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mseplayer/mse/mp2t"
)

// TestGolden compares everything a handler hears about built streams with text files. UPDATE=1 writes them.
func TestGolden(t *testing.T) {
	for _, tt := range scenarios {
		t.Run(tt.name, func(t *testing.T) {
			r, p, err := parse(t, tt.b)
			if err != nil {
				t.Fatal(err)
			}
			for _, init := range r.inits[len(r.inits)-1:] {
				for _, track := range init.Tracks {
					if why := p.Refusal(track.ID); why != "" {
						fmt.Fprintf(&r.log, "track %d refused: %s\n", track.ID, why)
					}
				}
			}
			if s := p.Stats(); s != (mp2t.Stats{}) {
				fmt.Fprintf(&r.log, "%+v\n", s)
			}
			path := filepath.Join("testdata", tt.name+".golden")
			if os.Getenv("UPDATE") == "1" {
				if err := os.WriteFile(path, []byte(r.log.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.log.String(); got != string(want) {
				t.Errorf("%s\n(UPDATE=1 writes the new text)", firstDifference(got, string(want)))
			}
		})
	}
}

// firstDifference shows the first line in which two texts differ.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "(end)", "(end)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return fmt.Sprintf("line %d:\ngot  %s\nwant %s", i+1, a, b)
		}
	}
	return "equal"
}
