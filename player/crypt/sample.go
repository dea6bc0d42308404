package crypt

import (
	"bytes"

	"mseplayer/mse/media"
)

// The layout of samples that HTTP Live Streaming protects: what stays clear at the front of an audio frame and of a NAL
// unit, how long a NAL unit must be to be protected, and how far the protected blocks in it lie from each other.
// "MPEG-2 Stream Encryption Format for HTTP Live Streaming".
const (
	audioLeader    = 16
	unitLeader     = 32
	maxClearUnit   = 48
	unitPatternGap = 10 * block
)

var (
	startCode = []byte{0, 0, 1}
	emulation = []byte{0, 0, 3}
)

// sampleAES decrypts an access unit of H.264 or a frame of sound and returns the length of the clear one.
func (d *Decrypter) sampleAES(dst, src []byte, c *media.DecoderConfig) int {
	switch {
	case c.Kind == media.Video:
		return d.units(dst, src)
	case c.Codec == media.AC3 || c.Codec == media.EAC3:
		// An access unit may be several frames; each is protected for itself.
		at := 0
		for at < len(src) {
			n := syncFrame(src[at:])
			d.sound(dst[at:at+n], src[at:at+n], audioLeader)
			at += n
		}
	default:
		leader := audioLeader
		if len(c.Extradata) == 0 {
			leader += adtsHeader(src)
		}
		d.sound(dst, src, leader)
	}
	return len(src)
}

// sound decrypts a frame of sound.
func (d *Decrypter) sound(dst, src []byte, leader int) {
	leader = min(leader, len(src))
	whole := leader + (len(src)-leader)/block*block
	copy(dst[:leader], src)
	d.cbc.SetIV(d.iv[:])
	d.cbc.CryptBlocks(dst[leader:whole], src[leader:whole])
	copy(dst[whole:], src[whole:])
}

// adtsHeader is the length of the ADTS header that b begins with, 0 if there is none. ISO/IEC 14496-3 §1.A.2.
func adtsHeader(b []byte) int {
	switch {
	case len(b) < 2 || b[0] != 0xff || b[1]&0xf6 != 0xf0:
		return 0
	case b[1]&1 == 0:
		return 9
	}
	return 7
}

// syncFrame is the length of the AC-3 or E-AC-3 frame that b begins with; all of b if that cannot be told.
// ETSI TS 102 366 §4.3, §4.4.1.4 and Annex E.
func syncFrame(b []byte) int {
	const headBytes, lastAC3 = 6, 10
	if len(b) < headBytes || b[0] != 0x0b || b[1] != 0x77 {
		return len(b)
	}
	n := 0
	if b[5]>>3 <= lastAC3 {
		kbits := [...]int{32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640}
		code, rate := int(b[4]&0x3f), b[4]>>6
		if code/2 >= len(kbits) || rate == 3 {
			return len(b)
		}
		hz := [...]int{48000, 44100, 32000}[rate]
		n = 2 * (kbits[code/2] * 96000 / hz)
		if hz == 44100 {
			n += 2 * (code & 1)
		}
	} else {
		n = 2 * ((int(b[2]&7)<<8 | int(b[3])) + 1)
	}
	return max(1, min(n, len(b)))
}

// units decrypts the NAL units of an access unit in the byte stream format. The emulation prevention that was put over
// the protected ones is taken off.
func (d *Decrypter) units(dst, src []byte) int {
	n := 0
	for len(src) > 0 {
		body := len(src) // of the first unit
		if i := bytes.Index(src, startCode); i >= 0 {
			body = i + len(startCode)
		}
		n += copy(dst[n:], src[:body])
		src = src[body:]
		end := len(src)
		if i := bytes.Index(src, startCode); i >= 0 {
			end = i
		}
		unit := bytes.TrimRight(src[:end], "\x00")
		n += d.unit(dst[n:], unit)
		n += copy(dst[n:], src[len(unit):end])
		src = src[end:]
	}
	return n
}

// unit decrypts one NAL unit without its start code and returns its clear length.
func (d *Decrypter) unit(dst, src []byte) int {
	const typeMask, slice, idr = 0x1f, 1, 5
	if len(src) <= maxClearUnit || src[0]&typeMask != slice && src[0]&typeMask != idr {
		return copy(dst, src)
	}
	n := 0
	for len(src) > 0 {
		i := bytes.Index(src, emulation)
		if i < 0 {
			n += copy(dst[n:], src)
			break
		}
		n += copy(dst[n:], src[:i+len(emulation)-1])
		src = src[i+len(emulation):]
	}
	d.cbc.SetIV(d.iv[:])
	for at := unitLeader; n-at > block; at += unitPatternGap {
		d.cbc.CryptBlocks(dst[at:at+block], dst[at:at+block])
	}
	return n
}
