package dash

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sort"

	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// Bounds on reading a segment index.
const (
	headBytes       = 64 << 10 // what is read at a time when looking for boxes
	maxIndexBytes   = 1 << 20  // one index box, which cannot have more than 65,535 entries
	maxIndexBoxes   = 1 << 10  // boxes of a hierarchical index
	maxHeadRequests = 32       // steps from box to box when looking for the index
)

// indexedFile is a media file with an index of its own. It is immutable.
type indexedFile struct {
	bases  *origins
	init   *manifest.Resource
	at     manifest.Range     // where the manifest says the index is; the zero value is nowhere
	apart  *manifest.Resource // an index that is a resource of its own, nil for none
	start  media.Time
	end    media.Opt
	offset media.Span
}

// lazyIndex implements manifest.Lazy for SegmentBase of MP4.
type lazyIndex struct{ indexedFile }

// Load implements manifest.Lazy. A file without any index is one segment.
func (l *lazyIndex) Load(get manifest.Getter) (*manifest.List, error) {
	init, x, err := l.load(get)
	if err != nil {
		return nil, err
	}
	return &manifest.List{Init: init, Index: x}, nil
}

func (l *lazyIndex) load(get manifest.Getter) (*manifest.Resource, manifest.Index, error) {
	if l.apart != nil {
		init, x, err := l.loadApart(get)
		if !errors.Is(err, errIndex) {
			return init, x, err
		}
		// It says nothing; perhaps the file itself does.
	}
	if !l.at.IsWhole() {
		x, err := l.read(get, l.at.Start, l.at.Len())
		if err == nil {
			init := l.init
			if init == nil && l.at.Start > 0 {
				init = l.part(0, l.at.Start) // what precedes the index is the initialization segment
			}
			return init, x, nil
		}
		if !errors.Is(err, errIndex) {
			return nil, nil, err
		}
		// The range is wrong; the file itself knows.
		init, x2, err2 := l.scan(get)
		if err2 != nil {
			return nil, nil, err
		}
		return init, x2, nil
	}
	return l.scan(get)
}

// errIndex marks failures to understand bytes, as opposed to getting them.
var errIndex = errors.New("segment index")

// part is a range of the file.
func (l *indexedFile) part(from, to int64) *manifest.Resource {
	r := l.bases.resource("", manifest.Range{Start: from, End: to})
	return &r
}

// scan walks over the boxes at the beginning of the file until it meets an index or media.
func (l *lazyIndex) scan(get manifest.Getter) (*manifest.Resource, manifest.Index, error) {
	var window []byte
	var from int64 // of window in the file
	requests := 0
	again := func(r manifest.Resource) ([]byte, error) { // what is at hand is not asked for
		if x := r.Range; x.Start >= from && x.End > 0 && x.End <= from+int64(len(window)) {
			return window[x.Start-from : x.End-from], nil
		}
		return get(r)
	}
	var initEnd int64
	for pos := int64(0); ; {
		atEnd := requests > 0 && len(window) < headBytes
		if rel := pos - from; rel+16 > int64(len(window)) && !(atEnd && rel < int64(len(window))) {
			if requests++; requests > maxHeadRequests {
				return nil, nil, fmt.Errorf("%w: none within the first %d boxes", errIndex, maxHeadRequests)
			}
			b, err := get(*l.part(pos, pos+headBytes))
			if err != nil {
				return nil, nil, err
			}
			window, from = b, pos
		}
		size, kind, ok := boxHeader(window[pos-from:])
		switch {
		case !ok, kind == "moof", kind == "mdat", pos > math.MaxInt64-size:
			return l.init, l.whole(), nil
		case kind == "sidx":
			x, err := l.read(again, pos, size)
			init := l.init
			if init == nil && initEnd > 0 {
				init = l.part(0, initEnd)
			}
			return init, x, err
		case kind == "moov":
			initEnd = pos + size
		}
		pos += size
	}
}

// boxHeader reads size and type of a box; ok is false for bytes that are none, and for one that never ends.
func boxHeader(b []byte) (size int64, kind string, ok bool) {
	if len(b) < 8 {
		return 0, "", false
	}
	size, kind = int64(binary.BigEndian.Uint32(b)), string(b[4:8])
	if size == 1 {
		if len(b) < 16 {
			return 0, "", false
		}
		size = int64(binary.BigEndian.Uint64(b[8:]))
	}
	return size, kind, size >= 8
}

// whole is the index of a file without index: the segment begins with the initialization segment.
func (l *indexedFile) whole() manifest.Index {
	var part manifest.Range
	if file := l.bases.resource("", part); l.init != nil && l.init.URL == file.URL && l.init.Range.Start == 0 {
		part.Start = l.init.Range.End
	}
	s := manifest.SingleIndex{Resource: l.bases.resource("", part), Number: 1, Start: l.start}
	if l.end.Set {
		s.Duration = l.end.T.Sub(l.start)
	}
	return s
}

// read reads the index box at off, and those it refers to.
func (l *lazyIndex) read(get manifest.Getter, off, size int64) (manifest.Index, error) {
	x := &fileIndex{bases: l.bases, start: l.start, offset: l.offset}
	boxes := 0
	if err := l.descend(get, x, off, size, &boxes); err != nil {
		return nil, err
	}
	if len(x.entries) == 0 {
		return nil, fmt.Errorf("%w at byte %d: no entry", errIndex, off)
	}
	return x, nil
}

// descend adds the entries of the box at off to x. size is a guess of its length, 0 for none.
func (l *lazyIndex) descend(get manifest.Getter, x *fileIndex, off, size int64, boxes *int) error {
	// A box that refers to the next one makes a chain as long as the file; the loop, not recursion, follows it.
	type todo struct{ off, size int64 }
	stack := []todo{{off, size}}
	for len(stack) > 0 {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if *boxes++; *boxes > maxIndexBoxes {
			return fmt.Errorf("%w: more than %d boxes", errIndex, maxIndexBoxes)
		}
		box, err := l.fetchBox(get, at.off, at.size)
		if err != nil {
			return err
		}
		if len(x.entries)+len(box.References) > maxEntries {
			return fmt.Errorf("%w: more than %d entries", errIndex, maxEntries)
		}
		nested := len(stack)
		for _, r := range box.References {
			switch {
			case r.IsIndex && r.Offset <= at.off:
				return fmt.Errorf("%w at byte %d: refers back to byte %d", errIndex, at.off, r.Offset)
			case r.IsIndex:
				stack = append(stack, todo{r.Offset, min(r.Size, headBytes)})
			case r.Size <= 0 || r.Offset < 0:
				return fmt.Errorf("%w at byte %d: a segment of %d bytes at byte %d", errIndex, at.off, r.Size, r.Offset)
			default:
				x.entries = append(x.entries, fileEntry{r.Offset, r.Size, r.Start, r.Duration})
			}
		}
		for i, j := nested, len(stack)-1; i < j; i, j = i+1, j-1 {
			stack[i], stack[j] = stack[j], stack[i]
		}
	}
	// A box may refer to media and to boxes in any mixture.
	sort.SliceStable(x.entries, func(i, j int) bool { return x.entries[i].t < x.entries[j].t })
	return nil
}

// fetchBox gets one box, asking again when the first guess was too short.
func (l *lazyIndex) fetchBox(get manifest.Getter, off, size int64) (isobmff.Index, error) {
	if size <= 0 || size > maxIndexBytes {
		size = headBytes
	}
	b, err := get(*l.part(off, off+size))
	if err != nil {
		return isobmff.Index{}, err
	}
	if need, kind, ok := boxHeader(b); ok && kind == "sidx" && need > int64(len(b)) {
		if need > maxIndexBytes {
			return isobmff.Index{}, fmt.Errorf("%w at byte %d: %d bytes, more than the %d accepted", errIndex, off, need, maxIndexBytes)
		}
		if need > size {
			if b, err = get(*l.part(off, off+need)); err != nil {
				return isobmff.Index{}, err
			}
		}
		if int64(len(b)) < need {
			return isobmff.Index{}, fmt.Errorf("%w at byte %d: the file ends inside it", errIndex, off)
		}
	}
	box, err := isobmff.ParseIndex(b, off)
	if err != nil {
		return isobmff.Index{}, fmt.Errorf("%w: %w", errIndex, err)
	}
	return box, nil
}

// fileEntry is one media segment of an index; size is 0 for up to the end of the file.
type fileEntry struct {
	off, size int64
	t         media.Time // on the media timeline
	d         media.Span
}

// fileIndex implements manifest.Index over the entries of an index in the media file.
type fileIndex struct {
	bases   *origins
	entries []fileEntry
	start   media.Time
	offset  media.Span
}

func (x *fileIndex) Len() int { return len(x.entries) }

func (x *fileIndex) At(i int) manifest.SegmentRef {
	e := x.entries[i]
	part := manifest.Range{Start: e.off}
	if e.size > 0 {
		part.End = e.off + e.size
	}
	return manifest.SegmentRef{Resource: x.bases.resource("", part), Number: int64(i) + 1, Start: x.time(e), Duration: e.d}
}

// time puts an entry on the presentation timeline.
func (x *fileIndex) time(e fileEntry) media.Time { return x.start.Add(e.t.Sub(media.Time(x.offset))) }

func (x *fileIndex) Find(t media.Time) int {
	i := sort.Search(len(x.entries), func(i int) bool { return x.time(x.entries[i]) > t }) - 1
	if i < 0 {
		return 0
	}
	if e := x.entries[i]; e.d > 0 && x.time(e).Add(e.d) <= t {
		i++ // a gap, or the end
	}
	return i
}
