package msetest

import (
	"bytes"
	"crypto/aes"
	"encoding/binary"
	"slices"

	"mseplayer/mse/media"
)

// Encrypt is common encryption of a frame, block by block as ISO/IEC 23001-7 describes it. It shares nothing with what
// decrypts.
func Encrypt(key [16]byte, plain []byte, c *media.Crypt) []byte {
	b, err := aes.NewCipher(key[:])
	if err != nil {
		panic("msetest: " + err.Error()) // the length is right
	}
	iv := make([]byte, 16)
	copy(iv, c.IV)
	out := bytes.Clone(plain)
	counter, used, pad := bytes.Clone(iv), 16, make([]byte, 16)
	ctr := func(p []byte) {
		for i := range p {
			if used == 16 {
				b.Encrypt(pad, counter)
				binary.BigEndian.PutUint64(counter[8:], binary.BigEndian.Uint64(counter[8:])+1)
				used = 0
			}
			p[i] ^= pad[used]
			used++
		}
	}
	last := bytes.Clone(iv)
	cbc := func(p []byte) { // one block
		for i := range p {
			p[i] ^= last[i]
		}
		b.Encrypt(p, p)
		copy(last, p)
	}
	isCTR := c.Scheme == "cenc" || c.Scheme == "cens"
	pattern := (c.Scheme == "cens" || c.Scheme == "cbcs") && c.SkipBlocks > 0
	protect := func(p []byte) {
		if c.Scheme == "cbcs" {
			copy(last, iv)
		}
		if isCTR && !pattern {
			ctr(p)
			return
		}
		for i := 0; len(p) >= 16; i++ {
			if pattern && i%int(c.CryptBlocks+c.SkipBlocks) == 0 && len(p) < 16*int(c.CryptBlocks) {
				return // a protected part that is cut short is clear
			}
			switch {
			case pattern && i%int(c.CryptBlocks+c.SkipBlocks) >= int(c.CryptBlocks):
			case isCTR:
				ctr(p[:16])
			default:
				cbc(p[:16])
			}
			p = p[16:]
		}
	}
	if len(c.Subsamples) == 0 {
		protect(out)
		return out
	}
	at := 0
	for _, s := range c.Subsamples {
		at += int(s.Clear)
		protect(out[at : at+int(s.Protected)])
		at += int(s.Protected)
	}
	return out
}

// Protect encrypts the samples of a track's only entry with a scheme of common encryption: those of video in the usual
// patterns, behind a clear head of so many bytes, those of sound as a whole. What shares the track's samples keeps them.
func (t *BuilderTrack) Protect(scheme string, kid, key [16]byte, head int) {
	t.Entries, t.Samples = slices.Clone(t.Entries), slices.Clone(t.Samples)
	e := &t.Entries[0]
	e.Scheme, e.KID, e.IVBytes = scheme, kid, 16
	video := e.Kind == media.Video
	if video && (scheme == media.SchemeCENS || scheme == media.SchemeCBCS) {
		e.CryptBlocks, e.SkipBlocks = 1, 9
	}
	for i := range t.Samples {
		s := &t.Samples[i]
		s.IV = binary.BigEndian.AppendUint64(make([]byte, 0, 16), uint64(i+1))
		s.IV = append(s.IV, make([]byte, 8)...)
		if video {
			clear := min(len(s.Data), head)
			tail := (len(s.Data) - clear) % 16
			s.Subsamples = []media.Subsample{{Clear: uint32(clear), Protected: uint32(len(s.Data) - clear - tail)}, {Clear: uint32(tail)}}
		}
		s.Data = Encrypt(key, s.Data, &media.Crypt{Scheme: scheme, IV: s.IV, Subsamples: s.Subsamples, CryptBlocks: e.CryptBlocks, SkipBlocks: e.SkipBlocks})
	}
}
