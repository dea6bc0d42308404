package file_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/file"
)

// TestTimes gives one stream's packets and the frames that come out.
func TestTimes(t *testing.T) {
	cases := []struct {
		name    string
		audio   bool
		reorder int
		keep    bool // the format keeps its origin
		jumps   bool // the format's times may jump
		in      string
		want    string
	}{
		{name: "plain", in: "0D40K 40D40 80D40", want: "0D40K 40D40 80D40"},
		{name: "origin is shifted", in: "1400D40K 1440D40", want: "0D40K 40D40"},
		{name: "origin is kept", keep: true, in: "1400D40K 1440D40", want: "1400D40K 1440D40"},
		{name: "no durations", in: "0K 30 80 90", want: "0D30K 30D50 80D10 90D40"},
		{name: "b pictures keep their own times", reorder: 1, in: "40>0D40K 160>40D40 80>80D40 120>120D40", keep: true,
			want: "40>0D40K 160>40D40 80D40 120D40"},
		{name: "a picture is shown until the next", in: "0D40K 40D40 500D40", want: "0D40K 40D460 500D40"},
		{name: "a long hole stays", in: "0D40K 40D40 20000D40", want: "0D40K 40D40 20000D40"},
		{name: "decode times missing at first", keep: true, reorder: 2, in: "0>?D40K 160>?D40 80>0D40 40>40D40 120>80D40",
			want: "0>-80D40K 160>-40D40 80>0D40 40D40 120>80D40"},
		{name: "decode times missing everywhere", keep: true, reorder: 2, in: "0>?D40K 160>?D40 80>?D40 40>?D40 120>?D40",
			want: "0>-80D40K 160>-40D40 80>0D40 40D40 120>80D40"},
		{name: "decode times never decrease", keep: true, in: "0D40K 40>40D40 80>10D40 120D40", want: "0D40K 40D40 80>40D40 120D40"},
		{name: "single times missing", keep: true, reorder: 1, in: "40>0D40K 160>40D40 80>80D40 120>120D40 ?>160D40 200>200D40 240>240D40 400>280D40 320>320D40 360>360D40",
			want: "40>0D40K 160>40D40 80D40 120D40 280>160D40 200D40 240D40 400>280D40 320D40 360D40"},
		{name: "last times missing", keep: true, reorder: 1, in: "40>0D40K ?>40D40 ?>80D40", want: "40>0D40K 80>40D40 120>80D40"},
		{name: "no times at all", in: "?K ? ?", want: "0D40K 40D40 80D40"},
		{name: "order from the pictures", reorder: 1, in: "?>0D40Ko10 ?>40D40o20 ?>80D40o12 ?>120D40o14 ?>160D40o30 ?>200D40o22",
			want: "0>-40D40K 120>0D40 40D40 80D40 200>120D40 160D40"},
		{name: "order with a hole behind the first", reorder: 1, in: "?>0D40Ko10 ?>120D40o20 ?>160D40o12 ?>200D40o30 ?>240D40o22",
			want: "80>-40D40K 160>80D40 120D40 240>160D40 200D40"},
		{name: "order without decode times", reorder: 2, in: "?D40Ko0 ?D40o8 ?D40o4 ?D40o2 ?D40o6 ?D40Ko0 ?D40o4 ?D40o2",
			want: "0>-80D40K 160>-40D40 80>0D40 40D40 120>80D40 200>120D40K 280>160D40 240>200D40"},
		{name: "order that contradicts itself", reorder: 1, in: "?D40Ko5 ?D40o5 ?D40 ?D40o1", want: "0>-40D40K 40>0D40 120>40D40 80D40"},
		{name: "cut off by an edit list", keep: true, in: "-80D40KX -40D40X 0D40 40D40", want: "-80D40KX -40D40X 0D40 40D40"},
		{name: "before zero", keep: true, in: "-80D40K -40D40 0D40", want: "-80D40KX -40D40X 0D40"},
		{name: "time line starts again", jumps: true, in: "90000D40K 90040D40 1000D40K 1040D40", want: "0D40K 40D40 80D40K 120D40"},
		{name: "time line leaps", jumps: true, in: "0D40K 40D40 500000D40K 500040D40", want: "0D40K 40D40 80D40K 120D40"},
		{name: "a hole is no leap", jumps: true, in: "0D40K 40D40 15000D40K", want: "0D40K 40D40 15000D40K"},
		{name: "one bad time", jumps: true, in: "0D40K 40D40 900000D40 120D40 160D40", want: "0D40K 40D40 80D40 120D40 160D40"},

		{name: "sound", audio: true, in: "0D20 20D20 40D20", want: "0D20 20D20 40D20"},
		{name: "sound without durations", audio: true, in: "0 20 45", want: "0D20 20D25 45D1"},
		{name: "priming", audio: true, keep: true, in: "-10D20f10 10D20 30D20b5", want: "0>-10D10f10 10D20 30D15b5"},
		{name: "priming longer than a packet", audio: true, keep: true, in: "-50D20f50 -30D20 -10D20 10D20", want: "-50D20X -30D20X 0>-10D10f10 10D20"},
		{name: "discarded packets use up the skip", audio: true, keep: true, in: "-30D20Xf30 -10D20 10D20", want: "-30D20X 0>-10D10f10 10D20"},
		{name: "sound from before zero", audio: true, keep: true, in: "-30D20 -10D20 10D20", want: "-30D20X 0>-10D10f10 10D20"},
		{name: "trim that does not reach zero", audio: true, keep: true, in: "-10D20f6 10D20", want: "0>-10D14f6 10D20"},
		{name: "padding counted into the duration", audio: true, in: "0D20 20D20 40D12b8", want: "0D20 20D20 40D12b8"},
		{name: "padding longer than what is left", audio: true, in: "0D20 20D20 40D6b14", want: "0D20 20D20 40D6b14"},
		{name: "skip makes the origin positive", audio: true, in: "0D20f5 20D20", want: "0>-5D15f5 15D20"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			st := videoStream(c.reorder)
			if c.audio {
				st = audioStream()
			}
			f := &fakeFile{packets: parsePackets(t, c.in)}
			if c.name == "skip makes the origin positive" {
				st.First = 5 // as libavformat reports it
			}
			f.container = file.Container{Streams: []file.Stream{st}, KeepsOrigin: c.keep, Discontinuous: c.jumps}
			p := open(t, f, file.Input{})
			defer p.Close()
			p.all(t)
			if got := show(p.got.frames[st.ID]); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			for i, fr := range p.got.frames[st.ID] {
				if want := strings.Fields(c.in)[i]; string(fr.Data) != want {
					t.Errorf("frame %d carries %q, want %q", i, fr.Data, want)
				}
			}
		})
	}
}

// movie lists packets of a video with a key frame every gop pictures of 40 ms, and of sound in packets of 20 ms.
func movie(pictures, gop, size int) *fakeFile {
	f := &fakeFile{container: file.Container{Format: "fake", Duration: media.Span(pictures) * 0.04, Metadata: map[string]string{"title": "A film"},
		Streams: []file.Stream{videoStream(0), audioStream()}}}
	for i := range pictures {
		at := int64(40 * i)
		f.packets = append(f.packets, file.Packet{Stream: 0, PTS: at, DTS: at, Duration: 40, Key: i%gop == 0, Data: bytes.Repeat([]byte{byte(i)}, size)})
		for k := range int64(2) {
			f.packets = append(f.packets, file.Packet{Stream: 1, PTS: at + 20*k, DTS: at + 20*k, Duration: 20, Key: true, Data: []byte{1, 2}})
		}
	}
	for i := range f.packets {
		f.packets[i].Pos = int64(100 * i)
	}
	return f
}

func TestSteps(t *testing.T) {
	cases := []struct {
		name                string
		pictures, gop, size int
		want                string // the chunks of the video
	}{
		{"key frames each second", 100, 25, 100, "[0,1)25 [1,2)25 [2,3)25 [3,4)25"},
		{"key frames each two seconds", 100, 50, 100, "[0,2)50 [2,4)50"},
		{"many key frames", 60, 5, 100, "[0,1)25 [1,2)25 [2,2.4)10"},
		{"no further key frame", 130, 1000, 100, "[0,2.52)63 [2.52,5.04)63 [5.04,5.2)4"},
		{"large pictures", 6, 1000, 400 << 10, "[0,0.08)2 [0.08,0.16)2 [0.16,0.24)2"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := open(t, movie(c.pictures, c.gop, c.size), file.Input{})
			defer p.Close()
			p.all(t)
			var got []string
			for _, k := range p.chunks {
				if k.Track == 1 {
					got = append(got, fmt.Sprintf("[%.4g,%.4g)%d", float64(k.Start), float64(k.End), k.Frames))
				}
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got  %s\nwant %s", s, c.want)
			}
			if len(p.got.frames[1]) != c.pictures || len(p.got.frames[2]) != 2*c.pictures {
				t.Errorf("%d pictures and %d packets of sound", len(p.got.frames[1]), len(p.got.frames[2]))
			}
			if n := len(p.chunks); p.got.starts != n || p.got.ends != n {
				t.Errorf("%d chunks, %d starts, %d ends", len(p.chunks), p.got.starts, p.got.ends)
			}
		})
	}
}

func TestOpen_Describes(t *testing.T) {
	f := movie(25, 25, 10)
	f.container.Streams = append(f.container.Streams, file.Stream{ID: 3, Kind: media.Video, Picture: true, Config: &media.DecoderConfig{Kind: media.Video}},
		file.Stream{ID: 4}, file.Stream{ID: 5, Kind: media.Text, Base: file.TimeBase{Num: 1, Den: 1000}, First: file.NoTicks, Language: "de", Title: "Kommentar",
			Config: &media.DecoderConfig{Kind: media.Text, Codec: "subrip"}})
	f.container.Chapters = []file.Chapter{{Start: 10, End: 20, Title: "one"}}
	for i := range f.packets {
		f.packets[i].PTS += 10000
		f.packets[i].DTS += 10000
	}
	p := open(t, f, file.Input{})
	i := p.Info()
	if i.Title != "A film" || i.Shift != 10 || i.Duration != 1 || !i.Seekable || len(i.Others) != 2 {
		t.Errorf("info %+v", i)
	}
	if len(i.Chapters) != 1 || i.Chapters[0].Start != 0 || i.Chapters[0].End != 10 {
		t.Errorf("chapters %+v", i.Chapters)
	}
	if len(p.Tracks()) != 3 || p.Tracks()[0].ContainerFirst != media.Some(10) || p.Tracks()[2].Language != "de" {
		t.Errorf("tracks %+v", p.Tracks())
	}
	if n := len(p.got.inits); n != 3 || p.got.inits[2].Tracks[0].Label != "Kommentar" || p.got.inits[0].Duration != 1 {
		t.Errorf("%d initialization segments: %+v", n, p.got.inits)
	}
	if f.off[4] || !f.off[2] || !f.off[3] || f.off[0] {
		t.Errorf("streams switched off: %v", f.off)
	}
	if p.Init(99) != nil {
		t.Error("an initialization segment for an unknown track")
	}
	p.Close()
	p.Close()
	if !f.closed {
		t.Error("demuxer not closed")
	}
}

// refusing is an opener that fails.
type refusing struct{ err error }

func (r refusing) OpenDemuxer(context.Context, file.Input) (file.Demuxer, error) { return nil, r.err }

func TestOpen_Errors(t *testing.T) {
	cause := errors.New("what is this")
	_, err := file.Open(context.Background(), file.Input{R: strings.NewReader(""), Name: "a.bin"}, refusing{cause})
	if !errors.Is(err, cause) || err.Error() != "file: a.bin: what is this" {
		t.Errorf("error %v", err)
	}
	f := &fakeFile{container: file.Container{Streams: []file.Stream{{ID: 4}}}}
	_, err = file.Open(context.Background(), file.Input{R: strings.NewReader("")}, f)
	if !errors.Is(err, file.ErrNoTracks) || !f.closed {
		t.Errorf("error %v, closed %v", err, f.closed)
	}
	f = movie(10, 10, 10)
	f.readErr, f.errAt = cause, 0
	if _, err = file.Open(context.Background(), file.Input{R: strings.NewReader(""), Name: "a.bin"}, f); !errors.Is(err, cause) || !f.closed {
		t.Errorf("error %v, closed %v", err, f.closed)
	}
}

func TestNext_Errors(t *testing.T) {
	f := movie(100, 25, 10)
	cause := errors.New("bad sector")
	f.readErr, f.errAt = cause, 120
	p := open(t, f, file.Input{})
	defer p.Close()
	p.next(t)
	if _, err := p.Next(context.Background()); !errors.Is(err, cause) || !strings.HasPrefix(err.Error(), "file: fake: ") {
		t.Fatalf("error %v", err)
	}
	p.all(t)
	if n := len(p.got.frames[1]) + len(p.got.frames[2]); n != 299 {
		t.Errorf("%d frames after one was unreadable", n)
	}
	if _, err := p.Next(context.Background()); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(stop)
	q := open(t, movie(100, 25, 10), file.Input{})
	defer q.Close()
	if _, err := q.Next(ctx); !errors.Is(err, stop) {
		t.Errorf("cancelled: %v", err)
	}
	q.Select()
	if _, err := q.Next(context.Background()); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("nothing selected: %v", err)
	}
}

func TestSelect(t *testing.T) {
	p := open(t, movie(100, 25, 10), file.Input{})
	defer p.Close()
	p.Select(2)
	p.all(t)
	if len(p.got.frames[1]) != 0 || len(p.got.frames[2]) < 198 {
		t.Errorf("%d pictures, %d packets of sound", len(p.got.frames[1]), len(p.got.frames[2]))
	}
}

// TestSeek lands on the last key frame at or before the target, and what follows is complete from there on.
func TestSeek(t *testing.T) {
	cases := []struct {
		name   string
		to     media.Time
		change func(*fakeFile)
		want   media.Time
		reads  int // upper bound of packets read
	}{
		{"start", 0, nil, 0, 5},
		{"on a key frame", 4, nil, 4, 5},
		{"between key frames", 5.5, nil, 5, 5},
		{"before the start", -3, nil, 0, 5},
		{"behind the end", 100, nil, 39, 5},
		{"index that lands late", 5.5, func(f *fakeFile) { f.late = 1500 }, 4, 10},
		{"index that lands very late", 7.9, func(f *fakeFile) { f.late = 5000 }, 5, 10},
		{"no index", 20.5, func(f *fakeFile) { f.noIndex = true }, 20, 1700},
		{"origin", 5.5, func(f *fakeFile) {
			for i := range f.packets {
				f.packets[i].PTS += 3600000
				f.packets[i].DTS += 3600000
			}
		}, 5, 5},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := movie(1000, 25, 10)
			if c.change != nil {
				c.change(f)
			}
			p := open(t, f, file.Input{})
			defer p.Close()
			p.next(t)
			read := f.returned
			got, err := p.Seek(context.Background(), c.to)
			if err != nil || got != c.want {
				t.Fatalf("landed at %v, %v, want %v", got, err, c.want)
			}
			if n := f.returned - read; n > c.reads {
				t.Errorf("%d packets read", n)
			}
			p.got.frames = nil
			p.through = map[uint32]media.Time{1: c.want, 2: c.want}
			p.all(t)
			v := p.got.frames[1]
			if len(v) == 0 || v[0].PTS != c.want || !v[0].RAP {
				t.Fatalf("goes on with %v", v[:min(1, len(v))])
			}
			if want := 1000 - int(c.want*25+0.5); len(v) != want {
				t.Errorf("%d pictures, want %d", len(v), want)
			}
			if a := p.got.frames[2]; len(a) == 0 || a[0].PTS > c.want {
				t.Errorf("sound goes on with %v", a[:min(1, len(a))])
			}
		})
	}
}

func TestSeek_Errors(t *testing.T) {
	f := movie(100, 25, 10)
	p := open(t, f, file.Input{R: struct{ io.Reader }{strings.NewReader("")}, Size: -1, Name: "pipe"})
	defer p.Close()
	if p.Info().Seekable {
		t.Error("a pipe is not seekable")
	}
	if _, err := p.Seek(context.Background(), 3); !errors.Is(err, file.ErrNotSeekable) || err.Error() != "file: pipe: seek to 3 s: the input is not seekable" {
		t.Errorf("error %v", err)
	}
	q := open(t, f, file.Input{})
	defer q.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := q.Seek(ctx, 3); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestSeek_Sound begins before the target by what the decoder needs.
func TestSeek_Sound(t *testing.T) {
	f := movie(1000, 25, 10)
	c := *f.container.Streams[1].Config
	c.Preroll = 0.1
	f.container.Streams[1].Config = &c
	p := open(t, f, file.Input{})
	defer p.Close()
	p.Select(2)
	if got, err := p.Seek(context.Background(), 5.5); err != nil || got < 5.37 || got > 5.4 {
		t.Errorf("landed at %v, %v", got, err)
	}
}

// jumping is a movie whose time line starts again from 10 s every 250 pictures.
func jumping() *fakeFile {
	f := movie(1000, 25, 10)
	f.container.Discontinuous, f.container.Duration = true, 10
	for i := range f.packets {
		p := &f.packets[i]
		p.PTS = p.PTS%10000 + 10000
		p.DTS = p.PTS
		p.Duration = map[int]int64{0: 40, 1: 20}[p.Stream]
	}
	return f
}

// TestJumps makes one time line for sound and pictures of a file whose own starts again.
func TestJumps(t *testing.T) {
	p := open(t, jumping(), file.Input{})
	defer p.Close()
	p.all(t)
	for i, f := range p.got.frames[1] {
		if want := media.Time(float64(40*i) / 1000); f.PTS != want {
			t.Fatalf("picture %d at %v, want %v", i, f.PTS, want)
		}
	}
	for i, f := range p.got.frames[2] {
		if want := media.Time(float64(20*i) / 1000); f.PTS != want {
			t.Fatalf("sound %d at %v, want %v", i, f.PTS, want)
		}
	}
	for _, to := range []media.Time{0, 5.5, 12.3, 25, 31.9, 38} {
		got, err := p.Seek(context.Background(), to)
		clear(p.through)
		if err != nil || got > to || got < to-2 {
			t.Fatalf("seek to %v landed at %v, %v", to, got, err)
		}
		p.got.frames = nil
		p.next(t)
		// The packet at presentation time t carries the number of its picture.
		for _, f := range p.got.frames[1] {
			if want := byte(int(float64(f.PTS)*25 + 0.5)); f.Data[0] != want {
				t.Fatalf("after a seek to %v picture %d is at %v", to, f.Data[0], f.PTS)
			}
		}
	}
}

// TestCover says of every stretch of the file that nothing is missing, whatever there is in it.
func TestCover(t *testing.T) {
	cases := []struct {
		name   string
		change func(i int, p *file.Packet) bool // whether the packet is in the file
		// until is how much of the file has to be read before the first picture comes.
		until media.Time
	}{
		{"everything", func(int, *file.Packet) bool { return true }, 2},
		{"sound starts late", func(_ int, p *file.Packet) bool { return p.Stream == 0 || p.PTS > 12000 }, 2},
		{"sound ends early", func(_ int, p *file.Packet) bool { return p.Stream == 0 || p.PTS < 12000 }, 2},
		{"sound pauses", func(_ int, p *file.Packet) bool { return p.Stream == 0 || p.PTS < 10000 || p.PTS > 19000 }, 2},
		{"one picture", func(i int, p *file.Packet) bool { return p.Stream == 1 || i == 0 }, 6},
		{"slide show", func(i int, p *file.Packet) bool { return p.Stream == 1 || i%750 == 0 }, 6},
		{"pictures end early", func(_ int, p *file.Packet) bool { return p.Stream == 1 || p.PTS < 12000 }, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := movie(1000, 25, 10)
			var kept []file.Packet
			for i := range f.packets {
				if p := f.packets[i]; c.change(i, &p) {
					kept = append(kept, p)
				}
			}
			f.packets = kept
			p := open(t, f, file.Input{})
			defer p.Close()
			for p.next(t) {
				read := media.Time(0)
				for _, k := range f.packets[:f.at] {
					read = max(read, media.Time(float64(k.PTS)/1000))
				}
				if len(p.got.frames[1]) == 0 && read > c.until {
					t.Fatalf("no picture though %v s were read", read)
				}
				for id, through := range p.through {
					if through > read+1 || through < read-5 && p.Tracks()[id-1].Kind == media.Audio {
						t.Errorf("track %d is known up to %v after %v s", id, through, read)
					}
				}
			}
			for id, through := range p.through {
				if through < 39.99 || through > 40.01 {
					t.Errorf("track %d is known up to %v", id, through)
				}
			}
			if len(p.through) != 2 {
				t.Errorf("%v", p.through)
			}
		})
	}
}

// TestConfigChange switches the configuration at the key frame, with equal pointers where nothing changes.
func TestConfigChange(t *testing.T) {
	f := movie(100, 25, 10)
	f.packets[3*30].NewExtradata = []byte{9, 9} // picture 30, no key frame
	f.packets[3*60].NewExtradata = []byte{1, 2, 3}
	p := open(t, f, file.Input{})
	defer p.Close()
	p.all(t)
	v := p.got.frames[1]
	for i, fr := range v {
		want := []byte{1, 2, 3}
		if i >= 50 && i < 75 {
			want = []byte{9, 9}
		}
		if !bytes.Equal(fr.Config.Extradata, want) {
			t.Fatalf("picture %d has configuration %v, want %v", i, fr.Config.Extradata, want)
		}
		if same := i > 0 && fr.Config == v[i-1].Config; i > 0 && same != (i != 50 && i != 75) {
			t.Errorf("picture %d: same configuration as before: %v", i, same)
		}
	}
	if v[0].Config != v[99].Config {
		t.Error("a configuration that returns is another one")
	}
}

// TestNext_Memory keeps what waits bounded however badly the file is interleaved.
func TestNext_Memory(t *testing.T) {
	f := movie(0, 1, 0)
	for i := range 2000 { // all the sound first
		at := int64(20 * i)
		f.packets = append(f.packets, file.Packet{Stream: 1, PTS: at, DTS: at, Duration: 20, Key: true, Data: make([]byte, 2000)})
	}
	f.packets = append(f.packets, file.Packet{Stream: 0, Key: true, Data: []byte{1}})
	p := open(t, f, file.Input{})
	defer p.Close()
	p.all(t)
	for _, c := range p.chunks {
		if len(c.Data) > 5<<20 {
			t.Errorf("a chunk of %d bytes", len(c.Data))
		}
	}
	if len(p.got.frames[2]) != 2000 || len(p.got.frames[1]) != 1 {
		t.Errorf("%d and %d frames", len(p.got.frames[2]), len(p.got.frames[1]))
	}
}

// TestRandomMovies drops, doubles and scrambles packets: everything comes out once, in order, with finite times.
func TestRandomMovies(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		f := movie(100, 1+r.IntN(40), 1+r.IntN(200))
		f.container.KeepsOrigin, f.container.Discontinuous = r.IntN(2) == 0, r.IntN(2) == 0
		f.container.Streams[0].Reorder = r.IntN(4)
		for i := range f.packets {
			p := &f.packets[i]
			switch r.IntN(12) {
			case 0:
				p.PTS = file.NoTicks
			case 1:
				p.DTS = file.NoTicks
			case 2:
				p.PTS, p.DTS = file.NoTicks, file.NoTicks
			case 3:
				p.PTS = r.Int64()
			case 4:
				p.Duration = r.Int64N(1000)
			case 5:
				p.Skip, p.SkipFront, p.SkipBack = true, r.IntN(50), r.IntN(50)
			case 6:
				p.Order, p.Ordered = r.Int64N(100), true
			case 7:
				p.Key = !p.Key
			}
		}
		p := open(t, f, file.Input{})
		p.all(t)
		if len(p.got.frames[1]) != 100 || len(p.got.frames[2]) != 200 {
			t.Errorf("seed %d: %d pictures, %d packets of sound", seed, len(p.got.frames[1]), len(p.got.frames[2]))
		}
		for id, frames := range p.got.frames {
			for i := 1; i < len(frames); i++ {
				if frames[i].DTS < frames[i-1].DTS {
					t.Fatalf("seed %d: track %d goes back to %v at frame %d", seed, id, frames[i].DTS, i)
				}
			}
		}
		p.Close()
	}
}
