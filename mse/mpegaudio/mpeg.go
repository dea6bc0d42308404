package mpegaudio

import (
	"encoding/binary"

	"mseplayer/mse/media"
)

var be = binary.BigEndian

const (
	mp1 media.CodecID = "mp1"
	// mp3Reservoir is how many frames the bit reservoir of layer III can reach back.
	mp3Reservoir = 9
	// decoderDelay is how many samples behind the encoder's the output of a layer III decoder begins.
	decoderDelay = 529
)

// MPEG versions as the header numbers them.
const (
	version25 = 0
	version2  = 2
	version1  = 3
)

// bitRates in kbit/s, by index. ISO/IEC 11172-3 §2.4.2.3, ISO/IEC 13818-3 §2.4.2.3.
var bitRates = [2][3][16]int{
	{ // MPEG-1, layers I, II, III
		{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
		{0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
		{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
	},
	{ // MPEG-2 and 2.5
		{0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
		{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
		{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
	},
}

// mpegRates of MPEG-1; halved for MPEG-2, quartered for 2.5.
var mpegRates = [3]int{44100, 48000, 32000}

// mpegHeader reads a frame header of MPEG audio. ISO/IEC 11172-3 §2.4.1.3.
func mpegHeader(b []byte) (h header, v verdict) {
	const headerBytes = 4
	if b[0] != 0xff || len(b) > 1 && b[1]&0xe0 != 0xe0 {
		return h, notFrame
	}
	if len(b) < headerBytes {
		return h, needMore
	}
	version, layer := int(b[1]>>3&3), 4-int(b[1]>>1&3)
	bitRate, rate, padding, mono := int(b[2]>>4), int(b[2]>>2&3), int(b[2]>>1&1), b[3]>>6 == 3
	if version == 1 || layer == 4 || bitRate == 15 || rate == 3 {
		return h, notFrame
	}
	hz, low := mpegRates[rate], 0
	switch version {
	case version2:
		hz, low = hz/2, 1
	case version25:
		hz, low = hz/4, 1
	}
	h.key = key{codec: [...]media.CodecID{mp1, media.MP2, media.MP3}[layer-1], rate: hz, channels: 2}
	if mono {
		h.key.channels = 1
	}
	h.crc, h.blocks = b[1]&1 == 0, 1
	if bitRate == 0 {
		return h, freeFormat
	}
	bits := 1000 * bitRates[low][layer-1][bitRate]
	switch {
	case layer == 1:
		h.samples, h.size = 384, 4*(12*bits/hz+padding)
	case layer == 3 && low == 1:
		h.samples, h.size = 576, 72*bits/hz+padding
	default:
		h.samples, h.size = 1152, 144*bits/hz+padding
	}
	return h, isFrame
}

// gapless is what an encoder tag says about the frames behind it, in samples since the first of them.
type gapless struct {
	pos int64
	// [0, start) and [end, stop) are not part of the sound.
	start, end, stop int64
}

// cut returns how much to discard at either end of the next frame.
func (g *gapless) cut(samples int) (front, back int) {
	from := g.pos
	to := from + int64(samples)
	g.pos = to
	f := min(max(g.start, from), to) - from
	b := min(g.stop, to) - max(g.end, from+f)
	return int(f), int(max(b, 0))
}

// directory reports whether a frame of layer III is no sound but a Xing, Info or VBRI header, and reads the
// encoder's delay and padding from the tag of LAME and the encoders that write the same one. The fields follow the
// side information, whose length depends on version and channels.
func (h header) directory(frame []byte) (g gapless, ok bool) {
	const (
		hasFrames, hasBytes, hasTOC, hasQuality = 1, 2, 4, 8
		tocBytes                                = 100
		vbriAt                                  = 4 + 32
		delayAt, delayBytes                     = 21, 3 // in the encoder tag
	)
	if h.key.codec != media.MP3 {
		return g, false
	}
	if len(frame) >= vbriAt+4 && string(frame[vbriAt:vbriAt+4]) == "VBRI" {
		return g, true
	}
	side := 32
	switch lsf, mono := h.samples == 576, h.key.channels == 1; {
	case lsf && mono:
		side = 9
	case lsf || mono:
		side = 17
	}
	at := 4 + side
	if h.crc && !isXing(frame, at) {
		at += 2
	}
	if !isXing(frame, at) {
		return g, false
	}
	b := frame[at+4:]
	if len(b) < 4 {
		return g, true
	}
	flags, b := be.Uint32(b), b[4:]
	count := int64(0)
	for _, field := range [...]struct {
		flag uint32
		size int
	}{{hasFrames, 4}, {hasBytes, 4}, {hasTOC, tocBytes}, {hasQuality, 4}} {
		if flags&field.flag == 0 {
			continue
		}
		if len(b) < field.size {
			return g, true
		}
		if field.flag == hasFrames {
			count = int64(be.Uint32(b))
		}
		b = b[field.size:]
	}
	if len(b) < delayAt+delayBytes {
		return g, true
	}
	switch string(b[:4]) {
	case "LAME", "Lavf", "Lavc":
	default:
		return g, true
	}
	delay, padding := int64(b[delayAt])<<4|int64(b[delayAt+1]>>4), int64(b[delayAt+1]&15)<<8|int64(b[delayAt+2])
	g.start = delay + decoderDelay
	if count > 0 {
		g.stop = count * int64(h.samples)
		g.end = g.stop - padding + decoderDelay
	}
	return g, true
}

func isXing(frame []byte, at int) bool {
	if len(frame) < at+4 {
		return false
	}
	s := string(frame[at : at+4])
	return s == "Xing" || s == "Info"
}
