package mp2t

import (
	"math"

	"mseplayer/mse/bitstream"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
)

// picture is what a sequence parameter set says about the pictures. The zero value knows none.
type picture struct {
	bitstream.Set
	codec      media.CodecID
	frameTicks int64 // length of a frame, 0 if unknown
	field      bool  // H.264: what the last access unit was
}

// readPicture reads a sequence parameter set. ok is false if it does not tell the size of the picture.
func readPicture(codec media.CodecID, sps []byte) (p picture, ok bool) {
	p.codec = codec
	perFrame := uint64(1)
	if codec == media.HEVC {
		p.Set, ok = bitstream.HEVCSet(sps)
	} else {
		p.Set, ok = bitstream.AVCSet(sps)
		perFrame = 2
	}
	if !ok || p.Scale == 0 {
		return p, ok
	}
	// A length that no stream of pictures has is a wrong one.
	if d := math.Round(float64(uint64(p.Units)*perFrame) * timescale / float64(p.Scale)); d >= timescale/1000 && d <= 60*timescale {
		p.frameTicks = int64(d)
	}
	return p, true
}

// config makes the decoder configuration, but for the parameter sets.
func (p *picture) config() *media.DecoderConfig {
	return &media.DecoderConfig{
		Kind: media.Video, Codec: p.codec, CodecString: mime.CodecString(p.codec, "", p.Head), Timescale: timescale,
		Width: p.Width, Height: p.Height, SARNum: p.SARNum, SARDen: p.SARDen,
	}
}
