package bytestreamtest

import (
	"bytes"
	"fmt"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

// Buffer is a SourceBuffer of one format in a MediaSource that is open. Every call returns when all that it causes has
// happened.
type Buffer struct {
	*mse.SourceBuffer
	Source *mse.MediaSource

	t      testing.TB
	failed error
	queue  []func()
}

// NewBuffer returns a SourceBuffer for a type.
func NewBuffer(t testing.TB, mimeType string) *Buffer {
	t.Helper()
	b := &Buffer{t: t}
	b.Source = mse.New(mse.Options{
		Loop:                  mse.NewEventLoop(func(run func()) { b.queue = append(b.queue, run) }),
		SkipUnsupportedTracks: true,
		InbandEvents:          true,
	})
	if _, err := b.Source.Attach(nil); err != nil {
		t.Fatal(err)
	}
	sb, err := b.Source.AddSourceBuffer(mimeType)
	if err != nil {
		t.Fatal(err)
	}
	b.SourceBuffer = sb
	b.Listen(func(e mse.Event) {
		if e.Type == mse.EventError {
			b.failed = e.Err
		}
	})
	return b
}

// Append appends copies of the pieces one after the other. A failure fails the test.
func (b *Buffer) Append(pieces ...[]byte) {
	b.t.Helper()
	for _, p := range pieces {
		b.Do(b.AppendBuffer(bytes.Clone(p)))
	}
}

// Do waits for what a call that returned err has caused, and fails the test if it failed.
func (b *Buffer) Do(err error) {
	b.t.Helper()
	for len(b.queue) > 0 {
		run := b.queue[0]
		b.queue = b.queue[1:]
		run()
	}
	if err != nil || b.failed != nil {
		b.t.Fatalf("%v, event: %v", err, b.failed)
	}
}

// End ends the stream and returns its duration.
func (b *Buffer) End() media.Time {
	b.t.Helper()
	b.Do(b.Source.EndOfStream(mse.EndNormal))
	d, _ := b.Source.Duration()
	return d
}

// Thousandths prints what is buffered to the millisecond, as the public conformance suite does.
func (b *Buffer) Thousandths() (s string) {
	b.t.Helper()
	r, err := b.Buffered()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, x := range r {
		s += fmt.Sprintf("[%.3f,%.3f)", x.Start, x.End)
	}
	return s
}
