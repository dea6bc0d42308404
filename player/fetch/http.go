package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// httpState is what a response over HTTP has besides.
type httpState struct {
	// of the current attempt
	ctx    context.Context
	cancel context.CancelCauseFunc
	stall  *time.Timer // running during a read
	idle   time.Duration
	waited time.Duration // spent in reads that brought little
	little int64         // bytes that came in that time

	tries int   // tries since the body last made progress
	from  int64 // bytes handed out when the current attempt began
	etag  string
	whole bool // compressed: a broken body cannot be continued

	restarts int // how often the whole body was asked for again
}

// explain turns the error of a read that was cancelled into the reason.
func (h *httpState) explain(parent context.Context, err error) error {
	if h.ctx == nil || err == nil || err == io.EOF {
		return err
	}
	if parent.Err() != nil {
		return context.Cause(parent)
	}
	if c := context.Cause(h.ctx); c != nil {
		return c
	}
	return cause(err)
}

// release ends the current attempt.
func (h *httpState) release() {
	if h.cancel != nil {
		h.stall.Stop()
		h.cancel(nil)
		h.cancel = nil
	}
}

// connect sends the request, as often as it takes, until a usable header is there.
func (r *Response) connect() error {
	if r.http == nil {
		r.http = &httpState{idle: r.c.cfg.StallTimeout}
	}
	for {
		r.http.tries++
		attempt := r.rec.Attempt + 1
		r.rec = Record{Start: time.Now(), Attempt: attempt}
		err := r.send()
		if err == nil {
			return nil
		}
		r.http.release()
		if r.body != nil {
			r.body.Close()
			r.body = nil
		}
		if r.ctx.Err() != nil {
			return context.Cause(r.ctx)
		}
		if r.http.tries >= r.attempts() || !retryable(err) {
			return err
		}
		r.record(err)
		r.c.log.retry()
		if err := r.c.pause(r.ctx, r.http.tries, err); err != nil {
			return err
		}
	}
}

// attempts is how often the request may be tried.
func (r *Response) attempts() int {
	if r.req.Attempts > 0 {
		return r.req.Attempts
	}
	return r.c.cfg.Attempts
}

// resume continues a body that broke off, or ends the response.
func (r *Response) resume(err error) {
	h := r.http
	if h == nil || h.whole && !r.all || r.ctx.Err() != nil || !retryable(err) {
		r.end(err)
		return
	}
	if r.got-h.from >= maxChunkBytes && !h.whole {
		h.tries = 0 // it does get on
	}
	if h.tries >= r.attempts() {
		r.end(err)
		return
	}
	r.body.Close()
	r.body = nil
	h.release()
	r.record(err)
	r.c.log.retry()
	if perr := r.c.pause(r.ctx, max(1, h.tries), err); perr != nil {
		r.end(perr)
		return
	}
	if h.whole {
		r.restart()
	}
	err = r.connect()
	if errors.Is(err, ErrChanged) && r.all && h.restarts < maxRestarts {
		r.record(err)
		r.c.log.retry()
		r.restart()
		err = r.connect()
	}
	var status *statusError
	if errors.As(err, &status) && status.code == http.StatusRequestedRangeNotSatisfiable && r.got > 0 && status.total == r.req.Range.Start+r.got {
		r.Length, err = r.got, io.EOF // more had been announced than there is
	}
	if err != nil {
		r.end(err)
	}
}

// restart forgets what has arrived, so that the next attempt asks for all of it.
func (r *Response) restart() {
	r.got, r.anew = 0, true
	r.http.restarts++
	r.Length, r.Total = -1, -1
	r.http.whole, r.http.etag = false, ""
}

// send makes one attempt, for what has not been handed out yet.
func (r *Response) send() error {
	h := r.http
	h.from, h.waited, h.little = r.got, 0, 0
	h.ctx, h.cancel = context.WithCancelCause(r.ctx)
	cancel := h.cancel
	idle := h.idle
	h.stall = time.AfterFunc(time.Hour, func() { cancel(fmt.Errorf("%w for %v", ErrStalled, idle)) })
	h.stall.Stop()

	var body io.Reader
	if r.req.Body != nil {
		body = bytes.NewReader(r.req.Body)
	}
	req, err := http.NewRequestWithContext(r.noted(h.ctx), r.req.method(), r.req.URL, body)
	if err != nil {
		return cause(err)
	}
	want := r.req.Range
	want.Start += r.got
	r.header(req.Header, want)
	r.c.applyCMCD(req, &r.req)
	resp, err := r.c.http.Do(req)
	if err != nil {
		return h.explain(r.ctx, err)
	}
	r.body = resp.Body
	r.rec.TTFB = time.Since(r.rec.Start)
	r.rec.Status = resp.StatusCode
	first := h.from == 0 && r.got == 0
	if err := r.accept(resp, want, first); err != nil {
		return err
	}
	if first {
		r.Status, r.URL, r.Type = resp.StatusCode, r.c.address(resp.Request.URL), resp.Header.Get("Content-Type")
		h.etag = resp.Header.Get("Etag")
	}
	return nil
}

// header fills in the request's header fields.
func (r *Response) header(h http.Header, want Range) {
	for _, extra := range []http.Header{r.c.cfg.Header, r.req.Header} {
		for k, v := range extra {
			h[http.CanonicalHeaderKey(k)] = v
		}
	}
	if h.Get("User-Agent") == "" {
		h.Set("User-Agent", r.c.cfg.UserAgent)
	}
	h.Set("Accept-Encoding", "identity")
	if kinds[r.req.Kind.valid()].gzip && want.IsWhole() {
		h.Set("Accept-Encoding", "gzip")
	}
	if !want.IsWhole() {
		h.Set("Range", "bytes="+want.String())
		if strings.HasPrefix(r.http.etag, `"`) && r.got > 0 {
			h.Set("If-Range", r.http.etag)
		}
	}
}

// accept checks the header of an answer to a request for the bytes want, and sets the response up for its body.
// Later attempts must fit the first one.
func (r *Response) accept(resp *http.Response, want Range, first bool) error {
	length, total := resp.ContentLength, int64(-1)
	switch {
	case resp.StatusCode == http.StatusPartialContent && !want.IsWhole():
		from, to, of, ok := parseContentRange(resp.Header.Get("Content-Range"))
		switch {
		case !ok:
			return fmt.Errorf("%w: Content-Range %.60q", ErrRange, resp.Header.Get("Content-Range"))
		case from != want.Start || want.End != 0 && to > want.End || want.End != 0 && to < want.End && of >= 0 && to != of:
			return fmt.Errorf("%w: asked for bytes %s, got %d-%d of %d", ErrRange, want, from, to-1, of)
		case length >= 0 && length != to-from:
			return fmt.Errorf("%w: %d bytes for %d-%d", ErrRange, length, from, to-1)
		}
		length, total = to-from, of
	case resp.StatusCode == http.StatusOK:
		total = length
		if !first && r.http.etag != "" && resp.Header.Get("Etag") != r.http.etag {
			return ErrChanged
		}
	case resp.StatusCode/100 == 2:
		return fmt.Errorf("%w: status %d %s", errAnswer, resp.StatusCode, http.StatusText(resp.StatusCode))
	default:
		_, _, of, _ := parseContentRange(resp.Header.Get("Content-Range"))
		return &statusError{code: resp.StatusCode, after: resp.Header.Get("Retry-After"), total: of}
	}
	if err := r.decode(resp); err != nil {
		return err
	}
	if r.http.whole {
		length, total = -1, -1
	}
	if resp.StatusCode == http.StatusOK && !want.IsWhole() {
		var err error
		if length, err = r.cut(want, length); err != nil {
			return err
		}
	}
	if limit := r.req.Kind.MaxBytes(); limit > 0 && length > limit {
		return fmt.Errorf("%w: %d bytes, at most %d for a %s", ErrTooLarge, length, limit, r.req.Kind)
	}
	if !first {
		if r.Length >= 0 && length >= 0 && r.got+length != r.Length {
			return ErrChanged
		}
		return nil
	}
	r.Length, r.Total = length, total
	return nil
}

// decode unpacks a compressed body. What came compressed cannot be continued in the middle.
func (r *Response) decode(resp *http.Response) error {
	switch enc := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))); enc {
	case "", "identity":
		r.body = &stallReader{r.http, resp.Body}
		return nil
	case "gzip", "x-gzip":
		if resp.StatusCode == http.StatusPartialContent {
			return fmt.Errorf("%w: a compressed range", errEncoding)
		}
		z, err := gzip.NewReader(&packedReader{stallReader: stallReader{r.http, resp.Body}, kind: r.req.Kind})
		if err != nil {
			return fmt.Errorf("%w gzip: %w", errEncoding, err)
		}
		r.body = &gzipBody{z, resp.Body}
		r.http.whole = true
		return nil
	default:
		return fmt.Errorf("%w %.20q is not handled", errEncoding, enc)
	}
}

// gzipBody closes the connection below the decompressor.
type gzipBody struct {
	*gzip.Reader
	raw io.Closer
}

func (b *gzipBody) Close() error { return b.raw.Close() }

// packedReader bounds a compressed body, which might go on for ever without anything in it.
type packedReader struct {
	stallReader
	kind  Kind
	bytes int64
}

func (p *packedReader) Read(b []byte) (int, error) {
	if limit := p.kind.MaxBytes(); limit > 0 && p.bytes > limit {
		return 0, fmt.Errorf("%w: more than %d bytes, compressed, for a %s", ErrTooLarge, limit, p.kind)
	}
	n, err := p.stallReader.Read(b)
	p.bytes += int64(n)
	return n, err
}

// stallReader runs the stall timer while a read waits, and only then: a slow consumer is no fault of the server. It also
// ends a body that comes in drops, each before the timer runs out.
type stallReader struct {
	h    *httpState
	body io.ReadCloser
}

func (s *stallReader) Read(p []byte) (int, error) {
	if s.h.waited >= slowTime {
		return 0, fmt.Errorf("%w worth waiting for: %d bytes in %v", ErrStalled, s.h.little, s.h.waited.Round(time.Second))
	}
	begin := time.Now()
	s.h.stall.Reset(s.h.idle)
	n, err := s.body.Read(p)
	s.h.stall.Stop()
	s.h.waited += time.Since(begin)
	if s.h.little += int64(n); s.h.little >= slowBytes {
		s.h.waited, s.h.little = 0, 0
	}
	return n, err
}

func (s *stallReader) Close() error { return s.body.Close() }

// cut makes the range want out of a body that holds the whole resource of the given length, -1 for unknown: it throws
// away what comes before. It returns the length of what remains.
func (r *Response) cut(want Range, length int64) (int64, error) {
	if want.Start > maxSkipBytes {
		return 0, fmt.Errorf("%w: the server does not know ranges, and byte %d is too far away", errAnswer, want.Start)
	}
	if length >= 0 && want.Start >= length && want.Start > 0 {
		return 0, &statusError{code: http.StatusRequestedRangeNotSatisfiable, total: length}
	}
	if n, err := io.CopyN(io.Discard, r.body, want.Start); err != nil {
		if errors.Is(err, io.EOF) {
			return 0, &statusError{code: http.StatusRequestedRangeNotSatisfiable, total: n}
		}
		return 0, r.http.explain(r.ctx, err)
	}
	left := int64(-1)
	if length >= 0 {
		left = length - want.Start
	}
	if want.End != 0 && (left < 0 || left > want.End-want.Start) {
		if left < 0 { // where the resource ends is not known: read no more than asked
			r.body = &limitedBody{io.LimitReader(r.body, want.End-want.Start), r.body}
			return -1, nil
		}
		left = want.End - want.Start
	}
	return left, nil
}

type limitedBody struct {
	io.Reader
	raw io.Closer
}

func (b *limitedBody) Close() error { return b.raw.Close() }

// parseContentRange reads "bytes 0-99/200" into the half-open range and the size of the whole, -1 when unknown; for
// "bytes */200" only the size is told and ok is false.
func parseContentRange(s string) (from, to, total int64, ok bool) {
	unit, rest, _ := strings.Cut(strings.TrimSpace(s), " ")
	span, of, found := strings.Cut(strings.TrimSpace(rest), "/")
	if !found || !strings.EqualFold(unit, "bytes") {
		return 0, 0, -1, false
	}
	total = -1
	if of != "*" {
		n, err := strconv.ParseUint(of, 10, 62)
		if err != nil {
			return 0, 0, -1, false
		}
		total = int64(n)
	}
	a, z, _ := strings.Cut(span, "-")
	first, err1 := strconv.ParseUint(a, 10, 62)
	last, err2 := strconv.ParseUint(z, 10, 62)
	if err1 != nil || err2 != nil || last < first || total >= 0 && int64(last) >= total {
		return 0, 0, total, false
	}
	return int64(first), int64(last) + 1, total, true
}
