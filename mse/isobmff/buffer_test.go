package isobmff_test

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/mse/msetest/bytestreamtest"
)

// TestEndOfStream ends a stream in the middle of an mdat, whose complete frames are buffered then, goes on with it and
// ends it again.
func TestEndOfStream(t *testing.T) {
	m := msetest.Movie(msetest.MovieSpec{Length: 1, BitsPerSecond: 100_000})
	b := m.Segment(1, -1, 1, 1)
	buf := bytestreamtest.NewBuffer(t, "video/mp4")
	buf.Append(m.Init(), b[:len(b)-2000])
	if got := buf.Stats().Frames; got != 0 {
		t.Errorf("%d frames before the end", got)
	}
	buf.End()
	some := buf.Stats().Frames
	if some == 0 {
		t.Error("no frames after the first end")
	}
	buf.Append(b[len(b)-2000:])
	buf.End()
	whole := bytestreamtest.NewBuffer(t, "video/mp4")
	whole.Append(m.Init(), b)
	whole.End()
	if got, want := buf.Stats(), whole.Stats(); got.Frames != want.Frames || got.Bytes != want.Bytes || got.Frames <= some {
		t.Errorf("after the second end %+v, in one piece %+v", got, want)
	}
	if got, want := buf.Thousandths(), whole.Thousandths(); got != want {
		t.Errorf("after the second end %s, in one piece %s", got, want)
	}
}

// TestInbandEvents appends segments with events to a SourceBuffer: they come once, at the times that the frames near them
// have got, and what nobody takes is bounded.
func TestInbandEvents(t *testing.T) {
	buf := bytestreamtest.NewBuffer(t, "video/mp4")
	want := func(what string, times ...media.Time) {
		t.Helper()
		var got []media.Time
		for _, e := range buf.TakeInbandEvents() {
			got = append(got, e.Time)
		}
		if !slices.EqualFunc(got, times, func(a, b media.Time) bool { return math.Abs(float64(a-b)) < 1e-9 }) {
			t.Errorf("%s: events at %v, want %v", what, got, times)
		}
	}
	b := func(dts uint32) []byte {
		return cat(emsg0("a", "", 500, 0, 1, "x"), emsg1("a", "", 2000, 0, 2, "y"), simple(dts))
	}
	buf.Append(oneTrack(), b(1000))
	want("plain", 1.5, 2)
	want("again")
	buf.Do(buf.SetTimestampOffset(10))
	buf.Append(b(1000))
	want("with an offset", 11.5, 12)
	buf.Do(buf.SetMode(mse.Sequence))
	buf.Append(b(5000))
	want("in sequence", 11.58, 8.08)
	buf.Append(b(9000)[:60])
	buf.Do(buf.Abort())
	want("aborted")

	buf.Append(bytes.Repeat(cat(bytes.Repeat(emsg1("a", "", 0, 0, 1, ""), 50), simple(0)), 30))
	if got, lost := len(buf.TakeInbandEvents()), buf.Stats().LostEvents; got != 1024 || lost != 30*50-1024 {
		t.Errorf("%d events are kept, %d are lost, want 1024, %d", got, lost, 30*50-1024)
	}
	buf.Append(bytes.Repeat(cat(bytes.Repeat(emsg1("a", "", 0, 0, 1, strings.Repeat("x", 60<<10)), 4), simple(0)), 10))
	if got := len(buf.TakeInbandEvents()); got != 17 {
		t.Errorf("%d large events are kept, want 17 in 1 MiB", got)
	}
}

// oneTrack is an initialization segment of one track with a timescale of 1000 and frames of 40 ms.
func oneTrack() []byte {
	return cat(ftyp, bx("moov", mvhd(), trak(1, "vide", nil, nil), bx("mvex", trex(1, 40, 0, 0))))
}
