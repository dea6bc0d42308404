package subtitle

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/text"
	"mseplayer/player/text/cue"
	"mseplayer/player/text/raster"
)

const (
	// maxTracks bounds the tracks of a board.
	maxTracks = 256
	// MinScale and MaxScale bound the size of subtitles, 1 being the author's.
	MinScale, MaxScale = 0.1, 10
	// look is how often Run looks at the position at least, doze how often while it rests, soonest how often at most.
	look, doze, soonest = 100 * time.Millisecond, time.Second, 4 * time.Millisecond
)

// Track describes a track of subtitles.
type Track struct {
	// ID is unique on the board. Language is a BCP 47 tag, "" when unknown.
	ID, Language, Label string
	// Kind is "subtitles", or "captions" where sounds are described, too.
	Kind string
	// Codec says what it is, for people ("webvtt", "pgs").
	Codec string
	// Default and Forced are the author's marks; External is set for a file beside the media.
	Default, Forced, External bool
}

// Overlay is what is to be put over a picture that is Width × Height pixels on the screen.
type Overlay struct {
	Width, Height int
	// Bitmaps are drawn in this order; none hides what was shown.
	Bitmaps []raster.Bitmap
}

// Options tune a Board. The zero value works.
type Options struct {
	// System lets glyphs come from the fonts of the system.
	System bool
	// Delay and Scale are as for SetDelay and SetScale; 0 is no delay and the author's size.
	Delay media.Span
	Scale float64
	// Log gets what is left out at Warn. Nil is silent.
	Log *slog.Logger
}

// Board holds the tracks of one source. Make it with New.
type Board struct {
	// immutable
	log  *slog.Logger
	kick chan struct{} // one slot: something changed

	// atomic
	size   atomic.Uint64 // width << 32 | height, of the surface
	latest atomic.Pointer[Overlay]

	mu     sync.Mutex
	lanes  []*Lane // guarded by mu: in the order of Add
	chosen *Lane   // guarded by mu: nil for none
	hidden bool    // guarded by mu
	// standby is guarded by mu: nil for none
	standby *Lane
	delay   media.Span
	scale   float64

	draw     sync.Mutex
	renderer *raster.Renderer // guarded by draw
	lacking  bool             // guarded by draw: it has been told that a letter is in no font
}

// New returns a board without tracks.
func New(o Options) *Board {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	b := &Board{log: log.With("c", "subtitle"), kick: make(chan struct{}, 1), scale: 1, renderer: raster.New(raster.Config{System: o.System})}
	b.SetDelay(o.Delay)
	if o.Scale != 0 {
		b.SetScale(o.Scale)
	}
	return b
}

// Lane is one track's cues.
type Lane struct {
	// immutable
	board *Board
	track Track

	list text.List   // guarded by board.mu
	open []*cue.Cue  // guarded by board.mu: cues whose end is not known yet
	told atomic.Bool // that there were too many
}

// Add adds a track that is not shown. It returns nil when there are too many.
func (b *Board) Add(t Track) *Lane {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.lanes) == maxTracks {
		return nil
	}
	if t.Kind == "" {
		t.Kind = "subtitles"
	}
	l := &Lane{board: b, track: t}
	b.lanes = append(b.lanes, l)
	return l
}

// Tracks lists the tracks in the order of Add.
func (b *Board) Tracks() []Track {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Track
	for _, l := range b.lanes {
		out = append(out, l.track)
	}
	return out
}

// Select shows the track of an ID, and none for "". It reports whether there is one.
func (b *Board) Select(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	var l *Lane
	if id != "" {
		i := slices.IndexFunc(b.lanes, func(l *Lane) bool { return l.track.ID == id })
		if i < 0 {
			return false
		}
		l = b.lanes[i]
	}
	b.chosen = l
	b.wake()
	return true
}

// Selected returns the track that is chosen, whether or not it is visible.
func (b *Board) Selected() (t Track, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.chosen == nil {
		return Track{}, false
	}
	return b.chosen.track, true
}

// Standby sets whose forced cues are shown while nothing is chosen; "" is nobody's.
func (b *Board) Standby(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.standby = nil
	if i := slices.IndexFunc(b.lanes, func(l *Lane) bool { return l.track.ID == id }); i >= 0 && id != "" {
		b.standby = b.lanes[i]
	}
	b.wake()
}

// Active returns the track of which something may be shown: what is chosen, else what is on standby.
func (b *Board) Active() (t Track, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, _ := b.seen()
	if l == nil {
		return Track{}, false
	}
	return l.track, true
}

// seen is the lane of which something may be shown, nil for none, and whether that is what is forced only.
func (b *Board) seen() (l *Lane, forced bool) {
	if b.chosen == nil {
		return b.standby, true
	}
	return b.chosen, b.hidden
}

// SetVisible hides and shows the chosen track, but for what its author forces on everybody.
func (b *Board) SetVisible(v bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hidden = !v
	b.wake()
}

// Visible reports whether the chosen track is shown.
func (b *Board) Visible() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.hidden
}

// SetDelay shows subtitles later by d, or earlier if it is negative.
func (b *Board) SetDelay(d media.Span) {
	if !media.Time(d).IsFinite() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.delay = d
	b.wake()
}

// Delay is what SetDelay has set.
func (b *Board) Delay() media.Span {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.delay
}

// SetScale makes subtitles s times as large as their author has. What lies outside of MinScale and MaxScale is brought in.
func (b *Board) SetScale(s float64) {
	if s != s {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.scale = min(max(s, MinScale), MaxScale)
	b.wake()
}

// wake makes Run look.
func (b *Board) wake() {
	select {
	case b.kick <- struct{}{}:
	default:
	}
}

// Track returns the description that Add was given.
func (l *Lane) Track() Track { return l.track }

// Shown reports whether the lane is the one that is chosen.
func (l *Lane) Shown() bool {
	l.board.mu.Lock()
	defer l.board.mu.Unlock()
	return l.board.chosen == l
}

// Add puts cues into the lane. Those that are there already are joined with them.
func (l *Lane) Add(cues ...cue.Cue) {
	if len(cues) == 0 {
		return
	}
	l.board.mu.Lock()
	dropped := l.list.Add(cues...)
	if seen, _ := l.board.seen(); seen == l {
		l.board.wake()
	}
	l.board.mu.Unlock()
	if dropped > 0 && !l.told.Swap(true) {
		l.board.log.Warn("too many subtitles; some are left out", "track", l.track.ID)
	}
}

// Open replaces the cues whose end is not known yet: their ends say how long they are shown at most.
func (l *Lane) Open(cues ...cue.Cue) {
	l.board.mu.Lock()
	defer l.board.mu.Unlock()
	l.open = nil
	for _, c := range cues {
		l.open = append(l.open, &c)
	}
	if seen, _ := l.board.seen(); seen == l {
		l.board.wake()
	}
}

// Len is how many cues the lane has.
func (l *Lane) Len() int {
	l.board.mu.Lock()
	defer l.board.mu.Unlock()
	return l.list.Len() + len(l.open)
}

// active returns what is due at t, and when that changes, Forever if not at all.
func (b *Board) active(t media.Time) (cues []*cue.Cue, next media.Time, scale float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	next, scale = media.Forever, b.scale
	l, forced := b.seen()
	if l == nil {
		return nil, next, scale
	}
	at := t.Add(-b.delay)
	cues = l.list.Active(nil, at)
	if n, ok := l.list.Next(at); ok {
		next = n
	}
	for _, c := range l.open {
		switch {
		case c.Start > at:
			next = min(next, c.Start)
		case c.End > at:
			cues = append(cues, c)
			next = min(next, c.End)
		}
	}
	if forced {
		cues = slices.DeleteFunc(cues, func(c *cue.Cue) bool { return !c.Forced })
	}
	return cues, next.Add(b.delay), scale
}

// Text returns what is due at t as plain text, one line for each line of each cue.
func (b *Board) Text(t media.Time) []string {
	cues, _, _ := b.active(t)
	var lines []string
	for _, c := range cues {
		for _, block := range c.Blocks {
			line := ""
			for _, s := range block.Spans {
				line += s.Text
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// Draw returns what is due at t for a picture of w × h pixels. It may take as long as a frame does.
func (b *Board) Draw(t media.Time, w, h int) (*Overlay, error) {
	cues, _, scale := b.active(t)
	return b.paint(cues, w, h, scale)
}

func (b *Board) paint(cues []*cue.Cue, w, h int, scale float64) (*Overlay, error) {
	o := &Overlay{Width: w, Height: h}
	if len(cues) == 0 || w <= 0 || h <= 0 {
		return o, nil
	}
	b.draw.Lock()
	defer b.draw.Unlock()
	var err error
	o.Bitmaps, err = b.renderer.Draw(fit(cues, float64(w)/float64(h)), raster.Options{Width: w, Height: h, Scale: scale})
	if letter, missing := b.renderer.Missing(); missing && !b.lacking {
		b.lacking = true
		b.log.Warn("no font has some of the letters of the subtitles: boxes are shown; install a font that has them, such as fonts-noto-cjk for Chinese, Japanese and Korean",
			"letter", string(letter), "code", fmt.Sprintf("U+%04X", letter))
	}
	return o, err
}

// fit brings pictures that were made for a canvas of another shape onto a picture that is aspect times as wide as high. The
// canvas keeps its shape and covers the picture, as if the bars around a film had been cut off; what lay on a bar moves in,
// together with what else lies in that half.
func fit(cues []*cue.Cue, aspect float64) []*cue.Cue {
	const same = 0.02
	var out []*cue.Cue
	var before, behind cue.Rect // X and Y are how far the two halves move in
	for i, c := range cues {
		if c.Image == nil || c.Image.Canvas <= 0 || math.Abs(c.Image.Canvas/aspect-1) < same {
			continue
		}
		if out == nil {
			out = slices.Clone(cues)
		}
		moved, k := *c, aspect/c.Image.Canvas
		r := &moved.Rect
		if k > 1 {
			r.Y, r.H = (r.Y-0.5)*k+0.5, r.H*k
		} else {
			r.X, r.W = (r.X-0.5)/k+0.5, r.W/k
		}
		before.X, before.Y = max(before.X, -r.X), max(before.Y, -r.Y)
		behind.X, behind.Y = max(behind.X, r.X+r.W-1), max(behind.Y, r.Y+r.H-1)
		out[i] = &moved
	}
	if out == nil {
		return cues
	}
	for i, c := range out {
		if c == cues[i] {
			continue
		}
		c.Rect.X = inside(c.Rect.X, c.Rect.W, before.X, behind.X)
		c.Rect.Y = inside(c.Rect.Y, c.Rect.H, before.Y, behind.Y)
	}
	return out
}

// inside moves a stretch by what its half of the picture moves in; one that is too long stays where it is.
func inside(at, length, before, behind float64) float64 {
	switch {
	case length >= 1:
		return at
	case at+length/2 < 0.5:
		return min(at+before, 1-length)
	default:
		return max(at-behind, 0)
	}
}

// Overlay returns what is to be shown now over a picture of w × h pixels, as far as Run has drawn it; nil before. The same
// pointer stands for the same bitmaps. It never waits.
func (b *Board) Overlay(w, h int) *Overlay {
	if size := uint64(uint32(w))<<32 | uint64(uint32(h)); b.size.Load() != size {
		b.size.Store(size)
		b.wake()
	}
	return b.latest.Load()
}

// Look makes Run look at the position at once: after a seek, or when it moves or rests from now on.
func (b *Board) Look() { b.wake() }

// Run draws what is due until ctx ends. position is asked for the playback position and the speed at which it moves, 0
// while it rests.
func (b *Board) Run(ctx context.Context, position func() (at media.Time, speed float64)) {
	var shown []*cue.Cue
	var size uint64
	var scale float64
	told := false
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.kick:
		case <-timer.C:
		}
		at, speed := position()
		cues, next, want := b.active(at)
		now := b.size.Load()
		changed := size != now || scale != want || !slices.Equal(cues, shown)
		if w, h := int(now>>32), int(uint32(now)); w > 0 && h > 0 && changed && len(cues)+len(shown) > 0 {
			o, err := b.paint(cues, w, h, want)
			if err != nil && !told {
				told = true
				b.log.Warn("subtitles cannot be drawn", "err", err)
			}
			b.latest.Store(o)
			shown, size, scale = cues, now, want
		}
		wait := look
		if speed == 0 {
			wait = doze
		}
		if speed > 0 && next.IsFinite() {
			wait = min(wait, max(soonest, time.Duration(float64(next.Sub(at))/speed*float64(time.Second))))
		}
		timer.Reset(wait)
	}
}
