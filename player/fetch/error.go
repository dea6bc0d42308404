package fetch

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Causes that a caller may want to tell apart.
var (
	// ErrRedirects: more than ten redirects, most likely in a circle.
	ErrRedirects = errors.New("more than 10 redirects")
	// ErrTooLarge: the answer is larger than its kind may be.
	ErrTooLarge = errors.New("larger than accepted")
	// ErrShort: the body ended before its promised end.
	ErrShort = errors.New("the body ended early")
	// ErrStalled: no byte for as long as the stall timeout.
	ErrStalled = errors.New("no data")
	// ErrRange: the answer to a range request is another range.
	ErrRange = errors.New("wrong range")
	// ErrChanged: the resource changed while it was read.
	ErrChanged = errors.New("the resource changed while it was read")
)

// Causes that only this package must know.
var (
	errRedirect = errors.New("a redirect")
	errNoConn   = errors.New("no connection")
	errEncoding = errors.New("content encoding")
	errAnswer   = errors.New("unexpected answer")
)

// Error says what could not be fetched and why, on one line.
type Error struct {
	// URL is without credentials.
	URL  string
	Kind Kind
	// Method is the HTTP method, "" for GET.
	Method string
	// Status is the HTTP status that ended the request, 0 when none did. A range behind the end of a local file has
	// status 416 as well.
	Status int
	// Attempt counts the tries, from 1.
	Attempt int
	// Err is the cause, nil when the status says it all.
	Err error
}

// Error gives "GET URL: cause".
func (e *Error) Error() string {
	s := cmp.Or(e.Method, http.MethodGet) + " " + e.URL + ": "
	switch {
	case e.Err != nil:
		s += e.Err.Error()
	case http.StatusText(e.Status) != "":
		s += fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	default:
		s += fmt.Sprintf("status %d", e.Status)
	}
	if e.Attempt > 1 {
		s += fmt.Sprintf(" (%d attempts)", e.Attempt)
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// BehindEnd reports whether err is that a requested range lies behind the end of its resource.
func BehindEnd(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusRequestedRangeNotSatisfiable
}

// Missing reports whether the resource does not exist: status 404 or 410, or no such file.
func (e *Error) Missing() bool {
	return e.Status == http.StatusNotFound || e.Status == http.StatusGone || errors.Is(e.Err, fs.ErrNotExist)
}

// Unreachable reports whether there was no connection to the host at all: its name is not known, or it does not answer.
func (e *Error) Unreachable() bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.Is(e.Err, errNoConn) || errors.As(e.Err, &dns) || errors.As(e.Err, &op) && op.Op == "dial"
}

// statusError is a response that is no success.
type statusError struct {
	code int
	// after is the server's wish for the wait before the next try, 0 for none.
	after string
	// total is the size of the resource that a 416 told, -1 for none.
	total int64
}

func (e *statusError) Error() string { return fmt.Sprintf("%d %s", e.code, http.StatusText(e.code)) }

// retryable reports whether the same request may succeed at another time.
func retryable(err error) bool {
	var status *statusError
	if errors.As(err, &status) {
		return status.code >= 500 && status.code != http.StatusNotImplemented && status.code != http.StatusHTTPVersionNotSupported ||
			status.code == http.StatusRequestTimeout || status.code == http.StatusTooManyRequests
	}
	for _, permanent := range []error{ErrRedirects, errRedirect, ErrTooLarge, ErrRange, ErrChanged, errEncoding, errAnswer, context.Canceled, fs.ErrNotExist} {
		if errors.Is(err, permanent) {
			return false
		}
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return false
	}
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return !errors.As(err, &unknown) && !errors.As(err, &host) && !errors.As(err, &invalid) && !errors.As(err, &verify) && !errors.As(err, &record)
}

// cause strips the URL that net/http and net/url put into their errors: it is said elsewhere, without credentials. A text
// that quotes at length what a server sent is cut.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if err != nil && clip(err.Error()) != err.Error() {
		return &clippedError{err}
	}
	return err
}

type clippedError struct{ error }

func (e *clippedError) Error() string { return clip(e.error.Error()) }
func (e *clippedError) Unwrap() error { return e.error }

// clip shortens a text that others may have written.
func clip(s string) string {
	const maxText = 300
	if len(s) > maxText {
		return strings.ToValidUTF8(s[:maxText], "") + "…"
	}
	return s
}

// Redact removes user name and password from a URL, and the content from a data URL.
func Redact(s string) string {
	const maxShown = 40
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok {
		return s
	}
	if strings.EqualFold(scheme, "data") {
		head, _, _ := strings.Cut(rest, ",")
		if len(head) > maxShown {
			head = head[:maxShown]
		}
		return scheme + ":" + head + ",…"
	}
	rest, ok = strings.CutPrefix(rest, "//")
	if !ok {
		return s
	}
	host, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	return scheme + "://" + host + path
}
