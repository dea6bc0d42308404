package crypt

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"mseplayer/mse/media"
	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
)

const (
	// maxKeys bounds the keys of a Store, maxAsked the key ids that servers are asked about.
	maxKeys  = 1 << 16
	maxAsked = 4096
	// maxServers bounds the license servers that a presentation names.
	maxServers = 16
)

// clearKey is the name of the protection system whose keys are given in the clear.
const clearKey = "clearkey"

// Config says where keys come from.
type Config struct {
	// Keys are known from the beginning.
	Keys []Key
	// License is the URL of a license or of a server that gives licenses, "" for none.
	License string
}

// Store holds the keys of one source. Make it with New.
type Store struct {
	// immutable
	get *fetch.Client

	mu      sync.Mutex
	keys    map[[KeyBytes]byte]cipher.Block // guarded by mu
	servers []server                        // guarded by mu: in the order in which they are asked
	systems []system                        // guarded by mu
	named   [KeyBytes]byte                  // guarded by mu: the id in the last URL of a protection system, zero for none
	asked   map[[KeyBytes]byte]*question    // guarded by mu
}

// server is where a license is to be had. origin is the document that names it, "" for the user.
type server struct{ url, origin string }

// system is a protection system that a source names, with the keys that it is for; none says all.
type system struct {
	name string
	kids [][KeyBytes]byte
}

// question is the search for one key at the license servers.
type question struct {
	done chan struct{} // closed when it is answered
	err  error         // set before done is closed
}

// New returns a store. get asks license servers; without it none is asked.
func New(c Config, get *fetch.Client) *Store {
	s := &Store{get: get, keys: map[[KeyBytes]byte]cipher.Block{}, asked: map[[KeyBytes]byte]*question{}}
	s.Add(c.Keys...)
	if c.License != "" {
		s.servers = append(s.servers, server{url: c.License})
	}
	return s
}

// Add makes keys known. Of two with the same id the first one stays, so that what a user says counts.
func (s *Store) Add(keys ...Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		if s.keys[k.KID] != nil || len(s.keys) >= maxKeys {
			continue
		}
		b, err := aes.NewCipher(k.Key[:])
		if err != nil {
			panic("crypt: " + err.Error()) // the length is right
		}
		s.keys[k.KID] = b
	}
}

// Learn takes down which protection systems a presentation names, for messages, and which ClearKey license servers.
func (s *Store) Learn(p *manifest.Presentation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	base, berr := url.Parse(p.URL)
	for _, per := range p.Periods {
		for _, set := range per.Sets {
			all := set.Protection
			for _, r := range set.Representations {
				all = slices.Concat(all, r.Protection)
			}
			var kids [][KeyBytes]byte
			for _, d := range all {
				kids = append(kids, d.KIDs...)
			}
			for _, d := range all {
				s.learn(d.System, kids)
				if d.System != clearKey || d.LicenseURL == "" || len(s.servers) >= maxServers {
					continue
				}
				at := server{d.LicenseURL, p.URL}
				if u, err := url.Parse(d.LicenseURL); err == nil && berr == nil {
					at.url = base.ResolveReference(u).String()
				}
				if !slices.Contains(s.servers, at) {
					s.servers = append(s.servers, at)
				}
			}
		}
	}
}

// learn notes a protection system. The lock must be held.
func (s *Store) learn(name string, kids [][KeyBytes]byte) {
	if name == "" || name == "cenc" || len(s.systems) >= maxKeys {
		return
	}
	i := slices.IndexFunc(s.systems, func(x system) bool { return x.name == name && slices.Equal(x.kids, kids) })
	if i < 0 {
		s.systems = append(s.systems, system{name, kids})
	}
}

// Systems names the protection systems of which the source says that they have a key.
func (s *Store) Systems(kid [KeyBytes]byte) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, x := range s.systems {
		if (len(x.kids) == 0 || slices.Contains(x.kids, kid)) && !slices.Contains(out, x.name) {
			out = append(out, x.name)
		}
	}
	return out
}

// Playlist adds a key that a playlist gives by a URL alone and returns the id by which samples are to refer to it. Some
// playlists give a key's id instead: a key of the user's with that id counts then.
func (s *Store) Playlist(key [KeyBytes]byte) (kid [KeyBytes]byte) {
	if s.lookUp(key) != nil {
		return key
	}
	k := Bare(key)
	s.Add(k)
	return k.KID
}

// Only returns the id of the one key that is known, for media that does not say which key it needs.
func (s *Store) Only() (kid [KeyBytes]byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for kid = range s.keys {
	}
	return kid, len(s.keys) == 1
}

// Decrypter returns a decrypter that takes its keys from s.
func (s *Store) Decrypter() *Decrypter { return &Decrypter{store: s} }

func (s *Store) lookUp(kid [KeyBytes]byte) cipher.Block {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[kid]
}

// key returns a key, after asking the license servers when it has to. Each is asked once for each key.
func (s *Store) key(ctx context.Context, c *media.Crypt) (cipher.Block, error) {
	if c.KID == [KeyBytes]byte{} {
		if kid, ok := s.Only(); ok {
			return s.lookUp(kid), nil // nobody says which it is, so it must be that one
		}
	}
	if b := s.lookUp(c.KID); b != nil {
		return b, nil
	}
	err := s.ask(ctx, c.KID)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if b := s.lookUp(c.KID); b != nil {
		return b, nil
	}
	return nil, &MissingKeyError{Scheme: c.Scheme, KID: c.KID, Systems: s.Systems(c.KID), Err: err}
}

// vectorless is the error for samples whose initialization vector nobody told.
func (s *Store) vectorless(c *media.Crypt) error {
	e := &MissingKeyError{Scheme: c.Scheme, KID: c.KID, Systems: s.Systems(c.KID), NoVector: true}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.KID == [KeyBytes]byte{} {
		e.KID = s.named
	}
	return e
}

// ask asks the license servers for a key, unless they have been asked for it before. It returns why none gave it.
func (s *Store) ask(ctx context.Context, kid [KeyBytes]byte) error {
	for {
		s.mu.Lock()
		q := s.asked[kid]
		if q == nil {
			break
		}
		s.mu.Unlock()
		select {
		case <-q.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if !errors.Is(q.err, errUnanswered) {
			return q.err
		}
	}
	if s.get == nil || len(s.servers) == 0 || len(s.asked) >= maxAsked || kid == [KeyBytes]byte{} {
		s.mu.Unlock()
		return nil
	}
	q := &question{done: make(chan struct{})}
	s.asked[kid] = q
	servers := slices.Clone(s.servers)
	s.mu.Unlock()
	defer close(q.done)
	for _, at := range servers {
		keys, err := s.request(ctx, at, kid)
		if ctx.Err() != nil {
			// Whoever else waits for the answer asks again.
			q.err = errUnanswered
			s.mu.Lock()
			delete(s.asked, kid)
			s.mu.Unlock()
			return context.Cause(ctx)
		}
		s.Add(keys...)
		if s.lookUp(kid) != nil {
			q.err = nil
			break
		}
		if err == nil {
			err = errors.New("its license has other keys")
		}
		q.err = fmt.Errorf("license server %s: %w", fetch.Redact(at.url), err)
	}
	return q.err
}

// errUnanswered is the outcome of a question that nobody waited for any more.
var errUnanswered = errors.New("crypt: the license server was not waited for")

// request asks one server for a key. What takes no questions is a file.
func (s *Store) request(ctx context.Context, at server, kid [KeyBytes]byte) ([]Key, error) {
	r := fetch.Request{URL: at.url, Kind: fetch.Key, Origin: at.origin}
	if strings.HasPrefix(at.url, "http:") || strings.HasPrefix(at.url, "https:") {
		post := r
		post.Body, post.Header = request(kid), http.Header{"Content-Type": {"application/json"}}
		b, _, err := s.get.ReadAll(ctx, post)
		var fe *fetch.Error
		if err == nil {
			return ParseLicense(b)
		}
		if !errors.As(err, &fe) || fe.Status < http.StatusBadRequest || fe.Status == http.StatusUnauthorized {
			return nil, err
		}
	}
	b, _, err := s.get.ReadAll(ctx, r)
	if err != nil {
		return nil, err
	}
	return ParseLicense(b)
}
