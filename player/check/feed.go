package check

import (
	"context"
	"errors"
	"io"

	"mseplayer/mse/media"
	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
	"mseplayer/player/stream/plan"
)

const (
	// maxAhead is how many pieces of at most 256 KiB are fetched ahead of their decoding.
	maxAhead = 16
	// maxInRow is how many segments in a row may be missing or fail before the rest of a representation is not asked
	// for any more.
	maxInRow = 8
)

// stage says what a piece is.
type stage uint8

const (
	stageBegin stage = iota // of a segment: item is set
	stageData
	stageEnd  // of a segment; err says why it is not complete
	stageStop // nothing follows though there is more; err is set when the list of segments could not be read
)

// piece is what a feed delivers: for each segment a beginning, its bytes and an end.
type piece struct {
	stage stage
	item  plan.Item
	data  []byte
	err   error
}

// errShortRange says that a byte range reaches beyond the end of its resource.
var errShortRange = errors.New("the resource ends within the byte range")

// feed fetches the segments of one representation, ahead of who decodes them.
type feed struct {
	get    *fetch.Client
	origin string
	kind   fetch.Kind // of media segments
	next   func(manifest.Getter) (plan.Item, error)
	// limit is how much is fetched, by the manifest's times; 0 for everything.
	limit media.Span
	out   chan piece
}

// run fetches until everything has been delivered or ctx ends, and closes out.
func (f *feed) run(ctx context.Context) {
	defer close(f.out)
	send := func(p piece) bool {
		select {
		case f.out <- p:
			return true
		case <-ctx.Done():
			return false
		}
	}
	var first media.Opt
	failures := 0
	for {
		it, err := f.next(func(r manifest.Resource) ([]byte, error) { return f.read(ctx, r) })
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			send(piece{stage: stageStop, err: err})
			return
		}
		if !it.Init {
			if !first.Set {
				first = media.Some(it.Start)
			}
			if f.limit > 0 && it.Start.Sub(first.T) >= f.limit {
				send(piece{stage: stageStop})
				return
			}
		}
		if !send(piece{stage: stageBegin, item: it}) {
			return
		}
		n, err := f.body(ctx, it, send)
		if ctx.Err() != nil || !send(piece{stage: stageEnd, item: it, err: err}) {
			return
		}
		if failures++; n > 0 {
			failures = 0
		}
		if failures == maxInRow {
			send(piece{stage: stageStop, item: it})
			return
		}
	}
}

// body delivers the bytes of one segment and returns their number.
func (f *feed) body(ctx context.Context, it plan.Item, send func(piece) bool) (n int64, err error) {
	kind := f.kind
	if it.Init {
		kind = fetch.Init
	}
	resp, err := f.open(ctx, it.Resource, kind)
	if err != nil {
		return 0, err
	}
	defer resp.Close()
	for {
		b, err := resp.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return n, err
		}
		n += int64(len(b))
		if !send(piece{stage: stageData, data: b}) {
			return n, context.Cause(ctx)
		}
	}
	if want := it.Range.Len(); want > 0 && n < want {
		return n, errShortRange
	}
	return n, nil
}

// open begins a request, trying the alternatives of a resource when it cannot be had.
func (f *feed) open(ctx context.Context, r manifest.Resource, kind fetch.Kind) (*fetch.Response, error) {
	resp, err := f.get.Get(ctx, fetch.Request{URL: r.URL, Range: fetch.Range(r.Range), Kind: kind, Origin: f.origin})
	for _, alt := range r.Alternatives {
		if err == nil || ctx.Err() != nil {
			break
		}
		if other, aerr := f.get.Get(ctx, fetch.Request{URL: alt, Range: fetch.Range(r.Range), Kind: kind, Origin: f.origin}); aerr == nil {
			return other, nil
		}
	}
	return resp, err
}

// read gets bytes of a segment index; a range behind the end of its resource is empty.
func (f *feed) read(ctx context.Context, r manifest.Resource) ([]byte, error) {
	resp, err := f.open(ctx, r, fetch.Index)
	if fetch.BehindEnd(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return resp.All()
}
