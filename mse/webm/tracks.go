package webm

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"mseplayer/mse/media"
)

// movie is what an initialization segment told.
type movie struct {
	informed, tracked bool  // Info and Tracks have been read
	scale             int64 // nanoseconds a tick
	duration          media.Time
	tracks            []*track
}

// track is one TrackEntry.
type track struct {
	number uint64
	// kind is 0 for a track that is none of video, audio and text (buttons, control). It is not reported, and its
	// blocks are passed over.
	kind    media.Kind
	config  *media.DecoderConfig
	info    media.TrackInfo
	refusal string
	delay   int64 // CodecDelay in nanoseconds
	scale   int64 // nanoseconds a tick
	coding  coding
	// measure tells the length of a frame from its bytes, nil where they do not tell.
	measure func(frame []byte) media.Span
	// nominal is the length of a frame that does not tell its own, 0 if unknown.
	nominal media.Span
	// reorders is set when decode order may differ from presentation order.
	reorders bool
	// keyed checks a picture that no flag tells about, nil where that cannot be done.
	keyed func(frame []byte) bool

	vorbis *vorbis // what measure remembers, nil for other formats
	pace   pace
	// Of the portion being cut: how many frames go out, those before the last block, where in pending the frames
	// begin that stay, and what goes out.
	count, before int
	tail          int
	slab          []media.CodedFrame
	nanos         []int64 // the presentation times of its frames, if they may need to be ordered
}

// track returns the track of that number, nil if there is none.
func (m *movie) track(number uint64) *track {
	for _, t := range m.tracks {
		if t.number == number {
			return t
		}
	}
	return nil
}

// numbers lists the track numbers for a message.
func (m *movie) numbers() string {
	if len(m.tracks) == 0 {
		return "none"
	}
	var b strings.Builder
	for i, t := range m.tracks {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, t.number)
	}
	return b.String()
}

// timescale is the ticks per second, to the nearest.
func (m *movie) timescale() uint32 {
	return uint32(min(math.MaxUint32, max(1, (second+m.scale/2)/m.scale)))
}

// second is a second in nanoseconds.
const second = 1_000_000_000

// seconds converts nanoseconds.
func seconds(ns int64) media.Span { return media.Span(float64(ns) / second) }

// initSegment is what the handler gets.
func (m *movie) initSegment() *media.InitSegment {
	s := &media.InitSegment{Duration: m.duration}
	for _, t := range m.tracks {
		if t.kind != 0 {
			s.Tracks = append(s.Tracks, t.info)
		}
	}
	return s
}

// readInfo reads an Info. RFC 9559 §5.1.2.
func (m *movie) readInfo(n *node) error {
	const defaultScale = 1_000_000
	m.scale, m.duration, m.informed = defaultScale, media.Forever, true
	ticks := 0.0
	w := n.children()
	for w.next() {
		switch w.node.id {
		case idScale:
			v := w.node.uint()
			if v == 0 || v > maxTicks>>16 { // a block's own 16 bits must fit
				return fault("Segment/Info/TimestampScale", w.node.off, "is %d nanoseconds", v)
			}
			m.scale = int64(v)
		case idDuration:
			ticks = w.node.float()
		}
	}
	if d := ticks * float64(m.scale) / second; d > 0 && !math.IsInf(d, 0) {
		m.duration = media.Time(d)
	}
	return w.err("Segment/Info")
}

// readTracks reads a Tracks. RFC 9559 §5.1.4.
func (m *movie) readTracks(n *node) error {
	m.tracked, m.tracks = true, nil
	w := n.children()
	for w.next() {
		if w.node.id != idTrackEntry {
			continue
		}
		if len(m.tracks) == maxTracks {
			return fault("Segment/Tracks", w.node.off, "holds more than %d tracks", maxTracks)
		}
		path := fmt.Sprintf("Segment/Tracks/TrackEntry[%d]", len(m.tracks))
		t, err := readTrack(&w.node, path)
		if err != nil {
			return err
		}
		if m.track(t.number) != nil {
			return fault(path, w.node.off, "track number %d is used twice", t.number)
		}
		m.tracks = append(m.tracks, t)
	}
	return w.err("Segment/Tracks")
}

// The values of TrackType.
const (
	typeVideo    = 1
	typeAudio    = 2
	typeSubtitle = 0x11
	typeMetadata = 0x21
)

// trackReader reads one TrackEntry.
type trackReader struct {
	*track
	path     string
	codecID  string
	private  []byte
	depth    int // bits a sample
	outRate  int // after spectral band replication
	coreRate int // before it
}

// readTrack reads a TrackEntry. RFC 9559 §5.1.4.1.
func readTrack(n *node, path string) (*track, error) {
	r := trackReader{track: &track{}, path: path}
	cfg := &media.DecoderConfig{}
	preroll, typ, defaulted, language, tag, chosen := int64(0), uint64(0), uint64(0), "eng", "", false
	w := n.children()
	for w.next() {
		switch x := &w.node; x.id {
		case idNumber:
			r.number = x.uint()
		case idType:
			typ = x.uint()
		case idDefault:
			defaulted = x.uint()
		case idFlagDefault:
			chosen = x.uint() == 1
		case idName:
			r.info.Label = x.text()
		case idLanguage:
			language = x.text()
		case idLanguageBCP:
			tag = x.text()
		case idCodecID:
			r.codecID = x.text()
		case idCodecPrivate:
			r.private = x.body
		case idCodecDelay:
			r.delay = int64(min(x.uint(), maxTicks))
		case idSeekPreRoll:
			preroll = int64(min(x.uint(), maxTicks))
		case idVideo, idAudio, idEncodings: // once the kind is known
		}
	}
	if err := w.err(path); err != nil {
		return nil, err
	}
	if r.number == 0 || r.number > math.MaxUint32 {
		return nil, fault(path+"/TrackNumber", n.off, "track number %d", r.number)
	}
	switch {
	case strings.HasPrefix(r.codecID, "D_WEBVTT/"), typ == typeSubtitle:
		r.kind = media.Text
	case typ == typeVideo:
		r.kind = media.Video
	case typ == typeAudio:
		r.kind = media.Audio
	case typ == typeMetadata && strings.HasPrefix(r.codecID, "S_"):
		r.kind = media.Text
	default:
		return r.track, nil
	}
	r.config, cfg.Kind = cfg, r.kind
	for w = n.children(); w.next(); {
		err := error(nil)
		switch x := &w.node; {
		case x.id == idVideo && r.kind == media.Video:
			err = r.video(x)
		case x.id == idAudio && r.kind == media.Audio:
			err = r.audio(x)
		case x.id == idEncodings:
			err = r.encodings(x)
		}
		if err != nil {
			return nil, err
		}
	}
	if tag != "" {
		language = tag
	}
	if language != "und" {
		r.info.Language = language
	}
	r.info.ID, r.info.Kind = uint32(r.number), r.kind
	switch {
	case r.kind == media.Text:
		r.info.Role = textRole(r.codecID)
	case chosen: // written down: where the flag is left out, all tracks have it
		r.info.Role = "main"
	}
	if defaulted > 0 && defaulted < maxTicks {
		r.nominal = seconds(int64(defaulted))
	}
	cfg.Preroll = seconds(preroll)
	r.codec()
	return r.track, nil
}

// textRole is HTML's kind of a text track.
// WebM: WebVTT in WebM. HTML: "Sourcing In-band Media Resource Tracks from Media Containers into HTML".
func textRole(codecID string) string {
	switch codecID {
	case "D_WEBVTT/CAPTIONS":
		return "captions"
	case "D_WEBVTT/DESCRIPTIONS":
		return "descriptions"
	case "D_WEBVTT/METADATA":
		return "metadata"
	default:
		return "subtitles"
	}
}

// video reads the settings of pictures.
func (r *trackReader) video(n *node) error {
	const unknownUnit = 4
	c := r.config
	var displayW, displayH, unit int
	w := n.children()
	for w.next() {
		switch x := &w.node; x.id {
		case idPixelWidth:
			c.Width = x.int()
		case idPixelHeight:
			c.Height = x.int()
		case idCropLeft:
			c.Clean.Left = min(x.int(), math.MaxInt32/4)
		case idCropRight:
			c.Clean.Right = min(x.int(), math.MaxInt32/4)
		case idCropTop:
			c.Clean.Top = min(x.int(), math.MaxInt32/4)
		case idCropBottom:
			c.Clean.Bottom = min(x.int(), math.MaxInt32/4)
		case idDisplayWidth:
			displayW = x.int()
		case idDisplayHeight:
			displayH = x.int()
		case idDisplayUnit:
			unit = x.int()
		case idColour:
			if err := r.colour(x); err != nil {
				return err
			}
		case idProjection:
			if err := r.projection(x); err != nil {
				return err
			}
		}
	}
	if err := w.err(r.path + "/Video"); err != nil {
		return err
	}
	// What is shown is what is left of the coded picture, stretched to the display size.
	if shownW, shownH := c.Width-c.Clean.Left-c.Clean.Right, c.Height-c.Clean.Top-c.Clean.Bottom; shownW > 0 && shownH > 0 && unit < unknownUnit {
		if displayW == 0 {
			displayW = shownW
		}
		if displayH == 0 {
			displayH = shownH
		}
		if num, den := reduce(displayW*shownH, displayH*shownW); num != den && num <= math.MaxInt32 && den <= math.MaxInt32 {
			c.SARNum, c.SARDen = num, den
		}
	}
	return nil
}

// colour reads a colour description, whose code points are those of H.273: "unspecified" and what is no code point
// mean the same as none.
func (r *trackReader) colour(n *node) error {
	const unspecified, fullRange = 2, 2
	point := func(v uint64) uint8 {
		if v == unspecified || v >= media.MatrixGBR {
			return 0
		}
		return uint8(v)
	}
	c := &r.config.Color
	w := n.children()
	for w.next() {
		switch v := w.node.uint(); w.node.id {
		case idMaxCLL:
			c.Light.MaxCLL = float32(v)
			continue
		case idMaxFALL:
			c.Light.MaxFALL = float32(v)
			continue
		case idMastering:
			if err := r.mastering(&w.node); err != nil {
				return err
			}
			continue
		case idPrimaries:
			c.Primaries = point(v)
		case idTransfer:
			c.Transfer = point(v)
		case idMatrix:
			if c.Matrix = point(v); v == 0 {
				c.Matrix = media.MatrixGBR
			}
		case idRange:
			c.FullRange = v == fullRange
		default:
			continue
		}
		c.Known = true
	}
	return w.err(r.path + "/Video/Colour")
}

// mastering reads how bright the display was that the content was mastered on.
func (r *trackReader) mastering(n *node) error {
	l := &r.config.Color.Light
	w := n.children()
	for w.next() {
		switch x := &w.node; x.id {
		case idLuminanceMax:
			l.Peak = float32(x.float())
		case idLuminanceMin:
			l.Black = float32(x.float())
		}
	}
	return w.err(r.path + "/Video/Colour/MasteringMetadata")
}

// projection takes the rotation from a flat projection that is rolled by a quarter turn, and nothing from others. A
// roll turns anticlockwise.
func (r *trackReader) projection(n *node) error {
	var kind uint64
	var yaw, pitch, roll float64
	w := n.children()
	for w.next() {
		switch x := &w.node; x.id {
		case idProjType:
			kind = x.uint()
		case idPoseYaw:
			yaw = x.float()
		case idPosePitch:
			pitch = x.float()
		case idPoseRoll:
			roll = x.float()
		}
	}
	if kind == 0 && yaw == 0 && pitch == 0 && slices.Contains([]float64{-180, -90, 90, 180}, roll) {
		r.config.Rotation = (360 - int(roll)) % 360
	}
	return w.err(r.path + "/Video/Projection")
}

// audio reads the settings of sound.
func (r *trackReader) audio(n *node) error {
	const maxRate = 1 << 24
	rate, out := 8000.0, 0.0
	r.config.Channels = 1
	w := n.children()
	for w.next() {
		switch x := &w.node; x.id {
		case idRate:
			rate = x.float()
		case idOutRate:
			out = x.float()
		case idChannels:
			r.config.Channels = x.int()
		case idBitDepth:
			r.depth = x.int()
		}
	}
	if rate >= 1 && rate < maxRate {
		r.coreRate, r.outRate = int(rate), int(rate)
	}
	if out >= 1 && out < maxRate {
		r.outRate = int(out)
	}
	r.config.SampleRate = r.outRate
	return w.err(r.path + "/Audio")
}

// reduce divides two positive numbers by what divides both.
func reduce(a, b int) (int, int) {
	g, r := a, b
	for r != 0 {
		g, r = r, g%r
	}
	return a / g, b / g
}

// finish computes what needs the whole track.
func (t *track) finish() {
	t.info.FrameDuration, t.info.KID = t.nominal, t.coding.kid
	if c := t.config; c.Codec == media.Opus {
		// What CodecDelay moves before the start already must not be cut off twice.
		shift := math.Round(float64(t.delay) * float64(c.SampleRate) / second)
		c.InitialPadding = max(0, c.InitialPadding-int(min(shift, math.MaxInt32)))
	}
}
