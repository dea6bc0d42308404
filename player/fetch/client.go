package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of Config.
const (
	defaultConnectTimeout   = 10 * time.Second
	defaultFirstByteTimeout = 10 * time.Second
	defaultStallTimeout     = 5 * time.Second
	defaultAttempts         = 4
	defaultBackoff          = 500 * time.Millisecond
	defaultUserAgent        = "mseplayer"
)

// Fixed limits.
const (
	maxBackoff      = 8 * time.Second
	maxRetryAfter   = 30 * time.Second
	maxRedirects    = 10
	maxRestarts     = 2 // of a body that changed while it was read
	maxIdlePerHost  = 8
	idleTimeout     = 60 * time.Second
	keepAlive       = 30 * time.Second
	maxHeaderBytes  = 256 << 10
	maxChunkBytes   = 256 << 10
	maxSkipBytes    = 64 << 20 // read and thrown away when a server ignores a range
	maxDataURLBytes = 1 << 20
	slowBytes       = 1 << 10 // a body that takes slowTime for so few is given up
	slowTime        = 30 * time.Second
	maxCAFileBytes  = 4 << 20
	maxCookieBytes  = 1 << 20
)

// Kind is what a request is for; it decides how large the answer may be and whether it may come compressed.
type Kind uint8

// The kinds.
const (
	Manifest Kind = iota + 1
	Init
	Segment
	Index
	Key
	Text
	Media // a whole media file, read piece by piece
)

// kinds is indexed by Kind. maxBytes 0 means no limit.
var kinds = [...]struct {
	name     string
	maxBytes int64
	gzip     bool
}{
	0:        {"request", 64 << 10, false},
	Manifest: {"manifest", 16 << 20, true},
	Init:     {"init", 64 << 20, false},
	Segment:  {"segment", 512 << 20, false},
	Index:    {"index", 16 << 20, false},
	Key:      {"key", 64 << 10, false},
	Text:     {"text", 16 << 20, true},
	Media:    {"media", 0, false},
}

// valid maps a kind that does not exist to the strictest one.
func (k Kind) valid() Kind {
	if int(k) < len(kinds) {
		return k
	}
	return 0
}

// String gives the name in lower case.
func (k Kind) String() string { return kinds[k.valid()].name }

// MaxBytes is the most bytes an answer of the kind may have, 0 for no limit.
func (k Kind) MaxBytes() int64 { return kinds[k.valid()].maxBytes }

// Config tunes a Client. The zero value works.
type Config struct {
	// UserAgent is sent with every request, default "mseplayer". Header is added to every request.
	UserAgent string
	Header    http.Header
	// CAFile names a PEM file of certificates that are trusted besides the system's. Insecure turns the check of
	// certificates off.
	CAFile   string
	Insecure bool
	// ConnectTimeout bounds connecting and, again, the TLS handshake (default 10 s), FirstByteTimeout the wait for
	// the response header (default 10 s), StallTimeout the wait for each further piece of a body (default 5 s).
	ConnectTimeout, FirstByteTimeout, StallTimeout time.Duration
	// Attempts is how often a request is tried in all (default 4); Backoff is the wait before the second try, which
	// doubles from try to try up to 8 s, each varied by half (default 500 ms).
	Attempts int
	Backoff  time.Duration
	// Throttle bounds the network's speed in bits per second, 0 for no bound.
	Throttle int64
	// Stdin is what the URL "stdin:" reads, nil for nothing.
	Stdin io.Reader
	// Mounts are built-in file systems by URL scheme.
	Mounts map[string]fs.FS
	// Exchanges is how many requests are kept for WriteHAR, 0 for none, at most 100000.
	Exchanges int
	// CMCD is how servers are told about playback, by default not at all. Session identifies the session, at most 64 bytes;
	// by default it is a random UUID.
	CMCD    CMCDMode
	Session string
	// Sample is told about each body that arrived over the network, on the goroutine that read it.
	Sample func(Sample)
	// Seed varies the waits between tries.
	Seed uint64
	// Dial makes connections, nil for the network's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&c.ConnectTimeout, defaultConnectTimeout)
	def(&c.FirstByteTimeout, defaultFirstByteTimeout)
	def(&c.StallTimeout, defaultStallTimeout)
	def(&c.Backoff, defaultBackoff)
	if c.Attempts <= 0 {
		c.Attempts = defaultAttempts
	}
	if c.UserAgent == "" {
		c.UserAgent = defaultUserAgent
	}
	return c
}

// Sample is what one body tells about the network.
type Sample struct {
	Kind Kind
	// Bytes arrived in Duration, which runs from the first byte of the response to the last of the body; TTFB is how
	// long the response took to begin.
	Bytes          int64
	TTFB, Duration time.Duration
}

// Range is a part of a resource in bytes, [Start, End). End 0 means to the end of the resource, so the zero value
// is the whole of it.
type Range struct{ Start, End int64 }

// IsWhole reports whether r is the whole resource.
func (r Range) IsWhole() bool { return r == Range{} }

// String gives "100-199", the spelling of HTTP; the whole is "".
func (r Range) String() string {
	switch {
	case r.IsWhole():
		return ""
	case r.End == 0:
		return fmt.Sprintf("%d-", r.Start)
	}
	return fmt.Sprintf("%d-%d", r.Start, r.End-1)
}

// Request says what to get.
type Request struct {
	// URL is absolute: http, https, file, data, "stdin:" or a mounted scheme.
	URL   string
	Range Range
	Kind  Kind
	// Header is added to that of the Config.
	Header http.Header
	// Body is sent in a POST over HTTP; nil is for a GET.
	Body []byte
	// CMCD is what the request tells about playback if the Config says so, nil for only what the client knows.
	CMCD *CMCD
	// Attempts is how often the request is tried in all, 0 for as often as the Config says. Where the same bytes are to be
	// had at another place, fewer are better.
	Attempts int
	// Origin is the URL of the document that named URL, "" when the user did. A document from the network reaches
	// neither local files nor standard input nor mounts; a document of any origin reaches regular files only.
	Origin string
}

// Client gets bytes. Make it with New and close it.
type Client struct {
	// immutable
	cfg       Config
	http      *http.Client
	transport *http.Transport
	throttle  *throttle
	stdin     *spool
	log       requestLog
	exchanges exchangeLog
	session   string // immutable

	mu   sync.Mutex
	rand *rand.Rand // guarded by mu
}

// New makes a client. It fails when the CA file cannot be used.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	tlsConfig := &tls.Config{InsecureSkipVerify: cfg.Insecure}
	if cfg.CAFile != "" {
		pool, err := certificates(cfg.CAFile)
		if err != nil {
			return nil, fmt.Errorf("fetch: CA file %s: %w", cfg.CAFile, err)
		}
		tlsConfig.RootCAs = pool
	}
	dial := cfg.Dial
	if dial == nil {
		dial = (&net.Dialer{KeepAlive: keepAlive}).DialContext
	}
	c := &Client{cfg: cfg, rand: rand.New(rand.NewPCG(cfg.Seed, cfg.Seed))}
	c.transport = &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			ctx, cancel := context.WithTimeoutCause(ctx, cfg.ConnectTimeout, fmt.Errorf("%w to %s within %v", errNoConn, address, cfg.ConnectTimeout))
			defer cancel()
			conn, err := dial(ctx, network, address)
			if err != nil && ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return conn, err
		},
		TLSClientConfig:        tlsConfig,
		TLSHandshakeTimeout:    cfg.ConnectTimeout,
		ResponseHeaderTimeout:  cfg.FirstByteTimeout,
		MaxIdleConnsPerHost:    maxIdlePerHost,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true, // asked for where it is wanted
		ForceAttemptHTTP2:      true,
	}
	jar, err := cookiejar.New(nil) // every host on its own
	if err != nil {
		return nil, fmt.Errorf("fetch: cookies: %w", err)
	}
	if cfg.CMCD != NoCMCD {
		if c.session = cut(cfg.Session, maxCMCDText); c.session == "" {
			c.session = newSession()
		}
	}
	var transport http.RoundTripper = c.transport
	if cfg.Exchanges > 0 {
		c.exchanges.max = min(cfg.Exchanges, maxExchanges)
		own := http.Header{}
		for k, v := range cfg.Header {
			own[http.CanonicalHeaderKey(k)] = v
		}
		transport = &recorder{transport, &c.exchanges, own}
	}
	c.http = &http.Client{Transport: transport, Jar: &boundedJar{CookieJar: jar}, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return ErrRedirects
		}
		if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
			return fmt.Errorf("%w to scheme %.20q", errRedirect, req.URL.Scheme)
		}
		if via[0].URL.Scheme == "https" && req.URL.Scheme == "http" {
			req.Header.Del("Authorization") // nobody is to overhear it
		}
		return nil
	}}
	if cfg.Throttle > 0 {
		c.throttle = &throttle{bytesPerSecond: max(1, float64(cfg.Throttle)/8)}
	}
	if cfg.Stdin != nil {
		c.stdin = &spool{src: cfg.Stdin}
	}
	return c, nil
}

// boundedJar keeps the cookies of servers, up to a total length over the life of the client.
type boundedJar struct {
	http.CookieJar
	bytes atomic.Int64
}

// SetCookies stores what still fits.
func (j *boundedJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	for _, c := range cookies {
		n := int64(len(c.Name) + len(c.Value) + len(c.Path) + len(c.Domain))
		if j.bytes.Add(n) > maxCookieBytes {
			return
		}
		j.CookieJar.SetCookies(u, []*http.Cookie{c})
	}
}

// Close ends idle connections and frees what standard input left on disk. Responses must be closed before.
func (c *Client) Close() error {
	c.transport.CloseIdleConnections()
	if c.stdin != nil {
		return c.stdin.close()
	}
	return nil
}

func certificates(file string) (*x509.CertPool, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	pem, err := io.ReadAll(io.LimitReader(f, maxCAFileBytes))
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in it")
	}
	return pool, nil
}

// Get begins to fetch. It returns when the response header is there, having retried as often as the Config allows;
// ctx bounds it and all reading of the body.
func (c *Client) Get(ctx context.Context, req Request) (*Response, error) {
	u, err := url.Parse(req.URL)
	if err != nil {
		return nil, c.refused(req, "%v", cause(err))
	}
	if req.Range.Start < 0 || req.Range.End < 0 || req.Range.End != 0 && req.Range.End <= req.Range.Start {
		return nil, c.refused(req, "impossible byte range [%d,%d)", req.Range.Start, req.Range.End)
	}
	scheme := strings.ToLower(u.Scheme)
	r := &Response{URL: req.URL, Length: -1, Total: -1, c: c, ctx: ctx, req: req, rec: Record{Start: time.Now()}}
	switch scheme {
	case "http", "https":
		err = r.connect()
	case "data":
		err = r.openData()
	default:
		err = c.local(r, scheme, u)
	}
	c.log.begin()
	if err != nil {
		return nil, r.failed(err)
	}
	return r, nil
}

// local opens what lies on this machine, if the request's origin may see it.
func (c *Client) local(r *Response, scheme string, u *url.URL) error {
	mount, mounted := c.cfg.Mounts[scheme]
	known := mounted || scheme == "file" || scheme == "stdin"
	origin, _, _ := strings.Cut(r.req.Origin, ":")
	switch origin = strings.ToLower(origin); {
	case !known && scheme == "":
		return errors.New("the URL has no scheme")
	case !known:
		return fmt.Errorf("scheme %q is not handled", scheme)
	case origin != "" && origin != "file" && origin != scheme:
		return fmt.Errorf("a document from %s may not reach a %s URL", origin, scheme)
	case mounted:
		return r.openMount(mount, u)
	case scheme == "stdin":
		return r.openStdin()
	}
	return r.openFile(u)
}

// method is the request's HTTP method.
func (r *Request) method() string {
	if r.Body != nil {
		return http.MethodPost
	}
	return http.MethodGet
}

// refused makes the error of a request that was never sent.
func (c *Client) refused(req Request, format string, args ...any) error {
	c.log.begin()
	r := &Response{c: c, req: req, rec: Record{Start: time.Now()}}
	return r.failed(fmt.Errorf(format, args...))
}

// ReadAll gets a whole answer into memory. The response is closed already; its facts are valid.
func (c *Client) ReadAll(ctx context.Context, req Request) ([]byte, *Response, error) {
	r, err := c.Get(ctx, req)
	if err != nil {
		return nil, nil, err
	}
	b, err := r.All()
	return b, r, err
}
