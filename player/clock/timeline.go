package clock

import (
	"math"
	"sync/atomic"
	"time"

	"mseplayer/mse/media"
)

const (
	// reanchorAbove is the phase error that counts as a jump of the device (it started, was suspended or ran dry)
	// and is taken over at once. Smaller errors are jitter or drift and are smoothed.
	reanchorAbove = 40 * time.Millisecond
	// smoothing is the part of a phase error that one callback corrects: one in so many; fewer while so many callbacks
	// have not been seen since the last jump. A card that runs 100 ppm fast, with callbacks every 20 ms, is followed
	// with a lag of 32 µs.
	smoothing = 16
	// maxCoast is how far past the last recorded frame the clock goes on when the next callback is overdue. It is
	// longer than a display interval, so that pictures can be planned, and short enough to stop with a device
	// that died.
	maxCoast = 100 * time.Millisecond
	// maxRuns bounds the runs of media that are in the device at one time. Gapless sound is one run; a run more
	// comes with each pause, seek, change of speed or jump of the time stamps inside the device's delay.
	maxRuns = 64
	// sameTime is how far two computations of one sample's media time may differ by rounding. It is a twentieth
	// of a sample at 48 kHz.
	sameTime = media.Span(1e-6)
)

// Timeline models a sound device that swallows frames (one sample per channel) at a fixed rate and lets them
// sound later. A callback that fills the device's buffer describes what it gave, in order:
//
//	tl.Begin(now, delay)                 // the frames that follow will sound from now + delay
//	tl.Media(960, pts, 1, gen)           // 960 frames of media, the first one of media time pts
//	tl.Silence(64)                       // 64 frames that do not advance media time
//	tl.End()                             // publish
//
// The device's delay is known roughly and callbacks come in bursts, so the map from frame numbers to wall time is
// smoothed: an error above 40 ms is taken over, of a smaller one a sixteenth is corrected per callback. The map
// from frame numbers to media time is exact. What Read returns never goes back within a generation, from one
// callback to the next: where a correction would, media time rests until the map has caught up.
//
// Begin, Media, Silence, End and Resync belong to the goroutine of the callback; they do not allocate. Read may be called
// from any goroutine.
type Timeline struct {
	rateHz float64 // immutable

	// owned by the callback
	base   time.Time // what published wall times are relative to
	next   int64     // number of the next frame to be recorded
	now    time.Duration
	at     int64         // the frame that sounds at atWall, by the smoothed map
	atWall time.Duration //
	seen   time.Duration // callbacks since the last jump, at most smoothing; 0: none at all
	runs   [maxRuns]run  // in order of sounding, the first n are valid; silence is what lies between
	n      int
	done   run // the last run that has sounded completely, if finished
	ended  bool
	last   reading
	told   bool

	pub published
}

// run is a stretch of frames [start, end) of continuous media time.
type run struct {
	start, end int64
	media      media.Time // of start
	rate       float64    // media seconds per second
	gen        media.Gen
}

// reading is a Reading with wall times relative to the base.
type reading struct {
	wall  time.Duration
	media media.Time
	rate  float64
	gen   media.Gen
	until time.Duration // noEnd: none
}

const noEnd = time.Duration(math.MaxInt64)

// NewTimeline models a device that takes rateHz frames a second. It panics when rateHz is not positive.
func NewTimeline(rateHz int) *Timeline {
	if rateHz <= 0 {
		panic("clock: a sound device needs a positive sample rate")
	}
	return &Timeline{rateHz: float64(rateHz)}
}

// Begin opens the record of one callback at now: the first frame recorded next sounds delay later.
func (tl *Timeline) Begin(now time.Time, delay time.Duration) {
	if tl.base.IsZero() {
		tl.base = now
	}
	tl.now = now.Sub(tl.base)
	measured := tl.now + delay
	err := measured - tl.wallOf(tl.next)
	if tl.seen == 0 || err > reanchorAbove || err < -reanchorAbove {
		tl.seen = 1
		tl.at, tl.atWall = tl.next, measured
		return
	}
	tl.seen = min(tl.seen+1, smoothing)
	tl.at, tl.atWall = tl.next, measured-err+err/tl.seen
}

// Resync makes the next Begin take its measurement over as it is. It is for the callback's goroutine, when it knows
// that the device has settled after a start: a device that fills up takes several periods at once, and none of
// them has the delay that holds later.
func (tl *Timeline) Resync() { tl.seen = 0 }

// Media records frames of media: t is the media time of the first, rate the media seconds per second.
func (tl *Timeline) Media(frames int, t media.Time, rate float64, g media.Gen) {
	if frames <= 0 {
		return
	}
	start := tl.next
	tl.next += int64(frames)
	if tl.n > 0 {
		l := &tl.runs[tl.n-1]
		if d := t.Sub(tl.mediaAt(l, start)); l.end == start && l.gen == g && l.rate == rate && d <= sameTime && d >= -sameTime {
			l.end = tl.next
			return
		}
	}
	if tl.n == maxRuns {
		tl.drop()
	}
	tl.runs[tl.n] = run{start: start, end: tl.next, media: t, rate: rate, gen: g}
	tl.n++
}

// Silence records frames that carry no media. Media time rests while they sound.
func (tl *Timeline) Silence(frames int) {
	tl.next += int64(max(frames, 0))
}

// End closes the record and publishes the map that holds from now on.
func (tl *Timeline) End() {
	pos := tl.at + int64(math.Floor((tl.now-tl.atWall).Seconds()*tl.rateHz))
	for tl.n > 0 && tl.runs[0].end <= pos {
		tl.drop()
	}
	r, ok := tl.current(pos)
	if !ok {
		return
	}
	if tl.told && tl.last.gen == r.gen {
		r = r.notBefore(tl.last.mediaAt(tl.now), tl.now)
	}
	tl.last, tl.told = r, true
	tl.pub.store(tl.base, r)
}

// Read returns what the listener hears: the media time at the speaker. ok is false until the first media has been
// recorded. The reading is of the generation that sounds, or sounded last.
func (tl *Timeline) Read() (Reading, bool) { return tl.pub.load() }

// current computes the map when the frame pos sounds.
func (tl *Timeline) current(pos int64) (reading, bool) {
	if tl.n == 0 {
		if !tl.ended {
			return reading{}, false
		}
		return reading{wall: tl.now, media: tl.mediaAt(&tl.done, tl.done.end), gen: tl.done.gen, until: noEnd}, true
	}
	l := &tl.runs[0]
	p := min(max(pos, l.start), l.end)
	end := l.end
	for i := 1; i < tl.n && tl.leadsOn(l, &tl.runs[i-1], &tl.runs[i]); i++ {
		end = tl.runs[i].end
	}
	r := reading{wall: tl.wallOf(p), media: tl.mediaAt(l, p), rate: l.rate, gen: l.gen, until: tl.wallOf(end)}
	if end == tl.next {
		r.until += maxCoast
	}
	return r, true
}

// leadsOn reports whether the map of the run that sounds may be used on, up to the callback that finds next sounding:
// next goes on where prev ends, and at a speed for which that is less wrong than resting.
func (tl *Timeline) leadsOn(now, prev, next *run) bool {
	return next.start == prev.end && next.gen == prev.gen && math.Abs(next.rate-now.rate) < next.rate &&
		math.Abs(float64(next.media.Sub(tl.mediaAt(prev, prev.end)))) <= 1/tl.rateHz+float64(sameTime)
}

func (tl *Timeline) drop() {
	tl.done, tl.ended = tl.runs[0], true
	tl.n--
	copy(tl.runs[:tl.n], tl.runs[1:])
}

func (tl *Timeline) wallOf(frame int64) time.Duration {
	return tl.atWall + media.Span(float64(frame-tl.at)/tl.rateHz).Duration()
}

func (tl *Timeline) mediaAt(l *run, frame int64) media.Time {
	return l.media.Add(media.Span(float64(frame-l.start) / tl.rateHz * l.rate))
}

func (r reading) mediaAt(now time.Duration) media.Time {
	d := min(now, r.until) - r.wall
	if d <= 0 || r.rate == 0 {
		return r.media
	}
	return r.media.Add(media.Span(d.Seconds() * r.rate))
}

// notBefore is Reading.NotBefore.
func (r reading) notBefore(t media.Time, now time.Duration) reading {
	if r.media >= t || r.mediaAt(now) >= t {
		return r
	}
	if r.rate > 0 {
		if w := r.wall + media.Span(float64(t.Sub(r.media))/r.rate).Duration(); w <= r.until {
			r.wall, r.media = w, t
			return r
		}
	}
	return reading{wall: now, media: t, gen: r.gen, until: noEnd}
}

// published is a reading that one goroutine writes and many read without a lock: the sequence number is odd
// while a write is going on, and a reader that saw it change reads again.
type published struct {
	base  time.Time // written before the first store, immutable then
	seq   atomic.Uint64
	wall  atomic.Int64
	media atomic.Uint64
	rate  atomic.Uint64
	gen   atomic.Uint64
	until atomic.Int64
}

func (p *published) store(base time.Time, r reading) {
	if p.seq.Load() == 0 {
		p.base = base
	}
	p.seq.Add(1)
	p.wall.Store(int64(r.wall))
	p.media.Store(math.Float64bits(float64(r.media)))
	p.rate.Store(math.Float64bits(r.rate))
	p.gen.Store(uint64(r.gen))
	p.until.Store(int64(r.until))
	p.seq.Add(1)
}

func (p *published) load() (Reading, bool) {
	for {
		seq := p.seq.Load()
		if seq < 2 {
			return Reading{}, false
		}
		if seq%2 != 0 {
			continue // a writer is between two stores, nanoseconds from being done
		}
		r := Reading{
			Wall:  p.base.Add(time.Duration(p.wall.Load())),
			Media: media.Time(math.Float64frombits(p.media.Load())),
			Rate:  math.Float64frombits(p.rate.Load()),
			Gen:   media.Gen(p.gen.Load()),
		}
		if u := time.Duration(p.until.Load()); u != noEnd {
			r.Until = p.base.Add(u)
		}
		if p.seq.Load() == seq {
			return r, true
		}
	}
}
