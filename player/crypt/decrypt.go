package crypt

import (
	"context"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"

	"mseplayer/mse/media"
)

// block is the length that AES works on.
const block = 16

// Decrypter takes the protection off the coded frames of one track. Make it with Store.Decrypter.
type Decrypter struct {
	store *Store // immutable

	// of the current key
	kid  [KeyBytes]byte
	cbc  chain
	ctr  keystream
	have bool
	iv   [block]byte // of the current frame

	decrypted int64
}

// chain is AES in CBC mode that can begin anew without allocating.
type chain interface {
	cipher.BlockMode
	SetIV([]byte)
}

// Ready gets the key that c names. It blocks while a license server is asked for it.
// Errors: *MissingKeyError, or the cause of the end of ctx.
func (d *Decrypter) Ready(ctx context.Context, c *media.Crypt) error {
	if c.Scheme == media.SchemeSampleAES && len(c.IV) == 0 {
		return d.store.vectorless(c)
	}
	if d.have && d.kid == c.KID {
		return nil
	}
	b, err := d.store.key(ctx, c)
	if err != nil {
		return err
	}
	d.kid, d.have = c.KID, true
	d.cbc = cipher.NewCBCDecrypter(b, make([]byte, block)).(chain)
	d.ctr.block = b
	return nil
}

// Decrypted is how many frames have been decrypted of which more than nothing was protected.
func (d *Decrypter) Decrypted() int64 { return d.decrypted }

// Decrypt writes the clear form of f's payload to dst, which must be as long as the payload and must not overlap it,
// and returns its length, which is never greater. Ready must have got the key.
func (d *Decrypter) Decrypt(dst []byte, f *media.CodedFrame) (int, error) {
	c, src := f.Crypt, f.Data
	switch {
	case !d.have || d.kid != c.KID:
		return 0, fmt.Errorf("the key %x is not ready", c.KID)
	case len(dst) < len(src):
		return 0, errors.New("there is no room for the clear frame")
	case len(c.IV) != block && len(c.IV) != block/2:
		return 0, fmt.Errorf("its initialization vector has %d bytes, not 8 or 16", len(c.IV))
	}
	dst = dst[:len(src)]
	d.iv = [block]byte{}
	copy(d.iv[:], c.IV)
	switch c.Scheme {
	case media.SchemeSampleAES:
		d.decrypted++
		return d.sampleAES(dst, src, f.Config), nil
	case media.SchemeCENC, media.SchemeCENS:
		d.ctr.begin(&d.iv)
	case media.SchemeCBC1, media.SchemeCBCS:
		d.cbc.SetIV(d.iv[:])
	default:
		return 0, fmt.Errorf("protection scheme %q is not known", c.Scheme)
	}
	if len(c.Subsamples) == 0 {
		if d.protected(dst, src, c) {
			d.decrypted++
		}
		return len(dst), nil
	}
	at, some := 0, false
	for i, s := range c.Subsamples {
		if uint64(s.Clear)+uint64(s.Protected) > uint64(len(src)-at) {
			return 0, fmt.Errorf("its subsamples are longer than its %d bytes", len(src))
		}
		from := at + int(s.Clear)
		to := from + int(s.Protected)
		copy(dst[at:from], src[at:from])
		if i > 0 && c.Scheme == media.SchemeCBCS {
			d.cbc.SetIV(d.iv[:]) // the constant one serves every subsample
		}
		some = d.protected(dst[from:to], src[from:to], c) || some
		at = to
	}
	if some {
		d.decrypted++
	}
	copy(dst[at:], src[at:])
	return len(dst), nil
}

// protected decrypts the protected bytes of one subsample, or of a whole frame. It reports whether there were any.
// ISO/IEC 23001-7 §9.4 to §9.7, §10.
func (d *Decrypter) protected(dst, src []byte, c *media.Crypt) (some bool) {
	pattern := c.Scheme == media.SchemeCENS || c.Scheme == media.SchemeCBCS
	if !pattern || c.SkipBlocks == 0 {
		if c.Scheme == media.SchemeCENC || c.Scheme == media.SchemeCENS {
			d.ctr.xor(dst, src)
			return len(src) > 0
		}
		whole := len(src) / block * block
		d.cbc.CryptBlocks(dst[:whole], src[:whole])
		copy(dst[whole:], src[whole:])
		return whole > 0
	}
	crypt, skip := int(c.CryptBlocks)*block, int(c.SkipBlocks)*block
	for crypt > 0 && len(src) >= crypt {
		if c.Scheme == media.SchemeCENS {
			d.ctr.xor(dst[:crypt], src[:crypt])
		} else {
			d.cbc.CryptBlocks(dst[:crypt], src[:crypt])
		}
		n := min(len(src), crypt+skip)
		copy(dst[crypt:n], src[crypt:n])
		dst, src, some = dst[n:], src[n:], true
	}
	copy(dst, src) // what is too short for the protected part of the pattern is clear
	return some
}

// keystream is AES in CTR mode with the 64-bit counter of common encryption. Unlike the standard library's it begins
// anew without allocating.
type keystream struct {
	block    cipher.Block
	counter  [block]byte
	pad      [32 * block]byte
	from, to int // unused bytes of pad
}

func (k *keystream) begin(iv *[block]byte) { k.counter, k.from, k.to = *iv, 0, 0 }

// xor goes on in the key stream.
func (k *keystream) xor(dst, src []byte) {
	for len(src) > 0 {
		if k.from == k.to {
			k.fill(len(src))
		}
		n := subtle.XORBytes(dst, src, k.pad[k.from:k.to])
		k.from += n
		dst, src = dst[n:], src[n:]
	}
}

// fill makes as much of the key stream as n bytes need, or as pad takes.
func (k *keystream) fill(n int) {
	k.from, k.to = 0, min((n+block-1)/block*block, len(k.pad))
	high, low := k.counter[:block/2], binary.BigEndian.Uint64(k.counter[block/2:])
	for at := 0; at < k.to; at += block {
		b := k.pad[at : at+block : at+block]
		copy(b, high)
		binary.BigEndian.PutUint64(b[block/2:], low)
		low++
		k.block.Encrypt(b, b)
	}
	binary.BigEndian.PutUint64(k.counter[block/2:], low)
}
