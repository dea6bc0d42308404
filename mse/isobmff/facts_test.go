package isobmff_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
)

// mediaDir is the folder of other people's media, "" when none is configured. A configured folder that is absent is
// a failure.
func mediaDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("MSEPLAYER_MEDIA")
	if dir == "" {
		return ""
	}
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("MSEPLAYER_MEDIA: %v", err)
	}
	return dir
}

// row is one line of a table with a header.
type row map[string]string

// readTable reads a tab-separated table.
func readTable(t *testing.T, path string) []row {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(bytes.NewReader(b))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	lines, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var out []row
	for _, l := range lines[1:] {
		m := row{}
		for i, name := range lines[0] {
			if i < len(l) {
				m[name] = l[i]
			}
		}
		out = append(out, m)
	}
	return out
}

// tolerance is for facts that were printed with six decimals.
const tolerance = 1.1e-6

// deviations compares the first video and the first audio track of what was parsed with the facts of an
// independent tool.
func (r *recorder) deviations(facts row) (out []string) {
	if len(r.inits) == 0 {
		return []string{"no initialization segment"}
	}
	for _, kind := range []struct {
		kind   media.Kind
		prefix string
	}{{media.Video, "v_"}, {media.Audio, "a_"}} {
		if facts[kind.prefix+"packets"] == "" {
			continue
		}
		var frames []media.CodedFrame
		found := false
		for _, t := range r.inits[0].Tracks {
			if t.Kind == kind.kind {
				frames, found = r.frames[t.ID], true
				break
			}
		}
		if !found {
			out = append(out, kind.kind.String()+" track is missing")
			continue
		}
		got := map[string]float64{"packets": float64(len(frames)), "first": math.Inf(1), "last": math.Inf(-1)}
		for i := range frames {
			f := &frames[i]
			if f.RAP {
				got["key"]++
			}
			got["first"] = min(got["first"], float64(f.PTS))
			if float64(f.PTS) >= got["last"] {
				got["last"], got["end"] = float64(f.PTS), float64(f.End())
			}
		}
		for _, name := range []string{"packets", "key", "first", "last", "end"} {
			s := facts[kind.prefix+name]
			if s == "" {
				continue
			}
			want, err := strconv.ParseFloat(s, 64)
			if err != nil {
				out = append(out, fmt.Sprintf("fact %s%s is %q", kind.prefix, name, s))
			} else if math.Abs(got[name]-want) > tolerance {
				out = append(out, fmt.Sprintf("%s%s is %.6f, the fact says %s", kind.prefix, name, got[name], s))
			}
		}
	}
	return out
}

// TestFacts_Files compares every fragmented MP4 of the collection with what an independent tool counted in it.
func TestFacts_Files(t *testing.T) {
	dir := mediaDir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestGolden and TestMovie cover generated content")
		return
	}
	content := filepath.Join(dir, "content")
	n, good := 0, 0
	for _, facts := range readTable(t, filepath.Join(content, "INDEX.tsv")) {
		if !strings.Contains(facts["structure"], "moof=") {
			continue
		}
		n++
		var stream []byte
		if rest, ok := strings.CutPrefix(facts["note"], "facts are of "); ok {
			name, _, _ := strings.Cut(rest, " ")
			b, err := os.ReadFile(filepath.Join(content, filepath.Dir(facts["path"]), name))
			if err != nil {
				t.Error(err)
				continue
			}
			stream = b
		}
		b, err := os.ReadFile(filepath.Join(content, facts["path"]))
		if err != nil {
			t.Error(err)
			continue
		}
		r, err := parse(t, isobmff.Options{}, append(stream, b...))
		var dev []string
		switch {
		case facts["status"] == "unreadable":
			if err == nil && r.portions > 0 {
				dev = nil
			} else if err != nil {
				dev = []string{err.Error()}
			}
		case errors.Is(err, isobmff.ErrNotFragmented):
			dev = []string{err.Error()}
		case err != nil:
			dev = append(dev, err.Error())
			fallthrough
		default:
			dev = append(dev, r.deviations(facts)...)
		}
		if len(dev) == 0 {
			good++
			continue
		}
		t.Logf("%s: %s", facts["path"], strings.Join(dev, "; "))
	}
	t.Logf("%d of %d files agree", good, n)
}
