package wpt_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rowTests are the packages whose TestWPT runs rows of the suite, each as a subtest with the row's name.
var rowTests = []string{"mseplayer/mse", "mseplayer/player/element", "mseplayer/player/playertest/wpt"}

// rowState is what becomes of a row.
type rowState string

const (
	rowPasses        rowState = "passes"
	rowFails         rowState = "fails"
	rowNotApplicable rowState = "not applicable"
	rowWithoutMedia  rowState = "without media"
)

// rows is what became of every row, by its name.
type rows struct {
	t     *testing.T
	state map[string]rowState
	by    map[string]string // who claims it
	parts map[string]bool   // rows of which a part is tested elsewhere
}

// claim notes a row. Nobody else may have claimed it.
func (r *rows) claim(id, by string, s rowState) {
	r.t.Helper()
	if r.by[id] != "" {
		r.t.Errorf("%s is claimed by %s and by %s", id, r.by[id], by)
		return
	}
	r.state[id], r.by[id] = s, by
}

// list claims the rows of testdata/rows.tsv.
func (r *rows) list() {
	r.t.Helper()
	const name = "testdata/rows.tsv"
	b, err := os.ReadFile(name)
	if err != nil {
		r.t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch s := rowState(f[min(1, len(f)-1)]); {
		case strings.HasPrefix(line, "#"):
		case len(f) != 3 || f[2] == "" || s != rowNotApplicable && s != rowWithoutMedia:
			r.t.Errorf("%s: not a row, what it is and a reason: %q", name, line)
		default:
			r.claim(f[0], name, s)
			if s == rowWithoutMedia {
				r.t.Logf("without media: %s needs %s", f[0], f[2])
			}
		}
	}
}

var (
	// lacking and failing are what a TestWPT logs of rows that it does not run.
	lacking = regexp.MustCompile(`: (\S+) needs (.+), which is not there\n$`)
	failing = regexp.MustCompile(`: (\S+) does not pass: (.+)\n$`)
)

// run claims the rows that a package's TestWPT runs.
func (r *rows) run(pkg string) {
	r.t.Helper()
	out, err := exec.Command("go", "test", "-json", "-run", "^TestWPT$", pkg).Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatalf("go test: %v", err)
	}
	done := false
	for line := range bytes.Lines(out) {
		var e struct{ Action, Test, Output string }
		if err := json.Unmarshal(line, &e); err != nil {
			r.t.Fatalf("%s: %s", pkg, line)
		}
		id, isRow := strings.CutPrefix(e.Test, "TestWPT/")
		part, isPart := strings.CutPrefix(id, "part_of_")
		switch {
		case e.Action == "output":
			if m := lacking.FindStringSubmatch(e.Output); m != nil && !strings.Contains(e.Output, ": part of ") {
				r.claim(m[1], pkg, rowWithoutMedia)
			} else if m := failing.FindStringSubmatch(e.Output); m != nil {
				r.claim(m[1], pkg, rowFails)
				r.t.Logf("%s does not pass: %s", m[1], m[2])
			}
		case e.Action != "pass" && e.Action != "fail" && e.Action != "skip":
		case e.Test == "TestWPT":
			done = true
			if e.Action != "pass" {
				r.t.Errorf("%s: TestWPT: %s", pkg, e.Action)
			}
		case !isRow:
		case isPart:
			r.parts[part] = true
		case e.Action == "pass":
			r.claim(id, pkg, rowPasses)
		default:
			r.claim(id, pkg, rowFails)
			r.t.Errorf("%s: %s", id, e.Action)
		}
	}
	if !done {
		r.t.Fatalf("%s: TestWPT has not run: %v\n%s", pkg, err, out)
	}
}

// known returns the names of all rows of the suite, from the table that lies beside the suite's media. ok is false where
// there is none.
func known(t *testing.T) (ids []string, ok bool) {
	t.Helper()
	root := os.Getenv("MSEPLAYER_MEDIA")
	if root == "" {
		return nil, false
	}
	b, err := os.ReadFile(filepath.Join(root, "..", "reference", "mse-conformance.tsv"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if id, _, _ := strings.Cut(line, "\t"); strings.Contains(id, "#") {
			ids = append(ids, strings.ReplaceAll(id, "#", "/"))
		}
	}
	return ids, true
}

// TestRows accounts for every row of the conformance suite: each is claimed once, by a test that runs it or by the list
// of those that none can run.
func TestRows(t *testing.T) {
	r := &rows{t: t, state: map[string]rowState{}, by: map[string]string{}, parts: map[string]bool{}}
	r.list()
	for _, pkg := range rowTests {
		// Having read the folder makes its tests a part of what this test's cached result depends on.
		if _, err := os.ReadDir(filepath.Join("../../..", strings.TrimPrefix(pkg, "mseplayer/"))); err != nil {
			t.Fatal(err)
		}
		r.run(pkg)
	}
	for id := range r.parts {
		if r.by[id] == "" {
			t.Errorf("a part of %s is tested, but nothing claims it", id)
		}
	}
	if ids, ok := known(t); ok {
		for _, id := range ids {
			if r.by[id] == "" {
				t.Errorf("%s is claimed by nothing", id)
			}
		}
		for _, id := range slices.Sorted(maps.Keys(r.by)) {
			if !slices.Contains(ids, id) {
				t.Errorf("%s, which %s claims, is not a row", id, r.by[id])
			}
		}
	}
	n := map[rowState]int{}
	for _, s := range r.state {
		n[s]++
	}
	t.Logf("%d of %d applicable rows pass, %d not applicable, %d without media",
		n[rowPasses], n[rowPasses]+n[rowFails], n[rowNotApplicable], n[rowWithoutMedia])
}
