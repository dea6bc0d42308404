package frame_test

import (
	"hash/adler32"
	"math"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

// ramp is a picture of 6x4 samples in planes of stride 8, each byte different.
func ramp(f frame.PixelFormat) *frame.Video {
	v := &frame.Video{Format: f, Width: 6, Height: 4, Crop: frame.Rect{W: 6, H: 4}}
	for i := range f.PlaneCount() {
		_, h := f.PlaneSize(i, 6, 4)
		b := make([]byte, 16*h)
		for k := range b {
			b[k] = byte(7*k + 50*i + 1)
		}
		v.Plane[i] = frame.Plane{Data: b, Stride: 16}
	}
	return v
}

// TestChecksum sums the visible samples like Adler-32 that begins with 0 instead of 1.
func TestChecksum(t *testing.T) {
	for name, c := range map[string]struct {
		format frame.PixelFormat
		crop   frame.Rect
	}{
		"420":         {frame.I420, frame.Rect{W: 6, H: 4}},
		"420 cropped": {frame.I420, frame.Rect{X: 2, Y: 2, W: 4, H: 2}},
		"odd size":    {frame.I420, frame.Rect{W: 5, H: 3}},
		"444":         {frame.PixelFormat{Layout: frame.YUV, Depth: 8}, frame.Rect{X: 1, Y: 1, W: 3, H: 2}},
		"10 bit":      {frame.PixelFormat{Layout: frame.YUV, Depth: 10, ChromaShiftX: 1}, frame.Rect{X: 2, W: 4, H: 4}},
		"gray":        {frame.PixelFormat{Layout: frame.Gray, Depth: 8}, frame.Rect{W: 6, H: 4}},
		"gbr":         {frame.PixelFormat{Layout: frame.GBR, Depth: 8}, frame.Rect{W: 6, H: 4}},
		"other":       {frame.PixelFormat{Layout: frame.Other}, frame.Rect{W: 6, H: 4}},
	} {
		t.Run(name, func(t *testing.T) {
			v := ramp(c.format)
			v.Crop = c.crop
			var a, b uint32 // the definition
			for i := range c.format.PlaneCount() {
				x, y := c.crop.X, c.crop.Y
				if i > 0 && c.format.Layout == frame.YUV {
					x, y = x>>c.format.ChromaShiftX, y>>c.format.ChromaShiftY
				}
				w, h := c.format.PlaneSize(i, c.crop.W, c.crop.H)
				n := c.format.BytesPerSample()
				for row := y; row < y+h; row++ {
					for _, s := range v.Plane[i].Data[row*16+x*n : row*16+(x+w)*n] {
						a = (a + uint32(s)) % 65521
						b = (b + a) % 65521
					}
				}
			}
			if got, want := v.Checksum(), b<<16|a; got != want {
				t.Errorf("checksum %08x, want %08x", got, want)
			}
		})
	}
	if adler32.Checksum(nil) != 1 || (&frame.Video{}).Checksum() != 0 {
		t.Error("the sum of nothing is not 0")
	}
}

func TestPixelFormat(t *testing.T) {
	f := frame.PixelFormat{Layout: frame.YUV, Depth: 10, ChromaShiftX: 2, ChromaShiftY: 1}
	if w, h := f.PlaneSize(0, 7, 5); w != 7 || h != 5 {
		t.Errorf("luma %dx%d", w, h)
	}
	if w, h := f.PlaneSize(1, 7, 5); w != 2 || h != 3 {
		t.Errorf("chroma %dx%d", w, h)
	}
	if w, h := (frame.PixelFormat{Layout: frame.GBR}).PlaneSize(2, 7, 5); w != 7 || h != 5 {
		t.Errorf("red %dx%d", w, h)
	}
	if f.PlaneCount() != 3 || f.BytesPerSample() != 2 || frame.I420.BytesPerSample() != 1 {
		t.Error("planes or bytes")
	}
	if (frame.PixelFormat{Layout: frame.Gray}).PlaneCount() != 1 || (frame.PixelFormat{Layout: frame.Other}).PlaneCount() != 0 {
		t.Error("planes")
	}
}

// TestVideo_Ownership gives the picture back once, with its planes gone before the producer has it again.
func TestVideo_Ownership(t *testing.T) {
	before := frame.Live()
	v := ramp(frame.I420)
	if v.SizeBytes() != 16*4+2*16*2 {
		t.Errorf("%d bytes", v.SizeBytes())
	}
	returned := 0
	back := func(got *frame.Video) {
		returned++
		if got != v || got.Plane[0].Data != nil || frame.Live() != before {
			t.Errorf("given back with %d bytes, %d live", len(got.Plane[0].Data), frame.Live()-before)
		}
		got.Plane[0].Data = []byte{1} // the producer fills it at once
	}
	for round := 1; round <= 2; round++ {
		v.Arm(back)
		if frame.Live() != before+1 {
			t.Errorf("%d live", frame.Live()-before)
		}
		mustPanic(t, "armed while live", func() { v.Arm(back) })
		v.Release()
		if returned != round || len(v.Plane[0].Data) != 1 {
			t.Errorf("returned %d times, planes %d", returned, len(v.Plane[0].Data))
		}
		mustPanic(t, "released twice", v.Release)
	}
	v.Arm(nil)
	v.Release()
	v.PTS, v.Duration = 1, 0.5
	if v.End() != 1.5 {
		t.Errorf("ends at %v", v.End())
	}
}

func TestAudio_Ownership(t *testing.T) {
	before := frame.Live()
	a := &frame.Audio{Format: frame.AudioFormat{Rate: 48000, Channels: 2}, Samples: make([]float32, 8)}
	returned := 0
	a.Arm(func(got *frame.Audio) {
		returned++
		if got.Samples != nil {
			t.Error("given back with its samples")
		}
	})
	mustPanic(t, "armed while live", func() { a.Arm(nil) })
	a.Release()
	mustPanic(t, "released twice", a.Release)
	if returned != 1 || frame.Live() != before {
		t.Errorf("returned %d times, %d live", returned, frame.Live()-before)
	}
}

func mustPanic(t *testing.T, what string, fn func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", what)
		}
	}()
	fn()
}

func TestAudio_Trim(t *testing.T) {
	for _, c := range []struct{ front, back, frames, first int }{
		{0, 0, 4, 0}, {1, 0, 3, 1}, {0, 3, 1, 0}, {1, 2, 1, 1}, {4, 0, 0, 4}, {9, 9, 0, 4}, {3, 9, 0, 3}, {-1, -1, 4, 0},
	} {
		a := &frame.Audio{PTS: 10, Format: frame.AudioFormat{Rate: 4, Channels: 2}, Samples: []float32{0, 0, 1, 1, 2, 2, 3, 3}}
		a.Trim(c.front, c.back)
		if a.Frames() != c.frames || a.PTS != 10+media.Time(c.first)/4 || a.Frames() > 0 && a.Samples[0] != float32(c.first) {
			t.Errorf("Trim(%d, %d): %d frames from %v: %v", c.front, c.back, a.Frames(), a.PTS, a.Samples)
		}
		if d := a.Duration(); math.Abs(float64(d)-float64(c.frames)/4) > 1e-9 || a.End() != a.PTS.Add(d) {
			t.Errorf("Trim(%d, %d): lasts %v", c.front, c.back, d)
		}
	}
	if empty := (&frame.Audio{}); empty.Frames() != 0 || empty.Duration() != 0 {
		t.Error("the zero block is not empty")
	}
}

func TestDisplaySize(t *testing.T) {
	tests := []struct {
		name     string
		crop     frame.Rect
		num, den int
		rotation int
		w, h     int
	}{
		{"square by default", frame.Rect{W: 1920, H: 1080}, 0, 0, 0, 1920, 1080},
		{"square", frame.Rect{W: 1920, H: 1080}, 1, 1, 0, 1920, 1080},
		{"cropped", frame.Rect{X: 2, Y: 4, W: 1916, H: 1072}, 1, 1, 0, 1916, 1072},
		{"wide PAL grows in width", frame.Rect{W: 720, H: 576}, 16, 11, 0, 1047, 576},
		{"narrow NTSC grows in height", frame.Rect{W: 720, H: 480}, 10, 11, 0, 720, 528},
		{"turned", frame.Rect{W: 1920, H: 1080}, 1, 1, 90, 1080, 1920},
		{"half turn", frame.Rect{W: 1920, H: 1080}, 1, 1, 180, 1920, 1080},
		{"stretched, then turned", frame.Rect{W: 100, H: 50}, 2, 1, 270, 50, 200},
		{"damaged aspect", frame.Rect{W: 64, H: 48}, 1, 65535, 0, 64, 48},
		{"negative aspect", frame.Rect{W: 64, H: 48}, -4, 3, 0, 64, 48},
		{"one sample", frame.Rect{W: 1, H: 1}, 1, 1, 0, 1, 1},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			v := &frame.Video{Crop: tc.crop, SARNum: tc.num, SARDen: tc.den, Rotation: tc.rotation}
			if w, h := v.DisplaySize(); w != tc.w || h != tc.h {
				t.Errorf("got %d×%d, want %d×%d", w, h, tc.w, tc.h)
			}
		})
	}
}
