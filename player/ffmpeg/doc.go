// Package ffmpeg is the door to FFmpeg: the decoders, the resampler and the demuxers of the player, and the only
// package that knows cgo. It decides nothing about playback.
//
// What go-astiav offers is used through it (codec contexts, frames, the log level); the rest goes through a small
// C half of our own (door.h), which folds the several calls per frame into one and reaches what go-astiav does
// not: flushing, padded sends, planes without a copy, error flags, colour facts, custom input.
//
// # Ownership
//
// A decoded picture is a view of FFmpeg's memory. Its shell (an AVFrame and a [frame.Video]) comes from a pool
// that the decoder and every live picture hold a share of, so pictures outlive their decoder; releasing one
// returns the shell under the pool's lock. Sound is converted into Go memory that comes from a pool likewise.
// Coded data is copied once, into the padded packet that the decoder needs.
//
// # Times
//
// FFmpeg sees no time stamps: each coded frame gets a number, which comes back with its picture, and a ring of
// timings gives the exact PTS, duration and flags of that frame. Nothing is rounded to ticks and no decoder's
// reordering heuristics are at work. Coded frames that yield several pictures or none are no special case.
//
// # Colour
//
// Each property of the colour (primaries, transfer, matrix, range) is taken from the bitstream where it says
// something and from the container where it does not: a bitstream travels with its pixels through every remux,
// while a container's description is the only source for formats whose bitstream cannot express it (VP8, VP9
// transfer functions, MPEG-4). Sample aspect ratio and rotation are the other way round, the container first,
// because they are how authors correct a stream without encoding it again.
//
// # Deinterlacing and hardware
//
// Both are choices of a [Factory]. Deinterlacing gives one picture for each coded one, at its time, so that pictures are
// counted as without it; it begins with the first picture that is flagged as interlaced and holds one back from there.
// Hardware decodes through VA-API where the system has it; its pictures are copied into our memory. What hardware does not
// take at opening, before its first picture, or after repeated errors at a random access point, the processor decodes.
//
// # Concurrency
//
// [Factory] methods may be called from any goroutine. A decoder, resampler or demuxer belongs to one goroutine at
// a time; Release of what it put out may be called from any. Calls block on FFmpeg's own threads and, for a
// demuxer, on its input.
//
// # Errors
//
// Failed calls return an [*Error] that names the FFmpeg function. A coded frame that a decoder rejects gives a
// [*decode.PacketError]; the decoder can go on. Nothing in this package panics on bad media.
package ffmpeg
