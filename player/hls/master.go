package hls

import (
	"strconv"
	"strings"

	"mseplayer/player/manifest"
)

// Limits of a multivariant playlist.
const (
	maxVariants    = 1 << 10
	maxRenditions  = 1 << 10
	maxSessionData = 1 << 10
	maxSessionKeys = 1 << 8
	// defaultPathway is that of a variant without PATHWAY-ID.
	defaultPathway = "."
)

// variant is EXT-X-STREAM-INF or EXT-X-I-FRAME-STREAM-INF.
type variant struct {
	line    int
	url     string
	pathway string
	iframes bool

	bandwidth, average           int64
	codecs, supplemental         string
	width, height                int
	rate                         manifest.Rational
	score                        float64
	hasScore                     bool
	videoRange, layout           string
	hdcp, cpc, name, stable      string
	audio, video, subs, captions string // groups
}

// The types of renditions.
const (
	typeAudio    = "AUDIO"
	typeVideo    = "VIDEO"
	typeText     = "SUBTITLES"
	typeCaptions = "CLOSED-CAPTIONS"
)

// rendition is EXT-X-MEDIA.
type rendition struct {
	line                                        int
	kind, url, group, lang, assoc, name, stable string
	isDefault, autoSelect, forced               bool
	instream, characteristics, channels         string
	sampleRate, bitDepth                        int64
}

// multivariant is a multivariant playlist as read.
type multivariant struct {
	variants   []variant
	renditions []rendition
	session    []manifest.SessionData
	keys       []*manifest.Key
	protection []manifest.Protection
	steering   *manifest.Steering
	begin      *manifest.Begin
	vars       map[string]string
	// independent says that no segment of any playlist needs another one to be decoded.
	independent bool
}

// isMultivariant tells the two kinds of playlists apart by their tags.
func isMultivariant(text string) bool {
	return strings.Contains(text, "#EXT-X-STREAM-INF") || strings.Contains(text, "#EXT-X-I-FRAME-STREAM-INF") ||
		strings.Contains(text, "#EXT-X-MEDIA:") && !strings.Contains(text, "#EXTINF")
}

// masterReader reads a multivariant playlist.
type masterReader struct {
	*reader
	p       *multivariant
	pending *variant // waits for its URI
}

// parseMultivariant reads a multivariant playlist.
// RFC 8216bis §4.4.6.
func parseMultivariant(text string, base manifest.Base) (*multivariant, *manifest.Findings, error) {
	r, err := newReader(text, base)
	if err != nil {
		return nil, nil, err
	}
	m := &masterReader{reader: r, p: &multivariant{}}
	if err := r.each(m.uri, m.tag); err != nil {
		return nil, nil, err
	}
	m.without()
	m.p.vars = r.vars
	return m.p, &r.findings, nil
}

// without notes a variant that has no URI.
func (m *masterReader) without() {
	if m.pending != nil {
		m.odd("the variant of line %d has no URI", m.pending.line)
		m.pending = nil
	}
}

func (m *masterReader) tag(line string) error {
	name, value := cutTag(line)
	switch name {
	case "EXT-X-STREAM-INF":
		m.without()
		v, err := m.variant(value)
		m.pending = v
		return err
	case "EXT-X-I-FRAME-STREAM-INF":
		v, err := m.variant(value)
		if err != nil {
			return err
		}
		v.iframes = true
		ref, ok := m.get("URI")
		if !ok {
			m.odd("the I-frame playlist has no URI")
			return nil
		}
		return m.add(v, ref)
	case "EXT-X-MEDIA":
		return m.media(value)
	case "EXT-X-SESSION-DATA":
		return m.sessionData(value)
	case "EXT-X-SESSION-KEY":
		return m.sessionKey(value)
	case "EXT-X-CONTENT-STEERING":
		return m.contentSteering(value)
	case "EXT-X-DEFINE":
		return m.define(value, nil)
	case "EXT-X-INDEPENDENT-SEGMENTS":
		m.p.independent = true
	case "EXT-X-START":
		b, err := m.start(value)
		m.p.begin = b
		return err
	case "EXTINF", "EXT-X-TARGETDURATION", "EXT-X-MEDIA-SEQUENCE":
		m.odd("a multivariant playlist has the tag %s of a media playlist", name)
	}
	return nil
}

// uri handles the line behind EXT-X-STREAM-INF.
func (m *masterReader) uri(line string) error {
	if m.pending == nil {
		m.odd("the URI %q belongs to no EXT-X-STREAM-INF", clip(line))
		return nil
	}
	v := m.pending
	m.pending = nil
	ref, err := m.expand(line)
	if err != nil {
		return err
	}
	return m.add(v, ref)
}

func (m *masterReader) add(v *variant, ref string) error {
	if len(m.p.variants) == maxVariants {
		return m.fail(manifest.CodeLimits, "more than %d variants", maxVariants)
	}
	u, err := m.base.ResolveURL(ref)
	if err != nil {
		m.odd("the variant cannot be asked for: %v", err)
		return nil
	}
	v.url = u
	m.p.variants = append(m.p.variants, *v)
	return nil
}

// variant reads the attributes of EXT-X-STREAM-INF.
// RFC 8216bis §4.4.6.2.
func (m *masterReader) variant(value string) (*variant, error) {
	if err := m.attributes(value); err != nil {
		return nil, err
	}
	v := &variant{line: m.line, pathway: m.str("PATHWAY-ID"), bandwidth: m.number("BANDWIDTH"), average: m.number("AVERAGE-BANDWIDTH"),
		codecs: m.str("CODECS"), supplemental: m.str("SUPPLEMENTAL-CODECS"), videoRange: m.str("VIDEO-RANGE"), layout: m.str("REQ-VIDEO-LAYOUT"),
		hdcp: m.str("HDCP-LEVEL"), cpc: m.str("ALLOWED-CPC"), name: m.str("NAME"), stable: m.str("STABLE-VARIANT-ID"),
		audio: m.str("AUDIO"), video: m.str("VIDEO"), subs: m.str("SUBTITLES"), captions: m.str("CLOSED-CAPTIONS")}
	if v.bandwidth == 0 {
		m.odd("the variant has no BANDWIDTH")
	}
	if v.pathway == "" {
		v.pathway = defaultPathway
	}
	if text, ok := m.get("RESOLUTION"); ok {
		w, h, _ := strings.Cut(strings.ToLower(text), "x")
		const maxSide = 1 << 16
		wn, err1 := strconv.Atoi(strings.TrimSpace(w))
		hn, err2 := strconv.Atoi(strings.TrimSpace(h))
		if err1 != nil || err2 != nil || wn <= 0 || hn <= 0 || wn > maxSide || hn > maxSide {
			m.odd("RESOLUTION is %q, not a width and a height", clip(text))
		} else {
			v.width, v.height = wn, hn
		}
	}
	if text, ok := m.get("FRAME-RATE"); ok {
		if n, ok := parseSeconds(text); ok && n > 0 {
			v.rate = frameRate(n)
		} else {
			m.odd("FRAME-RATE is %q, not a number", clip(text))
		}
	}
	if text, ok := m.get("SCORE"); ok {
		f, err := strconv.ParseFloat(text, 64)
		if v.hasScore = err == nil && f >= 0 && f < maxNumber; v.hasScore {
			v.score = f
		} else {
			m.odd("SCORE is %q, not a number", clip(text))
		}
	}
	return v, nil
}

// frameRate gives an exact ratio: playlists round the rates of NTSC to three decimals.
func frameRate(nanos int64) manifest.Rational {
	for _, whole := range []int64{24, 30, 48, 60, 120} {
		if d := nanos - whole*second*1000/1001; d < second/1000 && d > -second/1000 {
			return manifest.Rational{Num: whole * 1000, Den: 1001}
		}
	}
	thousandths := (nanos + second/2000) / (second / 1000)
	if thousandths%1000 == 0 {
		return manifest.Rational{Num: thousandths / 1000, Den: 1}
	}
	return manifest.Rational{Num: max(thousandths, 1), Den: 1000}
}

// media reads EXT-X-MEDIA.
// RFC 8216bis §4.4.6.1.
func (m *masterReader) media(value string) error {
	if err := m.attributes(value); err != nil {
		return err
	}
	r := rendition{line: m.line, kind: m.str("TYPE"), group: m.str("GROUP-ID"), lang: m.str("LANGUAGE"), assoc: m.str("ASSOC-LANGUAGE"),
		name: m.str("NAME"), stable: m.str("STABLE-RENDITION-ID"), isDefault: m.yes("DEFAULT"), autoSelect: m.yes("AUTOSELECT"), forced: m.yes("FORCED"),
		instream: m.str("INSTREAM-ID"), characteristics: m.str("CHARACTERISTICS"), channels: m.str("CHANNELS"),
		sampleRate: m.number("SAMPLE-RATE"), bitDepth: m.number("BIT-DEPTH")}
	r.autoSelect = r.autoSelect || r.isDefault
	switch r.kind {
	case typeAudio, typeVideo, typeText, typeCaptions:
	default:
		m.odd("EXT-X-MEDIA of the type %q is not known", clip(r.kind))
		return nil
	}
	if r.group == "" {
		m.odd("EXT-X-MEDIA has no GROUP-ID")
	}
	if r.name == "" {
		m.odd("EXT-X-MEDIA has no NAME")
	}
	if len(m.p.renditions) == maxRenditions {
		return m.fail(manifest.CodeLimits, "more than %d renditions", maxRenditions)
	}
	if ref, ok := m.get("URI"); ok && r.kind != typeCaptions {
		u, err := m.base.ResolveURL(ref)
		if err != nil {
			m.odd("the rendition cannot be asked for: %v", err)
			return nil
		}
		r.url = u
	}
	if r.url == "" && r.kind == typeText {
		m.odd("the subtitles have no URI")
		return nil
	}
	m.p.renditions = append(m.p.renditions, r)
	return nil
}

func (m *masterReader) sessionData(value string) error {
	if err := m.attributes(value); err != nil {
		return err
	}
	d := manifest.SessionData{ID: m.str("DATA-ID"), Lang: m.str("LANGUAGE"), Value: m.str("VALUE")}
	if d.ID == "" {
		m.odd("EXT-X-SESSION-DATA has no DATA-ID")
		return nil
	}
	if ref, ok := m.get("URI"); ok {
		u, err := m.base.ResolveURL(ref)
		if err != nil {
			m.odd("the session data cannot be asked for: %v", err)
			return nil
		}
		d.URL = u
	}
	if len(m.p.session) == maxSessionData {
		return m.fail(manifest.CodeLimits, "more than %d EXT-X-SESSION-DATA", maxSessionData)
	}
	m.p.session = append(m.p.session, d)
	return nil
}

func (m *masterReader) sessionKey(value string) error {
	if err := m.attributes(value); err != nil {
		return err
	}
	if m.str("METHOD") == "NONE" {
		m.odd("EXT-X-SESSION-KEY has the method NONE")
		return nil
	}
	k := m.readKey()
	if k == nil {
		return nil
	}
	if len(m.p.keys) == maxSessionKeys {
		return m.fail(manifest.CodeLimits, "more than %d EXT-X-SESSION-KEY", maxSessionKeys)
	}
	m.p.keys = append(m.p.keys, k)
	if c, ok := protectionOf(k, m.str("KEYID")); ok {
		m.p.protection = addProtection(m.p.protection, c)
	}
	return nil
}

func (m *masterReader) contentSteering(value string) error {
	if err := m.attributes(value); err != nil {
		return err
	}
	ref, ok := m.get("SERVER-URI")
	if !ok {
		m.odd("EXT-X-CONTENT-STEERING has no SERVER-URI")
		return nil
	}
	u, err := m.base.ResolveURL(ref)
	if err != nil {
		m.odd("the steering server cannot be asked: %v", err)
		return nil
	}
	m.p.steering = &manifest.Steering{URL: u}
	if id, ok := m.get("PATHWAY-ID"); ok {
		m.p.steering.Default = []string{id}
	}
	return nil
}
