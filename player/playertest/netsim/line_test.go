package netsim_test

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/player/playertest/netsim"
)

// TestLine shares 80 kbit/s, and 800 kbit/s from the third second on, among two answers of 20 kB.
func TestLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := bytes.Repeat([]byte("x"), 20_000)
		line := &netsim.Line{Steps: []netsim.Step{{BitsPerSecond: 80_000}, {At: 3 * time.Second, BitsPerSecond: 800_000}}, Delay: time.Second}
		s := &netsim.Server{Handler: line.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		}))}
		s.Start()
		defer s.Close()
		client := &http.Client{Transport: &http.Transport{DialContext: s.Dial, DisableKeepAlives: true}}
		start := time.Now()
		var took [2]time.Duration
		var g sync.WaitGroup
		for i := range took {
			g.Go(func() {
				resp, err := client.Get("http://h.example/" + string(rune('a'+i)))
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, body) {
					t.Errorf("%d bytes, %v", len(got), err)
				}
				took[i] = time.Since(start)
			})
		}
		g.Wait()
		// 1 s until the answer, 2 s for half of the bytes of both, 0.2 s for the rest.
		for i, d := range took {
			if d < 3100*time.Millisecond || d > 3250*time.Millisecond {
				t.Errorf("answer %d took %v", i, d)
			}
		}
		if asked := line.Asked(); len(asked) != 2 || asked[0].At != 0 || asked[0].URL+asked[1].URL != "/a/b" && asked[0].URL+asked[1].URL != "/b/a" {
			t.Errorf("asked for %v", asked)
		}
	})
}
