package check

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/manifest"
)

const (
	// rateTolerance is by which part a declared frame rate may be off, bandwidthTolerance by which one a bandwidth, aspect
	// tolerance by which one a sample aspect ratio.
	rateTolerance      = 0.02
	bandwidthTolerance = 0.01
	aspectTolerance    = 0.01
	// minRated is how many pictures a frame rate is taken from at least.
	minRated = 25
	// spoiledPart is the part of damaged pictures from which on they are no single fault: the whole does not fit.
	spoiledPart = 0.25
)

// judgeDeclared compares what a manifest says of a representation with its first stream s.
func (t *segmentTask) judgeDeclared(s *stream) {
	d := t.decodedOf(s)
	switch s.info.Kind {
	case media.Video:
		t.judgeFrameRate(s)
		t.judgeAspect(s, d)
		t.judgeColor(s, d)
	case media.Audio:
		t.judgeSound(s, d)
	default:
	}
	if len(t.meter.streams) == 1 && t.source.Presentation.Format == manifest.DASH && t.source.Presentation.Live == nil && !t.pictures && !t.choice.Set.TrickMode {
		t.judgeBandwidth(s)
	}
}

// decodedOf is what was decoded of a stream, nothing when it was not.
func (t *segmentTask) decodedOf(s *stream) *decoded {
	if t.pipe != nil {
		if l := t.pipe.lane(s); l != nil {
			return &l.out
		}
	}
	return &decoded{}
}

// judgeFrameRate compares the frame rate. That of a playlist is the highest.
func (t *segmentTask) judgeFrameRate(s *stream) {
	said := t.rep.FrameRate.Float()
	if said <= 0 || s.frames < minRated || s.length <= 0 || t.pictures || t.choice.Set.TrickMode {
		return
	}
	is := float64(s.frames) / float64(s.length)
	if off := is/said - 1; math.Abs(off) <= rateTolerance || off < 0 && t.source.Presentation.Format == manifest.HLS {
		return
	}
	f := t.finding(codeFrameRate, fmt.Sprintf("the manifest says %.6g pictures a second, the media has %.6g", said, is))
	f.Hint = "declare the frame rate of the media"
	f.Evidence = map[string]any{"declared": math.Round(said*1e6) / 1e6, "media": math.Round(is*1e6) / 1e6}
	t.found.add(f)
}

// judgeAspect compares the sample aspect ratio.
func (t *segmentTask) judgeAspect(s *stream, d *decoded) {
	said := t.rep.SAR.Float()
	num, den := d.sarNum, d.sarDen
	if c := s.info.Config; num == 0 && c != nil {
		num, den = c.SARNum, c.SARDen
	}
	if said <= 0 || num <= 0 || den <= 0 {
		return
	}
	if is := float64(num) / float64(den); math.Abs(is/said-1) > aspectTolerance {
		f := t.finding(codeSAR, fmt.Sprintf("the manifest says that samples are %d:%d, in the media they are %d:%d", t.rep.SAR.Num, t.rep.SAR.Den, num, den))
		f.Hint = Text(fmt.Sprintf("write sar=\"%d:%d\"", num, den))
		f.Evidence = map[string]any{"declared": said, "media": is}
		t.found.add(f)
	}
}

// judgeSound compares sampling rate and channels. Extensions of AAC double the one and may double the other, and
// manifests declare what is heard or what is coded.
func (t *segmentTask) judgeSound(s *stream, d *decoded) {
	c := s.info.Config
	if c == nil {
		return
	}
	differs := func(said int, is ...int) bool {
		known := slices.DeleteFunc(is, func(n int) bool { return n <= 0 })
		return said > 0 && len(known) > 0 && !slices.Contains(known, said)
	}
	rates, channels := []int{c.SampleRate, d.rate}, []int{c.Channels, d.channels}
	if c.Codec == media.AAC && strings.Contains(t.rep.Codecs, "mp4a.40.") && !strings.HasSuffix(t.rep.Codecs, ".2") {
		rates, channels = append(rates, 2*c.SampleRate, c.SampleRate/2), append(channels, 2*c.Channels)
	}
	if c.Codec == media.EAC3 || c.Codec == media.AC3 || c.Codec == "ac4" { // objects count as channels, or not
		channels = nil
	}
	if differs(t.rep.SampleRate, rates...) {
		f := t.finding(codeAudio, fmt.Sprintf("the manifest says %d Hz, the sound has %d Hz", t.rep.SampleRate, c.SampleRate))
		f.Hint = "declare the audioSamplingRate of the media"
		f.Evidence = map[string]any{"declared": t.rep.SampleRate, "media": c.SampleRate}
		t.found.add(f)
	}
	if differs(t.rep.Channels, channels...) {
		f := t.finding(codeAudio, fmt.Sprintf("the manifest says %d channels, the sound has %d", t.rep.Channels, max(c.Channels, d.channels)))
		f.Hint = "declare the channels of the media in AudioChannelConfiguration"
		f.Evidence = map[string]any{"declared": t.rep.Channels, "media": max(c.Channels, d.channels)}
		t.found.add(f)
	}
}

// Transfer characteristics with a high dynamic range. ISO/IEC 23091-2.
const (
	transferPQ  = 16
	transferHLG = 18
)

// judgeColor compares the colour that the manifest announces with that of the pictures.
func (t *segmentTask) judgeColor(s *stream, d *decoded) {
	is := d.color
	box := media.ColorInfo{}
	if c := s.info.Config; c != nil {
		box = c.Color
	}
	if is.Transfer == 0 && is.Primaries == 0 {
		is = box
	}
	if b := s.signals.first; b != nil && b.Color.Known {
		t.judgeBox(box, b.Color)
		if b.Color.Transfer > 0 {
			is.Transfer = b.Color.Transfer
		}
		if b.Color.Primaries > 0 {
			is.Primaries = b.Color.Primaries
		}
	}
	if d.pictures == 0 && is.Transfer == 0 {
		return // nothing has been seen
	}
	f := func(what, said string, value uint8) {
		is := "does not tell any"
		if value > 0 {
			is = "has " + strconv.Itoa(int(value))
		}
		x := t.finding(codeColor, fmt.Sprintf("the manifest says %s %s, the media %s", what, said, is))
		x.Hint = "announce the colour that the bitstream has: screens are switched by what the manifest says"
		x.Evidence = map[string]any{"what": what, "declared": said, "media": value}
		t.found.add(x)
	}
	announced := false
	for _, p := range slices.Concat(t.rep.Essential, t.choice.Set.Essential, t.rep.Extra, t.choice.Set.Extra) {
		value, err := strconv.ParseUint(strings.TrimSpace(p.Value), 10, 8)
		switch v := uint8(value); strings.ToLower(p.Scheme) {
		case "urn:mpeg:mpegb:cicp:transfercharacteristics":
			announced = true
			if err == nil && !sameTransfer(v, is.Transfer) {
				f("transfer characteristics", p.Value, is.Transfer)
			}
		case "urn:mpeg:mpegb:cicp:colourprimaries":
			if err == nil && !samePrimaries(v, is.Primaries) {
				f("colour primaries", p.Value, is.Primaries)
			}
		case "video-range":
			announced = true
			dynamic := map[uint8]string{transferPQ: "PQ", transferHLG: "HLG"}[is.Transfer]
			if dynamic == "" {
				dynamic = "SDR"
			}
			if said := strings.ToUpper(p.Value); slices.Contains([]string{"SDR", "PQ", "HLG"}, said) && said != dynamic {
				f("the video range", said, is.Transfer)
			}
		}
	}
	for _, c := range declaredCodecs(t.rep.Codecs) {
		switch {
		case c.Kind != media.Video:
		case c.Color.Known && !sameTransfer(c.Color.Transfer, is.Transfer):
			announced = true
			f("transfer characteristics", fmt.Sprintf("%d (%s)", c.Color.Transfer, c.String), is.Transfer)
		case c.Color.Known, strings.HasPrefix(strings.ToLower(c.Family), "dv"): // Dolby Vision has its own
			announced = true
		}
	}
	if !announced && (is.Transfer == transferPQ || is.Transfer == transferHLG) {
		x := t.finding(codeColor, fmt.Sprintf("the pictures have a high dynamic range (transfer characteristics %d), and the manifest does not announce it", is.Transfer))
		x.Severity, x.Hint = manifest.SeverityWarning, "add EssentialProperty or SupplementalProperty urn:mpeg:mpegB:cicp:TransferCharacteristics"
		if t.source.Presentation.Format == manifest.HLS {
			x.Hint = "add VIDEO-RANGE to EXT-X-STREAM-INF"
			if t.rep.Bandwidth == 0 { // there is no multivariant playlist to say so
				x.Severity = manifest.SeverityInfo
			}
		}
		x.Evidence = map[string]any{"what": "transfer characteristics", "media": is.Transfer}
		t.found.add(x)
	}
}

// judgeBox compares the colour that the container describes with that of the bitstream.
func (t *segmentTask) judgeBox(box, is media.ColorInfo) {
	if !box.Known || is.Transfer == 0 || box.Transfer == 0 || sameTransfer(box.Transfer, is.Transfer) && samePrimaries(box.Primaries, is.Primaries) {
		return
	}
	x := t.finding(codeColor, fmt.Sprintf("the container says primaries %d and transfer characteristics %d, the bitstream says %d and %d", box.Primaries, box.Transfer, is.Primaries, is.Transfer))
	x.Hint = "write the colr box from the bitstream: some players believe the one, some the other"
	x.Evidence = map[string]any{"what": "colr", "declared": box.Transfer, "media": is.Transfer}
	t.found.add(x)
}

// declaredCodecs are the items of a codecs list that can be read.
func declaredCodecs(list string) []mime.Codec {
	all, _ := mime.ParseCodecs(list)
	return slices.DeleteFunc(all, func(c mime.Codec) bool { return c.ID == "" })
}

// sameTransfer compares transfer characteristics; several numbers mean the same curve, and media that tells none is taken
// for that.
func sameTransfer(said, is uint8) bool {
	plain := func(v uint8) bool { return v == 0 || v == 1 || v == 2 || v == 6 || v == 14 || v == 15 }
	return said == is || plain(said) && plain(is)
}

// samePrimaries compares colour primaries; media that tells none may have any.
func samePrimaries(said, is uint8) bool {
	ntsc := func(v uint8) bool { return v == 6 || v == 7 }
	unknown := func(v uint8) bool { return v == 0 || v == 2 }
	return said == is || ntsc(said) && ntsc(is) || unknown(said) || unknown(is)
}

// judgeBandwidth compares the declared bandwidth with what a client needs that begins at any segment, after
// minBufferTime, and gets the media at a constant rate: each segment must be there before it ends.
// ISO/IEC 23009-1 §5.3.5.4.
func (t *segmentTask) judgeBandwidth(s *stream) {
	said := float64(t.rep.Bandwidth)
	list := s.placed()
	if said <= 0 || len(list) < 2 || len(t.spoiled) > 0 || t.opt.MaxDuration > 0 {
		return
	}
	buffer := float64(t.source.Presentation.MinBufferTime)
	if buffer <= 0 {
		buffer = float64(list[0].at.Len())
	}
	need, at := least(list, buffer, float64(s.cover.longest))
	if need <= said*(1+bandwidthTolerance) {
		return
	}
	p := &list[at]
	f := t.finding(codeBandwidth, fmt.Sprintf("the manifest says %.0f bit/s, a client that buffers %.3g s needs %.0f bit/s to have segment %d in time", said, buffer, need, p.number))
	f.Hint = Text(fmt.Sprintf("write bandwidth=\"%d\", or a longer minBufferTime", int64(math.Ceil(need))))
	f.Segment, f.Time = p.place(), Seconds(p.at.Start)
	f.Evidence = map[string]any{"declared": t.rep.Bandwidth, "leastConforming": int64(math.Ceil(need)), "minBufferTime": buffer}
	if s.length > 0 {
		f.Evidence["average"] = average(t.bytes, float64(s.length))
	}
	t.found.add(f)
}

// least returns the least bandwidth in bits per second with which all segments are there in time, and the segment that
// needs it. frame is how long before the end of a segment the last of it must be there.
func least(list []placed, buffer, frame float64) (need float64, at int) {
	short := func(b float64) int { // the first segment that is late
		sum, ahead := 0.0, math.Inf(-1)
		for i := range list {
			p := &list[i]
			ahead = max(ahead, b*float64(p.at.Start)-sum)
			sum += 8 * float64(p.bytes)
			if sum+ahead > b*(float64(p.at.End)-frame+buffer) {
				return i
			}
		}
		return -1
	}
	low, high := 1.0, 1e3
	for short(high) >= 0 && high < 1e12 {
		high *= 2
	}
	const steps = 60
	for range steps {
		if mid := (low + high) / 2; short(mid) >= 0 {
			low = mid
		} else {
			high = mid
		}
	}
	return high, max(0, short(low))
}

// judgeKind reports media of another kind than the manifest says.
func (t *segmentTask) judgeKind() {
	if !t.otherKind() {
		return
	}
	var kinds []string
	for _, s := range t.meter.streams {
		kinds = append(kinds, s.info.Kind.String())
	}
	f := t.finding(codeType, fmt.Sprintf("the manifest says %s, the media is %s", t.rep.MIMEType, strings.Join(kinds, " and ")))
	f.Severity = manifest.SeverityError
	f.Hint, f.Evidence = "correct mimeType or contentType", map[string]any{"declared": t.rep.MIMEType, "media": kinds}
	t.found.add(f)
}

// otherKind reports whether no stream is of the kind that the manifest says.
func (t *segmentTask) otherKind() bool {
	return len(t.meter.streams) > 0 && (t.rep.Kind == manifest.Video || t.rep.Kind == manifest.Audio) && t.source.Presentation.Format == manifest.DASH &&
		!slices.ContainsFunc(t.meter.streams, func(s *stream) bool { return manifest.Kind(s.info.Kind) == t.rep.Kind })
}

// otherContainerThan names the container that b begins with when it is another one than c, else "".
func otherContainerThan(c mime.Container, b []byte) string {
	is, own := sniffContainer(b), containerNames[c]
	if is == own || own == "" || own == "mpeg-audio" {
		return ""
	}
	return is
}

// sniffContainer names the container that b begins with, "" when it is none that has segments.
func sniffContainer(b []byte) string {
	const packet = 188
	switch {
	case bytes.HasPrefix(b, []byte{0x1a, 0x45, 0xdf, 0xa3}), bytes.HasPrefix(b, []byte{0x1f, 0x43, 0xb6, 0x75}):
		return "webm"
	case len(b) > packet && b[0] == 0x47 && b[packet] == 0x47:
		return "mp2t"
	case len(b) >= 8 && slices.Contains([]string{"ftyp", "styp", "moof", "sidx", "moov"}, string(b[4:8])) && binary.BigEndian.Uint32(b) < 1<<24:
		return "isobmff"
	}
	return ""
}

// judgeInit reports an initialization segment that is not for the media segments, and takes back what follows from that:
// what the manifest says agrees with those.
func (t *segmentTask) judgeInit(s *stream, l *lane) {
	if l == nil || s.info.Kind != media.Video || l.out.keyless > 0 {
		return
	}
	d := &l.out
	bad := d.corrupt + d.rejected
	if s.coded == 0 || float64(bad) < spoiledPart*float64(s.coded) {
		return
	}
	i := slices.IndexFunc(t.found.list, func(f Finding) bool {
		return f.Code == codeResolution || f.Code == manifest.CodeCodecsMismatch || f.Code == codeConfig
	})
	var owner *segmentTask
	for _, o := range t.tasks {
		if o, ok := o.(*segmentTask); ok && o != t && o.initSum == t.initSum && o.initSum != 0 && o.choice.Period == t.choice.Period {
			owner = o
		}
	}
	if i < 0 && owner == nil {
		return
	}
	c := s.info.Config
	message := "it is not for these segments"
	if owner != nil {
		message = "it is that of " + owner.rep.TrackID
	}
	if i >= 0 && c != nil {
		message += fmt.Sprintf(": it says %s %dx%d, the manifest %s %dx%d", mime.FromConfig(c), c.Width, c.Height, t.rep.Codecs, t.rep.Width, t.rep.Height)
	}
	f := t.finding(codeInitMismatch, "the initialization segment: "+message+fmt.Sprintf(", and %d of %d pictures cannot be decoded with it", bad, s.coded))
	f.Hint = "publish the initialization segment of this representation"
	if t.initURL != "" {
		f.Segment = &Segment{Index: -1, URL: t.initURL}
	}
	f.Time = Seconds(t.choice.Period.Start)
	f.Evidence = map[string]any{"damaged": bad, "codedFrames": s.coded}
	for k := range t.found.list {
		x := &t.found.list[k]
		switch x.Code {
		case codeResolution, manifest.CodeCodecsMismatch, codeConfig, codeParameterChange, codeCorrupt, codeDecodeError, codeSAR, codeFrameRate:
			x.Severity = manifest.SeverityInfo
			x.Message += ", because the initialization segment is another one's"
			x.Evidence = merge(x.Evidence, "cause", codeInitMismatch)
		}
	}
	t.found.add(f)
}
