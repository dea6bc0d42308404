package ass

import (
	"math"
	"strings"

	"mseplayer/player/text/cue"
)

// maxSpans bounds the pieces of one event.
const maxSpans = 5000

// Text collects the text of a cue and follows the overrides in it.
type Text struct {
	script    *Script
	base, now style
	language  string
	spans     []cue.Span
	align     int
	wrap      int
	placed    bool
	x, y      float64 // of \pos, in the script's units
	drawing   bool
	// look, if not nil, changes the style of each piece of text.
	look func(*cue.Style)
}

// NewText returns a Text for formats that borrow overrides: on a screen of 384 × 288, with a look of its own, which sees
// the style after each override.
func NewText(language string, look func(*cue.Style)) *Text {
	s := &Script{width: defaultWidth, height: defaultHeight}
	st := defaultStyle
	return &Text{script: s, base: st, now: st, language: language, align: 2, look: look}
}

// Write adds text with overrides.
func (t *Text) Write(s string) {
	for s != "" {
		at := strings.IndexByte(s, '{')
		if at < 0 {
			t.plain(s)
			return
		}
		end := strings.IndexByte(s[at:], '}')
		if end < 0 {
			t.plain(s)
			return
		}
		t.plain(s[:at])
		t.Override(s[at+1 : at+end])
		s = s[at+end+1:]
	}
}

// plain adds text without overrides.
func (t *Text) plain(s string) {
	if !strings.Contains(s, `\`) {
		t.Add(s)
		return
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			switch s[i+1] {
			case 'N':
				b.WriteByte('\n')
				i++
				continue
			case 'n':
				if t.wrap == 2 {
					b.WriteByte('\n')
				} else {
					b.WriteByte(' ')
				}
				i++
				continue
			case 'h':
				b.WriteString("\u00a0")
				i++
				continue
			}
		}
		b.WriteByte(s[i])
	}
	t.Add(b.String())
}

// Add adds text as it is.
func (t *Text) Add(s string) {
	if s == "" || t.drawing || len(t.spans) >= maxSpans {
		return
	}
	look := t.now.look(t.script.height, t.language)
	if t.look != nil {
		t.look(&look)
	}
	t.spans = append(t.spans, cue.Span{Text: s, Style: look})
}

// Spans is the text so far, without white space around it; nothing if there is no more than that.
func (t *Text) Spans() []cue.Span {
	spans := t.spans
	for len(spans) > 0 {
		spans[0].Text = strings.TrimLeft(spans[0].Text, " \t\n")
		if spans[0].Text != "" {
			break
		}
		spans = spans[1:]
	}
	for len(spans) > 0 {
		last := &spans[len(spans)-1]
		last.Text = strings.TrimRight(last.Text, " \t\n")
		if last.Text != "" {
			break
		}
		spans = spans[:len(spans)-1]
	}
	return spans
}

// Override follows the tags inside of braces.
func (t *Text) Override(s string) {
	for s != "" {
		at := strings.IndexByte(s, '\\')
		if at < 0 {
			return
		}
		s = s[at+1:]
		// A tag ends at the next one, but not inside of parentheses.
		end, depth := 0, 0
		for end < len(s) && (depth > 0 || s[end] != '\\') {
			switch s[end] {
			case '(':
				depth++
			case ')':
				depth--
			}
			end++
		}
		t.tag(strings.TrimSpace(s[:end]))
		s = s[end:]
	}
}

// tag applies one tag. Those it does not know stay without effect.
func (t *Text) tag(s string) {
	name, argument, isCall := strings.Cut(s, "(")
	if isCall {
		t.call(name, strings.Split(strings.TrimSuffix(argument, ")"), ","))
		return
	}
	// Tags with longer names come before those that begin alike.
	for _, known := range tags {
		if value, ok := strings.CutPrefix(s, known); ok {
			t.set(known, strings.TrimSpace(value))
			return
		}
	}
}

// tags are the names of the tags that take no parentheses; those that are followed by anything but a number or a colour
// come last.
var tags = [...]string{
	"alpha", "bord", "xbord", "ybord", "shad", "xshad", "yshad", "blur", "fscx", "fscy", "fsp", "fade", "frx", "fry", "frz", "fax", "fay",
	"pbo", "kf", "ko", "kt", "an", "be", "fn", "fs", "fr", "fe", "1c", "2c", "3c", "4c", "1a", "2a", "3a", "4a",
	"a", "b", "c", "i", "k", "K", "p", "q", "r", "s", "u",
}

func (t *Text) call(name string, args []string) {
	arg := func(i int) float64 {
		if i >= len(args) {
			return 0
		}
		return number(args[i], -1e6, 1e6)
	}
	switch strings.TrimSpace(name) {
	case "pos":
		if len(args) == 2 && !t.placed {
			t.placed, t.x, t.y = true, arg(0), arg(1)
		}
	case "move":
		if len(args) >= 4 && !t.placed {
			t.placed, t.x, t.y = true, arg(0), arg(1)
		}
	case "c", "1c", "2c", "3c", "4c", "1a", "3a", "4a", "alpha", "fs", "fn", "fsp", "an", "bord", "shad":
		t.set(strings.TrimSpace(name), strings.Join(args, ","))
	}
}

// set applies a tag with its value; an empty value is that of the style.
func (t *Text) set(name, value string) {
	now, base := &t.now, &t.base
	real := func(to *float64, standard, high float64) {
		*to = standard
		if value != "" {
			*to = number(value, 0, high)
		}
	}
	truth := func(to *bool, standard bool) {
		*to = standard
		if value != "" {
			*to = flag(value)
		}
	}
	paint := func(to *cue.Color, standard cue.Color) {
		alpha := to.A
		*to = standard
		if v, ok := hex(value); ok && value != "" {
			*to = cue.Color{R: uint8(v), G: uint8(v >> 8), B: uint8(v >> 16)}
		}
		to.A = alpha
	}
	veil := func(to *cue.Color, standard cue.Color) {
		to.A = standard.A
		if v, ok := hex(value); ok && value != "" {
			to.A = 255 - uint8(v)
		}
	}
	switch name {
	case "an":
		if v := int(number(value, 0, 9)); v >= 1 {
			t.align = v
		}
	case "a":
		if v := int(number(value, 0, 11)); v >= 1 {
			t.align = legacyAlign(v)
		}
	case "b":
		truth(&now.bold, base.bold)
	case "i":
		truth(&now.italic, base.italic)
	case "u":
		truth(&now.underline, base.underline)
	case "s":
		truth(&now.strike, base.strike)
	case "c", "1c":
		paint(&now.fill, base.fill)
	case "3c":
		paint(&now.border, base.border)
	case "4c":
		paint(&now.back, base.back)
	case "alpha":
		veil(&now.fill, base.fill)
		veil(&now.border, base.border)
		veil(&now.back, base.back)
	case "1a":
		veil(&now.fill, base.fill)
	case "3a":
		veil(&now.border, base.border)
	case "4a":
		veil(&now.back, base.back)
	case "fs":
		t.size(value)
	case "fscx":
		real(&now.scaleX, base.scaleX*100, 10_000)
		now.scaleX = max(now.scaleX/100, 0.01)
	case "fscy":
		real(&now.scaleY, base.scaleY*100, 10_000)
		now.scaleY = max(now.scaleY/100, 0.01)
	case "fn":
		now.font = strings.TrimPrefix(value, "@")
		if value == "" || value == "0" {
			now.font = base.font
		}
	case "bord":
		real(&now.outline, base.outline, 1000)
	case "fsp":
		now.spacing = base.spacing
		if value != "" {
			now.spacing = number(value, -1000, 1000)
		}
	case "shad":
		real(&now.shadow, base.shadow, 1000)
	case "r":
		t.now = t.base
		if st, ok := t.script.styles[strings.ToLower(value)]; ok && value != "" {
			t.now = st
		}
	case "q":
		t.wrap = int(number(value, 0, 3))
	case "p":
		t.drawing = number(value, 0, 100) > 0
	}
}

// size is that of \fs: absolute, or with a sign relative to the size now, in tenths of it.
func (t *Text) size(value string) {
	v := number(value, -1000, 10_000)
	switch {
	case value == "":
		t.now.size = t.base.size
	case value[0] == '+' || value[0] == '-':
		t.now.size = max(t.now.size*(1+v/10), 1)
	case v > 0:
		t.now.size = v
	}
}

// Place puts the cue where the alignment and the overrides say: at a point, or inside the columns of area, at an edge
// whose margin is given as a fraction of the height. Cues at the upper or lower edge keep out of each other's way.
func (t *Text) Place(c *cue.Cue, area cue.Rect, margin float64) {
	block := &c.Blocks[0]
	column, row := (t.align-1)%3, (t.align-1)/3
	block.Align = [...]cue.Align{cue.Left, cue.Center, cue.Right}[column]
	display := [...]cue.Align{cue.End, cue.Center, cue.Start}[row]
	if t.placed {
		x, y := t.x/t.script.width, t.y/t.script.height
		c.Rect = cue.Rect{X: x - area.W*float64(column)/2, Y: y, W: area.W}
		c.Area.Display, c.Area.Overflow = display, true
		return
	}
	c.Rect = cue.Rect{X: area.X, W: area.W, H: 1}
	if display == cue.Center {
		c.Area.Display, c.Area.Overflow = display, true
		return
	}
	c.Flow = &cue.Flow{Line: -1, Snap: true, Position: math.NaN(), PositionAlign: cue.Justify, Size: 1}
	c.Rect.H = max(0, 1-margin)
	if display == cue.Start {
		c.Flow.Line = 0
		c.Rect.Y = margin
	}
}
