package hls

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// Limits of a media playlist.
const (
	maxSegments   = 1 << 18
	maxParts      = 1 << 14
	maxKeys       = 16 // that apply to one segment
	maxKeyChanges = 1 << 16
	maxSections   = 1 << 16
	maxDateRanges = 1 << 12
	maxReports    = 256
	// maxNumber bounds media sequence and discontinuity numbers, so that arithmetic with them cannot overflow.
	maxNumber = 1 << 53
	// maxTotal bounds the length of a playlist in nanoseconds.
	maxTotal = maxSeconds * second
)

// section is an initialization section (EXT-X-MAP). Segments that share one share the pointer, also from one load of
// a playlist to the next.
type section struct {
	manifest.Resource
	key *manifest.Key // with IV, nil when it is in the clear
}

// The properties of an entry.
const (
	isGap uint8 = 1 << iota
	isDependent
	isHint
)

// entry is one segment or part.
type entry struct {
	ref           string // as written
	base          *manifest.Base
	init          *section
	key           *manifest.Key
	rng           manifest.Range
	start, length int64 // nanoseconds; start is from the first entry of its playlist until it is placed
	wall          int64 // nanoseconds since 1970, 0 when not known
	msn           int64 // media sequence number as written
	disc          int64
	sub           int32 // number of the part from 1, 0 for a whole segment
	flags         uint8
}

func (e *entry) end() int64 { return e.start + e.length }

// control is EXT-X-SERVER-CONTROL and EXT-X-PART-INF.
type control struct {
	block, skipRanges                   bool
	skipUntil, holdBack, partHold, part int64 // nanoseconds, 0 when not given
}

// report is EXT-X-RENDITION-REPORT.
type report struct {
	url       string
	msn, part int64 // part is -1 when not given
}

// mediaPlaylist is one media playlist as read. Nothing in it depends on other playlists or on earlier loads.
type mediaPlaylist struct {
	base          *manifest.Base
	target        int64
	first         int64 // media sequence number of the first segment, also of one that was skipped
	skipped       int64
	hasDiscNumber bool
	vod, event    bool
	ended         bool
	iframes       bool
	independent   bool
	segments      []entry
	parts         []entry // of all segments, in order
	lastParts     int64   // how many parts the segment after the last has
	hint          *entry
	control       control
	begin         *manifest.Begin
	ranges        []dateRange
	removed       []string // date ranges that the server took out of a delta update
	reports       []report
	protection    []manifest.Protection
	maxBitrate    int64 // kbit/s
	total         int64
	// delta says that EXT-X-SKIP was there, resumed that what it stands for is known.
	delta, resumed bool
	// old are the segments that a delta update skips.
	old []entry
}

// next is the media sequence number after the last segment.
func (p *mediaPlaylist) next() int64 {
	return p.first + p.skipped + int64(len(p.segments))
}

// complete reports that the playlist will not change any more.
func (p *mediaPlaylist) complete() bool { return p.ended || p.vod }

// mediaReader reads a media playlist.
type mediaReader struct {
	*reader
	p    *mediaPlaylist
	last *state

	seenTarget, seenNumber bool

	// What applies to the segments that follow.
	init       *section
	needsIV    []*section // encrypted without a vector: it is the number of the first segment
	keys       []*manifest.Key
	key        *manifest.Key
	disc       int64
	inits      int
	changes    int
	dateRanges int
	bitrate    int64
	// The end of the last byte range of a resource.
	rangeRef string
	rangeEnd int64
	// wallNext is the wall time at the start of the next segment as far as it can be told, 0 if not.
	wallNext int64
	// firstWall is the index of the first segment with a date, -1 before.
	firstWall int

	// What applies to the next segment alone.
	inf       bool
	length    int64
	rangeText string
	gap       bool
	// The parts of the next segment.
	partStart int // index in p.parts of the first
	partTotal int64
}

// parseMedia reads a media playlist. imports are the variables that a multivariant playlist defines, last is what the
// playlist was when it was loaded last, nil for never: a delta update goes on from there.
// RFC 8216bis §4.4.3 and §4.4.4.
func parseMedia(text string, base manifest.Base, imports map[string]string, last *state) (*mediaPlaylist, []manifest.Finding, error) {
	r, err := newReader(text, base)
	if err != nil {
		return nil, nil, err
	}
	m := &mediaReader{reader: r, p: &mediaPlaylist{base: &r.base}, last: last, firstWall: -1}
	m.p.segments = make([]entry, 0, min(strings.Count(r.text, "#EXTINF"), maxSegments))
	if err := r.each(m.segment, func(line string) error { return m.tag(line, imports) }); err != nil {
		return nil, nil, err
	}
	if err := m.finish(); err != nil {
		return nil, nil, err
	}
	return m.p, r.findings.List(), nil
}

// tag handles one line that begins with #EXT. Unknown tags are to be ignored.
func (m *mediaReader) tag(line string, imports map[string]string) error {
	p := m.p
	name, value := cutTag(line)
	switch name {
	case "EXTINF":
		m.extinf(value)
	case "EXT-X-BYTERANGE":
		m.rangeText = value
	case "EXT-X-INDEPENDENT-SEGMENTS":
		p.independent = true
	case "EXT-X-DISCONTINUITY":
		m.disc++
		m.wallNext = 0
	case "EXT-X-GAP":
		m.gap = true
	case "EXT-X-BITRATE":
		if n, err := strconv.ParseInt(value, 10, 64); err == nil && n > 0 && n < maxNumber {
			m.bitrate = n
		} else {
			m.odd("EXT-X-BITRATE is %q, not a number", clip(value))
		}
	case "EXT-X-PROGRAM-DATE-TIME":
		m.date(value)
	case "EXT-X-KEY":
		return m.keyTag(value)
	case "EXT-X-MAP":
		return m.mapTag(value)
	case "EXT-X-TARGETDURATION":
		if m.seenTarget {
			m.odd("EXT-X-TARGETDURATION occurs twice")
			return nil
		}
		n, ok := parseSeconds(value)
		if !ok || n <= 0 {
			m.odd("the target duration is %q, not a positive number", clip(value))
			return nil
		}
		m.seenTarget, p.target = true, n
	case "EXT-X-MEDIA-SEQUENCE":
		p.first = m.sequence(name, value)
		m.seenNumber = true
	case "EXT-X-DISCONTINUITY-SEQUENCE":
		if m.disc != 0 || len(p.segments) > 0 {
			m.odd("EXT-X-DISCONTINUITY-SEQUENCE stands behind what it counts; it is not used")
			return nil
		}
		m.disc, p.hasDiscNumber = m.sequence(name, value), true
	case "EXT-X-PLAYLIST-TYPE":
		switch strings.ToUpper(value) {
		case "VOD":
			p.vod = true
		case "EVENT":
			p.event = true
		default:
			m.odd("the playlist type is %q, neither VOD nor EVENT", clip(value))
		}
	case "EXT-X-ENDLIST":
		p.ended = true
	case "EXT-X-I-FRAMES-ONLY":
		p.iframes = true
	case "EXT-X-START":
		b, err := m.start(value)
		p.begin = b
		return err
	case "EXT-X-DEFINE":
		return m.define(value, imports)
	case "EXT-X-DATERANGE":
		return m.dateRange(value)
	case "EXT-X-SERVER-CONTROL":
		return m.serverControl(value)
	case "EXT-X-PART-INF":
		if err := m.attributes(value); err != nil {
			return err
		}
		if n, ok := m.reader.length("PART-TARGET"); ok && n > 0 {
			p.control.part = n
		}
	case "EXT-X-PART":
		return m.part(value)
	case "EXT-X-PRELOAD-HINT":
		return m.preload(value)
	case "EXT-X-RENDITION-REPORT":
		return m.renditionReport(value)
	case "EXT-X-SKIP":
		return m.skip(value)
	case "EXT-X-STREAM-INF", "EXT-X-MEDIA", "EXT-X-I-FRAME-STREAM-INF":
		return m.fail(manifest.CodeInvalid, "this is a multivariant playlist where a media playlist belongs")
	}
	return nil
}

func (m *mediaReader) sequence(name, value string) int64 {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 || n > maxNumber {
		m.odd("%s is %q, not a number", name, clip(value))
		return 0
	}
	if len(m.p.segments) > 0 {
		m.odd("%s stands behind the first segment", name)
	}
	return n
}

func (m *mediaReader) extinf(value string) {
	if m.inf {
		m.odd("two EXTINF for one segment; the second counts")
	}
	m.inf = true
	text, _, _ := strings.Cut(value, ",")
	n, ok := parseSeconds(text)
	if !ok || n < 0 {
		m.odd("the duration of the segment is %q; the target duration is taken", clip(text))
		m.inf = false
		return
	}
	m.length = n
}

// segment handles a URI line.
func (m *mediaReader) segment(line string) error {
	p := m.p
	if len(p.segments) == maxSegments {
		return m.fail(manifest.CodeLimits, "the playlist has more than %d segments", maxSegments)
	}
	ref, err := m.expand(line)
	if err != nil {
		return err
	}
	e := entry{ref: ref, base: p.base, init: m.init, key: m.key, start: p.total, length: m.length, disc: m.disc}
	if !m.inf {
		m.odd("the segment has no EXTINF; the target duration is taken")
		e.length = max(p.target, m.partTotal)
	}
	e.rng, err = m.byteRange(ref, m.rangeText)
	if err != nil {
		m.odd("the byte range %q is none; the segment is left out", clip(m.rangeText))
		e.flags |= isGap
	}
	if m.gap {
		e.flags |= isGap
	}
	if err := m.usable(ref); err != nil {
		m.odd("the segment cannot be asked for: %v", err)
		e.flags |= isGap
	}
	if room := maxTotal - p.total; e.length > room {
		e.length = room
	}
	m.dated(&e)
	p.segments = append(p.segments, e)
	p.total += e.length
	m.inf, m.length, m.rangeText, m.gap = false, 0, "", false
	// A last part that ends a little before or after its segment does so in writing only.
	m.partStart, m.partTotal = len(p.parts), 0
	p.maxBitrate = max(p.maxBitrate, m.bitrate)
	return nil
}

// usable checks a reference without keeping what it resolves to: a playlist names many.
func (m *mediaReader) usable(ref string) error {
	simple := ref != "" && !strings.HasPrefix(ref, "/") && len(ref) < 1<<10
	for i := 0; simple && i < len(ref); i++ {
		c := ref[i]
		simple = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.' || c == '/'
	}
	if simple {
		return nil
	}
	_, err := m.base.ResolveURL(ref)
	return err
}

// byteRange gives the range of a sub-range tag; without offset it begins where the last range of the same resource
// ended.
func (m *mediaReader) byteRange(ref, text string) (manifest.Range, error) {
	if text == "" {
		m.rangeRef = ""
		return manifest.Range{}, nil
	}
	length, offset, has, err := parseRange(strings.Trim(text, `"`))
	if err != nil {
		return manifest.Range{}, err
	}
	if !has {
		if m.rangeRef == ref {
			offset = m.rangeEnd
		} else if m.rangeRef != "" || len(m.p.segments) > 0 {
			m.odd("the byte range has no offset and none of the same resource before it; it begins at 0")
		}
	}
	m.rangeRef, m.rangeEnd = ref, offset+length
	return manifest.Range{Start: offset, End: offset + length}, nil
}

func (m *mediaReader) date(value string) {
	t, zone, ok := parseDate(value)
	if !ok {
		m.odd("the date %q cannot be read", clip(value))
		return
	}
	if !zone {
		m.odd("the date %q has no time zone; it is taken as UTC", clip(value))
	}
	m.wallNext = t.UnixNano()
}

// dated gives a segment its wall time, and those before it when it is the first that has one.
func (m *mediaReader) dated(e *entry) {
	e.wall = m.wallNext
	if m.wallNext == 0 {
		return
	}
	m.wallNext = e.wall + e.length
	if m.firstWall >= 0 {
		return
	}
	m.firstWall = len(m.p.segments)
	for i := range m.p.segments {
		if before := &m.p.segments[i]; before.disc == e.disc {
			before.wall = e.wall - (e.start - before.start)
		}
	}
}

// keyTag handles EXT-X-KEY. A key applies until the next one of the same format; bare bytes are preferred, since no
// system needs to be asked for them.
// RFC 8216bis §4.4.4.4.
func (m *mediaReader) keyTag(value string) error {
	if err := m.attributes(value); err != nil {
		return err
	}
	if m.changes++; m.changes > maxKeyChanges {
		return m.fail(manifest.CodeLimits, "more than %d EXT-X-KEY tags", maxKeyChanges)
	}
	if m.str("METHOD") == "NONE" {
		m.keys, m.key = nil, nil
		return nil
	}
	k := m.readKey()
	if k == nil {
		return nil
	}
	if c, ok := protectionOf(k, m.str("KEYID")); ok {
		m.p.protection = addProtection(m.p.protection, c)
	}
	// Segments hold the chosen key alone, so the list may change in place.
	i := 0
	for i < len(m.keys) && m.keys[i].Format != k.Format {
		i++
	}
	switch {
	case i < len(m.keys):
		m.keys[i] = k
	case len(m.keys) == maxKeys:
		return m.fail(manifest.CodeLimits, "more than %d keys for one segment", maxKeys)
	default:
		m.keys = append(m.keys, k)
	}
	m.key = m.keys[0]
	for _, k := range m.keys {
		if k.Format == identity {
			m.key = k
			break
		}
	}
	return nil
}

// identity is the KEYFORMAT of bare bytes.
const identity = "identity"

// readKey reads the attributes of EXT-X-KEY or EXT-X-SESSION-KEY, nil for a method that is not known.
func (r *reader) readKey() *manifest.Key {
	k := &manifest.Key{Format: r.str("KEYFORMAT")}
	if k.Format == "" {
		k.Format = identity
	}
	method := r.str("METHOD")
	for c := manifest.AES128; c <= manifest.SampleAESCTR; c++ {
		if c.String() == method {
			k.Method = c
		}
	}
	if method == "SAMPLE-AES-CENC" { // the name that some packagers wrote before the RFC had one
		k.Method = manifest.SampleAESCTR
	}
	if k.Method == 0 {
		r.note(manifest.CodeUnknownEssential, manifest.SeverityError, "the encryption method %q is not known", clip(method))
		return nil
	}
	uri, ok := r.get("URI")
	if !ok {
		r.odd("the key has no URI")
	}
	if u, err := r.base.ResolveURL(uri); ok && err == nil {
		k.URL = u
	} else if scheme, _, has := strings.Cut(uri, ":"); has && foreignScheme(scheme) {
		k.URL = uri
	} else if ok {
		r.odd("the key cannot be asked for: %v", err)
	}
	if text, ok := r.get("IV"); ok {
		iv, ok := parseIV(text)
		if !ok {
			r.odd("the initialization vector %q is none", clip(text))
		} else {
			if !k.Method.WholeResource() && len(text) == len("0x")+2*len(iv)/2 {
				copy(iv[:], iv[len(iv)/2:]) // a vector of common encryption, which is continued with zeros
				clear(iv[len(iv)/2:])
			}
			k.IV = &iv
		}
	}
	return k
}

// foreignScheme reports whether a URL scheme is one that key systems have of their own ("skd", "urn").
func foreignScheme(s string) bool {
	switch strings.ToLower(s) {
	case "", "file", "http", "https", "data", "stdin":
		return false
	}
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.') {
			return false
		}
	}
	return true
}

// parseIV reads "0x" and up to 32 hex digits.
func parseIV(s string) (iv [16]byte, ok bool) {
	if len(s) < 3 || s[0] != '0' || s[1] != 'x' && s[1] != 'X' {
		return iv, false
	}
	s = s[2:]
	if len(s)%2 == 1 {
		s = "0" + s
	}
	b, err := hex.DecodeString(s)
	if err != nil || len(b) > len(iv) {
		return iv, false
	}
	copy(iv[len(iv)-len(b):], b)
	return iv, true
}

// numberIV is the vector of a segment whose key has none.
func numberIV(msn int64) (iv [16]byte) {
	for i := range 8 {
		iv[15-i] = byte(msn >> (8 * i))
	}
	return iv
}

// mapTag handles EXT-X-MAP. A key for whole resources that is in effect encrypts the section, too.
// RFC 8216bis §4.4.4.5.
func (m *mediaReader) mapTag(value string) error {
	if err := m.attributes(value); err != nil {
		return err
	}
	if m.inits++; m.inits > maxSections {
		return m.fail(manifest.CodeLimits, "more than %d EXT-X-MAP tags", maxSections)
	}
	uri, ok := m.get("URI")
	if !ok {
		m.odd("EXT-X-MAP has no URI")
		return nil
	}
	u, err := m.base.ResolveURL(uri)
	if err != nil {
		m.odd("the initialization section cannot be asked for: %v", err)
		return nil
	}
	s := &section{Resource: manifest.Resource{URL: u}}
	if text, ok := m.get("BYTERANGE"); ok {
		length, offset, _, err := parseRange(text)
		if err != nil {
			m.odd("the byte range %q of the initialization section is none", clip(text))
		} else {
			s.Range = manifest.Range{Start: offset, End: offset + length}
		}
	}
	if m.key != nil && m.key.Method.WholeResource() {
		k := *m.key
		if s.key = &k; k.IV == nil {
			m.odd("the initialization section is encrypted and has no vector; the number of its first segment is taken")
			iv := numberIV(m.p.next())
			s.key.IV = &iv
			m.needsIV = append(m.needsIV, s)
		}
	}
	m.init = s
	return nil
}

// start reads EXT-X-START.
func (r *reader) start(value string) (*manifest.Begin, error) {
	if err := r.attributes(value); err != nil {
		return nil, err
	}
	n, ok := r.length("TIME-OFFSET")
	if !ok {
		r.odd("EXT-X-START has no TIME-OFFSET")
		return nil, nil
	}
	return &manifest.Begin{Offset: media.SpanOf(time.Duration(n)), Precise: r.yes("PRECISE")}, nil
}

func (m *mediaReader) serverControl(value string) error {
	if err := m.attributes(value); err != nil {
		return err
	}
	c := &m.p.control
	c.block, c.skipRanges = m.yes("CAN-BLOCK-RELOAD"), m.yes("CAN-SKIP-DATERANGES")
	for _, x := range []struct {
		name string
		to   *int64
	}{{"CAN-SKIP-UNTIL", &c.skipUntil}, {"HOLD-BACK", &c.holdBack}, {"PART-HOLD-BACK", &c.partHold}} {
		if n, ok := m.reader.length(x.name); ok && n > 0 {
			*x.to = n
		}
	}
	return nil
}

// part handles EXT-X-PART.
// RFC 8216bis §4.4.4.9.
func (m *mediaReader) part(value string) error {
	p := m.p
	if err := m.attributes(value); err != nil {
		return err
	}
	if len(p.parts) == maxParts {
		return m.fail(manifest.CodeLimits, "more than %d parts", maxParts)
	}
	e := entry{base: p.base, init: m.init, key: m.key, start: p.total + m.partTotal, disc: m.disc, sub: int32(len(p.parts) - m.partStart + 1)}
	var ok bool
	if e.ref, ok = m.get("URI"); !ok {
		m.odd("the part has no URI")
		return nil
	}
	if e.length, ok = m.reader.length("DURATION"); !ok || e.length < 0 {
		m.odd("the part has no duration; the target duration is taken")
		e.length = p.control.part
	}
	e.length = min(e.length, maxTotal-e.start)
	if m.wallNext != 0 {
		e.wall = m.wallNext + m.partTotal
	}
	if err := m.usable(e.ref); err != nil {
		m.odd("the part cannot be asked for: %v", err)
		e.flags |= isGap
	}
	var err error
	if e.rng, err = m.byteRange(e.ref, m.str("BYTERANGE")); err != nil {
		m.odd("the byte range of the part is none")
		e.flags |= isGap
	}
	if m.yes("GAP") {
		e.flags |= isGap
	}
	if !m.yes("INDEPENDENT") {
		e.flags |= isDependent
	}
	// The number of its segment is known in the end.
	e.msn = int64(len(p.segments))
	m.partTotal += e.length
	p.parts = append(p.parts, e)
	return nil
}

// preload handles EXT-X-PRELOAD-HINT. A hint of an initialization section is of no use: it is asked for when a
// segment needs it.
func (m *mediaReader) preload(value string) error {
	if err := m.attributes(value); err != nil {
		return err
	}
	if m.str("TYPE") != "PART" {
		return nil
	}
	uri, ok := m.get("URI")
	if !ok {
		m.odd("the preload hint has no URI")
		return nil
	}
	if err := m.usable(uri); err != nil {
		m.odd("the hinted part cannot be asked for: %v", err)
		return nil
	}
	e := &entry{base: m.p.base, init: m.init, key: m.key, ref: uri, disc: m.disc, flags: isHint | isDependent}
	const maxOffset = 1 << 60
	if from := m.number("BYTERANGE-START"); from < maxOffset {
		e.rng.Start = from
		if n := m.number("BYTERANGE-LENGTH"); n > 0 && n < maxOffset {
			e.rng.End = from + n
		}
	}
	m.p.hint = e
	return nil
}

func (m *mediaReader) renditionReport(value string) error {
	if err := m.attributes(value); err != nil {
		return err
	}
	if len(m.p.reports) == maxReports {
		return nil // of use for switching only
	}
	u, err := m.base.ResolveURL(m.str("URI"))
	if err != nil || m.str("URI") == "" {
		m.odd("the rendition report names no playlist")
		return nil
	}
	r := report{url: u, msn: m.number("LAST-MSN"), part: -1}
	if _, ok := m.get("LAST-PART"); ok {
		r.part = m.number("LAST-PART")
	}
	if r.msn < maxNumber && r.part < maxNumber {
		m.p.reports = append(m.p.reports, r)
	}
	return nil
}

// skip handles EXT-X-SKIP.
func (m *mediaReader) skip(value string) error {
	if err := m.attributes(value); err != nil {
		return err
	}
	n := m.number("SKIPPED-SEGMENTS")
	if n > maxSegments || m.p.delta || len(m.p.segments) > 0 {
		return m.fail(manifest.CodeInvalid, "EXT-X-SKIP does not skip the beginning of the playlist")
	}
	m.p.delta, m.p.skipped = true, n
	for id := range strings.SplitSeq(m.str("RECENTLY-REMOVED-DATERANGES"), "\t") {
		if id != "" && len(m.p.removed) < maxDateRanges {
			m.p.removed = append(m.p.removed, id)
		}
	}
	m.resume()
	return nil
}

// resume puts into effect what was at the end of the segments that are skipped. Even where none is, tags that have not
// changed may be left out.
func (m *mediaReader) resume() {
	if m.last == nil || len(m.last.segments) == 0 {
		return
	}
	segments, from := m.last.segments, m.p.first-m.last.segments[0].msn
	if from < 0 || from+max(m.p.skipped, 1) > int64(len(segments)) {
		return
	}
	m.p.resumed = true
	tail := &segments[from]
	if m.p.skipped > 0 {
		m.p.old = segments[from : from+m.p.skipped]
		tail = &m.p.old[len(m.p.old)-1]
		m.disc, m.rangeRef, m.rangeEnd = tail.disc, tail.ref, tail.rng.End
		if tail.wall != 0 {
			m.wallNext = tail.wall + tail.length
		}
	}
	m.init = tail.init
	if m.key = tail.key; m.key != nil {
		m.keys = []*manifest.Key{m.key}
	}
}

// finish fills in what only the end of the playlist tells.
func (m *mediaReader) finish() error {
	p := m.p
	m.line = 0
	if len(p.segments) == 0 && len(p.parts) == 0 && p.target == 0 && !m.seenNumber && !p.ended {
		return m.fail(manifest.CodeInvalid, "this HLS playlist names neither segments nor other playlists")
	}
	if p.first+p.skipped+int64(len(p.segments)) > maxNumber {
		return m.fail(manifest.CodeLimits, "the media sequence number %d is too large", p.first)
	}
	for i := range p.segments {
		p.segments[i].msn = p.first + p.skipped + int64(i)
	}
	for i := range p.parts {
		e := &p.parts[i]
		if e.msn == int64(len(p.segments)) {
			p.lastParts++
		}
		e.msn += p.first + p.skipped
	}
	for _, s := range m.needsIV {
		for i := range p.segments {
			if p.segments[i].init == s {
				iv := numberIV(p.segments[i].msn)
				s.key.IV = &iv
				break
			}
		}
	}
	m.checkTarget()
	m.heads()
	if p.hint != nil {
		p.hint.msn, p.hint.sub, p.hint.start = p.next(), int32(p.lastParts)+1, p.total+m.partTotal
		p.hint.length = min(p.control.part, maxTotal-p.hint.start)
		if p.lastParts == 0 {
			p.hint.flags &^= isDependent // it begins a segment
		}
	}
	if p.vod && !p.ended {
		m.odd("a playlist of type VOD has no EXT-X-ENDLIST; it is taken as complete")
	}
	return nil
}

// maxHeadBytes bounds what is taken for the tables of a transport stream.
const maxHeadBytes = 64 << 10

// heads gives pictures of a transport stream that are listed without their tables, which a byte range leaves out, what
// stands in front of the first of them in each file.
func (m *mediaReader) heads() {
	p := m.p
	if !p.iframes || len(p.segments) == 0 || p.segments[0].init != nil || typeOfName(p.segments[0].ref) != typeTS {
		return
	}
	var head *section
	for i := range p.segments {
		e := &p.segments[i]
		if e.init != nil || e.rng.Start <= 0 || e.key != nil && e.key.Method.WholeResource() {
			return
		}
		if i == 0 || e.ref != p.segments[i-1].ref {
			u, err := e.base.ResolveURL(e.ref)
			if head = nil; err == nil && e.rng.Start <= maxHeadBytes {
				head = &section{Resource: manifest.Resource{URL: u, Range: manifest.Range{End: e.rng.Start}}}
			}
		}
		e.init = head
	}
}

// checkTarget compares the target duration with the segments; without one, playback needs it all the same.
func (m *mediaReader) checkTarget() {
	p := m.p
	var longest int64
	for i := range p.segments {
		longest = max(longest, p.segments[i].length)
	}
	const half = second / 2
	switch {
	case p.target == 0:
		m.odd("the playlist has no target duration")
		p.target = max((longest+second-1)/second*second, second)
	case (longest+half)/second*second > p.target && !p.iframes:
		m.note(manifest.CodeTargetDuration, manifest.SeverityError, "a segment of %s s is longer than the target duration of %s s", media.SpanOf(time.Duration(longest)), media.SpanOf(time.Duration(p.target)))
	}
}
