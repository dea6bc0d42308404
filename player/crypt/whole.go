package crypt

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"sync"

	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
)

// maxRemembered bounds the keys of playlists that a Keyring remembers; beyond it the oldest go.
const maxRemembered = 256

// Keyring fetches the keys that playlists name, each once. Make it with NewKeyring.
type Keyring struct {
	get func(ctx context.Context, r manifest.Resource, kind fetch.Kind) ([]byte, error) // immutable

	mu    sync.Mutex
	keys  map[string][]byte // guarded by mu
	order []string          // guarded by mu: the URLs, the oldest first
}

// NewKeyring returns a keyring that asks get for what it does not have.
func NewKeyring(get func(ctx context.Context, r manifest.Resource, kind fetch.Kind) ([]byte, error)) *Keyring {
	return &Keyring{get: get, keys: map[string][]byte{}}
}

// Key returns the bytes of a key that is Fetched, which the caller must not change. Who needs the same one at the same
// time may ask for it twice. The error names the method and the place of the key.
func (k *Keyring) Key(ctx context.Context, key *manifest.Key) ([]byte, error) {
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
	want := KeyBytes
	if key.Method == manifest.AES256 || key.Method == manifest.AES256CTR {
		want = 2 * KeyBytes
	}
	if len(b) != want {
		return nil, fmt.Errorf("its %s key %s has %d bytes, not %d", key.Method, fetch.Redact(key.URL), len(b), want)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys[key.URL] == nil {
		if len(k.order) == maxRemembered {
			delete(k.keys, k.order[0])
			k.order = append(k.order[:0], k.order[1:]...)
		}
		k.keys[key.URL], k.order = b, append(k.order, key.URL)
	}
	return b, nil
}

// Whole turns the bytes of one encrypted resource, cut anywhere, into clear ones. The nil
// Whole changes nothing. It belongs to one goroutine.
// RFC 8216 §4.3.2.4.
type Whole struct {
	name  string // of the key, for messages
	block cipher.BlockMode
	ctr   cipher.Stream
	held  []byte // what has no whole block yet, and the last block, which tells the padding
}

// NewWhole returns what decrypts a resource under a method that encrypts whole resources.
func NewWhole(key *manifest.Key, secret []byte, iv [KeyBytes]byte) (*Whole, error) {
	b, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	d := &Whole{name: fetch.Redact(key.URL)}
	if key.Method == manifest.AES256CTR {
		d.ctr = cipher.NewCTR(b, iv[:])
	} else {
		d.block = cipher.NewCBCDecrypter(b, iv[:])
	}
	return d, nil
}

// Next takes ownership of p and returns what is clear by now, which may be nothing.
func (d *Whole) Next(p []byte) []byte {
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

// End returns the rest, without its padding.
func (d *Whole) End() ([]byte, error) {
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

func (d *Whole) wrong() error {
	return fmt.Errorf("it cannot be decrypted: the key %s is wrong, or the segment is damaged", d.name)
}
