// Package ass reads Advanced SubStation Alpha and its ancestor SubStation Alpha: scripts, and the packets that Matroska
// makes of their events.
//
// A subtitle is shown where its style, its margins and its overrides put it, in its type and colours. What moves stands
// still: movements, fades, karaoke and animations show their beginning. Drawings, rotations and clips are left out.
//
// # Ownership
//
// Nothing that is passed in is kept, but for the strings.
//
// # Concurrency
//
// The functions may be called from anywhere. A [Script] is immutable once it has been parsed.
//
// # Errors
//
// A text without a section of events gives an error. Lines that cannot be read are left out with a warning.
package ass

import (
	"errors"
	"strconv"
	"strings"

	"mseplayer/mse/media"
	"mseplayer/player/text/cue"
)

const (
	// maxCues and maxStyles bound what one script gives.
	maxCues   = 200_000
	maxStyles = 10_000
	// defaultWidth and defaultHeight are the resolution of a script that does not tell one.
	defaultWidth, defaultHeight = 384, 288
)

// ErrNoEvents says that a text is no script.
var ErrNoEvents = errors.New("ass: the script has no section [Events]")

// Script is the head of a script: what its events refer to.
type Script struct {
	width, height float64
	wrap          int
	styles        map[string]style
	warnings      cue.Warnings
}

// format is the order of the fields of an event.
type format []string

// defaultFormat is that of events whose section does not tell one; packets have the second one.
var (
	defaultFormat = format{"layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"}
	packetFormat  = format{"readorder", "layer", "style", "name", "marginl", "marginr", "marginv", "effect", "text"}
)

// Parse reads a script.
func Parse(data []byte, o cue.Options) ([]cue.Cue, []cue.Warning, error) {
	s, events, order, err := parse(string(data))
	if err != nil {
		return nil, nil, err
	}
	var cues []cue.Cue
	for _, e := range events {
		if len(cues) >= maxCues {
			s.warnings.Add(e.line, "more than %d events: the rest is ignored", maxCues)
			break
		}
		fields := order.split(e.text)
		start, okStart := clock(fields["start"])
		end, okEnd := clock(fields["end"])
		if !okStart || !okEnd {
			s.warnings.Add(e.line, "these times of an event cannot be read")
			continue
		}
		c, ok := s.cue(fields, o)
		c.Start, c.End = start, end
		if ok && start < end && o.Place(&c) {
			cues = append(cues, c)
		}
	}
	return cues, s.warnings, nil
}

// NewScript reads the head of a script, as containers keep it. Anything that is none gives the defaults.
func NewScript(header []byte) *Script {
	s, _, _, _ := parse(string(header))
	return s
}

// Packet reads the event of a packet: the fields of an event without its times, after the number of its place in the
// script. There is no cue if it shows nothing.
func (s *Script) Packet(data []byte, start, end media.Time, o cue.Options) (cue.Cue, bool) {
	c, ok := s.cue(packetFormat.split(strings.TrimRight(string(data), "\r\n\x00")), o)
	c.Start, c.End = start, end
	return c, ok && start < end && o.Place(&c)
}

// event is a line of the events.
type event struct {
	line int
	text string
}

// parse reads the sections. The script is good even if there are no events.
func parse(text string) (s *Script, events []event, order format, err error) {
	s = &Script{styles: map[string]style{}}
	order = defaultFormat
	var (
		section     string
		styleFormat = stylesV4Plus
		seen        bool
	)
	number := 0
	for line := range strings.Lines(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")) {
		number++
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			section = strings.ToLower(line)
			switch section {
			case "[v4 styles]":
				styleFormat = stylesV4
			case "[events]":
				seen = true
			}
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, ";") {
			continue
		}
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimLeft(value, " \t")
		switch section {
		case "[script info]":
			switch v, err := strconv.ParseFloat(strings.TrimSpace(value), 64); {
			case err != nil || !(v >= 0 && v <= 100_000):
			case key == "playresx":
				s.width = v
			case key == "playresy":
				s.height = v
			case key == "wrapstyle":
				s.wrap = int(v)
			}
		case "[v4+ styles]", "[v4 styles]", "[v4 styles+]":
			switch key {
			case "format":
				styleFormat = parseFormat(value)
			case "style":
				if len(s.styles) >= maxStyles {
					s.warnings.Add(number, "more than %d styles: the rest is ignored", maxStyles)
					continue
				}
				st := parseStyle(styleFormat.split(value), section == "[v4 styles]")
				s.styles[strings.ToLower(st.name)] = st
			}
		case "[events]":
			switch key {
			case "format":
				order = parseFormat(value)
			case "dialogue":
				if len(events) <= maxCues {
					events = append(events, event{number, value})
				}
			}
		}
	}
	s.resolution()
	if !seen {
		err = ErrNoEvents
	}
	return s, events, order, err
}

// resolution completes the size of the script's screen.
func (s *Script) resolution() {
	switch {
	case s.width <= 0 && s.height <= 0:
		s.width, s.height = defaultWidth, defaultHeight
	case s.width <= 0:
		s.width = s.height * 4 / 3
	case s.height <= 0:
		s.height = s.width * 3 / 4
	}
}

func parseFormat(value string) format {
	var f format
	for _, name := range strings.Split(value, ",") {
		f = append(f, strings.ToLower(strings.TrimSpace(name)))
	}
	const maxFields = 64
	return f[:min(len(f), maxFields)]
}

// split takes a line apart. The last field may have commas in it.
func (f format) split(line string) map[string]string {
	fields := make(map[string]string, len(f))
	parts := strings.SplitN(line, ",", len(f))
	for i, p := range parts {
		if i < len(f)-1 {
			p = strings.TrimSpace(p)
		}
		fields[f[i]] = p
	}
	return fields
}

// clock reads h:mm:ss.cc.
func clock(s string) (media.Time, bool) {
	var t float64
	parts := strings.Split(strings.TrimSpace(s), ":")
	if len(parts) != 3 {
		return 0, false
	}
	for _, p := range parts {
		v, err := strconv.ParseFloat(p, 64)
		if err != nil || !(v >= 0 && v < 1e6) {
			return 0, false
		}
		t = t*60 + v
	}
	return media.Time(t), true
}

// cue makes the cue of an event.
func (s *Script) cue(fields map[string]string, o cue.Options) (cue.Cue, bool) {
	name := strings.ToLower(strings.TrimLeft(fields["style"], "*"))
	st, ok := s.styles[name]
	if !ok {
		if st, ok = s.styles["default"]; !ok {
			st = defaultStyle
		}
	}
	var c cue.Cue
	c.Layer = int(number(fields["layer"], 0, 1e6))
	margins := st.margins
	for i, key := range []string{"marginl", "marginr", "marginv"} {
		if v := number(fields[key], 0, 1e5); v > 0 {
			margins[i] = v
		}
	}
	t := &Text{script: s, base: st, now: st, wrap: s.wrap, language: o.Language, align: st.align}
	t.Write(fields["text"])
	spans := t.Spans()
	if len(spans) == 0 {
		return c, false
	}
	block := cue.Block{MultiRow: cue.Justify, Preserve: true, Spans: spans}
	switch t.wrap {
	case 1:
	case 2:
		block.NoWrap = true
	default:
		block.Balance = true
	}
	c.Blocks = []cue.Block{block}
	area := cue.Rect{X: margins[0] / s.width, W: max(0, 1-(margins[0]+margins[1])/s.width)}
	t.Place(&c, area, margins[2]/s.height)
	return c, true
}

// number reads a number and keeps it between two bounds; anything else is 0.
func number(s string, low, high float64) float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || v != v {
		return 0
	}
	return min(max(v, low), high)
}
