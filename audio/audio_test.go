package audio_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"mseplayer/audio"
	"mseplayer/audio/pcm"
	"mseplayer/mse/media"
	"mseplayer/player/clock"
	"mseplayer/player/frame"
	"mseplayer/player/playertest/soundcard"
)

func TestMain(m *testing.M) {
	soundcard.Main()
	code := m.Run()
	if n := frame.Live(); n != 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d sound blocks were not released\n", n)
		code = 1
	}
	os.Exit(code)
}

const (
	rateHz = 48000
	// childVar names the test that a child process runs.
	childVar = "MSEPLAYER_TEST_AUDIO_CHILD"
	// scale makes the left channel of the test sound tell a frame's number: exact, and too quiet to be clipped.
	scale  = 1 << 23
	toneHz = 440
)

// child runs the calling test in a process of its own, with extra environment, because a process can open the sound
// system once only and libasound reads the environment when it is loaded. It reports true in that process, and in the other one, when
// the child has passed, false.
func child(t *testing.T, env []string) (in bool, output string) {
	t.Helper()
	if os.Getenv(childVar) == t.Name() {
		return true, ""
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=50s")
	cmd.Env = append(append(os.Environ(), env...), childVar+"="+t.Name())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("in the child process: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if _, msg, ok := strings.Cut(line, "_test.go:"); ok {
			t.Log("child: " + strings.TrimSpace(msg))
		}
	}
	return false, string(out)
}

// sound is n frames of the test sound from frame first on: left the number, right a tone.
func sound(g media.Gen, first, n int) *frame.Audio {
	a := &frame.Audio{Gen: g, PTS: media.Time(first) / rateHz, Format: frame.AudioFormat{Rate: rateHz, Channels: 2}, Samples: make([]float32, 2*n)}
	for i := range n {
		a.Samples[2*i] = float32(first+i+1) / scale
		a.Samples[2*i+1] = float32(0.5 * math.Sin(2*math.Pi*toneHz*float64(first+i)/rateHz))
	}
	a.Arm(nil)
	return a
}

// feed writes frames [first, first+total) of a generation until ctx is done.
func feed(ctx context.Context, t *testing.T, d *audio.Device, g media.Gen, first, total int) {
	for n := first; n < first+total; n += 1024 {
		if err := d.Write(ctx, sound(g, n, min(1024, first+total-n))); err != nil {
			if !errors.Is(err, context.Canceled) && !errors.Is(err, pcm.ErrClosed) {
				t.Errorf("write: %v", err)
			}
			return
		}
	}
	d.EndOfStream(g)
}

// look is what the clock said at a time.
type look struct {
	wall time.Time
	at   media.Time
}

// watch reads the clock every 5 ms for a while; within a generation it must not go back.
func watch(t *testing.T, m *clock.Media, d time.Duration) (looks []look) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		now := time.Now()
		l := look{now, m.Now(now)}
		if n := len(looks); n > 0 && l.at < looks[n-1].at {
			t.Errorf("the clock went back from %v to %v", looks[n-1].at, l.at)
		}
		looks = append(looks, l)
	}
	return looks
}

// heard is what a recording tells about one stretch of the test sound.
type heard struct {
	from, to int // recorded frames
	first    int // number of the sound's frame at from
}

// stretches finds the stretches of sound in a recording, fades left out.
func stretches(r soundcard.Recording) (s []heard) {
	for i := range r.Frames() {
		n := int(math.Round(float64(r.Samples[2*i]) * scale))
		if n == 0 || float32(n)/scale != r.Samples[2*i] {
			continue
		}
		n--
		if k := len(s); k > 0 && s[k-1].to == i && s[k-1].first+i-s[k-1].from == n {
			s[k-1].to++
			continue
		}
		s = append(s, heard{i, i + 1, n})
	}
	long := s[:0]
	for _, h := range s {
		if h.to-h.from > 480 { // less is a coincidence in a fade
			long = append(long, h)
		}
	}
	return long
}

// compare tells how far the clock was off what was heard.
func compare(t *testing.T, r soundcard.Recording, s []heard, looks []look) (mean, worst float64) {
	t.Helper()
	n := 0
	for _, l := range looks {
		pos := l.wall.Sub(r.Start).Seconds() * r.RateHz
		for _, h := range s {
			if pos < float64(h.from) || pos >= float64(h.to) {
				continue
			}
			if (l.at >= 60) != (h.first >= 60*rateHz) {
				continue // the sound from before a seek is still heard
			}
			truth := (float64(h.first) + pos - float64(h.from)) / rateHz
			off := (float64(l.at) - truth) * 1000
			mean += off
			worst = max(worst, math.Abs(off))
			n++
		}
	}
	if n < len(looks)/2 {
		t.Fatalf("only %d of %d looks at the clock fall on sound", n, len(looks))
	}
	return mean / float64(n), worst
}

// frequency measures the tone by its zero crossings.
func frequency(r soundcard.Recording, h heard) float64 {
	first, last, n := 0.0, 0.0, 0
	for i := h.from + 1; i < h.to; i++ {
		a, b := float64(r.Samples[2*i-1]), float64(r.Samples[2*i+1])
		if a < 0 && b >= 0 {
			at := float64(i) - b/(b-a)
			if n == 0 {
				first = at
			}
			last = at
			n++
		}
	}
	return float64(n-1) / (last - first) * rateHz
}

// open starts a device and waits for it to be what the environment makes it.
func open(t *testing.T, want string, offset time.Duration) (*audio.Device, *clock.Media, *logged) {
	t.Helper()
	log := &logged{}
	d := audio.New(audio.Options{Log: slog.New(log), Offset: offset})
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	for end := time.Now().Add(10 * time.Second); !strings.HasPrefix(d.Stats().Device, want); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("device %q, want %q: %s", d.Stats().Device, want, log)
		}
	}
	time.Sleep(300 * time.Millisecond) // settles
	m := &clock.Media{}
	m.SetAudio(time.Now(), d)
	return d, m, log
}

// logged keeps what was logged above Debug.
type logged struct {
	mu    sync.Mutex
	lines []string
}

func (l *logged) Enabled(_ context.Context, v slog.Level) bool { return v > slog.LevelDebug }
func (l *logged) WithAttrs([]slog.Attr) slog.Handler           { return l }
func (l *logged) WithGroup(string) slog.Handler                { return l }
func (l *logged) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := r.Level.String() + " " + r.Message
	r.Attrs(func(a slog.Attr) bool { s += " " + a.String(); return true })
	l.lines = append(l.lines, s)
	return nil
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

type recorder interface {
	Recording() (soundcard.Recording, error)
}

// session plays, pauses, resumes and seeks, and compares what the clock says with what is heard.
func session(t *testing.T, name string, rec recorder, offset time.Duration, within float64) {
	d, m, log := open(t, name, offset)
	now := time.Now()
	m.Reset(now, 1, 0)
	d.Flush(1, 0)
	ctx, cancel := context.WithCancel(t.Context())
	go feed(ctx, t, d, 1, 0, 100*rateHz)
	for d.Queued() < 0.2 {
		time.Sleep(time.Millisecond)
	}
	m.Run(time.Now())
	d.SetRunning(true)
	looks := watch(t, m, 2500*time.Millisecond)

	m.Pause(time.Now())
	d.SetRunning(false)
	time.Sleep(400 * time.Millisecond)
	rest := m.Now(time.Now())
	time.Sleep(100 * time.Millisecond)
	if again := m.Now(time.Now()); again != rest {
		t.Errorf("paused at %v, then at %v", rest, again)
	}
	m.Run(time.Now())
	d.SetRunning(true)
	looks = append(looks, watch(t, m, time.Second)...)

	d.SetRunning(false)
	cancel()
	m.Reset(time.Now(), 2, 60)
	d.Flush(2, 60)
	go feed(t.Context(), t, d, 2, 60*rateHz, rateHz)
	for d.Queued() < 0.2 {
		time.Sleep(time.Millisecond)
	}
	m.Run(time.Now())
	d.SetRunning(true)
	looks = append(looks, watch(t, m, 1500*time.Millisecond)...)
	if !d.Drained(2) {
		t.Errorf("a second of sound is not drained after a second and a half")
	}
	d.SetRunning(false)
	time.Sleep(400 * time.Millisecond)

	st := d.Stats()
	if st.Underruns != 0 || st.SilentFrames != 0 || st.Device != name || log.String() != "" {
		t.Errorf("stats %+v, log %q; want no underrun and no warning", st, log)
	}
	r, err := rec.Recording()
	if err != nil {
		t.Fatal(err)
	}
	s := stretches(r)
	if len(s) != 3 {
		t.Fatalf("%d stretches of sound %v, want 3: before the pause, after it, after the seek", len(s), s)
	}
	// the fades at a pause belong to the sound: nothing is left out
	if gap := s[1].first - (s[0].first + s[0].to - s[0].from); gap < 0 || gap > 2*240+2 {
		t.Errorf("%d frames are missing at the pause", gap)
	}
	if s[2].first < 60*rateHz || s[2].first > 60*rateHz+241 || s[2].first+s[2].to-s[2].from != 61*rateHz {
		t.Errorf("after the seek: frames %d to %d, want all of the second from %d on", s[2].first, s[2].first+s[2].to-s[2].from, 60*rateHz)
	}
	if f := frequency(r, s[0]); math.Abs(f-toneHz) > 0.01 {
		t.Errorf("the tone has %v Hz", f)
	}
	var first time.Time
	if first = r.Time(float64(s[0].from - s[0].first)); first.Sub(st.FirstSound).Abs() > 15*time.Millisecond {
		t.Errorf("the first sound was heard %v after %v", first.Sub(st.FirstSound), st.FirstSound)
	}
	mean, worst := compare(t, r, s, looks)
	t.Logf("clock against what was heard: mean %+.2f ms, worst %.2f ms; tone %.4f Hz; %d looks; first sound %+.2f ms off", mean, worst, frequency(r, s[0]), len(looks), first.Sub(st.FirstSound).Seconds()*1000)
	if worst > within {
		t.Errorf("the clock was up to %.2f ms off (mean %.2f), want at most %v", worst, mean, within)
	}
	// real time: what was heard between two looks at the wall clock
	if ratio := float64(s[0].to-s[0].from) / rateHz / r.Time(float64(s[0].to)).Sub(r.Time(float64(s[0].from))).Seconds() * r.RateHz / rateHz; math.Abs(ratio-1) > 1e-3 {
		t.Errorf("played at %v of real time", ratio)
	}
}

func TestDevice_ALSA(t *testing.T) {
	dir := os.Getenv("MSEPLAYER_TEST_AUDIO_DIR")
	if dir == "" {
		dir = t.TempDir()
	}
	card, err := soundcard.New(dir, soundcard.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if in, _ := child(t, append(card.Env(), "MSEPLAYER_TEST_AUDIO_DIR="+dir)); in {
		session(t, "ALSA", card, soundcard.Buffer, 10)
	}
}

func TestDevice_PulseAudio(t *testing.T) {
	if in, _ := child(t, nil); !in {
		return
	}
	p, err := soundcard.StartPulse(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, e := range p.Env() {
		k, v, _ := strings.Cut(e, "=")
		t.Setenv(k, v) // for Go code; nothing of C is loaded
	}
	session(t, "PulseAudio", p, soundcard.BehindPulse, 10)
}
