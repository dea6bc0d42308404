package render

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hajimehoshi/ebiten/v2"

	"mseplayer/mse/media"
	"mseplayer/render/hud"
)

// recorder writes down what it is asked to do.
type recorder struct{ log []string }

func (r *recorder) add(format string, args ...any) {
	r.log = append(r.log, fmt.Sprintf(format, args...))
}

func (r *recorder) State(*State)                    {}
func (r *recorder) TogglePause()                    { r.add("pause") }
func (r *recorder) SeekBy(d media.Span, exact bool) { r.add("by %v %s", d, exactly(exact)) }
func (r *recorder) SeekTo(t media.Time, exact bool) { r.add("to %.2f %s", float64(t), exactly(exact)) }
func (r *recorder) Step(n int)                      { r.add("step %d", n) }
func (r *recorder) VolumeBy(points float64)         { r.add("volume by %v", points) }
func (r *recorder) SetVolume(percent float64)       { r.add("volume %v", percent) }
func (r *recorder) ToggleMute()                     { r.add("mute") }
func (r *recorder) SpeedBy(factor float64)          { r.add("speed by %.3f", factor) }
func (r *recorder) NormalSpeed()                    { r.add("normal speed") }
func (r *recorder) NextTrack(k media.Kind)          { r.add("next %s", k) }
func (r *recorder) Bound(w, h int)                  { r.add("bound %d×%d", w, h) }
func (r *recorder) ToggleStats()                    { r.add("stats") }
func (r *recorder) SectionPoint()                   { r.add("section") }
func (r *recorder) AudioDelayBy(d media.Span)       { r.add("sound by %v", d) }
func (r *recorder) CycleSubtitles(n int)            { r.add("subtitles %+d", n) }
func (r *recorder) ToggleSubtitles()                { r.add("subtitles on or off") }
func (r *recorder) DelaySubtitlesBy(d media.Span)   { r.add("subtitles %+.1f s", float64(d)) }
func (r *recorder) ShowVolume(time.Time)            { r.add("(volume)") }
func (r *recorder) Flash(_ time.Time, paused bool)  { r.add("(flash paused=%t)", paused) }
func (r *recorder) request(q request) {
	if q.toggleFullscreen {
		r.add("fullscreen")
	}
	if q.leaveFullscreen {
		r.add("window")
	}
	if q.quit {
		r.add("quit")
	}
}

func exactly(exact bool) string {
	if exact {
		return "exact"
	}
	return "near"
}

// bench is a desk with everything around it.
type bench struct {
	t    *testing.T
	d    desk
	r    recorder
	in   input
	l    hud.Layout
	s    State
	down map[ebiten.Key]bool
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, l: hud.NewLayout(1000, 600, 1), down: map[ebiten.Key]bool{},
		s: State{Duration: 100, DurationKnown: true, Volume: 50}}
	b.in = input{now: t0, x: 500, y: 200, inside: true, held: func(k ebiten.Key) bool { return b.down[k] }}
	b.tick(0)
	b.tick(settleTime)
	return b
}

// tick moves time, handles the input set up so far and clears its events.
func (b *bench) tick(d time.Duration) {
	b.in.now = b.in.now.Add(d)
	b.r.request(b.d.tick(&b.in, &b.l, &b.s, &b.r, &b.r))
	b.in.pressed, b.in.secondary, b.in.wheelX, b.in.wheelY = false, false, 0, 0
	b.in.keys, b.in.typed = nil, nil
}

func (b *bench) press(k ebiten.Key, typed string) {
	b.in.keys, b.in.typed = []ebiten.Key{k}, []rune(typed)
	b.down[k] = true
}

func (b *bench) release(k ebiten.Key) { delete(b.down, k) }

func (b *bench) want(want ...string) {
	b.t.Helper()
	if !slices.Equal(b.r.log, want) {
		b.t.Fatalf("got %q\nwant %q", b.r.log, want)
	}
	b.r.log = nil
}

// move puts the pointer somewhere.
func (b *bench) move(x, y float32) {
	b.in.x, b.in.y = x, y
	b.tick(time.Millisecond)
}

func TestDesk_Keys(t *testing.T) {
	tests := []struct {
		name  string
		key   ebiten.Key
		typed string
		shift bool
		want  []string
	}{
		{"space", ebiten.KeySpace, " ", false, []string{"pause", "(flash paused=true)"}},
		{"p", ebiten.KeyP, "p", false, []string{"pause", "(flash paused=true)"}},
		{"left", ebiten.KeyArrowLeft, "", false, []string{"by -5 near"}},
		{"right", ebiten.KeyArrowRight, "", false, []string{"by 5 near"}},
		{"up", ebiten.KeyArrowUp, "", false, []string{"by 60 near"}},
		{"down", ebiten.KeyArrowDown, "", false, []string{"by -60 near"}},
		{"shift left", ebiten.KeyArrowLeft, "", true, []string{"by -1 exact"}},
		{"shift right", ebiten.KeyArrowRight, "", true, []string{"by 1 exact"}},
		{"shift up", ebiten.KeyArrowUp, "", true, []string{"by 5 exact"}},
		{"shift down", ebiten.KeyArrowDown, "", true, []string{"by -5 exact"}},
		{"shift page up", ebiten.KeyPageUp, "", true, []string{"by 600 near"}},
		{"shift page down", ebiten.KeyPageDown, "", true, []string{"by -600 near"}},
		{"home", ebiten.KeyHome, "", false, []string{"to 0.00 exact"}},
		{"period", ebiten.KeyPeriod, ".", false, []string{"step 1"}},
		{"comma", ebiten.KeyComma, ",", false, []string{"step -1"}},
		{"f", ebiten.KeyF, "f", false, []string{"fullscreen"}},
		{"escape", ebiten.KeyEscape, "", false, []string{"window"}},
		{"m", ebiten.KeyM, "m", false, []string{"mute", "(volume)"}},
		{"9", ebiten.KeyDigit9, "9", false, []string{"volume by -2", "(volume)"}},
		{"0", ebiten.KeyDigit0, "0", false, []string{"volume by 2", "(volume)"}},
		{"slash", ebiten.KeySlash, "/", false, []string{"volume by -2", "(volume)"}},
		{"star on an American keyboard", ebiten.KeyDigit8, "*", true, []string{"volume by 2", "(volume)"}},
		{"star on a German keyboard", ebiten.KeyBracketRight, "*", true, []string{"volume by 2", "(volume)"}},
		{"slash on a German keyboard", ebiten.KeyDigit7, "/", true, []string{"volume by -2", "(volume)"}},
		{"keypad star counts once", ebiten.KeyNumpadMultiply, "*", false, []string{"volume by 2", "(volume)"}},
		{"keypad slash without a character", ebiten.KeyNumpadDivide, "", false, []string{"volume by -2", "(volume)"}},
		{"f on a Russian keyboard", ebiten.KeyF, "а", false, []string{"fullscreen"}},
		{"q on a French keyboard", ebiten.KeyA, "q", false, []string{"quit"}},
		{"a on a French keyboard is not q", ebiten.KeyQ, "a", false, nil},
		{"q", ebiten.KeyQ, "q", false, []string{"quit"}},
		{"shift q", ebiten.KeyQ, "Q", true, []string{"quit"}},
		{"i", ebiten.KeyI, "i", false, []string{"stats"}},
		{"number sign", ebiten.KeyDigit3, "#", true, []string{"next audio"}},
		{"number sign on a German keyboard", ebiten.KeyBackslash, "#", false, []string{"next audio"}},
		{"underscore", ebiten.KeyMinus, "_", true, []string{"next video"}},
		{"j", ebiten.KeyJ, "j", false, []string{"subtitles +1"}},
		{"J", ebiten.KeyJ, "J", true, []string{"subtitles -1"}},
		{"j on a Russian keyboard", ebiten.KeyJ, "о", false, []string{"subtitles +1"}},
		{"v", ebiten.KeyV, "v", false, []string{"subtitles on or off"}},
		{"z", ebiten.KeyZ, "z", false, []string{"subtitles -0.1 s"}},
		{"Z", ebiten.KeyZ, "Z", true, []string{"subtitles +0.1 s"}},
		{"left bracket", ebiten.KeyBracketLeft, "[", false, []string{"speed by 0.909"}},
		{"right bracket", ebiten.KeyBracketRight, "]", false, []string{"speed by 1.100"}},
		{"left bracket on a Russian keyboard", ebiten.KeyBracketLeft, "х", false, []string{"speed by 0.909"}},
		{"left brace", ebiten.KeyBracketLeft, "{", true, []string{"speed by 0.500"}},
		{"right brace", ebiten.KeyBracketRight, "}", true, []string{"speed by 2.000"}},
		{"right brace on a German keyboard", ebiten.KeyDigit0, "}", false, []string{"speed by 2.000"}},
		{"backspace", ebiten.KeyBackspace, "", false, []string{"normal speed"}},
		{"l", ebiten.KeyL, "l", false, []string{"section"}},
		{"unbound", ebiten.KeyB, "b", false, nil},
		{"unbound with shift", ebiten.KeyHome, "", true, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t)
			b.in.shift = tc.shift
			b.press(tc.key, tc.typed)
			b.tick(time.Millisecond)
			b.want(tc.want...)
		})
	}
}

func TestDesk_Modified(t *testing.T) {
	b := newBench(t)
	b.in.modified = true // ctrl+q belongs to the desktop
	b.press(ebiten.KeyQ, "q")
	b.tick(0)
	b.want()
	b.in.control = true
	b.press(ebiten.KeyEqual, "")
	b.tick(0)
	b.want("sound by 0.1")
	b.press(ebiten.KeyNumpadSubtract, "")
	b.tick(0)
	b.want("sound by -0.1")
	b.press(ebiten.KeyQ, "q")
	b.tick(0)
	b.want()
}

// TestDesk_CommandsComplete sees to it that every command is reachable and known everywhere.
func TestDesk_CommandsComplete(t *testing.T) {
	bound := map[command]bool{}
	for _, k := range keyBindings {
		bound[k.command] = true
	}
	for r := rune(0); r < 0x80; r++ {
		bound[runeCommand(r)] = true
	}
	for k := ebiten.Key(0); k <= ebiten.KeyMax; k++ {
		bound[controlCommand(k)] = true
	}
	for c := noCommand; c <= quit; c++ {
		if !bound[c] {
			t.Errorf("no key gives command %d", c)
		}
		c.repeats() // must not panic
	}
	for _, l := range letterKeys {
		if runeCommand(l.r) == noCommand {
			t.Errorf("key %v stands for %q, which is not bound", l.key, l.r)
		}
	}
}

func TestDesk_Repeat(t *testing.T) {
	b := newBench(t)
	b.press(ebiten.KeyArrowRight, "")
	b.tick(0)
	b.want("by 5 near")
	b.tick(repeatDelay - time.Millisecond)
	b.want()
	b.tick(time.Millisecond)
	b.want("by 5 near")
	b.tick(repeatInterval)
	b.want("by 5 near")
	// A slow frame makes up for what it missed in one go, within limits.
	b.tick(3 * repeatInterval)
	b.want("by 15 near")
	b.tick(time.Minute)
	b.want(fmt.Sprintf("by %d near", 5*maxRepeats))
	b.tick(repeatInterval)
	b.want("by 5 near")
	b.release(ebiten.KeyArrowRight)
	b.tick(time.Second)
	b.want()

	t.Run("another key takes over", func(t *testing.T) {
		b := newBench(t)
		b.press(ebiten.KeyPeriod, ".")
		b.tick(0)
		b.press(ebiten.KeyComma, ",")
		b.tick(time.Millisecond)
		b.r.log = nil
		b.tick(repeatDelay)
		b.want("step -1")
	})
	t.Run("toggles do not repeat", func(t *testing.T) {
		for _, typed := range []string{"p", "f", "m", "i"} {
			b := newBench(t)
			b.press(ebiten.KeyX, typed)
			b.tick(0)
			b.r.log = nil
			for range 100 {
				b.in.typed = []rune(typed) // the desktop repeats the character
				b.tick(30 * time.Millisecond)
			}
			b.want()
		}
	})
	t.Run("not the desktop's repetition on top", func(t *testing.T) {
		b := newBench(t)
		b.press(ebiten.KeyDigit0, "0")
		b.tick(0)
		b.in.typed = []rune("0")
		b.tick(10 * time.Millisecond)
		b.want("volume by 2", "(volume)")
	})
	t.Run("a modifier ends it", func(t *testing.T) {
		b := newBench(t)
		b.press(ebiten.KeyArrowLeft, "")
		b.tick(0)
		b.in.modified = true
		b.tick(time.Second)
		b.want("by -5 near")
	})
}

func TestDesk_SeekBar(t *testing.T) {
	b := newBench(t)
	x := func(fraction float64) float32 { return b.l.TrackX + b.l.TrackW*float32(fraction) }
	b.move(x(0.25), b.l.TrackY)
	b.in.pressed, b.in.down = true, true
	b.tick(0)
	b.want("to 25.00 exact")
	b.in.down = false
	b.tick(80 * time.Millisecond)
	b.want() // a click without movement seeks once

	// Dragging seeks as it goes, not more often than every dragInterval, and exactly at the end.
	b.in.pressed, b.in.down = true, true
	b.tick(0)
	b.r.log = nil
	near := 0
	for i := range 100 {
		b.move(x(0.25+float64(i)/200), b.l.TrackY+300) // the pointer may leave the bar
	}
	for _, line := range b.r.log {
		if strings.HasSuffix(line, " near") {
			near++
		}
	}
	if near != len(b.r.log) || near < 1 || near > 100*int(time.Millisecond)/int(dragInterval)+1 {
		t.Fatalf("100 ms of dragging sent %q", b.r.log)
	}
	b.r.log = nil
	b.in.x, b.in.down = 5000, false
	b.tick(time.Millisecond)
	b.want("to 100.00 exact")
	b.tick(time.Second)
	b.want()

	t.Run("released where the last inexact seek went", func(t *testing.T) {
		b := newBench(t)
		b.move(x(0.5), b.l.TrackY)
		b.in.pressed, b.in.down = true, true
		b.tick(0)
		b.in.x = x(0.75)
		b.tick(time.Millisecond)
		b.tick(dragInterval)
		b.in.down = false
		b.tick(dragInterval)
		b.want("to 50.00 exact", "to 75.00 near", "to 75.00 exact")
	})
	t.Run("as fast as pictures come", func(t *testing.T) {
		b := newBench(t)
		b.move(x(0.1), b.l.TrackY)
		b.in.pressed, b.in.down = true, true
		b.tick(0)
		b.r.log = nil
		// Each seek takes 100 ms, and then a frame of 10 ms in which its picture is drawn.
		var sent time.Time
		for i := range 100 {
			b.s.Seeking = b.in.now.Sub(sent) < 100*time.Millisecond
			n := len(b.r.log)
			b.in.x = x(0.1 + float64(i)/200)
			b.tick(10 * time.Millisecond)
			if len(b.r.log) > n {
				sent = b.in.now
			}
		}
		if n := len(b.r.log); n < 7 || n > 10 {
			t.Errorf("%d seeks in a second whose pictures take 110 ms: %q", n, b.r.log)
		}
		// One that does not come is not waited for forever.
		b.r.log = nil
		b.s.Seeking = true
		for i := range 60 {
			b.in.x = x(0.1 + float64(i)/200)
			b.tick(20 * time.Millisecond)
		}
		if n := len(b.r.log); n < 2 || n > 3 {
			t.Errorf("%d seeks in 1.2 s without a picture: %q", n, b.r.log)
		}
	})
	t.Run("live", func(t *testing.T) {
		b := newBench(t)
		b.s = State{Live: true, Seekable: media.Range{Start: 1000, End: 1060}}
		b.move(x(0.5), b.l.TrackY)
		b.in.pressed, b.in.down = true, true
		b.tick(0)
		b.want("to 1030.00 exact")
		b.in.down = false
		b.tick(0)
		b.move(b.l.Live.X+20, b.l.RowY)
		b.in.pressed = true
		b.tick(0)
		b.want("to 1060.00 near")
		b.press(ebiten.KeyHome, "")
		b.tick(0)
		b.want("to 1000.00 exact")
	})
	t.Run("nothing to seek in", func(t *testing.T) {
		b := newBench(t)
		b.s = State{}
		b.move(x(0.5), b.l.TrackY)
		b.in.pressed, b.in.down = true, true
		b.tick(0)
		b.tick(time.Second)
		b.want()
	})
	t.Run("the length becomes unknown while dragging", func(t *testing.T) {
		b := newBench(t)
		b.move(x(0.5), b.l.TrackY)
		b.in.pressed, b.in.down = true, true
		b.tick(0)
		b.s = State{}
		b.tick(time.Second)
		b.want("to 50.00 exact")
	})
	t.Run("hidden", func(t *testing.T) {
		b := newBench(t)
		b.tick(time.Hour)
		b.d.x, b.d.y = x(0.5), b.l.TrackY // without having moved: the window came under the pointer
		b.in.x, b.in.y = b.d.x, b.d.y
		b.in.pressed, b.in.down = true, true
		b.tick(0)
		b.want()
	})
}

func TestDesk_Buttons(t *testing.T) {
	b := newBench(t)
	click := func(r hud.Rect) {
		b.move(r.X+r.W/2, r.Y+r.H/2)
		b.in.pressed = true
		b.tick(time.Second)
	}
	click(b.l.Play)
	b.want("pause", "(flash paused=true)")
	b.s.Paused = true
	click(b.l.Play)
	b.want("pause", "(flash paused=false)")
	b.s.Paused, b.s.Ended = false, true
	click(b.l.Play)
	b.want("pause", "(flash paused=false)")
	click(b.l.Mute)
	b.want("mute", "(volume)")
	click(b.l.Fullscreen)
	b.want("fullscreen")

	b.move(b.l.VolumeX+b.l.VolumeW/4, b.l.RowY)
	b.in.pressed, b.in.down = true, true
	b.tick(0)
	b.want("volume 25")
	b.s.Volume = 25
	b.tick(0)
	b.want() // it is there
	b.move(b.l.VolumeX+b.l.VolumeW*2, b.l.RowY)
	b.want("volume 100")
	b.in.down = false
	b.s.Volume = 100
	b.tick(0)
	b.want()
}

func TestDesk_Clicks(t *testing.T) {
	b := newBench(t)
	press := func(after time.Duration, x, y float32) {
		b.move(x, y)
		b.in.pressed = true
		b.tick(after)
	}
	press(0, 300, 300)
	b.want()
	press(200*time.Millisecond, 302, 301)
	b.want("fullscreen")
	press(100*time.Millisecond, 302, 301)
	b.want() // the third press begins anew
	press(doubleClick+time.Millisecond, 302, 301)
	b.want() // too late
	press(100*time.Millisecond, 340, 301)
	b.want() // too far
	press(100*time.Millisecond, 340, 301)
	b.want("fullscreen")

	b.in.secondary = true
	b.tick(0)
	b.want("pause", "(flash paused=true)")
	b.in.wheelY = 1
	b.tick(0)
	b.want("volume by 2", "(volume)")
	b.in.wheelY = -2
	b.tick(0)
	b.want("volume by -4", "(volume)")
	b.in.wheelX = 1
	b.tick(0)
	b.want("by 10 near")

	b.in.inside, b.in.pressed, b.in.secondary, b.in.wheelY = false, true, true, 1
	b.tick(0)
	b.want() // outside the window nothing is meant for it
}

func TestDesk_Visibility(t *testing.T) {
	b := newBench(t)
	want := func(step string, controls, hidden bool) {
		t.Helper()
		if b.d.controls() != controls || b.d.hidden(b.in.now, &b.s) != hidden {
			t.Fatalf("%s: controls %t, pointer hidden %t, want %t, %t", step, b.d.controls(), b.d.hidden(b.in.now, &b.s), controls, hidden)
		}
	}
	want("at the start, unmoved", false, true)
	b.move(501, 200)
	want("moved", true, false)
	b.tick(stillTime - time.Millisecond)
	want("still for almost two seconds", true, false)
	b.tick(time.Millisecond)
	want("still for two seconds", false, true)
	b.move(501.4, 200.3)
	want("trembled", false, true)

	b.in.resized = true
	b.move(200, 100)
	b.in.resized = false
	b.move(210, 100)
	want("the window moved, not the pointer", false, true)
	b.tick(settleTime)
	b.move(500, b.l.TrackY)
	b.tick(time.Hour)
	want("resting on the controls", true, false)
	b.in.inside = false
	b.tick(time.Millisecond)
	want("left the window", false, false)

	b.in.inside = true
	b.move(500, 200)
	b.tick(stillTime)
	b.press(ebiten.KeyArrowRight, "")
	b.tick(0)
	b.release(ebiten.KeyArrowRight)
	want("sought by keyboard", true, true)
	b.tick(seekShow)
	want("a while later", false, true)

	b.s.NoVideo = true
	b.tick(time.Hour)
	want("only sound", true, false)
	b.s.NoVideo = false

	b.move(500, b.l.TrackY)
	b.in.pressed, b.in.down = true, true
	b.tick(0)
	b.in.x, b.in.y = 500, 10
	b.tick(time.Hour)
	want("dragging", true, false)
	b.in.down = false
	b.tick(0)
	want("just let go", true, false)
	b.tick(stillTime)
	want("let go two seconds ago", false, true)
}

func TestDesk_NoAllocations(t *testing.T) {
	b := newBench(t)
	b.move(300, 300)
	quiet := silent{}
	if n := testing.AllocsPerRun(100, func() {
		b.in.now = b.in.now.Add(16 * time.Millisecond)
		b.in.x++
		b.d.tick(&b.in, &b.l, &b.s, quiet, quiet)
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// silent does nothing.
type silent struct{}

func (silent) State(*State)                {}
func (silent) TogglePause()                {}
func (silent) SeekBy(media.Span, bool)     {}
func (silent) SeekTo(media.Time, bool)     {}
func (silent) Step(int)                    {}
func (silent) VolumeBy(float64)            {}
func (silent) SetVolume(float64)           {}
func (silent) SectionPoint()               {}
func (silent) AudioDelayBy(media.Span)     {}
func (silent) ToggleMute()                 {}
func (silent) SpeedBy(float64)             {}
func (silent) NormalSpeed()                {}
func (silent) NextTrack(media.Kind)        {}
func (silent) Bound(int, int)              {}
func (silent) ToggleStats()                {}
func (silent) ShowVolume(time.Time)        {}
func (silent) Flash(time.Time, bool)       {}
func (silent) CycleSubtitles(int)          {}
func (silent) ToggleSubtitles()            {}
func (silent) DelaySubtitlesBy(media.Span) {}
