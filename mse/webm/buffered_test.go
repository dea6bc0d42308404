package webm_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/mse/msetest/collection"
	"mseplayer/mse/webm"
)

// host is a media element that does nothing.
type host struct{}

func (host) HasError() bool                            { return false }
func (host) DurationChanged(*mse.Tx, media.Time)       {}
func (host) TrackLists() *mse.TrackLists               { return nil }
func (host) TracksChanged(*mse.Tx)                     {}
func (host) NewTracksActive(*mse.Tx)                   {}
func (host) MetadataComplete(*mse.Tx)                  {}
func (host) BufferedChanged(*mse.Tx)                   {}
func (host) PlayheadRemoved(*mse.Tx)                   {}
func (host) StreamEnded(*mse.Tx, mse.EndReason, error) {}

// buffered appends the pieces to a SourceBuffer, and tells what it holds after each.
func buffered(t *testing.T, pieces ...[]byte) (after []media.Ranges) {
	t.Helper()
	var queue []func()
	loop := mse.NewEventLoop(func(run func()) { queue = append(queue, run) })
	ms := mse.New(mse.Options{Loop: loop, Formats: map[mime.Container]func() bytestream.Parser{
		mime.WebM: func() bytestream.Parser { return webm.New(webm.Options{}) },
	}})
	if _, err := ms.Attach(host{}); err != nil {
		t.Fatal(err)
	}
	sb, err := ms.AddSourceBuffer("video/webm")
	if err != nil {
		t.Fatal(err)
	}
	failed := false
	sb.Listen(func(e mse.Event) { failed = failed || e.Type == mse.EventError })
	for _, b := range pieces {
		if err := sb.AppendBuffer(b); err != nil {
			t.Fatal(err)
		}
		for len(queue) > 0 {
			run := queue[0]
			queue = queue[1:]
			run()
		}
		r, err := sb.Buffered()
		if err != nil || failed {
			t.Fatalf("append: error %v, event error %v", err, failed)
		}
		after = append(after, r)
	}
	return after
}

// TestBuffered appends streams to a SourceBuffer: what it says to have is one range without holes.
func TestBuffered(t *testing.T) {
	m := movie{seconds: 4, gop: 30, bitsPerSecond: 100_000, audio: true}
	segments := m.segments()
	after := buffered(t, m.init(), cat(segments...))
	near := func(r media.Ranges, start, end float64) bool {
		const step = 0.0011 // the numbers are of times in milliseconds, and some of lengths that were guessed
		return len(r) == 1 && math.Abs(float64(r[0].Start)-start) < step && math.Abs(float64(r[0].End)-end) < step
	}
	if r := after[1]; !near(r, 0, 3.9735) {
		t.Errorf("got %v, want [0,3.9735), to where the sound goes", r)
	}
	// Segments that come in another order close up in the end.
	after = buffered(t, m.init(), segments[2], segments[0], segments[3], segments[1])
	if r := after[4]; !near(r, 0, 3.9735) {
		t.Errorf("in another order: got %v, want [0,3.9735), to where the sound goes", r)
	}

	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: built streams only")
		return
	}
	for _, tt := range []struct {
		name       string
		start, end float64
	}{
		// From the conformance suite.
		{"test-a-128k-44100Hz-1ch.webm", 0, 2.023},
		{"test-v-128k-320x240-30fps-10kfr.webm", 0, 2.001},
		{"test-av-384k-44100Hz-1ch-320x240-30fps-10kfr.webm", 0.003, 2.004},
		{"test-vp9.webm", 0, 2},
		{"test.webm", 0.112, 6.532},
	} {
		b, err := os.ReadFile(filepath.Join(dir, "wpt", "webm", tt.name))
		if err != nil {
			t.Fatal(err)
		}
		after := buffered(t, b)
		if r := after[0]; !near(r, tt.start, tt.end) {
			t.Errorf("%s: got %v, want [%v,%v)", tt.name, r, tt.start, tt.end)
		}
	}
}
