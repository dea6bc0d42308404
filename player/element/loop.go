package element

import (
	"context"
	"math"
	"sync/atomic"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
)

// MaxAudioDelay is the most by which sound can be moved against the pictures, in either direction.
const MaxAudioDelay media.Span = 5

// SetSection has playback that passes b go on at a, again and again; playback that begins after b goes on. The points may be
// given in either order. Playback passes a b at or after the end when it ends. With one of them unset nothing is repeated.
func (e *Element) SetSection(a, b media.Opt) {
	if a.Set && b.Set && b.T < a.T {
		a, b = b, a
	}
	e.loop.Do(func(*mse.Tx) { e.sectionA, e.sectionB = a, b })
	e.look()
}

// Section returns the points of SetSection.
func (e *Element) Section() (a, b media.Opt) {
	e.loop.Do(func(*mse.Tx) { a, b = e.sectionA, e.sectionB })
	return a, b
}

// section reports whether there is one to repeat. The lock must be held.
func (e *Element) section() bool {
	return e.sectionA.Set && e.sectionB.Set && e.sectionA.T < e.sectionB.T
}

// passes reports whether playback that was at before and is at now has come to the end of the section. The lock must be held.
func (e *Element) passes(before, now media.Time) bool {
	return e.rolling && e.section() && before < e.sectionB.T && now >= e.sectionB.T
}

// SetAudioDelay has sound heard d seconds of media later than its pictures, or earlier when d is negative. What exceeds
// MaxAudioDelay is brought in.
func (e *Element) SetAudioDelay(d media.Span) {
	if d != d {
		return
	}
	d = min(max(d, -MaxAudioDelay), MaxAudioDelay)
	e.loop.Do(func(tx *mse.Tx) {
		if e.audioDelay == d {
			return
		}
		e.audioDelay = d
		if e.metadata && !e.broken && e.audioTrack != nil {
			e.seek(tx, e.at) // sound has to come from another place
		}
	})
	e.look()
}

// AudioDelay returns what SetAudioDelay has set.
func (e *Element) AudioDelay() media.Span {
	return get(e, func() media.Span { return e.audioDelay })
}

// FastSeek is Seek to the random access point at or before t, if the media of t is there.
// HTML: dom-media-fastseek.
func (e *Element) FastSeek(t media.Time) {
	e.loop.Do(func(tx *mse.Tx) {
		e.ctl.steps.Store(0)
		if r, ok := e.bufferedAround(tx, t); ok {
			for _, reader := range e.readers {
				if rap, found := reader.RAPTx(tx, t); found && reader.Track() == e.videoTrack && rap >= r.Start {
					t = rap
				}
			}
		}
		e.seek(tx, t)
	})
	e.look()
}

func (e *Element) bufferedAround(tx *mse.Tx, t media.Time) (media.Range, bool) {
	if e.att == nil {
		return media.Range{}, false
	}
	return e.att.BufferedTx(tx).Find(t)
}

// shiftedSink is an AudioSink whose sound is moved in time.
type shiftedSink struct {
	decode.AudioSink
	by *atomic.Uint64 // the bits of a media.Span; changes with the generation only
}

// Write implements decode.AudioSink.
func (s shiftedSink) Write(ctx context.Context, a *frame.Audio) error {
	a.PTS = a.PTS.Add(media.Span(math.Float64frombits(s.by.Load())))
	return s.AudioSink.Write(ctx, a)
}
