package decode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"sync"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

// maxConsecutiveErrors is how many coded frames in a row a decoder may reject before the track counts as broken.
const maxConsecutiveErrors = 300

// trialFrames is how many decrypted frames tell whether a key is the right one.
const trialFrames = 40

// State is what a worker is doing.
type State uint8

// The states. Any state turns into Opening by a seek; Failed is final.
const (
	Idle     State = iota // nothing has been read yet
	Opening               // a decoder is being made ready and has put out nothing yet
	Running               // pictures or sound come out
	Draining              // the stream ended, the decoder is being emptied
	Ended                 // everything has been handed to the sink
	Failed                // Status has the error
)

// String names the state for logs and dumps.
func (s State) String() string {
	switch s {
	case Idle:
		return "Idle"
	case Opening:
		return "Opening"
	case Running:
		return "Running"
	case Draining:
		return "Draining"
	case Ended:
		return "Ended"
	case Failed:
		return "Failed"
	default:
		return "impossible worker state"
	}
}

// Status is where a worker stands.
type Status struct {
	State State
	// Gen is the generation the state belongs to.
	Gen media.Gen
	// Config is what is being decoded, nil before the first frame.
	Config *media.DecoderConfig
	// Err says why the worker failed.
	Err error
}

// Source is what a worker needs of mse.Reader.
type Source interface {
	Next(context.Context) (mse.Item, error)
	Gen() (media.Gen, media.Time)
	SkipTo(t, limit media.Time) int
}

// base is what both workers share.
type base struct {
	// immutable
	src     Source
	factory Factory
	opt     Options
	log     *slog.Logger
	wake    func()
	tryKeys bool
	kind    media.Kind

	// owned by Run
	gen    media.Gen
	target media.Time
	cfg    *media.DecoderConfig
	errors int // consecutive
	trial  trial

	mu     sync.Mutex
	status Status // guarded by mu
}

// Status returns where the worker stands.
func (b *base) Status() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status
}

// set publishes a state and tells the element to look.
func (b *base) set(s State, err error) {
	b.mu.Lock()
	st := Status{State: s, Gen: b.gen, Config: b.cfg, Err: err}
	changed := st != b.status
	b.status = st
	b.mu.Unlock()
	if changed {
		b.log.Debug("worker", "state", s.String(), "gen", b.gen, "err", err)
		b.wake()
	}
}

// stages are the parts of a worker that differ between pictures and sound.
type stages interface {
	// seeked forgets everything of the generation before.
	seeked()
	// open makes a decoder for a configuration; the one before has been drained.
	open(*media.DecoderConfig) error
	// decode handles one coded frame. It returns a *PacketError for a rejected one.
	decode(context.Context, mse.Item) error
	// drain empties the decoder; end says that the stream ended, otherwise the configuration changes.
	drain(ctx context.Context, end bool) error
	// quiet handles a stretch in which there is nothing to decode.
	quiet(context.Context, media.Range) error
	// catchUp may skip coded frames when decoding is too late.
	catchUp(*media.CodedFrame) bool
	// dry empties the decoder because nothing follows for now; what follows later begins anew.
	dry(context.Context) error
	// rejected counts a coded frame that gave nothing.
	rejected()
	// close frees the decoder.
	close()
}

// run is the loop of both workers. It returns when ctx ends, the track is gone or the worker has failed.
func (b *base) run(ctx context.Context, s stages) {
	defer s.close()
	for {
		err := b.step(ctx, s)
		if err == nil {
			continue
		}
		if errors.Is(err, mse.ErrGone) || ctx.Err() != nil {
			return
		}
		b.set(Failed, err)
		return
	}
}

func (b *base) step(ctx context.Context, s stages) error {
	it, err := b.src.Next(ctx)
	switch {
	case errors.Is(err, mse.ErrSeeked):
		b.gen, b.target = b.src.Gen()
		b.errors = 0
		s.seeked()
		b.set(Opening, nil)
		return nil
	case errors.Is(err, mse.ErrDry):
		return b.tolerate(s, s.dry(ctx))
	case errors.Is(err, io.EOF):
		b.set(Draining, nil)
		if err := b.tolerate(s, s.drain(ctx, true)); err != nil {
			return err
		}
		b.set(Ended, nil)
		return nil
	case err != nil:
		return err
	}
	if it.Frame == nil {
		return s.quiet(ctx, it.Silence)
	}
	if s.catchUp(it.Frame) {
		return nil
	}
	if c := it.Frame.Crypt; c != nil {
		if b.opt.Decrypter == nil {
			return &KeyError{b.kind, fmt.Errorf("the media is encrypted (%s) with the key %x, and nothing decrypts it", c.Scheme, c.KID)}
		}
		if err := b.opt.Decrypter.Ready(ctx, c); err != nil {
			return &KeyError{b.kind, err}
		}
	}
	if it.Frame.Config != b.cfg {
		if b.cfg != nil {
			if err := b.tolerate(s, s.drain(ctx, false)); err != nil {
				return err
			}
		}
		b.cfg = it.Frame.Config
		b.set(Opening, nil)
		if err := s.open(b.cfg); err != nil {
			return fmt.Errorf("decode: open %s: %w", b.cfg.Codec, err)
		}
	}
	if err := b.tolerate(s, s.decode(ctx, it)); err != nil {
		return err
	}
	if err := b.judgeKey(it.Frame.Crypt); err != nil {
		return err
	}
	if b.status.State != Running { // only Run writes it
		b.set(Running, nil)
	}
	return nil
}

// tolerate swallows a rejected coded frame after counting it, unless too many come in a row.
func (b *base) tolerate(s stages, err error) error {
	var pe *PacketError
	if !errors.As(err, &pe) {
		return err
	}
	s.rejected()
	b.trial.bad++
	b.errors++
	b.log.Debug("coded frame rejected", "pts", pe.PTS, "err", pe.Err)
	if b.errors >= maxConsecutiveErrors {
		return fmt.Errorf("decode: %d coded frames in a row rejected: %w", b.errors, err)
	}
	return nil
}

// trial is how the first frames under a key fare.
type trial struct {
	kid   [16]byte
	begun bool
	over  bool
	from  int64 // Decrypter.Decrypted when it began
	bad   int64 // rejected frames and damaged pictures since then
}

// judgeKey fails when the decoder makes nothing of most of what a key has decrypted. The key is wrong then, not the media.
func (b *base) judgeKey(c *media.Crypt) error {
	if c == nil || !b.tryKeys {
		return nil
	}
	n := b.opt.Decrypter.Decrypted()
	if !b.trial.begun || b.trial.kid != c.KID {
		b.trial = trial{kid: c.KID, begun: true, from: n}
	}
	if n -= b.trial.from; b.trial.over || n < trialFrames {
		return nil
	}
	b.trial.over = true
	if 2*b.trial.bad < n {
		return nil
	}
	return &KeyError{b.kind, fmt.Errorf("the key %x is wrong: the decoder rejects what it decrypts", c.KID)}
}

// KeyError says that protected media cannot be decrypted: a key is missing or wrong.
type KeyError struct {
	// Kind is that of the track.
	Kind media.Kind
	Err  error
}

// Error gives the kind of the track and the cause.
func (e *KeyError) Error() string { return e.Kind.String() + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *KeyError) Unwrap() error { return e.Err }

// slack is what sums of times near t may be off by: well below any frame, well above float64 rounding.
func slack(t media.Time) media.Span { return 1e-9 + media.Span(math.Abs(float64(t)))*1e-15 }

func quiet(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l
}
