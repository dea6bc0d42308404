package stretch

import "math"

// MinSpeed and MaxSpeed bound the speed.
const (
	MinSpeed = 0.25
	MaxSpeed = 4
)

// All lengths are parts of a second, so that they fit every sample rate.
const (
	// hopsPerSecond: a hop lasts 10 ms. That is also how long fading over takes.
	hopsPerSecond = 100
	// reachParts: the voice may be 20 ms away from the nominal position. A jump finds the period of anything above
	// 50 Hz in that, and lips seem to fit for twice as long.
	reachParts = 50
	// probeParts: 20 ms of sound are compared.
	probeParts = 50
	// coarseHz is the sample rate at which they are compared first.
	coarseHz = 8000
	// closeEnough is how similar the sound at the nominal position must be for the voice to join it there, back at
	// speed 1; maxWait is for how many hops that is waited for.
	closeEnough = 0.9
	maxWait     = hopsPerSecond
	// faint is the energy below which nothing is compared: 16-bit silence with dither on it.
	faint = 1e-7
	// quiet is the mean square of sound that the voice may leave at any time without anybody hearing it, -50 dBFS.
	quiet = 1e-5
)

// Stretcher changes the speed of one stream of sound. See the package comment.
type Stretcher struct {
	// immutable
	channels int
	hop      int // frames, as all lengths here
	reach    int
	probe    int
	decimate int       // frames that make one of the coarse ones
	rise     []float32 // of a fade, one factor a frame

	speed float64
	keep  bool

	in   []float32 // interleaved; in[0] is frame base of the input
	base int64
	at   float64 // nominal position of the next frame
	v    voice
	wait int // hops since speed 1, while the voice is elsewhere

	out    []float32
	target []float32 // coarse, one channel after the other
	region []float32
}

// voice is where samples come from.
type voice struct {
	pos  float64 // in the input
	step float64 // frames of input per frame of output
}

// New makes a Stretcher for interleaved sound of a sample rate and a number of channels. It stands at the beginning of
// its input, at speed 1 and with the pitch kept.
func New(rateHz, channels int) *Stretcher {
	s := &Stretcher{channels: channels, hop: max(2, rateHz/hopsPerSecond), reach: max(2, rateHz/reachParts), probe: max(2, rateHz/probeParts),
		decimate: max(1, rateHz/coarseHz), speed: 1, keep: true}
	s.rise = make([]float32, s.hop)
	for i := range s.rise {
		s.rise[i] = float32(0.5 - 0.5*math.Cos(math.Pi*(float64(i)+0.5)/float64(s.hop)))
	}
	s.in = make([]float32, 0, 4*s.span()*channels)
	s.out = make([]float32, s.hop*channels)
	s.target = make([]float32, (s.probe/s.decimate+1)*channels)
	s.region = make([]float32, ((2*s.reach+s.probe)/s.decimate+2)*channels)
	s.Reset()
	return s
}

// span is how much of the input a hop at the highest speed can have to do with, on one side of the nominal position.
func (s *Stretcher) span() int { return MaxSpeed*s.hop + s.reach + s.hop + s.probe }

// Reset drops the input and stands at frame 0 of another one. The speed stays.
func (s *Stretcher) Reset() {
	s.in, s.base, s.at, s.v, s.wait = s.in[:0], 0, 0, voice{0, 1}, 0
}

// Set sets the speed, and whether the pitch is kept, from the next hop on.
func (s *Stretcher) Set(speed float64, keepPitch bool) {
	if math.IsNaN(speed) {
		return
	}
	s.speed, s.keep = min(max(speed, MinSpeed), MaxSpeed), keepPitch
}

// Want is how many frames of input it takes to make a good next hop. Next makes do with less.
func (s *Stretcher) Want() int {
	if s.straight() {
		return 0
	}
	ahead := int(math.Ceil(s.speed*float64(s.hop))) + s.reach + s.hop + s.probe
	return max(0, int(int64(s.at)+int64(ahead)-s.end()))
}

// Write appends input, as much as is wanted, and returns how many frames that was.
func (s *Stretcher) Write(samples []float32) int {
	n := min(len(samples)/s.channels, s.Want())
	s.room(n)
	s.in = append(s.in, samples[:n*s.channels]...)
	return n
}

// Silence appends silence to the input, as much as is wanted and at most so many frames, and returns how many those
// were.
func (s *Stretcher) Silence(frames int) int {
	n := min(frames, s.Want())
	s.room(n)
	had := len(s.in)
	s.in = s.in[:had+n*s.channels]
	clear(s.in[had:])
	return n
}

// room moves the input to the beginning of its memory when n frames more do not fit behind it.
func (s *Stretcher) room(n int) {
	if len(s.in)+n*s.channels <= cap(s.in) {
		return
	}
	from := min(int64(s.v.pos), int64(s.at)-int64(s.reach+s.hop))
	if drop := from - s.base; drop > 0 {
		kept := copy(s.in, s.in[int(drop)*s.channels:])
		s.in, s.base = s.in[:kept], from
	}
}

// End is the number of frames of input so far. Position is that of the frame of input that the next frame of output
// stands for, between frames.
func (s *Stretcher) End() int64 { return s.end() }

// Position is which frame of the input the next hop begins with, nominally.
func (s *Stretcher) Position() float64 { return s.at }

// Idle reports that the speed is 1 and the output has caught up with the input to the sample: nothing is held back,
// and what comes next would come out as it is.
func (s *Stretcher) Idle() bool { return s.straight() && s.at == float64(s.end()) }

func (s *Stretcher) end() int64 { return s.base + int64(len(s.in)/s.channels) }

// straight reports that the output is the input.
func (s *Stretcher) straight() bool {
	return s.speed == 1 && s.v.step == 1 && s.v.pos == s.at && s.at == math.Trunc(s.at)
}

// Next returns the next frames of output, at most a hop: the first one stands for the position at in the input, each
// further one for speed frames more. Without enough input for a single frame it returns none.
func (s *Stretcher) Next() (out []float32, at, speed float64) {
	r, end := s.speed, s.end()
	if s.keep || r == 1 {
		s.v.step = 1 // a voice that turned the pitch goes on from where it is
	}
	if r == 1 && !s.straight() && s.joins() {
		next := math.Ceil(s.at) // at most a frame is left out, and time never goes back
		s.at = next
		return s.render(s.fit(r, end), voice{next, 1})
	}
	n := s.fit(r, end)
	switch {
	case s.straight():
		return s.render(n, s.v)
	case !s.keep && r != 1:
		if s.v.pos == s.at {
			s.v.step = r // the same
		}
		return s.render(n, voice{s.at, r})
	}
	return s.render(n, s.choose(n, end))
}

// fit is how many frames the next hop has: fewer where the input ends.
func (s *Stretcher) fit(r float64, end int64) int {
	n := min(s.hop, int(end-s.base))
	if left := float64(end) - s.at; float64(n)*r > left {
		n = int(left / r)
	}
	return max(n, 0)
}

// joins reports whether the voice is to go to the nominal position at once. It is asked once a hop at speed 1.
func (s *Stretcher) joins() bool {
	s.wait++
	next := int64(math.Ceil(s.at))
	if next >= s.end() {
		return false
	}
	if s.v.pos == s.at || s.wait >= maxWait {
		return true
	}
	l := s.compared(next, next)
	return l > 0 && s.alike(int64(s.v.pos), next, l) >= closeEnough
}

// choose returns the voice for a hop of n frames with the pitch kept: the present one while it is near enough, else
// the most similar place on the other side of the nominal position.
func (s *Stretcher) choose(n int, end int64) voice {
	if s.v.pos != math.Trunc(s.v.pos) {
		return voice{float64(s.clip(int64(math.Round(s.v.pos)), n, end)), 1}
	}
	middle := (s.speed - 1) * float64(n) / 2 // a voice that is here is right in the middle of the hop
	pos := int64(s.v.pos)
	off := s.v.pos - s.at - middle
	center := int64(math.Round(s.at + middle))
	if s.quiet(pos, n) {
		return voice{float64(s.clip(center, n, end)), 1} // so that what begins after a pause begins in time
	}
	if math.Abs(off) <= float64(s.reach) && s.clip(pos, n, end) == pos {
		return s.v
	}
	from, to := -s.reach, s.reach
	if off > float64(s.reach) {
		to = 0
	} else if off < -float64(s.reach) {
		from = 0
	}
	lo, hi := s.clip(center+int64(from), n, end), s.clip(center+int64(to), n, end)
	if off > 0 { // soon after the beginning of the input there may be little to go back to
		hi = max(hi, s.clip(min(lo+int64(s.reach), pos-int64(s.reach/2)), n, end))
	}
	l := s.compared(lo, hi)
	if l == 0 {
		return voice{float64(s.clip(center, n, end)), 1}
	}
	return voice{float64(s.search(pos, lo, hi, l, off < 0)), 1}
}

// quiet reports whether n frames from pos on are there and can hardly be heard.
func (s *Stretcher) quiet(pos int64, n int) bool {
	if pos < s.base || pos+int64(n) > s.end() {
		return false
	}
	var energy float64
	for _, x := range s.in[int(pos-s.base)*s.channels:][:n*s.channels] {
		energy += float64(x) * float64(x)
	}
	return energy <= quiet*float64(n*s.channels)
}

// clip brings a position to where n frames of input follow.
func (s *Stretcher) clip(pos int64, n int, end int64) int64 {
	return min(max(pos, s.base), max(end-int64(n), s.base))
}

// compared is how many frames can be compared between the voice and candidates up to hi, 0 if too few.
func (s *Stretcher) compared(lo, hi int64) int {
	l := int(min(int64(s.probe), s.end()-int64(s.v.pos), s.end()-hi))
	if l < s.hop/2 || int64(s.v.pos) < s.base || hi < lo {
		return 0
	}
	return l
}

// search returns the place in [lo, hi] where l frames are most like those at pos: by the coarse sound everywhere, then
// by all samples around the best place. Among equals it takes the last one, or the first one: whichever is farther
// from where the voice comes from.
func (s *Stretcher) search(pos, lo, hi int64, l int, last bool) int64 {
	d := s.decimate
	nt, nr := l/d, (int(hi-lo)+l)/d
	st, sr := len(s.target)/s.channels, len(s.region)/s.channels
	for c := range s.channels {
		s.shrink(s.target[c*st:c*st+nt], pos, c)
		s.shrink(s.region[c*sr:c*sr+nr], lo, c)
	}
	best, found := float32(math.Inf(-1)), 0
	lags := nr - nt + 1
	for i := range lags {
		lag := i
		if last {
			lag = lags - 1 - i
		}
		var dot, et, ex float32
		for c := range s.channels {
			t := s.target[c*st : c*st+nt]
			x := s.region[c*sr+lag : c*sr+lag+nt]
			for j, a := range t {
				b := x[j]
				dot += a * b
				et += a * a
				ex += b * b
			}
		}
		if y := (2*dot + faint) / (et + ex + faint); y > best {
			best, found = y, lag
		}
	}
	around := lo + int64(found*d)
	place, most := around, math.Inf(-1)
	l = min(l, s.hop)
	for p := max(lo, around-int64(d)); p <= min(hi, around+int64(d)); p++ {
		if y := s.alike(pos, p, l); y > most || y == most && last {
			place, most = p, y
		}
	}
	return place
}

// shrink fills dst with sums of so many frames each of one channel, from input frame pos on.
func (s *Stretcher) shrink(dst []float32, pos int64, channel int) {
	i := int(pos-s.base)*s.channels + channel
	for j := range dst {
		var sum float32
		for range s.decimate {
			sum += s.in[i]
			i += s.channels
		}
		dst[j] = sum
	}
}

// alike compares l frames at two places: 1 for equal ones, 0 for such that have nothing in common, -1 for opposite ones.
// Unlike a correlation that is normalised by both energies it knows loud from quiet.
func (s *Stretcher) alike(p, q int64, l int) float64 {
	a, b := s.in[int(p-s.base)*s.channels:][:l*s.channels], s.in[int(q-s.base)*s.channels:][:l*s.channels]
	var dot, energy float64
	for i, x := range a {
		y := b[i]
		dot += float64(x) * float64(y)
		energy += float64(x)*float64(x) + float64(y)*float64(y)
	}
	return (2*dot + faint) / (energy + faint)
}

// render makes n frames of a voice, and fades over to it if it is another one than before.
func (s *Stretcher) render(n int, v voice) (out []float32, at, speed float64) {
	at, speed = s.at, s.speed
	out = s.out[:n*s.channels]
	if n == 0 {
		return out, at, speed
	}
	old := s.v
	s.read(out, v)
	if old != v {
		s.fade(out, n, old)
	}
	s.at += float64(n) * s.speed
	s.v = voice{v.pos + float64(n)*v.step, v.step}
	if s.straight() || s.speed != 1 {
		s.wait = 0
	}
	return out, at, speed
}

// read fills out with the samples of a voice.
func (s *Stretcher) read(out []float32, v voice) {
	if v.step == 1 && v.pos == math.Trunc(v.pos) {
		copy(out, s.in[int(int64(v.pos)-s.base)*s.channels:])
		return
	}
	for i := range len(out) / s.channels {
		for c := range s.channels {
			out[i*s.channels+c] = s.sample(v, i, c)
		}
	}
}

// fade blends the voice before into the beginning of out, which has n frames.
func (s *Stretcher) fade(out []float32, n int, old voice) {
	for i := range n {
		w := s.rise[i*s.hop/n]
		for c := range s.channels {
			was := s.sample(old, i, c)
			out[i*s.channels+c] = was + w*(out[i*s.channels+c]-was)
		}
	}
}

// sample is channel c of frame i of a voice. Beyond the input its last frame goes on.
func (s *Stretcher) sample(v voice, i, c int) float32 {
	p := v.pos + float64(i)*v.step
	whole := math.Floor(p)
	last := len(s.in)/s.channels - 1
	k := int(int64(whole) - s.base)
	a := s.in[min(max(k, 0), last)*s.channels+c]
	if p == whole {
		return a
	}
	b := s.in[min(max(k+1, 0), last)*s.channels+c]
	return a + float32(p-whole)*(b-a)
}
