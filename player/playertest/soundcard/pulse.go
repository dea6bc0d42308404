package soundcard

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

const (
	// serverStart is how long a PulseAudio server may take until it accepts connections, serverStop how long to end.
	serverStart = 20 * time.Second
	serverStop  = 5 * time.Second
)

// BehindPulse is how much of the card's buffer the server does not know of: all but the pipe.
const BehindPulse = Buffer - pipeBytes*time.Second/frameBytes/RateHz

// Pulse is a PulseAudio server that plays into a card. It needs no session and works for root, too. A program that
// tells when sound is heard is off by [BehindPulse] unless it is told.
type Pulse struct {
	card   *Card
	server *process
	once   sync.Once
	err    error
}

// process is a command that somebody waits for.
type process struct {
	cmd    *exec.Cmd
	ended  chan struct{} // closed when it has ended
	output strings.Builder
}

// StartPulse starts a server whose files lie in dir, with one card, and returns when it accepts connections.
// The path of dir must be short enough for a socket.
func StartPulse(dir string) (*Pulse, error) {
	path, err := exec.LookPath("pulseaudio")
	if err != nil {
		return nil, fmt.Errorf("soundcard: the program pulseaudio is needed: %w", err)
	}
	p := &Pulse{}
	if p.card, err = New(dir, Options{}); err != nil {
		return nil, err
	}
	cmd := exec.Command(path, "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disallow-exit", "--log-level=error",
		"-L", fmt.Sprintf("module-pipe-sink sink_name=card file=%s format=float32le rate=%d channels=%d", p.card.pipe(), RateHz, Channels),
		"-L", fmt.Sprintf("module-native-protocol-unix socket=%s auth-anonymous=1", p.socket()))
	cmd.Env = append(os.Environ(), "HOME="+p.card.dir, "XDG_RUNTIME_DIR="+p.card.dir)
	if p.server, err = start(cmd); err != nil {
		return nil, errors.Join(err, p.card.Close())
	}
	for deadline := time.Now().Add(serverStart); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("unix", p.socket())
		if err == nil {
			return p, conn.Close()
		}
		select {
		case <-p.server.ended:
			return nil, errors.Join(fmt.Errorf("soundcard: pulseaudio ended: %s", p.server.output.String()), p.Close())
		default:
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("soundcard: pulseaudio is not ready after %v: %w", serverStart, err), p.Close())
		}
	}
}

// Env returns the environment, to be added to a program's own, in which the server is the only sound device.
func (p *Pulse) Env() []string {
	return []string{"PULSE_SERVER=unix:" + p.socket(), "ALSA_CONFIG_PATH=" + filepath.Join(p.card.dir, "no-alsa.conf")}
}

// Recording returns what has been heard so far.
func (p *Pulse) Recording() (Recording, error) { return p.card.Recording() }

// Signal sends a signal to the server: what if it hangs, or dies?
func (p *Pulse) Signal(sig os.Signal) error {
	if err := p.server.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("soundcard: %w", err)
	}
	return nil
}

// Close stops the server and its card and waits for their end. Further calls return the same.
func (p *Pulse) Close() error {
	p.once.Do(func() { p.err = errors.Join(p.server.stop(), p.card.Close()) })
	return p.err
}

func (p *Pulse) socket() string { return filepath.Join(p.card.dir, "native") }

func start(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	endWithParent(cmd)
	started := make(chan error, 1)
	go func() { // ends with the process
		// A child that is to end with its parent ends with the thread that started it, so that thread must stay.
		runtime.LockOSThread()
		Hurry()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how a killed process ended is of no interest
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("soundcard: %w", err)
	}
	return p, nil
}

func (p *process) stop() error {
	_ = p.cmd.Process.Signal(os.Interrupt) // it may have ended by itself
	t := time.NewTimer(serverStop)
	defer t.Stop()
	select {
	case <-p.ended:
		return nil
	case <-t.C:
	}
	_ = p.cmd.Process.Kill()
	<-p.ended
	return fmt.Errorf("soundcard: %s did not end within %v and was killed", p.cmd.Path, serverStop)
}
