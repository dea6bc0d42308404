package crypt_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/crypt"
	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
)

func TestParseKey(t *testing.T) {
	const kid, key = "31323334353637383930313233343536", "2b7e151628aed2a6abf7158809cf4f3c"
	for _, c := range []struct{ name, in, err string }{
		{"plain", kid + ":" + key, ""},
		{"upper case", strings.ToUpper(kid + ":" + key), ""},
		{"UUID", "31323334-3536-3738-3930-313233343536:" + key, ""},
		{"UUID in braces", "{31323334-3536-3738-3930-313233343536}:0x" + key, ""},
		{"no key", kid, "takes KID:KEY"},
		{"empty", "", "takes KID:KEY"},
		{"short key", kid + ":2b7e", "the key has 4 hexadecimal digits, not 32"},
		{"odd", kid + ":2b7e1", "the key has 5 hexadecimal digits"},
		{"long id", kid + "00:" + key, "the key id has 34 hexadecimal digits, not 32"},
		{"no digits", "hello!:" + key, `the key id "hello!" is not hexadecimal`},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := crypt.ParseKey(c.in)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("got %v, want %q", err, c.err)
				}
				return
			}
			if err != nil || k.KID != testKID || !bytes.Equal(k.Key[:], testKey) {
				t.Errorf("got %x, %v", k, err)
			}
		})
	}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func TestParseLicense(t *testing.T) {
	good := fmt.Sprintf(`{"kty":"oct","kid":%q,"k":%q}`, b64(testKID[:]), b64(testKey))
	for _, c := range []struct {
		name, in string
		keys     int
		err      string
	}{
		{"one", `{"keys":[` + good + `],"type":"temporary"}`, 1, ""},
		{"two", `{"keys":[` + good + "," + good + `]}`, 2, ""},
		{"padded, with the other alphabet", `{"keys":[{"kid":"+/+/+/+/+/+/+/+/+/+/+w==","k":"AAAAAAAAAAAAAAAAAAAAAA=="}]}`, 1, ""},
		{"another kind of key is passed over", `{"keys":[{"kty":"RSA"},` + good + `]}`, 1, ""},
		{"only other kinds", `{"keys":[{"kty":"RSA"}]}`, 0, `no key of "kty":"oct"`},
		{"no keys", `{}`, 0, `no "keys"`},
		{"no JSON", `<html>`, 0, "no JSON Web Key Set"},
		{"empty", ``, 0, "no JSON Web Key Set"},
		{"short key", `{"keys":[{"kid":"` + b64(testKID[:]) + `","k":"AAAA"}]}`, 0, "keys[0].k of the license has 3 bytes, not 16"},
		{"short id", `{"keys":[{"kid":"AA","k":"AAAA"}]}`, 0, "keys[0].kid of the license has 1 bytes"},
		{"hexadecimal", `{"keys":[{"kid":"3132!","k":"AAAA"}]}`, 0, "is not base64url"},
		{"too many", `{"keys":[` + strings.Repeat(good+",", 1024) + good + `]}`, 0, "1025 keys"},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys, err := crypt.ParseLicense([]byte(c.in))
			if len(keys) != c.keys || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %d keys, %v; want %d, %q", len(keys), err, c.keys, c.err)
			}
		})
	}
}

// FuzzParseLicense reads what is no license.
func FuzzParseLicense(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"oct","kid":"AAAAAAAAAAAAAAAAAAAAAA","k":"AAAAAAAAAAAAAAAAAAAAAA"}],"type":"temporary"}`))
	f.Add([]byte(`{"keys":[{}]}`))
	f.Add([]byte(`{"keys":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := crypt.ParseLicense(b)
		if (err == nil) != (len(keys) > 0) {
			t.Errorf("%d keys with %v", len(keys), err)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("more than one line: %q", err)
		}
	})
}

func client(t *testing.T) *fetch.Client {
	t.Helper()
	c, err := fetch.New(fetch.Config{Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// licenseServer answers requests for keys and counts them.
type licenseServer struct {
	status int // 0: answers
	asked  atomic.Int32
	gets   atomic.Int32
	keys   map[string][]byte
}

func (l *licenseServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		l.gets.Add(1)
		fmt.Fprintf(w, `{"keys":[{"kty":"oct","kid":%q,"k":%q}]}`, b64(testKID[:]), b64(testKey))
		return
	}
	l.asked.Add(1)
	if l.status != 0 {
		w.WriteHeader(l.status)
		return
	}
	b, _ := io.ReadAll(r.Body)
	var q struct {
		KIDs []string `json:"kids"`
		Type string   `json:"type"`
	}
	if err := json.Unmarshal(b, &q); err != nil || q.Type != "temporary" || r.Header.Get("Content-Type") != "application/json" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	fmt.Fprint(w, `{"keys":[`)
	for i, kid := range q.KIDs {
		if k := l.keys[kid]; k != nil {
			if i > 0 {
				fmt.Fprint(w, ",")
			}
			fmt.Fprintf(w, `{"kty":"oct","kid":%q,"k":%q}`, kid, b64(k))
		}
	}
	fmt.Fprint(w, `],"type":"temporary"}`)
}

func ready(s *crypt.Store, kid [16]byte) error {
	return s.Decrypter().Ready(context.Background(), &media.Crypt{Scheme: "cenc", KID: kid})
}

func TestStore_LicenseServer(t *testing.T) {
	l := &licenseServer{keys: map[string][]byte{b64(testKID[:]): testKey}}
	srv := httptest.NewServer(l)
	defer srv.Close()
	s := crypt.New(crypt.Config{License: srv.URL}, client(t))
	var all sync.WaitGroup
	for range 8 { // several tracks ask at the same time
		all.Go(func() {
			if err := ready(s, testKID); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := l.asked.Load(); n != 1 {
		t.Errorf("asked %d times for one key", n)
	}
	other := [16]byte{1}
	for range 3 {
		err := ready(s, other)
		var missing *crypt.MissingKeyError
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), srv.URL) || strings.Contains(err.Error(), "\n") {
			t.Errorf("a key that the server does not have: %v", err)
		}
	}
	if n := l.asked.Load(); n != 2 {
		t.Errorf("asked %d times for two keys", n)
	}
}

// TestStore_LicenseFile takes a license from a server that knows no questions, and from a file.
func TestStore_LicenseFile(t *testing.T) {
	l := &licenseServer{status: http.StatusMethodNotAllowed}
	srv := httptest.NewServer(l)
	defer srv.Close()
	if err := ready(crypt.New(crypt.Config{License: srv.URL + "/license.json"}, client(t)), testKID); err != nil || l.gets.Load() != 1 {
		t.Errorf("from a server of files: %v after %d requests", err, l.gets.Load())
	}
	name := filepath.Join(t.TempDir(), "license.json")
	text := fmt.Sprintf(`{"keys":[{"kty":"oct","kid":%q,"k":%q}]}`, b64(testKID[:]), b64(testKey))
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ready(crypt.New(crypt.Config{License: "file://" + name}, client(t)), testKID); err != nil {
		t.Errorf("from a file: %v", err)
	}
	if err := ready(crypt.New(crypt.Config{License: "file://" + name + "x"}, client(t)), testKID); err == nil || !strings.Contains(err.Error(), "license.jsonx") {
		t.Errorf("from no file: %v", err)
	}
}

// TestStore_Manifest asks the server that a manifest names, relative to it, and only for keys that nobody has given.
func TestStore_Manifest(t *testing.T) {
	l := &licenseServer{keys: map[string][]byte{b64(testKID[:]): testKey}}
	srv := httptest.NewServer(l)
	defer srv.Close()
	other := [16]byte{9}
	s := crypt.New(crypt.Config{Keys: []crypt.Key{{KID: other}}}, client(t))
	set := &manifest.AdaptationSet{Protection: []manifest.Protection{
		{System: "cenc", KIDs: [][16]byte{testKID}}, {System: "widevine"}, {System: "clearkey", LicenseURL: "../license"}}}
	s.Learn(&manifest.Presentation{URL: srv.URL + "/a/b/manifest.mpd", Periods: []*manifest.Period{{Sets: []*manifest.AdaptationSet{set, set}}}})
	if err := ready(s, other); err != nil || l.asked.Load() != 0 {
		t.Errorf("a key that is known: %v after %d requests", err, l.asked.Load())
	}
	if err := ready(s, testKID); err != nil || l.asked.Load() != 1 {
		t.Errorf("%v after %d requests", err, l.asked.Load())
	}
	if got := fmt.Sprint(s.Systems(testKID)); got != "[widevine clearkey]" {
		t.Errorf("systems %s", got)
	}
}

// TestStore_Systems names who would have a key that nobody gave.
func TestStore_Systems(t *testing.T) {
	s := crypt.New(crypt.Config{}, nil)
	set := &manifest.AdaptationSet{Protection: []manifest.Protection{{System: "cenc", KIDs: [][16]byte{testKID}}, {System: "widevine"}, {System: "playready"}}}
	s.Learn(&manifest.Presentation{Periods: []*manifest.Period{{Sets: []*manifest.AdaptationSet{set}}}})
	err := ready(s, testKID)
	var missing *crypt.MissingKeyError
	if !errors.As(err, &missing) || !missing.Unsupported() || !strings.Contains(err.Error(), "cenc, widevine, playready") {
		t.Errorf("got %v", err)
	}
	if err := ready(s, [16]byte{5}); strings.Contains(err.Error(), "widevine") {
		t.Errorf("a key of which the manifest says nothing: %v", err)
	}
}

// TestStore_Canceled gives up asking when nobody waits any more, and asks again when somebody does.
func TestStore_Canceled(t *testing.T) {
	entered, release := make(chan struct{}, 4), make(chan struct{})
	l := &licenseServer{keys: map[string][]byte{b64(testKID[:]): testKey}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		<-release
		l.ServeHTTP(w, r)
	}))
	defer srv.Close()
	s := crypt.New(crypt.Config{License: srv.URL}, client(t))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Decrypter().Ready(ctx, &media.Crypt{Scheme: "cenc", KID: testKID}) }()
	<-entered
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	close(release)
	if err := ready(s, testKID); err != nil {
		t.Errorf("asked again: %v", err)
	}
}

// TestStore_Nameless decrypts media that does not say which key it needs with the only one there is.
func TestStore_Nameless(t *testing.T) {
	k := crypt.Key{KID: testKID, Key: [16]byte(testKey)}
	if err := ready(crypt.New(crypt.Config{Keys: []crypt.Key{k}}, nil), [16]byte{}); err != nil {
		t.Errorf("with one key: %v", err)
	}
	for _, keys := range [][]crypt.Key{nil, {k, crypt.Bare([16]byte{1})}} {
		if err := ready(crypt.New(crypt.Config{Keys: keys}, nil), [16]byte{}); err == nil || !strings.Contains(err.Error(), "its key is not known: give it with --key KID:KEY") {
			t.Errorf("with %d keys: %v", len(keys), err)
		}
	}
}

func TestStore_First(t *testing.T) {
	s := crypt.New(crypt.Config{Keys: []crypt.Key{{KID: testKID, Key: [16]byte(testKey)}}}, nil)
	if kid, ok := s.Only(); !ok || kid != testKID {
		t.Errorf("the only key: %x, %v", kid, ok)
	}
	bare := crypt.Bare([16]byte{1})
	s.Add(crypt.Key{KID: testKID}, bare, crypt.Bare([16]byte{1}))
	if _, ok := s.Only(); ok || bare.KID == [16]byte{} || bare.KID == crypt.Bare([16]byte{2}).KID {
		t.Error("a key without an id has none of its own")
	}
	if got := s.Playlist([16]byte{7}); got != crypt.Bare([16]byte{7}).KID || ready(s, got) != nil {
		t.Error("the key of a playlist is not known")
	}
	if got := s.Playlist(testKID); got != testKID {
		t.Errorf("a playlist that names a key by its id: %x", got)
	}
	d := s.Decrypter()
	m := &media.Crypt{Scheme: "cenc", KID: testKID, IV: make([]byte, 16)}
	if err := d.Ready(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	plain := pattern(100)
	if got := decrypted(t, d, &media.CodedFrame{Data: encrypt(t, plain, m), Crypt: m}); !bytes.Equal(got, plain) {
		t.Error("the key that was given first has been replaced")
	}
}
