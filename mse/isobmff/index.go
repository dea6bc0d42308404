package isobmff

import (
	"github.com/Eyevinn/mp4ff/mp4"

	"mseplayer/mse/media"
)

// maxIndexBytes bounds a sidx: its count of references has 16 bits, each takes 12 bytes.
const maxIndexBytes = 1 << 20

// Index is a segment index: which bytes of a file hold which stretch of time.
type Index struct {
	// ReferenceID is the track that the times are of.
	ReferenceID uint32
	Timescale   uint32
	// References in the order of the file, each beginning where the one before ends.
	References []Reference
}

// Reference is a part of a file: a subsegment, or another index for several.
type Reference struct {
	// Offset and Size are in bytes; Offset counts from the start of the file.
	Offset, Size int64
	// Start is the earliest presentation time, on the file's own timeline; the part ends Duration later. StartTicks
	// and DurationTicks are the same as the index writes them.
	Start                     media.Time
	Duration                  media.Span
	StartTicks, DurationTicks int64
	// SAP is set when the part begins with a random access point of type SAPType (0 if not told). Otherwise the
	// first one lies SAPDelta behind Start.
	SAP      bool
	SAPType  uint8
	SAPDelta media.Span
	// IsIndex is set when the part is another index, to be read by ParseIndex.
	IsIndex bool
}

// ParseIndex reads the first sidx box in b, which holds the bytes of a file from fileOffset on. Boxes before it are
// passed over. The result does not alias b. An error is a *bytestream.FormatError with offsets in the file.
// ISO/IEC 14496-12 §8.16.3.
func ParseIndex(b []byte, fileOffset int64) (Index, error) {
	w := walker{rest: b, at: fileOffset}
	for w.next() {
		if !w.box.is("sidx") {
			continue
		}
		if len(w.box.body) > maxIndexBytes {
			return Index{}, fault("sidx", w.box.off, "is %d bytes long, more than the %d that are accepted", len(w.box.body), maxIndexBytes)
		}
		return parseSidx(&w.box, w.at)
	}
	if err := w.err("stream"); err != nil {
		return Index{}, err
	}
	return Index{}, fault("stream", fileOffset, "no sidx in %d bytes", len(b))
}

// parseSidx reads a sidx that ends at the file offset end.
func parseSidx(b *box, end int64) (Index, error) {
	sidx, err := decode[*mp4.SidxBox](b)
	if err != nil {
		return Index{}, unreadable("sidx", b, err)
	}
	if sidx.Timescale == 0 {
		return Index{}, fault("sidx", b.off, "timescale is 0")
	}
	if sidx.FirstOffset > maxTicks || sidx.EarliestPresentationTime > maxTicks {
		return Index{}, fault("sidx", b.off, "begins beyond any file or timeline")
	}
	x := Index{ReferenceID: sidx.ReferenceID, Timescale: sidx.Timescale, References: make([]Reference, 0, len(sidx.SidxRefs))}
	at, ticks := end+int64(sidx.FirstOffset), int64(sidx.EarliestPresentationTime)
	for _, r := range sidx.SidxRefs {
		x.References = append(x.References, Reference{
			Offset: at, Size: int64(r.ReferencedSize),
			Start: media.FromTicks(ticks, sidx.Timescale), Duration: media.SpanFromTicks(int64(r.SubSegmentDuration), sidx.Timescale),
			StartTicks: ticks, DurationTicks: int64(r.SubSegmentDuration),
			SAP: r.StartsWithSAP != 0, SAPType: r.SAPType, SAPDelta: media.SpanFromTicks(int64(r.SAPDeltaTime), sidx.Timescale),
			IsIndex: r.ReferenceType != 0,
		})
		at, ticks = at+int64(r.ReferencedSize), ticks+int64(r.SubSegmentDuration)
	}
	return x, nil
}

// Head is what the beginning of a file holds. Positions and lengths are in bytes.
type Head struct {
	// Need is 0 when the answer is complete. Otherwise so many bytes of the file's beginning have to be there to
	// learn more; a file that is shorter has no index.
	Need int64
	// InitSize is the length of the initialization segment, which begins at 0: up to the end of the moov; 0 while
	// that is not known.
	InitSize int64
	// IndexOffset and IndexSize are the position of the first sidx. IndexSize is 0 when there is none before the
	// first fragment.
	IndexOffset, IndexSize int64
}

// FindIndex looks for the segment index in b, the first bytes of a file. It walks the headers of the boxes up to the
// first moof or mdat behind the moov, so that a caller who has too little can ask for more and try again. An mdat
// before the moov is passed over. An error is a *bytestream.FormatError.
func FindIndex(b []byte) (Head, error) {
	var h Head
	for at := int64(0); ; {
		if at+headerBytes > int64(len(b)) {
			h.Need = at + longHeaderBytes
			return h, nil
		}
		rest := b[at:]
		typ := fourccOf(rest[4:])
		if _, known := roles[string(typ[:])]; !known {
			return h, fault("stream", at, "%+q is not the type of an ISO BMFF box", typ[:])
		}
		size, head := int64(be.Uint32(rest)), int64(headerBytes)
		switch size {
		case 0:
			return h, nil // the rest of the file is one box
		case 1:
			if len(rest) < longHeaderBytes {
				h.Need = at + longHeaderBytes
				return h, nil
			}
			head = longHeaderBytes
			if n := be.Uint64(rest[headerBytes:]); n <= uint64(maxTicks) {
				size = int64(n)
			}
		}
		if size < head || size > maxTicks-at {
			return h, fault(typ.String(), at, "declares a size that no box has")
		}
		switch name := string(typ[:]); {
		case name == "moov":
			if size > maxMoovBytes {
				return h, fault("moov", at, "declares %d bytes, more than the %d that are accepted", size, maxMoovBytes)
			}
			h.InitSize = at + size
		case name == "sidx":
			if size > maxIndexBytes {
				return h, fault("sidx", at, "declares %d bytes, more than the %d that are accepted", size, maxIndexBytes)
			}
			h.IndexOffset, h.IndexSize = at, size
			if h.InitSize > 0 {
				if at+size > int64(len(b)) {
					h.Need = at + size
				}
				return h, nil
			}
		case name == "moof", name == "mdat" && h.InitSize > 0:
			return h, nil
		}
		at += size
	}
}
