package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
	"mseplayer/player/stream/plan"
)

// skipMargin is how much of a segment may be missing in the buffer for it to count as there, in seconds.
const skipMargin media.Span = 0.1

const (
	// retryEvery is how often a segment that could not be had is asked for again while playback goes on.
	retryEvery = 2 * time.Second
	// maxHole is how long a hole between two segments may be for playback to go through it, in seconds. Longer ones are
	// jumped over.
	maxHole media.Span = 0.25
	// endMargin is how close to the edge of what is buffered playback stops.
	endMargin media.Span = 0.5
)

// Segments is the Feed of one kind of track of a presentation.
type Segments struct {
	// immutable
	pres  *manifest.Presentation
	track *plan.Track
	sb    *mse.SourceBuffer
	get   *fetch.Client
	kind  manifest.Kind

	mu    sync.Mutex
	done  bool                    // guarded by mu
	edge  media.Time              // guarded by mu
	using []Use                   // guarded by mu
	seeks media.Gen               // guarded by mu: the player's number of seeks that have been followed
	drop  context.CancelCauseFunc // guarded by mu: ends the work on the current segment
	// guarded by mu: whose codecs string CheckCodecs complained about last
	warned *manifest.Representation

	// owned by Run
	rep     *manifest.Representation // whose initialization segment was appended last
	period  *manifest.Period
	covered bool
	told    string // the failure that was last told of
	pushed  int64  // bytes that the SourceBuffer's parser has seen since it was reset
}

// Use is one representation that was begun.
type Use struct {
	At   media.Time
	Kind manifest.Kind
	Rep  *manifest.Representation
}

// NewSegments returns a feed of what track lists into sb.
func NewSegments(pres *manifest.Presentation, track *plan.Track, kind manifest.Kind, sb *mse.SourceBuffer, get *fetch.Client) *Segments {
	return &Segments{pres: pres, track: track, sb: sb, get: get, kind: kind}
}

// Done implements Feed.
func (f *Segments) Done() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.done
}

// Edge implements Feed.
func (f *Segments) Edge() media.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.edge
}

// Uses lists the representations that have been begun, in order.
func (f *Segments) Uses() []Use {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Use(nil), f.using...)
}

// CheckCodecs calls warn when the codecs string of the representation in use names another codec than its
// initialization segment does, once as long as the same representation is in use.
func (f *Segments) CheckCodecs(warn func(rep *manifest.Representation, got string)) {
	uses := f.Uses()
	if len(uses) == 0 {
		return
	}
	rep := uses[len(uses)-1].Rep
	declared, err := mime.ParseCodecs(rep.Codecs)
	if rep.Codecs == "" {
		return
	}
	for _, t := range f.sb.Tracks() {
		c := t.Info().Config
		fits := err == nil && slices.ContainsFunc(declared, func(d mime.Codec) bool { return d.ID == c.Codec })
		if t.Kind() == media.Text || fits {
			continue
		}
		f.mu.Lock()
		again := f.warned == rep
		f.warned = rep
		f.mu.Unlock()
		if !again {
			warn(rep, c.CodecString)
		}
	}
}

// Cover implements Feed.
func (f *Segments) Cover(t media.Time) {
	f.mu.Lock()
	from := f.edge
	f.mu.Unlock()
	f.sb.Cover(from, t)
}

func (f *Segments) set(done bool, edge media.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done, f.edge = done, edge
}

// Run implements Feed.
func (f *Segments) Run(ctx context.Context, e *Engine) error {
	at, seeks := e.player.Playhead()
	f.followed(seeks)
	if at > 0 {
		f.track.Seek(at)
		f.set(false, at)
	}
	for {
		at, seeks := e.player.Playhead()
		if f.followed(seeks) {
			f.move(at)
		}
		if f.Done() || f.Edge().Sub(at) >= e.opt.Ahead {
			if err := e.rest(ctx); err != nil {
				return err
			}
			continue
		}
		sctx, drop := context.WithCancelCause(ctx)
		f.mu.Lock()
		f.drop = drop
		f.mu.Unlock()
		err := f.next(sctx, e)
		drop(nil)
		switch {
		case errors.Is(err, io.EOF):
			f.set(true, f.bufferedEnd())
			e.look()
		case errors.Is(err, errMoved):
			if err := f.reset(); err != nil {
				return err
			}
		case err != nil:
			if err := f.outlast(ctx, e, err); err != nil {
				return err
			}
		}
	}
}

// outlast puts a failure off: what is buffered before it is played, and meanwhile the network may come back. It returns
// the error once playback waits for what could not be had, nil to try again.
func (f *Segments) outlast(ctx context.Context, e *Engine, failure error) error {
	var se *Error
	if !errors.As(failure, &se) || se.Category != Segment {
		return failure
	}
	var fe *fetch.Error
	missing := errors.As(failure, &fe) && fe.Missing()
	if text := failure.Error(); text != f.told {
		f.told = text
		e.log.Warn(text)
	}
	for since := time.Now(); missing || time.Since(since) < retryEvery; {
		at, seeks := e.player.Playhead()
		if f.playedOut(at) && (e.player.Starving() || f.Edge() <= at) {
			return failure
		}
		f.mu.Lock()
		moved := seeks != f.seeks
		f.mu.Unlock()
		if moved {
			break
		}
		if err := e.rest(ctx); err != nil {
			return err
		}
	}
	return f.reset()
}

// playedOut reports whether next to nothing is buffered after t.
func (f *Segments) playedOut(t media.Time) bool {
	r, err := f.sb.Buffered()
	return err != nil || r.End() <= t.Add(endMargin)
}

// bufferedEnd is the end of what is buffered, which may lie a little off what the manifest says.
func (f *Segments) bufferedEnd() media.Time {
	edge := f.Edge()
	if r, err := f.sb.Buffered(); err == nil && len(r) > 0 {
		edge = r.End()
	}
	return edge
}

// move follows a seek: go on where what is buffered at the new position ends.
func (f *Segments) move(at media.Time) {
	from := at
	if r, err := f.sb.Buffered(); err == nil {
		if x, ok := r.Find(at); ok {
			from = x.End
			if f.Done() && x.End >= r.End() {
				return // everything up to the end is there
			}
			if edge := f.Edge(); edge >= x.Start && edge <= x.End.Add(skipMargin) && edge >= x.End.Add(-skipMargin) {
				return // appending goes on there anyway
			}
		}
	}
	f.track.Seek(from.Add(1e-3))
	f.rep = nil
	f.set(false, from)
}

// followed notes the number of seeks and reports whether it is new.
func (f *Segments) followed(seeks media.Gen) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	is := seeks != f.seeks
	f.seeks = seeks
	return is
}

// Nudge implements Feed: a fetch whose bytes nobody wants any more ends at once.
func (f *Segments) Nudge(e *Engine) {
	if f.moved(e) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.drop != nil {
			f.drop(errMoved)
		}
	}
}

// moved reports whether a seek has led away from what is being appended.
func (f *Segments) moved(e *Engine) bool {
	at, seeks := e.player.Playhead()
	f.mu.Lock()
	same := seeks == f.seeks
	f.mu.Unlock()
	if same {
		return false
	}
	if r, err := f.sb.Buffered(); err == nil {
		if _, ok := r.Find(at); ok {
			return false // let the segment finish; Run follows the seek then
		}
	}
	return true
}

// reset forgets half a segment.
func (f *Segments) reset() error {
	if f.sb.Updating() {
		return nil
	}
	f.pushed = 0
	err := f.sb.Abort()
	if errors.Is(err, mse.ErrInvalidState) {
		err = nil // ended or closed meanwhile
	}
	f.rep, f.period = nil, nil
	f.track.Seek(f.Edge().Add(1e-3)) // the segment that was given up is still to come
	return err
}

// next fetches and appends one segment.
func (f *Segments) next(ctx context.Context, e *Engine) error {
	it, err := f.track.Next(func(r manifest.Resource) ([]byte, error) { return f.read(ctx, r, fetch.Index) })
	if errors.Is(err, io.EOF) {
		return err
	}
	if err != nil {
		return f.wrap(plan.Item{}, Segment, err)
	}
	if !it.Init && it.Representation == f.rep && it.Representation.Addressing != manifest.Nominal && f.buffered(it) {
		f.set(false, it.End())
		return nil
	}
	if err := f.prepare(it); err != nil {
		return f.wrap(it, Policy, err)
	}
	if it.Init {
		b, err := f.read(ctx, it.Resource, fetch.Init)
		if err == nil && len(b) == 0 {
			err = errors.New("the initialization segment is empty")
		}
		if err != nil {
			return f.wrap(it, Segment, err)
		}
		f.begin(it)
		base := f.pushed
		if err := f.push(ctx, e, b); err != nil {
			return f.wrap(it, Media, within(err, base))
		}
		return nil
	}
	if f.rep != it.Representation {
		f.begin(it) // segments that initialize themselves
	}
	before := f.Edge()
	if err := f.body(ctx, e, it); err != nil {
		return err
	}
	if it.Start.Sub(before).Abs() <= maxHole {
		f.bridge(e, it)
	}
	f.set(false, max(it.End(), before))
	f.coverOthers()
	e.log.Debug("segment", "track", it.Representation.TrackID, "n", it.Number, "t", it.Start, "url", fetch.Redact(it.URL))
	e.appended()
	return nil
}

// bridge closes a short hole between a segment that has been appended and the one before it. Nothing is to come that
// could fill it, such as where the sound of one period ends before its pictures do; it is played as silence, or with the
// picture before it.
func (f *Segments) bridge(e *Engine, it plan.Item) {
	r, err := f.sb.Buffered()
	if err != nil {
		return
	}
	for i := 1; i < len(r); i++ {
		from, to := r[i-1].End, r[i].Start
		if to.Sub(from) <= maxHole && it.Start.Sub(from).Abs() <= maxHole && to.Sub(it.Start).Abs() <= maxHole {
			f.sb.Cover(from, to)
			e.log.Info("closing a hole between segments", "track", it.Representation.TrackID, "from", from, "to", to)
		}
	}
}

// begin notes that a representation is used from now on.
func (f *Segments) begin(it plan.Item) {
	f.rep = it.Representation
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.using); (n == 0 || f.using[n-1].Rep != it.Representation) && n < maxGaps {
		f.using = append(f.using, Use{At: it.Start, Kind: f.kind, Rep: it.Representation})
	}
}

// buffered reports whether a segment is in the buffer already.
func (f *Segments) buffered(it plan.Item) bool {
	r, err := f.sb.Buffered()
	if err != nil || it.Duration <= 2*skipMargin {
		return false
	}
	x, ok := r.Find(it.Start.Add(skipMargin))
	return ok && x.Start <= it.Start.Add(skipMargin) && x.End >= it.End().Add(-skipMargin)
}

// prepare sets offset and append window where they change.
func (f *Segments) prepare(it plan.Item) error {
	if f.period == it.Period && f.rep == it.Representation {
		return nil
	}
	if _, inside := f.sb.Incomplete(); inside {
		f.pushed = 0
		if err := f.sb.Abort(); err != nil && !errors.Is(err, mse.ErrInvalidState) {
			return err
		}
	}
	w := it.AppendWindow()
	if err := f.sb.SetAppendWindowEnd(media.Forever); err != nil {
		return err
	}
	if err := f.sb.SetAppendWindowStart(w.Start); err != nil {
		return err
	}
	if err := f.sb.SetAppendWindowEnd(w.End); err != nil {
		return err
	}
	if f.sb.TimestampOffset() != it.TimestampOffset {
		if err := f.sb.SetTimestampOffset(it.TimestampOffset); err != nil {
			return err
		}
	}
	f.period = it.Period
	return nil
}

// body fetches a media segment and appends it piece by piece as it arrives.
func (f *Segments) body(ctx context.Context, e *Engine, it plan.Item) error {
	resp, err := f.open(ctx, it.Resource, fetch.Segment)
	if err != nil {
		return f.wrap(it, Segment, err)
	}
	defer resp.Close()
	base, total := f.pushed, 0
	for {
		p, err := resp.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return f.wrap(it, Segment, err)
		}
		if f.moved(e) {
			return errMoved
		}
		total += len(p)
		if err := f.push(ctx, e, p); err != nil {
			return f.wrap(it, Media, within(err, base))
		}
	}
	switch n, inside := f.sb.Incomplete(); {
	case total == 0:
		return f.wrap(it, Segment, errors.New("the segment is empty"))
	case inside && !it.Range.IsWhole():
		return nil // a byte range may end inside a box
	case inside:
		return f.wrap(it, Segment, fmt.Errorf("the segment is truncated: it ends inside a box or before the last sample, %d bytes are left over", n))
	}
	return nil
}

// push appends bytes.
func (f *Segments) push(ctx context.Context, e *Engine, p []byte) error {
	f.pushed += int64(len(p))
	return e.append(ctx, f.sb, p, func() bool { return f.moved(e) })
}

// within turns the position of a format error into one in the segment that began at base.
func within(err error, base int64) error {
	var fe *mse.FormatError
	if !errors.As(err, &fe) {
		return err
	}
	here := *fe
	here.Offset -= base
	return &here
}

// coverOthers tells the buffer about periods in which this kind of track does not exist.
func (f *Segments) coverOthers() {
	if f.covered {
		return
	}
	f.covered = true
	have := map[*manifest.Period]bool{}
	for _, c := range f.track.Choices() {
		have[c.Period] = true
	}
	for _, p := range f.pres.Periods {
		if w := p.Window(); !have[p] && w.End.IsFinite() {
			f.sb.Cover(w.Start, w.End)
		}
	}
}

// open begins a request, trying the alternatives of a resource when it cannot be had.
func (f *Segments) open(ctx context.Context, r manifest.Resource, kind fetch.Kind) (*fetch.Response, error) {
	resp, err := f.get.Get(ctx, fetch.Request{URL: r.URL, Range: fetch.Range(r.Range), Kind: kind, Origin: f.pres.URL})
	for _, alt := range r.Alternatives {
		if err == nil || ctx.Err() != nil {
			break
		}
		var aerr error
		if resp, aerr = f.get.Get(ctx, fetch.Request{URL: alt, Range: fetch.Range(r.Range), Kind: kind, Origin: f.pres.URL}); aerr == nil {
			return resp, nil
		}
	}
	return resp, err
}

// read gets a whole small resource; a range behind its end is empty.
func (f *Segments) read(ctx context.Context, r manifest.Resource, kind fetch.Kind) ([]byte, error) {
	resp, err := f.open(ctx, r, kind)
	if fetch.BehindEnd(err) && kind == fetch.Index {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return resp.All()
}

// wrap makes an Error of what went wrong with a segment. Errors of fetch name their URL themselves.
func (f *Segments) wrap(it plan.Item, c Category, err error) error {
	var se *Error
	if errors.Is(err, errMoved) || errors.Is(err, mse.ErrAborted) || errors.Is(err, context.Canceled) || errors.As(err, &se) {
		return err
	}
	e := &Error{Category: c, Where: f.kind.String(), Err: err}
	if it.Representation != nil {
		e.Where = it.Representation.TrackID
		switch {
		case it.Init:
			e.Where += ", initialization segment"
		default:
			e.Where += fmt.Sprintf(", segment %d at %s", it.Number, it.Start.Clock())
		}
	}
	var fe *fetch.Error
	if !errors.As(err, &fe) && it.URL != "" {
		e.URL = fetch.Redact(it.URL)
	}
	return e
}
