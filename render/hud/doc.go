// Package hud draws what lies over the picture: the controls with the seek bar, messages, the statistics panel and the
// screens without a picture.
//
// Everything is one list of textured quads, built anew for each frame that shows any of it and drawn with a single
// call. The texture is an atlas of glyphs and shapes that are rasterised on the CPU when they are first needed, at
// the exact size in device pixels. Where things are is decided by [NewLayout], which the input handling shares.
//
// # Ownership
//
// A [HUD] owns its atlas texture. The [State] it is shown belongs to the caller and is only read during the call.
//
// # Concurrency
//
// A HUD is used on the goroutine that runs the window.
//
// # Errors
//
// Only the fonts that are compiled in can fail, in New. What does not fit is cut off.
package hud
