package mime

import (
	"fmt"
	"math/bits"
	"strings"

	"mseplayer/mse/media"
)

// FromConfig returns the RFC 6381 codecs string of a decoder configuration: the string the container's parser
// stored, else what the configuration record tells.
func FromConfig(c *media.DecoderConfig) string {
	if c.CodecString != "" {
		return c.CodecString
	}
	return CodecString(c.Codec, "", c.Extradata)
}

// CodecString returns the RFC 6381 codecs string of a sample entry, "avc1.64001f", "hvc1.1.6.L93.90",
// "mp4a.40.2". fourcc is the sample entry's type, or "" for streams that have none (WebM, transport streams);
// extradata is the decoder configuration as media.DecoderConfig defines it (the payload of avcC, hvcC, av1C or
// vpcC, an AudioSpecificConfig). A record that is too short for its details gives the bare name, which is still a
// legal codecs value for everyone but AAC. A format without a registered string gives fourcc, or the format's
// own name.
// RFC 6381 §3.3, ISO/IEC 14496-15 Annex E, the VP9 and AV1 ISO BMFF bindings.
func CodecString(id media.CodecID, fourcc string, extradata []byte) string {
	switch id {
	case media.H264:
		return avcString(or(fourcc, "avc1"), extradata)
	case media.HEVC:
		return hevcString(or(fourcc, "hvc1"), extradata)
	case media.VP8, media.VP9:
		return vpString(id, fourcc, extradata)
	case media.AV1:
		return av1String(extradata)
	case media.AAC:
		if aot := objectType(extradata); aot > 0 {
			return fmt.Sprintf("mp4a.40.%d", aot)
		}
		return "mp4a.40.2"
	case media.MP3, media.MP2:
		if fourcc == "mp4a" {
			return "mp4a.6B"
		}
		return string(id)
	case media.AC3:
		return "ac-3"
	case media.EAC3:
		return "ec-3"
	case media.Opus, media.FLAC, media.Vorbis, media.ALAC:
		return or(fourcc, string(id))
	case media.WebVTT:
		return "wvtt"
	case media.TTML:
		return "stpp"
	case mpeg4:
		return mpeg4String(extradata)
	}
	return or(strings.TrimSpace(fourcc), string(id))
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// avcString appends profile, constraint flags and level of an AVCDecoderConfigurationRecord, six hex digits.
func avcString(fourcc string, avcC []byte) string {
	if len(avcC) < 4 || avcC[0] != 1 {
		return fourcc
	}
	return fmt.Sprintf("%s.%02x%02x%02x", fourcc, avcC[1], avcC[2], avcC[3])
}

// hevcString appends profile space and profile, compatibility flags in reverse bit order, tier and level, and
// the six constraint bytes without the trailing zero ones. ISO/IEC 14496-15 §E.3.
func hevcString(fourcc string, hvcC []byte) string {
	const headBytes = 13
	if len(hvcC) < headBytes || hvcC[0] != 1 {
		return fourcc
	}
	var b strings.Builder
	b.WriteString(fourcc + ".")
	if space := hvcC[1] >> 6; space > 0 {
		b.WriteByte('A' + space - 1)
	}
	compat := uint32(hvcC[2])<<24 | uint32(hvcC[3])<<16 | uint32(hvcC[4])<<8 | uint32(hvcC[5])
	tier := 'L'
	if hvcC[1]&0x20 != 0 {
		tier = 'H'
	}
	fmt.Fprintf(&b, "%d.%X.%c%d", hvcC[1]&0x1f, bits.Reverse32(compat), tier, hvcC[12])
	constraints := hvcC[6:12]
	for len(constraints) > 0 && constraints[len(constraints)-1] == 0 {
		constraints = constraints[:len(constraints)-1]
	}
	for _, c := range constraints {
		fmt.Fprintf(&b, ".%X", c)
	}
	return b.String()
}

// vpString gives the long form of the VP codec binding, shortened when the optional fields have their default
// values. The record may begin with the version and flags of its full box.
func vpString(id media.CodecID, fourcc string, vpcC []byte) string {
	const recordBytes = 6
	if len(vpcC) >= 4+recordBytes && vpcC[0] == 1 && vpcC[1]|vpcC[2]|vpcC[3] == 0 {
		vpcC = vpcC[4:]
	}
	if len(vpcC) < recordBytes {
		return string(id) // "vp8", "vp9": the WebM spelling needs no record
	}
	if fourcc == "" {
		fourcc = map[media.CodecID]string{media.VP8: "vp08", media.VP9: "vp09"}[id]
	}
	depth, chroma, full := vpcC[2]>>4, vpcC[2]>>1&7, vpcC[2]&1
	s := fmt.Sprintf("%s.%02d.%02d.%02d", fourcc, vpcC[0], vpcC[1], depth)
	if chroma == 1 && vpcC[3] == 1 && vpcC[4] == 1 && vpcC[5] == 1 && full == 0 {
		return s
	}
	return s + fmt.Sprintf(".%02d.%02d.%02d.%02d.%02d", chroma, vpcC[3], vpcC[4], vpcC[5], full)
}

// av1String gives profile, level, tier and bit depth of an AV1CodecConfigurationRecord.
func av1String(av1C []byte) string {
	if len(av1C) < 4 || av1C[0] != 0x81 {
		return "av01"
	}
	profile, level := av1C[1]>>5, av1C[1]&0x1f
	tier := 'M'
	if av1C[2]&0x80 != 0 {
		tier = 'H'
	}
	depth := 8
	if av1C[2]&0x40 != 0 {
		depth = 10
		if profile == 2 && av1C[2]&0x20 != 0 {
			depth = 12
		}
	}
	return fmt.Sprintf("av01.%d.%02d%c.%02d", profile, level, tier, depth)
}

// objectType reads the audio object type of an AudioSpecificConfig, 0 when there is none.
// ISO/IEC 14496-3 §1.6.2.1.
func objectType(asc []byte) int {
	const escape = 31
	if len(asc) == 0 {
		return 0
	}
	aot := int(asc[0] >> 3)
	if aot == escape {
		if len(asc) < 2 {
			return 0
		}
		aot = 32 + int(asc[0]&7)<<3 + int(asc[1]>>5)
	}
	return aot
}

// mpeg4String gives object type 20 (MPEG-4 Visual) and, where the configuration begins with a visual object
// sequence, its profile and level indication in decimal.
func mpeg4String(config []byte) string {
	if len(config) >= 5 && config[0] == 0 && config[1] == 0 && config[2] == 1 && config[3] == 0xb0 {
		return fmt.Sprintf("mp4v.20.%d", config[4])
	}
	return "mp4v.20"
}
