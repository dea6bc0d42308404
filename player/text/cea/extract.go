package cea

import (
	"bytes"
	"encoding/binary"
)

// Triplet is one unit of caption data: of field 1 or 2 of CEA-608 (Type 0 and 1), or of a packet of CEA-708 (2 in the
// middle, 3 at its front). ANSI/SCTE 128-1 §8.2, CEA-708 §4.3.
type Triplet struct {
	Type   uint8
	B1, B2 byte
}

// maxTriplets bounds what one coded frame carries: 31 for each of a few messages.
const maxTriplets = 31 * 8

// Types of NAL units and messages, and what identifies captions in a registered message. Rec. ITU-T H.264 §7.4.1, D.1.6;
// H.265 §7.4.2.2; T.35.
const (
	avcSEI                  = 6
	hevcPrefix, hevcSuffix  = 39, 40
	messageRegistered       = 4
	countryUSA              = 0xb5
	providerATSC            = 0x31
	providerDirectTV        = 0x2f
	userDataCaptions        = 3
	startUserData           = 0xb2
	startSlice, endOfSlices = 0x01, 0xaf
)

// ExtractH264 returns the captions of a coded frame of H.264. The NAL units have lengths of lengthSize bytes in front of
// them; 0 is the byte stream with start codes.
func ExtractH264(frame []byte, lengthSize int) []Triplet {
	var list []Triplet
	units(frame, lengthSize, func(nal []byte) bool {
		if len(nal) > 1 && nal[0]&0x1f == avcSEI {
			list = messages(list, nal[1:])
		}
		return len(list) < maxTriplets
	})
	return list
}

// ExtractHEVC is ExtractH264 for HEVC.
func ExtractHEVC(frame []byte, lengthSize int) []Triplet {
	var list []Triplet
	units(frame, lengthSize, func(nal []byte) bool {
		if len(nal) > 2 && (nal[0]>>1&0x3f == hevcPrefix || nal[0]>>1&0x3f == hevcSuffix) {
			list = messages(list, nal[2:])
		}
		return len(list) < maxTriplets
	})
	return list
}

// ExtractMPEG2 returns the captions of a coded picture of MPEG-2 video. ATSC A/53 part 4 §6.2.3.
func ExtractMPEG2(frame []byte) []Triplet {
	var list []Triplet
	units(frame, 0, func(b []byte) bool {
		switch {
		case len(b) == 0:
			return true
		case b[0] >= startSlice && b[0] <= endOfSlices:
			return false // user data come before the slices
		case b[0] == startUserData:
			list = userData(list, b[1:])
		}
		return len(list) < maxTriplets
	})
	return list
}

// ExtractTrack returns the captions of a sample of a caption track of QuickTime ("c608", "c708"): pairs of field 1 in
// cdat, of field 2 in cdt2, and packets of CEA-708 in ccdp.
func ExtractTrack(sample []byte) []Triplet {
	var list []Triplet
	for len(sample) >= 8 && len(list) < maxTriplets {
		n := int(binary.BigEndian.Uint32(sample))
		if n < 8 || n > len(sample) {
			break
		}
		body, kind := sample[8:n], string(sample[4:8])
		switch kind {
		case "cdat", "cdt2":
			field := uint8(0)
			if kind == "cdt2" {
				field = 1
			}
			for ; len(body) >= 2 && len(list) < maxTriplets; body = body[2:] {
				list = append(list, Triplet{Type: field, B1: body[0], B2: body[1]})
			}
		case "ccdp":
			list = packet(list, body)
		}
		sample = sample[n:]
	}
	return list
}

// units calls f with each NAL unit of a frame, until it returns false.
func units(frame []byte, lengthSize int, f func([]byte) bool) {
	if lengthSize > 0 {
		for len(frame) >= lengthSize {
			n := 0
			for _, b := range frame[:lengthSize] {
				n = n<<8 | int(b)
			}
			frame = frame[lengthSize:]
			if n < 0 || n > len(frame) || !f(frame[:n]) {
				return
			}
			frame = frame[n:]
		}
		return
	}
	code := []byte{0, 0, 1}
	i := bytes.Index(frame, code)
	for i >= 0 {
		frame = frame[i+len(code):]
		i = bytes.Index(frame, code)
		unit := frame
		if i >= 0 {
			unit = frame[:i]
		}
		if !f(unit) {
			return
		}
	}
}

// messages appends the captions of an SEI NAL unit. Rec. ITU-T H.264 §7.3.2.3.
func messages(list []Triplet, b []byte) []Triplet {
	b = unescape(b)
	for len(b) > 2 {
		var kind, size int
		var ok bool
		if kind, b, ok = grown(b); !ok {
			break
		}
		if size, b, ok = grown(b); !ok || size > len(b) {
			break
		}
		if kind == messageRegistered && size > 8 && b[0] == countryUSA {
			body := b[3:size]
			switch binary.BigEndian.Uint16(b[1:]) {
			case providerATSC:
				list = userData(list, body)
			case providerDirectTV:
				list = ccData(list, body)
			}
		}
		b = b[size:]
	}
	return list
}

// grown reads a number that is written as a sum of bytes.
func grown(b []byte) (int, []byte, bool) {
	n := 0
	for i, x := range b {
		n += int(x)
		if x != 0xff {
			return n, b[i+1:], true
		}
	}
	return 0, nil, false
}

// unescape removes the bytes that prevent start codes.
func unescape(b []byte) []byte {
	code := []byte{0, 0, 3}
	if !bytes.Contains(b, code) {
		return b
	}
	var out []byte
	for {
		i := bytes.Index(b, code)
		if i < 0 {
			return append(out, b...)
		}
		out = append(out, b[:i+2]...)
		b = b[i+3:]
	}
}

// userData appends the captions of user data of the ATSC.
func userData(list []Triplet, b []byte) []Triplet {
	b, ok := bytes.CutPrefix(b, []byte("GA94"))
	if !ok {
		return list
	}
	return ccData(list, b)
}

// ccData appends the captions of a structure cc_data, behind its type.
func ccData(list []Triplet, b []byte) []Triplet {
	const process = 0x40
	if len(b) < 3 || b[0] != userDataCaptions || b[1]&process == 0 {
		return list
	}
	return triplets(list, b[3:], int(b[1]&0x1f))
}

// triplets appends up to n of the valid triplets in b.
func triplets(list []Triplet, b []byte, n int) []Triplet {
	const valid = 4
	for ; n > 0 && len(b) >= 3; n, b = n-1, b[3:] {
		if b[0]&valid != 0 && len(list) < maxTriplets {
			list = append(list, Triplet{Type: b[0] & 3, B1: b[1], B2: b[2]})
		}
	}
	return list
}

// packet appends the captions of a caption distribution packet. SMPTE ST 334-2 §5.
func packet(list []Triplet, b []byte) []Triplet {
	const head, timeCode, captions = 7, 0x71, 0x72
	if len(b) < head || b[0] != 0x96 || b[1] != 0x69 {
		return list
	}
	b = b[head:]
	if len(b) > 5 && b[0] == timeCode {
		b = b[5:]
	}
	if len(b) > 2 && b[0] == captions {
		list = triplets(list, b[2:], int(b[1]&0x1f))
	}
	return list
}
