package raster

import (
	"fmt"
	"slices"

	"mseplayer/player/text/cue"
)

const (
	// maxSide bounds the root container in pixels.
	maxSide = 16384
	// maxScreens and maxScreenBytes bound the cache of finished screens.
	maxScreens     = 8
	maxScreenBytes = 64 << 20
)

// Config says which fonts there are beside the embedded ones.
type Config struct {
	// Fonts are files of fonts (TrueType, OpenType, collections), such as those attached to a film. They come first.
	Fonts [][]byte
	// System lets glyphs that are in none of the others come from the fonts of the system.
	System bool
	// CacheDir keeps the index of the system's fonts from one start to the next; "" is the user's cache folder.
	CacheDir string
}

// Options is what a screen depends on besides its cues.
type Options struct {
	// Width and Height are those of the root container, in pixels.
	Width, Height int
	// Scale multiplies the size of type; 0 is 1.
	Scale float64
}

// Bitmap is a picture to be put over the root container.
type Bitmap struct {
	X, Y, W, H int
	// Pix is premultiplied R, G, B, A; rows are 4 × W bytes.
	Pix []byte
}

// Renderer draws cues.
type Renderer struct {
	config  Config
	screens []screen // the last one used is the last
}

// screen is a finished one.
type screen struct {
	cues    []*cue.Cue
	o       Options
	bitmaps []Bitmap
	bytes   int
}

// New returns a Renderer. It does nothing yet but to take note of the configuration.
func New(c Config) *Renderer { return &Renderer{config: c} }

// Draw returns the pictures of a screen on which the given cues are, in the order in which they are to be drawn. The
// same cues (the same pointers) and options give the same pictures for nothing: the caller may compare the address of
// the first element to see that nothing changed.
func (r *Renderer) Draw(cues []*cue.Cue, o Options) ([]Bitmap, error) {
	if o.Width <= 0 || o.Height <= 0 || o.Width > maxSide || o.Height > maxSide {
		return nil, fmt.Errorf("raster: %d×%d pixels cannot be drawn on", o.Width, o.Height)
	}
	for i := len(r.screens) - 1; i >= 0; i-- {
		if s := r.screens[i]; s.o == o && slices.Equal(s.cues, cues) {
			if i != len(r.screens)-1 {
				r.screens = append(slices.Delete(r.screens, i, i+1), s)
			}
			return s.bitmaps, nil
		}
	}
	s := screen{cues: slices.Clone(cues), o: o}
	for _, b := range s.bitmaps {
		s.bytes += len(b.Pix)
	}
	r.keep(s)
	return s.bitmaps, nil
}

// keep puts s into the cache and lets the oldest go.
func (r *Renderer) keep(s screen) {
	r.screens = append(r.screens, s)
	total := 0
	for i := len(r.screens) - 1; i >= 0; i-- {
		total += r.screens[i].bytes
		if len(r.screens)-i > maxScreens || total > maxScreenBytes && i < len(r.screens)-1 {
			r.screens = slices.Delete(r.screens, 0, i+1)
			return
		}
	}
}
