package dash_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mseplayer/player/dash"
	"mseplayer/player/manifest"
)

func FuzzMPD(f *testing.F) {
	files, err := filepath.Glob("testdata/golden/*.mpd")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`MPD x><a id=t"`)) // a > in text, which one tokenizer never left
	f.Add([]byte(wrap(`<Representation><SegmentTemplate timescale="4294967295" presentationTimeOffset="2305843009213693952" duration="4294967295" k="9223372036854775807" media="$SubNumber$"/></Representation>`)))
	f.Add([]byte(strings.Replace(wrap(`<Representation><SegmentTemplate media="$Time$"><SegmentTimeline><S t="-2305843009213693952" d="2305843009213693952" r="-1"/></SegmentTimeline></SegmentTemplate></Representation>`), "PT10S", "PT0.0001S", 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := dash.Parse(data, dash.Options{BaseURL: origin, Fetch: remotes})
		var e *manifest.Error
		switch {
		case err == nil:
		case strings.Contains(err.Error(), "\n"):
			t.Fatalf("the error has several lines: %q", err)
		case !errors.As(err, &e) || p != nil:
			t.Fatalf("got %v with %v, want a manifest error alone", p, err)
		}
		if p != nil {
			walk(t, p)
		}
	})
}

// walk looks at everything a consumer would look at.
func walk(t *testing.T, p *manifest.Presentation) {
	seen := map[string]bool{}
	for _, per := range p.Periods {
		if w := per.Window(); w.End <= w.Start {
			t.Fatalf("period %s lasts [%s,%s)", per.ID, w.Start, w.End)
		}
		for _, s := range per.Sets {
			for _, r := range s.Representations {
				if seen[r.TrackID] {
					t.Fatalf("two tracks are named %s", r.TrackID)
				}
				seen[r.TrackID] = true
				if has := r.Segments != nil || r.Lazy != nil; has == (r.Unusable != "") {
					t.Fatalf("%s: segments %v, unusable %q", r.TrackID, has, r.Unusable)
				}
				if r.Lazy != nil {
					var requests []string
					l, err := r.Lazy.Load(getter([]byte("\x00\x00\x00\x08free\x00\x00\x00\x2csidx"), &requests))
					if len(requests) > 100 || err == nil && l.Index == nil {
						t.Fatalf("%s: %d requests, %v", r.TrackID, len(requests), err)
					}
				}
				if r.Segments != nil {
					walkIndex(t, r)
				}
			}
		}
	}
	for _, f := range p.Findings {
		if f.Message == "" || f.Code == "" || strings.Contains(f.Message, "\n") {
			t.Fatalf("a finding without message or with several lines: %+v", f)
		}
	}
}

func walkIndex(t *testing.T, r *manifest.Representation) {
	x := r.Segments
	n := x.Len()
	if n <= 0 || n > 1<<48 {
		t.Fatalf("%s: %d segments", r.TrackID, n)
	}
	for _, i := range []int{0, n / 2, n - 1} {
		s := x.At(i)
		if s.URL == "" || strings.HasPrefix(s.URL, "file:") || !s.Start.IsFinite() || s.Duration < 0 {
			t.Fatalf("%s: segment %d: %+v", r.TrackID, i, s)
		}
		if got := x.Find(s.Start); got < 0 || got > n {
			t.Fatalf("%s: Find(%s) = %d of %d", r.TrackID, s.Start, got, n)
		}
	}
}
