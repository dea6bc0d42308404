package stream

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"sync"

	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
)

// maxKeys bounds the keys that are remembered; beyond it the oldest go.
const maxKeys = 256

// keyring fetches keys of whole resources, each once.
type keyring struct {
	get func(ctx context.Context, r manifest.Resource, kind fetch.Kind) ([]byte, error)

	mu    sync.Mutex
	keys  map[string][]byte // guarded by mu
	order []string          // guarded by mu: the URLs, the oldest first
}

// key returns the bytes of a key. Two feeds that need the same one at once may both ask for it.
func (k *keyring) key(ctx context.Context, key *manifest.Key) ([]byte, error) {
	k.mu.Lock()
	b := k.keys[key.URL]
	k.mu.Unlock()
	if b != nil {
		return b, nil
	}
	b, err := k.get(ctx, key.Resource, fetch.Key)
	if err != nil {
		return nil, fmt.Errorf("its %s key cannot be had: %w", key.Method, err)
	}
	want := 16
	if key.Method != manifest.AES128 {
		want = 32
	}
	if len(b) != want {
		return nil, fmt.Errorf("its %s key %s has %d bytes, not %d", key.Method, fetch.Redact(key.URL), len(b), want)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil {
		k.keys = map[string][]byte{}
	}
	if k.keys[key.URL] == nil {
		if len(k.order) == maxKeys {
			delete(k.keys, k.order[0])
			k.order = append(k.order[:0], k.order[1:]...)
		}
		k.keys[key.URL], k.order = b, append(k.order, key.URL)
	}
	return b, nil
}

// decrypter turns the bytes of one encrypted resource, cut anywhere, into clear ones. The nil decrypter changes nothing.
// RFC 8216 §4.3.2.4.
type decrypter struct {
	name  string // of the key, for messages
	block cipher.BlockMode
	ctr   cipher.Stream
	held  []byte // what has no whole block yet, and the last block, which tells the padding
}

// newDecrypter returns the decrypter of a resource under a method that encrypts whole resources.
func newDecrypter(key *manifest.Key, secret []byte, iv [16]byte) (*decrypter, error) {
	b, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	d := &decrypter{name: fetch.Redact(key.URL)}
	if key.Method == manifest.AES256CTR {
		d.ctr = cipher.NewCTR(b, iv[:])
	} else {
		d.block = cipher.NewCBCDecrypter(b, iv[:])
	}
	return d, nil
}

// next takes ownership of p and returns what is clear by now, which may be nothing.
func (d *decrypter) next(p []byte) []byte {
	switch {
	case d == nil:
		return p
	case d.ctr != nil:
		d.ctr.XORKeyStream(p, p)
		return p
	}
	if len(d.held) > 0 {
		p = append(d.held, p...)
	}
	whole := max(0, (len(p)-1)/aes.BlockSize*aes.BlockSize) // the last block may be padding
	d.held = append([]byte(nil), p[whole:]...)
	p = p[:whole:whole]
	d.block.CryptBlocks(p, p)
	return p
}

// end returns the rest, without its padding.
func (d *decrypter) end() ([]byte, error) {
	if d == nil || d.ctr != nil {
		return nil, nil
	}
	p := d.held
	d.held = nil
	if len(p) != aes.BlockSize {
		return nil, fmt.Errorf("it is encrypted and ends %d bytes after a block of %d; it is truncated", len(p), aes.BlockSize)
	}
	d.block.CryptBlocks(p, p)
	n := int(p[len(p)-1])
	if n < 1 || n > aes.BlockSize {
		return nil, d.wrong()
	}
	for _, b := range p[len(p)-n:] {
		if int(b) != n {
			return nil, d.wrong()
		}
	}
	return p[:len(p)-n], nil
}

func (d *decrypter) wrong() error {
	return fmt.Errorf("it cannot be decrypted: the key %s is wrong, or the segment is damaged", d.name)
}
