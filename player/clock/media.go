package clock

import (
	"sync"
	"sync/atomic"
	"time"

	"mseplayer/mse/media"
)

// Media is the clock of one playback. Sound leads when there is any: its source is what the listener hears. The
// wall clock leads without a sound source, and when a source is taken away or falls silent about its time.
//
// While sound leads, the wall clock mirrors it at every call of Now, so that losing the source is no jump. After
// a Reset with a source attached, time rests at the target until the source tells a time of that generation. A
// source that is attached while the wall clock runs takes over as soon as it tells one; when it is behind, time
// rests until it has caught up. Within a generation time never goes back.
//
// The zero value is ready; it tells no time before the first Reset. Read may be called from any goroutine and
// takes no lock. The other methods may be called from any goroutine too and hold a lock for a moment; Now should
// be called several times a second while the clock runs, because the election takes place there.
type Media struct {
	mu      sync.Mutex
	gen     media.Gen  // guarded by mu
	src     Source     // guarded by mu
	wall    Wall       // guarded by mu
	slow    float64    // guarded by mu: 1 - the rate that was set, so that the zero value has rate 1
	running bool       // guarded by mu: between Run and Pause
	follow  bool       // guarded by mu: the source leads or is waited for
	led     bool       // guarded by mu: the source has led in this generation
	hold    media.Time // guarded by mu: where time rests until the source has reached it
	floor   media.Time // guarded by mu: the highest time told by Now in this generation

	told atomic.Pointer[election]
}

// election is what Read needs; it is immutable.
type election struct {
	src    Source
	gen    media.Gen
	wall   Reading
	hold   media.Time
	follow bool
	led    bool
}

// Reset begins a generation at a media time, resting there: a seek, a flush.
func (m *Media) Reset(now time.Time, gen media.Gen, at media.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gen, m.hold, m.floor = gen, at, at
	m.running, m.led, m.follow = false, false, m.src != nil
	m.wall.Stop(now)
	m.wall.Set(now, at, gen)
	m.publish()
}

// Run lets time run: at once without sound, otherwise when the source's time runs.
func (m *Media) Run(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.update(now)
	m.running = true
	if !m.follow {
		m.wall.Start(now)
		m.publish()
	}
}

// Pause makes time rest: at once without sound, otherwise when what the source has already handed to its device
// has sounded.
func (m *Media) Pause(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.update(now)
	m.running = false
	if !m.follow {
		m.wall.Stop(now)
		m.publish()
	}
}

// SetRate sets how fast the wall clock runs, in media seconds per second, now or when the source is lost. A source has
// its own rate. A rate that is not above 0 is ignored: that is what Pause is for.
func (m *Media) SetRate(now time.Time, rate float64) {
	if !(rate > 0) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.update(now)
	m.slow = 1 - rate
	m.wall.SetRate(now, rate)
	m.publish()
}

// SetAudio attaches the source that is to lead, or with nil takes it away.
func (m *Media) SetAudio(now time.Time, src Source) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.update(now)
	if m.follow { // go on from where the old source was
		m.wall.Stop(now)
		m.wall.SetRate(now, 1-m.slow)
		if m.running && (m.led || src == nil) {
			m.wall.Start(now)
		}
	}
	m.src, m.led = src, false
	m.follow = src != nil && !m.wall.Running()
	m.hold = m.floor
	m.publish()
}

// Now returns the media time: what currentTime reports. Within a generation it never decreases.
func (m *Media) Now(now time.Time) media.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.update(now)
}

// Running reports whether Run was called after the last Pause or Reset.
func (m *Media) Running() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.running
}

// Read returns the map of whichever clock leads. ok is false before the first Reset, and when a source that led
// stopped telling the time and Now has not been called since.
func (m *Media) Read() (Reading, bool) {
	e := m.told.Load()
	if e == nil {
		return Reading{}, false
	}
	if !e.follow {
		return e.wall, true
	}
	if r, ok := e.src.Read(); ok && r.Gen == e.gen {
		return r.NotBefore(e.hold), true
	}
	return e.wall, !e.led
}

// update elects, mirrors and returns the time at now.
func (m *Media) update(now time.Time) media.Time {
	var t media.Time
	r, ok := Reading{}, false
	if m.src != nil {
		r, ok = m.src.Read()
		ok = ok && r.Gen == m.gen
	}
	switch {
	case ok:
		if !m.follow || !m.led {
			if !m.follow {
				m.hold = max(m.floor, m.wall.At(now))
			}
			m.follow, m.led = true, true
			m.publish()
		}
		r = r.NotBefore(m.hold)
		t = r.At(now)
		m.wall.Set(now, max(t, m.floor), m.gen)
		m.wall.SetRate(now, r.Rate)
		if m.running && r.Moving(now) {
			m.wall.Start(now)
		} else {
			m.wall.Stop(now)
		}
	case m.follow && m.led: // lost: the mirror goes on
		m.follow, m.led = false, false
		t = m.wall.At(now)
		m.wall.SetRate(now, 1-m.slow)
		if m.running {
			m.wall.Start(now)
		}
		m.publish()
	default:
		t = m.wall.At(now)
	}
	m.floor = max(m.floor, t)
	return m.floor
}

func (m *Media) publish() {
	m.told.Store(&election{src: m.src, gen: m.gen, wall: m.wall.Reading(), hold: m.hold, follow: m.follow, led: m.led})
}
