package file

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
)

// Kind is what the first bytes of something say it is.
type Kind uint8

// The kinds of content.
const (
	// Unknown is none of the others; a demuxer may still know it.
	Unknown Kind = iota
	// Empty has no bytes.
	Empty
	// DASH is a media presentation description.
	DASH
	// HLS is a playlist.
	HLS
	// HTML is a web page, where media was expected: an error page, a login.
	HTML
	// FragmentedMP4 is ISO BMFF whose samples are all in movie fragments.
	FragmentedMP4
	// ProgressiveMP4 is ISO BMFF whose movie box lists samples, possibly with fragments behind.
	ProgressiveMP4
	// MP4 is ISO BMFF whose movie box is not among the bytes looked at.
	MP4
	// Media is a media file of another container.
	Media
)

// String names the kind as messages do.
func (k Kind) String() string {
	switch k {
	case Unknown:
		return "unknown"
	case Empty:
		return "empty"
	case DASH:
		return "DASH manifest"
	case HLS:
		return "HLS playlist"
	case HTML:
		return "HTML page"
	case FragmentedMP4:
		return "fragmented MP4"
	case ProgressiveMP4:
		return "progressive MP4"
	case MP4:
		return "MP4"
	case Media:
		return "media file"
	default:
		return "impossible kind"
	}
}

const (
	// SniffBytes is how much of the beginning Sniff likes to see.
	SniffBytes = 64 << 10
	// maxBoxes bounds the boxes that SniffFile visits, maxBoxDepth how deep.
	maxBoxes    = 1 << 14
	maxBoxDepth = 8
)

// Sniff tells what something is by its first bytes. MP4 means that they end before the movie box; SniffFile can
// look further.
func Sniff(prefix []byte) Kind {
	switch {
	case len(prefix) == 0:
		return Empty
	case isBox(prefix):
		return sniffMP4(&prefixBoxes{prefix})
	case isMedia(prefix):
		return Media
	}
	return sniffText(text(prefix))
}

// SniffFile is Sniff for something that can be read anywhere: it finds the movie box of an MP4 wherever it is, by
// the headers of the boxes alone. It leaves r at the beginning.
func SniffFile(r io.ReadSeeker) (Kind, error) {
	prefix := make([]byte, SniffBytes)
	n, err := io.ReadFull(r, prefix)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return Unknown, fmt.Errorf("file: reading the beginning: %w", err)
	}
	k := Sniff(prefix[:n])
	if k == MP4 {
		b := &fileBoxes{r: r}
		if k = sniffMP4(b); k == MP4 {
			k = ProgressiveMP4 // there is no more to see; a demuxer says what is wrong with it
		}
		if b.err != nil {
			return Unknown, fmt.Errorf("file: looking for the movie box: %w", b.err)
		}
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return Unknown, fmt.Errorf("file: %w", err)
	}
	return k, nil
}

// isBox reports whether b begins with a box that an ISO BMFF or QuickTime file begins with.
func isBox(b []byte) bool {
	if len(b) < 8 {
		return false
	}
	switch string(b[4:8]) {
	case "ftyp", "styp", "moov", "moof", "sidx", "ssix", "mdat", "free", "skip", "wide", "pnot", "emsg", "prft", "pdin", "uuid":
		size := binary.BigEndian.Uint32(b)
		return size <= 1 || size >= 8
	}
	return false
}

// boxes gives bytes of a file by position; fewer than asked for at the end of what is there.
type boxes interface {
	at(pos int64, buf []byte) []byte
}

type prefixBoxes struct{ b []byte }

func (p *prefixBoxes) at(pos int64, buf []byte) []byte {
	if pos < 0 || pos >= int64(len(p.b)) {
		return nil
	}
	return buf[:copy(buf, p.b[pos:])]
}

type fileBoxes struct {
	r   io.ReadSeeker
	err error
}

func (f *fileBoxes) at(pos int64, buf []byte) []byte {
	if f.err != nil {
		return nil
	}
	if _, f.err = f.r.Seek(pos, io.SeekStart); f.err != nil {
		return nil
	}
	n, err := io.ReadFull(f.r, buf)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		f.err = err
	}
	return buf[:n]
}

// movie is what the boxes of a file say about its samples.
type movie struct {
	boxes      int
	moov, mvex bool
	segment    bool // there are boxes of a media segment
	samples    bool // the movie box lists some
	cut        bool // the bytes end inside the movie box
}

func sniffMP4(b boxes) Kind {
	var m movie
	m.walk(b, 0, 1<<62, 0)
	switch {
	case !m.moov && m.segment:
		return FragmentedMP4 // a segment; its initialization is elsewhere
	case m.samples:
		return ProgressiveMP4
	case !m.moov || m.cut:
		return MP4
	case m.mvex:
		return FragmentedMP4
	default:
		return ProgressiveMP4
	}
}

// walk visits the boxes in [pos, end) and goes into those that lead to the sample tables. It stops when the movie
// box is done.
func (m *movie) walk(b boxes, pos, end int64, depth int) {
	var buf [20]byte
	for pos+8 <= end && m.boxes < maxBoxes && depth < maxBoxDepth {
		m.boxes++
		h := b.at(pos, buf[:])
		if len(h) < 8 {
			m.cut = depth > 0
			return
		}
		size, header := int64(binary.BigEndian.Uint32(h)), int64(8)
		switch {
		case size == 1 && len(h) >= 16:
			size, header = int64(binary.BigEndian.Uint64(h[8:])), 16
		case size == 0:
			size = end - pos
		}
		if size < header || size > end-pos {
			if depth > 0 || size < header {
				return
			}
			size = end - pos
		}
		switch string(h[4:8]) {
		case "moov":
			m.moov = true
			m.walk(b, pos+header, pos+size, depth+1)
			return
		case "styp", "sidx":
			m.segment = m.segment || depth == 0
		case "moof":
			m.segment = true
			return
		case "trak", "mdia", "minf", "stbl":
			if depth > 0 {
				m.walk(b, pos+header, pos+size, depth+1)
			}
		case "mvex":
			m.mvex = m.mvex || depth > 0
		case "stsz", "stz2":
			if depth > 0 && header == 8 && len(h) == 20 && binary.BigEndian.Uint32(h[16:]) > 0 {
				m.samples = true
			}
		case "stts":
			if depth > 0 && len(h) >= 16 && header == 8 && binary.BigEndian.Uint32(h[12:]) > 0 {
				m.samples = true
			}
		}
		pos += size
	}
}

// magics are how media files of other containers begin.
var magics = []string{
	"\x1a\x45\xdf\xa3", "OggS", "fLaC", "ID3", "FLV\x01", "\x30\x26\xb2\x75\x8e\x66\xcf\x11", "DKIF", "caff", ".snd", "wvpk",
	"MAC ", "MPCK", "MP+", "TTA1", "#!AMR", "\x00\x00\x01\xba", "\x00\x00\x01\xb3", "\x00\x00\x01\xb0", "\x00\x00\x00\x01", "\x0b\x77",
	"\x7f\xfe\x80\x01", ".RMF", "FORM", "\x89PNG\r\n", "\xff\xd8\xff", "GIF8", "\x06\x0e\x2b\x34",
}

// isMedia recognises containers by their first bytes.
func isMedia(b []byte) bool {
	for _, m := range magics {
		if bytes.HasPrefix(b, []byte(m)) {
			return true
		}
	}
	if len(b) >= 12 && (string(b[:4]) == "RIFF" || string(b[:4]) == "RF64") {
		switch string(b[8:12]) {
		case "AVI ", "WAVE", "WEBP":
			return true
		}
	}
	// MPEG audio and ADTS: the sync word, and a layer and rate that exist.
	if len(b) >= 3 && b[0] == 0xff && b[1]&0xe0 == 0xe0 {
		adts := b[1]&0xf6 == 0xf0
		mpeg := b[1]&0x18 != 0x08 && b[1]&0x06 != 0 && b[2]&0xf0 != 0xf0 && b[2]&0x0c != 0x0c
		return adts || mpeg
	}
	// Transport stream: packets of 188 bytes, with 4 in front (M2TS) or 16 behind.
	for _, f := range [...]struct{ first, step int }{{0, 188}, {4, 192}, {0, 204}} {
		n := 0
		for i := f.first; i < len(b) && b[i] == 0x47; i += f.step {
			n++
		}
		if n >= 3 || n == 2 && f.first+n*f.step >= len(b) {
			return true
		}
	}
	return false
}

// text decodes the byte order marks that XML may begin with.
func text(b []byte) string {
	b = b[:min(len(b), SniffBytes)]
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return string(b[3:])
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		order = binary.BigEndian
	case len(b) >= 4 && b[0] == '<' && b[1] == 0:
		order = binary.LittleEndian
	case len(b) >= 4 && b[0] == 0 && b[1] == '<':
		order = binary.BigEndian
	default:
		return string(b)
	}
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = order.Uint16(b[2*i:])
	}
	return strings.TrimPrefix(string(utf16.Decode(u)), "\ufeff")
}

const space = " \t\r\n"

// sniffText tells manifests and pages from other text by their first line or root element.
func sniffText(s string) Kind {
	s = strings.TrimLeft(s, space)
	// A playlist begins with #EXTM3U; some forget that, some put comments before it.
	for strings.HasPrefix(s, "#") {
		if strings.HasPrefix(s, "#EXTM3U") || strings.HasPrefix(s, "#EXT-X-") || strings.HasPrefix(s, "#EXTINF") {
			return HLS
		}
		_, s, _ = strings.Cut(s, "\n")
		s = strings.TrimLeft(s, space)
	}
	for strings.HasPrefix(s, "<") {
		var end string
		switch {
		case strings.HasPrefix(s, "<!--"):
			end = "-->"
		case strings.HasPrefix(s, "<?"):
			end = "?>"
		case strings.HasPrefix(s, "<!"):
			if rest, ok := cutFold(s, "<!doctype"); ok {
				if _, ok := cutFold(strings.TrimLeft(rest, space), "html"); ok {
					return HTML
				}
			}
			end = ">"
			if i, j := strings.IndexByte(s, '['), strings.IndexByte(s, '>'); i >= 0 && i < j {
				end = "]>" // with an internal subset
			}
		default:
			return rootKind(s[1:])
		}
		i := strings.Index(s, end)
		if i < 0 {
			return Unknown
		}
		s = strings.TrimLeft(s[i+len(end):], space)
	}
	return Unknown
}

// cutFold is strings.CutPrefix without regard to case.
func cutFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// rootKind tells what a document is by its root element; s begins with its name.
func rootKind(s string) Kind {
	name := s
	if i := strings.IndexAny(s, space+"/>"); i >= 0 {
		name = s[:i]
	}
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	switch {
	case name == "MPD":
		return DASH
	case strings.EqualFold(name, "html"), strings.EqualFold(name, "head"), strings.EqualFold(name, "body"):
		return HTML
	}
	return Unknown
}
