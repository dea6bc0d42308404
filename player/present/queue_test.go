package present_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/clock"
	"mseplayer/player/frame"
	"mseplayer/player/present"
)

func TestQueue_ShowsWhatIsDue(t *testing.T) {
	r := logged(t, present.Options{})
	r.want("nothing yet", r.pick(0), "-")
	r.put(0, 0, 0.04, 0.08)
	r.want("no time yet: the first one at once", r.pick(0.1), "0")
	r.rest(0, 0)
	r.want("resting", r.pick(0.2), "=")
	r.run(1, 0, 1, 0)
	r.want("running, same picture", r.pick(1), "=")
	r.want("the middle of the interval counts", r.pick(1.034), "0.04")
	r.want("same", r.pick(1.05), "=")
	r.want("next", r.pick(1.084), "0.08")
	r.want("nothing newer: it stays", r.pick(5), "=")
	r.wantLog("v 0", "v 0.04", "v 0.08")
	if p, ok := r.Shown(); p.PTS != 0.08 || math.Abs(float64(p.Duration-0.04)) > 1e-9 || p.Gen != 0 || !ok {
		t.Errorf("Shown() = %+v %v", p, ok)
	}
	balance(t, r.Queue)
}

func TestQueue_Late(t *testing.T) {
	r := logged(t, present.Options{})
	r.run(0, 0, 1, 0)
	r.put(0, 0, 0.04)
	r.want("start", r.pick(0.001), "0")
	r.want("second", r.pick(0.041), "0.04")
	// the decoder is slow: the next pictures come when their time is over
	for s := 0.058; s < 0.2; s += 1.0 / 60 {
		r.want("waiting", r.pick(s), "=")
	}
	r.put(0, 0.08, 0.12, 0.16, 0.2, 0.24)
	r.want("caught up", r.pick(0.208), "0.2")
	r.wantLog("v 0", "v 0.04", "drop 0.08 late", "drop 0.12 late", "drop 0.16 late", "v 0.2")
	// and slower still: better late than never
	for i := 0; i < 5; i++ {
		s := 0.4 + float64(i)*0.1
		r.pick(s)
		r.put(0, media.Time(0.28+float64(i)*0.04))
		if got := r.pick(s + 1.0/60); got == "=" {
			t.Errorf("at %v s nothing is shown, want the newest there is", s)
		}
	}
	q := r.Quality()
	if q.Late != 3 || q.Offset.MaxLateness < 0.3 || q.Dropped != 3 {
		t.Errorf("%+v, want 3 late and pictures shown more than 0.3 s late", q)
	}
	balance(t, r.Queue)
}

// TestQueue_ClockJumps: pictures that a leap of the clock passes over between two refreshes were late, not skipped for
// the display's sake, whatever the surface did.
func TestQueue_ClockJumps(t *testing.T) {
	for _, leap := range []float64{0.1, 0.15, 0.2, 0.22} {
		r := newRig(t, present.Options{})
		r.run(0, 0, 1, 0)
		next := 0
		fill := func() {
			for ; r.Depth() < 6; next++ {
				r.put(0, media.FromTicks(int64(next), 25))
			}
		}
		vsync := 0
		refresh := func(n int) {
			for range n {
				fill()
				r.pick(float64(vsync) / 60)
				vsync++
			}
		}
		refresh(61)
		r.run(0, media.Time(leap), 1, 0)
		refresh(60)
		if q := r.Quality(); q.CadenceSkipped != 0 || q.Late == 0 || q.Dropped != q.Late {
			t.Errorf("a leap of %v s: %d late, %d skipped by cadence", leap, q.Late, q.CadenceSkipped)
		}
	}
}

func TestQueue_FirstOfAGeneration(t *testing.T) {
	r := logged(t, present.Options{})
	r.rest(0, 0)
	r.put(0, 0)
	v0, _ := r.Pick(at(0), at(0.016))
	r.Flush(1)
	r.rest(10, 1)
	v1, fresh := r.Pick(at(0.1), at(0.116))
	if v1 != v0 || fresh || v1.Plane[0].Data == nil {
		t.Fatalf("after the flush the lent picture is gone")
	}
	r.put(1, 10.2) // starts after the target
	r.want("at once, although it is early", r.pick(0.2), "10.2")
	if v0.Plane[0].Data != nil {
		t.Errorf("the old picture was kept although another one was lent")
	}
	// the clock has moved on while the decoder sought: what is over is not shown first
	r.Flush(2)
	r.run(1, 20, 1, 2)
	r.put(2, 20, 20.04, 20.08, 20.12)
	r.want("the first that is not over", r.pick(1.1), "20.08")
	r.wantLog("v 0", "v 10.2", "drop 20 late", "drop 20.04 late", "v 20.08")
	if n := r.Quality().Offset.Count; n != 0 {
		t.Errorf("%d offsets measured of pictures without an ideal time", n)
	}
	balance(t, r.Queue)
}

func TestQueue_Generations(t *testing.T) {
	r := logged(t, present.Options{})
	r.Flush(5)
	r.rest(0, 5)
	first := func(g media.Gen, want string) {
		t.Helper()
		pts, ok := r.First(g)
		if got := fmt.Sprint(pts, ok); got != want {
			t.Errorf("First(%d) = %s, want %s", g, got, want)
		}
	}
	first(5, "0 false")
	r.put(5, 0.01, 0.05)
	first(5, "0.01 true")
	first(4, "0 false")
	first(6, "0 false")
	r.pick(0)
	r.put(4, 7)  // stale
	r.put(6, 30) // begins generation 6
	if d := r.Depth(); d != 1 {
		t.Errorf("%d waiting, want the one of generation 6", d)
	}
	r.Flush(6) // the same: nothing
	r.Flush(3) // older: nothing
	r.want("clock of the old generation: shown at once", r.pick(1), "30")
	r.put(6, 30.04)
	r.want("the clock does not tell a time of 6 yet", r.pick(2), "=")
	r.rest(30.05, 6)
	r.want("now it does", r.pick(3), "30.04")
	r.wantLog("v 0.01", "drop 7 flushed", "drop 0.05 flushed", "v 30", "v 30.04")
	balance(t, r.Queue)
}

func TestQueue_OutOfOrder(t *testing.T) {
	r := logged(t, present.Options{})
	r.rest(0.1, 0)
	r.put(0, 0.12, 0.08, 0.04, 0.16)
	r.want("sorted", r.pick(0), "0.08")
	r.put(0, 0)
	r.want("never back", r.pick(1), "=")
	r.rest(0.17, 0)
	r.want("on", r.pick(2), "0.16")
	r.wantLog("drop 0.04 late", "v 0.08", "drop 0 late", "drop 0.12 late", "v 0.16")
	balance(t, r.Queue)
}

func TestQueue_Hidden(t *testing.T) {
	r := logged(t, present.Options{})
	r.run(0, 0, 1, 0)
	r.put(0, 0, 0.04, 0.08, 0.12, 0.16, 0.2)
	r.pick(0.001)
	r.ExpireHidden(at(0.2)) // somebody has just picked
	if d := r.Depth(); d != 5 {
		t.Errorf("%d waiting, want 5", d)
	}
	for s := 0.3; s < 0.61; s += 0.1 {
		r.ExpireHidden(at(s))
	}
	if d := r.Depth(); d != 1 {
		t.Errorf("%d waiting behind a hidden window, want the last", d)
	}
	r.put(0, 0.6, 0.64, 0.68)
	r.want("visible again: what is due", r.pick(0.66), "0.64")
	r.wantLog("v 0", "drop 0.04 hidden", "drop 0.08 hidden", "drop 0.12 hidden", "drop 0.16 hidden",
		"drop 0.2 hidden", "drop 0.6 hidden", "v 0.64")
	// to the end of the stream behind a hidden window
	r.EndOfStream(0)
	for s := 0.8; s < 1.3; s += 0.1 {
		r.ExpireHidden(at(s))
	}
	if !r.Drained(0) {
		t.Errorf("the end of the stream is not reached behind a hidden window")
	}
	r.want("the last picture is seen when the window is back", r.pick(2), "0.68")
	r.wantLog("drop 0.68 hidden")
	if q := r.Quality(); q.Dropped != 0 || q.Hidden != 7 || q.Total != 2 {
		t.Errorf("%+v, want nothing dropped, 7 hidden", q)
	}
	balance(t, r.Queue)
}

// TestQueue_HiddenFromTheStart: a surface that never picks.
func TestQueue_HiddenFromTheStart(t *testing.T) {
	r := newRig(t, present.Options{})
	r.ExpireHidden(at(0)) // no clock
	r.run(0, 0, 1, 0)
	next := 0
	for s := 0.1; s < 10; s += 0.1 {
		r.ExpireHidden(at(s))
		for r.Depth() < 6 {
			r.put(0, media.Time(float64(next)*0.04))
			next++
		}
	}
	if next < 200 {
		t.Errorf("only %d pictures taken in ten seconds", next)
	}
	balance(t, r.Queue)
}

func TestQueue_EndAndWakeups(t *testing.T) {
	r := newRig(t, present.Options{})
	r.rest(0, 0)
	wake := func(what string, want bool) {
		t.Helper()
		if got := changed(r.Queue); got != want {
			t.Errorf("%s: woken %v, want %v", what, got, want)
		}
	}
	wake("new", false)
	r.put(0, 0)
	wake("first queued", true)
	r.put(0, 0.04)
	wake("second queued", false)
	r.pick(0)
	wake("first shown", true)
	r.rest(0.05, 0)
	r.pick(1)
	wake("empty", true)
	r.put(0, 0.08)
	if _, ok := r.End(0); ok {
		t.Errorf("the end is known before the end")
	}
	r.EndOfStream(1) // not this one
	wake("end of another generation", false)
	r.EndOfStream(0)
	wake("end", true)
	if end, ok := r.End(0); !ok || end != 0.12 {
		t.Errorf("End = %v %v, want 0.12", end, ok)
	}
	if r.Drained(0) {
		t.Errorf("drained with a picture waiting")
	}
	r.rest(0.1, 0)
	r.pick(2)
	wake("drained", true)
	if !r.Drained(0) || r.Drained(1) {
		t.Errorf("Drained: %v %v, want only of 0", r.Drained(0), r.Drained(1))
	}
	r.put(0, 0.12) // goes on after all
	if _, ok := r.End(0); ok || r.Drained(0) {
		t.Errorf("still at the end after another picture")
	}
	r.Flush(1)
	r.EndOfStream(1)
	if _, ok := r.End(1); ok || !r.Drained(1) {
		t.Errorf("a generation without pictures: end known %v, drained %v; want false, true", ok, r.Drained(1))
	}
	// without durations the end is the pace's
	r.Flush(2)
	for i := range 4 {
		if err := r.Put(t.Context(), picture(2, media.Time(i)*0.5, 0)); err != nil {
			t.Fatal(err)
		}
	}
	r.EndOfStream(2)
	if end, _ := r.End(2); end != 2 {
		t.Errorf("End = %v, want 2 after pictures every 0.5 s", end)
	}
}

func TestQueue_Step(t *testing.T) {
	r := logged(t, present.Options{})
	step := func(n int, want string) {
		t.Helper()
		pts, ok := r.Step(n)
		if got := fmt.Sprint(pts, ok); got != want {
			t.Errorf("Step(%d) = %s, want %s", n, got, want)
		}
	}
	step(1, "0 false")
	step(-1, "0 false")
	step(0, "0 false")
	r.rest(0.05, 0)
	r.put(0, 0.04, 0.08, 0.12, 0.16)
	r.want("paused", r.pick(0), "0.04")
	step(-1, "0.04 false")
	r.rest(0.09, 0)
	r.want("steps that led nowhere do not hold the clock's picture up", r.pick(0.5), "0.08")
	r.rest(0.05, 0)
	step(-1, "0.04 true")
	step(1, "0.08 true")
	r.want("one on", r.pick(1), "=")
	step(1, "0.12 true")
	r.want("two on", r.pick(2), "0.12")
	r.want("it stays", r.pick(3), "=")
	step(-2, "0.04 true")
	r.want("two back", r.pick(4), "0.04")
	step(-1, "0.04 false")
	r.want("no further", r.pick(5), "=")
	step(3, "0.16 true")
	r.want("three on", r.pick(6), "0.16")
	step(1, "0.16 false")
	r.EndOfStream(0)
	step(2, "0.16 false")
	step(0, "0.16 true")
	step(-1, "0.12 true")
	r.rest(0.5, 0)
	r.want("back, whatever the clock says", r.pick(7), "0.12")
	step(1, "0.16 true")
	r.want("the newest", r.pick(8), "0.16")
	if q := r.Quality(); q.Presented != 4 || q.Offset.Count != 0 {
		t.Errorf("%+v, want each picture presented once and no offset", q)
	}
	r.wantLog("v 0.04", "v 0.08", "v 0.12", "v 0.16")
	// over a picture that nobody saw
	r.put(0, 0.6, 0.64, 0.68)
	step(4, "0.68 false")
	r.want("as far as it goes", r.pick(10), "0.68")
	r.wantLog("drop 0.6 stepped", "drop 0.64 stepped", "v 0.68")
	r.Flush(1)
	r.put(1, 5)
	r.rest(5, 1)
	r.want("a flush ends stepping", r.pick(11), "5")
	balance(t, r.Queue)
}

// TestQueue_StepBackOverDropped: pictures that were passed over can be stepped back to.
func TestQueue_StepBackOverDropped(t *testing.T) {
	r := newRig(t, present.Options{})
	r.rest(0, 0)
	r.put(0, 0, 0.04, 0.08, 0.12)
	r.pick(0)
	r.rest(0.13, 0)
	r.want("jump", r.pick(1), "0.12")
	r.Step(-1)
	r.want("the one before", r.pick(2), "0.08")
}

// TestQueue_History bounds what is kept: by bytes, by number, and not at all.
func TestQueue_History(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes int64
		want  int // pictures alive after many were shown, the lent one included
	}{
		{"none", -1, 1},
		{"three pictures", 3 * 24, 3},
		{"as many as there may be", 1 << 30, 64},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := frame.Live()
			r := newRig(t, present.Options{History: c.bytes})
			for i := range 200 {
				pts := media.Time(i) * 0.04
				r.put(0, pts)
				r.rest(pts.Add(0.01), 0)
				if v, fresh := r.Pick(at(float64(i)), at(float64(i)+0.01)); !fresh || v.PTS != pts || v.Plane[0].Data == nil {
					t.Fatalf("picture %d was not shown", i)
				}
			}
			if n := int(frame.Live() - before); n != c.want {
				t.Errorf("%d pictures are kept, want %d", n, c.want)
			}
			back := 0
			for ok := true; ok; back++ {
				_, ok = r.Step(-1)
			}
			back--
			if back != c.want-1 {
				t.Errorf("%d steps back, want %d", back, c.want-1)
			}
			r.Close()
			if n := frame.Live() - before; n != 0 {
				t.Errorf("%d pictures alive after Close", n)
			}
		})
	}
}

// TestQueue_HistoryUnderSteps steps to the oldest picture, lets the surface have it, and goes on: nothing that is
// lent may be released.
func TestQueue_HistoryUnderSteps(t *testing.T) {
	r := newRig(t, present.Options{History: 2 * 24})
	r.rest(0, 0)
	for i := range 3 {
		r.put(0, media.Time(i))
	}
	r.rest(2.5, 0)
	r.want("the newest", r.pick(0), "2")
	r.Step(-1)
	v, _ := r.Pick(at(1), at(1.01))
	r.rest(9, 0)
	r.put(0, 3, 4, 5)
	r.Step(4)
	if v.Plane[0].Data == nil {
		t.Errorf("the lent picture was released")
	}
	r.want("then another", r.pick(2), "5")
	if v.Plane[0].Data != nil {
		t.Errorf("the old picture is kept beyond the bounds")
	}
}

// TestQueue_PutBlocks fills the queue and looks at what wakes the writer.
func TestQueue_PutBlocks(t *testing.T) {
	cause := errors.New("enough")
	for _, c := range []struct {
		name string
		wake func(r *rig, cancel context.CancelCauseFunc)
		want error
	}{
		{"pick", func(r *rig, _ context.CancelCauseFunc) { r.pick(1) }, nil},
		{"step", func(r *rig, _ context.CancelCauseFunc) { r.Step(1) }, nil},
		{"expire", func(r *rig, _ context.CancelCauseFunc) {
			r.run(0, 0, 1, 0)
			r.ExpireHidden(at(1))
			r.ExpireHidden(at(2))
		}, nil},
		{"flush", func(r *rig, _ context.CancelCauseFunc) { r.Flush(2) }, nil},
		{"context", func(_ *rig, cancel context.CancelCauseFunc) { cancel(cause) }, cause},
		{"close", func(r *rig, _ context.CancelCauseFunc) { r.Close(); r.Close() }, present.ErrClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, present.Options{})
				r.put(0, 0, 0.04, 0.08, 0.12, 0.16, 0.2)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				done := make(chan error, 2)
				for range 2 {
					go func() { done <- r.Put(ctx, picture(0, 0.24, 0.04)) }()
				}
				synctest.Wait()
				if len(done) != 0 {
					t.Fatalf("Put returned %v with the queue full", <-done)
				}
				if c.want == nil {
					c.wake(r, cancel) // one room for each of the two, one after the other
					synctest.Wait()
					r.Flush(3)
				} else {
					c.wake(r, cancel)
				}
				for range 2 {
					if err := <-done; !errors.Is(err, c.want) {
						t.Errorf("Put returned %v, want %v", err, c.want)
					}
				}
				balance(t, r.Queue)
			})
		})
	}
}

// TestQueue_Bytes bounds the memory, but never to fewer than three pictures, and does not spin while it waits.
func TestQueue_Bytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, present.Options{Bytes: 4*24 + 10})
		r.rest(0, 0)
		r.put(0, 0, 1, 2, 3)
		done := make(chan error)
		go func() { done <- r.Put(t.Context(), picture(0, 4, 0)) }()
		synctest.Wait()
		if d := r.Depth(); d != 4 {
			t.Errorf("%d waiting, want 4 by size", d)
		}
		r.pick(0)
		if err := <-done; err != nil {
			t.Error(err)
		}
		small := newRig(t, present.Options{Bytes: 1, Frames: 1})
		small.put(0, 0, 1, 2)
		go func() { done <- small.Put(t.Context(), picture(0, 3, 0)) }()
		synctest.Wait()
		if d := small.Depth(); d != 3 {
			t.Errorf("%d waiting, want 3 whatever the bounds", d)
		}
		small.Close()
		if err := <-done; !errors.Is(err, present.ErrClosed) {
			t.Errorf("Put returned %v", err)
		}
		if v, fresh := small.Pick(at(0), at(1)); v != nil || fresh {
			t.Errorf("a closed queue lends %v", v)
		}
	})
}

func TestQueue_Counts(t *testing.T) {
	r := newRig(t, present.Options{})
	r.rest(0, 0)
	bad := picture(0, 0, 0.04)
	bad.Corrupt = true
	if err := r.Put(t.Context(), bad); err != nil {
		t.Fatal(err)
	}
	r.pick(0)
	r.DecodeOnly()
	r.Undecodable()
	r.SkippedToRAP(12)
	r.SkippedToRAP(-1)
	late := picture(0, 0.04, 0.04)
	late.Corrupt = true
	if err := r.Put(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	r.put(0, 0.08)
	r.rest(0.09, 0)
	r.pick(1)
	q := r.Quality()
	q.Offset, q.CreationTime = present.OffsetStats{}, 0
	want := present.Quality{Total: 1 + 1 + 12 + 1 + 1, Dropped: 14, Corrupted: 3,
		Decoded: 4, Presented: 2, Late: 1, SkippedToKeyframe: 12, DecodeErrors: 1, DecodeOnly: 1}
	if q != want {
		t.Errorf("got  %+v\nwant %+v", q, want)
	}
	balance(t, r.Queue)
}

func TestQueue_CreationTimeAndLateness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hand{}
		q := present.NewQueue(present.Options{Clock: h, Created: time.Now()})
		time.Sleep(2500 * time.Millisecond)
		if got := q.Quality().CreationTime; got != 2500 {
			t.Errorf("creation time %v ms, want 2500", got)
		}
		if got := present.NewQueue(present.Options{Clock: h}).Quality().CreationTime; got != 0 {
			t.Errorf("creation time %v ms of a player of unknown age, want 0", got)
		}
		now := time.Now()
		for _, c := range []struct {
			name string
			r    clock.Reading
			ok   bool
			t    media.Time
			want media.Span

			speed float64
		}{
			{"late", clock.Reading{Wall: now, Media: 10, Rate: 1}, true, 9.5, 0.5, 1},
			{"late and fast", clock.Reading{Wall: now, Media: 10, Rate: 2}, true, 9.5, 0.5, 2},
			{"in time", clock.Reading{Wall: now, Media: 10, Rate: 1}, true, 10.5, 0, 1},
			{"resting", clock.Reading{Wall: now, Media: 10}, true, 9.5, 0, 0},
			{"another generation", clock.Reading{Wall: now, Media: 10, Rate: 1, Gen: 1}, true, 9.5, 0, 0},
			{"no time", clock.Reading{Wall: now, Media: 10, Rate: 1}, false, 9.5, 0, 0},
		} {
			h.r, h.ok = c.r, c.ok
			if got, speed := q.Lateness(c.t); got != c.want || speed != c.speed {
				t.Errorf("%s: %v s late at speed %v, want %v at %v", c.name, got, speed, c.want, c.speed)
			}
		}
	})
}

// TestQueue_Properties drives random histories against what must always hold.
func TestQueue_Properties(t *testing.T) {
	for seed := range uint64(150) {
		rnd := rand.New(rand.NewPCG(seed, 13))
		r := newRig(t, present.Options{History: int64(rnd.IntN(400) - 10), Frames: 3 + rnd.IntN(5)})
		now, gen, next := 0.0, media.Gen(0), media.Time(0)
		var prev present.Quality
		shown, stepped := present.Picture{PTS: -1}, false
		r.rest(0, 0)
		ops := strings.Builder{}
		fail := func(format string, args ...any) {
			t.Helper()
			t.Fatalf("seed %d: %s\n%s", seed, fmt.Sprintf(format, args...), ops.String())
		}
		for range 500 {
			op := rnd.IntN(24)
			fmt.Fprintf(&ops, " %d", op)
			now += rnd.Float64() * 0.03
			switch {
			case op < 8:
				if r.Depth() < 3 {
					r.put(gen, next+media.Time(rnd.IntN(10)/9)*-0.05)
					next += 0.04
				}
			case op < 16:
				v, fresh := r.Pick(at(now), at(now+0.016))
				if v == nil {
					break
				}
				if v.Plane[0].Data == nil {
					fail("a released picture is lent")
				}
				p, _ := r.Shown()
				if v.PTS != p.PTS || v.Gen != p.Gen {
					fail("Shown tells %+v, lent is %v of %d", p, v.PTS, v.Gen)
				}
				if fresh && p.Gen == shown.Gen && p.PTS < shown.PTS && !stepped {
					fail("went back from %+v to %+v", shown, p)
				}
				if p.Gen < shown.Gen {
					fail("went back from %+v to %+v", shown, p)
				}
				if fresh {
					shown = p
				}
			case op == 16:
				gen++
				next = media.Time(rnd.IntN(100))
				r.Flush(gen)
				r.rest(next, gen)
				stepped = false
			case op == 17:
				r.run(now, next-0.04, 0.5+rnd.Float64(), gen)
			case op == 18:
				r.rest(next-0.1, gen)
			case op == 19:
				r.Step(rnd.IntN(9) - 4)
				stepped = true
			case op == 20:
				m, ok := r.Missing()
				if !ok {
					break
				}
				f := r.Refill(m, m.At)
				if !m.Before {
					for i := range rnd.IntN(9) {
						_ = f.Put(over(), picture(gen, m.At+media.Time(i)*0.04, 0.04)) // there may be no room
					}
					break
				}
				for i := rnd.IntN(30); i > 0; i-- {
					if err := f.Put(over(), picture(gen, m.At-media.Time(i)*0.04, 0.04)); err != nil {
						fail("a picture before %s is not taken: %v", m.At, err)
					}
				}
				if rnd.IntN(3) > 0 {
					f.Finish()
				}
			case op == 21:
				r.EndOfStream(gen)
			case op == 22:
				now += rnd.Float64()
				r.ExpireHidden(at(now))
			case op == 23:
				r.DecodeOnly()
				r.SkippedToRAP(rnd.IntN(3))
				r.Undecodable()
			}
			balanceBut(t, r.Queue, 1)
			q := r.Quality()
			if q.Total < prev.Total || q.Dropped < prev.Dropped || q.Corrupted < prev.Corrupted || q.Offset.Count < prev.Offset.Count {
				fail("counts went back from %+v to %+v", prev, q)
			}
			prev = q
		}
		r.Close()
		balance(t, r.Queue)
	}
}

// TestQueue_SeekStorm lets a writer, a surface and a seeking element collide.
func TestQueue_SeekStorm(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var m clock.Media
	m.Reset(time.Now(), 0, 0)
	q := present.NewQueue(present.Options{Clock: &m, History: 100, Dump: func(present.Event) {}})
	var gen struct {
		sync.Mutex
		now media.Gen
	}
	var wg sync.WaitGroup
	wg.Go(func() { // decoder
		for i := 0; ctx.Err() == nil; i++ {
			gen.Lock()
			g := gen.now
			gen.Unlock()
			if err := q.Put(ctx, picture(g, media.Time(i)*0.001, 0.001)); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, present.ErrClosed) {
				t.Errorf("put: %v", err)
			}
		}
	})
	picks := make(chan struct{})
	go func() { // surface
		defer close(picks)
		for ctx.Err() == nil {
			now := time.Now()
			v, _ := q.Pick(now, now.Add(time.Millisecond))
			if v != nil && (v.Plane[0].Data == nil || v.Checksum() == 1) {
				t.Error("a released picture is lent")
			}
		}
	}()
	wg.Go(func() { // somebody who looks
		for ctx.Err() == nil {
			s := q.Quality()
			if s.Dropped > s.Total {
				t.Errorf("%+v", s)
			}
			q.Depth()
			q.Shown()
			q.ExpireHidden(time.Now())
			q.Step(1)
		}
	})
	for range 1000 { // element
		gen.Lock()
		gen.now++
		g := gen.now
		m.Reset(time.Now(), g, 0)
		q.Flush(g)
		gen.Unlock()
		m.Run(time.Now())
		for range 20 {
			if _, ok := q.First(g); ok {
				break
			}
			<-q.Changed()
		}
	}
	cancel()
	wg.Wait()
	<-picks
	q.Close()
	balance(t, q)
}

func TestQueue_Allocs(t *testing.T) {
	q, cycle := cycler()
	for range 200 {
		cycle()
	}
	if n := testing.AllocsPerRun(1000, cycle); n != 0 {
		t.Errorf("Put and Pick allocate %v times a picture", n)
	}
	if s := q.Quality(); s.Presented < 1000 || s.Dropped != 0 {
		t.Errorf("the cycle did not show its pictures: %+v", s)
	}
	q.Close()
}

// cycler makes a queue in steady state, 24 on 60 Hz, and a function that lives through 1/24 s of it.
func cycler() (*present.Queue, func()) {
	h := &hand{}
	h.run(0, 0, 1, 0)
	q := present.NewQueue(present.Options{Clock: h})
	pool := make([]*frame.Video, 0, 256)
	back := func(v *frame.Video) { pool = append(pool, v) }
	for range 128 {
		pool = append(pool, &frame.Video{})
	}
	data := make([]byte, 24)
	i, k := 0, 0
	return q, func() {
		for q.Depth() < 5 {
			v := pool[len(pool)-1]
			pool = pool[:len(pool)-1]
			*v = frame.Video{PTS: media.FromTicks(int64(i), 24), Duration: 1.0 / 24}
			v.Plane[0].Data = data
			v.Arm(back)
			if err := q.Put(context.Background(), v); err != nil {
				panic(err)
			}
			i++
		}
		for ; float64(k)/60 < float64(i-4)/24; k++ {
			q.Pick(at(float64(k)/60), at(float64(k+1)/60))
		}
	}
}

// A Pick may take 5 µs.
func BenchmarkQueue_Pick(b *testing.B) {
	q, cycle := cycler()
	cycle()
	b.ReportAllocs()
	b.Run("same", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			q.Pick(at(0.001), at(0.017))
		}
	})
	b.Run("24 on 60 Hz with Put", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			cycle()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2.5, "ns/pick")
	})
	q.Close()
}

// TestQueue_SetSpeed fills the queue at speeds.
func TestQueue_SetSpeed(t *testing.T) {
	for _, c := range []struct {
		name  string
		speed float64
		bytes int64
		want  int
	}{
		{"slow", 0.5, 0, 6}, {"normal", 1, 0, 6}, {"a little faster", 1.02, 0, 7}, {"double", 2, 0, 12}, {"four times", 4, 0, 24},
		{"beyond", 9, 0, 24}, {"few bytes", 4, 1, 3},
	} {
		r := newRig(t, present.Options{Bytes: c.bytes})
		r.SetSpeed(c.speed)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		n := 0
		for r.Put(ctx, picture(0, media.Time(n), 0)) == nil {
			n++
		}
		if n != c.want || r.Depth() != n {
			t.Errorf("%s: %d pictures wait, want %d", c.name, n, c.want)
		}
		r.Close()
	}
}

// TestQueue_Due tells when the next picture is due, and says when it does not know.
func TestQueue_Due(t *testing.T) {
	r := newRig(t, present.Options{})
	unknown := func(why string) {
		t.Helper()
		if _, _, ok := r.Due(); ok {
			t.Errorf("%s: something is due", why)
		}
	}
	want := func(ms, length float64) {
		t.Helper()
		at0, d, ok := r.Due()
		if !ok || at0.Sub(at(ms/1000)).Abs() > time.Microsecond || math.Abs(d.Seconds()*1000-length) > 0.001 {
			t.Errorf("due at %v for %v (%v), want %v ms for %v", at0.Sub(epoch), d, ok, ms, length)
		}
	}
	unknown("no clock")
	r.run(1, 0, 1, 0)
	unknown("no picture")
	r.put(0, 0, 0.1, 0.14)
	want(1000, 100)
	r.pick(1)
	want(1100, 40)
	r.run(1, 0, 2, 0)
	want(1050, 20)
	r.pick(1.06)
	want(1070, 20)
	r.rest(0.1, 0)
	unknown("the clock rests")
	r.run(1, 0, 1, 1)
	unknown("another generation")
	r.run(1, 0, 1, 0)
	r.Step(-1)
	unknown("stepping")
}

// TestQueue_Limit: a surface asks ahead of time, and still shows nothing of what lies behind the place where playback stops;
// but for somebody who goes there.
func TestQueue_Limit(t *testing.T) {
	r := logged(t, present.Options{})
	r.run(1, 0, 1, 0)
	r.put(0, 0, 0.04, 0.08, 0.12)
	r.SetLimit(media.Some(0.08 + 1e-9))
	r.want("the first", r.pick(1), "0")
	r.want("the last before the limit", r.pick(1.044), "0.04")
	if _, _, ok := r.Due(); ok {
		t.Error("a picture at the limit is due")
	}
	r.want("at the limit", r.pick(1.084), "=")
	r.want("long after", r.pick(2), "=")
	r.SetLimit(media.Opt{})
	r.want("no limit any more", r.pick(2.1), "0.12")
	r.SetLimit(media.Some(media.Time(0.08)))
	r.Flush(1)
	r.run(3, 0.2, 1, 1)
	r.put(1, 0.2, 0.24)
	r.want("a seek behind it", r.pick(3), "0.2")
	r.want("nothing follows", r.pick(3.1), "=")
	balance(t, r.Queue)
}

// TestQueue_Keep: pictures before the target of a seek are there to step back to, within the bounds of the history, and none
// is shown by itself.
func TestQueue_Keep(t *testing.T) {
	keep := func(r *rig, g media.Gen, pts ...media.Time) {
		for _, p := range pts {
			r.DecodeOnly()
			r.Keep(picture(g, p, 0.04))
		}
	}
	r := logged(t, present.Options{History: 4 * 24})
	r.Flush(1)
	r.rest(0.21, 1)
	keep(r, 1, 0, 0.04, 0.08, 0.12, 0.16)
	keep(r, 0, 9) // of the generation before
	keep(r, 1, 0.16)
	r.want("nothing yet", r.pick(0), "-")
	if _, ok := r.Step(-1); ok {
		t.Error("stepped before there was a picture")
	}
	r.put(1, 0.2, 0.24)
	keep(r, 1, 0.18) // too late
	r.want("the target", r.pick(1), "0.2")
	r.wantLog("v 0.2")
	for i, want := range []string{"0.16 true", "0.12 true", "0.08 true", "0.08 false"} {
		pts, ok := r.Step(-1)
		if got := fmt.Sprint(pts, ok); got != want {
			t.Errorf("step %d back: %s, want %s", i, got, want)
		}
	}
	r.want("the oldest", r.pick(2), "0.08")
	if pts, ok := r.Step(4); pts != 0.24 || !ok {
		t.Errorf("four on: %v %v", pts, ok)
	}
	// steps before the surface has asked for the first picture
	r.Flush(2)
	keep(r, 2, 0.04, 0.08)
	r.put(2, 0.12, 0.16)
	if pts, ok := r.Step(-1); pts != 0.08 || !ok {
		t.Errorf("one back at once: %v %v", pts, ok)
	}
	none := newRig(t, present.Options{History: -1})
	keep(none, 0, 0, 0.04)
	none.rest(0.08, 0)
	none.put(0, 0.08)
	none.want("no history", none.pick(0), "0.08")
	if _, ok := none.Step(-1); ok {
		t.Error("stepped back without a history")
	}
	r.Close()
	none.Close()
}
