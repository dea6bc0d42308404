package webm_test

import (
	"encoding/binary"
	"math"
	"math/bits"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
)

// The IDs of the elements that tests write.
const (
	idEBML, idDocType, idReadVer                      = 0x1a45dfa3, 0x4282, 0x42f7
	idSegment, idSeekHead, idSeek, idSeekID, idSeekAt = 0x18538067, 0x114d9b74, 0x4dbb, 0x53ab, 0x53ac
	idInfo, idScale, idDuration                       = 0x1549a966, 0x2ad7b1, 0x4489
	idTracks, idTrack, idNumber, idType               = 0x1654ae6b, 0xae, 0xd7, 0x83
	idDefault, idName, idLanguage, idBCP47            = 0x23e383, 0x536e, 0x22b59c, 0x22b59d
	idCodec, idPrivate, idDelay, idPreRoll            = 0x86, 0x63a2, 0x56aa, 0x56bb
	idVideo, idWidth, idHeight                        = 0xe0, 0xb0, 0xba
	idDisplayW, idDisplayH, idUnit, idCropTop         = 0x54b0, 0x54ba, 0x54b2, 0x54bb
	idColour, idMatrix, idRange, idTransfer, idPrim   = 0x55b0, 0x55b1, 0x55b9, 0x55ba, 0x55bb
	idProjection, idProjType, idPitch, idRoll         = 0x7670, 0x7671, 0x7674, 0x7675
	idAudio, idRate, idOutRate, idChannels, idDepth   = 0xe1, 0xb5, 0x78b5, 0x9f, 0x6264
	idEncodings, idEncoding, idScope, idEncType       = 0x6d80, 0x6240, 0x5032, 0x5033
	idComp, idCompAlgo, idCompSet                     = 0x5034, 0x4254, 0x4255
	idEnc, idEncAlgo, idKeyID, idAES, idMode          = 0x5035, 0x47e1, 0x47e2, 0x47e7, 0x47e8
	idCluster, idTime, idSimple, idGroup, idBlock     = 0x1f43b675, 0xe7, 0xa3, 0xa0, 0xa1
	idBlockDur, idReference, idDiscard, idAdditions   = 0x9b, 0xfb, 0x75a2, 0x75a1
	idCues, idCue, idCueTime, idCuePos                = 0x1c53bb6b, 0xbb, 0xb3, 0xb7
	idCueTrack, idCueCluster                          = 0xf7, 0xf1
	idVoid, idCRC, idTags                             = 0xec, 0xbf, 0x1254c367
)

// raw writes the ID.
func raw(id uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, id)
	for b[0] == 0 {
		b = b[1:]
	}
	return b
}

// vint writes a size or a number in n bytes, the fewest if n is 0.
func vint(v uint64, n int) []byte {
	if n == 0 {
		n = max(1, (bits.Len64(v+1)+6)/7)
	}
	b := binary.BigEndian.AppendUint64(nil, v|1<<(7*n))
	return b[8-n:]
}

// el writes an element. Parts are non-negative ints, float64s, strings, and byte slices.
func el(id uint32, parts ...any) []byte {
	body := payload(parts...)
	return cat(raw(id), vint(uint64(len(body)), 0), body)
}

// endless writes a master element of unknown size.
func endless(id uint32, parts ...any) []byte {
	return cat(raw(id), []byte{0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, payload(parts...))
}

func payload(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			n := binary.BigEndian.AppendUint64(nil, uint64(p))
			for len(n) > 1 && n[0] == 0 {
				n = n[1:]
			}
			b = append(b, n...)
		case float64:
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(p))
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		default:
			panic(p)
		}
	}
	return b
}

func cat(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

var header = el(idEBML, el(idReadVer, 1), el(idDocType, "webm"))

// head writes an initialization segment: header, Segment, Info with a duration of 10 s, and the tracks.
func head(tracks ...[]byte) []byte {
	return cat(header, endless(idSegment), el(idInfo, el(idScale, 1_000_000), el(idDuration, 10_000.0)), el(idTracks, cat(tracks...)))
}

// track writes a TrackEntry of the given type.
func track(number, typ int, codec string, more ...[]byte) []byte {
	return el(idTrack, el(idNumber, number), el(idType, typ), el(idCodec, codec), cat(more...))
}

// picture and sound are TrackEntry children; vp8 and opus are plain tracks.
func picture(w, h int, more ...[]byte) []byte {
	return el(idVideo, el(idWidth, w), el(idHeight, h), cat(more...))
}

func sound(rate float64, channels int, more ...[]byte) []byte {
	return el(idAudio, el(idRate, rate), el(idChannels, channels), cat(more...))
}

func vp8(number int, more ...[]byte) []byte {
	return track(number, 1, "V_VP8", picture(64, 48), cat(more...))
}

const opusHead = "OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00"

func opus(number int, more ...[]byte) []byte {
	return track(number, 2, "A_OPUS", sound(48000, 2), el(idPrivate, opusHead), cat(more...))
}

// Flags of blocks.
const (
	key    = 0x80
	hidden = 0x08
	xiph   = 0x02
	fixed  = 0x04
	ebml   = 0x06
)

// blk writes the payload of a block.
func blk(track, rel int, flags byte, data ...any) []byte {
	return cat(vint(uint64(track), 0), []byte{byte(rel >> 8), byte(rel), flags}, payload(data...))
}

// sb writes a SimpleBlock.
func sb(track, rel int, flags byte, data ...any) []byte {
	return el(idSimple, blk(track, rel, flags, data...))
}

// bg writes a BlockGroup with the block and more children.
func bg(block []byte, more ...[]byte) []byte {
	return el(idGroup, el(idBlock, block), cat(more...))
}

// clu writes a Cluster of known size.
func clu(time int, blocks ...[]byte) []byte {
	return el(idCluster, el(idTime, time), cat(blocks...))
}

// movie is a stream of one or two tracks, as an encoder would write it: every picture takes a share of bits that its
// kind has in real streams.
type movie struct {
	seconds       int
	gop           int // pictures
	bitsPerSecond int
	audio         bool
}

func (m movie) init() []byte {
	tracks := vp8(1, el(idDefault, 33_333_333))
	if m.audio {
		tracks = cat(tracks, opus(2, el(idDelay, 6_500_000)))
	}
	return head(tracks)
}

// segments are Clusters that begin with the key frames.
func (m movie) segments() (out [][]byte) {
	const fps = 30
	size := m.bitsPerSecond / 8 / fps
	var blocks [][]byte
	start := 0
	flush := func() {
		if len(blocks) > 0 {
			out = append(out, clu(start, blocks...))
		}
		blocks = nil
	}
	sounded := 0
	for i := range m.seconds * fps {
		at := i * 1000 / fps
		n, flags := size*3/4, byte(0)
		if i%m.gop == 0 {
			flush()
			start, n, flags = at, size*(3+m.gop/4)/4, key
		}
		for ; m.audio && sounded <= at; sounded += 20 {
			blocks = append(blocks, sb(2, sounded-start, key, "\xfc", msetest.Payload(media.Time(sounded)/1000, 159)))
		}
		blocks = append(blocks, sb(1, at-start, flags, msetest.Payload(media.Time(at)/1000, n)))
	}
	flush()
	return out
}

// vorbisPrivate are the headers of a Vorbis stream of 44100 Hz and one channel, with blocks of 256 and 2048 samples
// in two modes, as far as anybody reads them.
func vorbisPrivate() []byte {
	id := payload("\x01vorbis", []byte{0, 0, 0, 0, 1, 0x44, 0xac, 0, 0}, make([]byte, 12), []byte{0xb8, 1})
	comment := payload("\x03vorbis", make([]byte, 8), []byte{1})
	// Behind other things: six bits of count less one, then a flag, 32 zero bits and a mapping of eight for each mode,
	// then the framing bit.
	var bitsOut []byte
	put := func(v, n int) {
		for i := range n {
			bitsOut = append(bitsOut, byte(v>>i&1))
		}
	}
	put(0x2aaaa, 19)
	put(1, 6)
	for mode := range 2 {
		put(mode, 1)
		put(0, 32)
		put(mode, 8)
	}
	put(1, 1)
	packed := make([]byte, (len(bitsOut)+7)/8)
	for i, b := range bitsOut {
		packed[i/8] |= b << (i % 8)
	}
	setup := payload("\x05vorbis", packed)
	return payload([]byte{2, byte(len(id)), byte(len(comment))}, id, comment, setup)
}
