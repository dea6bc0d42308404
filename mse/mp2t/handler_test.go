package mp2t_test

import (
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mp2t"
)

// recorder is a handler that keeps everything.
type recorder struct {
	inits    []*media.InitSegment
	starts   int
	ends     int
	portions int
	frames   map[uint32][]media.CodedFrame
	log      strings.Builder // every call, one line each, in words that a golden file can hold
	quiet    bool            // no log
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
		fmt.Fprintf(&r.log, " track %d %s codec=%q string=%q lang=%q frame=%.6f config=%d", t.ID, t.Kind, c.Codec, c.CodecString, t.Language, t.FrameDuration, r.config(c))
		if n := len(c.Extradata); n > 64 {
			fmt.Fprintf(&r.log, " extradata=%d:%08x", n, crc32.ChecksumIEEE(c.Extradata))
		} else if n > 0 {
			fmt.Fprintf(&r.log, " extradata=%x", c.Extradata)
		}
		if c.Width > 0 {
			fmt.Fprintf(&r.log, " %dx%d sar=%d:%d", c.Width, c.Height, c.SARNum, c.SARDen)
		}
		if c.Kind == media.Audio {
			fmt.Fprintf(&r.log, " rate=%d channels=%d preroll=%.6f", c.SampleRate, c.Channels, c.Preroll)
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
			fmt.Fprintf(&r.log, "  pts=%.6f dts=%.6f dur=%.6f", f.PTS, f.DTS, f.Duration)
			if f.RAP {
				r.log.WriteString(" K")
			}
			if f.TrimFront+f.TrimBack > 0 {
				fmt.Fprintf(&r.log, " trim=%.6f+%.6f", f.TrimFront, f.TrimBack)
			}
			if f.DecodeOnly {
				r.log.WriteString(" decode-only")
			}
			fmt.Fprintf(&r.log, " config=%d data=%d:%08x", r.config(f.Config), len(f.Data), crc32.ChecksumIEEE(f.Data))
			if c := f.Crypt; c != nil {
				fmt.Fprintf(&r.log, " %s", c.Scheme)
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
func drain(p *mp2t.Parser, h bytestream.Handler) error {
	for {
		more, err := p.Step(h)
		if err != nil || !more {
			return err
		}
	}
}

// feed pushes the pieces one after the other.
func feed(p *mp2t.Parser, h bytestream.Handler, pieces ...[]byte) error {
	for _, b := range pieces {
		p.Push(b)
		if err := drain(p, h); err != nil {
			return err
		}
	}
	return nil
}

// parse feeds a whole stream in one piece to a new parser and flushes it.
func parse(t testing.TB, b []byte) (*recorder, *mp2t.Parser, error) {
	t.Helper()
	r, p := &recorder{}, mp2t.New()
	if err := feed(p, r, b); err != nil {
		return r, p, err
	}
	return r, p, p.Flush(r)
}
