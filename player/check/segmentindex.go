package check

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
)

const (
	// maxBoxes bounds the top-level boxes of a segment whose places are remembered, maxIndexes the indexes in it.
	maxBoxes   = 1 << 12
	maxIndexes = 16
	// maxIndexBytes bounds an index in a segment.
	maxIndexBytes = 1 << 20
)

// boxScan finds the top-level boxes of a segment, and the segment indexes among them. The zero value is at its beginning.
type boxScan struct {
	at      int64 // in the segment
	left    int64 // of the body of the box
	head    []byte
	index   []byte // what there is of a segment index with its head, nil outside of one
	starts  []int64
	indexes []isobmff.Index
	lost    bool // no box begins where one should
}

// push looks at the next bytes.
func (x *boxScan) push(b []byte) {
	const head, large = 8, 16
	for len(b) > 0 && !x.lost {
		if x.left > 0 {
			n := int(min(x.left, int64(len(b))))
			if x.index != nil {
				x.index = append(x.index, b[:n]...)
			}
			b, x.left, x.at = b[n:], x.left-int64(n), x.at+int64(n)
			x.ended()
			continue
		}
		want := head
		if len(x.head) >= head && binary.BigEndian.Uint32(x.head) == 1 {
			want = large
		}
		n := min(want-len(x.head), len(b))
		x.head, b, x.at = append(x.head, b[:n]...), b[n:], x.at+int64(n)
		if len(x.head) < want {
			continue
		}
		size := int64(binary.BigEndian.Uint32(x.head))
		if size == 1 && want == head {
			continue
		}
		switch {
		case want == large:
			size = int64(min(binary.BigEndian.Uint64(x.head[head:]), math.MaxInt64))
		case size == 0: // to the end
			size = math.MaxInt64
		}
		if size < int64(want) || len(x.starts) == maxBoxes {
			x.lost = true
			return
		}
		x.starts = append(x.starts, x.at-int64(want))
		if string(x.head[4:head]) == "sidx" && size <= maxIndexBytes && len(x.indexes) < maxIndexes {
			x.index = append([]byte{}, x.head...)
		}
		x.left, x.head = size-int64(want), x.head[:0]
		x.ended()
	}
}

// ended reads a segment index that is whole.
func (x *boxScan) ended() {
	if x.left > 0 || x.index == nil {
		return
	}
	if i, err := isobmff.ParseIndex(x.index, x.at-int64(len(x.index))); err == nil && len(i.References) > 0 {
		x.indexes = append(x.indexes, i)
	}
	x.index = nil
}

// indexOddity is the first thing of a kind that is wrong with segment indexes, with the number of segments.
type indexOddity struct {
	n    int
	at   *Segment
	time media.Time // on the manifest's timeline
	why  string
}

func (o *indexOddity) note(c *current, format string, args ...any) {
	if o.n++; o.n == 1 {
		o.at, o.time, o.why = &Segment{Index: c.item.Index, URL: fetch.Redact(c.item.URL)}, c.item.Start, fmt.Sprintf("segment %d: ", c.item.Number)+fmt.Sprintf(format, args...)
	}
}

// segmentIndexes are what was found about the indexes in segments, and about the one that lists the segments.
type segmentIndexes struct {
	sizes, times, keys indexOddity
	base               media.Opt           // when the media of the first segment is, after what its index says
	listed             []isobmff.Reference // by offset
}

// indexed returns get, which remembers the segment index that it reads.
func (t *segmentTask) indexed(get manifest.Getter) manifest.Getter {
	if t.rep.Addressing != manifest.Indexed {
		return get
	}
	return func(r manifest.Resource) ([]byte, error) {
		b, err := get(r)
		if err != nil {
			return b, err
		}
		if i, bad := isobmff.ParseIndex(b, r.Range.Start); bad == nil && len(t.indexes.listed)+len(i.References) <= maxTraced {
			t.indexes.listed = append(t.indexes.listed, i.References...)
		}
		return b, nil
	}
}

// compareIndex compares the current segment with the indexes in it and with the reference to it. The frames of the segment
// have been measured. ISO/IEC 14496-12 §8.16.3.
func (t *segmentTask) compareIndex() {
	c, o := &t.cur, &t.indexes
	if t.format != mime.ISOBMFF || c.skip || c.init || t.skipped != nil || t.open != nil || t.pictures {
		return
	}
	for k := range c.boxes.indexes {
		x := &c.boxes.indexes[k]
		last := &x.References[len(x.References)-1]
		begins := func(at int64) bool { return slices.Contains(c.boxes.starts, at) }
		i := slices.IndexFunc(x.References, func(r isobmff.Reference) bool { return !begins(r.Offset) })
		switch end := last.Offset + last.Size; {
		case c.boxes.lost:
		case end > c.bytes:
			o.sizes.note(c, "its index refers to %d bytes, it has %d", end, c.bytes)
		case i >= 0:
			o.sizes.note(c, "its index says that a part begins at byte %d, where no box begins", x.References[i].Offset)
		case end < c.bytes && !begins(end):
			o.sizes.note(c, "its index refers to %d bytes, where no box ends; it has %d", end, c.bytes)
		}
		if s := t.streamOf(x.ReferenceID); k == 0 && s != nil && s.seg.frames > 0 && s.seg.first.IsFinite() {
			t.compareTimes(s, x)
		}
	}
	if i := slices.IndexFunc(o.listed, func(r isobmff.Reference) bool { return !r.IsIndex && r.Offset == c.item.Range.Start }); i >= 0 && t.rep.Addressing == manifest.Indexed {
		r := &o.listed[i]
		if s := t.streamOf(0); s != nil && s.seg.frames > 0 && !s.seg.key && r.SAP && clean(r) && r.SAPDelta == 0 {
			o.keys.note(c, "the index says that it begins with a random access point of type %d; it does not", r.SAPType)
		}
	}
}

// clean reports whether a reference promises a random access point that everything behind it can be decoded from.
func clean(r *isobmff.Reference) bool { return r.SAPType == 1 || r.SAPType == 2 }

// streamOf is the stream of a track, or the only one.
func (t *segmentTask) streamOf(id uint32) *stream {
	for _, s := range t.meter.streams {
		if s.info.ID == id || len(t.meter.streams) == 1 {
			return s
		}
	}
	return nil
}

// compareTimes compares times and random access points of an index in a segment with the frames. What lies between both
// in the first segment, an edit list may have moved.
func (t *segmentTask) compareTimes(s *stream, x *isobmff.Index) {
	c, o := &t.cur, &t.indexes
	first, last := &x.References[0], &x.References[len(x.References)-1]
	tol := max(exactTolerance, s.cover.tolerance(), s.part().cover.tolerance())
	is, said := s.seg.end.Sub(s.seg.first), last.Start.Add(last.Duration).Sub(first.Start)
	off := s.seg.first.Sub(first.Start)
	if !o.base.Set {
		o.base = media.Some(media.Time(off))
	}
	moved := off - media.Span(o.base.T)
	switch {
	case (is-said).Abs() > tol && !(s.info.Kind == media.Audio && c.item.Index == 0 && (is-said).Abs() <= indexTolerance):
		o.times.note(c, "its index says that it lasts %.3f s, it lasts %.3f s", float64(said), float64(is))
	case moved.Abs() > tol:
		o.times.note(c, "its index says that it begins at %s, the media begins %+.3f s after that", first.Start.Clock(), float64(moved))
	}
	if s.info.Kind != media.Video || s.seg.keys > maxSegmentKeys {
		return
	}
	for i := range x.References {
		r := &x.References[i]
		if r.IsIndex || !r.SAP || !clean(r) || i == 0 && s.seg.key {
			continue
		}
		at := r.Start.Add(r.SAPDelta + off)
		if i == 0 || !slices.ContainsFunc(s.seg.keyTimes, func(k media.Time) bool { return k.Sub(at).Abs() <= tol }) {
			o.keys.note(c, "its index says that the part at %s begins with a random access point of type %d; there is none", r.Start.Clock(), r.SAPType)
			return
		}
	}
}

// misplaced reports whether a finding says that media is at another time than it should be; its index may be right then.
func misplaced(f Finding) bool {
	return slices.Contains([]string{codeOverlap, codeReset, codeTimeline, codeOutOfOrder, codeDuplicate}, f.Code)
}

// judgeIndexes reports what is wrong with segment indexes.
func (t *segmentTask) judgeIndexes() {
	o := &t.indexes
	for _, x := range []*indexOddity{&o.sizes, &o.times, &o.keys} {
		if x.n == 0 {
			continue
		}
		f := t.finding(codeSidx, x.why)
		if x.n > 1 {
			f.Message += fmt.Sprintf("; so it is with %d segments", x.n)
		}
		f.Severity, f.Hint = manifest.SeverityWarning, "make the index again after the media"
		f.Segment, f.Time, f.Evidence = x.at, Seconds(x.time), map[string]any{"count": x.n}
		if i := slices.IndexFunc(t.found.list, misplaced); x == &o.times && i >= 0 {
			f.Severity = manifest.SeverityInfo
			f.Evidence["cause"] = t.found.list[i].Code
		}
		t.found.add(f)
	}
}
