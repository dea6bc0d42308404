package hls

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mseplayer/player/manifest"
)

// Limits of the text of a playlist.
const (
	maxDocumentBytes = 16 << 20
	maxLineBytes     = 64 << 10
	maxAttributes    = 64
	maxVariables     = 1024
	// maxNoted is how many findings are put into words; more than the model keeps.
	maxNoted = 1024
	// maxExpandedBytes bounds what variables add to one playlist in all.
	maxExpandedBytes = 16 << 20
)

// byteOrderMark is what some editors put in front.
const byteOrderMark = "\xef\xbb\xbf"

// reader takes a playlist apart: lines, tags, attribute lists, variables. It collects findings with their line.
type reader struct {
	base     manifest.Base // immutable
	findings manifest.Findings

	text     string // what is left
	line     int    // number of the current line
	attr     []attribute
	vars     map[string]string // nil until one is defined: then braces are plain text
	expanded int
	noted    int
}

// attribute is one entry of an attribute list.
type attribute struct {
	name, value string
	quoted      bool
}

// newReader checks that a text can be a playlist at all.
func newReader(text string, base manifest.Base) (*reader, error) {
	r := &reader{base: base}
	if len(text) > maxDocumentBytes {
		return nil, r.fail(manifest.CodeLimits, "the playlist has %d bytes, more than the %d accepted", len(text), maxDocumentBytes)
	}
	if !isPlaylist(text) {
		return nil, r.fail(manifest.CodeUnreadable, "this is no HLS playlist: it does not begin with #EXTM3U")
	}
	r.text = strings.TrimPrefix(text, byteOrderMark)
	return r, nil
}

// isPlaylist reports whether a text claims to be one at all.
func isPlaylist(text string) bool {
	const maxLooked = 4 << 10
	s := strings.TrimSpace(strings.TrimPrefix(text[:min(len(text), maxLooked)], byteOrderMark))
	return strings.HasPrefix(s, "#EXT") || strings.HasPrefix(s, "#") && strings.Contains(s, "\n#EXT")
}

// each calls uri for each line that names something and tag for each that begins with #EXT, behind the first, which says
// what the document is. Comments are passed over. It ends with the first error.
func (r *reader) each(uri, tag func(line string) error) error {
	for header := false; ; {
		line, ok, err := r.next()
		if err != nil || !ok {
			return err
		}
		if !header {
			header = true
			if line == "#EXTM3U" {
				continue
			}
			r.odd("the playlist does not begin with #EXTM3U")
		}
		if line[0] != '#' {
			err = uri(line)
		} else if strings.HasPrefix(line, "#EXT") {
			err = tag(line)
		}
		if err != nil {
			return err
		}
	}
}

// next gives the next line that is not blank, without surrounding space.
func (r *reader) next() (string, bool, error) {
	for r.text != "" {
		r.line++
		end := strings.IndexAny(r.text, "\r\n")
		line := r.text
		if end >= 0 {
			line = r.text[:end]
			if strings.HasPrefix(r.text[end:], "\r\n") {
				end++
			}
			r.text = r.text[end+1:]
		} else {
			r.text = ""
		}
		if len(line) > maxLineBytes {
			return "", false, r.fail(manifest.CodeLimits, "the line has %d bytes, more than the %d accepted", len(line), maxLineBytes)
		}
		if line = strings.TrimSpace(line); line != "" {
			return line, true, nil
		}
	}
	return "", false, nil
}

// fail makes the error that ends reading; the line is the current one.
func (r *reader) fail(code, format string, args ...any) error {
	return &manifest.Error{Code: code, URL: r.base.Redacted(), Line: r.line, Msg: fmt.Sprintf(format, args...)}
}

// odd notes something that is wrong but survivable on the current line.
func (r *reader) odd(format string, args ...any) {
	r.note(manifest.CodeInvalid, manifest.SeverityWarning, format, args...)
}

func (r *reader) note(code string, severity manifest.Severity, format string, args ...any) {
	if r.noted++; r.noted > maxNoted {
		r.findings.Add(manifest.Finding{}) // counts; nobody will read it
		return
	}
	f := manifest.Finding{Code: code, Severity: severity, Message: fmt.Sprintf(format, args...)}
	if r.line > 0 {
		f.Where = "line " + strconv.Itoa(r.line)
	}
	r.findings.Add(f)
}

// cutTag splits "#EXT-X-NAME:value" into the name without its mark and the value.
func cutTag(line string) (name, value string) {
	name, value, _ = strings.Cut(line[1:], ":")
	return strings.TrimRight(name, " \t"), strings.TrimSpace(value)
}

// attributes reads an attribute list. What breaks its syntax is passed over with a finding; of attributes that occur
// twice the first counts. The result is valid until the next call.
// RFC 8216 §4.2.
func (r *reader) attributes(list string) error {
	r.attr = r.attr[:0]
	broken := 0
	for rest := list; ; {
		rest = strings.TrimLeft(rest, ", \t")
		if rest == "" {
			return nil
		}
		i := strings.IndexAny(rest, "=,")
		if i < 0 || rest[i] == ',' {
			if i < 0 {
				i = len(rest)
			}
			if broken++; broken > maxAttributes {
				return r.fail(manifest.CodeLimits, "the tag has more than %d attributes without a value", maxAttributes)
			}
			r.odd("the attribute %q has no value", clip(rest[:i]))
			rest = rest[i:]
			continue
		}
		a := attribute{name: strings.TrimSpace(rest[:i])}
		value, ok := strings.TrimLeft(rest[i+1:], " \t"), true
		if strings.HasPrefix(value, `"`) {
			a.quoted = true
			a.value, rest, ok = strings.Cut(value[1:], `"`)
			if !ok {
				r.odd("the value of %s has no closing quote", clip(a.name))
			}
			if i := strings.IndexByte(rest, ','); i >= 0 {
				rest = rest[i:]
			} else {
				rest = ""
			}
		} else {
			a.value, rest, _ = strings.Cut(value, ",")
			a.value = strings.TrimSpace(a.value)
		}
		if _, twice := r.get(a.name); twice {
			r.odd("the attribute %s occurs twice", clip(a.name))
			continue
		}
		if len(r.attr) == maxAttributes {
			return r.fail(manifest.CodeLimits, "the tag has more than %d attributes", maxAttributes)
		}
		v, err := r.expand(a.value)
		if err != nil {
			return err
		}
		a.value = v
		r.attr = append(r.attr, a)
	}
}

// get returns the value of an attribute of the current tag.
func (r *reader) get(name string) (string, bool) {
	for _, a := range r.attr {
		if a.name == name {
			return a.value, true
		}
	}
	return "", false
}

// str is get for what may be missing.
func (r *reader) str(name string) string {
	v, _ := r.get(name)
	return v
}

// yes reads an enumerated YES or NO.
func (r *reader) yes(name string) bool {
	v, ok := r.get(name)
	if ok && v != "YES" && v != "NO" {
		r.odd("%s is %q, neither YES nor NO", name, clip(v))
	}
	return strings.EqualFold(v, "YES")
}

// number reads a decimal integer that may be missing; what is none gives a finding and 0.
func (r *reader) number(name string) int64 {
	v, ok := r.get(name)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		r.odd("%s is %q, not a number", name, clip(v))
		return 0
	}
	return n
}

// length reads a duration in seconds that may be missing; ok is false then and for what is none.
func (r *reader) length(name string) (ns int64, ok bool) {
	v, ok := r.get(name)
	if !ok {
		return 0, false
	}
	ns, ok = parseSeconds(v)
	if !ok {
		r.odd("%s is %q, not a number of seconds", name, clip(v))
	}
	return ns, ok
}

// expand replaces variable references. A name that is not defined makes the playlist unusable, since every guess
// would ask for another resource than the author meant.
// RFC 8216bis §4.3.
func (r *reader) expand(s string) (string, error) {
	if r.vars == nil || !strings.Contains(s, "{$") {
		return s, nil
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "{$")
		b.WriteString(before)
		if !ok {
			return b.String(), nil
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			b.WriteString("{$" + rest)
			return b.String(), nil
		}
		v, ok := r.vars[name]
		if !ok {
			return "", r.fail(manifest.CodeInvalid, "the variable %q is not defined", clip(name))
		}
		r.expanded += len(v)
		if b.Len()+len(v) > maxLineBytes || r.expanded > maxExpandedBytes {
			return "", r.fail(manifest.CodeLimits, "the playlist is too large once its variables are replaced")
		}
		b.WriteString(v)
		s = after
	}
}

// define handles EXT-X-DEFINE. imports are the variables of the multivariant playlist, nil when this is one.
// RFC 8216bis §4.4.2.3.
func (r *reader) define(list string, imports map[string]string) error {
	if err := r.attributes(list); err != nil {
		return err
	}
	var name, value string
	if n, ok := r.get("NAME"); ok {
		v, has := r.get("VALUE")
		if !has {
			r.odd("EXT-X-DEFINE of %q has no VALUE", clip(n))
		}
		name, value = n, v
	} else if n, ok := r.get("QUERYPARAM"); ok {
		v, has := r.base.Query(n)
		if !has {
			return r.fail(manifest.CodeInvalid, "EXT-X-DEFINE asks for the query parameter %q, which the playlist's URL does not have", clip(n))
		}
		name, value = n, v
	} else if n, ok := r.get("IMPORT"); ok {
		v, has := imports[n]
		if !has {
			return r.fail(manifest.CodeInvalid, "EXT-X-DEFINE imports the variable %q, which no multivariant playlist defines", clip(n))
		}
		name, value = n, v
	} else {
		r.odd("EXT-X-DEFINE has neither NAME nor IMPORT nor QUERYPARAM")
		return nil
	}
	if r.vars == nil {
		r.vars = map[string]string{}
	}
	if _, twice := r.vars[name]; twice {
		r.odd("the variable %q is defined twice", clip(name))
		return nil
	}
	if len(r.vars) == maxVariables {
		return r.fail(manifest.CodeLimits, "more than %d variables", maxVariables)
	}
	r.vars[name] = value
	return nil
}

// second is the unit of all times in this package.
const second = int64(time.Second)

// maxSeconds bounds every length that a playlist states, about thirty years.
const maxSeconds = 1_000_000_000

// parseSeconds reads a decimal number of seconds as nanoseconds, exactly up to nine decimals. Negative numbers are
// allowed.
func parseSeconds(s string) (ns int64, ok bool) {
	s = strings.TrimSpace(s)
	neg := strings.HasPrefix(s, "-")
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 {
		return 0, false
	}
	whole, frac, _ := strings.Cut(digits, ".")
	if whole == "" && frac == "" {
		return 0, false
	}
	var n int64
	for _, c := range []byte(whole) {
		if c < '0' || c > '9' {
			return parseFloatSeconds(s)
		}
		if n = n*10 + int64(c-'0'); n > maxSeconds {
			return 0, false
		}
	}
	n *= second
	unit := second
	for i, c := range []byte(frac) {
		if c < '0' || c > '9' {
			return parseFloatSeconds(s)
		}
		unit /= 10
		n += int64(c-'0') * unit
		if i == 9 && c >= '5' {
			n++
		}
	}
	if neg {
		n = -n
	}
	return n, true
}

// parseFloatSeconds reads what is written with an exponent.
func parseFloatSeconds(s string) (int64, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= -maxSeconds && f <= maxSeconds) {
		return 0, false
	}
	return int64(f * float64(second)), true
}

// parseRange reads "length[@offset]"; has tells whether there is an offset.
func parseRange(s string) (length, offset int64, has bool, err error) {
	l, o, has := strings.Cut(strings.TrimSpace(s), "@")
	length, err = strconv.ParseInt(strings.TrimSpace(l), 10, 64)
	if err == nil && has {
		offset, err = strconv.ParseInt(strings.TrimSpace(o), 10, 64)
	}
	const maxOffset = 1 << 60
	if err != nil || length <= 0 || offset < 0 || length > maxOffset || offset > maxOffset {
		return 0, 0, false, errors.New("not a byte range")
	}
	return length, offset, has, nil
}

// parseDate reads a date with time in the spellings that occur; a time without a zone is taken as UTC.
func parseDate(s string) (t time.Time, zone, ok bool) {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999Z07", "2006-01-02 15:04:05.999999999Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true, inRange(t)
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, false, inRange(t)
		}
	}
	return time.Time{}, false, false
}

// inRange keeps dates to those that nanoseconds since 1970 can tell, with room for arithmetic.
func inRange(t time.Time) bool { return t.Year() >= 1900 && t.Year() < 2200 }

func clip(s string) string {
	const maxShown = 80
	if len(s) > maxShown {
		s = s[:maxShown] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
