package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"mseplayer/assets/demo"
	"mseplayer/player/fetch"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/file"
	"mseplayer/player/source"
)

// maxFolderEntries bounds what is looked at of a folder.
const maxFolderEntries = 10000

// resolve makes of what the user typed something that can be opened: a folder stands for the one manifest in it.
func resolve(name string) (string, error) {
	if name == "-" {
		return name, nil
	}
	info, err := os.Stat(name)
	if err != nil || !info.IsDir() {
		return name, nil // a URL, or an error that opening it explains
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, pathCause(err))
	}
	var found []string
	for _, e := range entries[:min(len(entries), maxFolderEntries)] {
		if e.IsDir() || !manifestName(e.Name()) {
			continue
		}
		if p := filepath.Join(name, e.Name()); isManifest(p) {
			found = append(found, e.Name())
		}
	}
	switch {
	case len(found) == 1:
		return filepath.Join(name, found[0]), nil
	case len(found) == 0:
		return "", fmt.Errorf("%s: there is no manifest (.mpd, .m3u8) in this folder", name)
	}
	const maxNames = 5
	list := strings.Join(found[:min(len(found), maxNames)], ", ")
	if len(found) > maxNames {
		list += ", …"
	}
	return "", fmt.Errorf("%s: there are %d manifests in this folder, name one: %s", name, len(found), list)
}

func manifestName(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".mpd", ".m3u8":
		return true
	}
	return false
}

// isManifest looks into a file.
func isManifest(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, file.SniffBytes)
	n, _ := f.Read(head)
	k := file.Sniff(head[:n])
	return k == file.DASH || k == file.HLS
}

// pathCause strips the path from an error of the file system.
func pathCause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// netOptions are the flags of what goes over the network.
type netOptions struct {
	headers   []string
	userAgent string
	caFile    string
	insecure  bool
	throttle  int64
	har       string
}

// declare adds the flags to f.
func (o *netOptions) declare(f *pflag.FlagSet) {
	f.StringArrayVar(&o.headers, "header", nil, "add a request header, `'Name: value'` (repeatable)")
	f.StringVar(&o.userAgent, "user-agent", "", "call the program `S` in requests")
	f.StringVar(&o.caFile, "ca-file", "", "trust the certificates in `FILE` as well")
	f.BoolVar(&o.insecure, "insecure", false, "do not check certificates")
	f.Int64Var(&o.throttle, "throttle", 0, "slow the network down to `BPS` bits per second")
	f.StringVar(&o.har, "har", "", "write all requests to `FILE`, an HTTP archive")
}

// maxExchanges is how many requests an HTTP archive holds: the latest ones.
const maxExchanges = 50_000

// exchanges is how many requests are to be kept.
func exchanges(har string) int {
	if har == "" {
		return 0
	}
	return maxExchanges
}

// createHAR makes the file that --har names, so that one that cannot be written is found out before the work; nil is for
// none.
func createHAR(name string) (*os.File, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, usage("--har %s: %w", name, pathCause(err))
	}
	return f, nil
}

// writeHAR writes the client's requests to a file of createHAR and closes it.
func writeHAR(f *os.File, c *fetch.Client) error {
	if f == nil {
		return nil
	}
	if err := errors.Join(c.WriteHAR(f, "mseplayer", version), f.Close()); err != nil {
		return fmt.Errorf("--har %s: %w", f.Name(), pathCause(err))
	}
	return nil
}

// The network is tried harder in playing, where somebody waits.
const (
	checkAttempts = 3
	checkBackoff  = 300 * time.Millisecond
)

// open makes a client and what sources are opened with. Nothing waits for standard input any more once ctx has ended.
func (o *netOptions) open(ctx context.Context) (source.Options, error) {
	header := http.Header{}
	for _, h := range o.headers {
		k, v, ok := strings.Cut(h, ":")
		if k = strings.TrimSpace(k); !ok || k == "" {
			return source.Options{}, usage("--header %q: takes 'Name: value'", h)
		}
		header.Add(k, strings.TrimSpace(v))
	}
	if o.throttle < 0 {
		return source.Options{}, usage("--throttle %d: must not be negative", o.throttle)
	}
	mounts := map[string]fs.FS{"demo": demo.FS}
	c, err := fetch.New(fetch.Config{UserAgent: o.userAgent, Header: header, CAFile: o.caFile, Insecure: o.insecure, Throttle: o.throttle, Exchanges: exchanges(o.har),
		Stdin: &input{ctx: ctx, src: os.Stdin}, Mounts: mounts, Seed: uint64(time.Now().UnixNano()), Attempts: checkAttempts, Backoff: checkBackoff})
	if err != nil {
		return source.Options{}, usage("--ca-file %s: %w", o.caFile, pathCause(err))
	}
	return source.Options{Fetch: c, Demuxer: ffmpeg.Factory{}, Mounts: mounts}, nil
}

// input is a stream whose Read returns when ctx ends, though whoever writes to it neither writes nor ends. What is read then
// is lost. It belongs to one goroutine.
type input struct {
	ctx context.Context
	src io.Reader
}

// Read implements io.Reader.
func (in *input) Read(p []byte) (int, error) {
	type result struct {
		b   []byte
		err error
	}
	done := make(chan result, 1)
	go func() { // nothing else can leave a system call that waits; it ends with the process
		b := make([]byte, len(p))
		n, err := in.src.Read(b)
		done <- result{b[:n], err}
	}()
	select {
	case r := <-done:
		return copy(p, r.b), r.err
	case <-in.ctx.Done():
		return 0, context.Cause(in.ctx)
	}
}
