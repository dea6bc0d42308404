package hls_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mseplayer/player/hls"
	"mseplayer/player/manifest"
)

const (
	// maxFuzzBytes and maxFuzzTime are what one input may take.
	maxFuzzBytes = 64 << 20
	maxFuzzTime  = time.Second
	// maxFuzzInput is the size of inputs up to which that is asked for.
	maxFuzzInput = 1 << 20
)

// FuzzM3U8 opens a playlist, loads its lists with a second document in their place, and loads those again with the
// first: bytes to segment requests, and two reloads.
func FuzzM3U8(f *testing.F) {
	// As a test, the machine may be busy.
	w := flag.Lookup("test.fuzzworker")
	fuzzing := w != nil && w.Value.String() == "true"
	files, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		s, first := readSite(f, string(data))
		for _, other := range s.files {
			f.Add(s.files[first], other)
		}
	}
	f.Add("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1e300,\na\n", "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:9007199254740992\n#EXTINF:1,\nb\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a)+len(b) > maxFuzzInput {
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		docs := []string{b, a, b}
		n := 0
		get := func(r manifest.Resource) ([]byte, error) {
			if strings.HasPrefix(r.URL, "file:") {
				t.Fatalf("the playlist reaches %s", r.URL)
			}
			n++
			if r.From != nil && n%5 == 0 {
				r.From(len(r.Alternatives), "", "https://elsewhere.example/x?y=z")
			}
			return []byte(docs[n%len(docs)]), nil
		}
		p, err := hls.Parse([]byte(a), hls.Options{BaseURL: "https://origin.example/dir/m.m3u8?q=1", Get: get})
		var e *manifest.Error
		switch {
		case err == nil:
			for range 3 {
				walk(t, p, get)
			}
		case strings.Contains(err.Error(), "\n"):
			t.Fatalf("the error has several lines: %q", err)
		case !errors.As(err, &e) || p != nil:
			t.Fatalf("got %v with %v, want a manifest error alone", p, err)
		}
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > maxFuzzBytes {
			t.Fatalf("%d bytes of input took %d bytes", len(a)+len(b), used)
		}
		if fuzzing && took > maxFuzzTime {
			t.Fatalf("%d bytes of input took %v", len(a)+len(b), took)
		}
	})
}

// walk looks at everything that a consumer would look at.
func walk(t *testing.T, p *manifest.Presentation, get manifest.Getter) {
	t.Helper()
	const maxLists = 32
	lists := 0
	seen := map[string]bool{}
	for _, s := range p.Periods[0].Sets {
		for _, r := range s.Representations {
			if seen[r.TrackID] {
				t.Fatalf("two tracks are named %s", r.TrackID)
			}
			seen[r.TrackID] = true
			if (r.Lazy == nil) == (r.Unusable == "") || r.MIMEType == "" || strings.ContainsAny(r.ID, "\r\n") {
				t.Fatalf("%s: list %v, unusable %q, type %q", r.TrackID, r.Lazy, r.Unusable, r.MIMEType)
			}
			if r.Lazy == nil || lists >= maxLists {
				continue
			}
			lists++
			l, err := r.Lazy.Load(get)
			if err != nil {
				if strings.Contains(err.Error(), "\n") {
					t.Fatalf("the error has several lines: %q", err)
				}
				continue
			}
			walkList(t, r.TrackID, l)
			walkFindings(t, l.Findings)
		}
	}
	walkFindings(t, p.Findings)
}

func walkFindings(t *testing.T, list []manifest.Finding) {
	t.Helper()
	for _, f := range list {
		if f.Message == "" || f.Code == "" || strings.Contains(f.Message, "\n") {
			t.Fatalf("a finding without message or with several lines: %+v", f)
		}
	}
}

// walkList checks the order of a list's segments.
func walkList(t *testing.T, name string, l *manifest.List) {
	t.Helper()
	if l.Growing == (l.Live == nil) || l.Reload < 0 {
		t.Fatalf("%s: growing %v, live %v, reload %v", name, l.Growing, l.Live, l.Reload)
	}
	var last manifest.SegmentRef
	n := l.Index.Len()
	for i := range n {
		const looked = 64
		if i > looked && i < n-looked {
			last = manifest.SegmentRef{}
			continue
		}
		s := l.Index.At(i)
		if s.URL == "" && !s.Gap || !s.Start.IsFinite() || s.Duration < 0 || s.Range.End != 0 && s.Range.End <= s.Range.Start {
			t.Fatalf("%s: segment %d: %s", name, i, showSegment(s))
		}
		if i > 0 && last.URL != "" && (s.Number < last.Number || s.Number == last.Number && s.Sub <= last.Sub || s.Start < last.Start) {
			t.Fatalf("%s: segment %d: %s follows %s", name, i, showSegment(s), showSegment(last))
		}
		if got := l.Index.Find(s.Start); s.Duration > 0 && got != i {
			t.Fatalf("%s: segment %d begins at %s, but Find gives %d", name, i, s.Start, got)
		}
		if s.InitKey != nil && s.InitKey.IV == nil || s.InitKey != nil && s.Init == nil {
			t.Fatalf("%s: segment %d: init key without vector or without section", name, i)
		}
		last = s
	}
	if l.Index.Find(-1e9) != 0 && n > 0 || l.Index.Find(1e12) != n {
		t.Fatalf("%s: Find leads out of the list", name)
	}
	for _, e := range l.Events {
		if !e.Start.IsFinite() {
			t.Fatalf("%s: event %s at %s", name, e.ID, e.Start)
		}
	}
}
