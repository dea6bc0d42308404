// Package null is the sound sink that plays to nobody at real-time speed: for playback without a sound device, and
// for tests. It keeps time as a device does that takes 10 ms at a time and has 20 ms in front of its speaker, but
// with an absolute schedule: frame n of what it takes is heard n / rate after its first one, without drift and
// however late the process gets to run. While playback rests it takes silence once a second, late.
//
// # Ownership
//
// A [Sink] owns the blocks that were written and not played. It owns the goroutine that [Sink.Start] starts.
//
// # Concurrency
//
// Every method may be called from any goroutine. Close waits for the goroutine; it ends with Start's context, too.
//
// # Errors
//
// Those of [pcm.Feed.Write]. Start fails when it is called twice or after Close.
package null

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"mseplayer/audio/pcm"
	"mseplayer/mse/media"
	"mseplayer/player/clock"
)

const (
	// period is how much sound is taken at a time.
	period = 10 * time.Millisecond
	// lead is how long before it is heard sound is taken. A process that gets to run this late loses nothing.
	lead = 20 * time.Millisecond
	// restAfter is how long playback must rest for sound to be taken only every restEvery, which is silence then.
	restAfter = time.Second
	restEvery = time.Second
)

// Pacer takes sound from a feed as fast as it would sound.
type Pacer struct {
	// Feed is what to pull. Nobody else may pull it while Run runs.
	Feed *pcm.Feed
	// Out, if set, is given all that sounds: interleaved frames, of which the first one is heard at the given time.
	// It must not keep the slice. It is called on Run's goroutine.
	Out func(samples []float32, heard time.Time)
	// Rests, if set, reports whether playback rests. After a while the pacer rests, too, until Wake gets a value: when
	// playback goes on, or has been flushed.
	Rests func() bool
	Wake  <-chan struct{}
}

// Run paces until ctx is done. The first frame is heard at epoch, frame n exactly n / rate later. When the process
// was not given the time to keep the schedule, what was missed is made up for at once; with silence if that was for a rest.
func (p *Pacer) Run(ctx context.Context, epoch time.Time) {
	f := p.Feed.Format()
	frames := max(1, int64(period)*int64(f.Rate)/int64(time.Second))
	buf := make([]float32, frames*int64(f.Channels))
	timer := time.NewTimer(0)
	defer timer.Stop()
	var still time.Duration // how long playback has rested
	var woke time.Time      // when the last rest was over
	for n := int64(0); ; n += frames {
		heard := epoch.Add(media.SpanFromTicks(n, uint32(f.Rate)).Duration())
		due := heard.Add(-lead)
		now := time.Now()
		for ; due.After(now); now = time.Now() {
			resting := still >= restAfter && p.Rests()
			wait := due.Sub(now)
			if resting {
				wait += restEvery
			}
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-p.Wake:
				p.Feed.Idle() // a writer may wait for it
			case <-ctx.Done():
				return
			}
			if resting {
				woke = time.Now()
			}
		}
		if ctx.Err() != nil {
			return
		}
		if due.Before(woke) {
			p.Feed.Pass(buf, now, heard.Sub(now))
		} else {
			p.Feed.Pull(buf, now, heard.Sub(now))
		}
		if still += period; p.Rests == nil || !p.Rests() {
			still = 0
		}
		if p.Out != nil {
			p.Out(buf, heard)
		}
	}
}

// Options tune a Sink. The zero value works.
type Options struct {
	pcm.Options
	// Out is Pacer.Out.
	Out func(samples []float32, heard time.Time)
	// Name is what Stats calls the device; empty means "null".
	Name string
}

// Sink plays to nobody. See the package comment.
type Sink struct {
	*pcm.Feed
	timeline *clock.Timeline
	pacer    Pacer
	name     string
	wake     chan struct{} // 1 slot: for the pacer
	rest     atomic.Bool   // SetRunning was last called with false, or never

	mu     sync.Mutex
	epoch  time.Time          // guarded by mu; zero before Start
	cancel context.CancelFunc // guarded by mu
	closed bool               // guarded by mu
	done   chan struct{}      // closed when the goroutine has ended
}

// New makes a sink. Nothing is played before Start.
func New(o Options) *Sink {
	if o.Name == "" {
		o.Name = "null"
	}
	rate := o.Format.Rate
	if rate == 0 {
		rate = pcm.DefaultRateHz
	}
	tl := clock.NewTimeline(rate)
	s := &Sink{timeline: tl, name: o.Name, wake: make(chan struct{}, 1), done: make(chan struct{})}
	s.Feed = pcm.NewFeed(tl, o.Options)
	s.pacer = Pacer{Feed: s.Feed, Out: o.Out}
	s.rest.Store(true)
	if o.Out == nil { // who listens is to hear silence in time, too
		s.pacer.Rests, s.pacer.Wake = s.rest.Load, s.wake
	}
	return s
}

// Start starts the device's clock: the goroutine that takes the sound. It ends with ctx or Close.
func (s *Sink) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.cancel != nil {
		return errors.New("null: start: started or closed before")
	}
	ctx, s.cancel = context.WithCancel(ctx)
	epoch := time.Now().Add(lead)
	s.epoch = epoch
	go func() { // ends with ctx
		defer close(s.done)
		s.pacer.Run(ctx, epoch)
	}()
	return nil
}

// SetRunning starts and stops the consumption of sound, with a fade of 5 ms.
func (s *Sink) SetRunning(run bool) {
	s.Feed.SetRunning(run)
	s.rest.Store(!run)
	s.stir()
}

// Flush begins a generation at a media time; what is queued of older ones is dropped.
func (s *Sink) Flush(g media.Gen, at media.Time) {
	s.Feed.Flush(g, at)
	s.stir()
}

// stir wakes the pacer.
func (s *Sink) stir() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Epoch returns when the first frame the sink took is heard: frame n, which is pcm.Played.Index, is heard n / rate
// later. It is the zero time before Start.
func (s *Sink) Epoch() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch
}

// Read tells the media time that would be heard.
func (s *Sink) Read() (clock.Reading, bool) { return s.timeline.Read() }

// Stats returns the counters.
func (s *Sink) Stats() pcm.Stats {
	st := s.Feed.Stats()
	st.Device = s.name
	return st
}

// Close stops the clock and waits for the goroutine. Writers get pcm.ErrClosed. A second call does nothing.
func (s *Sink) Close() error {
	s.Feed.Close()
	s.mu.Lock()
	s.closed = true
	cancel := s.cancel
	s.mu.Unlock()
	if cancel != nil {
		cancel()
		<-s.done
	}
	return nil
}
