package check_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/fstest"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/check"
	"mseplayer/player/file"
	"mseplayer/player/playertest"
)

// tape is a demuxer of a file with a video and a sound track.
type tape struct {
	container file.Container
	packets   []file.Packet
	fail      int // the read that fails, counted from 1; 0 for none
	reads     int
	selected  map[int]bool
}

// OpenDemuxer implements file.Opener.
func (d *tape) OpenDemuxer(context.Context, file.Input) (file.Demuxer, error) {
	c := *d
	c.selected = map[int]bool{0: true, 1: true, 2: true}
	return &c, nil
}

func (d *tape) Container() *file.Container             { return &d.container }
func (d *tape) Select(stream int, on bool)             { d.selected[stream] = on }
func (d *tape) Seek(context.Context, int, int64) error { return errors.ErrUnsupported }
func (d *tape) SeekByte(context.Context, int64) error  { return errors.ErrUnsupported }
func (d *tape) Close()                                 {}
func (d *tape) ReadPacket(_ context.Context, p *file.Packet) error {
	for {
		if d.reads++; d.reads == d.fail {
			return errSpecial
		}
		if len(d.packets) == 0 {
			return io.EOF
		}
		*p, d.packets = d.packets[0], d.packets[1:]
		if d.selected[p.Stream] {
			return nil
		}
	}
}

// newTape is ten seconds of pictures and sound; the sound has priming and padding. The third track is text.
func newTape() *tape {
	d := &tape{container: file.Container{Format: "matroska,webm", KeepsOrigin: true, Duration: 10, Streams: []file.Stream{
		{ID: 1, Kind: media.Video, Config: msetest.H264Config(320, 180), Base: file.TimeBase{Num: 1, Den: 25}, First: 0, Length: 250, FrameDuration: 0.04},
		{ID: 2, Kind: media.Audio, Config: msetest.AACConfig(), Base: file.TimeBase{Num: 1, Den: 48000}, First: 0, Length: 480000, Language: "sv"},
		{ID: 3, Kind: media.Text, Config: &media.DecoderConfig{Kind: media.Text, Codec: media.WebVTT}, Base: file.TimeBase{Num: 1, Den: 1000}},
	}}}
	for i := range int64(250) {
		if i == 25 || i == 75 {
			d.packets = append(d.packets, file.Packet{Stream: 2, PTS: 40 * i, DTS: 40 * i, Duration: 1500, Pos: -1, Key: true, Data: []byte("said")})
		}
		d.packets = append(d.packets, file.Packet{Stream: 0, PTS: i, DTS: i, Duration: 1, Pos: -1, Key: i%25 == 0, Data: []byte("picture")})
		for k := i * 1920 / 1024; k < (i+1)*1920/1024; k++ {
			p := file.Packet{Stream: 1, PTS: k*1024 - 512, DTS: k*1024 - 512, Duration: 1024, Pos: -1, Key: true, Samples: 1024, Data: []byte("sound")}
			if k == 0 {
				p.Skip, p.SkipFront = true, 512
			}
			d.packets = append(d.packets, p)
		}
	}
	last := &d.packets[len(d.packets)-1]
	last.Skip, last.SkipBack = true, 100
	return d
}

// TestRun_File checks a file that goes through a demuxer.
func TestRun_File(t *testing.T) {
	with := func(d *tape) func(*check.Options) { return func(o *check.Options) { o.Source.Demuxer = d } }
	content := fstest.MapFS{"m.mpd": {Data: []byte("OggS")}} // any container that goes to the demuxer
	const picture = "p0/0/0 video seg=- coded=250 keys=10 pic=250/0 err=0 snd=-/- 0..9.96..10 [0,10)"
	const speech = "p0/1/0 audio seg=- coded=468 keys=468 pic=-/- err=0 snd=479232/478620 0..9.952..9.97125 [0,9.97125)"
	const text = "p0/2/0 text seg=- coded=2 keys=- pic=-/- err=- snd=-/- 1..3..4.5"
	r := run(t, content, with(newTape()))
	want(t, "tracks", lines(r), picture+"\n"+speech+"\n"+text)
	want(t, "findings", found(r), "")
	if r.Kind != "file" || r.Duration != 10 || r.Tracks[1].Language != "sv" || r.Tracks[0].Container != "webm" || sec(r.Tracks[1].ContainerFirstPTS) != "-0.010667" {
		t.Errorf("%+v", r)
	}

	d := newTape()
	d.packets = append(d.packets[:201:201], d.packets[302:]...)
	r = run(t, content, with(d))
	want(t, "hole", found(r), "error timing.gap p0/1/0 @2.762667") // pictures are held where none follows

	d = newTape()
	d.fail = 300
	r = run(t, content, with(d))
	want(t, "read error", found(r), "error segment.malformed")
	want(t, "after a read error", line(r.Tracks[0]), picture)

	d = newTape()
	d.container.Streams[0].Config = &media.DecoderConfig{Kind: media.Video, Codec: "mystery"}
	r = run(t, content, with(d), func(o *check.Options) { o.Decoders = &playertest.Factory{Refuse: "mystery"} })
	want(t, "no decoder", found(r), "warning decode.unsupported p0/0/0")

	r = run(t, content, with(newTape()), func(o *check.Options) { o.Representations = []string{"p0/1/0"} })
	want(t, "selection", lines(r), speech)
	r = run(t, content, with(newTape()), func(o *check.Options) { o.Representations = []string{"p0/2/0"} })
	want(t, "text alone", lines(r), "p0/2/0 text seg=- coded=- keys=- pic=-/- err=- snd=-/- -..-..-")

	d = newTape()
	d.packets = slices.DeleteFunc(d.packets, func(p file.Packet) bool { return p.Stream == 1 })
	want(t, "no sound", found(run(t, content, with(d))), "warning segment.empty p0/1/0")
	d.packets = nil
	want(t, "nothing at all", found(run(t, content, with(d))), "error segment.empty p0/0/0\nerror segment.empty p0/1/0\nwarning text.empty p0/2/0")
	d = newTape()
	for i := range d.packets {
		d.packets[i].Key = d.packets[i].Stream != 0
	}
	r = run(t, content, with(d))
	want(t, "no key frame", found(r), "error segment.no-random-access p0/0/0")
	want(t, "sound without pictures", line(r.Tracks[1]), speech)

	d = newTape()
	for i := range d.packets {
		if p := &d.packets[i]; p.Stream == 2 {
			p.PTS, p.DTS = p.PTS+60_000, p.DTS+60_000
		}
	}
	want(t, "text outside", found(run(t, content, with(d))), "warning text.outside-timeline p0/2/0 @61")
	d = newTape()
	d.packets = slices.DeleteFunc(d.packets, func(p file.Packet) bool { return p.Stream == 2 })
	want(t, "no text", found(run(t, content, with(d))), "warning text.empty p0/2/0")
	r = run(t, content, with(newTape()), func(o *check.Options) { o.MaxDuration = 2 })
	if n := *r.Tracks[0].FramesDecoded; n < 50 || n > 100 {
		t.Errorf("%d pictures in two seconds", n)
	}
	o := options(t, content)
	with(newTape())(&o)
	o.Representations = []string{"p0/9/0"}
	if _, err := check.Run(t.Context(), "mem:///m.mpd", o); !errors.Is(err, check.ErrSelection) {
		t.Errorf("%v", err)
	}
}
