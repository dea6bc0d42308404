package stream_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"mseplayer/player/fetch"
	"mseplayer/player/stream"
)

// TestCMCD looks at what each request tells the server: at the beginning, in the middle, and after an interruption.
func TestCMCD(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var mu sync.Mutex
		said := map[string]string{} // by path, what came first
		h := &hosts{files: fstest.MapFS{}}
		movie(h.files, "", 40, 0, 100_000)
		h.fault = func(w http.ResponseWriter, r *http.Request) bool {
			mu.Lock()
			if _, ok := said[r.URL.Path]; !ok {
				said[r.URL.Path] = r.URL.Query().Get("CMCD")
			}
			mu.Unlock()
			if r.URL.Path == "/v-17" && time.Since(h.begun) < 45*time.Second {
				time.Sleep(time.Until(h.begun.Add(45 * time.Second))) // playback gets there before
			}
			return false
		}
		org := network(t, h)
		org.config.CMCD, org.config.Session, org.config.FirstByteTimeout = fetch.CMCDQuery, "s", time.Minute
		r := start(t, org, twoHosts(), stream.ProgramOptions{}, nil)
		defer r.stop()
		r.el.Play()
		r.ended(90 * time.Second)
		for _, tt := range []struct {
			path       string
			has, hasnt []string
		}{
			{"/v-init", []string{"ot=i", "bl=0", "sf=d", "st=v", "su", "br=100", "tb=100", `sid="s"`}, []string{"d=", "nor="}},
			{"/v-0", []string{"ot=v", "bl=0", "d=2000", "su", `nor="v-1"`}, []string{"dl=", "bs", "pr="}},
			{"/a-2", []string{"ot=a", "bl=4000", "d=2000", `nor="a-3"`}, []string{"bs"}},
			{"/v-10", []string{"ot=v", "bl=", "dl=", "rtp=", "st=v", `nor="v-11"`}, []string{"su", "bs"}},
			{"/v-18", []string{"bs", "dl="}, []string{"su"}},
			{"/v-19", nil, []string{"bs", "nor="}},
		} {
			got := strings.Split(said[tt.path], ",")
			find := func(want string) bool {
				return slices.ContainsFunc(got, func(s string) bool { return s == want || strings.HasSuffix(want, "=") && strings.HasPrefix(s, want) })
			}
			for _, want := range tt.has {
				if !find(want) {
					t.Errorf("%s: told %v, without %s", tt.path, got, want)
				}
			}
			for _, not := range tt.hasnt {
				if find(not) {
					t.Errorf("%s: told %v, with %s", tt.path, got, not)
				}
			}
		}
	})
}
