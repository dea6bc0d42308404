package bytestreamtest

import (
	"encoding/binary"
	"hash/maphash"
	"math"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// Digest is a handler that folds every call, with everything in it, into one number.
type Digest struct {
	h       maphash.Hash
	configs map[*media.DecoderConfig]uint64
}

// digestSeed is the same for all digests of a process, which are compared with each other only.
var digestSeed = maphash.MakeSeed()

// NewDigest returns a digest of nothing.
func NewDigest() *Digest {
	d := &Digest{configs: map[*media.DecoderConfig]uint64{}}
	d.h.SetSeed(digestSeed)
	return d
}

// Sum is the number. Two sums are comparable within a process.
func (d *Digest) Sum() uint64 { return d.h.Sum64() }

// Text folds text in, of an error for one.
func (d *Digest) Text(s string) { d.h.WriteString(s) }

// Numbers folds numbers in.
func (d *Digest) Numbers(v ...uint64) {
	var b [8]byte
	for _, x := range v {
		binary.LittleEndian.PutUint64(b[:], x)
		d.h.Write(b[:])
	}
}

func (d *Digest) spans(v ...float64) {
	for _, x := range v {
		d.Numbers(math.Float64bits(x))
	}
}

func (d *Digest) config(c *media.DecoderConfig) uint64 {
	if _, ok := d.configs[c]; !ok {
		d.configs[c] = uint64(len(d.configs))
	}
	return d.configs[c]
}

// Kinds of calls.
const (
	callInit = iota + 1
	callStart
	callEnd
	callFragment
	callInband
)

// InitSegment implements bytestream.Handler.
func (d *Digest) InitSegment(s *media.InitSegment) error {
	d.Numbers(callInit, uint64(len(s.Tracks)))
	d.spans(float64(s.Duration))
	for _, t := range s.Tracks {
		d.Numbers(uint64(t.ID), uint64(t.Kind), d.config(t.Config), uint64(t.Config.Width), uint64(t.Config.SampleRate))
		d.spans(float64(t.FrameDuration))
		d.h.Write(t.Config.Extradata)
		d.Text(t.Language)
	}
	return nil
}

// MediaSegmentStart implements bytestream.Handler.
func (d *Digest) MediaSegmentStart() error { d.Numbers(callStart); return nil }

// MediaSegmentEnd implements bytestream.Handler.
func (d *Digest) MediaSegmentEnd() error { d.Numbers(callEnd); return nil }

// Fragment implements bytestream.Handler.
func (d *Digest) Fragment(tracks []bytestream.TrackFrames) error {
	d.Numbers(callFragment, uint64(len(tracks)))
	for _, t := range tracks {
		d.Numbers(uint64(t.Track), uint64(len(t.Frames)))
		for i := range t.Frames {
			f := &t.Frames[i]
			var flags uint64
			for bit, set := range []bool{f.RAP, f.DecodeOnly, f.Crypt != nil} {
				if set {
					flags |= 1 << bit
				}
			}
			d.spans(float64(f.PTS), float64(f.DTS), float64(f.Duration), float64(f.TrimFront), float64(f.TrimBack))
			d.Numbers(flags, d.config(f.Config), uint64(len(f.Data)))
			d.h.Write(f.Data)
			if c := f.Crypt; c != nil {
				d.h.Write(c.KID[:])
				d.h.Write(c.IV)
				for _, s := range c.Subsamples {
					d.Numbers(uint64(s.Clear), uint64(s.Protected))
				}
			}
		}
	}
	return nil
}

// Inband implements bytestream.InbandHandler.
func (d *Digest) Inband(e media.InbandEvent) {
	d.Numbers(callInband, uint64(e.Kind), uint64(e.ID), uint64(e.Track), uint64(e.Wall.UnixNano()))
	d.spans(float64(e.Time), float64(e.Duration))
	d.Text(e.Scheme)
	d.Text(e.Value)
	d.h.Write(e.Data)
}

// DigestOf feeds pieces to p and flushes it; the result tells calls and error apart from every other outcome.
func DigestOf(p bytestream.Parser, pieces ...[]byte) (sum uint64, err error) {
	d := NewDigest()
	if err = Finish(p, d, pieces...); err != nil {
		d.Text(err.Error())
	}
	return d.Sum(), err
}
