package audio

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// pulsePort is where a PulseAudio server listens, dialTimeout how long it may take to answer.
const (
	pulsePort   = "4713"
	dialTimeout = time.Second
)

var errNoDevice = errors.New("no sound device")

// probe tells which sound system there is, without asking libasound, which prints to the terminal when it finds
// nothing. It looks where oto and libasound look: at the same variables, sockets and files.
func probe(ctx context.Context) (string, error) {
	if pulse(ctx) {
		return systemPulse, nil
	}
	if alsa() {
		return systemALSA, nil
	}
	return "", errNoDevice
}

// pulse reports whether a PulseAudio server, or what stands in for one, accepts connections.
func pulse(ctx context.Context) bool {
	servers := []string{"unix:" + filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "pulse", "native")}
	if v, ok := os.LookupEnv("PULSE_SERVER"); ok {
		servers = strings.Fields(v)
	}
	d := net.Dialer{Timeout: dialTimeout}
	for _, s := range servers {
		network, address := pulseAddress(s)
		conn, err := d.DialContext(ctx, network, address)
		if err == nil {
			_ = conn.Close() // nothing was sent
			return true
		}
	}
	return false
}

// pulseAddress takes a PulseAudio server string apart: {machine}unix:path, tcp:host:port or a bare path or host.
func pulseAddress(s string) (network, address string) {
	if rest, ok := strings.CutPrefix(s, "{"); ok {
		_, s, _ = strings.Cut(rest, "}")
	}
	if path, ok := strings.CutPrefix(s, "unix:"); ok || strings.HasPrefix(s, "/") {
		return "unix", path
	}
	network = "tcp"
	for _, n := range []string{"tcp4", "tcp6", "tcp"} {
		if host, ok := strings.CutPrefix(s, n+":"); ok {
			network, s = n, host
			break
		}
	}
	if _, _, err := net.SplitHostPort(s); err != nil {
		s = net.JoinHostPort(s, pulsePort)
	}
	return network, s
}

// alsa reports whether libasound has something to play on: a card that we may open, or a configuration that says
// what its default device is.
func alsa() bool {
	if v, ok := os.LookupEnv("ALSA_CONFIG_PATH"); ok {
		for _, f := range filepath.SplitList(v) {
			if definesDevice(f) {
				return true
			}
		}
		return false
	}
	cards, _ := filepath.Glob("/dev/snd/pcmC*p")
	for _, c := range cards {
		const readWrite = 6
		if syscall.Access(c, readWrite) == nil {
			return true
		}
	}
	home := os.Getenv("HOME")
	config := os.Getenv("XDG_CONFIG_HOME")
	if config == "" {
		config = filepath.Join(home, ".config")
	}
	for _, f := range []string{filepath.Join(home, ".asoundrc"), filepath.Join(config, "alsa", "asoundrc"), "/etc/asound.conf"} {
		if definesDevice(f) {
			return true
		}
	}
	return false
}

// definesDevice reports whether a configuration of libasound defines a default device.
func definesDevice(file string) bool {
	b, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	return bytes.Contains(b, []byte("pcm.!default")) || bytes.Contains(b, []byte("pcm.default"))
}
