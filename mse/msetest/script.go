package msetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// Script runs a scenario against a MediaSource, one command a line; # begins a comment. Tasks run between
// commands, on the caller's goroutine, so a scenario is deterministic. The commands:
//
//	open v a ...              attach, and add a SourceBuffer of TextType under each name
//	init v video h264 ...     append an initialization segment (TextParser)
//	append v 0K 33 66         append a media segment and wait for updateend
//	start v 0K 33             appendBuffer alone: no task runs afterwards
//	raw v bytes               append bytes as they are, without the end of the line
//	run                       run the queued tasks
//	remove v 1 2              remove and wait (seconds; inf)
//	startremove v 1 2         remove alone
//	abort v | release v       SourceBuffer.abort, MediaSource.removeSourceBuffer
//	offset v 1.5              timestampOffset
//	window v 1 2              appendWindowStart, appendWindowEnd (seconds; inf)
//	mode v sequence
//	duration 10 | eos | eos decode | detach | attach
//	playhead 3
//	live 1 2 | clearlive
//	cover v 1 2               SourceBuffer.Cover
//	seek v 1.5                seek the reader of v's first track (v.2: of its second)
//	dry v                     Reader.Dry; "!" is then what the reader returns
//	skip v                    let the reader cross a gap
//	read v 0K 33 66d C 100K   what the reader returns next: frames (String), C for another configuration,
//	                          ~ would wait, $ end of stream, 1-2 silence
//	err NAME command...       the command fails with that error
//	want buffered v [0,1)     also: element, seekable, duration, state, updating, offset, window, mode, active
//	want events v a b         the events since the last look, of v, ms, buffers or active
type Script struct {
	opt   mse.Options
	loop  *mse.EventLoop
	queue []func()

	ms      *mse.MediaSource
	att     *mse.Attachment
	bufs    map[string]*mse.SourceBuffer
	readers map[string]*mse.Reader
	last    map[string]*media.DecoderConfig
	events  map[string][]string
	gen     media.Gen
	host    scriptHost
}

// RunScript runs the text of a script and returns the first failure with its line number.
func RunScript(text string, o mse.Options) error {
	s := &Script{opt: o, bufs: map[string]*mse.SourceBuffer{}, readers: map[string]*mse.Reader{},
		last: map[string]*media.DecoderConfig{}, events: map[string][]string{}}
	s.loop = mse.NewEventLoop(func(run func()) { s.queue = append(s.queue, run) })
	s.opt.Loop = s.loop
	s.host.tracks = mse.NewTrackLists(s.loop)
	s.opt.Private = map[string]func() bytestream.Parser{TextType: NewTextParser}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "# ")
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if err := s.exec(words); err != nil {
			return fmt.Errorf("line %d: %s: %w", n, strings.Join(words, " "), err)
		}
	}
	return nil
}

func (s *Script) pump() {
	for len(s.queue) > 0 {
		run := s.queue[0]
		s.queue = s.queue[1:]
		run()
	}
}

func (s *Script) listen(name string, t interface {
	Listen(func(mse.Event)) func()
}) {
	t.Listen(func(e mse.Event) { s.events[name] = append(s.events[name], e.Type) })
}

// exec runs one command and the tasks it queued.
func (s *Script) exec(w []string) error {
	switch w[0] {
	case "err":
		err := s.do(w[2:])
		var e *mse.Error
		if !errors.As(err, &e) || string(e.Name) != w[1] {
			return fmt.Errorf("got error %v, want %s", err, w[1])
		}
		return nil
	case "want":
		return s.want(w[1:])
	case "read":
		return s.read(w[1], w[2:])
	}
	err := s.do(w)
	if w[0] != "start" && w[0] != "startremove" {
		s.pump()
	}
	return err
}

func (s *Script) do(w []string) error {
	arg := func(i int) string {
		if i < len(w) {
			return w[i]
		}
		return ""
	}
	switch w[0] {
	case "open":
		s.ms = mse.New(s.opt)
		s.listen("ms", s.ms)
		s.listen("buffers", s.ms.SourceBuffers())
		s.listen("active", s.ms.ActiveSourceBuffers())
		var err error
		if s.att, err = s.ms.Attach(&s.host); err != nil {
			return err
		}
		for _, name := range w[1:] {
			sb, err := s.ms.AddSourceBuffer(TextType)
			if err != nil {
				return err
			}
			s.bufs[name] = sb
			s.listen(name, sb)
		}
		return nil
	case "attach":
		a, err := s.ms.Attach(&s.host)
		if err == nil {
			s.att = a
		}
		return err
	case "detach":
		s.att.Detach()
		return nil
	case "run":
		return nil
	case "eos":
		return s.ms.EndOfStream(map[string]mse.EndReason{"": mse.EndNormal, "network": mse.EndNetwork, "decode": mse.EndDecode}[arg(1)])
	case "duration":
		t, err := seconds(arg(1))
		if err != nil {
			return err
		}
		return s.ms.SetDuration(t)
	case "playhead":
		t, err := seconds(arg(1))
		s.att.SetPlayhead(t)
		return err
	case "clearlive":
		return s.ms.ClearLiveSeekableRange()
	case "live":
		a, b, err := pair(arg(1), arg(2))
		if err != nil {
			return err
		}
		return s.ms.SetLiveSeekableRange(a, b)
	case "add":
		_, err := s.ms.AddSourceBuffer(arg(1))
		return err
	}
	name, _, _ := strings.Cut(arg(1), ".")
	sb := s.bufs[name]
	if sb == nil {
		return fmt.Errorf("no SourceBuffer %q", arg(1))
	}
	switch w[0] {
	case "init":
		return sb.AppendBuffer([]byte("init " + strings.Join(w[2:], " ") + "\n"))
	case "append", "start":
		return sb.AppendBuffer([]byte(strings.Join(w[2:], " ") + "\n"))
	case "raw":
		return sb.AppendBuffer([]byte(strings.Join(w[2:], " ")))
	case "remove", "startremove":
		a, b, err := pair(arg(2), arg(3))
		if err != nil {
			return err
		}
		return sb.Remove(a, b)
	case "cover":
		a, b, err := pair(arg(2), arg(3))
		sb.Cover(a, b)
		return err
	case "abort":
		return sb.Abort()
	case "release":
		return s.ms.RemoveSourceBuffer(sb)
	case "offset":
		t, err := seconds(arg(2))
		if err != nil {
			return err
		}
		return sb.SetTimestampOffset(media.Span(t))
	case "window":
		a, b, err := pair(arg(2), arg(3))
		if err != nil {
			return err
		}
		if err := sb.SetAppendWindowEnd(media.Forever); err != nil {
			return err
		}
		if err := sb.SetAppendWindowStart(a); err != nil {
			return err
		}
		return sb.SetAppendWindowEnd(b)
	case "mode":
		return sb.SetMode(map[string]mse.AppendMode{"segments": mse.Segments, "sequence": mse.Sequence}[arg(2)])
	case "seek":
		r, err := s.reader(arg(1))
		if err != nil {
			return err
		}
		t, err := seconds(arg(2))
		if err != nil {
			return err
		}
		s.gen++
		r.Seek(t, s.gen)
		delete(s.last, arg(1))
		if _, err := r.Next(cancelled); !errors.Is(err, mse.ErrSeeked) {
			return fmt.Errorf("first Next after a seek: %v", err)
		}
		return nil
	case "dry":
		r, err := s.reader(arg(1))
		if err != nil {
			return err
		}
		r.Dry()
		return nil
	case "skip":
		r, err := s.reader(arg(1))
		if err != nil {
			return err
		}
		r.SkipGap()
		return nil
	default:
		return fmt.Errorf("unknown command")
	}
}

var cancelled = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// reader returns the reader of "v", the first track of v, or "v.2", the second.
func (s *Script) reader(name string) (*mse.Reader, error) {
	if r := s.readers[name]; r != nil {
		return r, nil
	}
	buf, nth, _ := strings.Cut(name, ".")
	n := 1
	if nth != "" {
		var err error
		if n, err = strconv.Atoi(nth); err != nil {
			return nil, err
		}
	}
	tracks := s.bufs[buf].Tracks()
	if n < 1 || n > len(tracks) {
		return nil, fmt.Errorf("%s has %d tracks", buf, len(tracks))
	}
	r, err := s.att.Reader(tracks[n-1])
	s.readers[name] = r
	return r, err
}

func (s *Script) read(name string, want []string) error {
	r, err := s.reader(name)
	if err != nil {
		return err
	}
	var got []string
	for len(got) < len(want) {
		it, err := r.Next(cancelled)
		switch {
		case errors.Is(err, io.EOF):
			got = append(got, "$")
			continue
		case errors.Is(err, mse.ErrDry):
			got = append(got, "!")
			continue
		case errors.Is(err, context.Canceled):
			got = append(got, "~")
			continue
		case err != nil:
			return err
		}
		if it.Frame == nil {
			got = append(got, short(it.Silence.Start)+"-"+short(it.Silence.End))
			continue
		}
		if l := s.last[name]; l != nil && l != it.Frame.Config {
			got = append(got, "C")
		}
		s.last[name] = it.Frame.Config
		f := *it.Frame
		f.DecodeOnly = it.DecodeOnly
		got = append(got, String(&f))
	}
	return same(strings.Join(got, " "), strings.Join(want, " "))
}

func (s *Script) want(w []string) error {
	rest := strings.Join(w[1:], " ")
	var sb *mse.SourceBuffer
	if len(w) > 1 {
		sb = s.bufs[w[1]]
	}
	arg := ""
	if len(w) > 1 {
		arg = strings.Join(w[2:], " ")
	}
	switch w[0] {
	case "buffered":
		r, err := sb.Buffered()
		if err != nil {
			return err
		}
		return same(rounded(r), arg)
	case "element":
		return same(rounded(s.att.Buffered()), rest)
	case "seekable":
		return same(rounded(s.att.Seekable()), rest)
	case "duration":
		d, ok := s.ms.Duration()
		if !ok {
			return same("NaN", rest)
		}
		return same(short(d), rest)
	case "state":
		return same(s.ms.ReadyState().String(), rest)
	case "updating":
		return same(strconv.FormatBool(sb.Updating()), arg)
	case "offset":
		return same(short(media.Time(sb.TimestampOffset())), arg)
	case "window":
		return same(short(sb.AppendWindowStart())+" "+short(sb.AppendWindowEnd()), arg)
	case "mode":
		return same(sb.Mode().String(), arg)
	case "active":
		var names []string
		for _, x := range s.ms.ActiveSourceBuffers().All() {
			for n, b := range s.bufs {
				if b == x {
					names = append(names, n)
				}
			}
		}
		return same(strings.Join(names, " "), rest)
	case "host":
		got := strings.Join(s.host.calls, " ")
		s.host.calls = nil
		return same(got, rest)
	case "events":
		got := strings.Join(s.events[w[1]], " ")
		delete(s.events, w[1])
		return same(got, arg)
	case "stats":
		st := sb.Stats()
		return same(fmt.Sprintf("%d %d %d", st.Appended, st.OutsideWindow, st.NoRAP), arg)
	default:
		return fmt.Errorf("unknown expectation")
	}
}

func same(got, want string) error {
	if got != want {
		return fmt.Errorf("got %q, want %q", got, want)
	}
	return nil
}

// short and rounded print microseconds, so that scripts need not spell out float64 sums.
func short(t media.Time) string {
	if t == media.Forever {
		return "inf"
	}
	if !t.IsFinite() {
		return t.String()
	}
	return media.Time(math.Round(float64(t)*1e6) / 1e6).String()
}

func rounded(r media.Ranges) string {
	out := make(media.Ranges, len(r))
	for i, x := range r {
		out[i] = media.Range{Start: media.Time(math.Round(float64(x.Start)*1e6) / 1e6), End: media.Time(math.Round(float64(x.End)*1e6) / 1e6)}
	}
	return out.String()
}

func seconds(s string) (media.Time, error) {
	if s == "inf" {
		return media.Forever, nil
	}
	x, err := strconv.ParseFloat(s, 64)
	return media.Time(x), err
}

func pair(a, b string) (media.Time, media.Time, error) {
	x, err := seconds(a)
	if err != nil {
		return 0, 0, err
	}
	y, err := seconds(b)
	return x, y, err
}

// scriptHost is the media element of a script: it notes what it is told.
type scriptHost struct {
	calls  []string
	tracks *mse.TrackLists
}

func (h *scriptHost) note(format string, args ...any) {
	h.calls = append(h.calls, fmt.Sprintf(format, args...))
}

// HasError implements mse.Host.
func (h *scriptHost) HasError() bool { return false }

// DurationChanged implements mse.Host.
func (h *scriptHost) DurationChanged(_ *mse.Tx, d media.Time) { h.note("duration=%s", short(d)) }

// TrackLists implements mse.Host.
func (h *scriptHost) TrackLists() *mse.TrackLists { return h.tracks }

// TracksChanged implements mse.Host.
func (h *scriptHost) TracksChanged(tx *mse.Tx) {
	w := []string{"tracks"}
	for _, k := range []media.Kind{media.Video, media.Audio, media.Text} {
		for _, t := range h.tracks.Of(k).AllTx(tx) {
			on := ""
			if t.EnabledTx(tx) {
				on = "+"
			}
			w = append(w, t.Kind().String()+t.ID()+on)
		}
	}
	h.note("%s", strings.Join(w, ":"))
}

// NewTracksActive implements mse.Host.
func (h *scriptHost) NewTracksActive(*mse.Tx) { h.note("active") }

// MetadataComplete implements mse.Host.
func (h *scriptHost) MetadataComplete(*mse.Tx) { h.note("metadata") }

// BufferedChanged implements mse.Host.
func (h *scriptHost) BufferedChanged(*mse.Tx) {}

// PlayheadRemoved implements mse.Host.
func (h *scriptHost) PlayheadRemoved(*mse.Tx) { h.note("playheadremoved") }

// StreamEnded implements mse.Host.
func (h *scriptHost) StreamEnded(_ *mse.Tx, r mse.EndReason, _ error) { h.note("ended(%s)", r) }
