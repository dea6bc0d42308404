package netsim_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/player/playertest/netsim"
)

// ask sends one request and tells what came of it: the status, or nothing when there was no answer, and what is wrong with
// the body.
func ask(t *testing.T, s *netsim.Server, path string, body []byte) string {
	t.Helper()
	tr := &http.Transport{DialContext: s.Dial, ResponseHeaderTimeout: 2 * time.Second, DisableKeepAlives: true}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h.example"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return "no answer"
	}
	defer resp.Body.Close()
	time.AfterFunc(10*time.Second, func() { resp.Body.Close() }) // of a body that stalls
	got, err := io.ReadAll(resp.Body)
	out := strconv.Itoa(resp.StatusCode)
	switch {
	case resp.StatusCode == http.StatusPartialContent:
		out += " " + resp.Header.Get("Content-Range")
	case resp.StatusCode != http.StatusOK:
	case err != nil && time.Since(start) > 5*time.Second:
		out += " stalled"
	case err != nil && bytes.Equal(got, body):
		out += " all, and no end"
	case err != nil && bytes.HasPrefix(body, got):
		out += " cut"
	case len(got) < len(body) && bytes.HasPrefix(body, got):
		out += " short"
	case len(got) == len(body) && !bytes.Equal(got, body):
		out += " damaged"
	case bytes.Equal(got, body) && time.Since(start) > 2*time.Second:
		out += " slow"
	case bytes.Equal(got, body):
		out += " right"
	}
	return out
}

func TestFaults(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789"), 5000)
	for _, tt := range []struct {
		fault netsim.Fault
		want  string // what each of ten requests gives; "/" between what may come
	}{
		{netsim.NotFound, "404"},
		{netsim.ServerError, "500/502/503/504"},
		{netsim.Lost, "no answer"},
		{netsim.Silent, "no answer"},
		{netsim.Cut, "200 cut/no answer"},
		{netsim.Stalled, "200 stalled"},
		{netsim.Slow, "200 slow"},
		{netsim.Flipped, "200 damaged"},
		{netsim.Loop, "302"},
		{netsim.WrongRange, "206 bytes 0-49999/50000"},
		{netsim.TooLong, "200 all, and no end"},
		{netsim.TooShort, "200 short"},
	} {
		for _, announced := range []bool{true, false} {
			t.Run(fmt.Sprint(tt.fault, " ", announced), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := &netsim.Faults{Seed: 1, Rate: 1, Kinds: []netsim.Fault{tt.fault}}
					s := &netsim.Server{Handler: f.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if announced {
							http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
							return
						}
						for p := body; len(p) > 0; p = p[1000:] {
							w.Write(p[:1000])
						}
					}))}
					s.Start()
					defer s.Close()
					want := tt.want
					switch {
					case announced:
					case tt.fault == netsim.TooLong:
						want = "200 cut" // nothing was announced that could be wrong
					case tt.fault == netsim.WrongRange:
						want = "200 right" // the server knows no ranges
					}
					for i := range 10 {
						if got := ask(t, s, fmt.Sprintf("/%d", i), body); got == "" || !strings.Contains("/"+want+"/", "/"+got+"/") {
							t.Errorf("request %d: got %q, want %q", i, got, want)
						}
					}
					if f.Count() != 10 || len(f.Injected()) != 10 {
						t.Errorf("%d faults: %v", f.Count(), f.Injected())
					}
				})
			})
		}
	}
}

// TestFaults_Rate meets about as many faults as asked for, the same ones in another order, and others with another seed.
func TestFaults_Rate(t *testing.T) {
	run := func(seed uint64, backwards bool) map[string]bool {
		failed := map[string]bool{}
		synctest.Test(t, func(t *testing.T) {
			f := &netsim.Faults{Seed: seed, Rate: 0.05, Kinds: []netsim.Fault{netsim.NotFound}, Match: func(r *http.Request) bool { return r.URL.Path != "/never" }}
			s := &netsim.Server{Handler: f.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))}
			s.Start()
			defer s.Close()
			for i := range 1000 {
				if backwards {
					i = 999 - i
				}
				for try := range 2 {
					if got := ask(t, s, fmt.Sprintf("/%d", i), nil); got == "404" {
						failed[fmt.Sprint(i, " ", try)] = true
					}
				}
				if got := ask(t, s, "/never", nil); got != "200 right" {
					t.Errorf("what may not fail: %s", got)
				}
			}
		})
		return failed
	}
	a, b, c := run(1, false), run(1, true), run(2, false)
	if len(a) < 70 || len(a) > 130 {
		t.Errorf("%d of 2000 failed, want about 100", len(a))
	}
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("the order matters: %v, %v", a, b)
	}
	if fmt.Sprint(a) == fmt.Sprint(c) {
		t.Error("the seed does not matter")
	}
}
