// Package msetest is the test kit of the buffer: a language for coded frames, a text byte stream, scripts that
// drive a MediaSource in virtual time, and a builder of real ISO BMFF segments.
//
// # Ownership
//
// Everything returned belongs to the caller.
//
// # Concurrency
//
// A script runs on one goroutine.
//
// # Errors
//
// Must functions panic, because their input is a test's source; the others return what is wrong with theirs.
package msetest
