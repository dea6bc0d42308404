package ttml

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"net/url"
	"strconv"
	"strings"

	"mseplayer/player/text/cue"
)

// imageStore holds the pictures that have been read.
type imageStore struct {
	got    map[string]*cue.Image
	failed map[string]error
	pixels int
}

// get returns the picture at src: a part of the document ("#id"), one behind it in a sample, a data URL, or what
// Options.Image knows by that name.
func (s *imageStore) get(d *document, src string) (*cue.Image, error) {
	if im := s.got[src]; im != nil {
		return im, nil
	}
	if err := s.failed[src]; err != nil {
		return nil, err
	}
	if s.got == nil {
		s.got, s.failed = map[string]*cue.Image{}, map[string]error{}
	}
	im, err := s.read(d, src)
	if err != nil {
		s.failed[src] = err
		return nil, err
	}
	s.got[src] = im
	return im, nil
}

// read gets a picture and decodes it.
func (s *imageStore) read(d *document, src string) (*cue.Image, error) {
	b, err := s.bytes(d, src, 0)
	if err != nil {
		return nil, err
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("it has %d bytes, at most %d are read", len(b), maxFile)
	}
	head, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("it is no PNG: %w", err)
	}
	n := head.Width * head.Height
	if head.Width <= 0 || head.Height <= 0 || head.Width > maxPixels || head.Height > maxPixels || n > maxPixels {
		return nil, fmt.Errorf("it has %d × %d pixels, at most %d are shown", head.Width, head.Height, maxPixels)
	}
	if s.pixels += n; s.pixels > maxAllPixels {
		return nil, fmt.Errorf("the pictures of the document have more than %d pixels", maxAllPixels)
	}
	decoded, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	im := image.NewNRGBA(image.Rect(0, 0, head.Width, head.Height))
	draw.Draw(im, im.Rect, decoded, decoded.Bounds().Min, draw.Src)
	return &cue.Image{Width: head.Width, Height: head.Height, Pixels: im.Pix}, nil
}

// pictures cuts what follows a document into PNG files. ISO/IEC 14496-30 §5.3 has them as subsamples; they tell their
// ends themselves. PNG §5.
func pictures(b []byte) (list [][]byte) {
	const signature, head, check = "\x89PNG\r\n\x1a\n", 8, 4
	for len(list) < maxParts {
		i := bytes.Index(b, []byte(signature))
		if i < 0 {
			break
		}
		b = b[i:]
		end := len(signature)
		for last := false; !last; {
			if len(b)-end < head+check {
				return list
			}
			n := binary.BigEndian.Uint32(b[end:])
			if uint64(n) > uint64(len(b)-end-head-check) {
				return list
			}
			last = string(b[end+4:end+head]) == "IEND"
			end += head + int(n) + check
		}
		list = append(list, b[:end])
		b = b[end:]
	}
	return list
}

// bytes gets the bytes of a picture.
func (s *imageStore) bytes(d *document, src string, depth int) ([]byte, error) {
	if depth > maxReferences {
		return nil, errors.New("it is only referred to, in a circle")
	}
	if id, ok := strings.CutPrefix(src, "#"); ok {
		e := d.data[id]
		switch {
		case e == nil:
			return nil, errors.New("the document has no such part")
		case e.name == "image" || e.src != "":
			return s.bytes(d, e.source(), depth+1)
		}
		var text strings.Builder
		e.walk(func(c *element) { text.WriteString(c.text) })
		return fromBase64(text.String())
	}
	if part, ok := strings.CutPrefix(src, "urn:mpeg:14496-30:subs:"); ok {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > len(d.parts) {
			return nil, fmt.Errorf("the sample has %d pictures", len(d.parts))
		}
		return d.parts[n-1], nil
	}
	if rest, ok := strings.CutPrefix(src, "data:"); ok {
		kind, text, ok := strings.Cut(rest, ",")
		if !ok || !strings.HasSuffix(kind, ";base64") {
			return nil, errors.New("its data URL is not in base64")
		}
		text, err := url.PathUnescape(text)
		if err != nil {
			return nil, err
		}
		return fromBase64(text)
	}
	if d.o.Image == nil {
		return nil, errors.New("it is not part of the document, and nothing gets other files")
	}
	return d.o.Image(src)
}

// fromBase64 decodes text with white space in it.
func fromBase64(s string) ([]byte, error) {
	s = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, s)
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	if err != nil {
		return nil, fmt.Errorf("it is no base64: %w", err)
	}
	return b, nil
}
