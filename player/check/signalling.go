package check

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mseplayer/mse/bitstream"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/manifest"
)

// signals are what the bitstream of one stream says of itself. The zero value has seen nothing.
type signals struct {
	config         *media.DecoderConfig // that was read last
	record, stream *bitstream.Facts     // of it
	was            *bitstream.Facts     // the facts of the frame before

	first   *bitstream.Facts // what the first frame was coded with
	lies    oddity           // a configuration that does not agree with a frame
	lie     string
	changes oddity // the bitstream changes within a stretch
	change  string
	part    *part
}

// see looks at the next frame.
func (g *signals) see(f *media.CodedFrame, p *part) {
	if f.Config == nil {
		return
	}
	fresh := f.Config != g.config
	if fresh {
		g.config = f.Config
		g.record, g.stream = bitstream.OfConfig(f.Config)
	}
	if !fresh && !f.RAP {
		return
	}
	is := bitstream.OfFrame(f)
	told := is != nil // by the frame itself
	if is == nil {
		is = g.stream
	}
	if is == nil {
		return
	}
	if g.first == nil {
		g.first = is
	}
	if g.lie == "" {
		why := ""
		if told && g.stream != nil {
			why = differ(g.stream, is)
		}
		if g.record != nil && why == "" {
			why = beyond(g.record, is)
		}
		if why != "" {
			g.lie = why
			g.lies.note(f.PTS, p, 0)
		}
	}
	if g.was != nil && g.part == p {
		if why := differ(g.was, is); why != "" {
			if g.change == "" {
				g.change = why
			}
			g.changes.note(f.PTS, p, 0)
		}
	}
	g.was, g.part = is, p
}

// picture is what decides whether pictures are of the same kind.
func picture(f *bitstream.Facts) string {
	return fmt.Sprintf("%s of profile %d, %dx%d, %d bits, %s", f.Codec, f.Profile, f.Width, f.Height, f.BitDepth, f.Chroma)
}

// differ says in which way the pictures or the sound of two coded streams are of different kinds, "" if they are not.
func differ(a, b *bitstream.Facts) string {
	switch {
	case a.Codec == media.AAC && b.Codec == media.AAC:
		if a.Profile == b.Profile && a.Rate == b.Rate && a.Channels == b.Channels {
			return ""
		}
		return fmt.Sprintf("%s, %d Hz, %d channels became %s, %d Hz, %d channels", a, a.Rate, a.Channels, b, b.Rate, b.Channels)
	case picture(a) != picture(b):
		return picture(a) + " became " + picture(b)
	case a.Color.Known && b.Color.Known && (!sameTransfer(a.Color.Transfer, b.Color.Transfer) || !samePrimaries(a.Color.Primaries, b.Color.Primaries)):
		return fmt.Sprintf("primaries %d and transfer %d became %d and %d", a.Color.Primaries, a.Color.Transfer, b.Color.Primaries, b.Color.Transfer)
	}
	return ""
}

// beyond says what a coded stream needs that the head of its configuration does not announce, "" for nothing.
func beyond(record, is *bitstream.Facts) string {
	switch {
	case record.Profile >= 0 && is.Profile >= 0 && record.Profile != is.Profile:
		return fmt.Sprintf("profile %d, the pictures are of profile %d", record.Profile, is.Profile)
	case record.Level >= 0 && is.Level > record.Level:
		return fmt.Sprintf("level %d, the pictures are of level %d", record.Level, is.Level)
	case record.HighTier != is.HighTier:
		return fmt.Sprintf("tier %s, the pictures are of tier %s", tierName(record.HighTier), tierName(is.HighTier))
	case record.BitDepth > 0 && is.BitDepth > 0 && record.BitDepth != is.BitDepth:
		return fmt.Sprintf("%d bits, the pictures have %d", record.BitDepth, is.BitDepth)
	case record.Chroma != "" && is.Chroma != "" && record.Chroma != is.Chroma:
		return fmt.Sprintf("%s, the pictures have %s", record.Chroma, is.Chroma)
	}
	return ""
}

func tierName(high bool) string {
	if high {
		return "high"
	}
	return "main"
}

// judgeSignals reports configurations that do not agree with the bitstream, and bitstreams that change.
func (s *stream) judgeSignals(found *findings, make func(code, message string) Finding) {
	g := &s.signals
	say := func(code, message, hint string, o *oddity) {
		f := make(code, message)
		f.Time, f.Hint, f.Evidence = Seconds(o.at.Add(o.part.shift)), Text(hint), map[string]any{"count": o.n}
		if i := o.part.segmentAt(o.at); i >= 0 {
			for k := range o.part.segments {
				if x := &o.part.segments[k]; x.index == i {
					f.Segment = x.place()
				}
			}
		}
		found.add(f)
	}
	if g.lie != "" {
		message := "the decoder configuration outside of the media says " + g.lie
		if before, after, ok := strings.Cut(g.lie, " became "); ok {
			message = fmt.Sprintf("the decoder configuration outside of the media is for %s, the media in it is %s", before, after)
		}
		say(codeConfig, message, "write the configuration of the sample entry from the stream that it is for", &g.lies)
	}
	if g.change != "" {
		before, after, _ := strings.Cut(g.change, " became ")
		say(codeParameterChange, fmt.Sprintf("what is coded changes within the track, %s, first from %s to %s", times(g.changes.n), before, after),
			"encode a representation with the same parameters throughout, or begin a new period or a discontinuity", &g.changes)
	}
}

// disagreement is how a codecs list disagrees with the media.
type disagreement struct {
	severity manifest.Severity
	why      string
}

// codecsMismatch says how a codecs list disagrees with a configuration and with what the bitstream says of itself, nil
// for nothing; the worst comes first. An error is what a decoder refuses, or cannot decode, that the list configures.
func codecsMismatch(declared []mime.Codec, c *media.DecoderConfig, is *bitstream.Facts) *disagreement {
	own := mime.FromConfig(c)
	actual, err := mime.ParseCodec(own)
	if err != nil {
		return nil
	}
	i := slices.IndexFunc(declared, func(d mime.Codec) bool { return d.ID == c.Codec || d.ID == "" && d.Kind == c.Kind })
	if i < 0 {
		return &disagreement{manifest.SeverityError, fmt.Sprintf("the manifest says %s, the media is %s", list(declared), own)}
	}
	d := declared[i]
	if d.ID == "" || actual.Kind != c.Kind {
		return nil
	}
	constraints := [2]string{}
	if is != nil && c.Codec != media.AAC {
		actual.Profile, actual.HighTier, actual.BitDepth, actual.Chroma = is.Profile, is.HighTier, is.BitDepth, is.Chroma
		if is.Level >= 0 {
			actual.Level = is.Level
		}
		if is.Level >= 0 && c.Codec != media.VP9 {
			own = strings.Replace(is.String(), mime.CodecString(c.Codec, "", nil), cmp.Or(actual.Family, own), 1)
		}
		if claimed, ok := claims(d); ok && d.Profile == is.Profile {
			constraints = missingFlags(claimed, is)
		}
	}
	says := func(sev manifest.Severity, what, said, has string) *disagreement {
		return &disagreement{sev, fmt.Sprintf("the manifest says %s, which means %s %s; the media is %s, %s", d.String, what, said, own, has)}
	}
	exact := c.Codec == media.VP9 || c.Codec == media.AV1 // the string tells what is there, not what is the most
	switch {
	case d.Profile >= 0 && actual.Profile >= 0 && !sameProfile(c.Codec, d.Profile, actual.Profile):
		sev := manifest.SeverityWarning
		if !decodes(c.Codec, d.Profile, actual.Profile) && (is == nil || c.Codec != media.HEVC || !is.Conforms(d.Profile)) {
			sev = manifest.SeverityError
		}
		return says(sev, "profile", strconv.Itoa(d.Profile), "of profile "+strconv.Itoa(actual.Profile))
	case d.BitDepth > 0 && actual.BitDepth > d.BitDepth:
		return says(manifest.SeverityError, "bits a sample:", strconv.Itoa(d.BitDepth), fmt.Sprintf("of %d bits", actual.BitDepth))
	case d.Chroma != "" && rankOf(actual.Chroma) > rankOf(d.Chroma):
		return says(manifest.SeverityError, "chroma", d.Chroma, "with "+actual.Chroma)
	case d.Level >= 0 && actual.Level > d.Level:
		return says(manifest.SeverityWarning, "level", strconv.Itoa(d.Level), "of level "+strconv.Itoa(actual.Level))
	case actual.HighTier && !d.HighTier && d.Level >= 0:
		return says(manifest.SeverityWarning, "tier", tierName(false), "of tier "+tierName(true))
	case exact && d.BitDepth > 0 && actual.BitDepth > 0 && actual.BitDepth != d.BitDepth:
		return says(manifest.SeverityWarning, "bits a sample:", strconv.Itoa(d.BitDepth), fmt.Sprintf("of %d bits", actual.BitDepth))
	case (c.Codec == media.H264 || c.Codec == media.HEVC) && !strings.EqualFold(d.Family, actual.Family):
		return &disagreement{manifest.SeverityWarning, fmt.Sprintf("the manifest says %s, the sample entry is %s", d.String, actual.Family)}
	case constraints != [2]string{}:
		return says(manifest.SeverityInfo, "constraints", constraints[0], "with "+constraints[1])
	}
	return nil
}

// rankOf orders subsampling by what a decoder must be able to.
func rankOf(chroma string) int {
	return slices.Index([]string{"4:0:0", "4:2:0", "4:4:0", "4:2:2", "4:4:4"}, chroma)
}

// claims are the constraint flags of a codecs string: one byte of H.264, or up to six of HEVC.
func claims(d mime.Codec) (flags [6]byte, ok bool) {
	_, rest, _ := strings.Cut(d.String, ".")
	switch parts := strings.Split(rest, "."); {
	case d.ID == media.H264 && len(parts) == 1 && len(rest) == 6:
		v, err := strconv.ParseUint(rest[2:4], 16, 8)
		return [6]byte{byte(v)}, err == nil
	case d.ID == media.HEVC && len(parts) > 3:
		for i, p := range parts[3:min(len(parts), 3+len(flags))] {
			v, err := strconv.ParseUint(p, 16, 8)
			if err != nil {
				return flags, false
			}
			flags[i] = byte(v)
		}
		return flags, true
	}
	return flags, false
}

// missingFlags returns the constraints that are claimed and those that the bitstream keeps, as text, when it does not
// keep all of them.
func missingFlags(claimed [6]byte, is *bitstream.Facts) [2]string {
	n := 1
	if is.Codec == media.HEVC {
		n = len(claimed)
	}
	for i := range n {
		if claimed[i]&^is.Flags[i] != 0 {
			return [2]string{fmt.Sprintf("%X", claimed[:n]), fmt.Sprintf("%X", is.Flags[:n])}
		}
	}
	return [2]string{}
}

// sameProfile compares profiles. AAC may or may not announce the extensions that it decodes with.
func sameProfile(id media.CodecID, a, b int) bool {
	if id != media.AAC {
		return a == b
	}
	extended := func(p int) bool { return p == bitstream.TypeLC || p == bitstream.TypeSBR || p == bitstream.TypePS }
	return a == b || extended(a) && extended(b)
}

// decodes reports whether a decoder for one profile decodes another one too.
// ISO/IEC 14496-10 §A.2, ISO/IEC 23008-2 §A.3, AV1 bitstream specification §A.2.
func decodes(id media.CodecID, decoder, stream int) bool {
	switch id {
	case media.H264:
		order := []int{66, 77, 100, 110, 122, 244}
		return slices.Contains(order, stream) && slices.Index(order, stream) <= slices.Index(order, decoder) || stream == 66 && decoder == 88
	case media.HEVC:
		order := []int{3, 1, 2, 4}
		return slices.Contains(order, stream) && slices.Index(order, stream) <= slices.Index(order, decoder)
	case media.AV1:
		return stream <= decoder
	case media.VP9:
		return stream&^decoder == 0
	}
	return false
}

// judgeExtensions compares the extensions of AAC that the codecs list names with those that the media has: the bands that
// are replicated double the sampling rate, parametric stereo the channels.
func (t *segmentTask) judgeExtensions(declared []mime.Codec, s *stream, d *decoded) {
	is := s.signals.first
	i := slices.IndexFunc(declared, func(d mime.Codec) bool { return d.ID == media.AAC })
	if is == nil || is.Codec != media.AAC || i < 0 {
		return
	}
	said := declared[i].Profile
	replicates := is.SBR || d.rate > is.Rate
	sev, why := manifest.SeverityInfo, ""
	switch {
	case said == bitstream.TypeLC && (is.Profile == bitstream.TypeSBR || is.Profile == bitstream.TypePS):
		sev, why = manifest.SeverityWarning, "the configuration of the media announces that bands are replicated: "+is.String()
	case (said == bitstream.TypeSBR || said == bitstream.TypePS) && d.rate > 0 && is.Rate > 0 && is.Profile == bitstream.TypeLC && !replicates:
		why = fmt.Sprintf("the media has no replicated bands: it is %s of %d Hz", is, is.Rate)
	case said == bitstream.TypePS && d.channels == 1 && is.Channels == 1:
		why = "the media has no parametric stereo: what is decoded has one channel"
	default:
		return
	}
	f := t.finding(manifest.CodeCodecsMismatch, fmt.Sprintf("the manifest says %s, %s", declared[i].String, why))
	f.Severity, f.Hint = sev, "name the object type that the sound is coded with"
	f.Evidence = map[string]any{"declared": t.rep.Codecs, "media": is.String()}
	t.found.add(f)
}
