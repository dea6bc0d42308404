package ttml

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// clock turns time expressions into seconds.
type clock struct {
	rate, sub, tick float64 // frames, parts of a frame, and ticks; rate has the multiplier in it
	smpte           bool
	drop            string
}

// parse reads a time expression. TTML2 §12.3.1, annex I.
func (c clock) parse(s string) (float64, bool) {
	t, ok := 0.0, false
	if strings.Contains(s, ":") {
		t, ok = c.clockTime(s)
	} else {
		t, ok = c.offsetTime(s)
	}
	return t, ok && t >= 0 && t <= maxTime
}

// clockTime reads hours:minutes:seconds, with a fraction or with frames behind it.
func (c clock) clockTime(s string) (float64, bool) {
	f := strings.Split(s, ":")
	if len(f) < 3 || len(f) > 4 || len(f[0]) < 2 || len(f[1]) != 2 || len(f[2]) < 2 {
		return 0, false
	}
	var v [3]float64
	for i := range v {
		var ok bool
		if v[i], ok = decimal(f[i], i == 2 && len(f) == 3); !ok {
			return 0, false
		}
	}
	if v[1] >= 60 || v[2] > 60 {
		return 0, false
	}
	seconds := v[0]*3600 + v[1]*60 + v[2]
	frames := 0.0
	if len(f) == 4 {
		whole, part, cut := strings.Cut(f[3], ".")
		var ok bool
		if frames, ok = decimal(whole, false); !ok {
			return 0, false
		}
		if cut {
			n, ok := decimal(part, false)
			if !ok {
				return 0, false
			}
			frames += n / c.sub
		}
	}
	if !c.smpte {
		return seconds + frames/c.rate, true
	}
	// Hours, minutes and seconds of a time code count frames, not time.
	nominal := math.Round(c.rate)
	dropped := 0.0
	switch c.drop {
	case "dropNTSC":
		dropped = (v[0]*54 + v[1] - math.Floor(v[1]/10)) * 2
	case "dropPAL":
		dropped = (v[0]*27 + math.Floor(v[1]/2) - math.Floor(v[1]/20)) * 4
	}
	return (seconds*nominal + frames - dropped) / c.rate, true
}

// offsetTime reads a number with a unit.
func (c clock) offsetTime(s string) (float64, bool) {
	n := strings.TrimRight(s, "hmsft")
	v, ok := decimal(n, true)
	if !ok {
		return 0, false
	}
	switch s[len(n):] {
	case "h":
		return v * 3600, true
	case "m":
		return v * 60, true
	case "s":
		return v, true
	case "ms":
		return v / 1000, true
	case "f":
		return v / c.rate, true
	case "t":
		return v / c.tick, true
	}
	return 0, false
}

// decimal reads digits, with a fraction if there may be one.
func decimal(s string, fraction bool) (float64, bool) {
	for i := range len(s) {
		switch {
		case s[i] >= '0' && s[i] <= '9':
		case s[i] == '.' && fraction && i > 0:
		default:
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}

// schedule finds when e and what is in it is active. within is the begin of the container, previous the end of the
// sibling before, and seq says which of them the times of e count from. TTML2 §12.2, SMIL 3.0.
func (e *element) schedule(within, previous float64, seq bool) {
	origin := within
	if seq {
		origin = previous
	}
	e.from = origin
	if !math.IsNaN(e.begin) {
		e.from += e.begin
	}
	implicit, last := e.from, e.from
	leaf := true
	for _, list := range [][]*element{e.sets, e.children} {
		for _, c := range list {
			if c.name == "style" || c.name == "data" || c.name == "source" {
				continue
			}
			c.schedule(e.from, last, e.seq)
			last = c.to
			if e.seq {
				implicit = c.to
			} else {
				implicit = max(implicit, c.to)
			}
		}
	}
	switch e.name {
	case "body", "div", "p", "span":
		// A picture in the background is a content, too.
		leaf = len(e.children) == 0 && e.spec[pBackgroundImage] != nil
	}
	if leaf {
		// Of endless duration, but of none in a sequence.
		if implicit = math.Inf(1); seq {
			implicit = e.from
		}
	}
	e.to = implicit
	switch hasEnd, hasDur := !math.IsNaN(e.end), !math.IsNaN(e.dur); {
	case hasEnd && hasDur:
		e.to = min(e.from+e.dur, origin+e.end)
	case hasEnd:
		e.to = origin + e.end
	case hasDur:
		e.to = e.from + e.dur
	}
}

// walk calls f for e and everything in it.
func (e *element) walk(f func(*element)) {
	f(e)
	for _, c := range e.sets {
		c.walk(f)
	}
	for _, c := range e.children {
		c.walk(f)
	}
	if e.inline != nil {
		e.inline.walk(f)
	}
}

// moments are the points at which something changes, in order. Times that differ by less than a rounding error are
// made one.
func (d *document) moments() []float64 {
	roots := slices.Clone(d.regions)
	if d.body != nil {
		roots = append(roots, d.body)
	}
	all := []float64{0}
	for _, r := range roots {
		r.walk(func(e *element) {
			for _, t := range [2]float64{e.from, e.to} {
				if !math.IsInf(t, 0) {
					all = append(all, t)
				}
			}
		})
	}
	slices.Sort(all)
	kept := all[:1]
	for _, t := range all[1:] {
		if t-kept[len(kept)-1] > sameTime {
			kept = append(kept, t)
		}
	}
	snap := func(t float64) float64 {
		if math.IsInf(t, 0) {
			return t
		}
		i, found := slices.BinarySearch(kept, t)
		if !found {
			i-- // it was made one with the moment before it
		}
		return kept[i]
	}
	for _, r := range roots {
		r.walk(func(e *element) { e.from, e.to = snap(e.from), snap(e.to) })
		r.walk((*element).order)
	}
	return kept
}

// order prepares finding the children of e that are active at a moment.
func (e *element) order() {
	if len(e.children) < minOrdered {
		return
	}
	reach := make([]float64, len(e.children))
	for i, c := range e.children {
		reach[i] = c.to
		if i == 0 {
			continue
		}
		if c.from < e.children[i-1].from {
			return
		}
		reach[i] = max(c.to, reach[i-1])
	}
	e.reach = reach
}

// candidates are the children of e among which those lie that are active at t.
func (e *element) candidates(t float64) []*element {
	if e.reach == nil {
		return e.children
	}
	lo, _ := slices.BinarySearchFunc(e.reach, t, func(reach, t float64) int {
		if reach <= t {
			return -1
		}
		return 1
	})
	hi, _ := slices.BinarySearchFunc(e.children, t, func(c *element, t float64) int {
		if c.from <= t {
			return -1
		}
		return 1
	})
	return e.children[min(lo, hi):hi]
}

// active says whether e is active at t, if those around it are.
func (e *element) active(t float64) bool { return e.from <= t && t < e.to }
