package file_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/player/file"
)

// streamOf returns the whole byte stream of one track of a file.
func streamOf(t testing.TB, f *fakeFile, id uint32) []byte {
	t.Helper()
	s, err := file.Open(context.Background(), file.Input{R: strings.NewReader(""), Size: -1}, f)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b := s.Init(id)
	for {
		chunks, err := s.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return b
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range chunks {
			if c.Track == id {
				b = append(b, c.Data...)
			}
		}
	}
}

// rich is a small movie with everything that a frame can carry.
func rich() *fakeFile {
	f := movie(26, 12, 20)
	f.container.Streams[0].Config = &media.DecoderConfig{Kind: media.Video, Codec: media.HEVC, CodecString: "hvc1.1", Extradata: []byte("extra"), Timescale: 1000,
		Width: 1920, Height: 1080, SARNum: 4, SARDen: 3, Rotation: 90, Mirror: true, Clean: media.Clean{Left: 1, Right: 2, Top: 3, Bottom: 4},
		Color: media.ColorInfo{Primaries: 9, Transfer: 16, Matrix: 9, FullRange: true, Known: true, Siting: 3,
			Light: media.Light{Peak: 600, Black: 0.005, MaxCLL: 800, MaxFALL: 150}},
		CodecTag: 0xfedcba98, BitsPerSample: 24, BlockAlign: 7, BitRate: 1 << 40, Format: 3, Profile: 2, ChannelMask: 1 << 63, Preroll: 0.25, Encrypted: true,
		SampleRate: 48000, Channels: 2, InitialPadding: 312}
	f.packets[3].Side = []media.SideData{{Type: 5, Data: []byte("side")}, {Type: 7}}
	f.packets[3].Discard = true
	f.packets[6].Crypt = &media.Crypt{Scheme: "cbcs", KID: [16]byte{1, 15: 2}, IV: []byte("a vector of 16 b"), CryptBlocks: 1, SkipBlocks: 9,
		Subsamples: []media.Subsample{{Clear: 5, Protected: 7}, {Clear: 8}}}
	f.packets[6].Side = []media.SideData{{Type: 9}}
	f.packets[30].NewExtradata = []byte("other")
	f.packets[60].NewExtradata = []byte("third")
	return f
}

// TestParser_RoundTrip keeps every field of configuration and frames.
func TestParser_RoundTrip(t *testing.T) {
	f := rich()
	var got collected
	p := file.NewParser()
	p.Push(streamOf(t, f, 1))
	if err := bytestream.Drain(p, &got); err != nil {
		t.Fatal(err)
	}
	if p.Buffered() != 0 || p.State() != bytestream.WaitingForSegment {
		t.Errorf("%d bytes left, %v", p.Buffered(), p.State())
	}
	if c := got.inits[0].Tracks[0].Config; !reflect.DeepEqual(c, f.container.Streams[0].Config) {
		t.Errorf("configuration\n%+v, want\n%+v", c, f.container.Streams[0].Config)
	}
	frames := got.frames[1]
	if frames[0].Config != got.inits[0].Tracks[0].Config {
		t.Error("the first frame's configuration is not the initialization segment's")
	}
	x := frames[1]
	if x.Side == nil || len(*x.Side) != 2 {
		t.Fatalf("side data %v", x.Side)
	}
	if s := *x.Side; !x.DecodeOnly || x.RAP || s[0].Type != 5 || string(s[0].Data) != "side" || s[1].Type != 7 || len(s[1].Data) != 0 {
		t.Errorf("frame %+v", x)
	}
	x = frames[2]
	if !reflect.DeepEqual(x.Crypt, f.packets[6].Crypt) || x.Side == nil || len(*x.Side) != 1 || frames[1].Crypt != nil {
		t.Errorf("encryption %+v and %+v", x.Crypt, frames[1].Crypt)
	}
	if !frames[0].RAP || len(frames[0].Data) != 20 || frames[0].Side != nil {
		t.Errorf("frame %+v", frames[0])
	}
}

// TestParser_AnyCut gives the same calls however the stream is cut.
func TestParser_AnyCut(t *testing.T) {
	b := streamOf(t, rich(), 1)
	run := func(cuts ...int) string {
		var log logger
		p := file.NewParser()
		at := 0
		for _, c := range append(cuts, len(b)) {
			p.Push(append([]byte(nil), b[at:c]...))
			at = c
			if err := bytestream.Drain(p, &log); err != nil {
				t.Fatalf("cut at %v: %v", cuts, err)
			}
		}
		return log.String()
	}
	want := run()
	if n := strings.Count(want, "frame"); n != 26 {
		t.Fatalf("%d frames in\n%s", n, want)
	}
	for c := range b {
		if got := run(c); got != want {
			t.Fatalf("cut at %d:\n%s\nwant\n%s", c, got, want)
		}
	}
	all := make([]int, len(b))
	for i := range all {
		all[i] = i
	}
	if got := run(all...); got != want {
		t.Errorf("byte by byte:\n%s\nwant\n%s", got, want)
	}
}

// logger writes a handler's calls down.
type logger struct{ strings.Builder }

func (l *logger) InitSegment(i *media.InitSegment) error {
	fmt.Fprintf(l, "init %v %+v\n", i.Duration, *i.Tracks[0].Config)
	return nil
}
func (l *logger) MediaSegmentStart() error { l.WriteString("start\n"); return nil }
func (l *logger) MediaSegmentEnd() error   { l.WriteString("end\n"); return nil }
func (l *logger) Fragment(tracks []bytestream.TrackFrames) error {
	fmt.Fprintf(l, "fragment of %d\n", len(tracks[0].Frames))
	for _, f := range tracks[0].Frames {
		var side []media.SideData
		if f.Side != nil {
			side = *f.Side
		}
		fmt.Fprintf(l, "frame %d %v %v %v %v %s %v %s\n", tracks[0].Track, f.PTS, f.DTS, f.Duration, f.DecodeOnly, f.Config.Extradata, side, f.Data)
	}
	return nil
}

// record builds a record by hand.
func record(kind byte, body ...byte) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte{kind}, uint32(len(body))), body...)
}

func TestParser_Faults(t *testing.T) {
	whole := streamOf(t, movie(30, 25, 20), 1)
	init := whole[:5+binary.LittleEndian.Uint32(whole[1:])]
	start := whole[len(init):]
	start = start[:5+binary.LittleEndian.Uint32(start[1:])]
	frame := func(change func(b []byte)) []byte {
		b := make([]byte, 48)
		change(b)
		return record('F', b...)
	}
	float := func(at int, v float64) func([]byte) {
		return func(b []byte) { binary.LittleEndian.PutUint64(b[at:], math.Float64bits(v)) }
	}
	initWith := func(at int, b ...byte) []byte {
		i := append([]byte(nil), init...)
		copy(i[5+at:], b)
		return i
	}
	cases := []struct {
		name string
		in   []byte
		path string
		msg  string
	}{
		{"unknown record", []byte("ftyp"), "record", "unknown kind 0x66"},
		{"huge record", []byte{'I', 0xff, 0xff, 0xff, 0xff}, "init", "4294967295 bytes, more than"},
		{"huge frame", join(init, start, []byte{'F', 0xff, 0xff, 0xff, 0xff}), "frame", "4294967295 bytes, more than"},
		{"end with a body", join(init, start, record('E', 0)), "end", "1 bytes, more than 0"},
		{"frame outside", join(init, frame(func([]byte) {})), "frame", "outside of a media segment"},
		{"segment first", start, "start", "before the initialization segment"},
		{"init inside", join(init, start, init), "init", "inside a media segment"},
		{"short init", record('I', 1, 2, 3), "init", "ends too early"},
		{"track 0", initWith(8, 0, 0, 0, 0), "init", "track number 0"},
		{"negative duration", initWith(7, 0xbf), "init", "duration"},
		{"bad kind", initWith(22, 9), "init", "track kind 9"},
		{"short configuration", join(init, record('S', 1)), "start", "ends too early"},
		{"short configuration inside", join(init, start, record('C', 1)), "config", "ends too early"},
		{"short frame", join(init, start, record('F', 1, 2)), "frame[0]", "ends too early"},
		{"time that is none", join(init, start, frame(float(8, math.NaN()))), "frame[0]", "times NaN"},
		{"endless time", join(init, start, frame(float(16, math.Inf(1)))), "frame[0]", "times 0 and +Inf"},
		{"negative length", join(init, start, frame(float(24, -1))), "frame[0]", "length -1"},
		{"side data beyond", join(init, start, frame(func(b []byte) { b[4] = 9 })), "frame[0]", "ends too early"},
		{"much side data", join(init, start, frame(func(b []byte) { b[7] = 9 })), "frame[0]", "bytes of side data, more than"},
		{"many pieces of side data", join(init, start, record('F', append(append(make([]byte, 4), 0, 2, 0, 0), make([]byte, 40+512)...)...)), "frame[0]", "more than 32 pieces"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := file.NewParser()
			p.Push(join(c.in, record('E')))
			err := bytestream.Drain(p, &collected{})
			var fe *bytestream.FormatError
			if !errors.As(err, &fe) || fe.Path != c.path || !strings.Contains(err.Error(), c.msg) {
				t.Fatalf("error %v, want %q at %s", err, c.msg, c.path)
			}
			p.Reset()
			p.Push(whole)
			var got collected
			if err := bytestream.Drain(p, &got); err != nil || len(got.frames[1]) != 30 {
				t.Errorf("after Reset: %v, %d frames", err, len(got.frames[1]))
			}
		})
	}
}

// TestParser_GoodBeforeBad gives the frames before a bad one.
func TestParser_GoodBeforeBad(t *testing.T) {
	whole := streamOf(t, movie(30, 25, 20), 1)
	bad := join(whole[:len(whole)-5], record('F', 1, 2), record('E'))
	var got collected
	p := file.NewParser()
	p.Push(bad)
	if err := bytestream.Drain(p, &got); err == nil || len(got.frames[1]) != 30 {
		t.Errorf("%v, %d frames", err, len(got.frames[1]))
	}
}

// TestParser_Flush gives the frames of an unfinished segment.
func TestParser_Flush(t *testing.T) {
	whole := streamOf(t, movie(25, 25, 20), 1)
	var got collected
	p := file.NewParser()
	p.Push(whole[:len(whole)-30]) // in the middle of the last frame
	if err := bytestream.Drain(p, &got); err != nil || len(got.frames[1]) != 0 || p.State() != bytestream.ParsingMediaSegment {
		t.Fatalf("%v, %d frames, %v", err, len(got.frames[1]), p.State())
	}
	if err := p.(bytestream.Flusher).Flush(&got); err != nil || len(got.frames[1]) != 24 {
		t.Errorf("%v, %d frames", err, len(got.frames[1]))
	}
	p.Reset()
	if p.State() != bytestream.WaitingForSegment || p.Buffered() != 0 {
		t.Errorf("after Reset %v, %d bytes", p.State(), p.Buffered())
	}
}

// TestParser_InitState reports the append state inside an initialization segment, and handler errors as they are.
func TestParser_InitState(t *testing.T) {
	whole := streamOf(t, movie(25, 25, 20), 1)
	p := file.NewParser()
	p.Push(whole[:6])
	if more, err := p.Step(&collected{}); more || err != nil || p.State() != bytestream.ParsingInitSegment {
		t.Fatalf("%v, %v, %v", more, err, p.State())
	}
	p.Push(whole[6:])
	cause := errors.New("refused")
	if _, err := p.Step(refusingHandler{cause}); err != cause {
		t.Errorf("error %v", err)
	}
}

type refusingHandler struct{ err error }

func (r refusingHandler) InitSegment(*media.InitSegment) error    { return r.err }
func (r refusingHandler) MediaSegmentStart() error                { return r.err }
func (r refusingHandler) Fragment([]bytestream.TrackFrames) error { return r.err }
func (r refusingHandler) MediaSegmentEnd() error                  { return r.err }

// TestSourceBuffer appends a file to a real SourceBuffer and reads it back.
func TestSourceBuffer(t *testing.T) {
	f := movie(250, 25, 50)
	f.container.Duration = 0
	for i := range f.packets { // a changing frame rate, and an old kind of time stamps
		if p := &f.packets[i]; p.Stream == 0 && i > 300 {
			p.PTS, p.DTS = p.PTS+3000, p.DTS+3000
		}
	}
	ms := mse.New(mse.Options{Private: map[string]func() bytestream.Parser{file.MIMEType: file.NewParser}})
	a, err := ms.Attach(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Detach()
	p := open(t, f, file.Input{})
	defer p.Close()
	buffers := map[uint32]*mse.SourceBuffer{}
	for _, tr := range p.Tracks() {
		sb, err := ms.AddSourceBuffer(file.MIMEType)
		if err != nil {
			t.Fatal(err)
		}
		if err := sb.Append(context.Background(), p.Init(tr.ID)); err != nil {
			t.Fatal(err)
		}
		buffers[tr.ID] = sb
	}
	for {
		chunks, err := p.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		for _, c := range chunks {
			if c.Data != nil {
				if err := buffers[c.Track].Append(context.Background(), c.Data); err != nil {
					t.Fatal(err)
				}
			}
			buffers[c.Track].Cover(c.From, c.Through)
		}
	}
	v, _ := buffers[1].Buffered()
	s, _ := buffers[2].Buffered()
	if got := v.String() + " " + s.String(); got != "[0,13) [0,13)" {
		t.Errorf("buffered %s", got)
	}
	if st := buffers[1].Stats(); st.Appended != 250 || st.NoRAP != 0 || st.OutsideWindow != 0 {
		t.Errorf("stats %+v", st)
	}
}

// FuzzParser feeds bytes in two cuts: no panic, and the same outcome as in one piece.
func FuzzParser(f *testing.F) {
	b := streamOf(f, rich(), 1)
	f.Add(b[:400], 7)
	f.Add(b, 300)
	f.Add([]byte("IIII"), 1)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		run := func(cuts ...int) (string, string) {
			var log logger
			p := file.NewParser()
			at := 0
			for _, c := range append(cuts, len(b)) {
				p.Push(append([]byte(nil), b[at:c]...))
				at = c
				if err := bytestream.Drain(p, &log); err != nil {
					return log.String(), err.Error()
				}
			}
			return log.String(), ""
		}
		if cut < 0 || cut > len(b) {
			cut = len(b) / 2
		}
		calls, err := run()
		calls2, err2 := run(cut)
		if err != err2 || calls != calls2 {
			t.Fatalf("cut at %d: %q\n%s\nwhole: %q\n%s", cut, err2, calls2, err, calls)
		}
	})
}

// BenchmarkParser: budget 1 GB/s.
func BenchmarkParser(b *testing.B) {
	s := streamOf(b, movie(250, 50, 40<<10), 1)
	b.SetBytes(int64(len(s)))
	b.ReportAllocs()
	for b.Loop() {
		p := file.NewParser()
		p.Push(s)
		if err := bytestream.Drain(p, bytestream.Discard{}); err != nil {
			b.Fatal(err)
		}
	}
}
