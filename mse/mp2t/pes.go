package mp2t

// Bounds of the header of a PES packet, in bytes. ISO/IEC 13818-1 §2.4.3.6.
const (
	minPESHeadBytes = 9
	maxPESHeadBytes = minPESHeadBytes + 255
)

// pes is the PES packet that a track is in.
type pes struct {
	head   [maxPESHeadBytes]byte
	n      int   // bytes of the header that have arrived
	inHead bool  // the header is not complete
	inBody bool  // what comes is payload
	any    bool  // packets of every stream_id have a header that means something
	left   int64 // of the payload, in bytes; negative when the packet does not tell
}

// start begins a new packet.
func (s *pes) start() { s.n, s.inHead, s.inBody = 0, true, false }

// stop passes over everything up to the next packet.
func (s *pes) stop() { s.inHead, s.inBody = false, false }

// header takes bytes of the header and returns what lies behind it. done says that the header has just become
// complete; a packet without one that means anything here is passed over.
func (s *pes) header(b []byte) (rest []byte, done bool) {
	want := minPESHeadBytes
	for {
		if s.n >= minPESHeadBytes {
			want = minPESHeadBytes + int(s.head[8])
		}
		n := copy(s.head[s.n:max(s.n, want)], b)
		s.n, b = s.n+n, b[n:]
		if s.n < want {
			return nil, false
		}
		if want > minPESHeadBytes || s.head[8] == 0 {
			break
		}
	}
	s.inHead = false
	h := s.head[:s.n]
	if h[0] != 0 || h[1] != 0 || h[2] != 1 || h[6]&0xc0 != 0x80 || !s.any && !carries(h[3]) {
		return nil, false
	}
	s.left = -1
	if n := int64(be.Uint16(h[4:])); n > 0 {
		s.left = max(0, n-int64(s.n-6))
	}
	s.inBody = true
	return b, true
}

// carries reports whether PES packets with that stream_id have a header of the usual layout and media behind it.
// ISO/IEC 13818-1 §2.4.3.7, table 2-22.
func carries(id uint8) bool {
	return id >= 0xc0 && id <= 0xef || id == 0xbd || id == 0xfa || id == 0xfc || id == 0xfd
}

// scrambled reports whether the payload is encrypted by the transport.
func (s *pes) scrambled() bool { return s.head[6]&0x30 != 0 }

// stamps returns the 33-bit time stamps of the header. Without a decoding time it is the presentation time.
func (s *pes) stamps() (pts, dts int64, ok bool) {
	const hasPTS, hasDTS, stampBytes = 0x80, 0x40, 5
	h := s.head[:s.n]
	flags, b := h[7], h[minPESHeadBytes:]
	if flags&hasPTS == 0 || len(b) < stampBytes {
		return 0, 0, false
	}
	pts = stamp33(b)
	if dts = pts; flags&hasDTS != 0 && len(b) >= 2*stampBytes {
		dts = stamp33(b[stampBytes:])
	}
	return pts, dts, true
}

// stamp33 reads a time stamp without looking at its marker bits.
func stamp33(b []byte) int64 {
	return int64(b[0]>>1&7)<<30 | int64(be.Uint16(b[1:])>>1)<<15 | int64(be.Uint16(b[3:])>>1)
}

// clock unwraps 33-bit time stamps. The first one after New or Reset is taken as it is; each later one is placed
// next to the one before, of whatever track, so that a rollover goes on upwards and a jump back over one goes down.
type clock struct {
	last  int64
	known bool
}

// unwrap returns the time nearest to the last one that has these 33 bits.
func (c *clock) unwrap(v int64) int64 {
	const wrap = 1 << 33
	if !c.known {
		c.last, c.known = v, true
		return v
	}
	d := (v - c.last) & (wrap - 1)
	if d > wrap/2 {
		d -= wrap
	}
	c.last += d
	return c.last
}
