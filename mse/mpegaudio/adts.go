package mpegaudio

import (
	"mseplayer/mse/bitstream"
	"mseplayer/mse/media"
)

// adtsChannels are the channel configurations that a header has room for.
var adtsChannels = bitstream.AACChannels[:8]

// adtsHeader reads the header of an ADTS frame. ISO/IEC 14496-3 §1.A.2.2.
func adtsHeader(b []byte) (h header, v verdict) {
	const headerBytes, crcBytes, blockSamples = 7, 2, 1024
	if b[0] != 0xff || len(b) > 1 && b[1]&0xf6 != 0xf0 {
		return h, notFrame
	}
	if len(b) < headerBytes {
		return h, needMore
	}
	rate := int(b[2] >> 2 & 15)
	if rate >= len(bitstream.AACRates) {
		return h, notFrame
	}
	h = header{
		key:    key{codec: media.AAC, profile: b[2]>>6 + 1, rate: bitstream.AACRates[rate], channels: adtsChannels[b[2]&1<<2|b[3]>>6]},
		size:   int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5]>>5),
		strip:  headerBytes,
		blocks: int(b[6]&3) + 1,
		crc:    b[1]&1 == 0,
	}
	if h.samples = h.blocks * blockSamples; h.crc {
		h.strip += crcBytes
	}
	if h.size <= h.strip {
		return h, notFrame
	}
	return h, isFrame
}

// audioSpecificConfig makes the decoder configuration of a header: object type, sampling frequency index and channel
// configuration, and a GASpecificConfig of zeros. ISO/IEC 14496-3 §1.6.2.1.
func audioSpecificConfig(k key) []byte {
	channels := 0
	for i, n := range adtsChannels {
		if n == k.channels {
			channels = i
		}
	}
	var w bitWriter
	w.config(k, channels)
	return w.b
}

// channelLayout makes the decoder configuration of a frame whose header does not tell the channels, from the
// program config element that its first raw data block begins with. The comment in it is left out.
// ISO/IEC 14496-3 §4.4.1.1.
func channelLayout(k key, block []byte) (asc []byte, ok bool) {
	const programConfig = 5
	r := bitstream.NewReader(block)
	if r.Bits(3) != programConfig {
		return nil, false
	}
	var w bitWriter
	w.config(k, 0)
	copyBits := func(n int) int {
		x := int(r.Bits(n))
		w.bits(x, n)
		return x
	}
	copyBits(4 + 2 + 4) // tag, object type, sampling frequency index
	front, side, back := copyBits(4), copyBits(4), copyBits(4)
	lfe, data, coupling := copyBits(2), copyBits(3), copyBits(4)
	for _, bits := range [...]int{4, 4, 3} { // mono, stereo and matrix mixdown
		if copyBits(1) == 1 {
			copyBits(bits)
		}
	}
	for range front + side + back {
		copyBits(5)
	}
	for range lfe + data {
		copyBits(4)
	}
	for range coupling {
		copyBits(5)
	}
	w.align()
	w.bits(0, 8) // length of the comment
	return w.b, !r.Overrun() && front+side+back+lfe > 0
}

// layoutChannels counts the channels of a configuration that channelLayout made.
func layoutChannels(asc []byte) (n int) {
	r := bitstream.NewReader(asc)
	r.Skip(configBits + 4 + 2 + 4)
	elements := int(r.Bits(4) + r.Bits(4) + r.Bits(4))
	lfe := int(r.Bits(2))
	r.Skip(3 + 4)
	for _, bits := range [...]int{4, 4, 3} {
		if r.Flag() {
			r.Skip(bits)
		}
	}
	for range elements {
		n += 1 + int(r.Bit())
		r.Skip(4)
	}
	return n + lfe
}

// configBits is the length of an AudioSpecificConfig up to the program config element.
const configBits = 5 + 4 + 4 + 3

// bitWriter appends bits to b.
type bitWriter struct {
	b    []byte
	left int // unused bits of the last byte
}

func (w *bitWriter) bits(v, n int) {
	for n--; n >= 0; n-- {
		if w.left == 0 {
			w.b, w.left = append(w.b, 0), 8
		}
		w.left--
		w.b[len(w.b)-1] |= byte(v>>n&1) << w.left
	}
}

func (w *bitWriter) align() { w.left = 0 }

// config writes the first configBits.
func (w *bitWriter) config(k key, channels int) {
	w.bits(int(k.profile), 5)
	for i, r := range bitstream.AACRates {
		if r == k.rate {
			w.bits(i, 4)
		}
	}
	w.bits(channels, 4)
	w.bits(0, 3)
}
