package mp2t_test

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/rand/v2"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mp2t"
)

// digest is a handler that folds every call, with everything in it, into one number.
type digest struct {
	h       maphash.Hash
	configs map[*media.DecoderConfig]uint64
}

var digestSeed = maphash.MakeSeed()

func (d *digest) num(v ...uint64) {
	var b [8]byte
	for _, x := range v {
		binary.LittleEndian.PutUint64(b[:], x)
		d.h.Write(b[:])
	}
}

func (d *digest) config(c *media.DecoderConfig) uint64 {
	if _, ok := d.configs[c]; !ok {
		d.configs[c] = uint64(len(d.configs))
	}
	return d.configs[c]
}

func (d *digest) InitSegment(s *media.InitSegment) error {
	d.num(1, math.Float64bits(float64(s.Duration)), uint64(len(s.Tracks)))
	for _, t := range s.Tracks {
		d.num(uint64(t.ID), uint64(t.Kind), d.config(t.Config), uint64(t.Config.Width), uint64(t.Config.SampleRate))
		d.h.Write(t.Config.Extradata)
		d.h.WriteString(t.Language)
	}
	return nil
}

func (d *digest) MediaSegmentStart() error { d.num(2); return nil }
func (d *digest) MediaSegmentEnd() error   { d.num(3); return nil }

func (d *digest) Fragment(tracks []bytestream.TrackFrames) error {
	d.num(4, uint64(len(tracks)))
	for _, t := range tracks {
		d.num(uint64(t.Track), uint64(len(t.Frames)))
		for i := range t.Frames {
			f := &t.Frames[i]
			flags := uint64(0)
			if f.RAP {
				flags |= 1
			}
			if f.Crypt != nil {
				flags |= 2
			}
			if f.DecodeOnly {
				flags |= 4
			}
			for _, v := range []float64{float64(f.PTS), float64(f.DTS), float64(f.Duration), float64(f.TrimFront), float64(f.TrimBack)} {
				d.num(math.Float64bits(v))
			}
			d.num(flags, d.config(f.Config), uint64(len(f.Data)))
			d.h.Write(f.Data)
		}
	}
	return nil
}

// digestOf feeds pieces to a new parser and flushes it; the result tells calls, error and counts apart from every other
// outcome.
func digestOf(pieces ...[]byte) (sum uint64, err error) { return digestBy(new(mp2t.Parser), pieces...) }

// digestBy is digestOf with a parser that is overwritten first.
func digestBy(p *mp2t.Parser, pieces ...[]byte) (sum uint64, err error) {
	*p = mp2t.Parser{}
	d := &digest{configs: map[*media.DecoderConfig]uint64{}}
	d.h.SetSeed(digestSeed)
	if err = feed(p, d, pieces...); err != nil {
		d.h.WriteString(err.Error())
	} else if err = p.Flush(d); err != nil {
		d.h.WriteString(err.Error())
	}
	s := p.Stats()
	d.num(uint64(s.LostPackets), uint64(s.DamagedFrames), uint64(s.Garbage), uint64(s.BadSound), uint64(s.NoConfig), uint64(s.NoTime))
	return d.h.Sum64(), err
}

// cutUp cuts b into pieces of n bytes.
func cutUp(b []byte, n int) (pieces [][]byte) {
	for len(b) > n {
		pieces, b = append(pieces, bytes.Clone(b[:n])), b[n:]
	}
	return append(pieces, bytes.Clone(b))
}

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
					if got, err := digestOf(cutUp(form.b, n)...); got != want {
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
	want, _, err := parse(t, movie(2, 120))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{restride(movie(2, 120), 4, 0), restride(movie(2, 120), 0, 16)} {
		got, _, err := parse(t, b)
		if err != nil || got.log.String() != want.log.String() {
			t.Errorf("%v\n%s", err, firstDifference(got.log.String(), want.log.String()))
		}
	}
}

// TestReset proves that a parser goes on with the known program after Reset, in the middle of a stream and without
// tables, and takes the next time as it is.
func TestReset(t *testing.T) {
	b := movie(3, 120)
	p, r := mp2t.New(), &recorder{}
	if err := feed(p, r, bytes.Clone(b[:len(b)/2])); err != nil {
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
	inits, starts, frames := len(r.inits), r.starts, len(r.frames[videoPID])
	var m muxer
	m.video(1<<33-100, untimed, picture(0, 50, true))
	m.video(3500, untimed, picture(1, 50, false))
	if err := feed(p, r, m.b); err != nil {
		t.Fatal(err)
	}
	if err := p.Flush(r); err != nil {
		t.Fatal(err)
	}
	if len(r.inits) != inits || r.starts != starts+1 {
		t.Errorf("%d initialization segments and %d starts, want %d and %d", len(r.inits), r.starts, inits, starts+1)
	}
	got := r.frames[videoPID][frames:]
	if len(got) != 2 || got[0].PTS != media.FromTicks(1<<33-100, 90000) || got[1].PTS != media.FromTicks(1<<33+3500, 90000) {
		t.Errorf("frames %+v", got)
	}
}
