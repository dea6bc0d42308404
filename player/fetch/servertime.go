package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// errNoDate: an answer without a usable Date field.
var errNoDate = errors.New("the answer has no Date")

// ServerTime asks the server of an http or https URL, once and with HEAD, what time it is: its Date field, which counts
// whole seconds. ctx and Config.FirstByteTimeout bound it.
// RFC 9110 §6.6.1.
func (c *Client) ServerTime(ctx context.Context, url string) (time.Time, error) {
	t, err := c.serverTime(ctx, url)
	if err != nil {
		return time.Time{}, &Error{URL: Redact(url), Attempt: 1, Err: err}
	}
	return t, nil
}

func (c *Client) serverTime(ctx context.Context, url string) (time.Time, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.cfg.FirstByteTimeout, fmt.Errorf("no answer within %v", c.cfg.FirstByteTimeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return time.Time{}, cause(err)
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return time.Time{}, fmt.Errorf("%w: %.20q is no scheme of a server", errAnswer, req.URL.Scheme)
	}
	for k, v := range c.cfg.Header {
		req.Header[http.CanonicalHeaderKey(k)] = v
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", c.cfg.UserAgent)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return time.Time{}, context.Cause(ctx)
		}
		return time.Time{}, cause(err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxChunkBytes) // a HEAD has no body; what comes all the same is bounded
	t, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}, errNoDate
	}
	return t, nil
}
