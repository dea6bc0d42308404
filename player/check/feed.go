package check

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"mseplayer/mse/media"
	"mseplayer/player/crypt"
	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
	"mseplayer/player/source"
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
	// sample is the key of the samples of a segment, where the playlist tells it. keyErr is why it is not known.
	sample *media.SampleKey
	keyErr error
}

// keyError says that the key of a segment that is encrypted as a whole cannot be had.
type keyError struct {
	key *manifest.Key
	err error
}

// Error says what is wrong.
func (e *keyError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *keyError) Unwrap() error { return e.err }

// errShortRange says that a byte range reaches beyond the end of its resource.
var errShortRange = errors.New("the resource ends within the byte range")

// feed fetches the segments of one representation, ahead of who decodes them.
type feed struct {
	get    *fetch.Client
	origin string
	kind   fetch.Kind // of media segments
	next   func(manifest.Getter) (plan.Item, error)
	ring   *crypt.Keyring
	keys   *crypt.Store
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
	get := source.Getter(ctx, f.get, f.origin)
	for {
		it, err := f.next(get)
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
		begin := piece{stage: stageBegin, item: it}
		if !it.Gap {
			begin.sample, begin.keyErr = f.sampleKey(ctx, it)
		}
		if !send(begin) {
			return
		}
		if it.Gap {
			continue
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

// sampleKey gets the key of the samples of a segment, where the playlist names one.
func (f *feed) sampleKey(ctx context.Context, it plan.Item) (*media.SampleKey, error) {
	if it.Init || it.Key == nil || it.Key.Method.WholeResource() {
		return nil, nil
	}
	var secret []byte
	if crypt.Fetched(it.Key) {
		var err error
		if secret, err = f.ring.Key(ctx, it.Key); err != nil {
			// Nobody has the key of this name, so the samples count as encrypted without one.
			sum := sha256.Sum256([]byte(it.Key.URL))
			return &media.SampleKey{KID: [crypt.KeyBytes]byte(sum[:]), IV: it.IV}, &keyError{it.Key, err}
		}
	}
	return f.keys.SampleKey(it.Key, it.IV, secret)
}

// decrypter returns what makes a segment clear that is encrypted as a whole, nil for any other.
func (f *feed) decrypter(ctx context.Context, it plan.Item) (*crypt.Whole, error) {
	key, iv := it.Key, it.IV
	if it.Init {
		if key = it.InitKey; key != nil && key.IV != nil {
			iv = *key.IV
		}
	}
	if key == nil || !key.Method.WholeResource() {
		return nil, nil
	}
	if !crypt.Fetched(key) {
		return nil, &keyError{key, fmt.Errorf("its %s key is given by %s only, which the player does not do", key.Method, key.Format)}
	}
	secret, err := f.ring.Key(ctx, key)
	if err != nil {
		return nil, &keyError{key, err}
	}
	return crypt.NewWhole(key, secret, iv)
}

// body delivers the bytes of one segment and returns their number.
func (f *feed) body(ctx context.Context, it plan.Item, send func(piece) bool) (n int64, err error) {
	kind := f.kind
	if it.Init {
		kind = fetch.Init
	}
	clear, err := f.decrypter(ctx, it)
	if err != nil {
		return 0, err
	}
	resp, err := open(ctx, f.get, f.origin, it.Resource, kind)
	if err != nil {
		return 0, err
	}
	defer resp.Close()
	deliver := func(b []byte) bool { return len(b) == 0 || send(piece{stage: stageData, data: b}) }
	for {
		b, err := resp.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return n, err
		}
		n += int64(len(b))
		if !deliver(clear.Next(b)) {
			return n, context.Cause(ctx)
		}
	}
	if want := it.Range.Len(); want > 0 && n < want {
		return n, errShortRange
	}
	if n == 0 {
		return n, nil
	}
	rest, err := clear.End()
	if err != nil {
		return n, err
	}
	if !deliver(rest) {
		return n, context.Cause(ctx)
	}
	return n, nil
}

// open begins a request, trying the alternatives of a resource when it cannot be had.
func open(ctx context.Context, get *fetch.Client, origin string, r manifest.Resource, kind fetch.Kind) (*fetch.Response, error) {
	var first error
	for i, url := range append([]string{r.URL}, r.Alternatives...) {
		resp, err := get.Get(ctx, fetch.Request{URL: url, Range: fetch.Range(r.Range), Kind: kind, Origin: origin})
		if err == nil {
			if r.From != nil {
				r.From(i, "", resp.URL)
			}
			return resp, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}
