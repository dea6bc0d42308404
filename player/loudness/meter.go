package loudness

import "math"

const (
	// stepsPerSecond is how often a block begins: 400 ms with an overlap of three quarters. ITU-R BS.1770-4 annex 1.
	stepsPerSecond = 10
	// momentarySteps and shortSteps are the lengths of a momentary block and of one of the loudness range. EBU Tech 3341 §2.2,
	// Tech 3342.
	momentarySteps, shortSteps = 4, 30
	// floor is the absolute gate in LUFS; integratedGate and rangeGate are the relative ones in LU.
	floor, integratedGate, rangeGate = -70.0, -10.0, -20.0
	// rangeLow and rangeHigh are the parts of the blocks that lie below the ends of the loudness range.
	rangeLow, rangeHigh = 0.10, 0.95
	// binsPerUnit and ceiling shape the histogram: how fine it is, and the loudness in LUFS above which all is one.
	binsPerUnit, ceiling = 100, 30
	// offset makes a sine of 1 kHz at full scale in one channel -3.01 LUFS.
	offset = -0.691
	// sideWeight is for loudspeakers at the sides and behind.
	sideWeight = 1.41
	// maxChannels and maxRate bound what is measured, maxSeries the seconds whose short-term loudness is remembered.
	maxChannels, maxRate = 64, 1 << 22
	maxSeries            = 1 << 16
)

// Result is what a Meter has measured. What could not be measured, because there was no sound above the gate, is
// negative infinity; Range is 0 then.
type Result struct {
	// Integrated is the loudness of the whole in LUFS, Range its loudness range in LU.
	Integrated, Range float64
	// MaxMomentary and MaxShort are the highest loudness of 400 ms and of 3 s, in LUFS.
	MaxMomentary, MaxShort float64
	// TruePeak is the highest level between the samples in dBTP, SamplePeak that of the samples in dBFS.
	TruePeak, SamplePeak float64
}

// Meter measures one programme. Make it with New.
type Meter struct {
	// immutable
	weights    []float64 // by channel
	shelf, low biquad
	step       int // samples per channel between the beginnings of two blocks
	between    [][taps]float64

	first, second []memory // by channel
	history       [][2 * taps]float64
	at            int // in history

	sum   float64   // of the current step, weighted
	count int       // samples of it
	ended int       // steps that are complete
	steps []float64 // mean squares of the last shortSteps steps, the oldest first

	momentary, short histogram
	series           []float64 // of the short-term loudness
	peak, between1   float64   // of the samples, and of those in between
}

// New returns a meter for interleaved sound of so many samples per second and channels. mask is FFmpeg's channel mask; 0
// stands for the usual order of that many channels.
func New(rate, channels int, mask uint64) *Meter {
	m := &Meter{momentary: newHistogram(), short: newHistogram()}
	if rate < stepsPerSecond || rate > maxRate || channels < 1 || channels > maxChannels {
		return m
	}
	m.weights = weights(channels, mask)
	m.shelf, m.low = weighting(rate)
	m.step = (rate + stepsPerSecond/2) / stepsPerSecond
	m.between = phases(rate)
	m.first, m.second, m.history = make([]memory, channels), make([]memory, channels), make([][2 * taps]float64, channels)
	return m
}

// The bits of a channel mask that count differently, and the masks of the usual orders with five channels and more.
const (
	maskLow  = 0x8 | 0x800000000 // low frequency effects count nothing
	maskSide = 0x10 | 0x20 | 0x100 | 0x200 | 0x400
	mask50   = 0x607
	mask51   = 0x60f
	mask61   = 0x70f
	mask71   = 0x63f
)

var usual = map[int]uint64{4: 0x107, 5: mask50, 6: mask51, 7: mask61, 8: mask71}

// weights says how much each channel counts. ITU-R BS.1770-4 table 3.
func weights(channels int, mask uint64) []float64 {
	if mask == 0 {
		mask = usual[channels]
	}
	out := make([]float64, channels)
	for i := range out {
		bit := mask & -mask
		mask &^= bit
		switch {
		case bit&maskLow != 0:
		case bit&maskSide != 0:
			out[i] = sideWeight
		default:
			out[i] = 1
		}
	}
	return out
}

// Add measures a block of interleaved samples, of which 1 is full scale. What is left of a last sample of all channels is
// passed over.
func (m *Meter) Add(samples []float32) {
	n := len(m.weights)
	if n == 0 {
		return
	}
	for ; len(samples) >= n; samples = samples[n:] {
		for c, w := range m.weights {
			x := float64(samples[c])
			if math.IsNaN(x) || math.IsInf(x, 0) {
				x = 0
			}
			m.listen(c, x)
			if w == 0 {
				continue
			}
			y := m.low.step(&m.second[c], m.shelf.step(&m.first[c], x))
			m.sum += w * y * y
		}
		if m.at++; m.at == taps {
			m.at = 0
		}
		if m.count++; m.count == m.step {
			m.close()
		}
	}
}

// listen looks for the peak of a channel. The history is written twice, so that the last taps samples lie in a row.
func (m *Meter) listen(c int, x float64) {
	m.peak = max(m.peak, math.Abs(x))
	h := &m.history[c]
	h[m.at], h[m.at+taps] = x, x
	last := (*[taps]float64)(h[m.at+1 : m.at+1+taps])
	for p := range m.between {
		f, y := &m.between[p], 0.0
		for i, v := range last {
			y += v * f[i]
		}
		m.between1 = max(m.between1, math.Abs(y))
	}
}

// close ends a step, and the blocks that end with it.
func (m *Meter) close() {
	if len(m.steps) == shortSteps {
		m.steps = m.steps[:copy(m.steps, m.steps[1:])]
	}
	m.steps = append(m.steps, m.sum/float64(m.step))
	m.sum, m.count = 0, 0
	m.ended++
	if n := len(m.steps); n >= momentarySteps {
		m.momentary.add(mean(m.steps[n-momentarySteps:]))
	}
	if len(m.steps) == shortSteps {
		m.short.add(mean(m.steps))
		if m.ended%stepsPerSecond == shortSteps%stepsPerSecond && len(m.series) < maxSeries {
			m.series = append(m.series, level(mean(m.steps)))
		}
	}
}

func mean(list []float64) float64 {
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return sum / float64(len(list))
}

// ShortTerm returns the short-term loudness in LUFS second by second: value i is of the three seconds that end 3 + i seconds
// after the beginning; negative infinity where nothing is to be heard. The slice belongs to the meter.
func (m *Meter) ShortTerm() []float64 { return m.series }

// Result returns what has been measured so far.
func (m *Meter) Result() Result {
	r := Result{Integrated: level(m.momentary.above(m.momentary.gate(integratedGate)).mean()), MaxMomentary: level(m.momentary.highest), MaxShort: level(m.short.highest),
		TruePeak: decibels(max(m.peak, m.between1)), SamplePeak: decibels(m.peak)}
	if from := m.short.gate(rangeGate); !math.IsInf(from, 1) {
		r.Range = m.short.percentile(from, rangeHigh) - m.short.percentile(from, rangeLow)
	}
	return r
}

// level is the loudness of a weighted mean square in LUFS.
func level(power float64) float64 { return offset + 10*math.Log10(power) }

func decibels(x float64) float64 { return 20 * math.Log10(x) }
