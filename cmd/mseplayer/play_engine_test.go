package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"mseplayer/assets/demo"
	"mseplayer/audio/null"
	"mseplayer/mse/media"
	"mseplayer/player"
	"mseplayer/player/decode"
	"mseplayer/player/element"
	"mseplayer/player/fetch"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/frame"
)

// engine plays the demo within the test, with FFmpeg's decoders, a silent sound device and a surface that reads the
// number of every picture that it is lent.
type engine struct {
	p      *player.Player
	sink   *null.Sink
	screen *screen
	cancel context.CancelFunc
	done   chan struct{} // closed when the screen has ended
	client *fetch.Client
}

func openEngine(ctx context.Context, cfg player.Config, decoders decode.Factory) (*engine, error) {
	mounts := map[string]fs.FS{"demo": demo.FS}
	client, err := fetch.New(fetch.Config{Mounts: mounts})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	e := &engine{sink: null.New(null.Options{}), screen: &screen{}, cancel: cancel, done: make(chan struct{}), client: client}
	if err := e.sink.Start(ctx); err != nil {
		cancel()
		return nil, err
	}
	e.p = player.New(cfg, player.Deps{Decoders: decoders, Demuxer: ffmpeg.Factory{}, Audio: e.sink, Fetch: client, Mounts: mounts})
	go func() { defer close(e.done); e.screen.run(ctx, e.p) }()
	return e, e.p.Open(ctx, demoName)
}

// loaded reports whether all tracks are known, which a seek needs as well, and buffered up to t.
func (e *engine) loaded(t media.Time) bool {
	s := e.p.State()
	return s.ReadyState >= element.HaveMetadata && s.Buffered.End() >= t
}

// close frees everything.
func (e *engine) close() error {
	e.p.Stop()
	e.cancel()
	<-e.done
	e.p.Close()
	err := e.sink.Close()
	if err2 := e.client.Close(); err == nil {
		err = err2
	}
	return err
}

// sight is a picture when it was lent for the first time.
type sight struct {
	gen    media.Gen
	pts    media.Time
	number int
}

// screen is a surface of 60 Hz.
type screen struct {
	mu    sync.Mutex
	shown []sight // guarded by mu
	err   error   // guarded by mu: a picture that could not be read
}

func (s *screen) run(ctx context.Context, p *player.Player) {
	const interval = time.Second / 60
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		// Refreshes that were missed are not made up for, as on a display.
		next = next.Add(max(interval, time.Since(next).Truncate(interval)))
		v, fresh := p.Frames().Pick(next, next.Add(interval))
		timer.Reset(time.Until(next))
		if !fresh {
			continue
		}
		n, err := pictureNumber(v)
		s.mu.Lock()
		s.shown = append(s.shown, sight{v.Gen, v.PTS, n})
		if err != nil && s.err == nil {
			s.err = fmt.Errorf("picture of %s: %w", v.PTS, err)
		}
		s.mu.Unlock()
	}
}

// of gives what was shown of a generation.
func (s *screen) of(g media.Gen) (out []sight, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.shown {
		if x.gen == g {
			out = append(out, x)
		}
	}
	return out, s.err
}

// settled is what a test of the engine must leave behind as it found it.
type settled struct {
	live       int64
	goroutines int
}

func settle() settled { return settled{frame.Live(), runtime.NumGoroutine()} }

// check waits a moment for goroutines that are about to end.
func (s settled) check(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Second)
	now := settle()
	for ; now.goroutines > s.goroutines && time.Now().Before(deadline); now = settle() {
		time.Sleep(5 * time.Millisecond)
	}
	if now.live != s.live {
		t.Errorf("%d frames leaked", now.live-s.live)
	}
	if now.goroutines > s.goroutines {
		b := make([]byte, 1<<16)
		t.Errorf("%d goroutines, %d before\n%s", now.goroutines, s.goroutines, b[:runtime.Stack(b, true)])
	}
}

// slowFactory makes FFmpeg's video decoders take longer, by a delay that depends on the number of the frame.
type slowFactory struct {
	ffmpeg.Factory
	delay func(n int) time.Duration
}

// NewVideo implements decode.Factory.
func (f slowFactory) NewVideo(cfg *media.DecoderConfig, o decode.Options) (decode.VideoDecoder, error) {
	d, err := f.Factory.NewVideo(cfg, o)
	if err != nil {
		return nil, err
	}
	return slowDecoder{d, f.delay}, nil
}

type slowDecoder struct {
	decode.VideoDecoder
	delay func(n int) time.Duration
}

// Decode implements decode.VideoDecoder.
func (d slowDecoder) Decode(f *media.CodedFrame, emit func(*frame.Video) error) error {
	time.Sleep(d.delay(demoFrame(float64(f.PTS))))
	return d.VideoDecoder.Decode(f, emit)
}

// TestPlay_SlowDecoder makes real decoders too slow in several ways. It proves that droppedVideoFrames is exactly the
// number of frames that were never shown: the numbers in the pictures that the surface got are compared with all that
// there are.
func TestPlay_SlowDecoder(t *testing.T) {
	const start = 10.0 // six seconds are played, with random access points at 10, 12 and 14
	cases := []struct {
		name          string
		delay         func(n int) time.Duration
		late, skipped bool // what must be among the drops
	}{
		{"just fast enough", func(int) time.Duration { return 20 * time.Millisecond }, false, false},
		{"a hiccup each second", func(n int) time.Duration {
			return map[bool]time.Duration{true: 430 * time.Millisecond}[n%demoRate == 20]
		}, true, false},
		{"too slow by a third", func(int) time.Duration { return 45 * time.Millisecond }, true, true},
		{"one long break", func(n int) time.Duration { return map[bool]time.Duration{true: 1200 * time.Millisecond}[n == 340] }, true, true},
	}
	before := settle()
	together(len(cases), len(cases), func(i int) {
		c := cases[i]
		e, err := openEngine(t.Context(), player.Config{Start: start, Quality: "180p"}, slowFactory{delay: c.delay})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			return
		}
		e.p.Play()
		select {
		case <-e.p.Ended():
		case <-time.After(patienceOf(6)):
			t.Errorf("%s: does not end: %+v", c.name, e.p.State())
		}
		r := e.p.Report(nil)
		shown, err := e.screen.of(r1(e.p.Playhead()))
		if err := e.close(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil || r.Error != nil {
			t.Errorf("%s: %v, report %v", c.name, err, r.Error)
		}
		seen := map[int]bool{}
		last := -1
		for _, x := range shown {
			if x.number != demoFrame(float64(x.pts)) || x.number <= last {
				t.Errorf("%s: the picture of %s, after frame %d, is frame %d", c.name, x.pts, last, x.number)
			}
			seen[x.number], last = true, x.number
		}
		var never []int
		for n := demoFrame(start); n < demoFrames; n++ {
			if !seen[n] {
				never = append(never, n)
			}
		}
		q, f := r.Quality, r.Frames
		t.Logf("%s: total %d, dropped %d (late %d, skipped %d), never shown %d", c.name, q.Total, q.Dropped, f.Late, f.SkippedToKeyframe, len(never))
		if int(q.Dropped) != len(never) || int(f.Presented) != len(seen) || int(q.Total) != demoFrames-demoFrame(start) || f.CadenceSkipped+f.Hidden+f.DecodeErrors != 0 {
			t.Errorf("%s: %d frames shown, never shown %v, but %+v %+v", c.name, len(seen), never, q, f)
		}
		if c.late && f.Late == 0 || c.skipped && f.SkippedToKeyframe == 0 {
			t.Errorf("%s: late %d, skipped to a key frame %d", c.name, f.Late, f.SkippedToKeyframe)
		}
	})
	before.check(t)
}

// r1 is the second of two results.
func r1[A, B any](_ A, b B) B { return b }

// TestPlay_Seeks seeks 200 times to any point of the loaded demo, half of the time while it plays, with real decoders. It
// proves that the first picture after each seek is the frame that contains the target, by the number in it (while it
// plays: or one that the position has come to since), and that nothing is left behind: no picture, no goroutine, and no
// more memory after 200 seeks than after 50.
func TestPlay_Seeks(t *testing.T) {
	const (
		seeks, warm = 200, 50
		maxGrowth   = 12 << 20
		limit       = 5 * time.Second
	)
	before := settle()
	e, err := openEngine(t.Context(), player.Config{Quality: "360p"}, ffmpeg.Factory{})
	if err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); !e.loaded(15.9); time.Sleep(time.Millisecond) {
		if time.Since(start) > limit {
			t.Fatalf("does not load: %+v", e.p.State())
		}
	}
	random := rand.New(rand.NewPCG(16, 9))
	var took []time.Duration
	var rss int64
	exact := 0
	for i := range seeks {
		target := media.Time(random.Float64() * 15.99)
		switch random.IntN(4) {
		case 0: // on a frame's very beginning
			target = media.FromTicks(random.Int64N(demoFrames), demoRate)
		case 1:
			e.p.Play()
		case 2:
			e.p.Pause()
		}
		start := time.Now()
		e.p.Seek(target)
		gen := r1(e.p.Playhead())
		var first []sight
		for len(first) == 0 || e.p.State().Seeking {
			if time.Since(start) > limit {
				t.Fatalf("seek %d to %s does not end: %+v", i, target, e.p.State())
			}
			time.Sleep(time.Millisecond)
			if first, err = e.screen.of(gen); err != nil {
				t.Fatal(err)
			}
		}
		elapsed := time.Since(start)
		took = append(took, elapsed)
		want := demoFrame(float64(target))
		latest := want
		if !e.p.State().Paused { // playback may have left the frame before the surface asked for a picture
			latest = demoFrame(float64(target) + (elapsed + time.Second/60).Seconds())
		}
		if got := first[0].number; got != demoFrame(float64(first[0].pts)) || got < want || got > latest {
			t.Errorf("seek %d to %s shows frame %d with time %s, want %d to %d", i, target, got, first[0].pts, want, latest)
		}
		if got := first[0].number; got == want {
			exact++
		}
		if i+1 == warm {
			rss = residentBytes(t)
		}
	}
	growth := residentBytes(t) - rss
	r := e.p.Report(nil)
	if r.Error != nil || len(r.Seeks) != seeks || r.Quality.Corrupted != 0 || exact < seeks*9/10 {
		t.Errorf("error %v, %d seeks, %d exact, %+v %+v", r.Error, len(r.Seeks), exact, r.Quality, r.Frames)
	}
	if err := e.close(); err != nil {
		t.Error(err)
	}
	before.check(t)
	slices.Sort(took)
	t.Logf("%d exact, median %v, slowest %v; %d KiB more after %d seeks than after %d", exact, took[seeks/2], took[seeks-1], growth>>10, seeks, warm)
	if growth > maxGrowth {
		t.Errorf("%d KiB more after %d seeks than after %d", growth>>10, seeks, warm)
	}
}

// residentBytes is the memory of this process that is in use: what Go could give back is given back first.
func residentBytes(t *testing.T) int64 {
	t.Helper()
	debug.FreeOSMemory()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(string(bytes.Fields(b)[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
