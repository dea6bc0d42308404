package text

import (
	"bytes"
	"path"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
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

// upper are the letters of Windows-1252 from 0x80 to 0x9f; 0 is none.
var upper = [32]rune{
	'€', 0, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0, 'Ž', 0,
	0, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0, 'ž', 'Ÿ',
}

// western is data as UTF-8. What is not is taken to be Windows-1252, as files from before mostly are.
func western(data []byte) []byte {
	if utf8.Valid(data) {
		return data
	}
	out := make([]byte, 0, len(data)+len(data)/8)
	for _, b := range data {
		r := rune(b)
		if b >= 0x80 && b < 0xa0 {
			if r = upper[b-0x80]; r == 0 {
				r = utf8.RuneError
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
