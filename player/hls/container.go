package hls

import (
	"bytes"
	"net/url"
	"path"
	"strings"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/mse/mp2t"
	"mseplayer/mse/webm"
	"mseplayer/player/manifest"
)

const (
	// headBytes is what is read of a segment to find out what it is, and moreBytes what is if that does not tell.
	headBytes, moreBytes = 32 << 10, 256 << 10
	// maxSteps bounds the work of looking into it.
	maxSteps = 4096
)

// The MIME types of segments.
const (
	typeMP4  = "video/mp4"
	typeTS   = "video/mp2t"
	typeWebM = "video/webm"
	typeAAC  = "audio/aac"
	typeMPEG = "audio/mpeg"
	typeAC3  = "audio/ac3"
	typeEAC3 = "audio/eac3"
	typeVTT  = "text/vtt"
	typeTTML = "application/ttml+xml"
)

// extensions maps the ends of names to types; the kind of track is not decided by them.
var extensions = map[string]string{
	".ts": typeTS, ".tsv": typeTS, ".tsa": typeTS, ".m2ts": typeTS, ".mts": typeTS, ".m2t": typeTS,
	".mp4": typeMP4, ".m4s": typeMP4, ".m4v": typeMP4, ".m4a": typeMP4, ".m4f": typeMP4, ".m4i": typeMP4, ".cmfv": typeMP4, ".cmfa": typeMP4,
	".cmft": typeMP4, ".fmp4": typeMP4, ".mp4v": typeMP4, ".mp4a": typeMP4, ".mov": typeMP4,
	".webm": typeWebM, ".aac": typeAAC, ".adts": typeAAC, ".mp3": typeMPEG, ".mp2": typeMPEG, ".mpa": typeMPEG,
	".ac3": typeAC3, ".ec3": typeEAC3, ".eac3": typeEAC3, ".vtt": typeVTT, ".webvtt": typeVTT, ".ttml": typeTTML, ".dfxp": typeTTML,
}

// containerOf tells the type of a list's segments by their names, "" if those do not tell.
func containerOf(x manifest.Index) string {
	if x.Len() == 0 {
		return ""
	}
	s := x.At(0)
	if s.Init == nil {
		return typeOfName(s.URL)
	}
	for _, u := range []string{s.Init.URL, s.URL} {
		switch t := typeOfName(u); t {
		case typeMP4, typeTS, typeWebM:
			return t
		}
	}
	return typeMP4
}

// typeOfName tells a type by the end of the path, or by what a data URL says.
func typeOfName(s string) string {
	if data, ok := strings.CutPrefix(s, "data:"); ok {
		head, _, _ := strings.Cut(data, ",")
		if t, err := mime.ParseType(head); err == nil {
			return t.Essence()
		}
		return ""
	}
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return extensions[strings.ToLower(path.Ext(u.Path))]
}

// sniff tells the type of a segment by its first bytes, "" if they do not tell.
func sniff(b []byte) string {
	if len(b) >= 8 {
		switch string(b[4:8]) {
		case "ftyp", "styp", "moov", "moof", "sidx", "emsg", "prft", "free", "skip":
			return typeMP4
		}
	}
	const packet = 188
	text := bytes.TrimPrefix(b, []byte(byteOrderMark))
	switch {
	case len(b) > packet && b[0] == 0x47 && b[packet] == 0x47, len(b) == packet && b[0] == 0x47:
		return typeTS
	case bytes.HasPrefix(b, []byte{0x1a, 0x45, 0xdf, 0xa3}), bytes.HasPrefix(b, []byte{0x1f, 0x43, 0xb6, 0x75}):
		return typeWebM
	case bytes.HasPrefix(text, []byte("WEBVTT")):
		return typeVTT
	case bytes.HasPrefix(text, []byte("<?xml")), bytes.HasPrefix(text, []byte("<tt")):
		return typeTTML
	}
	for len(b) >= 10 && string(b[:3]) == "ID3" {
		n := 10 + int(b[6]&0x7f)<<21 + int(b[7]&0x7f)<<14 + int(b[8]&0x7f)<<7 + int(b[9]&0x7f)
		if n > len(b) {
			return ""
		}
		b = b[n:]
	}
	switch {
	case len(b) >= 6 && b[0] == 0x0b && b[1] == 0x77:
		const firstEAC3 = 11 // bit stream identification
		if b[5]>>3 >= firstEAC3 {
			return typeEAC3
		}
		return typeAC3
	case len(b) >= 2 && b[0] == 0xff && b[1]&0xf6 == 0xf0:
		return typeAAC
	case len(b) >= 2 && b[0] == 0xff && b[1]&0xe0 == 0xe0:
		return typeMPEG
	}
	return ""
}

// packedAudio reports whether a type is of segments that hold nothing but coded sound.
func packedAudio(t string) bool {
	switch t {
	case typeAAC, typeMPEG, typeAC3, typeEAC3:
		return true
	}
	return false
}

// textType reports whether a type is of subtitle files.
func textType(t string) bool { return t == typeVTT || t == typeTTML }

// sameContainer compares types by their byte stream format.
func sameContainer(a, b string) bool {
	x, okA := mime.ContainerOf(a)
	y, okB := mime.ContainerOf(b)
	if okA && okB {
		return x == y
	}
	return a == b
}

// typeFor gives the type of a container for a kind of track: audio/mp4 for sound in MP4.
func typeFor(container string, k manifest.Kind) string {
	_, sub, _ := strings.Cut(container, "/")
	switch container {
	case typeMP4, typeTS, typeWebM:
		switch {
		case k == manifest.Audio:
			return "audio/" + sub
		case k == manifest.Text && container == typeMP4:
			return "application/mp4"
		}
	}
	return container
}

// content is what was found out about the segments of a list.
type content struct {
	bytestream.Discard
	container string
	kind      manifest.Kind // 0 when not known
	codecs    string
	width     int
	height    int
}

// examine finds out what a list's segments are: by their names, and where those leave questions by the first bytes.
// It asks for at most one initialization section, or two pieces of a segment. deep asks for kind and codecs, too.
func examine(l *manifest.List, get manifest.Getter, deep bool) content {
	c := content{container: containerOf(l.Index)}
	if packedAudio(c.container) {
		c.kind = manifest.Audio
		return c
	}
	if textType(c.container) {
		c.kind = manifest.Text
		return c
	}
	if get == nil || l.Index.Len() == 0 || c.container != "" && !deep {
		return c
	}
	s, ok := firstReadable(l.Index)
	if !ok {
		return c
	}
	if s.Init != nil {
		if b, err := get(*s.Init); err == nil {
			c.read(b)
		}
		return c
	}
	for _, n := range []int64{headBytes, moreBytes} {
		r := s.Resource
		whole := r.Range.End != 0 && r.Range.Len() <= n
		if !whole {
			r.Range.End = r.Range.Start + n
		}
		b, err := get(r)
		if err != nil {
			break
		}
		c.read(b)
		if c.kind != 0 || whole || int64(len(b)) < n {
			break
		}
	}
	return c
}

// read takes in the beginning of a segment, or its initialization section.
func (c *content) read(data []byte) {
	if t := sniff(data); t != "" {
		c.container = t
	}
	switch {
	case packedAudio(c.container):
		c.kind = manifest.Audio
	case textType(c.container):
		c.kind = manifest.Text
	default:
		c.look(data)
	}
}

// firstReadable returns the first segment whose beginning can be understood: not missing and not encrypted as a whole.
func firstReadable(x manifest.Index) (manifest.SegmentRef, bool) {
	const maxLooked = 16
	for i := range min(x.Len(), maxLooked) {
		s := x.At(i)
		if s.Gap || s.Hint || s.Init != nil && s.InitKey != nil || s.Init == nil && s.Key != nil && s.Key.Method.WholeResource() {
			continue
		}
		return s, true
	}
	return manifest.SegmentRef{}, false
}

// look lets a parser find the tracks in the first bytes.
func (c *content) look(data []byte) {
	var p bytestream.Parser
	switch c.container {
	case typeMP4:
		p = isobmff.New(isobmff.Options{})
	case typeTS:
		p = mp2t.New()
	case typeWebM:
		p = webm.New(webm.Options{})
	default:
		return
	}
	p.Push(data)
	for range maxSteps {
		more, err := p.Step(c)
		if err != nil || !more || c.kind == manifest.Video {
			break
		}
	}
}

// InitSegment implements bytestream.Handler.
func (c *content) InitSegment(s *media.InitSegment) error {
	var codecs []string
	for _, t := range s.Tracks {
		if k := manifest.Kind(t.Kind); c.kind == 0 || k < c.kind {
			c.kind = k
		}
		if t.Config == nil {
			continue
		}
		if t.Kind == media.Video && c.width == 0 {
			c.width, c.height = t.Config.Width, t.Config.Height
		}
		if t.Config.Codec != "" {
			codecs = append(codecs, mime.FromConfig(t.Config))
		}
	}
	c.codecs = strings.Join(codecs, ",")
	return nil
}
