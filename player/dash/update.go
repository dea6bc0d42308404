package dash

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"sync"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// maxLocations bounds the places that a document names for itself.
const maxLocations = 16

// The finding codes of documents that change in a way they should not.
const (
	codeUpdateStale   = "manifest.update-stale"
	codeUpdateChanged = "manifest.update-changed"
	codeUpdatePatch   = "manifest.update-patch"
)

// version is one state of a document that may change. It is immutable.
type version struct {
	opts Options
	from manifest.Base
	// places is where the document is to be had from now on.
	places manifest.Resource
	// patches are where the difference to the next version is to be had; data is the document if there are any.
	patches []patchPlace
	data    []byte
	sum     [sha256.Size]byte
	// remote is set when the presentation depends on more than the document.
	remote    bool
	published time.Time
	p         *manifest.Presentation
}

// patchPlace is a place of patches. until is when it ends to be one, zero for never.
type patchPlace struct {
	url, location string
	until         time.Time
}

// updater implements manifest.Updater.
type updater struct {
	mu   sync.Mutex
	last *version          // guarded by mu
	told [sha256.Size]byte // guarded by mu: the last stale document that was reported
}

// newVersion keeps what the next version needs, and gives a presentation that may change its Updater.
func newVersion(data []byte, from manifest.Base, opts Options, b *builder, p *manifest.Presentation) *version {
	m := &b.doc.tree
	v := &version{opts: opts, from: from, p: p, remote: b.doc.facts.remote}
	if p.Live == nil || !b.doc.facts.minUpdate.set {
		return v
	}
	v.published, _ = parseTime(string(m.PublishTime))
	v.sum = sha256.Sum256(data)
	query := b.query(place{path: "MPD"}, params{}, forManifest, m.RequestParam, m.EssentialProperties, m.SupplementalProperties)
	for i, l := range m.Location {
		u, err := resolveLocation(from, l.Value, i)
		if err != nil {
			b.find(place{path: "MPD/Location"}, manifest.CodeInvalid, manifest.SeverityWarning, "", "a location is ignored: %v", err)
			continue
		}
		addPlace(&v.places, query.add(u), l.ServiceLocation)
	}
	if v.places.URL == "" {
		v.places.URL = query.add(from.String())
	}
	for i, l := range m.PatchLocation {
		u, err := resolveLocation(from, string(l.Value), i)
		if err != nil {
			b.find(place{path: "MPD/PatchLocation"}, manifest.CodeInvalid, manifest.SeverityWarning, "", "a place of patches is ignored: %v", err)
			continue
		}
		at := patchPlace{url: u, location: l.ServiceLocation}
		if l.Ttl > 0 && !v.published.IsZero() {
			at.until = wallTime(v.published, l.Ttl)
		}
		v.patches = append(v.patches, at)
	}
	if len(v.patches) > 0 {
		v.data = bytes.Clone(data)
	}
	p.Live.Updater = &updater{last: v}
	return v
}

// resolveLocation resolves place i that a document names for itself.
func resolveLocation(from manifest.Base, ref string, i int) (string, error) {
	if i >= maxLocations {
		return "", fmt.Errorf("more than %d are named", maxLocations)
	}
	return from.ResolveURL(ref)
}

// addPlace adds one more place to a resource.
func addPlace(r *manifest.Resource, url, location string) {
	if r.URL == "" {
		r.URL = url
	} else {
		r.Alternatives = append(r.Alternatives, url)
	}
	r.Bases = append(r.Bases, url) // each fails on its own
	if location != "" && r.Locations == nil {
		r.Locations = make([]string, len(r.Alternatives), len(r.Alternatives)+1)
	}
	if r.Locations != nil {
		r.Locations = append(r.Locations, location)
	}
}

// Update implements manifest.Updater. It asks for the patch when there is one, and for the whole document when there
// is none or it does not fit. A document that is older than the known one is not taken.
// ISO/IEC 23009-1 §5.4.
func (u *updater) Update(now time.Time, get manifest.Getter) (*manifest.Presentation, error) {
	u.mu.Lock()
	was, told := u.last, u.told
	u.mu.Unlock()
	data, from, notes, err := was.load(now, get)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	if sum == was.sum && !was.remote && from.String() == was.from.String() || sum == told {
		return nil, nil
	}
	opts := was.opts
	opts.Now = now
	opts.Fetch = func(url string) ([]byte, error) { return get(manifest.Resource{URL: url}) }
	v, err := parse(data, from, opts, was.p, notes)
	if err != nil {
		return nil, err
	}
	if !v.published.IsZero() && v.published.Before(was.published) {
		return u.stale(was, v, sum), nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last == was { // else another call was faster
		u.last = v
	}
	if v.p.Live != nil && v.p.Live.Updater != nil {
		v.p.Live.Updater = u
	}
	return v.p, nil
}

// stale gives the known presentation again, with the finding that an older one was offered.
func (u *updater) stale(was, v *version, sum [sha256.Size]byte) *manifest.Presentation {
	u.mu.Lock()
	u.told = sum
	u.mu.Unlock()
	p := *was.p
	p.Findings = append(p.Findings[:len(p.Findings):len(p.Findings)], manifest.Finding{Code: codeUpdateStale, Severity: manifest.SeverityWarning, Where: "MPD",
		Message: fmt.Sprintf("a document of %s came after one of %s; it is not used", stamp(v.published), stamp(was.published)),
		Hint:    "a cache on the way may be out of date"})
	return &p
}

func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.999Z07:00") }

// load gets the next state of the document: patched, or whole.
// References in it are relative to where it came from, after redirects; those of a patched document to where the whole was.
// ISO/IEC 23009-1 §5.6.4, §5.15.
func (v *version) load(now time.Time, get manifest.Getter) (data []byte, from manifest.Base, notes []manifest.Finding, err error) {
	var patches manifest.Resource
	for _, p := range v.patches {
		if p.until.IsZero() || now.Before(p.until) {
			addPlace(&patches, p.url, p.location)
		}
	}
	if patches.URL != "" {
		data, err = v.patched(patches, get)
		if err == nil {
			return data, v.from, nil, nil
		}
		notes = append(notes, manifest.Finding{Code: codeUpdatePatch, Severity: manifest.SeverityInfo, Where: "MPD/PatchLocation",
			Message: "the patch is not used, the whole document is fetched: " + err.Error()})
	}
	r := v.places
	came := r.URL
	r.From = func(_ int, _, url string) { came = url }
	if data, err = get(r); err != nil {
		return nil, from, nil, err
	}
	from, err = v.from.Resolve(came)
	return data, from, notes, err
}

func (v *version) patched(places manifest.Resource, get manifest.Getter) ([]byte, error) {
	patch, err := get(places)
	switch {
	case err != nil:
		return nil, err
	case len(patch) == 0:
		return v.data, nil // nothing has changed
	case Sniff(patch):
		return patch, nil // the server prefers to send the whole
	}
	return applyPatch(v.data, patch)
}

// compare reports what changed between two versions though it should have stayed.
// ISO/IEC 23009-1 §5.4.1.
func compare(was, is *manifest.Presentation, fs *manifest.Findings) {
	if was == nil || was.Live == nil {
		return
	}
	changed := func(where, track, period, format string, args ...any) {
		fs.Add(manifest.Finding{Code: codeUpdateChanged, Severity: manifest.SeverityWarning, Where: where, Track: track, Period: period,
			Message: fmt.Sprintf(format, args...)})
	}
	if is.Live != nil && !is.Live.Start.Equal(was.Live.Start) {
		changed("MPD", "", "", "availabilityStartTime went from %s to %s", stamp(was.Live.Start), stamp(is.Live.Start))
	}
	periods := map[string]*manifest.Period{}
	for _, p := range is.Periods {
		periods[p.ID] = p
	}
	for _, old := range was.Periods {
		p := periods[old.ID]
		where := fmt.Sprintf("Period[%s]", old.ID)
		switch {
		case p == nil && old.Start >= is.Periods[0].Start:
			changed(where, "", old.ID, "the period that began at %s s is gone, though it is not the oldest", old.Start)
		case p == nil: // it has left the window
		case math.Abs(float64(p.Start-old.Start)) > sliver:
			changed(where, "", old.ID, "the start of the period went from %s s to %s s", old.Start, p.Start)
		default:
			compareSets(old, p, changed)
		}
	}
}

func compareSets(was, is *manifest.Period, changed func(where, track, period, format string, args ...any)) {
	known := map[string]*manifest.Representation{}
	for _, s := range is.Sets {
		for _, r := range s.Representations {
			known[r.TrackID] = r
		}
	}
	for _, s := range was.Sets {
		for _, old := range s.Representations {
			where := fmt.Sprintf("Period[%s]/AdaptationSet[%s]/Representation[%s]", was.ID, s.ID, old.ID)
			r := known[old.TrackID]
			if r == nil {
				changed(where, old.TrackID, was.ID, "the representation is gone")
				continue
			}
			if old.Segments == nil || r.Segments == nil || old.Addressing != manifest.Explicit || r.Addressing != manifest.Explicit {
				continue
			}
			if old.Segments.Len() == 0 {
				continue
			}
			if r.Segments.Len() == 0 {
				changed(where, old.TrackID, was.ID, "the SegmentTimeline had %d segments and has none now", old.Segments.Len())
				continue
			}
			if x, ok := r.Segments.(*index); ok && !x.sorted {
				continue // searching it is slow
			}
			if x, ok := old.Segments.(*index); ok && !x.sorted {
				continue
			}
			if end, before := lastEnd(r.Segments), lastEnd(old.Segments); end < before-timelineJitter {
				changed(where, old.TrackID, was.ID, "the SegmentTimeline ended at %s s and ends at %s s now", before, end)
			}
			if at, ok := moved(old.Segments, r.Segments); !ok {
				changed(where, old.TrackID, was.ID, "the SegmentTimeline had a segment at %s s and has none that begins there now", at)
			}
		}
	}
}

func lastEnd(x manifest.Index) media.Time { return x.At(x.Len() - 1).End() }

// moved looks for the first and the last segment that both lists should have. ok is false when the new list has none
// that begins at the same time.
func moved(was, is manifest.Index) (at media.Time, ok bool) {
	first := was.Find(is.At(0).Start)
	last := min(was.Find(lastEnd(is)), was.Len()) - 1
	for _, i := range []int{first, last} {
		if i < 0 || i >= was.Len() {
			continue
		}
		at = was.At(i).Start
		if at < is.At(0).Start-timelineJitter {
			continue
		}
		j := is.Find(at + timelineJitter)
		if j < is.Len() && math.Abs(float64(is.At(j).Start-at)) > timelineJitter {
			return at, false
		}
	}
	return 0, true
}
