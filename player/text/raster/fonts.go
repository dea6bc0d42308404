package raster

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-text/typesetting/font"
	ot "github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/fontscan"
	"github.com/go-text/typesetting/language"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/gomonobolditalic"
	"golang.org/x/image/font/gofont/gomonoitalic"
	"golang.org/x/image/font/gofont/goregular"

	"mseplayer/player/text/cue"
)

const (
	// maxFonts bounds the files of Config and of AddFont.
	maxFonts = 256
	// scanPatience is how long Draw waits for the fonts of the system. The scan goes on, and the next screen has them.
	scanPatience = 3 * time.Second
	// namePatience is the same for a font that text names, without which it can be read as well.
	namePatience = 200 * time.Millisecond
	// maxNamed bounds the memory of which families are installed.
	maxNamed = 256
	// maxFallbacks bounds the memory of which font has which letter.
	maxFallbacks = 10_000
)

// typeface is a face that may be asked for by name.
type typeface struct {
	face         *font.Face
	family       string
	bold, italic bool
}

// fonts finds the face for a letter.
type fonts struct {
	config   Config
	given    []typeface
	embedded [8]*font.Face // by style
	system   *systemFonts
	fallback map[fallbackKey]*font.Face
	named    map[nameKey]*font.Face // of the system, by the family asked for; nil is none
	aspects  map[*font.Face]font.Aspect
	missing  rune // the first letter that no font has; 0 for none
}

type fallbackKey struct {
	r            rune
	bold, italic bool
	script       language.Script
}

type nameKey struct {
	family       string
	bold, italic bool
}

// embeddedFiles are Go's fonts, which have Latin, Greek and Cyrillic: regular, bold, italic and both, then of one width.
var embeddedFiles = [8][]byte{
	goregular.TTF, gobold.TTF, goitalic.TTF, gobolditalic.TTF,
	gomono.TTF, gomonobold.TTF, gomonoitalic.TTF, gomonobolditalic.TTF,
}

// add takes a file, and reports whether there is a font in it.
func (f *fonts) add(file []byte) bool {
	if !whole(file) {
		return false
	}
	faces, err := font.ParseTTC(bytes.NewReader(file))
	if err != nil {
		return false
	}
	ok := false
	for _, face := range faces {
		if len(f.given) >= maxFonts {
			break
		}
		if !usable(face) {
			continue
		}
		d := face.Describe()
		f.given = append(f.given, typeface{
			face: face, family: normal(d.Family),
			bold: d.Aspect.Weight >= font.WeightSemibold, italic: d.Aspect.Style == font.StyleItalic,
		})
		ok = true
	}
	return ok
}

// whole tells whether all tables of a font, or of each font of a collection, lie inside of the file. Their reader makes
// room for what they say they have before it looks.
func whole(file []byte) bool {
	at := func(i uint64) uint64 {
		if i+4 > uint64(len(file)) {
			return math.MaxUint32
		}
		return uint64(binary.BigEndian.Uint32(file[i:]))
	}
	fonts := []uint64{0}
	if bytes.HasPrefix(file, []byte("ttcf")) {
		n := at(8)
		if n > maxFonts {
			return false
		}
		fonts = fonts[:0]
		for i := range n {
			fonts = append(fonts, at(12+4*i))
		}
	}
	for _, font := range fonts {
		switch at(font) {
		case 0x00010000, 0x4f54544f, 0x74727565: // TrueType, "OTTO", "true"
		default:
			return false
		}
		for i := range at(font+4) >> 16 {
			record := font + 12 + 16*i
			if at(record+8)+at(record+12) > uint64(len(file)) {
				return false
			}
		}
	}
	return true
}

// usable tells whether a face has what the layout divides by.
func usable(face *font.Face) bool { return face.Upem() > 0 }

// normal is a family's name as it is compared.
func normal(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// embeddedFace is one of Go's.
func (f *fonts) embeddedFace(mono, bold, italic bool) *font.Face {
	i := 0
	if bold {
		i |= 1
	}
	if italic {
		i |= 2
	}
	if mono {
		i |= 4
	}
	if f.embedded[i] == nil {
		face, err := font.ParseTTF(bytes.NewReader(embeddedFiles[i]))
		if err != nil {
			panic("raster: an embedded font is broken: " + err.Error())
		}
		f.embedded[i] = face
	}
	return f.embedded[i]
}

// monospaced tells whether a family is a generic one of one width, in the words of CSS and of TTML.
func monospaced(family string) bool {
	switch family {
	case "monospace", "monospaceserif", "monospacesansserif":
		return true
	}
	return strings.Contains(family, "courier") || strings.Contains(family, "mono")
}

// generic tells whether a family stands for a kind of fonts, in the words of CSS and of TTML. Those are the embedded ones.
func generic(family string) bool {
	switch family {
	case "default", "serif", "sansserif", "sans-serif", "proportionalserif", "proportionalsansserif", "monospace", "monospaceserif",
		"monospacesansserif", "cursive", "fantasy", "system-ui":
		return true
	}
	return false
}

// alike are families whose letters are as wide as those of another one, which take its place where it is not installed.
var alike = map[string][]string{
	"arial":           {"liberation sans", "arimo", "helvetica"},
	"helvetica":       {"liberation sans", "arimo", "arial"},
	"times new roman": {"liberation serif", "tinos", "times"},
	"times":           {"liberation serif", "tinos", "times new roman"},
	"courier new":     {"liberation mono", "cousine", "courier"},
	"courier":         {"liberation mono", "cousine", "courier new"},
	"calibri":         {"carlito"},
	"cambria":         {"caladea"},
	"georgia":         {"gelasio"},
}

// first is the face that s asks for: of the fonts given, else of those of the system, else an embedded one.
func (f *fonts) first(s *cue.Style) *font.Face {
	for _, family := range s.Families {
		if family = normal(family); family == "" {
			continue
		}
		best, score := -1, -1
		for i, t := range f.given {
			if t.family != family {
				continue
			}
			n := 0
			if t.bold == s.Bold {
				n++
			}
			if t.italic == s.Italic {
				n++
			}
			if n > score {
				best, score = i, n
			}
		}
		if best >= 0 {
			return f.given[best].face
		}
		if face := f.installed(family, s); face != nil {
			return face
		}
		if monospaced(family) {
			return f.embeddedFace(true, s.Bold, s.Italic)
		}
		if generic(family) {
			break
		}
	}
	return f.embeddedFace(false, s.Bold, s.Italic)
}

// installed is the face of a family of the system, or of one like it; nil if there is none, or not yet.
func (f *fonts) installed(family string, s *cue.Style) *font.Face {
	if !f.config.System || generic(family) {
		return nil
	}
	key := nameKey{family, s.Bold, s.Italic}
	if face, ok := f.named[key]; ok {
		return face
	}
	m, known := f.scanned(namePatience)
	if !known {
		return nil
	}
	face := exact(m, family, s)
	for _, other := range alike[family] {
		if face != nil {
			break
		}
		face = exact(m, other, s)
	}
	if f.named == nil || len(f.named) >= maxNamed {
		f.named = map[nameKey]*font.Face{}
	}
	f.named[key] = face
	return face
}

// exact is the face of the family of that name, if there is one that can be drawn.
func exact(m *fontscan.FontMap, family string, s *cue.Style) *font.Face {
	if m == nil {
		return nil
	}
	m.SetQuery(fontscan.Query{Families: []string{family}, Aspect: aspectOf(s)})
	m.SetScript(language.Latin)
	face := m.ResolveFace(' ')
	if face == nil || !usable(face) {
		return nil
	}
	if name, _ := m.FontMetadata(face.Font); name != font.NormalizeFamily(family) {
		return nil // another one stands in
	}
	if !drawable(face) {
		return nil
	}
	return face
}

// drawable tells whether letters of a face are outlines, not pictures.
func drawable(face *font.Face) bool {
	const tried = 100 // the first ones may be blanks
	for i, runes := 0, face.Cmap.Iter(); i < tried && runes.Next(); i++ {
		_, gid := runes.Char()
		if len(outline(face, gid)) > 0 {
			return true
		}
	}
	return false
}

// aspectOf is what s asks of a font.
func aspectOf(s *cue.Style) font.Aspect {
	aspect := font.Aspect{Style: font.StyleNormal, Weight: font.WeightNormal, Stretch: font.StretchNormal}
	if s.Bold {
		aspect.Weight = font.WeightBold
	}
	if s.Italic {
		aspect.Style = font.StyleItalic
	}
	return aspect
}

// scanned are the fonts of the system, nil if there are none; known is false while nobody knows.
func (f *fonts) scanned(patience time.Duration) (m *fontscan.FontMap, known bool) {
	if f.system == nil {
		f.system = startScan(f.config.CacheDir)
	}
	m = f.system.wait(patience)
	return m, f.system.used
}

// has tells whether a face has a letter. Letters that are not drawn are in every face.
func has(face *font.Face, r rune) bool {
	if invisible(r) {
		return true
	}
	_, ok := face.NominalGlyph(r)
	return ok
}

// invisible tells whether a character only steers the others.
func invisible(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0, r == 0xad, r == 0x34f, r == 0x61c, r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e,
		r >= 0x2060 && r <= 0x206f, r == 0xfeff, r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0100 && r <= 0xe01ef:
		return true
	}
	return false
}

// find is a face that has r, other than the first one; nil if there is none.
func (f *fonts) find(r rune, s *cue.Style, script language.Script) *font.Face {
	key := fallbackKey{r, s.Bold, s.Italic, script}
	if face, ok := f.fallback[key]; ok {
		return face
	}
	face, final := f.search(r, s, script)
	if !final {
		return face
	}
	if face == nil && f.missing == 0 {
		f.missing = r
	}
	if f.fallback == nil || len(f.fallback) >= maxFallbacks {
		f.fallback = map[fallbackKey]*font.Face{}
	}
	f.fallback[key] = face
	return face
}

// search does the work of find; final is false while the system's fonts are not known yet.
func (f *fonts) search(r rune, s *cue.Style, script language.Script) (face *font.Face, final bool) {
	if face := f.embeddedFace(false, s.Bold, s.Italic); has(face, r) {
		return face, true
	}
	for _, wantStyle := range []bool{true, false} {
		for _, t := range f.given {
			if has(t.face, r) && (!wantStyle || t.bold == s.Bold && t.italic == s.Italic) {
				return t.face, true
			}
		}
	}
	if !f.config.System {
		return nil, true
	}
	m, known := f.scanned(scanPatience)
	if m == nil {
		return nil, known
	}
	m.SetQuery(fontscan.Query{Families: []string{fontscan.SansSerif}, Aspect: aspectOf(s)})
	m.SetScript(script)
	found := m.ResolveFace(r)
	if found == nil || !usable(found) {
		return nil, true
	}
	gid, ok := found.NominalGlyph(r)
	if !ok {
		return nil, true
	}
	if _, outline := found.GlyphData(gid).(font.GlyphOutline); !outline {
		return nil, true // pictures of letters are not drawn
	}
	return found, true
}

// pending tells whether text was drawn without the fonts of the system, which nobody has looked at yet.
func (f *fonts) pending() bool { return f.system != nil && f.system.late && !f.system.used }

// systemFonts are the fonts of the system, once they are known.
type systemFonts struct {
	done chan struct{}
	m    *fontscan.FontMap // nil if there is none; written before done is closed
	used bool              // someone has waited to the end
	late bool              // someone gave up waiting
}

// startScan looks for the fonts of the system in a goroutine that ends by itself: what it does cannot be interrupted.
func startScan(cacheDir string) *systemFonts {
	s := &systemFonts{done: make(chan struct{})}
	go func() {
		defer close(s.done)
		if cacheDir == "" {
			cacheDir = defaultCacheDir()
		}
		m := fontscan.NewFontMap(quiet{})
		if err := m.UseSystemFonts(cacheDir); err != nil {
			return // a system without fonts
		}
		s.m = m
	}()
	return s
}

func defaultCacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return os.TempDir()
	}
	return filepath.Join(dir, "mseplayer")
}

// wait returns the fonts, or nil if they do not turn up in time or there are none. Only the first one waits.
func (s *systemFonts) wait(patience time.Duration) *fontscan.FontMap {
	if s.used {
		return s.m
	}
	if s.late {
		patience = 0
	}
	select {
	case <-s.done:
		s.used = true
		return s.m
	default:
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-s.done:
		s.used = true
		return s.m
	case <-t.C:
		s.late = true
		return nil
	}
}

// ready tells whether the scan has ended.
func (s *systemFonts) ready() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// quiet drops what a scan has to say about broken fonts.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// extents are those of a face in pixels of a size: above and below the baseline, and the gap between lines.
func extents(face *font.Face, size float64) (ascent, descent, gap float64) {
	e, ok := face.FontHExtents()
	k := size / float64(face.Upem())
	if !ok || e.Ascender-e.Descender <= 0 {
		return size * 0.8, size * 0.2, 0
	}
	return float64(e.Ascender) * k, float64(-e.Descender) * k, max(0, float64(e.LineGap)*k)
}

// outline is the shape of a glyph in font units.
func outline(face *font.Face, gid font.GID) []ot.Segment {
	switch d := face.GlyphData(gid).(type) {
	case font.GlyphOutline:
		return d.Segments
	case font.GlyphSVG:
		return d.Outline.Segments
	case font.GlyphBitmap:
		if d.Outline != nil {
			return d.Outline.Segments
		}
	}
	return nil
}

// aspect tells how bold and how slanted the letters of a face are.
func (f *fonts) aspect(face *font.Face) font.Aspect {
	a, ok := f.aspects[face]
	if !ok {
		if f.aspects == nil || len(f.aspects) > maxFallbacks {
			f.aspects = map[*font.Face]font.Aspect{}
		}
		a = face.Describe().Aspect
		f.aspects[face] = a
	}
	return a
}
