package render

import (
	"log/slog"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
	"mseplayer/render/hud"
	"mseplayer/render/yuv"
)

// Source lends the picture that is to be visible in the interval [from, to). v stays valid until a call
// returns another one; fresh is false when the picture of the last call stays (v may then be nil: keep what is shown).
type Source interface {
	Pick(from, to time.Time) (v *frame.Video, fresh bool)
}

// State is what the window shows about playback; Chapter is a part of it.
type (
	State   = hud.State
	Chapter = hud.Chapter
)

// Controls is what the window wants of the player. Calls return at once, within a part of a frame at most; what they did is
// read back with State.
type Controls interface {
	// State fills in the present state. It is called once a frame; s keeps the slices of the last call, so that
	// filling it need not allocate.
	State(s *State)
	// TogglePause pauses or resumes; after the end, it plays again from the start.
	TogglePause()
	// SeekBy moves by d from the current position, or from the target of a seek under way. Inexact seeks may land
	// on a random access point nearby.
	SeekBy(d media.Span, exact bool)
	// SeekTo moves to t. While the seek bar is dragged seeks are inexact, and the next one comes when State says that the
	// one before is done.
	SeekTo(t media.Time, exact bool)
	// Step pauses and shows the next picture (+1) or the one before (-1).
	Step(n int)
	// VolumeBy changes the volume by percentage points, SetVolume sets it in percent.
	VolumeBy(points float64)
	SetVolume(percent float64)
	ToggleMute()
	// SpeedBy multiplies the speed of playback, NormalSpeed makes it 1. What came of it is a State.Notice.
	SpeedBy(factor float64)
	NormalSpeed()
	// NextTrack plays the next track of a kind. What came of it is a State.Notice.
	NextTrack(kind media.Kind)
	// Bound tells how large, in device pixels, pictures can be seen, whenever that changes. 0 by 0 is no bound: the window
	// has the size of its pictures.
	Bound(w, h int)
	// SectionPoint makes the current position the beginning of the section that is repeated, then its end, and then ends
	// the repetition. What came of it is a State.Notice.
	SectionPoint()
	// AudioDelayBy has sound heard later by d, or earlier. What came of it is a State.Notice.
	AudioDelayBy(d media.Span)
	// ToggleStats turns the statistics panel, State.Stats, on or off.
	ToggleStats()
	// CycleSubtitles goes on to the next track of subtitles (+1) or the one before (-1); one of the stations is none.
	// ToggleSubtitles hides and shows what is chosen, DelaySubtitlesBy shows it later by d. What came of it is a
	// State.Notice.
	CycleSubtitles(step int)
	ToggleSubtitles()
	DelaySubtitlesBy(d media.Span)
}

// Options say what Run shows and how. Source and Controls must be set. While nothing happens they are asked about once a
// second; Wake ends that.
type Options struct {
	Source   Source
	Controls Controls
	// Geometry is where the window opens. Without a size it takes the size of the first picture.
	Geometry Geometry
	// Scale is how pictures are interpolated that are not shown in their own size.
	Scale yuv.Filter
	// Fullscreen opens the window fullscreen.
	Fullscreen bool
	// Latency is how long after a picture was picked it becomes visible; 0 stands for one refresh of the display.
	Latency time.Duration
	// Overlay returns what is to be shown over a picture of w × h pixels, nil for nothing. It is asked once a frame and must
	// not wait; the same pointer stands for the same bitmaps. Nil is for nothing ever.
	Overlay func(w, h int) *Overlay
	// Log receives what goes wrong without ending the window; nil discards it.
	Log *slog.Logger
}

// Supports reports whether pictures of format f can be shown as they are. Others have to be converted before they
// are lent.
func Supports(f frame.PixelFormat) bool { return yuv.Supports(f) }
