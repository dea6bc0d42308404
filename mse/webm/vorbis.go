package webm

import (
	"math/bits"

	"mseplayer/mse/media"
)

// vorbis is what of the headers of a Vorbis stream tells the length of a packet.
type vorbis struct {
	rate   float64
	blocks [2]int // samples of a short and of a long block
	long   []bool // by mode: it has long blocks
	prev   int    // samples of the last packet's block, 0 before the first
}

// vorbis reads the three headers of the CodecPrivate.
func (r *trackReader) vorbisHead() {
	id, setup, ok := vorbisHeaders(r.config.Extradata)
	if !ok || len(id) < 30 {
		return
	}
	c := r.config
	c.Channels = int(id[11])
	rate := int(id[12]) | int(id[13])<<8 | int(id[14])<<16 | int(id[15]&0x7f)<<24
	v := &vorbis{rate: float64(rate), blocks: [2]int{1 << (id[28] & 15), 1 << (id[28] >> 4)}, long: vorbisModes(setup)}
	if rate == 0 || len(v.long) == 0 {
		return
	}
	c.SampleRate = rate
	if c.Preroll == 0 {
		c.Preroll = media.Span(float64(v.blocks[1]/2) / v.rate)
	}
	r.measure, r.track.vorbis = v.span, v
}

// vorbisHeaders splits the first and the third header off a CodecPrivate, where they are laced.
func vorbisHeaders(b []byte) (id, setup []byte, ok bool) {
	const packets = 2 // and the last one
	if len(b) == 0 || b[0] != packets {
		return nil, nil, false
	}
	b = b[1:]
	var sizes [packets]int
	for i := range sizes {
		for {
			if len(b) == 0 {
				return nil, nil, false
			}
			c := b[0]
			b = b[1:]
			if sizes[i] += int(c); c != 255 {
				break
			}
		}
	}
	if sizes[0]+sizes[1] > len(b) {
		return nil, nil, false
	}
	return b[:sizes[0]], b[sizes[0]+sizes[1]:], true
}

// vorbisModes finds the block size flags of the modes at the end of a setup header, nil if they cannot be made out.
// Nothing before them tells where they begin without decoding everything, so it reads backwards: modes of a fixed
// look, and before the first of them their count. Vorbis I §4.2.4.
func vorbisModes(setup []byte) []bool {
	const modeBits, countBits, maxModes, maxMappings = 41, 6, 64, 64
	at := 8 * len(setup) // bits before this one have not been read; the lowest bit of a byte is its first
	bit := func() uint64 {
		at--
		return uint64(setup[at/8]>>(at%8)) & 1
	}
	field := func(n int) (v uint64) {
		for range n {
			v = v<<1 | bit()
		}
		return v
	}
	for at > 0 && bit() == 0 { // padding up to the framing bit
	}
	var flags []bool // the last mode first
	found := 0
	for len(flags) < maxModes && at >= modeBits+countBits {
		if mapping, transform, window := field(8), field(16), field(16); mapping >= maxMappings || transform|window != 0 {
			break
		}
		flags = append(flags, bit() == 1)
		back := at
		if int(field(countBits)) == len(flags)-1 {
			found = len(flags)
		}
		at = back
	}
	long := make([]bool, found)
	for i := range long {
		long[i] = flags[found-1-i]
	}
	return long
}

// span is the length of a packet: a quarter of the block before it and a quarter of its own. Vorbis I §4.3.8.
func (v *vorbis) span(b []byte) media.Span {
	if len(b) == 0 || b[0]&1 != 0 { // a header
		return 0
	}
	modeBits := bits.Len(uint(len(v.long) - 1))
	mode := int(b[0]>>1) & (1<<modeBits - 1)
	if mode >= len(v.long) {
		return 0
	}
	size := v.blocks[0]
	prev := v.prev
	if v.long[mode] {
		size = v.blocks[1]
		if at := 1 + modeBits; at < 8 { // the shape of the window tells the block before
			prev = v.blocks[b[0]>>at&1]
		}
	}
	if prev == 0 {
		prev = size
	}
	v.prev = size
	return media.Span(float64((prev+size)/4) / v.rate)
}

// forget begins a new run of packets.
func (v *vorbis) forget() { v.prev = 0 }
