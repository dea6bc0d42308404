package webm_test

import (
	"bytes"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
)

// buffered appends the pieces to a SourceBuffer, and tells what it holds after each.
func buffered(t *testing.T, pieces ...[]byte) (after []string) {
	t.Helper()
	sb := bytestreamtest.NewBuffer(t, "video/webm")
	for _, b := range pieces {
		sb.Append(b)
		after = append(after, sb.Thousandths())
	}
	return after
}

// TestBuffered appends streams to a SourceBuffer: what it says to have is one range without holes.
func TestBuffered(t *testing.T) {
	m := movie{seconds: 4, gop: 30, bitsPerSecond: 100_000, audio: true}
	segments := m.segments()
	after := buffered(t, m.init(), cat(segments...))
	is := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	// Up to where the sound goes.
	is(after[1], "[0.000,3.974)")
	// Segments that come in another order close up in the end, and so does one that comes again.
	after = buffered(t, m.init(), segments[2], segments[0], segments[3], segments[1])
	is(after[4], "[0.000,3.974)")
	after = buffered(t, m.init(), cat(segments...), segments[2], segments[1])
	is(after[3], "[0.000,3.974)")

	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: built streams only")
		return
	}
	for _, tt := range []struct{ name, want string }{
		// From the conformance suite, which prints times like this.
		{"test-a-128k-44100Hz-1ch.webm", "[0.000,2.023)"},
		{"test-v-128k-320x240-30fps-10kfr.webm", "[0.000,2.001)"},
		{"test-av-384k-44100Hz-1ch-320x240-30fps-10kfr.webm", "[0.003,2.004)"},
		{"test-vp9.webm", "[0.000,2.000)"},
		{"test.webm", "[0.112,6.531)"}, // the last sound is 1024 samples long
	} {
		b, err := os.ReadFile(filepath.Join(dir, "wpt", "webm", tt.name))
		if err != nil {
			t.Fatal(err)
		}
		is(buffered(t, b)[0], tt.want)
		if parts := clusters(b); len(parts) > 2 {
			slices.Reverse(parts[1:])
			if after := buffered(t, parts...); after[len(after)-1] != tt.want {
				t.Errorf("%s back to front: got %s, want %s", tt.name, after[len(after)-1], tt.want)
			}
		}
	}
}

// TestBuffered_Rounded appends pictures whose times are rounded up to whole ticks, so that what ends a Cluster seems to
// reach into the next one. Whatever the order, none is lost and none is there twice.
func TestBuffered_Rounded(t *testing.T) {
	const clusterLength, n = 10, 60
	for _, rate := range []int{24, 30, 60, 120} {
		var segments [][]byte
		for at := 0; at < n; at += clusterLength {
			ms := func(i int) int { return (i*1000 + rate/2) / rate }
			var blocks [][]byte
			for i := range clusterLength {
				flags := byte(0)
				if i == 0 {
					flags = key
				}
				blocks = append(blocks, sb(1, ms(at+i)-ms(at), flags, "x"))
			}
			segments = append(segments, clu(ms(at), blocks...))
		}
		init := head(vp8(1, el(idDefault, 1_000_000_000/rate)))
		for _, order := range []string{"012345", "543210", "024135", "012345012345", "01234543210", "0123452103"} {
			pieces := [][]byte{init}
			for _, c := range order {
				pieces = append(pieces, segments[c-'0'])
			}
			sb := bytestreamtest.NewBuffer(t, "video/webm")
			sb.Append(pieces...)
			if got := sb.Thousandths(); strings.Count(got, "[") != 1 || sb.Stats().Frames != n {
				t.Errorf("%d pictures a second, order %s: %d frames in %s, want %d in one range", rate, order, sb.Stats().Frames, got, n)
			}
		}
	}
}

// TestEndOfStream ends a stream in the middle of a Cluster, whose frames are buffered then, goes on with it and ends it
// again.
func TestEndOfStream(t *testing.T) {
	c := clu(0, sb(1, 0, key, "a"), sb(1, 40, 0, "b"), sb(1, 80, 0, "c"), sb(1, 120, 0, "d"))
	last := len(sb(1, 120, 0, "d"))
	buf := bytestreamtest.NewBuffer(t, "video/webm")
	buf.Append(head(vp8(1)), c[:len(c)-last-2])
	if got := buf.Thousandths(); got != "" {
		t.Errorf("before the end: %s", got)
	}
	if d := buf.End(); d != 0.08 || buf.Thousandths() != "[0.000,0.080)" {
		t.Errorf("first end: %s, duration %v, want two frames up to 0.08", buf.Thousandths(), d)
	}
	buf.Append(c[len(c)-last-2:])
	if d := buf.End(); math.Abs(float64(d)-0.16) > 1e-9 || buf.Thousandths() != "[0.000,0.160)" || buf.Stats().Frames != 4 {
		t.Errorf("second end: %d frames in %s, duration %v, want four up to 0.16", buf.Stats().Frames, buf.Thousandths(), d)
	}
}

// clusters cuts a file in front of every Cluster.
func clusters(b []byte) (parts [][]byte) {
	id := raw(idCluster)
	from := 0
	for at := 1; ; at++ {
		n := bytes.Index(b[at:], id)
		if n < 0 {
			return append(parts, bytes.Clone(b[from:]))
		}
		at += n
		size := 1 + bits.LeadingZeros8(b[at+len(id)])
		if b[at+len(id)+size] == idTime { // not a mention of it in an index
			parts, from = append(parts, bytes.Clone(b[from:at])), at
		}
	}
}
