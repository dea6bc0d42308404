// Package track holds the coded frames of one track and answers what comes next.
//
// A [Buffer] is the storage half of the specification's track buffer: it knows overlap, decoding dependencies,
// ranges and reading, and nothing of attributes, events or time passing. The algorithms that decide what enters
// at which time are in package mse.
//
// Storage unit is the GOP: a random access point and the frames that depend on it, in decode order. What remains
// of a GOP is always a prefix of its decode order, because taking a frame out takes its dependants out too. GOPs
// lie in presentation order of their first presented frame, which is also the order in which they are decoded:
//
//	block (one GOP)            block (one GOP)          block (a run of audio frames, each its own GOP)
//	[RAP P B B P B B]          [RAP P B B]              [RAP RAP RAP RAP …]
//
// # Ownership
//
// The buffer holds pointers to immutable frames. Mutation moves pointers, never frames, so a frame handed to a
// decoder stays valid through any overlap, removal or eviction.
//
// # Concurrency
//
// None: the caller's lock guards a Buffer and its cursors. There are no goroutines, locks or clocks here.
//
// # Errors
//
// Nothing fails.
package track
