package webm

import (
	"bytes"
	"fmt"
	"strings"

	"mseplayer/mse/bitstream"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
)

// maxExtradata bounds a decoder configuration in bytes.
const maxExtradata = 1 << 20

// Formats in FFmpeg's naming that package media does not name.
const (
	codecMPEG4 media.CodecID = "mpeg4"
	codecMPEG1 media.CodecID = "mpeg1video"
	codecMPEG2 media.CodecID = "mpeg2video"
	codecVVC   media.CodecID = "vvc"
	codecDTS   media.CodecID = "dts"
)

// formats lists the codec IDs that name a coding format. Those that are not here, and uncompressed sound, are handled
// in trackReader.format.
var formats = map[string]media.CodecID{
	"V_VP8": media.VP8, "V_VP9": media.VP9, "V_AV1": media.AV1,
	"V_MPEG4/ISO/AVC": media.H264, "V_MPEGH/ISO/HEVC": media.HEVC, "V_MPEGI/ISO/VVC": codecVVC,
	"V_MPEG4/ISO/SP": codecMPEG4, "V_MPEG4/ISO/ASP": codecMPEG4, "V_MPEG4/ISO/AP": codecMPEG4,
	"V_MPEG1": codecMPEG1, "V_MPEG2": codecMPEG2, "V_THEORA": "theora", "V_FFV1": "ffv1", "V_MJPEG": "mjpeg",

	"A_VORBIS": media.Vorbis, "A_OPUS": media.Opus, "A_FLAC": media.FLAC, "A_ALAC": media.ALAC,
	"A_MPEG/L3": media.MP3, "A_MPEG/L2": media.MP2, "A_MPEG/L1": "mp1",
	"A_AC3": media.AC3, "A_EAC3": media.EAC3, "A_DTS": codecDTS, "A_TRUEHD": "truehd", "A_MLP": "mlp",

	"D_WEBVTT/SUBTITLES": media.WebVTT, "D_WEBVTT/CAPTIONS": media.WebVTT, "D_WEBVTT/DESCRIPTIONS": media.WebVTT,
	"D_WEBVTT/METADATA": media.WebVTT, "S_TEXT/WEBVTT": media.WebVTT,
	"S_TEXT/UTF8": "subrip", "S_TEXT/ASCII": "subrip", "S_TEXT/SSA": "ass", "S_TEXT/ASS": "ass", "S_SSA": "ass", "S_ASS": "ass",
	"S_VOBSUB": "dvd_subtitle", "S_HDMV/PGS": "hdmv_pgs_subtitle", "S_HDMV/TEXTST": "hdmv_text_subtitle", "S_DVBSUB": "dvb_subtitle",
}

// Preroll of formats that carry state from one frame to the next, where the track does not say, and lengths of frames.
const (
	opusPreroll     = media.Span(0.080) // RFC 7845 §4.6
	mp3PrerollSize  = 9                 // frames that the bit reservoir can reach back
	mp3FrameSamples = 1152
	aacFrameSamples = 1024
	ac3FrameSamples = 1536
)

// codec finds the coding format and what a decoder must know.
func (r *trackReader) codec() {
	c := r.config
	id := r.format()
	if id == "" && r.refusal == "" {
		r.refusal = fmt.Sprintf("codec ID %q is of no known format", r.codecID)
	}
	if n := len(r.private); n > maxExtradata {
		r.private, r.refusal = nil, fmt.Sprintf("its CodecPrivate is %d bytes long, more than the %d that are accepted", n, maxExtradata)
	}
	c.Extradata = bytes.Clone(r.private) // the Tracks element is let go of
	if len(c.Extradata) == 0 {
		c.Extradata = nil
	}
	switch id {
	case media.VP8:
		r.keyed, c.Extradata = vp8Key, nil
	case media.VP9:
		r.keyed = vp9Key
		c.CodecString, c.Extradata = vp9String(c.Extradata), nil
	case media.H264, media.HEVC, codecVVC, codecMPEG4, codecMPEG1, codecMPEG2:
		r.reorders = true
	case media.AAC:
		if len(c.Extradata) == 0 {
			c.Extradata = r.audioSpecific()
		}
		if r.coreRate > 0 {
			r.fixed(aacFrameSamples*r.outRate/r.coreRate, 1)
		}
	case media.MP3, media.MP2:
		samples := mp3FrameSamples
		if id == media.MP3 && r.coreRate < 32000 {
			samples /= 2 // the low sampling frequencies of MPEG-2
		}
		r.fixed(samples, mp3PrerollSize)
	case media.AC3, media.EAC3:
		r.fixed(ac3FrameSamples, 1)
	case media.Opus:
		r.opus()
	case media.Vorbis:
		r.vorbisHead()
	case media.FLAC:
		r.flac()
	case media.ALAC:
		r.alac()
	default:
	}
	if r.coding.encrypted {
		r.measure, r.keyed = nil, nil
	}
	if c.CodecString == "" && c.Kind == media.Text {
		c.CodecString = r.codecID // the bytes of a cue differ from those in MP4 (wvtt)
	} else if c.CodecString == "" && id != "" {
		c.CodecString = mime.CodecString(id, "", c.Extradata)
	} else if c.CodecString == "" {
		c.CodecString = r.codecID
	}
	if r.refusal == "" {
		c.Codec = id
	}
}

// fixed notes that every frame makes so many samples, and that a decoder needs so many frames for a correct one.
func (r *trackReader) fixed(samples, preroll int) {
	if r.outRate == 0 {
		return
	}
	d := media.Span(float64(samples) / float64(r.outRate))
	if r.nominal == 0 {
		r.nominal = d
	}
	if r.config.Preroll == 0 {
		r.config.Preroll = media.Span(float64(samples*preroll) / float64(r.outRate))
	}
}

// format names the coding format, "" for one that is not known.
func (r *trackReader) format() media.CodecID {
	if id, ok := formats[r.codecID]; ok {
		return id
	}
	if r.codecID == "A_AAC" || strings.HasPrefix(r.codecID, "A_AAC/") {
		return media.AAC
	}
	if r.codecID == "A_DTS" || strings.HasPrefix(r.codecID, "A_DTS/") {
		return codecDTS
	}
	return r.pcm()
}

// pcm names the format of uncompressed sound, "" if the track holds none.
func (r *trackReader) pcm() media.CodecID {
	id := ""
	switch r.codecID {
	case "A_PCM/INT/LIT", "A_PCM/INT/BIG":
		order := "le"
		if r.codecID == "A_PCM/INT/BIG" {
			order = "be"
		}
		switch r.depth {
		case 8:
			id = "pcm_u8"
		case 16, 24, 32:
			id = fmt.Sprintf("pcm_s%d%s", r.depth, order)
		}
	case "A_PCM/FLOAT/IEEE":
		switch r.depth {
		case 32, 64:
			id = fmt.Sprintf("pcm_f%dle", r.depth)
		}
	default:
		return ""
	}
	if id == "" {
		r.refusal = fmt.Sprintf("uncompressed sound of %d bits", r.depth)
		return ""
	}
	c := r.config
	c.BitsPerSample, c.BlockAlign = r.depth, c.Channels*r.depth/8
	if align, rate := c.BlockAlign, c.SampleRate; align > 0 && rate > 0 {
		r.measure = func(b []byte) media.Span { return media.Span(float64(len(b)/align) / float64(rate)) }
	}
	return media.CodecID(id)
}

// audioSpecific makes the AudioSpecificConfig of AAC whose codec ID names the profile, "A_AAC/MPEG4/LC/SBR".
// ISO/IEC 14496-3 §1.6.2.1.
func (r *trackReader) audioSpecific() []byte {
	const (
		syncSBR      = 0x2b7
		explicitRate = 15
	)
	var w bitWriter
	rate := func(hz int) {
		for i, v := range bitstream.AACRates {
			if v == hz {
				w.put(uint64(i), 4)
				return
			}
		}
		w.put(explicitRate, 4)
		w.put(uint64(hz), 24)
	}
	channels := r.config.Channels
	if r.coreRate == 0 || channels < 1 || channels > 8 {
		return nil
	}
	if channels == 8 {
		channels = 7 // the configuration of that number has eight
	}
	profile := 2
	switch {
	case strings.Contains(r.codecID, "/MAIN"):
		profile = 1
	case strings.Contains(r.codecID, "/SSR"):
		profile = 3
	case strings.Contains(r.codecID, "/LTP"):
		profile = 4
	}
	w.put(uint64(profile), 5)
	rate(r.coreRate)
	w.put(uint64(channels), 4)
	w.put(0, 3)
	if strings.Contains(r.codecID, "/SBR") {
		if r.outRate == r.coreRate {
			r.outRate = 2 * r.coreRate
			r.config.SampleRate = r.outRate
		}
		w.put(syncSBR, 11)
		w.put(bitstream.TypeSBR, 5)
		w.put(1, 1)
		rate(r.outRate)
	}
	return w.b
}

// bitWriter appends bits, the highest first. The last byte is filled up with zeros.
type bitWriter struct {
	b []byte
	n int
}

func (w *bitWriter) put(v uint64, n int) {
	for n--; n >= 0; n-- {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>n&1) << (7 - w.n%8)
		w.n++
	}
}

// opus takes channels and pre-skip from the OpusHead. RFC 7845 §5.1.
func (r *trackReader) opus() {
	const headBytes, rate = 19, 48000
	c := r.config
	c.SampleRate = rate // what Opus decodes to, whatever was encoded
	if len(c.Extradata) >= headBytes && string(c.Extradata[:8]) == "OpusHead" {
		c.Channels = int(c.Extradata[9])
		c.InitialPadding = int(c.Extradata[10]) | int(c.Extradata[11])<<8
	}
	if c.Preroll == 0 {
		c.Preroll = opusPreroll
	}
	r.measure = opusSpan
}

// opusSpan is the length of an Opus packet, 0 if its first bytes make no sense. RFC 6716 §3.1 and §3.2.
func opusSpan(b []byte) media.Span {
	const maxPacket = media.Span(0.120)
	if len(b) == 0 {
		return 0
	}
	var frame media.Span
	switch config := b[0] >> 3; {
	case config < 12: // SILK
		frame = [4]media.Span{0.010, 0.020, 0.040, 0.060}[config&3]
	case config < 16: // hybrid
		frame = [2]media.Span{0.010, 0.020}[config&1]
	default: // CELT
		frame = [4]media.Span{0.0025, 0.005, 0.010, 0.020}[config&3]
	}
	n := 1
	switch b[0] & 3 {
	case 1, 2:
		n = 2
	case 3:
		if len(b) < 2 {
			return 0
		}
		n = int(b[1] & 63)
	}
	if d := frame * media.Span(n); d <= maxPacket {
		return d
	}
	return 0
}

// flac takes the STREAMINFO out of the CodecPrivate: the head of a FLAC file.
func (r *trackReader) flac() {
	const headBytes, infoBytes, magic = 4, 34, "fLaC"
	c := r.config
	b := c.Extradata
	c.Extradata = nil
	if len(b) < len(magic)+headBytes+infoBytes || string(b[:len(magic)]) != magic || b[len(magic)]&0x7f != 0 {
		return
	}
	info := b[len(magic)+headBytes:][:infoBytes:infoBytes]
	c.Extradata = info
	c.SampleRate = int(be.Uint32(info[10:]) >> 12)
	c.Channels = int(info[12]>>1&7) + 1
	if lo, hi := be.Uint16(info), be.Uint16(info[2:]); lo == hi && lo > 0 && c.SampleRate > 0 && r.nominal == 0 {
		r.nominal = media.Span(float64(lo) / float64(c.SampleRate))
	}
}

// alac makes the box that decoders expect around the configuration.
func (r *trackReader) alac() {
	const headBytes, configBytes = 12, 24
	c := r.config
	b := c.Extradata
	if len(b) < configBytes {
		return
	}
	box := append(be.AppendUint32(nil, uint32(headBytes+len(b))), "alac\x00\x00\x00\x00"...)
	c.Extradata = append(box, b...)
	if rate := be.Uint32(b[20:]); rate > 0 && rate < 1<<24 {
		c.SampleRate = int(rate)
	}
	c.Channels = int(b[9])
	if samples := be.Uint32(b); samples > 0 && samples < 1<<20 && c.SampleRate > 0 && r.nominal == 0 {
		r.nominal = media.Span(float64(samples) / float64(c.SampleRate))
	}
}

// vp8Key reports whether a VP8 frame is a key frame. RFC 6386 §9.1.
func vp8Key(b []byte) bool { return len(b) > 0 && b[0]&1 == 0 }

// vp9Key reports whether a VP9 frame begins with a key frame. VP9 Bitstream §6.2.
func vp9Key(b []byte) bool {
	if len(b) == 0 || b[0]>>6 != 2 { // frame_marker
		return false
	}
	bit := func(i int) byte { return b[0] >> (7 - i) & 1 }
	at := 4
	if bit(2) == 1 && bit(3) == 1 {
		at++ // reserved_zero of profile 3
	}
	return bit(at) == 0 && bit(at+1) == 0 // neither show_existing_frame nor an inter frame
}

// vp9String is the codecs string of a CodecPrivate of VP9, "" if it does not tell enough. It is a list of features,
// each an ID, a length and the value. VP9 codec mapping of the WebM project.
func vp9String(b []byte) string {
	const profile, level, depth = 1, 2, 3
	v := map[byte]int{profile: -1, level: -1, depth: -1}
	for len(b) >= 3 && b[1] == 1 {
		v[b[0]], b = int(b[2]), b[3:]
	}
	if v[profile] < 0 || v[level] < 0 || v[depth] < 0 {
		return ""
	}
	return fmt.Sprintf("vp09.%02d.%02d.%02d", v[profile], v[level], v[depth])
}
