package file

import (
	"context"
	"errors"
	"fmt"
	"io"

	"mseplayer/mse/media"
)

// Seek makes Next go on at the last key frame at or before t of the leading track (the first selected one with
// video, otherwise with sound), or earlier, and returns that frame's presentation time. Sound starts its decoder's
// preroll before it where the file has that. It reads what the container's index needs, or looks for the place by
// bisection; only raw streams and files without an index (FLV may be one) are read up to the target. After an error
// the position is undefined until a Seek succeeds.
func (s *Source) Seek(ctx context.Context, t media.Time) (media.Time, error) {
	landed, err := s.seekTo(ctx, max(0, t))
	if err != nil {
		return 0, fmt.Errorf("file: %s: seek to %s s: %w", display(s.in.Name), t, err)
	}
	return landed, nil
}

func (s *Source) seekTo(ctx context.Context, t media.Time) (media.Time, error) {
	lead := s.leader()
	switch {
	case s.in.seeker() == nil:
		return 0, ErrNotSeekable
	case lead == nil:
		return 0, errors.New("no track is selected")
	}
	goal := t
	if lead.audio {
		goal = t.Add(-lead.config.Preroll)
	}
	// There is nothing before the first packet.
	first := media.Time(0)
	if lead.first != NoTicks {
		first = lead.time(lead.first)
	}
	goal = max(goal, first)
	back := media.Span(0)
	if s.c.Discontinuous && !lead.audio {
		back = 1 // where pictures and sound of one time do not lie at one place
	}
	for range maxSeekTries {
		at := max(first, goal.Add(-back))
		back = 2*back + 1
		err := error(nil)
		if at == first {
			err = s.rewind(ctx, lead, first)
		} else {
			err = s.jump(ctx, lead, at)
		}
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		if err != nil {
			break
		}
		landed, ok, err := s.land(ctx, lead, goal, false)
		if err != nil || ok {
			return landed, err
		}
		if at == first {
			break
		}
	}
	// Nothing leads there: read from the beginning.
	if err := s.rewind(ctx, lead, first); err != nil {
		return 0, err
	}
	landed, _, err := s.land(ctx, lead, goal, true)
	return landed, err
}

func (s *Source) restart() {
	s.eof = false
	for _, t := range s.tracks {
		t.restart()
	}
}

// rewind goes back to the first packet.
func (s *Source) rewind(ctx context.Context, lead *track, first media.Time) error {
	s.restart()
	s.parts.now = 0
	if lead.timed && len(s.parts.list) == 1 {
		// Where the index is searched by decode times the first picture's time is too late, but not every index
		// knows what is before it.
		for _, at := range [...]media.Time{first - 1, first} {
			if s.d.Seek(ctx, lead.stream, lead.ticks(at)) == nil {
				return nil
			}
		}
	}
	return s.d.SeekByte(ctx, 0)
}

// jump positions the demuxer at or before a time.
func (s *Source) jump(ctx context.Context, lead *track, at media.Time) error {
	if !lead.timed {
		return errors.New("the packets have no times")
	}
	k := s.parts.find(at)
	s.restart()
	s.parts.now = k
	if len(s.parts.list) == 1 {
		return s.d.Seek(ctx, lead.stream, lead.ticks(at))
	}
	// The container's own times are ambiguous: look for the place inside the part by its share of the bytes.
	if s.in.Size < 0 {
		return errors.New("the size of the input is unknown")
	}
	return s.d.SeekByte(ctx, s.parts.position(k, at, s.in.Size))
}

// land reads until the leading track has a key frame at or before t and drops what it has before that. ok is false
// when its first key frame comes later. exhaustive goes on to the last such key frame, from the beginning of the
// file, and takes the first one of all if there is none.
func (s *Source) land(ctx context.Context, lead *track, t media.Time, exhaustive bool) (at media.Time, ok bool, err error) {
	seen, found := 0, -1 // packets of lead looked at; the key frame
	for {
		for ; seen < len(lead.queue); seen++ {
			q := &lead.queue[seen]
			if !q.key && !lead.audio {
				if exhaustive && found >= 0 && lead.time(q.at()) > t.Add(maxStep) {
					return s.dropTo(lead, found), true, nil
				}
				continue
			}
			stamp := q.pts
			if stamp == NoTicks {
				stamp = q.at()
			}
			late := lead.time(stamp) > t
			switch {
			case !exhaustive:
				if late {
					return 0, false, nil
				}
				return s.dropTo(lead, seen), true, nil
			case late && found >= 0:
				return s.dropTo(lead, found), true, nil
			case late:
				return s.dropTo(lead, seen), true, nil
			default:
				// What is before the newest key frame is not needed: memory stays bounded by one group of pictures.
				s.dropTo(lead, seen)
				seen, found = 0, 0
			}
		}
		if s.pending() > maxPendingBytes {
			break
		}
		if _, err := s.read(ctx); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return 0, false, err
		}
	}
	if found < 0 {
		if exhaustive && len(lead.queue) > 0 {
			return s.dropTo(lead, 0), true, nil
		}
		s.eof = exhaustive
		return t, exhaustive, nil
	}
	return s.dropTo(lead, found), true, nil
}

// dropTo drops the leading track's packets before number n, and those of the others that end long before it, and
// returns the time of that packet.
func (s *Source) dropTo(lead *track, n int) media.Time {
	q := &lead.queue[n]
	stamp := q.pts
	if stamp == NoTicks {
		stamp = q.at()
	}
	at := lead.time(stamp)
	lead.drop(n)
	for _, t := range s.tracks {
		if t.covered = max(0, at); t == lead {
			continue
		}
		keep := at.Add(-t.config.Preroll - maxStep)
		k := 0
		for k < len(t.queue) && t.time(t.queue[k].at()) < keep {
			k++
		}
		t.drop(k)
	}
	return max(0, at)
}
