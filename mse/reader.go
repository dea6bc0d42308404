package mse

import (
	"context"
	"errors"
	"io"

	"mseplayer/mse/media"
	"mseplayer/mse/track"
)

// startAllowance is how long after the playback position the first buffered range may start and still serve it:
// content rarely begins at exactly 0.
const startAllowance media.Span = 1

var (
	// ErrSeeked is returned by Next once after every Seek: flush, then read on.
	ErrSeeked = errors.New("mse: reader seeked")
	// ErrDry is returned once after Dry: empty the decoder; what follows begins with a random access point.
	ErrDry = errors.New("mse: reader is dry")
	// ErrGone is returned when the track or the MediaSource is gone.
	ErrGone = errors.New("mse: track removed")
)

// Item is one coded frame in decode order. DecodeOnly is set for a frame that must be decoded but not presented. An
// Item without a Frame says that there is nothing to present during its Silence (see SourceBuffer.Cover).
type Item = track.Item

// Reader yields one track's coded frames in decode order. Next is for one goroutine; Seek and Close may be called
// from any.
type Reader struct {
	a     *Attachment   // immutable
	track *Track        // immutable
	cur   *track.Cursor // guarded by loop

	// guarded by loop
	gen    media.Gen
	target media.Time
	seeked bool // Next has not reported the last Seek yet
	eof    bool // the last Next returned io.EOF
	dry    dryness
	closed bool
	waits  bool // the last Next had to wait at a gap or for data
	// stale is set by a Seek in an ended stream, until the stream opens again: that end says nothing about whether data for
	// the target is still to come.
	stale bool
}

// dryness is how far the emptying of the decoder at the end of what is buffered has come.
type dryness uint8

const (
	wet   dryness = iota
	asked         // Dry has been called
	dried         // Next has told, and nothing has been read since
)

// Reader returns a reader of the track, positioned nowhere: Seek first.
func (a *Attachment) Reader(t *Track) (*Reader, error) {
	a.ms.loop.mu.Lock()
	defer a.ms.loop.mu.Unlock()
	tb := t.trackBufferOf()
	if tb == nil || a.gone {
		return nil, ErrGone
	}
	return &Reader{a: a, track: t, cur: tb.buf.Cursor()}, nil
}

// Track returns what is read.
func (r *Reader) Track() *Track { return r.track }

// Seek makes the random access point at or before t the next frame and g the reader's generation. While t is not
// buffered Next waits. It never blocks.
func (r *Reader) Seek(t media.Time, g media.Gen) {
	l := r.a.ms.loop
	l.mu.Lock()
	defer l.mu.Unlock()
	r.SeekTx(&Tx{l}, t, g)
}

// SeekTx is Seek under the lock.
func (r *Reader) SeekTx(tx *Tx, t media.Time, g media.Gen) {
	preroll := r.track.info.Config.Preroll
	if tb := r.track.trackBufferOf(); tb != nil {
		preroll = tb.preroll
	}
	r.cur.Seek(t, preroll)
	r.gen, r.target, r.seeked, r.eof, r.dry, r.waits = g, t, true, false, wet, false
	r.stale = r.a.ms.readyState == Ended
	tx.Changed()
}

// Gen returns the generation and target of the last Seek.
func (r *Reader) Gen() (g media.Gen, target media.Time) {
	l := r.a.ms.loop
	l.mu.Lock()
	defer l.mu.Unlock()
	return r.gen, r.target
}

// SkipGap lets reading go on beyond a gap at which Next waits.
func (r *Reader) SkipGap() {
	l := r.a.ms.loop
	l.mu.Lock()
	defer l.mu.Unlock()
	r.cur.SkipGap()
	(&Tx{l}).Changed()
}

// SkipTo lets reading catch up with t: see track.Cursor.SkipTo. It returns how many presented frames are passed over.
func (r *Reader) SkipTo(t, limit media.Time) int {
	l := r.a.ms.loop
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.closed || r.seeked {
		return 0
	}
	return r.cur.SkipTo(t, limit)
}

// Dry makes a Next that waits for data return ErrDry, so that the pictures which the decoder holds back come out. It
// does nothing if there is something to read, or after it has had its effect until there is.
func (r *Reader) Dry() {
	l := r.a.ms.loop
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.dry == wet && r.waits {
		r.dry = asked
		(&Tx{l}).Changed()
	}
}

// Waiting reports whether Next found nothing to return when it looked last.
func (r *Reader) Waiting() bool {
	l := r.a.ms.loop
	l.mu.Lock()
	defer l.mu.Unlock()
	return r.waits
}

// RAPTx returns the presentation time of the track's last random access point at or before t. Like LocatedTx it runs under
// the lock.
func (r *Reader) RAPTx(_ *Tx, t media.Time) (media.Time, bool) {
	tb := r.track.trackBufferOf()
	if tb == nil {
		return 0, false
	}
	return tb.buf.PrevRAP(t)
}

// Close ends the reader; a blocked Next returns ErrGone.
func (r *Reader) Close() {
	l := r.a.ms.loop
	l.mu.Lock()
	defer l.mu.Unlock()
	if !r.closed {
		r.closed = true
		r.cur.Close()
		(&Tx{l}).Changed()
	}
}

// Next returns the next frame. It blocks while nothing contiguous is buffered; an append, a seek, the end of the
// stream, Close or the end of ctx wake it. After io.EOF it blocks until there is something else to report.
// Errors: io.EOF (the stream has ended and nothing follows), ErrSeeked, ErrDry, ErrGone, the cause of ctx.
func (r *Reader) Next(ctx context.Context) (Item, error) {
	l := r.a.ms.loop
	for {
		l.mu.Lock()
		it, err, done := r.try()
		wake := l.wake
		l.mu.Unlock()
		if done {
			return it, err
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return Item{}, context.Cause(ctx)
		}
	}
}

// try is one look under the lock. done is false when Next has to wait.
func (r *Reader) try() (it Item, err error, done bool) {
	if r.closed || r.a.gone || r.track.trackBufferOf() == nil {
		return Item{}, ErrGone, true
	}
	if r.seeked {
		r.seeked = false
		return Item{}, ErrSeeked, true
	}
	ended := r.a.ms.readyState == Ended && !r.eof
	if !r.locate() {
		found, eof := false, false
		if ended {
			found, eof = r.beyondEnd()
		}
		if eof {
			r.eof = true
			return Item{}, io.EOF, true
		}
		if !found {
			r.waits = true
			return Item{}, nil, false
		}
	}
	it, status := r.cur.Next()
	switch status {
	case track.Ready:
		r.waits, r.eof, r.dry = false, false, wet
		return it, nil, true
	case track.AtEnd:
		if ended {
			r.eof = true
			return Item{}, io.EOF, true
		}
	case track.Waiting:
	}
	if r.dry == asked {
		r.dry = dried
		r.cur.Reprime()
		return Item{}, ErrDry, true
	}
	r.waits = true
	return Item{}, nil, false
}

// LocatedTx reports whether the place of the last Seek has been found: whether frames for its target are there.
func (r *Reader) LocatedTx(*Tx) bool {
	return r.closed || r.a.gone || r.track.trackBufferOf() == nil || r.locate()
}

// locate looks for the place of a seek. A range that begins a little after the target may serve it: at the start of the
// presentation, where a track may begin late; in a stream that has ended since; and where it was appended for this seek, because
// segments do not begin where a manifest says to the last frame.
func (r *Reader) locate() bool {
	if r.cur.Located() {
		return true
	}
	r.stale = r.stale && r.a.ms.readyState == Ended
	tb := r.track.trackBufferOf()
	allowance, fresh := tb.buf.Tolerance(), r.stale || r.a.ms.readyState != Ended
	if rs := tb.buf.View(); len(rs) > 0 && r.target < rs[0].Start {
		allowance = startAllowance
		fresh = fresh && rs[0].Start > media.Time(startAllowance)
	}
	return r.cur.Relocate(allowance, fresh)
}

// beyondEnd handles a seek target at or after the end of an ended track: video goes back to its last GOP, so that
// the last picture can be shown; anything else is at its end.
func (r *Reader) beyondEnd() (found, eof bool) {
	rs := r.track.trackBufferOf().buf.View()
	if len(rs) > 0 && r.target < rs.End() {
		return false, false // inside a gap
	}
	if len(rs) == 0 || r.track.kind != media.Video {
		return false, true
	}
	last := rs[len(rs)-1]
	r.cur.Seek(last.End.Add(-last.Len()/1e6), 0)
	found = r.cur.Relocate(0, false)
	return found, !found
}
