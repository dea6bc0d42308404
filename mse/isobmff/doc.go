// Package isobmff is the ISO BMFF byte stream format of Media Source Extensions: fragmented MP4 and CMAF in,
// initialization segments and coded frames out. It also reads segment indexes ([ParseIndex], [FindIndex]).
//
// A scanner walks the top-level boxes of an input that may be cut anywhere. moov and moof are gathered and read, and so
// are emsg and prft, which are inband events and come behind the next fragment's first frames; everything else but mdat
// is passed over without being kept. Boxes inside are found by a walker of this package,
// which knows the offset of each and survives what it does not know; what the small boxes of known layout hold is
// read by mp4ff, box by box, so that a fault in one that nobody needs harms nothing.
//
// Frames leave in portions. A fragment whose samples belong to one track goes out every [portionBytes] of
// payload, so that playback can begin before a long segment has arrived; a fragment of several tracks goes out
// whole, because the buffer has to see the first frames of all its tracks together, unless it is longer than
// [muxedPortionBytes]. The borders of portions are positions in the stream and do not depend on how it was cut.
//
// # Ownership
//
// A parser owns what is pushed. The data of a frame aliases the pushed slice it lies in; the samples of a portion
// that straddle two pushed slices are copied, all into one allocation of their exact size. Nothing is ever sized
// by what a header merely declares: payload is only allocated for bytes that have arrived.
//
// # Concurrency
//
// A Parser belongs to one caller at a time. It starts nothing and never blocks. ParseIndex and FindIndex are pure
// functions.
//
// # Errors
//
// Bytes that violate the format give a *bytestream.FormatError with the path of the box and its offset in the
// stream; the one that says that a file is not fragmented wraps [ErrNotFragmented]. Errors of the handler come
// back as they are. No input makes the package panic: the calls into mp4ff are guarded, everything else checks its
// bounds.
package isobmff
