package audio_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
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
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil { // whatever the cores: the tests wait most of the time
		panic(err)
	}
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
	dirVar   = "MSEPLAYER_TEST_AUDIO_DIR"
	// scale makes the left channel of the test sound tell a frame's number: exact, and too quiet to be clipped.
	scale  = 1 << 23
	toneHz = 440
)

// shared returns a directory that a test's parent and child process share.
func shared(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv(dirVar); dir != "" {
		return dir
	}
	return t.TempDir()
}

// A test that compares sound with real time says nothing when the machine is too busy to run it in time. It is repeated
// when the test program, which is scheduled like any other, was once kept waiting for longer than maxWait.
const (
	maxAttempts = 4
	maxWait     = 5 * time.Millisecond
)

// child runs the calling test in a process of its own, with extra environment, because a process can open the sound
// system once only and libasound reads the environment when it is loaded. It reports true in that process; in the other
// one, when the child has passed, false and what the child printed.
func child(t *testing.T, dir string, env []string) (in bool, output string) {
	t.Helper()
	if os.Getenv(childVar) == t.Name() {
		return true, ""
	}
	return false, repeat(t, func() (string, error) { return spawn(t, dir, env) })
}

// without is child on a machine without a sound device.
func without(t *testing.T, dir string) (in bool, output string) {
	t.Helper()
	env, err := soundcard.None(dir)
	if err != nil {
		t.Fatal(err)
	}
	return child(t, dir, env)
}

// onCard is child in the environment of a card, a new one for each attempt.
func onCard(t *testing.T, o soundcard.Options) (in bool, output string, card *soundcard.Card) {
	t.Helper()
	if os.Getenv(childVar) == t.Name() {
		return true, "", soundcard.Attach(shared(t))
	}
	output = repeat(t, func() (string, error) {
		dir := shared(t)
		var err error
		if card, err = soundcard.New(dir, o); err != nil {
			t.Fatal(err)
		}
		defer card.Close()
		return spawn(t, dir, card.Env())
	})
	return false, output, card
}

// repeat makes attempts until one succeeds, and returns what it printed. A failure counts when nothing excuses it.
func repeat(t *testing.T, attempt func() (output string, err error)) string {
	t.Helper()
	for n := 1; ; n++ {
		waited := longestWait()
		output, err := attempt()
		if most := waited(); err != nil && (most <= maxWait || n == maxAttempts) {
			t.Fatalf("in the child process: %v, attempt %d; the machine kept it waiting for %v\n%s", err, n, most, output)
		} else if err != nil {
			t.Logf("attempt %d failed, the machine kept it waiting for %v", n, most)
			continue
		}
		for line := range strings.Lines(output) {
			if _, msg, ok := strings.Cut(line, "_test.go:"); ok {
				t.Log("child: line " + strings.TrimSpace(msg))
			}
		}
		return output
	}
}

// longestWait begins to measure how late a sleeping goroutine is woken; the function it returns ends that and gives the
// longest delay.
func longestWait() (end func() time.Duration) {
	const nap = 2 * time.Millisecond
	stop, result := make(chan struct{}), make(chan time.Duration)
	go func() {
		most := time.Duration(0)
		for {
			select {
			case <-stop:
				result <- most
				return
			default:
			}
			before := time.Now()
			time.Sleep(nap)
			most = max(most, time.Since(before)-nap)
		}
	}()
	return func() time.Duration { close(stop); return <-result }
}

// spawn runs the calling test in a child process.
func spawn(t *testing.T, dir string, env []string) (output string, err error) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	pattern := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run="+pattern, "-test.v", "-test.timeout=50s")
	cmd.Env = append(append(os.Environ(), env...), childVar+"="+t.Name(), dirVar+"="+dir)
	var out []byte
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // the thread ends with the goroutine
		soundcard.Hurry()
		out, err = cmd.CombinedOutput()
	}()
	<-done
	return string(out), err
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

// feeding runs feed in the background until ctx is done; it has ended when the test's clean-up begins.
func feeding(ctx context.Context, t *testing.T, d *audio.Device, g media.Gen, first, total int) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		feed(ctx, t, d, g, first, total)
	}()
	t.Cleanup(func() { <-done })
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
	holes    int // recorded frames in between in which the card had nothing to play
}

// end is the number of the sound's frame after the last one.
func (h heard) end() int { return h.first + h.to - h.from - h.holes }

const (
	// maxHole is how long the card may run dry on a machine that has other things to do, and maxLost what PulseAudio may
	// lose then, in frames.
	maxHole = 9600
	maxLost = 480
	// upset is for how many frames after that the clock does not count.
	upset = rateHz / 2
)

// stretches finds the stretches of sound in a recording, fades left out: those without holes, and those with holes that
// the machine made by being busy.
func stretches(r soundcard.Recording) (pure, whole []heard) {
	var s []heard
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
		s = append(s, heard{from: i, to: i + 1, first: n})
	}
	for _, h := range s {
		if h.to-h.from < 16 {
			continue // a coincidence in a fade
		}
		pure = append(pure, h)
		if k := len(whole); k > 0 && h.from > whole[k-1].to && h.from-whole[k-1].to < maxHole && h.first >= whole[k-1].end() && h.first <= whole[k-1].end()+maxLost && r.DryFrames(whole[k-1].to)-r.DryFrames(h.from) > 0 {
			whole[k-1].holes += h.from - whole[k-1].to - (h.first - whole[k-1].end())
			whole[k-1].to = h.to
			continue
		}
		whole = append(whole, h)
	}
	return pure, whole
}

// compare tells how far the clock was off what was heard, in milliseconds: on average, and in 95 of 100 looks at most.
// Looks soon after the card ran dry do not count: neither oto nor the clock can know of that at once.
func compare(t *testing.T, r soundcard.Recording, s []heard, looks []look) (mean, most float64) {
	t.Helper()
	lastDry := make([]int, r.Frames()) // before each frame
	for i, last := 0, -upset; i < r.Frames(); i++ {
		if math.Float32bits(r.Samples[2*i]) == math.Float32bits(soundcard.Dry) {
			last = i
		}
		lastDry[i] = last
	}
	var offs []float64
	busy := 0
	for _, l := range looks {
		pos := l.wall.Sub(r.Start).Seconds() * r.RateHz
		for _, h := range s {
			if pos < float64(h.from) || pos >= float64(h.to) || (l.at >= 60) != (h.first >= 60*rateHz) {
				continue // the last one: the sound from before a seek is still heard
			}
			if int(pos)-lastDry[int(pos)] < upset {
				busy++
				continue
			}
			truth := (float64(h.first) + pos - float64(h.from)) / rateHz
			off := (float64(l.at) - truth) * 1000
			mean += off
			offs = append(offs, math.Abs(off))
		}
	}
	if len(offs) < len(looks)/5 {
		t.Fatalf("only %d of %d looks at the clock fall on sound; the machine was too busy for %d", len(offs), len(looks), busy)
	}
	slices.Sort(offs)
	return mean / float64(len(offs)), offs[len(offs)*95/100]
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

func recording(t *testing.T, rec recorder) soundcard.Recording {
	t.Helper()
	r, err := rec.Recording()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// session plays, pauses, resumes and seeks, and compares what the clock says with what is heard, in milliseconds.
func session(t *testing.T, name string, rec recorder, offset time.Duration, within float64) {
	d, m, log := open(t, name, offset)
	now := time.Now()
	m.Reset(now, 1, 0)
	d.Flush(1, 0)
	ctx, cancel := context.WithCancel(t.Context())
	feeding(ctx, t, d, 1, 0, 100*rateHz)
	for d.Queued() < 0.2 {
		time.Sleep(time.Millisecond)
	}
	m.Run(time.Now())
	d.SetRunning(true)
	moving(t, m)
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
	feeding(t.Context(), t, d, 2, 60*rateHz, rateHz)
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
	r := recording(t, rec)
	pure, s := stretches(r)
	if len(s) != 3 {
		t.Fatalf("stretches of sound %+v, want 3: before the pause, after it, after the seek", s)
	}
	// the fades at a pause belong to the sound: nothing is left out
	if gap := s[1].first - s[0].end(); gap < 0 || gap > 2*240+2 && s[0].holes+s[1].holes == 0 {
		t.Errorf("%d frames are missing at the pause", gap)
	}
	holes := s[0].holes + s[1].holes + s[2].holes
	if s[2].first < 60*rateHz || s[2].first > 60*rateHz+241 || s[2].end() != 61*rateHz {
		t.Errorf("after the seek: frames %d to %d, want all of the second from %d on", s[2].first, s[2].end(), 60*rateHz)
	}
	longest := slices.MaxFunc(pure, func(a, b heard) int { return (a.to - a.from) - (b.to - b.from) })
	tone := frequency(r, longest)
	if math.Abs(tone-toneHz) > 0.01 {
		t.Errorf("the tone has %v Hz", tone)
	}
	first := r.Time(float64(s[0].from - s[0].first)).Sub(st.FirstSound)
	if first.Abs() > 20*time.Millisecond && s[0].holes == 0 {
		t.Errorf("the first sound was heard %v after %v", first, st.FirstSound)
	}
	mean, most := compare(t, r, pure, looks)
	t.Logf("clock against what was heard: mean %+.2f ms, 95 %% within %.2f ms; tone %.4f Hz; %d looks; first sound %+.2f ms off; the card was dry for %d frames",
		mean, most, tone, len(looks), first.Seconds()*1000, holes)
	if most > within {
		t.Errorf("the clock was %.2f ms off (mean %.2f), want at most %v", most, mean, within)
	}
	// in real time: two and a half seconds were heard before the pause, give or take the device's delay
	if n := float64(s[0].to-s[0].from) / r.RateHz; n < 2.4 || n > 3.2 {
		t.Errorf("%v s were heard in two and a half", n)
	}
}

func TestDevice_ALSA(t *testing.T) {
	t.Parallel()
	if in, _, card := onCard(t, soundcard.Options{PPM: 300}); in {
		session(t, "ALSA", card, soundcard.Buffer, 10)
	}
}

func TestDevice_PulseAudio(t *testing.T) {
	t.Parallel()
	dir := shared(t)
	if in, _ := child(t, dir, nil); in {
		session(t, "PulseAudio", pulse(t, dir), soundcard.BehindPulse, 10)
	}
}

// pulse starts a PulseAudio server that ends with this process: the client notes without a lock that the connection has
// ended, after it has been asked for errors.
func pulse(t *testing.T, dir string) *soundcard.Pulse {
	t.Helper()
	dir, err := os.MkdirTemp(dir, "p")
	if err != nil {
		t.Fatal(err)
	}
	p, err := soundcard.StartPulse(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range p.Env() {
		k, v, _ := strings.Cut(e, "=")
		if err := os.Setenv(k, v); err != nil { // Go code reads these; no C library is loaded
			t.Fatal(err)
		}
	}
	return p
}

// moving waits for the clock to move: a card needs a moment to start.
func moving(t *testing.T, m *clock.Media) {
	t.Helper()
	begin := m.Now(time.Now())
	for end := time.Now().Add(5 * time.Second); m.Now(time.Now()) == begin; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the clock stays at %v", begin)
		}
	}
}

// playFrom0 plays a generation from 0 on, for as long as ctx is alive.
func playFrom0(ctx context.Context, t *testing.T, d *audio.Device, m *clock.Media, g media.Gen) {
	t.Helper()
	m.Reset(time.Now(), g, 0)
	d.Flush(g, 0)
	feeding(ctx, t, d, g, 0, 100*rateHz)
	m.Run(time.Now())
	d.SetRunning(true)
}

// alive plays for a while and checks that time goes on as it should, on a device that may be held up.
func alive(t *testing.T, d *audio.Device, m *clock.Media, g media.Gen) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	playFrom0(ctx, t, d, m, g)
	moving(t, m)
	looks := watch(t, m, time.Second)
	first, last := looks[0], looks[len(looks)-1]
	slowest := 0.95
	if d.Stats().Device == "ALSA" {
		slowest = 0.5 // a busy machine lets the card run dry
	}
	if rate := float64(last.at-first.at) / last.wall.Sub(first.wall).Seconds(); rate < slowest || rate > 1.05 {
		t.Errorf("time passes at %v", rate)
	}
	d.SetRunning(false)
	m.Pause(time.Now())
}

// TestDevice_None: a machine without sound plays on in silence, says so once, and keeps the terminal clean.
func TestDevice_None(t *testing.T) {
	t.Parallel()
	in, out := without(t, shared(t))
	if !in {
		if strings.Contains(strings.ToLower(out), "alsa") {
			t.Errorf("libasound wrote to the terminal:\n%s", out)
		}
		return
	}
	d, m, log := open(t, "null (no sound device)", 0)
	alive(t, d, m, 1)
	alive(t, d, m, 2)
	if log.String() != "WARN no sound, playing on in silence err=no sound device" {
		t.Errorf("logged %q, want one warning", log)
	}
	if st := d.Stats(); st.Underruns != 0 || st.SamplesPlayed < rateHz || st.FirstSound.IsZero() {
		t.Errorf("stats %+v", st)
	}
}

// TestDevice_Broken: a configuration whose device cannot be opened.
func TestDevice_Broken(t *testing.T) {
	t.Parallel()
	dir := shared(t)
	conf := dir + "/broken.conf"
	if err := os.WriteFile(conf, []byte("pcm.!default { type hw card 7 }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if in, _ := child(t, dir, []string{"ALSA_CONFIG_PATH=" + conf, "PULSE_SERVER=" + dir + "/none"}); !in {
		return
	}
	d, m, log := open(t, "null (", 0)
	alive(t, d, m, 1)
	if got := log.String(); strings.Count(got, "\n") != 0 || !strings.Contains(got, "ALSA") {
		t.Errorf("logged %q, want one warning that tells why", got)
	}
	if n := len(d.Stats().Device); n > 150 {
		t.Errorf("the device's name has %d bytes", n)
	}
	// the process has had its chance
	again, _, _ := open(t, "null (", 0)
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestDevice_Mute: a sound server that accepts connections and never answers.
func TestDevice_Mute(t *testing.T) {
	t.Parallel()
	dir := shared(t)
	if in, _ := without(t, dir); !in {
		return
	}
	l, err := net.Listen("unix", dir+"/mute")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Setenv("PULSE_SERVER", "{nowhere}tcp:localhost:1 unix:"+dir+"/mute"); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	d, m, _ := open(t, "null (", 0)
	if took := time.Since(begin); took > 8*time.Second {
		t.Errorf("it took %v to give up", took)
	}
	alive(t, d, m, 1)
}

// TestDevice_Lost stops the sound server while it plays: first it hangs, then in another process it dies.
func TestDevice_Lost(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]syscall.Signal{"hangs": syscall.SIGSTOP, "dies": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := shared(t)
			if in, _ := child(t, dir, nil); !in {
				return
			}
			p := pulse(t, dir)
			d, m, log := open(t, "PulseAudio", soundcard.BehindPulse)
			playFrom0(t.Context(), t, d, m, 1)
			watch(t, m, time.Second)
			if err := p.Signal(how); err != nil {
				t.Fatal(err)
			}
			looks := watch(t, m, 4*time.Second)
			end, mid := looks[len(looks)-1], looks[len(looks)-100]
			if rate := float64(end.at-mid.at) / end.wall.Sub(mid.wall).Seconds(); math.Abs(rate-1) > 0.05 {
				t.Errorf("after the loss time passes at %v", rate)
			}
			if name := d.Stats().Device; !strings.HasPrefix(name, "null (") || strings.Count(log.String(), "WARN") != 1 {
				t.Errorf("device %q, log %q", name, log)
			}
			if how == syscall.SIGSTOP {
				if err := p.Signal(syscall.SIGCONT); err != nil {
					t.Fatal(err)
				}
				regained(t, d, m, "PulseAudio")
			}
			begin := time.Now()
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("Close took %v", took)
			}
		})
	}
}

// regained waits until a device plays on that name, and checks that time goes on.
func regained(t *testing.T, d *audio.Device, m *clock.Media, name string) {
	t.Helper()
	before, end := m.Now(time.Now()), time.Now().Add(15*time.Second)
	for ; d.Stats().Device != name; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the device is still %q", d.Stats().Device)
		}
		if now := m.Now(time.Now()); now < before {
			t.Fatalf("the clock went back from %v to %v", before, now)
		} else {
			before = now
		}
	}
	watch(t, m, 500*time.Millisecond) // the device settles
	looks := watch(t, m, time.Second)
	first, last := looks[0], looks[len(looks)-1]
	if rate := float64(last.at-first.at) / last.wall.Sub(first.wall).Seconds(); rate < 0.9 || rate > 1.1 {
		t.Errorf("with sound again time passes at %v", rate)
	}
}

// TestDevice_Appears: a card that is plugged in while playback goes on without sound.
func TestDevice_Appears(t *testing.T) {
	t.Parallel()
	dir := shared(t)
	if in, _ := without(t, dir); !in {
		return
	}
	d, m, log := open(t, "null (no sound device)", 0)
	playFrom0(t.Context(), t, d, m, 1)
	watch(t, m, time.Second)
	card, err := soundcard.New(dir, soundcard.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := card.Close(); err != nil {
			t.Error(err)
		}
	})
	conf, err := os.ReadFile(strings.TrimPrefix(card.Env()[0], "ALSA_CONFIG_PATH="))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv("ALSA_CONFIG_PATH"), conf, 0o600); err != nil {
		t.Fatal(err)
	}
	regained(t, d, m, "ALSA")
	_, whole := stretches(recording(t, card))
	played := 0
	for _, h := range whole {
		played += h.to - h.from - h.holes
	}
	if played < rateHz/2 {
		t.Errorf("the card got %d frames of the sound", played)
	}
	if !strings.Contains(log.String(), "there is sound again") {
		t.Errorf("log %q", log)
	}
}

// TestDevice_Suspends rests for so long that the device is suspended, seeks, and plays on.
func TestDevice_Suspends(t *testing.T) {
	t.Parallel()
	in, _, card := onCard(t, soundcard.Options{})
	if !in {
		return
	}
	d, m, log := open(t, "ALSA", soundcard.Buffer)
	alive(t, d, m, 1)
	time.Sleep(6 * time.Second)
	before := recording(t, card).Frames()
	time.Sleep(time.Second)
	r := recording(t, card)
	if n := r.Frames() - before - r.DryFrames(before); n != 0 {
		t.Errorf("%d frames went to the card in a second, long after the pause", n)
	}
	// a seek while it sleeps can fill the queue
	m.Reset(time.Now(), 2, 60)
	d.Flush(2, 60)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	feeding(ctx, t, d, 2, 60*rateHz, 100*rateHz)
	for end := time.Now().Add(time.Second); d.Queued() < 0.2; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%v s queued while the device sleeps", d.Queued())
		}
	}
	m.Run(time.Now())
	d.SetRunning(true)
	looks := watch(t, m, 1500*time.Millisecond)
	time.Sleep(300 * time.Millisecond)
	d.SetRunning(false)
	time.Sleep(300 * time.Millisecond)
	r = recording(t, card)
	pure, s := stretches(r)
	if len(s) != 2 {
		t.Fatalf("stretches of sound %+v, want one before the sleep and one after", s)
	}
	woke := slices.IndexFunc(looks, func(l look) bool { return l.at > 60 })
	if woke < 0 {
		t.Fatalf("the clock stays at %v", looks[0].at)
	}
	took := looks[woke].wall.Sub(looks[0].wall)
	mean, most := compare(t, r, pure, looks[woke:])
	t.Logf("after the sleep: mean %+.2f ms, 95 %% within %.2f ms; the clock moved after %v", mean, most, took)
	if most > 10 || took > time.Second || d.Stats().Underruns != 0 || log.String() != "" {
		t.Errorf("after the sleep the clock is %.2f ms off; stats %+v; log %q", most, d.Stats(), log)
	}
}

// TestDevice_OneAtATime opens several devices in one process.
func TestDevice_OneAtATime(t *testing.T) {
	t.Parallel()
	if in, _, _ := onCard(t, soundcard.Options{}); !in {
		return
	}
	first, m, _ := open(t, "ALSA", 0)
	second, m2, _ := open(t, "null (the device is used by another player", 0)
	alive(t, second, m2, 1)
	alive(t, first, m, 1)
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	third, m3, _ := open(t, "ALSA", 0)
	alive(t, third, m3, 1)
	if err := third.Close(); err != nil {
		t.Error(err)
	}
	mono := audio.New(audio.Options{Options: pcm.Options{Format: frame.AudioFormat{Rate: 44100, Channels: 1}}})
	if err := mono.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer mono.Close()
	for end := time.Now().Add(5 * time.Second); !strings.Contains(mono.Stats().Device, "opened with 48000 Hz and 2 channels"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("device %q", mono.Stats().Device)
		}
	}
}

func TestDevice_Life(t *testing.T) {
	d := audio.New(audio.Options{})
	if got := d.Stats().Device; got != "none yet" {
		t.Errorf("device %q before Start", got)
	}
	for range 2 {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := d.Start(t.Context()); err == nil {
		t.Errorf("started after Close")
	}
	if err := d.Write(t.Context(), sound(0, 0, 20000)); !errors.Is(err, pcm.ErrClosed) {
		t.Errorf("Write after Close: %v", err)
	}
	if f := d.Format(); f.Rate != rateHz || f.Channels != 2 {
		t.Errorf("format %+v", f)
	}
	defer func() {
		if recover() == nil {
			t.Errorf("a device of six channels was made")
		}
	}()
	audio.New(audio.Options{Options: pcm.Options{Format: frame.AudioFormat{Channels: 6}}})
}
