package stream

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
)

const (
	// maxClockBytes bounds what a time server may answer.
	maxClockBytes = 256
	// maxClockServers bounds how many servers of one way are asked.
	maxClockServers = 4
	// clockTimeout bounds the question for the time, with one server.
	clockTimeout = 5 * time.Second
	// dateTolerance is how far off the local clock must be for the Date of an answer, which counts whole seconds and was
	// not meant for this, to be believed more.
	dateTolerance = 1500 * time.Millisecond
	// clockAge is how long a measured clock is good. Where segments cannot be had it is asked again after clockDoubt.
	clockAge, clockDoubt = 10 * time.Minute, 30 * time.Second
)

// Skew is how the server's clock was learnt.
type Skew struct {
	// Offset is what the server's clock shows more than the local one.
	Offset time.Duration
	// Scheme names the way, "" when the local clock is believed.
	Scheme string
}

// clockScheme is the last part of a UTCTiming scheme with its year: "http-iso:2014".
const clockScheme = "urn:mpeg:dash:utc:"

// AskClock learns the server's clock in the first of several ways that works; the error says why those before it did not.
// origin is the manifest, whose server's Date is the last resort.
// ISO/IEC 23009-1 §5.8.4.11.
func AskClock(ctx context.Context, get *fetch.Client, clocks []manifest.Descriptor, origin string) (Skew, error) {
	var failed []error
	for _, c := range clocks {
		offset, err := askOne(ctx, get, c, origin)
		if err == nil {
			return Skew{offset, c.Scheme}, errors.Join(failed...)
		}
		if ctx.Err() != nil {
			return Skew{}, context.Cause(ctx)
		}
		failed = append(failed, fmt.Errorf("%s: %w", c.Scheme, err))
	}
	if strings.HasPrefix(origin, "http:") || strings.HasPrefix(origin, "https:") {
		offset, err := askDate(ctx, get, origin)
		switch {
		case err != nil:
			failed = append(failed, err)
		case offset.Abs() > dateTolerance:
			return Skew{offset, "date"}, errors.Join(failed...)
		}
	}
	return Skew{}, errors.Join(failed...)
}

// askOne learns the clock in one way.
func askOne(ctx context.Context, get *fetch.Client, c manifest.Descriptor, origin string) (time.Duration, error) {
	scheme, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(c.Scheme), clockScheme), ":")
	value := strings.TrimSpace(c.Value)
	if scheme == "direct" {
		t, err := parseClock(value)
		return time.Until(t), err
	}
	if value == "" {
		return 0, errors.New("it names no server")
	}
	switch scheme {
	case "http-head", "http-iso", "http-xsdate":
	case "ntp", "sntp", "http-ntp":
		return 0, errors.New("this scheme is not handled; http-iso, http-xsdate, http-head and direct are")
	default:
		return 0, errors.New("this scheme is not known")
	}
	servers := strings.Fields(value)
	servers = servers[:min(len(servers), maxClockServers)]
	var failed []error
	for _, url := range servers { // in the order of preference
		offset, err := askServer(ctx, get, scheme, url, origin)
		if err == nil {
			return offset, nil
		}
		failed = append(failed, err)
	}
	return 0, errors.Join(failed...)
}

// askServer learns the clock from one server.
func askServer(ctx context.Context, get *fetch.Client, scheme, url, origin string) (time.Duration, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, clockTimeout, fmt.Errorf("no answer within %v", clockTimeout))
	defer cancel()
	if scheme == "http-head" {
		return askDate(ctx, get, url)
	}
	sent := time.Now()
	resp, err := get.Get(ctx, fetch.Request{URL: url, Kind: fetch.Key, Origin: origin})
	if err != nil {
		return 0, err
	}
	body, err := resp.All()
	if err != nil {
		return 0, err
	}
	t, err := parseClock(strings.TrimSpace(string(body[:min(len(body), maxClockBytes)])))
	return between(sent, t), err
}

// askDate learns the clock from the Date of an answer, which counts whole seconds: a local clock that is within that second
// is believed, otherwise the middle of it.
func askDate(ctx context.Context, get *fetch.Client, url string) (time.Duration, error) {
	sent := time.Now()
	t, err := get.ServerTime(ctx, url)
	if err != nil {
		return 0, err
	}
	offset := between(sent, t.Add(time.Second/2))
	if offset.Abs() <= time.Second/2 {
		return 0, nil
	}
	return offset, nil
}

// between takes what a server's clock showed somewhere between sent and now for what it showed in the middle.
func between(sent time.Time, shown time.Time) time.Duration {
	return shown.Sub(sent.Add(time.Since(sent) / 2))
}

// parseClock reads a time as xs:dateTime or ISO 8601 write it; without a time zone it is UTC.
func parseClock(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05Z0700", "20060102T150405Z0700", "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%.40q is no time", s)
}

// seconds turns a length of media into one of wall time, as far as that goes.
func seconds(d float64) time.Duration {
	if math.Abs(d) > math.MaxInt64/float64(time.Second)/2 {
		return time.Duration(math.Copysign(math.MaxInt64/2, d))
	}
	return time.Duration(d * float64(time.Second))
}
