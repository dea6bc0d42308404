package element

import (
	"context"
	"errors"
	"io"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/present"
)

// refillRun decodes pictures for the history while somebody steps: a reader, a decoder and a goroutine besides those that
// play, which know nothing of it.
type refillRun struct {
	sink   *present.Refill
	before bool
	reader *mse.Reader
	worker *decode.VideoWorker
	stop   context.CancelFunc
}

// refill has the missing pictures decoded. It reports false when that leads nowhere: they are not buffered, or cannot be
// decoded.
func (e *Element) refill(ctx context.Context, m present.Missing) bool {
	c := &e.ctl
	if f := c.refill; f != nil && f.before == m.Before {
		return true
	}
	e.stopRefill()
	if m.Barren || c.video == nil {
		return false
	}
	var from, until media.Time
	ok := false
	e.loop.Do(func(tx *mse.Tx) {
		if e.gen == c.applied {
			from, until, ok = refillFrom(e.att.BufferedTx(tx), m)
		}
	})
	if !ok {
		return false
	}
	r, err := e.att.Reader(c.video.track)
	if err != nil {
		return false
	}
	rctx, stop := context.WithCancel(ctx)
	sink := e.queue.Refill(m, until)
	w := decode.NewVideoWorker(endingReader{r}, e.opt.Decoders, sink, decode.WorkerOptions{Decoder: e.decoder(), Wake: e.look, Log: e.log})
	c.refill = &refillRun{sink, m.Before, r, w, stop}
	r.Seek(from, c.applied)
	c.group.Go(func() { w.Run(rctx) })
	return true
}

// refillFrom is where to begin to read for the missing pictures, and to where those before the history reach.
func refillFrom(buffered media.Ranges, m present.Missing) (from, until media.Time, ok bool) {
	if !m.Before {
		_, ok = buffered.Find(m.At)
		return m.At, 0, ok
	}
	r, ok := rangeBefore(buffered, m.At.Add(-stepBack))
	until = min(m.At, r.End)
	return max(until.Add(-stepBack-m.Span), r.Start), until, ok
}

// stopRefill ends what refill began.
func (e *Element) stopRefill() {
	c := &e.ctl
	if c.refill == nil {
		return
	}
	c.refill.stop()
	c.refill.reader.Close()
	c.refill = nil
}

// followRefill begins and ends what fills the history while somebody steps. It returns when to look again.
func (e *Element) followRefill(ctx context.Context, paused bool) time.Duration {
	c := &e.ctl
	if !paused {
		e.stopRefill()
		return hush
	}
	if f := c.refill; f != nil {
		switch {
		case f.sink.Over():
			e.stopRefill()
		case f.worker.Status().State == decode.Failed:
			f.sink.Finish()
			e.stopRefill()
		case f.reader.Waiting():
			// All there is has been read, or it has been removed since.
			located := true
			e.loop.Do(func(tx *mse.Tx) { located = f.reader.LocatedTx(tx) })
			if located {
				f.reader.Dry()
			} else {
				f.sink.Finish()
				e.stopRefill()
			}
		}
	}
	if m, ok := e.queue.Missing(); ok {
		e.refill(ctx, m)
	}
	if f := c.refill; f != nil && f.sink.Busy() {
		return tick
	}
	return hush
}

// endingReader ends where there is nothing more to read for now.
type endingReader struct{ *mse.Reader }

// Next implements decode.Source.
func (r endingReader) Next(ctx context.Context) (mse.Item, error) {
	it, err := r.Reader.Next(ctx)
	if errors.Is(err, mse.ErrDry) {
		err = io.EOF
	}
	return it, err
}
