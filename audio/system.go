package audio

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ebitengine/oto/v3"

	"mseplayer/player/frame"
)

// What probe and Stats call the sound systems.
const (
	systemPulse = "PulseAudio"
	systemALSA  = "ALSA"
	systemOther = "system"
)

// system is the process's connection to the sound system. There can be one, it cannot be closed, and it has one
// format; one Device at a time uses it.
type system struct {
	*oto.Context
	ready  chan struct{}
	format frame.AudioFormat

	// owned by the Device that uses it
	asleep bool
	stuck  chan error // the result of a call that has not come back
	opened bool       // it worked once
	failed bool       // and does not any more, for good
}

// process is the system of this process.
var process struct {
	mu   sync.Mutex
	sys  *system // guarded by mu; nil before the first try
	err  error   // guarded by mu; why there is none
	used bool    // guarded by mu
}

// open connects, if that has not been done, and waits for the device.
func open(ctx context.Context, format frame.AudioFormat) (*system, error) {
	sys, err := acquire(format)
	if err != nil {
		return nil, err
	}
	if err := sys.wait(ctx); err != nil {
		giveBack()
		return nil, err
	}
	return sys, nil
}

func acquire(format frame.AudioFormat) (*system, error) {
	process.mu.Lock()
	defer process.mu.Unlock()
	if process.sys == nil && process.err == nil {
		c, ready, err := oto.NewContext(&oto.NewContextOptions{
			SampleRate: format.Rate, ChannelCount: format.Channels, Format: oto.FormatFloat32LE,
			BufferSize: deviceBuffer, ApplicationName: applicationName,
		})
		process.sys, process.err = &system{Context: c, ready: ready, format: format}, err
	}
	switch {
	case process.err != nil:
		return nil, process.err
	case process.used:
		return nil, errors.New("the device is used by another player of this process")
	case process.sys.format.Rate != format.Rate || process.sys.format.Channels != format.Channels:
		return nil, fmt.Errorf("the device was opened with %d Hz and %d channels", process.sys.format.Rate, process.sys.format.Channels)
	}
	process.used = true
	return process.sys, nil
}

// dead reports that this process cannot have sound any more: oto connects once, and does not recover.
func dead() bool {
	process.mu.Lock()
	defer process.mu.Unlock()
	return process.err != nil || process.sys != nil && !process.used && process.sys.failed
}

func giveBack() {
	process.mu.Lock()
	defer process.mu.Unlock()
	process.used = false
}

// wait waits for the device and wakes it.
func (s *system) wait(ctx context.Context) error {
	t := time.NewTimer(readyTimeout)
	defer t.Stop()
	select {
	case <-s.ready:
	case <-t.C:
		return fmt.Errorf("the sound system does not answer within %v", readyTimeout)
	case <-ctx.Done():
		return ctx.Err()
	}
	if !s.opened { // later it is not asked: oto does not lock while a server goes away, but tells when it is to resume
		if err := s.Err(); err != nil {
			s.failed = true
			return err
		}
		s.opened = true
	}
	return s.resume()
}

// release lets the device sleep and another Device use it.
func (s *system) release() {
	if err := s.suspend(); err != nil && s.stuck == nil {
		s.failed = true
	}
	giveBack()
}

func (s *system) suspend() error {
	if s.asleep {
		return nil
	}
	s.asleep = true
	return s.call("suspend", s.Suspend)
}

func (s *system) resume() error {
	if !s.asleep {
		return s.idle()
	}
	err := s.call("resume", s.Resume)
	s.asleep = err != nil
	return err
}

// call calls a function of the driver that waits for the device, which may hang.
func (s *system) call(what string, f func() error) error {
	if err := s.idle(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- f() }() // ends with the call; if that hangs, with the process
	t := time.NewTimer(readyTimeout)
	defer t.Stop()
	select {
	case err := <-done:
		return err
	case <-t.C:
		s.stuck = done
		return fmt.Errorf("the device does not %s within %v", what, readyTimeout)
	}
}

// idle fails while a call has not come back.
func (s *system) idle() error {
	if s.stuck == nil {
		return nil
	}
	select {
	case err := <-s.stuck:
		s.stuck = nil
		return err
	default:
		return errors.New("the device does not answer")
	}
}
