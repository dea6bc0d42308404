package pcm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"math"
	"sync/atomic"
	"time"

	"mseplayer/audio/stretch"
	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

const (
	// DefaultRateHz and DefaultChannels are a format that every device takes.
	DefaultRateHz   = 48000
	DefaultChannels = 2
	// maxChannels bounds what one frame may hold: 7.1 is 8.
	maxChannels = 8
	// defaultTarget is how much sound the ring holds before Write blocks, at normal speed and below; above it holds
	// more, so that it lasts as long.
	defaultTarget media.Span = 0.25
	// maxTarget bounds the ring's memory: 10 s of 7.1 at 48 kHz and the highest speed are 61 MB.
	maxTarget media.Span = 10
	// jitter is how far the time of a block may be off the end of the one before it and still count as exactly
	// there: containers round to milliseconds.
	jitter media.Span = 0.001
	// tolerance is how far it may be off and the samples are left alone; media time follows the block then. It is
	// just below the length of a block of AAC or Opus, because anything longer is a block too few or too many.
	tolerance media.Span = 0.019
	// maxGap bounds the silence before a block; beyond it the time stamp is taken for an error.
	maxGap media.Span = 24 * 3600
	// fade is how long sound takes to fade out and in when the feed stops and starts running, and how long the
	// last sample takes to decay when sound breaks off.
	fade media.Span = 0.005
	// gainRamp is how long a change of volume takes.
	gainRamp media.Span = 0.020
	// MaxGain is the highest amplification, 18 dB: the highest volume, or a quiet work brought to the level of others.
	MaxGain = 8
	// wakeParts: the writer is woken when one part in so many of the target is free.
	wakeParts = 8
)

// ErrClosed is what Write returns after Close.
var ErrClosed = errors.New("pcm: the sink is closed")

// Timeline records what a callback gave to its device. It is implemented by clock.Timeline.
type Timeline interface {
	// Begin opens the record of a callback at now: the frames that follow sound from now + delay.
	Begin(now time.Time, delay time.Duration)
	// Media records frames of media time from t on; Silence records frames that do not count.
	Media(frames int, t media.Time, rate float64, g media.Gen)
	Silence(frames int)
	// End publishes.
	End()
}

// Options tune a Feed. The zero value works.
type Options struct {
	// Format is what the device takes; zero fields mean 48,000 Hz and 2 channels.
	Format frame.AudioFormat
	// Target is for how many seconds of playback Write queues sound before it blocks; 0 means 0.25, the maximum is 10.
	Target media.Span
	// Dump is told what becomes of the sound. Nil costs nothing. It is called by Pull, on the device's goroutine,
	// and must not block.
	Dump func(Played)
}

// What happened, in a Played.
const (
	// Sound: a block began to sound.
	Sound Kind = iota + 1
	// Gap: silence began that fills a hole in the sound track.
	Gap
	// Underrun: silence ended that stood for sound which was not there in time.
	Underrun
)

// Kind says what a Played reports.
type Kind uint8

// Played reports one block of sound or one stretch of silence.
type Played struct {
	Kind Kind
	// Index is the number of the first frame in what the device was given, counted from its start.
	Index int64
	// Frames is how many there are; of a block that is cut short by a flush, how many there would have been.
	// A block's are counted as it was written, whatever the speed.
	Frames int64
	// Speed is how many of them sound in the time of one; 1 for an underrun.
	Speed float64
	// Wall is when the first frame sounds, by the device's own account (not smoothed).
	Wall time.Time
	// PTS is the media time of the first frame. An underrun has the time at which media time rests.
	PTS media.Time
	Gen media.Gen
	// CRC is the Adler-32 sum of a block's samples as they were written, little-endian, before volume.
	CRC uint32
}

// Stats is a snapshot of a sink's counters. Frames are samples per channel.
type Stats struct {
	// SamplesPlayed counts frames of sound given to the device, SilentFrames those of silence that stood for
	// missing sound, and Underruns how often that began.
	SamplesPlayed, SilentFrames, Underruns uint64
	// FirstSound is when the first frame of sound was or will be heard; the zero time before it is known.
	FirstSound time.Time
	// Device names what plays.
	Device string
}

// Feed holds the sound on its way to a device. See the package comment.
type Feed struct {
	// immutable
	format frame.AudioFormat
	target int64 // frames
	dump   func(Played)
	tl     Timeline
	ring   *ring

	// atomic
	flushed atomic.Pointer[start]
	eos     atomic.Pointer[start] // the generation whose sound is complete
	running atomic.Bool
	pace    atomic.Pointer[pace]
	gain    atomic.Uint32         // float bits
	waiting atomic.Bool           // a writer waits for room
	writing atomic.Pointer[start] // the generation that is being written
	origin  atomic.Int64          // what the ring had been given in all when that began, in frames and gaps
	ahead   atomic.Int64          // frames that have left the ring and are not given to the device
	aheadOf atomic.Pointer[start] // the generation they are of
	played  atomic.Uint64
	silent  atomic.Uint64
	dry     atomic.Uint64
	first   atomic.Int64 // FirstSound, relative to the reader's epoch; 0: not yet
	shut    atomic.Bool

	wake   chan struct{} // 1 slot: the writer is to look again
	turn   chan struct{} // 1 slot: full while somebody writes
	closed chan struct{} // closed by Close

	w writer // owned by whoever fills turn
	r reader // owned by Pull
}

// start is where a generation begins. It is immutable; each flush makes one, and its address is the generation's
// identity in here.
type start struct {
	gen media.Gen
	at  media.Time
}

// pace is how fast sound is to be consumed. It is immutable.
type pace struct {
	speed     float64
	keepPitch bool
}

// writer knows where the written timeline ends: at base + count frames.
type writer struct {
	begins *start
	base   media.Time
	count  int64
	begun  bool // something has been written
}

// NewFeed makes a feed that reports to tl. It panics when the options are out of range, which is a mistake of the
// program: devices have fixed formats.
func NewFeed(tl Timeline, o Options) *Feed {
	if o.Format.Rate == 0 {
		o.Format.Rate = DefaultRateHz
	}
	if o.Format.Channels == 0 {
		o.Format.Channels = DefaultChannels
	}
	if o.Target == 0 {
		o.Target = defaultTarget
	}
	if o.Format.Rate < 0 || o.Format.Channels < 0 || o.Format.Channels > maxChannels || !(o.Target > 0 && o.Target <= maxTarget) {
		panic(fmt.Sprintf("pcm: no feed of %d Hz, %d channels and %v s", o.Format.Rate, o.Format.Channels, o.Target))
	}
	f := &Feed{
		format: o.Format,
		target: max(1, int64(float64(o.Target)*float64(o.Format.Rate))),
		dump:   o.Dump,
		tl:     tl,
		wake:   make(chan struct{}, 1),
		turn:   make(chan struct{}, 1),
		closed: make(chan struct{}),
	}
	f.ring = newRing(int(f.target*stretch.MaxSpeed), o.Format.Channels)
	f.pace.Store(&pace{1, true})
	f.r.str = stretch.New(o.Format.Rate, o.Format.Channels)
	f.r.begins = &start{} // none that was flushed
	f.flushed.Store(&start{})
	f.SetGain(1)
	return f
}

// Format is the format of the blocks that Write takes.
func (f *Feed) Format() frame.AudioFormat { return f.format }

// Write queues a block. It takes ownership of a, even when it fails. It blocks while the target is queued and while
// the block's generation has not begun; Flush, Close and ctx wake it. A block of a past generation is released and
// is no error. One goroutine writes at a time, others wait for it.
func (f *Feed) Write(ctx context.Context, a *frame.Audio) error {
	defer a.Release()
	if a.Format.Rate != f.format.Rate || a.Format.Channels != f.format.Channels || len(a.Samples)%f.format.Channels != 0 {
		return fmt.Errorf("pcm: write: block of %d samples at %d Hz with %d channels, the device takes %d Hz and %d",
			len(a.Samples), a.Format.Rate, a.Format.Channels, f.format.Rate, f.format.Channels)
	}
	if !a.PTS.IsFinite() {
		return fmt.Errorf("pcm: write: block without a time (%v)", a.PTS)
	}
	if err := f.lock(ctx); err != nil {
		return err
	}
	defer func() { <-f.turn }()

	begins := f.flushed.Load()
	for ; begins.gen < a.Gen; begins = f.flushed.Load() {
		if err := f.wait(ctx); err != nil {
			return err
		}
	}
	if begins.gen != a.Gen {
		return nil
	}
	b, err := f.place(a, begins)
	if err != nil || b.frames == 0 {
		return err
	}
	samples, ch := a.Samples, int64(f.format.Channels)
	if f.dump != nil {
		b.crc = checksum(samples)
	}
	for announced := false; f.flushed.Load() == begins; {
		if !announced {
			announced = f.ring.announce(b)
		}
		if n := f.goal() - f.ring.used(); announced && n > 0 {
			n = min(n, int64(len(samples))/ch)
			f.ring.put(samples[:n*ch])
			f.w.count += n
			if samples = samples[n*ch:]; len(samples) == 0 {
				return nil
			}
		}
		f.waiting.Store(true)
		if f.room() { // made since the writer looked
			continue
		}
		if err := f.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// lock makes the caller the writer. A context that is done is no obstacle as long as nobody else writes.
func (f *Feed) lock(ctx context.Context) error {
	select {
	case f.turn <- struct{}{}:
		return nil
	default:
	}
	select {
	case f.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-f.closed:
		return ErrClosed
	}
}

// place fits a block onto the timeline of its generation: it trims its front or tells what gap comes before it. A
// block of which nothing is left has no frames.
func (f *Feed) place(a *frame.Audio, begins *start) (block, error) {
	w := &f.w
	if w.begins != begins {
		*w = writer{begins: begins, base: begins.at}
		f.origin.Store(f.ring.written.Load() + f.ring.gapsWritten.Load())
		f.writing.Store(begins)
	}
	f.eos.CompareAndSwap(begins, nil)
	b := block{begins: begins}
	off := a.PTS.Sub(w.end(f.format.Rate))
	free := tolerance
	if !w.begun {
		free = jitter // the beginning is where the flush said
	}
	switch {
	case off > maxGap:
		return b, fmt.Errorf("pcm: write: block at %v s begins %v s after the sound before it", a.PTS, off)
	case off > free:
		b.gap = f.frames(off)
		w.count += b.gap
	case off < -free:
		a.Trim(int(min(f.frames(-off), int64(a.Frames()))), 0)
	case off > jitter || off < -jitter:
		w.base, w.count = a.PTS, 0
	}
	if a.Frames() > 0 {
		w.begun = true
		b.media, b.frames = w.end(f.format.Rate), int64(a.Frames())
	}
	return b, nil
}

// end is the media time at which the written timeline ends.
func (w *writer) end(rateHz int) media.Time {
	return w.base.Add(media.Span(float64(w.count) / float64(rateHz)))
}

// wait blocks until somebody calls notify. Only the writer waits.
func (f *Feed) wait(ctx context.Context) error {
	select {
	case <-f.wake:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-f.closed:
		return ErrClosed
	}
}

// room reports that it is worth waking the writer.
func (f *Feed) room() bool {
	goal := f.goal()
	return goal-f.ring.used() >= max(1, goal/wakeParts) && f.ring.announced.Load()-f.ring.taken.Load() < maxBlocks
}

// goal is how many frames are queued before Write blocks.
func (f *Feed) goal() int64 {
	return int64(float64(f.target) * max(1, f.pace.Load().speed))
}

func (f *Feed) notify() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Flush begins a generation at a media time: everything older is discarded, by the writer when it meets it and by
// the next callback. It does not block.
func (f *Feed) Flush(g media.Gen, at media.Time) {
	f.flushed.Store(&start{gen: g, at: at})
	f.notify()
}

// EndOfStream says that no more sound comes in a generation. What is queued is played; then media time goes on over
// silence for as long as the feed runs. A later Write takes it back. For a generation that is not the present one it
// does nothing.
func (f *Feed) EndOfStream(g media.Gen) {
	if s := f.flushed.Load(); s.gen == g {
		f.eos.Store(s)
	}
}

// SetRunning starts and stops the consumption of sound, with a fade of 5 ms. A feed that does not run gives silence
// and media time rests.
func (f *Feed) SetRunning(run bool) { f.running.Store(run) }

// SetRate sets how many seconds of media a second consumes, in [stretch.MinSpeed, stretch.MaxSpeed], and whether sound
// keeps its pitch; speeds outside are brought in, what is not a number is ignored. It takes effect within 10 ms of
// sound, without a click, and media time is exact throughout. At speed 1 sound is left as it is, bit by bit.
func (f *Feed) SetRate(speed float64, keepPitch bool) {
	if math.IsNaN(speed) {
		return
	}
	f.pace.Store(&pace{min(max(speed, stretch.MinSpeed), stretch.MaxSpeed), keepPitch})
	f.notify() // there may be room for more
}

// SetGain sets the volume as a linear factor in [0, MaxGain]; values outside are clamped, what is not a number is
// ignored. The change takes 20 ms. Sound that is amplified beyond full scale is bent into it, not cut off.
func (f *Feed) SetGain(linear float64) {
	if math.IsNaN(linear) {
		return
	}
	f.gain.Store(math.Float32bits(float32(min(max(linear, 0), MaxGain))))
}

// Queued is how much sound, gaps included, of the present generation waits to be given to the device, in media time.
func (f *Feed) Queued() media.Span {
	return media.Span(float64(f.queued()) / float64(f.format.Rate))
}

func (f *Feed) queued() int64 {
	if f.writing.Load() != f.flushed.Load() {
		return 0
	}
	// the reader's position first: it only grows, so the result is never too small
	read := max(f.ring.read.Load()+f.ring.gapsRead.Load(), f.origin.Load())
	n := max(0, f.ring.written.Load()+f.ring.gapsWritten.Load()-read)
	if f.aheadOf.Load() == f.flushed.Load() {
		n += f.ahead.Load()
	}
	return n
}

// Drained reports that all sound of a generation has been given to the device.
func (f *Feed) Drained(g media.Gen) bool {
	s := f.flushed.Load()
	return s.gen == g && f.eos.Load() == s && f.queued() == 0
}

// Stats returns the counters.
func (f *Feed) Stats() Stats {
	s := Stats{SamplesPlayed: f.played.Load(), SilentFrames: f.silent.Load(), Underruns: f.dry.Load()}
	if d := f.first.Load(); d != 0 {
		s.FirstSound = f.r.epoch.Add(time.Duration(d))
	}
	return s
}

// Close makes every Write fail. The callback may go on pulling.
func (f *Feed) Close() {
	if f.shut.CompareAndSwap(false, true) {
		close(f.closed)
	}
}

func (f *Feed) frames(d media.Span) int64 {
	return int64(math.Round(float64(d) * float64(f.format.Rate)))
}

func checksum(samples []float32) uint32 {
	h := adler32.New()
	var b [4]byte
	for _, v := range samples {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
		_, _ = h.Write(b[:]) // a hash never fails
	}
	return h.Sum32()
}
