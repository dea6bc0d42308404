package bitstream

import "mseplayer/mse/media"

// Audio object types of MPEG-4. ISO/IEC 14496-3 table 1.17.
const (
	TypeLC  = 2
	TypeSBR = 5
	TypePS  = 29
)

var (
	soundRates    = [...]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
	soundChannels = [...]int{0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0}
)

// soundConfig reads an AudioSpecificConfig. Profile is the object type that it is signalled with, extensions that old
// decoders pass over left out. ISO/IEC 14496-3 §1.6.2.1 and §1.6.6.
func soundConfig(b []byte) *Facts {
	const syncSBR, syncPS = 0x2b7, 0x548
	r := NewReader(b)
	f := &Facts{Codec: media.AAC, Level: -1}
	f.Profile = r.objectType()
	f.Rate = r.soundRate()
	f.Channels = soundChannels[r.Bits(4)]
	switch f.Profile {
	case TypeSBR, TypePS:
		f.SBR, f.PS = true, f.Profile == TypePS
		r.soundRate()
		r.objectType()
	default:
		for ; r.left() >= 16; r.at++ {
			look := r
			if look.Bits(11) != syncSBR {
				continue
			}
			if f.SBR = look.objectType() == TypeSBR && look.Flag(); f.SBR {
				look.soundRate()
				f.PS = look.left() >= 12 && look.Bits(11) == syncPS && look.Flag()
			}
			break
		}
	}
	if r.Overrun() || f.Profile == 0 {
		return nil
	}
	return f
}

// objectType reads an audio object type.
func (r *Reader) objectType() int {
	const escape = 31
	if t := int(r.Bits(5)); t != escape {
		return t
	}
	return 32 + int(r.Bits(6))
}

// soundRate reads a sampling frequency, 0 if it is reserved.
func (r *Reader) soundRate() int {
	const explicit = 15
	switch i := int(r.Bits(4)); {
	case i == explicit:
		return int(r.Bits(24))
	case i < len(soundRates):
		return soundRates[i]
	}
	return 0
}
