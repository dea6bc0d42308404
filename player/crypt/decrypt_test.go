package crypt_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/crypt"
)

var (
	testKey = unhex("2b7e151628aed2a6abf7158809cf4f3c")
	testKID = [16]byte(unhex("31323334353637383930313233343536"))
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// blocks is AES with the test key.
func blocks(t testing.TB) cipher.Block {
	t.Helper()
	b, err := aes.NewCipher(testKey)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// encrypt is common encryption with the test key.
func encrypt(t testing.TB, plain []byte, c *media.Crypt) []byte {
	t.Helper()
	return msetest.Encrypt([16]byte(testKey), plain, c)
}

// decrypter returns one that has the test key.
func decrypter(t testing.TB) *crypt.Decrypter {
	t.Helper()
	s := crypt.New(crypt.Config{Keys: []crypt.Key{{KID: testKID, Key: [16]byte(testKey)}}}, nil)
	d := s.Decrypter()
	if err := d.Ready(context.Background(), &media.Crypt{Scheme: "cenc", KID: testKID}); err != nil {
		t.Fatal(err)
	}
	return d
}

func decrypted(t testing.TB, d *crypt.Decrypter, f *media.CodedFrame) []byte {
	t.Helper()
	out := make([]byte, len(f.Data))
	n, err := d.Decrypt(out, f)
	if err != nil {
		t.Fatalf("%s: %v", f.Crypt.Scheme, err)
	}
	return out[:n]
}

// TestDecrypter_Vectors decrypts the examples of NIST SP 800-38A, F.2.2 and F.5.2, the latter as common encryption uses
// them: its counter has 64 bits.
func TestDecrypter_Vectors(t *testing.T) {
	plain := unhex("6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51 30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710")
	cbc := unhex("7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2 73bed6b8e3c1743b7116e69e22229516 3ff1caa1681fac09120eca307586e1a7")
	ctr := unhex("874d6191b620e3261bef6864990db6ce 9806f66b7970fdff8617187bb9fffdff 5ae4df3edbd5d35e5b4f09020db03eab 1e031dda2fbe03d1792170a0f3009cee")
	iv, counter := unhex("000102030405060708090a0b0c0d0e0f"), unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
	for _, c := range []struct {
		name   string
		scheme string
		iv     []byte
		data   []byte
	}{
		{"cenc", "cenc", counter, ctr},
		{"cens without a pattern", "cens", counter, ctr},
		{"cbc1", "cbc1", iv, cbc},
		{"cbcs without a pattern", "cbcs", iv, cbc},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &media.CodedFrame{Data: c.data, Crypt: &media.Crypt{Scheme: c.scheme, KID: testKID, IV: c.iv}}
			if got := decrypted(t, decrypter(t), f); !bytes.Equal(got, plain) {
				t.Errorf("got  %x\nwant %x", got, plain)
			}
		})
	}
}

// TestDecrypter_Layouts decrypts what was encrypted by the book, for every scheme and the shapes that occur.
func TestDecrypter_Layouts(t *testing.T) {
	sub := func(n ...uint32) (out []media.Subsample) {
		for i := 0; i < len(n); i += 2 {
			out = append(out, media.Subsample{Clear: n[i], Protected: n[i+1]})
		}
		return out
	}
	for _, c := range []struct {
		name        string
		size        int
		subs        []media.Subsample
		crypt, skip uint8
		ivBytes     int
	}{
		{"whole", 1000, nil, 0, 0, 16},
		{"whole with a short vector", 1000, nil, 0, 0, 8},
		{"shorter than a block", 11, nil, 0, 0, 16},
		{"empty", 0, nil, 0, 0, 16},
		{"one subsample", 1000, sub(40, 960), 0, 0, 8},
		{"many subsamples", 300, sub(5, 32, 7, 16, 0, 64, 100, 0, 12, 64), 0, 0, 16},
		{"protected bytes are no whole blocks", 300, sub(5, 37, 7, 13, 0, 61, 177, 0), 0, 0, 16},
		{"pattern 1:9", 3000, sub(33, 1700, 12, 1255), 1, 9, 16},
		{"pattern 5:5", 3000, sub(33, 1700, 12, 1255), 5, 5, 16},
		{"pattern 5:5 with less than 5 blocks left", 33 + 16*13, sub(33, 16*13), 5, 5, 16},
		{"pattern 1:9 without subsamples", 1000, nil, 1, 9, 16},
		{"pattern 1:0", 1000, sub(33, 967), 1, 0, 16},
		{"pattern 0:10 protects nothing", 1000, sub(33, 967), 0, 10, 16},
	} {
		for _, scheme := range []string{"cenc", "cens", "cbc1", "cbcs"} {
			t.Run(scheme+"/"+c.name, func(t *testing.T) {
				plain := pattern(c.size)
				m := &media.Crypt{Scheme: scheme, KID: testKID, IV: unhex("000102030405060708090a0b0c0d0e0f")[:c.ivBytes], Subsamples: c.subs, CryptBlocks: c.crypt, SkipBlocks: c.skip}
				f := &media.CodedFrame{Data: encrypt(t, plain, m), Crypt: m}
				kept := bytes.Clone(f.Data)
				d := decrypter(t)
				for range 2 { // and once more: nothing of the frame before is left
					if got := decrypted(t, d, f); !bytes.Equal(got, plain) {
						t.Fatalf("got  %x\nwant %x", got, plain)
					}
				}
				if !bytes.Equal(f.Data, kept) {
					t.Error("the frame in the buffer has changed")
				}
				if some := !bytes.Equal(f.Data, plain); (d.Decrypted() == 2) != some {
					t.Errorf("%d frames counted as decrypted, protected: %v", d.Decrypted(), some)
				}
			})
		}
	}
}

// pattern is n bytes that repeat nowhere.
func pattern(n int) []byte {
	r := rand.New(rand.NewPCG(7, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// TestDecrypter_Counter goes beyond the end of the 64-bit counter, which does not carry.
func TestDecrypter_Counter(t *testing.T) {
	plain := pattern(64)
	m := &media.Crypt{Scheme: "cenc", KID: testKID, IV: unhex("0011223344556677fffffffffffffffe")}
	f := &media.CodedFrame{Data: encrypt(t, plain, m), Crypt: m}
	if got := decrypted(t, decrypter(t), f); !bytes.Equal(got, plain) {
		t.Errorf("got %x, want %x", got, plain)
	}
}

// TestDecrypter_Random encrypts and decrypts random frames with random subsamples and patterns.
func TestDecrypter_Random(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	d := decrypter(t)
	for i := range 3000 {
		m := &media.Crypt{Scheme: []string{"cenc", "cens", "cbc1", "cbcs"}[r.IntN(4)], KID: testKID, IV: pattern(8 + 8*r.IntN(2)),
			CryptBlocks: uint8(r.IntN(16)), SkipBlocks: uint8(r.IntN(16))}
		size := r.IntN(2000)
		for left := size; left > 0 && r.IntN(8) > 0; {
			s := media.Subsample{Clear: uint32(r.IntN(left + 1))}
			left -= int(s.Clear)
			s.Protected = uint32(r.IntN(left + 1))
			left -= int(s.Protected)
			m.Subsamples = append(m.Subsamples, s)
		}
		plain := make([]byte, size)
		for i := range plain {
			plain[i] = byte(r.Uint32())
		}
		f := &media.CodedFrame{Data: encrypt(t, plain, m), Crypt: m}
		if got := decrypted(t, d, f); !bytes.Equal(got, plain) {
			t.Fatalf("seed %d, frame %d: %+v of %d bytes\ngot  %x\nwant %x", seed, i, m, size, got, plain)
		}
	}
}

// TestDecrypter_Errors is about frames that cannot be decrypted.
func TestDecrypter_Errors(t *testing.T) {
	for _, c := range []struct {
		name string
		m    media.Crypt
		room int
		want string
	}{
		{"another key", media.Crypt{Scheme: "cenc", IV: make([]byte, 8)}, 32, "is not ready"},
		{"no room", media.Crypt{Scheme: "cenc", KID: testKID, IV: make([]byte, 8)}, 31, "no room"},
		{"no vector", media.Crypt{Scheme: "cenc", KID: testKID}, 32, "initialization vector has 0 bytes"},
		{"unknown scheme", media.Crypt{Scheme: "abcd", KID: testKID, IV: make([]byte, 8)}, 32, `scheme "abcd"`},
		{"subsamples beyond the end", media.Crypt{Scheme: "cenc", KID: testKID, IV: make([]byte, 8), Subsamples: []media.Subsample{{Clear: 30, Protected: 3}}}, 32, "longer than its 32 bytes"},
		{"subsamples that overflow", media.Crypt{Scheme: "cenc", KID: testKID, IV: make([]byte, 8), Subsamples: []media.Subsample{{Clear: 1<<32 - 1, Protected: 1<<32 - 1}}}, 32, "longer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := decrypter(t).Decrypt(make([]byte, c.room), &media.CodedFrame{Data: make([]byte, 32), Crypt: &c.m})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestDecrypter_MissingKey(t *testing.T) {
	d := crypt.New(crypt.Config{}, nil).Decrypter()
	err := d.Ready(context.Background(), &media.Crypt{Scheme: "cbcs", KID: testKID})
	var missing *crypt.MissingKeyError
	if !errors.As(err, &missing) || missing.KID != testKID || !strings.Contains(err.Error(), "31323334353637383930313233343536") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

// TestDecrypter_Allocates nothing for a frame.
func TestDecrypter_Allocates(t *testing.T) {
	d := decrypter(t)
	for _, scheme := range []string{"cenc", "cens", "cbc1", "cbcs", media.SchemeSampleAES} {
		f := &media.CodedFrame{Data: make([]byte, 10000), Config: &media.DecoderConfig{Kind: media.Audio, Codec: media.AAC},
			Crypt: &media.Crypt{Scheme: scheme, KID: testKID, IV: make([]byte, 16), CryptBlocks: 1, SkipBlocks: 9}}
		out := make([]byte, len(f.Data))
		if n := testing.AllocsPerRun(20, func() {
			if _, err := d.Decrypt(out, f); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations for a frame", scheme, n)
		}
	}
}

// BenchmarkDecrypter decrypts pictures of 1080p at 8 Mbit/s: 40 kB each. The budget is 200 MB/s; the fastest media that
// anybody plays has 25.
func BenchmarkDecrypter(b *testing.B) {
	for _, c := range []struct {
		scheme      string
		crypt, skip uint8
		kind        media.Kind
	}{{"cenc", 0, 0, media.Video}, {"cens", 1, 9, media.Video}, {"cbc1", 0, 0, media.Video}, {"cbcs", 1, 9, media.Video}, {media.SchemeSampleAES, 0, 0, media.Video}} {
		b.Run(fmt.Sprintf("%s-%d:%d", c.scheme, c.crypt, c.skip), func(b *testing.B) {
			const size = 40000
			f := &media.CodedFrame{Data: pattern(size), Config: &media.DecoderConfig{Kind: c.kind},
				Crypt: &media.Crypt{Scheme: c.scheme, KID: testKID, IV: make([]byte, 16), CryptBlocks: c.crypt, SkipBlocks: c.skip}}
			copy(f.Data, []byte{0, 0, 1, 0x65})
			if c.scheme != media.SchemeSampleAES {
				f.Crypt.Subsamples = []media.Subsample{{Clear: 100, Protected: 19904}, {Clear: 96, Protected: 19900}}
			}
			d, out := decrypter(b), make([]byte, size)
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Decrypt(out, f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
