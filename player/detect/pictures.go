package detect

import (
	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

const (
	// Shortest is how long it must be black, silent or still to be told.
	Shortest media.Span = 2
	// blackLevel is how much of the way from black to white a sample may be for black, and blackPart how much of a picture
	// must be.
	blackLevel, blackPart = 0.10, 0.98
	// stillNoise is the mean difference between two pictures, as a part of full scale, up to which nothing has moved.
	stillNoise = 0.001
	// barLevel is the mean of a row or column in a bar, above black, with 8 bits.
	barLevel = 8
	// combed is how many times more lines must fit in the other order for a picture to be taken for two fields, whole how
	// many times better they must fit within the picture for it to be one.
	combed, whole = 1.04, 1.5
)

// Pictures looks at the pictures of one track. The zero value is ready.
type Pictures struct {
	black, still spans
	end          media.Time
	seen         int64

	// still: the picture that later ones are compared with, packed rows of 8 bits a sample.
	still0 []byte
	w, h   int
	since  media.Time

	bars Bars
	lit  bool // a picture that is not black was seen

	// interlacing: the last two pictures
	last   [2][]byte
	kept   int
	fields Fields

	row, sums []byte
	columns   []int
}

// Bars are the rows and columns of black around a picture, those that no picture shows anything in.
type Bars struct{ Top, Bottom, Left, Right int }

// Fields counts pictures by what their lines look like, and by what the bitstream says about them.
type Fields struct {
	// TopFirst, BottomFirst and Progressive count the pictures in which movement tells; Unknown are all others.
	TopFirst, BottomFirst, Progressive, Unknown int64
	// FlaggedTop, FlaggedBottom and FlaggedProgressive count what the bitstream says.
	FlaggedTop, FlaggedBottom, FlaggedProgressive int64
}

// Add looks at the next picture.
func (d *Pictures) Add(v *frame.Video) {
	p, ok := lumaOf(v)
	if !ok {
		return
	}
	d.seen++
	d.end = v.End()
	if len(d.row) < p.w {
		d.row, d.columns = make([]byte, p.w), make([]int, p.w)
	}
	switch {
	case !v.Interlaced:
		d.fields.FlaggedProgressive++
	case v.TopFirst:
		d.fields.FlaggedTop++
	default:
		d.fields.FlaggedBottom++
	}
	if d.w != p.w || d.h != p.h {
		d.resize(v, &p)
	}
	now := d.keep(&p)
	dark := d.dark(v, now)
	if dark {
		d.black.from(v.PTS)
	} else {
		d.black.until(v.PTS, Shortest)
		d.edge(v, now)
	}
	d.standing(v, now)
	d.weave(now)
}

// resize begins anew with pictures of another size.
func (d *Pictures) resize(v *frame.Video, p *luma) {
	d.still.until(v.PTS, Shortest)
	d.w, d.h, d.kept, d.lit, d.bars = p.w, p.h, 0, false, Bars{}
	d.still0 = d.still0[:0]
	for i := range d.last {
		d.last[i] = nil
	}
	d.sums = nil
}

// keep copies the picture, packed, into the oldest of three buffers.
func (d *Pictures) keep(p *luma) []byte {
	now := d.sums
	if now == nil {
		now = make([]byte, p.w*p.h)
	}
	for y := range p.h {
		copy(now[y*p.w:(y+1)*p.w], p.row(y, d.row))
	}
	return now
}

// dark reports whether nearly all of a picture is black.
func (d *Pictures) dark(v *frame.Video, now []byte) bool {
	black, white := limits(v)
	limit := byte(float64(black) + blackLevel*float64(white-black))
	n := 0
	for _, x := range now {
		if x <= limit {
			n++
		}
	}
	return float64(n) >= blackPart*float64(len(now))
}

// edge narrows the bars to what this picture leaves black.
func (d *Pictures) edge(v *frame.Video, now []byte) {
	black, _ := limits(v)
	limit := black + barLevel
	if !d.lit {
		d.lit, d.bars = true, Bars{d.h, d.h, d.w, d.w}
	}
	lit := func(y int) bool {
		sum := 0
		for _, x := range now[y*d.w : (y+1)*d.w] {
			sum += int(x)
		}
		return sum > limit*d.w
	}
	for y := 0; y < d.bars.Top; y++ {
		if lit(y) {
			d.bars.Top = y
		}
	}
	for y := 0; y < d.bars.Bottom; y++ {
		if lit(d.h - 1 - y) {
			d.bars.Bottom = y
		}
	}
	if d.bars.Left == 0 && d.bars.Right == 0 {
		return
	}
	clear(d.columns[:d.w])
	for y := range d.h {
		for x, s := range now[y*d.w : (y+1)*d.w] {
			d.columns[x] += int(s)
		}
	}
	for x := 0; x < d.bars.Left; x++ {
		if d.columns[x] > limit*d.h {
			d.bars.Left = x
		}
	}
	for x := 0; x < d.bars.Right; x++ {
		if d.columns[d.w-1-x] > limit*d.h {
			d.bars.Right = x
		}
	}
}

// standing compares with the picture that began the current stretch, so that slow movement is none.
func (d *Pictures) standing(v *frame.Video, now []byte) {
	if len(d.still0) == len(now) && float64(difference(d.still0, now)) <= stillNoise*256*float64(len(now)) {
		d.still.from(d.since)
		return
	}
	d.still.until(v.PTS, Shortest)
	d.still0, d.since = append(d.still0[:0], now...), v.PTS
}

// difference is the sum of the absolute differences.
func difference(a, b []byte) int64 {
	var sum int64
	b = b[:len(a)]
	for i, x := range a {
		n := int(x) - int(b[i])
		if n < 0 {
			n = -n
		}
		sum += int64(n)
	}
	return sum
}

// weave looks how well the lines of the picture before fit between those of the next and of the last one, and gives up the
// oldest buffer. Where the lines of one field fit better into another picture than into their own, the picture shows two
// moments, and which picture they fit into tells which field is the earlier one.
func (d *Pictures) weave(now []byte) {
	prev, cur := d.last[0], d.last[1]
	if d.kept >= 2 && d.h >= 6 {
		var order [2]int64
		var own int64
		for y := 2; y < d.h-2; y++ {
			above, line, below := cur[(y-1)*d.w:y*d.w], cur[y*d.w:(y+1)*d.w], cur[(y+1)*d.w:(y+2)*d.w]
			order[y&1] += misfit(above, prev[y*d.w:(y+1)*d.w], below)
			order[y&1^1] += misfit(above, now[y*d.w:(y+1)*d.w], below)
			own += misfit(above, line, below)
		}
		d.fields.judge(order, own)
	} else {
		d.fields.Unknown++
	}
	d.last[0], d.last[1], d.sums = cur, now, prev
	d.kept = min(2, d.kept+1)
}

// judge counts one picture. order[0] is how badly the lines fit that would be neighbours if the bottom field were first.
func (f *Fields) judge(order [2]int64, own int64) {
	a, b := float64(order[0]), float64(order[1])
	switch {
	case a > combed*b:
		f.TopFirst++
	case b > combed*a:
		f.BottomFirst++
	case b > whole*float64(own):
		f.Progressive++
	default:
		f.Unknown++
	}
}

// misfit is how far a line is from the mean of the two around it.
func misfit(above, line, below []byte) int64 {
	var sum int64
	above, below = above[:len(line)], below[:len(line)]
	for i, x := range line {
		n := int(above[i]) + int(below[i]) - 2*int(x)
		if n < 0 {
			n = -n
		}
		sum += int64(n)
	}
	return sum
}

// Seen is how many pictures could be looked at, End the end of the last one.
func (d *Pictures) Seen() (n int64, end media.Time) { return d.seen, d.end }

// Black returns when the picture is black for at least Shortest.
func (d *Pictures) Black() []media.Range { return d.black.all(d.end, Shortest) }

// Still returns when nothing moves for at least Shortest, black or not.
func (d *Pictures) Still() []media.Range { return d.still.all(d.end, Shortest) }

// Now returns since when it has been black, and since when nothing has moved, as of the last picture, where that lasts at least
// Shortest.
func (d *Pictures) Now() (black, still media.Opt) { return d.black.now(d.end), d.still.now(d.end) }

// Bars returns the bars of all pictures since the last change of their size; none when all were black. width and height are
// of the pictures with their bars.
func (d *Pictures) Bars() (b Bars, width, height int) {
	if b = d.bars; !d.lit || b.Top+b.Bottom >= d.h || b.Left+b.Right >= d.w { // nothing is bright enough to stand out
		return Bars{}, d.w, d.h
	}
	return d.bars, d.w, d.h
}

// Fields returns what is known about interlacing.
func (d *Pictures) Fields() Fields { return d.fields }
