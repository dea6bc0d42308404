package webm

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"

	"mseplayer/mse/media"
)

// coding is how the frames of a track are wrapped: by one content encoding at most. RFC 9559 §5.1.4.1.31.
type coding struct {
	strip     []byte // comes before the bytes of each frame
	deflated  bool
	encrypted bool
	kid       [16]byte
}

// The values of the elements of a ContentEncoding.
const (
	encodingCompression = 0
	encodingEncryption  = 1

	scopeFrames  = 1
	scopePrivate = 2

	algoZlib  = 0
	algoStrip = 3

	algoAES = 5
	modeCTR = 1
)

// encodings reads ContentEncodings. What cannot be undone refuses the track.
func (r *trackReader) encodings(n *node) error {
	const path = "/ContentEncodings"
	w := n.children()
	count := 0
	for w.next() {
		if w.node.id != idEncoding {
			continue
		}
		if count++; count > 1 {
			r.refusal = "its frames are encoded twice, as with compression and encryption"
			continue
		}
		if err := r.encoding(&w.node, r.path+path+"/ContentEncoding"); err != nil {
			return err
		}
	}
	return w.err(r.path + path)
}

// encoding reads one ContentEncoding.
func (r *trackReader) encoding(n *node, path string) error {
	scope, typ := uint64(scopeFrames), uint64(encodingCompression)
	var algo uint64
	var settings, key []byte
	mode := uint64(modeCTR)
	w := n.children()
	for w.next() {
		switch x := &w.node; x.id {
		case idEncScope:
			scope = x.uint()
		case idEncType:
			typ = x.uint()
		case idCompression, idEncryption:
			in := x.children()
			for in.next() {
				switch y := &in.node; y.id {
				case idCompAlgo, idEncAlgo:
					algo = y.uint()
				case idCompSetting:
					settings = y.body
				case idEncKeyID:
					key = y.body
				case idAES:
					aes := y.children()
					for aes.next() {
						if aes.node.id == idCipherMode {
							mode = aes.node.uint()
						}
					}
					if err := aes.err(path); err != nil {
						return err
					}
				}
			}
			if err := in.err(path); err != nil {
				return err
			}
		}
	}
	if err := w.err(path); err != nil {
		return err
	}
	if scope&^(scopeFrames|scopePrivate) != 0 {
		r.refusal = "a content encoding is encoded itself"
		return nil
	}
	switch {
	case typ == encodingEncryption && (scope != scopeFrames || algo != algoAES || mode != modeCTR):
		r.refusal = fmt.Sprintf("its encryption (scope %d, algorithm %d, mode %d) is not WebM's, AES in counter mode", scope, algo, mode)
	case typ == encodingEncryption && len(key) > len(r.coding.kid):
		r.refusal = fmt.Sprintf("its key ID has %d bytes, more than %d", len(key), len(r.coding.kid))
	case typ == encodingEncryption:
		r.coding.encrypted, r.config.Encrypted = true, true
		copy(r.coding.kid[:], key)
	case typ == encodingCompression && algo == algoStrip && len(settings) > maxStripped:
		r.refusal = fmt.Sprintf("%d bytes are stripped from each frame, more than the %d that are accepted", len(settings), maxStripped)
	case typ == encodingCompression && algo == algoStrip:
		settings = bytes.Clone(settings)
		if scope&scopeFrames != 0 {
			r.coding.strip = settings
		}
		if scope&scopePrivate != 0 {
			r.private = append(settings[:len(settings):len(settings)], r.private...)
		}
	case typ == encodingCompression && algo == algoZlib:
		r.coding.deflated = scope&scopeFrames != 0
		if scope&scopePrivate != 0 {
			var in inflater
			b, err := in.inflate(r.private, maxExtradata)
			if err != nil {
				return unreadable(path, n.off, "the CodecPrivate cannot be inflated", err)
			}
			r.private = b
		}
	default:
		r.refusal = fmt.Sprintf("its compression (type %d, algorithm %d) is neither zlib nor header stripping", typ, algo)
	}
	return nil
}

// inflater undoes zlib compression. The zero value is ready.
type inflater struct {
	in  bytes.Reader
	z   io.ReadCloser
	out []byte // what was inflated since the last take
}

// inflate returns the original of b, limit bytes of it at most, in memory that it goes on to use behind it.
func (f *inflater) inflate(b []byte, limit int64) ([]byte, error) {
	f.in.Reset(b)
	if f.z == nil {
		z, err := zlib.NewReader(&f.in)
		if err != nil {
			return nil, err
		}
		f.z = z
	} else if err := f.z.(zlib.Resetter).Reset(&f.in, nil); err != nil {
		return nil, err
	}
	from := len(f.out)
	w := bytes.NewBuffer(f.out)
	n, err := w.ReadFrom(io.LimitReader(f.z, limit+1))
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, fmt.Errorf("inflates to more than %d bytes", limit)
	}
	f.out = w.Bytes()
	return f.out[from:len(f.out):len(f.out)], nil
}

// cipher reads what precedes an encrypted frame: the signal byte, the initialization vector and the partitions. It
// returns the frame, and how it is encrypted, the zero value when it is clear. The subsamples are added to subs. what
// says what is wrong.
// WebM Encryption §4.6 and §4.7.
func (c *coding) cipher(b []byte, subs *[]media.Subsample) (frame []byte, crypt media.Crypt, what string) {
	const (
		isEncrypted   = 1
		isPartitioned = 2
		ivBytes       = 8
	)
	if len(b) == 0 {
		return nil, crypt, "has no signal byte"
	}
	signal := b[0]
	b = b[1:]
	if signal&isEncrypted == 0 {
		return b, crypt, ""
	}
	if len(b) < ivBytes {
		return nil, crypt, "is too short for its initialization vector"
	}
	crypt = media.Crypt{Scheme: "cenc", KID: c.kid, IV: b[:ivBytes:ivBytes]}
	b = b[ivBytes:]
	if signal&isPartitioned == 0 {
		return b, crypt, ""
	}
	if len(b) == 0 || len(b) < 1+4*int(b[0]) {
		return nil, crypt, "is too short for its partitions"
	}
	borders := b[1 : 1+4*int(b[0])]
	b = b[1+len(borders):]
	first, at, size := len(*subs), uint32(0), uint32(len(b)) // a block is shorter than 4 GiB
	// Clear and protected bytes take turns; the frame's end is the last border.
	for open := true; ; open = !open {
		to, last := size, len(borders) == 0
		if !last {
			to, borders = be.Uint32(borders), borders[4:]
		}
		if to < at || to > size {
			return nil, crypt, fmt.Sprintf("has a partition from byte %d to %d of %d", at, to, size)
		}
		if open {
			*subs = append(*subs, media.Subsample{Clear: to - at})
		} else {
			(*subs)[len(*subs)-1].Protected = to - at
		}
		if last {
			break
		}
		at = to
	}
	crypt.Subsamples = (*subs)[first:len(*subs):len(*subs)]
	return b, crypt, ""
}
