package dash

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"mseplayer/player/charset"
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
		data = charset.FromUTF16(data[2:], binary.BigEndian)
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		data = charset.FromUTF16(data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte("\x00<\x00")):
		data = charset.FromUTF16(data, binary.BigEndian)
	case bytes.HasPrefix(data, []byte("<\x00")):
		data = charset.FromUTF16(data, binary.LittleEndian)
	default:
		switch enc := strings.ToLower(declaredEncoding(data)); enc {
		case "", "utf-8", "utf8", "us-ascii", "ascii":
			if !utf8.Valid(data) {
				odd("bytes that are not UTF-8; read as Windows-1252")
				data = charset.FromWindows1252(data)
			}
		case "iso-8859-1", "latin1", "iso8859-1", "iso_8859-1", "windows-1252", "cp1252":
			data = charset.FromWindows1252(data)
		default:
			if utf8.Valid(data) {
				odd("declared encoding " + enc + " but the bytes are UTF-8")
			} else {
				odd("encoding " + enc + " is not known; read as Windows-1252")
				data = charset.FromWindows1252(data)
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
