package stream

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/stream/plan"
)

const (
	// defaultAhead is how far ahead of the playhead feeds stay.
	defaultAhead media.Span = 30
	// poll is how often a feed that has enough looks at the playhead.
	poll = 200 * time.Millisecond
	// gapPatience is how long playback must have been waiting at a gap before the playhead is moved over it.
	gapPatience = 300 * time.Millisecond
	// maxGaps bounds the list of gaps that were jumped.
	maxGaps = 4096
)

// Category says what an Error is about.
type Category uint8

// The categories.
const (
	Segment Category = iota + 1 // bytes could not be had
	Media                       // bytes are not what they should be
	Policy                      // the buffer refused
)

// String names the category in words.
func (c Category) String() string {
	switch c {
	case Segment:
		return "segment"
	case Media:
		return "media"
	case Policy:
		return "policy"
	default:
		return "impossible category"
	}
}

// Error is a failure that ends streaming.
type Error struct {
	Category Category
	// URL is the resource, without credentials; "" for none. Where is the place in the presentation.
	URL, Where string
	Err        error

	item plan.Item // the segment, where it is about one
}

// Error gives place, resource and cause on one line. The cause may name the resource itself.
func (e *Error) Error() string {
	s := e.Where
	if e.URL != "" {
		s += ": " + e.URL
	}
	return s + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Player is the media element as the engine needs it. Changes of it wake the MediaSource's event loop.
type Player interface {
	// Playhead returns the playback position, and a number that grows with every seek.
	Playhead() (at media.Time, seeks media.Gen)
	// Starving reports whether playback, or a seek, waits for data at the playhead.
	Starving() bool
	// Buffered is what can be played.
	Buffered() media.Ranges
	// Jump moves the playhead over a gap.
	Jump(to media.Time)
}

// Options tune an Engine. The zero value works.
type Options struct {
	// Ahead is how far ahead of the playhead feeds stay, default 30 s.
	Ahead media.Span
	// Quality returns how many pictures there were and how many of them were dropped; nil for unknown.
	Quality func() (total, dropped uint64)
	// View returns the pixels that pictures can be seen in, 0 by 0 for no bound; nil for never any.
	View func() (w, h int)
	// Program is what the feeds are of, nil for a demultiplexed file.
	Program *Program
	// Log gets one line per segment at Debug, gaps and quota at Info and Warn. Nil is silent.
	Log *slog.Logger
}

// Gap is a hole in the media that the playhead was moved over.
type Gap struct{ From, To media.Time }

// Engine feeds one MediaSource. Make it with New.
type Engine struct {
	// immutable
	ms     *mse.MediaSource
	player Player
	opt    Options
	log    *slog.Logger
	wake   chan struct{} // one slot: a feed finished, failed, came or went

	starves atomic.Uint64 // how often playback was interrupted

	mu    sync.Mutex
	feeds []Feed    // guarded by mu; never changed in place
	first time.Time // guarded by mu: when the first media segment had been appended
	gaps  []Gap     // guarded by mu
}

// Feed obtains media for one or more SourceBuffers.
type Feed interface {
	// Run feeds until ctx ends or something fails for good.
	Run(ctx context.Context, e *Engine) error
	// Done reports whether everything from the playhead to the end has been appended.
	Done() bool
	// Edge is how far has been appended, in time.
	Edge() media.Time
	// Cover tells the feed's SourceBuffers that nothing is missing until t; it is called once the feed is done.
	Cover(t media.Time)
	// Nudge is called after changes of the player: work that a seek has made pointless may end.
	Nudge(e *Engine)
}

// New returns an engine for an open MediaSource.
func New(ms *mse.MediaSource, p Player, o Options, feeds ...Feed) *Engine {
	if o.Ahead <= 0 {
		o.Ahead = defaultAhead
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Engine{ms: ms, player: p, opt: o, log: log.With("c", "stream"), feeds: feeds, wake: make(chan struct{}, 1)}
}

// Add makes the engine run another feed. It may be called at any time.
func (e *Engine) Add(f Feed) {
	e.mu.Lock()
	e.feeds = append(slices.Clip(e.feeds), f)
	e.mu.Unlock()
	e.look()
}

// Remove ends a feed. Its SourceBuffers are the caller's from then on, who takes them out of the MediaSource.
func (e *Engine) Remove(f Feed) {
	e.mu.Lock()
	e.feeds = slices.DeleteFunc(slices.Clone(e.feeds), func(o Feed) bool { return o == f })
	e.mu.Unlock()
	e.look()
}

// all returns the feeds that there are.
func (e *Engine) all() []Feed {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.feeds
}

// Gaps returns the holes that playback was helped over.
func (e *Engine) Gaps() []Gap {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Gap(nil), e.gaps...)
}

// FirstSegment returns when the first media segment had been appended, the zero time before.
func (e *Engine) FirstSegment() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.first
}

// appended is told by feeds after each media segment.
func (e *Engine) appended() {
	e.mu.Lock()
	if e.first.IsZero() {
		e.first = time.Now()
	}
	e.mu.Unlock()
	e.look()
}

// look makes Run look at the feeds again.
func (e *Engine) look() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Run streams until ctx ends, which returns its cause, or something fails for good, which also ends the MediaSource
// with an error.
func (e *Engine) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel(nil)
	prog := e.opt.Program
	if prog != nil {
		if err := prog.begin(ctx, e); err != nil {
			var se *Error
			if errors.As(err, &se) {
				e.fail(se)
			}
			return err
		}
		group.Go(func() { prog.run(ctx, e) })
		group.Go(func() { prog.poll(ctx) })
	}
	running := map[Feed]context.CancelFunc{}
	follow := func() {
		for _, f := range e.all() {
			if running[f] != nil {
				continue
			}
			fctx, stop := context.WithCancel(ctx)
			running[f] = stop
			group.Go(func() {
				defer stop()
				err := f.Run(fctx, e)
				if errors.Is(err, mse.ErrInvalidState) && e.ms.ReadyState() == mse.Closed {
					return // the element has given up, and why is told by whoever made it
				}
				if err != nil && fctx.Err() == nil && slices.Contains(e.all(), f) {
					cancel(err)
				}
			})
		}
		for f, stop := range running {
			if !slices.Contains(e.all(), f) {
				stop()
			}
		}
	}
	follow()
	var since time.Time // when the playhead began to starve where it is
	var where media.Time
	var waits starves
	timer := time.NewTimer(poll)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			err := context.Cause(ctx)
			group.Wait()
			var se *Error
			if errors.As(err, &se) {
				e.fail(se)
			}
			return err
		case <-e.wake:
		case <-e.ms.EventLoop().Changed():
		case <-timer.C:
		}
		timer.Reset(poll)
		follow()
		for _, f := range e.all() {
			f.Nudge(e)
		}
		if prog != nil {
			prog.tick(e)
			prog.events.reach(e.player.Playhead())
		}
		e.cover()
		e.end()
		at, seeks := e.player.Playhead()
		starving := e.player.Starving()
		if waits.watch(at, seeks, starving) {
			e.starves.Add(1)
		}
		switch {
		case !starving:
			since = time.Time{}
		case e.lost(at) && e.jump(at):
			since = time.Time{}
		case since.IsZero() || at != where:
			since, where = time.Now(), at
		case time.Since(since) >= gapPatience:
			e.jump(at)
			since = time.Time{}
		}
	}
}

// fail ends the MediaSource with an error. No feed is appending any more.
func (e *Engine) fail(err *Error) {
	reason := mse.EndNetwork
	if err.Category == Media {
		reason = mse.EndDecode
	}
	// It may be ended already, by the append error algorithm.
	if eerr := e.ms.EndOfStreamError(reason, err); eerr != nil {
		e.log.Debug("end of stream", "err", eerr)
	}
}

// end ends the stream once every feed has delivered all it has.
func (e *Engine) end() {
	if e.ms.ReadyState() != mse.Open {
		return
	}
	for _, f := range e.all() {
		if !f.Done() {
			return
		}
	}
	if err := e.ms.EndOfStream(mse.EndNormal); err != nil {
		e.log.Debug("end of stream", "err", err) // a removal is going on; the next look tries again
	}
}

// cover lets feeds that are done keep up with the others: a track that ends early is not one that lacks data.
func (e *Engine) cover() {
	var edge media.Time
	for _, f := range e.all() {
		edge = max(edge, f.Edge())
	}
	for _, f := range e.all() {
		if f.Done() && f.Edge() < edge {
			f.Cover(edge)
		}
	}
}

// lost reports whether the gap that the playhead is at is known to stay.
func (e *Engine) lost(at media.Time) bool {
	next, ok := e.player.Buffered().Next(at)
	return ok && e.opt.Program != nil && e.opt.Program.isLost(at, next.Start)
}

// jump moves the playhead to the next range when nobody is going to fill the gap before it.
func (e *Engine) jump(at media.Time) bool {
	next, ok := e.player.Buffered().Next(at)
	if !ok {
		return false
	}
	for _, f := range e.all() {
		if !f.Done() && f.Edge() < next.Start {
			return false
		}
	}
	e.log.Warn("jumping over a gap", "t", at, "to", next.Start)
	e.moved(at, next.Start)
	if e.opt.Program != nil {
		e.opt.Program.live.jump(e, next.Start)
		return true
	}
	e.player.Jump(next.Start)
	return true
}

// moved notes that the playhead is moved over media.
func (e *Engine) moved(from, to media.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.gaps) < maxGaps {
		e.gaps = append(e.gaps, Gap{From: from, To: to})
	}
}

// rest waits for a change of the buffer or the player, at most for limit.
func (e *Engine) rest(ctx context.Context, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-e.ms.EventLoop().Changed():
	case <-timer.C:
	}
	return nil
}

// append hands bytes to a SourceBuffer. A full buffer is not an error: what lies behind the playhead goes, and the
// feed waits for the playhead to move on. stop reports that the bytes are not wanted any more.
func (e *Engine) append(ctx context.Context, sb *mse.SourceBuffer, p []byte, stop func() bool) error {
	for first := true; ; first = false {
		err := sb.Append(ctx, p)
		if errors.Is(err, mse.ErrInvalidState) {
			// The element has failed, or another feed's append has: there is nothing more to do, and whoever failed
			// tells why.
			<-ctx.Done()
			return context.Cause(ctx)
		}
		if !errors.Is(err, mse.ErrQuotaExceeded) {
			return err
		}
		if stop() {
			return errMoved
		}
		at, _ := e.player.Playhead()
		if first {
			e.log.Info("the buffer is full", "t", at, "bytes", sb.Stats().Bytes)
		}
		if behind := at.Add(-behindWhenFull); behind > 0 {
			if err := sb.RemoveWait(ctx, 0, behind); err != nil && !errors.Is(err, mse.ErrType) {
				return err
			}
		}
		if err := e.rest(ctx, poll); err != nil {
			return err
		}
	}
}

// behindWhenFull is how much before the playhead stays when a full buffer is cleared.
const behindWhenFull media.Span = 2

// errMoved ends the work on a segment that a seek has made pointless.
var errMoved = errors.New("stream: the playhead moved")
