// Package subtitle keeps the subtitles of one source: which tracks there are, which one is shown, what of it is due, and
// the pictures of that for a surface to put over the video.
//
// A [Board] has a [Lane] for each track. Whoever obtains subtitles puts cues into a lane: whole files and segments by
// [Lane.Segment], samples and packets by a [Reader], captions by [Captions]. The board draws the lane that is chosen, in a
// goroutine of its own; a surface asks for the latest [Overlay] once a frame, which costs a few loads while nothing
// changes.
//
// # Ownership
//
// Overlays are immutable and may be kept. A lane copies the cues that it is given.
//
// # Concurrency
//
// Board and Lane may be used from anywhere; no call but Draw waits for the drawing. Run blocks until its context ends.
// A Reader and a Captions belong to one goroutine each.
//
// # Errors
//
// Subtitles never stop playback: what cannot be read is an error of the call that read it, for the caller to log.
package subtitle
