// Package yuv is the arithmetic between decoded planes and pixels: how planes lie in textures, which matrix turns
// their samples into RGB, where chroma samples sit, and where the picture goes in a window. It also converts
// pictures on the CPU, which is what screenshots are made of and what the shaders are measured against.
//
// Chroma of subsampled formats is taken to be co-sited with luma horizontally and centred between luma rows
// vertically (the position that MPEG-2, H.264 and their successors assume), and is interpolated linearly.
//
// # Ownership
//
// Pictures are only read, during the call. Results are Go memory of the caller.
//
// # Concurrency
//
// Everything is a function of its arguments; there is no state.
//
// # Errors
//
// [Check] tells in one line why a picture cannot be shown; [RGBA] returns the same error. The other functions are
// total: they give a usable answer for any argument.
package yuv
