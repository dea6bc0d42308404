package check

import (
	"context"
	"math"

	"mseplayer/mse/media"
	"mseplayer/player/crypt"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
)

// decoded is what came out of the decoders of one stream. It belongs to the lane's goroutine until that has ended.
type decoded struct {
	pictures, corrupt, rejected int64
	// firstCorrupt and firstRejected are when, on the buffer's timeline; firstError is why.
	firstCorrupt, firstRejected media.Opt
	firstError                  error
	width, height               int
	sarNum, sarDen              int
	color                       media.ColorInfo

	samples, kept  int64
	rate, channels int
	// void is how many of samples the decoder itself has declared to be none; preSkip how many the codec declares at its
	// start, and left how many of those the container does not take out of the presentation.
	void, preSkip, left int64
	// keyless are the frames whose key was not to be had, missing the keys.
	keyless int64
	missing []*crypt.MissingKeyError
	// look looks at what is decoded; nil unless asked for.
	look *inspector
	// err is why decoding was given up.
	err error
}

// pictureSink counts pictures. It implements decode.VideoSink.
type pictureSink struct{ *decoded }

// Put implements decode.VideoSink.
func (s pictureSink) Put(_ context.Context, v *frame.Video) error {
	s.pictures++
	if v.Corrupt {
		s.corrupt++
		if !s.firstCorrupt.Set {
			s.firstCorrupt = media.Some(v.PTS)
		}
	}
	if s.width == 0 {
		s.width, s.height = v.Crop.W, v.Crop.H
		s.sarNum, s.sarDen, s.color = v.SARNum, v.SARDen, v.Color
	}
	switch {
	case s.look == nil:
	case s.look.only != nil:
		s.look.only(v)
		return nil
	default:
		s.look.picture(v)
	}
	v.Release()
	return nil
}

// DecodeOnly implements decode.VideoSink. Reading begins before everything, so there is no such picture.
func (s pictureSink) DecodeOnly() {}

// Undecodable implements decode.VideoSink.
func (s pictureSink) Undecodable() { s.rejected++ }

// Lateness implements decode.VideoSink: nothing is ever late.
func (s pictureSink) Lateness(media.Time) (media.Span, float64) { return 0, 0 }

// SkippedToRAP implements decode.VideoSink.
func (s pictureSink) SkippedToRAP(int) {}

// EndOfStream implements decode.VideoSink.
func (s pictureSink) EndOfStream(media.Gen) {}

// soundSink counts samples. It implements decode.AudioSink and decode.SampleCounter.
type soundSink struct{ *decoded }

// Format implements decode.AudioSink: the decoder's own.
func (s soundSink) Format() frame.AudioFormat { return frame.AudioFormat{} }

// Write implements decode.AudioSink.
func (s soundSink) Write(_ context.Context, a *frame.Audio) error {
	if s.rate == 0 {
		s.rate, s.channels = a.Format.Rate, a.Format.Channels
	}
	if a.Corrupt {
		s.corrupt++
		if !s.firstCorrupt.Set {
			s.firstCorrupt = media.Some(a.PTS)
		}
	}
	if s.look != nil {
		s.look.block(a)
	}
	a.Release()
	return nil
}

// CountSamples implements decode.SampleCounter.
func (s soundSink) CountSamples(decoded, kept int) {
	s.samples += int64(decoded)
	s.kept += int64(kept)
}

// EndOfStream implements decode.AudioSink.
func (s soundSink) EndOfStream(media.Gen) {}

// factory makes the decoders of one lane and notes what they reject.
type factory struct {
	decode.Factory
	lane *lane
}

// NewVideo implements decode.Factory.
func (f factory) NewVideo(c *media.DecoderConfig, o decode.Options) (decode.VideoDecoder, error) {
	d, err := f.Factory.NewVideo(c, o)
	if err != nil {
		f.lane.refuse(c, err)
		return nil, err
	}
	return &videoDecoder{d, f.lane}, nil
}

// NewAudio implements decode.Factory.
func (f factory) NewAudio(c *media.DecoderConfig, o decode.Options) (decode.AudioDecoder, error) {
	d, err := f.Factory.NewAudio(c, o)
	if err != nil {
		f.lane.refuse(c, err)
		return nil, err
	}
	f.lane.begin(c)
	w := &audioDecoder{AudioDecoder: d, lane: f.lane}
	w.emit = w.block
	return w, nil
}

type videoDecoder struct {
	decode.VideoDecoder
	lane *lane
}

// Decode implements decode.VideoDecoder.
func (d *videoDecoder) Decode(f *media.CodedFrame, emit func(*frame.Video) error) error {
	err := d.VideoDecoder.Decode(f, emit)
	d.lane.note(err)
	return err
}

// Drain implements decode.VideoDecoder.
func (d *videoDecoder) Drain(emit func(*frame.Video) error) error {
	err := d.VideoDecoder.Drain(emit)
	d.lane.note(err)
	return err
}

// audioDecoder watches a sound decoder.
type audioDecoder struct {
	decode.AudioDecoder
	lane *lane

	emit func(*frame.Audio) error // is block
	to   func(*frame.Audio) error // of the current call
	// trim is how much of the sound that comes next its coded frame declares to be none; only says that of all of it.
	trim media.Span
	only bool
}

// Decode implements decode.AudioDecoder.
func (d *audioDecoder) Decode(f *media.CodedFrame, emit func(*frame.Audio) error) error {
	d.to, d.trim, d.only = emit, f.TrimFront, f.DecodeOnly
	err := d.AudioDecoder.Decode(f, d.emit)
	d.lane.note(err)
	return err
}

// Drain implements decode.AudioDecoder.
func (d *audioDecoder) Drain(emit func(*frame.Audio) error) error {
	d.to = emit
	err := d.AudioDecoder.Drain(d.emit)
	d.lane.note(err)
	return err
}

// block passes a block on. What is to be cut off its front beyond what coded frames say, the decoder itself declares to
// be no sound: some encoders name themselves in the bitstream and are known for their delay.
func (d *audioDecoder) block(a *frame.Audio) error {
	rate := float64(a.Format.Rate)
	said := int(math.Round(float64(d.trim) * rate))
	if void := a.TrimFront - said; void > 0 && !d.only {
		d.lane.out.void += int64(void)
	}
	d.trim = max(0, d.trim-media.Span(float64(a.Frames())/rate))
	return d.to(a)
}
