// Package limit keeps errors that repeat from flooding a log: it reports the first at once and then, at most once
// per interval, how many more there were and which was the last.
//
// # Ownership
//
// An [Errors] keeps the last error it was given until it has reported it.
//
// # Concurrency
//
// All methods may be called from any goroutine and never block on anything but each other. Reports are made on the
// goroutine that calls Add or on that of a timer, one at a time, with no lock held.
//
// # Errors
//
// Nothing here fails.
package limit

import (
	"sync"
	"time"
)

// defaultEvery is the interval between reports.
const defaultEvery = time.Second

// Errors reports repeated errors. Set the fields before the first Add; it must not be copied afterwards.
type Errors struct {
	// immutable
	//
	// Report receives the number of errors since the last report, at least 1, and the last of them.
	Report func(n int, last error)
	// Every is the shortest time between two reports, 0 for one second.
	Every time.Duration

	mu sync.Mutex
	// guarded by mu
	pending   int
	last      error
	total     int
	timer     *time.Timer // running while the interval after a report lasts
	reporting bool
	closed    bool
}

// Add counts err. A nil error counts nothing.
func (e *Errors) Add(err error) {
	if err == nil {
		return
	}
	e.mu.Lock()
	e.total++
	e.pending++
	e.last = err
	quiet := e.timer != nil || e.reporting || e.closed
	e.mu.Unlock()
	if !quiet {
		e.flush()
	}
}

// Total returns how many errors there were in all.
func (e *Errors) Total() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.total
}

// Close reports what is pending and ends the reporting; later errors are only counted.
func (e *Errors) Close() {
	e.mu.Lock()
	e.closed = true
	if e.timer != nil {
		e.timer.Stop()
		e.timer = nil
	}
	e.mu.Unlock()
	e.flush()
}

// flush reports what is pending and starts the interval, in which Add only counts.
func (e *Errors) flush() {
	e.mu.Lock()
	if e.pending == 0 || e.reporting {
		e.mu.Unlock()
		return
	}
	n, last := e.pending, e.last
	e.pending, e.last = 0, nil
	e.reporting = true
	e.mu.Unlock()

	if e.Report != nil {
		e.Report(n, last)
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	e.reporting = false
	if e.closed {
		return
	}
	every := e.Every
	if every <= 0 {
		every = defaultEvery
	}
	if e.timer != nil {
		e.timer.Stop()
	}
	e.timer = time.AfterFunc(every, e.intervalOver)
}

// intervalOver runs on the timer's goroutine.
func (e *Errors) intervalOver() {
	e.mu.Lock()
	e.timer = nil
	e.mu.Unlock()
	e.flush()
}
