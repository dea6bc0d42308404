// Package bytestreamtest tests byte stream parsers: handlers that keep or digest what they hear, ways of cutting a stream,
// and a SourceBuffer around a parser.
package bytestreamtest

import (
	"fmt"
	"hash/crc32"
	"math"
	"strconv"
	"strings"
	"time"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// Recorder is a handler that keeps everything. The zero value is ready.
type Recorder struct {
	Inits []*media.InitSegment
	// Starts and Ends count media segments, Portions the Fragment calls.
	Starts, Ends, Portions int
	// Frames are those of a track, by its ID.
	Frames map[uint32][]media.CodedFrame
	Events []media.InbandEvent
	// Log has every call, in words that a golden file can hold, unless Quiet is set.
	Log   strings.Builder
	Quiet bool

	configs map[*media.DecoderConfig]int
}

// longBytes is the most that is written out of what a configuration holds, in bytes.
const longBytes = 64

// InitSegment implements bytestream.Handler.
func (r *Recorder) InitSegment(s *media.InitSegment) error {
	r.Inits = append(r.Inits, s)
	if r.Quiet {
		return nil
	}
	fmt.Fprintf(&r.Log, "init duration=%s tracks=%d\n", s.Duration, len(s.Tracks))
	for _, t := range s.Tracks {
		c := t.Config
		fmt.Fprintf(&r.Log, " track %d %s codec=%q string=%q lang=%q label=%q frame=%s config=%d",
			t.ID, t.Kind, c.Codec, c.CodecString, t.Language, t.Label, seconds(t.FrameDuration), r.config(c))
		if n := len(c.Extradata); n > longBytes {
			fmt.Fprintf(&r.Log, " extradata=%d:%08x", n, crc32.ChecksumIEEE(c.Extradata))
		} else if n > 0 {
			fmt.Fprintf(&r.Log, " extradata=%x", c.Extradata)
		}
		if c.Width > 0 {
			fmt.Fprintf(&r.Log, " %dx%d sar=%d:%d rotation=%d color=%d/%d/%d/%v/%v", c.Width, c.Height, c.SARNum, c.SARDen, c.Rotation,
				c.Color.Primaries, c.Color.Transfer, c.Color.Matrix, c.Color.FullRange, c.Color.Known)
		}
		if c.Kind == media.Audio {
			fmt.Fprintf(&r.Log, " rate=%d channels=%d padding=%d preroll=%s", c.SampleRate, c.Channels, c.InitialPadding, seconds(c.Preroll))
		}
		if c.BlockAlign > 0 {
			fmt.Fprintf(&r.Log, " bits=%d align=%d", c.BitsPerSample, c.BlockAlign)
		}
		if c.Encrypted {
			r.Log.WriteString(" encrypted")
		}
		r.Log.WriteByte('\n')
	}
	return nil
}

// config numbers the configurations in the order they are met.
func (r *Recorder) config(c *media.DecoderConfig) int {
	if r.configs == nil {
		r.configs = map[*media.DecoderConfig]int{}
	}
	if _, ok := r.configs[c]; !ok {
		r.configs[c] = len(r.configs) + 1
	}
	return r.configs[c]
}

// MediaSegmentStart implements bytestream.Handler.
func (r *Recorder) MediaSegmentStart() error {
	r.Starts++
	r.say("segment")
	return nil
}

// Fragment implements bytestream.Handler.
func (r *Recorder) Fragment(tracks []bytestream.TrackFrames) error {
	r.Portions++
	if r.Frames == nil {
		r.Frames = map[uint32][]media.CodedFrame{}
	}
	for _, t := range tracks {
		r.Frames[t.Track] = append(r.Frames[t.Track], t.Frames...)
		if r.Quiet {
			continue
		}
		fmt.Fprintf(&r.Log, "frames track=%d n=%d\n", t.Track, len(t.Frames))
		for i := range t.Frames {
			r.frame(&t.Frames[i])
		}
	}
	return nil
}

func (r *Recorder) frame(f *media.CodedFrame) {
	fmt.Fprintf(&r.Log, "  pts=%s dts=%s dur=%s", seconds(f.PTS), seconds(f.DTS), seconds(f.Duration))
	if f.RAP {
		r.Log.WriteString(" K")
	}
	if f.DecodeOnly {
		r.Log.WriteString(" decode-only")
	}
	if f.TrimFront > 0 || f.TrimBack > 0 {
		fmt.Fprintf(&r.Log, " trim=%s/%s", seconds(f.TrimFront), seconds(f.TrimBack))
	}
	fmt.Fprintf(&r.Log, " config=%d data=%d:%08x", r.config(f.Config), len(f.Data), crc32.ChecksumIEEE(f.Data))
	if c := f.Crypt; c != nil {
		fmt.Fprintf(&r.Log, " %s kid=%x iv=%x pattern=%d:%d", c.Scheme, c.KID, c.IV, c.CryptBlocks, c.SkipBlocks)
		for _, s := range c.Subsamples {
			fmt.Fprintf(&r.Log, " %d+%d", s.Clear, s.Protected)
		}
	}
	r.Log.WriteByte('\n')
}

// MediaSegmentEnd implements bytestream.Handler.
func (r *Recorder) MediaSegmentEnd() error {
	r.Ends++
	r.say("end")
	return nil
}

// Inband implements bytestream.InbandHandler.
func (r *Recorder) Inband(e media.InbandEvent) {
	r.Events = append(r.Events, e)
	switch e.Kind {
	case media.EventMessage:
		r.say(fmt.Sprintf("event %q %q id=%d at=%s dur=%s data=%d:%08x", e.Scheme, e.Value, e.ID, seconds(e.Time), seconds(e.Duration), len(e.Data), crc32.ChecksumIEEE(e.Data)))
	case media.ProducerTime:
		r.say(fmt.Sprintf("producer time %s of track %d at=%s", e.Wall.Format(time.RFC3339Nano), e.Track, seconds(e.Time)))
	}
}

func (r *Recorder) say(line string) {
	if !r.Quiet {
		r.Log.WriteString(line + "\n")
	}
}

// seconds writes a time or a length to the nanosecond.
func seconds[T media.Time | media.Span](v T) string {
	const second = 1e9
	return strconv.FormatFloat(math.Round(float64(v)*second)/second, 'f', -1, 64)
}
