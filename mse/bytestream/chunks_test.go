package bytestream_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"mseplayer/mse/bytestream"
)

// stream returns n bytes that differ everywhere.
func stream(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

// TestChunksAgainstFlatSlice drives random operations and compares each answer with the flat stream.
func TestChunksAgainstFlatSlice(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		all := stream(1 << 18)
		var c bytestream.Chunks
		type held struct{ got, want []byte }
		var keep []held
		start, end := 0, 0
		for range 100 {
			switch op := r.IntN(5); {
			case op < 2 && end < len(all):
				n := min(1+r.IntN(1<<r.IntN(15)), len(all)-end)
				c.Push(bytes.Clone(all[end : end+n]))
				end += n
			case op == 2 && end > start:
				from := start + r.IntN(end-start)
				to := from + r.IntN(end-from+1)
				b := c.Bytes(int64(from), int64(to))
				if !bytes.Equal(b, all[from:to]) {
					t.Fatalf("seed %d: Bytes(%d, %d) differs", seed, from, to)
				}
				if cap(b) != len(b) {
					t.Fatalf("seed %d: Bytes(%d, %d) could be appended to: len %d, cap %d", seed, from, to, len(b), cap(b))
				}
				keep = append(keep, held{b, all[from:to]})
			case op == 3 && end > start:
				from := start + r.IntN(end-start)
				buf := make([]byte, 16)
				if got, want := c.Peek(buf, int64(from)), all[from:min(from+16, end)]; !bytes.Equal(got, want) {
					t.Fatalf("seed %d: Peek(%d) = %x, want %x", seed, from, got, want)
				}
			case op == 4:
				to := start + r.IntN(end-start+20)
				c.Discard(int64(to))
				start = max(start, min(to, end))
			}
			if c.Start() != int64(start) || c.End() != int64(end) || c.Len() != end-start {
				t.Fatalf("seed %d: holds [%d, %d), want [%d, %d)", seed, c.Start(), c.End(), start, end)
			}
		}
		for i, k := range keep {
			if !bytes.Equal(k.got, k.want) {
				t.Fatalf("seed %d: slice %d changed after it was handed out", seed, i)
			}
		}
	}
}

// TestChunksAliases proves that a slice of one pushed chunk is not a copy and that a straddling one is.
func TestChunksAliases(t *testing.T) {
	a, b := stream(8<<10), stream(8<<10)
	var c bytestream.Chunks
	c.Push(a)
	c.Push(b)
	if s, ok := c.Slice(100, 200); !ok || &s[0] != &a[100] {
		t.Errorf("Slice inside the first chunk was copied")
	}
	if s, ok := c.Slice(8<<10, 16<<10); !ok || &s[0] != &b[0] {
		t.Errorf("Slice of the whole second chunk was copied")
	}
	if _, ok := c.Slice(8<<10-1, 8<<10+1); ok {
		t.Errorf("Slice across two chunks claims to alias")
	}
	c.Reset()
	if c.Len() != 0 || c.End() != 0 {
		t.Errorf("after Reset: %d bytes up to %d, want none at 0", c.Len(), c.End())
	}
}

// TestChunksByteByByte bounds what a stream costs that is pushed a byte at a time: far fewer allocations than
// pushes.
func TestChunksByteByByte(t *testing.T) {
	p := stream(256 << 10)
	var c bytestream.Chunks
	allocs := testing.AllocsPerRun(1, func() {
		c.Reset()
		for i := range p {
			c.Push(p[i : i+1 : i+1])
		}
	})
	if !bytes.Equal(c.Bytes(0, int64(len(p))), p) {
		t.Fatal("content differs")
	}
	if allocs > 30 {
		t.Errorf("%v allocations for %d pushes, want at most 30", allocs, len(p))
	}
}

// TestFormatError pins the message, which people read in events and reports.
func TestFormatError(t *testing.T) {
	e := &bytestream.FormatError{Offset: 1234, Path: "moof/traf[0]/trun", Msg: "sample 17 ends 512 bytes beyond the mdat"}
	if got, want := e.Error(), "moof/traf[0]/trun at byte 1234: sample 17 ends 512 bytes beyond the mdat"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
