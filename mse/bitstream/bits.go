package bitstream

// Reader reads bits from the front of some bytes. Beyond their end it reads zeros, and Overrun tells. The zero value has
// nothing to read. A copy reads on by itself.
type Reader struct {
	b       []byte
	at      int // in bits
	overrun bool
}

// NewReader reads b, which it does not change.
func NewReader(b []byte) Reader { return Reader{b: b} }

// Overrun reports whether more was read than there is.
func (r *Reader) Overrun() bool { return r.overrun }

func (r *Reader) left() int { return 8*len(r.b) - r.at }

// Bit reads one bit.
func (r *Reader) Bit() uint32 {
	if r.at >= 8*len(r.b) {
		r.overrun = true
		return 0
	}
	v := uint32(r.b[r.at/8]) >> (7 - r.at%8) & 1
	r.at++
	return v
}

// Flag reads one bit as a truth value.
func (r *Reader) Flag() bool { return r.Bit() == 1 }

// Bits reads up to 32 bits.
func (r *Reader) Bits(n int) (v uint32) {
	for ; n > 0; n-- {
		v = v<<1 | r.Bit()
	}
	return v
}

// Skip passes over n bits.
func (r *Reader) Skip(n int) {
	if r.at += n; r.at > 8*len(r.b) {
		r.at, r.overrun = 8*len(r.b), true
	}
}

// UE reads an unsigned Exp-Golomb number. One that needs more than 32 bits counts as an overrun.
// ISO/IEC 14496-10 §9.1.
func (r *Reader) UE() uint32 {
	zeros := 0
	for r.Bit() == 0 {
		if zeros++; zeros >= 32 || r.overrun {
			r.overrun = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.Bits(zeros)
}

// SE reads a signed Exp-Golomb number.
func (r *Reader) SE() int32 {
	v := r.UE()
	if v&1 == 1 {
		return int32(v/2 + 1)
	}
	return -int32(v / 2)
}

// AppendRBSP appends the payload of a NAL unit to dst without the emulation prevention bytes.
// ISO/IEC 14496-10 §7.4.1.
func AppendRBSP(dst, nal []byte) []byte {
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
