package soundcard_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mseplayer/player/playertest/soundcard"
)

func TestMain(m *testing.M) {
	soundcard.Main()
	os.Exit(m.Run())
}

// ramp is n frames whose samples tell their number.
func ramp(from, n int) []byte {
	var b []byte
	for i := range n {
		v := math.Float32bits(float32(from+i+1) / (1 << 20))
		b = binary.LittleEndian.AppendUint32(b, v)
		b = binary.LittleEndian.AppendUint32(b, v^1<<31)
	}
	return b
}

// TestCard plays into the card the way libasound does: it opens what the configuration names and writes.
func TestCard(t *testing.T) {
	dir := t.TempDir()
	c, err := soundcard.New(dir, soundcard.Options{PPM: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Recording(); err == nil {
		t.Errorf("a recording before anything was played")
	}
	env := strings.Join(c.Env(), "\n")
	conf, err := os.ReadFile(filepath.Join(dir, "alsa.conf"))
	if err != nil || !strings.Contains(env, filepath.Join(dir, "alsa.conf")) {
		t.Fatalf("environment %q, configuration: %v", env, err)
	}
	m := regexp.MustCompile(`file "(.*)"`).FindSubmatch(conf)
	if m == nil {
		t.Fatalf("no file in %s", conf)
	}
	in, err := os.OpenFile(string(m[1]), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	write := func(from, n int) {
		t.Helper()
		if _, err := in.Write(ramp(from, n)); err != nil {
			t.Fatal(err)
		}
	}
	// a second in periods of 20 ms: the first fits at once, the others when there is room
	begin, full := time.Now(), time.Time{}
	for n := 0; n < 48000; n += 960 {
		write(n, 960)
		if n == 0 {
			full = time.Now()
		}
	}
	took := time.Since(full)
	if want := 49 * 20 * time.Millisecond * 1000 / 1001; took < want-soundcard.Buffer || took > want+5*time.Second {
		t.Errorf("49 periods of 20 ms took %v", took)
	}
	time.Sleep(150 * time.Millisecond) // runs dry
	write(48000, 4800)
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := soundcard.Attach(dir).Recording()
	if err != nil {
		t.Fatal(err)
	}
	if r.Start.Before(begin) || r.Start.After(full.Add(took)) {
		t.Errorf("the card began %v after the first write", r.Start.Sub(begin))
	}
	if math.Abs(r.RateHz-48048) > 1e-6 || (r.Time(48048).Sub(r.Start)-time.Second).Abs() > time.Microsecond {
		t.Errorf("rate %v, a second later %v", r.RateHz, r.Time(48048).Sub(r.Start))
	}
	// every frame was heard once, and where nothing was written there is silence; a busy machine makes more of that
	next, silent, dry := 1, 0, 0
	for i := range r.Frames() {
		l, rr := r.Samples[2*i], r.Samples[2*i+1]
		if l != -rr {
			t.Fatalf("frame %d: %v and %v", i, l, rr)
		}
		if l == 0 {
			silent++
			continue
		}
		if next == 48001 {
			dry = silent
		}
		silent = 0
		if got := int(math.Round(float64(l) * (1 << 20))); got != next {
			t.Fatalf("frame %d is %d, want %d", i, got, next)
		}
		next++
	}
	if n := r.DryFrames(0); n < 48*5 || r.DryFrames(r.Frames()) != 0 {
		t.Errorf("%d frames were heard of nothing", n)
	}
	if next != 52801 {
		t.Errorf("heard up to %d, want 52800", next-1)
	}
	if ms := float64(dry) / 48; ms < 5 || ms > 5000 {
		t.Errorf("a hole of %v ms, want about 130 on an idle machine", ms)
	}
}

func TestNew_Fails(t *testing.T) {
	if _, err := soundcard.New(t.TempDir()+"/100%", soundcard.Options{}); err == nil {
		t.Errorf("a path that cannot be quoted")
	}
	if _, err := soundcard.New(filepath.Join(t.TempDir(), "none"), soundcard.Options{}); err == nil {
		t.Errorf("a directory that does not exist")
	}
	if err := soundcard.Attach(t.TempDir()).Close(); err != nil {
		t.Error(err)
	}
	if _, err := soundcard.None(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Errorf("a directory that does not exist")
	}
}
