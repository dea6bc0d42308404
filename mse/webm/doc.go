// Package webm is the WebM byte stream format of Media Source Extensions: WebM and Matroska in, initialization
// segments and coded frames out. It also reads cue indexes ([ParseIndex], [FindIndex]).
//
// A scanner walks the elements of an input that may be cut anywhere. The EBML header, Info and Tracks are gathered
// and read; a Cluster is read block by block as they come; everything else is passed over without being kept. The
// scanner is this package's own: the Go libraries for EBML read from a blocking io.Reader, copy each payload and
// allocate what an element declares, where this one must stop at any byte, alias what was pushed and trust no size.
//
// The size of a Segment is not looked at, since media segments are appended that come from elsewhere. A Cluster of
// unknown size ends where the next element of its level begins.
//
// Frames leave in portions. A Cluster of a stream with one track goes out every [portionBytes] of input, so that
// playback can begin before a long segment has arrived; one of several tracks goes out whole, because the buffer has
// to see the first frames of all tracks together, unless it is longer than [muxedPortionBytes]. A Cluster of unknown
// size, as live encoders write it, goes out every [livePortion] of media besides. The borders of portions are
// positions in the stream and do not depend on how it was cut.
//
// # Time
//
// A frame lasts as long as its BlockDuration says, else its own bytes (Opus, Vorbis), else its track's
// DefaultDuration or the fixed frame length of its format, else up to the next block of its track. Times are rounded to
// ticks, usually of a millisecond, so a block of one frame whose length differs from the distance to the next block of the same
// portion by less than a tick lasts until then. So do pictures whose successor there comes late by more than half of
// their length: buffers take a step of more than two frame lengths for a loss. Only BlockDuration is never overruled.
//
// The last block of a Cluster that has none of these does not wait for the next Cluster, which may never come: it
// takes the longest distance of pictures, or the shortest of sound, that its track has shown since the initialization
// segment, as Chromium does, so that sound does not overlap and pictures leave no hole. The last picture of a track with
// DefaultDuration ends with the tick at which, by the first picture of the Cluster, the next one is due at the latest.
// TrackFrames.Rounded tells the buffer not to take the overlap that this may cause for one. Inside of a Cluster the last block of a portion waits for the next one unless
// its length is told.
//
// Presentation times are those of the blocks less the track's CodecDelay. Decode times are the same, except for
// formats that reorder pictures, H.264 for one, as Matroska stores no decode times: there the presentation times of a
// portion in rising order, less the distance that the stream has been seen to reorder, serve as decode times.
//
// # Ownership
//
// A parser owns what is pushed. The data of a frame aliases the pushed slice it lies in; the frames of a portion that
// straddle two pushed slices, or whose track strips common headers, are copied into one allocation of their exact
// size, and what is inflated into a buffer that grows with it. Nothing is ever sized by what a header merely declares.
//
// # Concurrency
//
// A Parser belongs to one caller at a time. It starts nothing and never blocks. ParseIndex and FindIndex are pure
// functions.
//
// # Errors
//
// Bytes that violate the format give a *bytestream.FormatError with the path of the element and its offset in the
// stream; complete frames before it are handed out first. Errors of the handler come back as they are. No input makes
// the package panic.
package webm
