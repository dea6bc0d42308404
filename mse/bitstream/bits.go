package bitstream

// bitReader reads bits from the front of b. Beyond the end it reads zeros and sets overrun.
type bitReader struct {
	b       []byte
	at      int // in bits
	overrun bool
}

func (r *bitReader) left() int { return 8*len(r.b) - r.at }

// bits reads up to 32 bits.
func (r *bitReader) bits(n int) (v uint32) {
	for ; n > 0; n-- {
		v <<= 1
		if r.left() <= 0 {
			r.overrun = true
			continue
		}
		v |= uint32(r.b[r.at/8]>>(7-r.at%8)) & 1
		r.at++
	}
	return v
}

func (r *bitReader) flag() bool { return r.bits(1) == 1 }

// skip passes over n bits.
func (r *bitReader) skip(n int) {
	if r.at += n; r.at > 8*len(r.b) {
		r.at, r.overrun = 8*len(r.b), true
	}
}

// ue reads an unsigned Exp-Golomb number. One that needs more than 32 bits counts as an overrun.
// ISO/IEC 14496-10 §9.1.
func (r *bitReader) ue() uint32 {
	zeros := 0
	for !r.flag() {
		if zeros++; zeros >= 32 || r.overrun {
			r.overrun = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.bits(zeros)
}

// se reads a signed Exp-Golomb number.
func (r *bitReader) se() int32 {
	v := r.ue()
	if v&1 == 1 {
		return int32(v/2 + 1)
	}
	return -int32(v / 2)
}

// rbsp is the payload of a NAL unit without the emulation prevention bytes.
// ISO/IEC 14496-10 §7.4.1.
func rbsp(nal []byte) []byte {
	out := make([]byte, 0, len(nal))
	zeros := 0
	for _, c := range nal {
		if zeros >= 2 && c == 3 {
			zeros = 0
			continue
		}
		if zeros++; c != 0 {
			zeros = 0
		}
		out = append(out, c)
	}
	return out
}
