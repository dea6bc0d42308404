package mp2t_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mp2t"
	"mseplayer/mse/msetest/bytestreamtest"
)

// short is a stream of a few packets with everything that may straddle a cut.
func short() []byte {
	var m muxer
	m.tables(stream{0x1b, videoPID, nil})
	m.video(3600, untimed, cat(avcSets, avcSlice(5, 0, 1, 12)))
	m.video(7200, untimed, avcSlice(1, 0, 2, 12))
	return m.b
}

// TestEverySplit cuts a short stream at every two places. The handler must hear the same.
func TestEverySplit(t *testing.T) {
	b := short()
	want, err := digestOf(bytes.Clone(b))
	if err != nil {
		t.Fatal(err)
	}
	var p mp2t.Parser // allocating one for each would take most of the time
	for i := range len(b) {
		for j := i; j < len(b); j++ {
			if got, err := digestBy(&p, b[:i:i], b[i:j:j], b[j:]); got != want {
				t.Fatalf("cut at %d and %d: another result (%v)", i, j, err)
			}
		}
	}
}

// TestPieces feeds every scenario byte by byte, in pieces of some sizes and in random ones, also behind garbage and with
// packets of other distances.
func TestPieces(t *testing.T) {
	for _, tt := range scenarios {
		for _, form := range []struct {
			name string
			b    []byte
		}{
			{"plain", tt.b}, {"garbage", cat(bytes.Repeat([]byte{0x47, 0, 1}, 100), tt.b)}, {"timed", restride(tt.b, 4, 0)}, {"corrected", restride(tt.b, 0, 16)},
		} {
			t.Run(tt.name+"/"+form.name, func(t *testing.T) {
				want, err := digestOf(bytes.Clone(form.b))
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range []int{1, 187, 188, 189, 1000, 64 << 10} {
					if got, err := digestOf(bytestreamtest.CutUp(form.b, n)...); got != want {
						t.Errorf("pieces of %d bytes: another result (%v)", n, err)
					}
				}
				for seed := range uint64(20) {
					r := rand.New(rand.NewPCG(seed, 7))
					var pieces [][]byte
					for rest := form.b; len(rest) > 0; {
						n := min(1+r.IntN(1<<r.IntN(13)), len(rest))
						pieces, rest = append(pieces, bytes.Clone(rest[:n])), rest[n:]
					}
					if got, err := digestOf(pieces...); got != want {
						t.Errorf("seed %d: another result (%v)", seed, err)
					}
				}
			})
		}
	}
}

// restride puts bytes in front of and behind every packet.
func restride(b []byte, before, behind int) (out []byte) {
	for ; len(b) > 0; b = b[packetSize:] {
		out = append(out, make([]byte, before)...)
		out = append(append(out, b[:packetSize]...), bytes.Repeat([]byte{0xcc}, behind)...)
	}
	return out
}

// TestStrides proves that packets of all distances hold the same frames.
func TestStrides(t *testing.T) {
	want, _, err := parse(movie(2, 120))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{restride(movie(2, 120), 4, 0), restride(movie(2, 120), 0, 16)} {
		got, _, err := parse(b)
		if err != nil || got.Log.String() != want.Log.String() {
			t.Errorf("%v\n%s", err, bytestreamtest.FirstDifference(got.Log.String(), want.Log.String()))
		}
	}
}

// TestReset proves that a parser goes on with the known program after Reset, in the middle of a stream and without
// tables, and takes the next time as it is.
func TestReset(t *testing.T) {
	b := movie(3, 120)
	p, r := mp2t.New(), &recorder{}
	if err := bytestreamtest.Feed(p, r, bytes.Clone(b[:len(b)/2])); err != nil {
		t.Fatal(err)
	}
	if got := p.State(); got != bytestream.ParsingMediaSegment {
		t.Errorf("state %v inside of a media segment", got)
	}
	if p.Buffered() == 0 {
		t.Error("nothing is buffered in the middle of a frame")
	}
	if err := p.Flush(r); err != nil {
		t.Fatal(err)
	}
	p.Reset()
	if p.State() != bytestream.WaitingForSegment || p.Buffered() != 0 {
		t.Errorf("state %v, %d bytes after Reset", p.State(), p.Buffered())
	}
	inits, starts, frames := len(r.Inits), r.Starts, len(r.Frames[videoPID])
	var m muxer
	m.video(1<<33-100, untimed, picture(0, 50, true))
	m.video(3500, untimed, picture(1, 50, false))
	if err := bytestreamtest.Feed(p, r, m.b); err != nil {
		t.Fatal(err)
	}
	if err := p.Flush(r); err != nil {
		t.Fatal(err)
	}
	if len(r.Inits) != inits || r.Starts != starts+1 {
		t.Errorf("%d initialization segments and %d starts, want %d and %d", len(r.Inits), r.Starts, inits, starts+1)
	}
	got := r.Frames[videoPID][frames:]
	if len(got) != 2 || got[0].PTS != media.FromTicks(1<<33-100, 90000) || got[1].PTS != media.FromTicks(1<<33+3500, 90000) {
		t.Errorf("frames %+v", got)
	}
}

// TestReset_Apart gives the tables and single pictures one by one, as lists of pictures for fast winding do: nothing but
// Flush ends a picture, and the tables stay known.
func TestReset_Apart(t *testing.T) {
	var tables, first, second muxer
	tables.tables(stream{0x1b, videoPID, nil}, stream{0x0f, soundPID, nil})
	first.video(90000, untimed, picture(0, 100, true))
	second.video(900000, untimed, picture(8, 100, true))
	p, r := mp2t.New(), &recorder{}
	for _, b := range [][]byte{tables.b, first.b, tables.b, second.b} {
		if err := bytestreamtest.Finish(p, r, bytes.Clone(b)); err != nil {
			t.Fatal(err)
		}
		p.Reset()
	}
	if len(r.Inits) != 1 {
		t.Errorf("%d initialization segments, want 1", len(r.Inits))
	}
	if f := r.Frames[videoPID]; len(f) != 2 || f[0].PTS != 1 || f[1].PTS != 10 || !f[0].RAP || !f[1].RAP {
		t.Errorf("frames %v, want those of 1 and 10 s", f)
	}
}
