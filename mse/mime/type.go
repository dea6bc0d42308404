package mime

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxTypeBytes bounds a type string. Real ones have a few dozen bytes.
const maxTypeBytes = 4 << 10

// maxParams bounds the parameters of a type string that are kept.
const maxParams = 32

// Type is a parsed MIME type.
type Type struct {
	// Type and Subtype are in lower case.
	Type, Subtype string
	// Params holds every parameter in the order of writing, names in lower case, the first of each name.
	Params []Param
	// Codecs are the items of the codecs parameter; HasCodecs tells an empty or absent list apart.
	Codecs    []Codec
	HasCodecs bool
	// CodecsErr is the first error among the items, nil when all are known.
	CodecsErr error
}

// Param is one parameter.
type Param struct{ Name, Value string }

// Essence gives "video/mp4", the type without its parameters.
func (t Type) Essence() string { return t.Type + "/" + t.Subtype }

// Param returns the value of the named parameter, given in lower case.
func (t Type) Param(name string) (string, bool) {
	for _, p := range t.Params {
		if p.Name == name {
			return p.Value, true
		}
	}
	return "", false
}

// ParseType parses a MIME type string. Whether its codecs are known does not decide success: that is in
// CodecsErr.
// MIME Sniffing §4.4 "parse a MIME type".
func ParseType(s string) (Type, error) {
	if len(s) > maxTypeBytes {
		return Type{}, fmt.Errorf("mime: type string longer than %d bytes", maxTypeBytes)
	}
	s = strings.Trim(s, httpSpace)
	if s == "" {
		return Type{}, errors.New("mime: empty type string")
	}
	name, rest, ok := strings.Cut(s, "/")
	if !ok {
		return Type{}, fmt.Errorf("mime: %q has no slash", clip(s))
	}
	sub, rest, _ := cutParams(rest)
	sub = strings.TrimRight(sub, httpSpace)
	if !isToken(name) || !isToken(sub) {
		return Type{}, fmt.Errorf("mime: %q is no type and subtype", clip(s))
	}
	t := Type{Type: strings.ToLower(name), Subtype: strings.ToLower(sub)}
	for rest != "" {
		var p Param
		var keep bool
		p, keep, rest = nextParam(rest)
		if _, seen := t.Param(p.Name); !keep || seen || len(t.Params) == maxParams {
			continue
		}
		t.Params = append(t.Params, p)
	}
	if list, ok := t.Param("codecs"); ok {
		t.Codecs, t.CodecsErr = ParseCodecs(list)
		t.HasCodecs = len(t.Codecs) > 0
	}
	return t, nil
}

// Format builds a type string from an essence and a codecs value, leaving out an empty value.
func Format(essence, codecs string) string {
	if codecs == "" {
		return essence
	}
	return essence + `; codecs="` + codecs + `"`
}

const httpSpace = "\n\r\t "

// cutParams cuts at the first semicolon.
func cutParams(s string) (before, after string, found bool) { return strings.Cut(s, ";") }

// nextParam reads one parameter from s, which begins after a semicolon, and returns what follows the next
// semicolon. keep is false for text that the algorithm ignores.
func nextParam(s string) (p Param, keep bool, rest string) {
	s = strings.TrimLeft(s, httpSpace)
	end := strings.IndexAny(s, ";=")
	if end < 0 {
		return Param{}, false, ""
	}
	p.Name = strings.ToLower(s[:end])
	if s[end] == ';' {
		return p, false, s[end+1:]
	}
	s = s[end+1:]
	if strings.HasPrefix(s, `"`) {
		p.Value, s = quoted(s)
		_, rest, _ = cutParams(s) // whatever stands between the quote and the semicolon is ignored
		return p, isToken(p.Name) && isValue(p.Value), rest
	}
	v, rest, _ := cutParams(s)
	p.Value = strings.TrimRight(v, httpSpace)
	return p, p.Value != "" && isToken(p.Name) && isValue(p.Value), rest
}

// quoted reads an HTTP quoted string; one that never ends extends to the end of s.
// Fetch §2.2 "collect an HTTP quoted string".
func quoted(s string) (value, rest string) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:]
		case '\\':
			if i+1 < len(s) {
				i++
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

// isToken reports whether s is one or more HTTP token code points.
func isToken(s string) bool {
	return s != "" && !slices.ContainsFunc([]byte(s), func(c byte) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0)
	})
}

// isValue reports whether s holds only HTTP quoted-string token code points. Bytes above ASCII are let through:
// a caller may pass UTF-8.
func isValue(s string) bool {
	return !slices.ContainsFunc([]byte(s), func(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f })
}
