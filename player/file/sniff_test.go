package file_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"mseplayer/player/file"
)

// box builds an ISO BMFF box.
func box(kind string, body ...[]byte) []byte {
	b := append(make([]byte, 4), kind...)
	for _, p := range body {
		b = append(b, p...)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

// moov builds a movie box with one track of n samples.
func moov(n uint32, more ...[]byte) []byte {
	stsz := box("stsz", make([]byte, 8), binary.BigEndian.AppendUint32(nil, n))
	trak := box("trak", box("tkhd", make([]byte, 84)), box("mdia", box("minf", box("stbl", box("stsd", make([]byte, 8)), stsz))))
	return box("moov", append([][]byte{box("mvhd", make([]byte, 100)), trak}, more...)...)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func utf16le(s string) []byte {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

var ftyp = box("ftyp", []byte("isom\x00\x00\x00\x00isom"))

// sniffed are beginnings and what they are; whole is what the whole file is where that differs.
var sniffed = []struct {
	name  string
	data  []byte
	want  file.Kind
	whole file.Kind
}{
	{name: "empty", want: file.Empty},
	{name: "mpd", data: []byte(`<?xml version="1.0"?><!-- <html> --><MPD xmlns="urn:mpeg:dash:schema:mpd:2011">`), want: file.DASH},
	{name: "mpd with prefix", data: []byte("\ufeff \n<d:MPD\n"), want: file.DASH},
	{name: "mpd behind a doctype", data: []byte(`<!DOCTYPE MPD [<!ENTITY a "b>">]><MPD>`), want: file.DASH},
	{name: "mpd in utf-16", data: utf16le("<?xml version='1.0'?><MPD/>"), want: file.DASH},
	{name: "other xml", data: []byte("<?xml version='1.0'?><SmoothStreamingMedia>"), want: file.Unknown},
	{name: "unfinished comment", data: []byte("<!-- MPD"), want: file.Unknown},
	{name: "playlist", data: []byte("#EXTM3U\n#EXT-X-VERSION:3\n"), want: file.HLS},
	{name: "playlist behind a mark", data: []byte("\xef\xbb\xbf#EXTM3U\r\n"), want: file.HLS},
	{name: "playlist behind a comment", data: []byte("# made by hand\n\n#EXTM3U\n"), want: file.HLS},
	{name: "playlist without its first line", data: []byte("#EXT-X-TARGETDURATION:4\n"), want: file.HLS},
	{name: "script", data: []byte("#!/bin/sh\necho"), want: file.Unknown},
	{name: "html", data: []byte("<!doctype HTML>\n<html>"), want: file.HTML},
	{name: "html without doctype", data: []byte("\n<HTML lang=en>"), want: file.HTML},
	{name: "text", data: []byte("404 page not found\n"), want: file.Unknown},
	{name: "fragmented mp4", data: join(ftyp, moov(0, box("mvex", box("trex", make([]byte, 24)))), box("moof")), want: file.FragmentedMP4},
	{name: "progressive mp4", data: join(ftyp, moov(7), box("mdat")), want: file.ProgressiveMP4},
	{name: "hybrid mp4", data: join(ftyp, moov(7, box("mvex")), box("moof")), want: file.ProgressiveMP4},
	{name: "media segment", data: join(box("styp", []byte("msdh")), box("sidx", make([]byte, 24)), box("moof")), want: file.FragmentedMP4},
	{name: "index segment", data: box("sidx", make([]byte, 24)), want: file.FragmentedMP4},
	{name: "movie box behind the data", data: join(ftyp, box("mdat", make([]byte, file.SniffBytes)), moov(7)), want: file.MP4, whole: file.ProgressiveMP4},
	{name: "fragmented behind padding", data: join(ftyp, box("free", make([]byte, file.SniffBytes)), moov(0, box("mvex"))), want: file.MP4, whole: file.FragmentedMP4},
	{name: "movie box cut in two", data: join(ftyp, box("free", make([]byte, file.SniffBytes-300)), moov(0, box("mvex"))), want: file.MP4, whole: file.FragmentedMP4},
	{name: "large size", data: join(ftyp, []byte("\x00\x00\x00\x01mdat\x00\x00\x00\x00\x00\x00\x00\x10"), moov(1)), want: file.ProgressiveMP4},
	{name: "no movie box", data: join(ftyp, box("mdat")), want: file.MP4, whole: file.ProgressiveMP4},
	{name: "matroska", data: []byte("\x1a\x45\xdf\xa3\x01"), want: file.Media},
	{name: "ogg", data: []byte("OggS\x00"), want: file.Media},
	{name: "avi", data: []byte("RIFF\x00\x00\x00\x00AVI LIST"), want: file.Media},
	{name: "riff of another kind", data: []byte("RIFF\x00\x00\x00\x00ACON"), want: file.Unknown},
	{name: "adts", data: []byte("\xff\xf1\x50\x80"), want: file.Media},
	{name: "mp3", data: []byte("\xff\xfb\x90\x00"), want: file.Media},
	{name: "utf-16 is no mp3", data: []byte("\xff\xfe<\x00a\x00"), want: file.Unknown},
	{name: "transport stream", data: bytes.Repeat(append([]byte{0x47}, make([]byte, 187)...), 4), want: file.Media},
	{name: "m2ts", data: bytes.Repeat(append([]byte{0, 0, 0, 0, 0x47}, make([]byte, 187)...), 4), want: file.Media},
	{name: "one G", data: append([]byte{0x47}, make([]byte, 300)...), want: file.Unknown},
}

func TestSniff(t *testing.T) {
	for _, c := range sniffed {
		t.Run(c.name, func(t *testing.T) {
			if got := file.Sniff(c.data[:min(len(c.data), file.SniffBytes)]); got != c.want {
				t.Errorf("Sniff: %v, want %v", got, c.want)
			}
			want := c.want
			if c.whole != file.Unknown {
				want = c.whole
			}
			r := bytes.NewReader(c.data)
			got, err := file.SniffFile(r)
			if err != nil || got != want {
				t.Errorf("SniffFile: %v, %v, want %v", got, err, want)
			}
			if r.Len() != len(c.data) {
				t.Errorf("SniffFile left the reader at %d", len(c.data)-r.Len())
			}
		})
	}
}

// failing fails to read from a position on.
type failing struct {
	*bytes.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	if at, _ := f.Seek(0, io.SeekCurrent); at >= file.SniffBytes {
		return 0, f.err
	}
	return f.Reader.Read(p)
}

func TestSniffFile_ReadError(t *testing.T) {
	cause := errors.New("disk on fire")
	data := join(ftyp, box("mdat", make([]byte, file.SniffBytes)), moov(1))
	_, err := file.SniffFile(&failing{bytes.NewReader(data), cause})
	if !errors.Is(err, cause) || !strings.HasPrefix(err.Error(), "file: ") {
		t.Errorf("error %v", err)
	}
}

func FuzzSniff(f *testing.F) {
	for _, c := range sniffed {
		f.Add(c.data[:min(len(c.data), 1024)])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		k := file.Sniff(b)
		if strings.HasPrefix(k.String(), "impossible") {
			t.Fatalf("kind %d", k)
		}
		whole, err := file.SniffFile(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if k != file.MP4 && len(b) <= file.SniffBytes && whole != k {
			t.Fatalf("Sniff %v, SniffFile %v", k, whole)
		}
	})
}
