package ttml

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sort"

	"mseplayer/mse/media"
	"mseplayer/player/text/cue"
)

// shown is what a region shows since a moment.
type shown struct {
	region  *element
	index   int    // of the region, among all
	mark    string // what is active in it, and which animations are; "" is nothing
	pending []byte
	cues    []int // those that are open
}

// adopt gives a region to what has one of its own: by an element inside of it, or because it tells its own place. It
// also makes the region of a document that has none. TTML2 §11.1.2.1, §11.3.1.
func (d *document) adopt() {
	if len(d.regions) == 0 {
		d.implied = &element{name: "region", begin: math.NaN(), end: math.NaN(), dur: math.NaN()}
		d.regions = []*element{d.implied}
	}
	if d.body == nil {
		return
	}
	n := 0
	var visit func(e *element, outer *element) bool
	visit = func(e, outer *element) bool {
		if e.region != "" {
			if e.target = d.byID[e.region]; e.target == nil {
				d.warn(e.line, "there is no region %q", e.region)
				e.target = nowhere
			}
			outer = e.target
		}
		own := e.inline
		if own == nil && e.placed && (e.name == "div" || e.name == "p") && n < maxRegions {
			own = placed(e, outer)
		}
		if own != nil && n < maxRegions {
			n++
			e.inline = own
			d.regions = append(d.regions, own)
			e.target, outer = own, own
		} else {
			e.inline = nil
		}
		for _, c := range e.children {
			e.hosts = visit(c, outer) || e.hosts
		}
		return e.hosts || e.inline != nil
	}
	visit(d.body, d.implied)
}

// nowhere is a region that is not shown.
var nowhere = &element{name: "region"}

// placed returns the region of an element that tells its own place, which is otherwise like outer.
func placed(e, outer *element) *element {
	var own *element
	for _, p := range [...]prop{pOrigin, pExtent, pPosition} {
		v, ok := e.spec[p]
		if !ok {
			continue
		}
		if own == nil {
			own = &element{name: "region", line: e.line, index: e.index, begin: math.NaN(), end: math.NaN(), dur: math.NaN(), spec: map[prop]any{}}
			if outer != nil {
				for q, w := range outer.spec {
					own.spec[q] = w
				}
				own.sets, own.begin, own.end, own.dur, own.seq = outer.sets, outer.begin, outer.end, outer.dur, outer.seq
			}
		}
		if p == pOrigin {
			delete(own.spec, pPosition)
		}
		own.spec[p] = v
	}
	return own
}

// compose walks through the moments and puts together what each region shows. TTML2 §11.3.1.
func (d *document) compose() ([]cue.Cue, error) {
	moments := d.moments()
	lo, hi := 0.0, math.Inf(1)
	if d.o.Window != (media.Range{}) {
		lo, hi = float64(d.o.Window.Start-d.o.Offset), float64(d.o.Window.End-d.o.Offset)
	}
	first, exact := slices.BinarySearch(moments, lo)
	if !exact && first > 0 {
		first-- // what goes on from before the window
	}
	last, _ := slices.BinarySearch(moments, hi)
	moments = moments[first:max(first, last)]
	if len(moments) > maxMoments {
		return nil, fmt.Errorf("ttml: the document changes at %d moments, at most %d are shown: split it", len(moments), maxMoments)
	}
	screen := make([]shown, len(d.regions))
	for i, r := range d.regions {
		screen[i].region, screen[i].index = r, i
	}
	c := composer{d: d}
	for _, t := range moments {
		for i := range screen {
			if err := c.step(&screen[i], t, max(t, lo)); err != nil {
				return nil, err
			}
		}
	}
	for i := range screen {
		c.close(&screen[i], hi)
	}
	// Cues of a moment are in the order of their regions already.
	sort.SliceStable(c.cues, func(i, j int) bool { return c.cues[i].Start < c.cues[j].Start })
	return c.cues, nil
}

// composer makes the cues.
type composer struct {
	d     *document
	cues  []cue.Cue
	spans int
}

// step brings a region to what it shows at t. from is where a cue would begin.
func (c *composer) step(s *shown, t, from float64) error {
	s.pending = s.pending[:0]
	c.d.visits += 1 + len(s.region.sets)
	if s.region.active(t) {
		s.pending = note(s.pending, s.region, t)
		if c.d.body != nil {
			s.pending = c.scan(s.pending, s.region, c.d.body, nil, t)
		}
	}
	if c.d.visits > maxVisits {
		return fmt.Errorf("ttml: the document has too many elements that are active at too many moments (more than %d visits): split it", maxVisits)
	}
	if s.mark == string(s.pending) {
		return nil
	}
	c.close(s, from)
	s.mark = string(s.pending)
	if s.mark == "" {
		return nil
	}
	return c.show(s, t, from)
}

// close ends what a region shows.
func (c *composer) close(s *shown, t float64) {
	for _, i := range s.cues {
		c.cues[i].End = media.Time(t) + c.d.o.Offset
	}
	s.cues, s.mark = s.cues[:0], ""
}

// note appends what identifies an element and its animation at t.
func note(b []byte, e *element, t float64) []byte {
	b = binary.AppendUvarint(b, uint64(e.index)<<1)
	for i, s := range e.sets {
		if s.active(t) {
			b = binary.AppendUvarint(b, uint64(i)<<1|1)
		}
	}
	return b
}

// in says whether an element belongs to a region, given the region of what it is in: 1 if it does, -1 if it belongs to
// another one, 0 if that is for what is in it to say.
func (d *document) in(region, e, within *element) (own *element, in int) {
	own = within
	switch {
	case own == nil || e.inline != nil:
		own = e.target
	case e.target != nil && e.target != within:
		return own, -1
	}
	switch {
	case own == region, own == nil && region == d.implied:
		return own, 1
	case own == nil || e.hosts:
		return own, 0
	}
	return own, -1
}

// scan appends what is active in a region at t.
func (c *composer) scan(b []byte, region, e, within *element, t float64) []byte {
	c.d.visits += 1 + len(e.sets)
	if !e.active(t) || c.d.visits > maxVisits {
		return b
	}
	own, in := c.d.in(region, e, within)
	if in < 0 {
		return b
	}
	if in > 0 {
		b = note(b, e, t)
	}
	for _, child := range e.candidates(t) {
		b = c.scan(b, region, child, own, t)
	}
	return b
}

// show adds the cues of a region at t, which begin at from.
func (c *composer) show(s *shown, t, from float64) error {
	d := c.d
	region := d.compute(s.region, nil, t)
	if region.word(pDisplay, "auto") == "none" {
		return nil
	}
	r := page{d: d, t: t, region: s.region}
	if d.body != nil {
		r.body(d.body, region, nil, cue.Color{}, 1)
	}
	back := region.background()
	if region.word(pVisibility, "visible") == "hidden" {
		back = cue.Color{}
	}
	if len(r.blocks) == 0 && len(r.images) == 0 && (back.A == 0 || region.word(pShowBackground, "always") != "always") {
		return nil
	}
	base := cue.Cue{
		ID:    s.region.id,
		Start: media.Time(from) + d.o.Offset,
		End:   media.Time(math.Inf(1)),
		Rect:  d.onPicture(region.rect),
		Area: cue.Area{
			Writing:      writing(region),
			RightToLeft:  region.word(pDirection, "ltr") == "rtl",
			Background:   back,
			Overflow:     region.word(pOverflow, "hidden") == "visible",
			Transparency: 1 - region.opacity(),
		},
	}
	// Regions of one index lie over each other in the order of the document, whenever their cues begin.
	z, _ := region.of[pZIndex].(int)
	base.Layer = z*len(d.regions) + s.index
	base.Area.Display = displayAligns[region.word(pDisplayAlign, "before")]
	for i, v := range region.room {
		along := 1
		if (i%2 == 0) != (base.Area.Writing == cue.Horizontal) {
			along = 0
		}
		base.Area.Padding[i] = v * d.scale[along]
	}
	var made []cue.Cue
	switch {
	case len(r.blocks) > 0 && r.forced && r.free:
		// What is forced and what is not take each other's room.
		forced, free := base, base
		forced.Forced = true
		forced.Blocks, free.Blocks = r.split(true), r.split(false)
		free.Area.Background = cue.Color{}
		made = append(made, forced, free)
	case len(r.blocks) > 0 || len(r.images) == 0 || back.A > 0: // pictures do not paint what is behind them
		base.Blocks, base.Forced = r.blocks, r.forced || len(r.blocks) == 0 && allForced(r.images)
		made = append(made, base)
	}
	for i, im := range r.images {
		pic := base
		pic.Blocks, pic.Image, pic.Forced = nil, im.image, im.forced
		if len(made) > 0 || i > 0 {
			pic.Area.Background = cue.Color{}
		}
		pic.Area.Transparency = 1 - region.opacity()*im.opacity
		if im.size != [2]float64{} {
			pic.Rect = d.onPicture(cue.Rect{X: region.rect.X, Y: region.rect.Y, W: im.size[0], H: im.size[1]})
		}
		made = append(made, pic)
	}
	c.spans += r.spans
	switch {
	case len(c.cues)+len(made) > maxCues:
		return fmt.Errorf("ttml: the document makes more than %d cues: split it", maxCues)
	case c.spans > maxSpans || d.bytes > maxText:
		return fmt.Errorf("ttml: the document makes more text than %d spans or %d bytes: split it", maxSpans, maxText)
	}
	for _, m := range made {
		s.cues = append(s.cues, len(c.cues))
		c.cues = append(c.cues, m)
	}
	return nil
}

// displayAligns translates tts:displayAlign.
var displayAligns = map[string]cue.Align{"before": cue.Start, "center": cue.Center, "after": cue.End, "justify": cue.Justify}

// onPicture is a rectangle of the root container on the picture.
func (d *document) onPicture(r cue.Rect) cue.Rect {
	return cue.Rect{
		X: d.shift[0] + r.X*d.scale[0], Y: d.shift[1] + r.Y*d.scale[1],
		W: r.W * d.scale[0], H: r.H * d.scale[1],
	}
}

// over is the color of front painted over back.
func over(front, back cue.Color) cue.Color {
	switch {
	case front.A == 255 || back.A == 0:
		return front
	case front.A == 0:
		return back
	}
	f, b := float64(front.A)/255, float64(back.A)/255*(1-float64(front.A)/255)
	mix := func(x, y uint8) uint8 { return uint8(math.Round((float64(x)*f + float64(y)*b) / (f + b))) }
	return cue.Color{R: mix(front.R, back.R), G: mix(front.G, back.G), B: mix(front.B, back.B), A: uint8(math.Round((f + b) * 255))}
}

// fade takes away from a color.
func fade(c cue.Color, opacity float64) cue.Color {
	c.A = uint8(math.Round(float64(c.A) * opacity))
	return c
}

// allForced reports whether there are pictures, all of them to be shown in any case.
func allForced(list []picture) bool {
	return len(list) > 0 && !slices.ContainsFunc(list, func(p picture) bool { return !p.forced })
}
