package crypt

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// KeyBytes is the length of a key, and of its id.
const KeyBytes = 16

// maxLicenseKeys bounds the keys of one license.
const maxLicenseKeys = 1024

// Key is a content key and the id by which media refers to it.
type Key struct{ KID, Key [KeyBytes]byte }

// ParseKey reads KID:KEY in hexadecimal digits. The id may be written as a UUID, with hyphens and braces.
func ParseKey(s string) (Key, error) {
	kid, key, ok := strings.Cut(s, ":")
	if !ok {
		return Key{}, fmt.Errorf("takes KID:KEY, each of %d hexadecimal digits", 2*KeyBytes)
	}
	var k Key
	if err := parseHex(k.KID[:], strings.NewReplacer("-", "", "{", "", "}", "").Replace(kid)); err != nil {
		return Key{}, fmt.Errorf("the key id %w", err)
	}
	if err := parseHex(k.Key[:], key); err != nil {
		return Key{}, fmt.Errorf("the key %w", err)
	}
	return k, nil
}

func parseHex(to []byte, s string) error {
	s = strings.TrimPrefix(strings.TrimSpace(s), "0x")
	b, err := hex.DecodeString(s)
	switch {
	case err != nil && len(s)%2 == 0:
		return fmt.Errorf("%.80q is not hexadecimal", s)
	case len(b) != len(to) || err != nil:
		return fmt.Errorf("has %d hexadecimal digits, not %d", len(s), 2*len(to))
	}
	copy(to, b)
	return nil
}

// Bare makes a Key of a key that has no id, as a playlist names it by a URL alone. The id follows from the key, so that
// the same key has the same one.
func Bare(key [KeyBytes]byte) Key {
	sum := sha256.Sum256(key[:])
	return Key{KID: [KeyBytes]byte(sum[:KeyBytes]), Key: key}
}

// license is a JSON Web Key Set as clear keys come in.
// W3C Encrypted Media Extensions §9.1.4.
type license struct {
	Keys []struct {
		Type string `json:"kty"`
		KID  string `json:"kid"`
		Key  string `json:"k"`
	} `json:"keys"`
}

// ParseLicense reads a license in the format of W3C ClearKey: {"keys":[{"kty":"oct","kid":"…","k":"…"}]}, with ids and
// keys in base64url.
func ParseLicense(b []byte) ([]Key, error) {
	var l license
	if err := json.Unmarshal(b, &l); err != nil {
		return nil, fmt.Errorf("the license is no JSON Web Key Set: %w", err)
	}
	if len(l.Keys) == 0 {
		return nil, fmt.Errorf(`the license has no "keys"`)
	}
	if len(l.Keys) > maxLicenseKeys {
		return nil, fmt.Errorf("the license has %d keys, more than the %d that are accepted", len(l.Keys), maxLicenseKeys)
	}
	var out []Key
	for i, j := range l.Keys {
		if j.Type != "" && j.Type != "oct" {
			continue // not a symmetric key
		}
		var k Key
		if err := parseBase64(k.KID[:], j.KID); err != nil {
			return nil, fmt.Errorf("keys[%d].kid of the license %w", i, err)
		}
		if err := parseBase64(k.Key[:], j.Key); err != nil {
			return nil, fmt.Errorf("keys[%d].k of the license %w", i, err)
		}
		out = append(out, k)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf(`the license has no key of "kty":"oct"`)
	}
	return out, nil
}

// parseBase64 takes padding and the other alphabet too, which some servers use.
func parseBase64(to []byte, s string) error {
	s = strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(s), "=")
	b, err := base64.RawURLEncoding.DecodeString(s)
	switch {
	case err != nil:
		return fmt.Errorf("is not base64url")
	case len(b) != len(to):
		return fmt.Errorf("has %d bytes, not %d", len(b), len(to))
	}
	copy(to, b)
	return nil
}

// request is the message that asks a license server for a key.
// W3C Encrypted Media Extensions §9.1.3.
func request(kid [KeyBytes]byte) []byte {
	return []byte(`{"kids":["` + base64.RawURLEncoding.EncodeToString(kid[:]) + `"],"type":"temporary"}`)
}

// MissingKeyError says that media is protected and nobody has its key, or its initialization vector.
type MissingKeyError struct {
	// Scheme is how it is protected; KID the key that is needed, zero when the media does not tell.
	Scheme string
	KID    [KeyBytes]byte
	// Systems are the protection systems that would have the key, as far as somebody said so.
	Systems []string
	// NoVector says that it is the initialization vector that nobody told; a key alone is of no use then.
	NoVector bool
	// Err is why a license server did not give it, nil when there was none to ask.
	Err error
}

// Error says what is needed, from whom, and how to give it.
func (e *MissingKeyError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the media is encrypted (%s", e.Scheme)
	names := strings.Join(slices.DeleteFunc(slices.Clone(e.Systems), func(s string) bool { return s == clearKey }), ", ")
	if names != "" {
		fmt.Fprintf(&b, ", %s", names)
	}
	switch {
	case e.NoVector:
		if e.KID != [KeyBytes]byte{} {
			fmt.Fprintf(&b, ", key %x", e.KID)
		}
		b.WriteString(") and its initialization vector is missing: ")
		if names == "" {
			b.WriteString("the playlist of the media has it (EXT-X-KEY), so open that")
		} else {
			fmt.Fprintf(&b, "it comes with a license of %s, which is not supported, and a key alone cannot help", names)
		}
	case e.KID == [KeyBytes]byte{}:
		b.WriteString(") and its key is not known: give it with --key KID:KEY")
	default:
		fmt.Fprintf(&b, ") and the key %x is not known: give it with --key %[1]x:KEY or --license", e.KID)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, "; %v", e.Err)
	}
	return b.String()
}

// Unsupported reports whether the source names protection systems, and none of them gives clear keys.
func (e *MissingKeyError) Unsupported() bool {
	return len(e.Systems) > 0 && !slices.Contains(e.Systems, clearKey)
}

// Unwrap returns why a license server did not give the key.
func (e *MissingKeyError) Unwrap() error { return e.Err }
