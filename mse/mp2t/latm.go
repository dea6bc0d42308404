package mp2t

import "mseplayer/mse/bitstream"

// latm is AAC in LOAS frames, whose multiplex configuration is repeated in the stream. Frames are handed out whole,
// as their decoder wants them. ISO/IEC 14496-3 §1.7.
type latm struct {
	config  soundConfig // of the last multiplex configuration, zero before
	samples int
}

func (*latm) sync() byte { return 0x56 }

func (l *latm) header(b []byte) (f soundFrame, need int) {
	const (
		headBytes  = 3
		enough     = 32 // bytes hold a multiplex configuration as far as it is read
		syncMask   = 0xffe000
		syncWord   = 0x2b7 << 13
		lengthMask = 0x1fff
	)
	if len(b) > 0 && b[0] != 0x56 || len(b) > 1 && b[1]&0xe0 != 0xe0 {
		return f, 0
	}
	if len(b) < headBytes {
		return f, headBytes
	}
	v := int(b[0])<<16 | int(b[1])<<8 | int(b[2])
	if v&syncMask != syncWord {
		return f, 0
	}
	size := headBytes + v&lengthMask
	if want := min(size, headBytes+enough); len(b) < want {
		return f, want
	}
	if r := bitstream.NewReader(b[headBytes:min(size, headBytes+enough)]); !r.Flag() { // useSameStreamMux
		if c, samples, ok := multiplex(&r); ok {
			l.config, l.samples = c, samples
		}
	}
	if l.config.rate == 0 {
		return f, 0 // nobody can decode it yet
	}
	return soundFrame{size: size, samples: l.samples, config: l.config}, 0
}

func (*latm) extradata(soundConfig) []byte { return nil }

// multiplex reads a StreamMuxConfig of one program with one layer up to the channels of its sound.
// ISO/IEC 14496-3 §1.7.3.
func multiplex(r *bitstream.Reader) (c soundConfig, samples int, ok bool) {
	version := r.Bits(1) // audioMuxVersion
	if version == 1 {
		if r.Flag() { // audioMuxVersionA is reserved
			return c, 0, false
		}
		latmValue(r) // taraBufferFullness
	}
	r.Skip(1) // allStreamsSameTimeFraming
	frames := int(r.Bits(6)) + 1
	if programs, layers := r.Bits(4), r.Bits(3); programs != 0 || layers != 0 {
		return c, 0, false
	}
	if version == 1 {
		latmValue(r) // length of the configuration
	}
	return aacConfig(r, frames)
}

// latmValue reads a number of one to four bytes.
func latmValue(r *bitstream.Reader) { r.Skip(8 * (int(r.Bits(2)) + 1)) }

// aacConfig reads an AudioSpecificConfig as far as rate, channels and the length of frames. ISO/IEC 14496-3 §1.6.2.1.
func aacConfig(r *bitstream.Reader, frames int) (c soundConfig, samples int, ok bool) {
	s := r.Sound()
	c = soundConfig{codec: codecLATM, rate: s.Output, channels: s.Channels}
	if s.PS {
		c.channels = 2
	}
	samples = aacSamples
	if s.Core >= 1 && s.Core <= 4 && r.Flag() { // frameLengthFlag
		samples = 960
	}
	if r.Overrun() || s.Rate == 0 || c.rate == 0 {
		return c, 0, false
	}
	return c, frames * samples * c.rate / s.Rate, true
}

var _ soundSyntax = (*latm)(nil)
