package text

import (
	"bytes"
	"encoding/binary"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"mseplayer/player/charset"
)

// sniffLen is how much of the head of a file Sniff looks at.
const sniffLen = 4096

// extensions are the endings of file names, in lower case.
var extensions = map[string]Format{
	".vtt": WebVTT, ".webvtt": WebVTT, ".srt": SubRip, ".ass": ASS, ".ssa": ASS,
	".ttml": TTML, ".dfxp": TTML, ".imsc": TTML, ".ttml2": TTML, ".itt": TTML, ".ebuttd": TTML,
}

var (
	srtTiming  = regexp.MustCompile(`(?m)^\s*\d{1,3}:\d{1,2}(:\d{1,2})?([,.:]\d{1,3})?\s*-+>\s*\d{1,3}:`)
	ttmlRoot   = regexp.MustCompile(`<(?:[\w.-]+:)?tt[\s>/]`)
	assSection = regexp.MustCompile(`(?mi)^\s*\[(script info|v4\+? styles\+?|events)\]`)
)

// Sniff tells the format of a file by its first bytes, and by its name or address where they do not tell. An empty
// head leaves it to the name.
func Sniff(name string, head []byte) (Format, bool) {
	head = UTF8(head[:min(len(head), sniffLen)])
	switch {
	case bytes.HasPrefix(head, []byte("WEBVTT")):
		return WebVTT, true
	case assSection.Match(head):
		return ASS, true
	case srtTiming.Match(head):
		return SubRip, true
	case ttmlRoot.Match(head):
		return TTML, true
	}
	name, _, _ = strings.Cut(name, "?")
	name, _, _ = strings.Cut(name, "#")
	f, ok := extensions[strings.ToLower(path.Ext(strings.ReplaceAll(name, `\`, "/")))]
	return f, ok
}

// UTF8 is data as UTF-8 without a byte order mark, if there is such a mark.
func UTF8(data []byte) []byte {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return charset.FromUTF16(data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return charset.FromUTF16(data[2:], binary.BigEndian)
	}
	return data
}

// western is data as UTF-8. What is not is taken to be Windows-1252, as files from before mostly are.
func western(data []byte) []byte {
	if utf8.Valid(data) {
		return data
	}
	return charset.FromWindows1252(data)
}
