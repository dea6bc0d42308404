package fetch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"mseplayer/player/fetch"
)

// fileURL writes a file and returns its URL.
func fileURL(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	u, err := fetch.SourceURL(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func newClient(t *testing.T, cfg fetch.Config) *fetch.Client {
	t.Helper()
	c, err := fetch.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestLocal(t *testing.T) {
	data := content(600 << 10)
	file := fileURL(t, "a b%41?c.mp4", data)
	dir := file[:strings.LastIndex(file, "/")]
	plain := fileURL(t, "plain.mp4", data[:100])
	mounts := map[string]fs.FS{"demo": fstest.MapFS{"x/v.mp4": {Data: data}}}
	c := newClient(t, fetch.Config{Mounts: mounts, Stdin: bytes.NewReader(data)})
	for _, tt := range []struct {
		name, url string
		r         fetch.Range
		want      []byte
		err       string
	}{
		{"file", file, fetch.Range{}, data, ""},
		{"file, inside", file, fetch.Range{Start: 1000, End: 300 << 10}, data[1000 : 300<<10], ""},
		{"file, beyond the end", file, fetch.Range{Start: 500 << 10, End: 900 << 10}, data[500<<10:], ""},
		{"file, behind the end", file, fetch.Range{Start: 600 << 10}, nil, "416 Requested Range Not Satisfiable"},
		{"file on localhost", strings.Replace(plain, "file://", "file://localhost", 1), fetch.Range{}, data[:100], ""},
		{"file with a query", plain + "?token=1", fetch.Range{}, data[:100], ""},
		{"file whose name looks like a query", dir + "/a%20b%2541?c.mp4", fetch.Range{}, data, ""},
		{"file with a capital scheme", strings.Replace(plain, "file:", "FILE:", 1), fetch.Range{}, data[:100], ""},
		{"missing file", plain + ".not", fetch.Range{}, nil, "no such file or directory"},
		{"missing file with a query", plain + ".not?a=%zz", fetch.Range{}, nil, "no such file or directory"},
		{"directory", dir, fetch.Range{}, nil, "it is a directory"},
		{"file of another host", "file://host/x", fetch.Range{}, nil, "on another host"},
		{"mount", "demo:/x/v.mp4", fetch.Range{}, data, ""},
		{"mount, opaque", "demo:x/v.mp4", fetch.Range{Start: 5, End: 9}, data[5:9], ""},
		{"mount, upwards", "demo:/../../x/./v.mp4", fetch.Range{}, data, ""},
		{"mount, missing", "demo:/y", fetch.Range{}, nil, "file does not exist"},
		{"mount, directory", "demo:/x", fetch.Range{}, nil, "it is a directory"},
		{"stdin", "stdin:", fetch.Range{Start: 10, End: 20}, data[10:20], ""},
		{"stdin again", "stdin:", fetch.Range{}, data, ""},
		{"stdin from the middle", "stdin:", fetch.Range{Start: 400 << 10}, data[400<<10:], ""},
		{"data", "data:video/mp4;base64,aGVsbG8=", fetch.Range{}, []byte("hello"), ""},
		{"data with spaces", "data:;base64,aGVs bG8", fetch.Range{}, []byte("hello"), ""},
		{"data, escaped", "data:,a%20b", fetch.Range{Start: 1}, []byte(" b"), ""},
		{"data, empty", "data:,", fetch.Range{}, nil, ""},
		{"data without comma", "data:hello", fetch.Range{}, nil, "without a comma"},
		{"data, broken base64", "data:;base64,***", fetch.Range{}, nil, "broken base64"},
		{"data, broken escape", "data:,%zz", fetch.Range{}, nil, "escape"},
		{"data, too long", "data:," + strings.Repeat("a", 2<<20), fetch.Range{}, nil, "larger than accepted"},
		{"no scheme", "/etc/passwd", fetch.Range{}, nil, "has no scheme"},
		{"unknown scheme", "ftp://h.example/x", fetch.Range{}, nil, `scheme "ftp" is not handled`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, r, err := get(c, tt.url, fetch.Segment, tt.r)
			if tt.err != "" {
				e := wantError(t, err, tt.err)
				if e.Missing() != (strings.Contains(tt.err, "no such") || strings.Contains(tt.err, "not exist")) || (e.Status == 416) != (tt.err[0] == '4') {
					t.Errorf("got %+v", e)
				}
				if len(err.Error()) > 300 {
					t.Errorf("the message has %d bytes", len(err.Error()))
				}
				return
			}
			wantBytes(t, b, tt.want, err)
			if r.Length >= 0 && r.Length != int64(len(b)) || r.Status != 0 {
				t.Errorf("response %+v", r)
			}
		})
	}
	r, err := c.Get(t.Context(), fetch.Request{URL: file, Kind: fetch.Media})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, sizes, err := drain(r); err != nil || len(sizes) != 3 || sizes[0] != 256<<10 {
		t.Errorf("chunks of a file: %v, %v", sizes, err)
	}
	if _, _, err := get(c, file, fetch.Key, fetch.Range{}); !errors.Is(err, fetch.ErrTooLarge) {
		t.Errorf("a key of 600 KiB: %v", err)
	}
}

// TestLocal_Origin pins who may reach what is on this machine.
func TestLocal_Origin(t *testing.T) {
	file := fileURL(t, "x", []byte("x"))
	c := newClient(t, fetch.Config{Mounts: map[string]fs.FS{"demo": fstest.MapFS{"x": {Data: []byte("x")}}}, Stdin: strings.NewReader("x")})
	for _, tt := range []struct {
		origin, url string
		ok          bool
	}{
		{"", file, true},
		{file, file, true},
		{"demo:/m.mpd", file, false},
		{"http://h.example/m.mpd", file, false},
		{"HTTPS://h.example/m.mpd", file, false},
		{"data:,x", file, false},
		{"http://h.example/m.mpd", "demo:/x", false},
		{"demo:/m.mpd", "demo:/x", true},
		{file, "demo:/x", true},
		{"http://h.example/m.mpd", "stdin:", false},
		{"", "stdin:", true},
		{"http://h.example/m.mpd", "data:,x", true},
	} {
		b, _, err := c.ReadAll(t.Context(), fetch.Request{URL: tt.url, Origin: tt.origin, Kind: fetch.Segment})
		if tt.ok {
			wantBytes(t, b, []byte("x"), err)
			continue
		}
		wantError(t, err, "may not reach")
	}
}

// TestLocal_Pipe reads a named pipe when the user asks for it, and refuses when a document does.
func TestLocal_Pipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	data := content(300 << 10)
	fed := make(chan bool)
	feed := func() {
		defer func() { fed <- true }()
		w, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil {
			_, err = w.Write(data)
			err = errors.Join(err, w.Close())
		}
		if err != nil {
			t.Error(err)
		}
	}
	c := newClient(t, fetch.Config{})
	u := "file://" + path
	_, _, err := c.ReadAll(t.Context(), fetch.Request{URL: u, Origin: u, Kind: fetch.Segment})
	wantError(t, err, "no regular file")
	go feed()
	b, _, err := get(c, u, fetch.Segment, fetch.Range{Start: 100})
	wantBytes(t, b, data[100:], err)
	<-fed
	go feed()
	f, size, err := c.OpenSeekable(t.Context(), u)
	if err != nil || size != -1 {
		t.Fatal(size, err)
	}
	defer f.Close()
	first, err := io.ReadAll(f)
	wantBytes(t, first, data, err)
	<-fed
	if _, err := f.Seek(5, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	again, err := io.ReadAll(f)
	wantBytes(t, again, data[5:], err)
}

func TestSourceURL(t *testing.T) {
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"-":                    "stdin:",
		"http://h.example/a b": "http://h.example/a b",
		"HTTPS://h.example":    "HTTPS://h.example",
		"file:///x":            "file:///x",
		"demo:v.mpd":           "demo:v.mpd",
		"/a b/c%20?d#e.mpd":    "file:///a%20b/c%2520%3Fd%23e.mpd",
		"/dir/":                "file:///dir/",
		"x.mpd":                "file://" + wd + "/x.mpd",
		"c:d.mpd":              "file://" + wd + "/c:d.mpd",
	} {
		got, err := fetch.SourceURL(in, map[string]fs.FS{"demo": nil})
		if err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", in, got, err, want)
			continue
		}
		if u, err := url.Parse(got); err != nil || u.Scheme == "file" && in[0] == '/' && u.Path != in {
			t.Errorf("%s: the URL %s has path %q, %v", in, got, u.Path, err)
		}
	}
}

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"https://user:pass@h.example/a@b?c=d": "https://h.example/a@b?c=d",
		"http://user@h.example":               "http://h.example",
		"http://a:b@c@h.example/x":            "http://h.example/x",
		"http://h.example?x=a@b":              "http://h.example?x=a@b",
		"file:///a@b":                         "file:///a@b",
		"data:video/mp4;base64,AAAA":          "data:video/mp4;base64,…",
		"stdin:":                              "stdin:",
		"nothing":                             "nothing",
		"http://user:p/ss@h.example/":         "http://user:p/ss@h.example/", // the host is "user:p", as for every other parser
	} {
		if got := fetch.Redact(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

// TestTLS uses real sockets: certificates, and HTTP/2.
func TestTLS(t *testing.T) {
	data := content(700 << 10)
	var proto string
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proto = r.Proto
		serve(data)(w, r)
	}))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = quiet
	s.StartTLS()
	defer s.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	pem := certificatePEM(s.Certificate().Raw)
	if err := os.WriteFile(ca, pem, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []fetch.Config{{CAFile: ca}, {Insecure: true}} {
		c := newClient(t, cfg)
		b, r, err := get(c, s.URL+"/x", fetch.Segment, fetch.Range{Start: 10})
		if wantBytes(t, b, data[10:], err); proto != "HTTP/2.0" || r.Status != 206 {
			t.Errorf("%s, status %d", proto, r.Status)
		}
	}
	c := newClient(t, fetch.Config{})
	_, _, err := get(c, s.URL+"/x", fetch.Segment, fetch.Range{})
	if e := wantError(t, err, "certificate"); e.Attempt != 1 {
		t.Errorf("a bad certificate was retried: %v", err)
	}
	_, _, err = get(c, strings.Replace(s.URL, "https:", "http:", 1), fetch.Segment, fetch.Range{})
	wantError(t, err, "400 Bad Request")
	for file, msg := range map[string]string{ca + ".not": "no such file", fileURL(t, "empty.pem", nil)[len("file://"):]: "no certificate in it"} {
		if _, err := fetch.New(fetch.Config{CAFile: file}); err == nil || !strings.Contains(err.Error(), msg) || !strings.Contains(err.Error(), file) {
			t.Errorf("CA file %s: %v", file, err)
		}
	}
}

// readerAt is what OpenSeekable gives besides.
type readerAt interface {
	io.ReadSeekCloser
	io.ReaderAt
}

// TestOpenSeekable reads at random positions and compares with the same done on memory.
func TestOpenSeekable(t *testing.T) {
	data := content(5<<20 + 12345)
	noRanges := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		w.Write(data)
	}
	unknownTotal := func(w http.ResponseWriter, r *http.Request) {
		from, to, ok := parseRange(r.Header.Get("Range"), len(data))
		if !ok {
			w.WriteHeader(416)
			return
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/*", from, to-1))
		w.WriteHeader(206)
		w.Write(data[from:to])
	}
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		size    int64
	}{
		{"ranges", serve(data), int64(len(data))},
		{"no ranges", noRanges, int64(len(data))},
		{"unknown size", unknownTotal, -1},
		{"no ranges, unknown size", func(w http.ResponseWriter, _ *http.Request) { w.Write(data) }, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOrigin(t, tt.handler)
				o.server.ErrorLog = quiet
				c := o.client(fetch.Config{})
				f, size, err := c.OpenSeekable(t.Context(), "http://h.example/v.mkv")
				if err != nil || size != tt.size {
					t.Fatalf("size %d, %v", size, err)
				}
				if all, err := io.ReadAll(f); err != nil || !bytes.Equal(all, data) {
					t.Fatalf("read on from the beginning: %d bytes of %d, %v", len(all), len(data), err)
				}
				compare(t, f.(readerAt), data, 40)
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
				if _, err := f.Read(make([]byte, 1)); err == nil || err == io.EOF {
					t.Errorf("Read after Close: %v", err)
				}
			})
		})
	}
}

// compare reads f in many ways and expects what data says.
func compare(t *testing.T, f readerAt, data []byte, n int) {
	t.Helper()
	const seed = 7
	rnd := rand.New(rand.NewPCG(seed, seed))
	want := bytes.NewReader(data)
	for range n {
		off, size := rnd.Int64N(int64(len(data))+1000), 1+rnd.IntN(600<<10)
		if rnd.IntN(2) == 0 { // read on
			size = 1 + rnd.IntN(10<<10)
			off = -1
		}
		a, b := make([]byte, size), make([]byte, size)
		if off >= 0 && rnd.IntN(2) == 0 {
			na, erra := f.ReadAt(a, off)
			nb, errb := want.ReadAt(b, off)
			if na != nb || (erra == io.EOF) != (errb == io.EOF) || !bytes.Equal(a[:na], b[:nb]) {
				t.Fatalf("ReadAt(%d, %d): got %d, %v; want %d, %v", size, off, na, erra, nb, errb)
			}
			continue
		}
		if off >= 0 {
			if _, err := f.Seek(off, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			want.Seek(off, io.SeekStart)
		}
		na, erra := io.ReadFull(f, a)
		nb, errb := io.ReadFull(want, b)
		if na != nb || !errors.Is(erra, errb) || !bytes.Equal(a[:na], b[:nb]) {
			t.Fatalf("read %d from %d: got %d, %v; want %d, %v", size, off, na, erra, nb, errb)
		}
	}
}

// TestOpenSeekable_Requests pins how many requests typical reading takes.
func TestOpenSeekable_Requests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := content(30 << 20)
		o := newOrigin(t, serve(data))
		o.server.ErrorLog = quiet
		c := o.client(fetch.Config{})
		f, _, err := c.OpenSeekable(t.Context(), "http://h.example/v.mp4")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		at := func(off int64, n int, whence int) {
			t.Helper()
			_, err := f.Seek(off, whence)
			if err == nil {
				_, err = io.ReadFull(f, make([]byte, n))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		at(0, 100, io.SeekStart)             // the head
		at(-1000, 1000, io.SeekEnd)          // the tail, with the index
		at(100, 1000, io.SeekStart)          // back: still in memory
		at(300<<10, 100, io.SeekStart)       // on: the second block
		at(1<<20+5, 100, io.SeekStart)       // a little ahead: read over
		at(29<<20+800<<10, 10, io.SeekStart) // the tail's block is in memory
		if got, want := o.seen(), "/v.mp4 0-1048575, /v.mp4 31195136-32243711, /v.mp4 262144-1310719"; got != want {
			t.Errorf("requests\n got %s\nwant %s", got, want)
		}
		at(2<<20, 18<<20, io.SeekStart) // read on for long: the windows grow
		if got, want := o.seen(), "/v.mp4 1310720-3407871, /v.mp4 3407872-7602175, /v.mp4 7602176-15990783, /v.mp4 15990784-24379391"; got != want {
			t.Errorf("requests\n got %s\nwant %s", got, want)
		}
	})
}

func TestOpenSeekable_Odd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		version := 1
		data := content(3 << 20)
		o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/empty":
				serve(nil)(w, r)
			case "/chunked":
				w.Write(data[:1000])
				w.(http.Flusher).Flush()
				w.Write(data[1000:2000])
			case "/changing":
				w.Header().Set("Etag", fmt.Sprint(version))
				from, to, _ := parseRange(r.Header.Get("Range"), len(data))
				w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(data)))
				w.WriteHeader(206)
				w.Write(data[from:to])
			default:
				w.WriteHeader(404)
			}
		})
		o.server.ErrorLog = quiet
		c := o.client(fetch.Config{})
		f, size, err := c.OpenSeekable(t.Context(), "http://h.example/empty")
		if err != nil || size != 0 {
			t.Fatalf("empty: size %d, %v", size, err)
		}
		if n, err := f.Read(make([]byte, 10)); n != 0 || err != io.EOF {
			t.Errorf("empty: %d, %v", n, err)
		}
		f.Close()

		f, size, err = c.OpenSeekable(t.Context(), "http://h.example/chunked")
		if err != nil || size != -1 {
			t.Fatalf("chunked: size %d, %v", size, err)
		}
		if _, err := f.Seek(0, io.SeekEnd); err == nil {
			t.Error("seek from an unknown end")
		}
		b, err := io.ReadAll(f)
		wantBytes(t, b, data[:2000], err)
		f.Close()

		f, _, err = c.OpenSeekable(t.Context(), "http://h.example/changing")
		if err != nil {
			t.Fatal(err)
		}
		version = 2
		f.Seek(2<<20, io.SeekStart)
		if _, err := f.Read(make([]byte, 10)); !errors.Is(err, fetch.ErrChanged) {
			t.Errorf("changing: %v", err)
		}
		if _, err := f.Seek(-1, io.SeekStart); err == nil {
			t.Error("seek before the beginning")
		}
		if _, err := f.Seek(0, 9); err == nil {
			t.Error("seek with an impossible whence")
		}
		f.Close()

		_, _, err = c.OpenSeekable(t.Context(), "http://u:p@h.example/none")
		wantError(t, err, "GET http://h.example/none: 404 Not Found")
		_, _, err = c.OpenSeekable(t.Context(), "nope:x")
		wantError(t, err, `scheme "nope"`)
		_, _, err = c.OpenSeekable(t.Context(), "stdin:")
		wantError(t, err, "no standard input")

		ctx, cancel := context.WithCancelCause(t.Context())
		f, _, err = c.OpenSeekable(ctx, "http://h.example/changing")
		if err != nil {
			t.Fatal(err)
		}
		gone := errors.New("closing down")
		cancel(gone)
		f.Seek(2<<20, io.SeekStart)
		if _, err := f.Read(make([]byte, 10)); !errors.Is(err, gone) {
			t.Errorf("cancelled: %v", err)
		}
		f.Close()
	})
}

func TestOpenSeekable_Local(t *testing.T) {
	data := content(1 << 20)
	file := fileURL(t, "v.mp4", data)
	c := newClient(t, fetch.Config{Stdin: &slowReader{data: data}, Mounts: map[string]fs.FS{"demo": fstest.MapFS{"v": {Data: data}}, "bare": bareFS{data}}})
	for u, wantSize := range map[string]int64{file: 1 << 20, "demo:/v": 1 << 20, "bare:/v": 1 << 20, "stdin:": -1, "data:,abc": 3} {
		t.Run(u[:4], func(t *testing.T) {
			f, size, err := c.OpenSeekable(t.Context(), u)
			if err != nil || size != wantSize {
				t.Fatalf("size %d, %v", size, err)
			}
			want := data
			if u == "data:,abc" {
				want = []byte("abc")
			}
			compare(t, f.(readerAt), want, 50)
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
	if _, _, err := c.OpenSeekable(t.Context(), file+".not"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}

// slowReader hands out odd little portions.
type slowReader struct {
	data []byte
	n    int
}

func (s *slowReader) Read(p []byte) (int, error) {
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	s.n = (s.n*31 + 977) % 9973
	n := copy(p, s.data[:min(len(s.data), s.n+1)])
	s.data = s.data[n:]
	return n, nil
}

// bareFS is a file system whose files can only be read.
type bareFS struct{ data []byte }

func (b bareFS) Open(string) (fs.File, error) {
	return bareFile{bytes.NewReader(b.data), int64(len(b.data))}, nil
}

type bareFile struct {
	r    io.Reader
	size int64
}

func (f bareFile) Read(p []byte) (int, error) { return f.r.Read(p) }
func (f bareFile) Close() error               { return nil }
func (f bareFile) Stat() (fs.FileInfo, error) { return bareInfo{f.size}, nil }

type bareInfo struct{ size int64 }

func (i bareInfo) Name() string     { return "v" }
func (i bareInfo) Size() int64      { return i.size }
func (bareInfo) Mode() fs.FileMode  { return 0o444 }
func (bareInfo) ModTime() time.Time { return time.Time{} }
func (bareInfo) IsDir() bool        { return false }
func (bareInfo) Sys() any           { return nil }

// TestStdin_Silent: reading from standard input that says nothing more ends with its context, and what has come can be read
// again afterwards.
func TestStdin_Silent(t *testing.T) {
	in, out := io.Pipe()
	c := newClient(t, fetch.Config{Stdin: in})
	go out.Write([]byte("first"))
	ctx, cancel := context.WithCancel(t.Context())
	f, _, err := c.OpenSeekable(ctx, fetch.StdinURL)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 10)
	if n, err := f.Read(buf); n != 5 || err != nil {
		t.Fatalf("read %d, %v", n, err)
	}
	ended := make(chan error)
	go func() {
		_, err := f.Read(buf)
		ended <- err
	}()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	again, _, err := c.OpenSeekable(t.Context(), fetch.StdinURL)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		out.Write([]byte("second"))
		out.Close()
	}()
	if b, err := io.ReadAll(again); string(b) != "firstsecond" || err != nil {
		t.Errorf("read %q, %v", b, err)
	}
}
