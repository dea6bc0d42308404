package bitstream

import "mseplayer/mse/media"

// Audio object types of MPEG-4. ISO/IEC 14496-3 table 1.17.
const (
	TypeLC  = 2
	TypeSBR = 5
	TypePS  = 29
)

// Nobody may change these.
var (
	// AACRates is the sampling frequency index. ISO/IEC 14496-3 §1.6.3.4.
	AACRates = [...]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
	// AACChannels is the channel configuration, 0 where it does not tell. ISO/IEC 14496-3 §1.6.3.5.
	AACChannels = [16]int{0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0}
)

// Sound is what an AudioSpecificConfig says.
type Sound struct {
	// Type is the object type that it is signalled with, extensions that old decoders pass over left out; Core the one of
	// what spectral band replication extends, the same where that is not signalled so.
	Type, Core int
	Rate       int // of the core, in Hz; 0 if it is reserved
	Channels   int // of the core, 0 where the configuration does not tell
	SBR, PS    bool
	Output     int // the rate that comes out, with spectral band replication; 0 if it is reserved
	// Short is the flag for frames of 960 samples, which some types have. Where the configuration ends before it, Known is
	// not set.
	Short, Known bool
}

// SoundOf reads an AudioSpecificConfig. It reports false for one that is cut off.
// ISO/IEC 14496-3 §1.6.2.1 and §1.6.6.
func SoundOf(asc []byte) (s Sound, ok bool) {
	const (
		syncSBR, syncPS = 0x2b7, 0x548
		typeER          = 17 // the first of the error resilient types with a frame length flag
	)
	r := NewReader(asc)
	s = r.Sound()
	if !s.SBR {
		for probe := r; probe.left() >= 16; probe.at++ {
			look := probe
			if look.Bits(11) != syncSBR {
				continue
			}
			if s.SBR = look.objectType() == TypeSBR && look.Flag(); s.SBR {
				s.Output = look.aacRate()
				s.PS = look.left() >= 12 && look.Bits(11) == syncPS && look.Flag()
			}
			break
		}
	}
	ok = !r.Overrun()
	if t := s.Core; t >= 1 && t <= 4 || t == 6 || t == 7 || t >= typeER && t <= 23 {
		s.Short = r.Flag()
	}
	s.Known = !r.Overrun()
	return s, ok
}

// Sound reads the beginning of an AudioSpecificConfig: what all object types have in common.
func (r *Reader) Sound() (s Sound) {
	s.Type = r.objectType()
	s.Rate = r.aacRate()
	s.Channels = AACChannels[r.Bits(4)]
	s.Core, s.Output = s.Type, s.Rate
	if s.Type == TypeSBR || s.Type == TypePS {
		s.SBR, s.PS = true, s.Type == TypePS
		s.Output = r.aacRate()
		s.Core = r.objectType()
	}
	return s
}

// soundConfig makes facts of an AudioSpecificConfig. Profile is its type.
func soundConfig(b []byte) *Facts {
	s, ok := SoundOf(b)
	if !ok || s.Type == 0 {
		return nil
	}
	return &Facts{Codec: media.AAC, Profile: s.Type, Level: -1, Rate: s.Rate, Channels: s.Channels, SBR: s.SBR, PS: s.PS}
}

// objectType reads an audio object type.
func (r *Reader) objectType() int {
	const escape = 31
	if t := int(r.Bits(5)); t != escape {
		return t
	}
	return 32 + int(r.Bits(6))
}

// aacRate reads a sampling frequency in Hz, 0 if it is reserved.
func (r *Reader) aacRate() int {
	const explicit = 15
	switch i := int(r.Bits(4)); {
	case i == explicit:
		return int(r.Bits(24))
	case i < len(AACRates):
		return AACRates[i]
	}
	return 0
}
