package dash

import (
	"errors"
	"fmt"
	"time"

	"github.com/Eyevinn/dash-mpd/mpd"

	"mseplayer/player/manifest"
)

// Options tell Parse what the document does not.
type Options struct {
	// BaseURL is where the document came from, after redirects: an absolute URL; for a local file a file URL.
	BaseURL string
	// Fetch returns the text of a remote element (xlink:href), at most a manifest's size. With nil, remote elements
	// become a finding. Later versions of a live presentation use the Getter of their update instead.
	Fetch func(url string) ([]byte, error)
	// Now is the wall time, which decides whether a dynamic presentation with a known end is over. The zero value
	// means that none is.
	Now time.Time
	// Seed decides the draw among base URLs of equal priority and different weight.
	Seed uint64
}

// Parse reads an MPD. A live presentation has Live set, and an Updater there when the document may change; its
// Updater keeps a copy of data if the author offers patches, otherwise Parse keeps nothing of it. With an error the
// presentation is nil.
func Parse(data []byte, opts Options) (*manifest.Presentation, error) {
	from, err := manifest.ParseBase(opts.BaseURL)
	if err != nil {
		return nil, &manifest.Error{Code: manifest.CodeInvalid, Msg: "MPD", Err: err}
	}
	v, err := parse(data, from, opts, nil, nil)
	if err != nil {
		return nil, err
	}
	return v.p, nil
}

// parse reads one version of a document. prior is the version before it and notes are findings made on the way to
// this one; both may be nil.
func parse(data []byte, from manifest.Base, opts Options, prior *manifest.Presentation, notes []manifest.Finding) (*version, error) {
	var fs manifest.Findings
	for _, f := range notes {
		fs.Add(f)
	}
	fetch := opts.Fetch
	if query := remoteQuery(data, from); fetch != nil && query != (params{}) {
		fetch = func(url string) ([]byte, error) { return opts.Fetch(query.add(url)) }
	}
	doc, err := readDocument(data, from, fetch, &fs)
	if err != nil {
		return nil, located(err, from)
	}
	b := &builder{opts: opts, doc: doc, from: from, findings: &fs, prior: prior, seen: map[string]int{}, timelines: map[timelineKey]compiled{},
		lists: map[*mpd.SegmentURLType]*unusable{}, codecs: map[string]error{}}
	p := b.presentation()
	if b.protections > maxProtections {
		return nil, located(&manifest.Error{Code: manifest.CodeLimits, Msg: fmt.Sprintf("more than %d content protection descriptors in effect", maxProtections)}, from)
	}
	if len(p.Periods) == 0 {
		return nil, located(&manifest.Error{Code: manifest.CodeInvalid, Msg: "the MPD has no period to play"}, from)
	}
	v := newVersion(data, from, opts, b, p)
	compare(prior, p, &fs)
	p.Findings = fs.List()
	return v, nil
}

// located adds the document's URL to an error.
func located(err error, from manifest.Base) error {
	var e *manifest.Error
	if errors.As(err, &e) {
		e.URL = from.Redacted()
	}
	return err
}
