package stream_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
	"mseplayer/player/playertest/netsim"
	"mseplayer/player/stream"
)

// TestStart measures the way to the first picture in round trips: the initialization segments and the first media segments
// of pictures and sound come at the same time.
func TestStart(t *testing.T) {
	const trip = 100 * time.Millisecond
	for _, tt := range []struct {
		name  string
		gone  string // what is not there at the first two attempts
		first time.Duration
		asked []string // within the first round trip
	}{
		{"at once", "", trip, []string{"/a-0", "/a-init", "/v-0", "/v-init"}},
		{"an initialization segment that comes late", "/v-init", 3 * time.Second, []string{"/a-0", "/a-init", "/v-0", "/v-init"}},
		{"a first segment that comes late", "/v-0", 3 * time.Second, []string{"/a-0", "/a-init", "/v-0", "/v-init"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := &hosts{files: fstest.MapFS{}}
				movie(h.files, "", 10, 0, 100_000)
				h.fault = func(w http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path != tt.gone || h.count("a.example"+tt.gone) > 2 {
						return false
					}
					w.WriteHeader(http.StatusServiceUnavailable)
					return true
				}
				line := &netsim.Line{Steps: []netsim.Step{{BitsPerSecond: 1e9}}, Delay: trip}
				s := &netsim.Server{Handler: line.Wrap(h)}
				s.Start()
				defer s.Close()
				h.begun = time.Now()
				edit := func(r *manifest.SegmentRef) { single(&r.Resource) }
				v := rep(manifest.Video, "v", "0", "v-init", index{"v-", 0, 5, time.Time{}, edit})
				a := rep(manifest.Audio, "a", "0", "a-init", index{"a-", 0, 5, time.Time{}, edit})
				single(v.Init)
				single(a.Init)
				pres := twoHosts()
				pres.Duration.T, pres.Periods = 10, []*manifest.Period{period("0", 0, 10, v, a)}
				r := start(t, &origin{files: h.files, config: fetch.Config{Dial: s.Dial}}, pres, stream.ProgramOptions{}, nil)
				defer r.stop()
				begun := h.begun
				r.el.Play()
				r.ended(60 * time.Second)
				if took := r.engine.FirstSegment().Sub(begun); took > tt.first+trip/2 {
					t.Errorf("the first segment was there after %v, want %v", took, tt.first)
				}
				var asked []string
				for _, x := range line.Asked() {
					if x.At < trip {
						asked = append(asked, x.URL)
					}
				}
				if slices.Sort(asked); !slices.Equal(asked, tt.asked) {
					t.Errorf("asked for %q at first, want %q", asked, tt.asked)
				}
				if n := len(line.Asked()); n > 14 {
					t.Errorf("%d requests for 12 files", n)
				}
				if got := r.pictures(); got != "0.00-9.96" || r.el.Error() != nil {
					t.Errorf("shown %s, %v\n%s", got, r.el.Error(), r.log.String())
				}
			})
		})
	}
}

// single puts a resource at one host.
func single(r *manifest.Resource) {
	r.URL = "http://a.example/" + strings.TrimPrefix(r.URL, "org:///")
}
