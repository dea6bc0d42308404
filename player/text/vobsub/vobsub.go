// Package vobsub reads the subtitles of DVDs as they lie beside films: an index in text (.idx), which says when and where
// the pictures of each language begin, and a program stream (.sub) with those pictures.
//
// # Ownership
//
// Results are copies.
//
// # Concurrency
//
// Everything is a function of its arguments; there is no state.
//
// # Errors
//
// ParseIndex fails for what is no index. What is damaged inside of either file is left out.
package vobsub

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"mseplayer/mse/media"
)

const (
	// maxTracks and maxPictures bound what an index may list: a DVD has at most 32 languages.
	maxTracks   = 32
	maxPictures = 100_000
	// maxReach is how far behind its place the packets of one picture are looked for: those of other languages may lie
	// between them. maxTurns is how many times over a stream is gone through for one track, with pictures that overlap.
	maxReach = 256 << 10
	maxTurns = 4
	// maxConfig bounds the lines that a decoder is given.
	maxConfig = 4096
)

// signature begins an index.
const signature = "VobSub index file"

// Index is what an .idx file says.
type Index struct {
	// Config is what a decoder of the pictures has to know: the size of the screen and the colours.
	Config []byte
	// Tracks are the languages that have pictures, in the order of the file.
	Tracks []Track
}

// Track is one language.
type Track struct {
	// Language is a BCP 47 tag, "" when the index does not tell. Label is what else the author calls it.
	Language, Label string
	// number tells its packets from those of others.
	number byte
	places []place
}

// place is when a picture is due and where it begins.
type place struct {
	at  media.Time
	pos int64
}

// Picture is the coded form of one picture, or of several that belong together.
type Picture struct {
	At   media.Time
	Data []byte
}

// ParseIndex reads an .idx file.
func ParseIndex(b []byte) (*Index, error) {
	head := b[:min(len(b), 256)]
	if !bytes.Contains(head, []byte(signature)) {
		return nil, errors.New("vobsub: not an index of VobSub")
	}
	x := &Index{}
	var t *Track
	var delay media.Span
	pictures := 0
	for line := range strings.Lines(string(b)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.ToLower(key) {
		case "size", "palette":
			if line := strings.ToLower(key) + ": " + value + "\n"; t == nil && len(x.Config)+len(line) <= maxConfig {
				x.Config = append(x.Config, line...)
			}
		case "id":
			if len(x.Tracks) == maxTracks {
				t = nil
				continue
			}
			x.Tracks = append(x.Tracks, track(value, len(x.Tracks)))
			t, delay = &x.Tracks[len(x.Tracks)-1], 0
		case "alt", "# alt":
			if t != nil && t.Label == "" {
				t.Label = value
			}
		case "delay":
			if d, ok := clock(value); ok {
				delay += media.Span(d)
			}
		case "timestamp":
			p, ok := picture(value)
			if t != nil && ok && pictures < maxPictures {
				pictures++
				p.at = p.at.Add(delay)
				t.places = append(t.places, p)
			}
		}
	}
	kept := x.Tracks[:0]
	for _, t := range x.Tracks {
		if len(t.places) > 0 {
			kept = append(kept, t)
		}
	}
	x.Tracks = kept
	return x, nil
}

// track reads what stands behind "id:": "en, index: 0".
func track(s string, n int) Track {
	language, rest, _ := strings.Cut(s, ",")
	t := Track{Language: strings.TrimSpace(language), number: byte(n)}
	if strings.Trim(t.Language, "-") == "" {
		t.Language = ""
	}
	if key, v, ok := strings.Cut(rest, ":"); ok && strings.TrimSpace(key) == "index" {
		if i, err := strconv.ParseUint(strings.TrimSpace(v), 10, 8); err == nil && i < maxTracks {
			t.number = byte(i)
		}
	}
	return t
}

// picture reads what stands behind "timestamp:": "00:00:01:101, filepos: 000000000".
func picture(s string) (p place, ok bool) {
	at, rest, _ := strings.Cut(s, ",")
	key, pos, _ := strings.Cut(rest, ":")
	if strings.TrimSpace(key) != "filepos" {
		return p, false
	}
	t, ok := clock(strings.TrimSpace(at))
	n, err := strconv.ParseInt(strings.TrimSpace(pos), 16, 64)
	return place{t, n}, ok && err == nil && n >= 0
}

// clock reads a time: hours, minutes, seconds and milliseconds, perhaps with a sign.
func clock(s string) (media.Time, bool) {
	rest, negative := strings.CutPrefix(s, "-")
	parts := strings.Split(strings.TrimPrefix(rest, "+"), ":")
	if len(parts) != 4 {
		return 0, false
	}
	ms := int64(0)
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return 0, false
		}
		ms = ms*[...]int64{1, 60, 60, 1000}[i] + int64(n)
	}
	if negative {
		ms = -ms
	}
	return media.Time(float64(ms) / 1000), true
}

// Pictures takes the pictures of a track out of the .sub file. Those that are cut off are left out.
func (t *Track) Pictures(sub []byte) (out []Picture) {
	left := maxReach + maxTurns*len(sub)
	for _, p := range t.places {
		if p.pos >= int64(len(sub)) || left <= 0 {
			continue
		}
		data, read := unit(sub[p.pos:min(int64(len(sub)), p.pos+maxReach)], t.number)
		if left -= read; data != nil {
			out = append(out, Picture{p.at, data})
		}
	}
	return out
}

// The start codes of a program stream, ISO/IEC 13818-1 §2.5.3, and the private stream's numbers of subtitles.
const (
	codeEnd     = 0xb9
	codePack    = 0xba
	codePrivate = 0xbd
	substream   = 0x20
)

// unit puts a picture's data together from the packets of substream number n that begin at b: its first two bytes are its
// size. read is how far it went.
func unit(b []byte, n byte) (data []byte, read int) {
	all := len(b)
	defer func() { read = all - len(b) }()
	for len(b) >= 6 && b[0] == 0 && b[1] == 0 && b[2] == 1 {
		switch code := b[3]; {
		case code == codePack && b[4]>>6 == 1: // MPEG-2
			if len(b) < 14 {
				return nil, 0
			}
			b = b[min(14+int(b[13]&7), len(b)):]
			continue
		case code == codePack:
			b = b[min(12, len(b)):]
			continue
		case code < codePack: // the end, or no packet of a program stream
			if code == codeEnd {
				b = b[4:]
				continue
			}
			return nil, 0
		}
		size := 6 + int(binary.BigEndian.Uint16(b[4:]))
		if size > len(b) {
			return nil, 0
		}
		if b[3] == codePrivate {
			if p := payload(b[6:size]); len(p) > 1 && p[0] == substream+n {
				data = append(data, p[1:]...)
			}
		}
		b = b[size:]
		if len(data) >= 2 {
			if want := int(binary.BigEndian.Uint16(data)); len(data) >= want {
				return whole(data[:want]), 0
			}
		}
	}
	return nil, 0
}

// whole returns data if it can be a picture: behind its size it says where the commands are.
func whole(data []byte) []byte {
	if len(data) < 4 || int(binary.BigEndian.Uint16(data[2:])) >= len(data) {
		return nil
	}
	return data
}

// payload is what follows the header of a PES packet, of MPEG-2 or MPEG-1, from behind its length on.
func payload(b []byte) []byte {
	if len(b) >= 3 && b[0]>>6 == 2 {
		return b[min(3+int(b[2]), len(b)):]
	}
	for len(b) > 0 && b[0] == 0xff {
		b = b[1:]
	}
	if len(b) >= 2 && b[0]>>6 == 1 {
		b = b[2:]
	}
	switch {
	case len(b) >= 5 && b[0]>>4 == 2:
		return b[5:]
	case len(b) >= 10 && b[0]>>4 == 3:
		return b[10:]
	case len(b) >= 1 && b[0] == 0x0f:
		return b[1:]
	}
	return nil
}
