// Package wpt runs pages of web-platform-tests, unmodified, against the player's own objects: a JavaScript engine, as much
// of a document as testharness.js and the tests want to see, and bindings of MediaSource, SourceBuffer, the track lists
// and the media element. It belongs to the tests; no program that is shipped contains it.
//
// A page is a goroutine with an event loop that runs its scripts, timers and the event loop of package mse, so that
// scripts see events and attributes as in a browser. Media elements play in real time, with the decoders they are given,
// to a null sink and to a surface that nobody sees; canvas elements and analysers of sound can look at both.
//
// Files: page.go (what a page is and how it runs), loop.go (its event loop), idl.go (interfaces as Web IDL describes
// them), exception.go, event.go, node.go, window.go, fetch.go, xhr.go, mediasource.go, sourcebuffer.go, tracks.go,
// cues.go, media.go, canvas.go, webaudio.go (one group of interfaces each), suite.go (the files of the suite), list.go and
// report.go (which results count, and how they are written down). A member of the specification that the player does not
// have throws an exception that names it.
//
// DEVIATION from a browser: the document is complete before its first script runs; messages are not cloned; while a script
// runs, playback goes on and readyState may change.
//
// # Ownership
//
// A page owns its elements, sinks and object URLs; all are gone when Run returns. The lists of results belong to the
// caller.
//
// # Concurrency
//
// Run may be called from several goroutines, one page each. Report is for one goroutine.
//
// # Errors
//
// Run fails for a page that does not exist. What goes wrong in a page is part of its result.
package wpt
