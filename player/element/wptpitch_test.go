package element_test

import (
	"fmt"
	"math"
	"sync"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
	"mseplayer/player/playertest"
)

// toneHz is the tone of the rows about pitch.
const toneHz = 440

// tone is a factory whose sound is a sine, of 440 Hz or of what hz says for a point of media time.
type tone struct {
	playertest.Factory
	hz func(t float64) float64
}

// NewAudio implements decode.Factory.
func (f *tone) NewAudio(cfg *media.DecoderConfig, o decode.Options) (decode.AudioDecoder, error) {
	d, err := f.Factory.NewAudio(cfg, o)
	hz := f.hz
	if hz == nil {
		hz = func(float64) float64 { return toneHz }
	}
	return toneDecoder{d, hz}, err
}

type toneDecoder struct {
	decode.AudioDecoder
	hz func(t float64) float64
}

// Decode implements decode.AudioDecoder.
func (d toneDecoder) Decode(c *media.CodedFrame, emit func(*frame.Audio) error) error {
	return d.AudioDecoder.Decode(c, func(a *frame.Audio) error {
		for i := range a.Frames() {
			at := float64(a.PTS) + float64(i)/float64(a.Format.Rate)
			for ch := range a.Format.Channels {
				a.Samples[i*a.Format.Channels+ch] = float32(0.5 * math.Sin(2*math.Pi*d.hz(at)*at))
			}
		}
		return emit(a)
	})
}

// tap measures the pitch of what is heard by counting how often it rises through zero.
type tap struct {
	mu     sync.Mutex
	frames int // guarded by mu: those between the first and the last rise
	rises  int // guarded by mu
	since  int // guarded by mu: frames after the last rise
	last   float32
}

// out takes what a sink of two channels puts out.
func (t *tap) out(samples []float32, _ time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := 0; i < len(samples); i += 2 {
		x := samples[i]
		if t.since++; t.last < 0 && x >= 0 {
			if t.rises++; t.rises > 1 {
				t.frames += t.since
			}
			t.since = 0
		}
		t.last = x
	}
}

// pitch is a row about the pitch at a speed.
func pitch(n int, preserve bool, rate, hz float64) wptRow {
	heard := &tap{}
	return wptRow{id: fmt.Sprintf("html/media-elements/preserves-pitch/%02d", n), setup: pageSetup{decoders: &tone{}, out: heard.out}, run: func(p *page) {
		m := audioMedium(p.t)
		p.open(m)
		p.append(m.all())
		p.e.SetPreservesPitch(preserve)
		p.do(func() {
			p.must(p.e.SetPlaybackRate(rate))
			p.e.Play()
		})
		p.idle(1500 * time.Millisecond)
		heard.mu.Lock()
		defer heard.mu.Unlock()
		got := float64(heard.rises-1) * 48000 / float64(heard.frames)
		// the suite allows 15 %
		if float64(heard.rises) < hz || math.Abs(got-hz) > 2 {
			p.t.Errorf("%d rises, %.1f Hz; want %v Hz", heard.rises, got, hz)
		}
	}}
}
