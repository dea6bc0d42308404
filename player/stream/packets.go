package stream

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

// nearby is how far reading may be from what is buffered around a seek target and still go on there, in seconds.
const nearby media.Span = 5

// Chunk is a piece of one track of a demultiplexed file, as player/file yields it.
type Chunk struct {
	Track      uint32
	Data       []byte // nil for none
	Start, End media.Time
	// From and Through enclose the time in which no frame of the track is missing any more.
	From, Through media.Time
}

// PacketSource is a file that is being demultiplexed. It is adapted from file.Source.
type PacketSource interface {
	// Init is the initialization segment of a track.
	Init(track uint32) []byte
	// Next returns the next chunks, io.EOF at the end.
	Next(context.Context) ([]Chunk, error)
	// Select makes Next yield these tracks only.
	Select(tracks ...uint32)
	// Seek makes Next go on at or before t and returns where.
	Seek(context.Context, media.Time) (media.Time, error)
}

// Packets is the Feed of a demultiplexed file: one reader for all its tracks.
type Packets struct {
	// immutable
	src  PacketSource
	name string // of the file, for messages
	// seekable is false for input that only goes forward.
	seekable bool

	mu   sync.Mutex
	sbs  map[uint32]*mse.SourceBuffer // guarded by mu; written by Run only
	wish map[uint32]uint32            // guarded by mu: what is to be played instead of what
	done bool                         // guarded by mu
	edge media.Time                   // guarded by mu: how far all tracks have been read

	// owned by Run
	seeks media.Gen
	high  media.Time // highest end of a chunk since then
	fresh []uint32   // tracks that were chosen while playing, until nothing of those before is buffered
	begun media.Time // where reading them began
	until media.Time // up to where those before may be buffered
}

// NewPackets returns a feed of src into one SourceBuffer for each track.
func NewPackets(src PacketSource, name string, seekable bool, sbs map[uint32]*mse.SourceBuffer) *Packets {
	return &Packets{src: src, name: name, seekable: seekable, sbs: sbs}
}

// Done implements Feed.
func (f *Packets) Done() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.done
}

// Edge implements Feed.
func (f *Packets) Edge() media.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.edge
}

// Cover implements Feed. A file covers its tracks itself.
func (f *Packets) Cover(media.Time) {}

// Nudge implements Feed. Reading a file is not interrupted.
func (f *Packets) Nudge(*Engine) {}

func (f *Packets) set(done bool, edge media.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done, f.edge = done, edge
}

// Run implements Feed.
func (f *Packets) Run(ctx context.Context, e *Engine) error {
	for id, sb := range f.sbs {
		if err := sb.Append(ctx, f.src.Init(id)); err != nil {
			return f.wrap(Media, err)
		}
	}
	at, seeks := e.player.Playhead()
	f.seeks = seeks
	if at > 0 {
		if err := f.move(ctx, at); err != nil {
			return err
		}
	}
	for {
		if err := f.replace(ctx, e); err != nil {
			return err
		}
		at, seeks := e.player.Playhead()
		if seeks != f.seeks {
			f.seeks = seeks
			if err := f.forget(ctx, media.Forever); err != nil {
				return err
			}
			if err := f.follow(ctx, at); err != nil {
				return err
			}
		}
		if f.Done() || f.Edge().Sub(at) >= e.opt.Ahead {
			if err := e.rest(ctx, poll); err != nil {
				return err
			}
			continue
		}
		err := f.step(ctx, e)
		if errors.Is(err, errMoved) {
			// A piece has been given up, so reading must begin anew.
			at, f.seeks = e.player.Playhead()
			err = f.move(ctx, at)
		}
		if err != nil {
			return err
		}
	}
}

// Tracks lists the tracks that play, or will in a moment.
func (f *Packets) Tracks() (ids []uint32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id := range f.sbs {
		if to, ok := f.wish[id]; ok {
			id = to
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Choose plays track to instead of from, which is one of Tracks: at once where the file can be read again from the playhead,
// otherwise from where reading stands.
func (f *Packets) Choose(from, to uint32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wish == nil {
		f.wish = map[uint32]uint32{}
	}
	for id, now := range f.wish {
		if now == from {
			from = id
		}
	}
	if f.wish[from] = to; from == to {
		delete(f.wish, from)
	}
}

// replace reads a track that has been chosen, from the playhead on, into the SourceBuffer of the one before.
func (f *Packets) replace(ctx context.Context, e *Engine) error {
	f.mu.Lock()
	wish := f.wish
	f.wish = nil
	f.mu.Unlock()
	if len(wish) == 0 {
		return nil
	}
	at, _ := e.player.Playhead()
	for from, to := range wish {
		sb := f.sbs[from]
		f.mu.Lock()
		delete(f.sbs, from)
		f.sbs[to] = sb
		f.mu.Unlock()
		if err := sb.Abort(); err != nil && !errors.Is(err, mse.ErrInvalidState) {
			return f.wrap(Policy, err)
		}
		keep := at.Add(chosenKeep)
		if f.seekable {
			if err := drop(ctx, sb, keep, media.Forever); err != nil {
				return f.wrap(Policy, err)
			}
		}
		if err := e.append(ctx, sb, f.src.Init(to), func() bool { return false }); err != nil {
			return f.wrap(Media, err)
		}
		f.fresh, f.until = append(f.fresh, to), keep
	}
	f.src.Select(f.Tracks()...)
	err := f.move(ctx, at)
	f.begun = f.high
	return err
}

// forget removes what may be of tracks that do not play any more, up to a point.
func (f *Packets) forget(ctx context.Context, to media.Time) error {
	fresh := f.fresh
	f.fresh = nil
	for _, id := range fresh {
		if sb := f.sbs[id]; sb != nil && f.seekable && to > 0 {
			if err := drop(ctx, sb, 0, to); err != nil {
				return f.wrap(Policy, err)
			}
		}
	}
	return nil
}

// follow decides whether a seek needs another reading position.
func (f *Packets) follow(ctx context.Context, at media.Time) error {
	for _, sb := range f.sbs {
		r, err := sb.Buffered()
		if err != nil {
			return f.wrap(Policy, err)
		}
		x, ok := r.Find(at)
		if !ok || !f.Done() && (f.Edge() < x.Start || f.Edge() > x.End.Add(nearby)) || f.Done() && x.End < r.End() {
			return f.move(ctx, at)
		}
	}
	return nil
}

// move reads on at t.
func (f *Packets) move(ctx context.Context, t media.Time) error {
	if !f.seekable {
		return nil // reading goes on; what is not buffered comes by and by, what is gone stays gone
	}
	landed, err := f.src.Seek(ctx, t)
	if err != nil {
		return f.wrap(Segment, err)
	}
	for _, sb := range f.sbs {
		if err := sb.Abort(); err != nil && !errors.Is(err, mse.ErrInvalidState) {
			return f.wrap(Policy, err)
		}
	}
	f.high = max(landed, 0)
	f.set(false, f.high)
	return nil
}

// step reads and appends the next piece of every track.
func (f *Packets) step(ctx context.Context, e *Engine) error {
	chunks, err := f.src.Next(ctx)
	if errors.Is(err, io.EOF) {
		f.set(true, f.high)
		e.look()
		return nil
	}
	if err != nil {
		return f.wrap(Segment, err)
	}
	stop := func() bool {
		_, seeks := e.player.Playhead()
		return seeks != f.seeks
	}
	for _, c := range chunks {
		sb := f.sbs[c.Track]
		if sb == nil {
			continue
		}
		if c.Data != nil && !f.there(sb, c) {
			if err := e.append(ctx, sb, c.Data, stop); err != nil {
				return f.wrap(Media, err)
			}
		}
		sb.Cover(c.From, c.Through)
		f.high = max(f.high, c.End)
	}
	f.set(false, f.high)
	e.appended()
	if len(f.fresh) > 0 && f.high >= f.until {
		return f.forget(ctx, f.begun.Add(-chosenMargin))
	}
	return nil
}

// there reports whether a chunk is in the buffer already, where it was read again for another track's sake.
func (f *Packets) there(sb *mse.SourceBuffer, c Chunk) bool {
	if len(f.fresh) == 0 || slices.Contains(f.fresh, c.Track) || c.Start >= c.End {
		return false
	}
	r, err := sb.Buffered()
	if err != nil {
		return false
	}
	x, ok := r.Find(c.Start.Add(skipMargin / 100))
	return ok && x.Start <= c.Start.Add(skipMargin/100) && x.End >= c.End.Add(-skipMargin/100)
}

func (f *Packets) wrap(c Category, err error) error {
	if errors.Is(err, errMoved) || errors.Is(err, mse.ErrAborted) || errors.Is(err, context.Canceled) {
		return err
	}
	return &Error{Category: c, Where: f.name, Err: err}
}
