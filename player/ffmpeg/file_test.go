package ffmpeg_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/file"
	"mseplayer/player/frame"
)

// counting counts the bytes that are read.
type counting struct {
	*bytes.Reader
	n int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// minute is a minute of pictures that cost enough bytes for an index to pay.
const (
	minute     = "-f lavfi -i testsrc2=size=192x108:rate=10:duration=60,noise=alls=60:allf=t "
	minuteTone = "-f lavfi -i anoisesrc=r=44100:d=60:a=0.5 "
	// av is both, with B pictures and a key frame every two seconds.
	av = minute + minuteTone + "-c:v libx264 -preset ultrafast -bf 2 -x264-params b-adapt=0:keyint=20:scenecut=0 -qp 10 -c:a aac"
)

// TestSeek_Formats lands at or before the target in every container, without reading the whole file, and what follows
// is what a decoder gets that comes from the beginning.
func TestSeek_Formats(t *testing.T) {
	for _, c := range []struct {
		name, args string
		share      float64 // of the file that may be read for a seek; 2: without an index it is read from the beginning
		before     media.Span
	}{
		{"m.mkv", av, 0.1, 2.1},
		{"m.mp4", "copy", 0.1, 2.1},
		{"m.mov", "copy", 0.1, 2.1},
		{"m.webm", minute + "-c:v libvpx -deadline realtime -cpu-used 8 -g 20 -b:v 400k", 0.1, 2.1},
		{"m.ts", "copy", 0.3, 5},
		{"m.mpg", minute + minuteTone + "-c:v mpeg2video -r 25 -g 50 -bf 2 -b:v 400k -c:a mp2", 0.4, 5},
		{"m.avi", minute + minuteTone + "-c:v mpeg4 -g 20 -b:v 400k -c:a libmp3lame", 0.1, 2.1},
		{"m-b.avi", minute + "-c:v mpeg4 -bf 2 -g 20 -b:v 400k", 0.1, 2.3},
		{"m.flv", "copy", 2, 2.1},
		{"m.h264", "copy", 2, 2.1},
		{"m.mp3", minuteTone + "-c:a libmp3lame", 2, 1},
		{"m.flac", minuteTone + "-c:a flac", 0.3, 1},
		{"m.ogg", minuteTone + "-c:a libvorbis", 0.3, 2},
		{"m.wav", minuteTone + "-c:a pcm_s16le", 0.05, 1},
		{"m.aac", "copy", 2, 1},
		{"m.m4a", "copy", 0.1, 1},
		{"m.opus", minuteTone + "-c:a libopus", 0.3, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.args == "copy" {
				c.args = "-i " + vector(t, "m.mkv", av) + " -c copy"
				if strings.HasSuffix(c.name, "a") || strings.HasSuffix(c.name, "aac") {
					c.args += " -vn"
				}
			}
			path := vector(t, c.name, c.args)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			whole := contents(t, file.Input{R: bytes.NewReader(data), Size: int64(len(data)), Name: path}, -1, nil)
			start := slices.Min(slices.Collect(maps.Keys(whole)))
			if len(whole) < 300 {
				t.Fatalf("%d pictures or blocks", len(whole))
			}
			for _, to := range []media.Time{33.3, 7.05, 58, 0, 20} {
				in := &counting{Reader: bytes.NewReader(data)}
				var landed media.Time
				got := contents(t, file.Input{R: in, Size: int64(len(data)), Name: path}, 12, func(s *file.Source) {
					opened := in.n
					if landed, err = s.Seek(context.Background(), to); err != nil {
						t.Fatal(err)
					}
					if n := float64(in.n - opened); n > max(512<<10, c.share*float64(len(data))) {
						t.Errorf("seek to %v read %.0f %% of the file", to, 100*n/float64(len(data)))
					}
				})
				if landed > max(to, start)+1e-9 || landed < to.Add(-c.before) {
					t.Errorf("seek to %v landed at %v", to, landed)
				}
				if len(got) == 0 {
					t.Fatalf("nothing after a seek to %v", to)
				}
				for at, sum := range got {
					if at < landed.Add(0.0005) || sum == 0 {
						continue // leading pictures; sound that needs what is before
					}
					same := false
					for other, want := range whole {
						same = same || math.Abs(float64(other-at)) < 0.0015 && want == sum
					}
					if !same {
						t.Fatalf("after a seek to %v what is at %v is not what is there from the beginning", to, at)
					}
				}
			}
		})
	}
}

// contents decodes the leading track after an action, up to limit pictures or blocks, and returns their checksums by
// time. Sound has the checksum 0 where it depends on what came before or on where blocks begin.
func contents(t *testing.T, in file.Input, limit int, action func(*file.Source)) map[media.Time]uint32 {
	t.Helper()
	s, err := file.Open(context.Background(), in, ffmpeg.Factory{})
	if err != nil {
		t.Fatal(err)
	}
	o := &opened{Source: s, parsers: map[uint32]parserOf{}}
	o.start(t)
	defer o.Close()
	if action != nil {
		action(s)
	}
	out := map[media.Time]uint32{}
	d := &trackDecoder{options: decode.Options{Threads: 1}}
	d.onVideo = func(v *frame.Video) { out[v.PTS] = v.Checksum() }
	d.onAudio = func(a *frame.Audio) {
		var sum uint32
		if s.Tracks()[0].Config.Codec == media.FLAC {
			sum = 1
			for _, v := range a.Samples {
				sum = sum*31 + math.Float32bits(v)
			}
		}
		out[a.PTS] = sum
	}
	enough := errors.New("enough")
	lead := s.Tracks()[0]
	for _, tr := range s.Tracks() {
		if tr.Kind == media.Video {
			lead = tr
		}
	}
	err = o.frames(func(id uint32, f *media.CodedFrame) error {
		if id != lead.ID {
			return nil
		}
		if limit >= 0 && len(out) >= limit {
			return enough
		}
		return d.add(f)
	})
	if err != nil && err != enough {
		t.Fatal(err)
	}
	if err == nil {
		err = d.finish()
	}
	d.close()
	if err != nil && err != enough {
		t.Fatal(err)
	}
	return out
}

// TestPipe plays what can be read front to back from an input that cannot seek.
func TestPipe(t *testing.T) {
	for _, name := range []string{"h264.ts", "h264.mkv", "h264.h264", "mpeg2.mpg", "vp9.webm", "mpeg4.avi"} {
		path := vector(t, name, args(t, name))
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := len(references(t, path))
		got := contents(t, file.Input{R: struct{ io.Reader }{bytes.NewReader(data)}, Size: -1, Name: path}, -1, func(s *file.Source) {
			if _, err := s.Seek(context.Background(), 1); !errors.Is(err, file.ErrNotSeekable) {
				t.Errorf("%s: seek: %v", name, err)
			}
		})
		if len(got) != want {
			t.Errorf("%s: %d pictures, want %d", name, len(got), want)
		}
	}
}

// TestMetadata carries languages, titles, chapters and marks, and leaves cover pictures out of the tracks.
func TestMetadata(t *testing.T) {
	meta := filepath.Join(t.TempDir(), "meta")
	if err := os.WriteFile(meta, []byte(";FFMETADATA1\ntitle=A film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=900\ntitle=First\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=900\nEND=2000\ntitle=Second\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := vector(t, "meta.mkv", picture+" -f lavfi -i sine=d=2 -f lavfi -i sine=d=2 -i "+meta+
		" -map 0 -map 1 -map 2 -map_metadata 3 -c:v libx264 -preset ultrafast -c:a aac -metadata:s:a:0 language=ger -metadata:s:a:1 language=fre -metadata:s:a:1 title=Kommentar -disposition:a:0 0 -disposition:a:1 default")
	s, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	i := s.Info()
	if i.Title != "A film" || !strings.HasPrefix(i.Format, "matroska") || i.Duration < 1.9 || i.Duration > 2.1 || !i.Seekable || i.BitRate == 0 {
		t.Errorf("info %+v", i)
	}
	if len(i.Chapters) != 2 || i.Chapters[1].Title != "Second" || i.Chapters[1].Start != 0.9 {
		t.Errorf("chapters %+v", i.Chapters)
	}
	tr := s.Tracks()
	if len(tr) != 3 || tr[0].Config.Width != 322 || tr[0].FrameDuration != 0.04 || tr[1].Language != "ger" || tr[2].Language != "fre" || tr[2].Label != "Kommentar" ||
		tr[1].Default || !tr[2].Default || tr[1].Config.SampleRate != 44100 || tr[1].Config.CodecString != "" {
		t.Errorf("tracks %+v", tr)
	}
	song := vector(t, "cover.mp3", noise+" -f lavfi -i color=size=32x32:duration=1 -map 0 -map 1 -frames:v 1 -c:a libmp3lame -c:v png -disposition:v attached_pic -id3v2_version 3")
	m, err := openFile(song)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if len(m.Tracks()) != 1 || m.Tracks()[0].Kind != media.Audio || len(m.Info().Others) != 1 || !m.Info().Others[0].Picture {
		t.Errorf("tracks %+v, others %+v", m.Tracks(), m.Info().Others)
	}
	mp4, err := openFile(vector(t, "h264.mp4", args(t, "h264.mp4")))
	if err != nil {
		t.Fatal(err)
	}
	defer mp4.Close()
	if c := mp4.Tracks()[0].Config; !strings.HasPrefix(c.CodecString, "avc1.64") || mp4.Tracks()[0].ID != 1 || mp4.Tracks()[0].Frames != 50 {
		t.Errorf("configuration %+v", c)
	}
}

// TestDiscontinuity makes one time line of two transport streams put together.
func TestDiscontinuity(t *testing.T) {
	a, err := os.ReadFile(vector(t, "part.ts", picture+" "+tone+" -c:v libx264 -preset fast -bf 2 -g 25 -c:a mp2"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(vector(t, "later.ts", "-i "+vector(t, "part.ts", "")+" -c copy -output_ts_offset 40000"))
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Join([][]byte{a, b, a}, nil)
	s, err := file.Open(context.Background(), file.Input{R: bytes.NewReader(data), Size: int64(len(data)), Name: "joined.ts"}, ffmpeg.Factory{})
	if err != nil {
		t.Fatal(err)
	}
	o := &opened{Source: s, parsers: map[uint32]parserOf{}}
	o.start(t)
	defer o.Close()
	last := map[uint32]media.Time{}
	end := map[uint32]media.Time{}
	n := map[uint32]int{}
	if err := o.frames(func(id uint32, f *media.CodedFrame) error {
		if n[id] > 0 && (f.DTS < last[id] || f.DTS > last[id]+0.2) {
			t.Errorf("track %d: from %v to %v", id, last[id], f.DTS)
		}
		last[id], end[id] = f.DTS, max(end[id], f.End())
		n[id]++
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for id, e := range end {
		if e < 5.9 || e > 6.3 {
			t.Errorf("track %d ends at %v after %d frames", id, e, n[id])
		}
	}
	if n[256] != 150 {
		t.Errorf("%d pictures", n[256])
	}
}

// broken fails after some bytes.
type broken struct {
	*bytes.Reader
	after int64
	err   error
}

func (b *broken) Read(p []byte) (int, error) {
	if at := b.Size() - int64(b.Len()); at >= b.after {
		return 0, b.err
	}
	return b.Reader.Read(p)
}

// TestInput_Errors passes on what the input says, and stops when the context ends.
func TestInput_Errors(t *testing.T) {
	data, err := os.ReadFile(vector(t, "m.ts", "-i "+vector(t, "m.mkv", av)+" -c copy"))
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("line cut")
	size := int64(len(data))
	if _, err := file.Open(context.Background(), file.Input{R: &broken{bytes.NewReader(data), 0, cause}, Size: size, Name: "http://x/a.ts"}, ffmpeg.Factory{}); !errors.Is(err, cause) ||
		err.Error() != "file: http://x/a.ts: ffmpeg: avformat_open_input: line cut" {
		t.Errorf("open: %v", err)
	}
	s, err := file.Open(context.Background(), file.Input{R: &broken{bytes.NewReader(data), size * 3 / 4, cause}, Size: size, Name: "a.ts"}, ffmpeg.Factory{})
	if err != nil {
		// Looking for the duration at the end fails with the cause, or is given up.
		if !errors.Is(err, cause) {
			t.Errorf("open: %v", err)
		}
	} else {
		for err == nil {
			_, err = s.Next(context.Background())
		}
		if !errors.Is(err, cause) || strings.Contains(err.Error(), "\n") {
			t.Errorf("next: %v", err)
		}
		s.Close()
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	if _, err := file.Open(ctx, file.Input{R: bytes.NewReader(data), Size: size}, ffmpeg.Factory{}); !errors.Is(err, cause) {
		t.Errorf("open: %v", err)
	}
	s, err = file.Open(context.Background(), file.Input{R: bytes.NewReader(data), Size: size}, ffmpeg.Factory{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Next(ctx); !errors.Is(err, cause) {
		t.Errorf("next: %v", err)
	}
	if _, err := s.Seek(ctx, 30); !errors.Is(err, cause) {
		t.Errorf("seek: %v", err)
	}
	if _, err := s.Seek(context.Background(), 30); err != nil {
		t.Errorf("seek after that: %v", err)
	}
	if _, err := s.Next(context.Background()); err != nil {
		t.Errorf("next after that: %v", err)
	}
	for name, in := range map[string]file.Input{"nothing": {}, "empty": {R: strings.NewReader("")}, "text": {R: strings.NewReader(strings.Repeat("hello world\n", 100)), Size: 1200, Name: "a.txt"}} {
		if _, err := file.Open(context.Background(), in, ffmpeg.Factory{}); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
