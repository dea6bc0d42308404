package stream

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/crypt"
	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
	"mseplayer/player/stream/plan"
)

const (
	// maxFetched bounds the segments of subtitles that are remembered as fetched.
	maxFetched = 1 << 16
	// textAttempts is how often a segment of subtitles is asked for.
	textAttempts = 3
)

// TextSegment is a segment of subtitles.
type TextSegment struct {
	plan.Item
	// InitData is the initialization segment, nil for none, Data the segment.
	InitData, Data []byte
	// Offset is what is added to the segment's own times. Clock is what is added to times of the clock of the pictures;
	// Known tells whether that is known.
	Offset, Clock media.Span
	Known         bool
}

// TextSink reads segments of subtitles. An error is logged; the segment counts as left out.
type TextSink func(TextSegment) error

// Text is the Feed of subtitles. It keeps as far ahead of the playhead as other feeds do, but nothing ever waits for it,
// and what it cannot have is left out. Make it with NewText.
type Text struct {
	// immutable
	prog     *Program
	supports func(string) (bool, string)

	mu      sync.Mutex
	wish    wish                    // guarded by mu
	changed bool                    // guarded by mu: Run has not taken the wish, or the presentation, over
	reached media.Time              // guarded by mu: how far there is nothing more to fetch
	stuck   bool                    // guarded by mu: the list of segments cannot be had
	seeks   media.Gen               // guarded by mu: the seeks that have been followed
	drop    context.CancelCauseFunc // guarded by mu: ends the fetch under way

	// owned by Run
	have    wish
	track   *plan.Track // nil for nothing to fetch
	over    bool        // there is nothing more on the track
	init    []byte
	initOf  manifest.Resource
	due     time.Time // when to go on after a failure
	fetched map[textKey]bool
}

// wish is which subtitles are wanted.
type wish struct {
	name string
	sink TextSink
}

// textKey names a segment.
type textKey struct {
	track  string
	number int64
	sub    media.Time
}

// NewText returns the feed of a program's subtitles; it fetches nothing until Select. supports reports whether subtitles
// of a type can be read.
func NewText(prog *Program, supports func(mimeType string) (bool, string)) *Text {
	f := &Text{prog: prog, supports: supports}
	prog.text = f
	return f
}

// Select fetches what name names, as in plan.Rules.Text, from the playhead on, and gives it to sink, which is called by
// one goroutine at a time. The name None ends that. It reports what is wrong with the name.
func (f *Text) Select(name string, sink TextSink) error {
	if _, err := plan.SelectText(f.prog.Presentation(), f.supports, name); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wish, f.changed, f.reached, f.stuck = wish{name, sink}, true, 0, false
	if f.drop != nil {
		f.drop(errMoved)
	}
	return nil
}

// Reached reports whether all there is up to t, counted from the playhead, has been fetched or left out.
func (f *Text) Reached(t media.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wish.name == "" || f.wish.name == plan.None || !f.changed && (f.stuck || f.reached > t)
}

// Done implements Feed: nothing waits for subtitles.
func (f *Text) Done() bool { return true }

// Edge implements Feed.
func (f *Text) Edge() media.Time { return 0 }

// Cover implements Feed.
func (f *Text) Cover(media.Time) {}

// Nudge implements Feed.
func (f *Text) Nudge(e *Engine) {
	_, seeks := e.player.Playhead()
	f.mu.Lock()
	defer f.mu.Unlock()
	if seeks != f.seeks && f.drop != nil {
		f.drop(errMoved)
	}
}

// update makes Run go on with the present version of the presentation.
func (f *Text) update() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changed = true
}

// Run implements Feed. It ends with ctx only.
func (f *Text) Run(ctx context.Context, e *Engine) error {
	for {
		f.takeOver(e)
		at := f.follow(e)
		wait := poll
		if f.track != nil && !f.over && f.edge().Sub(at) < e.opt.Ahead && !f.due.After(time.Now()) {
			wait = f.next(ctx, e)
		}
		if wait > 0 {
			if err := e.rest(ctx, wait); err != nil {
				return err
			}
		} else if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// takeOver goes on with what Select and update have changed.
func (f *Text) takeOver(e *Engine) {
	f.mu.Lock()
	changed, want := f.changed, f.wish
	f.mu.Unlock()
	if !changed {
		return
	}
	next, err := plan.SelectText(f.prog.Presentation(), f.supports, want.name)
	if err != nil {
		e.log.Info("subtitles", "err", err) // a later version of the presentation has them no more, or again
		next = nil
	}
	at, _ := e.player.Playhead()
	same := f.track != nil && next != nil && want.name == f.have.name
	f.mu.Lock()
	f.changed = f.wish.name != want.name
	if !same {
		f.reached = 0
	}
	f.mu.Unlock()
	switch {
	case same:
		f.track.Update(next)
	case next == nil:
		f.track = nil
		f.reach(media.Forever)
	default:
		f.track, f.fetched, f.init, f.initOf = next, map[textKey]bool{}, nil, manifest.Resource{}
		f.seek(at)
	}
	f.have, f.over, f.due = want, false, time.Time{}
}

// follow goes where the playhead has gone, and returns where that is.
func (f *Text) follow(e *Engine) media.Time {
	at, seeks := e.player.Playhead()
	f.mu.Lock()
	moved := seeks != f.seeks
	f.seeks = seeks
	f.mu.Unlock()
	if f.track != nil && (moved || f.edge() < at && !f.over) {
		f.over = false
		f.seek(at)
	}
	return at
}

func (f *Text) seek(at media.Time) {
	f.track.Seek(at)
	f.reach(at)
}

func (f *Text) edge() media.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reached
}

func (f *Text) reach(t media.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reached = t
}

// next fetches the next segment and returns how long to wait before there can be another one.
func (f *Text) next(ctx context.Context, e *Engine) time.Duration {
	ctx, drop := context.WithCancelCause(ctx)
	defer drop(nil)
	f.mu.Lock()
	f.drop = drop
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.drop = nil
		f.mu.Unlock()
	}()
	it, err := f.track.Next(f.prog.now(), f.prog.getter(ctx))
	var wait *plan.Wait
	switch {
	case errors.Is(err, io.EOF):
		f.over = true
		f.reach(media.Forever)
		return poll
	case errors.As(err, &wait):
		if wait.Until.IsZero() {
			return poll
		}
		return min(poll, max(wait.Until.Sub(f.prog.now()), time.Millisecond))
	case err != nil:
		if ctx.Err() == nil {
			f.fail(e, err)
			f.due = time.Now().Add(retryEvery)
		}
		return poll
	case it.Gap:
		f.pass(it)
		return 0
	}
	key := textKey{it.Representation.TrackID, it.Number, it.Start}
	if !it.Init && f.fetched[key] {
		f.pass(it)
		return 0
	}
	b, err := f.read(ctx, it)
	switch {
	case ctx.Err() != nil:
		if it.Init {
			f.track.Forget()
		}
		f.track.Seek(f.edge())
		return 0
	case it.Init && err != nil: // without it no segment can be read
		f.track.Forget()
		f.fail(e, err)
		f.due = time.Now().Add(retryEvery)
		return poll
	case it.Init && err == nil:
		f.init, f.initOf = b, it.Resource
		return 0
	case err == nil:
		err = f.hand(ctx, e, it, b)
	}
	if ctx.Err() != nil {
		f.track.Seek(f.edge())
		return 0
	}
	if err != nil {
		l := lossOf(manifest.Text, it, err)
		e.log.Log(ctx, slog.LevelWarn, "subtitles are left out", "what", l.String())
		f.prog.lose(l)
	}
	if len(f.fetched) >= maxFetched {
		clear(f.fetched)
	}
	f.fetched[key] = true
	f.pass(it)
	return 0
}

// fail tells what is wrong with the list of segments, once, and lets nobody wait for it.
func (f *Text) fail(e *Engine, err error) {
	f.mu.Lock()
	again := f.stuck
	f.stuck = true
	f.mu.Unlock()
	if !again {
		e.log.Warn("subtitles cannot be had", "err", err)
	}
}

// pass goes on behind a segment.
func (f *Text) pass(it plan.Item) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reached, f.stuck = max(f.reached, it.End()), false
}

// read fetches a resource and makes it clear.
func (f *Text) read(ctx context.Context, it plan.Item) ([]byte, error) {
	b, err := f.prog.readAs(ctx, it.Resource, fetch.Request{Kind: fetch.Text, Attempts: textAttempts})
	key, iv := it.Key, it.IV
	if it.Init {
		key = it.InitKey
		if key != nil && key.IV != nil {
			iv = *key.IV
		}
	}
	if err != nil || key == nil || !key.Method.WholeResource() {
		return b, err
	}
	secret, err := f.prog.keys.Key(ctx, key)
	if err != nil {
		return nil, err
	}
	d, err := crypt.NewWhole(key, secret, iv)
	if err != nil {
		return nil, err
	}
	clear := slices.Clone(d.Next(b))
	rest, err := d.End()
	return append(clear, rest...), err
}

// hand gives a segment to the sink, with the place of its times.
func (f *Text) hand(ctx context.Context, e *Engine, it plan.Item, b []byte) error {
	s := TextSegment{Item: it, InitData: f.init, Data: b, Offset: it.TimestampOffset}
	if it.Representation.Floating || f.prog.Presentation().Format == manifest.HLS {
		s.Offset = 0
		s.Clock, s.Known = f.awaitPlace(ctx, e, it)
		if s.InitData != nil {
			s.Offset = s.Clock
		}
	}
	return f.have.sink(s)
}

// awaitPlace waits a little for pictures or sound to decide where a stretch belongs.
func (f *Text) awaitPlace(ctx context.Context, e *Engine, it plan.Item) (media.Span, bool) {
	for since := time.Now(); ; {
		d, ok := f.prog.place(it.Discontinuity)
		if ok || len(f.prog.all()) == 0 || time.Since(since) >= placePatience || e.rest(ctx, poll) != nil {
			return d, ok
		}
	}
}
