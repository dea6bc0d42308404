package mp2t

// stream is the elementary stream of a track that no finished frame holds yet. It lies in a block that the frames
// alias: bytes are added behind each other until the block is full, then what no frame has taken moves to a new
// block. A block is never written where frames may look.
type stream struct {
	b     []byte // the block
	from  int    // the first byte that a coming frame may take
	seen  int    // where the splitter goes on looking
	base  int64  // position of b[0] in the whole elementary stream
	limit int    // of the size of a block, in bytes
	marks []mark // PES packets that no frame has begun in, oldest first
}

// mark is the place in the elementary stream where the payload of a PES packet begins, with its time stamps.
type mark struct {
	at       int64
	pts, dts int64 // unwrapped, in ticks
	timed    bool  // it has time stamps
}

const (
	// minBlockBytes is the size of the first block of a stream; the next ones double.
	minBlockBytes = 8 << 10
	// maxMarks bounds the PES packets that may go by without a frame beginning.
	maxMarks = 256
)

// append adds bytes behind the others.
func (s *stream) append(p []byte) {
	if len(s.b)+len(p) > cap(s.b) {
		tail := s.b[s.from:]
		size := max(minBlockBytes, min(2*cap(s.b), s.limit), 2*(len(tail)+len(p)))
		b := append(make([]byte, 0, size), tail...)
		s.base += int64(s.from)
		s.b, s.seen, s.from = b, s.seen-s.from, 0
	}
	s.b = append(s.b, p...)
}

// mark notes that a PES packet begins.
func (s *stream) mark(m mark) {
	m.at = s.base + int64(len(s.b))
	if n := len(s.marks); n > 0 && s.marks[n-1].at == m.at {
		s.marks[n-1] = m
		return
	}
	if len(s.marks) == maxMarks {
		s.marks = append(s.marks[:0], s.marks[1:]...)
	}
	s.marks = append(s.marks, m)
}

// marked reports whether a PES packet begins at b[i].
func (s *stream) marked(i int) bool {
	at := s.base + int64(i)
	k := len(s.marks)
	for k > 0 && s.marks[k-1].at > at {
		k--
	}
	return k > 0 && s.marks[k-1].at == at
}

// stamp takes the time stamps that belong to a frame that begins at b[i]: those of its PES packet, unless an
// earlier frame began in it. ISO/IEC 13818-1 §2.4.3.7.
func (s *stream) stamp(i int) (m mark) {
	n := 0
	for n < len(s.marks) && s.marks[n].at <= s.base+int64(i) {
		n++
	}
	if n > 0 {
		m = s.marks[n-1]
		s.marks = append(s.marks[:0], s.marks[n:]...)
	}
	return m
}

// take gives the bytes [from, to) to a frame.
func (s *stream) take(from, to int) []byte {
	s.from, s.seen = to, max(s.seen, to)
	return s.b[from:to:to]
}

// drop forgets everything that no frame has taken.
func (s *stream) drop() {
	s.from, s.seen, s.marks = len(s.b), len(s.b), s.marks[:0]
}
