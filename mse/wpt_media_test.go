package mse_test

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
)

// medium is a file of the suite: the real one where MSEPLAYER_MEDIA names the folder of test media, otherwise one with
// the same frames, built from testdata/wpt.
type medium struct {
	name     string
	typ      string
	init     []byte
	seg      [][]byte
	duration media.Time // that the suite's table declares
}

// all is the whole file.
func (m *medium) all() []byte { return slices.Concat(append([][]byte{m.init}, m.seg...)...) }

// webm reports whether the file is a WebM file, whose times the suite compares less exactly.
func (m *medium) webm() bool { return strings.HasSuffix(m.name, ".webm") }

// Types of the suite's files.
const (
	audioType = `audio/mp4; codecs="mp4a.40.2"`
	videoType = `video/mp4; codecs="avc1.4D4001"`
	bothType  = `video/mp4; codecs="avc1.4D4001,mp4a.40.2"`
)

// mediaFiles are the MP4 files that are described in testdata/wpt.
var mediaFiles = []struct {
	name, typ string
	init      int
	duration  media.Time
}{
	{"mp4/test.mp4", `video/mp4; codecs="mp4a.40.2,avc1.4d400d"`, 1413, 6.549},
	{"mp4/test-a-128k-44100Hz-1ch.mp4", audioType, 763, 2.043},
	{"mp4/test-a-192k-44100Hz-1ch.mp4", audioType, 763, 2.043},
	{"mp4/test-v-128k-320x240-24fps-8kfr.mp4", videoType, 835, 2},
	{"mp4/test-v-128k-320x240-30fps-10kfr.mp4", videoType, 835, 2},
	{"mp4/test-v-128k-640x480-30fps-10kfr.mp4", videoType, 835, 2},
	{"mp4/test-v-256k-320x240-30fps-10kfr.mp4", videoType, 835, 2},
	{"mp4/test-av-384k-44100Hz-1ch-320x240-30fps-10kfr.mp4", bothType, 1279, 2.043},
	{"mp4/test-av-384k-44100Hz-1ch-640x480-30fps-10kfr.mp4", bothType, 1279, 2.043},
	{"mp4/test-av-448k-44100Hz-1ch-640x480-30fps-10kfr.mp4", bothType, 1279, 2.043},
	{"mp4/test-av-640k-44100Hz-1ch-640x480-30fps-10kfr.mp4", bothType, 1279, 2.043},
	{"generated/h264-sei-recovery-media.mp4", `video/mp4; codecs="avc1.640029"`, 0, 0},
}

// The files by the names of the suite.
const (
	fileA    = "mp4/test-a-128k-44100Hz-1ch.mp4"
	fileA192 = "mp4/test-a-192k-44100Hz-1ch.mp4"
	fileV24  = "mp4/test-v-128k-320x240-24fps-8kfr.mp4"
	fileV    = "mp4/test-v-128k-320x240-30fps-10kfr.mp4"
	fileAV   = "mp4/test-av-384k-44100Hz-1ch-320x240-30fps-10kfr.mp4"
)

// mainWebM are the offsets of the clusters of the main file's WebM variant.
var mainWebM = []int{4116, 30699, 51254, 73922, 95865, 118880, 139286, 160823, 184850, 190791}

// wptFile reads a file of the suite. ok is false where there are none.
func wptFile(t *testing.T, name string) (data []byte, ok bool) {
	t.Helper()
	root := os.Getenv("MSEPLAYER_MEDIA")
	if root == "" {
		return nil, false
	}
	data, err := os.ReadFile(filepath.Join(root, "wpt", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return data, true
}

// variants are the main file's variants that can be appended.
func variants(t *testing.T) []*medium {
	out := []*medium{file(t, "mp4/test.mp4")}
	const typ = `video/webm; codecs="vp8, vorbis"`
	if ok, _ := (&mse.Options{}).IsTypeSupported(typ); !ok {
		return out
	}
	if data, ok := wptFile(t, "webm/test.webm"); ok {
		m := &medium{name: "webm/test.webm", typ: typ, init: data[:mainWebM[0]], duration: 6.552}
		for i := 0; i+1 < len(mainWebM); i++ {
			m.seg = append(m.seg, data[mainWebM[i]:mainWebM[i+1]])
		}
		out = append(out, m)
	}
	return out
}

// file returns one of mediaFiles. The main file comes in its segments.
func file(t *testing.T, name string) *medium {
	t.Helper()
	if strings.HasSuffix(name, ".webm") {
		// Only whole, and only where the suite is.
		data, _ := wptFile(t, name)
		typ := map[bool]string{true: `audio/webm; codecs="vorbis"`, false: `video/webm; codecs="vp8,vorbis"`}[strings.HasPrefix(name, "webm/test-a-")]
		return &medium{name: name, typ: typ, seg: [][]byte{data}}
	}
	i := slices.IndexFunc(mediaFiles, func(f struct {
		name, typ string
		init      int
		duration  media.Time
	}) bool {
		return f.name == name
	})
	if i < 0 {
		t.Fatalf("%s is not described", name)
	}
	f := mediaFiles[i]
	m := &medium{name: name, typ: f.typ, duration: f.duration}
	data, ok := wptFile(t, name)
	if !ok {
		m.build(t)
		return m
	}
	if f.init == 0 {
		m.init, _ = wptFile(t, strings.Replace(name, "-media", "-init", 1))
	}
	m.init, data = append(m.init, data[:f.init]...), data[f.init:]
	for _, n := range segmentSizes(t, m.init, data) {
		m.seg, data = append(m.seg, data[:n:n]), data[n:]
	}
	return m
}

// segmentSizes finds where media segments end.
func segmentSizes(t *testing.T, init, data []byte) (sizes []int) {
	t.Helper()
	c := &collector{}
	p := isobmff.New(isobmff.Options{})
	p.Push(slices.Clone(init))
	drain(t, p, c)
	at := 0
	for i := range data {
		if i+8 < len(data) && string(data[i+4:i+8]) == "moof" && i > at {
			// An index belongs to the segment behind it.
			sizes, at = append(sizes, i-at), i
		}
	}
	if len(sizes) > 0 && len(c.init.Tracks) > 0 && !strings.Contains(string(data[:sizes[0]]), "moof") {
		sizes[1] += sizes[0]
		sizes = sizes[1:]
	}
	return append(sizes, len(data)-at)
}

// collector notes what a parser finds.
type collector struct {
	bytestream.Discard
	init      *media.InitSegment
	fragments [][]bytestream.TrackFrames
}

func (c *collector) InitSegment(s *media.InitSegment) error { c.init = s; return nil }
func (c *collector) Fragment(tracks []bytestream.TrackFrames) error {
	c.fragments = append(c.fragments, tracks)
	return nil
}

func drain(t *testing.T, p bytestream.Parser, h bytestream.Handler) {
	t.Helper()
	if err := bytestream.Drain(p, h); err != nil {
		t.Fatal(err)
	}
}

// tablePath is where the description of a file lies.
func tablePath(name string) string {
	return filepath.Join("testdata", "wpt", strings.ReplaceAll(strings.TrimSuffix(name, ".mp4"), "/", "_")+".txt")
}

// TestWPTTables compares the descriptions with the real files; UPDATE=1 writes them. A line is a track
// ("track 1 video 90000 400x300") or a segment's frames of one track: decode time, duration, distance from decode to
// presentation time in ticks, K for a random access point.
func TestWPTTables(t *testing.T) {
	for _, f := range mediaFiles {
		if _, ok := wptFile(t, f.name); !ok {
			return // nothing to compare with
		}
		m := file(t, f.name)
		c := &collector{}
		p := isobmff.New(isobmff.Options{})
		p.Push(slices.Clone(m.init))
		drain(t, p, c)
		var b strings.Builder
		for _, tr := range c.init.Tracks {
			fmt.Fprintf(&b, "track %d %s %d %dx%d\n", tr.ID, tr.Kind, tr.Config.Timescale, max(tr.Config.Width, tr.Config.SampleRate), max(tr.Config.Height, tr.Config.Channels))
		}
		for _, seg := range m.seg {
			c.fragments = nil
			p.Push(slices.Clone(seg))
			drain(t, p, c)
			fmt.Fprintln(&b, "segment")
			for _, frag := range c.fragments {
				for _, tr := range frag {
					fmt.Fprintf(&b, "%d:", tr.Track)
					for _, x := range tr.Frames {
						ticks := func(v float64) int64 { return int64(math.Round(v * float64(x.Config.Timescale))) }
						fmt.Fprintf(&b, " %d/%d/%d", ticks(float64(x.DTS)), ticks(float64(x.Duration)), ticks(float64(x.PTS-x.DTS)))
						if x.RAP {
							b.WriteByte('K')
						}
					}
					b.WriteByte('\n')
				}
			}
		}
		path := tablePath(f.name)
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if b.String() != string(want) {
			t.Errorf("%s is not what %s describes", f.name, path)
		}
	}
}

// build makes the file from its description.
func (m *medium) build(t *testing.T) {
	t.Helper()
	r, err := os.Open(tablePath(m.name))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b := &msetest.Builder{Duration: media.Span(m.duration)}
	flush := func() {
		if s := b.Segment(uint32(len(m.seg)+1), -1000, 1000, 1); s != nil {
			m.seg = append(m.seg, s)
		}
		for i := range b.Tracks {
			b.Tracks[i].Samples = nil
		}
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case words[0] == "track":
			var id, scale uint32
			var kind string
			var x, y int
			if _, err := fmt.Sscanf(lines.Text(), "track %d %s %d %dx%d", &id, &kind, &scale, &x, &y); err != nil {
				t.Fatal(err)
			}
			cfg := msetest.H264Config(x, y)
			if kind == "audio" {
				index := map[int]byte{48000: 3, 44100: 4, 22050: 7}[x]
				cfg = &media.DecoderConfig{Kind: media.Audio, Codec: media.AAC, SampleRate: x, Channels: y, Extradata: []byte{2<<3 | index>>1, index<<7 | byte(y)<<3}}
			}
			b.Tracks = append(b.Tracks, msetest.BuilderTrack{ID: id, Timescale: scale, Entries: []msetest.BuilderEntry{{DecoderConfig: cfg}}})
			m.init = b.Init()
		case words[0] == "segment":
			flush()
		default:
			id, _ := strconv.Atoi(strings.TrimSuffix(words[0], ":"))
			tr := &b.Tracks[slices.IndexFunc(b.Tracks, func(x msetest.BuilderTrack) bool { return int(x.ID) == id })]
			for _, w := range words[1:] {
				w, key := strings.CutSuffix(w, "K")
				var dts, dur, shift int64
				if _, err := fmt.Sscanf(w, "%d/%d/%d", &dts, &dur, &shift); err != nil {
					t.Fatal(err)
				}
				tr.Samples = append(tr.Samples, msetest.BuilderSample{DTS: dts, PTS: dts + shift, Dur: dur, Key: key,
					Data: msetest.Payload(media.FromTicks(dts+shift, tr.Timescale), 60)})
			}
		}
	}
	flush()
}
