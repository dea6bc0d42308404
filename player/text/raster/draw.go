package raster

import (
	"encoding/binary"
	"math"

	"github.com/go-text/typesetting/font"

	"mseplayer/player/text/cue"
)

const (
	// maxBlur bounds the radius of a blurred shadow, in pixels.
	maxBlur = 128
	// maxShadows bounds the shadows of one text.
	maxShadows = 8
)

// canvas is a picture being drawn: premultiplied R, G, B, A, whose first pixel is at x, y of the root container.
type canvas struct {
	x, y, w, h int
	pix        []byte
	clip       area
	plane      []byte // coverage of what is drawn in one colour, w × h
	dirty      area   // what of the plane is not zero
}

// area is a rectangle of whole pixels: [x0, x1) × [y0, y1).
type area struct{ x0, y0, x1, y1 int }

func (a area) empty() bool { return a.x0 >= a.x1 || a.y0 >= a.y1 }

func (a area) and(b area) area {
	return area{max(a.x0, b.x0), max(a.y0, b.y0), min(a.x1, b.x1), min(a.y1, b.y1)}
}

func (a area) or(b area) area {
	if a.empty() {
		return b
	}
	if b.empty() {
		return a
	}
	return area{min(a.x0, b.x0), min(a.y0, b.y0), max(a.x1, b.x1), max(a.y1, b.y1)}
}

// pixels rounds a rectangle. Edges that meet are rounded alike.
func (r rect) pixels() area {
	return area{
		int(math.Round(r.x)), int(math.Round(r.y)), int(math.Round(r.x + r.w)), int(math.Round(r.y + r.h)),
	}
}

// painter draws one box.
type painter struct {
	r      *Renderer
	b      *box
	o      Options
	height float64
	scale  float64
	c      *canvas
	// measuring collects the extent of the ink instead of drawing.
	measuring bool
	ink       area
	alpha     float64 // of the area
	cut       bool    // glyphs are taken from the plane
}

// drawBox draws a box; a bitmap without pixels is nothing.
func (r *Renderer) drawBox(b *box, o Options) Bitmap {
	p := &painter{r: r, b: b, o: o, height: float64(o.Height), scale: o.Scale, alpha: 1 - min(max(b.cue.Area.Transparency, 0), 1)}
	if p.scale <= 0 {
		p.scale = 1
	}
	if b.cue.Image != nil {
		return p.picture()
	}
	p.measuring = true
	p.paint()
	extent := p.ink.and(b.clip.pixels()).and(area{0, 0, o.Width, o.Height})
	if extent.empty() {
		return Bitmap{}
	}
	c := &canvas{x: extent.x0, y: extent.y0, w: extent.x1 - extent.x0, h: extent.y1 - extent.y0, clip: extent}
	c.pix = make([]byte, 4*c.w*c.h)
	c.plane = r.scratch(c.w * c.h)
	p.c, p.measuring = c, false
	p.paint()
	return Bitmap{X: c.x, Y: c.y, W: c.w, H: c.h, Pix: c.pix}
}

// scratch is a zeroed buffer that lives until the next call.
func (r *Renderer) scratch(n int) []byte {
	if cap(r.buffer) < n {
		r.buffer = make([]byte, n)
	}
	r.buffer = r.buffer[:n]
	clear(r.buffer)
	return r.buffer
}

// paint draws everything from the back to the front.
func (p *painter) paint() {
	b := p.b
	p.fill(b.area, b.cue.Area.Background, p.alpha)
	p.blocks()
	for i := range b.lines {
		p.backgrounds(&b.lines[i])
	}
	for layer := range layers {
		for i := range b.lines {
			l := &b.lines[i]
			for j := range l.pieces {
				p.piece(l, &l.pieces[j], l.along+l.xs[j], l.across+l.ascent, layer)
			}
		}
	}
}

// layer is a part of the look of text, from back to front.
type layer uint8

const (
	shadows layer = iota
	outlines
	letters
	layers
)

// blocks paints the backgrounds of paragraphs.
func (p *painter) blocks() {
	lines := p.b.lines
	for i := 0; i < len(lines); {
		j := i
		for j < len(lines) && lines[j].block == lines[i].block {
			j++
		}
		if bg := lines[i].block.Background; bg.A > 0 {
			last := &lines[j-1]
			p.fill(p.b.place(rect{p.b.inset, lines[i].across, p.b.inner, last.across + last.height - lines[i].across}), bg, p.alpha)
		}
		i = j
	}
}

// backgrounds paints what is behind the text of a line.
func (p *painter) backgrounds(l *placed) {
	base := l.across + l.ascent
	for i := range l.pieces {
		pc := &l.pieces[i]
		bg := pc.style.Background
		if bg.A == 0 {
			continue
		}
		x, w := l.along+l.xs[i], pc.width
		if i == 0 {
			x, w = x-l.padding, w+l.padding
		}
		if i == len(l.pieces)-1 {
			w += l.padding
		}
		y, h := base-pc.ascent, pc.ascent+pc.descent
		if l.block.FillLineGap {
			y, h = l.across, l.height
		}
		if m := max(0, finite(pc.style.Margin)) * p.height * p.scale; m > 0 {
			y, h = y-m, h+2*m
			if i == 0 {
				x, w = x-m, w+m
			}
			if i == len(l.pieces)-1 {
				w += m
			}
		}
		p.fill(p.b.place(rect{x, y, w, h}), bg, p.alpha*opacity(pc.style.Transparency))
		for j := range pc.rubies {
			ruby := &pc.rubies[j]
			if len(ruby.pieces) == 0 {
				continue
			}
			if bg := ruby.pieces[0].style.Background; bg.A > 0 {
				y := base - ruby.shift - ruby.ascent
				p.fill(p.b.place(rect{l.along + l.xs[i] + ruby.x, y, ruby.width, ruby.ascent + ruby.descent}), bg, p.alpha)
			}
		}
	}
}

func opacity(transparency float64) float64 { return 1 - min(max(transparency, 0), 1) }

// piece draws one layer of a run whose baseline begins at (along, across) of the box.
func (p *painter) piece(l *placed, pc *piece, along, across float64, which layer) {
	if pc.base != nil {
		p.inner(pc.base, pc, along+pc.baseX, across, which)
		for j := range pc.rubies {
			p.inner(&pc.rubies[j].line, pc, along+pc.rubies[j].x, across-pc.rubies[j].shift, which)
		}
		return
	}
	st := pc.style
	if st.Hidden || len(pc.marks) == 0 && !st.Underline && !st.Strike && !st.Overline {
		return
	}
	alpha := p.alpha * opacity(st.Transparency)
	thick := max(0, finite(st.Outline)) * p.height * p.scale
	switch which {
	case shadows:
		for i := len(st.Shadows) - 1; i >= 0; i-- {
			if i >= maxShadows {
				continue
			}
			s := st.Shadows[i]
			dx, dy := finite(s.X)*p.height*p.scale, finite(s.Y)*p.height*p.scale
			blur := min(max(0, finite(s.Blur))*p.height*p.scale, maxBlur)
			p.glyphs(pc, along, across, dx, dy, thick, blur)
			p.flush(s.Color, alpha, blur)
		}
	case outlines:
		if thick > 0 {
			p.glyphs(pc, along, across, 0, 0, thick, 0)
			if or(st.Color, cue.Color{A: 255}).A < 255 {
				// It would shine through the letters.
				p.cut = true
				p.glyphs(pc, along, across, 0, 0, 0, 0)
				p.cut = false
			}
			p.flush(or(st.OutlineColor, cue.Color{A: 255}), alpha, 0)
		}
	case letters:
		p.glyphs(pc, along, across, 0, 0, 0, 0)
		p.decorate(pc, along, across)
		p.flush(or(st.Color, cue.Color{R: 255, G: 255, B: 255, A: 255}), alpha, 0)
		p.emphasis(pc, along, across, alpha)
	case layers:
	}
}

// or is c, or the default if c is the zero value.
func or(c, standard cue.Color) cue.Color {
	if c == (cue.Color{}) {
		return standard
	}
	return c
}

// inner draws the line inside of an inline box.
func (p *painter) inner(l *line, pc *piece, along, across float64, which layer) {
	if pc.posture == combined {
		p.cell(l, pc, along, across, which)
		return
	}
	at := placed{line: *l}
	for j := range l.pieces {
		p.piece(&at, &l.pieces[j], along+l.xs[j], across, which)
	}
}

// cell draws a combination of characters upright, as wide as one.
//
// CSS Writing Modes 3 §9.1 (text-combine-upright).
func (p *painter) cell(l *line, pc *piece, along, across float64, which layer) {
	if l.width <= 0 {
		return
	}
	squeeze := min(1, pc.width/l.width)
	// The cell is a box of its own with horizontal text, in the middle of the line.
	center := p.b.place(rect{along, across, pc.width, 0})
	middle := center.x + center.w/2
	side := &box{cue: p.b.cue, writing: cue.Horizontal, clip: p.b.clip}
	side.rect = rect{middle - l.width*squeeze/2, center.y, pc.width, pc.width}
	inner := *p
	inner.b = side
	at := placed{line: *l}
	ascent, descent := 0.0, 0.0
	for j := range l.pieces {
		ascent, descent = max(ascent, l.pieces[j].ascent), max(descent, l.pieces[j].descent)
	}
	base := (pc.width + ascent - descent) / 2
	for j := range l.pieces {
		part := l.pieces[j]
		st := *part.style
		look := *st.Style
		look.Stretch = squeeze
		st.Style = &look
		part.style = &st
		part.marks = append([]mark(nil), part.marks...)
		for k := range part.marks {
			part.marks[k].x *= squeeze
		}
		inner.piece(&at, &part, l.xs[j]*squeeze, base, which)
	}
	p.ink = inner.ink
}

// glyphs puts the shapes of a run onto the plane, moved by dx, dy and made thicker. Bold and slanted letters are made of
// others if the font has none.
func (p *painter) glyphs(pc *piece, along, across, dx, dy, thick, blur float64) {
	st := pc.style
	vertical := p.b.writing != cue.Horizontal
	for _, m := range pc.marks {
		aspect := p.r.fonts.aspect(m.face)
		bolder := 0.0
		if st.Bold && aspect.Weight < font.WeightSemibold {
			bolder = st.size / 50
		}
		k := glyphKey{
			face: m.face, gid: m.gid, size: float32(st.size), stretch: 1, spread: float32(thick + bolder),
			sideways: vertical && pc.posture == level,
			slant:    float32(min(max(finite(st.Shear), -maxShear), maxShear)),
			standing: pc.posture == upright,
		}
		if st.Italic && aspect.Style != font.StyleItalic && !k.standing {
			k.slant += slant
		}
		if st.Stretch > 0 && pc.posture == level {
			k.stretch = float32(st.Stretch)
		}
		var x, y float64 // of the glyph's origin
		switch {
		case !vertical:
			x, y = p.b.rect.x+along+m.x, p.b.rect.y+across-m.y
		case pc.posture == upright:
			at := p.b.place(rect{along + m.x, across, 0, 0})
			x, y = at.x+m.y, at.y
		default:
			// Turned to the right: the middle of the letters is on the central line.
			ascent, descent, _ := extents(m.face, st.size)
			at := p.b.place(rect{along + m.x, across, 0, 0})
			x, y = at.x-(ascent-descent)/2+m.y, at.y
		}
		x, y = x+dx, y+dy
		// Places are kept to a fraction of a pixel along the line, and to whole pixels across it.
		var px, py int
		if k.sideways {
			f := math.Floor(y*subpixels+0.5) / subpixels
			py, px = int(math.Floor(f)), int(math.Round(x))
			k.sub = uint8((f - math.Floor(f)) * subpixels)
		} else {
			f := math.Floor(x*subpixels+0.5) / subpixels
			px, py = int(math.Floor(f)), int(math.Round(y))
			k.sub = uint8((f - math.Floor(f)) * subpixels)
		}
		p.stamp(p.r.glyphs.get(k), px, py, blur)
	}
}

// stamp adds a mask to the plane, or takes it away.
func (p *painter) stamp(m *mask, x, y int, blur float64) {
	if m.w == 0 {
		return
	}
	at := area{x + m.x, y + m.y, x + m.x + m.w, y + m.y + m.h}
	if p.measuring {
		n := int(math.Ceil(blur))
		p.ink = p.ink.or(area{at.x0 - n, at.y0 - n, at.x1 + n, at.y1 + n})
		return
	}
	c := p.c
	vis := at.and(c.clip)
	if vis.empty() {
		return
	}
	for row := vis.y0; row < vis.y1; row++ {
		src := m.pix[(row-at.y0)*m.w+vis.x0-at.x0:][:vis.x1-vis.x0]
		dst := c.plane[(row-c.y)*c.w+vis.x0-c.x:][:len(src)]
		if p.cut {
			for i, v := range src {
				dst[i] = byte(uint32(dst[i]) * uint32(255-v) / 255)
			}
			continue
		}
		for i, v := range src {
			if dst[i] < v {
				dst[i] = v
			}
		}
	}
	c.dirty = c.dirty.or(vis)
}

// decorate adds the lines of a decorated text to the plane.
func (p *painter) decorate(pc *piece, along, across float64) {
	st := pc.style
	thick := max(1, st.size/14)
	bar := func(above float64) {
		if p.b.writing == cue.VerticalLR {
			above = -above
		}
		r := p.b.place(rect{along, across - above - thick/2, pc.width, thick}).pixels()
		if r.y1 == r.y0 {
			r.y1++
		}
		if r.x1 == r.x0 {
			r.x1++
		}
		if p.measuring {
			p.ink = p.ink.or(r)
			return
		}
		r = r.and(p.c.clip)
		for y := r.y0; y < r.y1; y++ {
			row := p.c.plane[(y-p.c.y)*p.c.w:]
			for x := r.x0; x < r.x1; x++ {
				row[x-p.c.x] = 255
			}
		}
		p.c.dirty = p.c.dirty.or(r)
	}
	// Vertical text has its lines at its sides: the central line is its baseline.
	down, up, middle := st.size*0.12, pc.ascent, st.size*0.28
	if p.b.writing != cue.Horizontal {
		down, middle = pc.descent, 0
	}
	if st.Underline {
		bar(-down)
	}
	if st.Strike {
		bar(middle)
	}
	if st.Overline {
		bar(up)
	}
}

// emphasis draws a mark beside each letter.
//
// CSS Text Decoration 3 §3.4.
func (p *painter) emphasis(pc *piece, along, across, alpha float64) {
	st := pc.style
	if st.Emphasis == "" || len(pc.rubies) > 0 {
		return
	}
	look := *st.Style
	look.Emphasis, look.Stretch = "", 0
	look.Size = st.size / 2 / p.height / p.scale
	in := &inline{r: p.r, height: p.height, scale: p.scale, vertical: p.b.writing != cue.Horizontal, noWrap: true, width: 1e9}
	l := in.single(st.Emphasis, &look)
	if len(l.pieces) == 0 {
		return
	}
	at := across - pc.ascent - l.descent/2
	if st.EmphasisAfter != (p.b.writing == cue.VerticalLR) {
		at = across + pc.descent + l.ascent/2
	}
	// A letter is all of the marks that start at one place, so a mark is set for each advance.
	x := 0.0
	if pc.level%2 == 1 {
		x = pc.width
	}
	for i, a := range pc.advances {
		if pc.level%2 == 1 {
			x -= a
		}
		if a > 0 && !isBlank(pc.text, i) {
			for j := range l.pieces {
				p.glyphs(&l.pieces[j], along+x+(a-l.width)/2+l.xs[j], at, 0, 0, 0, 0)
			}
		}
		if pc.level%2 == 0 {
			x += a
		}
	}
	p.flush(or(st.EmphasisColor, or(st.Color, cue.Color{R: 255, G: 255, B: 255, A: 255})), alpha, 0)
}

// isBlank tells whether the i-th letter of text is white space.
func isBlank(text string, i int) bool {
	n := 0
	for _, r := range text {
		if n == i {
			return r == ' ' || r == '\u3000'
		}
		n++
	}
	return false
}

// flush paints what is on the plane in one colour, and empties it.
func (p *painter) flush(color cue.Color, alpha, blur float64) {
	if p.measuring {
		return
	}
	c := p.c
	if c.dirty.empty() {
		return
	}
	if blur > 0 {
		n := int(math.Ceil(blur))
		c.dirty = area{c.dirty.x0 - n, c.dirty.y0 - n, c.dirty.x1 + n, c.dirty.y1 + n}.and(c.clip)
		soften(c, blur)
	}
	a := uint32(math.Round(float64(color.A) * alpha))
	for y := c.dirty.y0; y < c.dirty.y1; y++ {
		row := c.plane[(y-c.y)*c.w+c.dirty.x0-c.x:][:c.dirty.x1-c.dirty.x0]
		out := c.pix[4*((y-c.y)*c.w+c.dirty.x0-c.x):]
		for x, v := range row {
			if v == 0 {
				continue
			}
			row[x] = 0
			blend(out[4*x:4*x+4:4*x+4], color, (uint32(v)*a+127)/255)
		}
	}
	c.dirty = area{}
}

// blend puts a colour of coverage a over a premultiplied pixel.
func blend(px []byte, c cue.Color, a uint32) {
	if a == 255 {
		px[0], px[1], px[2], px[3] = c.R, c.G, c.B, 255
		return
	}
	inv := 255 - a
	px[0] = byte((uint32(c.R)*a + uint32(px[0])*inv + 127) / 255)
	px[1] = byte((uint32(c.G)*a + uint32(px[1])*inv + 127) / 255)
	px[2] = byte((uint32(c.B)*a + uint32(px[2])*inv + 127) / 255)
	px[3] = byte((255*a + uint32(px[3])*inv + 127) / 255)
}

// fill paints a rectangle.
func (p *painter) fill(r rect, color cue.Color, alpha float64) {
	a := uint32(math.Round(float64(color.A) * alpha))
	if a == 0 {
		return
	}
	at := r.pixels()
	if p.measuring {
		p.ink = p.ink.or(at)
		return
	}
	c := p.c
	at = at.and(c.clip)
	if at.empty() {
		return
	}
	var before, after uint32
	known := false
	for y := at.y0; y < at.y1; y++ {
		row := c.pix[4*((y-c.y)*c.w+at.x0-c.x):][:4*(at.x1-at.x0)]
		for i := 0; i < len(row); i += 4 {
			px := row[i : i+4 : i+4]
			// Most of what lies behind is alike.
			if v := binary.LittleEndian.Uint32(px); v == before && known {
				binary.LittleEndian.PutUint32(px, after)
			} else {
				blend(px, color, a)
				before, after, known = v, binary.LittleEndian.Uint32(px), true
			}
		}
	}
}

// soften blurs the plane inside the dirty area: twice the mean along rows and columns, which is close to a Gaussian
// whose deviation is half of the radius.
func soften(c *canvas, radius float64) {
	n := max(1, int(math.Round(radius/2)))
	d := c.dirty
	w, h := d.x1-d.x0, d.y1-d.y0
	line := make([]byte, max(w, h))
	pass := func(at, stride, count int) {
		var sum, window int
		for i := 0; i < min(n, count); i++ {
			sum += int(c.plane[at+i*stride])
		}
		window = 2*n + 1
		for i := range count {
			if i+n < count {
				sum += int(c.plane[at+(i+n)*stride])
			}
			line[i] = byte(sum / window)
			if i-n >= 0 {
				sum -= int(c.plane[at+(i-n)*stride])
			}
		}
		for i := range count {
			c.plane[at+i*stride] = line[i]
		}
	}
	for range 2 {
		for y := range h {
			pass((d.y0+y-c.y)*c.w+d.x0-c.x, 1, w)
		}
		for x := range w {
			pass((d.y0-c.y)*c.w+d.x0+x-c.x, c.w, h)
		}
	}
}

// picture scales the bitmap of a cue into its rectangle: the mean of the pixels that fall together, or between the
// nearest ones.
func (p *painter) picture() Bitmap {
	img := p.b.cue.Image
	if img.Width <= 0 || img.Height <= 0 || img.Width > maxSide || img.Height > maxSide {
		return Bitmap{}
	}
	pixels := img.Bitmap()
	if len(pixels) < 4*img.Width*img.Height {
		return Bitmap{}
	}
	at := p.b.rect.pixels()
	vis := at.and(area{0, 0, p.o.Width, p.o.Height})
	if vis.empty() {
		return Bitmap{}
	}
	out := Bitmap{X: vis.x0, Y: vis.y0, W: vis.x1 - vis.x0, H: vis.y1 - vis.y0}
	out.Pix = make([]byte, 4*out.W*out.H)
	cols := weights(img.Width, at.x1-at.x0, vis.x0-at.x0, out.W)
	rows := weights(img.Height, at.y1-at.y0, vis.y0-at.y0, out.H)
	for y, ry := range rows {
		for x, cx := range cols {
			var sum [4]float64
			for sy := ry.from; sy <= ry.to; sy++ {
				wy := ry.weight(sy)
				for sx := cx.from; sx <= cx.to; sx++ {
					w := wy * cx.weight(sx)
					px := pixels[4*(sy*img.Width+sx):]
					a := w * float64(px[3])
					sum[0] += float64(px[0]) * a
					sum[1] += float64(px[1]) * a
					sum[2] += float64(px[2]) * a
					sum[3] += a
				}
			}
			o := out.Pix[4*(y*out.W+x):]
			for i := range 3 {
				o[i] = byte(math.Round(sum[i] / 255 * p.alpha))
			}
			o[3] = byte(math.Round(sum[3] * p.alpha))
		}
	}
	return out
}

// tap is the source of one pixel along one axis: the pixels from to to, of which the outer ones count less.
type tap struct {
	from, to    int
	first, last float64
	each        float64
}

func (t *tap) weight(i int) float64 {
	switch i {
	case t.from:
		return t.first
	case t.to:
		return t.last
	}
	return t.each
}

// weights finds the taps of the count pixels from skip on, of size pixels that source ones become.
func weights(source, size, skip, count int) []tap {
	taps := make([]tap, count)
	ratio := float64(source) / float64(size)
	for i := range taps {
		if ratio <= 1 {
			// Larger: between two neighbours.
			at := min(max((float64(i+skip)+0.5)*ratio-0.5, 0), float64(source-1))
			from := int(at)
			to := min(from+1, source-1)
			f := at - float64(from)
			if f == 0 {
				to = from
			}
			taps[i] = tap{from: from, to: to, first: 1 - f, last: f}
			continue
		}
		a, b := float64(i+skip)*ratio, float64(i+skip+1)*ratio
		from, to := int(a), min(int(math.Ceil(b))-1, source-1)
		t := tap{from: from, to: to, each: 1 / ratio}
		t.first = (float64(from+1) - a) / ratio
		t.last = (b - float64(to)) / ratio
		if from == to {
			t.first = 1
		}
		taps[i] = t
	}
	return taps
}
