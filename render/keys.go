package render

import (
	"time"

	"github.com/hajimehoshi/ebiten/v2"

	"mseplayer/mse/media"
)

// command is something a key does.
type command uint8

const (
	noCommand command = iota
	togglePause
	seekBack
	seekForward
	seekBackMinute
	seekForwardMinute
	seekBackTen
	seekForwardTen
	nudgeBack
	nudgeForward
	nudgeBackFive
	nudgeForwardFive
	seekStart
	stepForward
	stepBack
	toggleFullscreen
	leaveFullscreen
	toggleMute
	volumeDown
	volumeUp
	speedDown
	speedUp
	speedHalf
	speedDouble
	speedNormal
	nextAudio
	nextVideo
	toggleStats
	sectionPoint
	soundLater
	soundEarlier
	nextSubtitle
	previousSubtitle
	toggleSubtitles
	subtitlesEarlier
	subtitlesLater
	quit
)

// The amounts are those of mpv.
const (
	shortSeek, longSeek, hugeSeek media.Span = 5, 60, 600
	shortNudge, longNudge         media.Span = 1, 5
	wheelSeek                     media.Span = 10
	soundStep                     media.Span = 0.1
	volumeStep                               = 2.0 // percentage points
	speedStep, speedLeap                     = 1.1, 2.0
	subtitleStep                  media.Span = 0.1

	// repeatDelay is how long a key is held until it repeats, repeatInterval the time between repetitions then.
	repeatDelay, repeatInterval = 200 * time.Millisecond, 25 * time.Millisecond
	// maxRepeats bounds how many repetitions one slow frame makes up for.
	maxRepeats = 8
)

// keyBinding binds a key that is no character; shift is the state of the shift key it needs.
type keyBinding struct {
	key   ebiten.Key
	shift bool
	command
}

var keyBindings = []keyBinding{
	{ebiten.KeyArrowLeft, false, seekBack},
	{ebiten.KeyArrowRight, false, seekForward},
	{ebiten.KeyArrowUp, false, seekForwardMinute},
	{ebiten.KeyArrowDown, false, seekBackMinute},
	{ebiten.KeyArrowLeft, true, nudgeBack},
	{ebiten.KeyArrowRight, true, nudgeForward},
	{ebiten.KeyArrowUp, true, nudgeForwardFive},
	{ebiten.KeyArrowDown, true, nudgeBackFive},
	{ebiten.KeyPageUp, true, seekForwardTen},
	{ebiten.KeyPageDown, true, seekBackTen},
	{ebiten.KeyHome, false, seekStart},
	{ebiten.KeyBackspace, false, speedNormal},
	{ebiten.KeyEscape, false, leaveFullscreen},
	{ebiten.KeyEscape, true, leaveFullscreen},
	{ebiten.KeyNumpadDivide, false, volumeDown},
	{ebiten.KeyNumpadMultiply, false, volumeUp},
}

// keyCommand returns what a key that is no character does.
func keyCommand(k ebiten.Key, shift bool) command {
	for _, b := range keyBindings {
		if b.key == k && b.shift == shift {
			return b.command
		}
	}
	return noCommand
}

// controlCommand returns what a key does while the control key is held.
func controlCommand(k ebiten.Key) command {
	switch k {
	case ebiten.KeyEqual, ebiten.KeyNumpadAdd:
		return soundLater
	case ebiten.KeyMinus, ebiten.KeyNumpadSubtract:
		return soundEarlier
	default:
		return noCommand
	}
}

// runeCommand returns what a character does.
func runeCommand(r rune) command {
	switch r {
	case ' ', 'p':
		return togglePause
	case '.':
		return stepForward
	case ',':
		return stepBack
	case 'f':
		return toggleFullscreen
	case 'm':
		return toggleMute
	case 'q', 'Q':
		return quit
	case '9', '/':
		return volumeDown
	case '0', '*':
		return volumeUp
	case '[':
		return speedDown
	case ']':
		return speedUp
	case '{':
		return speedHalf
	case '}':
		return speedDouble
	case '#':
		return nextAudio
	case '_':
		return nextVideo
	case 'i', 'I':
		return toggleStats
	case 'l':
		return sectionPoint
	case 'j':
		return nextSubtitle
	case 'J':
		return previousSubtitle
	case 'v':
		return toggleSubtitles
	case 'z':
		return subtitlesEarlier
	case 'Z':
		return subtitlesLater
	default:
		return noCommand
	}
}

// letterKeys are the keys that stand for a bound character where the keyboard's own script has no such letters.
var letterKeys = []struct {
	key ebiten.Key
	r   rune
}{
	{ebiten.KeyP, 'p'}, {ebiten.KeyF, 'f'}, {ebiten.KeyM, 'm'}, {ebiten.KeyQ, 'q'}, {ebiten.KeyI, 'i'}, {ebiten.KeyL, 'l'},
	{ebiten.KeyJ, 'j'}, {ebiten.KeyV, 'v'}, {ebiten.KeyZ, 'z'},
	{ebiten.KeyPeriod, '.'}, {ebiten.KeyComma, ','}, {ebiten.KeyBracketLeft, '['}, {ebiten.KeyBracketRight, ']'},
}

// typedCommand returns what typing r with key k does. Characters decide, so that bindings are where a keyboard has
// them; the place of the key decides when its character belongs to another script.
func typedCommand(r rune, k ebiten.Key) command {
	if c := runeCommand(r); c != noCommand || r <= 0x7f {
		return c
	}
	for _, l := range letterKeys {
		if l.key == k {
			return runeCommand(l.r)
		}
	}
	return noCommand
}

// repeats reports whether a command goes on while its key is held.
func (c command) repeats() bool {
	switch c {
	case seekBack, seekForward, seekBackMinute, seekForwardMinute, seekBackTen, seekForwardTen,
		nudgeBack, nudgeForward, nudgeBackFive, nudgeForwardFive, stepForward, stepBack, volumeDown, volumeUp,
		speedDown, speedUp, soundLater, soundEarlier, subtitlesEarlier, subtitlesLater:
		return true
	case noCommand, togglePause, seekStart, toggleFullscreen, leaveFullscreen, toggleMute, speedHalf, speedDouble, speedNormal,
		nextAudio, nextVideo, toggleStats, sectionPoint, nextSubtitle, previousSubtitle, toggleSubtitles, quit:
		return false
	default:
		panic("render: impossible command")
	}
}
