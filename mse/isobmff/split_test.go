package isobmff_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/isobmff"
	"mseplayer/mse/msetest"
	"mseplayer/mse/msetest/bytestreamtest"
)

// TestEverySplit cuts small streams everywhere: at one place, at two places, and between all bytes. The handler must
// hear the same.
func TestEverySplit(t *testing.T) {
	odd := moofMdat(10, func(d int32) [][]byte { // addresses that are translated, samples out of order
		return [][]byte{bx("traf", tfhd(tfhdBase, 1, uint64(5000)), trun(0, trunSizes|trunOffset, 1, int32(6), uint32(4)), trun(0, trunSizes|trunOffset, 1, int32(0), uint32(6)))}
	})
	for _, tt := range []struct {
		name   string
		stream []byte
		err    bool
		from   int // the first cut
		pairs  bool
	}{
		{"one fragment", cat(ftyp, bx("moov", mvhd(), trak(1, "vide", nil, nil), bx("mvex", trex(1, 40, 0, 0))), simple(0)), false, 1, true},
		{"layouts", cat(head(), simple(0), bx("free", "abcdefgh"), odd, mdat(5), largeSize(simple(160))), false, 1, false},
		{"error behind good samples", cat(head(), simple(0), moofMdat(10, func(d int32) [][]byte {
			return [][]byte{bx("traf", tfhd(tfhdMoof, 1), tfdt(0), trun(0, trunOffset|trunSizes, 2, d, uint32(10), uint32(20)))}
		}), simple(80)), true, len(head()) - 50, false},
		{"garbage", cat(head(), simple(0), []byte("\x00\x00\x10\x00\xff\xfe\xfd\xfc")), true, len(head()) - 50, false},
		{"two tracks", append(small().Init(), bytes.Join(small().Segments(0.1, 2), nil)...), false, len(small().Init()) - 200, false},
		{"encrypted", append(protected().Init(), bytes.Join(protected().Segments(1, 1), nil)...), false, len(protected().Init()) + 300, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.stream
			want, err := digestOf(isobmff.Options{}, bytes.Clone(s))
			if (err != nil) != tt.err {
				t.Fatalf("whole: error %v", err)
			}
			check := func(cut []int, pieces ...[]byte) {
				if got, err := digestOf(isobmff.Options{}, pieces...); got != want {
					t.Fatalf("cut at %v: another result than in one piece (error %v)", cut, err)
				}
			}
			for i := tt.from; i < len(s); i++ {
				check([]int{i}, bytes.Clone(s[:i]), bytes.Clone(s[i:]))
			}
			for i := 1; i < len(s) && tt.pairs; i += 151 {
				for j := i + 1; j < len(s); j++ {
					check([]int{i, j}, s[:i:i], s[i:j:j], s[j:])
				}
			}
			var single [][]byte
			for i := range s {
				single = append(single, []byte{s[i]})
			}
			check(nil, single...)
		})
	}
}

// TestEverySplitOfASegment cuts a media segment at every two places.
func TestEverySplitOfASegment(t *testing.T) {
	s := cat(bx("styp", "iso6", uint32(0)), simple(0), bx("free", "x"))
	p := isobmff.New(isobmff.Options{})
	if err := bytestreamtest.Feed(p, bytestreamtest.NewDigest(), head()); err != nil {
		t.Fatal(err)
	}
	run := func(pieces ...[]byte) uint64 {
		p.Reset()
		d := bytestreamtest.NewDigest()
		if err := bytestreamtest.Feed(p, d, pieces...); err != nil {
			t.Fatal(err)
		}
		return d.Sum()
	}
	want := run(s)
	for i := range s {
		for j := i; j < len(s); j++ {
			if run(s[:i:i], s[i:j:j], s[j:]) != want {
				t.Fatalf("cut at %d and %d: another result than in one piece", i, j)
			}
		}
	}
}

// TestPortions proves that a long fragment goes out before it is complete, in the same portions however it comes,
// and that one of several tracks goes out at once.
func TestPortions(t *testing.T) {
	long := msetest.Movie(msetest.MovieSpec{Length: 2, BitsPerSecond: 8_000_000})
	stream := cat(long.Init(), long.Segment(1, -1, 3, 1))
	want, err := digestOf(isobmff.Options{}, bytes.Clone(stream))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1000, 5000, 65536, 100_000} {
		var pieces [][]byte
		for rest := stream; len(rest) > 0; {
			n := min(size, len(rest))
			pieces, rest = append(pieces, bytes.Clone(rest[:n])), rest[n:]
		}
		if got, err := digestOf(isobmff.Options{}, pieces...); got != want {
			t.Errorf("pieces of %d bytes: another result than in one piece (error %v)", size, err)
		}
	}

	r := &recorder{Quiet: true}
	p := isobmff.New(isobmff.Options{})
	if err := bytestreamtest.Feed(p, r, bytes.Clone(stream[:len(stream)/2])); err != nil {
		t.Fatal(err)
	}
	half := len(r.Frames[msetest.MovieVideo])
	if half < 10 || r.Ends != 0 || p.State() != bytestream.ParsingMediaSegment {
		t.Errorf("after half of a 2 s segment: %d frames, %d ends, %v; want the frames of the portions that are complete", half, r.Ends, p.State())
	}
	if held := p.Buffered(); held > 400<<10 {
		t.Errorf("holds %d bytes of input, want about a portion", held)
	}
	if err := bytestreamtest.Feed(p, r, bytes.Clone(stream[len(stream)/2:])); err != nil {
		t.Fatal(err)
	}
	if n := len(r.Frames[msetest.MovieVideo]); n != 60 || r.Ends != 1 || p.State() != bytestream.WaitingForSegment || p.Buffered() != 0 {
		t.Errorf("at the end: %d frames, %d ends, %v, %d bytes held; want 60, 1, waiting, 0", n, r.Ends, p.State(), p.Buffered())
	}

	muxed := msetest.Movie(msetest.MovieSpec{Length: 2, Audio: true})
	m, err := parse(isobmff.Options{}, cat(muxed.Init(), muxed.Segment(1, -1, 3, 1)))
	if err != nil || m.Portions != 1 || len(m.Frames) != 2 {
		t.Errorf("muxed: %d portions, %d tracks, error %v; want one call with both", m.Portions, len(m.Frames), err)
	}
}

// TestFlush is step 1 of the reset algorithm: frames that are complete come out, the others are lost, and the
// initialization segment stays known.
func TestFlush(t *testing.T) {
	movie := msetest.Movie(msetest.MovieSpec{Length: 1, BitsPerSecond: 1_000_000})
	segment := movie.Segment(1, -1, 2, 1)
	p := isobmff.New(isobmff.Options{})
	r := &recorder{Quiet: true}
	if err := bytestreamtest.Feed(p, r, movie.Init(), bytes.Clone(segment[:len(segment)-1000])); err != nil {
		t.Fatal(err)
	}
	if len(r.Frames) != 0 {
		t.Fatalf("%d frames before the portion is complete", len(r.Frames[1]))
	}
	if err := p.Flush(r); err != nil {
		t.Fatal(err)
	}
	if n := len(r.Frames[1]); n < 20 || n >= 30 {
		t.Errorf("flushed %d frames of 30, want those that are complete", n)
	}
	for i := range r.Frames[1] {
		f := &r.Frames[1][i]
		if pts, err := msetest.PayloadPTS(f.Data); err != nil || math.Abs(float64(pts-f.PTS)) > 1e-6 {
			t.Fatalf("frame %d at %v holds the payload of %v (%v)", i, f.PTS, pts, err)
		}
	}
	p.Reset()
	if p.Buffered() != 0 || p.State() != bytestream.WaitingForSegment {
		t.Errorf("after Reset: %d bytes, %v", p.Buffered(), p.State())
	}
	again := &recorder{Quiet: true}
	if err := bytestreamtest.Feed(p, again, bytes.Clone(segment)); err != nil {
		t.Fatalf("a segment after Reset: %v", err)
	}
	if n := len(again.Frames[1]); n != 30 || again.Frames[1][0].Config != r.Frames[1][0].Config {
		t.Errorf("after Reset: %d frames, same configuration %v; want 30, true", n, again.Frames[1][0].Config == r.Frames[1][0].Config)
	}
	if err := p.Flush(again); err != nil || len(again.Frames[1]) != 30 {
		t.Errorf("Flush with nothing pending: %d frames, error %v", len(again.Frames[1]), err)
	}
}

// TestStates is the append state after each piece of a stream.
func TestStates(t *testing.T) {
	p := isobmff.New(isobmff.Options{})
	r := &recorder{Quiet: true}
	seg := simple(0)
	moof := int(binary.BigEndian.Uint32(seg))
	for i, step := range []struct {
		b    []byte
		want bytestream.State
	}{
		{ftyp[:7], bytestream.WaitingForSegment},
		{ftyp[7:], bytestream.ParsingInitSegment},
		{head()[len(ftyp) : len(head())-1], bytestream.ParsingInitSegment},
		{head()[len(head())-1:], bytestream.WaitingForSegment},
		{bx("styp", "iso6", uint32(0)), bytestream.WaitingForSegment},
		{seg[:8], bytestream.ParsingMediaSegment},
		{seg[8:moof], bytestream.ParsingMediaSegment},
		{seg[moof : moof+20], bytestream.ParsingMediaSegment},
		{seg[moof+20:], bytestream.WaitingForSegment},
		{simple(80), bytestream.WaitingForSegment},
		{ftyp, bytestream.ParsingInitSegment},
	} {
		if err := bytestreamtest.Feed(p, r, bytes.Clone(step.b)); err != nil {
			t.Fatal(err)
		}
		if p.State() != step.want {
			t.Errorf("piece %d: %v, want %v", i, p.State(), step.want)
		}
	}
	if r.Starts != 2 || r.Ends != 2 {
		t.Errorf("%d starts and %d ends of media segments, want 2 of each", r.Starts, r.Ends)
	}
}

// TestHandlerErrors come back as they are, and stick until Reset.
func TestHandlerErrors(t *testing.T) {
	for at := range 4 {
		h := &bytestreamtest.Failing{At: at}
		p := isobmff.New(isobmff.Options{})
		err := bytestreamtest.Feed(p, h, cat(head(), simple(0)))
		if !errors.Is(err, bytestreamtest.ErrHandler) {
			t.Fatalf("call %d: got %v, want the handler's error", at, err)
		}
		if _, err := p.Step(h); !errors.Is(err, bytestreamtest.ErrHandler) {
			t.Errorf("call %d: the next Step gives %v", at, err)
		}
		p.Reset()
		if more, err := p.Step(h); more || err != nil {
			t.Errorf("call %d: after Reset: %v, %v", at, more, err)
		}
	}
}
