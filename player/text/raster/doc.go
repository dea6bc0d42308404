// Package raster lays cues out and draws them: line breaking, both directions of text, vertical text, ruby, outlines,
// shadows and boxes, as pictures of RGBA to be put over the video.
//
// # Fonts
//
// Text is set in the Go fonts, which are part of the program and have Latin, Greek and Cyrillic, unless it names a family
// that is among the fonts given or installed, or one whose letters are as wide. A letter that they lack comes from the
// fonts given, then from those of the system. Nobody looks for those before a name or a letter needs them. What is in no font at all is a box. Letters that are pictures, such as emoji in colour,
// are not drawn.
//
// # Ownership
//
// A [Renderer] keeps pointers to the cues of the screens in its cache; cues are immutable. The pictures it returns
// belong to the cache: they are read only, and never change.
//
// # Concurrency
//
// A Renderer belongs to one goroutine. It looks for the fonts of the system in a goroutine of its own, which ends by
// itself.
//
// # Errors
//
// Sizes out of range give an error. Text that cannot be shown is left out: a subtitle is never a reason to stop. That goes
// for a font which its reader panics on, too.
package raster
