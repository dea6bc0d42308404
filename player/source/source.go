// Package source finds out what a user named (a manifest, a fragmented or another media file, standard input) and opens
// it. Playback, the checker and probe open their sources here, so that they agree on what a source is.
//
// # Ownership
//
// A Source owns the file it has opened; Close frees it. The fetch client stays the caller's.
//
// # Concurrency
//
// Open may be called from many goroutines. A Source belongs to one; its Presentation is immutable.
//
// # Errors
//
// Everything that cannot be opened gives an *[Error]: one line that names the source and says what is wrong with it,
// with the finding code of the fact.
package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/dash"
	"mseplayer/player/fetch"
	"mseplayer/player/file"
	"mseplayer/player/hls"
	"mseplayer/player/manifest"
)

// Options are what Open needs.
type Options struct {
	Fetch   *fetch.Client
	Demuxer file.Opener
	// Mounts are the built-in file systems that names may refer to, as given to Fetch.
	Mounts map[string]fs.FS
}

// Source is something that can be played or checked.
type Source struct {
	// Name is what the user named, URL where it was found, after redirects.
	Name, URL string
	// Kind is what its content says it is.
	Kind file.Kind
	// Presentation is set for manifests and fragmented MP4 files. A fragmented file has one period with one
	// representation, which may hold several tracks.
	Presentation *manifest.Presentation
	// File is set for every other media file.
	File *file.Source
	// Muxed is what the initialization segment of a fragmented MP4 file says, nil for all else.
	Muxed *media.InitSegment

	closers []func()
}

// Close frees what was opened.
func (s *Source) Close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
	s.closers = nil
}

// Error says why a source cannot be opened.
type Error struct {
	// Code is the finding code of the fact ("manifest.unreadable", "segment.not-media", "network.failed").
	Code string
	// Name is the source, without credentials. The cause may name it itself; then Name is "".
	Name string
	Err  error
}

// Error gives the name and the cause on one line.
func (e *Error) Error() string {
	if e.Name == "" {
		return e.Err.Error()
	}
	return e.Name + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// The finding codes of sources that cannot be opened.
const (
	CodeNotMedia = "segment.not-media"
	CodeEmpty    = "segment.empty"
	CodeNetwork  = "network.failed"
)

// maxUnknownBytes bounds what is read to find out where something of unknown size ends.
const maxUnknownBytes = 16 << 30

// Open opens what name refers to: a path, a URL, or "-" for standard input. The kind is found by content first. ctx
// bounds all reading over the network for as long as the source is open.
func Open(ctx context.Context, name string, o Options) (*Source, error) {
	url, err := fetch.SourceURL(name, o.Mounts)
	if err != nil {
		return nil, &Error{CodeNetwork, fetch.Redact(name), err}
	}
	s := &Source{Name: name, URL: url}
	if err := s.open(ctx, o); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Source) open(ctx context.Context, o Options) error {
	if looksLikeManifest(s.Name) {
		doc, resp, err := o.Fetch.ReadAll(ctx, fetch.Request{URL: s.URL, Kind: fetch.Manifest})
		if err != nil && !errors.Is(err, fetch.ErrTooLarge) {
			return s.failed(CodeNetwork, err)
		}
		if s.Kind = file.Sniff(doc); s.Kind == file.HLS || s.Kind == file.DASH {
			return s.openManifest(ctx, o, doc, resp.URL)
		}
	}
	in, size, err := o.Fetch.OpenSeekable(ctx, s.URL)
	if err != nil {
		return s.failed(CodeNetwork, err)
	}
	s.closers = append(s.closers, func() { _ = in.Close() })
	s.Kind, err = file.SniffFile(in)
	if err != nil {
		return s.failed(CodeNetwork, err)
	}
	switch s.Kind {
	case file.Empty:
		return s.failed(CodeEmpty, errors.New("the file is empty"))
	case file.HTML:
		return s.failed(CodeNotMedia, errors.New("this is a web page, not media or a manifest; check the address"))
	case file.HLS, file.DASH:
		doc, from, err := s.rest(ctx, o, in)
		if err != nil {
			return s.failed(CodeNetwork, err)
		}
		return s.openManifest(ctx, o, doc, from)
	case file.FragmentedMP4:
		err := s.openFragmented(ctx, in, size)
		if !errors.Is(err, isobmff.ErrNotFragmented) {
			return err
		}
	case file.Unknown, file.ProgressiveMP4, file.MP4, file.Media:
	}
	if looksLikeManifest(s.Name) && s.Kind == file.Unknown {
		return s.failed(manifest.CodeUnreadable, errors.New("this is no manifest: it does not begin as one"))
	}
	return s.openFile(ctx, o, in, size)
}

// failed makes the error of this source. An error of fetch names the URL itself.
func (s *Source) failed(code string, err error) error {
	var fe *fetch.Error
	if errors.As(err, &fe) {
		return &Error{code, "", err}
	}
	return &Error{code, fetch.Redact(s.Name), err}
}

func looksLikeManifest(name string) bool {
	name, _, _ = strings.Cut(strings.ToLower(name), "?")
	return strings.HasSuffix(name, ".mpd") || strings.HasSuffix(name, ".m3u8")
}

// rest reads the whole of a manifest whose beginning has been read from in already, and says where it came from. One that
// changes meanwhile is asked for at once.
func (s *Source) rest(ctx context.Context, o Options, in io.Reader) (doc []byte, from string, err error) {
	limit := fetch.Manifest.MaxBytes()
	doc, err = io.ReadAll(io.LimitReader(in, limit+1))
	if err == nil && int64(len(doc)) <= limit {
		if f, ok := in.(*fetch.File); ok {
			from = f.URL()
		}
		return doc, from, nil
	}
	doc, resp, err := o.Fetch.ReadAll(ctx, fetch.Request{URL: s.URL, Kind: fetch.Manifest})
	if err != nil {
		return nil, "", err
	}
	return doc, resp.URL, nil
}

// openManifest parses the document that came from a URL, "" for that of the source.
func (s *Source) openManifest(ctx context.Context, o Options, doc []byte, from string) (err error) {
	s.URL = cmp.Or(from, s.URL)
	if s.Kind == file.HLS {
		s.Presentation, err = hls.Parse(doc, hls.Options{BaseURL: s.URL, Get: Getter(ctx, o.Fetch, s.URL)})
	} else {
		s.Presentation, err = dash.Parse(doc, dash.Options{BaseURL: s.URL, Now: time.Now(), Fetch: func(u string) ([]byte, error) {
			b, _, err := o.Fetch.ReadAll(ctx, fetch.Request{URL: u, Kind: fetch.Manifest, Origin: s.URL})
			return b, err
		}})
	}
	var me *manifest.Error
	switch {
	case errors.As(err, &me):
		return &Error{me.Code, "", err}
	case err != nil:
		return s.failed(manifest.CodeInvalid, err)
	}
	return nil
}

// Getter returns a getter for what the document at origin refers to: lists of segments, and parts of media files that
// tell what is in them. Alternatives are tried in their order; a range behind the end of its resource is empty.
func Getter(ctx context.Context, c *fetch.Client, origin string) manifest.Getter {
	return func(r manifest.Resource) ([]byte, error) {
		kind := fetch.Index
		if r.Range.IsWhole() {
			kind = fetch.Manifest
		}
		var first error
		for i, u := range append([]string{r.URL}, r.Alternatives...) {
			b, resp, err := c.ReadAll(ctx, fetch.Request{URL: u, Range: fetch.Range(r.Range), Kind: kind, Origin: origin})
			switch {
			case err == nil:
				if r.From != nil {
					r.From(i, "", resp.URL)
				}
				return b, nil
			case fetch.BehindEnd(err):
				return nil, nil
			case first == nil:
				first = err
			}
		}
		return nil, first
	}
}

func (s *Source) openFile(ctx context.Context, o Options, in io.ReadSeeker, size int64) error {
	f, err := file.Open(ctx, file.Input{R: in, Size: size, Name: fetch.Redact(s.Name)}, o.Demuxer)
	if err != nil && s.Kind == file.FragmentedMP4 {
		return s.failed(CodeNotMedia, errors.New("this is a media segment without its initialization segment: there is no moov box"))
	}
	if err != nil {
		return &Error{CodeNotMedia, "", err}
	}
	if encryptedWebM(f) {
		f.Close()
		return s.openWebM(ctx, in, size)
	}
	s.File = f
	s.closers = append(s.closers, f.Close)
	return nil
}

// whole returns what reads a file at any position, and its size. One of unknown size, such as standard input, is read to its
// end for that.
func whole(ctx context.Context, in io.ReadSeeker, size int64) (io.ReaderAt, int64, error) {
	at, ok := in.(io.ReaderAt)
	if !ok {
		return nil, 0, errors.New("it cannot be read at any position")
	}
	if size >= 0 {
		return at, size, nil
	}
	buf := make([]byte, 64<<10)
	for size = 0; size < maxUnknownBytes; {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		n, err := at.ReadAt(buf, size)
		size += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			return at, size, nil
		case err != nil:
			return nil, 0, err
		}
	}
	return nil, 0, fmt.Errorf("it does not end after %d bytes", int64(maxUnknownBytes))
}

// openFragmented makes a presentation of a fragmented MP4 file.
func (s *Source) openFragmented(ctx context.Context, in io.ReadSeeker, size int64) error {
	at, size, err := whole(ctx, in, size)
	if err != nil {
		return s.failed(CodeNetwork, err)
	}
	scan := isobmff.NewScanner(at, size)
	head, initSize, err := scan.Init()
	if err != nil {
		return s.failed(CodeNotMedia, err)
	}
	index, err := fragments(s.URL, scan, at, size, initSize)
	if err != nil {
		return s.failed(CodeNotMedia, err)
	}
	s.present(head, "mp4", initSize, index)
	return nil
}

// present makes a presentation of a file of one container, with one representation that may hold several tracks.
func (s *Source) present(head *media.InitSegment, container string, initSize int64, index manifest.Index) {
	s.Muxed = head
	rep := &manifest.Representation{ID: "0", TrackID: manifest.TrackID("0", "0", "0"), Kind: manifest.Audio, MIMEType: "audio/" + container, QualityRanking: -1,
		Timescale: 1, Init: &manifest.Resource{URL: s.URL, Range: manifest.Range{Start: 0, End: initSize}}, Addressing: manifest.Indexed, Segments: index}
	var codecs []string
	for _, t := range head.Tracks {
		if container == "webm" && t.Config != nil && t.Config.Codec != "" { // the type alone is not enough
			codecs = append(codecs, mime.FromConfig(t.Config))
		}
		if t.Kind == media.Video {
			rep.Kind, rep.MIMEType, rep.Width, rep.Height = manifest.Video, "video/"+container, t.Config.Width, t.Config.Height
		}
	}
	rep.Codecs = strings.Join(codecs, ",")
	rep.Protection = protection(head)
	set := &manifest.AdaptationSet{ID: "0", Kind: rep.Kind, Protection: rep.Protection, Group: -1, Priority: 1, Representations: []*manifest.Representation{rep}}
	s.Presentation = &manifest.Presentation{Format: manifest.File, URL: s.URL, Periods: []*manifest.Period{{ID: "0", Sets: []*manifest.AdaptationSet{set}}}}
	if head.Duration.IsFinite() {
		s.Presentation.DeclaredDuration = media.Some(head.Duration)
	}
}

// protection lists the systems that a file names. One that does not say which keys it is for is for those of the tracks.
func protection(head *media.InitSegment) (out []manifest.Protection) {
	var kids [][16]byte
	for _, t := range head.Tracks {
		if t.KID != [16]byte{} && !slices.Contains(kids, t.KID) {
			kids = append(kids, t.KID)
		}
	}
	for _, x := range head.Systems {
		scheme := fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", x.ID[:4], x.ID[4:6], x.ID[6:8], x.ID[8:10], x.ID[10:])
		p := manifest.Protection{Scheme: scheme, System: manifest.SystemName(scheme), KIDs: x.KIDs}
		if p.KIDs == nil {
			p.KIDs = kids
		}
		out = append(out, p)
	}
	return out
}

// String describes the source for logs.
func (s *Source) String() string { return fmt.Sprintf("%s (%s)", fetch.Redact(s.Name), s.Kind) }
