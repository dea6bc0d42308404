package fetch

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// pause waits before try n+1 after err: as long as the server asked for, within bounds, else a time that doubles from
// try to try and varies by half either way, so that many clients do not come back together.
func (c *Client) pause(ctx context.Context, n int, err error) error {
	c.mu.Lock()
	jitter := 0.5 + c.rand.Float64()
	c.mu.Unlock()
	return sleep(ctx, backoff(c.cfg.Backoff, n, jitter, err, time.Now()))
}

// backoff decides how long to wait after the n-th try failed with err.
func backoff(base time.Duration, n int, jitter float64, err error, now time.Time) time.Duration {
	var status *statusError
	if errors.As(err, &status) && status.after != "" {
		if s, err := strconv.ParseUint(status.after, 10, 31); err == nil {
			return min(time.Duration(s)*time.Second, maxRetryAfter)
		}
		if t, err := http.ParseTime(status.after); err == nil {
			return min(max(t.Sub(now), 0), maxRetryAfter)
		}
	}
	const maxDoublings = 10
	d := min(base<<min(n-1, maxDoublings), maxBackoff)
	return time.Duration(float64(d) * jitter)
}

// sleep waits for d or the end of ctx, whose cause it returns.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// throttle spreads bytes over time. All responses of a client share it. A nil throttle does nothing.
type throttle struct {
	bytesPerSecond float64 // immutable

	mu   sync.Mutex
	free time.Time // guarded by mu: when the bytes let through so far will have taken their time
}

// portion is how much to read at once, of room bytes: a twentieth of a second's worth.
func (t *throttle) portion(room int) int {
	const (
		perSecond = 20
		smallest  = 1 << 10
	)
	if t == nil {
		return room
	}
	return min(room, max(smallest, int(min(t.bytesPerSecond/perSecond, maxChunkBytes))))
}

// wait blocks until n further bytes may have arrived.
func (t *throttle) wait(ctx context.Context, n int) error {
	if t == nil {
		return nil
	}
	now := time.Now()
	t.mu.Lock()
	if t.free.Before(now) {
		t.free = now
	}
	t.free = t.free.Add(time.Duration(float64(n) / t.bytesPerSecond * float64(time.Second)))
	d := t.free.Sub(now)
	t.mu.Unlock()
	return sleep(ctx, d)
}
