package dash

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"mseplayer/player/manifest"
)

// decodeText returns the document as UTF-8 without byte order mark and XML declaration, and the number of lines
// that the declaration took. Encodings other than UTF-8 and UTF-16 are read as Windows-1252, the superset of
// Latin-1 that mislabelled documents use.
func decodeText(data []byte, fs *manifest.Findings) (text []byte, skippedLines int) {
	odd := func(msg string) {
		fs.Add(manifest.Finding{Code: manifest.CodeInvalid, Severity: manifest.SeverityWarning, Where: "line 1", Message: msg, Hint: "write the document in UTF-8"})
	}
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		data = fromUTF16(data[2:], false)
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		data = fromUTF16(data[2:], true)
	case bytes.HasPrefix(data, []byte("\x00<\x00")):
		data = fromUTF16(data, false)
	case bytes.HasPrefix(data, []byte("<\x00")):
		data = fromUTF16(data, true)
	default:
		switch enc := strings.ToLower(declaredEncoding(data)); enc {
		case "", "utf-8", "utf8", "us-ascii", "ascii":
			if !utf8.Valid(data) {
				odd("bytes that are not UTF-8; read as Windows-1252")
				data = fromWindows1252(data)
			}
		case "iso-8859-1", "latin1", "iso8859-1", "iso_8859-1", "windows-1252", "cp1252":
			data = fromWindows1252(data)
		default:
			if utf8.Valid(data) {
				odd("declared encoding " + enc + " but the bytes are UTF-8")
			} else {
				odd("encoding " + enc + " is not known; read as Windows-1252")
				data = fromWindows1252(data)
			}
		}
	}
	if bytes.HasPrefix(data, []byte("<?xml")) {
		if end := bytes.Index(data, []byte("?>")); end >= 0 {
			end += 2
			return data[end:], bytes.Count(data[:end], []byte("\n"))
		}
	}
	return data, 0
}

// declaredEncoding reads the encoding of an XML declaration in an ASCII-compatible document, "" if none.
func declaredEncoding(data []byte) string {
	if !bytes.HasPrefix(data, []byte("<?xml")) {
		return ""
	}
	decl, _, ok := bytes.Cut(data, []byte("?>"))
	if !ok {
		return ""
	}
	_, rest, ok := bytes.Cut(decl, []byte("encoding"))
	rest = bytes.TrimLeft(rest, " \t\r\n=")
	if !ok || len(rest) < 2 {
		return ""
	}
	value, _, _ := bytes.Cut(rest[1:], rest[:1])
	return string(value)
}

func fromUTF16(b []byte, little bool) []byte {
	units := make([]uint16, len(b)/2)
	for i := range units {
		lo, hi := b[2*i+1], b[2*i]
		if little {
			lo, hi = hi, lo
		}
		units[i] = uint16(hi)<<8 | uint16(lo)
	}
	return []byte(string(utf16.Decode(units)))
}

// windows1252 maps 0x80 to 0x9f; the other bytes are their own code points.
var windows1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}

func fromWindows1252(b []byte) []byte {
	out := make([]byte, 0, len(b)+len(b)/8)
	for _, c := range b {
		r := rune(c)
		if c >= 0x80 && c < 0xa0 {
			r = windows1252[c-0x80]
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
