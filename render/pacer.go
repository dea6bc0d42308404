package render

import (
	"slices"
	"time"
)

const (
	// defaultVsync is assumed until the display's own interval has been measured.
	defaultVsync = time.Second / 60
	// minVsync and maxVsync bound what is believed.
	minVsync, maxVsync = 2 * time.Millisecond, 100 * time.Millisecond
	// early is how long before its time a picture may be shown because the frame that is drawn for it is.
	early = time.Millisecond
	// vsyncWindow is how many frames the estimate rests on, minVsyncSamples the fewest.
	vsyncWindow, minVsyncSamples = 31, 8
)

// pacer turns the times at which frames are drawn into the intervals in which they will be visible. The jitter of
// those times is left in; whoever chooses pictures knows better what to make of it.
type pacer struct {
	latency time.Duration // 0 for one interval

	last      time.Time
	intervals [vsyncWindow]time.Duration
	count     int // frames measured so far
	vsync     time.Duration
	from      time.Time // start of the last interval
}

// demanded returns the interval of a frame that is drawn now because a picture is due at that time, or for another reason,
// and visible after latency. It ends when the picture is to be replaced.
func (p *pacer) demanded(now time.Time, latency time.Duration, due time.Time, length time.Duration) (from, to time.Time) {
	p.last = time.Time{}
	from = now.Add(latency)
	if from.Before(p.from) {
		from = p.from
	}
	p.from = from
	length = min(max(length, soonest), maxVsync)
	switch to = due.Add(length); {
	case due.Sub(from) > early:
		to = due
	case to.Sub(from) < minVsync || due.IsZero():
		to = from.Add(length)
	}
	if longest := from.Add(maxVsync); to.After(longest) {
		to = longest
	}
	return from, to
}

// next returns the interval of a frame that is drawn now. steady says that the frame before was presented, so that
// the time since then is one of the display's and not that of an idle loop.
func (p *pacer) next(now time.Time, steady bool) (from, to time.Time) {
	if p.vsync == 0 {
		p.vsync = defaultVsync
	}
	if d := now.Sub(p.last); steady && !p.last.IsZero() && d >= minVsync && d <= maxVsync {
		p.intervals[p.count%vsyncWindow] = d
		p.count++
		if n := min(p.count, vsyncWindow); n >= minVsyncSamples {
			sorted := p.intervals
			slices.Sort(sorted[:n])
			p.vsync = sorted[n/2]
		}
	}
	p.last = now

	latency := p.latency
	if latency == 0 {
		latency = p.vsync
	}
	from = now.Add(latency)
	if from.Before(p.from) {
		from = p.from // the estimate shrank by more than time has passed
	}
	p.from = from
	return from, from.Add(p.vsync)
}
