package null_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/audio/null"
	"mseplayer/audio/pcm"
	"mseplayer/mse/media"
	"mseplayer/player/clock"
	"mseplayer/player/frame"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if n := frame.Live(); n != 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d sound blocks were not released\n", n)
		code = 1
	}
	os.Exit(code)
}

const rateHz = 48000

// ramp is sound that tells its media time: sample = fraction of the second.
func ramp(g media.Gen, first, frames int) *frame.Audio {
	a := &frame.Audio{Gen: g, PTS: media.Time(first) / rateHz, Format: frame.AudioFormat{Rate: rateHz, Channels: 2}}
	for i := range frames {
		v := float32((first+i)%rateHz) / rateHz
		a.Samples = append(a.Samples, v, v)
	}
	a.Arm(nil)
	return a
}

// worker writes sound of a generation from frame first on until its context is done or total frames are written.
func worker(t *testing.T, ctx context.Context, s *null.Sink, g media.Gen, first, total int) {
	for n := first; n < first+total; n += 1024 {
		if err := s.Write(ctx, ramp(g, n, min(1024, first+total-n))); err != nil {
			if !errors.Is(err, context.Canceled) && !errors.Is(err, pcm.ErrClosed) {
				t.Errorf("write: %v", err)
			}
			return
		}
	}
	s.EndOfStream(g)
}

// TestSink_RealTime plays a minute in virtual time and compares the clock with the schedule at 200 Hz.
func TestSink_RealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var taken int
		var epoch time.Time
		s := null.New(null.Options{Out: func(p []float32, heard time.Time) {
			if want := epoch.Add(time.Duration(taken) * time.Second / rateHz); heard.Sub(want).Abs() > time.Nanosecond {
				t.Errorf("frame %d is heard at %v, want %v", taken, heard.Sub(epoch), want.Sub(epoch))
			}
			taken += len(p) / 2
		}})
		if !s.Epoch().IsZero() {
			t.Errorf("an epoch before Start")
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		epoch = s.Epoch()
		s.Flush(1, 0)
		go worker(t, t.Context(), s, 1, 0, 60*rateHz)
		time.Sleep(100 * time.Millisecond)
		s.SetRunning(true)
		synctest.Wait()
		var begin time.Time
		prev := media.Time(-1)
		for range 200 * 59 {
			time.Sleep(5 * time.Millisecond)
			synctest.Wait()
			now := time.Now()
			r, ok := s.Read()
			if !ok {
				if now.Sub(epoch) > 200*time.Millisecond {
					t.Fatalf("no time %v after the start", now.Sub(epoch))
				}
				continue
			}
			got := r.At(now)
			if begin.IsZero() {
				begin, _ = r.WallOf(0)
			}
			if got < prev || math.Abs(float64(got)-max(0, now.Sub(begin).Seconds())) > 1e-6 {
				t.Fatalf("%v after the beginning the clock says %v, before that %v", now.Sub(begin), got, prev)
			}
			prev = got
		}
		st := s.Stats()
		if st.Underruns != 0 || st.SilentFrames != 0 || st.SamplesPlayed < 58*rateHz || st.Device != "null" || !st.FirstSound.Equal(begin) {
			t.Errorf("stats %+v, want no underrun and the first sound at %v", st, begin)
		}
		if want := int(time.Since(epoch).Seconds() * rateHz); taken < want || taken > want+3*480 {
			t.Errorf("%d frames taken, want %d and up to 30 ms more", taken, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestSink_Speed lays the clock beside what is heard at each moment, across changes of speed: with the pitch not kept
// each sample tells its time exactly.
func TestSink_Speed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var heard []float32
		s := null.New(null.Options{Out: func(p []float32, _ time.Time) {
			mu.Lock()
			defer mu.Unlock()
			for i := 0; i < len(p); i += 2 {
				heard = append(heard, p[i])
			}
		}})
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Flush(1, 0)
		go worker(t, t.Context(), s, 1, 0, 100*rateHz)
		time.Sleep(100 * time.Millisecond)
		s.SetRunning(true)
		prev, compared := media.Time(0), 0
		for _, speed := range []float64{1, 2, 0.25, 1, 4, 1.02, 0.97, 1, 1.5} {
			s.SetRate(speed, false)
			for i := range 200 {
				time.Sleep(5*time.Millisecond + 7*time.Microsecond)
				synctest.Wait()
				now := time.Now()
				r, ok := s.Read()
				if !ok {
					continue
				}
				got := r.At(now)
				if got < prev {
					t.Fatalf("speed %v: the clock goes back from %v to %v", speed, prev, got)
				}
				prev = got
				if i > 20 && r.Rate != speed {
					t.Fatalf("speed %v: the clock runs at %v", speed, r.Rate)
				}
				n := int(now.Sub(s.Epoch()).Seconds() * rateHz)
				_, frac := math.Modf(float64(got))
				mu.Lock()
				want := float64(heard[n])
				mu.Unlock()
				if frac > 0.02 && frac < 0.98 && want > 0 {
					compared++
					if math.Abs(frac-want) > 5.0/rateHz { // a frame at the highest speed, and one of fading
						t.Fatalf("speed %v, step %d: the clock says %v, what is heard is of %.6f", speed, i, got, want)
					}
				}
			}
		}
		if st := s.Stats(); st.Underruns != 0 || compared < 1500 {
			t.Errorf("%+v, %d moments compared", st, compared)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestSink_SmallSpeed catches up for a minute.
func TestSink_SmallSpeed(t *testing.T) {
	for _, speed := range []float64{0.97, 1.03} {
		synctest.Test(t, func(t *testing.T) {
			s := null.New(null.Options{})
			if err := s.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.Flush(1, 0)
			go worker(t, t.Context(), s, 1, 0, 100*rateHz)
			s.SetRate(speed, true)
			s.SetRunning(true)
			time.Sleep(time.Second)
			at := func() float64 {
				synctest.Wait()
				r, _ := s.Read()
				return float64(r.At(time.Now()))
			}
			from := at()
			time.Sleep(time.Minute)
			if got, want := at()-from, 60*speed; math.Abs(got-want) > 0.0005 {
				t.Errorf("x%g: %.6f s of media in a minute, want %.6f", speed, got, want)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSink_PauseSeekEnd goes through a session: pause, resume, seek, end of the sound before the end of playback.
func TestSink_PauseSeekEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := null.New(null.Options{Name: "test"})
		defer s.Close()
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		var m clock.Media
		m.SetAudio(time.Now(), s)
		m.Reset(time.Now(), 1, 0)
		s.Flush(1, 0)
		ctx, cancel := context.WithCancel(t.Context())
		go worker(t, ctx, s, 1, 0, 100*rateHz)
		synctest.Wait()
		if q := s.Queued(); q != 0.25 {
			t.Errorf("%v s queued, want the target", q)
		}
		within := func(what string, from, to media.Time) media.Time {
			t.Helper()
			synctest.Wait()
			got := m.Now(time.Now())
			if got < from || got > to {
				t.Errorf("%s: time %v, want %v to %v", what, got, from, to)
			}
			return got
		}
		m.Run(time.Now())
		s.SetRunning(true)
		time.Sleep(2 * time.Second)
		within("playing", 1.95, 2)

		m.Pause(time.Now())
		s.SetRunning(false)
		time.Sleep(time.Second)
		rest := within("paused", 1.98, 2.06)
		time.Sleep(time.Second)
		within("still paused", rest, rest)

		m.Run(time.Now())
		s.SetRunning(true)
		time.Sleep(time.Second)
		within("resumed", rest+0.95, rest+1)

		cancel() // seek to 30 s, where 2 s of sound are left
		s.SetRunning(false)
		m.Reset(time.Now(), 2, 30)
		s.Flush(2, 30)
		go worker(t, t.Context(), s, 2, 30*rateHz, 2*rateHz)
		synctest.Wait()
		within("seeking", 30, 30)
		m.Run(time.Now())
		s.SetRunning(true)
		time.Sleep(time.Second)
		within("after the seek", 30.95, 31)
		if s.Drained(2) {
			t.Errorf("drained with a second to go")
		}
		time.Sleep(5 * time.Second)
		within("after the end of the sound", 35.95, 36)
		if !s.Drained(2) {
			t.Errorf("not drained at the end")
		}
		if st := s.Stats(); st.Underruns != 0 || st.Device != "test" {
			t.Errorf("stats %+v, want no underrun", st)
		}
	})
}

// TestSink_LateProcess stops the process for a while: the schedule stays, the sound that was due meanwhile is over.
func TestSink_LateProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		s := null.New(null.Options{Out: func([]float32, time.Time) {
			if calls++; calls == 100 {
				time.Sleep(150 * time.Millisecond) // less than what is queued
			}
		}})
		defer s.Close()
		s.Flush(1, 0)
		s.SetRunning(true)
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		go worker(t, t.Context(), s, 1, 0, 10*rateHz)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		r, _ := s.Read()
		begin := s.Stats().FirstSound
		if got, want := r.At(time.Now()), time.Since(begin).Seconds(); math.Abs(float64(got)-want) > 1e-6 {
			t.Errorf("the clock says %v after %v s", got, want)
		}
		if st := s.Stats(); st.Underruns != 0 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestSink_Life(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := null.New(null.Options{})
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err == nil {
			t.Errorf("started twice")
		}
		for range 2 {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := s.Write(t.Context(), ramp(0, 0, 20000)); !errors.Is(err, pcm.ErrClosed) {
			t.Errorf("Write after Close: %v", err)
		}
		never := null.New(null.Options{})
		if err := never.Close(); err != nil {
			t.Error(err)
		}
		if err := never.Start(t.Context()); err == nil {
			t.Errorf("started after Close")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancelled := null.New(null.Options{Options: pcm.Options{Format: frame.AudioFormat{Rate: 8000, Channels: 1}}})
		if err := cancelled.Start(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		synctest.Wait() // the bubble does not end while a goroutine runs
	})
}

// TestPacer_Rests: while playback rests the pacer seldom runs; what is flushed and written then is there at once, and so is
// sound when playback goes on, on the same schedule.
func TestPacer_Rests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rests atomic.Bool
		rests.Store(true)
		wake := make(chan struct{}, 1)
		tl := clock.NewTimeline(rateHz)
		var begun []pcm.Played
		feed := pcm.NewFeed(tl, pcm.Options{Dump: func(p pcm.Played) { begun = append(begun, p) }})
		var at time.Time
		var runs, taken atomic.Int64
		p := null.Pacer{Feed: feed, Rests: rests.Load, Wake: wake, Out: func(b []float32, _ time.Time) {
			if now := time.Now(); now != at {
				at = now
				runs.Add(1)
			}
			taken.Add(int64(len(b) / 2))
		}}
		ctx, stop := context.WithCancel(t.Context())
		epoch := time.Now().Add(20 * time.Millisecond)
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.Run(ctx, epoch)
		}()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		before := runs.Load()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := runs.Load() - before; n > 10+1 {
			t.Errorf("ran %d times in ten seconds of rest", n)
		}

		feed.Flush(1, 5)
		wake <- struct{}{}
		written := time.Now()
		a := ramp(1, 5*rateHz, rateHz/5)
		if err := feed.Write(ctx, a); err != nil || time.Since(written) > 0 {
			t.Errorf("the writer waited for %v: %v", time.Since(written), err)
		}
		time.Sleep(3*time.Second + 77*time.Millisecond)
		rests.Store(false)
		feed.SetRunning(true)
		wake <- struct{}{}
		resumed := time.Now()
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		r, ok := tl.Read()
		if !ok || r.Gen != 1 {
			t.Fatalf("the clock reads %+v, %v", r, ok)
		}
		begin, _ := r.WallOf(5)
		if d := begin.Sub(resumed); d < 0 || d > 40*time.Millisecond {
			t.Errorf("sound is heard %v after playback went on", d)
		}
		if len(begun) == 0 || !begun[0].Wall.Equal(epoch.Add(media.SpanFromTicks(begun[0].Index, rateHz).Duration())) {
			t.Errorf("off the schedule: %+v", begun)
		}
		if got, want := taken.Load(), int64(time.Since(epoch).Seconds()*rateHz); got < want || got > want+3*480 {
			t.Errorf("%d frames taken, want %d and up to 30 ms more", got, want)
		}
		stop()
		<-done
		feed.Close()
	})
}
