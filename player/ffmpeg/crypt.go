package ffmpeg

import (
	"encoding/binary"

	"mseplayer/mse/media"
)

// maxSubsamples bounds the runs of clear and protected bytes in one packet.
const maxSubsamples = 1 << 16

// cryptOf reads FFmpeg's description of how a packet is encrypted: six numbers of 32 bits, which are the scheme, the
// blocks of the pattern, the lengths of id and vector and the number of subsamples, and behind them those. It returns
// nil for what is none.
func cryptOf(b []byte) *media.Crypt {
	const number, subsample = 4, 8
	be := binary.BigEndian
	if len(b) < 6*number {
		return nil
	}
	at := func(i int) int { return int(be.Uint32(b[i*number:])) }
	pattern, kid, iv, n := [2]int{at(1), at(2)}, at(3), at(4), at(5)
	rest := b[6*number:]
	c := &media.Crypt{Scheme: string(b[:number])}
	if kid != len(c.KID) || iv > 16 || n > maxSubsamples || max(pattern[0], pattern[1]) > 0xff || len(rest) < kid+iv+n*subsample {
		return nil
	}
	c.CryptBlocks, c.SkipBlocks = uint8(pattern[0]), uint8(pattern[1])
	copy(c.KID[:], rest)
	c.IV = rest[kid : kid+iv : kid+iv]
	for rest = rest[kid+iv:]; len(c.Subsamples) < n; rest = rest[subsample:] {
		c.Subsamples = append(c.Subsamples, media.Subsample{Clear: be.Uint32(rest), Protected: be.Uint32(rest[number:])})
	}
	return c
}
