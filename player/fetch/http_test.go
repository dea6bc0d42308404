package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/player/fetch"
)

func TestGet_Chunks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := content(3<<20 + 17)
		o := newOrigin(t, serve(data))
		var samples []fetch.Sample
		c := o.client(fetch.Config{Sample: func(s fetch.Sample) { samples = append(samples, s) }})
		r, err := c.Get(t.Context(), fetch.Request{URL: "http://h.example/v.mp4", Kind: fetch.Segment})
		if err != nil {
			t.Fatal(err)
		}
		if r.Length != int64(len(data)) || r.Total != r.Length || r.Status != 200 {
			t.Errorf("got length %d of %d, status %d", r.Length, r.Total, r.Status)
		}
		var chunks [][]byte
		for {
			b, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil || len(b) == 0 || len(b) > 256<<10 || cap(b) != len(b) {
				t.Fatalf("chunk of %d bytes, capacity %d, %v", len(b), cap(b), err)
			}
			chunks = append(chunks, b)
		}
		// Chunks belong to the caller: overwriting and growing each leaves the others alone.
		var got []byte
		for i, b := range chunks {
			got = append(got, b...)
			clear(b)
			chunks[i] = append(b, 0xff)
		}
		wantBytes(t, got, data, nil)
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("after the end: %v", err)
		}
		if len(samples) != 1 || samples[0].Bytes != int64(len(data)) || samples[0].Kind != fetch.Segment {
			t.Errorf("samples %+v", samples)
		}
		if s := c.Stats(); s != (fetch.Stats{Count: 1, Bytes: int64(len(data))}) {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestGet_KeepsConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrigin(t, serve(content(100<<10)))
		c := o.client(fetch.Config{})
		for range 5 {
			if _, _, err := get(c, "http://h.example/x", fetch.Segment, fetch.Range{Start: 10, End: 50 << 10}); err != nil {
				t.Fatal(err)
			}
		}
		if n := o.dialed.Load(); n != 1 {
			t.Errorf("%d connections for five requests, want 1", n)
		}
	})
}

func TestGet_Status(t *testing.T) {
	for _, tt := range []struct {
		name     string
		statuses []int
		after    string // Retry-After
		err      string // "" = succeeds in the end
		tries    int
		min, max time.Duration // virtual time it takes
	}{
		{"not found", []int{404}, "", "GET http://h.example/seg7.m4s: 404 Not Found", 1, 0, 0},
		{"forbidden", []int{403}, "", "403 Forbidden", 1, 0, 0},
		{"unknown status", []int{499}, "", "status 499", 1, 0, 0},
		{"no content", []int{204}, "", "unexpected answer: status 204 No Content", 1, 0, 0},
		{"once 500", []int{500, 200}, "", "", 2, 250 * time.Millisecond, 750 * time.Millisecond},
		{"twice 503", []int{503, 503, 200}, "", "", 3, 750 * time.Millisecond, 2250 * time.Millisecond},
		{"always 502", []int{502}, "", "502 Bad Gateway (4 attempts)", 4, 1750 * time.Millisecond, 5250 * time.Millisecond},
		{"500, then gone", []int{500, 410}, "", "410 Gone (2 attempts)", 2, 250 * time.Millisecond, 750 * time.Millisecond},
		{"request timeout", []int{408, 200}, "", "", 2, 250 * time.Millisecond, 750 * time.Millisecond},
		{"not implemented", []int{501}, "", "501 Not Implemented", 1, 0, 0},
		{"too many requests", []int{429, 200}, "7", "", 2, 7 * time.Second, 7 * time.Second},
		{"too many requests, for long", []int{429, 200}, "86400", "", 2, 30 * time.Second, 30 * time.Second},
		{"unavailable until", []int{503, 200}, "Sat, 01 Jan 2000 00:00:12 GMT", "", 2, 12 * time.Second, 12 * time.Second},
		{"unavailable until the past", []int{503, 200}, "Fri, 31 Dec 1999 00:00:00 GMT", "", 2, 0, 0},
		{"nonsense in Retry-After", []int{503, 200}, "soon", "", 2, 250 * time.Millisecond, 750 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
					status := tt.statuses[min(tries, len(tt.statuses)-1)]
					tries++
					if tt.after != "" {
						w.Header().Set("Retry-After", tt.after)
					}
					w.WriteHeader(status)
					if status == 200 {
						io.WriteString(w, "ok")
					}
				})
				c := o.client(fetch.Config{Seed: 5})
				start := time.Now()
				b, _, err := get(c, "http://h.example/seg7.m4s", fetch.Segment, fetch.Range{})
				if took := time.Since(start); took < tt.min || took > tt.max {
					t.Errorf("took %v, want %v to %v", took, tt.min, tt.max)
				}
				if tries != tt.tries {
					t.Errorf("%d tries, want %d", tries, tt.tries)
				}
				s := c.Stats()
				if s.Count != 1 || s.Retried != tt.tries-1 || s.Failed != map[bool]int{true: 0, false: 1}[tt.err == ""] {
					t.Errorf("stats %+v", s)
				}
				if n := len(c.Records()); n != tt.tries {
					t.Errorf("%d records, want one for each try", n)
				}
				if tt.err == "" {
					wantBytes(t, b, []byte("ok"), err)
					return
				}
				e := wantError(t, err, tt.err)
				if e.Missing() != (e.Status == 404 || e.Status == 410) || e.Attempt != tt.tries || e.Kind != fetch.Segment {
					t.Errorf("got %+v", e)
				}
			})
		})
	}
}

// cutting serves data but breaks the connection after limit bytes of each body.
func cutting(data []byte, limit int, ranges bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		from := 0
		if ranges {
			from, _, _ = parseRange(r.Header.Get("Range"), len(data))
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(data)-from))
		if ranges && r.Header.Get("Range") != "" {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
			w.WriteHeader(http.StatusPartialContent)
		}
		w.Write(data[from:min(from+limit, len(data))])
		if from+limit < len(data) {
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
	}
}

func TestGet_CutBody(t *testing.T) {
	data := content(2 << 20)
	for _, tt := range []struct {
		name    string
		handler func() http.HandlerFunc
		kind    fetch.Kind
		r       fetch.Range
		err     string
		tries   int
	}{
		{"continued by range", func() http.HandlerFunc { return cutting(data, 600<<10, true) }, fetch.Segment, fetch.Range{}, "", 4},
		{"gets on for ever so long", func() http.HandlerFunc { return cutting(data, 300<<10, true) }, fetch.Segment, fetch.Range{}, "", 7},
		{"continued inside a range", func() http.HandlerFunc { return cutting(data, 900<<10, true) }, fetch.Segment, fetch.Range{Start: 100 << 10}, "", 3},
		{"never gets on", func() http.HandlerFunc { return cutting(data, 1000, false) }, fetch.Segment, fetch.Range{}, "the body ended early: 1000 of 2097152 bytes (4 attempts)", 4},
		{"server without ranges, cut once", func() http.HandlerFunc {
			n := 0
			return func(w http.ResponseWriter, r *http.Request) {
				if n++; n == 1 {
					cutting(data, 700<<10, false)(w, r)
				}
				w.Header().Set("Content-Length", fmt.Sprint(len(data)))
				w.Write(data)
			}
		}, fetch.Segment, fetch.Range{}, "", 2},
		{"the resource changed meanwhile", func() http.HandlerFunc {
			n := 0
			return func(w http.ResponseWriter, r *http.Request) {
				n++
				w.Header().Set("Etag", fmt.Sprintf(`"%d"`, n))
				cutting(data, 700<<10, false)(w, r)
			}
		}, fetch.Segment, fetch.Range{}, "the resource changed while it was read (6 attempts)", 6},
		{"the resource changed once meanwhile", func() http.HandlerFunc {
			n := 0
			return func(w http.ResponseWriter, r *http.Request) {
				if n++; n == 1 {
					w.Header().Set("Content-Length", fmt.Sprint(len(data)+1))
					w.Write(data[1:])
					panic(http.ErrAbortHandler)
				}
				cutting(data, 700<<10, true)(w, r)
			}
		}, fetch.Segment, fetch.Range{}, "", 5},
		{"more announced than there is", func() http.HandlerFunc {
			n := 0
			return func(w http.ResponseWriter, r *http.Request) {
				if n++; n == 1 {
					w.Header().Set("Content-Length", fmt.Sprint(len(data)+1))
					w.Write(data)
					panic(http.ErrAbortHandler)
				}
				serve(data)(w, r)
			}
		}, fetch.Segment, fetch.Range{}, "", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOrigin(t, tt.handler())
				o.server.ErrorLog = quiet
				c := o.client(fetch.Config{})
				b, _, err := get(c, "http://h.example/seg.m4s", tt.kind, tt.r)
				if n := len(strings.Split(o.seen(), ", ")); n != tt.tries {
					t.Errorf("%d tries, want %d", n, tt.tries)
				}
				if tt.err != "" {
					wantError(t, err, tt.err)
					return
				}
				wantBytes(t, b, data[tt.r.Start:], err)
				if s := c.Stats(); s.Retried != tt.tries-1 || s.Bytes < int64(len(b)) {
					t.Errorf("stats %+v", s)
				}
			})
		})
	}
}

func TestGet_Stall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := content(1000)
		hang := true
		o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
			if !hang {
				serve(data)(w, r)
				return
			}
			hang = false
			w.Header().Set("Content-Length", "1000")
			w.Header().Set("Etag", `"v1"`)
			w.Write(data[:400])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})
		c := o.client(fetch.Config{})
		start := time.Now()
		b, _, err := get(c, "http://h.example/x", fetch.Segment, fetch.Range{})
		wantBytes(t, b, data, err)
		if took := time.Since(start); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("took %v, want the stall timeout of 5 s and a pause", took)
		}
		if s := o.seen(); s != "/x, /x 400-" {
			t.Errorf("requests: %s", s)
		}
		if rec := c.Records()[0]; rec.Err != "no data for 5s" || rec.Bytes != 400 {
			t.Errorf("record %+v", rec)
		}
	})
}

// TestGet_SlowIsNoStall has a server that sends little by little, then a consumer that takes its time.
func TestGet_SlowIsNoStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := content(500 << 10)
		o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
			for i := range 10 {
				w.Write(data[i*1000 : (i+1)*1000])
				w.(http.Flusher).Flush()
				time.Sleep(4 * time.Second)
			}
			w.Write(data[10000:])
		})
		c := o.client(fetch.Config{})
		r, err := c.Get(t.Context(), fetch.Request{URL: "http://h.example/x", Kind: fetch.Segment})
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for {
			b, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, b...)
			time.Sleep(time.Minute)
		}
		wantBytes(t, got, data, nil)
		if s := c.Stats(); s.Retried != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestGet_Timeouts(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  func(o *origin) fetch.Config
		err  string
		took time.Duration // without the pauses
		// there is no connection
		unreachable bool
	}{
		{"no connection", func(*origin) fetch.Config {
			return fetch.Config{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }}
		}, "no connection to h.example:80 within 10s (4 attempts)", 40 * time.Second, true},
		{"connection refused", func(*origin) fetch.Config {
			return fetch.Config{Dial: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
			}}
		}, "connection refused (4 attempts)", 0, true},
		{"no such host", func(*origin) fetch.Config {
			return fetch.Config{Dial: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.DNSError{Err: "no such host", Name: "h.example", IsNotFound: true}
			}}
		}, "no such host", 0, true},
		{"no answer", func(*origin) fetch.Config { return fetch.Config{} }, "timeout awaiting response headers (4 attempts)", 40 * time.Second, false},
		{"no answer, impatient", func(*origin) fetch.Config {
			return fetch.Config{FirstByteTimeout: time.Second, Attempts: 2, Backoff: time.Nanosecond}
		}, "timeout awaiting response headers (2 attempts)", 2 * time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
				c := o.client(tt.cfg(o))
				start := time.Now()
				_, _, err := get(c, "http://h.example/x", fetch.Segment, fetch.Range{})
				wantError(t, err, tt.err)
				var fe *fetch.Error
				if !errors.As(err, &fe) || fe.Unreachable() != tt.unreachable {
					t.Errorf("unreachable: got %v, want %v", !tt.unreachable, tt.unreachable)
				}
				if took := time.Since(start); took < tt.took || took > tt.took+6*time.Second {
					t.Errorf("took %v, want %v and the pauses", took, tt.took)
				}
			})
		})
	}
}

func TestGet_Cancelled(t *testing.T) {
	reason := errors.New("the user changed his mind")
	for _, where := range []string{"header", "body", "pause"} {
		t.Run(where, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
					switch where {
					case "pause":
						w.WriteHeader(503)
						return
					case "body":
						io.WriteString(w, "some")
						w.(http.Flusher).Flush()
					}
					<-r.Context().Done()
				})
				c := o.client(fetch.Config{Backoff: 4 * time.Second})
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Second, func() { cancel(reason) })
				start := time.Now()
				_, _, err := c.ReadAll(ctx, fetch.Request{URL: "http://h.example/x", Kind: fetch.Segment})
				if wantError(t, err, reason.Error()); !errors.Is(err, reason) || time.Since(start) != time.Second {
					t.Errorf("got %v after %v", err, time.Since(start))
				}
			})
		})
	}
}

func TestGet_CloseEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrigin(t, serve(content(1<<20)))
		o.server.ErrorLog = quiet
		c := o.client(fetch.Config{})
		r, err := c.Get(t.Context(), fetch.Request{URL: "http://h.example/x", Kind: fetch.Segment})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(r.Close(), r.Close()); err != nil {
			t.Fatal(err)
		}
		if b, err := r.Next(); err == nil || err == io.EOF {
			t.Errorf("Next after Close: %d bytes, %v", len(b), err)
		}
		if s := c.Stats(); s.Failed != 0 || s.Count != 1 || s.Bytes == 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestGet_Redirects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var auth []string
		o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
			auth = append(auth, r.Host+" "+r.Header.Get("Authorization"))
			var n int
			switch {
			case r.URL.Path == "/loop":
				http.Redirect(w, r, "/loop", http.StatusFound)
			case r.URL.Path == "/file":
				http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
			case r.URL.Path == "/away":
				http.Redirect(w, r, "http://other.example/dir/end", http.StatusTemporaryRedirect)
			default:
				if _, err := fmt.Sscanf(r.URL.Path, "/hop/%d", &n); err == nil && n > 0 {
					http.Redirect(w, r, fmt.Sprintf("/hop/%d", n-1), http.StatusMovedPermanently)
					return
				}
				io.WriteString(w, "end")
			}
		})
		c := o.client(fetch.Config{})
		b, r, err := get(c, "http://h.example/hop/10", fetch.Manifest, fetch.Range{})
		if wantBytes(t, b, []byte("end"), err); r.URL != "http://h.example/hop/0" {
			t.Errorf("final URL %s", r.URL)
		}
		o.seen()
		_, _, err = get(c, "http://h.example/hop/11", fetch.Manifest, fetch.Range{})
		if wantError(t, err, "more than 10 redirects"); !errors.Is(err, fetch.ErrRedirects) {
			t.Errorf("got %v", err)
		}
		if n := len(strings.Split(o.seen(), ", ")); n != 11 {
			t.Errorf("%d requests for eleven hops, want 11 and no retry", n)
		}
		_, _, err = get(c, "http://h.example/loop", fetch.Manifest, fetch.Range{})
		wantError(t, err, "GET http://h.example/loop: more than 10 redirects")
		_, _, err = get(c, "http://h.example/file", fetch.Manifest, fetch.Range{})
		wantError(t, err, `a redirect to scheme "file"`)

		auth = nil
		b, r, err = get(c, "http://user:pass@h.example/away", fetch.Manifest, fetch.Range{})
		if wantBytes(t, b, []byte("end"), err); r.URL != "http://other.example/dir/end" {
			t.Errorf("final URL %s", r.URL)
		}
		if got := strings.Join(auth, ", "); got != "h.example Basic dXNlcjpwYXNz, other.example " {
			t.Errorf("credentials went to: %s", got)
		}
	})
}

func TestGet_Credentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
			if u, p, _ := r.BasicAuth(); u != "user" || p != "s3cret" {
				w.WriteHeader(401)
				return
			}
			w.WriteHeader(404)
		})
		c := o.client(fetch.Config{})
		_, _, err := get(c, "http://user:s3cret@h.example/a@b?c=d@e", fetch.Manifest, fetch.Range{})
		wantError(t, err, "GET http://h.example/a@b?c=d@e: 404 Not Found")
		c2 := o.client(fetch.Config{Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("refused") }, Attempts: 1})
		_, _, err = get(c2, "http://user:s3cret@h.example/", fetch.Manifest, fetch.Range{})
		wantError(t, err, "refused")
		_, _, err = get(c, "http://user:s3cret@h.example/\x01", fetch.Manifest, fetch.Range{})
		wantError(t, err, "invalid control character")
		for _, text := range append([]string{err.Error()}, fmt.Sprint(c.Records()), fmt.Sprint(c2.Records())) {
			if strings.Contains(text, "s3cret") {
				t.Errorf("the password is shown: %s", text)
			}
		}
	})
}

func TestGet_Headers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got http.Header
		o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header })
		c := o.client(fetch.Config{UserAgent: "test/1", Header: http.Header{"x-token": {"abc"}}})
		if _, _, err := c.ReadAll(t.Context(), fetch.Request{URL: "http://h.example/", Kind: fetch.Key, Header: http.Header{"Accept": {"a/b"}}}); err != nil {
			t.Fatal(err)
		}
		if got.Get("User-Agent") != "test/1" || got.Get("X-Token") != "abc" || got.Get("Accept") != "a/b" || got.Get("Accept-Encoding") != "identity" || got.Get("Range") != "" {
			t.Errorf("header %v", got)
		}
		c = o.client(fetch.Config{})
		if _, _, err := get(c, "http://h.example/", fetch.Manifest, fetch.Range{}); err != nil {
			t.Fatal(err)
		}
		if got.Get("User-Agent") != "mseplayer" || got.Get("Accept-Encoding") != "gzip" {
			t.Errorf("header %v", got)
		}
	})
}

func TestGet_Cookies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
			got = append(got, r.Host+r.URL.Path+" "+fmt.Sprint(len(r.Header.Get("Cookie"))))
			if r.URL.Path == "/m.mpd" {
				http.SetCookie(w, &http.Cookie{Name: "token", Value: "abc"})
			}
			if n, err := strconv.Atoi(r.URL.Path[1:]); err == nil {
				http.SetCookie(w, &http.Cookie{Name: fmt.Sprint("c", n), Value: strings.Repeat("x", 4000)})
			}
		})
		c := o.client(fetch.Config{})
		for _, u := range []string{"http://a.example/m.mpd", "http://a.example/seg", "http://b.example/seg"} {
			if _, _, err := get(c, u, fetch.Segment, fetch.Range{}); err != nil {
				t.Fatal(err)
			}
		}
		if s := strings.Join(got, ", "); s != "a.example/m.mpd 0, a.example/seg 9, b.example/seg 0" {
			t.Errorf("lengths of the cookies sent: %s", s)
		}
		got = nil
		for n := range 300 { // each host gets one cookie, and the jar is full before the last one
			if _, _, err := get(c, fmt.Sprintf("http://h%d.example/%d", n, n), fetch.Segment, fetch.Range{}); err != nil {
				t.Fatal(err)
			}
		}
		got = nil
		for _, n := range []int{0, 200, 299} {
			if _, _, err := get(c, fmt.Sprintf("http://h%d.example/x", n), fetch.Segment, fetch.Range{}); err != nil {
				t.Fatal(err)
			}
		}
		if s := strings.Join(got, ", "); s != "h0.example/x 4003, h200.example/x 4005, h299.example/x 0" {
			t.Errorf("lengths of the cookies sent: %s", s)
		}
	})
}

func TestGet_Ranges(t *testing.T) {
	data := content(1000)
	answer := func(status int, contentRange string, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if contentRange != "" {
				w.Header().Set("Content-Range", contentRange)
			}
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			w.WriteHeader(status)
			w.Write(body)
		}
	}
	chunked := func(w http.ResponseWriter, _ *http.Request) {
		w.Write(data[:300])
		w.(http.Flusher).Flush()
		w.Write(data[300:])
	}
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		r       fetch.Range
		want    []byte
		total   int64
		err     string
	}{
		{"inside", serve(data), fetch.Range{Start: 100, End: 200}, data[100:200], 1000, ""},
		{"to the end", serve(data), fetch.Range{Start: 900}, data[900:], 1000, ""},
		{"first byte", serve(data), fetch.Range{End: 1}, data[:1], 1000, ""},
		{"beyond the end", serve(data), fetch.Range{Start: 900, End: 2000}, data[900:], 1000, ""},
		{"behind the end", serve(data), fetch.Range{Start: 1000, End: 2000}, nil, 0, "416 Requested Range Not Satisfiable"},
		{"unknown total", answer(206, "bytes 10-19/*", data[10:20]), fetch.Range{Start: 10, End: 20}, data[10:20], -1, ""},
		{"ignored", answer(200, "", data), fetch.Range{Start: 100, End: 200}, data[100:200], 1000, ""},
		{"ignored, to the end", answer(200, "", data), fetch.Range{Start: 100}, data[100:], 1000, ""},
		{"ignored, beyond the end", answer(200, "", data), fetch.Range{Start: 900, End: 2000}, data[900:], 1000, ""},
		{"ignored, behind the end", answer(200, "", data), fetch.Range{Start: 1000, End: 1001}, nil, 0, "416"},
		{"ignored, chunked", chunked, fetch.Range{Start: 100, End: 400}, data[100:400], -1, ""},
		{"ignored, chunked, to the end", chunked, fetch.Range{Start: 100}, data[100:], -1, ""},
		{"ignored, chunked, behind the end", chunked, fetch.Range{Start: 1001}, nil, 0, "416"},
		{"ignored, too far", answer(200, "", data), fetch.Range{Start: 1 << 30}, nil, 0, "does not know ranges, and byte 1073741824 is too far"},
		{"another one", answer(206, "bytes 0-99/1000", data[:100]), fetch.Range{Start: 100, End: 200}, nil, 0, "wrong range: asked for bytes 100-199, got 0-99 of 1000"},
		{"too little", answer(206, "bytes 100-149/1000", data[100:150]), fetch.Range{Start: 100, End: 200}, nil, 0, "wrong range"},
		{"too much", answer(206, "bytes 100-249/1000", data[100:250]), fetch.Range{Start: 100, End: 200}, nil, 0, "wrong range"},
		{"length disagrees", answer(206, "bytes 100-199/1000", data[100:150]), fetch.Range{Start: 100, End: 200}, nil, 0, "wrong range: 50 bytes for 100-199"},
		{"no Content-Range", answer(206, "", data[100:200]), fetch.Range{Start: 100, End: 200}, nil, 0, `wrong range: Content-Range ""`},
		{"broken Content-Range", answer(206, "bytes 100-/x", data[100:200]), fetch.Range{Start: 100, End: 200}, nil, 0, "wrong range"},
		{"multipart", answer(206, "", []byte("--x")), fetch.Range{Start: 100, End: 200}, nil, 0, "wrong range"},
		{"206 to no range", answer(206, "bytes 0-999/1000", data), fetch.Range{}, nil, 0, "unexpected answer: status 206"},
		{"impossible", serve(data), fetch.Range{Start: 5, End: 5}, nil, 0, "impossible byte range [5,5)"},
		{"negative", serve(data), fetch.Range{Start: -1}, nil, 0, "impossible byte range"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOrigin(t, tt.handler)
				o.server.ErrorLog = quiet
				c := o.client(fetch.Config{})
				b, r, err := get(c, "http://h.example/x", fetch.Segment, tt.r)
				if tt.err != "" {
					if e := wantError(t, err, tt.err); tt.err[0] == '4' && e.Status != 416 {
						t.Errorf("status %d", e.Status)
					}
					if s := c.Stats(); s.Retried != 0 {
						t.Errorf("retried: %+v", s)
					}
					return
				}
				wantBytes(t, b, tt.want, err)
				if r.Total != tt.total || r.Length >= 0 && r.Length != int64(len(b)) {
					t.Errorf("length %d, total %d; want total %d", r.Length, r.Total, tt.total)
				}
			})
		})
	}
}

func TestGet_Compression(t *testing.T) {
	pack := func(n int) []byte { return gzipped(make([]byte, n)) }
	for _, tt := range []struct {
		name, encoding string
		body           []byte
		kind           fetch.Kind
		want           int
		err            string
	}{
		{"manifest", "gzip", pack(100 << 10), fetch.Manifest, 100 << 10, ""},
		{"segment that nobody asked for compressed", "gzip", pack(100), fetch.Segment, 100, ""},
		{"bomb", "gzip", pack(1 << 20), fetch.Key, 0, "larger than accepted: more than 65536 bytes for a key"},
		{"no gzip", "gzip", []byte("hello, this is no gzip"), fetch.Manifest, 0, "content encoding gzip"},
		{"cut", "gzip", pack(1 << 20)[:500], fetch.Manifest, 0, "the body ended early"},
		{"unknown", "br", []byte("x"), fetch.Manifest, 0, `content encoding "br" is not handled`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Encoding", tt.encoding)
					w.Write(tt.body)
				})
				o.server.ErrorLog = quiet
				b, _, err := get(o.client(fetch.Config{}), "http://h.example/x", tt.kind, fetch.Range{})
				if tt.err != "" {
					wantError(t, err, tt.err)
					return
				}
				wantBytes(t, b, make([]byte, tt.want), err)
			})
		})
	}
}

func TestGet_SizeLimits(t *testing.T) {
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		err     string
	}{
		{"declared", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "65537")
			w.Write(make([]byte, 65537))
		},
			"larger than accepted: 65537 bytes, at most 65536 for a key"},
		{"not declared", func(w http.ResponseWriter, r *http.Request) {
			for range 100 {
				w.Write(make([]byte, 10<<10))
				w.(http.Flusher).Flush()
			}
		}, "larger than accepted: more than 65536 bytes for a key"},
		{"exactly", func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 65536)) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOrigin(t, tt.handler)
				o.server.ErrorLog = quiet
				c := o.client(fetch.Config{})
				b, _, err := get(c, "http://h.example/x", fetch.Key, fetch.Range{})
				if tt.err == "" {
					wantBytes(t, b, make([]byte, 65536), err)
					return
				}
				if wantError(t, err, tt.err); !errors.Is(err, fetch.ErrTooLarge) || c.Stats().Retried != 0 {
					t.Errorf("got %v, %+v", err, c.Stats())
				}
			})
		})
	}
}

func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := content(1 << 20)
		o := newOrigin(t, serve(data))
		var sample fetch.Sample
		c := o.client(fetch.Config{Throttle: 8 << 20, Sample: func(s fetch.Sample) { sample = s }}) // 1 MiB a second
		start := time.Now()
		b, _, err := get(c, "http://h.example/x", fetch.Segment, fetch.Range{})
		wantBytes(t, b, data, err)
		if took := time.Since(start); took < 990*time.Millisecond || took > 1010*time.Millisecond {
			t.Errorf("took %v, want 1 s", took)
		}
		if sample.Duration < 990*time.Millisecond {
			t.Errorf("the sample does not see the throttle: %+v", sample)
		}
		// Two at once share the rate.
		c = o.client(fetch.Config{Throttle: 8 << 20})
		start = time.Now()
		done := make(chan error, 2)
		for range 2 {
			go func() { _, _, err := get(c, "http://h.example/x", fetch.Segment, fetch.Range{}); done <- err }()
		}
		if err := errors.Join(<-done, <-done); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 1990*time.Millisecond || took > 2010*time.Millisecond {
			t.Errorf("two took %v, want 2 s", took)
		}
	})
}

func TestRecords_Bounded(t *testing.T) {
	c, err := fetch.New(fetch.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 700 {
		if _, _, err := get(c, fmt.Sprintf("data:,%d", i), fetch.Text, fetch.Range{}); err != nil {
			t.Fatal(err)
		}
	}
	recs := c.Records()
	if len(recs) != 512 || recs[0].Bytes != 3 || c.Stats().Count != 700 {
		t.Errorf("%d records, stats %+v", len(recs), c.Stats())
	}
	for i := 1; i < len(recs); i++ {
		if recs[i].Start.Before(recs[i-1].Start) {
			t.Fatalf("record %d is out of order", i)
		}
	}
}
