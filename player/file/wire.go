package file

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"mseplayer/mse/media"
)

// MIMEType is the type of the private byte stream. It is not advertised: a page cannot produce it.
const MIMEType = "application/x-mseplayer-packets"

// The byte stream is a sequence of records: a kind, the length of the body as 4 bytes, and the body. All numbers
// are little-endian. An initialization segment is one init record. A media segment is a start record, which
// holds the decoder configuration of the frames that follow, frame records, possibly with further configuration
// records between them, and an end record.
const (
	kindInit   = 'I'
	kindStart  = 'S'
	kindConfig = 'C'
	kindFrame  = 'F'
	kindEnd    = 'E'
)

// Sizes and limits of records.
const (
	recordHeader = 5
	// frameHeader is the fixed part of a frame record's body: flags, length of the side data, PTS, DTS, duration,
	// trims. The side data and the payload follow.
	frameHeader = 4 + 4 + 5*8
	// maxConfigRecord bounds init, start and configuration records.
	maxConfigRecord = 17 << 20
	// maxFrameRecord bounds a frame record.
	maxFrameRecord = 257 << 20
	maxSideItems   = 32
	maxSideBytes   = 1 << 20
	maxTextBytes   = 1 << 12
	// maxIVBytes bounds an initialization vector.
	maxIVBytes = 16
	// cryptItem is the type of the piece of side data that says how a frame is encrypted. No decoder sees it.
	cryptItem = math.MaxUint32
)

// Flags of a frame record.
const (
	flagRAP = 1 << iota
	flagDecodeOnly
)

var le = binary.LittleEndian

// record begins a record at the end of b; closed by finish with the returned position.
func record(b []byte, kind byte) ([]byte, int) {
	b = append(b, kind, 0, 0, 0, 0)
	return b, len(b)
}

// finish writes the length of the body that started at position at.
func finish(b []byte, at int) []byte {
	le.PutUint32(b[at-4:], uint32(len(b)-at))
	return b
}

func appendEmpty(b []byte, kind byte) []byte {
	b, at := record(b, kind)
	return finish(b, at)
}

// appendInit writes an init record for one track.
func appendInit(b []byte, duration media.Time, t *media.TrackInfo) []byte {
	b, at := record(b, kindInit)
	b = appendFloat(b, float64(duration))
	b = le.AppendUint32(b, t.ID)
	b = appendFloat(b, float64(t.FrameDuration))
	b = appendText(b, t.Language)
	b = appendText(b, t.Label)
	return finish(appendConfigBody(b, t.Config), at)
}

// appendConfig writes a start or configuration record.
func appendConfig(b []byte, kind byte, c *media.DecoderConfig) []byte {
	b, at := record(b, kind)
	return finish(appendConfigBody(b, c), at)
}

func appendConfigBody(b []byte, c *media.DecoderConfig) []byte {
	b = append(b, byte(c.Kind), c.Color.Primaries, c.Color.Transfer, c.Color.Matrix, bits(c.Color.FullRange, c.Color.Known, c.Encrypted))
	b = appendText(b, string(c.Codec))
	b = appendText(b, c.CodecString)
	for _, v := range [...]int64{int64(c.Timescale), int64(c.Width), int64(c.Height), int64(c.SARNum), int64(c.SARDen), int64(c.Rotation),
		int64(c.SampleRate), int64(c.Channels), int64(c.InitialPadding), int64(c.CodecTag), int64(c.BitsPerSample), int64(c.BlockAlign),
		c.BitRate, int64(c.Format), int64(c.Profile), int64(bits(c.Mirror, false, false)), int64(c.Clean.Left), int64(c.Clean.Right),
		int64(c.Clean.Top), int64(c.Clean.Bottom), int64(c.Color.Siting)} {
		b = binary.AppendVarint(b, v)
	}
	b = binary.AppendUvarint(b, c.ChannelMask)
	b = appendFloat(b, float64(c.Preroll))
	for _, v := range [...]float32{c.Color.Light.Peak, c.Color.Light.Black, c.Color.Light.MaxCLL, c.Color.Light.MaxFALL} {
		b = appendFloat(b, float64(v))
	}
	if c.Extradata == nil {
		return b
	}
	return append(b, c.Extradata...)
}

// appendFrame writes a frame record with the times 0, to be set by setFrameTimes at the returned position.
func appendFrame(b []byte, rap bool, crypt *media.Crypt, side []media.SideData, data []byte) (out []byte, body int) {
	b, body = record(b, kindFrame)
	b = le.AppendUint32(b, uint32(bits(rap, false, false)))
	b = append(b, make([]byte, frameHeader-4)...)
	if crypt != nil {
		b = le.AppendUint32(b, cryptItem)
		b = le.AppendUint32(b, 0)
		at := len(b)
		b = appendCrypt(b, crypt)
		le.PutUint32(b[at-4:], uint32(len(b)-at))
	}
	for _, s := range side {
		b = le.AppendUint32(b, uint32(s.Type))
		b = le.AppendUint32(b, uint32(len(s.Data)))
		b = append(b, s.Data...)
	}
	le.PutUint32(b[body+4:], uint32(len(b)-body-frameHeader))
	return finish(append(b, data...), body), body
}

// appendCrypt writes how a frame is encrypted.
func appendCrypt(b []byte, c *media.Crypt) []byte {
	b = appendText(b, c.Scheme)
	b = append(b, c.KID[:]...)
	b = append(b, byte(c.CryptBlocks), byte(c.SkipBlocks), byte(len(c.IV)))
	b = append(b, c.IV...)
	for _, s := range c.Subsamples {
		b = le.AppendUint32(b, s.Clear)
		b = le.AppendUint32(b, s.Protected)
	}
	return b
}

// crypt reads the rest of the body as what appendCrypt has written. The vector aliases the body.
func (r *reader) crypt() *media.Crypt {
	c := &media.Crypt{Scheme: r.text()}
	copy(c.KID[:], r.take(len(c.KID)))
	c.CryptBlocks, c.SkipBlocks = r.byte(), r.byte()
	if c.IV = r.take(int(r.byte())); len(c.IV) > maxIVBytes {
		r.fail(fmt.Errorf("an initialization vector of %d bytes, more than %d", len(c.IV), maxIVBytes))
	}
	if n := len(r.b) / 8; n > 0 && r.err == nil {
		c.Subsamples = make([]media.Subsample, 0, n)
	}
	for r.err == nil && len(r.b) > 0 {
		s := media.Subsample{Clear: r.uint32(), Protected: r.uint32()}
		c.Subsamples = append(c.Subsamples, s)
	}
	return c
}

// frameTimes is the part of a frame record that is known only when its neighbours are.
type frameTimes struct {
	pts, dts            media.Time
	duration            media.Span
	trimFront, trimBack media.Span
	decodeOnly          bool
}

// setFrameTimes completes the frame record whose body begins at b[body].
func setFrameTimes(b []byte, body int, t *frameTimes) {
	h := b[body : body+frameHeader]
	if t.decodeOnly {
		h[0] |= flagDecodeOnly
	}
	for i, v := range [...]float64{float64(t.pts), float64(t.dts), float64(t.duration), float64(t.trimFront), float64(t.trimBack)} {
		le.PutUint64(h[8+8*i:], math.Float64bits(v))
	}
}

func bits(v ...bool) (b byte) {
	for i, x := range v {
		if x {
			b |= 1 << i
		}
	}
	return b
}

func appendFloat(b []byte, v float64) []byte { return le.AppendUint64(b, math.Float64bits(v)) }

func appendText(b []byte, s string) []byte {
	s = s[:min(len(s), maxTextBytes)]
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errShort = errors.New("ends too early")

// reader takes a record's body apart. The first failure sticks.
type reader struct {
	b   []byte
	err error
}

func (r *reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.b) {
		r.fail(errShort)
		return nil
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) byte() byte {
	if p := r.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if p := r.take(4); p != nil {
		return le.Uint32(p)
	}
	return 0
}

func (r *reader) float() float64 {
	if p := r.take(8); p != nil {
		return math.Float64frombits(le.Uint64(p))
	}
	return 0
}

func (r *reader) text() string {
	n := r.uvarint()
	if n > maxTextBytes {
		r.fail(fmt.Errorf("text of %d bytes, more than %d", n, maxTextBytes))
		return ""
	}
	return string(r.take(int(n)))
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail(errShort)
		return 0
	}
	r.take(n)
	return v
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail(errShort)
		return 0
	}
	r.take(n)
	return v
}

// int reads a number that must lie in [0, limit].
func (r *reader) int(name string, limit int64) int {
	v := r.varint()
	if v < 0 || v > limit {
		r.fail(fmt.Errorf("%s %d outside 0 to %d", name, v, limit))
		return 0
	}
	return int(v)
}

// config reads the rest of the body as a decoder configuration. Extradata aliases the body.
func (r *reader) config() *media.DecoderConfig {
	const number = math.MaxInt32
	c := &media.DecoderConfig{Kind: media.Kind(r.byte())}
	c.Color = media.ColorInfo{Primaries: r.byte(), Transfer: r.byte(), Matrix: r.byte()}
	flags := r.byte()
	c.Color.FullRange, c.Color.Known, c.Encrypted = flags&1 != 0, flags&2 != 0, flags&4 != 0
	c.Codec = media.CodecID(r.text())
	c.CodecString = r.text()
	c.Timescale = uint32(r.int("timescale", math.MaxUint32))
	c.Width, c.Height = r.int("width", number), r.int("height", number)
	c.SARNum, c.SARDen = r.int("sample aspect ratio", number), r.int("sample aspect ratio", number)
	c.Rotation = r.int("rotation", 359)
	c.SampleRate, c.Channels = r.int("sample rate", number), r.int("channels", number)
	c.InitialPadding = r.int("padding", number)
	c.CodecTag = uint32(r.int("codec tag", math.MaxUint32))
	c.BitsPerSample, c.BlockAlign = r.int("bits per sample", number), r.int("block size", number)
	c.BitRate = int64(r.int("bit rate", math.MaxInt64))
	c.Format = r.int("format", number)
	c.Profile = int(r.varint())
	c.Mirror = r.int("mirror", 1) == 1
	c.Clean.Left, c.Clean.Right = r.int("cropping", number), r.int("cropping", number)
	c.Clean.Top, c.Clean.Bottom = r.int("cropping", number), r.int("cropping", number)
	c.Color.Siting = uint8(r.int("chroma siting", math.MaxUint8))
	c.ChannelMask = r.uvarint()
	c.Preroll = media.Span(r.float())
	light := &c.Color.Light
	for _, v := range [...]*float32{&light.Peak, &light.Black, &light.MaxCLL, &light.MaxFALL} {
		*v = float32(r.float())
	}
	if len(r.b) > 0 {
		c.Extradata = r.b
	}
	switch {
	case r.err != nil:
	case c.Kind < media.Video || c.Kind > media.Text:
		r.fail(fmt.Errorf("track kind %d", c.Kind))
	case !(c.Preroll >= 0 && c.Preroll < media.Span(math.Inf(1))):
		r.fail(fmt.Errorf("preroll %v", c.Preroll))
	}
	return c
}
