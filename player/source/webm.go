package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/webm"
	"mseplayer/player/file"
	"mseplayer/player/manifest"
)

// encryptedWebM reports whether a file is a WebM with tracks that are encrypted. FFmpeg's demuxer leaves what precedes
// their frames (initialization vector, partitions) in place.
func encryptedWebM(f *file.Source) bool {
	for _, t := range f.Tracks() {
		if t.Config.Encrypted && strings.Contains(f.Info().Format, "webm") {
			return true
		}
	}
	return false
}

// openWebM makes a presentation of a WebM file.
func (s *Source) openWebM(ctx context.Context, in io.ReadSeeker, size int64) error {
	at, size, err := whole(ctx, in, size)
	if err != nil {
		return s.failed(CodeNetwork, err)
	}
	head, init, err := webmHead(at, size)
	if err != nil {
		return s.failed(CodeNotMedia, err)
	}
	movie, err := webmMovie(init[:head.InitSize])
	if err != nil {
		return s.failed(CodeNotMedia, err)
	}
	s.present(movie, "webm", head.InitSize, webmIndex(s.URL, at, size, head, init))
	return nil
}

// webmHead reads the beginning of a file, up to the end of its initialization segment at least.
func webmHead(r io.ReaderAt, size int64) (webm.Head, []byte, error) {
	for n := int64(64 << 10); ; {
		n = min(n, size, maxHead)
		b := make([]byte, n)
		if _, err := r.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
			return webm.Head{}, nil, err
		}
		h, err := webm.FindIndex(b)
		switch {
		case err != nil:
			return h, nil, err
		case h.InitSize > 0 && h.InitSize <= n && (h.Need == 0 || h.Need > min(size, maxHead)):
			return h, b, nil
		case n == size || n == maxHead:
			return h, nil, fmt.Errorf("there is no initialization segment in the first %d bytes", n)
		}
		n = max(h.Need, h.InitSize, 2*n)
	}
}

// webmMovie reads an initialization segment.
func webmMovie(init []byte) (*media.InitSegment, error) {
	p, k := webm.New(webm.Options{}), &keeper{}
	p.Push(init)
	if err := bytestream.Drain(p, k); err != nil {
		return nil, err
	}
	if k.movie == nil || len(k.movie.Tracks) == 0 {
		return nil, errors.New("the initialization segment describes no track")
	}
	return k.movie, nil
}

// keeper is a bytestream.Handler that keeps the initialization segment.
type keeper struct {
	bytestream.Discard
	movie *media.InitSegment
}

// InitSegment implements bytestream.Handler.
func (k *keeper) InitSegment(s *media.InitSegment) error { k.movie = s; return nil }

// webmIndex lists the segments of a file by its cues. Without usable ones the file is a single segment.
func webmIndex(url string, r io.ReaderAt, size int64, h webm.Head, init []byte) manifest.Index {
	whole := manifest.SingleIndex{Resource: manifest.Resource{URL: url, Range: manifest.Range{Start: h.InitSize, End: size}}, Number: 1}
	if h.IndexOffset <= 0 || h.IndexOffset >= size {
		return whole
	}
	n := h.IndexSize
	if n == 0 || n > size-h.IndexOffset {
		n = size - h.IndexOffset
	}
	cues := make([]byte, min(n, maxHead))
	if _, err := r.ReadAt(cues, h.IndexOffset); err != nil && !errors.Is(err, io.EOF) {
		return whole
	}
	idx, err := webm.ParseIndex(init, cues, h.IndexOffset, size)
	if err != nil || len(idx.References) == 0 {
		return whole
	}
	x := &fragmentIndex{url: url}
	for _, ref := range idx.References {
		e := entry{ref.Offset, ref.Size, ref.Start, ref.Duration}
		if e.size == 0 {
			e.size = size - e.offset
		}
		if e.offset+e.size > size || e.start < x.end() {
			return whole
		}
		x.entries = append(x.entries, e)
	}
	if x.entries[0].offset > h.InitSize {
		// Clusters before the first that is indexed belong to it.
		x.entries[0].size += x.entries[0].offset - h.InitSize
		x.entries[0].offset = h.InitSize
	}
	return x
}
