// Package ttml reads subtitles in Timed Text Markup Language: TTML2, the text and image profiles of IMSC 1.0.1 and
// 1.1, EBU-TT-D, SDP-US, SMPTE-TT with pictures, and the drafts of DFXP.
//
// # Model
//
// [Parse] turns a document into cues. It reads the elements into a tree (tree.go), finds out when each of them is
// active (time.go) and which styles were asked of it (style.go), and walks through the moments at which anything
// changes: between two of them each region that shows something is one cue (isd.go). The document is a file of its own,
// or a sample of a track, which is cut off at the edges of the sample ([Options.Window]).
//
// The root container has the shape that the document asks for and lies in the middle of the picture; what is handed
// out is in fractions of the picture ([Options.Aspect]).
//
// What is not understood is left out and told as a [Warning]; an error is a document that is not TTML, or one that is
// larger than the limits below allow.
//
// Not shown, as package cue has no word for them: the gain of luminance, disparity, the active area, and the padding of
// anything but regions.
//
// # Concurrency
//
// Parse keeps no state. Cues of one document share their pictures.
//
// # Errors
//
// All begin with "ttml: " and tell the line of the document where there is one.
package ttml
