// Package detect finds what nobody wants in decoded pictures and sound: black pictures, pictures that stand still, bars
// around the picture, pictures that consist of two fields, silence, and sound that is cut off at full scale. It compares
// pictures as well.
//
// Each detector is a value that is given one picture or block after the other, in the order of their times.
//
// # Ownership
//
// A detector copies what it needs to remember; pictures and blocks stay with the caller.
//
// # Concurrency
//
// A detector belongs to one goroutine.
//
// # Errors
//
// None. Pictures whose planes cannot be described (frame.Other) are passed over.
package detect
