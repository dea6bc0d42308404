package pcm_test

import (
	"context"
	"errors"
	"fmt"
	"hash/adler32"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/audio/pcm"
	"mseplayer/mse/media"
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

const (
	rateHz = 48000
	fade   = 240 // frames of 5 ms
)

var epoch = time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)

// rig is a feed with the record of what it gave.
type rig struct {
	*pcm.Feed
	t      *testing.T
	out    []float32 // channel 0
	runs   []run
	played []pcm.Played
}

// run is what the feed told its timeline: frames [from, from+frames) of the output.
type run struct {
	from, frames int
	media        bool
	t            media.Time
	gen          media.Gen
}

func (r *rig) Begin(time.Time, time.Duration) {}
func (r *rig) End()                           {}
func (r *rig) Silence(frames int)             { r.add(run{frames: frames}) }
func (r *rig) Media(frames int, t media.Time, rate float64, g media.Gen) {
	if rate != 1 {
		r.t.Errorf("rate %v", rate)
	}
	r.add(run{frames: frames, media: true, t: t, gen: g})
}

func (r *rig) add(n run) {
	if len(r.runs) > 0 {
		l := &r.runs[len(r.runs)-1]
		n.from = l.from + l.frames
		end := l.t + media.Time(l.frames)/rateHz
		if l.media == n.media && (!n.media || l.gen == n.gen && math.Abs(float64(end-n.t)) < 1e-9) {
			l.frames += n.frames
			return
		}
	}
	r.runs = append(r.runs, n)
}

// story tells the runs in words: "s480" is 480 frames of silence, "m480@1.5" media from 1.5 s on.
func (r *rig) story() string {
	var b strings.Builder
	for i, n := range r.runs {
		if i > 0 {
			b.WriteByte(' ')
		}
		if n.media {
			fmt.Fprintf(&b, "m%d@%.6g", n.frames, float64(n.t))
		} else {
			fmt.Fprintf(&b, "s%d", n.frames)
		}
	}
	return b.String()
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t}
	r.Feed = pcm.NewFeed(r, pcm.Options{Dump: func(p pcm.Played) { r.played = append(r.played, p) }})
	return r
}

// pull lets the device take frames in callbacks of 10 ms.
func (r *rig) pull(frames int) {
	r.t.Helper()
	for frames > 0 {
		n := min(frames, 480)
		buf := make([]float32, 2*n)
		for i := range buf {
			buf[i] = 99
		}
		r.Pull(buf, epoch.Add(time.Duration(len(r.out))*time.Second/rateHz), 0)
		for i := 0; i < len(buf); i += 2 {
			if buf[i] != -buf[i+1] {
				r.t.Fatalf("frame %d: %v and %v, want the channels to be opposite", len(r.out), buf[i], buf[i+1])
			}
			r.out = append(r.out, buf[i])
		}
		frames -= n
	}
}

// block makes sound whose second channel is the first one negated.
func block(g media.Gen, t media.Time, frames int, sample func(i int) float32) *frame.Audio {
	a := &frame.Audio{Gen: g, PTS: t, Format: frame.AudioFormat{Rate: rateHz, Channels: 2}, Samples: make([]float32, 2*frames)}
	for i := range frames {
		v := sample(i)
		a.Samples[2*i], a.Samples[2*i+1] = v, -v
	}
	a.Arm(nil)
	return a
}

func dc(v float32) func(int) float32 { return func(int) float32 { return v } }

// write queues a block that must fit.
func (r *rig) write(a *frame.Audio) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Write(ctx, a); err != nil {
		r.t.Fatalf("write: %v", err)
	}
}

func (r *rig) wantStory(want string) {
	r.t.Helper()
	if got := r.story(); got != want {
		r.t.Errorf("got  %s\nwant %s", got, want)
	}
}

// wantSmooth asks that no step between two frames is larger than a fade of the given height over 5 ms makes it.
func (r *rig) wantSmooth(height float32) {
	r.t.Helper()
	for i := 1; i < len(r.out); i++ {
		if d := r.out[i] - r.out[i-1]; d > 1.01*height/fade || d < -1.01*height/fade {
			r.t.Fatalf("frame %d clicks: from %v to %v", i, r.out[i-1], r.out[i])
		}
	}
}

// tone is a different value for each frame, exact in float32.
func tone(i int) float32 { return float32(i%30011) / 32768 }

func TestFeed_PlaysWhatIsWritten(t *testing.T) {
	r := newRig(t)
	r.Flush(1, 10)
	r.SetRunning(true)
	n := 0
	for range 200 {
		for r.Queued() < 0.2 {
			from := n
			r.write(block(1, 10+media.Time(from)/rateHz, 1024, func(i int) float32 { return tone(from + i) }))
			n += 1024
		}
		r.pull(480)
	}
	r.wantStory("m96000@10")
	for i, v := range r.out {
		want := tone(i)
		if i < fade-1 {
			want *= float32(i+1) / fade
			if math.Abs(float64(v-want)) > 1e-4 {
				t.Fatalf("frame %d of the fade: %v, want %v", i, v, want)
			}
		} else if v != want {
			t.Fatalf("frame %d: %v, want %v", i, v, want)
		}
	}
	s := r.Stats()
	if s.SamplesPlayed != 96000 || s.SilentFrames != 0 || s.Underruns != 0 || s.FirstSound.Sub(epoch) > time.Microsecond {
		t.Errorf("stats %+v", s)
	}
}

func TestFeed_Placement(t *testing.T) {
	type in struct {
		t      media.Time
		frames int
	}
	for _, c := range []struct {
		name   string
		at     media.Time
		blocks []in
		want   string // of 2400 frames in all, coasting at the end
	}{
		{"contiguous", 5, []in{{5, 1200}, {5.025, 1200}}, "m2400@5"},
		{"millisecond rounding", 5, []in{{5, 1200}, {5.0255, 600}, {5.037, 600}}, "m2400@5"},
		{"begins after the target", 5, []in{{5.025, 1200}}, "m2400@5"},
		{"begins before the target", 5, []in{{4.99, 480 + 1200}}, "m2400@5"},
		{"over before the target", 5, []in{{4.9, 480}, {5, 1200}}, "m2400@5"},
		{"hole", 5, []in{{5, 600}, {5.0375, 600}}, "m2400@5"},
		{"overlap", 5, []in{{5, 1200}, {5, 600}, {5, 1800}}, "m2400@5"},
		{"small jump ahead", 5, []in{{5, 1200}, {5.030, 600}}, "m1200@5 m1200@5.03"},
		{"small jump back", 5, []in{{5, 1200}, {5.020, 600}}, "m1200@5 m1200@5.02"},
		{"nothing", 5, nil, "m2400@5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.Flush(1, c.at)
			r.SetRunning(true)
			for _, b := range c.blocks {
				r.write(block(1, b.t, b.frames, dc(0.5)))
			}
			r.EndOfStream(1)
			r.pull(2400)
			r.wantStory(c.want)
		})
	}
}

// TestFeed_HoleIsSilent looks at the samples around a hole and an overlap.
func TestFeed_HoleIsSilent(t *testing.T) {
	r := newRig(t)
	r.Flush(1, 0)
	r.SetRunning(true)
	at := func(frame int) media.Time { return media.Time(frame) / rateHz }
	r.write(block(1, at(0), 960, dc(0.25)))
	r.write(block(1, at(3000), 960, dc(0.5)))  // frames 960 to 3000 are missing
	r.write(block(1, at(2500), 2000, dc(0.7))) // only 3960 to 4500 are new
	r.pull(4500)
	for _, c := range []struct {
		from, to int
		want     float32
	}{{fade, 960, 0.25}, {960, 3000, 0}, {3000, 3960, 0.5}, {3960, 4500, 0.7}} {
		for i := c.from; i < c.to; i++ {
			if r.out[i] != c.want {
				t.Fatalf("frame %d: %v, want %v", i, r.out[i], c.want)
			}
		}
	}
	r.wantStory("m4500@0")
	if s := r.Stats(); s.SamplesPlayed != 960+960+540 || s.Underruns != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestFeed_Pause(t *testing.T) {
	r := newRig(t)
	r.Flush(1, 0)
	r.write(block(1, 0, 9600, dc(1)))
	r.pull(480)
	r.SetRunning(true)
	r.pull(960)
	r.SetRunning(false)
	r.pull(4800)
	r.SetRunning(true)
	r.pull(960)
	r.SetRunning(false)
	r.pull(100) // turned round in the middle of the fade
	r.SetRunning(true)
	r.pull(480)
	r.wantStory("s480 m1200@0 s4560 m1540@0.025")
	r.wantSmooth(1)
	if s := r.Stats(); s.Underruns != 0 || s.SilentFrames != 0 {
		t.Errorf("a pause was counted as missing sound: %+v", s)
	}
}

func TestFeed_Underrun(t *testing.T) {
	r := newRig(t)
	r.Flush(3, 0)
	r.SetRunning(true)
	r.pull(960) // nothing has begun: no underrun
	r.write(block(3, 0, 1000, dc(1)))
	r.pull(1440)
	r.pull(480)
	r.write(block(3, 1000.0/rateHz, 1000, dc(1)))
	r.pull(960)
	r.wantStory("s960 m1000@0 s920 m960@0.0208333")
	r.wantSmooth(1)
	if s := r.Stats(); s.Underruns != 1 || s.SilentFrames != 920 || s.SamplesPlayed != 1960 {
		t.Errorf("stats %+v, want 1 underrun of 920 frames", s)
	}
	var got []string
	for _, p := range r.played {
		got = append(got, fmt.Sprintf("%d %d+%d %.4f %d %v", p.Kind, p.Index, p.Frames, float64(p.PTS), p.Gen, p.Wall.Sub(epoch)))
	}
	want := []string{"1 960+1000 0.0000 3 20ms", "3 1960+920 0.0208 3 40.833333ms", "1 2880+1000 0.0208 3 60ms"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("dump %q\nwant %q", got, want)
	}
}

func TestFeed_EndOfStream(t *testing.T) {
	r := newRig(t)
	r.Flush(1, 0)
	r.SetRunning(true)
	r.write(block(1, 0, 960, dc(1)))
	r.EndOfStream(1)
	if r.Drained(1) {
		t.Errorf("drained before anything was played")
	}
	r.pull(480)
	if r.Drained(1) {
		t.Errorf("drained half-way")
	}
	r.pull(960)
	if !r.Drained(1) || r.Drained(0) || r.Drained(2) {
		t.Errorf("drained: %v of 1, %v of 0, %v of 2; want 1 only", r.Drained(1), r.Drained(0), r.Drained(2))
	}
	// the stream goes on after all, and 480 frames of it are over
	r.write(block(1, 0.02, 960, dc(0.5)))
	if r.Drained(1) {
		t.Errorf("drained though more came")
	}
	r.pull(480)
	if got := r.out[len(r.out)-1]; got != 0.5 {
		t.Errorf("what came late plays %v, want 0.5", got)
	}
	r.wantStory("m1920@0")
	r.SetRunning(false)
	r.pull(960)
	r.wantStory("m1920@0 s960")
	if s := r.Stats(); s.Underruns != 0 || s.SilentFrames != 0 || s.SamplesPlayed != 960+480 {
		t.Errorf("stats %+v, want %d frames of sound and no underrun", s, 960+480)
	}
}

func TestFeed_Flush(t *testing.T) {
	r := newRig(t)
	r.Flush(1, 0)
	r.SetRunning(true)
	r.write(block(1, 0, 4800, dc(1)))
	r.pull(960)
	r.Flush(2, 50)
	if q := r.Queued(); q != 0 {
		t.Errorf("%v s queued right after the flush", q)
	}
	r.write(block(1, 0.1, 480, dc(1))) // stale
	r.write(block(2, 50, 2400, dc(-0.5)))
	if q := r.Queued(); q != 0.05 {
		t.Errorf("%v s queued, want 0.05", q)
	}
	r.pull(960)
	r.Flush(2, 60) // the same generation again: another beginning
	r.pull(480)
	r.write(block(2, 60, 480, dc(0.25)))
	r.pull(480)
	r.wantStory("m960@0 m960@50 s480 m480@60")
	r.wantSmooth(1.5) // one fades out while the other fades in
	if got := r.out[len(r.out)-1]; got != 0.25 {
		t.Errorf("plays %v, want 0.25", got)
	}
}

// TestFeed_FlushWhilePaused must make room for the new generation although nothing is played.
// TestFeed_FlushDuringCallback flushes and writes while a callback is on its way to the flush before: the sound is there
// for the next callback.
func TestFeed_FlushDuringCallback(t *testing.T) {
	r := &rig{t: t}
	r.Feed = pcm.NewFeed(r, pcm.Options{Dump: func(p pcm.Played) {
		if p.Kind == pcm.Underrun {
			r.Flush(3, 30)
			r.write(block(3, 30, 480, dc(0.5)))
		}
	}})
	r.Flush(1, 0)
	r.SetRunning(true)
	r.write(block(1, 0, 480, dc(0.5)))
	r.pull(960)
	r.Flush(2, 20)
	r.pull(480)
	r.pull(480)
	r.wantStory("m480@0 s960 m480@30")
}

func TestFeed_FlushWhilePaused(t *testing.T) {
	r := newRig(t)
	for g := media.Gen(1); g < 200; g++ {
		r.Flush(g, media.Time(g))
		r.pull(480)
		r.write(block(g, media.Time(g)+0.1, 4000, dc(1)))
		r.write(block(g, media.Time(g)+0.1+4000.0/rateHz, 3000, dc(1)))
		if q, want := r.Queued(), media.Span(0.1+7000.0/rateHz); math.Abs(float64(q-want)) > 1e-9 {
			t.Fatalf("generation %d: %v s queued, want %v", g, q, want)
		}
		r.pull(480)
	}
}

// TestFeed_Idle: a device that sleeps must not keep a seek from filling the ring.
func TestFeed_Idle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.Flush(1, 0)
		r.write(block(1, 0, 12000, dc(1)))
		r.Flush(2, 5)
		done := make(chan error)
		go func() { done <- r.Write(t.Context(), block(2, 5, 9600, dc(1))) }()
		synctest.Wait()
		if q := r.Queued(); q != 0 {
			t.Errorf("%v s queued in a full ring", q)
		}
		r.Idle()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if q := r.Queued(); q != 0.2 {
			t.Errorf("%v s queued, want 0.2", q)
		}
		if len(r.runs) != 0 {
			t.Errorf("Idle told %s", r.story())
		}
	})
}

func TestFeed_Gain(t *testing.T) {
	r := newRig(t)
	r.Flush(1, 0)
	r.SetGain(0.5)
	r.SetRunning(true)
	r.write(block(1, 0, 9600, dc(0.5)))
	r.pull(480)
	level := func(want float32) {
		t.Helper()
		if got := r.out[len(r.out)-1]; got != want {
			t.Errorf("plays %v, want %v", got, want)
		}
	}
	level(0.25)
	r.SetGain(1)
	r.pull(960)
	level(0.5)
	r.SetGain(1.3)
	r.pull(960)
	level(0.65)
	r.SetGain(400) // clamped to 8
	r.SetGain(math.NaN())
	r.pull(960)
	level(0.9375) // what is over half of full scale is bent into the rest: 0.5 + 0.5*3.5/(0.5+3.5)
	r.SetGain(-1)
	r.pull(960)
	level(0)
	r.SetGain(1)
	r.SetGain(0) // before anything was pulled
	r.pull(480)
	level(0)
	r.wantSmooth(1)
}

func TestFeed_Limits(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	in := []float32{0.5, 1.5, -1.5, nan, inf, -inf, 1, -1}
	for _, c := range []struct {
		gain float64
		want []float32
	}{
		{1, []float32{0.5, 1, -1, 0, 1, -1, 1, -1}},
		{1.25, []float32{0.625, 21. / 22, -21. / 22, 0, 1, -1, 11. / 12, -11. / 12}}, // 0.75 + 0.25*x/(0.25+x)
	} {
		r := newRig(t)
		r.Flush(1, 0)
		r.SetGain(c.gain)
		r.SetRunning(true)
		r.write(block(1, 0, 960, dc(0)))
		r.write(block(1, 0.02, len(in), func(i int) float32 { return in[i] }))
		r.pull(960)
		buf := make([]float32, 2*len(in))
		r.Pull(buf, epoch, 0)
		for i, w := range c.want {
			if got := buf[2*i]; !(math.Abs(float64(got-w)) <= 1e-6) {
				t.Errorf("gain %v: %v plays as %v, want %v", c.gain, in[i], got, w)
			}
		}
	}
}

// Sound that is amplified beyond full scale keeps the order of its samples and never reaches full scale, so no two
// peaks become one plateau.
func TestFeed_SoftClip(t *testing.T) {
	const n = 2001
	for _, gain := range []float64{1.01, 1.3, 2.197, pcm.MaxGain} {
		r := newRig(t)
		r.Flush(1, 0)
		r.SetGain(gain)
		r.SetRunning(true)
		r.write(block(1, 0, 960, dc(0)))
		r.write(block(1, 0.02, n, func(i int) float32 { return float32(i-n/2) / (n / 2) }))
		r.pull(960)
		buf := make([]float32, 2*n)
		r.Pull(buf, epoch, 0)
		for i := range n {
			got, loud := float64(buf[2*i]), gain*float64(i-n/2)/(n/2)
			switch knee := max(2-gain, 0.5); {
			case math.Abs(loud) <= knee-1e-6 && math.Abs(got-loud) > 1e-6:
				t.Fatalf("gain %v: %v, below the knee at %v, plays as %v", gain, loud, knee, got)
			case math.Abs(got) >= 1:
				t.Fatalf("gain %v: %v plays as %v", gain, loud, got)
			case i > 0 && buf[2*i] <= buf[2*i-2]:
				t.Fatalf("gain %v: %v plays as %v and less as %v", gain, loud, got, buf[2*i-2])
			case got != -float64(buf[2*(n-1-i)]):
				t.Fatalf("gain %v: %v and its negative are %v and %v", gain, loud, got, buf[2*(n-1-i)])
			}
		}
	}
}

func TestFeed_BadBlocks(t *testing.T) {
	r := newRig(t)
	r.Flush(1, 0)
	mono := block(1, 0, 10, dc(0))
	mono.Format.Channels = 1
	slow := block(1, 0, 10, dc(0))
	slow.Format.Rate = 44100
	odd := block(1, 0, 10, dc(0))
	odd.Samples = odd.Samples[:19]
	for _, c := range []struct {
		name string
		a    *frame.Audio
		want string
	}{
		{"channels", mono, "48000 Hz with 1 channels"},
		{"rate", slow, "44100 Hz"},
		{"half a frame", odd, "19 samples"},
		{"no time", block(1, media.Time(math.NaN()), 10, dc(0)), "without a time"},
		{"infinite time", block(1, media.Forever, 10, dc(0)), "without a time"},
		{"absurd time", block(1, 1e9, 10, dc(0)), "after the sound before it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := r.Write(context.Background(), c.a); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	r.write(block(1, 0, 0, nil)) // empty is fine
	if q := r.Queued(); q != 0 {
		t.Errorf("%v s queued", q)
	}
}

func TestNewFeed_Panics(t *testing.T) {
	for _, o := range []pcm.Options{
		{Format: frame.AudioFormat{Rate: -1}}, {Format: frame.AudioFormat{Channels: 9}}, {Target: 11}, {Target: media.Span(math.NaN())},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v made a feed", o)
				}
			}()
			pcm.NewFeed(&rig{}, o)
		}()
	}
}

// TestFeed_WriteBlocks fills the ring and looks at what wakes the writer.
func TestFeed_WriteBlocks(t *testing.T) {
	cause := errors.New("enough")
	for _, c := range []struct {
		name string
		wake func(r *rig, cancel context.CancelCauseFunc)
		want error
	}{
		{"room", func(r *rig, _ context.CancelCauseFunc) { r.SetRunning(true); r.pull(9600) }, nil},
		{"flush", func(r *rig, _ context.CancelCauseFunc) { r.Flush(2, 0) }, nil},
		{"context", func(_ *rig, cancel context.CancelCauseFunc) { cancel(cause) }, cause},
		{"close", func(r *rig, _ context.CancelCauseFunc) { r.Close(); r.Close() }, pcm.ErrClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.Flush(1, 0)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				done := make(chan error, 1)
				go func() { done <- r.Write(ctx, block(1, 0, 20000, dc(1))) }()
				synctest.Wait()
				if q := r.Queued(); q != 0.25 {
					t.Errorf("%v s queued, want the target", q)
				}
				select {
				case err := <-done:
					t.Fatalf("Write returned %v with the ring full", err)
				default:
				}
				c.wake(r, cancel)
				if err := <-done; !errors.Is(err, c.want) {
					t.Errorf("Write returned %v, want %v", err, c.want)
				}
			})
		})
	}
}

// TestFeed_WriteWaitsForItsGeneration writes before the flush that begins the generation, and behind another writer.
func TestFeed_WriteWaitsForItsGeneration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		var wg sync.WaitGroup
		for i := range 2 {
			wg.Go(func() {
				if err := r.Write(t.Context(), block(1, 5, 100, dc(1))); err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
			})
		}
		synctest.Wait()
		if q := r.Queued(); q != 0 {
			t.Errorf("%v s queued of a generation that has not begun", q)
		}
		r.Flush(1, 5)
		wg.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		blocked := make(chan error, 2)
		for range 2 {
			go func() { blocked <- r.Write(ctx, block(2, 5, 100, dc(1))) }()
		}
		synctest.Wait()
		cancel()
		for range 2 {
			if err := <-blocked; !errors.Is(err, context.Canceled) {
				t.Errorf("Write returned %v", err)
			}
		}
		go func() { blocked <- r.Write(t.Context(), block(2, 5, 100, dc(1))) }()
		go func() { blocked <- r.Write(t.Context(), block(2, 5, 100, dc(1))) }()
		synctest.Wait()
		r.Close()
		for range 2 {
			if err := <-blocked; !errors.Is(err, pcm.ErrClosed) {
				t.Errorf("Write returned %v", err)
			}
		}
	})
}

// TestFeed_AbandonedBlock cancels a writer half-way; another one goes on in the same generation.
func TestFeed_AbandonedBlock(t *testing.T) {
	r := newRig(t)
	r.Flush(1, 0)
	r.SetRunning(true)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Write(ctx, block(1, 0, 20000, dc(1))); !errors.Is(err, context.Canceled) {
		t.Fatalf("Write returned %v", err)
	}
	r.pull(12000)
	r.write(block(1, 0.25, 480, dc(0.5)))
	r.EndOfStream(1)
	r.pull(960)
	if got := r.out[12000]; got != 0.5 {
		t.Errorf("after the abandoned block %v is played, want 0.5", got)
	}
	r.wantStory("m12960@0")
	// and one that is the last
	if err := r.Write(ctx, block(1, 0.27, 20000, dc(1))); !errors.Is(err, context.Canceled) {
		t.Fatalf("Write returned %v", err)
	}
	r.EndOfStream(1)
	r.pull(24000)
	r.wantStory("m36960@0")
	if !r.Drained(1) || r.Stats().Underruns != 0 {
		t.Errorf("drained %v, stats %+v", r.Drained(1), r.Stats())
	}
}

func TestFeed_Dump(t *testing.T) {
	r := newRig(t)
	r.Flush(1, 1)
	r.SetRunning(true)
	r.write(block(1, 1.1, 2, func(i int) float32 { return float32(i) })) // 0 -0 1 -1
	r.EndOfStream(1)
	r.pull(9600)
	if len(r.played) != 2 {
		t.Fatalf("told of %+v, want a gap and a block", r.played)
	}
	g, s := r.played[0], r.played[1]
	if g.Kind != pcm.Gap || g.Index != 0 || g.Frames != 4800 || g.PTS != 1 || !g.Wall.Equal(epoch) {
		t.Errorf("gap %+v", g)
	}
	sum := adler32.Checksum([]byte{0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0x80, 0x3f, 0, 0, 0x80, 0xbf})
	if s.Kind != pcm.Sound || s.Index != 4800 || s.Frames != 2 || math.Abs(float64(s.PTS-1.1)) > 1e-9 || s.CRC != sum || !s.Wall.Equal(epoch.Add(100*time.Millisecond)) {
		t.Errorf("block %+v, want checksum %08x", s, sum)
	}
}

// TestFeed_SamplesMatchTheirTimes drives random histories and checks that every frame the feed calls media time t is
// the sample that was written for t: sound, or silence where there was none.
func TestFeed_SamplesMatchTheirTimes(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		r := newRig(t)
		sound := func(g media.Gen, n int) float32 { return float32(int(g)%7*4096+n%4096+1) / 65536 }
		written := map[media.Gen]map[int]bool{}
		gen, at, head := media.Gen(0), 0, 0
		ops := strings.Builder{}
		flush := func() {
			gen++
			at = rnd.IntN(1e6)
			head = at
			written[gen] = map[int]bool{}
			r.Flush(gen, media.Time(at)/rateHz)
		}
		flush()
		for range 300 {
			op := rnd.IntN(20)
			n := rnd.IntN(2000)
			fmt.Fprintf(&ops, " %d:%d", op, n)
			switch {
			case op == 0:
				flush()
			case op == 1:
				r.SetRunning(false)
				r.pull(fade + 1) // no turning round in the middle of a fade
			case op < 5:
				r.SetRunning(true)
			case op == 5:
				r.EndOfStream(gen)
			case op < 12:
				if float64(r.Queued()) > 0.1 {
					break
				}
				r.pull(1) // makes room of what a flush left
				first := head
				switch rnd.IntN(6) {
				case 0:
					first += 1000 + n // more than the tolerance: a gap
				case 1:
					first -= 1000 + n // an overlap
				}
				g := gen
				a := block(g, media.Time(first)/rateHz, n, func(i int) float32 { return sound(g, first+i) })
				r.write(a)
				for i := max(first, head, at); i < first+n; i++ {
					written[g][i] = true
				}
				head = max(head, first+n)
			default:
				r.pull(n)
			}
		}
		since := 0 // frames since the last change between sound and silence, when fades are over
		frames := 0
		for _, run := range r.runs {
			for i := range run.frames {
				since++
				frames++
				v := r.out[run.from+i]
				if i == 0 {
					since = 0
				}
				if since < 2*fade {
					continue
				}
				if !run.media {
					if v != 0 {
						t.Fatalf("seed %d: frame %d is silence but %v\n%s", seed, run.from+i, v, ops.String())
					}
					continue
				}
				pos := int(math.Round(float64(run.t)*rateHz)) + i
				want := float32(0)
				if written[run.gen][pos] {
					want = sound(run.gen, pos)
				}
				if i > run.frames-fade-2 {
					continue // may be fading out
				}
				if v != want && v != 0 { // 0: played while the stream seemed to have ended
					t.Fatalf("seed %d: frame %d of generation %d, media frame %d: %v, want %v\n%s", seed, run.from+i, run.gen, pos, v, want, ops.String())
				}
			}
		}
		if frames != len(r.out) {
			t.Fatalf("seed %d: %d frames told, %d given", seed, frames, len(r.out))
		}
	}
}

// TestFeed_Concurrent lets a writer, a callback and a flusher collide: no sample of a stale generation may be
// played once media of the next one was told.
func TestFeed_Concurrent(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	rec := &lastGen{}
	f := pcm.NewFeed(rec, pcm.Options{})
	f.Flush(1, 1)
	f.SetRunning(true)
	var gen struct {
		sync.Mutex
		now media.Gen
	}
	gen.now = 1
	var wg sync.WaitGroup
	wg.Go(func() {
		at, g := media.Time(0), media.Gen(0)
		for ctx.Err() == nil {
			gen.Lock()
			now := gen.now
			gen.Unlock()
			if now != g {
				g, at = now, media.Time(now)
			}
			a := block(g, at, 700, dc(float32(g%100+1)/128))
			at = a.End()
			if err := f.Write(ctx, a); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("write: %v", err)
			}
		}
	})
	wg.Go(func() {
		for ctx.Err() == nil {
			gen.Lock()
			gen.now++
			f.Flush(gen.now, media.Time(gen.now))
			f.SetRate([]float64{1, 0.5, 1, 1.01, 4}[gen.now%5], gen.now%3 > 0)
			gen.Unlock()
			for range 2000 {
				f.Queued()
				f.Drained(1)
				f.Stats()
			}
		}
	})
	buf := make([]float32, 2*480)
	played := 0
	for range 20000 {
		f.Pull(buf, epoch, 0)
		if rec.media == 480 { // nothing but media of one generation
			if g := uint64(math.Round(float64(buf[958])*128)) - 1; buf[958] == buf[956] && g != uint64(rec.gen%100) {
				t.Fatalf("a sample of generation %d%%100 is played as generation %d", g, rec.gen)
			}
			played++
		}
		rec.media = 0
	}
	cancel()
	wg.Wait()
	t.Logf("%d whole callbacks of media", played)
}

type lastGen struct {
	gen   media.Gen
	media int
}

func (l *lastGen) Begin(time.Time, time.Duration) {}
func (l *lastGen) End()                           {}
func (l *lastGen) Silence(int)                    {}
func (l *lastGen) Media(n int, _ media.Time, _ float64, g media.Gen) {
	l.gen = g
	l.media += n
}

func TestFeed_Allocs(t *testing.T) {
	f := pcm.NewFeed(&lastGen{}, pcm.Options{})
	f.Flush(1, 0)
	f.SetRunning(true)
	buf := make([]float32, 2*480)
	a := block(1, 0, 480, dc(0.5))
	samples := a.Samples
	back := func(*frame.Audio) {}
	a.Release()
	at := media.Time(0)
	cycle := func() {
		a.Samples, a.PTS = samples, at
		a.Arm(back)
		_ = f.Write(context.Background(), a)
		f.Pull(buf, epoch, 0)
		at += 0.01
	}
	if n := testing.AllocsPerRun(1000, cycle); n != 0 {
		t.Errorf("a block from Write to Pull allocates %v times", n)
	}
	if s := f.Stats(); s.Underruns != 0 || s.SamplesPlayed < 480*1000 {
		t.Errorf("the cycle did not play: %+v", s)
	}
}

// A callback may take 5 % of its period: 500 µs of 10 ms.
func BenchmarkFeed_Pull(b *testing.B) {
	for _, c := range []struct {
		name string
		gain float64
	}{{"plain", 1}, {"volume", 0.7}, {"loud", 1.3}} {
		b.Run(c.name, func(b *testing.B) {
			f := pcm.NewFeed(&lastGen{}, pcm.Options{})
			f.Flush(1, 0)
			f.SetRunning(true)
			f.SetGain(c.gain)
			buf := make([]float32, 2*480)
			at := media.Time(0)
			a := block(1, 0, 480, dc(0.5))
			samples := a.Samples
			a.Release()
			back := func(*frame.Audio) {}
			b.SetBytes(480 * 8)
			b.ReportAllocs()
			for b.Loop() {
				a.Samples, a.PTS = samples, at
				a.Arm(back)
				if err := f.Write(context.Background(), a); err != nil {
					b.Fatal(err)
				}
				f.Pull(buf, epoch, 0)
				at += 0.01
			}
		})
	}
}
