package raster

import (
	"bytes"
	"testing"
	"time"

	"github.com/go-text/typesetting/fontscan"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gosmallcaps"

	"mseplayer/player/text/cue"
)

// TestInstalled asks for families of a system that has two.
func TestInstalled(t *testing.T) {
	m := fontscan.NewFontMap(quiet{})
	for family, file := range map[string][]byte{"Some Caps": gosmallcaps.TTF, "Liberation Serif": gomono.TTF} {
		if err := m.AddFont(bytes.NewReader(file), family, family); err != nil {
			t.Fatal(err)
		}
	}
	known := &systemFonts{done: make(chan struct{}), m: m}
	close(known.done)
	empty := &systemFonts{done: make(chan struct{})}
	close(empty.done)
	unknown := &systemFonts{done: make(chan struct{}), late: true}
	for _, c := range []struct {
		name     string
		system   *systemFonts
		off      bool
		families []string
		want     string // the family of the file
		pending  bool
	}{
		{"by name", known, false, []string{"some caps"}, "Go Smallcaps", false},
		{"the first that there is", known, false, []string{"Nowhere", "Some Caps"}, "Go Smallcaps", false},
		{"one as wide", known, false, []string{"Times New Roman"}, "Go Mono", false},
		{"a kind of fonts before a name", known, false, []string{"sans-serif", "Some Caps"}, "Go", false},
		{"none", known, false, []string{"Nowhere"}, "Go", false},
		{"none of one width", known, false, []string{"Courier New"}, "Go Mono", false},
		{"a system without fonts", empty, false, []string{"Some Caps"}, "Go", false},
		{"not known yet", unknown, false, []string{"Some Caps"}, "Go", true},
		{"not asked for while nobody knows", unknown, false, []string{"default"}, "Go", true},
		{"not allowed", known, true, []string{"Some Caps"}, "Go", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fonts{config: Config{System: !c.off}, system: c.system}
			for range 2 { // looked for, and remembered
				if got := f.first(&cue.Style{Families: c.families}).Describe().Family; got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			}
			if f.pending() != c.pending {
				t.Errorf("pending: %v, want %v", f.pending(), c.pending)
			}
		})
	}
	f := &fonts{config: Config{System: true}, system: known}
	for i := range 3 * maxNamed {
		f.first(&cue.Style{Families: []string{time.Duration(i).String()}})
	}
	if len(f.named) > maxNamed {
		t.Errorf("%d families are kept, at most %d are to be", len(f.named), maxNamed)
	}
}
