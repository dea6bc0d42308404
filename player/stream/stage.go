package stream

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/stream/plan"
)

// Stage is the Feed of a presentation that has nothing but subtitles: it makes time pass for them.
type Stage struct {
	// immutable
	sb   *mse.SourceBuffer
	init []byte
	text *Text
	name string

	done atomic.Bool
}

// NewStage returns a feed that appends init, the initialization segment of a track, and says that the track has nothing
// from the beginning to the end of what text would fetch as name.
func NewStage(sb *mse.SourceBuffer, init []byte, text *Text, name string) *Stage {
	return &Stage{sb: sb, init: init, text: text, name: name}
}

// Run implements Feed.
func (s *Stage) Run(ctx context.Context, e *Engine) error {
	if err := s.sb.Append(ctx, s.init); err != nil {
		return &Error{Category: Media, Where: "subtitles", Err: err}
	}
	prog := s.text.prog
	track, err := plan.SelectText(prog.Presentation(), s.text.supports, s.name)
	if err != nil {
		return &Error{Category: Segment, Where: "subtitles", Err: err}
	}
	var seen media.Time // the end, and when it was seen to change
	news := prog.written()
	for {
		end, known, err := track.End(prog.now(), prog.getter(ctx))
		if err != nil {
			return &Error{Category: Segment, Where: "subtitles", Err: err}
		}
		if d := prog.Presentation().Duration; d.Set {
			end, known = d.T, true
		}
		if end != seen {
			if seen != 0 || news.IsZero() {
				news = time.Now()
			}
			seen = end
		}
		known = known || prog.stored() && time.Since(news) >= storedPatience // nobody writes it any more
		if known && end <= 0 {
			return &Error{Category: Media, Where: "subtitles", Err: errors.New("there are no segments")}
		}
		s.sb.Cover(0, end)
		if known {
			if d, set := e.ms.Duration(); !set || d != end {
				if err := e.ms.SetDuration(end); err != nil {
					return &Error{Category: Policy, Where: "duration", Err: err}
				}
			}
			s.done.Store(true)
			e.appended()
			<-ctx.Done()
			return context.Cause(ctx)
		}
		if err := e.rest(ctx, poll); err != nil {
			return err
		}
	}
}

// Done implements Feed.
func (s *Stage) Done() bool { return s.done.Load() }

// Edge implements Feed.
func (s *Stage) Edge() media.Time { return 0 }

// Cover implements Feed.
func (s *Stage) Cover(media.Time) {}

// Nudge implements Feed.
func (s *Stage) Nudge(*Engine) {}
