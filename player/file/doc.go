// Package file turns any media file into byte streams that a SourceBuffer takes.
//
// A [Source] opens a file through a [Demuxer] that the caller injects, lists its tracks and yields the packets in
// portions of a second or two, one [Chunk] for each track. A chunk is appended to the track's own SourceBuffer,
// whose type is [MIMEType] and whose parser is made by [NewParser]. The byte stream between the two is private to
// this package: it carries the packets with the container's times, trims, flags and side data, so every
// container and coding format that the demuxer knows goes through the same buffer as adaptive streams do. ISO BMFF
// files that are fragmented do not need this; [Sniff] tells them apart.
//
// # Times
//
// Every time stamp is converted once, from the absolute tick. MP4 and Matroska keep their times: there an edit
// list or the author decided where presentation time 0 lies. In every other format the origin is an accident of
// the recording (MPEG-TS starts anywhere, MP3 at its encoder's delay), so the timeline is shifted to make the first
// presented sample or picture lie at 0; [Info.Shift] and [Track.ContainerFirst] keep what the container said. Where a
// time line of that kind jumps, a later part follows on without a gap. What lies before 0 is decode-only.
//
// Time stamps that the container lacks are generated: decode times from the frame rate, presentation times from
// the order in which the coding format shows its pictures, durations from the neighbours.
//
// # Encryption
//
// Packets that the container says are encrypted keep that through the byte stream, and are decrypted by whoever decodes
// them, as segments are.
//
// # Ownership
//
// A payload is copied once, from the demuxer into the chunk. A chunk's bytes pass to whoever appends them; the
// parser's frames alias them.
//
// # Concurrency
//
// A Source belongs to one goroutine. It blocks only while it reads its input; whoever owns the input can make such
// a read fail. A parser belongs to its SourceBuffer.
//
// # Errors
//
// Open, Next and Seek say in one line what failed and where. Damaged packets are not errors: they are passed on
// for the decoder to judge. The parser returns a *bytestream.FormatError.
package file
