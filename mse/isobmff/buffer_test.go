package isobmff_test

import (
	"testing"

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
