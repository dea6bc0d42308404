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
// the Index.
//
// A presentation that is not complete has a [Live]. Its list of segments may name segments that do not exist yet:
// SegmentRef.Available says when they can be asked for, so that arithmetic needs no clock and a list by numbers may go
// on without end. What changes comes in two ways. A manifest that is fetched again has an [Updater], and a presentation
// that grows is a succession of Presentation values. A list of segments that is a document of its own (a media
// playlist) is a [Lazy] that gives a later [List] when it is loaded again.
//
// # Ownership
//
// Everything reachable from a Presentation is immutable once the parser returned it; what a Lazy of a growing list or an
// Updater remembers from one call to the next is its own.
//
// # Concurrency
//
// Values may be read from many goroutines. [Lazy.Load] and [Updater.Update] may be called from several goroutines, too;
// each call does the work again.
//
// # Errors
//
// What is wrong but survivable is a [Finding] of the presentation. What makes the document useless is an
// [*Error], which carries the finding code of the same fact.
package manifest
