package mp2t_test

import (
	"encoding/binary"
	"hash/crc32"
)

var be = binary.BigEndian

// muxer writes a transport stream.
type muxer struct {
	b  []byte
	cc map[uint16]uint8
}

const (
	mapPID     = 0x1000
	videoPID   = 0x100
	soundPID   = 0x101
	untimed    = -1
	packetSize = 188
	payloadMax = packetSize - 4
	streamIDV  = 0xe0
	streamIDA  = 0xc0
	streamIDP  = 0xbd
)

// packets cuts a payload into packets. The last one is filled up with an adaptation field.
func (m *muxer) packets(pid uint16, payload []byte) {
	if m.cc == nil {
		m.cc = map[uint16]uint8{}
	}
	for first := true; first || len(payload) > 0; first = false {
		n := min(len(payload), payloadMax)
		head := be.AppendUint16([]byte{0x47}, pid)
		if first {
			head[1] |= 0x40
		}
		head = append(head, 0x10|m.cc[pid])
		m.cc[pid] = (m.cc[pid] + 1) & 15
		if fill := payloadMax - n; fill > 0 {
			head[3] |= 0x20
			field := make([]byte, fill)
			field[0] = byte(fill - 1)
			for i := 2; i < fill; i++ {
				field[i] = 0xff
			}
			head = append(head, field...)
		}
		m.b = append(append(m.b, head...), payload[:n]...)
		payload = payload[n:]
	}
}

// section writes a section behind a pointer field.
func (m *muxer) section(pid uint16, sec []byte) {
	b := append([]byte{0}, sec...)
	for len(b)%payloadMax != 0 {
		b = append(b, 0xff)
	}
	m.packets(pid, b)
}

// seal completes a section: length and checksum.
func seal(sec []byte) []byte {
	be.PutUint16(sec[1:], 0xb000|uint16(len(sec)-3+4))
	return be.AppendUint32(sec, crcMPEG(sec))
}

// crcMPEG is the checksum of sections, by way of the reflected polynomial of the standard library.
func crcMPEG(b []byte) uint32 {
	r := make([]byte, len(b))
	for i, c := range b {
		r[i] = reverse8(c)
	}
	// The standard one begins and ends with an inversion; sections do not end with one.
	v := ^crc32.ChecksumIEEE(r)
	var out uint32
	for range 32 {
		out = out<<1 | v&1
		v >>= 1
	}
	return out
}

func reverse8(c byte) (r byte) {
	for range 8 {
		r = r<<1 | c&1
		c >>= 1
	}
	return r
}

// stream is an entry of a program map.
type stream struct {
	typ   uint8
	pid   uint16
	descs []byte
}

func desc(tag uint8, body string) []byte { return append([]byte{tag, byte(len(body))}, body...) }

func patSection(version uint8, number, pid uint16) []byte {
	sec := []byte{0, 0, 0, 0, 1, 0xc1 | version<<1, 0, 0}
	sec = be.AppendUint16(sec, 0) // the network information table
	sec = be.AppendUint16(sec, 0xe010)
	sec = be.AppendUint16(sec, number)
	return seal(be.AppendUint16(sec, 0xe000|pid))
}

func pmtSection(version uint8, number uint16, streams ...stream) []byte {
	sec := []byte{2, 0, 0, byte(number >> 8), byte(number), 0xc1 | version<<1, 0, 0}
	sec = be.AppendUint16(sec, 0xe000|videoPID)
	sec = be.AppendUint16(sec, 0xf000)
	for _, s := range streams {
		sec = append(sec, s.typ)
		sec = be.AppendUint16(sec, 0xe000|s.pid)
		sec = be.AppendUint16(sec, 0xf000|uint16(len(s.descs)))
		sec = append(sec, s.descs...)
	}
	return seal(sec)
}

// tables writes both tables of a program with those streams.
func (m *muxer) tables(streams ...stream) {
	m.section(0, patSection(0, 1, mapPID))
	m.section(mapPID, pmtSection(0, 1, streams...))
}

// pesPacket makes a PES packet. dts or both times may be untimed.
func pesPacket(id uint8, bounded bool, pts, dts int64, payload []byte) []byte {
	var stamps []byte
	flags := byte(0)
	if pts != untimed {
		flags = 0x80
		stamps = appendStamp(stamps, 2, pts)
	}
	if dts != untimed {
		flags = 0xc0
		stamps[0] |= 0x10
		stamps = appendStamp(stamps, 1, dts)
	}
	b := []byte{0, 0, 1, id, 0, 0, 0x80, flags, byte(len(stamps))}
	b = append(append(b, stamps...), payload...)
	if bounded {
		be.PutUint16(b[4:], uint16(len(b)-6))
	}
	return b
}

func appendStamp(b []byte, prefix byte, t int64) []byte {
	t &= 1<<33 - 1
	return append(b, prefix<<4|byte(t>>29)&0xe|1, byte(t>>22), byte(t>>14)|1, byte(t>>7), byte(t<<1)|1)
}

// video writes an access unit in a PES packet of its own and of unknown length.
func (m *muxer) video(pts, dts int64, au []byte) {
	m.packets(videoPID, pesPacket(streamIDV, false, pts, dts, au))
}

// sound writes audio frames in a PES packet.
func (m *muxer) sound(pts int64, frames []byte) {
	m.packets(soundPID, pesPacket(streamIDA, true, pts, untimed, frames))
}

// bitWriter appends bits to b.
type bitWriter struct {
	b []byte
	n int
}

func (w *bitWriter) bits(n int, v uint32) *bitWriter {
	for i := n - 1; i >= 0; i-- {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (7 - w.n%8)
		w.n++
	}
	return w
}

// ue writes unsigned Exp-Golomb numbers.
func (w *bitWriter) ue(values ...uint32) *bitWriter {
	for _, v := range values {
		n := 0
		for (v+1)>>(n+1) > 0 {
			n++
		}
		w.bits(n, 0).bits(n+1, v+1)
	}
	return w
}

// nal closes a payload and puts header and emulation prevention around it.
func (w *bitWriter) nal(header ...byte) []byte {
	w.bits(1, 1)
	out := append([]byte{0, 0, 0, 1}, header...)
	zeros := 0
	for _, c := range w.b {
		if zeros >= 2 && c <= 3 {
			out, zeros = append(out, 3), 0
		}
		if zeros++; c != 0 {
			zeros = 0
		}
		out = append(out, c)
	}
	return out
}

// avcSPS makes a sequence parameter set of H.264. ticks is the length of a frame, 0 for one without timing.
func avcSPS(width, height, ticks uint32, frameOnly bool) []byte {
	var w bitWriter
	lines := height
	flag := uint32(1)
	if !frameOnly {
		lines, flag = height/2, 0
	}
	mbLines := (lines + 15) / 16
	w.bits(8, 77).bits(8, 0).bits(8, 30)
	w.ue(0, 4, 0, 4, 4).bits(1, 0).ue((width+15)/16-1, mbLines-1).bits(1, flag)
	if !frameOnly {
		w.bits(1, 1)
	}
	w.bits(1, 1)
	cropX, cropY := ((width+15)/16*16-width)/2, (mbLines*16-lines)/2
	w.bits(1, 1).ue(0, cropX, 0, cropY)
	w.bits(1, 1) // VUI
	w.bits(1, 1).bits(8, 255).bits(16, 8).bits(16, 6)
	w.bits(1, 1).bits(1, 0)                                          // overscan
	w.bits(1, 1).bits(3, 5).bits(1, 0).bits(1, 1).bits(24, 0x010101) // signal type
	w.bits(1, 1).ue(0, 0)
	if ticks == 0 {
		w.bits(1, 0)
	} else {
		w.bits(1, 1).bits(32, ticks).bits(32, 180000).bits(1, 1)
	}
	return w.bits(4, 0).nal(0x67)
}

func avcPPS(id uint32) []byte { return new(bitWriter).ue(id, 0).bits(2, 0).ue(0, 2, 0).nal(0x68) }

var avcAUD = []byte{0, 0, 0, 1, 9, 0xf0}

// avcSlice makes a slice that begins at macroblock mb, filled up to size bytes.
func avcSlice(typ byte, mb uint32, seed, size int) []byte {
	w := new(bitWriter).ue(mb, 7, 0).bits(8, 0)
	return fill(w, seed, size).nal(0x60 | typ)
}

// avcField makes a slice of a single field.
func avcField(typ byte, seed, size int) []byte {
	w := new(bitWriter).ue(0, 5, 0).bits(8, 0).bits(1, 1).bits(1, uint32(seed&1))
	return fill(w, seed, size).nal(0x60 | typ)
}

// fill appends bytes that differ and now and then need emulation prevention.
func fill(w *bitWriter, seed, size int) *bitWriter {
	for i := range size {
		v := uint32(seed*31+i*7) & 0xff
		if i%50 < 3 {
			v = 0
		}
		w.bits(8, v)
	}
	return w
}

// recovery makes a recovery point message behind another one.
func recovery(frames uint32) []byte {
	w := new(bitWriter).bits(8, 5).bits(8, 20)
	for range 20 {
		w.bits(8, 0)
	}
	body := new(bitWriter).ue(frames).bits(4, 0).bits(1, 1)
	w.bits(8, 6).bits(8, uint32(len(body.b)))
	for _, c := range body.b {
		w.bits(8, uint32(c))
	}
	return w.nal(6)
}

func cat(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// hevcSPS makes a sequence parameter set of HEVC with two sub-layers, scaling lists, reference picture sets, one of
// them predicted, and timing.
func hevcSPS(width, height, ticks uint32) []byte {
	var w bitWriter
	w.bits(4, 0).bits(3, 1).bits(1, 1)
	w.bits(8, 1).bits(32, 0x60000000).bits(32, 0x90000000).bits(16, 0).bits(8, 93)
	w.bits(1, 1).bits(1, 1).bits(14, 0)
	for range 96 / 8 {
		w.bits(8, 0x11)
	}
	w.ue(0, 1, (width+7)/8*8, (height+7)/8*8)
	w.bits(1, 1).ue(0, ((width+7)/8*8-width)/2, 0, ((height+7)/8*8-height)/2)
	w.ue(0, 0, 4).bits(1, 0).ue(4, 2, 4)
	w.ue(0, 3, 0, 3, 0, 0)
	w.bits(1, 1).bits(1, 1) // scaling lists
	for size := range 4 {
		step := 1
		if size == 3 {
			step = 3
		}
		for m := 0; m < 6; m += step {
			if m == 0 {
				w.bits(1, 0).ue(0)
				continue
			}
			w.bits(1, 1)
			if size > 1 {
				w.ue(3)
			}
			for range min(64, 1<<(4+2*size)) {
				w.ue(1)
			}
		}
	}
	w.bits(2, 3)
	w.bits(1, 1).bits(8, 0x77).ue(0, 1).bits(1, 0) // pcm
	w.ue(2).ue(2, 1).ue(0).bits(1, 1).ue(0).bits(1, 1).ue(0).bits(1, 1)
	w.bits(1, 1).bits(1, 0).ue(0).bits(1, 1).bits(2, 1).bits(1, 1).bits(2, 0) // predicted from the one before
	w.bits(1, 1).ue(1).bits(8, 0x55).bits(1, 1)                               // long-term pictures
	w.bits(2, 3)
	w.bits(1, 1)                           // VUI
	w.bits(1, 1).bits(8, 14).bits(3, 0)    // 4:3
	w.bits(3, 0).bits(1, 1).ue(0, 0, 0, 0) // default display window
	w.bits(1, 1).bits(32, ticks).bits(32, 90000).bits(1, 0)
	return w.bits(2, 0).nal(33<<1, 1)
}

func hevcNAL(typ byte, first bool, seed, size int) []byte {
	w := new(bitWriter)
	if first {
		w.bits(1, 1)
	} else {
		w.bits(1, 0)
	}
	return fill(w.bits(7, 0x55), seed, size).nal(typ<<1, 1)
}

// adtsFrame makes an AAC frame with its header.
func adtsFrame(rateIndex, channels byte, seed, size int) []byte {
	n := 7 + size
	b := []byte{0xff, 0xf1, 0x40 | rateIndex<<2 | channels>>2, channels<<6 | byte(n>>11), byte(n >> 3), byte(n<<5) | 0x1f, 0xfc}
	for i := range size {
		b = append(b, byte(seed*13+i))
	}
	return b
}

// mp2Frame is a frame of MPEG-1 layer II, 48 kHz, 32 kbit/s, mono.
func mp2Frame(seed int) []byte {
	b := make([]byte, 96)
	copy(b, []byte{0xff, 0xfd, 0x14, 0xc0})
	b[50] = byte(seed)
	return b
}

// mp3Frame is a frame of MPEG-2 layer III, 24 kHz, 8 kbit/s, stereo.
func mp3Frame(seed int) []byte {
	b := make([]byte, 24)
	copy(b, []byte{0xff, 0xf3, 0x14, 0})
	b[20] = byte(seed)
	return b
}

// ac3Frame is a frame of AC-3, 48 kHz, 32 kbit/s, with as many channels as the mode has, and the low one.
func ac3Frame(mode byte, seed int) []byte {
	b := make([]byte, 128)
	at := 3
	if mode&1 != 0 && mode != 1 {
		at += 2
	}
	if mode&4 != 0 {
		at += 2
	}
	if mode == 2 {
		at += 2
	}
	copy(b, []byte{0x0b, 0x77, 1, 2, 0, 8 << 3, mode<<5 | 1<<(7-at)})
	b[50] = byte(seed)
	return b
}

// eac3Frame is a frame of E-AC-3 of one kind: 0 independent, 1 dependent.
func eac3Frame(kind, substream byte, seed int) []byte {
	const size = 64
	b := make([]byte, size)
	copy(b, []byte{0x0b, 0x77, kind<<6 | substream<<3, size/2 - 1, 3<<4 | 2<<1, 16 << 3, 0})
	b[50] = byte(seed)
	return b
}

// latmFrame is a LOAS frame; with says that it holds the configuration: AAC LC, 48 kHz, stereo.
func latmFrame(with bool, seed, size int) []byte {
	w := new(bitWriter)
	if with {
		w.bits(1, 0).bits(1, 0).bits(1, 1).bits(6, 0).bits(4, 0).bits(3, 0) // one program with one layer
		w.bits(5, 2).bits(4, 3).bits(4, 2).bits(3, 0)
	} else {
		w.bits(1, 1)
	}
	fill(w, seed, size)
	return append([]byte{0x56, 0xe0 | byte(len(w.b)>>8), byte(len(w.b))}, w.b...)
}

// opusUnit is an Opus packet of 20 ms behind its control header.
func opusUnit(front, back uint16, seed, size int) []byte {
	head := []byte{0x7f, 0xe0}
	n := size + 1
	for ; n >= 255; n -= 255 {
		head = append(head, 255)
	}
	head = append(head, byte(n))
	if front > 0 {
		head[1] |= 0x10
		head = be.AppendUint16(head, front)
	}
	if back > 0 {
		head[1] |= 0x08
		head = be.AppendUint16(head, back)
	}
	head = append(head, 19<<3)
	for i := range size {
		head = append(head, byte(seed+i))
	}
	return head
}
