package cea

import (
	"math"
	"slices"
	"sort"
	"strconv"

	"mseplayer/mse/media"
	"mseplayer/player/text/cue"
)

const (
	// maxCues bounds what waits to be taken from a channel; the oldest are dropped.
	maxCues = 10_000
	// step is the least time between changes by characters that appear one by one.
	step media.Span = 0.1
	// wide is the least shape of a picture in which CEA-708 has 210 columns and 42 characters instead of 160 and 32.
	wide = 1.5
)

// The area of the picture that captions keep to, and the rows it has. CEA-608 §B, CEA-708 §5.
const (
	margin    = 0.1
	safe      = 0.8
	rows      = 15
	rowHeight = safe / rows
	typeSize  = rowHeight / 1.2
	padding   = rowHeight / 4 // on either side of a line
)

// Decoder keeps the screens of all channels. The zero value is ready, for a picture of 16:9.
type Decoder struct {
	// Aspect is the width of the picture by its height.
	Aspect float64

	fields   [2]field
	services [64]*service // by number
	packet   []byte       // the packet of CEA-708 in progress
	wanted   int          // its length, 0 when none is in progress
	last     media.Time   // the latest time that was added
}

// screen is what one channel has shown, and shows.
type screen struct {
	open []cue.Cue // on the screen, without an end
	done []cue.Cue
	// dirty is set when the screen is not what open says. urgent is set when that was not by mere characters.
	dirty, urgent bool
	changed       media.Time // when open was made
	heard         bool       // anything was shown
}

// Add takes the captions of the picture at pts. Pictures come in the order of presentation; a step back in time begins
// anew, as [Decoder.Reset] does.
func (d *Decoder) Add(pts media.Time, list []Triplet) {
	if pts < d.last {
		d.Reset(d.last)
	}
	d.last = pts
	for _, t := range list {
		switch t.Type {
		case 0, 1:
			d.fields[t.Type].pair(pts, t.B1, t.B2)
		default:
			d.dtvcc(t)
		}
	}
	for i := range d.fields {
		for j := range d.fields[i].channels {
			c := &d.fields[i].channels[j]
			c.screen.update(pts, c.cues)
		}
	}
	for _, s := range d.services {
		if s != nil {
			s.run(pts)
			s.screen.update(pts, func() []cue.Cue { return s.cues(d.Aspect == 0 || d.Aspect >= wide) })
		}
	}
}

// Channels are the names of the channels that have shown anything, in order.
func (d *Decoder) Channels() []string {
	var list []string
	for n := 1; n <= 4; n++ {
		if name := "CC" + strconv.Itoa(n); d.screen(name).heard {
			list = append(list, name)
		}
	}
	for n, s := range d.services {
		if s != nil && s.screen.heard {
			list = append(list, "SERVICE"+strconv.Itoa(n))
		}
	}
	return list
}

// Take returns the cues of a channel that have ended since it was last called, in order of their beginning.
func (d *Decoder) Take(channel string) []cue.Cue {
	s := d.screen(channel)
	if s == nil {
		return nil
	}
	list := s.done
	s.done = nil
	sort.SliceStable(list, func(i, j int) bool { return list[i].Start < list[j].Start })
	return list
}

// Open returns what a channel shows after all that was added. These cues have not ended: their End is +Inf. They come
// again from Take when they have.
func (d *Decoder) Open(channel string) []cue.Cue {
	if s := d.screen(channel); s != nil {
		return slices.Clone(s.open)
	}
	return nil
}

// Reset ends all cues at t and clears the screens: at the end of the stream, before a gap, or when the player went
// elsewhere.
func (d *Decoder) Reset(t media.Time) {
	keep := [4]screen{}
	for i := range keep {
		keep[i] = d.fields[i/2].channels[i%2].screen
		keep[i].show(t, nil)
	}
	d.fields = [2]field{}
	for i := range keep {
		d.fields[i/2].channels[i%2].screen = keep[i]
	}
	for i, s := range d.services {
		if s != nil {
			s.screen.show(t, nil)
			d.services[i] = &service{screen: s.screen}
		}
	}
	d.packet, d.wanted, d.last = nil, 0, media.Time(math.Inf(-1))
}

// screen finds a channel by its name; nil if there is none of it.
func (d *Decoder) screen(name string) *screen {
	if len(name) == 3 && name[:2] == "CC" && name[2] >= '1' && name[2] <= '4' {
		n := name[2] - '1'
		return &d.fields[n/2].channels[n%2].screen
	}
	const prefix = "SERVICE"
	if len(name) > len(prefix) && name[:len(prefix)] == prefix {
		n, err := strconv.Atoi(name[len(prefix):])
		if err == nil && n > 0 && n < len(d.services) && d.services[n] != nil {
			return &d.services[n].screen
		}
	}
	return nil
}

// update makes cues of the screen if that is due.
func (s *screen) update(pts media.Time, cues func() []cue.Cue) {
	if !s.dirty || !s.urgent && len(s.open) > 0 && pts.Sub(s.changed) < step {
		return
	}
	s.dirty, s.urgent = false, false
	next := cues()
	if slices.EqualFunc(next, s.open, same) {
		return
	}
	s.show(pts, next)
}

// show ends what is on the screen and puts something else there.
func (s *screen) show(t media.Time, next []cue.Cue) {
	for _, c := range s.open {
		if c.End = t; c.Start < c.End && t.IsFinite() {
			s.done = append(s.done, c)
		}
	}
	if len(s.done) > maxCues {
		s.done = slices.Delete(s.done, 0, maxCues/8) // some at once: each time moves all the others
	}
	for i := range next {
		next[i].Start, next[i].End = t, media.Time(math.Inf(1))
	}
	s.open, s.changed, s.heard = next, t, s.heard || len(next) > 0
}

// same compares cues but for their times.
func same(a, b cue.Cue) bool {
	return a.Rect == b.Rect && a.Area == b.Area && a.Layer == b.Layer && slices.EqualFunc(a.Blocks, b.Blocks, func(x, y cue.Block) bool {
		return x.Align == y.Align && x.Direction == y.Direction && slices.EqualFunc(x.Spans, y.Spans, func(p, q cue.Span) bool {
			return p.Text == q.Text && sameStyle(p.Style, q.Style)
		})
	})
}

// sameStyle compares what styles of this package differ in.
func sameStyle(a, b cue.Style) bool {
	return a.Size == b.Size && a.Color == b.Color && a.Background == b.Background && a.Italic == b.Italic && a.Underline == b.Underline &&
		a.Outline == b.Outline && a.OutlineColor == b.OutlineColor && slices.Equal(a.Families, b.Families) && slices.Equal(a.Shadows, b.Shadows)
}

// cell is one place of a screen or window. A zero char is none: what is behind shows.
type cell struct {
	char rune
	pen  pen
}

// text makes spans of rows of cells. trim leaves out blank places in front of the rows.
func text[R ~[]cell](list []R, trim bool) []cue.Span {
	var spans []cue.Span
	add := func(s string, st cue.Style) {
		if n := len(spans); n > 0 && sameStyle(spans[n-1].Style, st) {
			spans[n-1].Text += s
			return
		}
		spans = append(spans, cue.Span{Text: s, Style: st})
	}
	blank := pen{color: white, size: 1}.style()
	for i, row := range list {
		from, to := bounds(row)
		if i > 0 {
			st := blank
			if n := len(spans); n > 0 {
				st = spans[n-1].Style
			}
			add("\n", st)
		}
		if !trim {
			from = 0
		}
		for _, c := range row[from:to] {
			if c.char != 0 {
				add(string(c.char), c.pen.style())
				continue
			}
			add(" ", blank)
		}
	}
	return spans
}

// bounds are the first place of a row with a character, and the one behind the last.
func bounds(row []cell) (from, to int) {
	from = len(row)
	for i, c := range row {
		if c.char != 0 {
			from, to = min(from, i), i+1
		}
	}
	return min(from, to), to
}

// monospace is the font of captions that nobody told.
var monospace = []string{"monospaceSansSerif"}
