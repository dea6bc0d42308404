// Package render is the window: it shows the pictures that a [Source] lends, with the controls over them, and turns
// keys and the pointer into calls of [Controls].
//
// A picture goes up once, plane by plane, straight from the decoder's memory: four 8-bit samples, or two deeper ones, make
// one texel of an RGBA texture. A first small pass brings the chroma planes together so that interpolating them is cheap;
// then one pass converts, scales, crops, turns, mirrors and letterboxes on the way to the screen. The usual picture, of 8
// bits and nothing but a matrix, has a shader of its own; those of other pictures are put together from pieces when the
// first one is drawn, and follow package yuv. The controls are one more draw call. Nothing is drawn while nothing changes,
// and a window that is minimised or on no screen fetches, converts and draws nothing at all.
// Without graphics hardware the usual picture is converted and scaled by the processor instead, and frames are drawn
// when pictures are due.
//
// # Ownership
//
// A lent picture is read until another one is lent; it is not released. Textures belong to
// the window; those of the two most recent formats and sizes are kept.
//
// # Concurrency
//
// Run belongs on the main goroutine and blocks. Source and Controls are called one call at a time from the goroutine
// that drives the window; they must not wait for it.
//
// # Errors
//
// Run returns nil when the user closed the window, the cause when its context ended, an error that wraps
// [ErrNoDisplay] when there is nowhere to open a window, and what the graphics library reported otherwise. A picture
// that cannot be shown is logged and the one before stays.
package render
