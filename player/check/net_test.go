package check_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mseplayer/player/check"
	"mseplayer/player/fetch"
	"mseplayer/player/frame"
)

// TestRun_Network checks what servers do, on a loopback origin.
func TestRun_Network(t *testing.T) {
	const gap = "\ninfo timing.gap p0/v/180p #2 @4"
	for _, c := range []struct {
		name  string
		fault func(w http.ResponseWriter, r *http.Request, files fstest.MapFS) // for v3
		found string
	}{
		{"nothing", nil, ""},
		{"not found", func(w http.ResponseWriter, r *http.Request, _ fstest.MapFS) { http.NotFound(w, r) }, "error segment.missing p0/v/180p #2 @4" + gap},
		{"gone", func(w http.ResponseWriter, _ *http.Request, _ fstest.MapFS) { w.WriteHeader(http.StatusGone) }, "error segment.missing p0/v/180p #2 @4" + gap},
		{"forbidden", func(w http.ResponseWriter, _ *http.Request, _ fstest.MapFS) { w.WriteHeader(http.StatusForbidden) }, "error network.failed p0/v/180p #2 @4" + gap},
		{"server error", func(w http.ResponseWriter, _ *http.Request, _ fstest.MapFS) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}, "error network.failed p0/v/180p #2 @4" + gap},
		{"page with status 200", func(w http.ResponseWriter, _ *http.Request, _ fstest.MapFS) {
			w.Write([]byte("<!DOCTYPE html><title>not found</title>"))
		}, "error segment.not-media p0/v/180p #2 @4" + gap},
		{"in a circle", func(w http.ResponseWriter, r *http.Request, _ fstest.MapFS) {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		},
			"error network.failed p0/v/180p #2 @4" + gap},
		{"broken off", func(w http.ResponseWriter, _ *http.Request, files fstest.MapFS) {
			w.Header().Set("Content-Length", "1000000")
			w.Write(files["v3"].Data[:len(files["v3"].Data)*9/10])
			panic(http.ErrAbortHandler)
		}, "error segment.truncated p0/v/180p #2 @4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := tenSeconds()
			serve := http.FileServerFS(files)
			origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if c.fault != nil && r.URL.Path == "/v3" {
					c.fault(w, r, files)
					return
				}
				serve.ServeHTTP(w, r)
			}))
			defer origin.Close()
			o := options(t, files)
			r, err := check.Run(t.Context(), origin.URL+"/m.mpd", o)
			if err != nil {
				t.Fatal(err)
			}
			got := found(r)
			if c.name == "broken off" {
				got, _, _ = strings.Cut(got, "\n")
			}
			want(t, "findings", got, c.found)
			if c.found == "" {
				want(t, "tracks", lines(r), goodVideo+"\n"+goodAudio)
			}
			if n := frame.Live(); n != 0 {
				t.Errorf("%d pictures leaked", n)
			}
		})
	}
}

// TestRun_Secrets sees to it that no report names the password of a URL.
func TestRun_Secrets(t *testing.T) {
	files := tenSeconds()
	delete(files, "v3")
	origin := httptest.NewServer(http.FileServerFS(files))
	defer origin.Close()
	name := strings.Replace(origin.URL, "http://", "http://user:hunter2@", 1) + "/m.mpd"
	r, err := check.Run(t.Context(), name, options(t, files))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "hunter2") || len(r.Findings) != 2 {
		t.Errorf("%s", b.String())
	}
}

// TestRun_Offline ends soon when nobody answers.
func TestRun_Offline(t *testing.T) {
	files := tenSeconds()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	files["m.mpd"].Data = []byte(strings.Replace(head, "<Period", "<BaseURL>"+gone.URL+"/</BaseURL><Period", 1) + video + audio + tail)
	o := options(t, files)
	c, err := fetch.New(fetch.Config{Mounts: o.Source.Mounts, Attempts: 2, Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	o.Source.Fetch = c
	r, err := check.Run(t.Context(), "mem:///m.mpd", o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) < 4 || r.Findings[0].Code != "network.failed" || r.Verdict != check.Fail {
		t.Errorf("findings\n%s", found(r))
	}
}
