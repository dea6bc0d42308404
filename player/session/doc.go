// Package session works out how a ladder of representations plays over a network that a trace describes: which of them is
// chosen, when playback stalls, and what somebody would think of it. Nothing is fetched or decoded, and no time passes.
//
// The rules are those of playback, package abr; segments come one after the other, and none is given up halfway. The
// score is built like that of ITU-T P.1203 in mode 0: bitrate, size and rate of the pictures give a quality for each second,
// and those are put together with what stalls and switches take away. Its coefficients are its own: scores can be compared
// with each other, not with those of P.1203.
//
// # Ownership
//
// Play keeps nothing that it is given.
//
// # Concurrency
//
// There is no state: everything may be called from anywhere.
//
// # Errors
//
// ParseTrace says which line is wrong.
package session
