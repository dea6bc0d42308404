package netsim

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// lineBytes is how much goes over a Line at once: what answers that share it alternate by.
	lineBytes = 1 << 10
	// maxAsked bounds the list of requests.
	maxAsked = 1 << 14
)

// Step says how fast a Line is from some time on.
type Step struct {
	// At is the time since the first request.
	At time.Duration
	// BitsPerSecond is more than 0.
	BitsPerSecond float64
}

// Asked is a request that a Line was asked to answer, At since the first one.
type Asked struct {
	At  time.Duration
	URL string
}

// Line lets the bodies of all answers share a bottleneck, whatever their connections.
type Line struct {
	// immutable after the first request

	// Steps are in the order of their times; the first holds from the beginning on.
	Steps []Step
	// Delay is how long each request waits for its answer.
	Delay time.Duration

	mu sync.Mutex
	// guarded by mu
	began time.Time
	free  time.Time // when what has been accepted is through
	asked []Asked
}

// Asked returns the requests so far, at most the first 16384.
func (l *Line) Asked() []Asked {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.asked)
}

// Wrap returns a handler whose answers go over the line.
func (l *Line) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.note(r)
		if !pause(r, l.Delay) {
			return
		}
		next.ServeHTTP(&shaped{ResponseWriter: w, r: r, line: l}, r)
	})
}

func (l *Line) note(r *http.Request) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.began.IsZero() {
		l.began = now
	}
	if len(l.asked) < maxAsked {
		l.asked = append(l.asked, Asked{now.Sub(l.began), r.URL.RequestURI()})
	}
}

// accept takes n bytes and returns when they are through.
func (l *Line) accept(n int) time.Time {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.free.Before(now) {
		l.free = now
	}
	rate := l.Steps[0].BitsPerSecond
	for _, s := range l.Steps {
		if l.free.Sub(l.began) >= s.At {
			rate = s.BitsPerSecond
		}
	}
	l.free = l.free.Add(time.Duration(float64(n) * 8 / rate * float64(time.Second)))
	return l.free
}

// pause waits; it returns false when the client is gone before.
func pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// shaped is an answer on a Line.
type shaped struct {
	http.ResponseWriter
	r    *http.Request
	line *Line
}

// Unwrap gives http.ResponseController the writer below.
func (s *shaped) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Write sends p at the speed of the line.
func (s *shaped) Write(p []byte) (int, error) {
	n := 0
	for len(p) > 0 {
		piece := p[:min(len(p), lineBytes)]
		if !pause(s.r, time.Until(s.line.accept(len(piece)))) {
			return n, s.r.Context().Err()
		}
		m, err := s.ResponseWriter.Write(piece)
		n += m
		if err == nil {
			err = http.NewResponseController(s.ResponseWriter).Flush()
		}
		if err != nil {
			return n, err
		}
		p = p[m:]
	}
	return n, nil
}
