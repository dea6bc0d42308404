package render

import (
	"math"
	"time"

	"github.com/hajimehoshi/ebiten/v2"

	"mseplayer/mse/media"
	"mseplayer/render/hud"
)

const (
	// stillTime is how long the pointer rests until it and the controls disappear.
	stillTime = 2 * time.Second
	// seekShow is how long a seek by keyboard shows the controls.
	seekShow = 1200 * time.Millisecond
	// doubleClick is the longest time between the presses of a double click, doubleClickUnits how far apart they
	// may be.
	doubleClick      = 300 * time.Millisecond
	doubleClickUnits = 6
	// dragInterval is the shortest time between the seeks of one drag; dragPatience is how long the next one waits for the
	// picture of the one before.
	dragInterval = 30 * time.Millisecond
	dragPatience = 500 * time.Millisecond
	// settleTime is how long after the window changed its size the pointer may seem to move because the window did.
	settleTime = 250 * time.Millisecond
	// jitterPixels is how far the pointer must move to count as moving.
	jitterPixels = 1
)

// input is what happened since the frame before.
type input struct {
	now time.Time
	// x, y is the pointer in device pixels.
	x, y   float32
	inside bool
	// resized says that the window has another size than before.
	resized bool
	// down is the state of the left button; pressed, that it went down; secondary, that the right
	// button went down.
	down, pressed, secondary bool
	wheelX, wheelY           float64
	// typed are the characters typed, keys the keys that went down, held those that are down.
	typed []rune
	keys  []ebiten.Key
	held  func(ebiten.Key) bool
	// shift, whether one of the modifiers is held that belong to the desktop, and whether that is the control key alone.
	shift, modified, control bool
}

// stirs reports whether anything happened with the pointer, that was at x, y, or the keys.
func (in *input) stirs(x, y float32) bool {
	return in.x != x || in.y != y || in.down || in.pressed || in.secondary || in.wheelX != 0 || in.wheelY != 0 ||
		len(in.typed)+len(in.keys) != 0 || in.modified || in.shift
}

// request is what the window itself has to do.
type request struct {
	toggleFullscreen, leaveFullscreen, quit bool
}

// reaction shows what the user did.
type reaction interface {
	ShowVolume(now time.Time)
	Flash(now time.Time, paused bool)
}

// grip is what the left button holds.
type grip uint8

const (
	gripNone grip = iota
	gripSeek
	gripVolume
)

// desk turns input into calls of Controls. It is pure: time and events come in as arguments.
type desk struct {
	x, y   float32   // the pointer at the frame before
	moved  time.Time // when it last moved
	steady time.Time // from when on movement counts
	inside bool
	over   hud.Target
	shown  bool      // whether the controls were visible at the frame before
	until  time.Time // how long a seek keeps them visible

	grip      grip
	dragTo    media.Time
	sent      media.Time // the last target of this drag
	sentAt    time.Time
	sentExact bool // whether sent was an exact seek
	landed    bool // whether the seek before was done at the frame before, so that its picture has been drawn

	clicked        time.Time // the press before, for double clicks
	clickX, clickY float32

	repeatKey ebiten.Key
	repeat    command
	repeatAt  time.Time
}

// tick handles one frame's input.
func (d *desk) tick(in *input, l *hud.Layout, s *State, c Controls, r reaction) request {
	var q request
	d.pointer(in, l, s, c, r, &q)
	d.keyboard(in, s, c, r, &q)
	d.shown = d.wantControls(in, s)
	return q
}

// controls reports whether the controls are to be visible, hidden whether the pointer is not.
func (d *desk) controls() bool { return d.shown }

func (d *desk) hidden(now time.Time, s *State) bool {
	return d.inside && d.grip == gripNone && !d.resting() && !s.NoVideo && now.Sub(d.moved) >= stillTime
}

// resting reports whether the pointer lies on visible controls, which keeps them.
func (d *desk) resting() bool { return d.inside && d.shown && d.over != hud.OnPicture }

func (d *desk) wantControls(in *input, s *State) bool {
	return d.grip != gripNone || s.NoVideo || in.now.Before(d.until) || d.resting() ||
		d.inside && !d.moved.IsZero() && in.now.Sub(d.moved) < stillTime
}

func (d *desk) pointer(in *input, l *hud.Layout, s *State, c Controls, r reaction, q *request) {
	if in.resized || d.steady.IsZero() {
		d.steady = in.now.Add(settleTime)
	}
	if in.now.Before(d.steady) {
		d.x, d.y = in.x, in.y
	} else if math.Abs(float64(in.x-d.x)) >= jitterPixels || math.Abs(float64(in.y-d.y)) >= jitterPixels {
		d.x, d.y = in.x, in.y
		if in.inside {
			d.moved = in.now
		}
	}
	d.inside = in.inside
	d.over = hud.OnPicture
	if in.inside {
		d.over = l.At(in.x, in.y, s.Live)
	}

	if in.wheelY != 0 && in.inside {
		c.VolumeBy(volumeStep * in.wheelY)
		r.ShowVolume(in.now)
	}
	if in.wheelX != 0 && in.inside {
		c.SeekBy(wheelSeek*media.Span(in.wheelX), false)
		d.until = in.now.Add(seekShow)
	}
	if in.secondary && in.inside {
		d.togglePause(in.now, s, c, r)
	}
	if in.pressed && in.inside {
		d.press(in, l, s, c, r, q)
	}
	d.drag(in, l, s, c, r)
}

func (d *desk) press(in *input, l *hud.Layout, s *State, c Controls, r reaction, q *request) {
	target := d.over
	if !d.shown && in.now.Sub(d.moved) >= stillTime {
		target = hud.OnPicture // what cannot be seen cannot be meant
	}
	switch target {
	case hud.OnSeek:
		if _, ok := s.Span(); ok {
			d.grip, d.sentAt = gripSeek, time.Time{}
		}
	case hud.OnVolume:
		d.grip = gripVolume
	case hud.OnPlay:
		d.togglePause(in.now, s, c, r)
	case hud.OnMute:
		c.ToggleMute()
		r.ShowVolume(in.now)
	case hud.OnLive:
		c.SeekTo(s.Seekable.End, false)
	case hud.OnFullscreen:
		q.toggleFullscreen = true
	case hud.OnControls:
	case hud.OnPicture:
		near := doubleClickUnits * l.Unit
		if !d.clicked.IsZero() && in.now.Sub(d.clicked) <= doubleClick &&
			abs(in.x-d.clickX) <= near && abs(in.y-d.clickY) <= near {
			q.toggleFullscreen = true
			d.clicked = time.Time{}
			return
		}
		d.clicked, d.clickX, d.clickY = in.now, in.x, in.y
	default:
		panic("render: impossible target")
	}
}

// drag follows what the left button holds. The first seek and the last one of a drag are exact; those between may land
// nearby and come as fast as their pictures can be drawn, but not more often than every dragInterval.
func (d *desk) drag(in *input, l *hud.Layout, s *State, c Controls, r reaction) {
	switch d.grip {
	case gripNone:
		return
	case gripVolume:
		if v := math.Round(100 * l.VolumeFraction(in.x)); v != math.Round(s.Volume) {
			c.SetVolume(v)
		}
	case gripSeek:
		span, ok := s.Span()
		if !ok {
			d.grip = gripNone
			return
		}
		d.dragTo = span.Start.Add(media.Span(l.SeekFraction(in.x)) * span.Len())
		ends := !in.down
		first, since := d.sentAt.IsZero(), in.now.Sub(d.sentAt)
		seen := d.landed && !s.Seeking
		d.landed = !s.Seeking
		next := d.dragTo != d.sent && since >= dragInterval && (seen || since >= dragPatience)
		if first || ends && (d.dragTo != d.sent || !d.sentExact) || next {
			d.landed = false
			d.sentExact = first || ends
			d.sent, d.sentAt = d.dragTo, in.now
			c.SeekTo(d.dragTo, d.sentExact)
		}
	}
	if !in.down {
		d.grip = gripNone
		d.moved = in.now
	}
}

func (d *desk) keyboard(in *input, s *State, c Controls, r reaction, q *request) {
	d.repeatHeld(in, s, c, r, q)
	if in.control {
		for _, k := range in.keys {
			if cmd := controlCommand(k); cmd != noCommand {
				d.start(k, cmd, in, s, c, r, q)
			}
		}
	}
	if in.modified || len(in.keys) == 0 {
		// Characters without a key going down are the desktop's own repetition of a held key.
		return
	}
	for _, k := range in.keys {
		if cmd := keyCommand(k, in.shift); cmd != noCommand {
			d.start(k, cmd, in, s, c, r, q)
		}
	}
	// Which key typed which character is not told; when several went down in one frame, the last one is taken to
	// have typed all of them, which matters for repetition only.
	k := in.keys[len(in.keys)-1]
	for _, t := range in.typed {
		if cmd := typedCommand(t, k); cmd != noCommand && keyCommand(k, in.shift) == noCommand {
			d.start(k, cmd, in, s, c, r, q)
		}
	}
}

// start carries out the command of a key that went down.
func (d *desk) start(k ebiten.Key, cmd command, in *input, s *State, c Controls, r reaction, q *request) {
	d.repeat = noCommand
	if cmd.repeats() {
		d.repeatKey, d.repeat, d.repeatAt = k, cmd, in.now.Add(repeatDelay)
	}
	d.do(cmd, 1, in.now, s, c, r, q)
}

// repeatHeld carries out the repetitions that have become due.
func (d *desk) repeatHeld(in *input, s *State, c Controls, r reaction, q *request) {
	if d.repeat == noCommand {
		return
	}
	if in.modified && !in.control || !in.held(d.repeatKey) {
		d.repeat = noCommand
		return
	}
	n := 0
	for ; n < maxRepeats && !in.now.Before(d.repeatAt); n++ {
		d.repeatAt = d.repeatAt.Add(repeatInterval)
	}
	if d.repeatAt.Before(in.now) {
		d.repeatAt = in.now.Add(repeatInterval)
	}
	if n > 0 {
		d.do(d.repeat, n, in.now, s, c, r, q)
	}
}

// do carries out a command n times at once.
func (d *desk) do(cmd command, n int, now time.Time, s *State, c Controls, r reaction, q *request) {
	seek := func(by media.Span, exact bool) {
		c.SeekBy(by*media.Span(n), exact)
		d.until = now.Add(seekShow)
	}
	switch cmd {
	case noCommand:
	case togglePause:
		d.togglePause(now, s, c, r)
	case seekBack:
		seek(-shortSeek, false)
	case seekForward:
		seek(shortSeek, false)
	case seekBackMinute:
		seek(-longSeek, false)
	case seekForwardMinute:
		seek(longSeek, false)
	case seekBackTen:
		seek(-hugeSeek, false)
	case seekForwardTen:
		seek(hugeSeek, false)
	case nudgeBack:
		seek(-shortNudge, true)
	case nudgeForward:
		seek(shortNudge, true)
	case nudgeBackFive:
		seek(-longNudge, true)
	case nudgeForwardFive:
		seek(longNudge, true)
	case seekStart:
		var start media.Time
		if span, ok := s.Span(); ok {
			start = span.Start
		}
		c.SeekTo(start, true)
		d.until = now.Add(seekShow)
	case stepForward:
		c.Step(n)
	case stepBack:
		c.Step(-n)
	case toggleFullscreen:
		q.toggleFullscreen = true
	case leaveFullscreen:
		q.leaveFullscreen = true
	case toggleMute:
		c.ToggleMute()
		r.ShowVolume(now)
	case volumeDown:
		c.VolumeBy(-volumeStep * float64(n))
		r.ShowVolume(now)
	case volumeUp:
		c.VolumeBy(volumeStep * float64(n))
		r.ShowVolume(now)
	case speedDown:
		c.SpeedBy(1 / math.Pow(speedStep, float64(n)))
	case speedUp:
		c.SpeedBy(math.Pow(speedStep, float64(n)))
	case speedHalf:
		c.SpeedBy(1 / speedLeap)
	case speedDouble:
		c.SpeedBy(speedLeap)
	case speedNormal:
		c.NormalSpeed()
	case nextAudio:
		c.NextTrack(media.Audio)
	case nextVideo:
		c.NextTrack(media.Video)
	case toggleStats:
		c.ToggleStats()
	case sectionPoint:
		c.SectionPoint()
	case soundLater:
		c.AudioDelayBy(soundStep * media.Span(n))
	case soundEarlier:
		c.AudioDelayBy(-soundStep * media.Span(n))
	case nextSubtitle:
		c.CycleSubtitles(1)
	case previousSubtitle:
		c.CycleSubtitles(-1)
	case toggleSubtitles:
		c.ToggleSubtitles()
	case subtitlesEarlier:
		c.DelaySubtitlesBy(-subtitleStep * media.Span(n))
	case subtitlesLater:
		c.DelaySubtitlesBy(subtitleStep * media.Span(n))
	case quit:
		q.quit = true
	default:
		panic("render: impossible command")
	}
}

func (d *desk) togglePause(now time.Time, s *State, c Controls, r reaction) {
	c.TogglePause()
	r.Flash(now, !s.Paused && !s.Ended)
}

func abs(f float32) float32 { return max(f, -f) }
