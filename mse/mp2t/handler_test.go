package mp2t_test

import (
	"mseplayer/mse/mp2t"
	"mseplayer/mse/msetest/bytestreamtest"
)

// recorder is a handler that keeps everything.
type recorder = bytestreamtest.Recorder

// parse feeds a whole stream in one piece to a new parser and flushes it.
func parse(b []byte) (*recorder, *mp2t.Parser, error) {
	p := mp2t.New()
	r, err := bytestreamtest.Parse(p, b)
	return r, p, err
}

// digestOf feeds pieces to a new parser and flushes it; the result tells calls, error and counts apart from every other
// outcome.
func digestOf(pieces ...[]byte) (sum uint64, err error) { return digestBy(new(mp2t.Parser), pieces...) }

// digestBy is digestOf with a parser that is overwritten first.
func digestBy(p *mp2t.Parser, pieces ...[]byte) (sum uint64, err error) {
	*p = mp2t.Parser{}
	d := bytestreamtest.NewDigest()
	if err = bytestreamtest.Finish(p, d, pieces...); err != nil {
		d.Text(err.Error())
	}
	s := p.Stats()
	d.Numbers(uint64(s.LostPackets), uint64(s.DamagedFrames), uint64(s.Garbage), uint64(s.BadSound), uint64(s.NoConfig), uint64(s.NoTime))
	return d.Sum(), err
}
