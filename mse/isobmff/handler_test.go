package isobmff_test

import (
	"mseplayer/mse/isobmff"
	"mseplayer/mse/msetest/bytestreamtest"
)

// recorder is a handler that keeps everything.
type recorder = bytestreamtest.Recorder

// parse feeds a whole stream in one piece to a new parser and flushes it.
func parse(o isobmff.Options, b []byte) (*recorder, error) {
	return bytestreamtest.Parse(isobmff.New(o), b)
}

// digestOf feeds pieces to a new parser and flushes it; the result tells calls and error apart from every other outcome.
func digestOf(o isobmff.Options, pieces ...[]byte) (sum uint64, err error) {
	return bytestreamtest.DigestOf(isobmff.New(o), pieces...)
}
