package wpt

import (
	"math"
	"math/cmplx"
	"strconv"
	"sync"
	"time"

	"github.com/dop251/goja"

	"mseplayer/audio/pcm"
	"mseplayer/player/frame"
)

const (
	// minFFT, maxFFT and defaultFFT are the sizes of an AnalyserNode, in samples.
	minFFT, maxFFT, defaultFFT = 32, 32768, 2048
	// heardAhead is how many more samples an ear keeps, since it is given them before they are heard.
	heardAhead = 8192
	// defaultSmoothing is an AnalyserNode's smoothingTimeConstant.
	defaultSmoothing = 0.8
)

// ear keeps the latest sound of a media element, mixed to one channel.
type ear struct {
	format frame.AudioFormat // immutable once the sink has started

	mu    sync.Mutex
	ring  [maxFFT + heardAhead]float32 // guarded by mu
	n     int64                        // guarded by mu: samples so far
	until time.Time                    // guarded by mu: when the next one is heard
}

// hear takes what the sink plays.
func (e *ear) hear(samples []float32, heard time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	ch := e.format.Channels
	for i := 0; i+ch <= len(samples); i += ch {
		var sum float32
		for _, s := range samples[i : i+ch] {
			sum += s
		}
		e.ring[e.n%int64(len(e.ring))] = sum / float32(ch)
		e.n++
	}
	e.until = heard.Add(time.Duration(len(samples)/ch) * time.Second / time.Duration(e.format.Rate))
}

// latest adds the last samples that have been heard at now to dst.
func (e *ear) latest(dst []float64, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	ahead := max(int64(e.until.Sub(now).Seconds()*float64(e.format.Rate)), 0)
	first := e.n - min(ahead, heardAhead) - int64(len(dst))
	for i := range dst {
		if k := first + int64(i); k >= 0 && k < e.n {
			dst[i] += float64(e.ring[k%int64(len(e.ring))])
		}
	}
}

// audioNode is behind the nodes of an AudioContext: a media element's sound, an analyser, or the destination.
type audioNode struct {
	inputs   []*audioNode
	source   *mediaElement
	fft      int
	tau      float64
	smoothed []float64
}

// sources lists the media elements whose sound reaches n.
func (n *audioNode) sources(seen map[*audioNode]bool) []*mediaElement {
	if seen[n] {
		return nil
	}
	seen[n] = true
	var out []*mediaElement
	if n.source != nil {
		out = append(out, n.source)
	}
	for _, in := range n.inputs {
		out = append(out, in.sources(seen)...)
	}
	return out
}

// samples is the time domain data: the latest n.fft samples.
func (n *audioNode) samples() []float64 {
	x := make([]float64, n.fft)
	now := time.Now()
	for _, m := range n.sources(map[*audioNode]bool{}) {
		m.ear.latest(x, now)
	}
	return x
}

// spectrum is the smoothed magnitude of each frequency bin.
// Web Audio: fft-windowing-and-smoothing-over-time.
func (n *audioNode) spectrum() []float64 {
	x := n.samples()
	z := make([]complex128, len(x))
	for i, s := range x {
		t := float64(i) / float64(len(x))
		z[i] = complex(s*(0.42-0.5*math.Cos(2*math.Pi*t)+0.08*math.Cos(4*math.Pi*t)), 0)
	}
	transform(z)
	if len(n.smoothed) != len(x)/2 {
		n.smoothed = make([]float64, len(x)/2)
	}
	for k := range n.smoothed {
		n.smoothed[k] = n.tau*n.smoothed[k] + (1-n.tau)*cmplx.Abs(z[k])/float64(len(x))
	}
	return n.smoothed
}

// transform is the fast Fourier transform in place; the length is a power of two.
func transform(z []complex128) {
	n := len(z)
	for i, j := 1, 0; i < n; i++ {
		bit := n >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		j |= bit
		if i < j {
			z[i], z[j] = z[j], z[i]
		}
	}
	for size := 2; size <= n; size *= 2 {
		step := cmplx.Rect(1, -2*math.Pi/float64(size))
		for start := 0; start < n; start += size {
			w := complex(1, 0)
			for k := start; k < start+size/2; k++ {
				a, b := z[k], z[k+size/2]*w
				z[k], z[k+size/2] = a+b, a-b
				w *= step
			}
		}
	}
}

// audioContext is behind an AudioContext.
type audioContext struct {
	destination *audioNode
	rate        int
}

func (p *page) defineAudio() {
	fill := func(v goja.Value, of func(i int) float64, n int) any {
		array, ok := v.(*goja.Object)
		if !ok {
			p.typeError("AnalyserNode: the argument is not a Float32Array")
		}
		for i := range min(n, int(array.Get("length").ToInteger())) {
			p.must(array.Set(strconv.Itoa(i), of(i)))
		}
		return goja.Undefined()
	}
	p.define(iface{name: "AudioNode", parent: "EventTarget", members: []member{
		op(p, "connect", 1, func(n *audioNode, args []goja.Value) any {
			to, ok := given[*audioNode](p, args, 0)
			if !ok {
				p.typeError("AudioNode.connect: the argument is not an AudioNode")
			}
			to.inputs = append(to.inputs, n)
			return args[0]
		}),
	}})
	p.define(iface{name: "AudioDestinationNode", parent: "AudioNode"})
	p.define(iface{name: "MediaElementAudioSourceNode", parent: "AudioNode", members: []member{
		ro(p, "mediaElement", func(n *audioNode) any { return p.nodeObject(n.source.n) }),
	}})
	p.define(iface{name: "AnalyserNode", parent: "AudioNode", members: []member{
		rw(p, "fftSize", func(n *audioNode) any { return n.fft }, func(n *audioNode, v goja.Value) {
			size := v.ToInteger()
			if size < minFFT || size > maxFFT || size&(size-1) != 0 {
				p.domException("IndexSizeError", "AnalyserNode.fftSize: not a power of two, or out of range")
			}
			n.fft = int(size)
		}),
		ro(p, "frequencyBinCount", func(n *audioNode) any { return n.fft / 2 }),
		rw(p, "smoothingTimeConstant", func(n *audioNode) any { return n.tau }, func(n *audioNode, v goja.Value) {
			tau := p.double(v)
			if tau < 0 || tau > 1 {
				p.domException("IndexSizeError", "AnalyserNode.smoothingTimeConstant: out of range")
			}
			n.tau = tau
		}),
		op(p, "getFloatFrequencyData", 1, func(n *audioNode, args []goja.Value) any {
			s := n.spectrum()
			return fill(args[0], func(i int) float64 { return 20 * math.Log10(s[i]) }, len(s))
		}),
		op(p, "getFloatTimeDomainData", 1, func(n *audioNode, args []goja.Value) any {
			x := n.samples()
			return fill(args[0], func(i int) float64 { return x[i] }, len(x))
		}),
	}})
	p.define(iface{name: "AudioContext", parent: "EventTarget",
		construct: func([]goja.Value) any {
			return &audioContext{destination: &audioNode{}, rate: pcm.DefaultRateHz}
		},
		members: []member{
			ro(p, "sampleRate", func(c *audioContext) any { return c.rate }),
			ro(p, "state", func(*audioContext) any { return "running" }),
			ro(p, "destination", func(c *audioContext) any { return p.wrap("AudioDestinationNode", c.destination) }),
			op(p, "createAnalyser", 0, func(*audioContext, []goja.Value) any {
				return p.wrap("AnalyserNode", &audioNode{fft: defaultFFT, tau: defaultSmoothing})
			}),
			op(p, "createMediaElementSource", 1, func(_ *audioContext, args []goja.Value) any {
				m, ok := given[*mediaElement](p, args, 0)
				if !ok {
					p.typeError("AudioContext.createMediaElementSource: the argument is not a media element")
				}
				return p.wrap("MediaElementAudioSourceNode", &audioNode{source: m})
			}),
		}})
}
