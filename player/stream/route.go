package stream

import (
	"context"
	"errors"
	"net/http"
	"time"

	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
	"mseplayer/player/steer"
)

// fewAttempts is how often something is asked for at one place where there is more to try than this place: another one, or
// a segment of a live stream, which is asked for again in any case.
const fewAttempts = 2

// source is a body that is on its way, and where it comes from.
type source struct {
	*fetch.Response
	prog  *Program
	place steer.Place
	begun time.Time
}

// failed notes why the body could not be had to its end.
func (s *source) failed(ctx context.Context, err error) {
	if ctx.Err() == nil {
		s.prog.route.Failed(s.place, err, time.Now())
	}
}

// arrived notes that the body was had to its end.
func (s *source) arrived(bytes int) {
	if !s.begun.IsZero() {
		s.prog.route.Succeeded(s.place, int64(bytes), time.Since(s.begun))
	}
}

// attempts is how often r is asked for at one place, 0 for as often as usual.
func (p *Program) attempts(r manifest.Resource, kind fetch.Kind) int {
	if p.spare(r) > 0 || kind == fetch.Segment && p.changing() {
		return fewAttempts
	}
	return 0
}

// spare is how many other places than the first one r may be had from.
func (p *Program) spare(r manifest.Resource) int { return len(p.route.Places(r, time.Now())) - 1 }

// spare is the same for a segment. One that is named without others has been taken from the document of its place, and
// other places have documents of their own.
func (f *Segments) spare(r manifest.Resource) int { return max(f.prog.spare(r), f.track.Places()-1) }

// attempts is the same for a segment.
func (f *Segments) attempts(r manifest.Resource) int {
	if f.spare(r) > 0 {
		return fewAttempts
	}
	return 0
}

// changing reports whether what is streamed is live.
func (p *Program) changing() bool { return p.Latency().Live }

// open begins a request. Its places are tried in the order that is best now.
func (p *Program) open(ctx context.Context, r manifest.Resource, req fetch.Request) (*source, error) {
	var s *source
	err := p.try(ctx, r, req, func(pl steer.Place, resp *fetch.Response) error {
		s = &source{Response: resp, prog: p, place: pl, begun: time.Now()}
		return nil
	})
	return s, err
}

// read gets a whole small resource; a range behind the end of an index is empty.
func (p *Program) read(ctx context.Context, r manifest.Resource, kind fetch.Kind) ([]byte, error) {
	return p.readAs(ctx, r, fetch.Request{Kind: kind})
}

// readAs is read with what else the request says.
func (p *Program) readAs(ctx context.Context, r manifest.Resource, req fetch.Request) ([]byte, error) {
	var all []byte
	err := p.try(ctx, r, req, func(_ steer.Place, resp *fetch.Response) (err error) {
		if all, err = resp.All(); err == nil && req.Kind == fetch.Manifest {
			p.noteWritten(resp.Modified)
		}
		return err
	})
	return all, err
}

// try asks the places of a resource until one of them gives what take accepts.
func (p *Program) try(ctx context.Context, r manifest.Resource, req fetch.Request, take func(steer.Place, *fetch.Response) error) error {
	req.Range, req.Origin = fetch.Range(r.Range), p.Presentation().URL
	if req.Attempts == 0 {
		req.Attempts = p.attempts(r, req.Kind)
	}
	if req.CMCD == nil {
		req.CMCD = p.told()
	}
	return p.route.Try(ctx, r, time.Now, func(pl steer.Place) error {
		req.URL = pl.URL
		resp, err := p.get.Get(ctx, req)
		if fetch.BehindEnd(err) && req.Kind == fetch.Index {
			return nil // an index that ends there is no fault of the place
		}
		if err != nil {
			return err
		}
		from := resp.URL
		if err := take(pl, resp); err != nil {
			return err
		}
		if r.From != nil {
			r.From(pl.Index, pl.Location, from)
		}
		return nil
	})
}

// startSteering gets the steering server ready, and asks it first where the manifest wants that.
func (p *Program) startSteering(ctx context.Context, pres *manifest.Presentation) {
	if pres.Steering == nil {
		return
	}
	poller, err := steer.NewPoller(pres, &p.route, p.askSteering)
	if err != nil {
		p.unsteered(err)
		return
	}
	p.poller = poller
	if pres.Steering.Before {
		p.polled = true
		if err := poller.Poll(ctx); err != nil && ctx.Err() == nil {
			p.unsteered(err)
		}
	}
}

// poll asks the steering server again and again until ctx ends.
func (p *Program) poll(ctx context.Context) {
	if p.poller != nil {
		p.poller.Run(ctx, p.polled, p.unsteered)
	}
}

// unsteered tells that the steering server did not give what it should.
func (p *Program) unsteered(err error) {
	p.log.Warn("content steering; going on in the order that is known", "err", err)
}

// askSteering fetches a steering document.
func (p *Program) askSteering(ctx context.Context, url string) (steer.Answer, error) {
	text, resp, err := p.get.ReadAll(ctx, fetch.Request{URL: url, Kind: fetch.Text, Origin: p.Presentation().URL, Attempts: fewAttempts, CMCD: p.told()})
	var fe *fetch.Error
	if errors.As(err, &fe) && fe.Status == http.StatusGone {
		return steer.Answer{}, steer.ErrGone
	}
	if err != nil {
		return steer.Answer{}, err
	}
	return steer.Answer{Text: text, URL: resp.URL}, nil
}
