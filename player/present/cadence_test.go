package present_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/present"
)

// show plays pictures at fps on a display at hz and returns for how many intervals each was visible.
type show struct {
	fps, hz  float64
	seconds  float64
	phase    float64                      // seconds by which the pictures are later than the display's beat
	rate     float64                      // of the clock; 0 means 1
	roundMs  bool                         // time stamps in whole milliseconds
	vsync    func() float64               // jitter of a call in seconds
	clock    func(s float64) (at float64) // media time at wall time s; nil: s × rate
	skew     float64                      // what the surface thinks of the display's interval, relative error
	draw     func(k int) bool             // whether the surface gets to call; nil: always
	duration bool                         // pictures know their duration
	times    func(i int) float64          // when picture i is due; nil: i / fps
}

type outcome struct {
	counts []int // per picture, index = number
	q      present.Quality
}

func (c show) play(t *testing.T) outcome {
	t.Helper()
	r := newRig(t, present.Options{})
	if c.rate == 0 {
		c.rate = 1
	}
	r.SetSpeed(c.rate)
	n := int(c.seconds*c.fps*c.rate) + 80
	out := outcome{counts: make([]int, n)}
	pts := func(i int) media.Time {
		s := float64(i) / c.fps
		if c.times != nil {
			s = c.times(i)
		}
		if c.roundMs {
			s = math.Round(s*1000) / 1000
		}
		return media.Time(s)
	}
	index := map[media.Time]int{}
	next := 0
	length := 1 / c.hz * (1 + c.skew)
	for k := 0; float64(k)/c.hz < c.seconds; k++ {
		for float64(r.Depth()) < 6*max(1, c.rate) && next < n {
			v := picture(0, pts(next), 0)
			if c.duration {
				v.Duration = media.Span(1 / c.fps)
			}
			index[v.PTS] = next
			if err := r.Put(t.Context(), v); err != nil {
				t.Fatal(err)
			}
			next++
		}
		if c.draw != nil && !c.draw(k) {
			continue
		}
		from := float64(k) / c.hz
		if c.clock != nil {
			r.run(from-1, media.Time(c.clock(from)-c.phase-c.rate), c.rate, 0)
		} else {
			r.run(0, media.Time(-c.phase), c.rate, 0)
		}
		if c.vsync != nil {
			from += c.vsync()
		}
		v, _ := r.Pick(at(from), at(from+length))
		if v != nil {
			out.counts[index[v.PTS]]++
		}
	}
	out.q = r.Quality()
	balance(t, r.Queue)
	return out
}

// steady are the counts without the first and the last pictures.
func (o outcome) steady() []int {
	last := len(o.counts) - 1
	for last > 0 && o.counts[last] == 0 {
		last--
	}
	return o.counts[8 : last-2]
}

func digits(counts []int) string {
	var b strings.Builder
	for _, n := range counts {
		b.WriteByte(byte('0' + n))
	}
	return b.String()
}

// patterns are the ideal counts, one period of each, up to rotation.
var patterns = []struct {
	fps, hz float64
	want    string
}{
	{24, 60, "32"},
	{25, 60, "32322"},
	{30, 60, "2"},
	{50, 60, "21111"},
	{60, 60, "1"},
	{24, 50, strings.Repeat("2", 11) + "3"},
	{25, 50, "2"},
	{30, 50, "221"},
	{50, 50, "1"},
	{60, 50, "111110"},
	{24, 30, "2111"},
	{25, 30, "21111"},
	{30, 30, "1"},
	{50, 30, "10101"},
	{60, 30, "10"},
	{24, 144, "6"},
	{25, 144, "6" + "6" + "6" + "5"}, // 5.76: checked by arithmetic, see below
	{30, 144, "55554"},
	{50, 144, "3"}, // 2.88: checked by arithmetic
	{60, 144, "32322"},
}

// TestQueue_Cadence plays half a minute of each pair of rates with several phases between the pictures and the display, of
// which one puts the middle of an interval on the border between two pictures. The pattern must be kept exactly. With calls
// up to 2 ms early or late, which is 29 % of an interval at 144 Hz, it may break with one picture in a hundred. Every run
// of pictures must have its share of intervals to within one, or two with jitter.
func TestQueue_Cadence(t *testing.T) {
	noisy := func(seed uint64) func() float64 {
		r := rand.New(rand.NewPCG(seed, 5))
		return func() float64 { return (r.Float64() - 0.5) * 0.004 }
	}
	for _, c := range patterns {
		for phase := range 4 {
			for _, jitter := range []bool{false, true} {
				s := show{fps: c.fps, hz: c.hz, seconds: 30, phase: float64(phase) / 4 / math.Max(c.fps, c.hz)}
				if jitter {
					s.vsync = noisy(uint64(phase))
				}
				o := s.play(t)
				got := o.steady()
				if jitter {
					got = got[int(2*c.fps):] // two seconds to find the beat
				}
				if o.q.Dropped != 0 {
					t.Errorf("%v on %v Hz, phase %d, jitter %v: %d dropped", c.fps, c.hz, phase, jitter, o.q.Dropped)
				}
				if want := max(0, s.seconds*(c.fps-c.hz)); math.Abs(float64(o.q.CadenceSkipped)-want) > 10 {
					t.Errorf("%v on %v Hz, phase %d, jitter %v: %d skipped for the cadence, want %v", c.fps, c.hz, phase, jitter, o.q.CadenceSkipped, want)
				}
				if bad := uneven(got, c.hz/c.fps, jitter); bad >= 0 {
					t.Errorf("%v on %v Hz, phase %d, jitter %v: uneven around picture %d of\n%s", c.fps, c.hz, phase, jitter, bad, digits(got))
				}
				ratio := c.hz / c.fps
				if sum(c.want)/float64(len(c.want)) != ratio {
					continue // the table has no exact period
				}
				if len(c.want) > 6 && jitter {
					continue // one slip shifts the rest of a long pattern
				}
				shown, n := digits(got), len(c.want)
				breaks := 0
				for i := n; i < len(shown); i++ {
					if shown[i] != shown[i-n] {
						breaks++
					}
				}
				if start := shown[:n]; !jitter && !strings.Contains(c.want+c.want, start) || !jitter && breaks > 0 || breaks > len(shown)/100 {
					t.Errorf("%v on %v Hz, phase %d, jitter %v: want the pattern %s, it breaks %d times in %d pictures:\n%s", c.fps, c.hz, phase, jitter, c.want, breaks, len(shown), shown)
				}
			}
		}
	}
}

func sum(pattern string) float64 {
	n := 0
	for _, d := range pattern {
		n += int(d - '0')
	}
	return float64(n)
}

// uneven returns the first picture at which the counts are off their ideal share by more than one interval, or with
// jitter by more than two, or -1.
func uneven(counts []int, ratio float64, jitter bool) int {
	off, lo, hi := 0.0, 0.0, 0.0
	for i, n := range counts {
		off += float64(n) - ratio
		lo, hi = min(lo, off), max(hi, off)
		if limit := 1.0001; hi-lo > limit && !jitter || hi-lo > 2 {
			return i
		}
	}
	return -1
}

// TestQueue_Judder plays a minute of each rate on a display of 60 Hz whose frames are drawn as on a virtual one: within a
// millisecond or two of the beat, and now and then almost half an interval late. It tells how irregular the pictures are: how
// many are shown for another time than the best pattern has it, and by how much, root mean square, the time between two
// pictures differs on the screen from what it is in the media.
func TestQueue_Judder(t *testing.T) {
	const hz, minute = 60, 60
	vfr := func(i int) float64 { // 24, 30 and 60 pictures a second in turn, 12 of each
		s, rates := 0.0, []float64{24, 30, 60}
		for k := range i / 12 {
			s += 12 / rates[k%3]
		}
		return s + float64(i%12)/rates[i/12%3]
	}
	for _, c := range []struct {
		name  string
		fps   float64
		times func(int) float64
		most  int     // irregular pictures
		ideal float64 // ms of judder that the pattern itself has
	}{
		{"24", 24, nil, 1, 8.4},
		{"25", 25, nil, 1, 8.2},
		{"30", 30, nil, 1, 0},
		{"50", 50, nil, 1, 6.7},
		{"60", 60, nil, 1, 0},
		{"VFR", 33, vfr, 2, 4.8},
	} {
		r := rand.New(rand.NewPCG(3, 14))
		late := func() float64 {
			j := (r.Float64() + r.Float64() - 1) * 0.0015
			if r.IntN(200) == 0 {
				j += 0.003 + 0.0035*r.Float64()
			}
			return j
		}
		times := c.times
		if times == nil {
			times = func(i int) float64 { return float64(i) / c.fps }
		}
		s := show{fps: c.fps, hz: hz, seconds: minute + 2, times: c.times, vsync: late, phase: 0.002}
		got := s.play(t).steady()[int(c.fps):]
		const skipped = 8 // of steady, which begins there
		irregular, sum := 0, 0.0
		for i, n := range got {
			k := i + skipped + int(c.fps)
			d := (times(k+1) - times(k)) * hz
			if float64(n) < math.Floor(d+1e-6) || float64(n) > math.Ceil(d-1e-6) {
				irregular++
			}
			sum += (float64(n) - d) * (float64(n) - d)
		}
		judder := math.Sqrt(sum/float64(len(got))) / hz * 1000
		t.Logf("%s on %v Hz: %d of %d pictures irregular, judder %.2f ms", c.name, hz, irregular, len(got), judder)
		if irregular > c.most || judder > c.ideal+0.6 {
			t.Errorf("%s on %v Hz: %d pictures irregular, at most %d may be; judder %.2f ms, the pattern has %.1f", c.name, hz, irregular, c.most, judder, c.ideal)
		}
		if c.fps == 24 {
			threeTwo := 0
			for i := 1; i < len(got); i++ {
				if got[i]+got[i-1] != 5 {
					threeTwo++
				}
			}
			if threeTwo > 2 { // one irregularity breaks two pairs
				t.Errorf("24 on 60 Hz: 3:2 is broken %d times in a minute: %s", threeTwo, digits(got))
			}
		}
	}
}

// TestQueue_CadenceDrifts lets pictures and display be slightly off each other, as they always are: each time the
// phase has moved by a picture there must be one glitch, not a burst of them.
func TestQueue_CadenceDrifts(t *testing.T) {
	for _, c := range []struct {
		name     string
		s        show
		glitches int // counts that differ from the common one, at most
	}{
		{"59.94 on 60 Hz", show{fps: 60000.0 / 1001, hz: 60, seconds: 120}, 8},
		{"60 on 59.94 Hz", show{fps: 60, hz: 60000.0 / 1001, seconds: 120}, 8},
		{"29.97 on 60 Hz", show{fps: 30000.0 / 1001, hz: 60, seconds: 120}, 8},
		{"25 on 50.005 Hz", show{fps: 25, hz: 50.005, seconds: 120}, 2},
	} {
		for phase := range 3 {
			for _, jitter := range []float64{0, 0.004} {
				r := rand.New(rand.NewPCG(uint64(phase), 9))
				c.s.phase = float64(phase) / 3 / c.s.fps
				c.s.vsync = func() float64 { return (r.Float64() - 0.5) * jitter }
				got := c.s.play(t).steady()[int(2*c.s.fps):]
				common := int(math.Round(c.s.hz / c.s.fps))
				glitches := 0
				for _, n := range got {
					if n != common {
						glitches++
					}
				}
				if glitches > c.glitches {
					t.Errorf("%s, phase %d, jitter %v: %d pictures are not shown %d times, want at most %d", c.name, phase, jitter, glitches, common, c.glitches)
				}
			}
		}
	}
}

// TestQueue_CadenceNoise adds what real clocks do: steps of the sound clock, millisecond time stamps, a wrong idea of
// the display's interval.
func TestQueue_CadenceNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name     string
		s        show
		glitches int
	}{
		{"clock jitter of 1 ms", show{fps: 30, hz: 60, seconds: 60, clock: func(s float64) float64 { return s + (r.Float64()-0.5)*0.002 }}, 0},
		{"time stamps in milliseconds", show{fps: 30, hz: 60, seconds: 60, roundMs: true}, 0},
		{"surface thinks 59 Hz", show{fps: 30, hz: 60, seconds: 60, skew: 60.0/59 - 1}, 0},
		{"all at once, worst phase", show{fps: 30, hz: 60, seconds: 60, roundMs: true, skew: 0.003, phase: 1.0 / 120,
			clock: func(s float64) float64 { return s + (r.Float64()-0.5)*0.002 }, vsync: func() float64 { return (r.Float64() - 0.5) * 0.004 }}, 6},
		{"double speed", show{fps: 25, hz: 50, rate: 2, seconds: 30}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := c.s.play(t)
			rate := max(c.s.rate, 1)
			got := o.steady()[int(2*c.s.fps*rate):]
			common := int(math.Round(c.s.hz / c.s.fps / rate))
			glitches := 0
			for _, n := range got {
				if n != common {
					glitches++
				}
			}
			if glitches > c.glitches || o.q.Dropped != 0 {
				t.Errorf("%d glitches, want at most %d; %d dropped\n%s", glitches, c.glitches, o.q.Dropped, digits(got))
			}
		})
	}
}

// TestQueue_Offsets looks at the measure of sync: with an ideal display pictures are within half an interval of
// their time, and on average on time.
func TestQueue_Offsets(t *testing.T) {
	for _, c := range []struct {
		fps, hz      float64
		mean, p95max float64 // ms
	}{
		{25, 60, 0.5, 8.5}, {24, 60, 4.2, 8.5}, {60, 60, 8.4, 8.5}, {60, 144, 0.5, 3.5},
	} {
		o := show{fps: c.fps, hz: c.hz, seconds: 60, phase: 0.0001}.play(t).q.Offset
		if o.Count < uint64(59*c.fps) || math.Abs(float64(o.Mean)*1000) > c.mean || float64(o.P95)*1000 > c.p95max || float64(o.Max)*1000 > 500/c.hz+0.1 || o.MaxLateness > o.Max {
			t.Errorf("%v on %v Hz: %+v", c.fps, c.hz, o)
		}
	}
}

// TestQueue_SlowSurface leaves out calls: what was due then is late, not skipped for the cadence.
func TestQueue_SlowSurface(t *testing.T) {
	o := show{fps: 60, hz: 60, seconds: 10, draw: func(k int) bool { return k%10 < 5 }}.play(t)
	if o.q.Late < 280 || o.q.Late > 300 || o.q.CadenceSkipped > 10 {
		t.Errorf("half the calls are missing: %+v, want about 240 late", o.q)
	}
}

// TestQueue_Surfaces plays on surfaces that follow no beat: what is shown must be what is due, and nothing may be lost
// that there was a call for.
func TestQueue_Surfaces(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		name     string
		next     func() float64 // time to the next call
		late     float64        // share of pictures that may be late
		off, fps float64        // ms by which a shown picture may be off the middle of its interval
	}{
		{"500 calls a second", func() float64 { return 0.002 }, 0, 0.1, 25},
		{"at random, 2 to 20 ms", func() float64 { return 0.002 + 0.018*r.Float64() }, 0, 8.5, 25},
		{"at random, 2 to 60 ms", func() float64 { return 0.002 + 0.058*r.Float64() }, 0.2, 8.5, 25},
		{"20 calls a second", func() float64 { return 0.05 }, 0.21, 8.5, 25},
		{"every second call is missing now and then", func() float64 { return []float64{1, 1, 1, 2}[r.IntN(4)] / 60 }, 0.3, 1, 60},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := newRig(t, present.Options{})
			q.run(0, 0, 1, 0)
			next := 0
			for now := 0.0; now < 30; now += c.next() {
				for q.Depth() < 6 {
					if err := q.Put(t.Context(), picture(0, media.Time(float64(next)/c.fps), 0)); err != nil {
						t.Fatal(err)
					}
					next++
				}
				v, _ := q.Pick(at(now), at(now+1.0/60))
				middle := now + 1.0/120
				if off := max(float64(v.PTS)-middle, middle-float64(v.PTS)-1/c.fps) * 1000; off > c.off && now > 1 {
					t.Fatalf("at %v s picture %v is %v ms off the middle", now, v.PTS, off)
				}
			}
			s := q.Quality()
			if float64(s.Dropped) > c.late*float64(s.Total) || s.CadenceSkipped > s.Total/50 && c.late == 0 {
				t.Errorf("%+v, want at most %v of all late", s, c.late)
			}
			balance(t, q.Queue)
		})
	}
}

// TestQueue_CadenceAtSpeeds plays faster and slower: pictures for which there is no interval are skipped, none is late.
func TestQueue_CadenceAtSpeeds(t *testing.T) {
	for _, c := range []struct {
		fps, hz, rate float64
		want          string
	}{
		{60, 60, 2, "10"}, {60, 60, 4, "1000"}, {60, 60, 0.5, "2"}, {30, 60, 2, "1"}, {30, 60, 1.5, "121"}, {24, 60, 2.5, "1"},
		{60, 50, 4, ""}, {25, 60, 1.02, ""}, {50, 60, 3, ""}, {24, 144, 0.25, "6" + "6" + "6" + "6"},
	} {
		for phase := range 3 {
			o := show{fps: c.fps, hz: c.hz, rate: c.rate, seconds: 20, phase: float64(phase) / 3 / math.Max(c.fps*c.rate, c.hz)}.play(t)
			if o.q.Dropped != 0 {
				t.Errorf("%g fps x%g on %g Hz, phase %d: %+v", c.fps, c.rate, c.hz, phase, o.q)
			}
			share := c.hz / (c.fps * c.rate)
			for i, n := range o.steady() {
				if float64(n) < math.Floor(share-1e-9) || float64(n) > math.Ceil(share+1e-9) {
					t.Errorf("%g fps x%g on %g Hz, phase %d: picture %d is visible for %d intervals, its share is %.3f", c.fps, c.rate, c.hz, phase, i, n, share)
					break
				}
			}
			if got := digits(o.steady()); c.want != "" && len(c.want) < 4 && !strings.Contains(strings.Repeat(c.want, len(got)/len(c.want)+2), got) {
				t.Errorf("%g fps x%g on %g Hz, phase %d: %.60s, want %s again and again", c.fps, c.rate, c.hz, phase, got, c.want)
			}
		}
	}
}

// TestQueue_SpeedChanges changes the speed of 60 pictures a second on 60 Hz every half second: nothing is late.
func TestQueue_SpeedChanges(t *testing.T) {
	r := newRig(t, present.Options{})
	rates := []float64{1, 2, 4, 1, 0.25, 4, 1.02, 0.98, 1, 3, 0.5}
	at0, next, shown := 0.0, 0, map[media.Time]bool{}
	for i, rate := range rates {
		from := float64(i) / 2
		r.SetSpeed(rate)
		r.run(from, media.Time(at0), rate, 0)
		for k := range 30 {
			for float64(r.Depth()) < 6*max(1, rate) {
				if err := r.Put(t.Context(), picture(0, media.Time(next)/60, 0)); err != nil {
					t.Fatal(err)
				}
				next++
			}
			wall := from + float64(k)/60
			v, _ := r.Pick(at(wall), at(wall+1.0/60))
			if middle := at0 + (float64(k)+0.5)/60*rate; math.Abs(float64(v.PTS)+0.5/60-middle) > 0.5/60+0.5/60*math.Abs(rate-1)+0.004 {
				t.Errorf("x%g, interval %d: picture %v at %v", rate, k, v.PTS, middle)
			}
			shown[v.PTS] = true
		}
		at0 += rate / 2
	}
	q := r.Quality()
	if q.Dropped != 0 || q.Presented != uint64(len(shown)) {
		t.Errorf("%+v, %d shown", q, len(shown))
	}
	balance(t, r.Queue)
}
