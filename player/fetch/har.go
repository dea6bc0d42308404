package fetch

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// What is kept of an exchange.
const (
	maxExchanges           = 100_000
	maxExchangeHeaderBytes = 8 << 10 // in each direction; further fields are left out
	redacted               = "[redacted]"
)

// exchangeLog keeps the latest exchanges with servers: one for each request that went out, redirects too.
type exchangeLog struct {
	mu sync.Mutex
	// guarded by mu
	ring []*exchange
	next int
	max  int
}

func (l *exchangeLog) add(x *exchange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < l.max {
		l.ring = append(l.ring, x)
		return
	}
	l.ring[l.next] = x
	l.next = (l.next + 1) % l.max
}

func (l *exchangeLog) list() []*exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Concat(l.ring[l.next:], l.ring[:l.next])
}

// exchange is one request and its answer, without credentials.
type exchange struct {
	// immutable
	url, method string
	kind        Kind
	attempt     int
	request     []harPair
	sent        int64 // bytes of the request's body
	start       time.Time

	mu sync.Mutex
	// guarded by mu
	dnsStart, dnsDone, connectStart, connectDone, tlsStart, tlsDone time.Time
	gotConn, wrote, first, end                                      time.Time
	address                                                         string
	status                                                          int
	proto, contentType, location                                    string
	response                                                        []harPair
	bytes                                                           int64
	err                                                             string
}

// update changes what is guarded.
func (x *exchange) update(f func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f()
}

// exchangeKey is the context key of what a request is for.
type exchangeKey struct{}

type exchangeInfo struct {
	kind    Kind
	attempt int
}

// recorder notes what a transport does.
type recorder struct {
	next http.RoundTripper
	log  *exchangeLog
	own  http.Header // fields that the user added
}

// RoundTrip notes the request, passes it on, and notes the answer.
func (t *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	info, _ := req.Context().Value(exchangeKey{}).(exchangeInfo)
	x := &exchange{url: redactURL(req.URL.String()), method: req.Method, kind: info.kind, attempt: max(1, info.attempt),
		request: pairs(req.Header, t.own), sent: req.ContentLength, start: time.Now()}
	t.log.add(x)
	trace := &httptrace.ClientTrace{
		DNSStart:          func(httptrace.DNSStartInfo) { x.update(func() { x.dnsStart = time.Now() }) },
		DNSDone:           func(httptrace.DNSDoneInfo) { x.update(func() { x.dnsDone = time.Now() }) },
		ConnectStart:      func(string, string) { x.update(func() { x.connectStart = earlier(x.connectStart, time.Now()) }) },
		ConnectDone:       func(string, string, error) { x.update(func() { x.connectDone = time.Now() }) },
		TLSHandshakeStart: func() { x.update(func() { x.tlsStart = time.Now() }) },
		TLSHandshakeDone:  func(tls.ConnectionState, error) { x.update(func() { x.tlsDone = time.Now() }) },
		GotConn: func(info httptrace.GotConnInfo) {
			host, _, err := net.SplitHostPort(info.Conn.RemoteAddr().String())
			x.update(func() {
				x.gotConn = time.Now()
				if err == nil {
					x.address = host
				}
				if info.Reused { // it may have dialed a connection that somebody else got
					x.dnsStart, x.connectStart, x.tlsStart = time.Time{}, time.Time{}, time.Time{}
				}
			})
		},
		WroteRequest:         func(httptrace.WroteRequestInfo) { x.update(func() { x.wrote = time.Now() }) },
		GotFirstResponseByte: func() { x.update(func() { x.first = time.Now() }) },
	}
	resp, err := t.next.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	now := time.Now()
	if err != nil {
		x.update(func() { x.end, x.err = now, clip(err.Error()) })
		return nil, err
	}
	x.update(func() {
		x.end, x.status, x.proto = now, resp.StatusCode, resp.Proto
		x.contentType = clip(resp.Header.Get("Content-Type"))
		x.location = redactURL(resp.Header.Get("Location"))
		x.response = pairs(resp.Header, nil)
	})
	resp.Body = &countedBody{resp.Body, x}
	return resp, nil
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

// countedBody notes what arrives of a body.
type countedBody struct {
	io.ReadCloser
	x *exchange
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	now := time.Now()
	b.x.update(func() {
		b.x.bytes += int64(n)
		b.x.end = now
		if err != nil && err != io.EOF {
			b.x.err = clip(err.Error())
		}
	})
	return n, err
}

// pairs lists header fields by name without credentials: those of the user's own fields are hidden unless they are known
// to be harmless.
func pairs(h, own http.Header) []harPair {
	list := []harPair{}
	names := make([]string, 0, len(h))
	for k := range h {
		names = append(names, k)
	}
	slices.Sort(names)
	size := 0
	for _, k := range names {
		for _, v := range h[k] {
			switch {
			case isSecret(k), own[k] != nil && !slices.Contains(harmless, k):
				v = redacted
			case k == "Location" || k == "Referer" || k == "Content-Location":
				v = redactURL(v)
			}
			if size += len(k) + len(v); size > maxExchangeHeaderBytes {
				return list
			}
			list = append(list, harPair{k, v})
		}
	}
	return list
}

// harmless are header fields that users add and that hold no secret.
var harmless = []string{"Accept", "Accept-Language", "Cache-Control", "Origin", "Pragma", "Referer", "User-Agent"}

// isSecret reports whether a header field or a parameter of this name may hold a credential.
func isSecret(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "sig", "sign", "key", "pwd", "pass", "hdnea", "hdnts", "hdntl", "policy":
		return true
	}
	return slices.ContainsFunc([]string{"auth", "token", "secret", "passw", "signature", "apikey", "api-key", "api_key", "cookie", "session", "credential", "hmac", "jwt"},
		func(part string) bool { return strings.Contains(name, part) })
}

// redactURL removes user name and password from a URL, and hides the values of parameters that may be credentials.
func redactURL(s string) string {
	s = Redact(s)
	head, query, ok := strings.Cut(s, "?")
	if !ok {
		return s
	}
	query, fragment, hasFragment := strings.Cut(query, "#")
	list := strings.Split(query, "&")
	for i, pair := range list {
		k, _, ok := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(k); ok && (err != nil || isSecret(name)) {
			list[i] = k + "=" + url.QueryEscape(redacted)
		}
	}
	s = head + "?" + strings.Join(list, "&")
	if hasFragment {
		s += "#" + fragment
	}
	return s
}

// The objects of HAR 1.2.
type (
	harPair struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	harRequest struct {
		Method      string    `json:"method"`
		URL         string    `json:"url"`
		HTTPVersion string    `json:"httpVersion"`
		Cookies     []harPair `json:"cookies"`
		Headers     []harPair `json:"headers"`
		QueryString []harPair `json:"queryString"`
		HeadersSize int64     `json:"headersSize"`
		BodySize    int64     `json:"bodySize"`
	}
	harContent struct {
		Size     int64  `json:"size"`
		MimeType string `json:"mimeType"`
	}
	harResponse struct {
		Status      int        `json:"status"`
		StatusText  string     `json:"statusText"`
		HTTPVersion string     `json:"httpVersion"`
		Cookies     []harPair  `json:"cookies"`
		Headers     []harPair  `json:"headers"`
		Content     harContent `json:"content"`
		RedirectURL string     `json:"redirectURL"`
		HeadersSize int64      `json:"headersSize"`
		BodySize    int64      `json:"bodySize"`
	}
	harTimings struct {
		Blocked float64 `json:"blocked"`
		DNS     float64 `json:"dns"`
		Connect float64 `json:"connect"`
		SSL     float64 `json:"ssl"`
		Send    float64 `json:"send"`
		Wait    float64 `json:"wait"`
		Receive float64 `json:"receive"`
	}
	harEntry struct {
		Started  string      `json:"startedDateTime"`
		Time     float64     `json:"time"`
		Request  harRequest  `json:"request"`
		Response harResponse `json:"response"`
		Cache    struct{}    `json:"cache"`
		Timings  harTimings  `json:"timings"`
		Address  string      `json:"serverIPAddress,omitempty"`
		Kind     string      `json:"_kind"`
		Attempt  int         `json:"_attempt"`
		Error    string      `json:"_error,omitempty"`
	}
)

// WriteHAR writes what was exchanged with servers as an HTTP archive (HAR 1.2), the latest Config.Exchanges requests, the
// oldest first. It holds no credentials, cookies or bodies. program and version name what has made it.
func (c *Client) WriteHAR(w io.Writer, program, version string) error {
	b := bufio.NewWriter(w)
	creator, err := json.Marshal(map[string]string{"name": program, "version": version})
	if err != nil {
		return fmt.Errorf("fetch: HAR: %w", err)
	}
	fmt.Fprintf(b, `{"log":{"version":"1.2","creator":%s,"entries":[`, creator)
	for i, x := range c.exchanges.list() {
		e, err := json.Marshal(x.entry())
		if err != nil {
			return fmt.Errorf("fetch: HAR: %w", err)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		b.Write(e)
	}
	b.WriteString("\n]}}\n")
	if err := b.Flush(); err != nil {
		return fmt.Errorf("fetch: HAR: %w", err)
	}
	return nil
}

// entry makes the object of an exchange, which may still be under way.
func (x *exchange) entry() harEntry {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := harEntry{
		Started: x.start.Format("2006-01-02T15:04:05.000000Z07:00"),
		Request: harRequest{Method: x.method, URL: x.url, HTTPVersion: x.proto, Cookies: []harPair{}, Headers: x.request, QueryString: queryPairs(x.url), HeadersSize: -1, BodySize: x.sent},
		Response: harResponse{Status: x.status, StatusText: http.StatusText(x.status), HTTPVersion: x.proto, Cookies: []harPair{}, Headers: x.response,
			Content: harContent{Size: x.bytes, MimeType: x.contentType}, RedirectURL: x.location, HeadersSize: -1, BodySize: x.bytes},
		Timings: x.timings(), Address: x.address, Kind: x.kind.String(), Attempt: x.attempt, Error: x.err,
	}
	if x.response == nil {
		e.Response.Headers = []harPair{}
		e.Response.BodySize = -1
	}
	t := e.Timings
	for _, d := range []float64{t.Blocked, t.DNS, t.Connect, t.Send, t.Wait, t.Receive} { // ssl is part of connect
		e.Time += max(d, 0)
	}
	return e
}

// timings divides the time of an exchange into milliseconds for its phases, -1 for those that it did not have.
func (x *exchange) timings() harTimings {
	end := x.end
	if end.IsZero() {
		end = x.start // under way
	}
	or := func(t, other time.Time) time.Time {
		if t.IsZero() {
			return other
		}
		return t
	}
	ms := func(from, to time.Time) float64 {
		if from.IsZero() {
			return -1
		}
		return max(0, float64(to.Sub(from).Microseconds())/1000)
	}
	t := harTimings{DNS: ms(x.dnsStart, or(x.dnsDone, end)), SSL: ms(x.tlsStart, or(x.tlsDone, end))}
	connected := or(x.connectDone, end)
	if !x.tlsStart.IsZero() {
		connected = or(x.tlsDone, end)
	}
	t.Connect = ms(or(x.connectStart, x.tlsStart), connected)
	t.Blocked = ms(x.start, or(x.dnsStart, or(x.connectStart, or(x.tlsStart, or(x.gotConn, end)))))
	if !x.gotConn.IsZero() {
		wrote := or(x.wrote, end)
		first := or(x.first, end)
		t.Send, t.Wait, t.Receive = ms(x.gotConn, wrote), ms(wrote, first), ms(first, end)
	}
	return t
}

// queryPairs lists the parameters of a URL.
func queryPairs(s string) []harPair {
	list := []harPair{}
	u, err := url.Parse(s)
	if err != nil {
		return list
	}
	for _, pair := range strings.FieldsFunc(u.RawQuery, func(r rune) bool { return r == '&' }) {
		k, v, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(k)
		value, err2 := url.QueryUnescape(v)
		if err1 != nil || err2 != nil {
			name, value = k, v
		}
		list = append(list, harPair{name, value})
	}
	return list
}

// noted adds to ctx what a request is for.
func (r *Response) noted(ctx context.Context) context.Context {
	return context.WithValue(ctx, exchangeKey{}, exchangeInfo{r.req.Kind, r.rec.Attempt})
}
