// Package stream keeps the buffer right: it decides what to fetch and when to append, remove and end, so that a media
// element always finds what it is about to play. It uses nothing of the buffer but its public API, as a web page would.
//
// An [Engine] runs one [Feed] for each kind of track of a presentation, or one for a demultiplexed file. Feeds follow
// the playhead: they stay a bounded time ahead of it, start anew where a seek leads outside of what is buffered, and
// fill holes. The engine ends the stream when all feeds have, and helps the playhead over gaps that nobody can fill.
//
// The feeds of one presentation share a [Program]. It learns the server's clock, asks for later versions of a manifest that
// changes, and keeps what is live at its distance from the live edge: by small changes of speed, and where playback has
// fallen out of what the server keeps, by a jump. A live segment that cannot be had is asked for again and again, then
// left out and listed. Media whose own times do not say where it belongs is placed by the first segment of each stretch of
// continuous times, which is looked through before it is appended; sound follows what the pictures have decided. Resources
// that are encrypted as a whole are decrypted on their way to the buffer.
//
// A resource is asked for at the places that the manifest names for it, in the order that a steering server prefers, those
// that failed lately last. Events that manifest and media name are kept in order of time, and told of when the playhead
// comes to them.
//
// A [Selector] chooses the representation of each segment. A segment that it gives up is fetched again from another one.
//
// Subtitles have a feed of their own, [Text], which hands what it fetches to whoever reads it. Nothing waits for it, and
// what cannot be had is left out. Where there is nothing but subtitles, a [Stage] makes time pass.
//
// # Ownership
//
// The engine owns the SourceBuffers that it adds. What is fetched passes to them.
//
// # Concurrency
//
// Run blocks; each feed has a goroutine that ends with Run. Feeds block in the network, in appends and waiting for the
// playhead; the end of the context wakes all three.
//
// # Errors
//
// An *[Error] names the URL and says whether the manifest, a segment or its media is to blame. The first one stops all
// feeds and ends the stream with the element's error set.
package stream
