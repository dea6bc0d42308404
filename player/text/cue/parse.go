package cue

import (
	"fmt"

	"mseplayer/mse/media"
)

// Options is what a parser of subtitles is told.
type Options struct {
	// Language is the BCP 47 tag of the track: the default of Style.Language. "" is unknown.
	Language string
	// Offset is added to every time of the document.
	Offset media.Time
	// Window, unless zero, bounds the result, after Offset: cues outside of it are left out, others are cut to it.
	Window media.Range
	// Aspect is the width of the picture by its height, as it is shown, for formats that keep a shape of their own inside
	// of it; 0 is 16:9.
	Aspect float64
	// Image fetches a picture that a document names by its address. nil fetches none.
	Image func(src string) ([]byte, error)
}

// Warning is something a parser left out or repaired.
type Warning struct {
	// Line counts from 1; 0 is unknown.
	Line int
	// Text is one line.
	Text string
}

// String is "line 12: text".
func (w Warning) String() string {
	if w.Line == 0 {
		return w.Text
	}
	return fmt.Sprintf("line %d: %s", w.Line, w.Text)
}

// maxWarnings bounds Warnings.
const maxWarnings = 20

// Warnings are the first ones of a document, at most 20.
type Warnings []Warning

// Add adds one, unless there are enough.
func (w *Warnings) Add(line int, format string, args ...any) {
	if len(*w) < maxWarnings {
		*w = append(*w, Warning{Line: line, Text: fmt.Sprintf(format, args...)})
	}
}

// Place moves c by o.Offset, cuts it to o.Window and reports whether something of it is left. Start and End of c must
// be those of the document.
func (o Options) Place(c *Cue) bool {
	c.Start += o.Offset
	c.End += o.Offset
	if o.Window == (media.Range{}) {
		return true
	}
	c.Start, c.End = max(c.Start, o.Window.Start), min(c.End, o.Window.End)
	return c.Start < c.End
}
