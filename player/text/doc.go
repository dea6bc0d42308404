// Package text reads subtitles of any format and keeps them by time.
//
// [Sniff] tells the format of a file, [Parse] reads a whole file or one segment of it, and a [Decoder] reads the samples
// of a track: those of MP4 (wvtt, stpp, tx3g) and the packets of Matroska. A [List] holds what came out, and answers
// which cues are on the screen and when that changes. The parsers are in webvtt, srt, ass and ttml below this package,
// the vocabulary in cue, and the drawing in raster.
//
// # Ownership
//
// Parsers keep nothing of what they are given. The cues they return are immutable.
//
// # Concurrency
//
// The functions may be called from anywhere. A Decoder or a List belongs to one goroutine.
//
// # Errors
//
// A file that cannot be of its format at all gives an error of one line. Anything else that is wrong is left out or
// repaired, and told as a [Warning], of which there are at most a few for each file.
package text
