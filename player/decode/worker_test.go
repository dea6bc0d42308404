package decode_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
	"mseplayer/player/playertest"
)

// source replays a list of items: frames of the DSL, "seek T", "skip", "quiet A B", "config", "end".
type source struct {
	steps  []string
	cfg    *media.DecoderConfig
	gen    media.Gen
	target media.Time
	done   chan struct{}
}

func (s *source) Next(ctx context.Context) (mse.Item, error) {
	for {
		if len(s.steps) == 0 {
			close(s.done)
			<-ctx.Done()
			return mse.Item{}, context.Cause(ctx)
		}
		step := s.steps[0]
		s.steps = s.steps[1:]
		var a, b float64
		switch {
		case step == "end":
			return mse.Item{}, io.EOF
		case step == "config":
			c := *s.cfg
			s.cfg = &c
			continue
		case strings.HasPrefix(step, "seek"):
			if _, err := fmt.Sscanf(step, "seek%f", &a); err != nil {
				return mse.Item{}, err
			}
			s.gen++
			s.target = media.Time(a)
			return mse.Item{}, mse.ErrSeeked
		case strings.HasPrefix(step, "quiet"):
			if _, err := fmt.Sscanf(step, "quiet%f-%f", &a, &b); err != nil {
				return mse.Item{}, err
			}
			return mse.Item{Silence: media.Range{Start: media.Time(a), End: media.Time(b)}}, nil
		}
		w, only := strings.CutSuffix(step, "d")
		w, bad := strings.CutSuffix(w, "!")
		f := msetest.MustFrames(s.cfg, w)[0]
		if bad {
			f.Data = []byte("bad")
		}
		f.DecodeOnly = only
		return mse.Item{Frame: &f, DecodeOnly: only}, nil
	}
}

func (s *source) Gen() (media.Gen, media.Time) { return s.gen, s.target }
func (s *source) SkipTo(_, _ media.Time) int   { return 0 }

// sink writes down what it gets.
type sink struct {
	got      []string
	format   frame.AudioFormat
	samples  int
	kept     int
	decoded  int
	nonzero  int
	lateness media.Span
}

func (s *sink) Put(_ context.Context, v *frame.Video) error {
	s.got = append(s.got, fmt.Sprintf("%g/%d", float64(v.PTS)*1000, v.Gen))
	v.Release()
	return nil
}
func (s *sink) DecodeOnly()             { s.got = append(s.got, "only") }
func (s *sink) Undecodable()            { s.got = append(s.got, "bad") }
func (s *sink) SkippedToRAP(n int)      { s.got = append(s.got, fmt.Sprintf("skip%d", n)) }
func (s *sink) EndOfStream(g media.Gen) { s.got = append(s.got, fmt.Sprintf("end/%d", g)) }
func (s *sink) Lateness(media.Time) (media.Span, float64) {
	return s.lateness, 1
}
func (s *sink) Format() frame.AudioFormat      { return s.format }
func (s *sink) CountSamples(decoded, kept int) { s.decoded += decoded; s.kept += kept }
func (s *sink) Write(_ context.Context, a *frame.Audio) error {
	n := 0
	for _, x := range a.Samples {
		if x != 0 {
			n++
		}
	}
	s.got = append(s.got, fmt.Sprintf("%g+%d", float64(int(float64(a.PTS)*1000+0.5)), a.Frames()))
	s.samples += a.Frames()
	s.nonzero += n / a.Format.Channels
	a.Release()
	return nil
}

func TestVideoWorker(t *testing.T) {
	for _, c := range []struct {
		name, steps, want string
		depth             int
	}{
		{"in order", "seek0 0K 40 80 end", "0/1 40/1 80/1 end/1", 0},
		{"reordered", "seek0 0|-40K 80|0 40|40 end", "0/1 40/1 80/1 end/1", 1},
		{"before the target", "seek0.09 0D40K 40D40 80D40 120D40", "only only 80/1 120/1", 0},
		{"target on a frame", "seek0.04 0D40K 40D40 80D40", "only 40/1 80/1", 0},
		{"target in a hole shows the picture before", "seek0.07 0D40K 40D10 120D40", "only only 40/1 120/1", 0},
		{"target after the end shows the last", "seek5 0D40K 40D40 end", "only only 40/1 end/1", 0},
		{"leading pictures after a seek", "seek0 200K 120 160 240 end", "only only 200/1 240/1 end/1", 1},
		{"leading pictures later are shown", "seek0 0D40K 40D40 200D40K 120D40 160D40 240D40 end", "0/1 40/1 120/1 160/1 200/1 240/1 end/1", 2},
		{"decode-only", "seek0 0Kd 40d 80 120 end", "80/1 120/1 end/1", 0},
		{"rejected", "seek0 0K 40! 80 end", "0/1 bad 80/1 end/1", 0},
		{"configuration change drains", "seek0 0K 40 config 80K 120 end", "0/1 40/1 80/1 120/1 end/1", 1},
		{"seek drops what is held", "seek0 0K 40 80 seek0.2 200K 240 end", "0/1 200/2 240/2 end/2", 2},
		{"on after the end", "seek0 0K 40 end 80K 120 end", "0/1 40/1 end/1 80/1 120/1 end/1", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := &source{steps: strings.Fields(c.steps), cfg: &media.DecoderConfig{Kind: media.Video, Codec: media.H264}, done: make(chan struct{})}
				s := &sink{}
				w := decode.NewVideoWorker(src, &playertest.Factory{Depth: c.depth}, s, decode.WorkerOptions{})
				ctx, cancel := context.WithCancel(t.Context())
				go func() { <-src.done; cancel() }()
				w.Run(ctx)
				if got := strings.Join(s.got, " "); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			})
			if n := frame.Live(); n != 0 {
				t.Errorf("%d frames leaked", n)
			}
		})
	}
}

func TestVideoWorker_Broken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &source{steps: append([]string{"seek0", "0K"}, strings.Fields(strings.Repeat("40! ", 400))...), cfg: &media.DecoderConfig{Codec: media.H264}, done: make(chan struct{})}
		s := &sink{}
		w := decode.NewVideoWorker(src, &playertest.Factory{}, s, decode.WorkerOptions{})
		w.Run(t.Context())
		st := w.Status()
		var pe *decode.PacketError
		if st.State != decode.Failed || !errors.As(st.Err, &pe) {
			t.Errorf("after rejecting everything: %v %v", st.State, st.Err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		src := &source{steps: []string{"seek0", "0K"}, cfg: &media.DecoderConfig{Codec: media.HEVC}, done: make(chan struct{})}
		w := decode.NewVideoWorker(src, &playertest.Factory{Refuse: media.HEVC}, &sink{}, decode.WorkerOptions{})
		w.Run(t.Context())
		if st := w.Status(); st.State != decode.Failed || !strings.Contains(st.Err.Error(), "hevc") {
			t.Errorf("without a decoder: %v %v", st.State, st.Err)
		}
	})
}

func TestVideoWorker_CatchUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &skipper{source: source{steps: strings.Fields("seek0 0K 40 80 120 200K 240 end"), cfg: &media.DecoderConfig{Codec: media.H264}, done: make(chan struct{})}}
		s := &sink{lateness: 1}
		w := decode.NewVideoWorker(src, &playertest.Factory{}, s, decode.WorkerOptions{})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-src.done; cancel() }()
		w.Run(ctx)
		if got, want := strings.Join(s.got, " "), "0/1 skip3 200/1 240/1 end/1"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// skipper skips to the next random access point once.
type skipper struct {
	source
	did bool
}

func (s *skipper) SkipTo(_, _ media.Time) int {
	n := 0
	if s.did {
		return 0
	}
	s.did = true
	for len(s.steps) > 0 && !strings.HasSuffix(s.steps[0], "K") && s.steps[0] != "end" {
		s.steps = s.steps[1:]
		n++
	}
	return n
}

func TestAudioWorker(t *testing.T) {
	hz := frame.AudioFormat{Rate: 1000, Channels: 2}
	for _, c := range []struct {
		name, steps, want string
		format            frame.AudioFormat
		kept              int
	}{
		{"in order", "seek0 0D20K 20D20K end", "0+20 20+20 end/1", hz, 40},
		{"trimmed at the target", "seek0.03 20D20K 40D20K", "30+10 40+20", hz, 40},
		{"preroll is dropped", "seek0.04 20D20K 40D20K", "40+20", hz, 40},
		{"gap is filled", "seek0 0D20K 60D20K", "0+20 20+40 60+20", hz, 40},
		{"long gap in pieces", "seek0 0D20K 600D20K", "0+20 20+250 270+250 520+80 600+20", hz, 40},
		{"late start is filled", "seek0 500D20K", "0+250 250+250 500+20", hz, 20},
		{"jitter is ignored", "seek0 0D20K 24D20K 40D20K", "0+20 20+20 40+20", hz, 60},
		{"overlap is cut", "seek0 0D20K 5D20K", "0+20 20+5", hz, 40},
		{"silence", "seek0 0D20K quiet0.02-0.1 100D20K", "0+20 20+80 100+20", hz, 40},
		{"decode-only", "seek0 0D20Kd 20D20K", "0+20 20+20", hz, 20},
		{"converted", "seek0 0D20K 20D20K end", "0+40 20+40 end/1", frame.AudioFormat{Rate: 2000, Channels: 1}, 40},
		{"native format", "seek0 0D20K end", "0+20 end/1", frame.AudioFormat{}, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := &source{steps: strings.Fields(c.steps), cfg: &media.DecoderConfig{Kind: media.Audio, Codec: media.AAC, SampleRate: 1000, Channels: 2}, done: make(chan struct{})}
				s := &sink{format: c.format}
				w := decode.NewAudioWorker(src, &playertest.Factory{}, s, decode.WorkerOptions{}, nil)
				ctx, cancel := context.WithCancel(t.Context())
				go func() { <-src.done; cancel() }()
				w.Run(ctx)
				if got := strings.Join(s.got, " "); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
				if s.kept != c.kept {
					t.Errorf("kept %d samples, want %d", s.kept, c.kept)
				}
			})
			if n := frame.Live(); n != 0 {
				t.Errorf("%d blocks leaked", n)
			}
		})
	}
}

// TestAudioWorker_Trims checks priming and padding to the sample.
func TestAudioWorker_Trims(t *testing.T) {
	cfg := &media.DecoderConfig{Kind: media.Audio, Codec: media.AAC, SampleRate: 48000, Channels: 2}
	frames := []media.CodedFrame{
		{PTS: 0, Duration: 512.0 / 48000, TrimFront: 512.0 / 48000, Config: cfg, Data: []byte("x"), RAP: true},
		{PTS: 512.0 / 48000, Duration: 1024.0 / 48000, Config: cfg, Data: []byte("x"), RAP: true},
		{PTS: 1536.0 / 48000, Duration: 100.0 / 48000, TrimBack: 924.0 / 48000, Config: cfg, Data: []byte("x"), RAP: true},
	}
	synctest.Test(t, func(t *testing.T) {
		src := &list{frames: frames, done: make(chan struct{})}
		s := &sink{format: frame.AudioFormat{Rate: 48000, Channels: 2}}
		w := decode.NewAudioWorker(src, &playertest.Factory{}, s, decode.WorkerOptions{}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-src.done; cancel() }()
		w.Run(ctx)
		if s.decoded != 3*1024 || s.kept != 512+1024+100 || s.nonzero != s.kept || s.samples != s.kept {
			t.Errorf("decoded %d kept %d written %d, of which %d not silent; want 3072 1636 1636 1636", s.decoded, s.kept, s.samples, s.nonzero)
		}
	})
}

type list struct {
	frames []media.CodedFrame
	seeked bool
	done   chan struct{}
}

func (l *list) Next(ctx context.Context) (mse.Item, error) {
	if !l.seeked {
		l.seeked = true
		return mse.Item{}, mse.ErrSeeked
	}
	if len(l.frames) == 0 {
		close(l.done)
		<-ctx.Done()
		return mse.Item{}, context.Cause(ctx)
	}
	f := &l.frames[0]
	l.frames = l.frames[1:]
	return mse.Item{Frame: f}, nil
}
func (l *list) Gen() (media.Gen, media.Time) { return 1, 0 }
func (l *list) SkipTo(_, _ media.Time) int   { return 0 }
