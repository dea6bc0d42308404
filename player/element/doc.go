// Package element turns a MediaSource, decoders and a clock into the behaviour of an HTML media element: readyState,
// seeking, stalls, the end, and the events that tell of them, in HTML's order.
//
// Files: element.go (the attributes and methods), host.go (its part of the Media Source Extensions algorithms),
// ready.go (readyState from facts, pure), control.go (the goroutine that drives workers and clock), report.go (what
// happened, for reports).
//
// # Ownership
//
// An Element owns its picture queue, its clock and the workers it starts. The MediaSource belongs to the application,
// the sound device to whoever made it; nobody else may write to it meanwhile.
//
// # Concurrency
//
// Everything that the API can read lives under the lock of the event loop that the Element shares with its
// MediaSource. The control goroutine owns generations, workers and clock, and nothing that the API reads. It waits for
// changes of the buffer, the queue, the workers and for time to pass; no method waits for it.
//
// # Errors
//
// A failure that ends playback is the Error attribute, a *MediaError, told by the event "error".
package element
