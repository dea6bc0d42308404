package isobmff_test

import (
	"testing"

	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/mse/msetest/bytestreamtest"
)

// TestSetKey: a playlist's key replaces the key id of the media, from one segment to the next, and nothing else.
func TestSetKey(t *testing.T) {
	b := msetest.Movie(msetest.MovieSpec{Width: 64, Height: 48, Length: 6, FrameRateNum: 25, FrameRateDen: 1, GOP: 25, BitsPerSecond: 100_000})
	kid := [16]byte{7}
	b.Tracks[0].Protect("cbcs", kid, [16]byte{1}, 4)
	p, r := isobmff.New(isobmff.Options{}), &bytestreamtest.Recorder{Quiet: true}
	p.Push(b.Init())
	other := [16]byte{8}
	for i, s := range b.Segments(2, 1) {
		var k *media.SampleKey
		want := kid
		switch i {
		case 1:
			k, want = &media.SampleKey{KID: other, IV: [16]byte{1}}, other
		case 2:
			k = &media.SampleKey{IV: [16]byte{1}} // the playlist does not tell
		}
		if err := p.SetKey(k, r); err != nil {
			t.Fatal(err)
		}
		from := len(r.Frames[1])
		if err := bytestreamtest.Feed(p, r, s); err != nil {
			t.Fatal(err)
		}
		for _, f := range r.Frames[1][from:] {
			if f.Crypt == nil || f.Crypt.KID != want || len(f.Crypt.IV) != 16 || f.Crypt.IV[0] != 0 || f.Crypt.SkipBlocks != 9 {
				t.Fatalf("segment %d: %+v", i+1, f.Crypt)
			}
		}
		if len(r.Frames[1]) == from {
			t.Fatalf("segment %d has no frames", i+1)
		}
	}
}
