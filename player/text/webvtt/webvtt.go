// Package webvtt reads WebVTT: files, segments of them, and single cues as MP4 and Matroska keep them.
//
// It follows the W3C's WebVTT §6 for the syntax, §7 for what settings mean and §8 for the selectors of style sheets.
// Where a cue lies on the screen depends on its size and on its neighbours, so that part of §7 is the business of
// package raster: a cue of WebVTT has a [cue.Flow], which holds its settings.
//
// # Ownership
//
// Nothing that is passed in is kept, but for the strings.
//
// # Concurrency
//
// The functions may be called from anywhere. A [Track] is immutable and may be shared.
//
// # Errors
//
// [ErrSignature] if the text is no WebVTT at all. Everything else is left out with a warning, as the specification says.
package webvtt

import (
	"errors"
	"slices"
	"strings"

	"mseplayer/mse/media"
	"mseplayer/player/text/cue"
)

const (
	// maxCues bounds what one file may hold.
	maxCues = 200_000
	// maxRegions and maxRules bound what each cue of a file is compared with.
	maxRegions = 1000
	maxRules   = 1000
	// maxParts is into how many pieces of time a cue may be cut whose look changes while it is shown.
	maxParts = 64
)

// ErrSignature says that a text does not begin with WEBVTT.
var ErrSignature = errors.New("webvtt: the file does not begin with WEBVTT")

// Track is what all cues of a file have in common: its style sheets and regions.
type Track struct {
	rules   []rule
	regions []region
}

// NewTrack reads the header of a file, which may hold style sheets and regions. Anything that is none is an empty one.
func NewTrack(header []byte) *Track {
	f, err := parseFile(string(header))
	if err != nil {
		return &Track{}
	}
	return f.track()
}

// Cue makes the cues of one cue of the file: more than one if its look changes with time. start and end are those of
// the document.
func (t *Track) Cue(id, settings, text string, start, end media.Time, o cue.Options) []cue.Cue {
	r := raw{id: id, text: text, start: start, end: end, settings: defaultSettings()}
	r.parseSettings(settings, t.regions)
	return t.cues(nil, &r, o)
}

// Parse reads a file or a segment.
func Parse(data []byte, o cue.Options) ([]cue.Cue, []cue.Warning, error) {
	f, err := parseFile(string(data))
	if err != nil {
		return nil, nil, err
	}
	t := f.track()
	var cues []cue.Cue
	for i := range f.cues {
		cues = t.cues(cues, &f.cues[i], o)
	}
	return cues, f.warnings, nil
}

func (f *file) track() *Track {
	t := &Track{regions: f.regions}
	for _, sheet := range f.sheets {
		t.rules = append(t.rules, parseSheet(sheet)...)
		if len(t.rules) > maxRules {
			f.warnings.Add(0, "more than %d rules of style: the rest is ignored", maxRules)
			t.rules = t.rules[:maxRules]
		}
	}
	return t
}

// cues appends the cues that r becomes.
func (t *Track) cues(to []cue.Cue, r *raw, o cue.Options) []cue.Cue {
	if !(r.start < r.end) {
		return to
	}
	root := parseText(r.text, o.Language)
	if root.empty() {
		return to
	}
	var cuts []media.Time
	if slices.ContainsFunc(t.rules, func(r rule) bool { return r.timed }) {
		cuts = root.times(nil, r.start, r.end)
	}
	start := r.start
	for i := range len(cuts) + 1 {
		end := r.end
		if i < len(cuts) {
			end = cuts[i]
		}
		c := t.cue(r, root, start)
		c.Start, c.End = start, end
		if o.Place(&c) {
			to = append(to, c)
		}
		start = end
	}
	return to
}

// cue makes the cue that r is at a time.
func (t *Track) cue(r *raw, root *node, now media.Time) cue.Cue {
	c := cue.Cue{ID: r.id}
	flow := r.flow()
	c.Flow = &flow
	c.Area.Writing = r.writing
	base := initial()
	if r.region != nil {
		c.Rect = r.region.rect()
		flow.Scroll = true // with or without an animation, which there is none of
		c.Area.Writing = cue.Horizontal
		c.Area.Display = cue.End
		base = t.styleRegion(r.region, &c.Area)
	}
	block := cue.Block{Align: r.align, MultiRow: cue.Justify, Balance: true}
	t.flatten(root, r.id, now, base, &block)
	c.Blocks = []cue.Block{block}
	return c
}

// file is a parsed file.
type file struct {
	sheets   []string
	regions  []region
	cues     []raw
	warnings cue.Warnings
}

// raw is a cue as the file has it.
type raw struct {
	id         string
	start, end media.Time
	settings
	text string
}

// lines hands out the lines of a text.
type lines struct {
	rest string
	// number is that of the line handed out last, from 1.
	number int
	// ended is set when the last line has been handed out.
	ended bool
}

func (l *lines) next() string {
	l.number++
	at := strings.IndexByte(l.rest, '\n')
	if at < 0 {
		s := l.rest
		l.rest, l.ended = "", true
		return s
	}
	s := l.rest[:at]
	l.rest = l.rest[at+1:]
	return s
}

// skipEmpty goes past empty lines.
func (l *lines) skipEmpty() {
	for strings.HasPrefix(l.rest, "\n") {
		l.rest = l.rest[1:]
		l.number++
	}
}

// parseFile reads the structure of a file.
//
// WebVTT §6.1, WebVTT parser algorithm.
func parseFile(s string) (*file, error) {
	s = strings.TrimPrefix(s, "\ufeff")
	s = strings.ToValidUTF8(s, "\ufffd")
	s = newlines.Replace(s)
	if !strings.HasPrefix(s, "WEBVTT") || len(s) > 6 && !strings.ContainsRune(" \t\n", rune(s[6])) {
		return nil, ErrSignature
	}
	f := &file{}
	l := &lines{rest: s}
	l.next()
	if l.ended || l.rest == "" {
		return f, nil
	}
	seenCue := false
	if l.rest[0] != '\n' {
		f.block(l, true, &seenCue)
	} else {
		l.next()
	}
	l.skipEmpty()
	for l.rest != "" {
		f.block(l, false, &seenCue)
		l.skipEmpty()
		if len(f.cues) >= maxCues {
			f.warnings.Add(l.number, "more than %d cues: the rest is ignored", maxCues)
			break
		}
	}
	return f, nil
}

var newlines = strings.NewReplacer("\x00", "\ufffd", "\r\n", "\n", "\r", "\n")

// block reads up to the next empty line.
//
// WebVTT §6.1, collect a WebVTT block.
func (f *file) block(l *lines, inHeader bool, seenCue *bool) {
	var (
		buffer    []string
		c         *raw
		sheet     bool
		reg       bool
		seenArrow bool
		count     int
		before    = *l
		bad       = 0 // the line of times that could not be read
	)
	first := func() string {
		if len(buffer) == 0 {
			return ""
		}
		return buffer[0]
	}
	for {
		line := l.next()
		count++
		if strings.Contains(line, "-->") {
			if !inHeader && (count == 1 || count == 2 && !seenArrow) {
				seenArrow = true
				before = *l
				r := raw{id: strings.Join(buffer, "\n"), settings: defaultSettings()}
				if r.parseTimings(line, f.regions) {
					c, buffer, *seenCue = &r, nil, true
				} else {
					bad = l.number
				}
			} else {
				*l = before
				break
			}
		} else if line == "" {
			break
		} else {
			if !inHeader && count == 2 && !*seenCue {
				switch strings.TrimRight(first(), " \t\f") {
				case "STYLE":
					sheet, buffer = true, nil
				case "REGION":
					reg, buffer = true, nil
				}
			}
			buffer = append(buffer, line)
			before = *l
		}
		if l.ended {
			break
		}
	}
	text := strings.Join(buffer, "\n")
	switch {
	case c != nil:
		c.text = text
		f.cues = append(f.cues, *c)
	case bad > 0:
		f.warnings.Add(bad, "these times of a cue cannot be read")
	case sheet:
		f.sheets = append(f.sheets, text)
	case reg:
		if len(f.regions) < maxRegions {
			f.regions = append(f.regions, parseRegion(text))
		}
	}
}
