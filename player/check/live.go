package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

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
)

// broadcast is a live presentation that is being watched: as it was described last, and the clock of its server.
type broadcast struct {
	// immutable
	length time.Duration
	skew   time.Duration // what the server's clock shows more than the local one

	mu       sync.Mutex
	pres     *manifest.Presentation // guarded by mu
	changed  chan struct{}          // guarded by mu; closed when pres is replaced
	failures int                    // guarded by mu
	failure  error                  // guarded by mu: the last one
}

// stored reports whether the manifest is a file. A live presentation has been recorded then: what is there is checked.
func stored(p *manifest.Presentation) bool { return strings.HasPrefix(p.URL, "file:") }

// watch begins to follow a presentation, until ctx ends.
func (r *run) watch(ctx context.Context, p *manifest.Presentation) *broadcast {
	b := &broadcast{length: r.opt.LiveDuration, pres: p, changed: make(chan struct{})}
	if b.length <= 0 {
		b.length = defaultLive
	}
	if p.Format == manifest.DASH {
		skew, err := streaming.AskClock(ctx, r.opt.Source.Fetch, p.Live.Clocks, p.URL)
		if err != nil {
			r.opt.Log.Debug("the server's clock", "err", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		b.skew = skew.Offset
	}
	if p.Live.Updater != nil {
		r.group.run(func() { r.update(ctx, b) })
	}
	return b
}

// update asks for later versions of the presentation.
func (r *run) update(ctx context.Context, b *broadcast) {
	get := source.Getter(ctx, r.opt.Source.Fetch, r.source.Presentation.URL)
	for {
		p, _ := b.now()
		if p.Live == nil || p.Live.Updater == nil || pause(ctx, max(p.Live.Refresh, minUpdate), nil) != nil {
			return
		}
		next, err := p.Live.Updater.Update(get)
		if ctx.Err() != nil {
			return
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

// now returns the presentation as it is, and what is closed when it changes.
func (b *broadcast) now() (*manifest.Presentation, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pres, b.changed
}

// findings are what went wrong with the manifest meanwhile.
func (b *broadcast) findings() []Finding {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures == 0 {
		return nil
	}
	return []Finding{{Code: codeNetworkFailed, Severity: manifest.SeverityWarning, Time: Unknown, Evidence: map[string]any{"count": b.failures},
		Message: fmt.Sprintf("the manifest could not be had again, %d times: %s", b.failures, oneLine(reason(b.failure)))}}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

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
	begun := false
	return func(get manifest.Getter) (plan.Item, error) {
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
