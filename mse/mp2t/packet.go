package mp2t

// Layout of transport packets. ISO/IEC 13818-1 §2.4.3.2.
const (
	packetBytes = 188
	syncByte    = 0x47
	// syncPackets is how many packets in a row are wanted where garbage precedes them.
	syncPackets = 4
)

// strides are the distances at which packets follow each other: bare, behind four bytes of arrival time, or in front
// of sixteen of error correction.
var strides = [...]int{packetBytes, packetBytes + 4, packetBytes + 16}

// packet is a transport packet, taken apart.
type packet struct {
	pid           uint16
	cc            uint8
	starts        bool // payload_unit_start_indicator
	hasPayload    bool
	discontinuous bool
	scrambled     bool
	payload       []byte
}

// sync looks for the next packet from pos on. ok says that it begins at pos now; otherwise more bytes are wanted.
func (p *Parser) sync() (ok bool, err error) {
	end := p.in.End()
	for ; p.pos < end; p.pos++ {
		switch stride, verdict := p.packetsAt(p.pos, end); {
		case verdict > 0:
			p.stride, p.synced, p.lost = stride, true, 0
			return true, nil
		case verdict == 0:
			return false, nil
		}
		p.stats.Garbage++
		if p.lost++; p.lost > maxGarbageBytes {
			return false, fault("stream", p.pos, "no packets of a transport stream follow within %d bytes; is this MPEG-2 TS?", maxGarbageBytes)
		}
	}
	return false, nil
}

// packetsAt reports whether packets begin at stream offset at, and at what distances: verdict is positive if they do,
// negative if not, and 0 if that cannot be told from the bytes before end. At the start of a stream two are enough.
func (p *Parser) packetsAt(at, end int64) (stride, verdict int) {
	is := func(off int64) int {
		if off >= end {
			return 0
		}
		var b [1]byte
		if p.in.Peek(b[:], off)[0] == syncByte {
			return 1
		}
		return -1
	}
	if is(at) < 0 {
		return 0, -1
	}
	want := syncPackets
	if at == 0 {
		want = 2
	}
	for _, stride := range strides {
		all := 1
		for i := 1; i < want && all > 0; i++ {
			all = is(at + int64(i*stride))
		}
		if all >= 0 {
			return stride, all
		}
	}
	return 0, -1
}

// packet takes one packet. b is valid during the call.
func (p *Parser) packet(b []byte) error {
	const (
		broken, starts        = 0x80, 0x40
		hasPayload, hasFields = 0x10, 0x20
	)
	k := packet{pid: be.Uint16(b[1:]) & pidMask, starts: b[1]&starts != 0, cc: b[3] & 15, hasPayload: b[3]&hasPayload != 0, scrambled: b[3]&0xc0 != 0}
	route := p.routes[k.pid]
	if k.pid != patPID && route == routeNone {
		return nil
	}
	if b[1]&broken != 0 {
		p.stats.BrokenPackets++
		return nil
	}
	body := b[4:]
	if b[3]&hasFields != 0 {
		n := int(body[0])
		k.discontinuous = n > 0 && body[1]&0x80 != 0
		body = body[min(1+n, len(body)):]
	}
	if k.hasPayload {
		k.payload = body
	}
	if k.pid == patPID || route == routePMT {
		if !k.hasPayload || k.scrambled {
			return nil
		}
		p.pat.bad, p.pmt.bad = &p.stats.BadSections, &p.stats.BadSections
		if k.pid == patPID {
			return p.pat.packet(k.payload, k.starts, k.cc, p.readPAT)
		}
		return p.pmt.packet(k.payload, k.starts, k.cc, p.readPMT)
	}
	if route >= routeEvents {
		p.events[route-routeEvents].packet(&k)
		return nil
	}
	t := p.tracks[route-routeTrack]
	if t.refusal != "" {
		return nil
	}
	return t.packet(&k)
}
