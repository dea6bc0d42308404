// Package hls turns HTTP Live Streaming playlists into the common manifest model.
//
// A multivariant playlist becomes one period: a set for each encoding of the pictures, one for each alternate rendition
// that is a playlist of its own, and sets for fast winding of the I-frame playlists. Variants that differ only in where
// they are become one representation with alternatives. The list of segments of each representation is its media
// playlist, a [manifest.Lazy] that is loaded when it is needed, and again while it grows. What only media playlists tell
// (the container, whether the presentation is live, how long it is) Parse learns from one playlist for each container
// that there may be. Of variants without CODECS it looks into the media of each.
//
// # Times
//
// A complete playlist begins at 0. Of playlists that grow, the first one that is loaded begins at 0; the others of the
// presentation are put beside it by their dates, else by their media sequence numbers, else by their ends. A playlist
// that is loaded again is placed by the numbers it shares with the one before. Times are sums of whole nanoseconds, so
// they do not drift however long the list is.
//
// Low-latency playlists list the parts of segments in place of the segments as long as the server does, and last a part
// that is only announced; where the server cannot hold a request back until there is something new, parts are left
// aside.
//
// # Reading
//
// The lines are read here, not by a library. The one that the project could use (Eyevinn/hls-m3u8) gives binary
// fractions for durations, keeps no positions for findings, does not replace variables, gives up at the first thing
// that is wrong, and holds one list of segments without bounds. What is odd becomes a finding with its line; only what
// leaves nothing to ask for is an error.
//
// # Ownership
//
// Parse keeps a copy of the text, to which the lists refer. A presentation is immutable; its lists remember the playlist
// that was loaded last, and share where their common timeline begins.
//
// # Concurrency
//
// No goroutines. Load may be called from several; no lock is held while the getter is called.
//
// # Errors
//
// A playlist that cannot be used gives a *[manifest.Error] with code manifest.unreadable (no playlist at all),
// manifest.invalid or manifest.limits, the URL without credentials, and the line. Errors of the getter are returned as
// they are.
package hls
