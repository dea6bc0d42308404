package bitstream

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
)

const (
	// maxUnits bounds the NAL units and OBUs of one coded frame that are looked at.
	maxUnits = 64
	// maxSetBytes bounds a parameter set.
	maxSetBytes = 64 << 10
)

// Facts are what coded media says of itself. Numbers that it does not tell are 0, Profile and Level -1.
type Facts struct {
	Codec media.CodecID
	// Profile and Level are as in mime.Codec; HighTier is that of HEVC and AV1.
	Profile, Level int
	HighTier       bool
	// Flags are the constraint flags of H.264, one byte at the front, or the six bytes of constraints of HEVC; Compatible
	// are the profiles of HEVC that it conforms to, profile 0 in the highest bit.
	Flags      [6]byte
	Compatible uint32

	// Pictures: the depth of luma and chroma, whichever is greater; Chroma as in mime.Codec; the size without what is
	// cropped, which VP9 and AV1 may change later; the colour description of the bitstream.
	BitDepth      int
	Chroma        string
	Width, Height int
	Color         media.ColorInfo

	// Sound: the sampling rate and channels of the core, and whether the configuration says that there is spectral band
	// replication or parametric stereo. Rate is 0 where the configuration has a reserved value.
	Rate, Channels int
	SBR, PS        bool
}

// String is the codecs value that the facts deserve, without a container's choice of sample entry.
func (f *Facts) String() string {
	switch f.Codec {
	case media.H264:
		return fmt.Sprintf("avc1.%02x%02x%02x", f.Profile, f.Flags[0], f.Level)
	case media.HEVC:
		b := append([]byte{1, byte(f.Profile)}, binary.BigEndian.AppendUint32(nil, f.Compatible)...)
		if f.HighTier {
			b[1] |= 0x20
		}
		return mime.CodecString(media.HEVC, "", append(append(b, f.Flags[:]...), byte(f.Level)))
	case media.AV1:
		tier := "M"
		if f.HighTier {
			tier = "H"
		}
		return fmt.Sprintf("av01.%d.%02d%s.%02d", f.Profile, f.Level, tier, f.BitDepth)
	case media.VP9:
		return fmt.Sprintf("vp9 profile %d, %d bits, %s", f.Profile, f.BitDepth, f.Chroma)
	case media.AAC:
		return fmt.Sprintf("mp4a.40.%d", f.Profile)
	}
	return string(f.Codec)
}

// OfConfig reads the configuration that a container has outside of the coded frames. record is what the head of that
// configuration says, stream what the parameter sets or the sequence header in it say; nil for what it does not have.
func OfConfig(c *media.DecoderConfig) (record, stream *Facts) {
	x := c.Extradata
	switch c.Codec {
	case media.H264:
		const head = 6
		if len(x) > head && x[0] == 1 {
			r := &Facts{Codec: c.Codec, Profile: int(x[1]), Flags: [6]byte{x[2]}, Level: level(x[1], x[2], x[3])}
			return r, firstSet(c.Codec, lengthed(x[head:], int(x[5]&0x1f)))
		}
		return nil, annexB(c.Codec, x)
	case media.HEVC:
		const head = 23
		if len(x) >= head && x[0] == 1 {
			r := &Facts{Codec: c.Codec, Chroma: chromas[x[16]&3], BitDepth: 8 + int(max(x[17]&7, x[18]&7))}
			r.tier(x[1:13])
			for b, n := x[head:], int(x[22]); n > 0 && len(b) >= 3; n-- {
				units := lengthed(b[3:], int(binary.BigEndian.Uint16(b[1:])))
				if s := firstSet(c.Codec, units); s != nil {
					return r, s
				}
				b = b[3:]
				for _, u := range units {
					b = b[2+len(u):]
				}
			}
			return r, nil
		}
		return nil, annexB(c.Codec, x)
	case media.AV1:
		const head = 4
		if len(x) >= head && x[0] == 0x81 {
			r := &Facts{Codec: c.Codec, Profile: int(x[1] >> 5), Level: int(x[1] & 0x1f), HighTier: x[2]&0x80 != 0, BitDepth: 8, Chroma: subsampling(x[2]&0x10 != 0, x[2]>>3&1 == 1, x[2]>>2&1 == 1)}
			if x[2]&0x40 != 0 {
				r.BitDepth = 10
				if r.Profile == 2 && x[2]&0x20 != 0 {
					r.BitDepth = 12
				}
			}
			return r, sequence(x[head:])
		}
		return nil, sequence(x)
	case media.VP9:
		const full, record = 4, 6
		if len(x) >= full+record && x[0] == 1 && x[1]|x[2]|x[3] == 0 {
			x = x[full:]
		}
		if len(x) < record {
			return nil, nil
		}
		r := &Facts{Codec: c.Codec, Profile: int(x[0]), Level: int(x[1]), BitDepth: int(x[2] >> 4), Chroma: chromas[[...]int{1, 1, 2, 3}[x[2]>>1&3]]}
		r.Color = described(x[3], x[4], x[5], x[2]&1 == 1)
		return r, nil
	case media.AAC:
		return nil, soundConfig(x)
	}
	return nil, nil
}

// OfFrame reads a coded frame that decoding can begin with: the sequence parameter set, the sequence header or the key
// frame in it. It returns nil when there is none, or where it is encrypted.
func OfFrame(f *media.CodedFrame) *Facts {
	b := f.Data
	if f.Crypt != nil {
		clear := 0
		if len(f.Crypt.Subsamples) > 0 {
			clear = int(f.Crypt.Subsamples[0].Clear)
		}
		b = b[:min(clear, len(b))]
	}
	switch c := f.Config; c.Codec {
	case media.H264, media.HEVC:
		size := 0
		const avcLengthAt, hevcLengthAt = 4, 21
		switch {
		case len(c.Extradata) == 0 || c.Extradata[0] != 1:
			return annexB(c.Codec, b)
		case c.Codec == media.H264 && len(c.Extradata) > avcLengthAt:
			size = int(c.Extradata[avcLengthAt]&3) + 1
		case c.Codec == media.HEVC && len(c.Extradata) > hevcLengthAt:
			size = int(c.Extradata[hevcLengthAt]&3) + 1
		default:
			return nil
		}
		for n := 0; n < maxUnits && len(b) > size; n++ {
			length := 0
			for _, x := range b[:size] {
				length = length<<8 | int(x)
			}
			if b = b[size:]; length > len(b) {
				return nil
			}
			if s := set(c.Codec, b[:length]); s != nil {
				return s
			}
			b = b[length:]
		}
	case media.AV1:
		return sequence(b)
	case media.VP9:
		return vp9Frame(b)
	}
	return nil
}

// lengthed cuts n units with lengths of two bytes.
func lengthed(b []byte, n int) (units [][]byte) {
	for ; n > 0 && len(b) >= 2 && len(units) < maxUnits; n-- {
		size := int(binary.BigEndian.Uint16(b))
		if b = b[2:]; size > len(b) {
			break
		}
		units, b = append(units, b[:size]), b[size:]
	}
	return units
}

// annexB reads the first sequence parameter set of a byte stream.
func annexB(id media.CodecID, b []byte) *Facts {
	code := []byte{0, 0, 1}
	i := bytes.Index(b, code)
	for n := 0; i >= 0 && n < maxUnits; n++ {
		b = b[i+len(code):]
		unit := b
		if i = bytes.Index(b, code); i >= 0 {
			unit = b[:i]
		}
		if s := set(id, bytes.TrimRight(unit, "\x00")); s != nil {
			return s
		}
	}
	return nil
}

func firstSet(id media.CodecID, units [][]byte) *Facts {
	for _, u := range units {
		if s := set(id, u); s != nil {
			return s
		}
	}
	return nil
}

// set reads a NAL unit if it is a sequence parameter set of the base layer.
func set(id media.CodecID, nal []byte) *Facts {
	const avcSet, hevcSet, minBytes = 7, 33, 4
	if len(nal) < minBytes || len(nal) > maxSetBytes {
		return nil
	}
	f := &Facts{Codec: id}
	var s Set
	ok := false
	switch {
	case id == media.H264 && nal[0]&0x1f == avcSet:
		if s, ok = AVCSet(nal); ok {
			f.Profile, f.Flags[0], f.Level = int(nal[1]), nal[2], level(nal[1], nal[2], nal[3])
		}
	case id == media.HEVC && nal[0]>>1&0x3f == hevcSet && nal[0]&1 == 0 && nal[1]>>3 == 0:
		if s, ok = HEVCSet(nal); ok {
			f.tier(s.Head[1:])
		}
	}
	if !ok || s.Chroma == "" || s.BitDepth == 0 {
		return nil
	}
	f.Chroma, f.BitDepth, f.Width, f.Height, f.Color = s.Chroma, s.BitDepth, s.Width, s.Height, s.Color
	return f
}

// level is that of H.264; 9 stands for 1b of the old profiles.
func level(profile, flags, l byte) int {
	if flags&0x10 != 0 && l == 11 && profile <= 88 {
		return 9
	}
	return int(l)
}

// chromas are indexed by chroma_format_idc.
var chromas = [...]string{"4:0:0", "4:2:0", "4:2:2", "4:4:4"}

func subsampling(mono, x, y bool) string {
	switch {
	case mono:
		return chromas[0]
	case x && y:
		return chromas[1]
	case x:
		return chromas[2]
	}
	return chromas[3]
}

// described is a colour description; 2 stands for "unspecified".
func described(primaries, transfer, matrix byte, full bool) media.ColorInfo {
	point := func(v byte) byte {
		if v == 2 {
			return 0
		}
		return v
	}
	m := point(matrix)
	if matrix == 0 {
		m = media.MatrixGBR
	}
	return media.ColorInfo{Primaries: point(primaries), Transfer: point(transfer), Matrix: m, FullRange: full, Known: true}
}

// tier reads twelve bytes of profile, tier and level. ISO/IEC 23008-2 §7.3.3.
func (f *Facts) tier(b []byte) {
	f.Profile, f.HighTier = int(b[0]&0x1f), b[0]&0x20 != 0
	f.Compatible = binary.BigEndian.Uint32(b[1:])
	copy(f.Flags[:], b[5:11])
	f.Level = int(b[11])
}

// Conforms reports whether HEVC says that it conforms to a profile besides its own.
func (f *Facts) Conforms(profile int) bool {
	return profile >= 0 && profile < 32 && bits.Reverse32(f.Compatible)>>profile&1 == 1
}
