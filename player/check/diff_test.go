package check_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"mseplayer/player/check"
)

// TestCompare compares the reports of a good presentation and of others.
func TestCompare(t *testing.T) {
	mpd := func(old, with string) func(fstest.MapFS) {
		return func(f fstest.MapFS) {
			f["m.mpd"].Data = []byte(strings.Replace(string(f["m.mpd"].Data), old, with, 1))
		}
	}
	missing := func(name string) func(fstest.MapFS) { return func(f fstest.MapFS) { delete(f, name) } }
	of := func(spoil func(fstest.MapFS), change ...func(*check.Options)) *check.Report {
		files := tenSeconds()
		spoil(files)
		return run(t, files, change...)
	}
	nothing := func(fstest.MapFS) {}
	seen := func(high int) *check.Report {
		return run(t, rungs(10), against(ladderOf(constant(8), constant(high))))
	}
	waive := func(o *check.Options) {
		o.Waivers = []check.Waiver{{Code: "segment.missing"}, {Code: "timing.gap"}}
	}
	for _, c := range []struct {
		name   string
		a, b   *check.Report
		worse  bool
		better bool
		what   string // in the differences
	}{
		{"the same", of(nothing), of(nothing), false, false, ""},
		{"a segment is lost", of(nothing), of(missing("v3")), true, false, "worse segment.missing p0/v/180p"},
		{"a segment came back", of(missing("v3")), of(nothing), false, true, "better segment.missing p0/v/180p"},
		{"another segment is lost", of(missing("v3")), of(missing("v4")), false, false, "changed segment.missing p0/v/180p"},
		{"one more is lost", of(missing("v3")), of(func(f fstest.MapFS) { delete(f, "v3"); delete(f, "v4") }), true, false, "worse buffered p0/v/180p"},
		{"waived now", of(missing("v3")), of(missing("v3"), waive), false, true, "better segment.missing p0/v/180p"},
		{"waived no more", of(missing("v3"), waive), of(missing("v3")), true, false, "worse verdict "},
		{"other bandwidth", of(nothing), of(mpd(`bandwidth="250000"`, `bandwidth="260000"`)), false, false, "changed declaredBandwidth p0/v/180p"},
		{"a track is gone", of(nothing), of(mpd(audio, "")), true, false, "worse track p0/a/aac"},
		{"a track is new", of(mpd(audio, "")), of(nothing), false, false, "changed track p0/a/aac"},
		{"less like the reference", seen(2), seen(4), true, false, "worse likeness p0/v/high"},
		{"more like the reference", seen(4), seen(0), false, true, "better likeness p0/v/high"},
		{"as like the reference", seen(4), seen(4), false, false, ""},
		{"nothing decoded", of(nothing), of(nothing, func(o *check.Options) { o.Decoders = nil }), false, false, "changed framesDecoded p0/v/180p"},
	} {
		d := check.Compare(c.a, c.b)
		var out []string
		worse, better, other := 0, 0, 0
		for _, x := range d.Differences {
			out = append(out, fmt.Sprintf("%s %s %s", x.Change, x.What, x.Track))
			switch x.Change {
			case check.Worse:
				worse++
			case check.Better:
				better++
			case check.Other:
				other++
			}
		}
		all := strings.Join(out, "\n")
		if (d.Worse > 0) != c.worse || (d.Better > 0) != c.better || c.what == "" && len(out) > 0 || !strings.Contains(all, c.what) {
			t.Errorf("%s: %d worse, %d better\n%s\nwant %s", c.name, d.Worse, d.Better, all, c.what)
		}
		if worse != d.Worse || better != d.Better || other != d.Other {
			t.Errorf("%s: %d %d %d, there are %d %d %d", c.name, d.Worse, d.Better, d.Other, worse, better, other)
		}
		var js, text bytes.Buffer
		if err := d.WriteJSON(&js); err != nil || !json.Valid(js.Bytes()) {
			t.Errorf("%s: %v %s", c.name, err, js.String())
		}
		if err := d.WriteText(&text, false); err != nil || strings.HasPrefix(text.String(), "WORSE") != c.worse {
			t.Errorf("%s: %v %s", c.name, err, text.String())
		}
	}
}

func TestReadReports(t *testing.T) {
	var good bytes.Buffer
	if err := run(t, tenSeconds()).WriteJSON(&good); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, text, err string }{
		{"one", good.String(), ""},
		{"three", strings.Repeat(good.String(), 3), ""},
		{"nothing", "", "the file is empty"},
		{"cut off", good.String()[:good.Len()/2], "no report of check"},
		{"something else", "{}", `its schema is ""`},
		{"a report and something else", good.String() + "x", "no report of check"},
		{"another kind", `{"schema":"mseplayer.playback/1"}`, `its schema is "mseplayer.playback/1"`},
	} {
		list, err := check.ReadReports(strings.NewReader(c.text))
		if c.err == "" {
			if err != nil || len(list) != strings.Count(c.text, "mseplayer.check/1") {
				t.Errorf("%s: %d reports, %v", c.name, len(list), err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, want %s", c.name, err, c.err)
		}
	}
}
