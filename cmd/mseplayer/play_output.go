package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"mseplayer/audio/pcm"
	"mseplayer/player"
	"mseplayer/player/fetch"
	"mseplayer/player/frame"
	"mseplayer/player/present"
	"mseplayer/player/subtitle"
	"mseplayer/render/yuv"
)

// shotPatience bounds how long a screenshot may take.
const shotPatience = 30 * time.Second

// heard is what the sound device did since before.
func (s *session) heard(before pcm.Stats) *player.AudioStats {
	st := s.sound.Stats()
	a := &player.AudioStats{SamplesPlayed: st.SamplesPlayed - before.SamplesPlayed, SilentFrames: st.SilentFrames - before.SilentFrames,
		Underruns: st.Underruns - before.Underruns, Device: st.Device}
	if before.FirstSound.IsZero() {
		a.FirstSound = st.FirstSound
	}
	return a
}

// writeStats writes the playback report: one JSON document for each source.
func (s *session) writeStats(r player.Report, name, failure string, first bool) {
	if r.Source == "" {
		r.Source = fetch.Redact(name)
	}
	if r.Error == nil && failure != "" {
		r.Error = &failure
	}
	r.Memory.PeakRSS = peakRSS()
	text, err := r.JSON()
	if err == nil {
		err = writeTo(s.opt.stats, text, !first)
	}
	if err != nil {
		s.fail(1, "--stats-json: "+err.Error())
	}
}

// writeTo writes to a file, or to standard output if it is named "-".
func writeTo(name string, b []byte, more bool) error {
	if name == "-" {
		_, err := os.Stdout.Write(b)
		return err
	}
	mode := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	if more {
		mode = os.O_CREATE | os.O_WRONLY | os.O_APPEND
	}
	f, err := os.OpenFile(name, mode, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// writeShots writes the pictures that --screenshot asks for, each decoded anew, so that none depends on what playback
// showed.
func (s *session) writeShots(name string) {
	if len(s.opt.screenshots) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(len(s.opt.screenshots))*shotPatience)
	defer cancel()
	cfg := s.config()
	cfg.AudioTrack = player.None
	if shown := s.current.Load(); shown != nil { // what the default depends on is not there without sound
		cfg.SubTrack, cfg.SubDelay, cfg.Language = player.None, shown.Subtitles().Delay(), shown.Spoken()
		if t, ok := shown.Subtitles().Selected(); ok && shown.Subtitles().Visible() {
			cfg.SubTrack = t.ID
		}
	}
	p := player.New(cfg, player.Deps{Decoders: s.shots, Demuxer: s.shots, Formats: yuv.Supports, Fetch: s.fetch, Mounts: s.mounts, Log: s.log})
	defer p.Close()
	if err := p.Open(ctx, name); err != nil {
		s.fail(1, "--screenshot: "+err.Error())
		return
	}
	for _, text := range s.opt.screenshots {
		sh, err := parseShot(text)
		if err == nil {
			err = p.Picture(ctx, sh.at, func(v *frame.Video, o *subtitle.Overlay) error { return writePicture(v, o, sh.file) })
		}
		if err != nil {
			s.fail(1, "--screenshot "+text+": "+err.Error())
		}
	}
}

// writePicture writes a picture with its subtitles as PNG, at its display size; subtitles without a picture are on black.
func writePicture(v *frame.Video, o *subtitle.Overlay, name string) error {
	var img draw.Image
	if v != nil {
		rgba, err := yuv.RGBA(v, true)
		if err != nil {
			return err
		}
		img = rgba
	} else {
		black := image.NewRGBA(image.Rect(0, 0, o.Width, o.Height))
		draw.Draw(black, black.Bounds(), image.Black, image.Point{}, draw.Src)
		img = black
	}
	for _, b := range o.Bitmaps {
		part := &image.RGBA{Pix: b.Pix, Stride: 4 * b.W, Rect: image.Rect(0, 0, b.W, b.H)}
		draw.Draw(img, part.Rect.Add(image.Pt(b.X, b.Y)), part, image.Point{}, draw.Over)
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}

// dumper writes the playback dump. A nil dumper does nothing.
type dumper struct {
	epoch  time.Time // immutable
	rateHz int       // of the sound device; set before it starts

	mu    sync.Mutex
	lines []byte // guarded by mu
	spare []byte // guarded by mu
	file  io.WriteCloser
	stop  chan struct{}
	done  chan error
}

const (
	// dumpEvery is how often lines go to the file; they are collected in memory so that playback never waits for a disk.
	dumpEvery = 100 * time.Millisecond
	// maxDumpBytes bounds what waits for a disk that does not keep up.
	maxDumpBytes = 64 << 20
)

func newDumper(name string) (*dumper, error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	d := &dumper{epoch: time.Now(), file: f, stop: make(chan struct{}), done: make(chan error, 1)}
	go func() { d.done <- d.write() }()
	return d, nil
}

func (d *dumper) write() error {
	w := bufio.NewWriter(d.file)
	ticker := time.NewTicker(dumpEvery)
	defer ticker.Stop()
	var failure error
	for last := false; !last; {
		select {
		case <-ticker.C:
		case <-d.stop:
			last = true
		}
		d.mu.Lock()
		lines := d.lines
		d.lines, d.spare = d.spare[:0], nil
		d.mu.Unlock()
		if failure == nil {
			_, failure = w.Write(lines)
		}
		d.mu.Lock()
		d.spare = lines
		d.mu.Unlock()
	}
	if err := w.Flush(); failure == nil {
		failure = err
	}
	if err := d.file.Close(); failure == nil {
		failure = err
	}
	return failure
}

// Close writes what is left.
func (d *dumper) Close() error {
	if d == nil {
		return nil
	}
	close(d.stop)
	return <-d.done
}

func (d *dumper) picture(e present.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.lines) < maxDumpBytes {
		d.lines = append(e.Append(d.lines, d.epoch), '\n')
	}
}

// sound notes a block of sound.
func (d *dumper) sound(p pcm.Played) {
	length := time.Duration(float64(p.Frames) / (float64(d.rateHz) * p.Speed) * float64(time.Second))
	e := present.Event{Kind: present.Sound, N: p.Index, PTS: p.PTS, Gen: p.Gen, From: p.Wall, To: p.Wall.Add(length), Frames: p.Frames, CRC: p.CRC}
	switch p.Kind {
	case pcm.Gap:
		e.Kind, e.Why = present.Silence, present.WhyGap
	case pcm.Underrun:
		e.Kind, e.Why = present.Silence, present.WhyUnderrun
	case pcm.Sound:
	}
	d.picture(e)
}

// recording notes when the first frame of a recording is heard.
func (d *dumper) recording(epoch time.Time) {
	if d != nil {
		d.picture(present.Event{Kind: present.Recording, From: epoch})
	}
}

// terminal reports whether f is a terminal.
func terminal(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

// playLog makes the logger: one line an entry on standard error, or in a file.
func playLog(o playOptions) (*slog.Logger, error) {
	level := slog.LevelWarn
	switch {
	case o.quiet:
		level = slog.LevelError
	case o.verbose:
		level = slog.LevelInfo
	}
	if o.logFile != "" {
		f, err := os.Create(o.logFile)
		if err != nil {
			return nil, usage("--log-file %s: %v", o.logFile, err)
		}
		return slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: slog.LevelDebug})), nil
	}
	return slog.New(&lineHandler{w: os.Stderr, level: level, mu: &sync.Mutex{}}), nil
}

// lineHandler writes log entries as a person reads them: "mseplayer: warning: message (key value, key value)".
type lineHandler struct {
	w     io.Writer
	level slog.Level
	mu    *sync.Mutex
	attrs []slog.Attr
}

// Enabled implements slog.Handler.
func (h *lineHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

// Handle implements slog.Handler.
func (h *lineHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString("mseplayer: ")
	if r.Level != slog.LevelInfo {
		b.WriteString(map[slog.Level]string{slog.LevelDebug: "debug: ", slog.LevelWarn: "warning: ", slog.LevelError: "error: "}[r.Level])
	}
	b.WriteString(r.Message)
	n := 0
	add := func(a slog.Attr) bool {
		if a.Key == "c" {
			return true
		}
		b.WriteString([]string{" (", ", "}[min(n, 1)])
		fmt.Fprintf(&b, "%s %v", a.Key, a.Value)
		n++
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	if n > 0 {
		b.WriteByte(')')
	}
	b.WriteByte('\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.w, b.String())
	return err
}

// WithAttrs implements slog.Handler.
func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.attrs = append(append([]slog.Attr(nil), h.attrs...), attrs...)
	return &c
}

// WithGroup implements slog.Handler; there are no groups.
func (h *lineHandler) WithGroup(string) slog.Handler { return h }
