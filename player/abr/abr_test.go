package abr_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/abr"
)

var epoch = time.Unix(1e9, 0)

// state is a player in the middle of a film.
func state(current int, buffer media.Span) abr.State {
	return abr.State{Now: epoch, Buffer: buffer, Goal: 30, Segment: 4, Rungs: film, Current: current, Speed: 1, Playing: true}
}

// feed tells c of n segments at a rate in bits per second.
func feed(c *abr.Controller, n int, rate float64) {
	for range n {
		c.Sample(int64(rate*2/8), 10*time.Millisecond, 2*time.Second, epoch)
	}
}

func TestChoose(t *testing.T) {
	for _, tt := range []struct {
		name string
		rate float64 // of the network, 0 for not known
		s    abr.State
		want int
		why  string
	}{
		{"nothing known", 0, state(-1, 0), 1, "start"},
		{"first after a fast start", 20e6, state(0, 0.1), 4, "throughput"},
		{"empty buffer takes less", 3.2e6, state(2, 0), 2, "throughput"},
		{"full buffer takes more", 3.2e6, state(3, 26), 4, "buffer"},
		{"no higher than the network", 3.2e6, state(3, 6), 3, "throughput"},
		{"far too slow", 1e5, state(4, 20), 0, ""},
		{"twice the speed needs twice as much", 6e6, func() abr.State { s := state(3, 6); s.Speed = 2; return s }(), 3, ""},
		{"at a live edge", 3.3e6, func() abr.State { s := state(1, 3); s.Live, s.Goal = true, 3; return s }(), 3, ""},
		{"one rung", 1e5, func() abr.State { s := state(0, 3); s.Rungs = film[2:3]; return s }(), 0, ""},
		{"none", 1e5, func() abr.State { s := state(-1, 3); s.Rungs = nil; return s }(), -1, "no rungs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := abr.New(abr.Config{})
			if tt.rate > 0 {
				feed(c, 20, tt.rate)
			}
			got, why := c.Choose(tt.s)
			if got < tt.want {
				got, why = c.Choose(tt.s) // going up may take two
			}
			if got != tt.want || !strings.Contains(why, tt.why) {
				t.Errorf("got %d, %q; want %d, %q", got, why, tt.want, tt.why)
			}
		})
	}
}

// TestWindow takes no more than fills the window, over a network that carries everything; a larger window counts at once.
func TestWindow(t *testing.T) {
	rungs := []abr.Rung{{ID: "a", Bandwidth: 3e5, Width: 416, Height: 234}, {ID: "b", Bandwidth: 8e5, Width: 640, Height: 360}, {ID: "c", Bandwidth: 1e6, Width: 640, Height: 360},
		{ID: "d", Bandwidth: 2e6, Width: 1280, Height: 720}, {ID: "e", Bandwidth: 5e6, Width: 1920, Height: 1080}}
	unknown := append(append([]abr.Rung{}, rungs...), abr.Rung{ID: "f", Bandwidth: 6e6})
	for _, tt := range []struct {
		w, h  int
		rungs []abr.Rung
		want  int
		why   string
	}{
		{0, 0, rungs, 4, "buffer"},
		{100, 100, rungs, 0, "window"},
		{416, 234, rungs, 0, "window"},
		{417, 235, rungs, 2, "window"},  // the better of two that are the same size
		{640, 2000, rungs, 2, "window"}, // its width is filled
		{1000, 600, rungs, 3, "window"},
		{1281, 721, rungs, 4, "buffer"},
		{8000, 6000, rungs, 4, "buffer"}, // nothing fills it
		{100, 100, unknown, 5, "buffer"}, // who knows what its size is
		{100, 100, nil, -1, "no rungs"},
	} {
		c := abr.New(abr.Config{})
		feed(c, 20, 50e6)
		s := state(0, 28)
		s.Rungs = tt.rungs
		if got, _ := c.Choose(s); got != len(tt.rungs)-1 {
			t.Errorf("without a window %d", got)
		}
		s.ViewWidth, s.ViewHeight = tt.w, tt.h
		if got, why := c.Choose(s); got != tt.want || !strings.Contains(why, tt.why) {
			t.Errorf("%d×%d: got %d, %q; want %d, %q", tt.w, tt.h, got, why, tt.want, tt.why)
		}
		if d := c.Log()[1]; d.ViewWidth != tt.w || d.ViewHeight != tt.h {
			t.Errorf("logged %+v", d)
		}
		s.ViewWidth, s.ViewHeight = 8000, 8000
		if got, _ := c.Choose(s); got != len(tt.rungs)-1 {
			t.Errorf("%d×%d, then a larger window: %d", tt.w, tt.h, got)
		}
	}
}

func TestChoose_GoesUpWhenItLasts(t *testing.T) {
	c := abr.New(abr.Config{})
	feed(c, 10, 1e6)
	c.Choose(state(1, 5))
	feed(c, 6, 10e6)
	if got, why := c.Choose(state(1, 5)); got != 1 || !strings.Contains(why, "waiting") {
		t.Errorf("at once: got %d, %q", got, why)
	}
	if got, _ := c.Choose(state(1, 5)); got != 4 {
		t.Errorf("the second time: got %d, want 4", got)
	}
}

// TestThroughput tells apart what says something about the network from what does not.
func TestThroughput(t *testing.T) {
	near := func(got, want float64) bool { return math.Abs(got-want) <= want*0.02 }
	c := abr.New(abr.Config{Initial: 3e6})
	if got := c.Throughput(); got != 3e6 {
		t.Errorf("before anything: %g", got)
	}
	c.Sample(2000, time.Millisecond, time.Second, epoch)
	if got := c.Throughput(); got != 3e6 {
		t.Errorf("two thousand bytes: %g", got)
	}
	for range 9 {
		c.Sample(2000, time.Millisecond, time.Second, epoch)
	}
	if got := c.Throughput(); !near(got, 16e3) {
		t.Errorf("small bodies together: %g, want 16000", got)
	}
	feed(c, 20, 5e6)
	if got := c.Throughput(); !near(got, 5e6) {
		t.Errorf("steady: %g", got)
	}
	c.Sample(1<<20, 0, 0, epoch)
	if got := c.Throughput(); math.IsInf(got, 0) || math.IsNaN(got) {
		t.Errorf("a body in no time: %g", got)
	}
	feed(c, 2, 5e5)
	if got := c.Throughput(); got > 6e9 {
		t.Errorf("after it: %g", got)
	}
	c = abr.New(abr.Config{})
	feed(c, 10, 10e6)
	feed(c, 3, 1e6)
	down := c.Throughput()
	c = abr.New(abr.Config{})
	feed(c, 10, 1e6)
	feed(c, 3, 10e6)
	if up := c.Throughput(); down > 3e6 || up > 9e6 || up < 4e6 {
		t.Errorf("three segments later: down %g, up %g", down, up)
	}
	c.Sample(-1, -time.Second, -time.Second, epoch) // a clock that went back
	if got := c.Throughput(); !(got > 0) {
		t.Errorf("after nonsense: %g", got)
	}
}

func TestAbandon(t *testing.T) {
	progress := func(elapsed time.Duration, got, size int64, buffer media.Span) abr.Progress {
		return abr.Progress{State: state(4, buffer), Elapsed: elapsed, Got: got, Size: size}
	}
	for _, tt := range []struct {
		name string
		p    abr.Progress
		want int // -1 for going on
	}{
		{"too early to say", progress(400*time.Millisecond, 30e3, 2e6, 3), -1},
		{"hardly begun", progress(900*time.Millisecond, 3e3, 2e6, 3), -1},
		{"fast enough", progress(time.Second, 1e6, 2e6, 3), -1},
		{"slow, and the buffer runs out", progress(time.Second, 60e3, 2e6, 4), 0},
		{"slow, and there is time", progress(time.Second, 150e3, 2e6, 28), -1},
		{"slow, the next lower will do", progress(time.Second, 5e5, 3e6, 4), 3},
		{"nearly there", progress(10*time.Second, 19e5, 2e6, 1), -1},
		{"stuck", progress(2*time.Second, 0, 2e6, 4), 0},
		{"of unknown size", progress(time.Second, 60e3, 0, 4), 0},
		{"complete", progress(30*time.Second, 2e6, 2e6, 0), -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, why, give := abr.New(abr.Config{}).Abandon(tt.p)
			if !give {
				got = -1
			}
			if got != tt.want || give != strings.HasPrefix(why, "abandoned") {
				t.Errorf("got %d, %q; want %d", got, why, tt.want)
			}
		})
	}
	// 1 Mbit/s was known when it was chosen: 12 s for what is buffered for 14 is no reason. With less buffered it is one.
	for buffer, want := range map[media.Span]bool{14: false, 12: true} {
		c := abr.New(abr.Config{})
		feed(c, 20, 1e6)
		if _, why, give := c.Abandon(progress(time.Second, 125e3, 16e5, buffer)); give != want {
			t.Errorf("as slow as expected, %.0f s buffered: %t, %q", float64(buffer), give, why)
		}
	}
	lowest := progress(10*time.Second, 0, 2e6, 0)
	lowest.Current = 0
	if _, _, give := abr.New(abr.Config{}).Abandon(lowest); give {
		t.Error("gave up the lowest rung")
	}
}

// TestAbandon_Collapse: what the network was before a segment was given up says nothing any more, and a fast sample makes up
// for it.
func TestAbandon_Collapse(t *testing.T) {
	c := abr.New(abr.Config{})
	for range 10 {
		c.Sample(2e6, 10*time.Millisecond, 2*time.Second, epoch) // 8 Mbit/s
	}
	s := state(4, 9)
	if rung, why, give := c.Abandon(abr.Progress{State: s, Elapsed: time.Second, Got: 75_000, Size: 2e6}); !give || rung != 0 {
		t.Fatalf("does not give up: %d, %q", rung, why)
	}
	if got := c.Throughput(); got < 0.5e6 || got > 0.7e6 {
		t.Errorf("takes a network of 0.6 Mbit/s for %.3g bit/s", got)
	}
	c.Sample(150e3, 10*time.Millisecond, 2*time.Second, epoch)
	s.Current = 0
	if rung, why := c.Choose(s); rung != 0 {
		t.Errorf("goes to rung %d: %s", rung, why)
	}
	c.Sample(2e6, 10*time.Millisecond, 2*time.Second, epoch)
	if got := c.Throughput(); got < 3e6 {
		t.Errorf("takes a network that is fast again for %.3g bit/s", got)
	}
}

// TestDroppedFrames leaves a rung that the machine cannot show, for longer each time.
func TestDroppedFrames(t *testing.T) {
	ladder := []abr.Rung{{ID: "s", Bandwidth: 1e6, Width: 640, Height: 360, FrameRate: 25}, {ID: "m50", Bandwidth: 2e6, Width: 1280, Height: 720, FrameRate: 50},
		{ID: "l", Bandwidth: 3e6, Width: 1280, Height: 720, FrameRate: 25}}
	c := abr.New(abr.Config{})
	feed(c, 20, 50e6)
	s := abr.State{Now: epoch, Buffer: 20, Goal: 20, Segment: 2, Rungs: ladder, Current: -1, Speed: 1}
	at := func(d time.Duration, current int, total, dropped uint64) (int, string) {
		s.Now, s.Current, s.Total, s.Dropped, s.Playing = epoch.Add(d), current, total, dropped, true
		return c.Choose(s)
	}
	if got, _ := at(0, -1, 0, 0); got != 2 {
		t.Fatalf("the beginning: got %d", got)
	}
	if got, _ := at(2*time.Second, 2, 100, 10); got != 2 {
		t.Errorf("a tenth is dropped: got %d", got)
	}
	// 720p50 is as hard as 720p25 is, or harder: what is left is the smallest.
	if got, why := at(4*time.Second, 2, 200, 40); got != 0 || !strings.Contains(why, "dropped") {
		t.Errorf("three tenths are dropped: got %d, %q", got, why)
	}
	if got, _ := at(30*time.Second, 0, 700, 40); got != 0 {
		t.Errorf("26 s later: got %d", got)
	}
	if got, _ := at(35*time.Second, 0, 800, 40); got != 2 {
		t.Errorf("31 s later: got %d", got)
	}
	at(40*time.Second, 2, 900, 80)
	if got, _ := at(90*time.Second, 0, 1000, 80); got != 0 {
		t.Errorf("50 s after the second time: got %d", got)
	}
	if got, _ := at(101*time.Second, 0, 1100, 80); got != 2 {
		t.Errorf("61 s after the second time: got %d", got)
	}
	// Counting begins anew with another source.
	if got, _ := at(102*time.Second, 2, 10, 0); got != 2 {
		t.Errorf("counters that went back: got %d", got)
	}
}

// TestPatience goes up over a steady network, and down: it does not go up again for a while then, but where the network is
// not what it was, or something else was the reason for going down.
func TestPatience(t *testing.T) {
	pair := []abr.Rung{{ID: "low", Bandwidth: 8e5, Width: 640, Height: 360}, {ID: "high", Bandwidth: 25e5, Width: 1280, Height: 720}}
	for _, tt := range []struct {
		name  string
		left  func(c *abr.Controller, s *abr.State) // how the higher rung is left
		later time.Duration
		rate  float64 // before going up again
		want  int
	}{
		{"the buffer is spent", nil, 80 * time.Second, 1.5e6, 0},
		{"the buffer is spent, and time has gone by", nil, 100 * time.Second, 1.5e6, 1},
		{"the buffer is spent, and the network is faster", nil, 10 * time.Second, 2e6, 1},
		{"the network fell", func(c *abr.Controller, _ *abr.State) { feed(c, 20, 1e6) }, 10 * time.Second, 1.5e6, 1},
		{"a seek", func(_ *abr.Controller, s *abr.State) { s.Now = s.Now.Add(-15 * time.Second) }, 10 * time.Second, 1.5e6, 1},
		{"a smaller window", func(_ *abr.Controller, s *abr.State) { s.ViewWidth, s.ViewHeight, s.Buffer = 640, 360, 20 }, 10 * time.Second, 1.5e6, 1},
		{"faster playback", func(_ *abr.Controller, s *abr.State) { s.Speed = 2 }, 10 * time.Second, 1.5e6, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := abr.New(abr.Config{})
			feed(c, 20, 1.5e6)
			s := abr.State{Now: epoch, Buffer: 28, Goal: 30, Segment: 2, Rungs: pair, Current: 0, Speed: 1}
			if got, why := c.Choose(s); got != 1 {
				t.Fatalf("does not go up: %d, %s", got, why)
			}
			s.Now, s.Current, s.Buffer = s.Now.Add(20*time.Second), 1, 8
			if tt.left != nil {
				tt.left(c, &s)
			}
			if got, why := c.Choose(s); got != 0 {
				t.Fatalf("does not go down: %d, %s", got, why)
			}
			feed(c, 20, tt.rate)
			s = abr.State{Now: s.Now.Add(tt.later), Buffer: 28, Goal: 30, Segment: 2, Rungs: pair, Current: 0, Speed: 1}
			got, why := c.Choose(s)
			if got != tt.want || got == 0 && !strings.Contains(why, "not yet again") {
				t.Errorf("got %d, %s; want %d", got, why, tt.want)
			}
		})
	}
}

// TestPatience_Grows doubles the time between attempts, up to a bound.
func TestPatience_Grows(t *testing.T) {
	pair := []abr.Rung{{ID: "low", Bandwidth: 8e5}, {ID: "high", Bandwidth: 25e5}}
	c := abr.New(abr.Config{})
	s := abr.State{Now: epoch, Goal: 30, Segment: 2, Rungs: pair, Speed: 1}
	var waits []float64
	left := epoch
	for range 6 {
		feed(c, 20, 1.5e6)
		for s.Current, s.Buffer = 0, 28; ; s.Now = s.Now.Add(time.Second) {
			if got, _ := c.Choose(s); got == 1 {
				break
			}
		}
		waits = append(waits, s.Now.Sub(left).Seconds())
		s.Now, s.Current, s.Buffer = s.Now.Add(20*time.Second), 1, 8
		if got, why := c.Choose(s); got != 0 {
			t.Fatalf("does not go down: %d, %s", got, why)
		}
		left = s.Now
	}
	if want := []float64{0, 90, 180, 360, 600, 600}; !slices.Equal(waits, want) {
		t.Errorf("waits %v s, want %v", waits, want)
	}
}

// TestLog plays a session back from its log: the same inputs give the same decisions.
func TestLog(t *testing.T) {
	c := abr.New(abr.Config{})
	play(traces(0)[6], session{ladder: film, segment: 4, goal: 30, length: 600, seed: 2}, c)
	text, err := json.Marshal(c.Log())
	if err != nil {
		t.Fatal(err)
	}
	var log []abr.Decision
	if err := json.Unmarshal(text, &log); err != nil {
		t.Fatal(err)
	}
	if len(log) < 150 {
		t.Fatalf("%d decisions", len(log))
	}
	again := abr.New(abr.Config{})
	seconds := func(s media.Span) time.Duration { return time.Duration(math.Round(float64(s) * 1e9)) }
	abandoned := 0
	for i, d := range log {
		for _, x := range d.Samples {
			again.Sample(x.Bytes, seconds(x.TTFB), seconds(x.Duration), epoch)
		}
		s := abr.State{Now: epoch.Add(seconds(d.At)), Buffer: d.Buffer, Goal: d.Goal, Segment: d.Segment, Rungs: d.Rungs, Current: d.Current, Speed: d.Speed, Live: d.Live,
			Total: d.Total, Dropped: d.Dropped, Playing: d.Playing}
		var rung int
		var why string
		if d.Kind == "choose" {
			rung, why = again.Choose(s)
		} else {
			abandoned++
			rung, why, _ = again.Abandon(abr.Progress{State: s, Elapsed: seconds(d.Elapsed), Got: d.Got, Size: d.Size})
		}
		if d.Rungs[rung].ID != d.To || why != d.Reason {
			t.Fatalf("decision %d: got %s, %q; want %s, %q", i, d.Rungs[rung].ID, why, d.To, d.Reason)
		}
	}
	if abandoned == 0 {
		t.Error("nothing was abandoned on a network with fades")
	}
	for range 5000 {
		c.Choose(state(2, 20))
	}
	if l := c.Log(); len(l) != 4096 || l[0].At > l[4095].At {
		t.Errorf("the log has %d entries", len(l))
	}
}

// TestBounds asks with all kinds of nonsense: the answer is a rung that exists.
func TestBounds(t *testing.T) {
	inf := media.Span(math.Inf(1))
	c := abr.New(abr.Config{})
	for _, rate := range []float64{0, 1, 1e6, 1e12} {
		feed(c, 3, rate)
		for _, buffer := range []media.Span{-1, 0, 5, 1e9, inf} {
			for _, goal := range []media.Span{0, 2, 30, inf} {
				for _, segment := range []media.Span{0, 0.25, 10, inf} {
					for current := -1; current <= len(film); current++ {
						s := abr.State{Now: epoch, Buffer: buffer, Goal: goal, Segment: segment, Rungs: film, Current: current, Speed: 1}
						if got, _ := c.Choose(s); got < 0 || got >= len(film) {
							t.Fatalf("%+v: got %d", s, got)
						}
						got, _, give := c.Abandon(abr.Progress{State: s, Elapsed: time.Hour, Got: 1e5, Size: 1e6})
						if give && (got < 0 || got >= current) {
							t.Fatalf("%+v: abandoned for %d", s, got)
						}
					}
				}
			}
		}
	}
	same := []abr.Rung{{Bandwidth: 0}, {Bandwidth: 0}}
	if got, _ := c.Choose(abr.State{Rungs: same, Goal: 30, Buffer: 20, Current: 0}); got < 0 || got > 1 {
		t.Errorf("rungs without bandwidth: %d", got)
	}
}

func BenchmarkChoose(b *testing.B) {
	c := abr.New(abr.Config{})
	feed(c, 10, 4e6)
	s := state(2, 20)
	b.ReportAllocs()
	for b.Loop() {
		c.Choose(s)
	}
}
