package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Response is an answer whose body is being read. It belongs to one goroutine at a time.
type Response struct {
	// URL is where the answer came from, after redirects. It may hold credentials; Redact it for messages.
	URL string
	// Status is the HTTP status, 0 for local resources.
	Status int
	// Type is the media type the server named, "" for none.
	Type string
	// Length is the number of bytes the body will have, Total the size of the whole resource; -1 when unknown. A
	// range that reaches beyond the end of its resource has a Length below what was asked.
	Length, Total int64
	// Modified is when a local file was written last, zero when not known.
	Modified time.Time

	// immutable
	c   *Client
	ctx context.Context // of Get, which made this; it bounds all reading
	req Request

	// owned by the reading goroutine
	body io.ReadCloser
	buf  []byte // rest of the array that chunks are cut from
	got  int64  // bytes handed out
	err  error  // what every further Next returns
	http *httpState
	rec  Record // of the current attempt
	// all is set while All reads from the beginning: a body may then begin anew, which sets anew.
	all, anew bool
}

// Next returns the next piece of the body, at least one byte and at most 256 KiB, which then belongs to the caller.
// It returns io.EOF after the last one. It blocks on the network and returns when the context of Get ends.
func (r *Response) Next() ([]byte, error) {
	for r.err == nil {
		chunk, err := r.read()
		if err == nil && len(chunk) > 0 {
			err = r.c.throttle.wait(r.ctx, len(chunk))
		}
		r.got += int64(len(chunk))
		r.rec.Bytes += int64(len(chunk))
		switch limit := r.req.Kind.MaxBytes(); {
		case limit > 0 && r.got > limit:
			r.end(fmt.Errorf("%w: more than %d bytes for a %s", ErrTooLarge, limit, r.req.Kind))
			return nil, r.err
		case r.Length >= 0 && r.got == r.Length:
			r.end(io.EOF) // whatever came with the last byte does not matter any more
		case errors.Is(err, io.EOF) && r.Length < 0:
			r.end(io.EOF)
		case err != nil:
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				err = r.short()
			}
			if r.resume(err); r.anew {
				chunk = nil
			}
		}
		if len(chunk) > 0 {
			return chunk, nil
		}
	}
	return nil, r.err
}

// read does one read of the body into the free part of the current array. A chunk never goes beyond the promised
// length.
func (r *Response) read() ([]byte, error) {
	const minRead = 4 << 10
	if len(r.buf) < minRead {
		size := int64(maxChunkBytes)
		if r.Length >= 0 {
			size = max(minRead, min(size, r.Length-r.got))
		}
		r.buf = make([]byte, size)
	}
	p := r.buf[:r.c.throttle.portion(len(r.buf))]
	if left := r.Length - r.got; r.Length >= 0 && left < int64(len(p)) {
		p = p[:left]
	}
	n, err := r.body.Read(p)
	if r.http != nil {
		err = r.http.explain(r.ctx, err)
	}
	r.buf = r.buf[n:]
	return p[:n:n], err
}

// All returns the rest of the body, which then belongs to the caller, and closes the response. Where it is the whole body,
// one that broke off and cannot be continued is asked for again.
func (r *Response) All() ([]byte, error) {
	defer r.Close()
	r.all = r.got == 0
	var all []byte
	for {
		b, err := r.Next()
		if r.anew {
			all, r.anew = nil, false
		}
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = b
		} else {
			all = append(all, b...)
		}
	}
}

// short says how much of the body is missing.
func (r *Response) short() error {
	if r.Length < 0 {
		return fmt.Errorf("%w, after %d bytes", ErrShort, r.got)
	}
	return fmt.Errorf("%w: %d of %d bytes", ErrShort, r.got, r.Length)
}

// Close frees the connection. It may be called at any time and more than once; the body ends there.
func (r *Response) Close() error {
	if r.err == nil {
		r.end(errClosed)
	}
	return nil
}

var errClosed = errors.New("the response is closed")

// end finishes the response: with io.EOF when the body is complete, else with the cause.
func (r *Response) end(err error) {
	if r.body != nil {
		r.body.Close()
		r.body = nil
	}
	if r.http != nil {
		r.http.release()
	}
	r.buf = nil
	switch {
	case err == io.EOF, err == errClosed:
		r.err = err
		r.record(nil)
		if sample := r.c.cfg.Sample; sample != nil && r.http != nil && err == io.EOF {
			sample(Sample{Kind: r.req.Kind, Bytes: r.rec.Bytes, TTFB: r.rec.TTFB, Duration: r.rec.Duration - r.rec.TTFB})
		}
	default:
		r.err = r.failed(err)
	}
}

// failed makes the error of the request, and the record of its last attempt.
func (r *Response) failed(err error) error {
	e := &Error{URL: Redact(r.req.URL), Kind: r.req.Kind, Attempt: max(1, r.rec.Attempt), Err: err}
	if r.req.Body != nil {
		e.Method = r.req.method()
	}
	var status *statusError
	if errors.As(err, &status) {
		e.Status = status.code
		if err == error(status) {
			e.Err = nil
		}
	}
	r.record(e)
	r.c.log.fail()
	return e
}

// record closes the record of the current attempt.
func (r *Response) record(err error) {
	r.rec.URL, r.rec.Kind, r.rec.Range = Redact(r.req.URL), r.req.Kind, r.req.Range
	r.rec.Attempt = max(1, r.rec.Attempt)
	r.rec.Duration = time.Since(r.rec.Start)
	if err != nil {
		r.rec.Err = err.Error()
	}
	r.c.log.add(r.rec)
}
