package stream_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
	"mseplayer/player/playertest/netsim"
	"mseplayer/player/stream"
)

// hosts serves the same files under several names.
type hosts struct {
	files fstest.MapFS
	// fault spoils the answer of a host, and reports that it has.
	fault func(w http.ResponseWriter, r *http.Request) bool
	begun time.Time

	mu    sync.Mutex
	asked []string // guarded by mu: host and path
}

func (h *hosts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.asked = append(h.asked, r.Host+r.URL.Path)
	h.mu.Unlock()
	if h.fault != nil && h.fault(w, r) {
		return
	}
	f, ok := h.files[strings.TrimPrefix(r.URL.Path, "/")]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_, _ = w.Write(f.Data) // whoever hangs up does not want it
}

// count is how many requests there were whose host and path begin with prefix.
func (h *hosts) count(prefix string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.asked {
		if strings.HasPrefix(a, prefix) {
			n++
		}
	}
	return n
}

// network serves h to the clients that org makes.
func network(t *testing.T, h *hosts) *origin {
	t.Helper()
	h.begun = time.Now()
	s := &netsim.Server{Handler: h}
	s.Start()
	t.Cleanup(s.Close)
	return &origin{files: h.files, config: fetch.Config{Dial: s.Dial}}
}

// spread puts a resource at the hosts a and b.
func spread(r *manifest.Resource) {
	name := strings.TrimPrefix(r.URL, "org:///")
	r.URL, r.Alternatives, r.Locations = "http://a.example/"+name, []string{"http://b.example/" + name}, []string{"a", "b"}
}

// twoHosts is 40 s at two hosts.
func twoHosts() *manifest.Presentation {
	edit := func(s *manifest.SegmentRef) { spread(&s.Resource) }
	v := rep(manifest.Video, "v", "0", "v-init", index{"v-", 0, 20, time.Time{}, edit})
	a := rep(manifest.Audio, "a", "0", "a-init", index{"a-", 0, 20, time.Time{}, edit})
	spread(v.Init)
	spread(a.Init)
	return &manifest.Presentation{Format: manifest.DASH, URL: "http://a.example/m.mpd", Duration: media.Some(40), Periods: []*manifest.Period{period("0", 0, 40, v, a)}}
}

func TestFailover(t *testing.T) {
	refuse := func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	cut := func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Length", "100000")
		_, _ = w.Write(make([]byte, 8))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	for _, tt := range []struct {
		name  string
		after time.Duration // when a dies
		die   func(http.ResponseWriter, *http.Request) bool
		most  int // requests to a, of 42 for everything
	}{
		{"from the beginning", 0, refuse, 8},
		{"while it plays", 3 * time.Second, refuse, 42},
		{"bodies that break off from the beginning", 0, cut, 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := &hosts{files: fstest.MapFS{}}
				movie(h.files, "", 40, 0, 100_000)
				h.fault = func(w http.ResponseWriter, r *http.Request) bool {
					return r.Host == "a.example" && time.Since(h.begun) >= tt.after && tt.die(w, r)
				}
				r := start(t, network(t, h), twoHosts(), stream.ProgramOptions{}, nil)
				defer r.stop()
				r.el.Play()
				r.ended(60 * time.Second)
				if n := h.count("a.example"); n > tt.most {
					t.Errorf("asked a %d times, want at most %d", n, tt.most)
				}
				if got := r.pictures(); got != "0.00-39.96" || r.stalls() != 0 || r.el.Error() != nil {
					t.Errorf("shown %s, stalls %v, error %v\n%s", got, r.el.Report().Stalls, r.el.Error(), r.log.String())
				}
			})
		})
	}
}

// TestFailover_OneHost has two base URLs at one host, of which the first has nothing: it is left alone once that is known.
func TestFailover_OneHost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := &hosts{files: fstest.MapFS{}}
		movie(h.files, "up/", 40, 0, 100_000)
		pres := twoHosts()
		place := func(r *manifest.Resource) {
			name := r.URL[strings.LastIndexByte(r.URL, '/')+1:]
			r.URL, r.Alternatives, r.Locations = "http://a.example/down/"+name, []string{"http://a.example/up/" + name}, nil
			r.Bases = []string{"http://a.example/down/", "http://a.example/up/"}
		}
		for _, set := range pres.Periods[0].Sets {
			rep := set.Representations[0]
			x := rep.Segments.(index)
			x.edit = func(s *manifest.SegmentRef) { spread(&s.Resource); place(&s.Resource) }
			rep.Segments = x
			place(rep.Init)
		}
		r := start(t, network(t, h), pres, stream.ProgramOptions{}, nil)
		defer r.stop()
		r.el.Play()
		r.ended(60 * time.Second)
		if n := h.count("a.example/down/"); n > 4 {
			t.Errorf("asked the one that has nothing %d times", n)
		}
		if got := r.pictures(); got != "0.00-39.96" || r.stalls() != 0 {
			t.Errorf("shown %s, stalls %v\n%s", got, r.el.Report().Stalls, r.log.String())
		}
	})
}

// TestSteering follows a steering server that changes its mind, and then wishes not to be asked any more.
func TestSteering(t *testing.T) {
	for _, before := range []bool{false, true} {
		t.Run(fmt.Sprintf("asked before %v", before), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := &hosts{files: fstest.MapFS{}}
				movie(h.files, "", 40, 0, 100_000)
				h.fault = func(w http.ResponseWriter, r *http.Request) bool {
					if r.Host != "steer.example" {
						return false
					}
					switch n := h.count("steer.example"); {
					case n >= 3:
						w.WriteHeader(http.StatusGone)
					case n == 2:
						fmt.Fprint(w, `{"VERSION":1,"TTL":5,"PATHWAY-PRIORITY":["a","b"]}`)
					default:
						fmt.Fprint(w, `{"VERSION":1,"TTL":5,"PATHWAY-PRIORITY":["b","a"]}`)
					}
					return true
				}
				pres := twoHosts()
				pres.Steering = &manifest.Steering{URL: "http://steer.example/", Default: []string{"a"}, Before: before}
				r := start(t, network(t, h), pres, stream.ProgramOptions{}, nil)
				defer r.stop()
				r.el.Play()
				r.ended(60 * time.Second)
				if n := h.count("steer.example"); n != 3 {
					t.Errorf("the steering server was asked %d times", n)
				}
				if a := h.count("a.example/v-init"); a == 1 && before || a+h.count("b.example/v-init") != 1 {
					t.Errorf("the beginning came from a %d times", a)
				}
				if h.count("a.example") == 0 || h.count("b.example") == 0 || r.pictures() != "0.00-39.96" {
					t.Errorf("asked %v, shown %s\n%s", h.asked, r.pictures(), r.log.String())
				}
			})
		})
	}
}
