package pcm_test

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"mseplayer/audio/pcm"
	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

// tape is a feed whose output is laid beside the media times that it told for it.
type tape struct {
	*pcm.Feed
	t       *testing.T
	out     []float32 // channel 0
	at      []float64 // media time of each frame, NaN where it rests
	rates   []float64
	played  []pcm.Played
	written int // frames
}

func newTape(t *testing.T) *tape {
	p := &tape{t: t}
	p.Feed = pcm.NewFeed(p, pcm.Options{Dump: func(e pcm.Played) { p.played = append(p.played, e) }})
	p.Flush(1, 0)
	p.SetRunning(true)
	return p
}

func (p *tape) Begin(time.Time, time.Duration) {}
func (p *tape) End()                           {}
func (p *tape) Silence(frames int) {
	for range frames {
		p.at, p.rates = append(p.at, math.NaN()), append(p.rates, 0)
	}
}

func (p *tape) Media(frames int, t media.Time, rate float64, _ media.Gen) {
	for i := range frames {
		p.at, p.rates = append(p.at, float64(t)+float64(i)*rate/rateHz), append(p.rates, rate)
	}
}

// more writes blocks of an endless signal for as long as there is room.
func (p *tape) more(sample func(i int) float32) {
	p.t.Helper()
	for p.Queued() < 0.2 {
		p.block(sample)
	}
}

func (p *tape) block(sample func(i int) float32) {
	p.t.Helper()
	from := p.written
	p.written += 1024
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	a := block(1, media.Time(from)/rateHz, 1024, func(i int) float32 { return sample(from + i) })
	if err := p.Write(ctx, a); err != nil {
		p.t.Fatalf("write: %v", err)
	}
}

// pull lets the device take frames in callbacks of a length that divides nothing.
func (p *tape) pull(frames int, sample func(i int) float32) {
	for frames > 0 {
		if sample != nil {
			p.more(sample)
		}
		n := min(frames, 443)
		buf := make([]float32, 2*n)
		p.Pull(buf, epoch.Add(time.Duration(len(p.out))*time.Second/rateHz), 0)
		for i := 0; i < len(buf); i += 2 {
			p.out = append(p.out, buf[i])
		}
		frames -= n
	}
	if len(p.at) != len(p.out) {
		p.t.Fatalf("%d frames given, %d told", len(p.out), len(p.at))
	}
}

// wantSteady asks that media time moves on by the speed from frame to frame, and by a frame more at most when the
// speed becomes 1.
func (p *tape) wantSteady() {
	p.t.Helper()
	for i := 1; i < len(p.at); i++ {
		if math.IsNaN(p.at[i-1]) || math.IsNaN(p.at[i]) {
			continue
		}
		over := p.at[i] - p.at[i-1] - p.rates[i-1]/rateHz
		if allowed := 1e-9; over < -allowed || over > allowed && (p.rates[i] != 1 || over > 1.0/rateHz+allowed) {
			p.t.Fatalf("frame %d: media time goes from %.9f to %.9f at speed %v, then %v", i, p.at[i-1], p.at[i], p.rates[i-1], p.rates[i])
		}
	}
}

// unit is how much a slope rises a frame.
const unit = 1.0 / (1 << 22)

func slope(i int) float32 { return float32(i) * unit }

func sine(i int) float32 { return float32(0.5 * math.Sin(2*math.Pi*440*float64(i)/rateHz)) }

// pitch is how often a tone rises through zero in a second.
func pitch(x []float32) float64 {
	first, last, n := 0, 0, -1
	for i := 1; i < len(x); i++ {
		if x[i-1] < 0 && x[i] >= 0 {
			if n++; n == 0 {
				first = i
			}
			last = i
		}
	}
	return float64(n) * rateHz / float64(last-first)
}

func TestFeed_Speed(t *testing.T) {
	for _, c := range []struct {
		name  string
		speed float64
		keep  bool
		hz    float64
	}{
		{"half", 0.5, true, 440}, {"one and a half", 1.5, true, 440}, {"double", 2, true, 440}, {"four times", 4, true, 440},
		{"half, turned", 0.5, false, 220}, {"double, turned", 2, false, 880}, {"catching up", 1.02, true, 440},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newTape(t)
			p.pull(3000, sine)
			p.SetRate(c.speed, c.keep)
			p.pull(rateHz, sine)
			got := pitch(p.out[4000:])
			p.SetRate(1, c.keep)
			p.pull(rateHz, sine)
			if math.Abs(got-c.hz) > 2 {
				t.Errorf("%.2f Hz, want %g", got, c.hz)
			}
			step := 0.0
			for i := fade; i < len(p.out); i++ {
				step = max(step, math.Abs(float64(p.out[i]-p.out[i-1])))
			}
			if bound := math.Pi * max(c.hz, 440) / rateHz; step > bound*1.03 {
				t.Errorf("a step of %.4f, the tone's own are at most %.4f", step, bound)
			}
			p.wantSteady()
			// what was not changed yet when the speed came, a second of it, and a second without
			want := 2 + 3000.0/rateHz + (c.speed - 1)
			if end := p.at[len(p.at)-1]; math.Abs(end-want) > 0.010*math.Abs(c.speed-1)+1.0/rateHz {
				t.Errorf("media time %.6f, want %.6f", end, want)
			}
		})
	}
}

// TestFeed_SpeedSync plays a slope, which tells where its sound was: it is never far from where media time says, and
// exactly there a second after the speed has become normal.
func TestFeed_SpeedSync(t *testing.T) {
	for seed := range uint64(10) {
		rnd := rand.New(rand.NewPCG(seed, 4))
		p := newTape(t)
		for range 12 {
			speed := 0.25 + 3.75*rnd.Float64()
			switch rnd.IntN(4) {
			case 0:
				speed = 1
			case 1:
				speed = 0.97 + 0.06*rnd.Float64()
			}
			p.SetRate(speed, rnd.IntN(3) > 0)
			p.pull(1+rnd.IntN(rateHz/3), slope)
		}
		p.SetRate(1, true)
		p.pull(2*rateHz, slope)
		p.wantSteady()
		for i := fade; i < len(p.out); i++ {
			off := float64(p.out[i])/unit - p.at[i]*rateHz
			if math.Abs(off) > 0.060*rateHz {
				t.Fatalf("seed %d, frame %d: the sound is %.1f frames off", seed, i, off)
			}
			if len(p.out)-i < rateHz*9/10 && math.Abs(off) > 0.01 {
				t.Fatalf("seed %d, frame %d at normal speed: the sound is %.3f frames off", seed, i, off)
			}
		}
	}
}

// TestFeed_SpeedAccount compares media time with the clock for a minute of catching up with a live stream.
func TestFeed_SpeedAccount(t *testing.T) {
	for _, speed := range []float64{0.97, 1.001, 1.03} {
		p := newTape(t)
		p.SetRate(speed, true)
		p.pull(60*rateHz, func(int) float32 { return 0 })
		p.wantSteady()
		if got, want := p.at[len(p.at)-1], 60*speed; math.Abs(got-want) > 0.0001 {
			t.Errorf("x%g: %.6f s of media in a minute, want %.6f", speed, got, want)
		}
	}
}

func TestFeed_SpeedToTheEnd(t *testing.T) {
	for _, speed := range []float64{0.25, 0.5, 1.03, 2, 4} {
		p := newTape(t)
		p.SetRate(speed, true)
		for range 10 {
			p.block(sine)
		}
		p.EndOfStream(1)
		end := float64(p.written) / rateHz
		for i := 0; !p.Drained(1); i++ {
			if i > 1000 {
				t.Fatalf("x%g: not drained, %v s queued", speed, p.Queued())
			}
			if p.Queued() <= 0 {
				t.Fatalf("x%g: nothing queued, and not drained", speed)
			}
			p.pull(443, nil)
		}
		n := len(p.at)
		p.pull(4430, nil)
		if got := p.at[n]; got < end-4.0/rateHz || got > end+443*speed/rateHz {
			t.Errorf("x%g: drained at %v, the sound ends at %v", speed, got, end)
		}
		if got, want := p.at[len(p.at)-1]-p.at[n], 4429*speed/rateHz; math.Abs(got-want) > 5.0/rateHz {
			t.Errorf("x%g: %v s of media after the end, want %v", speed, got, want)
		}
		if s := p.Stats(); s.Underruns != 0 || math.Abs(float64(s.SamplesPlayed)-float64(p.written)/speed) > 2 {
			t.Errorf("x%g: %+v of %d frames", speed, s, p.written)
		}
	}
}

func TestFeed_SpeedUnderrun(t *testing.T) {
	p := newTape(t)
	p.SetRate(2, true)
	for range 10 {
		p.block(sine)
	}
	p.pull(10000, nil)
	if s := p.Stats(); s.Underruns != 1 {
		t.Fatalf("%+v", s)
	}
	rest := 0.0
	for _, at := range p.at {
		if !math.IsNaN(at) {
			rest = at
		}
	}
	if end := float64(p.written) / rateHz; rest < end-4.0/rateHz || rest > end {
		t.Errorf("media time rests at %v, the sound ends at %v", rest, end)
	}
	n := len(p.at)
	p.pull(rateHz, sine)
	if first := p.at[n]; math.Abs(first-rest) > 3.0/rateHz {
		t.Errorf("goes on at %v after %v", first, rest)
	}
	p.wantSteady()
}

// TestFeed_SpeedPauseAndSeek stops and flushes in the midst of a hop.
func TestFeed_SpeedPauseAndSeek(t *testing.T) {
	p := newTape(t)
	p.SetRate(1.5, true)
	p.pull(5000, sine)
	p.SetRunning(false)
	p.pull(2000, sine)
	paused := p.at[5000+fade-1]
	if !math.IsNaN(p.at[5000+fade]) {
		t.Errorf("media time goes on after the fade")
	}
	p.SetRunning(true)
	p.pull(2000, sine)
	if got, want := p.at[7000], paused+1.5/rateHz; math.Abs(got-want) > 1e-9 {
		t.Errorf("goes on at %v, want %v", got, want)
	}
	p.Flush(2, 40)
	if q := p.Queued(); q != 0 {
		t.Errorf("%v s queued after the flush", q)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for i := range 8 {
		if err := p.Write(ctx, block(2, 40+media.Time(i)*1024/rateHz, 1024, dc(0.5))); err != nil {
			t.Fatal(err)
		}
	}
	n := len(p.at)
	p.pull(1000, nil)
	if p.at[n] != 40 {
		t.Errorf("begins at %v, want 40", p.at[n])
	}
}

// TestFeed_SpeedDump finds each block where media time says it is, and holes between blocks.
func TestFeed_SpeedDump(t *testing.T) {
	for _, keep := range []bool{true, false} {
		p := newTape(t)
		p.SetRate(2.5, keep)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for i := range 12 {
			at := media.Time(i) * 1024 / rateHz
			if i >= 6 {
				at += 0.05
			}
			if err := p.Write(ctx, block(1, at, 1024, dc(0.25))); err != nil {
				t.Fatal(err)
			}
		}
		p.EndOfStream(1)
		p.pull(8000, nil)
		var story strings.Builder
		for _, e := range p.played {
			story.WriteByte(" sgu"[e.Kind])
			if e.Kind == pcm.Sound && (e.Frames != 1024 || e.CRC == 0) || e.Kind == pcm.Gap && e.Frames != 2400 || e.Speed != 2.5 {
				t.Errorf("%+v", e)
			}
			if off := p.at[e.Index] - float64(e.PTS); math.Abs(off) > 1e-9 {
				t.Errorf("frame %d is of %v, the block's is said to be %v", e.Index, p.at[e.Index], e.PTS)
			}
			if i := e.Index; i > 0 && math.Abs(float64(e.PTS)-float64(int64(float64(e.PTS)*rateHz+0.5))/rateHz) > 2.5/rateHz {
				t.Errorf("%+v is no beginning", e)
			}
		}
		if got := story.String(); got != "ssssssgssssss" {
			t.Errorf("keep %v: %q", keep, got)
		}
	}
}

// TestFeed_SpeedQueuesMore fills the queue for as long as it has to last.
func TestFeed_SpeedQueuesMore(t *testing.T) {
	for _, c := range []struct {
		speed float64
		want  media.Span
	}{{0.5, 0.25}, {1, 0.25}, {2, 0.5}, {4, 1}, {100, 1}, {math.NaN(), 0.25}} {
		p := newTape(t)
		p.SetRate(c.speed, true)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		var err error
		for i := 0; err == nil && i < 1000; i++ {
			err = p.Write(ctx, block(1, media.Time(i)*1024/rateHz, 1024, dc(0)))
		}
		if got := p.Queued(); math.Abs(float64(got-c.want)) > 1e-9 {
			t.Errorf("x%g: %v s queued, want %v", c.speed, got, c.want)
		}
	}
}

func TestFeed_SpeedAllocs(t *testing.T) {
	f := pcm.NewFeed(&lastGen{}, pcm.Options{})
	f.Flush(1, 0)
	f.SetRunning(true)
	f.SetRate(2, true)
	buf := make([]float32, 2*480)
	a := block(1, 0, 480, sine)
	samples := a.Samples
	back := func(*frame.Audio) {}
	a.Release()
	at := media.Time(0)
	if n := testing.AllocsPerRun(1000, func() {
		for range 2 {
			a.Samples, a.PTS = samples, at
			a.Arm(back)
			_ = f.Write(context.Background(), a)
			at += 0.01
		}
		f.Pull(buf, epoch, 0)
	}); n != 0 {
		t.Errorf("two blocks from Write to Pull allocate %v times", n)
	}
	if s := f.Stats(); s.Underruns != 0 || s.SamplesPlayed < 470*1000 {
		t.Errorf("it did not play: %+v", s)
	}
}
