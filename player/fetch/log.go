package fetch

import (
	"sync"
	"time"
)

// maxRecords bounds the records that are kept; the oldest go first.
const maxRecords = 512

// Record is what happened to one attempt at one request.
type Record struct {
	// Start is when the attempt began. TTFB is the time to the response header, Duration that to the end.
	Start          time.Time
	TTFB, Duration time.Duration
	Kind           Kind
	// URL is without credentials.
	URL    string
	Range  Range
	Status int
	// Bytes of the body that were handed out.
	Bytes   int64
	Attempt int
	// Err is the error's text, "" for success.
	Err string
}

// Stats are totals since the client was made.
type Stats struct {
	// Count is how many requests ended or began their body, Failed how many of all ended in an error, Retried the
	// further attempts, Bytes what bodies delivered.
	Count, Failed, Retried int
	Bytes                  int64
}

type requestLog struct {
	mu sync.Mutex
	// guarded by mu
	ring  []Record
	next  int
	stats Stats
}

func (l *requestLog) begin() { l.update(func(s *Stats) { s.Count++ }) }
func (l *requestLog) fail()  { l.update(func(s *Stats) { s.Failed++ }) }
func (l *requestLog) retry() { l.update(func(s *Stats) { s.Retried++ }) }

func (l *requestLog) update(f func(*Stats)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.stats)
}

func (l *requestLog) add(r Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.Bytes += r.Bytes
	if len(l.ring) < maxRecords {
		l.ring = append(l.ring, r)
		return
	}
	l.ring[l.next] = r
	l.next = (l.next + 1) % maxRecords
}

// Records returns what happened to the latest attempts, the oldest first. An attempt is recorded when it ends.
func (c *Client) Records() []Record {
	c.log.mu.Lock()
	defer c.log.mu.Unlock()
	return append(append(make([]Record, 0, len(c.log.ring)), c.log.ring[c.log.next:]...), c.log.ring[:c.log.next]...)
}

// Stats returns the totals so far.
func (c *Client) Stats() Stats {
	c.log.mu.Lock()
	defer c.log.mu.Unlock()
	return c.log.stats
}
