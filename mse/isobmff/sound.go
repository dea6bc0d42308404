package isobmff

import (
	"fmt"
	"math"

	"mseplayer/mse/bitstream"
	"mseplayer/mse/media"
)

// sound reads the fixed fields of an audio sample entry, which QuickTime extends in two ways.
func (e *entryReader) sound(b *box) {
	c, body := e.cfg, b.body
	e.kids = audioEntryBytes
	c.Channels, c.BitsPerSample = int(be.Uint16(body[16:])), int(be.Uint16(body[18:]))
	c.SampleRate = int(be.Uint32(body[24:]) >> 16)
	srat, hasRate := b.child("srat", e.kids)
	switch version := be.Uint16(body[8:]); {
	case version == 1 && hasRate && len(srat.body) >= fullBoxBytes+4: // ISO version 1
		c.SampleRate = int(be.Uint32(srat.body[fullBoxBytes:]) & math.MaxInt32)
	case version == 1 && walks(b, audioEntryBytes+soundV1Bytes):
		e.quickTime, e.kids = true, audioEntryBytes+soundV1Bytes
	case version == 2 && walks(b, audioEntryBytes+soundV2Bytes):
		v2 := body[audioEntryBytes:]
		if rate := math.Float64frombits(be.Uint64(v2[4:])); rate >= 1 && rate < 1<<24 {
			c.SampleRate = int(rate)
		}
		c.Channels, c.BitsPerSample = int(be.Uint32(v2[12:])&0xffff), int(be.Uint32(v2[20:])&0xffff)
		e.quickTime, e.soundV2, e.soundFlags = true, true, be.Uint32(v2[24:])
		e.kids = audioEntryBytes + soundV2Bytes
	}
}

// walks reports whether boxes lie behind the first skip bytes of the payload, up to its end.
func walks(b *box, skip int) bool {
	if len(b.body) < skip {
		return false
	}
	w := b.children(skip)
	for w.next() {
	}
	return w.fault == ""
}

// audio completes the configuration of a sound track. The fields that FFmpeg needs for uncompressed sound stay
// empty for everything else.
func (e *entryReader) audio(id media.CodecID) {
	c := e.cfg
	if e.entry.pcm {
		c.BlockAlign = c.Channels * c.BitsPerSample / 8
		return
	}
	c.BitsPerSample = 0
	if id == media.Opus {
		c.SampleRate = 48000 // what Opus decodes to, whatever was encoded
	}
}

// pcm names the format of uncompressed sound, "" if the entry is none.
func (e *entryReader) pcm(format string, kid func(string) ([]byte, bool)) media.CodecID {
	c := e.cfg
	bits, float, little := c.BitsPerSample, false, false
	if enda, ok := kid("enda"); ok && len(enda) >= 2 {
		little = be.Uint16(enda) == 1
	}
	switch format {
	case "sowt":
		little = true
	case "twos":
	case "in24":
		bits = 24
	case "in32":
		bits = 32
	case "fl32":
		bits, float = 32, true
	case "fl64":
		bits, float = 64, true
	case "raw ", "NONE":
		if bits == 8 {
			e.entry.pcm = true
			return "pcm_u8"
		}
	case "ipcm", "fpcm":
		pcmC, ok := kid("pcmC")
		if !ok || len(pcmC) < fullBoxBytes+2 {
			e.refusal = "uncompressed audio does not say its sample size (pcmC)"
			return ""
		}
		float, little, bits = format == "fpcm", pcmC[fullBoxBytes]&1 != 0, int(pcmC[fullBoxBytes+1])
	case "lpcm":
		const isFloat, isBigEndian = 1, 2
		if e.soundV2 {
			float, little = e.soundFlags&isFloat != 0, e.soundFlags&isBigEndian == 0
		}
	default:
		return ""
	}
	order := "be"
	if little {
		order = "le"
	}
	var id string
	switch {
	case float && bits == 32:
		id = "pcm_f32" + order
	case float && bits == 64:
		id = "pcm_f64" + order
	case float:
	case bits == 8:
		id = "pcm_s8"
	case bits == 16:
		id = "pcm_s16" + order
	case bits == 24:
		id = "pcm_s24" + order
	case bits == 32:
		id = "pcm_s32" + order
	}
	if id == "" {
		e.refusal = "uncompressed audio of an unusual sample size"
		return ""
	}
	c.BitsPerSample, e.entry.pcm = bits, true
	return media.CodecID(id)
}

// opus turns a dOps payload into the OpusHead that decoders expect: the same fields in little-endian order.
func (e *entryReader) opus(dOps []byte) {
	const fixedBytes = 11
	if len(dOps) < fixedBytes {
		return
	}
	preSkip := be.Uint16(dOps[2:])
	head := append([]byte("OpusHead\x01"), dOps[1:]...)
	head[10], head[11] = dOps[3], dOps[2]                                       // pre-skip
	head[12], head[13], head[14], head[15] = dOps[7], dOps[6], dOps[5], dOps[4] // input rate
	head[16], head[17] = dOps[9], dOps[8]                                       // gain
	e.cfg.Extradata = head
	e.cfg.Channels, e.cfg.InitialPadding = int(dOps[1]), int(preSkip)
}

// flac takes the STREAMINFO out of a dfLa payload.
func (e *entryReader) flac(dfLa []byte) {
	const headBytes, infoBytes, infoType = 4, 34, 0
	for b := dfLa[min(fullBoxBytes, len(dfLa)):]; len(b) >= headBytes; {
		typ, n := b[0]&0x7f, int(be.Uint32(b)&0xffffff)
		if b = b[headBytes:]; n > len(b) {
			return
		}
		if typ == infoType && n >= infoBytes {
			info := b[:infoBytes]
			e.cfg.Extradata = info
			e.cfg.SampleRate = int(be.Uint32(info[10:]) >> 12)
			e.cfg.Channels = int(info[12]>>1&7) + 1
			return
		}
		b = b[n:]
	}
}

// alac takes the payload of the alac box inside the sample entry. Decoders expect the whole box.
func (e *entryReader) alac(config []byte) {
	const configBytes = fullBoxBytes + 24
	if len(config) < configBytes {
		return
	}
	box := be.AppendUint32(nil, uint32(headerBytes+len(config)))
	e.cfg.Extradata = append(append(box, "alac"...), config...)
	e.cfg.Channels, e.cfg.SampleRate = int(config[fullBoxBytes+9]), int(be.Uint32(config[fullBoxBytes+20:])&math.MaxInt32)
}

// ac3Descriptions is the bit stream mode of sound that describes pictures. ETSI TS 102 366 §4.4.2.2.
const ac3Descriptions = 2

// ac3 takes rate and channels from the fields that dac3 and dec3 share. ETSI TS 102 366 Annex F.
func (e *entryReader) ac3(fscod, acmod, lfe byte) {
	rates := [4]int{48000, 44100, 32000, 0}
	channels := [8]int{2, 1, 2, 3, 3, 4, 4, 5}
	if r := rates[fscod]; r > 0 {
		e.cfg.SampleRate = r
	}
	e.cfg.Channels = channels[acmod] + int(lfe)
	e.frameSamples = ac3FrameSamples
}

// esds reads an elementary stream descriptor: the format and the decoder's configuration. It takes what it
// understands and ignores the rest, as the descriptors of real files are often wrong about their lengths.
// ISO/IEC 14496-1 §7.2.6.
func (e *entryReader) esds(b []byte) media.CodecID {
	const (
		tagES, tagConfig, tagInfo = 3, 4, 5
		hasDependency             = 0x80
		hasURL                    = 0x40
		hasClock                  = 0x20
		configBytes               = 13
	)
	if len(b) < fullBoxBytes {
		return ""
	}
	tag, d := descriptor(b[fullBoxBytes:])
	if tag == tagES {
		if len(d) < 3 {
			return ""
		}
		flags := d[2]
		d = d[3:]
		if flags&hasDependency != 0 {
			d = d[min(2, len(d)):]
		}
		if flags&hasURL != 0 && len(d) > 0 {
			d = d[min(1+int(d[0]), len(d)):]
		}
		if flags&hasClock != 0 {
			d = d[min(2, len(d)):]
		}
		tag, d = descriptor(d)
	}
	if tag != tagConfig || len(d) < configBytes {
		return ""
	}
	const mpeg4Audio, mpeg4Visual = 0x40, 0x20
	id := objectTypes[d[0]]
	if id != "" && d[0] != mpeg4Audio && d[0] != mpeg4Visual {
		e.cfg.CodecString = fmt.Sprintf("%s.%02X", e.format, d[0]) // RFC 6381 §3.3
	}
	if tag, info := descriptor(d[configBytes:]); tag == tagInfo && len(info) > 0 && id != media.MP3 {
		e.cfg.Extradata = info
		if id == media.AAC {
			e.aac(info)
		}
	}
	return id
}

// descriptor splits off the first descriptor of b. A length that is too long is cut to what is there.
func descriptor(b []byte) (tag byte, body []byte) {
	const lengthBytes = 4
	if len(b) == 0 {
		return 0, nil
	}
	tag, b = b[0], b[1:]
	n := 0
	for i := 0; i < lengthBytes && len(b) > 0; i++ {
		c := b[0]
		b = b[1:]
		if n = n<<7 | int(c&0x7f); c&0x80 == 0 {
			break
		}
	}
	return tag, b[:min(n, len(b))]
}

// aac takes rate, channels and frame length from an AudioSpecificConfig, of the decoder's output where the
// configuration announces spectral band replication. ISO/IEC 14496-3 §1.6.2.1.
func (e *entryReader) aac(asc []byte) {
	const frame, frameShort = 1024, 960
	s, ok := bitstream.SoundOf(asc)
	if !ok || !s.Known || s.Rate == 0 || s.Output == 0 {
		return
	}
	length := frame
	if s.Short {
		length = frameShort
	}
	e.cfg.SampleRate, e.frameSamples = s.Output, length*s.Output/s.Rate
	switch {
	case s.Type == bitstream.TypePS:
		e.cfg.Channels = 2
	case s.Channels > 0:
		e.cfg.Channels = s.Channels
	}
}
