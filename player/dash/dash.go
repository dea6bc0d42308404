package dash

import (
	"errors"
	"fmt"
	"time"

	"github.com/Eyevinn/dash-mpd/mpd"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// ErrLive says that a presentation is live, which is not played yet. errors.Is finds it in what Parse returns.
var ErrLive = errors.New("live presentations (type=\"dynamic\") are not played yet")

// Options tell Parse what the document does not.
type Options struct {
	// BaseURL is where the document came from, after redirects: an absolute URL; for a local file a file URL.
	BaseURL string
	// Fetch returns the text of a remote element (xlink:href), at most a manifest's size. With nil, remote elements
	// become a finding.
	Fetch func(url string) ([]byte, error)
	// Now is the wall time, which decides whether a dynamic presentation with a known end is over. The zero value
	// means that none is.
	Now time.Time
}

// Parse reads an MPD. It keeps nothing of data. For a live presentation it returns the model, without segments,
// and an error that matches ErrLive; with any other error the presentation is nil.
func Parse(data []byte, opts Options) (*manifest.Presentation, error) {
	from, err := manifest.ParseBase(opts.BaseURL)
	if err != nil {
		return nil, &manifest.Error{Code: manifest.CodeInvalid, Msg: "MPD", Err: err}
	}
	var fs manifest.Findings
	doc, err := readDocument(data, from, opts.Fetch, &fs)
	if err != nil {
		return nil, located(err, from)
	}
	b := &builder{opts: opts, doc: doc, from: from, findings: &fs, seen: map[string]int{}, timelines: map[timelineKey]compiled{},
		lists: map[*mpd.SegmentURLType]*unusable{}, codecs: map[string]error{}}
	p := b.presentation()
	if b.protections > maxProtections {
		return nil, located(&manifest.Error{Code: manifest.CodeLimits, Msg: fmt.Sprintf("more than %d content protection descriptors in effect", maxProtections)}, from)
	}
	if len(p.Periods) == 0 {
		return nil, located(&manifest.Error{Code: manifest.CodeInvalid, Msg: "the MPD has no period to play"}, from)
	}
	p.Findings = fs.List()
	if p.Live != nil {
		return p, fmt.Errorf("%s: %w", from.Redacted(), ErrLive)
	}
	return p, nil
}

// located adds the document's URL to an error.
func located(err error, from manifest.Base) error {
	var e *manifest.Error
	if errors.As(err, &e) {
		e.URL = from.Redacted()
	}
	return err
}

// over reports whether a dynamic presentation can be played like a recording: it will not change any more and all
// of it is available.
func over(availability string, end media.Opt, updates bool, now time.Time) bool {
	if updates || !end.Set || now.IsZero() {
		return false
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, availability); err == nil {
			return !t.Add(media.Span(end.T).Duration()).After(now)
		}
	}
	return false
}
