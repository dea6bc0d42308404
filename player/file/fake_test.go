package file_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/player/file"
)

// fakeFile is a demuxer whose packets are listed. It is its own opener.
type fakeFile struct {
	container file.Container
	packets   []file.Packet
	// noIndex makes Seek fail, late makes it land so many ticks after the target, as an inexact index does.
	noIndex bool
	late    int64
	// readErr is returned once, at packet errAt.
	readErr error
	errAt   int

	at       int
	off      map[int]bool
	closed   bool
	seeks    []int64
	returned int
}

func (f *fakeFile) OpenDemuxer(context.Context, file.Input) (file.Demuxer, error) { return f, nil }
func (f *fakeFile) Container() *file.Container                                    { return &f.container }
func (f *fakeFile) Close()                                                        { f.closed = true }

func (f *fakeFile) Select(stream int, on bool) {
	if f.off == nil {
		f.off = map[int]bool{}
	}
	f.off[stream] = !on
}

func (f *fakeFile) ReadPacket(ctx context.Context, p *file.Packet) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for f.at < len(f.packets) {
		if f.readErr != nil && f.at == f.errAt {
			err := f.readErr
			f.readErr = nil
			f.at++
			return err
		}
		*p = f.packets[f.at]
		f.at++
		if !f.off[p.Stream] {
			f.returned++
			return nil
		}
	}
	return io.EOF
}

func (f *fakeFile) Seek(_ context.Context, stream int, ticks int64) error {
	f.seeks = append(f.seeks, ticks)
	if f.noIndex {
		return errors.New("no index")
	}
	ticks += f.late
	at := -1
	for i, p := range f.packets {
		if p.Stream == stream && p.Key && p.PTS <= ticks {
			at = i
		}
	}
	if at < 0 {
		return errors.New("before the first")
	}
	f.at = at
	return nil
}

func (f *fakeFile) SeekByte(_ context.Context, pos int64) error {
	for f.at = 0; f.at < len(f.packets) && f.packets[f.at].Pos < pos; f.at++ {
	}
	return nil
}

// videoStream and audioStream are streams of millisecond ticks.
func videoStream(reorder int) file.Stream {
	return file.Stream{ID: 1, Kind: media.Video, Base: file.TimeBase{Num: 1, Den: 1000}, First: file.NoTicks, FrameDuration: 0.04, Reorder: reorder,
		Config: &media.DecoderConfig{Kind: media.Video, Codec: media.H264, Width: 16, Height: 16, Extradata: []byte{1, 2, 3}}}
}

func audioStream() file.Stream {
	return file.Stream{ID: 2, Kind: media.Audio, Base: file.TimeBase{Num: 1, Den: 1000}, First: file.NoTicks,
		Config: &media.DecoderConfig{Kind: media.Audio, Codec: media.AAC, SampleRate: 1000, Channels: 1}}
}

// parsePackets reads packets of stream 0 from words like 40>0K: decode order, PTS in ms, then DTS after >, D
// duration, K key, X discard, o order. A ? stands for a missing time.
func parsePackets(t *testing.T, words string) []file.Packet {
	t.Helper()
	var out []file.Packet
	for i, w := range strings.Fields(words) {
		p := file.Packet{PTS: file.NoTicks, DTS: file.NoTicks, Pos: int64(i) * 100, Data: []byte(w)}
		rest := w
		number := func() (int64, bool) {
			n := 0
			for n < len(rest) && (rest[n] == '-' || rest[n] >= '0' && rest[n] <= '9') {
				n++
			}
			if n == 0 {
				rest = strings.TrimPrefix(rest, "?")
				return file.NoTicks, false
			}
			var v int64
			if _, err := fmt.Sscan(rest[:n], &v); err != nil {
				t.Fatalf("packet %q: %v", w, err)
			}
			rest = rest[n:]
			return v, true
		}
		p.PTS, _ = number()
		p.DTS = p.PTS
		for rest != "" {
			c := rest[0]
			rest = rest[1:]
			switch c {
			case '>':
				p.DTS, _ = number()
			case 'D':
				p.Duration, _ = number()
			case 'o':
				p.Order, p.Ordered = number()
			case 'K':
				p.Key = true
			case 'X':
				p.Discard = true
			case 'f':
				v, _ := number()
				p.Skip, p.SkipFront = true, int(v)
			case 'b':
				v, _ := number()
				p.Skip, p.SkipBack = true, int(v)
			default:
				t.Fatalf("packet %q: what is %q?", w, c)
			}
		}
		out = append(out, p)
	}
	return out
}

// collected is what the parsers made of a source's chunks.
type collected struct {
	inits  []*media.InitSegment
	frames map[uint32][]media.CodedFrame
	starts int
	ends   int
}

func (c *collected) InitSegment(i *media.InitSegment) error { c.inits = append(c.inits, i); return nil }
func (c *collected) MediaSegmentStart() error               { c.starts++; return nil }
func (c *collected) MediaSegmentEnd() error                 { c.ends++; return nil }
func (c *collected) Fragment(tracks []bytestream.TrackFrames) error {
	if c.frames == nil {
		c.frames = map[uint32][]media.CodedFrame{}
	}
	for _, t := range tracks {
		c.frames[t.Track] = append(c.frames[t.Track], t.Frames...)
	}
	return nil
}

// player appends chunks to one parser for each track.
type player struct {
	*file.Source
	parsers map[uint32]bytestream.Parser
	got     collected
	chunks  []file.Chunk
	through map[uint32]media.Time // of the last chunk of each track
}

func open(t *testing.T, f *fakeFile, in file.Input) *player {
	t.Helper()
	if in.R == nil {
		in = file.Input{R: strings.NewReader(strings.Repeat(" ", 100*len(f.packets))), Size: int64(100 * len(f.packets)), Name: "fake"}
	}
	s, err := file.Open(context.Background(), in, f)
	if err != nil {
		t.Fatal(err)
	}
	p := &player{Source: s, parsers: map[uint32]bytestream.Parser{}, through: map[uint32]media.Time{}}
	for _, tr := range s.Tracks() {
		p.parsers[tr.ID] = file.NewParser()
		p.parsers[tr.ID].Push(s.Init(tr.ID))
		if err := bytestream.Drain(p.parsers[tr.ID], &p.got); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// next appends what one Next returns; false at the end.
func (p *player) next(t *testing.T) bool {
	t.Helper()
	chunks, err := p.Next(context.Background())
	if errors.Is(err, io.EOF) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range chunks {
		if last, ok := p.through[c.Track]; ok && c.From != last || c.Through < c.From {
			t.Errorf("track %d: [%v,%v) after %v", c.Track, c.From, c.Through, last)
		}
		p.through[c.Track] = c.Through
		p.chunks = append(p.chunks, c)
		p.parsers[c.Track].Push(c.Data)
		if err := bytestream.Drain(p.parsers[c.Track], &p.got); err != nil {
			t.Fatal(err)
		}
	}
	return true
}

func (p *player) all(t *testing.T) {
	t.Helper()
	for p.next(t) {
	}
}

// show writes frames in milliseconds: PTS>DTS D duration, K, X, trims.
func show(frames []media.CodedFrame) string {
	ms := func(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", v*1000+0), ".0") }
	var out []string
	for _, f := range frames {
		s := ms(float64(f.PTS))
		if f.DTS != f.PTS {
			s += ">" + ms(float64(f.DTS))
		}
		s += "D" + ms(float64(f.Duration))
		if f.RAP && f.Config.Kind == media.Video {
			s += "K"
		}
		if f.DecodeOnly {
			s += "X"
		}
		if f.TrimFront > 0 {
			s += "f" + ms(float64(f.TrimFront))
		}
		if f.TrimBack > 0 {
			s += "b" + ms(float64(f.TrimBack))
		}
		out = append(out, s)
	}
	return strings.ReplaceAll(strings.Join(out, " "), "-0D", "0D")
}
