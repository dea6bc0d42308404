package webm

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"strings"

	"mseplayer/mse/bytestream"
)

// be reads the big-endian integers of the format.
var be = binary.BigEndian

// elementID is an element's ID with its length marker.
type elementID uint32

// The elements that are looked at. RFC 8794 §11, RFC 9559 §5.
const (
	idEBML    elementID = 0x1a45dfa3
	idDocType elementID = 0x4282
	idReadVer elementID = 0x42f7
	idVoid    elementID = 0xec
	idCRC     elementID = 0xbf

	idSegment     elementID = 0x18538067
	idSeekHead    elementID = 0x114d9b74
	idSeek        elementID = 0x4dbb
	idSeekID      elementID = 0x53ab
	idSeekPos     elementID = 0x53ac
	idInfo        elementID = 0x1549a966
	idScale       elementID = 0x2ad7b1
	idDuration    elementID = 0x4489
	idTracks      elementID = 0x1654ae6b
	idCluster     elementID = 0x1f43b675
	idCues        elementID = 0x1c53bb6b
	idChapters    elementID = 0x1043a770
	idTags        elementID = 0x1254c367
	idAttachments elementID = 0x1941a469

	idTrackEntry   elementID = 0xae
	idNumber       elementID = 0xd7
	idType         elementID = 0x83
	idDefault      elementID = 0x23e383 // DefaultDuration
	idFlagDefault  elementID = 0x88
	idName         elementID = 0x536e
	idLanguage     elementID = 0x22b59c
	idLanguageBCP  elementID = 0x22b59d
	idCodecID      elementID = 0x86
	idCodecPrivate elementID = 0x63a2
	idCodecDelay   elementID = 0x56aa
	idSeekPreRoll  elementID = 0x56bb

	idVideo         elementID = 0xe0
	idPixelWidth    elementID = 0xb0
	idPixelHeight   elementID = 0xba
	idCropBottom    elementID = 0x54aa
	idCropTop       elementID = 0x54bb
	idCropLeft      elementID = 0x54cc
	idCropRight     elementID = 0x54dd
	idDisplayWidth  elementID = 0x54b0
	idDisplayHeight elementID = 0x54ba
	idDisplayUnit   elementID = 0x54b2
	idColour        elementID = 0x55b0
	idMatrix        elementID = 0x55b1
	idMaxCLL        elementID = 0x55bc
	idMaxFALL       elementID = 0x55bd
	idMastering     elementID = 0x55d0
	idLuminanceMax  elementID = 0x55d9
	idLuminanceMin  elementID = 0x55da
	idRange         elementID = 0x55b9
	idTransfer      elementID = 0x55ba
	idPrimaries     elementID = 0x55bb
	idProjection    elementID = 0x7670
	idProjType      elementID = 0x7671
	idPoseYaw       elementID = 0x7673
	idPosePitch     elementID = 0x7674
	idPoseRoll      elementID = 0x7675

	idAudio    elementID = 0xe1
	idRate     elementID = 0xb5
	idOutRate  elementID = 0x78b5
	idChannels elementID = 0x9f
	idBitDepth elementID = 0x6264

	idEncodings   elementID = 0x6d80
	idEncoding    elementID = 0x6240
	idEncScope    elementID = 0x5032
	idEncType     elementID = 0x5033
	idCompression elementID = 0x5034
	idCompAlgo    elementID = 0x4254
	idCompSetting elementID = 0x4255
	idEncryption  elementID = 0x5035
	idEncAlgo     elementID = 0x47e1
	idEncKeyID    elementID = 0x47e2
	idAES         elementID = 0x47e7
	idCipherMode  elementID = 0x47e8

	idTimestamp      elementID = 0xe7
	idSimpleBlock    elementID = 0xa3
	idBlockGroup     elementID = 0xa0
	idBlock          elementID = 0xa1
	idBlockDuration  elementID = 0x9b
	idReferenceBlock elementID = 0xfb
	idDiscardPadding elementID = 0x75a2

	idCuePoint     elementID = 0xbb
	idCueTime      elementID = 0xb3
	idCuePositions elementID = 0xb7
	idCueTrack     elementID = 0xf7
	idCueCluster   elementID = 0xf1
)

// names are the elements of the upper levels, as the specification spells them, for messages.
var names = map[elementID]string{
	idEBML: "EBML", idSegment: "Segment", idSeekHead: "SeekHead", idInfo: "Info", idTracks: "Tracks", idCluster: "Cluster",
	idCues: "Cues", idChapters: "Chapters", idTags: "Tags", idAttachments: "Attachments", idVoid: "Void", idCRC: "CRC-32",
	idTimestamp: "Timestamp", idSimpleBlock: "SimpleBlock", idBlockGroup: "BlockGroup", idBlock: "Block",
}

// String gives the element's name, or its ID in hexadecimal.
func (id elementID) String() string {
	if s, ok := names[id]; ok {
		return s
	}
	return fmt.Sprintf("element 0x%X", uint32(id))
}

// maxHeaderBytes is the longest ID and the longest size together.
const maxHeaderBytes = 4 + 8

// unbounded is the end of an element of unknown size, and maxOffset the highest end of any other.
const (
	unbounded = math.MaxInt64
	maxOffset = 1 << 61
)

// element is the place of an element: its header begins at off, its payload is [body, end).
type element struct {
	id             elementID
	off, body, end int64
}

// readHeader reads the header of the element at offset off, of which b holds the first bytes. ok is false when b is
// too short for it. what is a message when these bytes are no header.
func readHeader(b []byte, off int64) (e element, ok bool, what string) {
	if len(b) == 0 {
		return e, false, ""
	}
	n := bits.LeadingZeros8(b[0]) + 1
	if n > 4 {
		return e, false, fmt.Sprintf("0x%02X begins no element ID", b[0])
	}
	if len(b) <= n {
		return e, false, ""
	}
	for _, c := range b[:n] {
		e.id = e.id<<8 | elementID(c)
	}
	size, m, ok := vint(b[n:])
	if !ok {
		if b[n] == 0 {
			return e, false, fmt.Sprintf("the size of %s is longer than 8 bytes", e.id)
		}
		return e, false, ""
	}
	e.off, e.body = off, off+int64(n+m)
	switch {
	case size == unknownVint(m):
		e.end = unbounded
	case size > maxOffset-uint64(e.body):
		return e, false, fmt.Sprintf("%s declares %d bytes, more than a stream can have", e.id, size)
	default:
		e.end = e.body + int64(size)
	}
	return e, true, ""
}

// vint reads a variable-size integer and its length. RFC 8794 §4.
func vint(b []byte) (v uint64, n int, ok bool) {
	if len(b) == 0 || b[0] == 0 {
		return 0, 0, false
	}
	n = bits.LeadingZeros8(b[0]) + 1
	if len(b) < n {
		return 0, 0, false
	}
	v = uint64(b[0]) & (1<<(8-n) - 1)
	for _, c := range b[1:n] {
		v = v<<8 | uint64(c)
	}
	return v, n, true
}

// unknownVint is the value of n bytes that means an unknown size.
func unknownVint(n int) uint64 { return 1<<(7*n) - 1 }

// node is an element inside a gathered one.
type node struct {
	id  elementID
	off int64 // of the header in the stream
	// body is the payload, at the offset at. It aliases the gathered bytes.
	body []byte
	at   int64
}

// children starts a walk over the elements in the payload.
func (e *node) children() walker { return walker{rest: e.body, at: e.at} }

// uint is the value of an unsigned integer. One that is longer than 8 bytes is 0.
func (e *node) uint() uint64 {
	if len(e.body) > 8 {
		return 0
	}
	return beUint(e.body)
}

// int is a value that is to fit a positive int32, or 0.
func (e *node) int() int {
	if v := e.uint(); v <= math.MaxInt32 {
		return int(v)
	}
	return 0
}

// float is the value of a float of 4 or 8 bytes, 0 for any other length.
func (e *node) float() float64 {
	switch len(e.body) {
	case 4:
		return float64(math.Float32frombits(be.Uint32(e.body)))
	case 8:
		return math.Float64frombits(be.Uint64(e.body))
	default:
		return 0
	}
}

// text is a string up to its first zero byte, cut to maxText bytes.
func (e *node) text() string {
	s, _, _ := strings.Cut(string(e.body[:min(len(e.body), maxText)]), "\x00")
	return strings.ToValidUTF8(s, "\uFFFD")
}

func beUint(b []byte) (v uint64) {
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// beInt is a signed integer of up to 8 bytes.
func beInt(b []byte) int64 {
	if len(b) == 0 {
		return 0
	}
	shift := 64 - 8*len(b)
	return int64(beUint(b)<<shift) >> shift
}

// walker yields the elements that lie side by side in a piece of memory. After next has returned false, fault says
// whether the walk ended at the end or at bytes that are no element.
type walker struct {
	node  node
	rest  []byte
	at    int64 // stream offset of rest
	fault string
}

// next moves to the next element.
func (w *walker) next() bool {
	if len(w.rest) == 0 {
		return false
	}
	e, ok, what := readHeader(w.rest[:min(len(w.rest), maxHeaderBytes)], w.at)
	switch {
	case what != "":
		w.fault = what
	case !ok:
		w.fault = "an element header is cut off"
	case e.end == unbounded:
		w.fault = fmt.Sprintf("%s has no size", e.id)
	case e.end-w.at > int64(len(w.rest)):
		w.fault = fmt.Sprintf("%s ends %d bytes beyond the element that contains it", e.id, e.end-w.at-int64(len(w.rest)))
	default:
		head, size := e.body-w.at, e.end-w.at
		w.node = node{id: e.id, off: e.off, body: w.rest[head:size:size], at: e.body}
		w.rest, w.at = w.rest[size:], e.end
		return true
	}
	return false
}

// err is the fault of a finished walk as an error, nil if there was none. path is the element that was walked.
func (w *walker) err(path string) error {
	if w.fault == "" {
		return nil
	}
	return fault(path, w.at, "%s", w.fault)
}

// fault makes the error for bytes that violate the format.
func fault(path string, off int64, format string, args ...any) *bytestream.FormatError {
	return &bytestream.FormatError{Offset: off, Path: path, Msg: fmt.Sprintf(format, args...)}
}

// unreadable makes the error for bytes that a decompressor rejects.
func unreadable(path string, off int64, msg string, err error) *bytestream.FormatError {
	return &bytestream.FormatError{Offset: off, Path: path, Msg: msg, Err: err}
}
