//go:build unix

package dash_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"syscall"
	"testing"
	"time"

	"mseplayer/player/dash"
	"mseplayer/player/manifest"
)

// What one input may cost.
const (
	maxFuzzBytes = 64 << 20
	maxFuzzTime  = time.Second
)

// FuzzMPD reads a document, lists the first segments of everything in it, and updates it twice with a second document
// and a patch.
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
		f.Add(data, []byte(liveTwo), []byte(patchTwo))
	}
	one := []byte(liveOne)
	f.Add(one, []byte(liveTwo), []byte(patchTwo))
	f.Add(one, []byte(liveTwo), []byte(liveTwo))
	f.Add(one, []byte(liveTwo), []byte(`<Patch mpdId="m" originalPublishTime="2024-01-01T00:00:10Z"><add sel="//x"/><remove sel="/MPD/Period[@id='a/b']/@id"/></Patch>`))
	f.Add([]byte(wrap("<Representation id=\"\n\x85\"><SegmentTemplate media=\"$a\nb$\"/></Representation>")), one, one)
	f.Add([]byte(wrap(`<Representation><SegmentTemplate k="9236854775807" media="$SubNumber$"/></Representation>`)), one, one) // more parts than ticks
	f.Add([]byte(`MPD x><a id=t"`), one, one)                                                                                  // a > in text, which one tokenizer never left
	f.Add([]byte(wrap(`<Representation><SegmentTemplate timescale="4294967295" presentationTimeOffset="2305843009213693952" duration="4294967295" k="9223372036854775807" media="$SubNumber$"/></Representation>`)), one, one)
	f.Add([]byte(strings.Replace(wrap(`<Representation><SegmentTemplate media="$Time$"><SegmentTimeline><S t="-2305843009213693952" d="2305843009213693952" r="-1"/></SegmentTimeline></SegmentTemplate></Representation>`), "PT10S", "PT0.0001S", 1)), one, one)
	f.Fuzz(func(t *testing.T, data, second, patch []byte) {
		began, allocated := cpuTime(t), heapAllocs()
		p, err := dash.Parse(data, dash.Options{BaseURL: origin, Fetch: remotes})
		judge(t, p, err)
		for range 2 {
			if p == nil || p.Live == nil || p.Live.Updater == nil {
				break
			}
			next, err := p.Live.Updater.Update(later, func(r manifest.Resource) ([]byte, error) {
				switch {
				case strings.HasPrefix(r.URL, "file:") || r.URL == "":
					t.Fatalf("an update asks for %q", r.URL)
				case strings.HasSuffix(r.URL, ".mpp"):
					return patch, nil
				}
				return second, nil
			})
			if next == nil && err == nil {
				break
			}
			p = next
			judge(t, p, err)
		}
		if took := cpuTime(t) - began; took > maxFuzzTime {
			t.Fatalf("took %v", took)
		}
		if n := heapAllocs() - allocated; n > maxFuzzBytes {
			t.Fatalf("allocated %d bytes", n)
		}
	})
}

// cpuTime is the processor time of the process, which does not depend on what else the machine does.
func cpuTime(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// heapAllocs is how many bytes were ever allocated.
func heapAllocs() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// judge checks what Parse or Update returned, and looks at all of it.
func judge(t *testing.T, p *manifest.Presentation, err error) {
	t.Helper()
	var e *manifest.Error
	switch {
	case err == nil && p != nil:
		walk(t, p)
	case err == nil || strings.Contains(err.Error(), "\n"):
		t.Fatalf("nothing, or an error of several lines: %q", err)
	case !errors.As(err, &e) || p != nil:
		t.Fatalf("got %v with %v, want a manifest error alone", p, err)
	}
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
					walkIndex(t, r, p.Live != nil)
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

func walkIndex(t *testing.T, r *manifest.Representation, live bool) {
	x := r.Segments
	n := x.Len()
	if n < 0 || n == 0 && !live || n > 1<<48 {
		t.Fatalf("%s: %d segments", r.TrackID, n)
	}
	if n == 0 {
		return
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
