package decode

import (
	"context"
	"errors"
	"log/slog"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

const (
	// maxLateness is how late pictures may get, in seconds on the wall, before coded frames are skipped.
	maxLateness = 0.5
	// skipAhead is how long after now the random access point may be due at which decoding goes on.
	skipAhead = 1
)

// VideoSink is what a VideoWorker needs of present.Queue. Each counting method is called from one place.
type VideoSink interface {
	// Put takes ownership even when it fails, and blocks while the sink is full.
	Put(context.Context, *frame.Video) error
	// DecodeOnly counts a picture that was decoded and not meant to be shown.
	DecodeOnly()
	// Undecodable counts a coded frame that the decoder rejected.
	Undecodable()
	// Lateness is by how much, in media time, a picture of that time would come too late now, and how many seconds of
	// media pass in one; 0 while the clock rests.
	Lateness(media.Time) (late media.Span, speed float64)
	// SkippedToRAP counts coded frames that were passed over undecoded to catch up.
	SkippedToRAP(n int)
	// EndOfStream says that the last picture of a generation has been put.
	EndOfStream(media.Gen)
}

// PictureKeeper is implemented by a VideoSink that wants the pictures before the target of a seek, to step back to.
type PictureKeeper interface {
	// Keep takes ownership of a picture that precedes the first one that is put; DecodeOnly has counted it. It does not
	// block.
	Keep(*frame.Video)
}

// VideoWorker decodes the pictures of one track.
type VideoWorker struct {
	base
	sink   VideoSink     // immutable
	keeper PictureKeeper // immutable; nil: pictures before the target are released

	// owned by Run
	dec     VideoDecoder
	rap     media.Time   // of the random access point at which decoding began
	leading bool         // pictures before rap lack their references
	began   bool         // the first coded frame after a seek or an opening has been sent
	held    *frame.Video // the newest picture before the seek target
	shown   bool         // a picture of this generation has been put
	skipped bool         // decoding jumped to rap to catch up
	emit    func(*frame.Video) error
	ctx     context.Context // of the current decode call, for emit
}

// WorkerOptions are what a worker needs besides its source, factory and sink.
type WorkerOptions struct {
	Decoder Options
	// KeepLeading hands out the pictures that precede the first random access point in presentation, whether or not
	// their references were decoded. Analysis wants to see all that comes out of the decoder.
	KeepLeading bool
	// TryKeys ends the worker with a *KeyError when the decoder makes nothing of what a key decrypts.
	TryKeys bool
	// Wake is called after every change of Status; it must not block. Nil is allowed.
	Wake func()
	// Log gets state changes at Debug. Nil is silent.
	Log *slog.Logger
}

func newBase(src Source, f Factory, o WorkerOptions, kind media.Kind) base {
	wake := o.Wake
	if wake == nil {
		wake = func() {}
	}
	return base{src: src, factory: f, opt: o.Decoder, wake: wake, tryKeys: o.TryKeys, kind: kind, log: quiet(o.Log).With("c", kind.String())}
}

// NewVideoWorker returns a worker; Run starts it.
func NewVideoWorker(src Source, f Factory, sink VideoSink, o WorkerOptions) *VideoWorker {
	w := &VideoWorker{base: newBase(src, f, o, media.Video), sink: sink, leading: !o.KeepLeading}
	w.keeper, _ = sink.(PictureKeeper)
	w.emit = func(v *frame.Video) error { return w.picture(v) }
	return w
}

// Run decodes until ctx ends, the track is gone or decoding fails for good. It closes the decoder.
func (w *VideoWorker) Run(ctx context.Context) { w.run(ctx, w) }

func (w *VideoWorker) seeked() {
	if w.dec != nil {
		w.dec.Flush()
	}
	w.dropHeld()
	w.began, w.shown, w.skipped = false, false, false
}

func (w *VideoWorker) open(cfg *media.DecoderConfig) (err error) {
	w.began, w.skipped = false, false
	w.dec, err = w.factory.NewVideo(cfg, w.opt)
	return err
}

// catchUp passes over coded frames when the decoder cannot keep up: better a jump to a picture that is on time than
// decoding pictures of which none is. f, which is the next to be decoded, counts too.
func (w *VideoWorker) catchUp(f *media.CodedFrame) bool {
	late, speed := w.sink.Lateness(f.PTS)
	if late <= media.Span(maxLateness*speed) || !w.shown {
		return false
	}
	now := f.PTS.Add(late)
	n := w.src.SkipTo(now.Add(media.Span(maxLateness/5*speed)), now.Add(media.Span(skipAhead*speed)))
	if n == 0 {
		return false
	}
	if !f.DecodeOnly {
		n++
	}
	w.sink.SkippedToRAP(n)
	// What the decoder still holds from before is late as well, and leading pictures lack their references.
	w.began, w.skipped = false, true
	return true
}

// quiet does nothing: the picture before stays.
func (w *VideoWorker) quiet(context.Context, media.Range) error { return nil }

func (w *VideoWorker) decode(ctx context.Context, it mse.Item) error {
	f := it.Frame
	if !w.began {
		w.began, w.rap = true, f.PTS
	}
	if it.DecodeOnly && !f.DecodeOnly {
		only := *f
		only.DecodeOnly = true
		f = &only
	}
	w.ctx = ctx
	return w.dec.Decode(f, w.emit)
}

func (w *VideoWorker) drain(ctx context.Context, end bool) error {
	var err error
	if w.dec != nil {
		w.ctx = ctx
		err = w.dec.Drain(w.emit)
		if !end {
			w.dec.Close()
			w.dec = nil
		}
	}
	if !end || err != nil && !isPacketError(err) {
		return err
	}
	// A target at or after the last picture shows the last picture.
	if w.held != nil && !w.shown {
		if perr := w.put(w.held); perr != nil {
			return perr
		}
	}
	w.dropHeld()
	w.sink.EndOfStream(w.gen)
	// A decoder that was drained must be flushed before it decodes again, and what comes next begins anew.
	if w.dec != nil {
		w.dec.Flush()
		w.began = false
	}
	return err
}

func (w *VideoWorker) dry(ctx context.Context) error {
	if w.dec == nil {
		return nil
	}
	w.ctx = ctx
	err := w.dec.Drain(w.emit)
	w.dec.Flush()
	w.began = false
	return err
}

// picture decides about one decoded picture. It takes ownership.
func (w *VideoWorker) picture(v *frame.Video) error {
	w.errors = 0
	if v.Corrupt {
		w.trial.bad++
	}
	v.Gen = w.gen
	if w.leading && v.PTS < w.rap {
		if w.skipped {
			w.sink.SkippedToRAP(1)
		} else {
			w.sink.DecodeOnly()
		}
		v.Release()
		return nil
	}
	if s := slack(w.target); v.PTS < w.target.Add(-s) && v.End() <= w.target.Add(s) {
		w.sink.DecodeOnly()
		w.passHeld()
		w.held = v
		return nil
	}
	if w.held != nil && !w.shown && v.PTS > w.target.Add(slack(w.target)) {
		// Nothing begins between the held picture and this one: the held one is still visible at the target.
		if err := w.put(w.held); err != nil {
			v.Release()
			return err
		}
	}
	w.passHeld()
	return w.put(v)
}

// put hands a picture to the sink. It clears held first when that is the one.
func (w *VideoWorker) put(v *frame.Video) error {
	if v == w.held {
		w.held = nil
	}
	w.shown = true
	return w.sink.Put(w.ctx, v)
}

// passHeld hands on the picture that turned out not to be the one at the target.
func (w *VideoWorker) passHeld() {
	if w.held != nil && w.keeper != nil && !w.shown {
		w.keeper.Keep(w.held)
		w.held = nil
	}
	w.dropHeld()
}

func (w *VideoWorker) dropHeld() {
	if w.held != nil {
		w.held.Release()
		w.held = nil
	}
}

func (w *VideoWorker) rejected() { w.sink.Undecodable() }

func (w *VideoWorker) close() {
	w.dropHeld()
	if w.dec != nil {
		w.dec.Close()
		w.dec = nil
	}
}

func isPacketError(err error) bool {
	var pe *PacketError
	return errors.As(err, &pe)
}
