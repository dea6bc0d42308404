package cea

import (
	"math/bits"

	"mseplayer/mse/media"
	"mseplayer/player/text/cue"
)

const (
	columns = 32
	// doubled is how long the double of a control code may take: it follows at once, but pictures that carry nothing may
	// be between them.
	doubled media.Span = 0.1
)

// mode is how a channel of CEA-608 treats what it gets.
type mode uint8

// The modes. Nothing is shown before the first of them is asked for.
const (
	modeNone mode = iota
	modePopOn
	modeRollUp
	modePaintOn
	modeText
)

// field is one of the two fields of line 21. CEA-608 §8, 47 CFR §15.119.
type field struct {
	channels [2]channel
	current  int     // the channel that characters belong to
	control  [2]byte // the last code if it was a control code, and when: its double is not obeyed
	at       media.Time
	xds      bool // data of another service are being sent
}

// page is the memory of a screen.
type page [rows][columns]cell

// channel is one of the two channels of a field.
type channel struct {
	mode   mode
	pages  [2]page
	front  int // which of the pages is on the screen
	row    int // of the cursor
	col    int // of the cursor; columns is behind the last place
	depth  int // rows that roll up
	pen    pen
	screen screen
}

// pair takes two bytes with their parity.
func (f *field) pair(pts media.Time, b1, b2 byte) {
	const block = 0x7f // what stands for a damaged character
	if bits.OnesCount8(b2)%2 == 0 {
		return
	}
	if bits.OnesCount8(b1)%2 == 0 {
		if b1&0x7f < 0x20 {
			return
		}
		b1 = block
	}
	b1, b2 = b1&0x7f, b2&0x7f
	switch {
	case b1 == 0 && b2 == 0: // nothing to send
	case b1 >= 0x01 && b1 <= 0x0f:
		f.xds, f.control = b1 != 0x0f, [2]byte{}
	case b1 >= 0x10 && b1 <= 0x1f:
		f.xds = false
		if f.control == [2]byte{b1, b2} && pts.Sub(f.at) <= doubled {
			f.control = [2]byte{}
			return
		}
		f.control, f.at = [2]byte{b1, b2}, pts
		f.current = int(b1 >> 3 & 1)
		f.channels[f.current].obey(b1&0x17, b2)
	default:
		f.control = [2]byte{}
		if f.xds {
			return
		}
		c := &f.channels[f.current]
		for _, b := range [2]byte{b1, b2} {
			if b >= 0x20 {
				c.put(basic(b))
			}
		}
	}
}

// obey does what a control code asks. The bit of the channel is not in b1 any more.
func (c *channel) obey(b1, b2 byte) {
	switch {
	case b2 >= 0x40:
		c.address(b1, b2)
	case b1 == 0x10 && b2 >= 0x20 && b2 <= 0x2f:
		c.pen.background(b2)
		c.attribute()
	case b1 == 0x11 && b2 >= 0x20 && b2 <= 0x2f:
		// A mid-row code takes a place, which looks like a blank.
		c.put(' ')
		c.pen.underline = b2&1 != 0
		if n := b2 >> 1 & 7; n == 7 {
			c.pen.italic = true
		} else {
			c.pen.italic, c.pen.color = false, foregrounds[n]
		}
	case b1 == 0x11 && b2 >= 0x30 && b2 <= 0x3f:
		c.put(special[b2-0x30])
	case (b1 == 0x12 || b1 == 0x13) && b2 >= 0x20 && b2 <= 0x3f:
		// It replaces the character before it, which is for decoders that do not know it.
		c.back()
		c.put(extended[b1-0x12][b2-0x20])
	case (b1 == 0x14 || b1 == 0x15) && b2 >= 0x20 && b2 <= 0x2f:
		c.command(b2)
	case b1 == 0x17 && b2 >= 0x21 && b2 <= 0x23:
		c.col = min(c.col+int(b2-0x20), columns-1)
	case b1 == 0x17 && b2 == 0x2d:
		c.pen.back = cue.Color{}
		c.attribute()
	case b1 == 0x17 && (b2 == 0x2e || b2 == 0x2f):
		c.pen.color, c.pen.italic, c.pen.underline = black, false, b2&1 != 0
		c.attribute()
	}
}

// attribute makes a code for the background replace the blank before it.
func (c *channel) attribute() {
	c.back()
	c.put(' ')
}

// pacRows are the rows of preamble address codes, by the first byte and bit 5 of the second. CEA-608 table 53.
var pacRows = [8][2]int{{10, 10}, {0, 1}, {2, 3}, {11, 12}, {13, 14}, {4, 5}, {6, 7}, {8, 9}}

// address moves the cursor to a row and sets how characters look.
func (c *channel) address(b1, b2 byte) {
	row := pacRows[b1&7][b2>>5&1]
	if c.mode == modeRollUp {
		c.move(max(row, c.depth-1))
	} else {
		c.row = row
	}
	c.col = 0
	c.pen = pen608
	c.pen.underline = b2&1 != 0
	switch n := b2 >> 1 & 15; {
	case n >= 8:
		c.col = int(n-8) * 4
	case n == 7:
		c.pen.italic = true
	default:
		c.pen.color = foregrounds[n]
	}
}

// move takes the rows that roll up to another base row.
func (c *channel) move(row int) {
	if row == c.row {
		return
	}
	p := &c.pages[c.front]
	var next page
	for i := range c.depth {
		if c.row-i >= 0 {
			next[row-i] = p[c.row-i]
		}
	}
	*p, c.row = next, row
	c.touch(true)
}

// command does a miscellaneous control code. CEA-608 table 52.
func (c *channel) command(b byte) {
	p := c.memory()
	switch b {
	case 0x20: // resume caption loading
		c.mode = modePopOn
	case 0x21:
		c.back()
	case 0x24: // delete to the end of the row
		if p != nil {
			clear(p[c.row][min(c.col, columns-1):])
			c.touch(true)
		}
	case 0x25, 0x26, 0x27:
		c.rollUp(int(b-0x25) + 2)
	case 0x28: // flash on, which takes a place
		c.put(' ')
	case 0x29:
		c.mode = modePaintOn
	case 0x2a, 0x2b:
		c.mode = modeText
	case 0x2c: // erase displayed memory
		c.pages[c.front] = page{}
		c.screen.dirty, c.screen.urgent = true, true
	case 0x2d:
		if c.mode == modeRollUp {
			copy(p[:c.row], p[1:c.row+1])
			for i := range rows {
				if i <= c.row-c.depth || i >= c.row {
					p[i] = [columns]cell{}
				}
			}
			c.col, c.pen = 0, pen608
			c.touch(true)
		}
	case 0x2e: // erase memory that is not displayed
		c.pages[1-c.front] = page{}
	case 0x2f: // end of caption
		c.mode, c.front = modePopOn, 1-c.front
		c.screen.dirty, c.screen.urgent = true, true
	}
}

// rollUp begins captions of so many rows.
func (c *channel) rollUp(depth int) {
	if c.mode != modeRollUp {
		c.pages = [2]page{}
		c.mode, c.row, c.col, c.pen = modeRollUp, rows-1, 0, pen608
	}
	c.depth = depth
	c.row = max(c.row, depth-1)
	p := &c.pages[c.front]
	for i := range c.row - depth + 1 {
		p[i] = [columns]cell{}
	}
	c.screen.dirty, c.screen.urgent = true, true
}

// memory is the page that is written to; nil if none is.
func (c *channel) memory() *page {
	switch c.mode {
	case modePopOn:
		return &c.pages[1-c.front]
	case modeRollUp, modePaintOn:
		return &c.pages[c.front]
	case modeNone, modeText:
	}
	return nil
}

// touch takes down that the page that is written to has changed.
func (c *channel) touch(urgent bool) {
	if c.mode != modePopOn {
		c.screen.dirty = true
		c.screen.urgent = c.screen.urgent || urgent
	}
}

// put writes a character, or with 0 leaves a place empty, and goes on.
func (c *channel) put(r rune) {
	p := c.memory()
	if p == nil {
		return
	}
	at := min(c.col, columns-1)
	p[c.row][at] = cell{char: r, pen: c.pen}
	c.col = at + 1
	c.touch(false)
}

// back goes back one place and empties it.
func (c *channel) back() {
	p := c.memory()
	if p == nil || c.col == 0 {
		return
	}
	c.col--
	p[c.row][c.col] = cell{}
	c.touch(false)
}

// cues are what is on the screen: one cue for each group of rows without a gap, whose columns stay below each other. Type
// is narrower than a column, so something has to give: a finished caption keeps its middle, for that is what its author
// placed; one that grows keeps its edge, or it would move with each character.
func (c *channel) cues() []cue.Cue {
	var list []cue.Cue
	p := &c.pages[c.front]
	align := cue.Start
	if c.mode == modePopOn {
		align = cue.Center
	}
	for top := 0; top < rows; top++ {
		bottom, left, right := top, columns, 0
		for ; bottom < rows; bottom++ {
			from, to := bounds(p[bottom][:])
			if to == 0 {
				break
			}
			left, right = min(left, from), max(right, to)
		}
		if bottom == top {
			continue
		}
		var group [][]cell
		for i := top; i < bottom; i++ {
			group = append(group, p[i][left:right])
		}
		list = append(list, cue.Cue{
			Rect: cue.Rect{
				X: margin + safe*float64(left)/columns, Y: margin + rowHeight*float64(top),
				W: safe * float64(right-left) / columns, H: rowHeight * float64(bottom-top),
			},
			Area:   cue.Area{Overflow: true},
			Blocks: []cue.Block{paragraph(text(group, false), align, cue.Start)},
		})
		top = bottom
	}
	return list
}

// paragraph is the block of a group of rows.
func paragraph(spans []cue.Span, align, rowAlign cue.Align) cue.Block {
	return cue.Block{
		Align: align, MultiRow: rowAlign, Direction: cue.LTR, LineHeight: rowHeight, NoWrap: true, Preserve: true,
		LinePadding: padding, FillLineGap: true, Spans: spans,
	}
}
