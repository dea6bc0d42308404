package cea

import "encoding/binary"

// Triplet is one unit of caption data: of field 1 or 2 of CEA-608 (Type 0 and 1), or of a packet of CEA-708 (2 in the
// middle, 3 at its front). ANSI/SCTE 128-1 §8.2, CEA-708 §4.3.
type Triplet struct {
	Type   uint8
	B1, B2 byte
}

// maxTriplets bounds what one sample carries: 31 for each of a few packets.
const maxTriplets = 31 * 8

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
