// Package abr chooses which representation to fetch next: from what the network has given, how much is buffered, and
// how many pictures the machine could not show in time.
//
// A [Controller] is told of each body that has arrived, and asked before each segment, and while one arrives. Its rules,
// in the order in which they bound each other:
//
//   - Dropped frames: a rung of which too many pictures came too late is left, with all that is as hard to decode, for a
//     while; longer each time.
//   - Window: nothing larger is fetched than the smallest rung that fills what the pictures are seen in.
//   - Throughput: what two exponentially weighted averages, a fast and a slow one, both say the network can do. Less of
//     it is used while little is buffered, and more is asked for to go up than to stay.
//   - Buffer: once enough is buffered, the choice is BOLA's (Spiteri, Urgaonkar, Sitaraman: BOLA, INFOCOM 2016), which
//     weighs quality against the level of the buffer and so neither hunts up and down nor reacts to every dip. It does
//     not go above what the throughput sustains.
//   - Patience: a rung that the same network could not sustain after all is not tried again for a while; longer each
//     time, unless the network becomes faster.
//   - Abandonment: a segment that takes so long that playback would stop is given up for a smaller one.
//
// Every decision is kept with all of its inputs, in a log of bounded length, from which the same decisions follow again.
//
// # Ownership
//
// The rungs of a State are kept in the log and must not change.
//
// # Concurrency
//
// A Controller belongs to one goroutine. It never looks at a clock: the time is an argument.
//
// # Errors
//
// There are none: a State without rungs gives -1.
package abr
