// Package playertest is the test kit of the engine: decoders that need no codec, a surface that needs no display, and
// sources that need no network.
//
// # Ownership
//
// Pictures and sound blocks are made and released as the real ones are, so frame.Live tells leaks.
//
// # Concurrency
//
// The types are safe where the ones they stand in for are.
//
// # Errors
//
// A decoder fails where a test asks it to.
package playertest
