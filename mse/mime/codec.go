package mime

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"mseplayer/mse/media"
)

// The reasons why an item of a codecs list names no codec.
var (
	// ErrMalformed: the family is known, what follows breaks its syntax.
	ErrMalformed = errors.New("malformed codecs string")
	// ErrUnsupported: a format that exists but that no decoder of this player takes.
	ErrUnsupported = errors.New("unsupported format")
	// ErrUnknown: no format is known by that name.
	ErrUnknown = errors.New("unknown codec")
)

// maxCodecBytes bounds one item of a codecs list.
const maxCodecBytes = 256

// Formats of FFmpeg's naming that a codecs string can mean besides those of package media.
const (
	mpeg4    media.CodecID = "mpeg4"
	mpeg1    media.CodecID = "mpeg1video"
	mpeg2    media.CodecID = "mpeg2video"
	mjpeg    media.CodecID = "mjpeg"
	vvc      media.CodecID = "vvc"
	mp1      media.CodecID = "mp1"
	als      media.CodecID = "mp4als"
	dts      media.CodecID = "dts"
	truehd   media.CodecID = "truehd"
	evc      media.CodecID = "evc"
	ac4      media.CodecID = "ac4"
	lcevc    media.CodecID = "lcevc"
	cea608   media.CodecID = "eia_608"
	mpegh    media.CodecID = "mpegh_3d_audio"
	iamf     media.CodecID = "iamf"
	dolby    media.CodecID = "dolbyvision"
	layered  media.CodecID = "layered"
	textNone media.CodecID = "text"
)

// Codec is the identity of one item of a codecs list. Numbers that the string does not tell are 0, except
// Profile and Level, which are -1.
type Codec struct {
	// String is the item as written, without surrounding space; Family its part before the first dot.
	String, Family string
	// ID is the coding format. For a format that has a compatible base layer (Dolby Vision 7 and 8) it is the base
	// layer's format, and Note says so.
	ID   media.CodecID
	Kind media.Kind
	// Profile is H.264 profile_idc, HEVC general_profile_idc, VP9, AV1 and Dolby Vision profile, or the MPEG-4
	// audio object type. Level is level_idc as the format writes it (H.264 and VP9 times 10, HEVC times 30, AV1
	// the level index).
	Profile, Level int
	// HighTier is set for the high tier of HEVC and AV1.
	HighTier bool
	// BitDepth is bits per sample; Chroma is "4:0:0", "4:2:0", "4:2:2" or "4:4:4".
	BitDepth int
	Chroma   string
	// Color is the colour description of the VP9 and AV1 long forms; Known is false when there is none.
	Color media.ColorInfo
	// Note tells what a reader of the string should know though it can be played, "" for nothing: that only a part is
	// shown, or that the string contradicts itself.
	Note string
}

// ParseCodecs splits the value of a codecs parameter and parses each item. It returns as many codecs as there are
// items, also with an error; the error is that of the first bad item. An empty value has no items.
func ParseCodecs(list string) ([]Codec, error) {
	if strings.TrimSpace(list) == "" {
		return nil, nil
	}
	var out []Codec
	var first error
	for item := range strings.SplitSeq(list, ",") {
		c, err := ParseCodec(item)
		if err != nil && first == nil {
			first = err
		}
		out = append(out, c)
	}
	return out, first
}

// ParseCodec says which codec one item of a codecs list means. With an error, what could be told is still filled
// in: Kind of a known family, and ID where the family has only one. Letter case matters only where two
// spellings exist on purpose (Opus and opus, fLaC and flac); everything else is taken in any case.
// RFC 6381 §3.3.
func ParseCodec(item string) (Codec, error) {
	s := strings.TrimSpace(item)
	c := Codec{String: s, Profile: -1, Level: -1}
	if len(s) > maxCodecBytes {
		c.String = s[:maxCodecBytes]
		return c, fmt.Errorf("%w: %.20q… is longer than %d bytes", ErrMalformed, s, maxCodecBytes)
	}
	if s == "" {
		return c, fmt.Errorf("%w: empty item in the codecs list", ErrMalformed)
	}
	head, rest, dotted := strings.Cut(s, ".")
	c.Family = head
	fam, ok := families[strings.ToLower(head)]
	if !ok {
		return c, fmt.Errorf("%w %q", ErrUnknown, clip(s))
	}
	c.ID, c.Kind = fam.id, fam.kind
	if dotted && rest == "" {
		return c, fmt.Errorf("%w %q: nothing after the dot", ErrMalformed, s)
	}
	var parts []string
	if dotted {
		parts = strings.Split(rest, ".")
	}
	err := fam.parse(&c, parts)
	switch {
	case err == nil:
		return c, nil
	case errors.Is(err, ErrUnsupported):
		return c, err
	default:
		return c, fmt.Errorf("%w %q: %v", ErrMalformed, clip(s), err)
	}
}

// clip shortens a string for a message.
func clip(s string) string {
	const maxShown = 40
	if len(s) > maxShown {
		return s[:maxShown] + "…"
	}
	return s
}

type family struct {
	id    media.CodecID
	kind  media.Kind
	parse func(*Codec, []string) error
}

// families is keyed by the lower-case part before the first dot.
var families = map[string]family{
	"avc1": {media.H264, media.Video, parseAVC},
	"avc2": {media.H264, media.Video, parseAVC},
	"avc3": {media.H264, media.Video, parseAVC},
	"avc4": {media.H264, media.Video, parseAVC},
	"hvc1": {media.HEVC, media.Video, parseHEVC},
	"hev1": {media.HEVC, media.Video, parseHEVC},
	"vp8":  {media.VP8, media.Video, parseOldVP},
	"vp9":  {media.VP9, media.Video, parseOldVP},
	"vp08": {media.VP8, media.Video, parseVP},
	"vp09": {media.VP9, media.Video, parseVP},
	"av01": {media.AV1, media.Video, parseAV1},
	"mp4v": {mpeg4, media.Video, parseMP4V},
	"mp2v": {mpeg2, media.Video, parseAnything},
	"vvc1": {vvc, media.Video, parseVVC},
	"vvi1": {vvc, media.Video, parseVVC},

	"mp4a":   {"", media.Audio, parseMP4A},
	"mp3":    {media.MP3, media.Audio, parseBare},
	".mp3":   {media.MP3, media.Audio, parseBare},
	"mp1":    {mp1, media.Audio, parseBare},
	"mp2":    {media.MP2, media.Audio, parseBare},
	"mp2a":   {media.MP2, media.Audio, parseAnything},
	"aac":    {media.AAC, media.Audio, parseBare},
	"ac-3":   {media.AC3, media.Audio, parseBare},
	"ec-3":   {media.EAC3, media.Audio, parseBare},
	"opus":   {media.Opus, media.Audio, parseBare},
	"flac":   {media.FLAC, media.Audio, parseBare},
	"vorbis": {media.Vorbis, media.Audio, parseBare},
	"alac":   {media.ALAC, media.Audio, parseBare},
	"dtsc":   {dts, media.Audio, parseBare},
	"dtse":   {dts, media.Audio, parseBare},
	"dtsh":   {dts, media.Audio, parseBare},
	"dtsl":   {dts, media.Audio, parseBare},
	"dtsx":   {dts, media.Audio, refuse("DTS:X has no decoder")},
	"mlpa":   {truehd, media.Audio, parseBare},

	"wvtt": {media.WebVTT, media.Text, parseBare},
	"stpp": {media.TTML, media.Text, parseSTPP},

	"dvh1": {dolby, media.Video, parseDolbyVision},
	"dvhe": {dolby, media.Video, parseDolbyVision},
	"dva1": {dolby, media.Video, parseDolbyVision},
	"dvav": {dolby, media.Video, parseDolbyVision},
	"dav1": {dolby, media.Video, parseDolbyVision},
	"mha1": {mpegh, media.Audio, refuse("MPEG-H 3D Audio has no decoder")},
	"mha2": {mpegh, media.Audio, refuse("MPEG-H 3D Audio has no decoder")},
	"mhm1": {mpegh, media.Audio, refuse("MPEG-H 3D Audio has no decoder")},
	"mhm2": {mpegh, media.Audio, refuse("MPEG-H 3D Audio has no decoder")},
	"ac-4": {ac4, media.Audio, refuse("AC-4 has no decoder")},
	"iamf": {iamf, media.Audio, refuse("Immersive Audio (IAMF) has no decoder")},
	"evc1": {evc, media.Video, refuse("MPEG-5 EVC has no decoder")},
	"svc1": {layered, media.Video, refuse("H.264 scalable layers are not decoded")},
	"svc2": {layered, media.Video, refuse("H.264 scalable layers are not decoded")},
	"mvc1": {layered, media.Video, refuse("H.264 multiview layers are not decoded")},
	"mvc2": {layered, media.Video, refuse("H.264 multiview layers are not decoded")},
	"lhv1": {layered, media.Video, refuse("layered HEVC is not decoded")},
	"lhe1": {layered, media.Video, refuse("layered HEVC is not decoded")},
	"lvc1": {lcevc, media.Video, refuse("LCEVC enhancement layers are not decoded")},
	"c608": {cea608, media.Text, refuse("caption tracks of CEA-608 are not read")},
	"c708": {cea608, media.Text, refuse("caption tracks of CEA-708 are not read")},
	"stxt": {textNone, media.Text, refuse("simple text tracks are not read")},
	"tx3g": {textNone, media.Text, refuse("3GPP timed text is not read")},
}

func parseBare(c *Codec, parts []string) error {
	if len(parts) > 0 {
		return fmt.Errorf("%s takes no dot", c.Family)
	}
	return nil
}

// parseAnything is for families whose details nobody here needs.
func parseAnything(*Codec, []string) error { return nil }

func refuse(why string) func(*Codec, []string) error {
	return func(*Codec, []string) error { return fmt.Errorf("%w: %s", ErrUnsupported, why) }
}

// parseAVC reads avc1.PPCCLL in hexadecimal and the old avc1.PROFILE.LEVEL in decimal; the bare family is legal
// though it says nothing about the profile.
func parseAVC(c *Codec, parts []string) error {
	switch len(parts) {
	case 0:
		return nil
	case 1:
		v, err := hex(parts[0], 6, 6)
		if err != nil {
			return errors.New("profile, constraints and level are six hex digits")
		}
		c.Profile, c.Level = int(v>>16), int(v&0xff)
		if v>>8&0x10 != 0 && c.Level == 11 && c.Profile <= 88 {
			c.Level = 9 // level 1b of the old profiles
		}
	case 2:
		p, err := decimal(parts[0], 3)
		if err != nil {
			return errors.New("the profile is not a number")
		}
		l, err := decimal(parts[1], 2)
		if err != nil {
			return errors.New("the level is not a number")
		}
		c.Profile, c.Level = p, l
	default:
		return errors.New("too many dots")
	}
	c.BitDepth, c.Chroma = 8, "4:2:0"
	switch c.Profile {
	case 66, 77, 88, 100, 83, 86, 118, 128:
	case 110:
		c.BitDepth = 10
	case 122:
		c.BitDepth, c.Chroma = 10, "4:2:2"
	case 244, 44:
		c.BitDepth, c.Chroma = 0, "4:4:4" // 8 to 14 bits, the string does not tell
	default:
		return fmt.Errorf("%d is no H.264 profile", c.Profile)
	}
	return nil
}

// parseHEVC reads hvc1.[A-C]PROFILE.COMPAT.[LH]LEVEL[.XX…]. ISO/IEC 14496-15 §E.3.
func parseHEVC(c *Codec, parts []string) error {
	const minParts, maxParts = 3, 9
	if len(parts) == 0 {
		return nil
	}
	if len(parts) < minParts || len(parts) > maxParts {
		return errors.New("want profile, compatibility, tier and level, and at most six constraint bytes")
	}
	profile := parts[0]
	if profile[:min(1, len(profile))] >= "A" && profile[0] <= 'C' {
		profile = profile[1:]
	}
	p, err := decimal(profile, 2)
	if err != nil || p > 31 {
		return errors.New("the profile is not a number up to 31")
	}
	if _, err := hex(parts[1], 1, 8); err != nil {
		return errors.New("the compatibility flags are not up to eight hex digits")
	}
	l, err := tierAndLevel(c, parts[2])
	if err != nil {
		return err
	}
	for _, b := range parts[3:] {
		if _, err := hex(b, 1, 2); err != nil {
			return errors.New("a constraint byte is not two hex digits")
		}
	}
	c.Profile, c.Level = p, l
	switch p {
	case 1, 3:
		c.BitDepth, c.Chroma = 8, "4:2:0"
	case 2:
		c.BitDepth, c.Chroma = 10, "4:2:0"
	}
	return nil
}

// parseOldVP reads the WebM spellings, "vp8", "vp9" and "vp9.0".
func parseOldVP(c *Codec, parts []string) error {
	switch {
	case len(parts) == 0:
	case len(parts) == 1:
		p, err := decimal(parts[0], 1)
		if err != nil || p > 3 {
			return errors.New("the profile is not 0 to 3")
		}
		c.Profile = p
	default:
		return errors.New("too many dots")
	}
	return nil
}

// parseVVC reads vvc1.PROFILE.[LH]LEVEL and what may follow: constraints (C), sub-profiles (S) and operating points
// (O), none of which decides here. ISO/IEC 14496-15 Annex E.
func parseVVC(c *Codec, parts []string) error {
	if len(parts) == 0 {
		return nil
	}
	if len(parts) < 2 {
		return errors.New("want profile, tier and level")
	}
	p, err := decimal(parts[0], 3)
	if err != nil || p > 127 {
		return errors.New("the profile is not a number up to 127")
	}
	l, err := tierAndLevel(c, parts[1])
	if err != nil {
		return err
	}
	for _, extra := range parts[2:] {
		if extra == "" || !strings.Contains("CSO", extra[:1]) {
			return errors.New("what follows the level is neither constraints, sub-profiles nor operating points")
		}
	}
	c.Profile, c.Level = p, l
	if p == 1 || p == 17 { // Main 10, Multilayer Main 10
		c.BitDepth, c.Chroma = 10, "4:2:0"
	}
	return nil
}

// tierAndLevel reads L93 or H153.
func tierAndLevel(c *Codec, s string) (level int, err error) {
	switch {
	case strings.HasPrefix(s, "L") || strings.HasPrefix(s, "l"):
	case strings.HasPrefix(s, "H") || strings.HasPrefix(s, "h"):
		c.HighTier = true
	default:
		return 0, errors.New("the tier is neither L nor H")
	}
	level, err = decimal(s[1:], 3)
	if err != nil || level > 255 {
		return 0, errors.New("the level is not a number up to 255")
	}
	return level, nil
}

// parseVP reads vp09.PP.LL.DD and the optional CC.cp.tc.mc.FF, all of two digits. A colour field that is left out has
// its default, BT.709 in limited range.
// "VP Codec ISO Media File Format Binding", codecs parameter string.
func parseVP(c *Codec, parts []string) error {
	const mandatory, toChroma, all = 3, 4, 8
	if len(parts) < mandatory || len(parts) > all {
		return errors.New("want profile, level and bit depth, and at most five colour fields")
	}
	v := [all]int{3: 1, 4: bt709, 5: bt709, 6: bt709}
	for i, p := range parts {
		n, err := digits(p, 10, 2, 2)
		if err != nil {
			return fmt.Errorf("field %d is not two digits", i+1)
		}
		v[i] = int(n)
	}
	if v[0] > 3 {
		return errors.New("the profile is not 0 to 3")
	}
	if v[2] != 8 && v[2] != 10 && v[2] != 12 {
		return errors.New("the bit depth is not 8, 10 or 12")
	}
	if v[3] > 3 {
		return errors.New("the chroma subsampling is not 0 to 3")
	}
	if v[7] > 1 {
		return errors.New("the full range flag is not 0 or 1")
	}
	c.Profile, c.Level, c.BitDepth = v[0], v[1], v[2]
	c.Chroma = [...]string{"4:2:0", "4:2:0", "4:2:2", "4:4:4"}[v[3]]
	if len(parts) > toChroma {
		c.Color = colour(v[4], v[5], v[6], v[7] == 1)
	}
	if c.ID != media.VP9 {
		return nil
	}
	other := v[0]&1 == 1 // profiles 1 and 3 are for subsampling other than 4:2:0
	switch {
	case other && len(parts) == mandatory:
		c.Chroma = "" // which one, the string does not tell
	case other == (c.Chroma == "4:2:0"):
		c.Note = fmt.Sprintf("profile %d does not have %s", v[0], c.Chroma)
	}
	if (v[0] < 2) != (v[2] == 8) {
		c.Note = fmt.Sprintf("profile %d does not have %d bits", v[0], v[2])
	}
	return nil
}

// parseAV1 reads av01.P.LLT.DD and the optional M.CCC.cp.tc.mc.F, each with just as many digits. The optional fields
// should be there all or none; what is left out at the end has its default, 4:2:0 and BT.709 in limited range.
// "AV1 Codec ISO Media File Format Binding" §5.
func parseAV1(c *Codec, parts []string) error {
	const mandatory, toChroma, all = 3, 5, 9
	if len(parts) < mandatory || len(parts) > all {
		return errors.New("want profile, level and tier, and bit depth, and at most six colour fields")
	}
	field := func(i, width, missing int) (int, error) {
		if i >= len(parts) {
			return missing, nil
		}
		n, err := digits(parts[i], 10, width, width)
		return int(n), err
	}
	p, err := field(0, 1, 0)
	if err != nil || p > 2 {
		return errors.New("the profile is not 0 to 2")
	}
	lt := parts[1]
	if len(lt) != 3 || lt[2] != 'M' && lt[2] != 'H' {
		return errors.New("the level is not two digits and M or H")
	}
	l, err := decimal(lt[:2], 2)
	if err != nil || l > 31 {
		return errors.New("the level is not 00 to 31")
	}
	d, err := field(2, 2, 0)
	if err != nil || d != 8 && d != 10 && d != 12 {
		return errors.New("the bit depth is not 08, 10 or 12")
	}
	mono, err := field(3, 1, 0)
	if err != nil || mono > 1 {
		return errors.New("the monochrome flag is not 0 or 1")
	}
	chroma := [...]string{"4:2:0", "4:4:4", ""}[p]
	if len(parts) >= toChroma {
		told, err := av1Chroma(parts[toChroma-1])
		if err != nil {
			return err
		}
		if chroma != "" && told != chroma {
			c.Note = fmt.Sprintf("profile %d does not have %s", p, told)
		}
		chroma = told
	}
	if mono == 1 {
		if chroma = "4:0:0"; p == 1 {
			c.Note = "profile 1 is not monochrome"
		}
	}
	if d == 12 && p < 2 {
		c.Note = fmt.Sprintf("profile %d does not have 12 bits", p)
	}
	v := [3]int{}
	for i := range v {
		if v[i], err = field(toChroma+i, 2, bt709); err != nil {
			return fmt.Errorf("colour field %d is not two digits", i+1)
		}
	}
	full, err := field(all-1, 1, 0)
	if err != nil || full > 1 {
		return errors.New("the full range flag is not 0 or 1")
	}
	c.Profile, c.Level, c.HighTier, c.BitDepth, c.Chroma = p, l, lt[2] == 'H', d, chroma
	if len(parts) > toChroma {
		c.Color = colour(v[0], v[1], v[2], full == 1)
	}
	return nil
}

// av1Chroma reads the subsampling in both directions and the position of the samples, which only 4:2:0 has.
func av1Chroma(s string) (string, error) {
	if _, err := digits(s, 10, 3, 3); err != nil {
		return "", errors.New("the chroma subsampling is not three digits")
	}
	chroma := map[string]string{"11": "4:2:0", "10": "4:2:2", "00": "4:4:4"}[s[:2]]
	if chroma == "" || s[2] > '3' || s[2] != '0' && chroma != "4:2:0" {
		return "", errors.New("no such chroma subsampling")
	}
	return chroma, nil
}

// bt709 is ITU-R BT.709 in all three of H.273's colour fields, and their default.
const bt709 = 1

func colour(primaries, transfer, matrix int, full bool) media.ColorInfo {
	m := uint8(matrix)
	if m == 0 {
		m = media.MatrixGBR
	}
	return media.ColorInfo{Primaries: uint8(primaries), Transfer: uint8(transfer), Matrix: m, FullRange: full, Known: true}
}

// parseMP4A reads mp4a.OTI[.AOT]: the MPEG-4 object type in hex and, for object type 40, the audio object type
// in decimal. https://mp4ra.org/registered-types/object-types
func parseMP4A(c *Codec, parts []string) error {
	if len(parts) == 0 {
		return errors.New("the object type is missing, as in mp4a.40.2")
	}
	oti, err := hex(parts[0], 2, 2)
	if err != nil {
		return errors.New("the object type is not two hex digits")
	}
	if oti != 0x40 {
		if len(parts) > 1 {
			return fmt.Errorf("object type %02X takes no further dot", oti)
		}
		c.ID = mpegAudioTypes[uint8(oti)]
		if c.ID == "" {
			return fmt.Errorf("%w: object type %02X is no audio format with a decoder", ErrUnsupported, oti)
		}
		return nil
	}
	c.ID = media.AAC
	if len(parts) == 1 {
		return errors.New("the audio object type is missing, as in mp4a.40.2")
	}
	if len(parts) > 2 {
		return errors.New("too many dots")
	}
	aot, err := decimal(parts[1], 2)
	if err != nil || aot == 0 {
		return errors.New("the audio object type is not a number")
	}
	c.Profile = aot
	switch aot {
	case 1, 2, 3, 4, 5, 17, 20, 23, 29, 39, 42:
	case 32:
		c.ID = mp1
	case 33:
		c.ID = media.MP2
	case 34:
		c.ID = media.MP3
	case 36:
		c.ID = als
	default:
		return fmt.Errorf("%w: MPEG-4 audio object type %d has no decoder", ErrUnsupported, aot)
	}
	return nil
}

var mpegAudioTypes = map[uint8]media.CodecID{
	0x66: media.AAC, 0x67: media.AAC, 0x68: media.AAC, // MPEG-2 AAC Main, LC, SSR
	0x69: media.MP3, 0x6b: media.MP3,
	0xa5: media.AC3, 0xa6: media.EAC3,
	0xa9: dts, 0xaa: dts, 0xab: dts, 0xac: dts,
	0xad: media.Opus, 0xdd: media.Vorbis,
}

// parseMP4V reads mp4v.OTI[.PROFILE].
func parseMP4V(c *Codec, parts []string) error {
	if len(parts) == 0 {
		return nil
	}
	oti, err := hex(parts[0], 2, 2)
	if err != nil {
		return errors.New("the object type is not two hex digits")
	}
	switch {
	case oti == 0x20:
	case oti == 0x21:
		c.ID = media.H264
	case oti >= 0x60 && oti <= 0x65:
		c.ID = mpeg2
	case oti == 0x6a:
		c.ID = mpeg1
	case oti == 0x6c:
		c.ID = mjpeg
	default:
		return fmt.Errorf("%w: object type %02X is no video format with a decoder", ErrUnsupported, oti)
	}
	if len(parts) > 2 {
		return errors.New("too many dots")
	}
	if len(parts) == 2 {
		p, err := decimal(parts[1], 3)
		if err != nil {
			return errors.New("the profile is not a number")
		}
		c.Profile = p
	}
	return nil
}

// parseSTPP accepts any TTML profile list after the dot, "ttml.im1t", "ttml.im1t|etd1": the profile decides
// between text and image profile, nothing else.
func parseSTPP(c *Codec, parts []string) error {
	for i, p := range parts {
		if i == 0 && !strings.EqualFold(p, "ttml") {
			return fmt.Errorf("%q is not ttml", p)
		}
	}
	if len(parts) > 1 && strings.Contains(parts[1], "im1i") || len(parts) > 1 && strings.Contains(parts[1], "im2i") {
		c.Note = "image profile"
	}
	return nil
}

// parseDolbyVision reads dvh1.PP.LL. Profiles 4, 7 and 8 carry an HEVC base layer and profile 9 an H.264 one that
// show a proper picture without the enhancement; 5 and 10 do not, or do not say so.
func parseDolbyVision(c *Codec, parts []string) error {
	if len(parts) != 2 {
		return errors.New("want profile and level, as in dvh1.08.07")
	}
	p, err := decimal(parts[0], 2)
	if err != nil {
		return errors.New("the profile is not a number")
	}
	l, err := decimal(parts[1], 2)
	if err != nil {
		return errors.New("the level is not a number")
	}
	c.Profile, c.Level = p, l
	const note = "Dolby Vision: only the base layer is shown"
	switch head := strings.ToLower(c.Family); {
	case (head == "dvh1" || head == "dvhe") && (p == 4 || p == 7 || p == 8):
		c.ID, c.BitDepth, c.Chroma, c.Note = media.HEVC, 10, "4:2:0", note
		return nil
	case (head == "dva1" || head == "dvav") && p == 9:
		c.ID, c.BitDepth, c.Chroma, c.Note = media.H264, 8, "4:2:0", note
		return nil
	}
	return fmt.Errorf("%w: Dolby Vision profile %d has no base layer that plays without it", ErrUnsupported, p)
}

// hex parses between lo and hi hexadecimal digits and nothing else.
func hex(s string, lo, hi int) (uint64, error) { return digits(s, 16, lo, hi) }

// decimal parses one to n decimal digits and nothing else.
func decimal(s string, n int) (int, error) {
	v, err := digits(s, 10, 1, n)
	return int(v), err
}

func digits(s string, base, lo, hi int) (uint64, error) {
	if len(s) < lo || len(s) > hi || s[0] == '+' {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseUint(s, base, 32)
}
