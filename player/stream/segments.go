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
	"mseplayer/player/abr"
	"mseplayer/player/crypt"
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
	// retryLive is how soon a segment of a live stream is asked for again; the wait doubles up to retryEvery.
	retryLive = 250 * time.Millisecond
	// minPatience and maxPatience bound how long that goes on: about as long as the segment would have played.
	minPatience, maxPatience = 2 * time.Second, 10 * time.Second
	// leastTries is how often a segment is asked for, each time with the tries of fetch, before playback ends without it.
	leastTries = 3
	// storedPatience is how long a stored live presentation must not have grown to be taken as complete.
	storedPatience = 5 * time.Second
	// placePatience and placeMargin are how long sound waits for pictures to say where a stretch belongs: that long, and
	// until so little is left to play.
	placePatience            = 3 * time.Second
	placeMargin   media.Span = 4
	// maxDamaged is how many segments in a row may be damaged for playback to go on behind them, damagedTries how often each
	// is asked for.
	maxDamaged, damagedTries = 4, 2
	// minAstray is by how much the times of media must be before their place to have begun anew, in seconds.
	minAstray media.Span = 1
	// maxJoin is how much of a period's sound may be heard before the period begins, to join it to what precedes it, in
	// seconds.
	maxJoin media.Span = 0.05
	// pictureSlack is how far a picture may lie from its place by rounding, in seconds.
	pictureSlack media.Span = 1e-3
	// endMargin is how close to the edge of what is buffered playback stops.
	endMargin media.Span = 0.5
)

// whyGap is why a representation is used for a segment that another one lacks.
const whyGap = "gap"

// Segments is the Feed of one kind of track of a presentation.
type Segments struct {
	// immutable
	prog *Program
	sb   *mse.SourceBuffer
	kind manifest.Kind
	sel  Selector // guarded by selMu; nil for staying with what the track begins with

	selMu sync.Mutex

	mu     sync.Mutex
	done   bool                    // guarded by mu
	edge   media.Time              // guarded by mu
	using  []Use                   // guarded by mu
	seeks  media.Gen               // guarded by mu: the player's number of seeks that have been followed
	drop   context.CancelCauseFunc // guarded by mu: ends the work on the current segment
	coming media.Range             // when what is being fetched is presented
	// guarded by mu: whose codecs string CheckCodecs complained about last
	warned  *manifest.Representation
	next    *plan.Track    // guarded by mu: what a later version of the presentation lists, until Run takes it over
	quiet   bool           // guarded by mu: the sound inside of the pictures is not to be heard
	anew    bool           // guarded by mu: next was chosen, and is to take the place of what is buffered
	extent  plan.Extent    // guarded by mu: what there is of the track
	known   bool           // guarded by mu: extent is valid
	running *manifest.Live // guarded by mu: what the track says about time

	// owned by Run
	track   *plan.Track
	rep     string // the TrackID whose initialization segment was appended last
	typ     string // the type of the SourceBuffer
	window  media.Range
	offset  media.Span
	placed  bool  // offset holds for the stretch
	stretch int64 // the discontinuity that was appended last
	init    []byte
	covered *manifest.Presentation
	told    string // the failure that was last told of
	pushed  int64  // bytes that the SourceBuffer's parser has seen since it was reset
	looked  time.Time
	news    time.Time // when extent.End was seen to change
	early   *early    // nil unless the first media segment is on its way
	chosen  bool      // the representation of the next segment has been chosen
	why     string    // why it was
	// detour is the representation that lacks the next segment, which is fetched of another one; nil for none.
	detour  *manifest.Representation
	trouble trouble
	damage  damage
	choice  choice
	starves uint64                     // the interruptions that servers have been told of
	routed  uint64                     // the router's version that the track follows
	length  media.Span                 // of the segment that was begun last
	origin  media.Time                 // where appending began anew last
	reps    []*manifest.Representation // what rungs describes
	rungs   []abr.Rung                 // immutable
}

// Use is one representation that was begun.
type Use struct {
	At   media.Time
	Kind manifest.Kind
	Rep  *manifest.Representation
	// Reason is why it was chosen, "" where another period or the beginning left no choice.
	Reason string
}

// NewSegments returns a feed of a program, of what track lists into sb, whose type is that of the track's first
// representation. Selector decides about representations; nil stays with the first.
func NewSegments(prog *Program, track *plan.Track, kind manifest.Kind, sb *mse.SourceBuffer, s Selector) *Segments {
	f := &Segments{prog: prog, track: track, sb: sb, kind: kind, sel: s}
	if r := track.Current(); r != nil {
		f.typ = r.Type()
	}
	prog.join(f, track)
	return f
}

// Kind is what the feed delivers.
func (f *Segments) Kind() manifest.Kind { return f.kind }

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
		f.seek(at)
		f.set(false, at)
	}
	for {
		if err := f.takeOver(ctx, e); err != nil {
			return err
		}
		if f.liveness() != nil && time.Since(f.looked) >= poll/2 {
			if err := f.look(ctx); err != nil && ctx.Err() != nil {
				return err
			}
		}
		at, seeks := e.player.Playhead()
		if err := f.settleChoice(ctx, e, at, seeks); err != nil {
			return err
		}
		if f.followed(seeks) {
			f.move(at)
		}
		if f.Done() || f.Edge().Sub(at) >= e.opt.Ahead {
			if err := e.rest(ctx, poll); err != nil {
				return err
			}
			continue
		}
		if f.behind(at) {
			// The playhead plays what it has, and then goes where there is more.
			if err := e.rest(ctx, poll); err != nil {
				return err
			}
			continue
		}
		f.choose(e, at)
		sctx, drop := context.WithCancelCause(ctx)
		f.mu.Lock()
		f.drop = drop
		f.mu.Unlock()
		err := f.step(sctx, e)
		if f.early != nil {
			if err == nil {
				err = f.step(sctx, e) // the media that is on its way
			}
			if r := f.early; r != nil {
				r.drop()
				f.early = nil
			}
		}
		drop(nil)
		f.mu.Lock()
		f.coming = media.Range{}
		f.mu.Unlock()
		var wait *plan.Wait
		if errors.As(err, &wait) && f.stale() {
			err = io.EOF
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			if _, inside := f.sb.Incomplete(); inside {
				// Only what follows, or this, ends the last frames of a format that has no segments of its own.
				if err := f.abort(); err != nil {
					return f.wrap(plan.Item{}, Policy, err)
				}
			}
			if f.damage.first != nil && f.empty() {
				return f.damage.first
			}
			if len(f.sb.Tracks()) == 0 {
				return f.wrap(plan.Item{}, Media, errors.New("there is no media in any of its segments"))
			}
			f.set(true, f.bufferedEnd())
			e.look()
		case errors.As(err, &wait):
			err = f.await(ctx, e, wait)
		case errors.Is(err, errMoved):
			err = f.reset()
		case errors.Is(err, errAbandoned):
			err = f.reset()
			f.chosen = true // the lower one is taken already
		default:
			err = f.outlast(ctx, e, err)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
}

// takeOver goes on with a later version of the presentation, or with another track, if there is one.
func (f *Segments) takeOver(ctx context.Context, e *Engine) error {
	f.mu.Lock()
	next, anew := f.next, f.anew
	f.next, f.anew = nil, false
	if next != nil {
		f.done = false
	}
	f.mu.Unlock()
	if next == nil {
		return nil
	}
	f.track.Update(next)
	f.looked = time.Time{}
	if anew {
		return f.replace(ctx, e)
	}
	return nil
}

// update makes Run go on with what track lists; anew in place of what is buffered, which is of another track.
func (f *Segments) update(track *plan.Track, anew bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next, f.anew = track, f.anew || anew
	f.running = track.Live()
	if anew && f.drop != nil {
		f.drop(errMoved)
	}
}

// look notes what there is of the track now; a list that grows is loaded again when it is time for that.
func (f *Segments) look(ctx context.Context) error {
	f.looked = time.Now()
	now, get := f.prog.now(), f.prog.getter(ctx)
	err := f.track.Refresh(now, get)
	var x plan.Extent
	if err == nil {
		x, err = f.track.Extent(now, get)
	}
	if err != nil {
		return f.wrap(plan.Item{}, Segment, err)
	}
	f.prog.listed(f.track.Events())
	// What is there at first is as new as the file that says so, if that tells the whole.
	r := f.track.Current()
	old := !f.known && !f.prog.written().IsZero() && r != nil && r.Addressing != manifest.Nominal
	if x.End != f.extent.End && !old {
		f.news = f.looked
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.extent, f.known, f.running = x, x.End > x.Start, f.track.Live()
	return nil
}

// stale reports whether what was stored while it was live has not grown for so long that nobody writes it any more.
func (f *Segments) stale() bool {
	since := f.news
	if t := f.prog.written(); t.After(since) {
		since = t
	}
	return f.prog.stored() && time.Since(since) >= max(storedPatience, seconds(float64(3*f.extent.Segment)))
}

// liveness returns what the track says about time, nil when everything is there.
func (f *Segments) liveness() *manifest.Live {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.running
}

// extentNow returns what there was of the track at the last look.
func (f *Segments) extentNow() (x plan.Extent, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.extent, f.known
}

// behind reports whether the server does not keep any more what is to come, nor what the playhead at at is to play soon.
// When only this feed is late, it goes on with what is kept.
func (f *Segments) behind(at media.Time) bool {
	x, ok := f.extentNow()
	if edge := f.Edge(); !ok || f.liveness() == nil || edge.Add(x.Segment) >= x.Start {
		return false
	}
	if at < x.Start {
		return true
	}
	f.seek(x.Start)
	f.set(false, x.Start)
	return false
}

// await waits for a segment that is not there yet.
func (f *Segments) await(ctx context.Context, e *Engine, w *plan.Wait) error {
	if w.Until.IsZero() {
		f.prog.starve()
		return e.rest(ctx, poll)
	}
	return e.rest(ctx, min(poll, max(w.Until.Sub(f.prog.now()), time.Millisecond)))
}

// trouble is what is known about a segment that cannot be had.
type trouble struct {
	at    media.Time // where it begins
	since time.Time
	tries int
}

// outlast puts a failure off: what is buffered before it is played, and meanwhile the network may come back. It returns
// the error once playback waits for what could not be had, nil to try again. In a live stream it gives such a segment up
// instead, and goes on with the next.
func (f *Segments) outlast(ctx context.Context, e *Engine, failure error) error {
	var se *Error
	switch {
	case !errors.As(failure, &se), se.Category == Policy:
		return failure
	case se.Category == Media:
		return f.recover(e, se)
	}
	if text := failure.Error(); text != f.told {
		f.told = text
		e.log.Warn(text)
	}
	edge := f.Edge()
	if f.trouble.since.IsZero() || f.trouble.at != edge {
		f.trouble = trouble{at: edge, since: time.Now()}
	}
	f.trouble.tries++
	live := f.liveness() != nil
	if live && f.prog.clockDue(clockDoubt) && f.prog.Presentation().Format == manifest.DASH {
		f.prog.askClock(ctx) // perhaps what is asked for is not there yet
	}
	if live && f.hopeless(e, se.item, failure) {
		if err := f.reset(); err != nil {
			return err
		}
		f.leaveOut(e, se.item, failure)
		return nil
	}
	again := retryEvery
	elsewhere := f.trouble.tries <= f.spare(se.item.Resource)
	if elsewhere {
		again = retryLive
	}
	if at, _ := e.player.Playhead(); !elsewhere && (live || f.playedOut(at)) {
		soon := max(retryLive, seconds(float64(edge.Sub(at))/4))
		again = min(retryEvery, soon, retryLive<<min(f.trouble.tries-1, 8))
	}
	for since := time.Now(); time.Since(since) < again; {
		at, seeks := e.player.Playhead()
		if !live && !elsewhere && f.trouble.tries >= leastTries && f.playedOut(at) && (e.player.Starving() || f.Edge() <= at) {
			return failure
		}
		f.mu.Lock()
		moved, news := seeks != f.seeks, f.next != nil
		f.mu.Unlock()
		if moved || news && time.Since(since) >= retryLive {
			break
		}
		if err := e.rest(ctx, min(poll, again)); err != nil {
			return err
		}
	}
	return f.reset()
}

// hopeless reports whether a segment of a live stream is to be left out: it has been asked for long enough, there are
// others behind it, and it is gone for good or playback waits for it.
func (f *Segments) hopeless(e *Engine, it plan.Item, failure error) bool {
	var fe *fetch.Error
	gone := errors.As(failure, &fe) && fe.Missing() || e.player.Starving() // a server that does not answer may do so later
	x, ok := f.extentNow()
	return ok && gone && it.Duration > 0 && it.End() < x.End && time.Since(f.trouble.since) >= patience(it.Duration)
}

// damage is what is known about segments, one after the other, whose media cannot be used.
type damage struct {
	first error // what was wrong with the first of them
	tries int   // of the current one
	count int
	inits int // damaged initialization segments
}

// recover goes on after media that cannot be used. Perhaps the network damaged it, so it is asked for again; then it is left
// out. Without its initialization segment nothing can be played, nor is there hope where nothing but damage comes: that
// returns the error, of several segments that of the first.
func (f *Segments) recover(e *Engine, failure *Error) error {
	d := &f.damage
	if d.first == nil {
		d.first = failure
	}
	it := failure.item
	if err := f.reset(); err != nil {
		return err
	}
	if it.Init {
		if d.inits++; d.inits >= maxDamaged {
			return failure
		}
		return nil
	}
	f.track.Forget() // it may be the initialization segment that is damaged, and was not noticed
	if d.tries++; d.tries < damagedTries {
		e.log.Info("damaged media is asked for again", "err", failure)
		return nil
	}
	d.tries = 0
	if d.count++; d.count >= maxDamaged || it.Duration <= 0 {
		return d.first
	}
	f.leaveOut(e, it, failure)
	return nil
}

// cutOff is the category of what ends too early: in a live stream it may be being written.
func (f *Segments) cutOff() Category {
	if f.liveness() != nil {
		return Segment
	}
	return Media
}

// empty reports whether nothing is buffered.
func (f *Segments) empty() bool {
	r, err := f.sb.Buffered()
	return err == nil && len(r) == 0
}

// patience is how long a segment of a live stream is asked for before it is given up.
func patience(d media.Span) time.Duration {
	return min(max(seconds(float64(d)), minPatience), maxPatience)
}

// leaveOut goes on behind a segment that cannot be had.
func (f *Segments) leaveOut(e *Engine, it plan.Item, why error) {
	l := lossOf(f.kind, it, why)
	e.log.Warn("left out", "what", l.String())
	f.prog.lose(l)
	f.trouble = trouble{}
	f.chosen = false
	f.set(false, it.End())
	f.track.Continue(it.End())
	e.look()
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
	from, goOn := at, f.seek
	if r, err := f.sb.Buffered(); err == nil {
		if x, ok := r.Find(at); ok {
			from, goOn = x.End, f.track.Continue
			if f.Done() && x.End >= r.End() {
				return // everything up to the end is there
			}
			if edge := f.Edge(); edge >= x.Start && edge <= x.End.Add(skipMargin) && edge >= x.End.Add(-skipMargin) {
				return // appending goes on there anyway
			}
		}
	}
	goOn(from)
	f.window, f.chosen = media.Range{}, false
	f.set(false, from)
}

// seek goes on at a point in time from which on nothing has been appended.
func (f *Segments) seek(at media.Time) {
	f.track.Seek(at)
	f.origin = at
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
	same, coming := seeks == f.seeks, f.coming
	f.mu.Unlock()
	if same {
		return false
	}
	if r, err := f.sb.Buffered(); err == nil {
		if _, ok := r.Find(at); ok {
			return false // let the segment finish; Run follows the seek then
		}
	}
	return !coming.Contains(at)
}

// reset forgets half a segment.
func (f *Segments) reset() error {
	if f.sb.Updating() {
		return nil
	}
	err := f.abort()
	f.chosen = false
	if edge := f.Edge(); edge == f.origin {
		f.seek(edge)
	} else {
		f.track.Continue(edge) // the segment that was given up is still to come
	}
	return err
}

// abort empties the SourceBuffer's parser.
func (f *Segments) abort() error {
	f.pushed, f.placed, f.window = 0, false, media.Range{}
	err := f.sb.Abort()
	if errors.Is(err, mse.ErrInvalidState) {
		return nil // ended or closed meanwhile
	}
	return err
}

// step fetches and appends one segment.
func (f *Segments) step(ctx context.Context, e *Engine) error {
	if v := f.prog.route.Version(); v != f.routed {
		f.routed = v
		f.track.Renew()
	}
	it, err := f.track.Next(f.prog.now(), f.prog.getter(ctx))
	var wait *plan.Wait
	switch {
	case errors.Is(err, io.EOF), errors.As(err, &wait):
		return err
	case err != nil:
		return f.wrap(plan.Item{}, Segment, err)
	}
	if it.Gap {
		if f.track.Around(it, f.prog.now(), f.prog.getter(ctx)) {
			f.why = whyGap
			if f.detour == nil {
				f.detour = it.Representation
			}
			return nil
		}
		f.leaveOut(e, it, errGap)
		return nil
	}
	exact := it.Representation.Addressing != manifest.Nominal && !it.Representation.Floating
	if !it.Init && it.Representation.TrackID == f.rep && exact && !f.choice.covers(it) && f.buffered(it) {
		f.set(false, it.End())
		return nil
	}
	if err := f.prepare(it); err != nil {
		return f.wrap(it, Policy, err)
	}
	f.mu.Lock()
	f.coming = media.Range{Start: it.Start, End: it.End()}
	f.mu.Unlock()
	if it.Init {
		f.early = f.fetchEarly(ctx, e, it)
		return f.initialize(ctx, e, it)
	}
	if err := f.protect(ctx, it); err != nil {
		return err
	}
	if f.rep != it.Representation.TrackID {
		f.begin(it) // segments that initialize themselves
		f.init = nil
	}
	before := f.Edge()
	if err := f.body(ctx, e, it); err != nil {
		var se *Error
		if it.Hint && errors.As(err, &se) && se.Category != Policy {
			f.track.Seek(it.Start.Add(1e-3))
			return &plan.Wait{Until: f.prog.now().Add(poll)} // it was announced, and something else came
		}
		return err
	}
	f.prog.quieten()
	f.takeEvents()
	if it.Start.Sub(before).Abs() <= maxHole {
		f.bridge(e, it)
	}
	end := it.End()
	if it.Hint { // how long it was to be was a guess
		end = min(end, f.bufferedEnd())
	}
	f.set(false, max(end, before))
	f.trouble, f.damage, f.chosen = trouble{}, damage{}, false
	f.choice.appended(it)
	if f.detour != nil {
		f.track.Use(f.detour)
		f.detour = nil
	}
	f.coverOthers()
	e.log.Debug("segment", "track", it.Representation.TrackID, "n", it.Number, "t", it.Start, "url", fetch.Redact(it.URL))
	e.appended()
	return nil
}

// initialize fetches and appends an initialization segment.
func (f *Segments) initialize(ctx context.Context, e *Engine, it plan.Item) error {
	b, err := f.prog.readAs(ctx, it.Resource, fetch.Request{Kind: fetch.Init, Attempts: f.attempts(it.Resource), CMCD: f.tell(e, it)})
	if err == nil && len(b) == 0 {
		f.track.Forget()
		return f.wrap(it, Media, errors.New("the initialization segment is empty"))
	}
	if err == nil && it.InitKey != nil {
		b, err = f.decryptAll(ctx, it.InitKey, b)
	}
	if err != nil {
		f.track.Forget()
		return f.wrap(it, Segment, err)
	}
	f.begin(it)
	f.init = nil
	if it.Representation.Floating {
		f.init = slices.Clone(b)
	}
	base := f.pushed
	if err := f.push(ctx, e, b); err != nil {
		f.track.Forget()
		return f.wrap(it, Media, within(err, base))
	}
	return nil
}

// quieten disables the sound in segments of pictures when sound of its own is played, and enables it again when none is any
// more.
func (f *Segments) quieten() {
	if f.kind != manifest.Video {
		return
	}
	quiet := f.prog.has(manifest.Audio)
	f.mu.Lock()
	was := f.quiet
	f.quiet = quiet
	f.mu.Unlock()
	for i, t := range f.sb.AudioTracks().All() {
		if quiet || was && i == 0 {
			t.SetEnabled(!quiet)
		}
	}
}

// SourceBuffer is what the feed appends to.
func (f *Segments) SourceBuffer() *mse.SourceBuffer { return f.sb }

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
	f.rep = it.Representation.TrackID
	why := f.why
	f.why = ""
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.using)
	if n > 0 && f.using[n-1].Rep.TrackID == it.Representation.TrackID {
		f.using[n-1].Rep = it.Representation // of a later version of the presentation
		return
	}
	if n < maxGaps {
		f.using = append(f.using, Use{At: it.Start, Kind: f.kind, Rep: it.Representation, Reason: why})
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

// join returns where the append window of a period begins: at start, or a little before it, where the sound of the period
// before ends too early. The frame that straddles the boundary is often in the later period only.
func (f *Segments) join(it plan.Item, start media.Time) media.Time {
	if f.kind != manifest.Audio || it.Window.Start <= 0 || it.Start.Sub(it.Window.Start) > maxJoin {
		return start
	}
	r, err := f.sb.Buffered()
	if err != nil {
		return start
	}
	for _, x := range r {
		if x.End < start && start.Sub(x.End) <= maxJoin {
			return x.End
		}
	}
	return start
}

// prepare sets type, offset and append window where they change.
func (f *Segments) prepare(it plan.Item) error {
	r := it.Representation
	change := f.rep != r.TrackID
	if r.Floating && it.Discontinuity != f.stretch {
		f.placed = false
	}
	w := it.AppendWindow()
	if !change && f.window == w && (r.Floating && f.placed || !r.Floating && f.offset == it.TimestampOffset) {
		return nil
	}
	if _, inside := f.sb.Incomplete(); inside || change && f.placed {
		if err := f.abort(); err != nil {
			return err
		}
	}
	if typ := mime.Format(it.MIMEType, r.Codecs); otherFormat(f.typ, typ) {
		if f.sb.ChangeType(typ) != nil { // a codecs string that says nothing useful is left out
			if err := f.sb.ChangeType(it.MIMEType); err != nil {
				return err
			}
		}
		f.typ, f.placed = typ, false
	}
	if err := f.sb.SetAppendWindowEnd(media.Forever); err != nil {
		return err
	}
	if err := f.sb.SetAppendWindowStart(f.join(it, w.Start)); err != nil {
		return err
	}
	if err := f.sb.SetAppendWindowEnd(w.End); err != nil {
		return err
	}
	f.window = w
	if !r.Floating {
		f.offset = it.TimestampOffset
		if f.sb.TimestampOffset() != it.TimestampOffset {
			return f.sb.SetTimestampOffset(it.TimestampOffset)
		}
	}
	return nil
}

// otherFormat reports whether a SourceBuffer of one type must change for another: another container, or coding formats of
// another family.
func otherFormat(from, to string) bool {
	a, aerr := mime.ParseType(from)
	b, berr := mime.ParseType(to)
	if aerr != nil || berr != nil {
		return from != to
	}
	ca, _ := mime.ContainerOf(a.Essence())
	cb, _ := mime.ContainerOf(b.Essence())
	if ca != cb {
		return true
	}
	families := func(t mime.Type) (ids []media.CodecID) {
		list, _ := t.Param("codecs")
		codecs, err := mime.ParseCodecs(list)
		if err != nil {
			return nil
		}
		for _, c := range codecs {
			ids = append(ids, c.ID)
		}
		slices.Sort(ids)
		return slices.Compact(ids)
	}
	fa, fb := families(a), families(b)
	return fa != nil && fb != nil && !slices.Equal(fa, fb)
}

// body fetches a media segment and appends it piece by piece as it arrives.
func (f *Segments) body(ctx context.Context, e *Engine, it plan.Item) error {
	clear, err := f.decrypter(ctx, it.Key, it.IV)
	if err != nil {
		return f.wrap(it, Segment, err)
	}
	began, under := time.Now(), f.takeEarly(it)
	if under != nil {
		began = under.begun
	}
	ctx, meter := f.measure(ctx, e, it, began)
	defer meter.stop()
	var resp *source
	if under != nil {
		resp, err = under.wait(ctx)
	} else {
		resp, err = f.prog.open(ctx, it.Resource, fetch.Request{Kind: fetch.Segment, Attempts: f.attempts(it.Resource), CMCD: f.tell(e, it)})
	}
	if err != nil {
		return f.wrap(it, Segment, meter.blame(ctx, err))
	}
	defer resp.Close()
	meter.opened(resp)
	base, total := f.pushed, 0
	var look *prober // until it is known where the segment belongs
	var held [][]byte
	unsettled := it.Representation.Floating && !f.placed
	suspect := it.Representation.Floating && f.placed && f.sb.Mode() == mse.Segments
	if unsettled || suspect {
		look = newProber(it.MIMEType, f.init)
	}
	anew := func() error {
		unsettled = true
		err := f.align()
		base = f.pushed
		return err
	}
	if unsettled {
		if err := anew(); err != nil {
			return f.wrap(it, Policy, err)
		}
	}
	settle := func() error {
		if first, known := look.start(); suspect && known && astray(first.Add(f.offset), it, look.wraps()) {
			if err := anew(); err != nil {
				return f.wrap(it, Policy, err)
			}
		}
		again := unsettled
		unsettled, suspect = false, false
		if !again {
			return nil
		}
		return f.settle(ctx, e, it, look)
	}
	feed := func(p []byte) error {
		if len(p) == 0 {
			return nil
		}
		held = append(held, p)
		if unsettled || suspect {
			if look != nil && !look.push(p) {
				return nil
			}
			if err := settle(); err != nil {
				return err
			}
		}
		for len(held) > 0 {
			p := held[0]
			held = held[1:]
			if err := f.push(ctx, e, p); err != nil {
				return f.wrap(it, Media, within(err, base))
			}
		}
		return nil
	}
	for {
		p, err := resp.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			resp.failed(ctx, err)
			return f.wrap(it, Segment, meter.blame(ctx, err))
		}
		if f.moved(e) {
			return errMoved
		}
		total += len(p)
		meter.got(len(p))
		if err := feed(clear.Next(p)); err != nil {
			return meter.blame(ctx, err)
		}
	}
	meter.done()
	resp.arrived(total)
	rest, err := clear.End()
	if err != nil && total > 0 {
		return f.wrap(it, Media, err)
	}
	if err := feed(rest); err != nil {
		return err
	}
	if len(held) > 0 { // the whole segment was not enough for the prober
		if look != nil {
			look.flush()
		}
		if err := settle(); err != nil {
			return err
		}
		last := held[len(held)-1]
		held = held[:len(held)-1]
		if err := feed(last); err != nil {
			return err
		}
	}
	if total == 0 {
		return f.wrap(it, f.cutOff(), errors.New("the segment is empty"))
	}
	if it.Picture {
		return f.show(it)
	}
	n, inside := f.sb.Incomplete()
	switch c, _ := mime.ContainerOf(it.MIMEType); {
	case !inside, c == mime.MP2T, c.GenerateTimestamps():
		return nil // these have no segments of their own: only what follows ends their last frame
	case !it.Range.IsWhole():
		return nil // a byte range may end inside a box
	}
	return f.wrap(it, f.cutOff(), fmt.Errorf("the segment is truncated: it ends inside a box or before the last sample, %d bytes are left over", n))
}

// show ends a segment that is listed for one picture, which stays until the segment does. The rest of what the picture was
// cut out of does not follow.
func (f *Segments) show(it plan.Item) error {
	if err := f.abort(); err != nil {
		return f.wrap(it, Policy, err)
	}
	r, err := f.sb.Buffered()
	if err != nil {
		return f.wrap(it, Policy, err)
	}
	if _, ok := r.Find(it.Start.Add(pictureSlack)); !ok {
		return f.wrap(it, f.cutOff(), errors.New("there is no whole picture in the segment"))
	}
	f.sb.Cover(it.Start, it.End())
	return nil
}

// protect tells the SourceBuffer with which key the samples of a segment are encrypted, where the playlist says so.
func (f *Segments) protect(ctx context.Context, it plan.Item) error {
	var key *media.SampleKey
	if store := f.prog.store; store != nil && it.Key != nil && !it.Key.Method.WholeResource() {
		var secret []byte
		if crypt.Fetched(it.Key) {
			var err error
			if secret, err = f.prog.keys.Key(ctx, it.Key); err != nil {
				return f.wrap(it, Segment, err)
			}
		}
		var err error
		if key, err = store.SampleKey(it.Key, it.IV, secret); err != nil {
			return f.wrap(it, Segment, err)
		}
	}
	err := f.sb.SetSampleKey(key)
	switch {
	case errors.Is(err, mse.ErrNotSupported):
		return nil // the samples tell their keys themselves
	case errors.As(err, new(*mse.FormatError)):
		return f.wrap(it, Media, err)
	case err != nil:
		return f.wrap(it, Policy, err)
	}
	return nil
}

// decrypter returns what makes a resource clear, nil when it is.
func (f *Segments) decrypter(ctx context.Context, key *manifest.Key, iv [16]byte) (*crypt.Whole, error) {
	if key == nil || !key.Method.WholeResource() {
		return nil, nil
	}
	secret, err := f.prog.keys.Key(ctx, key)
	if err != nil {
		return nil, err
	}
	return crypt.NewWhole(key, secret, iv)
}

// decryptAll makes a whole initialization segment clear. Its key has a vector of its own.
func (f *Segments) decryptAll(ctx context.Context, key *manifest.Key, b []byte) ([]byte, error) {
	var iv [16]byte
	if key.IV != nil {
		iv = *key.IV
	}
	d, err := f.decrypter(ctx, key, iv)
	if d == nil || err != nil {
		return b, err
	}
	clear := slices.Clone(d.Next(b))
	rest, err := d.End()
	return append(clear, rest...), err
}

// align gets the SourceBuffer ready for an offset: its parser must not be inside a segment then.
func (f *Segments) align() error {
	if _, inside := f.sb.Incomplete(); !inside {
		return nil
	}
	w := f.window
	if err := f.abort(); err != nil {
		return err
	}
	if w == (media.Range{}) {
		return nil
	}
	f.window = w
	if err := f.sb.SetAppendWindowStart(w.Start); err != nil { // abort has widened it
		return err
	}
	return f.sb.SetAppendWindowEnd(w.End)
}

// settle decides where a segment goes whose own times do not say it, and with it the rest of its stretch. What of a
// stretch is had first is placed where the playlist puts it; pictures decide, and sound follows them.
func (f *Segments) settle(ctx context.Context, e *Engine, it plan.Item, look *prober) error {
	first, known := look.start()
	offset, have := f.prog.place(it.Discontinuity)
	if it.Picture && known { // each for itself: it is to be shown when the playlist says
		offset, have = it.Start.Sub(first), true
	}
	if !have && f.kind == manifest.Audio && f.prog.has(manifest.Video) && known {
		var err error
		if offset, have, err = f.awaitPlace(ctx, e, it); err != nil {
			return err
		}
	}
	switch {
	case !known:
		first, offset = it.Start, 0 // wherever the playlist says
	case !have:
		offset = f.prog.setPlace(it.Discontinuity, it.Start.Sub(first))
		e.log.Debug("placed", "kind", f.kind, "discontinuity", it.Discontinuity, "offset", offset, "t", it.Start)
	}
	if known && look.wraps() {
		offset = unwrapped(offset, first, it.Start)
	}
	if known && astray(first.Add(offset), it, false) {
		offset = it.Start.Sub(first)
		e.log.Info("the media's times jump back; going on by the playlist", "kind", f.kind, "t", it.Start)
	}
	set := offset
	if f.sb.Mode() == mse.Sequence {
		set = media.Span(first.Add(offset)) // where frames that have no times of their own begin
	} else if !known {
		set = media.Span(it.Start)
	}
	if err := f.sb.SetTimestampOffset(set); err != nil {
		return f.wrap(it, Policy, err)
	}
	f.placed, f.stretch, f.offset = true, it.Discontinuity, set
	return nil
}

// astray reports whether a segment that would begin at t lies a whole segment or more before its place in the playlist:
// its own times have begun anew, though the playlist does not say so.
func astray(t media.Time, it plan.Item, wraps bool) bool {
	if wraps {
		t = t.Add(unwrapped(0, t, it.Start))
	}
	return it.Start.Sub(t) >= max(it.Duration, minAstray)
}

// awaitPlace waits for the pictures to decide about a stretch, as long as there is enough to play.
func (f *Segments) awaitPlace(ctx context.Context, e *Engine, it plan.Item) (media.Span, bool, error) {
	for since := time.Now(); ; {
		offset, ok := f.prog.place(it.Discontinuity)
		at, _ := e.player.Playhead()
		switch {
		case ok:
			return offset, true, nil
		case f.moved(e):
			return 0, false, errMoved
		case time.Since(since) >= placePatience && it.Start.Sub(at) < placeMargin:
			e.log.Info("sound is placed without pictures", "discontinuity", it.Discontinuity, "t", it.Start)
			return 0, false, nil
		}
		if err := e.rest(ctx, poll); err != nil {
			return 0, false, err
		}
	}
}

// push appends bytes.
func (f *Segments) push(ctx context.Context, e *Engine, p []byte) error {
	f.pushed += int64(len(p))
	err := e.append(ctx, f.sb, p, func() bool { return f.moved(e) })
	f.takeText()
	return err
}

// within turns the position of a format error into one in the segment that began at base.
func within(err error, base int64) error {
	var fe *mse.FormatError
	if !errors.As(err, &fe) {
		return err
	}
	here := *fe
	if fe.Offset < base {
		return err // it is about what came before
	}
	here.Offset -= base
	return &here
}

// coverOthers tells the buffer about periods in which this kind of track does not exist.
func (f *Segments) coverOthers() {
	pres := f.prog.Presentation()
	if f.covered == pres {
		return
	}
	f.covered = pres
	have := map[string]bool{}
	for _, c := range f.track.Choices() {
		have[c.Period.ID] = true
	}
	for _, p := range pres.Periods {
		if w := p.Window(); !have[p.ID] && w.End.IsFinite() {
			f.sb.Cover(w.Start, w.End)
		}
	}
}

// wrap makes an Error of what went wrong with a segment. Errors of fetch name their URL themselves.
func (f *Segments) wrap(it plan.Item, c Category, err error) error {
	var se *Error
	if errors.Is(err, errMoved) || errors.Is(err, errAbandoned) || errors.Is(err, mse.ErrAborted) || errors.Is(err, context.Canceled) || errors.As(err, &se) {
		return err
	}
	e := &Error{Category: c, Where: f.kind.String(), Err: err, item: it}
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
