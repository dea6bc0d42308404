package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// How a remote file is read.
const (
	blockBytes = 256 << 10
	maxBlocks  = 32             // kept in memory
	minWindow  = 1 << 20        // one range request, after a jump
	maxWindow  = 8 << 20        // one range request, in the middle of reading on
	maxForward = 4 * blockBytes // read and thrown away rather than asked for anew
)

// OpenSeekable opens a resource for reading at any position and returns its size in bytes, -1 when unknown. The result
// also implements io.ReaderAt. Over HTTP it reads in blocks, through range requests that grow up to 8 MiB as reading
// goes on, and keeps the last blocks; a server that does not know ranges is read from its beginning, which makes
// going back expensive. Standard input is kept in a temporary file. ctx bounds all reading over the network and of streams.
func (c *Client) OpenSeekable(ctx context.Context, source string) (io.ReadSeekCloser, int64, error) {
	f, size, err := c.openSeekable(ctx, source)
	if err == nil {
		return f, size, nil
	}
	var e *Error
	if !errors.As(err, &e) {
		err = &Error{URL: Redact(source), Kind: Media, Attempt: 1, Err: err}
	}
	return nil, 0, err
}

func (c *Client) openSeekable(ctx context.Context, source string) (io.ReadSeekCloser, int64, error) {
	u, err := url.Parse(source)
	if err != nil {
		return nil, 0, cause(err)
	}
	scheme := strings.ToLower(u.Scheme)
	mount, mounted := c.cfg.Mounts[scheme]
	switch {
	case scheme == "http" || scheme == "https":
		return c.openRemote(ctx, source)
	case scheme == "stdin" && c.stdin != nil:
		return &File{at: c.stdin.reader(ctx), size: -1}, -1, nil
	case scheme == "file":
		f, size, err := openPath(u, "")
		if err != nil {
			return nil, 0, err
		}
		if size < 0 {
			s := &spool{src: f}
			return &File{at: s.reader(ctx), size: -1, close: func() error { return errors.Join(s.close(), f.Close()) }}, -1, nil
		}
		return f, size, nil
	case mounted:
		f, size, err := openIn(mount, u)
		if err != nil {
			return nil, 0, err
		}
		if s, ok := f.(io.ReadSeekCloser); ok {
			return s, size, nil
		}
		f.Close()
	}
	data, _, err := c.ReadAll(ctx, Request{URL: source, Kind: Segment})
	if err != nil {
		return nil, 0, err
	}
	return &File{at: bytes.NewReader(data).ReadAt, size: int64(len(data))}, int64(len(data)), nil
}

// File reads a resource at any position. It implements io.ReadSeekCloser and io.ReaderAt.
type File struct {
	at    func(p []byte, off int64) (int, error) // immutable
	close func() error                           // immutable, may be nil
	url   string                                 // immutable

	mu sync.Mutex
	// guarded by mu
	size int64 // -1 until known
	off  int64
}

// URL is where a remote resource came from, after redirects, "" for any other. It may hold credentials.
func (f *File) URL() string { return f.url }

// Read reads on from the current position.
func (f *File) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	n, err := f.at(p, f.off)
	f.off += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// ReadAt reads len(p) bytes from off, without moving the current position.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("fetch: read at position %d", off)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for n < len(p) {
		m, err := f.at(p[n:], off+int64(n))
		n += m
		if err != nil && (err != io.EOF || n < len(p)) {
			return n, err
		}
	}
	return n, nil
}

// Seek sets the position of the next Read. Seeking from the end needs a known size.
func (f *File) Seek(off int64, whence int) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		off += f.off
	case io.SeekEnd:
		if f.size < 0 {
			return 0, errors.New("fetch: seek from the end of a resource of unknown size")
		}
		off += f.size
	default:
		return 0, fmt.Errorf("fetch: seek with whence %d", whence)
	}
	if off < 0 {
		return 0, fmt.Errorf("fetch: seek to position %d", off)
	}
	f.off = off
	return off, nil
}

// Close ends the connection.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = func([]byte, int64) (int, error) { return 0, errClosed }
	if f.close == nil {
		return nil
	}
	return f.close()
}

// remote reads a resource over HTTP in blocks. It is used under the lock of its File.
type remote struct {
	c   *Client
	ctx context.Context // of OpenSeekable, which made this
	url string

	from   string // where the first answer came from
	ranges bool   // the server knows them
	etag   string // of the first answer
	size   int64  // -1 until known

	stream *Response // nil when none is open
	until  int64     // where stream was asked to end, 0 for nowhere
	pos    int64     // of the next byte of stream
	rest   []byte    // bytes of stream before pos that no block has yet
	window int64     // size of the next range request

	blocks map[int64][]byte // by number; shorter than blockBytes only at the end of the resource
	recent []int64          // numbers of blocks, the longest unused first
}

// openRemote opens a resource over HTTP.
func (c *Client) openRemote(ctx context.Context, source string) (io.ReadSeekCloser, int64, error) {
	m := &remote{c: c, ctx: ctx, url: source, ranges: true, size: -1, window: minWindow, blocks: map[int64][]byte{}}
	if err := m.open(0); err != nil {
		return nil, 0, err
	}
	return &File{at: m.readAt, size: m.size, close: m.close, url: m.from}, m.size, nil
}

// open starts a stream at off.
func (m *remote) open(off int64) error {
	m.closeStream()
	req := Request{URL: m.url, Kind: Media}
	if m.ranges {
		req.Range = Range{Start: off, End: off + m.window}
	} else if off > 0 {
		req.Range = Range{Start: off}
	}
	r, err := m.c.Get(m.ctx, req)
	var e *Error
	if errors.As(err, &e) && e.Status == http.StatusRequestedRangeNotSatisfiable {
		if m.size >= 0 {
			return &Error{URL: Redact(m.url), Kind: Media, Attempt: 1, Err: ErrChanged}
		}
		m.size = off // the resource ends here, of which it had not told
		return nil
	}
	if err != nil {
		return err
	}
	first := m.size < 0 && m.etag == ""
	if first {
		m.etag, m.ranges = r.http.etag, r.Status == http.StatusPartialContent
		m.size, m.from = r.Total, r.URL
	}
	if m.etag != r.http.etag || r.Total >= 0 && m.size >= 0 && r.Total != m.size {
		r.Close()
		return &Error{URL: Redact(m.url), Kind: Media, Attempt: 1, Err: ErrChanged}
	}
	m.stream, m.until, m.pos, m.rest = r, req.Range.End, off, nil
	m.window = min(2*m.window, maxWindow)
	return nil
}

// readAt returns bytes of one block.
func (m *remote) readAt(p []byte, off int64) (int, error) {
	if m.size >= 0 && off >= m.size {
		return 0, io.EOF
	}
	b, err := m.block(off / blockBytes)
	if err != nil {
		return 0, err
	}
	n := copy(p, b[min(off%blockBytes, int64(len(b))):])
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// block returns block number i.
func (m *remote) block(i int64) ([]byte, error) {
	if b, ok := m.blocks[i]; ok {
		m.use(i)
		return b, nil
	}
	from := i * blockBytes
	at := m.pos - int64(len(m.rest))
	if m.stream == nil || from < at || from-at > maxForward {
		if m.stream != nil || from != m.pos {
			m.window = minWindow // a jump
		}
		if err := m.open(from); err != nil {
			return nil, err
		}
		at = from
	}
	for {
		b, err := m.next(at / blockBytes)
		if err != nil || at == from {
			return b, err
		}
		at += blockBytes
	}
}

// next reads the block that the stream is at, which has number i, and keeps it.
func (m *remote) next(i int64) ([]byte, error) {
	b := make([]byte, 0, blockBytes)
	for len(b) < blockBytes {
		if len(m.rest) == 0 {
			if m.stream == nil {
				if m.size >= 0 && m.pos >= m.size {
					break
				}
				if err := m.open(m.pos); err != nil {
					return nil, err
				}
				if m.stream == nil {
					break // empty
				}
			}
			chunk, err := m.stream.Next()
			if err == io.EOF {
				if (!m.ranges || m.stream.Length < 0) && (m.until == 0 || m.pos < m.until) {
					m.size = m.pos // now it is known
				}
				m.closeStream()
				continue
			}
			if err != nil {
				m.closeStream()
				return nil, err
			}
			m.rest, m.pos = chunk, m.pos+int64(len(chunk))
		}
		n := min(len(m.rest), blockBytes-len(b))
		b, m.rest = append(b, m.rest[:n]...), m.rest[n:]
	}
	m.blocks[i] = b
	m.use(i)
	if len(m.recent) > maxBlocks {
		delete(m.blocks, m.recent[0])
		m.recent = m.recent[1:]
	}
	return b, nil
}

// use makes block i the most recently used.
func (m *remote) use(i int64) {
	for j, n := range m.recent {
		if n == i {
			m.recent = append(m.recent[:j], m.recent[j+1:]...)
			break
		}
	}
	m.recent = append(m.recent, i)
}

// closeStream ends the stream, whose unread bytes are lost.
func (m *remote) closeStream() {
	if m.stream != nil {
		m.stream.Close()
	}
	m.stream = nil
}

func (m *remote) close() error {
	m.closeStream()
	m.blocks, m.recent, m.rest = nil, nil, nil
	return nil
}
