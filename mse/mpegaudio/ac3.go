package mpegaudio

import (
	"mseplayer/mse/bitstream"
	"mseplayer/mse/media"
)

const ac3Sync = 0x0b77

// ac3Rates is the sampling rate code of AC-3 and E-AC-3.
var ac3Rates = [3]int{48000, 44100, 32000}

// ac3BitRates in kbit/s, by half the frame size code.
var ac3BitRates = [...]int{32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640}

// ac3Channels by audio coding mode, without the low frequency channel.
var ac3Channels = [8]int{2, 1, 2, 3, 3, 4, 4, 5}

// ac3Header reads the synchronization and bit stream information of AC-3 or E-AC-3, which lie in the same bytes.
// ETSI TS 102 366 §4.3, §4.4 and §E.1.2.
func ac3Header(b []byte) (h header, v verdict) {
	const (
		headerBytes           = 7
		blockSamples          = 256
		maxIDOfAC3, maxID     = 10, 16
		plainID               = 8 // each one above halves the sampling rate
		frontCenter, surround = 1, 4
		stereo                = 2
		dependent, reserved   = 1, 3 // kinds of substream
	)
	if b[0] != ac3Sync>>8 || len(b) > 1 && b[1] != ac3Sync&0xff {
		return h, notFrame
	}
	if len(b) < headerBytes {
		return h, needMore
	}
	id, code := int(b[5]>>3), int(b[4]>>6)
	if id > maxID {
		return h, notFrame
	}
	r := bitstream.NewReader(b)
	if id <= maxIDOfAC3 {
		size := int(b[4] & 63)
		if code == 3 || size/2 >= len(ac3BitRates) {
			return h, notFrame
		}
		r.Skip(48)
		mode := r.Bits(3)
		if mode&frontCenter != 0 && mode != frontCenter {
			r.Skip(2)
		}
		if mode&surround != 0 {
			r.Skip(2)
		}
		if mode == stereo {
			r.Skip(2)
		}
		rate := ac3Rates[code]
		// The frame in words of 16 bits; at 44.1 kHz the code's last bit adds the one that is rounded off.
		words := ac3BitRates[size/2] * 1000 * 6 * blockSamples / 16 / rate
		if rate == 44100 {
			words += size & 1
		}
		h.key = key{codec: media.AC3, rate: rate >> max(id-plainID, 0), channels: ac3Channels[mode] + int(r.Bit())}
		h.samples, h.size = 6*blockSamples, 2*words
		return h, isFrame
	}
	r.Skip(16)
	kind, substream := r.Bits(2), r.Bits(3)
	size := 2 * (int(r.Bits(11)) + 1)
	r.Skip(2)
	rate, blocks := 0, 6
	switch second := r.Bits(2); {
	case code < 3:
		rate, blocks = ac3Rates[code], [4]int{1, 2, 3, 6}[second]
	case second < 3:
		rate = ac3Rates[second] / 2
	}
	mode := r.Bits(3)
	if kind == reserved || rate == 0 || size < headerBytes {
		return h, notFrame
	}
	h.key = key{codec: media.EAC3, rate: rate, channels: ac3Channels[mode] + int(r.Bit())}
	h.samples, h.size = blocks*blockSamples, size
	// Further programs are not played, but belong to the same time.
	h.dependent = kind == dependent || substream > 0
	return h, isFrame
}
