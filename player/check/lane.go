package check

import (
	"context"
	"errors"
	"io"
	"slices"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/crypt"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
)

// maxRestarts bounds how often decoding a stream begins anew after the decoder gave up.
const maxRestarts = 1000

// maxMissing bounds the missing keys of a stream that are told apart.
const maxMissing = 16

// errNothing is what an attempt to read gives that does not wait.
var errNothing = errors.New("nothing to read")

// lane decodes one stream. It is the decode.Source of its worker: it hands out what the buffer holds, and when there
// is no more it tells the pipe and waits for its word.
type lane struct {
	// immutable
	pipe   *pipe
	stream *stream
	reader *mse.Reader
	keys   *crypt.Decrypter
	noWait context.Context

	wake chan struct{} // one slot; the pipe sends, once for each time the lane reported itself idle

	// owned by the pipe while the lane is idle, by the lane's goroutine otherwise
	out     decoded
	resting bool // it waits for wake
	end     bool // nothing more will be appended
	gone    bool // the goroutine has ended

	// owned by the lane's goroutine
	eof     bool
	refused *media.DecoderConfig // no decoder could be opened for it
}

// start makes the lane of a stream and lets it run.
func (p *pipe) start(s *stream, t *mse.Track) error {
	r, err := p.att.Reader(t)
	if err != nil {
		return err
	}
	noWait, cancel := context.WithCancelCause(context.Background())
	cancel(errNothing)
	l := &lane{pipe: p, stream: s, reader: r, keys: p.keys.Decrypter(), noWait: noWait, wake: make(chan struct{}, 1)}
	if p.look != nil {
		l.out.look = p.look(l)
	}
	target := media.Time(0)
	if s.info.Kind == media.Audio {
		target = lead // what is between the target and the first sound would be filled with silence
	}
	r.Seek(target, 1)
	p.lanes = append(p.lanes, l)
	p.running++
	p.alive.Add(1)
	p.group.run(l.run)
	return nil
}

// run decodes until the end of the stream. A worker whose decoder gave up is followed by another one, which goes on
// with the next frame.
func (l *lane) run() {
	defer l.pipe.alive.Done()
	defer func() {
		l.reader.Close()
		l.gone = true
		select {
		case l.pipe.idle <- l:
		case <-l.pipe.ctx.Done():
		}
	}()
	p := l.pipe
	o := decode.WorkerOptions{Decoder: decode.Options{Threads: p.threads, Decrypter: l.keys}, KeepLeading: true, Log: p.log}
	if look := l.out.look; look != nil {
		o.Decoder.Quantizers = look.deep
		if look.planar {
			o.Decoder.Formats = func(f frame.PixelFormat) bool { return f.PlaneCount() > 0 }
		}
	}
	f := factory{p.decoders, l}
	for restarts := 0; ; restarts++ {
		var st decode.Status
		if l.stream.info.Kind == media.Video {
			w := decode.NewVideoWorker(l, f, pictureSink{&l.out}, o)
			w.Run(p.ctx)
			st = w.Status()
		} else {
			w := decode.NewAudioWorker(l, f, soundSink{&l.out}, o, func() { l.out.rejected++ })
			w.Run(p.ctx)
			st = w.Status()
		}
		if st.State != decode.Failed {
			return
		}
		if l.out.err == nil {
			l.out.err = st.Err
		}
		if restarts == maxRestarts {
			return
		}
	}
}

// Next implements decode.Source.
func (l *lane) Next(ctx context.Context) (mse.Item, error) {
	skipped := false
	for {
		it, err := l.reader.Next(l.noWait)
		switch {
		case err == nil && (it.Frame == nil || it.Frame.Config == l.refused):
			continue
		case err == nil && it.Frame.Crypt != nil:
			if err := l.keys.Ready(ctx, it.Frame.Crypt); ctx.Err() != nil {
				return it, err
			} else if err != nil {
				l.miss(err)
				continue
			}
			it.DecodeOnly = it.Frame.DecodeOnly
			return it, nil
		case err == nil:
			it.DecodeOnly = it.Frame.DecodeOnly // everything else is counted
			return it, nil
		case !errors.Is(err, errNothing) && !errors.Is(err, io.EOF):
			return it, err
		case !skipped: // it may be a gap at which the reader waits
			l.reader.SkipGap()
			skipped = true
			continue
		case l.eof:
			return it, mse.ErrGone
		case l.end:
			l.eof = true
			return it, io.EOF
		}
		skipped = false
		if err := l.rest(ctx); err != nil {
			return it, err
		}
	}
}

// rest waits until the pipe has appended more.
func (l *lane) rest(ctx context.Context) error {
	select {
	case l.pipe.idle <- l:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-l.wake:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Gen implements decode.Source.
func (l *lane) Gen() (media.Gen, media.Time) { return l.reader.Gen() }

// SkipTo implements decode.Source: nothing is late.
func (l *lane) SkipTo(_, _ media.Time) int { return 0 }

// miss notes a frame without a key.
func (l *lane) miss(err error) {
	l.out.keyless++
	var missing *crypt.MissingKeyError
	if errors.As(err, &missing) && !slices.ContainsFunc(l.out.missing, func(m *crypt.MissingKeyError) bool { return m.KID == missing.KID }) && len(l.out.missing) < maxMissing {
		l.out.missing = append(l.out.missing, missing)
	}
}

// note remembers the first coded frame that a decoder rejected.
func (l *lane) note(err error) {
	var pe *decode.PacketError
	if errors.As(err, &pe) && l.out.firstError == nil {
		l.out.firstError, l.out.firstRejected = pe.Err, media.Some(pe.PTS)
	}
}

// refuse remembers a configuration that no decoder can be opened for; its frames are passed over.
func (l *lane) refuse(c *media.DecoderConfig, err error) {
	l.refused = c
	if l.out.firstError == nil {
		l.out.firstError = err
	}
}

// begin notes the samples that a decoder for c will put out though the codec declares them to be none. What remains in
// InitialPadding of them, the container does not take out of the presentation by itself. RFC 7845 §4.2.
func (l *lane) begin(c *media.DecoderConfig) {
	const preSkipAt = 10 // in the identification header
	if c.Codec == media.Opus && len(c.Extradata) >= preSkipAt+2 {
		l.out.preSkip += int64(c.Extradata[preSkipAt]) | int64(c.Extradata[preSkipAt+1])<<8
		l.out.left += int64(c.InitialPadding)
	}
}
