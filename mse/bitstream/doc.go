// Package bitstream reads what coded media says of itself: the parameter sets of H.264 and HEVC, the sequence header of
// AV1, the frame header of VP9 and the AudioSpecificConfig of AAC. Nothing is decoded.
//
// [OfConfig] reads the configuration that a container has outside of the coded frames, [OfFrame] a coded frame.
//
// # Ownership
//
// Facts are plain values. Nothing keeps its arguments.
//
// # Concurrency
//
// No state, no goroutines.
//
// # Errors
//
// None. What is cut off or makes no sense says nothing.
package bitstream
