// Package srt reads SubRip: numbered texts with their times, in the markup of old HTML, with some overrides of ASS.
//
// Nobody specified the format, so nearly everything is taken for what it looks like: commas or dots before the
// milliseconds, hours or none, numbers or none, empty lines inside a text. Where no look is asked for, text is white with
// a black outline at the lower edge.
//
// # Ownership
//
// Nothing that is passed in is kept, but for the strings.
//
// # Concurrency
//
// The functions may be called from anywhere.
//
// # Errors
//
// [ErrNoTimes] if there is no line of times at all. Those that end before they start are left out with a warning.
package srt

import (
	"errors"
	"html"
	"strconv"
	"strings"

	"mseplayer/mse/media"
	"mseplayer/player/text/ass"
	"mseplayer/player/text/cue"
	"mseplayer/player/text/webvtt"
)

const (
	// maxCues bounds what one file gives, maxTags the tags that are open at a time.
	maxCues = 200_000
	maxTags = 64
	// outline is the thickness of the default outline, as a fraction of the height.
	outline = 0.003
	// margin is the room that is left at the edges.
	margin = 0.04
)

// ErrNoTimes says that a text has no line of times.
var ErrNoTimes = errors.New("srt: there is no line of times, such as 00:00:01,000 --> 00:00:02,500")

// Parse reads a file.
func Parse(data []byte, o cue.Options) ([]cue.Cue, []cue.Warning, error) {
	text := strings.ToValidUTF8(strings.TrimPrefix(string(data), "\ufeff"), "\ufffd")
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n")
	var (
		cues     []cue.Cue
		warnings cue.Warnings
		found    bool
	)
	for i := 0; i < len(lines); {
		start, end, ok := times(lines[i])
		if !ok {
			i++
			continue
		}
		at := i
		found = true
		i++
		from := i
		for i < len(lines) {
			if _, _, next := times(lines[i]); next {
				break
			}
			i++
		}
		body := lines[from:i]
		if n := len(body); i < len(lines) && n > 0 && isNumber(body[n-1]) {
			body = body[:n-1] // the number of the next one
		}
		if start >= end {
			warnings.Add(at+1, "this text ends before it starts")
			continue
		}
		if len(cues) >= maxCues {
			warnings.Add(at+1, "more than %d texts: the rest is ignored", maxCues)
			break
		}
		if c, ok := Cue(strings.Join(body, "\n"), start, end, o); ok {
			cues = append(cues, c)
		}
	}
	if !found {
		return nil, nil, ErrNoTimes
	}
	return cues, warnings, nil
}

func isNumber(s string) bool {
	s = strings.TrimSpace(s)
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// times reads a line of times. What follows them, such as coordinates, does not count.
func times(line string) (start, end media.Time, ok bool) {
	a, b, ok := strings.Cut(line, "->")
	if !ok {
		return 0, 0, false
	}
	start, ok = clock(strings.TrimRight(a, "- \t"))
	if !ok {
		return 0, 0, false
	}
	b = strings.TrimLeft(b, "> \t")
	if at := strings.IndexAny(b, " \t"); at >= 0 {
		b = b[:at]
	}
	end, ok = clock(b)
	return start, end, ok
}

// clock reads [[h:]m:]s,mmm. Fractions may have any number of digits, or be missing.
func clock(s string) (media.Time, bool) {
	parts := strings.Split(strings.TrimSpace(s), ":")
	if n := len(parts); n == 4 {
		// A colon before the milliseconds.
		parts = append(parts[:2], parts[2]+"."+parts[3])
	}
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	var t float64
	for i, p := range parts {
		p = strings.TrimSpace(p)
		if i == len(parts)-1 {
			p = strings.Replace(p, ",", ".", 1)
		}
		if strings.Trim(p, "0123456789.") != "" {
			return 0, false
		}
		v, err := strconv.ParseFloat(p, 64)
		if err != nil || v > 1e6 {
			return 0, false
		}
		t = t*60 + v
	}
	return media.Time(t), true
}

// look is what tags have made of the text.
type look struct {
	bold, italic, underline, strike bool
	color                           *cue.Color
	face                            string
}

// Cue makes the cue of a text. There is none if it shows nothing.
func Cue(text string, start, end media.Time, o cue.Options) (cue.Cue, bool) {
	var now look
	var open []tag
	t := ass.NewText(o.Language, func(s *cue.Style) {
		white := cue.Color{R: 255, G: 255, B: 255, A: 255}
		s.Size, s.Outline, s.OutlineColor, s.Shadows, s.Background = 0, outline, cue.Color{A: 255}, nil, cue.Color{}
		s.Bold = s.Bold || now.bold
		s.Italic = s.Italic || now.italic
		s.Underline = s.Underline || now.underline
		s.Strike = s.Strike || now.strike
		if now.color != nil && s.Color == white {
			s.Color = *now.color
		}
		if now.face != "" {
			s.Families = []string{now.face}
		}
	})
	for s := text; s != ""; {
		at := strings.IndexAny(s, "<{")
		if at < 0 {
			t.Add(html.UnescapeString(s))
			break
		}
		t.Add(html.UnescapeString(s[:at]))
		s = s[at:]
		n := 0
		if s[0] == '{' {
			n = override(t, s)
		} else {
			n = element(s, &now, &open)
		}
		if n == 0 {
			t.Add(s[:1])
			n = 1
		}
		s = s[n:]
	}
	c := cue.Cue{Start: start, End: end}
	spans := t.Spans()
	if len(spans) == 0 {
		return c, false
	}
	c.Blocks = []cue.Block{{MultiRow: cue.Justify, Balance: true, Spans: spans}}
	t.Place(&c, cue.Rect{X: margin, W: 1 - 2*margin}, margin)
	return c, o.Place(&c)
}

// override reads overrides of ASS, and the tags of MicroDVD that are found in some files. It returns their length, or 0
// if there are none.
func override(t *ass.Text, s string) int {
	end := strings.IndexByte(s, '}')
	if end < 0 {
		return 0
	}
	body := s[1:end]
	switch {
	case strings.HasPrefix(body, `\`):
		t.Override(body)
	case strings.HasPrefix(strings.ToLower(body), "y:"):
		for _, r := range strings.ToLower(body[2:]) {
			if strings.ContainsRune("bius", r) {
				t.Override(`\` + string(r) + "1")
			}
		}
	default:
		return 0
	}
	return end + 1
}

// tag is an open element, and the look before it.
type tag struct {
	name   string
	before look
}

// element reads a tag of HTML, and returns its length, or 0 if it is none: in that case it is text.
func element(s string, now *look, open *[]tag) int {
	end := strings.IndexByte(s, '>')
	if end < 0 {
		return 0
	}
	body := strings.TrimRight(s[1:end], " \t\n")
	name, closing := strings.CutPrefix(body, "/")
	name = strings.TrimSuffix(name, "/")
	attributes := ""
	if at := strings.IndexAny(name, " \t\n"); at >= 0 {
		name, attributes = name[:at], name[at:]
	}
	name = strings.ToLower(name)
	switch name {
	case "b", "i", "u", "s", "font", "strong", "em", "strike":
	case "br", "p", "div", "span", "c":
		return end + 1
	default:
		return 0
	}
	if closing {
		for i := len(*open) - 1; i >= 0; i-- {
			if (*open)[i].name == name {
				*now = (*open)[i].before
				*open = (*open)[:i]
				break
			}
		}
		return end + 1
	}
	if len(*open) < maxTags {
		*open = append(*open, tag{name, *now})
	}
	switch name {
	case "b", "strong":
		now.bold = true
	case "i", "em":
		now.italic = true
	case "u":
		now.underline = true
	case "s", "strike":
		now.strike = true
	case "font":
		if v := attribute(attributes, "color"); v != "" {
			c, ok := webvtt.Color(v)
			if !ok {
				c, ok = webvtt.Color("#" + v)
			}
			if ok {
				now.color = &c
			}
		}
		if v := attribute(attributes, "face"); v != "" {
			now.face = v
		}
	}
	return end + 1
}

// attribute is the value of an attribute, with or without quotes.
func attribute(s, name string) string {
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		key, rest, ok := strings.Cut(s, "=")
		if !ok {
			return ""
		}
		rest = strings.TrimLeft(rest, " \t\n")
		var value string
		if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
			q := rest[0]
			end := strings.IndexByte(rest[1:], q)
			if end < 0 {
				return ""
			}
			value, s = rest[1:1+end], rest[end+2:]
		} else {
			end := strings.IndexAny(rest, " \t\n")
			if end < 0 {
				end = len(rest)
			}
			value, s = rest[:end], rest[end:]
		}
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
