package dash

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxTemplateWidth bounds the width in $Number%0<width>d$.
const maxTemplateWidth = 1000

// template is a URL template with the identifiers that are constant for a representation already replaced.
// ISO/IEC 23009-1 §5.3.9.4.4.
type template struct {
	parts []templatePart
	// which identifiers vary per segment
	number, time, sub bool
}

// templatePart is literal text, or one identifier: 'N' number, 'T' time, 'S' sub-number, with a minimum width.
type templatePart struct {
	text  string
	id    byte
	width int
}

// parseTemplate reads a template. A single dollar sign that opens nothing is kept as text and reported as
// stray.
func parseTemplate(s, representation string, bandwidth int64) (t template, stray bool, err error) {
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			t.parts = append(t.parts, templatePart{text: text.String()})
			text.Reset()
		}
	}
	for s != "" {
		before, rest, found := strings.Cut(s, "$")
		text.WriteString(before)
		if !found {
			break
		}
		inner, after, closed := strings.Cut(rest, "$")
		if !closed {
			text.WriteString("$" + rest)
			stray = true
			break
		}
		s = after
		if inner == "" {
			text.WriteByte('$')
			continue
		}
		name, format, formatted := strings.Cut(inner, "%")
		width := 1
		if formatted {
			if width, err = parseWidth(format); err != nil {
				return template{}, false, fmt.Errorf("$%s$: %w", clip(inner), err)
			}
		}
		switch name {
		case "RepresentationID":
			text.WriteString(representation)
			continue
		case "Bandwidth":
			fmt.Fprintf(&text, "%0*d", width, bandwidth)
			continue
		case "Number":
			t.number = true
		case "Time":
			t.time = true
		case "SubNumber":
			t.sub = true
		default:
			return template{}, false, fmt.Errorf("unknown identifier $%s$", clip(inner))
		}
		flush()
		t.parts = append(t.parts, templatePart{id: name[0], width: width})
	}
	flush()
	return t, stray, nil
}

// parseWidth reads "0<width>d", the only format the standard knows.
func parseWidth(format string) (int, error) {
	digits, ok := strings.CutSuffix(format, "d")
	if !ok || digits == "" || len(digits) > 5 {
		return 0, errors.New("the format is not %0<width>d")
	}
	w, err := strconv.Atoi(digits)
	if err != nil || w < 0 {
		return 0, errors.New("the format is not %0<width>d")
	}
	if w > maxTemplateWidth {
		return 0, fmt.Errorf("width above %d", maxTemplateWidth)
	}
	return w, nil
}

// varies reports whether segments get different names.
func (t template) varies() bool { return t.number || t.time || t.sub }

// expand builds the name of one segment.
func (t template) expand(number, time int64, sub int) string {
	var room [128]byte
	b := room[:0]
	for _, p := range t.parts {
		switch p.id {
		case 0:
			b = append(b, p.text...)
		case 'N':
			b = appendPadded(b, number, p.width)
		case 'T':
			b = appendPadded(b, time, p.width)
		case 'S':
			b = appendPadded(b, int64(sub), p.width)
		}
	}
	return string(b)
}

// appendPadded writes v with leading zeros up to width, the sign included.
func appendPadded(b []byte, v int64, width int) []byte {
	var room [20]byte
	digits := strconv.AppendInt(room[:0], v, 10)
	if v < 0 {
		b = append(b, '-')
		digits, width = digits[1:], width-1
	}
	for range width - len(digits) {
		b = append(b, '0')
	}
	return append(b, digits...)
}

// clip shortens a string from the document for a message.
func clip(s string) string {
	const maxShown = 60
	if len(s) > maxShown {
		return s[:maxShown] + "…"
	}
	return s
}
