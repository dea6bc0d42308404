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
// # Cost
//
// Blocks lie in a B+ tree by their keys, which also knows what interval a subtree presents: adding, removing, finding a
// place and what overlaps an interval cost the logarithm of the number of blocks. Of a million coded frames nearly all are
// far away in memory, so what counts is how much is touched: to find a GOP and to hand out its first frame touches one
// node for each level and the block, no frame; in a run, the frames around the place. The ranges are a list that is changed
// in place around what was added or removed. Its tail moves when the number of ranges changes, and it is copied at the
// first change after it has been handed out.
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
