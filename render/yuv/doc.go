// Package yuv is the arithmetic between decoded planes and pixels: how planes lie in textures, what turns their
// samples into the colours of the display, where chroma samples sit, and where the picture goes in a window. It also
// converts pictures on the CPU, which is what screenshots are made of and what the shaders are measured against.
//
// # Colour
//
// The display is one of BT.709 primaries and BT.1886's transfer. Pictures of standard dynamic range are shown as they
// are coded, whatever their transfer says, as players do; wide primaries are brought to BT.709's in linear light. PQ and
// HLG become light, which the curve of Report BT.2390 brings from what the content reaches (MaxCLL, the mastering display
// or 1000 cd/m²) down to the display's white of 203 cd/m². Colours that the display does not have lose saturation, not
// hue. ICtCp is PQ unless it says HLG. What has more levels than 8 bits is dithered by a fixed map of 8 × 8 thresholds.
//
// Chroma of subsampled formats lies where the colour description says, else it is co-sited with luma horizontally and
// centred between luma rows vertically (the position that MPEG-2, H.264 and their successors assume). It is interpolated
// linearly, luma by a [Filter].
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
