package element_test

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"mseplayer/player/frame"
)

// wptRow is one assertion of the public conformance suite, named after its file and number.
type wptRow struct {
	id    string
	run   func(p *page)
	setup pageSetup
	webm  bool // it is about a WebM file of the suite
}

// wptArea is a group of rows. missing says why rows that apply do not pass.
type wptArea struct {
	name    string
	rows    []wptRow
	missing map[string]string
}

// wptAreas are the areas that are about the media element.
var wptAreas = []wptArea{wptURL, wptAttach, wptErrors, wptTracks, wptText, wptSeekable, wptSeek, wptPlayback, wptChange, wptPrecision, wptLoad, wptEvents, wptAttributes, wptTypes, wptManaged, wptFrames}

// TestWPT runs the rows in virtual time and prints how many pass.
func TestWPT(t *testing.T) {
	passed, all := 0, 0
	seen := map[string]bool{}
	for _, area := range wptAreas {
		n := 0
		for _, row := range area.rows {
			if seen[row.id] {
				t.Errorf("%s is there twice", row.id)
			}
			seen[row.id] = true
			if row.webm && !webmRuns() {
				t.Logf("%s needs a WebM file of the suite, which is not there", row.id)
				continue
			}
			if t.Run(row.id, func(t *testing.T) { runRow(t, row) }) {
				n++
			}
		}
		t.Logf("%-12s %3d of %3d rows pass", area.name, n, len(area.rows)+len(area.missing))
		for _, id := range slices.Sorted(maps.Keys(area.missing)) {
			t.Logf("%s does not pass: %s", id, area.missing[id])
		}
		passed, all = passed+n, all+len(area.rows)+len(area.missing)
	}
	t.Logf("%-12s %3d of %3d rows pass", "all", passed, all)
}

// runRow runs a row in a bubble, and once more on WebM if it is about the main file.
func runRow(t *testing.T, row wptRow) {
	t.Helper()
	before := frame.Live()
	run := func(webm bool) (again bool) {
		synctest.Test(t, func(t *testing.T) {
			p := newPage(t, row.setup)
			defer p.close()
			p.webm = webm
			row.run(p)
			again = p.usesMain
		})
		return again
	}
	if run(false) && webmRuns() {
		run(true)
		if t.Failed() {
			t.Log("on WebM too, or there alone")
		}
	}
	if n := frame.Live() - before; n != 0 {
		t.Errorf("%d frames leaked", n)
	}
}
