package fetch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/player/fetch"
	"mseplayer/player/playertest/netsim"
)

// through asks for many things over a network with faults, wholes and ranges by turns, and returns how many came right,
// and the lists of errors and of faults. What comes must be right, as long as no damage was done that nobody can see.
func through(t *testing.T, f *netsim.Faults, requests int) (right int, failed []string, faults string) {
	t.Helper()
	const size = 300_000
	data := content(size)
	s := &netsim.Server{Handler: f.Wrap(serve(data))}
	s.Start()
	defer s.Close()
	c, err := fetch.New(fetch.Config{Dial: s.Dial, Seed: 1, StallTimeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range requests {
		url, want := fmt.Sprintf("/seg%d", i), data
		r := fetch.Range{}
		if i%2 == 1 {
			r = fetch.Range{Start: int64(1000 + i), End: int64(200_000 + i)}
			want = data[r.Start:r.End]
		}
		start := time.Now()
		got, _, err := get(c, "http://h.example"+url, fetch.Segment, r)
		if took := time.Since(start); took > 3*time.Minute {
			t.Errorf("%s took %v", url, took)
		}
		if err != nil {
			wantError(t, err, "http://h.example"+url+": ")
			failed = append(failed, err.Error())
			continue
		}
		if damage(got, want) == 0 {
			right++
			continue
		}
		flips, short := 0, false
		for _, x := range f.Injected() {
			if x.URL == url {
				short = short || x.Fault == netsim.TooShort
				if x.Fault == netsim.Flipped {
					flips += 8
				}
			}
		}
		if n := damage(got, want); !(flips > 0 && n > 0 && n <= flips || short && bytes.HasPrefix(want, got)) {
			t.Errorf("%s: %d of %d bytes are right only up to %d, without a fault that explains it", url, len(got), len(want), n)
		}
	}
	var b strings.Builder
	for _, x := range f.Injected() {
		fmt.Fprintln(&b, x)
	}
	return right, failed, b.String()
}

// damage counts the bytes that are wrong, -1 for a wrong length.
func damage(got, want []byte) int {
	if len(got) != len(want) {
		return -1
	}
	n := 0
	for i := range got {
		if got[i] != want[i] {
			n++
		}
	}
	return n
}

// TestFaults_Each meets each fault alone.
func TestFaults_Each(t *testing.T) {
	const requests = 120
	for _, tt := range []struct {
		fault netsim.Fault
		// cured: a further try succeeds; hidden: nobody can see the fault in a whole.
		cured, hidden bool
		err           string
	}{
		{netsim.NotFound, false, false, "404 Not Found"},
		{netsim.ServerError, true, false, ""},
		{netsim.Lost, true, false, ""},
		{netsim.Silent, true, false, ""},
		{netsim.Cut, true, false, ""},
		{netsim.Stalled, true, false, ""},
		{netsim.Slow, true, false, ""},
		{netsim.Flipped, false, true, ""},
		{netsim.Loop, false, false, "more than 10 redirects"},
		{netsim.WrongRange, false, false, ""},
		{netsim.TooLong, true, false, ""},
		{netsim.TooShort, false, true, "wrong range"},
	} {
		for _, rate := range []float64{0.05, 0.3} {
			t.Run(fmt.Sprintf("%s %g", tt.fault, rate), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := &netsim.Faults{Seed: 7, Rate: rate, Kinds: []netsim.Fault{tt.fault}}
					right, failed, faults := through(t, f, requests)
					t.Logf("%d faults; of %d requests %d right, %d failed", f.Count(), requests, right, len(failed))
					if f.Count() == 0 {
						t.Fatal("there was no fault")
					}
					for _, e := range failed {
						if !strings.Contains(e, tt.err) {
							t.Errorf("got %q, want %q", e, tt.err)
						}
					}
					switch wrong := requests - right - len(failed); {
					case !tt.hidden && wrong != 0:
						t.Errorf("%d came damaged", wrong)
					case tt.hidden && wrong == 0:
						t.Error("nothing came damaged")
					case tt.cured && rate < 0.1 && len(failed) > 0:
						t.Errorf("failed: %q", failed)
					case !tt.cured && !tt.hidden && len(failed) != f.Count():
						t.Errorf("%d faults, %d errors\n%s%q", f.Count(), len(failed), faults, failed)
					}
				})
			})
		}
	}
}

// TestFaults_Mixed meets all faults, and the same ones again.
func TestFaults_Mixed(t *testing.T) {
	const requests = 400
	for _, tt := range []struct {
		rate  float64
		right int // at least
	}{{0.05, 380}, {0.3, 260}} {
		t.Run(fmt.Sprint(tt.rate), func(t *testing.T) {
			var before string
			for run := range 2 {
				synctest.Test(t, func(t *testing.T) {
					f := &netsim.Faults{Seed: 3, Rate: tt.rate}
					right, failed, faults := through(t, f, requests)
					t.Logf("%d faults; of %d requests %d right, %d failed", f.Count(), requests, right, len(failed))
					if right < tt.right {
						t.Errorf("only %d of %d came right:\n%s", right, requests, strings.Join(failed, "\n"))
					}
					if run > 0 && faults != before {
						t.Errorf("the faults were others the second time:\n%s\nbefore:\n%s", faults, before)
					}
					before = faults
				})
			}
		})
	}
}

// TestFaults_Manifest sees faults in a compressed document of unknown length: damage shows.
func TestFaults_Manifest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := bytes.Repeat([]byte("<S d=\"96\"/>\n"), 5000)
		packed := gzipped(text)
		f := &netsim.Faults{Seed: 5, Rate: 0.3, Kinds: []netsim.Fault{netsim.Cut, netsim.Flipped, netsim.TooLong, netsim.TooShort, netsim.Lost, netsim.ServerError}}
		s := &netsim.Server{Handler: f.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Length", fmt.Sprint(len(packed)))
			w.Write(packed)
		}))}
		s.Start()
		defer s.Close()
		c, err := fetch.New(fetch.Config{Dial: s.Dial})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		failed := 0
		for i := range 200 {
			got, _, err := get(c, fmt.Sprintf("http://h.example/m%d.mpd", i), fetch.Manifest, fetch.Range{})
			if err != nil {
				wantError(t, err, fmt.Sprintf("/m%d.mpd: ", i))
				failed++
			} else if !bytes.Equal(got, text) {
				t.Errorf("m%d.mpd came damaged: %d of %d bytes", i, len(got), len(text))
			}
		}
		t.Logf("%d faults, %d failed", f.Count(), failed)
	})
}

// TestFaults_Cancelled ends requests while all goes wrong.
func TestFaults_Cancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &netsim.Faults{Seed: 9, Rate: 1, Kinds: []netsim.Fault{netsim.Silent, netsim.Stalled, netsim.Slow, netsim.ServerError}}
		s := &netsim.Server{Handler: f.Wrap(serve(content(100_000)))}
		s.Start()
		defer s.Close()
		c, err := fetch.New(fetch.Config{Dial: s.Dial})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		gone := errors.New("gone")
		for i := range 50 {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Duration(i)*100*time.Millisecond, gone)
			start := time.Now()
			_, _, err := c.ReadAll(ctx, fetch.Request{URL: fmt.Sprintf("http://h.example/%d", i), Kind: fetch.Segment})
			cancel()
			if err != nil && !errors.Is(err, gone) {
				t.Errorf("%d: got %v, want the cause", i, err)
			}
			if took := time.Since(start); took > time.Duration(i)*100*time.Millisecond {
				t.Errorf("%d: returned after %v", i, took)
			}
		}
	})
}

// TestNext_NothingTwice: who takes chunks as they come gets no byte twice, and is told when there are no more of the same.
func TestNext_NothingTwice(t *testing.T) {
	data := content(2 << 20)
	packed := gzipped(content(1 << 20))
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		want    error
	}{
		{"changed", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"`+r.Header.Get("Range")+`"`)
			cutting(data, 700<<10, false)(w, r)
		}, fetch.ErrChanged},
		{"compressed", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			cutting(packed, len(packed)-100, false)(w, r)
		}, fetch.ErrShort},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOrigin(t, tt.handler)
				o.server.ErrorLog = quiet
				r, err := o.client(fetch.Config{}).Get(t.Context(), fetch.Request{URL: "http://h.example/x", Kind: fetch.Manifest})
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				got, _, err := drain(r)
				if !errors.Is(err, tt.want) || len(got) == 0 || !bytes.HasPrefix(data, got) {
					t.Errorf("got %d bytes and %v, want %v", len(got), err, tt.want)
				}
			})
		})
	}
}
