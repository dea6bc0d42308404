//lint:file-ignore SA1019 what is recommended instead still draws sixty frames a second

package render

import (
	"sync"
	"time"

	"github.com/hajimehoshi/ebiten/v2"
)

const (
	// restAfter is how long nothing must have happened until the window draws on demand only, and lookEvery how often it
	// looks then whether something has. A key, the pointer or Wake wakes it at once.
	restAfter = time.Second
	lookEvery = 200 * time.Millisecond
	// sleepAfter is how long nothing must have happened, while playback is paused, until the window looks only every
	// sleepEvery. So does one that is not on the screen. What stays on it for a while, as controls do, is gone by then.
	sleepAfter = 6 * time.Second
	sleepEvery = time.Second
	// soonest is the shortest time between two frames that are drawn on demand, but for what closest allows.
	soonest = time.Second / 60
	// swapTime is how long drawing and showing a picture takes without graphics hardware, besides converting it, and with
	// what timers are late.
	swapTime = 8 * time.Millisecond
)

// Timed is implemented by a Source that knows when its next picture is due.
type Timed interface {
	// Due tells when the next picture is due and for how long it is to be visible. ok is false when that is not known.
	Due() (at time.Time, length time.Duration, ok bool)
}

// beat decides when frames are drawn: with the display's refreshes as long as something moves; otherwise, and on displays
// without graphics hardware also for pictures, when there is a reason.
type beat struct {
	onDemand bool
	timer    *time.Timer // calls for a frame
	stirred  time.Time   // when there was a reason last to draw with the refreshes
	cost     time.Duration
}

// Wake has a window that rests look at its Source and Controls at once. It may be called from any goroutine, before Run and
// after it, too.
func Wake() {
	windowLoop.Lock()
	defer windowLoop.Unlock()
	if !windowLoop.over {
		ebiten.ScheduleFrame()
	}
}

// windowLoop is the graphics library's, of which a process has one. It must not be called for frames while it ends.
var windowLoop struct {
	sync.Mutex
	over bool // guarded by the Mutex
}

// end is what ends the loop when Update returns it. Nobody calls for frames any more.
func end() error {
	windowLoop.Lock()
	defer windowLoop.Unlock()
	windowLoop.over = true
	return ebiten.Termination
}

// moment is what a beat must know at the end of a frame.
type moment struct {
	now      time.Time // when the frame began
	stirring bool      // there was a reason to draw with the refreshes
	// calm says that a window that rests goes on to be drawn on demand: frames come as often, and a key does not wait for
	// the next one.
	calm   bool
	paused bool // playback is
	away   bool // the window is not on the screen
	soft   bool // there is no graphics hardware
	due    func() (at time.Time, length time.Duration, ok bool)
}

// plan is called at the end of each frame.
func (b *beat) plan(m moment) {
	wait, demand := b.next(m)
	b.demand(demand)
	if !demand {
		return
	}
	wait = max(0, wait-time.Since(m.now))
	if b.timer == nil {
		b.timer = time.AfterFunc(wait, Wake)
		return
	}
	b.timer.Reset(wait)
}

// next tells how long after the beginning of this frame the next one is to begin, or that it comes with the next refresh.
func (b *beat) next(m moment) (wait time.Duration, demand bool) {
	if m.stirring || b.stirred.IsZero() {
		b.stirred = m.now
	}
	switch quiet := m.now.Sub(b.stirred); {
	case m.away:
		return sleepEvery, true
	case quiet < restAfter && m.calm && b.onDemand:
		return soonest, true
	case quiet < restAfter:
		return 0, false
	case quiet >= sleepAfter && m.paused:
		return sleepEvery, true
	case m.soft:
		wait = lookEvery
		if at, length, ok := m.due(); ok {
			wait = min(wait, max(at.Add(-b.latency()).Sub(m.now), closest(length)))
		}
		return wait, true
	default:
		return lookEvery, true
	}
}

// closest is the shortest time between two frames that are drawn for pictures of that length. One that is drawn late does
// not make all those after it late: pictures of the usual rates may make up for it.
func closest(length time.Duration) time.Duration {
	if length < soonest*9/10 {
		return soonest
	}
	return soonest / 2
}

// latency is how long after a frame begins its picture is visible, when frames are drawn on demand.
func (b *beat) latency() time.Duration { return b.cost + swapTime }

// converted tells how long a picture took to convert.
func (b *beat) converted(d time.Duration) {
	if b.cost == 0 {
		b.cost = d
	}
	b.cost += (d - b.cost) / 16
}

// demand changes the way frames are called for.
func (b *beat) demand(yes bool) {
	if yes == b.onDemand {
		return
	}
	b.onDemand = yes
	mode := ebiten.FPSModeVsyncOn
	if yes {
		mode = ebiten.FPSModeVsyncOffMinimum
	}
	ebiten.SetFPSMode(mode)
}

// stop ends the calls for frames.
func (b *beat) stop() {
	if b.timer != nil {
		b.timer.Stop()
	}
}
