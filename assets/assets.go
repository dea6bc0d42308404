// Package assets holds what the window needs besides code: shader sources and the icon.
//
// # Ownership
//
// The slices are part of the program's image; nobody writes to them.
//
// # Concurrency
//
// Read only.
//
// # Errors
//
// None: what is missing fails the build or panics in every test that draws.
package assets

import (
	"bytes"
	"embed"
)

// The Kage sources of the video surface. Chroma and Chroma16 prepare the chroma planes of each new picture, of one byte
// a sample and of two; Exact and Scale draw the usual one, 8 bits a sample with nothing but a matrix, at its own size or
// at any other.
var (
	//go:embed chroma.kage
	Chroma []byte
	//go:embed chroma16.kage
	Chroma16 []byte
	//go:embed exact.kage
	Exact []byte
	//go:embed scale.kage
	Scale []byte
)

//go:embed picture
var picture embed.FS

// Picture puts together the source of a shader that draws any picture: the declarations, which are constants, then the
// named parts, which are files of the folder picture.
func Picture(declarations string, parts ...string) []byte {
	b := bytes.NewBufferString("//kage:unit pixels\n\npackage main\n\n" + declarations)
	for _, p := range append([]string{"uniforms", "codes"}, append(parts, "main")...) {
		src, err := picture.ReadFile("picture/" + p + ".kage")
		if err != nil {
			panic("assets: " + err.Error())
		}
		b.WriteByte('\n')
		b.Write(src)
	}
	return b.Bytes()
}

// Icon is the program's icon, a PNG of 256 × 256 pixels drawn after icon.svg.
//
//go:embed icon.png
var Icon []byte
