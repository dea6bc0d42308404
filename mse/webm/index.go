package webm

import (
	"cmp"
	"math"
	"slices"

	"mseplayer/mse/media"
)

// maxIndexBytes bounds a Cues.
const maxIndexBytes = 4 << 20

// Index is a cue index: which bytes of a file hold which stretch of time. What there is of it has the names and the
// meaning that a segment index of ISO BMFF has.
type Index struct {
	// ReferenceID is the number of the track that the times are of.
	ReferenceID uint32
	Timescale   uint32
	// References in the order of the file, one a Cluster that is indexed, each reaching up to the next one.
	References []Reference
}

// Reference is a part of a file: one or several Clusters that begin with a random access point.
type Reference struct {
	// Offset and Size are in bytes; Offset counts from the start of the file. Size is 0 for a last part of which only
	// the file's end tells where it ends.
	Offset, Size int64
	// Start is the time of the first cue, on the file's own timeline; the part ends Duration later. Duration is 0 for
	// a last part of a file that does not tell how long it is. StartTicks and DurationTicks are the same in ticks of
	// the file, the last duration to the nearest tick.
	Start                     media.Time
	Duration                  media.Span
	StartTicks, DurationTicks int64
}

// layout is what the beginning of a file tells about the places and times in it.
type layout struct {
	segment, end int64 // of the Segment's payload; end is unbounded if unknown
	info         movie
	cues         int64 // where SeekHead says that the Cues are, 0 if it does not
}

// ParseIndex reads the first Cues element in cues, which holds the bytes of a file from cuesOffset on. init is the
// beginning of the file up to the end of its Info at least. fileSize is the length of the file, 0 if it is not known.
// The result aliases neither. An error is a *bytestream.FormatError with offsets in the file.
// RFC 9559 §5.1.5.
func ParseIndex(init, cues []byte, cuesOffset, fileSize int64) (Index, error) {
	var l layout
	for at := int64(0); !l.info.informed; {
		e, ok, err := l.next(init, at)
		switch {
		case err != nil:
			return Index{}, err
		case !ok, e.id == idCluster, e.id == idInfo && e.end > int64(len(init)):
			return Index{}, fault("Segment", at, "no Info in %d bytes", len(init))
		}
		if at = e.end; e.id == idSegment {
			at = e.body
		}
	}
	w := walker{rest: cues, at: cuesOffset}
	for w.next() {
		if w.node.id != idCues {
			continue
		}
		if len(w.node.body) > maxIndexBytes {
			return Index{}, fault("Segment/Cues", w.node.off, "is %d bytes long, more than the %d that are accepted", len(w.node.body), maxIndexBytes)
		}
		end := l.end
		if fileSize > 0 {
			end = min(end, fileSize)
		}
		return l.parseCues(&w.node, end)
	}
	if err := w.err("stream"); err != nil {
		return Index{}, err
	}
	return Index{}, fault("stream", cuesOffset, "no Cues in %d bytes", len(cues))
}

// next reads the header of the element at that offset of a file that begins with b, and what is known to help of the
// element. ok is false when b is too short for the header.
func (l *layout) next(b []byte, at int64) (e element, ok bool, err error) {
	if at >= int64(len(b)) {
		return e, false, nil
	}
	e, ok, what := readHeader(b[at:min(int64(len(b)), at+maxHeaderBytes)], at)
	if what != "" {
		return e, false, fault("stream", at, "%s; is this WebM?", what)
	}
	if !ok {
		return e, false, nil
	}
	if at == 0 && e.id != idEBML {
		return e, false, fault("stream", at, "%s is not the beginning of WebM", e.id)
	}
	if e.end == unbounded && e.id != idSegment && e.id != idCluster {
		return e, false, fault(e.id.String(), at, "has no size; only a Segment or a Cluster may go without")
	}
	whole := e.end <= int64(len(b))
	switch {
	case e.id == idSegment:
		l.segment, l.end = e.body, e.end
	case e.id == idInfo && whole:
		err = l.info.readInfo(&node{id: e.id, off: e.off, body: b[e.body:e.end], at: e.body})
	case e.id == idSeekHead && whole:
		err = l.readSeekHead(&node{id: e.id, off: e.off, body: b[e.body:e.end], at: e.body})
	}
	return e, err == nil, err
}

// readSeekHead looks for the place of the Cues. RFC 9559 §5.1.1.
func (l *layout) readSeekHead(n *node) error {
	w := n.children()
	for w.next() {
		if w.node.id != idSeek {
			continue
		}
		var id, pos uint64
		s := w.node.children()
		for s.next() {
			switch s.node.id {
			case idSeekID:
				id = s.node.uint()
			case idSeekPos:
				pos = s.node.uint()
			}
		}
		if err := s.err("Segment/SeekHead/Seek"); err != nil {
			return err
		}
		if id == uint64(idCues) && pos < maxOffset {
			l.cues = l.segment + int64(pos)
		}
	}
	return w.err("Segment/SeekHead")
}

// parseCues reads a Cues of a file whose media end at end at the latest.
func (l *layout) parseCues(n *node, end int64) (Index, error) {
	x := Index{Timescale: l.info.timescale()}
	w := n.children()
	for w.next() {
		if w.node.id != idCuePoint {
			continue
		}
		if err := l.cuePoint(&w.node, &x); err != nil {
			return Index{}, err
		}
	}
	if err := w.err("Segment/Cues"); err != nil {
		return Index{}, err
	}
	slices.SortStableFunc(x.References, func(a, b Reference) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.StartTicks, b.StartTicks))
	})
	x.References = slices.CompactFunc(x.References, func(a, b Reference) bool { return a.Offset == b.Offset })
	for i := range x.References {
		r := &x.References[i]
		if i > 0 {
			before := &x.References[i-1]
			if before.Size, before.DurationTicks = r.Offset-before.Offset, r.StartTicks-before.StartTicks; before.DurationTicks < 0 {
				return Index{}, fault("Segment/Cues", n.off, "the Cluster at byte %d begins before the one in front of it", r.Offset)
			}
			before.Duration = r.Start.Sub(before.Start)
		}
	}
	if len(x.References) == 0 {
		return x, nil
	}
	last := &x.References[len(x.References)-1]
	if n.off > last.Offset {
		end = min(end, n.off)
	}
	if end != unbounded {
		if last.Size = end - last.Offset; last.Size <= 0 {
			return Index{}, fault("Segment/Cues", n.off, "the Cluster at byte %d lies beyond the end, byte %d", last.Offset, end)
		}
	}
	if d := l.info.duration.Sub(last.Start); d > 0 && l.info.duration.IsFinite() {
		last.Duration = d
		last.DurationTicks = int64(math.Round(float64(d) * second / float64(l.info.scale)))
	}
	return x, nil
}

// cuePoint adds the place of a cue. The first cue of all decides about the track.
func (l *layout) cuePoint(n *node, x *Index) error {
	const path = "Segment/Cues/CuePoint"
	var ticks uint64
	w := n.children()
	for w.next() {
		switch w.node.id {
		case idCueTime:
			if ticks = w.node.uint(); ticks > uint64(maxTicks/l.info.scale) {
				return fault(path, n.off, "its time is beyond any timeline")
			}
		case idCuePositions:
			var track, cluster uint64
			placed := false
			p := w.node.children()
			for p.next() {
				switch p.node.id {
				case idCueTrack:
					track = p.node.uint()
				case idCueCluster:
					cluster, placed = p.node.uint(), true
				}
			}
			if err := p.err(path + "/CueTrackPositions"); err != nil {
				return err
			}
			if !placed || cluster > maxOffset || track == 0 || track > math.MaxUint32 {
				return fault(path+"/CueTrackPositions", w.node.off, "names no track and Cluster of a file")
			}
			if x.ReferenceID == 0 {
				x.ReferenceID = uint32(track)
			}
			if x.ReferenceID != uint32(track) {
				continue
			}
			x.References = append(x.References, Reference{
				Offset: l.segment + int64(cluster), StartTicks: int64(ticks), Start: media.Time(seconds(int64(ticks) * l.info.scale)),
			})
		}
	}
	return w.err(path)
}

// Head is what the beginning of a file holds. Positions and lengths are in bytes.
type Head struct {
	// Need is 0 when the answer is complete. Otherwise so many bytes of the file's beginning have to be there to
	// learn more; a file that is shorter has no index.
	Need int64
	// InitSize is the length of the initialization segment, which begins at 0: up to the end of Info and Tracks; 0
	// while that is not known.
	InitSize int64
	// IndexOffset and IndexSize are the position of the Cues, both 0 when there is none. IndexSize is 0 for Cues behind
	// the media: how long they are tells their own header; they reach up to the file's end at most.
	IndexOffset, IndexSize int64
}

// FindIndex looks for the cue index in b, the first bytes of a file. It walks the headers of the elements up to the
// first Cluster, so that a caller who has too little can ask for more and try again. An error is a
// *bytestream.FormatError.
func FindIndex(b []byte) (Head, error) {
	var (
		h              Head
		l              layout
		informed, done bool
	)
	for at := int64(0); ; {
		e, ok, err := l.next(b, at)
		if err != nil {
			return h, err
		}
		if !ok {
			h.Need = at + maxHeaderBytes
			return h, nil
		}
		switch e.id {
		case idSegment:
			at = e.body
			continue
		case idInfo:
			informed = true
		case idTracks:
			done = true
		case idSeekHead:
			if e.end-e.body > maxInfoBytes {
				return h, fault("Segment/SeekHead", at, "declares %d bytes, more than the %d that are accepted", e.end-e.body, maxInfoBytes)
			}
			if e.end > int64(len(b)) {
				h.Need = e.end
				return h, nil
			}
		case idCues:
			if e.end-e.body > maxIndexBytes {
				return h, fault("Segment/Cues", at, "declares %d bytes, more than the %d that are accepted", e.end-e.body, maxIndexBytes)
			}
			h.IndexOffset, h.IndexSize = at, e.end-at
			if h.InitSize > 0 {
				if e.end > int64(len(b)) {
					h.Need = e.end
				}
				return h, nil
			}
		case idCluster:
			if h.IndexOffset == 0 {
				h.IndexOffset = l.cues
			}
			return h, nil
		}
		if at = e.end; informed && done && h.InitSize == 0 {
			h.InitSize = at
		}
	}
}
