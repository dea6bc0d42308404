package mse

import (
	"slices"
	"sort"

	"mseplayer/mse/media"
)

// maxCues bounds the cues of one track; a film has some thousand.
const maxCues = 1 << 14

// Cue is a piece of text that is to be seen during [Start, End); Forever as the End means until the end of the media. It
// must not be changed while a track has it.
// HTML: texttrackcue.
type Cue struct {
	ID         string
	Start, End media.Time
	Text       string
}

// before is the text track cue order: by the beginning, and the longer one first.
// HTML: text-track-cue-order.
func (c *Cue) before(d *Cue) bool { return c.Start < d.Start || c.Start == d.Start && c.End > d.End }

// AddCue puts a cue into a text track. One that is in it already takes its place anew.
// Errors: TypeError (nil, times that are none), QuotaExceededError (too many).
// HTML: dom-texttrack-addcue.
func (t *Track) AddCue(c *Cue) error {
	const op = "TextTrack.addCue"
	switch {
	case c == nil:
		return fail(TypeError, op, "no cue")
	case !c.Start.IsFinite() || isNaN(c.End) || c.End < c.Start:
		return fail(TypeError, op, "[%s, %s) is no time", c.Start, c.End)
	}
	t.loop.mu.Lock()
	defer t.loop.mu.Unlock()
	cues := slices.DeleteFunc(slices.Clone(t.cues), func(x *Cue) bool { return x == c })
	if len(cues) >= maxCues {
		return fail(QuotaExceededError, op, "the track has %d cues", maxCues)
	}
	i := sort.Search(len(cues), func(i int) bool { return c.before(cues[i]) })
	t.cues = slices.Insert(cues, i, c)
	return nil
}

// RemoveCue takes a cue out of a text track.
// Errors: NotFoundError.
// HTML: dom-texttrack-removecue.
func (t *Track) RemoveCue(c *Cue) error {
	t.loop.mu.Lock()
	defer t.loop.mu.Unlock()
	i := slices.Index(t.cues, c)
	if i < 0 {
		return fail(NotFoundError, "TextTrack.removeCue", "the track does not have it")
	}
	t.cues = slices.Delete(slices.Clone(t.cues), i, i+1)
	return nil
}

// Cues returns a text track's cues at this moment, in the order of time; ok is false for a disabled track, whose cues
// HTML does not show. The slice must not be changed.
// HTML: dom-texttrack-cues.
func (t *Track) Cues() (cues []*Cue, ok bool) {
	t.loop.mu.Lock()
	defer t.loop.mu.Unlock()
	if !t.on() {
		return nil, false
	}
	return t.cues, true
}

// ActiveCues returns those that are to be seen at a media time, in the order of time; none for a disabled track.
// HTML: dom-texttrack-activecues.
func (t *Track) ActiveCues(at media.Time) (active []*Cue) {
	cues, _ := t.Cues()
	for _, c := range cues {
		if c.Start > at {
			break
		}
		if at < c.End {
			active = append(active, c)
		}
	}
	return active
}
