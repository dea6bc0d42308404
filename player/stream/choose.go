package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/manifest"
	"mseplayer/player/stream/plan"
)

const (
	// reasonChosen is the Use.Reason of what somebody has chosen.
	reasonChosen = "chosen"
	// chosenLead is how far ahead of the playhead what is chosen begins, where there is anything to play until then;
	// chosenKeep is how much of what was chosen before stays behind that, for a network that takes its time.
	chosenLead, chosenKeep media.Span = 0.5, 8
	// chosenBehind is how far the playhead must have come for what was chosen before to go from behind it, and how far before
	// the first of what is new that ends.
	chosenBehind, chosenMargin media.Span = 1, 0.1
)

// Rendition is something that can be chosen.
type Rendition struct {
	// Set of pictures stands, among renditions of sound, for the sound inside of them.
	Set *manifest.AdaptationSet
	// Reps are those that can be played, in the order of the manifest.
	Reps   []*manifest.Representation
	Chosen bool
}

// choice is what a feed has to replace since something else has been chosen. It belongs to Run.
type choice struct {
	old   media.Time // up to where what was chosen before may be buffered; 0 when nothing is
	fresh media.Opt  // where the first segment of what is new begins
}

// covers reports whether what is buffered for a segment may be of what was chosen before.
func (c *choice) covers(it plan.Item) bool { return c.old > 0 && it.Start < c.old }

// appended notes a segment of what is new.
func (c *choice) appended(it plan.Item) {
	if c.old > 0 && !c.fresh.Set {
		c.fresh = media.Some(it.Start)
	}
}

// join adds a feed to the program.
func (p *Program) join(f *Segments, t *plan.Track) {
	p.mu.Lock()
	p.feeds = append(slices.Clip(p.feeds), f)
	p.mu.Unlock()
	p.note(f.kind, t)
}

// Leave takes a feed out of the program, after the engine. Where there is sound inside of the pictures it is heard again.
func (p *Program) Leave(f *Segments) {
	p.mu.Lock()
	p.feeds = slices.DeleteFunc(slices.Clone(p.feeds), func(o *Segments) bool { return o == f })
	delete(p.plans, f.kind)
	p.mu.Unlock()
	p.quieten()
}

// Adaptive reports whether there are representations to choose from for each segment.
func (p *Program) Adaptive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rules.Quality == "auto"
}

// quieten makes the sound inside of the pictures heard or not.
func (p *Program) quieten() {
	for _, f := range p.all() {
		f.quieten()
	}
}

// all returns the feeds that there are.
func (p *Program) all() []*Segments {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.feeds
}

// note remembers what is played of a kind.
func (p *Program) note(k manifest.Kind, t *plan.Track) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plans[k] = t.Choices()
}

// trackOf is the track of a kind.
func trackOf(sel *plan.Selection, k manifest.Kind) *plan.Track {
	if k == manifest.Audio {
		return sel.Audio
	}
	return sel.Video
}

// Renditions lists what can be chosen of a kind in the period at t, in the order of the manifest.
func (p *Program) Renditions(k manifest.Kind, t media.Time) (out []Rendition) {
	p.mu.Lock()
	defer p.mu.Unlock()
	per := periodAt(p.pres, t)
	if per == nil {
		return nil
	}
	video := plan.NewTrack(p.plans[manifest.Video]...)
	playing := func(k manifest.Kind) *plan.Choice {
		if i := slices.IndexFunc(p.plans[k], func(c plan.Choice) bool { return c.Period == per }); i >= 0 {
			return &p.plans[k][i]
		}
		return nil
	}
	now, pictures := playing(k), playing(manifest.Video)
	if k == manifest.Audio && pictures != nil && plan.Sounding(pictures.Representations[0]) {
		out = append(out, Rendition{Set: pictures.Set, Reps: pictures.Representations, Chosen: now == nil})
	}
	if k == manifest.Video {
		video = nil
	}
	for _, c := range plan.Sets(per, k, p.rules, video) {
		out = append(out, Rendition{Set: c.Set, Reps: c.Representations, Chosen: now != nil && now.Set == c.Set})
	}
	return out
}

// periodAt is the period at a point in time, nil when there is none.
func periodAt(pres *manifest.Presentation, t media.Time) (per *manifest.Period) {
	for _, p := range pres.Periods {
		if per == nil || p.Start <= t {
			per = p
		}
	}
	return per
}

// Choose plays another rendition from a little ahead of the playhead, and what is most like it in other periods and in later
// versions of the presentation. Where that is sound of its own instead of the one inside of the pictures, it returns the track
// that a feed is to be made for; where it is the other way round, the feed that is not needed any more.
func (p *Program) Choose(k manifest.Kind, like plan.Like) (add *plan.Track, gone *Segments, err error) {
	p.choosing.Lock()
	defer p.choosing.Unlock()
	p.mu.Lock()
	rules, pres := p.rules, p.pres
	p.mu.Unlock()
	if k == manifest.Audio {
		rules.LikeAudio = like
	} else {
		rules.LikeVideo = like
	}
	sel, err := plan.Select(pres, rules)
	if err != nil {
		return nil, nil, err
	}
	if t := trackOf(sel, k); t == nil && like.Set.Kind == k {
		return nil, nil, fmt.Errorf("stream: nothing can be played of what was chosen")
	}
	p.mu.Lock()
	p.rules = rules
	p.mu.Unlock()
	feeds := map[manifest.Kind]*Segments{}
	for _, f := range p.all() {
		feeds[f.kind] = f
	}
	for _, kind := range []manifest.Kind{manifest.Video, manifest.Audio} {
		f, t := feeds[kind], trackOf(sel, kind)
		switch {
		case f == nil && t != nil && kind == manifest.Audio:
			add = t
		case f != nil && t == nil && kind == manifest.Audio:
			gone = f
		case f != nil && !p.plays(kind, t):
			p.note(kind, t)
			f.update(t, true)
		}
	}
	return add, gone, nil
}

// plays reports whether a track is what is being played already.
func (p *Program) plays(k manifest.Kind, t *plan.Track) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.EqualFunc(p.plans[k], t.Choices(), func(a, b plan.Choice) bool {
		return a.Set == b.Set && slices.Equal(a.Representations, b.Representations)
	})
}

// replace begins to append what has been chosen over what was before, from a little ahead of the playhead: until it is
// there, the old goes on.
func (f *Segments) replace(ctx context.Context, e *Engine) error {
	at, seeks := e.player.Playhead()
	f.followed(seeks)
	if err := f.reset(); err != nil {
		return f.wrap(plan.Item{}, Policy, err)
	}
	r, err := f.sb.Buffered()
	if err != nil {
		return f.wrap(plan.Item{}, Policy, err)
	}
	from, goOn := at, f.seek
	if x, ok := r.Find(at); ok {
		from = at.Add(chosenLead)
		if x.End < from {
			from, goOn = x.End, f.track.Continue
		}
	}
	keep := from.Add(chosenKeep)
	if r.End() > keep {
		if err := f.remove(ctx, keep, media.Forever); err != nil {
			return err
		}
	}
	f.choice = choice{old: keep}
	f.window, f.chosen, f.why = media.Range{}, false, reasonChosen
	f.trouble, f.damage = trouble{}, damage{}
	goOn(from)
	f.set(false, from)
	return nil
}

// settleChoice removes what is left of what was chosen before: all at a seek, else what lies behind the playhead once the new
// has taken the place of the rest.
func (f *Segments) settleChoice(ctx context.Context, e *Engine, at media.Time, seeks media.Gen) error {
	if f.choice.old == 0 {
		return nil
	}
	f.mu.Lock()
	moved, past := seeks != f.seeks, f.done || f.edge >= f.choice.old
	f.mu.Unlock()
	switch {
	case moved:
		f.choice = choice{}
		return f.remove(ctx, 0, media.Forever)
	case past && f.choice.fresh.Set && at >= f.choice.fresh.T.Add(chosenBehind):
		to := f.choice.fresh.T.Add(-chosenMargin)
		f.choice = choice{}
		if to > 0 {
			return f.remove(ctx, 0, to)
		}
	case past && !f.choice.fresh.Set:
		f.choice = choice{} // it has nothing to put in its place
	}
	return nil
}

// remove deletes media.
func (f *Segments) remove(ctx context.Context, from, to media.Time) error {
	if err := drop(ctx, f.sb, from, to); err != nil {
		return f.wrap(plan.Item{}, Policy, err)
	}
	return nil
}

// drop deletes media, if there is any that could be deleted. That the element has given up is told by its error.
func drop(ctx context.Context, sb *mse.SourceBuffer, from, to media.Time) error {
	err := sb.RemoveWait(ctx, from, to)
	if errors.Is(err, mse.ErrType) || errors.Is(err, mse.ErrInvalidState) || errors.Is(err, mse.ErrAborted) {
		return nil
	}
	return err
}
