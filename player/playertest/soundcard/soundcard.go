// Package soundcard is a sound card for tests: it takes samples in real time, as a card with a crystal and a small
// buffer does, and keeps what was heard and when. Programs reach it through libasound, whose default device it
// becomes, or through a PulseAudio server of its own.
//
// What libasound calls the device is only its own buffer, of the size the program asks for; the card comes behind it,
// like a wireless speaker, and libasound does not know of the card's buffer. A program that tells when sound is heard
// is off by [Buffer] unless it is told.
//
// The card is a process of its own: the test binary itself, which must call [Main] first thing in its TestMain. It
// reads a named pipe, which libasound takes for a file to write to, lets no more than its buffer in and "plays" it at
// the nominal rate. When it runs dry it plays silence, so the recording's time never stops, and every hole can be heard.
//
// # Ownership
//
// Who makes a [Card] or a [Pulse] closes it. Should the test process die first, the kernel stops theirs (on Linux). The files
// stay in the directory that was given.
//
// # Concurrency
//
// A Card and a Pulse may be used from any goroutine.
//
// # Errors
//
// Errors name what failed and carry the cause.
package soundcard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// RateHz and Channels are the card's format; samples are 32-bit float.
	RateHz   = 48000
	Channels = 2
	// Buffer is how much sound the card has in front of its speaker.
	Buffer = 20 * time.Millisecond

	frameBytes  = 4 * Channels
	bufferBytes = int(Buffer*RateHz/time.Second) * frameBytes
	// pipeBytes is the size of the pipe into the card, the smallest there is; it counts as a part of the buffer.
	pipeBytes = 4096
	// tick is how finely the card's time advances while it has nothing to read, flushEvery how often what was heard is
	// written.
	tick       = time.Millisecond
	flushEvery = 20 * time.Millisecond
	// readyTimeout is how long the card's process may take to start.
	readyTimeout = 20 * time.Second
	// settingsVar carries a card's settings to its process: its directory and its deviation in ppm.
	settingsVar = "MSEPLAYER_TEST_SOUNDCARD"
	separator   = "\x1f"
)

// Main plays the card if this process was started as one, until it is stopped. Otherwise it does nothing.
func Main() {
	s, ok := os.LookupEnv(settingsVar)
	if !ok {
		return
	}
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "soundcard:", err)
	}
	os.Exit(1)
}

// Options describe a card. The zero value is a perfect one.
type Options struct {
	// PPM is by how many millionths the card runs fast.
	PPM float64
}

// Card is a sound card for programs that are started with its environment.
type Card struct {
	dir  string
	proc *process // nil: somebody else's
}

// New starts a card that keeps its files in dir.
func New(dir string, o Options) (*Card, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("soundcard: %w", err)
	}
	if strings.ContainsAny(dir, "\"%\\"+separator) {
		return nil, fmt.Errorf("soundcard: a path that libasound cannot take: %s", dir)
	}
	c := &Card{dir: dir}
	conf := fmt.Sprintf(`pcm.!default {
	type file
	slave.pcm { type null }
	file "%s"
	format "raw"
}
`, c.pipe())
	if err := os.WriteFile(c.config(), []byte(conf), 0o600); err != nil {
		return nil, fmt.Errorf("soundcard: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("soundcard: %w", err)
	}
	if err := mkfifo(c.pipe()); err != nil {
		return nil, fmt.Errorf("soundcard: named pipe: %w", err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), settingsVar+"="+dir+separator+strconv.FormatFloat(o.PPM, 'g', -1, 64))
	if c.proc, err = start(cmd); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(readyTimeout); ; time.Sleep(tick) {
		if _, err := os.Stat(c.file()); err == nil {
			return c, nil
		}
		select {
		case <-c.proc.ended:
			return nil, fmt.Errorf("soundcard: the card's process ended (does TestMain call Main?): %s", c.proc.output.String())
		default:
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("soundcard: the card's process is not ready after %v", readyTimeout), c.Close())
		}
	}
}

// Attach returns the card that another process keeps in dir, to read its recording.
func Attach(dir string) *Card { return &Card{dir: dir} }

// Close stops the card. An attached one goes on.
func (c *Card) Close() error {
	if c.proc == nil {
		return nil
	}
	return c.proc.stop()
}

// Env returns the environment, to be added to a program's own, in which the card is the only sound device.
func (c *Card) Env() []string {
	return []string{"ALSA_CONFIG_PATH=" + c.config(), "PULSE_SERVER=unix:" + filepath.Join(c.dir, "no-pulse")}
}

// None returns an environment without any sound device. It needs a directory for a file.
func None(dir string) ([]string, error) {
	conf := filepath.Join(dir, "none.conf")
	if err := os.WriteFile(conf, nil, 0o600); err != nil {
		return nil, fmt.Errorf("soundcard: %w", err)
	}
	return []string{"ALSA_CONFIG_PATH=" + conf, "PULSE_SERVER=unix:" + filepath.Join(dir, "no-pulse")}, nil
}

func (c *Card) config() string { return filepath.Join(c.dir, "alsa.conf") }
func (c *Card) pipe() string   { return filepath.Join(c.dir, "card") }
func (c *Card) file() string   { return filepath.Join(c.dir, "heard.raw") }

// Recording is what was heard.
type Recording struct {
	// Start is when frame 0 was heard.
	Start time.Time
	// RateHz is the card's real rate: frame n was heard n / RateHz after Start.
	RateHz float64
	// Samples are interleaved, in Channels channels. Where the card had nothing to play they are Dry.
	Samples []float32
}

// Dry is the sample that is heard when there is none: a negative zero, which no program writes for silence.
var Dry = float32(math.Copysign(0, -1))

// DryFrames counts the frames from one on that were heard because there was nothing to play.
func (r Recording) DryFrames(from int) int {
	n := 0
	for i := max(from, 0) * Channels; i < len(r.Samples); i += Channels {
		if math.Float32bits(r.Samples[i]) == math.Float32bits(Dry) {
			n++
		}
	}
	return n
}

// Frames is how many frames were heard.
func (r Recording) Frames() int { return len(r.Samples) / Channels }

// Time is when a frame was heard.
func (r Recording) Time(frame float64) time.Time {
	return r.Start.Add(time.Duration(frame / r.RateHz * 1e9))
}

// Recording returns what has been heard so far, but for the last few hundredths of a second.
func (c *Card) Recording() (Recording, error) { return read(c.file()) }

func read(file string) (Recording, error) {
	head, err := os.ReadFile(file + ".start")
	if err != nil {
		return Recording{}, fmt.Errorf("soundcard: nothing was played: %w", err)
	}
	var ns int64
	r := Recording{}
	if _, err := fmt.Sscan(string(head), &ns, &r.RateHz); err != nil {
		return Recording{}, fmt.Errorf("soundcard: %s.start: %w", file, err)
	}
	r.Start = time.Unix(0, ns)
	b, err := os.ReadFile(file)
	if err != nil {
		return Recording{}, fmt.Errorf("soundcard: %w", err)
	}
	b = b[:len(b)/frameBytes*frameBytes]
	r.Samples = make([]float32, len(b)/4)
	for i := range r.Samples {
		r.Samples[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return r, nil
}

// run is the card. It ends with an error or the process.
func run(settings string) error {
	dir, deviation, ok := strings.Cut(settings, separator)
	if !ok {
		return errors.New("started with settings that are none")
	}
	ppm, err := strconv.ParseFloat(deviation, 64)
	if err != nil {
		return err
	}
	c := &Card{dir: dir}
	in, err := os.OpenFile(c.pipe(), os.O_RDWR, 0) // for writing, too, so that it does not end with a program
	if err != nil {
		return err
	}
	defer in.Close()
	if err := shrinkPipe(in); err != nil {
		return fmt.Errorf("size of the pipe: %w", err)
	}
	out, err := os.Create(c.file())
	if err != nil {
		return err
	}
	defer out.Close()
	s := speaker{out: out, name: c.file(), rate: RateHz * (1 + ppm*1e-6), room: bufferBytes - pipeBytes}
	return s.play(in)
}

// speaker plays from a buffer in real time.
type speaker struct {
	out     *os.File
	name    string
	rate    float64 // frames per second
	room    int     // bytes the buffer holds
	start   time.Time
	flushed time.Time
	heard   int64  // frames
	buffer  []byte // not heard yet
	done    []byte // heard and not written
}

func (s *speaker) play(in *os.File) error {
	chunk := make([]byte, pipeBytes)
	for {
		now := time.Now()
		s.advance(now)
		if now.Sub(s.flushed) >= flushEvery {
			s.flushed = now
			if err := s.flush(); err != nil {
				return err
			}
		}
		free := s.room - len(s.buffer)
		if free < frameBytes {
			time.Sleep(tick)
			continue
		}
		if err := in.SetReadDeadline(now.Add(tick)); err != nil {
			return err
		}
		n, err := in.Read(chunk[:min(free, len(chunk))])
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if n == 0 {
			continue
		}
		now = time.Now()
		if s.start.IsZero() {
			s.start = now
			head := fmt.Sprintf("%d %v\n", now.UnixNano(), s.rate)
			if err := os.WriteFile(s.name+".start", []byte(head), 0o600); err != nil {
				return err
			}
		}
		s.advance(now) // with what was there while the pipe was empty
		s.buffer = append(s.buffer, chunk[:n]...)
	}
}

// advance lets pass what is heard until now.
func (s *speaker) advance(now time.Time) {
	if s.start.IsZero() {
		return
	}
	due := int64(now.Sub(s.start).Seconds()*s.rate) - s.heard
	if due <= 0 {
		return
	}
	s.heard += due
	n := min(int(due)*frameBytes, len(s.buffer)/frameBytes*frameBytes)
	s.done = append(s.done, s.buffer[:n]...)
	s.buffer = s.buffer[:copy(s.buffer, s.buffer[n:])]
	for range int(due)*frameBytes/4 - n/4 {
		s.done = binary.LittleEndian.AppendUint32(s.done, math.Float32bits(Dry))
	}
}

func (s *speaker) flush() error {
	_, err := s.out.Write(s.done)
	s.done = s.done[:0]
	return err
}
