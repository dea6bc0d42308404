package element_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/audio/null"
	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/element"
	"mseplayer/player/frame"
	"mseplayer/player/playertest"
	"mseplayer/player/present"
)

// rig is an element that plays text streams with fake decoders, a null sink and a surface of 50 Hz.
type rig struct {
	t       *testing.T
	ms      *mse.MediaSource
	e       *element.Element
	v, a    *mse.SourceBuffer
	surface *playertest.Surface
	mu      sync.Mutex
	events  []string // guarded by mu
	factory *playertest.Factory
	stop    func()
}

// newRig makes one. kinds is "v", "a" or "va".
func newRig(t *testing.T, kinds string) *rig {
	t.Helper()
	return newRigWith(t, kinds, present.Options{Created: time.Now()})
}

// newRigWith is newRig with options of the queue.
func newRigWith(t *testing.T, kinds string, queue present.Options) *rig {
	t.Helper()
	r := &rig{t: t, factory: &playertest.Factory{Depth: 1}, surface: &playertest.Surface{}}
	loop := mse.NewEventLoop(nil)
	r.ms = mse.New(mse.Options{Loop: loop, Private: map[string]func() bytestream.Parser{msetest.TextType: msetest.NewTextParser}})
	ctx, cancel := context.WithCancel(t.Context())
	var audio element.AudioSink
	closeAudio := func() {}
	if strings.Contains(kinds, "a") {
		s := null.New(null.Options{})
		if err := s.Start(ctx); err != nil {
			t.Fatal(err)
		}
		audio, closeAudio = s, func() { _ = s.Close() }
	}
	r.e = element.New(loop, element.Options{Decoders: r.factory, Audio: audio, Queue: queue})
	r.e.Listen(func(e mse.Event) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.events = append(r.events, e.Type)
	})
	r.e.Start(ctx)
	r.e.SetSrcObject(r.ms)
	if err := loop.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	add := func() *mse.SourceBuffer {
		sb, err := r.ms.AddSourceBuffer(msetest.TextType)
		if err != nil {
			t.Fatal(err)
		}
		return sb
	}
	if strings.Contains(kinds, "v") {
		r.v = add()
	}
	if strings.Contains(kinds, "a") {
		r.a = add()
	}
	if r.v != nil {
		r.append(r.v, "init video h264 dur=4")
	}
	if r.a != nil {
		r.append(r.a, "init audio aac dur=4")
	}
	done := make(chan struct{})
	sctx, scancel := context.WithCancel(ctx)
	go func() { defer close(done); r.surface.Run(sctx, r.e.Frames(), 20*time.Millisecond) }()
	r.stop = func() {
		scancel()
		<-done
		r.e.Close()
		closeAudio()
		cancel()
		if err := loop.Drain(context.Background()); err != nil {
			t.Error(err)
		}
	}
	return r
}

func (r *rig) append(sb *mse.SourceBuffer, text string) {
	r.t.Helper()
	if err := sb.Append(r.t.Context(), []byte(text+"\n")); err != nil {
		r.t.Fatal(err)
	}
}

// movie makes frames of step ms from a to b ms, with a random access point every gop frames.
func movie(a, b, step, gop int) string {
	var w []string
	for i, t := 0, a; t < b; i, t = i+1, t+step {
		k := ""
		if i%gop == 0 {
			k = "K"
		}
		w = append(w, fmt.Sprintf("%dD%d%s", t, step, k))
	}
	return strings.Join(w, " ")
}

// fill appends 4 s and ends the stream.
func (r *rig) fill() {
	if r.v != nil {
		r.append(r.v, movie(0, 4000, 40, 25))
	}
	if r.a != nil {
		r.append(r.a, movie(0, 4000, 20, 1))
	}
	if err := r.ms.EndOfStream(mse.EndNormal); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) last() playertest.Shown {
	all := r.surface.Pictures()
	return all[len(all)-1]
}

func (r *rig) takeEvents() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := strings.Join(r.events, " ")
	r.events = nil
	return s
}

// within runs f in a bubble and checks that nothing leaks.
func within(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	before := frame.Live()
	synctest.Test(t, f)
	if n := frame.Live() - before; n != 0 {
		t.Errorf("%d frames leaked", n)
	}
}

func TestPlayThrough(t *testing.T) {
	for _, kinds := range []string{"v", "va", "a"} {
		t.Run(kinds, func(t *testing.T) {
			within(t, func(t *testing.T) {
				r := newRig(t, kinds)
				defer r.stop()
				r.fill()
				time.Sleep(time.Second)
				got := strings.NewReplacer(" addtrack", "", " resize", "").Replace(r.takeEvents())
				if want := "loadstart durationchange loadedmetadata progress loadeddata canplay canplaythrough"; got != want {
					t.Errorf("before play: %s", got)
				}
				if s := r.e.State(); s.CurrentTime != 0 || !s.Paused {
					t.Errorf("before play: %v paused %v", s.CurrentTime, s.Paused)
				}
				start := time.Now()
				r.e.Play()
				for !r.e.State().Ended {
					time.Sleep(10 * time.Millisecond)
					if time.Since(start) > 10*time.Second {
						t.Fatalf("does not end: %+v", r.e.State())
					}
				}
				if d := time.Since(start); d < 3900*time.Millisecond || d > 4200*time.Millisecond {
					t.Errorf("4 s took %v", d)
				}
				synctest.Wait()
				ev := r.takeEvents()
				if !strings.HasPrefix(ev, "play playing timeupdate") || !strings.HasSuffix(ev, "timeupdate pause ended") || strings.Count(ev, "timeupdate") < 14 || strings.Contains(ev, "waiting") {
					t.Errorf("events: %s", ev)
				}
				if s := r.e.State(); s.CurrentTime != 4 || !s.Paused || s.Error != nil {
					t.Errorf("at the end: %+v", s)
				}
				q := r.e.Quality()
				want := uint64(100)
				if kinds == "a" {
					want = 0
				}
				if q.Total != want || q.Dropped != 0 || q.Presented != want || q.Decoded != want {
					t.Errorf("quality %+v, want %d presented", q, want)
				}
			})
		})
	}
}

func TestSeek_LandsOnThePicture(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, "va")
		defer r.stop()
		r.fill()
		time.Sleep(time.Second)
		for i := range 200 {
			target := media.Time(math.Mod(float64(i)*0.73, 4))
			r.e.Seek(target)
			if s := r.e.State(); !s.Seeking && s.CurrentTime != target { // the element may have completed it meanwhile
				t.Fatalf("after the call for %s it is neither seeking nor there: %+v", target, s)
			}
			for r.e.State().Seeking {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(25 * time.Millisecond)
			last := r.last()
			if !(last.PTS <= target+1e-9 && target < last.PTS+0.04) {
				t.Errorf("seek to %s shows %s", target, last.PTS)
			}
		}
		rep := r.e.Report()
		if len(rep.Seeks) != 200 {
			t.Errorf("%d seeks reported", len(rep.Seeks))
		}
		for _, s := range rep.Seeks {
			if s.Landed > s.Target+1e-9 || s.Target-s.Landed >= 0.04 {
				t.Errorf("seek to %s landed on %s", s.Target, s.Landed)
			}
		}
		synctest.Wait()
		ev := r.takeEvents()
		if a, b := strings.Count(ev, "seeking"), strings.Count(ev, "seeked"); a != 200 || b != 200 {
			t.Errorf("%d seeking, %d seeked", a, b)
		}
		if q := r.e.Quality(); q.Dropped != 0 || q.DecodeOnly == 0 {
			t.Errorf("quality %+v", q)
		}
	})
}

func TestSeek_Storm(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, "va")
		defer r.stop()
		r.fill()
		r.e.Play()
		for i := range 1000 {
			r.e.Seek(media.Time(i%40) / 10)
			if i%7 == 0 {
				time.Sleep(time.Duration(i%13) * time.Millisecond)
			}
		}
		r.e.Seek(1)
		for r.e.State().Seeking {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(500 * time.Millisecond)
		if s := r.e.State(); s.CurrentTime < 1.3 || s.CurrentTime > 1.6 || s.Error != nil {
			t.Errorf("half a second after the storm: %v %v", s.CurrentTime, s.Error)
		}
	})
}

func TestSeek_ToTheEnd(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, "va")
		defer r.stop()
		r.fill()
		time.Sleep(200 * time.Millisecond)
		r.e.Seek(100)
		time.Sleep(200 * time.Millisecond)
		if s := r.e.State(); s.Seeking || s.CurrentTime != 4 {
			t.Errorf("seek beyond the end: %v seeking %v", s.CurrentTime, s.Seeking)
		}
		if last := r.last(); last.PTS != 3.96 {
			t.Errorf("shows %s, want the last picture", last.PTS)
		}
		r.e.Play()
		time.Sleep(200 * time.Millisecond)
		if s := r.e.State(); !s.Ended {
			t.Errorf("playing from the end does not end: %+v", s)
		}
		r.e.Play()
		time.Sleep(500 * time.Millisecond)
		if s := r.e.State(); s.Ended || s.CurrentTime < 0.3 || s.CurrentTime > 0.6 {
			t.Errorf("playing again: %v ended %v", s.CurrentTime, s.Ended)
		}
	})
}

func TestPause(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, "va")
		defer r.stop()
		r.fill()
		r.e.Play()
		time.Sleep(time.Second)
		r.e.Pause()
		time.Sleep(200 * time.Millisecond)
		a := r.e.CurrentTime()
		time.Sleep(5 * time.Second)
		if b := r.e.CurrentTime(); a != b || a < 0.8 || a > 1.2 {
			t.Errorf("paused at %s, later %s", a, b)
		}
		r.e.Play()
		time.Sleep(time.Second)
		if b := r.e.CurrentTime(); b < a+0.9 || b > a+1.1 {
			t.Errorf("one second after resuming at %s: %s", a, b)
		}
		r.e.Pause()
		r.e.Play()
		for !r.e.State().Ended {
			time.Sleep(10 * time.Millisecond)
		}
		if q := r.e.Quality(); q.Dropped != 0 || q.Presented != 100 {
			t.Errorf("quality %+v", q)
		}
	})
}

func TestStall(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, "va")
		defer r.stop()
		r.append(r.v, movie(0, 2000, 40, 25))
		r.append(r.a, movie(0, 2000, 20, 1))
		r.e.Play()
		time.Sleep(4 * time.Second)
		s := r.e.State()
		if !s.Stalled || s.CurrentTime < 1.85 || s.CurrentTime > 2 || s.ReadyState != element.HaveCurrentData {
			t.Fatalf("out of data: %+v", s)
		}
		r.append(r.v, movie(2000, 2200, 40, 25))
		r.append(r.a, movie(2000, 2200, 20, 1))
		time.Sleep(time.Second)
		if s := r.e.State(); !s.Stalled {
			t.Errorf("resumed with 0.2 s: at %s", s.CurrentTime)
		}
		r.append(r.v, movie(2200, 4000, 40, 25))
		r.append(r.a, movie(2200, 4000, 20, 1))
		if err := r.ms.EndOfStream(mse.EndNormal); err != nil {
			t.Fatal(err)
		}
		for !r.e.State().Ended {
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		if ev := r.takeEvents(); strings.Count(ev, "waiting") != 1 || strings.Count(ev, "playing") != 2 {
			t.Errorf("events: %s", ev)
		}
		rep := r.e.Report()
		if len(rep.Stalls) != 1 || rep.Stalls[0].Duration < 2900*time.Millisecond || rep.Stalls[0].Duration > 4*time.Second {
			t.Errorf("stalls %+v", rep.Stalls)
		}
		if q := r.e.Quality(); q.Dropped != 0 || q.Presented != 100 {
			t.Errorf("quality %+v", q)
		}
	})
}

// TestStall_Open: an interruption lasts until the report is taken, unless a seek or a failure has put an end to it.
func TestStall_Open(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, "va")
		defer r.stop()
		r.append(r.v, movie(0, 2000, 40, 25))
		r.append(r.a, movie(0, 2000, 20, 1))
		r.e.Play()
		time.Sleep(4 * time.Second)
		want := func(ds ...time.Duration) {
			t.Helper()
			got := r.e.Report().Stalls
			if len(got) != len(ds) {
				t.Fatalf("stalls %+v, want %v", got, ds)
			}
			for i, d := range ds {
				if x := got[i].Duration - d; x < -200*time.Millisecond || x > 200*time.Millisecond {
					t.Errorf("stall %d lasts %v, want about %v", i, got[i].Duration, d)
				}
			}
		}
		want(2 * time.Second)
		time.Sleep(time.Second)
		want(3 * time.Second)
		r.e.Seek(1)
		time.Sleep(500 * time.Millisecond)
		want(3 * time.Second)
		time.Sleep(1500 * time.Millisecond)
		want(3*time.Second, time.Second)
		if err := r.ms.EndOfStream(mse.EndDecode); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if r.e.State().Error == nil {
			t.Fatal("no failure")
		}
		want(3*time.Second, time.Second)
	})
}

func TestStep(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, "va")
		defer r.stop()
		r.fill()
		time.Sleep(100 * time.Millisecond)
		shown := func() media.Time { return r.last().PTS }
		r.e.Seek(2.05)
		time.Sleep(100 * time.Millisecond)
		for i := range 20 {
			r.e.Step(1)
			time.Sleep(60 * time.Millisecond)
			if got, want := shown(), media.FromTicks(int64(2040+40*(i+1)), 1000); got != want {
				t.Fatalf("step %d forward shows %s, want %s", i+1, got, want)
			}
		}
		if at := r.e.CurrentTime(); at != 2.84 {
			t.Errorf("position after stepping: %s", at)
		}
		for i := range 45 { // beyond the history of the seek
			r.e.Step(-1)
			time.Sleep(60 * time.Millisecond)
			if got, want := shown(), media.FromTicks(int64(2840-40*(i+1)), 1000); got != want {
				t.Fatalf("step %d back shows %s, want %s", i+1, got, want)
			}
		}
		r.e.Play()
		time.Sleep(500 * time.Millisecond)
		if at := r.e.CurrentTime(); at < 1.04+0.35 || at > 1.04+0.55 {
			t.Errorf("half a second after stepping back to 1.04 and playing: %s", at)
		}
	})
}

// TestStep_ThereAndBack steps 100 pictures forwards and 100 back, one by one and in bursts, over pictures of unequal
// lengths, segments, and a history that holds few of them. Every picture is the same on the way back, and there are no seeks
// unless there is no room to decode ahead.
func TestStep_ThereAndBack(t *testing.T) {
	var times []int // ms
	for at, i := 0, 0; at < 6000; i++ {
		times = append(times, at)
		at += []int{40, 20, 1, 33, 67, 7, 100}[i%7]
	}
	for _, c := range []struct {
		name    string
		history int64 // bytes; pictures of the fake decoder have 4
		burst   int
		gop     int
	}{
		{"one by one", 0, 1, 25},
		{"bursts", 0, 7, 25},
		{"all at once", 0, 100, 25},
		{"few are kept", 10 * 4, 1, 25},
		{"few are kept, bursts", 10 * 4, 20, 25},
		{"three are kept", 3 * 4, 1, 25},
		{"few are kept of long groups", 5 * 4, 1, 250},
		{"each is a random access point", 10 * 4, 1, 1},
		{"none is kept", -1, 1, 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, func(t *testing.T) {
				r := newRigWith(t, "v", present.Options{Created: time.Now(), History: c.history})
				defer r.stop()
				for i := 0; i < len(times); i += c.gop {
					var w []string
					for k := i; k < min(i+c.gop, len(times)); k++ {
						key, d := "", 40
						if k == i {
							key = "K"
						}
						if k+1 < len(times) {
							d = times[k+1] - times[k]
						}
						w = append(w, fmt.Sprintf("%dD%d%s", times[k], d, key))
					}
					r.append(r.v, strings.Join(w, " "))
				}
				if err := r.ms.EndOfStream(mse.EndNormal); err != nil {
					t.Fatal(err)
				}
				const first = 20
				r.e.Seek(media.FromTicks(int64(times[first]), 1000))
				time.Sleep(200 * time.Millisecond)
				gens := r.last().Gen
				at := first
				walk := func(one int) {
					for done := 0; done < 100; done += c.burst {
						n := min(c.burst, 100-done)
						r.e.Step(one * n)
						at += one * n
						time.Sleep(300 * time.Millisecond)
						if got, want := r.last().PTS, media.FromTicks(int64(times[at]), 1000); got != want {
							t.Fatalf("step %d by %d shows %s, want %s", done+n, one, got, want)
						}
						if got := r.e.CurrentTime(); got != r.last().PTS {
							t.Fatalf("step %d by %d: position %s at picture %s", done+n, one, got, r.last().PTS)
						}
					}
				}
				walk(1)
				if g := r.last().Gen; g != gens {
					t.Errorf("%d seeks to step forwards", g-gens)
				}
				walk(-1)
				if g := r.last().Gen; g != gens && c.history >= 0 {
					t.Errorf("%d seeks to step back", g-gens)
				}
				r.e.Step(-1000)
				time.Sleep(3 * time.Second)
				if got := r.last().PTS; got != 0 {
					t.Errorf("stepping to the beginning ended at %s", got)
				}
				r.e.Step(1000)
				time.Sleep(3 * time.Second)
				if got, want := r.last().PTS, media.FromTicks(int64(times[len(times)-1]), 1000); got != want {
					t.Errorf("stepping to the end ended at %s, want %s", got, want)
				}
			})
		})
	}
}

func TestSlowDecoder(t *testing.T) {
	for _, c := range []struct {
		gop     int // pictures from one random access point to the next
		skipped bool
	}{
		{10, true},
		{100, false}, // when the clock has reached the end, three seconds of decoding are left
	} {
		within(t, func(t *testing.T) {
			r := newRig(t, "va")
			defer r.stop()
			r.factory.Delay = 70 * time.Millisecond
			r.append(r.v, movie(0, 4000, 40, c.gop))
			r.append(r.a, movie(0, 4000, 20, 1))
			if err := r.ms.EndOfStream(mse.EndNormal); err != nil {
				t.Fatal(err)
			}
			r.e.Play()
			start := time.Now()
			for !r.e.State().Ended {
				time.Sleep(10 * time.Millisecond)
			}
			took := time.Since(start)
			q := r.e.Quality()
			seen := map[media.Time]bool{}
			for _, p := range r.surface.Pictures() {
				seen[p.PTS] = true
			}
			if q.Total != 100 || int(q.Dropped) != 100-len(seen) || (q.SkippedToKeyframe > 0) != c.skipped || len(seen) < 10 {
				t.Errorf("%d pictures seen; quality %+v", len(seen), q)
			}
			// Each takes the decoder 70 ms; what it does manage is to be seen.
			if rate := float64(len(seen)) / took.Seconds(); rate < 10 {
				t.Errorf("groups of %d: %.1f pictures a second seen", c.gop, rate)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, "v")
		defer r.stop()
		r.append(r.v, movie(0, 1000, 40, 25))
		r.e.Play()
		if err := r.v.Append(t.Context(), []byte("nonsense\n")); err == nil {
			t.Error("garbage was accepted")
		}
		time.Sleep(time.Second)
		s := r.e.State()
		if s.Error == nil || s.Error.Code != element.Decode || !strings.Contains(s.Error.Error(), "nonsense") {
			t.Errorf("error %v", s.Error)
		}
		if err := r.v.AppendBuffer(nil); err == nil {
			t.Error("append after a failure was accepted")
		}
	})
	within(t, func(t *testing.T) {
		r := newRig(t, "v")
		defer r.stop()
		r.factory.Refuse = media.H264
		r.append(r.v, movie(0, 1000, 40, 25))
		time.Sleep(time.Second)
		if s := r.e.State(); s.Error == nil || s.Error.Code != element.Decode {
			t.Errorf("error %v", s.Error)
		}
	})
}

// TestShutdown closes the element at every moment of a playback.
func TestShutdown(t *testing.T) {
	for ms := 0; ms < 400; ms += 7 {
		within(t, func(t *testing.T) {
			r := newRig(t, "va")
			r.fill()
			r.e.Play()
			time.Sleep(time.Duration(ms) * time.Millisecond)
			if ms%2 == 0 {
				r.e.Seek(2)
			}
			r.stop()
			if s := r.ms.ReadyState(); s != mse.Closed {
				t.Errorf("media source is %s after Close", s)
			}
		})
	}
}
