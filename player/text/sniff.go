package text

import (
	"bytes"
	"path"
	"regexp"
	"strings"
	"unicode/utf16"
)

// sniffLen is how much of the head of a file Sniff looks at.
const sniffLen = 4096

// extensions are the endings of file names, in lower case.
var extensions = map[string]Format{
	".vtt": WebVTT, ".webvtt": WebVTT, ".srt": SubRip, ".ass": ASS, ".ssa": ASS,
	".ttml": TTML, ".dfxp": TTML, ".imsc": TTML, ".ttml2": TTML, ".itt": TTML, ".ebuttd": TTML,
}

var (
	srtTiming  = regexp.MustCompile(`(?m)^\s*\d{1,3}:\d{1,2}:\d{1,2}[,.:]\d{1,3}\s*-+>\s*\d{1,3}:`)
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

// UTF8 is data as UTF-8 without a byte order mark. Data without a mark that is not UTF-8 is taken to be Windows-1252, as
// old files of subtitles mostly are.
func UTF8(data []byte) []byte {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return fromUTF16(data[2:], 0)
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return fromUTF16(data[2:], 1)
	}
	return data
}

// fromUTF16 converts; the low byte of each unit is at index low.
func fromUTF16(data []byte, low int) []byte {
	units := make([]uint16, 0, len(data)/2)
	for ; len(data) >= 2; data = data[2:] {
		units = append(units, uint16(data[low])|uint16(data[1-low])<<8)
	}
	return []byte(string(utf16.Decode(units)))
}
