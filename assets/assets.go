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
// None: what is missing fails the build.
package assets

import _ "embed"

// The Kage sources of the video surface. Chroma prepares the chroma planes of each new picture; Exact and Scale draw
// it, at its own size or at any other.
var (
	//go:embed chroma.kage
	Chroma []byte
	//go:embed exact.kage
	Exact []byte
	//go:embed scale.kage
	Scale []byte
)

// Icon is the program's icon, a PNG of 256 × 256 pixels drawn after icon.svg.
//
//go:embed icon.png
var Icon []byte
