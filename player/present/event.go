package present

import (
	"strconv"
	"time"

	"mseplayer/mse/media"
)

// What a line of the playback dump tells.
const (
	// Presented: a picture became visible.
	Presented Kind = iota + 1
	// Dropped: a picture that was decoded was not shown; Why says for what reason.
	Dropped
	// Sound: a block of sound began to be heard.
	Sound
	// Silence: silence stood for sound; Why says whether sound was missing in the track or came too late.
	Silence
	// Recording: the file that records the sound begins with the frame that is heard at From.
	Recording
)

// Kind says what an Event tells.
type Kind uint8

// Why a picture was dropped or silence was heard.
const (
	WhyLate     Why = iota + 1 // its time was over
	WhyCadence                 // the display is slower than the pictures
	WhyHidden                  // nobody was drawing
	WhyStepped                 // stepping went past it before it was drawn
	WhyFlushed                 // a seek made it void
	WhyGap                     // the track has a hole
	WhyUnderrun                // the sound came too late
)

// Why is the reason of a drop or of silence.
type Why uint8

// String is the word of the dump.
func (w Why) String() string {
	switch w {
	case WhyLate:
		return "late"
	case WhyCadence:
		return "cadence"
	case WhyHidden:
		return "hidden"
	case WhyStepped:
		return "stepped"
	case WhyFlushed:
		return "flushed"
	case WhyGap:
		return "gap"
	case WhyUnderrun:
		return "underrun"
	}
	return ""
}

// Event is one line of the playback dump: what became of one picture or one block of sound.
type Event struct {
	Kind Kind
	Why  Why
	// N numbers the presented pictures from 1, Vsync the intervals that were asked for. For sound, N is the number of
	// its first frame in what the device was given, and so in a recording.
	N, Vsync int64
	PTS      media.Time
	Gen      media.Gen
	// From and To bound the interval in which a picture is visible, or a block is heard. A dropped picture has the
	// interval for which it was passed over; it is zero when there was none.
	From, To time.Time
	// Frames is how long a block of sound is, in samples per channel.
	Frames int64
	// Offset is how far after its ideal time a picture became visible; it is known if HasOffset.
	Offset    media.Span
	HasOffset bool
	// CRC is frame.Video.Checksum of a picture, or the Adler-32 sum of a block's samples.
	CRC uint32
}

// Append appends the event as a line, without a line feed, and returns the extended slice. Wall times are written in
// seconds since epoch, media times in seconds.
//
//	v 12 pts=0.440000 gen=1 vsync=27 at=1.450000 to=1.466667 off=0.003333 crc=1f2e3d4c
//	drop pts=0.480000 gen=1 why=late vsync=30 at=1.500000 to=1.516667 crc=90cd12ab
//	a 48000 pts=1.000000 gen=1 frames=1024 at=1.500000 to=1.521333 crc=00112233
//	silence 48000 pts=1.000000 gen=1 frames=480 at=1.500000 to=1.510000 why=underrun
//	wav0 at=0.020000
func (e Event) Append(b []byte, epoch time.Time) []byte {
	num := func(key string, v float64) {
		b = strconv.AppendFloat(append(append(b, ' '), key...), v, 'f', 6, 64)
	}
	integer := func(key string, v int64) {
		b = strconv.AppendInt(append(append(b, ' '), key...), v, 10)
	}
	interval := func() {
		if !e.From.IsZero() {
			num("at=", e.From.Sub(epoch).Seconds())
			num("to=", e.To.Sub(epoch).Seconds())
		}
	}
	crc := func() {
		b = append(b, " crc="...)
		for shift := 28; shift >= 0; shift -= 4 {
			b = append(b, "0123456789abcdef"[e.CRC>>shift&15])
		}
	}
	switch e.Kind {
	case Presented:
		b = append(b, 'v')
		integer("", e.N)
		num("pts=", float64(e.PTS))
		integer("gen=", int64(e.Gen))
		integer("vsync=", e.Vsync)
		interval()
		if e.HasOffset {
			num("off=", float64(e.Offset))
		}
		crc()
	case Dropped:
		b = append(b, "drop"...)
		num("pts=", float64(e.PTS))
		integer("gen=", int64(e.Gen))
		b = append(append(b, " why="...), e.Why.String()...)
		integer("vsync=", e.Vsync)
		interval()
		crc()
	case Sound, Silence:
		b = append(b, "a"...)
		if e.Kind == Silence {
			b = append(b[:len(b)-1], "silence"...)
		}
		integer("", e.N)
		num("pts=", float64(e.PTS))
		integer("gen=", int64(e.Gen))
		integer("frames=", e.Frames)
		interval()
		if e.Kind == Silence {
			return append(append(b, " why="...), e.Why.String()...)
		}
		crc()
	case Recording:
		b = append(b, "wav0"...)
		num("at=", e.From.Sub(epoch).Seconds())
	}
	return b
}
