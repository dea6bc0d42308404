// Package wav is the sound sink that writes what would be heard into a WAV file, at real-time speed. It is
// audio/null with a file behind it: the file holds everything from the moment the sink's clock began, silence
// included.
//
// Frame n of the file is heard n / rate after [Sink.Epoch]. The sink's dump (pcm.Options.Dump) names the same frames
// by their Index, with the media time of each block of sound, so a recording can be laid beside the times at which
// pictures were picked.
//
// The format is 16-bit integer or 32-bit float. The header is brought up to date every second, so the recording of a
// process that was killed lacks a second at most. What a header cannot tell, the length of a pipe or of more than
// 4 GiB (six hours of 16-bit stereo), it gives as endless, and readers go by the file's length.
//
// # Ownership
//
// A [Sink] owns its file from [Create] to [Sink.Close].
//
// # Concurrency
//
// As for null.Sink. The file is written by a goroutine of its own, so that a slow disk does not disturb the clock: up to
// ten seconds are kept for it, then the recording ends. Close waits a second for it.
//
// # Errors
//
// Create returns what the operating system says, with the file's name. A write that fails ends the recording but not
// the playback; Close returns the error.
package wav

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"time"

	"mseplayer/audio/null"
	"mseplayer/audio/pcm"
	"mseplayer/player/frame"
)

const (
	// chunk is how much sound is handed to the writing goroutine at a time, and maxChunks how much may wait for it.
	chunk     = 100 * time.Millisecond
	maxChunks = 100
	// refresh is how many chunks are written between two updates of the header.
	refresh = 10
	// patience is how long Close waits for the disk.
	patience = time.Second
	// endless is the length of a chunk that cannot tell it.
	endless = math.MaxUint32
	// Classic format tags, and the one that says the tag follows in a GUID.
	tagInteger, tagFloat, tagExtensible = 1, 3, 0xfffe
	// subFormat is the rest of the GUID that begins with a classic tag.
	subFormat = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
)

// Options tune a Sink. The zero value works.
type Options struct {
	pcm.Options
	// Float selects 32-bit float samples instead of 16-bit integers.
	Float bool
}

// Sink plays into a file. See the package comment.
type Sink struct {
	*null.Sink

	// immutable
	name     string
	format   frame.AudioFormat
	float    bool
	seekable bool

	full chan []float32 // closed by Close, sent to by the sink's clock
	free chan []float32
	done chan struct{} // closed when the writing goroutine has ended
	once sync.Once     // of Close

	// owned by the sink's clock
	filling []float32
	made    int

	// owned by the writing goroutine
	bytes   int64 // of samples
	encoded []byte

	file *os.File // used by the writing goroutine, closed by Close

	mu      sync.Mutex
	started bool  // guarded by mu
	err     error // guarded by mu; the first one
}

// Create makes the file, or truncates it, and a sink that writes it. Nothing is recorded before Start.
func Create(name string, o Options) (*Sink, error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return nil, fmt.Errorf("wav: %w", err)
	}
	s := &Sink{
		name: name, file: file, float: o.Float,
		full: make(chan []float32, maxChunks), free: make(chan []float32, maxChunks), done: make(chan struct{}),
	}
	if info, err := file.Stat(); err == nil {
		s.seekable = info.Mode().IsRegular()
	}
	s.Sink = null.New(null.Options{Options: o.Options, Out: s.record, Name: "wav:" + name})
	s.format = s.Sink.Format()
	if _, err := file.Write(s.header(s.seekable)); err != nil {
		return nil, errors.Join(fmt.Errorf("wav: %w", err), file.Close())
	}
	return s, nil
}

// Start starts the sink's clock and with it the recording. The clock ends with ctx or Close; the file is complete
// after Close.
func (s *Sink) Start(ctx context.Context) error {
	if err := s.Sink.Start(ctx); err != nil {
		return fmt.Errorf("wav: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started = true
	go s.write() // ends when full is closed, by Close
	return nil
}

// record hands what sounds to the writing goroutine.
func (s *Sink) record(samples []float32, _ time.Time) {
	for len(samples) > 0 {
		if s.filling == nil && !s.fetch() {
			return
		}
		n := min(len(samples), cap(s.filling)-len(s.filling))
		s.filling = append(s.filling, samples[:n]...)
		samples = samples[n:]
		if len(s.filling) == cap(s.filling) {
			s.full <- s.filling // has room for all there are
			s.filling = nil
		}
	}
}

// fetch gets an empty chunk. It reports false when the recording has ended.
func (s *Sink) fetch() bool {
	if s.failed() != nil {
		return false
	}
	select {
	case s.filling = <-s.free:
		return true
	default:
	}
	if s.made == maxChunks {
		s.fail(fmt.Errorf("write %s: more than %v behind", s.name, maxChunks*chunk))
		return false
	}
	s.made++
	frames := max(1, int(int64(chunk)*int64(s.format.Rate)/int64(time.Second)))
	s.filling = make([]float32, 0, frames*s.format.Channels)
	return true
}

// write encodes and writes what record handed over.
func (s *Sink) write() {
	defer close(s.done)
	n := 0
	for c := range s.full {
		if s.failed() == nil {
			s.append(c)
			if n++; n%refresh == 0 {
				s.update()
			}
		}
		s.free <- c[:0] // has room for all there are
	}
	if s.failed() == nil {
		s.update()
	}
}

func (s *Sink) append(samples []float32) {
	b := s.encoded[:0]
	for _, v := range samples {
		if s.float {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
			continue
		}
		// 16-bit sound was divided by 32768 when it was decoded, so this gives it back exactly
		i := min(max(math.RoundToEven(float64(v)*32768), math.MinInt16), math.MaxInt16)
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(i)))
	}
	s.encoded = b
	if _, err := s.file.Write(b); err != nil {
		s.fail(err)
	}
	s.bytes += int64(len(b))
}

// update brings the header up to date.
func (s *Sink) update() {
	if !s.seekable {
		return
	}
	if _, err := s.file.WriteAt(s.header(true), 0); err != nil {
		s.fail(err)
	}
}

// header describes the file as it is now. Its length is always the same.
func (s *Sink) header(known bool) []byte {
	ch, bits, tag := s.format.Channels, 16, uint16(tagInteger)
	if s.float {
		bits, tag = 32, tagFloat
	}
	block := ch * bits / 8
	le := binary.LittleEndian

	format := le.AppendUint16(nil, tag)
	if ch > 2 {
		format = le.AppendUint16(nil, tagExtensible)
	}
	format = le.AppendUint16(format, uint16(ch))
	format = le.AppendUint32(format, uint32(s.format.Rate))
	format = le.AppendUint32(format, uint32(s.format.Rate*block))
	format = le.AppendUint16(format, uint16(block))
	format = le.AppendUint16(format, uint16(bits))
	if ch > 2 {
		format = le.AppendUint16(format, 2+4+2+uint16(len(subFormat)))
		format = le.AppendUint16(format, uint16(bits))
		format = le.AppendUint32(format, uint32(s.format.Mask))
		format = le.AppendUint16(format, tag)
		format = append(format, subFormat...)
	}
	var body []byte
	add := func(id string, payload []byte) {
		body = le.AppendUint32(append(body, id...), uint32(len(payload)))
		body = append(body, payload...)
	}
	add("fmt ", format)
	if s.float {
		add("fact", le.AppendUint32(nil, uint32(min(s.bytes/int64(block), endless))))
	}
	body = append(body, "data"...)

	riff, data := s.bytes+int64(len("WAVE")+len(body)+4), s.bytes
	if !known || riff >= endless {
		riff, data = endless, endless
	}
	b := le.AppendUint32([]byte("RIFF"), uint32(riff))
	b = append(append(b, "WAVE"...), body...)
	return le.AppendUint32(b, uint32(data))
}

func (s *Sink) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = fmt.Errorf("wav: %w", err)
	}
}

func (s *Sink) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Stats returns the counters. A recording that broke off says so in the device's name.
func (s *Sink) Stats() pcm.Stats {
	st := s.Sink.Stats()
	if err := s.failed(); err != nil {
		st.Device = fmt.Sprintf("wav:%s (recording ended: %v)", s.name, err)
	}
	return st
}

// Close stops the sink's clock, completes the file and closes it. A second call does nothing and returns the same.
func (s *Sink) Close() error {
	s.once.Do(func() {
		_ = s.Sink.Close() // never fails; record is not called any more
		if len(s.filling) > 0 {
			s.full <- s.filling
		}
		close(s.full)
		s.mu.Lock()
		started := s.started
		s.mu.Unlock()
		if !started {
			close(s.done)
		}
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-s.done:
		case <-timer.C:
			s.fail(fmt.Errorf("write %s: not done after %v", s.name, patience))
		}
		if err := s.file.Close(); err != nil {
			s.fail(err)
		}
	})
	return s.failed()
}
