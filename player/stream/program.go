package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/crypt"
	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
	"mseplayer/player/steer"
	"mseplayer/player/stream/plan"
)

const (
	// minUpdate is the least time between two requests for the manifest, maxUpdate the longest wait after failures.
	minUpdate, maxUpdate = 500 * time.Millisecond, 8 * time.Second
	// maxDry is how long the manifest is at most believed not to change once all that it lists has been fetched.
	maxDry = 2 * time.Second
	// defaultDelay is how many segments before the live edge playback begins when nobody says, chunkedDelay that where
	// segments are sent while they are produced.
	defaultDelay, chunkedDelay = 3, 1.5
	// chunkedDelay is bounded by lowLatency, in seconds, where segments can be asked for so early that reserve is left
	// between the first bytes of one and its first picture. What a service asks for is bounded likewise.
	lowLatency, reserve media.Span = 2.75, 0.75
	// maxLost and maxPlaces bound the list of losses and of the offsets that are remembered.
	maxLost, maxPlaces = 4096, 4096
)

// ProgramOptions tune a Program.
type ProgramOptions struct {
	Fetch *fetch.Client
	// Rules are those that the tracks were selected by; later versions of the presentation are selected from in the
	// same way.
	Rules plan.Rules
	// Delay is the distance from the live edge that is wanted, 0 for what the presentation says.
	Delay media.Span
	// Keys is told the keys of playlists; nil where no samples are protected.
	Keys *crypt.Store
	// Event is told of each timed event that the playhead comes to, on the goroutine of the engine. Nil is for nobody.
	Event func(TimedEvent)
	// Text is given the frames of text tracks inside of segments as they are appended, on the goroutine of the feed. Nil
	// is for nobody.
	Text func([]mse.TextFrame)
	// Log gets what changes at Info and Debug, what fails at Warn. Nil is silent.
	Log *slog.Logger
}

// Program is a presentation that is being streamed: what its feeds share. It follows a presentation that changes, and
// knows the server's clock. Make it with NewProgram.
type Program struct {
	// immutable
	get    *fetch.Client
	want   media.Span
	log    *slog.Logger
	keys   *crypt.Keyring
	store  *crypt.Store
	text   *Text         // the feed of subtitles, nil for none; set before the engine runs
	dry    chan struct{} // one slot: a feed has come to the end of what the manifest lists
	route  steer.Router
	events timed
	texts  func([]mse.TextFrame)

	choosing sync.Mutex // held while tracks are selected and handed to the feeds

	mu     sync.Mutex
	rules  plan.Rules
	feeds  []*Segments // never changed in place
	plans  map[manifest.Kind][]plan.Choice
	pres   *manifest.Presentation
	skew   Skew
	asked  time.Time            // when the clock was asked for
	places map[int64]media.Span // by discontinuity: what is added to the media's own times
	lost   []Loss
	shown  Latency
	wrote  time.Time // when a stored document was written last, zero when not known

	// owned by Engine.Run
	live   edge
	poller *steer.Poller // nil where nobody steers; from when the engine has begun it belongs to poll
	polled bool
}

// Loss is media that could not be had and was left out.
type Loss struct {
	Kind manifest.Kind
	// Track is the representation's, From and To the time it was for.
	Track    string
	From, To media.Time
	// URL is without credentials, "" where the manifest says that there is nothing.
	URL, Reason string
}

// NewProgram returns the program of a presentation.
func NewProgram(pres *manifest.Presentation, o ProgramOptions) *Program {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	p := &Program{get: o.Fetch, rules: o.Rules, want: o.Delay, log: log.With("c", "stream"), dry: make(chan struct{}, 1), pres: pres,
		places: map[int64]media.Span{}, plans: map[manifest.Kind][]plan.Choice{}}
	p.keys, p.store = crypt.NewKeyring(p.read), o.Keys
	p.events.log, p.events.reached = p.log, o.Event
	p.texts = o.Text
	p.listEvents(pres)
	return p
}

// Presentation returns what is being streamed as it was described last.
func (p *Program) Presentation() *manifest.Presentation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pres
}

// Skew returns what is known about the server's clock.
func (p *Program) Skew() Skew {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.skew
}

// Lost lists what was left out.
func (p *Program) Lost() []Loss {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.lost)
}

// lose notes a loss.
func (p *Program) lose(l Loss) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.lost) < maxLost {
		p.lost = append(p.lost, l)
	}
}

// now is the time at the server.
func (p *Program) now() time.Time { return time.Now().Add(p.Skew().Offset) }

// place returns the offset of a stretch of continuous times.
func (p *Program) place(stretch int64) (media.Span, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, ok := p.places[stretch]
	return d, ok
}

// setPlace fixes the offset of a stretch, unless it is fixed already, and returns what it is.
func (p *Program) setPlace(stretch int64, d media.Span) media.Span {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old, ok := p.places[stretch]; ok {
		return old
	}
	if len(p.places) == maxPlaces {
		oldest := stretch
		for s := range p.places {
			oldest = min(oldest, s)
		}
		delete(p.places, oldest)
	}
	p.places[stretch] = d
	return d
}

// stored reports whether the manifest is a file. One that says it is live has been recorded, or is being written: it is
// played from its beginning, and ends when it does not grow any more.
func (p *Program) stored() bool {
	return strings.HasPrefix(p.Presentation().URL, "file:")
}

// written is when the document of a stored presentation, or a list of its segments, was written last; zero when not known.
func (p *Program) written() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wrote
}

// noteWritten keeps the latest time that a document was written. One that is still to come says nothing.
func (p *Program) noteWritten(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.After(p.wrote) && !t.After(time.Now()) {
		p.wrote = t
	}
}

// has reports whether there is a feed of a kind.
func (p *Program) has(k manifest.Kind) bool {
	return slices.ContainsFunc(p.all(), func(f *Segments) bool { return f.kind == k })
}

// getter is what lists and later versions of the manifest are asked for through: documents as a whole, indexes by range.
func (p *Program) getter(ctx context.Context) manifest.Getter {
	return func(r manifest.Resource) ([]byte, error) {
		kind := fetch.Index
		if r.Range.IsWhole() {
			kind = fetch.Manifest
		}
		return p.read(ctx, r, kind)
	}
}

// begin gets ready what must be known before the first segment: the server's clock, lists of segments that are documents
// of their own, the duration, and in a live presentation where to begin.
func (p *Program) begin(ctx context.Context, e *Engine) error {
	pres := p.Presentation()
	p.startSteering(ctx, pres)
	if pres.Live != nil && pres.Format == manifest.DASH && !p.stored() {
		p.askClock(ctx)
	}
	if pres.Live == nil && pres.Format != manifest.HLS {
		return nil
	}
	if p.stored() {
		if resp, err := p.get.Get(ctx, fetch.Request{URL: pres.URL, Kind: fetch.Manifest}); err == nil { // else nothing is known
			p.noteWritten(resp.Modified)
			resp.Close()
		}
	}
	var end media.Time
	feeds := p.all()
	errs := make([]error, len(feeds))
	var group sync.WaitGroup
	for i, f := range feeds {
		group.Go(func() { errs[i] = f.look(ctx) })
	}
	group.Wait()
	for i, f := range feeds {
		if errs[i] != nil {
			return errs[i]
		}
		t, known, err := f.track.End(p.now(), p.getter(ctx))
		if err != nil {
			return f.wrap(plan.Item{}, Segment, err)
		}
		if !known {
			end = media.Forever
		}
		end = max(end, t)
	}
	if end > 0 && !pres.Duration.Set {
		if err := e.ms.SetDuration(end); err != nil {
			return &Error{Category: Policy, Where: "duration", Err: err}
		}
	}
	wish := pres.Begin
	for _, f := range p.all() {
		if wish == nil {
			wish = f.track.Begin()
		}
	}
	at, _ := e.player.Playhead()
	live := p.current()
	switch {
	case live != nil && p.observe(e, live) && at == 0:
		target, _ := p.target()
		switch {
		case wish != nil:
			target = p.wished(wish, p.edge(p.now()))
		case p.stored() && p.want == 0:
			target = max(0, p.live.extent.Start)
		}
		p.log.Info("beginning", "t", target, "delay", p.live.delay)
		p.live.jump(e, target)
	case live == nil && wish != nil && at == 0 && end.IsFinite():
		if t := wished(wish, end); t > 0 && t < end {
			p.live.jump(e, t)
		}
	}
	return nil
}

// wished is where an author wants playback to begin, end being the end or the live edge.
func wished(b *manifest.Begin, end media.Time) media.Time {
	if b.Offset < 0 {
		return max(0, end.Add(b.Offset))
	}
	return media.Time(b.Offset)
}

// wished is the same within what there is.
func (p *Program) wished(b *manifest.Begin, edge media.Time) media.Time {
	return min(max(wished(b, edge), p.live.extent.Start, 0), p.live.extent.End)
}

// askClock learns the server's clock.
func (p *Program) askClock(ctx context.Context) {
	pres := p.Presentation()
	if pres.Live == nil {
		return
	}
	skew, err := AskClock(ctx, p.get, pres.Live.Clocks, pres.URL)
	if err != nil && ctx.Err() == nil {
		p.log.Warn("the server's clock", "err", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	p.mu.Lock()
	if skew.Scheme != "" || p.skew.Scheme == "" {
		p.skew = skew
	}
	p.asked = time.Now()
	skew = p.skew
	p.mu.Unlock()
	p.log.Info("clock", "offset", skew.Offset, "by", skew.Scheme)
}

// clockDue reports whether the clock was learnt longer ago than age.
func (p *Program) clockDue(age time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Since(p.asked) >= age
}

// starve says that a feed has come to the end of what the manifest lists.
func (p *Program) starve() {
	select {
	case p.dry <- struct{}{}:
	default:
	}
}

// run follows a presentation that changes, until ctx ends or it does not change any more.
func (p *Program) run(ctx context.Context, e *Engine) {
	failures, told := 0, ""
	for {
		live := p.Presentation().Live
		if live == nil {
			return
		}
		if live.Updater == nil {
			live = &manifest.Live{Refresh: clockAge} // only the clock
		}
		if err := p.pause(ctx, live.Refresh, failures); err != nil {
			return
		}
		if p.clockDue(clockAge) && p.Presentation().Format == manifest.DASH && !p.stored() {
			p.askClock(ctx)
		}
		if live.Updater == nil {
			continue
		}
		next, err := live.Updater.Update(p.now(), p.getter(ctx))
		if err == nil && next != nil {
			err = p.adopt(e, next)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			failures++
			if text := err.Error(); text != told {
				told = text
				p.log.Warn("the manifest could not be updated; going on with what is known", "err", err)
			}
		default:
			failures, told = 0, ""
		}
	}
}

// pause waits until the manifest is to be asked for again.
func (p *Program) pause(ctx context.Context, refresh time.Duration, failures int) error {
	least := max(minUpdate, min(refresh, maxDry))
	if failures > 0 {
		least = min(maxUpdate, minUpdate<<min(failures, 8))
	}
	first := time.NewTimer(least)
	defer first.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-first.C:
	}
	var due <-chan time.Time
	if refresh > 0 || failures > 0 {
		timer := time.NewTimer(max(0, refresh-least))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-due:
	case <-p.dry:
	}
	return nil
}

// adopt goes on with a later version of the presentation.
func (p *Program) adopt(e *Engine, next *manifest.Presentation) error {
	p.choosing.Lock()
	defer p.choosing.Unlock()
	p.mu.Lock()
	rules := p.rules
	p.mu.Unlock()
	sel, err := plan.Select(next, rules)
	if err != nil {
		return err
	}
	p.mu.Lock()
	old := p.pres
	p.pres = next
	p.mu.Unlock()
	p.listEvents(next)
	for _, f := range next.Findings {
		known := slices.ContainsFunc(old.Findings, func(o manifest.Finding) bool { return o.Code == f.Code && o.Message == f.Message })
		if f.Severity != manifest.SeverityInfo && !known {
			p.log.Warn(f.Message, "code", f.Code, "where", f.Where)
		}
	}
	for _, f := range p.all() {
		track := trackOf(sel, f.kind)
		if track == nil {
			track = plan.NewTrack()
		}
		p.note(f.kind, track)
		f.update(track, false)
	}
	if p.text != nil {
		p.text.update()
	}
	if old.Live != nil && next.Live == nil {
		p.log.Info("the presentation is complete")
	}
	e.look()
	return nil
}

// edge is what is known about the live edge. It belongs to Engine.Run.
type edge struct {
	have   bool
	extent plan.Extent
	seen   time.Time // by the server's clock: when extent.End was seen first
	delay  media.Span
	usual  media.Span // the delay where nobody asks for one

	seeks     media.Gen
	at        media.Time // where the playhead was when it moved last
	moved     time.Time
	following bool    // playback keeps to the delay; a seek away or a pause ends it
	rate      float64 // what was set, 0 for nothing
	latency   media.Span
	ended     bool // the presentation has become complete, and that is done with
}

const (
	// rateGain is the change of speed per second of latency too much, rateSpan the largest; within rateBand of the target
	// nothing changes.
	rateGain, rateSpan, rateBand = 0.1, 0.03, 0.1
	// comfort is how much must be buffered for playing faster than 1.
	comfort media.Span = 0.6
	// maxDrift is how far off the target playback may be and still be brought back by speed, in seconds. What is farther
	// behind because of interruptions jumps; what is farther because somebody wants it stays.
	maxDrift media.Span = 8
	// restless is after how long without moving, and without waiting for data, playback counts as paused.
	restless = time.Second
)

// current returns what is said about time now, nil when everything is there.
func (p *Program) current() *manifest.Live {
	if live := p.Presentation().Live; live != nil {
		return live
	}
	for _, f := range p.all() {
		if live := f.liveness(); live != nil {
			return live
		}
	}
	return nil
}

// tick keeps the seekable range, the latency and the duration of a live presentation right.
func (p *Program) tick(e *Engine) {
	live := p.current()
	if live == nil {
		p.finish(e)
		return
	}
	if !p.observe(e, live) {
		return
	}
	if p.stored() && p.want == 0 {
		return
	}
	l, x := &p.live, p.live.extent
	at, seeks := e.player.Playhead()
	switch {
	case seeks != l.seeks: // somebody seeks
		l.seeks, l.at, l.moved = seeks, at, time.Now()
		l.following = false
		p.steer(e, 1)
		return
	case at != l.at:
		l.at, l.moved = at, time.Now()
	}
	starving := e.player.Starving()
	_, inside := e.player.Buffered().Find(at)
	if at < x.Start && !inside && (starving || l.following) {
		target, _ := p.target()
		p.log.Warn("the position has fallen out of what the server keeps; going on near the live edge", "t", at, "to", target)
		e.moved(at, target)
		l.jump(e, target)
		return
	}
	l.latency = p.edge(p.now()).Sub(at)
	p.mu.Lock()
	p.shown = Latency{Live: true, Is: l.latency, Target: l.delay}
	p.mu.Unlock()
	drift := l.latency - l.delay
	paused := time.Since(l.moved) >= restless && !starving
	switch {
	case paused:
		l.following = false
	case drift.Abs() <= maxDrift && !starving:
		l.following = true
	}
	ahead := media.Span(0)
	if r, ok := e.player.Buffered().Find(at); ok {
		ahead = r.End.Sub(at)
	}
	switch {
	case !l.following || paused || starving:
		p.steer(e, 1)
	case drift > maxDrift && ahead < comfort:
		if target, ok := p.target(); ok {
			p.log.Warn("playback has fallen behind; going on near the live edge", "t", at, "latency", l.latency, "to", target)
			e.moved(at, target)
			l.jump(e, target)
		}
	case drift.Abs() <= rateBand, drift > 0 && ahead < min(comfort, l.delay/2):
		p.steer(e, 1)
	default:
		lo, hi := 1-rateSpan, 1+rateSpan
		if live.Latency != nil {
			lo, hi = limits(live.Latency, lo, hi)
		}
		p.steer(e, min(max(1+rateGain*float64(drift), lo), hi))
	}
}

// observe notes what there is of all tracks, and makes it seekable. It reports false before that is known.
func (p *Program) observe(e *Engine, live *manifest.Live) bool {
	x, ok := p.extent()
	if !ok {
		return p.live.have
	}
	l := &p.live
	if !l.have || x.End > l.extent.End {
		l.seen = p.now()
	}
	same := l.have && x == l.extent
	l.have, l.extent, l.delay = true, x, p.delay(live, x)
	if same {
		return true
	}
	if err := e.ms.SetLiveSeekableRange(max(0, x.Start), max(0, x.End, x.Start)); err != nil {
		p.log.Debug("live seekable range", "err", err)
	}
	return true
}

// limits narrows the range of speeds to what a service allows.
func limits(l *manifest.Latency, lo, hi float64) (float64, float64) {
	if l.MinRate > 0 && l.MinRate <= 1 {
		lo = max(lo, l.MinRate)
	}
	if l.MaxRate >= 1 {
		hi = min(hi, l.MaxRate)
	}
	return lo, hi
}

// speeder is a Player whose speed can be changed.
type speeder interface {
	PlaybackRate() float64
	SetPlaybackRate(float64) error
}

// steer sets the speed, unless the user has set one that is not ours to change.
func (p *Program) steer(e *Engine, rate float64) {
	l := &p.live
	s, ok := e.player.(speeder)
	if !ok || rate == l.rate || rate == 1 && l.rate == 0 {
		return
	}
	if now := s.PlaybackRate(); now != 1 && now != l.rate {
		l.rate = 0
		return
	}
	if err := s.SetPlaybackRate(rate); err != nil {
		p.log.Debug("speed", "rate", rate, "err", err)
		return
	}
	l.rate = rate
}

// jump moves the playhead on the engine's own account.
func (l *edge) jump(e *Engine, to media.Time) {
	e.player.Jump(to)
	at, seeks := e.player.Playhead()
	l.at, l.seeks, l.moved = at, seeks, time.Now()
}

// finish sets the duration of a presentation that has become complete.
func (p *Program) finish(e *Engine) {
	l, pres := &p.live, p.Presentation()
	if !l.have || l.ended {
		return
	}
	p.steer(e, 1)
	if pres.Duration.Set {
		// It fails while an append is going on, and then is tried again.
		if d, known := e.ms.Duration(); known && !d.IsFinite() && e.ms.SetDuration(pres.Duration.T) != nil {
			return
		}
	}
	l.ended = true
	if err := e.ms.ClearLiveSeekableRange(); err != nil {
		p.log.Debug("live seekable range", "err", err)
	}
}

// extent returns what all feeds have.
func (p *Program) extent() (x plan.Extent, ok bool) {
	for _, f := range p.all() {
		fx, have := f.extentNow()
		switch {
		case !have:
			return x, false
		case !ok:
			x, ok = fx, true
		default:
			x.Start, x.End = max(x.Start, fx.Start), min(x.End, fx.End)
			x.Segment, x.Lead = max(x.Segment, fx.Segment), max(x.Lead, fx.Lead)
		}
	}
	return x, ok
}

// edge returns what is being recorded at now: by the clock where the manifest relates it to the media, else what the
// lists end with and how long ago they were seen to.
func (p *Program) edge(now time.Time) media.Time {
	if live := p.Presentation().Live; live != nil && !live.Start.IsZero() {
		return media.Time(now.Sub(live.Start).Seconds())
	}
	x := p.live.extent
	return x.End.Add(min(media.Span(now.Sub(p.live.seen).Seconds()), x.Segment))
}

// delay decides how far from the live edge playback is to be.
func (p *Program) delay(live *manifest.Live, x plan.Extent) media.Span {
	d := p.want
	if d == 0 && live.Latency != nil {
		d = live.Latency.Target
		if p.chunked() {
			d = min(d, max(lowLatency, x.Lead+reserve, live.Latency.Min))
		}
	}
	if d == 0 {
		d = live.PartDelay
	}
	if d == 0 {
		d = live.Delay
	}
	if d == 0 {
		if p.live.usual == 0 {
			p.live.usual = defaultDelay * x.Segment
			if p.chunked() {
				p.live.usual = min(chunkedDelay*x.Segment, max(lowLatency, x.Lead+reserve))
			}
		}
		d = p.live.usual
	}
	// What is kept bounds it, less a segment that may go while it is being fetched.
	return max(min(d, max(x.End.Sub(x.Start)-x.Segment, x.Segment)), 0)
}

// chunked reports whether all segments are sent while they are produced.
func (p *Program) chunked() bool {
	for _, per := range p.Presentation().Periods {
		for _, set := range per.Sets {
			for _, r := range set.Representations {
				if set.Normal() && (r.Kind == manifest.Video || r.Kind == manifest.Audio) && !r.Chunked {
					return false
				}
			}
		}
	}
	return true
}

// target returns where playback should be now.
func (p *Program) target() (media.Time, bool) {
	l := &p.live
	if !l.have {
		return 0, false
	}
	at := p.edge(p.now()).Add(-l.delay)
	return max(min(at, l.extent.End), l.extent.Start, 0), true
}

// Latency is how live playback is.
type Latency struct {
	Live bool
	// Is and Target are distances from the live edge.
	Is, Target media.Span
}

// isLost reports whether nothing will ever fill the time from one point to another.
func (p *Program) isLost(from, to media.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.lost, func(l Loss) bool {
		return l.From <= from.Add(endMargin) && l.To >= to.Add(-endMargin)
	})
}

// Latency returns how far behind the live edge playback is.
func (p *Program) Latency() Latency {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shown
}

// errGap is why a segment that the playlist marks as missing is not there.
var errGap = errors.New("the playlist says that it does not exist")

// lossOf describes a segment that is left out.
func lossOf(kind manifest.Kind, it plan.Item, err error) Loss {
	l := Loss{Kind: kind, From: it.Start, To: it.End(), Reason: err.Error()}
	if it.Representation != nil {
		l.Track = it.Representation.TrackID
	}
	if !it.Gap {
		l.URL = fetch.Redact(it.URL)
	}
	var se *Error
	if errors.As(err, &se) {
		l.Reason = se.Err.Error()
	}
	return l
}

// String names a loss in one line.
func (l Loss) String() string {
	return fmt.Sprintf("%s from %s to %s: %s", l.Track, l.From.Clock(), l.To.Clock(), l.Reason)
}
