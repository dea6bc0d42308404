// Package element turns a MediaSource, decoders and a clock into the behaviour of an HTML media element: readyState,
// seeking, stalls, the end, and the events that tell of them, in HTML's order.
//
// An application names an object URL with SetSrc, or a MediaSource with SetSrcObject, and fills the MediaSource once it is
// open. The same element can load one source after the other; each load begins from nothing.
//
// Files: element.go (the type), attributes.go (what can be read and set), load.go (resource selection, failure), play.go
// (play, pause and their promises), seek.go, tracks.go, host.go (its part of the Media Source Extensions algorithms),
// ready.go (readyState from facts, pure), control.go (the goroutine that drives workers and clock), report.go (what
// happened, for reports), refill.go (pictures for steps, decoded ahead of need), error.go.
//
// # Ownership
//
// An Element owns its picture queue, its clock, its track lists and the workers it starts. The MediaSource belongs to the
// application, the sound device to whoever made it; nobody else may write to it meanwhile.
//
// # Concurrency
//
// Everything that the API can read lives under the lock of the event loop that the Element shares with its
// MediaSource. The control goroutine owns generations, workers and clock, and nothing that the API reads. It waits for
// changes of the buffer, the queue, the workers and for time to pass; no method but Stop and Close waits for it.
//
// What HTML does after "awaiting a stable state" happens when the task has ended that runs on the event loop; an
// application that calls from elsewhere gets it at once. What HTML calls a promise is a function that the event loop
// calls in order with the events.
//
// # Errors
//
// A failure of the resource or of a decoder is the Error attribute, a *MediaError, told by the event "error". What HTML
// throws is an *mse.Error with the exception's name.
package element
