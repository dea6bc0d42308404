package abr

import (
	"fmt"
	"math"
	"time"

	"mseplayer/mse/media"
)

const (
	// defaultInitial is what the network is taken for while nothing is known, in bits per second.
	defaultInitial = 1e6
	// stayFactor is the part of the throughput that the rung in use may take, upFactor the part that a higher one may;
	// lowFactor is for both when the buffer is as good as empty.
	stayFactor, upFactor, lowFactor = 0.97, 0.92, 0.63
	// comfort is how much must be buffered for the whole of a factor to be used, in seconds.
	comfort media.Span = 5
	// plentyFrom is how much buffered allows to use more than the throughput, and plentyFor how much more doubles it.
	plentyFrom, plentyFor media.Span = 9.5, 13.5
	// holdBuffer is the part of the goal above which the rung in use is kept although it needs up to holdFactor times the
	// throughput: once up, the whole of what is buffered is worth more than going down and up again.
	holdBuffer, holdFactor = 0.3, 3
	// bolaOn and bolaOff are the parts of the goal above which the buffer rule takes over, and below which it gives up.
	bolaOn, bolaOff = 0.85, 0.25
	// bolaLow is the part of the goal up to which the buffer rule wants the lowest rung, bolaHigh that of what can be buffered
	// before a segment from which it wants the highest.
	bolaLow, bolaHigh = 0.12, 0.96
	// bolaFloor is the goal below which there is no buffer rule: a stream so close to its edge follows the throughput.
	bolaFloor media.Span = 8
	// upAfter is how often in a row a higher rung must have been found right before it is taken, and upBuffer the part of
	// the goal above which it is taken at once.
	upAfter, upBuffer = 2, 0.3
	// abandonAfter is how long a segment is watched before it may be given up.
	abandonAfter = 500 * time.Millisecond
	// abandonFactor is how many times its own length a segment may take.
	abandonFactor = 1.8
	// jump is how much more of the buffer must be gone than was played for playback to have gone elsewhere.
	jump media.Span = 1
	// stallMargin is what must be left of the buffer when a segment arrives, in seconds.
	stallMargin media.Span = 0.5
	// dropWindow is over how many pictures drops are counted, dropRatio how many of them are too many, dropBan for how
	// long the rung is left at first, and maxBan at most.
	dropWindow = 50
	dropRatio  = 0.15
	dropBan    = 30 * time.Second
	maxBan     = 10 * time.Minute
	// maxLog bounds the log of decisions; the oldest go first.
	maxLog = 4096
	// maxSamples bounds the samples that are kept for one decision.
	maxSamples = 64
)

// Rung is one step of the ladder.
type Rung struct {
	ID string `json:"id"`
	// Bandwidth is in bits per second, what the media needs on average over some seconds.
	Bandwidth int64   `json:"bandwidth"`
	Width     int     `json:"width,omitempty"`
	Height    int     `json:"height,omitempty"`
	FrameRate float64 `json:"-"`
}

// effort is how hard a rung is to decode: pictures a second times their size.
func (r Rung) effort() float64 {
	rate := r.FrameRate
	if rate <= 0 {
		rate = 25
	}
	if r.Width <= 0 || r.Height <= 0 {
		return float64(r.Bandwidth) // better than nothing
	}
	return float64(r.Width) * float64(r.Height) * rate
}

// State is what a decision depends on.
type State struct {
	Now time.Time
	// Buffer is how much is buffered ahead of the playhead, Goal how much is wanted, Segment how long the next segment is.
	Buffer, Goal, Segment media.Span
	// Rungs are in ascending order of bandwidth. Current is the one in use, -1 before the first segment.
	Rungs   []Rung
	Current int
	// Speed is the playback rate; 0 counts as 1.
	Speed float64
	// ViewWidth and ViewHeight are the pixels that pictures can be seen in; 0 for no bound.
	ViewWidth, ViewHeight int
	// Live is set at a live edge, where no more than the latency can be buffered.
	Live bool
	// Total and Dropped are the counts of VideoPlaybackQuality. They only count while Playing.
	Total, Dropped uint64
	Playing        bool
}

// Progress is how far a segment has come.
type Progress struct {
	State
	// Elapsed is how long ago it was asked for, Got what has arrived of Size bytes; Size is 0 when not known.
	Elapsed   time.Duration
	Got, Size int64
}

// Decision is one choice with what it was made from. Times are seconds since the first decision, rates bits per second.
type Decision struct {
	At media.Span `json:"at"`
	// Kind is "choose" or "abandon".
	Kind   string `json:"kind"`
	From   string `json:"from"`
	To     string `json:"to"`
	Reason string `json:"reason"`

	Fast    float64    `json:"throughputFast"`
	Slow    float64    `json:"throughputSlow"`
	Latency media.Span `json:"latency"`
	Buffer  media.Span `json:"buffer"`
	Goal    media.Span `json:"goal"`
	Segment media.Span `json:"segment"`
	Speed   float64    `json:"speed"`
	Live    bool       `json:"live"`
	Total   uint64     `json:"totalVideoFrames"`
	Dropped uint64     `json:"droppedVideoFrames"`
	Playing bool       `json:"playing"`
	// ViewWidth and ViewHeight are the pixels that pictures could be seen in, 0 for no bound.
	ViewWidth  int        `json:"viewWidth,omitempty"`
	ViewHeight int        `json:"viewHeight,omitempty"`
	Current    int        `json:"current"`
	Elapsed    media.Span `json:"elapsed,omitempty"`
	Got        int64      `json:"got,omitempty"`
	Size       int64      `json:"size,omitempty"`
	Rungs      []Rung     `json:"rungs"`
	// Samples are what the network has delivered since the decision before.
	Samples []Sample `json:"samples,omitempty"`
}

// Sample is one body that has arrived.
type Sample struct {
	Bytes int64 `json:"bytes"`
	// TTFB is the time to its first byte, Duration that from there to its last.
	TTFB     media.Span `json:"ttfb"`
	Duration media.Span `json:"duration"`
}

// Config tunes a Controller. The zero value works.
type Config struct {
	// Initial is what the network is taken for at first, in bits per second; default 1 Mbit/s.
	Initial float64
}

// Controller chooses. Make it with New.
type Controller struct {
	cfg  Config
	est  estimator
	bola bool // the buffer rule is in charge
	ups  int  // how often in a row a higher rung would have been right
	// climb is what came of going up, and buffer what was buffered at the time then
	climb  climb
	buffer media.Span
	then   time.Time
	// of the dropped-frame rule
	total, dropped uint64
	limit          float64 // effort that was too much, 0 for none
	until          time.Time
	ban            time.Duration

	began   time.Time
	samples []Sample // since the last decision
	log     []Decision
	first   int // of log, when it is full
}

// New returns a controller that knows nothing of the network.
func New(cfg Config) *Controller {
	if cfg.Initial <= 0 {
		cfg.Initial = defaultInitial
	}
	return &Controller{cfg: cfg, est: newEstimator()}
}

// Sample notes that the body of a media segment arrived: n bytes within d from the first, which took ttfb. Bodies that
// are sent while they are produced say nothing about the network and are not to be told of.
func (c *Controller) Sample(n int64, ttfb, d time.Duration, _ time.Time) {
	c.est.add(n, ttfb, d)
	if len(c.samples) < maxSamples {
		c.samples = append(c.samples, Sample{n, media.Span(ttfb.Seconds()), media.Span(d.Seconds())})
	}
}

// Throughput returns what the network is taken for, in bits per second.
func (c *Controller) Throughput() float64 {
	if r := c.est.rate(); r > 0 {
		return r
	}
	return c.cfg.Initial
}

// Log returns the latest decisions, the oldest first.
func (c *Controller) Log() []Decision {
	return append(append(make([]Decision, 0, len(c.log)), c.log[c.first:]...), c.log[:c.first]...)
}

// Choose returns the rung to fetch the next segment of, and why.
func (c *Controller) Choose(s State) (rung int, reason string) {
	rung, reason = c.choose(s)
	c.note("choose", s, rung, reason, Progress{})
	return rung, reason
}

func (c *Controller) choose(s State) (int, string) {
	n := len(s.Rungs)
	if n == 0 {
		return -1, "no rungs"
	}
	able := c.decodable(s)
	top := min(able, visible(s))
	rate := c.Throughput()
	c.follow(s)
	sustained := c.sustained(s, rate, top)
	wanted := sustained
	sustained = min(sustained, c.climb.bound(s, carried(s, rate), top))
	if s.Current > sustained && s.Current <= top && s.Buffer >= s.Goal*holdBuffer && s.Buffer >= comfort && c.cost(s, s.Rungs[s.Current]) <= rate*holdFactor {
		sustained = s.Current // a dip that the buffer outlasts
	}
	rung, why := sustained, "throughput"
	if c.byBuffer(s) {
		if b := bola(s, top); b <= sustained {
			rung, why = b, "buffer"
		}
	}
	switch {
	case rung <= s.Current:
		c.ups = 0
	case s.Current >= 0:
		// Up only when it lasts; one good sample is no trend.
		c.ups++
		if c.ups < upAfter && s.Buffer < s.Goal*upBuffer {
			rung, why = s.Current, "waiting to go up"
		}
	}
	switch {
	case rung > s.Current && s.Current >= 0:
		c.climb.up(s, carried(s, rate))
	case s.Current > top:
		c.climb.forget() // the window, or the machine
	case rung < s.Current && s.Current < n:
		c.climb.down(s, carried(s, rate))
	case rung < wanted && rung == s.Current && why == "throughput":
		why = "not yet again"
	}
	switch {
	case rung != top || top == n-1:
	case top < able:
		why = "window"
	case !c.until.IsZero():
		why = "dropped frames"
	}
	if c.est.rate() == 0 {
		return rung, "start"
	}
	return rung, fmt.Sprintf("%s %.3g Mbit/s, buffer %.1f s", why, rate/1e6, float64(s.Buffer))
}

// carried is what the network carries of a second of media, in bits.
func carried(s State, rate float64) float64 {
	if s.Speed > 0 {
		return rate / s.Speed
	}
	return rate
}

// follow notices that the buffer has lost more than was played.
func (c *Controller) follow(s State) {
	played := media.Span(s.Now.Sub(c.then).Seconds()) * media.Span(max(1, s.Speed))
	if s.Buffer < c.buffer-played-jump {
		c.climb.forget()
	}
	c.buffer, c.then = s.Buffer, s.Now
}

// sustained is the highest rung that the throughput carries.
func (c *Controller) sustained(s State, rate float64, top int) int {
	part := min(1, max(0, float64(s.Buffer/comfort)))
	plenty := 1 + max(0, float64((s.Buffer-plentyFrom)/plentyFor))
	if s.Live && s.Goal < comfort {
		part = min(1, max(0, float64(s.Buffer/max(s.Goal, 1))))
	}
	if s.Current < 0 {
		part = 1 // there is nothing yet that could run out
	}
	rung := 0
	for i := 1; i <= top; i++ {
		factor := upFactor
		if i <= s.Current {
			factor = stayFactor
		}
		factor = (lowFactor + (factor-lowFactor)*part) * plenty
		if c.cost(s, s.Rungs[i]) > rate*factor {
			break
		}
		rung = i
	}
	return rung
}

// cost is what a rung needs of the network, in bits per second: its bandwidth at the speed of playback, in the time that
// waiting for first bytes leaves.
func (c *Controller) cost(s State, r Rung) float64 {
	need := float64(r.Bandwidth)
	if s.Speed > 0 {
		need *= s.Speed
	}
	if wait := c.est.latency.value(); s.Segment > 0 && wait > 0 {
		need /= max(0.2, 1-wait/float64(s.Segment))
	}
	return need
}

// byBuffer decides whether the buffer rule is in charge.
func (c *Controller) byBuffer(s State) bool {
	switch {
	case s.Goal < bolaFloor || s.Current < 0:
		c.bola = false
	case s.Buffer >= s.Goal*bolaOn:
		c.bola = true
	case s.Buffer < s.Goal*bolaOff:
		c.bola = false
	}
	return c.bola
}

// bola maximises (V·(utility + γp) − buffer) / bitrate over the rungs up to top, with V and γp such that the lowest is
// right with next to nothing buffered, and the highest shortly before the goal is reached.
func bola(s State, top int) int {
	low := s.Goal * bolaLow
	high := max(2*low, (s.Goal-s.Segment)*bolaHigh)
	u := func(i int) float64 {
		return math.Log(float64(max(1, s.Rungs[i].Bandwidth)) / float64(max(1, s.Rungs[0].Bandwidth)))
	}
	last := u(len(s.Rungs) - 1)
	if last <= 0 {
		return top
	}
	gp := last / max(0.1, float64(high/low)-1)
	v := float64(low) / gp
	best, score := 0, math.Inf(-1)
	for i := 0; i <= top; i++ {
		if x := (v*(u(i)+gp) - float64(s.Buffer)) / float64(max(1, s.Rungs[i].Bandwidth)); x > score {
			best, score = i, x
		}
	}
	return best
}

// decodable is the highest rung that the machine can show.
func (c *Controller) decodable(s State) int {
	top := len(s.Rungs) - 1
	if s.Total < c.total || s.Dropped < c.dropped {
		c.total, c.dropped = s.Total, s.Dropped // counting has begun anew
	}
	shown := s.Total - c.total
	if s.Playing && shown >= dropWindow {
		if d := s.Dropped - c.dropped; s.Speed <= 1 && float64(d) >= dropRatio*float64(shown) && s.Current > 0 && s.Current <= top {
			c.limit = s.Rungs[s.Current].effort()
			c.ban = min(max(dropBan, 2*c.ban), maxBan)
			c.until = s.Now.Add(c.ban)
		}
		c.total, c.dropped = s.Total, s.Dropped
	}
	if c.until.IsZero() || !s.Now.Before(c.until) {
		c.until = time.Time{}
		return top
	}
	for top > 0 && s.Rungs[top].effort() >= c.limit {
		top--
	}
	return top
}

// visible is the highest rung whose pictures are not larger than they can be seen, or the lowest that is not smaller. Of
// several of that size it is the best.
func visible(s State) int {
	top := len(s.Rungs) - 1
	if s.ViewWidth <= 0 || s.ViewHeight <= 0 {
		return top
	}
	enough := 0 // the least area that fills the view
	for _, r := range s.Rungs {
		switch area := r.Width * r.Height; {
		case area <= 0:
			return top // it may be what is needed
		case (r.Width >= s.ViewWidth || r.Height >= s.ViewHeight) && (enough == 0 || area < enough):
			enough = area
		}
	}
	for enough > 0 && top > 0 && s.Rungs[top].Width*s.Rungs[top].Height > enough {
		top--
	}
	return top
}

// Abandon says whether to give up the segment that is arriving, and for which rung. It is to be asked a few times a
// second.
func (c *Controller) Abandon(p Progress) (rung int, reason string, abandon bool) {
	s := p.State
	if s.Current <= 0 || s.Current >= len(s.Rungs) || p.Elapsed < abandonAfter || p.Got >= p.Size && p.Size > 0 {
		return s.Current, "", false
	}
	size := float64(p.Size) * 8
	if size <= 0 {
		size = float64(s.Rungs[s.Current].Bandwidth) * float64(s.Segment)
	}
	flowing := p.Elapsed.Seconds() - c.est.latency.value()
	if p.Got < minSampleBytes && flowing < 2*abandonAfter.Seconds() || flowing <= 0 {
		return s.Current, "", false // it has hardly begun
	}
	rate := float64(p.Got) * 8 / flowing
	left := max(0, size-float64(p.Got)*8)
	need := media.Span(math.Inf(1))
	if rate > 0 {
		need = media.Span(left / rate)
	}
	speed := media.Span(max(1, s.Speed))
	// What is left of the buffer when it arrives, and how long it takes in all.
	if need*speed < s.Buffer-stallMargin && media.Span(p.Elapsed.Seconds())+need < s.Segment*abandonFactor {
		return s.Current, "", false
	}
	if need*speed < s.Buffer/2 {
		return s.Current, "", false // slow, but there is more than enough to wait for it
	}
	if need*speed < s.Buffer-stallMargin && rate >= c.est.rate()*sameNetwork {
		return s.Current, "", false // as slow as was to be expected when it was chosen
	}
	for i := s.Current - 1; i >= 0; i-- {
		whole := float64(s.Rungs[i].Bandwidth) * float64(s.Segment)
		if i > 0 && (whole >= left || rate*float64(stayFactor) < float64(s.Rungs[i].Bandwidth)*float64(speed)) {
			continue
		}
		if whole >= left {
			break // what is left is less than the least there is
		}
		c.follow(s)
		c.climb.down(s, carried(s, rate))
		c.est.collapse(p.Got, time.Duration(flowing*float64(time.Second)))
		c.ups = 0
		reason = fmt.Sprintf("abandoned: %.3g Mbit/s, %.1f s to go, buffer %.1f s", rate/1e6, min(float64(need), 999), float64(s.Buffer))
		c.note("abandon", s, i, reason, p)
		return i, reason, true
	}
	return s.Current, "", false
}

// note adds a decision to the log.
func (c *Controller) note(kind string, s State, rung int, reason string, p Progress) {
	if c.began.IsZero() {
		c.began = s.Now
	}
	id := func(i int) string {
		if i < 0 || i >= len(s.Rungs) {
			return ""
		}
		return s.Rungs[i].ID
	}
	d := Decision{At: media.Span(s.Now.Sub(c.began).Seconds()), Kind: kind, From: id(s.Current), To: id(rung), Reason: reason,
		Fast: c.est.fast.value(), Slow: c.est.slow.value(), Latency: media.Span(c.est.latency.value()), Buffer: s.Buffer, Goal: s.Goal, Segment: s.Segment,
		Speed: s.Speed, Live: s.Live, Total: s.Total, Dropped: s.Dropped, Playing: s.Playing, ViewWidth: s.ViewWidth, ViewHeight: s.ViewHeight, Current: s.Current,
		Elapsed: media.Span(p.Elapsed.Seconds()), Got: p.Got, Size: p.Size, Rungs: s.Rungs}
	d.Samples = c.samples
	c.samples = nil
	if len(c.log) < maxLog {
		c.log = append(c.log, d)
		return
	}
	c.log[c.first] = d
	c.first = (c.first + 1) % maxLog
}
