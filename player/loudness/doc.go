// Package loudness measures how loud sound is, as EBU R 128 does: the integrated loudness of a programme, its loudness
// range and its true peak.
//
// A [Meter] is given the sound of one programme in blocks of any size and can be asked at any time. It keeps a histogram of
// its blocks, so that its memory does not grow with the length of the programme.
//
// # Ownership
//
// A Meter keeps no slice that it is given.
//
// # Concurrency
//
// A Meter belongs to one goroutine.
//
// # Errors
//
// None. Sound that is not finite counts as silence; a rate or a number of channels that is none measures nothing.
package loudness
