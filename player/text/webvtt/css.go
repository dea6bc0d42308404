package webvtt

import (
	"math"
	"strconv"
	"strings"

	"mseplayer/mse/media"
	"mseplayer/player/text/cue"
)

// rule is a rule of a style sheet.
//
// WebVTT §8.2.
type rule struct {
	// region is set for ::cue-region.
	region bool
	// selectors are the alternatives; one without parts is the pseudo-element without an argument.
	selectors    []selector
	declarations []declaration
	// timed is set if a selector has :past or :future.
	timed bool
}

// selector is a complex selector: compounds from right to left.
type selector struct {
	parts []compound
	// specificity counts ids, then classes, attributes and pseudo-classes, then types, in three digits of base 1000.
	specificity int
}

// compound is a compound selector, and how it is combined with the one to the left of it.
type compound struct {
	tests      []test
	combinator byte // ' ', '>', '+', '~'; 0 for the leftmost
}

// test is a simple selector.
type test struct {
	kind      byte // 't'ype, '*', '#', '.', '[', ':' and '!' for :not
	name      string
	op, value string
	not       []test
}

type declaration struct {
	name, value string
	important   bool
}

// maxSelectors bounds a list of selectors.
const maxSelectors = 100

// parseSheet reads a style sheet and leaves out what it does not know.
func parseSheet(s string) []rule {
	s = stripComments(s)
	var rules []rule
	for len(rules) <= maxRules {
		s = strings.TrimLeftFunc(s, isSpace)
		if s == "" {
			break
		}
		at := endOf(s, "{;")
		if at >= len(s) {
			break
		}
		prelude := s[:at]
		if s[at] == ';' {
			if strings.HasPrefix(prelude, "@") {
				s = s[at+1:]
				continue
			}
			if at = endOf(s, "{"); at >= len(s) {
				break
			}
			prelude = s[:at]
		}
		s = s[at+1:]
		end := endOf(s, "}")
		body := s[:end]
		s = s[min(end+1, len(s)):]
		if strings.HasPrefix(prelude, "@") {
			continue // nothing conditional or external applies
		}
		if r, ok := parseRule(prelude); ok {
			r.declarations = parseDeclarations(body)
			rules = append(rules, r)
		}
	}
	return rules
}

func stripComments(s string) string {
	var b strings.Builder
	for {
		at := strings.Index(s, "/*")
		if at < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:at])
		b.WriteByte(' ')
		end := strings.Index(s[at+2:], "*/")
		if end < 0 {
			return b.String()
		}
		s = s[at+2+end+2:]
	}
}

// endOf is the index of the first of the given bytes outside of strings and brackets, or the length of s.
func endOf(s, stops string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if depth == 0 && strings.IndexByte(stops, c) >= 0 {
			return i
		}
		switch c {
		case '"', '\'':
			for i++; i < len(s) && s[i] != c && s[i] != '\n'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth = max(0, depth-1)
		case '\\':
			i++
		}
	}
	return len(s)
}

// split cuts s at a byte that stands outside of strings and brackets.
func split(s string, at byte) []string {
	var parts []string
	for {
		i := endOf(s, string(at))
		parts = append(parts, strings.TrimFunc(s[:i], isSpace))
		if i >= len(s) || len(parts) >= maxSelectors {
			return parts
		}
		s = s[i+1:]
	}
}

func parseDeclarations(s string) []declaration {
	var ds []declaration
	for _, d := range split(s, ';') {
		name, value, ok := strings.Cut(d, ":")
		if !ok {
			continue
		}
		value = strings.TrimFunc(value, isSpace)
		name = strings.ToLower(strings.TrimFunc(name, isSpace))
		important := false
		if at := strings.LastIndexByte(value, '!'); at >= 0 && strings.EqualFold(strings.TrimFunc(value[at+1:], isSpace), "important") {
			value, important = strings.TrimFunc(value[:at], isSpace), true
		}
		if name != "" && value != "" {
			ds = append(ds, declaration{name, value, important})
		}
	}
	return ds
}

// parseRule reads the list of selectors of a rule. One that is not understood invalidates the rule, as in CSS.
func parseRule(prelude string) (rule, bool) {
	var r rule
	for i, s := range split(prelude, ',') {
		rest, ok := strings.CutPrefix(strings.ToLower(s), "::cue")
		if !ok {
			return r, false
		}
		region := strings.HasPrefix(rest, "-region")
		if i > 0 && region != r.region {
			return r, false // one list for both kinds is nobody's
		}
		r.region = region
		rest = s[len(s)-len(rest):]
		if region {
			rest = rest[len("-region"):]
		}
		if rest == "" {
			r.selectors = append(r.selectors, selector{})
			continue
		}
		if !strings.HasPrefix(rest, "(") || !strings.HasSuffix(rest, ")") {
			return r, false
		}
		for _, inner := range split(rest[1:len(rest)-1], ',') {
			sel, ok := parseSelector(inner)
			if !ok || len(r.selectors) >= maxSelectors {
				return r, false
			}
			r.selectors = append(r.selectors, sel)
			r.timed = r.timed || sel.timed()
		}
	}
	return r, len(r.selectors) > 0
}

func (s *selector) timed() bool {
	for _, p := range s.parts {
		for _, t := range p.tests {
			if t.kind == ':' && (t.name == "past" || t.name == "future") {
				return true
			}
		}
	}
	return false
}

func parseSelector(s string) (selector, bool) {
	var sel selector
	var parts []compound
	for {
		s = strings.TrimLeftFunc(s, isSpace)
		tests, rest, ok := parseCompound(s, &sel.specificity)
		if !ok || len(parts) > maxDepth {
			return sel, false
		}
		parts = append(parts, compound{tests: tests})
		s = strings.TrimLeftFunc(rest, isSpace)
		if s == "" {
			break
		}
		combinator := byte(' ')
		if strings.IndexByte(">+~", s[0]) >= 0 {
			combinator = s[0]
			s = s[1:]
		} else if len(rest) == len(s) {
			return sel, false
		}
		parts[len(parts)-1].combinator = combinator
	}
	// From right to left, each with the combinator to its left.
	for i := len(parts) - 1; i >= 0; i-- {
		p := compound{tests: parts[i].tests}
		if i > 0 {
			p.combinator = parts[i-1].combinator
		}
		sel.parts = append(sel.parts, p)
	}
	return sel, true
}

// parseCompound reads simple selectors that stand together.
func parseCompound(s string, specificity *int) (tests []test, rest string, ok bool) {
	for first := true; ; first = false {
		if s == "" || isSpace(rune(s[0])) || strings.IndexByte(">+~", s[0]) >= 0 {
			return tests, s, !first
		}
		switch s[0] {
		case '*':
			if !first {
				return nil, s, false
			}
			tests, s = append(tests, test{kind: '*'}), s[1:]
		case '#', '.':
			name, rest := ident(s[1:])
			if name == "" {
				return nil, s, false
			}
			tests = append(tests, test{kind: s[0], name: name})
			*specificity += 1000
			if s[0] == '#' {
				*specificity += 1000*1000 - 1000
			}
			s = rest
		case '[':
			end := endOf(s[1:], "]")
			if end >= len(s[1:]) {
				return nil, s, false
			}
			t, ok := parseAttribute(s[1 : 1+end])
			if !ok {
				return nil, s, false
			}
			tests, s = append(tests, t), s[end+2:]
			*specificity += 1000
		case ':':
			name, rest := ident(s[1:])
			t := test{kind: ':', name: strings.ToLower(name)}
			argument := ""
			if strings.HasPrefix(rest, "(") {
				end := endOf(rest[1:], ")")
				if end >= len(rest[1:]) {
					return nil, s, false
				}
				argument, rest = strings.TrimFunc(rest[1:1+end], isSpace), rest[end+2:]
			}
			switch t.name {
			case "root", "past", "future", "first-child", "last-child", "only-child":
				*specificity += 1000
			case "lang":
				t.value = strings.Trim(argument, `"'`)
				*specificity += 1000
			case "not":
				inner, left, ok := parseCompound(argument, specificity)
				if !ok || strings.TrimFunc(left, isSpace) != "" {
					return nil, s, false
				}
				t = test{kind: '!', not: inner}
			default:
				return nil, s, false
			}
			tests, s = append(tests, t), rest
		default:
			name, rest := ident(s)
			if name == "" || !first {
				return nil, s, false
			}
			tests, s = append(tests, test{kind: 't', name: name}), rest
			*specificity++
		}
	}
}

// parseAttribute reads the inside of an attribute selector.
func parseAttribute(s string) (test, bool) {
	t := test{kind: '['}
	t.name, s = ident(strings.TrimLeftFunc(s, isSpace))
	s = strings.TrimFunc(s, isSpace)
	if t.name == "" || s == "" {
		return t, t.name != ""
	}
	at := strings.IndexByte(s, '=')
	if at < 0 || at > 1 {
		return t, false
	}
	t.op, t.value = s[:at], strings.TrimFunc(s[at+1:], isSpace)
	if !strings.Contains("~|^$*", t.op) || t.value == "" {
		return t, false
	}
	if q := t.value[0]; q == '"' || q == '\'' {
		end := strings.LastIndexByte(t.value, q)
		if end == 0 {
			return t, false
		}
		t.value = unescape(t.value[1:end])
	} else {
		t.value, _ = ident(t.value)
	}
	return t, true
}

// ident reads an identifier with its escapes.
//
// CSS Syntax 3 §4.3.11.
func ident(s string) (name, rest string) {
	i := 0
	for i < len(s) {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s) && s[i+1] != '\n':
			i++
			if isHex(s[i]) {
				n := 0
				for i < len(s) && n < 6 && isHex(s[i]) {
					i++
					n++
				}
				if i < len(s) && isSpace(rune(s[i])) {
					i++
				}
				continue
			}
			i++
			for i < len(s) && s[i]&0xc0 == 0x80 {
				i++
			}
			continue
		case c == '-' || c == '_' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			i++
			continue
		}
		break
	}
	if i > 0 && s[0] >= '0' && s[0] <= '9' {
		return "", s
	}
	return unescape(s[:i]), s[i:]
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// unescape resolves the escapes of CSS.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 >= len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		start := i
		for i < len(s) && i-start < 6 && isHex(s[i]) {
			i++
		}
		if i == start {
			if s[i] != '\n' {
				b.WriteByte(s[i])
			}
			continue
		}
		n, _ := strconv.ParseUint(s[start:i], 16, 32)
		if n == 0 || n > 0x10ffff || n >= 0xd800 && n < 0xe000 {
			n = 0xfffd
		}
		b.WriteRune(rune(n))
		if i >= len(s) || !isSpace(rune(s[i])) {
			i--
		}
	}
	return b.String()
}

// matcher is what selectors are matched against besides the node.
type matcher struct {
	id    string
	now   media.Time
	marks []*node // the time stamps of the cue
	steps int     // left
}

// maxSteps bounds the matching of the selectors with the nodes of one cue.
const maxSteps = 200_000

func (m *matcher) matches(sel *selector, n *node) bool {
	if len(sel.parts) == 0 {
		return n.parent == nil
	}
	return m.from(sel.parts, n)
}

// from matches parts[0] with n, and the rest with what is around it. Combinators may be tried in very many ways, so there
// is an end to it: what takes more steps does not match.
func (m *matcher) from(parts []compound, n *node) bool {
	if m.steps--; m.steps < 0 {
		return false
	}
	for _, t := range parts[0].tests {
		if !m.passes(&t, n) {
			return false
		}
	}
	if len(parts) == 1 {
		return true
	}
	switch parts[0].combinator {
	case '>':
		return n.parent != nil && m.from(parts[1:], n.parent)
	case '+', '~':
		for s := n.before(); s != nil; s = s.before() {
			if m.from(parts[1:], s) {
				return true
			}
			if parts[0].combinator == '+' {
				return false
			}
		}
		return false
	}
	for a := n.parent; a != nil; a = a.parent {
		if m.from(parts[1:], a) {
			return true
		}
	}
	return false
}

// before is the element before n among its siblings.
func (n *node) before() *node {
	if n.parent == nil {
		return nil
	}
	var last *node
	for _, c := range n.parent.childs {
		if c == n {
			return last
		}
		if c.tag != "#" && c.tag != "@" {
			last = c
		}
	}
	return nil
}

func (m *matcher) passes(t *test, n *node) bool {
	switch t.kind {
	case 't':
		return n.tag == t.name
	case '*':
		return true
	case '#':
		return n.parent == nil && m.id != "" && n.tag == "" && m.id == t.name
	case '.':
		for _, c := range n.classes {
			if c == t.name {
				return true
			}
		}
		return false
	case '[':
		var have string
		switch {
		case t.name == "voice" && n.tag == "v":
			have = n.text
		case t.name == "lang" && (n.tag == "lang" || n.tag == "" && n.lang != ""):
			have = n.lang
		default:
			return false
		}
		return t.compare(have)
	case '!':
		for i := range t.not {
			if !m.passes(&t.not[i], n) {
				return true
			}
		}
		return false
	}
	switch t.name {
	case "root":
		return n.parent == nil
	case "lang":
		have, want := strings.ToLower(n.lang), strings.ToLower(t.value)
		return want != "" && have != "" && (have == want || strings.HasPrefix(have, want+"-") || want == "*")
	case "past":
		// A time stamp before now stands entirely after the node.
		for _, mark := range m.marks {
			if mark.time <= m.now && mark.order > n.last && n.parent != nil {
				return true
			}
		}
	case "future":
		for _, mark := range m.marks {
			if mark.time > m.now && mark.order < n.order && n.parent != nil {
				return true
			}
		}
	case "first-child":
		return n.parent != nil && n.before() == nil
	case "last-child", "only-child":
		if n.parent == nil || t.name == "only-child" && n.before() != nil {
			return false
		}
		var last *node
		for _, c := range n.parent.childs {
			if c.tag != "#" && c.tag != "@" {
				last = c
			}
		}
		return last == n
	}
	return false
}

func (t *test) compare(have string) bool {
	switch t.op {
	case "~":
		for _, w := range strings.FieldsFunc(have, isSpace) {
			if w == t.value {
				return true
			}
		}
		return false
	case "|":
		return have == t.value || strings.HasPrefix(have, t.value+"-")
	case "^":
		return t.value != "" && strings.HasPrefix(have, t.value)
	case "$":
		return t.value != "" && strings.HasSuffix(have, t.value)
	case "*":
		return t.value != "" && strings.Contains(have, t.value)
	}
	return t.value == "" && t.op == "" || have == t.value
}

// length reads a length as a fraction of the height of the root container; em is the size it is relative to.
//
// CSS pixels have no size on a video: one is taken to be that of a picture of 720 lines.
func length(s string, em float64) (float64, bool) {
	i := len(s)
	for i > 0 && (s[i-1] >= 'a' && s[i-1] <= 'z' || s[i-1] >= 'A' && s[i-1] <= 'Z' || s[i-1] == '%') {
		i--
	}
	v, err := strconv.ParseFloat(s[:i], 64)
	if err != nil || math.IsNaN(v) || math.Abs(v) > 1e6 {
		return 0, false
	}
	switch strings.ToLower(s[i:]) {
	case "":
		return 0, v == 0
	case "px":
		return v / pixels, true
	case "pt":
		return v * 4 / 3 / pixels, true
	case "pc":
		return v * 16 / pixels, true
	case "in":
		return v * 96 / pixels, true
	case "cm":
		return v * 96 / 2.54 / pixels, true
	case "mm":
		return v * 96 / 25.4 / pixels, true
	case "em":
		return v * em, true
	case "%":
		return v / 100 * em, true
	case "rem":
		return v * defaultSize, true
	case "ex", "ch":
		return v * em / 2, true
	case "vh", "vmin":
		return v / 100, true
	case "vw", "vmax":
		return v / 100 * 16 / 9, true
	}
	return 0, false
}

const (
	pixels      = 720
	defaultSize = 0.05
)

// Color reads a colour as CSS writes it: a name, hexadecimal digits after a number sign, or one of the functions.
//
// CSS Color 3 §4.
func Color(s string) (cue.Color, bool) { return color(s, cue.Color{R: 255, G: 255, B: 255, A: 255}) }

// color reads a colour; current is that of the text.
//
// CSS Color 3 §4.
func color(s string, current cue.Color) (cue.Color, bool) {
	s = strings.ToLower(strings.TrimFunc(s, isSpace))
	if s == "currentcolor" {
		return current, true
	}
	if s == "transparent" {
		return cue.Color{}, true
	}
	if hex, ok := strings.CutPrefix(s, "#"); ok {
		return hexColor(hex)
	}
	if v, ok := names[s]; ok {
		return cue.Color{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 255}, true
	}
	name, args, ok := strings.Cut(s, "(")
	args, closed := strings.CutSuffix(args, ")")
	if !ok || !closed {
		return cue.Color{}, false
	}
	f := strings.FieldsFunc(args, func(r rune) bool { return isSpace(r) || r == ',' || r == '/' })
	if len(f) != 3 && len(f) != 4 {
		return cue.Color{}, false
	}
	var v [4]float64
	v[3] = 1
	for i, a := range f {
		a, percent := strings.CutSuffix(a, "%")
		a = strings.TrimSuffix(a, "deg")
		n, err := strconv.ParseFloat(a, 64)
		if err != nil || math.IsNaN(n) {
			return cue.Color{}, false
		}
		switch {
		case percent:
			n /= 100
		case i < 3 && (name == "rgb" || name == "rgba"):
			n /= 255
		}
		v[i] = n
	}
	switch name {
	case "rgb", "rgba":
	case "hsl", "hsla":
		v[0], v[1], v[2] = fromHSL(v[0], v[1], v[2])
	default:
		return cue.Color{}, false
	}
	b := func(x float64) uint8 { return uint8(math.Round(min(max(x, 0), 1) * 255)) }
	return cue.Color{R: b(v[0]), G: b(v[1]), B: b(v[2]), A: b(v[3])}, true
}

func hexColor(s string) (cue.Color, bool) {
	if strings.Trim(s, "0123456789abcdef") != "" {
		return cue.Color{}, false
	}
	if len(s) == 3 || len(s) == 4 {
		var b strings.Builder
		for _, c := range s {
			b.WriteRune(c)
			b.WriteRune(c)
		}
		s = b.String()
	}
	if len(s) == 6 {
		s += "ff"
	}
	if len(s) != 8 {
		return cue.Color{}, false
	}
	v, _ := strconv.ParseUint(s, 16, 32)
	return cue.Color{R: uint8(v >> 24), G: uint8(v >> 16), B: uint8(v >> 8), A: uint8(v)}, true
}

func fromHSL(h, s, l float64) (r, g, b float64) {
	h = math.Mod(math.Mod(h, 360)+360, 360) / 30
	a := s * min(l, 1-l)
	f := func(n float64) float64 {
		k := math.Mod(n+h, 12)
		return l - a*max(-1, min(k-3, 9-k, 1))
	}
	return f(0), f(8), f(4)
}
