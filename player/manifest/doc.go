// Package manifest is the common model of a streaming presentation, whatever described it: periods, adaptation
// sets, representations, and the list of segments of each representation.
//
// A parser (package dash and its like) builds a [Presentation]; selection, playback and the checker read it. Times are on the
// presentation timeline throughout: what a segment's Start says is where its first frame is to be presented, and
// Period.Start minus Representation.Offset is the timestampOffset that puts it there.
//
// The list of segments is an [Index]. It computes each entry when asked, so a manifest that claims two thousand
// million segments costs no more than one that claims two. Where the list is inside the media file itself (a
// segment index), the representation has a [Lazy] instead, which asks for the byte ranges it needs and then gives
// the Index. A presentation that grows over time is a succession of Presentation values; a growing list is a new
// Index in each.
//
// # Ownership
//
// Everything reachable from a Presentation is immutable once the parser returned it.
//
// # Concurrency
//
// Values may be read from many goroutines. [Lazy.Load] may be called from several goroutines, too; each call does
// the work again.
//
// # Errors
//
// What is wrong but survivable is a [Finding] of the presentation. What makes the document useless is an
// [*Error], which carries the finding code of the same fact.
package manifest
