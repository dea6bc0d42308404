// Package mse is a Media Source Extensions buffer for Go programs: the objects, algorithms and events of the W3C
// specification, shaped for many goroutines instead of one script.
//
// An application creates a [MediaSource], a media element attaches to it, the application adds [SourceBuffer]
// objects and appends segments; the element reads coded frames through its [Attachment]. Names, order of checks
// and order of events are the specification's; comments of the form "MSE: sourcebuffer-append" name the algorithm
// that a function carries out, and marks such as "// 1.6." its steps. Where the code departs from the text on
// purpose, the comment begins with DEVIATION.
//
// Files follow the specification's sections: mediasource.go, sourcebuffer.go, list.go, parserloop.go (segment
// parser loop, append error), initsegment.go, process.go (coded frame processing), remove.go, evict.go,
// duration.go, endofstream.go, attach.go, reader.go, track.go, event.go, eventloop.go, objecturl.go, error.go.
//
// # Ownership
//
// Appended slices pass to the buffer. Coded frames are immutable and shared. An Attachment belongs to one element.
//
// # Concurrency
//
// One [EventLoop] guards a media element and the MediaSource objects it plays, the analogue of the JavaScript
// thread: a lock makes every method atomic, and one FIFO of tasks carries events and the asynchronous steps of
// appends and removals, so their order is the specification's. Event handlers run with no lock held and may call
// back. Nothing here calls the application or the element under the lock, except the element's own part of an
// algorithm through [Host], which must not block.
//
// # Errors
//
// Methods return *[Error] values that mirror DOMException names and match the sentinels by errors.Is. Faults in
// appended bytes run the append error algorithm; their cause is in the error event.
package mse
