package steer

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mseplayer/player/manifest"
)

// ErrGone tells a Poller that the server wishes not to be asked any more (status 410).
var ErrGone = errors.New("the steering server is gone")

// Answer is the answer of a steering server.
type Answer struct {
	Text []byte
	// URL is where it came from, after redirects.
	URL string
}

// Poller asks a steering server. Make it with NewPoller.
type Poller struct {
	// immutable
	format manifest.Format
	router *Router
	base   manifest.Base // of the presentation: where a document of its origin may point
	get    func(ctx context.Context, url string) (Answer, error)

	// owned by the calling goroutine
	url  string
	wait time.Duration
	done bool
}

// NewPoller makes a poller for a presentation that is steered, and lets the router prefer what the manifest says to begin
// with. get fetches a document of at most 64 KiB; its error is ErrGone where the server wishes not to be asked again.
func NewPoller(p *manifest.Presentation, router *Router, get func(ctx context.Context, url string) (Answer, error)) (*Poller, error) {
	base, err := manifest.ParseBase(p.URL)
	if err != nil {
		return nil, fmt.Errorf("steer: %w", err)
	}
	router.Prefer(p.Steering.Default)
	return &Poller{format: p.Format, router: router, base: base, get: get, url: p.Steering.URL, wait: defaultTTL}, nil
}

// Poll asks once and lets the router follow. After an error the order stays what it was.
func (p *Poller) Poll(ctx context.Context) error {
	if err := p.poll(ctx); err != nil {
		return fmt.Errorf("steer: %w", err)
	}
	return nil
}

func (p *Poller) poll(ctx context.Context) error {
	if p.done {
		return ErrGone
	}
	answer, err := p.get(ctx, p.request(p.router.take()))
	if err != nil {
		p.done = errors.Is(err, ErrGone)
		return err
	}
	d, err := Parse(answer.Text)
	if err != nil {
		return err
	}
	p.wait = d.TTL
	if d.Reload != "" {
		from := p.base
		if !strings.HasPrefix(answer.URL, "data:") {
			if from, err = p.base.Resolve(answer.URL); err != nil {
				return err
			}
		}
		next, err := from.ResolveURL(d.Reload)
		if err != nil {
			return fmt.Errorf("RELOAD-URI: %w", err)
		}
		p.url = next
	}
	p.router.Apply(d)
	return nil
}

// request adds to the server's URL what playback used: RFC 8216bis §7.1 and ETSI TS 103 998 have the names in quotes.
func (p *Poller) request(used []Use) string {
	u, err := url.Parse(p.url)
	if err != nil || len(used) == 0 || u.Scheme == "data" {
		return p.url
	}
	prefix := "_DASH_"
	if p.format == manifest.HLS {
		prefix, used = "_HLS_", used[len(used)-1:]
	}
	var names, rates []string
	for _, x := range used {
		names = append(names, x.Location)
		if x.Rate > 0 {
			rates = append(rates, strconv.FormatInt(x.Rate, 10))
		}
	}
	kept := strings.FieldsFunc(u.RawQuery, func(r rune) bool { return r == '&' })
	var query []string
	for _, pair := range kept {
		if !strings.HasPrefix(pair, prefix+"pathway=") && !strings.HasPrefix(pair, prefix+"throughput=") {
			query = append(query, pair)
		}
	}
	query = append(query, prefix+"pathway="+url.QueryEscape(`"`+strings.Join(names, ",")+`"`))
	if len(rates) == len(names) {
		query = append(query, prefix+"throughput="+url.QueryEscape(strings.Join(rates, ",")))
	}
	u.RawQuery = strings.Join(query, "&")
	return u.String()
}

// Run asks again and again, each time after what the server said, until ctx ends or the server wishes not to be asked any
// more, and tells failed, which may be nil, of each error. It begins with a wait when Poll has been called, else at once.
func (p *Poller) Run(ctx context.Context, polled bool, failed func(error)) {
	for {
		if polled {
			t := time.NewTimer(p.wait)
			select {
			case <-t.C:
			case <-ctx.Done():
				t.Stop()
				return
			}
		}
		polled = true
		err := p.Poll(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && failed != nil {
			failed(err)
		}
		if p.done {
			return
		}
	}
}
