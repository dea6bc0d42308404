// Package mp2t is the MPEG-2 TS byte stream format of Media Source Extensions: transport streams in, initialization
// segments and coded frames out.
//
// The bytes go through four layers, each with a file of its own. Packets of 188 bytes, also behind arrival times or in
// front of error correction (packet.go); the tables that say what the streams are (psi.go, format.go); PES packets with
// their time stamps, whose payload is joined to the elementary stream of a track (pes.go, track.go, stream.go); and
// the splitters that cut that into access units or audio frames (nal.go, picture.go, sound.go, latm.go). Everything is
// cut by this package: the Go libraries for transport streams pull from a reader and allocate for each packet, and this
// one must stop at any byte, look at every byte once, and survive hostile streams.
//
// # Tracks
//
// The program is the first one that the program association table lists. Its tracks are what the program map calls
// H.264, HEVC, AAC in ADTS or LOAS, MPEG audio, AC-3, E-AC-3 and Opus, and the encrypted kinds of HTTP Live Streaming
// ([media.SchemeSampleAES]). Other pictures, sound and subtitles are listed with an empty Codec, and [Parser.Refusal] says
// why. ID3 tags and splice_info_sections (SCTE-35) are inband events, which come behind the next portion of frames. Other
// metadata, and private data that nothing describes, are passed over.
//
// Video frames are access units as they are in the stream, start codes and parameter sets included; Extradata is the
// parameter sets, each behind a start code. Random access points are instantaneous refreshes, all kinds of IRAP
// pictures, pictures with a recovery point message, and intra pictures where there is only one reference picture. AAC
// frames lose the ADTS header, which becomes an AudioSpecificConfig, unless it does not tell the channels. The frames
// of LOAS are handed out whole. Rate and channels are those of the transport: whether AAC doubles them is often known
// to the decoder alone.
//
// # Segments
//
// The initialization segment is the two tables together with the first configuration of every track, so it is reported
// when those are known. A track that stays silent is waited for for a bounded time and is then given up. What precedes
// the first tables is kept and read again once they have come. Tables that are repeated unchanged are passed over.
// Another map, or other video parameters at a random access point, make a new initialization segment. Other audio
// parameters change the Config of the frames only: an initialization segment would make the buffer drop the video up to
// its next random access point.
//
// A media segment reaches from one initialization segment to the next; nothing else in a transport stream tells where
// one ends. Frames leave in portions of a quarter of a second. An access unit is complete when the next one begins, so
// the end of an append sequence calls for [Parser.Flush].
//
// # Times
//
// Time stamps have 33 bits. The first one after New or Reset is taken as it is, each later one is placed next to the one
// before, of whatever track, so that segments that are appended in any order within 13 hours lie on one time line across
// rollovers. An audio frame without a time stamp follows the one before by its samples, a picture by the length of a
// frame. The length of a picture is the distance to the next one in decoding order, unless that shows a gap; then, and at
// the end, it is what the stream's frame rate says.
//
// DEVIATION: the format wants times moved at a discontinuity so that they go on without a gap. They are not: what is
// appended out of order would be moved, too, and whoever knows of a discontinuity sets timestampOffset or the mode
// "sequence". The clock reference is not read, PES packets without a time stamp are taken, and a packet with
// transport_error_indicator counts as lost instead of ending the stream.
// "MPEG-2 TS Byte Stream Format", timestamp rollover and discontinuities.
//
// # Loss
//
// A gap in the continuity counter drops the frame that is in progress and what comes before the next PES packet. A gap
// behind a new copy of the tables is the joint of two segments, at which the frame in progress ends. [Parser.Stats]
// counts what was passed over.
//
// # Ownership
//
// A parser owns what is pushed, and lets go of it packet by packet. Payload lies in pieces of less than 188 bytes, so it
// is copied once, into blocks that the frames alias; a block is never written again where a frame may look. Blocks grow
// with what has arrived; nothing is ever sized by what a header merely declares.
//
// # Concurrency
//
// A Parser belongs to one caller at a time. It starts nothing and never blocks.
//
// # Errors
//
// Bytes that violate the format give a *bytestream.FormatError with the table or the PID and the offset of the packet in
// the stream: no packets, no tables, a program map that contradicts itself, a frame that does not end. What damage
// explains is passed over and counted. Errors of the handler come back as they are.
package mp2t
