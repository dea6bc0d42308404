package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/asticode/go-astiav"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/file"
	"mseplayer/player/frame"
)

// taker keeps the coded frames of a file.
type taker struct {
	bytestream.Discard
	frames []*media.CodedFrame
}

func (k *taker) Fragment(tracks []bytestream.TrackFrames) error {
	for i := range tracks[0].Frames {
		k.frames = append(k.frames, &tracks[0].Frames[i])
	}
	return nil
}

// coded generates an AV1 file and returns its coded frames.
func coded(t *testing.T) []*media.CodedFrame {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.mp4")
	args := "-hide_banner -nostdin -loglevel error -f lavfi -i testsrc2=size=128x96:rate=25 -frames:v 12 -c:v libaom-av1 -cpu-used 8 -lag-in-frames 0 -g 4 -pix_fmt yuv420p " + name
	if out, err := exec.Command("ffmpeg", strings.Fields(args)...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	fi, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	s, err := file.Open(t.Context(), file.Input{R: f, Size: fi.Size(), Name: name}, Factory{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, k := file.NewParser(), &taker{}
	p.Push(s.Init(s.Tracks()[0].ID))
	for {
		if err := bytestream.Drain(p, k); err != nil {
			t.Fatal(err)
		}
		chunks, err := s.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return k.frames
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range chunks {
			p.Push(c.Data)
		}
	}
}

// TestHardware_Trial opens the decoder that knows hardware only where there is none, so that it opens and then makes
// nothing of what it gets, and wants every picture all the same: decoded at once, at the end of a short stream, and after
// hardware that had worked.
func TestHardware_Trial(t *testing.T) {
	frames := coded(t)
	for _, c := range []struct {
		name   string
		proved bool
		first  int // the picture from which on there are some
	}{
		{"fails at once", false, 0},
		{"fails later", true, 4},
	} {
		var text bytes.Buffer
		d, err := Factory{}.NewVideo(frames[0].Config, decode.Options{})
		if err != nil {
			t.Fatal(err)
		}
		v := d.(*video)
		only := astiav.FindDecoderByName("av1")
		cc := astiav.AllocCodecContext(only)
		if err := cc.Open(only, nil); err != nil {
			t.Fatal(err)
		}
		v.swap(cc)
		v.trial = &trial{level: slog.LevelWarn, log: slog.New(slog.NewTextHandler(&text, nil)), codec: media.AV1, proved: c.proved}
		var got []media.Time
		emit := func(p *frame.Video) error {
			got = append(got, p.PTS)
			p.Release()
			return nil
		}
		for _, f := range frames {
			if err := d.Decode(f, emit); err != nil && !c.proved {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if err := d.Drain(emit); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		d.Close()
		if len(got) != len(frames)-c.first || got[0] != frames[c.first].PTS {
			t.Errorf("%s: %d pictures from %v on, want %d", c.name, len(got), got, len(frames)-c.first)
		}
		if strings.Count(text.String(), "\n") != 1 || !strings.Contains(text.String(), "av1") {
			t.Errorf("%s: said %q", c.name, text.String())
		}
	}
}
