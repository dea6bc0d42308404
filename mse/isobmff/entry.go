package isobmff

import (
	"fmt"
	"math"

	"github.com/Eyevinn/mp4ff/mp4"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
)

// Formats in FFmpeg's naming that package media does not name.
const (
	codecMPEG4   media.CodecID = "mpeg4"
	codecMPEG1   media.CodecID = "mpeg1video"
	codecMPEG2   media.CodecID = "mpeg2video"
	codecVVC     media.CodecID = "vvc"
	codecMJPEG   media.CodecID = "mjpeg"
	codecMPEGH   media.CodecID = "mpegh_3d_audio"
	codecDTS     media.CodecID = "dts"
	codecMovText media.CodecID = "mov_text"
)

// formats lists the sample entries whose type alone tells the coding format. The others are handled in
// entryReader.format.
var formats = map[string]media.CodecID{
	"avc1": media.H264, "avc2": media.H264, "avc3": media.H264, "avc4": media.H264,
	"hvc1": media.HEVC, "hev1": media.HEVC, "hvc2": media.HEVC, "hev2": media.HEVC,
	"vvc1": codecVVC, "vvi1": codecVVC,
	"vp08": media.VP8, "vp09": media.VP9, "av01": media.AV1,
	"mjpg": codecMJPEG, "jpeg": codecMJPEG, "mjp2": "jpeg2000", "s263": "h263", "h263": "h263",
	"apch": "prores", "apcn": "prores", "apcs": "prores", "apco": "prores", "ap4h": "prores", "ap4x": "prores",

	"Opus": media.Opus, "fLaC": media.FLAC, "alac": media.ALAC, ".mp3": media.MP3, "mp3 ": media.MP3,
	"ac-3": media.AC3, "ec-3": media.EAC3, "ac-4": "ac4", "mlpa": "truehd", "iamf": "iamf",
	"mha1": codecMPEGH, "mha2": codecMPEGH, "mhm1": codecMPEGH, "mhm2": codecMPEGH,
	"dtsc": codecDTS, "dtse": codecDTS, "dtsh": codecDTS, "dtsl": codecDTS,
	"samr": "amr_nb", "sawb": "amr_wb", "spex": "speex", "ulaw": "pcm_mulaw", "alaw": "pcm_alaw",

	"stpp": media.TTML, "wvtt": media.WebVTT, "tx3g": codecMovText, "text": codecMovText, "c608": "eia_608",
}

// objectTypes maps the object type indication of an esds. ISO/IEC 14496-1 §7.2.6.6 and the registry behind it.
var objectTypes = map[byte]media.CodecID{
	0x08: codecMovText, 0x20: codecMPEG4, 0x21: media.H264, 0x23: media.HEVC, 0x33: codecVVC, 0x40: media.AAC,
	0x60: codecMPEG2, 0x61: codecMPEG2, 0x62: codecMPEG2, 0x63: codecMPEG2, 0x64: codecMPEG2, 0x65: codecMPEG2,
	0x66: media.AAC, 0x67: media.AAC, 0x68: media.AAC, 0x69: media.MP3, 0x6a: codecMPEG1, 0x6b: media.MP3,
	0x6c: codecMJPEG, 0x6d: "png", 0x6e: "jpeg2000", 0xa3: "vc1", 0xa4: "dirac", 0xa5: media.AC3, 0xa6: media.EAC3,
	0xa9: codecDTS, 0xad: media.Opus, 0xb1: media.VP9, 0xc1: media.FLAC, 0xdd: media.Vorbis, 0xe1: "qcelp",
}

// dolbyBases lists the Dolby Vision sample entries with the format of their base layer.
var dolbyBases = map[string]media.CodecID{
	"dvh1": media.HEVC, "dvhe": media.HEVC, "dva1": media.H264, "dvav": media.H264, "dav1": media.AV1,
}

// Lengths of the fixed parts of sample entries, in bytes. ISO/IEC 14496-12 §8.5.2, §12.1.3 and §12.2.3.
const (
	sampleEntryBytes = 8
	visualEntryBytes = sampleEntryBytes + 70
	audioEntryBytes  = sampleEntryBytes + 20
	soundV1Bytes     = 16 // what QuickTime adds in version 1
	soundV2Bytes     = 36
)

// Preroll of formats that carry state from one frame to the next.
const (
	opusPreroll     = media.Span(0.080) // RFC 7845 §4.6
	mp3PrerollSize  = 9                 // frames that the bit reservoir can reach back
	mp3FrameSamples = 1152
	ac3FrameSamples = 1536
)

// pcmFrameSamples is how many samples of uncompressed audio make one coded frame.
const pcmFrameSamples = 1024

// entryReader reads one sample entry.
type entryReader struct {
	format  fourcc // of the entry, or what it was before encryption
	cfg     *media.DecoderConfig
	entry   entry
	refusal string
	role    string // see media.TrackInfo
	// kids is where the children of the entry begin in its body.
	kids int
	// Sound: samples per coded frame where the configuration tells, 0 otherwise.
	frameSamples int
	quickTime    bool // the entry has a layout of QuickTime's
	soundFlags   uint32
	soundV2      bool
}

// entries reads the sample entries of a track.
func (r *moovReader) entries(t *track, tkhd *mp4.TkhdBox, stsd *box) error {
	path := r.path("/mdia/minf/stbl/stsd")
	w := stsd.children(fullBoxBytes + 4)
	for w.next() {
		if len(t.entries) == maxTracks {
			return fault(path, w.box.off, "holds more than %d sample entries", maxTracks)
		}
		e := entryReader{format: w.box.typ, cfg: &media.DecoderConfig{Kind: t.kind, Timescale: t.timescale}}
		if err := e.read(&w.box, tkhd); err != nil {
			return fault(path+"/"+w.box.typ.String(), w.box.off, "%s", err)
		}
		e.entry.config = e.cfg
		e.entry.frameSamples = e.frameSamples
		if t.refusal == "" {
			t.refusal = e.refusal
		}
		if t.info.Role == "" {
			t.info.Role = e.role
		}
		t.entries = append(t.entries, e.entry)
	}
	if err := w.err(path); err != nil {
		return err
	}
	if len(t.entries) == 0 {
		return fault(path, stsd.off, "holds no sample entry")
	}
	return nil
}

// read fills the configuration. An error means that the entry breaks the container's structure; what merely cannot
// be decoded is a refusal.
func (e *entryReader) read(b *box, tkhd *mp4.TkhdBox) error {
	switch e.cfg.Kind {
	case media.Video:
		if len(b.body) < visualEntryBytes {
			return fmt.Errorf("is %d bytes long, a visual sample entry has at least %d", len(b.body), visualEntryBytes)
		}
		e.kids = visualEntryBytes
		e.cfg.Width, e.cfg.Height = int(be.Uint16(b.body[24:])), int(be.Uint16(b.body[26:]))
	case media.Audio:
		if len(b.body) < audioEntryBytes {
			return fmt.Errorf("is %d bytes long, an audio sample entry has at least %d", len(b.body), audioEntryBytes)
		}
		e.sound(b)
	case media.Text:
		e.kids = min(sampleEntryBytes, len(b.body))
		switch b.typ.String() {
		case "stpp":
			e.kids += stringsLen(b.body[e.kids:], 3)
		case "enct", "encs", "encu":
			if _, ok := b.child("sinf", e.kids); !ok { // it encrypts stpp
				e.kids += stringsLen(b.body[e.kids:], 3)
			}
		}
	}
	e.protect(b)
	id := e.codec(b)
	switch e.cfg.Kind {
	case media.Video:
		e.picture(b, id, tkhd)
	case media.Audio:
		e.audio(id)
	case media.Text:
	}
	if e.cfg.CodecString == "" {
		e.cfg.CodecString = mime.CodecString(id, e.format.String(), e.cfg.Extradata)
	}
	if id == "" && e.refusal == "" {
		e.refusal = fmt.Sprintf("sample entry %q is of no known format", e.format)
	}
	if e.refusal == "" {
		e.cfg.Codec = id
	}
	return nil
}

// stringsLen is the length of the first n zero-terminated strings of b.
func stringsLen(b []byte, n int) int {
	for i, c := range b {
		if c == 0 {
			if n--; n == 0 {
				return i + 1
			}
		}
	}
	return len(b)
}

// protect reads the encryption of an entry.
func (e *entryReader) protect(b *box) {
	switch b.typ.String() {
	case "encv", "enca", "enct", "encs", "encu":
	default:
		return
	}
	e.cfg.Encrypted = true
	sinf, ok := b.child("sinf", e.kids)
	if !ok {
		e.refusal = "an encrypted sample entry does not say what it encrypts (sinf)"
		return
	}
	e.format, e.entry.protection, e.refusal = parseSinf(&sinf)
}

// codec finds the coding format and its out-of-band configuration.
func (e *entryReader) codec(b *box) media.CodecID {
	kid := func(typ string) ([]byte, bool) {
		k, ok := b.child(typ, e.kids)
		if !ok && e.quickTime {
			if wave, has := b.child("wave", e.kids); has {
				k, ok = wave.child(typ, 0)
			}
		}
		return k.body, ok
	}
	format := e.format.String()
	id, known := formats[format]
	if base, ok := dolbyBases[format]; ok {
		id, known = base, true
		e.dolbyVision(kid)
	}
	if !known && e.cfg.Kind == media.Audio {
		id = e.pcm(format, kid)
	}
	box := ""
	switch id {
	case media.H264:
		box = "avcC"
	case media.HEVC:
		box = "hvcC"
	case media.VP8, media.VP9:
		box = "vpcC"
	case media.AV1:
		box = "av1C"
	case codecVVC:
		if c, ok := kid("vvcC"); ok && len(c) > fullBoxBytes {
			e.cfg.Extradata = c[fullBoxBytes:]
		}
	case media.Opus:
		if c, ok := kid("dOps"); ok {
			e.opus(c)
		}
	case media.FLAC:
		if c, ok := kid("dfLa"); ok {
			e.flac(c)
		}
	case media.ALAC:
		if c, ok := kid("alac"); ok {
			e.alac(c)
		}
	case media.AC3:
		if c, ok := kid("dac3"); ok && len(c) >= 3 {
			e.ac3(c[len(c)-3]>>6, c[len(c)-2]>>3&7, c[len(c)-2]>>2&1)
			if c[len(c)-3]&1<<2|c[len(c)-2]>>6 == ac3Descriptions {
				e.role = "descriptions"
			}
		}
	case media.EAC3:
		if c, ok := kid("dec3"); ok && len(c) >= 5 {
			e.ac3(c[2]>>6, c[3]>>1&7, c[3]&1)
			switch associated := c[3]>>7 == 1; {
			case c[3]>>4&7 != ac3Descriptions:
			case associated:
				e.role = "descriptions"
			default:
				e.role = "main-desc" // what is described is in it, too
			}
		}
	case media.WebVTT:
		if c, ok := kid("vttC"); ok {
			e.cfg.Extradata = c
		}
	case codecMovText:
		if e.kids < len(b.body) {
			e.cfg.Extradata = b.body[e.kids:]
		}
	}
	if box != "" {
		if c, ok := kid(box); ok {
			e.cfg.Extradata = c
		}
	}
	if esds, ok := kid("esds"); ok && (format == "mp4a" || format == "mp4v" || !known) {
		id = e.esds(esds)
	}
	if n := len(e.cfg.Extradata); n > maxExtradata {
		e.cfg.Extradata = nil
		e.refusal = fmt.Sprintf("its decoder configuration is %d bytes long, more than the %d that are accepted", n, maxExtradata)
	}
	if e.cfg.Extradata != nil { // the moov is let go of
		e.cfg.Extradata = append([]byte(nil), e.cfg.Extradata...)
	}
	return id
}

// dolbyVision decides whether the base layer can be shown without the enhancement: the signal compatibility in
// the configuration record says so. Dolby Vision streams within the ISO base media file format §3.2.
func (e *entryReader) dolbyVision(kid func(string) ([]byte, bool)) {
	var c []byte
	for _, typ := range []string{"dvcC", "dvvC", "dvwC"} {
		if b, ok := kid(typ); ok {
			c = b
		}
	}
	if len(c) < 5 {
		e.refusal = "Dolby Vision without a configuration record; only streams with a compatible base layer can be shown"
		return
	}
	profile, level, compatible := c[2]>>1, c[2]&1<<5|c[3]>>3, c[4]>>4
	if compatible == 0 {
		e.cfg.CodecString = fmt.Sprintf("%s.%02d.%02d", e.format, profile, level)
		e.refusal = fmt.Sprintf("Dolby Vision profile %d has no base layer that other decoders show correctly", profile)
	}
}

// picture reads what the entry and the track header say about how pictures are shown.
func (e *entryReader) picture(b *box, id media.CodecID, tkhd *mp4.TkhdBox) {
	c := e.cfg
	c.Rotation, c.Mirror = orientation(tkhd.Matrix)
	if pasp, ok := b.child("pasp", e.kids); ok && len(pasp.body) >= 8 {
		h, v := be.Uint32(pasp.body), be.Uint32(pasp.body[4:])
		if h > 0 && v > 0 && h <= math.MaxInt32 && v <= math.MaxInt32 {
			c.SARNum, c.SARDen = reduce(int(h), int(v))
		}
	} else if w, h := int(tkhd.Width>>16), int(tkhd.Height>>16); w > 0 && h > 0 && c.Width > 0 && c.Height > 0 {
		if n, d := reduce(w*c.Height, h*c.Width); n != d {
			c.SARNum, c.SARDen = n, d
		}
	}
	if (id == media.VP9 || id == media.VP8) && len(c.Extradata) >= fullBoxBytes+6 {
		v := c.Extradata[fullBoxBytes:]
		c.Color = color(uint16(v[3]), uint16(v[4]), uint16(v[5]), v[2]&1 != 0)
	}
	if clap, ok := b.child("clap", e.kids); ok {
		c.Clean = cleanAperture(clap.body, c.Width, c.Height)
	}
	e.light(b)
	for w := b.children(e.kids); w.next(); {
		if !w.box.is("colr") {
			continue
		}
		colr, err := decode[*mp4.ColrBox](&w.box)
		if err == nil && (colr.ColorType == mp4.ColorTypeOnScreenColors || colr.ColorType == mp4.QuickTimeColorParameters) {
			light := c.Color.Light
			c.Color = color(colr.ColorPrimaries, colr.TransferCharacteristics, colr.MatrixCoefficients, colr.FullRangeFlag)
			c.Color.Light = light
		}
	}
}

// color is a colour description as media carries it: "unspecified" and what no code point is, as not described.
func color(primaries, transfer, matrix uint16, full bool) media.ColorInfo {
	const unspecified = 2
	point := func(v uint16) uint8 {
		if v == unspecified || v >= media.MatrixGBR {
			return 0
		}
		return uint8(v)
	}
	m := point(matrix)
	if matrix == 0 {
		m = media.MatrixGBR
	}
	return media.ColorInfo{Primaries: point(primaries), Transfer: point(transfer), Matrix: m, FullRange: full, Known: true}
}

// light reads how bright the content is: mdcv and clli, or what the VP9 binding has in their place.
func (e *entryReader) light(b *box) {
	l := &e.cfg.Color.Light
	const luminanceAt = 4 * 4 // behind the chromaticities of three primaries and white
	if x, ok := b.child("mdcv", e.kids); ok && len(x.body) >= luminanceAt+8 {
		l.Peak = float32(be.Uint32(x.body[luminanceAt:])) / 10000
		l.Black = float32(be.Uint32(x.body[luminanceAt+4:])) / 10000
	} else if x, ok := b.child("SmDm", e.kids); ok && len(x.body) >= fullBoxBytes+luminanceAt+8 {
		l.Peak = float32(be.Uint32(x.body[fullBoxBytes+luminanceAt:])) / (1 << 8)
		l.Black = float32(be.Uint32(x.body[fullBoxBytes+luminanceAt+4:])) / (1 << 14)
	}
	if x, ok := b.child("clli", e.kids); ok && len(x.body) >= 4 {
		l.MaxCLL, l.MaxFALL = float32(be.Uint16(x.body)), float32(be.Uint16(x.body[2:]))
	} else if x, ok := b.child("CoLL", e.kids); ok && len(x.body) >= fullBoxBytes+4 {
		l.MaxCLL, l.MaxFALL = float32(be.Uint16(x.body[fullBoxBytes:])), float32(be.Uint16(x.body[fullBoxBytes+2:]))
	}
}

// cleanAperture is what a clap box leaves out of a picture of w × h, to the nearest pixel; nothing when it makes no sense.
// ISO/IEC 14496-12 §12.1.4.
func cleanAperture(b []byte, w, h int) media.Clean {
	if len(b) < 8*4 {
		return media.Clean{}
	}
	side := func(b []byte, size int) (before, after int, ok bool) {
		n, d := float64(be.Uint32(b)), float64(be.Uint32(b[4:]))
		offN, offD := float64(int32(be.Uint32(b[16:]))), float64(be.Uint32(b[20:]))
		if n == 0 || d == 0 || offD == 0 || n/d > float64(size) {
			return 0, 0, false
		}
		shown := max(1, int(math.Round(n/d)))
		first := math.Round(offN/offD + (float64(size)-n/d)/2)
		if first < 0 || first > float64(size-shown) {
			return 0, 0, false
		}
		return int(first), size - shown - int(first), true
	}
	left, right, okX := side(b, w)
	top, bottom, okY := side(b[8:], h)
	if !okX || !okY {
		return media.Clean{}
	}
	return media.Clean{Left: left, Right: right, Top: top, Bottom: bottom}
}

// orientation is the clockwise rotation in degrees that a track's matrix means, and whether the picture is mirrored left
// to right before; nothing for what is no quarter turn.
func orientation(m [9]int32) (degrees int, mirror bool) {
	a, b, c, d := sign(m[0]), sign(m[1]), sign(m[3]), sign(m[4])
	if mirror = a*d-b*c < 0; mirror {
		a, b = -a, -b
	}
	switch {
	case a > 0 && b == 0 && c == 0 && d > 0:
		return 0, mirror
	case a == 0 && b > 0 && c < 0 && d == 0:
		return 90, mirror
	case a < 0 && b == 0 && c == 0 && d < 0:
		return 180, mirror
	case a == 0 && b < 0 && c > 0 && d == 0:
		return 270, mirror
	default:
		return 0, false
	}
}

func sign(v int32) int {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	default:
		return 0
	}
}

// reduce divides two positive numbers by what divides both.
func reduce(a, b int) (int, int) {
	g, r := a, b
	for r != 0 {
		g, r = r, g%r
	}
	return a / g, b / g
}

// finish computes what needs the whole track, when all of it is known.
func (e *entry) finish(t *track) {
	c := e.config
	if c.Kind != media.Audio {
		return
	}
	seconds := func(samples int) media.Span {
		if c.SampleRate == 0 {
			return 0
		}
		return media.Span(float64(samples) / float64(c.SampleRate))
	}
	switch c.Codec {
	case media.AAC, media.AC3, media.EAC3:
		c.Preroll = seconds(e.frameSamples)
	case media.MP3, media.MP2:
		c.Preroll = seconds(mp3PrerollSize * mp3FrameSamples)
	case media.Vorbis:
		c.Preroll = t.info.FrameDuration
	case media.Opus:
		c.Preroll = opusPreroll
		// What the edit list cuts off already must not be cut off twice.
		shift := math.Round(float64(t.shift) * float64(c.SampleRate) / float64(t.timescale))
		c.InitialPadding = max(0, c.InitialPadding-int(max(0, shift)))
	default:
	}
	if e.roll > 0 && t.def.duration > 0 {
		c.Preroll = max(c.Preroll, media.SpanFromTicks(int64(e.roll)*int64(t.def.duration), t.timescale))
	}
}
