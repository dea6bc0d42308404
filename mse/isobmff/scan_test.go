package isobmff_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/mse/msetest/bytestreamtest"
)

// TestScanner compares what a scanner says with the frames that the parser finds in the same places.
func TestScanner(t *testing.T) {
	b := msetest.Movie(msetest.MovieSpec{Width: 64, Height: 48, Length: 6, Audio: true, BitsPerSecond: 100000}).File(2)
	s := isobmff.NewScanner(bytes.NewReader(b), int64(len(b)))
	seg, size, err := s.Init()
	if err != nil || len(seg.Tracks) != 2 {
		t.Fatalf("init: %v %v", seg, err)
	}
	for _, tr := range seg.Tracks {
		if tr.Config == nil || tr.Config.Codec == "" {
			t.Errorf("track %d has no configuration", tr.ID)
		}
	}
	at, n := size, 0
	end := media.Time(0)
	for {
		f, err := s.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if f.Offset < at || f.Offset+f.Size > int64(len(b)) {
			t.Fatalf("fragment %d lies at [%d, %d), the one before ended at %d", n, f.Offset, f.Offset+f.Size, at)
		}
		h := &rangeHandler{first: media.Forever, last: -media.Forever}
		p := isobmff.New(isobmff.Options{})
		if err := bytestreamtest.Feed(p, h, bytes.Clone(b[:size]), bytes.Clone(b[f.Offset:f.Offset+f.Size])); err != nil {
			t.Fatal(err)
		}
		if math.Abs(float64(h.first-f.Start)) > 1e-9 || math.Abs(float64(h.last.Sub(f.Start)-f.Duration)) > 1e-9 || (h.rap || !h.seen) != f.RAP {
			t.Errorf("fragment %d: scanner says [%s, +%s) %v, its frames [%s, %s) %v", n, f.Start, f.Duration, f.RAP, h.first, h.last, h.rap)
		}
		at, end, n = f.Offset+f.Size, max(end, h.last), n+1
	}
	if n < 2 || at != int64(len(b)) || end < 5.9 {
		t.Errorf("%d fragments up to byte %d of %d and %s s", n, at, len(b), end)
	}
	if _, err := isobmff.NewScanner(bytes.NewReader([]byte("<html>")), 6).Next(); err == nil {
		t.Error("text was accepted")
	}
	for cut := int64(0); cut < int64(len(b)); cut += 997 {
		s := isobmff.NewScanner(bytes.NewReader(b[:cut]), cut)
		for {
			if _, err := s.Next(); err != nil {
				break
			}
		}
	}
}

// rangeHandler notes what a fragment's frames cover.
type rangeHandler struct {
	bytestream.Discard
	first, last media.Time
	rap, seen   bool
}

func (h *rangeHandler) Fragment(tracks []bytestream.TrackFrames) error {
	for _, t := range tracks {
		for i, f := range t.Frames {
			h.first, h.last = min(h.first, f.PTS), max(h.last, f.End())
			if i == 0 && f.Config.Kind == media.Video && !h.seen {
				h.rap, h.seen = f.RAP, true
			}
		}
	}
	return nil
}
