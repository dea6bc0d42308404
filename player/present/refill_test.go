package present_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
	"mseplayer/player/present"
)

// nth is the time of picture n of those that the tests of Refill use.
func nth(n int) media.Time { return media.FromTicks(int64(n), 25) }

// stepper is a queue with a history of room pictures: those up to n have been shown, and the next one waits.
func stepper(t *testing.T, room, n int) *rig {
	t.Helper()
	r := newRig(t, present.Options{History: int64(room) * 24})
	for i := range n + 1 {
		r.put(0, nth(i))
		r.rest(nth(i), 0)
		r.pick(float64(i))
	}
	r.put(0, nth(n+1))
	return r
}

// walk steps n times and wants each step to lead to the picture beside.
func (r *rig) walk(from, n int) {
	r.t.Helper()
	one := 1
	if n < 0 {
		one = -1
	}
	for ; n != 0; n -= one {
		from += one
		if pts, ok := r.Step(one); !ok || pts != nth(from) {
			r.t.Fatalf("a step to picture %d led to %s, %v", from, pts, ok)
		}
		if got := r.pick(100 + float64(from)); got != nth(from).String() {
			r.t.Fatalf("picture %d shows %s", from, got)
		}
	}
}

// over is a context that has ended: nothing waits under it.
func over() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errOver)
	return ctx
}

var errOver = errors.New("over")

// give has a refill decode pictures from a to b, and wants all of them to be taken.
func give(t *testing.T, f *present.Refill, a, b int) {
	t.Helper()
	for i := a; i <= b; i++ {
		if err := f.Put(over(), picture(0, nth(i), 0.04)); err != nil {
			t.Fatalf("put %d: %v", i, err)
		}
	}
}

// TestRefill goes back beyond a history of twelve pictures and forward again. What is missing is asked for before it is
// needed, is there when it is, and there are never more pictures than the history may hold.
func TestRefill(t *testing.T) {
	before := frame.Live()
	r := stepper(t, 12, 99)
	bounded := func() {
		t.Helper()
		if n := frame.Live() - before; n > 12+1 { // one waits
			t.Fatalf("%d pictures are alive", n)
		}
	}
	none := func(when string) {
		t.Helper()
		if m, ok := r.Missing(); ok {
			t.Fatalf("%s: %+v is missing", when, m)
		}
	}
	missing := func(want present.Missing) *present.Refill {
		t.Helper()
		m, ok := r.Missing()
		m.Span = media.Span(int(m.Span*1000+0.5)) / 1000
		if !ok || m != want {
			t.Fatalf("missing: %+v, %v, want %+v", m, ok, want)
		}
		return r.Refill(m, m.At)
	}
	bounded()
	none("nobody steps")
	r.walk(99, -8)
	none("enough is left")
	r.walk(91, -1)

	f := missing(present.Missing{Before: true, At: nth(88), Span: 0.12})
	for i := 70; i < 80; i++ { // those before the target of the worker's seek
		f.DecodeOnly()
		f.Keep(picture(0, nth(i), 0.04))
		bounded()
	}
	give(t, f, 80, 85)
	bounded()
	r.walk(90, -2) // in the meantime
	if _, ok := r.Step(-1); ok || f.Over() || !f.Busy() {
		t.Fatalf("a step to a picture that is not there yet: %v, over %v, busy %v", ok, f.Over(), f.Busy())
	}
	give(t, f, 86, 87)
	if err := f.Put(over(), picture(0, nth(88), 0.04)); !errors.Is(err, errOver) || !f.Over() {
		t.Fatalf("the first one that is there already: %v, over %v", err, f.Over())
	}
	bounded()
	none("there are enough again")
	r.walk(88, -8) // 88, itself and two after it stay, which leaves room for nine
	bounded()
	if _, ok := r.Step(-2); ok {
		t.Fatal("there is room for more than there should be")
	}
	r.want("as far as it goes", r.pick(200), nth(79).String())
	if m, ok := r.Missing(); !ok || !m.Before || m.At != nth(79) {
		t.Fatalf("missing: %+v %v", m, ok)
	}

	// Forwards: what had to go comes back, and no more of it than there is room for.
	r.walk(79, 9)
	f = missing(present.Missing{At: nth(90), Span: 0.12})
	f.Keep(picture(0, nth(50), 0.04))
	give(t, f, 51, 97)
	bounded()
	if err := f.Put(over(), picture(0, nth(98), 0.04)); !errors.Is(err, errOver) || f.Over() || f.Busy() {
		t.Fatalf("a picture without room: %v, over %v, busy %v", err, f.Over(), f.Busy())
	}
	r.walk(88, 8)
	give(t, f, 98, 98)
	r.walk(96, 2)
	if _, ok := r.Step(1); ok {
		t.Fatal("stepped over a picture that is missing")
	}
	if err := f.Put(over(), picture(0, nth(99), 0.04)); !errors.Is(err, errOver) || !f.Over() {
		t.Fatalf("the last one: %v, over %v", err, f.Over())
	}
	r.walk(98, 2)
	none("at the end")
	bounded()
	balance(t, r.Queue)
}

// TestRefill_Ends ends refills in all ways there are.
func TestRefill_Ends(t *testing.T) {
	start := func() (*rig, *present.Refill) {
		r := stepper(t, 12, 99)
		r.walk(99, -10)
		m, ok := r.Missing()
		if !ok {
			t.Fatal("nothing is missing")
		}
		return r, r.Refill(m, m.At)
	}
	t.Run("nothing found", func(t *testing.T) {
		r, f := start()
		f.EndOfStream(0)
		if m, ok := r.Missing(); !ok || !m.Barren || !f.Over() {
			t.Errorf("%+v %v, over %v", m, ok, f.Over())
		}
	})
	t.Run("less than wanted", func(t *testing.T) {
		r, f := start()
		give(t, f, 86, 87)
		f.Finish()
		f.Finish()
		r.walk(89, -3)
		if _, ok := r.Step(-1); ok {
			t.Error("stepped further than there are pictures")
		}
	})
	t.Run("a gap", func(t *testing.T) {
		r := stepper(t, 12, 99)
		r.walk(99, -10)
		m, _ := r.Missing()
		f := r.Refill(m, nth(70))
		give(t, f, 60, 69)
		f.Finish()
		r.walk(89, -1)
		if pts, ok := r.Step(-1); pts != nth(69) || !ok {
			t.Errorf("a step over a gap leads to %s, %v", pts, ok)
		}
	})
	t.Run("not to the end", func(t *testing.T) {
		r, f := start()
		give(t, f, 80, 86)
		f.Finish()
		r.walk(89, -1)
		if pts, ok := r.Step(-1); ok {
			t.Errorf("a step over a picture that is not there leads to %s", pts)
		}
		if m, ok := r.Missing(); !ok || !m.Barren {
			t.Errorf("%+v, %v", m, ok)
		}
	})
	t.Run("damaged order", func(t *testing.T) {
		r, f := start()
		give(t, f, 86, 86)
		give(t, f, 86, 86)
		give(t, f, 85, 85)
		give(t, f, 87, 87)
		f.Finish()
		r.walk(89, -3)
	})
	t.Run("a seek", func(t *testing.T) {
		r, f := start()
		give(t, f, 80, 87)
		r.Flush(1)
		if _, ok := r.Missing(); ok || !f.Over() {
			t.Errorf("after a seek: missing %v, over %v", ok, f.Over())
		}
		if err := f.Put(over(), picture(0, nth(88), 0.04)); !errors.Is(err, errOver) {
			t.Error(err)
		}
	})
	t.Run("the end", func(t *testing.T) {
		r, f := start()
		give(t, f, 80, 87)
		r.Close()
		if !f.Over() {
			t.Error("it goes on after Close")
		}
	})
	t.Run("another one", func(t *testing.T) {
		r, f := start()
		give(t, f, 80, 87)
		m, _ := r.Missing()
		if g := r.Refill(m, m.At); !f.Over() || g.Over() {
			t.Error("two at once")
		}
		m.At++
		if g := r.Refill(m, m.At); !g.Over() {
			t.Error("one for a history that is not there")
		}
	})
	t.Run("forward it ends too early", func(t *testing.T) {
		r, f := start()
		give(t, f, 70, 87)
		f.Finish()
		r.walk(89, -7)
		r.walk(82, 8)
		m, ok := r.Missing()
		if !ok || m.Before {
			t.Fatalf("%+v %v", m, ok)
		}
		f = r.Refill(m, m.At)
		f.Finish()
		if m, ok := r.Missing(); !ok || !m.Barren {
			t.Errorf("%+v %v", m, ok)
		}
	})
	t.Run("steps forward over the queue", func(t *testing.T) {
		r := stepper(t, 12, 5)
		r.walk(5, -4)
		m, _ := r.Missing()
		f := r.Refill(m, m.At)
		give(t, f, -3, -1)
		for i := 7; i < 12; i++ {
			r.put(0, nth(i))
		}
		r.walk(1, 10)
		if !f.Over() {
			t.Error("what is far away was kept instead of what is near")
		}
		r.walk(11, -11)
		if _, ok := r.Step(-1); ok {
			t.Error("what was given up is there")
		}
	})
}

// TestRefill_Unwanted: nothing is decoded ahead where it would not fit.
func TestRefill_Unwanted(t *testing.T) {
	for _, room := range []int{-1, 1, 2} {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			r := stepper(t, room, 9)
			r.Step(-1)
			r.Step(-1)
			if m, ok := r.Missing(); ok {
				t.Errorf("%+v is missing", m)
			}
		})
	}
}

// TestRefill_Blocks: Put waits for steps, and for good when there is nothing more to do.
func TestRefill_Blocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := stepper(t, 12, 99)
		r.walk(99, -10)
		m, _ := r.Missing()
		f := r.Refill(m, m.At)
		give(t, f, 60, 87)
		f.Finish()
		r.walk(89, -7)
		m, _ = r.Missing()
		f = r.Refill(m, m.At)
		give(t, f, 50, 79)
		f.Finish()
		r.walk(82, -8)
		r.walk(74, 10)
		m, _ = r.Missing()
		f = r.Refill(m, m.At)
		ctx, cancel := context.WithCancel(t.Context())
		next, done := 85, make(chan struct{})
		go func() {
			defer close(done)
			for ; f.Put(ctx, picture(0, nth(next), 0.04)) == nil; next++ {
			}
		}()
		synctest.Wait()
		if f.Over() || f.Busy() || next > 97 {
			t.Fatalf("it does not wait: over %v, busy %v, at %d", f.Over(), f.Busy(), next)
		}
		for i := 84; i < 100; i++ {
			r.walk(i, 1)
			synctest.Wait()
		}
		if !f.Over() || next != 99 {
			t.Errorf("over %v, at picture %d", f.Over(), next)
		}
		cancel()
		<-done
		r.Close()
	})
}
