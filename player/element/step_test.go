package element_test

import (
	"math"
	"testing"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/present"
)

// room is the options of a queue whose history holds n pictures of the fake decoder.
func room(n int64) present.Options { return present.Options{Created: time.Now(), History: n * 4} }

// walk steps n times, once in every, and wants each picture, of 40 ms, to be seen by the time of the next step.
func (r *rig) walk(n int, every time.Duration) {
	r.t.Helper()
	one := 1
	if n < 0 {
		one = -1
	}
	for at := int64(r.last().PTS*25 + 0.5); n != 0; n -= one {
		at += int64(one)
		r.e.Step(one)
		time.Sleep(every)
		if got, want := r.last().PTS, media.FromTicks(at, 25); math.Abs(float64(got-want)) > 1e-9 {
			r.t.Fatalf("a step by %d shows %s, want %s", one, got, want)
		}
	}
}

// begin fills the buffer with groups of that many pictures of 40 ms each up to a time, ends the stream and seeks.
func (r *rig) begin(gop int, length, at media.Time) {
	r.t.Helper()
	r.append(r.v, movie(0, int(length*1000), 40, gop))
	if err := r.ms.EndOfStream(mse.EndNormal); err != nil {
		r.t.Fatal(err)
	}
	r.e.Seek(at)
	time.Sleep(3 * time.Second)
}

// TestStep_AheadOfNeed holds the key for the picture before, where decoding a group of pictures takes eight times as long as
// the key takes to repeat, and then that for the next one.
func TestStep_AheadOfNeed(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRigWith(t, "v", room(41)) // as many as there are of 1080p
		defer r.stop()
		r.factory.Delay = 5 * time.Millisecond
		r.begin(50, 20, 15.5)
		r.walk(-300, 33*time.Millisecond)
		r.walk(300, 33*time.Millisecond)
		r.walk(-5, 33*time.Millisecond)
	})
}

// TestStep_NothingForNobody: what nobody needs is not decoded, and decoding ends when playback goes on.
func TestStep_NothingForNobody(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRigWith(t, "v", room(41))
		defer r.stop()
		r.factory.Delay = 20 * time.Millisecond
		r.begin(50, 20, 11)
		opened := func(when string, want int) {
			t.Helper()
			if got := r.factory.Opened(); got != want {
				t.Fatalf("%s: %d decoders were opened, want %d", when, got, want)
			}
		}
		opened("after a seek", 1)
		r.walk(40, 60*time.Millisecond)
		r.walk(-29, 60*time.Millisecond)
		opened("with enough of a history", 1)
		decoded := r.e.Frames().Quality().Decoded
		r.walk(-1, 2*time.Second)
		opened("with less than a quarter of it", 2)
		now := r.e.Frames().Quality().Decoded
		if n := now - decoded; n == 0 || n > 50+2 {
			t.Errorf("%d pictures were decoded ahead, want some, of one group", n)
		}
		r.walk(-20, 25*time.Millisecond)
		opened("once more", 3)
		r.e.Play()
		time.Sleep(100 * time.Millisecond)
		r.e.Pause()
		time.Sleep(3 * time.Second)
		decoded = r.e.Frames().Quality().Decoded
		time.Sleep(3 * time.Second)
		if now := r.e.Frames().Quality().Decoded; now != decoded {
			t.Errorf("%d pictures are decoded while nobody steps", now-decoded)
		}
		opened("after that", 3)
	})
}

// TestStep_Ends steps beyond either end. The picture stays, and playback goes on from it.
func TestStep_Ends(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, "va")
		defer r.stop()
		r.fill()
		time.Sleep(100 * time.Millisecond)
		beyond := func(one int, want media.Time) {
			t.Helper()
			for range 3 {
				r.e.Step(one)
				time.Sleep(time.Second)
				if got := r.last().PTS; got != want || r.e.Seeking() {
					t.Fatalf("a step by %d from %s shows %s, seeking %v", one, want, got, r.e.Seeking())
				}
			}
		}
		beyond(-1, 0)
		r.e.Play()
		time.Sleep(time.Second)
		if got := r.last().PTS; got < 0.8 || got > 1 {
			t.Errorf("a second after steps beyond the beginning %s is shown", got)
		}
		r.e.Pause()
		r.e.Seek(3.97)
		time.Sleep(time.Second)
		beyond(1, 3.96)
		r.walk(-2, 100*time.Millisecond)
		r.walk(2, 100*time.Millisecond)
		beyond(1, 3.96)
		r.e.Play()
		time.Sleep(time.Second)
		if !r.e.State().Ended {
			t.Error("the end was not reached after steps beyond it")
		}
	})
}

// TestStep_Periods steps over the border between media with other times and another configuration.
func TestStep_Periods(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRigWith(t, "v", room(12))
		defer r.stop()
		r.append(r.v, movie(0, 2000, 40, 25))
		if err := r.v.SetTimestampOffset(-8); err != nil {
			t.Fatal(err)
		}
		r.append(r.v, "init video h264@large dur=4")
		r.append(r.v, movie(10000, 12000, 40, 20))
		if err := r.ms.EndOfStream(mse.EndNormal); err != nil {
			t.Fatal(err)
		}
		r.e.Seek(3.7)
		time.Sleep(time.Second)
		gen := r.last().Gen
		r.walk(-88, 100*time.Millisecond)
		r.walk(90, 100*time.Millisecond)
		if g := r.last().Gen; g != gen {
			t.Errorf("%d seeks on the way", g-gen)
		}
	})
}

// TestStep_Removed steps back to where the application has removed the media, before or while it is decoded. The picture comes
// when the media does.
func TestStep_Removed(t *testing.T) {
	for _, c := range []struct {
		name  string
		delay time.Duration // from the step that needs more to the removal
	}{{"before", 0}, {"while decoding", 130 * time.Millisecond}} {
		t.Run(c.name, func(t *testing.T) {
			within(t, func(t *testing.T) {
				r := newRigWith(t, "v", room(20))
				defer r.stop()
				r.factory.Delay = 20 * time.Millisecond
				r.begin(25, 4, 2.35)
				if c.delay == 0 {
					if err := r.v.RemoveWait(t.Context(), 0, 2); err != nil {
						t.Fatal(err)
					}
				}
				r.walk(-4, 30*time.Millisecond)
				time.Sleep(c.delay)
				if c.delay != 0 {
					if err := r.v.RemoveWait(t.Context(), 0, 2); err != nil {
						t.Fatal(err)
					}
				}
				r.e.Step(-30)
				time.Sleep(2 * time.Second)
				if !r.e.Seeking() {
					t.Fatalf("%s is shown where the media begins at 2, and nothing is waited for", r.last().PTS)
				}
				r.append(r.v, movie(0, 2000, 40, 25))
				time.Sleep(3 * time.Second)
				if got := r.last().PTS; got != 0.96 || r.e.CurrentTime() != got {
					t.Errorf("after 34 steps back from 2.32 %s is shown, at %s", got, r.e.CurrentTime())
				}
			})
		})
	}
}

// TestStep_Gap steps over a gap of the media, and does not step over what is only not buffered.
func TestStep_Gap(t *testing.T) {
	for _, c := range []struct {
		name string
		gap  int  // ms, after 2 s
		over bool // it is stepped over
	}{{"short", 400, true}, {"long", 4000, false}} {
		t.Run(c.name, func(t *testing.T) {
			within(t, func(t *testing.T) {
				r := newRigWith(t, "v", room(20))
				defer r.stop()
				r.append(r.v, movie(0, 2000, 40, 25))
				r.append(r.v, movie(2000+c.gap, 4000+c.gap, 40, 25))
				after := media.FromTicks(int64(2000+c.gap), 1000)
				r.e.Seek(after.Add(0.1))
				time.Sleep(time.Second)
				r.walk(-2, 100*time.Millisecond)
				r.e.Step(-1)
				time.Sleep(time.Second)
				if !c.over {
					if !r.e.Seeking() {
						t.Fatalf("a step back from %s leads to %s", after, r.last().PTS)
					}
					r.append(r.v, movie(5000, 6000, 40, 25))
					time.Sleep(time.Second)
					if got := r.last().PTS; got != 5.96 {
						t.Errorf("with the media there a step back from %s leads to %s", after, got)
					}
					r.e.Seek(1.97)
					time.Sleep(time.Second)
					r.e.Step(1)
					time.Sleep(time.Second)
					if !r.e.Seeking() {
						t.Fatalf("a step from 1.96 leads to %s", r.last().PTS)
					}
					r.append(r.v, movie(2000, 3000, 40, 25))
					time.Sleep(time.Second)
					if got := r.last().PTS; got != 2 {
						t.Errorf("with the media there a step from 1.96 leads to %s", got)
					}
					return
				}
				if got := r.last().PTS; got != 1.96 {
					t.Fatalf("a step back from %s leads to %s", after, got)
				}
				r.walk(-20, 100*time.Millisecond)
				r.walk(20, 100*time.Millisecond)
				r.e.Step(1)
				time.Sleep(time.Second)
				if got := r.last().PTS; got != after {
					t.Errorf("a step from 1.96 leads to %s", got)
				}
			})
		})
	}
}
