package playertest

import (
	"context"
	"slices"
	"sync"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

// Picker is what a surface draws from; *present.Queue implements it.
type Picker interface {
	Pick(from, to time.Time) (v *frame.Video, fresh bool)
}

// Shown is one picture that a Surface showed for the first time.
type Shown struct {
	At  time.Time
	PTS media.Time
	Gen media.Gen
}

// Surface picks pictures at a steady rate and notes them.
type Surface struct {
	mu    sync.Mutex
	shown []Shown // guarded by mu
}

// Pictures returns what has been shown so far.
func (s *Surface) Pictures() []Shown {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.shown)
}

// Run picks every interval until ctx ends.
func (s *Surface) Run(ctx context.Context, p Picker, interval time.Duration) {
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		from := next
		next = next.Add(interval)
		if v, fresh := p.Pick(from, next); fresh {
			s.mu.Lock()
			s.shown = append(s.shown, Shown{At: from, PTS: v.PTS, Gen: v.Gen})
			s.mu.Unlock()
		}
		timer.Reset(time.Until(next))
	}
}
