package netsim

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits of Faults.
const (
	maxKeys       = 1 << 16 // requests whose tries are counted
	maxInjected   = 1 << 14 // faults that are listed
	maxFlips      = 8       // bytes that are damaged in one body
	guessedLength = 16 << 10
	maxSilence    = time.Minute
	defaultSlow   = 3 * time.Second
	slowPieces    = 30
	loopParameter = "netsim-loop"
)

// Fault is a way in which an answer goes wrong.
type Fault uint8

// The faults.
const (
	NotFound    Fault = iota + 1 // status 404
	ServerError                  // status 500, 502, 503 or 504, now and then with a wish for the next try
	Lost                         // the connection breaks before the answer
	Silent                       // no answer
	Cut                          // the connection breaks at some byte of the body
	Stalled                      // no more from some byte of the body on
	Slow                         // the body takes Faults.SlowFor longer
	Flipped                      // some bits of the body are wrong; nothing tells
	Loop                         // redirects in a circle
	WrongRange                   // bytes beside those that were asked for; a range though the whole was asked for
	TooLong                      // more bytes are announced than come
	TooShort                     // fewer bytes are announced, and come, than there are
)

// faultNames is indexed by Fault.
var faultNames = [...]string{"none", "not found", "server error", "lost", "silent", "cut", "stalled", "slow", "flipped", "loop", "wrong range", "too long", "too short"}

// All lists all faults.
func All() []Fault {
	return []Fault{NotFound, ServerError, Lost, Silent, Cut, Stalled, Slow, Flipped, Loop, WrongRange, TooLong, TooShort}
}

// String gives the name in lower case.
func (f Fault) String() string {
	if int(f) < len(faultNames) {
		return faultNames[f]
	}
	return fmt.Sprintf("fault %d", uint8(f))
}

// Injected is a fault that befell a request.
type Injected struct {
	Fault Fault
	// URL is the path and the query, Range the value of the request's Range field.
	URL, Range string
	// Try counts the requests for the same, from 1.
	Try int
}

// String gives the fault on one line.
func (i Injected) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s: %s %s", i.Fault, i.URL, i.Range)) + " try " + strconv.Itoa(i.Try)
}

// Faults lets a share of requests fail.
type Faults struct {
	// immutable after the first request

	// Seed chooses the requests and their faults; Rate is the share of requests that fail, 0 to 1.
	Seed uint64
	Rate float64
	// Kinds are the faults, drawn evenly; nil for all.
	Kinds []Fault
	// Match chooses the requests that may fail, nil for all.
	Match func(*http.Request) bool
	// SlowFor is how much longer a slow body takes, default 3 s.
	SlowFor time.Duration

	mu sync.Mutex
	// guarded by mu
	tries map[string]int
	list  []Injected
	count int
}

// Injected returns the faults so far, at most the first 16384 of Count.
func (f *Faults) Injected() []Injected {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.list)
}

// Count is how many requests met a fault.
func (f *Faults) Count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// Wrap returns a handler that fails for next at times.
func (f *Faults) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has(loopParameter) {
			loop(w, r)
			return
		}
		fault, draw := f.draw(r)
		f.serve(w, r, next, fault, draw)
	})
}

// draw decides what happens to a request.
func (f *Faults) draw(r *http.Request) (Fault, *rand.Rand) {
	if f.Match != nil && !f.Match(r) {
		return 0, nil
	}
	key := r.URL.RequestURI() + " " + r.Header.Get("Range")
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tries == nil || len(f.tries) >= maxKeys {
		f.tries = map[string]int{}
	}
	f.tries[key]++
	try := f.tries[key]
	h := fnv.New64a()
	_, _ = h.Write([]byte(key)) // a hash takes everything
	draw := rand.New(rand.NewPCG(f.Seed^h.Sum64(), uint64(try)))
	if draw.Float64() >= f.Rate {
		return 0, nil
	}
	kinds := f.Kinds
	if kinds == nil {
		kinds = All()
	}
	fault := kinds[draw.IntN(len(kinds))]
	f.count++
	if len(f.list) < maxInjected {
		f.list = append(f.list, Injected{fault, r.URL.RequestURI(), r.Header.Get("Range"), try})
	}
	return fault, draw
}

// serve answers a request with a fault.
func (f *Faults) serve(w http.ResponseWriter, r *http.Request, next http.Handler, fault Fault, draw *rand.Rand) {
	b := &body{ResponseWriter: w, r: r, fault: fault, draw: draw}
	switch fault {
	case 0:
		next.ServeHTTP(w, r)
	case NotFound:
		http.Error(w, "not found", http.StatusNotFound)
	case ServerError:
		if draw.IntN(2) == 0 {
			w.Header().Set("Retry-After", strconv.Itoa(draw.IntN(3)))
		}
		http.Error(w, "server error", []int{500, 502, 503, 504}[draw.IntN(4)])
	case Lost:
		panic(http.ErrAbortHandler)
	case Silent:
		silence(r)
	case Loop:
		loop(w, r)
	case WrongRange:
		r = r.Clone(r.Context())
		r.Header.Set("Range", beside(r.Header.Get("Range"), draw))
		r.Header.Del("If-Range")
		next.ServeHTTP(w, r)
	case Slow:
		b.pause = f.SlowFor / slowPieces
		if b.pause <= 0 {
			b.pause = defaultSlow / slowPieces
		}
		next.ServeHTTP(b, r)
	case Cut, Stalled, TooLong:
		next.ServeHTTP(b, r)
		b.stop() // it was to happen later than the body ended
	case Flipped, TooShort:
		next.ServeHTTP(b, r)
	default:
		panic("netsim: " + fault.String())
	}
}

// loop redirects to a place that redirects to itself.
func loop(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	q.Set(loopParameter, "1")
	w.Header().Set("Location", (&url.URL{Path: r.URL.Path, RawQuery: q.Encode()}).String())
	w.WriteHeader(http.StatusFound)
}

// silence waits until the client is gone, and breaks the connection.
func silence(r *http.Request) {
	t := time.NewTimer(maxSilence)
	defer t.Stop()
	select {
	case <-r.Context().Done():
	case <-t.C:
	}
	panic(http.ErrAbortHandler)
}

// beside returns another range than the one asked for.
func beside(asked string, draw *rand.Rand) string {
	from, to, ok := strings.Cut(strings.TrimPrefix(asked, "bytes="), "-")
	start, err := strconv.ParseInt(from, 10, 64)
	if !ok || err != nil {
		return "bytes=0-" // a range where the whole was asked for
	}
	by := int64(1 + draw.IntN(1000))
	if start >= by && draw.IntN(2) == 0 {
		by = -by
	}
	if end, err := strconv.ParseInt(to, 10, 64); err == nil {
		return fmt.Sprintf("bytes=%d-%d", start+by, end+by)
	}
	return fmt.Sprintf("bytes=%d-", start+by)
}

// body damages what a handler writes.
type body struct {
	http.ResponseWriter
	r     *http.Request
	fault Fault
	draw  *rand.Rand
	pause time.Duration

	begun  bool
	length int64 // announced by the handler, -1 for not
	at     int64 // bytes written
	limit  int64 // where the fault happens
	flips  []int64
	pieces int64 // bytes between two pauses
}

// Unwrap gives http.ResponseController the writer below.
func (b *body) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// Flush sends what was written so far.
func (b *body) Flush() { _ = http.NewResponseController(b.ResponseWriter).Flush() }

// WriteHeader plans the fault, which depends on how long the body will be.
func (b *body) WriteHeader(status int) {
	if b.begun {
		return
	}
	b.begun = true
	b.length = -1
	if n, err := strconv.ParseInt(b.Header().Get("Content-Length"), 10, 64); err == nil {
		b.length = n
	}
	n := b.length
	if n < 0 {
		n = guessedLength
	}
	b.limit = n
	switch b.fault {
	case Cut, Stalled, TooShort:
		b.limit = b.draw.Int64N(max(1, n))
	case Slow:
		b.pieces = max(1, n/slowPieces)
	case Flipped:
		for range 1 + b.draw.IntN(maxFlips) {
			b.flips = append(b.flips, b.draw.Int64N(max(1, n)))
		}
	case TooLong:
		if b.length < 0 { // without an announced length, cutting is the same
			b.limit = b.draw.Int64N(n)
		}
	}
	if b.length >= 0 {
		switch b.fault {
		case TooShort:
			b.Header().Set("Content-Length", strconv.FormatInt(b.limit, 10))
		case TooLong:
			b.Header().Set("Content-Length", strconv.FormatInt(b.length+1+b.draw.Int64N(1000), 10))
		}
	}
	b.ResponseWriter.WriteHeader(status)
}

// Write passes on what is left of p after the fault.
func (b *body) Write(p []byte) (int, error) {
	if !b.begun {
		b.WriteHeader(http.StatusOK)
	}
	n := len(p)
	switch b.fault {
	case Cut, Stalled, TooLong, TooShort:
		if left := b.limit - b.at; int64(len(p)) > left {
			p = p[:left]
		}
	case Flipped:
		p = slices.Clone(p)
		for _, at := range b.flips {
			if i := at - b.at; i >= 0 && i < int64(len(p)) {
				p[i] ^= 1 << (at % 8)
			}
		}
	}
	if b.pieces > 0 {
		return b.trickle(p)
	}
	m, err := b.ResponseWriter.Write(p)
	b.at += int64(m)
	if err != nil {
		return m, err
	}
	if m < n {
		if b.fault != TooShort {
			b.stop()
		}
		return n, nil // the handler is not to notice
	}
	return m, nil
}

// stop ends the answer without its end.
func (b *body) stop() {
	b.Flush()
	if b.fault == Stalled {
		silence(b.r)
	}
	panic(http.ErrAbortHandler)
}

// trickle writes p in pieces with pauses between them.
func (b *body) trickle(p []byte) (int, error) {
	n := 0
	for len(p) > 0 {
		piece := p[:min(int64(len(p)), b.pieces-b.at%b.pieces)]
		m, err := b.ResponseWriter.Write(piece)
		b.at += int64(m)
		n += m
		if err != nil {
			return n, err
		}
		p = p[m:]
		if b.at%b.pieces == 0 {
			b.Flush()
			t := time.NewTimer(b.pause)
			select {
			case <-t.C:
			case <-b.r.Context().Done():
				t.Stop()
				return n, b.r.Context().Err()
			}
		}
	}
	return n, nil
}
