package steer

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"mseplayer/player/manifest"
)

// How long places are left out.
const (
	minPenalty   = time.Minute
	maxPenalty   = 8 * time.Minute
	maxPenalties = 256 // places that are remembered
	maxUsed      = 32  // locations that are reported to the steering server
)

// Place is one of the places of a resource.
type Place struct {
	// Index is 0 for the URL of the resource, i for Alternatives[i-1]. A clone has that of what it was made from.
	Index int
	URL   string
	// Location is the service location or pathway, "" when the manifest names none. Base is the base URL that URL was made
	// from, "" when not known.
	Location, Base string
}

// Use is what the network did at one location since the steering server was asked last.
type Use struct {
	Location string
	// Rate is in bits per second, 0 when not known.
	Rate int64
}

// Router decides where to ask first. The zero value keeps the order of the manifest, failures apart.
type Router struct {
	mu sync.Mutex
	// guarded by mu
	order     []string // locations, the preferred first
	clones    []Clone
	penalties map[string]penalty
	used      []use
	version   uint64
}

// penalty is why a place is tried last.
type penalty struct {
	until time.Time
	count int // failures without a success between them
}

type use struct {
	location string
	bytes    int64
	took     time.Duration
}

// Version is a number that grows when the order may have become another one: that the steering server asks for, or because
// a place has failed. Time alone, which forgives failures, does not change it.
func (r *Router) Version() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.version
}

// Prefer sets the order of locations, the preferred first. Those that are not listed come after them.
func (r *Router) Prefer(locations []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reorder(locations)
}

// Apply follows a steering document.
func (r *Router) Apply(d *Document) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reorder(d.Priority)
	r.clones = slices.Clone(d.Clones)
}

// reorder sets the order of locations.
func (r *Router) reorder(locations []string) {
	if !slices.Equal(r.order, locations) {
		r.order = slices.Clone(locations)
		r.version++
	}
}

// Places returns the places of a resource in the order in which they are to be tried at the time now: none is left out,
// but those that failed lately come last.
func (r *Router) Places(res manifest.Resource, now time.Time) []Place {
	places := make([]Place, 0, 1+len(res.Alternatives))
	for i, u := range append([]string{res.URL}, res.Alternatives...) {
		p := Place{Index: i, URL: u}
		if i < len(res.Locations) {
			p.Location = res.Locations[i]
		}
		if i < len(res.Bases) {
			p.Base = res.Bases[i]
		}
		places = append(places, p)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.clones { // a clone may be made from an earlier one
		has := func(id string) int {
			return slices.IndexFunc(places, func(p Place) bool { return p.Location == id })
		}
		if from := has(c.Base); from >= 0 && has(c.ID) < 0 {
			if u, ok := c.apply(places[from].URL, res.Stable); ok {
				places = append(places, Place{Index: places[from].Index, URL: u, Location: c.ID})
			}
		}
	}
	slices.SortStableFunc(places, func(a, b Place) int {
		if x, y := r.excluded(a, now), r.excluded(b, now); x != y {
			if x {
				return 1
			}
			return -1
		}
		return r.rank(a) - r.rank(b)
	})
	return places
}

// rank is the place's position in the order that was asked for.
func (r *Router) rank(p Place) int {
	if i := slices.Index(r.order, p.Location); i >= 0 && p.Location != "" {
		return i
	}
	return len(r.order)
}

func (r *Router) excluded(p Place, now time.Time) bool {
	return slices.ContainsFunc(keys(p, true), func(k string) bool { return r.penalties[k].until.After(now) })
}

// keys name what a place shares with others: the location if it has one, else the base URL. What has neither shares its
// host, and so does everything when the host is meant.
func keys(p Place, host bool) []string {
	var list []string
	switch {
	case p.Location != "":
		list = append(list, "location "+p.Location)
	case p.Base != "":
		list = append(list, "base "+p.Base)
	default:
		host = true
	}
	if u, err := url.Parse(p.URL); host && err == nil && u.Host != "" { // else it is this machine
		list = append(list, "host "+strings.ToLower(u.Host))
	}
	return list
}

// unreachable reports whether err says that there is no way to the host at all.
func unreachable(err error) bool {
	var e interface{ Unreachable() bool }
	return errors.As(err, &e) && e.Unreachable()
}

// Failed notes why a place did not give what it should. All that is of its location, or else of its base URL, is tried last
// for a minute, and each further time for twice as long, up to 8 minutes. Where nothing can be reached (err has a method
// Unreachable that says so), or the place is known by its host only, that holds for all places at the host.
func (r *Router) Failed(p Place, err error, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range keys(p, unreachable(err)) {
		old, known := r.penalties[k]
		if old.until.After(now) {
			continue // one failure, seen by several requests
		}
		if r.penalties == nil {
			r.penalties = map[string]penalty{}
		}
		if !known && len(r.penalties) >= maxPenalties {
			r.forget()
		}
		d := min(minPenalty<<min(old.count, 8), maxPenalty)
		r.penalties[k] = penalty{until: now.Add(d), count: old.count + 1}
		r.version++
	}
}

// forget drops the penalty that ends first.
func (r *Router) forget() {
	var first string
	for k, p := range r.penalties {
		if first == "" || p.until.Before(r.penalties[first].until) || p.until.Equal(r.penalties[first].until) && k < first {
			first = k
		}
	}
	delete(r.penalties, first)
}

// Succeeded notes that a place gave bytes in the time took. It is trusted again at once.
func (r *Router) Succeeded(p Place, bytes int64, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range keys(p, true) {
		delete(r.penalties, k)
	}
	if p.Location == "" {
		return
	}
	u := use{location: p.Location}
	if i := slices.IndexFunc(r.used, func(u use) bool { return u.location == p.Location }); i >= 0 {
		u = r.used[i]
		r.used = slices.Delete(r.used, i, i+1)
	} else if len(r.used) >= maxUsed {
		r.used = slices.Delete(r.used, 0, 1)
	}
	u.bytes += bytes
	u.took += took
	r.used = append(r.used, u) // the latest comes last
}

// Try calls try with the places of a resource, one after the other, until it succeeds or ctx ends, and notes what
// happened. It returns the first error when no place did. now tells the time.
func (r *Router) Try(ctx context.Context, res manifest.Resource, now func() time.Time, try func(Place) error) error {
	var first error
	for _, p := range r.Places(res, now()) {
		err := try(p)
		if err == nil {
			r.Succeeded(p, 0, 0)
			return nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break // no fault of the place
		}
		r.Failed(p, err, now())
	}
	return first
}

// take returns what was used since the last call.
func (r *Router) take() []Use {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []Use
	for _, u := range r.used {
		x := Use{Location: u.location}
		if u.took > 0 {
			x.Rate = int64(float64(u.bytes) * 8 / u.took.Seconds())
		}
		list = append(list, x)
	}
	if n := len(r.used); n > 0 { // playback goes on at the last one
		r.used = []use{{location: r.used[n-1].location}}
	}
	return list
}
