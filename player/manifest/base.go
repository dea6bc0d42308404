package manifest

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// maxURLBytes bounds every URL that a manifest yields.
const maxURLBytes = 8 << 10

// Base is what the references of a document are resolved against, together with the rule of where a document of
// its origin may point. A document from the network may point to http, https and data URLs only; a local one may
// point to local files as well; one from a built-in file system may point there, and to the network. The rule
// belongs to the document: a Base derived with Resolve keeps it, wherever it points.
type Base struct {
	u      *url.URL
	origin string // scheme of the document
}

// ParseBase takes the URL of a document after redirects. It must be absolute; a local path is to be given as a
// file URL.
func ParseBase(document string) (Base, error) {
	u, err := url.Parse(document)
	if err != nil {
		return Base{}, fmt.Errorf("document URL: %w", urlCause(err))
	}
	if !u.IsAbs() {
		return Base{}, fmt.Errorf("document URL %q has no scheme", clip(document))
	}
	u.Scheme = strings.ToLower(u.Scheme)
	u.Fragment, u.RawFragment = "", ""
	return Base{u: u, origin: u.Scheme}, nil
}

// String gives the URL.
func (b Base) String() string {
	if b.u == nil {
		return ""
	}
	return b.u.String()
}

// Redacted gives the URL without user name and password, for messages.
func (b Base) Redacted() string {
	if b.u == nil {
		return ""
	}
	if b.u.User == nil {
		return b.u.String()
	}
	u := *b.u
	u.User = nil
	return u.String()
}

// Query returns the first value of a parameter of the URL's query.
func (b Base) Query(name string) (value string, ok bool) {
	if b.u == nil {
		return "", false
	}
	v, ok := b.u.Query()[name]
	if !ok {
		return "", false
	}
	return v[0], true
}

// Resolve resolves a reference (RFC 3986 §5) and applies the rule of the document's origin. Percent signs that
// begin no escape are taken literally. The error is one line and names the reference.
func (b Base) Resolve(ref string) (Base, error) {
	u, err := b.resolve(ref)
	if err != nil {
		return Base{}, err
	}
	return Base{u: u, origin: b.origin}, nil
}

// ResolveURL is Resolve for a reference that nothing is resolved against.
func (b Base) ResolveURL(ref string) (string, error) {
	u, err := b.resolve(ref)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

func (b Base) resolve(ref string) (*url.URL, error) {
	ref = strings.TrimSpace(ref)
	if len(ref) > maxURLBytes {
		return nil, fmt.Errorf("reference %q is longer than %d bytes", clip(ref), maxURLBytes)
	}
	r, err := url.Parse(ref)
	if err != nil {
		r, err = url.Parse(escapeLonePercent(ref))
	}
	if err != nil {
		return nil, fmt.Errorf("reference %q: %w", clip(ref), urlCause(err))
	}
	u := b.u.ResolveReference(r)
	u.Scheme = strings.ToLower(u.Scheme)
	u.Fragment, u.RawFragment = "", ""
	if err := b.allowed(u); err != nil {
		return nil, fmt.Errorf("reference %q: %w", clip(ref), err)
	}
	return u, nil
}

// allowed is the rule of which schemes a document may point to.
func (b Base) allowed(u *url.URL) error {
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return errors.New("no host")
		}
		return nil
	case "data":
		return nil
	case "file":
		if b.origin != "file" {
			return fmt.Errorf("a document from %s may not point to local files", b.origin)
		}
		if u.Host != "" && u.Host != "localhost" {
			return fmt.Errorf("file URL of another host, %q", u.Host)
		}
		return nil
	case b.origin: // a built-in file system
		return nil
	}
	return fmt.Errorf("scheme %q is not handled", clip(u.Scheme))
}

// escapeLonePercent escapes percent signs that are not followed by two hex digits.
func escapeLonePercent(s string) string {
	isHex := func(i int) bool {
		return i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'f' || s[i] >= 'A' && s[i] <= 'F')
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		if s[i] == '%' && !(isHex(i+1) && isHex(i+2)) {
			b.WriteString("25")
		}
	}
	return b.String()
}

// urlCause strips the URL that net/url repeats in its errors: it may be long and may hold credentials.
func urlCause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func clip(s string) string {
	const maxShown = 80
	if len(s) > maxShown {
		return s[:maxShown] + "…"
	}
	return s
}
