package mpegaudio_test

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// cat joins pieces of a stream.
func cat(pieces ...[]byte) []byte { return slices.Concat(pieces...) }

// fill makes n bytes that begin no frame and no tag; salt tells the frames of a test apart.
func fill(n, salt int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(0x80 + (i*7+salt*13)%0x70)
	}
	return b
}

// layer3 is an MPEG-1 layer III frame of 44.1 kHz stereo, 64 kbit/s: 208 bytes.
func layer3(salt int) []byte { return mpegFrame(0xfffb5000, salt) }

// mono is a layer III frame like that of one channel.
func mono(salt int) []byte { return mpegFrame(0xfffb50c0, salt) }

// lsf is an MPEG-2 layer III frame of 22.05 kHz mono, 32 kbit/s: 104 bytes, 576 samples.
func lsf(salt int) []byte { return mpegFrame(0xfff340c0, salt) }

// mpegFrame makes the frame of a header, with the sizes that the standard gives to those that tests use.
func mpegFrame(head uint32, salt int) []byte {
	sizes := map[uint32]int{
		0xfffb5000: 208, 0xfffb50c0: 208, 0xfffb5200: 209, 0xfffb5040: 208, 0xfffa5000: 208, // MPEG-1 layer III, 64 kbit/s, 44.1 kHz
		0xfffb9000: 417, // MPEG-1 layer III, 128 kbit/s, 44.1 kHz
		0xfffb1400: 96,  // MPEG-1 layer III, 32 kbit/s, 48 kHz
		0xfff31400: 24,  // MPEG-2 layer III, 8 kbit/s, 24 kHz
		0xfff31000: 26,  // MPEG-2 layer III, 8 kbit/s, 22.05 kHz
		0xfff340c0: 104, // MPEG-2 layer III, 32 kbit/s, 22.05 kHz
		0xffe340c0: 208, // MPEG-2.5 layer III, 32 kbit/s, 11.025 kHz
		0xfffb5400: 192, // MPEG-1 layer III, 64 kbit/s, 48 kHz
		0xfffd4400: 192, // MPEG-1 layer II, 64 kbit/s, 48 kHz
		0xfff55400: 240, // MPEG-2 layer II, 40 kbit/s, 24 kHz
		0xffff2800: 96,  // MPEG-1 layer I, 64 kbit/s, 32 kHz
		0xfff728c0: 144, // MPEG-2 layer I, 48 kbit/s, 16 kHz
	}
	n, ok := sizes[head]
	if !ok {
		panic("no such frame in the table")
	}
	return append(binary.BigEndian.AppendUint32(nil, head), fill(n-4, salt)...)
}

// info makes the frame that carries a Xing header, of the kind of frame that side tells: the header counts frames and
// the encoder tag tells delay and padding. An empty encoder leaves the tag out.
func info(frame []byte, side int, mark string, count uint32, encoder string, delay, padding int) []byte {
	b := bytes.Clone(frame)
	clear(b[4:])
	at := 4 + side
	put := func(v string) {
		at += copy(b[at:], v)
	}
	number := func(v uint32) { put(string(binary.BigEndian.AppendUint32(nil, v))) }
	put(mark)
	if count > 0 {
		number(1 | 8)
		number(count)
	} else {
		number(8)
	}
	number(50) // quality
	if encoder != "" {
		put(encoder)
		at += 21 - len(encoder)
		put(string([]byte{byte(delay >> 4), byte(delay<<4 | padding>>8), byte(padding)}))
	}
	return b
}

// adts makes an ADTS frame of 44.1 kHz AAC LC whose payload has n bytes.
func adts(channels, n, salt int) []byte { return adtsFrame(1, 4, channels, 1, false, fill(n, salt)) }

// adtsFrame makes any ADTS frame: profile, sampling frequency index, channel configuration, raw data blocks.
func adtsFrame(profile, rate, channels, blocks int, crc bool, payload []byte) []byte {
	n := 7 + len(payload)
	b1 := byte(0xf1)
	if crc {
		n, b1 = n+2, 0xf0
	}
	b := []byte{
		0xff, b1, byte(profile<<6 | rate<<2 | channels>>2), byte(channels<<6 | n>>11), byte(n >> 3), byte(n<<5) | 0x1f, 0xfc | byte(blocks-1),
	}
	if crc {
		b = append(b, 0xaa, 0x55)
	}
	return append(b, payload...)
}

// programConfig is a raw data block that begins with a program config element of 44.1 kHz: a center, two pairs and a
// low frequency channel, and a comment.
func programConfig() []byte {
	var s bits
	s.put(5, 3)  // ID
	s.put(0, 4)  // tag
	s.put(1, 2)  // LC
	s.put(4, 4)  // 44.1 kHz
	s.put(2, 4)  // front
	s.put(0, 4)  // side
	s.put(1, 4)  // back
	s.put(1, 2)  // low frequency
	s.put(1, 3)  // data
	s.put(0, 4)  // coupling
	s.put(0, 1)  // mono mixdown
	s.put(1, 1)  // stereo mixdown
	s.put(3, 4)  // its element
	s.put(1, 1)  // matrix mixdown
	s.put(5, 3)  // its parameters
	s.put(0, 5)  // front: center
	s.put(16, 5) // front: pair
	s.put(17, 5) // back: pair
	s.put(0, 4)  // low frequency
	s.put(0, 4)  // data
	for s.n%8 > 0 {
		s.put(0, 1)
	}
	return append(append(s.b, 2, 'h', 'i'), fill(20, 0)...)
}

// bits writes bits.
type bits struct {
	b []byte
	n int
}

func (s *bits) put(v, n int) {
	for n--; n >= 0; n-- {
		if s.n%8 == 0 {
			s.b = append(s.b, 0)
		}
		s.b[len(s.b)-1] |= byte(v>>n&1) << (7 - s.n%8)
		s.n++
	}
}

// ac3 makes an AC-3 frame of 32 kbit/s: rate code, mode and low frequency channel, and an ID above 8 for lower rates.
func ac3(code, id, mode, lfe, salt int) []byte {
	size := []int{128, 138, 192}[code]
	var s bits
	s.put(0x0b77, 16)
	s.put(0x1234, 16)
	s.put(code, 2)
	s.put(0, 6)
	s.put(id, 5)
	s.put(0, 3)
	s.put(mode, 3)
	if mode&1 != 0 && mode != 1 {
		s.put(0, 2)
	}
	if mode&4 != 0 {
		s.put(0, 2)
	}
	if mode == 2 {
		s.put(0, 2)
	}
	s.put(lfe, 1)
	return append(s.b, fill(size-len(s.b), salt)...)
}

// eac3 makes an E-AC-3 frame of 48 kHz: kind of stream, substream, blocks code, mode.
func eac3(kind, substream, blocks, mode, size, salt int) []byte {
	var s bits
	s.put(0x0b77, 16)
	s.put(kind, 2)
	s.put(substream, 3)
	s.put(size/2-1, 11)
	s.put(0, 2)
	s.put(blocks, 2)
	s.put(mode, 3)
	s.put(1, 1)
	s.put(16, 5)
	return append(s.b, fill(size-len(s.b), salt)...)
}

// id3 makes an ID3v2 tag of a version with frames in it.
func id3(version, flags byte, frames ...[]byte) []byte {
	body := cat(frames...)
	n := len(body)
	return append([]byte{'I', 'D', '3', version, 0, flags, byte(n >> 21 & 127), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)}, body...)
}

// id3Frame makes a frame of an ID3v2.4 tag; below 128 bytes it is one of version 3 as well.
func id3Frame(id string, body []byte) []byte {
	n := len(body)
	return append(append([]byte(id), byte(n>>21&127), byte(n>>14&127), byte(n>>7&127), byte(n&127), 0, 0), body...)
}

// priv makes the frame with the time stamp of packed audio.
func priv(ticks uint64) []byte {
	return id3Frame("PRIV", binary.BigEndian.AppendUint64([]byte("com.apple.streaming.transportStreamTimestamp\x00"), ticks))
}

// id3v1 is the tag at the end of a file.
func id3v1() []byte { return append([]byte("TAG"), fill(125, 1)...) }

// ape makes an APE tag with a header, of items of n bytes.
func ape(n int) []byte {
	mark := func(flags uint32) []byte {
		b := append([]byte("APETAGEX"), 0xd0, 7, 0, 0)
		b = binary.LittleEndian.AppendUint32(b, uint32(n+32))
		b = binary.LittleEndian.AppendUint32(b, 1)
		b = binary.LittleEndian.AppendUint32(b, flags)
		return append(b, make([]byte, 8)...)
	}
	return cat(mark(0xa0000000), fill(n, 2), mark(0x80000000))
}
