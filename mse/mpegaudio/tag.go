package mpegaudio

import (
	"bytes"
	"encoding/binary"
	"strings"
)

const (
	// maxIcecastBytes bounds an Icecast header, whose size is not declared.
	maxIcecastBytes = 4 << 10
	// maxID3Bytes bounds the front part of an ID3v2 tag in which a time stamp is looked for. The tag may be longer.
	maxID3Bytes = 64 << 10

	id3v1Bytes    = 128
	id3v1Extended = 227
	id3HeadBytes  = 10
	apeHeadBytes  = 32
)

// transportRate is the ticks per second of transport stream time stamps.
const transportRate = 90000

// transportOwner is the owner of the ID3v2 PRIV frame that holds the time stamp of packed audio. RFC 8216 §3.4.
const transportOwner = "com.apple.streaming.transportStreamTimestamp\x00"

// tag is what stands between frames.
type tag uint8

const (
	tagNone       tag = iota
	tagIncomplete     // may be one, not enough bytes to tell
	tagID3
	tagIcecast
	tagOther // nothing in it is of interest
)

// The marks at the start of tags.
const (
	markID3v2   = "ID3"
	markFooter  = "3DI"
	markID3v1   = "TAG"
	markAPE     = "APETAGEX"
	markIcecast = "ICY "
)

// tagStarts holds the first bytes of all marks.
var tagStarts = []byte("I3TA")

var icecastEnd = []byte("\r\n\r\n")

// tagAt tells what tag b begins with, and its size unless it is an Icecast header.
func tagAt(b []byte) (t tag, size int64) {
	if bytes.IndexByte(tagStarts, b[0]) < 0 {
		return tagNone, 0
	}
	begins := func(mark string) bool { return len(b) >= len(mark) && string(b[:len(mark)]) == mark }
	switch {
	case begins(markID3v2), begins(markFooter):
		if len(b) < id3HeadBytes {
			return tagIncomplete, 0
		}
		size, ok := id3Size(b)
		switch {
		case !ok:
			return tagNone, 0
		case b[0] == markFooter[0]:
			return tagOther, id3HeadBytes
		}
		return tagID3, size
	case begins(markID3v1 + "+"):
		return tagOther, id3v1Extended
	case begins(markID3v1) && len(b) > len(markID3v1):
		return tagOther, id3v1Bytes
	case begins(markAPE):
		const sizeAt, flagsAt, isHeader = 12, 23, 0x20
		if len(b) < apeHeadBytes {
			return tagIncomplete, 0
		}
		if b[flagsAt]&isHeader == 0 {
			return tagOther, apeHeadBytes // a footer: what it ends was passed over as garbage
		}
		return tagOther, apeHeadBytes + int64(binary.LittleEndian.Uint32(b[sizeAt:]))
	case begins(markIcecast):
		return tagIcecast, 0
	}
	for _, mark := range [...]string{markID3v2, markFooter, markID3v1 + "+", markAPE, markIcecast} {
		if strings.HasPrefix(mark, string(b)) {
			return tagIncomplete, 0
		}
	}
	return tagNone, 0
}

// id3Size reads the header of an ID3v2 tag and returns the size of the whole. ok is false if it is none.
// https://id3.org/id3v2.4.0-structure §3.1
func id3Size(b []byte) (size int64, ok bool) {
	const hasFooter = 0x10
	n, ok := syncsafe(b[6:10])
	if !ok || b[3] < 2 || b[3] > 4 || b[4] == 0xff {
		return 0, false
	}
	size = id3HeadBytes + n
	if b[3] == 4 && b[5]&hasFooter != 0 {
		size += id3HeadBytes
	}
	return size, true
}

// syncsafe reads four bytes of seven bits each. ok is false if one has its top bit set.
func syncsafe(b []byte) (n int64, ok bool) {
	if be.Uint32(b)&0x80808080 != 0 {
		return 0, false
	}
	return int64(b[0])<<21 | int64(b[1])<<14 | int64(b[2])<<7 | int64(b[3]), true
}

// readID3 looks for the transport stream time stamp in an ID3v2 tag that may be cut short, in ticks of 90 kHz, 33 bits.
// more says that the tag holds something else, too.
// RFC 8216 §3.4.
func readID3(tag []byte) (ticks int64, stamped, more bool) {
	const (
		frameHead = 10
		extended  = 0x40
		mask      = 1<<33 - 1
	)
	version := tag[3]
	b := tag[id3HeadBytes:]
	if version == 2 {
		return 0, false, len(b) > 0 && b[0] != 0 // has no PRIV
	}
	if tag[5]&extended != 0 {
		if len(b) < 4 {
			return 0, false, false
		}
		n := int64(be.Uint32(b)) + 4
		if version == 4 {
			n, _ = syncsafe(b)
		}
		b = b[min(n, int64(len(b))):]
	}
	for len(b) >= frameHead && b[0] != 0 {
		n := int64(be.Uint32(b[4:]))
		if version == 4 {
			var ok bool
			if n, ok = syncsafe(b[4:]); !ok {
				break
			}
		}
		id, body := string(b[:4]), b[frameHead:]
		if n > int64(len(body)) {
			break
		}
		owner, stamp := []byte(transportOwner), body[:n]
		switch {
		case id != "PRIV" || !bytes.HasPrefix(stamp, owner) || len(stamp) < len(owner)+8:
			more = true
		case !stamped:
			ticks, stamped = int64(be.Uint64(stamp[len(owner):]))&mask, true
		}
		b = body[n:]
	}
	return ticks, stamped, more
}
