package raster

import (
	"fmt"
	"math"
	"slices"

	"github.com/go-text/typesetting/shaping"

	"mseplayer/player/text/cue"
)

const (
	// maxSide bounds the root container in pixels.
	maxSide = 16384
	// maxScreens and maxScreenBytes bound the cache of finished screens.
	maxScreens     = 8
	maxScreenBytes = 64 << 20
	// maxBitmaps is into how many pictures a screen is split, and maxLayers how many times its size they may have
	// together. What is more becomes one picture.
	maxBitmaps = 64
	maxLayers  = 4
	// maxScale bounds the size a user may ask for.
	maxScale = 10
)

// Config says which fonts there are beside the embedded ones.
type Config struct {
	// Fonts are files of fonts (TrueType, OpenType, collections), such as those attached to a film: for text that
	// names their families, and for letters that the embedded ones lack.
	Fonts [][]byte
	// System lets families that are named and letters that are in none of the others come from the fonts of the system.
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

// check says what is wrong with the size.
func (o Options) check() error {
	if o.Width <= 0 || o.Height <= 0 || o.Width > maxSide || o.Height > maxSide {
		return fmt.Errorf("raster: %d×%d pixels cannot be drawn on: each side must be 1 to %d", o.Width, o.Height, maxSide)
	}
	if o.Scale < 0 || o.Scale > maxScale || math.IsNaN(o.Scale) {
		return fmt.Errorf("raster: scale %g is out of range: it must be 0 to %d", o.Scale, maxScale)
	}
	return nil
}

// Renderer draws cues.
type Renderer struct {
	fonts   fonts
	glyphs  glyphs
	shaper  shaping.HarfbuzzShaper
	buffer  []byte
	screens []screen // the last one used is the last
}

// screen is a finished one.
type screen struct {
	cues    []*cue.Cue
	o       Options
	bitmaps []Bitmap
	bytes   int
	// pending is set if fonts were missing that may turn up.
	pending bool
}

// New returns a Renderer. Fonts that cannot be read are left out.
func New(c Config) *Renderer {
	r := &Renderer{fonts: fonts{config: c}}
	for _, file := range c.Fonts {
		r.AddFont(file)
	}
	return r
}

// AddFont makes the fonts of a file known, as Config.Fonts does, and reports whether there is one in it. Screens drawn
// before are forgotten.
func (r *Renderer) AddFont(file []byte) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false // fonts come from anywhere, and their reader belongs to somebody else
		}
	}()
	ok = r.fonts.add(file)
	if ok {
		r.screens, r.fonts.fallback = nil, nil
	}
	return ok
}

// Pending reports whether text was drawn without the fonts of the system, because looking for them took too long: the
// same screen is worth drawing again after a while, which costs nothing until they are there.
func (r *Renderer) Pending() bool { return r.fonts.pending() }

// Missing is the first letter that was to be drawn and that no font has: there is a box in its place.
func (r *Renderer) Missing() (letter rune, ok bool) { return r.fonts.missing, r.fonts.missing != 0 }

// Draw returns the pictures of a screen on which the given cues are, in the order in which they are to be drawn. The
// same cues (the same pointers) and options give the same pictures for nothing: the caller may compare the address of
// the first element to see that nothing changed.
func (r *Renderer) Draw(cues []*cue.Cue, o Options) ([]Bitmap, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	for i := len(r.screens) - 1; i >= 0; i-- {
		if s := r.screens[i]; s.o == o && slices.Equal(s.cues, cues) {
			if s.pending && r.fonts.system.ready() {
				r.screens = slices.Delete(r.screens, i, i+1)
				break
			}
			if i != len(r.screens)-1 {
				r.screens = append(slices.Delete(r.screens, i, i+1), s)
			}
			return s.bitmaps, nil
		}
	}
	s := screen{cues: slices.Clone(cues), o: o}
	boxes := r.layout(cues, o)
	slices.SortStableFunc(boxes, func(a, b *box) int { return a.index - b.index })
	for _, b := range boxes {
		var bm Bitmap
		r.guard(func() { bm = r.drawBox(b, o) })
		if len(bm.Pix) == 0 {
			continue
		}
		s.bitmaps = append(s.bitmaps, bm)
		s.bytes += len(bm.Pix)
		if len(s.bitmaps) > maxBitmaps || s.bytes > maxLayers*4*o.Width*o.Height {
			s.bitmaps = []Bitmap{merge(s.bitmaps, o)}
			s.bytes = len(s.bitmaps[0].Pix)
		}
	}
	s.pending = r.Pending()
	r.keep(s)
	return s.bitmaps, nil
}

// merge makes one picture of many.
func merge(list []Bitmap, o Options) Bitmap {
	if first := list[0]; first.W != o.Width || first.H != o.Height {
		list = append([]Bitmap{{W: o.Width, H: o.Height, Pix: make([]byte, 4*o.Width*o.Height)}}, list...)
	}
	out := list[0]
	for _, b := range list[1:] {
		for y := range b.H {
			src := b.Pix[4*y*b.W:][:4*b.W]
			dst := out.Pix[4*((b.Y+y)*out.W+b.X):][:len(src)]
			for i := 0; i < len(src); i += 4 {
				inv := 255 - uint32(src[i+3])
				for j := range 4 {
					dst[i+j] = src[i+j] + byte((uint32(dst[i+j])*inv+127)/255)
				}
			}
		}
	}
	return out
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

// guard calls f. Fonts come from anywhere, and their reader belongs to somebody else: a font that it chokes on takes its
// cue with it, and nothing more.
func (r *Renderer) guard(f func()) {
	if len(r.fonts.given) > 0 || r.fonts.config.System {
		defer func() { _ = recover() }()
	}
	f()
}
