package dash

import (
	"fmt"
	"math"

	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// loadApart reads an index that is a resource of its own (RepresentationIndex). What it counts begins with the media.
// ISO/IEC 23009-1 §5.3.9.2.3, ISO/IEC 14496-12 §8.16.3.
func (l *lazyIndex) loadApart(get manifest.Getter) (*manifest.Resource, manifest.Index, error) {
	box, end, err := readApart(get, l.apart)
	if err != nil {
		return nil, nil, err
	}
	x := &fileIndex{bases: l.bases, start: l.start, offset: l.offset}
	for _, r := range box.References {
		if off := r.Offset - end; !r.IsIndex && r.Size > 0 && off >= 0 {
			x.entries = append(x.entries, fileEntry{off, r.Size, r.Start, r.Duration})
		}
	}
	if len(x.entries) == 0 || len(x.entries) < len(box.References) {
		return nil, nil, fmt.Errorf("%w of its own: %d of its %d entries are media", errIndex, len(x.entries), len(box.References))
	}
	init := l.init
	if first := x.entries[0].off; init == nil && first > 0 {
		init = l.part(0, first) // what precedes the media
	}
	return init, x, nil
}

// readApart returns the first index box of a resource, and where it ends.
func readApart(get manifest.Getter, r *manifest.Resource) (box isobmff.Index, end int64, err error) {
	b, err := get(*r)
	if err != nil {
		return box, 0, err
	}
	for pos := int64(0); pos < int64(len(b)); {
		size, kind, ok := boxHeader(b[pos:])
		if !ok || size > int64(len(b))-pos {
			break
		}
		if kind == "sidx" {
			if box, err = isobmff.ParseIndex(b[pos:], pos); err != nil {
				return box, 0, fmt.Errorf("%w: %w", errIndex, err)
			}
			return box, pos + size, nil
		}
		pos += size
	}
	return box, 0, fmt.Errorf("%w: there is none in %d bytes", errIndex, len(b))
}

// lazyList implements manifest.Lazy for a list of segments whose lengths only an index of its own tells.
type lazyList struct {
	init   *manifest.Resource
	apart  *manifest.Resource
	names  listed
	bases  *origins
	number int64
	start  media.Time
	offset media.Span
}

// Load implements manifest.Lazy.
func (l *lazyList) Load(get manifest.Getter) (*manifest.List, error) {
	box, _, err := readApart(get, l.apart)
	if err != nil {
		return nil, err
	}
	if len(box.References) != len(l.names) {
		return nil, fmt.Errorf("%w: %d entries for %d segments", errIndex, len(box.References), len(l.names))
	}
	tl := &timeline{sorted: true}
	for i, r := range box.References {
		if r.DurationTicks <= 0 {
			return nil, fmt.Errorf("%w: entry %d lasts no time", errIndex, i)
		}
		tl.runs = append(tl.runs, run{first: i, n: 1, k: 1, t: r.StartTicks, d: r.DurationTicks, number: l.number + int64(i)})
	}
	return &manifest.List{Init: l.init, Index: &index{timeline: tl, names: l.names, bases: l.bases, timescale: box.Timescale,
		offset: int64(math.Round(float64(l.offset) * float64(box.Timescale))), start: l.start}}, nil
}
