// Package demo holds the built-in demo: a DASH presentation of 16 s, 30 frames a second in three sizes (H.264) with
// stereo sound (AAC), made and measured by make-demo.sh, which says what is seen and heard in it when.
//
// # Ownership
//
// The files are part of the program's image; nobody writes to them.
//
// # Concurrency
//
// Read only: any number of goroutines may open files at once.
//
// # Errors
//
// Opening a name that is not there gives fs.ErrNotExist, as with any fs.FS.
package demo

import (
	"embed"
	"io/fs"
)

// Manifest is the path of the MPD within FS. The paths in it are relative to it.
const Manifest = "media/manifest.mpd"

//go:embed media
var media embed.FS

// FS holds the manifest and the segments it names.
var FS fs.FS = media
