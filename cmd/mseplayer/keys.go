package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"mseplayer/player/crypt"
	"mseplayer/player/fetch"
)

// keyOptions are the flags about the keys of protected media.
type keyOptions struct {
	keys    []string
	license string
}

// declare adds the flags to f.
func (o *keyOptions) declare(f *pflag.FlagSet) {
	f.StringArrayVar(&o.keys, "key", nil, "decrypt with a key, `KID:KEY` in hexadecimal digits (repeatable)")
	f.StringVar(&o.license, "license", "", "take keys from a W3C ClearKey license, `FILE|URL`; a server at the URL is asked for each key")
}

// config reads the keys. A license in a file is read at once.
func (o *keyOptions) config() (crypt.Config, error) {
	var c crypt.Config
	for _, s := range o.keys {
		k, err := crypt.ParseKey(s)
		if err != nil {
			return c, usage("--key %s: %w", s, err)
		}
		c.Keys = append(c.Keys, k)
	}
	if o.license == "" {
		return c, nil
	}
	if scheme, _, ok := strings.Cut(o.license, ":"); ok && len(scheme) > 1 && !strings.ContainsAny(scheme, "/.") {
		c.License = o.license
		return c, nil
	}
	keys, err := readLicense(o.license)
	if err != nil {
		return c, usage("--license %s: %w", o.license, err)
	}
	c.Keys = append(c.Keys, keys...)
	return c, nil
}

func readLicense(name string) ([]crypt.Key, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, pathCause(err)
	}
	defer f.Close()
	limit := fetch.Key.MaxBytes()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, pathCause(err)
	case int64(len(b)) > limit:
		return nil, fmt.Errorf("is longer than %d bytes", limit)
	}
	return crypt.ParseLicense(b)
}
