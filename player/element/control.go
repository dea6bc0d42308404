package element

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/decode"
)

const (
	// startAudio is how much sound must be queued before playback starts.
	startAudio media.Span = 0.1
	// tick is how often the control goroutine looks while time runs, rush how often while a seek waits for sound to
	// queue up, and hush how often while nothing moves.
	tick = 20 * time.Millisecond
	rush = 4 * time.Millisecond
	hush = time.Second
	// timeUpdateEvery is the distance of timeupdate events during playback.
	timeUpdateEvery = 250 * time.Millisecond
	// stepBack is how far before a picture's time the seek to the one before goes: less than a tick of the finest usual
	// time scale, more than what counts as the same time.
	stepBack media.Span = 5e-6
	// stepGap is the longest gap that a step leads over at once. What is missing for longer may well be had: a seek has left it
	// out.
	stepGap media.Span = 1
	// dryMargin is how long before the end of what is buffered the decoder is made to put out all it holds.
	dryMargin = 250 * time.Millisecond
	// keyPatience is how long, when one worker lacks a key, the other may take to find out that it does too.
	keyPatience = 300 * time.Millisecond
	// endPatience is how long nothing may happen, when the clock has reached the end, before the last pictures are given
	// up. As long as a slow decoder gives some, they are waited for and counted.
	endPatience = time.Second
)

// control is what the control goroutine owns.
type control struct {
	steps atomic.Int32 // frame steps asked for

	mu    sync.Mutex
	video *videoRun // guarded by mu; written by the control goroutine only
	audio *audioRun // guarded by mu; written by the control goroutine only

	refill *refillRun // nil: nothing is being added to the history

	loaded    media.Gen // the generation that the load began that workers and counts belong to
	applied   media.Gen // the generation that readers, queue and sink are at
	prerolled bool      // what the generation starts with is ready
	stepped   bool      // the picture shown is not at the clock's position
	rewound   media.Gen // the generation that a step began whose picture was not buffered; guarded by loop
	running   bool      // the clock has been told to run
	size      [2]int    // of the picture seen last
	// when a worker was first seen to lack a key, zero when none does
	keylessSince time.Time
	endSince     time.Time     // when the clock reached the end, or the last of the pictures that came later was counted
	endTotal     uint64        // how many had been counted by then
	dry          time.Duration // until nothing is buffered any more
	last         media.Time    // the position at the turn before
	repeat       time.Duration // until the section to be repeated ends
	delayBits    atomic.Uint64 // by which sound is moved, a media.Span
	group        sync.WaitGroup
}

type videoRun struct {
	track  *mse.Track
	reader *mse.Reader
	worker *decode.VideoWorker
	stop   context.CancelFunc
}

type audioRun struct {
	track  *mse.Track
	reader *mse.Reader
	worker *decode.AudioWorker
	stop   context.CancelFunc
}

// statuses returns where the workers stand.
func (c *control) statuses() (video, audio decode.Status) {
	c.mu.Lock()
	v, a := c.video, c.audio
	c.mu.Unlock()
	if v != nil {
		video = v.worker.Status()
	}
	if a != nil {
		audio = a.worker.Status()
	}
	return video, audio
}

// snapshot is what one turn needs to know of the guarded state.
type snapshot struct {
	att      *mse.Attachment
	load     media.Gen
	gen      media.Gen
	target   media.Time
	metadata bool
	video    *mse.Track
	audio    *mse.Track
	delay    media.Span
	paused   bool
}

// soundAt is where sound is read from for time t.
func (s *snapshot) soundAt(t media.Time) media.Time { return max(t.Add(-s.delay), 0) }

// run is the control goroutine.
func (e *Element) run(ctx context.Context) {
	defer e.shutdown()
	timer := time.NewTimer(hush)
	defer timer.Stop()
	for {
		changed := e.loop.Changed()
		timer.Reset(e.turn(ctx, time.Now()))
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-e.kick:
		case <-e.queue.Changed():
		case <-timer.C:
		}
	}
}

// note records an event for the report.
func (e *Element) note(ev mse.Event) {
	if ev.Type == EventTimeUpdate || ev.Type == EventProgress {
		return // what happens all the time says nothing
	}
	e.loop.Do(func(*mse.Tx) {
		e.report.Events = keep(e.report.Events, EventReport{At: e.at, Type: ev.Type})
	})
}

// shutdown joins the workers and lets go of the MediaSource.
func (e *Element) shutdown() {
	e.stopVideo()
	e.stopAudio()
	e.ctl.group.Wait()
	if e.opt.Audio != nil {
		e.opt.Audio.SetRunning(false)
		e.opt.Audio.Flush(e.ctl.applied+1, 0)
	}
	e.clock.Pause(time.Now())
	e.loop.Do(func(tx *mse.Tx) {
		e.rolling, e.closed = false, true
		e.settle(tx, exception(AbortError, "play", "%v", errStopped))
		if e.att != nil {
			e.att.DetachTx(tx)
		}
	})
}

// turn looks at everything once and acts. It returns when to look again at the latest.
func (e *Element) turn(ctx context.Context, now time.Time) time.Duration {
	c := &e.ctl
	var s snapshot
	e.loop.Do(func(*mse.Tx) {
		s = snapshot{att: e.att, load: e.loadGen, gen: e.gen, target: e.target, metadata: e.metadata, video: e.videoTrack, audio: e.audioTrack,
			delay: e.audioDelay, paused: e.paused}
	})
	if s.load != c.loaded {
		e.unload(now, s)
	}
	if !s.metadata {
		return hush
	}
	e.stopWorkers(now, s)
	if s.gen != c.applied {
		e.apply(now, s)
	}
	e.startWorkers(ctx, now, s)
	if !c.prerolled {
		e.preroll(now, s)
	}
	again := hush
	if c.prerolled {
		e.step(ctx, int(c.steps.Swap(0)))
		again = e.followRefill(ctx, s.paused)
	}
	e.followSize()
	e.checkWorkers(now)
	run := e.advance(now)
	if v := c.video; v != nil && (c.running && c.dry < dryMargin || !c.prerolled && c.dry > 0) {
		v.reader.Dry()
	}
	if run != c.running {
		e.roll(now, run)
	}
	switch {
	case c.running:
		e.queue.ExpireHidden(now)
		return min(tick, max(c.dry, lowWater.Duration()), max(c.repeat, time.Millisecond))
	case !c.prerolled || c.steps.Load() != 0 || !c.keylessSince.IsZero():
		return rush
	case e.settling():
		return tick
	default:
		return again
	}
}

// settling reports whether time still runs out after a pause.
func (e *Element) settling() (yes bool) {
	e.loop.Do(func(*mse.Tx) { yes = e.rolling })
	return yes
}

// unload ends what belongs to the load before. Nothing of it is counted afterwards: its workers have ended.
func (e *Element) unload(now time.Time, s snapshot) {
	c := &e.ctl
	e.stopVideo()
	e.stopAudio()
	c.group.Wait()
	e.clock.SetAudio(now, nil)
	c.steps.Store(0)
	c.loaded = s.load
	e.apply(now, s)
	e.queue.ResetQuality()
	e.loop.Do(func(*mse.Tx) { e.counting = e.loadGen == s.load })
}

// followSize makes the size of the picture on the surface the video's.
// HTML: dom-video-videowidth.
func (e *Element) followSize() {
	c := &e.ctl
	p, ok := e.queue.Shown()
	if !ok || p.Gen != c.applied || c.video == nil {
		return
	}
	size := [2]int{p.Width, p.Height}
	if size == c.size {
		return
	}
	e.loop.Do(func(tx *mse.Tx) {
		if e.gen != c.applied {
			return
		}
		if c.size = size; e.width != size[0] || e.height != size[1] {
			e.width, e.height = size[0], size[1]
			tx.Queue(&e.EventTarget, EventResize)
		}
	})
}

// stopWorkers stops those whose track is gone.
func (e *Element) stopWorkers(now time.Time, s snapshot) {
	c := &e.ctl
	if c.video != nil && c.video.track != s.video {
		e.stopVideo()
	}
	if c.audio != nil && c.audio.track != s.audio {
		e.stopAudio()
		e.clock.SetAudio(now, nil)
	}
}

// startWorkers starts a worker for each track that plays. Its reader is sent to where the generation begins first: what
// is read before that would be played twice.
func (e *Element) startWorkers(ctx context.Context, now time.Time, s snapshot) {
	c := &e.ctl
	if s.video != nil && c.video == nil && !e.opt.NoVideo {
		if r, err := s.att.Reader(s.video); err == nil {
			wctx, stop := context.WithCancel(ctx)
			w := decode.NewVideoWorker(r, e.opt.Decoders, e.queue, decode.WorkerOptions{Decoder: e.decoder(), TryKeys: true, Wake: e.look, Log: e.log})
			c.mu.Lock()
			c.video = &videoRun{s.video, r, w, stop}
			c.mu.Unlock()
			r.Seek(s.target, s.gen)
			e.shareReaders()
			c.group.Go(func() { w.Run(wctx) })
		}
	}
	if s.audio != nil && c.audio == nil && e.opt.Audio != nil {
		if r, err := s.att.Reader(s.audio); err == nil {
			wctx, stop := context.WithCancel(ctx)
			e.delaySound(s.delay)
			w := decode.NewAudioWorker(r, e.opt.Decoders, shiftedSink{e.opt.Audio, &c.delayBits}, decode.WorkerOptions{Decoder: e.decoder(), TryKeys: true, Wake: e.look, Log: e.log}, nil)
			c.mu.Lock()
			c.audio = &audioRun{s.audio, r, w, stop}
			c.mu.Unlock()
			e.clock.SetAudio(now, e.opt.Audio)
			r.Seek(s.soundAt(s.target), s.gen)
			e.shareReaders()
			c.group.Go(func() { w.Run(wctx) })
		}
	}
}

// decoder is the options of a new worker's decoders.
func (e *Element) decoder() decode.Options {
	o := e.opt.Decoder
	if e.opt.Decrypters != nil {
		o.Decrypter = e.opt.Decrypters()
	}
	return o
}

func (e *Element) stopVideo() {
	e.stopRefill()
	c := &e.ctl
	if c.video == nil {
		return
	}
	c.video.stop()
	c.video.reader.Close()
	c.mu.Lock()
	c.video = nil
	c.mu.Unlock()
}

func (e *Element) stopAudio() {
	c := &e.ctl
	if c.audio == nil {
		return
	}
	c.audio.stop()
	c.audio.reader.Close()
	c.mu.Lock()
	c.audio = nil
	c.mu.Unlock()
}

// apply brings clock, queue, sink and readers to a new generation, in this order: nothing of the new one can arrive
// before the old one has been flushed.
func (e *Element) apply(now time.Time, s snapshot) {
	c := &e.ctl
	e.stopRefill()
	c.applied, c.prerolled, c.stepped, c.running, c.endSince, c.last = s.gen, false, false, false, time.Time{}, s.target
	if e.opt.Audio != nil {
		e.opt.Audio.SetRunning(false)
	}
	e.clock.Reset(now, s.gen, s.target)
	e.queue.Flush(s.gen)
	if e.opt.Audio != nil {
		e.opt.Audio.Flush(s.gen, s.target)
	}
	if c.video != nil {
		c.video.reader.Seek(s.target, s.gen)
	}
	if c.audio != nil {
		e.delaySound(s.delay)
		c.audio.reader.Seek(s.soundAt(s.target), s.gen)
	}
	e.shareReaders()
	e.log.Debug("generation", "gen", s.gen, "t", s.target)
}

// delaySound moves the sound of the generation that begins.
func (e *Element) delaySound(d media.Span) {
	e.ctl.delayBits.Store(math.Float64bits(float64(d)))
}

// shareReaders tells those who hold the lock which readers there are and where they have been sent.
func (e *Element) shareReaders() {
	c := &e.ctl
	e.loop.Do(func(*mse.Tx) {
		e.readers, e.sought = e.readers[:0], c.applied
		if c.video != nil {
			e.readers = append(e.readers, c.video.reader)
		}
		if c.audio != nil {
			e.readers = append(e.readers, c.audio.reader)
		}
	})
}

// preroll completes a seek once the first picture and enough sound are ready.
func (e *Element) preroll(now time.Time, s snapshot) {
	c := &e.ctl
	landed := s.target
	if c.video != nil {
		t, ok := e.queue.First(s.gen)
		if st := c.video.worker.Status(); !ok && !(st.Gen == s.gen && (st.State == decode.Ended || st.State == decode.Failed)) {
			return
		}
		if ok {
			landed = t
		}
	}
	if c.audio != nil {
		st := c.audio.worker.Status()
		done := st.Gen == s.gen && (st.State == decode.Ended || st.State == decode.Failed)
		if !done && e.opt.Audio.Queued() < startAudio {
			return
		}
	}
	c.prerolled = true
	e.loop.Do(func(tx *mse.Tx) {
		if e.gen != s.gen {
			return
		}
		if c.rewound == s.gen {
			e.at = landed
		}
		if e.report.FirstFrame.IsZero() && c.video != nil {
			e.report.FirstFrame = now
		}
		if !e.seeking {
			return
		}
		e.seeking = false
		e.announceSeek(tx)
		if !e.seekedAt.IsZero() {
			e.report.Seeks = keep(e.report.Seeks, SeekReport{Target: s.target, Landed: landed, Latency: now.Sub(e.seekedAt)})
		}
		tx.Queue(&e.EventTarget, EventTimeUpdate)
		tx.Queue(&e.EventTarget, EventSeeked)
		e.monitor(tx)
	})
}

// step shows the picture n after or before the one that is shown: from the queue or its history where it is there. One
// that is still being decoded, for either, is waited for. One that is not buffered takes a seek. Steps that are left wait.
func (e *Element) step(ctx context.Context, n int) {
	if n == 0 {
		return
	}
	paused := false
	e.loop.Do(func(*mse.Tx) { paused = e.paused })
	if !paused {
		return // playback has been resumed since
	}
	for n != 0 {
		one := 1
		if n < 0 {
			one = -1
		}
		t, ok := e.queue.Step(one)
		if !ok {
			if m, missing := e.queue.Missing(); missing && e.refill(ctx, m) || !missing && one > 0 && e.decoding() {
				e.ctl.steps.Add(int32(n))
				return
			}
			t, ok = e.queue.Step(one) // it may just have been decoded
		}
		if !ok {
			if e.stepBySeek(one) {
				e.ctl.steps.Add(int32(n - one))
			}
			return
		}
		n -= one
		e.ctl.stepped = true
		e.loop.Do(func(tx *mse.Tx) {
			if e.gen == e.ctl.applied {
				e.at = t
				tx.Queue(&e.EventTarget, EventTimeUpdate)
			}
		})
	}
}

// decoding reports whether more pictures of the generation are on their way.
func (e *Element) decoding() bool {
	v := e.ctl.video
	if v == nil {
		return false
	}
	st := v.worker.Status()
	return st.State != decode.Ended && st.State != decode.Failed && !v.reader.Waiting()
}

// stepBySeek seeks to right before the beginning of the picture that is to be seen, or to where the next one begins, over
// a gap if there is one. It reports false where there is nothing to go to.
func (e *Element) stepBySeek(one int) (yes bool) {
	p, ok := e.queue.Seen()
	if !ok {
		return false
	}
	e.loop.Do(func(tx *mse.Tx) {
		if e.gen != e.ctl.applied {
			return
		}
		t := p.PTS.Add(-stepBack)
		if one > 0 {
			t = p.PTS.Add(p.Duration)
		}
		if t, yes = stepTarget(e.att.BufferedTx(tx), e.att.SeekableTx(tx), t, one); yes {
			e.seek(tx, t)
			e.ctl.rewound = e.gen
		}
	})
	return yes
}

// stepTarget is where a step that leads to t seeks to: t where that is buffered; the nearest point in the step's direction
// that is, so that gaps are stepped over; and t again where there is no such point nearby but media to be had.
func stepTarget(buffered, seekable media.Ranges, t media.Time, one int) (media.Time, bool) {
	if _, ok := buffered.Find(t); ok {
		return t, true
	}
	if one > 0 {
		if r, ok := buffered.Next(t); ok && r.Start.Sub(t) <= stepGap {
			return r.Start, true
		}
		return t, len(seekable) > 0 && t < seekable.End().Add(-stepBack)
	}
	if r, ok := rangeBefore(buffered, t); ok {
		return r.End.Add(-stepBack), true
	}
	return t, len(seekable) > 0 && t >= seekable[0].Start
}

// rangeBefore is the range that t lies in or, but for a gap, after.
func rangeBefore(buffered media.Ranges, t media.Time) (media.Range, bool) {
	for i := len(buffered) - 1; i >= 0; i-- {
		if r := buffered[i]; r.Start <= t {
			return r, t.Sub(r.End) <= stepGap
		}
	}
	return media.Range{}, false
}

// checkWorkers turns the failure of a worker into the element's. Playback goes on without sound when only sound
// fails, unless that is for want of a key, which somebody can give; then both are named if both want one.
func (e *Element) checkWorkers(now time.Time) {
	v, a := e.ctl.statuses()
	if wait, err := e.keyless(now, v, a); wait {
		return
	} else if err != nil {
		e.broke(err)
		return
	}
	if v.State == decode.Failed {
		e.broke(v.Err)
		return
	}
	if a.State != decode.Failed || e.ctl.audio == nil {
		return
	}
	if e.ctl.video == nil {
		e.broke(a.Err)
		return
	}
	e.log.Warn("playing on without sound", "err", a.Err)
	e.clock.SetAudio(time.Now(), nil)
	e.stopAudio()
	e.loop.Do(func(*mse.Tx) {
		if e.gen == e.ctl.applied {
			e.unheard, e.audioTrack = e.audioTrack, nil
		}
	})
}

// keyless returns what is to be said of workers that lack keys, pictures first. Which of them finds out first is chance, so it
// waits a moment for the other.
func (e *Element) keyless(now time.Time, v, a decode.Status) (wait bool, err error) {
	c := &e.ctl
	var errs []error
	undecided := false
	for _, w := range []struct {
		there  bool
		status decode.Status
	}{{c.video != nil, v}, {c.audio != nil, a}} {
		var key *decode.KeyError
		switch {
		case !w.there:
		case w.status.State == decode.Failed && errors.As(w.status.Err, &key):
			errs = append(errs, w.status.Err)
		case w.status.State != decode.Failed && w.status.State != decode.Ended:
			undecided = true
		}
	}
	switch {
	case len(errs) == 0:
		c.keylessSince = time.Time{}
		return false, nil
	case undecided && c.keylessSince.IsZero():
		c.keylessSince = now
		return true, nil
	case undecided && now.Sub(c.keylessSince) < keyPatience:
		return true, nil
	case len(errs) == 1:
		return false, errs[0]
	}
	return false, fmt.Errorf("%w; %w", errs[0], errs[1])
}

// broke ends playback because a worker has failed.
func (e *Element) broke(err error) {
	e.loop.Do(func(tx *mse.Tx) {
		if e.gen == e.ctl.applied { // otherwise the next turn looks again
			e.fail(tx, Decode, err, true)
		}
	})
}

// advance moves the official position on, decides about stalls and the end, and returns whether the clock is to run.
func (e *Element) advance(now time.Time) (run bool) {
	c := &e.ctl
	videoDone, audioDone := e.drained()
	e.loop.Do(func(tx *mse.Tx) {
		if e.gen != c.applied {
			return // a seek came in between; the next turn handles it
		}
		at := e.position(now)
		before := c.last
		c.last, c.repeat = at, tick
		if e.passes(before, at) {
			e.seek(tx, e.sectionA.T)
			return
		}
		if e.section() && at < e.sectionB.T {
			c.repeat = (e.sectionB.T.Sub(at) / media.Span(max(e.rate, MinRate))).Duration()
		}
		e.att.SetPlayheadTx(tx, at)
		if r, ok := e.clock.Read(); e.rolling && !c.running && (!ok || !r.Moving(now)) {
			e.rolling = false // what had been handed to the device when playback paused has sounded
		}
		// Time does not run in a stream without a single frame, and still it is over.
		going := e.rolling || c.prerolled && !e.paused && !e.ended && !e.broken
		if going && e.att.EndedTx(tx) && e.duration == e.duration && at >= e.duration {
			if n := e.queue.Quality().Total; c.endSince.IsZero() || n != c.endTotal {
				c.endSince, c.endTotal = now, n
			}
			if videoDone && audioDone || now.Sub(c.endSince) >= endPatience {
				c.endSince = time.Time{}
				e.finish(tx)
			} else {
				run = true
			}
			return
		}
		e.monitor(tx)
		e.stall(tx, now)
		until, _ := bufferedUntil(e.att.BufferedTx(tx), e.at)
		c.dry = ((until.Sub(e.at) - lowWater) / media.Span(max(e.rate, MinRate))).Duration()
		if e.rolling && now.Sub(e.lastUpdate) >= timeUpdateEvery {
			e.lastUpdate = now
			tx.Queue(&e.EventTarget, EventTimeUpdate)
		}
		run = c.prerolled && !e.paused && !e.seeking && !e.stalled && !e.ended && !e.broken && e.rate != 0 && e.ready >= HaveCurrentData
		if run && c.stepped {
			// Sound has to come from where the picture is now.
			run = false
			e.seek(tx, e.at)
		}
	})
	return run
}

// drained reports whether everything of the generation has been shown and heard.
func (e *Element) drained() (video, audio bool) {
	c := &e.ctl
	video, audio = true, true
	if c.video != nil {
		st := c.video.worker.Status()
		video = st.State == decode.Ended && st.Gen == c.applied && e.queue.Drained(c.applied)
	}
	if c.audio != nil {
		audio = e.opt.Audio.Drained(c.applied)
	}
	return video, audio
}

// stall begins or ends an interruption. The lock must be held.
func (e *Element) stall(tx *mse.Tx, now time.Time) {
	if !e.stalled {
		if !e.ctl.running || e.ready > HaveCurrentData {
			return
		}
		// What little is left up to the end of the range has been handed to the device. The position rests from here on.
		if until, ok := bufferedUntil(e.att.BufferedTx(tx), e.at); ok && until.Sub(e.at) <= lowWater {
			e.at = until
			e.stretch.End = max(e.stretch.End, until)
		}
		e.stalled, e.rolling = true, false
		e.log.Info("waiting for data", "t", e.at, "buf", e.att.BufferedTx(tx))
		e.report.Stalls = keep(e.report.Stalls, StallReport{At: e.at, since: now})
		tx.Changed()
		return
	}
	if e.ready <= HaveCurrentData {
		return
	}
	e.stalled = false
	e.report.resume(now)
}

// finish is the end of playback. The lock must be held.
// HTML: reaches-the-end.
func (e *Element) finish(tx *mse.Tx) {
	if e.rolling {
		e.stretch.End = max(e.stretch.End, e.duration)
	}
	e.at, e.rolling = e.duration, false
	if e.section() && e.sectionA.T < e.duration && e.sectionB.T >= e.duration {
		e.seek(tx, e.sectionA.T)
		return
	}
	if e.repeat && e.duration > 0 {
		e.seek(tx, 0)
		return
	}
	e.ended = true
	tx.Queue(&e.EventTarget, EventTimeUpdate)
	if !e.paused {
		e.paused = true
		tx.Queue(&e.EventTarget, EventPause)
		e.settle(tx, exception(AbortError, "play", "playback has ended"))
	}
	tx.Queue(&e.EventTarget, EventEnded)
	tx.Changed()
}

// roll starts or stops the clock and the sound.
func (e *Element) roll(now time.Time, run bool) {
	c := &e.ctl
	c.running = run
	if run {
		e.clock.Run(now)
		e.loop.Do(func(*mse.Tx) {
			if e.rolling = e.gen == c.applied; e.rolling {
				e.played = e.allPlayed()
				e.stretch = media.Range{Start: e.at, End: e.at}
				e.lastUpdate = now // the first timeupdate does not come along with playing
			}
		})
	} else {
		e.clock.Pause(now)
	}
	if e.opt.Audio != nil && c.audio != nil {
		e.opt.Audio.SetRunning(run)
	}
}
