package cue

import (
	"bytes"
	"compress/flate"
	"io"
)

// Pack makes the picture small, for those that are kept while they are not seen: pictures of letters take a hundredth of
// their pixels. Pictures of a film together would be hundreds of megabytes. It must not be called while others read the
// picture.
func (m *Image) Pack() {
	if m.Pixels == nil {
		return
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		return // the level is known
	}
	if _, err = w.Write(m.Pixels); err == nil {
		err = w.Close()
	}
	if err == nil {
		m.packed, m.Pixels = bytes.Clone(b.Bytes()), nil
	}
}

// Bitmap returns the pixels, of a packed picture as a copy.
func (m *Image) Bitmap() []byte {
	if m.Pixels != nil || m.packed == nil {
		return m.Pixels
	}
	r := flate.NewReader(bytes.NewReader(m.packed))
	defer func() { _ = r.Close() }()
	p := make([]byte, 4*m.Width*m.Height)
	if _, err := io.ReadFull(r, p); err != nil {
		return nil
	}
	return p
}
