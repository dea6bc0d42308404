package render

import (
	"fmt"
	"image"
	"strconv"
	"strings"

	"github.com/hajimehoshi/ebiten/v2"

	"mseplayer/assets"
	"mseplayer/player/frame"
	"mseplayer/render/yuv"
)

// maxTextureSets is how many sets of textures are kept: enough to switch between two renditions without making new
// ones each time.
const maxTextureSets = 2

// textureKey says what fits into a set of textures.
type textureKey struct {
	format        frame.PixelFormat
	width, height int                      // chroma planes
	packing       [3]struct{ w, rows int } // texels
}

// textures are the GPU's copy of one picture.
type textures struct {
	key    textureKey
	plane  [3]*ebiten.Image
	chroma *ebiten.Image // nil for formats without chroma
	// staging holds rows that cannot be taken from the decoder's memory; nil while that has not happened.
	staging []byte
}

// drawing says how pictures are drawn; each has a shader of its own.
type drawing struct {
	twoBytes, constant, cones, dither bool
	light                             yuv.Light
	exact                             bool // sample for pixel
	filter                            yuv.Filter
}

// surface shows pictures. The zero value is not usable; see newSurface.
type surface struct {
	filter yuv.Filter // set before the first picture

	chroma, chroma16, exact, scale *ebiten.Shader
	// others are the shaders of unusual pictures, made when the first such picture is drawn.
	others map[drawing]*ebiten.Shader

	sets [maxTextureSets]*textures // the most recently used first
	// made counts the textures created, for tests.
	made int

	shown   *textures // nil before the first picture
	crop    frame.Rect
	upright bool // neither turned nor mirrored
	drawing drawing
	corners [4][2]float32
	width   int // of the display, in square pixels
	height  int

	// What the draw calls are given, kept to allocate nothing.
	uniforms       map[string]any
	rows           [3][]float32
	siting, bounds []float32
	luma           []float32
	gamut          [3][]float32
	curve          []float32
	weights        []float32
	divisors       []float32
	vertices       [4]ebiten.Vertex
	options        ebiten.DrawTrianglesShaderOptions
}

var quadIndices = []uint16{0, 1, 2, 1, 3, 2}

func newSurface() (*surface, error) {
	s := &surface{siting: make([]float32, 4), bounds: make([]float32, 4), luma: make([]float32, 4), curve: make([]float32, 4),
		weights: make([]float32, 2), divisors: make([]float32, 4), others: map[drawing]*ebiten.Shader{}}
	for _, p := range []struct {
		to   **ebiten.Shader
		name string
		src  []byte
	}{{&s.chroma, "chroma", assets.Chroma}, {&s.chroma16, "chroma16", assets.Chroma16}, {&s.exact, "exact", assets.Exact}, {&s.scale, "scale", assets.Scale}} {
		sh, err := ebiten.NewShader(p.src)
		if err != nil {
			return nil, fmt.Errorf("render: shader %s: %w", p.name, err)
		}
		*p.to = sh
	}
	for i := range s.rows {
		s.rows[i] = make([]float32, 4)
		s.gamut[i] = make([]float32, 3)
	}
	s.uniforms = map[string]any{"RowR": s.rows[0], "RowG": s.rows[1], "RowB": s.rows[2],
		"Siting": s.siting, "Chroma": s.bounds, "Luma": s.luma,
		"GamutR": s.gamut[0], "GamutG": s.gamut[1], "GamutB": s.gamut[2], "Curve": s.curve, "Lift": float32(0),
		"Weights": s.weights, "Divisors": s.divisors, "ConesR": yuv.Cones[0][:], "ConesG": yuv.Cones[1][:], "ConesB": yuv.Cones[2][:]}
	s.options.Blend = ebiten.BlendCopy
	return s, nil
}

// upload makes v the picture that draw shows. It copies what it needs; v may be released afterwards. On error the
// picture before stays. It must be called while a frame is drawn, before anything is drawn in it.
func (s *surface) upload(v *frame.Video) error {
	if err := yuv.Check(v); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	planes := v.Format.PlaneCount()
	var packing [3]yuv.Packing
	key := textureKey{format: v.Format}
	for i := range planes {
		p := yuv.PackingOf(v, i)
		if m := ebiten.MaxImageSize(); p.Width > m || p.Rows > m {
			return fmt.Errorf("render: plane of %d rows of %d bytes: the graphics hardware holds %d rows of %d", p.Rows, p.Width*yuv.BytesPerTexel, m, m*yuv.BytesPerTexel)
		}
		packing[i] = p
		key.packing[i].w, key.packing[i].rows = p.Width, p.Rows
	}
	if planes > 1 {
		key.width, key.height = v.Format.PlaneSize(1, v.Width, v.Height)
	}

	t := s.set(key)
	for i := range planes {
		t.write(i, v.Plane[i].Data, v.Plane[i].Stride, packing[i])
	}
	if t.chroma != nil {
		s.spreadChroma(t)
	}
	s.describe(v)
	s.shown = t
	return nil
}

// set returns the textures for key, making or replacing some when there are none.
func (s *surface) set(key textureKey) *textures {
	for i, t := range s.sets {
		if t != nil && t.key == key {
			copy(s.sets[1:], s.sets[:i])
			s.sets[0] = t
			return t
		}
	}
	if old := s.sets[maxTextureSets-1]; old != nil {
		old.free()
	}
	t := &textures{key: key}
	for i, p := range key.packing {
		if p.rows > 0 {
			t.plane[i] = s.texture(p.w, p.rows)
		}
	}
	if key.width > 0 {
		t.chroma = s.texture(key.width, key.height)
	}
	copy(s.sets[1:], s.sets[:maxTextureSets-1])
	s.sets[0] = t
	return t
}

func (s *surface) texture(w, h int) *ebiten.Image {
	s.made++
	return ebiten.NewImageWithOptions(image.Rect(0, 0, w, h), &ebiten.NewImageOptions{Unmanaged: true})
}

func (t *textures) free() {
	for _, p := range t.plane {
		if p != nil {
			p.Deallocate()
		}
	}
	if t.chroma != nil {
		t.chroma.Deallocate()
	}
}

// write fills plane i.
func (t *textures) write(i int, data []byte, strideBytes int, p yuv.Packing) {
	const texel = yuv.BytesPerTexel
	row := texel * p.Width
	if p.Whole == p.Rows {
		t.plane[i].WritePixels(data[:row*p.Rows])
		return
	}
	rest := p.Rows - p.Whole
	if cap(t.staging) < row*rest {
		t.staging = make([]byte, row*rest)
	}
	b := t.staging[:row*rest]
	for y := range rest {
		src := data[(p.Whole+y)*strideBytes:]
		copy(b[y*row:(y+1)*row], src[:min(len(src), strideBytes)])
	}
	if p.Whole > 0 {
		top := t.plane[i].SubImage(image.Rect(0, 0, p.Width, p.Whole)).(*ebiten.Image)
		top.WritePixels(data[:row*p.Whole])
	}
	bottom := t.plane[i].SubImage(image.Rect(0, p.Whole, p.Width, p.Rows)).(*ebiten.Image)
	bottom.WritePixels(b)
}

// spreadChroma runs the chroma shader over both planes.
func (s *surface) spreadChroma(t *textures) {
	w, h := float32(t.key.width), float32(t.key.height)
	s.quad(0, 0, w, h, [4][2]float32{{0, 0}, {w, 0}, {0, h}, {w, h}})
	s.options.Images = [4]*ebiten.Image{t.plane[1], t.plane[2]}
	s.options.Uniforms = nil
	shader := s.chroma
	if t.key.format.BytesPerSample() > 1 {
		shader = s.chroma16
	}
	t.chroma.DrawTrianglesShader(s.vertices[:], quadIndices, shader, &s.options)
}

// describe takes over what the shaders must know about a picture.
func (s *surface) describe(v *frame.Video) {
	s.crop, s.upright = v.Crop, v.Rotation == 0 && !v.Mirror
	s.corners = yuv.Corners(v)
	s.width, s.height = v.DisplaySize()
	m := yuv.ConversionOf(v)
	for i := range 3 {
		copy(s.rows[i], m.Matrix[i][:])
		copy(s.gamut[i], m.Gamut[i][:])
	}
	s.drawing = drawing{twoBytes: v.Format.BytesPerSample() > 1, constant: m.Constant, cones: m.Cones, dither: m.Dither, light: m.Light, filter: s.filter}
	if c := m.Curve; s.drawing.light != yuv.Direct {
		copy(s.curve, []float32{c.Low, c.Span, c.Knee, c.Top})
		s.uniforms["Lift"] = c.Lift
	}
	if n := m.Luminance; m.Constant {
		copy(s.weights, []float32{n.Kr, n.Kb})
		copy(s.divisors, []float32{n.NB, n.PB, n.NR, n.PR})
	}
	at := yuv.SitingOf(v.Format, v.Color.Siting)
	copy(s.siting, []float32{at.Scale[0], at.Scale[1], at.Bias[0], at.Bias[1]})
	x0, y0, x1, y1 := yuv.ChromaCrop(v)
	copy(s.bounds, []float32{float32(x0), float32(y0), float32(x1), float32(y1)})
	c := v.Crop
	copy(s.luma, []float32{float32(c.X), float32(c.Y), float32(c.X + c.W - 1), float32(c.Y + c.H - 1)})
}

// shaderTarget is what a picture is drawn on: an image or the final screen.
type shaderTarget interface {
	DrawTrianglesShader(vertices []ebiten.Vertex, indices []uint16, shader *ebiten.Shader, options *ebiten.DrawTrianglesShaderOptions)
}

// draw shows the picture as large as it fits into the view, in the middle; it leaves the rest alone. Drawing again
// gives the same.
func (s *surface) draw(dst shaderTarget, viewW, viewH int) {
	if s.shown == nil {
		return
	}
	r := yuv.Fit(viewW, viewH, s.width, s.height)
	if r.Empty() {
		return
	}
	d := s.drawing
	d.exact = s.upright && r.Dx() == s.crop.W && r.Dy() == s.crop.H
	shader := s.shader(d)
	s.quad(float32(r.Min.X), float32(r.Min.Y), float32(r.Max.X), float32(r.Max.Y), s.corners)
	s.options.Images = [4]*ebiten.Image{s.shown.plane[0], s.shown.chroma}
	s.options.Uniforms = s.uniforms
	dst.DrawTrianglesShader(s.vertices[:], quadIndices, shader, &s.options)
}

// shader returns the shader for pictures that are drawn that way.
func (s *surface) shader(d drawing) *ebiten.Shader {
	if d.exact {
		d.filter = yuv.Bilinear
	}
	switch d {
	case drawing{exact: true}:
		return s.exact
	case drawing{}:
		return s.scale
	}
	sh := s.others[d]
	if sh == nil {
		var err error
		if sh, err = ebiten.NewShader(assets.Picture(declarations(), d.parts()...)); err != nil {
			panic(fmt.Sprintf("render: shader for %+v: %v", d, err)) // all of them are tested
		}
		s.others[d] = sh
	}
	return sh
}

// parts names the pieces that a shader is put together from.
func (d drawing) parts() []string {
	p := []string{"bytes1", d.filter.String(), "matrix"}
	if d.twoBytes {
		p[0] = "bytes2"
	}
	if d.exact {
		p[1] = "exact"
	}
	if d.constant {
		p[2] = "constant"
	}
	mixed := "unmixed"
	if d.cones {
		mixed = "cones"
	}
	switch d.light {
	case yuv.Direct:
		p = append(p, "direct")
	case yuv.Wide:
		p = append(p, "gamut", "wide")
	case yuv.PQ:
		p = append(p, "gamut", "tone", mixed, "pq")
	case yuv.HLG:
		p = append(p, "gamut", "tone", mixed, "hlg")
	}
	if d.dither {
		return append(p, "dither")
	}
	return append(p, "nearest")
}

// declarations are the constants that the pieces use.
func declarations() string {
	var b strings.Builder
	for _, c := range yuv.Constants() {
		v := strconv.FormatFloat(c.Value, 'f', -1, 64)
		if !strings.Contains(v, ".") {
			v += ".0"
		}
		b.WriteString("const " + c.Name + " = " + v + "\n")
	}
	return b.String()
}

func (s *surface) quad(x0, y0, x1, y1 float32, src [4][2]float32) {
	s.vertices = [4]ebiten.Vertex{{DstX: x0, DstY: y0}, {DstX: x1, DstY: y0}, {DstX: x0, DstY: y1}, {DstX: x1, DstY: y1}}
	for i := range s.vertices {
		s.vertices[i].SrcX, s.vertices[i].SrcY = src[i][0], src[i][1]
	}
}
