package webm_test

import (
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/webm"
)

// recorder is a handler that keeps everything.
type recorder = bytestreamtest.Recorder

// parse feeds a whole stream in one piece to a new parser and flushes it.
func parse(o webm.Options, b []byte) (*recorder, error) { return bytestreamtest.Parse(webm.New(o), b) }

// digestOf feeds pieces to a new parser and flushes it; the result tells calls and error apart from every other outcome.
func digestOf(o webm.Options, pieces ...[]byte) (sum uint64, err error) {
	return bytestreamtest.DigestOf(webm.New(o), pieces...)
}
