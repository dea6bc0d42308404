package stream

import (
	"context"
	"errors"
	"io"
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
	// Seek makes Next go on at or before t and returns where.
	Seek(context.Context, media.Time) (media.Time, error)
}

// Packets is the Feed of a demultiplexed file: one reader for all its tracks.
type Packets struct {
	// immutable
	src  PacketSource
	sbs  map[uint32]*mse.SourceBuffer
	name string // of the file, for messages
	// seekable is false for input that only goes forward.
	seekable bool

	mu   sync.Mutex
	done bool       // guarded by mu
	edge media.Time // guarded by mu: how far all tracks have been read

	// owned by Run
	seeks media.Gen
	high  media.Time // highest end of a chunk since then
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
		at, seeks := e.player.Playhead()
		if seeks != f.seeks {
			f.seeks = seeks
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
		if c.Data != nil {
			if err := e.append(ctx, sb, c.Data, stop); err != nil {
				return f.wrap(Media, err)
			}
		}
		sb.Cover(c.From, c.Through)
		f.high = max(f.high, c.End)
	}
	f.set(false, f.high)
	e.appended()
	return nil
}

func (f *Packets) wrap(c Category, err error) error {
	if errors.Is(err, errMoved) || errors.Is(err, mse.ErrAborted) || errors.Is(err, context.Canceled) {
		return err
	}
	return &Error{Category: c, Where: f.name, Err: err}
}
