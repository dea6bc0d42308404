package check

import (
	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

// maxShots bounds the pictures of one track that are kept for its findings.
const maxShots = 2*maxPerRule + 2

// shot is a picture that a finding is about.
type shot struct {
	code  string
	at    media.Time // of what is found, on the buffer's timeline
	image []byte
}

// shots keeps pictures of what is odd. It belongs to the lane's goroutine until that has ended.
type shots struct {
	draw         func(*frame.Video) []byte // nil for no pictures
	list         []shot
	black, still media.Opt // what is odd now has been drawn
	corrupt      bool
	rejected     bool
}

// take draws a picture for a finding.
func (s *shots) take(code string, at media.Time, v *frame.Video) {
	if len(s.list) == maxShots {
		return
	}
	if b := s.draw(v); b != nil {
		s.list = append(s.list, shot{code, at, b})
	}
}

// shoot draws a picture when it is the first damaged one, the first one after something that was rejected, or when it shows for
// long enough what nobody wants: of the latter, what there is to see then is what there was at its beginning.
func (l *inspector) shoot(v *frame.Video) {
	s := &l.shots
	if s.draw == nil {
		return
	}
	if v.Corrupt && !s.corrupt {
		s.corrupt = true
		s.take(codeCorrupt, v.PTS, v)
	}
	if at := l.out.firstRejected; at.Set && !s.rejected && v.PTS >= at.T {
		s.rejected = true
		s.take(codeDecodeError, at.T, v)
	}
	if !l.deep {
		return
	}
	black, still := l.pictures.Now()
	switch {
	case black.Set && black != s.black:
		s.take(codeBlack, black.T, v)
	case still.Set && still != s.still && !black.Set:
		s.take(codeFreeze, still.T, v)
	}
	s.black, s.still = black, still
}

// shot is the picture for a finding at a time of the buffer's timeline, nil when there is none.
func (l *lane) shot(code string, at media.Time) []byte {
	if l.out.look == nil {
		return nil
	}
	for _, s := range l.out.look.shots.list {
		if s.code == code && s.at.Sub(at).Abs() <= rounding {
			return s.image
		}
	}
	return nil
}
