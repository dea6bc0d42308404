package dash

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/Eyevinn/dash-mpd/mpd"
	mpdxml "github.com/Eyevinn/dash-mpd/xml"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// What a document may hold. Beyond these it is refused as a whole with code manifest.limits.
const (
	maxDocumentBytes   = 16 << 20
	maxDepth           = 64
	maxAttributes      = 64
	maxPeriods         = 4096
	maxSets            = 65536
	maxRepresentations = 65536
	maxEntries         = 1 << 20 // S, P and SegmentURL elements
	maxEvents          = 1 << 14 // Event elements
	maxEventBytes      = 64 << 10
	maxElements        = 1 << 18 // all others
	maxChildren        = 256     // of these others in one element
	maxAttributeBytes  = 8 << 10
	maxRemotes         = 64 // elements fetched from elsewhere
)

// resolveToZero is the reference that removes the element it stands on.
const resolveToZero = "urn:mpeg:dash:resolve-to-zero:2013"

// document is the library's tree and what it cannot hold.
type document struct {
	tree  mpd.MPD
	facts facts
}

// facts are attributes in a precision or with a distinction that the library's types lose: durations are the
// float64 nearest to the written decimal, identifiers of adaptation sets may be any text. Lists are in document
// order over the whole tree.
type facts struct {
	duration, minBuffer, minUpdate, depth, delay optSpan
	periods                                      []periodFacts
	sets                                         []setFacts
	// bases are the facts of BaseURL elements. The library has the number of each where it expects the service location.
	bases []baseFacts
	// remote is set when something was, or should have been, fetched from elsewhere.
	remote bool
}

type periodFacts struct {
	start, duration optSpan
	streams         []streamFacts
}

// streamFacts are an EventStream.
type streamFacts struct {
	scheme, value string
	timescale     uint32
	offset        int64
	events        []eventFacts
}

// eventFacts are an Event with times in ticks; length is -1 when unknown.
type eventFacts struct {
	time, length                     int64
	id, status, encoding, data, text string
}

// baseFacts are the attributes of a BaseURL. complete is nil when it is not said.
type baseFacts struct {
	location, byteRange string
	ahead               float64
	complete            *bool
	priority, weight    int
	ranked              bool // priority or weight are given
}

type setFacts struct{ id, group string }

type optSpan struct {
	v   media.Span
	set bool
}

// readDocument parses the document. fetch gives the text behind xlink references and may be nil.
func readDocument(data []byte, from manifest.Base, fetch func(url string) ([]byte, error), fs *manifest.Findings) (*document, error) {
	if len(data) > maxDocumentBytes {
		return nil, &manifest.Error{Code: manifest.CodeLimits, Msg: fmt.Sprintf("%d bytes, more than the %d accepted", len(data), maxDocumentBytes)}
	}
	var d document
	f := &filter{base: from, fetch: fetch, findings: fs, facts: &d.facts}
	f.sources = append(f.sources, f.newSource(data))
	err := mpdxml.NewTokenDecoder(f).Decode(&d.tree)
	if f.err != nil && !errors.Is(f.err, io.EOF) {
		return nil, f.err
	}
	if err != nil {
		if !f.rooted {
			return nil, &manifest.Error{Code: manifest.CodeUnreadable, Msg: "the document has no element"}
		}
		return nil, &manifest.Error{Code: manifest.CodeInvalid, Line: f.line(), Msg: "MPD", Err: err}
	}
	f.drain()
	return &d, nil
}

// Sniff reports whether the beginning of a document looks like an MPD: its first element is named MPD.
func Sniff(head []byte) bool {
	const maxHead = 16 << 10
	var fs manifest.Findings
	text, _ := decodeText(head[:min(len(head), maxHead)], &fs)
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.Strict = false
	for {
		tok, err := dec.RawToken()
		if err != nil {
			return false
		}
		if start, ok := tok.(xml.StartElement); ok {
			return start.Name.Local == "MPD"
		}
	}
}

// source is one text that tokens come from: the document or a remote element.
type source struct {
	dec  *xml.Decoder
	text []byte
	// skippedLines is how many lines of the document precede text.
	skippedLines int
	// name is the reference of a remote text, "" for the document; want is the element it must consist of, and
	// depth the nesting at which it was put in.
	name, want string
	depth      int
}

// open is one element that has begun and not ended.
type open struct {
	raw   xml.Name // as written, with the prefix
	local string
	spec  *element    // nil: the element and all in it are left out
	out   mpdxml.Name // as the library wants it
	ns    map[string]string
	// children counts the small elements in it: descriptors, base URLs and the like.
	children int
	// content is where the text behind the start tag begins.
	content int64
	// instead is read in place of the element when it has ended.
	instead *source
}

// filter is the token stream that the library reads: see the package comment. It is used once. Its own tokens come
// from the standard library, since the library's tokenizer never gets past a > in text.
type filter struct {
	base     manifest.Base
	fetch    func(url string) ([]byte, error)
	findings *manifest.Findings
	facts    *facts

	sources []*source
	stack   []open
	rooted  bool   // the MPD element has begun
	space   string // the name space of the MPD element
	err     error  // what ended the stream

	sets, representations, entries, events, elements, remotes int
}

// newSource prepares a text for reading.
func (f *filter) newSource(data []byte) *source {
	text, lines := decodeText(data, f.findings)
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.Strict = false
	return &source{dec: dec, text: text, skippedLines: lines}
}

func (f *filter) top() *source { return f.sources[len(f.sources)-1] }

// line is the line in the current source.
func (f *filter) line() int {
	n, _ := f.top().dec.InputPos()
	return n + f.top().skippedLines
}

// where names the place for a finding.
func (f *filter) where(element string) string {
	s := fmt.Sprintf("line %d", f.line())
	if f.top().name != "" {
		s = clip(f.top().name) + " " + s
	}
	if element != "" {
		s += " <" + clip(element) + ">"
	}
	return s
}

func (f *filter) find(sev manifest.Severity, element, format string, args ...any) {
	f.findings.Add(manifest.Finding{Code: manifest.CodeInvalid, Severity: sev, Where: f.where(element), Message: fmt.Sprintf(format, args...)})
}

// fail ends the stream.
func (f *filter) fail(code, format string, args ...any) error {
	e := &manifest.Error{Code: code, Line: f.line(), Msg: fmt.Sprintf(format, args...)}
	if f.top().name != "" {
		e.Msg = "remote element " + clip(f.top().name) + ": " + e.Msg
	}
	f.err = e
	return e
}

// Token returns the next token that the library is to see.
func (f *filter) Token() (mpdxml.Token, error) {
	if f.err != nil {
		return nil, f.err
	}
	for {
		src := f.top()
		from := src.dec.InputOffset()
		tok, err := src.dec.RawToken()
		if errors.Is(err, io.EOF) {
			if len(f.stack) > src.depth {
				return nil, f.fail(manifest.CodeUnreadable, "the document ends inside <%s>", clip(f.stack[len(f.stack)-1].local))
			}
			if src.name != "" {
				f.sources = f.sources[:len(f.sources)-1]
				continue
			}
			f.err = io.EOF
			return nil, io.EOF
		}
		if err != nil {
			return nil, f.fail(manifest.CodeUnreadable, "%s", syntaxMessage(err))
		}
		switch t := tok.(type) {
		case xml.StartElement:
			out, pass, err := f.start(t, src.text[from:src.dec.InputOffset()])
			if err != nil {
				return nil, err
			}
			if pass {
				return out, nil
			}
		case xml.EndElement:
			top := len(f.stack) - 1
			if top < src.depth {
				return nil, f.fail(manifest.CodeUnreadable, "</%s> closes nothing", clip(t.Name.Local))
			}
			o := f.stack[top]
			if o.raw != t.Name {
				return nil, f.fail(manifest.CodeUnreadable, "</%s> closes <%s>", clip(t.Name.Local), clip(o.local))
			}
			f.stack = f.stack[:top]
			if o.instead != nil {
				o.instead.depth = top
				f.sources = append(f.sources, o.instead)
			}
			if o.spec == nil || o.spec.beside {
				if o.spec != nil && o.local == "Event" {
					f.eventText(src.text[o.content:from])
				}
				continue
			}
			return mpdxml.EndElement{Name: o.out}, nil
		case xml.CharData:
			top := len(f.stack) - 1
			if top < 0 || f.stack[top].spec == nil || !f.stack[top].spec.text {
				continue
			}
			if !f.stack[top].spec.beside {
				return mpdxml.CharData(t), nil
			}
			if e := f.event(); e != nil && len(e.text)+len(t) <= maxEventBytes {
				e.text += string(t)
			}
		case xml.Directive:
			f.directive(t)
		}
	}
}

// directive judges a document type declaration. Nothing it declares is ever used.
func (f *filter) directive(d xml.Directive) {
	switch {
	case len(f.stack) > 0 || f.rooted:
		f.find(manifest.SeverityError, "", "a document type declaration inside the document")
	case bytes.Contains(d, []byte("<!ENTITY")):
		f.find(manifest.SeverityWarning, "", "entity declarations are ignored")
	}
}

// drain looks at what follows the MPD element.
func (f *filter) drain() {
	src := f.top()
	for {
		tok, err := src.dec.RawToken()
		if errors.Is(err, io.EOF) {
			return
		}
		_, element := tok.(xml.StartElement)
		chars, isText := tok.(xml.CharData)
		if err != nil || element || isText && len(bytes.TrimSpace(chars)) > 0 {
			f.find(manifest.SeverityWarning, "", "something follows the MPD element; ignored")
			return
		}
	}
}

// start handles a start tag. pass is false when the element is left out.
func (f *filter) start(t xml.StartElement, tag []byte) (out mpdxml.StartElement, pass bool, err error) {
	if len(f.stack) >= maxDepth {
		return out, false, f.fail(manifest.CodeLimits, "elements nested deeper than %d", maxDepth)
	}
	if len(t.Attr) > maxAttributes {
		return out, false, f.fail(manifest.CodeLimits, "<%s> has more than %d attributes", clip(t.Name.Local), maxAttributes)
	}
	local := t.Name.Local
	f.stack = append(f.stack, open{raw: t.Name, local: local, ns: declarations(t.Attr), content: f.top().dec.InputOffset()})

	parent := f.parent()
	if parent == nil && len(f.stack) > 1 {
		return out, false, nil // inside something left out
	}
	f.wellFormed(t, tag)
	name, known := f.resolve(t.Name, true)
	if len(f.stack) == 1 {
		if local != "MPD" {
			return out, false, f.fail(manifest.CodeInvalid, "the root element is <%s>, not MPD", clip(local))
		}
		f.rooted = true
		f.space = f.lookup(t.Name.Space)
		if !strings.EqualFold(f.space, mpd.DASH_NAMESPACE) {
			f.find(manifest.SeverityWarning, local, "the name space is %q, not %q", clip(f.space), mpd.DASH_NAMESPACE)
		}
		name, known = "MPD", true
	}
	if !known {
		return out, false, nil
	}
	spec := schema[name]
	if spec == nil && librarySpace[name] != "" {
		spec = &element{text: true}
	}
	if parent != nil && !slices.Contains(parent.children, name) {
		if spec != nil {
			f.find(manifest.SeverityWarning, local, "ignored: it does not belong into <%s>", f.stack[len(f.stack)-2].local)
		}
		return out, false, nil
	}
	if src := f.top(); src.name != "" && len(f.stack) == src.depth+1 && name != src.want {
		f.find(manifest.SeverityWarning, local, "ignored: the reference is to <%s>", src.want)
		return out, false, nil
	}
	if err := f.count(name); err != nil {
		return out, false, err
	}
	if spec.remote {
		gone, err := f.remote(name, t)
		if err != nil || gone {
			return out, false, err
		}
	}
	me := &f.stack[len(f.stack)-1]
	me.spec = spec
	me.out = mpdxml.Name{Space: librarySpace[name], Local: name}
	return mpdxml.StartElement{Name: me.out, Attr: f.attributes(name, spec, t.Attr)}, !spec.beside, nil
}

// parent is the description of the enclosing element, nil when there is none or it is left out.
func (f *filter) parent() *element {
	if len(f.stack) < 2 {
		return nil
	}
	return f.stack[len(f.stack)-2].spec
}

// count enforces the limits on elements.
func (f *filter) count(name string) error {
	n, limit := &f.elements, maxElements
	switch name {
	case "Period":
		if len(f.facts.periods) >= maxPeriods {
			return f.fail(manifest.CodeLimits, "more than %d periods", maxPeriods)
		}
	case "AdaptationSet":
		n, limit = &f.sets, maxSets
	case "Representation":
		n, limit = &f.representations, maxRepresentations
	case "S", "SegmentURL", "P":
		n, limit = &f.entries, maxEntries
	case "Event":
		n, limit = &f.events, maxEvents
	}
	if *n++; *n > limit {
		return f.fail(manifest.CodeLimits, "more than %d elements such as <%s>", limit, name)
	}
	if n != &f.elements || name == "Period" || len(f.stack) < 2 {
		return nil
	}
	parent := &f.stack[len(f.stack)-2]
	if parent.children++; parent.children > maxChildren {
		return f.fail(manifest.CodeLimits, "<%s> has more than %d elements such as <%s>", parent.local, maxChildren, name)
	}
	return nil
}

// declarations returns the name spaces that a tag declares, nil for none.
func declarations(attrs []xml.Attr) map[string]string {
	var m map[string]string
	for _, a := range attrs {
		prefix := a.Name.Local
		switch {
		case a.Name.Space == "xmlns":
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			prefix = ""
		default:
			continue
		}
		if m == nil {
			m = make(map[string]string)
		}
		m[prefix] = strings.TrimSpace(a.Value)
	}
	return m
}

// lookup returns what a prefix stands for, "" when it was never declared.
func (f *filter) lookup(prefix string) string {
	switch prefix {
	case "xml":
		return nsXML
	case "xmlns":
		return nsXMLNS
	}
	for i := len(f.stack) - 1; i >= 0; i-- {
		if uri, ok := f.stack[i].ns[prefix]; ok {
			return uri
		}
	}
	return ""
}

// resolve returns the name by which schema and library know an element or attribute, and false for one of a name
// space that the model does not use. An undeclared prefix is taken for what it usually means.
func (f *filter) resolve(n xml.Name, isElement bool) (string, bool) {
	if n.Space == "" && !isElement {
		return n.Local, true
	}
	uri := f.lookup(n.Space)
	if uri == "" && n.Space != "" {
		f.find(manifest.SeverityWarning, n.Space+":"+n.Local, "the prefix %q is not declared", clip(n.Space))
		uri = usualPrefixes[n.Space]
		if uri == "" {
			return "", false
		}
	}
	if isElement && (uri == "" || uri == f.space || strings.HasPrefix(strings.ToLower(uri), "urn:mpeg:dash:schema:mpd:")) {
		return n.Local, true
	}
	if name := foreign[[2]string{uri, n.Local}]; name != "" {
		return name, true
	}
	return "", false
}

// wellFormed reports breaches of XML that the tokenizer lets pass.
func (f *filter) wellFormed(t xml.StartElement, tag []byte) {
	for i, a := range t.Attr {
		if slices.ContainsFunc(t.Attr[:i], func(b xml.Attr) bool { return a.Name == b.Name }) {
			f.find(manifest.SeverityError, t.Name.Local, "not well-formed: the attribute %s is there twice", clip(a.Name.Local))
		}
	}
	var quote byte
	for i := 1; i < len(tag); i++ {
		c := tag[i]
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote && quote != 0:
			quote = 0
			if i+1 < len(tag) && !strings.ContainsRune(" \t\r\n/>", rune(tag[i+1])) {
				f.find(manifest.SeverityError, t.Name.Local, "not well-formed: no space between two attributes")
				return
			}
		}
	}
}

// remote deals with xlink:href on the element just opened. gone is true when the element is not to be passed on:
// it was replaced or removed.
func (f *filter) remote(name string, t xml.StartElement) (gone bool, err error) {
	href := ""
	for _, a := range t.Attr {
		if a.Name.Local == "href" && (a.Name.Space == "xlink" || f.lookup(a.Name.Space) == nsXLink) {
			href = strings.TrimSpace(a.Value)
		}
	}
	switch {
	case href == "":
		return false, nil
	case href == resolveToZero:
		return true, nil
	case f.top().name != "":
		f.find(manifest.SeverityError, name, "a remote element refers to another; the reference is ignored")
		return false, nil
	}
	f.facts.remote = true
	if f.remotes++; f.remotes > maxRemotes {
		return false, f.fail(manifest.CodeLimits, "more than %d remote elements", maxRemotes)
	}
	url, err := f.base.ResolveURL(href)
	var data []byte
	switch {
	case err != nil:
	case f.fetch == nil:
		err = errors.New("remote elements are not fetched here")
	default:
		data, err = f.fetch(url)
	}
	if err == nil && len(data) > maxDocumentBytes {
		err = fmt.Errorf("%d bytes, more than the %d accepted", len(data), maxDocumentBytes)
	}
	if err != nil {
		f.find(manifest.SeverityError, name, "the remote element %s cannot be had: %v", clip(href), err)
		return false, nil
	}
	instead := f.newSource(data)
	instead.name, instead.want = href, name
	f.stack[len(f.stack)-1].instead = instead
	return true, nil
}

// attributes checks the values of the attributes that are used and gives them the form the library reads.
func (f *filter) attributes(name string, spec *element, attrs []xml.Attr) []mpdxml.Attr {
	var period periodFacts
	var beside map[string]string
	out := make([]mpdxml.Attr, 0, len(attrs))
	for _, a := range attrs {
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			continue
		}
		key, known := f.resolve(a.Name, false)
		if !known {
			continue
		}
		value := attributeValue(a.Value)
		if len(value) > maxAttributeBytes {
			f.find(manifest.SeverityError, name, "%s is ignored: %d bytes, more than the %d accepted", clip(key), len(value), maxAttributeBytes)
			continue
		}
		if space := librarySpace[key]; space != "" {
			out = append(out, mpdxml.Attr{Name: mpdxml.Name{Space: space, Local: key}, Value: value})
			continue
		}
		typ, used := spec.attrs[key]
		if !used {
			continue
		}
		switch typ {
		case duration:
			v, err := parseDuration(value)
			if err != nil {
				f.find(manifest.SeverityError, name, "%s=%q is ignored: %v", key, clip(value), err)
				continue
			}
			switch key {
			case "start":
				period.start = optSpan{v, true}
			case "duration":
				period.duration = optSpan{v, true}
			case "mediaPresentationDuration":
				f.facts.duration = optSpan{v, true}
			case "minBufferTime":
				f.facts.minBuffer = optSpan{v, true}
			case "minimumUpdatePeriod":
				f.facts.minUpdate = optSpan{v, true}
			case "timeShiftBufferDepth":
				f.facts.depth = optSpan{v, true}
			case "suggestedPresentationDelay":
				f.facts.delay = optSpan{v, true}
			}
		case aside:
			if beside == nil {
				beside = map[string]string{}
			}
			beside[key] = value
		default:
			v, problem := normalize(typ, value)
			if problem != "" {
				f.find(manifest.SeverityWarning, name, "%s=%q: %s", key, clip(value), problem)
			}
			if v != "" || typ == text {
				out = append(out, mpdxml.Attr{Name: mpdxml.Name{Local: key}, Value: v})
			}
		}
	}
	switch name {
	case "Period":
		f.facts.periods = append(f.facts.periods, period)
	case "AdaptationSet":
		f.facts.sets = append(f.facts.sets, setFacts{beside["id"], beside["group"]})
	case "BaseURL":
		out = append(out, mpdxml.Attr{Name: mpdxml.Name{Local: "serviceLocation"}, Value: strconv.Itoa(len(f.facts.bases))})
		f.facts.bases = append(f.facts.bases, f.baseFacts(beside))
	case "EventStream":
		if n := len(f.facts.periods); n > 0 {
			p := &f.facts.periods[n-1]
			p.streams = append(p.streams, f.streamFacts(beside))
		}
	case "Event":
		if n := len(f.facts.periods); n > 0 {
			if streams := f.facts.periods[n-1].streams; len(streams) > 0 {
				s := &streams[len(streams)-1]
				s.events = append(s.events, f.eventFacts(beside))
			}
		}
	}
	return out
}

// attributeValue is the value with white space as spaces, as XML wants it (XML 1.0 §3.3.3).
func attributeValue(s string) string {
	s = strings.TrimSpace(s)
	if !strings.ContainsAny(s, "\t\r\n") {
		return s
	}
	return strings.NewReplacer("\t", " ", "\r", " ", "\n", " ").Replace(s)
}

// number reads an attribute that is kept beside the tree, and gives otherwise when there is none or it is not usable.
func (f *filter) number(element, key string, typ attrType, attrs map[string]string, otherwise int64) int64 {
	v, ok := attrs[key]
	if !ok {
		return otherwise
	}
	text, problem := normalize(typ, v)
	if problem != "" {
		f.find(manifest.SeverityWarning, element, "%s=%q: %s", key, clip(v), problem)
	}
	// A negative time comes out of normalize as the unsigned number with the same bits.
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return otherwise
	}
	return int64(n)
}

func (f *filter) baseFacts(attrs map[string]string) baseFacts {
	b := baseFacts{location: attrs["serviceLocation"], byteRange: attrs["byteRange"]}
	if v := attrs["availabilityTimeOffset"]; v != "" {
		_, problem := normalize(decimal, v)
		if problem != "" {
			f.find(manifest.SeverityWarning, "BaseURL", "availabilityTimeOffset=%q: %s", clip(v), problem)
		} else {
			b.ahead, _ = strconv.ParseFloat(v, 64)
		}
	}
	if v := attrs["availabilityTimeComplete"]; v != "" {
		text, problem := normalize(boolean, v)
		if problem != "" {
			f.find(manifest.SeverityWarning, "BaseURL", "availabilityTimeComplete=%q: %s", clip(v), problem)
		} else {
			complete := text == "true"
			b.complete = &complete
		}
	}
	b.priority = int(f.number("BaseURL", "priority", unsigned, map[string]string{"priority": cmp.Or(attrs["dvbPriority"], "1")}, 1))
	b.weight = int(f.number("BaseURL", "weight", unsigned, map[string]string{"weight": cmp.Or(attrs["dvbWeight"], "1")}, 1))
	b.ranked = attrs["dvbPriority"] != "" || attrs["dvbWeight"] != ""
	return b
}

func (f *filter) streamFacts(attrs map[string]string) streamFacts {
	return streamFacts{scheme: attrs["schemeIdUri"], value: attrs["value"],
		timescale: uint32(max(1, f.number("EventStream", "timescale", unsigned, attrs, 1))),
		offset:    f.number("EventStream", "presentationTimeOffset", ticks, attrs, 0)}
}

func (f *filter) eventFacts(attrs map[string]string) eventFacts {
	return eventFacts{time: f.number("Event", "presentationTime", ticks, attrs, 0), length: f.number("Event", "duration", long, attrs, -1),
		id: attrs["id"], status: attrs["status"], encoding: attrs["contentEncoding"], data: attrs["messageData"]}
}

// event is the Event that is being read, nil for none.
func (f *filter) event() *eventFacts {
	n := len(f.facts.periods)
	if n == 0 || len(f.facts.periods[n-1].streams) == 0 {
		return nil
	}
	streams := f.facts.periods[n-1].streams
	s := &streams[len(streams)-1]
	if len(s.events) == 0 {
		return nil
	}
	return &s.events[len(s.events)-1]
}

// eventText takes what is inside of an Event: its text, or its markup as written when it has elements.
func (f *filter) eventText(raw []byte) {
	e := f.event()
	if e == nil || e.data != "" {
		return
	}
	text := e.text
	e.text = ""
	if len(raw) > maxEventBytes {
		f.find(manifest.SeverityWarning, "Event", "its message is left out: %d bytes, more than the %d accepted", len(raw), maxEventBytes)
		return
	}
	if e.data = strings.TrimSpace(text); bytes.ContainsRune(raw, '<') {
		e.data = string(bytes.TrimSpace(raw))
	}
}

// maxTicks bounds media times, so that sums of two never overflow.
const maxTicks = 1 << 61

// normalize returns the value in the form the library parses, "" when it must be left out, and what is odd about
// it, "" for nothing.
func normalize(typ attrType, v string) (out, problem string) {
	switch typ {
	case unsigned, long:
		width := 32
		if typ == long {
			width = 64
		}
		n, err := strconv.ParseUint(v, 10, width)
		if err == nil && n <= maxTicks {
			return v, ""
		}
		if f, ferr := strconv.ParseFloat(v, 64); ferr == nil && f >= 0 && f < 1<<32 && f == float64(uint64(f)) {
			return strconv.FormatUint(uint64(f), 10), "not written as an integer"
		}
		return "", "ignored: not an integer from 0 to what its type holds"
	case ticks:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n > maxTicks || n < -maxTicks {
			return "", "ignored: not a time in ticks"
		}
		if n < 0 {
			return strconv.FormatUint(uint64(n), 10), "negative; taken as it is meant"
		}
		return v, ""
	case integer:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return "", "ignored: not an integer"
		}
		if n != int64(int32(n)) {
			n = min(max(n, -1), 1<<31-1)
			return strconv.FormatInt(n, 10), "out of range; the nearest possible value is taken"
		}
		return strconv.FormatInt(n, 10), ""
	case decimal:
		d, err := strconv.ParseFloat(v, 64)
		if v != "INF" && (err != nil || !(math.Abs(d) <= maxDurationSeconds)) {
			return "", "ignored: not a number, or too large"
		}
		return v, ""
	case boolean:
		switch strings.ToLower(v) {
		case "true", "1":
			return "true", ""
		case "false", "0":
			return "false", ""
		}
		return "", "ignored: neither true nor false"
	}
	return v, ""
}

// syntaxMessage is the tokenizer's message without its own line number.
func syntaxMessage(err error) string {
	var s *xml.SyntaxError
	if errors.As(err, &s) {
		if s.Msg == "unexpected EOF" {
			return "the document ends in the middle of a tag"
		}
		return s.Msg
	}
	return strings.TrimPrefix(err.Error(), "xml: ")
}
