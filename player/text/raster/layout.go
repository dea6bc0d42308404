package raster

import (
	"math"

	"mseplayer/player/text/cue"
)

// defaultSize is that of type, as a fraction of the height of the root container.
//
// WebVTT §7.4: 5vh.
const defaultSize = 0.05

// Box is a cue that has been laid out. Lengths are pixels of the root container.
type Box struct {
	// Cue is the index of the cue.
	Cue int
	// X, Y, W and H are the rectangle that the cue takes: its area, or its box if it has a place of its own.
	X, Y, W, H float64
	Lines      []Line
}

// Line is a line of a box.
type Line struct {
	// X, Y, W and H are those of the line's text: as wide as the text, and as high as the line.
	X, Y, W, H float64
	Text       string
	// RightToLeft is the base direction of the line.
	RightToLeft bool
	// Runs are in the order of the screen: from left to right, or from top to bottom.
	Runs []Run
}

// Run is a part of a line of one style and one direction.
type Run struct {
	Text string
	// X and W are along the line.
	X, W        float64
	RightToLeft bool
	// Glyphs are the numbers of the glyphs in their font, in the order of the screen, and Xs where they begin.
	Glyphs []uint32
	Xs     []float64
}

// rect is a rectangle in pixels.
type rect struct{ x, y, w, h float64 }

func (r rect) overlaps(s rect) bool {
	return r.x < s.x+s.w-touch && s.x < r.x+r.w-touch && r.y < s.y+s.h-touch && s.y < r.y+r.h-touch
}

func (r rect) within(s rect) bool {
	return r.x >= s.x-touch && r.y >= s.y-touch && r.x+r.w <= s.x+s.w+touch && r.y+r.h <= s.y+s.h+touch
}

// touch is how far rectangles may overlap that only touch, in pixels.
const touch = 0.5

// box is a cue with its lines and their places.
type box struct {
	index int
	cue   *cue.Cue
	// rect is where the lines are, area what its background covers, and clip what is drawn of both.
	rect, area, clip rect
	writing          cue.Writing
	lines            []placed
	// across is the extent of the lines along the block axis, along that of the inline axis.
	across, along float64
	// inset is where blocks begin along the lines, behind the padding, and inner how far they reach.
	inset, inner float64
	firstLine    float64
	hidden       bool
}

// placed is a line at its place: along the line and across it, relative to the box.
type placed struct {
	line
	block         *cue.Block
	along, across float64 // of the beginning, and of the first edge
	height        float64
	padding       float64 // before and behind the text
}

// layout lays all cues out.
func (r *Renderer) layout(cues []*cue.Cue, o Options) []*box {
	scale := o.Scale
	if scale <= 0 {
		scale = 1
	}
	root := rect{0, 0, float64(o.Width), float64(o.Height)}
	var boxes []*box
	type occupied struct {
		rect
		layer int
	}
	var taken []occupied
	around := func(layer int) []rect {
		var list []rect
		for _, t := range taken {
			if t.layer == layer {
				list = append(list, t.rect)
			}
		}
		return list
	}
	// Regions come first, and cues keep out of their way. WebVTT §7.1.
	regions := map[cue.Rect]*region{}
	for i, c := range cues {
		if c.Flow == nil || !c.Flow.Scroll {
			continue
		}
		b := r.lay(i, c, root, scale)
		if len(b.lines) == 0 {
			continue
		}
		g := regions[c.Rect]
		if g == nil {
			g = &region{rect: b.rect}
			regions[c.Rect] = g
		}
		g.boxes = append(g.boxes, b)
		g.height += b.across
		boxes = append(boxes, b)
	}
	for _, b := range boxes {
		g := regions[b.cue.Rect]
		if !g.done {
			g.place(root)
			taken = append(taken, occupied{g.used, b.cue.Layer})
		}
	}
	for i, c := range cues {
		if c.Flow != nil && c.Flow.Scroll {
			continue
		}
		b := r.lay(i, c, root, scale)
		switch {
		case c.Flow == nil:
			boxes = append(boxes, b)
		case len(b.lines) > 0:
			b.flow(around(c.Layer))
			if !b.hidden {
				taken = append(taken, occupied{b.rect, c.Layer})
				boxes = append(boxes, b)
			}
		}
	}
	return boxes
}

// region collects the cues of a region of WebVTT.
type region struct {
	rect   rect
	boxes  []*box
	height float64
	used   rect
	done   bool
}

// place stacks the cues of the region at its end.
func (g *region) place(root rect) {
	g.done = true
	bottom := g.rect.y + g.rect.h
	g.used = rect{g.rect.x, max(g.rect.y, bottom-g.height), g.rect.w, min(g.height, g.rect.h)}
	y := bottom - g.height
	for _, b := range g.boxes {
		b.rect.x += offset(b.cue, b.base()) * g.rect.w
		b.rect.y, b.rect.h = y, b.across
		b.area = rect{g.rect.x, y, g.rect.w, b.across}
		b.clip = intersect(g.rect, root)
		y += b.across
	}
}

// offset is how far a cue of a region is moved along its lines, as a fraction of the region.
func offset(c *cue.Cue, rtl bool) float64 {
	position, align := computedPosition(c, rtl)
	switch align {
	case cue.Left:
		return position
	case cue.Right:
		return position - 1
	}
	return position - 0.5
}

// base is the direction of the first line.
func (b *box) base() bool { return len(b.lines) > 0 && b.lines[0].rtl }

// computedPosition returns the position and its alignment: Left, Center or Right.
//
// WebVTT §3.1, computed position and computed position alignment.
func computedPosition(c *cue.Cue, rtl bool) (float64, cue.Align) {
	text := cue.Center
	if len(c.Blocks) > 0 {
		text = c.Blocks[0].Align
	}
	position, align := c.Flow.Position, c.Flow.PositionAlign
	if math.IsNaN(position) || position < 0 || position > 1 {
		switch text {
		case cue.Left:
			position = 0
		case cue.Right:
			position = 1
		case cue.Start, cue.Center, cue.End, cue.Justify:
			position = 0.5
		}
	}
	if align == cue.Left || align == cue.Right || align == cue.Center {
		return position, align
	}
	switch {
	case text == cue.Left, text == cue.Start && !rtl, text == cue.End && rtl:
		return position, cue.Left
	case text == cue.Right, text == cue.Start && rtl, text == cue.End && !rtl:
		return position, cue.Right
	}
	return position, cue.Center
}

func intersect(a, b rect) rect {
	x, y := max(a.x, b.x), max(a.y, b.y)
	return rect{x, y, max(0, min(a.x+a.w, b.x+b.w)-x), max(0, min(a.y+a.h, b.y+b.h)-y)}
}

// finite makes a length of a document usable.
func finite(v float64) float64 {
	const limit = 100
	if math.IsNaN(v) {
		return 0
	}
	return min(max(v, -limit), limit)
}

// lay lays a cue out. A box without lines is all there is of one that cannot be.
func (r *Renderer) lay(index int, c *cue.Cue, root rect, scale float64) *box {
	b := &box{index: index, cue: c, writing: c.Area.Writing, rect: root}
	r.guard(func() { b = r.stack(index, c, root, scale) })
	return b
}

// stack breaks the lines of a cue and stacks them in its box. Cues with a place of their own are moved afterwards.
func (r *Renderer) stack(index int, c *cue.Cue, root rect, scale float64) *box {
	b := &box{index: index, cue: c, writing: c.Area.Writing, rect: root}
	if c.Rect != (cue.Rect{}) {
		b.rect = rect{
			finite(c.Rect.X) * root.w, finite(c.Rect.Y) * root.h,
			max(0, finite(c.Rect.W)) * root.w, max(0, finite(c.Rect.H)) * root.h,
		}
	}
	b.area, b.clip = b.rect, intersect(b.rect, root)
	if c.Area.Overflow || c.Flow != nil {
		b.clip = root
	}
	if c.Image != nil {
		return b
	}
	pad := [4]float64{}
	for i, p := range c.Area.Padding {
		// Before, end, after, start: the block axis is vertical in horizontal text.
		unit := root.h
		if (i%2 == 1) == (b.writing == cue.Horizontal) {
			unit = root.w
		}
		pad[i] = max(0, finite(p)) * unit
	}
	vertical := b.writing != cue.Horizontal
	along, across := b.rect.w, b.rect.h
	if vertical {
		along, across = across, along
	}
	if c.Flow != nil && !c.Flow.Scroll {
		along = b.flowSize(along)
		across = 0
	}
	b.along = along
	inner := max(0, along-pad[1]-pad[3])
	b.inset, b.inner = pad[3], inner
	total := 0.0
	for i := range c.Blocks {
		block := &c.Blocks[i]
		in := &inline{
			r: r, height: root.h, scale: scale, vertical: vertical, flipped: b.writing == cue.VerticalLR, lineHeight: max(0, finite(block.LineHeight)) * root.h * scale,
			noWrap: block.NoWrap, balance: block.Balance, direction: block.Direction,
		}
		if in.direction == cue.Auto && c.Area.RightToLeft {
			in.direction = cue.RTL
		}
		if block.Size > 0 {
			in.strut = min(max(finite(block.Size)*root.h*scale, minSize), maxSize)
		}
		padding := max(0, finite(block.LinePadding)) * root.h * scale
		in.width = max(0, inner-2*padding)
		lines := in.lines(block.Spans, block.Preserve)
		in.reserve(lines, block)
		widest := 0.0
		for i := range lines {
			widest = max(widest, lines[i].width+2*padding)
		}
		for _, l := range lines {
			if len(b.lines) >= maxLines {
				break
			}
			p := placed{line: l, block: block, across: total, height: l.ascent + l.descent, padding: padding}
			width := l.width + 2*padding
			p.along = pad[3] + padding + alignLine(block, l.rtl, inner, width, widest)
			total += p.height
			b.lines = append(b.lines, p)
		}
	}
	b.across = total
	if len(b.lines) > 0 {
		b.firstLine = b.lines[0].height
	}
	if c.Flow != nil {
		return b
	}
	// The stack lies in the area. TTML2 §10.2.15 (tts:displayAlign).
	room := across - pad[0] - pad[2] - total
	before := pad[0]
	switch c.Area.Display {
	case cue.Center, cue.Justify:
		before += room / 2
	case cue.End, cue.Right:
		before += room
	case cue.Start, cue.Left:
	}
	for i := range b.lines {
		b.lines[i].across += before
	}
	return b
}

// alignLine is where a line begins that is width wide.
func alignLine(block *cue.Block, rtl bool, inner, width, widest float64) float64 {
	at := func(a cue.Align, room float64) float64 {
		switch a {
		case cue.Center, cue.Justify:
			return room / 2
		case cue.Right:
			return room
		case cue.End:
			if !rtl {
				return room
			}
		case cue.Start:
			if rtl {
				return room
			}
		case cue.Left:
		}
		return 0
	}
	align := block.Align
	if align == cue.Justify {
		align = cue.Start // there is no stretching of subtitles
	}
	if block.MultiRow == align || block.MultiRow == cue.Justify {
		return at(align, inner-width)
	}
	// The lines are aligned with each other, and all of them in the area. EBU-TT-D §3 (ebutts:multiRowAlign).
	return at(align, inner-widest) + at(block.MultiRow, widest-width)
}

// flowSize is the extent of the box of a cue along its lines.
//
// WebVTT §7.2, steps 2 and 3.
func (b *box) flowSize(full float64) float64 {
	position, align := computedPosition(b.cue, blockIsRTL(b.cue))
	limit := position
	switch align {
	case cue.Left:
		limit = 1 - position
	case cue.Right:
	default:
		limit = 2 * min(position, 1-position)
	}
	return max(0, min(finite(b.cue.Flow.Size), limit)) * full
}

// blockIsRTL is the base direction of a cue's text before it has lines.
func blockIsRTL(c *cue.Cue) bool {
	if len(c.Blocks) == 0 {
		return false
	}
	block := &c.Blocks[0]
	d := block.Direction
	if d == cue.Auto && c.Area.RightToLeft {
		d = cue.RTL
	}
	for i := range block.Spans {
		for _, r := range block.Spans[i].Text {
			if r == '\n' {
				break
			}
			if d != cue.Auto || strong(r) != 0 {
				return baseIsRTL([]rune{r}, d)
			}
		}
	}
	return d == cue.RTL
}

// flow moves the box to where the settings of the cue want it, and out of the way of others.
//
// WebVTT §7.2, steps 5 to 10.
func (b *box) flow(others []rect) {
	f := b.cue.Flow
	area := b.rect // the container
	vertical := b.writing != cue.Horizontal
	position, align := computedPosition(b.cue, b.base())
	full := area.w
	if vertical {
		full = area.h
	}
	start := position * full
	switch align {
	case cue.Center:
		start -= b.along / 2
	case cue.Right:
		start -= b.along
	}
	if vertical {
		b.rect = rect{area.x, area.y + start, b.across, b.along}
	} else {
		b.rect = rect{area.x + start, area.y, b.along, b.across}
	}
	if f.Snap {
		b.snap(area, others, vertical)
	} else {
		b.free(area, others, vertical)
	}
	b.area = b.rect
}

// isFree tells whether r is inside the area and touches nobody.
func isFree(r, area rect, others []rect) bool {
	if !r.within(area) {
		return false
	}
	for _, o := range others {
		if r.overlaps(o) {
			return false
		}
	}
	return true
}

// snap puts the box on a line and moves it by lines until it is free.
func (b *box) snap(area rect, others []rect, vertical bool) {
	step := b.firstLine
	if step <= 0 {
		return
	}
	number := b.cue.Flow.Line
	if math.IsNaN(number) {
		number = -1
	}
	number = math.Floor(min(max(number, -maxLines), maxLines) + 0.5)
	if b.writing == cue.VerticalRL {
		number = -(number + 1)
	}
	position := step * number
	full := area.h
	if vertical {
		full = area.w
	}
	if b.writing == cue.VerticalRL {
		position += step - b.across
	}
	if number < 0 {
		position += full
		step = -step
	}
	move := func(r rect, d float64) rect {
		if vertical {
			r.x += d
		} else {
			r.y += d
		}
		return r
	}
	if b.across > full+touch {
		// What is larger than the screen fits nowhere; its beginning is better than nothing.
		return
	}
	specified := move(b.rect, position)
	b.rect = specified
	for switched := false; ; {
		if isFree(b.rect, area, others) {
			return
		}
		at, low := b.rect.y, area.y
		if vertical {
			at, low = b.rect.x, area.x
		}
		first := b.firstLine
		if b.writing == cue.VerticalRL {
			at += b.across - first // the first line is the rightmost
		}
		if step < 0 && at < low-touch || step > 0 && at+first > low+full+touch {
			if switched {
				b.hidden = true
				return
			}
			switched = true
			b.rect, step = specified, -step
			continue
		}
		b.rect = move(b.rect, step)
	}
}

// free puts the box at a fraction, and to the closest free place if somebody is there.
func (b *box) free(area rect, others []rect, vertical bool) {
	at := b.cue.Flow.Line
	if math.IsNaN(at) || at < 0 || at > 1 {
		at = 1
	}
	shift := 0.0
	switch b.cue.Flow.LineAlign {
	case cue.Center:
		shift = b.across / 2
	case cue.End:
		shift = b.across
	case cue.Start, cue.Left, cue.Right, cue.Justify:
	}
	if vertical {
		b.rect.x = area.x + at*area.w - shift
	} else {
		b.rect.y = area.y + at*area.h - shift
	}
	if isFree(b.rect, area, others) {
		return
	}
	// The closest free place touches the area or a neighbour on each axis that it was moved along.
	xs := []float64{b.rect.x, area.x, area.x + area.w - b.rect.w}
	ys := []float64{b.rect.y, area.y, area.y + area.h - b.rect.h}
	for _, o := range others {
		xs = append(xs, o.x-b.rect.w, o.x+o.w)
		ys = append(ys, o.y-b.rect.h, o.y+o.h)
	}
	best, distance := rect{}, math.Inf(1)
	for _, y := range ys {
		for _, x := range xs {
			r := rect{x, y, b.rect.w, b.rect.h}
			d := math.Hypot(x-b.rect.x, y-b.rect.y)
			if d > distance || !isFree(r, area, others) {
				continue
			}
			if d < distance || y < best.y || y == best.y && x < best.x {
				best, distance = r, d
			}
		}
	}
	if !math.IsInf(distance, 1) {
		b.rect = best
	}
}

// Layout returns what Draw would draw as boxes.
func (r *Renderer) Layout(cues []*cue.Cue, o Options) ([]Box, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	var out []Box
	for _, b := range r.layout(cues, o) {
		v := Box{Cue: b.index, X: b.rect.x, Y: b.rect.y, W: b.rect.w, H: b.rect.h}
		for i := range b.lines {
			p := &b.lines[i]
			w := b.place(rect{p.along, p.across, p.width, p.height})
			l := Line{X: w.x, Y: w.y, W: w.w, H: w.h, Text: p.text, RightToLeft: p.rtl}
			for j := range p.pieces {
				pc := &p.pieces[j]
				run := Run{Text: pc.text, X: p.along + p.xs[j], W: pc.width, RightToLeft: pc.level%2 == 1}
				if b.writing == cue.Horizontal {
					run.X += b.rect.x
				} else {
					run.X += b.rect.y
				}
				for _, m := range pc.marks {
					run.Glyphs, run.Xs = append(run.Glyphs, uint32(m.gid)), append(run.Xs, run.X+m.x)
				}
				l.Runs = append(l.Runs, run)
			}
			v.Lines = append(v.Lines, l)
		}
		out = append(out, v)
	}
	return out, nil
}

// place turns a rectangle along and across the lines of the box into one of the root container.
func (b *box) place(r rect) rect {
	switch b.writing {
	case cue.VerticalRL:
		return rect{b.rect.x + b.rect.w - r.y - r.h, b.rect.y + r.x, r.h, r.w}
	case cue.VerticalLR:
		return rect{b.rect.x + r.y, b.rect.y + r.x, r.h, r.w}
	case cue.Horizontal:
	}
	return rect{b.rect.x + r.x, b.rect.y + r.y, r.w, r.h}
}
