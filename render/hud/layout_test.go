package hud

import (
	"math"
	"testing"

	"mseplayer/mse/media"
)

func TestLayout_At(t *testing.T) {
	l := NewLayout(1280, 720, 1)
	tests := []struct {
		name string
		x, y float32
		live bool
		want Target
	}{
		{"middle of the picture", 640, 360, false, OnPicture},
		{"middle of the track", 640, l.TrackY, false, OnSeek},
		{"just above the track", 640, l.TrackY - trackGrab + 1, false, OnSeek},
		{"start of the track", l.TrackX, l.TrackY, false, OnSeek},
		{"play", l.Play.X + 18, l.RowY, false, OnPlay},
		{"mute", l.Mute.X + 18, l.RowY, false, OnMute},
		{"volume", l.VolumeX + 30, l.RowY, false, OnVolume},
		{"live tag", l.Live.X + 20, l.RowY, true, OnLive},
		{"no live tag", l.Live.X + 20, l.RowY, false, OnControls},
		{"fullscreen", l.Fullscreen.X + 18, l.RowY, false, OnFullscreen},
		{"between", 640, l.RowY, false, OnControls},
		{"just above", 640, l.Controls.Y - 1, false, OnPicture},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := l.At(tc.x, tc.y, tc.live); got != tc.want {
				t.Errorf("At(%v, %v) = %d, want %d", tc.x, tc.y, got, tc.want)
			}
		})
	}
}

func TestLayout_Fractions(t *testing.T) {
	l := NewLayout(1280, 720, 1)
	for _, tc := range []struct {
		x    float32
		want float64
	}{{-50, 0}, {l.TrackX, 0}, {l.TrackX + l.TrackW/4, 0.25}, {l.TrackX + l.TrackW, 1}, {5000, 1}} {
		if got := l.SeekFraction(tc.x); math.Abs(got-tc.want) > 1e-6 {
			t.Errorf("SeekFraction(%v) = %v, want %v", tc.x, got, tc.want)
		}
	}
	if got := l.VolumeFraction(l.VolumeX + l.VolumeW/2); math.Abs(got-0.5) > 1e-6 {
		t.Errorf("VolumeFraction in the middle = %v", got)
	}
	narrow := NewLayout(320, 240, 1)
	if narrow.Volume.W != 0 || narrow.VolumeFraction(100) != 0 {
		t.Error("a narrow window has a volume slider")
	}
}

// TestLayout_Fits: no control overlaps another or leaves the view, at any size that a window can have.
func TestLayout_Fits(t *testing.T) {
	for _, density := range []float64{1, 1.25, 1.5, 2, 3} {
		for w := 192; w <= 4000; w += 61 {
			for _, h := range []int{108, 200, 480, 1080, 2160} {
				dw, dh := int(float64(w)*density), int(float64(h)*density)
				l := NewLayout(dw, dh, density)
				if l.Unit > maxZoom*float32(density) || l.Unit < float32(density) {
					t.Fatalf("%dx%d at %v: unit %v", dw, dh, density, l.Unit)
				}
				// Whole windows of this size cannot zoom beyond what leaves room.
				row := []Rect{l.Play, l.Mute, l.Volume, l.Live, l.Fullscreen}
				x := float32(0)
				for _, r := range row {
					if r.W == 0 {
						continue
					}
					if r.X < x-0.5 || r.X+r.W > l.W || r.Y < 0 || r.Y+r.H > l.H {
						t.Fatalf("%dx%d at %v: %+v overlaps or leaves the view", dw, dh, density, r)
					}
					x = r.X + r.W
				}
			}
		}
	}
	if u := NewLayout(100, 100, math.NaN()).Unit; u != 1 {
		t.Errorf("unit %v for a density that is not a number", u)
	}
}

func TestAppendClock(t *testing.T) {
	tests := []struct {
		t     media.Time
		hours bool
		want  string
	}{
		{0, false, "0:00"},
		{0.999, false, "0:00"},
		{59.999, false, "0:59"},
		{61, false, "1:01"},
		{600, false, "10:00"},
		{3599.5, true, "0:59:59"},
		{3600, false, "1:00:00"},
		{36061, false, "10:01:01"},
		{-1.5, false, "-0:02"},
		{media.Forever, false, "–:––"},
		{media.Time(math.NaN()), false, "–:––"},
		{1e12, false, "–:––"},
	}
	for _, tc := range tests {
		if got := string(appendClock(nil, tc.t, tc.hours)); got != tc.want {
			t.Errorf("%v: got %q, want %q", tc.t, got, tc.want)
		}
	}
}

func TestState_Span(t *testing.T) {
	tests := []struct {
		name  string
		state State
		want  media.Range
		ok    bool
	}{
		{"known end", State{Duration: 60, DurationKnown: true}, media.Range{End: 60}, true},
		{"live", State{Duration: media.Forever, DurationKnown: true, Live: true, Seekable: media.Range{Start: 100, End: 160}}, media.Range{Start: 100, End: 160}, true},
		{"unknown, partly seekable", State{Seekable: media.Range{End: 12}}, media.Range{End: 12}, true},
		{"unknown", State{}, media.Range{}, false},
		{"endless", State{Duration: media.Forever, DurationKnown: true}, media.Range{}, false},
		{"empty", State{DurationKnown: true}, media.Range{}, false},
		{"not a number", State{Duration: media.Time(math.NaN()), DurationKnown: true}, media.Range{}, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got, ok := tc.state.Span(); got != tc.want || ok != tc.ok {
				t.Errorf("got %v, %t, want %v, %t", got, ok, tc.want, tc.ok)
			}
		})
	}
}
