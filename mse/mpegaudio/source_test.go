package mpegaudio_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/mse/mpegaudio"
)

// source is an open MediaSource with one SourceBuffer.
type source struct {
	t     *testing.T
	ms    *mse.MediaSource
	att   *mse.Attachment
	sb    *mse.SourceBuffer
	queue []func()
	err   error // of the last error event
}

// open makes a source whose formats are those of this package.
func open(t *testing.T, typ string) *source {
	t.Helper()
	s := &source{t: t}
	maker := func(f mpegaudio.Format) func() bytestream.Parser {
		return func() bytestream.Parser { return mpegaudio.New(f) }
	}
	s.ms = mse.New(mse.Options{
		Loop:    mse.NewEventLoop(func(run func()) { s.queue = append(s.queue, run) }),
		Formats: map[mime.Container]func() bytestream.Parser{mime.MPEGAudio: maker(mpegaudio.MPEG), mime.ADTS: maker(mpegaudio.ADTS)},
		Private: map[string]func() bytestream.Parser{"private/ac3": maker(mpegaudio.AC3)},

		InbandEvents: true,
	})
	var err error
	if s.att, err = s.ms.Attach(nil); err != nil {
		t.Fatal(err)
	}
	if s.sb, err = s.ms.AddSourceBuffer(typ); err != nil {
		t.Fatal(err)
	}
	s.sb.Listen(func(e mse.Event) {
		if e.Err != nil {
			s.err = e.Err
		}
	})
	s.run()
	return s
}

// run runs the queued tasks.
func (s *source) run() {
	for len(s.queue) > 0 {
		next := s.queue[0]
		s.queue = s.queue[1:]
		next()
	}
}

// push appends and waits for the end of it.
func (s *source) push(b []byte) {
	s.t.Helper()
	if err := s.sb.AppendBuffer(bytes.Clone(b)); err != nil {
		s.t.Fatal(err)
	}
	s.run()
}

// must fails the test with the error of a call.
func (s *source) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	s.run()
}

// want compares what is buffered and the offset that the next frame gets, in samples at a rate.
func (s *source) want(rate float64, offset float64, ranges ...float64) {
	s.t.Helper()
	got, err := s.sb.Buffered()
	if err != nil {
		s.t.Fatal(err)
	}
	ok := 2*len(got) == len(ranges)
	for i := range got {
		ok = ok && math.Abs(float64(got[i].Start)*rate-ranges[2*i]) < 0.01 && math.Abs(float64(got[i].End)*rate-ranges[2*i+1]) < 0.01
	}
	if !ok {
		s.t.Errorf("buffered %v, want samples %v of %v Hz", got, ranges, rate)
	}
	if o := float64(s.sb.TimestampOffset()) * rate; math.Abs(o-offset) > 0.01 {
		s.t.Errorf("timestampOffset is at sample %v, want %v", o, offset)
	}
}

// TestSource_GenerateTimestamps is the flag of these types: every frame follows the one before, mode is sequence.
func TestSource_GenerateTimestamps(t *testing.T) {
	for _, typ := range []string{"audio/mpeg", "audio/aac"} {
		t.Run(typ, func(t *testing.T) {
			frame, samples := layer3(1), 1152.
			if typ == "audio/aac" {
				frame, samples = cat(id3(4, 0, priv(900000)), adts(2, 100, 1)), 1024
			}
			s := open(t, typ)
			if s.sb.Mode() != mse.Sequence {
				t.Errorf("mode is %v, want sequence", s.sb.Mode())
			}
			var e *mse.Error
			if err := s.sb.SetMode(mse.Segments); !errors.As(err, &e) || e.Name != mse.TypeError {
				t.Errorf("mode = segments gives %v, want TypeError", err)
			}
			s.push(frame)
			s.want(44100, samples, 0, samples)
			s.push(cat(frame, frame[:50]))
			s.want(44100, 2*samples, 0, 2*samples)
			s.must(s.sb.Abort())
			s.push(cat(frame, frame))
			s.want(44100, 4*samples, 0, 4*samples)
			s.must(s.sb.SetTimestampOffset(1))
			s.push(frame)
			s.want(44100, 44100+samples, 0, 4*samples, 44100, 44100+samples)
			s.must(s.ms.EndOfStream(mse.EndNormal))
			if d, ok := s.ms.Duration(); !ok || math.Abs(float64(d)*44100-44100-samples) > 0.01 {
				t.Errorf("duration is %v, %v", d, ok)
			}
			if s.err != nil {
				t.Error(s.err)
			}
		})
	}
}

// TestSource_Gapless appends two files with their delays and paddings: the sound that is kept joins, and a reader gets
// the frames that are only decoded too.
func TestSource_Gapless(t *testing.T) {
	s := open(t, "audio/mpeg")
	file := cat(info(lsf(0), 9, "Info", 4, "LAME", 576, 529+300), lsf(1), lsf(2), lsf(3), lsf(4))
	s.push(file)
	const kept = 4*576 - 576 - 529 - 300
	s.want(22050, kept, 0, kept)
	s.push(file)
	s.want(22050, 2*kept, 0, 2*kept)
	s.must(s.ms.EndOfStream(mse.EndNormal))
	r, err := s.att.Reader(s.sb.Tracks()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.Seek(0, 1)
	if _, err := r.Next(t.Context()); err != mse.ErrSeeked {
		t.Fatal(err)
	}
	decoded, sound := 0, 0.
	for {
		it, err := r.Next(t.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		decoded++
		if !it.DecodeOnly && !it.Frame.DecodeOnly {
			sound += float64(it.Frame.Duration) * 22050
		}
	}
	if decoded != 8 || math.Abs(sound-2*kept) > 0.01 {
		t.Errorf("%d frames to decode with %v samples of sound, want 8 with %d", decoded, sound, 2*kept)
	}
}

// TestSource_Garbage appends what is no frame.
func TestSource_Garbage(t *testing.T) {
	s := open(t, "audio/mpeg")
	s.push(cat(layer3(1), layer3(2)))
	s.push(fill(300<<10, 1))
	s.want(44100, 2*1152, 0, 2*1152)
	var format *bytestream.FormatError
	if !errors.As(s.err, &format) || s.ms.ReadyState() != mse.Ended {
		t.Errorf("garbage gives the error %v, state %v; want a format error and ended", s.err, s.ms.ReadyState())
	}
}

// TestSource_Flush keeps the frame that waits for dependent ones when an append is aborted, at the time of its stamp.
func TestSource_Flush(t *testing.T) {
	s := open(t, "private/ac3")
	s.push(cat(id3(4, 0, priv(90000)), eac3(0, 0, 3, 7, 200, 1)))
	s.want(48000, 0)
	s.must(s.sb.Abort())
	s.want(48000, 0, 48000, 48000+1536)
}

// TestSource_WPT appends the sound of the conformance suite: 5 s behind the encoder's delay.
func TestSource_WPT(t *testing.T) {
	dir := mediaDir(t)
	if dir == "" {
		return
	}
	n := 0
	walkMedia(t, dir, func(name string, f mpegaudio.Format, b []byte) {
		if name != "wpt/mp3/sound_5.mp3" {
			return
		}
		n++
		s := open(t, "audio/mpeg")
		s.push(b)
		s.push(b)
		s.want(22050, 2*110255, 0, 2*110255)
	})
	if n != 1 {
		t.Error("sound_5.mp3 is missing")
	}
}

// TestSource_EndOfStream ends a stream whose last frame, behind garbage, nothing confirms but the end.
func TestSource_EndOfStream(t *testing.T) {
	s := open(t, "audio/mpeg")
	s.push(cat(layer3(1), layer3(2), fill(100, 1), layer3(3)))
	s.want(44100, 2*1152, 0, 2*1152)
	s.must(s.ms.EndOfStream(mse.EndNormal))
	s.want(44100, 3*1152, 0, 3*1152)
	if d, _ := s.ms.Duration(); math.Abs(float64(d)*44100-3*1152) > 0.01 {
		t.Errorf("duration is %v", d)
	}
	s.push(layer3(4))
	s.want(44100, 4*1152, 0, 4*1152)

	s = open(t, "private/ac3")
	one, dependent := eac3(0, 0, 3, 7, 200, 1), eac3(1, 0, 3, 7, 100, 1)
	for i := range 3 {
		s.push(one)
		s.must(s.ms.EndOfStream(mse.EndNormal))
		if got := s.sb.Stats().Frames; got != int64(i+1) {
			t.Errorf("%d frames after end %d", got, i+1)
		}
	}
	s.push(cat(one, dependent, one, dependent))
	s.must(s.ms.EndOfStream(mse.EndNormal))
	if got := s.sb.Stats(); got.Frames != 5 || got.Bytes != 3*200+2*300 || s.err != nil {
		t.Errorf("%+v, error %v; want 5 frames, two of them with dependent ones", got, s.err)
	}
}

// TestSource_Events: tags have the times that the frames behind them get.
func TestSource_Events(t *testing.T) {
	title := id3Frame("TIT2", fill(20, 1))
	s := open(t, "audio/aac")
	s.must(s.sb.SetTimestampOffset(100))
	s.push(cat(id3(4, 0, priv(900000), title), adts(2, 9, 1), adts(2, 9, 2)))
	s.push(cat(id3(4, 0, priv(2700000), title), adts(2, 9, 3)))
	var got []media.Time
	for _, e := range s.sb.TakeInbandEvents() {
		got = append(got, e.Time)
	}
	if len(got) != 2 || got[0] != 100 || math.Abs(float64(got[1])-100-2*1024/44100.) > 1e-9 {
		t.Errorf("events at %v", got)
	}
}
