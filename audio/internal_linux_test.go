package audio

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ebitengine/oto/v3"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
	"mseplayer/player/playertest/soundcard"
)

func TestPulseAddress(t *testing.T) {
	for in, want := range map[string]string{
		"unix:/run/pulse/native":       "unix /run/pulse/native",
		"/run/pulse/native":            "unix /run/pulse/native",
		"{desk}unix:/run/pulse/native": "unix /run/pulse/native",
		"{desk}/run/pulse/native":      "unix /run/pulse/native",
		"tcp:desk:4714":                "tcp desk:4714",
		"tcp4:desk":                    "tcp4 desk:4713",
		"tcp6:[::1]:4713":              "tcp6 [::1]:4713",
		"desk":                         "tcp desk:4713",
		"{broken":                      "tcp :4713",
		"":                             "tcp :4713",
	} {
		network, address := pulseAddress(in)
		if got := network + " " + address; got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestProbe(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("XDG_RUNTIME_DIR", dir)
	for _, v := range []string{"PULSE_SERVER", "ALSA_CONFIG_PATH"} {
		t.Setenv(v, "") // so that it is restored
		if err := os.Unsetenv(v); err != nil {
			t.Fatal(err)
		}
	}
	want := func(what, name string) {
		t.Helper()
		if got, err := probe(t.Context()); got != name || (err != nil) != (name == "") {
			t.Errorf("%s: %q %v, want %q", what, got, err, name)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const device = "pcm.!default { type null }\n"
	t.Setenv("ALSA_CONFIG_PATH", filepath.Join(dir, "a.conf")) // what the machine has does not count
	want("nothing", "")
	write("a.conf", "defaults.pcm.card 1\n")
	want("a configuration without a device", "")
	write("b.conf", device)
	t.Setenv("ALSA_CONFIG_PATH", filepath.Join(dir, "a.conf")+":"+filepath.Join(dir, "b.conf"))
	want("a configuration with a device", systemALSA)
	if err := os.Unsetenv("ALSA_CONFIG_PATH"); err != nil {
		t.Fatal(err)
	}
	write(".asoundrc", device)
	want("the user's configuration", systemALSA)

	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PULSE_SERVER", "unix:"+filepath.Join(dir, "none")+" unix:"+filepath.Join(dir, "s"))
	want("a server", systemPulse)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	want("a server that is gone", systemALSA)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if pulse(ctx) {
		t.Errorf("a server for nobody")
	}
}

func TestShort(t *testing.T) {
	if got := short(errors.New("one\ntwo")); got != "one" {
		t.Errorf("%q, want the first line", got)
	}
	if got := short(errors.New(strings.Repeat("é", 500))); got != strings.Repeat("é", maxReason)+"…" {
		t.Errorf("%q, want %d letters", got, maxReason)
	}
}

// silence makes a source that reads from a feed with sound in it, before a player that is not connected to anything.
func silence(tb testing.TB) (*source, func()) {
	tb.Helper()
	env, err := soundcard.None(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	for _, e := range env {
		k, v, _ := strings.Cut(e, "=")
		tb.Setenv(k, v)
	}
	process.mu.Lock()
	defer process.mu.Unlock()
	if process.sys == nil {
		c, ready, err := oto.NewContext(&oto.NewContextOptions{SampleRate: 48000, ChannelCount: 2, Format: oto.FormatFloat32LE})
		if err != nil {
			tb.Fatal(err)
		}
		process.sys = &system{Context: c, ready: ready}
		<-ready
	}
	d := New(Options{})
	s := newSource(d, systemALSA)
	s.player = process.sys.NewPlayer(s)
	s.settled = true
	s.live.Store(true)
	d.Feed.Flush(1, 0)
	d.Feed.SetRunning(true)
	at := media.Time(0)
	a := &frame.Audio{Gen: 1, Format: d.Format()}
	samples := make([]float32, 2*480)
	back := func(*frame.Audio) {}
	return s, func() {
		a.Samples, a.PTS = samples, at
		a.Arm(back)
		_ = d.Write(context.Background(), a)
		at += 0.01
	}
}

// TestSource_Read: always a chunk, never nothing, and no garbage.
func TestSource_Read(t *testing.T) {
	s, write := silence(t)
	p := make([]byte, s.bytes(playerBuffer))
	if n := testing.AllocsPerRun(1000, func() {
		write()
		if n, err := s.Read(p); n != s.bytes(chunk) || err != nil {
			t.Fatalf("Read = %d, %v", n, err)
		}
	}); n != 0 {
		t.Errorf("a callback allocates %v times", n)
	}
	if s.hold != s.bytes(maxPlayerBuffer) {
		t.Errorf("oto holds %d bytes although it always runs empty, want %d", s.hold, s.bytes(maxPlayerBuffer))
	}
	if n, err := s.Read(p[:100]); n != 96 || err != nil {
		t.Errorf("Read of 100 bytes = %d, %v, want whole frames", n, err)
	}
	s.settled = false
	for i := range p {
		p[i] = 1
	}
	if n, err := s.Read(p); n != s.bytes(chunk) || err != nil || p[0] != 0 || p[n-1] != 0 {
		t.Errorf("Read while the device starts = %d, %v, %d, want silence", n, err, p[0])
	}
	s.settling = time.Now().Add(-time.Second)
	if _, err := s.Read(p); err != nil || !s.settled {
		t.Errorf("not settled a second after the start")
	}
}

// A callback may take 5 % of the 10 ms that it gives: 500 µs.
func BenchmarkSource_Read(b *testing.B) {
	s, write := silence(b)
	p := make([]byte, s.bytes(chunk))
	b.ReportAllocs()
	for b.Loop() {
		write()
		if _, err := s.Read(p); err != nil {
			b.Fatal(err)
		}
	}
}
