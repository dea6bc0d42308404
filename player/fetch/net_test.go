package fetch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mseplayer/player/fetch"
)

// origin is an HTTP server behind in-memory connections, so that it can live in a synctest bubble.
type origin struct {
	t       *testing.T
	conns   chan net.Conn
	done    chan struct{}
	dialed  atomic.Int32
	server  *http.Server
	clients []*fetch.Client

	mu       sync.Mutex
	requests []string // "path range"
}

// newOrigin starts a server; it and all clients end with the test.
func newOrigin(t *testing.T, handler http.HandlerFunc) *origin {
	t.Helper()
	o := &origin{t: t, conns: make(chan net.Conn), done: make(chan struct{})}
	o.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.requests = append(o.requests, strings.TrimSpace(r.URL.Path+" "+strings.TrimPrefix(r.Header.Get("Range"), "bytes=")))
		o.mu.Unlock()
		handler(w, r)
	})}
	go o.server.Serve(o) //nolint:errcheck // it always returns ErrServerClosed
	t.Cleanup(func() {
		for _, c := range o.clients {
			if err := c.Close(); err != nil {
				t.Errorf("client: %v", err)
			}
		}
		o.server.Close()
	})
	return o
}

func (o *origin) Accept() (net.Conn, error) {
	select {
	case c := <-o.conns:
		return c, nil
	case <-o.done:
		return nil, net.ErrClosed
	}
}

func (o *origin) Close() error {
	select {
	case <-o.done:
	default:
		close(o.done)
	}
	return nil
}

func (o *origin) Addr() net.Addr { return &net.TCPAddr{} }

func (o *origin) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	o.dialed.Add(1)
	here, there := net.Pipe()
	select {
	case o.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// client makes a client that reaches the origin under any host name.
func (o *origin) client(cfg fetch.Config) *fetch.Client {
	o.t.Helper()
	if cfg.Dial == nil {
		cfg.Dial = o.dial
	}
	c, err := fetch.New(cfg)
	if err != nil {
		o.t.Fatal(err)
	}
	o.clients = append(o.clients, c)
	return c
}

// seen returns the requests so far and forgets them.
func (o *origin) seen() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := strings.Join(o.requests, ", ")
	o.requests = nil
	return s
}

// content returns n bytes that tell their position.
func content(n int) []byte {
	b := make([]byte, 0, n+4)
	for i := 0; len(b) < n; i += 4 {
		b = binary.BigEndian.AppendUint32(b, uint32(i))
	}
	return b[:n]
}

// serve serves data with ranges.
func serve(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"v1"`)
		from, to, ok := parseRange(r.Header.Get("Range"), len(data))
		switch {
		case !ok:
			w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", len(data)))
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		case r.Header.Get("Range") == "":
			w.Header().Set("Content-Length", fmt.Sprint(len(data)))
			w.Write(data)
		default:
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(data)))
			w.Header().Set("Content-Length", fmt.Sprint(to-from))
			w.WriteHeader(http.StatusPartialContent)
			w.Write(data[from:to])
		}
	}
}

func parseRange(s string, size int) (from, to int, ok bool) {
	if s == "" {
		return 0, size, true
	}
	to = size - 1
	if n, _ := fmt.Sscanf(s, "bytes=%d-%d", &from, &to); n == 0 || from >= size {
		return 0, 0, false
	}
	return from, min(to+1, size), true
}

// get reads a whole answer.
func get(c *fetch.Client, url string, kind fetch.Kind, r fetch.Range) ([]byte, *fetch.Response, error) {
	return c.ReadAll(context.Background(), fetch.Request{URL: url, Kind: kind, Range: r})
}

// wantBytes fails when got is not the wanted content.
func wantBytes(t *testing.T, got, want []byte, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Fatalf("got %d bytes, want %d; they differ from byte %d on", len(got), len(want), at)
	}
}

// wantError fails when err is no fetch error with the text, or is longer than a line.
func wantError(t *testing.T, err error, text string) *fetch.Error {
	t.Helper()
	var e *fetch.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a fetch error with %q", err, text)
	}
	if !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "GET ") {
		t.Fatalf("got %q, want one line with %q", err, text)
	}
	return e
}

// drain reads chunks to the end and returns their sizes.
func drain(r *fetch.Response) (data []byte, sizes []int, err error) {
	for {
		b, err := r.Next()
		if err == io.EOF {
			return data, sizes, nil
		}
		if err != nil {
			return data, sizes, err
		}
		data = append(data, b...)
		sizes = append(sizes, len(b))
	}
}

// gzipped compresses data.
func gzipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}
