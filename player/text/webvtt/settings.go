package webvtt

import (
	"iter"
	"math"
	"strconv"
	"strings"

	"mseplayer/mse/media"
	"mseplayer/player/text/cue"
)

// lineHeight is the height of the lines of regions, as a fraction of that of the root container.
//
// WebVTT §7.1: 6vh.
const lineHeight = 0.06

// settings are those of a cue.
type settings struct {
	region    *region
	writing   cue.Writing
	line      float64 // NaN: auto; percentages are 0 to 100
	snap      bool
	lineAlign cue.Align
	position  float64 // NaN: auto
	posAlign  cue.Align
	size      float64
	align     cue.Align
}

func defaultSettings() settings {
	return settings{
		line: math.NaN(), snap: true, lineAlign: cue.Start, position: math.NaN(), posAlign: cue.Justify, size: 100,
		align: cue.Center,
	}
}

// flow is s as fractions.
func (s *settings) flow() cue.Flow {
	f := cue.Flow{
		Line: s.line, Snap: s.snap, LineAlign: s.lineAlign, Position: s.position / 100, PositionAlign: s.posAlign,
		Size: s.size / 100,
	}
	if !s.snap {
		f.Line /= 100
	}
	return f
}

// region is a part of the screen that collects cues.
type region struct {
	id                   string
	width                float64
	lines                int
	anchorX, anchorY     float64
	viewportX, viewportY float64
	scroll               bool
}

// maxRegionLines is more lines than any screen has.
const maxRegionLines = 1 << 20

// rect is where the region lies.
//
// WebVTT §7.1, step of the regions.
func (r *region) rect() cue.Rect {
	w, h := r.width/100, float64(r.lines)*lineHeight
	return cue.Rect{X: r.viewportX/100 - r.anchorX/100*w, Y: r.viewportY/100 - r.anchorY/100*h, W: w, H: h}
}

// parseRegion reads the settings of a region.
//
// WebVTT §6.2.
func parseRegion(s string) region {
	r := region{width: 100, lines: 3, anchorY: 100, viewportY: 100}
	for name, value := range eachSetting(s) {
		switch name {
		case "id":
			r.id = value
		case "width":
			if p, ok := percentage(value); ok {
				r.width = p
			}
		case "lines":
			if strings.Trim(value, "0123456789") == "" {
				if n, err := strconv.Atoi(value); err == nil {
					r.lines = min(n, maxRegionLines)
				} else {
					r.lines = maxRegionLines
				}
			}
		case "regionanchor":
			if x, y, ok := point(value); ok {
				r.anchorX, r.anchorY = x, y
			}
		case "viewportanchor":
			if x, y, ok := point(value); ok {
				r.viewportX, r.viewportY = x, y
			}
		case "scroll":
			if value == "up" {
				r.scroll = true
			}
		}
	}
	return r
}

// eachSetting hands out the names and values of settings. What is no setting is passed over.
func eachSetting(s string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, field := range strings.FieldsFunc(s, isSpace) {
			if name, value, ok := strings.Cut(field, ":"); ok && name != "" && value != "" && !yield(name, value) {
				return
			}
		}
	}
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\f' || r == '\r' }

// point reads two percentages with a comma between them.
func point(s string) (x, y float64, ok bool) {
	a, b, ok := strings.Cut(s, ",")
	if !ok {
		return 0, 0, false
	}
	x, okX := percentage(a)
	y, okY := percentage(b)
	return x, y, okX && okY
}

// percentage reads digits, perhaps a dot and more digits, and a percent sign.
//
// WebVTT §6.2, parse a percentage string.
func percentage(s string) (float64, bool) {
	s, ok := strings.CutSuffix(s, "%")
	if !ok {
		return 0, false
	}
	whole, frac, dot := strings.Cut(s, ".")
	if whole == "" || strings.Trim(whole, "0123456789") != "" || dot && (frac == "" || strings.Trim(frac, "0123456789") != "") {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil && v <= 100
}

// parseTimings reads the line of times and settings.
//
// WebVTT §6.3, collect WebVTT cue timings and settings.
func (r *raw) parseTimings(s string, regions []region) bool {
	s = strings.TrimLeftFunc(s, isSpace)
	start, s, ok := timestamp(s)
	if !ok {
		return false
	}
	s, ok = strings.CutPrefix(strings.TrimLeftFunc(s, isSpace), "-->")
	if !ok {
		return false
	}
	end, s, ok := timestamp(strings.TrimLeftFunc(s, isSpace))
	if !ok {
		return false
	}
	r.start, r.end = start, end
	r.parseSettings(s, regions)
	return true
}

// timestamp reads a time at the beginning of s and returns what follows.
//
// WebVTT §6.3, collect a WebVTT timestamp.
func timestamp(s string) (t media.Time, rest string, ok bool) {
	digits := func() (v float64, n int) {
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			v = v*10 + float64(s[n]-'0')
			n++
		}
		s = s[n:]
		return v, n
	}
	colon := func(c byte) bool {
		if s == "" || s[0] != c {
			return false
		}
		s = s[1:]
		return true
	}
	v1, n := digits()
	if n == 0 {
		return 0, s, false
	}
	hours := n != 2 || v1 > 59
	if !colon(':') {
		return 0, s, false
	}
	v2, n := digits()
	if n != 2 {
		return 0, s, false
	}
	var v3 float64
	if hours || strings.HasPrefix(s, ":") {
		if !colon(':') {
			return 0, s, false
		}
		if v3, n = digits(); n != 2 {
			return 0, s, false
		}
	} else {
		v1, v2, v3 = 0, v1, v2
	}
	if !colon('.') {
		return 0, s, false
	}
	v4, n := digits()
	if n != 3 || v2 > 59 || v3 > 59 {
		return 0, s, false
	}
	t = media.Time(v1*3600 + v2*60 + v3 + v4/1000)
	return t, s, t.IsFinite()
}

// The words for alignments, of the text, of the line and of the position.
var (
	textAligns     = map[string]cue.Align{"start": cue.Start, "center": cue.Center, "end": cue.End, "left": cue.Left, "right": cue.Right}
	lineAligns     = map[string]cue.Align{"start": cue.Start, "center": cue.Center, "end": cue.End}
	positionAligns = map[string]cue.Align{"line-left": cue.Left, "center": cue.Center, "line-right": cue.Right}
)

// parseSettings reads the settings of a cue.
//
// WebVTT §6.3, parse the WebVTT cue settings.
func (s *settings) parseSettings(input string, regions []region) {
	for name, value := range eachSetting(input) {
		switch name {
		case "region":
			s.region = nil
			for i := range regions {
				if regions[i].id == value {
					s.region = &regions[i]
				}
			}
		case "vertical":
			switch value {
			case "rl":
				s.writing = cue.VerticalRL
			case "lr":
				s.writing = cue.VerticalLR
			}
			if s.writing != cue.Horizontal {
				s.region = nil
			}
		case "line":
			s.parseLine(value)
		case "position":
			s.parsePosition(value)
		case "size":
			if p, ok := percentage(value); ok {
				s.size = p
				if p != 100 {
					s.region = nil
				}
			}
		case "align":
			if a, ok := textAligns[value]; ok {
				s.align = a
			}
		}
	}
}

func (s *settings) parseLine(value string) {
	pos, align, hasAlign := strings.Cut(value, ",")
	if !strings.ContainsAny(pos, "0123456789") {
		return
	}
	percent := strings.HasSuffix(pos, "%")
	var number float64
	if percent {
		var ok bool
		if number, ok = percentage(pos); !ok {
			return
		}
	} else {
		digits := strings.TrimPrefix(pos, "-")
		whole, frac, dot := strings.Cut(digits, ".")
		if whole == "" || strings.Trim(whole, "0123456789") != "" || dot && (frac == "" || strings.Trim(frac, "0123456789") != "") {
			return
		}
		var err error
		if number, err = strconv.ParseFloat(pos, 64); err != nil {
			return
		}
	}
	lineAlign := s.lineAlign
	if hasAlign {
		var ok bool
		if lineAlign, ok = lineAligns[align]; !ok {
			return
		}
	}
	s.line, s.snap, s.lineAlign, s.region = number, !percent, lineAlign, nil
}

func (s *settings) parsePosition(value string) {
	pos, align, hasAlign := strings.Cut(value, ",")
	number, ok := percentage(pos)
	if !ok {
		return
	}
	posAlign := s.posAlign
	if hasAlign {
		if posAlign, ok = positionAligns[align]; !ok {
			return
		}
	}
	s.position, s.posAlign = number, posAlign
}
