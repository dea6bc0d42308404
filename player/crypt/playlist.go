package crypt

import (
	"fmt"
	"regexp"
	"strings"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// Names of key formats of playlists.
const (
	identityFormat = "identity"
	fairPlayFormat = "com.apple.streamingkeydelivery"
)

// idInURL finds what may be a key's id in the URL of a protection system.
var idInURL = regexp.MustCompile(`[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{12}`)

// Fetched reports whether the bytes of a playlist's key are to be had at its URL: not from a protection system.
func Fetched(k *manifest.Key) bool {
	return k != nil && (k.Format == "" || strings.EqualFold(k.Format, identityFormat))
}

// SampleKey makes the key of a playlist known and returns what a SourceBuffer is to be told about segments that it is
// for: nil when their samples are not protected. iv is the segment's initialization vector, key what was at the key's URL
// if it is Fetched. A protection system's key is the one that the media or the system's URL names, and else the only
// one that the user gave; its vector is the playlist's if that has one, and comes with the system's license otherwise.
// RFC 8216 §4.3.2.4.
func (s *Store) SampleKey(k *manifest.Key, iv [KeyBytes]byte, key []byte) (*media.SampleKey, error) {
	if k == nil || k.Method.WholeResource() {
		return nil, nil
	}
	out := &media.SampleKey{IV: iv, NoIV: k.IV == nil && !Fetched(k)}
	if Fetched(k) {
		if len(key) != KeyBytes {
			return nil, fmt.Errorf("the key of the playlist has %d bytes, not %d", len(key), KeyBytes)
		}
		out.KID = s.Playlist([KeyBytes]byte(key))
		return out, nil
	}
	name := manifest.SystemName(k.Format)
	switch {
	case strings.EqualFold(k.Format, fairPlayFormat):
		name = "fairplay"
	case name == "":
		name = k.Format
	}
	s.mu.Lock()
	s.learn(name, nil)
	s.mu.Unlock()
	for _, id := range idInURL.FindAllString(k.URL, maxServers) {
		var kid [KeyBytes]byte
		if parseHex(kid[:], strings.ReplaceAll(id, "-", "")) != nil {
			continue
		}
		if s.lookUp(kid) != nil {
			out.KID = kid
		}
		s.mu.Lock()
		s.named = kid
		s.mu.Unlock()
	}
	return out, nil
}
