package crypt_test

import (
	"errors"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/crypt"
	"mseplayer/player/manifest"
)

// TestStore_SampleKey: what a playlist says about a key becomes what the buffer is told.
func TestStore_SampleKey(t *testing.T) {
	iv := [16]byte{9}
	user := crypt.Key{KID: testKID, Key: [16]byte(testKey)}
	bare := [16]byte{1, 2, 3}
	const (
		fairPlay = "com.apple.streamingkeydelivery"
		widevine = "urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed"
	)
	for _, c := range []struct {
		name, format, url string
		method            manifest.KeyMethod
		key               []byte
		keys              []crypt.Key
		want              *media.SampleKey
		err               string
	}{
		{"bare", "identity", "key", manifest.SampleAES, bare[:], nil, &media.SampleKey{KID: crypt.Bare(bare).KID, IV: iv}, ""},
		{"bare, counter mode", "", "key", manifest.SampleAESCTR, bare[:], nil, &media.SampleKey{KID: crypt.Bare(bare).KID, IV: iv}, ""},
		{"an id for a key", "identity", "key", manifest.SampleAES, testKID[:], []crypt.Key{user}, &media.SampleKey{KID: testKID, IV: iv}, ""},
		{"whole resources", "identity", "key", manifest.AES128, bare[:], nil, nil, ""},
		{"short", "identity", "key", manifest.SampleAES, bare[:7], nil, nil, "has 7 bytes, not 16"},
		{"FairPlay that names the key", fairPlay, "skd://x/getkey?KeyId=31323334-3536-3738-3930-313233343536", manifest.SampleAES, nil, []crypt.Key{user}, &media.SampleKey{KID: testKID, IV: iv, NoIV: true}, ""},
		{"FairPlay that names something else", fairPlay, "skd://x/getkey?id=41323334-3536-3738-3930-313233343536", manifest.SampleAES, nil, []crypt.Key{user}, &media.SampleKey{IV: iv, NoIV: true}, ""},
		{"Widevine", widevine, "data:text/plain;base64,AAAA", manifest.SampleAESCTR, nil, nil, &media.SampleKey{IV: iv, NoIV: true}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := crypt.New(crypt.Config{Keys: c.keys}, nil)
			k := &manifest.Key{Method: c.method, Format: c.format, Resource: manifest.Resource{URL: c.url}}
			got, err := s.SampleKey(k, iv, c.key)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("error %v, want %q", err, c.err)
			}
			if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if crypt.Fetched(k) != (c.key != nil) {
				t.Errorf("fetched: %v", crypt.Fetched(k))
			}
			if c.name == "Widevine" {
				var missing *crypt.MissingKeyError
				if err := ready(s, testKID); !errors.As(err, &missing) || strings.Join(missing.Systems, " ") != "widevine" {
					t.Errorf("without its key: %v", err)
				}
			}
		})
	}
	if got, err := crypt.New(crypt.Config{}, nil).SampleKey(nil, iv, nil); got != nil || err != nil {
		t.Errorf("no key: %v, %v", got, err)
	}
}

// TestStore_NoVector: where the vector comes with a license, a key is of no use, and the error says so and of whom; with a
// vector in the playlist the key decrypts.
func TestStore_NoVector(t *testing.T) {
	iv := [16]byte{9}
	keys := []crypt.Key{{KID: testKID, Key: [16]byte(testKey)}}
	for _, c := range []struct {
		name, url string
		iv        *[16]byte
		keys      []crypt.Key
		want      []string // of the error, nil for none
	}{
		{"a key", "skd://x/?KeyId=31323334-3536-3738-3930-313233343536", nil, keys, []string{"fairplay", "vector is missing", "not supported", "31323334353637383930313233343536"}},
		{"no key", "skd://x/?KeyId=41323334-3536-3738-3930-313233343536", nil, nil, []string{"fairplay", "vector is missing", "not supported", "41323334353637383930313233343536"}},
		{"no name", "skd://asset", nil, keys, []string{"(sample-aes, fairplay) and its initialization vector is missing"}},
		{"a vector", "skd://x/?KeyId=31323334-3536-3738-3930-313233343536", &iv, keys, nil},
		{"a vector, no name", "skd://asset", &iv, keys, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := crypt.New(crypt.Config{Keys: c.keys}, nil)
			k := &manifest.Key{Method: manifest.SampleAES, Format: "com.apple.streamingkeydelivery", Resource: manifest.Resource{URL: c.url}, IV: c.iv}
			sample, err := s.SampleKey(k, iv, nil)
			if err != nil {
				t.Fatal(err)
			}
			m := &media.Crypt{Scheme: media.SchemeSampleAES, KID: sample.KID}
			if !sample.NoIV {
				m.IV = sample.IV[:]
			}
			err = s.Decrypter().Ready(t.Context(), m)
			var missing *crypt.MissingKeyError
			if (err == nil) != (c.want == nil) || err != nil && (!errors.As(err, &missing) || !missing.NoVector || !missing.Unsupported()) {
				t.Fatalf("error %v", err)
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) || strings.Contains(err.Error(), "--key") {
					t.Errorf("%v, want %q in it", err, w)
				}
			}
		})
	}
}
