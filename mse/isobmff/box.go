package isobmff

import (
	"encoding/binary"
	"fmt"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"

	"mseplayer/mse/bytestream"
)

// be reads the big-endian integers of the format.
var be = binary.BigEndian

// Sizes of box headers in bytes.
const (
	headerBytes     = 8  // size and type
	longHeaderBytes = 16 // the same with a 64-bit size
	fullBoxBytes    = 4  // version and flags at the head of a full box's payload
	uuidBytes       = 16
)

// fourcc is a box type, handler type, brand or sample entry type.
type fourcc [4]byte

// String gives the four characters, those outside printable ASCII as \x escapes.
func (f fourcc) String() string {
	for _, c := range f {
		if c < ' ' || c > '~' {
			q := fmt.Sprintf("%+q", f[:])
			return q[1 : len(q)-1]
		}
	}
	return string(f[:])
}

func fourccOf(b []byte) fourcc { return fourcc(b[:4]) }

// box is one box inside a gathered top-level box.
type box struct {
	typ fourcc
	// off is the offset of the header in the stream; payload begins at off + head.
	off  int64
	head int
	// body is the payload. It aliases the gathered bytes.
	body []byte
}

// is reports whether the box has the given type.
func (b *box) is(typ string) bool { return string(b.typ[:]) == typ }

// bodyOff is the offset of the payload in the stream.
func (b *box) bodyOff() int64 { return b.off + int64(b.head) }

// children starts a walk over the boxes in the payload behind its first skip bytes.
func (b *box) children(skip int) walker {
	skip = min(skip, len(b.body))
	return walker{rest: b.body[skip:], at: b.bodyOff() + int64(skip)}
}

// walker yields the boxes that lie side by side in a piece of memory. After next has returned false, fault says
// whether the walk ended at the end or at bytes that are no box.
type walker struct {
	box   box
	rest  []byte
	at    int64 // stream offset of rest
	fault string
}

// next moves to the next box. Fewer bytes than a header at the end are padding: QuickTime ends lists of boxes
// with four zero bytes.
func (w *walker) next() bool {
	if len(w.rest) < headerBytes {
		return false
	}
	head, size := headerBytes, uint64(be.Uint32(w.rest))
	switch size {
	case 0:
		size = uint64(len(w.rest))
	case 1:
		if len(w.rest) < longHeaderBytes {
			w.fault = "64-bit size is cut off"
			return false
		}
		head, size = longHeaderBytes, be.Uint64(w.rest[headerBytes:])
	}
	typ := fourccOf(w.rest[4:])
	if size < uint64(head) {
		w.fault = fmt.Sprintf("box %s declares %d bytes, less than its own header", typ, size)
		return false
	}
	if size > uint64(len(w.rest)) {
		w.fault = fmt.Sprintf("box %s ends %d bytes beyond the box that contains it", typ, size-uint64(len(w.rest)))
		return false
	}
	w.box = box{typ: typ, off: w.at, head: head, body: w.rest[head:size:size]}
	w.rest, w.at = w.rest[size:], w.at+int64(size)
	return true
}

// err is the fault of a finished walk as an error, nil if there was none. path is the box that was walked.
func (w *walker) err(path string) error {
	if w.fault == "" {
		return nil
	}
	return fault(path, w.at, "%s", w.fault)
}

// child returns the first child box of that type.
func (b *box) child(typ string, skip int) (box, bool) {
	for w := b.children(skip); w.next(); {
		if w.box.is(typ) {
			return w.box, true
		}
	}
	return box{}, false
}

// fault makes the error for bytes that violate the format.
func fault(path string, off int64, format string, args ...any) *bytestream.FormatError {
	return &bytestream.FormatError{Offset: off, Path: path, Msg: fmt.Sprintf(format, args...)}
}

// unreadable makes the error for a box that [decode] could not read.
func unreadable(path string, b *box, err error) error {
	return &bytestream.FormatError{Offset: b.off, Path: path, Msg: "unreadable", Err: err}
}

// decode reads the payload of b with mp4ff as a box of type T. mp4ff trusts its input more than we can, so a panic
// of its is an error of the box.
func decode[T mp4.Box](b *box) (v T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	hdr := mp4.BoxHeader{Name: string(b.typ[:]), Size: uint64(headerBytes + len(b.body)), Hdrlen: headerBytes}
	x, err := mp4.DecodeBoxBodySR(0, hdr, bits.NewFixedSliceReader(b.body))
	if err != nil {
		return v, err
	}
	v, ok := x.(T)
	if !ok {
		return v, fmt.Errorf("decoded as %T", x)
	}
	return v, nil
}
