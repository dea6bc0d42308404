// Package mpegaudio is the MPEG audio byte stream format of Media Source Extensions, audio/mpeg (MPEG-1, 2 and 2.5,
// layers I to III) and audio/aac (ADTS), and the raw AC-3 and E-AC-3 streams that HLS calls packed audio too: coded
// frames follow each other without a container, with tags between them.
//
// A [Parser] cuts frames out of an input that may be cut anywhere. Every frame is handed out as soon as it is
// complete, as a media segment of its own, which is what the format says it is, and which makes the calls of the
// handler independent of how the input came. The first frame, and each whose configuration differs from the one
// before, is preceded by an initialization segment. What is read of each frame is its header, seven
// bytes at most; the libraries for these formats read from an io.Reader and cannot go on where a push ended.
//
// # Synchronization
//
// A header is believed at the start of the stream, behind a tag, and directly behind a frame of the same
// configuration. Everywhere else, which includes a change of configuration, a second header must follow where the
// frame ends. What no header is found in is passed over, up to [maxGarbageBytes] in a row.
//
// # Tags
//
// ID3v1, ID3v2, APE tags and Icecast headers are passed over as they come, whatever their size. The time stamp that
// HLS puts into an ID3v2 tag (RFC 8216 §3.4) moves the time of the frames behind it. A SourceBuffer
// for these types generates time stamps and ignores those of the frames.
//
// An ID3v2 tag of at most [bytestream.MaxEventBytes] with anything but that time stamp is an event of the scheme
// [media.SchemeID3], at the time of the frame behind it.
//
// # Gapless sound
//
// The frame that holds a Xing, Info or VBRI header is silence that encoders add for a directory of the file.
//
// DEVIATION: it is an ordinary frame in the byte stream format; here it makes an initialization segment and no coded
// frame, as in FFmpeg and Chromium, because its silence would be heard.
//
// Where the encoder tag in it (LAME's, which libavformat writes too) tells the encoder's delay and padding, they are
// cut off with TrimFront and TrimBack, corrected by the 529 samples that every decoder of layer III delays: the same
// samples as FFmpeg skips and discards. A frame that is cut off whole has no duration and DecodeOnly set. Time counts
// kept samples only: the first one lies at 0. A tag between frames ends the account, and so does the next such frame,
// so that files appended behind each other join without a gap.
//
// # Ownership
//
// A parser owns what is pushed. The data of a frame aliases the pushed slice it lies in, or is a copy of its own
// when it straddles two. The frames lie in slabs of [slabFrames].
//
// # Concurrency
//
// A Parser belongs to one caller at a time. It starts nothing and never blocks.
//
// # Errors
//
// Bytes that violate the format give a *bytestream.FormatError with the offset in the stream: too much that is no
// frame, free format, an endless Icecast header, an AAC frame whose configuration cannot be told. Errors of the
// handler come back as they are.
package mpegaudio
