package audio

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mseplayer/audio/null"
	"mseplayer/audio/pcm"
	"mseplayer/mse/media"
	"mseplayer/player/clock"
	"mseplayer/player/frame"
)

const (
	// deviceBuffer is the size that the device's own buffer is asked to have.
	deviceBuffer = 40 * time.Millisecond
	// inFlight is what oto's driver for ALSA holds besides: it takes half a buffer and then waits for room. PulseAudio
	// counts everything as far as the card into the buffer.
	inFlight = deviceBuffer / 2
	// chunk is how much oto gets at a time.
	chunk = 10 * time.Millisecond
	// playerBuffer is how much oto holds back at least, growStep by how much that grows whenever the driver takes all
	// of it, maxPlayerBuffer the limit. A device whose period is longer than ours needs more.
	playerBuffer    = 30 * time.Millisecond
	growStep        = 10 * time.Millisecond
	maxPlayerBuffer = 200 * time.Millisecond
	// settle is how long after a start the device gets silence, while its buffer fills.
	settle = 150 * time.Millisecond
	// readyTimeout is how long the sound system may take to open the device.
	readyTimeout = 3 * time.Second
	// watchEvery is how often the device is looked after. When it has asked for nothing stalledLooks times in a row, it
	// is given up.
	watchEvery   = 250 * time.Millisecond
	stalledLooks = 8
	// suspendAfter is how long playback must rest for the device to be suspended, idleEvery how often it is looked then
	// whether a writer that was half-way through a flush has left something behind.
	suspendAfter = 5 * time.Second
	idleEvery    = time.Second
	// fallbackLead is when the first sample is "heard" after the device has been given up.
	fallbackLead = 20 * time.Millisecond
	// retryEvery is how often a device is looked for while there is none. It gets silence for as long as trial and must
	// have taken half of that at least, before the sound is sent there.
	retryEvery = 2 * time.Second
	trial      = 500 * time.Millisecond
	// applicationName is what volume controls call us.
	applicationName = "mseplayer"
	// maxReason bounds the reason in the device's name.
	maxReason = 100
)

// Options tune a Device. The zero value works.
type Options struct {
	// Options are the queue's. One or two channels are possible, at any rate.
	pcm.Options
	// Offset is how much later than the system tells the sound is heard; it may be negative.
	Offset time.Duration
	// Log gets one warning if there is no sound, and details at Debug. Nil is silent.
	Log *slog.Logger
}

// Device plays on the system's sound device, or goes on in real time without one. See the package comment.
type Device struct {
	*pcm.Feed
	timeline *clock.Timeline

	// immutable
	format frame.AudioFormat
	offset time.Duration
	log    *slog.Logger
	poke   chan struct{} // 1 slot: something for the goroutine to look at

	name atomic.Pointer[string]
	rest atomic.Bool // SetRunning was last called with false, or never

	mu     sync.Mutex
	cancel context.CancelFunc // guarded by mu
	closed bool               // guarded by mu
	done   chan struct{}      // closed when the goroutine has ended
}

// New makes a device. Nothing is opened before Start. It panics when the format is none a device takes.
func New(o Options) *Device {
	if o.Format.Rate == 0 {
		o.Format.Rate = pcm.DefaultRateHz
	}
	if o.Format.Channels == 0 {
		o.Format.Channels = pcm.DefaultChannels
	}
	if o.Format.Channels > 2 {
		panic(fmt.Sprintf("audio: no device takes %d channels", o.Format.Channels))
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	d := &Device{
		timeline: clock.NewTimeline(o.Format.Rate),
		format:   o.Format, offset: o.Offset, log: o.Log.With("c", "audio"),
		poke: make(chan struct{}, 1), done: make(chan struct{}),
	}
	d.Feed = pcm.NewFeed(d.timeline, o.Options)
	d.rest.Store(true)
	d.setName("none yet")
	return d
}

// Start opens the device, which takes a moment, in the background. It ends with ctx or Close.
func (d *Device) Start(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.cancel != nil {
		return errors.New("audio: start: started or closed before")
	}
	ctx, d.cancel = context.WithCancel(ctx)
	go d.run(ctx) // ends with ctx
	return nil
}

// SetRunning starts and stops the consumption of sound, with a fade of 5 ms.
func (d *Device) SetRunning(run bool) {
	d.Feed.SetRunning(run)
	d.rest.Store(!run)
	d.wake()
}

// Flush begins a generation at a media time; what is queued of older ones is dropped.
func (d *Device) Flush(g media.Gen, at media.Time) {
	d.Feed.Flush(g, at)
	d.wake()
}

// Read tells the media time at the speaker.
func (d *Device) Read() (clock.Reading, bool) { return d.timeline.Read() }

// Stats returns the counters and the name of what plays.
func (d *Device) Stats() pcm.Stats {
	s := d.Feed.Stats()
	s.Device = *d.name.Load()
	return s
}

// Close ends the sound and waits for the goroutine. Writers get pcm.ErrClosed. A second call does nothing.
func (d *Device) Close() error {
	d.Feed.Close()
	d.mu.Lock()
	d.closed = true
	cancel := d.cancel
	d.mu.Unlock()
	if cancel != nil {
		cancel()
		<-d.done
	}
	return nil
}

func (d *Device) setName(s string) { d.name.Store(&s) }

func (d *Device) wake() {
	select {
	case d.poke <- struct{}{}:
	default:
	}
}

// run plays on the device while there is one that works, and without in between.
func (d *Device) run(ctx context.Context) {
	defer close(d.done)
	l, err := d.connect(ctx)
	for {
		if err == nil {
			d.timeline.Resync()
			l.src.live.Store(true)
			d.setName(l.name)
			err = d.serve(ctx, l)
			l.stop()
		}
		if ctx.Err() != nil {
			l.release()
			return
		}
		l, err = d.without(ctx, l, err)
	}
}

// line is the open device. It takes silence until its source is live.
type line struct {
	name string
	sys  *system
	src  *source
}

// connect opens the device that there is.
func (d *Device) connect(ctx context.Context) (*line, error) {
	name, err := probe(ctx)
	if err != nil {
		return nil, err
	}
	sys, err := open(ctx, d.format)
	if err != nil {
		return nil, err
	}
	l := &line{name, sys, newSource(d, name)}
	l.src.player = sys.NewPlayer(l.src)
	l.src.player.SetBufferSize(l.src.hold)
	l.src.player.Play()
	d.log.Debug("sound device open", "device", name)
	return l, nil
}

// stop sees to it that oto does not pull any more.
func (l *line) stop() { l.src.player.PauseAndStopReading() } // waits for Read, which never blocks

// release lets the device go; that takes time when it hangs. A nil line is none.
func (l *line) release() {
	if l != nil {
		l.sys.release()
	}
}

// works reports whether the device takes sound as fast as it should.
func (l *line) works(ctx context.Context) bool {
	before := l.src.reads.Load()
	select {
	case <-ctx.Done():
		return false
	case <-time.After(trial):
	}
	return l.src.reads.Load()-before >= uint64(trial/chunk/2)
}

// without plays on in real time, lets go of the device that does not work, if any, and waits until there is one that
// does, which it returns, not yet live. It fails only when ctx is done.
func (d *Device) without(ctx context.Context, lost *line, why error) (*line, error) {
	d.setName("null (" + short(why) + ")")
	d.log.Warn("no sound, playing on in silence", "err", why)
	d.timeline.Resync()
	pace, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() {
		p := null.Pacer{Feed: d.Feed, Rests: d.rest.Load, Wake: d.poke}
		p.Run(pace, time.Now().Add(fallbackLead))
	})
	group.Go(lost.release)
	defer func() { stop(); group.Wait() }()
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-retry.C:
		}
		if dead() {
			retry.Stop()
			continue
		}
		l, err := d.connect(ctx)
		if err != nil {
			continue
		}
		if l.works(ctx) {
			d.log.Info("there is sound again", "device", l.name)
			return l, nil
		}
		l.stop()
		l.release()
	}
}

// serve looks after the device. It returns when ctx is done, or with what went wrong.
func (d *Device) serve(ctx context.Context, l *line) error {
	sys, src, player := l.sys, l.src, l.src.player
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	var reads uint64
	still, suspended, active := 0, false, time.Now()
	for {
		tick := false
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.poke:
		case <-ticker.C:
			tick = true
		}
		if suspended {
			d.Feed.Idle() // oto does not pull, so this goroutine may
			if !d.rest.Load() {
				if err := sys.resume(); err != nil {
					return err
				}
				src.settled, src.settling = false, time.Time{}
				suspended, still, active = false, 0, time.Now()
				player.Play()
				ticker.Reset(watchEvery)
			}
			continue
		}
		if !d.rest.Load() {
			active = time.Now()
		}
		if !tick {
			continue
		}
		if n := src.reads.Load(); n != reads {
			reads, still = n, 0
		} else if still++; still == stalledLooks {
			return errors.New("the device does not take any sound")
		} else if err := sys.Err(); err != nil { // not asked before: oto does not lock while a server goes away
			return err
		}
		if time.Since(active) >= suspendAfter {
			player.PauseAndStopReading()
			if err := sys.suspend(); err != nil {
				return err
			}
			suspended = true
			ticker.Reset(idleEvery)
		}
	}
}

// short is an error as a part of a name.
func short(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	if r := []rune(s); len(r) > maxReason {
		s = string(r[:maxReason]) + "…"
	}
	return s
}
