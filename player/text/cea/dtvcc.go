package cea

import (
	"mseplayer/mse/media"
	"mseplayer/player/text/cue"
)

// Bounds of CEA-708: the bytes a service may have waiting, its windows, and their size. CEA-708 §8.4, §8.10.5.
const (
	maxWaiting   = 128
	windows      = 8
	maxRows      = 16
	maxColumns   = 64
	maxPacket    = 128
	gridRows     = 75
	gridColumns  = 210 // of wide pictures
	gridNarrow   = 160
	charsWide    = 42
	charsNarrow  = 32
	relativeGrid = 100
)

// dtvcc takes a triplet of a packet. CEA-708 §5, §6.
func (d *Decoder) dtvcc(t Triplet) {
	const start = 3
	if t.Type == start {
		d.packet = append(d.packet[:0], t.B1, t.B2)
		d.wanted = int(t.B1&0x3f) * 2
		if d.wanted == 0 {
			d.wanted = maxPacket
		}
	} else {
		if d.wanted == 0 {
			return
		}
		d.packet = append(d.packet, t.B1, t.B2)
	}
	if len(d.packet) < d.wanted {
		return
	}
	b := d.packet[1:d.wanted]
	d.wanted = 0
	for len(b) > 0 {
		const extended = 7
		number, size := int(b[0]>>5), int(b[0]&0x1f)
		if b = b[1:]; number == extended && size > 0 && len(b) > 0 {
			number, b = int(b[0]&0x3f), b[1:]
		}
		if number == 0 || size > len(b) {
			return
		}
		if size > 0 {
			if d.services[number] == nil {
				d.services[number] = &service{}
			}
			d.services[number].take(b[:size])
		}
		b = b[size:]
	}
}

// service is one service of CEA-708.
type service struct {
	in      []byte // what waits: for the rest of a command, or for the end of a delay
	delayed bool
	delay   media.Span // of a delay that begins with the next picture
	until   media.Time // when the delay is over
	windows [windows]*window
	current int
	screen  screen
}

// window is one window of a service.
type window struct {
	visible    bool
	priority   int
	relative   bool
	anchorV    int
	anchorH    int
	anchor     int // which of nine points of the window lies there
	rows, cols int
	cells      [][]cell
	row, col   int
	pen        pen

	justify uint8 // left, right, center, full
	wrap    bool
	print   uint8
	fill    cue.Color
}

// take adds what came for a service.
func (s *service) take(b []byte) {
	s.in = append(s.in, b...)
	if s.delayed {
		const cancel, reset = 0x8e, 0x8f
		for _, c := range b {
			if c == cancel || c == reset {
				s.delayed = false
			}
		}
	}
	if len(s.in) > maxWaiting {
		s.delayed = false // as the standard has it: what is full is emptied
	}
}

// run obeys what has come, up to a delay.
func (s *service) run(pts media.Time) {
	if s.delayed && pts < s.until {
		return
	}
	s.delayed = false
	b := s.in
	for len(b) > 0 && !s.delayed {
		n := commandLen(b)
		if n > len(b) {
			break
		}
		s.obey(b[:n])
		if b = b[n:]; s.delayed {
			s.until = pts.Add(s.delay)
		}
	}
	if n := copy(s.in, b); n <= maxWaiting {
		s.in = s.in[:n]
	} else {
		s.in = s.in[:0]
	}
}

// commandLen is how many bytes the command at the front of b has, which may be more than there are. CEA-708 §7.1.
func commandLen(b []byte) int {
	const ext1, firstC3, firstVariable = 0x10, 0x80, 0x90
	switch c := b[0]; {
	case c == ext1:
		if len(b) < 2 {
			return 2
		}
		switch e := b[1]; {
		case e < 0x08:
			return 2
		case e < 0x10:
			return 3
		case e < 0x18:
			return 4
		case e < 0x20:
			return 5
		case e >= firstC3 && e < 0x88:
			return 6
		case e >= 0x88 && e < firstVariable:
			return 7
		case e >= firstVariable && e < 0xa0:
			if len(b) < 3 {
				return 3
			}
			return 3 + int(b[2]&0x1f)
		}
		return 2
	case c >= 0x11 && c < 0x18:
		return 2
	case c >= 0x18 && c < 0x20:
		return 3
	case c >= 0x88 && c <= 0x8d:
		return 2
	case c == 0x90 || c == 0x92:
		return 3
	case c == 0x91:
		return 4
	case c == 0x97:
		return 5
	case c >= 0x98 && c <= 0x9f:
		return 7
	}
	return 1
}

// obey does one command. CEA-708 §7, §8.10.
func (s *service) obey(b []byte) {
	w := s.windows[s.current]
	switch c := b[0]; {
	case c == 0x10:
		switch e := b[1]; {
		case e >= 0x20 && e < 0x80:
			s.put(g2(e))
		case e == 0xa0:
			s.put('㏄')
		}
	case c == 0x7f:
		s.put('♪')
	case c >= 0x20 && c < 0x7f || c >= 0xa0:
		s.put(rune(c))
	case c == 0x18: // a character of 16 bits
		s.put(rune(b[1])<<8 | rune(b[2]))
	case c < 0x20 && w != nil:
		s.control(w, c)
	case c >= 0x80 && c <= 0x87:
		s.current = int(c & 7)
	case c >= 0x88 && c <= 0x8c:
		s.each(c, b[1])
	case c == 0x8d:
		s.delayed, s.delay = b[1] > 0, media.Span(b[1])/10
	case c == 0x8f:
		s.windows, s.current = [windows]*window{}, 0
		s.touch(true)
	case c == 0x90 && w != nil:
		w.pen.size = min(b[1]&3, 2)
		w.pen.italic, w.pen.underline = b[2]&0x80 != 0, b[2]&0x40 != 0
		w.pen.edge, w.pen.font = edge(b[2]>>3&7), b[2]&7
	case c == 0x91 && w != nil:
		w.pen.color, w.pen.back = colorOf(b[1]), colorOf(b[2])
		w.pen.edgeColor = colorOf(b[3] & 0x3f)
	case c == 0x92 && w != nil:
		w.row, w.col = min(int(b[1]&0x0f), w.rows-1), min(int(b[2]&0x3f), w.cols-1)
	case c == 0x97 && w != nil:
		w.fill = colorOf(b[1])
		w.wrap, w.print, w.justify = b[3]&0x40 != 0, b[3]>>4&3, b[3]&3
		s.touch(true)
	case c >= 0x98 && c <= 0x9f:
		s.define(int(c-0x98), b[1:])
	}
}

// control does a code that moves the pen of a window.
func (s *service) control(w *window, c byte) {
	switch c {
	case 0x08:
		if w.col > 0 {
			w.col--
			w.cells[w.row][w.col] = cell{}
		}
	case 0x0c:
		w.clear()
		w.row, w.col = 0, 0
	case 0x0d:
		w.newLine()
	case 0x0e:
		clear(w.cells[w.row])
		w.col = 0
	default:
		return
	}
	s.touch(true)
}

// each does a command for the windows of a mask: clear, display, hide, toggle, delete.
func (s *service) each(c, mask byte) {
	for i, w := range s.windows {
		if mask>>i&1 == 0 || w == nil {
			continue
		}
		switch c {
		case 0x88:
			w.clear()
		case 0x89:
			w.visible = true
		case 0x8a:
			w.visible = false
		case 0x8b:
			w.visible = !w.visible
		case 0x8c:
			s.windows[i] = nil
		}
	}
	s.touch(true)
}

// define makes a window, or changes one. CEA-708 §8.10.5.2.
func (s *service) define(i int, b []byte) {
	w := s.windows[i]
	windowStyle, penStyle := b[5]>>3&7, b[5]&7
	if w == nil {
		w = &window{pen: penStyles[0]}
		windowStyle, penStyle = max(windowStyle, 1), max(penStyle, 1)
	}
	s.windows[i], s.current = w, i
	w.visible, w.priority = b[0]&0x20 != 0, int(b[0]&7)
	w.relative, w.anchorV, w.anchorH = b[1]&0x80 != 0, int(b[1]&0x7f), int(b[2])
	w.anchor = min(int(b[3]>>4), 8)
	w.resize(int(b[3]&0x0f)+1, int(b[4]&0x3f)+1)
	if windowStyle > 0 {
		w.style(windowStyle)
	}
	if penStyle > 0 {
		w.pen = penStyles[penStyle-1]
	}
	s.touch(true)
}

// style sets what a predefined style of windows says. CEA-708 table 26.
func (w *window) style(n byte) {
	const left, center, topToBottom = 0, 2, 2
	w.justify, w.wrap, w.print, w.fill = left, false, 0, black
	switch n {
	case 2:
		w.fill = cue.Color{}
	case 3:
		w.justify = center
	case 4:
		w.wrap = true
	case 5:
		w.wrap, w.fill = true, cue.Color{}
	case 6:
		w.wrap, w.justify = true, center
	case 7:
		w.print = topToBottom
	}
}

// penStyles are the predefined pens. CEA-708 table 27.
var penStyles = [7]pen{
	{color: white, back: black, size: 1},
	{color: white, back: black, size: 1, font: 1},
	{color: white, back: black, size: 1, font: 2},
	{color: white, back: black, size: 1, font: 3},
	{color: white, back: black, size: 1, font: 4},
	{color: white, size: 1, font: 3, edge: edgeUniform, edgeColor: black},
	{color: white, size: 1, font: 4, edge: edgeUniform, edgeColor: black},
}

// colorOf translates two bits of opacity and two for each of red, green and blue.
func colorOf(b byte) cue.Color {
	const third = 85
	c := cue.Color{R: b >> 4 & 3 * third, G: b >> 2 & 3 * third, B: b & 3 * third, A: 255}
	switch b >> 6 {
	case 2:
		c.A = 128
	case 3:
		c.A = 0
	}
	return c
}

// resize gives a window so many rows and columns, and keeps what is in both.
func (w *window) resize(rows, cols int) {
	rows, cols = min(rows, maxRows), min(cols, maxColumns)
	if rows == w.rows && cols == w.cols {
		return
	}
	next := make([][]cell, rows)
	for i := range next {
		next[i] = make([]cell, cols)
		if i < len(w.cells) {
			copy(next[i], w.cells[i])
		}
	}
	w.rows, w.cols, w.cells = rows, cols, next
	w.row, w.col = min(w.row, rows-1), min(w.col, cols)
}

func (w *window) clear() {
	for _, r := range w.cells {
		clear(r)
	}
}

// newLine takes the pen to the next row; the rows roll up when there is none.
func (w *window) newLine() {
	w.col = 0
	if w.row+1 < w.rows {
		w.row++
		return
	}
	first := w.cells[0]
	copy(w.cells, w.cells[1:])
	clear(first)
	w.cells[w.rows-1] = first
}

// put writes a character into the current window.
func (s *service) put(r rune) {
	w := s.windows[s.current]
	if w == nil || r < ' ' {
		return
	}
	if w.col >= w.cols {
		if !w.wrap {
			return
		}
		w.breakLine()
	}
	w.cells[w.row][w.col] = cell{char: r, pen: w.pen}
	w.col++
	s.touch(false)
}

// breakLine begins a new row with the word that does not fit.
func (w *window) breakLine() {
	row := w.cells[w.row]
	at := len(row)
	for at > 0 && row[at-1].char != ' ' && row[at-1].char != 0 {
		at--
	}
	if at == 0 {
		w.newLine()
		return
	}
	word := append([]cell(nil), row[at:]...)
	clear(row[at:])
	w.newLine()
	w.col = copy(w.cells[w.row], word)
}

// touch takes down that something that is visible may have changed.
func (s *service) touch(urgent bool) {
	s.screen.dirty = true
	s.screen.urgent = s.screen.urgent || urgent
}

// cues are the windows that are visible and hold something.
func (s *service) cues(wide bool) []cue.Cue {
	var list []cue.Cue
	for _, w := range s.windows {
		if w == nil || !w.visible {
			continue
		}
		used := 0
		for i, r := range w.cells {
			if _, to := bounds(r); to > 0 {
				used = i + 1
			}
		}
		if used == 0 {
			continue
		}
		align, trim := cue.Start, false
		switch w.justify {
		case 1:
			align, trim = cue.End, true
		case 2:
			align, trim = cue.Center, true
		}
		block := paragraph(text(w.cells[:used], trim), align, cue.Justify)
		if w.print == 1 {
			block.Direction = cue.RTL
		}
		list = append(list, cue.Cue{
			Layer:  windows - 1 - w.priority,
			Rect:   w.rect(wide),
			Area:   cue.Area{Background: w.fill, Overflow: true},
			Blocks: []cue.Block{block},
		})
	}
	return list
}

// rect is where a window lies: one of nine points of it is at a place of a grid. It stays on the picture.
// CEA-708 §8.4.
func (w *window) rect(wide bool) cue.Rect {
	across, chars := gridColumns, charsWide
	if !wide {
		across, chars = gridNarrow, charsNarrow
	}
	down := gridRows
	if w.relative {
		across, down = relativeGrid, relativeGrid
	}
	r := cue.Rect{W: min(1, safe*float64(w.cols)/float64(chars)), H: min(1, rowHeight*float64(w.rows))}
	r.X = margin + safe*min(1, float64(w.anchorH)/float64(across)) - r.W*float64(w.anchor%3)/2
	r.Y = margin + safe*min(1, float64(w.anchorV)/float64(down)) - r.H*float64(w.anchor/3)/2
	r.X = min(max(r.X, 0), 1-r.W)
	r.Y = min(max(r.Y, 0), 1-r.H)
	return r
}
