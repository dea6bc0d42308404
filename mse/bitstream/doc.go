// Package bitstream reads what coded media says of itself: the parameter sets of H.264 and HEVC, the sequence header of
// AV1, the frame header of VP9 and the AudioSpecificConfig of AAC. Nothing is decoded.
//
// [OfConfig] reads the configuration that a container has outside of the coded frames, [OfFrame] a coded frame. They give
// [Facts], of whatever format. [AVCSet] and [HEVCSet] give all that is of use in a parameter set, and [Reader] reads the
// bits of anything.
//
// # Ownership
//
// Facts and Sets are plain values. Nothing but a Reader keeps its arguments; it looks at them and writes nothing.
//
// # Concurrency
//
// No state, no goroutines.
//
// # Errors
//
// None. What is cut off or makes no sense says nothing. A Reader tells of an overrun.
package bitstream
