package mpegaudio_test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/maphash"
	"math"
	"strings"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mpegaudio"
)

// recorder is a handler that keeps everything.
type recorder struct {
	inits  []*media.InitSegment
	frames []media.CodedFrame
	log    strings.Builder // every call, in words that a golden file can hold
	quiet  bool            // no log
}

func (r *recorder) InitSegment(s *media.InitSegment) error {
	r.inits = append(r.inits, s)
	if r.quiet {
		return nil
	}
	for _, t := range s.Tracks {
		c := t.Config
		fmt.Fprintf(&r.log, "init duration=%s track %d %s codec=%q string=%q rate=%d channels=%d frame=%s preroll=%s config=%d", s.Duration, t.ID, t.Kind, c.Codec, c.CodecString, c.SampleRate, c.Channels, t.FrameDuration, c.Preroll, r.config(c))
		if len(c.Extradata) > 0 {
			fmt.Fprintf(&r.log, " extradata=%x", c.Extradata)
		}
		r.log.WriteByte('\n')
	}
	return nil
}

// config numbers the configurations in the order they are met.
func (r *recorder) config(c *media.DecoderConfig) int {
	seen := map[*media.DecoderConfig]bool{}
	for _, s := range r.inits {
		seen[s.Tracks[0].Config] = true
		if s.Tracks[0].Config == c {
			break
		}
	}
	return len(seen)
}

func (r *recorder) MediaSegmentStart() error {
	if !r.quiet {
		r.log.WriteString("segment")
	}
	return nil
}

func (r *recorder) Fragment(tracks []bytestream.TrackFrames) error {
	for _, t := range tracks {
		r.frames = append(r.frames, t.Frames...)
		if r.quiet {
			continue
		}
		for i := range t.Frames {
			f := &t.Frames[i]
			fmt.Fprintf(&r.log, " track=%d pts=%s dts=%s dur=%s", t.Track, f.PTS, f.DTS, f.Duration)
			if f.TrimFront > 0 || f.TrimBack > 0 {
				fmt.Fprintf(&r.log, " trim=%s+%s", f.TrimFront, f.TrimBack)
			}
			if f.RAP {
				r.log.WriteString(" K")
			}
			if f.DecodeOnly {
				r.log.WriteString(" decodeonly")
			}
			fmt.Fprintf(&r.log, " config=%d data=%d:%08x", r.config(f.Config), len(f.Data), crc32.ChecksumIEEE(f.Data))
		}
	}
	return nil
}

func (r *recorder) MediaSegmentEnd() error {
	if !r.quiet {
		r.log.WriteString(" end\n")
	}
	return nil
}

// digest is a handler that folds every call, with everything in it, into one number.
type digest struct {
	h       maphash.Hash
	configs map[*media.DecoderConfig]uint64
}

var digestSeed = maphash.MakeSeed()

func newDigest() *digest {
	d := &digest{configs: map[*media.DecoderConfig]uint64{}}
	d.h.SetSeed(digestSeed)
	return d
}

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
	t := s.Tracks[0]
	d.num(1, uint64(len(s.Tracks)), uint64(t.ID), d.config(t.Config), math.Float64bits(float64(t.FrameDuration)))
	d.h.Write(t.Config.Extradata)
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
			if f.DecodeOnly {
				flags |= 2
			}
			for _, x := range [...]float64{float64(f.PTS), float64(f.DTS), float64(f.Duration), float64(f.TrimFront), float64(f.TrimBack)} {
				d.num(math.Float64bits(x))
			}
			d.num(flags, d.config(f.Config), uint64(len(f.Data)))
			d.h.Write(f.Data)
		}
	}
	return nil
}

// drain steps until the parser wants more bytes or fails.
func drain(p *mpegaudio.Parser, h bytestream.Handler) error {
	for {
		more, err := p.Step(h)
		if err != nil || !more {
			return err
		}
	}
}

// feed pushes the pieces one after the other.
func feed(p *mpegaudio.Parser, h bytestream.Handler, pieces ...[]byte) error {
	for _, b := range pieces {
		p.Push(b)
		if err := drain(p, h); err != nil {
			return err
		}
	}
	return nil
}

// parse feeds a whole stream in one piece to a new parser, and what it still holds then.
func parse(t testing.TB, f mpegaudio.Format, b []byte) (*recorder, error) {
	t.Helper()
	r, p := &recorder{}, mpegaudio.New(f)
	if err := feed(p, r, b); err != nil {
		return r, err
	}
	return r, p.Flush(r)
}

// digestOf feeds pieces to a new parser; the result tells calls and error apart from every other outcome.
func digestOf(f mpegaudio.Format, pieces ...[]byte) (sum uint64, err error) {
	d, p := newDigest(), mpegaudio.New(f)
	if err = feed(p, d, pieces...); err == nil {
		err = p.Flush(d)
	}
	if err != nil {
		d.h.WriteString(err.Error())
	}
	return d.h.Sum64(), err
}

// cutUp cuts b into pieces of n bytes, the whole if n is 0.
func cutUp(b []byte, n int) (pieces [][]byte) {
	for n > 0 && len(b) > n {
		pieces, b = append(pieces, b[:n:n]), b[n:]
	}
	return append(pieces, b)
}
