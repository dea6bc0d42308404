package steer

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"mseplayer/player/manifest"
)

// Limits of a steering document.
const (
	maxDocumentBytes = 64 << 10
	maxPriority      = 64
	maxClones        = 32
	maxParams        = 32
	maxNameBytes     = 256
	defaultTTL       = 5 * time.Minute
	minTTL           = 2 * time.Second
	maxTTL           = 24 * time.Hour
)

// Document is what a steering server says.
type Document struct {
	// TTL is how long to wait before it is asked again, from 2 s to a day.
	TTL time.Duration
	// Reload is the reference of where to ask then, "" for the same place.
	Reload string
	// Priority lists the locations, the preferred first; Clones are locations that the manifest does not have.
	Priority []string
	Clones   []Clone
}

// Clone is a location that has everything that another one has, under URLs that follow from those.
type Clone struct {
	Base, ID string
	// Host takes the place of the host, "" for none; Params are added to the query.
	Host   string
	Params map[string]string
	// URLs are those of resources with a name (manifest.Resource.Stable), in place of what follows from Host. What has none is
	// named by those then, and has no place of its own.
	URLs map[string]string
}

// apply makes the clone's URL of a resource's, whose name is stable. ok is false where there is no such place.
func (c Clone) apply(raw, stable string) (cloned string, ok bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "", false
	}
	if stable == "" && len(c.URLs) > 0 {
		return "", false
	}
	own := c.URLs[stable]
	if own != "" {
		// Under the rule of the document that it takes the place of: what came over the network leads nowhere else.
		base, err := manifest.ParseBase(raw)
		if err != nil {
			return "", false
		}
		if own, err = base.ResolveURL(own); err != nil {
			return "", false
		}
		if u, err = url.Parse(own); err != nil || u.Host == "" {
			return "", false
		}
	}
	if c.Host != "" && own == "" {
		u.Host, u.User = c.Host, nil // the credentials are for the other host
	}
	if len(c.Params) > 0 {
		var add []string
		for k, v := range c.Params {
			add = append(add, url.QueryEscape(k)+"="+url.QueryEscape(v))
		}
		slices.Sort(add)
		kept := strings.FieldsFunc(u.RawQuery, func(r rune) bool { return r == '&' })
		kept = slices.DeleteFunc(kept, func(pair string) bool {
			k, _, _ := strings.Cut(pair, "=")
			name, err := url.QueryUnescape(k)
			_, replaced := c.Params[name]
			return err == nil && replaced
		})
		u.RawQuery = strings.Join(append(kept, add...), "&")
	}
	return u.String(), true
}

// Parse reads a steering document. Locations come from PATHWAY-PRIORITY, or SERVICE-LOCATION-PRIORITY as drafts had it.
// Unknown members are passed over; clones that cannot be used are left out.
// RFC 8216bis §7.2, ETSI TS 103 998.
func Parse(text []byte) (*Document, error) {
	if len(text) > maxDocumentBytes {
		return nil, fmt.Errorf("the steering document has more than %d bytes", maxDocumentBytes)
	}
	var doc struct {
		Version  *json.Number    `json:"VERSION"`
		TTL      json.RawMessage `json:"TTL"`
		Reload   string          `json:"RELOAD-URI"`
		Pathways []string        `json:"PATHWAY-PRIORITY"`
		Services []string        `json:"SERVICE-LOCATION-PRIORITY"`
		Clones   []struct {
			Base        string `json:"BASE-ID"`
			ID          string `json:"ID"`
			Replacement struct {
				Host       string            `json:"HOST"`
				Params     map[string]string `json:"PARAMS"`
				Variants   map[string]string `json:"PER-VARIANT-URIS"`
				Renditions map[string]string `json:"PER-RENDITION-URIS"`
			} `json:"URI-REPLACEMENT"`
		} `json:"PATHWAY-CLONES"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("no steering document: %w", err)
	}
	switch {
	case doc.Version == nil:
		return nil, errors.New("no steering document: VERSION is missing")
	case doc.Version.String() != "1":
		return nil, fmt.Errorf("a steering document of version %.20s; only version 1 is known", doc.Version)
	}
	d := &Document{TTL: ttl(doc.TTL), Reload: doc.Reload, Priority: doc.Pathways}
	if len(d.Priority) == 0 {
		d.Priority = doc.Services
	}
	d.Priority = slices.DeleteFunc(d.Priority, func(s string) bool { return !isName(s) })
	d.Priority = d.Priority[:min(len(d.Priority), maxPriority)]
	if len(d.Priority) == 0 {
		return nil, errors.New("the steering document prefers nothing: PATHWAY-PRIORITY is empty")
	}
	for _, c := range doc.Clones {
		x := c.Replacement
		usable := isName(c.Base) && isName(c.ID) && c.Base != c.ID && isHost(x.Host) && len(x.Params) <= maxParams
		for k, v := range x.Params {
			usable = usable && isName(k) && len(v) <= maxNameBytes
		}
		if !usable || len(d.Clones) == maxClones {
			continue
		}
		clone := Clone{Base: c.Base, ID: c.ID, Host: x.Host, Params: x.Params}
		for _, per := range []struct {
			uris map[string]string
			name func(string) string
		}{{x.Variants, manifest.StableVariant}, {x.Renditions, manifest.StableRendition}} {
			for id, u := range per.uris { // the size of the document bounds them
				if clone.URLs == nil {
					clone.URLs = map[string]string{}
				}
				if id != "" && u != "" {
					clone.URLs[per.name(id)] = u
				}
			}
		}
		d.Clones = append(d.Clones, clone)
	}
	return d, nil
}

// ttl reads a number of seconds; what is none gives the default.
func ttl(raw json.RawMessage) time.Duration {
	var s float64
	if len(raw) == 0 || json.Unmarshal(raw, &s) != nil || s <= 0 {
		return defaultTTL
	}
	return time.Duration(min(max(s, minTTL.Seconds()), maxTTL.Seconds()) * float64(time.Second))
}

func isName(s string) bool { return s != "" && len(s) <= maxNameBytes }

// isHost reports whether s is a host with or without a port, or nothing.
func isHost(s string) bool {
	if s == "" {
		return true
	}
	u, err := url.Parse("http://" + s)
	return err == nil && len(s) <= maxNameBytes && u.Host == s && u.Path == ""
}
