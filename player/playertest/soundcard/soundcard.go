// Package soundcard is a sound card for tests: it takes samples in real time, as a card with a crystal and a small
// buffer does, and keeps what was heard and when. Programs reach it through libasound, whose default device it
// becomes, or through a PulseAudio server of its own.
//
// What libasound calls the device is only its own buffer, of the size the program asks for; the card comes behind it,
// like a wireless speaker, and libasound does not know of the card's buffer. A program that tells when sound is heard
// is off by [Buffer] unless it is told.
//
// The card is a process that libasound starts: the test binary itself, which must call [Main] first thing in its
// TestMain. libasound writes into it through a pipe; the card lets no more than its buffer in and "plays" it at the
// nominal rate. When it runs dry it plays silence, so the recording's time never stops, and every hole can be heard.
//
// # Ownership
//
// A [Card] owns its directory's files, a [Pulse] its server. The card's process ends when the program that plays closes the device or ends.
//
// # Concurrency
//
// A Card may be used from any goroutine.
//
// # Errors
//
// Errors name what failed and carry the cause.
package soundcard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
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
	// tick is how finely the card's time advances while its buffer is full.
	tick = time.Millisecond
	// settingsVar carries a card's settings to its process: the recording's name, the deviation in ppm and the name of
	// the pipe to read instead of standard input.
	settingsVar = "MSEPLAYER_TEST_SOUNDCARD"
	separator   = "\x1f"
)

// Main plays the card if this process was started as one, and exits. Otherwise it does nothing.
func Main() {
	s, ok := os.LookupEnv(settingsVar)
	if !ok {
		return
	}
	if err := run(strings.Split(s, separator)); err != nil {
		fmt.Fprintln(os.Stderr, "soundcard:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Options describe a card. The zero value is a perfect one.
type Options struct {
	// PPM is by how many millionths the card runs fast.
	PPM float64
}

// Card is a sound card for programs that are started with its environment.
type Card struct {
	dir      string
	settings string
}

// New makes a card that keeps its files in dir.
func New(dir string, o Options) (*Card, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("soundcard: %w", err)
	}
	self, err := executable()
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(dir+self, "'\"%\\"+separator) {
		return nil, fmt.Errorf("soundcard: a path that libasound cannot take: %s, %s", dir, self)
	}
	c := &Card{dir: dir}
	c.settings = settings(c.file(), o.PPM, "")
	conf := fmt.Sprintf(`pcm.!default {
	type file
	slave.pcm { type null }
	file "|%s='%s' exec '%s'"
	format "raw"
}
`, settingsVar, c.settings, self)
	if err := os.WriteFile(c.config(), []byte(conf), 0o600); err != nil {
		return nil, fmt.Errorf("soundcard: %w", err)
	}
	return c, nil
}

func executable() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("soundcard: %w", err)
	}
	return self, nil
}

// Env returns the environment, to be added to a program's own, in which the card is the only sound device.
func (c *Card) Env() []string {
	return []string{"ALSA_CONFIG_PATH=" + c.config(), "PULSE_SERVER=unix:" + filepath.Join(c.dir, "no-pulse")}
}

// None returns an environment without any sound device, for a directory without files of the names used.
func None(dir string) ([]string, error) {
	conf := filepath.Join(dir, "none.conf")
	if err := os.WriteFile(conf, nil, 0o600); err != nil {
		return nil, fmt.Errorf("soundcard: %w", err)
	}
	return []string{"ALSA_CONFIG_PATH=" + conf, "PULSE_SERVER=unix:" + filepath.Join(dir, "no-pulse")}, nil
}

func (c *Card) config() string { return filepath.Join(c.dir, "alsa.conf") }
func (c *Card) file() string   { return filepath.Join(c.dir, "heard.raw") }

// Recording is what was heard.
type Recording struct {
	// Start is when frame 0 was heard.
	Start time.Time
	// RateHz is the card's real rate: frame n was heard n / RateHz after Start.
	RateHz float64
	// Samples are interleaved, in Channels channels.
	Samples []float32
}

// Frames is how many frames were heard.
func (r Recording) Frames() int { return len(r.Samples) / Channels }

// Time is when a frame was heard.
func (r Recording) Time(frame float64) time.Time {
	return r.Start.Add(time.Duration(frame / r.RateHz * 1e9))
}

// Recording returns what has been heard so far, to about a tenth of a second ago.
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

func settings(file string, ppm float64, pipe string) string {
	return strings.Join([]string{file, strconv.FormatFloat(ppm, 'g', -1, 64), pipe}, separator)
}

// run is the card.
func run(settings []string) error {
	if len(settings) != 3 {
		return errors.New("started with settings that are none")
	}
	ppm, err := strconv.ParseFloat(settings[1], 64)
	if err != nil {
		return err
	}
	in := os.Stdin
	if settings[2] != "" {
		if in, err = os.Open(settings[2]); err != nil {
			return err
		}
	}
	out, err := os.Create(settings[0])
	if err != nil {
		return err
	}
	defer out.Close()
	s := speaker{out: out, name: settings[0], rate: RateHz * (1 + ppm*1e-6), room: bufferBytes - pipeBytes}
	for first := make([]byte, pipeBytes); ; {
		err := shrinkPipe(in)
		if err == nil {
			break
		}
		// More was written while this process started than a small pipe holds: take it.
		n, rerr := in.Read(first)
		if rerr != nil {
			return fmt.Errorf("input is no pipe: %w", errors.Join(err, rerr))
		}
		if err := s.take(first[:n]); err != nil {
			return err
		}
	}
	return errors.Join(s.play(in), s.flush())
}

// speaker plays from a buffer in real time.
type speaker struct {
	out    *os.File
	name   string
	rate   float64 // frames per second
	room   int     // bytes the buffer holds
	start  time.Time
	heard  int64  // frames
	buffer []byte // not heard yet
	done   []byte // heard and not written
}

func (s *speaker) play(in io.Reader) error {
	chunk := make([]byte, pipeBytes)
	for {
		s.advance(time.Now())
		if len(s.done) >= RateHz/10*frameBytes {
			if err := s.flush(); err != nil {
				return err
			}
		}
		free := s.room - len(s.buffer)
		if free < frameBytes {
			time.Sleep(tick)
			continue
		}
		n, err := in.Read(chunk[:min(free, len(chunk))])
		s.advance(time.Now()) // with what was there while the pipe was empty
		if err := s.take(chunk[:n]); err != nil {
			return err
		}
		if err == io.EOF {
			s.done = append(s.done, s.buffer...)
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// take puts samples into the buffer. The first ones start the card.
func (s *speaker) take(b []byte) error {
	if len(b) > 0 && s.start.IsZero() {
		s.start = time.Now()
		head := fmt.Sprintf("%d %v\n", s.start.UnixNano(), s.rate)
		if err := os.WriteFile(s.name+".start", []byte(head), 0o600); err != nil {
			return err
		}
	}
	s.buffer = append(s.buffer, b...)
	return nil
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
	s.done = append(s.done, make([]byte, int(due)*frameBytes-n)...) // ran dry
}

func (s *speaker) flush() error {
	_, err := s.out.Write(s.done)
	s.done = s.done[:0]
	return err
}
