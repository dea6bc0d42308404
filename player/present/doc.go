// Package present decides which picture is to be seen when, and counts what became of each: the queue between the
// decoder and the surface.
//
// A surface asks for the picture of each interval between two refreshes of the display. The choice is the picture
// whose time contains the middle of the interval, on a time axis from which the jitter of the surface's calls and of
// the clock has been smoothed away. That is the picture that covers most of the interval, and for displays whose rate
// stands in a simple ratio to the pictures' rate it gives the even pattern (24 on 60 Hz: 3, 2, 3, 2). When such a
// pattern is stable a small margin keeps noise from breaking it.
//
// # Ownership
//
// Put takes ownership of a picture. Pick lends one until the next Pick; it stays the queue's. Pictures that were shown
// or passed over are kept in a history, bounded by bytes and by number, so that stepping back needs no decoder. Missing tells
// when steps come near its end, and a Refill adds to it in time; what lies farthest on the other side makes room.
//
// # Concurrency
//
// One goroutine picks, usually one puts, everything else may be called from any goroutine. Put blocks while the queue is
// full, and that of a Refill while the history is; Pick, Step, Flush, ExpireHidden, Close and its context wake it. All the
// rest takes one lock for a moment and calls nobody while it holds it but the clock's Read.
//
// # Errors
//
// Put returns [ErrClosed] or the cause of its context. Nothing else fails.
package present
