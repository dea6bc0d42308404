package mp2t

import (
	"bytes"
	"slices"

	"mseplayer/mse/bitstream"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
)

// Preroll of formats that carry state from one frame to the next.
const (
	opusPreroll  = media.Span(0.080) // RFC 7845 §4.6
	mp3Reservoir = 9                 // frames that the bit reservoir can reach back
)

// maxSubstreams bounds the substreams of an E-AC-3 frame: eight programs with eight extensions each.
const maxSubstreams = 8 + 8*8

// soundFrame is what the header of an audio frame tells.
type soundFrame struct {
	size    int // in bytes, with the header
	head    int // bytes of the header that are not handed out
	samples int // of the decoded frame
	// joined says that it belongs to the frame before: a substream of E-AC-3.
	joined bool
	// trimFront and trimBack are samples to discard.
	trimFront, trimBack int
	config              soundConfig
}

// soundConfig is what makes two frames need different decoders.
type soundConfig struct {
	codec          media.CodecID
	rate, channels int
	asc            [2]byte // AudioSpecificConfig, zero when the frames keep their headers
}

// soundSyntax knows the headers of one audio format.
type soundSyntax interface {
	// header reads the header at the front of b. need is how many bytes it takes to do so if b has fewer; size is 0
	// where no frame begins.
	header(b []byte) (f soundFrame, need int)
	// sync is the first byte of every header.
	sync() byte
	// extradata is the decoder's configuration.
	extradata(soundConfig) []byte
}

// soundSplitter cuts an elementary stream of audio into frames, which may begin and end anywhere in PES packets.
type soundSplitter struct {
	t      *track
	syntax soundSyntax
	joins  bool // frames may be joined to the one before
	locked bool // the last frame ended where the next one begins

	current soundConfig
	base    int64 // time of a frame in ticks
	timed   bool  // base is known
	samples int64 // from base to the next frame
}

// split implements splitter.
func (w *soundSplitter) split(last bool) error {
	s := &w.t.es
	for s.from < len(s.b) {
		b := s.b[s.from:]
		f, need := w.syntax.header(b)
		switch {
		case need > len(b):
			return nil
		case f.size == 0:
			w.skip(b)
			continue
		case f.size > len(b):
			return nil
		case !w.locked:
			// After a gap the header may be a chance: another one has to follow.
			if next := b[f.size:]; len(next) > 0 || !last {
				g, need := w.syntax.header(next)
				if need > len(next) {
					if !last {
						return nil
					}
				} else if g.size == 0 {
					w.skip(b)
					continue
				}
			}
			w.locked = true
		}
		for n := 0; w.joins && n < maxSubstreams; n++ {
			g, need := w.syntax.header(b[f.size:])
			if need > len(b)-f.size {
				if !last {
					return nil
				}
				break
			}
			if g.size == 0 || !g.joined {
				break
			}
			if f.size+g.size > len(b) {
				return nil
			}
			f.size += g.size
		}
		w.frame(f)
	}
	s.seen = len(s.b)
	return nil
}

// skip passes over what is no frame, up to the next byte that a header could begin with.
func (w *soundSplitter) skip(b []byte) {
	n := 1 + bytes.IndexByte(b[1:], w.syntax.sync())
	if n == 0 {
		n = len(b)
	}
	w.t.es.take(w.t.es.from, w.t.es.from+n)
	w.t.p.stats.BadSound += int64(n)
	w.locked = false
}

// frame hands out the frame at the front of what has arrived. Its time is that of its PES packet or follows from the
// samples since then.
func (w *soundSplitter) frame(f soundFrame) {
	t := w.t
	s := &t.es
	m := s.stamp(s.from)
	data := s.take(s.from, s.from+f.size)[f.head:]
	if f.config != w.current || t.info.Config == nil {
		if w.timed {
			w.base, w.samples = w.base+w.samples*timescale/int64(w.current.rate), 0
		}
		w.configure(f)
	}
	if m.timed {
		w.base, w.samples, w.timed = m.pts, 0, true
	}
	if !w.timed {
		t.p.stats.NoTime++
		return
	}
	front := min(f.trimFront, f.samples)
	back := min(f.trimBack, f.samples-front)
	span := func(samples int) media.Span { return media.Span(float64(samples) / float64(f.config.rate)) }
	t.frame(media.CodedFrame{
		PTS: w.at(w.samples + int64(front)), DTS: w.at(w.samples), Duration: span(f.samples - front - back), Config: t.info.Config, Data: data, RAP: true,
		TrimFront: span(front), TrimBack: span(back), DecodeOnly: front+back == f.samples,
	})
	w.samples += int64(f.samples)
}

// at is the time so many samples after base, converted in one step from whole numbers.
func (w *soundSplitter) at(samples int64) media.Time {
	rate := int64(w.current.rate)
	return media.Time(float64(w.base*rate+samples*timescale) / float64(rate*timescale))
}

// configure makes the decoder configuration for a frame. A change of it in the course of the stream is told by the
// frames alone: an initialization segment would make the buffer wait for the next random access point of the video.
func (w *soundSplitter) configure(f soundFrame) {
	t := w.t
	w.current = f.config
	c := &media.DecoderConfig{
		Kind: media.Audio, Codec: f.config.codec, Timescale: timescale, SampleRate: f.config.rate, Channels: f.config.channels,
		Extradata: w.syntax.extradata(f.config), Encrypted: t.format.encrypted,
	}
	frame := media.Span(float64(f.samples) / float64(f.config.rate))
	switch c.Codec {
	case media.Opus:
		c.Preroll = opusPreroll
	case media.MP3, media.MP2:
		c.Preroll = mp3Reservoir * frame
	default:
		c.Preroll = frame
	}
	c.CodecString = mime.CodecString(c.Codec, "", c.Extradata)
	if c.Codec == codecLATM {
		c.CodecString = mime.CodecString(media.AAC, "", nil)
	}
	t.info.Config, t.info.FrameDuration = t.p.configs.Intern(c), frame
}

// reset implements splitter.
func (w *soundSplitter) reset() { w.locked, w.timed, w.samples = false, false, 0 }

// adts is AAC with a header before each frame. ISO/IEC 14496-3 §1.A.2.
type adts struct{}

// aacSamples is the samples of a frame.
const aacSamples = 1024

func (adts) sync() byte { return 0xff }

func (adts) header(b []byte) (f soundFrame, need int) {
	const headBytes, checkBytes = 7, 2
	if len(b) > 1 && b[1]&0xf6 != 0xf0 || len(b) > 0 && b[0] != 0xff {
		return f, 0
	}
	if len(b) < headBytes {
		return f, headBytes
	}
	rate, channels := int(b[2]>>2&15), int(b[2]&1<<2|b[3]>>6)
	size, blocks := int(b[3]&3)<<11|int(b[4])<<3|int(b[5]>>5), int(b[6]&3)+1
	f.head = headBytes
	checked := b[1]&1 == 0
	if checked {
		f.head += checkBytes
		if blocks > 1 {
			f.head += checkBytes * (blocks - 1)
		}
	}
	if rate >= len(bitstream.AACRates) || size <= f.head {
		return f, 0
	}
	f.size, f.samples = size, aacSamples*blocks
	f.config = soundConfig{codec: media.AAC, rate: bitstream.AACRates[rate], channels: bitstream.AACChannels[channels]}
	if channels > 0 && !(checked && blocks > 1) {
		object := b[2]>>6 + 1
		f.config.asc = [2]byte{object<<3 | byte(rate)>>1, byte(rate)<<7 | byte(channels)<<3}
		return f, 0
	}
	// The channels are described in the first frame, or checksums lie between the blocks: the decoder gets the frame
	// with its header.
	const layoutBytes = 64 // hold a program configuration without its comment
	if want := min(f.head+layoutBytes, size); len(b) < want {
		return soundFrame{}, want
	}
	if channels == 0 {
		f.config.channels = layout(b[f.head:min(f.head+layoutBytes, size)])
	}
	f.head = 0
	return f, 0
}

func (adts) extradata(c soundConfig) []byte {
	if c.asc == [2]byte{} {
		return nil
	}
	return slices.Clone(c.asc[:])
}

// layout counts the channels of a program configuration element, 0 if the frame does not begin with one.
// ISO/IEC 14496-3 §4.4.1.1.
func layout(b []byte) (channels int) {
	const programConfig = 5
	r := bitstream.NewReader(b)
	if r.Bits(3) != programConfig {
		return 0
	}
	r.Skip(4 + 2 + 4) // element_instance_tag, object_type, sampling_frequency_index
	var elements [3]uint32
	for i := range elements {
		elements[i] = r.Bits(4)
	}
	lfe := r.Bits(2)
	r.Skip(3 + 4) // data and coupling elements
	for _, n := range []int{4, 4, 3} {
		if r.Flag() { // mono, stereo and matrix mixdown
			r.Skip(n)
		}
	}
	for _, n := range elements {
		for range n {
			channels++
			if r.Flag() { // a pair
				channels++
			}
			r.Skip(4)
		}
	}
	if channels += int(lfe); r.Overrun() {
		return 0
	}
	return channels
}

// mpegAudio is MPEG-1, -2 and -2.5 audio, layers I to III. ISO/IEC 11172-3 §2.4.2.3.
type mpegAudio struct{}

// mpegBits is the bit rate in kbit/s by index: of MPEG-1 layers I to III, and of MPEG-2 layer I and the others.
var mpegBits = [5][15]int{
	{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
	{0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
	{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
	{0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
	{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
}

func (mpegAudio) sync() byte { return 0xff }

func (mpegAudio) header(b []byte) (f soundFrame, need int) {
	const headBytes = 4
	if len(b) > 1 && b[1]&0xe0 != 0xe0 || len(b) > 0 && b[0] != 0xff {
		return f, 0
	}
	if len(b) < headBytes {
		return f, headBytes
	}
	version, layer := b[1]>>3&3, 4-int(b[1]>>1&3) // version: 3 MPEG-1, 2 MPEG-2, 0 MPEG-2.5
	rate, bits, padding := b[2]>>2&3, int(b[2]>>4), int(b[2]>>1&1)
	if version == 1 || layer == 4 || rate == 3 || bits == 0 || bits == 15 {
		return f, 0 // a bit rate of no index has frames of unknown size
	}
	hz := [...]int{44100, 48000, 32000}[rate]
	table := layer - 1
	if version != 3 {
		hz /= 2
		table = min(2+layer, 4)
	}
	if version == 0 {
		hz /= 2
	}
	switch {
	case layer == 1:
		f.samples = 384
		f.size = (f.samples/8/4*1000*mpegBits[table][bits]/hz + padding) * 4
	case layer == 3 && version != 3:
		f.samples = 576
		f.size = f.samples/8*1000*mpegBits[table][bits]/hz + padding
	default:
		f.samples = 1152
		f.size = f.samples/8*1000*mpegBits[table][bits]/hz + padding
	}
	const mono = 3
	f.config = soundConfig{codec: [...]media.CodecID{codecMP1, media.MP2, media.MP3}[layer-1], rate: hz, channels: 2}
	if b[3]>>6 == mono {
		f.config.channels = 1
	}
	return f, 0
}

func (mpegAudio) extradata(soundConfig) []byte { return nil }

// ac3 is AC-3 and E-AC-3. ETSI TS 102 366 §4.3, §4.4 and Annex E.
type ac3 struct{}

// ac3Bits is the bit rate in kbit/s by half the frame size code.
var ac3Bits = [...]int{32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640}

var ac3Rates = [3]int{48000, 44100, 32000}

func (ac3) sync() byte { return 0x0b }

func (ac3) header(b []byte) (f soundFrame, need int) {
	const (
		headBytes    = 7
		blockSamples = 256
		blocks       = 6
	)
	if len(b) > 0 && b[0] != 0x0b || len(b) > 1 && b[1] != 0x77 {
		return f, 0
	}
	if len(b) < headBytes {
		return f, headBytes
	}
	channels := [8]int{2, 1, 2, 3, 3, 4, 4, 5}
	rate, id := b[4]>>6, int(b[5]>>3)
	switch {
	case id <= 10:
		code := int(b[4] & 0x3f)
		if rate == 3 || code/2 >= len(ac3Bits) {
			return f, 0
		}
		kbits, hz := ac3Bits[code/2], ac3Rates[rate]
		f.samples = blocks * blockSamples
		f.size = 2 * (kbits * 1000 * f.samples / 16 / hz)
		if hz == 44100 {
			f.size += 2 * (code & 1)
		}
		mode := b[6] >> 5
		at := 3 // where the flag of the low frequency channel is
		if mode&1 != 0 && mode != 1 {
			at += 2
		}
		if mode&4 != 0 {
			at += 2
		}
		if mode == 2 {
			at += 2
		}
		f.config = soundConfig{codec: media.AC3, rate: hz >> max(0, id-8), channels: channels[mode] + int(b[6]>>(7-at)&1)}
	case id <= 16:
		const dependent, independent, reserved = 1, 0, 3
		kind, substream := b[2]>>6, b[2]>>3&7
		if kind == reserved {
			return f, 0
		}
		f.size = 2 * (int(be.Uint16(b[2:])&0x7ff) + 1)
		if f.size < headBytes {
			return soundFrame{}, 0
		}
		n := [4]int{1, 2, 3, blocks}[b[4]>>4&3]
		hz := 0
		if rate == 3 {
			half := b[4] >> 4 & 3
			if half == 3 {
				return soundFrame{}, 0
			}
			n, hz = blocks, ac3Rates[half]/2
		} else {
			hz = ac3Rates[rate]
		}
		f.samples = n * blockSamples
		f.joined = kind == dependent || kind == independent && substream > 0
		f.config = soundConfig{codec: media.EAC3, rate: hz, channels: channels[b[4]>>1&7] + int(b[4]&1)}
	}
	return f, 0
}

func (ac3) extradata(soundConfig) []byte { return nil }

// opus is Opus behind a control header that tells size and trimming of each packet, as streams with the registration
// "Opus" carry it. "Opus in MPEG-2 transport streams", opus_access_unit.
type opus struct{ head []byte }

// newOpus reads the channel configuration of the descriptor.
func newOpus(e *element) *opus {
	const channelTag, maxChannels, dualMono = 0x80, 8, 0
	channels, streams, coupled := byte(2), byte(1), byte(1)
	var mapping []byte
	if d := e.descriptor(descExtension); len(d) >= 2 && d[0] == channelTag {
		switch code := d[1]; {
		case code == dualMono:
			streams, coupled, mapping = 2, 0, []byte{0, 1}
		case code <= maxChannels:
			// Vorbis order. RFC 7845 §5.1.1.2.
			layouts := [...]struct {
				streams, coupled byte
				mapping          string
			}{{1, 0, ""}, {1, 1, ""}, {2, 1, "\x00\x02\x01"}, {2, 2, "\x00\x01\x02\x03"}, {3, 2, "\x00\x04\x01\x02\x03"},
				{4, 2, "\x00\x04\x01\x02\x03\x05"}, {4, 3, "\x00\x04\x01\x02\x03\x05\x06"}, {5, 3, "\x00\x06\x01\x02\x03\x04\x05\x07"}}
			l := layouts[code-1]
			channels, streams, coupled, mapping = code, l.streams, l.coupled, []byte(l.mapping)
		}
	}
	h := append([]byte("OpusHead\x01"), channels, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0) // no pre-skip, 48 kHz, no gain
	if len(mapping) > 0 {
		family := byte(1)
		if channels == 2 {
			family = 255
		}
		h[len(h)-1] = family
		h = append(append(h, streams, coupled), mapping...)
	}
	return &opus{head: h}
}

func (*opus) sync() byte { return 0x7f }

func (o *opus) header(b []byte) (f soundFrame, need int) {
	const minBytes = 3
	if len(b) > 0 && b[0] != 0x7f || len(b) > 1 && b[1]&0xe0 != 0xe0 {
		return f, 0
	}
	if len(b) < minBytes {
		return f, minBytes
	}
	flags, at, size := b[1], 2, 0
	for {
		if at >= len(b) {
			return f, at + 1
		}
		c := int(b[at])
		at, size = at+1, size+c
		if c != 0xff {
			break
		}
		if size > maxSoundBlock {
			return f, 0
		}
	}
	const hasStart, hasEnd, hasExtension, trimMask = 0x10, 0x08, 0x04, 0x1fff
	for _, flag := range []byte{hasStart, hasEnd} {
		if flags&flag == 0 {
			continue
		}
		if at+2 > len(b) {
			return f, at + 2
		}
		n := int(be.Uint16(b[at:]) & trimMask)
		if flag == hasStart {
			f.trimFront = n
		} else {
			f.trimBack = n
		}
		at += 2
	}
	if flags&hasExtension != 0 {
		if at >= len(b) {
			return f, at + 1
		}
		at += 1 + int(b[at])
	}
	if at+2 > len(b) {
		return f, at + 2
	}
	if f.samples = opusSamples(b[at:]); f.samples == 0 || size == 0 {
		return soundFrame{}, 0
	}
	f.head, f.size = at, at+size
	f.config = soundConfig{codec: media.Opus, rate: 48000, channels: int(o.head[9])}
	return f, 0
}

func (o *opus) extradata(soundConfig) []byte { return o.head }

// opusSamples is the length of an Opus packet, from its first two bytes, 0 if it is none. RFC 6716 §3.1.
func opusSamples(b []byte) int {
	const longest = 5760
	var frame int
	switch config := b[0] >> 3; {
	case config < 12:
		frame = [4]int{480, 960, 1920, 2880}[config&3]
	case config < 16:
		frame = 480 << (config & 1)
	default:
		frame = 120 << (config & 3)
	}
	n := [4]int{1, 2, 2, int(b[1] & 0x3f)}[b[0]&3]
	if n*frame > longest {
		return 0
	}
	return n * frame
}
