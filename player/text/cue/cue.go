// Package cue is the vocabulary of subtitles: what a parser of any subtitle format puts out and what the layout draws.
//
// # Model
//
// A [Cue] is on the screen during [Start, End). It is either text, as [Block]s of [Span]s inside a rectangle, or a
// picture. Lengths are fractions of the root container, which is the area of the picture unless a format says
// otherwise: horizontal ones of its width, vertical ones of its height, sizes of type of its height. So a cue does not
// depend on the size of the window. A format that composes a screen from several regions (IMSC) puts out one cue for
// each region and each interval in which nothing changes.
//
// # Concurrency
//
// Cues are immutable once a parser has handed them out.
//
// # Errors
//
// None.
package cue

import "mseplayer/mse/media"

// Cue is one thing to show.
type Cue struct {
	ID         string
	Start, End media.Time
	// Layer orders cues that lie over each other: higher ones are drawn later; equal ones in their order.
	Layer int
	// Forced cues are shown even if subtitles of their track are otherwise off: signs in a foreign language.
	Forced bool
	// Rect is where a cue without Flow lies, and the container of a cue with Flow. The zero value is the whole root
	// container.
	Rect Rect
	// Flow is set for cues that find their own place inside Rect, as WebVTT's do, and keep out of each other's way.
	Flow *Flow
	// Area paints and arranges Rect.
	Area Area
	// Blocks are stacked along the block direction of Area.Writing.
	Blocks []Block
	// Image is set instead of Blocks: it is stretched over Rect.
	Image *Image
}

// Rect is a rectangle in fractions of the root container.
type Rect struct{ X, Y, W, H float64 }

// Writing is the direction of lines and of the stack of lines.
type Writing uint8

// The writing modes: lines from top to bottom; vertical lines from right to left; vertical lines from left to right.
const (
	Horizontal Writing = iota
	VerticalRL
	VerticalLR
)

// Align is where something lies along an axis.
type Align uint8

// The alignments. Start and End follow the direction of the text, Left and Right do not.
const (
	Start Align = iota
	Center
	End
	Left
	Right
	Justify
)

// Area is how a rectangle is painted and how the blocks lie in it.
type Area struct {
	Writing Writing
	// RightToLeft is the base direction where a block does not tell its own.
	RightToLeft bool
	// Display is where the stack of blocks lies along the block axis: Start is the top of horizontal text.
	Display Align
	// Background is painted over the rectangle. A parser that wants an empty painted area hands out a cue without
	// blocks.
	Background Color
	// Padding: before, end, after, start edges, in fractions like other lengths.
	Padding [4]float64
	// Overflow draws what does not fit outside of the rectangle; otherwise it is cut off.
	Overflow bool
	// Transparency applies to everything in the area: 0 is opaque, 1 cannot be seen.
	Transparency float64
}

// Flow is the place of a WebVTT cue.
//
// WebVTT §3.1 (cue box), §7.2 (processing cue settings).
type Flow struct {
	// Line is a line number (with Snap; negative ones count from the end) or a fraction along the block axis. NaN is
	// auto.
	Line float64
	Snap bool
	// LineAlign says which edge of the box is at Line.
	LineAlign Align
	// Position is a fraction along the inline axis; NaN is auto. PositionAlign says which edge or the center is there;
	// Justify is auto.
	Position      float64
	PositionAlign Align
	// Size is the extent along the inline axis.
	Size float64
	// Scroll is set for cues of a region: they stack at the end of Rect in order of appearance, and what does not fit is
	// cut off at its top. Without it, Rect is what Line and Position are relative to.
	Scroll bool
}

// Block is one paragraph.
type Block struct {
	Align Align
	// MultiRow aligns the lines of a block as a group (IMSC ebutts:multiRowAlign); Justify is none.
	MultiRow Align
	// Direction: see Direction.
	Direction Direction
	// LineHeight is a fraction of the height of the root container; 0 is the normal height of the font.
	LineHeight float64
	// Size is that of the paragraph's own type, as a fraction of the height of the root container: no line is lower than
	// one with text of it. 0 is the size of the text in the line.
	Size float64
	// Reserve is the size of ruby for which every line has room, before and behind it, as a fraction of the height; 0 is
	// none. ReserveOutside has it only before the first line and behind the ones after it.
	Reserve        [2]float64
	ReserveOutside bool
	// Balance makes the lines of a wrapped paragraph about equally long, without more of them (text-wrap: balance).
	Balance bool
	// NoWrap keeps lines as they are; Preserve keeps white space.
	NoWrap, Preserve bool
	Background       Color
	// LinePadding is the room before and behind each line that takes the color of the text's background
	// (ebutts:linePadding), as a fraction of the height of the root container.
	LinePadding float64
	// FillLineGap extends the background of text over the gap between lines (itts:fillLineGap).
	FillLineGap bool
	Spans       []Span
}

// Direction is the paragraph direction.
type Direction uint8

// The directions: by the first strong character; left to right; right to left.
const (
	Auto Direction = iota
	LTR
	RTL
)

// Span is text of one style. A line feed in Text is a forced line break.
type Span struct {
	Text  string
	Style Style
	// Ruby is the annotation of this text, if any.
	Ruby *Ruby
}

// Ruby is a small text beside its base.
type Ruby struct {
	Text  string
	Style Style
	// After puts it below horizontal text, or to the left of vertical text, instead of above or to the right.
	After bool
	Align Align
	// Other is one more on the other side, if any. It has no Other.
	Other *Ruby
}

// Style is how text looks. The zero value is the player's own choice everywhere.
type Style struct {
	// Families are names in order of preference, generic ones (default, sansSerif, monospaceSerif, ...) as in TTML.
	Families []string
	// Size is the height of type as a fraction of the height of the root container; 0 is the default, 0.05 for WebVTT.
	Size float64
	// Stretch is the width of the type relative to its height; 0 is 1.
	Stretch float64
	// Shear moves the tops of letters along the line, by that much of their height; it may be negative.
	Shear float64
	// Spacing is the room behind each letter, as a fraction of the height of the root container. It may be negative.
	Spacing float64
	// Color and Background; a zero Color is the default (white; none).
	Color, Background Color
	// Margin is how far Background reaches beyond the text at all of its sides, as a fraction of the height.
	Margin                  float64
	Bold, Italic, Underline bool
	Strike, Overline        bool
	Outline                 float64 // thickness, as a fraction of the height of the root container
	OutlineColor            Color
	Shadows                 []Shadow
	// Transparency: 0 is opaque.
	Transparency float64
	// Hidden text takes room but is not drawn (tts:visibility).
	Hidden bool
	// Override forces Direction for the characters of the span (unicode-bidi: bidi-override), Embed isolates it.
	Override, Embed bool
	Direction       Direction
	// Combine sets the span upright in one cell of vertical text (tts:textCombine).
	Combine bool
	// Emphasis marks each character (tts:textEmphasis): the mark, or "".
	Emphasis      string
	EmphasisColor Color
	EmphasisAfter bool
	// Language is a BCP 47 tag, for the choice of a font; "" is unknown.
	Language string
}

// Shadow is one shadow of text: the offset and the radius of its blur, in fractions of the height.
type Shadow struct {
	X, Y, Blur float64
	Color      Color
}

// Color is sRGB, not premultiplied.
type Color struct{ R, G, B, A uint8 }

// Explicit is c, unless it is the zero value, which stands for a default: then it is another colour that cannot be seen.
func (c Color) Explicit() Color {
	if c == (Color{}) {
		return Color{B: 1}
	}
	return c
}

// Image is a bitmap: Width × Height pixels of R, G, B, A, not premultiplied.
type Image struct {
	Width, Height int
	// Pixels is nil once they are packed; see Pack.
	Pixels []byte
	packed []byte
	// Canvas is the width by the height, in square pixels, of what Rect is a part of. It may be larger than a film whose
	// bars have been cut off since. 0 is the root container, whatever its shape.
	Canvas float64
}
