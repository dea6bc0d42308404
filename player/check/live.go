package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/manifest"
	"mseplayer/player/source"
	streaming "mseplayer/player/stream"
	"mseplayer/player/stream/plan"
)

const (
	// defaultLive is how long a live presentation is watched, maxWatched how many of its tracks at the same time at most.
	defaultLive, maxWatched = 30 * time.Second, 64
	// minUpdate is the least time between two requests for the manifest.
	minUpdate = 500 * time.Millisecond
	// maxAdded bounds the tracks that come while a presentation is watched, maxLater the findings about its manifest.
	maxAdded, maxLater = 256, 100
)

// broadcast is a live presentation that is being watched: as it was described last, and the clock of its server.
type broadcast struct {
	// immutable
	length time.Duration
	until  time.Time
	skew   time.Duration // what the server's clock shows more than the local one
	look   watcher
	added  sync.WaitGroup // for tasks

	mu       sync.Mutex
	over     bool                   // guarded by mu: no task is added any more
	tasks    []task                 // guarded by mu: of periods that began meanwhile
	known    map[string]bool        // guarded by mu: tracks that have a task, or are to have none
	later    []Finding              // guarded by mu: about later versions of the manifest
	pres     *manifest.Presentation // guarded by mu
	changed  chan struct{}          // guarded by mu; closed when pres is replaced
	failures int                    // guarded by mu
	failure  error                  // guarded by mu: the last one
}

// stored reports whether the manifest is a file. A live presentation has been recorded then: what is there is checked.
func stored(p *manifest.Presentation) bool { return strings.HasPrefix(p.URL, "file:") }

// watch begins to follow a presentation, until ctx ends.
func (r *run) watch(ctx context.Context, p *manifest.Presentation) {
	b := &broadcast{length: r.opt.LiveDuration, pres: p, changed: make(chan struct{}), known: map[string]bool{}}
	if b.length <= 0 {
		b.length = defaultLive
	}
	b.until = time.Now().Add(b.length)
	for _, name := range trackNames(p) {
		b.known[name] = true
	}
	if p.Format == manifest.DASH {
		skew, err := streaming.AskClock(ctx, r.opt.Source.Fetch, p.Live.Clocks, p.URL)
		if err != nil {
			r.opt.Log.Debug("the server's clock", "err", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		b.skew = skew.Offset
	}
	r.broadcast = b
	if p.Live.Updater != nil {
		r.group.run(func() { r.update(ctx, b) })
	}
}

// update asks for later versions of the presentation.
func (r *run) update(ctx context.Context, b *broadcast) {
	get := b.look.get(source.Getter(ctx, r.opt.Source.Fetch, r.source.Presentation.URL))
	for {
		p, _ := b.now()
		if p.Live == nil || p.Live.Updater == nil || pause(ctx, max(p.Live.Refresh, minUpdate), nil) != nil {
			return
		}
		next, err := p.Live.Updater.Update(time.Now().Add(b.skew), get)
		if ctx.Err() != nil {
			return
		}
		if err == nil && next != nil {
			r.adopt(b, next)
		}
		b.mu.Lock()
		switch {
		case err != nil:
			b.failures, b.failure = b.failures+1, err
		case next != nil:
			b.pres = next
			close(b.changed)
			b.changed = make(chan struct{})
		}
		b.mu.Unlock()
	}
}

// adopt begins to check what a later version of the presentation lists besides, and notes what is wrong with it.
func (r *run) adopt(b *broadcast, p *manifest.Presentation) {
	o := mse.Options{Formats: r.opt.Formats, Decodes: r.decodes()}
	_, left := plan.All(p, o.IsTypeSupported)
	was, _ := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range manifestFindings(p) {
		same := func(o Finding) bool { return o.Code == f.Code && o.Message == f.Message }
		if !slices.ContainsFunc(manifestFindings(was), same) && !slices.ContainsFunc(b.later, same) && len(b.later) < maxLater {
			b.later = append(b.later, f)
		}
	}
	for _, per := range p.Periods {
		for _, set := range per.Sets {
			for _, rep := range set.Representations {
				if b.known[rep.TrackID] || b.over || len(b.tasks) == maxAdded || rep.Unusable == "" && rep.Segments == nil && rep.Lazy == nil {
					continue
				}
				b.known[rep.TrackID] = true
				if !r.wants(set, rep) {
					continue
				}
				t := &segmentTask{run: r, choice: plan.Choice{Period: per, Set: set, Representations: []*manifest.Representation{rep}}, rep: rep}
				if i := slices.IndexFunc(left, func(l plan.LeftOut) bool { return l.Rep == rep }); i >= 0 {
					t.unsupported = left[i].Reason
				}
				b.tasks = append(b.tasks, t)
				r.advance(func(p *Progress) { p.Total++ })
				b.added.Add(1)
				r.group.run(func() {
					defer b.added.Done()
					t.work(1)
					r.advance(func(p *Progress) { p.Tracks++ })
				})
			}
		}
	}
}

// wants reports whether a representation is to be checked.
func (r *run) wants(set *manifest.AdaptationSet, rep *manifest.Representation) bool {
	if names := r.opt.Representations; len(names) > 0 && !slices.Contains(names, rep.TrackID) && !slices.Contains(names, rep.ID) {
		return false
	}
	best := slices.MaxFunc(set.Representations, func(a, b *manifest.Representation) int { return cmp.Compare(a.Bandwidth, b.Bandwidth) })
	return !r.opt.FirstOnly || rep == best
}

// finish waits for the tasks that were added, and returns them.
func (b *broadcast) finish() []task {
	b.mu.Lock()
	b.over = true
	b.mu.Unlock()
	b.added.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tasks
}

// now returns the presentation as it is, and what is closed when it changes.
func (b *broadcast) now() (*manifest.Presentation, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pres, b.changed
}

// findings are what went wrong with the manifest meanwhile.
func (b *broadcast) findings() []Finding {
	seen := b.look.findings(time.Now())
	b.mu.Lock()
	defer b.mu.Unlock()
	out := append(slices.Clone(b.later), seen...)
	if b.failures == 0 {
		return out
	}
	return append(out, Finding{Code: codeNetworkFailed, Severity: manifest.SeverityWarning, Time: Unknown, Evidence: map[string]any{"count": b.failures},
		Message: fmt.Sprintf("the manifest could not be had again, %d times: %s", b.failures, strings.Join(strings.Fields(reason(b.failure)), " "))})
}

// pause waits, until changed is closed at the latest. It fails when ctx ends.
func pause(ctx context.Context, d time.Duration, changed <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// follow returns what names the segments of a representation of a live presentation, from as long before the live edge as
// it is to be watched, as they come.
func (t *segmentTask) follow(ctx context.Context) func(manifest.Getter) (plan.Item, error) {
	b := t.broadcast
	pres, changed := b.now()
	track := plan.Watch(pres, t.choice)
	end := time.Now().Add(b.length)
	b.mu.Lock()
	if slices.Contains(b.tasks, task(t)) {
		end = b.until
	}
	b.mu.Unlock()
	begun := false
	return func(get manifest.Getter) (plan.Item, error) {
		get = b.look.get(get)
		for {
			now := time.Now()
			if !now.Before(end) {
				return plan.Item{}, io.EOF
			}
			if p, c := b.now(); p != pres {
				pres, changed = p, c
				if choice, ok := choiceOf(p, t.rep.TrackID); ok {
					track.Update(plan.Watch(p, choice))
				}
			}
			at := now.Add(b.skew)
			if !begun {
				x, err := track.Extent(at, get)
				if err != nil {
					return plan.Item{}, err
				}
				if from := x.End.Add(-media.Span(b.length.Seconds())); from > x.Start {
					track.Seek(from)
				}
				begun = true
			}
			it, err := track.Next(at, get)
			t.learn(track.Findings())
			var w *plan.Wait
			if !errors.As(err, &w) {
				return it, err
			}
			left := end.Sub(now)
			if !w.Until.IsZero() {
				left = min(left, max(w.Until.Sub(at), time.Millisecond))
			}
			if err := pause(ctx, left, changed); err != nil {
				return plan.Item{}, err
			}
		}
	}
}

// choiceOf finds a representation by its track id.
func choiceOf(p *manifest.Presentation, id string) (plan.Choice, bool) {
	for _, per := range p.Periods {
		for _, set := range per.Sets {
			for _, r := range set.Representations {
				if r.TrackID == id && (r.Segments != nil || r.Lazy != nil) {
					return plan.Choice{Period: per, Set: set, Representations: []*manifest.Representation{r}}, true
				}
			}
		}
	}
	return plan.Choice{}, false
}
