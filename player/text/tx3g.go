package text

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"unicode/utf16"

	"mseplayer/player/text/cue"
)

const (
	// maxStyles bounds the styles of one sample.
	maxStyles = 2000
	// plainOutline and plainMargin are those of text that brings no look of its own.
	plainOutline = 0.003
	plainMargin  = 0.04
)

// tx3g is the sample description of 3GPP timed text.
//
// 3GPP TS 26.245 §5.16.
type tx3g struct {
	horizontal, vertical int8
	background           cue.Color
	style                tx3gStyle
}

// tx3gStyle is a style record.
type tx3gStyle struct {
	start, end int // characters
	face       byte
	size       byte
	color      cue.Color
}

// tx3gStyleLen is the length of a style record.
const tx3gStyleLen = 12

func newTX3G(config []byte) tx3g {
	t := tx3g{horizontal: 1, vertical: -1}
	t.style.color = cue.Color{R: 255, G: 255, B: 255, A: 255}
	if len(config) < 18+tx3gStyleLen {
		return t
	}
	t.horizontal, t.vertical = int8(config[4]), int8(config[5])
	t.background = rgba(config[6:])
	t.style = styleRecord(config[18:])
	return t
}

func rgba(b []byte) cue.Color { return cue.Color{R: b[0], G: b[1], B: b[2], A: b[3]} }

func styleRecord(b []byte) tx3gStyle {
	return tx3gStyle{
		start: int(binary.BigEndian.Uint16(b)), end: int(binary.BigEndian.Uint16(b[2:])), face: b[6], size: b[7], color: rgba(b[8:]),
	}
}

// sample reads a sample. There is no cue if it is empty.
//
// 3GPP TS 26.245 §5.17.
func (t *tx3g) sample(s Sample, o Options) (cue.Cue, bool, error) {
	c := cue.Cue{Start: s.Start, End: s.End}
	if len(s.Data) < 2 {
		return c, false, nil
	}
	n := int(binary.BigEndian.Uint16(s.Data))
	if n > len(s.Data)-2 {
		return c, false, errors.New("text: the text of a sample is cut off")
	}
	if n == 0 {
		return c, false, nil
	}
	raw := s.Data[2 : 2+n]
	wide := len(raw) >= 2 && (raw[0] == 0xfe && raw[1] == 0xff || raw[0] == 0xff && raw[1] == 0xfe)
	text := []rune(string(UTF8(raw)))
	var styles []tx3gStyle
	// The boxes behind the text are an extra: what is wrong with them does not cost the text.
	_ = boxes(s.Data[2+n:], func(kind string, body []byte) error {
		if kind != "styl" || len(body) < 2 {
			return nil
		}
		count := min(int(binary.BigEndian.Uint16(body)), maxStyles)
		for b := body[2:]; count > 0 && len(b) >= tx3gStyleLen; b, count = b[tx3gStyleLen:], count-1 {
			styles = append(styles, styleRecord(b))
		}
		return nil
	})
	if wide {
		// Characters count as 16 bits there.
		at := make([]int, 0, len(text)+1)
		for i, r := range text {
			for range max(1, utf16.RuneLen(r)) {
				at = append(at, i)
			}
		}
		for i := range styles {
			styles[i].start, styles[i].end = index(at, styles[i].start, len(text)), index(at, styles[i].end, len(text))
		}
	}
	block := cue.Block{Align: cue.Center, MultiRow: cue.Justify, Balance: true}
	switch t.horizontal {
	case 0:
		block.Align = cue.Left
	case -1:
		block.Align = cue.Right
	}
	slices.SortStableFunc(styles, func(a, b tx3gStyle) int { return a.start - b.start })
	from := 0
	add := func(to int, st tx3gStyle) {
		if from < to {
			block.Spans = append(block.Spans, cue.Span{Text: string(text[from:to]), Style: t.look(st, o.Language)})
			from = to
		}
	}
	for _, st := range styles {
		add(min(max(st.start, from), len(text)), t.style)
		add(min(max(st.end, from), len(text)), st)
	}
	add(len(text), t.style)
	c.Blocks = []cue.Block{block}
	c.Rect = cue.Rect{X: plainMargin, W: 1 - 2*plainMargin, H: 1 - plainMargin}
	switch t.vertical {
	case 1:
		c.Rect.H = 1
		c.Area.Display = cue.Center
	case 0:
		c.Rect.Y = plainMargin
		c.Flow = &cue.Flow{Line: 0, Snap: true, Position: math.NaN(), PositionAlign: cue.Justify, Size: 1}
	default:
		c.Flow = &cue.Flow{Line: -1, Snap: true, Position: math.NaN(), PositionAlign: cue.Justify, Size: 1}
	}
	return c, o.Place(&c), nil
}

// index is at[i], or end beyond it.
func index(at []int, i, end int) int {
	if i < len(at) {
		return at[i]
	}
	return end
}

// look is the style of a record. Its size counts as a multiple of that of the description, whose own is the default.
func (t *tx3g) look(st tx3gStyle, language string) cue.Style {
	s := cue.Style{
		Color: st.color.Explicit(), Bold: st.face&1 != 0, Italic: st.face&2 != 0, Underline: st.face&4 != 0, Language: language,
	}
	if t.background.A > 0 {
		s.Background = t.background
	} else {
		s.Outline, s.OutlineColor = plainOutline, cue.Color{A: 255}
	}
	if st.size > 0 && t.style.size > 0 && st.size != t.style.size {
		const standard = 0.05
		s.Size = standard * float64(st.size) / float64(t.style.size)
	}
	return s
}
