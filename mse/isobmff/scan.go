package isobmff

import (
	"errors"
	"fmt"
	"io"
	"math"

	"mseplayer/mse/media"
)

// maxScannedFragments bounds the fragments of one file that a Scanner visits.
const maxScannedFragments = 1 << 20

// Fragment is one movie fragment of a file: a moof and what lies between it and the next one.
type Fragment struct {
	Offset, Size int64
	// Start is the earliest presentation time of a sample, on the file's own timeline with the edit list applied;
	// the samples last until Start + Duration.
	Start    media.Time
	Duration media.Span
	// RAP is set when the fragment begins with a random access point of its video, or holds no video.
	RAP bool
}

// Scanner visits the fragments of a file that can be read anywhere. It reads box headers, moov and moof, and nothing
// of the media. It belongs to one caller at a time.
type Scanner struct {
	r    io.ReaderAt
	size int64
	opt  Options

	at    int64
	movie *movie
	init  int64 // length of the initialization segment
	count int
	frag  fragment
}

// NewScanner returns a scanner of a file of size bytes, at its beginning.
func NewScanner(r io.ReaderAt, size int64) *Scanner { return &Scanner{r: r, size: size} }

// Init reads as far as the moov and returns what it says and the length of the initialization segment, which begins at
// 0. The error wraps ErrNotFragmented for a file that keeps samples outside of fragments.
func (s *Scanner) Init() (*media.InitSegment, int64, error) {
	for s.movie == nil {
		typ, head, size, err := s.header()
		if errors.Is(err, io.EOF) {
			return nil, 0, fault("stream", s.at, "ends before a moov")
		}
		if err != nil {
			return nil, 0, err
		}
		switch typ.String() {
		case "moov":
			b, err := s.read(typ, head, size, maxMoovBytes)
			if err != nil {
				return nil, 0, err
			}
			if s.movie, err = parseMoov(b, s.opt); err != nil {
				return nil, 0, err
			}
			for _, t := range s.movie.tracks {
				if len(t.entries) > 0 {
					t.info.Config = t.entries[0].config
				}
			}
			s.init = s.at + size
		case "moof", "mdat":
			return nil, 0, notFragmented(typ.String(), s.at, "comes before the moov")
		}
		s.at += size
	}
	return s.movie.initSegment(), s.init, nil
}

// Next returns the next fragment, io.EOF behind the last one. A last fragment that is cut off counts.
func (s *Scanner) Next() (Fragment, error) {
	if _, _, err := s.Init(); err != nil {
		return Fragment{}, err
	}
	var f Fragment
	found := false
	for {
		typ, head, size, err := s.header()
		if errors.Is(err, io.EOF) && found {
			f.Size = s.size - f.Offset
			return f, nil
		}
		if err != nil {
			return Fragment{}, err
		}
		if typ.String() == "moof" {
			if found {
				f.Size = s.at - f.Offset
				return f, nil
			}
			if s.count++; s.count > maxScannedFragments {
				return Fragment{}, fault("moof", s.at, "there are more than %d fragments", maxScannedFragments)
			}
			b, err := s.read(typ, head, size, maxMoofBytes)
			if err != nil {
				return Fragment{}, err
			}
			if err := s.frag.parse(b, s.movie, s.opt); err != nil {
				return Fragment{}, err
			}
			f, found = s.measure(), true
			f.Offset = s.at
		}
		s.at += size
	}
}

// measure derives times from the fragment just parsed.
func (s *Scanner) measure() Fragment {
	f := Fragment{RAP: true}
	first, last := math.Inf(1), math.Inf(-1)
	for i := range s.frag.tracks {
		t := &s.frag.tracks[i]
		c := t.pos
		begin := true
		for {
			x, ok := t.next(&c)
			if !ok {
				break
			}
			if begin && t.track.kind == media.Video {
				f.RAP = f.RAP && x.flags&sampleNonSync == 0 && x.flags&sampleDependsMask != sampleDependsYes
			}
			begin = false
			pts := x.dts + x.cts - t.track.shift
			first = min(first, float64(media.FromTicks(pts, t.track.timescale)))
			last = max(last, float64(media.FromTicks(pts+x.dur, t.track.timescale)))
		}
	}
	if first <= last {
		f.Start, f.Duration = media.Time(first), media.Span(last-first)
	}
	return f
}

// header reads the header of the box at s.at. size includes it; io.EOF means that the file ends here.
func (s *Scanner) header() (typ fourcc, head int, size int64, err error) {
	if s.at+headerBytes > s.size {
		return typ, 0, 0, io.EOF
	}
	var b [longHeaderBytes]byte
	n, err := s.r.ReadAt(b[:min(longHeaderBytes, s.size-s.at)], s.at)
	if n < headerBytes {
		return typ, 0, 0, unreadableAt(s.at, err)
	}
	typ = fourccOf(b[4:])
	if _, known := roles[string(typ[:])]; !known {
		return typ, 0, 0, fault("stream", s.at, "%+q is not the type of an ISO BMFF box", typ[:])
	}
	head, size = headerBytes, int64(be.Uint32(b[:]))
	switch {
	case size == 0:
		size = s.size - s.at
	case size == 1 && n == longHeaderBytes:
		head = longHeaderBytes
		if long := be.Uint64(b[headerBytes:]); long <= uint64(maxTicks) {
			size = int64(long)
		}
	}
	if size < int64(head) {
		return typ, 0, 0, fault(typ.String(), s.at, "declares a size that no box has")
	}
	return typ, head, size, nil
}

// read gathers the box at s.at.
func (s *Scanner) read(typ fourcc, head int, size int64, limit int64) (*box, error) {
	if size > limit {
		return nil, fault(typ.String(), s.at, "declares %d bytes, more than the %d that are accepted", size, limit)
	}
	if s.at+size > s.size {
		return nil, fault(typ.String(), s.at, "ends %d bytes beyond the file", s.at+size-s.size)
	}
	buf := make([]byte, size) // what is parsed aliases it
	if n, err := s.r.ReadAt(buf, s.at); int64(n) < size {
		return nil, unreadableAt(s.at, err)
	}
	return &box{typ: typ, off: s.at, head: head, body: buf[head:]}, nil
}

func unreadableAt(at int64, err error) error {
	return fmt.Errorf("read at byte %d: %w", at, err)
}
