package fetch_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/player/fetch"
)

// rawDial connects to a server that reads a request's header and then runs script. It counts what the client took.
func rawDial(script func(w io.Writer), taken *atomic.Int64) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			if _, err := http.ReadRequest(bufio.NewReader(there)); err != nil {
				return
			}
			script(writerFunc(func(p []byte) (int, error) {
				n, err := there.Write(p)
				taken.Add(int64(n))
				return n, err
			}))
		}()
		return here, nil
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// forever writes head and then s again and again, with pauses, until the client is gone.
func forever(head, s string, pause time.Duration) func(io.Writer) {
	return func(w io.Writer) {
		_, err := io.WriteString(w, head)
		for err == nil {
			if pause > 0 {
				time.Sleep(pause)
			}
			_, err = io.WriteString(w, s)
		}
	}
}

// once writes s and closes.
func once(s string) func(io.Writer) {
	return func(w io.Writer) { _, _ = io.WriteString(w, s) } // the client may be gone
}

// TestHostile meets servers that want to hold the client up, fill its memory or confuse it.
func TestHostile(t *testing.T) {
	const (
		ok    = "HTTP/1.1 200 OK\r\n"
		plain = ok + "\r\n"
		chunk = ok + "Transfer-Encoding: chunked\r\n\r\n"
		gz    = ok + "Content-Encoding: gzip\r\n\r\n"
		part  = "HTTP/1.1 206 Partial Content\r\n"
		limit = 16 << 20 // of a manifest
	)
	whole, some := fetch.Range{}, fetch.Range{Start: 10, End: 20}
	kilo := strings.Repeat("x", 1024)
	empty, million := string(gzipped(nil)), string(gzipped(make([]byte, 1<<20)))
	for _, tt := range []struct {
		name   string
		script func(io.Writer)
		r      fetch.Range
		err    string
		took   time.Duration // at most
		taken  int64         // bytes at most
	}{
		{"endless header", forever(ok, "X-Field: "+kilo+"\r\n", 0), whole, "headers exceeded", 10 * time.Second, 4 << 20},
		{"endless field", forever(ok+"X-Field: ", kilo, 0), whole, "headers exceeded", 10 * time.Second, 4 << 20},
		{"endless status", forever("HTTP/1.1 200 ", kilo, 0), whole, "headers exceeded", 10 * time.Second, 4 << 20},
		{"endless greeting", forever("", "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n", 0), whole, "headers exceeded", 10 * time.Second, 4 << 20},
		{"endless body", forever(plain, kilo, 0), whole, "larger than accepted: more than 16777216 bytes for a manifest", 0, limit + 1<<20},
		{"endless body in chunks", forever(chunk, "400\r\n"+kilo+"\r\n", 0), whole, "larger than accepted", 0, limit + 1<<20},
		{"huge body", forever(ok+"Content-Length: 9000000000000000000\r\n\r\n", kilo, 0), whole, "larger than accepted: 9000000000000000000 bytes", 0, 1 << 20},
		{"endless length of a chunk", forever(chunk, "0", 0), whole, "too long", 10 * time.Second, 1 << 20},
		{"endless extension of a chunk", forever(chunk+"5;x=", kilo, 0), whole, "too long", 10 * time.Second, 1 << 20},
		{"tiny chunks with long extensions", forever(chunk, "1;"+kilo+"\r\nx\r\n", 0), whole, "chunked encoding contains too much non-data", 10 * time.Second, 1 << 20},
		{"endless trailer", forever(chunk+"1\r\nx\r\n0\r\nX-A: ", kilo, 0), whole, "suspiciously long trailer", 10 * time.Second, 1 << 20},
		{"header in drops", forever(ok, "x", 4*time.Second), whole, "timeout awaiting response headers (4 attempts)", time.Minute, 1 << 10},
		{"body in drops", forever(ok+"Content-Length: 1000000\r\n\r\n", "x", 4*time.Second), whole, "no data worth waiting for: 8 bytes in 32s (4 attempts)", 3 * time.Minute, 1 << 10},
		{"body in drops, no length", forever(plain, "x", 4*time.Second), whole, "no data worth waiting for", 3 * time.Minute, 1 << 10},
		{"no http", once("<html>hello\r\n\r\n"), whole, "malformed HTTP", 10 * time.Second, 1 << 10},
		{"nothing", once(""), whole, "EOF (4 attempts)", 10 * time.Second, 0},
		{"a long line", once(strings.Repeat("\x00\n\xff", 50) + strings.Repeat("y", 100_000) + "\r\n"), whole, "malformed HTTP", 10 * time.Second, 1 << 20},
		{"much on one line", once("HTTP/1.1 " + strings.Repeat("y", 100_000) + "\r\n\r\n"), whole, "malformed HTTP status code", 10 * time.Second, 1 << 20},
		{"a tls alert", once("\x15\x03\x01\x00\x02\x02\x28"), whole, "malformed HTTP", 10 * time.Second, 1 << 10},
		{"lengths that disagree", once(ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), whole, "Content-Length", 10 * time.Second, 1 << 10},
		{"length that is none", once(ok + "Content-Length: -5\r\n\r\nhello!"), whole, "bad Content-Length", 10 * time.Second, 1 << 10},
		{"encoding that is none", once(ok + "Transfer-Encoding: magic\r\n\r\nhello!"), whole, "transfer encoding", 10 * time.Second, 1 << 10},
		{"another protocol", once("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"), whole, "101 Switching Protocols", 0, 1 << 10},
		{"error with an endless body", forever("HTTP/1.1 404 Not Found\r\n\r\n", kilo, 0), whole, "404 Not Found", 0, 1 << 20},
		{"redirect with an endless body", forever("HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n", kilo, 0), whole, "more than 10 redirects", 0, 4 << 20},
		{"redirect to nowhere", once("HTTP/1.1 302 Found\r\n\r\n"), whole, "302 Found", 0, 1 << 10},
		{"redirect to a broken place", once("HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n"), whole, "Location", 10 * time.Second, 1 << 10},
		{"redirect to a file", once("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n"), whole, `a redirect to scheme "file"`, 0, 1 << 10},
		{"redirect to data", once("HTTP/1.1 302 Found\r\nLocation: data:,x\r\n\r\n"), whole, `a redirect to scheme "data"`, 0, 1 << 10},
		{"gzip that swells", forever(gz, million, 0), whole, "larger than accepted: more than 16777216 bytes for a manifest", 0, 1 << 20},
		{"gzip that holds nothing", forever(gz, empty, 0), whole, "larger than accepted: more than 16777216 bytes, compressed", 0, limit + 1<<20},
		{"gzip with an endless name", forever(gz+"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff", kilo, 0), whole, "content encoding gzip", 0, 1 << 20},
		{"brotli", once(ok + "Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx"), whole, `content encoding "br" is not handled`, 0, 1 << 10},
		{"zstd", once(ok + "Content-Encoding: zstd\r\nContent-Length: 1\r\n\r\nx"), whole, `content encoding "zstd" is not handled`, 0, 1 << 10},
		{"part of what was asked for as a whole", forever(part+"Content-Range: bytes 0-9/99\r\n\r\n", kilo, 0), whole, "unexpected answer: status 206", 0, 1 << 20},
		{"another part", forever(part+"Content-Range: bytes 0-9/99\r\n\r\n", kilo, 0), some, "wrong range: asked for bytes 10-19, got 0-9 of 99", 0, 1 << 20},
		{"part of a huge number", once(part + "Content-Range: bytes 10-99999999999999999999999/*\r\n\r\n"), some, "wrong range: Content-Range", 0, 1 << 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var taken atomic.Int64
				c, err := fetch.New(fetch.Config{Dial: rawDial(tt.script, &taken)})
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				b, _, err := get(c, "http://h.example/m", fetch.Manifest, tt.r)
				wantError(t, err, tt.err)
				if took := time.Since(start); took > tt.took || len(err.Error()) > 500 || strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) {
					t.Errorf("took %v, %d bytes of %q", took, len(b), err)
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
				time.Sleep(10 * time.Second) // until the server has noticed
				if taken.Load() > tt.taken {
					t.Errorf("it took %d bytes, want at most %d", taken.Load(), tt.taken)
				}
			})
		})
	}
}

// TestHostile_RangeEnds takes no more than a range of a body without end.
func TestHostile_RangeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var taken atomic.Int64
		c, err := fetch.New(fetch.Config{Dial: rawDial(forever("HTTP/1.1 200 OK\r\n\r\n", "0123456789", 0), &taken)})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		b, _, err := get(c, "http://h.example/m", fetch.Media, fetch.Range{Start: 100_001, End: 100_011})
		wantBytes(t, b, []byte("1234567890"), err)
		if taken.Load() > 1<<20 {
			t.Errorf("it took %d bytes", taken.Load())
		}
	})
}

// TestGet_Slow: a body that is merely slow arrives.
func TestGet_Slow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := content(20_000)
		o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(data)))
			for i := 0; i < len(data); i += 200 { // 50 bytes a second
				time.Sleep(4 * time.Second)
				w.Write(data[i : i+200])
				w.(http.Flusher).Flush()
			}
		})
		c := o.client(fetch.Config{})
		b, _, err := get(c, "http://h.example/x", fetch.Segment, fetch.Range{})
		wantBytes(t, b, data, err)
		if s := c.Stats(); s.Retried != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestRedirect_InTheOpen: what was said to a server in secret is not repeated where others can read it. The server speaks
// HTTP/2.
func TestRedirect_InTheOpen(t *testing.T) {
	var got []string
	note := func(r *http.Request) { got = append(got, fmt.Sprintf("%s %q", r.Proto, r.Header.Get("Authorization"))) }
	open := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { note(r) }))
	defer open.Close()
	secret := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(r)
		if r.URL.Path == "/2" {
			http.Redirect(w, r, open.URL, http.StatusFound)
			return
		}
		http.Redirect(w, r, "/2", http.StatusFound)
	}))
	secret.EnableHTTP2 = true
	secret.StartTLS()
	defer secret.Close()
	c := newClient(t, fetch.Config{Insecure: true, Header: http.Header{"Authorization": {"Bearer x"}}})
	if _, _, err := get(c, secret.URL+"/1", fetch.Segment, fetch.Range{}); err != nil {
		t.Fatal(err)
	}
	if s := strings.Join(got, ", "); s != `HTTP/2.0 "Bearer x", HTTP/2.0 "Bearer x", HTTP/1.1 ""` {
		t.Errorf("got %s", s)
	}
}
