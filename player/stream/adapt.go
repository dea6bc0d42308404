package stream

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/abr"
	"mseplayer/player/manifest"
	"mseplayer/player/stream/plan"
)

const (
	// watchEvery is how often a segment that is on its way is looked at, whether to go on with it.
	watchEvery = 250 * time.Millisecond
	// bound is the part of its length that a segment of a live stream may take to arrive and still say something about
	// the network: what takes longer is being produced.
	bound = 0.5
)

// Selector decides about representations, as an *abr.Controller does. It is used by one goroutine at a time.
type Selector interface {
	// Sample tells what a segment took: ttfb until its first byte, d from there to its last.
	Sample(bytes int64, ttfb, d time.Duration, at time.Time)
	// Choose returns the index of the rung to fetch next, and why.
	Choose(abr.State) (rung int, reason string)
	// Abandon says whether to give the current fetch up for another rung of the same segment.
	Abandon(abr.Progress) (rung int, reason string, abandon bool)
	// Log returns the latest decisions.
	Log() []abr.Decision
}

// errAbandoned ends a fetch that takes too long for what is buffered.
var errAbandoned = errors.New("stream: the segment was given up for a smaller one")

// ladder describes representations to a Selector.
func ladder(reps []*manifest.Representation) []abr.Rung {
	out := make([]abr.Rung, len(reps))
	for i, r := range reps {
		out[i] = abr.Rung{ID: r.ID, Bandwidth: r.Bandwidth, Width: r.Width, Height: r.Height, FrameRate: r.FrameRate.Float()}
	}
	return out
}

// state gathers what a decision is made by.
func (f *Segments) state(e *Engine, at media.Time) abr.State {
	reps := f.track.Rungs()
	if !slices.Equal(reps, f.reps) { // what was handed out must not change
		f.reps, f.rungs = reps, ladder(reps)
	}
	s := abr.State{Now: time.Now(), Goal: e.opt.Ahead, Segment: f.length, Rungs: f.rungs, Current: -1, Speed: 1, Live: f.liveness() != nil,
		Playing: !e.player.Starving(), Buffer: max(0, f.Edge().Sub(at))}
	if f.rep != "" {
		s.Current = slices.Index(reps, f.track.Current())
	}
	if p, ok := e.player.(speeder); ok {
		s.Speed = p.PlaybackRate()
	}
	if e.opt.View != nil && f.kind == manifest.Video {
		s.ViewWidth, s.ViewHeight = e.opt.View()
	}
	if e.opt.Quality != nil && f.kind == manifest.Video {
		s.Total, s.Dropped = e.opt.Quality()
	}
	return s
}

// Decisions returns the latest decisions about representations.
func (f *Segments) Decisions() []abr.Decision {
	if f.sel == nil {
		return nil
	}
	f.selMu.Lock()
	defer f.selMu.Unlock()
	return f.sel.Log()
}

// choose decides once for each segment which representation it is fetched of.
func (f *Segments) choose(e *Engine, at media.Time) {
	reps := f.track.Rungs()
	if f.sel == nil || f.chosen || len(reps) < 2 {
		return
	}
	f.chosen = true
	f.selMu.Lock()
	i, why := f.sel.Choose(f.state(e, at))
	f.selMu.Unlock()
	if i >= 0 && i < len(reps) && reps[i] != f.track.Current() && f.track.Use(reps[i]) {
		f.why = cmp.Or(f.why, why)
	}
}

// meter measures the fetch of one segment, and watches it. The nil meter does nothing.
type meter struct {
	f      *Segments
	it     plan.Item
	cancel context.CancelCauseFunc
	over   chan struct{} // closed when watching has ended
	begun  time.Time

	mu    sync.Mutex
	first time.Time // guarded by mu: when the header was there
	local bool      // guarded by mu: it does not come from a network
	bytes int64     // guarded by mu
	size  int64     // guarded by mu: 0 for unknown
	// written by watch before it ends
	to  *manifest.Representation
	why string
}

// measure begins to measure a segment that was asked for at begun. The context that it returns ends when the segment is to be given up.
func (f *Segments) measure(ctx context.Context, e *Engine, it plan.Item, begun time.Time) (context.Context, *meter) {
	f.length = it.Duration
	if f.sel == nil {
		return ctx, nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	m := &meter{f: f, it: it, cancel: cancel, over: make(chan struct{}), begun: begun}
	reps := f.track.Rungs()
	at, _ := e.player.Playhead()
	s := f.state(e, at)
	go func() {
		defer close(m.over)
		if s.Current > 0 {
			m.watch(ctx, e, s, reps)
		}
	}()
	return ctx, m
}

// watch gives the segment up when the Selector says so.
func (m *meter) watch(ctx context.Context, e *Engine, s abr.State, reps []*manifest.Representation) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		at, _ := e.player.Playhead()
		m.mu.Lock()
		p := abr.Progress{State: s, Elapsed: time.Since(m.begun), Got: m.bytes, Size: m.size}
		m.mu.Unlock()
		p.Now, p.Buffer, p.Playing = time.Now(), max(0, m.f.Edge().Sub(at)), !e.player.Starving()
		m.f.selMu.Lock()
		i, why, abandon := m.f.sel.Abandon(p)
		m.f.selMu.Unlock()
		if !abandon || i < 0 || i >= len(reps) || i == s.Current {
			continue
		}
		m.to, m.why = reps[i], why
		m.cancel(errAbandoned)
		return
	}
}

// opened notes that the header of the answer is there.
func (m *meter) opened(r *source) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.first, m.size, m.local = r.begun, max(0, r.Length), r.Status == 0
}

// got notes that n bytes have arrived.
func (m *meter) got(n int) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes += int64(n)
}

// done tells the Selector about the fetch.
func (m *meter) done() {
	if m == nil {
		return
	}
	m.mu.Lock()
	first, bytes, local := m.first, m.bytes, m.local
	m.mu.Unlock()
	now := time.Now()
	took := now.Sub(first)
	produced := m.it.Representation.Chunked && m.f.liveness() != nil && took > seconds(bound*float64(m.it.Duration))
	if local || produced {
		return
	}
	m.f.selMu.Lock()
	defer m.f.selMu.Unlock()
	m.f.sel.Sample(bytes, first.Sub(m.begun), took, now)
}

// blame tells an abandoned fetch from one that failed, and makes the feed go on with the other representation.
func (m *meter) blame(ctx context.Context, err error) error {
	if m == nil || err == nil || !errors.Is(context.Cause(ctx), errAbandoned) {
		return err
	}
	<-m.over
	m.f.track.Use(m.to)
	m.f.why = m.why
	return errAbandoned
}

// stop ends watching.
func (m *meter) stop() {
	if m != nil {
		m.cancel(nil)
		<-m.over
	}
}
