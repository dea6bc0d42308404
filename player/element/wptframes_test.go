package element_test

import (
	"math"
	"slices"
	"sync"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
)

const (
	boxesLength = 8 // seconds of the files with a tone and a picture for each second
	sinkRate    = 48000
	window      = 8192 // samples of one look at the sound
)

// boxesHz is the tone of a second: a semitone more each time.
func boxesHz(t float64) float64 { return toneHz * math.Pow(2, math.Floor(t)/12) }

// boxes are the files: the suite's, of which the times count here, or ones like them.
func boxes(p *page) (video, audio []byte) {
	if v, ok := wptFile(p.t, "mp4/test-boxes-video.mp4"); ok {
		a, _ := wptFile(p.t, "mp4/test-boxes-audio.mp4")
		return v, a
	}
	const fps, rate, block = 30, 44100, 1024
	v := msetest.BuilderTrack{ID: 1, Timescale: fps, Entries: []msetest.BuilderEntry{{DecoderConfig: msetest.H264Config(320, 240)}}}
	for i := range int64(boxesLength * fps) {
		v.Samples = append(v.Samples, msetest.BuilderSample{PTS: i + 2, DTS: i, Dur: 1, Key: i%10 == 0, Data: []byte("x")})
	}
	a := msetest.BuilderTrack{ID: 1, Timescale: rate, Entries: []msetest.BuilderEntry{{DecoderConfig: aac(rate, 1)}}}
	for i := range int64(boxesLength*rate/block + 1) {
		a.Samples = append(a.Samples, msetest.BuilderSample{PTS: i * block, DTS: i * block, Dur: block, Key: true, Data: []byte("x")})
	}
	whole := func(t msetest.BuilderTrack) []byte {
		b := &msetest.Builder{Tracks: []msetest.BuilderTrack{t}}
		return append(b.Init(), b.Segment(1, -1, 1000, 1)...)
	}
	return whole(v), whole(a)
}

// hearing keeps the latest of what is heard.
type hearing struct {
	mu      sync.Mutex
	samples []float32 // guarded by mu: of the left channel
}

func (h *hearing) out(samples []float32, _ time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := 0; i < len(samples); i += 2 {
		h.samples = append(h.samples, samples[i])
	}
	h.samples = h.samples[max(0, len(h.samples)-window):]
}

// strongest returns the strongest frequency of the spectrum between 400 Hz and 800 Hz.
func (h *hearing) strongest() (hz float64) {
	h.mu.Lock()
	x := slices.Clone(h.samples)
	h.mu.Unlock()
	const bin = float64(sinkRate) / window
	best := 0.0
	for f := math.Ceil(400/bin) * bin; f < 800; f += bin {
		// Goertzel's algorithm.
		k, a, b := 2*math.Cos(2*math.Pi*f/sinkRate), 0.0, 0.0
		for _, s := range x {
			a, b = float64(s)+k*a-b, a
		}
		if power := a*a + b*b - k*a*b; power > best {
			best, hz = power, f
		}
	}
	return hz
}

// correctFrames is a row that looks at picture and sound in the middle of each second.
func correctFrames(id string, reappend bool) wptRow {
	heard := &hearing{}
	return wptRow{id: id, setup: pageSetup{decoders: &tone{hz: boxesHz}, out: heard.out}, run: func(p *page) {
		v, a := boxes(p)
		p.attach()
		video, audio := p.add(`video/mp4;codecs="avc1.4d401f"`, "v."), p.add(`audio/mp4;codecs="mp4a.40.2"`, "a.")
		p.must(video.Append(p.ctx, v))
		p.must(audio.Append(p.ctx, slices.Clone(a)))
		if !reappend {
			p.do(func() { p.end(mse.EndNormal) })
		}
		p.do(func() { p.e.Play() })
		for n := range boxesLength {
			for p.e.CurrentTime() < media.Time(n)+0.5 {
				p.idle(10 * time.Millisecond)
			}
			shown := p.surface.Pictures()
			last := shown[len(shown)-1].PTS
			if int(last) != n {
				p.t.Errorf("at %s the picture of %s is shown", p.e.CurrentTime(), last)
			}
			if got, want := heard.strongest(), boxesHz(float64(n)); math.Abs(got-want) > float64(sinkRate)/window {
				p.t.Errorf("at %s a tone of %.1f Hz is heard, want %.1f Hz", p.e.CurrentTime(), got, want)
			}
			if n == 2 && reappend {
				p.must(audio.Append(p.ctx, a))
				p.do(func() { p.end(mse.EndNormal) })
			}
		}
		p.wait("ended")
		p.never("error", "seeking")
		// Every picture was shown, in order.
		var times []media.Time
		for _, s := range p.surface.Pictures() {
			times = append(times, s.PTS)
		}
		p.ok("pictures are shown in order", slices.IsSorted(times))
		p.ok("pictures are shown", len(times) >= boxesLength*24-2)
	}}
}

var wptFrames = wptArea{name: "frames", rows: []wptRow{
	correctFrames("mediasource-correct-frames/01", false),
	correctFrames("mediasource-correct-frames-after-reappend/01", true),
}}
