package cea_test

import (
	"bytes"
	"encoding/binary"

	"mseplayer/mse/media"
	"mseplayer/player/text/cea"
)

// coded returns the captions in the messages of a coded picture of H.264 or HEVC. Rec. ITU-T H.264 §7.3.2.3, D.1.6; H.265
// §7.3.2.4.
func coded(f *media.CodedFrame) (list []cea.Triplet) {
	size := 0 // of the lengths in front of NAL units; 0 is start codes
	if b := f.Config.Extradata; len(b) > 22 && b[0] == 1 {
		size = int(b[4]&3) + 1
		if f.Config.Codec == media.HEVC {
			size = int(b[21]&3) + 1
		}
	}
	for _, nal := range units(f.Data, size) {
		switch {
		case f.Config.Codec == media.H264 && len(nal) > 1 && nal[0]&0x1f == 6:
			list = append(list, messages(nal[1:])...)
		case f.Config.Codec == media.HEVC && len(nal) > 2 && (nal[0]>>1&0x3f == 39 || nal[0]>>1&0x3f == 40):
			list = append(list, messages(nal[2:])...)
		}
	}
	return list
}

// units are the NAL units of a coded picture.
func units(b []byte, size int) [][]byte {
	if size == 0 {
		return bytes.Split(b, []byte{0, 0, 1})
	}
	var list [][]byte
	for len(b) >= size {
		n := 0
		for _, x := range b[:size] {
			n = n<<8 | int(x)
		}
		b = b[size:]
		n = min(n, len(b))
		list, b = append(list, b[:n]), b[n:]
	}
	return list
}

// messages returns the captions of an SEI NAL unit.
func messages(b []byte) (list []cea.Triplet) {
	b = bytes.ReplaceAll(b, []byte{0, 0, 3}, []byte{0, 0})
	number := func() (n int) { // written as a sum of bytes
		for len(b) > 0 {
			x := b[0]
			n, b = n+int(x), b[1:]
			if x != 0xff {
				return n
			}
		}
		return n
	}
	for len(b) > 2 {
		kind := number()
		size := min(number(), len(b))
		m := b[:size]
		b = b[size:]
		if kind != 4 || size < 9 || m[0] != 0xb5 { // registered in the USA
			continue
		}
		switch binary.BigEndian.Uint16(m[1:]) {
		case 0x31: // ATSC A/53 part 4 §6.2.3
			if data, ok := bytes.CutPrefix(m[3:], []byte("GA94")); ok {
				list = append(list, ccData(data)...)
			}
		case 0x2f: // DirecTV
			list = append(list, ccData(m[3:])...)
		}
	}
	return list
}

// ccData reads a structure cc_data, behind its type.
func ccData(b []byte) (list []cea.Triplet) {
	const captions, process, valid = 3, 0x40, 4
	if len(b) < 3 || b[0] != captions || b[1]&process == 0 {
		return nil
	}
	n := int(b[1] & 0x1f)
	for b = b[3:]; n > 0 && len(b) >= 3; n, b = n-1, b[3:] {
		if b[0]&valid != 0 {
			list = append(list, cea.Triplet{Type: b[0] & 3, B1: b[1], B2: b[2]})
		}
	}
	return list
}
