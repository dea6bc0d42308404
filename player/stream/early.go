package stream

import (
	"context"
	"time"

	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
	"mseplayer/player/stream/plan"
)

// early is the request for the first media segment of a feed, which is on its way together with that for the
// initialization segment: neither needs the other to be asked for. The nil early is none.
type early struct {
	// immutable
	res    manifest.Resource
	begun  time.Time
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when src and err are set

	src *source
	err error
}

// fetchEarly asks for the media segment that follows the initialization segment it, where it is the first one of the feed.
// ctx bounds the body.
func (f *Segments) fetchEarly(ctx context.Context, e *Engine, it plan.Item) *early {
	res, ok := f.track.Peek(f.prog.now(), it.Index)
	if f.rep != "" || !ok {
		return nil
	}
	it.Init, it.Resource = false, res
	req := fetch.Request{Kind: fetch.Segment, Attempts: f.attempts(res), CMCD: f.tell(e, it)}
	r := &early{res: res, begun: time.Now(), done: make(chan struct{})}
	ctx, r.cancel = context.WithCancelCause(ctx)
	go func() {
		defer close(r.done)
		r.src, r.err = f.prog.open(ctx, res, req)
	}()
	return r
}

// takeEarly returns the request for a segment that is on its way, nil for none.
func (f *Segments) takeEarly(it plan.Item) *early {
	r := f.early
	if r == nil || r.res.URL != it.URL || r.res.Range != it.Range {
		return nil
	}
	f.early = nil
	return r
}

// wait returns the answer. When ctx ends, its body does.
func (r *early) wait(ctx context.Context) (*source, error) {
	context.AfterFunc(ctx, func() { r.cancel(context.Cause(ctx)) })
	<-r.done
	return r.src, r.err
}

// drop ends a request that nobody has waited for.
func (r *early) drop() {
	r.cancel(nil)
	<-r.done
	if r.src != nil {
		r.src.Close()
	}
}
