package soundcard_test

import (
	"encoding/binary"
	"math"
	"os"
	"os/exec"
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

// TestCard plays into the card the way libasound does: by the command of its configuration.
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
	m := regexp.MustCompile(`file "\|(.*)"`).FindSubmatch(conf)
	if m == nil {
		t.Fatalf("no command in %s", conf)
	}
	cmd := exec.Command("sh", "-c", string(m[1]))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write := func(from, n int) {
		t.Helper()
		if _, err := in.Write(ramp(from, n)); err != nil {
			t.Fatalf("%v: %s", err, stderr.String())
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
	// what the pipe holds before the card has made it small is 170 ms; the load of the machine has no bound
	if want := 49 * 20 * time.Millisecond; took < want-200*time.Millisecond || took > want+5*time.Second {
		t.Errorf("49 periods of 20 ms took %v", took)
	}
	time.Sleep(150 * time.Millisecond) // runs dry
	write(48000, 4800)
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	r, err := c.Recording()
	if err != nil {
		t.Fatal(err)
	}
	if r.Start.Before(begin) || r.Start.After(full.Add(took)) {
		t.Errorf("the card began %v after the first write", r.Start.Sub(begin))
	}
	if math.Abs(r.RateHz-48048) > 1e-6 || (r.Time(48048).Sub(r.Start)-time.Second).Abs() > time.Microsecond {
		t.Errorf("rate %v, a second later %v", r.RateHz, r.Time(48048).Sub(r.Start))
	}
	next, holes, run := 1, 0, 0
	for i := range r.Frames() {
		l, rr := r.Samples[2*i], r.Samples[2*i+1]
		if l != -rr {
			t.Fatalf("frame %d: %v and %v", i, l, rr)
		}
		if l == 0 {
			run++
			continue
		}
		if run > 0 {
			if next != 48001 {
				t.Fatalf("a hole before frame %d", next)
			}
			if ms := float64(run) / 48; ms < 5 || ms > 5000 {
				t.Errorf("a hole of %v ms, want about 130 on an idle machine", ms)
			}
			holes, run = holes+1, 0
		}
		if got := int(math.Round(float64(l) * (1 << 20))); got != next {
			t.Fatalf("frame %d is %d, want %d", i, got, next)
		}
		next++
	}
	if next != 52801 || holes != 1 {
		t.Errorf("heard up to %d with %d holes, want 52800 with 1", next-1, holes)
	}
}

func TestNew_Fails(t *testing.T) {
	if _, err := soundcard.New(t.TempDir()+"/it's", soundcard.Options{}); err == nil {
		t.Errorf("a path that cannot be quoted")
	}
	if _, err := soundcard.New(filepath.Join(t.TempDir(), "none"), soundcard.Options{}); err == nil {
		t.Errorf("a directory that does not exist")
	}
	if _, err := soundcard.None(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Errorf("a directory that does not exist")
	}
}
