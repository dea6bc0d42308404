package present

import (
	"math"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/clock"
)

const (
	// defaultVsync is the display interval when the caller does not know it.
	defaultVsync = time.Second / 60
	// phaseGain is the part of an error that one call corrects once the phase has settled, vsyncGain what it corrects
	// of the interval's length. Before that the gains are those that fit a line through all calls so far.
	phaseGain = 1.0 / 16
	vsyncGain = 1.0 / 32768
	// vsyncRange is how far the measured interval may get from the caller's idea of it.
	vsyncRange = 0.05
	// offBeat is how far calls may be off the beat on average, as a part of the interval, to count as following one.
	// Calls at random times are off by a quarter.
	offBeat = 0.2
	// settling is how many calls it takes to know that.
	settling = 4
	// maxMissed is how many intervals without a call are bridged by prediction.
	maxMissed = 8
	// leap is how many intervals of media time must lie between the points of two intervals that follow one another
	// for the clock to have been set.
	leap = 2
	// newRate is by which part the clock's rate must change for the phase to be found anew; less is smoothed away.
	newRate = 0.05
	// maxCadence is the longest pattern, in pictures, that is kept together.
	maxCadence = 12
	// patternHolds is for how many seconds a pattern must hold by the measured rates to count as one. Real patterns
	// hold longer (24/1.001 pictures on 60 Hz: 8.3 s); the measurement of the display's rate is not better at first.
	patternHolds = 2.0
	// maxMargin is the most by which a choice is shifted to keep a pattern, in seconds.
	maxMargin = 0.002
	// relaxation is how many calls it takes to give up a shift that is not needed any more. It is long against a
	// pattern, most of whose points are far from any border.
	relaxation = 512
	// minPace is how many distances between pictures must be known before a pattern is looked for; maxPace is how many
	// count.
	minPace = 3
	maxPace = 256
)

// phase is the smoothed position of the display's intervals in media time.
type phase struct {
	locked bool
	from   time.Time // of the last call
	rate   float64   // of the clock then
	pos    float64   // media time of the last beat, smoothed
	length float64   // the caller's idea of an interval, in wall seconds
	vsync  float64   // the same, measured
	noise  float64   // mean distance of the calls from the beat, in intervals
	calls  int       // since it was locked
	shift  float64   // media seconds by which the sampling point is moved to keep a pattern
	period int       // length of the pattern in pictures, 0: none
}

// reset forgets everything but the length of the interval.
func (p *phase) reset() {
	p.locked, p.calls, p.noise, p.shift, p.period = false, 0, 0, 0, 0
}

// advance takes in the interval [from, to) and returns the media time of its middle. consecutive reports that no
// interval lies between it and the one before. While the clock rests for a part of the interval, nothing is smoothed.
func (p *phase) advance(r clock.Reading, from, to time.Time) (middle float64, consecutive, moving bool) {
	length := to.Sub(from).Seconds()
	if math.Abs(p.length-length) > p.length*vsyncRange/2 {
		p.length, p.vsync = length, length
		p.reset()
	}
	consecutive = from.Sub(p.from).Seconds() < 1.5*p.vsync
	p.from = from
	if math.Abs(r.Rate-p.rate) > newRate*p.rate {
		p.reset()
	}
	p.rate = r.Rate
	a, b := float64(r.At(from)), float64(r.At(to))
	if r.Rate == 0 || b-a < 0.999*length*r.Rate {
		p.reset()
		return (a + b) / 2, consecutive, b > a
	}
	beat := p.vsync * r.Rate
	beats := math.Round((a - p.pos) / beat)
	if !p.locked || beats < 0 || beats > maxMissed {
		p.reset()
		p.locked, p.pos = true, a
		return (a + b) / 2, consecutive, true
	}
	p.calls++
	e := a - p.pos - beats*beat
	k := float64(p.calls + 1)
	noise := math.Abs(e) / beat
	if beats == 0 {
		noise = 0.5 // a call too many
	}
	p.noise += (noise - p.noise) * max(phaseGain, 1/k)
	p.pos += beats*beat + e*max(phaseGain, 2*(2*k-1)/(k*(k+1)))
	if beats > 0 {
		p.vsync += e / r.Rate / beats * max(vsyncGain, 6/(k*(k+1)))
		p.vsync = min(max(p.vsync, p.length*(1-vsyncRange)), p.length*(1+vsyncRange))
	}
	if !p.steady() {
		return (a + b) / 2, consecutive, true
	}
	return p.pos + beat/2, beats <= 1, true
}

// steady reports whether the calls follow a beat.
func (p *phase) steady() bool { return p.locked && p.calls >= settling && p.noise < offBeat }

// sample moves the middle of the interval so that it does not come near a border between two pictures, as long as
// the pattern is stable. borders are the beginnings of the pictures around it.
func (p *phase) sample(middle, rate float64, pace *pace, borders []media.Time) media.Time {
	margin := p.margin(rate, pace)
	if margin == 0 {
		p.shift = 0
		return media.Time(middle)
	}
	s := middle + p.shift
	x := math.Inf(1)
	for _, b := range borders {
		if d := s - float64(b); math.Abs(d) < math.Abs(x) {
			x = d
		}
	}
	switch {
	case math.Abs(x) < margin:
		p.shift = min(max(p.shift+math.Copysign(margin, x)-x, -margin), margin)
	case math.Abs(x) > 2*margin:
		p.shift -= p.shift / relaxation
	}
	return media.Time(middle + p.shift)
}

// margin is how far a sampling point is kept from a border: a third of the distance between the points' phases,
// when the pictures' rate and the display's make a pattern.
func (p *phase) margin(rate float64, pace *pace) float64 {
	picture, ok := pace.length()
	if !ok || !p.steady() {
		p.period = 0
		return 0
	}
	vsync := p.vsync * rate
	ratio := picture / vsync
	slack := func(q int) float64 { // seconds until the pattern of q pictures is off by half the distance
		n := float64(q)
		return picture / rate / (2 * n * math.Abs(ratio-math.Round(ratio*n)/n))
	}
	if p.period == 0 || slack(p.period) < patternHolds/4 {
		p.period = 0
		for q := 1; q <= maxCadence; q++ {
			if slack(q) >= patternHolds {
				p.period = q
				break
			}
		}
	}
	if p.period == 0 {
		return 0
	}
	return min(maxMargin, vsync/float64(3*p.period))
}

// pace measures the distance between pictures. Container time stamps may be rounded to milliseconds, so it is the
// mean of many; a distance that does not fit begins anew.
type pace struct {
	first, last media.Time
	n           int // distances between first and last; -1: nothing
}

func newPace() pace { return pace{n: -1} }

func (p *pace) add(t media.Time) {
	if p.n < 0 {
		p.first, p.last, p.n = t, t, 0
		return
	}
	d := float64(t.Sub(p.last))
	if d <= 0 {
		return
	}
	if mean := p.mean(); p.n > 0 && math.Abs(d-mean) > mean/4+0.0015 {
		p.first, p.n = p.last, 0
	}
	p.last = t
	if p.n++; p.n == maxPace {
		p.first = p.first.Add(media.Span(p.mean() * maxPace / 2))
		p.n /= 2
	}
}

func (p *pace) mean() float64 {
	if p.n <= 0 {
		return 0
	}
	return float64(p.last.Sub(p.first)) / float64(p.n)
}

// length returns the distance between two pictures in seconds, once it is known well enough.
func (p *pace) length() (float64, bool) { return p.mean(), p.n >= minPace }
