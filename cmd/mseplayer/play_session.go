package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"mseplayer/assets/demo"
	"mseplayer/audio"
	"mseplayer/audio/null"
	"mseplayer/audio/pcm"
	"mseplayer/audio/wav"
	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player"
	"mseplayer/player/crypt"
	"mseplayer/player/element"
	"mseplayer/player/fetch"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/frame"
	"mseplayer/player/source"
	"mseplayer/render"
)

const (
	// generations is how many seeks one source of a playlist may have before its generations run into the next one's.
	generations = 1 << 40
	// warmPicks is how many times a surface must have asked for pictures, after there was one, to count as ready; windows
	// take a while for their first ones. warmPatience is how long playback waits for that.
	warmPicks    = 4
	warmPatience = 3 * time.Second
	// watch is how often a session looks whether it should stop, and doze how often while the position rests or nothing
	// but the end stops it. Events make it look, too.
	watch = 5 * time.Millisecond
	doze  = time.Second
)

// sound is the sink of a session with what the program needs besides playing.
type sound interface {
	player.AudioSink
	Start(context.Context) error
	Close() error
	Stats() pcm.Stats
}

// session plays a list of sources, one after the other, into one window or none.
type session struct {
	// immutable
	opt     playOptions
	log     *slog.Logger
	fetch   *fetch.Client
	har     *os.File // where the requests go at the end, nil for nowhere
	keys    crypt.Config
	factory ffmpeg.Factory // of playback
	shots   ffmpeg.Factory // of screenshots
	sound   sound
	dump    *dumper // nil without --dump
	mounts  map[string]fs.FS
	formats func(frame.PixelFormat) bool // what the surface shows unconverted; nil is everything

	current atomic.Pointer[player.Player] // what plays or has played last
	panel   atomic.Bool                   // the statistics panel is open
	view    atomic.Pointer[[2]int]        // what pictures are seen in; nil before that is known, and without a window
	picks   int                           // owned by the surface: how often there was a picture
	warm    chan struct{}                 // closed when the surface is ready

	mu      sync.Mutex
	retired []*player.Player // guarded by mu: stopped, but perhaps still drawn from
	code    int              // guarded by mu: exit code so far
	failed  string           // guarded by mu: what to tell in the window
}

// cmcdModes are the values of --cmcd.
var cmcdModes = map[string]fetch.CMCDMode{"": fetch.NoCMCD, "query": fetch.CMCDQuery, "header": fetch.CMCDHeader}

func newSession(o playOptions) (*session, error) {
	log, err := playLog(o)
	if err != nil {
		return nil, err
	}
	keys, err := o.keys.config()
	if err != nil {
		return nil, err
	}
	s := &session{opt: o, log: log, keys: keys, mounts: map[string]fs.FS{"demo": demo.FS}, warm: make(chan struct{})}
	header := http.Header{}
	for _, h := range o.headers {
		k, v, ok := strings.Cut(h, ":")
		if k = strings.TrimSpace(k); !ok || k == "" {
			return nil, usage("--header %q: takes 'Name: value'", h)
		}
		header.Add(k, strings.TrimSpace(v))
	}
	s.fetch, err = fetch.New(fetch.Config{UserAgent: o.userAgent, Header: header, CAFile: o.caFile, Insecure: o.insecure,
		Throttle: o.throttle, Exchanges: exchanges(o.har), CMCD: cmcdModes[o.cmcd], Stdin: os.Stdin, Mounts: s.mounts, Seed: uint64(time.Now().UnixNano())})
	if err != nil {
		return nil, usage("--ca-file %s: %v", o.caFile, err)
	}
	if s.har, err = createHAR(o.har); err != nil {
		return nil, err
	}
	if o.dump != "" {
		if s.dump, err = newDumper(o.dump); err != nil {
			return nil, usage("--dump %s: %v", o.dump, err)
		}
	}
	if s.shots, err = o.decoders(log); err != nil {
		return nil, err
	}
	s.factory = s.shots
	if !o.headless {
		s.formats = render.Supports
	} else if s.factory.Deinterlace == ffmpeg.DeinterlaceAuto {
		s.factory.Deinterlace = ffmpeg.DeinterlaceNo // nobody looks, and the dump's checksums are those of what was coded
	}
	return s, s.openSound()
}

// openSound makes the sink that --audio-out names.
func (s *session) openSound() error {
	var po pcm.Options
	if s.dump != nil {
		po.Dump = s.dump.sound
	}
	file, isWAV := strings.CutPrefix(s.opt.audioOut, "wav:")
	switch {
	case isWAV:
		sink, err := wav.Create(file, wav.Options{Options: po})
		if err != nil {
			return usage("--audio-out %s: %v", s.opt.audioOut, err)
		}
		s.sound = sink
	case s.opt.audioOut == "null":
		s.sound = null.New(null.Options{Options: po})
	default:
		s.sound = audio.New(audio.Options{Options: po, Log: s.log})
	}
	return nil
}

// run plays the sources and returns the exit code. It must run on the main goroutine: windows want that.
func (s *session) run(names []string) int {
	ctx, quit := context.WithCancel(context.Background())
	defer quit()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	var interrupted atomic.Bool
	go func() {
		select {
		case <-signals:
			interrupted.Store(true)
			quit()
		case <-ctx.Done():
		}
		signal.Stop(signals) // another signal ends the program at once
	}()
	if s.dump != nil {
		s.dump.rateHz = s.sound.Format().Rate
	}
	if err := s.sound.Start(ctx); err != nil {
		return s.fail(1, "sound: "+err.Error())
	}
	if w, ok := s.sound.(*wav.Sink); ok {
		s.dump.recording(w.Epoch())
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer quit()
		s.playlist(ctx, names)
		if s.lingers() {
			<-ctx.Done() // the window tells what went wrong until it is closed
		}
	}()
	if s.opt.headless {
		s.drawNowhere(ctx)
	} else if err := s.window(ctx); err != nil {
		s.fail(1, err.Error())
	}
	quit()
	<-done
	s.retire(nil)
	s.bury()
	if err := s.sound.Close(); err != nil {
		s.fail(1, "sound: "+err.Error())
	}
	if err := s.dump.Close(); err != nil {
		s.fail(1, "--dump: "+err.Error())
	}
	if err := writeHAR(s.har, s.fetch); err != nil {
		s.fail(1, err.Error())
	}
	_ = s.fetch.Close() // idle connections and a temporary file: nothing that a user could act on
	if interrupted.Load() {
		return 130
	}
	return s.exitCode()
}

// fail prints an error and remembers the exit code, which it returns.
func (s *session) fail(code int, text string) int {
	text = oneLine(text)
	fmt.Fprintln(os.Stderr, "mseplayer: "+text)
	defer render.Wake() // to tell it
	s.mu.Lock()
	defer s.mu.Unlock()
	s.code, s.failed = code, text
	return code
}

func (s *session) exitCode() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.code
}

func (s *session) failure() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// lingers reports whether the window stays open to tell an error to somebody who has no terminal to read it in.
func (s *session) lingers() bool {
	return !s.opt.headless && s.failure() != "" && !terminal(os.Stderr)
}

// playlist plays the sources one after the other. A source that cannot be played does not keep the others from it.
func (s *session) playlist(ctx context.Context, names []string) {
	for i, name := range names {
		if ctx.Err() != nil {
			return
		}
		s.one(ctx, name, i)
	}
}

// one plays one source and writes what was asked for about it.
func (s *session) one(ctx context.Context, name string, i int) {
	before := s.sound.Stats()
	deps := player.Deps{Decoders: s.factory, Demuxer: s.factory, Formats: s.formats, Audio: s.sound, Fetch: s.fetch, Mounts: s.mounts,
		Generation: media.Gen(i) * generations, Log: s.log}
	if s.dump != nil {
		deps.Dump = s.dump.picture
	}
	p := player.New(s.config(), deps)
	p.SetVolume(s.opt.volume / 100)
	p.SetMuted(s.opt.mute)
	p.SetSpeed(s.opt.speed)
	p.SetAudioDelay(media.Span(s.opt.audioDelay))
	if s.opt.abLoop[0] {
		p.SetSection(media.Some(media.Time(s.opt.abLoopA)), media.Some(media.Time(s.opt.abLoopB)))
	}
	if s.opt.end > 0 {
		p.Frames().SetLimit(media.Some(media.Time(s.opt.end)))
	}
	changed := make(chan struct{}, 1)
	p.Listen(func(e mse.Event) { // as long as there is the player
		if e.Type == element.EventTimeUpdate || e.Type == element.EventProgress {
			return
		}
		select {
		case changed <- struct{}{}:
		default:
		}
		render.Wake()
	})
	s.retire(p)
	if v := s.view.Load(); v != nil {
		p.SetView(v[0], v[1])
	}
	resolved, unresolved := resolve(name)
	err := unresolved
	if err == nil {
		name = resolved
		err = p.Open(ctx, name)
	}
	if err == nil {
		if !s.opt.paused {
			s.awaitSurface(ctx, p)
			p.Play()
		}
		s.follow(ctx, p, changed)
		if err = p.Err(); err == nil && ctx.Err() == nil && p.Empty() {
			err = fmt.Errorf("%s: there is nothing to play: not a single picture or sound came out", fetch.Redact(name))
		}
	}
	report := p.Report(s.heard(before))
	p.Stop()
	if err != nil && ctx.Err() == nil {
		code := 1
		var se *source.Error
		if unresolved != nil || errors.As(err, &se) {
			code = 2
		}
		s.fail(code, err.Error())
	}
	if s.opt.stats != "" {
		text := ""
		if err != nil && ctx.Err() == nil {
			text = err.Error()
		}
		s.writeStats(report, name, text, i == 0)
	}
	if err == nil {
		s.writeShots(name)
	}
}

// config is the player's configuration.
func (s *session) config() player.Config {
	return player.Config{Start: media.Time(s.opt.start), Quality: s.opt.quality, VideoTrack: s.opt.video, AudioTrack: s.opt.audio, SubTrack: s.opt.sub,
		SubFiles: s.opt.subFiles, SubDelay: media.Span(s.opt.subDelay), SubScale: s.opt.subScale,
		MaxHeight: s.opt.maxHeight, MaxBitrate: s.opt.maxBitrate, LiveDelay: media.Span(s.opt.liveDelay), Ahead: media.Span(s.opt.buffer), ReplayGain: s.opt.replayGain, Keys: s.keys}
}

// awaitSurface waits until the surface keeps up, so that playback does not begin with pictures that nobody could see.
func (s *session) awaitSurface(ctx context.Context, p *player.Player) {
	if s.opt.headless {
		return
	}
	ticker := time.NewTicker(watch)
	defer ticker.Stop()
	for deadline := time.Now().Add(warmPatience); time.Now().Before(deadline); {
		select {
		case <-s.warm:
			return
		case <-ctx.Done():
			return
		case <-p.Ended():
			return
		case <-ticker.C:
		}
		if st := p.State(); st.ReadyState > 0 && !st.HasVideo {
			return // nothing to be seen
		}
	}
}

// follow waits until playback is over: its end, a failure, a limit of the command line, or ctx. changed tells when
// something has happened.
func (s *session) follow(ctx context.Context, p *player.Player, changed <-chan struct{}) {
	timer := time.NewTimer(watch)
	defer timer.Stop()
	limited := s.opt.end > 0 || s.opt.duration > 0 || s.opt.frames > 0
	played, last, lastGen := media.Span(0), media.Time(0), media.Gen(0)
	ended := p.Ended()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ended:
			if !s.opt.loop {
				return
			}
			ended = nil // that was the first time
		case <-changed:
		case <-timer.C:
		}
		if ended == nil {
			if p.Err() != nil {
				return
			}
			if p.State().Ended {
				s.again(p)
			}
		}
		at, gen := p.Playhead()
		if !limited || at == last && gen == lastGen && p.State().Paused {
			timer.Reset(doze)
		} else {
			timer.Reset(watch)
		}
		if gen == lastGen { // neither a seek nor a jump
			played += max(at.Sub(last), 0)
		}
		last, lastGen = at, gen
		switch {
		case s.opt.end > 0 && at >= media.Time(s.opt.end):
			if !s.opt.loop {
				return
			}
			s.again(p)
		case s.opt.duration > 0 && float64(played) >= s.opt.duration:
			return
		case s.opt.frames > 0 && p.Frames().Quality().Presented >= s.opt.frames:
			return
		}
	}
}

// again plays once more, from where playback was told to begin.
func (s *session) again(p *player.Player) {
	if start := media.Time(s.opt.start); start > 0 || !p.State().Ended {
		p.Seek(start)
	}
	p.Play()
}

// retire makes p what is drawn from; the player before is freed once nothing is drawn from it any more.
func (s *session) retire(p *player.Player) {
	old := s.current.Swap(p)
	render.Wake()
	if old != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.retired = append(s.retired, old)
	}
}

// bury frees the retired players. Nothing may be drawing from them.
func (s *session) bury() {
	s.mu.Lock()
	dead := s.retired
	s.retired = nil
	s.mu.Unlock()
	for _, p := range dead {
		p.Close()
	}
}

// Pick implements render.Source with whatever plays at the moment.
func (s *session) Pick(from, to time.Time) (v *frame.Video, fresh bool) {
	p := s.current.Load()
	if p == nil {
		return nil, false
	}
	v, fresh = p.Frames().Pick(from, to)
	if v != nil && s.picks < warmPicks {
		if s.picks++; s.picks == warmPicks {
			close(s.warm)
		}
	}
	s.mu.Lock()
	dead := len(s.retired) > 0
	s.mu.Unlock()
	if dead && v != nil {
		s.bury() // what was lent before is not drawn from any more
	}
	return v, fresh
}

// Due implements render.Timed.
func (s *session) Due() (at time.Time, length time.Duration, ok bool) {
	if p := s.current.Load(); p != nil {
		return p.Frames().Due()
	}
	return time.Time{}, 0, false
}

// drawNowhere is the surface of --headless: it picks as a display of --display-rate would show.
func (s *session) drawNowhere(ctx context.Context) {
	start := time.Now()
	period := time.Duration(float64(time.Second) / s.opt.displayRate)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := int64(1); ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		// Refreshes that were missed are not made up for, as on a display.
		if missed := int64(time.Since(start) / period); missed > n {
			n = missed
		}
		from := start.Add(time.Duration(float64(n) / s.opt.displayRate * float64(time.Second)))
		s.Pick(from, from.Add(period))
		timer.Reset(time.Until(from))
	}
}
