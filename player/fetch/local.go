package fetch

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
)

// StdinURL names standard input.
const StdinURL = "stdin:"

// SourceURL makes a URL of what a user typed: "-" is standard input, what has a known scheme stays, everything else
// is a path.
func SourceURL(source string, mounts map[string]fs.FS) (string, error) {
	if source == "-" {
		return StdinURL, nil
	}
	if scheme, _, ok := strings.Cut(source, ":"); ok {
		scheme = strings.ToLower(scheme)
		_, mounted := mounts[scheme]
		if mounted || scheme == "http" || scheme == "https" || scheme == "file" || scheme == "data" {
			return source, nil
		}
	}
	abs, err := filepath.Abs(source)
	if err != nil {
		return "", fmt.Errorf("fetch: %s: %w", source, err)
	}
	p := filepath.ToSlash(abs)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // a drive letter
	}
	if strings.HasSuffix(source, "/") && p != "/" {
		p += "/"
	}
	return (&url.URL{Scheme: "file", Path: p}).String(), nil
}

// openFile serves a local file.
func (r *Response) openFile(u *url.URL) error {
	f, size, err := openPath(u, r.req.Origin)
	if err != nil {
		return err
	}
	return r.openSeeker(f, size)
}

// openPath opens the local file that a URL names and returns its size, -1 for what has none, such as a pipe. A name
// with a question mark in it is not always a query: when the file without it does not exist, the one with it is
// tried.
func openPath(u *url.URL, origin string) (*os.File, int64, error) {
	if u.Host != "" && u.Host != "localhost" {
		return nil, 0, fmt.Errorf("the file is on another host, %q", u.Host)
	}
	name := u.Path
	if name == "" {
		name = u.Opaque
	}
	info, err := os.Stat(filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) && u.RawQuery != "" {
		query, qerr := url.PathUnescape(u.RawQuery)
		if qerr != nil {
			query = u.RawQuery
		}
		if i, err2 := os.Stat(filepath.FromSlash(name + "?" + query)); err2 == nil {
			name, info, err = name+"?"+query, i, nil
		}
	}
	if err != nil {
		return nil, 0, pathCause(err)
	}
	if info.IsDir() {
		return nil, 0, errors.New("it is a directory")
	}
	if origin != "" && !info.Mode().IsRegular() {
		return nil, 0, errors.New("it is no regular file") // opening a pipe would block, reading a device never ends
	}
	f, err := os.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, 0, pathCause(err)
	}
	if !info.Mode().IsRegular() {
		return f, -1, nil
	}
	return f, info.Size(), nil
}

// openMount serves a file of a built-in file system.
func (r *Response) openMount(mount fs.FS, u *url.URL) error {
	f, size, err := openIn(mount, u)
	if err != nil {
		return err
	}
	return r.openSeeker(f, size)
}

// openIn opens a file of a file system and returns its size.
func openIn(mount fs.FS, u *url.URL) (fs.File, int64, error) {
	name := u.Path
	if name == "" {
		name = u.Opaque
	}
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	f, err := mount.Open(name)
	if err != nil {
		return nil, 0, pathCause(err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("it is a directory")
	}
	if err != nil {
		f.Close()
		return nil, 0, pathCause(err)
	}
	return f, info.Size(), nil
}

// openSeeker serves the range of the request from an open file of the given size, -1 for unknown. It owns f.
func (r *Response) openSeeker(f fs.File, size int64) error {
	r.Total = size
	r.body = f
	if info, err := f.Stat(); err == nil {
		r.Modified = info.ModTime()
	}
	want := r.req.Range
	if size >= 0 && want.Start >= size && want.Start > 0 {
		f.Close()
		return &statusError{code: http.StatusRequestedRangeNotSatisfiable, total: size}
	}
	if want.Start > 0 {
		var err error
		if s, ok := f.(io.Seeker); ok && size >= 0 {
			_, err = s.Seek(want.Start, io.SeekStart)
		} else {
			_, err = io.CopyN(io.Discard, f, want.Start)
		}
		if err != nil {
			f.Close()
			return pathCause(err)
		}
	}
	if size >= 0 {
		end := size
		if want.End != 0 {
			end = min(end, want.End)
		}
		r.Length = end - want.Start
	} else if want.End != 0 {
		r.body = &limitedBody{io.LimitReader(f, want.End-want.Start), f}
	}
	if limit := r.req.Kind.MaxBytes(); limit > 0 && r.Length > limit {
		f.Close()
		return fmt.Errorf("%w: %d bytes, at most %d for a %s", ErrTooLarge, r.Length, limit, r.req.Kind)
	}
	return nil
}

// pathCause strips the path from an error of the file system: the URL is said already.
func pathCause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// openData serves the content of a data URL. RFC 2397.
func (r *Response) openData() error {
	if len(r.req.URL) > maxDataURLBytes {
		return fmt.Errorf("%w: a data URL of %d bytes, at most %d", ErrTooLarge, len(r.req.URL), maxDataURLBytes)
	}
	_, rest, _ := strings.Cut(r.req.URL, ":")
	head, content, ok := strings.Cut(rest, ",")
	if !ok {
		return errors.New("a data URL without a comma")
	}
	data, err := url.PathUnescape(content)
	if err != nil {
		return errors.New("a data URL with a broken escape")
	}
	typ, base64ed := strings.CutSuffix(head, ";base64")
	if base64ed {
		data = strings.Map(func(c rune) rune {
			if strings.ContainsRune(" \t\r\n=", c) {
				return -1
			}
			return c
		}, data)
		b, err := base64.RawStdEncoding.DecodeString(data)
		if err != nil {
			return errors.New("a data URL with broken base64")
		}
		data = string(b)
	}
	r.Type = typ
	f := &memFile{Reader: strings.NewReader(data)}
	return r.openSeeker(f, int64(len(data)))
}

// memFile is content in memory.
type memFile struct{ *strings.Reader }

func (memFile) Close() error               { return nil }
func (memFile) Stat() (fs.FileInfo, error) { return nil, errors.ErrUnsupported }

// openStdin serves standard input, from its beginning however often it is asked for.
func (r *Response) openStdin() error {
	s := r.c.stdin
	if s == nil {
		return errors.New("there is no standard input")
	}
	return r.openSeeker(&spoolFile{ctx: r.ctx, s: s}, -1)
}

// spool keeps what has been read of a stream in a temporary file, so that it can be read again from any position.
type spool struct {
	src io.Reader // immutable, but for the one goroutine that reads

	mu sync.Mutex
	// guarded by mu
	file *os.File
	size int64         // bytes in file
	err  error         // what ended src
	more chan struct{} // closed when the read that is going on ends; nil for none
}

// maxSpoolBytes bounds the temporary file.
const maxSpoolBytes = 16 << 30

// ReadAt reads like io.ReaderAt, but returns as soon as any byte is there. It blocks on the stream as long as p
// begins behind what has arrived, until ctx ends.
func (s *spool) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.size <= off && s.err == nil {
		if s.more == nil {
			s.more = make(chan struct{})
			go s.read()
		}
		more := s.more
		s.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
		}
		s.mu.Lock()
		if err := ctx.Err(); err != nil && s.size <= off {
			return 0, err
		}
	}
	if off >= s.size {
		return 0, s.err
	}
	return s.file.ReadAt(p[:min(int64(len(p)), s.size-off)], off)
}

// reader returns ReadAt within ctx.
func (s *spool) reader(ctx context.Context) func([]byte, int64) (int, error) {
	return func(p []byte, off int64) (int, error) { return s.ReadAt(ctx, p, off) }
}

// read keeps the next bytes of the stream. Nothing can interrupt it, so nobody waits for it who does not need them.
func (s *spool) read() {
	buf := make([]byte, maxChunkBytes)
	n, err := s.src.Read(buf)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return // closed meanwhile
	}
	close(s.more)
	s.more = nil
	if s.file == nil {
		if s.file, s.err = os.CreateTemp("", "mseplayer-stdin-*"); s.err != nil {
			return
		}
		os.Remove(s.file.Name()) // it lives on until it is closed, where the system allows that
	}
	if s.size+int64(n) > maxSpoolBytes {
		n, err = 0, fmt.Errorf("%w: more than %d bytes on standard input", ErrTooLarge, int64(maxSpoolBytes))
	}
	if _, werr := s.file.WriteAt(buf[:n], s.size); werr != nil {
		n, err = 0, pathCause(werr)
	}
	s.size += int64(n)
	s.err = err
}

func (s *spool) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = errClosed
	}
	if s.more != nil {
		close(s.more)
		s.more = nil
	}
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file, s.size = nil, 0
	err := f.Close()
	os.Remove(f.Name()) // for systems that did not let go of it while it was open
	return err
}

// spoolFile reads a spool from its beginning.
type spoolFile struct {
	ctx context.Context // of the Response
	s   *spool
	off int64
}

func (f *spoolFile) Read(p []byte) (int, error) {
	n, err := f.s.ReadAt(f.ctx, p, f.off)
	f.off += int64(n)
	return n, err
}

func (f *spoolFile) Close() error               { return nil }
func (f *spoolFile) Stat() (fs.FileInfo, error) { return nil, errors.ErrUnsupported }
