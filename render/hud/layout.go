package hud

import "math"

// Sizes in units: pixels of a screen of ordinary density and a window of moderate size.
const (
	margin        = 18
	controlsTop   = 64 // from the bottom: above this line the pointer is over the picture
	trackBottom   = 52 // from the bottom to the middle of the track
	rowBottom     = 24 // from the bottom to the middle of the row of buttons
	trackGrab     = 10 // how far from the middle of the track the pointer still holds it
	buttonSide    = 36
	volumeLength  = 76
	volumeGap     = 8
	minVolumeView = 440 // narrower windows have no volume slider
	minLiveView   = 300 // narrower windows have no live tag
	liveLength    = 56

	// unitWidth and unitHeight are the window, in density-independent pixels, at which a unit is one of them. Larger
	// windows enlarge everything up to maxZoom, in steps of zoomStep so that resizing does not rasterise every size.
	unitWidth, unitHeight = 1150, 860
	maxZoom               = 2
	zoomStep              = 0.125
)

// Rect is a rectangle in device pixels.
type Rect struct{ X, Y, W, H float32 }

// Contains reports whether a point lies in r.
func (r Rect) Contains(x, y float32) bool {
	return r.X <= x && x < r.X+r.W && r.Y <= y && y < r.Y+r.H
}

// Target is something the pointer can be over.
type Target uint8

// The targets. OnPicture is everything that is not a control.
const (
	OnPicture Target = iota
	OnSeek
	OnPlay
	OnMute
	OnVolume
	OnLive
	OnFullscreen
	// OnControls is the rest of the strip that the controls are in.
	OnControls
)

// Layout says where the controls are. It is a value that depends on the size of the view only.
type Layout struct {
	// W and H are the view in device pixels, Unit the device pixels of one unit.
	W, H, Unit float32
	// Seek is where the seek bar can be grabbed; TrackX, TrackY and TrackW are the line it draws.
	Seek                   Rect
	TrackX, TrackY, TrackW float32
	// Play, Mute, Live and Fullscreen are buttons. Volume is where the volume slider can be grabbed; its line is
	// VolumeX, RowY and VolumeW. An empty rectangle stands for a control that has no room.
	Play, Mute, Volume, Live, Fullscreen Rect
	VolumeX, VolumeW, RowY               float32
	// Controls is the strip that all of this is in.
	Controls Rect
}

// NewLayout lays the controls out in a view of w × h device pixels on a screen with density device pixels per
// density-independent pixel.
func NewLayout(w, h int, density float64) Layout {
	if density <= 0 || math.IsNaN(density) || math.IsInf(density, 0) {
		density = 1
	}
	zoom := min(max(min(float64(w)/density/unitWidth, float64(h)/density/unitHeight), 1), maxZoom)
	u := float32(density * math.Floor(zoom/zoomStep) * zoomStep)
	l := Layout{W: float32(w), H: float32(h), Unit: u}

	l.TrackX, l.TrackW = round(margin*u), max(1, l.W-2*round(margin*u))
	l.TrackY = round(l.H - trackBottom*u)
	l.Seek = Rect{l.TrackX - trackGrab*u, l.TrackY - trackGrab*u, l.TrackW + 2*trackGrab*u, 2 * trackGrab * u}
	l.Controls = Rect{0, l.H - controlsTop*u, l.W, controlsTop * u}

	l.RowY = round(l.H - rowBottom*u)
	side := buttonSide * u
	button := func(x float32) Rect { return Rect{x, l.RowY - side/2, side, side} }
	// Buttons are as large as a finger; what they draw begins at the margin.
	x := l.TrackX - 7*u
	l.Play = button(x)
	x += side
	l.Mute = button(x)
	x += side
	if l.W >= minVolumeView*u {
		l.VolumeX, l.VolumeW = round(x+volumeGap/2*u), round(volumeLength*u)
		l.Volume = Rect{l.VolumeX - volumeGap/2*u, l.RowY - trackGrab*u, l.VolumeW + volumeGap*u, 2 * trackGrab * u}
	}
	x = l.W - l.TrackX + 7*u - side
	l.Fullscreen = button(x)
	if l.W >= minLiveView*u {
		l.Live = Rect{x - liveLength*u, l.RowY - side/2, liveLength * u, side}
	}
	return l
}

// TimeX is where the time is written, after the volume.
func (l *Layout) TimeX() float32 {
	if l.Volume.W > 0 {
		return l.VolumeX + l.VolumeW + 14*l.Unit
	}
	return l.Mute.X + l.Mute.W + 4*l.Unit
}

// At tells what is under a point of the view. live says whether there is a live tag to hit.
func (l *Layout) At(x, y float32, live bool) Target {
	switch {
	case l.Seek.Contains(x, y):
		return OnSeek
	case l.Play.Contains(x, y):
		return OnPlay
	case l.Mute.Contains(x, y):
		return OnMute
	case l.Volume.Contains(x, y):
		return OnVolume
	case live && l.Live.Contains(x, y):
		return OnLive
	case l.Fullscreen.Contains(x, y):
		return OnFullscreen
	case l.Controls.Contains(x, y):
		return OnControls
	default:
		return OnPicture
	}
}

// SeekFraction is the place on the seek bar at x, 0 at its start and 1 at its end.
func (l *Layout) SeekFraction(x float32) float64 {
	return float64(min(max((x-l.TrackX)/l.TrackW, 0), 1))
}

// VolumeFraction is the place on the volume slider at x, 0 at its start and 1 at its end.
func (l *Layout) VolumeFraction(x float32) float64 {
	if l.VolumeW <= 0 {
		return 0
	}
	return float64(min(max((x-l.VolumeX)/l.VolumeW, 0), 1))
}
