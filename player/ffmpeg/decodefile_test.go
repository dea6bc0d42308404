package ffmpeg_test

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/file"
	"mseplayer/player/frame"
)

type parserOf = bytestream.Parser

// opened is a file source with the parser of each track.
type opened struct {
	*file.Source
	parsers map[uint32]parserOf
	f       *os.File
}

// Close closes the source and the file behind it.
func (o *opened) Close() {
	o.Source.Close()
	if o.f != nil {
		o.f.Close()
	}
}

// start makes the parsers.
func (o *opened) start(t testing.TB) {
	t.Helper()
	if err := o.begin(); err != nil {
		t.Fatal(err)
	}
}

func (o *opened) begin() error {
	for _, t := range o.Tracks() {
		p := file.NewParser()
		p.Push(o.Init(t.ID))
		if err := bytestream.Drain(p, bytestream.Discard{}); err != nil {
			return err
		}
		o.parsers[t.ID] = p
	}
	return nil
}

// openFile opens a media file and starts a parser for each track.
func openFile(path string) (*opened, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	s, err := file.Open(context.Background(), file.Input{R: f, Size: fi.Size(), Name: path}, ffmpeg.Factory{})
	if err != nil {
		f.Close()
		return nil, err
	}
	o := &opened{Source: s, parsers: map[uint32]parserOf{}, f: f}
	if err := o.begin(); err != nil {
		o.Close()
		return nil, err
	}
	return o, nil
}

// collector is a bytestream.Handler that hands each frame on.
type collector struct {
	bytestream.Discard
	frame func(track uint32, f *media.CodedFrame) error
}

func (c *collector) Fragment(tracks []bytestream.TrackFrames) error {
	for _, t := range tracks {
		for i := range t.Frames {
			if err := c.frame(t.Track, &t.Frames[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// frames calls fn for every coded frame up to the end of the file.
func (o *opened) frames(fn func(track uint32, f *media.CodedFrame) error) error {
	h := &collector{frame: fn}
	for {
		chunks, err := o.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, c := range chunks {
			p := o.parsers[c.Track]
			p.Push(c.Data)
			if err := bytestream.Drain(p, h); err != nil {
				return err
			}
		}
	}
}

// decoded is what came out of the decoders of one track.
type decoded struct {
	codec     media.CodecID
	coded     int
	pictures  int
	samples   int // per channel, before trimming
	presented int // after
	errors    int
	corrupt   int
	first     media.Time
	any       bool
}

// trackDecoder decodes one track, changing decoders when the configuration changes.
type trackDecoder struct {
	decoded
	config  *media.DecoderConfig
	options decode.Options
	video   decode.VideoDecoder
	audio   decode.AudioDecoder
	onVideo func(*frame.Video)
	onAudio func(*frame.Audio)
}

func (d *trackDecoder) see(t media.Time) {
	if !d.any || t < d.first {
		d.first, d.any = t, true
	}
}

func (d *trackDecoder) emitVideo(v *frame.Video) error {
	d.pictures++
	d.see(v.PTS)
	if v.Corrupt {
		d.corrupt++
	}
	if d.onVideo != nil {
		d.onVideo(v)
	}
	v.Release()
	return nil
}

func (d *trackDecoder) emitAudio(a *frame.Audio) error {
	d.samples += a.Frames()
	a.Trim(a.TrimFront, a.TrimBack)
	d.presented += a.Frames()
	if a.Frames() > 0 {
		d.see(a.PTS)
	}
	if d.onAudio != nil {
		d.onAudio(a)
	}
	a.Release()
	return nil
}

// count turns a rejection into a number.
func (d *trackDecoder) count(err error) error {
	var p *decode.PacketError
	if errors.As(err, &p) {
		d.errors++
		return nil
	}
	return err
}

func (d *trackDecoder) add(f *media.CodedFrame) error {
	if f.Config != d.config {
		if err := d.finish(); err != nil {
			return err
		}
		d.config = f.Config
		var err error
		if f.Config.Kind == media.Video {
			d.video, err = ffmpeg.Factory{}.NewVideo(f.Config, d.options)
		} else {
			d.audio, err = ffmpeg.Factory{}.NewAudio(f.Config, d.options)
		}
		if err != nil {
			return err
		}
	}
	d.coded++
	if d.video != nil {
		return d.count(d.video.Decode(f, d.emitVideo))
	}
	return d.count(d.audio.Decode(f, d.emitAudio))
}

// finish drains and closes the decoder.
func (d *trackDecoder) finish() error {
	var err error
	for range 1000 {
		n := d.errors
		if d.video != nil {
			err = d.count(d.video.Drain(d.emitVideo))
		}
		if d.audio != nil {
			err = d.count(d.audio.Drain(d.emitAudio))
		}
		if d.errors == n {
			break
		}
	}
	d.close()
	return err
}

func (d *trackDecoder) close() {
	if d.video != nil {
		d.video.Close()
	}
	if d.audio != nil {
		d.audio.Close()
	}
	d.video, d.audio, d.config = nil, nil, nil
}

// decodeFile decodes the first video and the first audio track of a file.
func decodeFile(t *testing.T, path string, o decode.Options) (video, audio *trackDecoder, s *opened, err error) {
	t.Helper()
	s, err = openFile(path)
	if err != nil {
		return nil, nil, nil, err
	}
	defer s.Close()
	byID := map[uint32]*trackDecoder{}
	for _, tr := range s.Tracks() {
		d := &trackDecoder{options: o, decoded: decoded{codec: tr.Config.Codec}}
		switch {
		case tr.Kind == media.Video && video == nil:
			video = d
		case tr.Kind == media.Audio && audio == nil:
			audio = d
		default:
			continue
		}
		if (ffmpeg.Factory{}).Supports(tr.Config.Codec) {
			byID[tr.ID] = d
		}
	}
	err = s.frames(func(id uint32, f *media.CodedFrame) error {
		if d := byID[id]; d != nil {
			return d.add(f)
		}
		return nil
	})
	for _, d := range byID {
		if e := d.finish(); err == nil {
			err = e
		}
	}
	return video, audio, s, err
}
