package ttml

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"mseplayer/player/charset"
)

// Namespaces, by the short names that the rest of the package uses.
const (
	nsXML = "http://www.w3.org/XML/1998/namespace"
	nsTT  = "http://www.w3.org/ns/ttml"
)

// oldTT are the namespaces of drafts of TTML, which are read as if they were the later one.
var oldTT = []string{"http://www.w3.org/2006/10/ttaf1", "http://www.w3.org/2006/04/ttaf1"}

// shortName is the name of an attribute or element with the usual prefix of its namespace, "" for a foreign one.
func shortName(n xml.Name) string {
	space := n.Space
	for _, old := range oldTT {
		if rest, ok := strings.CutPrefix(space, old); ok {
			space = nsTT + strings.Replace(rest, "#style", "#styling", 1)
			space = strings.Replace(space, "#stylinging", "#styling", 1)
		}
	}
	switch space {
	case "":
		return n.Local
	case nsXML:
		return "xml:" + n.Local
	case nsTT:
		return "tt:" + n.Local
	case nsTT + "#parameter":
		return "ttp:" + n.Local
	case nsTT + "#styling":
		return "tts:" + n.Local
	case nsTT + "/profile/imsc1#styling":
		return "itts:" + n.Local
	case nsTT + "/profile/imsc1#parameter":
		return "ittp:" + n.Local
	case "urn:ebu:tt:style", "urn:ebu:style":
		return "ebutts:" + n.Local
	}
	if strings.HasPrefix(space, "http://www.smpte-ra.org/schemas/2052-1/") {
		return "smpte:" + n.Local
	}
	return ""
}

// element is an element of the document, or a run of characters.
type element struct {
	name     string // its local name; textName for characters
	line     int
	index    uint32 // its place in the document
	id       string
	region   string   // of the attribute; see also inline
	target   *element // that region, once it is known; nowhere if there is none of that name
	styles   []string
	lang     string
	preserve bool
	seq      bool
	// begin, end and dur are what the attributes say, NaN where they are absent. from and to are the interval in which
	// the element is active, if those around it are.
	begin, end, dur float64
	from, to        float64
	spec            map[prop]any // what was asked of it, at first by its attributes alone
	text            string       // of characters
	src             string       // where a picture is
	sets            []*element
	children        []*element
	inline          *element // the region that belongs to this element alone
	placed          bool     // its own attributes say where it lies
	hosts           bool     // something inside of it has a region of its own

	// reach[i] is the latest end of the children up to i. It is nil where their beginnings are not in order.
	reach []float64

	// The styles computed last, and from what.
	computed   *style
	computedOf *style
	computedBy string
}

// textName is the name of a run of characters.
const textName = "#text"

// document is what is known of a document.
type document struct {
	o        Options
	warnings []Warning
	lost     int // warnings beyond maxWarnings

	clock      clock
	cols, rows float64
	px         [2]float64 // size of the root container in pixels
	aspect     float64    // of the root container
	scale      [2]float64 // size of the root container in the picture
	shift      [2]float64 // its place there

	styles   map[string]*element
	initials map[prop]any
	regions  []*element
	byID     map[string]*element
	implied  *element // the region of a document that has none
	body     *element
	data     map[string]*element // pictures that are part of the document
	parts    [][]byte            // pictures behind the document
	images   imageStore

	elements uint32
	merged   int // properties copied from styles
	visits   int // of elements, at all moments
	bytes    int // of text handed out
}

// read builds the tree of a document. What follows it is pictures: a sample of a track carries them so.
func (d *document) read(b []byte) error {
	b, err := toUTF8(b)
	if err != nil {
		return err
	}
	x := xml.NewDecoder(bytes.NewReader(b))
	x.CharsetReader = decoding
	var stack []*element
	for {
		tok, err := x.Token()
		line, _ := x.InputPos()
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("ttml: no tt element: this is not a TTML document")
		case err != nil:
			return fmt.Errorf("ttml: line %d: %w", line, err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if d.elements++; d.elements > maxElements {
				return fmt.Errorf("ttml: line %d: more than %d elements", line, maxElements)
			}
			if len(stack) >= maxDepth {
				return fmt.Errorf("ttml: line %d: elements are nested deeper than %d", line, maxDepth)
			}
			e, err := d.open(stack, tok, line)
			if err != nil {
				return err
			}
			if e == nil {
				if err := d.skip(x); err != nil {
					return err
				}
				continue
			}
			stack = append(stack, e)
		case xml.EndElement:
			if stack = stack[:len(stack)-1]; len(stack) == 0 {
				d.parts = pictures(b[min(x.InputOffset(), int64(len(b))):])
				return nil
			}
		case xml.CharData:
			if len(stack) > 0 {
				if err := d.characters(stack[len(stack)-1], string(tok), line); err != nil {
					return err
				}
			}
		}
	}
}

// skip passes over the rest of an element.
func (d *document) skip(x *xml.Decoder) error {
	for depth := 1; depth > 0; {
		tok, err := x.Token()
		line, _ := x.InputPos()
		if err != nil {
			return fmt.Errorf("ttml: line %d: %w", line, err)
		}
		switch tok.(type) {
		case xml.StartElement:
			depth++
			if d.elements++; d.elements > maxElements {
				return fmt.Errorf("ttml: line %d: more than %d elements", line, maxElements)
			}
			if depth > maxDepth {
				return fmt.Errorf("ttml: line %d: elements are nested deeper than %d", line, maxDepth)
			}
		case xml.EndElement:
			depth--
		}
	}
	return nil
}

// holds lists which elements are read inside of which. Everything else is passed over with what is in it.
var holds = map[string]string{
	"":          " tt ",
	"tt":        " head body ",
	"head":      " styling layout resources metadata ",
	"resources": " data image ",
	"metadata":  " data smpte:image smpte:information ",
	"styling":   " style initial ",
	"layout":    " region initial ",
	"region":    " style set ",
	"body":      " div p set metadata ",
	"div":       " div p set region image metadata ",
	"p":         " span br set region metadata ",
	"span":      " span br set metadata image ",
	"br":        " set ",
	"image":     " set source data ",
	"source":    " data ",
	"data":      " chunk ",

	"smpte:information": " smpte:image ",
}

// open makes an element of a start tag, or nil if it is to be passed over.
func (d *document) open(stack []*element, tok xml.StartElement, line int) (*element, error) {
	short := shortName(tok.Name)
	name, ok := strings.CutPrefix(short, "tt:")
	if !ok && !strings.HasPrefix(short, "smpte:") {
		name = ""
	}
	var parent *element
	under := ""
	if len(stack) > 0 {
		parent = stack[len(stack)-1]
		under = parent.name
	}
	if parent == nil && name != "tt" {
		return nil, fmt.Errorf("ttml: line %d: the document is a %q of %q, not a tt of %q", line, tok.Name.Local, tok.Name.Space, nsTT)
	}
	if name == "" || !strings.Contains(holds[under], " "+name+" ") {
		return nil, nil
	}
	e := &element{name: name, line: line, index: d.elements, begin: math.NaN(), end: math.NaN(), dur: math.NaN()}
	if parent != nil {
		e.lang, e.preserve = parent.lang, parent.preserve
	} else {
		d.parameters(e, tok.Attr)
	}
	d.attributes(e, tok.Attr)
	d.place(parent, e)
	return e, nil
}

// place puts a new element where it belongs.
func (d *document) place(parent, e *element) {
	switch e.name {
	case "style":
		if parent.name == "region" {
			parent.children = append(parent.children, e)
		} else if e.id != "" {
			d.styles[e.id] = e
		}
	case "initial":
		for p, v := range e.spec {
			d.initials[p] = v
		}
	case "region":
		if parent.name != "layout" {
			if parent.inline == nil {
				parent.inline = e
			}
			return
		}
		d.regions = append(d.regions, e)
		if e.id != "" {
			d.byID[e.id] = e
		}
	case "set":
		parent.sets = append(parent.sets, e)
	case "body":
		d.body = e
	case "data", "smpte:image":
		if e.id != "" {
			d.data[e.id] = e
		}
		if parent.name == "image" || parent.name == "source" {
			parent.children = append(parent.children, e)
		}
	case "image":
		if parent.name == "resources" {
			if e.id != "" {
				d.data[e.id] = e
			}
			return
		}
		parent.children = append(parent.children, e)
	case "chunk", "source", "div", "p", "span", "br":
		parent.children = append(parent.children, e)
	}
}

// characters adds a run of characters to e.
func (d *document) characters(e *element, text string, line int) error {
	switch e.name {
	case "p", "span", "data", "chunk", "smpte:image":
		if d.elements++; d.elements > maxElements {
			return fmt.Errorf("ttml: line %d: more than %d elements", line, maxElements)
		}
		e.children = append(e.children, &element{name: textName, line: line, index: d.elements, lang: e.lang, preserve: e.preserve,
			begin: math.NaN(), end: math.NaN(), dur: math.NaN(), text: text})
	}
	return nil
}

// attributes reads what all elements may carry.
func (d *document) attributes(e *element, attrs []xml.Attr) {
	for _, a := range attrs {
		name, v := shortName(a.Name), strings.TrimSpace(a.Value)
		switch name {
		case "xml:id":
			e.id = v
		case "xml:lang":
			e.lang = v
		case "xml:space":
			e.preserve = v == "preserve"
		case "region":
			e.region = v
		case "style":
			e.styles = strings.Fields(v)
		case "src":
			e.src = v
		case "timeContainer":
			e.seq = v == "seq"
		case "begin":
			d.time(e, &e.begin, name, v)
		case "end":
			d.time(e, &e.end, name, v)
		case "dur":
			d.time(e, &e.dur, name, v)
		default:
			def, ok := props[name]
			if !ok {
				continue
			}
			value, ok := def.parse(v)
			if !ok {
				d.warn(e.line, "%s=%q is not understood and left out", name, v)
				continue
			}
			if e.spec == nil {
				e.spec = map[prop]any{}
			}
			e.spec[def.prop] = value
			e.placed = e.placed || def.prop == pOrigin || def.prop == pExtent || def.prop == pPosition
		}
	}
}

// time reads an attribute that is a time expression.
func (d *document) time(e *element, to *float64, name, v string) {
	t, ok := d.clock.parse(v)
	if !ok {
		d.warn(e.line, "%s=%q is no time and left out", name, v)
		return
	}
	*to = t
}

// parameters reads what the tt element says of the whole document. TTML2 §7.2.
func (d *document) parameters(e *element, attrs []xml.Attr) {
	d.clock = clock{rate: 30, sub: 1, drop: "nonDrop"}
	d.cols, d.rows = 32, 15
	var tick, multiplier float64 = 0, 1
	framed := false
	display := 0.0
	for _, a := range attrs {
		name, v := shortName(a.Name), strings.TrimSpace(a.Value)
		ok := true
		switch name {
		case "ttp:frameRate":
			framed = true
			ok = positive(v, maxRate, &d.clock.rate)
		case "ttp:subFrameRate":
			ok = positive(v, maxRate, &d.clock.sub)
		case "ttp:tickRate":
			ok = positive(v, maxTickRate, &tick)
		case "ttp:frameRateMultiplier":
			multiplier, ok = ratio(v)
		case "ttp:timeBase":
			d.clock.smpte = v == "smpte"
			ok = v == "media" || v == "smpte"
		case "ttp:dropMode":
			d.clock.drop = v
		case "ttp:cellResolution":
			f := strings.Fields(v)
			ok = len(f) == 2
			var cols, rows float64
			if ok = ok && positive(f[0], maxCells, &cols) && positive(f[1], maxCells, &rows); ok {
				d.cols, d.rows = cols, rows
			}
		case "ittp:aspectRatio", "ttp:displayAspectRatio":
			var r float64
			if r, ok = ratio(v); ok {
				display = r
			}
		default:
			continue
		}
		if !ok {
			d.warn(e.line, "%s=%q is not understood and left out", name, v)
		}
	}
	d.clock.rate *= multiplier
	switch {
	case tick > 0:
		d.clock.tick = tick
	case framed:
		d.clock.tick = d.clock.rate * d.clock.sub
	default:
		d.clock.tick = 1
	}
	d.fit(display)
	for _, a := range attrs {
		if shortName(a.Name) != "tts:extent" {
			continue
		}
		if v, ok := parseExtent(a.Value); ok {
			if x := v.(pair); !x.auto && x.w.unit == "px" && x.h.unit == "px" && x.w.v > 0 && x.h.v > 0 {
				d.px = [2]float64{x.w.v, x.h.v}
			}
		}
	}
}

// fit puts the root container into the middle of the picture, as large as it fits. 0 is a container of the picture's
// own shape. IMSC 1.1 §6.7.2, TTML2 §7.2.3.
func (d *document) fit(display float64) {
	d.aspect, d.scale, d.shift = d.o.Aspect, [2]float64{1, 1}, [2]float64{}
	if display > 0 {
		d.aspect = display
		d.scale[0] = min(1, display/d.o.Aspect)
		d.scale[1] = min(1, d.o.Aspect/display)
		d.shift = [2]float64{(1 - d.scale[0]) / 2, (1 - d.scale[1]) / 2}
	}
	d.px = [2]float64{defaultLines * d.aspect, defaultLines}
}

// positive reads a number above 0.
func positive(s string, limit float64, to *float64) bool {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v > 0 && v <= limit) {
		return false
	}
	*to = v
	return true
}

// ratio reads two numbers, with a blank or, as older documents have it, with a colon between them.
func ratio(s string) (float64, bool) {
	f := strings.Fields(strings.Replace(s, ":", " ", 1))
	var a, b float64
	if len(f) == 1 {
		f = append(f, "1")
	}
	if len(f) != 2 || !positive(f[0], maxRate, &a) || !positive(f[1], maxRate, &b) {
		return 0, false
	}
	return a / b, true
}

// warn takes down what was left out.
func (d *document) warn(line int, format string, args ...any) {
	if len(d.warnings) >= maxWarnings {
		d.lost++
		return
	}
	d.warnings = append(d.warnings, Warning{Line: line, Text: fmt.Sprintf(format, args...)})
}

// toUTF8 converts a document with the mark of UTF-16 at its front, and takes away that of UTF-8.
func toUTF8(b []byte) ([]byte, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		return b[3:], nil
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return b, nil
	}
	if len(b)%2 != 0 {
		return nil, errors.New("ttml: the document is UTF-16 but has an odd number of bytes: it is cut off")
	}
	return charset.FromUTF16(b[2:], order), nil
}

// decoding reads what an XML declaration calls by another name than UTF-8: UTF-16 has been converted already.
func decoding(name string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(name) {
	case "utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "ascii":
		return r, nil
	case "iso-8859-1", "latin1", "windows-1252":
		b, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		return bytes.NewReader(charset.FromWindows1252(b)), nil
	}
	return nil, fmt.Errorf("the encoding %q is not known: use UTF-8", name)
}
