// Package decode drives one decoder from one buffer reader into one sink.
//
// A [VideoWorker] or [AudioWorker] pulls coded frames of one track, opens a decoder for their configuration through
// the injected [Factory], and hands what comes out to its sink, stamped with the generation of the last seek. It
// knows what must not be presented: pictures and samples before the seek target, pictures that lack their
// references after decoding began at an open GOP, and frames that the buffer marks decode-only.
//
// # Ownership
//
// A worker owns its decoder. Pictures and sound blocks move from the decoder through the worker to the sink.
//
// # Concurrency
//
// Run is the worker's goroutine. It blocks in Reader.Next, which an append, a seek or the end of the context wakes,
// and in the sink, which a flush or the end of the context wakes. Status may be called from any goroutine.
//
// # Errors
//
// A rejected coded frame is counted and skipped. A decoder that cannot be opened, or that rejects
// maxConsecutiveErrors frames in a row, ends the worker; Status tells why.
package decode
