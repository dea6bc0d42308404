package bytestreamtest

import (
	"bytes"
	"runtime/metrics"
	"testing"

	"mseplayer/mse/bytestream"
)

// Feed pushes the pieces one after the other.
func Feed(p bytestream.Parser, h bytestream.Handler, pieces ...[]byte) error {
	for _, b := range pieces {
		p.Push(b)
		if err := bytestream.Drain(p, h); err != nil {
			return err
		}
	}
	return nil
}

// Finish is Feed, and then has p hand out what it still holds.
func Finish(p bytestream.Parser, h bytestream.Handler, pieces ...[]byte) error {
	if err := Feed(p, h, pieces...); err != nil {
		return err
	}
	if f, ok := p.(bytestream.Flusher); ok {
		return f.Flush(h)
	}
	return nil
}

// Parse records what p makes of a whole stream in one piece.
func Parse(p bytestream.Parser, b []byte) (*Recorder, error) {
	r := &Recorder{}
	return r, Finish(p, r, b)
}

// CutUp cuts copies of pieces of n bytes out of b, one of the whole if n is 0.
func CutUp(b []byte, n int) (pieces [][]byte) {
	for n > 0 && len(b) > n {
		pieces, b = append(pieces, bytes.Clone(b[:n])), b[n:]
	}
	return append(pieces, bytes.Clone(b))
}

// Cut copies b in pieces of the given sizes, as far as it goes, and one of the rest.
func Cut(b []byte, sizes ...uint16) (pieces [][]byte) {
	for _, at := range sizes {
		n := min(int(at), len(b))
		pieces, b = append(pieces, bytes.Clone(b[:n])), b[n:]
	}
	return append(pieces, bytes.Clone(b))
}

// CheckCuts fails the test if a stream that is cut into single bytes, if it is short, or into other pieces does not give
// the digest that it gives in one piece.
func CheckCuts(t testing.TB, name string, b []byte, digest func(pieces ...[]byte) (uint64, error)) {
	t.Helper()
	const short = 256 << 10
	want, _ := digest(bytes.Clone(b))
	for _, n := range []int{1, 1499, 64 << 10} {
		if n == 1 && len(b) > short {
			continue
		}
		if got, err := digest(CutUp(b, n)...); got != want {
			t.Errorf("%s in pieces of %d bytes: another result than in one piece (%v)", name, n, err)
		}
	}
}

// MaxMemory is how much more than its input a parser may allocate for the short inputs of fuzz tests, in bytes. What it
// holds at a time is less than that.
const MaxMemory = 64 << 20

// CheckMemory fails the test if parse, which reads a stream of n bytes, allocates more than it may. Nothing else may
// allocate meanwhile.
func CheckMemory(t testing.TB, n int, parse func()) {
	t.Helper()
	before := allocated()
	parse()
	if got := allocated() - before; got > uint64(n)+MaxMemory {
		t.Fatalf("%d bytes were allocated to parse %d", got, n)
	}
}

// allocated is what this process has allocated so far, in bytes.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
