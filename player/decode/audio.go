package decode

import (
	"context"
	"math"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

const (
	// jitterTolerance is how far a block's time stamp may be from where the samples before it end without anything
	// being done about it.
	jitterTolerance media.Span = 0.010
	// silenceChunk is the longest block of silence that fills a gap; longer gaps take several.
	silenceChunk media.Span = 0.25
)

// AudioSink is what an AudioWorker needs of a sound device.
type AudioSink interface {
	// Format is what Write expects.
	Format() frame.AudioFormat
	// Write takes ownership even when it fails, and blocks while enough is queued.
	Write(context.Context, *frame.Audio) error
	// EndOfStream says that the last block of a generation has been written.
	EndOfStream(media.Gen)
}

// SampleCounter may be implemented by an AudioSink that wants to know what the decoder put out: decoded samples per
// channel, and how many of those remain after trimming, at the decoder's rate.
type SampleCounter interface {
	CountSamples(decoded, kept int)
}

// AudioWorker decodes the sound of one track, trims it to the sample, joins what does not belong together without a
// click, fills gaps with silence (also that between the seek target and the first sound) and converts it to the sink's
// format. A sink whose format has rate 0 gets the decoder's own format.
type AudioWorker struct {
	base
	sink    AudioSink // immutable
	counter SampleCounter
	undec   func()

	// owned by Run
	dec  AudioDecoder
	res  Resampler
	from frame.AudioFormat // what res converts from
	next media.Opt         // where the samples handed on so far end
	cut  bool              // the end of the last block was cut off, or all of it
	// joints between sounds: in the decoder's format, and in the sink's where the decoder's changes
	heard         frame.AudioFormat // of the block before, rate 0 when there is none
	joint         bool              // the next block may not belong to the one before
	changed       bool              // the next block for the sink was of another format
	before, after splice
	ctx           context.Context // of the current decode call, for the callbacks
	emit          func(*frame.Audio) error
	out           func(*frame.Audio) error
}

// NewAudioWorker returns a worker; Run starts it. undecodable, if not nil, counts rejected coded frames.
func NewAudioWorker(src Source, f Factory, sink AudioSink, o WorkerOptions, undecodable func()) *AudioWorker {
	if undecodable == nil {
		undecodable = func() {}
	}
	w := &AudioWorker{base: newBase(src, f, o, media.Audio), sink: sink, undec: undecodable}
	w.counter, _ = sink.(SampleCounter)
	w.emit = func(a *frame.Audio) error { return w.block(a) }
	w.out = func(a *frame.Audio) error {
		if a.Format == w.sink.Format() {
			w.after.pass(a, w.changed)
			w.changed = false
		}
		a.Gen = w.gen
		return w.sink.Write(w.ctx, a)
	}
	return w
}

// Run decodes until ctx ends, the track is gone or decoding fails for good. It closes decoder and resampler.
func (w *AudioWorker) Run(ctx context.Context) { w.run(ctx, w) }

func (w *AudioWorker) seeked() {
	if w.dec != nil {
		w.dec.Flush()
	}
	w.closeResampler()
	w.next = media.Opt{}
	w.before.reset()
	w.after.reset()
}

func (w *AudioWorker) open(cfg *media.DecoderConfig) (err error) {
	w.joint = true
	w.dec, err = w.factory.NewAudio(cfg, w.opt)
	return err
}

func (w *AudioWorker) quiet(ctx context.Context, r media.Range) error {
	w.ctx = ctx
	if !w.next.Set {
		w.next = media.Some(w.target)
	}
	f := w.from // stay in the run of the decoder's sound if there is one
	if w.res == nil {
		f = w.sink.Format()
	}
	return w.silence(r.End, f)
}

func (w *AudioWorker) decode(ctx context.Context, it mse.Item) error {
	f := it.Frame
	if it.DecodeOnly && !f.DecodeOnly {
		only := *f
		only.DecodeOnly = true
		f = &only
	}
	w.ctx = ctx
	return w.dec.Decode(f, w.emit)
}

func (w *AudioWorker) drain(ctx context.Context, end bool) error {
	w.ctx = ctx
	var err error
	if w.dec != nil {
		err = w.dec.Drain(w.emit)
		if !end {
			w.dec.Close()
			w.dec = nil
		}
	}
	if err != nil && !isPacketError(err) {
		return err
	}
	if w.res != nil && end {
		if rerr := w.res.Drain(w.out); rerr != nil {
			return rerr
		}
	}
	if end {
		w.sink.EndOfStream(w.gen)
		if w.dec != nil {
			w.dec.Flush()
		}
	}
	return err
}

// block trims one decoded block, puts it in its place and hands it on. It takes ownership.
func (w *AudioWorker) block(a *frame.Audio) error {
	w.errors = 0
	if a.Corrupt {
		w.trial.bad++
	}
	decoded := a.Frames()
	rate := float64(a.Format.Rate)
	// What was cut off to the sample, at the edge of a period, is put together to the sample.
	tolerance := jitterTolerance
	if w.next.Set && (w.cut || a.TrimFront > 0) {
		tolerance = media.Span(1 / rate)
		w.joint = true
	}
	w.cut = a.TrimBack > 0 || a.TrimFront >= decoded && (w.cut || a.TrimFront > 0)
	a.Trim(a.TrimFront, a.TrimBack)
	if w.counter != nil {
		w.counter.CountSamples(decoded, a.Frames())
	}
	if before := samples(w.target.Sub(a.PTS), rate); before > 0 {
		a.Trim(before, 0)
	}
	if a.Frames() == 0 {
		a.Release()
		return nil
	}
	if !w.next.Set {
		w.next = media.Some(w.target)
	}
	switch d := a.PTS.Sub(w.next.T); {
	case d > tolerance:
		if err := w.silence(a.PTS, a.Format); err != nil {
			a.Release()
			return err
		}
	case d < -tolerance:
		if a.Trim(samples(-d, rate), 0); a.Frames() == 0 {
			a.Release()
			return nil
		}
		w.joint = true
	default:
		a.PTS = w.next.T
	}
	w.next = media.Some(a.End())
	return w.convert(a)
}

// silence hands on zeros from what was handed on last until t.
func (w *AudioWorker) silence(t media.Time, f frame.AudioFormat) error {
	if f.Rate == 0 {
		return nil // nobody listens, and nothing has been decoded yet
	}
	for w.joint = true; w.next.T < t; {
		n := samples(min(t.Sub(w.next.T), silenceChunk), float64(f.Rate))
		if n == 0 {
			return nil
		}
		if g, _ := w.src.Gen(); g != w.gen {
			return nil // a seek has made it pointless
		}
		zeros := &frame.Audio{PTS: w.next.T, Format: f, Samples: make([]float32, n*f.Channels)}
		zeros.Arm(nil)
		w.next = media.Some(zeros.End())
		if err := w.convert(zeros); err != nil {
			return err
		}
	}
	w.joint = true
	return nil
}

// convert resamples a into the sink's format and writes it. It takes ownership.
func (w *AudioWorker) convert(a *frame.Audio) error {
	to := w.sink.Format()
	changed := w.heard != a.Format
	if to.Rate != 0 {
		if changed {
			w.before.reset()
		}
		w.before.pass(a, w.joint)
	}
	w.heard, w.joint = a.Format, false
	if to.Rate == 0 || a.Format == to {
		if w.res != nil { // the format changed to the sink's own
			if err := w.finishResampler(); err != nil {
				a.Release()
				return err
			}
		}
		w.changed = changed
		return w.out(a)
	}
	if w.res == nil || w.from != a.Format {
		if err := w.finishResampler(); err != nil {
			a.Release()
			return err
		}
		res, err := w.factory.NewResampler(a.Format, to)
		if err != nil {
			a.Release()
			return err
		}
		w.res, w.from = res, a.Format
		w.changed = changed
	}
	return w.res.Convert(a, w.out)
}

func (w *AudioWorker) finishResampler() error {
	if w.res == nil {
		return nil
	}
	err := w.res.Drain(w.out)
	w.closeResampler()
	return err
}

func (w *AudioWorker) closeResampler() {
	if w.res != nil {
		w.res.Close()
		w.res = nil
	}
}

// dry does nothing: sound decoders hold nothing back that is worth a new beginning.
func (w *AudioWorker) dry(context.Context) error { return nil }

// catchUp does nothing: sound is never late, the clock follows it.
func (w *AudioWorker) catchUp(*media.CodedFrame) bool { return false }

func (w *AudioWorker) rejected() { w.undec() }

func (w *AudioWorker) close() {
	w.closeResampler()
	if w.dec != nil {
		w.dec.Close()
		w.dec = nil
	}
}

// samples converts a length into whole samples.
func samples(d media.Span, rate float64) int { return int(math.Round(float64(d) * rate)) }
