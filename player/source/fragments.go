package source

import (
	"errors"
	"io"
	"sort"
	"strings"

	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// entry is one segment of a fragmented file: fragments from one random access point up to the next.
type entry struct {
	offset, size int64
	start        media.Time
	duration     media.Span
}

// fragmentIndex is a manifest.Index over the fragments of a file.
type fragmentIndex struct {
	url     string
	entries []entry
}

// Len implements manifest.Index.
func (x *fragmentIndex) Len() int { return len(x.entries) }

// At implements manifest.Index.
func (x *fragmentIndex) At(i int) manifest.SegmentRef {
	e := x.entries[i]
	return manifest.SegmentRef{Resource: manifest.Resource{URL: x.url, Range: manifest.Range{Start: e.offset, End: e.offset + e.size}},
		Number: int64(i + 1), Start: e.start, Duration: e.duration}
}

// Find implements manifest.Index.
func (x *fragmentIndex) Find(t media.Time) int {
	i := sort.Search(len(x.entries), func(i int) bool { return x.entries[i].start > t })
	if i > 0 {
		i--
	}
	for i < len(x.entries) && x.entries[i].start.Add(x.entries[i].duration) <= t {
		i++
	}
	return i
}

// fragments lists the segments of a fragmented file. A local file is scanned; over the network that would be one
// request for each fragment, so there the file's own index is used, and without one the file is a single segment.
func fragments(url string, scan *isobmff.Scanner, r io.ReaderAt, size, initSize int64) (manifest.Index, error) {
	if initSize >= size {
		return nil, errors.New("the file holds an initialization segment and no media")
	}
	if strings.HasPrefix(url, "http:") || strings.HasPrefix(url, "https:") {
		if x := indexed(url, r, size); x != nil {
			return x, nil
		}
		return manifest.SingleIndex{Resource: manifest.Resource{URL: url, Range: manifest.Range{Start: initSize, End: size}}, Number: 1}, nil
	}
	x := &fragmentIndex{url: url}
	sorted := true
	at := initSize
	for {
		f, err := scan.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			// What lies behind a fault is found by the parser, with its message.
			x.entries = append(x.entries, entry{offset: at, size: size - at, start: x.end()})
			break
		}
		at = f.Offset + f.Size
		if n := len(x.entries); n > 0 && !f.RAP {
			last := &x.entries[n-1]
			last.size = at - last.offset
			last.duration = max(last.duration, f.Start.Add(f.Duration).Sub(last.start))
			continue
		}
		sorted = sorted && f.Start >= x.end().Add(-f.Duration)
		x.entries = append(x.entries, entry{f.Offset, f.Size, f.Start, f.Duration})
	}
	if len(x.entries) == 0 || !sorted {
		// Times that go back cannot be searched.
		return manifest.SingleIndex{Resource: manifest.Resource{URL: url, Range: manifest.Range{Start: initSize, End: size}}, Number: 1}, nil
	}
	return x, nil
}

func (x *fragmentIndex) end() media.Time {
	if n := len(x.entries); n > 0 {
		return x.entries[n-1].start.Add(x.entries[n-1].duration)
	}
	return 0
}

// maxHead bounds what is read of a file to find its index.
const maxHead = 16 << 20

// indexed reads the segment index of a file, nil if there is none that lists media.
func indexed(url string, r io.ReaderAt, size int64) manifest.Index {
	for n := int64(64 << 10); ; {
		n = min(n, size, maxHead)
		b := make([]byte, n)
		if got, err := r.ReadAt(b, 0); int64(got) < n && !errors.Is(err, io.EOF) {
			return nil
		}
		h, err := isobmff.FindIndex(b)
		if err != nil || h.Need > maxHead || h.Need > size {
			return nil
		}
		if h.Need > 0 {
			n = max(h.Need, 2*n)
			continue
		}
		if h.IndexSize == 0 {
			return nil
		}
		idx, err := isobmff.ParseIndex(b[h.IndexOffset:], h.IndexOffset)
		if err != nil || len(idx.References) == 0 {
			return nil
		}
		x := &fragmentIndex{url: url}
		for _, ref := range idx.References {
			if ref.IsIndex || ref.Offset+ref.Size > size {
				return nil
			}
			x.entries = append(x.entries, entry{ref.Offset, ref.Size, ref.Start, ref.Duration})
		}
		return x
	}
}
