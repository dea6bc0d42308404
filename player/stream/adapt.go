package stream

import (
	"context"
	"errors"
	"sync"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/fetch"
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

// Rung is one representation that can be switched to.
type Rung struct {
	ID            string
	Bandwidth     int64 // bits per second
	Width, Height int
	FrameRate     float64
}

// State is what a decision about representations is made by.
type State struct {
	Now time.Time
	// Buffer is what is buffered after the playhead, Goal what is wanted, Segment the length of a segment.
	Buffer, Goal, Segment media.Span
	// Rungs are in ascending order of bandwidth; Current is the index of what was fetched last.
	Rungs   []Rung
	Current int
	// Speed is the playback rate, Playing whether playback goes on.
	Speed   float64
	Live    bool
	Playing bool
	// Total and Dropped count pictures.
	Total, Dropped uint64
}

// Progress is how far the fetch of a segment is.
type Progress struct {
	Now     time.Time
	Elapsed time.Duration
	// Got of Size bytes have arrived; Size is -1 when unknown.
	Got, Size int64
	State     State
}

// Selector decides about representations. It is used by one goroutine at a time.
type Selector interface {
	// Sample tells what a segment took: ttfb until its first byte, d from there to its last.
	Sample(bytes int64, ttfb, d time.Duration, at time.Time)
	// Choose returns the index of the rung to fetch next, and why.
	Choose(State) (rung int, reason string)
	// Abandon says whether to give the current fetch up for another rung of the same segment.
	Abandon(Progress) (rung int, reason string, abandon bool)
}

// errAbandoned ends a fetch that takes too long for what is buffered.
var errAbandoned = errors.New("stream: the segment was given up for a smaller one")

// rungs describes representations to a Selector.
func rungs(reps []*manifest.Representation) []Rung {
	out := make([]Rung, len(reps))
	for i, r := range reps {
		out[i] = Rung{r.ID, r.Bandwidth, r.Width, r.Height, r.FrameRate.Float()}
	}
	return out
}

// state gathers what a decision is made by.
func (f *Segments) state(e *Engine, at media.Time) State {
	reps := f.track.Rungs()
	s := State{Now: time.Now(), Goal: e.opt.Ahead, Rungs: rungs(reps), Speed: 1, Live: f.liveness() != nil, Playing: !e.player.Starving()}
	s.Buffer = max(0, f.Edge().Sub(at))
	for i, r := range reps {
		if r == f.track.Current() {
			s.Current = i
		}
	}
	f.mu.Lock()
	s.Segment = f.length
	f.mu.Unlock()
	if p, ok := e.player.(speeder); ok {
		s.Speed = p.PlaybackRate()
	}
	if e.opt.Quality != nil {
		s.Total, s.Dropped = e.opt.Quality()
	}
	return s
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
		f.why = why
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
	bytes int64     // guarded by mu
	size  int64     // guarded by mu
	to    *manifest.Representation
	why   string
}

// measure begins to measure a segment. The context that it returns ends when the segment is to be given up.
func (f *Segments) measure(ctx context.Context, e *Engine, it plan.Item) (context.Context, *meter) {
	f.mu.Lock()
	f.length = it.Duration
	f.mu.Unlock()
	if f.sel == nil {
		return ctx, nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	m := &meter{f: f, it: it, cancel: cancel, over: make(chan struct{}), begun: time.Now(), size: -1}
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
func (m *meter) watch(ctx context.Context, e *Engine, s State, reps []*manifest.Representation) {
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
		p := Progress{Now: time.Now(), Elapsed: time.Since(m.begun), Got: m.bytes, Size: m.size, State: s}
		m.mu.Unlock()
		p.State.Now, p.State.Buffer, p.State.Playing = p.Now, max(0, m.f.Edge().Sub(at)), !e.player.Starving()
		m.f.selMu.Lock()
		i, why, abandon := m.f.sel.Abandon(p)
		m.f.selMu.Unlock()
		if !abandon || i < 0 || i >= len(reps) || i == s.Current {
			continue
		}
		m.mu.Lock()
		m.to, m.why = reps[i], why
		m.mu.Unlock()
		m.cancel(errAbandoned)
		return
	}
}

// opened notes that the header of the answer is there.
func (m *meter) opened(r *fetch.Response) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.first, m.size = time.Now(), r.Length
	if r.Status == 0 {
		m.begun = time.Time{} // not from a network
	}
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
	first, bytes := m.first, m.bytes
	m.mu.Unlock()
	now := time.Now()
	took := now.Sub(first)
	produced := m.it.Representation.Chunked && m.f.liveness() != nil && took > seconds(bound*float64(m.it.Duration))
	if m.begun.IsZero() || produced {
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
