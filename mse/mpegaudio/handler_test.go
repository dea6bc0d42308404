package mpegaudio_test

import (
	"mseplayer/mse/mpegaudio"
	"mseplayer/mse/msetest/bytestreamtest"
)

// trackID is the only track.
const trackID = 1

// recorder is a handler that keeps everything.
type recorder = bytestreamtest.Recorder

// parse feeds a whole stream in one piece to a new parser and flushes it.
func parse(f mpegaudio.Format, b []byte) (*recorder, error) {
	return bytestreamtest.Parse(mpegaudio.New(f), b)
}

// digestOf feeds pieces to a new parser and flushes it; the result tells calls and error apart from every other outcome.
func digestOf(f mpegaudio.Format, pieces ...[]byte) (sum uint64, err error) {
	return bytestreamtest.DigestOf(mpegaudio.New(f), pieces...)
}
