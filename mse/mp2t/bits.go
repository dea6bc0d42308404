package mp2t

// bitReader reads bits from the front of b. Beyond the end it reads zeros and sets overrun.
type bitReader struct {
	b       []byte
	at      int // in bits
	overrun bool
}

// bit reads one bit.
func (r *bitReader) bit() uint32 {
	if r.at >= 8*len(r.b) {
		r.overrun = true
		return 0
	}
	v := uint32(r.b[r.at/8]) >> (7 - r.at%8) & 1
	r.at++
	return v
}

// flag reads one bit as a truth value.
func (r *bitReader) flag() bool { return r.bit() == 1 }

// bits reads up to 32 bits.
func (r *bitReader) bits(n int) (v uint32) {
	for ; n > 0; n-- {
		v = v<<1 | r.bit()
	}
	return v
}

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
	for r.bit() == 0 {
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

// rbsp appends the payload of a NAL unit to dst without the emulation prevention bytes.
// ISO/IEC 14496-10 §7.4.1.
func rbsp(dst, nal []byte) []byte {
	zeros := 0
	for _, c := range nal {
		if zeros >= 2 && c == 3 {
			zeros = 0
			continue
		}
		if zeros++; c != 0 {
			zeros = 0
		}
		dst = append(dst, c)
	}
	return dst
}

// reduce divides two positive numbers by what divides both.
func reduce(a, b int) (int, int) {
	g, r := a, b
	for r != 0 {
		g, r = r, g%r
	}
	return a / g, b / g
}
