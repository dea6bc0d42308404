package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player"
	"mseplayer/player/element"
	"mseplayer/player/subtitle"
	"mseplayer/render"
	"mseplayer/render/yuv"
)

// statsEvery is how often the lines of the statistics panel change.
const statsEvery = 250 * time.Millisecond

// speedSnap is how near normal speed counts as normal speed. It is a tenth of a step.
const speedSnap = 0.01

// A step to a picture that has been decoded is done within stepWait, which is looked at every stepLook: the window waits
// for it, so that the picture comes with the frame that is about to be drawn and not with the next one.
const stepWait, stepLook = 8 * time.Millisecond, 100 * time.Microsecond

// window shows the session in a window until it is closed or ctx ends.
func (s *session) window(ctx context.Context) error {
	var g render.Geometry
	if s.opt.geometry != "" {
		var err error
		if g, err = render.ParseGeometry(s.opt.geometry); err != nil {
			return err
		}
	}
	scale, err := yuv.ParseFilter(s.opt.scale)
	if err != nil {
		return err
	}
	err = render.Run(ctx, render.Options{Source: s, Controls: &controls{s: s}, Geometry: g, Scale: scale, Fullscreen: s.opt.fullscreen,
		Overlay: s.overlay, Log: s.log})
	if ctx.Err() != nil {
		return nil // the session is over
	}
	return err
}

// overlay implements render.Options with whatever plays at the moment.
func (s *session) overlay(w, h int) *render.Overlay {
	p := s.current.Load()
	if p == nil {
		return nil
	}
	return (*render.Overlay)(p.Subtitles().Overlay(w, h))
}

// controls is what the window does with the session. It is used from the window's goroutine only.
type controls struct {
	s *session

	lines   []string
	linesAt time.Time

	notice  string // what a key has changed last
	notices uint64
}

func (c *controls) with(f func(p *player.Player)) {
	if p := c.s.current.Load(); p != nil {
		f(p)
	}
}

// State implements render.Controls.
func (c *controls) State(r *render.State) {
	p := c.s.current.Load()
	if p == nil {
		return
	}
	s := p.State()
	r.Title = p.Title()
	r.Position, r.Duration = s.CurrentTime, s.Duration
	r.DurationKnown = s.DurationKnown && s.Duration.IsFinite()
	if len(s.Seekable) > 0 {
		r.Seekable = media.Range{Start: s.Seekable[0].Start, End: s.Seekable.End()}
	}
	r.Buffered = append(r.Buffered[:0], s.Buffered...)
	r.Chapters = r.Chapters[:0]
	for _, ch := range p.Chapters() {
		r.Chapters = append(r.Chapters, render.Chapter{Start: ch.Start, End: ch.End, Title: ch.Title})
	}
	r.SectionStart, r.SectionEnd = p.Section()
	r.Paused, r.Ended, r.Seeking = s.Paused, s.Ended, s.Seeking
	r.Buffering = s.Stalled || !s.Paused && s.ReadyState < element.HaveCurrentData
	r.NoVideo = s.ReadyState > element.HaveNothing && !s.HasVideo
	r.Volume, r.Muted = math.Round(s.Volume*100), s.Muted
	r.Error = c.s.failure()
	r.Notice, r.NoticeSeq = c.notice, c.notices
	r.Stats = r.Stats[:0]
	if c.s.panel.Load() {
		if now := time.Now(); now.Sub(c.linesAt) >= statsEvery {
			c.lines, c.linesAt = statsLines(p, s, c.s.sound.Stats().Device), now
		}
		r.Stats = append(r.Stats, c.lines...)
	}
}

// TogglePause implements render.Controls.
func (c *controls) TogglePause() {
	c.with(func(p *player.Player) {
		if p.State().Paused {
			p.Play()
		} else {
			p.Pause()
		}
	})
}

// SeekBy implements render.Controls. Every seek is exact: decoding up to the target takes no longer than a glance.
func (c *controls) SeekBy(d media.Span, _ bool) {
	c.with(func(p *player.Player) { p.Seek(max(p.State().CurrentTime.Add(d), 0)) })
}

// SeekTo implements render.Controls.
func (c *controls) SeekTo(t media.Time, exact bool) {
	c.with(func(p *player.Player) {
		if exact {
			p.Seek(t)
			return
		}
		p.FastSeek(t)
	})
}

// Step implements render.Controls.
func (c *controls) Step(n int) {
	c.with(func(p *player.Player) {
		before, _ := p.Frames().Seen()
		p.Step(n)
		for start := time.Now(); time.Since(start) < stepWait; time.Sleep(stepLook) {
			if now, _ := p.Frames().Seen(); now != before {
				return
			}
		}
	})
}

// VolumeBy implements render.Controls.
func (c *controls) VolumeBy(points float64) {
	c.with(func(p *player.Player) { p.SetVolume(p.State().Volume + points/100) })
}

// SetVolume implements render.Controls.
func (c *controls) SetVolume(percent float64) {
	c.with(func(p *player.Player) { p.SetVolume(percent / 100) })
}

// SpeedBy implements render.Controls.
func (c *controls) SpeedBy(factor float64) {
	c.with(func(p *player.Player) { c.setSpeed(p, p.State().PlaybackRate*factor) })
}

// NormalSpeed implements render.Controls.
func (c *controls) NormalSpeed() {
	c.with(func(p *player.Player) { c.setSpeed(p, 1) })
}

// setSpeed changes the speed and says so. Steps that lead back to normal speed lead there exactly.
func (c *controls) setSpeed(p *player.Player, speed float64) {
	if math.Abs(speed-1) < speedSnap {
		speed = 1
	}
	p.SetSpeed(speed)
	c.say("Speed %.2f×", p.State().PlaybackRate)
}

// SectionPoint implements render.Controls.
func (c *controls) SectionPoint() {
	c.with(func(p *player.Player) {
		at := p.State().CurrentTime
		switch a, b := p.Section(); {
		case a.Set && b.Set:
			p.SetSection(media.Opt{}, media.Opt{})
			c.say("Repeat off")
		case a.Set:
			p.SetSection(a, media.Some(at))
			a, b = p.Section()
			c.say("Repeat %.2f s to %.2f s", float64(a.T), float64(b.T))
		default:
			p.SetSection(media.Some(at), media.Opt{})
			c.say("Repeat from %.2f s", float64(at))
		}
	})
}

// AudioDelayBy implements render.Controls.
func (c *controls) AudioDelayBy(d media.Span) {
	c.with(func(p *player.Player) {
		p.SetAudioDelay(media.Span(math.Round(float64(p.AudioDelay()+d)*1000) / 1000))
		c.say("Sound delay %+.0f ms", float64(p.AudioDelay())*1000)
	})
}

// ToggleMute implements render.Controls.
func (c *controls) ToggleMute() { c.with(func(p *player.Player) { p.SetMuted(!p.State().Muted) }) }

// NextTrack implements render.Controls.
func (c *controls) NextTrack(k media.Kind) {
	c.with(func(p *player.Player) {
		what := map[media.Kind]string{media.Video: "Video", media.Audio: "Audio"}[k]
		t, number, of, err := p.NextTrack(k)
		switch {
		case err != nil:
			c.say("%s: %v", what, err)
		case of == 0:
			c.say("%s: none", what)
		default:
			c.say("%s %d/%d: %s", what, number, of, t)
		}
	})
}

// Bound implements render.Controls.
func (c *controls) Bound(w, h int) {
	c.s.view.Store(&[2]int{w, h})
	c.with(func(p *player.Player) { p.SetView(w, h) })
}

// say shows a notice.
func (c *controls) say(format string, args ...any) {
	c.notice = oneLine(fmt.Sprintf(format, args...))
	c.notices++
}

// ToggleStats implements render.Controls.
func (c *controls) ToggleStats() {
	c.s.panel.Store(!c.s.panel.Load())
	c.linesAt = time.Time{}
}

// CycleSubtitles implements render.Controls.
func (c *controls) CycleSubtitles(step int) {
	c.with(func(p *player.Player) {
		p.CycleSubtitle(step)
		c.say("%s", subtitleName(p))
	})
}

// ToggleSubtitles implements render.Controls.
func (c *controls) ToggleSubtitles() {
	c.with(func(p *player.Player) {
		b := p.Subtitles()
		b.SetVisible(!b.Visible())
		if b.Visible() {
			c.say("%s", subtitleName(p))
		} else {
			c.say("Subtitles hidden")
		}
	})
}

// DelaySubtitlesBy implements render.Controls.
func (c *controls) DelaySubtitlesBy(d media.Span) {
	c.with(func(p *player.Player) {
		b := p.Subtitles()
		b.SetDelay(media.Span(math.Round(float64(b.Delay()+d)*1000) / 1000))
		c.say("Subtitles %+.1f s", float64(b.Delay()))
	})
}

// subtitleName says which subtitles are chosen: "Subtitles 2 of 3: en, English (captions)".
func subtitleName(p *player.Player) string {
	tracks := p.Subtitles().Tracks()
	t, ok := p.Subtitles().Selected()
	switch {
	case len(tracks) == 0:
		return "No subtitles"
	case !ok:
		return "Subtitles off"
	}
	var parts []string
	for _, s := range []string{t.Language, t.Label} {
		if s != "" && !slices.Contains(parts, s) {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		parts = []string{t.ID}
	}
	name := strings.Join(parts, ", ")
	switch {
	case t.Forced:
		name += " (forced)"
	case t.Kind == "captions":
		name += " (captions)"
	}
	i := slices.IndexFunc(tracks, func(x subtitle.Track) bool { return x.ID == t.ID })
	return fmt.Sprintf("Subtitles %d of %d: %s", i+1, len(tracks), name)
}

// statsLines are the lines of the statistics panel.
func statsLines(p *player.Player, s element.State, device string) []string {
	q := p.Frames().Quality()
	r := p.Report(nil)
	ahead := media.Span(0)
	if x, ok := s.Buffered.Find(s.CurrentTime); ok {
		ahead = x.End.Sub(s.CurrentTime)
	}
	or := func(s *string, other string) string {
		if s == nil {
			return other
		}
		return *s
	}
	lines := []string{"Source: " + r.Source}
	if v := r.Video; v != nil {
		lines = append(lines, fmt.Sprintf("Video: %s %s, %d×%d, %s", v.Codec, or(v.Codecs, ""), *v.Width, *v.Height, or(v.Representation, "")))
	}
	if a := r.AudioTrack; a != nil {
		lines = append(lines, fmt.Sprintf("Audio: %s %s, %d Hz, %d channels, %s", a.Codec, or(a.Codecs, ""), *a.SampleRate, *a.Channels, or(a.Representation, "")))
	}
	if _, ok := p.Subtitles().Selected(); ok {
		lines = append(lines, subtitleName(p))
	}
	lines = append(lines,
		"Device: "+device,
		fmt.Sprintf("Frames: %d total, %d dropped, %d corrupted", q.Total, q.Dropped, q.Corrupted),
		fmt.Sprintf("Detail: %d presented, %d late, %d skipped by cadence, %d hidden", q.Presented, q.Late, q.CadenceSkipped, q.Hidden),
		fmt.Sprintf("Sync: %+.1f ms mean, %.1f ms worst", float64(q.Offset.Mean)*1000, float64(q.Offset.Max)*1000),
		fmt.Sprintf("Buffer: %.1f s ahead, %s", float64(ahead), s.Buffered),
		fmt.Sprintf("State: %s, %.2f×", s.ReadyState, s.PlaybackRate),
		fmt.Sprintf("Network: %d requests, %.1f MB, %d failed, %d retried", r.Requests.Count, float64(r.Requests.Bytes)/1e6, r.Requests.Failed, r.Requests.Retried))
	return lines
}
