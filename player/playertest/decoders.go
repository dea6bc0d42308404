package playertest

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"time"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
)

// Factory makes decoders that turn each coded frame into a picture or sound of its own times. Video comes out in
// presentation order after a delay of Depth frames. A payload that begins with "bad" is rejected. Sound is a constant
// of 0.5 at the configured rate, so that trimming and silence can be seen.
type Factory struct {
	// Depth is how many pictures a video decoder holds back for reordering.
	Depth int
	// Delay is how long decoding one picture takes.
	Delay time.Duration
	// Sized makes pictures as large as their configuration says; otherwise they are 2×2.
	Sized bool
	// Refuse makes opening decoders of that format fail.
	Refuse media.CodecID
	// Sound is told of each frame of sound that is decoded, on the decoder's goroutine. Nil is for nobody.
	Sound func(cfg *media.DecoderConfig, pts media.Time)

	mu     sync.Mutex
	opened int
}

// Opened is how many decoders have been made.
func (f *Factory) Opened() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.opened
}

// Supports implements decode.Factory.
func (f *Factory) Supports(id media.CodecID) bool { return id != f.Refuse }

func (f *Factory) open(cfg *media.DecoderConfig) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opened++
	if cfg.Codec == f.Refuse {
		return errors.New("refused")
	}
	return nil
}

// NewVideo implements decode.Factory.
func (f *Factory) NewVideo(cfg *media.DecoderConfig, o decode.Options) (decode.VideoDecoder, error) {
	return &video{f: f, cfg: cfg, keys: o.Decrypter}, f.open(cfg)
}

// NewAudio implements decode.Factory.
func (f *Factory) NewAudio(cfg *media.DecoderConfig, o decode.Options) (decode.AudioDecoder, error) {
	return &audio{f: f, cfg: cfg, keys: o.Decrypter}, f.open(cfg)
}

// NewResampler implements decode.Factory: each output sample is the input sample at its time.
func (f *Factory) NewResampler(_, to frame.AudioFormat) (decode.Resampler, error) {
	return &resampler{to: to}, nil
}

var errBad = errors.New("bad data")

type video struct {
	f    *Factory
	cfg  *media.DecoderConfig
	keys decode.Decrypter
	held []*media.CodedFrame
}

// open decrypts a frame that is protected. What is no payload of msetest then has been decrypted with a wrong key.
func open(c *media.CodedFrame, keys decode.Decrypter) (*media.CodedFrame, error) {
	if c.Crypt == nil {
		return c, nil
	}
	if keys == nil {
		return nil, &decode.PacketError{PTS: c.PTS, Err: errBad}
	}
	own := *c
	own.Data, own.Crypt = make([]byte, len(c.Data)), nil
	n, err := keys.Decrypt(own.Data, c)
	if err == nil {
		own.Data = own.Data[:n]
		_, err = msetest.PayloadPTS(own.Data)
	}
	if err != nil {
		return nil, &decode.PacketError{PTS: c.PTS, Err: err}
	}
	return &own, nil
}

// Decode implements decode.VideoDecoder.
func (d *video) Decode(c *media.CodedFrame, emit func(*frame.Video) error) error {
	if d.f.Delay > 0 {
		time.Sleep(d.f.Delay)
	}
	c, err := open(c, d.keys)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(c.Data, []byte("bad")) {
		return &decode.PacketError{PTS: c.PTS, Err: errBad}
	}
	d.held = append(d.held, c)
	return d.put(d.f.Depth, emit)
}

// put emits the earliest pictures until n are held.
func (d *video) put(n int, emit func(*frame.Video) error) error {
	for len(d.held) > n {
		i := 0
		for k, c := range d.held {
			if c.PTS < d.held[i].PTS {
				i = k
			}
		}
		c := d.held[i]
		d.held = slices.Delete(d.held, i, i+1)
		if c.DecodeOnly {
			continue
		}
		v := &frame.Video{PTS: c.PTS, Duration: c.Duration, Format: frame.I420, Width: 2, Height: 2, Key: c.RAP}
		if w, h := c.Config.Width, c.Config.Height; d.f.Sized && w > 0 && h > 0 {
			v.Width, v.Height = w, h
		}
		v.Crop = frame.Rect{W: v.Width, H: v.Height}
		for p := range v.Plane {
			// All rows are one row: what a picture looks like does not matter, but that large ones cost nothing does.
			w, _ := v.Format.PlaneSize(p, v.Width, v.Height)
			v.Plane[p] = frame.Plane{Data: make([]byte, w)}
		}
		copy(v.Plane[0].Data, c.Data)
		v.Arm(nil)
		if err := emit(v); err != nil {
			return err
		}
	}
	return nil
}

// Drain implements decode.VideoDecoder.
func (d *video) Drain(emit func(*frame.Video) error) error { return d.put(0, emit) }

// Flush implements decode.VideoDecoder.
func (d *video) Flush() { d.held = nil }

// Close implements decode.VideoDecoder.
func (d *video) Close() { d.held = nil }

type audio struct {
	f    *Factory
	cfg  *media.DecoderConfig
	keys decode.Decrypter
}

// Decode implements decode.AudioDecoder.
func (d *audio) Decode(c *media.CodedFrame, emit func(*frame.Audio) error) error {
	c, err := open(c, d.keys)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(c.Data, []byte("bad")) {
		return &decode.PacketError{PTS: c.PTS, Err: errBad}
	}
	if d.f.Sound != nil {
		d.f.Sound(d.cfg, c.PTS)
	}
	rate, ch := d.cfg.SampleRate, max(d.cfg.Channels, 1)
	samples := func(d media.Span) int { return int(float64(d)*float64(rate) + 0.5) }
	a := &frame.Audio{PTS: c.PTS.Add(-c.TrimFront), TrimFront: samples(c.TrimFront), TrimBack: samples(c.TrimBack), Format: frame.AudioFormat{Rate: rate, Channels: ch}, Samples: make([]float32, samples(c.TrimFront+c.Duration+c.TrimBack)*ch)}
	if c.DecodeOnly {
		a.TrimFront = a.Frames()
	}
	for i := range a.Samples {
		a.Samples[i] = 0.5
	}
	a.Arm(nil)
	return emit(a)
}

// Drain implements decode.AudioDecoder.
func (d *audio) Drain(func(*frame.Audio) error) error { return nil }

// Flush implements decode.AudioDecoder.
func (d *audio) Flush() {}

// Close implements decode.AudioDecoder.
func (d *audio) Close() {}

type resampler struct{ to frame.AudioFormat }

// Convert implements decode.Resampler.
func (r *resampler) Convert(in *frame.Audio, emit func(*frame.Audio) error) error {
	n := in.Frames() * r.to.Rate / in.Format.Rate
	out := &frame.Audio{Gen: in.Gen, PTS: in.PTS, Format: r.to, Samples: make([]float32, n*r.to.Channels)}
	for i := range n {
		from := i * in.Format.Rate / r.to.Rate * in.Format.Channels
		for c := range r.to.Channels {
			out.Samples[i*r.to.Channels+c] = in.Samples[from+c%in.Format.Channels]
		}
	}
	in.Release()
	out.Arm(nil)
	return emit(out)
}

// Drain implements decode.Resampler.
func (r *resampler) Drain(func(*frame.Audio) error) error { return nil }

// Close implements decode.Resampler.
func (r *resampler) Close() {}
