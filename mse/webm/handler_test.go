package webm_test

import (
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/webm"
)

// recorder is a handler that keeps everything.
type recorder struct {
	inits  []*media.InitSegment
	starts int
	ends   int
	frames map[uint32][]media.CodedFrame
	log    strings.Builder // every call, one line each, in words that a golden file can hold
	quiet  bool            // no log
	// portions counts the Fragment calls.
	portions int
	configs  map[*media.DecoderConfig]int
}

func (r *recorder) InitSegment(s *media.InitSegment) error {
	r.inits = append(r.inits, s)
	if r.quiet {
		return nil
	}
	fmt.Fprintf(&r.log, "init duration=%s tracks=%d\n", s.Duration, len(s.Tracks))
	for _, t := range s.Tracks {
		c := t.Config
		fmt.Fprintf(&r.log, " track %d %s codec=%q string=%q lang=%q label=%q frame=%s config=%d", t.ID, t.Kind, c.Codec, c.CodecString, t.Language, t.Label, t.FrameDuration, r.config(c))
		if len(c.Extradata) > 0 {
			fmt.Fprintf(&r.log, " extradata=%d:%08x", len(c.Extradata), crc32.ChecksumIEEE(c.Extradata))
		}
		if c.Width > 0 {
			fmt.Fprintf(&r.log, " %dx%d sar=%d:%d rotation=%d color=%d/%d/%d/%v/%v", c.Width, c.Height, c.SARNum, c.SARDen, c.Rotation,
				c.Color.Primaries, c.Color.Transfer, c.Color.Matrix, c.Color.FullRange, c.Color.Known)
		}
		if c.Kind == media.Audio {
			fmt.Fprintf(&r.log, " rate=%d channels=%d padding=%d preroll=%s", c.SampleRate, c.Channels, c.InitialPadding, c.Preroll)
		}
		if c.BlockAlign > 0 {
			fmt.Fprintf(&r.log, " bits=%d align=%d", c.BitsPerSample, c.BlockAlign)
		}
		if c.Encrypted {
			r.log.WriteString(" encrypted")
		}
		r.log.WriteByte('\n')
	}
	return nil
}

// config numbers the configurations in the order they are met.
func (r *recorder) config(c *media.DecoderConfig) int {
	if r.configs == nil {
		r.configs = map[*media.DecoderConfig]int{}
	}
	if _, ok := r.configs[c]; !ok {
		r.configs[c] = len(r.configs) + 1
	}
	return r.configs[c]
}

func (r *recorder) MediaSegmentStart() error {
	r.starts++
	if !r.quiet {
		r.log.WriteString("segment\n")
	}
	return nil
}

func (r *recorder) Fragment(tracks []bytestream.TrackFrames) error {
	r.portions++
	if r.frames == nil {
		r.frames = map[uint32][]media.CodedFrame{}
	}
	for _, t := range tracks {
		r.frames[t.Track] = append(r.frames[t.Track], t.Frames...)
		if r.quiet {
			continue
		}
		fmt.Fprintf(&r.log, "frames track=%d n=%d\n", t.Track, len(t.Frames))
		for i := range t.Frames {
			f := &t.Frames[i]
			fmt.Fprintf(&r.log, "  pts=%s dts=%s dur=%s", f.PTS, f.DTS, f.Duration)
			if f.RAP {
				r.log.WriteString(" K")
			}
			if f.DecodeOnly {
				r.log.WriteString(" hidden")
			}
			if f.TrimFront > 0 || f.TrimBack > 0 {
				fmt.Fprintf(&r.log, " trim=%s/%s", f.TrimFront, f.TrimBack)
			}
			fmt.Fprintf(&r.log, " config=%d data=%d:%08x", r.config(f.Config), len(f.Data), crc32.ChecksumIEEE(f.Data))
			if c := f.Crypt; c != nil {
				fmt.Fprintf(&r.log, " %s kid=%x iv=%x pattern=%d:%d", c.Scheme, c.KID, c.IV, c.CryptBlocks, c.SkipBlocks)
				for _, s := range c.Subsamples {
					fmt.Fprintf(&r.log, " %d+%d", s.Clear, s.Protected)
				}
			}
			r.log.WriteByte('\n')
		}
	}
	return nil
}

func (r *recorder) MediaSegmentEnd() error {
	r.ends++
	if !r.quiet {
		r.log.WriteString("end\n")
	}
	return nil
}

// drain steps until the parser wants more bytes or fails.
func drain(p *webm.Parser, h bytestream.Handler) error {
	for {
		more, err := p.Step(h)
		if err != nil || !more {
			return err
		}
	}
}

// feed pushes the pieces one after the other.
func feed(p *webm.Parser, h bytestream.Handler, pieces ...[]byte) error {
	for _, b := range pieces {
		p.Push(b)
		if err := drain(p, h); err != nil {
			return err
		}
	}
	return nil
}

// parse feeds a whole stream in one piece to a new parser, and flushes what waits for more.
func parse(t testing.TB, o webm.Options, b []byte) (*recorder, error) {
	t.Helper()
	r, p := &recorder{}, webm.New(o)
	if err := feed(p, r, b); err != nil {
		return r, err
	}
	return r, p.Flush(r)
}
