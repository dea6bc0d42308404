package check

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/player/crypt"
	"mseplayer/player/decode"
)

const (
	// quotaBytes bounds what one SourceBuffer holds. Only a group of pictures that long needs it: what has been
	// decoded is removed.
	quotaBytes = 512 << 20
	// keptBytes is how much may stay before what has been decoded is removed.
	keptBytes = 4 << 20
)

// noRAPWithin says what a full buffer means.
var noRAPWithin = fmt.Sprintf("there is no random access point within %d MiB, more than a buffer holds", quotaBytes>>20)

// privateType is the MIME type of every SourceBuffer of a check. What a manifest says about types is judged elsewhere,
// and the media tells what it is.
const privateType = "application/x-mseplayer-check"

// pipe carries media through a MediaSource and the decoders. It plays the media element's part: it appends a piece,
// lets the decoders take all of it, removes what lies behind and appends the next piece. That keeps little in memory,
// and every run gives the same counts.
//
// It belongs to one goroutine; each lane has another one.
type pipe struct {
	// immutable
	ctx      context.Context
	group    *group
	decoders decode.Factory
	keys     *crypt.Store
	threads  int
	log      *slog.Logger
	ms       *mse.MediaSource
	att      *mse.Attachment
	idle     chan *lane             // lanes that have nothing to do
	look     func(*lane) *inspector // makes what looks at the pictures and the sound of a lane; nil for nothing

	pending *meter // for the SourceBuffer that is being added
	lanes   []*lane
	running int // lanes that are at work
	alive   sync.WaitGroup
}

// input is one SourceBuffer and what measures its bytes.
type input struct {
	*meter
	sb *mse.SourceBuffer
}

// newPipe returns a pipe without inputs, in which every SourceBuffer may hold quota bytes. close it.
func newPipe(ctx context.Context, g *group, decoders decode.Factory, keys *crypt.Store, threads int, quota int64, log *slog.Logger) (*pipe, error) {
	p := &pipe{ctx: ctx, group: g, decoders: decoders, keys: keys, threads: threads, log: log, idle: make(chan *lane)}
	o := mse.Options{Loop: mse.NewEventLoop(g.run), SkipUnsupportedTracks: true, VideoQuota: quota, AudioQuota: quota, Log: log,
		Private: map[string]func() bytestream.Parser{privateType: func() bytestream.Parser { return p.pending }}}
	if decoders != nil {
		o.Decodes = decoders.Supports
	}
	p.ms = mse.New(o)
	var err error
	p.att, err = p.ms.Attach(nil)
	return p, err
}

// add makes an input that m measures.
func (p *pipe) add(m *meter) (*input, error) {
	p.pending = m
	sb, err := p.ms.AddSourceBuffer(privateType)
	return &input{meter: m, sb: sb}, err
}

// append gives bytes to an input, which passes them to the buffer. It returns what is wrong with them, in the parser's
// words, or the cause of the end of the check. What was complete has been kept then.
func (p *pipe) append(in *input, b []byte) error {
	err := in.sb.Append(p.ctx, b)
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	if err != nil {
		in.lost = true
		var fe *bytestream.FormatError
		if errors.As(err, &fe) {
			err = fe
		}
		return err
	}
	return nil
}

// setKey says which key the samples have that are appended from now on, nil for what the media says.
func (p *pipe) setKey(in *input, k *media.SampleKey) error {
	if p.ms.ReadyState() != mse.Open {
		return nil // nothing can be appended any more
	}
	if err := in.sb.SetSampleKey(k); err != nil && !errors.Is(err, mse.ErrNotSupported) {
		in.lost = true // of what was not complete yet
	}
	return nil
}

// settle lets the decoders take everything that has been appended, and then removes what nobody needs any more.
func (p *pipe) settle(inputs ...*input) error {
	for _, in := range inputs {
		if err := p.open(in); err != nil {
			return err
		}
	}
	for _, l := range p.lanes {
		if l.resting {
			l.resting = false
			p.running++
			l.wake <- struct{}{}
		}
	}
	if err := p.wait(); err != nil {
		return err
	}
	for _, in := range inputs {
		if err := p.drop(in); err != nil {
			return err
		}
	}
	return nil
}

// wait waits until no lane is at work.
func (p *pipe) wait() error {
	for p.running > 0 {
		select {
		case l := <-p.idle:
			p.running--
			l.resting = !l.gone
		case <-p.ctx.Done():
			return context.Cause(p.ctx)
		}
	}
	return nil
}

// open starts lanes for the streams of an input that have something to decode and no lane yet.
func (p *pipe) open(in *input) error {
	if in.silent {
		return nil
	}
	for _, s := range in.streams {
		if !s.playable() || s.coded == 0 || slices.ContainsFunc(p.lanes, func(l *lane) bool { return l.stream == s }) {
			continue
		}
		for _, t := range in.sb.Tracks() {
			if t.Info().ID != s.info.ID {
				continue
			}
			if err := p.start(s, t); err != nil {
				return fmt.Errorf("check: reading track %d: %w", s.info.ID, err)
			}
		}
	}
	return nil
}

// drop removes what has been decoded, except for the group of pictures that may go on and the one before it.
func (p *pipe) drop(in *input) error {
	if in.silent || in.sb.Stats().Bytes <= keptBytes {
		return nil
	}
	behind := media.Forever
	for _, kind := range []media.Kind{media.Video, media.Audio} {
		for _, s := range in.streams {
			if s.info.Kind == kind && s.coded > 0 {
				behind = min(behind, s.place.prevKey)
			}
		}
		if behind.IsFinite() {
			break // sound can always go on
		}
	}
	if !behind.IsFinite() || behind <= 0 {
		return nil
	}
	p.att.SetPlayhead(behind)
	err := in.sb.RemoveWait(p.ctx, 0, behind)
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	return err
}

// incomplete reports whether an input waits for the rest of something.
func (in *input) incomplete() bool {
	return in.State() == bytestream.ParsingMediaSegment || in.State() == bytestream.ParsingInitSegment || in.Buffered() > 0
}

// giveUp drops what an input has of something incomplete, except for complete frames. What follows does not continue
// what was before.
func (p *pipe) giveUp(in *input) error {
	if p.ms.ReadyState() == mse.Open {
		if err := in.sb.Abort(); err != nil {
			return err
		}
	}
	in.lost = true
	return p.settle(in)
}

// finish lets the decoders give what they still hold and ends them. The streams' results are final afterwards.
func (p *pipe) finish() error {
	for _, l := range p.lanes {
		l.end = true
	}
	return p.settle()
}

// close frees the buffer. It waits for lanes that are still at work, which end with the context.
func (p *pipe) close() {
	p.att.Detach()
	p.alive.Wait()
	_ = p.ms.EventLoop().Drain(p.ctx) // what is still queued concerns nobody
}

// lane returns the lane of a stream, nil if it has none.
func (p *pipe) lane(s *stream) *lane {
	if i := slices.IndexFunc(p.lanes, func(l *lane) bool { return l.stream == s }); i >= 0 {
		return p.lanes[i]
	}
	return nil
}

// damaged reports whether a decoder has rejected or flagged pictures. A nil pipe has decoded nothing.
func (p *pipe) damaged() bool {
	return p != nil && slices.ContainsFunc(p.lanes, func(l *lane) bool {
		return l.stream.info.Kind == media.Video && (l.out.corrupt > 0 || l.out.rejected > 0 || l.out.err != nil)
	})
}
