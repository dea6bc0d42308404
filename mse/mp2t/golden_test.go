package mp2t_test

import (
	"fmt"
	"testing"

	"mseplayer/mse/mp2t"
	"mseplayer/mse/msetest/bytestreamtest"
)

// TestGolden compares everything a handler hears about built streams with text files. UPDATE=1 writes them.
func TestGolden(t *testing.T) {
	for _, tt := range scenarios {
		t.Run(tt.name, func(t *testing.T) {
			r, p, err := parse(tt.b)
			if err != nil {
				t.Fatal(err)
			}
			for _, init := range r.Inits[len(r.Inits)-1:] {
				for _, track := range init.Tracks {
					if why := p.Refusal(track.ID); why != "" {
						fmt.Fprintf(&r.Log, "track %d refused: %s\n", track.ID, why)
					}
				}
			}
			if s := p.Stats(); s != (mp2t.Stats{}) {
				fmt.Fprintf(&r.Log, "%+v\n", s)
			}
			bytestreamtest.Golden(t, tt.name, r.Log.String())
		})
	}
}
