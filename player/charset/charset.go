// Package charset turns text in encodings of old into UTF-8.
//
// # Ownership
//
// The results are new.
//
// # Concurrency
//
// It has no state.
//
// # Errors
//
// None: every sequence of bytes is text in these encodings.
package charset

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// FromUTF16 converts text of units of two bytes, without a byte order mark. A last byte alone is left out.
func FromUTF16(b []byte, order binary.ByteOrder) []byte {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}

// upper are the letters of Windows-1252 from 0x80 to 0x9f; the other bytes are their own code points.
// WHATWG Encoding §9.1.
var upper = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}

// FromWindows1252 converts text in Windows-1252, the superset of Latin-1 by whose name it often goes.
func FromWindows1252(b []byte) []byte {
	out := make([]byte, 0, len(b)+len(b)/8)
	for _, c := range b {
		r := rune(c)
		if c >= 0x80 && c < 0xa0 {
			r = upper[c-0x80]
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
