package crypt_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"math/rand/v2"
	"strings"
	"testing"

	"mseplayer/player/crypt"
	"mseplayer/player/manifest"
)

// TestWhole_Cuts decrypts resources of many sizes, cut at random.
func TestWhole_Cuts(t *testing.T) {
	const seed = 7
	rnd := rand.New(rand.NewPCG(seed, seed))
	secret := []byte("0123456789abcdef0123456789ABCDEF")
	b, err := aes.NewCipher(secret)
	if err != nil {
		t.Fatal(err)
	}
	for size := range 200 {
		plain := make([]byte, size)
		for i := range plain {
			plain[i] = byte(rnd.Uint32())
		}
		iv := [16]byte{byte(size)}
		pad := aes.BlockSize - size%aes.BlockSize
		cbc := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
		cipher.NewCBCEncrypter(b, iv[:]).CryptBlocks(cbc, cbc)
		ctr := bytes.Clone(plain)
		cipher.NewCTR(b, iv[:]).XORKeyStream(ctr, ctr)
		for method, data := range map[manifest.KeyMethod][]byte{manifest.AES256: cbc, manifest.AES256CTR: ctr} {
			d, err := crypt.NewWhole(&manifest.Key{Method: method}, secret, iv)
			if err != nil {
				t.Fatal(err)
			}
			var got []byte
			for rest := bytes.Clone(data); len(rest) > 0; {
				n := 1 + rnd.IntN(len(rest))
				got = append(got, d.Next(bytes.Clone(rest[:n]))...)
				rest = rest[n:]
			}
			last, err := d.End()
			if got = append(got, last...); err != nil || !bytes.Equal(got, plain) {
				t.Fatalf("seed %d, %s, %d bytes: got %d, %v", seed, method, size, len(got), err)
			}
		}
		if size > 0 {
			d, err := crypt.NewWhole(&manifest.Key{Method: manifest.AES256}, secret, iv)
			if err != nil {
				t.Fatal(err)
			}
			d.Next(bytes.Clone(cbc[:len(cbc)-1]))
			if _, err := d.End(); err == nil || !strings.Contains(err.Error(), "truncated") {
				t.Errorf("%d bytes, truncated: %v", size, err)
			}
		}
	}
}
