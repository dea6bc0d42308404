package bytestream

import "sort"

// Chunks is the input buffer of a parser: the pushed slices in stream order, addressed by absolute byte offset.
// Nothing is copied on the way in except small pushes, which are gathered so that a stream that arrives byte by
// byte does not cost a slice header a byte. The zero value is an empty buffer at offset 0.
//
// A slice that [Chunks.Slice] returned stays valid and unchanged for as long as anyone holds it, whatever is
// pushed or discarded later. Memory is bounded by what was pushed and not discarded: no size that the stream
// merely declares is ever allocated.
type Chunks struct {
	list       []chunk // list[head:] is live
	head       int
	hint       int // index where the last lookup ended
	start, end int64
	gathering  bool // the last chunk is ours and may grow within its capacity
}

// chunk is one contiguous piece of the stream.
type chunk struct {
	off int64
	b   []byte
}

// Bounds of the gathering of small pushes, in bytes: a push shorter than the first is copied; the buffers that
// take the copies double from the first to the second.
const (
	minGather = 4 << 10
	maxGather = 64 << 10
)

// Push appends p to the stream and takes ownership of it.
func (c *Chunks) Push(p []byte) {
	if len(p) == 0 {
		return
	}
	if len(p) < minGather {
		c.gather(p)
		return
	}
	c.list = append(c.list, chunk{c.end, p})
	c.gathering = false
	c.end += int64(len(p))
}

// gather copies p behind what was gathered before.
func (c *Chunks) gather(p []byte) {
	size := minGather
	if c.gathering {
		last := &c.list[len(c.list)-1]
		if len(last.b)+len(p) <= cap(last.b) {
			last.b = append(last.b, p...)
			c.end += int64(len(p))
			return
		}
		size = min(2*cap(last.b), maxGather)
	}
	c.list = append(c.list, chunk{c.end, append(make([]byte, 0, size), p...)})
	c.gathering = true
	c.end += int64(len(p))
}

// Start is the offset of the first byte that is still held, End the offset behind the last one.
func (c *Chunks) Start() int64 { return c.start }

// End is the offset behind the last byte pushed.
func (c *Chunks) End() int64 { return c.end }

// Len is the number of bytes held.
func (c *Chunks) Len() int { return int(c.end - c.start) }

// Slice returns the bytes [from, to) without copying when they lie in one chunk. The range must be held.
func (c *Chunks) Slice(from, to int64) (b []byte, ok bool) {
	if from == to {
		return nil, true
	}
	k := &c.list[c.find(from)]
	if i, j := from-k.off, to-k.off; j <= int64(len(k.b)) {
		return k.b[i:j:j], true
	}
	return nil, false
}

// Bytes returns the bytes [from, to): as Slice does if possible, otherwise as one copy of exactly that size.
func (c *Chunks) Bytes(from, to int64) []byte {
	if b, ok := c.Slice(from, to); ok {
		return b
	}
	b := make([]byte, to-from)
	c.Copy(b, from)
	return b
}

// Copy fills dst with the bytes from offset from on, all of which must be held.
func (c *Chunks) Copy(dst []byte, from int64) {
	for len(dst) > 0 {
		k := &c.list[c.find(from)]
		n := copy(dst, k.b[from-k.off:])
		dst, from = dst[n:], from+int64(n)
	}
}

// Peek returns the bytes [from, from+len(buf)) or as many of them as are held, in buf or aliased.
func (c *Chunks) Peek(buf []byte, from int64) []byte {
	to := min(from+int64(len(buf)), c.end)
	if b, ok := c.Slice(from, to); ok {
		return b
	}
	buf = buf[:to-from]
	c.Copy(buf, from)
	return buf
}

// Discard drops the bytes before offset to, or all if fewer are held.
func (c *Chunks) Discard(to int64) {
	if to = min(to, c.end); to <= c.start {
		return
	}
	c.start = to
	for c.head < len(c.list) {
		k := &c.list[c.head]
		if k.off+int64(len(k.b)) > to || c.gathering && c.head == len(c.list)-1 {
			break // the gathering chunk stays, it has room
		}
		*k = chunk{}
		c.head++
	}
	switch {
	case c.head == len(c.list):
		c.list, c.head = c.list[:0], 0
	case c.head > len(c.list)/2:
		n := copy(c.list, c.list[c.head:])
		clear(c.list[n:])
		c.list, c.head = c.list[:n], 0
	}
}

// Reset empties the buffer and starts again at offset 0.
func (c *Chunks) Reset() { *c = Chunks{} }

// find returns the index of the chunk that holds offset off. Lookups mostly move forward, so it tries where the
// last one ended before it searches.
func (c *Chunks) find(off int64) int {
	for i := max(c.hint, c.head); i < len(c.list) && i <= c.hint+1; i++ {
		if k := &c.list[i]; k.off <= off && off < k.off+int64(len(k.b)) {
			c.hint = i
			return i
		}
	}
	live := c.list[c.head:]
	c.hint = c.head + sort.Search(len(live), func(i int) bool { return live[i].off > off }) - 1
	return c.hint
}
